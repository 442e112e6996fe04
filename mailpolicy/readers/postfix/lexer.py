"""Logical lines of main.cf and master.cf (Postfix 3.10 src/util/readlline.c, split_nameval.c), with positions."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.types import Span

BLANKS = " \t\n\v\f\r"
"""What isspace(3) takes in the C locale; Unicode blanks are text to Postfix."""
SEPARATORS = ", \t\r\n"
"""Between the elements of a list (CHARS_COMMA_SP)."""

_TEMPLATE = re.compile(
    r"(?<!\$)(?<!inline:)(?<!cidr:)(?<!regexp:)(?<!pcre:)\{\{"
    r"|(?:inline|cidr|regexp|pcre):\{\{(?![^{}|()'\"]*=[^=]|!?[/0-9])"  # a table within the setting is none
    r"|\{%|\{#|<%|%%[A-Za-z]|@@?[A-Za-z][A-Za-z0-9_.-]*@@?(?![A-Za-z0-9])|(?<![A-Za-z0-9_])__[A-Z][A-Z0-9_]*"
    r"|%\([a-z_]+\)s|#\{|<[A-Za-z][A-Za-z0-9_. -]*>|%\{|(?<![A-Za-z0-9_])PH_[A-Z]|\$\{[A-Z][A-Z0-9_]*:[-?=]"
    r"|\$\{env\[|(?<![A-Za-z0-9_%])%[a-z][a-z_]{3,}"
)
_TAG = re.compile(
    r"\s*(?:\{%.*%\}|<%(?!=).*%>|\{#.*#\}|\{\{[-~]?\s*(?:if|else|end|range|with|#|/).*\}\})\s*", re.DOTALL
)
_REMARK = re.compile(r"ansible_managed|\bcomment\b|\bmanaged by\b", re.IGNORECASE)
_OPENS = re.compile(r"(?:\{%|<%|\{\{)[-~+]?\s*#?(?:if|for|unless|range|with|\S.*\bdo\b|case)\b")


def is_template(text: str) -> bool:
    """Whether a text holds a placeholder that something fills in before Postfix reads it."""
    return bool(text) and _TEMPLATE.search(text) is not None


class Logical(NamedTuple):
    """One logical line: physical lines joined as Postfix joins them, without their line ends."""

    source: Source
    text: str
    pieces: tuple[tuple[int, int], ...]
    """(offset in ``text``, offset in the file) of each physical line."""
    conditional: bool
    """Inside the if or for of a template: nobody knows whether it is there."""

    def offset(self, at: int) -> int:
        """Offset in the file of ``text[at]``."""
        index = bisect_right(self.pieces, (at, 1 << 60)) - 1
        start, place = self.pieces[max(index, 0)]
        return place + at - start

    def without(self, indent: int) -> Logical:
        """The line without its first blanks, which a template may have for its own looks."""
        (_, place), *rest = self.pieces
        pieces = ((0, place + indent), *((start - indent, at) for start, at in rest))
        return self._replace(text=self.text[indent:], pieces=pieces)

    def locate(self, start: int, end: int) -> Span:
        """The position of ``text[start:end]``; cut at the end of its first physical line."""
        place = self.offset(start)
        stop = self.offset(max(end - 1, start)) + (1 if end > start else 0)
        return self.source.span(place, stop)


class Text(NamedTuple):
    """Physical lines that start with blanks and have nothing to continue: Postfix warns and drops them."""

    lines: tuple[Logical, ...]
    stray: tuple[Span, ...]


def logical_lines(source: Source) -> Text:
    """The logical lines of a file.

    A line that starts with a blank continues the one above. Empty lines and comments, indented ones
    too, neither end nor join a logical line.
    """
    found: list[Logical] = []
    stray: list[Span] = []
    parts: list[str] = []
    pieces: list[tuple[int, int]] = []
    length, depth, conditional = 0, 0, False

    def flush() -> None:
        if parts:
            line = Logical(source, "".join(parts), tuple(pieces), conditional)
            indent = len(line.text) - len(line.text.lstrip(BLANKS))
            if indent and not conditional:
                stray.append(line.locate(indent, len(line.text)))
            else:
                found.append(line.without(indent))

    for start, line in _physical(source):
        stripped = line.strip(BLANKS)
        if not stripped or stripped[0] == "#":
            continue
        if _is_tag(line):
            depth = _depth(line, depth)
            continue
        if line[0] not in BLANKS or not parts:
            flush()
            parts, pieces, length, conditional = [], [], 0, depth > 0
        parts.append(line)
        pieces.append((length, start))
        length += len(line)
    flush()
    return Text(tuple(found), tuple(stray))


def _physical(source: Source) -> Iterator[tuple[int, str]]:
    """Offset and text of each line."""
    text, starts, seen = source.text, source.starts, 0
    for index, start in enumerate(starts):
        if start < seen:
            continue
        end = starts[index + 1] - 1 if index + 1 < len(starts) else len(text)
        seen = end = _tag_end(text, start, end)
        yield start, text[start:end]


def _tag_end(text: str, start: int, end: int) -> int:
    """Where a line ends, or the line on which a template's tag that begins it is closed."""
    line = text[start:end]
    if "%}" in line or not line.lstrip(BLANKS).startswith("{%"):
        return end
    close = text.find("%}", end, end + 2000)
    if close < 0:
        return end
    after = text.find("\n", close)
    return len(text) if after < 0 else after


def writes_settings(source: Source) -> bool:
    """Whether a template writes whole lines: which settings they hold, nobody knows."""
    for _, line in _physical(source):
        begin = line.lstrip(BLANKS)
        if begin.startswith(("{{", "<%=")) and not _is_tag(line) and not _REMARK.search(line):
            return True
    return False


def _is_tag(line: str) -> bool:
    return ("{%" in line or "<%" in line or "{#" in line or "{{" in line) and _TAG.fullmatch(line) is not None


def _depth(line: str, depth: int) -> int:
    """Nesting of template blocks after a line that holds tags alone."""
    line = line[:200]
    if _OPENS.search(line):
        depth += 1
    if re.search(r"(?:\{%|<%|\{\{)[-~+]?\s*/?end|<%[-~+]?\s*\}|\{\{/", line):
        depth -= 1
    return max(depth, 0)


class Assignment(NamedTuple):
    """``name = value`` of a logical line; offsets count in its text."""

    name: str
    value: str
    name_start: int
    value_start: int


def assignment(text: str) -> Assignment | str:
    """Splits ``name = value`` as split_nameval() does, or gives Postfix's words for why it cannot."""
    start = len(text) - len(text.lstrip(BLANKS))
    if start == len(text) or text[start] == "=":
        return "missing attribute name"
    end = start
    while end < len(text) and text[end] not in BLANKS and text[end] != "=":
        end += 1
    at = end
    while at < len(text) and text[at] in BLANKS:
        at += 1
    if at == len(text) or text[at] != "=":
        return "missing '=' after attribute name"
    at += 1
    while at < len(text) and text[at] in BLANKS:
        at += 1
    return Assignment(text[start:end], text[at:].rstrip(BLANKS), start, at)


class Token(NamedTuple):
    """A piece of a text with its offsets."""

    text: str
    start: int
    end: int


def tokens(text: str, separators: str = SEPARATORS, braces: bool = True, start: int = 0) -> list[Token]:
    """Splits as mystrtokq() does: separators inside braces do not split. Linear in the input."""
    found: list[Token] = []
    begin, level = -1, 0
    for at in range(start, len(text)):
        char = text[at]
        if begin < 0:
            if char in separators:
                continue
            begin = at
        if braces and char == "{":
            level += 1
        elif braces and level > 0 and char == "}":
            level -= 1
        elif level == 0 and char in separators:
            found.append(Token(text[begin:at], begin, at))
            begin = -1
    if begin >= 0:
        found.append(Token(text[begin:], begin, len(text)))
    return found
