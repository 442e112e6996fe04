"""Cipher lists: what they ask for, which words do, and what that decides about protocol versions."""

from __future__ import annotations

import pytest

from mailpolicy import ciphers
from mailpolicy.facts import Draft
from mailpolicy.types import Origin, Span

WRITTEN = Span("main.cf", 3, 11, 40)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305", True),
        ("ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA", False),
        ("HIGH:!aNULL", False),
        ("HIGH:!aNULL:!SHA1", True),
        ("EECDH+AES256:!SHA1", True),
        ("ECDHE-RSA-AES128-GCM-SHA256:!MD5:@SECLEVEL=2", True),
        ("PROFILE=SYSTEM", None),
        ("", True),
        ("HIGH:!aNULL:!SHA1", True),
        ("PROFILE=SYSTEM:!SHA", True),
    ],
)
def test_only_new(listed: str, expected: bool | None) -> None:
    assert ciphers.only_new(listed) is expected


@pytest.mark.parametrize(
    ("listed", "broken", "weak", "cbc"),
    [
        ("", {}, {}, None),
        ("ECDHE+AESGCM:ECDHE+CHACHA20", {}, {}, None),
        ("ALL", {"anonymous": "ALL"}, {"static-rsa": "ALL"}, "ALL"),
        ("ALL:!aNULL:!kRSA:!CBC", {}, {}, None),
        ("HIGH", {}, {"static-rsa": "HIGH"}, "HIGH"),
        ("HIGH:MEDIUM:!aNULL:!kRSA", {}, {}, "HIGH"),
        ("aNULL:-aNULL:HIGH:!kRSA", {}, {}, "HIGH"),
        ("HIGH:!kRSA:ADH", {"anonymous": "ADH"}, {}, "HIGH"),
        ("ECDHE+AESGCM:RC4-SHA", {"rc4": "RC4-SHA"}, {}, None),
        ("ECDHE+AESGCM:RC4-SHA:!RC4", {}, {}, None),
        ("ECDHE+AESGCM:+RC4", {}, {}, None),
        ("ECDHE+AESGCM:RC4:-RC4", {}, {}, None),
        ("ECDHE+AESGCM:!kRSA:ECDHE+RC4", {"rc4": "ECDHE+RC4"}, {}, None),
        ("ECDHE+AESGCM:LOW:!EXP", {"des": "LOW"}, {}, None),
        ("EXP:!LOW:!ADH", {"export": "EXP"}, {}, None),
        ("eNULL:!aNULL", {"null": "eNULL"}, {}, None),
        ("ECDHE+AESGCM:EDH-RSA-DES-CBC3-SHA", {}, {"3des": "EDH-RSA-DES-CBC3-SHA"}, "EDH-RSA-DES-CBC3-SHA"),
        ("ECDHE+AESGCM:kECDH+AESGCM", {}, {"static-dh": "kECDH+AESGCM"}, None),
        ("ECDHE+AESGCM:RSA+AESGCM", {}, {"static-rsa": "RSA+AESGCM"}, None),
        ("ECDHE+AESGCM,DHE+AES128;", {}, {}, "DHE+AES128"),
        ("DEFAULT", {}, {}, None),
        ("DEFAULT:RC4", {"rc4": "RC4"}, {}, None),
        ("EECDH:!CBC", {}, {}, None),
        ("EECDH:!CBC:@SECLEVEL=0", {"null": "EECDH"}, {}, None),
        ("PSK:SRP", {}, {}, None),
        ("PROFILE=SYSTEM", {}, {}, None),
        ("HIGH:", {}, {"static-rsa": "HIGH"}, "HIGH"),
        ("HIGH:!", {}, {}, None),
        ("HIGH:$", {}, {}, None),
    ],
)
def test_classes(listed: str, broken: dict[str, str], weak: dict[str, str], cbc: str | None) -> None:
    found = ciphers.classes(listed)
    assert {name: word.text for name, word in found.broken.items()} == broken
    assert {name: word.text for name, word in found.weak.items()} == weak
    assert (found.cbc and found.cbc.text) == cbc


def test_without_a_security_level_a_list_asks_for_what_it_does_not_leave_out() -> None:
    assert set(ciphers.classes("EECDH", frozenset()).broken) == {"null", "anonymous"} - {"anonymous"}
    assert set(ciphers.classes("kEECDH", frozenset()).broken) == {"null", "anonymous"}


def put(
    listed: list[tuple[str, Span | None]] | None, builtin: str = "", lowest: str = "TLSv1.2"
) -> tuple[dict[str, object], dict[str, str]]:
    """Values of the fields, and line and columns that they end at."""
    draft = Draft("listener", Span("main.cf", 1, 1, 5))
    draft.put("tls_min", lowest)
    ciphers.put(draft, listed, [Origin("sets", WRITTEN)], builtin)
    fact = draft.fact()
    ends = {name: str(fact.origins[name][-1].where) for name in ciphers.FIELDS}
    return {name: fact.values[name] for name in ciphers.FIELDS if name in fact.values}, ends


@pytest.mark.parametrize(
    ("listed", "at"),
    [
        ([("ECDHE+AESGCM:RC4-SHA", Span("main.cf", 3, 11, 31))], "main.cf:3:24"),
        ([("ECDHE+AESGCM:RC4-SHA", Span("main.cf", 3, 11, 33))], "main.cf:3:25"),  # in quotes
        ([("ECDHE+AESGCM:RC4-SHA", Span("main.cf", 3, 11, 20))], "main.cf:3:11"),  # from a variable
        ([("ECDHE+AESGCM", WRITTEN), ("RC4-SHA", Span("main.cf", 4, 3, 10))], "main.cf:4:3"),
        ([("RC4-SHA", None)], "main.cf:3:11"),
    ],
)
def test_the_chain_ends_at_the_word(listed: list[tuple[str, Span | None]], at: str) -> None:
    values, ends = put(listed)
    assert (values["broken_ciphers"], ends["broken_ciphers"]) == (("rc4",), at)


@pytest.mark.parametrize(
    ("listed", "builtin", "lowest", "expected"),
    [
        ([("HIGH", WRITTEN)], "", "TLSv1.2", {"weak_ciphers": ("static-rsa",), "cbc_ciphers": True, "dhe": True}),
        ([("HIGH", WRITTEN)], "HIGH", "TLSv1.2", {"weak_ciphers": (), "cbc_ciphers": False, "dhe": True}),
        ([("HIGH", WRITTEN)], "", "TLSv1.3", {"weak_ciphers": (), "cbc_ciphers": False, "dhe": False}),
        ([("EECDH+AESGCM", WRITTEN)], "", "TLSv1.2", {"weak_ciphers": (), "cbc_ciphers": False, "dhe": False}),
    ],
)
def test_lists_that_ask_for_nothing_of_their_own(
    listed: list[tuple[str, Span | None]], builtin: str, lowest: str, expected: dict[str, object]
) -> None:
    assert put(listed, builtin, lowest)[0] == {"broken_ciphers": (), **expected}


@pytest.mark.parametrize("listed", [None, [("PROFILE=SYSTEM", WRITTEN)], [("HIGH:!", WRITTEN)]])
def test_an_unknown_list_leaves_all_fields_unknown(listed: list[tuple[str, Span | None]] | None) -> None:
    assert put(listed)[0] == {}


@pytest.mark.parametrize(
    ("listed", "level", "needs"),
    [
        ("DEFAULT", None, False),
        ("DEFAULT@SECLEVEL=0", 0, False),
        ("DEFAULT:@SECLEVEL=1", 1, True),
        ("AES128-GCM-SHA256:@SECLEVEL=0", 0, True),
        ("DEFAULT@SECLEVEL=", None, None),
        ("PROFILE=SYSTEM", None, None),
    ],
)
def test_security_levels(listed: str, level: int | None, needs: bool | None) -> None:
    assert ciphers.security_level(listed) == level
    assert ciphers.needs_tls12(listed) is needs
