"""Regular expressions of strangers, tried on short texts in a time that is bounded."""

from __future__ import annotations

import re

_NESTED = re.compile(r"\([^)]*[*+{][^)]*\)\s*[*+{?]|[*+}][*+{]")
_LONGEST = 200
_MOST_REPEATED, _MOST_CHOICES = 4, 10
"""More of them after one another could be tried in more ways than there is time for."""


def found(pattern: str, subject: str) -> bool | None:
    """Whether a pattern is in a short text, in any case; None for one that is long, nested or broken."""
    repeated = sum(map(pattern.count, "*+{"))
    choices = pattern.count("?") + (pattern.count("|") if pattern.count("(") > 1 else 0)
    if len(pattern) > _LONGEST or repeated > _MOST_REPEATED or choices > _MOST_CHOICES or _NESTED.search(pattern):
        return None
    try:
        return re.search(pattern, subject, re.IGNORECASE) is not None
    except (re.error, OverflowError, RecursionError):
        return None
