"""swaks: what a file of options means, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import swaks
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, under

READ = MainFile(swaks, ".swaksrc")
HEAD = "--server smtp.example.test\n--to bob@example.test\n"
LOGIN = HEAD + "--auth-user alice\n--auth-password secret\n"


def only(text: str, version: str = "20201014.0") -> Fact:
    return READ.only(text, "connection", version)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD, {"tls": "none", "port": 25, "port_stated": False, "authenticates": False, "role": "submission"}),
        (LOGIN, {"authenticates": True, "mechanisms": (), "credential": "literal", "cleartext_credentials": True}),
        (LOGIN + "--tls", {"tls": "required", "verify": "none", "cleartext_credentials": False}),
        (LOGIN + "tls", {"tls": "required"}),
        (LOGIN + "-tls", {"tls": "required"}),
        (LOGIN + "-tlso", {"tls": "opportunistic", "cleartext_credentials": True}),
        (LOGIN + "--tls-optional-strict", {"tls": "opportunistic"}),
        (LOGIN + "--tls\n--tls-optional", {"tls": "opportunistic"}),
        (LOGIN + "-tlsc", {"tls": "implicit", "port": 465}),
        (LOGIN + "--tls\n--no-tls", {"tls": "none"}),
        (LOGIN + "--tls-on", {"tls": "implicit"}),
        (LOGIN + "--protocol ESMTPS", {"tls": "required"}),
        (LOGIN + "--protocol SSMTP", {"tls": "implicit", "port": 465}),
        (HEAD + "--protocol esmtpsa", {"authenticates": True, "credential": "prompt"}),
        (HEAD + "--protocol LMTP", {"protocol": "lmtp", "port": 24, "role": "relay"}),
        (LOGIN + "--tls\n--tls-verify", {"verify": "ca-noname"}),
        (LOGIN + "--auth CRAM-MD5", {"mechanisms": ("CRAM-MD5",), "cleartext_credentials": False}),
        (LOGIN + "--auth cram-md5,plain", {"mechanisms": ("CRAM-MD5", "PLAIN"), "cleartext_credentials": True}),
        (LOGIN + "--auth SPA\n--auth-map SPA=LOGIN", {"cleartext_credentials": True}),
        (HEAD + "--auth", {"authenticates": True, "credential": "prompt"}),
        (HEAD + "--auth-optional", {"authenticates": True}),
        (LOGIN + "--port submission", {"port": 587, "port_stated": True}),
        (LOGIN + "-p 2525", {"port": 2525}),
        ("--server h:587\n--port 25", {"host": "h", "port": 587}),
        ("--server=h", {"host": "h"}),
        ("server h/465", {"host": "h", "port": 465}),
        ("--server [::1]:25", {"host": "::1", "scope": "loopback"}),
        ("--server [10.0.0.1]", {"host": "10.0.0.1", "scope": "private"}),
        ("--to bob@example.test", {"host": "example.test", "mx_lookup": True, "role": "relay"}),
        ("--to a@b.test\n--copy-routing c.test", {"host": "c.test"}),
        ("--socket /run/smtp.sock\n--to a@b.test", {"host": "/run/smtp.sock", "scope": "loopback"}),
        (LOGIN + "--tls\n--tls-protocol tlsv1_2,tlsv1_3", {"tls_min": "TLSv1.2"}),
        (LOGIN + "--tls\n--tls-protocol no_sslv2,no_sslv3", {"tls_min": "TLSv1.0"}),
        (LOGIN + "--h-Subject: a test\n--header-X-A b\n--silent 2", {"broken": None}),
        (LOGIN + "--body one two  three\n#--tls\n", {"tls": "none", "broken": None}),
    ],
)
def test_options_mean_what_swaks_makes_of_them(text: str, expected: dict[str, object]) -> None:
    values = only(text + "\n").values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (HEAD + "\n--tls\n", ""),
        (HEAD + "  --tls\n", " "),
        (HEAD + "--tls yes\n", "yes"),
        (HEAD + "--tls-o\n", "--tls-o"),
        (HEAD + "--nonsense\n", "--nonsense"),
        (HEAD + "#x\n #y\n", " "),
        (HEAD + "--tls-cert", "--tls-cert"),
        (HEAD + "--cc c@example.test\n", "--cc"),
    ],
)
def test_what_swaks_refuses_breaks_the_session(text: str, word: str) -> None:
    found = READ.read(text, "20201014.0")
    (unread,) = found.unread
    assert under(text, unread.where).startswith(word[:1])
    assert under(text, unread.where).strip("- ") == word.strip("- ")
    assert of_kind(found, "connection")[0].values["broken"]


def test_an_empty_line_at_the_end_does_no_harm() -> None:
    assert not READ.read(HEAD + "--tls\n\n", "20201014.0").unread


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("--tls\n--tls-on-connect", "inside of TLS"),
        ("--protocol SMTP\n--tls", "no EHLO"),
        ("--protocol SMTPX", "no such protocol"),
        ("--socket /run/a", "one of server"),
    ],
)
def test_sessions_that_come_to_nothing(options: str, why: str) -> None:
    assert why in str(only(f"{HEAD}{options}\n").values["broken"])


@pytest.mark.parametrize(
    ("options", "verify"),
    [
        ("--tls-verify", "ca"),
        ("--tls-verify-ca", "ca-noname"),
        ("--tls-verify-host", "name-only"),
        ("--tls-verify-ca\n--tls-verify-host", "ca"),
        ("--tls-ca-path /etc/ssl/certs", "none"),
    ],
)
def test_newer_versions_check_the_name_too(options: str, verify: str) -> None:
    assert only(f"{HEAD}--tls\n{options}\n", "20240103.0").values["verify"] == verify


@pytest.mark.parametrize(
    ("text", "field", "word"),
    [
        (LOGIN, "credential", "secret"),
        (LOGIN + "--tls-optional\n", "tls", "--tls-optional"),
        (LOGIN + "--port  2525\n", "port", " 2525"),
        ("--server=smtp.example.test\n", "host", "smtp.example.test"),
        (LOGIN + "--auth PLAIN\n", "mechanisms", "PLAIN"),
    ],
)
def test_positions(text: str, field: str, word: str) -> None:
    assert blamed(text, only(text), field) == word


def test_a_file_without_a_server_is_completed_by_the_command_line() -> None:
    found = READ.read("--from a@example.test\n--tls\n--ap hunter-2\n")
    assert not of_kind(found, "connection")
    assert "the command line does" in found.notes[0]
    assert len(of_kind(found, "secret")) == 1


@pytest.mark.parametrize("password", ["<>", "${PASSWORD}", "{{ password }}"])
def test_placeholders_are_no_secrets(password: str) -> None:
    assert not of_kind(READ.read(f"{HEAD}--auth-password {password}\n"), "secret")


def test_templates_are_unknown() -> None:
    values = only("--server {{ host }}\n--port @PORT@\n--auth ${AUTH}\n").values
    assert not {"host", "port", "mechanisms", "cleartext_credentials"} & set(values)


def test_sniff() -> None:
    assert swaks.sniff(LOGIN)
    assert not swaks.sniff("server {\n}\n")
    assert not swaks.sniff("to whom it may concern\n")
