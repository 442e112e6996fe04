"""YAML that a template may make: Jinja and Go templates in it are unknown values, their branches doubtful lines."""

from __future__ import annotations

import re

from mailpolicy.envfile import Setting
from mailpolicy.lean import NamedTuple
from mailpolicy.strict_yaml import Node, YamlError, load, load_all
from mailpolicy.text import Source

_FILLER = "\ue000"
_INLINE = re.compile(r"\{\{[^\n{}]*(?:\{[^\n{}]*\}[^\n{}]*)*\}\}|<%[^\n<]*?%>")
_CONTROL = re.compile(
    r"^[ \t]*(?:(?:\{%|\[%|<%)[-+ ]*(?P<word>\w+)[^\n]*?(?:%\}|%\]|%>)"
    r"|\{\{-?[ \t]*(?P<go>if|range|with|else|end|define|include|template)\b[^\n]*?\}\})[ \t\r]*$",
    re.MULTILINE,
)
_OPEN = frozenset(("if", "for", "range", "with", "unless"))
_CLOSE = frozenset(("endif", "endfor", "end"))
_ELSE = frozenset(("else", "elif", "elsif"))
_FILLED = re.compile(r"\ue000|\{\{|\[\[ |\$\{|\$\(|^\$[A-Za-z_]\w*$|<%|(?<!\w)__\w+?__(?!\w)|@[A-Z][A-Z0-9_]*@|^%\w+%$")


class Document(NamedTuple):
    """A document and the lines that stand in a branch of a template."""

    source: Source
    top: Node
    doubtful: frozenset[int]
    templated: bool

    def setting(self, name: str, node: Node) -> Setting:
        """A scalar: its text, and its position without quotes. Unknown where a template has a part in it."""
        text = plain(node)
        where = self.source.unquoted(node.where)
        if node.where.line in self.doubtful or text is None or _FILLED.search(text):
            return Setting(name, None, where)
        return Setting(name, text, where if text else node.key or where)

    def quoted(self, node: Node) -> bool:
        """Whether a scalar stands in quotes."""
        return self.source.line(node.where.line)[node.where.column - 1 : node.where.column] in ("'", '"')


def plain(node: Node) -> str | None:
    """A scalar as text, None for anything else; booleans in lower case."""
    if node.items is not None or node.entries is not None:
        return None
    value = node.scalar
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def is_template(text: str) -> bool:
    """Whether a template makes the text."""
    return bool(_INLINE.search(text) or _CONTROL.search(text))


def read(source: Source) -> Document:
    """A file as a document. Raises YamlError. Templates within texts of what is YAML are the program's own."""
    if is_template(source.text):
        try:
            return Document(source, load(source), frozenset(), False)
        except YamlError:
            pass
    text, doubtful = _without_control(source)
    text = _INLINE.sub(lambda found: _FILLER * len(found[0]), text)
    templated = text != source.text
    return Document(source, load(Source(source.path, text) if templated else source), doubtful, templated)


def read_all(source: Source) -> tuple[Document, ...]:
    """The documents of a file, without empty ones. Raises YamlError."""
    text, doubtful = _without_control(source)
    text = _INLINE.sub(lambda found: _FILLER * len(found[0]), text)
    templated = text != source.text
    tops = load_all(Source(source.path, text) if templated else source)
    return tuple(Document(source, top, doubtful, templated) for top in tops)


def _without_control(source: Source) -> tuple[str, frozenset[int]]:
    """The text, lines of control and second branches blanked, as long as before; and the lines within branches."""
    if not _CONTROL.search(source.text):
        return source.text, frozenset()
    lines: list[str] = []
    doubtful: set[int] = set()
    branches: list[bool] = []
    for number, line in enumerate(source.text.split("\n"), 1):
        found = _CONTROL.match(line)
        if found is None:
            lines.append(" " * len(line) if any(branches) else line)
            if branches:
                doubtful.add(number)
            continue
        word = found["word"] or found["go"]
        if word in _OPEN:
            branches.append(False)
        elif word in _CLOSE and branches:
            branches.pop()
        elif word in _ELSE and branches:
            branches[-1] = True
        lines.append(" " * len(line))
    return "\n".join(lines), frozenset(doubtful)
