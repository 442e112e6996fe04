"""The Apache James reader: files in, facts out, after the sources of James 3.8.2, 3.9.0 and the branch after it."""

from __future__ import annotations

import time

import pytest

from mailpolicy.readers import format_of, james
from mailpolicy.types import Inventory
from tests.readers.reading import MainFile, blamed, read_group, under

STARTTLS = '<tls socketTLS="false" startTLS="true"><keystore>file://conf/keystore</keystore></tls>'
IMPLICIT = '<tls socketTLS="true" startTLS="false"><keystore>file://conf/keystore</keystore></tls>'
NAME = "conf/smtpserver.xml"
JAMES = MainFile(james, NAME)
facts, only = JAMES.facts, JAMES.only


def server(protocol: str, inner: str, attributes: str = "") -> str:
    return f"<{protocol}servers>\n<{protocol}server{attributes}>\n{inner}\n</{protocol}server>\n</{protocol}servers>\n"


def read(text: str, name: str = NAME, version: str = "") -> Inventory:
    return read_group(james, {name: text}, [name], version)


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("", [("0.0.0.0", 25, "mx")]),
        ("<bind>0.0.0.0:587</bind>", [("0.0.0.0", 587, "submission")]),
        ("<bind>127.0.0.1:2525, 192.0.2.1:465</bind>", [("127.0.0.1", 2525, "mx"), ("192.0.2.1", 465, "submission")]),
        ("<bind>mail.example.org:25</bind>", [(None, 25, "mx")]),
        ("<bind>localhost:25</bind>", [("127.0.0.1", 25, "mx")]),
        ("<bind>${env:IP}:25</bind>", [(None, 25, "mx")]),
        ("<bind>0.0.0.0:${env:PORT}</bind>", [(None, None, None)]),
        ("<bind>0.0.0.0</bind>", []),
        ("<bind>[::]:25</bind>", []),
        ("<bind>0.0.0.0:2587</bind><auth><required>true</required></auth>", [("0.0.0.0", 2587, "submission")]),
    ],
)
def test_addresses(inner: str, expected: list[tuple[str | None, int | None, str | None]]) -> None:
    found = facts(server("smtp", inner))
    assert [tuple(f.values.get(field) for field in ("address", "port", "role")) for f in found] == expected


@pytest.mark.parametrize(("protocol", "port"), [("lmtp", 24), ("imap", 143), ("pop3", 110), ("managesieve", 4190)])
def test_standard_ports(protocol: str, port: int) -> None:
    values = only(server(protocol, "")).values
    assert (values["protocol"], values["port"]) == (protocol, port)


def test_a_server_that_is_off_says_nothing() -> None:
    text = server("smtp", "<tls><secret>hunter7</secret></tls>", ' enabled="false"')
    assert [fact.kind for fact in read(text).facts] == ["secret"]
    assert "broken" not in only(server("smtp", "", ' enabled="${env:SMTP}"')).values


def test_one_server_as_the_root() -> None:
    assert only('<smtpserver enabled="true"><bind>0.0.0.0:25</bind></smtpserver>').values["port"] == 25


def auth(inner: str) -> str:
    return f"<auth>{inner}</auth>"


TOKENS = "<plainAuthEnabled>false</plainAuthEnabled><oidc><scope>x</scope></oidc>"


@pytest.mark.parametrize(
    ("protocol", "inner", "version", "tls", "login"),
    [
        ("smtp", "", "3.9", "none", "cleartext"),
        ("smtp", STARTTLS, "3.9", "optional", "cleartext"),
        ("smtp", STARTTLS + auth("<requireSSL>true</requireSSL>"), "3.9", "optional", "cleartext"),
        ("smtp", STARTTLS + auth("<requireSSL>true</requireSSL>"), "3.10", "optional", "cleartext"),
        (
            "smtp",
            STARTTLS + auth("<requireSSL>true</requireSSL><required>true</required>"),
            "",
            "optional",
            "cleartext",
        ),
        ("smtp", STARTTLS + auth("<requireSSL>true</requireSSL>" + TOKENS), "3.9", "optional", "tls-only"),
        (
            "smtp",
            STARTTLS + auth("<requireSSL>true</requireSSL><required>true</required>" + TOKENS),
            "",
            "required",
            "tls-only",
        ),
        ("smtp", STARTTLS + auth(TOKENS), "", "optional", None),
        ("smtp", STARTTLS + auth("<required>true</required>"), "", "optional", "cleartext"),
        ("smtp", STARTTLS + auth("<plainAuthEnabled>false</plainAuthEnabled>"), "", "optional", "none"),
        ("smtp", STARTTLS + auth("<plainAuthEnabled>${p}</plainAuthEnabled>"), "", "optional", None),
        ("smtp", IMPLICIT, "", "implicit", "tls-only"),
        ("imap", "", "", "none", "none"),
        ("imap", STARTTLS, "", "required", "tls-only"),
        ("imap", STARTTLS + "<plainAuthDisallowed>false</plainAuthDisallowed>", "", "optional", "cleartext"),
        ("imap", "<plainAuthDisallowed>false</plainAuthDisallowed>", "", "none", "cleartext"),
        ("imap", STARTTLS + auth("<requireSSL>false</requireSSL>"), "", "optional", "cleartext"),
        (
            "imap",
            STARTTLS + "<plainAuthDisallowed>false</plainAuthDisallowed>" + auth("<requireSSL>true</requireSSL>"),
            "",
            "required",
            "tls-only",
        ),
        ("imap", STARTTLS + auth("<requireSSL>{{ x }}</requireSSL>"), "", None, None),
        ("imap", IMPLICIT + "<plainAuthDisallowed>false</plainAuthDisallowed>", "", "implicit", "tls-only"),
        ("pop3", STARTTLS, "3.9", "optional", "cleartext"),
        ("pop3", STARTTLS, "3.10", "required", "tls-only"),
        ("pop3", STARTTLS + auth("<requireSSL>false</requireSSL>"), "3.10", "optional", "cleartext"),
        ("managesieve", STARTTLS, "", "optional", "cleartext"),
        ("managesieve", STARTTLS + auth("<requireSSL>true</requireSSL>"), "3.9", "optional", "cleartext"),
        ("managesieve", STARTTLS + auth("<requireSSL>true</requireSSL>"), "3.10", "required", "tls-only"),
        ("managesieve", STARTTLS, "3.10", "optional", "cleartext"),
        ("managesieve", IMPLICIT, "", "implicit", "tls-only"),
        ("lmtp", "", "", "none", "none"),
        ("imap", '<tls socketTLS="${env:TLS}"/>', "", None, None),
    ],
)
def test_tls_and_logins(protocol: str, inner: str, version: str, tls: str | None, login: str | None) -> None:
    values = only(server(protocol, inner), version=version).values
    assert (values.get("tls"), values.get("auth")) == (tls, login)


def test_positions_of_a_login_in_clear() -> None:
    text = server("smtp", STARTTLS + "\n" + auth("\n<requireSSL>true</requireSSL>\n"))
    fact = only(text)
    assert blamed(text, fact, "auth") == "true"
    assert fact.origins["auth"][-1].note.startswith("James takes AUTH PLAIN")
    assert blamed(text, fact, "tls") == "true"


def test_handlers_without_logins() -> None:
    chain = '<handlerchain coreHandlersPackage="org.apache.james.smtpserver.NoAuthCmdHandlerLoader"/>'
    values = only(server("smtp", STARTTLS + chain)).values
    assert (values["auth"], values["mechanisms"], values["relay"]) == ("none", (), "none")
    other = only(server("smtp", STARTTLS + '<handlerchain coreHandlersPackage="org.example.Mine"/>')).values
    assert not {"auth", "relay"} & other.keys()


def test_bearer_tokens() -> None:
    assert only(server("imap", IMPLICIT + auth("<oidc><scope>x</scope></oidc>"))).values["mechanisms"] == (
        "PLAIN",
        "OAUTHBEARER",
        "XOAUTH2",
    )


@pytest.mark.parametrize(
    ("tls", "broken"),
    [
        ('<tls socketTLS="true" startTLS="true"><keystore>k</keystore></tls>', True),
        ('<tls socketTLS="true"/>', True),
        ('<tls startTLS="true"><privateKey>k</privateKey></tls>', True),
        ('<tls startTLS="true"><privateKey>k</privateKey><certificates>c</certificates></tls>', False),
        (STARTTLS, False),
        ('<tls socketTLS="false" startTLS="false"/>', False),
    ],
)
def test_what_james_refuses_of_tls(tls: str, broken: bool) -> None:
    assert (only(server("imap", tls)).values["broken"] is not None) is broken


@pytest.mark.parametrize(
    ("protocols", "lowest"),
    [
        ("", None),
        ("<protocol>TLSv1.2</protocol><protocol>TLSv1.3</protocol>", "TLSv1.2"),
        ("<protocol>TLSv1.2</protocol>\n<protocol>TLSv1</protocol>", "TLSv1.0"),
        ("<protocol>${tls}</protocol>", None),
    ],
)
def test_tls_versions(protocols: str, lowest: str | None) -> None:
    tls = IMPLICIT.replace("</tls>", f"<supportedProtocols>{protocols}</supportedProtocols></tls>")
    text = server("imap", tls)
    assert only(text).values.get("tls_min") == lowest
    if lowest == "TLSv1.0":
        assert blamed(text, only(text), "tls_min") == "TLSv1"


def test_certificates() -> None:
    values = only(server("imap", IMPLICIT.replace("</tls>", "<clientAuth/></tls>"))).values
    assert (values["certificate"], values["client_certificate"]) == ("conf/keystore", "required")


@pytest.mark.parametrize(
    ("inner", "relay", "scope"),
    [
        ("", "authenticated", None),
        ("<authorizedAddresses>127.0.0.0/8</authorizedAddresses>", "authenticated", "loopback"),
        ("<authorizedAddresses>127.0.0.1, 10.0.0.0/8</authorizedAddresses>", "networks", "wide"),
        ("<authorizedAddresses>0.0.0.0/0</authorizedAddresses>", "open", "world"),
        ("<authorizedAddresses>0.0.0.0/0.0.0.0</authorizedAddresses>", "open", "world"),
        ("<authorizedAddresses>${env:NETS}</authorizedAddresses>", None, None),
        (auth("<plainAuthEnabled>false</plainAuthEnabled>"), "none", None),
    ],
)
def test_relay(inner: str, relay: str | None, scope: str | None) -> None:
    values = only(server("smtp", inner)).values
    assert (values.get("relay"), values.get("trusted_scope")) == (relay, scope)


@pytest.mark.parametrize(
    ("inner", "version", "bound"),
    [
        ("", "3.9", True),
        ("", "3.8", False),
        ("<verifyIdentity>false</verifyIdentity>", "3.9", False),
        ("<verifyIdentity>relaxed</verifyIdentity>", "3.9", True),
        ("<verifyIdentity>{{ x }}</verifyIdentity>", "3.9", None),
    ],
)
def test_senders(inner: str, version: str, bound: bool | None) -> None:
    assert only(server("smtp", inner), version=version).values.get("sender_bound") == bound


@pytest.mark.parametrize(
    ("secret", "found", "default"),
    [("hunter7", True, False), ("james72laBalle", True, True), ("${env:SECRET}", False, False), ("", False, False)],
)
def test_passwords_of_key_stores(secret: str, found: bool, default: bool) -> None:
    text = server("imap", IMPLICIT.replace("</tls>", f"<secret>{secret}</secret></tls>"))
    made = facts(text, "secret")
    expected = [(secret, default)] if found else []
    assert [(blamed(text, fact, "storage"), fact.values["default"]) for fact in made] == expected


def mailets(inner: str) -> str:
    return (
        '<mailetcontainer><processors><processor state="relay">\n<mailet match="All" class="RemoteDelivery">\n'
        f"{inner}\n</mailet></processor></processors></mailetcontainer>\n"
    )


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("", ("*", 25, "none", "none")),
        ("<startTLS>true</startTLS>", ("*", 25, "opportunistic", "ca")),
        ("<gateway>smtp.example.org</gateway>", ("smtp.example.org", 25, "none", "none")),
        (
            "<gateway>smtp.example.org</gateway><gatewayPort>587</gatewayPort>",
            ("smtp.example.org", 587, "none", "none"),
        ),
        (
            "<gateway>smtp.example.org:465</gateway><sslEnable>true</sslEnable>",
            ("smtp.example.org", 465, "implicit", "ca"),
        ),
        (
            "<gateway>a</gateway><startTLS>true</startTLS><verifyServerIdentity>false</verifyServerIdentity>",
            ("a", 25, "opportunistic", "ca-noname"),
        ),
        (
            "<gateway>a</gateway><startTLS>true</startTLS><sslTrustAllCerts>true</sslTrustAllCerts>",
            ("a", 25, "opportunistic", "none"),
        ),
        (
            "<gateway>a</gateway><startTLS>true</startTLS><mail.smtp.starttls.required>true</mail.smtp.starttls.required>",
            ("a", 25, "required", "ca"),
        ),
        ("<gateway>${env:RELAY}</gateway>", (None, None, "none", "none")),
        ("<gateway>a</gateway><startTLS>{{ x }}</startTLS>", ("a", 25, None, "ca")),
    ],
)
def test_remote_delivery(inner: str, expected: tuple[object, ...]) -> None:
    values = only(mailets(inner), "connection").values
    assert tuple(values.get(field) for field in ("host", "port", "tls", "verify")) == expected


def test_several_gateways_and_a_login() -> None:
    text = mailets(
        "<gateway>a.example.org, b.example.org:26</gateway>\n<gatewayUsername>u</gatewayUsername>\n"
        "<gatewayPassword>hunter7</gatewayPassword>\n<startTLS>true</startTLS>"
    )
    found = facts(text, "connection")
    assert [(f.values["host"], f.values["port"], f.values["cleartext_credentials"]) for f in found] == [
        ("a.example.org", 25, True),
        ("b.example.org", 26, True),
    ]
    assert blamed(text, found[1], "host") == "b.example.org:26"
    assert blamed(text, only(text, "secret"), "storage") == "hunter7"


def test_other_mailets_connect_to_nothing() -> None:
    assert read(mailets("").replace("RemoteDelivery", "LocalDelivery")).facts == ()


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><smtpservers>&b;</smtpservers>'


@pytest.mark.parametrize(
    "text", ["", "<smtpservers>", "<smtpservers><smtpserver></smtpservers>", BOMB, "no xml", "<project/>", "<" * 5000]
)
def test_what_is_not_james_s_xml(text: str) -> None:
    assert [unread.fatal for unread in read(text).unread] == [True]


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        (auth("<announce>sometimes</announce>"), "sometimes"),
        ("<verifyIdentity>maybe</verifyIdentity>", "maybe"),
        ("<bind>0.0.0.0:x</bind>", "0.0.0.0:x"),
    ],
)
def test_values_that_james_stops_at(inner: str, text: str) -> None:
    whole = server("smtp", inner)
    (unread,) = read(whole).unread
    assert under(whole, unread.where) == text


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("conf/smtpserver.xml", True),
        ("james/imapserver-template.xml", True),
        ("managesieveserver.xml.j2", True),
        ("mailetcontainer.xml", True),
        ("conf/server.xml", False),
        ("conf/jmxserver.xml", False),
        ("conf/domainlist.xml", False),
    ],
)
def test_names(path: str, ours: bool) -> None:
    assert (format_of(path) == "james") is ours


def test_large_files_take_linear_time() -> None:
    begun = time.perf_counter()
    read(f"<smtpservers>{'<smtpserver><bind>0.0.0.0:25</bind></smtpserver>' * 2_000}</smtpservers>")
    read(server("smtp", f"<bind>{'0.0.0.0:25,' * 10_000}</bind>"))
    read("<a>" * 10_000 + "</a>" * 10_000)
    assert time.perf_counter() - begun < 20
