"""Lines of a configuration that belong to a template language: Jinja, Go, ERB, m4, placeholders alone on a line."""

from __future__ import annotations

import re

BEGIN, END, NOTHING, ANYTHING = "begin", "end", "nothing", "anything"
"""What a template line does: begins or ends a condition, writes nothing, or may write any line."""

PLACEHOLDER = re.compile(
    r"\{\{|\{%|<%|\$\{|\$\(|\$[A-Za-z_]|<[A-Za-z][\w .-]*>|\b__\w+?__\b|@[A-Z][A-Z0-9_]*@|%\(\w+\)s|%%\w+%%"
    r"|\bREDACTED\b"
)
"""A trace of a template, or of a value that was taken out."""

_M4_SILENT = r"(?:changequote|changecom|define|undefine|pushdef|popdef|divert|undivert|errprint)\(|dnl\b"
_M4_WRITES = r"(?:s?include|ifdef|ifelse|esyscmd|syscmd|eval|indir|foreach|patsubst)\("
_LINE = re.compile(
    r"(?P<begin>\{%[-+]?\s*(?:if|for|macro|call|filter)\b|\{\{-?\s*(?:if|range|with|define|block)\b|<%-?\s*(?:if|unless|\S+\.each)\b)"
    r"|(?P<end>\{%[-+]?\s*end\w+|\{\{-?\s*end\b|<%-?\s*(?:end\b|\}))"
    r"|(?P<nothing>\{#|\{%[-+]?\s*(?:set|else|elif|import|from)\b|\{\{-?\s*(?:else\b|/\*|\$\w+\s*:?=)|<%[-#]|<%-?\s*els|"
    + _M4_SILENT
    + r")"
    r"|(?P<anything>\{%|\{\{|<%|<\?|\$\{|\$\(|\$[A-Za-z_]\w*\s*$|@[A-Za-z]\w*@?\s*$|__\w+__\s*$|" + _M4_WRITES + r")"
)  # fmt: skip
_DEFINE = re.compile(r"define\(\W{0,4}(\w+)")


def kind(line: str) -> str | None:
    """What a line does when it belongs to a template; None when it does not look like one."""
    found = _LINE.match(line)
    if found is None:
        return None
    return ANYTHING if found.lastgroup == BEGIN and _ends(line) else found.lastgroup


def _ends(text: str) -> bool:
    return "{% end" in text or "{%- end" in text or "{{ end" in text or "{{- end" in text or "<% end" in text


def defines(line: str) -> str | None:
    """The macro that an m4 line defines."""
    found = _DEFINE.match(line)
    return found[1] if found else None
