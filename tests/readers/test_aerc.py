"""aerc: what the URLs of an account mean in each version, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import aerc, format_of
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, some, the, under

read = MainFile(aerc, "aerc/accounts.conf").read


def text_of(source: str = "maildir:///mail", more: str = "") -> str:
    return f"[Work]\nsource = {source}\nfrom = Alice <alice@example.test>\n{more}"


def access(source: str, version: str = "", more: str = "") -> Fact:
    return the(read(text_of(source, more), version), "connection")


def submission(outgoing: str, version: str = "", more: str = "") -> Fact:
    return the(read(text_of(more=f"outgoing = {outgoing}\n{more}"), version), "connection")


@pytest.mark.parametrize(
    ("url", "version", "expected"),
    [
        ("imaps://a@imap.example.test", "0.20", {"tls": "implicit", "verify": "ca", "port": 993, "port_stated": False}),
        ("imaps://a@imap.example.test:143", "0.20", {"tls": "implicit", "port": 143, "port_stated": True}),
        ("imap://a@h.test", "0.14", {"tls": "required", "verify": "ca", "port": 143, "cleartext_credentials": False}),
        ("imap+insecure://a@h.test", "0.14", {"tls": "none", "verify": "none", "cleartext_credentials": True}),
        ("imap+insecure://h.test", "0.14", {"authenticates": False, "cleartext_credentials": False}),
        ("imaps+insecure://a@h.test", "0.17", {"tls": "implicit", "verify": "ca"}),
        ("imaps+insecure://a@h.test", "0.18", {"tls": "implicit", "verify": "none", "cleartext_credentials": False}),
        ("imaps+insecure://a@h.test", "", {"verify": "none"}),
        ("imap+oauthbearer+insecure://a@h.test", "0.20", {"tls": "none", "mechanisms": ("OAUTHBEARER",)}),
        ("imap+insecure+oauthbearer://a@h.test", "0.20", {"broken": "aerc knows no IMAP scheme imap+insecure"}),
        ("imaps+xoauth2://a@h.test", "0.13", {"mechanisms": ("XOAUTH2",), "broken": None}),
        ("imaps+xoauth2://a@h.test", "0.12", {"broken": "aerc knows no IMAP scheme imaps+xoauth2"}),
        ("imaps://a@h.test", "0.19", {"mechanisms": ("LOGIN",)}),
        ("imaps://a@h.test", "0.20", {"mechanisms": ()}),
        ("IMAPS://a:b@h.test", "0.20", {"tls": "implicit", "credential": "literal"}),
        ("imaps://a%40example.test:p%C3%A4ss@h.test", "0.20", {"mailbox": "a@example.test", "host": "h.test"}),
        ("imaps://a@example.test@h.test", "0.20", {"mailbox": "a@example.test", "host": "h.test", "broken": None}),
        ("imaps://a@[::1]:993", "0.20", {"host": "::1", "port": 993, "scope": "loopback"}),
        ("imaps://a@imap.gmail.com", "0.20", {"provider": "oauth2"}),
        ("imaps+oauthbearer://a@imap.gmail.com", "0.20", {"provider": None}),
        ("imaps://a@{{ .host }}:993", "0.20", {"host": None, "tls": "implicit", "port": 993, "broken": None}),
        ("imaps://a:{{ .password }}@h.test", "0.20", {"host": "h.test", "credential": None, "broken": None}),
    ],
)
def test_a_source_means_what_its_scheme_says(url: str, version: str, expected: dict[str, object]) -> None:
    assert some(access(url, version), expected) == expected


@pytest.mark.parametrize(
    ("url", "version", "expected"),
    [
        ("smtp://a:b@h.test", "0.14", {"tls": "none", "port": 587, "cleartext_credentials": True}),
        ("smtp://a:b@h.test", "0.15", {"tls": "required", "verify": "ca", "cleartext_credentials": False}),
        ("smtp+insecure://a:b@h.test", "0.15", {"tls": "none", "cleartext_credentials": True, "broken": None}),
        ("smtp+insecure://a:b@h.test", "0.14", {"tls": "none", "broken": "aerc has no login called insecure"}),
        ("smtp+insecure://a:b@h.test", "0.14", {"cleartext_credentials": False}),
        ("smtp+insecure+login://a:b@h.test", "0.20", {"tls": "none", "mechanisms": ("LOGIN",)}),
        ("smtp+insecure+login://a:b@h.test", "0.14", {"broken": "aerc takes no scheme of so many parts"}),
        ("smtp+login+insecure://a:b@h.test", "0.20", {"broken": "aerc does not send by smtp+login"}),
        ("smtps://a:b@h.test", "0.14", {"tls": "implicit", "port": 465, "verify": "ca"}),
        ("smtps+insecure://a:b@h.test", "0.20", {"broken": "aerc does not send by smtps+insecure"}),
        ("smtps+login://a:b@h.test:587", "0.14", {"tls": "implicit", "port": 587, "mechanisms": ("LOGIN",)}),
        ("smtp+none://h.test:25", "0.14", {"authenticates": False, "credential": "none"}),
        ("smtp+none://h.test:25", "0.14", {"cleartext_credentials": False}),
        ("smtp://h.test:25", "0.14", {"authenticates": True, "mechanisms": ("PLAIN",), "credential": "none"}),
        ("smtp+xoauth2://a@h.test", "0.20", {"mechanisms": ("XOAUTH2",), "tls": "required"}),
        ("smtp+cram-md5://a:b@h.test", "0.20", {"broken": "aerc has no login called cram-md5"}),
        ("smtp:h.test", "0.20", {"broken": "the URL is refused: it has no // before the host"}),
    ],
)
def test_an_outgoing_means_what_its_scheme_says(url: str, version: str, expected: dict[str, object]) -> None:
    assert some(submission(url, version), expected) == expected


@pytest.mark.parametrize(
    ("value", "version", "tls"),
    [("yes", "0.14", "required"), ("no", "0.14", "none"), ("true", "0.14", "none"), ("no", "0.15", "required")],
)
def test_smtp_starttls_counts_before_0_15_and_only_as_yes(value: str, version: str, tls: str) -> None:
    assert submission("smtp://a:b@h.test", version, f"smtp-starttls = {value}\n").values["tls"] == tls


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("imaps://a:sec#ret@h.test", "the URL is refused: what follows the host is no port"),
        ("imaps://a:sec ret@h.test", "the URL is refused: its user or password holds a character"),
        ("imaps://a:50%@h.test", "the URL is refused: a % in it is not followed"),
        ("imaps://a:b@h.test:imap", "the URL is refused: what follows the host is no port"),
        ("imaps://a:b@ho st", "the URL is refused: its host holds a character"),
        ("imaps://a:b@h.test:0", "the URL has no usable port"),
        ("imaps://a:b@h.test:", "the URL has no usable port"),
        ("imaps://a:b@", "the URL names no host"),
    ],
)
def test_what_go_refuses_is_broken(value: str, expected: str) -> None:
    assert str(access(value).values["broken"]).startswith(expected)


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("imaps://h.test ; work", "h.test"),
        ('"imaps://h.test"', "h.test"),
        ("'imaps://h.test'", "h.test"),
        ("`imaps://a:b@h.test`", "h.test"),
        ('"""imaps://h.test"""', "h.test"),
        ("imaps://\\\nh.test", "h.test"),
    ],
)
def test_values_are_those_of_go_ini(value: str, host: str) -> None:
    assert access(value).values["host"] == host


@pytest.mark.parametrize(
    ("version", "hosts", "broken"),
    [("0.18", ["i.test"], False), ("0.17", [], True)],
)
def test_what_stands_above_all_sections_holds_since_0_18(version: str, hosts: list[str], broken: bool) -> None:
    found = read("source = imaps://i.test\nfrom = a@b.test\n[Work]\ndefault = INBOX\n", version)
    assert [fact.values["host"] for fact in of_kind(found, "connection")] == hosts
    assert bool(found.notes) == broken


def test_sections_inherit_by_their_dots_and_variables_are_put_in() -> None:
    text = "host = h.test\n[a]\nsource = imaps://%(host)s\nfrom = a@b.test\n[a.b]\nfrom = c@b.test\n"
    assert [fact.values["host"] for fact in read(text, "0.20").facts] == ["h.test", "h.test"]
    assert of_kind(read(text, "0.14"), "connection")[0].values["broken"]


@pytest.mark.parametrize(
    ("version", "broken"),
    [("0.14", [True, True]), ("0.20", [False, True])],
)
def test_an_account_without_from_stops_old_versions(version: str, broken: list[bool]) -> None:
    text = text_of("imaps://a@h.test") + "[Two]\nsource = imaps://b@i.test\n"
    assert [bool(fact.values["broken"]) for fact in read(text, version).facts] == broken


def test_a_line_that_go_ini_refuses_ends_the_file() -> None:
    found = read(text_of("imaps://a@h.test") + "[Two]\nsource: imaps://a@h.test\n", "0.20")
    assert [bool(fact.values["broken"]) for fact in found.facts] == [True]
    assert found.unread[0].where.line == 5
    assert read(text_of("imaps://a@h.test").replace(" = ", ": "), "0.14").facts[0].values["broken"] is None


@pytest.mark.parametrize(
    ("lines", "credential"),
    [
        ("source-cred-cmd = pass show mail\n", "command"),
        ("source-cred-cmd = echo hunter2\n", "literal"),
        ('source-cred-cmd = "pass show mail | head -n1"\n', "command"),
        ("", "none"),
    ],
)
def test_where_the_password_is(lines: str, credential: str) -> None:
    assert access("imaps://a@h.test", more=lines).values["credential"] == credential


def test_a_password_in_the_url_leaves_the_command_alone() -> None:
    assert access("imaps://a:b@h.test", more="source-cred-cmd = pass x\n").values["credential"] == "literal"


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        (text_of("imaps://a:hunt%20er@h.test"), ["hunt%20er"]),
        (text_of("imaps://a:${PASSWORD}@h.test"), []),
        (text_of("imaps+xoauth2://a@h.test?token_endpoint=https://t.test&client_secret=abc"), ["abc"]),
        (text_of(more="outgoing-cred-cmd = echo -n 'hunter2'\n"), ["hunter2"]),
        (text_of(more="carddav-source = https://a:hunter2@dav.test\n"), ["hunter2"]),
        (text_of("jmap://a:hunter2@jmap.test"), ["hunter2"]),
    ],
)
def test_passwords_are_found_where_they_stand(text: str, secrets: list[str]) -> None:
    found = of_kind(read(text), "secret")
    assert [blamed(text, fact, "storage") for fact in found] == secrets


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("tls", "imap+insecure"),
        ("verify", "imap+insecure"),
        ("cleartext_credentials", "imap+insecure"),
        ("host", "imap.example.test"),
        ("port", "1143"),
        ("mailbox", "alice"),
        ("credential", "secret"),
    ],
)
def test_positions_lie_on_the_part_that_decides(field: str, expected: str) -> None:
    text = '[Work]\nsource = "imap+insecure://alice:secret@imap.example.test:1143"\nfrom = a@b.test\n'
    assert blamed(text, the(read(text), "connection"), field) == expected


def test_a_setting_that_overrides_the_scheme_is_blamed() -> None:
    text = text_of(more="outgoing = smtp://a@h.test\nsmtp-starttls = no\n")
    assert blamed(text, the(read(text, "0.14"), "connection"), "tls") == "no"


def test_conditions_of_a_template_make_what_stands_in_them_unknown() -> None:
    text = '[Work]\nfrom = a@b.test\n{{ if eq .os "linux" }}\nsource = imaps://a@h.test\n{{ end }}\n'
    found = read(text)
    assert not found.facts
    assert [under(text, unread.where) for unread in found.unread] == ["imaps://a@h.test"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "just words\n", "[Work\n"])
def test_a_file_without_accounts_is_not_read(text: str) -> None:
    assert read(text).unread[0].fatal


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (".config/aerc/accounts.conf", "aerc"),
        ("dot_config/aerc/private_accounts.conf.tmpl", "aerc"),
        (".config/aerc/accounts.conf##default", "aerc"),
        ("aerc-accounts.conf", "aerc"),
        (".config/aerc/aerc.conf", None),
        (".config/other/accounts.conf", None),
    ],
)
def test_names(path: str, name: str | None) -> None:
    assert format_of(path) == name


def test_sniff() -> None:
    assert aerc.sniff(text_of("imaps://a@h.test"))
    assert not aerc.sniff("[Unit]\nDescription = x\n[Service]\nsource = y\n")
