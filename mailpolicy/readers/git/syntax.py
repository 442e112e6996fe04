"""git's configuration files, as ``config.c`` of 2.39 to 2.55 parses them."""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.placeholders import filled
from mailpolicy.template_lines import split
from mailpolicy.text import Source
from mailpolicy.types import Span, Unread

_HEAD = re.compile(r'\[(?P<name>[A-Za-z0-9.-]+)(?:[ \t]+"(?P<sub>(?:\\.|[^"\\\n])*)")?\]')
_KEY = re.compile(r"(?P<key>[A-Za-z][A-Za-z0-9-]*)[ \t]*(?P<is>=)?")
_BARE = re.compile(r"(?P<blank>[^\S\n]+)|(?P<comment>[#;][^\n]*)|(?P<plain>[^\s\"\\#;]+)|(?P<other>\"|\\\r?\n|\\.)")
_QUOTED = re.compile(r"(?P<plain>[^\"\\\n]+)|(?P<other>\"|\\\r?\n|\\.)")
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b", "\\": "\\", '"': '"'}


class Entry(NamedTuple):
    """One assignment. ``value`` is None where a template fills it in, ``given`` is false where no = stands."""

    section: str
    """In lower case."""
    sub: str | None
    key: str
    """In lower case."""
    value: str | None
    where: Span
    """The value without the quotes around it; the key where there is none."""
    named: Span
    """The key."""
    head: Span
    """The section's header, or its subsection's name."""
    given: bool
    certain: bool


class Parsed(NamedTuple):
    """All entries in their order; ``refused`` is the line that makes git give up."""

    entries: tuple[Entry, ...]
    refused: Unread | None
    filled: bool
    """Some line is a template's own."""


def parse(source: Source) -> Parsed:
    """The entries of a file up to the line that git refuses."""
    parts = split(source.text)
    text = _without(source.text, [(line.start, line.end) for line in parts.lines]) if parts.filled else source.text
    parser = _Parser(source, text)
    refused = parser.run()
    unsure = {source.span(line.start, line.end).line for line in parts.lines if not line.certain}
    entries = (entry._replace(certain=entry.named.line not in unsure) for entry in parser.entries)
    return Parsed(tuple(entries), refused, parts.filled)


def _without(text: str, kept: list[tuple[int, int]]) -> str:
    """The text with blanks in place of the template's own lines."""
    out, at = [], 0
    for start, end in kept:
        out.append("".join(c if c == "\n" else " " for c in text[at:start]))
        out.append(text[start:end])
        at = end
    out.append("".join(c if c == "\n" else " " for c in text[at:]))
    return "".join(out)


class _Parser:
    def __init__(self, source: Source, text: str) -> None:
        self.source, self.text = source, text
        self.entries: list[Entry] = []
        self.section: tuple[str, str | None, Span] | None = None

    def run(self) -> Unread | None:
        """Reads all; the line that git refuses, if one is."""
        at, text = 0, self.text
        blank = re.compile(r"(?:\s++|[#;][^\n]*+)*+")
        while True:
            found = blank.match(text, at)
            at = found.end() if found else at
            if at >= len(text):
                return None
            after = self._head(at) if text[at] == "[" else self._entry(at)
            if after is None:
                return Unread(self.source.span(at), "git refuses the file: this is neither a section nor a setting")
            at = after

    def _head(self, at: int) -> int | None:
        found = _HEAD.match(self.text, at)
        if found is None:
            return None
        name, sub = found["name"].lower(), found["sub"]
        if sub is not None:
            sub = re.sub(r"\\(.)", r"\1", sub)
        else:
            name, _, dotted = name.partition(".")
            sub = dotted or None
        where = self.source.span(*(found.span("sub") if found["sub"] else found.span()))
        self.section = (name, sub, where)
        return found.end()

    def _entry(self, at: int) -> int | None:
        found = _KEY.match(self.text, at)
        if found is None or self.section is None:
            return None
        named = self.source.span(*found.span("key"))
        end, value, where = found.end(), "", named
        if found["is"]:
            read = self._value(end)
            if read is None:
                return None
            end, value, span = read
            where = self.source.span(*span) if span else named
        elif self.text[end : end + 2].strip("\r\n") and self.text[end] not in "#;\r\n":
            return None
        name, sub, head = self.section
        held = None if filled(value) else value
        given = found["is"] is not None
        self.entries.append(Entry(name, sub, found["key"].lower(), held, where, named, head, given, True))
        return end

    def _value(self, at: int) -> tuple[int, str, tuple[int, int] | None] | None:
        """The end of a value, its text and where that stands; None when git refuses it."""
        out: list[str] = []
        quoted, length, trim, first, last = False, 0, -1, -1, -1
        while found := (_QUOTED if quoted else _BARE).match(self.text, at):
            at, kind, piece = found.end(), found.lastgroup, found[0]
            if kind == "comment" or piece in ("\\\n", "\\\r\n"):
                continue
            if kind == "blank":
                trim = length if trim < 0 else trim
                if not length:
                    continue
            else:
                trim = -1
            if piece == '"':
                quoted = not quoted
                continue
            if kind == "other":
                if piece[1] not in _ESCAPES:
                    return None
                piece = _ESCAPES[piece[1]]
            out.append(piece)
            length += len(piece)
            if kind != "blank":
                first, last = found.start() if first < 0 else first, found.end()
        if quoted or self.text[at : at + 1] not in ("", "\n"):
            return None
        value = "".join(out)[: trim if trim >= 0 else None]
        return at, value, (first, last) if last > first else None
