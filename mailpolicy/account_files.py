"""Accounts of an msmtprc or mpoprc: defaults, inheritance and redefinition, as ``read_conffile`` of both has them.

A new account takes the defaults that stand before it, then what each named account *set itself or
inherited*, not the defaults that account had. Both programs refuse a whole file for one bad line.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy import template_lines
from mailpolicy.account_lines import Dialect, Line, evaluated, kind, lines, problem, whole
from mailpolicy.lean import NamedTuple
from mailpolicy.placeholders import PLACEHOLDER
from mailpolicy.text import Source
from mailpolicy.types import Origin, Span, Unread

_KEPT = 6
_SHOWN = 50
_ALIASES = {"tls_nocertcheck": ("tls_certcheck", "off"), "tls_nostarttls": ("tls_starttls", "off")}


class Value(NamedTuple):
    """What a line sets. ``text`` is None when a template decides it."""

    text: str | None
    where: Span


Settings = dict[str, tuple[Value, ...]]
"""Setting -> its values, oldest first; the last one holds."""


class Account(NamedTuple):
    """An account; ``own`` is what it set or inherited from accounts, ``defaults`` what stood there before it."""

    name: str | None
    where: Span
    parents: tuple[int, ...]
    defaults: Mapping[str, tuple[Value, ...]]
    own: Settings
    implicit: bool = False
    """Not declared: commands stood before any ``account`` line."""
    open: bool = False
    """A template names one of its parents: what no line of its own sets is unknown."""

    def chain(self, name: str) -> tuple[Value, ...]:
        """All values of a setting, oldest first."""
        return self.defaults.get(name, ()) + self.own.get(name, ())

    def last(self, name: str) -> Value | None:
        """The value that holds, or None when no line sets it."""
        chain = self.own.get(name) or self.defaults.get(name)
        return chain[-1] if chain else None

    def origins(self, name: str) -> tuple[Origin, ...]:
        """Who set it."""
        chain = self.chain(name)
        return tuple(Origin("overrides" if i else "sets", value.where) for i, value in enumerate(chain))


class Parsed(NamedTuple):
    """What a file says. ``refused`` is the first line that makes the program refuse the file, with the reason."""

    accounts: tuple[Account, ...]
    unread: tuple[Unread, ...]
    refused: Unread | None
    understood: bool
    """At least one line is the program's, or there is none that is not."""


class _Parser:
    def __init__(self, source: Source, dialect: Dialect, version: tuple[int, ...]) -> None:
        self.source = source
        self.dialect = dialect
        self.version = version
        self.defaults: Settings = {}
        self.accounts: list[Account] = []
        self.names: dict[str, int] = {}
        self.section: Settings | None = None
        self.conditions = 0
        self.opened_at = 0
        self.macros: set[str] = set()
        self.unread: list[Unread] = []
        self.problems = 0
        self.first: Unread | None = None
        self.known = 0

    def refuse(self, where: Span, why: str) -> None:
        self.problems += 1
        item = Unread(where, f"{self.dialect.software} refuses the file: {why}")
        self.first = self.first or item
        if self.problems <= _SHOWN:
            self.unread.append(item)

    def span(self, line: Line) -> Span:
        return self.source.span(line.left, line.right)

    def read(self) -> Parsed:
        for line in lines(self.source.text):
            self.one(line)
        if self.problems > _SHOWN and self.first is not None:
            self.unread.append(
                Unread(self.first.where, f"{self.problems - _SHOWN} more lines that {self.dialect.software} refuses")
            )
        return Parsed(tuple(self.accounts), tuple(self.unread), self.first, self.known > 0 or not self.problems)

    def one(self, line: Line) -> None:
        what = kind(line, self.dialect)
        if what is not None:
            self.template(line, what)
            return
        why = problem(line, self.dialect, self.version)
        if why is not None:
            known = line.command in self.dialect.commands and line.argument and not line.too_long
            self.refuse(self.span(line) if known else self.source.span(line.start, line.start + len(line.command)), why)
            if line.command == "default":
                self.section, self.opened_at = self.defaults, self.conditions
            elif line.command in self.dialect.tainted:
                self.put(line.command, Value(None, self.span(line)))
            return
        self.known += 1
        if line.command == "defaults":
            self.section, self.opened_at = self.defaults, self.conditions
        elif line.command == "account":
            self.account(line)
        elif line.command == "eval":
            self.evaluate(line)
        else:
            self.set(line.command, line.argument, self.span(line))

    def template(self, line: Line, what: str) -> None:
        if what == template_lines.BEGIN:
            self.conditions += 1
        elif what == template_lines.END:
            self.conditions = max(0, self.conditions - 1)
        elif what == template_lines.ANYTHING:
            self.taint(self.source.span(line.start, line.right))
        macro = template_lines.defines(whole(line))
        if macro:
            self.macros.add(macro)

    def taint(self, where: Span) -> None:
        """From here on each setting may be another one, unless a later line sets it."""
        if self.section is not None:
            for name in self.dialect.tainted:
                self.put(name, Value(None, where))

    def evaluate(self, line: Line) -> None:
        command, argument = evaluated(line, self.dialect)
        where = self.span(line)
        if command is None:
            self.taint(where)
        elif argument is not None and command not in ("account", "defaults", "eval"):
            self.set(command, argument, where)
        else:
            self.put(command, Value(None, where))

    def set(self, name: str, argument: str, where: Span) -> None:
        name, argument = _ALIASES.get(name, (name, argument))
        unsure = self.conditions > self.opened_at or (self.macros and not self.macros.isdisjoint(argument.split()))
        literal = name in ("password", "passwordeval") or not PLACEHOLDER.search(argument)
        self.put(name, Value(argument if literal and not unsure else None, where))

    def put(self, name: str, value: Value) -> None:
        if self.section is None:
            if not self.dialect.implicit:
                self.refuse(value.where, "the first command must be account or defaults")
            self.begin(Account("default", value.where, (), dict(self.defaults), {}, implicit=True))
            self.names["default"] = 0
        assert self.section is not None
        self.section[name] = (*self.section.get(name, ()), value)[-_KEPT:]

    def begin(self, account: Account) -> None:
        self.accounts.append(account)
        self.section, self.opened_at = account.own, self.conditions

    def account(self, line: Line) -> None:
        head, colon, tail = line.argument.partition(":")
        template = bool(PLACEHOLDER.search(head))
        name = _trim(head) if colon else head
        width = len(head.rstrip()) if head.strip() else len(line.argument)
        where = self.source.span(line.left, line.left + width)
        parents = self.parents(tail, line.left + len(head) + 1) if colon else ()
        if not template and (not name or "," in name):
            self.refuse(where, "an account needs a name without commas")
        elif name in self.names and not template:
            self.refuse(where, f"account {name} was already defined")
        own: Settings = {}
        filled = bool(colon) and PLACEHOLDER.search(tail) is not None
        if filled:
            own = {name: (Value(None, self.span(line)),) for name in self.dialect.tainted}
        for parent in parents:
            for setting, values in self.accounts[parent].own.items():
                own[setting] = _joined(own.get(setting, ()), values)
        self.begin(Account(None if template else name, where, parents, dict(self.defaults), own, open=filled))
        if not template:
            self.names.setdefault(name, len(self.accounts) - 1)

    def parents(self, tail: str, at: int) -> tuple[int, ...]:
        found = []
        for part in tail.split(","):
            name = _trim(part)
            lead = len(part) - len(part.lstrip())
            where = self.source.span(at + lead, at + max(lead + 1, len(part.rstrip())))
            at += len(part) + 1
            if name in self.names:
                if self.names[name] not in found:
                    found.append(self.names[name])
            elif not PLACEHOLDER.search(part):
                self.refuse(where, f"account {name} is not defined before" if name else "an account name is missing")
        return tuple(found)


def _joined(first: tuple[Value, ...], second: tuple[Value, ...]) -> tuple[Value, ...]:
    return (*(value for value in first if value not in second), *second)[-_KEPT:]


def _trim(text: str) -> str:
    text = text.strip(" \t")
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def parse(source: Source, dialect: Dialect, version: tuple[int, ...]) -> Parsed:
    """All accounts of a file, and what the program of this version refuses in it."""
    return _Parser(source, dialect, version).read()
