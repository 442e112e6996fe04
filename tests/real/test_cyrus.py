"""The Cyrus reader against the real master: each configuration runs in namespaces of its own.

Run as a program (``test_cyrus.py FOLDER``) it is the part inside of the namespaces: it puts the folder's
cyrus.conf and imapd.conf over those in /etc, starts the master and prints what the sockets do.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path

from tests.real import daemons
from tests.real.daemons import ask

SERVER, CLIENT = "10.99.0.1", "10.99.0.2"
USER, PASSWORD, REALM = "tester", "Quince-41", "mail.example.test"

BASE = """\
configdirectory: /var/lib/cyrus
defaultpartition: default
partition-default: /var/spool/cyrus/mail
servername: mail.example.test
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: /var/lib/cyrus/sasldb2
proc_path: /run/cyrus/proc
mboxname_lockpath: /run/cyrus/lock
failedloginpause: 0
"""
MECHS = "sasl_mech_list: PLAIN LOGIN\n"
CERT = "tls_server_cert: /var/lib/cyrus/cert.pem\ntls_server_key: /var/lib/cyrus/key.pem\n"
CLEAR = "allowplaintext: yes\n"
IMAP, IMAPS = 'imap cmd="imapd" listen="imap"\n', 'imaps cmd="imapd -s -U 30" listen="imaps" maxchild=9\n'
POP3, POP3S = 'pop3 cmd="pop3d" listen="pop3"\n', 'pop3s cmd="pop3d -s" listen=pop3s\n'
SIEVE = 'sieve cmd="timsieved" listen="sieve"\n'
ALL = IMAP + IMAPS + POP3 + POP3S + SIEVE

CASES = {
    "defaults": (ALL, MECHS + CERT),
    "cleartext": (ALL, MECHS + CERT + CLEAR),
    "no-certificate": (ALL, MECHS),
    "no-key": (IMAP + SIEVE, MECHS + "tls_server_cert: /var/lib/cyrus/both.pem\n"),
    "required": (ALL, MECHS + CERT + CLEAR + "tls_required: yes\n"),
    "starttls-switch": (IMAP + POP3, MECHS + CERT + "allowstarttls: yes\nallowapop: off\n"),
    "old-names": (
        IMAP + IMAPS,
        MECHS + "tls_cert_file: /var/lib/cyrus/cert.pem\ntls_key_file: /var/lib/cyrus/key.pem\n",
    ),
    "own-lines": (IMAP + POP3 + IMAPS, MECHS + "imap_allowplaintext: t\n" + CERT + "imaps_tls_server_cert: disabled\n"),
    "all-mechanisms": (IMAP + POP3, CERT + "allowapop: 0\n"),
    "names": (IMAP + 'x cmd="imapd" listen="imapz"\ny cmd="pop3d" listen="127.0.0.1:1110" proto=tcp4\n', MECHS + CLEAR),
    "layer": (IMAP + POP3, MECHS + CERT + CLEAR + "sasl_minimum_layer: 128\nallowapop: no\n"),
    "options": (
        'a cmd="imapd -p 2" listen="143"\nb cmd="imapd -U30" listen="1143"\nc cmd="pop3d -x" listen="1110"\n'
        'd cmd="imapd" listen="1144" maxchild=0\n',
        MECHS + CERT,
    ),
    "lmtp": ('a cmd="lmtpd" listen="2003"\nb cmd="lmtpd -a" listen="2004"\n', MECHS + CERT + CLEAR),
    "twice": (IMAP, MECHS + CERT + CLEAR + "tls_server_cert: /var/lib/cyrus/cert.pem\n"),
    "bad-switch": (IMAP, "allowplaintext: True\n"),
    "bad-switch-of-one": (IMAP + POP3, MECHS + CLEAR + "imap_allowapop: Yes\n"),
    "name-with-dash": ('imap-ssl cmd="imapd -s" listen="imaps"\n', CERT),
    "no-such-program": (IMAP + 'x cmd="imapsd" listen="993"\n', CLEAR),
    "port-taken": (IMAP + 'x cmd="imapd -s" listen="143"\n', MECHS + CERT + CLEAR),
}


def _connect(port: int) -> tuple[socket.socket, str]:
    """A connection and its greeting; nothing when the service ends or stays silent."""
    stream = socket.create_connection((SERVER, port), 3, (CLIENT, 0))
    stream.settimeout(1.5)
    try:
        line = daemons.read_line(stream)
        while line.startswith('"') and not line.startswith("OK"):
            more = daemons.read_line(stream)
            line = more if more.startswith('"') else line
            if not more.startswith('"'):
                break
    except OSError:
        line = ""
    stream.settimeout(5)
    return stream, line


def _clear(stream: socket.socket, greeting: str) -> set[str]:
    """How one may log in without TLS: words of ``readable`` and ``challenge``."""
    if greeting.startswith("* OK"):
        answer = ask(stream, f"b LOGIN {USER} {PASSWORD}", "b ")[-1]
        weak = "AUTH=CRAM-MD5" in greeting
        return {"readable"} if answer.startswith("b OK") else {"challenge"} if weak else set()
    if greeting.startswith("+OK"):
        found = set()
        if ask(stream, f"USER {USER}", r"\+OK|-ERR")[-1].startswith("+OK"):
            found = {"readable"} if ask(stream, f"PASS {PASSWORD}", r"\+OK|-ERR")[-1].startswith("+OK") else set()
        capable = [] if found else ask(stream, "CAPA", r"\.$")
        challenge = re.search(r"<.*>", greeting)
        if challenge and not found:
            digest = hashlib.md5((challenge[0] + PASSWORD).encode()).hexdigest()
            found = {"challenge"} if ask(stream, f"APOP {USER} {digest}", r"\+OK|-ERR")[-1][0] == "+" else set()
        return found or ({"challenge"} if any("CRAM-MD5" in line for line in capable) else set())
    if greeting.startswith("220"):
        return {"readable"} if any(" PLAIN" in line for line in ask(stream, "LHLO x.test", "250 ")) else set()
    plain = daemons.plain(USER, PASSWORD)
    return {"readable"} if ask(stream, f'AUTHENTICATE "PLAIN" "{plain}"', "OK|NO")[-1].startswith("OK") else set()


def _starttls(stream: socket.socket, greeting: str) -> ssl.SSLSocket | None:
    if greeting.startswith("* OK"):
        good = ask(stream, "a STARTTLS", "a ")[-1].startswith("a OK")
    elif greeting.startswith("+OK"):
        good = ask(stream, "STLS", r"\+OK|-ERR")[-1].startswith("+OK")
    elif greeting.startswith("220"):
        good = ask(stream, "STARTTLS", r"\d\d\d ")[-1].startswith("220")
    else:
        good = ask(stream, "STARTTLS", "OK|NO")[-1].startswith("OK")
    return daemons.wrap(stream) if good else None


def _implicit(port: int) -> bool:
    """Whether a TLS handshake succeeds at once. A service that dies may be closed by the master meanwhile."""
    try:
        return daemons.wrap(socket.create_connection((SERVER, port), 3, (CLIENT, 0))) is not None
    except OSError:
        return False


def _probe(port: int) -> dict[str, object]:
    """tls, auth and broken of one socket, as a client on another address sees them."""
    try:
        stream, greeting = _connect(port)
    except OSError:
        return {"broken": True}
    if not greeting:
        return {"tls": "implicit", "auth": "tls-only", "broken": False} if _implicit(port) else {"broken": True}
    clear = _clear(stream, greeting)
    wrapped = _starttls(*_connect(port))
    tls = "none" if wrapped is None else "optional" if clear else "required"
    auth = "cleartext" if "readable" in clear else "challenge" if clear else "tls-only" if wrapped else "none"
    return {"tls": tls, "auth": auth, "broken": False}


def _inside(folder: Path) -> None:
    daemons.link(SERVER, CLIENT)
    unpacked = folder / "usr/lib/cyrus"
    if unpacked.exists():
        layers = f"lowerdir={unpacked}:/usr/lib/cyrus"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, "/usr/lib/cyrus"], check=True)
    for name in ("cyrus.conf", "imapd.conf"):
        subprocess.run(["mount", "--bind", str(folder / name), f"/etc/{name}"], check=True)
    for place in ("/run", "/var/lib/cyrus", "/var/spool/cyrus"):
        subprocess.run(["mount", "-t", "tmpfs", "none", place], check=True)
    for place in ("/run/cyrus/proc", "/run/cyrus/lock", "/var/spool/cyrus/mail", "/var/lib/cyrus/sieve"):
        os.makedirs(place, exist_ok=True)
    for name in ("cert.pem", "key.pem", "sasldb2"):
        shutil.copy(folder / name, "/var/lib/cyrus")
    subprocess.run(["chown", "-R", "cyrus:mail", "/run/cyrus", "/var/lib/cyrus", "/var/spool/cyrus"], check=True)
    daemon = subprocess.Popen(["cyrmaster", "-p", "/run/p"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ports = [port for address, port in daemons.opened(daemon, 3) if address == "0.0.0.0"]
    print(json.dumps({str(port): _probe(port) for port in ports}))
    daemon.kill()


if __name__ == "__main__":
    _inside(Path(sys.argv[1]))
    sys.exit(0)

import pytest  # noqa: E402  # the program above runs without it

from mailpolicy.readers import cyrus  # noqa: E402
from mailpolicy.tree import Memory  # noqa: E402
from mailpolicy.types import Version  # noqa: E402


def _installed() -> tuple[int, ...]:
    """The version of the master that is here; () when the tests cannot run."""
    if daemons.missing("cyrmaster", "saslpasswd2"):
        return ()
    said = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "cyrus-common"], capture_output=True, text=True)
    return tuple(map(int, re.findall(r"\d+", said.stdout.partition("-")[0])[:3]))


def _unpack(folder: Path) -> None:
    """imapd and pop3d, whose packages cannot be installed beside Dovecot's; cyrus-common brings the rest."""
    names = [f"cyrus-{name}" for name in ("imapd", "pop3d") if not Path("/usr/lib/cyrus/bin", name).exists()]
    if names:
        daemons.unpack(names, folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not _installed():
        pytest.skip("needs root, unshare, ip, openssl, cyrus-common, sasl2-bin: NOT compared with Cyrus")
    path = tmp_path_factory.mktemp("cyrus")
    _unpack(path)
    daemons.certificate(path)
    subprocess.run(
        ["saslpasswd2", "-p", "-c", "-f", str(path / "sasldb2"), "-u", REALM, USER], input=PASSWORD.encode(), check=True
    )
    return path


def _claims(services: str, options: str) -> dict[str, dict[str, object]]:
    files = {"etc/cyrus.conf": services, "etc/imapd.conf": options}
    version = Version(_installed(), "the test")
    found: dict[str, dict[str, object]] = {}
    for fact in cyrus.read(Memory(files), tuple(files), version).facts:
        if fact.kind == "listener" and fact.values["scope"] == "any" and fact.values["address"] != "::":
            found[str(fact.values["port"])] = dict(fact.values)
    return found


@pytest.mark.parametrize("name", CASES)
def test_sockets_do_what_the_reader_says(name: str, folder: Path) -> None:
    services, options = CASES[name]
    services = f"START {{\n}}\nSERVICES {{\n{services}}}\n"
    options = BASE + "sievedir: /var/lib/cyrus/sieve\n" + options
    (folder / "cyrus.conf").write_text(services)
    (folder / "imapd.conf").write_text(options)
    truth = daemons.inside(__file__, folder)
    claims = _claims(services, options)
    assert sorted(claims) == sorted(truth)
    for port, seen in truth.items():
        claim = claims[port]
        assert bool(claim["broken"]) == seen["broken"], port
        for field in ("tls", "auth") if not seen["broken"] else ():
            assert claim[field] == seen[field], (port, field)
