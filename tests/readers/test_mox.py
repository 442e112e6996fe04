"""The mox reader: files in, facts out. mox 0.0.15 was seen to do what is expected."""

from __future__ import annotations

import time

import pytest

from mailpolicy.readers import format_of, mox
from tests.readers.reading import MainFile, blamed, under

NAME = "config/mox.conf"
TOP = "DataDir: ../data\nLogLevel: info\nHostname: mx.example.org\n"
END = "Postmaster:\n\tAccount: a\n\tMailbox: Inbox\n"
IPS = "\t\tIPs:\n\t\t\t- 192.0.2.1\n"
TLS = "\t\tTLS:\n\t\t\tKeyCerts:\n\t\t\t\t-\n\t\t\t\t\tCertFile: tls/a.crt\n\t\t\t\t\tKeyFile: tls/a.key\n"


def config(services: str, tls: str = TLS, ips: str = IPS) -> str:
    """A file with one listener."""
    return f"{TOP}Listeners:\n\tpublic:\n{ips}{tls}{services}{END}"


def service(name: str, *options: str) -> str:
    return "".join(f"{line}\n" for line in (f"\t\t{name}:", "\t\t\tEnabled: true", *(f"\t\t\t{o}" for o in options)))


MOX = MainFile(mox, NAME)
read, facts, only = MOX.read, MOX.facts, MOX.only


def refusal(text: str) -> tuple[str, str]:
    """The text that mox refuses, and why."""
    made = read(text)
    assert not [fact for fact in made.facts if fact.kind != "secret"]
    assert any("does not start" in note for note in made.notes)
    (unread,) = made.unread
    return under(text, unread.where), unread.why


@pytest.mark.parametrize(
    ("name", "port", "protocol", "role", "tls", "auth", "relay"),
    [
        ("SMTP", 25, "smtp", "mx", "optional", "none", "none"),
        ("Submission", 587, "smtp", "submission", "required", "tls-only", "authenticated"),
        ("Submissions", 465, "smtp", "submission", "implicit", "tls-only", "authenticated"),
        ("IMAP", 143, "imap", "access", "optional", "challenge", None),  # CRAM-MD5 and SCRAM work without STARTTLS
        ("IMAPS", 993, "imap", "access", "implicit", "tls-only", None),
    ],
)
def test_services(name: str, port: int, protocol: str, role: str, tls: str, auth: str, relay: str | None) -> None:
    values = only(config(service(name))).values
    assert (values["port"], values["protocol"], values["role"]) == (port, protocol, role)
    assert (values["tls"], values["auth"], values.get("relay")) == (tls, auth, relay)


@pytest.mark.parametrize(
    ("name", "option", "with_tls", "tls", "auth", "blame"),
    [
        ("SMTP", "RequireSTARTTLS: true", True, "required", "none", "true"),
        ("SMTP", "RequireSTARTTLS: false", True, "optional", "none", "false"),
        ("SMTP", "NoSTARTTLS: true", True, "optional", "none", "TLS"),  # STARTTLS is offered all the same
        ("SMTP", "NoSTARTTLS: true", False, "none", "none", "true"),
        ("Submission", "NoRequireSTARTTLS: true", True, "optional", "cleartext", "true"),
        ("Submission", "NoRequireSTARTTLS: true", False, "none", "cleartext", "true"),
        ("IMAP", "NoRequireSTARTTLS: true", True, "optional", "cleartext", "TLS"),
        ("IMAP", "NoRequireSTARTTLS: true", False, "none", "cleartext", "true"),
        ("IMAP", "NoRequireSTARTTLS: false", False, "none", "challenge", "false"),
        ("Submission", "NoRequireSTARTTLS: {{ open }}", True, None, None, "{{ open }}"),
    ],
)
def test_starttls(name: str, option: str, with_tls: bool, tls: str | None, auth: str | None, blame: str) -> None:
    text = config(service(name, option), TLS if with_tls else "")
    fact = only(text)
    assert (fact.values.get("tls"), fact.values.get("auth")) == (tls, auth)
    assert blamed(text, fact, "tls") == blame


def test_no_starttls_beside_tls_is_said_to_be_without_effect() -> None:
    text = config(service("SMTP", "NoSTARTTLS: true"))
    fact = only(text, "setting")
    assert (fact.values["name"], fact.values["state"]) == ("NoSTARTTLS", "ignored")
    assert blamed(text, fact, "state") == "true"
    assert facts(config(service("SMTP", "NoSTARTTLS: true"), ""), "setting") == []


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ("0.0.0.0", [("0.0.0.0", "any")]),  # tcp4, unlike other programs in Go
        ("::", [("::", "any")]),
        ("127.0.0.1 ::1", [("127.0.0.1", "loopback"), ("::1", "loopback")]),
        ("10.0.0.1", [("10.0.0.1", "private")]),
        ("{{ip}}", [(None, None)]),
    ],
)
def test_addresses(addresses: str, expected: list[tuple[str | None, str | None]]) -> None:
    ips = "\t\tIPs:\n" + "".join(f"\t\t\t- {ip}\n" for ip in addresses.split())
    found = facts(config(service("SMTP"), ips=ips))
    assert [(f.values.get("address"), f.values.get("scope")) for f in found] == expected


@pytest.mark.parametrize(("option", "port"), [("Port: 2525", 2525), ("Port: 0", 25), ("Port: {{ p }}", None)])
def test_ports(option: str, port: int | None) -> None:
    assert only(config(service("SMTP", option))).values.get("port") == port


@pytest.mark.parametrize(
    ("line", "expected", "blame"),
    [
        ("", "TLSv1.2", ""),
        ("MinVersion: TLSv1.0", "TLSv1.0", "TLSv1.0"),
        ("MinVersion: TLSv1.3", "TLSv1.3", "TLSv1.3"),
        ("MinVersion: {{ low }}", None, "{{ low }}"),
    ],
)
def test_lowest_version(line: str, expected: str | None, blame: str) -> None:
    text = config(service("IMAPS"), TLS + (f"\t\t\t{line}\n" if line else ""))
    fact = only(text)
    assert fact.values.get("tls_min") == expected
    if blame:
        assert blamed(text, fact, "tls_min") == blame


def test_a_certificate_lies_beside_the_file() -> None:
    assert only(config(service("IMAPS"))).values["certificate"] == "config/tls/a.crt"


def test_the_certificate_of_acme_is_not_known() -> None:
    text = config(service("IMAPS"), "\t\tTLS:\n\t\t\tACME: le\n").replace(
        "Listeners:", "ACME:\n\tle:\n\t\tx: y\nListeners:"
    )
    assert "certificate" not in only(text).values


@pytest.mark.parametrize(
    ("line", "version", "state", "login"),
    [
        ("", "0.0.17", "asked", True),
        ("", "0.0.13", "none", None),
        ("ClientAuthDisabled: true", "0.0.17", "none", False),
    ],
)
def test_client_certificates_are_a_login(line: str, version: str, state: str, login: bool | None) -> None:
    values = only(config(service("Submissions"), TLS + (f"\t\t\t{line}\n" if line else "")), version=version).values
    assert (values["client_certificate"], values.get("client_certificate_login")) == (state, login)
    assert ("EXTERNAL" in str(values["mechanisms"])) is bool(login)


def test_what_is_not_enabled_is_no_listener() -> None:
    assert facts(config("\t\tIMAP:\n\t\t\tEnabled: false\n\t\tSMTP:\n\t\t\tEnabled: false\n")) == []


@pytest.mark.parametrize(
    ("text", "blame", "why"),
    [
        (config(service("SMTP"), ""), "true", "SMTP needs TLS"),
        (config(service("IMAPS"), ""), "true", "IMAPS needs TLS"),
        (config(service("Submission"), ""), "true", "Submission needs TLS"),
        (config(service("SMTP"), "\t\tTLS:\n\t\t\tMinVersion: TLSv1.2\n"), "TLS", "one of ACME and KeyCerts"),
        (config(service("SMTP"), "\t\tTLS:\n\t\t\tACME: le\n"), "le", "no provider"),
        (config(service("SMTP"), TLS + "\t\t\tMinVersion: 1.2\n"), "1.2", "no version"),
        (config(service("SMTP", "Foo: 1")), "Foo", "no key Foo"),
        (config(service("SMTP", "Port: x")), "x", "a number"),
        (config(service("SMTP", "Port: 25", "Port: 26")), "Port", "twice"),
        (config("\t\tSMTP:\n\t\t\tEnabled: yes\n"), "yes", "true or false"),
        (config("\t\tSMTP:\n\t\t\tPort: 25\n"), "SMTP", "Enabled is missing"),
        (config(service("SMTP"), ips="\t\tIPs:\n\t\t\t- bad\n"), "bad", "no IP address"),
        (config(service("SMTP"), ips="\t\tIPs: 192.0.2.1\n"), "192.0.2.1", "a list"),
        (config(service("SMTP"), ips=""), "public", "IPs is missing"),
        (config(service("SMTP")).replace("\t\tSMTP", "        SMTP"), "SMTP:", "tabs"),
        (config(service("SMTP")).replace("LogLevel: info", "LogLevel:info"), "LogLevel:info", "no blank"),
        (config(service("SMTP")).replace(END, ""), "DataDir: ../data", "Postmaster is missing"),
        (config(service("SMTP")) + "\t\n", "", "blanks alone"),
    ],
)
def test_refused(text: str, blame: str, why: str) -> None:
    found, words = refusal(text)
    assert found.strip() == blame
    assert why in words


def transport(kind: str, *options: str) -> str:
    lines = "".join(f"\t\t\t{option}\n" for option in options)
    return f"{config(service('SMTP'))}Transports:\n\tsmart:\n\t\t{kind}:\n\t\t\tHost: smtp.example.org\n{lines}"


LOGIN = ("Auth:", "\tUsername: joe", "\tPassword: geheim-1")
PLAIN = (*LOGIN, "\tMechanisms:", "\t\t- PLAIN")


@pytest.mark.parametrize(
    ("kind", "options", "port", "tls", "verify", "clear", "role"),
    [
        ("Submissions", LOGIN, 465, "implicit", "ca", False, "submission"),
        ("Submission", LOGIN, 587, "required", "ca", False, "submission"),
        ("Submission", ("Port: 2587", *LOGIN), 2587, "required", "ca", False, "submission"),
        ("SMTP", (), 25, "required", "ca", False, "relay"),
        ("Submission", ("STARTTLSInsecureSkipVerify: true", *LOGIN), 587, "required", "none", False, "submission"),
        ("Submission", ("NoSTARTTLS: true", *LOGIN), 587, "none", "none", False, "submission"),
        ("Submission", ("NoSTARTTLS: true", *PLAIN), 587, "none", "none", True, "submission"),
        (
            "Submission",
            ("NoSTARTTLS: true", "STARTTLSInsecureSkipVerify: true", *PLAIN),
            587,
            "required",
            "none",
            False,
            "submission",
        ),
    ],
)
def test_transports(
    kind: str, options: tuple[str, ...], port: int, tls: str, verify: str, clear: bool, role: str
) -> None:
    values = only(transport(kind, *options), "connection").values
    assert (values["host"], values["port"], values["role"]) == ("smtp.example.org", port, role)
    assert (values["tls"], values["verify"], values["cleartext_credentials"]) == (tls, verify, clear)


@pytest.mark.parametrize(
    ("text", "blame", "why"),
    [
        (transport("Submissions", "NoSTARTTLS: true"), "true", "from the start"),
        (transport("Submission", "Auth:", "\tUsername: a"), "Auth", "Password is missing"),
        (transport("Submission", *LOGIN, "\tMechanisms:", "\t\t- LOGIN"), "LOGIN", "no way to log in"),
        (transport("SMTP") + "\t\tFail:\n\t\t\tSMTPCode: 500\n", "Fail", "one way"),
        (transport("SMTP").replace("smtp.example.org", "smtp.example.org x"), "smtp.example.org x", "no host name"),
    ],
)
def test_refused_transports(text: str, blame: str, why: str) -> None:
    found, words = refusal(text)
    assert found == blame
    assert why in words


def test_secrets() -> None:
    text = transport("Submission", *LOGIN)
    assert blamed(text, only(text, "secret"), "storage") == "geheim-1"
    assert only(text, "connection").values["credential"] == "literal"
    assert facts(transport("Submission", "Auth:", "\tUsername: a", "\tPassword: {{ pass }}"), "secret") == []


def test_secrets_of_the_domains_file() -> None:
    hook = (
        "Accounts:\n\ta:\n\t\tOutgoingWebhook:\n\t\t\tURL: https://a.example\n\t\t\tAuthorization: Basic Zm9vOmJhcg==\n"
    )
    files = {NAME: config(service("SMTP")), "config/domains.conf": hook}
    fact = only(files, "secret")
    assert fact.origins["storage"][-1].where is not None
    assert blamed(hook, fact, "storage") == "Basic Zm9vOmJhcg=="
    assert read(files).files == tuple(files)


@pytest.mark.parametrize(
    ("level", "expected"), [("info", False), ("trace", False), ("traceauth", True), ("tracedata", True)]
)
def test_passwords_in_the_log(level: str, expected: bool) -> None:
    text = config(service("SMTP")).replace("LogLevel: info", f"LogLevel: {level}")
    fact = only(text, "server")
    assert fact.values["passwords_logged"] is expected
    assert blamed(text, fact, "passwords_logged") == level


def test_keys_of_maps_may_begin_with_tabs() -> None:
    text = config(service("SMTP")).replace("LogLevel: info", "LogLevel: info\nPackageLogLevels:\n\t\t\tqueue: debug")
    assert not read(text).unread


def test_comments_and_empty_lines_stand_anywhere() -> None:
    text = config(service("SMTP")).replace("\n", "\n\n   # note: x\n")
    assert only(text).values["port"] == 25


@pytest.mark.parametrize("text", ["rest.interface = https://a.example\n", "$mox_conf{'rundir'} = '/run';\n"])
def test_files_of_other_programs_called_mox_are_left_alone(text: str) -> None:
    made = read(text)
    assert not made.facts
    assert not made.unread


def test_nil_is_an_empty_listener() -> None:
    assert not read(f"{TOP}Listeners:\n\tlocal: nil\n{END}").unread


@pytest.mark.parametrize(
    ("path", "expected"), [("etc/mox/mox.conf", "mox"), ("mox.conf.j2", "mox"), ("etc/firefox.conf", None)]
)
def test_names(path: str, expected: str | None) -> None:
    assert format_of(path) == expected


@pytest.mark.parametrize("piece", ["\t- \n", "a:\n\t", "\t", "x: y\n", "-\n", "# c\n"])
def test_time_is_linear(piece: str) -> None:
    began = time.perf_counter()
    read(config(service("SMTP")) + piece * (400_000 // len(piece)))
    assert time.perf_counter() - began < 10
