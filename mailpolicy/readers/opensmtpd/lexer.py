"""smtpd.conf as smtpd cuts it into tokens (yylex of OpenSMTPD 5.9 to 7.6)."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.types import Span

LONGEST = 8095
"""Characters of the longest token that smtpd takes."""
MOST_EXPANDED = 1_000_000
"""Characters that macros may come to in one file, so that a small file cannot keep us busy."""

_TEMPLATE = r"\{\{(?:[^{}\n]|\}(?!\}))*+\}\}|<%(?:[^<%\n]|%(?!>))*+%>|\$\{\w+\}"
_INNER = r"[A-Za-z0-9\"$%&'*+\-./:;?@\[\]^_`|~]"

_TOKEN = re.compile(
    rf"""(?P<blank>(?:[ \t]|\\\n)+)
    |(?P<comment>\#(?:[^\\\n]|\\(?:.|\n))*)
    |(?P<condition>\{{%(?:[^{{%\n]|%(?!\}}))*+%\}}|\{{\#(?:[^{{\#]|\#(?!\}}))*+\#\}})
    |(?P<quoted>"(?>[^"\\]+|\\"?)*+"|'(?>[^'\\]+|\\'?)*+')
    |(?P<number>-?[0-9](?:[0-9]|\\\n)*+(?=[\s),/}}=]|\Z))
    |(?P<string>(?:\\?[A-Za-z0-9:_]|{_TEMPLATE})(?:{_TEMPLATE}|{_INNER}|\\(?:.|\n))*+)
    |(?P<macro>\$\w*)
    |(?P<arrow>=>)
    |(?P<newline>\n)
    |(?P<other>\\?.)""",
    re.VERBOSE | re.ASCII,
)  # fmt: skip
_TAIL = re.compile(rf"(?:{_INNER}|\\(?:.|\n))*+")
_FILLED = re.compile(_TEMPLATE, re.ASCII)


class Token(NamedTuple):
    """``kind``: string, number, word (a keyword), punct, newline, bad (``text`` says why) or end."""

    kind: str
    text: str
    where: Span
    known: bool = True
    """False when a template fills the text in."""


class Lexer:
    """The tokens of one file, cut as they are asked for: a line can define the macros of the next one."""

    def __init__(self, source: Source, words: frozenset[str], macros: Mapping[str, Token]) -> None:
        self.source = source
        self.words = words
        self.macros = macros
        self.expanded = 0
        self.conditions: list[Span] = []
        """Where a template leaves something out or in."""

    def tokens(self) -> Iterator[Token]:
        """Every token; a newline stands before the end even where the file has none."""
        text, at = self.source.text, 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:  # a lone backslash at the end
                break
            at = found.end()
            if found.lastgroup == "macro":
                at = yield from self._macro(found[0][1:], found.start(), at)
            elif found.lastgroup == "condition":
                self.conditions.append(self.source.span(found.start(), at))
            elif found.lastgroup not in ("blank", "comment"):
                yield self._token(found, self.source.span(found.start(), at))
        where = self.source.span(len(text))
        yield Token("newline", "\n", where)
        yield Token("end", "", where)

    def _token(self, found: re.Match[str], where: Span) -> Token:
        kind, text = found.lastgroup, found[0]
        if len(text) > LONGEST:
            return Token("bad", "string too long", where)
        if kind == "quoted":
            value = _unquoted(text)
            return Token("string", value, inside(where, text), not _FILLED.search(value))
        if kind == "string":
            text = re.sub(r"\\(\n?)", "", text)
            word = text in self.words
            return Token("word" if word else "string", text, where, not _FILLED.search(text))
        if kind in ("number", "newline", "arrow"):
            return Token(kind, text.replace("\\\n", ""), where)
        if kind == "other" and text in "\"'":
            return Token("bad", "the quotes are not closed", where)
        return Token("punct", text[-1], where)

    def _macro(self, name: str, start: int, at: int) -> Generator[Token, None, int]:
        """The tokens of a macro's text and of what is written right behind it; returns where to go on."""
        macro = self.macros.get(name)
        if macro is None:
            yield Token("bad", f"macro '{name}' is not defined", self.source.span(start, at))
            return at
        tail = _TAIL.match(self.source.text, at)
        behind = tail[0] if tail and macro.text else ""
        at += len(behind)
        where = self.source.span(start, at)
        if not macro.known:
            yield Token("string", macro.text + behind, where, False)
            return at
        text = macro.text + behind
        self.expanded += len(text)
        if self.expanded > MOST_EXPANDED:
            yield Token("bad", "macros stand for more text than is read here", where)
            return at
        for found in _TOKEN.finditer(text):
            if found.lastgroup == "comment":
                end = self.source.text.find("\n", at)
                return len(self.source.text) if end < 0 else end
            if found.lastgroup != "blank":
                yield self._token(found, where)._replace(where=where)
        return at


def inside(where: Span, quoted: str) -> Span:
    """The place between the quotes, where there is something on this line."""
    if where.end_column - where.column == len(quoted) > 2:
        return where._replace(column=where.column + 1, end_column=where.end_column - 1)
    return where


def _unquoted(text: str) -> str:
    quote = text[0]
    return re.sub(rf"\\(?:\n|([{quote} \t]))|\n", lambda found: found[1] or "", text[1:-1])
