"""The readers of ssmtp, nullmailer and dma against the real programs and a scripted SMTP server.

All three exclude Postfix as packages, so they are only unpacked. nullmailer's program for SMTP runs alone; dma, which
knows one place for its files, runs in a mount namespace.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailpolicy.readers import dma, nullmailer, ssmtp
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Version
from tests.real import daemons
from tests.real.scripted import SCENARIOS, Server, observed, serving

MESSAGE = "From: alice@example.test\nTo: bob@example.test\nSubject: test\n\nhello\n"
LOGIN = "AuthUser=alice\nAuthPass=secret\n"
SSMTP = {
    "plain": f"mailhub=localhost:2525\n{LOGIN}",
    "no login": "mailhub=localhost:2525\n",
    "starttls alone": f"mailhub=localhost:2525\nUseSTARTTLS=YES\n{LOGIN}",
    "implicit": f"mailhub=localhost:2525\nUseTLS=yes\n{LOGIN}",
    "another word than yes takes STARTTLS back": f"mailhub=localhost:2525\nUseSTARTTLS=YES\nUseTLS=true\n{LOGIN}",
    "an earlier one does not": f"mailhub=localhost:2525\nUseTLS=true\nUseSTARTTLS=YES\n{LOGIN}",
    "blanks around the sign": f"mailhub=localhost:2525\nUseTLS = YES\n{LOGIN}",
    "a blank before the name": f"mailhub=localhost:2525\n UseTLS=YES\n{LOGIN}",
    "a comment at once behind": f"mailhub=localhost:2525\nUseTLS=YES# yes\n{LOGIN}",
    "a comment behind a blank": f"mailhub=localhost:2525\nUseTLS=YES # yes\n{LOGIN}",
    "CR LF": f"mailhub=localhost:2525\nUseTLS=YES\r\n{LOGIN}",
    "the last line is not ended": f"mailhub=localhost:2525\n{LOGIN}UseTLS=YES",
    "cram-md5": f"mailhub=localhost:2525\nAuthMethod=cram-md5\n{LOGIN}",
    "the first AuthMethod holds": f"mailhub=localhost:2525\nAuthMethod=CRAM-MD5\nAuthMethod=LOGIN\n{LOGIN}",
    "a port stays": f"mailhub=elsewhere.test:2525\nmailhub=localhost\n{LOGIN}",
    "RemotePort": f"mailhub=localhost\nRemotePort=2525\n{LOGIN}",
    "TLS_CA_File": f"mailhub=localhost:2525\nUseTLS=YES\nTLS_CA_File=/nonexistent\n{LOGIN}",
}
NULLMAILER = {
    "host": "localhost smtp --port=2525",
    "login": "localhost smtp --port=2525 --user=alice --pass=secret",
    "user without a password": "localhost smtp --port=2525 --user=alice",
    "starttls": "localhost smtp --port=2525 --starttls --x509cafile=CA --user=alice --pass=secret",
    "implicit": "localhost smtp port=2525 tls x509cafile=CA user=alice pass='se cret'",
    "both": "localhost smtp --port=2525 --ssl --starttls --x509cafile=CA --user=alice --pass=secret",
    "insecure": "localhost smtp --port=2525 --starttls --insecure --x509cafile=CA --user=alice --pass=secret",
    "short": "localhost smtp -p2525 --auth-login --user=alice --pass=secret",
}
REFUSED = (
    "localhost smtp --port 2525",
    "localhost smtp --port=2525 --starttls=yes",
    "localhost smtp --port=2525 --tsl",
)
SMART = "SMARTHOST localhost\nPORT 2525\nAUTHPATH /etc/dma/auth.conf\n"
DMA = {
    "nothing of TLS": SMART,
    "INSECURE": f"{SMART}INSECURE\n",
    "STARTTLS alone": f"{SMART}STARTTLS\n",
    "a blank before the word": f"{SMART} SECURETRANSFER\n",
    "SECURETRANSFER": f"{SMART}SECURETRANSFER # yes\n",
    "both": f"{SMART}SECURETRANSFER\nSTARTTLS\n",
    "opportunistic": f"{SMART}SECURETRANSFER\nSTARTTLS\nOPPORTUNISTIC_TLS\n",
    "pinned": f"{SMART}SECURETRANSFER\nFINGERPRINT PIN\n",
}
GIVES_UP = (f"{SMART}SECURETRANSFER yes\n", f"{SMART}SECURETRANSFER  # two blanks\n", f"{SMART}\r\n", f"{SMART}TLS\n")

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The programs, in ``root``, and the certificates."""
    path = tmp_path_factory.mktemp("agents")
    (path / "root").mkdir()
    daemons.unpack(["ssmtp", "nullmailer", "dma"], path / "root")
    dead = Path.home() / "dead.letter"  # ssmtp puts there what it cannot send
    before = dead.exists()
    yield path
    if not before:
        dead.unlink(missing_ok=True)


def filled(text: str, server: Server) -> str:
    """A configuration for one server, which stands at port 2525 in the text."""
    pin = server.pins["sha256"].replace(":", "")
    return text.replace("2525", str(server.port)).replace("=CA", f"={server.ca}").replace("PIN", pin)


def run(command: list[str], folder: Path, said: str, seconds: float = 6) -> None:
    """Runs a client, and ends it with all that it started when it takes too long."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HELOHOST": "client.test", "HOME": str(folder)}
    (folder / "stdin").write_text(said)
    with (folder / "stdin").open() as stdin, subprocess.Popen(
        command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)


def only(facts: tuple[Fact, ...]) -> Fact:
    (fact,) = (fact for fact in facts if fact.kind == "connection")
    return fact


@pytest.mark.parametrize("name", SSMTP)
def test_ssmtp(name: str, folder: Path) -> None:
    config = folder / "ssmtp.conf"

    def send(server: Server) -> None:  # without a line feed at the end of its input it waits for no more
        config.write_bytes(filled(SSMTP[name], server).encode())
        run([str(folder / "root/usr/sbin/ssmtp"), "-C", str(config), "bob@example.test"], folder, MESSAGE.rstrip("\n"))

    fact = only(ssmtp.read(Memory({"ssmtp.conf": SSMTP[name]}), ("ssmtp.conf",), None).facts)
    scenarios = SCENARIOS if fact.values["tls"] != "none" else SCENARIOS[:3]
    seen = observed(folder, "smtp", send, scenarios)
    assert {field: fact.values[field] for field in seen} == seen
    assert (fact.values["host"], fact.values["port"]) == ("localhost", 2525)


def handed(text: str, folder: Path) -> list[str]:
    """What nullmailer-send writes to its program for SMTP."""
    words = shlex.split(text)
    return [f"host={words[0]}", *(word.removeprefix("--") for word in words[2:])]


def by_nullmailer(text: str, folder: Path) -> None:
    message = folder / "message"
    message.write_text(f"alice@example.test\nbob@example.test\n\n{MESSAGE}")
    program = str(folder / "root/usr/lib/nullmailer/smtp")
    options = "".join(f"{option}\n" for option in handed(text, folder))
    run(["sh", "-c", f"exec {program} 3<{message}"], folder, f"{options}\n")


@pytest.mark.parametrize("name", NULLMAILER)
def test_nullmailer(name: str, folder: Path) -> None:
    text = NULLMAILER[name]
    fact = only(nullmailer.read(Memory({"remotes": text}), ("remotes",), None).facts)
    scenarios = SCENARIOS if fact.values["tls"] != "none" else SCENARIOS[:3]
    seen = observed(folder, "smtp", lambda server: by_nullmailer(filled(text, server), folder), scenarios)
    assert {field: fact.values[field] for field in seen} == seen
    assert (fact.values["port"], fact.values["broken"]) == (2525, None)


@pytest.mark.parametrize("text", REFUSED)
def test_what_nullmailer_refuses_is_broken(text: str, folder: Path) -> None:
    with serving(folder, "smtp") as server:
        by_nullmailer(filled(text, server), folder)
    assert not server.sessions
    inventory = nullmailer.read(Memory({"remotes": text}), ("remotes",), None)
    assert only(inventory.facts).values["broken"]
    assert inventory.unread


def by_dma(text: str, folder: Path) -> None:
    own = folder / "etc/dma"
    own.mkdir(parents=True, exist_ok=True)
    (own / "dma.conf").write_text(text)
    (own / "auth.conf").write_text("alice|localhost:secret\n")
    (folder / "etc/aliases").touch()
    spool = "mount -t tmpfs none /var/spool && cd /var/spool && mkdir dma && chown root:mail dma && chmod 2775 dma"
    laid = f"mount -t overlay overlay -o lowerdir={folder}/etc:/etc /etc"
    program = f"exec {folder}/root/usr/sbin/dma -D -f alice@example.test bob@example.test"
    run(["unshare", "--mount", "sh", "-c", f"{spool} && {laid} && {program}"], folder, MESSAGE, 2.5)


def declared(text: str) -> Fact:
    files = {"etc/dma/dma.conf": text, "etc/dma/auth.conf": "alice|localhost:secret\n"}
    version = Version((0, 13), "Debian 12")
    return only(dma.read(Memory(files), ("etc/dma/dma.conf",), version).facts)


@pytest.mark.parametrize("name", DMA)
def test_dma(name: str, folder: Path) -> None:
    fact = declared(DMA[name].replace("PIN", "a" * 64))
    scenarios = SCENARIOS if fact.values["tls"] != "none" else SCENARIOS[:3]
    seen = observed(folder, "smtp", lambda server: by_dma(filled(DMA[name], server), folder), scenarios)
    assert {field: fact.values[field] for field in seen} == seen
    assert fact.values["broken"] is None


@pytest.mark.parametrize("text", GIVES_UP)
def test_what_dma_gives_up_on_is_broken(text: str, folder: Path) -> None:
    with serving(folder, "smtp") as server:
        by_dma(filled(text, server), folder)
    assert not server.sessions
    assert declared(text).values["broken"]
