"""The reader of git's configuration against the real git send-email and a scripted SMTP server.

git-send-email and its Perl modules come unpacked from Debian's packages; the git that runs them is the installed one.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mailpolicy.readers import git
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Version
from tests.real import daemons
from tests.real.scripted import SCENARIOS, Server, observed, serving

PATCH = """\
From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
From: Alice <alice@example.test>
Date: Thu, 1 Jan 2026 00:00:00 +0000
Subject: [PATCH] test

---
"""
HEAD = "[user]\n\tname = Alice\n\temail = alice@example.test\n"
BASE = f"{HEAD}[sendemail]\n\tsmtpserver = localhost\n\tsmtpserverport = 2525\n"
LOGIN = "\tsmtpuser = alice\n\tsmtppass = secret\n"
CONFIGS = {
    "nothing": BASE,
    "login": BASE + LOGIN,
    "tls": f"{BASE}{LOGIN}\tsmtpencryption = tls\n",
    "ssl": f"{BASE}{LOGIN}\tsmtpencryption = ssl\n",
    "upper case is another word": f"{BASE}{LOGIN}\tsmtpencryption = TLS\n",
    "no check": f"{BASE}{LOGIN}\tsmtpencryption = ssl\n\tsmtpsslcertpath = \"\"\n",
    "an authority": f"{BASE}{LOGIN}\tsmtpencryption = tls\n\tsmtpsslcertpath = CA\n",
    "no login": f"{BASE}{LOGIN}\tsmtpauth = none\n",
    "cram-md5 in clear": f"{BASE}{LOGIN}\tsmtpauth = CRAM-MD5 PLAIN\n",
    "plain in clear": f"{BASE}{LOGIN}\tsmtpauth = PLAIN LOGIN\n",
    "the last of two": f"{BASE}{LOGIN}\tsmtpencryption = tls\n[SendEmail]\n\tSMTPEncryption = ssl\n",
    "quotes and a comment": f"{BASE}{LOGIN}\tsmtpencryption = \"t\"ls ; for now\n",
    "a value over two lines": f"{BASE}{LOGIN}\tsmtpencryption = t\\\nls\n",
    "on the header's line": f"{BASE}{LOGIN}[sendemail] smtpencryption = tls\n",
    "a port behind the host": f"{HEAD}[sendemail]\n\tsmtpserver = localhost:2525\n\tsmtpserverport = 9\n{LOGIN}",
    "an identity": f"{BASE}{LOGIN}\tidentity = work\n[sendemail \"work\"]\n\tsmtpencryption = tls\n",
    "an identity's section comes first": f"{HEAD}[sendemail]\n\tidentity = work\n[sendemail \"work\"]\n"
    f"\tsmtpencryption = tls\n\tsmtpserver = localhost\n\tsmtpserverport = 2525\n"
    f"[sendemail]\n\tsmtpencryption = none\n{LOGIN}",
    "without a value it is not set": f"{BASE}{LOGIN}\tsmtpencryption = tls\n\tsmtpencryption\n",
}  # fmt: skip
REFUSED = {
    "mechanism in lower case": f"{BASE}{LOGIN}\tsmtpauth = plain\n",
    "a bad line": f"{BASE}{LOGIN}\tsmtp_pass = x\n",
    "a quote that is not closed": f'{BASE}{LOGIN}\tsmtpdomain = "x\n',
    "an unknown escape": f"{BASE}{LOGIN}\tsmtpdomain = \\x\n",
}
PACKAGES = (
    "git-email",
    "libmailtools-perl",
    "libtimedate-perl",
    "libio-socket-ssl-perl",
    "libnet-ssleay-perl",
    "libauthen-sasl-perl",
    "libdigest-hmac-perl",
)

pytestmark = pytest.mark.skipif(
    not (shutil.which("git") and shutil.which("perl") and shutil.which("openssl")), reason="git or Perl is missing"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("git")
    (path / "root").mkdir()
    daemons.unpack(PACKAGES, path / "root")
    (path / "0001-test.patch").write_text(PATCH)
    return path


def filled(text: str, server: Server) -> str:
    return text.replace("2525", str(server.port)).replace("CA\n", f"{server.ca}\n")


def send(text: str, server: Server, folder: Path) -> str:
    (folder / ".gitconfig").write_text(filled(text, server))
    modules = [*folder.glob("root/usr/share/perl5"), *folder.glob("root/usr/lib/*/perl5/*")]
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": str(folder), "PERL5LIB": ":".join(map(str, modules)), "LANG": "C",
        "GITPERLLIB": str(folder / "root/usr/share/perl5"), "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1",
        "SSL_CERT_FILE": str(server.ca),
    }  # fmt: skip
    command = ["perl", str(folder / "root/usr/lib/git-core/git-send-email"), "--to=bob@example.test",
               "--confirm=never", "0001-test.patch"]  # fmt: skip
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env=environment, timeout=30, check=False).stderr  # fmt: skip


def declared(text: str) -> Fact:
    found = git.read(Memory({".gitconfig": text}), (".gitconfig",), Version((2, 39, 5), "Debian 12"))
    facts = {str(fact.values["account"]): fact for fact in found.facts if fact.kind == "connection"}
    return facts.get("work") or facts["default"]


@pytest.mark.parametrize("name", CONFIGS)
def test_the_reader_says_what_git_send_email_does(name: str, folder: Path) -> None:
    fact = declared(CONFIGS[name])
    scenarios = SCENARIOS if fact.values["tls"] != "none" else SCENARIOS[:3]
    seen = observed(folder, "smtp", lambda server: send(CONFIGS[name], server, folder), scenarios)
    assert {field: fact.values[field] for field in seen} == seen
    assert (fact.values["host"], fact.values["port"], fact.values["broken"]) == ("localhost", 2525, None)


@pytest.mark.parametrize("name", REFUSED)
def test_what_it_refuses_is_broken(name: str, folder: Path) -> None:
    with serving(folder, "smtp") as server:
        assert send(REFUSED[name], server, folder)
    assert not any(session.went_on for session in server.sessions)
    assert declared(REFUSED[name]).values["broken"]
