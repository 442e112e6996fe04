"""PHP source to tokens with offsets: what is needed to follow assignments, and nothing of the rest of the language.

After Zend/zend_language_scanner.l of PHP 8.2: a one-line comment ends at ``?>`` too, a block comment
that is not closed goes on to the end. A text without an opening tag is taken as a piece of a program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple

_OPEN = re.compile(r"<\?(?:php\b|=|(?=\s))", re.IGNORECASE)
_TOKEN = re.compile(
    r"""
      (?P<blank>\s+ | //(?:(?!\?>)[^\n])*+ | \#(?!\[)(?:(?!\?>)[^\n])*+ | /\*(?:[^*]|\*(?!/))*+(?:\*/)? )
    | (?P<close>\?>)
    | (?P<template>\{%(?:(?!%\}).){0,500}+(?:%\})? | \{\#[^\n]{0,200}?\#\} | <%(?:(?!%>).){0,500}+(?:%>)?)
    | (?P<heredoc><<<[ \t]*(?P<quote>["']?)(?P<mark>[A-Za-z_]\w*)(?P=quote)\r?\n)
    | (?P<single>'(?:[^'\\]|\\.)*+')
    | (?P<double>"(?:[^"\\]|\\.)*+")
    | (?P<open>['"])
    | (?P<variable>\$\w+)
    | (?P<number>(?:0[xX][0-9a-fA-F_]+ | 0[bB][01_]+ | 0[oO][0-7_]+ | [0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9]+)?))
    | (?P<name>\\?[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*(?:\\[A-Za-z_]\w*)*)
    | (?P<sign>=>|\?\?=|[.+*/%&|^-]=|===?|->|::|\?\?|.)
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """A token; ``kind`` is a group of the expression above, ``end`` for the end of the text."""

    kind: str
    text: str
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """The tokens of the parts between PHP's tags, without comments and blanks; a closing tag ends a statement."""
    first = _OPEN.search(text)
    at = first.end() if first else 0
    missing: set[str] = set()
    while at < len(text):
        found = _TOKEN.match(text, at)
        assert found is not None
        kind, at = str(found.lastgroup), found.end()
        if kind in ("blank",):
            continue
        if kind == "close":
            yield Token("sign", ";", found.start(), at)
            again = _OPEN.search(text, at)
            at = again.end() if again else len(text)
        elif kind == "open":
            yield Token("open", text[found.start() :][:1], found.start(), len(text))
            return
        elif found["heredoc"] is not None:
            token = _heredoc(text, found, missing)
            yield token
            at = token.end
        else:
            yield Token(kind, found[0], found.start(), at)


def _heredoc(text: str, found: re.Match[str], missing: set[str]) -> Token:
    """A heredoc or nowdoc as the quoted text that it is; without its end it is unclosed."""
    mark = found["mark"]
    stop = None if mark in missing else re.compile(rf"^[ \t]*{mark}\b", re.MULTILINE).search(text, found.end())
    if stop is None:
        missing.add(mark)
        return Token("open", found[0], found.start(), len(text))
    kind = "nowdoc" if found["quote"] == "'" else "heredoc"
    if text[stop.start()] in " \t":
        kind = "indented"  # PHP takes the indentation out of every line
    return Token(kind, text[found.end() : max(found.end(), stop.start() - 1)], found.start(), stop.end())
