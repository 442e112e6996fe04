"""mbsync itself against the reader: the same configuration, and servers that see what really crosses the wire."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mailpolicy.readers import mbsync
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Version
from tests.real import scripted

pytestmark = pytest.mark.skipif(not shutil.which("mbsync"), reason="mbsync is not installed")

HOST = "Host localhost\nPort PORT\nUser alice\nPass secret\n"
CHANNEL = "\nMaildirStore local\nPath MAIL/\nInbox MAIL/inbox\n\nChannel c\nFar :remote:\nNear :local:\n"
REMOTE = f"\nIMAPStore remote\nAccount work\n{CHANNEL}"
TLS = "UseTLSv1.1 yes\nUseTLSv1.2 yes\nUseTLSv1.3 yes\nCertificateFile CA\n"
CONFIGS = {
    "case and quotes": f'imapaccount work\n{HOST}ssltype "starttls" # so\ncertificatefile CA\n{REMOTE}',
    "imaps": f"IMAPAccount work\n{HOST}SSLType IMAPS\nCertificateFile CA\n{REMOTE}",
    "none, any login": f"IMAPAccount work\n{HOST}SSLType None\n{REMOTE}",
    "none, CRAM-MD5": f"IMAPAccount work\n{HOST}SSLType None\nAuthMechs CRAM-MD5\n{REMOTE}",
    "inside of the store": f"IMAPStore remote\n{HOST}SSLType None\nAuthMechs LOGIN\n{CHANNEL}",
}
OLD = {
    "RequireSSL no": f"IMAPAccount work\n{HOST}RequireSSL no\n{TLS}{REMOTE}",
    "no SSL at all": f"IMAPAccount work\n{HOST}RequireSSL no\nUseTLSv1 no\n{REMOTE}",
    "imaps: URL": f"IMAPAccount work\n{HOST.replace('localhost', 'imaps:localhost')}CertificateFile CA\n{REMOTE}",
}
"""The words of before 1.2, which 1.5 refuses."""
REFUSED = {
    "no empty line": f"IMAPAccount work\n{HOST}IMAPStore remote\nAccount work\n{CHANNEL}",
    "empty line in a section": f"IMAPAccount work\nHost localhost\n\nPort PORT\n{REMOTE}",
    "unknown account": f"IMAPAccount other\n{HOST}{REMOTE}",
    "account and settings": f"IMAPAccount work\n{HOST}\nIMAPStore remote\nAccount work\nPort PORT\n{CHANNEL}",
    "two passwords": f"IMAPAccount work\n{HOST}PassCmd x\n{REMOTE}",
    "bad word": f"IMAPAccount work\n{HOST}SSLType SSL\n{REMOTE}",
    "two arguments": f"IMAPAccount work\n{HOST}SSLType None IMAPS\n{REMOTE}",
    "open quote": f'IMAPAccount work\n{HOST}SSLType "None\n{REMOTE}',
    "global after sections": f"IMAPAccount work\n{HOST}{REMOTE}\nSyncState *\n",
    "unknown store": f"IMAPAccount work\n{HOST}{REMOTE.replace('IMAPStore remote', 'IMAPStore other')}",
    "long line": f"IMAPAccount work\n{HOST}# {'x' * 1100}\n{REMOTE}",
    "bad channel keyword": f"IMAPAccount work\n{HOST}{REMOTE}Host x\n",
}


def version() -> Version:
    said = subprocess.run(["mbsync", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    return Version(tuple(map(int, said.split("."))), "mbsync --version")


NEW = bool(shutil.which("mbsync")) and version().numbers >= (1, 5)
if NEW:
    REFUSED |= {name: text for name, text in OLD.items() if name != "imaps: URL"}
else:
    CONFIGS |= OLD


def sync(text: str, folder: Path, server: scripted.Server) -> subprocess.CompletedProcess[str]:
    mail = folder / "mail"
    shutil.rmtree(mail, ignore_errors=True)
    for part in ("cur", "new", "tmp"):
        (mail / "inbox" / part).mkdir(parents=True)
    config = folder / "mbsyncrc"
    text = text.replace("PORT", str(server.port)).replace("MAIL", str(mail)).replace("CA\n", f"{server.ca}\n")
    config.write_text(text)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C"}
    command = ["mbsync", "-c", str(config), "c"]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=25, check=False)


def declared(text: str) -> Fact:
    facts = mbsync.read(Memory({".mbsyncrc": text.replace("PORT", "9999")}), (".mbsyncrc",), version()).facts
    (fact,) = (fact for fact in facts if fact.kind == "connection")
    return fact


@pytest.mark.parametrize("name", CONFIGS)
def test_the_reader_says_what_mbsync_does(name: str, tmp_path: Path) -> None:
    text = CONFIGS[name]
    fact = declared(text)
    certificates = () if fact.values["tls"] == "none" else ("other", "selfsigned", "wrongname")
    scenarios = ("honest", *scripted.IN_CLEAR, "preauth", *certificates)
    seen = scripted.observed(tmp_path, "imap", lambda server: sync(text, tmp_path, server), scenarios)
    assert {field: fact.values[field] for field in seen} == seen
    assert fact.values["broken"] is None


@pytest.mark.parametrize("name", REFUSED)
def test_what_mbsync_refuses_is_broken(name: str, tmp_path: Path) -> None:
    with scripted.serving(tmp_path, "imap") as server:
        ran = sync(REFUSED[name], tmp_path, server)
        assert ran.returncode == 1, ran.stderr
        assert not server.sessions
    assert "mbsync refuses the file" in str(declared(REFUSED[name]).values["broken"])
