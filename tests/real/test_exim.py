"""The Exim reader against the real daemon: each configuration runs in namespaces of its own.

Run as a program (``test_exim.py FOLDER EXIM``) it is the part inside of the namespaces: it starts the daemon
with FOLDER/etc/exim4/exim4.conf and prints what its IPv4 sockets do to a client on another address.
"""

from __future__ import annotations

import json
import shutil
import smtplib
import subprocess
import sys
from pathlib import Path

from tests.real import daemons

SERVER, CLIENT = "10.20.30.10", "198.51.100.20"
PASSWORD = "Quince-41"
ROOT = "/mnt"
"""Where a case lies inside of its namespaces: a place that every user can get to."""
HEAD = """\
primary_hostname = mail.example.test
spool_directory = {dir}/spool
log_file_path = {dir}/log/%slog
pid_file_path = {dir}/pid
keep_environment =
domainlist local_domains = example.test
hostlist relay_from_hosts = <; 127.0.0.1 ; 10.0.0.0/8
acl_smtp_rcpt = acl_check_rcpt
queue_only
"""
CERT = "tls_certificate = {dir}/etc/exim4/cert.pem\ntls_privatekey = {dir}/etc/exim4/key.pem\n"
RCPT = """\
acl_check_rcpt:
  accept authenticated = *
  accept hosts = +relay_from_hosts
  require domains = +local_domains
  accept
"""
SAFE = "  server_advertise_condition = ${if eq{$tls_in_cipher}{}{}{*}}\n"
LOGIN = f"""\
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if eq{{$auth3}}{{{PASSWORD}}}}}
"""
PORTS = "daemon_smtp_ports = 25 : 465 : 587\n"


def conf(main: str = CERT, rcpt: str = RCPT, acl: str = "", auth: str = "") -> str:
    return f"{HEAD}{main}\nbegin acl\n{rcpt}\n{acl}\nbegin authenticators\n{auth}"


CASES = {
    "nothing about TLS": conf("", auth=LOGIN + SAFE),
    "logins in clear": conf(auth=LOGIN),
    "no STARTTLS": conf("tls_advertise_hosts =\n", auth=LOGIN),
    "implicit and not": conf(CERT + PORTS + "tls_on_connect_ports = 465\n", auth=LOGIN + SAFE),
    "only advertised under TLS": conf(CERT + "auth_advertise_hosts = ${if def:tls_in_cipher{*}}\n", auth=LOGIN),
    "MAIL wants TLS on one port": conf(
        CERT + PORTS + "acl_smtp_mail = m\n",
        acl="m:\n  deny condition = ${if eq{$received_port}{587}}\n       !encrypted = *\n  accept\n",
        auth=LOGIN + SAFE,
    ),
    "open relay": conf(rcpt="acl_check_rcpt:\n  accept\n"),
    "open after a decision that strangers pass": conf(
        rcpt="acl_check_rcpt:\n  deny hosts = +relay_from_hosts\n  accept encrypted = *\n  deny\n"
    ),
    "endpass": conf(rcpt="acl_check_rcpt:\n  accept domains = *\n         endpass\n         hosts = 10.0.0.0/8\n"),
    "no list for recipients": conf().replace("acl_smtp_rcpt = acl_check_rcpt\n", ""),
    "addresses": conf(CERT + "local_interfaces = <; 10.20.30.10.2525 ; 127.0.0.1.26 ; ::1\n"),
    "macros": conf("P = 25\nQ = P : 587\nP == 26\n.ifdef _HAVE_GNUTLS\ndaemon_smtp_ports = Q\n.endif\n" + CERT),
    "set twice": conf(CERT + "daemon_smtp_ports = 25\ndaemon_smtp_ports = 587\n"),
    "a macro in a macro's name": conf("PORT = 1\nPORTS = 2\n" + CERT),
    "a comment behind a value": conf(CERT + "daemon_smtp_ports = 25 # smtp\n"),
    "unknown option": conf(CERT + "tls_colour = blue\n"),
    "ciphers of OpenSSL": conf(CERT + "tls_require_ciphers = HIGH:!aNULL\n"),
    "certificate that is not there": conf(CERT.replace("cert.pem", "gone.pem"), auth=LOGIN + SAFE),
    "text behind the name of an access list": conf(rcpt="acl_check_rcpt: accept\n  require domains = +local_domains\n"),
    "a macro in an access list": conf(rcpt="acl_check_rcpt:\n  accept\nP = 1\n  accept\n"),
    "a macro that is a comment": conf("CC = #\n" + CERT + "CC frobnicate = 1\n"),
    "a switch set to 1": conf(CERT + "split_spool_directory = 1\n"),
    "capitals of a section": conf().replace("begin acl", "BEGIN acls"),
    "a port that is too great": conf(CERT + "daemon_smtp_ports = 70000\n"),
    "refused when connecting": conf(CERT + "acl_smtp_connect = c\n", acl="c:\n  accept hosts = 10.0.0.0/8\n  deny\n"),
}


def _login(session: smtplib.SMTP) -> bool:
    if not session.has_extn("auth"):
        return False
    word = daemons.plain("tester", PASSWORD)
    return session.docmd("AUTH", f"PLAIN {word}")[0] == 235


def _relays(session: smtplib.SMTP) -> tuple[bool, bool]:
    """Whether MAIL and a foreign recipient are taken."""
    mail = session.docmd("MAIL", "FROM:<a@elsewhere.test>")[0] == 250
    relays = mail and session.docmd("RCPT", "TO:<b@foreign.test>")[0] == 250
    session.docmd("RSET")
    return mail, relays


def _probe(address: str, port: int) -> dict[str, object]:
    source = ("127.0.0.1" if address.startswith("127.") else CLIENT, 0)
    target = "127.0.0.1" if address.startswith("127.") else SERVER
    try:
        with smtplib.SMTP_SSL(target, port, timeout=4, source_address=source, context=daemons.client()) as session:
            session.ehlo("client.test")
            relays = _relays(session)[1]
            return {"tls": "implicit", "auth": "tls-only" if _login(session) else "none", "open": relays}
    except (OSError, smtplib.SMTPException):
        pass
    try:
        with smtplib.SMTP(target, port, timeout=4, source_address=source) as session:
            session.ehlo("client.test")
            offered = session.has_extn("starttls")
            mail, relays = _relays(session)
            clear = _login(session)
    except (OSError, smtplib.SMTPException):
        return {"broken": True}
    if not offered:
        return {"tls": "none", "auth": "cleartext" if clear else "none", "open": relays}
    try:
        with smtplib.SMTP(target, port, timeout=4, source_address=source) as session:
            session.starttls(context=daemons.client())
            session.ehlo("client.test")
            relays = relays or _relays(session)[1]
            secure = _login(session)
    except (OSError, smtplib.SMTPException):
        return {"broken": True}
    auth = "cleartext" if clear else "tls-only" if secure else "none"
    return {"tls": "optional" if mail or clear else "required", "auth": auth, "open": relays}


def _user(folder: Path) -> None:
    """Gives the user that Debian's Exim wants to be to this namespace alone."""
    for name, line in (("passwd", "Debian-exim:x:65533:65533::/:/bin/false\n"), ("group", "Debian-exim:x:65533:\n")):
        text = Path("/etc", name).read_text()
        copy = folder / name
        copy.write_text(text if "Debian-exim" in text else text + line)
        subprocess.run(["mount", "--bind", copy, f"/etc/{name}"], check=True)


def _inside(folder: Path, program: str) -> None:
    _user(folder)
    daemons.link(SERVER, CLIENT)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", ROOT], check=True)
    shutil.copytree(folder / "etc", Path(ROOT, "etc"))
    for name in ("spool", "log"):
        Path(ROOT, name).mkdir()
        shutil.chown(Path(ROOT, name), "Debian-exim", "Debian-exim")
    config = Path(ROOT, "etc/exim4/exim4.conf")
    daemon = subprocess.Popen([program, "-C", config, "-bdf"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    sockets = [(address, port) for address, port in daemons.opened(daemon, 3) if ":" not in address]
    found = [{"address": address, "port": port, **_probe(address, port)} for address, port in sockets]
    if daemon.poll() is None:
        daemon.terminate()
    said = daemon.communicate(timeout=5)[1].decode(errors="replace")
    json.dump({"listeners": found, "said": said}, sys.stdout)


if __name__ == "__main__":
    _inside(Path(sys.argv[1]), sys.argv[2])
    sys.exit()

import pytest  # noqa: E402

from mailpolicy.readers import exim  # noqa: E402
from mailpolicy.tree import Memory  # noqa: E402
from mailpolicy.types import Inventory, Version  # noqa: E402


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Debian's Exim: the one installed, or unpacked from its package, since Postfix is installed in its place."""
    if why := daemons.missing():
        pytest.skip(f"{why}: NOT compared with the real Exim")
    found = shutil.which("exim4")
    if found is None:
        folder = tmp_path_factory.mktemp("exim")
        daemons.unpack(["exim4-daemon-light"], folder)
        found = str(folder / "usr/sbin/exim4")
    if "error while loading" in subprocess.run([found], capture_output=True, text=True).stderr:
        pytest.skip("Debian's Exim lacks libraries here: NOT compared with the real Exim")
    return found


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    daemons.certificate(folder)
    return folder


def _said(text: str) -> dict[tuple[str, int], dict[str, object]]:
    """What the reader makes of a case, whose folder plays /etc/exim4."""
    config = "etc/exim4/exim4.conf"
    files = {config: text.replace("{dir}/etc/exim4", "/etc/exim4"), "etc/exim4/cert.pem": "", "etc/exim4/key.pem": ""}
    found: Inventory = exim.read(Memory(files), (config,), Version((4, 96), "test"))
    said: dict[tuple[str, int], dict[str, object]] = {}
    for fact in found.facts:
        if fact.kind == "listener" and ":" not in str(fact.values["address"]):
            address = str(fact.values["address"]).replace("*", "0.0.0.0")
            fields: dict[str, object] = {"broken": True}
            if not fact.values.get("broken"):
                fields = {name: fact.values.get(name) for name in ("tls", "auth")}
                fields["open"] = fact.values.get("relay") == "open"
            said[address, int(str(fact.values["port"]))] = fields
    return said


@pytest.mark.parametrize("case", CASES)
def test_the_reader_says_what_exim_does(case: str, program: str, certificate: Path, tmp_path: Path) -> None:
    folder = tmp_path / "root"
    (folder / "etc/exim4").mkdir(parents=True)
    for name in ("cert.pem", "key.pem"):
        shutil.copy(certificate / name, folder / "etc/exim4" / name)
        (folder / "etc/exim4" / name).chmod(0o644)
    config = folder / "etc/exim4/exim4.conf"
    config.write_text(CASES[case].replace("{dir}", ROOT))
    config.chmod(0o644)
    seen = daemons.inside(__file__, folder, program)
    real = {(entry.pop("address"), entry.pop("port")): entry for entry in seen["listeners"]}
    said = _said(CASES[case])
    for where, fields in real.items():  # on a loopback socket an open door is no open relay
        if where[0].startswith("127."):
            fields.pop("open", None)
            said.get(where, {}).pop("open", None)
    assert said == real, seen["said"]
