"""The docker-mailserver reader: mailserver.env in, the container's sockets out."""

from __future__ import annotations

import pytest

from mailpolicy.readers import docker_mailserver
from mailpolicy.types import Inventory
from tests.readers.reading import at, blamed, of_kind, read

NAME = "dms/mailserver.env"
COMPOSE = "services:\n  mailserver:\n    image: docker.io/mailserver/docker-mailserver:{tag}\n    ports:\n{ports}"


def env(text: str, version: str = "", **others: str) -> Inventory:
    return read(docker_mailserver, {NAME: "OVERRIDE_HOSTNAME=mail.example.org\n" + text, **others}, version)


def opened(inventory: Inventory) -> dict[object, tuple[object, object]]:
    return {f.values.get("port"): (f.values.get("tls"), f.values.get("auth")) for f in of_kind(inventory, "listener")}


SMTP = {25: ("optional", "none"), 587: ("required", "tls-only"), 465: ("implicit", "tls-only")}
IMAP = {143: ("required", "tls-only"), 993: ("implicit", "tls-only")}
POP3 = {110: ("required", "tls-only"), 995: ("implicit", "tls-only")}
CLEAR = {25: ("none", "none"), 587: ("none", "cleartext"), 465: ("none", "cleartext"), 143: ("none", "cleartext")}
ALONE = {25: ("optional", "none"), 587: ("required", None), 465: ("implicit", None)}
LE = "SSL_TYPE=letsencrypt\n"


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        (LE, "", {**SMTP, **IMAP}),
        ("SSL_TYPE=self-signed\n", "", {**SMTP, **IMAP}),
        ("SSL_TYPE=custom\n", "", {**SMTP, **IMAP}),
        ("SSL_TYPE=manual\nSSL_CERT_PATH=/a\nSSL_KEY_PATH=/b\n", "", {**SMTP, **IMAP}),
        ("SSL_TYPE=\n", "", CLEAR),
        ("SSL_TYPE=\nENABLE_POP3=1\nENABLE_MANAGESIEVE=1\n", "",
         {**CLEAR, 110: ("none", "cleartext"), 4190: ("none", "cleartext")}),
        (LE + "ENABLE_POP3=1\n", "", {**SMTP, **IMAP, **POP3}),
        (LE + "ENABLE_POP3=yes\n", "", {**SMTP, **IMAP}),
        (LE + "ENABLE_POP3=1\nENABLE_IMAP=0\n", "", {**SMTP, **POP3}),
        (LE + "ENABLE_IMAP=0\n", "13", {**SMTP, **IMAP}),
        (LE + "ENABLE_MANAGESIEVE=1\n", "", {**SMTP, **IMAP, 4190: ("required", "tls-only")}),
        (LE + "SMTP_ONLY=1\n", "", ALONE),
        (LE + "SMTP_ONLY=1\nENABLE_SASLAUTHD=1\n", "", SMTP),
        (LE, "11.3", {**SMTP, **IMAP, 25: ("optional", "cleartext")}),
        ("SSL_TYPE=\n", "11.3", {**CLEAR, 25: ("none", "cleartext")}),
        ("SSL_TYPE={{ tls }}\n", "", {25: (None, "none"), 587: (None, None), 465: (None, None), 143: (None, None)} ),
    ],
)  # fmt: skip
def test_ports_and_modes(text: str, version: str, expected: dict[object, tuple[object, object]]) -> None:
    assert opened(env(text, version)) == expected


@pytest.mark.parametrize("text", ["SSL_TYPE=none\n", "SSL_TYPE=Letsencrypt\n", "SSL_TYPE=manual\n"])
def test_what_the_container_does_not_start_with(text: str) -> None:
    inventory = env(text)
    assert not opened(inventory)
    assert inventory.unread[0].why.endswith("docker-mailserver does not start")


@pytest.mark.parametrize(
    ("line", "relay", "scope", "networks"),
    [
        ("", "none", None, ()),
        ("PERMIT_DOCKER=none", "none", None, ()),
        ("PERMIT_DOCKER=bogus", "none", None, ()),
        ("PERMIT_DOCKER=network", "networks", "wide", ("127.0.0.0/8", "[::1]/128", "[fe80::]/64", "172.16.0.0/12")),
        ("PERMIT_DOCKER=host", "networks", "wide", ("127.0.0.0/8", "[::1]/128", "[fe80::]/64", "<container>/16")),
        ("PERMIT_DOCKER=container", "networks", "private", None),
        ("PERMIT_DOCKER=connected-networks", "networks", None, None),
        ("PERMIT_DOCKER=${P}", None, None, None),
    ],
)
def test_who_may_relay(line: str, relay: str | None, scope: str | None, networks: tuple[str, ...] | None) -> None:
    values = at(env(f"{LE}{line}\n"), 25).values
    assert (values.get("relay"), values.get("trusted_scope")) == (relay, scope)
    assert networks is None or values["trusted_networks"] == networks


@pytest.mark.parametrize(
    ("line", "bound"),
    [
        ("", False),
        ("SPOOF_PROTECTION=", False),
        ("SPOOF_PROTECTION=0", False),
        ("SPOOF_PROTECTION=1", True),
        ("SPOOF_PROTECTION='1'", True),
        ("SPOOF_PROTECTION=true", False),
        ("SPOOF_PROTECTION={{ spoof }}", None),
    ],
)
def test_whether_senders_are_bound_to_logins(line: str, bound: bool | None) -> None:
    assert at(env(f"{LE}{line}\n"), 587).values.get("sender_bound") is bound


CREDENTIALS = "RELAY_USER=me\nRELAY_PASSWORD=s7Xq\n"


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        ("RELAY_HOST=smtp.example.net\n", "", ("smtp.example.net", 25, None, False, None)),
        (
            "RELAY_HOST=smtp.example.net\nRELAY_PORT=587\n" + CREDENTIALS,
            "",
            ("smtp.example.net", 587, "required", False, True),
        ),
        ("RELAY_HOST=smtp.example.net\n", "13", ("smtp.example.net", 25, "required", False, None)),
        (
            "DEFAULT_RELAY_HOST=[smtp.example.net]:587\n" + CREDENTIALS,
            "",
            ("smtp.example.net", 587, "required", False, True),
        ),
        ("DEFAULT_RELAY_HOST=smtp.example.net\n", "", ("smtp.example.net", 25, None, True, None)),
        (
            "DEFAULT_RELAY_HOST=smtp.example.net\n" + CREDENTIALS,
            "12",
            ("smtp.example.net", 25, "opportunistic", True, None),
        ),
        (
            "RELAY_HOST=smtp.example.net\nRELAY_PORT=${P}\n" + CREDENTIALS,
            "",
            ("smtp.example.net", None, "required", False, True),
        ),
    ],
)
def test_relay_hosts(text: str, version: str, expected: tuple[object, ...]) -> None:
    (fact,) = of_kind(env(LE + text, version), "connection")
    fields = ("host", "port", "tls", "mx_lookup", "authenticates")
    assert tuple(fact.values.get(field) for field in fields) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("RELAY_PASSWORD=s7Xq", [("RELAY_PASSWORD", False)]),
        ("LDAP_BIND_PW=admin", [("LDAP_BIND_PW", True)]),
        ("SASLAUTHD_LDAP_PASSWORD=${PW}", []),
        ("SRS_SECRET=", []),
    ],
)
def test_passwords(line: str, expected: list[tuple[str, bool]]) -> None:
    found = of_kind(env(f"{LE}{line}\n"), "secret")
    assert [(f.values["setting"], f.values["default"]) for f in found] == expected


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ('      - "143:143"\n', ("*", 143, "any")),
        ("      - 143:143\n", ("*", 143, "any")),
        ('      - "127.0.0.1:1143:143/tcp"\n', ("127.0.0.1", 1143, "loopback")),
        ('      - "25:25"\n', ("*", 143, None)),
        ("      - target: 143\n", ("*", None, "any")),
    ],
)  # fmt: skip
def test_who_reaches_a_port_only_a_compose_file_tells(ports: str, expected: tuple[object, ...]) -> None:
    compose = {"dms/compose.yaml": COMPOSE.format(tag="latest", ports=ports)}
    (fact,) = [f for f in env(LE, **compose).facts if f.values.get("service") == "dovecot/imap"]
    assert tuple(fact.values.get(field) for field in ("address", "port", "scope")) == expected


def test_without_a_compose_file_the_scope_is_unknown() -> None:
    fact = at(env(LE), 143)
    assert "scope" not in fact.values and "scope" in fact.origins


def test_the_compose_file_of_another_project_tells_nothing() -> None:
    other = {"dms/compose.yaml": 'services:\n  web:\n    image: nginx:1.26\n    ports:\n      - "143:143"\n'}
    assert "scope" not in at(env(LE, **other), 143).values


def test_the_tag_of_the_image_is_the_version() -> None:
    compose = {"dms/compose.yaml": COMPOSE.format(tag="11.3.1", ports='      - "25:25"\n')}
    assert at(env(LE, **compose), 25).values["auth"] == "cleartext"


@pytest.mark.parametrize(
    ("name", "port", "known"),
    [
        ("postfix-main.cf", 25, False),
        ("postfix-master.cf", 465, False),
        ("postfix-main.cf", 143, True),
        ("dovecot.cf", 143, False),
        ("dovecot.cf", 25, True),
    ],
)
def test_files_of_the_owner_may_change_everything(name: str, port: int, known: bool) -> None:
    inventory = env(LE, **{f"dms/docker-data/dms/config/{name}": "a = b\n"})
    assert ("tls" in at(inventory, port).values) == known


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("", "*"),
        ("POSTFIX_INET_PROTOCOLS=ipv4", "0.0.0.0"),
        ("POSTFIX_INET_PROTOCOLS=ipv6", "::"),
        ("POSTFIX_INET_PROTOCOLS=x", None),
    ],
)
def test_address_families(line: str, address: str | None) -> None:
    assert at(env(f"{LE}{line}\n"), 25).values.get("address") == address


def test_positions_are_those_of_the_values() -> None:
    files = {NAME: 'SSL_TYPE=\nPERMIT_DOCKER="network"\nSPOOF_PROTECTION=0\n'}
    inventory = read(docker_mailserver, files)
    assert blamed(files, at(inventory, 143), "tls") == "SSL_TYPE"
    assert blamed(files, at(inventory, 25), "trusted_networks") == "network"
    assert blamed(files, at(inventory, 587), "sender_bound") == "0"


@pytest.mark.parametrize(
    ("environment", "tls"),
    [
        ("", "none"),
        ("    environment:\n      SSL_TYPE: letsencrypt\n", "required"),
        ("    environment:\n      - SSL_TYPE=letsencrypt\n", "required"),
        ("    environment:\n      - SSL_TYPE=${TLS}\n", None),
        ("    environment:\n      - SSL_TYPE\n", None),
        ("    environment:\n      LOG_LEVEL: debug\n", "none"),
    ],
)
def test_the_environment_of_the_service_goes_before_the_file(environment: str, tls: str | None) -> None:
    compose = {"dms/compose.yaml": COMPOSE.format(tag="15.1", ports='      - "143:143"\n') + environment}
    assert at(env("SSL_TYPE=\n", **compose), 143).values.get("tls") == tls
    assert at(env("", **compose), 143).values.get("tls") == tls


def test_what_no_file_at_hand_sets_may_be_set_elsewhere() -> None:
    assert "tls" not in at(env(""), 143).values


def test_an_override_file_goes_before_its_compose_file() -> None:
    files = {
        "dms/compose.yaml": COMPOSE.format(tag="15.1", ports='      - "143:143"\n'),
        "dms/compose.override.yaml": "services:\n  mailserver:\n    environment: {SSL_TYPE: letsencrypt}\n",
    }
    assert at(env("SSL_TYPE=\n", **files), 143).values["tls"] == "required"
