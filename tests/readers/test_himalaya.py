"""Himalaya: its four shapes, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import format_of, himalaya
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, some

read = MainFile(himalaya, "himalaya/config.toml").read

FLAT = '[work]\nemail = "a@h.test"\nimap-host = "imap.h.test"\nimap-port = 993\nimap-login = "a"\n'
BETA = (
    '[accounts.work]\nemail = "a@h.test"\nbackend = "imap"\nimap.host = "imap.h.test"\nimap.port = 993\n'
    'imap.login = "a"\n'
)
FIRST = (
    '[accounts.work]\nemail = "a@h.test"\nbackend.type = "imap"\nbackend.host = "imap.h.test"\nbackend.port = 993\n'
    'backend.login = "a"\nbackend.auth.type = "password"\n'
)
SECOND = '[accounts.work]\nimap.sasl.plain.username = "a"\nimap.sasl.plain.password.command = "pass"\n'


def only(text: str) -> Fact:
    (fact,) = of_kind(read(text), "connection")
    return fact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FLAT, {"tls": "implicit", "verify": "ca", "port": 993, "credential": "keyring", "version": "0.9"}),
        (FLAT, {"account": "work", "mailbox": "a@h.test", "mechanisms": (), "cleartext_credentials": False}),
        (FLAT + "imap-starttls = true\n", {"tls": "required", "verify": "ca"}),
        (FLAT + "imap-ssl = false\n", {"tls": "none", "verify": "none", "cleartext_credentials": True}),
        (FLAT + "imap-insecure = true\n", {"tls": "implicit", "verify": "none"}),
        (FLAT + 'imap-passwd-cmd = "pass"\n', {"credential": "command"}),
        (FLAT + 'imap-passwd-cmd = "echo hunter2"\n', {"credential": "literal"}),
        (FLAT + 'imap-passwd.raw = "hunter2"\n', {"credential": "literal"}),
        (FLAT + 'imap-auth = "oauth2"\n', {"mechanisms": ("XOAUTH2",), "credential": "keyring"}),
        (BETA, {"tls": "implicit", "version": "1.0 beta", "credential": "keyring"}),
        (BETA + 'imap.encryption = "none"\n', {"tls": "none", "cleartext_credentials": True}),
        (BETA + 'imap.encryption = "start-tls"\n', {"tls": "required", "verify": "ca"}),
        (BETA + "imap.encryption = false\n", {"tls": "none"}),
        (BETA + 'imap.encryption = "plain"\n', {"tls": None, "broken": "encryption is none of tls, start-tls, none"}),
        (BETA + 'imap.auth = "passwd"\nimap.passwd.cmd = "pass"\n', {"credential": "command", "broken": None}),
        (FIRST, {"tls": "implicit", "verify": "ca", "version": "1.2"}),
        (FIRST + 'backend.encryption.type = "none"\n', {"tls": "none", "verify": "none"}),
        (FIRST + 'backend.encryption.type = "start-tls"\n', {"tls": "required"}),
        (FIRST + 'backend.auth.raw = "hunter2"\n', {"credential": "literal"}),
        (FIRST.replace("password", "oauth2"), {"mechanisms": ("XOAUTH2",)}),
        (FIRST.replace("backend.port = 993\n", ""), {"port": None, "broken": "there is no port"}),
        (FIRST.replace("993", '"993"'), {"port": None, "broken": "port is no port"}),
        (FIRST.replace("imap.h.test", "{{ .host }}"), {"host": None, "broken": None}),
        (SECOND + 'imap.server = "imap.h.test"\n', {"tls": "implicit", "port": 993, "port_stated": False}),
        (SECOND + 'imap.server = "imap.h.test:1993"\n', {"tls": "implicit", "port": 1993, "port_stated": True}),
        (SECOND + 'imap.server = "imap://imap.h.test"\n', {"tls": "none", "port": 143, "cleartext_credentials": True}),
        (SECOND + 'imap.server = "imap://imap.h.test"\nimap.starttls = true\n', {"tls": "required", "verify": "ca"}),
        (SECOND + 'imap.server = "imaps://[::1]:993"\n', {"host": "::1", "port": 993}),
        (SECOND + 'imap.server = "unix:///run/s.sock"\n', {"host": "/run/s.sock", "scope": "loopback"}),
        (SECOND + 'imap.server = "unix:///run/s.sock"\n', {"authenticates": False}),
        (SECOND + 'imap.server = "pop3://h.test"\n', {"broken": "server has no scheme that Himalaya takes for imap"}),
        ('[accounts.w]\nimap.server = "imap://h.test"\n', {"authenticates": False, "cleartext_credentials": False}),
        (SECOND.replace("plain", "scram-sha-256") + 'imap.server = "imap://h"\n', {"cleartext_credentials": False}),
    ],
)  # fmt: skip
def test_settings_mean_what_himalaya_makes_of_them(text: str, expected: dict[str, object]) -> None:
    assert some(only(text), expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        FLAT + 'smtp-host = "smtp.h.test"\nsmtp-port = 25\nsmtp-ssl = false\nsmtp-starttls = true\nsmtp-login = "a"\n',
        BETA + 'smtp.host = "smtp.h.test"\nsmtp.port = 25\nsmtp.login = "a"\nsmtp.encryption = "none"\n',
        FIRST + "message.send.backend = { type = 'smtp', host = 'smtp.h.test', port = 25, encryption.type = 'none' }\n",
        SECOND + 'imap.server = "h.test"\nsmtp.server = "smtp://smtp.h.test:25"\nsmtp.sasl.login.username = "a"\n',
    ],
)
def test_what_sends_is_a_submission(text: str) -> None:
    access, submission = of_kind(read(text), "connection")
    assert access.values["role"] == "access"
    assert some(submission, {"role": 1, "host": 1, "port": 1, "tls": 1, "cleartext_credentials": 1}) == {
        "role": "submission", "host": "smtp.h.test", "port": 25, "tls": "none", "cleartext_credentials": True,
    }  # fmt: skip


def test_starttls_without_ssl_cannot_work_in_old_versions() -> None:
    assert only(FLAT + "imap-ssl = false\nimap-starttls = true\n").values["broken"]


def test_starttls_over_tls_cannot_work() -> None:
    assert only(SECOND + 'imap.server = "h.test"\nimap.starttls = true\n').values["broken"]


def test_other_backends_open_no_session() -> None:
    found = read('[accounts.work]\nemail = "a@h.test"\nbackend.type = "maildir"\nbackend.root-dir = "~/mail"\n')
    assert not found.facts and "opens no IMAP or SMTP session" in found.notes[0]


@pytest.mark.parametrize(
    ("field", "expected"),
    [("tls", '"imap://imap.h.test:1143"'), ("host", "imap.h.test"), ("port", "1143"), ("mailbox", '"a"')],
)
def test_positions(field: str, expected: str) -> None:
    text = SECOND + 'imap.server = "imap://imap.h.test:1143"\n'
    assert blamed(text, only(text), field).strip('"') == expected.strip('"')


@pytest.mark.parametrize(
    ("line", "secrets"),
    [
        ('backend.auth.raw = "hunter2"\n', ["hunter2"]),
        ('backend.auth.client-secret.raw = "abc"\n', ["abc"]),
        ('backend.auth.raw = "<raw-password>"\n', []),
        ('backend.auth.cmd = "pass"\n', []),
        ('backend.auth.cmd = "echo hunter2"\n', ["hunter2"]),
        ('other.cmd = "echo hunter2"\n', []),
    ],
)
def test_passwords_are_found_where_they_stand(line: str, secrets: list[str]) -> None:
    text = FIRST + line
    assert [blamed(text, fact, "storage") for fact in of_kind(read(text), "secret")] == secrets


@pytest.mark.parametrize("text", ["", "name = 'x'\n", "[accounts\n", "[accounts.work]\nx = \n"])
def test_what_holds_no_account_is_not_read(text: str) -> None:
    assert read(text).unread[0].fatal


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (".config/himalaya/config.toml", "himalaya"),
        ("dot_config/himalaya/private_config.toml.tmpl", "himalaya"),
        ("himalaya.toml", "himalaya"),
        (".himalayarc", "himalaya"),
        ("himalaya/Cargo.toml", None),
        ("helix/config.toml", None),
    ],
)
def test_names(path: str, name: str | None) -> None:
    assert format_of(path) == name


def test_sniff() -> None:
    assert himalaya.sniff(FIRST)
    assert not himalaya.sniff('[package]\nname = "himalaya"\n')
