"""The text of cyrus.conf: the master's sections and their entries.

After master/masterconf.c and ``add_service`` of master/master.c (Cyrus IMAP 3.6.1, 3.10.2): only the first
section of a name counts, and only if its line opens it; a line is an entry; the first of two equal arguments holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.cyrus import templates
from mailpolicy.readers.cyrus.options import words
from mailpolicy.text import Source
from mailpolicy.types import Span, Unread

SECTIONS = ("START", "SERVICES", "EVENTS", "DAEMON")
PROGRAMS = words(
    """
    arbitron arbitronsort backupd calalarmd chk_cyrus ctl_backups ctl_conversationsdb ctl_cyrusdb ctl_deliver
    ctl_mboxlist ctl_zoneinfo cvt_cyrusdb cvt_xlist_specialuse cyr_backup cyr_buildinfo cyr_cd.sh cyr_dbtool cyr_deny
    cyr_df cyr_expire cyr_info cyr_ls cyr_pwd cyr_sequence cyr_synclog cyr_userseen cyr_virusscan cyr_withlock_run
    cyradm cyrdump dav_reconstruct deliver fetchnews fud httpd idled imapd ipurge lmtpd lmtpproxyd makedirs masssievec
    mbexamine mbpath mbtool mkimap mknewsgroups mupdate nntpd notifyd pop3d pop3proxyd promstatsd proxyd ptdump
    ptexpire ptloader quota reconstruct relocate_by_id restore sievec sieved smmapd squatter sync_client sync_reset
    sync_server syncnews timsieved tls_prune unexpunge upgrade-db
    """
)
"""What lies in Cyrus' own folder, all its packages together."""

_BLANK = " \t\v\f\r"
_SECTION = re.compile(r"(START|SERVICES|EVENTS|DAEMON)(?![A-Za-z0-9])", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9]*")
_ARGUMENT = re.compile(r"[ \t\v\f\r]*(?P<key>[A-Za-z0-9]*)(?P<is>=?)(?P<quote>\"?)")
_SHOWN = 30


class Argument(NamedTuple):
    """``key=value`` or ``key="value"``."""

    value: str
    where: Span
    source: Source
    offset: int
    """Of the value in the file."""

    @property
    def known(self) -> bool:
        """False where a template decides it."""
        return not templates.is_filled_in(self.value)

    def part(self, start: int, end: int) -> Span:
        """The position of ``value[start:end]``."""
        return self.source.span(self.offset + start, self.offset + end)


class Service(NamedTuple):
    """An entry of a section."""

    section: str
    name: str
    where: Span
    arguments: Mapping[str, Argument]


class Parsed(NamedTuple):
    """What a file says. ``refused`` are lines that keep the master from starting."""

    entries: tuple[Service, ...]
    refused: tuple[Unread, ...]
    notes: tuple[str, ...]
    sections: frozenset[str]
    """Those of SECTIONS that the master finds."""
    seen: bool
    """Whether a line names one of SECTIONS at all."""


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.level = 0
        self.section: str | None = None
        self.seen = False
        self.done: set[str] = set()
        self.entries: list[Service] = []
        self.refused: list[Unread] = []
        self.notes: list[str] = []

    def refuse(self, where: Span, why: str) -> None:
        if len(self.refused) < _SHOWN:
            self.refused.append(Unread(where, f"{why}: Cyrus does not start"))

    def read(self) -> None:
        at = 0
        for raw in self.source.text.split("\n"):
            text = raw.lstrip(_BLANK)
            start = at + len(raw) - len(text)
            at += len(raw) + 1
            kind = templates.kind(text)
            if kind == templates.ANYTHING:
                where = self.source.span(start)
                self.notes.append(f"{where}: a template fills this in; services that it adds are not known")
            text = text.partition("#")[0]
            if text and kind is None:
                self.line(text, start)

    def line(self, text: str, start: int) -> None:
        if self.section is not None:
            self.inside(text, start)
            return
        found = _SECTION.match(text)
        self.seen = self.seen or found is not None
        rest = text[found.end() :] if found else text
        name = found[1].upper() if found else ""
        before = self.level
        self.level += rest.count("{") - rest.count("}")
        if found is None or before != 0 or name in self.done:
            return
        if self.level == 1:
            self.section = name
            self.done.add(name)
        elif self.level == 0 and "{" in rest:
            self.notes.append(f"{self.source.span(start)}: a section on one line is passed over by the master")
        elif self.level == 0:
            self.notes.append(
                f"{self.source.span(start)}: the master passes over a section that this line does not open"
            )

    def inside(self, text: str, start: int) -> None:
        if text.startswith("}"):
            self.close()
            return
        found = _NAME.match(text)
        end = found.end() if found else 0
        if end < len(text) and end > 0 and text[end] not in _BLANK:
            self.refuse(self.source.span(start, start + end + 1), f"the character {text[end]} in a name")
        elif end == 0:
            self.refuse(self.source.span(start, start + len(text.rstrip(_BLANK))), "an entry must begin with a name")
        else:
            self.entry(text, start, end)

    def close(self) -> None:
        """The end of a section. Each section is looked for by itself, from the file's beginning."""
        self.section, self.level = None, 0

    def entry(self, text: str, start: int, end: int) -> None:
        where = self.source.span(start, start + end)
        arguments: dict[str, Argument] = {}
        at = end
        end_of_text = len(text.rstrip(_BLANK))
        while at < end_of_text:
            found = _ARGUMENT.match(text, at)
            assert found is not None
            first = found.end()
            if not found["is"]:
                bad = text[found.end("key") : found.end("key") + 1]
                self.refuse(self.source.span(start + found.end("key"), start + found.end("key") + 1), f"a stray {bad}")
                return
            last = text.find('"', first) if found["quote"] else _word(text, first)
            if last < 0:
                self.refuse(self.source.span(start + first - 1), 'a quoted value without its second "')
                return
            value = text[first:last]
            span = self.source.span(start + first, start + max(last, first + 1))
            arguments.setdefault(found["key"], Argument(value, span, self.source, start + first))
            at = last + 1 if found["quote"] else last
        assert self.section is not None
        self.entries.append(Service(self.section, text[:end], where, arguments))


def _word(text: str, first: int) -> int:
    """Where an unquoted value ends."""
    while first < len(text) and text[first] not in _BLANK:
        first += 1
    return first


def parse(source: Source) -> Parsed:
    """All entries of the sections that the master reads."""
    parser = _Parser(source)
    parser.read()
    for entry in parser.entries:
        why = _fault(entry)
        if why is not None:
            parser.refuse(entry.arguments["cmd"].where if "cmd" in entry.arguments else entry.where, why)
    names: set[str] = set()
    for entry in parser.entries:
        if entry.section in ("SERVICES", "DAEMON"):
            if entry.name in names:
                parser.refuse(entry.where, f"there are two services {entry.name}")
            names.add(entry.name)
    return Parsed(
        tuple(parser.entries), tuple(parser.refused), tuple(parser.notes), frozenset(parser.done), parser.seen
    )


def _fault(entry: Service) -> str | None:
    """Why the master refuses an entry."""
    cmd = entry.arguments.get("cmd")
    if cmd is None or not cmd.value.strip():
        return f"{entry.name} has no cmd"
    if entry.section == "SERVICES" and not ("listen" in entry.arguments and entry.arguments["listen"].value):
        return f"{entry.name} has no listen"
    program = cmd.value.split()[0]
    if cmd.known and entry.section != "EVENTS" and "/" not in program and program not in PROGRAMS:
        return f"Cyrus has no program {program}"
    return None
