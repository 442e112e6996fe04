"""fetchmail, which fetches mail by POP3 and IMAP: ``~/.fetchmailrc``, ``/etc/fetchmailrc``.

After the lexer, grammar and protocol code of 6.3.26, 6.4.25, 6.4.33 and 6.5, fetchmail(1) and the release notes of
6.6.9, and what 6.4.37 was seen to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailpolicy.passwords import secret
from mailpolicy.readers.fetchmail.connections import access, relays
from mailpolicy.readers.fetchmail.grammar import Parsed, Query, parse
from mailpolicy.readers.fetchmail.lexer import END, NUMBER, STRING, tokens
from mailpolicy.readers.fetchmail.templates import plain
from mailpolicy.readers.fetchmail.view import SOFTWARE, View, no_port, port_number
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version, unreadable

__all__ = ["SOFTWARE", "groups", "read", "sniff"]

FILES = "`.fetchmailrc`, `fetchmailrc`, `fetchmail.cf`, `fetchmail.conf`"
PROVEN = "6.3 to 6.5: read in source; 6.4.37: run; 6.6: manual page and release notes"
LIMITS = "Options of the command line, what `~/.netrc` holds, and commands of `plugin` other than the usual ones."
NEWEST = (6, 6, 9)
"""The newest version whose manual page and notes were read."""


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether a text begins with an entry or a global option of fetchmail, which its grammar takes."""
    words = [token for _, token in zip(range(3), tokens(plain(text[:20_000])[0], NEWEST), strict=False)]
    kinds = [word.kind for word in words]
    if len(kinds) < 3 or kinds[0] not in ("poll", "skip", "defaults", "set"):
        return False
    if kinds[0] in ("defaults", "set"):
        return kinds[1] not in (STRING, NUMBER, END)
    return kinds[1] == STRING and kinds[2] in ("protocol", "via", "user", "port")


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The sessions of one file as connections, and its passwords."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable((path,), str(problem))
    if not source.text.strip():
        return unreadable((path,), "is empty")
    numbers = version.numbers if version else NEWEST
    parsed = parse(source, numbers)
    if not parsed.statements and parsed.unread:
        if path.endswith(".conf") and parsed.refused is not None:
            return Inventory(notes=(f"{path}: is no fetchmailrc: it holds no entry and no option of fetchmail",))
        why = "is no fetchmailrc: it holds no entry and no option of fetchmail"
        return Inventory(unread=(Unread(parsed.unread[0].where, why, fatal=True),), files=(path,))
    sessions = views(parsed.queries, numbers)
    refusals = list(_refusals(sessions, parsed))
    unread = [*parsed.unread, *refusals]
    refused = parsed.refused or next(iter(refusals), None)
    facts = [fact for view in sessions if view.query.how == "poll" for fact in _facts(view, path, refused)]
    notes = [
        f"{view.query.where}: skip: is polled only when it is named" for view in sessions if view.query.how == "skip"
    ]
    notes += [note for view in sessions for note in _notes(view)]
    if not sessions and not parsed.unread:
        notes.append(f"{path}: holds no entry")
    return Inventory((*facts, *_secrets(parsed, path, numbers)), tuple(unread), (path,), tuple(notes))


def views(queries: Sequence[Query], version: tuple[int, ...]) -> list[View]:
    """The sessions with the defaults, which count only at the head of the file."""
    first = queries[0] if queries and queries[0].how == "defaults" else None
    return [View(query, first, version) for query in queries if query.how != "defaults"]


def _facts(view: View, path: str, refused: Unread | None) -> list[Fact]:
    return [access(view, path, refused), *relays(view, path, refused)]


def _notes(view: View) -> Iterator[str]:
    if view.query.how == "poll" and view.text("protocol", "auto") == "auto":
        yield f"{view.query.where}: protocol auto: IMAP comes first, POP3 only where IMAP fails in mid-session"


def _refusals(views: Sequence[View], parsed: Parsed) -> Iterator[Unread]:
    """What fetchmail refuses a file for after it has read it (``load_params``)."""
    for query in [query for query in parsed.queries if query.how == "defaults"][1:]:
        yield Unread(query.where, "fetchmail refuses the file: defaults stand twice")
    if (
        parsed.queries
        and any(query.how == "defaults" for query in parsed.queries)
        and parsed.queries[0].how != "defaults"
    ):
        where = next(query.where for query in parsed.queries if query.how == "defaults")
        yield Unread(where, "fetchmail refuses the file: defaults stand after another entry")
    for view in views:
        if view.query.how != "poll":
            continue
        port = view.text("port", "")
        if port and no_port(port):
            yield Unread(view.chain("port")[-1].where, "fetchmail refuses the file: this is no port")
        if port and view.text("protocol") == "rpop" and (port_number(port) or 0) >= 1024:
            yield Unread(view.chain("port")[-1].where, "fetchmail refuses the file: RPOP needs a port below 1024")
        if view.text("auth", "any") == "kerberos4":
            yield Unread(view.chain("auth")[-1].where, "fetchmail refuses the file: it is built without Kerberos 4")
        yield from _lmtp(view)
    yield from _idle([view for view in views if view.query.how == "poll"])


def _lmtp(view: View) -> Iterator[Unread]:
    if not view.switch("lmtp"):
        return
    hosts = view.members("smtphost")
    why = "fetchmail refuses the file: LMTP cannot use the port of SMTP"
    if not hosts:
        yield Unread(view.chain("lmtp")[-1].where, why)
    for host in hosts:
        text = host.text or "/"
        _, slash, port = text.rpartition("/")
        if not text.startswith("/") and (not slash or port_number(port) == 25):
            yield Unread(host.where, why)


def _idle(views: Sequence[View]) -> Iterator[Unread]:
    idle = [view for view in views if view.switch("idle")]
    if idle and sum(max(1, len(view.members("folder"))) for view in views) > 1:
        where = idle[0].chain("idle")[-1].where
        yield Unread(where, "fetchmail refuses the file: idle works with one folder of one account only")


def _secrets(parsed: Parsed, path: str, version: tuple[int, ...]) -> list[Fact]:
    """Each password once, in the order of the file."""
    found: dict[Span, Fact] = {}
    for query in parsed.queries:
        for name in ("password", "esmtppassword"):
            for value in (*query.server.get(name, ()), *query.user.get(name, ())):
                fact = secret(SOFTWARE, ".".join(map(str, version)), path, name, value.text or "", value.where)
                if fact is not None:
                    found[value.where] = fact
    return [found[where] for where in sorted(found)]
