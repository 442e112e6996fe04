"""Keycloak: what a realm's smtpServer means, and where each field's text stands."""

from __future__ import annotations

import json

import pytest

from mailpolicy.readers import keycloak
from tests.readers.reading import MainFile, blamed, of_kind, the

BASE = {"host": "smtp.example.org", "auth": "true", "user": "u", "password": "hunter2"}

read = MainFile(keycloak, "realm.json").read


def realm(**server: object) -> str:
    return json.dumps({"realm": "a", "smtpServer": {**BASE, **server}}, indent=2)


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ({}, {"tls": "none", "port": 25, "port_stated": False, "cleartext_credentials": True, "account": "a"}),
        ({"starttls": "true", "port": "587"}, {"tls": "opportunistic", "verify": "ca", "port": 587}),
        ({"starttls": True, "port": 587}, {"tls": "opportunistic", "cleartext_credentials": True}),
        ({"starttls": "yes"}, {"tls": "none", "verify": "none"}),
        ({"ssl": "true"}, {"tls": "implicit", "port": 465, "cleartext_credentials": False}),
        ({"ssl": "true", "starttls": "true", "port": "465"}, {"tls": "implicit"}),
        ({"ssl": "", "starttls": "false", "port": ""}, {"tls": "none", "port": 25}),
        ({"auth": "false", "starttls": "true"}, {"authenticates": False, "cleartext_credentials": False}),
        ({"auth": ""}, {"authenticates": False}),
        (
            {"authType": "token", "authTokenClientSecret": "t0k3n"},
            {"mechanisms": ("XOAUTH2",), "credential": "literal"},
        ),
        ({"password": "**********"}, {"credential": None}),
        ({"password": "${vault.smtp}"}, {"credential": "file"}),
        ({"password": "$(env:SMTP_PASSWORD)"}, {"credential": "environment"}),
        ({"host": "$(env:SMTP_HOST)"}, {"host": None}),
        ({"port": "$(env:SMTP_PORT)"}, {"port": None, "port_stated": True}),
        ({"ssl": "$(env:SMTP_SSL)"}, {"tls": None, "verify": None}),
    ],
)
def test_settings_mean_what_keycloak_makes_of_them(server: dict[str, object], expected: dict[str, object]) -> None:
    values = the(read(realm(**server)), "connection").values
    assert {name: values.get(name) for name in expected} == expected


def test_older_versions_do_not_tell_whether_they_check_names() -> None:
    assert "verify" not in the(read(realm(ssl="true"), "22.0"), "connection").values


def test_positions() -> None:
    text = realm(starttls="true", port="587")
    fact = the(read(text), "connection")
    assert blamed(text, fact, "tls") == "true"
    assert blamed(text, fact, "port") == "587"
    assert blamed(text, fact, "host") == "smtp.example.org"
    assert blamed(text, the(read(text), "secret"), "storage") == "hunter2"


def test_several_realms() -> None:
    text = f'[{realm()}, {realm(ssl="true")}, {{"realm": "c", "smtpServer": {{}}}}]'
    assert [fact.values["tls"] for fact in of_kind(read(text), "connection")] == ["none", "implicit"]


@pytest.mark.parametrize("lead", ["", "kind: KeycloakRealmImport\nspec:\n  realm:\n    "])
def test_realms_in_yaml(lead: str) -> None:
    pad = "    " if lead else ""
    text = f"{lead}realm: a\n{pad}smtpServer:\n{pad}  host: smtp.example.org\n{pad}  starttls: true\n"
    assert the(read({"realm.yaml": text}), "connection").values["tls"] == "opportunistic"


def test_what_is_no_json() -> None:
    (unread,) = read('{"smtpServer": {"host": ').unread
    assert unread.fatal


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        (realm(), True),
        ('{"realm": "a", "smtpServer": {}}', False),
        ('{"realm": "a"}', False),
        ("realm: a\nsmtpServer:\n  host: b\n", True),
        ('{"x": "the smtpServer : is {down}"}', False),
    ],
)
def test_sniff(text: str, ours: bool) -> None:
    assert keycloak.sniff(text) is ours
