"""mbsync of isync, an IMAP synchroniser: ``~/.mbsyncrc``, ``~/.config/isyncrc``.

After mbsync(1) and the source of isync 1.4.4 and 1.5.1, and what both were seen to do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailpolicy.readers.mbsync.connections import SOFTWARE, Account, fact, secrets
from mailpolicy.readers.mbsync.sections import Parsed, parse, shown_version
from mailpolicy.readers.mbsync.syntax import ACCOUNT, MAILDIR, STORE
from mailpolicy.tree import Tree
from mailpolicy.types import Inventory, Span, Unreadable, Version, unreadable

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = ".mbsyncrc, isyncrc, mbsyncrc, *.conf and *.inc in isync/ and mbsync/"
PROVEN = "isync 1.4.4 and 1.5.1, run with the same files; 1.1 from its source; 1.0, 1.2 and 1.3 from its NEWS"
LIMITS = "what is in a CertificateFile (a server's own certificate in it is a pin); where the script of a Tunnel leads"

_NAMED = re.compile(r"(?:mbsync|isync)rc[^/]*$|mbsync\.conf")


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself: there is no include."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether there are sections of mbsync's: an account or store of IMAP, and a host or a store of Maildir."""
    words = set(re.findall(r"^[ \t]*(\w+)[ \t]+\S", text[:50_000].lower(), re.MULTILINE))
    return bool(words & {ACCOUNT, STORE}) and bool(words & {"host", "tunnel", MAILDIR, "channel", "account"})


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The accounts of one file as connections, and its passwords."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable((path,), str(problem))
    if not source.text.strip():
        return unreadable((path,), "is empty")
    numbers = version.numbers if version else shown_version(source)
    parsed = parse(source, numbers)
    if not parsed.understood and parsed.refused is not None:
        return _foreign(path, parsed.refused.where)
    accounts = [
        section
        for section in parsed.sections
        if (section.kind == ACCOUNT or (section.kind == STORE and "account" not in section.settings))
        and (section.settings.keys() & {"host", "tunnel"} or section.open)
    ]
    facts = [fact(Account(section, numbers), path, parsed.refused) for section in accounts]
    kept = [one for section in accounts for one in secrets(section, path, numbers)]
    return Inventory((*facts, *kept), parsed.unread, (path,), _notes(path, parsed, len(accounts)))


def _foreign(path: str, where: Span) -> Inventory:
    why = "is no configuration of mbsync: no line holds one of its keywords"
    if not _NAMED.search(path):
        return Inventory(notes=(f"{path}: {why}",))
    return unreadable((path,), why, where)


def _notes(path: str, parsed: Parsed, accounts: int) -> tuple[str, ...]:
    return (f"{path}: holds no account",) if not accounts and parsed.refused is None else ()
