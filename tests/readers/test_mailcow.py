"""The mailcow reader: mailcow.conf in, published sockets out."""

from __future__ import annotations

import pytest

from mailpolicy.readers import mailcow
from mailpolicy.types import Inventory
from tests.readers.reading import at, blamed, of_kind, read

NAME = "opt/mailcow-dockerized/mailcow.conf"
HOME = "opt/mailcow-dockerized/data/conf/"
BASE = "MAILCOW_HOSTNAME=mail.example.org\n"


def conf(text: str, version: str = "", **others: str) -> Inventory:
    return read(mailcow, {NAME: BASE + text, **{HOME + name: body for name, body in others.items()}}, version)


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        (25, ("postfix/smtp", "smtp", "mx", "optional", "none", "TLSv1.2")),
        (465, ("postfix/smtps", "smtp", "submission", "implicit", "tls-only", "TLSv1.2")),
        (587, ("postfix/submission", "smtp", "submission", "required", "tls-only", "TLSv1.2")),
        (143, ("dovecot/imap", "imap", "access", "required", "tls-only", "TLSv1.2")),
        (993, ("dovecot/imaps", "imap", "access", "implicit", "tls-only", "TLSv1.2")),
        (110, ("dovecot/pop3", "pop3", "access", "required", "tls-only", "TLSv1.2")),
        (995, ("dovecot/pop3s", "pop3", "access", "implicit", "tls-only", "TLSv1.2")),
        (4190, ("dovecot/sieve", "managesieve", "access", "required", "tls-only", "TLSv1.2")),
        (19991, ("dovecot/doveadm", None, "internal", "none", None, None)),
    ],
)
def test_what_the_shipped_configuration_does_on_each_port(port: int, expected: tuple[str | None, ...]) -> None:
    values = at(conf(""), port).values
    fields = ("service", "protocol", "role", "tls", "auth", "tls_min")
    assert tuple(values.get(field) for field in fields) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("IMAP_PORT=143", ("*", 143, "any")),
        ("IMAP_PORT=", ("*", 143, "any")),
        ("IMAP_PORT=1143", ("*", 1143, "any")),
        ("IMAP_PORT=127.0.0.1:143", ("127.0.0.1", 143, "loopback")),
        ('IMAP_PORT="127.0.0.1:1143" # webmail', ("127.0.0.1", 1143, "loopback")),
        ("IMAP_PORT=10.1.1.1:143", ("10.1.1.1", 143, "private")),
        ("IMAP_PORT=192.0.2.1:143", ("192.0.2.1", 143, "public")),
        ("IMAP_PORT=[::1]:143", ("::1", 143, "loopback")),
        ("IMAP_PORT=0.0.0.0:143", ("0.0.0.0", 143, "any")),
        ("BIND=127.0.0.1\nIMAP_PORT=${BIND}:143", ("127.0.0.1", 143, "loopback")),
        ("IMAP_PORT={{ imap }}", (None, None, None)),
        ("IMAP_PORT=${IMAP}", (None, None, None)),
    ],
)
def test_where_compose_publishes_it(line: str, expected: tuple[str | None, int | None, str | None]) -> None:
    (fact,) = [f for f in conf(line + "\n").facts if f.values.get("service") == "dovecot/imap"]
    assert tuple(fact.values.get(field) for field in ("address", "port", "scope")) == expected


@pytest.mark.parametrize("value", ["127.0.0.1", "imap", "127.0.0.1:", "70000", "25-26", "mail.example.org:143"])
def test_what_compose_refuses(value: str) -> None:
    (unread,) = conf(f"IMAP_PORT={value}\n").unread
    assert unread.why == "is neither a port nor an address with a port: docker compose refuses it"
    assert unread.where.line == 2


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("DBPASS=s7Xq", [("DBPASS", False)]),
        ("DBROOT='s7 Xq'", [("DBROOT", False)]),
        ("REDISPASS=s7Xq\nAPI_KEY=ABC-DEF", [("REDISPASS", False), ("API_KEY", False)]),
        ("API_KEY_READ_ONLY=changeme", [("API_KEY_READ_ONLY", True)]),
        ("DOVECOT_MASTER_PASS=", []),
        ("DBPASS=${MAILCOW_DBPASS}", []),
        ("DBPASS=$(head -c 28 /dev/urandom)", []),
        ("DBPASS={{ vault_db }}", []),
        ("#DBPASS=s7Xq", []),
    ],
)
def test_passwords(line: str, expected: list[tuple[str, bool]]) -> None:
    found = of_kind(conf(line + "\n"), "secret")
    assert [(f.values["setting"], f.values["default"]) for f in found] == expected


@pytest.mark.parametrize(
    ("name", "text", "service", "unknown"),
    [
        ("postfix/extra.cf", "myhostname = mail.example.org\n", "postfix/smtp", []),
        ("postfix/extra.cf", "# smtpd_tls_security_level = none\n", "postfix/smtp", []),
        ("postfix/extra.cf", "smtpd_tls_security_level = none\n", "postfix/smtp", ["tls"]),
        ("postfix/extra.cf", "smtpd_tls_security_level = none\n", "postfix/submission", []),
        ("postfix/extra.cf", "smtpd_tls_protocols = >=TLSv1\n", "postfix/smtps", ["tls_versions", "tls_min"]),
        ("postfix/extra.cf", "mynetworks = 10.0.0.0/8\n", "postfix/smtp", ["relay", "trusted_networks"]),
        ("postfix/extra.cf", "smtpd_sender_restrictions =\n", "postfix/submission", ["sender_bound"]),
        ("postfix/extra.cf", "smtpd_tls_security_level = none\n", "dovecot/imap", []),
        ("dovecot/extra.conf", "mail_max_userip_connections = 50\n", "dovecot/imap", []),
        ("dovecot/extra.conf", "disable_plaintext_auth = no\n", "dovecot/imap", ["tls", "auth"]),
        ("dovecot/extra.conf", "ssl_min_protocol = TLSv1\n", "postfix/smtp", []),
        ("postfix/main.cf", "compatibility_level = 3.7\n", "postfix/smtp", ["tls", "relay"]),
    ],
)
def test_what_the_owner_may_have_changed_is_unknown(name: str, text: str, service: str, unknown: list[str]) -> None:
    (fact,) = [f for f in conf("", **{name: text}).facts if f.values.get("service") == service]
    (plain,) = [f for f in conf("").facts if f.values.get("service") == service]
    gone = set(plain.values) - set(fact.values)
    assert set(unknown) <= gone
    assert bool(unknown) == bool(gone)


def test_the_network_of_the_containers_is_trusted() -> None:
    values = at(conf("IPV4_NETWORK=10.99.9\n"), 25).values
    assert values["trusted_networks"] == ("127.0.0.0/8", "10.99.9.0/24", "::1/128", "fd4d:6169:6c63:6f77::/64")
    assert values["trusted_scope"] == "private"


def test_before_the_end_of_2024_openssl_decides_what_port_25_takes() -> None:
    assert "tls_min" not in at(conf("", "2024.4"), 25).values
    assert at(conf("", "2024.4"), 465).values["tls_min"] == "TLSv1.2"


@pytest.mark.parametrize(
    ("scheme", "weak"), [("BLF-CRYPT", False), ("SSHA256", False), ("sha", True), ("PLAIN-MD5X", False), ("MD5", True)]
)
def test_the_scheme_of_stored_passwords(scheme: str, weak: bool) -> None:
    (server,) = of_kind(conf(f"MAILCOW_PASS_SCHEME={scheme}\n"), "server")
    assert (server.values["host"], server.values["password_scheme_weak"]) == ("mail.example.org", weak)


def test_positions_are_those_of_the_values() -> None:
    files = {NAME: BASE + "IMAP_PORT='127.0.0.1:143'\nDBPASS=\"s7Xq\" # set\n"}
    inventory = read(mailcow, files)
    assert blamed(files, at(inventory, 143), "scope") == "127.0.0.1:143"
    assert blamed(files, of_kind(inventory, "secret")[0], "storage") == "s7Xq"
    assert at(inventory, 25).origins["port"][-1].where is None
