"""Facts that no single record holds."""

from __future__ import annotations

import pytest

from mailpolicy import joins
from mailpolicy.facts import Draft
from mailpolicy.types import Fact, Origin, Span, Value


def fact(kind: str, **values: Value) -> Fact:
    draft = Draft(kind, Span("f", 1, 1, 2))
    for name, value in values.items():
        draft.put(name, value, [Origin("sets", Span("f", 1, 5, 9))])
    return draft.fact()


def listener(port: int, tls: str, auth: str = "tls-only", **values: Value) -> Fact:
    base: dict[str, Value] = {"software": "x", "instance": "i", "protocol": "imap", "role": "access", "scope": "any"}
    return fact("listener", **{**base, "port": port, "tls": tls, "auth": auth, **values})


def derived(kind: str, *facts: Fact) -> list[dict[str, Value]]:
    return [dict(one.values) for one in joins.derive(facts) if one.kind == kind]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([listener(143, "required")], {"implicit": False, "starttls": True, "logins": True, "ports": "143"}),
        (
            [listener(143, "required"), listener(993, "implicit")],
            {"implicit": True, "starttls": True, "ports": "143, 993"},
        ),
        ([listener(993, "implicit", "none")], {"implicit": True, "starttls": False, "logins": False}),
        ([listener(587, "required", protocol="smtp", role="submission")], {"submission": True, "submission_587": True}),
        (
            [listener(465, "implicit", protocol="smtp", role="submission")],
            {"submission": True, "submission_587": False},
        ),
        (
            [
                listener(25, "optional", "none", protocol="smtp", role="mx"),
                listener(465, "implicit", protocol="smtp", role="submission"),
            ],
            {"ports": "465", "starttls": False, "implicit": True},
        ),
        ([listener(25, "optional", "none", protocol="smtp", role="mx")], {"ports": "25", "starttls": False}),
    ],
)
def test_offer(facts: list[Fact], expected: dict[str, Value]) -> None:
    (offer,) = derived("offer", *facts)
    assert {name: offer[name] for name in expected} == expected


def test_what_only_loopback_reaches_is_no_offer() -> None:
    assert derived("offer", listener(143, "required", scope="loopback")) == []


def test_instances_are_kept_apart() -> None:
    offers = derived("offer", listener(143, "required"), listener(993, "implicit", instance="other"))
    assert [offer["ports"] for offer in offers] == ["143", "993"]


def test_an_unknown_mode_leaves_the_offer_unknown() -> None:
    unknown = listener(993, "implicit")
    unknown = unknown._replace(values={k: v for k, v in unknown.values.items() if k != "tls"})
    (offer,) = derived("offer", listener(143, "required"), unknown)
    assert "implicit" not in offer


def access(protocol: str, **values: Value) -> Fact:
    base: dict[str, Value] = {"software": "x", "role": "access", "mailbox": "a@b", "instance": "i"}
    return fact("connection", **{**base, "protocol": protocol, **values})


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            [access("pop3", account="1", deletes_on_server=True), access("imap", account="2")],
            {"clients": 2, "devices": 2, "imap": True, "pop3_only": False, "pop3_deletes": True},
        ),
        (
            [access("pop3", account="1", device="d"), access("imap", account="2", device="d")],
            {"clients": 2, "devices": 1},
        ),
        ([access("pop3", account="1")], {"clients": 1, "pop3_only": True}),
        ([access("pop3", account="1", deletes_on_server=False)], {"pop3_deletes": False}),
        ([access("pop3", account="1", purpose="migration")], {"purpose": "migration"}),
        (
            [access("pop3", account="1"), access("pop3", account="2", software="mpop", deletes_on_server=True)],
            {"software": "mpop"},
        ),
        (
            [access("imap", account="1", expunges=True), access("imap", account="2")],
            {"imap_expunges": True, "pop3": False, "devices": 2, "pop3_deletes": False},
        ),
        ([access("pop3", software="autoconfig")], {"offered_to_all": True, "pop3_only": True}),
    ],
)
def test_mailbox(facts: list[Fact], expected: dict[str, Value]) -> None:
    (mailbox,) = derived("mailbox", *facts)
    assert {name: mailbox[name] for name in expected} == expected


def test_one_address_at_two_providers_is_two_mailboxes() -> None:
    fetched = access("pop3", account="1", host="pop.example.org")
    read = access("imap", account="2", host="imap.example.org")
    elsewhere = access("imap", account="3", host="imap.example.net")
    assert [one["devices"] for one in derived("mailbox", fetched, read, elsewhere)] == [2]


def test_mailboxes_that_nothing_removes_mail_from_or_without_a_name_are_left_out() -> None:
    nameless = fact("connection", software="x", role="access", protocol="pop3")
    assert derived("mailbox", access("imap", account="1"), access("imap", account="2"), nameless) == []
