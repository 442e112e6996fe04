"""Who may relay: expected values are what smtpd of Postfix 3.7 and 3.10 was seen to do."""

from __future__ import annotations

import pytest

from mailpolicy.readers.postfix import restrictions
from mailpolicy.readers.postfix.networks import networks
from mailpolicy.readers.postfix.restrictions import Relaying
from mailpolicy.types import Origin
from tests.readers.postfix_instance import MASTER, instance, text_at

LOOPBACK = "mynetworks = 127.0.0.0/8 [::1]/128\n"
NOBODY = "mynetworks =\n"
SASL = "smtpd_sasl_auth_enable = yes\n"
RELAY = "smtpd_relay_restrictions = "
GUARD = ", reject_unauth_destination\n"


def relaying(main: str, files: dict[str, str] | None = None, version: tuple[int, ...] = (3, 7)) -> tuple[Relaying, str]:
    """The answer for port 25, and the text that it blames."""
    config = instance(main, files, version=version)
    view = config.view(config.services[0])
    answer = restrictions.relay(view, networks(view), config)
    return answer, text_at(config, answer.origins[-1]) if answer.origins else ""


@pytest.mark.parametrize(
    ("main", "relay"),
    [
        pytest.param(LOOPBACK, "networks", id="default restrictions trust mynetworks"),
        pytest.param(NOBODY, "none", id="nobody is trusted"),
        pytest.param(NOBODY + SASL, "authenticated", id="logins only"),
        pytest.param(LOOPBACK + "relay_domains = *", "networks", id="a star is no wildcard in relay_domains"),
        pytest.param(NOBODY + "relay_domains = static:all", "open", id="every domain is a relay domain"),
        pytest.param(
            NOBODY + "relay_domains = static:all\nrelay_recipient_maps = hash:/etc/postfix/r", "none", id="listed"
        ),
        pytest.param(NOBODY + RELAY + "check_client_access static:OK" + GUARD, "open", id="static OK for clients"),
        pytest.param(NOBODY + RELAY + "check_client_access static:DUNNO" + GUARD, "none", id="DUNNO goes on"),
        pytest.param(NOBODY + RELAY + "check_sender_access inline:{a.example=OK}" + GUARD, "open", id="forged sender"),
        pytest.param(
            NOBODY + RELAY + "check_sender_access inline:{a.example=550}" + GUARD, "open", id="a bare number is OK"
        ),
        pytest.param(
            NOBODY + RELAY + "check_sender_access inline:{ {a.example=550 no} }" + GUARD, "none", id="550 text"
        ),
        pytest.param(
            NOBODY + RELAY + "check_sender_access inline:{ {a.b=permit_mynetworks, permit} }" + GUARD, "open", id="list"
        ),
        pytest.param(
            NOBODY + RELAY + "check_recipient_access inline:{partner.example=OK}" + GUARD, "none", id="one domain"
        ),
        pytest.param(NOBODY + RELAY + "check_client_access inline:{192.0.2.1=OK}" + GUARD, "networks", id="one client"),
        pytest.param(
            NOBODY + RELAY + "check_client_access inline:{unknown=OK}" + GUARD, "open", id="clients without a name"
        ),
        pytest.param(
            NOBODY + RELAY + "check_reverse_client_hostname_access static:OK" + GUARD, "none", id="OK forbidden"
        ),
        pytest.param(NOBODY + RELAY + "check_sender_mx_access static:OK" + GUARD, "none", id="OK forbidden for MX"),
        pytest.param(LOOPBACK + RELAY + "permit_mynetworks, reject", "networks", id="reject guards too"),
        pytest.param(
            LOOPBACK + RELAY + "permit_mynetworks, defer_if_permit", "networks", id="defer_if_permit guards too"
        ),
        pytest.param(NOBODY + RELAY + "check_client_access static:OK, defer_if_permit", "open", id="an OK before it"),
        pytest.param(NOBODY + RELAY + "nonsense" + GUARD, "none", id="an unknown word refuses"),
        pytest.param(LOOPBACK + RELAY + "PERMIT_MYNETWORKS, Reject_Unauth_Destination", "networks", id="case"),
        pytest.param(NOBODY + RELAY + "permit_mx_backup" + GUARD, "none", id="permit_mx_backup names no stranger"),
        pytest.param(NOBODY + RELAY + "permit_auth_destination, reject", "none", id="own destinations"),
        pytest.param("mynetworks = 0.0.0.0/0", "open", id="the world is trusted"),
        pytest.param(
            NOBODY + RELAY + "check_sender_access inline:{{a.example = OK}}" + GUARD,
            "open",
            id="two braces are no Jinja",
        ),
        pytest.param(
            NOBODY + RELAY + "check_sender_access regexp:{{/@/ OK}, {/x/ DUNNO}}" + GUARD, "open", id="inline pattern"
        ),
        pytest.param(
            NOBODY + RELAY + "check_client_access cidr:{{10.0.0.0/8 OK}, {0.0.0.0/0 REJECT}}" + GUARD,
            "networks",
            id="inline networks",
        ),
        pytest.param("mynetworks = 2000::/3", "none", id="IPv6 without brackets is a table that nobody has"),
        pytest.param("mynetworks = !0.0.0.0/0, 0.0.0.0/0", "networks", id="excluded first"),
        pytest.param("mynetworks = !198.51.100.0/24, 198.51.0.0/16", "networks", id="exclusion before the wider net"),
        pytest.param("mynetworks = 198.51.0.0/16, !198.51.100.0/24", "open", id="exclusion too late"),
        pytest.param(NOBODY + "smtpd_client_restrictions = reject", "none", id="clients refused"),
        pytest.param(
            LOOPBACK + SASL + "smtpd_client_restrictions = permit_sasl_authenticated, reject", "authenticated", id="mua"
        ),
        pytest.param(
            NOBODY + RELAY + "check_client_access static:OK" + GUARD + "smtpd_data_restrictions = reject",
            "none",
            id="data",
        ),
        pytest.param(
            NOBODY + RELAY + "check_client_access static:OK" + GUARD + "default_transport = error:no",
            "none",
            id="error",
        ),
        pytest.param(
            RELAY + "\nsmtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination",
            "networks",
            id="old",
        ),
        pytest.param(
            NOBODY + RELAY + "reject_plaintext_session, check_client_access static:OK" + GUARD,
            "none",
            id="no TLS at all",
        ),
        pytest.param(
            NOBODY
            + "smtpd_restriction_classes = insiders\ninsiders = permit\n"
            + RELAY
            + "check_sender_access static:insiders"
            + GUARD,
            "open",
            id="a class that permits",
        ),
        pytest.param(
            LOOPBACK + RELAY + "permit_mynetworks" + GUARD + "smtpd_recipient_restrictions = permit",
            "networks",
            id="the relay list guards",
        ),
        pytest.param(
            NOBODY
            + RELAY
            + "warn_if_reject reject_unauth_destination, permit\n"
            + "smtpd_recipient_restrictions = check_recipient_access static:OK, reject",
            "open",
            id="warn_if_reject",
        ),
        pytest.param(
            NOBODY + "smtpd_tls_ask_ccert = yes\n" + RELAY + "permit_tls_all_clientcerts, reject",
            "authenticated",
            id="cert",
        ),
    ],
)
def test_circle(main: str, relay: str) -> None:
    assert relaying(main)[0] == (relay, relaying(main)[0].origins, None)


@pytest.mark.parametrize(
    ("main", "relay"),
    [
        pytest.param(
            NOBODY + RELAY + "check_policy_service inet:127.0.0.1:9998" + GUARD, None, id="a policy could say OK"
        ),
        pytest.param(
            NOBODY + RELAY + "reject_unauth_destination, check_policy_service unix:p", "none", id="after the reject"
        ),
        pytest.param(
            NOBODY + "smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:9998", "none", id="beside it"
        ),
        pytest.param(NOBODY + RELAY + "check_sender_access mysql:/etc/postfix/s.cf" + GUARD, None, id="senders in SQL"),
        pytest.param(
            NOBODY + RELAY + "check_recipient_access mysql:/etc/postfix/s.cf" + GUARD, "none", id="recipients in SQL"
        ),
        pytest.param(NOBODY + RELAY + "check_client_access hash:/etc/postfix/c" + GUARD, None, id="clients elsewhere"),
        pytest.param(NOBODY + RELAY + "{{ extra }}" + GUARD, None, id="a template within"),
        pytest.param(
            NOBODY + RELAY + "reject_unauth_destination, {{ extra }}", "none", id="a template after the reject"
        ),
        pytest.param(NOBODY + RELAY + "{{ restrictions }}", None, id="all by template"),
        pytest.param(
            RELAY + "permit_mynetworks, check_policy_service unix:p" + GUARD + "mynetworks = 0.0.0.0/0",
            "open",
            id="still",
        ),
    ],
)
def test_unknown_only_where_it_decides(main: str, relay: str | None) -> None:
    assert relaying(main)[0].relay == relay


@pytest.mark.parametrize(
    ("name", "text", "setting", "relay"),
    [
        ("c.cidr", "0.0.0.0/0 OK\n", "check_client_access cidr", "open"),
        ("c.cidr", "0.0.0.0/0 REJECT\n0.0.0.0/0 OK\n", "check_client_access cidr", "none"),
        ("c.cidr", "58.0.0.0/8 REJECT\n0.0.0.0/0 OK\n", "check_client_access cidr", "open"),
        ("c.cidr", "192.0.2.0/24 OK\n", "check_client_access cidr", "networks"),
        ("r.re", "/./ OK\n", "check_recipient_access regexp", "open"),
        ("r.re", "/@partner\\.example$/ OK\n", "check_recipient_access regexp", "none"),
        ("s", "# senders\n\nboss@example.org\n    OK\n", "check_sender_access hash", "open"),
        ("s", "boss@example.org REJECT\n", "check_sender_access texthash", "none"),
        ("s.re", "if /example/\n/./ OK\nendif\n", "check_sender_access regexp", "open"),
        ("c.cidr", "if 192.0.2.0/24\n0.0.0.0/0 OK\nendif\n", "check_client_access cidr", "networks"),
        ("c.cidr", "# a\n0.0.0.0/0\n# b\n   OK\n", "check_client_access cidr", "open"),
        ("h.pcre", "/^mail\\./ OK\n", "check_helo_access pcre", "open"),
    ],
)
def test_tables_in_the_tree(name: str, text: str, setting: str, relay: str) -> None:
    answer, _ = relaying(NOBODY + RELAY + f"{setting}:/etc/postfix/{name}" + GUARD, {name: text})
    assert answer.relay == relay


@pytest.mark.parametrize(
    ("main", "files", "blamed"),
    [
        ("mynetworks = 127.0.0.0/8, 0.0.0.0/0", {}, "0.0.0.0/0"),
        ("mynetworks = /etc/postfix/nets", {"nets": "127.0.0.0/8\n0.0.0.0/0\n"}, "0.0.0.0/0"),
        ("mynetworks = cidr:/etc/postfix/nets", {"nets": "0.0.0.0/0 x\n"}, "0.0.0.0/0"),
        (NOBODY + "relay_domains = example.org, static:all", {}, "static:all"),
        (NOBODY + RELAY + "check_client_access static:OK" + GUARD, {}, "static:OK"),
        (NOBODY + RELAY + "check_sender_access hash:/etc/postfix/s" + GUARD, {"s": "a@b  OK\n"}, "OK"),
        (LOOPBACK + RELAY + "permit_mynetworks" + GUARD, {}, "permit_mynetworks"),
        (NOBODY + SASL + RELAY + "permit_sasl_authenticated" + GUARD, {}, "permit_sasl_authenticated"),
    ],
)
def test_blames_the_element(main: str, files: dict[str, str], blamed: str) -> None:
    assert relaying(main, files)[1] == blamed


@pytest.mark.parametrize(
    ("main", "reason"),
    [
        (RELAY + "permit, reject_unauth_destination", "specify at least one working instance of"),
        (
            RELAY + "permit_mynetworks, warn_if_reject reject_unauth_destination",
            "specify at least one working instance of",
        ),
        (RELAY + "\nsmtpd_recipient_restrictions = permit_mynetworks", "specify at least one working instance of"),
        ("compatibility_level = 0", "specify at least one working instance of"),
        ("smtpd_restriction_classes = a, b\na = b\nb = a\n" + RELAY + "a" + GUARD, "in a circle"),
        ("smtpd_restriction_classes = insiders\n", "restriction class `insiders' needs a definition"),
        ("smtpd_delay_reject = no\nsmtpd_client_restrictions = permit_mynetworks, reject", "as soon as it connects"),
        (
            "smtpd_delay_reject = no\nsmtpd_client_restrictions = permit_sasl_authenticated, reject\n" + SASL,
            "as soon as",
        ),
    ],
)
def test_broken(main: str, reason: str) -> None:
    assert reason in (relaying(main)[0].broken or "works")


@pytest.mark.parametrize(
    ("main", "broken"),
    [("mynetworks = {{ nets }}\n", True), ("{% for p in all %}\n{{ p.name }} = {{ p.value }}\n{% endfor %}\n", False)],
)
def test_a_template_that_may_bring_the_restrictions(main: str, broken: bool) -> None:
    config = instance(main, base="myhostname = mail.example.org\n")
    view = config.view(config.services[0])
    answer = restrictions.relay(view, networks(view), config)
    assert (answer.broken is not None) is broken


def test_naked_addresses_are_gone_in_3_9() -> None:
    main = NOBODY + RELAY + "permit_naked_ip_address" + GUARD
    assert (relaying(main)[0].relay, relaying(main, version=(3, 10))[0].relay) == ("open", "none")


def test_family_of_the_world() -> None:
    config = instance("mynetworks = [::]/0")
    view = config.view(config.services[0])
    answers = [restrictions.relay(view, networks(view), config, family).relay for family in (4, 6)]
    assert answers == ["networks", "open"]


@pytest.mark.parametrize(
    ("main", "bound"),
    [
        (SASL, False),
        (SASL + "smtpd_sender_restrictions = reject_sender_login_mismatch", True),
        (SASL + "smtpd_sender_restrictions = warn_if_reject reject_sender_login_mismatch", False),
        (SASL + "smtpd_sender_restrictions = permit_sasl_authenticated, reject_sender_login_mismatch", False),
        (SASL + "smtpd_sender_restrictions = reject_known_sender_login_mismatch", False),
        (
            SASL + "smtpd_sender_restrictions = reject_known_sender_login_mismatch\n"
            "smtpd_sender_login_maps = hash:/etc/postfix/logins",
            True,
        ),
        (SASL + "smtpd_sender_restrictions = reject_unauthenticated_sender_login_mismatch", False),
        (SASL + "smtpd_sender_restrictions = {{ x }}", None),
    ],
)
def test_sender_bound(main: str, bound: bool | None) -> None:
    config = instance(main)
    assert restrictions.sender_bound(config.view(config.services[0]), config)[0] is bound


@pytest.mark.parametrize(
    ("main", "closed"),
    [
        (LOOPBACK, False),
        (LOOPBACK + "smtpd_client_restrictions = permit_mynetworks, reject", True),
        (LOOPBACK + "smtpd_client_restrictions = permit_mynetworks, check_policy_service unix:p, reject", None),
        (LOOPBACK + "smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, permit", False),
    ],
)
def test_closed_to_world(main: str, closed: bool | None) -> None:
    config = instance(main)
    view = config.view(config.services[0])
    assert restrictions.closed_to_world(view, networks(view), config)[0] is closed


def test_service_overrides_win() -> None:
    master = MASTER.replace(
        "smtpd\n", "smtpd\n  -o { smtpd_relay_restrictions = check_client_access static:OK, reject }\n"
    )
    config = instance(NOBODY, master=master)
    view = config.view(config.services[0])
    assert restrictions.relay(view, networks(view), config).relay == "open"


@pytest.mark.parametrize(("pattern", "relay"), [("/./", "open"), (r"/^192\.0\.2\./", "networks")])
def test_trusted_networks_by_pattern(pattern: str, relay: str) -> None:
    answer, _ = relaying("mynetworks = regexp:/etc/postfix/networks\n", {"networks": f"{pattern} yes\n"})
    assert answer.relay == relay


def test_patterns_without_end_do_not_hang() -> None:
    text = "/(a+)+(b+)+(x|xx)+$/ OK\n" * 200 + "/[/ OK\n" + "if /x/\n" * 50
    relaying(NOBODY + RELAY + "check_recipient_access pcre:/etc/postfix/p" + GUARD, {"p": text})


@pytest.mark.parametrize(
    ("network", "why"),
    [("10.0.0.1/8", "has address bits behind its prefix"), ("fd00::/8", "needs brackets")],
)
def test_a_bad_network_refuses_everybody(network: str, why: str) -> None:
    config = instance(f"mynetworks = 127.0.0.0/8, {network}\n")
    view = config.view(config.services[0])
    assert restrictions.closed_to_world(view, networks(view), config)[0] is True
    assert [words for _, words in restrictions.strange(view)] == [
        f'"{network}" {why}; smtpd refuses mail that gets there'
    ]


@pytest.mark.parametrize(
    ("main", "words"),
    [
        (RELAY + "permit_mynetwork, reject", ["permit_mynetwork"]),
        (RELAY + "check_client_access hash:/x, reject_rbl_client zen.example, sleep 1, {{ x }}, reject", []),
        ("smtpd_restriction_classes = a\na = nonsense, reject\n" + RELAY + "a, reject", ["nonsense"]),
    ],
)
def test_unknown_words(main: str, words: list[str]) -> None:
    config = instance(main)
    found = restrictions.strange(config.view(config.services[0]))
    assert [text_at(config, Origin("sets", where)) for where, _ in found] == words


def test_a_loopback_socket_that_takes_only_mynetworks_works_for_this_host() -> None:
    """The usual way back from a content filter: with delay_reject off, strangers are refused at once, but none come."""
    from mailpolicy.readers import load
    from mailpolicy.tree import Memory

    tree = Memory(
        {
            "main.cf": "compatibility_level = 3.6\nmydestination = example.org\nmynetworks = 127.0.0.0/8\n",
            "master.cf": "127.0.0.1:10025 inet n - y - - smtpd\n  -o smtpd_delay_reject=no\n"
            "  -o smtpd_client_restrictions=permit_mynetworks,reject\n",
        }
    )
    facts = load("postfix").read(tree, ("main.cf", "master.cf"), None).facts
    assert [fact.values["broken"] for fact in facts if fact.kind == "listener"] == [None]
