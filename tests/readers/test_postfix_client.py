"""Postfix as a client: expected values are what the smtp client of Postfix 3.7 was seen to do."""

from __future__ import annotations

import time

import pytest

from mailpolicy.readers.postfix import connections
from mailpolicy.types import Fact, Value
from tests.readers.postfix_instance import MASTER, blamed, instance

RELAY = "relayhost = [smtp.example.net]:587\n"
LOGIN = "smtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd\n"
PLAIN = "smtp_sasl_security_options = noanonymous\n"
MAY = "smtp_tls_security_level = may\n"
ENCRYPT = "smtp_tls_security_level = encrypt\n"
CA = "smtp_tls_CApath = /etc/ssl/certs\n"
PASSWORDS = {"sasl_passwd": "[smtp.example.net]:587 user:x\n"}


def opened(main: str, files: dict[str, str] | None = None, master: str = MASTER) -> list[Fact]:
    return connections.facts(instance(main, PASSWORDS if files is None else files, master))


def only(main: str, files: dict[str, str] | None = None, master: str = MASTER) -> dict[str, Value]:
    (fact,) = opened(main, files, master)
    return dict(fact.values)


@pytest.mark.parametrize(
    ("main", "host", "port", "stated", "lookup", "scope"),
    [
        ("", "*", 25, False, True, "any"),
        ("relayhost = [smtp.example.net]", "smtp.example.net", 25, False, False, "public"),
        ("relayhost = smtp.example.net:587", "smtp.example.net", 587, True, True, "public"),
        ("relayhost = [smtp.example.net]:submission", "smtp.example.net", 587, True, False, "public"),
        ("relayhost = [ipv6:2001:db8::1]:2525", "2001:db8::1", 2525, True, False, "public"),
        ("relayhost = [127.0.0.1]:1025", "127.0.0.1", 1025, True, False, "loopback"),
        ("relayhost = mailhub", "mailhub", 25, False, True, "private"),
        (
            "relayhost = [a.example]\ndefault_transport = smtp:[b.example]:2525",
            "b.example",
            2525,
            True,
            False,
            "public",
        ),
        (
            "relayhost = [a.example]\ntransport_maps = inline:{ {* = smtp:[b.example]} }",
            "b.example",
            25,
            False,
            False,
            "public",
        ),
        ("relayhost = example.net\nsmtp_dns_support_level = disabled", "example.net", 25, False, False, "public"),
    ],
)
def test_where(main: str, host: str, port: int, stated: bool, lookup: bool, scope: str) -> None:
    values = only(main)
    names = ("host", "port", "port_stated", "mx_lookup", "scope")
    assert tuple(values[name] for name in names) == (host, port, stated, lookup, scope)


@pytest.mark.parametrize(
    ("main", "tls", "verify"),
    [
        ("", "none", "none"),
        (MAY, "opportunistic", "none"),
        ("smtp_tls_security_level = MAY", "opportunistic", "none"),
        (ENCRYPT, "required", "none"),
        (CA + "smtp_tls_security_level = verify", "required", "ca"),
        (CA + "smtp_tls_security_level = secure", "required", "ca"),
        ("smtp_tls_security_level = fingerprint\nsmtp_tls_fingerprint_cert_match = AA:BB", "required", "fingerprint"),
        ("smtp_tls_security_level = dane\nsmtp_dns_support_level = dnssec", "opportunistic", "none"),
        ("smtp_tls_security_level = dane-only\nsmtp_dns_support_level = dnssec", "required", "dane"),
        (ENCRYPT + "smtp_tls_wrappermode = yes", "implicit", "none"),
        ("smtp_use_tls = yes", "opportunistic", "none"),
        (CA + "smtp_enforce_tls = yes", "required", "ca"),
        ("smtp_enforce_tls = yes\nsmtp_tls_enforce_peername = no", "required", "none"),
        ("smtp_enforce_tls = yes\n" + MAY, "opportunistic", "none"),
        ("smtp_use_tls = yes\nsmtp_tls_security_level = none", "none", "none"),
        ("level = encrypt\nsmtp_tls_security_level = $level", "required", "none"),
        ("smtp_tls_security_level = {{ level }}", None, None),
        (ENCRYPT + "smtp_tls_policy_maps = inline:{ {[smtp.example.net]:587 = none} }", "none", "none"),
        (ENCRYPT + "smtp_tls_policy_maps = inline:{ {smtp.example.net = none} }", "required", "none"),
        (MAY + CA + "smtp_tls_policy_maps = inline:{ {[smtp.example.net]:587 = secure match=a.b} }", "required", "ca"),
        (MAY + "smtp_tls_policy_maps = static:encrypt", "required", "none"),
        (MAY + "smtp_tls_policy_maps = regexp:/etc/postfix/p", "required", "none"),
        (MAY + "smtp_tls_policy_maps = mysql:/etc/postfix/x.cf", None, None),
        (MAY + "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:postfix", "opportunistic", "none"),
        (CA + "smtp_tls_per_site = inline:{smtp.example.net=MUST}", "required", "ca"),
        (MAY + "smtp_tls_per_site = inline:{smtp.example.net=NONE}", "none", "none"),
        (ENCRYPT + "smtp_tls_per_site = inline:{smtp.example.net=MAY}", "required", "none"),
        (
            ENCRYPT + "smtp_tls_policy_maps = inline:{x=may}\nsmtp_tls_per_site = inline:{smtp.example.net=NONE}",
            "required",
            "none",
        ),
    ],
)
def test_tls(main: str, tls: str | None, verify: str | None) -> None:
    values = only(RELAY + main, {"p": "/example\\.net/ encrypt\n"})
    assert (values.get("tls"), values.get("verify"), values["broken"]) == (tls, verify, None)


def test_parent_domain_in_the_policy_table() -> None:
    values = only("relayhost = mail.example.net\nsmtp_tls_policy_maps = inline:{ {.example.net = encrypt} }")
    assert values["tls"] == "required"


@pytest.mark.parametrize(
    ("main", "why"),
    [
        (MAY + "smtp_tls_wrappermode = yes", "smtp_tls_wrappermode requires"),
        ("smtp_tls_security_level = yes", 'Invalid TLS level "yes"'),
        ("smtp_tls_security_level = encrypt # always", "Invalid TLS level"),
        ("smtp_tls_security_level = fingerprint", "no fingerprints to match"),
        ("smtp_tls_security_level = secure", "no certificate is trusted"),
        ("smtp_tls_security_level = dane-only", "dns_support_level"),
        ("smtp_tls_policy_maps = inline:{ {[smtp.example.net]:587 = yes} }", "invalid security level"),
        ("smtp_tls_policy_maps = inline:{ {[smtp.example.net]:587 = encrypt match=a} }", '"match" invalid'),
        ("smtp_sasl_auth_enable = yes", "specify a password table"),
        ("smtp_sasl_auth_enable = true", "bad boolean configuration"),
    ],
)
def test_broken(main: str, why: str) -> None:
    values = only(RELAY + main)
    assert why in str(values["broken"])
    assert values["cleartext_credentials"] is False


@pytest.mark.parametrize(
    ("main", "passwords", "authenticates", "cleartext"),
    [
        (MAY, "[smtp.example.net]:587 u:x", True, False),
        (MAY + PLAIN, "[smtp.example.net]:587 u:x", True, True),
        (MAY + "smtp_sasl_security_options =", "[smtp.example.net]:587 u:x", True, True),
        (MAY + "smtp_sasl_security_options = noanonymous, noactive", "[smtp.example.net]:587 u:x", True, False),
        (PLAIN, "[smtp.example.net]:587 u:x", True, True),
        (ENCRYPT + PLAIN, "[smtp.example.net]:587 u:x", True, False),
        (MAY + PLAIN, "smtp.example.net u:x", True, True),
        (MAY + PLAIN, "[SMTP.example.net]:587 u:x", True, True),
        (MAY + PLAIN, "smtp.example.net:587 u:x", False, False),
        (MAY + PLAIN, "other.example u:x", False, False),
        (MAY + PLAIN, "user@example.org u:x", False, False),
        (MAY + PLAIN + "smtp_sender_dependent_authentication = yes", "user@example.org u:x", True, True),
        (MAY + PLAIN + "smtp_sasl_mechanism_filter = cram-md5", "smtp.example.net u:x", True, False),
        (MAY + PLAIN + "smtp_sasl_mechanism_filter = !plain, static:rest", "smtp.example.net u:x", True, True),
        (MAY + PLAIN + "smtp_sasl_mechanism_filter = !plain, !login, static:rest", "smtp.example.net u:x", True, False),
    ],
)
def test_login(main: str, passwords: str, authenticates: bool, cleartext: bool) -> None:
    values = only(RELAY + LOGIN + main, {"sasl_passwd": passwords + "\n"})
    assert (values["authenticates"], values["cleartext_credentials"]) == (authenticates, cleartext)
    assert values["role"] == ("submission" if authenticates else "relay")


@pytest.mark.parametrize(
    ("password", "cleartext"), [("alice@example.org u:x", True), ("alice@other.example u:x", False)]
)
def test_login_of_a_sender_whose_domain_has_its_own_relay(password: str, cleartext: bool) -> None:
    main = MAY + PLAIN + LOGIN + "smtp_sender_dependent_authentication = yes\n"
    main += "sender_dependent_relayhost_maps = inline:{@example.org=[smtp.second.example]:587}\n"
    facts = opened(RELAY + main, {"sasl_passwd": password + "\n"})
    assert [f.values["cleartext_credentials"] for f in facts if f.values["host"] == "smtp.second.example"] == [
        cleartext
    ]


@pytest.mark.parametrize(
    ("maps", "files", "credential", "authenticates"),
    [
        ("hash:/etc/postfix/sasl_passwd", PASSWORDS, "file", True),
        ("hash:/etc/postfix/sasl_passwd", {}, "file", True),
        ("static:user:x", {}, "literal", True),
        ("inline:{smtp.example.net=user:x}", {}, "literal", True),
        ("mysql:/etc/postfix/p.cf", {}, None, True),
    ],
)
def test_where_the_password_is_kept(maps: str, files: dict[str, str], credential: str, authenticates: bool) -> None:
    values = only(RELAY + f"smtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = {maps}", files)
    assert (values.get("credential"), values["authenticates"]) == (credential, authenticates)


@pytest.mark.parametrize(
    ("main", "lowest"),
    [
        (MAY, "TLSv1.0"),
        (MAY + "smtp_tls_protocols = >=TLSv1.2", "TLSv1.2"),
        (MAY + "smtp_tls_mandatory_protocols = >=TLSv1.2", "TLSv1.0"),
        (ENCRYPT + "smtp_tls_mandatory_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1", "TLSv1.2"),
        (ENCRYPT + "smtp_tls_mandatory_protocols = TLSv1.3", "TLSv1.3"),
        (MAY + "smtp_tls_policy_maps = inline:{ {[smtp.example.net]:587 = encrypt protocols=>=TLSv1.3} }", "TLSv1.3"),
    ],
)
def test_lowest_version(main: str, lowest: str) -> None:
    assert only(RELAY + main)["tls_min"] == lowest


@pytest.mark.parametrize(
    ("main", "master", "found"),
    [
        ("default_transport = error:no mail", MASTER, []),
        ("default_transport = local", MASTER, []),
        (
            "relayhost = [a.example], [b.example]:26",
            MASTER,
            [("default", "a.example", 25), ("default", "b.example", 26)],
        ),
        (
            RELAY + "smtp_fallback_relay = [f.example]",
            MASTER,
            [("default", "smtp.example.net", 587), ("smtp_fallback_relay", "f.example", 25)],
        ),
        (
            RELAY + "transport_maps = inline:{ {p.example = smtp:[x.example]:2525} }",
            MASTER,
            [("default", "smtp.example.net", 587), ("p.example", "x.example", 2525)],
        ),
        (
            RELAY + "sender_dependent_relayhost_maps = inline:{ {@b.example=[y.example]} }",
            MASTER,
            [("default", "smtp.example.net", 587), ("@b.example", "y.example", 25)],
        ),
        (
            RELAY + "sender_dependent_relayhost_maps = inline:{ {@b.example=DUNNO} }",
            MASTER,
            [("default", "smtp.example.net", 587)],
        ),
        (
            RELAY + "virtual_transport = lmtp:inet:dovecot:24",
            MASTER,
            [("default", "smtp.example.net", 587), ("virtual_transport", "dovecot", 24)],
        ),
        (RELAY + "mailbox_transport = lmtp:unix:private/lmtp", MASTER, [("default", "smtp.example.net", 587)]),
        (RELAY + "content_filter = scan:[127.0.0.1]:10024", MASTER, [("default", "smtp.example.net", 587)]),
        (
            RELAY + "content_filter = scan:[127.0.0.1]:10024",
            MASTER + "scan unix - - n - - smtp\n",
            [("default", "smtp.example.net", 587), ("content_filter", "127.0.0.1", 10024)],
        ),
        (
            RELAY,
            MASTER.replace("smtpd\n", "smtpd -o smtpd_proxy_filter=127.0.0.1:10025\n"),
            [("default", "smtp.example.net", 587), ("smtpd_proxy_filter", "127.0.0.1", 10025)],
        ),
    ],
)
def test_routes(main: str, master: str, found: list[tuple[str, str, int]]) -> None:
    facts = opened(main, {}, master)
    assert [(fact.values["account"], fact.values["host"], fact.values["port"]) for fact in facts] == found


def test_the_service_decides() -> None:
    master = MASTER + "secure unix - - n - - smtp\n  -o smtp_tls_wrappermode=yes -o smtp_tls_security_level=encrypt\n"
    assert only(RELAY + MAY + "default_transport = secure", master=master)["tls"] == "implicit"


@pytest.mark.parametrize(
    ("main", "field", "text"),
    [
        (RELAY + ENCRYPT + MAY, "tls", "may"),
        (RELAY, "port", "[smtp.example.net]:587"),
        (RELAY + MAY + "smtp_tls_policy_maps = hash:/etc/postfix/p", "tls", "none"),
        (RELAY + MAY + LOGIN + PLAIN, "cleartext_credentials", "may"),
        ("relayhost = [a.example], [b.example]", "host", "[a.example]"),
    ],
)
def test_blames(main: str, field: str, text: str) -> None:
    config = instance(main, {**PASSWORDS, "p": "[smtp.example.net]:587 none\n"})
    assert blamed(config, connections.facts(config)[0], field) == text


def test_a_template_hides_the_host_alone() -> None:
    values = only("relayhost = [{{ relay }}]:587\n" + MAY)
    assert ("host" in values, values["port"], values["tls"]) == (False, 587, "opportunistic")


@pytest.mark.parametrize(
    ("main", "tls", "authenticates", "cleartext", "broken"),
    [
        (MAY + PLAIN + "smtp_discard_ehlo_keywords = STARTTLS", "none", True, True, False),
        (ENCRYPT + PLAIN + "smtp_discard_ehlo_keywords = starttls", "required", True, False, True),
        (MAY + PLAIN + "smtp_discard_ehlo_keywords = auth", "opportunistic", False, False, False),
        (MAY + PLAIN + "smtp_never_send_ehlo = yes", "none", False, False, False),
        (MAY + "smtp_sasl_mechanism_filter = plain, login", "required", True, False, True),
        (
            MAY + "smtp_sasl_mechanism_filter = plain\nsmtp_sasl_tls_security_options = noanonymous",
            "required",
            True,
            False,
            False,
        ),
    ],
)
def test_what_the_client_does_not_hear(main: str, tls: str, authenticates: bool, cleartext: bool, broken: bool) -> None:
    values = only(RELAY + LOGIN + main)
    names = ("tls", "authenticates", "cleartext_credentials")
    assert tuple(values[name] for name in names) == (tls, authenticates, cleartext)
    assert bool(values["broken"]) is broken


def test_large_tables_are_read_once() -> None:
    count = 3000
    main = RELAY + LOGIN + "transport_maps = hash:/etc/postfix/t\nsmtp_tls_policy_maps = hash:/etc/postfix/p\n"
    files = {
        "t": "".join(f"d{i}.example smtp:[h{i}.example]\n" for i in range(count)),
        "p": "".join(f"[h{i}.example] encrypt\n" for i in range(count)),
        "sasl_passwd": "".join(f"h{i}.example user:x\n" for i in range(count)),
    }
    started = time.monotonic()
    facts = opened(main, files)
    assert len(facts) == count + 1
    assert time.monotonic() - started < 10
