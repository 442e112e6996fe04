"""Autodiscover: sections of a response and what Outlook makes of them."""

from __future__ import annotations

import pytest

from mailpolicy.readers import autodiscover, format_of
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed

FILE = MainFile(autodiscover, "autodiscover.xml")
NS = "http://schemas.microsoft.com/exchange/autodiscover"


def response(*sections: str, action: str = "settings") -> str:
    protocols = "".join(f"<Protocol>\n{section}\n</Protocol>\n" for section in sections)
    return (
        f'<?xml version="1.0"?>\n<Autodiscover xmlns="{NS}/responseschema/2006">\n'
        f'<Response xmlns="{NS}/outlook/responseschema/2006a"><Account><AccountType>email</AccountType>'
        f"<Action>{action}</Action>\n{protocols}</Account></Response></Autodiscover>\n"
    )


def section(kind: str, lines: str = "") -> str:
    return f"<Type>{kind}</Type>\n<Server>mail.example.org</Server>\n{lines}"


def only(kind: str, lines: str) -> Fact:
    return FILE.only(response(section(kind, lines)), "connection")


@pytest.mark.parametrize(
    ("kind", "lines", "expected"),
    [
        ("IMAP", "", {"tls": "implicit", "port": 993, "port_stated": False, "verify": "ca", "protocol": "imap"}),
        ("IMAP", "<Port>993</Port><SSL>on</SSL>", {"tls": "implicit", "port": 993, "port_stated": True}),
        ("IMAP", "<SSL>off</SSL>", {"tls": "none", "port": 143}),
        ("IMAP", "<Port>993</Port><SSL>off</SSL>", {"tls": "none", "port": 993}),
        ("IMAP", "<SSL>off</SSL><Encryption>SSL</Encryption>", {"tls": "implicit", "port": 993}),
        ("IMAP", "<SSL>on</SSL><Encryption>None</Encryption>", {"tls": "none", "port": 143}),
        ("IMAP", "<Port>143</Port><Encryption>TLS</Encryption>", {"tls": "required", "verify": "ca"}),
        (
            "IMAP",
            "<Encryption>Auto</Encryption><SPA>off</SPA>",
            {"tls": "opportunistic", "cleartext_credentials": True},
        ),
        ("IMAP", "<Encryption>Auto</Encryption>", {"cleartext_credentials": False}),
        ("IMAP", "<Port>143</Port><SSL>on</SSL>", {"tls": None, "cleartext_credentials": False, "verify": "ca"}),
        ("IMAP", "<SSL/>", {"tls": "implicit"}),
        ("POP3", "", {"port": 995, "protocol": "pop3", "deletes_on_server": None, "role": "access"}),
        ("pop3", "<SSL>off</SSL>", {"port": 110}),
        ("SMTP", "<SSL>off</SSL>", {"port": 25, "role": "submission", "tls": "none"}),
        ("SMTP", "", {"port": 465}),
        ("IMAP", "", {"mechanisms": ("NTLM",), "authenticates": True, "credential": "prompt"}),
        ("IMAP", "<SPA>on</SPA><SSL>off</SSL>", {"mechanisms": ("NTLM",), "cleartext_credentials": False}),
        ("IMAP", "<SPA>off</SPA><SSL>off</SSL>", {"mechanisms": ("PLAIN", "LOGIN"), "cleartext_credentials": True}),
        ("SMTP", "<AuthRequired>off</AuthRequired>", {"authenticates": False, "credential": "none"}),
        ("IMAP", "<LoginName>alice@example.org</LoginName>", {"mailbox": "alice@example.org"}),
    ],
)
def test_a_section(kind: str, lines: str, expected: dict[str, object]) -> None:
    fact = only(kind, lines)
    assert {name: fact.values.get(name) for name in expected} == expected
    assert fact.values["broken"] is None


@pytest.mark.parametrize("kind", ["EXCH", "EXPR", "WEB", "NNTP", "DAV"])
def test_other_protocols_are_passed_over(kind: str) -> None:
    inventory = FILE.read(response(section(kind), section("IMAP")))
    assert (len(inventory.facts), inventory.unread) == (1, ())


@pytest.mark.parametrize("kind", ["POP", "IMAPS", ""])
def test_a_type_that_outlook_does_not_know_is_unread(kind: str) -> None:
    inventory = FILE.read(response(section(kind)))
    assert (inventory.facts, len(inventory.unread)) == ((), 1)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("<AuthRequired>yes</AuthRequired>", "authenticates"),
        ("<SPA>true</SPA>", "mechanisms"),
        ("<SSL>yes</SSL>", "tls"),
        ("<Encryption>STARTTLS</Encryption>", "tls"),
    ],
)
def test_a_word_that_no_document_has_is_unread(line: str, field: str) -> None:
    inventory = FILE.read(response(section("IMAP", line)))
    (unread,) = inventory.unread
    assert not unread.fatal and unread.why.startswith("is none of")
    assert field not in inventory.facts[0].values and field in inventory.facts[0].origins


@pytest.mark.parametrize(("line", "method"), [("<SPA>Off</SPA>", "password"), ("<SPA>ON</SPA>", "SPA"), ("", "SPA")])
def test_the_method_in_the_words_of_the_format(line: str, method: str) -> None:
    assert only("IMAP", line).values["authentication"] == method


def test_a_section_without_server_is_broken() -> None:
    assert FILE.only(response("<Type>IMAP</Type>"), "connection").values["broken"]


@pytest.mark.parametrize(
    ("lines", "unknown"),
    [
        ("<SSL>{{ ssl }}</SSL>", {"tls", "verify", "port"}),
        ("<Encryption>{{ enc }}</Encryption><SPA>off</SPA>", {"tls", "cleartext_credentials"}),
        ("<Port>{{ port }}</Port><SSL>on</SSL>", {"port", "tls"}),
        ("<SPA>%SPA%</SPA>", {"mechanisms"}),
    ],
)
def test_what_a_template_decides_is_unknown(lines: str, unknown: set[str]) -> None:
    fact = only("IMAP", lines)
    assert not unknown & set(fact.values)
    assert unknown <= set(fact.origins)


def test_a_host_of_a_template_is_unknown() -> None:
    text = response("{% if x %}\n<Type>IMAP</Type>\n<Server>imap.{{ d }}</Server>\n{% endif %}")
    assert "host" not in FILE.only(text, "connection").values


@pytest.mark.parametrize(
    ("lines", "field", "text"),
    [
        ("<SSL>off</SSL>", "tls", "off"),
        ("<Encryption>None</Encryption>", "tls", "None"),
        ("<Port>143</Port>", "port", "143"),
        ("", "host", "mail.example.org"),
        ("", "mechanisms", "IMAP"),
        ("<SPA>on</SPA>", "mechanisms", "on"),
    ],
)
def test_positions_lie_on_the_value(lines: str, field: str, text: str) -> None:
    whole = response(section("IMAP", lines))
    assert blamed(whole, FILE.only(whole, "connection"), field) == text


def test_the_order_of_sections_is_their_preference() -> None:
    text = response(
        section("POP3"),
        section("IMAP", "<SSL>off</SSL>"),
        section("IMAP"),
        section("SMTP", "<SSL>off</SSL>"),
        section("SMTP"),
    )
    facts = FILE.facts(text, "connection")
    assert [fact.values["account"] for fact in facts] == ["pop3 1", "imap 1", "imap 2", "smtp 1", "smtp 2"]
    assert [fact.values["listed_before_safer"] for fact in facts] == [False, True, False, True, False]
    assert facts[0].values["listed_before_imap"] is True


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (response(action="redirectUrl"), "elsewhere"),
        (response(section("EXCH")), "names no server"),
        ("<Other/>", "is no response"),
        (
            f'<Autodiscover xmlns="{NS}/responseschema/2006"><Response><Error/></Response></Autodiscover>',
            "names no server",
        ),
    ],
)
def test_a_file_without_servers_is_noted(text: str, words: str) -> None:
    inventory = FILE.read(text)
    assert (inventory.facts, inventory.unread) == ((), ())
    assert words in inventory.notes[0]


@pytest.mark.parametrize("text", ["", "<Autodiscover>", "<?php echo 1;"])
def test_what_is_no_xml_is_refused(text: str) -> None:
    assert [unread.fatal for unread in FILE.read(text).unread] == [True]


def test_names() -> None:
    assert format_of("autodiscover/Autodiscover.xml.j2") == "autodiscover"
    assert format_of("autodiscover.conf") is None
    assert autodiscover.sniff(response(section("IMAP")))
    assert not autodiscover.sniff("<clientConfig/>")
