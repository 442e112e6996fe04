"""A scripted SMTP, IMAP and POP3 server for real clients, and what they do with it in the words of a connection fact.

A test gives a function that runs its client once against a server; ``observed`` calls it for each scenario and
folds what the servers saw::

    def run(server: Server) -> None:
        config.write_text(text.replace("PORT", str(server.port)).replace("CA", str(server.ca)))
        subprocess.run([...], timeout=20, check=False)

    assert observed(tmp_path, "imap", run) == {"tls": "required", "verify": "ca", "cleartext_credentials": False}
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

HOST = "localhost"
CERTIFICATES = {"honest": HOST, "other": HOST, "wrongname": "elsewhere.test"}
SCENARIOS = ("honest", "stripped", "challenge", "preauth", "other", "selfsigned", "wrongname")
"""honest; no STARTTLS, PLAIN and LOGIN in clear; no STARTTLS, CRAM-MD5 and APOP alone; PREAUTH in clear (IMAP); another
certificate of the same CA; one that is its own issuer; one of the CA for another host."""
IN_CLEAR = ("stripped", "challenge")
MESSAGE = b"From: bob@example.test\r\nTo: alice@example.test\r\nSubject: test\r\n\r\nhello\r\n"
_READABLE = ("PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER")
_PATIENCE = 0.15
"""Seconds of silence after which a client is taken to wait for a greeting."""


class Session:
    """What one connection was used for."""

    def __init__(self) -> None:
        self.first = False
        """TLS from the first byte."""
        self.asked = False
        """STARTTLS or STLS was asked for."""
        self.protected = False
        self.logins: set[tuple[str, bool]] = set()
        """Mechanisms, and whether TLS was there."""
        self.used = False
        """A message was handed in, or a mailbox looked into."""
        self.deleted = False
        """A message was marked for removal, and the session ended in order."""

    @property
    def went_on(self) -> bool:
        return self.used or bool(self.logins)

    @property
    def in_clear(self) -> bool:
        """A password or token could be read on the wire."""
        return any(not covered and mechanism in _READABLE for mechanism, covered in self.logins)


class Server:
    """One scenario of a server on an address of its own port, for any number of connections."""

    def __init__(self, folder: Path, protocol: str, scenario: str) -> None:
        self.protocol, self.scenario = protocol, scenario
        self.ca = folder / "ca.pem"
        """The CA that honest certificates are of."""
        self.host = HOST
        self.pins = _pins(folder / "honest.pem")
        """Fingerprints of the honest certificate by hash: lower case, with colons."""
        self.sessions: list[Session] = []
        self._context = _context(folder, scenario)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._talks: list[threading.Thread] = []
        self._thread.start()

    def close(self) -> None:
        """Ends the server when all its sessions have ended, or after some seconds."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)
        for talk in self._talks:
            talk.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection = self._socket.accept()[0]
            except OSError:
                return
            talk = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._talks.append(talk)
            talk.start()

    def _serve(self, connection: socket.socket) -> None:
        session = Session()
        self.sessions.append(session)
        try:
            connection.settimeout(_PATIENCE)
            with contextlib.suppress(TimeoutError):
                session.first = connection.recv(1, socket.MSG_PEEK) == b"\x16"
            connection.settimeout(8)
            if session.first:
                connection = self._context.wrap_socket(connection, server_side=True)
                session.protected = True
            _Talk(self, session, connection).run()
        except OSError:
            pass  # the client went away, or would not go on with this certificate
        finally:
            connection.close()

    def start_tls(self, session: Session, connection: socket.socket) -> socket.socket:
        """The connection with TLS begun on it."""
        covered = self._context.wrap_socket(connection, server_side=True)
        session.protected = True
        return covered

    @property
    def offers_starttls(self) -> bool:
        return self.scenario not in (*IN_CLEAR, "preauth")


class _Talk:
    """The server's side of one session."""

    def __init__(self, server: Server, session: Session, connection: socket.socket) -> None:
        self.server, self.session = server, session
        self.connection = connection
        self.stream: BinaryIO = connection.makefile("rb")

    def say(self, *lines: str) -> None:
        self.connection.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def line(self) -> str | None:
        """The next line of the client, without its end; None at the end of the session."""
        data = self.stream.readline()
        return data.decode("latin-1").rstrip("\r\n") if data else None

    def run(self) -> None:
        {"smtp": self.smtp, "imap": self.imap, "pop3": self.pop3}[self.server.protocol]()

    def encrypt(self) -> None:
        self.connection = self.server.start_tls(self.session, self.connection)
        self.stream = self.connection.makefile("rb")

    @property
    def starttls(self) -> bool:
        return self.server.offers_starttls and not self.session.protected

    @property
    def mechanisms(self) -> str:
        if self.session.protected or self.server.scenario != "challenge":
            return "PLAIN LOGIN XOAUTH2" if self.server.scenario == "stripped" else "PLAIN LOGIN CRAM-MD5 XOAUTH2"
        return "CRAM-MD5"

    def login(self, mechanism: str) -> None:
        self.session.logins.add((mechanism.upper(), self.session.protected))

    def sasl(self, mechanism: str, initial: str | None, prompt: str) -> bool:
        """Takes any login by a mechanism; False when the client breaks it off."""
        challenges = {"LOGIN": ["VXNlcm5hbWU6", "UGFzc3dvcmQ6"], "CRAM-MD5": ["PDFAdGVzdD4="]}.get(
            mechanism.upper(), [""]
        )
        for challenge in challenges[1 if initial else 0 :]:
            self.say(f"{prompt} {challenge}")
            answer = self.line()
            if answer is None or answer == "*":
                return False
        self.login(mechanism)
        return True

    def smtp(self) -> None:
        self.say("220 test ESMTP")
        while (line := self.line()) is not None:
            words = [*line.upper().split(), "", ""]
            if words[0] == "EHLO":
                self.say("250-test", *(["250-STARTTLS"] if self.starttls else []), f"250 AUTH {self.mechanisms}")
            elif words[0] == "STARTTLS":
                self.session.asked = True
                if not self.starttls:
                    self.say("502 no")
                    continue
                self.say("220 go on")
                self.encrypt()
            elif words[0] == "AUTH":
                taken = self.sasl(words[1], words[2] or None, "334")
                self.say("235 ok" if taken else "501 broken off")
            elif words[0] == "DATA":
                self.say("354 go on")
                while (text := self.line()) not in (".", None):
                    pass
                self.session.used = text is not None
                self.say("250 ok")
            elif words[0] == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def pop3(self) -> None:
        apop = "" if self.server.scenario == "stripped" and not self.session.protected else " <1@test>"
        self.say(f"+OK test{apop}")
        size, deleted = len(MESSAGE), False
        while (line := self.line()) is not None:
            words = [*line.upper().split(), "", ""]
            name = words[0]
            if name == "CAPA":
                stls = ["STLS"] if self.starttls else []
                user = ["USER"] if self.server.scenario != "challenge" or self.session.protected else []
                self.say("+OK", *stls, *user, "UIDL", "TOP", f"SASL {self.mechanisms}", ".")
            elif name == "STLS":
                self.session.asked = True
                self.say("+OK" if self.starttls else "-ERR no")
                if self.starttls:
                    self.encrypt()
            elif name == "AUTH" and words[1]:
                self.say("+OK" if self.sasl(words[1], words[2] or None, "+") else "-ERR broken off")
            elif name in ("PASS", "APOP"):
                self.login("PLAIN" if name == "PASS" else "APOP")
                self.say("+OK")
            elif name in ("STAT", "LIST", "UIDL", "RETR", "TOP", "DELE", "LAST"):
                self.session.used = True
                deleted |= name == "DELE"
                item = f"1 {size}" if name == "LIST" else "1 u1"
                if name == "STAT":
                    self.say(f"+OK 1 {size}")
                elif name in ("LIST", "UIDL"):
                    self.say(*([f"+OK {item}"] if words[1] else ["+OK", item, "."]))
                elif name in ("RETR", "TOP"):
                    self.say("+OK", *MESSAGE.decode().splitlines(), ".")
                else:
                    self.say("+OK 0")
            elif name == "QUIT":
                self.session.deleted = deleted
                self.say("+OK")
                return
            else:
                self.say("+OK")

    def imap(self) -> None:
        preauth = self.server.scenario == "preauth" and not self.session.protected
        self.say(f"* {'PREAUTH' if preauth else 'OK'} [CAPABILITY {self.capability}] test")
        while (line := self.command()) is not None:
            tag, _, rest = line.partition(" ")
            words = [*rest.split(" "), "", ""]
            name = words[0].upper()
            if name == "STARTTLS":
                self.session.asked = True
                self.say(f"{tag} OK go on" if self.starttls else f"{tag} BAD no")
                if self.starttls:
                    self.encrypt()
                continue
            if name == "AUTHENTICATE":
                taken = self.sasl(words[1], words[2] or None, "+")
                self.say(f"{tag} OK [CAPABILITY {self.capability}] done" if taken else f"{tag} BAD broken off")
                continue
            if name == "LOGIN":
                self.login("LOGIN")
            elif name == "LOGOUT":
                self.say("* BYE done", f"{tag} OK done")
                return
            elif name == "IDLE":
                self.say("+ idling")
                self.line()
            self.say(*self.untagged(name, words), f"{tag} OK done")

    def command(self) -> str | None:
        """A command with its literals put in."""
        line = self.line()
        while line is not None and line.endswith("}") and "{" in line:
            size = line[line.rindex("{") + 1 : -1]
            if not size.endswith("+"):
                self.say("+ go on")
            literal = self.stream.read(int(size.rstrip("+"))).decode("latin-1")
            line = line[: line.rindex("{")] + f'"{literal}"' + (self.line() or "")
        return line

    @property
    def capability(self) -> str:
        disabled = self.server.scenario == "challenge" and not self.session.protected
        parts = ["IMAP4rev1", "UIDPLUS", "IDLE", "LITERAL+", *(["STARTTLS"] if self.starttls else [])]
        return " ".join(
            [*parts, *(["LOGINDISABLED"] if disabled else []), *(f"AUTH={m}" for m in self.mechanisms.split())]
        )

    def untagged(self, name: str, words: list[str]) -> list[str]:
        """What comes before the tagged answer: an empty mailbox."""
        if name in ("SELECT", "EXAMINE"):
            self.session.used = True
            flags = "* FLAGS (\\Seen \\Deleted)"
            return [flags, "* 0 EXISTS", "* 0 RECENT", "* OK [UIDVALIDITY 1] x", "* OK [UIDNEXT 1] x"]
        if name == "STATUS":
            self.session.used = True
            return [f"* STATUS {words[1]} (MESSAGES 0 RECENT 0 UIDNEXT 1 UIDVALIDITY 1 UNSEEN 0)"]
        if name in ("LIST", "LSUB"):
            self.session.used = True
            return [f'* {name} (\\HasNoChildren) "/" INBOX']
        return {
            "CAPABILITY": [f"* CAPABILITY {self.capability}"],
            "NAMESPACE": ['* NAMESPACE (("" "/")) NIL NIL'],
            "SEARCH": ["* SEARCH"],
            "UID": ["* SEARCH"] if words[1].upper() == "SEARCH" else [],
            "ID": ["* ID NIL"],
        }.get(name, [])


def observed(
    folder: Path, protocol: str, run: Callable[[Server], object], scenarios: tuple[str, ...] = SCENARIOS
) -> dict[str, object]:
    """What a client does: tls, verify and cleartext_credentials as a connection fact has them.

    ``run`` starts the client once; it must have ended, or be ended, when ``run`` returns.
    """
    seen = {
        name: sessions(folder, protocol, name, run) for name in scenarios if name != "preauth" or protocol == "imap"
    }
    assert seen["honest"], "the client does not connect"
    tried = any(session.first or session.asked for session in seen["honest"])
    clear = {name for name, found in seen.items() if any(s.went_on and not s.protected for s in found)}
    covered = {name for name, found in seen.items() if any(s.went_on and s.protected for s in found)}
    if not tried:
        tls, verify = "none", "none"
    else:
        assert any(session.went_on for session in seen["honest"]), "the client begins TLS and does nothing with it"
        opportunistic = clear - {"preauth"}
        tls = "opportunistic" if opportunistic else "implicit" if seen["honest"][0].first else "required"
        verify = _verified(covered)
    in_clear = any(session.in_clear for found in seen.values() for session in found)
    return {"tls": tls, "verify": verify, "cleartext_credentials": in_clear}


def sessions(folder: Path, protocol: str, scenario: str, run: Callable[[Server], object]) -> list[Session]:
    """What one scenario's server saw of a client."""
    with serving(folder, protocol, scenario) as server:
        run(server)
        time.sleep(0.05)
    return server.sessions


@contextlib.contextmanager
def serving(folder: Path, protocol: str, scenario: str = "honest") -> Iterator[Server]:
    """A server while it is asked. The certificates are made in ``folder`` once."""
    if not (folder / "selfsigned.pem").exists():
        certificates(folder)
    server = Server(folder, protocol, scenario)
    try:
        yield server
    finally:
        server.close()


def _verified(covered: set[str]) -> str:
    accepts = covered & {"selfsigned", "wrongname"}
    if accepts:
        one = {"wrongname": "ca-noname", "selfsigned": "name-only"}
        return "none" if len(accepts) == 2 else one[accepts.pop()]
    return "ca" if "other" in covered else "fingerprint"


def _context(folder: Path, scenario: str) -> ssl.SSLContext:
    name = scenario if (folder / f"{scenario}.pem").exists() else "honest"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


def _pins(path: Path) -> dict[str, str]:
    der = ssl.PEM_cert_to_DER_cert(path.read_text())
    return {name: hashlib.new(name, der).digest().hex(":") for name in ("md5", "sha1", "sha256", "sha512")}


def certificates(folder: Path) -> None:
    """A CA, certificates of it, and one that is its own issuer, for ``localhost``."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl(folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test CA")
    for name, host in CERTIFICATES.items():
        (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n")
        _openssl(folder, "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={host}")
        _openssl(
            folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem",
        )  # fmt: skip
    subject = ("-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}")
    _openssl(
        folder, "req", "-x509", *key, "-keyout", "selfsigned.key", "-out", "selfsigned.pem", "-days", "2", *subject
    )


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
