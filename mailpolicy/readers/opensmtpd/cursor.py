"""Walking through the tokens of a file and of what it includes; tables, which every statement may hold."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mailpolicy.readers.opensmtpd.lexer import Lexer, Token
from mailpolicy.readers.opensmtpd.model import Config, Entry, Refused, Table
from mailpolicy.readers.opensmtpd.tablefile import file_table
from mailpolicy.tree import Tree, place
from mailpolicy.types import Span, Unreadable

HOMES = {"mail": "/etc/mail", "smtpd": "/etc/smtpd", "opensmtpd": "/etc/opensmtpd"}
DOS = "the line ends in CR LF, which smtpd takes for a syntax error"
_DYNAMIC = ("dynamic", "unknown")


class Cursor:
    """One token ahead, as the program's own parser is."""

    def __init__(self, tree: Tree, path: str, config: Config, words: frozenset[str]) -> None:
        self.tree = tree
        self.config = config
        self.words = words
        folder = posixpath.dirname(path)
        self.home = (HOMES.get(posixpath.basename(folder), "/etc"), folder or ".")
        self.stack: list[tuple[str, Lexer, Iterator[Token]]] = []
        self.ahead: Token | None = None
        self.push(path)

    def push(self, path: str) -> None:
        """Goes on in another file. Raises Unreadable."""
        lexer = Lexer(self.tree.source(path), self.words, self.config.macros)
        self.config.files.append(path)
        self.stack.append((path, lexer, lexer.tokens()))

    def placed(self, name: str) -> str | None:
        """Where a file that the configuration names lies in the tree."""
        home, actual = self.home
        return place(name, home, actual) if name.startswith("/") else None

    def peek(self) -> Token:
        """The next token, which is not taken yet."""
        while self.ahead is None:
            token = next(self.stack[-1][2])
            if token.kind == "end" and len(self.stack) > 1:
                self.config.outside += self.stack.pop()[1].conditions
                continue
            if token.kind == "end":
                self.config.outside += self.stack[0][1].conditions
            self.ahead = token
        return self.ahead

    def take(self) -> Token:
        """The next token."""
        token = self.peek()
        if token.kind == "bad":
            self.ahead = None
            raise Refused(token.where, token.text)
        if token.kind != "end":
            self.ahead = None
        return token

    def at(self, *texts: str) -> bool:
        """Whether one of some keywords or signs comes next."""
        token = self.peek()
        return token.kind in ("word", "punct", "arrow") and token.text in texts

    def accept(self, *texts: str) -> Token | None:
        """Takes one of some keywords or signs if it comes next."""
        return self.take() if self.at(*texts) else None

    def want(self, *texts: str) -> Token:
        """One of some keywords or signs. Raises Refused."""
        if not self.at(*texts):
            raise self.unexpected()
        return self.take()

    def string(self) -> Token:
        """A string. Raises Refused."""
        if self.peek().kind != "string":
            raise self.unexpected()
        return self.take()

    def number(self) -> Token:
        """A number, or what a template writes in its place. Raises Refused."""
        token = self.peek()
        if token.kind != "number" and token.known:
            raise self.unexpected()
        return self.take()

    def unexpected(self) -> Refused:
        """What is wrong with the next token."""
        token = self.peek()
        if token.kind == "bad":
            return Refused(token.where, token.text)
        if token.kind in ("newline", "end"):
            return Refused(token.where, "the line ends too early")
        if token.text == "\r":
            return Refused(token.where, DOS)
        if token.kind == "word":
            return Refused(token.where, f"{token.text} is a keyword, which must stand in quotes to be a name here")
        if token.text == "<":
            return Refused(token.where, "a name is expected here, and <...> means a table")
        if token.text == "/":
            return Refused(token.where, "a path must stand in quotes")
        return Refused(token.where, f"{_shown(token.text)} is not expected here")

    def newlines(self) -> bool:
        """Passes over the ends of lines; tells whether there was one."""
        some = False
        while self.peek().kind == "newline":
            self.take()
            some = True
        return some

    def skip_line(self) -> None:
        """Goes to the end of a line that is refused."""
        while self.peek().kind not in ("newline", "end"):
            self.ahead = None

    def table(self, *kinds: str) -> Table:
        """A table: ``<name>``, ``{ ... }`` or a string; of one of some kinds, list and hash. Raises Refused."""
        start = self.peek()
        if self.accept("<"):
            name = self.string()
            self.want(">")
            table = self.config.tables.get(name.text)
            if table is None:
                if not name.known:
                    return Table(name.text, "unknown", (), name.where)
                raise Refused(name.where, f"no such table: {name.text}")
            table = table._replace(where=name.where)
        elif self.at("{"):
            table = self.braces("")._replace(where=start.where)
        else:
            value = self.string()
            entries = (Entry(value.text.lower(), value.where),)
            table = Table("", "list" if value.known else "unknown", entries, value.where)
        if table.kind not in (*kinds, *_DYNAMIC):
            raise Refused(table.where, f"a table that is a {table.kind} cannot be used here")
        return table

    def braces(self, name: str, folded: bool = True) -> Table:
        """``{ a, b }`` or ``{ a = b }``, of tables in lower case. Raises Refused."""
        multiline = self.config.numbers >= (7, 3)
        start = self.want("{")
        if multiline:
            self.newlines()
        entries: list[Entry] = []
        kind = ""
        known = True
        while True:
            key = self.string()
            known = known and key.known
            value = self.string() if self.accept("=", "=>") else None
            if kind not in ("", "list" if value is None else "hash"):
                raise Refused(key.where, "a table holds either values or pairs")
            kind = "list" if value is None else "hash"
            known = known and (value is None or value.known)
            pair = (value.text, value.where) if value else (None, None)
            entries.append(Entry(key.text.lower() if folded else key.text, key.where, *pair))
            if self._separated(multiline):
                break
        self.want("}")
        return Table(name, kind if known else "unknown", tuple(entries), start.where)

    def _separated(self, multiline: bool) -> bool:
        """Passes over what stands between two values; tells whether the table ends."""
        newline = self.newlines()
        if self.at("}"):
            if newline and not multiline:
                raise Refused(self.peek().where, "} must follow the last value on its line before OpenSMTPD 7.3")
            return True
        if self.accept(","):
            if multiline:
                self.newlines()
            elif self.peek().kind == "newline":
                raise Refused(self.peek().where, "no line may end in a comma before OpenSMTPD 7.3")
        return False

    def declare_table(self) -> None:
        """``table name file:/path`` or ``table name { ... }``. Raises Refused."""
        name = self.string()
        if name.text in self.config.tables:
            raise Refused(name.where, f"a table of the name {name.text} stands here for the second time")
        if self.at("{"):
            self.config.tables[name.text] = self.braces(name.text)._replace(where=name.where)
            return
        source = self.string()
        backend, _, path = source.text.partition(":")
        if source.text.startswith("/"):
            backend, path = "static", source.text
        colon = ":" in source.text or source.text.startswith("/")
        if source.known and colon and not path.startswith("/"):
            raise Refused(source.where, f"{_shown(path)} is no absolute path")
        table = Table(name.text, "dynamic", (), name.where, path or None)
        if not source.known:
            table = table._replace(kind="unknown")
        elif backend in ("file", "static") and path:
            table = self._load(table, source.where)
        self.config.tables[name.text] = table

    def _load(self, table: Table, where: Span) -> Table:
        path = self.placed(table.file or "")
        if path is None or not self.tree.exists(path):
            return table._replace(kind="unknown")
        try:
            source = self.tree.source(path)
        except Unreadable as problem:
            raise Refused(where, f"{table.file} {problem}") from None
        self.config.table_files.append(path)
        kind, entries, fault = file_table(source)
        if fault:
            raise Refused(fault, f"no entry of a table; {table.file} cannot be loaded")
        return table._replace(kind=kind, entries=entries)


def _shown(text: str) -> str:
    return repr(text) if len(text) < 60 else repr(text[:50]) + "..."
