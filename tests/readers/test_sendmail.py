"""The Sendmail reader: files in, facts out. What the real daemon does with such files is in tests/real."""

from __future__ import annotations

import pytest

from mailpolicy.readers import format_of, sendmail
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Inventory, Span
from tests.readers import reading
from tests.readers.reading import of_kind, read_group

MC, CF, SUBMIT, ACCESS = "etc/mail/sendmail.mc", "etc/mail/sendmail.cf", "etc/mail/submit.mc", "etc/mail/access"
HEAD = "include(`/usr/share/sendmail/cf/m4/cf.m4')dnl\nOSTYPE(`linux')dnl\n"
TLS = """\
define(`confCACERT_PATH', `/etc/ssl/certs')dnl
define(`confCACERT', `/etc/ssl/ca.pem')dnl
define(`confSERVER_CERT', `/etc/ssl/a.pem')dnl
define(`confSERVER_KEY', `/etc/ssl/a.key')dnl
"""
DEBIAN = "OSTYPE(`debian')dnl\n"
AUTH = "define(`confAUTH_MECHANISMS', `LOGIN PLAIN')dnl\nTRUST_AUTH_MECH(`PLAIN')dnl\n"
NO_MSA = "FEATURE(`no_default_msa')dnl\n"
DB = "FEATURE(`access_db')dnl\n"
RULE = 'SBasic_check_rcpt\nR$*\t\t\t$#error $@ 5.7.1 $: "550 Relaying denied"\n'
TOP = "V10/Berkeley\nDZ8.17.1\n"


FROM = (
    f"{TOP}{RULE}Kaccess hash /etc/mail/access\nSRelay_ok\n"
    "R<?> $+ < @ $+ >\t$: <@> $>SearchList <! From> $| <F:$1@$2> <{}:$2> <>\n"
)


def mc(body: str) -> str:
    return f"{HEAD}{body}MAILER(`smtp')dnl\n"


def held(files: dict[str, str] | str) -> dict[str, str]:
    return {MC: mc(files)} if isinstance(files, str) else files


def read(files: dict[str, str] | str, version: str = "8.17") -> Inventory:
    return read_group(sendmail, held(files), [next(iter(held(files)))], version)


def facts(files: dict[str, str] | str, kind: str = "listener", version: str = "8.17") -> list[Fact]:
    return of_kind(read(files, version), kind)


def first(files: dict[str, str] | str, kind: str = "listener", version: str = "8.17") -> Fact:
    return facts(files, kind, version)[0]


def with_access(rules: str, body: str = "") -> dict[str, str]:
    return {MC: mc(body + DB), ACCESS: rules}


def under(files: dict[str, str] | str, where: Span) -> str:
    return reading.under(held(files), where)


def blamed(files: dict[str, str] | str, fact: Fact, field: str) -> str:
    return reading.blamed(held(files), fact, field)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", [("0.0.0.0", 25), ("0.0.0.0", 587)]),
        (NO_MSA, [("0.0.0.0", 25)]),
        (NO_MSA + "DAEMON_OPTIONS(`Port=smtp, Addr=127.0.0.1, Name=MTA')", [("127.0.0.1", 25)]),
        (NO_MSA + "DAEMON_OPTIONS(`Family=inet6, Name=MTA')", [("*", 25)]),
        (NO_MSA + "DAEMON_OPTIONS(`Family=inet6, Addr=::1')", [("::1", 25)]),
        (NO_MSA + "DAEMON_OPTIONS(`P=submissions,A=192.0.2.1')", [("192.0.2.1", 465)]),
        (NO_MSA + "DAEMON_OPTIONS(`Addr=mail.example.org')", [(None, 25)]),
        (NO_MSA + "DAEMON_OPTIONS(`Port=nosuch')", [("0.0.0.0", None)]),
        (NO_MSA + "DAEMON_OPTIONS(`Family=local, Addr=/run/a')", []),
        (NO_MSA + "DAEMON_OPTIONS(`Port={{ port }}')", [(None, None)]),
        (NO_MSA + "LOCAL_CONFIG\nO DaemonPortOptions=Port=2525\n", [("0.0.0.0", 25), ("0.0.0.0", 2525)]),
        (NO_MSA + "define(`P', `Port=$1')DAEMON_OPTIONS(P(2525))", [("0.0.0.0", 2525)]),
    ],
)
def test_sockets(body: str, expected: list[tuple[str | None, int | None]]) -> None:
    assert [(f.values.get("address"), f.values.get("port")) for f in facts(body)] == expected


def test_an_argument_without_quotes_ends_at_its_first_comma() -> None:
    body = NO_MSA + "DAEMON_OPTIONS(Port=2525, Addr=127.0.0.1)\n"
    assert first(body).values["address"] == "0.0.0.0"
    (lost,) = read(body).unread
    assert under(body, lost.where) == "Addr=127.0.0.1"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("FEATURE(`promiscuous_relay')\n", "open"),
        ("#FEATURE(`promiscuous_relay')\n", "open"),
        ("divert(-1)\nFEATURE(`promiscuous_relay')\ndivert(0)\n", "open"),
        ("dnl FEATURE(`promiscuous_relay')\n", "none"),
        ("ifdef(`NO', `FEATURE(`promiscuous_relay')')\n", "none"),
        ("define(`NO')ifdef(`NO', `FEATURE(`promiscuous_relay')')\n", "open"),
        ("ifelse(a, b, `', a, a, `FEATURE(promiscuous_relay)')\n", "open"),
        ("pushdef(`A', `promiscuous_relay')FEATURE(A)popdef(`A')\n", "open"),
        ("`FEATURE(`promiscuous_relay')'\n", "none"),
        ("changequote([, ])FEATURE([promiscuous_relay])changequote\n", "open"),
        ("FEATURE(`relay_local_from')\n", "open"),
        ("FEATURE(`relay_mail_from')\n", "none"),
        ("RELAY_DOMAIN(`192.0.2')\n", "networks"),
        (AUTH, "authenticated"),
        (AUTH.replace("`PLAIN'", "`CRAM-MD5'"), "none"),
        (DB, None),
        ("include(`/etc/mail/more.m4')\n", None),
    ],
)
def test_who_may_relay(body: str, expected: str | None) -> None:
    assert first(body).values.get("relay") == expected


def test_before_cf_m4_is_included_a_hash_begins_a_comment() -> None:
    text = "# FEATURE(`promiscuous_relay')\n" + mc("")
    assert first({MC: text}).values["relay"] == "none"


def test_without_an_include_cf_m4_was_there_first() -> None:
    text = "# FEATURE(`promiscuous_relay')\nMAILER(`smtp')\n"
    assert first({MC: text}).values["relay"] == "open"


@pytest.mark.parametrize(
    ("rules", "body", "relay", "networks"),
    [
        ("Connect:192.0.2\tRELAY\n", "", "networks", ("192.0.2.0/24",)),
        ("192.0\tRELAY\n# 10 RELAY\n", "", "networks", ("192.0.0.0/16",)),
        ("Connect:IPv6:2001:db8\tRELAY\n", "", "networks", ("2001:db8::/32",)),
        ("Connect:127.0.0.1\tRELAY\nConnect:localhost\tRELAY\n", "", "none", ()),
        ("Connect:192.0.2.0/24\tRELAY\n", "", "none", ()),
        ("Connect:192.0.2\tOK\nTo:example.org\tRELAY\nFrom:example.org\tRELAY\n", "", "none", ()),
        ("From:example.org\tRELAY\n", DB + "FEATURE(`relay_mail_from')\n", "none", ()),
        ("From:example.org\tRELAY\n", DB + "FEATURE(`relay_mail_from', `domain')\n", "open", ()),
        ("From:a@example.org\tRELAY\n", DB + "FEATURE(`relay_mail_from')\n", "open", ()),
        ("", "RELAY_DOMAIN(`192.0.2.')\n", "networks", ("192.0.2.0/24",)),
        ("", "RELAY_DOMAIN(`example.org 10')\n", "networks", ("example.org", "10.0.0.0/8")),
    ],
)
def test_networks_that_may_relay(rules: str, body: str, relay: str, networks: tuple[str, ...]) -> None:
    fact = first(with_access(rules, body))
    assert (fact.values["relay"], fact.values["trusted_networks"]) == (relay, networks)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Connect:192.0.2.0/24\tRELAY", "Connect:192.0.2.0/24"),
        ("Connect:192.0.2.\tRELAY", "Connect:192.0.2."),
        ("*.example.org\tRELAY", "*.example.org"),
        ("Connect:192.0.2\tRELAY # office", "RELAY # office"),
        ('Connect:192.0.2\t"RELAY"', '"RELAY"'),
    ],
)
def test_what_is_meant_to_trust_but_does_not_is_said(line: str, expected: str) -> None:
    files = with_access(line + "\n")
    assert [under(files, lost.where) for lost in read(files).unread] == [expected]
    assert first(files).values["relay"] == "none"


def test_relay_domains_is_read_from_beside_the_configuration() -> None:
    files = {MC: mc(""), "etc/mail/relay-domains": "10.1 # office\n"}
    assert blamed(files, first(files), "relay") == "10.1"


@pytest.mark.parametrize(
    ("body", "rules", "expected"),
    [
        ("", "", ("none", None)),
        (DEBIAN, "", ("none", "challenge")),
        (AUTH, "", ("none", "cleartext")),
        (TLS, "", ("optional", None)),
        (DEBIAN + TLS, "", ("optional", "challenge")),
        (TLS + AUTH, "", ("optional", "cleartext")),
        (TLS + AUTH + "define(`confAUTH_OPTIONS', `A p')\n", "", ("optional", "tls-only")),
        (TLS + AUTH + "define(`confAUTH_OPTIONS', `A p')\nDAEMON_OPTIONS(`M=a')\n", "", ("required", "tls-only")),
        (TLS + AUTH + "define(`confAUTH_OPTIONS', `Ap')\n", "", ("optional", "cleartext")),
        (AUTH + "define(`confAUTH_OPTIONS', `p')\n", "", ("none", "none")),
        (DEBIAN + TLS + "define(`confAUTH_OPTIONS', `p')\n", "", ("optional", "challenge")),
        (DEBIAN + TLS + "undefine(`confCACERT_PATH')\n", "", ("none", "challenge")),
        (TLS + AUTH + "DAEMON_OPTIONS(`M=S')\n", "", ("none", "cleartext")),
        (TLS + AUTH + "DAEMON_OPTIONS(`M=EA')\n", "", ("optional", "none")),
        (TLS + AUTH + "DAEMON_OPTIONS(`Port=465, M=s')\n", "", ("implicit", "tls-only")),
        (TLS + AUTH, "Srv_Features:\tA\n", ("optional", "none")),
        (TLS + AUTH, "Srv_Features:\tV c\n", ("optional", "tls-only")),
        (TLS + AUTH, "Srv_Features:192.0.2\tc\n", ("optional", "cleartext")),
        (TLS + AUTH, "TLS_Clt:\tENCR:112\n", ("required", "cleartext")),
        (TLS + "define(`confAUTH_MECHANISMS', `{{ mechanisms }}')\n", "", ("optional", None)),
        (TLS + "define(`confAUTH_MECHANISMS', `GSSAPI')\n", "", ("optional", None)),
        (AUTH + "include(`/etc/mail/tls/starttls.m4')\n", "", (None, None)),
    ],
)
def test_tls_and_logins(body: str, rules: str, expected: tuple[str | None, str | None]) -> None:
    found = first(with_access(rules, body)).values
    assert (found.get("tls"), found.get("auth")) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", ("CRAM-MD5", "PLAIN", "SCRAM-SHA-256")),
        ("a", ("SCRAM-SHA-256",)),
        ("m", ("SCRAM-SHA-256",)),
        ("p,y", ("CRAM-MD5", "SCRAM-SHA-256")),
    ],
)
def test_what_auth_options_leave(options: str, expected: tuple[str, ...]) -> None:
    body = f"define(`confAUTH_MECHANISMS', `SCRAM-SHA-256 PLAIN CRAM-MD5')define(`confAUTH_OPTIONS', `{options}')\n"
    assert first(body).values["mechanisms"] == expected


@pytest.mark.parametrize(
    ("gone", "body", "tls", "text"),
    [
        ("", "", "optional", "/etc/ssl/a.pem"),
        ("etc/ssl/a.pem", "", "none", "/etc/ssl/a.pem"),
        ("etc/ssl/a.key", "", "none", "/etc/ssl/a.key"),
        ("etc/ssl/ca.pem", "", "none", "/etc/ssl/ca.pem"),
        ("", "define(`confSERVER_KEY', `a.key')\n", "none", "a.key"),
        ("", "define(`confSERVER_CERT', `/etc/ssl/a.pem,/etc/ssl/b.pem')\n", "none", "/etc/ssl/b.pem"),
    ],
)
def test_a_file_that_is_missing_beside_others_means_no_tls(gone: str, body: str, tls: str, text: str) -> None:
    held = {name: "" for name in ("etc/ssl/a.pem", "etc/ssl/a.key", "etc/ssl/ca.pem") if name != gone}
    files = {MC: mc(TLS + body), **held}
    assert first(files).values["tls"] == tls
    assert blamed(files, first(files), "tls") == text


@pytest.mark.parametrize("lost", ["a.pem", "a.key"])
def test_without_a_certificate_that_need_not_be_there_handshakes_fail(lost: str) -> None:
    files = {MC: mc(TLS + "define(`confTLS_SRV_OPTIONS', `C')\n"), "etc/ssl/ca.pem": "", "etc/ssl/b.pem": ""}
    files |= {f"etc/ssl/{name}": "" for name in ("a.pem", "a.key") if name != lost}
    assert str(first(files).values["broken"]).startswith("STARTTLS is announced without a certificate")
    assert blamed(files, first(files), "broken") == f"/etc/ssl/{lost}"


def test_implicit_tls_without_its_certificate_is_shown_at_the_file() -> None:
    files = {MC: mc(TLS + "DAEMON_OPTIONS(`Port=465, M=s')\n"), "etc/ssl/b.pem": ""}
    assert first(files).values["broken"] == "/etc/ssl/a.pem does not exist: the session ends"
    assert blamed(files, first(files), "broken") == "/etc/ssl/a.pem"


@pytest.mark.parametrize(
    ("body", "field", "expected", "text"),
    [
        ("define(`confCIPHER_LIST', `HIGH:RC4-MD5')\n", "broken_ciphers", ("rc4",), "RC4-MD5"),
        ("define(`confCIPHER_LIST', `ECDHE+AESGCM:AES128-SHA')\n", "weak_ciphers", ("static-rsa",), "AES128-SHA"),
        ("define(`confCIPHER_LIST', `ECDHE+AESGCM')\n", "dhe", False, "ECDHE+AESGCM"),
        ("define(`confCIPHER_LIST', `PROFILE=SYSTEM')\n", "broken_ciphers", None, "PROFILE=SYSTEM"),
        ("define(`confDH_PARAMETERS', `/etc/mail/dh.pem')\n", "dh_file", "/etc/mail/dh.pem", "/etc/mail/dh.pem"),
        ("define(`confDH_PARAMETERS', `1024')\n", "dh_bits", 1024, "1024"),
        ("define(`confDH_PARAMETERS', `none')\n", "dhe", False, "none"),
        ("define(`confSERVER_SSL_OPTIONS', `-SSL_OP_CIPHER_SERVER_PREFERENCE')\n", "cipher_preference", "client",
         "-SSL_OP_CIPHER_SERVER_PREFERENCE"),
    ],
)  # fmt: skip
def test_suites_and_groups(body: str, field: str, expected: object, text: str) -> None:
    fact = first(TLS + body)
    assert fact.values.get(field) == expected
    assert blamed(TLS + body, fact, field) == text


@pytest.mark.parametrize("field", ["broken_ciphers", "dh_file", "dh_bits", "cipher_preference"])
def test_of_suites_only_what_a_file_asks_for_is_told(field: str) -> None:
    assert field not in first(TLS).origins


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("DAEMON_OPTIONS(`Port=465, M=s')\n", "s"),
        (AUTH + "define(`confAUTH_MECHANISMS', `')DAEMON_OPTIONS(`M=a')\n", "a"),
        ("define(`confTLS_SRV_OPTIONS', `C')\n", "C"),
        (TLS.replace("SERVER_KEY", "CLIENT_KEY") + "define(`confTLS_SRV_OPTIONS', `C')\n", "C"),
    ],
)
def test_sockets_on_which_no_session_works(body: str, text: str) -> None:
    fact = first(body)
    assert isinstance(fact.values["broken"], str)
    assert blamed(body, fact, "broken") == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("DAEMON_OPTIONS(`Family=ipv6')\n", "ipv6"),
        ("DAEMON_OPTIONS(`Name=A, Zone=1')\n", "Zone=1"),
        ("DAEMON_OPTIONS(`Name=A')\nDAEMON_OPTIONS(`Name=B, Port=25')\n", "25"),
        ("LOCAL_CONFIG\nbanana\n", "banana"),
        ("define(`a', `b\n", "`"),
    ],
)
def test_what_keeps_the_daemon_from_starting(body: str, text: str) -> None:
    found = read(body)
    assert [under(body, lost.where) for lost in found.unread][:1] == [text]
    assert not [fact for fact in found.facts if fact.kind == "listener"]


@pytest.mark.parametrize(
    "files",
    [
        {CF: f"##### built by root@amd64.openbsd.org\n{TOP}O DaemonPortOptions=Name=A\n"
         "O DaemonPortOptions=Name=B, Family=inet6\n"},
        {MC: "OSTYPE(`freebsd6')\nFEATURE(`no_default_msa')\nDAEMON_OPTIONS(`Name=A')\n"
         "DAEMON_OPTIONS(`Name=B, Family=inet6')\nMAILER(`smtp')\n"},
    ],
)  # fmt: skip
def test_bsd_keeps_the_families_apart(files: dict[str, str]) -> None:
    assert [fact.values["address"] for fact in facts(files)] == ["0.0.0.0", "::"]
    assert "auth" not in first(files).values  # what its base system brings along has no SASL


def test_commas_part_no_mechanisms() -> None:
    assert first("define(`confAUTH_MECHANISMS', `PLAIN,LOGIN')\n").values["auth"] == "none"


def test_an_optional_socket_that_is_taken_does_no_harm() -> None:
    assert len(facts(NO_MSA + "DAEMON_OPTIONS(`Name=A')\nDAEMON_OPTIONS(`Name=B, M=O')\n")) == 2


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", True),
        ("define(`confPRIVACY_FLAGS', `goaway')\n", False),
        ("define(`confPRIVACY_FLAGS', `authwarnings,novrfy,noexpn')\n", False),
        ("define(`confPRIVACY_FLAGS', `novrfy')\n", True),
        ("define(confPRIVACY_FLAGS, `goaway')\n", False),  # it defines authwarnings, the flag that is the default
        ("define(confPRIVACY_FLAGS, goaway)define(`confPRIVACY_FLAGS', `needmailhelo')\n", True),
        ("define(`confPRIVACY_FLAGS', dnl\n`goaway')\n", False),
        ("undefine(`confPRIVACY_FLAGS')\n", True),
    ],
)
def test_vrfy(body: str, expected: bool) -> None:
    assert first(body, "server").values["vrfy"] is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", True),
        ("define(`confSMTP_LOGIN_MSG', `$j ESMTP')\n", False),
        ("define(`confSMTP_LOGIN_MSG', `$j $Z')\n", True),
    ],
)
def test_the_greeting(body: str, expected: bool) -> None:
    assert first(body, "server").values["banner_version"] is expected


@pytest.mark.parametrize(
    ("version", "files", "expected"),
    [
        ("8.17", with_access(""), False),
        ("8.18", with_access(""), True),
        ("8.18", with_access("Srv_Features:\tO\n"), False),
        ("8.17", {MC: HEAD.replace("linux", "debian")}, None),
        ("", {MC: "VERSIONID(`$Id: sendmail.mc, v 8.17.1.9-2+deb12u2 2024-06-16')\n" + mc("")}, True),
        ("", {CF: TOP + RULE}, False),
    ],
)
def test_the_end_of_a_message(version: str, files: dict[str, str], expected: bool | None) -> None:
    assert first(files, "server", version).values.get("smuggling_protection") is expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")),
        ("+SSL_OP_NO_TLSv1 +SSL_OP_NO_TLSv1_1", ("TLSv1.2", "TLSv1.3")),
        ("SSL_OP_NO_TLSv1,-SSL_OP_NO_TLSv1 +SSL_OP_NO_TLSv1_3", ("TLSv1.0", "TLSv1.1", "TLSv1.2")),
    ],
)
def test_tls_versions(options: str, expected: tuple[str, ...]) -> None:
    body = TLS + (f"define(`confSERVER_SSL_OPTIONS', `{options}')\n" if options else "")
    assert first(body).values["tls_versions"] == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", ("*", 25, True, "opportunistic")),
        ("define(`SMART_HOST', `smtp.example.org')\n", ("smtp.example.org", 25, True, "opportunistic")),
        ("define(`SMART_HOST', `[smtp.example.org]')\n", ("smtp.example.org", 25, False, "opportunistic")),
        (
            "define(`SMART_HOST', `[smtp.example.org]')define(`RELAY_MAILER_ARGS', `TCP $h 587')\n",
            ("smtp.example.org", 587, False, "opportunistic"),
        ),
        (
            "define(`SMART_HOST', `esmtp:[192.0.2.1]')define(`ESMTP_MAILER_ARGS', `TCP $h 2525')\n",
            ("192.0.2.1", 2525, False, "opportunistic"),
        ),
        ("define(`SMART_HOST', `[IPv6:2001:db8::1]')\n", ("2001:db8::1", 25, False, "opportunistic")),
        ("FEATURE(`nullclient', `hub.example.org')\n", ("hub.example.org", 25, True, "opportunistic")),
        ("CLIENT_OPTIONS(`Family=inet, M=S')\n", ("*", 25, True, "none")),
    ],
)
def test_where_mail_goes(body: str, expected: tuple[str, int, bool, str]) -> None:
    values = first(body, "connection").values
    assert (values["host"], values["port"], values["mx_lookup"], values["tls"]) == expected


@pytest.mark.parametrize("host", ["smtp.example.org:587", "[smtp.example.org]:587", "relay:[smtp.example.org]:587"])
def test_a_port_behind_the_smart_host_is_none(host: str) -> None:
    body = f"define(`SMART_HOST', `{host}')\n"
    values = first(body, "connection").values
    assert (values["host"], values["port"]) == ("smtp.example.org", 25)
    assert [under(body, lost.where) for lost in read(body).unread] == ["587"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("TLS_Srv:smtp.example.org\tENCR:112", ("required", "none")),
        ("TLS_Srv:example.org\tPERM+VERIFY:112", ("required", "ca-noname")),
        ("TLS_Srv:\tVERIFY:112+CN", ("required", "ca")),
        ("TLS_Srv:example.com\tVERIFY", ("opportunistic", "none")),
        ("Try_TLS:smtp.example.org\tNO", ("none", "none")),
    ],
)
def test_what_access_asks_of_servers(line: str, expected: tuple[str, str]) -> None:
    files = with_access(f"{line}\n", "define(`SMART_HOST', `[smtp.example.org]')\n")
    values = first(files, "connection").values
    assert (values["tls"], values["verify"]) == expected


def test_a_smart_host_with_a_login() -> None:
    files = {
        MC: mc("define(`SMART_HOST', `[smtp.example.org]')\nFEATURE(`authinfo', `hash -o /etc/mail/authinfo.db')\n"),
        "etc/mail/authinfo": 'AuthInfo:smtp.example.org "U:me" "P:Quince-41" "M:PLAIN"\n',
    }
    values = first(files, "connection").values
    assert (values["authenticates"], values["mechanisms"], values["cleartext_credentials"]) == (True, ("PLAIN",), True)
    assert blamed(files, first(files, "secret"), "storage") == "Quince-41"


def test_the_login_of_a_smart_host_is_unknown_without_its_table() -> None:
    body = "define(`SMART_HOST', `[smtp.example.org]')\nFEATURE(`authinfo')\n"
    assert "authenticates" not in first(body, "connection").values


def test_the_first_of_two_entries_counts() -> None:
    files = with_access(
        "TLS_Srv:smtp.example.net\tVERIFY\nTLS_Srv:smtp.example.net\tENCR:1\n",
        "define(`SMART_HOST', `smtp.example.net')\n",
    )
    assert first(files, "connection").values["verify"] == "ca-noname"


def test_the_second_of_two_entries_is_said() -> None:
    files = with_access("Connect:192.0.2\tOK\nConnect:192.0.2\tRELAY\n")
    assert first(files).values["relay"] == "none"
    assert [lost.where.line for lost in read(files).unread] == [2]


def test_port_465_cannot_be_sent_to() -> None:
    body = "define(`SMART_HOST', `[smtp.example.org]')define(`RELAY_MAILER_ARGS', `TCP $h 465')\n"
    fact = first(body, "connection")
    assert blamed(body, fact, "broken") == "465"


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ("", ("localhost", 25)),
        (", `[192.0.2.1]', `MSA'", ("192.0.2.1", 587)),
        (", `[127.0.0.1]', `25'", ("127.0.0.1", 25)),
    ],
)
def test_the_submission_program(args: str, expected: tuple[str, int]) -> None:
    found = read({SUBMIT: f"{HEAD}FEATURE(`msp'{args})\n"})
    assert [(f.kind, f.values["host"], f.values["port"]) for f in found.facts] == [("connection", *expected)]


def test_the_submission_program_goes_to_the_port_of_its_mailer() -> None:
    files = {SUBMIT: f"{HEAD}define(`RELAY_MAILER_ARGS', `TCP $h 2525')\nFEATURE(`msp')\n"}
    fact = first(files, "connection")
    assert (fact.values["port"], blamed(files, fact, "port")) == (2525, "2525")


@pytest.mark.parametrize(
    ("text", "relay"),
    [
        (TOP + RULE, "none"),
        (TOP + "SBasic_check_rcpt\n", "open"),
        (TOP, "open"),
        (TOP + RULE + "SRelay_ok\nR<?> $+ < @ $=w >\t$@ RELAY\n", "open"),
        (TOP + RULE + "CR10.1\n", "networks"),
        (FROM.format("D"), "open"),
        (FROM.format("E"), "open"),
        (FROM.format("F"), "none"),
        (TOP + RULE + "O AuthMechanisms=PLAIN\nC{TrustAuthMech}PLAIN\n", "authenticated"),
    ],
)
def test_relaying_by_a_cf(text: str, relay: str) -> None:
    assert first({CF: text, ACCESS: "From:example.org\tRELAY\n"}).values["relay"] == relay


def test_options_of_a_cf() -> None:
    text = (
        TOP
        + RULE
        + "O daemonportoptions=Port=587,\n Name=MSA, M=Ea\nO AuthOptions=A\nO AuthOptions=p\n#O AuthOptions=\n"
    )
    text += "".join(f"O {name}=/etc/a\n" for name in ("ServerCertFile", "ServerKeyFile", "CACertFile", "CACertPath"))
    values = first({CF: text + "O AuthMechanisms=PLAIN\n"}).values
    assert (values["port"], values["service"], values["tls"], values["auth"]) == (587, "MSA", "required", "tls-only")


def test_a_smart_host_of_a_cf() -> None:
    text = TOP + RULE + "DSrelay:[192.0.2.9]\nMrelay,\t\tP=[IPC], F=mDFMuXa8,\n\t\tA=TCP $h 587\n"
    values = first({CF: text}, "connection").values
    assert (values["host"], values["port"]) == ("192.0.2.9", 587)


def test_a_template_spoils_only_what_it_fills_in() -> None:
    body = TLS + "define(`SMART_HOST', `{{ relay }}')define(`confAUTH_OPTIONS', `{{ x }}')\n"
    assert first(body).values["tls"] == "optional"
    assert "auth" not in first(body).values
    assert "host" not in first(body, "connection").values


def test_what_a_command_says_is_unknown() -> None:
    fact = first("define(`SMART_HOST', esyscmd(`cat /etc/relay'))\n", "connection")
    assert fact.values["account"] == "SMART_HOST"
    assert "host" not in fact.values


@pytest.mark.parametrize(
    ("rules", "body", "expected"),
    [
        ("", "", "asked"),
        ("", "define(`confTLS_SRV_OPTIONS', `V')\n", "none"),
        ("Srv_Features:\tV\n", "", "none"),
        ("TLS_Clt:\tPERM+VERIFY\n", "", "required"),
        ("TLS_Clt:\tENCR:112\n", "", "asked"),
    ],
)
def test_certificates_of_clients(rules: str, body: str, expected: str) -> None:
    assert first(with_access(rules, TLS + body)).values["client_certificate"] == expected


def test_what_an_include_sets_counts() -> None:
    files = {MC: mc("include(`/etc/mail/tls.m4')dnl\n"), "etc/mail/tls.m4": TLS}
    assert first(files).values["tls"] == "optional"
    assert "etc/mail/tls.m4" in read(files).files


def test_an_include_of_itself_ends() -> None:
    assert read("include(`/etc/mail/sendmail.mc')\n").unread


def test_what_is_blamed() -> None:
    files = TLS + AUTH + "define(`confPRIVACY_FLAGS', `authwarnings')\n"
    assert blamed(files, first(files), "auth") == "LOGIN PLAIN"
    assert blamed(files, first(files), "certificate") == "/etc/ssl/a.pem"
    assert blamed(files, first(files, "server"), "vrfy") == "authwarnings"


def test_defaults_are_shown_at_the_first_macro() -> None:
    text = "divert(-1)\n# a licence\ndivert(0)dnl\nVERSIONID(`x')\n" + mc("")
    where = first({MC: text}, "server").origins["vrfy"][0].where
    assert where is not None
    assert where.line == 4


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("etc/mail/sendmail.mc", "sendmail"),
        ("files/sendmail.mc.j2", "sendmail"),
        ("etc/mail/submit.cf", "sendmail"),
        ("etc/mail/freebsd.mc", "sendmail"),
        ("etc/mail/access", "sendmail"),
        ("etc/mail/main.cf", "postfix"),
        ("src/messages.mc", None),
        ("etc/security/access", None),
    ],
)
def test_file_names(path: str, expected: str | None) -> None:
    assert format_of(path) == expected


def test_the_mc_is_read_in_place_of_the_cf_made_of_it() -> None:
    assert sendmail.groups([CF, ACCESS, MC, SUBMIT]) == [(MC, CF), (SUBMIT,), (ACCESS,)]
    found = sendmail.read(Memory({MC: mc(""), CF: TOP}), (MC, CF), None)
    assert {fact.values["instance"] for fact in found.facts} == {MC}
    assert found.files == (MC, CF)


def test_a_file_of_another_program_is_passed_over() -> None:
    found = sendmail.read(Memory({"mail/messages.mc": "MessageId=1\n"}), ("mail/messages.mc",), None)
    assert (found.facts, found.unread, found.notes) == ((), (), ())


def test_a_file_of_this_name_that_is_no_configuration_is_said() -> None:
    (lost,) = read({MC: "hello\n"}).unread
    assert lost.fatal
