"""Django: what its settings modules mean, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import django
from tests.readers.reading import MainFile, blamed, of_kind, read_group, the

BASE = "EMAIL_HOST = 'smtp.example.org'\nEMAIL_HOST_USER = 'u'\nEMAIL_HOST_PASSWORD = 'hunter2'\n"

read = MainFile(django, "site/settings.py").read


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", {"tls": "none", "port": 25, "port_stated": False, "cleartext_credentials": True, "credential": "literal"}),
        ("EMAIL_PORT = 587\nEMAIL_USE_TLS = True", {"tls": "required", "verify": "ca", "port": 587, "broken": None}),
        ("EMAIL_PORT = '465'\nEMAIL_USE_SSL = 1", {"tls": "implicit", "port": 465, "cleartext_credentials": False}),
        ("EMAIL_USE_TLS = 'False'", {"tls": "required"}),
        ("EMAIL_USE_TLS = ''", {"tls": "none"}),
        ("EMAIL_USE_TLS = None", {"tls": "none"}),
        ("EMAIL_USE_TLS: bool = True", {"tls": "required"}),
        ("EMAIL_USE_TLS = EMAIL_USE_SSL = False", {"tls": "none"}),
        ("EMAIL_USE_TLS, EMAIL_PORT = True, 587", {"tls": "required", "port": 587}),
        ("USE = True\nEMAIL_USE_TLS = USE", {"tls": "required"}),
        ("EMAIL_USE_TLS = os.environ.get('X', 'True') == 'True'", {"tls": None, "broken": None}),
        ("EMAIL_USE_TLS = env.bool('X', default=True)", {"tls": None}),
        ("EMAIL_USE_TLS = not DEBUG", {"tls": None}),
        ("if DEBUG:\n    EMAIL_USE_TLS = True", {"tls": None}),
        ("if DEBUG:\n    EMAIL_USE_TLS = True\nEMAIL_USE_TLS = False", {"tls": "none"}),
        ("try:\n    EMAIL_USE_TLS = True\nexcept E:\n    EMAIL_PORT = 1", {"tls": "required", "port": None}),
        ("def f():\n    EMAIL_USE_TLS = True", {"tls": "none"}),
        ("class Dev(Base):\n    EMAIL_USE_TLS = True", {"tls": None}),
        ("EMAIL_HOST_PASSWORD = os.environ['X']", {"credential": "environment", "authenticates": True}),
        ("EMAIL_HOST_PASSWORD = config('X')", {"credential": "environment"}),
        ("EMAIL_HOST_PASSWORD = read('/run/x')", {"credential": None}),
        ("EMAIL_HOST_PASSWORD = ''", {"authenticates": False, "credential": "none"}),
        ("EMAIL_HOST_USER = None", {"authenticates": False}),
        ("EMAIL_HOST = os.getenv('X', 'a')", {"host": None}),
        ("EMAIL_BACKEND = 'django.core.mail.backends.smtp.EmailBackend'", {"host": "smtp.example.org"}),
        ("EMAIL_BACKEND = env('X')", {"host": "smtp.example.org"}),
        ("try:\n    from local_settings import *\nexcept ImportError:\n    pass", {"tls": "none"}),
        ("from .nowhere import *", {"tls": None, "host": "smtp.example.org"}),
        ("include('mail.py')", {"tls": None}),
    ],
)
def test_settings_mean_what_django_makes_of_them(lines: str, expected: dict[str, object]) -> None:
    values = the(read(f"{BASE}{lines}\n"), "connection").values
    assert {name: values.get(name) for name in expected} == expected


def test_before_42_nothing_is_checked() -> None:
    text = f"{BASE}EMAIL_USE_TLS = True\n"
    assert the(read(text, "3.2"), "connection").values["verify"] == "none"
    assert the(read(text, "4.2"), "connection").values["verify"] == "ca"


@pytest.mark.parametrize(
    ("lines", "blame"),
    [
        ("EMAIL_USE_TLS = True\nEMAIL_USE_SSL = True", "True"),
        ("EMAIL_HOST = ''", "EMAIL_HOST"),
        ("EMAIL_USE_TLS = True\nEMAIL_SSL_CERTFILE = '/a.pem'", "/a.pem"),
    ],
)
def test_what_cannot_work(lines: str, blame: str) -> None:
    text = f"{BASE}{lines}\n"
    fact = the(read(text), "connection")
    assert fact.values["broken"]
    assert blamed(text, fact, "broken") == blame


@pytest.mark.parametrize("backend", ["console.EmailBackend", "dummy.EmailBackend", "filebased.EmailBackend"])
def test_no_session_but_the_secret(backend: str) -> None:
    text = f"{BASE}EMAIL_BACKEND = 'django.core.mail.backends.{backend}'\n"
    assert [fact.kind for fact in read(text).facts] == ["secret"]


def test_a_backend_in_a_branch_alone_makes_no_session() -> None:
    found = read("if DEBUG:\n    EMAIL_BACKEND = 'django.core.mail.backends.console.EmailBackend'\n")
    assert found.facts == () and found.notes


def test_a_password_in_a_branch_is_a_secret() -> None:
    text = (
        "import os\nif DEBUG:\n    EMAIL_HOST_PASSWORD = 'hunter2'\nelse:\n    EMAIL_HOST_PASSWORD = os.environ['X']\n"
    )
    assert blamed(text, the(read(text), "secret"), "storage") == "hunter2"


def test_modules_that_are_imported() -> None:
    files = {
        "site/settings/production.py": "from .base import *\nEMAIL_HOST = 'relay.example.org'\n",
        "site/settings/base.py": f"from site.settings.more import *\n{BASE}EMAIL_USE_TLS = False\n",
        "site/settings/more.py": "EMAIL_PORT = 587\n",
    }
    found = read_group(django, files, ["site/settings/production.py"])
    fact = the(found, "connection")
    assert (fact.values["host"], fact.values["port"], fact.values["tls"]) == ("relay.example.org", 587, "none")
    assert blamed(files, fact, "tls") == "False"
    assert found.files == ("site/settings/production.py",)
    assert of_kind(found, "secret") == []


def test_modules_that_import_one_another_come_to_an_end() -> None:
    files = {"a/settings/x.py": f"from .y import *\n{BASE}", "a/settings/y.py": "from .x import *\n"}
    assert the(read_group(django, files, ["a/settings/x.py"]), "connection")


def test_positions() -> None:
    text = f"NAME = 'é'; EMAIL_PORT = 25\n{BASE}EMAIL_USE_TLS = False  # no\n"
    fact = the(read(text), "connection")
    assert blamed(text, fact, "tls") == "False"
    assert blamed(text, fact, "port") == "25"
    assert blamed(text, fact, "host") == "smtp.example.org"
    assert blamed(text, the(read(text), "secret"), "storage") == "hunter2"


def test_what_is_no_python_3() -> None:
    text = f"print 'x'\n{BASE}EMAIL_USE_TLS = True # yes\n  EMAIL_PORT = 25\n"
    found = read(text)
    values = the(found, "connection").values
    assert (values["tls"], values.get("port")) == ("required", None)
    assert len(found.unread) == 1


def test_templates() -> None:
    lines = "{% if x %}\nEMAIL_PORT = 25\n{% endif %}\nEMAIL_USE_TLS = {{ tls }}\nEMAIL_HOST_PASSWORD = '{{ p }}'\n"
    found = read(f"{BASE}{lines}")
    values = the(found, "connection").values
    assert (values.get("port"), values.get("tls"), values["host"]) == (None, None, "smtp.example.org")
    assert found.unread == ()


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        (BASE, True),
        ("EMAIL_HOST = 'a'\nINSTALLED_APPS = []\n", True),
        ("EMAIL_HOST = 'a'\nEMAIL_PORT = 25\n", False),
        ("#EMAIL_HOST = 'a'\nDEBUG = True\n", False),
        ("DEFAULT_FROM_EMAIL = 'a@b'\nDEBUG = True\n", False),
        ("if settings.EMAIL_HOST == 'a':\n    DEBUG = 1\n", False),
        ("MAIL_SERVER = 'a'\nSECRET_KEY = 'b'\n", False),
    ],
)
def test_sniff(text: str, ours: bool) -> None:
    assert django.sniff(text) is ours
