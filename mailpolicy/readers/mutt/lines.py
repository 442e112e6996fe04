"""Logical lines of a muttrc: continued ones joined, and what belongs to a template taken out.

After ``mutt_read_line`` and ``mutt_parse_rc_buffer``: a backslash at the end of a line continues it, even a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy import template_lines
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.mutt.chars import UNKNOWN, Text, joined, written
from mailpolicy.text import Source

PLAIN = "plain"
"""A line of mutt's own; others are of a template, and ``template_lines`` names what they do."""

_EXPRESSION = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|<%.*?%>|@[A-Za-z][A-Za-z0-9_]*@(?![\w.-]*\.[a-z])|%%[A-Za-z_]\w*%%|(?<![\w])__[A-Z][A-Z0-9_]*__"
)


class Line(NamedTuple):
    """One logical line."""

    kind: str
    text: Text


def lines(source: Source) -> Iterator[Line]:
    """All logical lines that hold something."""
    parts: list[Text] = []
    at, text = 0, source.text
    while at < len(text):
        end = text.find("\n", at)
        stop = end if end >= 0 else len(text)
        shut = stop - 1 if stop > at and text[stop - 1] == "\r" else stop
        continued = end >= 0 and shut > at and text[shut - 1] == "\\"
        parts.append(written(source, at, shut - 1 if continued else shut))
        at = stop + 1
        if not continued or at >= len(text):
            line = joined(parts)
            parts = []
            if line.text.strip():
                yield _line(line)


def _line(line: Text) -> Line:
    head = line.text.lstrip()
    first = head[:1]
    if first in "{<@cdusi" or (first == "e" and head.startswith("esyscmd")):
        what = template_lines.kind(head)
        if what is not None:
            return Line(what, line)
    if "{{" in head or "{%" in head or "<%" in head or "@" in head or "__" in head or "%%" in head:
        blank = _EXPRESSION.sub(lambda found: UNKNOWN * len(found[0]), line.text)
        return Line(PLAIN, line._replace(text=blank))
    return Line(PLAIN, line)
