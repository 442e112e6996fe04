"""The facts of one account file of msmtp or mpop: each session once, each password once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mailpolicy.account_files import Account, Parsed, parse
from mailpolicy.account_lines import Dialect, kind, lines
from mailpolicy.account_views import View, missing_host, secrets
from mailpolicy.lean import NamedTuple
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version, unreadable

_SNIFFED = 200


class Program(NamedTuple):
    """What one of the programs does with its accounts."""

    dialect: Dialect
    view: Callable[[Account, tuple[int, ...]], View]
    connection: Callable[[View, Sequence[str], str, Unread | None], Fact]
    """The fact of an account under the last of its names; with the file, and the line for which it is refused."""
    identity: tuple[str, ...]
    """Settings in which accounts of the same session agree, beside those of TLS."""


def sniff(text: str, dialect: Dialect, telling: frozenset[str], least: int) -> bool:
    """Whether the first lines are all of the program (or a template's), with a host and some more telling commands."""
    seen: set[str] = set()
    for count, line in enumerate(lines(text[:20_000])):
        if count == _SNIFFED:
            break
        if kind(line, dialect) is None:
            if line.command not in dialect.commands:
                return False
            seen.add(line.command)
    return "host" in seen and len(seen & telling) >= least


def inventory(tree: Tree, path: str, version: Version | None, program: Program) -> Inventory:
    """The accounts of one file as connections, and its passwords."""
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable((path,), str(problem))
    if not source.text.strip():
        return unreadable((path,), "is empty")
    dialect = program.dialect
    numbers = version.numbers if version else dialect.newest
    parsed = parse(source, dialect, numbers)
    if not parsed.understood:
        name = dialect.software
        why = f"is no configuration of {name}: no line holds one of its commands"
        return Inventory(unread=(Unread(parsed.unread[0].where, why, fatal=True),), files=(path,))
    views = [program.view(account, numbers) for account in parsed.accounts]
    facts, unread, notes = _connections(views, parsed, path, program)
    if not parsed.accounts and not parsed.refused:
        notes = (*notes, f"{path}: holds no account")
    kept = _secrets(parsed, path, program.dialect.software, numbers)
    return Inventory((*facts, *kept), (*parsed.unread, *unread), (path,), notes)


def _connections(
    views: list[View], parsed: Parsed, path: str, program: Program
) -> tuple[list[Fact], list[Unread], tuple[str, ...]]:
    facts: list[Fact] = []
    unread: list[Unread] = []
    notes: list[str] = []
    inherited = {parent for account in parsed.accounts for parent in account.parents}
    merged = _merged(views, program)
    for index, view in enumerate(views):
        account = view.account
        if index not in merged:
            continue
        if account.open and all(values[-1].text is None for values in account.own.values()):
            continue  # another name of an account that a template chooses
        if not missing_host(view):
            fact = program.connection(view, _names(parsed.accounts, merged[index]), path, parsed.refused)
            base = index in inherited and len(merged[index]) == 1 and not parsed.refused
            if not (base and fact.values.get("broken")):  # what only others complete opens no session
                facts.append(fact)
        elif account.implicit:
            notes.append(f'{path}: commands before any account make an account "default" that has no host')
        elif index not in inherited:
            unread.append(
                Unread(account.where, f"account {account.name} has no host: {program.dialect.software} cannot use it")
            )
    return facts, unread, tuple(notes)


def _names(accounts: Sequence[Account], members: Sequence[int]) -> list[str]:
    """Names of one session's accounts; the one that is taken without a name, or else the last, stands at the end."""
    names = [name for name in (accounts[index].name for index in members) if name is not None]
    return sorted(names, key=lambda name: name == "default")


def _merged(views: Sequence[View], program: Program) -> dict[int, list[int]]:
    """Accounts by the first one of a line of descent that opens the same session: an alias is no second connection."""
    groups: dict[int, list[int]] = {}
    first: dict[int, int] = {}
    for index, view in enumerate(views):
        same = _identity(view, program)
        root = next((first[p] for p in view.account.parents if _identity(views[p], program) == same), index)
        if root != index and not _continues(views, groups[root], index):
            root = index
        first[index] = root
        groups.setdefault(root, []).append(index)
    return groups


def _identity(view: View, program: Program) -> tuple[object, ...]:
    """Two accounts of the same identity open the same session."""
    return (view.tls, view.trust, view.switch("tls_certcheck", True), *map(view.text, program.identity))


def _continues(views: Sequence[View], members: Sequence[int], index: int) -> bool:
    """Whether an account adds nothing to a group, or is the first one that stands for its parent."""
    account = views[index].account
    alias = all(account.own[name] == views[p].account.own.get(name) for p in account.parents for name in account.own)
    return alias or len([m for m in members if views[m].account.name != "default"]) == 1


def _secrets(parsed: Parsed, path: str, software: str, version: tuple[int, ...]) -> list[Fact]:
    """Each password once, in the order of the file, though several accounts inherit it."""
    found: dict[Span, Fact] = {}
    for account in parsed.accounts:
        for name in ("password", "passwordeval"):
            for value in account.chain(name):
                fact = None if value.where in found else secrets(software, name, value, path, version)
                if fact is not None:
                    found[value.where] = fact
    return [found[where] for where in sorted(found)]
