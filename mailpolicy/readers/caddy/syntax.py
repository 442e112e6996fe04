"""Tokens and blocks of a Caddyfile. After caddyconfig/caddyfile/lexer.go and parse.go of Caddy 2.10."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.types import Span

_HEREDOC = re.compile(r"<<([A-Za-z0-9_-]+)\r?\n")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`', re.DOTALL)
_PLACEHOLDER = re.compile(r"\{[^{}\s]+\}")
_DEEPEST = 60


class Word(NamedTuple):
    """A token. ``known`` is False where a placeholder or the environment has a part in it."""

    text: str
    where: Span
    line: int
    quoted: bool = False

    @property
    def known(self) -> bool:
        return _PLACEHOLDER.search(self.text) is None


class Directive(NamedTuple):
    """The words of a line, and the block that it opens."""

    words: tuple[Word, ...]
    block: tuple[Directive, ...] | None = None

    @property
    def name(self) -> str:
        return self.words[0].text if self.words else ""

    @property
    def where(self) -> Span:
        return self.words[0].where

    def all(self, name: str) -> tuple[Directive, ...]:
        """Directives of a name in the block."""
        return tuple(one for one in self.block or () if one.name == name)


class Refused(Exception):
    """What Caddy does not take: braces and quotes, blocks out of their order. ``where`` is its place."""

    def __init__(self, where: Span, why: str) -> None:
        super().__init__(why)
        self.where = where


def words(source: Source) -> Iterator[Word]:
    """Tokens with their lines. Raises Refused."""
    text, at, size, line = source.text, 0, len(source.text), 1
    while at < size:
        char = text[at]
        if char == "\n":
            at, line = at + 1, line + 1
        elif char.isspace() or (char == "\\" and text[at + 1 : at + 2] == "\n"):
            at += 1
        elif char == "#":
            end = text.find("\n", at)
            at = size if end < 0 else end
        elif char in '"`':
            quoted = _QUOTED.match(text, at)
            if quoted is None:
                raise Refused(source.span(at, at + 1), "a quote is not closed")
            end = quoted.end() - 1
            yield Word(text[at + 1 : end], source.span(at + 1, max(end, at + 2)), line, True)
            line += text.count("\n", at, end)
            at = end + 1
        elif heredoc := _HEREDOC.match(text, at):
            last = re.compile(rf"^[ \t]*{re.escape(heredoc[1])}(?!\w)", re.MULTILINE).search(text, heredoc.end())
            if last is None:
                raise Refused(source.span(at), "a heredoc is not closed")
            yield Word(text[heredoc.end() : last.start()], source.span(at, heredoc.end()), line, True)
            line += text.count("\n", at, last.end())
            at = last.end()
        else:
            end = at
            while end < size and not text[end].isspace():
                end += 1
            yield Word(text[at:end], source.span(at, end), line)
            at = end


def parse(source: Source) -> tuple[Directive, ...]:
    """Directives of a file, with their blocks. Raises Refused."""
    stack: list[tuple[tuple[Word, ...], list[Directive]]] = [((), [])]
    opened: list[Span] = []
    current: list[Word] = []

    def close_line() -> None:
        if current:
            stack[-1][1].append(Directive(tuple(current)))
            current.clear()

    for word in words(source):
        if current and word.line != current[0].line and not (word.text == "{" and word.line == current[-1].line):
            close_line()
        if word.text == "{" and not word.quoted:
            if len(stack) > _DEEPEST:
                raise Refused(word.where, "blocks are nested too deeply")
            stack.append((tuple(current), []))
            opened.append(word.where)
            current.clear()
        elif word.text == "}" and not word.quoted:
            close_line()
            if not opened:
                raise Refused(word.where, "a brace is closed that was not opened")
            head, block = stack.pop()
            opened.pop()
            stack[-1][1].append(Directive(head, tuple(block)))
        else:
            current.append(word)
    close_line()
    if opened:
        raise Refused(opened[-1], "a brace is not closed")
    return tuple(stack[0][1])
