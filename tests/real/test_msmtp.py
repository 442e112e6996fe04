"""The reader against the real msmtp and a scripted SMTP server: what it does with a config is what the reader says.

Needs msmtp and openssl; nothing leaves the loopback interface.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mailpolicy.readers import msmtp
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Version
from tests.real.scripted import Server, observed, serving

pytestmark = pytest.mark.skipif(
    not (shutil.which("msmtp") and shutil.which("openssl")), reason="msmtp or openssl is not installed"
)

MESSAGE = "From: alice@example.test\nTo: bob@example.test\nSubject: test\n\nhello\n"
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


def filled(text: str, server: Server) -> str:
    pin = server.pins["sha256"]
    return text.replace("PORT", str(server.port)).replace("PIN", pin).replace("CA\n", f"{server.ca}\n")


def send(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    config = folder / "msmtprc"
    config.write_text(text)
    config.chmod(0o600)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C"}
    command = ["msmtp", "-C", str(config), "bob@example.test"]
    return subprocess.run(command, input=MESSAGE, capture_output=True, text=True, env=environment, timeout=20)


def declared(text: str) -> list[Fact]:
    words = subprocess.run(["msmtp", "--version"], capture_output=True, text=True, check=True).stdout.split()
    version = Version(tuple(map(int, words[2].split("."))), "msmtp --version")
    facts = msmtp.read(Memory({"msmtprc": text}), ("msmtprc",), version).facts
    return [fact for fact in facts if fact.kind == "connection"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("msmtp")


@pytest.mark.parametrize("name", CONFIGS)
def test_the_reader_says_what_msmtp_does(name: str, folder: Path) -> None:
    with serving(folder, "smtp") as server:
        text = filled(CONFIGS[name], server)
    (fact,) = (fact for fact in declared(text) if fact.values["account"] == "default")
    seen = observed(folder, "smtp", lambda server: send(filled(CONFIGS[name], server), folder))
    assert {field: fact.values[field] for field in seen} == seen
    assert fact.values["broken"] is None


@pytest.mark.parametrize("name", REFUSED)
def test_what_msmtp_refuses_is_broken(name: str, folder: Path) -> None:
    text = REFUSED[name].replace("PORT", "9")
    ran = send(text, folder)
    assert ran.returncode == 78, ran.stderr
    assert all(fact.values["broken"] for fact in declared(text))
