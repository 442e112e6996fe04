"""The reader against the real swaks and a scripted server: what it does with its options is what the reader says.

Needs swaks with Net::SSLeay, and openssl; nothing leaves the loopback interface.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mailpolicy.readers import swaks
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Inventory, Version
from tests.real.scripted import Server, observed

pytestmark = pytest.mark.skipif(
    not (shutil.which("swaks") and shutil.which("openssl")), reason="swaks or openssl is not installed"
)

HEAD = "--server localhost:PORT\n--from a@example.test\n--to b@example.test\n--timeout 4\n"
LOGIN = HEAD + "--auth-user alice\n--auth-password hunter2\n"
CONFIGS = {
    "in clear": LOGIN + "--auth PLAIN\n",
    "no login": HEAD,
    "cram": LOGIN + "--auth CRAM-MD5\n",
    "tls": LOGIN + "--tls\n--auth LOGIN\n",
    "tls, abbreviated options": LOGIN + "-tls-on\n--auth LOGIN\n",
    "tls-optional": LOGIN + "-tlso\n--auth PLAIN\n",
    "tls-optional-strict": LOGIN + "--tls-optional-strict\n--auth PLAIN\n",
    "tls and tls-optional": LOGIN + "--tls\n--tls-optional\n--auth PLAIN\n",
    "tls taken back": LOGIN + "--tls\n--no-tls\n--auth PLAIN\n",
    "protocol": LOGIN + "--protocol ESMTPSA\n--auth PLAIN\n",
    "tls-verify": LOGIN + "--tls\n--tls-verify\n--tls-ca-path CA\n--auth PLAIN\n",
}
REFUSED = {
    "an empty line": HEAD + "\n--tls\n",
    "a blank first": HEAD + " --tls\n",
    "an argument too many": HEAD + "--pipeline yes\n",
    "an unknown option": HEAD + "--starttls\n",
    "an ambiguous one": HEAD + "--tls-o\n",
    "a comment that is none": HEAD + " # tls\n",
}


def start(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / ".swaksrc").write_text(text)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C"}
    return subprocess.run(
        ["swaks", *options], capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, timeout=20,
        check=False,
    )  # fmt: skip


def read(text: str) -> Inventory:
    words = subprocess.run(["swaks", "--version"], capture_output=True, text=True, check=True).stdout.split()
    version = Version(tuple(map(int, words[2].split("."))), "swaks --version")
    return swaks.read(Memory({".swaksrc": text.replace("PORT", "2525")}), (".swaksrc",), version)


def declared(text: str) -> Fact:
    (fact,) = (fact for fact in read(text).facts if fact.kind == "connection")
    return fact


@pytest.mark.parametrize("name", CONFIGS)
def test_the_reader_says_what_swaks_does(name: str, tmp_path: Path) -> None:
    text = CONFIGS[name]

    def run(server: Server) -> None:
        start(tmp_path, text.replace("PORT", str(server.port)).replace("CA\n", f"{server.ca}\n"))

    fact = declared(text)
    seen = observed(tmp_path, "smtp", run)
    assert {field: fact.values[field] for field in seen} == seen
    assert fact.values["broken"] is None


@pytest.mark.parametrize("name", REFUSED)
def test_what_swaks_refuses_is_broken(name: str, tmp_path: Path) -> None:
    text = REFUSED[name]
    assert start(tmp_path, text.replace("PORT", "9"), "--dump").returncode == 1
    assert read(text).unread
    assert declared(text).values["broken"]


def test_an_empty_line_at_the_end_is_taken(tmp_path: Path) -> None:
    text = HEAD + "\n"
    assert start(tmp_path, text.replace("PORT", "9"), "--dump").returncode == 0
    assert declared(text).values["broken"] is None
