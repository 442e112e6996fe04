"""The reader against the real fetchmail: its parser's own dump, and what it does with scripted servers.

Needs fetchmail and openssl; nothing leaves the loopback interface.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from mailpolicy.readers import fetchmail
from mailpolicy.tree import Memory
from mailpolicy.types import Inventory, Version
from tests.real.scripted import Server, observed, serving, sessions

pytestmark = pytest.mark.skipif(
    not (shutil.which("fetchmail") and shutil.which("openssl")), reason="fetchmail or openssl is not installed"
)

POP3 = "poll localhost proto pop3 port PORT USER"
IMAP = "poll localhost proto imap port PORT USER"
CONFIGS = {
    "pop3": f"{POP3} sslcertfile CA keep",
    "imap": f"{IMAP} sslcertfile CA keep",
    "pop3 ssl": f"{POP3} ssl sslcertfile CA keep",
    "imap ssl, sslproto empty": f"{IMAP} ssl sslproto '' sslcertfile CA keep",
    "pop3 sslproto empty": f"{POP3} sslproto '' keep",
    "imap sslproto empty": f"{IMAP} sslproto '' keep",
    "pop3 no sslcertck": f"{POP3} no sslcertck keep",
    "imap no sslcertck": f"{IMAP} no sslcertck keep",
    "pop3 no sslcertck, sslproto given": f"{POP3} no sslcertck sslproto 'auto' keep",
    "pop3 pinned": f"{POP3} no sslcertck sslfingerprint 'PIN' keep",
    "pop3 pinned and checked": f"{POP3} ssl sslfingerprint 'PIN' sslcertfile CA keep",
    "cram-md5": "poll localhost proto pop3 port PORT auth cram-md5 USER sslproto '' keep",
    "auth password": "poll localhost proto imap port PORT auth password USER sslproto '' keep",
    "apop": "poll localhost proto apop port PORT USER keep",
    "external": "poll localhost proto imap port PORT auth otp USER sslproto '' keep",
    "defaults": "defaults proto pop3 ssl\npoll localhost port PORT USER no ssl no sslcertck keep",
    "plugin": "poll localhost proto imap port PORT plugin 'openssl s_client -quiet -verify_quiet -connect %h:%p' USER "
    "sslproto '' keep",
}
WORDS = (
    "poll skip server defaults set user username pass password is here there to = : ; , with and options no ssl "
    "nossl keep nokeep fetchall sslcertck nosslcertck sslproto proto protocol pop3 POP3 Pop3 imap apop kpop auth "
    "cram-md5 external ssh any ntlm port 99 service 995 via alice bob host.example a=b a;b 'q'z \"q\"z #c\n # \n \\\n "
    "folder INBOX smtphost localhost daemon logfile syslog uidl flush envelope 3 lmtp mda antispam 571 pre aka "
    "localdomains idle sslfingerprint -5 bad-header accept local smtp esmtppassword timeout plugin limit dns nodns "
    "nouidl \\x41 \"a\\\nb\" 'x y' preauth"
)
BEGINNINGS = (
    "poll h proto pop3 user alice pass x", "poll h", "defaults proto imap", "poll h user a is b here", "skip h user a",
    "set daemon 3", "poll h proto imap auth cram port 99 user a pass",
)  # fmt: skip


def version() -> Version:
    words = subprocess.run(["fetchmail", "-V"], capture_output=True, text=True, check=False).stdout.split()
    numbers = words[words.index("release") + 1].split("+")[0]
    return Version(tuple(map(int, numbers.split("."))), "fetchmail -V")


def read(text: str) -> Inventory:
    return fetchmail.read(Memory({".fetchmailrc": text}), (".fetchmailrc",), version())


def start(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    config = folder / "fetchmailrc"
    config.write_text(text)
    config.chmod(0o600)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "USER": "root", "LANG": "C"}
    command = ["fetchmail", "-f", str(config), *options]
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, timeout=20, check=False
    )


def poll(folder: Path, text: str, server: Server) -> None:
    filled = text.replace("PORT", str(server.port)).replace("PIN", server.pins["md5"]).replace("CA", str(server.ca))
    start(folder, filled.replace("USER", "user alice pass hunter2") + "\n", "-d0", "--mda", "/bin/cat")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fetchmail")


@pytest.mark.parametrize("name", CONFIGS)
def test_the_reader_says_what_fetchmail_does(name: str, folder: Path) -> None:
    text = CONFIGS[name]
    with serving(folder, "imap") as server:
        declared = text.replace("PORT", "1143").replace("PIN", server.pins["md5"])
    declared = declared.replace("USER", "user alice pass hunter2")
    (fact,) = (fact for fact in read(declared + "\n").facts if fact.kind == "connection")
    seen = observed(folder, str(fact.values["protocol"]), lambda server: poll(folder, text, server))
    assert {field: fact.values[field] for field in seen} == seen
    assert fact.values["broken"] is None


@pytest.mark.parametrize(
    ("options", "runs"), [("keep", 2), ("nokeep", 1), ("keep flush", 2), ("keep fetchall flush", 2), ("fetchall", 1)]
)
def test_what_it_deletes(options: str, runs: int, folder: Path) -> None:
    (folder / ".fetchids").unlink(missing_ok=True)
    text = f"poll localhost proto pop3 uidl port PORT USER sslproto '' {options}"
    (fact,) = (
        f for f in read(text.replace("USER", "user a pass b").replace("PORT", "110")).facts if f.kind == "connection"
    )

    def run(server: Server) -> None:
        for _ in range(runs):
            poll(folder, text, server)

    seen = sessions(folder, "pop3", "honest", run)
    assert any(session.deleted for session in seen) == fact.values["deletes_on_server"]


def texts() -> list[str]:
    """Entries with words put to them by chance."""
    pick, words = random.Random(20), WORDS.split(" ")
    made = []
    for _ in range(250):
        text = ""
        for _ in range(pick.choice((1, 1, 2))):
            text += pick.choice(BEGINNINGS) + " "
            for _ in range(pick.randrange(4)):
                text += pick.choice(words) + pick.choice((" ", " ", "\n", "\t", ""))
            text += "\n"
        made.append(text if pick.random() > 0.2 else text[:-1])
    return made


def test_the_reader_takes_and_refuses_what_fetchmail_does(folder: Path) -> None:
    taken = 0
    for text in texts():
        ran = start(folder, text, "--configdump")
        accepted = "TRUE=1" in ran.stdout
        found = read(text)
        assert bool(found.unread) != accepted, (text, ran.stderr, found.unread)
        if accepted:
            taken += 1
            assert ours(text) == theirs(ran.stdout), text
    assert taken > 40


def theirs(dump: str) -> list[str]:
    """The sessions of fetchmail's own dump, which is Python."""
    names: dict[str, object] = {}
    exec(dump.replace("TRUE=1; FALSE=0", "TRUE=True; FALSE=False"), names)
    rows = []
    for server in names["fetchmailrc"]["servers"]:  # type: ignore[index]
        for user in server["users"]:
            rows.append(
                (
                    server["pollname"], bool(server["active"]), server["via"], server["protocol"].lower(),
                    server["service"], server["auth"], server["uidl"], user["remote"], user["password"], user["keep"],
                    user["flush"], user["fetchall"], user["ssl"], user["sslproto"], user["sslcertck"], user["lmtp"],
                    user["sslfingerprint"], user["mda"], user["smtphunt"], user["mailboxes"],
                )
            )  # fmt: skip
    return sorted(map(str, rows))


def ours(text: str) -> list[str]:
    from mailpolicy.readers.fetchmail import views
    from mailpolicy.readers.fetchmail.grammar import parse
    from mailpolicy.text import Source

    numbers = version().numbers
    rows = []
    for view in views(parse(Source("f", text), numbers).queries, numbers):
        protocol = view.text("protocol", "auto")
        port = "kpop" if protocol == "kpop" and not view.chain("port") else view.text("port", None)
        method = view.text("auth", "any")
        rows.append(
            (
                view.query.name, view.query.how == "poll", view.text("via", None),
                "pop3" if protocol == "kpop" else protocol, port, "ssh" if method == "implicit" else method,
                view.switch("uidl"), view.text("user", "root"), view.text("password", None), view.switch("keep"),
                view.switch("flush"), view.switch("fetchall"), view.switch("ssl"), view.text("sslproto", None),
                view.switch("sslcertck", True), view.switch("lmtp"), view.text("sslfingerprint", None),
                view.text("mda", None), [one.text for one in view.members("smtphost")] or ["localhost"],
                [one.text for one in view.members("folder")],
            )
        )  # fmt: skip
    return sorted(map(str, rows))
