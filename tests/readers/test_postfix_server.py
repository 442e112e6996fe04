"""Postfix: what holds for the whole instance, settings at fault, secrets."""

from __future__ import annotations

import pytest

from mailpolicy.facts import Draft
from mailpolicy.readers.postfix import faults, secrets, server
from mailpolicy.readers.postfix.master import Config
from mailpolicy.types import Fact, Value
from tests.readers.postfix_instance import MASTER, blamed, instance

SUBMISSION = MASTER + "submission inet n - n - - smtpd\n  -o smtpd_sasl_auth_enable=yes\n"


def heard(config: Config, service: str, **values: Value) -> Fact:
    """A listener fact as the rest of the reader would give it."""
    draft = Draft("listener", config.services[0].where)
    for name, value in {"service": service, "scope": "any", "tls": "optional", "auth": "none", **values}.items():
        draft.put(name, value)
    return draft.fact()


def served(config: Config) -> Fact:
    """The server fact with an MX on port 25 and a submission service, if there is one."""
    listeners = [heard(config, "smtp", role="mx")]
    listeners += [
        heard(config, s.name, role="submission", auth="tls-only") for s in config.services if s.name == "submission"
    ]
    return next(fact for fact in server.facts(config, listeners) if fact.kind == "server")


@pytest.mark.parametrize(
    ("field", "main", "value", "text"),
    [
        ("host", "", "mail.example.org", "mail.example.org"),
        ("public_mx", "", True, None),
        ("vrfy", "", True, None),
        ("vrfy", "disable_vrfy_command = yes\n", False, "yes"),
        ("banner_version", "", False, None),
        ("banner_version", "smtpd_banner = $myhostname ESMTP ($mail_version)\n", True, "$mail_version"),
        ("banner_version", "smtpd_banner = ${myhostname} ${mail_version}\n", True, "${mail_version}"),
        ("smuggling_protection", "", False, None),
        ("smuggling_protection", "smtpd_forbid_bare_newline = normalize\n", True, "normalize"),
        ("smuggling_protection", "smtpd_forbid_bare_newline = note\n", False, "note"),
        (
            "pipelining_protection",
            "smtpd_data_restrictions = reject_unauth_pipelining\n",
            True,
            "reject_unauth_pipelining",
        ),
        ("tls_logged", "", False, None),
        ("tls_logged", "smtpd_tls_loglevel = 1\nsmtpd_tls_received_header = no\n", False, "no"),
        ("tls_logged", "smtpd_tls_loglevel = 1\nsmtpd_tls_received_header = yes\n", True, "yes"),
        ("relay_restrictions_complete", "", True, None),
        ("relay_restrictions_complete", "smtpd_relay_restrictions = permit_mynetworks\n", False, "permit_mynetworks"),
        ("networks_listed", "", False, None),
        ("networks_style", "mynetworks_style = class\n", "class", "class"),
        ("trusted_scope", "mynetworks = 127.0.0.0/8, 172.16.0.0/12\n", "wide", "172.16.0.0/12"),
        ("trusted_networks", "mynetworks = 127.0.0.0/8 !10.0.0.1\n", ("127.0.0.0/8",), None),
        ("forged_client_scope", "smtpd_authorized_xclient_hosts = 127.0.0.1 0.0.0.0/0\n", "world", "0.0.0.0/0"),
        ("forged_client_networks", "", (), None),
        ("accepts_unknown_recipients", "", False, None),
        ("accepts_unknown_recipients", "relay_domains = backup.example\n", True, "backup.example"),
        ("accepts_unknown_recipients", "local_recipient_maps =\n", True, "local_recipient_maps"),
        ("accepts_unknown_recipients", "smtpd_reject_unlisted_recipient = no\n", True, "no"),
        ("accepts_unknown_recipients", "relay_domains = b.example\nrelay_recipient_maps = hash:/x\n", False, None),
        ("passwords_logged", "smtpd_sasl_auth_enable = yes\ndebug_peer_list = 192.0.2.1\n", True, "192.0.2.1"),
        ("passwords_logged", "debug_peer_list = 192.0.2.1\n", False, None),
    ],
)
def test_server_field(field: str, main: str, value: Value, text: str | None) -> None:
    config = instance(main)
    fact = served(config)
    assert fact.values.get(field) == value
    assert text is None or blamed(config, fact, field) == text


def test_each_service_is_asked() -> None:
    config = instance(
        "smtpd_forbid_bare_newline = yes\n", master=MASTER.replace("smtpd\n", "smtpd -o smtpd_forbid_bare_newline=no\n")
    )
    assert blamed(config, served(config), "smuggling_protection") == "no"


def test_submission_needs_no_pipelining_protection() -> None:
    config = instance("", master=SUBMISSION + "  -o smtpd_forbid_unauth_pipelining=no\n", version=(3, 10))
    assert served(config).values["pipelining_protection"] is True


@pytest.mark.parametrize(
    ("version", "main", "protected"),
    [
        ((3, 7, 8), "smtpd_forbid_bare_newline = yes\n", False),
        ((3, 7, 9), "smtpd_forbid_bare_newline = yes\n", True),
        ((3, 4), "smtpd_forbid_bare_newline = yes\n", False),
        ((3, 8), "", False),
        ((3, 9), "", True),
    ],
)
def test_smuggling_protection_by_version(version: tuple[int, ...], main: str, protected: bool) -> None:
    assert served(instance(main, version=version)).values["smuggling_protection"] is protected


@pytest.mark.parametrize(
    ("main", "throttled"),
    [("", False), ("smtpd_client_auth_rate_limit = 5\n", True), ("smtpd_sasl_type = dovecot\n", None)],
)
def test_login_throttle(main: str, throttled: bool | None) -> None:
    assert served(instance(main, master=SUBMISSION)).values.get("login_throttle") is throttled


def test_verbose_smtpd_logs_passwords() -> None:
    config = instance("smtpd_sasl_auth_enable = yes\n", master=MASTER.replace("smtpd\n", "smtpd\n  -o a=b\n  -v\n", 1))
    assert blamed(config, served(config), "passwords_logged") == "-v"


@pytest.mark.parametrize(
    ("main", "master", "state", "instead"),
    [
        ("smtpd_use_tls = yes\n", MASTER, "deprecated", "smtpd_tls_security_level = may"),
        (
            "smtpd_use_tls = yes\nsmtpd_tls_security_level = encrypt\n",
            MASTER,
            "ignored",
            "nothing: take the line away, smtpd_tls_security_level is set",
        ),
        ("smtpd_enforce_tls = no\n", MASTER, "deprecated", "nothing: take the line away"),
        ("disable_dns_lookups = yes\n", MASTER, "deprecated", "smtp_dns_support_level = disabled"),
        ("disable_dns_lookups = no\n", MASTER, "deprecated", "nothing: take the line away"),
        (
            "smtpd_enforce_tls = yes\nsmtpd_tls_security_level = may\n",
            MASTER.replace("smtpd\n", "smtpd\n  -o smtpd_tls_security_level=\n"),
            "deprecated",
            "smtpd_tls_security_level = encrypt",
        ),
        ("smtp_tls_per_site = hash:/x\n", MASTER, "deprecated", "smtp_tls_policy_maps"),
    ],
)
def test_deprecated(main: str, master: str, state: str, instead: str) -> None:
    (fact,) = faults.facts(instance(main, master=master))
    assert (fact.values["state"], fact.values["instead"]) == (state, instead)


@pytest.mark.parametrize(
    ("first", "second", "shadowed"),
    [
        ("smtp_tls_security_level = encrypt", "smtp_tls_security_level = may", True),
        ("smtp_tls_security_level = may", "smtp_tls_security_level = encrypt", False),
        ("smtpd_tls_auth_only = yes", "smtpd_tls_auth_only = no", True),
        ("smtpd_tls_mandatory_protocols = >=TLSv1.2", "smtpd_tls_mandatory_protocols = >=TLSv1", True),
        ("mynetworks = 127.0.0.0/8", "mynetworks = 10.0.0.0/8", True),
        ("smtp_sasl_security_options = noplaintext, noanonymous", "smtp_sasl_security_options = noanonymous", True),
        ("message_size_limit = 1", "message_size_limit = 2", False),
    ],
)
def test_shadowed(first: str, second: str, shadowed: bool) -> None:
    config = instance(f"{first}\n{second}\n")
    found = [fact for fact in faults.facts(config) if fact.values["state"] == "shadowed"]
    assert [blamed(config, fact, "state") for fact in found] == [second.partition("= ")[2]] * shadowed


def test_shadowed_in_a_service() -> None:
    options = "smtpd\n  -o smtpd_tls_security_level=encrypt\n  -o smtpd_tls_security_level=may\n"
    config = instance("", master=MASTER.replace("smtpd\n", options))
    assert [blamed(config, fact, "state") for fact in faults.facts(config)] == ["may"]


@pytest.mark.parametrize(
    ("main", "files", "found"),
    [
        ("smtp_sasl_password_maps = hash:/etc/postfix/p\n", {"p": "[h]:587  user:s3:cret  \n"}, [("s3:cret", False)]),
        ("smtp_sasl_password_maps = hash:/etc/postfix/p\n", {"p": "h\n  user@h:changeme\n"}, [("changeme", True)]),
        ("smtp_sasl_password_maps = lmdb:p\n", {"p": "h user:hidden-away\n"}, []),
        ("smtp_sasl_password_maps = inline:{h=user:s3cret}\n", {}, [("s3cret", False)]),
        ("smtp_sasl_password_maps = static:user:s3cret\n", {}, [("s3cret", False)]),
        (
            "smtp_sasl_password_maps = hash:/etc/postfix/p\n",
            {"p": "h u:{{ pw }}\ni u:<password>\nj u:$PW\nk u:REDACTED\n"},
            [],
        ),
        (
            "virtual_mailbox_maps = proxy:mysql:/etc/postfix/m.cf\n",
            {"m.cf": "user = u\npassword = db-pw\n"},
            [("db-pw", False)],
        ),
        ("alias_maps = ldap:/etc/postfix/l.cf\n", {"l.cf": "bind_pw=secret\n"}, [("secret", True)]),
        ("alias_maps = ldap:/etc/other/l.cf\n", {"l.cf": "bind_pw=secret\n"}, []),
        ("oldsource_password = db-pw\n", {}, [("db-pw", False)]),
    ],
)
def test_secrets(main: str, files: dict[str, str], found: list[tuple[str, bool]]) -> None:
    config = instance(main, files)
    facts = secrets.facts(config)
    assert [(blamed(config, fact, "storage"), fact.values["default"]) for fact in facts] == found


def test_no_fact_holds_a_password() -> None:
    config = instance("smtp_sasl_password_maps = hash:/etc/postfix/p\n", {"p": "h user:s3cret\n"})
    assert "s3cret" not in repr(server.facts(config, []))
