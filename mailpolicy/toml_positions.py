"""TOML with positions: values are those of ``tomllib``, places those of a scan."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.strict_yaml import Node, YamlError
from mailpolicy.text import Source
from mailpolicy.toml_scan import TOML, Found, Path, Wrong, scan


def load(source: Source) -> Node:
    """A TOML document as nodes like those of YAML. Raises YamlError."""
    import tomllib  # imported late: few files are TOML

    places: dict[Path, Found] = {}
    try:
        for found in scan(source.text, TOML):
            places.setdefault(found.path, found)
        data = tomllib.loads(source.text)
    except Wrong as problem:
        raise YamlError(f"is not TOML: {problem}", source.span(problem.at, problem.at + 1)) from None
    except (ValueError, RecursionError) as problem:
        why, _, at = str(problem).partition(" (at ")
        number = re.match(r"line (\d+)", at)
        line = int(number[1]) if number else len(source.starts) if at else 1
        raise YamlError(f"is not TOML: {why[:1].lower()}{why[1:]}", source.line_span(line)) from None
    return _node(data, (), places, source)


def _node(value: object, path: Path, places: Mapping[Path, Found], source: Source) -> Node:
    found = places.get(path) or places.get((*path, 0))
    where = source.span(*found.where) if found else source.line_span(1)
    key = source.span(*found.key) if found else None
    if isinstance(value, dict):
        return Node(where, items={k: _node(v, (*path, k), places, source) for k, v in value.items()}, key=key)
    if isinstance(value, list):
        entries = tuple(_node(one, (*path, count), places, source) for count, one in enumerate(value))
        return Node(where, entries=entries, key=key)
    return Node(where, scalar=value if isinstance(value, str | int | float | bool) else str(value), key=key)
