"""The reader against the real OfflineIMAP and a scripted IMAP server. Nothing leaves the loopback interface."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path

import pytest

from mailpolicy.readers import offlineimap
from mailpolicy.tree import Memory
from mailpolicy.types import Fact
from tests.real.scripted import Server, observed, serving

pytestmark = pytest.mark.skipif(
    not (shutil.which("offlineimap") and shutil.which("openssl")), reason="offlineimap or openssl is not installed"
)

HEAD = (
    "[general]\naccounts = A\nui = quiet\nmetadata = HERE/state\n[DEFAULT]\nuse = no\n"
    "[Account A]\nlocalrepository = L\nremoterepository = R\n"
    "[Repository L]\ntype = Maildir\nlocalfolders = HERE/mail\n"
    "[Repository R]\ntype = IMAP\nremotehost = localhost\nremoteport = PORT\nipv6 = no\n"
    "remoteuser = a\nremotepass = b\n"
)
TLS = ("honest", "stripped", "other", "selfsigned", "wrongname")
CLEAR = ("honest", "stripped", "challenge", "preauth", "selfsigned", "wrongname")
CONFIGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "ca": ("sslcacertfile = CA\n", TLS),
    "pinned": ("cert_fingerprint = SHA256\n", TLS),
    "pinned beside a ca": ("sslcacertfile = CA\ncert_fingerprint = SHA1\n", ("honest", "other")),
    "no ssl": ("ssl = no\nsslcacertfile = CA\n", CLEAR),
    "neither": ("ssl = %(use)s\nstarttls = %(use)s\n", ("honest", "stripped", "challenge", "preauth")),
    "cram-md5 alone": ("ssl = no\nauth_mechanisms = CRAM-MD5\n", ("honest", "challenge", "selfsigned", "wrongname")),
    "a tunnel goes before ssl": ("transporttunnel = nc localhost PORT\n", ("honest", "stripped")),
}
REFUSED = {
    "nothing to check with": "",
    "a word for a switch": "sslcacertfile = CA\nssl = maybe\n",
    "an inline comment": "sslcacertfile = CA\nssl = no ; not yet\n",
    "twice": "sslcacertfile = CA\nremoteuser = b\n",
    "unknown mechanism": "sslcacertfile = CA\nauth_mechanisms = plain\n",
    "a percent sign": "sslcacertfile = CA\nidentity = %\nauth_mechanisms = PLAIN%\n",
    "a level without a version": "sslcacertfile = CA\ntls_level = tls_secure\n",
    "two tunnels": "preauthtunnel = false\ntransporttunnel = false\n",
}


def filled(text: str, folder: Path, server: Server) -> str:
    text = (HEAD + text).replace("HERE", str(folder)).replace("PORT", str(server.port))
    text = text.replace("CA\n", f"{server.ca}\n")
    return text.replace("SHA256", server.pins["sha256"]).replace("SHA1", server.pins["sha1"])


def ran(text: str, folder: Path, server: Server) -> None:
    """Runs it once, and again where it lost the race between its threads that imaplib2 has at STARTTLS."""
    config = folder / "offlineimaprc"
    config.write_text(filled(text, folder, server))
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}
    command = ["offlineimap", "-o", "-c", str(config)]
    for _ in range(4):
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, env=environment, timeout=15, stdin=subprocess.DEVNULL)
        if any(session.went_on for session in server.sessions) or not any(session.asked for session in server.sessions):
            return


def declared(text: str, folder: Path) -> Fact:
    with serving(folder, "imap") as server:
        text = filled(text, folder, server)
    facts = offlineimap.read(Memory({".offlineimaprc": text}), (".offlineimaprc",), None).facts
    (fact,) = [fact for fact in facts if fact.kind == "connection"]
    return fact


@pytest.mark.parametrize("name", CONFIGS)
def test_the_reader_says_what_offlineimap_does(name: str, tmp_path: Path) -> None:
    text, scenarios = CONFIGS[name]
    seen = observed(tmp_path, "imap", lambda server: ran(text, tmp_path, server), scenarios)
    fact = declared(text, tmp_path)
    assert {field: fact.values[field] for field in seen} == seen
    assert fact.values["broken"] is None


@pytest.mark.parametrize("name", REFUSED)
def test_what_offlineimap_refuses_is_broken(name: str, tmp_path: Path) -> None:
    with serving(tmp_path, "imap") as server:
        ran(REFUSED[name], tmp_path, server)
    assert not any(session.used for session in server.sessions)
    assert declared(REFUSED[name], tmp_path).values["broken"]
