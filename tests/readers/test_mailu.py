"""The Mailu reader: mailu.env in, what the front opens out."""

from __future__ import annotations

import pytest

from mailpolicy.readers import mailu
from mailpolicy.types import Inventory
from tests.readers.reading import at, blamed, of_kind, read

NAME = "mailu/mailu.env"
BASE = "DOMAIN=example.org\nSUBNET=192.168.203.0/24\n"


def env(text: str, version: str = "", compose: str = "") -> Inventory:
    files = {NAME: BASE + text}
    if compose:
        files["mailu/docker-compose.yml"] = compose
    return read(mailu, files, version)


def opened(inventory: Inventory) -> dict[object, tuple[object, object]]:
    return {f.values.get("port"): (f.values.get("tls"), f.values.get("auth")) for f in of_kind(inventory, "listener")}


TLS = {465: ("implicit", "tls-only"), 993: ("implicit", "tls-only"), 995: ("implicit", "tls-only")}
STARTTLS = {143: ("required", "tls-only"), 110: ("required", "tls-only"), 587: ("required", "tls-only")}
CLEAR = {143: ("none", "cleartext"), 110: ("none", "cleartext"), 587: ("none", "cleartext")}
MX = {25: ("optional", "none")}
SIEVE = {4190: ("required", "tls-only")}


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        ("TLS_FLAVOR=cert\n", "", {**MX, **TLS, **SIEVE}),
        ("TLS_FLAVOR=letsencrypt\n", "", {**MX, **TLS, **SIEVE}),
        ("TLS_FLAVOR=mail\n", "", {**MX, **TLS, **SIEVE}),
        ("TLS_FLAVOR=mail-letsencrypt\n", "", {**MX, **TLS, **SIEVE}),
        ("TLS_FLAVOR=notls\n", "", {25: ("none", "none"), 4190: ("none", "cleartext")}),
        ("TLS_FLAVOR=cert\nPORTS=25,80,443,465,993\n", "", {**MX, 465: TLS[465], 993: TLS[993]}),
        ("TLS_FLAVOR=cert\nPORTS=\n", "", {**MX, 465: TLS[465], 993: TLS[993]}),
        ("TLS_FLAVOR=cert\nINBOUND_TLS_ENFORCE=\n", "", {**MX, **TLS, **SIEVE}),
        ("TLS_FLAVOR=cert\nPORTS=25\n", "", {**MX, 465: TLS[465], 993: TLS[993]}),
        ("TLS_FLAVOR=cert\nPORTS=25,143,110,587,995\n", "", {**MX, **TLS, **STARTTLS}),
        ("TLS_FLAVOR=notls\nPORTS=25,143,110,587,993\n", "", {25: ("none", "none"), **CLEAR}),
        ("TLS_FLAVOR=cert\nTLS=443,993\n", "", {**MX, 993: TLS[993], **SIEVE}),
        ("TLS_FLAVOR=cert\n", "2.0", {**MX, **TLS, **STARTTLS}),
        ("TLS_FLAVOR=notls\n", "2.0", {25: ("none", "none"), **CLEAR}),
        ("TLS_FLAVOR=cert\nPORTS=25\n", "1.9", {**MX, **TLS, **STARTTLS}),
        ("VERSION=1.9\nTLS_FLAVOR=notls\n", "", {25: ("none", "none"), **CLEAR}),
        ("TLS_FLAVOR=cert\nINBOUND_TLS_ENFORCE=True\n", "", {**MX, **TLS, **SIEVE, 25: ("required", "none")}),
        ("TLS_FLAVOR=cert\nINBOUND_TLS_ENFORCE=no\n", "", {**MX, **TLS, **SIEVE}),
        ("TLS_FLAVOR={{ flavor }}\nPORTS=25\n", "", {25: (None, "none"), 465: TLS[465], 993: TLS[993]}),
        ("TLS_FLAVOR=cert\nPORTS=${PORTS}\n", "", {}),
    ],
)
def test_ports_and_modes(text: str, version: str, expected: dict[object, tuple[object, object]]) -> None:
    assert opened(env(text, version)) == expected


@pytest.mark.parametrize("flavor", ["certs", "LetsEncrypt", "none"])
def test_a_flavor_that_does_not_exist(flavor: str) -> None:
    inventory = env(f"TLS_FLAVOR={flavor}\n")
    assert not opened(inventory)
    assert inventory.unread[0].why.endswith("the front does not start")


@pytest.mark.parametrize(
    ("lines", "networks", "scope", "blame"),
    [
        ("RELAYNETS=", ("127.0.0.1/32", "192.168.203.0/24"), "private", "192.168.203.0/24"),
        ("RELAYNETS=10.0.0.0/8,10.1.1.0/24", None, "wide", "10.0.0.0/8"),
        ("RELAYNETS=192.168.9.0/24, 198.51.100.0/24", None, "public", "198.51.100.0/24"),
        ("RELAYNETS=0.0.0.0/0", None, "world", "0.0.0.0/0"),
        ("SUBNET6=fd00:1::/64", None, "private", "fd00:1::/64"),
        ("RELAYNETS=${NETS}", None, None, "${NETS}"),
    ],
)
def test_who_may_relay(lines: str, networks: tuple[str, ...] | None, scope: str | None, blame: str) -> None:
    files = {NAME: f"{BASE}TLS_FLAVOR=cert\n{lines}\n"}
    fact = at(read(mailu, files), 25)
    assert fact.values.get("trusted_scope") == scope
    assert networks is None or fact.values["trusted_networks"] == networks
    assert blamed(files, fact, "trusted_networks") == blame


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", ("*", 25, "opportunistic", None)),
        ("OUTBOUND_TLS_LEVEL=encrypt", ("*", 25, "required", None)),
        ("RELAYHOST=[smtp.example.net]:587", ("smtp.example.net", 587, "opportunistic", False)),
        ("RELAYHOST=smtp.example.net", ("smtp.example.net", 25, "opportunistic", True)),
        ("RELAYHOST=[smtp.example.net]:587\nOUTBOUND_TLS_LEVEL=secure", ("smtp.example.net", 587, "required", False)),
        ("RELAYHOST=[smtp.example.net]\nOUTBOUND_TLS_LEVEL=none", ("smtp.example.net", 25, "none", False)),
        ("RELAYHOST=${HOST}", (None, None, "opportunistic", False)),
    ],
)
def test_the_way_out(lines: str, expected: tuple[object, ...]) -> None:
    (fact,) = of_kind(env(f"TLS_FLAVOR=cert\n{lines}\n"), "connection")
    lookup = fact.values.get("mx_lookup") if fact.values.get("account") == "RELAYHOST" else None
    assert (fact.values.get("host"), fact.values.get("port"), fact.values.get("tls"), lookup) == expected


def test_a_password_never_leaves_without_tls() -> None:
    """smtp_sasl_security_options = noanonymous, noplaintext."""
    inventory = env("TLS_FLAVOR=cert\nRELAYHOST=[smtp.example.net]:587\nRELAYUSER=me\nRELAYPASSWORD=s7Xq\n")
    (fact,) = of_kind(inventory, "connection")
    assert (fact.values["authenticates"], fact.values["cleartext_credentials"]) == (True, False)
    assert [f.values["setting"] for f in of_kind(inventory, "secret")] == ["RELAYPASSWORD"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("SECRET_KEY=changeMe", [("SECRET_KEY", True)]),
        ("SECRET_KEY=HT46NO4LQMKGA5WS", [("SECRET_KEY", False)]),
        ("INITIAL_ADMIN_PW=password", [("INITIAL_ADMIN_PW", True)]),
        ("API_TOKEN=${TOKEN}", []),
        ("DB_PW=s7Xq\nROUNDCUBE_DB_PW=s8Xq", [("DB_PW", False), ("ROUNDCUBE_DB_PW", False)]),
    ],
)
def test_passwords(line: str, expected: list[tuple[str, bool]]) -> None:
    found = of_kind(env(f"TLS_FLAVOR=cert\n{line}\n"), "secret")
    assert [(f.values["setting"], f.values["default"]) for f in found] == expected


@pytest.mark.parametrize(
    ("line", "port", "version", "proxied"),
    [
        ("PROXY_PROTOCOL=", 993, "", False),
        ("PROXY_PROTOCOL=25,993", 993, "", True),
        ("PROXY_PROTOCOL=25,993", 465, "", False),
        ("PROXY_PROTOCOL=mail", 465, "", True),
        ("PROXY_PROTOCOL=all-but-http", 25, "", True),
        ("PROXY_PROTOCOL=mail", 143, "2.0", True),
        ("PROXY_PROTOCOL=993", 993, "2.0", False),
        ("PROXY_PROTOCOL=all", 993, "1.9", False),
        ("PROXY_PROTOCOL=${P}", 993, "", None),
    ],
)
def test_the_proxy_protocol(line: str, port: int, version: str, proxied: bool | None) -> None:
    assert at(env(f"TLS_FLAVOR=cert\n{line}\n", version), port).values.get("proxied") is proxied


@pytest.mark.parametrize(
    ("line", "version", "lowest"),
    [
        ("", "", None),
        ("TLS_PERMISSIVE=false", "", "TLSv1.2"),
        ("TLS_PERMISSIVE=no", "1.9", None),
        ("TLS_PERMISSIVE=x", "", None),
        ("TLS_PERMISSIVE=", "", None),
    ],
)
def test_versions_on_port_25(line: str, version: str, lowest: str | None) -> None:
    inventory = env(f"TLS_FLAVOR=cert\n{line}\n", version)
    assert at(inventory, 25).values.get("tls_min") == lowest
    assert at(inventory, 993).values["tls_min"] == "TLSv1.2"


@pytest.mark.parametrize(
    ("exempt", "throttled"), [("", True), ("10.0.0.0/8", True), ("0.0.0.0/0, ::/0", False), ("${E}", None)]
)
def test_the_limit_of_failed_logins(exempt: str, throttled: bool | None) -> None:
    (server,) = of_kind(env(f"TLS_FLAVOR=cert\nAUTH_RATELIMIT_EXEMPTION={exempt}\n"), "server")
    assert server.values.get("login_throttle") is throttled


COMPOSE = "services:\n  front:\n    image: ghcr.io/mailu/nginx:${MAILU_VERSION:-2.0}\n    ports:\n"


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ('      - "993:993"\n', ("*", 993, "any")),
        ('      - "127.0.0.1:993:993"\n', ("127.0.0.1", 993, "loopback")),
        ('      - "[::1]:1993:993"  # old\n', ("::1", 1993, "loopback")),
        ('      - "465:465"\n', (None, 993, None)),
        ("      - target: 993\n        published: 1993\n        host_ip: 127.0.0.1\n", ("127.0.0.1", 1993, "loopback")),
        ("      - 993:993\n    network_mode: host\n", ("*", 993, "any")),
        ("      []\n  proxy:\n    image: traefik:3\n    ports: ['993:993']\n", (None, 993, None)),
    ],
)
def test_a_compose_file_beside_publishes_it(ports: str, expected: tuple[object, ...]) -> None:
    found = of_kind(env("TLS_FLAVOR=cert\n", compose=COMPOSE + ports), "listener")
    (fact,) = [fact for fact in found if fact.values["service"] == "front/993"]
    assert tuple(fact.values.get(field) for field in ("address", "port", "scope")) == expected
    assert fact.values["version"] == "2.0"


@pytest.mark.parametrize(
    ("networks", "relay"),
    [
        ("10.0.0.0/8", "networks"),
        ("0.0.0.0/0", "open"),
        ("::/0", "open"),
        ("8.0.0.0/8", "open"),
        ("8.8.0.0/16", "networks"),
    ],
)
def test_a_network_that_strangers_live_in_makes_an_open_relay(networks: str, relay: str) -> None:
    assert at(env(f"TLS_FLAVOR=cert\nRELAYNETS={networks}\n"), 25).values["relay"] == relay


@pytest.mark.parametrize(("version", "lowest"), [("1.7", None), ("1.8", "TLSv1.2"), ("2024.6", "TLSv1.2")])
def test_versions_on_other_ports(version: str, lowest: str | None) -> None:
    assert at(env("TLS_FLAVOR=cert\n", version), 993).values.get("tls_min") == lowest
