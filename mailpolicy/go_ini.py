"""Files of go-ini (``gopkg.in/ini.v1``), which Grafana, Gitea and Forgejo are set up by.

After parser.go and key.go of go-ini 1.67: ``#`` and ``;`` end a value anywhere outside of quotes, ``=`` and ``:`` part
names from values, the last of two keys holds, sections of one name are one, names are read as they are written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.envfile import Setting
from mailpolicy.lean import NamedTuple
from mailpolicy.placeholders import TEMPLATE
from mailpolicy.text import Source
from mailpolicy.types import Span, Unread

_TRUE = frozenset(("1", "t", "T", "true", "TRUE", "True", "YES", "yes", "Yes", "y", "ON", "on", "On"))
_FALSE = frozenset(("0", "f", "F", "false", "FALSE", "False", "NO", "no", "No", "n", "OFF", "off", "Off"))
_CONTROL = re.compile(r"\{%-?\s*(\w+)|\{\{-?\s*(if|range|with|else|end)\b")
_FILLED = re.compile(TEMPLATE.pattern + r"|^\{ ?\w+ ?\}|[:/@]\{ ?\w+ ?\}")
_NAMED = re.compile(r"%\(([^)]+)\)s")
_DEEPEST = 99
_MOST = 100
"""Faults after which a file is none of go-ini's."""


class Ini(NamedTuple):
    """Settings by section and name, the last of each, and what the program stops at."""

    sections: Mapping[str, Mapping[str, Setting]]
    headers: Mapping[str, Span]
    """Where each section begins first."""
    unread: tuple[Unread, ...]

    def section(self, name: str) -> Mapping[str, Setting]:
        """The settings of a section; none where it is missing."""
        return self.sections.get(name, {})


def boolean(text: str | None, default: bool = False) -> bool | None:
    """What ``MustBool`` makes of a value; None where it is unknown."""
    if text is None:
        return None
    return True if text in _TRUE else False if text in _FALSE else default


def parse(source: Source) -> Ini:
    """Reads a file. A line that a template fills in, or that stands in a branch of one, has an unknown value."""
    return _Reading(source).run()


class _Reading:
    def __init__(self, source: Source) -> None:
        self.source, self.text = source, source.text
        self.sections: dict[str, dict[str, Setting]] = {"DEFAULT": {}}
        self.headers: dict[str, Span] = {}
        self.unread: list[Unread] = []
        self.current = self.sections["DEFAULT"]
        self.depth = 0

    def run(self) -> Ini:
        at = 0
        while at < len(self.text):
            end = self.text.find("\n", at)
            end = len(self.text) if end < 0 else end
            at = self.line(at, end) + 1
            if len(self.unread) == _MOST:
                self.unread.append(Unread(self.source.span(end), "too many lines are no settings", True))
                break
        named = {name: self.expanded(keys) for name, keys in self.sections.items()}
        return Ini(named, self.headers, tuple(self.unread))

    def line(self, at: int, end: int) -> int:
        """Takes the statement at ``at``; where it ends."""
        line = self.text[at:end]
        bare = line.strip()
        start = at + len(line) - len(line.lstrip())
        if not bare or bare[0] in "#;":
            return end
        control = _CONTROL.match(bare)
        if control or bare.startswith(("{#", "{{", "{%", "<%")):
            word = (control[1] or control[2]) if control else ""
            self.depth += (word in ("if", "for", "range", "with")) - (word in ("endif", "endfor", "end"))
        elif bare[0] == "[":
            self.header(bare, start)
        else:
            return self.key(start, end)
        return end

    def header(self, bare: str, start: int) -> None:
        close = bare.rfind("]")
        if close < 0:
            self.unread.append(Unread(self.source.span(start, start + len(bare)), "is a section that is not closed"))
            return
        name = bare[1:close] or "DEFAULT"
        self.current = self.sections.setdefault(name, {})
        self.headers.setdefault(name, self.source.span(start + 1, start + close))

    def key(self, start: int, end: int) -> int:
        quote = next((mark for mark in ('"""', '"', "`") if self.text.startswith(mark, start)), "")
        after = self.text.find(quote, start + len(quote), end) if quote else start
        found = re.compile("[=:]").search(self.text, max(after, start), end)
        if after < 0 or found is None or found.start() == start:
            why = "is neither a section, a comment nor a key with = or :, at which the program stops"
            self.unread.append(Unread(self.source.span(start, end), why))
            return end
        stop = after if quote else found.start()
        name = self.text[start + len(quote) : stop].strip()
        where = self.source.span(start + len(quote), stop)
        value, span, end = self.value(found.end(), end)
        if (value and _FILLED.search(value)) or self.depth > 0:
            value = None
        self.current[name] = Setting(name, value, span or where)
        return end

    def value(self, at: int, end: int) -> tuple[str | None, Span | None, int]:
        """The value that begins at ``at``, where it stands, and the end of its last line."""
        line = self.text[at:end]
        at += len(line) - len(line.lstrip())
        quote = next((mark for mark in ('"""', "`") if self.text.startswith(mark, at)), "")
        if quote and end - at > len(quote):
            inside = at + len(quote)
            close = self.text.rfind(quote, inside, end)
            if close < 0:
                close = self.text.find(quote, end)
                if close < 0:
                    self.unread.append(Unread(self.source.span(at, end), "a quote is not closed"))
                    return None, None, len(self.text)
                end = self.text.find("\n", close)
                end = len(self.text) if end < 0 else end
            return self.text[inside:close], self.source.span(inside, close) if close > inside else None, end
        return self.bare(at, end)

    def bare(self, at: int, end: int) -> tuple[str, Span | None, int]:
        raw = self.text[at:end].rstrip()
        if raw.endswith("\\"):
            pieces = [raw[:-1]]
            while end < len(self.text) and raw.endswith("\\"):
                start, end = end + 1, self.text.find("\n", end + 1)
                end = len(self.text) if end < 0 else end
                raw = self.text[start:end].strip()
                pieces.append(raw.removesuffix("\\"))
            return "".join(pieces), self.source.span(at, at + len(pieces[0])), end
        raw = re.split("[#;]", raw, maxsplit=1)[0].rstrip()
        if len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "\"'" and raw[0] not in raw[1:-1]:
            raw, at = raw[1:-1], at + 1
        return raw, self.source.span(at, at + len(raw)) if raw else None, end

    def expanded(self, keys: Mapping[str, Setting]) -> dict[str, Setting]:
        """Settings with ``%(name)s`` put in from the same section, or the one without a name."""
        return {
            name: one._replace(value=self.put_in(one, keys)) if one.value and "%(" in one.value else one
            for name, one in keys.items()
        }

    def put_in(self, one: Setting, keys: Mapping[str, Setting]) -> str | None:
        text = one.value or ""
        for _ in range(_DEEPEST):
            found = _NAMED.search(text)
            other = (keys.get(found[1]) or self.sections["DEFAULT"].get(found[1])) if found else None
            if found is None or other is None or other.name == one.name:
                break
            if other.value is None or len(text) > 10_000:
                return None
            text = text.replace(found[0], other.value)
        return text
