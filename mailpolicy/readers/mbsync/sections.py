"""Sections of an mbsyncrc: accounts, stores and channels, and what makes mbsync refuse the file.

After ``load_config`` and ``imap_parse_store``. One error anywhere, and mbsync does nothing at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy import template_lines
from mailpolicy.lean import NamedTuple
from mailpolicy.placeholders import PLACEHOLDER
from mailpolicy.readers.mbsync.syntax import (
    ACCOUNT,
    CHANNEL,
    GROUP,
    KEYWORDS,
    LEGACY,
    LIST,
    MAILDIR,
    MANY,
    OLDEST_TLS,
    RENAMED,
    SECTIONS,
    STORE,
    Argument,
    Line,
    lines,
    problem,
)  # fmt: skip
from mailpolicy.text import Source
from mailpolicy.types import Origin, Span, Unread

_SHOWN = 50
_KEPT = 6
_OTHERS = frozenset({"account", "usenamespace", "subscribedonly", "path", "pathdelimiter", "trash", "trashremotenew",
                     "trashnewonly", "maxsize", "mapinbox", "flatten"})  # fmt: skip
"""Keywords of a store that say nothing of its connection."""
_OLD = re.compile(r"^[ \t]*(?:requiressl|useimaps|usessl|usetls|host[ \t]+\"?imaps?:)", re.IGNORECASE | re.MULTILINE)
NEWEST = (1, 5, 1)
BEFORE_RENAMING = (1, 4, 4)


class Section(NamedTuple):
    """One section. ``settings`` has the lines of each keyword, oldest first; the last one holds."""

    kind: str
    name: str | None
    """None where a template fills it in."""
    where: Span
    settings: Mapping[str, tuple[Line, ...]]
    open: Span | None
    """Where a template may have written anything into it."""
    unsure: frozenset[str]
    """Keywords whose lines a template may leave out."""

    def last(self, name: str) -> Argument | None:
        """The argument that holds."""
        found = self.settings.get(name)
        return found[-1].arguments[0] if found else None

    def words(self, *names: str) -> tuple[Argument, ...]:
        """All arguments of all lines of some keywords, in the order of the file."""
        found = [line for name in names for line in self.settings.get(name, ())]
        return tuple(word for line in sorted(found, key=lambda line: line.where) for word in line.arguments)

    def by(self, *names: str) -> tuple[Origin, ...]:
        """Who set some keywords, in the order of the file."""
        found = sorted(word.where for name in names for line in self.settings.get(name, ()) for word in line.arguments)
        return tuple(Origin("overrides" if i else "sets", where) for i, where in enumerate(found))

    @property
    def tells(self) -> bool:
        """Whether a store has settings of a connection of its own."""
        return bool(self.settings.keys() - _OTHERS)


class Parsed(NamedTuple):
    """What a file says."""

    sections: tuple[Section, ...]
    unread: tuple[Unread, ...]
    refused: Unread | None
    """The first line that makes mbsync refuse the file."""
    included: bool
    """A template may bring further sections."""
    understood: int
    """Lines that are mbsync's."""


class _Open:
    """A section that is being read."""

    def __init__(self, kind: str, name: str | None, where: Span) -> None:
        self.kind, self.name, self.where = kind, name, where
        self.settings: dict[str, list[Line]] = {}
        self.open: Span | None = None
        self.unsure: set[str] = set()

    def done(self) -> Section:
        settings = {name: tuple(found) for name, found in self.settings.items()}
        return Section(self.kind, self.name, self.where, settings, self.open, frozenset(self.unsure))


class _Parser:
    def __init__(self, source: Source, version: tuple[int, ...]) -> None:
        self.source, self.version = source, version
        self.sections: list[Section] = []
        self.current: _Open | None = None
        self.unread: list[Unread] = []
        self.problems = 0
        self.first: Unread | None = None
        self.lost = self.included = self.templated = False
        self.depth = self.known = 0
        self.names: dict[str, set[str]] = {ACCOUNT: set(), STORE: set()}

    def refuse(self, why: str, where: Span) -> None:
        self.problems += 1
        item = Unread(where, f"mbsync refuses the file: {why}")
        self.first = self.first or item
        if self.problems <= _SHOWN:
            self.unread.append(item)

    def read(self) -> Parsed:
        for line in lines(self.source):
            self.one(line)
        self.end()
        if self.problems > _SHOWN and self.first is not None:
            self.unread.append(Unread(self.first.where, f"{self.problems - _SHOWN} more lines that mbsync refuses"))
        return Parsed(tuple(self.sections), tuple(self.unread), self.first, self.included, self.known)

    def one(self, line: Line) -> None:
        if line.template is not None:
            self.template(line)
        elif line.ends:
            self.lost = False
            self.end()
        elif self.lost:
            self.known += line.keyword in KEYWORDS[STORE]  # mbsync passes over the rest of what it did not know
        elif self.current is None:
            self.top(line)
        else:
            self.within(line, self.current)

    def template(self, line: Line) -> None:
        self.templated = True
        if line.template == template_lines.BEGIN:
            self.depth += 1
        elif line.template == template_lines.END:
            self.depth = max(0, self.depth - 1)
        elif line.template == template_lines.ANYTHING:
            self.included = True
            if self.current is not None:
                self.current.open = line.where

    def top(self, line: Line) -> None:
        if line.keyword in SECTIONS and not line.fault:
            self.begin(line)
            return
        why = problem(line, "", self.version)
        if why is not None:
            self.refuse(*why)
            self.lost = line.keyword not in KEYWORDS[""]
            self.known += line.keyword in KEYWORDS[ACCOUNT]
            return
        self.known += 1
        if self.sections and not self.templated:  # blank lines may go, and what was global belongs to a section
            self.refuse(f"{line.shown} is global and may not follow sections", line.where)

    def begin(self, line: Line) -> None:
        self.known += 1
        if not line.arguments:
            self.refuse(f"{line.shown} needs a name", line.where)
            return
        name = line.arguments[0]
        if len(line.arguments) > 1 and line.keyword != GROUP:
            self.refuse(f"{line.shown} takes one name", line.arguments[1].where)
        self.current = _Open(line.keyword, name.text, name.where)

    def within(self, line: Line, section: _Open) -> None:
        why = problem(line, section.kind, self.version)
        if why is not None:
            if not (section.open and line.keyword in SECTIONS):
                self.refuse(*why)
            return
        self.known += 1
        found = section.settings.setdefault(line.keyword, [])
        found.append(line)
        if KEYWORDS[section.kind][line.keyword] is not LIST and line.keyword not in MANY:
            del found[:-_KEPT]  # the last one holds
        if self.depth:
            section.unsure.add(line.keyword)

    def end(self) -> None:
        """Ends a section, and finds what is wrong with it as a whole."""
        if self.current is None:
            return
        section, self.current = self.current.done(), None
        self.sections.append(section)
        if section.kind == CHANNEL:
            self.channel(section)
        elif section.kind == STORE and "account" in section.settings:
            self.store(section)
        elif section.kind in (ACCOUNT, STORE):
            self.account(section)
        if section.kind in (STORE, MAILDIR):
            self.names[STORE].add(section.name or "")
        elif section.kind == ACCOUNT:
            self.names[ACCOUNT].add(section.name or "")
        self.included |= section.name is None

    def store(self, section: Section) -> None:
        account = section.last("account")
        if account is not None and account.text is not None and not self.known_name(ACCOUNT, account.text):
            self.refuse("there is no IMAPAccount of this name before it", account.where)
        if section.tells:
            self.refuse("a store has both Account and settings of an account", section.where)

    def known_name(self, kind: str, name: str) -> bool:
        return self.included or bool(PLACEHOLDER.search(name)) or name in self.names[kind]

    def account(self, section: Section) -> None:
        has = section.settings.keys()
        if not {"host", "tunnel"} & has and section.open is None:
            self.refuse("it has neither Tunnel nor Host", section.where)
        for one, other in (("user", "usercmd"), ("pass", "passcmd"), ("usekeychain", "pass")):
            if {one, other} <= has and not {one, other} & section.unsure:
                self.refuse(
                    f"it has both {section.settings[one][0].shown} and {section.settings[other][0].shown}",
                    section.where,
                )
        new = {"ssltype", "sslversion", "sslversions"} & has
        if LEGACY & has and new and OLDEST_TLS <= self.version < RENAMED:
            self.refuse("UseIMAPS, RequireSSL and the like cannot stand beside SSLType and SSLVersions", section.where)
        if "requirecram" in has and {"authmech", "authmechs"} & has:
            self.refuse("it has both RequireCRAM and AuthMechs", section.where)

    def channel(self, section: Section) -> None:
        for names in (("far", "master"), ("near", "slave")):
            sides = section.words(*names)
            if not sides and section.open is None:
                self.refuse(f"the channel has no {names[0]} side", section.where)
            for side in sides:
                if side.text is None:
                    continue
                store, colon, _ = side.text.removeprefix(":").partition(":")
                if not side.text.startswith(":") or not colon:
                    self.refuse("it is no :STORE:MAILBOX", side.where)
                elif not self.known_name(STORE, store):
                    self.refuse("there is no store of this name before it", side.where)


def shown_version(source: Source) -> tuple[int, ...]:
    """The newest version that takes the words of a file: 1.5 knows those of before 1.2 no more."""
    if _OLD.search(source.text) is None:
        return NEWEST
    seen: set[str] = set()
    for line in lines(source):
        seen.add(line.keyword)
        if line.keyword == "host" and line.arguments and (line.arguments[0].text or "").startswith(("imap:", "imaps:")):
            seen.add("useimaps")
    old = seen & LEGACY and not seen & {"tlstype", "tlsversions", "expireside", "expungesolo"}
    return BEFORE_RENAMING if old else NEWEST


def parse(source: Source, version: tuple[int, ...]) -> Parsed:
    """All sections of a file, and what mbsync of a version refuses in it."""
    return _Parser(source, version).read()
