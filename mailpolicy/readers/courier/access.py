"""smtpaccess: which clients couriertcpd lets in, and which of them may relay (makesmtpaccess(8), tcpd.c, makedat)."""

from __future__ import annotations

import posixpath
import re

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Span, Unread, Unreadable

EVERYBODY = ("0.0.0.0/0", "::/0")
_MOST = 300
"""How many trusted networks are looked at; with more of them, who may relay counts as unknown."""
_RANGE = re.compile(r"([a-fA-F0-9:.]+[-/][a-fA-F0-9:.]+)[ \t]+(.*)")
_LEFT = re.compile(r"~$|\.dist$")
_STOPS = re.compile(r"\.(?:dpkg-[a-z]*|rpmsave|rpmnew)$")
_QUOTES = " \t\"'"
_SECTION = re.compile(r"(?:[^,\"']|\"[^\"]*\"?|'[^']*'?)+")


class Network(NamedTuple):
    """Clients that may relay without a login."""

    text: str
    where: Span
    waived: bool = False
    """Whether the entry sets AUTH_REQUIRED=0 as well."""


class Access(NamedTuple):
    """What the source files of smtpaccess.dat say."""

    networks: tuple[Network, ...]
    nobody: Span | None
    """The entry that turns away every client that no other names."""
    known: bool
    unread: tuple[Unread, ...]
    files: tuple[str, ...]


NONE = Access((), None, True, (), ())


def read(tree: Tree, path: str) -> Access:
    """All files of a folder, or the one file."""
    names = tree.names(path)
    files = [posixpath.join(path, name) for name in names] if names else [path]
    made = _Reader()
    for file in files:
        if _STOPS.search(file):
            made.unread.append(Unread(Span(file, 1, 1, 2), "makesmtpaccess refuses to go on while this file is here"))
            made.known = False
        elif not _LEFT.search(file) and not tree.names(file):
            made.file(tree, file)
    return Access(tuple(made.networks), made.nobody, made.known, tuple(made.unread), tuple(files))


class _Reader:
    def __init__(self) -> None:
        self.networks: list[Network] = []
        self.nobody: Span | None = None
        self.known = True
        self.unread: list[Unread] = []
        self.keys: set[str] = set()
        self.stopped = False
        """Whether a key is there twice."""

    def file(self, tree: Tree, path: str) -> None:
        try:
            source = tree.source(path)
        except Unreadable as problem:
            self.unread.append(Unread(Span(path, 1, 1, 2), str(problem), True))
            return
        at = 0
        for line in source.text.split("\n"):
            self.line(source, at, line.rstrip("\r"))
            at += len(line) + 1

    def line(self, source: Source, at: int, line: str) -> None:
        if not line or line.startswith("#"):
            return
        if any(mark in line for mark in ("{{", "{%", "<%")):
            self.known = False
            return
        ranged = _RANGE.fullmatch(line)
        key, _, value = (ranged[1], "", ranged[2]) if ranged else line.partition("\t")
        where = source.span(at, at + len(key.rstrip() or line))
        if not ranged and not value.strip() and line.strip():
            why = "has no tab between address and action: couriertcpd never finds it"
            self.unread.append(Unread(source.span(at, at + len(line)), why))
            return
        if key in self.keys and not self.stopped:
            self.stopped = True
            self.unread.append(Unread(where, "is there twice: makesmtpaccess stops, and what it made before stays"))
            self.known = False
        self.keys.add(key)
        if value.startswith("deny"):
            self.nobody = where if key == "*" else self.nobody
        elif "RELAYCLIENT" in (named := _variables(value)) and not named.get("BLOCK"):
            self.trust(key, where, named.get("AUTH_REQUIRED") == "0")

    def trust(self, key: str, where: Span, waived: bool) -> None:
        if len(self.networks) >= _MOST:
            self.known = False
            return
        networks = EVERYBODY if key == "*" else network(key)
        self.networks += [Network(text, where, waived) for text in networks]


def _variables(value: str) -> dict[str, str]:
    """What an entry sets in the daemon's environment; a name alone is set to nothing."""
    value = value.removeprefix("allow").removeprefix(",")
    pairs = (part.partition("=") for part in _SECTION.findall(value))
    return {name.strip(_QUOTES): text.strip(_QUOTES) for name, _, text in pairs}


def network(key: str) -> tuple[str, ...]:
    """The networks that a key of smtpaccess names; () when no client's address ever matches it."""
    import ipaddress

    try:
        if "-" in key:
            first, last = (ipaddress.ip_address(end) for end in key.split("-", 1))
            return tuple(map(str, ipaddress.summarize_address_range(first, last)))
        if "/" in key:
            return (str(ipaddress.ip_network(key, strict=False)),)
        if key.startswith(":"):
            groups = key[1:].split(":")
            if not all(re.fullmatch("[0-9a-f]{4}", group) for group in groups) or len(groups) > 8:
                return ()
            return (f"{ipaddress.ip_address(':'.join(groups + ['0'] * (8 - len(groups))))}/{16 * len(groups)}",)
        octets = key.split(".")
        if not all(octet.isdecimal() for octet in octets) or len(octets) > 4:
            return ()
        return (str(ipaddress.ip_network(f"{'.'.join(octets + ['0'] * (4 - len(octets)))}/{8 * len(octets)}")),)
    except (ValueError, TypeError):
        return ()
