"""The text of an nginx configuration as a tree of directives.

After ``ngx_conf_read_token`` of nginx 1.22 to 1.29, and template blocks of Jinja, ERB and Go beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.types import Span, Unread

DEEPEST = 64
"""Blocks within blocks that are kept apart; nobody nests deeper."""

_INNER = r"(?:[^{}%\n]|%(?!\})|\{[^{}\n]{0,80}\})"
_BLOCK = rf"\{{\{{{_INNER}{{0,300}}\}}\}}|\{{%{_INNER}{{0,300}}%\}}|<%(?:[^<%\n]|<(?!%)|%(?!>)){{0,300}}%>"
"""Short, and ended by what begins another one: a reader must be linear in what it reads."""

_TOKEN = (
    r"(?P<blank>[ \t\r\n]+)"
    rf"|(?P<template>\{{#[^#\n]{{0,400}}#\}}|(?!\{{\{{|<%=)(?:{_BLOCK})|(?:{_BLOCK})(?=[ \t]*(?:[\r\n]|$)))"
    rf"|(?P<word>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|(?:{_BLOCK}|\\.|\$\{{+|[^ \t\r\n;{{\\#\"'}}])"
    rf"(?:{_BLOCK}|\\.|\$\{{+|[^ \t\r\n;{{\\])*)"
    r"|(?P<comment>#[^\n]*)|(?P<sign>[;{}])|(?P<stray>.)"
)
_ESCAPE = re.compile(r"\\([\"'\\trn])")
_LETTERS = {"t": "\t", "r": "\r", "n": "\n"}
_TEMPLATE = re.compile(
    r"\{\{|\{%|<%|\$\{?[A-Za-z_]|\b__\w+?__\b|@[A-Z][A-Z0-9_]*@|%%\w+%%|%\(\w+\)s|<[A-Za-z][\w .-]*>"
    r"|\bREDACTED\b|(?:^|[\[:.])[Xx]{1,4}(?:[.:][Xx]{1,4})+"
)
_BEGINS = re.compile(r"[{<]%[-+]?\s*(?:if|for|unless|macro|call)\b|\{\{-?\s*(?:if|range|with)\b|<%-?\s*\S+\.each\b")
_ENDS = re.compile(r"[{<]%[-+]?\s*end|\{\{-?\s*end\b|<%-?\s*\}")
_SILENT = re.compile(r"\{#|[{<]%[-+]?\s*(?:set|else|elsif|elif|import|from|#)|\{\{-?\s*(?:else\b|/\*|\$\w+\s*:?=)")


class Word(NamedTuple):
    """One word of a directive, unquoted, and where it lies (offsets into the text, quotes left out)."""

    text: str
    start: int
    end: int
    source: Source

    @property
    def span(self) -> Span:
        return self.source.span(self.start, self.end)

    @property
    def known(self) -> bool:
        """Whether it is what nginx will read, and no trace of a template."""
        return _TEMPLATE.search(self.text) is None


class Node(NamedTuple):
    """One directive. ``block`` is None when it ends with a semicolon."""

    name: Word
    args: tuple[Word, ...]
    block: tuple[Node, ...] | None = None
    maybe: bool = False
    """A template decides whether it stands there at all."""
    writes: bool = False
    """A block of a template that may write any directive; it has no arguments."""


class Parsed(NamedTuple):
    """A file: its directives, and the first thing at which nginx would stop."""

    nodes: tuple[Node, ...]
    problem: Unread | None
    source: Source


class _Open:
    """A block that is being read."""

    def __init__(self, name: Word | None = None, args: tuple[Word, ...] = (), maybe: bool = False) -> None:
        self.name = name
        self.args = args
        self.maybe = maybe
        self.nodes: list[Node] = []


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.open = [_Open()]
        self.words: list[Word] = []
        self.depth = 0
        self.lost = 0
        self.problem: Unread | None = None

    def fail(self, start: int, end: int, why: str) -> None:
        if self.problem is None:
            self.problem = Unread(self.source.span(start, end), f"{why}: nginx does not start")

    def sign(self, sign: str, at: int) -> None:
        if sign == "}":
            self.close(at)
        elif not self.words:
            self.fail(at, at + 1, f'unexpected "{sign}"')
            self.lost += sign == "{"
        elif sign == ";":
            self.open[-1].nodes.append(Node(self.words[0], tuple(self.words[1:]), None, self.depth > 0))
        elif len(self.open) >= DEEPEST:
            self.lost += 1
        else:
            self.open.append(_Open(self.words[0], tuple(self.words[1:]), self.depth > 0))
        self.words = []

    def close(self, at: int) -> None:
        if self.words:
            self.fail(at, at + 1, 'unexpected "}": a semicolon is missing before it')
        if self.lost:
            self.lost -= 1
        elif len(self.open) == 1:
            self.fail(at, at + 1, 'unexpected "}"')
        else:
            self.end_block()

    def end_block(self) -> None:
        done = self.open.pop()
        assert done.name is not None
        self.open[-1].nodes.append(Node(done.name, done.args, tuple(done.nodes), done.maybe))

    def template(self, text: str, word: Word) -> None:
        """A block of a template that stands where a directive could."""
        if _ENDS.match(text):
            self.depth = max(0, self.depth - 1)
        elif _BEGINS.match(text):
            self.depth += 1
        elif not _SILENT.match(text):
            self.open[-1].nodes.append(Node(word, (), None, self.depth > 0, True))


def is_template(text: str) -> bool:
    """Whether a text holds a trace of a template, a variable or a placeholder."""
    return _TEMPLATE.search(text) is not None


def parse(source: Source) -> Parsed:
    """The directives of one file. Linear in its size; goes on after an error as well as it can."""
    state = _Parser(source)
    text = source.text
    at, scan = 0, re.compile(_TOKEN, re.DOTALL).match
    while (found := scan(text, at)) is not None:
        at = found.end()
        kind = found.lastgroup
        if kind == "sign":
            lua = found[0] == "{" and state.words and state.words[0].text.endswith("_by_lua_block")
            state.sign(found[0], found.start())
            at = _lua_end(text, at) if lua else at
        elif kind == "word":
            state.words.append(_word(source, found.start(), at))
        elif kind == "template" and not state.words:
            state.template(found[0], Word(found[0], found.start(), at, source))
        elif kind == "template":
            state.words.append(Word(found[0], found.start(), at, source))
        elif kind == "stray":
            state.fail(
                found.start(), at, f'unexpected "{found[0]}"' if found[0].isprintable() else "unexpected character"
            )
    if state.words or len(state.open) > 1:
        end = len(text.rstrip())
        state.fail(max(0, end - 1), end, 'unexpected end of file: a ";" or "}" is missing')
    while len(state.open) > 1:
        state.end_block()
    return Parsed(tuple(state.open[0].nodes), state.problem, source)


def _lua_end(text: str, at: int) -> int:
    """Where the brace that ends a block of Lua stands; strings and comments in it are not looked into."""
    depth = 1
    for found in re.compile(r"[{}]").finditer(text, at):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return found.start()
    return len(text)


def _word(source: Source, start: int, end: int) -> Word:
    text = source.text[start:end]
    if text[0] in "\"'":
        start, end, text = start + 1, end - 1, text[1:-1]
    if "\\" in text:
        text = _ESCAPE.sub(lambda found: _LETTERS.get(found[1], found[1]), text)
    return Word(text, start, end, source)


def walk(nodes: tuple[Node, ...]) -> Iterator[Node]:
    """All directives, those in blocks too."""
    for node in nodes:
        yield node
        if node.block:
            yield from walk(node.block)
