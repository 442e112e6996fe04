"""Words and blocks of a Maddy configuration: quotes, macros, snippets, imports, environment.

After framework/config/lexer and framework/cfgparser of Maddy 0.9.4.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.tree import Tree, place
from mailpolicy.types import Span, Unread, Unreadable

HOME = "/etc/maddy"
_DEEPEST = 100
"""Maddy allows 255 levels of blocks and of imports; no file that people write comes near."""
_MOST = 100_000
_FILES = 500
_EXPANDED = 2_000_000
"""Characters that macros may come to in one file; macros that double one another come to any number."""
_WORD = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|(?:\{\{[^\n{}]{0,200}\}\}|<%[^\n%]{0,200}%>|[^\s#])+(?:#\S*)?', re.DOTALL)
_GAP = re.compile(r"\s+")
_COMMENT = re.compile(r"#[^\n]*|^[ \t]*(?:\{%[^\n]*|\{\{-[^\n]*|\{#[^\n]*|<%[^=\n][^\n]*)", re.MULTILINE)
_FILLED = re.compile(r"\{\{|\{%|<%|\$\{|__\w+__|\{env:[^${}]{1,200}\}|<[A-Za-z][\w -]*>|@[A-Z][A-Z0-9_]*@")
_MACRO = re.compile(r"\$\(([^$)]+)\)")


class Word(NamedTuple):
    """One word, quotes taken off."""

    text: str
    where: Span
    known: bool = True
    """False: the environment or a template fills it in."""


class Node(NamedTuple):
    """A directive with its arguments, and the block that follows it."""

    name: Word
    args: tuple[Word, ...]
    children: tuple[Node, ...] | None = None
    """None: no block stands here."""

    @property
    def first(self) -> Word:
        """The first argument, or the directive where it has none."""
        return self.args[0] if self.args else self.name

    def all(self, name: str) -> list[Node]:
        """The directives of the block that have a name."""
        return [child for child in self.children or () if child.name.text == name]

    def get(self, name: str) -> Node | None:
        """The first directive of the block that has a name."""
        return next(iter(self.all(name)), None)


class Loaded(NamedTuple):
    """A configuration with all that it imports."""

    nodes: tuple[Node, ...]
    files: tuple[str, ...]
    unread: tuple[Unread, ...]
    outside: tuple[Span, ...]
    """Imports of files that are not here, and templates that decide about lines."""


class Refused(Exception):
    """What Maddy does not take, and where it stands."""

    def __init__(self, where: Span, why: str) -> None:
        super().__init__(why)
        self.where = where


def _words(source: Source) -> Iterator[tuple[Word, int, int]]:
    """All words, with the lines on which they begin and end."""
    text, at, line, seen = source.text, 0, 1, 0
    while at < len(text):
        skipped = _GAP.match(text, at) or _COMMENT.match(text, at)
        if skipped is not None and skipped.end() > at:
            at = skipped.end()
            continue
        found = _WORD.match(text, at)
        if found is None:
            at += 1
            continue
        line += text.count("\n", seen, at)
        last = line + found[0].count("\n")
        yield _word(source, found), line, last
        line, seen, at = last, found.end(), found.end()


def _word(source: Source, found: re.Match[str]) -> Word:
    raw = found[0]
    if raw.startswith('"'):
        inner = raw[1:-1] if len(raw) > 1 and raw.endswith('"') else raw[1:]
        where = source.span(found.start() + 1, found.start() + 1 + len(inner)) if inner else source.span(*found.span())
        text = inner.replace('\\"', '"')
    else:
        cut = raw.find("#") if not _FILLED.search(raw) else -1
        text = raw if cut < 0 else raw[:cut]
        where = source.span(found.start(), found.start() + len(text))
    return Word(text, where, not _FILLED.search(text))


class _Parser:
    """One file, without what it imports."""

    def __init__(self, source: Source) -> None:
        self.words = list(_words(source))
        self.at = -1
        self.depth = -1
        self.macros: dict[str, tuple[Word, ...]] = {}
        self.snippets: dict[str, tuple[Node, ...]] = {}
        self.expanded = 0

    def file(self) -> tuple[Node, ...]:
        nodes = self.block()
        if self.depth > 0:
            raise Refused(self.words[-1][0].where, "a block is not closed with }")
        return nodes

    def _next(self, same_line: bool | None = None) -> bool:
        """Steps to the next word, if there is one (on the same line, or on a later one)."""
        if self.at + 1 >= len(self.words):
            return False
        same = self.at >= 0 and self.words[self.at][2] == self.words[self.at + 1][1]
        if same_line is not None and same is not same_line:
            return False
        self.at += 1
        return True

    @property
    def word(self) -> Word:
        return self.words[self.at][0]

    def block(self) -> tuple[Node, ...]:
        if self.depth > _DEEPEST:
            raise Refused(self.word.where, "blocks are nested too deeply")
        self.depth += 1
        nodes: list[Node] = []
        fresh = True
        while True:
            if not fresh and not self._next(False):
                if self._next():
                    raise Refused(self.word.where, "a new line is needed after }")
                break
            if fresh and not self._next():
                break
            if self.word.text == "}":
                self._close()
                break
            node = self._node()
            fresh = False
            closed = bool(node.args) and node.args[-1].text == "}"
            if closed:
                self._close()
                node = node._replace(args=node.args[:-1])
            if not self._declares(node):
                nodes.append(node._replace(args=self._expand(node.args)))
                if closed:
                    break
        return tuple(nodes)

    def _close(self) -> None:
        self.depth -= 1
        if self.depth < 0:
            raise Refused(self.word.where, "this } closes nothing")

    def _node(self) -> Node:
        name = self.word
        if name.text == "{":
            raise Refused(name.where, "a block without a name")
        args: list[Word] = []
        children: tuple[Node, ...] | None = None
        more = False
        while self._next(True) or (more and self._next(False)):
            more = False
            if self.word.text == "{":
                children = self.block()
                break
            args.append(self.word)
            if self.word.text == "\\":
                args.pop()
                more = True
        text = name.text
        if name.known and not text.startswith(("$(", "(")) and not re.fullmatch(r"[^\W\d][\w.-]*", text):
            raise Refused(name.where, f"{text[:40]} is no name of a directive")
        return Node(name, tuple(args), children)

    def _declares(self, node: Node) -> bool:
        """Takes a macro or snippet in; False for a directive."""
        text = node.name.text
        if text.startswith("$("):
            if not text.endswith(")") or len(node.args) < 2 or node.args[0].text != "=":
                raise Refused(node.name.where, "a macro is declared as $(name) = value")
            if self.depth != 0:
                raise Refused(node.name.where, "macros are declared outside of all blocks")
            self.macros[text[2:-1]] = self._expand(node.args[1:])
            return True
        if text.startswith("(") and text.endswith(")"):
            if self.depth != 0 or node.args:
                raise Refused(node.name.where, "a snippet is declared as (name) { ... } outside of all blocks")
            self.snippets[text[1:-1]] = node.children or ()
            return True
        return False

    def _expand(self, args: tuple[Word, ...]) -> tuple[Word, ...]:
        """Arguments with macros filled in; one that is not declared is nothing."""
        found: list[Word] = []
        for arg in args:
            if arg.text.startswith("$(") and arg.text.endswith(")"):
                values = self.macros.get(arg.text[2:-1], ())
                self._spend(arg, sum(len(value.text) + 1 for value in values))
                found += values
            elif "$(" in arg.text:
                found.append(self._inside(arg))
            else:
                found.append(arg)
        return tuple(found)

    def _spend(self, arg: Word, characters: int) -> None:
        self.expanded += characters
        if self.expanded > _EXPANDED:
            raise Refused(arg.where, "macros come to more than a configuration can hold")

    def _inside(self, arg: Word) -> Word:
        known = arg.known
        for name in dict.fromkeys(_MACRO.findall(arg.text)):
            values = self.macros.get(name, ())
            if len(values) > 1:
                raise Refused(arg.where, f"the macro {name} has several values and cannot stand inside a word")
            self._spend(arg, arg.text.count(f"$({name})") * sum(len(value.text) for value in values) + len(arg.text))
            known = known and all(value.known for value in values)
            arg = arg._replace(text=arg.text.replace(f"$({name})", values[0].text if values else ""))
        return arg._replace(known=known)


class _Loader:
    def __init__(self, tree: Tree, main: str) -> None:
        self.tree, self.folder = tree, posixpath.dirname(main)
        self.files: list[str] = []
        self.outside: list[Span] = []
        self.nodes = 0

    def file(self, path: str, depth: int) -> tuple[_Parser, tuple[Node, ...]]:
        source = self.tree.source(path)
        self.files.append(path)
        if "{%" in source.text or "{{-" in source.text:
            self.outside.append(source.start())
        parser = _Parser(source)
        return parser, self.imported(parser, parser.file(), path, depth)

    def imported(self, parser: _Parser, nodes: tuple[Node, ...], path: str, depth: int) -> tuple[Node, ...]:
        found: list[Node] = []
        for node in nodes:
            self.nodes += 1
            if self.nodes > _MOST or depth > _DEEPEST:
                raise Refused(node.name.where, "imports go on without an end")
            if node.name.text == "import":
                found += self._import(parser, node, path, depth)
            elif node.children:
                found.append(node._replace(children=self.imported(parser, node.children, path, depth)))
            else:
                found.append(node)
        return tuple(found)

    def _import(self, parser: _Parser, node: Node, path: str, depth: int) -> tuple[Node, ...]:
        if len(node.args) != 1:
            raise Refused(node.name.where, "import takes one name")
        name = node.args[0]
        if name.text in parser.snippets:
            return self.imported(parser, parser.snippets[name.text], path, depth + 1)
        here = place(name.text, HOME, self.folder) if name.text.startswith("/") else None
        if not name.text.startswith("/"):
            here = posixpath.normpath(posixpath.join(posixpath.dirname(path), name.text))
        there = next((p for p in (here, f"{here}.conf") if here and self.tree.exists(p or "")), None)
        if there is None or not name.known or there in self.files[:1]:
            self.outside.append(name.where)
            return ()
        if len(self.files) > _FILES:
            raise Refused(name.where, "imports go on without an end")
        try:
            other, nodes = self.file(there, depth + 1)
        except Unreadable as problem:
            raise Refused(name.where, f"this file {problem}") from None
        parser.snippets.update(other.snippets)
        return nodes


def load(tree: Tree, main: str) -> Loaded:
    """A main file with what it imports. Raises Unreadable for the main file alone."""
    loader = _Loader(tree, main)
    try:
        _, nodes = loader.file(main, 0)
    except Refused as problem:
        unread = (Unread(problem.where, str(problem)),)
        return Loaded((), tuple(loader.files), unread, ())
    return Loaded(nodes, tuple(dict.fromkeys(loader.files)), (), tuple(dict.fromkeys(loader.outside)))
