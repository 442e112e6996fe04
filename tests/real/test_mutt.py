"""The reader against the real mutt and NeoMutt and a scripted server: what they do with a muttrc is what it says.

Needs mutt, neomutt and openssl; nothing leaves the loopback interface.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from mailpolicy.readers import mutt
from mailpolicy.types import Fact
from tests.readers.reading import read_group
from tests.real.scripted import SCENARIOS, Server, observed

PROGRAMS = [name for name in ("mutt", "neomutt") if shutil.which(name)]
pytestmark = pytest.mark.skipif(
    len(PROGRAMS) < 2 or not shutil.which("openssl"), reason="mutt, neomutt or openssl is not installed"
)

COMMON = "set from=alice@example.test copy=no ssl_ca_certificates_file=CA sleep_time=0 record='' certificate_file=''\n"
SMTP = COMMON + "set smtp_url=smtp://alice@localhost:PORT smtp_pass=hunter2\n"
IMAP = COMMON + "set imap_user=alice imap_pass=hunter2 folder=imap://localhost:PORT/ spoolfile=+INBOX\n"
POP = COMMON + "set pop_host=pop://alice:hunter2@localhost:PORT spoolfile=SPOOL\n"
SENT = {
    "defaults": SMTP,
    "not forced": SMTP + "set ssl_force_tls=no",
    "never": SMTP + "set nossl_force_tls ; unset ssl_starttls",
    "without a user": SMTP.replace("alice@localhost", "localhost") + "unset ssl_force_tls ssl_starttls",
    "implicit, no name": SMTP.replace("smtp://", "smtps://") + "unset ssl_verify_host",
    "a bad word": SMTP + "set ssl_starttls=no bogus ssl_force_tls=no",
    "a comment that goes on": SMTP + "# \\\nset ssl_force_tls=no",
    "an empty command": SMTP + "set ssl_force_tls=no ; ; set ssl_starttls=no",
    "expanded": SMTP + "set my_no=no\nset ssl_force_tls=$my_no ssl_starttls=\"$my_no\"",
    "a word for a switch": SMTP + "set ssl_force_tls=off\nset ssl_starttls=no",
}  # fmt: skip
FETCHED = {
    "imap": (
        ("defaults", IMAP),
        ("hooks", IMAP + "folder-hook localhost unset ssl_starttls\naccount-hook imap: 'unset ssl_force_tls'"),
    ),
    "pop3": (
        ("not forced", POP + "set pop_delete ssl_force_tls=no"),
        ("never", POP + "set pop_delete=no pop_authenticators=user nossl_force_tls nossl_starttls"),
    ),
}


def declared(program: str, text: str) -> Fact:
    path = ".config/neomutt/neomuttrc" if program == "neomutt" else ".muttrc"
    version = "2.2.12" if program == "mutt" else "20220429"
    (fact,) = (
        f
        for f in read_group(mutt, {path: text.replace("PORT", "1025")}, [path], version).facts
        if f.kind == "connection"
    )
    return fact


def filled(text: str, server: Server, folder: Path) -> Path:
    (folder / "spool").touch()
    (folder / "Mail").mkdir(exist_ok=True)
    values = {"PORT": str(server.port), "CA": str(server.ca), "SPOOL": str(folder / "spool")}
    for name, value in values.items():
        text = text.replace(name, value)
    rc = folder / "rc"
    rc.write_text(text + "\n")
    return rc


def send(program: str, text: str, server: Server, folder: Path) -> None:
    command = [program, "-n", "-F", str(filled(text, server, folder)), "-s", "test", "bob@example.test"]
    env = {**os.environ, "HOME": str(folder), "LC_ALL": "C"}
    subprocess.run(command, input=b"hello\n", env=env, capture_output=True, timeout=20, check=False)


def open_mailbox(program: str, text: str, server: Server, folder: Path, keys: bytes) -> None:
    """Runs it on a terminal: the keys when it is quiet, then ``q``; certificates are rejected."""
    rc = filled(text, server, folder)
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(HOME=str(folder), LC_ALL="C", TERM="vt100")
        os.execvp(program, [program, "-n", "-F", str(rc)])
    left = [bytes([key]) for key in keys + b"q" * 12]
    end = time.monotonic() + 8
    with contextlib.suppress(OSError):  # it has ended
        while time.monotonic() < end:
            if select.select([terminal], [], [], 0.35)[0]:
                if b"(r)eject" in os.read(terminal, 65536):
                    os.write(terminal, b"r")
            elif left:
                os.write(terminal, left.pop(0))
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(terminal)


def agrees(fact: Fact, seen: dict[str, object]) -> None:
    assert {field: fact.values[field] for field in seen} == seen
    assert fact.values["broken"] is None


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", SENT)
def test_what_it_sends_is_declared(name: str, program: str, tmp_path: Path) -> None:
    fact = declared(program, SENT[name])
    scenarios = SCENARIOS if fact.values["tls"] == "implicit" else ("honest", "stripped", "other")
    agrees(fact, observed(tmp_path, "smtp", lambda server: send(program, SENT[name], server, tmp_path), scenarios))


@pytest.mark.parametrize(
    ("program", "protocol", "text"),
    [(p, protocol, text) for p in PROGRAMS for protocol, found in FETCHED.items() for _, text in found],
    ids=[f"{p}-{protocol}-{name}" for p in PROGRAMS for protocol, found in FETCHED.items() for name, _ in found],
)
def test_what_it_fetches_is_declared(program: str, protocol: str, text: str, tmp_path: Path) -> None:
    fact = declared(program, text)
    keys = b"G" if protocol == "pop3" else b""
    scenarios = ("honest", "stripped", "other", "preauth")
    agrees(
        fact,
        observed(tmp_path, protocol, lambda server: open_mailbox(program, text, server, tmp_path, keys), scenarios),
    )
