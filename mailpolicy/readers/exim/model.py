"""Sections, options, named lists, access lists and drivers, from logical lines."""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.exim import names, values
from mailpolicy.readers.exim.lexer import Lexer, Line
from mailpolicy.readers.exim.marked import Marked, join
from mailpolicy.types import Origin, Span

_OPTION = re.compile(r"(?:hide\s+)?([A-Za-z]\w*)\s*(=?)\s*", re.ASCII)
_LIST = re.compile(
    r"(?:hide\s+)?(domainlist|hostlist|addresslist|localpartlist)(?:_cache)?\s+(\w+)\s*(=?)\s*", re.ASCII
)
_ACL = re.compile(r"([A-Za-z]\w*)\s*:", re.ASCII)
_CONDITION = re.compile(r"(!\s*)?(\w+)\s*(=?)\s*", re.ASCII)
_VARIABLE = re.compile(r"acl_[cm][0-9_]\w*\s*=|dkim_verify_(?:status|reason)\s*=", re.ASCII)
VERBS = ("accept", "defer", "deny", "discard", "drop", "require", "warn")
_SECTIONS = {"acls": "acl", "authenticators": "authenticators", "local_scans": "local_scan", "retrys": "retry",
             "rewrites": "rewrite", "routers": "routers", "transports": "transports"}  # fmt: skip

UNSEEN = "*"
"""Among a driver's options: a file that is not here may set more."""


class Option(NamedTuple):
    """An option as it is set."""

    name: str
    value: Marked
    where: Span | None
    maybe: bool = False

    @property
    def known(self) -> bool:
        """Whether the text of the value is the one that Exim sees."""
        return self.value.known and not self.maybe

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Where it is set, and where the macro stands that it takes its value from."""
        span = self.value.span() if self.value.text else None
        found = []
        if self.where is not None:
            found.append(Origin("sets", self.where))
        if span is not None:
            found.append(Origin("sets", span))
        return tuple(found) or (Origin("default", None, "Debian's exim4-config"),)

    def at(self, piece: Marked | None) -> tuple[Origin, ...]:
        """The chain that ends at one element of the value."""
        span = piece.span() if piece is not None else None
        return (*self.origins, Origin("sets", span)) if span is not None else self.origins


class Condition(NamedTuple):
    """A condition or modifier of an access list."""

    name: str
    negated: bool
    value: Marked
    where: Span | None
    maybe: bool


class Statement(NamedTuple):
    """A verb with its conditions, in order."""

    verb: str
    conditions: list[Condition]
    where: Span | None
    maybe: bool


class Driver(NamedTuple):
    """A router, transport or authenticator."""

    name: str
    where: Span | None
    options: dict[str, Option]
    maybe: bool
    early: set[str]
    """Options that are set before the line that names the driver."""

    def text(self, name: str, default: str = "") -> str:
        """An option's text, or its default."""
        return self.options[name].value.text if name in self.options else default

    def known(self, name: str) -> bool:
        """Whether the text of an option is certain."""
        return name not in self.options or self.options[name].known


class Model:
    """A whole configuration."""

    def __init__(self, lexer: Lexer) -> None:
        self.lexer = lexer
        self.options: dict[str, Option] = {}
        self.lists: dict[tuple[str, str], Option] = {}
        self.acls: dict[str, list[Statement]] = {}
        self.drivers: dict[str, dict[str, Driver]] = {"routers": {}, "transports": {}, "authenticators": {}}
        self.first: Span | None = None
        self.understood = 0
        self._section = "main"
        self._acl: list[Statement] | None = None
        self._driver: Driver | None = None
        self._seen: set[str] = set()

    @property
    def hidden(self) -> bool:
        """Whether a file that is not here may set more."""
        return self.lexer.hidden

    def take(self) -> None:
        """Reads all lines."""
        for line in self.lexer.lines:
            if self.first is None:
                self.first = line.text.span()
            self._line(line)

    def _line(self, line: Line) -> None:
        text = line.text
        if line.macro:
            self._acl = self._driver = None
            return
        if not text.text:
            self._unknown_lines()
            return
        begin = re.match(r"begin (.*)", text.text, re.IGNORECASE | re.DOTALL)
        if begin:
            self._begin(begin[1].strip(), text)
        elif self._section == "main":
            self._main(text, line.maybe)
        elif self._section == "acl":
            self._access(text, line.maybe)
        elif self._section in self.drivers:
            self._of_driver(text, line.maybe)

    def _unknown_lines(self) -> None:
        """Lines of a file that is not here."""
        if self._acl is not None:
            self._acl.append(Statement("unknown", [], None, True))
        if self._driver is not None:
            self._driver.options[UNSEEN] = Option(UNSEEN, Marked("", (), False), None, True)

    def _begin(self, word: str, text: Marked) -> None:
        name = _SECTIONS.get(word.lower() if word[-1:] in "sS" else f"{word.lower()}s", word)
        if name not in _SECTIONS.values():
            self.lexer.refuse(text.span(), f"there is no section {name}")
        elif name in self._seen:
            self.lexer.refuse(text.span(), f"the section {name} begins a second time")
        elif name == "local_scan":
            self.elsewhere(text.span(), "section local_scan")
        self._seen.add(name)
        self._section, self._acl, self._driver = name, None, None
        self.understood += 1

    def elsewhere(self, where: Span | None, what: str, maybe: bool = False) -> None:
        """Notes what another build of Exim knows; Debian's refuses it."""
        if self.lexer.home == "/etc/exim4":
            self.lexer.refuse(where, f"Debian's Exim does not know {what}", maybe)
        else:
            self.lexer.notes.append(f"{where}: Debian's Exim does not know {what}, and does not start with it")

    def _main(self, text: Marked, maybe: bool) -> None:
        listed = _LIST.match(text.text)
        if listed:
            self._list(listed, text, maybe)
            return
        option = self._setting(text, maybe)
        if option is None:
            return
        if option.name not in names.MAIN and (option.name not in names.MAIN_NEW or self.lexer.old):
            if values.other_build(option.name):
                self.elsewhere(option.where, option.name, maybe)
            else:
                self.lexer.refuse(
                    option.where, f"the main option {option.name} is unknown", maybe or not option.value.known
                )
            return
        self.understood += 1
        self._set(self.options, option)

    def _setting(self, text: Marked, maybe: bool) -> Option | None:
        """An option of the main section or of a driver; None where the line is none."""
        found = _OPTION.match(text.text)
        if found is None:
            if text.known:
                self.lexer.refuse(text.span(), "this line sets nothing", maybe)
            return None
        name, value = found[1], text.cut(found.end())
        where = text.span(found.start(1), found.end(1))
        bare = re.sub(r"^not?_", "", name)
        if bare in names.SWITCHES:
            return Option(bare, self._switch(name, bare, value, bool(found[2]), where, maybe), where, maybe)
        option = self._option(bare if bare in names.EVERY else name, value, where, maybe)
        fault = values.value_fault(name, option.value.text) if found[2] else f"{name} has no value"
        if bare != name:
            fault = f"{bare} is not true or false, so that no_ cannot stand before it"
        if fault and option.value.known and bare in names.EVERY:
            self.lexer.refuse(option.value.span() if option.value.text else where, fault, maybe)
        return option

    def _switch(self, name: str, bare: str, value: Marked, given: bool, where: Span | None, maybe: bool) -> Marked:
        """The value of an option that is true or false, as the word true or false."""
        said = values.switch(value.text) if given and name == bare else None
        if not value.text.strip():
            said = name == bare
        elif "$" in value.text and bare in names.EXPANDED_SWITCHES:
            return value._replace(known=False)
        if said is None and value.known:
            why = f'"{value.text}" is not a value for {bare}' if given else f"there is text behind {name}"
            self.lexer.refuse(value.span() if value.text else where, why, maybe)
        if said is None:
            return value._replace(known=False)
        return Marked("true" if said else "false", value.marks if value.text else ((0, where, 0),), value.known)

    def _list(self, found: re.Match[str], text: Marked, maybe: bool) -> None:
        kind, name = found[1], found[2]
        where = text.span(found.start(2), found.end(2))
        self.understood += 1
        if (kind, name) in self.lists and not maybe and not self.lists[kind, name].maybe:
            self.lexer.refuse(where, f"the {kind} {name} is already defined")
        if not found[3] and text.known:
            self.lexer.refuse(where, f"behind {kind} {name} an equals sign is missing", maybe)
        self.lists[kind, name] = self._option(name, text.cut(found.end()), where, maybe)

    def _option(self, name: str, value: Marked, where: Span | None, maybe: bool) -> Option:
        value = value.strip()
        if value.text.startswith('"'):
            value = self._quoted(value, maybe)
        return Option(name, value, where, maybe)

    def _quoted(self, value: Marked, maybe: bool) -> Marked:
        """A value in double quotes, without them."""
        text, at, pieces, start = value.text, 1, [], 1
        while at < len(text) and text[at] != '"':
            if text[at] == "\\" and at + 1 < len(text):
                pieces.append(value.cut(start, at))
                made = {"n": "\n", "t": "\t", "r": "\r"}.get(text[at + 1], text[at + 1])
                pieces.append(value.cut(at, at + 1)._replace(text=made))
                at += 2
                start = at
            else:
                at += 1
        if (at >= len(text) or text[at + 1 :].strip()) and value.known:
            self.lexer.refuse(value.span(min(at + 1, len(text) - 1)), "there is text after a quoted value", maybe)
        return join([*pieces, value.cut(start, at)])

    def _set(self, options: dict[str, Option], option: Option) -> None:
        name = option.name
        before = options.get(name)
        if before is not None and not before.maybe and not option.maybe:
            self.lexer.refuse(option.where or before.where, f"{name} is set for the second time")
        if before is None or before.maybe or not option.maybe:
            options[name] = option._replace(maybe=option.maybe or (before is not None and before.maybe))

    def _access(self, text: Marked, maybe: bool) -> None:
        named = _ACL.match(text.text)
        if named:  # what stands behind the colon is not looked at
            name, where = named[1], text.span(0, len(named[1]))
            if name in self.acls and not maybe:
                self.lexer.refuse(where, f"there are two access lists {name}")
            self._acl = self.acls.setdefault(name, [])
        elif self._acl is None:
            if text.known:
                self.lexer.refuse(text.span(), "an access list begins with its name and a colon", maybe)
        else:
            self.statement(self._acl, text, maybe)

    def statement(self, statements: list[Statement], text: Marked, maybe: bool) -> None:
        """Adds one line of an access list."""
        text = text.strip()
        verb = re.match(r"(\w+)(?:\s+|$|(?=!))", text.text)
        if verb and verb[1] in VERBS:
            statements.append(Statement(verb[1], [], text.span(0, len(verb[1])), maybe))
            text = text.cut(verb.end())
            if not text.text:
                return
        found = _CONDITION.match(text.text)
        name = found[2] if found is not None else ""
        if found is None or not statements or not (name in names.CONDITIONS or name in names.MODIFIERS):
            if statements and name in names.OTHER_CONDITIONS:
                self.elsewhere(text.span(0, len(name)), f"the condition {name}", maybe)
            elif text.known:
                self.lexer.refuse(text.span(), "this is no condition of an access list", maybe)
            if statements:
                statements[-1].conditions.append(Condition("unknown", False, text, text.span(), True))
            return
        self.understood += 1
        value = text.cut(found.end()).strip()
        where = text.span(0, len(text.text))
        if text.known:
            self._condition_fault(found, statements[-1].verb, value.text, where, maybe)
        statements[-1].conditions.append(Condition(name, bool(found[1]), value, where, maybe))

    def _condition_fault(self, found: re.Match[str], verb: str, value: str, where: Span | None, maybe: bool) -> None:
        """What acl_read() refuses."""
        name, why = found[2], ""
        if found[1] and name in names.MODIFIERS:
            why = f"{name} cannot be negated"
        elif name == "endpass":
            why = "" if verb in ("accept", "discard") else f"endpass cannot stand in {verb}"
        elif name == "set":
            why = "" if _VARIABLE.match(value) else "set takes a variable such as acl_m_name or acl_c0, and a value"
        elif not found[3]:
            why = f"{name} has no value"
        if why:
            self.lexer.refuse(where, why, maybe)

    def _of_driver(self, text: Marked, maybe: bool) -> None:
        named = _ACL.match(text.text)
        drivers = self.drivers[self._section]
        if named:
            where = text.span(0, len(named[1]))
            if named[1] in drivers and not maybe:
                self.lexer.refuse(where, f"there are two {self._section} named {named[1]}")
            if text.text[named.end() :].strip() and text.known:
                self.lexer.refuse(text.span(named.end()), f"there is text behind the name {named[1]}", maybe)
            self._driver = drivers[named[1]] = Driver(named[1], where, {}, maybe, set())
        elif self._driver is None:
            if text.known:
                why = f"this belongs to none of the {self._section}: a name and a colon must stand above"
                self.lexer.refuse(text.span(), why, maybe)
        else:
            option = self._setting(text, maybe)
            if option is None:
                return
            self.understood += 1
            if "driver" not in self._driver.options:
                self._driver.early.add(option.name)
            if option.name in names.REPEATED[self._section]:
                self._driver.options[option.name] = option
            else:
                self._set(self._driver.options, option)
