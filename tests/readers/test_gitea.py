"""Gitea, Forgejo, Gogs: what app.ini means for mail, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import gitea
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, the

READER = MainFile(gitea, "app.ini")
read = READER.read


def only(lines: str, version: str = "") -> Fact:
    return the(read(f"[mailer]\nENABLED = true\n{lines}\n", version), "connection")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            "PROTOCOL = smtp\nSMTP_ADDR = a.example\nUSER = u",
            {"tls": "none", "port": 25, "cleartext_credentials": True},
        ),
        ("PROTOCOL = smtps\nSMTP_ADDR = a.example", {"tls": "implicit", "port": 465, "port_stated": False}),
        ("PROTOCOL = smtp+starttls\nSMTP_ADDR = a.example", {"tls": "opportunistic", "port": 587}),
        ("PROTOCOL = smtp+startls\nSMTP_ADDR = a.example", {"tls": "opportunistic", "port": 587}),
        ("PROTOCOL = smtp+starttls\nSMTP_ADDR = a.example\nSMTP_PORT = 26", {"port": 26, "port_stated": True}),
        ("PROTOCOL = SMTPS\nSMTP_ADDR = a.example\nSMTP_PORT = 25", {"tls": "none"}),
        ("SMTP_ADDR = a.example\nSMTP_PORT = 25", {"tls": "none"}),
        ("SMTP_ADDR = a.example\nSMTP_PORT = 465", {"tls": "implicit"}),
        ("SMTP_ADDR = a.example\nSMTP_PORT = 587", {"tls": "opportunistic"}),
        ("SMTP_ADDR = a.example\nSMTP_PORT = 2525", {"tls": "implicit"}),
        ("SMTP_ADDR = a.example", {"tls": "implicit", "port": 465}),
        ("SMTP_ADDR = /run/smtp.sock", {"tls": "none", "host": "/run/smtp.sock", "scope": "loopback", "port": None}),
        ("PROTOCOL = smtp+unix\nSMTP_ADDR = /run/smtp.sock", {"tls": "none", "scope": "loopback"}),
        ("HOST = a.example:587", {"tls": "opportunistic", "port": 587, "host": "a.example"}),
        ("HOST = a.example:25", {"tls": "none"}),
        ("HOST = a.example:465\nIS_TLS_ENABLED = false", {"tls": "opportunistic", "port": 465}),
        ("HOST = a.example:25\nIS_TLS_ENABLED = true", {"tls": "implicit", "port": 25}),
        ("HOST = a.example", {"tls": "implicit", "port": 465, "host": "a.example", "broken": None}),
        ("HOST = {{ host }}:587", {"tls": None, "host": None, "broken": None}),
        ("PROTOCOL = smtps", {"broken": "no SMTP_ADDR", "host": None}),
        ("PROTOCOL = smtps\nSMTP_ADDR = a\nFORCE_TRUST_SERVER_CERT = true", {"verify": "none"}),
        ("PROTOCOL = smtps\nSMTP_ADDR = a\nSKIP_VERIFY = true", {"verify": "none"}),
        ("PROTOCOL = smtps\nSMTP_ADDR = a\nSKIP_VERIFY = true\nFORCE_TRUST_SERVER_CERT = false", {"verify": "ca"}),
        ("PROTOCOL = smtps\nSMTP_ADDR = a\nUSER = u\nPASSWD = `a;b`", {"credential": "literal"}),
        ("PROTOCOL = {{ p }}\nSMTP_ADDR = a", {"tls": None, "verify": None}),
    ],
)
def test_the_mailer_means_what_gitea_makes_of_it(lines: str, expected: dict[str, object]) -> None:
    values = only(lines).values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("HOST = a.example:587", {"tls": "opportunistic"}),
        ("HOST = a.example:25\nUSER = u", {"tls": "opportunistic", "cleartext_credentials": True}),
        ("HOST = a.example:465", {"tls": "implicit"}),
        ("HOST = a.example:1465", {"tls": "implicit"}),
        ("HOST = a.example:25\nIS_TLS_ENABLED = true", {"tls": "implicit"}),
        ("HOST = a.example", {"broken": "mailer.HOST needs host:port"}),
        ("HOST = a.example:25\nSKIP_VERIFY = true", {"verify": "none"}),
    ],
)
@pytest.mark.parametrize("gogs", [False, True])
def test_older_ones_take_starttls_where_it_is_offered(lines: str, expected: dict[str, object], gogs: bool) -> None:
    text = f"[mailer]\nENABLED = true\n{lines}\n"
    found = read({"gogs/app.ini": text}) if gogs else read(text, "1.16")
    fact = the(found, "connection")
    assert {name: fact.values.get(name) for name in expected} == expected
    assert fact.values["software"] == ("gogs" if gogs else "gitea")


@pytest.mark.parametrize(
    "lines",
    [
        "ENABLED = false\nHOST = a:25",
        "HOST = a:25",
        "ENABLED = true\nPROTOCOL = sendmail",
        "ENABLED = on\nPROTOCOL = dummy",
        "ENABLED = true\nMAILER_TYPE = sendmail",
    ],
)
def test_no_session(lines: str) -> None:
    assert read(f"[mailer]\n{lines}\n").facts == ()


INCOMING = "[email.incoming]\nENABLED = true\nHOST = imap.example.org\nUSERNAME = Git@Example.org\nPASSWORD = hunter2\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            "PORT = 993\nUSE_TLS = true",
            {"tls": "implicit", "verify": "ca", "cleartext_credentials": False, "port": 993},
        ),
        ("PORT = 143", {"tls": "none", "cleartext_credentials": True, "expunges": True}),
        ("PORT = 993\nUSE_TLS = true\nSKIP_TLS_VERIFY = true", {"verify": "none"}),
        ("PORT = 143\nDELETE_HANDLED_MESSAGE = false", {"expunges": False}),
        ("", {"broken": "no PORT", "port": None}),
    ],
)
def test_incoming_mail(lines: str, expected: dict[str, object]) -> None:
    fact = the(read(f"{INCOMING}{lines}\n"), "connection")
    assert {name: fact.values.get(name) for name in expected} == expected
    assert (fact.values["protocol"], fact.values["role"]) == ("imap", "access")
    assert fact.values["mailbox"] == "git@example.org"


def test_positions() -> None:
    text = "[mailer]\nENABLED = true\nPROTOCOL = smtp\nSMTP_ADDR = a\nSMTP_PORT = 25\nUSER = u\nPASSWD = `hunter2`\n"
    fact = the(read(text), "connection")
    assert blamed(text, fact, "tls") == "smtp"
    assert blamed(text, fact, "port") == "25"
    assert blamed(text, fact, "cleartext_credentials") == "smtp"
    assert blamed(text, the(read(text), "secret"), "storage") == "hunter2"


def test_a_file_without_mail() -> None:
    found = read("[server]\nROOT_URL = a\n")
    assert (found.facts, found.files) == ((), ())
    assert of_kind(found, "connection") == []


def test_names_of_the_file_put_in() -> None:
    text = "NAME = a\nDOMAIN = example.org\n[mailer]\nENABLED = true\nPROTOCOL = smtps\nSMTP_ADDR = smtp.%(DOMAIN)s\n"
    assert the(read(text), "connection").values["host"] == "smtp.example.org"


def test_sniff() -> None:
    assert gitea.sniff("[server]\nROOT_URL = a\n[mailer]\nENABLED = true\n")
    assert not gitea.sniff("[app]\nname = x\n[mailer]\nhost = y\n")
