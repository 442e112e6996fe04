"""Lookup tables as far as files tell them: inline, static, and those whose source text lies in the tree.

Formats: postmap(1), inline_table(5), cidr_table(5), regexp_table(5), pcre_table(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from mailpolicy.lean import TYPE_CHECKING, NamedTuple
from mailpolicy.readers.postfix.lexer import BLANKS, logical_lines
from mailpolicy.text import Source
from mailpolicy.tree import place
from mailpolicy.types import Span, Unreadable

if TYPE_CHECKING:
    from mailpolicy.tree import Tree

INDEXED = frozenset({"hash", "btree", "lmdb", "texthash", "dbm", "cdb", "sdbm"})
"""Types with one exact key a line."""
KNOWN = INDEXED | frozenset(
    (
        *("cidr", "debug", "environ", "fail", "inline", "internal", "ldap", "memcache", "mongodb", "mysql", "netinfo"),
        *("nis", "nisplus", "pcre", "pgsql", "pipemap", "proxy", "randmap", "regexp", "socketmap", "sqlite", "static"),
        *("tcp", "unionmap", "unix"),
    )
)
"""Types that some Postfix has (DATABASE_README); a lookup in any other fails."""
PATTERNS = frozenset({"regexp", "pcre"})
REMOTE = frozenset({"mysql", "pgsql", "sqlite", "ldap", "mongodb", "memcache"})
"""Types whose name is a file that says how to query a database."""


class Entry(NamedTuple):
    """One line of a table. ``key`` is as written; a pattern keeps its slashes and flags."""

    key: str
    value: str
    where: Span
    """The value's first line; of an inline or static table, the whole table."""
    key_where: Span
    guards: tuple[str, ...] = ()
    """Patterns of the ifs around it, which have to match too."""


class Table(NamedTuple):
    """A table. ``entries`` is None when the files do not tell what it holds."""

    kind: str
    """The type, such as ``hash``, without ``proxy:``."""
    path: str | None
    """Where its source lies in the tree; None when it is no file or lies outside."""
    entries: tuple[Entry, ...] | None
    by_key: Mapping[str, Entry] | None = None
    """By lower-case key, for types that compare keys as a whole."""
    address: Entry | None = None
    """The first entry whose key holds an @."""

    def find(self, key: str) -> Entry | None:
        """The entry that one lookup of exactly ``key`` gives."""
        if self.by_key is not None:
            return self.by_key.get(key.lower())
        for entry in self.entries or ():
            if all(matches(self.kind, pattern, key) for pattern in (*entry.guards, entry.key)):
                return entry
        return None


class Files(NamedTuple):
    """Where tables are looked for: the tree and where /etc/postfix lies in it."""

    tree: Tree
    folder: str

    def place(self, path: str) -> str | None:
        """Where a file that the configuration names lies in the tree, or None when it is outside of it."""
        return place(path, "/etc/postfix", self.folder) if path.startswith("/") else None


def open_table(name: str, where: Span, files: Files, default_type: str = "hash") -> Table:
    """The table that ``name`` (``type:name``) stands for; ``where`` is its position."""
    kind, colon, rest = name.partition(":")
    kind = kind.strip().lower()
    if not colon or kind.startswith("/"):
        kind, rest = default_type, name
    if kind == "proxy":
        return open_table(rest, where, files, default_type)
    if kind == "static":
        return Table(kind, None, (Entry("*", _unbraced(rest), where, where),))
    if kind == "inline":
        return _table(kind, None, tuple(_inline(rest, where)))
    if kind in INDEXED or kind == "cidr" or kind in PATTERNS:
        return _from_file(kind, rest, where, files)
    if kind in REMOTE:
        path = files.place(rest)
        return Table(kind, path if path and files.tree.exists(path) else None, None)
    return Table(kind, None, None)


def _from_file(kind: str, rest: str, where: Span, files: Files) -> Table:
    if kind in PATTERNS or kind == "cidr":
        lines = _inline_lines(rest, where)
        if lines is not None:
            return Table(kind, None, tuple(lines))
    path = files.place(rest)
    if path is None:
        return Table(kind, None, None)
    try:
        source = files.tree.source(path)
    except Unreadable:
        return Table(kind, None, None)
    return _parsed(kind, path, source.text)


@lru_cache(maxsize=64)
def _parsed(kind: str, path: str, text: str) -> Table:
    """A table is asked many times, and read once."""
    return _table(kind, path, tuple(entries(Source(path, text), kind)))


def _table(kind: str, path: str | None, found: tuple[Entry, ...]) -> Table:
    index: dict[str, Entry] = {}
    for entry in found:
        index.setdefault(entry.key.lower(), entry)
    address = next((entry for entry in found if "@" in entry.key), None)
    return Table(kind, path, found, index if kind in INDEXED or kind == "inline" else None, address)


def entries(source: Source, kind: str = "hash") -> Iterator[Entry]:
    """Entries of a source file of postmap(1), of a CIDR table or of a pattern table: key, blanks, value."""
    guards: list[str] = []
    conditional = kind == "cidr" or kind in PATTERNS
    for line in logical_lines(source).lines:
        text = line.text
        lead = len(text) - len(text.lstrip(BLANKS))
        word = text[lead : lead + 40].split(" ")[0].split("\t")[0].lower()
        if conditional and (word == "if" or word.startswith(("if/", "if!"))):
            guards.append(text[lead + 2 :].strip())
            continue
        if conditional and word == "endif":
            del guards[-1:]
            continue
        end = _pattern_end(text, lead) if kind in PATTERNS else _key_end(text, lead)
        value = text[end:].strip()
        if value:
            begin = end + len(text[end:]) - len(text[end:].lstrip())
            where = line.locate(begin, begin + len(value))
            value = " ".join(value.split())
            yield Entry(text[lead:end], value, where, line.locate(lead, end), tuple(guards))


def _key_end(text: str, at: int) -> int:
    """Where the key ends: at the first blank that is neither quoted nor escaped."""
    quoted = False
    while at < len(text) and (quoted or not text[at].isspace()):
        if text[at] == "\\":
            at += 1
        elif text[at] == '"':
            quoted = not quoted
        at += 1
    return min(at, len(text))


def _pattern_end(text: str, at: int) -> int:
    """Where ``/pattern/flags`` ends."""
    while at < len(text) and (text[at] == "!" or text[at].isspace()):
        at += 1
    delimiter, at = text[at : at + 1], at + 1
    while at < len(text) and text[at] != delimiter:
        at += 2 if text[at] == "\\" else 1
    while at < len(text) and not text[at].isspace():
        at += 1
    return min(at, len(text))


def matches(kind: str, key: str, sought: str) -> bool:
    """Whether one lookup of ``sought`` meets an entry with ``key``."""
    if kind == "static":
        return True
    if kind in PATTERNS:
        return pattern_matches(key, sought)
    if kind == "cidr":
        return _cidr_matches(key, sought)
    return key.lower() == sought.lower()


def pattern_matches(key: str, sought: str) -> bool:
    """Whether ``/pattern/flags`` matches; POSIX and Perl ones are taken for Python's; a broken one matches nothing."""
    negated, pattern = _compiled(key)
    return pattern is not None and (pattern.search(sought[:512]) is None) == negated


@lru_cache(maxsize=1 << 14)
def _compiled(key: str) -> tuple[bool, re.Pattern[str] | None]:
    """Whether ``!`` negates, and the pattern; None for a broken one."""
    body = key.lstrip("! \t")
    last = body.rfind(body[:1], 1) if body else -1
    if last < 1:
        return False, None
    try:
        return key.startswith("!"), re.compile(body[1:last], 0 if "i" in body[last + 1 :] else re.IGNORECASE)
    except (re.error, RecursionError, OverflowError):
        return False, None


def _cidr_matches(key: str, sought: str) -> bool:
    import ipaddress  # imported late: costs start-up time that most configurations do not need

    negated = key.startswith("!")
    try:
        network = ipaddress.ip_network(key.lstrip("!").replace("[", "").replace("]", ""), strict=False)
        address = ipaddress.ip_address(sought)
    except ValueError:
        return False
    return (address in network) != negated


def _unbraced(text: str) -> str:
    text = text.strip()
    return text[1:-1].strip() if text.startswith("{") and text.endswith("}") else text


def split_braced(text: str) -> list[str]:
    """Words between commas and blanks; a group in braces is one word with its braces (mystrtokq)."""
    words, word, depth = [], "", 0
    for c in text:
        depth += (c == "{") - (c == "}")
        if depth <= 0 and (c in ", \t\r\n"):
            if word:
                words.append(word)
            word = ""
        else:
            word += c
    return [*words, word] if word else words


def _inline(rest: str, where: Span) -> Iterator[Entry]:
    """``{ key = value, { key = text with blanks } }`` (inline_table(5))."""
    body = re.sub(r"\s*=\s*", "=", _unbraced(rest))
    for word in split_braced(body):
        key, equals, value = _unbraced(word).partition("=")
        if equals:
            yield Entry(key.strip(), value.strip(), where, where)


def _inline_lines(rest: str, where: Span) -> list[Entry] | None:
    """``{ {/pattern/ value}, ... }``: a pattern table within the setting, Postfix 3.7 and later."""
    if not rest.strip().startswith("{"):
        return None
    found = []
    for word in split_braced(_unbraced(rest)):
        line = _unbraced(word)
        end = _pattern_end(line, 0) if not line[:1].isalnum() and line[:1] not in "[:" else _key_end(line, 0)
        if line[end:].strip():
            found.append(Entry(line[:end], line[end:].strip(), where, where))
    return found
