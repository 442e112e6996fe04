"""The nginx reader against the real nginx: what each socket does with a client is what the reader says.

Run as a program (``test_nginx.py FOLDER``) it is the part inside of a network namespace: it starts nginx with each
configuration below that folder in turn, and prints what its sockets do.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

from tests.real import daemons

PASSWORD = "Quince-41"
PORTS = (25, 110, 143, 465, 587, 993, 995, 2525, 10143)
VERSIONS = ("TLSv1.2", "TLSv1.3")

HEAD = (
    "user root;\npid DIR/nginx.pid;\nerror_log DIR/error.log;\ninclude /etc/nginx/modules-enabled/*.conf;\nevents {}\n"
)
CERT = "ssl_certificate cert.pem; ssl_certificate_key key.pem;\n"
MAIL = HEAD + "mail {\nserver_name mail.example.test; auth_http 127.0.0.1:9000/auth;\n"
STREAM = HEAD + "stream {\n"

CASES = {
    "defaults": MAIL + "server { listen 143; } server { listen 110; } server { listen 587; } }",
    "starttls-on": MAIL + CERT + "starttls on; server { listen 143; } server { listen 110; } server { listen 25; } }",
    "starttls-only": MAIL + CERT + "starttls only; server { listen 143; } server { listen 587; starttls off; } }",
    "implicit": MAIL + CERT + "server { listen 993 ssl; listen 143; starttls only; } server { listen 465 ssl; } }",
    "implicit-only-one": MAIL + CERT + "server { listen 993 ssl; listen 143; } }",
    "protocols": MAIL + CERT + "ssl_protocols TLSv1.2; server { listen 993 ssl; }"
    " server { listen 995 ssl; ssl_protocols TLSv1.3; } }",
    "protocols-add-up": MAIL + CERT + "ssl_protocols TLSv1.2; ssl_protocols tlsv1.3; server { listen 993 ssl; } }",
    "openssl-command": MAIL + CERT + "ssl_conf_command MinProtocol TLSv1.3; ssl_protocols TLSv1.2 TLSv1.3;"
    "server { listen 993 ssl; } }",
    "protocol-by-first-port": MAIL + "server { listen 110; listen 143; } server { protocol smtp; listen 10143; } }",
    "protocol-wins": MAIL + "server { listen 25; protocol imap; } }",
    "addresses": MAIL + CERT + "server { listen 127.0.0.1:143; } server { listen 10.99.0.1:143; starttls only; } }",
    "loopback-beside-all": MAIL + CERT + "server { listen 143; starttls only; } server { listen 127.0.0.1:143; } }",
    "challenge-only": MAIL + "imap_auth cram-md5; smtp_auth cram-md5; pop3_auth apop;"
    "server { listen 143; } server { listen 587; } server { listen 110; } }",
    "smtp-without-login": MAIL + CERT + "smtp_auth none; server { listen 25; starttls on; } }",
    "smtp-without-login-starttls-only": MAIL + CERT + "smtp_auth none login; starttls only; server { listen 25; } }",
    "auth-http-by-https": HEAD + "mail { auth_http https://127.0.0.1:9000/auth; server { listen 143; } }",
    "capabilities": MAIL + "imap_capabilities IMAP4rev1 LOGINDISABLED; server { listen 143; } }",
    "range": MAIL + "server { listen 10143-10145; protocol imap; } }",
    "quoted": MAIL + CERT + 'server { "listen" \'143\'; starttls "ONLY"; # off\n } }',
    "include": MAIL + CERT + "include *.inc; }",
    "certificate-missing-unused": MAIL + "ssl_certificate gone.pem; server { listen 143; } }",
    "stream": STREAM + CERT + "server { listen 993 ssl; proxy_pass 127.0.0.1:1; } }",
    "certificate-none": MAIL + "server { listen 993 ssl; } }",
    "certificate-none-starttls": MAIL + "server { listen 143; starttls on; } }",
    "certificate-missing": MAIL + "ssl_certificate gone.pem; ssl_certificate_key key.pem; server { listen 993 ssl; } }",
    "key-missing": MAIL + "ssl_certificate cert.pem; server { listen 993 ssl; } }",
    "no-protocol": MAIL + "server { listen 10143; } }",
    "no-listen": MAIL + "server { protocol imap; } }",
    "no-auth-http": HEAD + "mail { server { listen 143; } }",
    "listen-twice": MAIL + "server { listen 143; } server { listen *:143; } }",
    "starttls-twice": MAIL + CERT + "server { listen 143; starttls on; starttls off; } }",
    "starttls-yes": MAIL + CERT + "server { listen 143; starttls yes; } }",
    "ssl-on": MAIL + CERT + "server { listen 993; ssl on; } }",
    "ssl-and-starttls": MAIL + CERT + "server { listen 993; ssl on; starttls on; } }",
    "protocol-around": MAIL + "protocol imap; server { listen 143; } }",
    "unknown": MAIL + "colour blue; server { listen 143; } }",
    "semicolon": MAIL + "server { listen 143 } }",
    "brace": MAIL + "server { listen 143; }",
    "include-missing": MAIL + "include gone.conf; server { listen 143; } }",
    "two-mails": MAIL + "server { listen 143; } }\nmail { server { listen 110; } }",
    "verify-without-ca": MAIL + CERT + "ssl_verify_client on; server { listen 993 ssl; } }",
    "stream-without-backend": STREAM + "server { listen 143; } server { listen 110; proxy_pass 127.0.0.1:1; } }",
}
INCLUDED = {"a.inc": "server { listen 143; include tls.part; }", "b.inc": "server { listen 110; }",
            "tls.part": "starttls only;"}  # fmt: skip

START = {"imap": b"a STARTTLS\r\n", "pop3": b"STLS\r\n", "smtp": b"STARTTLS\r\n"}


class Authentication(http.server.BaseHTTPRequestHandler):
    """Behind auth_http: refuses every login, and remembers that a password came."""

    passwords = 0

    def do_GET(self) -> None:
        Authentication.passwords += self.headers.get("Auth-Pass") == PASSWORD
        self.send_response(200)
        self.send_header("Auth-Status", "no")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def connected(address: str, port: int) -> socket.socket:
    return socket.create_connection((address, port), timeout=3)


def ask(stream: socket.socket, line: bytes) -> bytes:
    stream.sendall(line)
    return stream.recv(4000)


def greeted(address: str, port: int) -> tuple[socket.socket, str]:
    stream = connected(address, port)
    greeting = stream.recv(1000)
    protocol = "imap" if greeting[:1] == b"*" else "pop3" if greeting[:3] == b"+OK" else "smtp"
    if protocol == "smtp":
        ask(stream, b"EHLO client\r\n")
    return stream, protocol


def handshake(address: str, port: int, start: bytes, version: str = "") -> bool:
    try:
        stream = greeted(address, port)[0] if start else connected(address, port)
        with stream:
            if start and ask(stream, start)[:3] not in (b"a O", b"+OK", b"220"):
                return False
            with daemons.client(version).wrap_socket(stream):
                return True
    except OSError:
        return False


def login_in_clear(address: str, port: int) -> bool:
    """Whether nginx passes on a password that came without TLS."""
    before = Authentication.passwords
    with contextlib.suppress(OSError):
        stream, protocol = greeted(address, port)
        with stream:
            if protocol == "imap":
                ask(stream, f"a LOGIN tester {PASSWORD}\r\n".encode())
            elif protocol == "smtp":
                ask(stream, f"AUTH PLAIN {daemons.plain('tester', PASSWORD)}\r\n".encode())
            elif ask(stream, b"USER tester\r\n").startswith(b"+OK"):
                ask(stream, f"PASS {PASSWORD}\r\n".encode())
    return Authentication.passwords > before


def mail_in_clear(address: str, port: int) -> bool:
    """Whether nginx takes MAIL FROM without TLS and login."""
    with greeted(address, port)[0] as stream:
        return ask(stream, b"MAIL FROM:<a@example.test>\r\n").startswith(b"250")


def socket_at(address: str, port: int) -> dict[str, object] | None:
    """What a socket does, in the words of a listener fact; None when it is closed."""
    try:
        connected(address, port).close()
    except OSError:
        return None
    if handshake(address, port, b""):
        versions = [version for version in VERSIONS if handshake(address, port, b"", version)]
        return {"tls": "implicit", "auth": "tls-only", "versions": versions}
    stream, protocol = greeted(address, port)
    stream.close()
    starttls, clear = handshake(address, port, START[protocol]), login_in_clear(address, port)
    open_to_mail = protocol == "smtp" and mail_in_clear(address, port)
    tls = ("optional" if clear or open_to_mail else "required") if starttls else "none"
    return {"protocol": protocol, "tls": tls, "auth": "cleartext" if clear else "tls-only"}


def inside(folder: Path) -> dict[str, dict[str, object]]:
    daemons.link("10.99.0.1")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 9000), Authentication)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found: dict[str, dict[str, object]] = {}
    for case in sorted(folder.iterdir()):
        command = ["nginx", "-c", str(case / "nginx.conf")]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=20)
        found[case.name] = {"said": ran.stderr, "started": ran.returncode == 0}
        if ran.returncode == 0:
            for address in ("127.0.0.1", "10.99.0.1"):
                for port in (*PORTS, 10144, 10145):
                    seen = socket_at(address, port)
                    if seen is not None:
                        found[case.name][f"{address} {port}"] = seen
            subprocess.run([*command, "-s", "stop"], check=True, capture_output=True, timeout=20)
            for _ in range(200):
                if not (case / "nginx.pid").exists():
                    break
                threading.Event().wait(0.01)
    return found


if __name__ == "__main__":
    print(json.dumps(inside(Path(sys.argv[1]))))
    raise SystemExit

import pytest  # noqa: E402  # the part above runs without it

from mailpolicy.readers import nginx  # noqa: E402
from mailpolicy.tree import Memory  # noqa: E402
from mailpolicy.types import Fact, Version  # noqa: E402

MODULES = Path("/etc/nginx/modules-enabled")
WHY = daemons.missing("nginx")
pytestmark = [
    pytest.mark.skipif(bool(WHY), reason=WHY),
    pytest.mark.skipif(
        not (list(MODULES.glob("*mail.conf")) and list(MODULES.glob("*stream.conf"))),
        reason="libnginx-mod-mail or libnginx-mod-stream is not installed",
    ),
]


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    folder = tmp_path_factory.mktemp("nginx")
    key, cert = folder / "key.pem", folder / "cert.pem"
    daemons.certificate(folder)
    cases = folder / "cases"
    for name, text in CASES.items():
        (cases / name).mkdir(parents=True)
        for file in (key, cert):
            shutil.copy(file, cases / name)
        for file_name, part in {"nginx.conf": text, **INCLUDED}.items():
            (cases / name / file_name).write_text(part.replace("DIR", str(cases / name)))
    found: dict[str, dict[str, object]] = daemons.inside(__file__, cases, timeout=120)
    return found


@pytest.fixture(scope="module")
def version() -> Version:
    said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr
    found = re.search(r"nginx/([0-9.]+)", said)
    assert found
    return Version(tuple(map(int, found[1].split("."))), "nginx -v")


def facts(name: str, version: Version) -> list[Fact]:
    files = {"nginx.conf": CASES[name], "cert.pem": "", "key.pem": "", **INCLUDED}
    found = nginx.read(Memory(files), ("nginx.conf",), version).facts
    return [fact for fact in found if fact.kind == "listener"]


def stated(found: list[Fact], address: str, port: int) -> Fact:
    """The fact that speaks for a socket: one of its own address, else one for all."""
    here = [fact for fact in found if fact.values["port"] == port]
    return min(here, key=lambda fact: fact.values["address"] != address)


@pytest.mark.parametrize("name", CASES)
def test_sockets_are_what_the_reader_says(name: str, observed: dict[str, dict[str, object]], version: Version) -> None:
    seen = observed[name]
    found = facts(name, version)
    sockets = {where: what for where, what in seen.items() if " " in where}
    assert {int(where.split()[1]) for where in sockets} == {fact.values["port"] for fact in found}, seen["said"]
    for where, what in sockets.items():
        address, port = where.split()
        values = stated(found, address, int(port)).values
        assert isinstance(what, dict)
        for field in set(what) - {"versions"}:
            assert values[field] == what[field], (where, field)
        if "versions" in what:
            allowed = values["tls_versions"]
            assert isinstance(allowed, tuple)
            assert [one for one in VERSIONS if one in allowed] == what["versions"]


def test_half_of_the_cases_start(observed: dict[str, dict[str, object]]) -> None:
    started = [name for name, seen in observed.items() if seen["started"]]
    assert len(started) >= 15
    assert len(CASES) - len(started) >= 15
