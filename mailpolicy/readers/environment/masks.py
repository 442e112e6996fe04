"""Templates in YAML (Helm, Jinja, ERB): taken out before it is parsed, so that positions stay."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.text import Source

MASK = "\ue000"
"""Stands for each character that a template fills in; YAML takes it as part of a word."""
_OPEN = re.compile(r"\{\{|\{%|\{#|<%")
_CLOSE = {"{{": "}}", "{%": "%}", "{#": "#}", "<%": "%>"}
_ALONE = re.compile(rf"^[ \t]*(?:-[ \t]*)?{MASK}[{MASK} \t]*$", re.MULTILINE)


def masked(source: Source) -> tuple[Source, bool]:
    """The text without templates, and whether some of them may add settings: those that have lines of their own."""
    if not any(sign in source.text for sign in _CLOSE):
        return source, False
    text = "".join(_parts(source.text))
    adds = _ALONE.search(text) is not None
    text = _ALONE.sub(lambda match: " " * len(match[0]), text)
    return Source(source.path, text), adds


def _parts(text: str) -> Iterator[str]:
    """The text with a mask over each template; a sign whose counterpart is missing opens none."""
    at = 0
    missing: set[str] = set()
    for found in _OPEN.finditer(text):
        if found.start() < at or found[0] in missing:
            continue
        end = text.find(_CLOSE[found[0]], found.end())
        if end < 0:
            missing.add(found[0])
            continue
        yield text[at : found.start()]
        at = end + 2
        yield re.sub(r"[^\n]", MASK, text[found.start() : at])
    yield text[at:]
