"""Autoconfig: what a clientConfig offers, in which order, and where it says so."""

from __future__ import annotations

import pytest

from mailpolicy.readers import autoconfig
from tests.readers.reading import MainFile, blamed


def server(
    kind: str = "imap", socket: str = "SSL", port: str = "993", auth: str = "password-cleartext", more: str = ""
) -> str:
    name = "outgoingServer" if kind == "smtp" else "incomingServer"
    return f"""    <{name} type="{kind}">
      <hostname>{kind}.example.test</hostname>
      <port>{port}</port>
      <socketType>{socket}</socketType>
      <username>%EMAILADDRESS%</username>
      <authentication>{auth}</authentication>{more}
    </{name}>
"""


def config(*servers: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>\n') -> str:
    inner = "".join(servers)
    return f"""{head}<clientConfig version="1.1">
  <emailProvider id="example.test">
    <domain>example.test</domain>
{inner}  </emailProvider>
</clientConfig>
"""


read = MainFile(autoconfig, "config-v1.1.xml").read


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, {"protocol": "imap", "role": "access", "host": "imap.example.test", "port": 993, "tls": "implicit"}),
        ({}, {"verify": "ca", "authenticates": True, "cleartext_credentials": False, "account": "imap 1"}),
        ({"socket": "STARTTLS", "port": "143"}, {"tls": "required", "cleartext_credentials": False}),
        ({"socket": "plain", "port": "143"}, {"tls": "none", "verify": "none", "cleartext_credentials": True}),
        ({"socket": "plain", "auth": "password-encrypted"}, {"cleartext_credentials": False}),
        ({"socket": "plain", "auth": "OAuth2"}, {"cleartext_credentials": True}),
        ({"auth": "plain"}, {"authentication": "plain", "mechanisms": ("PLAIN", "LOGIN")}),
        ({"auth": "password-encrypted"}, {"mechanisms": ("CRAM-MD5",)}),
        ({"auth": "OAuth2"}, {"mechanisms": ("XOAUTH2",)}),
        ({"auth": "NTLM"}, {"authentication": "NTLM", "mechanisms": ("NTLM",)}),
        ({"auth": "OAuth2</authentication><authentication>password-cleartext"}, {"authentication": "OAuth2"}),
        ({"auth": "novelty</authentication><authentication>GSSAPI"}, {"authentication": "GSSAPI"}),
        ({"kind": "smtp", "auth": "client-IP-address"}, {"authenticates": False, "credential": "none"}),
        ({"kind": "smtp", "port": "587"}, {"protocol": "smtp", "role": "submission", "port": 587}),
        ({"socket": "novelty</socketType><socketType>SSL"}, {"tls": "implicit", "broken": None}),
        ({"kind": "pop3"}, {"deletes_on_server": None, "listed_before_imap": False}),
        (
            {"kind": "pop3", "more": "<pop3><leaveMessagesOnServer>false</leaveMessagesOnServer></pop3>"},
            {"deletes_on_server": True},
        ),
        (
            {
                "kind": "pop3",
                "more": "<pop3><leaveMessagesOnServer>true</leaveMessagesOnServer>"
                "<daysToLeaveMessagesOnServer>14</daysToLeaveMessagesOnServer></pop3>",
            },
            {"deletes_on_server": False, "keeps_days": 14},
        ),
    ],
)
def test_a_section_is_a_connection(arguments: dict[str, str], expected: dict[str, object]) -> None:
    inventory = read(config(server(**arguments)))
    (fact,) = inventory.facts
    assert {name: fact.values.get(name) for name in expected} == expected
    assert not inventory.unread


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"socket": "TLS"}, "the socketType is none of"),
        ({"socket": "ssl"}, "the socketType is none of"),
        ({"socket": ""}, "has no socketType"),
        ({"port": "0"}, "the port is no number"),
        ({"port": "imaps"}, "the port is no number"),
        ({"port": ""}, "has no port"),
        ({"auth": ""}, "has no authentication"),
        ({"auth": "magic"}, "no authentication that clients know"),
    ],
)
def test_a_section_that_clients_leave_out_is_unread_and_broken(arguments: dict[str, str], why: str) -> None:
    inventory = read(config(server(**arguments)))
    assert [why in u.why for u in inventory.unread] == [True]
    assert why in str(inventory.facts[0].values["broken"])


@pytest.mark.parametrize(
    ("servers", "safer", "imap"),
    [
        ([server(socket="STARTTLS"), server()], [True, False], [None, None]),
        ([server(), server(socket="STARTTLS")], [False, False], [None, None]),
        ([server("pop3"), server()], [False, False], [True, None]),
        ([server(), server("pop3")], [False, False], [None, False]),
        ([server("pop3", "plain"), server(), server("smtp", "STARTTLS")], [True, False, False], [True, None, None]),
        ([server(socket="{{ s }}"), server(socket="plain")], [None, False], [None, None]),
        ([server(), server(socket="STARTTLS"), server("pop3")], [False, False, False], [None, None, False]),
    ],
)
def test_the_order_of_sections(servers: list[str], safer: list[bool], imap: list[bool]) -> None:
    facts = read(config(*servers)).facts
    assert [fact.values.get("listed_before_safer") for fact in facts] == safer
    assert [fact.values.get("listed_before_imap") for fact in facts] == imap


@pytest.mark.parametrize(
    "head",
    [
        "",
        '<?xml version="1.0"?>\n',
        "<!-- für äöü 日本語 -->\n",
        "<?php echo 'ä' ?>\n<?xml version='1.0'?>\n",
    ],
)
@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("tls", "STARTTLS"),
        ("listed_before_safer", "STARTTLS"),
        ("listed_before_imap", "pop3"),
        ("port", "110"),
        ("host", "pop3.example.test"),
        ("authentication", "password-cleartext"),
        ("deletes_on_server", "false"),
        ("protocol", "pop3"),
    ],
)
def test_positions_lie_on_the_text(head: str, field: str, text: str) -> None:
    pop3 = server(
        "pop3",
        "<!-- ü -->\n  STARTTLS ",
        "110",
        more="<pop3><leaveMessagesOnServer>false</leaveMessagesOnServer></pop3>",
    )
    whole = config("<!-- ä -->", pop3, server(), head=head)
    assert blamed(whole, read(whole).facts[0], field) == text


def test_character_data_in_cdata_and_references() -> None:
    text = config(server(socket="<![CDATA[SSL]]>", port="&#57;93"))
    (fact,) = read(text).facts
    assert (fact.values["tls"], fact.values["port"]) == ("implicit", 993)
    assert blamed(text, fact, "port") == "&#57;93"
    assert blamed(text, fact, "tls") == "SSL"


@pytest.mark.parametrize(
    ("old", "new", "unknown"),
    [
        ("imap.example.test", "{{ imap_host }}", {"host", "scope"}),
        ("imap.example.test", "mail.%EMAILDOMAIN%", {"host"}),
        ("imap.example.test", "<?php echo $host ?>", {"host"}),
        ("imap.example.test", "<%= host %>", {"host"}),
        ("imap.example.test", "PRIMARY_HOSTNAME", {"host"}),
        (">993<", ">__PORT__<", {"port"}),
        (">SSL<", ">${SOCKET}<", {"tls", "cleartext_credentials"}),
        (">SSL<", ">{% if tls < 2 && x %}SSL{% endif %}<", {"tls"}),
        ("password-cleartext", "{{ auth }}", {"authentication", "authenticates"}),
    ],
)
def test_what_a_template_decides_is_unknown_and_no_error(old: str, new: str, unknown: set[str]) -> None:
    inventory = read(config(server()).replace(old, new))
    (fact,) = inventory.facts
    assert not inventory.unread
    assert not unknown & set(fact.values)
    assert unknown <= set(fact.origins)
    assert fact.values["broken"] is None


def test_blocks_around_sections_are_passed_over() -> None:
    text = config("{% if a < b %}\n", server(), "{% endif %}\n")
    assert len(read(text).facts) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not well-formed XML"),
        ("hello", "is not well-formed XML"),
        ("<clientConfig><emailProvider></clientConfig>", "is not well-formed XML"),
        ("<html/>", "is no clientConfig"),
        ("<clientConfig/>", "is clientConfig without an emailProvider"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><clientConfig/>', "declares entities"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "/etc/passwd">]><a>&x;</a>', "declares entities"),
        ("<?php if ($a): ?><?xml version='1.0'?><a><?= '?>' ?></a><b>", "is a PHP program"),
    ],
)
def test_what_cannot_be_read_is_fatal(text: str, why: str) -> None:
    (unread,) = read(text).unread
    assert unread.fatal
    assert why in unread.why


def test_the_place_where_xml_breaks() -> None:
    (unread,) = read(config(server()).replace("</port>", "</prot>")).unread
    assert unread.where.line == 7


def test_entities_that_grow_without_bound_are_refused_at_their_declaration() -> None:
    levels = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 20))
    (unread,) = read(f'<!DOCTYPE x [<!ENTITY a0 "ha">{levels}]><clientConfig>&a19;</clientConfig>').unread
    assert "declares entities" in unread.why


def test_other_kinds_of_servers_are_noted() -> None:
    inventory = read(config(server("ews"), server()))
    assert len(inventory.facts) == 1
    assert "incomingServer of type ews names no mail socket" in inventory.notes[0]
    assert not inventory.unread


@pytest.mark.parametrize("kind", ["IMAP", "pop"])
def test_a_misspelt_type_is_unread(kind: str) -> None:
    assert [u.why for u in read(config(server(kind))).unread] == ["clients leave out an incomingServer of this type"]


def test_a_configuration_without_domain_and_a_second_provider_are_unread() -> None:
    text = config(server()).replace("<domain>example.test</domain>", "")
    text = text.replace("</clientConfig>", "<emailProvider/></clientConfig>")
    assert [u.why for u in read(text).unread] == [
        "clients read the first emailProvider only",
        "clients refuse an emailProvider without a domain",
    ]


def test_a_password_in_a_section_is_a_secret() -> None:
    text = config(server(more="<password>hunter2</password>"))
    connection, secret = read(text).facts
    assert connection.values["credential"] == "literal"
    assert blamed(text, secret, "storage") == "hunter2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [(config(server()), True), ("<clientConfig/>", False), ("<html><emailProvider/></html>", False), ("", False)],
)
def test_sniffing(text: str, expected: bool) -> None:
    assert autoconfig.sniff(text) is expected


@pytest.mark.parametrize("text", ["{{" * 200_000, "<a>" * 200_000, config(server()) + "<!--" * 100_000])
def test_hostile_texts_cost_linear_time(text: str) -> None:
    assert read(text).unread
