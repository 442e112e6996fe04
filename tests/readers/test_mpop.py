"""mpop: what a file means, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import format_of, mpop
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, the

LOGIN = "host pop.example.test\nuser alice\npasswordeval pass show mail\ndelivery maildir ~/Mail\n"
SHA1 = ":".join(["0a"] * 20)

read = MainFile(mpop, ".mpoprc").read


def only(text: str, version: str = "") -> Fact:
    return the(read(text, version), "connection")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("tls on", {"tls": "required", "port": 110, "port_stated": False, "verify": "ca"}),
        ("tls on\ntls_starttls off", {"tls": "implicit", "port": 995}),
        ("tls_starttls off", {"tls": "none", "port": 110, "verify": "none"}),
        ("tls on\nport 995", {"tls": "required", "port": 995, "port_stated": True}),
        ("tls on\ntls_certcheck off", {"verify": "none"}),
        (f"tls on\ntls_fingerprint {SHA1}", {"verify": "fingerprint", "fingerprint_hash": "sha1"}),
        ("", {"tls": "none", "authenticates": True, "mechanisms": (), "cleartext_credentials": False}),
        ("auth on", {"mechanisms": (), "cleartext_credentials": False}),
        ("auth user", {"mechanisms": ("USER",), "cleartext_credentials": True}),
        ("auth plain", {"cleartext_credentials": True}),
        ("auth login", {"cleartext_credentials": True}),
        ("auth xoauth2", {"cleartext_credentials": True}),
        ("auth apop", {"mechanisms": ("APOP",), "cleartext_credentials": False}),
        ("auth cram-md5", {"cleartext_credentials": False}),
        ("auth user\ntls on", {"cleartext_credentials": False}),
        ("keep on", {"deletes_on_server": False}),
        ("keep", {"deletes_on_server": False}),
        ("keep off", {"deletes_on_server": True}),
        ("", {"deletes_on_server": True, "uidl": True}),
        ("keep 7d12h", {"deletes_on_server": True, "keeps_days": 7}),
        ("only_new off", {"uidl": False}),
        ("password hunter2", {"credential": "literal"}),
        ("", {"credential": "command", "mailbox": "alice@example.test", "protocol": "pop3", "role": "access"}),
        ("socket /run/pop.sock", {"host": "/run/pop.sock", "scope": "loopback"}),
        ("tls on\ntls_priorities NORMAL:-VERS-TLS1.0:-VERS-TLS1.1", {"tls_min": "TLSv1.2"}),
        ("host pop.gmail.com", {"provider": "oauth2"}),
    ],
)
def test_settings_mean_what_mpop_makes_of_them(lines: str, expected: dict[str, object]) -> None:
    fact = only(f"account default\n{LOGIN}{lines}\n")
    assert {name: fact.values.get(name) for name in expected} == expected
    assert fact.values["broken"] is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("defaults\ntls on\nkeep on\naccount a\nhost h\naccount b\nhost i\nkeep off\n", {"a": False, "b": True}),
        ("account a\nhost h\nkeep on\naccount b : a\nhost i\n", {"a": False, "b": False}),
        ("defaults\nkeep on\naccount a\nhost h\ndefaults\nkeep off\naccount b : a\nhost i\n", {"a": False, "b": True}),
        ("account a\nhost h\nkeep on\naccount default : a\n", {"default": False}),
    ],
)
def test_accounts_inherit_what_a_parent_set_but_not_its_defaults(text: str, expected: dict[str, bool]) -> None:
    facts = read("defaults\nuser alice\ndelivery maildir ~/Mail\n" + text).facts
    assert {str(fact.values["account"]): fact.values["deletes_on_server"] for fact in facts} == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{LOGIN}account a\n", "the first command must be account or defaults"),
        (f"account a\n{LOGIN}tls yes\n", "invalid argument for command tls"),
        (f"account a\n{LOGIN}auth off\n", "invalid argument for command auth"),
        (f"account a\n{LOGIN}auth PLAIN\n", "invalid argument for command auth"),
        (f"account a\n{LOGIN}tls_nostarttls\n", "unknown command tls_nostarttls"),
        (f"account a\n{LOGIN}protocol pop3\n", "unknown command protocol"),
        (f"account a\n{LOGIN}delivery ~/Mail\n", "invalid argument for command delivery"),
        (f"account a\n{LOGIN}keep 7\n", "invalid argument for command keep"),
        (f"account a\n{LOGIN}killsize many\n", "invalid argument for command killsize"),
        (f"account a : b\n{LOGIN}", "account b is not defined before"),
    ],
)
def test_one_bad_line_breaks_every_account(text: str, why: str) -> None:
    inventory = read(text)
    assert why in inventory.unread[0].why
    assert all("mpop refuses the file" in str(fact.values["broken"]) for fact in inventory.facts)
    assert inventory.facts


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("account a\nhost h\nuser u\n", "no delivery is set"),
        ("account a\nhost h\ndelivery mbox ~/m\n", "a login needs a user"),
        (f"account a\n{LOGIN}tls on\ntls_trust_file\n", "nothing to check the certificate with"),
        (f"account a\n{LOGIN}tls_key_file k\n", "tls_cert_file is missing"),
    ],
)
def test_an_account_that_cannot_be_used_says_why(text: str, why: str) -> None:
    assert why in str(only(text).values["broken"])


@pytest.mark.parametrize(
    ("line", "version", "known"),
    [
        ("keep 7d", "1.4.18", False),
        ("keep 7d", "1.4.23", True),
        ("auth scram-sha-256-plus", "1.4.18", False),
        ("auth scram-sha-256-plus", "1.4.19", True),
        ("eval echo tls on", "1.4.16", False),
        ("eval echo tls on", "1.4.17", True),
    ],
)
def test_what_is_known_from_the_version_that_brought_it(line: str, version: str, known: bool) -> None:
    assert (only(f"account a\n{LOGIN}{line}\n", version).values["broken"] is None) is known


@pytest.mark.parametrize(
    ("lines", "unknown"),
    [
        ("host {{ pop }}", {"host"}),
        ("auth __AUTH__", {"mechanisms", "cleartext_credentials"}),
        ("keep ${KEEP}", {"deletes_on_server"}),
        ("{% if tls %}\ntls on\n{% endif %}", {"tls", "port"}),
        ("eval cat ~/.pop", {"host", "deletes_on_server"}),
    ],
)
def test_what_a_template_decides_is_unknown(lines: str, unknown: set[str]) -> None:
    inventory = read(f"account default\n{LOGIN}{lines}\n")
    (fact,) = inventory.facts
    assert not inventory.unread
    assert not unknown & set(fact.values)
    assert unknown <= set(fact.origins)


@pytest.mark.parametrize(
    ("lines", "field", "text"),
    [
        ("tls off", "tls", "off"),
        ("keep off", "deletes_on_server", "off"),
        ("auth user", "cleartext_credentials", "user"),
        ("tls on\ntls_certcheck off", "verify", "off"),
        ("password hunter2", "credential", "hunter2"),
        ("", "deletes_on_server", "default"),
    ],
)
def test_positions_lie_on_the_value(lines: str, field: str, text: str) -> None:
    whole = f"account default\n{LOGIN}{lines}\n"
    assert blamed(whole, only(whole), field) == text


def test_a_password_in_the_file_is_a_secret_at_its_text() -> None:
    text = f'account a\n{LOGIN}password "my secret"\n'
    secret = the(read(text), "secret")
    assert blamed(text, secret, "storage") == "my secret"
    assert not of_kind(read(f"account a\n{LOGIN}password REDACTED\n"), "secret")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("account a\nhost h\ndelivery maildir x\n", True),
        ("account a\nhost h\ntls on\nauth on\n", False),
        ("", False),
    ],
)
def test_sniffing(text: str, expected: bool) -> None:
    assert mpop.sniff(text) is expected


@pytest.mark.parametrize("path", [".mpoprc", "home/.config/mpop/config", "dot_mpoprc.tmpl", "mpoprc.example"])
def test_its_files_are_known_by_name(path: str) -> None:
    assert format_of(path) == "mpop"


def test_a_text_of_another_kind_is_refused_as_a_whole() -> None:
    assert [u.fatal for u in read("<html>\n<body>\n").unread] == [True]
