"""Traces of template languages in files of other formats. Imports nothing of ours."""

from __future__ import annotations

import re

PLACEHOLDER = re.compile(
    r"\{\{[^\n{}]*\}\}|\{%[^\n%{]*%\}|<%[^\n%<]*%>"
    r"|\$\{\w+[^{}\n]*\}|@[A-Z][A-Z0-9_]*@|\b__\w+?__\b|<[A-Za-z][\w .-]*>|%%\w+%%"
)
"""A piece of a value that something fills in."""
_BEGIN = re.compile(
    r"\{%[-+]?\s*(?:if|for|macro|call|filter)\b|\{\{-?\s*(?:if|range|with|define|block)\b|<%-?\s*(?:if|unless)\b"
)
_END = re.compile(r"\{%[-+]?\s*end\w+|\{\{-?\s*end\b|<%-?\s*(?:end\b|\})")
_M4 = re.compile(r"(?:changequote|changecom|define|undefine|divert|undivert|s?include|ifdef|ifelse|esyscmd)\(|dnl\b")


class Conditions:
    """How deep the lines of a template stand in its conditions."""

    def __init__(self) -> None:
        self.depth = 0
        self.seen = False
        """A line of a template was there."""

    def takes(self, text: str, start: int, end: int) -> bool:
        """Whether ``text[start:end]``, without blanks around it, is a line of a template language."""
        if not text.startswith(("{{", "{%", "<%", "{#"), start) and not _M4.match(text, start, end):
            return False
        named = PLACEHOLDER.match(text, start, end)
        if named is not None and text[named.end() : named.end() + 80].lstrip().startswith("="):
            return False  # it fills in the name of a setting
        self.seen = True
        begun, ended = _BEGIN.match(text, start, end), _END.match(text, start, end)
        closed = begun is not None and _END.search(text, start, end) is not None
        self.depth = max(0, self.depth + (begun is not None and not closed) - (ended is not None))
        return True
