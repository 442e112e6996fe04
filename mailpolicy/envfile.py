"""``KEY=value`` files that docker compose and bash read alike: ``mailcow.conf``, ``mailu.env``, ``mailserver.env``.

After dotenv/parser.go of compose-go 2 and what bash 5.2 does: quotes, which may go on over lines, ``export``, comments
after a blank, expansion of what stands above. What only the environment or a template knows is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mailpolicy.lean import NamedTuple
from mailpolicy.placeholders import TEMPLATE
from mailpolicy.text import Source
from mailpolicy.types import Span, Unread

_LINE = re.compile(r"[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)[ \t]*(?P<is>=[ \t]*(?=[\"'])|=)?")
_NAME = re.compile(r"\$(?:\{(\w+)\}|([A-Za-z_]\w*))")
_MOST = 1_000_000
"""Characters that variables may come to in one file; those that double one another come to any number."""
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


KEPT = "@"
"""After the name of a setting: where its value is kept (``file``, ``environment``), where that is unknown."""


class Setting(NamedTuple):
    """One assignment. ``value`` is None where a template or the environment fills it in."""

    name: str
    value: str | None
    where: Span
    """The value without its quotes; the name where it is empty."""


class EnvFile(NamedTuple):
    """All settings by name, the last of each, and what was not understood."""

    settings: Mapping[str, Setting]
    unread: tuple[Unread, ...]
    filled: Span | None
    """Where a template or the environment first fills something in."""


def parse(source: Source) -> EnvFile:
    """Reads a file of assignments; the later of two of one name holds."""
    settings: dict[str, Setting] = {}
    unread: list[Unread] = []
    filled: Span | None = None
    depth = spent = 0
    for at, end in _statements(source.text):
        line = source.text[at:end].strip()
        if line.startswith(("{%", "<%", "{#", "{{")):
            filled = filled or source.span(at, end)
            depth += bool(re.match(r"\{%-?\s*(if|for)\b", line)) - bool(re.match(r"\{%-?\s*end(if|for)\b", line))
            continue
        found = _LINE.match(source.text, at, end)
        if found is None or (found["is"] is None and found.end() < end and line != found["name"]):
            unread.append(Unread(source.span(at, end), "is no assignment (NAME=value)"))
            continue
        if found["is"] is None:
            continue  # handed on from the environment
        setting = _setting(source, found, end, settings, _MOST - spent)
        if setting is None:
            unread.append(Unread(source.span(found.end(), end), "a quote is not closed"))
            continue
        spent += len(setting.value or "") if "$" in source.text[at:end] else 0
        if setting.value is None or depth:
            filled = filled or setting.where
            setting = setting._replace(value=None)
        settings[setting.name] = setting
    return EnvFile(settings, tuple(unread), filled)


def _statements(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of what is neither blank nor a comment; a quoted value may go on over lines."""
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end].strip()
        if line and not line.startswith("#"):
            found = _LINE.match(text, at, end)
            if found and found["is"] and text[found.end() : found.end() + 1] in ('"', "'"):
                close = _close(text, found.end())
                if close > end:
                    after = text.find("\n", close)
                    end = len(text) if after < 0 else after
            yield at, end
        at = end + 1


def _close(text: str, start: int) -> int:
    """Where the quote that opens at ``start`` is closed, or -1. Only in double quotes does a backslash escape."""
    quote, at = text[start], start + 1
    while True:
        at = text.find(quote, at)
        if at < 0 or quote == "'" or not _escaped(text, at, start):
            return at
        at += 1


def _escaped(text: str, at: int, start: int) -> bool:
    back = at
    while back - 1 > start and text[back - 1] == "\\":
        back -= 1
    return (at - back) % 2 == 1


def _setting(source: Source, found: re.Match[str], end: int, above: Mapping[str, Setting], most: int) -> Setting | None:
    """The setting of a line, expanded to ``most`` characters; None when its quote is not closed."""
    name, start, text = found["name"], found.end(), source.text
    quote = text[start : start + 1] if start < end else ""
    if quote in ('"', "'") and quote:
        close = _close(text, start)
        if close < 0 or close > end:
            return None
        raw, start = text[start + 1 : close], start + 1
        value = raw if quote == "'" else re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), raw, flags=re.DOTALL)
    else:
        raw = value = re.split(r"\s#", text[start - 1 : end], maxsplit=1)[0][1:].strip()
    where = source.span(start, start + len(raw)) if raw else source.span(*found.span("name"))
    return Setting(name, value if quote == "'" else _expanded(value, above, most), where)


def _expanded(value: str, above: Mapping[str, Setting], most: int) -> str | None:
    """A value with what stands above put in; None when something else has a part in it, and when it is too long."""
    if TEMPLATE.search(value) or re.search(r"\$[({]|`", _NAME.sub("", value)):
        return None
    named = [above.get(match[1] or match[2]) for match in _NAME.finditer(value)]
    values = [setting.value for setting in named if setting is not None and setting.value is not None]
    if len(values) < len(named) or sum(map(len, values)) > most:
        return None
    left = iter(values)
    return _NAME.sub(lambda _: next(left), value)
