"""The INI dialect of aerc's accounts.conf: go-ini 1.63 and 1.67 with aerc's options, and traces of templates.

After parser.go, key.go and section.go of go-ini 1.67.0. ``#`` and ``;`` begin a comment anywhere in a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.lean import NamedTuple
from mailpolicy.template_lines import Conditions

_VARIABLE = re.compile(r"%\(([^)]+)\)s")
_DEPTH, _MOST = 99, 100_000


class Key(NamedTuple):
    """One ``name = value``. ``value`` is None where a template decides whether or what it is."""

    name: str
    value: str | None
    start: int
    """Offset of the value; of the name where it is empty."""
    end: int
    exact: bool
    """The value is the text from ``start`` to ``end``."""


class Section(NamedTuple):
    """A section by name; ``DEFAULT`` is what stands above the first."""

    name: str
    start: int
    end: int
    keys: dict[str, Key]
    """The last of each name."""


class Parsed(NamedTuple):
    """All sections in order, and why go-ini refuses the file, or None."""

    sections: Mapping[str, Section]
    refused: tuple[int, int, str] | None
    templated: bool
    """Lines of a template language stand among the others."""
    lines: int
    """Lines that are neither blank nor comments."""


class _Reader:
    def __init__(self, text: str, delimiters: str) -> None:
        self.text, self.delimiters = text, delimiters
        self.at, self.lines, self.conditions = 0, 0, Conditions()
        self.sections = {"DEFAULT": Section("DEFAULT", 0, 0, {})}
        self.section = self.sections["DEFAULT"]
        self.refused: tuple[int, int, str] | None = None

    def line(self) -> tuple[int, int]:
        """Start and end of the next line."""
        start, end = self.at, self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        self.at = end + 1
        return start, end

    def run(self) -> Parsed:
        while self.at < len(self.text) and self.refused is None:
            start, end = _trimmed(self.text, *self.line())
            if start == end or self.text[start] in "#;":
                continue
            self.lines += 1
            if not self.conditions.takes(self.text, start, end):
                self.statement(start, end)
        return Parsed(self.sections, self.refused, self.conditions.seen, self.lines)

    def statement(self, start: int, end: int) -> None:
        if self.text[start] == "[":
            close = self.text.rfind("]", start, end)
            if close < 0:
                self.refused = (start, end, "the section is not closed")
            elif close == start + 1:
                self.refused = (start, end, "the section has no name")
            else:
                name = self.text[start + 1 : close]
                self.section = self.sections.setdefault(name, Section(name, start + 1, close, {}))
            return
        name, begin, why = self.name(start, end)
        if why:
            self.refused = (start, end, why)
            return
        value, left, right, exact = self.value(begin, end)
        if self.refused is None:
            if left == right:
                left, right = start, start + len(name)
            known = None if self.conditions.depth else value
            self.section.keys[name] = Key(name, known, left, right, exact)

    def name(self, start: int, end: int) -> tuple[str, int, str]:
        """The name, where what follows the delimiter begins, and why there is none."""
        text = self.text
        quote = (
            '"""' if text.startswith('"""', start) and end - start > 6 else text[start] if text[start] in '"`' else ""
        )
        from_ = start
        if quote:
            from_ = text.find(quote, start + len(quote), end)
            if from_ < 0:
                return "", start, "the quote of the name is not closed"
        found = re.compile(f"[{re.escape(self.delimiters)}]").search(text, from_, end)
        if found is None:
            return "", start, "is no setting: it has no ="
        if found.start() == start:
            return "", start, "has no name before the ="
        name = text[start + len(quote) : from_] if quote else text[start : found.start()]
        return name.strip(), found.end(), ""

    def value(self, start: int, end: int) -> tuple[str, int, int, bool]:
        start, end = _trimmed(self.text, start, end)
        text = self.text
        quote = (
            '"""' if text.startswith('"""', start) and end - start > 3 else "`" if text.startswith("`", start) else ""
        )
        if quote and start < end:
            left = start + len(quote)
            close = text.rfind(quote, left, end)
            return (text[left:close], left, close, True) if close >= 0 else self.many(left, quote)
        if end > start and text[end - 1] == "\\":
            return self.continued(start, end - 1)
        comment = min((at for at in (text.find(c, start, end) for c in "#;") if at >= 0), default=-1)
        if comment >= 0:
            start, end = _trimmed(text, start, comment)
        if end - start >= 2 and text[start] in "\"'" and text.find(text[start], start + 1, end) == end - 1:
            start, end = start + 1, end - 1
        return text[start:end], start, end, True

    def many(self, left: int, quote: str) -> tuple[str, int, int, bool]:
        """A quoted value over lines: to the last quote of the first later line that has one."""
        first = self.at - 1
        close = self.text.find(quote, first)
        if close < 0:
            self.refused = (left, first, "a quote is not closed")
            return "", left, left, False
        stop = self.text.find("\n", close)
        stop = len(self.text) if stop < 0 else stop
        close = self.text.rfind(quote, close, stop)
        self.at = stop + 1
        return self.text[left:close], left, close, True

    def continued(self, start: int, end: int) -> tuple[str, int, int, bool]:
        """Lines joined by a backslash at their ends; nothing in them is a comment or a quote."""
        parts = [self.text[start:end]]
        while self.at < len(self.text):
            left, right = _trimmed(self.text, *self.line())
            if left == right:
                break
            more = self.text[right - 1] == "\\"
            parts.append(self.text[left : right - more])
            if not more:
                break
        return "".join(parts), start, end, False


def parse(text: str, delimiters: str) -> Parsed:
    """The sections of a file; ``delimiters`` are the characters that part a name from its value."""
    return _Reader(text, delimiters).run()


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def expanded(key: Key, section: Section, sections: Mapping[str, Section]) -> Key:
    """A key with each ``%(name)s`` replaced by that name's value, in its section or in DEFAULT."""
    value = key.value
    if value is None or "%(" not in value:
        return key
    for _ in range(_DEPTH):
        found = _VARIABLE.search(value)
        if found is None:
            break
        other = section.keys.get(found[1])
        if other is None or other.name == key.name:
            other = sections["DEFAULT"].keys.get(found[1])
        if other is None:
            break
        if other.value is None or len(value) + len(other.value) > _MOST:
            return key._replace(value=None, exact=False)
        value = value.replace(found[0], other.value)
        if len(value) > _MOST:
            return key._replace(value=None, exact=False)
        key = key._replace(exact=False)
    return key._replace(value=value)
