"""The reader's listeners against the sockets of a real Postfix: one service on a port of its own for each row.

The file is its own peer: run as a program inside fresh namespaces, it starts Postfix and asks every port.
"""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.real import daemons

FIRST = 20000
MAIN = """\
compatibility_level = 3.6
myhostname = mail.example.org
mydestination = $myhostname
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = /var/lib/postfix/maillog
maillog_file_prefixes = /var
notify_classes =
smtpd_tls_cert_file = /etc/postfix/peer.crt
smtpd_tls_key_file = /etc/postfix/peer.key
site_level = may
"""
REST = """\
cleanup   unix  n       -       n       -       0       cleanup
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
proxymap  unix  -       -       n       -       -       proxymap
anvil     unix  -       -       n       -       1       anvil
postlog   unix-dgram n  -       n       -       1       postlogd
"""
ROWS = (
    "",
    "-o smtpd_tls_security_level=may",
    "-o smtpd_tls_security_level=MAY",
    "-o smtpd_tls_security_level=encrypt",
    "-o smtpd_tls_security_level=secure",
    "-o smtpd_tls_security_level=yes",
    "-o smtpd_tls_security_level=none -o smtpd_use_tls=yes",
    "-o smtpd_tls_security_level= -o smtpd_use_tls=yes",
    "-o smtpd_tls_security_level= -o smtpd_enforce_tls=yes",
    "-o smtpd_use_tls=true",
    "-o smtpd_tls_wrappermode=yes",
    "-o smtpd_tls_wrappermode=yes -o smtpd_tls_security_level=none",
    "-o smtpd_tls_wrappermode=yes -o smtpd_tls_security_level=bogus",
    "-o smtpd_tls_wrappermode=yes -o smtpd_tls_cert_file=",
    "-o smtpd_tls_security_level=may -o smtpd_tls_cert_file=",
    "-o smtpd_tls_security_level=may -o smtpd_tls_cert_file=none",
    "-o smtpd_tls_security_level=may -o smtpd_tls_key_file=/etc/postfix/no.key",
    "-o smtpd_tls_security_level=may -o smtpd_tls_chain_files=/etc/postfix/peer.crt,/etc/postfix/peer.key",
    "-o smtpd_tls_security_level=may -o smtpd_tls_chain_files=/etc/postfix/peer.key,/etc/postfix/peer.crt",
    "-o smtpd_tls_security_level=may -o smtpd_tls_protocols=!SSLv2:!TLSv1.0",
    "-o smtpd_tls_security_level=may -o smtpd_tls_protocols=TLSv1.2",
    "-o smtpd_tls_security_level=may -o smtpd_tls_ciphers=strong",
    "-o smtpd_tls_security_level=may -o smtpd_discard_ehlo_keywords=starttls",
    "-osmtpd_tls_security_level=may",
    "-o { smtpd_tls_security_level = may }",
    "-o smtpd_tls_security_level = may",
    "-o smtpd_tls_security_level=$site_level",
    "-o smtpd_tls_security_level=${nowhere:encrypt}",
    "-o smtpd_tls_security_level=${smtpd_delay_reject?{may}}",
    "-o smtpd_tls_security_level=may -o smtpd_tls_security_level=encrypt",
    "-o site_level=encrypt -o smtpd_tls_security_level=$site_level",
    "-o smtpd_sasl_auth_enable=yes -o smtpd_sasl_type=nosuch",
    "-o smtpd_timeout=5M",
    "-o smtpd_hard_error_limit=0",
    "-o smtpd_forbid_bare_newline=maybe",
    "-o smtpd_relay_restrictions= -o smtpd_recipient_restrictions=permit_mynetworks",
    "-o smtpd_delay_reject=no -o smtpd_client_restrictions=reject_plaintext_session",
    "-o smtpd_tls_security_level=may -o smtpd_delay_reject=no -o smtpd_sender_restrictions=reject_plaintext_session",
    "-o smtpd_tls_security_level=encrypt -o tls_medium_cipherlist=HIGH",
    "-o smtpd_tls_security_level=encrypt -o tls_medium_cipherlist=EECDH",
    "-o smtpd_tls_security_level=encrypt -o tls_medium_cipherlist=HIGH:!aNULL:!kRSA",
    "-o smtpd_tls_security_level=encrypt -o tls_medium_cipherlist=HIGH -o smtpd_tls_exclude_ciphers=CBC,aNULL",
    "-o smtpd_tls_security_level=encrypt -o tls_medium_cipherlist=ECDHE+AESGCM,ADH",
    "-o smtpd_tls_security_level=encrypt -o tls_medium_cipherlist=ECDHE+AESGCM:ADH -o smtpd_tls_ask_ccert=yes",
    "-o smtpd_tls_security_level=encrypt -o tls_high_cipherlist=AES128-SHA:ECDHE+AESGCM",
    "-o smtpd_tls_wrappermode=yes -o smtpd_tls_mandatory_ciphers=high -o tls_high_cipherlist=AES128-SHA",
    "-o smtpd_tls_security_level=may -o tls_medium_cipherlist=ECDHE+AESGCM:AES128-SHA"
    " -o smtpd_tls_mandatory_exclude_ciphers=kRSA",
    "-o smtpd_tls_security_level=encrypt -o tls_medium_cipherlist=ECDHE+AESGCM:AES128-SHA"
    " -o smtpd_tls_mandatory_exclude_ciphers=kRSA",
    "-o smtpd_tls_security_level=may -o smtpd_tls_ciphers=null",
    "-v foo",
)
CLASSES = {"anonymous": "aNULL:!eNULL", "null": "eNULL:!aNULL", "static-rsa": "kRSA:!eNULL", "cbc": "CBC:!aNULL"}
"""Classes of suites that OpenSSL of today can be asked for."""


def write(folder: Path) -> None:
    """The instance and its certificate."""
    folder.mkdir()
    (folder / "main.cf").write_text(MAIN)
    lines = [f"{FIRST + number} inet n - n - - smtpd\n  {row}\n" for number, row in enumerate(ROWS)]
    (folder / "master.cf").write_text("".join(lines) + REST)
    daemons.certificate(folder, "mail.example.org", "peer.crt", "peer.key")


REASON = daemons.missing("postfix") if __name__ != "__main__" else ""
pytestmark = pytest.mark.skipif(bool(REASON), reason=f"real Postfix server: {REASON}")


@pytest.fixture(scope="module")
def instance(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[int, dict[str, object]], dict[int, dict[str, object]]]:
    """What the sockets did, and what the reader says, by port."""
    from mailpolicy.readers import postfix
    from mailpolicy.tree import Disk
    from mailpolicy.types import Version

    folder = tmp_path_factory.mktemp("server") / "postfix"
    write(folder)
    truth = {int(port): seen for port, seen in daemons.inside(__file__, folder, timeout=120).items()}
    shown = subprocess.run(["postconf", "-dh", "mail_version"], capture_output=True, text=True, check=True).stdout
    version = Version(tuple(int(part) for part in shown.strip().split("-")[0].split(".")[:2]), "postconf")
    paths = (f"{folder}/main.cf", f"{folder}/master.cf")
    facts = postfix.read(Disk(), paths, version).facts
    said = {fact.values["port"]: dict(fact.values) for fact in facts if fact.kind == "listener"}
    return truth, said  # type: ignore[return-value]


@pytest.mark.parametrize("number", range(len(ROWS)), ids=[row or "nothing" for row in ROWS])
def test_listener(number: int, instance: tuple[dict[int, dict[str, object]], dict[int, dict[str, object]]]) -> None:
    """The reader and the socket agree on whether a session works, and then on its TLS."""
    truth, said = (side[FIRST + number] for side in instance)
    assert (said["broken"] is None) == truth["works"], (said["broken"], truth)
    if truth["works"]:
        assert said["tls"] == truth["tls"]
        assert disputed(said, set(truth["suites"])) == []  # type: ignore[call-overload]


def disputed(said: dict[str, object], true: set[str]) -> list[str]:
    """Classes that the reader says are asked for and that are not offered, or the other way about.

    Without a cipher list in the files nothing is said. Anonymous suites are in Postfix's own lists, too: those that
    no word names are not said.
    """
    if "broken_ciphers" not in said:
        return []
    told = {*said["broken_ciphers"], *said.get("weak_ciphers", ()), *(("cbc",) if said.get("cbc_ciphers") else ())}  # type: ignore[misc]
    return sorted(name for name in CLASSES if (name in told) != (name in true) and (name, name in told) != _OWN)


_OWN = ("anonymous", False)


class Peer:
    """One SMTP conversation."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=3)

    def reply(self) -> str:
        """The next reply; empty when there is none."""
        text = b""
        while not (text.endswith(b"\n") and text.split(b"\n")[-2][3:4] == b" "):
            try:
                more = self.socket.recv(4096)
            except OSError:
                return ""
            if not more:
                return ""
            text += more
        return text.decode(errors="replace")

    def ask(self, line: str) -> str:
        """A command's reply."""
        try:
            self.socket.sendall(line.encode() + b"\r\n")
        except OSError:
            return ""
        return self.reply()

    def cover(self, suites: str = "ALL") -> bool:
        """Starts TLS without verification; with suites that are named, TLS 1.2."""
        context = daemons.client(ciphers=suites)
        if suites != "ALL":
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        try:
            self.socket = context.wrap_socket(self.socket)
        except OSError:
            return False
        return True


def probe(port: int) -> dict[str, object]:
    """What a client sees on a port."""
    first = Peer(port)
    if not first.reply().startswith("220"):
        again = Peer(port)
        if again.cover() and again.reply().startswith("220"):
            return {"works": True, "tls": "implicit", "suites": offers(port, False)}
        return {"works": False, "why": "no greeting"}
    hello = first.ask("EHLO client.example.net")
    if not hello.startswith("250"):
        return {"works": False, "why": hello}
    offered = "STARTTLS" in hello
    mail = first.ask("MAIL FROM:<a@example.net>").startswith("250")
    if not offered:
        return {"works": True, "tls": "none", "suites": []}
    second = Peer(port)
    second.reply()
    second.ask("EHLO client.example.net")
    if not second.ask("STARTTLS").startswith("220") or not second.cover():
        return {"works": False, "why": "STARTTLS is announced and fails"}
    works = second.ask("EHLO client.example.net").startswith("250")
    return {"works": works, "tls": "optional" if mail else "required", "suites": offers(port, True)}


def offers(port: int, starttls: bool) -> list[str]:
    """The CLASSES of which a port has a suite."""
    found = []
    for name, words in CLASSES.items():
        peer = Peer(port)
        if starttls:
            peer.reply()
            peer.ask("EHLO client.example.net")
            peer.ask("STARTTLS")
        if peer.cover(words):
            found.append(name)
    return found


def peer(folder: Path) -> None:
    """Starts Postfix on a copy of ``folder`` and prints what each port does."""
    work = Path("/run")
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", work], check=True)
    daemons.link()
    for name, target, owner in (("spool", "/var/spool/postfix", "root"), ("data", "/var/lib/postfix", "postfix")):
        (work / name).mkdir()
        shutil.chown(work / name, owner, owner)
        subprocess.run(["mount", "--bind", work / name, target], check=True)
    shutil.copytree(folder, work / "etc")
    for extra in ("dynamicmaps.cf", "postfix-files"):
        if (Path("/etc/postfix") / extra).exists():
            shutil.copy(Path("/etc/postfix") / extra, work / "etc")
    subprocess.run(["mount", "--bind", work / "etc", "/etc/postfix"], check=True)
    subprocess.run(["postfix", "start"], check=False, **quiet)  # type: ignore[call-overload]
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", FIRST + len(ROWS) - 1), timeout=1).close()
            break
        except OSError:
            time.sleep(0.1)
    with ThreadPoolExecutor(16) as pool:
        seen = pool.map(probe, range(FIRST, FIRST + len(ROWS)))
    print(json.dumps({FIRST + number: result for number, result in enumerate(seen)}))
    subprocess.run(["postfix", "stop"], check=False, **quiet)  # type: ignore[call-overload]


if __name__ == "__main__":
    peer(Path(sys.argv[1]))
