"""Reading files in memory with one reader, and what its facts say: shared by the tests of the readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType

from mailpolicy.readers import PATTERNS, format_of
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Inventory, Span, Version

Files = str | Mapping[str, str]
"""Texts by path, or one text alone."""


def version_of(numbers: str) -> Version | None:
    """``3.6`` as a version; none when it is empty."""
    return Version(tuple(map(int, numbers.split("."))), "the test") if numbers else None


def read_group(reader: ModuleType, files: Mapping[str, str], group: Sequence[str], version: str = "") -> Inventory:
    """The inventory of the group's files, to which the others lie beside."""
    found = reader.read(Memory(dict(files)), tuple(group), version_of(version))
    assert isinstance(found, Inventory)
    return found


def read(reader: ModuleType, files: Mapping[str, str], version: str = "") -> Inventory:
    """The inventory of the files that are the reader's own, as their names say."""
    name = reader.__name__.rpartition(".")[2]
    assert name in PATTERNS
    mine = [path for path in files if format_of(path) == name]
    found = [read_group(reader, files, group, version) for group in reader.groups(mine)]
    return Inventory(
        tuple(fact for one in found for fact in one.facts),
        tuple(unread for one in found for unread in one.unread),
        tuple(path for one in found for path in one.files),
        tuple(note for one in found for note in one.notes),
    )


class MainFile:
    """A reader of one file, which has this name where a test does not give another one."""

    def __init__(self, reader: ModuleType, name: str) -> None:
        self.reader, self.name = reader, name

    def read(self, files: Files, version: str = "") -> Inventory:
        """The inventory of a text, or of the first of several files."""
        held = {self.name: files} if isinstance(files, str) else files
        return read_group(self.reader, held, [next(iter(held))], version)

    def facts(self, files: Files, kind: str = "listener", version: str = "") -> list[Fact]:
        return of_kind(self.read(files, version), kind)

    def only(self, files: Files, kind: str = "listener", version: str = "") -> Fact:
        return the(self.read(files, version), kind)


def of_kind(inventory: Inventory, kind: str) -> list[Fact]:
    return [fact for fact in inventory.facts if fact.kind == kind]


def listeners(inventory: Inventory) -> list[Fact]:
    return of_kind(inventory, "listener")


def the(inventory: Inventory, kind: str = "listener") -> Fact:
    """The one fact of a kind."""
    (fact,) = of_kind(inventory, kind)
    return fact


def at(inventory: Inventory, port: int) -> Fact:
    """The listener on a port."""
    (fact,) = [fact for fact in listeners(inventory) if fact.values.get("port") == port]
    return fact


def some(fact: Fact, expected: Mapping[str, object]) -> dict[str, object]:
    """The values of those fields that are expected; None where one is unknown."""
    return {name: fact.values.get(name) for name in expected}


def last(fact: Fact, field: str) -> Span:
    """The last position of a field, which a finding shows."""
    return [origin.where for origin in fact.origins[field] if origin.where][-1]


def under(files: Files, where: Span) -> str:
    """The text under a position."""
    text = files if isinstance(files, str) else files[where.file]
    return text.split("\n")[where.line - 1][where.column - 1 : where.end_column - 1]


def blamed(files: Files, fact: Fact, field: str) -> str:
    """The text under the last position of a field."""
    return under(files, last(fact, field))
