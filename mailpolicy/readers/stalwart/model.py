"""A configuration of Stalwart: its settings from all files, and what version they are for."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from mailpolicy.facts import Draft, begun
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.stalwart.expressions import Known, Result, block, values
from mailpolicy.readers.stalwart.plan import parse as parse_plan
from mailpolicy.readers.stalwart.settings import Setting, parse
from mailpolicy.tree import Tree, place
from mailpolicy.types import Origin, Span, Unread, Unreadable, Version

SOFTWARE = "stalwart"
NEWEST_TOML, NEWEST, OLD = (0, 15, 5), (0, 16, 16), (0, 6)
_SPLIT = ("include.files", "include.files.0000", "session.auth.allow-plain-text", "macros.base_path")
"""Keys that versions up to 0.6 alone have."""
_PIECES = frozenset({"common", "directory", "imap", "jmap", "smtp", "store"})
"""Folders of the pieces that their config.toml includes."""
_JSON = re.compile(r"\.(?:nd)?jsonl?(?:\.[a-z0-9]+)?$")


class Config(NamedTuple):
    """The settings that one server starts with."""

    path: str
    version: tuple[int, ...]
    settings: Mapping[str, Setting]
    start: Span
    whole: bool
    """Whether what is not set has the program's default; false for a piece of a split configuration."""
    files: tuple[str, ...]
    unread: tuple[Unread, ...]
    notes: tuple[str, ...]

    def get(self, *keys: str) -> Setting | None:
        """The first of some keys that is set."""
        return next((self.settings[key] for key in keys if key in self.settings), None)

    def all(self, *keys: str) -> list[Setting]:
        """The values of the first of some keys that is set, one or a list."""
        return next((found for key in keys if (found := values(self.settings, key))), [])

    def decide(self, key: str, names: Mapping[str, Known], default: Known | None) -> Result:
        """What a setting comes to for a socket; without it the default, which a piece does not know."""
        found = block(self.settings, key, names)
        if found is not None:
            return found
        return Result(default if self.whole else None, (self.by(),))

    def by(self) -> Origin:
        """The origin of a default. Since 0.7 what the file leaves out may stand in the database."""
        words = f"Stalwart {'.'.join(map(str, self.version))}"
        return Origin(
            "default", None, words if self.version < (0, 7) else f"{words}, unless its database says otherwise"
        )

    def draft(self, kind: str, where: Span) -> Draft:
        """A fact of this server."""
        return begun(kind, where, SOFTWARE, ".".join(map(str, self.version)), self.path)


def load(tree: Tree, path: str, version: Version | None) -> Config:
    """A file and what it includes."""
    try:
        source = tree.source(path)
    except Unreadable as problem:
        where = Span(path, 1, 1, 2)
        return Config(path, NEWEST, {}, where, False, (path,), (Unread(where, str(problem), True),), ())
    if _JSON.search(path):
        found, unread = parse_plan(source)
        numbers = version.numbers if version else NEWEST
        return Config(path, numbers, found, source.start(), True, (path,), unread, ())
    settings, faults = parse(source)
    files, notes = [path], []
    told = list(faults)
    for item in values(settings, "include.files"):
        inner = _placed(tree, path, item.value)
        if inner is None or inner in files:
            notes.append(f"{item.where}: {item.value} is not among the files; what it sets is not known")
            continue
        files.append(inner)
        try:
            more, faults = parse(tree.source(inner))
        except Unreadable as problem:
            told.append(Unread(Span(inner, 1, 1, 2), str(problem), True))
            continue
        told += faults
        settings = {**more, **settings}
    old = any(key in settings for key in _SPLIT) or posixpath.basename(posixpath.dirname(path)) in _PIECES
    numbers = version.numbers if version else OLD if old else NEWEST_TOML
    whole = not notes and (numbers >= (0, 7) or len(files) > 1)
    return Config(path, numbers, settings, source.start(), whole, tuple(files), tuple(told), tuple(notes))


def _placed(tree: Tree, path: str, name: str) -> str | None:
    """Where an included file lies: below the same ``etc`` as the first one, whatever stands before that."""
    folder = posixpath.dirname(path)
    inner = name.rpartition("/etc/")[2]
    found = place(f"/etc/{inner}", "/etc", folder or ".")
    return found if found is not None and tree.exists(found) else None
