"""The reader against the real Alertmanager and a scripted SMTP server: what it does is what the reader says.

Needs prometheus-alertmanager and openssl; nothing leaves the loopback interface. Port 465 of 127.0.0.2 must be free.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailpolicy.readers import alertmanager
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Version
from tests.real import scripted
from tests.real.scripted import Server, observed, sessions

pytestmark = pytest.mark.skipif(
    not (shutil.which("prometheus-alertmanager") and shutil.which("openssl")),
    reason="prometheus-alertmanager or openssl is not installed",
)

ELSEWHERE = "127.0.0.2"
"""An address that Go does not take for the local host, to which it sends no PLAIN in clear."""
SCENARIOS = ("honest", "stripped", "other", "selfsigned", "wrongname")
FRAME = """\
global:
  smtp_from: alerts@example.test
  smtp_hello: test
{common}
route: {{receiver: mail, group_wait: 1ms}}
receivers:
- name: mail
  email_configs:
  - to: admin@example.test
{own}
"""
LOGIN = "  smtp_smarthost: HOST:PORT\n  smtp_auth_username: alice\n  smtp_auth_password: hunter2"
TRUST = "    tls_config: {ca_file: CA, server_name: localhost}"
CONFIGS = {
    "defaults": (LOGIN, TRUST),
    "no TLS": (f"{LOGIN}\n  smtp_require_tls: false", TRUST),
    "no TLS in one receiver": (LOGIN, f"{TRUST}\n    require_tls: no"),
    "TLS in one receiver": (f"{LOGIN}\n  smtp_require_tls: false", f"{TRUST}\n    require_tls: true"),
    "no check": (LOGIN, "    tls_config: {insecure_skip_verify: true}"),
    "no login": ("  smtp_smarthost: HOST:PORT\n  smtp_require_tls: false", ""),
    "a secret alone": (
        "  smtp_smarthost: HOST:PORT\n  smtp_auth_username: alice\n  smtp_auth_secret: s\n  smtp_require_tls: false",
        "",
    ),
}


def read(text: str) -> list[Fact]:
    found = alertmanager.read(Memory({"alertmanager.yml": text}), ("alertmanager.yml",), Version((0, 25), "the test"))
    assert not found.unread
    return [fact for fact in found.facts if fact.kind == "connection"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def passed_on(address: str, port: int, server: Server) -> Iterator[int]:
    """A port of an address at which the server answers."""
    listener = socket.create_server((address, port))

    def copy(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(4096):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client = listener.accept()[0]
                behind = socket.create_connection(("127.0.0.1", server.port))
                for pair in ((client, behind), (behind, client)):
                    threading.Thread(target=copy, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def run(folder: Path, server: Server, text: str, port: int = 0) -> None:
    """Starts Alertmanager, raises an alert, and ends it when it has done with the mail server."""
    with passed_on(ELSEWHERE, port, server) as at:
        filled = text.replace("HOST", ELSEWHERE).replace("PORT", str(at)).replace("CA", str(server.ca))
        (folder / "alertmanager.yml").write_text(filled)
        web = f"127.0.0.1:{free_port()}"
        command = ["prometheus-alertmanager", f"--config.file={folder}/alertmanager.yml", f"--web.listen-address={web}",
                   f"--storage.path={folder}/data", "--cluster.listen-address="]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
            try:
                raise_alert(web)
                wait_for(server)
            finally:
                program.kill()


def raise_alert(web: str) -> None:
    body = json.dumps([{"labels": {"alertname": "test"}}]).encode()
    request = urllib.request.Request(f"http://{web}/api/v2/alerts", body, {"Content-Type": "application/json"})
    for _ in range(100):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(request, timeout=5).close()
            return
        time.sleep(0.05)
    raise AssertionError("Alertmanager does not answer")


def wait_for(server: Server) -> None:
    """Until a session was of use, or one has ended for good and nothing comes after it."""
    for _ in range(60):
        time.sleep(0.05)
        if any(session.used for session in server.sessions) or len(server.sessions) > 1:
            return


@pytest.mark.parametrize("name", CONFIGS)
def test_what_it_does_is_what_the_reader_says(name: str, tmp_path: Path) -> None:
    common, own = CONFIGS[name]
    text = FRAME.format(common=common, own=own)
    (fact,) = read(text.replace("HOST:PORT", "mail.example.test:2525"))
    scenarios = SCENARIOS if fact.values["tls"] != "none" else SCENARIOS[:2]
    seen = observed(tmp_path, "smtp", lambda server: run(tmp_path, server, text), scenarios)
    if seen["cleartext_credentials"] != fact.values["cleartext_credentials"]:
        assert fact.values["tls"] == "none"  # PLAIN it keeps back; see the test of LOGIN
        seen["cleartext_credentials"] = fact.values["cleartext_credentials"]
    assert {field: fact.values[field] for field in seen} == seen


def test_a_password_goes_out_in_clear_by_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripted._Talk, "mechanisms", "LOGIN")
    text = FRAME.format(common=CONFIGS["no TLS"][0], own="")
    found = sessions(tmp_path, "smtp", "stripped", lambda server: run(tmp_path, server, text))
    assert any(session.in_clear for session in found)
    assert read(text.replace("HOST:PORT", "mail.example.test:25"))[0].values["cleartext_credentials"] is True


@pytest.mark.parametrize("required", ["true", "false"])
def test_port_465(required: str, tmp_path: Path) -> None:
    """TLS from the first byte; and with require_tls no mail, since STARTTLS is not offered within it."""
    text = FRAME.format(common=f"{LOGIN}\n  smtp_require_tls: {required}", own=TRUST)
    found = sessions(tmp_path, "smtp", "honest", lambda server: run(tmp_path, server, text, 465))
    (fact,) = read(text.replace("HOST:PORT", "mail.example.test:465"))
    assert all(session.first for session in found)
    assert fact.values["tls"] == "implicit"
    assert any(session.used for session in found) is (fact.values["broken"] is None)


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ("", False),
        ("  smtp_smart_host: a:25", True),
        ("  smtp_require_tls: 'false'", True),
        ("  smtp_require_tls: no", False),
        ("  smtp_smarthost: smtp.example.test", True),
    ],
)
def test_what_it_refuses(change: str, refused: bool, tmp_path: Path) -> None:
    common = LOGIN.replace("HOST:PORT", "mail.example.test:25")
    if "smtp_smarthost" in change:
        common, change = change, ""
    text = FRAME.format(common=f"{common}\n{change}", own="")
    (tmp_path / "a.yml").write_text(text)
    checked = subprocess.run(["amtool", "check-config", tmp_path / "a.yml"], capture_output=True, check=False)
    assert (checked.returncode != 0) is refused
    found = alertmanager.read(Memory({"alertmanager.yml": text}), ("alertmanager.yml",), Version((0, 25), "the test"))
    broken = any(fact.values.get("broken") for fact in found.facts)
    assert (bool(found.unread) or broken) is refused
