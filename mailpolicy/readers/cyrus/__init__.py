"""Cyrus IMAP 3.x: cyrus.conf with the master's services, imapd.conf with everything else.

After cyrus.conf(5), imapd.conf(5) and the sources of 3.6.1 and 3.10.2, and what the programs were seen to do.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from mailpolicy.readers.cyrus import checks, cyrus_conf, imapd_conf, listeners, server, sockets
from mailpolicy.readers.cyrus.command import Command
from mailpolicy.readers.cyrus.options import KNOWN
from mailpolicy.readers.cyrus.settings import Program, View, program_of
from mailpolicy.tree import Tree, place
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

SOFTWARE = "cyrus"
FILES = "imapd.conf, cyrus.conf"
PROVEN = "Cyrus IMAP 3.6 and 3.10, run with the same files"
LIMITS = "options of SASL plug-ins"

_NAME = re.compile(r"(?P<before>(?:.*[._-])?)(?P<kind>imapd|cyrus)\.conf(?P<after>.*)")
_SERVICES = re.compile(r"^[ \t]*SERVICES[ \t]*\{", re.MULTILINE | re.IGNORECASE)
_TELLING = re.compile(
    r"^[ \t]*(configdirectory|partition-\w+|sasl_pwcheck_method|sasl_mech_list|allowplaintext|tls_server_cert|admins"
    r"|defaultpartition|sievedir|lmtpsocket)[ \t]*:",
    re.MULTILINE | re.IGNORECASE,
)
_OTHERS = re.compile(r"(?:^|/)(?:[^/]+\.d|sasl2?|syslog[^/]*|logrotate|fail2ban|monit)/[^/]+$")
"""Folders of programs that name a file after Cyrus."""


def sniff(text: str) -> bool:
    """Whether a text opens the master's SERVICES, or sets three options that are Cyrus' own."""
    head = text[:20_000]
    if _SERVICES.search(head) and re.search(r"\bcmd=", head):
        return True
    return len({m[1].lower() for m in _TELLING.finditer(head)}) >= 3


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """A cyrus.conf with the imapd.conf beside it, the names around both words alike."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for path in paths:
        named = _NAME.fullmatch(posixpath.basename(path))
        key = (posixpath.dirname(path), named["before"], named["after"]) if named else (path, "", "")
        found.setdefault(key, []).append(path)
    alone: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for key, members in found.items():
        if len(members) == 1:
            alone.setdefault(key[:2], []).append(key)
    for keys in alone.values():
        if len(keys) == 2 and _kind(found[keys[0]][0]) != _kind(found[keys[1]][0]):
            found[keys[0]] += found.pop(keys[1])
    return [tuple(sorted(members, key=lambda path: _kind(path) != "cyrus")) for members in found.values() if members]


def _kind(path: str) -> str:
    named = _NAME.fullmatch(posixpath.basename(path))
    return named["kind"] if named else ""


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """Facts of one server. Either file may be missing: what it would say is then unknown."""
    program = program_of(version)
    master: cyrus_conf.Parsed | None = None
    options: imapd_conf.Parsed | None = None
    failed: list[Unread] = []
    notes: list[str] = []
    main = ""
    for path in paths:
        try:
            source = tree.source(path)
            if _is_master(path, source.text):
                parsed = cyrus_conf.parse(source)
                if parsed.seen:
                    master = parsed
                else:
                    _strange(path, "it has none of the sections START, SERVICES, EVENTS and DAEMON", failed, notes)
            else:
                found = imapd_conf.parse(tree, path)
                if _is_foreign(found):
                    _strange(path, "no line sets an option of Cyrus", failed, notes)
                else:
                    options, main = found, path
        except Unreadable as problem:
            failed.append(Unread(Span(path, 1, 1, 2), str(problem), True))
    made = _Server(tree, program, paths[0], master, options, main).inventory() if master or options else Inventory()
    files = tuple(dict.fromkeys((*paths, *made.files)))
    return Inventory(made.facts, (*failed, *made.unread), files, (*notes, *made.notes))


def _is_master(path: str, text: str) -> bool:
    kind = _kind(path)
    return kind == "cyrus" if kind else _SERVICES.search(text) is not None


def _is_foreign(found: imapd_conf.Parsed) -> bool:
    """Whether nothing in a file is Cyrus' own: another program's file, by chance of the same name."""
    if not found.understood:
        return True
    keys = found.entries
    own = any(key in KNOWN or key.startswith(("sasl_", "partition-")) or key.partition("_")[2] in KNOWN for key in keys)
    return bool(keys) and not own and found.complete


def _strange(path: str, why: str, failed: list[Unread], notes: list[str]) -> None:
    if _OTHERS.search(path):
        notes.append(f"{path}: is another program's file, not Cyrus': {why}")
    else:
        failed.append(Unread(Span(path, 1, 1, 2), f"is not a configuration of Cyrus IMAP: {why}", True))


class _Server:
    """One master with its imapd.conf."""

    def __init__(
        self, tree: Tree, program: Program, instance: str, master: cyrus_conf.Parsed | None,
        options: imapd_conf.Parsed | None, main: str,
    ) -> None:  # fmt: skip
        self.tree = tree
        self.program = program
        self.instance = instance
        self.master = master
        self.options = options
        self.main = main
        self.home = posixpath.dirname(instance) or "."
        self.others: dict[str, imapd_conf.Parsed | None] = {}

    def inventory(self) -> Inventory:
        """Facts, notes, and everything that keeps the server from starting."""
        notes = [*(self.master.notes if self.master else ()), *(self.options.notes if self.options else ())]
        refused = list(self.master.refused) if self.master else []
        unread = list(self.options.unread) if self.options else []
        if self.options is not None:
            refused += [*self.options.refused, *checks.whole(self.options, self.main)]
        facts: list[Fact] = []
        if refused:
            notes.append(f"{self.instance}: Cyrus does not start with this configuration; no listener is stated")
        elif self.master is not None:
            opened = self.opened()
            facts, more = listeners.facts(opened.sockets, self.program, self.instance, self.made)
            unread += opened.unread
            notes += [*opened.notes, *more, *self.remarks()]
            unread += [
                Unread(Span(path, 1, 1, 2), "cannot be read", True) for path, p in self.others.items() if p is None
            ]
        names = frozenset(s.name.lower() for s in self.master.entries) if self.master else None
        lines = iter(self.options.entries.values() if self.options else ())
        first = next((entry.named for entry in lines), Span(self.main or self.instance, 1, 1, 2))
        facts += server.facts(self.options, self.program, self.instance, first, names)
        for parsed in filter(None, self.others.values()):
            facts += server.entries(parsed, self.program, self.instance, names)
        if self.options is not None and (strange := server.unknown(self.options, self.program, names)):
            others = f" and {len(strange) - 5} more" if len(strange) > 5 else ""
            notes.append(f"{self.main}: Cyrus' list of options has no {', '.join(strange[:5])}{others}; not judged")
        files = (*(self.options.files if self.options else ()), *self.others)
        return Inventory(tuple(facts), tuple(dict.fromkeys((*refused, *unread))), files, tuple(notes))

    def remarks(self) -> list[str]:
        """What is missing."""
        assert self.master is not None
        found = []
        if "SERVICES" not in self.master.sections:
            found.append(f"{self.instance}: the master finds no section SERVICES and opens no port")
        if self.options is None:
            found.append(f"{self.instance}: there is no imapd.conf beside it; TLS and logins are not known")
        return found

    def opened(self) -> sockets.Opened:
        """The sockets of the services; a port that is taken twice stops the master if it is told so."""
        assert self.master is not None
        made = sockets.opened([s for s in self.master.entries if s.section == "SERVICES"])
        fatal = View(self.options, "master", self.program).get("master_bind_errors_fatal")
        if made.taken and fatal.yes:
            return sockets.Opened([], made.unread, [*made.notes, f"{self.instance}: Cyrus does not start"], True)
        return made

    def made(self, service: cyrus_conf.Service, ran: Command) -> listeners.Made:
        """A service's view, with what is wrong in it."""
        options = self.options if ran.config is None else self.other(ran.config[0])
        view = View(options, service.name, self.program)
        missing = checks.missing(view, self.tree, self.home) if options else None
        dead = checks.dead(view, ran.program)
        if ran.config is not None and options is not None and (options.refused or checks.whole(options, "")):
            dead = dead or (f"{ran.program} refuses {ran.config[0]}", ())
        return view, dead, missing

    def other(self, name: str) -> imapd_conf.Parsed | None:
        """Another imapd.conf, named by ``-C``; None when it is not here."""
        path = place(name, "/etc", self.home)
        if path is None or not self.tree.exists(posixpath.normpath(path)):
            return None
        path = posixpath.normpath(path)
        if path not in self.others:
            try:
                self.others[path] = imapd_conf.parse(self.tree, path)
            except Unreadable:
                self.others[path] = None
        return self.others[path]
