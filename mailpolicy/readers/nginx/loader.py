"""A configuration and what it includes, as one tree of directives."""

from __future__ import annotations

import posixpath
import re

from mailpolicy.readers.nginx.parser import DEEPEST, Node, Parsed, Word, parse
from mailpolicy.tree import Tree, match, place
from mailpolicy.types import Span, Unread, Unreadable

MOST_FILES = 1000
"""Includes that are followed."""

_HOMES = ("/etc/nginx", "/usr/local/etc/nginx", "/usr/local/nginx/conf", "/opt/nginx/conf", "/opt/homebrew/etc/nginx")
_FOLLOWED = frozenset(("mail", "stream", "server", "upstream", "if"))
_ENDING = re.compile(r"\.conf((?:\.[a-z0-9]+)?)$")


class Loader:
    """Follows includes of one main file. What it finds besides directives is in its fields."""

    def __init__(self, tree: Tree, root: str, folder: str) -> None:
        self.tree = tree
        self.root = root
        self.folder = folder
        """What plays nginx' configuration folder; relative names start there, wherever they stand."""
        self.files: list[str] = []
        self.loads = 0
        self.modules = False
        """Whether the main file could load modules: by load_module, or in what it includes."""
        self.refused: list[Unread] = []
        self.unread: list[Unread] = []
        self.outside: list[Word] = []
        """Includes of what the tree does not hold, inside of mail and stream."""
        ending = _ENDING.search(root)
        self.ending = ending[1] if ending else ""

    def load(self) -> Parsed:
        """The main file with its includes in place. Raises Unreadable when there is none."""
        parsed = parse(self.tree.source(self.root))
        self.files.append(self.root)
        if parsed.problem:
            self.refused.append(parsed.problem)
        return parsed._replace(nodes=self._spliced(parsed.nodes, (self.root,), ""))

    def where(self, name: str) -> str | None:
        """Where a file lies in the tree that a directive names; None when outside of it."""
        if not name.startswith("/"):
            return posixpath.normpath(posixpath.join(self.folder, name))
        if posixpath.basename(self.folder) == "etc":
            return place(name, "/etc", self.folder)
        home = next((home for home in _HOMES if name.startswith(home + "/")), _HOMES[0])
        return place(name, home, self.folder or ".")

    def _spliced(self, nodes: tuple[Node, ...], above: tuple[str, ...], context: str) -> tuple[Node, ...]:
        """Directives with includes replaced by what they include; http and the like are left as they are."""
        found: list[Node] = []
        for node in nodes:
            self.modules = self.modules or (not context and node.name.text in ("include", "load_module"))
            if node.name.text == "include" and node.block is None and len(node.args) == 1:
                found += self._included(node, above, context)
            elif node.block is not None and node.name.text in _FOLLOWED:
                found.append(node._replace(block=self._spliced(node.block, above, context or node.name.text)))
            else:
                found.append(node)
        return tuple(found)

    def _included(self, node: Node, above: tuple[str, ...], context: str) -> list[Node]:
        word = node.args[0]
        there = self.where(word.text) if word.known and not node.maybe else None
        if there is None or not self._covered(there):
            return self._unknown(word, context)
        paths = match(self.tree, there) + (match(self.tree, there + self.ending) if self.ending else ())
        if not paths and not any(sign in word.text for sign in "*?["):
            if self.ending:
                return self._unknown(word, context)
            self.refused.append(Unread(word.span, f"{word.text} does not exist: nginx does not start"))
        found: list[Node] = []
        for path in paths:
            if path in above:
                self.refused.append(Unread(word.span, f"{path} includes itself: nginx does not start"))
            elif self.loads >= MOST_FILES or len(above) > DEEPEST:
                self.unread.append(Unread(word.span, f"more than {MOST_FILES} includes, or too deep"))
                break
            else:
                found += self._file(path, word, (*above, path), context)
        return found

    def _unknown(self, word: Word, context: str) -> list[Node]:
        """Stands for directives that are not known."""
        if context:
            self.outside.append(word)
        return [Node(word, (), None, False, True)]

    def _covered(self, path: str) -> bool:
        """Whether the tree holds the folder of a path, so that a file that is missing there is missing."""
        folder = re.split(r"[*?\[]", path)[0]
        folder = posixpath.dirname(folder) if not folder.endswith("/") else folder.rstrip("/")
        inside = self.folder in ("", ".") or folder == self.folder or folder.startswith(self.folder + "/")
        return inside or self.tree.exists(folder)

    def _file(self, path: str, word: Word, above: tuple[str, ...], context: str) -> list[Node]:
        try:
            source = self.tree.source(path)
        except Unreadable as problem:
            self.unread.append(Unread(word.span, f"{path} {problem}"))
            return self._unknown(word, context)
        if path not in self.files:
            self.files.append(path)
        self.loads += 1
        parsed = parse(source)
        if parsed.problem:
            self.refused.append(parsed.problem)
        return list(self._spliced(parsed.nodes, above, context))


def start_of(path: str) -> Span:
    """The position that stands for a file as a whole."""
    return Span(path, 1, 1, 2)
