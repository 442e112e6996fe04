"""Where the files lie that a muttrc names: below the home that the tree holds, or beside it."""

from __future__ import annotations

import posixpath
import re

from mailpolicy.tree import Tree, place

_PREFIXES = re.compile(r"^(?:(?:private|exact|executable|readonly|encrypted|symlink|modify|create)_)*(?=dot_|\w)")
_TEMPLATE = re.compile(r"(?:\.(?:j2|jinja2?|tmpl|tpl|template|in|dist|sample|example|m4)|##.*)$")
_FOLDERS = ("mutt", "neomutt")


def plain(name: str) -> str:
    """A name as it is at home, where dotfiles go: without chezmoi's prefixes and yadm's and templates' endings."""
    name = _TEMPLATE.sub("", name)
    bare = _PREFIXES.sub("", name)
    return "." + bare[4:] if bare.startswith("dot_") else name if bare == name else bare


def bare(name: str) -> str:
    """A folder's name without what hides it: ``mutt`` for ``.mutt``, ``_mutt``, ``dot_mutt``."""
    return plain(name).lstrip("._")


def _above(folder: str, name: str) -> str | None:
    """mutt's folder that a file lies in: a main file right in it, the file of an account at most three below."""
    if name.startswith("."):
        return None
    for _ in range(1 if name in ("muttrc", "neomuttrc") else 4):
        if bare(posixpath.basename(folder)) in _FOLDERS:
            return folder
        folder = posixpath.dirname(folder)
    return None


class Places:
    """Resolves names for one main file."""

    def __init__(self, tree: Tree, main: str) -> None:
        self.tree, self.main = tree, main
        folder = posixpath.dirname(main)
        self.own = folder
        """The folder of mutt's that the main file is in, or the one beside it."""
        at = _above(folder, plain(posixpath.basename(main)))
        if at is not None:
            self.own = at
            above = posixpath.dirname(at)
            hidden = bare(posixpath.basename(above)) == "config"
            self.homes = (posixpath.dirname(above), above) if hidden else (above,)
        else:
            self.homes = (folder,)

    def find(self, name: str, beside: str | None) -> str | None:
        """The file of the tree that ``name`` stands for; None when it is not there. Relative ones are ``beside``."""
        if name.startswith("~/"):
            return self._home(name[2:].strip("/").split("/"))
        if name.startswith("/"):
            for home in self.homes:
                for outside in (f"/home/{posixpath.basename(home)}", "/root"):
                    found = place(name, outside, home)
                    if found is not None and self._file(found):
                        return self._file(found)
            found = place(name, "/etc", self.own)
            return self._file(found) if found else None
        for folder in (beside, *self.homes) if beside is not None else self.homes:
            found = self._below(folder, name.split("/"))
            if found:
                return found
        return None

    def match(self, pattern: str) -> tuple[str, ...]:
        """Files that a shell pattern below home names."""
        from mailpolicy.tree import match

        folder, _, last = pattern.rpartition("/")
        if not folder.startswith("~"):
            return ()
        parts = [part for part in folder[1:].split("/") if part]
        for home in self._folders(parts) if parts else self.homes:
            found = match(self.tree, posixpath.join(home, last))
            if found:
                return found
        return ()

    def _folders(self, parts: list[str]) -> list[str]:
        found = self._home(parts)
        return [found] if found else []

    def _home(self, parts: list[str]) -> str | None:
        for home in self.homes:
            found = self._below(home, parts)
            if found:
                return found
        for index, part in enumerate(parts[:-1]):
            if bare(part) in _FOLDERS and bare(posixpath.basename(self.own)) == bare(part):
                return self._below(self.own, parts[index + 1 :])
        return None

    def _below(self, folder: str, parts: list[str]) -> str | None:
        at = folder
        for part in parts:
            if part in ("", "."):
                continue
            if part == "..":
                return None
            found = self._file(posixpath.join(at, part))
            if found is None:
                return None
            at = found
        return at if at != folder else None

    def _file(self, path: str) -> str | None:
        if self.tree.exists(path):
            return path
        folder, name = posixpath.split(path)
        return next((posixpath.join(folder, n) for n in self.tree.names(folder) if plain(n) == name), None)
