"""Regular expressions of strangers, tried on short texts in a time that is bounded."""

from __future__ import annotations

import re

_NESTED = re.compile(r"\([^)]*[*+{][^)]*\)\s*[*+{?]|[*+}][*+{]")
_LONGEST = 200
_MOST_REPEATED, _MOST_CHOICES = 4, 10
"""More of them after one another could be tried in more ways than there is time for."""
_MOST_EFFORT = 10_000_000


def effort(pattern: str, subject: str) -> int:
    """About in how many ways the repetitions of a pattern can be tried on a text."""
    return int((len(subject) + 1) ** min(sum(map(pattern.count, "*+{")), _MOST_REPEATED + 1))


def found(pattern: str, subject: str, ignore_case: bool = True) -> bool | None:
    """Whether a pattern is in a text, in any case; None for one that is long, nested, broken or too much for it."""
    repeated = sum(map(pattern.count, "*+{"))
    choices = pattern.count("?") + (pattern.count("|") if pattern.count("(") > 1 else 0)
    if len(pattern) > _LONGEST or repeated > _MOST_REPEATED or choices > _MOST_CHOICES or _NESTED.search(pattern):
        return None
    if effort(pattern, subject) > _MOST_EFFORT:
        return None
    try:
        return re.search(pattern, subject, re.IGNORECASE if ignore_case else 0) is not None
    except (re.error, OverflowError, RecursionError):
        return None
