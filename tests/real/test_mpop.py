"""mpop itself against the reader: the same configuration, and servers that see what really crosses the wire."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mailpolicy.readers import mpop
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Version
from tests.real import scripted

pytestmark = pytest.mark.skipif(not shutil.which("mpop"), reason="mpop is not installed")

ALL = "host localhost\nport PORT\nuser alice\npassword secret\ndelivery mbox MBOX\n"
CONFIGS = {
    "implicit": f"account default\n{ALL}tls on\ntls_starttls off\ntls_trust_file CA\nkeep on\n",
    "stls": f"account default\n{ALL}tls on\ntls_trust_file CA\n",
    "no check": f"account default\n{ALL}tls on\ntls_certcheck off\n",
    "pinned": f"account default\n{ALL}tls on\ntls_fingerprint PIN\n",
    "user in clear": f"account default\n{ALL}auth user\n",
    "apop": f"account default\n{ALL}auth apop\nkeep off\n",
    "inherited": f"defaults\ntls on\ntls_trust_file CA\naccount a\n{ALL}keep off\naccount default : a\nkeep on\n",
}
REFUSED = {
    "command before a section": f"{ALL}account default\n",
    "auth off": f"account default\n{ALL}auth off\n",
    "unknown command": f"account default\n{ALL}protocol pop3\n",
    "no delivery": "account default\nhost localhost\nport PORT\nuser alice\npassword secret\n",
    "no trust": f"account default\n{ALL}tls on\ntls_trust_file\n",
    "keep for a time": f"account default\n{ALL}keep 7d\n",
}


def filled(text: str, folder: Path, server: scripted.Server) -> str:
    text = text.replace("PORT", str(server.port)).replace("MBOX", str(folder / "mbox"))
    return text.replace("PIN", server.pins["sha256"]).replace("CA\n", f"{server.ca}\n")


def fetch(text: str, folder: Path, server: scripted.Server) -> subprocess.CompletedProcess[str]:
    config = folder / "mpoprc"
    config.write_text(filled(text, folder, server))
    config.chmod(0o600)
    shutil.rmtree(folder / "uidls", ignore_errors=True)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C"}
    command = ["mpop", "-C", str(config), f"--uidls-file={folder / 'uidls'}"]
    (folder / "uidls").unlink(missing_ok=True)
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=20, check=False)


def declared(text: str) -> list[Fact]:
    words = subprocess.run(["mpop", "--version"], capture_output=True, text=True, check=True).stdout.split()
    version = Version(tuple(map(int, words[2].split("."))), "mpop --version")
    facts = mpop.read(Memory({".mpoprc": text}), (".mpoprc",), version).facts
    return [fact for fact in facts if fact.kind == "connection" and fact.values["account"] == "default"]


@pytest.mark.parametrize("name", CONFIGS)
def test_the_reader_says_what_mpop_does(name: str, tmp_path: Path) -> None:
    deleted = False

    def run(server: scripted.Server) -> None:
        nonlocal deleted
        fetch(CONFIGS[name], tmp_path, server)
        deleted |= any(session.deleted for session in server.sessions)

    seen = scripted.observed(tmp_path, "pop3", run)
    text = CONFIGS[name].replace("PORT", "9999").replace("PIN", ":".join(["aa"] * 32))
    (fact,) = declared(text)
    assert {field: fact.values[field] for field in seen} == seen
    assert fact.values["deletes_on_server"] is deleted
    assert fact.values["broken"] is None


def test_without_tls_mpop_chooses_no_login_that_shows_the_password(tmp_path: Path) -> None:
    """It rather fails, with every server that has no SCRAM."""

    def run(server: scripted.Server) -> None:
        assert "secure authentication" in fetch(f"account default\n{ALL}", tmp_path, server).stderr

    for scenario in ("honest", "stripped", "challenge"):
        sessions = scripted.sessions(tmp_path, "pop3", scenario, run)
        assert not any(session.logins for session in sessions)
    (fact,) = declared(f"account default\n{ALL.replace('PORT', '110')}")
    assert fact.values["cleartext_credentials"] is False


@pytest.mark.parametrize("name", REFUSED)
def test_what_mpop_refuses_is_broken(name: str, tmp_path: Path) -> None:
    with scripted.serving(tmp_path, "pop3") as server:
        ran = fetch(REFUSED[name], tmp_path, server)
        assert ran.returncode == 78, ran.stderr
        assert not server.sessions
    facts = declared(REFUSED[name].replace("PORT", "9999"))
    assert facts and all(fact.values["broken"] for fact in facts)
