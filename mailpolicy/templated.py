"""Files of lines that a template language makes: which lines are its own, and what else it fills in.

Jinja, Go and ERB templates, m4, autoconf's ``@NAME@`` and shell variables. Imports nothing of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple

_FILLED = re.compile(
    r"\{\{|\{%|<%|\$\{|\$\(|(?<![\w@.])@[A-Za-z]\w*@(?!\w)|(?<!\w)__\w+?__(?!\w)|%%\w+%%|^<[A-Za-z][\w .-]*>$"
    r"|^\$[A-Za-z_]\w*$|^%[A-Z_]+%$"
)
_OWN = re.compile(
    r"\s*(?:(?P<begin>\{%[-+]?\s*(?:if|for|macro|call|filter)\b|\{\{-?\s*(?:if|range|with|define|block)\b"
    r"|<%-?\s*(?:if|unless|for|\S+\.each)\b|\s*[#%]\s*if\s.*:\s*$)"
    r"|(?P<end>\{%[-+]?\s*end\w+|\{\{-?\s*end\b|<%-?\s*(?:end\b|\}))"
    r"|(?P<silent>\{#|\{%|\{\{-?\s*(?:else\b|/\*|\$\w+\s*:?=)|<%[-#]?|(?:dnl\b|(?:change(?:quote|com)|define|divert)\())"
    r"|(?P<writes>\{\{(?:(?!\}\})[^\n])*(?:\}\})?\s*$|\$\{[A-Za-z_]\w*\}\s*$|@[A-Za-z]\w*@\s*$|s?include\(|esyscmd\())"
)


class Line(NamedTuple):
    """A line between ``start`` and ``end`` (its line feed not counted)."""

    start: int
    end: int
    certain: bool
    """No condition of a template decides whether it is there."""
    ends: bool
    """A line feed ends it: it is not the last of a file that lacks one."""


class Lines(NamedTuple):
    """Lines that are not the template's own; ``written`` is where a line of the template may write anything."""

    lines: tuple[Line, ...]
    written: tuple[int, int] | None
    filled: bool
    """Some line is the template's own."""


def filled(text: str) -> bool:
    """Whether something else puts a part into a value."""
    return _FILLED.search(text) is not None


def split(text: str) -> Lines:
    """The lines of a text, without those of a template language."""
    found: list[Line] = []
    written: tuple[int, int] | None = None
    own, depth = False, 0
    for start, end in spans(text):
        match = _OWN.match(text, start, min(end, start + 500))
        if match is None:
            found.append(Line(start, end, depth == 0, end < len(text)))
            continue
        own = True
        kind = match.lastgroup
        if kind == "writes" and written is None:
            written = (start, end)
        depth = max(0, depth + (kind == "begin") - (kind == "end"))
    return Lines(tuple(found), written, own)


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each line, without its line feed; none after the last one."""
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        yield at, end
        at = end + 1
