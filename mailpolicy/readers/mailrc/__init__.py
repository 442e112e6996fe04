"""S-nail and Heirloom mailx: ``~/.mailrc``, ``/etc/mail.rc``, ``~/.nailrc``, ``s-nail.rc``.

After s-nail 14.9.24 of Debian, which was run, and its source. What is said of Heirloom mailx 12.5 is not proven.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailpolicy.readers.mailrc.program import COMMANDS, Program
from mailpolicy.readers.mailrc.sessions import SOFTWARE, View, fact, folders, mta, passwords
from mailpolicy.readers.mailrc.words import lines
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = ".mailrc, .nailrc, mail.rc, nail.rc, s-nail.rc"
PROVEN = (
    "s-nail 14.9.24 of Debian 12, run with the same files; Heirloom mailx is taken for an s-nail, but for its login"
)
LIMITS = "what conditions decide; mail that leaves the server when a person quits; the system's file under the user's"
NEWEST = (14, 9, 25)

_MOST = 1000
"""Accounts and sessions of one file at most."""


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether all commands are s-nail's, and one sets how mail is sent."""
    found = list(lines(text[:20_000]))
    telling = any(line.command == "set" and "mta=" in text[line.rest : line.end] for line in found)
    return telling and all(line.command in COMMANDS or not line.command.isidentifier() for line in found)


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The way out and the mailboxes, by themselves and of each account that changes them."""
    path = paths[0]
    numbers = version.numbers if version else NEWEST
    program = Program(tree, path)
    try:
        program.run()
    except Unreadable as problem:
        return Inventory((), (Unread(Span(path, 1, 1, 2), str(problem), True),), (path,))
    text = tree.source(path).text
    if not program.known and text.strip():
        if not program.unread:
            return Inventory((), (), tuple(program.files), (f"{path}: sets nothing",))
        why = "is no configuration of s-nail: no line holds one of its commands"
        return Inventory((), (Unread(program.unread[0].where, why, True),), tuple(program.files))
    facts, secrets, unread = _found(program, numbers)
    notes = list(program.notes)
    if not facts and not unread and text.strip():
        notes.append(f"{path}: names no server: mail goes to a program of this machine")
    found = (*facts.values(), *(secrets[where] for where in sorted(secrets)))
    said = dict.fromkeys((*program.unread, *unread))
    return Inventory(found, tuple(said), tuple(dict.fromkeys(program.files)), tuple(dict.fromkeys(notes)))


def _found(program: Program, numbers: tuple[int, ...]) -> tuple[dict[object, Fact], dict[Span, Fact], list[Unread]]:
    """Sessions by what they are, and passwords by where they stand: by themselves, and of each account."""
    facts: dict[object, Fact] = {}
    secrets: dict[Span, Fact] = {}
    unread: list[Unread] = []
    main, spent = program.active[0] if program.active else "default", 0
    for name in (None, *program.accounts):
        view = View(program.state if name is None else program.account(name), numbers, program.missing)
        for one in _sessions(view, main if name is None else name, program.path, unread):
            facts.setdefault(_key(one), one)
            spent += 1
            if spent > _MOST:
                break
        for one in passwords(view, program.path, {} if name is None else program.state.variables):
            secrets.setdefault(_where(one), one)
        spent += 1
        if spent > _MOST:
            where = Span(program.path, 1, 1, 2) if name is None else program.accounts[name].where
            unread.append(Unread(where, "has more accounts and mailboxes than are followed, from here on", True))
            break
    return facts, secrets, unread


def _where(one: Fact) -> Span:
    return next(origin.where for origin in reversed(one.origins["storage"]) if origin.where is not None)


def _sessions(view: View, account: str, path: str, unread: list[Unread]) -> Iterator[Fact]:
    out, refused = mta(view)
    if out is not None:
        yield fact(view, account, out, path)
    for name in ("smtp", "mta"):
        variable = view.last(name)
        if refused and variable is not None and variable.present:
            unread.append(Unread(variable.where, f"{name} {refused}: s-nail sends nothing"))
            break
    for name, found in folders(view):
        yield fact(view, account if not name.startswith("shortcut") else name, found, path)


def _key(one: Fact) -> object:
    """The same for two sessions that differ in their account's name at most."""
    return tuple(sorted((name, str(value)) for name, value in one.values.items() if name != "account"))
