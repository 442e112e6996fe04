"""Sendmail 8: sendmail.mc and what it includes, sendmail.cf, submit.mc and submit.cf, access and authinfo.

Where a .mc lies beside the .cf of its name, the .mc is read: it is what people edit, and the .cf is made of it.
After sendmail/*.c and cf/ of 8.17.1.9, and what 8.17.1.9 of Debian does.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from mailpolicy.readers.sendmail import cf, connections, listeners, mc, server, sockets
from mailpolicy.readers.sendmail.model import NEWEST, SOFTWARE, Config
from mailpolicy.readers.sendmail.relaying import access, relaying
from mailpolicy.readers.sendmail.tables import entries
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = "sendmail.mc and what it includes, sendmail.cf, submit.mc, access, authinfo"
PROVEN = "Sendmail 8.17 and 8.18, run with the same files; older ones from release notes"
LIMITS = "mailertable; FEATURE(msp) in part; logins by default are known for Debian's package alone"

_MC = re.compile(r"^[ \t]*(?:OSTYPE|FEATURE|DAEMON_OPTIONS|MAILER|VERSIONID)\(", re.MULTILINE)
_CF = re.compile(r"^(?:V\d+/\w+|DZ8\.|O DaemonPortOptions=|Scheck_rcpt)", re.MULTILINE)
_TABLES = ("access", "authinfo")


def sniff(text: str) -> bool:
    """Whether a text is a sendmail.mc or a sendmail.cf."""
    return len(set(re.findall(_MC, text))) > 1 or len(_CF.findall(text)) > 1


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """A .mc with the .cf that is made of it; tables last, as most of them are read with a configuration."""
    found: dict[str, list[str]] = {}
    for path in sorted(paths, key=lambda path: (posixpath.basename(path) in _TABLES, ".mc" not in path, path)):
        stem = re.sub(r"\.(?:mc|cf)(?=[.\w]*$)", "", path)
        found.setdefault(stem, []).append(path)
    return [tuple(group) for group in found.values()]


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """Listeners, relay hosts and passwords of one configuration."""
    path = paths[0]
    try:
        text = tree.source(path).text
        if posixpath.basename(path) in _TABLES:
            return _table(tree, path, version)
        macros = re.search(r"\.mc(?=[.\w]*$)", path) is not None
        if not (_MC if macros else _CF).search(text):
            return _foreign(tree, path, text)
        config = Config(tree, path, version.numbers if version is not None else None)
        (mc if macros else cf).load(config)
    except Unreadable as problem:
        return Inventory((), (Unread(Span(path, 1, 1, 2), str(problem), True),), (path,))
    if macros and len(paths) > 1:
        config.notes.append(f"{paths[1]}: is made of {path}, which is read in its place")
        config.files += paths[1:]
    return _inventory(config)


def _foreign(tree: Tree, path: str, text: str) -> Inventory:
    """A file of another program, or one with nothing in it."""
    if re.search(r"\bsendmail\.(?:mc|cf)\b|(?:^|/)submit\.(?:mc|cf)\b", path) and text.strip():
        why = "is no configuration of Sendmail: no line holds one of its macros or settings"
        return Inventory((), (Unread(Span(path, 1, 1, 2), why, True),), (path,))
    return Inventory((), (), (path,))


def _inventory(config: Config) -> Inventory:
    start = _start(config.tree.source(config.path))
    found: list[Fact] = []
    if not config.submits:
        heard = sockets.daemons(config)
        sockets.clashes(config, heard)
        if config.broken:
            config.notes.append(
                f"{config.path}: sendmail does not start with this configuration; no listener is stated"
            )
        else:
            found += listeners.facts(config, heard, start)
            found.append(server.fact(config, found, start))
            _say(config)
    found += connections.facts(config, start)
    found += connections.secrets(config)
    unread, files = dict.fromkeys((*config.broken, *config.unread)), dict.fromkeys(config.files)
    return Inventory(tuple(found), tuple(unread), tuple(files), tuple(dict.fromkeys(config.notes)))


def _start(source: Source) -> Span:
    """Where a finding on what no line sets is shown: the first macro, or the first line that is no comment."""
    found = _MC.search(source.text)
    return source.span(found.start()) if found else source.start()


def _say(config: Config) -> None:
    """What is not here, and what trusts nobody."""
    rules = access(config)
    if rules is not None and rules.entries is None:
        name = rules.file or "the access table"
        config.notes.append(f"{config.path}: {name} is not here; whom it trusts is not known")
    config.unread += relaying(config).ignored


def _table(tree: Tree, path: str, version: Version | None) -> Inventory:
    """A table that no configuration here names: its passwords."""
    config = Config(tree, path, version.numbers if version is not None else NEWEST)
    found = [
        fact
        for entry in entries(tree.source(path))
        if entry.key.startswith("authinfo:")
        for fact in connections.of_entry(config, entry)
    ]
    return Inventory(tuple(found), (), (path,))
