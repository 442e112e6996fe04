"""TOML with positions: values by ``tomllib``, and where they stand by a walk over the lines."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.strict_yaml import Node, YamlError
from mailpolicy.text import Source
from mailpolicy.types import Span

_HEADER = re.compile(r"[ \t]*(\[\[?)([^\[\]\n]+)\]\]?[ \t]*(?:#.*)?$")
_PAIR = re.compile(
    r"[ \t]*(?P<key>(?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*')(?:[ \t]*\.[ \t]*[\w-]+)*)[ \t]*=[ \t]*(?P<value>\S.*)"
)
_PART = re.compile(r"[\w-]+|\"[^\"]*\"|'[^']*'")

Path = tuple[str | int, ...]


def load(source: Source) -> Node:
    """The document as nodes like those of YAML. Raises YamlError."""
    import tomllib  # imported late: few files are TOML

    try:
        data = tomllib.loads(source.text.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        match = re.search(r"line (\d+)", str(problem))
        line = min(int(match[1]), len(source.starts)) if match else 1
        why = re.sub(r" \(at .*", "", str(problem)) if match else "is nested too deeply"
        raise YamlError(f"is not TOML: {why[:1].lower()}{why[1:]}", source.line_span(line)) from None
    return _node(data, (), _places(source), source.line_span(1))


def _keys(text: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(text))


def _places(source: Source) -> dict[Path, Span]:
    """Where tables begin and values stand, by their path."""
    found: dict[Path, Span] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    for number, start in enumerate(source.starts, 1):
        line = source.line(number)
        if header := _HEADER.match(line):
            table = _table(_keys(header[2]), header[1] == "[[", counts)
            name = header[2].strip()
            first = start + header.start(2) + header[2].index(name)
            found.setdefault(table, source.span(first, first + len(name)))
        elif pair := _PAIR.match(line):
            first, last = _value(pair["value"])
            first, last = start + pair.start("value") + first, start + pair.start("value") + last
            found.setdefault((*table, *_keys(pair["key"])), source.span(first, last))
    return found


def _value(text: str) -> tuple[int, int]:
    """Where the value begins and ends in what stands behind the sign, without quotes and comment."""
    quote = text[0] if text[0] in "\"'" else ""
    close = text.find(quote, 1) if quote else -1
    return (1, close) if close > 1 else (0, len(text.split("#", 1)[0].rstrip()))


def _table(keys: tuple[str, ...], listed: bool, counts: dict[Path, int]) -> Path:
    """The path of a header, with the number of each list of tables on the way."""
    path: Path = ()
    for index, key in enumerate(keys):
        path = (*path, key)
        if listed and index == len(keys) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _node(value: object, path: Path, places: Mapping[Path, Span], above: Span) -> Node:
    where = places.get(path, above)
    if isinstance(value, dict):
        items = {key: _node(inner, (*path, key), places, where) for key, inner in value.items()}
        return Node(where, items={key: node._replace(key=node.where) for key, node in items.items()})
    if isinstance(value, list):
        return Node(where, entries=tuple(_node(inner, (*path, n), places, where) for n, inner in enumerate(value)))
    return Node(where, scalar=value if isinstance(value, str | int | float | bool) else str(value))
