"""INI files as Python's ``configparser`` reads them, with positions: the strict one of Python 3 and that of Python 2.

After Lib/configparser.py of Python 3.9 to 3.13 (``_read``, ``BasicInterpolation``), Lib/ConfigParser.py of 2.7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.lean import NamedTuple
from mailpolicy.placeholders import PLACEHOLDER
from mailpolicy.template_lines import Conditions
from mailpolicy.text import Source
from mailpolicy.types import Span

DEFAULT = "DEFAULT"
_DELIMITER = re.compile("[:=]")
_HEADER = {3: re.compile(r"\[(?P<header>.+)\]"), 2: re.compile(r"\[(?P<header>[^]]+)\]")}
_VARIABLE = re.compile(r"%\(([^)]+)\)s")
_DEPTH, _MOST = 10, 100_000


class Option(NamedTuple):
    """One option as it is written. ``text`` is None where a template decides it."""

    name: str
    text: str | None
    where: Span
    """The value's first line; the name where it is empty."""


class Got(NamedTuple):
    """The value after interpolation, or None where it cannot be told; ``fault`` is why Python refuses it."""

    text: str | None
    where: Span
    fault: str | None = None


class Wrong(NamedTuple):
    """A line for which the parser refuses the file."""

    where: Span
    why: str
    twice: bool = False
    """A name is there a second time: Python 3 ends at the first such line."""


class Config(NamedTuple):
    """The sections of a file, without DEFAULT, whose options all sections have."""

    sections: Mapping[str, Mapping[str, Option]]
    headers: Mapping[str, Span]
    """Where each section's name stands."""
    defaults: Mapping[str, Option]
    wrong: tuple[Wrong, ...]
    """Not empty: the program reads nothing of the file."""
    templated: bool

    def get(self, section: str, name: str) -> Got | None:
        """The value of an option, its own or of DEFAULT; None when neither has it."""
        own = self.sections.get(section, {})
        found = own.get(name) or self.defaults.get(name)
        if found is None:
            return None
        if found.text is None:
            return Got(None, found.where)
        pieces = _Pieces()
        fault = self._interpolate(found.text, own, 1, pieces)
        if pieces.unknown:
            return Got(None, found.where)
        text = "".join(pieces.parts)
        return Got(text if not PLACEHOLDER.search(text) else None, found.where, fault)

    def _interpolate(self, text: str, own: Mapping[str, Option], depth: int, pieces: _Pieces) -> str | None:
        """Puts the pieces of a value together. Returns what Python finds wrong."""
        if depth > _DEPTH:
            return "its variables go round in a circle"
        at = 0
        while (found := text.find("%", at)) >= 0 and not pieces.unknown:
            pieces.add(text[at:found])
            variable = _VARIABLE.match(text, found)
            if text.startswith("%%", found):
                pieces.add("%")
                at = found + 2
                continue
            if variable is None:
                return "a % in it must be written as %%"
            name = variable[1].lower()
            other = own.get(name) or self.defaults.get(name)
            if other is None:
                return f"there is no option {name} to put in" if len(name) < 60 else "there is no such option to put in"
            wrong = None
            if other.text is None:
                pieces.unknown = True
            else:
                wrong = self._interpolate(other.text, own, depth + 1, pieces)
            if wrong is not None:
                return wrong
            at = variable.end()
        pieces.add(text[at:])
        return None


class _Pieces:
    """What a value is put together from."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.size = 0
        self.unknown = False
        """A template decides a part of it, or it is longer than any value that means something."""

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.size += len(text) + 1
        self.unknown = self.unknown or (self.size > _MOST and len(self.parts) > 1)


def parse(source: Source, python: int = 3) -> Config:
    """Reads a file as Python 2 or 3 does. Lines of template languages are passed over."""
    return _Parser(source, python).run()


class _Parser:
    def __init__(self, source: Source, python: int) -> None:
        self.source, self.python = source, python
        self.sections: dict[str, dict[str, Option]] = {}
        self.headers: dict[str, Span] = {}
        self.defaults: dict[str, Option] = {}
        self.wrong: list[Wrong] = []
        self.conditions = Conditions()
        self.current: dict[str, Option] | None = None
        self.name: str | None = None
        self.more: list[str] = []
        self.indent = 0

    def run(self) -> Config:
        at = 0
        for row in self.source.text.split("\n"):
            start, end = at, at + len(row)
            at = end + 1
            self.row(row, start, end)
        self.finish()
        return Config(self.sections, self.headers, self.defaults, tuple(self.wrong), self.conditions.seen)

    def row(self, row: str, start: int, end: int) -> None:
        body = row.strip()
        if not body or self.comment(row, body):
            return
        indent = len(row) - len(row.lstrip())
        left = start + indent
        deeper = indent > (self.indent if self.python == 3 else 0)
        if self.current is not None and self.name is not None and deeper:
            self.more.append(body)
        elif not self.conditions.takes(self.source.text, left, left + len(body)):
            self.indent = indent
            self.statement(body, left)

    def comment(self, row: str, body: str) -> bool:
        if self.python == 3:
            return body[0] in "#;"
        return row[0] in "#;" or (row[0] in "rR" and body.split(None, 1)[0].lower() == "rem")

    def finish(self) -> None:
        """Ends the option that may go on over lines."""
        if self.current is not None and self.name is not None and self.more:
            option = self.current[self.name]
            text = None if option.text is None else "\n".join((option.text, *self.more))
            self.current[self.name] = option._replace(text=text)
        self.name, self.more = None, []

    def statement(self, body: str, left: int) -> None:
        self.finish()
        header = _HEADER[self.python].match(body)
        if header:
            self.header(header["header"], self.source.span(left + header.start("header"), left + header.end("header")))
        elif self.current is None:
            self.refuse(left, len(body), "stands before any section")
        else:
            found = _DELIMITER.search(body)
            if found is None or not body[: found.start()].strip() or (self.python == 2 and self.indent):
                self.refuse(left, len(body), "is no option: NAME = VALUE")
            else:
                self.option(body, found.start(), left, self.current)

    def refuse(self, left: int, size: int, why: str) -> None:
        self.wrong.append(Wrong(self.source.span(left, left + size), why))

    def header(self, name: str, where: Span) -> None:
        if name == DEFAULT:
            self.current = self.defaults
            return
        if name in self.sections and self.python == 3:
            self.wrong.append(Wrong(where, "is the name of a section that is already there", True))
        self.headers.setdefault(name, where)
        self.current = self.sections.setdefault(name, {})

    def option(self, body: str, at: int, left: int, section: dict[str, Option]) -> None:
        """An option; its name ends at ``at`` of the line's text, which lies at ``left``."""
        written = body[:at].rstrip()
        name, value = written.lower(), body[at + 1 :].lstrip()
        start = left + len(body) - len(value)
        if self.python == 2:
            comment = re.search(r"\s;", value)
            value = value[: comment.start()].rstrip() if comment else value
            value = "" if value == '""' else value
        where = self.source.span(start, start + len(value)) if value else self.source.span(left, left + len(written))
        if name in section and self.python == 3 and not self.conditions.depth:
            self.wrong.append(Wrong(self.source.span(left, left + len(written)), "is set twice in its section", True))
        section[name] = Option(name, None if self.conditions.depth else value, where)
        self.name = name
