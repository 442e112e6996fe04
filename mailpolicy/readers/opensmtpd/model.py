"""What a configuration says, before it is known what follows from it."""

from __future__ import annotations

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.opensmtpd.lexer import Token
from mailpolicy.types import Span, Unread


class Entry(NamedTuple):
    """A line of a table."""

    key: str
    where: Span
    value: str | None = None
    value_where: Span | None = None


class Table(NamedTuple):
    """``kind``: list, hash, dynamic (a database or program) or unknown (its file is not here)."""

    name: str
    kind: str
    entries: tuple[Entry, ...]
    where: Span
    """Where it is named last."""
    file: str | None = None
    """The file that holds it, as the configuration names it."""

    @property
    def known(self) -> bool:
        """Whether all that it holds is known."""
        return self.kind in ("list", "hash")


class Condition(NamedTuple):
    """One condition of a rule. ``kind``: any, local, socket, src, rdns, domain, or of its own name."""

    kind: str
    where: Span
    negated: bool = False
    table: Table | None = None
    regex: bool = False


class Action(NamedTuple):
    """Where mail goes. ``kind``: relay, lmtp or local. ``options``: what is set, by name, and where."""

    name: str
    kind: str
    where: Span
    options: dict[str, tuple[Token, ...]]
    tables: dict[str, Table]


class Rule(NamedTuple):
    """One ``match``, ``accept`` or ``reject`` line; without an action it rejects."""

    where: Span
    conditions: dict[str, Condition]
    action: Action | None


class Pki(NamedTuple):
    """A certificate and its key."""

    name: str
    where: Span
    files: dict[str, Token]


class Listen(NamedTuple):
    """One ``listen on`` line."""

    address: Token
    options: dict[str, Token]
    """Option -> its word, or its argument where it has one."""
    said: dict[str, Span]
    """Option -> where its word stands."""
    pkis: tuple[Token, ...]
    tables: dict[str, Table]
    guards: tuple[Condition, ...] = ()
    """Conditions on which a filter of this line refuses a client."""

    def has(self, option: str) -> bool:
        """Whether an option stands on the line."""
        return option in self.options


class Config:
    """All that was read."""

    def __init__(self, numbers: tuple[int, ...], elder: bool) -> None:
        self.numbers = numbers
        self.elder = elder
        """The grammar before 6.4."""
        self.macros: dict[str, Token] = {}
        self.tables: dict[str, Table] = {}
        self.pkis: dict[str, Pki] = {}
        self.cas: dict[str, Pki] = {}
        self.filters: dict[str, str] = {}
        """Name -> proc, proc-exec, phase or chain."""
        self.guards: dict[str, tuple[Condition, ...]] = {}
        """Filter -> conditions on which it refuses a client."""
        self.programs: set[str] = set()
        self.wrappers: set[str] = set()
        self.actions: dict[str, Action] = {}
        self.rules: list[Rule] = []
        self.listens: list[Listen] = []
        self.keys: list[tuple[str, Token]] = []
        """Setting and secret."""
        self.socket = False
        self.srs = False
        self.refused: list[Unread] = []
        self.outside: list[Span] = []
        """Files that are named but not here, lines that a template fills in."""
        self.files: list[str] = []
        self.table_files: list[str] = []

    @property
    def version(self) -> str:
        """As facts have it."""
        return ".".join(map(str, self.numbers))

    @property
    def program(self) -> str:
        """As notes have it."""
        return f"OpenSMTPD {self.version}"

    @property
    def libtls(self) -> bool:
        """7.0 took libtls in place of OpenSSL's own interface."""
        return self.numbers >= (7,)


class Refused(Exception):
    """What smtpd refuses, so that it does not start."""

    def __init__(self, where: Span, why: str) -> None:
        super().__init__(why)
        self.where = where
