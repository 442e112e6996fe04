"""getmail itself against the reader: the same configuration, and servers that see what really crosses the wire."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mailpolicy.readers import getmail
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Version
from tests.real import scripted

pytestmark = pytest.mark.skipif(not shutil.which("getmail"), reason="getmail is not installed")

CONFIGS = {
    "pop3 in clear": ("SimplePOP3Retriever", ""),
    "apop": ("SimplePOP3Retriever", "use_apop = true"),
    "pop3 ssl": ("SimplePOP3SSLRetriever", ""),
    "pop3 ssl, ca": ("SimplePOP3SSLRetriever", "ca_certs = CA"),
    "imap in clear": ("SimpleIMAPRetriever", ""),
    "imap cram": ("SimpleIMAPRetriever", "use_cram_md5 = on"),
    "imap ssl, pinned": ("SimpleIMAPSSLRetriever", 'ssl_fingerprints = ("PIN",)'),
    "imap ssl, ca and pin": ("SimpleIMAPSSLRetriever", 'ca_certs = CA\nssl_fingerprints = ("PIN",)'),
}
REFUSED = {
    "unknown type": ("SimplePOP3TLSRetriever", ""),
    "pin without comma": ("SimplePOP3SSLRetriever", 'ssl_fingerprints = ("PIN")'),
    "certfile alone": ("SimplePOP3SSLRetriever", "certfile = CA"),
    "no ca file": ("SimplePOP3SSLRetriever", "ca_certs ="),
    "command is no tuple": ("SimplePOP3SSLRetriever", "password_command = pass show mail"),
    "twice": ("SimplePOP3SSLRetriever", "server = localhost"),
}


def config(kind: str, lines: str, port: int) -> str:
    password = "" if "password_command" in lines else "password = secret\n"
    return (
        f"[retriever]\ntype = {kind}\nserver = localhost\nport = {port}\nusername = alice\n{password}{lines}\n"
        "[destination]\ntype = MDA_external\npath = /bin/true\nallow_root_commands = true\n[options]\ndelete = true\n"
    )


def fetch(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "rc").mkdir(exist_ok=True)
    (folder / "rc" / "getmailrc").write_text(text)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}
    command = ["getmail", "--getmaildir", str(folder / "rc")]
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=25, check=False, stdin=subprocess.DEVNULL
    )


def declared(text: str) -> Fact:
    ran = subprocess.run(["getmail", "--version"], capture_output=True, text=True, check=True)
    version = Version(tuple(map(int, ran.stdout.split()[-1].split("."))), "getmail --version")
    facts = getmail.read(Memory({"getmailrc": text}), ("getmailrc",), version).facts
    (fact,) = (fact for fact in facts if fact.kind == "connection")
    return fact


@pytest.mark.parametrize("name", CONFIGS)
def test_the_reader_says_what_getmail_does(name: str, tmp_path: Path) -> None:
    kind, lines = CONFIGS[name]
    deleted = False

    def run(server: scripted.Server) -> None:
        nonlocal deleted
        filled = lines.replace("CA", str(server.ca)).replace("PIN", server.pins["sha256"])
        fetch(config(kind, filled, server.port), tmp_path)
        deleted |= any(session.deleted for session in server.sessions)

    protocol = "imap" if "IMAP" in kind else "pop3"
    seen = scripted.observed(tmp_path, protocol, run)
    fact = declared(config(kind, lines.replace("PIN", ":".join(["aa"] * 32)), 9999))
    assert {field: fact.values[field] for field in seen} == seen
    assert fact.values["broken"] is None
    if protocol == "pop3":
        assert fact.values["deletes_on_server"] is deleted


@pytest.mark.parametrize("name", REFUSED)
def test_what_getmail_refuses_is_broken(name: str, tmp_path: Path) -> None:
    kind, lines = REFUSED[name]
    with scripted.serving(tmp_path, "pop3") as server:
        filled = lines.replace("CA", str(server.ca)).replace("PIN", server.pins["sha256"])
        fetch(config(kind, filled, server.port), tmp_path)
        assert not any(session.logins for session in server.sessions)
    assert declared(config(kind, lines.replace("PIN", ":".join(["aa"] * 32)), 9999)).values["broken"]
