"""The reader against Django's SMTP backend, opened as Sentry opens it, and a scripted SMTP server.

Needs Debian's python3-django (3.2, as of Sentry up to 24.1) and openssl; nothing leaves the loopback interface.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from mailpolicy.readers import sentry
from mailpolicy.tree import Memory
from mailpolicy.types import Version
from tests.real.scripted import Server, observed

PYTHON = "/usr/bin/python3"
pytestmark = pytest.mark.skipif(
    not (Path("/usr/lib/python3/dist-packages/django").exists() and shutil.which("openssl")),
    reason="python3-django or openssl is not installed",
)

PROGRAM = """\
import json
from django.conf import settings
settings.configure()
from django.core import mail
options = json.load(open("options.json"))
get = lambda name, default: options.get(f"mail.{name}", default)
connection = mail.get_connection(
    backend="django.core.mail.backends.smtp.EmailBackend", host=get("host", "127.0.0.1"), port=get("port", 25),
    username=get("username", ""), password=get("password", ""), use_tls=get("use-tls", False),
    use_ssl=get("use-ssl", False), timeout=5)
mail.EmailMessage("test", "hello", "a@example.test", ["b@example.test"], connection=connection).send()
"""
LOGIN = "mail.username: alice\nmail.password: hunter2\n"
CONFIGS = {
    "no TLS": LOGIN,
    "no login": "mail.username: alice\n",
    "tls": f"{LOGIN}mail.use-tls: true\n",
    "ssl": f"{LOGIN}mail.use-ssl: true\n",
}


@pytest.mark.parametrize("name", CONFIGS)
def test_what_it_does_is_what_the_reader_says(name: str, tmp_path: Path) -> None:
    text = f"mail.host: localhost\nmail.port: PORT\n{CONFIGS[name]}"

    def run(server: Server) -> None:
        lines = [line.split(": ") for line in text.replace("PORT", str(server.port)).splitlines()]
        options = {name: {"true": True}.get(value, value) for name, value in lines}
        (tmp_path / "options.json").write_text(json.dumps(options))
        (tmp_path / "send.py").write_text(PROGRAM)
        environment = {"SSL_CERT_FILE": str(server.ca)}
        command = [PYTHON, "-E", "send.py"]
        subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=20, check=False)

    found = sentry.read(Memory({"config.yml": text}), ("config.yml",), Version((23, 12), "the test"))
    (fact,) = [fact for fact in found.facts if fact.kind == "connection"]
    seen = observed(tmp_path, "smtp", run, ("honest", "stripped", "other", "selfsigned", "wrongname"))
    assert {field: fact.values[field] for field in seen} == seen
