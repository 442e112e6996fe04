"""Sections, options, named lists, access lists and drivers, from logical lines."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.exim import names
from mailpolicy.readers.exim.lexer import Lexer, Line
from mailpolicy.readers.exim.marked import Marked, elements, join
from mailpolicy.types import Origin, Span

_OPTION = re.compile(r"(hide\s+)?(\w+)\s*(=?)\s*")
_LIST = re.compile(
    r"(hide\s+)?(domainlist|hostlist|addresslist|localpartlist)(?:_cache)?\s+(?:hide\s+)?(\w+)\s*(=?)\s*"
)
_ACL = re.compile(r"(\w+)\s*:\s*(.*)$", re.DOTALL)
_CONDITION = re.compile(r"(!\s*)?(\w+)\s*(=?)\s*")
VERBS = ("accept", "defer", "deny", "discard", "drop", "require", "warn")
SECTIONS = ("acl", "routers", "transports", "authenticators", "retry", "rewrite", "local_scan")
_ELSEWHERE = re.compile(r"(?:dmarc_|srs_|redis_|ibase_|oracle_|bmi_|gnutls_|xclient_|proxy_|dscp_|spf_|brightmail|dcc)")
"""Options of builds other than Debian's, and of older versions."""


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
        if not text.text:
            self._unknown_lines()
            return
        begin = re.match(r"begin\s+(\w+)", text.text)
        if begin:
            self._begin(begin[1], text)
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

    def _begin(self, name: str, text: Marked) -> None:
        name = {"authenticator": "authenticators", "router": "routers", "transport": "transports"}.get(name, name)
        if name not in SECTIONS:
            self.lexer.refuse(text.span(), f"there is no section {name}")
        elif name in self._seen:
            self.lexer.refuse(text.span(), f"the section {name} begins a second time")
        self._seen.add(name)
        self._section, self._acl, self._driver = name, None, None
        self.understood += 1

    def _main(self, text: Marked, maybe: bool) -> None:
        listed = _LIST.match(text.text)
        if listed:
            self._list(listed, text, maybe)
            return
        found = _OPTION.match(text.text)
        if found is None:
            if not maybe and text.known:
                self.lexer.refuse(text.span(), "this line sets nothing")
            return
        name = found[2]
        where = text.span(found.start(2), found.end(2))
        bare = re.sub(r"^no_|^not_", "", name)
        switched = bare if bare != name and bare in names.SWITCHES else name
        if not self._known(switched):
            self._strange(name, where, maybe or not text.known)
            return
        self.understood += 1
        value = text.cut(found.end())
        if switched in names.SWITCHES:
            value = self._switch(name, switched, value, bool(found[3]), where, maybe)
        elif not found[3] and text.known:
            self.lexer.refuse(where, f"{name} has no value", maybe)
        self._set(self.options, switched, self._option(switched, value, where, maybe))

    def _known(self, name: str) -> bool:
        return name in names.MAIN or (name in names.MAIN_NEW and not self.lexer.old)

    def _strange(self, name: str, where: Span | None, maybe: bool) -> None:
        if _ELSEWHERE.match(name) or name in names.MAIN_NEW:
            self.lexer.notes.append(f"{where}: Debian's Exim does not know {name}, and does not start with it")
        else:
            self.lexer.refuse(where, f"the main option {name} is unknown", maybe)

    def _switch(self, name: str, bare: str, value: Marked, given: bool, where: Span | None, maybe: bool) -> Marked:
        """The value of an option that is true or false, as the word true or false."""
        word = value.text.strip().lower()
        if not given:
            word = "true"
        elif word not in ("true", "yes", "1", "false", "no", "0"):
            if value.known:
                self.lexer.refuse(value.span() or where, f'"{value.text}" is not a value for {bare}', maybe)
            return value._replace(known=False)
        yes = (word in ("true", "yes", "1")) == (name == bare)
        return Marked("true" if yes else "false", value.marks or ((0, where, 0),), value.known)

    def _list(self, found: re.Match[str], text: Marked, maybe: bool) -> None:
        where = text.span(found.start(3), found.end(3))
        self.understood += 1
        key = (found[2], found[3])
        if key in self.lists and not maybe and not self.lists[key].maybe:
            self.lexer.refuse(where, f"the {found[2]} {found[3]} is already defined")
        self.lists[key] = self._option(found[3], text.cut(found.end()), where, maybe)

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

    def _set(self, options: dict[str, Option], name: str, option: Option) -> None:
        before = options.get(name)
        if before is not None and not before.maybe and not option.maybe:
            self.lexer.refuse(option.where or before.where, f"{name} is set for the second time")
        if before is None or before.maybe or not option.maybe:
            options[name] = option._replace(maybe=option.maybe or (before is not None and before.maybe))

    def _access(self, text: Marked, maybe: bool) -> None:
        named = _ACL.match(text.text)
        if named and named[1] not in VERBS:
            name, where = named[1], text.span(0, len(named[1]))
            if name in self.acls and not maybe:
                self.lexer.refuse(where, f"there are two access lists {name}")
            self._acl = self.acls.setdefault(name, [])
            if named[2]:
                self.statement(self._acl, text.cut(named.start(2)), maybe)
        elif self._acl is None:
            self.lexer.refuse(text.span(), "an access list begins with its name and a colon", maybe)
        else:
            self.statement(self._acl, text, maybe)

    def statement(self, statements: list[Statement], text: Marked, maybe: bool) -> None:
        """Adds one line of an access list."""
        text = text.strip()
        verb = re.match(r"(\w+)(?:\s+|$)", text.text)
        if verb and verb[1] in VERBS:
            statements.append(Statement(verb[1], [], text.span(0, len(verb[1])), maybe))
            text = text.cut(verb.end())
            if not text.text:
                return
        found = _CONDITION.match(text.text)
        if (
            found is None
            or not statements
            or (found[2] not in names.CONDITIONS and found[2] not in names.MODIFIERS and found[2] not in _MODERN)
        ):
            if text.known and not maybe:
                self.lexer.refuse(text.span(), "this is no condition of an access list")
            if statements:
                statements[-1].conditions.append(Condition("unknown", False, text, text.span(), True))
            return
        self.understood += 1
        value = text.cut(found.end()).strip()
        where = text.span(0, len(text.text))
        if not found[3] and found[2] not in ("endpass", "set") and text.known:
            self.lexer.refuse(where, f"{found[2]} has no value", maybe)
        statements[-1].conditions.append(Condition(found[2], bool(found[1]), value, where, maybe))

    def _of_driver(self, text: Marked, maybe: bool) -> None:
        named = re.match(r"(\w+)\s*:\s*$", text.text)
        found = _OPTION.match(text.text)
        drivers = self.drivers[self._section]
        if named:
            where = text.span(0, len(named[1]))
            if named[1] in drivers and not maybe:
                self.lexer.refuse(where, f"there are two {self._section} named {named[1]}")
            self._driver = drivers[named[1]] = Driver(named[1], where, {}, maybe)
        elif self._driver is None or found is None:
            if text.known:
                self.lexer.refuse(text.span(), f"this line of the {self._section} sets nothing", maybe)
        else:
            self.understood += 1
            name, value = found[2], text.cut(found.end())
            where = text.span(found.start(2), found.end(2))
            if not found[3]:
                yes = not name.startswith(("no_", "not_"))
                name = re.sub(r"^no_|^not_", "", name)
                value = Marked("true" if yes else "false", ((0, where, 0),), text.known)
            option = self._option(name, value, where, maybe)
            if name in ("headers_add", "headers_remove", "condition", "server_condition", "client_condition", "set"):
                self._driver.options[name] = option
            else:
                self._set(self._driver.options, name, option)

    def finish(self) -> None:
        """Checks what only the whole can tell."""
        for section, drivers in self.drivers.items():
            for driver in drivers.values():
                self._driver_fault(section, driver)
        served: dict[str, Driver] = {}
        for driver in self.drivers["authenticators"].values():
            name = driver.text("public_name", driver.name).upper()
            if any(option.startswith("server_") for option in driver.options) and not driver.maybe:
                if name in served and driver.known("public_name") and served[name].known("public_name"):
                    self.lexer.refuse(driver.where, f"two authenticators serve {name}")
                served[name] = driver

    def _driver_fault(self, section: str, driver: Driver) -> None:
        option = driver.options.get("driver")
        if option is None:
            if not driver.maybe and not self.hidden:
                self.lexer.refuse(driver.where, f"{driver.name} has no driver")
            return
        known: Mapping[str, frozenset[str]] = names.DRIVERS[section]
        kind = option.value.text
        if not option.known:
            return
        if kind not in known or not kind:
            if (section, kind) in _OTHER_DRIVERS:
                self.lexer.notes.append(f"{option.value.span()}: Debian's Exim has no driver {kind}")
            else:
                self.lexer.refuse(option.value.span() or option.where, f"there is no driver {kind}")
            return
        for name, found in driver.options.items():
            if (
                name != UNSEEN
                and name not in known[kind]
                and name not in known[""]
                and not found.maybe
                and found.value.known
            ):
                if _ELSEWHERE.match(name) or name.startswith(("gsasl", "dkim", "arc")):
                    continue
                self.lexer.refuse(found.where, f"the driver {kind} has no option {name}")


_MODERN = frozenset(("dmarc_status", "arc_status", "attempts", "demime", "dcc", "bmi_optin", "hosts", "atrn_domains"))
_OTHER_DRIVERS = frozenset(
    (("authenticators", "gsasl"), ("authenticators", "heimdal_gssapi"), ("transports", "queuefile"))
)


def parts(option: Option) -> list[Marked]:
    """The elements of a list option."""
    return elements(option.value)
