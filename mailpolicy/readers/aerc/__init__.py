"""aerc, a mail client: ``aerc/accounts.conf``.

After aerc-accounts(5), aerc-imap(5) and aerc-smtp(5) of 0.11 to 0.21, their sources, and what 0.14 and 0.20
were seen to do.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailpolicy.readers.aerc import urls
from mailpolicy.readers.aerc.accounts import NEWEST, SOFTWARE, Account, accounts, delimiters
from mailpolicy.readers.aerc.connections import Maker
from mailpolicy.readers.aerc.syntax import Key, Parsed, parse
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Unread, Unreadable, Version, unreadable

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = "aerc/accounts.conf"
PROVEN = "aerc 0.14 and 0.20, run with the same files; 0.11 to 0.21 from their sources"
LIMITS = "JMAP, and what sendmail commands do"


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether a section has the settings that aerc demands of an account."""
    parsed = parse(text[:100_000], "=")
    return any(
        {"source", "from"} <= section.keys.keys() or ({"source", "outgoing"} <= section.keys.keys())
        for section in parsed.sections.values()
        if section.name != "DEFAULT"
    )


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The IMAP and SMTP sessions of all accounts, and the passwords of the file."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable((path,), str(problem))
    numbers = version.numbers if version else NEWEST
    parsed = parse(source.text, delimiters(numbers))
    found = accounts(parsed, source, numbers)
    if not found:
        return Inventory(unread=(_nothing(parsed, source),), files=(path,))
    unread = [_refused(parsed, source)] if parsed.refused else []
    facts: list[Fact] = []
    notes: list[str] = []
    for account in found:
        made, left = _sessions(account, Maker(source, numbers))
        facts += made
        unread += left
        if not made and not left:
            notes.append(f"{path}: account {account.name} opens no IMAP or SMTP session by itself")
    return Inventory(tuple(facts), tuple(unread), (path,), tuple(notes))


def _nothing(parsed: Parsed, source: Source) -> Unread:
    if parsed.refused:
        return _refused(parsed, source)._replace(fatal=True)
    why = "holds no account: no section" if parsed.lines else "is empty"
    return Unread(source.start(), why, fatal=True)


def _refused(parsed: Parsed, source: Source) -> Unread:
    assert parsed.refused is not None
    start, end, why = parsed.refused
    return Unread(source.span(start, end), f"{why}; aerc loads nothing of the file")


def _sessions(account: Account, maker: Maker) -> tuple[list[Fact], list[Unread]]:
    facts: list[Fact] = []
    unread: list[Unread] = []
    for name, make, schemes in (("source", maker.access, "imap"), ("outgoing", maker.submission, "smtp")):
        key = account.keys.get(name)
        if key is None:
            continue
        url = urls.parse(key.value) if key.value is not None else None
        if url is None or url.scheme.text is None or _filled(key, url.scheme.text):
            where = maker.source.span(key.start, key.end)
            unread.append(Unread(where, f"a template decides what {name} is"))
        elif url.scheme.text.startswith(schemes):
            facts.append(make(account, key, url))
    return facts + maker.secrets(account), unread


def _filled(key: Key, scheme: str) -> bool:
    """Whether a template fills in the beginning of a value."""
    return not scheme and (key.value or "").startswith(("{{", "{%", "<%", "${", "@", "__"))
