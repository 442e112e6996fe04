"""msmtp: what a file means, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import msmtp
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, the

LOGIN = "host smtp.example.test\nuser alice\npasswordeval pass show mail\n"
SHA256 = ":".join(["0A"] * 32)
SHA1 = ":".join(["0a"] * 20)


read = MainFile(msmtp, ".msmtprc").read


def only(text: str, version: str = "") -> Fact:
    return the(read(text, version), "connection")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("tls on", {"tls": "required", "port": 25, "port_stated": False, "verify": "ca"}),
        ("tls", {"tls": "required"}),
        ('tls "on"', {"tls": "required"}),
        ("tls off", {"tls": "none", "verify": "none"}),
        ("tls on\ntls_starttls off", {"tls": "implicit", "port": 465}),
        ("tls on\ntls_nostarttls", {"tls": "implicit", "port": 465}),
        ("tls_starttls off", {"tls": "none", "port": 25}),
        ("tls on\ntls off", {"tls": "none"}),
        ("tls on\nport 465", {"tls": "required", "port": 465, "port_stated": True}),
        ("port 0x24b", {"port": 587}),
        ("port 010", {"port": 8}),
        ("tls on\ntls_certcheck off", {"verify": "none"}),
        ("tls on\ntls_nocertcheck", {"verify": "none"}),
        (f"tls on\ntls_fingerprint {SHA256}", {"verify": "fingerprint", "fingerprint_hash": "sha256"}),
        (f"tls on\ntls_fingerprint {SHA1}", {"verify": "fingerprint", "fingerprint_hash": "sha1"}),
        (f"tls on\ntls_fingerprint {SHA256}\ntls_certcheck off", {"verify": "none"}),
        (f"tls on\ntls_fingerprint {SHA256}\ntls_fingerprint", {"verify": "ca"}),
        ("auth on", {"authenticates": True, "mechanisms": (), "cleartext_credentials": False}),
        ("auth", {"authenticates": True, "mechanisms": ()}),
        ("auth plain", {"mechanisms": ("PLAIN",), "cleartext_credentials": True}),
        ("auth login", {"mechanisms": ("LOGIN",), "cleartext_credentials": True}),
        ("auth xoauth2", {"mechanisms": ("XOAUTH2",), "cleartext_credentials": True}),
        ("auth cram-md5", {"cleartext_credentials": False}),
        ("auth external", {"cleartext_credentials": False, "credential": "none"}),
        ("auth plain\ntls on", {"cleartext_credentials": False}),
        ("auth off", {"authenticates": False, "credential": "none", "cleartext_credentials": False}),
        ("auth on\npassword hunter2", {"credential": "literal"}),
        ("auth on", {"credential": "command"}),
        ("auth on\npasswordeval", {"credential": "prompt"}),
        ("protocol lmtp\nport 24", {"protocol": "lmtp", "role": "relay", "port": 24, "broken": None}),
        ("socket /run/smtp.sock", {"host": "/run/smtp.sock", "scope": "loopback"}),
        ("host localhost", {"scope": "loopback"}),
        ("host 192.168.1.2", {"scope": "private"}),
        ("tls on\ntls_priorities NORMAL:-VERS-TLS1.0:-VERS-TLS1.1", {"tls_min": "TLSv1.2"}),
        ("tls on\ntls_priorities NONE:+VERS-TLS1.3:+CIPHER-ALL", {"tls_min": "TLSv1.3"}),
        ("tls on\ntls_priorities PROTOCOLS=TLSv1.3", {"tls_min": "TLSv1.3"}),
        ("host smtp.gmail.com\nauth on", {"provider": "oauth2"}),
        ("eval echo tls on", {"tls": "required"}),
        ("\ttls\ton \r", {"tls": "required"}),
    ],
)
def test_settings_mean_what_msmtp_makes_of_them(lines: str, expected: dict[str, object]) -> None:
    values = only(f"account default\n{LOGIN}{lines}\n").values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "tls"),
    [
        ("defaults\ntls on\naccount a\nhost h\n", {"a": "required"}),
        ("account a\nhost h\ndefaults\ntls on\naccount b\nhost i\n", {"a": "none", "b": "required"}),
        ("account a\nhost h\ntls on\naccount b : a\nhost i\n", {"a": "required", "b": "required"}),
        ("account a\nhost h\ntls on\naccount b : a\nport 26\naccount c:b\nhost i\n", dict.fromkeys("abc", "required")),
        ("account t\ntls on\naccount h\nhost h\naccount default : h , t\n", {"h": "none", "default": "required"}),
        (
            "defaults\ntls on\naccount a\nhost h\ndefaults\ntls off\naccount b : a\nhost i\n",
            {"a": "required", "b": "none"},
        ),
        ("host h\ntls on\n", {"default": "required"}),
        ('account "a b"\nhost h\n', {"a b": "none"}),
    ],
)
def test_accounts_inherit_what_a_parent_set_but_not_its_defaults(text: str, tls: dict[str, str]) -> None:
    facts = read(text).facts
    assert {str(fact.values["account"]): fact.values["tls"] for fact in facts} == tls


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("account a\nhost h\naccount default : a\n", ["default"]),
        ("account a\nhost h\naccount b : a\nfrom b@example.test\naccount default : b\n", ["default"]),
        ("account a\nhost h\nuser a\naccount b : a\nuser b\n", ["a", "b"]),
        ("account a\ntls on\naccount b : a\nhost h\n", ["b"]),
    ],
)
def test_an_account_that_opens_the_same_session_is_reported_once(text: str, names: list[str]) -> None:
    assert [fact.values["account"] for fact in read(text).facts] == names


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("account a\nhost h\ntls yes\n", "invalid argument for command tls"),
        ("account a\nhost h\nport smtp\n", "invalid argument for command port"),
        ("account a\nhost h\nauth PLAIN\n", "invalid argument for command auth"),
        ("account a\nhost h\nTLS on\n", "unknown command TLS"),
        ("default\nhost h\naccount b\nhost i\n", "the command is called defaults"),
        ("account a\nhost h\naccount a\nhost i\n", "account a was already defined"),
        ("host h\naccount default\nhost i\n", "account default was already defined"),
        ("account a : b\nhost h\n", "account b is not defined before"),
        ("account a\nhost\nhost h\n", "command host needs an argument"),
        ("account a\nhost h\ntls_fingerprint aa:bb\n", "invalid argument for command tls_fingerprint"),
        ("account a\nhost h\n# " + "x" * 500 + "\n", "longer than 500 bytes"),
    ],
)
def test_one_bad_line_breaks_every_account(text: str, why: str) -> None:
    inventory = read(text)
    assert len(inventory.unread) == 1
    assert why in inventory.unread[0].why
    assert inventory.facts
    assert all(why in str(fact.values["broken"]) for fact in inventory.facts)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("protocol lmtp", "LMTP has no default port"),
        ("tls on\ntls_trust_file", "nothing to check the certificate with"),
        ("tls on\ntls_key_file ~/key.pem", "tls_cert_file is missing"),
        ("auth on\nuser", "auth on needs a user"),
    ],
)
def test_an_account_that_cannot_be_used_says_why(lines: str, why: str) -> None:
    assert why in str(only(f"account default\n{LOGIN}{lines}\n").values["broken"])


def test_an_empty_trust_file_in_defaults_is_the_systems() -> None:
    assert only(f"defaults\ntls_trust_file\ntls on\naccount a\n{LOGIN}").values["broken"] is None


@pytest.mark.parametrize(
    ("line", "version", "known"),
    [
        ("eval echo tls on", "1.8.20", False),
        ("eval echo tls on", "1.8.21", True),
        ("auth scram-sha-256-plus", "1.8.23", False),
        ("auth scram-sha-256-plus", "1.8.26", True),
        ("set_to_header on", "1.8.28", False),
        ("set_to_header on", "1.8.29", True),
    ],
)
def test_commands_are_known_from_the_version_that_brought_them(line: str, version: str, known: bool) -> None:
    assert (only(f"account a\n{LOGIN}{line}\n", version).values["broken"] is None) is known


def test_before_1_8_2_tls_needs_a_trust_file() -> None:
    assert only(f"account a\n{LOGIN}tls on\n", "1.8.1").values["broken"]


@pytest.mark.parametrize(
    ("lines", "unknown"),
    [
        ("host {{ relay }}\ntls on", {"host"}),
        ("port ${PORT}\ntls on", {"port"}),
        ("tls __TLS__\nport 587", {"tls", "verify"}),
        ("{% if tls %}\ntls on\n{% endif %}\nport 587", {"tls"}),
        ("{{- if .tls }}\ntls on\n{{- end }}\nport 587", {"tls"}),
        ("tls on\ninclude(`relay.m4')", {"tls", "host", "port"}),
        ("eval cat ~/.relay\nhost smtp.example.test\ntls on", {"port"}),
        ("eval echo port $(cat ~/.port)\ntls on", {"port"}),
        ("define(`RELAY', `mx')dnl\nhost RELAY\ntls on", {"host"}),
    ],
)
def test_what_a_template_decides_is_unknown_and_no_error(lines: str, unknown: set[str]) -> None:
    inventory = read(f"account default\n{LOGIN}{lines}\n")
    (fact,) = inventory.facts
    assert not inventory.unread
    assert not unknown & set(fact.values)
    assert unknown <= set(fact.origins)
    assert fact.values["broken"] is None


@pytest.mark.parametrize(
    ("child", "expected"),
    [
        ("account b : a\nuser me\n", {"b": None}),
        ("account default : a\n", {"default": "auth on needs a user"}),
        ("account b\nhost i.test\n", {"a": "auth on needs a user", "b": None}),
    ],
)
def test_what_only_others_complete_is_no_account_of_its_own(child: str, expected: dict[str, str | None]) -> None:
    facts = of_kind(read(f"account a\nhost h.test\nauth on\n{child}"), "connection")
    assert {str(fact.values["account"]): fact.values["broken"] for fact in facts} == expected


def test_a_parent_that_a_template_names_may_set_anything() -> None:
    inventory = read(
        "account a\nhost h.test\ntls on\naccount b : {{ .parent }}\nhost i.test\naccount default : {{ .one }}\n"
    )
    first, second = of_kind(inventory, "connection")
    assert (first.values["account"], second.values["account"]) == ("a", "b")
    assert (second.values.get("tls"), second.values["broken"], inventory.unread) == (None, None, ())


def test_a_template_leaves_known_what_no_placeholder_touches() -> None:
    fact = only("account default\nhost {{ h }}\nport 587\ntls on\n")
    assert (fact.values["port"], fact.values["tls"]) == (587, "required")


@pytest.mark.parametrize(
    ("lines", "field", "text"),
    [
        ("tls off", "tls", "off"),
        ("tls", "tls", "tls"),
        ("tls on\ntls_starttls on", "tls", "on"),
        ("port 25", "port", "25"),
        ('host "smtp.test"', "host", "smtp.test"),
        ("tls on\ntls_certcheck off", "verify", "off"),
        ("auth plain", "cleartext_credentials", "plain"),
        ("auth plain\ntls off", "cleartext_credentials", "off"),
        (f"tls on\ntls_fingerprint {SHA1}", "fingerprint_hash", SHA1),
        ("auth on\npassword hunter2", "credential", "hunter2"),
        ("tls on\ntls_starttls off", "port", "off"),
        ("user alice", "tls", "default"),
    ],
)
def test_positions_lie_on_the_value(lines: str, field: str, text: str) -> None:
    whole = f"account default\n{LOGIN}{lines}\n"
    assert blamed(whole, only(whole), field) == text


def test_the_chain_shows_defaults_parent_and_account() -> None:
    text = "defaults\ntls on\naccount a\nhost h\ntls on\naccount b : a\nuser b\ntls off\n"
    fact = read(text).facts[1]
    steps = [(origin.how, origin.where.line) for origin in fact.origins["tls"] if origin.where]
    assert steps == [("declares", 6), ("sets", 2), ("overrides", 5), ("overrides", 8)]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("password hunter2", "hunter2"),
        ('password "my secret"', "my secret"),
        ("password pa$word", "pa$word"),
        ("passwordeval echo hunter2", "hunter2"),
        ("passwordeval \"echo 'hunter2'\"", "hunter2"),
    ],
)
def test_a_password_in_the_file_is_a_secret_at_its_text(line: str, text: str) -> None:
    whole = f"account a\nhost h\n{line}\n"
    secret = the(read(whole), "secret")
    assert blamed(whole, secret, "storage") == text
    assert not any(text in str(value) for value in secret.values.values())


@pytest.mark.parametrize(
    "line",
    ["password {{ pw }}", "password $PW", "password ${PW}", "password <password>", "password REDACTED", "password xxxx",
     "password __PW__", "password @PASSWORD@", "password", "passwordeval pass show mail", "passwordeval echo $PW"],
)  # fmt: skip
def test_placeholders_and_commands_are_no_secrets(line: str) -> None:
    assert not of_kind(read(f"account a\nhost h\n{line}\n"), "secret")


def test_a_secret_that_accounts_inherit_is_reported_once() -> None:
    facts = read("defaults\npassword changeme\naccount a\nhost h\naccount b\nhost i\n").facts
    assert [fact.values["default"] for fact in facts if fact.kind == "secret"] == [True]


def test_a_declared_account_without_host_is_unread_and_a_parent_is_not() -> None:
    assert [u.why for u in read("account a\ntls on\n").unread] == ["account a has no host: msmtp cannot use it"]
    assert not read("account a\ntls on\naccount b : a\nhost h\n").unread


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("account a\nhost h\ntls on\n", True),
        ("# mail\ndefaults\nauth on\ntls on\naccount a\nhost h\n", True),
        ("host h\nport 1\nuser u\n", False),
        ("account a\nhost h\ntls on\ndelivery maildir x\n", False),
        ("", False),
    ],
)
def test_sniffing(text: str, expected: bool) -> None:
    assert msmtp.sniff(text) is expected


def test_a_text_of_another_kind_is_refused_as_a_whole() -> None:
    inventory = read("<html>\n<body>\n")
    assert [u.fatal for u in inventory.unread] == [True]
    assert not inventory.facts


def test_many_accounts_in_a_chain_cost_linear_time() -> None:
    text = "account a0\nhost h\n" + "".join(f"account a{i} : a{i - 1}, a{i - 1}\nport {i}\n" for i in range(1, 5000))
    assert len(read(text).facts) == 5000


def test_a_file_without_accounts_is_noted() -> None:
    assert read("{{ include }}\n").notes == (".msmtprc: holds no account",)
    assert read("defaults\ntls on\n").notes == (".msmtprc: holds no account",)


def test_an_empty_file_is_fatal() -> None:
    assert [(u.why, u.fatal) for u in read(" \n").unread] == [("is empty", True)]
