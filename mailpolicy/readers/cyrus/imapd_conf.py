"""The text of imapd.conf: lines, includes, and what makes the program refuse the file.

After ``config_read_file`` of lib/libconfig.c (Cyrus IMAP 3.6.1, 3.10.2): names in any case, a trailing
backslash joins lines, a comment is a line of its own, nothing may be set twice.
"""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_right
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.cyrus import templates
from mailpolicy.text import Source
from mailpolicy.tree import Tree, place
from mailpolicy.types import Span, Unread, Unreadable

_BLANK = " \t\v\f\r"
_NAME = re.compile(r"@?[A-Za-z0-9_-]*")
_HOME = "/etc"
MOST = 200
"""Files that one configuration may include."""
_SHOWN = 30


class Line(NamedTuple):
    """A line with those that it goes on in: its text, and where each piece of it lies in the file."""

    text: str
    pieces: tuple[tuple[int, int], ...]
    """Offset in ``text``, offset in the file; ascending."""

    def at(self, index: int) -> int:
        """The file's offset of a character of the text."""
        start, there = self.pieces[max(0, bisect_right(self.pieces, (index, 1 << 60)) - 1)]
        return there + index - start


class Entry(NamedTuple):
    """An option as a line sets it."""

    key: str
    """In lower case, with its service's prefix."""
    value: str
    where: Span
    named: Span
    known: bool
    """False where a template decides the value, or whether the line is there."""
    source: Source
    line: Line
    offset: int
    """Of the value in the line's text."""

    def part(self, start: int, end: int) -> Span:
        """The position of ``value[start:end]``."""
        first = self.line.at(self.offset + start)
        return self.source.span(first, first + end - start)


class Parsed(NamedTuple):
    """What a configuration says. ``refused`` are lines that keep Cyrus from starting."""

    entries: dict[str, Entry]
    refused: tuple[Unread, ...]
    files: tuple[str, ...]
    unread: tuple[Unread, ...]
    notes: tuple[str, ...]
    complete: bool
    """False when an option that is not here may be set by a template or by a file outside of the tree."""
    partitions: bool
    """Whether a partition has a place."""
    understood: bool
    """At least one line is an option, or there is none that is not."""


def lines(text: str) -> Iterator[Line]:
    """Logical lines without those that are empty."""
    pieces: list[tuple[int, int]] = []
    joined: list[str] = []
    length = at = 0
    while at < len(text):
        end = text.find("\n", at)
        last = end < 0
        end = len(text) if last else end
        piece = text[at:end]
        goes_on = piece.endswith("\\") and not last
        piece = piece[:-1] if goes_on else piece
        pieces.append((length, at))
        joined.append(piece)
        length += len(piece)
        at = end + 1
        if not goes_on:
            yield Line("".join(joined), tuple(pieces))
            pieces, joined, length = [], [], 0
    if joined:
        yield Line("".join(joined), tuple(pieces))


class _Parser:
    def __init__(self, tree: Tree, home: str) -> None:
        self.tree = tree
        self.home = home
        self.entries: dict[str, Entry] = {}
        self.refused: list[Unread] = []
        self.files: list[str] = []
        self.unread: list[Unread] = []
        self.notes: list[str] = []
        self.complete = True
        self.good = self.problems = 0

    def file(self, path: str) -> None:
        """One file. Raises Unreadable."""
        self.files.append(path)
        source = self.tree.source(path)
        depth = 0
        for line in lines(source.text):
            text = line.text.lstrip(_BLANK)
            if not text or text.startswith("#"):
                continue
            kind = templates.kind(text)
            if kind is None:
                self.one(source, line, len(line.text) - len(text), depth == 0)
                continue
            depth = max(0, depth + {templates.BEGIN: 1, templates.END: -1}.get(kind, 0))
            if kind == templates.ANYTHING:
                self.complete = False
                where = source.span(line.at(len(line.text) - len(text)))
                self.notes.append(f"{where}: a template fills this in; what it sets is not known")

    def refuse(self, where: Span, why: str) -> None:
        self.problems += 1
        if self.problems <= _SHOWN:
            self.refused.append(Unread(where, f"{why}: Cyrus does not start"))

    def one(self, source: Source, line: Line, start: int, sure: bool) -> None:
        found = _NAME.match(line.text, start)
        end = found.end() if found else start
        named = source.span(line.at(start), line.at(start) + max(1, end - start))
        if not line.text.startswith(":", end):
            self.refuse(source.span(line.at(start)), "a line must be of the form option: value")
            return
        self.good += 1
        key = line.text[start:end].lower()
        value = line.text[end + 1 :].strip(_BLANK)
        if not value:
            self.refuse(named, f"{key} has no value")
            return
        offset = line.text.index(value, end + 1)
        first = line.at(offset)
        where = source.span(first, first + len(value))
        known = sure and not templates.is_filled_in(value)
        entry = Entry(key, value, where, named, known, source, line, offset)
        if key.startswith("@"):
            self.directive(entry)
        elif key not in self.entries or not self.entries[key].known or not sure:
            self.entries[key] = entry if sure or key not in self.entries else entry._replace(known=False)
        else:
            self.refuse(named, f"{key} is set twice (before in line {self.entries[key].named.line})")

    def directive(self, entry: Entry) -> None:
        if entry.key != "@include":
            self.refuse(entry.named, f"there is no directive {entry.key}")
            return
        path = place(entry.value, _HOME, self.home) if entry.known and entry.value.startswith("/") else None
        if entry.known and not entry.value.startswith("/"):
            self.refuse(entry.where, "a relative path is looked up from where the master runs")
        elif path is None or not (self.tree.exists(path) or self.tree.names(posixpath.dirname(path))):
            self.complete = False
            self.notes.append(f"{entry.where}: this file is not here; what it sets is not known")
        elif posixpath.normpath(path) in self.files:
            self.refuse(entry.where, f"the include {entry.value} is read twice")
        elif len(self.files) >= MOST:
            self.complete = False
            self.unread.append(Unread(entry.where, f"more than {MOST} included files"))
        else:
            self.included(entry, posixpath.normpath(path))

    def included(self, entry: Entry, path: str) -> None:
        try:
            self.file(path)
        except Unreadable as problem:
            if self.tree.exists(path):
                self.complete = False
                self.unread.append(Unread(Span(path, 1, 1, 2), str(problem), True))
            else:
                self.refuse(entry.where, f"the include {entry.value} does not exist")


def parse(tree: Tree, path: str) -> Parsed:
    """All options of a configuration. Raises Unreadable when its first file cannot be read."""
    parser = _Parser(tree, posixpath.dirname(path) or ".")
    parser.file(path)
    if parser.problems > _SHOWN:
        where = parser.refused[0].where
        parser.unread.append(Unread(where, f"{parser.problems - _SHOWN} more lines that Cyrus refuses"))
    return Parsed(
        parser.entries, tuple(parser.refused), tuple(parser.files), tuple(parser.unread), tuple(parser.notes),
        parser.complete, any("partition-" in key for key in parser.entries), parser.good > 0 or not parser.problems,
    )  # fmt: skip
