"""Logical lines of a muttrc: continued ones joined, and what belongs to a template taken out.

After ``mutt_read_line`` and ``mutt_parse_rc_buffer``: a backslash at the end of a line continues it, even a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.mutt.chars import UNKNOWN, Text, joined, written
from mailpolicy.text import Source

PLAIN, BEGIN, END, ANYTHING, NOTHING = "plain", "begin", "end", "anything", "nothing"
"""What a line is: mutt's own; one that begins or ends a condition of a template; a template line that may become
any command; one that becomes nothing."""

_EXPRESSION = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|<%.*?%>|@[A-Za-z][A-Za-z0-9_]*@(?![\w.-]*\.[a-z])|%%[A-Za-z_]\w*%%|(?<![\w])__[A-Z][A-Z0-9_]*__"
)
_BEGIN = re.compile(
    r"\{%[-+]?\s*(?:if|for|macro|call|filter)\b|\{\{-?\s*(?:if|range|with|define|block)\b|<%-?\s*(?:if|unless)\b|#\s*@(?:IF|if)\b"
)
_END = re.compile(r"\{%[-+]?\s*end|\{\{-?\s*end\b|<%-?\s*(?:end\b|\})")
_NOTHING = re.compile(
    r"\{#|\{%[-+]?\s*(?:set|else|elif|import|from)\b|\{\{-?\s*(?:else\b|/\*|\$\w+\s*:?=)|<%[-#]|<%-?\s*els"
    r"|(?:changequote|changecom|define|undefine|divert)\(|dnl\b"
)
_ANYTHING = re.compile(r"(?:s?include|ifdef|ifelse|esyscmd|syscmd)\(|\{\{|\{%|<%|@[A-Za-z][A-Za-z0-9_]*@\s*$")


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
        for kind, pattern in ((BEGIN, _BEGIN), (END, _END), (NOTHING, _NOTHING), (ANYTHING, _ANYTHING)):
            if pattern.match(head):
                ends_itself = kind == BEGIN and _END.search(head) is not None
                return Line(ANYTHING if ends_itself else kind, line)
    if "{{" in head or "{%" in head or "<%" in head or "@" in head or "__" in head or "%%" in head:
        blank = _EXPRESSION.sub(lambda found: UNKNOWN * len(found[0]), line.text)
        return Line(PLAIN, line._replace(text=blank))
    return Line(PLAIN, line)
