"""The files as a reader sees them: text and names under one place, on disk or in memory."""

from __future__ import annotations

import os
import posixpath
import re
import stat
from collections.abc import Iterator, Mapping

from mailpolicy.lean import Protocol
from mailpolicy.text import Source, decode
from mailpolicy.types import Unreadable

LIMIT = 16 * 1024 * 1024
"""Largest file that is read, in bytes. Real mail configuration stays far below it."""

_CERTIFICATES = (".pem", ".crt", ".cer", ".cert", ".key")

SKIPPED = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", ".tox", ".mypy_cache"})


class Tree(Protocol):
    """Read access to files. Paths have forward slashes; they are those that reports show."""

    def source(self, path: str) -> Source:
        """The text of ``path``. Raises Unreadable."""

    def data(self, path: str) -> bytes:
        """The bytes of ``path``, for formats that are not text. Raises Unreadable."""

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder of this name."""

    def names(self, folder: str) -> tuple[str, ...]:
        """Names in a folder, sorted; empty when there is no such folder."""

    def mode(self, path: str) -> int | None:
        """Permissions of a file; None where they mean nothing, as in a checkout of git, or there is no such file."""


class Memory:
    """Files held in memory: the examples of rules, and tests."""

    def __init__(self, files: Mapping[str, str], modes: Mapping[str, int] = {}) -> None:
        self.files = files
        self.modes = modes

    def source(self, path: str) -> Source:
        name = posixpath.normpath(path)
        if name not in self.files:
            raise Unreadable("does not exist")
        return Source(path, self.files[name])

    def data(self, path: str) -> bytes:
        return self.source(path).text.encode()

    def exists(self, path: str) -> bool:
        name = posixpath.normpath(path)
        return name in self.files or any(other.startswith(name + "/") for other in self.files)

    def names(self, folder: str) -> tuple[str, ...]:
        name = posixpath.normpath(folder)
        prefix = "" if name == "." else name + "/"
        return tuple(sorted({f[len(prefix) :].split("/")[0] for f in self.files if f.startswith(prefix)}))

    def mode(self, path: str) -> int | None:
        return self.modes.get(posixpath.normpath(path))

    def walk(self) -> Iterator[str]:
        """All files."""
        return iter(sorted(self.files))


class Disk:
    """Files on disk. Sources are kept, so that a file is read once in a run."""

    def __init__(self) -> None:
        self._sources: dict[str, Source | Unreadable] = {}

    def source(self, path: str) -> Source:
        got = self._sources.get(path)
        if got is None:
            try:
                got = decode(path, _bytes(path))
            except Unreadable as problem:
                got = problem
            self._sources[path] = got
        if isinstance(got, Unreadable):
            raise got
        return got

    def data(self, path: str) -> bytes:
        return _bytes(path)

    def exists(self, path: str) -> bool:
        return os.path.lexists(path)

    def names(self, folder: str) -> tuple[str, ...]:
        try:
            return tuple(sorted(os.listdir(folder or ".")))
        except OSError:
            return ()

    def mode(self, path: str) -> int | None:
        folder = os.path.dirname(os.path.abspath(path))
        while not os.path.lexists(os.path.join(folder, ".git")):
            if folder == os.path.dirname(folder):
                break
            folder = os.path.dirname(folder)
        else:
            return None
        try:
            return stat.S_IMODE(os.stat(path).st_mode)
        except OSError:
            return None


def _bytes(path: str) -> bytes:
    """The content of a regular file. Raises Unreadable: never waits on a FIFO, never reads a device."""
    try:
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            raise Unreadable("is a folder, not a file")
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable("is not a regular file")
        if found.st_size > LIMIT:
            raise Unreadable(f"is larger than {LIMIT // 1024 // 1024} MiB")
        with open(path, "rb") as file:
            return file.read(LIMIT + 1)
    except OSError as problem:
        raise Unreadable(_words(problem)) from None


def _words(problem: OSError) -> str:
    if isinstance(problem, FileNotFoundError):
        return "does not exist"
    if isinstance(problem, PermissionError):
        return "may not be read (permission denied)"
    return f"cannot be read ({(problem.strerror or str(problem)).lower()})"


def walk(folder: str, failed: list[tuple[str, str]]) -> Iterator[tuple[str, bool]]:
    """Everything below a folder, sorted, and whether it is a folder; without version control and dependencies.

    Follows no link to a folder. Folders that cannot be listed are added to ``failed``, with the reason.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as problem:
        failed.append((folder, _words(problem)))
        return
    for entry in entries:
        path = posixpath.join(folder, entry.name) if folder != "." else entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if entry.name not in SKIPPED:
            yield path, is_folder
            if is_folder:
                yield from walk(path, failed)


def lost(tree: Tree, path: str) -> bool:
    """Whether a certificate or key is missing: its folder holds others. Else the tree may simply hold none."""
    beside = tree.names(posixpath.dirname(path))
    return not tree.exists(path) and any(name.endswith(_CERTIFICATES) for name in beside)


def place(absolute: str, home: str, actual: str) -> str | None:
    """Where the file that a config calls ``absolute`` lies in the tree, or None when it is outside of it.

    ``home`` is the folder that the program knows by itself, such as ``/etc/postfix``; ``actual`` is
    where that folder lies. The names that both end in are the part of the root that the tree
    holds: with ``backups/mx1/etc/postfix`` for ``/etc/postfix``, ``/etc/ssl/a.pem`` is
    ``backups/mx1/etc/ssl/a.pem``; with ``conf/postfix`` it is ``conf/ssl/a.pem``.
    """
    absolute, home, actual = posixpath.normpath(absolute), home.rstrip("/"), actual.rstrip("/")
    while True:
        if absolute == home:
            return actual or "."
        if absolute.startswith(home + "/"):
            return posixpath.join(actual, absolute[len(home) + 1 :])
        if not home or posixpath.basename(home) != posixpath.basename(actual):
            return None
        home, actual = posixpath.dirname(home).rstrip("/"), posixpath.dirname(actual)


def match(tree: Tree, pattern: str) -> tuple[str, ...]:
    """Files of the tree that a shell pattern names (``*``, ``?``, ``[...]`` in any part), sorted."""
    found = [""] if not pattern.startswith("/") else ["/"]
    for part in pattern.strip("/").split("/"):
        if not any(c in part for c in "*?["):
            found = [posixpath.join(base, part) for base in found]
            continue
        regex = _regex(part)
        found = [
            posixpath.join(base, name)
            for base in found
            for name in tree.names(base)
            if regex.fullmatch(name) and (part.startswith(".") or not name.startswith("."))
        ]
    return tuple(path for path in sorted(found) if tree.exists(path))


def _regex(part: str) -> re.Pattern[str]:
    """A shell pattern for one name, as glob(7) has it."""
    out = ""
    for piece in re.findall(r"\[[!^]?\]?[^\]]*\]|.", part, re.DOTALL):
        if piece == "*":
            out += ".*"
        elif piece == "?":
            out += "."
        elif piece.startswith("[") and len(piece) > 2:
            inner = piece[1:-1].replace("\\", "\\\\")
            out += "[" + ("^" + inner[1:] if inner[0] in "!^" else inner) + "]"
        else:
            out += re.escape(piece)
    try:
        return re.compile(out, re.DOTALL)
    except re.error:
        return re.compile(re.escape(part))
