"""A configuration and its includes as one stream of statements, in the order in which Dovecot reads them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from mailpolicy.readers.dovecot.parser import Statement, Text, is_template, statements
from mailpolicy.tree import Tree, match, place
from mailpolicy.types import Unread, Unreadable

MOST_FILES = 2000
"""Includes that are followed; files that include each other could go on without end."""

_PACKAGED = re.compile(
    r"auth-(?:checkpassword|deny|dict|ldap|master|oauth2|passwdfile|sql|static|system|vpopmail)\.conf\.ext"
)
_BRACES = re.compile(r"\{([^{}]*)\}")


class Loader:
    """Follows includes below one root. What it finds besides statements is in its fields."""

    def __init__(self, tree: Tree, root: str) -> None:
        self.tree = tree
        self.root = root
        self.folder = posixpath.dirname(root)
        self.files: list[str] = []
        self.unread: list[Unread] = []
        self.refused: list[Unread] = []
        """Includes that keep Dovecot from starting."""
        self.packaged: list[Statement] = []
        """Includes of Debian's auth-*.conf.ext, which hold passdb and userdb sections, where they are missing."""
        self.outside: list[Statement] = []
        """Includes of what may lie outside of the tree."""

        name = posixpath.basename(root)
        self.ending = name[name.rfind(".conf") + 5 :] if ".conf" in name else ""
        """What follows .conf in the name of a template; the files that it includes may have it too."""

    def where(self, path: str, beside: str) -> str | None:
        """Where a path lies in the tree that the file ``beside`` names; None when outside of it."""
        if not path.startswith("/"):
            return posixpath.normpath(posixpath.join(posixpath.dirname(beside), path))
        home = "/etc" if posixpath.basename(self.folder) == "etc" else "/etc/dovecot"
        return place(path, home, self.folder or ".")

    def covered(self, path: str) -> bool:
        """Whether the tree holds the folder of a path, so that a file that is missing there is missing."""
        folder = re.split(r"[*?\[{]", path)[0]
        folder = posixpath.dirname(folder) if not folder.endswith("/") else folder.rstrip("/")
        return folder in (self.folder, "", ".") or self.tree.exists(folder)

    def statements(self) -> Iterator[Statement]:
        """Every statement, includes in place of the lines that name them."""
        yield from self._file(self.root, ())

    def _file(self, path: str, above: tuple[str, ...]) -> Iterator[Statement]:
        try:
            source = self.tree.source(path)
        except Unreadable as problem:
            from mailpolicy.types import Span

            self.unread.append(Unread(Span(path, 1, 1, 2), str(problem), not above))
            return
        if path not in self.files:
            self.files.append(path)
        stack = [(path, statements(source))]
        while stack:
            statement = next(stack[-1][1], None)
            if statement is None:
                stack.pop()
                continue
            yield statement
            if statement.kind in ("include", "include_try"):
                for found in reversed(self._included(statement, [name for name, _ in stack])):
                    stack.append((found, statements(self.tree.source(found))))

    def _included(self, statement: Statement, above: list[str]) -> list[str]:
        value = statement.value
        if is_template(value.text):
            self.outside.append(statement)
            return []
        found, missing = self._matches(statement, above[-1])
        if not found and self.ending and statement.kind == "include" and statement not in self.outside:
            self.outside.append(statement)
        if not found and missing:
            if statement.maybe:
                self.outside.append(statement)
            elif _PACKAGED.fullmatch(value.text):
                self.packaged.append(statement)
            elif statement.kind == "include":
                self._refuse(value, f"the file {value.text or '(none)'} that is included does not exist")
        taken = []
        for path in found:
            if path in above:
                self._refuse(value, f"{path} includes itself")
            elif len(self.files) >= MOST_FILES:
                self._refuse(value, f"more than {MOST_FILES} files are included")
            elif self._readable(path, value):
                taken.append(path)
                self.files.append(path)
        return taken

    def _matches(self, statement: Statement, beside: str) -> tuple[list[str], bool]:
        """Files that a pattern names, and whether it is certain that there is none."""
        found: list[str] = []
        missing = True
        for pattern in _expanded(statement.value.text):
            there = self.where(pattern, beside)
            if there is None or not self.covered(there):
                self.outside.append(statement)
                missing = False
            else:
                alike = match(self.tree, there + self.ending) if self.ending else ()
                found += [path for path in match(self.tree, there) if path + self.ending not in alike]
                found += alike
                missing = missing and not self.ending
        return found, missing

    def _readable(self, path: str, value: Text) -> bool:
        try:
            self.tree.source(path)
        except Unreadable as problem:
            self.unread.append(Unread(value.span(), f"{path} {problem}"))
            return False
        return True

    def _refuse(self, value: Text, why: str) -> None:
        self.refused.append(Unread(value.span(), f"{why}: Dovecot does not start"))


def _expanded(pattern: str) -> list[str]:
    """``{a,b}`` in a pattern (glob(3) with GLOB_BRACE), one level deep, to at most 64 patterns."""
    done: list[str] = []
    todo = [pattern]
    while todo and len(done) + len(todo) < 64:
        one = todo.pop(0)
        braces = _BRACES.search(one)
        if braces is None:
            done.append(one)
        else:
            todo += [one[: braces.start()] + part + one[braces.end() :] for part in braces[1].split(",")]
    return done
