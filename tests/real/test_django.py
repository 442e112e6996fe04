"""The reader against Django, which sends a message by its own settings module, and a scripted SMTP server.

Needs Debian's python3-django (3.2 in bookworm, 4.2 in trixie) and openssl; nothing leaves the loopback interface.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mailpolicy.readers import django
from mailpolicy.tree import Memory
from mailpolicy.types import Version
from tests.real.scripted import Server, observed

PYTHON = "/usr/bin/python3"
pytestmark = pytest.mark.skipif(
    not (Path("/usr/lib/python3/dist-packages/django").exists() and shutil.which("openssl")),
    reason="python3-django or openssl is not installed",
)
PROGRAM = """\
import os, sys
sys.path.insert(0, os.getcwd())
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core import mail
mail.send_mail("test", "hello", "a@example.test", ["b@example.test"])
"""
LOGIN = "EMAIL_HOST_USER = 'alice'\nEMAIL_HOST_PASSWORD = 'hunter2'\n"
CONFIGS = {
    "no TLS": LOGIN,
    "no login": "EMAIL_HOST_USER = 'alice'\n",
    "tls": f"{LOGIN}EMAIL_USE_TLS = True\n",
    "ssl": f"{LOGIN}EMAIL_USE_SSL = True\n",
    "a word that is true": f"{LOGIN}EMAIL_USE_TLS = 'False'\n",
    "nothing": f"{LOGIN}EMAIL_USE_TLS = None\nEMAIL_USE_SSL = 0\n",
    "the later holds": f"{LOGIN}EMAIL_USE_TLS = True\nEMAIL_USE_TLS = False\n",
    "by name": f"{LOGIN}SECURE = True\nEMAIL_USE_TLS = SECURE\n",
    "imported": f"from base import *\n{LOGIN}",
}
BROKEN = {
    "both": f"{LOGIN}EMAIL_USE_TLS = True\nEMAIL_USE_SSL = True\n",
    "no host": f"{LOGIN}EMAIL_HOST = ''\n",
}
SILENT = ("console.EmailBackend", "dummy.EmailBackend", "locmem.EmailBackend")
BASE = "EMAIL_USE_TLS = True\n"


@pytest.fixture(scope="module")
def version() -> Version:
    command = [PYTHON, "-c", "import django; print(*django.VERSION[:2])"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return Version(tuple(map(int, found)), "the test")


def whole(text: str) -> str:
    return f"EMAIL_HOST = 'localhost'\nEMAIL_PORT = PORT\n{text}"


def read(text: str, version: Version) -> list[dict[str, object]]:
    files = {"settings.py": whole(text), "base.py": BASE}
    found = django.read(Memory(files), ("settings.py",), version)
    return [dict(fact.values) for fact in found.facts if fact.kind == "connection"]


def send(folder: Path, server: Server, text: str) -> None:
    (folder / "settings.py").write_text(whole(text).replace("= PORT", f"= {server.port}"))
    (folder / "base.py").write_text(BASE)
    (folder / "send.py").write_text(PROGRAM)
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    environment = {"SSL_CERT_FILE": str(server.ca)}
    command = [PYTHON, "-E", "send.py"]
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=20, check=False)


@pytest.mark.parametrize("name", CONFIGS)
def test_what_it_does_is_what_the_reader_says(name: str, tmp_path: Path, version: Version) -> None:
    text = CONFIGS[name]
    scenarios = ("honest", "stripped", "other", "selfsigned", "wrongname")
    seen = observed(tmp_path, "smtp", lambda server: send(tmp_path, server, text), scenarios)
    (values,) = read(text, version)
    assert {field: values[field] for field in seen} == seen
    assert values["broken"] is None


@pytest.mark.parametrize("name", BROKEN)
def test_what_it_refuses_is_broken(name: str, tmp_path: Path, version: Version) -> None:
    (values,) = read(BROKEN[name], version)
    assert values["broken"]
    with pytest.raises(AssertionError, match="the client does not connect"):
        observed(tmp_path, "smtp", lambda server: send(tmp_path, server, BROKEN[name]), ("honest",))


@pytest.mark.parametrize("backend", SILENT)
def test_other_backends_connect_to_nothing(backend: str, tmp_path: Path, version: Version) -> None:
    text = f"{LOGIN}EMAIL_BACKEND = 'django.core.mail.backends.{backend}'\n"
    assert read(text, version) == []
    with pytest.raises(AssertionError, match="the client does not connect"):
        observed(tmp_path, "smtp", lambda server: send(tmp_path, server, text), ("honest",))
