"""The Caddy reader: the layer 4 app of a Caddyfile or JSON in, mail sockets and hops out."""

from __future__ import annotations

import json

import pytest

from mailpolicy.readers import caddy, format_of
from mailpolicy.types import Inventory
from tests.readers.reading import at, blamed, of_kind, read

NAME = "etc/caddy/Caddyfile"


def caddyfile(server: str) -> Inventory:
    return read(
        caddy,
        {NAME: f"{{\n\temail me@example.org\n\tlayer4 {{\n{server}\n\t}}\n}}\nexample.org {{\n\trespond ok\n}}\n"},
    )


def in_json(listen: list[str], routes: list[object]) -> Inventory:
    text = json.dumps({"apps": {"layer4": {"servers": {"mail": {"listen": listen, "routes": routes}}}}}, indent="\t")
    return read(caddy, {"etc/caddy/caddy.json": text})


def addresses(inventory: Inventory) -> list[tuple[object, ...]]:
    found = of_kind(inventory, "listener")
    return [tuple(f.values.get(field) for field in ("address", "port", "scope")) for f in found]


ADDRESSES = [
    (":993", [("*", 993, "any")]),
    ("0.0.0.0:993", [("*", 993, "any")]),
    ("[::]:993", [("*", 993, "any")]),
    ("tcp4/:993", [("0.0.0.0", 993, "any")]),
    ("tcp6/:993", [("::", 993, "any")]),
    ("tcp/127.0.0.1:993", [("127.0.0.1", 993, "loopback")]),
    ("[::1]:993", [("::1", 993, "loopback")]),
    ("192.0.2.1:993", [("192.0.2.1", 993, "public")]),
    ("mail.example.org:993", [(None, 993, None)]),
    (":993-995", [("*", 993, "any"), ("*", 995, "any")]),
    ("udp/:993", []),
    ("unix//run/993.sock:993", []),
]


@pytest.mark.parametrize(("address", "expected"), [*ADDRESSES, (":993 :465", [("*", 993, "any"), ("*", 465, "any")])])
def test_addresses(address: str, expected: list[tuple[object, ...]]) -> None:
    assert addresses(caddyfile(f"{address} {{\nroute {{\ntls\nproxy mail:143\n}}\n}}")) == expected


@pytest.mark.parametrize(("address", "expected"), ADDRESSES)
def test_addresses_in_json(address: str, expected: list[tuple[object, ...]]) -> None:
    handle = [{"handler": "tls"}, {"handler": "proxy", "upstreams": [{"dial": ["mail:143"]}]}]
    assert addresses(in_json([address], [{"handle": handle}])) == expected


@pytest.mark.parametrize(
    ("port", "routes", "tls", "auth"),
    [
        (993, "route {\ntls\nproxy mail:143\n}", "implicit", "tls-only"),
        (993, "route {\nproxy mail:993\n}", None, None),
        (993, "@a tls sni mail.example.org\nroute @a {\ntls\nproxy mail:143\n}", "implicit", "tls-only"),
        (993, "@a tls\nroute @a {\nproxy mail:993\n}", None, None),
        (993, "@a tls\nroute @a {\ntls\nproxy mail:143\n}\nroute {\nproxy mail:143\n}", None, None),
        (993, "route {\ntls\nproxy mail:143\n}\nroute {\nproxy mail:143\n}", "implicit", "tls-only"),
        (
            993,
            "route {\ntls\nsubroute {\n@b remote_ip 10.0.0.0/8\nroute @b {\nproxy mail:143\n}\n}\n}",
            "implicit",
            "tls-only",
        ),
        (993, "@a tls\nroute @a {\nsubroute {\nroute {\ntls\nproxy mail:143\n}\n}\n}", "implicit", "tls-only"),
        (993, "route {\ntls {\nconnection_policy {\nalpn imap\n}\n}\nproxy mail:143\n}", "implicit", "tls-only"),
        (993, "route {\ntls\n}\nroute {\nproxy mail:143\n}", "implicit", "tls-only"),
        (993, "@a tls\nroute @a {\ntls\n}\nroute {\nproxy mail:143\n}", None, None),
        (993, "route {\nsubroute {\nroute {\ntls\n}\n}\nproxy mail:143\n}", "implicit", "tls-only"),
        (143, "route {\necho\nproxy {\nupstream mail:993 {\ntls\n}\n}\n}", None, None),
        (25, "route {\nproxy mail:25\n}", None, None),
        (25, "route {\ntls\nproxy mail:25\n}", "implicit", None),
        (143, "route {\nproxy {\nupstream mail:993 {\ntls\n}\n}\n}", "none", "cleartext"),
        (143, "route {\necho\n}", None, None),
        (143, "route {\nproxy {$MAIL}:143\n}", None, None),
        (465, "route {\n# tls\nproxy mail:465 # tls\n}", None, None),
    ],
)
def test_where_tls_ends(port: int, routes: str, tls: str | None, auth: str | None) -> None:
    values = at(caddyfile(f":{port} {{\n{routes}\n}}"), port).values
    assert (values.get("tls"), values.get("auth")) == (tls, auth)


@pytest.mark.parametrize(
    ("policy", "versions"),
    [
        ("", ("TLSv1.2", "TLSv1.3")),
        ("protocols tls1.2", ("TLSv1.2", "TLSv1.3")),
        ("protocols tls1.3", ("TLSv1.3",)),
        ("protocols tls1.2 tls1.2", ("TLSv1.2",)),
        ("protocols {$TLS}", ("TLSv1.2", "TLSv1.3")),
        ("protocols tls1.9", None),
    ],
)
def test_versions(policy: str, versions: tuple[str, ...] | None) -> None:
    inventory = caddyfile(f":993 {{\nroute {{\ntls {{\nconnection_policy {{\n{policy}\n}}\n}}\nproxy mail:143\n}}\n}}")
    assert at(inventory, 993).values.get("tls_versions") == versions


@pytest.mark.parametrize(
    ("policy", "state"),
    [
        ("", "none"),
        ("client_auth {\nmode request\n}", "asked"),
        ("client_auth {\nmode require_and_verify\n}", "required"),
        ("client_auth {\ntrust_pool file a.pem\n}", "required"),
        ("client_auth {\nmode odd\n}", None),
    ],
)
def test_client_certificates(policy: str, state: str | None) -> None:
    inventory = caddyfile(f":993 {{\nroute {{\ntls {{\nconnection_policy {{\n{policy}\n}}\n}}\nproxy mail:143\n}}\n}}")
    assert at(inventory, 993).values.get("client_certificate") == state


@pytest.mark.parametrize(
    ("handlers", "expected"),
    [
        ("tls\nproxy mail:143", [("mail", 143, "private", "none", "none")]),
        ("tls\nproxy a:143 b:143", [("a", 143, "private", "none", "none"), ("b", 143, "private", "none", "none")]),
        ("tls\nproxy tcp/localhost:143", [("localhost", 143, "loopback", "none", "none")]),
        (
            "tls\nproxy {\nupstream {\ndial mail.example.org:143\n}\n}",
            [("mail.example.org", 143, "public", "none", "none")],
        ),
        ("tls\nproxy {\nupstream mail:993 {\ntls\n}\n}", [("mail", 993, "private", "implicit", "ca")]),
        (
            "tls\nproxy {\nupstream mail:993 {\ntls_insecure_skip_verify\n}\n}",
            [("mail", 993, "private", "implicit", "none")],
        ),
        ("proxy {\nproxy_protocol v2\nupstream mail:993\n}", []),
        ("tls\nproxy unix//run/imap.sock", []),
        ("tls\nproxy {env.MAIL}:143", []),
    ],
)
def test_hops(handlers: str, expected: list[tuple[object, ...]]) -> None:
    found = of_kind(caddyfile(f":993 {{\nroute {{\n{handlers}\n}}\n}}"), "connection")
    fields = ("host", "port", "scope", "tls", "verify")
    assert [tuple(f.values.get(field) for field in fields) for f in found] == expected


def upstream(tls: object) -> dict[str, object]:
    return {"handler": "proxy", "upstreams": [{"dial": ["mail:993"], **({"tls": tls} if tls is not None else {})}]}


@pytest.mark.parametrize(
    ("handle", "tls", "lowest", "verify"),
    [
        ([upstream(None)], None, None, None),
        ([{"handler": "tls"}, upstream(None)], "implicit", "TLSv1.2", "none"),
        ([{"handler": "tls"}, upstream({})], "implicit", "TLSv1.2", "ca"),
        ([{"handler": "tls"}, upstream({"insecure_skip_verify": True})], "implicit", "TLSv1.2", "none"),
        (
            [{"handler": "tls", "connection_policies": [{"protocol_min": "tls1.3"}]}, upstream(None)],
            "implicit",
            "TLSv1.3",
            "none",
        ),
        (
            [{"handler": "subroute", "routes": [{"handle": [{"handler": "tls"}, upstream(None)]}]}],
            "implicit",
            "TLSv1.2",
            "none",
        ),
    ],
)
def test_json_says_the_same(handle: list[object], tls: str | None, lowest: str | None, verify: str | None) -> None:
    inventory = in_json([":993"], [{"match": [{"tls": {}}], "handle": handle}])
    values = at(inventory, 993).values
    assert (values.get("tls"), values.get("tls_min")) == (tls, lowest)
    assert [f.values["verify"] for f in of_kind(inventory, "connection")] == ([verify] if verify else [])


@pytest.mark.parametrize(("handlers", "proxied"), [("proxy mail:143", False), ("proxy_protocol\nproxy mail:143", True)])
def test_the_proxy_protocol(handlers: str, proxied: bool) -> None:
    assert at(caddyfile(f":143 {{\nroute {{\n{handlers}\n}}\n}}"), 143).values["proxied"] is proxied


def test_positions_are_those_of_the_words() -> None:
    text = '{\n layer4 {\n  ":993" {\n   route {\n    tls\n    proxy `mail:143`\n   }\n  }\n }\n}\n'
    inventory = read(caddy, {NAME: text})
    assert blamed({NAME: text}, at(inventory, 993), "port") == ":993"
    assert blamed({NAME: text}, at(inventory, 993), "tls") == "tls"
    assert blamed({NAME: text}, of_kind(inventory, "connection")[0], "tls") == "mail:143"


@pytest.mark.parametrize(
    "text",
    [
        "example.org {\n\treverse_proxy localhost:8080\n}\n",
        "example.org {\n\treverse_proxy localhost:993\n",
        "{\n\tlayer4 {\n\t\t:5432 {\n\t\t\troute {\n\t\t\t\tproxy db:5432\n\t\t\t}\n\t\t}\n\t}\n}\n",
        "{\n\tlayer4 {\n\t\t:5432 {\n",
        "{\nservers {\nlistener_wrappers {\nlayer4 {\nroute {\nproxy mail:993\n}\n}\n}\n}\n}\n",
        '{"apps": {"http": {"servers": {}}}}',
        '{"apps": {"layer4": {"servers": {"a": {"listen": [":22"]}}}}}',
    ],
)
def test_without_mail_nothing_is_said(text: str) -> None:
    inventory = read(caddy, {NAME: text})
    assert (inventory.facts, inventory.unread, inventory.notes) == ((), (), ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{\n\tlayer4 {\n\t\t:993 {\n", "a brace is not closed: caddy does not start"),
        (
            "{\n\tlayer4 {\n\t\t:993 {\n\t\t}\n\t}\n}\n}\n",
            "a brace is closed that was not opened: caddy does not start",
        ),
        ('{\n\tlayer4 {\n\t\t":993 {\n', "a quote is not closed: caddy does not start"),
        (
            "example.org {\n}\n{\n\tlayer4 {\n\t\t:993 {\n\t\t}\n\t}\n}\n",
            "stands in a block of global options that is not the first block: caddy does not start",
        ),
    ],
)
def test_what_caddy_refuses(text: str, why: str) -> None:
    assert [unread.why for unread in read(caddy, {NAME: text}).unread] == [why]


@pytest.mark.parametrize(
    "before",
    ["(snippet) {\n\trespond ok\n}\n", "import common\n", "# comment\n", ""],
)
def test_what_may_stand_before_the_global_options(before: str) -> None:
    text = (
        before
        + '{\n\temail "a\\\\"\n\tlayer4 {\n\t\t:993 {\n\t\t\troute {\n\t\t\t\tproxy mail:993\n\t\t\t}\n\t\t}\n\t}\n}\n'
    )
    assert addresses(read(caddy, {NAME: text})) == [("*", 993, "any")]


@pytest.mark.parametrize(
    ("path", "mine"),
    [
        ("Caddyfile", True),
        ("etc/caddy/Caddyfile.prod", True),
        ("caddy.json", True),
        ("etc/caddy/conf.d/mail.caddy", True),
        ("etc/caddy/config.json", True),
        ("package.json", False),
        ("docs/caddy.md", False),
    ],
)
def test_file_names(path: str, mine: bool) -> None:
    assert (format_of(path) == "caddy") is mine
