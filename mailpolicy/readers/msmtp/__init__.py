"""msmtp, an SMTP client: ``~/.msmtprc``, ``msmtp/config``, ``/etc/msmtprc``.

After msmtp(1) of 1.8.23 and 1.8.28 and what the program was seen to do.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailpolicy.readers.msmtp import templates
from mailpolicy.readers.msmtp.accounts import NEWEST, Account, Parsed, parse
from mailpolicy.readers.msmtp.connections import SOFTWARE, View, connection, identity, missing_host, secrets
from mailpolicy.readers.msmtp.syntax import COMMANDS, lines
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = ".msmtprc, msmtp/config, msmtprc"
PROVEN = "msmtp 1.8.23 and 1.8.28, run with the same files; up to 1.8.33 from its source"
LIMITS = "what eval prints unless it is a plain echo; key rings and .netrc"

_SNIFFED = 200
_TELLING = frozenset({"account", "host", "tls", "tls_starttls", "auth", "passwordeval", "tls_trust_file"})


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself: accounts of the system's file are not completed by the user's."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether the first lines are all msmtp's (or a template's), with a host and two more telling commands."""
    seen: set[str] = set()
    for count, line in enumerate(lines(text[:20_000])):
        if count == _SNIFFED:
            break
        if templates.kind(line) is None:
            if line.command not in COMMANDS:
                return False
            seen.add(line.command)
    return "host" in seen and len(seen & _TELLING) >= 3


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The accounts of one file as connections, and its passwords."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return Inventory(unread=(Unread(Span(path, 1, 1, 2), str(problem), fatal=True),), files=(path,))
    if not source.text.strip():
        return Inventory(unread=(Unread(Span(path, 1, 1, 2), "is empty", fatal=True),), files=(path,))
    numbers = version.numbers if version else NEWEST
    parsed = parse(source, numbers)
    if not parsed.understood:
        why = "is not an msmtp configuration: no line holds a command of msmtp"
        return Inventory(unread=(Unread(parsed.unread[0].where, why, fatal=True),), files=(path,))
    views = [View(account, numbers) for account in parsed.accounts]
    facts, unread, notes = _connections(views, parsed, path)
    if not parsed.accounts and not parsed.refused:
        notes = (*notes, f"{path}: holds no account")
    return Inventory((*facts, *_secrets(parsed, path, numbers)), (*parsed.unread, *unread), (path,), notes)


def _connections(views: list[View], parsed: Parsed, path: str) -> tuple[list[Fact], list[Unread], tuple[str, ...]]:
    facts: list[Fact] = []
    unread: list[Unread] = []
    notes: list[str] = []
    inherited = {parent for account in parsed.accounts for parent in account.parents}
    merged = _merged(views)
    for index, view in enumerate(views):
        account = view.account
        if index not in merged:
            continue
        if not missing_host(view):
            facts.append(connection(view, _names(parsed.accounts, merged[index]), path, parsed.refused))
        elif account.implicit:
            notes.append(f'{path}: commands before any account make an account "default" that has no host')
        elif index not in inherited:
            unread.append(Unread(account.where, f"account {account.name} has no host: msmtp cannot use it"))
    return facts, unread, tuple(notes)


def _names(accounts: Sequence[Account], members: Sequence[int]) -> list[str]:
    """Names of one session's accounts; the one that msmtp takes by itself, or else the last, stands at the end."""
    names = [name for name in (accounts[index].name for index in members) if name is not None]
    return sorted(names, key=lambda name: name == "default")


def _merged(views: Sequence[View]) -> dict[int, list[int]]:
    """Accounts by the first one of a line of descent that opens the same session: an alias is no second connection."""
    groups: dict[int, list[int]] = {}
    first: dict[int, int] = {}
    for index, view in enumerate(views):
        same = identity(view)
        root = next((first[p] for p in view.account.parents if identity(views[p]) == same), index)
        if root != index and not _continues(views, groups[root], index):
            root = index
        first[index] = root
        groups.setdefault(root, []).append(index)
    return groups


def _continues(views: Sequence[View], members: Sequence[int], index: int) -> bool:
    """Whether an account adds nothing to a group, or is the first one that stands for its parent."""
    account = views[index].account
    alias = all(account.own[name] == views[p].account.own.get(name) for p in account.parents for name in account.own)
    return alias or len([m for m in members if views[m].account.name != "default"]) == 1


def _secrets(parsed: Parsed, path: str, version: tuple[int, ...]) -> list[Fact]:
    """Each password once, in the order of the file, though several accounts inherit it."""
    found: dict[Span, Fact] = {}
    for account in parsed.accounts:
        for name in ("password", "passwordeval"):
            for value in account.chain(name):
                fact = None if value.where in found else secrets(name, value, path, version)
                if fact is not None:
                    found[value.where] = fact
    return [found[where] for where in sorted(found)]
