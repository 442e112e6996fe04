"""Words and lines of a haproxy configuration, with where they stand.

After sections 2.2 to 2.4 of the configuration manual of HAProxy 2.6 and 3.0 and ``parse_line``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.types import Span

_TEMPLATE = {"{{": "}}", "{%": "%}", "{#": "#}", "<%": "%>", "%{": "}", "${": "}"}
_LONGEST = 500
"""Characters of a template's expression that are looked at."""
_FILLED = re.compile(
    r"\{\{|\{%|<%|%\{|\$\{|\$\(|\$[A-Za-z_]|<[A-Za-z][\w .-]*>|\b__\w+?__\b|@[A-Z][A-Z0-9_]*@|%\(\w+\)s"
)
SECTIONS = frozenset(
    (
        "global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "userlist", "mailers", "cache",
        "program", "ring", "http-errors", "fcgi-app", "log-forward", "log-profile", "crt-store", "traces", "acme",
        "dynamic-update", "healthcheck",
    )
)  # fmt: skip
"""First words that begin a section, of HAProxy 3.3 and before."""


class Word(NamedTuple):
    """One argument as haproxy takes it."""

    text: str
    where: Span
    known: bool = True
    """No environment variable and no template has a part in it."""


class Line(NamedTuple):
    """The words of one line that says something, and how deep in ``.if`` it stands."""

    words: tuple[Word, ...]
    conditional: bool = False
    unclosed: Span | None = None
    """A quote that is not closed."""

    def after(self, name: str, start: int = 1) -> Word | None:
        """The word behind the last ``name``, or None."""
        found = None
        for index in range(start, len(self.words) - 1):
            if self.words[index].text == name:
                found = self.words[index + 1]
        return found

    def word(self, name: str, start: int = 1) -> Word | None:
        """The last word ``name``, or None."""
        return next((w for w in reversed(self.words[start:]) if w.text == name), None)


class Section(NamedTuple):
    """A section with its lines."""

    kind: str
    head: Line
    lines: tuple[Line, ...]

    @property
    def name(self) -> str:
        return self.head.words[1].text if len(self.head.words) > 1 else ""

    @property
    def where(self) -> Span:
        return self.head.words[min(1, len(self.head.words) - 1)].where

    def all(self, keyword: str) -> Iterator[Line]:
        """Lines that begin with a keyword."""
        return (line for line in self.lines if line.words[0].text == keyword)


def lines(source: Source) -> Iterator[Line]:
    """Lines with words; comments, empty lines and lines of a template alone are left out."""
    at, depth = 0, 0
    for row in source.text.split("\n"):
        line = _split(source, row.removesuffix("\r"), at)
        at += len(row) + 1
        if not line.words:
            continue
        first = line.words[0].text
        if first in (".if", ".elif", ".else", ".endif"):
            depth += {".if": 1, ".endif": -1}.get(first, 0)
        elif not first.startswith((".notice", ".warning", ".alert", ".diag", "{%", "{#", "<%", "%{", "{{-")):
            yield line._replace(conditional=depth > 0)


def _split(source: Source, row: str, at: int) -> Line:
    words: list[Word] = []
    index, size = 0, len(row)
    while index < size:
        if row[index] in " \t":
            index += 1
        elif row[index] == "#":
            break
        else:
            end, text, closed = _word(row, index)
            where = source.span(at + index, at + end)
            known = not _FILLED.search(row, index, end)
            words.append(Word(text, where, known))
            if not closed:
                return Line(tuple(words), unclosed=where)
            index = end
    return Line(tuple(words))


def _word(row: str, index: int) -> tuple[int, str, bool]:
    """End, text and whether quotes are closed of the word that begins at ``index``."""
    out: list[str] = []
    quote = ""
    size = len(row)
    while index < size:
        char = row[index]
        closer = _TEMPLATE.get(row[index : index + 2])
        if closer and (end := row.find(closer, index, index + _LONGEST)) >= 0:
            out.append(row[index : end + len(closer)])
            index = end + len(closer)
        elif char == "\\" and quote != "'" and index + 1 < size:
            out.append(row[index + 1])
            index += 2
        elif char == quote:
            quote = ""
            index += 1
        elif not quote and char in "\"'":
            quote = char
            index += 1
        elif not quote and char in " \t#":
            break
        else:
            out.append(char)
            index += 1
    return index, "".join(out), not quote


def sections(found: list[Line]) -> tuple[list[Line], list[Section]]:
    """Lines before any section, and all sections in their order."""
    loose: list[Line] = []
    made: list[Section] = []
    head: Line | None = None
    body: list[Line] = []
    for line in found:
        if line.words[0].text in SECTIONS:
            if head is not None:
                made.append(Section(head.words[0].text, head, tuple(body)))
            head, body = line, []
        elif head is None:
            loose.append(line)
        else:
            body.append(line)
    if head is not None:
        made.append(Section(head.words[0].text, head, tuple(body)))
    return loose, made
