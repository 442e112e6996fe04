"""The dialect of TOML of Stalwart 0.3 to 0.15."""

from __future__ import annotations

import pytest

from mailpolicy.readers.stalwart.settings import parse
from mailpolicy.text import Source


def values(text: str) -> dict[str, str]:
    settings, unread = parse(Source("config.toml", text))
    assert unread == ()
    return {key: setting.value for key, setting in settings.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[A.\"B C\"]\nd = 1", {"a.B C.d": "1"}),
        ("[a . b] and more\nc.d = tRue", {"a.b.c.d": "tRue"}),
        ("a = [ 'x', [\"y\"], ] # end", {"a.0000": "x", "a.0001.0000": "y"}),
        ("a = [{if = \"x\", then = 1},\n {else = false}]",
         {"a.0000.if": "x", "a.0000.then": "1", "a.0001.else": "false"}),
        ("a = {\n 'b', \"c d\",\n e = 1 }", {"a.'b'": "", "a.c d": "", "a.e": "1"}),
        ("[[a]]\nb = 1\n[[a]]\nb = 2\n[[c]]\nb = 3", {"a.0000.b": "1", "a.0001.b": "2", "c.0000.b": "3"}),
        ("[[a]]\nb = 1\n[a]\nb = 2", {"a.0000.b": "1", "a.b": "2"}),
        (r'a = "x\ty\"z"', {"a": 'x\ty"z'}),
        (r"a = 'x\'y'", {"a": "x'y"}),
        (r'a = "x\\" y"', {"a": r'x\" y'}),
        ('a = """\nx\\ty"""', {"a": "x\\ty"}),
        ('a = "x\ny"', {"a": "x\ny"}),
        ("a = {{ b | c }} # d", {"a": "{{ b | c }}"}),
        ("a = [ {{ b }}, 'c' ]", {"a.0000": "{{ b }}", "a.0001": "c"}),
        ("{% if x %}\na = __B__\n{% endif %}", {"a": "__B__"}),
        ("a.b = ''", {"a.b": ""}),
        ('a = "{{ env "B" }}:25" # c', {"a": '{{ env "B" }}:25'}),
        ('a = "{{ env"', {"a": "{{ env"}),
    ],
)  # fmt: skip
def test_the_dialect(text: str, expected: dict[str, str]) -> None:
    assert values(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a = 1\na = 2", "sets a key for a second time"),
        ('"a.b" = 1\n[a]\nb = 2', "sets a key for a second time"),
        ("a = 1_000", "stands behind a value"),
        ("a = {}", "is no key with a value"),
        ("a = {'b',}", "is no key with a value"),
        ("[a.'b']\n", 'is no heading of a table; it may be quoted by " alone'),
        ("a = " + "[" * 11 + "]" * 11, "is nested too deeply"),
    ],
)
def test_what_the_dialect_refuses(text: str, why: str) -> None:
    (unread,) = parse(Source("config.toml", text))[1]
    assert (unread.why, unread.fatal) == (f"{why}; Stalwart does not start", True)
