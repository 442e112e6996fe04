"""Services and listeners of Postfix: fields, and the text that a finding would show."""

from __future__ import annotations

import pytest

from mailpolicy.readers import postfix
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Inventory, Version
from tests.readers import reading
from tests.readers.reading import of_kind, the

BASE = "compatibility_level = 3.6\nmyhostname = mail.example.org\n"
CERT = "smtpd_tls_cert_file = /etc/ssl/mail/both.pem\n"
SASL = "smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\n"
SMTP = "smtp inet n - n - - smtpd\n"
SUB = "submission inet n - n - - smtpd\n"
MAIN, MASTER = "etc/postfix/main.cf", "etc/postfix/master.cf"


def read(main: str, master: str = SMTP, files: dict[str, str] | None = None) -> tuple[Inventory, Memory]:
    tree = Memory({MAIN: BASE + main, MASTER: master, **(files or {})})
    return postfix.read(tree, (MAIN, MASTER), Version((3, 7), "test")), tree


def listeners(main: str, master: str = SMTP, files: dict[str, str] | None = None) -> list[Fact]:
    return of_kind(read(main, master, files)[0], "listener")


def blamed(main: str, master: str, field: str) -> str:
    """The text that a finding on a field of the last listener would show."""
    inventory, tree = read(main, master)
    return reading.blamed(tree.files, of_kind(inventory, "listener")[-1], field)


@pytest.mark.parametrize(
    ("main", "expected"),
    [
        ("", [("*", "any")]),
        ("inet_protocols = ipv4\n", [("0.0.0.0", "any")]),
        ("inet_protocols = ipv6\n", [("::", "any")]),
        ("inet_interfaces = loopback-only\n", [("127.0.0.1", "loopback"), ("::1", "loopback")]),
        ("inet_interfaces = 127.0.0.1, 192.0.2.1\n", [("127.0.0.1", "loopback"), ("192.0.2.1", "public")]),
        ("inet_interfaces = $myhostname\n", [(None, None)]),
        ("inet_interfaces = {{ addresses }}\n", [(None, None)]),
        ("inet_protocols =\n", []),
        ("master_service_disable = smtp/inet\n", []),
        ("master_service_disable = inet\n", []),
        ("mynetworks = 0.0.0.0/0\n", [("0.0.0.0", "any"), ("::", "any")]),
    ],
)  # fmt: skip
def test_addresses(main: str, expected: list[tuple[str | None, str | None]]) -> None:
    assert [(f.values.get("address"), f.values.get("scope")) for f in listeners(main)] == expected


@pytest.mark.parametrize(
    ("name", "port", "role"),
    [
        ("smtp", 25, "mx"),
        ("submission", 587, "submission"),
        ("submissions", 465, "submission"),
        ("2525", 2525, "mx"),
        ("26", 26, "mx"),
        ("127.0.0.1:10025", 10025, "internal"),
        ("[::1]:10025", 10025, "internal"),
    ],
)
def test_ports_and_roles(name: str, port: int, role: str) -> None:
    (fact,) = listeners("", f"{name} inet n - n - - smtpd\n")
    assert (fact.values["port"], fact.values["role"]) == (port, role)


@pytest.mark.parametrize(
    ("restrictions", "role"),
    [
        ("permit_mynetworks,reject", "internal"),
        ("permit_mynetworks,permit_sasl_authenticated,reject", "submission"),
        ("permit_mynetworks,reject_unauth_destination", "submission"),
    ],
)
def test_a_port_where_a_login_opens_nothing_is_for_programs(restrictions: str, role: str) -> None:
    options = f"  -o smtpd_recipient_restrictions={restrictions}\n"
    (fact,) = listeners(SASL + "mynetworks = 10.0.0.0/24\n", f"10.0.0.3:10025 inet n - n - - smtpd\n{options}")
    assert fact.values["role"] == role


@pytest.mark.parametrize(
    ("main", "options", "expected"),
    [
        ("", "", "none"),
        (CERT, "-o smtpd_tls_security_level=may", "optional"),
        (CERT, "-o { smtpd_tls_security_level = encrypt }", "required"),
        (CERT, "-osmtpd_tls_security_level=verify", "required"),
        (CERT, "-o smtpd_tls_security_level= -o smtpd_use_tls=yes", "optional"),
        (CERT, "-o smtpd_tls_wrappermode=yes -o smtpd_tls_security_level=none", "implicit"),
        (CERT + "smtpd_tls_security_level = may\n", "-o smtpd_discard_ehlo_keywords=starttls", "none"),
        (CERT + "smtpd_tls_security_level = {{ level }}\n", "", None),
        (CERT + "smtpd_tls_security_level = ${smtpd_delay_reject?{may}}\n", "", "none"),
    ],
)
def test_tls(main: str, options: str, expected: str | None) -> None:
    (fact,) = listeners(main, f"smtp inet n - n - - smtpd\n  {options}\n")
    assert fact.values.get("tls") == expected
    assert fact.values["broken"] is None


@pytest.mark.parametrize(
    ("main", "expected"),
    [
        ("", "none"),
        (SASL, "cleartext"),
        (SASL + "smtpd_tls_auth_only = yes\n", "none"),
        (SASL + CERT + "smtpd_tls_security_level = may\nsmtpd_tls_auth_only = yes\n", "tls-only"),
        (SASL + CERT + "smtpd_tls_security_level = encrypt\n", "tls-only"),
        (SASL + "smtpd_discard_ehlo_keywords = auth\n", "none"),
        (SASL + "smtpd_sasl_security_options = noplaintext\n", "challenge"),
        (SASL + CERT + "smtpd_tls_security_level = encrypt\nsmtpd_discard_ehlo_keywords = starttls\n", "none"),
    ],
)
def test_auth(main: str, expected: str) -> None:
    assert [fact.values["auth"] for fact in listeners(main)] == [expected]


@pytest.mark.parametrize(
    ("protocols", "expected"),
    [
        (">=TLSv1.2", ("TLSv1.2", "TLSv1.3")),
        ("!SSLv2:!SSLv3 !TLSv1, !tlsv1.1", ("TLSv1.2", "TLSv1.3")),
        ("TLSv1.2", ("TLSv1.2",)),
        (">=TLSv1.1, <=TLSv1.2", ("TLSv1.1", "TLSv1.2")),
        (">=0303", ("TLSv1.2", "TLSv1.3")),
        ("", ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")),
    ],
)
def test_protocols(protocols: str, expected: tuple[str, ...]) -> None:
    main = CERT + f"smtpd_tls_security_level = may\nsmtpd_tls_protocols = {protocols}\n"
    assert [fact.values["tls_versions"] for fact in listeners(main)] == [expected]


@pytest.mark.parametrize(
    ("main", "master", "text"),
    [
        (CERT + "smtpd_tls_security_level = yes\n", SMTP, "yes"),
        ("", SMTP + "  -o smtpd_helo_required=true\n", "true"),
        ("smtpd_timeout = 5 minutes\n", SMTP, "5 minutes"),
        (CERT + "smtpd_tls_security_level = may\nsmtpd_tls_protocols = !TLSv1.0\n", SMTP, "!TLSv1.0"),
        ("", SMTP + "  -o smtpd_tls_security_level = may\n", "smtpd_tls_security_level"),
        ("smtpd_tls_security_level = may\n", SMTP, "may"),
        ("mynetworks = 127.0.0.0/8 ::1/128\n", SMTP, "::1/128"),
        ("mynetworks = 127.0.0.0/8 ::1\n", "smtp inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd\n", "::1"),
        (SASL + "smtpd_sasl_exceptions_networks = !::1\n", SMTP, "!::1"),
    ],
)
def test_broken_is_blamed(main: str, master: str, text: str) -> None:
    (fact,) = listeners(main, master)
    assert fact.values["broken"]
    if text != "may":
        assert blamed(main, master, "broken") == text


def test_later_entry_wins() -> None:
    facts = listeners(CERT, SUB + "587 inet n - n - - smtpd\n  -o smtpd_tls_security_level=may\n")
    assert [(fact.values["service"], fact.values["tls"]) for fact in facts] == [("587", "optional")]


def test_comment_inside_an_entry() -> None:
    (fact,) = listeners(CERT, SUB + "# comment\n  #465 inet n - n - - smtpd\n  -o smtpd_tls_security_level=may\n")
    assert fact.values["tls"] == "optional"


def test_override_is_blamed_where_it_stands() -> None:
    assert (
        blamed(CERT + "smtpd_tls_security_level = encrypt\n", SUB + "  -o smtpd_tls_security_level=may\n", "tls")
        == "may"
    )


def test_other_programs_hold_no_session() -> None:
    (fact,) = listeners("", "127.0.0.1:628 inet n - n - - qmqpd\n")
    assert fact.values["broken"]
    assert "protocol" not in fact.values


def test_postscreen_hands_on() -> None:
    master = "smtp inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd\n  -o smtpd_tls_security_level=encrypt\n"
    assert [fact.values["tls"] for fact in listeners(CERT, master)] == ["required"]


@pytest.mark.parametrize(
    ("main", "master"),
    [
        ("nonsense\n", SMTP),
        ("message_size_limit = 10M\n", SMTP),
        ("myhostname = mail.example.org # ours\n", SMTP),
        ("inet_interfaces = ALL\n", SMTP),
        ("", "smtp inet n - n - smtpd\n"),
        ("", "smtp tcp n - n - - smtpd\n"),
    ],
)
def test_nothing_starts(main: str, master: str) -> None:
    inventory, _ = read(main, master)
    assert not of_kind(inventory, "listener")
    assert inventory.unread


def test_master_stops_at_a_bad_entry() -> None:
    facts = listeners("", SMTP + "submission inet y - n - - smtpd\n")
    assert [(fact.values["port"], bool(fact.values["broken"])) for fact in facts] == [(25, True)]


def test_missing_certificate_in_the_tree() -> None:
    files = {"etc/postfix/tls/other.pem": "-----BEGIN CERTIFICATE-----\n"}
    main = "smtpd_tls_security_level = may\nsmtpd_tls_cert_file = /etc/postfix/tls/mail.pem\n"
    assert [fact.values["broken"] for fact in listeners(main, files=files)] == [
        "/etc/postfix/tls/mail.pem does not exist"
    ]
    assert [fact.values["broken"] for fact in listeners(main)] == [None]


def test_stock_master_without_one() -> None:
    inventory = postfix.read(Memory({MAIN: BASE}), (MAIN,), None)
    ports = [fact.values["port"] for fact in inventory.facts if fact.kind == "listener"]
    assert ports == [25]
    assert inventory.notes


def test_master_alone_guesses_nothing() -> None:
    inventory = postfix.read(Memory({MASTER: SUB}), (MASTER,), None)
    fact = the(inventory, "listener")
    assert "tls" not in fact.values
    assert "auth" not in fact.values


def test_groups() -> None:
    paths = ["a/main.cf", "a/master.cf", "b/main.cf.j2", "b/master.cf.j2", "c/postfix-main.cf", "c/mysql-domain.cf"]
    assert postfix.groups(paths) == [
        ("a/main.cf", "a/master.cf"),
        ("b/main.cf.j2", "b/master.cf.j2"),
        ("c/postfix-main.cf",),
    ]


@pytest.mark.parametrize(
    "text", ["", "\r\n", "=", "a", "smtp", "smtp inet", "{" * 5000, "$" * 5000, "${a?" * 3000, " x\n" * 9]
)
def test_hostile_text_never_raises(text: str) -> None:
    for main, master in ((text, SMTP), ("", text), (f"smtpd_banner = {text}\n", SMTP), ("", SMTP + f" -o {text}\n")):
        read(main, master)
