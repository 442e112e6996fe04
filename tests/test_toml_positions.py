"""TOML with positions against tomllib."""

from __future__ import annotations

import contextlib
import time
import tomllib

import pytest

from mailpolicy.strict_yaml import Node, YamlError
from mailpolicy.text import Source
from mailpolicy.toml_positions import load
from mailpolicy.toml_scan import STALWART, Wrong, scan

DOCUMENT = r'''# a comment
title = "one # two" # three
"quoted key" = 'C:\dir'
"tab\tbed" = "a\tb \u00e9"
a.b . "c.d" = 1
when = 1979-05-27 07:32:00
time = 07:32:00
numbers = [ 1, +2, 0x1F, 1_000, 1.5e3, -inf, # more
  [ "nested", [] ],
]
point = { x = 1, y = { z = "deep" } }
empty = {}
none = ""
long = """
first "quoted" line
second\
   joined """"
raw = \'\'\'
it's 'raw' \n\'\'\'
yes = true

[ table . "sub" ] # behind
key = "value"
[[list]]
n = 1
[[list.inner]]
n = 2
[[list]]
[list.table]
n = 3
'''.replace("\\'\\'\\'", "'''")


def plain(value: object) -> object:
    """tomllib's data as nodes have it: dates are text."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool) else str(value)


@pytest.mark.parametrize("text", [DOCUMENT, DOCUMENT.replace("\n", "\r\n"), "", "# nothing", "a = 1"])
def test_the_values_are_those_of_tomllib(text: str) -> None:
    assert load(Source("a.toml", text)).plain() == plain(tomllib.loads(text))


def shown(node: Node, text: str) -> tuple[str, str]:
    """The texts at the place of a node and of its key."""
    lines = text.split("\n")
    spans = (node.where, node.key or node.where)
    return tuple(lines[s.line - 1][s.column - 1 : s.end_column - 1] for s in spans)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (["title"], ("one # two", "title")),
        (["quoted key"], (r"C:\dir", '"quoted key"')),
        (["tab\tbed"], (r"a\tb \u00e9", r'"tab\tbed"')),
        (["a", "b"], ("a.b", "a.b")),
        (["a", "b", "c.d"], ("1", 'a.b . "c.d"')),
        (["when"], ("1979-05-27 07:32:00", "when")),
        (["numbers", 2], ("0x1F", "numbers")),
        (["numbers", 6, 0], ("nested", "numbers")),
        (["numbers"], ("[ 1, +2, 0x1F, 1_000, 1.5e3, -inf, # more", "numbers")),
        (["point", "x"], ("1", "x")),
        (["point", "y", "z"], ("deep", "z")),
        (["empty"], ("{}", "empty")),
        (["none"], ('""', "none")),
        (["long"], ('first "quoted" line', "long")),
        (["raw"], ("it's 'raw' \\n", "raw")),
        (["table"], ("table", "table")),
        (["table", "sub"], ('table . "sub"', 'table . "sub"')),
        (["table", "sub", "key"], ("value", "key")),
        (["list"], ("list", "list")),
        (["list", 0, "inner", 0, "n"], ("2", "n")),
        (["list", 1, "table"], ("list.table", "list.table")),
        (["list", 1, "table", "n"], ("3", "n")),
    ],
)
def test_positions(path: list[str | int], expected: tuple[str, str]) -> None:
    assert shown(load(Source("a.toml", DOCUMENT)).at(path), DOCUMENT) == expected


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("a = 1\na = 2", 2, "cannot overwrite a value"),
        ("a = 1\n\n[a]\n", 3, "cannot overwrite a value"),
        ("a = \n", 1, "is no value"),
        ("a = 1 b = 2", 1, "stands behind a value"),
        ("[a\nb = 1", 1, "is no heading of a table"),
        ("a = [1\nb = 2", 2, "is neither a comma nor the closing ]"),
        ("a = {b = 1\n", 2, "is neither a comma nor the closing }"),
        ("a\n", 1, "is no key with a value"),
        ('a = "b\n', 1, "is a string without an end"),
        (r'a = "\q"', 1, "unescaped '\\' in a string"),
        ("a = 2023-02-30", 1, "invalid date"),
        ("x = 1\na = " + "1" * 5000, 1, "exceeds the limit"),
        ("a = " + "[" * 5000, 1, "is nested too deeply"),
        ("a = " + "{b = " * 5000, 1, "is nested too deeply"),
        (".".join("a" * 5000) + " = 1", 1, "is nested too deeply"),
        ("[" + ".".join("a" * 5000) + "]", 1, "is nested too deeply"),
    ],
)
def test_what_is_no_toml(text: str, line: int, why: str) -> None:
    with pytest.raises(YamlError) as raised:
        load(Source("a.toml", text))
    assert why in str(raised.value).lower()
    assert raised.value.where.line == line


@pytest.mark.parametrize(
    "text",
    [
        "[[a]]\nb = 1\n" * 20_000,
        "a = [" + "1, " * 100_000 + "]",
        "a = \"\"\"" + 'x"' * 100_000,
        "a = '" + "\\\\" * 100_000,
        "a = {" + "b={" * 100_000,
        "[" + '"' * 100_000,
        '"' + "\\" * 100_000,
        "\n".join(f"[t{n}]\n'k' = {{a = 1}}" for n in range(10_000)),
        "{{ x }}\n" * 20_000,
        "a = [" + "{{," * 100_000,
        "a = [" + "__A{{," * 50_000,
        'a = "' + "{{" * 100_000,
        'a = "' + "{{ x " * 100_000,
    ],
)  # fmt: skip
def test_both_take_linear_time(text: str) -> None:
    start = time.perf_counter()
    with contextlib.suppress(YamlError):
        load(Source("a.toml", text))
    with contextlib.suppress(Wrong):
        list(scan(text, STALWART))
    assert time.perf_counter() - start < 5
