"""The policy of a site."""

from __future__ import annotations

import pytest

from mailpolicy import policy
from mailpolicy.policy import BadPolicy, Policy
from mailpolicy.types import Grade, Number, Rule


def rule(name: str, severity: str = "error") -> Rule:
    return Rule(name, "g", severity, "listener", {}, {}, ("tls",), "m", "f", "r", ("s",))


RULES = {name: rule(name) for name in ("open-relay", "vrfy-enabled")}
PROFILES: dict[str, dict[str, object]] = {
    "default": {"extends": None, "rules": {}},
    "strict": {"extends": "default", "rules": {"vrfy-enabled": "warning"}},
}


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        (Policy(), {"open-relay": "error", "vrfy-enabled": "error"}),
        (Policy(profile="strict"), {"open-relay": "error", "vrfy-enabled": "warning"}),
        (Policy(profile="strict", rules={"vrfy-enabled": "off"}), {"open-relay": "error"}),
        (Policy(rules={"open-relay": "note"}), {"open-relay": "note", "vrfy-enabled": "error"}),
    ],
)
def test_apply(site: Policy, expected: dict[str, str]) -> None:
    assert {name: r.severity for name, r in policy.apply(RULES, PROFILES, site).items()} == expected


@pytest.mark.parametrize(
    ("site", "words"),
    [
        (Policy(rules={"open-realy": "off"}), "did you mean 'open-relay'"),
        (Policy(profile="strickt"), "did you mean 'strict'"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(site: Policy, words: str) -> None:
    with pytest.raises(BadPolicy, match=words):
        policy.apply(RULES, PROFILES, site)


LIMITED: dict[str, dict[str, object]] = {
    "default": {"extends": None, "rules": {}, "numbers": {"rsa_bits": 2048, "ec_bits": 224}},
    "strict": {"extends": "default", "numbers": {"rsa_bits": 3072}},
}


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        (Policy(), (2048, 224)),
        (Policy(profile="strict"), (3072, 224)),
        (Policy(numbers={"ec_bits": 256}), (2048, 256)),
        (Policy(profile="strict", numbers={"rsa_bits": 1024}), (1024, 224)),
    ],
)
def test_numbers_of_profile_and_site(site: Policy, expected: tuple[int, int]) -> None:
    conditions = {"allOf": [{"minimum": Number("rsa_bits", 2048)}, {"minimum": Number("ec_bits", 224)}]}
    grade = Grade({"maximum": Number("rsa_bits", 2048)}, "note")
    rules = {"r": rule("r")._replace(when=conditions, require=conditions, grades=(grade,))}
    made = policy.numbered(rules, LIMITED, site)["r"]
    wanted = {"allOf": [{"minimum": expected[0]}, {"minimum": expected[1]}]}
    assert (made.when, made.require, made.grades[0].when) == (wanted, wanted, {"maximum": expected[0]})


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("old", "old/main.cf", True),
        ("old", "a/old/main.cf", True),
        ("old/", "old/main.cf", True),
        ("a/old", "b/a/old/main.cf", False),
        ("*.sample", "a/main.cf.sample", True),
        ("a/*.cf", "a/b/main.cf", False),
        ("a/**/main.cf", "a/b/c/main.cf", True),
        ("a/**/main.cf", "a/main.cf", True),
        ("**/main.cf", "x/main.cf", True),
        ("main.c?", "main.cf", True),
        ("a+b", "a+b/x", True),
        ("old", "older/main.cf", False),
    ],
)
def test_exclude(pattern: str, path: str, expected: bool) -> None:
    assert policy.excluded(Policy(path="mailpolicy.yaml", exclude=(pattern,)), path) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3.7", (3, 7)),
        ("cyrus-imapd 3.6", (3, 6)),
        ("OpenSMTPD 6.8.0p2-portable", (6, 8, 0)),
        ("none", ()),
        ("3.7.11-0+deb12u1", (3, 7, 11)),
        ("2.3.19.1", (2, 3, 19)),
        ("4", (4,)),
        ("2.4.1+dfsg1-6", (2, 4, 1)),
    ],
)
def test_numbers(text: str, expected: tuple[int, ...]) -> None:
    assert policy.numbers(text) == expected
