#!/usr/bin/env python3
"""Measures start-up: CPU time of small runs, as multiples of ``python -c pass`` in the same environment.

    python3 scripts/bench.py [--runs N] [--check]

Runs yamllint on a file of the same size beside it where it is installed. With ``--check``, exits 1
when a bar is missed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent

MAIN = """\
compatibility_level = 3.6
myhostname = mail.example.org
mydestination = $myhostname, localhost
mynetworks = 127.0.0.0/8 [::1]/128
smtpd_tls_chain_files = /etc/ssl/private/mail.pem
smtpd_tls_security_level = may
smtpd_tls_protocols = >=TLSv1.2
smtpd_tls_mandatory_protocols = >=TLSv1.2
"""
MASTER = """\
smtp       inet  n  -  y  -  -  smtpd
submission inet  n  -  y  -  -  smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
submissions inet n  -  y  -  -  smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
"""
MSMTP = """\
defaults
auth on
tls on
tls_starttls off
account work
host smtp.example.org
port 465
user alice@example.org
from alice@example.org
passwordeval pass mail/work
account default : work
"""
DECLARATION = """\
policy:
  profile: default
servers:
  - host: mail.example.org
    listeners:
      - {protocol: imap, port: 993, tls: implicit, auth: tls-only}
      - {protocol: smtp, port: 465, tls: implicit, auth: tls-only, relay: authenticated}
clients:
  - {name: scanner, protocol: smtp, host: mail.example.org, port: 465, tls: implicit}
"""
CASES: list[tuple[str, dict[str, str], float]] = [
    ("Postfix, main.cf and master.cf", {"main.cf": MAIN, "master.cf": MASTER}, 5),
    ("msmtp", {".msmtprc": MSMTP}, 5),
    ("declaration", {"mailpolicy.yaml": DECLARATION}, 6),
]


def cpu(command: list[str], runs: int) -> float:
    """CPU time of a command in milliseconds: the median of some runs, of user and system time together."""
    times = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return sorted(times)[len(times) // 2] * 1000


def _program() -> list[str]:
    """The installed command, as users start it; else the module."""
    script = Path(sys.executable).parent / "mailpolicy"
    return [str(script)] if script.exists() else [sys.executable, "-m", "mailpolicy"]


def main() -> int:
    """Prints the table; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=25)
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    wanted = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody's start-up compiles every module anew
    program = _program()
    subprocess.run([*program, "rules"], stdout=subprocess.DEVNULL, check=True)  # compiles what is compiled once
    base = cpu([sys.executable, "-c", "pass"], wanted.runs)
    print(f"{'python -c pass':45} {base:6.1f} ms")
    rows = [("mailpolicy --version", [*program, "--version"], 2.5)]
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, files, bar in CASES:
            place = Path(folder, name.split(",")[0])
            place.mkdir()
            for file, text in files.items():
                (place / file).write_text(text)
            rows.append((f"mailpolicy check, {name}", [*program, "check", str(place)], bar))
        if importlib.util.find_spec("yamllint"):
            target = str(Path(folder, "declaration", "mailpolicy.yaml"))
            rows.append(("yamllint, the same declaration", [sys.executable, "-m", "yamllint", target], float("inf")))
        for name, command, bar in rows:
            took = cpu(command, wanted.runs)
            over = took / base > bar
            missed += over
            limit = "" if bar == float("inf") else f"  bar {bar:g}{'  MISSED' if over else ''}"
            print(f"{name:45} {took:6.1f} ms  {took / base:4.1f} x{limit}")
    return 1 if wanted.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
