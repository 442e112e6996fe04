"""Lines that belong to a template language, not to msmtp, and ``eval``."""

from __future__ import annotations

import re

from mailpolicy.readers.msmtp.syntax import COMMANDS, Line

BEGIN, END, NOTHING, ANYTHING = "begin", "end", "nothing", "anything"
"""What a template line does: begins or ends a condition, writes nothing, or may write any command."""

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
_ECHO = re.compile(r"""["']?\s*(?:echo|printf)\s+(?:-n\s+)?["']?(?P<command>[a-z_]+)(?P<rest>[^\n]*)""")
_SHELL = frozenset("'\"`$|&;<>()*?[]~#\\")


def kind(line: Line) -> str | None:
    """What a line does when it belongs to a template; None when it is msmtp's own."""
    if line.command in COMMANDS:
        return None
    found = _LINE.match(f"{line.command} {line.argument}".rstrip() if line.argument else line.command)
    if found is None:
        return None
    whole = f"{line.command} {line.argument}"
    if found.lastgroup == BEGIN and _ends(whole):
        return ANYTHING
    return found.lastgroup


def _ends(text: str) -> bool:
    return "{% end" in text or "{%- end" in text or "{{ end" in text or "{{- end" in text or "<% end" in text


def defines(line: Line) -> str | None:
    """The macro that an m4 line defines."""
    found = _DEFINE.match(f"{line.command} {line.argument}")
    return found[1] if found else None


def evaluated(line: Line) -> tuple[str | None, str | None]:
    """The command and argument that an ``eval`` line stands for, as far as a plain ``echo`` tells them."""
    found = _ECHO.match(line.argument)
    if found is None or found["command"] not in COMMANDS:
        return None, None
    rest = found["rest"]
    if not line.argument.lstrip().startswith("echo ") or _SHELL.intersection(line.argument):
        return found["command"], None
    return found["command"], rest.strip()
