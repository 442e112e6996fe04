"""What PHP configurations assign; tests/real/test_php.py holds the same programs against PHP itself."""

from __future__ import annotations

import time

import pytest

from mailpolicy.php_literals import PhpValue
from mailpolicy.php_values import parse
from mailpolicy.text import Source

Plain = object


def plain(value: PhpValue) -> Plain:
    """A value as JSON has it; ``?`` where it is not known."""
    if value.items is not None:
        return {key: plain(item) for key, item in value.items.items()}
    return value.value if value.known else "?"


def config(text: str) -> Plain:
    return plain(parse(Source("config.php", text)).variables["config"])


PROGRAMS = [
    ("$config['a'] = 'b';", {"a": "b"}),
    ('$config["a"] = "b";', {"a": "b"}),
    ("$config['a'] = 'it\\'s \\n';", {"a": "it's \\n"}),
    ('$config["a"] = "x\\ty\\x41\\101\\u{e9} \\$z \\q";', {"a": "x\tyAA\u00e9 $z \\q"}),
    ("$config['a'] = 'x' . 'y' . 1;", {"a": "xy1"}),
    ("define('HOST', 'mx'); const PORT = 465; $config['a'] = 'ssl://' . HOST . ':' . PORT;", {"a": "ssl://mx:465"}),
    ("$host = 'mx'; $config['a'] = 'ssl://' . $host;", {"a": "ssl://mx"}),
    ("$config['a'] = 1; $config['b'] = $config['a'];", {"a": 1, "b": 1}),
    ("$config = array('a' => array('b' => false, 'c' => NULL));", {"a": {"b": False, "c": None}}),
    ("$config = ['a' => ['x', 'y', 5 => 'z', 'w',],];", {"a": {"0": "x", "1": "y", "5": "z", "6": "w"}}),
    ("$config['a']['b']['c'] = 1; $config['a']['b']['d'] = 2;", {"a": {"b": {"c": 1, "d": 2}}}),
    ("$config['a'][] = 'x'; $config['a'][] = 'y';", {"a": {"0": "x", "1": "y"}}),
    ("$config['a'] = 1; $config['a'] = 2;", {"a": 2}),
    ("$config['a'] = 'x'; $config['a'] .= 'y';", {"a": "xy"}),
    ("$config['a'] ??= 'x'; $config['a'] ??= 'y';", {"a": "x"}),
    ("$config['a'] = ('x');", {"a": "x"}),
    ("$config['a'] = -5; $config['b'] = 0x1F; $config['c'] = 010;", {"a": -5, "b": 31, "c": 8}),
    ("$config['a'] = 1.5; $config['b'] = True;", {"a": 1.5, "b": True}),
    ("// $config['a'] = 1;\n# $config['b'] = 1;\n/* $config['c'] = 1; */ $config['d'] = 1; // x", {"d": 1}),
    ("$config['a'] = 1; // the end ?> $config['b'] = 1; <?php $config['c'] = 1;", {"a": 1, "c": 1}),
    ("$config['a'] = <<<'END'\nit's\nEND;\n$config['b'] = 1;", {"a": "it's", "b": 1}),
    ("function f() { $config['z'] = 1; return 2; } $config['a'] = 1;", {"a": 1}),
    ("$config['a'] = 1; return; $config['b'] = 2;", {"a": 1}),
    ("{ $config['a'] = 1; }", {"a": 1}),
]  # fmt: skip
"""Programs that PHP runs without anything from outside, and what is in ``$config`` then."""


@pytest.mark.parametrize(("text", "expected"), PROGRAMS)
def test_what_is_assigned(text: str, expected: object) -> None:
    assert config("<?php\n" + text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$config['a'] = getenv('A');", {"a": "?"}),
        ("$config['a'] = getenv('A') ?: 'x';", {"a": "?"}),
        ("$config['a'] = 'x' . gethostname();", {"a": "?"}),
        ('$config["a"] = "ssl://$host";', {"a": "?"}),
        ('$config["a"] = "ssl://{$host}";', {"a": "?"}),
        ("$config['a'] = $unset;", {"a": "?"}),
        ("$config['a'] = UNSET;", {"a": "?"}),
        ("if (f()) { $config['a'] = 1; } $config['b'] = 2;", {"a": "?", "b": 2}),
        ("if (f()) $config['a'] = 1; else $config['b'] = 1; $config['c'] = 2;", {"a": "?", "b": "?", "c": 2}),
        ("if (f()): $config['a'] = 1; else: $config['b'] = 1; endif; $config['c'] = 2;", {"a": "?", "b": "?", "c": 2}),
        ("if (f()) return; $config['c'] = 2;", {"c": 2}),
        ("$config['a'] = 1; unset($config['a']); $config['b'] = 2;", {"a": None, "b": 2}),
        ("$config['a'] = 1; $config = array_merge($config, f()); $config['b'] = 2;", {"b": 2}),
        ("$config['a'] = {{ port }}; $config['b'] = 2;", {"a": "?", "b": 2}),
        ("$config['a'] = 'ssl://{{ host }}';", {"a": "?"}),
        ("{% if x %}\n$config['a'] = 1;\n{% endif %}\n$config['b'] = 2;", {"a": "?", "b": 2}),
        ("$config['a'] = [\n{% for x in y %}\n'x',\n{% endfor %}\n]; $config['b'] = 1;", {"a": {"0": "?"}, "b": 1}),
        ("$config[$x] = 1; $config['b'] = 2;", {"b": 2}),
        ("'zipdownload',\n);\n*/\n$config['a'] = 1;", {"a": 1}),
        ("}\n)];\n$config['a'] = 1;", {"a": 1}),
    ],
)
def test_what_only_a_run_would_tell_is_not_known(text: str, expected: object) -> None:
    assert config(text) == expected


def test_after_a_merge_what_is_not_set_is_not_known() -> None:
    php = parse(Source("c", "$config = array_merge($config, f()); $config['b'] = 2;"))
    missing, there = php.variables["config"].get("a"), php.variables["config"].get("b")
    assert missing is not None and not missing.known
    assert there is not None and there.text() == "2"


@pytest.mark.parametrize(
    ("text", "under"),
    [
        ("$config['a'] = 'bcd';", "bcd"),
        ("$config['a'] = '';", "''"),
        ("$config['a'] = false;", "false"),
        ("$config['a'] = 'x' . 'y';", "'x' . 'y'"),
        ("$config['a'] = getenv('A');", "getenv('A')"),
        ("$config = ['a' => \"bcd\"];", "bcd"),
    ],
)
def test_positions_lie_on_the_value(text: str, under: str) -> None:
    value = parse(Source("c", text)).variables["config"].get("a")
    assert value is not None
    assert text[value.where.column - 1 : value.where.end_column - 1] == under


def test_an_override_remembers_what_it_overrides() -> None:
    value = parse(Source("c", "$config['a'] = 1;\n$config['a'] = 2;")).variables["config"].get("a")
    assert value is not None
    assert [(o.how, o.where.line) for o in value.origins() if o.where] == [("sets", 1), ("overrides", 2)]


def test_includes_and_returned_values_are_handed_on() -> None:
    php = parse(Source("c", "<?php include 'a.php'; require_once(__DIR__ . '/b.php'); return ['x' => 1];"))
    assert [plain(value) for value in php.includes] == ["a.php", "?"]
    assert php.returned is not None and plain(php.returned) == {"x": 1}


def test_a_quote_that_is_not_closed_is_unread() -> None:
    php = parse(Source("c", "$config['a'] = 1;\n$config['b'] = 'x;\n"))
    assert [(unread.where.line, unread.why) for unread in php.unread] == [(2, "a quote is not closed")]


@pytest.mark.parametrize(
    "text",
    ["(" * 300_000, "[" * 300_000, "$a[" * 100_000, "{" * 300_000, "if (1) " * 100_000, "if (1) while (1) " * 50_000,
     "$a = $a . 'x';" * 50_000, "'" * 300_001, "/*" * 100_000, "<<<A\n" * 50_000, "$a['b']['c'][] = 1;" * 30_000,
     "$a = [" * 60_000, "x" * 1_000_000, "<?php ?>" * 50_000, "{% " * 20_000, "else " * 99_999,
     "$a .= 'xx';" * 50_000],
)  # fmt: skip
def test_hostile_texts_cost_linear_time(text: str) -> None:
    begun = time.monotonic()
    parse(Source("c", text))
    assert time.monotonic() - begun < 10
