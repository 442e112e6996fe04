"""The reader against the real curl and scripted servers: what it does with a configuration is what the reader says.

Needs curl and openssl; nothing leaves the loopback interface.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mailpolicy.readers import curl
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Version
from tests.real.scripted import Server, observed, serving, sessions

pytestmark = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("openssl")), reason="curl or openssl is not installed"
)

SMTP = "mail-from = a@example.test\nmail-rcpt = b@example.test\nupload-file = MESSAGE\nurl = smtp://localhost:PORT\n"
IMAP = "url = imap://localhost:PORT/INBOX\nrequest = NOOP\n"
POP3 = "url = pop3://localhost:PORT/1\n"
LOGIN = "user = alice:hunter2\n"
CONFIGS = {
    "smtp": SMTP + LOGIN,
    "smtp, no login": SMTP,
    "smtp ssl": SMTP + LOGIN + "ssl\ncacert = CA\n",
    "smtp ssl = false": SMTP + LOGIN + "ssl = false\ncacert = CA\n",
    "smtp ssl-reqd": SMTP + LOGIN + "ssl-reqd\ncacert = CA\n",
    "smtp ftp-ssl-control": SMTP + LOGIN + "ftp-ssl-control\ncacert = CA\n",
    "smtps": SMTP.replace("smtp:", "smtps:") + LOGIN + "cacert = CA\n",
    "smtps insecure": SMTP.replace("smtp:", "smtps:") + LOGIN + "-k\n",
    "smtp digest alone": SMTP + LOGIN + "digest\n",
    "pop3 digest alone": POP3 + LOGIN + "digest\n",
    "smtp anyauth": SMTP + LOGIN + "anyauth\n",
    "imap ssl": IMAP + LOGIN + "ssl\ncacert = CA\n",
    "imap cram": IMAP + LOGIN + "login-options = AUTH=CRAM-MD5\n",
    "imap plain in the url": IMAP.replace("localhost", "alice;AUTH=PLAIN:hunter2@localhost"),
    "pop3": POP3 + LOGIN,
    "pop3 ssl-reqd insecure": POP3 + LOGIN + "ssl-reqd\ninsecure\n",
    "pop3 apop": POP3 + LOGIN + "login-options = AUTH=+APOP\n",
    "pop3s, negated": POP3.replace("pop3:", "pop3s:") + LOGIN + "insecure\nno-insecure\ncacert = CA\n",
    "a mistake before ssl-reqd": POP3 + LOGIN + "cacert = CA\nnonsense\nssl-reqd\n",
}


def run(folder: Path, text: str, server: Server) -> None:
    (folder / "message").write_text("Subject: test\n\nhello\n")
    filled = text.replace("PORT", str(server.port)).replace("CA\n", f"{server.ca}\n")
    (folder / ".curlrc").write_text(filled.replace("MESSAGE", str(folder / "message")))
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C"}
    command = ["curl", "-sS", "--max-time", "4"]
    subprocess.run(command, capture_output=True, env=environment, timeout=20, check=False)


def declared(text: str) -> Fact:
    words = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout.split()
    version = Version(tuple(map(int, words[1].split("."))), "curl --version")
    found = curl.read(Memory({".curlrc": text.replace("PORT", "2525")}), (".curlrc",), version)
    (fact,) = (fact for fact in found.facts if fact.kind == "connection")
    return fact


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("curl")
    with serving(path, "smtp"):
        return path


@pytest.mark.parametrize("name", CONFIGS)
def test_the_reader_says_what_curl_does(name: str, folder: Path) -> None:
    fact = declared(CONFIGS[name])
    seen = observed(folder, str(fact.values["protocol"]), lambda server: run(folder, CONFIGS[name], server))
    assert {field: fact.values[field] for field in seen} == seen
    assert fact.values["broken"] is None


@pytest.mark.parametrize("options", ["", "request = DELE\n", "request = DELE\nhead\n", "request = DELE\nlist-only\n"])
def test_what_it_deletes(options: str, folder: Path) -> None:
    text = POP3 + LOGIN + options
    seen = sessions(folder, "pop3", "honest", lambda server: run(folder, text, server))
    assert any(session.deleted for session in seen) == declared(text).values["deletes_on_server"]
