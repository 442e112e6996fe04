"""Stalwart's dialect of TOML to flat keys, with the place of each value.

It is not TOML: names of tables are lowered outside quotes, a table in braces may be a set and may
span lines, elements of lists get keys of four digits (crates/utils/src/config/parser.rs, 0.3 to 0.15).
"""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.types import Origin, Span, Unread

_DEEPEST = 10
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t\r]*")
_HEADING = re.compile(r"\[(\[)?((?:[^\"\[\]\n]|\"(?:[^\"\\\n]|\\.)*\")+)\](\])?[^\n]*")
_STRANGE = re.compile(r"[^\w.\s-]")
_PIECE = re.compile(r'"((?:[^"\\\n]|\\.)*)"|[^"]+')
_KEY = re.compile(r'((?:[^"=,}\n]|"(?:[^"\\\n]|\\.)*")*)')
_BARE = re.compile(r"(?:[^\W_]|[.+-])+")
_LONG = {quote: re.compile(quote * 3 + r"\n?(.*?)" + quote * 3, re.DOTALL) for quote in "\"'"}
_SHORT = {quote: re.compile(quote + r"((?:[^\\" + quote + r"]|\\.)*)" + quote, re.DOTALL) for quote in "\"'"}
_FILLED = re.compile(r"(?:\{\{|\{%|<%|\$\{|__[A-Z])[^\n]*")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


class Setting(NamedTuple):
    """A value as text, as Stalwart keeps all of them, and where it stands."""

    value: str
    where: Span

    @property
    def known(self) -> bool:
        """Whether neither a macro (``%{env:NAME}%``) nor a template decides it."""
        return "%{" not in self.value and re.search(r"\{\{|\{%|<%|\$\{|__[A-Z]\w*__", self.value) is None

    @property
    def yes(self) -> bool | None:
        """As a boolean; None when it is none that is known."""
        return {"true": True, "false": False}.get(self.value) if self.known else None

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Who sets it."""
        return (Origin("sets", self.where),)


class _Wrong(Exception):
    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.at = at


class _Reading:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 0
        self.found: dict[str, Setting] = {}

    def skip(self, pattern: re.Pattern[str] = _BLANK) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, pattern: re.Pattern[str], why: str) -> re.Match[str]:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _Wrong(why, self.at)
        self.at = match.end()
        return match

    def put(self, key: str, value: str, start: int, end: int) -> None:
        if key in self.found:
            raise _Wrong("sets a key for a second time, which Stalwart refuses", start)
        self.found[key] = Setting(value, self.source.span(start, max(end, start + 1)))

    def value(self, key: str, depth: int) -> None:
        """One value: a string, a word, a list or a table."""
        if depth > _DEEPEST:
            raise _Wrong("is nested more deeply than Stalwart takes", self.at)
        opener = self.peek()
        filled = _FILLED.match(self.text, self.at)
        if filled is not None:
            self.put(key, filled[0].rstrip(), self.at, filled.end())
            self.at = filled.end()
        elif opener == "[":
            self.elements(key, depth)
        elif opener == "{":
            self.table(key, depth)
        elif opener in ("'", '"') and opener:
            self.string(key, opener)
        else:
            start = self.at
            word = self.take(_BARE, "is no value")
            self.put(key, word[0], start, word.end())

    def string(self, key: str, quote: str) -> None:
        long = self.text.startswith(quote * 3, self.at)
        match = self.take((_LONG if long else _SHORT)[quote], "is a string without an end")
        self.put(key, _ESCAPE.sub(_unescaped, match[1]), match.start(1), match.end(1))

    def elements(self, key: str, depth: int) -> None:
        self.at += 1
        self.skip()
        count = 0
        while self.peek() != "]":
            self.value(f"{key}.{count:04}", depth + 1)
            self.between("]")
            count += 1
        self.at += 1

    def table(self, key: str, depth: int) -> None:
        self.at += 1
        self.skip()
        while self.peek() != "}":
            start = self.at
            name = _name(self.take(_KEY, "is no key")[1])
            if not name:
                raise _Wrong("is a table without a key where one is needed", start)
            if self.peek() == "=":
                self.at += 1
                self.skip()
                self.value(f"{key}.{name}", depth + 1)
            else:
                self.put(f"{key}.{name}", "", start, self.at)
            self.skip()
            self.between("}")
        self.at += 1

    def between(self, closer: str) -> None:
        """The comma between two elements, or the end."""
        self.skip()
        if self.peek() == ",":
            self.at += 1
            self.skip()
        elif self.peek() != closer:
            raise _Wrong(f"is neither a comma nor the closing {closer}", self.at)

    def statements(self) -> None:
        """The whole file."""
        prefix, last, count = "", "", 0
        self.skip()
        while self.at < len(self.text):
            if _FILLED.match(self.text, self.at):
                self.take(_FILLED, "")
            elif self.peek() == "[":
                heading = self.take(_HEADING, "is no heading of a table")
                name = _lowered(heading[2])
                wrong = _STRANGE.search(_PIECE.sub(lambda p: "" if p[1] is not None else p[0], heading[2]))
                if wrong is not None:
                    raise _Wrong("holds a character that Stalwart refuses in the name of a table", heading.start())
                if heading[1]:
                    count = count + 1 if name == last else 0
                    last = name
                    name = f"{name}.{count:04}"
                prefix = f"{name}."
            else:
                start = self.at
                name = _name(self.take(_KEY, "is no key")[1])
                if self.peek() != "=" or not name:
                    raise _Wrong("is no key with a value", start)
                self.at += 1
                self.skip(_SPACE)
                self.value(prefix + name, 0)
                self.skip(_SPACE)
                if self.peek() not in ("", "\n", "#"):
                    raise _Wrong("stands behind a value", self.at)
            self.skip()


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPED.get(match[1], match[1])


def _name(text: str) -> str:
    """A key without quotes and blanks."""
    return "".join(p[1] if p[1] is not None else "".join(p[0].split()) for p in _PIECE.finditer(text))


def _lowered(text: str) -> str:
    return "".join(p[1] if p[1] is not None else "".join(p[0].split()).lower() for p in _PIECE.finditer(text))


def parse(source: Source) -> tuple[dict[str, Setting], tuple[Unread, ...]]:
    """All settings by key; of a file that Stalwart refuses those before the fault."""
    reading = _Reading(source)
    try:
        reading.statements()
    except _Wrong as problem:
        return reading.found, (Unread(source.span(problem.at), f"{problem}", True),)
    return reading.found, ()
