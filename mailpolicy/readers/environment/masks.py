"""Templates in YAML (Helm, Jinja, ERB): taken out before it is parsed, so that positions stay."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from mailpolicy.text import Source

MASK = "\ue000"
"""Stands for each character that a template fills in; YAML takes it as part of a word."""
_OPEN = re.compile(r"\{\{|\{%|\{#|<%")
_CLOSE = {"{{": "}}", "{%": "%}", "{#": "#}", "<%": "%>"}
_ALONE = re.compile(rf"^[ \t]*(?:-[ \t]*)?{MASK}[{MASK} \t]*$", re.MULTILINE)
_ABOVE = re.compile(
    rf"^(?P<key>(?P<indent>[ \t]*)[^\s:#-][^\n:]*:[ \t]*)(?P<value>{MASK}[{MASK} \t]*)"
    r"(?=\n(?:[ \t]*\n)*+(?P=indent)(?:[ \t]+\S|-[ \t]))",
    re.MULTILINE,
)
"""A key whose value a template writes below, where more stands: ``labels: {{ include "x" . | nindent 4 }}``."""
_CONTROL = re.compile(
    r"(?:\{\{-?|\{%[-+]?|<%-?)\s*(?:(?P<open>if|unless|for|range|with|block|define)|(?P<other>else|elif|elsif)"
    r"|(?P<close>end(?:if|for|with|block|unless)?))\b"
)
_SILENT = re.compile(r"[ \t]*(?:\{\{-?|\{%[-+]?|<%-?)\s*(?:if|unless|with|else|elif|elsif|end\w*|set|/\*|\$\w+\s*:?=)")
"""Lines that write nothing themselves, nor write others many times."""

_DEEPEST = 40
"""Branches within one another that are told apart."""
Branches = list[tuple[int, tuple[int, ...]]]
"""Lines after which the branches of a template that one stands in are other ones: their numbers, from the outermost."""


def masked(source: Source) -> tuple[Source, bool]:
    """The text without templates, and whether some of them may add settings: those that have lines of their own."""
    if not any(sign in source.text for sign in _CLOSE):
        return source, False
    text = "".join(_parts(source.text))
    adds = any(_SILENT.match(source.text, found.start()) is None for found in _ALONE.finditer(text))
    text = _ALONE.sub(lambda match: " " * len(match[0]), text)
    text = _ABOVE.sub(lambda match: match["key"] + " " * len(match["value"]), text)
    return Source(source.path, text), adds


def branches(text: str) -> Branches:
    """The branches of all templates in a text; none where there are no conditions."""
    found: Branches = []
    within: list[int] = []
    line = at = deeper = 0
    for number, control in enumerate(_CONTROL.finditer(text)):
        line += text.count("\n", at, control.start())
        at = control.start()
        if deeper or (control["open"] and len(within) == _DEEPEST):
            deeper += bool(control["open"]) - bool(control["close"])
        elif control["open"]:
            within.append(number)
        elif within:
            within.pop()
            if control["other"]:
                within.append(number)
        found.append((line + 1, tuple(within)))
    return found


def branch(found: Branches, line: int) -> tuple[int, ...]:
    """The branches that a line, from 1, stands in."""
    at = bisect_left(found, line, key=lambda one: one[0])
    return found[at - 1][1] if at else ()


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
