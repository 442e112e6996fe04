"""Stalwart's expressions and blocks of if, then and else, as far as the socket decides them.

A value is text, a number, a boolean or a list; None is one that the configuration does not tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.stalwart.settings import Setting
from mailpolicy.types import Origin

Plain = str | int | bool
Known = Plain | tuple[Plain | None, ...]

_TOKEN = re.compile(
    r"\s*(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|(\d+)(?![\w.])|([A-Za-z_][\w.-]*)|(&&|\|\||[!=<>]=|[!=<>()\[\],+*/-])|(\S+))"
)
_DEEPEST, _LONGEST, _MOST = 40, 1000, 50
"""What is nested more deeply, longer, or has more conditions is unknown: real ones stay far below."""


class Result(NamedTuple):
    """What a setting comes to, and by which text."""

    value: Known | None
    origins: tuple[Origin, ...]


class _Parser:
    """Evaluates while it reads. What it does not understand is unknown."""

    def __init__(self, text: str, names: Mapping[str, Known]) -> None:
        self.tokens = [(match.lastindex or 0, match[match.lastindex or 0]) for match in _TOKEN.finditer(text)]
        self.names = names
        self.at = 0
        self.depth = 0

    def next(self) -> tuple[int, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else (0, "")

    def takes(self, *operators: str) -> str:
        kind, text = self.next()
        if kind == 5 and text in operators:
            self.at += 1
            return text
        return ""

    def any_of(self) -> Known | None:
        value = self.all_of()
        while self.takes("||"):
            other = self.all_of()
            value = True if True in (value, other) else None if None in (value, other) else bool(value or other)
        return value

    def all_of(self) -> Known | None:
        value = self.compared()
        while self.takes("&&"):
            other = self.compared()
            value = False if False in (value, other) else None if None in (value, other) else bool(value and other)
        return value

    def compared(self) -> Known | None:
        left = self.term()
        operator = self.takes("==", "=", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/")
        if not operator:
            return left
        right = self.term()
        if left is None or right is None or operator not in ("==", "=", "!="):
            return None
        return (str(left) == str(right)) is (operator != "!=")

    def term(self) -> Known | None:
        self.depth += 1
        if self.depth > _DEEPEST:
            self.at = len(self.tokens)
            return None
        value = self._term()
        self.depth -= 1
        return value

    def _term(self) -> Known | None:
        if self.takes("!"):
            value = self.term()
            return None if value is None else not value
        if self.takes("("):
            value = self.any_of()
            self.takes(")")
            return value
        if self.takes("["):
            return self.several("]")
        kind, text = self.next()
        self.at += 1
        if kind in (1, 2):
            return text
        if kind == 3:
            return int(text[:9])
        if kind != 4:
            return None
        if self.takes("("):
            given = self.several(")")
            return given[0] == "" if text == "is_empty" and len(given) == 1 and given[0] is not None else None
        if text in ("true", "false"):
            return text == "true"
        return self.names.get(text, None if "_" in text or text in ("sender", "rcpt", "listener") else text)

    def several(self, closer: str) -> tuple[Plain | None, ...]:
        found: list[Plain | None] = []
        while self.at < len(self.tokens) and not self.takes(closer):
            value = self.any_of()
            found.append(None if isinstance(value, tuple) else value)
            self.takes(",")
        return tuple(found)


def evaluate(text: str, names: Mapping[str, Known]) -> Known | None:
    """The value of an expression, or None when it is not known."""
    if len(text) > _LONGEST:
        return None
    parser = _Parser(text, names)
    value = parser.any_of()
    return value if parser.at >= len(parser.tokens) else None


def block(settings: Mapping[str, Setting], key: str, names: Mapping[str, Known]) -> Result | None:
    """What a key comes to: by one expression, or by the first ``if`` that holds. None when it is not set."""
    single = settings.get(key)
    if single is not None:
        return Result(evaluate(single.value, names) if single.known else None, single.origins)
    if f"{key}.0000" in settings:
        found = _listed(settings, key)
        return Result(tuple(item.value for item in found), found[0].origins)
    for count in range(_MOST):
        prefix = f"{key}.{count:04}"
        condition = settings.get(f"{prefix}.if")
        if condition is None:
            return _chosen(settings, f"{prefix}.else", names) if count else None
        holds = _holds(settings, prefix, condition, names)
        if holds is None:
            return Result(None, condition.origins)
        if holds:
            return _chosen(settings, f"{prefix}.then", names)
    return Result(None, ())


def _holds(settings: Mapping[str, Setting], prefix: str, condition: Setting, names: Mapping[str, Known]) -> bool | None:
    """Whether an ``if`` holds: an expression, or up to 0.4 a name that ``eq`` or ``ne`` compares."""
    for operator in ("eq", "ne"):
        other = settings.get(f"{prefix}.{operator}")
        if other is not None:
            value = names.get(condition.value.replace("-", "_"))
            return None if value is None or not other.known else (str(value) == other.value) is (operator == "eq")
    value = evaluate(condition.value, names) if condition.known else None
    return value if isinstance(value, bool) else None


def _chosen(settings: Mapping[str, Setting], key: str, names: Mapping[str, Known]) -> Result:
    """The value behind ``then`` or ``else``; an empty list leaves no key."""
    single = settings.get(key)
    if single is not None:
        return Result(evaluate(single.value, names) if single.known else None, single.origins)
    found = _listed(settings, key)
    return Result(tuple(item.value for item in found), found[0].origins if found else ())


def _listed(settings: Mapping[str, Setting], key: str) -> list[Setting]:
    """The elements of a list."""
    found: list[Setting] = []
    while (item := settings.get(f"{key}.{len(found):04}")) is not None:
        found.append(item)
    return found


def values(settings: Mapping[str, Setting], key: str) -> list[Setting]:
    """What a key holds: one value or a list."""
    single = settings.get(key)
    return [single] if single is not None else _listed(settings, key)
