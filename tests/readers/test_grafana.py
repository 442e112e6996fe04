"""Grafana: what section [smtp] means, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import grafana
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, the

SECTION = "[smtp]\nenabled = true\nhost = smtp.example.org:587\nuser = u\n"

read = MainFile(grafana, "grafana.ini").read


def only(text: str) -> Fact:
    return the(read(text), "connection")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", {"tls": "opportunistic", "verify": "ca", "cleartext_credentials": True, "port": 587, "mechanisms": ()}),
        ("host = smtp.example.org:465", {"tls": "implicit", "cleartext_credentials": False}),
        ("startTLS_policy = MandatoryStartTLS", {"tls": "required", "cleartext_credentials": False}),
        ("startTLS_policy = NoStartTLS", {"tls": "none", "verify": "none", "cleartext_credentials": True}),
        ("startTLS_policy = mandatory", {"tls": "opportunistic"}),
        ("starttls_policy = MandatoryStartTLS", {"tls": "opportunistic"}),
        ("host = [2001:db8::1]:465", {"host": "2001:db8::1", "port": 465, "tls": "implicit"}),
        ("host = :25", {"host": "localhost", "port": 25}),
        ("host = smtp.example.org", {"broken": "host needs host:port", "port_stated": False, "port": None}),
        ("host = smtp.example.org:smtps2", {"broken": "host has no port that could be used", "port": None}),
        ("skip_verify = true", {"verify": "none"}),
        ("skip_verify = maybe", {"verify": "ca"}),
        ("skip_verify = TRUE # yes", {"verify": "none"}),
        ("user =", {"authenticates": False}),
        ("password = abc", {"credential": "literal"}),
        ("password = $__env{SMTP}", {"credential": "environment"}),
        ("password = ${SMTP}", {"credential": "environment"}),
        ("password = $__file{/run/secrets/smtp}", {"credential": "file"}),
        ("password = $__vault{kv:a:b}", {"credential": None}),
        ('password = """a;b#c"""', {"credential": "literal"}),
        ("host = $__env{HOST}:465", {"host": None, "port": None, "tls": None, "verify": None}),
        ("[smtp]\nstartTLS_policy : MandatoryStartTLS", {"tls": "required"}),
        ("{% if x %}\nstartTLS_policy = MandatoryStartTLS\n{% endif %}", {"tls": None}),
        ("skip_verify = {{ x }}", {"verify": None}),
    ],
)
def test_settings_mean_what_grafana_makes_of_them(lines: str, expected: dict[str, object]) -> None:
    values = only(f"{SECTION}{lines}\n").values
    assert {name: values.get(name) for name in expected} == expected


def test_defaults() -> None:
    fact = only("[smtp]\nenabled = 1\n")
    assert fact.values["host"] == "localhost"
    assert (fact.values["port"], fact.values["port_stated"]) == (25, False)
    assert fact.values["authenticates"] is False


@pytest.mark.parametrize(
    "text", ["[smtp]\nhost = a:25\n", "[smtp]\nenabled = false\nhost = a:25\n", "[server]\nx = y\n"]
)
def test_no_mail_where_it_is_not_enabled(text: str) -> None:
    assert read(text).facts == ()


def test_a_value_ends_at_a_sign_of_comments() -> None:
    text = f"{SECTION}password = abc#def ; secret\n"
    (fact,) = of_kind(read(text), "secret")
    assert blamed(text, fact, "storage") == "abc"


def test_positions() -> None:
    text = f'{SECTION}startTLS_policy = NoStartTLS\nskip_verify = true\npassword = """hun;ter2"""\n'
    fact = only(text)
    assert blamed(text, fact, "host") == "smtp.example.org"
    assert blamed(text, fact, "port") == "587"
    assert blamed(text, fact, "tls") == "NoStartTLS"
    assert blamed(text, the(read(text), "secret"), "storage") == "hun;ter2"


def test_what_stops_grafana_is_unread() -> None:
    (unread,) = read(f"{SECTION}this is nothing\n").unread
    assert (unread.where.line, unread.fatal) == (5, False)


@pytest.mark.parametrize(("text", "fatal"), [("{{ config }}\n", False), ("# nothing\n", True)])
def test_what_holds_nothing(text: str, fatal: bool) -> None:
    (unread,) = read(text).unread
    assert unread.fatal is fatal


def test_sniff() -> None:
    assert grafana.sniff("[auth.ldap]\n[smtp]\n[dashboards]\n")
    assert not grafana.sniff("[smtp]\nhost = a\n")
