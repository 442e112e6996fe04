"""Statements of a fetchmailrc, as the grammar of fetchmail has them (``rcfile_y.y`` of 6.3 to 6.5).

Options of the server stand before the first user, options of a user after it; fetchmail refuses a whole file for the
first word that stands elsewhere. A ``defaults`` entry counts only as the first one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.fetchmail import templates
from mailpolicy.readers.fetchmail.lexer import AUTHTYPE, END, NUMBER, PROTO, STRING, Token, tokens
from mailpolicy.text import Source
from mailpolicy.types import Span, Unread


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SERVER_TEXT = _set("via principal esmtpname esmtppassword qvirtual interface monitor plugin plugout")
_SERVER_NUMBER = frozenset(("port", "interval", "timeout", "idletimeout"))
_SERVER_FLAGS = frozenset(("uidl", "checkalias", "dns", "tracepolls"))
_SERVER_LISTS = frozenset(("aka", "localdomains"))
_SERVER = _SERVER_TEXT | _SERVER_NUMBER | _SERVER_FLAGS | _SERVER_LISTS
_SERVER |= {"protocol", "service", "auth", "envelope", "bad-header"}
SERVER = _SERVER
"""Options that stand before the first user."""
_USER_TEXT = _set(
    "password smtpaddress smtpname mda bsmtp preconnect postconnect sslkey sslcert sslproto sslcertfile "
    "sslcertpath sslcommonname sslfingerprint properties moveto"
)
_USER_NUMBER = _set("limit warnings fetchlimit fetchsizelimit fastuidl batchlimit expunge")
_USER_FLAGS = _set(
    "keep flush limitflush fetchall rewrite forcecr stripcr pass8bits dropstatus dropdelivered mimedecode idle "
    "forceidle ssl sslcertck"
)
_USER_LISTS = frozenset(("folder", "smtphost", "fetchdomains"))
_USER = _USER_TEXT | _USER_NUMBER | _USER_FLAGS | _USER_LISTS | {"is", "to", "antispam", "lmtp"}
_SET_TEXT = _set("logfile idfile pidfile postmaster properties")
_SET_FLAGS = _set("bouncemail spambounce softbounce syslog invisible showdots")
_BEGINS = frozenset(("set", "poll", "skip", "defaults", END))
_MOST = 50
ANYTHING = "*"
"""Among options: a template may set any of those that nothing else sets."""


class Value(NamedTuple):
    """What an option was set to; ``text`` is None where a template decides. Flags are ``yes`` and ``no``."""

    text: str | None
    where: Span


Options = dict[str, list[Value]]
"""Option -> what it was set to, oldest first; of a list, its members."""


class Query(NamedTuple):
    """One session to be opened: a user of a server, or a server without one."""

    name: str | None
    where: Span
    how: str
    """poll, skip or defaults"""
    server: Mapping[str, Sequence[Value]]
    user: Mapping[str, Sequence[Value]]


class Parsed(NamedTuple):
    """What a file says. ``refused`` is the first thing for which fetchmail refuses it."""

    queries: tuple[Query, ...]
    globals: Mapping[str, Sequence[Value]]
    unread: tuple[Unread, ...]
    refused: Unread | None
    statements: int
    """Of which the beginning was understood."""


class _Wrong(Exception):
    """A word that fetchmail refuses."""


class _Parser:
    def __init__(self, source: Source, version: tuple[int, ...]) -> None:
        text, self.steps = templates.plain(source.text)
        self.source = source
        self.version = version
        self.stream = tokens(text, version)
        self.now = next(self.stream)
        self.ahead = next(self.stream) if self.now.kind != END else self.now
        self.queries: list[Query] = []
        self.globals: Options = {}
        self.unread: list[Unread] = []
        self.first: Unread | None = None
        self.statements = self.step = self.depth = self.opened = 0
        self.server: Options = {}
        self.user: Options = {}

    # words

    def take(self) -> Token:
        taken, self.now = self.now, self.ahead
        if self.ahead.kind != END:
            self.ahead = next(self.stream)
        while self.step < len(self.steps) and self.steps[self.step].at <= taken.left:
            self.depth = self.steps[self.step].depth
            self.step += 1
        return taken

    def need(self, *kinds: str) -> Token:
        if self.now.kind not in kinds:
            raise _Wrong(f"{' or '.join(kinds)} is expected here")
        return self.take()

    def span(self, first: Token, last: Token | None = None) -> Span:
        if first.left == first.right and first.kind == STRING:
            return self.source.span(first.left - 1, first.right + 1)  # an empty string: its quotes
        return self.source.span(first.left, (last or first).right)

    def text(self, token: Token) -> str | None:
        unsure = self.depth > self.opened or templates.PLACEHOLDER.search(token.text)
        return None if unsure else token.text

    def put(self, into: Options, name: str, token: Token, text: str = "") -> None:
        value = (text or None) if text else self.text(token)
        if text and self.depth > self.opened:
            value = None
        into.setdefault(name, []).append(Value(value, self.span(token)))

    def refuse(self, token: Token, why: str) -> None:
        said = "the end of the file" if token.kind == END else "this word"
        item = Unread(self.span(token), f"fetchmail refuses the file at {said}: {why}")
        self.first = self.first or item
        if len(self.unread) < _MOST:
            self.unread.append(item)

    # statements

    def read(self) -> Parsed:
        while self.now.kind != END:
            try:
                self.statement()
            except _Wrong as problem:
                self.refuse(self.now, str(problem))
                while self.now.kind not in _BEGINS:
                    self.take()
        return Parsed(tuple(self.queries), self.globals, tuple(self.unread), self.first, self.statements)

    def statement(self) -> None:
        if self.filled():
            self.unread.append(Unread(self.span(self.take()), "a template writes what stands here"))
            return
        if self.now.kind not in _BEGINS:
            raise _Wrong(_astray(self.now, self.ahead))
        begin = self.take()
        self.opened = self.depth
        if begin.kind == "set":
            self.global_option()
            return
        name = begin if begin.kind == "defaults" else self.need(STRING)
        self.statements += 1
        self.server, self.user = {}, {}
        title = "defaults" if name is begin else self.text(name)
        where = self.span(name)
        self.options(_SERVER, self.server)
        self.users(title, where, begin.kind)
        if self.is_option(_SERVER):
            self.refuse(self.now, "an option of the server stands after those of a user")
            self.server_option()

    def options(self, names: frozenset[str], into: Options) -> None:
        """Options of one kind; a word that a template writes may be any of them."""
        while True:
            if self.filled():
                into[ANYTHING] = [Value(None, self.span(self.take()))]
            elif not self.is_option(names):
                return
            elif names is _SERVER:
                self.server_option()
            else:
                self.user_option()

    def is_option(self, names: frozenset[str]) -> bool:
        return (self.ahead if self.now.kind == "no" else self.now).kind in names

    def users(self, title: str | None, where: Span, how: str) -> None:
        if self.now.kind != "user":
            self.options(_USER, self.user)
            self.queries.append(Query(title, where, how, self.server, self.user))
            return
        while self.now.kind == "user":
            self.user = {}
            self.take()
            self.user_name()
            self.options(_USER, self.user)
            self.queries.append(Query(title, where, how, self.server, self.user))

    def user_name(self) -> None:
        first = self.need(STRING)
        if self.now.kind == "there":
            self.take()
        elif self.now.kind in (STRING, "=", "here") and not self.filled():
            self.names(first)
            self.need("here")
            return
        self.put(self.user, "user", first)

    def names(self, first: Token) -> None:
        """Local names after the first one, which has been taken."""
        self.put(self.user, "is", first)
        while True:
            if self.now.kind == "=":
                self.take()
                self.need(STRING)
            if self.now.kind != STRING or self.filled():
                return
            self.put(self.user, "is", self.take())

    def global_option(self) -> None:
        if self.now.kind == "no":
            self.take()
            self.need(*sorted(_SET_FLAGS))
        else:
            option = self.need(*sorted(_SET_TEXT | _SET_FLAGS), "daemon")
            if option.kind not in _SET_FLAGS:
                if self.now.kind == "=":
                    self.take()
                value = self.need(NUMBER if option.kind == "daemon" else STRING)
                self.put(self.globals, option.kind, value)
        self.statements += 1

    # options

    def flag(self, into: Options, names: frozenset[str]) -> None:
        begin = self.take()
        option = self.need(*sorted(names)) if begin.kind == "no" else begin
        if option is not begin and option.kind == "sslcertck" and self.version < (6, 4):
            self.refuse(option, "no sslcertck came with fetchmail 6.4")
        value = "no" if option is not begin else "yes"
        unsure = self.depth > self.opened
        where = self.span(begin, option)
        into.setdefault(option.kind, []).append(Value(None if unsure else value, where))

    def server_option(self) -> None:
        option = self.now.kind
        if option == "no" and self.ahead.kind == "envelope":
            self.take()
            self.take()
        elif option == "no" or option in _SERVER_FLAGS:
            self.flag(self.server, _SERVER_FLAGS)
        else:
            self.take()
            if option in _SERVER_TEXT:
                self.put(self.server, option, self.need(STRING))
            elif option in _SERVER_NUMBER:
                self.put(self.server, option, self.number())
            elif option in _SERVER_LISTS:
                self.words(self.server, option)
            else:
                self.other(option)

    def other(self, option: str) -> None:
        if option == "protocol":
            if self.filled():
                self.put(self.server, option, self.take())
            else:
                self.put(self.server, option, self.need(PROTO, "sdps", "kpop"))
        elif option == "auth":
            self.put(self.server, option, self.take() if self.filled() else self.need(AUTHTYPE))
        elif option == "service":
            self.put(self.server, "port", self.need(STRING, NUMBER))
        elif option == "bad-header":
            self.need("accept", "reject")
        else:
            if self.now.kind == NUMBER:
                self.take()
            self.need(STRING)

    def filled(self) -> bool:
        return self.now.kind == STRING and templates.PLACEHOLDER.search(self.now.text) is not None

    def number(self) -> Token:
        return self.take() if self.filled() else self.need(NUMBER)

    def words(self, into: Options, option: str) -> None:
        self.put(into, option, self.need(STRING))
        while self.now.kind == STRING and not self.filled():
            self.put(into, option, self.take())

    def user_option(self) -> None:
        option = self.now.kind
        if option == "no" or option in _USER_FLAGS:
            self.flag(self.user, _USER_FLAGS)
            return
        taken = self.take()
        if option in ("is", "to"):
            first = self.need(STRING)
            if option == "is" and self.now.kind == "there":
                self.take()
                self.put(self.user, "user", first)
                return
            self.names(first)
            if self.now.kind == "here":
                self.take()
        elif option in _USER_TEXT:
            self.secret_or_text(option)
        elif option in _USER_NUMBER:
            self.put(self.user, option, self.number())
        elif option in _USER_LISTS:
            self.words(self.user, option)
        elif option == "antispam":
            self.need(NUMBER)
            while self.now.kind == NUMBER:
                self.take()
        else:
            self.put(self.user, "lmtp", taken, "yes")

    def secret_or_text(self, option: str) -> None:
        value = self.need(STRING)
        if option == "password":
            text = None if templates.FILLED in value.text else value.text
            self.user.setdefault(option, []).append(Value(text, self.span(value)))
        else:
            self.put(self.user, option, value)


def _astray(token: Token, ahead: Token) -> str:
    """Why no statement begins with a word."""
    option = ahead if token.kind == "no" else token
    if option.kind == "user":
        return "a user comes before the options of users"
    if option.kind in _USER | _SERVER:
        return "this option belongs to no entry here"
    return "it is no option and begins no entry"


def parse(source: Source, version: tuple[int, ...]) -> Parsed:
    """All entries of a file, and what fetchmail of this version refuses in it."""
    return _Parser(source, version).read()
