"""Host, domain and address lists (exim spec, chapter 10): whether one client or domain is in them."""

from __future__ import annotations

import re
from collections.abc import Callable

from mailpolicy import patterns
from mailpolicy.addresses import contains
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.exim.expand import SOME, Expander, Failed
from mailpolicy.readers.exim.marked import Marked, elements, join, lines, unplaced
from mailpolicy.readers.exim.model import Model
from mailpolicy.tree import Tree, place
from mailpolicy.types import Unreadable

_ADDRESS = re.compile(r"(?:\d+\.\d+\.\d+\.\d+|[0-9a-fA-F]*:[0-9a-fA-F:.]*)(?:/\d+)?$")
_LOOKUP = re.compile(r"(?:net\d*-|partial\d*\S*?-)?([a-z0-9]+)((?:\*@?)?)(?:,[^;]*)?;\s*(.*)$", re.DOTALL)
_EXACT = ("lsearch", "cdb", "dbm", "dbmnz", "dbmjz", "dsearch", "iplsearch", "passwd", "nis")
_QUERIES = ("mysql", "pgsql", "sqlite", "ldap", "ldapm", "redis", "oracle", "ibase")
_DEEPEST = 20


class Client(NamedTuple):
    """Who talks, and about what."""

    address: str
    tls: bool
    login: bool
    port: int
    local_address: str = ""
    domain: str = "elsewhere.invalid"

    @property
    def loopback(self) -> bool:
        """Whether it is this host."""
        return self.address.startswith("127.") or self.address == "::1"


_Match = Callable[[str], "bool | str | None"]
"""Whether an element matches; NAMELESS where the list ends without a match, as the client has no name."""
NAMELESS = "no name"
_MODES = ("+include_unknown", "+ignore_unknown", "+include_defer", "+ignore_defer", "+caseful")
"""Elements that only say how to go on."""


class Lists:
    """Membership for one client, through the files of the tree."""

    def __init__(self, model: Model, tree: Tree, home: str, folder: str) -> None:
        self.model, self.tree, self.home, self.folder = model, tree, home, folder
        self._known: dict[tuple[str, str, object], bool | None] = {}
        """Named lists that the list in hand has been through, so that none is gone through twice."""

    def hosts(self, value: Marked, client: Client, expander: Expander, depth: int = 0) -> bool | None:
        """Whether a client is in a host list; None where that cannot be told."""
        return self._matches(value, expander, depth, lambda item: self._host(item, client, expander, depth))

    def _matches(self, value: Marked, expander: Expander, depth: int, match: _Match) -> bool | None:
        """Goes through a list as match_check_list() of match.c does: the first match decides, else the last sign."""
        if depth == 0:
            self._known.clear()
        text = self._expanded(value, expander)
        if text is None or isinstance(text, bool):
            return text
        perhaps: set[bool] = set()
        positive = True
        for element in elements(text):
            if element.text in _MODES:
                continue
            positive = not element.text.startswith("!")
            item = element.text.lstrip("! \t")
            items = self.lines(item) if item.startswith("/") else [item]
            if items is None:
                perhaps |= {True, False}
                continue
            sign = positive
            for one in items:
                positive = sign != (item.startswith("/") and one.startswith("!"))
                found = match(one.lstrip("! \t"))
                if found is None:
                    perhaps.add(positive)
                elif found:
                    return _certain(found is True and positive, perhaps)
        return _certain(not positive, perhaps)

    def _expanded(self, value: Marked, expander: Expander) -> Marked | bool | None:
        if not value.known:
            return None
        if "$" not in value.text and "\\" not in value.text:
            return value
        try:
            text = expander.expand(value.text)
        except Failed:
            return False
        return None if text is None else unplaced(text)

    def _named(self, kind: str, item: str) -> Marked | bool | None:
        """The named list that ``+name`` means; False where there is none."""
        option = self.model.lists.get((kind, item[1:]))
        if option is None:
            return None if self.model.hidden else False
        return option.value if option.known else None

    def _host(self, item: str, client: Client, expander: Expander, depth: int) -> bool | str | None:
        if not item:
            return False
        if item == "*":
            return True
        if item in ("@", "@[]"):
            return client.loopback
        if item.startswith("+"):
            value = self._named("hostlist", item)
            if value is False or depth > _DEEPEST:
                return NAMELESS
            if value is None or value is True:
                return None
            return self._once("hostlist", item, client, lambda: self.hosts(value, client, expander, depth + 1))
        if _ADDRESS.match(item):
            return contains(item, client.address)
        looked = _LOOKUP.match(item)
        if looked:
            return self._host_looked_up(looked, client)
        if SOME in item:
            return None
        if client.loopback:
            return item.lower() in ("localhost", "localhost.localdomain")
        return NAMELESS if item[:1] in "*^" else False

    def _once(self, kind: str, item: str, subject: object, find: Callable[[], bool | None]) -> bool | None:
        """What a named list says, found out once."""
        key = (kind, item, subject)
        if key not in self._known:
            self._known[key] = find()
        return self._known[key]

    def _host_looked_up(self, looked: re.Match[str], client: Client) -> bool | None:
        """Whether a table that is here has the client's address as a key."""
        keys = self._keys(looked[3].strip())
        if keys is None or looked[2] or looked[1] not in ("lsearch", "iplsearch"):
            return None
        if looked[1] == "iplsearch":
            return any(contains(key.strip('"'), client.address) for key in keys)
        return client.address in keys

    def _keys(self, name: str) -> list[str] | None:
        """The keys of a table of lines; None where it is not here."""
        path = place(name, self.home, self.folder) if name.startswith("/") else None
        try:
            lines = self.tree.source(path).text.split("\n") if path is not None else None
        except Unreadable:
            return None
        if lines is None:
            return None
        found = []
        for line in lines:
            key = re.match(r'(?!#)("[^"]*"|[^\s:]+)', line)
            if key:
                found.append(key[1].strip('"'))
        return found

    def opaque(self, item: str) -> bool:
        """Whether an element of a host list may name networks that cannot be seen here."""
        if item.startswith("/"):
            return self.lines(item) is None
        return "$" in item or (";" in item and _LOOKUP.match(item) is not None)

    def lines(self, name: str) -> list[str] | None:
        """The elements that a file adds to a list: none for a file that should be here and is not; None: unknown."""
        path = place(name, self.home, self.folder)
        try:
            source = self.tree.source(path) if path is not None else None
        except Unreadable:
            inside = name.startswith(self.home + "/") and self.home == "/etc/exim4"
            return [] if inside and not self.tree.exists(path or "") else None
        if source is None:
            return None
        return [item for item in (line.split("#")[0].strip() for line in source.text.split("\n")) if item]

    def statements(self, name: str) -> list[Marked] | None:
        """The lines of an access list that is a file of its own; None where it is not here."""
        path = place(name, self.home, self.folder)
        try:
            source = self.tree.source(path) if path is not None else None
        except Unreadable:
            return None
        if source is None:
            return None
        found: list[Marked] = []
        parts: list[Marked] = []
        for line in (line.strip() for line in lines(source)):
            if line.text.startswith("#") or not line.text:
                continue
            goes_on = line.text.endswith("\\")
            parts.append(line.cut(0, len(line.text) - 1) if goes_on else line)
            if not goes_on:
                found.append(join(parts))
                parts = []
        return [*found, join(parts)] if parts else found

    def domains(self, value: Marked, domain: str, expander: Expander, depth: int = 0) -> bool | None:
        """Whether a domain that nobody here has heard of is in a list."""
        return self._matches(value, expander, depth, lambda item: self._domain(item, domain, expander, depth))

    def _domain(self, item: str, domain: str, expander: Expander, depth: int) -> bool | None:
        if item == "*":
            return True
        if item.startswith("+"):
            value = self._named("domainlist", item)
            if value is False or depth > _DEEPEST:
                return False
            if value is None or value is True:
                return None
            return self._once("domainlist", item, domain, lambda: self.domains(value, domain, expander, depth + 1))
        if item.startswith("@") or not item:
            return False
        if item.startswith("^"):
            return patterns.found(item, domain)
        if item.startswith("*"):
            return domain.endswith(item[1:].lower())
        looked = _LOOKUP.match(item)
        if looked:
            return self._looked_up(looked)
        return None if SOME in item else item.lower() == domain

    def _looked_up(self, looked: re.Match[str]) -> bool | None:
        """A finite table does not hold every domain, unless it has a default."""
        lines = looked[1] in ("wildlsearch", "nwildlsearch") or (looked[1] == "lsearch" and looked[2])
        if looked[1] in _EXACT and not looked[2]:
            return False
        keys = self._keys(looked[3].strip()) if lines else None
        if keys is not None:
            return True if "*" in keys else None if any("^" in key for key in keys) else False
        if looked[2]:
            return None
        return False if looked[1] in _QUERIES and "$domain" in looked[3] else None

    def addresses(self, value: Marked, client: Client, expander: Expander) -> bool | None:
        """Whether an address in the domain that nobody has heard of is in an address list."""
        text = self._expanded(value, expander)
        if text is None or isinstance(text, bool):
            return text
        for element in elements(text):
            item = element.text.lstrip("! \t")
            if item in ("*", "*@*"):
                return not element.text.startswith("!")
            if item and (item[:1] in "+^/" or ";" in item or item.startswith("*@")):
                return None
        return False


def _certain(answer: bool, perhaps: set[bool]) -> bool | None:
    """The answer, unknown where an element before may have given the other."""
    return answer if perhaps <= {answer} else None
