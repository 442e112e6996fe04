"""Traces of template languages in a fetchmailrc: what they fill in is one unknown word, of the same length."""

from __future__ import annotations

import re

from mailpolicy import placeholders
from mailpolicy.lean import NamedTuple

FILLED = "\ue000"
"""Stands for each character that a template fills in."""
_PIECE = re.compile(
    r"\{#.*?#\}|\{%.*?%\}|<%.*?%>|\{\{(?P<go>-?\s*(?:if|range|with|end|else|define|block|template|/\*)\b.*?)?.*?\}\}",
    re.DOTALL,
)
_BEGIN = re.compile(
    r"\W*(?:if|unless|range|with|define|block)\b|\W*(?:for|macro|call|filter)\b|.*\bdo\b[^a-z]*$", re.DOTALL
)
_END = re.compile(r"\W*end|\W*\}")
PLACEHOLDER = re.compile(FILLED + "|" + placeholders.PLACEHOLDER.pattern)
"""A word that something fills in before fetchmail reads it."""


class Step(NamedTuple):
    """From ``at`` on (an offset), ``depth`` conditions and loops of the template are open."""

    at: int
    depth: int


def plain(text: str) -> tuple[str, tuple[Step, ...]]:
    """The text with expressions as unknown words and statements as blanks, and where conditions begin and end."""
    if "{{" not in text and "{%" not in text and "<%" not in text and "{#" not in text:
        return text, ()
    steps: list[Step] = []
    depth = at = 0
    out: list[str] = []
    for found in _pieces(text):
        piece = found[0]
        inner = piece[2:-2]
        out.append(text[at : found.start()])
        expression = (piece.startswith("{{") and found["go"] is None) or piece.startswith("<%=")
        out.append(re.sub(r"[^\n]", FILLED if expression else " ", piece))
        at = found.end()
        if expression or piece.startswith("{#"):
            continue
        if _END.match(inner):
            depth = max(0, depth - 1)
        elif _BEGIN.match(inner):
            depth += 1
        steps.append(Step(at, depth))
    out.append(text[at:])
    return "".join(out), tuple(steps)


def _pieces(text: str) -> list[re.Match[str]]:
    """Template pieces; an opening without its end is left alone, and not looked for again."""
    found: list[re.Match[str]] = []
    last = {"{{": text.rfind("}}"), "{%": text.rfind("%}"), "{#": text.rfind("#}"), "<%": text.rfind("%>")}
    opening = re.compile(r"\{\{|\{%|\{#|<%")
    at = 0
    while (start := opening.search(text, at)) is not None:
        match = _PIECE.match(text, start.start()) if start.start() < last[start[0]] else None
        if match is not None:
            found.append(match)
        at = match.end() if match is not None else start.end()
    return found
