"""The Traefik reader: static and dynamic files in, mail sockets and hops out."""

from __future__ import annotations

import pytest

from mailpolicy.readers import format_of, traefik
from mailpolicy.types import Inventory
from tests.readers.reading import at, blamed, of_kind, read

STATIC = "etc/traefik/traefik.yml"
DYNAMIC = "etc/traefik/dynamic/mail.yml"
ENTRY = 'entryPoints:\n  mail:\n    address: "{}"\n'
ROUTER = """\
tcp:
  routers:
    mail:
      entryPoints: [mail]
      rule: "{rule}"
      service: mail
{tls}\
  services:
    mail:
      loadBalancer:
        servers:
          - address: {server}
"""
ENDS = "      tls: {}\n"
PASSES = "      tls: {passthrough: true}\n"


def dynamic(tls: str = "", server: str = "mail.example.org:143", rule: str = "HostSNI(`*`)") -> str:
    return ROUTER.format(tls=tls, server=server, rule=rule)


def both(address: str, text: str, version: str = "") -> Inventory:
    return read(traefik, {STATIC: ENTRY.format(address), DYNAMIC: text}, version)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (":993", [("*", 993, "imap")]),
        (":993/tcp", [("*", 993, "imap")]),
        (":993/udp", []),
        (":imaps", [("*", 993, "imap")]),
        ("0.0.0.0:993", [("*", 993, "imap")]),
        ("[::]:993", [("*", 993, "imap")]),
        ("127.0.0.1:993", [("127.0.0.1", 993, "imap")]),
        ("[::1]:110", [("::1", 110, "pop3")]),
        ("192.0.2.1:25", [("192.0.2.1", 25, "smtp")]),
        ("mail.example.org:4190", [(None, 4190, "managesieve")]),
        (":submission", [("*", 587, "smtp")]),
        (":443", []),
        (":{{ port }}", []),
        ("", []),
    ],
)
def test_entry_points(address: str, expected: list[tuple[object, ...]]) -> None:
    found = of_kind(read(traefik, {STATIC: ENTRY.format(address)}), "listener")
    assert [tuple(f.values.get(field) for field in ("address", "port", "protocol")) for f in found] == expected


@pytest.mark.parametrize(
    ("port", "text", "tls", "auth"),
    [
        (993, dynamic(ENDS), "implicit", "tls-only"),
        (993, dynamic("      tls: true\n"), "implicit", "tls-only"),
        (993, dynamic("      tls: false\n"), None, None),
        (993, dynamic("      tls: {certResolver: le}\n", rule="HostSNI(`mail.example.org`)"), "implicit", "tls-only"),
        (993, dynamic(PASSES), None, None),
        (993, dynamic("      TLS: {passThrough: true}\n"), None, None),
        (143, dynamic(), None, None),
        (143, dynamic(ENDS), "implicit", "tls-only"),
        (25, dynamic(ENDS), "implicit", None),
        (25, dynamic(server="10.0.0.1:25"), None, None),
        (143, dynamic(server="mail:993\n            tls: true"), "none", "cleartext"),
        (993, dynamic(ENDS).replace("[mail]", "[other]"), None, None),
        (993, dynamic(ENDS).replace("      entryPoints: [mail]\n", ""), "implicit", "tls-only"),
        (993, dynamic(ENDS).replace("[mail]", '"MAIL"'), "implicit", "tls-only"),
        (993, "http:\n  routers:\n    a:\n      rule: Host(`a`)\n      service: b\n", None, None),
    ],
)
def test_where_tls_ends(port: int, text: str, tls: str | None, auth: str | None) -> None:
    values = at(both(f":{port}", text), port).values
    assert (values.get("tls"), values.get("auth")) == (tls, auth)


def test_routers_that_differ_leave_it_unknown() -> None:
    more = dynamic(ENDS).replace("  services:\n", "    plain:\n      entryPoints: [mail]\n      rule: HostSNI(`*`)\n"
                                 "      service: mail\n  services:\n")  # fmt: skip
    values = at(both(":993", more), 993).values
    assert "tls" not in values and "broken" not in values


OPTIONS = "tls:\n  options:\n    {name}:\n      {line}\n"


@pytest.mark.parametrize(
    ("named", "options", "version", "lowest"),
    [
        ("{}", "", "", "TLSv1.2"),
        ("{}", "", "2.5", None),
        ("{options: old}", OPTIONS.format(name="old", line="minVersion: VersionTLS10"), "", "TLSv1.0"),
        ("{options: old@file}", OPTIONS.format(name="old", line="minVersion: VersionTLS11"), "", "TLSv1.1"),
        ("{options: new}", OPTIONS.format(name="new", line="minVersion: VersionTLS13"), "", "TLSv1.3"),
        ("{options: gone}", OPTIONS.format(name="new", line="minVersion: VersionTLS13"), "", None),
        ("{}", OPTIONS.format(name="default", line="minVersion: VersionTLS11"), "", "TLSv1.1"),
        ("{}", OPTIONS.format(name="other", line="minVersion: VersionTLS10"), "", "TLSv1.2"),
        ("{options: odd}", OPTIONS.format(name="odd", line="minVersion: TLS12"), "", None),
        ("{options: max}", OPTIONS.format(name="max", line="maxVersion: VersionTLS12"), "", "TLSv1.2"),
    ],
)
def test_versions(named: str, options: str, version: str, lowest: str | None) -> None:
    assert at(both(":993", dynamic(f"      tls: {named}\n") + options, version), 993).values.get("tls_min") == lowest


@pytest.mark.parametrize(
    ("kind", "state"),
    [("NoClientCert", "none"), ("RequestClientCert", "asked"), ("RequireAndVerifyClientCert", "required"), ("x", None)],
)
def test_client_certificates(kind: str, state: str | None) -> None:
    options = OPTIONS.format(name="a", line=f"clientAuth: {{clientAuthType: {kind}}}")
    values = at(both(":993", dynamic("      tls: {options: a}\n") + options), 993).values
    assert values.get("client_certificate") == state


TRANSPORT = "  serversTransports:\n    loose:\n      tls: {insecureSkipVerify: true}\n"


@pytest.mark.parametrize(
    ("tls", "server", "expected"),
    [
        (ENDS, "mail:143", [("mail", 143, "private", "none", "none")]),
        (ENDS, "10.0.0.1:143", [("10.0.0.1", 143, "private", "none", "none")]),
        (ENDS, "127.0.0.1:143", [("127.0.0.1", 143, "loopback", "none", "none")]),
        (ENDS, "'[2001:db8::1]:143'", [("2001:db8::1", 143, "public", "none", "none")]),
        (ENDS, "mail:993\n            tls: true", [("mail", 993, "private", "implicit", "ca")]),
        (
            ENDS,
            "mail:993\n            tls: true\n        serversTransport: loose",
            [("mail", 993, "private", "implicit", "none")],
        ),
        (
            ENDS,
            "mail:993\n            tls: true\n        serversTransport: x@docker",
            [("mail", 993, "private", "implicit", None)],
        ),
        (ENDS, "'{{ mail }}:143'", []),
        (PASSES, "mail:993", []),
        ("", "mail:143", []),
    ],
)
def test_hops(tls: str, server: str, expected: list[tuple[object, ...]]) -> None:
    found = of_kind(both(":993", dynamic(tls, server) + TRANSPORT), "connection")
    fields = ("host", "port", "scope", "tls", "verify")
    assert [tuple(f.values.get(field) for field in fields) for f in found] == expected
    assert all(f.values["backend"] for f in found)


def test_the_transport_of_all_servers() -> None:
    static = ENTRY.format(":993") + "tcpServersTransport:\n  tls:\n    insecureSkipVerify: true\n"
    text = dynamic(ENDS, "mail:993\n            tls: true")
    (hop,) = of_kind(read(traefik, {STATIC: static, DYNAMIC: text}), "connection")
    assert hop.values["verify"] == "none"


def test_weighted_services_are_followed_and_do_not_loop() -> None:
    text = dynamic(ENDS).replace("service: mail", "service: both") + (
        "    both:\n      weighted:\n        services:\n          - {name: mail, weight: 1}\n          - {name: both}\n"
    )
    assert [f.values["host"] for f in of_kind(both(":993", text), "connection")] == ["mail.example.org"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (dynamic(rule="HostSNI(`mail.example.org`)"), "names a host, but the router has no tls: traefik leaves it out"),
        (dynamic(ENDS, rule=""), "has no rule: traefik leaves the router out"),
        (dynamic(ENDS).replace("      service: mail\n", ""), "has no service: traefik leaves the router out"),
    ],
)
def test_routers_that_traefik_leaves_out(text: str, why: str) -> None:
    assert [unread.why for unread in both(":993", text).unread] == [why]


@pytest.mark.parametrize(
    ("lines", "proxied"),
    [
        ("", False),
        ("    proxyProtocol:\n      insecure: true\n", True),
        ("    proxyProtocol: {trustedIPs: [10.0.0.1]}\n", True),
    ],
)
def test_the_proxy_protocol(lines: str, proxied: bool) -> None:
    assert at(read(traefik, {STATIC: ENTRY.format(":25") + lines}), 25).values["proxied"] is proxied


TOML = """\
[entryPoints]
  [entryPoints.mail]
    address = ":993" # imaps
[tcp.routers.mail]
  entryPoints = ["mail"]
  rule = "HostSNI(`*`)"
  service = "mail"
  [tcp.routers.mail.tls]
    options = 'old'
[[tcp.services.mail.loadBalancer.servers]]
  address = "one:143"
[[tcp.services.mail.loadBalancer.servers]]
  address = "two:143"
[tls.options.old]
  minVersion = "VersionTLS11"
"""


def test_toml_says_the_same_with_positions() -> None:
    files = {"etc/traefik/traefik.toml": TOML}
    inventory = read(traefik, files)
    fact = at(inventory, 993)
    assert (fact.values["tls"], fact.values["tls_min"]) == ("implicit", "TLSv1.1")
    assert blamed(files, fact, "port") == ":993"
    assert blamed(files, fact, "tls") == "tcp.routers.mail.tls"
    assert blamed(files, fact, "tls_min") == "VersionTLS11"
    assert [blamed(files, f, "tls") for f in of_kind(inventory, "connection")] == ["one:143", "two:143"]


def test_yaml_positions_are_those_of_the_values() -> None:
    files = {STATIC: ENTRY.format(":993"), DYNAMIC: dynamic(ENDS)}
    inventory = read(traefik, files)
    assert blamed(files, at(inventory, 993), "port") == '":993"'
    assert blamed(files, at(inventory, 993), "tls") == "tls"
    assert blamed(files, of_kind(inventory, "connection")[0], "tls") == "mail.example.org:143"
    assert at(inventory, 993).values["instance"] == STATIC


def test_routers_without_the_static_file() -> None:
    """The protocol is that of the server's port; the socket's own port is unknown."""
    (fact,) = of_kind(read(traefik, {DYNAMIC: dynamic(ENDS)}), "listener")
    assert (fact.values["protocol"], fact.values["tls"], fact.values.get("port")) == ("imap", "implicit", None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (STATIC, ENTRY.format(":443")),
        (STATIC, "entryPoints:\n  web: [\n"),
        (STATIC, "api:\n  dashboard: true\n"),
        (DYNAMIC, "http:\n  services:\n    a:\n      loadBalancer:\n        servers:\n          - url: http://a:80\n"),
        (DYNAMIC, dynamic(server="db:5432").replace("mail", "db")),
        ("roles/traefik/tasks/tls.yml", "- name: a\n  template: {src: traefik.yml, dest: '{{ home }}/a'}\n"),
        (
            "k8s/traefik/tcp.yml",
            "apiVersion: traefik.io/v1alpha1\nkind: IngressRouteTCP\nspec:\n  - HostSNI(`*`)\n---\na: b:993\n",
        ),
        ("traefik/dynamic.toml", "[http.routers.a]\nrule = 'Host(`a`)'\nservice = 'a'\n"),
        ("traefik/dynamic.toml", "[entryPoints\n"),
    ],
)
def test_without_mail_nothing_is_said(name: str, text: str) -> None:
    inventory = read(traefik, {name: text})
    assert (inventory.facts, inventory.unread, inventory.notes) == ((), (), ())


@pytest.mark.parametrize(
    "text",
    [
        'entryPoints:\n  imaps:\n    address: ":993"\n  imaps:\n    address: ":993"\n',
        'entryPoints:\n  a: {address: ":25"\n',
    ],
)
def test_yaml_that_cannot_be_read_is_told_where_mail_is_meant(text: str) -> None:
    assert read(traefik, {STATIC: text}).unread[0].fatal


@pytest.mark.parametrize(
    ("path", "mine"),
    [
        ("etc/traefik/traefik.yml", True),
        ("traefik.toml", True),
        ("traefik.yml.j2", True),
        ("srv/traefik/dynamic/mail.yaml", True),
        ("srv/traefik/conf.d/a.toml", True),
        ("srv/traefik/docker-compose.yml", False),
        ("srv/traefik/compose.yaml", False),
        ("srv/mail/dynamic.yml", False),
        ("docker-compose.traefik.yml", False),
    ],
)
def test_file_names(path: str, mine: bool) -> None:
    assert (format_of(path) == "traefik") is mine


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('address = ":993"', ":993"),
        ("address = ':993' # imaps", ":993"),
        ('"address" = ":993"', ":993"),
        ('address=":993"', ":993"),
        ('  address  =  ":993"  ', ":993"),
    ],
)
def test_positions_in_toml(line: str, shown: str) -> None:
    files = {"etc/traefik/traefik.toml": f"# mail\n[ entryPoints.mail ] # one\n{line}\n"}
    assert blamed(files, at(read(traefik, files), 993), "port") == shown


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("etc/traefik/traefik.toml", 'a = """\n[' + " " * 50_000 + '\n"""\n' + TOML),
        ("etc/traefik/traefik.toml", TOML.replace('"one:143"', '"one:143" ' + "# " * 50_000 + '"')),
        (DYNAMIC, "tcp:\n  services:\n    a:\n      weighted:\n        services:\n" + "          - name: a\n" * 5_000
         + "# HostSNI loadBalancer\n"),
    ],
)  # fmt: skip
def test_long_files_are_read_in_linear_time(name: str, text: str) -> None:
    import time

    start = time.perf_counter()
    read(traefik, {name: text})
    assert time.perf_counter() - start < 5
