"""Assignments to keys of one hash in a Ruby file, such as ``gitlab_rails['smtp_port'] = 587`` in gitlab.rb.

Ruby is not run: literals are read, what anything else makes is unknown, as is what stands in a branch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.envfile import KEPT, Setting
from mailpolicy.lean import NamedTuple
from mailpolicy.placeholders import filled
from mailpolicy.text import Source
from mailpolicy.types import Span, Unread

_INDENT = 200
"""Blanks before a word that begins a statement, at most."""
_STRING = r"'(?:[^'\\\n]|\\[^\n])*'|\"(?:[^\"\\\n]|\\[^\n])*\""
"""On one line; what goes on below is unknown."""
_TOKEN = re.compile(
    r"^[ \t]*(?:\{%[-+]?|<%-?|\{\{-?)[ \t]*(?P<control>if|for|unless|range|with|end\w*)\b[^\n]*"
    r"|(?P<comment>#[^\n]*|^=begin\b.*?(?:^=end\b|\Z))"
    r"|<<[-~]?(?P<quote>['\"]?)(?P<tag>[A-Z_]\w*)(?P=quote)[^\n]*"
    r"|\b(?P<root>\w+)\[[ \t]*(?:'(?P<one>\w+)'|\"(?P<two>\w+)\"|:(?P<three>\w+))[ \t]*\][ \t]*"
    r"(?P<is>\|\|=|=(?![=~>]))[ \t]*"
    rf"|(?P<string>{_STRING})|['\"][^\n]*"
    r"|(?<![.:\w])(?P<word>if|unless|case|while|until|begin|do|def|end)\b(?![:?=(])",
    re.MULTILINE | re.DOTALL,
)
_VALUE = re.compile(rf"(?P<string>{_STRING})|(?P<bare>true|false|nil|-?\d+|:\w+)\b", re.DOTALL)
_REST = re.compile(r"[ \t]*(?:\.freeze)?[ \t\r]*(?=[;\n#]|\Z)")
_ENVIRONMENT = re.compile(r"\(?ENV(?:\[|\.fetch\b)")
_FILE = re.compile(r"(?:::)?File\.(?:read|open)\b|IO\.read\b")


class Assigned(NamedTuple):
    """The settings of the hash, the last of each, and what was not understood."""

    settings: Mapping[str, Setting]
    unread: tuple[Unread, ...]


def parse(source: Source, root: str, start: int = 0, end: int | None = None) -> Assigned:
    """What a text, or a part of one, assigns to the keys of ``root``. ``nil`` is as if nothing were assigned."""
    text = source.text
    end = len(text) if end is None else end
    settings: dict[str, Setting] = {}
    depth = templates = 0
    at = start
    while found := _TOKEN.search(text, at, end):
        at = found.end()
        if found["tag"]:
            close = re.compile(rf"^[ \t]*{found['tag']}\b", re.MULTILINE).search(text, at, end)
            if close is None:
                return Assigned(settings, (Unread(source.span(found.start(), at), "a text that is not closed"),))
            at = close.end()
        elif found["control"]:
            templates = max(0, templates + (-1 if found["control"].startswith("end") else 1))
        elif found["word"]:
            depth = _nested(text, found, depth)
        elif found["root"] == root:
            name = found["one"] or found["two"] or found["three"]
            at = _assign(source, settings, name, found, end, depth + templates > 0)
    return Assigned(settings, ())


def _nested(text: str, found: re.Match[str], depth: int) -> int:
    word = found["word"]
    if word == "end":
        return max(depth - 1, 0)
    before = text[max(0, found.start() - _INDENT) : found.start()].rstrip(" \t")
    modifies = word in ("if", "unless", "while", "until") and before[-1:] not in ("", "\n", ";")
    return depth if modifies else depth + 1


def _assign(
    source: Source, settings: dict[str, Setting], name: str, found: re.Match[str], end: int, doubtful: bool
) -> int:
    """Takes an assignment; where its value ends."""
    text, at = source.text, found.end()
    key = next(group for group in ("one", "two", "three") if found[group])
    settings.pop(name + KEPT, None)
    literal = _VALUE.match(text, at, end)
    if literal is None or not _REST.match(text, literal.end()):
        stop = text.find("\n", at, end)
        where = source.span(at, at + len(text[at : stop if stop >= 0 else end].rstrip()))
        settings[name] = Setting(name, None, where)
        kept = "environment" if _ENVIRONMENT.match(text, at) else "file" if _FILE.match(text, at) else ""
        if kept:
            settings[name + KEPT] = Setting(name + KEPT, kept, where)
        return at
    value, inner = _literal(literal)
    where = source.span(*inner) if inner[1] > inner[0] else source.span(*found.span(key))
    if literal["bare"] == "nil" and not doubtful and found["is"] == "=":
        settings.pop(name, None)
    elif doubtful or found["is"] != "=" or "#{" in value or filled(value):
        settings[name] = Setting(name, None, where)
    else:
        settings[name] = Setting(name, value, where)
    return literal.end()


def _literal(found: re.Match[str]) -> tuple[str, tuple[int, int]]:
    """The value of a literal, and where it stands without its quotes."""
    start, end = found.span()
    if found["bare"]:
        return found["bare"].removeprefix(":"), (start, end)
    raw = found[0][1:-1]
    if "\\" in raw:
        raw = re.sub(r"\\([\\'])", r"\1", raw) if found[0][0] == "'" else re.sub(r"\\(.)", r"\1", raw, flags=re.DOTALL)
    return raw, (start + 1, end - 1)


def block(source: Source, where: Span) -> tuple[int, int]:
    """The part of a YAML file that is a scalar at ``where``: the rest of its line and the deeper lines below."""
    line = source.line(where.line)
    indent = len(line) - len(line.lstrip(" "))
    last = where.line
    while last < len(source.starts):
        below = source.line(last + 1)
        if below.strip() and len(below) - len(below.lstrip(" ")) <= indent:
            break
        last += 1
    end = source.starts[last] if last < len(source.starts) else len(source.text)
    return source.starts[where.line - 1] + where.column - 1, end
