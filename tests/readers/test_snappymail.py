"""SnappyMail and RainLoop: the files of domains and what they come to."""

from __future__ import annotations

import json

import pytest

from mailpolicy.readers import formats_of, snappymail
from mailpolicy.types import Fact
from tests.readers.reading import blamed, of_kind, read_group

JSON, INI = "_default_/domains/example.org.json", "_default_/domains/example.org.ini"
RAINLOOP = "rainloop/data/_data_/_default_/domains/example.org.ini"
HOST = {"host": "mail.example.org", "port": 143, "type": 0}


def facts(text: str, path: str = JSON) -> dict[object, Fact]:
    found = of_kind(read_group(snappymail, {path: text}, [path]), "connection")
    return {fact.values["protocol"]: fact for fact in found}


def domain(**services: dict[str, object]) -> str:
    return json.dumps({"IMAP": {**HOST, **services.get("IMAP", {})}, "SMTP": {**HOST, **services.get("SMTP", {})},
                       "Sieve": {**HOST, **services.get("Sieve", {})}, "whiteList": ""}, indent=1)  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"tls": "none", "port": 143, "cleartext_credentials": True, "credential": "prompt"}),
        ({"type": 1, "port": 993}, {"tls": "implicit", "verify": "ca", "cleartext_credentials": False}),
        ({"type": 2}, {"tls": "required", "verify": "ca", "cleartext_credentials": False}),
        ({"type": "2"}, {"tls": "required"}),
        ({"type": 9}, {"tls": "opportunistic", "cleartext_credentials": True}),
        ({"type": 9, "port": 993}, {"tls": "implicit"}),
        ({"type": None, "secure": 2}, {"tls": "required"}),
        ({"sasl": ["SCRAM-SHA-256"]}, {"mechanisms": ("SCRAM-SHA-256",), "cleartext_credentials": False}),
        ({"sasl": ["SCRAM-SHA-256", "LOGIN"]}, {"cleartext_credentials": True}),
        ({"sasl": []}, {"mechanisms": (), "cleartext_credentials": True}),
        ({"type": 1, "ssl": {"verify_peer": False, "verify_peer_name": False}}, {"verify": "none"}),
        ({"type": 1, "ssl": {"verify_peer": False}}, {"verify": "name-only"}),
        ({"type": 1, "ssl": {"verify_peer_name": False}}, {"verify": "ca-noname"}),
        ({"type": 1, "ssl": {"allow_self_signed": True}}, {"verify": "name-only"}),
        ({"host": "${HOST}"}, {"host": None, "tls": "none"}),
    ],
)
def test_imap_of_a_json_domain(given: dict[str, object], expected: dict[str, object]) -> None:
    values = facts(domain(IMAP=given))["imap"].values
    assert {name: values.get(name) for name in expected} == expected


def test_an_unquoted_placeholder_is_not_known() -> None:
    found = facts(domain().replace('"port": 143', '"port": {{ port }}', 1))["imap"]
    assert "port" not in found.values
    assert found.values["tls"] == "none"


def test_a_type_that_is_no_number_breaks_the_login() -> None:
    assert "no number" in str(facts(domain(IMAP={"type": "SSL"}))["imap"].values["broken"])


def test_submission_logs_in_only_when_told_to() -> None:
    assert facts(domain())["smtp"].values["authenticates"] is False
    found = facts(domain(SMTP={"useAuth": True, "type": 2, "port": 587}))["smtp"].values
    assert (found["authenticates"], found["role"], found["tls"]) == (True, "submission", "required")
    assert "smtp" not in facts(domain(SMTP={"usePhpMail": True}))


def test_the_filter_server_counts_when_it_is_enabled() -> None:
    assert "managesieve" not in facts(domain())
    assert facts(domain(Sieve={"enabled": True, "port": 4190}))["managesieve"].values["port"] == 4190


@pytest.mark.parametrize(
    ("application", "verify"),
    [
        ("", "ca"),
        ("[ssl]\nverify_certificate = On\n", "ca"),
        ("[ssl]\nverify_certificate = Off\n", "none"),
        ("[ssl]\nverify_certificate = On\nallow_self_signed = On\n", "name-only"),
        ("[other]\nverify_certificate = Off\n", "ca"),
        ("; a comment\n[ssl]\n; verify_certificate = Off\n", "ca"),
    ],
)
def test_the_application_decides_what_a_domain_leaves_open(application: str, verify: str) -> None:
    files = {JSON: domain(IMAP={"type": 1}), "_default_/configs/application.ini": application}
    inventory = read_group(snappymail, files, [JSON])
    found = {fact.values["protocol"]: fact for fact in inventory.facts}["imap"]
    assert found.values["verify"] == verify
    assert set(inventory.files) == set(files)
    if verify != "ca":
        assert blamed(files, found, "verify") in ("Off", "On")


INI_TEXT = 'imap_host = "imap.example.org"\nimap_port = 993\nimap_secure = "SSL"\nsmtp_host = "smtp.example.org"\n'


@pytest.mark.parametrize(
    ("lines", "protocol", "expected"),
    [
        ("", "imap", {"tls": "implicit", "port": 993, "verify": "ca"}),
        ("", "smtp", {"tls": "none", "port": 25, "port_stated": False, "authenticates": False}),
        ('smtp_secure = "TLS"\nsmtp_port = 587\nsmtp_auth = On', "smtp", {"tls": "required", "authenticates": True}),
        ('smtp_secure = "tls"', "smtp", {"tls": "required"}),
        ('smtp_secure = "STARTTLS"', "smtp", {"tls": "none"}),
        ("smtp_secure = SSL ; comment", "smtp", {"tls": "implicit"}),
        ("smtp_auth = Off", "smtp", {"authenticates": False}),
        ('sieve_use = On\nsieve_host = "a.test"', "managesieve", {"port": 4190, "tls": "none"}),
    ],
)
def test_ini_domains(lines: str, protocol: str, expected: dict[str, object]) -> None:
    values = facts(INI_TEXT + lines, INI)[protocol].values
    assert {name: values.get(name) for name in expected} == expected


def test_rainloop_checks_no_certificate_and_logs_in_by_itself() -> None:
    found = facts(INI_TEXT, RAINLOOP)
    assert found["imap"].values["verify"] == "none"
    assert found["smtp"].values["authenticates"] is True


def test_a_json_stands_before_the_ini() -> None:
    assert snappymail.groups([INI, JSON]) == [(JSON, INI)]
    inventory = read_group(snappymail, {JSON: domain(), INI: INI_TEXT}, [JSON, INI])
    assert {fact.values["host"] for fact in inventory.facts} == {"mail.example.org"}


@pytest.mark.parametrize(("field", "text"), [("tls", "0"), ("host", "mail.example.org"), ("port", "143")])
def test_positions_in_json(field: str, text: str) -> None:
    whole = domain()
    assert blamed({JSON: whole}, facts(whole)["imap"], field) == text


@pytest.mark.parametrize(("field", "text"), [("tls", "SSL"), ("host", "imap.example.org"), ("port", "993")])
def test_positions_in_ini(field: str, text: str) -> None:
    assert blamed({INI: INI_TEXT}, facts(INI_TEXT, INI)["imap"], field) == text


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (JSON, domain(), ["snappymail"]),
        (INI, INI_TEXT, ["snappymail"]),
        ("contrib/snappymail/domain.json.tmpl", domain(), ["snappymail"]),
        ("domains/default.ini.dist", INI_TEXT, ["snappymail"]),
        ("domains/example.json", '{"host": "x"}', []),
        ("_default_/configs/application.ini", "[ssl]\nverify_certificate = Off\n", []),
    ],
)
def test_the_text_tells_the_format(path: str, text: str, expected: list[str]) -> None:
    assert formats_of(path, lambda: text) == expected


def test_lines_that_are_no_settings_are_unread() -> None:
    inventory = read_group(snappymail, {INI: INI_TEXT + "what is this\n"}, [INI])
    assert [unread.where.line for unread in inventory.unread] == [5]


@pytest.mark.parametrize("text", ["", "{", "{}", '{"IMAP": 1}', "[ssl]\n", "a = b\n"])
def test_another_text_is_refused(text: str) -> None:
    assert [u.fatal for u in read_group(snappymail, {JSON: text}, [JSON]).unread] == [True]
