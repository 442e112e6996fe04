"""YAML without surprises."""

from __future__ import annotations

import pytest

from mailpolicy.strict_yaml import YamlError, load, load_all, merged
from mailpolicy.text import Source


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on: no", {"on": "no"}),
        ("a: 25:25", {"a": "25:25"}),
        ("a: 010", {"a": 10}),
        ("a: 0x1f", {"a": "0x1f"}),
        ("a: 'true'", {"a": "true"}),
        ("a: true", {"a": True}),
        ("a: 1.5", {"a": 1.5}),
        ("a: ~", {"a": None}),
        ("a:", {"a": None}),
        ("a: [1, x]", {"a": [1, "x"]}),
        ("993: a", {"993": "a"}),
        ("a: |\n  x\n", {"a": "x\n"}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("", None),
        ("a: 2026-01-01", {"a": "2026-01-01"}),
        ("a: 99999999999999999999", {"a": "99999999999999999999"}),
    ],
)
def test_values(text: str, expected: object) -> None:
    node = load(Source("f", text))
    assert node.plain() == expected


def test_positions() -> None:
    node = load(Source("f", "a: 1\nlist:\n  - {port: 25, tls: none}\n"))
    value = node.at(["list", 0, "tls"])
    assert (value.where.line, value.where.column, value.where.end_column) == (3, 21, 25)
    assert value.key is not None
    assert (value.key.line, value.key.column, value.key.end_column) == (3, 16, 19)


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
)


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("a: 1\na: 2\n", "twice", 2),
        ("a: [1\n", "not YAML", 2),
        ("a: 1\n\tb: 2\n", "not YAML", 2),
        ("? [a]\n: b\n", "plain word", 1),
        (BOMB, "too many", None),
        ("a: *b\n", "not YAML", 1),
        ("[" * 2000, "nest", None),
    ],
    ids=["double key", "unclosed", "tab", "complex key", "bomb", "no anchor", "deep"],
)
def test_errors_have_positions(text: str, words: str, line: int | None) -> None:
    with pytest.raises(YamlError, match=words) as problem:
        load(Source("f", text))
    assert line is None or problem.value.where.line == line


def test_documents_one_after_the_other() -> None:
    tops = load_all(Source("a", "---\na: 1\n---\n---\nb: 2\n"))
    assert [top.plain() for top in tops] == [{"a": 1}, {"b": 2}]
    assert tops[1].at(["b"]).where[1:] == (5, 4, 5)


def test_a_key_that_may_stand_twice_has_no_value() -> None:
    source = Source("a", "a: 1\nb: 2\na: 3\n")
    assert load_all(source, twice=True)[0].plain() == {"a": None, "b": 2}
    with pytest.raises(YamlError, match="twice"):
        load_all(source)


def test_merge_keys_add_what_is_not_said() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], z: 3}\nd: {<<: *a}\n"
    items = load(Source("a", text)).items or {}
    assert {key: node.scalar for key, node in merged(items["c"]).items()} == {"x": 1, "y": 1, "z": 3}
    assert set(merged(items["d"])) == {"x", "y"}
    assert merged(None) == {}


@pytest.mark.parametrize("text", ["{" * 300_000, "[" * 300_000, "- " * 300_000, "? " * 300_000, '{"a":' * 100_000])
def test_nesting_without_end_is_refused_before_it_overflows_the_stack(text: str) -> None:
    with pytest.raises(YamlError, match="nest"):
        load(Source("f", text))


def test_many_brackets_side_by_side_are_no_depth() -> None:
    node = load(Source("f", "a:\n" + "  - {b: [1]}\n" * 500))
    assert len(node.at(["a"]).entries or ()) == 500
