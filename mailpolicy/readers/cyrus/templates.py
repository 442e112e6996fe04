"""What belongs to a template language and not to Cyrus, whose files know no variables."""

from __future__ import annotations

import re

BEGIN, END, NOTHING, ANYTHING = "begin", "end", "nothing", "anything"
"""What a template's line does: begins or ends a condition, writes nothing, or may write any line."""

_LINE = re.compile(
    r"\s*(?:(?P<begin>\{%[-+]?\s*(?:if|for|macro|call|filter)\b|\{\{-?\s*(?:if|range|with|define|block)\b"
    r"|<%-?\s*(?:if|unless|\S+\.each)\b)"
    r"|(?P<end>\{%[-+]?\s*end\w+|\{\{-?\s*end\b|<%-?\s*(?:end\b|\}))"
    r"|(?P<nothing>\{#|\{%[-+]?\s*(?:set|else|elif|import|from)\b|\{\{-?\s*(?:else\b|/\*|\$\w+\s*:?=)|<%[-#]|<%-?\s*els)"
    r"|(?P<anything>\{%|\{\{|<%|\$\{|\$\(|\$[A-Za-z_]\w*\s*$|@[A-Z]\w*@\s*$|__\w+__\s*$))"
)
_PLACEHOLDER = re.compile(
    r"\{\{|\{%|<%|\$\{|\$\(|\$[A-Za-z_]|%\(\w+\)s|%%\w+%%|(?<![\w.])@\w+@(?!\w)|(?<!\w)__\w+__(?!\w)"
)


def kind(line: str) -> str | None:
    """What a line does when it belongs to a template; None when it is the program's own."""
    found = _LINE.match(line)
    if found is None:
        return None
    if found.lastgroup == BEGIN and re.search(r"\{%[-+]?\s*end|\{\{-?\s*end\b|<%-?\s*end\b", line):
        return ANYTHING
    return found.lastgroup


def is_filled_in(value: str) -> bool:
    """Whether something else will stand here when the program reads it."""
    return _PLACEHOLDER.search(value) is not None
