"""YAML with positions and without surprises: YAML 1.2 scalars, double keys refused, no unbounded aliases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import yaml

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.types import Span, Unreadable

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NODES = 200_000
"""Most nodes that a file may unfold to; aliases can name one node many times over."""
_DEEP = 100
_MARKS = re.compile(r"(?:[-?:][ \t]+){50}")
"""Many marks of sequences and mappings on one line, each of which is one step deeper."""
_INT = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}

Scalar = str | int | float | bool | None


class Node(NamedTuple):
    """One YAML node: ``scalar``, or ``items`` of a mapping or ``entries`` of a list, with its position."""

    where: Span
    scalar: Scalar = None
    items: dict[str, Node] | None = None
    entries: tuple[Node, ...] | None = None
    key: Span | None = None
    """Where the key stands, for a value in a mapping."""

    def plain(self) -> object:
        """The value as Python data."""
        if self.items is not None:
            return {key: node.plain() for key, node in self.items.items()}
        if self.entries is not None:
            return [node.plain() for node in self.entries]
        return self.scalar

    def at(self, path: list[str | int]) -> Node:
        """The node at a path of keys and indexes, or the nearest one above it."""
        node: Node = self
        for step in path:
            if node.items is not None and step in node.items:
                node = node.items[str(step)]
            elif node.entries is not None and isinstance(step, int) and step < len(node.entries):
                node = node.entries[step]
            else:
                break
        return node


class YamlError(Unreadable):
    """YAML that is not well formed or says one thing twice. Carries the position."""

    def __init__(self, why: str, where: Span) -> None:
        super().__init__(why)
        self.where = where


@lru_cache(maxsize=8)
def load(source: Source) -> Node:
    """The only document of a YAML file. Raises YamlError. Kept for the source: policy and facts come from one file."""
    try:
        _refuse_depth(source)
        top = yaml.compose(source.text, Loader=_LOADER)
    except yaml.YAMLError as problem:
        raise _error(source, problem) from None
    except RecursionError:
        raise YamlError("is nested too deeply", source.line_span(1)) from None
    if top is None:
        return Node(source.line_span(1))
    return _convert(source, top, iter(range(_NODES)), 0)


@lru_cache(maxsize=8)
def load_all(source: Source, twice: bool = False) -> tuple[Node, ...]:
    """The documents of a YAML file, without empty ones. Raises YamlError.

    ``twice``: a key may stand twice, as in the branches of a template; then it has no value.
    """
    budget = iter(range(_NODES))
    try:
        _refuse_depth(source)
        tops = [top for top in yaml.compose_all(source.text, Loader=_LOADER) if getattr(top, "value", None)]
    except yaml.YAMLError as problem:
        raise _error(source, problem) from None
    except RecursionError:
        raise YamlError("is nested too deeply", source.line_span(1)) from None
    return tuple(_convert(source, top, budget, 0, twice) for top in tops)


def merged(node: Node | None) -> dict[str, Node]:
    """The items of a mapping with those that its merge keys (``<<``) add; what it says itself goes before."""
    items = dict(node.items or {}) if node is not None else {}
    added = items.pop("<<", None)
    for other in (added.entries or (added,)) if added is not None else ():
        items = {**merged(other), **items}
    return items


def _refuse_depth(source: Source) -> None:
    """Refuses what is nested so deeply that composing it would overflow the stack. Raises YamlError."""
    if source.text.count("{") + source.text.count("[") <= _DEEP and not _MARKS.search(source.text):
        return
    depth = 0
    for event in yaml.parse(source.text, Loader=_LOADER):
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            depth += 1
            if depth > _DEEP:
                raise YamlError("is nested too deeply", source.line_span(1))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            depth -= 1


def _error(source: Source, problem: yaml.YAMLError) -> YamlError:
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    words = getattr(problem, "problem", None) or str(problem).split("\n")[0]
    if mark is None:
        return YamlError(f"is not YAML: {words}", source.line_span(1))
    line = min(mark.line + 1, len(source.starts))
    start = source.starts[line - 1] + mark.column
    return YamlError(f"is not YAML: {words}", source.span(start, start + 1))


def _convert(source: Source, node: yaml.Node, budget: Iterator[int], depth: int, twice: bool = False) -> Node:
    where = _span(source, node)
    if next(budget, None) is None or depth > _DEEP:
        raise YamlError("unfolds to too many or too deep nodes", where)
    if isinstance(node, yaml.MappingNode):
        items: dict[str, Node] = {}
        for key_node, value_node in node.value:
            key = _convert(source, key_node, budget, depth + 1)
            name = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else None
            if name is None:
                raise YamlError("has a key that is not a plain word", key.where)
            value = _convert(source, value_node, budget, depth + 1, twice)._replace(key=key.where)
            if name in items and not twice:
                raise YamlError(f"has the key {name!r} twice", key.where)
            items[name] = value if name not in items else Node(value.where, key=key.where)
        return Node(where, items=items)
    if isinstance(node, yaml.SequenceNode):
        return Node(where, entries=tuple(_convert(source, n, budget, depth + 1, twice) for n in node.value))
    return Node(where, scalar=node.value if _quoted(node) else scalar(node.value))


def _quoted(node: yaml.Node) -> bool:
    return getattr(node, "style", None) in ("'", '"', "|", ">")


def scalar(text: str) -> Scalar:
    """A plain scalar by the core schema of YAML 1.2: ``no``, ``on``, ``25:25`` and ``1e3x`` are strings."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return int(text) if len(text) < 19 else text
    return float(text) if _FLOAT.match(text) else text


def _span(source: Source, node: yaml.Node) -> Span:
    starts = source.starts
    start = starts[min(node.start_mark.line, len(starts) - 1)] + node.start_mark.column
    end = starts[min(node.end_mark.line, len(starts) - 1)] + node.end_mark.column
    if not isinstance(node, yaml.ScalarNode) and node.start_mark.line != node.end_mark.line:
        return source.span(start)
    return source.span(start, max(end, start + 1) if end > start else start + 1)
