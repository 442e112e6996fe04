"""The Dovecot reader against the real dovecot: each configuration runs in a network namespace of its own.

Run as a program (``test_dovecot.py FOLDER``) it is the part inside of the namespace: it starts the daemon
with the configuration in that folder and prints what the sockets do.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

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


def _read_line(stream: socket.socket) -> str:
    data = b""
    while not data.endswith(b"\n"):
        piece = stream.recv(1)
        if not piece:
            break
        data += piece
    return data.decode("latin-1").rstrip()


def _connect(port: int) -> socket.socket:
    return socket.create_connection((SERVER, port), 3, (CLIENT, 0))


def _wrap(plain: socket.socket) -> ssl.SSLSocket | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        return context.wrap_socket(plain)
    except OSError:
        return None


def _ask(stream: socket.socket, line: str, ends: tuple[str, ...]) -> list[str]:
    stream.sendall(line.encode() + b"\r\n")
    answer: list[str] = []
    while not answer or (answer[-1] and not answer[-1].startswith(ends)):
        answer.append(_read_line(stream))
    return answer


def _dialogue(greeting: str, port: int) -> tuple[str, str, tuple[str, ...], str]:
    """What to say for STARTTLS, for a login, how answers end, and how a good one starts."""
    plain = base64.b64encode(f"\0tester\0{PASSWORD}".encode()).decode()
    if greeting.startswith("* OK"):
        return "a STARTTLS", f"b LOGIN tester {PASSWORD}", ("a ", "b "), "OK"
    if greeting.startswith("+OK"):
        return "STLS", f"AUTH PLAIN {plain}", ("+OK", "-ERR"), "+OK"
    if greeting.startswith("220"):
        return (
            "STARTTLS",
            f"AUTH PLAIN {plain}",
            tuple(f"{n} " for n in (220, 235, 250, 454, 500, 502, 503, 523, 535, 538)),
            "2",
        )
    return "STARTTLS", f'AUTHENTICATE "PLAIN" "{plain}"', ("OK", "NO", "BYE"), "OK"


def _good(answer: str, good: str) -> bool:
    return answer.removeprefix("a ").removeprefix("b ").startswith(good)


def _probe(port: int) -> dict[str, object]:
    """tls, auth and broken of one socket, as a client on another address sees them."""
    wrapped = _wrap(_connect(port))
    if wrapped is not None:
        wrapped.settimeout(3)
        return {"tls": "implicit", "broken": not _read_line(wrapped)}
    plain = _connect(port)
    plain.settimeout(1)
    try:
        while (greeting := _read_line(plain)).startswith('"'):
            pass
    except OSError:
        greeting = ""
    if not greeting:
        return {"broken": True}
    plain.settimeout(5)
    starttls, login, ends, good = _dialogue(greeting, port)
    lmtp = "LMTP" in greeting or port == 24
    if greeting.startswith("220"):
        _ask(plain, "LHLO x.test" if lmtp else "EHLO x.test", ("250 ",))
    entered = not lmtp and _good(_ask(plain, login, ends)[-1], good)
    second = _connect(port)
    second.settimeout(5)
    while (line := _read_line(second)).startswith('"'):
        pass
    if line.startswith("220"):
        _ask(second, "LHLO x.test" if lmtp else "EHLO x.test", ("250 ",))
    offered = _good(_ask(second, starttls, ends)[-1], good)
    wrapped = _wrap(second) if offered else None
    tls = "none" if wrapped is None else "optional" if entered or lmtp else "required"
    auth = "none" if lmtp else "cleartext" if entered else "tls-only" if wrapped else "none"
    return {"tls": tls, "auth": auth, "broken": offered and wrapped is None}


def _listening() -> list[int]:
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == "0A":
            found.add(int(words[1].rpartition(":")[2], 16))
    return sorted(found)


def _inside(folder: Path) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in (SERVER, CLIENT):
        subprocess.run(["ip", "address", "add", f"{address}/24", "dev", "lo"], check=True)
    daemon = subprocess.Popen(
        ["dovecot", "-F", "-c", str(folder / "dovecot.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    ports: list[int] = []
    for _ in range(40):
        time.sleep(0.05)
        if daemon.poll() is not None or (ports := _listening()):
            break
    if daemon.poll() is None and ports:
        time.sleep(0.1)
        ports = _listening()
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
    if os.geteuid() != 0:
        return ""
    if not all(shutil.which(program) for program in ("dovecot", "unshare", "ip", "openssl")):
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
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mail.example.test",
         "-keyout", str(path / "key.pem"), "-out", str(path / "cert.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
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
    inside = subprocess.run(
        ["unshare", "-n", sys.executable, __file__, str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    truth = json.loads(inside.stdout)
    claims = _claims(text)
    assert sorted(claims) == sorted(truth)
    for port, seen in truth.items():
        claim = claims[port]
        assert bool(claim["broken"]) == seen["broken"], port
        for field in ("tls", "auth") if not seen["broken"] else ():
            assert seen.get(field, claim[field]) == claim[field], (port, field)
