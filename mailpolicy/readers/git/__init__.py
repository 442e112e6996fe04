"""git send-email and git imap-send: sections sendemail and imap of ``.gitconfig`` and the like.

After config.c, git-send-email.perl and imap-send.c of 2.39 to 2.55, and what 2.39 of Debian does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailpolicy.readers.git.config import NEWEST, SOFTWARE, Loaded, Loader, View
from mailpolicy.readers.git.sessions import RELEVANT, drafts, outgoing, passwords, sends
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = ".gitconfig, git/config, gitconfig, and what they include, where a section sendemail or imap is set"
PROVEN = "git 2.39 of Debian 12, git send-email run with the same files; up to 2.55 from its source"
LIMITS = "settings of a repository over those of its user; what a later include that is not here overrides"

_OURS = re.compile(r"^[ \t]*\[[ \t]*(?:sendemail|imap)(?:\.[\w.-]+|[ \t]+\"[^\"\n]*\")?[ \t]*\]", re.I | re.M)
_BRANCHES = 20
_IDENTITIES = 500
"""Identities of one file at most."""


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file; a home's main file first, as it includes others."""
    main = re.compile(r"(?:^|/)(?:\.|dot_)?gitconfig(?:\.[a-z0-9]+)?$|/git/config(?:\.[a-z0-9]+)?$")
    return [(path,) for path in sorted(paths, key=lambda path: (main.search(path) is None, path))]


def sniff(text: str) -> bool:
    """Whether a section of git's mail commands begins in it."""
    return _OURS.search(text) is not None


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The sessions of the default and of each identity, and those that an include under a condition makes others."""
    path = paths[0]
    number = str(version) if version else ".".join(map(str, NEWEST))
    try:
        loaded = Loader(tree).load(path)
    except Unreadable as problem:
        return Inventory((), (Unread(Span(path, 1, 1, 2), str(problem), True),), (path,))
    if not any(entry.section in ("sendemail", "imap") for entry in loaded.entries) and not loaded.unread:
        return Inventory((), (), loaded.files, (f"{path}: its sections sendemail and imap are empty",))
    facts, notes = _facts(loaded, path, number)
    secrets = passwords(loaded, number)
    seen = {_key(fact) for fact in facts}
    files, unread = list(loaded.files), [*loaded.unread, *_crowd(loaded)]
    for _, found in loaded.branches[:_BRANCHES]:
        try:
            other = Loader(tree, frozenset((found,))).load(path)
        except Unreadable:  # pragma: no cover - it was read a moment ago
            continue
        files += [name for name in other.files if name not in files]
        unread += [one for one in other.unread if one not in unread]
        if any(one.section in ("sendemail", "imap") for one in other.entries if one.where.file != path):
            more, _ = _facts(other, path, number)
            facts += [fact for fact in more if _key(fact) not in seen]
            seen |= {_key(fact) for fact in more}
            secrets += [fact for fact in passwords(other, number) if fact not in secrets]
    notes = [*loaded.notes, *notes]
    return Inventory((*facts, *secrets), tuple(unread), tuple(dict.fromkeys(files)), tuple(dict.fromkeys(notes)))


def _key(fact: Fact) -> tuple[object, ...]:
    return tuple(sorted((name, str(value)) for name, value in fact.values.items()))


def _crowd(loaded: Loaded) -> list[Unread]:
    """The first identity that is one too many."""
    heads: dict[str, Span] = {}
    for entry in loaded.entries:
        if entry.section == "sendemail" and entry.sub is not None and entry.sub not in heads:
            heads[entry.sub] = entry.head
            if len(heads) > _IDENTITIES:
                return [Unread(entry.head, f"is identity number {len(heads)}: none from here on is compared", True)]
    return []


def _elsewhere(base: View, loaded: Loaded, version: str) -> bool:
    """Whether the identity that is taken where none is named has a way of its own."""
    entry = base.last("identity")
    if entry is None or not entry.certain or not entry.value:
        return False
    return any(key in View(loaded, "sendemail", entry.value, version).own for key in RELEVANT)


def _facts(loaded: Loaded, path: str, version: str) -> tuple[list[Fact], list[str]]:
    found: list[Fact] = []
    notes: list[str] = []
    base = View(loaded, "sendemail", None, version)
    names = [entry.sub for entry in loaded.entries if entry.section == "sendemail" and entry.sub is not None]
    if base.held or names:
        if sends(base) and not _elsewhere(base, loaded, version):
            found.append(outgoing(base, "default", path, version))
        for name in list(dict.fromkeys(names))[:_IDENTITIES]:
            view = View(loaded, "sendemail", name, version)
            if sends(view) and any(key in view.own for key in RELEVANT):
                found.append(outgoing(view, name, path, version))
        if not found:
            notes.append(f"{path}: git send-email hands its mail to a program of this machine")
    imap = View(loaded, "imap", None, version)
    fact = drafts(imap, path, version) if imap.held else None
    if fact is not None:
        found.append(fact)
    elif imap.held:
        notes.append(f"{path}: git imap-send goes through a tunnel, or has no host")
    return found, notes
