"""Reading one file of settings, and what a fact says of it: for the tests of bundles and proxies."""

from __future__ import annotations

from types import ModuleType

from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Inventory, Version


def read(reader: ModuleType, files: dict[str, str], version: str = "") -> Inventory:
    """The inventory of the reader's own files; the first of each group names it."""
    from mailpolicy.readers import PATTERNS, format_of

    name = reader.__name__.rpartition(".")[2]
    assert name in PATTERNS
    mine = [path for path in files if format_of(path) == name]
    numbers = Version(tuple(map(int, version.split("."))), "the test") if version else None
    found = [reader.read(Memory(files), group, numbers) for group in reader.groups(mine)]
    return Inventory(
        tuple(fact for one in found for fact in one.facts),
        tuple(unread for one in found for unread in one.unread),
        tuple(path for one in found for path in one.files),
        tuple(note for one in found for note in one.notes),
    )


def of_kind(inventory: Inventory, kind: str) -> list[Fact]:
    return [fact for fact in inventory.facts if fact.kind == kind]


def at(inventory: Inventory, port: int) -> Fact:
    """The listener on a port."""
    (fact,) = [fact for fact in of_kind(inventory, "listener") if fact.values.get("port") == port]
    return fact


def blamed(files: dict[str, str], fact: Fact, field: str) -> str:
    """The text under the last position of a field."""
    where = [origin.where for origin in fact.origins[field] if origin.where][-1]
    return files[where.file].split("\n")[where.line - 1][where.column - 1 : where.end_column - 1]
