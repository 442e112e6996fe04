"""The reader against the real aerc on a terminal and a scripted server. Nothing leaves the loopback interface."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest

from mailpolicy.policy import numbers
from mailpolicy.readers import aerc
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Version
from tests.real.scripted import Server, observed, serving

pytestmark = pytest.mark.skipif(
    not (shutil.which("aerc") and shutil.which("openssl")), reason="aerc or openssl is not installed"
)

TLS = ("honest", "stripped", "selfsigned", "other")
CLEAR = ("honest", "stripped", "preauth")
IMAP: dict[str, tuple[str, tuple[str, ...]]] = {
    "imaps": ("imaps://a:b@localhost:PORT", (*TLS, "wrongname")),
    "imap": ("imap://a:b@localhost:PORT", (*TLS, "wrongname", "preauth")),
    "imap+insecure": ("imap+insecure://a:b@localhost:PORT", CLEAR),
    "a quoted password": ("`imaps://a:b%23@localhost:PORT`", ("honest", "other")),
}
SMTP: dict[str, tuple[str, tuple[str, ...]]] = {
    "smtp": ("smtp://a:b@localhost:PORT", (*TLS, "wrongname")),
    "smtp-starttls": (
        "smtp+plain://a:b@localhost:PORT\nsmtp-starttls = yes",
        ("honest", "stripped", "selfsigned", "wrongname", "other"),
    ),
    "smtps": ("smtps+login://a:b@localhost:PORT", ("honest", "selfsigned", "wrongname", "other")),
    "smtp+none": ("smtp+none://localhost:PORT", ("honest", "stripped", "other")),
}
REFUSED = ("imaps://a:b#c@localhost:PORT", "imap+insecure+oauthbearer://a:b@localhost:PORT")
SETTINGS = "[general]\nunsafe-accounts-conf = true\n[compose]\neditor = true\n"


def accounts(source: str, outgoing: str = "") -> str:
    more = f"outgoing = {outgoing}\n" if outgoing else ""
    return f"[A]\nsource = {source}\nfrom = A <a@example.test>\ndefault = INBOX\n{more}"


def ran(text: str, folder: Path, server: Server, *arguments: str) -> None:
    """Starts aerc on a terminal, sends what it has composed, and ends it when the server has seen enough."""
    config = folder / ".config" / "aerc"
    config.mkdir(parents=True, exist_ok=True)
    (folder / "mail" / "INBOX" / "cur").mkdir(parents=True, exist_ok=True)
    (config / "accounts.conf").write_text(text.replace("PORT", str(server.port)))
    (config / "aerc.conf").write_text(SETTINGS)
    (folder / "aerc.sock").unlink(missing_ok=True)  # of the one that was ended before
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": str(folder), "TERM": "xterm-256color", "LANG": "C.UTF-8",
        "XDG_RUNTIME_DIR": str(folder), "SSL_CERT_FILE": str(server.ca), "SSL_CERT_DIR": "/nowhere",
    }  # fmt: skip
    terminal, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        ["setsid", "--ctty", "aerc", *arguments], env=environment, stdin=other, stdout=other, stderr=other
    )
    os.close(other)
    try:
        _drive(terminal, process, server, bool(arguments))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(terminal)


def _drive(terminal: int, process: subprocess.Popen[bytes], server: Server, sends: bool) -> None:
    begun, screen, sent, met = time.monotonic(), b"", False, 0.0
    while process.poll() is None and time.monotonic() - begun < (8 if sends else 5 + 3 * bool(met)):
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                screen = (screen + os.read(terminal, 65536))[-8000:]
            except OSError:
                return
        if b"[OK]" in screen:  # a notice
            os.write(terminal, b"\r")
            screen = b""
        if sends and not sent and b"Send this email" in screen:
            os.write(terminal, b"y")
            sent = True
        met = met or (time.monotonic() if server.sessions else 0.0)
        if any(session.used for session in server.sessions) or (met and time.monotonic() - met > 1.5):
            time.sleep(0.1)
            return


def declared(text: str) -> Fact:
    said = subprocess.run(["aerc", "-v"], capture_output=True, text=True, check=True).stdout
    path = "aerc/accounts.conf"
    facts = aerc.read(Memory({path: text.replace("PORT", "1143")}), (path,), Version(numbers(said), "aerc -v")).facts
    (fact,) = [fact for fact in facts if fact.kind == "connection"]
    return fact


def held_against(text: str, seen: dict[str, object]) -> None:
    fact = declared(text)
    assert {field: fact.values[field] for field in seen} == seen
    assert fact.values["broken"] is None


@pytest.mark.parametrize("name", IMAP)
def test_the_reader_says_how_aerc_reads_mail(name: str, tmp_path: Path) -> None:
    url, scenarios = IMAP[name]
    text = accounts(url)
    held_against(text, observed(tmp_path, "imap", lambda server: ran(text, tmp_path, server), scenarios))


@pytest.mark.parametrize("name", SMTP)
def test_the_reader_says_how_aerc_sends_mail(name: str, tmp_path: Path) -> None:
    url, scenarios = SMTP[name]
    text = accounts(f"maildir://{tmp_path}/mail", url)
    message = "mailto:bob@example.test?subject=test&body=hello"
    held_against(text, observed(tmp_path, "smtp", lambda server: ran(text, tmp_path, server, message), scenarios))


@pytest.mark.parametrize("url", REFUSED)
def test_what_aerc_refuses_is_broken(url: str, tmp_path: Path) -> None:
    text = accounts(url)
    with serving(tmp_path, "imap") as server:
        ran(text, tmp_path, server)
    assert not any(session.used or session.logins for session in server.sessions)
    assert declared(text).values["broken"]
