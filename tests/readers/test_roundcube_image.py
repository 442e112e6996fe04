"""Roundcube's image: what its start script makes of ROUNDCUBEMAIL_ variables."""

from __future__ import annotations

import pytest

from mailpolicy.readers import environment
from mailpolicy.types import Fact, Inventory
from tests.readers.reading import blamed, read_group, the

Values = dict[str, object]


def read(image: str, **variables: str) -> tuple[str, Inventory]:
    lines = [f"      ROUNDCUBEMAIL_{name}: {value}" for name, value in variables.items()]
    text = "\n".join(["services:", "  mail:", f"    image: {image}", "    environment:", *lines, ""])
    found = read_group(environment, {"compose.yaml": text}, ["compose.yaml"])
    assert not found.unread
    return text, found


def one(image: str, **variables: str) -> tuple[str, Fact]:
    text, found = read(image, **variables)
    return text, the(found, "connection")


NEW, OLD = "roundcube/roundcubemail:latest-apache", "roundcube/roundcubemail:1.5.2-fpm"


@pytest.mark.parametrize(
    ("image", "variables", "expected"),
    [
        (NEW, {"DEFAULT_HOST": "dovecot"}, {"host": "dovecot", "port": 143, "port_stated": False, "tls": "none"}),
        (NEW, {"DEFAULT_HOST": "ssl://h.example.org", "DEFAULT_PORT": "993"},
         {"host": "h.example.org", "port": 993, "tls": "implicit", "verify": "ca", "cleartext_credentials": False}),
        # the port that nothing sets is 143, whatever the scheme
        (NEW, {"DEFAULT_HOST": "ssl://h.example.org"}, {"port": 143, "port_stated": False, "tls": "implicit"}),
        (OLD, {"DEFAULT_HOST": "ssl://h.example.org"}, {"port": 993, "port_stated": False, "tls": "implicit"}),
        (OLD, {"DEFAULT_HOST": "ssl://h.example.org", "DEFAULT_PORT": "143"}, {"port": 993, "tls": "implicit"}),
        (OLD, {"DEFAULT_HOST": "ssl://h.example.org:1993"}, {"port": 1993, "port_stated": True, "broken": None}),
        (OLD, {"DEFAULT_HOST": "tls://h.example.org"}, {"port": 143, "tls": "opportunistic"}),
        (NEW, {"DEFAULT_HOST": "tls://h.example.org"}, {"tls": "required", "cleartext_credentials": False}),
        ("roundcube/roundcubemail:1.6.5-apache", {"DEFAULT_HOST": "tls://h.example.org"},
         {"tls": "opportunistic", "cleartext_credentials": True, "version": "1.6.5"}),
        (NEW, {"DEFAULT_HOST": "imaps://h.example.org", "DEFAULT_PORT": "993"}, {"tls": "implicit"}),
        (NEW, {"SMTP_SERVER": "smtps://h.example.org", "SMTP_PORT": "465"}, {"tls": "none", "verify": "none"}),
        (NEW, {"SMTP_SERVER": "tls://h.example.org"},
         {"protocol": "smtp", "role": "submission", "port": 587, "port_stated": False, "tls": "required",
          "authenticates": True, "credential": "prompt"}),
        (OLD, {"SMTP_SERVER": "ssl://h.example.org", "SMTP_PORT": "465"}, {"port": 465, "tls": "implicit"}),
        (NEW, {"SMTP_SERVER": "tls://%h"}, {"host": None, "tls": "required"}),
        (NEW, {"SMTP_SERVER": "${SERVER}"}, {"host": None, "tls": None, "port": 587}),
        (NEW, {"SMTP_SERVER": "h.example.org", "SMTP_PORT": "${PORT}"}, {"port": None, "port_stated": True}),
        (NEW, {"SMTP_SERVER": "'[2001:db8::1]'"}, {"host": "2001:db8::1", "port": 587}),
    ],
)  # fmt: skip
def test_what_variables_mean(image: str, variables: dict[str, str], expected: Values) -> None:
    values = one(image, **variables)[1].values
    assert {name: values.get(name) for name in expected} == expected


def test_a_port_in_the_host_makes_no_address_since_1_6() -> None:
    text, fact = one(NEW, SMTP_SERVER="ssl://h.example.org:465", SMTP_PORT="465")
    assert "465" in str(fact.values["broken"])
    assert blamed(text, fact, "broken") == "465"


@pytest.mark.parametrize(
    ("field", "under"), [("host", "h.example.org"), ("tls", "tls"), ("port", "1143"), ("verify", "tls")]
)
def test_the_text_that_is_blamed(field: str, under: str) -> None:
    text, fact = one(NEW, DEFAULT_HOST="tls://h.example.org", DEFAULT_PORT="1143")
    assert blamed(text, fact, field) == under


def test_variables_of_its_database_alone_are_no_session() -> None:
    assert read(NEW, DB_TYPE="sqlite")[1].facts == ()


def test_the_key_is_a_secret() -> None:
    text, found = read(NEW, DES_KEY="Xq9.some-long.key-here.1")
    assert blamed(text, the(found, "secret"), "storage") == "Xq9.some-long.key-here.1"
