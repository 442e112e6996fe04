"""mox: mox.conf and the domains.conf beside it.

After the sources of mox 0.0.17; 0.0.15 was run with files of all kinds.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from mailpolicy.readers.mox import facts
from mailpolicy.readers.mox.facts import SOFTWARE, Context
from mailpolicy.readers.mox.sconf import Refused, check, parse
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = "mox.conf with the domains.conf beside it"
PROVEN = "mox 0.0.15, run with the same files; 0.0.17 from its source"
LIMITS = "what the account files say"

NEWEST = (0, 0, 17)
_OURS = re.compile(r"^Listeners:[ \t\r]*$", re.MULTILINE)
_TOP = re.compile(r"^(?:DataDir|Hostname|Postmaster|LogLevel|Transports):", re.MULTILINE)


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether a text has the listeners of mox at its outermost level."""
    return _OURS.search(text) is not None and _TOP.search(text) is not None


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """Listeners, smarthosts and passwords of one mox.conf; of domains.conf, passwords."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return Inventory((), (Unread(Span(path, 1, 1, 2), str(problem), True),), (path,))
    if not (_OURS.search(source.text) or _TOP.search(source.text)):
        if source.text.strip():
            return Inventory((), (), (path,), (f"{path}: holds no key of mox; it is not checked",))
        return Inventory((), (Unread(source.start(), "is empty", True),), (path,))
    context = Context(path, version.numbers if version else NEWEST)
    try:
        top = parse(source)
    except Refused as problem:
        return Inventory((), (_unread(problem),), (path,), (_stopped(path),))
    found = facts.secrets(top, context)
    more, files, unread = _domains(tree, context)
    try:
        check(top)
        heard = facts.listeners(top, context)
        made = [*heard, *facts.connections(top, context), *facts.settings(top, context)]
        made.append(facts.server(top, context, heard))
    except Refused as problem:
        return Inventory((*found, *more), (_unread(problem), *unread), (path, *files), (_stopped(path),))
    return Inventory((*made, *found, *more), unread, (path, *files))


def _unread(problem: Refused) -> Unread:
    return Unread(problem.where, f"mox refuses this: {problem}")


def _stopped(path: str) -> str:
    return f"{path}: mox does not start with this configuration; no listener is stated"


def _domains(tree: Tree, context: Context) -> tuple[list[Fact], tuple[str, ...], tuple[Unread, ...]]:
    """What the domains.conf beside it holds."""
    path = posixpath.join(posixpath.dirname(context.path), "domains.conf")
    if not tree.exists(path):
        return [], (), ()
    try:
        return facts.secrets(parse(tree.source(path)), context), (path,), ()
    except Refused as problem:
        return [], (path,), (_unread(problem),)
    except Unreadable as problem:
        return [], (path,), (Unread(Span(path, 1, 1, 2), str(problem), True),)
