"""The reader of a pinerc against the real Alpine and scripted servers: it opens its inbox in a terminal of the test's.

Alpine comes unpacked from its package. What it asks is answered: a password, and no to a certificate that fails.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import time
from pathlib import Path

import pytest

from mailpolicy.readers import alpine
from mailpolicy.tree import Memory
from mailpolicy.types import Fact
from tests.real import daemons
from tests.real.scripted import SCENARIOS, Server, observed, serving

SPECS = {
    "nothing": ("imap", ""),
    "tls": ("imap", "/tls"),
    "notls": ("imap", "/notls"),
    "ssl": ("imap", "/ssl"),
    "not validated": ("imap", "/novalidate-cert/ssl"),
    "secure": ("imap", "/secure"),
    "pop3": ("pop3", "/pop3/tls"),
}
REFUSED = ("/ssl/tls", "/tls/ssl", "/notls/tls", "/sssl")
_ANSWERS = ((rb"ENTER PASSWORD", b"secret\r"), (rb"Preserve password", b"n"), (rb"password file", b"n"))
_DONE = re.compile(
    rb"opened with|Opening[^\n]*DONE|\[Details\]|Unable to negotiate|TLS unavailable|Can't |Invalid remote"
    rb"|contains invalid|refused|LOGIN, no recognized|empty\]|bad format|STARTTLS not allowed|disables LOGIN"
)

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("alpine")
    (path / "root").mkdir()
    daemons.unpack(["alpine"], path / "root")
    with serving(path, "imap") as server:
        look("/user=alice", server, path)  # the first time it has more to ask
    return path


def look(spec: str, server: Server, folder: Path, seconds: float = 4) -> None:
    """Starts Alpine, answers it, and ends it when it has opened its inbox or will not."""
    lines = f"inbox-path={{localhost:{server.port}{spec}}}INBOX\nlast-version-used=9.99\nuser-domain=example.test\n"
    (folder / "pinerc").write_text(lines)
    program = str(folder / "root/usr/bin/alpine")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TERM": "vt100", "SSL_CERT_FILE": str(server.ca)}
    child, terminal = pty.fork()
    if child == 0:
        os.execve(program, [program, "-p", str(folder / "pinerc"), "-i"], environment)
    said, seen, end = b"", 0, time.monotonic() + seconds
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            said += os.read(terminal, 65536)
        except OSError:
            break
        answer = next((text for asked, text in _ANSWERS if re.search(asked, said[seen:])), None)
        if answer is not None:
            seen = len(said)
            os.write(terminal, answer)
        elif _DONE.search(said[seen:]):
            end = min(end, time.monotonic() + 0.3)
    os.kill(child, 9)
    os.waitpid(child, 0)
    os.close(terminal)


def declared(spec: str) -> Fact:
    text = f"inbox-path={{localhost:2525{spec}}}INBOX\n"
    (fact,) = alpine.read(Memory({".pinerc": text}), (".pinerc",), None).facts
    return fact


@pytest.mark.parametrize("name", SPECS)
def test_the_reader_says_what_alpine_does(name: str, folder: Path) -> None:
    protocol, spec = SPECS[name]
    fact = declared(f"{spec}/user=alice")
    scenarios = SCENARIOS[:3] if fact.values["tls"] == "none" else SCENARIOS
    seen = observed(folder, protocol, lambda server: look(f"{spec}/user=alice", server, folder), scenarios)
    assert {field: fact.values[field] for field in seen} == seen
    assert (fact.values["protocol"], fact.values["broken"]) == (protocol, None)


@pytest.mark.parametrize("spec", REFUSED)
def test_what_it_refuses_is_broken(spec: str, folder: Path) -> None:
    with serving(folder, "imap") as server:
        look(spec, server, folder, 2)
    assert not server.sessions
    assert declared(spec).values["broken"]
