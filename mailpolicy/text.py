"""Bytes to text, offsets to positions, and suppression comments."""

from __future__ import annotations

import re
from bisect import bisect_right

from mailpolicy.lean import NamedTuple
from mailpolicy.types import Span, Unreadable

_COMMENT = r"(?:^|(?<=\s))(?:#|;|//|<!--|dnl\b)[^\n]*?\bmailpolicy:\s*(?P<rest>ignore\b[^\n]*?)\s*(?:-->\s*)?$"
_IGNORE = r"ignore\[(?P<rules>[^\]\n]*)\](?P<until>\s+until=(?P<date>\S+))?(?:\s+--\s*(?P<reason>.*))?$"


class Source:
    """The text of one file, with positions.

    Text is UTF-8, or Latin-1 where it is not, so that every byte of an old file keeps a column.
    A byte order mark is dropped. Lines end at LF; a CR stays part of its line.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """Offsets at which lines start."""
        if self._starts is None:
            starts, at = [0], self.text.find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = self.text.find("\n", at + 1)
            self._starts = starts
        return self._starts

    def span(self, start: int, end: int | None = None) -> Span:
        """The position of ``text[start:end]``, cut at the end of its first line.

        Without ``end``: to the end of the line, less trailing blanks. Never empty: a position at
        the very end of a line covers the last character before it.
        """
        line = bisect_right(self.starts, start)
        first = self.starts[line - 1]
        stop = self._end(line)
        if end is None or end > stop:
            end = first + len(self.text[first:stop].rstrip())
        if end <= start:
            start, end = max(first, min(start, stop - 1)), max(first + 1, min(start + 1, stop))
        return Span(self.path, line, start - first + 1, end - first + 1)

    def line(self, number: int) -> str:
        """Line ``number``, 1-based, without its end."""
        if not 1 <= number <= len(self.starts):
            return ""
        return self.text[self.starts[number - 1] : self._end(number)].rstrip("\r")

    def start(self) -> Span:
        """The first line that is neither blank nor a ``#`` comment: where a finding on what no line sets is shown."""
        for number in range(1, len(self.starts) + 1):
            line = self.line(number).lstrip()
            if line and not line.startswith("#"):
                return self.line_span(number)
        return self.line_span(1)

    def _end(self, number: int) -> int:
        """Offset of the end of line ``number``."""
        return self.starts[number] - 1 if number < len(self.starts) else len(self.text)

    def unquoted(self, where: Span) -> Span:
        """A position of one line without the quotes around its text."""
        text = self.line(where.line)[where.column - 1 : where.end_column - 1]
        if len(text) > 2 and text[0] == text[-1] and text[0] in "\"'":
            return where._replace(column=where.column + 1, end_column=where.end_column - 1)
        return where

    def line_span(self, number: int) -> Span:
        """The whole of line ``number`` without the blanks around it."""
        text = self.line(number)
        column = len(text) - len(text.lstrip()) + 1
        return Span(self.path, number, column, max(column + 1, len(text.rstrip()) + 1))


def decode(path: str, data: bytes) -> Source:
    """Text of a file. Raises Unreadable for binary data (a NUL byte, which no mail program's text holds)."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return Source(path, data.decode("utf-16"))
        except UnicodeDecodeError:
            raise Unreadable("is neither text in UTF-8 nor in UTF-16") from None
    if b"\0" in data:
        raise Unreadable("is binary, not text")
    try:
        return Source(path, data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return Source(path, data.decode("latin-1"))


class Ignore(NamedTuple):
    """A suppression comment: ``mailpolicy: ignore[rule, rule] until=2027-03-01 -- reason``."""

    rules: tuple[str, ...]
    until: str | None
    reason: str
    where: Span
    first: int
    """The first line, 1-based, that it covers."""
    last: int
    wellformed: bool


def _covered(source: Source, line: int, own_line: bool) -> tuple[int, int]:
    """A trailing comment covers its line; one on its own covers the next statement and what is indented below it."""
    if not own_line:
        return line, line
    total = len(source.starts)
    first = line + 1
    while first <= total and (not source.line(first).strip() or _is_comment(source.line(first))):
        first += 1
    text = source.line(first)
    indent = len(text) - len(text.lstrip())
    last = first
    for number in range(first + 1, total + 1):
        text = source.line(number)
        if not text.strip() or _is_comment(text):
            continue
        if len(text) - len(text.lstrip()) <= indent and not text.strip().startswith(("}", "</")):
            break
        last = number
    return first, last


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith(("#", ";", "//", "<!--"))


def ignores(source: Source) -> list[Ignore]:
    """All suppression comments of a file, well formed or not."""
    if "mailpolicy:" not in source.text:
        return []
    found = []
    for match in re.finditer(_COMMENT, source.text, re.MULTILINE):
        rest = re.match(_IGNORE, match["rest"])
        where = source.span(match.start("rest"), match.end("rest"))
        own = not source.line(where.line)[: match.start() - source.starts[where.line - 1]].strip()
        first, last = _covered(source, where.line, own)
        if rest is None:
            found.append(Ignore((), None, "", where, first, last, False))
            continue
        rules = tuple(part.strip() for part in rest["rules"].split(",") if part.strip())
        reason = (rest["reason"] or "").strip()
        found.append(Ignore(rules, rest["date"], reason, where, first, last, bool(rules)))
    return found
