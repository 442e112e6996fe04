"""Words of rules filled in."""

from __future__ import annotations

import pytest

from mailpolicy.judge import fill, findings
from mailpolicy.types import Fact, Grade, Origin, Rule, Span, Value


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("port {port} ({protocol})", "port 25 (smtp)"),
        ("{tls}", "?"),
        ("{mechanisms}", "LOGIN, PLAIN"),
        ("{certificate}", "none"),
        ("{vrfy}", "yes"),
        ("${if eq{$received_port}{25}{}{*}}", "${if eq{$received_port}{25}{}{*}}"),
    ],
)
def test_fill(words: str, expected: str) -> None:
    values: dict[str, Value] = {
        "port": 25,
        "protocol": "smtp",
        "mechanisms": ("LOGIN", "PLAIN"),
        "certificate": None,
        "vrfy": True,
    }
    assert fill(words, values) == expected


SHARED = Rule("r", "g", "error", "listener", {}, {"properties": {"tls": {"const": "required"}}}, ("tls",), "m", "f",
              "w", ("s",), grades=(Grade({"properties": {"port": {"const": 25}}}, "note"),))  # fmt: skip


@pytest.mark.parametrize(("ports", "severity"), [((25, 587), "error"), ((587, 25), "error"), ((25, 25), "note")])
def test_what_sockets_share_is_said_once_for_the_worst_of_them(ports: tuple[int, ...], severity: str) -> None:
    where = Origin("sets", Span("main.cf", 1, 1, 5))
    facts = [Fact("listener", {"tls": "none", "port": port}, {"tls": (where,)}) for port in ports]
    assert [f.severity for f in findings(facts, {"r": SHARED}, {}, {})] == [severity]


@pytest.mark.parametrize(("other", "rules"), [("f", ["a"]), ("g", ["a", "b"]), ("", ["a", "b"])])
def test_the_same_fix_at_the_same_place_is_said_once(other: str, rules: list[str]) -> None:
    facts = [Fact("listener", {"tls": "none"}, {"tls": (Origin("sets", Span("nginx.conf", 1, 1, 5)),)})]
    both = {name: SHARED._replace(id=name, fix=fix, fixes={"any": fix}) for name, fix in (("a", "f"), ("b", other))}
    assert [f.rule for f in findings(facts, both, {}, {})] == rules


def test_a_rule_that_is_off_hides_none_with_the_same_fix() -> None:
    facts = [Fact("listener", {"tls": "none"}, {"tls": (Origin("sets", Span("nginx.conf", 1, 1, 5)),)})]
    both = {name: SHARED._replace(id=name, fixes={"any": "f"}) for name in ("a", "b")}
    assert [f.rule for f in findings(facts, {"b": both["b"]}, both, {})] == ["b"]
