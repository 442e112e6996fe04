"""The Dovecot reader against the real dovecot: each configuration runs in a network namespace of its own.

Run as a program (``test_dovecot.py FOLDER``) it is the part inside of the namespace: it starts the daemon
with the configuration in that folder and prints what the sockets do.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.real import daemons

SERVER, CLIENT = "10.99.0.1", "10.99.0.2"
PASSWORD = "Quince-41"

CERT = "ssl_cert = <{dir}/cert.pem\nssl_key = <{dir}/key.pem\n"
USERS = """\
passdb {
  driver = static
  args = password=Quince-41
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home={dir}/home
}
mail_location = maildir:{dir}/home
"""
BOTH = "protocols = imap pop3\n"

CASES_23 = {
    "defaults": BOTH + CERT,
    "cleartext": BOTH + "disable_plaintext_auth = no\n" + CERT,
    "required": BOTH + "disable_plaintext_auth = no\nssl = required\n" + CERT,
    "ssl-no": BOTH + "ssl = no\n" + CERT,
    "ssl-no-cleartext": BOTH + "ssl = no\ndisable_plaintext_auth = no\n",
    "no-certificate": BOTH,
    "no-less-than": BOTH + "ssl_cert = {dir}/cert.pem\nssl_key = {dir}/key.pem\n",
    "no-key": BOTH + "ssl_cert = <{dir}/cert.pem\n",
    "minimum-nonsense": BOTH + "ssl_min_protocol = TLSv7\n" + CERT,
    "port-0": BOTH + "service imap-login {\n inet_listener imap {\n port = 0\n }\n}\n" + CERT,
    "other-port": BOTH + "service imap-login {\n inet_listener x {\n port = 10143\n }\n}\n" + CERT,
    "implicit-on-143": BOTH + "service imap-login {\n inet_listener imap {\n ssl = yes\n }\n}\n" + CERT,
    "plain-on-993": BOTH + "service imap-login {\n inet_listener imaps {\n ssl = no\n }\n}\n" + CERT,
    "address": BOTH + "service pop3-login {\n inet_listener pop3 {\n address = 10.99.0.1\n }\n}\n" + CERT,
    "listen": BOTH + "listen = 10.99.0.1\n" + CERT,
    "protocol-section": BOTH + "protocol imap {\n disable_plaintext_auth = no\n}\n" + CERT,
    "not-protocol": BOTH + "protocol !imap {\n disable_plaintext_auth = no\n}\n" + CERT,
    "protocol-before-global": BOTH
    + "protocol imap {\n disable_plaintext_auth = no\n}\ndisable_plaintext_auth = yes\n"
    + CERT,
    "trusted-elsewhere": BOTH + "login_trusted_networks = 10.98.0.0/16\n" + CERT,
    "remote-all": BOTH + "remote 0.0.0.0/0 {\n disable_plaintext_auth = no\n}\n" + CERT,
    "twice": BOTH + "disable_plaintext_auth = yes\ndisable_plaintext_auth = no\n" + CERT,
    "sieve-submission": "protocols = sieve submission\nsubmission_relay_host = 127.0.0.1\n" + CERT,
    "lmtp": "protocols = lmtp\nservice lmtp {\n inet_listener lmtp {\n port = 24\n }\n}\n" + CERT,
    "imaps-old": "protocols = imaps\n" + CERT,
    "variable": "protocols = imap\nprotocols = $protocols pop3\n" + CERT,
    "comments": "protocols = imap # pop3\nssl = yes#no\n" + CERT,
    "continued": "protocols = imap \\\n  pop3\n" + CERT,
    "no-protocols": CERT,
    "unknown-setting": BOTH + "ssl_colour = blue\n" + CERT,
    "new-name": BOTH + "auth_allow_cleartext = yes\n" + CERT,
    "not-closed": BOTH + CERT + "service imap-login {\n",
    "bad-boolean": BOTH + "disable_plaintext_auth = false\n" + CERT,
    "bad-ssl": BOTH + "ssl = on\n" + CERT,
    "port-taken": BOTH + "service imap-login {\n inet_listener imap {\n port = 993\n }\n}\n" + CERT,
    "comma": "protocols = imap, pop3\n" + CERT,
    "missing-include": BOTH + "!include more.conf\n" + CERT,
    "one-line": BOTH + "protocol imap { ssl = no }\n" + CERT,
}


def _connect(port: int) -> socket.socket:
    return socket.create_connection((SERVER, port), 3, (CLIENT, 0))


def _dialogue(greeting: str, port: int) -> tuple[str, str, str, str]:
    """What to say for STARTTLS, for a login, how answers end, and how a good one starts."""
    plain = daemons.plain("tester", PASSWORD)
    if greeting.startswith("* OK"):
        return "a STARTTLS", f"b LOGIN tester {PASSWORD}", "a |b ", "OK"
    if greeting.startswith("+OK"):
        return "STLS", f"AUTH PLAIN {plain}", r"\+OK|-ERR", "+OK"
    if greeting.startswith("220"):
        return "STARTTLS", f"AUTH PLAIN {plain}", "(220|235|250|454|500|502|503|523|535|538) ", "2"
    return "STARTTLS", f'AUTHENTICATE "PLAIN" "{plain}"', "OK|NO|BYE", "OK"


def _good(answer: str, good: str) -> bool:
    return answer.removeprefix("a ").removeprefix("b ").startswith(good)


def _probe(port: int) -> dict[str, object]:
    """tls, auth and broken of one socket, as a client on another address sees them."""
    wrapped = daemons.wrap(_connect(port))
    if wrapped is not None:
        wrapped.settimeout(3)
        return {"tls": "implicit", "broken": not daemons.read_line(wrapped)}
    plain = _connect(port)
    plain.settimeout(1)
    try:
        while (greeting := daemons.read_line(plain)).startswith('"'):
            pass
    except OSError:
        greeting = ""
    if not greeting:
        return {"broken": True}
    plain.settimeout(5)
    starttls, login, ends, good = _dialogue(greeting, port)
    lmtp = "LMTP" in greeting or port == 24
    if greeting.startswith("220"):
        daemons.ask(plain, "LHLO x.test" if lmtp else "EHLO x.test", "250 ")
    entered = not lmtp and _good(daemons.ask(plain, login, ends)[-1], good)
    second = _connect(port)
    second.settimeout(5)
    while (line := daemons.read_line(second)).startswith('"'):
        pass
    if line.startswith("220"):
        daemons.ask(second, "LHLO x.test" if lmtp else "EHLO x.test", "250 ")
    offered = _good(daemons.ask(second, starttls, ends)[-1], good)
    wrapped = daemons.wrap(second) if offered else None
    tls = "none" if wrapped is None else "optional" if entered or lmtp else "required"
    auth = "none" if lmtp else "cleartext" if entered else "tls-only" if wrapped else "none"
    return {"tls": tls, "auth": auth, "broken": offered and wrapped is None}


def _inside(folder: Path) -> None:
    daemons.link(SERVER, CLIENT)
    daemon = subprocess.Popen(
        ["dovecot", "-F", "-c", str(folder / "dovecot.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    ports = sorted({port for address, port in daemons.opened(daemon, 2) if ":" not in address})
    print(json.dumps({str(port): _probe(port) for port in ports}))
    if daemon.poll() is None:
        daemon.terminate()
        try:
            daemon.wait(5)
        except subprocess.TimeoutExpired:
            daemon.kill()


if __name__ == "__main__":
    _inside(Path(sys.argv[1]))
    sys.exit(0)

import pytest  # noqa: E402  # the program above runs without it

from mailpolicy.readers import dovecot  # noqa: E402
from mailpolicy.tree import Memory  # noqa: E402
from mailpolicy.types import Version  # noqa: E402


def _installed() -> str:
    if daemons.missing("dovecot"):
        return ""
    return subprocess.run(["dovecot", "--version"], capture_output=True, text=True, check=False).stdout


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that Dovecot's own users can enter, which pytest's are not."""
    if not _installed().startswith("2.3"):
        pytest.skip("needs root, unshare, ip, openssl and dovecot 2.3: NOT compared with the real daemon")
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    (path / "home").mkdir()
    shutil.chown(path / "home", "nobody", "nogroup")
    daemons.certificate(path)
    yield path
    shutil.rmtree(path)


def _claims(text: str) -> dict[str, dict[str, object]]:
    version = Version((2, 3), "the test")
    inventory = dovecot.read(Memory({"etc/dovecot/dovecot.conf": text}), ("etc/dovecot/dovecot.conf",), version)
    found: dict[str, dict[str, object]] = {}
    for fact in inventory.facts:
        if fact.kind == "listener" and fact.values["address"] != "::":
            found[str(fact.values["port"])] = dict(fact.values)
    return found


@pytest.mark.parametrize("name", CASES_23)
def test_sockets_do_what_the_reader_says(name: str, folder: Path) -> None:
    text = (CASES_23[name] + USERS).replace("{dir}", str(folder))
    run = folder / f"run-{name}"
    own = f"base_dir = {run}\nlog_path = {folder}/log\n"
    (folder / "dovecot.conf").write_text(text + own if name != "not-closed" else own + text)
    truth = daemons.inside(__file__, folder)
    claims = _claims(text)
    assert sorted(claims) == sorted(truth)
    for port, seen in truth.items():
        claim = claims[port]
        assert bool(claim["broken"]) == seen["broken"], port
        for field in ("tls", "auth") if not seen["broken"] else ():
            assert seen.get(field, claim[field]) == claim[field], (port, field)
