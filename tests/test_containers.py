"""What compose publishes of a configuration that a container mounts."""

from __future__ import annotations

import pytest

from mailpolicy.containers import reached
from mailpolicy.gather import read_all
from mailpolicy.tree import Memory
from mailpolicy.types import Inventory

MAIN = "compatibility_level = 3.6\nmynetworks = 127.0.0.0/8\n"
MASTER = """\
smtp inet n - n - - smtpd
10025 inet n - n - - smtpd
127.0.0.1:10026 inet n - n - - smtpd
"""


def compose(ports: str, mount: str = "./conf/postfix:/etc/postfix:ro", more: str = "") -> str:
    return f"services:\n  mta:\n    volumes: ['{mount}']\n{ports}{more}"


def found(files: dict[str, str]) -> Inventory:
    tree = Memory({"conf/postfix/main.cf": MAIN, "conf/postfix/master.cf": MASTER, **files})
    return read_all(tree, {"postfix": ["conf/postfix/main.cf", "conf/postfix/master.cf"]}, lambda *_: None)


def sockets(files: dict[str, str]) -> list[tuple[object, object]]:
    listeners = [fact.values for fact in found(files).facts if fact.kind == "listener"]
    return [(values["port"], values.get("scope")) for values in listeners]


ALL = [(25, "any"), (10025, "any"), (10026, "loopback")]
OUTSIDE = [(25, "any"), (10025, None), (10026, "loopback")]
UNKNOWN = [(25, None), (10025, None), (10026, "loopback")]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, ALL),
        ({"compose.yaml": compose("    ports: ['25:25']\n")}, OUTSIDE),
        (
            {"compose.yaml": compose("    ports: ['127.0.0.1:25:25']\n")},
            [(25, "loopback"), (10025, None), (10026, "loopback")],
        ),
        ({"compose.yaml": compose("    ports: ['$HERE:25:25']\n")}, UNKNOWN),
        ({"compose.yaml": compose("    ports: [25]\n")}, OUTSIDE),
        ({"compose.yaml": compose("    ports: ['20-30:20-30']\n")}, OUTSIDE),
        ({"compose.yaml": compose("    ports: [{target: 25, published: 25}]\n")}, OUTSIDE),
        ({"compose.yaml": compose("    ports: ['25:25/udp']\n")}, UNKNOWN),
        ({"compose.yaml": compose("    ports: [{target: 25, published: 25, protocol: udp}]\n")}, UNKNOWN),
        ({"compose.yaml": compose("")}, UNKNOWN),
        ({"compose.yaml": compose("    ports: ['25:25']\n    network_mode: host\n")}, ALL),
        ({"compose.yaml": compose("    ports: ['25:25']\n", "./other:/etc/postfix")}, ALL),
        ({"compose.yaml": compose("    ports: ['25:25']\n", "mail:/etc/postfix")}, ALL),
        ({"compose.yaml": compose("    ports: ['25:25']\n", "./conf:/etc")}, OUTSIDE),
        (
            {"compose.yaml": compose("    ports: ['25:25']\n", "./conf/postfix/master.cf:/etc/postfix/master.cf")},
            OUTSIDE,
        ),
        ({"conf/compose.yaml": compose("    ports: ['25:25']\n", "./postfix:/etc/postfix")}, OUTSIDE),
        (
            {
                "compose.yaml": compose("    ports: ['25:25']\n"),
                "compose.override.yaml": "services:\n  mta:\n    ports: ['10025:10025']\n",
            },
            ALL,
        ),
        ({"compose.yaml": compose("    ports: ['25:25']\n"), "docker-compose.yml": compose("")}, OUTSIDE),
        (
            {"compose.yaml": compose("    ports: ['25:25']\n    labels: [traefik.tcp.routers.x.entrypoints=imaps]\n")},
            OUTSIDE,
        ),
        ({"compose.yaml": compose("    ports: ['25:25']\n    labels: [traefik.enable=true]\n")}, OUTSIDE),
        ({"compose.yaml": "services: [\n"}, ALL),
    ],
)
def test_what_is_published(files: dict[str, str], expected: list[tuple[object, object]]) -> None:
    assert sockets(files) == expected


def test_ports_without_an_end_are_not_all_read() -> None:
    entries = "    ports:\n" + "    - '1-65535:1-65535'\n" * 1000
    assert sockets({"compose.yaml": compose(entries)}) == ALL


@pytest.mark.parametrize(
    ("more", "told"), [("", True), ("    labels: [traefik.tcp.routers.x.entrypoints=imaps]\n", False)]
)
def test_ports_that_are_not_published_are_told(more: str, told: bool) -> None:
    notes = found({"compose.yaml": compose("    ports: ['25:25']\n" + more)}).notes
    said = "compose.yaml:4:5: of conf/postfix, port 10025 is not published: who reaches it is not known"
    assert (said in notes) is told


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ("", OUTSIDE),
        ("SMTP=127.0.0.1:25\n", [(25, "loopback"), (10025, None), (10026, "loopback")]),
        ("SMTP=\n", OUTSIDE),
    ],
)
def test_variables_are_those_of_the_file_beside(env: str, expected: list[tuple[object, object]]) -> None:
    assert sockets({"compose.yaml": compose("    ports: ['${SMTP:-25}:25']\n"), ".env": env}) == expected


def test_the_address_is_blamed_where_it_is_published() -> None:
    (fact, *_) = [
        fact
        for fact in found({"compose.yaml": compose("    ports: ['10.0.0.1:25:25']\n")}).facts
        if fact.kind == "listener"
    ]
    assert [str(origin.where) for origin in fact.origins["scope"]] == ["compose.yaml:4:13"]


def test_settings_of_a_bundle_have_the_ports_of_the_host() -> None:
    files = {
        "mailu.env": "TLS_FLAVOR=cert\nPOSTMASTER=a\nHOSTNAMES=mail.example.org\n",
        "compose.yaml": compose("    ports: ['25:25']\n", "./mailu.env:/mailu.env"),
    }
    read = read_all(Memory(files), {"mailu": ["mailu.env"]}, lambda *_: None).facts
    assert reached(Memory(files), read) == (read, ())
