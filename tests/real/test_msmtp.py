"""The reader against the real msmtp and a scripted SMTP server: what it does with a config is what the reader says.

Needs msmtp and openssl; nothing leaves the loopback interface.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pytest

from mailpolicy.readers import msmtp
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Version

pytestmark = pytest.mark.skipif(
    not (shutil.which("msmtp") and shutil.which("openssl")), reason="msmtp or openssl is not installed"
)

MESSAGE = "From: alice@example.test\nTo: bob@example.test\nSubject: test\n\nhello\n"
CERTIFICATES = {"honest": "localhost", "other": "localhost", "wrongname": "elsewhere.test"}
LOGIN = "host localhost\nport PORT\nfrom alice@example.test\nuser alice\npassword hunter2\n"
CONFIGS = {
    "starttls": f"account default\n{LOGIN}tls on\ntls_trust_file CA\nauth on\n",
    "implicit": f"account default\n{LOGIN}tls on\ntls_starttls off\ntls_trust_file CA\nauth on\n",
    "bare words": f"account default\n{LOGIN}tls\nauth\ntls_trust_file CA\n",
    "no tls, auth on": f"account default\n{LOGIN}auth on\n",
    "no tls, auth plain": f"account default\n{LOGIN}auth plain\n",
    "no tls, auth login": f"account default\n{LOGIN}auth login\ntls_starttls on\n",
    "no tls, auth cram-md5": f"account default\n{LOGIN}auth cram-md5\n",
    "no tls, auth xoauth2": f"account default\n{LOGIN}auth xoauth2\n",
    "no tls, no auth": f"account default\n{LOGIN}tls off\n",
    "certcheck off": f"account default\n{LOGIN}tls on\ntls_certcheck off\nauth plain\n",
    "certcheck off wins over a pin": f"account default\n{LOGIN}tls on\ntls_fingerprint PIN\ntls_certcheck off\n",
    "pinned": f"account default\n{LOGIN}tls on\ntls_fingerprint PIN\nauth on\n",
    "pin unset": f"account default\n{LOGIN}tls on\ntls_trust_file CA\ntls_fingerprint PIN\ntls_fingerprint\n",
    "late defaults": f"account default\n{LOGIN}auth plain\ndefaults\ntls on\n",
    "a parent's defaults stay behind": f"defaults\ntls on\naccount a\n{LOGIN}auth plain\ndefaults\ntls off\n"
    "account default : a\n",
    "two parents": f"account t\ntls on\ntls_starttls off\ntls_trust_file CA\naccount h\n{LOGIN}\n"
    "account default : h , t\n",
    "eval": f"account default\n{LOGIN}eval echo tls on\ntls_trust_file CA\nauth plain\n",
}
REFUSED = {
    "unknown command": f"account default\n{LOGIN}tls_version 1.2\n",
    "word for a switch": f"account default\n{LOGIN}tls yes\n",
    "service name": "account default\nhost localhost\nport submission\nfrom a@example.test\n",
    "account twice": f"account default\n{LOGIN}account default\n{LOGIN}",
    "unknown parent": f"account default : base\n{LOGIN}",
    "tls without trust": f"account default\n{LOGIN}tls on\ntls_trust_file\n",
    "lmtp without port": "account default\nhost localhost\nprotocol lmtp\nfrom a@example.test\n",
}


class Seen(NamedTuple):
    """One session: how TLS began, and what crossed the socket with and without it."""

    first: bool
    asked: bool
    protected: bool
    login_in_clear: bool
    mail: bool


class Server:
    """A small SMTP server that takes every login and message."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self.context = context
        self.seen: list[Seen] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            with connection:
                self.session(connection)

    def session(self, raw: socket.socket) -> None:
        connection = raw
        first = asked = login = mail = False
        try:
            raw.settimeout(0.15)
            with contextlib.suppress(TimeoutError):
                first = raw.recv(1, socket.MSG_PEEK) == b"\x16"
            raw.settimeout(3)
            if first and self.context:
                connection = self.context.wrap_socket(raw, server_side=True)
            connection.sendall(b"220 test\r\n")
            stream = connection.makefile("rb")
            while line := stream.readline():
                words = line.upper().split() or [b""]
                if words[0] == b"STARTTLS" and self.context:
                    asked = True
                    connection.sendall(b"220 go on\r\n")
                    connection = self.context.wrap_socket(connection, server_side=True)
                    stream = connection.makefile("rb")
                    continue
                login |= connection is raw and words[0] == b"AUTH" and words[1] in (b"PLAIN", b"LOGIN", b"XOAUTH2")
                mail |= words[0] == b"DATA"
                self.answer(connection, stream, words)
        except OSError:
            pass
        finally:
            self.seen.append(Seen(first, asked, connection is not raw, login, mail))
            connection.close()

    def answer(self, connection: socket.socket, stream: BinaryIO, words: list[bytes]) -> None:
        starttls = b"250-STARTTLS\r\n" if self.context and not isinstance(connection, ssl.SSLSocket) else b""
        if words[0] == b"EHLO":
            connection.sendall(b"250-test\r\n" + starttls + b"250 AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2\r\n")
        elif words[0] == b"AUTH":
            challenges = {b"LOGIN": [b"VXNlcm5hbWU6", b"UGFzc3dvcmQ6"], b"CRAM-MD5": [b"PDFAdGVzdD4="]}
            for challenge in challenges.get(words[1], []):
                connection.sendall(b"334 " + challenge + b"\r\n")
                stream.readline()
            connection.sendall(b"235 ok\r\n")
        elif words[0] == b"DATA":
            connection.sendall(b"354 go on\r\n")
            while stream.readline() not in (b".\r\n", b""):
                pass
            connection.sendall(b"250 ok\r\n")
        else:
            connection.sendall(b"221 bye\r\n" if words[0] == b"QUIT" else b"250 ok\r\n")

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(5)


def openssl(*arguments: str, cwd: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, three certificates of it, and a self-signed one."""
    path = tmp_path_factory.mktemp("certificates")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test CA", cwd=path)
    for name, host in CERTIFICATES.items():
        (path / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n")
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={host}", cwd=path)
        openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem", cwd=path,
        )  # fmt: skip
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    openssl(
        "req", "-x509", *key, "-keyout", "selfsigned.key", "-out", "selfsigned.pem", "-days", "2", *subject, cwd=path
    )
    return path


@pytest.fixture(scope="module")
def servers(folder: Path) -> Iterator[Mapping[str, Server]]:
    found: dict[str, Server] = {"stripped": Server(None)}
    for name in (*CERTIFICATES, "selfsigned"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
        found[name] = Server(context)
    yield found
    for server in found.values():
        server.close()


def filled(text: str, folder: Path, port: int) -> str:
    der = ssl.PEM_cert_to_DER_cert((folder / "honest.pem").read_text())
    pin = hashlib.sha256(der).digest().hex(":")
    return text.replace("PORT", str(port)).replace("PIN", pin).replace("CA\n", f"{folder / 'ca.pem'}\n")


def send(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    config = folder / "msmtprc"
    config.write_text(text)
    config.chmod(0o600)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C"}
    command = ["msmtp", "-C", str(config), "bob@example.test"]
    return subprocess.run(command, input=MESSAGE, capture_output=True, text=True, env=environment, timeout=20)


def observed(text: str, folder: Path, servers: Mapping[str, Server]) -> dict[str, object]:
    """What msmtp does, in the words of a connection fact."""
    seen: dict[str, Seen] = {}
    for name, server in servers.items():
        server.seen.clear()
        send(filled(text, folder, server.port), folder)
        for _ in range(200):
            if server.seen:
                break
            threading.Event().wait(0.01)
        seen[name] = server.seen[0]
    honest, stripped = seen["honest"], seen["stripped"]
    used = honest.first or honest.asked
    on = {name for name, session in seen.items() if session.mail}
    if not used:
        tls, verify = "none", "none"
    else:
        tls = "opportunistic" if stripped.mail else "implicit" if honest.first else "required"
        verify = "none" if {"selfsigned", "wrongname"} <= on else "ca" if "other" in on else "fingerprint"
        assert "honest" in on
    return {
        "tls": tls,
        "verify": verify,
        "cleartext_credentials": any(session.login_in_clear for session in seen.values()),
    }


def declared(text: str) -> list[Fact]:
    words = subprocess.run(["msmtp", "--version"], capture_output=True, text=True, check=True).stdout.split()
    version = Version(tuple(map(int, words[2].split("."))), "msmtp --version")
    facts = msmtp.read(Memory({"msmtprc": text}), ("msmtprc",), version).facts
    return [fact for fact in facts if fact.kind == "connection"]


@pytest.mark.parametrize("name", CONFIGS)
def test_the_reader_says_what_msmtp_does(name: str, folder: Path, servers: Mapping[str, Server]) -> None:
    text = filled(CONFIGS[name], folder, servers["honest"].port)
    (fact,) = (fact for fact in declared(text) if fact.values["account"] == "default")
    seen = observed(CONFIGS[name], folder, servers)
    assert {field: fact.values[field] for field in seen} == seen
    assert fact.values["broken"] is None


@pytest.mark.parametrize("name", REFUSED)
def test_what_msmtp_refuses_is_broken(name: str, folder: Path) -> None:
    text = filled(REFUSED[name], folder, 9)
    ran = send(text, folder)
    assert ran.returncode == 78, ran.stderr
    assert all(fact.values["broken"] for fact in declared(text))
