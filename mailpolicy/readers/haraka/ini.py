"""Haraka's own INI files and lists, after haraka-config 2.0 (lib/regex.js, lib/readers)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.types import Origin, Span, Unread

_SECTION = re.compile(r"\s*\[([^\]]*)\]\s*$")
_PARAM = re.compile(r"\s*([\w@:._+\-/\[\]]+)\s*(?:=\s*(.*))?$", re.DOTALL)
_TEMPLATE = re.compile(r"\{\{|\{%|\{#|<%|\$\{|\$\(|__[A-Z]\w*__|@[A-Z]\w*@")
_TRUE = re.compile(r"(?:true|yes|ok|enabled|on|1)", re.IGNORECASE)


def is_template(text: str) -> bool:
    """Whether something is to be filled in."""
    return _TEMPLATE.search(text) is not None


class Item(NamedTuple):
    """One ``name = value``; without a value the text is empty and the place is that of the name."""

    section: str
    name: str
    value: str
    where: Span
    is_list: bool

    @property
    def known(self) -> bool:
        """Whether no template decides the value."""
        return not is_template(self.value)

    @property
    def yes(self) -> bool | None:
        """As a boolean; None where a template decides."""
        return _TRUE.fullmatch(self.value) is not None if self.known else None

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Who sets it."""
        return (Origin("sets", self.where),)


class Ini(NamedTuple):
    """The settings of one file, by section and name, in order; ``missing`` when there is no such file."""

    table: Mapping[tuple[str, str], Sequence[Item]] = {}
    unread: tuple[Unread, ...] = ()
    missing: bool = True
    headings: frozenset[str] = frozenset()
    """Names of all sections, empty ones too."""

    def last(self, name: str, section: str = "main") -> Item | None:
        """The setting that counts: the last one."""
        found = self.table.get((section, name))
        return found[-1] if found else None

    def all(self, name: str, section: str = "main") -> list[Item]:
        """The elements of a list ``name[]``."""
        return [item for item in self.table.get((section, name), ()) if item.value]

    def items(self) -> Iterator[Item]:
        """Every setting."""
        for found in self.table.values():
            yield from found

    def sections(self) -> list[str]:
        """Names of sections that hold something, but for the main one, in order."""
        return [name for name in dict.fromkeys(section for section, _ in self.table) if name != "main"]


class Word(NamedTuple):
    """One line of a list file."""

    text: str
    where: Span


def _logical(source: Source) -> Iterator[tuple[str, int]]:
    """Lines without comments and blank ones, continued ones joined; with the number of their last line."""
    pending: list[str] = []
    for number, line in enumerate(re.split(r"\n", source.text), 1):
        text = line.rstrip("\r")
        if not text.strip() or text.lstrip().startswith((";", "#")):
            continue
        stripped = text.rstrip(" \t")
        if stripped.endswith("\\") and not _SECTION.match(text):
            pending.append(stripped[:-1])
            continue
        yield "".join((*pending, text)), number
        pending = []


def parse(source: Source) -> Ini:
    """Settings with their places. A line that is none is unread; Haraka logs it and goes on."""
    table: dict[tuple[str, str], list[Item]] = {}
    unread: list[Unread] = []
    section = "main"
    headings = set()
    for text, number in _logical(source):
        where = source.line_span(number)
        heading = _SECTION.match(text)
        found = None if heading else _PARAM.match(text)
        if heading:
            section = heading[1].strip()
            headings.add(section)
        elif found is None:
            if not is_template(text):
                unread.append(Unread(where, "is no setting, section or comment; Haraka ignores it"))
        else:
            name, value = found[1], (found[2] or "").strip()
            where = _place(source, number, value or name)
            bare = name.removesuffix("[]")
            table.setdefault((section, bare), []).append(Item(section, bare, value, where, bare != name))
    return Ini(table, tuple(unread), False, frozenset(headings))


def _place(source: Source, number: int, text: str) -> Span:
    """Where a text stands at the end of a line; the whole line when it began on an earlier one."""
    line = source.line(number).rstrip()
    if not line.endswith(text):
        at = line.find(text)
        if at < 0:
            return source.line_span(number)
        start = source.starts[number - 1] + at
        return source.span(start, start + len(text))
    end = source.starts[number - 1] + len(line)
    return source.span(end - len(text), end)


def words(source: Source) -> list[Word]:
    """The lines of a list file, without comments and blank ones."""
    return [
        Word(source.line(number).strip(), source.line_span(number))
        for number in range(1, len(source.starts) + 1)
        if source.line(number).strip() and not source.line(number).lstrip().startswith((";", "#"))
    ]
