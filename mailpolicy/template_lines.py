"""Lines of a configuration that belong to a template language: Jinja, Go, ERB, m4, placeholders alone on a line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.placeholders import PIECE

BEGIN, END, NOTHING, ANYTHING = "begin", "end", "nothing", "anything"
"""What a template line does: begins or ends a condition, writes nothing, or may write any line."""

_M4_SILENT = r"(?:changequote|changecom|define|undefine|pushdef|popdef|divert|undivert|errprint)\(|dnl\b"
_M4_WRITES = r"(?:s?include|ifdef|ifelse|esyscmd|syscmd|eval|indir|foreach|patsubst)\("
_END = r"\{%[-+]?\s*end\w+|\{\{-?\s*end\b|<%-?\s*(?:end\b|\})"
_LINE = re.compile(
    r"(?P<begin>\{%[-+]?\s*(?:if|for|macro|call|filter)\b|\{\{-?\s*(?:if|range|with|define|block)\b"
    rf"|<%-?\s*(?:if|unless|for|\S+\.each)\b)|(?P<end>{_END})"
    r"|(?P<nothing>\{#|\{%[-+]?\s*(?:set|else|elif|import|from|raw)\b|\{\{-?\s*(?:else\b|/\*|\$\w+\s*:?=)"
    rf"|<%[-#]|<%-?\s*els|{_M4_SILENT})"
    rf"|(?P<anything>\{{%|\{{\{{|<%|<\?|\$\{{|\$\(|\$[A-Za-z_]\w*\s*$|@[A-Za-z]\w*@?\s*$|__\w+__\s*$|{_M4_WRITES})"
)
_ENDS = re.compile(_END)
_DEFINE = re.compile(r"define\(\W{0,4}(\w+)")
_ALL = re.compile(rf"\{{\{{|\{{%|<[%?]|\$\(|[@$_]\w+@?$|{_M4_WRITES}")
"""What is left of a line of which a template writes all: nothing, or one of these, which need not end on it."""
_LONGEST = 500


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


class Conditions:
    """How deep the lines of a template stand in its conditions."""

    def __init__(self) -> None:
        self.depth = 0
        self.seen = False
        """A line of a template was there."""

    def takes(self, text: str, start: int, end: int) -> bool:
        """Whether ``text[start:end]``, without blanks around it, is a line of a template language."""
        return self.kind(text, start, end) is not None

    def kind(self, text: str, start: int, end: int) -> str | None:
        """What that line does; None when it is no template's."""
        what = owned(text[start : min(end, start + _LONGEST)])
        self.seen = self.seen or what is not None
        self.depth = max(0, self.depth + (what == BEGIN) - (what == END))
        return what


def kind(line: str) -> str | None:
    """What a line does when it belongs to a template; None when it does not look like one."""
    found = _LINE.match(line)
    if found is None:
        return None
    return ANYTHING if found.lastgroup == BEGIN and _ENDS.search(line) else found.lastgroup


def owned(line: str) -> str | None:
    """The same, but None when a template only fills in a part of the line, such as the name of a setting."""
    what = kind(line)
    if what != ANYTHING:
        return what
    left = PIECE.sub("", line).strip()
    return what if not left or _ALL.match(left) or _ENDS.search(line) else None


def defines(line: str) -> str | None:
    """The macro that an m4 line defines."""
    found = _DEFINE.match(line)
    return found[1] if found else None


def split(text: str) -> Lines:
    """The lines of a text, without those of a template language."""
    found: list[Line] = []
    written: tuple[int, int] | None = None
    conditions = Conditions()
    for start, end in spans(text):
        left = start
        while left < end and text[left] in " \t\r":
            left += 1
        what = conditions.kind(text, left, end)
        if what is None:
            found.append(Line(start, end, conditions.depth == 0, end < len(text)))
        elif what == ANYTHING and written is None:
            written = (start, end)
    return Lines(tuple(found), written, conditions.seen)


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each line, without its line feed; none after the last one."""
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        yield at, end
        at = end + 1
