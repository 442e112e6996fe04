"""Places in which variables are set for one process: a file of assignments, a service, a container."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.envfile import Setting
from mailpolicy.lean import TYPE_CHECKING, NamedTuple
from mailpolicy.readers.environment.masks import MASK, Branches, branch
from mailpolicy.text import Source
from mailpolicy.types import Span

if TYPE_CHECKING:
    from mailpolicy.strict_yaml import Node

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z")
_VARIABLE = re.compile(
    r"\$(?:(?P<dollar>\$)|\{(?P<braced>[A-Za-z_]\w*)(?:(?P<sign>:?[-?+])(?P<word>[^{}$]*))?\}|(?P<bare>[A-Za-z_]\w*))"
)
_EXISTENCE = re.compile(r"(?:HOST|HOSTNAME|SERVER|ADDRESS|ADDR|URL|DSN)\Z")
"""Variables without which there is no mailer: ``${SMTP_HOST:-}`` says that there is none by itself."""
_SERVER = re.compile(r"(?i)(?:SMTP|MAIL)\w*?(?:HOST|HOSTNAME|SERVER|ADDRESS|ADDR|URL|DSN)\Z")
_MOST = 10_000
"""Characters that a value may come to."""


class Place(NamedTuple):
    """The variables of one process."""

    name: str
    """Of the service or container; "" for a file."""
    image: str
    start: Span
    variables: Mapping[str, Setting]
    complete: bool
    """Whether nothing else sets variables for it, as far as the files tell."""


def certain(place: Place, file: str, found: Branches) -> Place:
    """A place with unknown values for what is set in branches of a template that its mail server does not stand in."""
    here = {name: branch(found, one.where.line) for name, one in place.variables.items() if one.where.file == file}
    base = next((within for name, within in here.items() if _SERVER.search(name)), ())
    doubtful = {name for name, within in here.items() if base[: len(within)] != within}
    variables = {name: one._replace(value=None) if name in doubtful else one for name, one in place.variables.items()}
    return place._replace(variables=variables)


def setting(name: str, node: Node, source: Source, skip: int = 0, text: str | None = None) -> Setting:
    """The setting of a scalar, ``skip`` characters into it; unknown where there is none or a template fills it in."""
    value: str | None = text
    if value is None and node.scalar is not None:
        value = str(node.scalar).lower() if isinstance(node.scalar, bool) else str(node.scalar)
    where = _inside(node, source, skip)
    if value is None or node.items is not None or node.entries is not None or MASK in value or "PLACEHOLDER" in value:
        return Setting(name, None, where if value != "" else node.key or where)
    return Setting(name, value, where if value else node.key or where)


def _inside(node: Node, source: Source, skip: int) -> Span:
    """Where a scalar stands, without its quotes; the line below of a block that has one."""
    where = node.where
    text = source.line(where.line)[where.column - 1 : where.end_column - 1]
    if text[:1] in ("|", ">") and "\n" not in str(node.scalar).strip():
        below = range(where.line + 1, len(source.starts) + 1)
        return source.line_span(next((number for number in below if source.line(number).strip()), where.line))
    where = source.unquoted(where)
    start = where.column + skip
    return where._replace(column=start) if start < where.end_column else where


def filled(one: Setting, variables: Mapping[str, Setting]) -> Setting:
    """A setting with the variables of compose filled in; its place is where a value that is one variable stands."""
    text = one.value
    if text is None or "$" not in text:
        return one
    alone = _VARIABLE.fullmatch(text)
    if alone is not None:
        return _one(one, alone, variables)
    parts: list[str] = []
    at = 0
    for match in _VARIABLE.finditer(text):
        part = "$" if match["dollar"] else _one(one, match, variables).value
        if part is None or "$" in text[at : match.start()]:
            return one._replace(value=None)
        parts += [text[at : match.start()], part]
        at = match.end()
    whole = "".join(parts) + text[at:]
    return one._replace(value=None if "$" in text[at:] or len(whole) > _MOST else whole)


def _one(one: Setting, match: re.Match[str], variables: Mapping[str, Setting]) -> Setting:
    """What one variable comes to, and where that stands."""
    if match["dollar"]:
        return one._replace(value="$")
    found = variables.get(match["braced"] or match["bare"])
    sign, word = match["sign"] or "", match["word"] or ""
    if found is not None and (found.value is None or found.value or not sign.startswith(":")):
        if sign.endswith("+"):
            return one._replace(value=word if found.value is not None else None)
        return Setting(one.name, found.value, found.where)
    if sign.endswith("+"):
        return one._replace(value="")
    if not sign.endswith("-"):
        return one._replace(value=None)  # the environment of whoever starts it
    if not word:
        return one._replace(value="" if _EXISTENCE.search(one.name) else None)
    start = one.where.column + match.start("word")
    end = one.where.column + match.end("word")
    fits = end <= one.where.end_column
    return Setting(one.name, word, one.where._replace(column=start, end_column=end) if fits else one.where)
