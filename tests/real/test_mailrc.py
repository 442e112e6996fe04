"""The reader of a mailrc against the real s-nail and scripted servers. s-nail comes unpacked from its package."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mailpolicy.readers import mailrc
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Version
from tests.real import daemons
from tests.real.scripted import SCENARIOS, Server, observed, serving

FROM = "set from=alice@example.test\n"
NEW = f"set v15-compat=yes\n{FROM}"
MTA = "set mta=smtp://alice:secret@localhost:2525\n"
SENDS = {
    "a bare URL": f"{NEW}{MTA}",
    "starttls": f"{NEW}{MTA}set smtp-use-starttls\n",
    "any value sets it": f"{NEW}{MTA}set smtp-use-starttls=no\n",
    "no takes it back": f"{NEW}{MTA}set smtp-use-starttls\nset nosmtp-use-starttls\n",
    "unset takes it back": f"{NEW}{MTA}set smtp-use-starttls; unset smtp-use-starttls\n",
    "smtps": f"{NEW}set mta=smtps://alice:secret@localhost:2525\n",
    "submissions": f"{NEW}set mta=submissions://localhost:2525 user=alice password=secret\n",
    "cram-md5": f"{NEW}{MTA}set smtp-auth=cram-md5\n",
    "no login": f"{NEW}{MTA}set smtp-auth=none\n",
    "a chain by user and server": f"{NEW}{MTA}set smtp-use-starttls-alice@localhost:2525\n",
    "a chain by server": f"{NEW}{MTA}set smtp-auth-localhost:2525=login smtp-use-starttls-localhost:2525\n",
    "a chain without the port is another one": f"{NEW}{MTA}set smtp-use-starttls-localhost\n",
    "no check": f"{NEW}{MTA}set smtp-use-starttls tls-verify=ignore\n",
    "a warning": f"{NEW}{MTA}set smtp-use-starttls ssl-verify=WARN\n",
    "an unknown word asks": f"{NEW}{MTA}set smtp-use-starttls tls-verify=none\n",
    "the newer name wins": f"{NEW}{MTA}set smtp-use-starttls tls-verify=strict ssl-verify=ignore\n",
    "a pin": f"{NEW}{MTA}set smtp-use-starttls tls-fingerprint-digest=sha256 tls-fingerprint=PIN\n",
    "a pin, and no check": f"{NEW}{MTA}set smtp-use-starttls tls-verify=warn tls-fingerprint=PIN\n"
    "set tls-fingerprint-digest=sha256\n",
    "old variables": f"{FROM}set smtp=localhost:2525\nset smtp-use-starttls ssl-verify=strict\n"
    "set smtp-auth=login smtp-auth-user=alice smtp-auth-password=secret\n",
    "old variables without smtp-auth": f"{FROM}set smtp=smtp://localhost:2525 smtp-auth-user=alice\n"
    "set smtp-auth-password=secret\n",
    "old variables of a sender": f"{FROM}set mta=smtp://localhost:2525 smtp-auth=none\n"
    "set smtp-auth-alice@example.test=plain smtp-auth-user=alice smtp-auth-password-alice@example.test='se cret'\n",
    "v15-compat without a value": f"set v15-compat\n{FROM}{MTA}set smtp-auth=\"login\"\n",
    "quotes of a shell": f"{NEW}set \"mta=smtp://alice:secret@localhost:2525\" smtp-auth=$'login'\n",
    "a variable": f"{NEW}set where=localhost\nset mta=\"smtp://alice:secret@${{where}}:2525\" smtp-use-starttls\n",
    "joined lines": f"{NEW}set mta=smtp://alice:secret@localhost:2525 \\\n\tsmtp-use-starttls # yes\n",
    "a macro": f"{NEW}{MTA}define x {{\n set smtp-use-starttls\n}}\ncall x\n",
    "an account that is chosen": f"{NEW}account x {{\n {MTA} set smtp-use-starttls\n}}\naccount x\n",
    "a file that is read": f"{NEW}{MTA}source other.rc\n",
}  # fmt: skip
READS = {
    "imap": ("imap", f"{NEW}set inbox=imap://alice:secret@localhost:2525\n"),
    "imap with starttls": ("imap", f"{NEW}set inbox=imap://alice:secret@localhost:2525 imap-use-starttls\n"),
    "imap with cram-md5": ("imap", f"{NEW}set inbox=imap://alice:secret@localhost:2525 imap-auth=cram-md5\n"),
    "imaps": ("imap", f"{NEW}set inbox=imaps://localhost:2525 user=alice password=secret\n"),
    "pop3": ("pop3", f"{NEW}set inbox=pop3://alice:secret@localhost:2525\n"),
    "pop3 with stls": ("pop3", f"{NEW}set inbox=pop3://alice:secret@localhost:2525 pop3-use-starttls\n"),
    "pop3s, not checked": ("pop3", f"{NEW}set inbox=pop3s://alice:secret@localhost:2525 tls-verify=ignore\n"),
}
REFUSED = {
    "a user without v15-compat": f"{FROM}{MTA}",
    "a user that is not encoded": f"{NEW}set mta=smtp://alice@example.test:secret@localhost:2525\n",
    "lower case in an escape": f"{NEW}set mta=smtp://alice%2bx:secret@localhost:2525\n",
    "a path": f"{NEW}set mta=smtp://alice:secret@localhost:2525/x\n",
    "an unknown method": f"{NEW}{MTA}set smtp-auth=digest-md5\n",
    "a token in clear": f"{NEW}{MTA}set smtp-auth=oauthbearer\n",
}

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mailrc")
    (path / "root").mkdir()
    daemons.unpack(["s-nail"], path / "root")
    (path / "other.rc").write_text("set smtp-use-starttls\n")
    return path


def run(text: str, server: Server, folder: Path, *arguments: str) -> None:
    own = text.replace("2525", str(server.port)).replace("PIN", server.pins["sha256"])
    (folder / ".mailrc").write_text(own)
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C", "SSL_CERT_FILE": str(server.ca),
        "MAILRC": str(folder / ".mailrc"),  # root's home is looked up elsewhere
    }  # fmt: skip
    command = [str(folder / "root/usr/bin/s-nail"), "-:u", "-Snosave", *arguments]
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=environment, start_new_session=True, text=True,
    ) as process:  # fmt: skip
        try:
            process.communicate("hello\n", 4)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)


def send(text: str, server: Server, folder: Path) -> None:
    run(text, server, folder, "-Ssendwait", "-s", "test", "bob@example.test")


def look(text: str, server: Server, folder: Path) -> None:
    run(text, server, folder, "-Y", "type 1", "-Y", "exit")


def declared(text: str) -> Fact:
    files = {".mailrc": text.replace("PIN", "aa"), "other.rc": "set smtp-use-starttls\n"}
    found = mailrc.read(Memory(files), (".mailrc",), Version((14, 9, 24), "Debian 12"))
    facts = [fact for fact in found.facts if fact.kind == "connection"]
    assert not found.unread
    return facts[0]


@pytest.mark.parametrize("name", SENDS)
def test_the_way_out(name: str, folder: Path) -> None:
    fact = declared(SENDS[name])
    scenarios = SCENARIOS if fact.values["tls"] != "none" else SCENARIOS[:3]
    seen = observed(folder, "smtp", lambda server: send(SENDS[name], server, folder), scenarios)
    assert {field: fact.values[field] for field in seen} == seen
    assert (fact.values["host"], fact.values["port"], fact.values["broken"]) == ("localhost", 2525, None)


@pytest.mark.parametrize("name", READS)
def test_mailboxes(name: str, folder: Path) -> None:
    protocol, text = READS[name]
    fact = declared(text)
    scenarios = SCENARIOS if fact.values["tls"] != "none" else SCENARIOS[:3]
    seen = observed(folder, protocol, lambda server: look(text, server, folder), scenarios)
    assert {field: fact.values[field] for field in seen} == seen
    assert fact.values["protocol"] == protocol


@pytest.mark.parametrize("name", REFUSED)
def test_what_it_refuses_is_broken(name: str, folder: Path) -> None:
    with serving(folder, "smtp") as server:
        send(REFUSED[name], server, folder)
    assert not any(session.went_on for session in server.sessions)
    assert declared(REFUSED[name]).values["broken"]
