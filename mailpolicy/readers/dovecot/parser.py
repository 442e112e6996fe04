"""One file of Dovecot's grammar to statements with positions.

Follows config_parse_line() of src/config/config-parser.c in Dovecot 2.3.19 and 2.4.1, which differ only in
quoted keys and ``group`` sections. Time is linear in the size of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.types import Span

_BLANKS = " \t\r\f\v"
_COMMENT_OR_QUOTE = re.compile(r"[#\"']")
_KEY = re.compile(r"[^\s=]*")
_WORD = re.compile(r"\S*")
_CONTROL = re.compile(r"\{\{|\{%|\{#|<%|<\?|%\{|%\w|@\w")
_BEGINS = re.compile(
    r"\{%[-+]?\s*(?:if|for|macro|block|call|filter|raw)\b|<%-?\s*(?:if|unless)\b|<%-?[^%]*\bdo\b"
    r"|\{\{-?\s*(?:if|range|with)\b|<\?(?:php)?\s*(?:if|for|foreach|while)\b"
)
_ENDS = re.compile(r"\{%[-+]?\s*end|<%-?\s*(?:end\b|\})|\{\{-?\s*end\b|<\?(?:php)?\s*(?:end|\}\s*\?>)")
_PLACEHOLDER = re.compile(
    r"\{\{|\{%|<%|<\?|\$\{|\$\(|__[A-Za-z][A-Za-z0-9_-]*__|@@?[A-Za-z][A-Za-z0-9_.-]*@|<[A-Z][A-Z_ -]+>"
    r"|\$[A-Z][A-Z0-9_]+(?![A-Z0-9_:])|(?<![\w$:.-])[A-Z][A-Z0-9]*_[A-Z0-9_]+(?!\w)"
)
LONGEST_EXPRESSION = 2000
"""How far an expression of a template may reach, in characters."""
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class Text(NamedTuple):
    """A value with its place in the file. ``pieces`` are (index in ``text``, offset in the source), ascending."""

    text: str
    source: Source
    pieces: tuple[tuple[int, int], ...]

    def span(self, start: int = 0, end: int | None = None) -> Span:
        """The position of ``text[start:end]``, as far as it lies on the line where it starts."""
        end = len(self.text) if end is None else end
        at, offset, stop = 0, 0, len(self.text)
        for number, (index, there) in enumerate(self.pieces):
            if index > start:
                break
            at, offset = index, there
            stop = self.pieces[number + 1][0] - 1 if number + 1 < len(self.pieces) else len(self.text)
        first = offset + start - at
        return self.source.span(first, max(first, offset + min(end, stop) - at))

    def words(self, separators: str = " \t,") -> Iterator[tuple[str, Span]]:
        """The words of a list and the place of each."""
        for found in re.finditer(f"[^{re.escape(separators)}]+", self.text):
            yield found.group(), self.span(found.start(), found.end())

    def cut(self, start: int, end: int) -> Text:
        """A part of it."""
        inside = [(max(0, index - start), there + max(0, start - index)) for index, there in self.pieces if index < end]
        kept = [p for n, p in enumerate(inside) if n + 1 == len(inside) or inside[n + 1][0] > 0]
        return Text(self.text[start:end], self.source, tuple(kept))


class Statement(NamedTuple):
    """One logical line. ``kind``: set, file, open, close, include, include_try, group, error or template."""

    kind: str
    key: str
    value: Text
    """The value, section name or path; for ``error`` the whole line."""
    where: Span
    """The key."""
    quoted: bool = False
    maybe: bool = False
    """Inside a condition of a template: it may or may not be there."""
    why: str = ""


def is_template(value: str) -> bool:
    """Whether a value holds a placeholder of a template language, which Dovecot itself does not have."""
    return _PLACEHOLDER.search(value) is not None


def _uncommented(line: str) -> str:
    """A line without its comment: a ``#`` outside of quotes starts one."""
    at = 0
    while True:
        found = _COMMENT_OR_QUOTE.search(line, at)
        if found is None:
            return line
        if found.group() == "#":
            return line[: found.start()]
        quote, at = found.group(), found.end()
        while at < len(line) and line[at] != quote:
            at += 2 if line[at] == "\\" else 1
        if at >= len(line):
            return line
        at += 1


def statements(source: Source) -> Iterator[Statement]:
    """All statements of a file, in order. Never raises: what Dovecot would reject is an ``error``."""
    parts: list[tuple[str, int]] = []
    depth, comment = 0, False
    text, start = source.text, 0
    while start < len(text):
        stop = text.find("\n", start)
        stop = len(text) if stop < 0 else stop
        stop = _expression_end(text, start, stop)
        raw, begin, start = text[start:stop], start, stop + 1
        line = raw.lstrip(_BLANKS)
        if comment or line.startswith("{#"):
            comment = "#}" not in line
            continue
        if not line or line[0] == "#":
            parts = []
            continue
        if _CONTROL.match(line):
            depth = max(0, depth + len(_BEGINS.findall(line)) - len(_ENDS.findall(line)))
            if not _inline_setting(line):
                where = source.span(begin + len(raw) - len(line))
                yield Statement("template", "", Text("", source, ((0, begin),)), where, maybe=True)
                continue
        kept = _uncommented(line).rstrip(_BLANKS)
        offset = begin + len(raw) - len(line)
        if kept.endswith("\\"):
            kept = kept[:-1].rstrip(_BLANKS)
            if kept:
                parts.append((kept, offset))
            continue
        if kept or parts:
            yield _statement(_joined(source, [*parts, (kept, offset)]), depth > 0)
        parts = []


def _expression_end(text: str, start: int, stop: int) -> int:
    """Where a line ends, or the line on which a template's expression that begins in it is closed."""
    for opens, closes in (("{{", "}}"), ("{%", "%}")):
        begin = text.rfind(opens, start, stop)
        if begin >= 0 and text.find(closes, begin, stop) < 0:
            end = text.find(closes, stop, stop + LONGEST_EXPRESSION)
            if end >= 0:
                after = text.find("\n", end)
                return len(text) if after < 0 else after
    return stop


def _inline_setting(line: str) -> bool:
    """A setting behind a template's switch (``%{with_imap}protocols = imap``) or with a templated name."""
    return "=" in _uncommented(line) and not line.startswith(("{%", "<%", "{{", "<?"))


def _joined(source: Source, parts: list[tuple[str, int]]) -> Text:
    pieces, at = [], 0
    for part, offset in parts:
        pieces.append((at, offset))
        at += len(part) + 1
    return Text(" ".join(part for part, _ in parts), source, tuple(pieces))


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANKS:
        at += 1
    return at


def _statement(line: Text, maybe: bool) -> Statement:
    text = line.text
    if text.startswith('"'):
        key, at = _quoted(text, 0)
        where = line.span(1, max(2, at - 1))
    else:
        at = _KEY.match(text).end()  # type: ignore[union-attr]  # it matches the empty string too
        key, where = text[:at], line.span(0, at)
    at = _skip(text, at)
    rest = line.cut(at, len(text))
    if key in ("!include", "!include_try"):
        return Statement(key[1:], key, rest, where, maybe=maybe)
    if key.startswith("%") or is_template(key):
        return Statement("template", key, rest, where, maybe=True)
    if rest.text.startswith("="):
        return _setting(line, key, where, _skip(text, at + 1), maybe)
    if key == "}" and not rest.text:
        return Statement("close", key, rest, where, maybe=maybe)
    return _section(line, key, where, at, maybe)


def _quoted(text: str, at: int) -> tuple[str, int]:
    """A string in double quotes that starts at ``at``, and where it ends."""
    end = at + 1
    while end < len(text) and text[end] != '"':
        end += 2 if text[end] == "\\" else 1
    return _ESCAPE.sub(r"\1", text[at + 1 : end]), min(len(text), end + 1)


def _setting(line: Text, key: str, where: Span, at: int, maybe: bool) -> Statement:
    text = line.text
    if text.startswith("<", at) and not is_template(text[at:]):
        at = _skip(text, at + 1)
        return Statement("file", key, line.cut(at, len(text)), where, maybe=maybe)
    value = text[at:]
    if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
        inner = line.cut(at + 1, len(text) - 1)
        return Statement("set", key, inner._replace(text=_ESCAPE.sub(r"\1", inner.text)), where, True, maybe)
    return Statement("set", key, line.cut(at, len(text)), where, maybe=maybe)


def _section(line: Text, key: str, where: Span, at: int, maybe: bool) -> Statement:
    text = line.text
    name, quoted, first, end = "", False, at, at
    kind = "open"
    if text.endswith(" {") and text.find("{{", at) >= 0:
        return Statement(kind, key, line.cut(at, len(text) - 2), where, maybe=maybe)
    if key == "group" and not text.startswith("{", at):
        kind, words = "group", text[at:].split()
        end = len(text) - 1 if words[-1:] == ["{"] and len(words) == 3 else len(text)
        name = " ".join(words[:2])
    elif text.startswith('"', at):
        name, end = _quoted(text, at)
        first, quoted = at + 1, True
    elif not text.startswith("{", at):
        end = _WORD.match(text, at).end()  # type: ignore[union-attr]
        name = text[at:end]
    brace = _skip(text, end)
    if not text.startswith("{", brace):
        if is_template(text):
            return Statement("template", key, line, where, maybe=True)
        return Statement("error", key, line, where, maybe=maybe, why="is neither a setting nor a section")
    if brace + 1 < len(text):
        return Statement("error", key, line, where, maybe=maybe, why="has text behind '{', which must end the line")
    value = line.cut(first, max(first, end))._replace(text=name)
    return Statement(kind, key, value, where, quoted, maybe)
