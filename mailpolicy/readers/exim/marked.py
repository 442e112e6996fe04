"""Text that remembers, piece by piece, where in which file it stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from itertools import islice

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.types import Span

Mark = tuple[int, "Source | Span | None", int]
"""Position in the text; the file and the offset in it, or the one place that all of the piece comes from."""


_MOST_MARKS = 2000
"""Pieces of one line that are told apart; of more, all are said to stand where the line begins."""


def _position(mark: Mark) -> int:
    return mark[0]


class Marked(NamedTuple):
    """Text after macros and continuation lines; ``known`` is false where a template or an unknown macro is in it."""

    text: str
    marks: tuple[Mark, ...]
    known: bool = True

    def span(self, start: int = 0, end: int | None = None) -> Span | None:
        """The place of ``text[start:end]``, as far as it is one piece; None for text that no file here holds."""
        end = len(self.text) if end is None else end
        if not self.marks:
            return None
        index = max(0, bisect_right(self.marks, start, key=_position) - 1)
        at, origin, offset = self.marks[index]
        if index + 1 < len(self.marks):
            end = min(end, self.marks[index + 1][0])
        if origin is None or isinstance(origin, Span):
            return origin
        return origin.span(offset + start - at, offset + max(end, start) - at)

    def cut(self, start: int, end: int | None = None) -> Marked:
        """``text[start:end]``."""
        end = len(self.text) if end is None else end
        first = max(0, bisect_right(self.marks, start, key=_position) - 1)
        marks: list[Mark] = []
        for at, origin, offset in islice(self.marks, first, None):
            if at >= end and at > start:
                break
            inside = max(0, start - at) if isinstance(origin, Source) else 0
            marks.append((max(0, at - start), origin, offset + inside))
        return Marked(self.text[start:end], tuple(marks), self.known)

    def strip(self) -> Marked:
        """Without the blanks around it."""
        left = len(self.text) - len(self.text.lstrip())
        return self.cut(left, max(left, len(self.text.rstrip())))

    def replace(self, old: str, new: Marked) -> Marked:
        """Every ``old`` replaced, from left to right."""
        pieces, at, found = [], 0, self.text.find(old)
        while found >= 0:
            pieces += [self.cut(at, found), new]
            at = found + len(old)
            found = self.text.find(old, at)
        return join([*pieces, self.cut(at)])


def join(pieces: Iterable[Marked]) -> Marked:
    """Texts one after the other."""
    text: list[str] = []
    marks: list[Mark] = []
    at, known = 0, True
    for piece in pieces:
        marks += [(at + m[0], m[1], m[2]) for m in piece.marks] if piece.text else []
        text.append(piece.text)
        at += len(piece.text)
        known = known and piece.known
    whole = Marked("".join(text), tuple(marks), known)
    if len(marks) > _MOST_MARKS:
        return whole._replace(marks=((0, whole.span(0, 1), 0),))
    return whole


def unplaced(text: str) -> Marked:
    """Text that no file here holds: what Debian's package brings along."""
    return Marked(text, ((0, None, 0),))


def placed(text: str, where: Span) -> Marked:
    """Text that was made of what stands at ``where``."""
    return Marked(text, ((0, where, 0),))


def lines(source: Source) -> Iterable[Marked]:
    """The lines of a file, without LF."""
    at = 0
    for line in source.text.split("\n"):
        yield Marked(line, ((0, source, at),))
        at += len(line) + 1


def elements(value: Marked) -> list[Marked]:
    """The elements of a list: separated by colons, or by what stands behind a leading ``<``; doubled it is itself."""
    text, separator, at = value.text, ":", 0
    found = re.match(r"\s*<([^\w\s])\s*", text)
    if found:
        separator, at = found[1], found.end()
    parts, start, quoted = [], at, []
    while at < len(text):
        if text[at] == separator:
            if text[at + 1 : at + 2] == separator:
                quoted.append(at)
                at += 2
                continue
            parts.append(_element(value, start, at, quoted))
            start, quoted = at + 1, []
        at += 1
    if text[start:].strip() or quoted:
        parts.append(_element(value, start, len(text), quoted))
    return parts


def _element(value: Marked, start: int, end: int, doubled: list[int]) -> Marked:
    """One element, its doubled separators halved."""
    if not doubled:
        return value.cut(start, end).strip()
    pieces, at = [], start
    for position in doubled:
        pieces.append(value.cut(at, position + 1))
        at = position + 2
    return join([*pieces, value.cut(at, end)]).strip()
