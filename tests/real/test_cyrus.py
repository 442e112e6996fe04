"""The Cyrus reader against the real master: each configuration runs in namespaces of its own.

Run as a program (``test_cyrus.py FOLDER``) it is the part inside of the namespaces: it puts the folder's
cyrus.conf and imapd.conf over those in /etc, starts the master and prints what the sockets do.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

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


def _read_line(stream: socket.socket) -> str:
    data = b""
    while not data.endswith(b"\n"):
        piece = stream.recv(1)
        if not piece:
            break
        data += piece
    return data.decode("latin-1").rstrip()


def _ask(stream: socket.socket, line: str, ends: str) -> list[str]:
    stream.sendall(line.encode() + b"\r\n")
    answer: list[str] = []
    while not answer or (answer[-1] and not re.match(ends, answer[-1])):
        answer.append(_read_line(stream))
    return answer


def _wrap(plain: socket.socket) -> ssl.SSLSocket | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        return context.wrap_socket(plain)
    except OSError:
        return None


def _connect(port: int) -> tuple[socket.socket, str]:
    """A connection and its greeting; nothing when the service ends or stays silent."""
    stream = socket.create_connection((SERVER, port), 3, (CLIENT, 0))
    stream.settimeout(1.5)
    try:
        line = _read_line(stream)
        while line.startswith('"') and not line.startswith("OK"):
            more = _read_line(stream)
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
        answer = _ask(stream, f"b LOGIN {USER} {PASSWORD}", "b ")[-1]
        weak = "AUTH=CRAM-MD5" in greeting
        return {"readable"} if answer.startswith("b OK") else {"challenge"} if weak else set()
    if greeting.startswith("+OK"):
        found = set()
        if _ask(stream, f"USER {USER}", r"\+OK|-ERR")[-1].startswith("+OK"):
            found = {"readable"} if _ask(stream, f"PASS {PASSWORD}", r"\+OK|-ERR")[-1].startswith("+OK") else set()
        capable = [] if found else _ask(stream, "CAPA", r"\.$")
        challenge = re.search(r"<.*>", greeting)
        if challenge and not found:
            digest = hashlib.md5((challenge[0] + PASSWORD).encode()).hexdigest()
            found = {"challenge"} if _ask(stream, f"APOP {USER} {digest}", r"\+OK|-ERR")[-1][0] == "+" else set()
        return found or ({"challenge"} if any("CRAM-MD5" in line for line in capable) else set())
    if greeting.startswith("220"):
        return {"readable"} if any(" PLAIN" in line for line in _ask(stream, "LHLO x.test", "250 ")) else set()
    plain = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
    return {"readable"} if _ask(stream, f'AUTHENTICATE "PLAIN" "{plain}"', "OK|NO")[-1].startswith("OK") else set()


def _starttls(stream: socket.socket, greeting: str) -> ssl.SSLSocket | None:
    if greeting.startswith("* OK"):
        good = _ask(stream, "a STARTTLS", "a ")[-1].startswith("a OK")
    elif greeting.startswith("+OK"):
        good = _ask(stream, "STLS", r"\+OK|-ERR")[-1].startswith("+OK")
    elif greeting.startswith("220"):
        good = _ask(stream, "STARTTLS", r"\d\d\d ")[-1].startswith("220")
    else:
        good = _ask(stream, "STARTTLS", "OK|NO")[-1].startswith("OK")
    return _wrap(stream) if good else None


def _implicit(port: int) -> bool:
    """Whether a TLS handshake succeeds at once. A service that dies may be closed by the master meanwhile."""
    try:
        return _wrap(socket.create_connection((SERVER, port), 3, (CLIENT, 0))) is not None
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


def _listening() -> list[int]:
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == "0A" and words[1].partition(":")[0] == "00000000":
            found.add(int(words[1].rpartition(":")[2], 16))
    return sorted(found)


def _inside(folder: Path) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in (SERVER, CLIENT):
        subprocess.run(["ip", "address", "add", f"{address}/24", "dev", "lo"], check=True)
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
    ports: list[int] = []
    for _ in range(60):
        time.sleep(0.05)
        if daemon.poll() is not None or (ports := _listening()):
            break
    if ports:
        time.sleep(0.1)
        ports = _listening()
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
    needed = ("cyrmaster", "saslpasswd2", "unshare", "ip", "openssl")
    if os.geteuid() != 0 or not all(shutil.which(program) for program in needed):
        return ()
    said = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "cyrus-common"], capture_output=True, text=True)
    return tuple(map(int, re.findall(r"\d+", said.stdout.partition("-")[0])[:3]))


def _unpack(folder: Path) -> None:
    """imapd and pop3d, whose packages cannot be installed beside Dovecot's; cyrus-common brings the rest."""
    names = [f"cyrus-{name}" for name in ("imapd", "pop3d") if not Path("/usr/lib/cyrus/bin", name).exists()]
    if not names:
        return
    subprocess.run(["apt-get", "-q", "download", *names], cwd=folder, capture_output=True, check=False)
    packages = sorted(folder.glob("*.deb"))
    if len(packages) < len(names):
        pytest.skip("the packages cyrus-imapd and cyrus-pop3d cannot be had: NOT compared with Cyrus")
    for package in packages:
        subprocess.run(["dpkg", "-x", package, folder], check=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not _installed():
        pytest.skip("needs root, unshare, ip, openssl, cyrus-common, sasl2-bin: NOT compared with Cyrus")
    path = tmp_path_factory.mktemp("cyrus")
    _unpack(path)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mail.example.test",
         "-keyout", str(path / "key.pem"), "-out", str(path / "cert.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
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
    command = ["unshare", "-n", "-m", "-p", "-f", "--mount-proc", sys.executable, __file__, str(folder)]
    inside = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    truth = json.loads(inside.stdout)
    claims = _claims(services, options)
    assert sorted(claims) == sorted(truth)
    for port, seen in truth.items():
        claim = claims[port]
        assert bool(claim["broken"]) == seen["broken"], port
        for field in ("tls", "auth") if not seen["broken"] else ():
            assert claim[field] == seen[field], (port, field)
