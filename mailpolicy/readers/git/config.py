"""Settings of git from a file and what it includes, in the order in which git reads them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.git.syntax import Entry, parse
from mailpolicy.tree import Tree
from mailpolicy.types import Origin, Span, Unread, Unreadable

SOFTWARE = "git"
NEWEST = (2, 55)
_DEPTH = 10
_MOST = 50
"""Files of one group at most."""
_KEPT = 20
"""Assignments of one setting at most; the last holds."""


class Loaded(NamedTuple):
    """What a file and its includes hold."""

    entries: tuple[Entry, ...]
    unread: tuple[Unread, ...]
    files: tuple[str, ...]
    notes: tuple[str, ...]
    missing: Span | None
    """An include, under no condition, of a file that is not here."""
    branches: tuple[tuple[Entry, str], ...]
    """Includes under a condition, of files that are here."""
    refused: Unread | None
    sections: Mapping[tuple[str, str | None], Mapping[str, list[Entry]]]
    """Entries of a section, or of one of its subsections, by key."""


class Loader:
    """Reads a file and what it includes; with ``taken``, files under a condition that is taken to hold."""

    def __init__(self, tree: Tree, taken: frozenset[str] = frozenset()) -> None:
        self.tree, self.taken = tree, taken
        self.unread: list[Unread] = []
        self.files: list[str] = []
        self.notes: list[str] = []
        self.missing: Span | None = None
        self.branches: list[tuple[Entry, str]] = []
        self.refused: Unread | None = None

    def load(self, path: str) -> Loaded:
        """All of a file. Raises Unreadable for the file itself."""
        entries = tuple(self._entries(path, path, 0))
        sections: dict[tuple[str, str | None], dict[str, list[Entry]]] = {}
        for entry in entries:
            same = sections.setdefault((entry.section, entry.sub), {}).setdefault(entry.key, [])
            same.append(entry)
            del same[:-_KEPT]
        return Loaded(entries, tuple(self.unread), tuple(self.files), tuple(self.notes), self.missing,
                      tuple(self.branches), self.refused, sections)  # fmt: skip

    def _entries(self, path: str, top: str, depth: int) -> Iterator[Entry]:
        self.files.append(path)
        parsed = parse(self.tree.source(path))
        if parsed.filled:
            self.notes.append(f"{path}: a template decides about some lines")
        for entry in parsed.entries:
            yield entry
            if entry.key == "path" and entry.section in ("include", "includeif"):
                yield from self._included(entry, path, top, depth)
        if parsed.refused is not None:
            self.unread.append(parsed.refused)
            self.refused = self.refused or parsed.refused

    def _included(self, entry: Entry, path: str, top: str, depth: int) -> Iterator[Entry]:
        conditional = entry.section == "includeif"
        found = None if entry.value is None else self._place(entry.value, path, top)
        if found is None:
            if not conditional:
                self.missing = entry.where
                self.notes.append(f"{entry.where}: what this includes is not here")
            return
        if conditional and found not in self.taken:
            self.branches.append((entry, found))
            return
        if found in self.files or depth >= _DEPTH or len(self.files) >= _MOST:
            return
        try:
            yield from self._entries(found, top, depth + 1)
        except Unreadable as problem:
            self.unread.append(Unread(entry.where, f"{found} {problem}", True))

    def _place(self, value: str, path: str, top: str) -> str | None:
        """Where an included file lies: beside the file, or below the home that the file at the top shows."""
        if value.startswith("~/"):
            home = _home(top)
            tries = [] if home is None else [posixpath.join(home, value[2:])]
        elif value.startswith("/"):
            return None
        else:
            tries = [posixpath.join(posixpath.dirname(path), value)]
        tries = [other for one in tries for other in (one, _chezmoi(one))]
        return next((posixpath.normpath(one) for one in tries if self.tree.exists(posixpath.normpath(one))), None)


def _home(path: str) -> str | None:
    """The home folder whose configuration a file is."""
    folder, name = posixpath.split(path)
    if re.match(r"(?:\.|dot_)gitconfig", name):
        return folder
    parts = folder.split("/")
    if parts[-1:] == ["git"]:
        return "/".join(parts[: -2 if parts[-2:-1] in ([".config"], ["dot_config"]) else -1])
    return None


def _chezmoi(path: str) -> str:
    """The name that chezmoi gives a file."""
    return re.sub(r"(^|/)\.(?=[^./])", r"\1dot_", path)


class View:
    """The settings of a section, or of an identity before those of the section."""

    def __init__(self, loaded: Loaded, section: str, identity: str | None, version: str) -> None:
        self.loaded, self.section, self.identity = loaded, section, identity
        self.builtin = Origin("default", None, f"git {version}")
        self.held = dict(loaded.sections.get((section, None), {}))
        own = loaded.sections.get((section, identity), {}) if identity is not None else {}
        for key, entries in own.items():
            if entries[-1].given:
                self.held[key] = [*self.held.get(key, ()), *entries]
        self.own = own

    def last(self, key: str) -> Entry | None:
        """The last assignment of a setting; one without a value takes back those before it."""
        entries = self.held.get(key)
        return entries[-1] if entries and entries[-1].given else None

    def text(self, key: str, default: str = "") -> str | None:
        """The value; the default where nothing sets it; None where a template or a missing file decides."""
        entry = self.last(key)
        if entry is None:
            return None if self.loaded.missing is not None else default
        return entry.value if entry.certain else None

    def by(self, *keys: str) -> tuple[Origin, ...]:
        """Where settings stand; the default, or the include that may set them, where they do not."""
        out: list[Origin] = []
        for key in keys:
            entries = [entry for entry in self.held.get(key, ()) if entry.given]
            out += [Origin("overrides" if i else "sets", entry.where) for i, entry in enumerate(entries)]
            if not entries:
                missing = self.loaded.missing
                out.append(self.builtin if missing is None else Origin("sets", missing))
        return tuple(sorted(dict.fromkeys(out), key=lambda origin: origin.where is not None))


def boolean(value: str) -> bool | None:
    """What git makes of a switch; None where it gives up."""
    word = value.lower()
    if word in ("true", "yes", "on") or re.fullmatch(r"[+-]?0*[1-9]\d*[kmg]?", word):
        return True
    return False if word in ("false", "no", "off", "") or re.fullmatch(r"[+-]?0+", word) else None


def helper(loaded: Loaded) -> tuple[str, tuple[Origin, ...]]:
    """Where ``git credential`` finds a password that no setting holds."""
    kept = "prompt"
    where: tuple[Origin, ...] = ()
    for entry in loaded.entries:
        if entry.section != "credential" or entry.key != "helper" or entry.value is None:
            continue
        if entry.sub is not None and not entry.sub.startswith(("smtp:", "imap:", "imaps:")):
            continue
        kept, where = _kept(entry.value), (Origin("sets", entry.where),)
    return kept, where


def _kept(helper_: str) -> str:
    words: Sequence[str] = helper_.split()
    if not words:
        return "prompt"
    if helper_.startswith("!"):
        return "command"
    name = posixpath.basename(words[0]).removeprefix("git-credential-")
    known = {"store": "file", "netrc": "file", "cache": "prompt", "libsecret": "keyring", "gnome-keyring": "keyring",
             "osxkeychain": "keyring", "wincred": "keyring", "manager": "keyring",
             "manager-core": "keyring"}  # fmt: skip
    return known.get(name, "command")
