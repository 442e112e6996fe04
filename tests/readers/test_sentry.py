"""Sentry: what the options on mail mean, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import sentry
from mailpolicy.types import Inventory
from tests.readers.reading import MainFile, blamed, read_group, the

BASE = "mail.host: 'smtp.example.org'\nmail.username: u\nmail.password: 'hunter2'\n"

read = MainFile(sentry, "config.yml").read


def both(python: str, yaml: str) -> Inventory:
    files = {"sentry/sentry.conf.py": python, "sentry/config.yml": yaml}
    (group,) = sentry.groups(list(files))
    assert group[0].endswith(".py")
    return read_group(sentry, files, group)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", {"tls": "none", "port": 25, "port_stated": False, "verify": "none", "cleartext_credentials": True}),
        ("mail.use-tls: true", {"tls": "required", "verify": "ca", "cleartext_credentials": False}),
        ("mail.use-ssl: true\nmail.port: 465", {"tls": "implicit", "port": 465, "broken": None}),
        ("mail.use-ssl: true\nmail.use-tls: true", {"broken": "mail.use-tls and mail.use-ssl exclude one another"}),
        ("mail.use-tls: false", {"tls": "none"}),
        ("mail.backend: 'django.core.mail.backends.smtp.EmailBackend'", {"tls": "none"}),
        ("mail.use-tls: {{ x }}", {"tls": None, "verify": None}),
        ("mail.backend: '{{ x }}'", {"tls": "none"}),
    ],
)
def test_options_mean_what_sentry_makes_of_them(lines: str, expected: dict[str, object]) -> None:
    values = the(read(f"{BASE}{lines}\n"), "connection").values
    assert {name: values.get(name) for name in expected} == expected


def test_before_django_42_nothing_is_checked() -> None:
    assert the(read(f"{BASE}mail.use-tls: true\n", "23.12"), "connection").values["verify"] == "none"
    assert the(read(f"{BASE}mail.use-tls: true\n", "24.2"), "connection").values["verify"] == "ca"


@pytest.mark.parametrize(
    "text", ["mail.backend: 'dummy'\nmail.host: a\n", "mail.backend: console\n", "mail.from: 'a@b'\n", "system.x: 1\n"]
)
def test_no_session(text: str) -> None:
    assert [fact.kind for fact in read(text).facts] == []


def test_without_a_password_it_does_not_log_in() -> None:
    assert the(read("mail.host: a\nmail.username: u\n"), "connection").values["authenticates"] is False


@pytest.mark.parametrize(
    ("python", "expected"),
    [
        ("SENTRY_OPTIONS['mail.use-tls'] = True\n", {"tls": "required"}),
        ('SENTRY_OPTIONS["mail.use-tls"] = True  # yes\n', {"tls": "required"}),
        ("EMAIL_USE_SSL = True\nEMAIL_PORT = 465\n", {"tls": "implicit", "port": 465}),
        ("if x:\n    SENTRY_OPTIONS['mail.use-tls'] = True\n", {"tls": None}),
        ("SENTRY_OPTIONS['mail.use-tls'] = bool(os.environ.get('X'))\n", {"tls": None}),
        ("SENTRY_OPTIONS['mail.password'] = os.environ['X']\n", {"credential": "environment"}),
        ("SENTRY_OPTIONS['mail.password'] = env('X')\n", {"credential": "environment"}),
        ("SENTRY_OPTIONS['mail.host'] = 'other'\n", {"host": "smtp.example.org"}),
        ("# SENTRY_OPTIONS['mail.use-tls'] = True\n", {"tls": "none"}),
    ],
)
def test_python_beside_yaml_which_goes_before(python: str, expected: dict[str, object]) -> None:
    values = the(both(python, "mail.host: 'smtp.example.org'\nmail.username: u\n"), "connection").values
    assert {name: values.get(name) for name in expected} == expected


def test_positions() -> None:
    text = f"{BASE}mail.port: 25\nmail.use-tls: false\n"
    fact = the(read(text), "connection")
    assert blamed(text, fact, "tls") == "false"
    assert blamed(text, fact, "port") == "25"
    assert blamed(text, the(read(text), "secret"), "storage") == "hunter2"
    python = "SENTRY_OPTIONS['mail.password'] = \"hunter2\"\n"
    assert blamed({"sentry.conf.py": python}, the(read({"sentry.conf.py": python}), "secret"), "storage") == "hunter2"


def test_examples_are_apart() -> None:
    assert sentry.groups(["a/config.yml", "a/config.example.yml", "b/sentry.conf.py"]) == [
        ("a/config.yml",), ("a/config.example.yml",), ("b/sentry.conf.py",)
    ]  # fmt: skip


def test_sniff() -> None:
    assert sentry.sniff("from sentry.conf.server import *\n")
    assert sentry.sniff("# mail.host: a\nmail.port: 25\n")
    assert not sentry.sniff("mail:\n  host: a\n  port: 25\n")
