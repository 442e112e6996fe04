"""The settings of a Roundcube: its files one over the other, and what the version makes of a name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.lean import NamedTuple
from mailpolicy.php_literals import PhpValue
from mailpolicy.php_values import Php, parse
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Origin, Span, Unread, Version

SOFTWARE = "roundcube"
NEWEST = (1, 7)
_OLD = (1, 5)
_OLDEST = (0, 9)
_RENAMED = {"imap_host": "default_host", "smtp_host": "smtp_server"}
_HARMLESS = re.compile(r"debian-db|db\.inc\.php")
"""Includes that set the database alone (Debian's dbconfig-common, db.inc.php up to 0.9)."""


class Config(NamedTuple):
    """The settings that hold, by name."""

    values: Mapping[str, PhpValue]
    version: tuple[int, ...]
    path: str
    start: Span
    unread: tuple[Unread, ...]
    beyond: tuple[Origin, ...]
    """What may set more: an include that is not here, or values that are merged in."""

    def get(self, name: str) -> PhpValue | None:
        """The value of a setting; None where only the default of the version holds."""
        found = self.values.get(name)
        if found is None and self.version >= (1, 6) and name in _RENAMED:
            found = self.values.get(_RENAMED[name])
        if found is None and self.beyond:
            where = self.beyond[-1].where or self.start
            return PhpValue(None, where, False)
        if found is not None and found.known and found.value is None and found.items is None:
            return None  # isset() of null is false: the default holds
        return found

    def default(self, name: str) -> tuple[Origin, ...]:
        """The origin of a value that no file sets."""
        return (Origin("default", None, f"Roundcube {self.label}, by {name}"),)

    @property
    def label(self) -> str:
        """The version, in words."""
        return ".".join(map(str, self.version))


def load(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Config | None:
    """What the files set, the first over the others. None when they set nothing. Raises Unreadable for the first."""
    values: dict[str, PhpValue] = {}
    unread: list[Unread] = []
    beyond: list[Origin] = []
    start: Span | None = None
    old_name = False
    for path in reversed(paths):
        source = tree.source(path)
        php = parse(source)
        old_name = "config" not in php.variables and "rcmail_config" in php.variables
        unread += php.unread
        start = source.start()
        for name in ("rcmail_config", "config"):
            held = php.variables.get(name)
            if held is None:
                continue
            for key, value in (held.items or {}).items():
                values[key] = _over(values.get(key), value)
            beyond += _beyond(held)
        beyond += _included(php, source)
    if start is None or (not values and not beyond):
        return None
    numbers = version.numbers if version else _OLDEST if old_name else _shown(values)
    return Config(values, numbers, paths[0], start, tuple(unread), tuple(beyond))


def _over(old: PhpValue | None, new: PhpValue) -> PhpValue:
    return new if old is None else new._replace(before=(*old.before, old.where, *new.before))


def _beyond(held: PhpValue) -> list[Origin]:
    return [] if held.known else [Origin("sets", held.where)]


def _included(php: Php, source: Source) -> list[Origin]:
    return [
        Origin("sets", value.where)
        for value in php.includes
        if not _HARMLESS.search(source.line(value.where.line)[value.where.column - 1 : value.where.end_column])
    ]


def _shown(values: Mapping[str, PhpValue]) -> tuple[int, ...]:
    """The newest version that has the names which the files use: 1.6 brought imap_host and smtp_host."""
    if "imap_host" in values or "smtp_host" in values:
        return NEWEST
    old = {"default_host", "smtp_server", "smtp_port", "default_port", "managesieve_port", "managesieve_usetls"}
    return _OLD if old.intersection(values) else NEWEST
