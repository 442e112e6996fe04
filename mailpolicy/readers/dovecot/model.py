"""All settings of one configuration with the filters they stand in, and what a client in some place gets."""

from __future__ import annotations

from collections.abc import Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.dovecot import networks
from mailpolicy.readers.dovecot.parser import Text, is_template
from mailpolicy.types import Origin, Span

FILTERS = frozenset(("protocol", "local", "remote", "local_name", "ssl_server", "ssl_client"))


class Block(NamedTuple):
    """A section that is open: ``service imap-login``."""

    kind: str
    name: str


class Entry(NamedTuple):
    """One setting as it stands in a file. ``item`` is the element's name in a section that is a list."""

    path: tuple[Block, ...]
    key: str
    item: str
    value: str
    text: Text | None
    """Where the value stands; None for what an older name implies."""
    where: Span
    file: bool = False
    """The value is the content of the file that ``value`` names."""
    known: bool = True
    words: tuple[tuple[str, Span], ...] = ()
    """Elements with their places where variables were expanded; else they lie in ``text``."""


class Place(NamedTuple):
    """Who is asking: the filters that match. ``remote`` and ``local`` are addresses, networks, or "" for any other."""

    protocol: str = ""
    version: int = 4
    remote: str = ""
    local: str = ""
    named: tuple[str, ...] = ()
    service: str = ""
    listener: str = ""


ANYWHERE = Place()


class Looked(NamedTuple):
    """A setting's value in some place. ``known`` is False where a template, variable or missing file decides."""

    value: str
    known: bool
    origins: tuple[Origin, ...]
    entry: Entry | None
    """What set it; None for the default."""

    def __bool__(self) -> bool:
        return bool(self.value)

    @property
    def yes(self) -> bool:
        """A boolean: yes, y or 1 (get_bool() of settings-parser.c)."""
        return self.value.lower() in ("yes", "y", "1")


class Model:
    """Entries in the order in which they were read."""

    def __init__(self, dialect: str, defaults: dict[str, str], program: str) -> None:
        self.dialect = dialect
        self.defaults = defaults
        self.program = program
        """Name and version for origins, such as ``Dovecot 2.3``."""
        self.entries: list[Entry] = []
        self.outside: list[Origin] = []
        """Includes that could not be read: whatever no entry sets may be set there."""
        self.protocols_outside: list[Origin] = []
        """The same, of Debian's protocols.d, which sets nothing but ``protocols``."""
        self._keyed: dict[str, list[Entry]] = {}
        self._filters: dict[tuple[Block, ...], int] = {}
        self._sections: dict[tuple[Block, ...], Span] = {}

    def add(self, entry: Entry) -> None:
        """Appends an entry."""
        self.entries.append(entry)
        self._keyed.setdefault(entry.key, []).append(entry)
        self._filters.setdefault(entry.path, len(self._filters))
        self.open(entry.path, entry.where)

    def open(self, path: tuple[Block, ...], where: Span) -> None:
        """Notes that a section exists, even when nothing stands in it."""
        self._sections.setdefault(tuple(b for b in path if b.kind not in FILTERS), where)

    def keyed(self, key: str) -> list[Entry]:
        """Every entry of this name, in any section."""
        return self._keyed.get(key, [])

    def inside(self, *path: Block) -> Iterator[Entry]:
        """Entries directly in a section, wherever that section is opened again, and in filters around it."""
        for entry in self.entries:
            if tuple(b for b in entry.path if b.kind not in FILTERS) == path:
                yield entry

    def exactly(self, *path: Block) -> Iterator[Entry]:
        """Entries directly in a section that stands in no filter: those of services have no effect elsewhere."""
        return (entry for entry in self.entries if entry.path == path)

    def filtered(self, kind: str) -> list[str]:
        """The names of all filters of a kind: the networks of ``remote`` sections."""
        return list(dict.fromkeys(b.name for path in self._filters for b in path if b.kind == kind))

    def first(self, name: str) -> Span | None:
        """The first setting in a filter of this name."""
        return next((e.where for e in self.entries if any(b.name == name for b in e.path)), None)

    def where(self, *path: Block) -> Span | None:
        """Where a section is first opened."""
        return self._sections.get(path)

    def blocks(self, kind: str, within: tuple[Block, ...] = ()) -> list[Block]:
        """Sections of a kind in a section, in the order in which they first appear."""
        depth = len(within)
        found = {
            p[depth]: None for p in self._sections if len(p) > depth and p[:depth] == within and p[depth].kind == kind
        }
        return list(found)

    def _rank(self, path: tuple[Block, ...]) -> tuple[int, ...]:
        order = self._filters.get(path, 0)
        kinds = {b.kind for b in path}
        if self.dialect == "2.4":
            return (sum(b.kind in ("service", "inet_listener") for b in path), "ssl_server" in kinds, order)
        widths = [networks.bits(b.name) for b in path if b.kind == "local"] or [0]
        clients = [networks.bits(b.name) for b in path if b.kind == "remote"] or [0]
        return ("local_name" in kinds, widths[-1], clients[-1], "protocol" in kinds, order)

    def chain(self, key: str, place: Place = ANYWHERE) -> list[Entry]:
        """The entries of a root setting that count in a place; the last one wins."""
        found = [e for e in self.keyed(key) if all(_matches(b, place) for b in e.path)]
        if any(e.path for e in found):
            found.sort(key=lambda e: self._rank(e.path))
        return found

    def get(self, key: str, place: Place = ANYWHERE) -> Looked:
        """A root setting in a place, with its default."""
        chain = self.chain(key, place)
        missing = [*self.outside, *(self.protocols_outside if key == "protocols" else ())]
        looked = self.looked(chain, self.defaults.get(key, ""), True)
        if not chain and missing:
            return looked._replace(known=False, origins=(*looked.origins, *missing))
        return looked

    def looked(self, chain: list[Entry], default: str, has_default: bool) -> Looked:
        """What a chain of entries comes to."""
        origins = [Origin("default", None, self.program)] if has_default else []
        for entry in chain:
            origins.append(Origin("overrides" if any(o.where for o in origins) else "sets", span_of(entry)))
        if not chain:
            return Looked(default, True, tuple(origins), None)
        last = chain[-1]
        return Looked(last.value, last.known and not is_template(last.value), tuple(origins), last)

    def words(
        self, key: str, separators: str, place: Place = ANYWHERE
    ) -> tuple[list[tuple[str, Origin]], bool, tuple[Origin, ...]]:
        """A list: its elements and where each comes from, whether all of it is known, and who set it."""
        looked = self.get(key, place)
        if self.dialect != "2.4":
            return _elements(looked, separators), looked.known, looked.origins
        found = {w: Origin("default", None, self.program) for w in _split(self.defaults.get(key, ""), " \t,")}
        chain = self.chain(key, place)
        hidden = bool(self.outside or (key == "protocols" and self.protocols_outside))
        known = looked.known and not (hidden and all(entry.item for entry in chain))
        for entry in chain:
            known = known and entry.known and not is_template(entry.value)
            if not entry.item:
                found = {w: Origin("sets", s) for w, s in _placed(entry, " \t,")}
            elif entry.value.lower() in ("yes", "y", "1"):
                found.setdefault(entry.item, Origin("sets", entry.where))
            else:
                found.pop(entry.item, None)
        return list(found.items()), known, looked.origins


def _split(text: str, separators: str) -> list[str]:
    for separator in separators:
        text = text.replace(separator, " ")
    return text.split()


def _placed(entry: Entry, separators: str) -> list[tuple[str, Span]]:
    """The elements of a list with their places."""
    if entry.words:
        return list(entry.words)
    return [] if entry.text is None else list(entry.text.words(separators))


def _elements(looked: Looked, separators: str) -> list[tuple[str, Origin]]:
    if looked.entry is None:
        return [(w, o) for w in _split(looked.value, separators) for o in looked.origins[:1]]
    return [(w, Origin("sets", s)) for w, s in _placed(looked.entry, separators)]


def span_of(entry: Entry) -> Span:
    """Where a value stands; the key where the value is empty."""
    return entry.text.span() if entry.text is not None and entry.text.text else entry.where


def _matches(block: Block, place: Place) -> bool:
    if block.kind == "protocol":
        if block.name.startswith("!"):
            return bool(place.protocol) and place.protocol != block.name[1:]
        return place.protocol == block.name
    if block.kind == "remote":
        return networks.holds(block.name, place.remote)
    if block.kind == "local":
        return networks.holds(block.name, place.local)
    if block.kind == "service":
        return block.name == place.service
    if block.kind == "inet_listener":
        return block.name == place.listener
    return block.kind in place.named
