"""Expansion of ``$name``, ``${name?text}``, ``${{a} == {b} ? {c} : {d}}`` (Postfix 3.10 mac_parse.c, mac_expand.c)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mailpolicy.lean import NamedTuple

_BLANKS = " \t\n\v\f\r"
_OPERATORS = {"==": (0,), "!=": (-1, 1), "<": (-1,), "<=": (-1, 0), ">=": (0, 1), ">": (1,)}
_DEPTH = 100
_COST = 256
"""What a reference counts for in this length, so that empty ones come to an end too."""
_LONGEST = 1 << 20
"""Longest expansion, in characters: variables that double one another are no configuration."""


class Piece(NamedTuple):
    """Text of an expansion, and the part of the raw value that it came from."""

    text: str
    start: int
    end: int
    literal: bool
    """Character by character the raw text, so that ``start`` moves with an offset in ``text``."""


class ExpansionError(Exception):
    """Why Postfix refuses the expression; ``str()`` says it in a line."""


class UnknownValueError(Exception):
    """The value depends on something that the files do not tell."""


Lookup = Callable[[str], str | None]
"""The raw value of a parameter; None where it does not exist. May raise UnknownValueError."""


class _Expander:
    def __init__(self, lookup: Lookup, used: Callable[[str], None]) -> None:
        self.lookup = lookup
        self.used = used
        self.left = _LONGEST
        self.level = 0

    def parse(self, text: str, base: int) -> Iterator[Piece]:
        """Pieces of ``text``, which lies at offset ``base`` of the raw value."""
        at, begin = 0, 0
        while True:
            at = text.find("$", at)
            if at < 0:
                break
            if text[at + 1 : at + 2] == "$":
                yield self._piece(text[begin : at + 1], base + begin, True)
                at += 2
                begin = at
                continue
            if at > begin:
                yield self._piece(text[begin:at], base + begin, True)
            inner, end = _macro(text, at + 1)
            if inner.start == inner.stop:
                raise ExpansionError("an empty parameter name after $")
            yield from self._expression(text[inner.start : inner.stop], base + inner.start, base + at, base + end)
            at = begin = end
        if begin < len(text):
            yield self._piece(text[begin:], base + begin, True)

    def _piece(self, text: str, start: int, literal: bool, end: int = 0) -> Piece:
        self.left -= len(text)
        if self.left < 0:
            raise ExpansionError("parameters that expand without end")
        return Piece(text, start, end or start + len(text), literal)

    def _expression(self, text: str, base: int, start: int, end: int) -> Iterator[Piece]:
        """What stands in ``${...}``; ``start`` and ``end`` enclose it with its dollar and braces."""
        self.level += 1
        self.left -= _COST
        if self.left < 0:
            raise ExpansionError("parameters that expand without end")
        if self.level > _DEPTH:
            raise ExpansionError("parameters that refer to one another in a circle")
        at = _skip(text, 0)
        value: str | None
        if text[at : at + 1] == "{":
            value, at = self._relation(text, at, base)
            operator = text[at : at + 1]
            if operator and operator not in "?:":
                raise ExpansionError(f'"?" or ":" expected at "{text[at : at + 20]}"')
        else:
            name, at, operator = _name(text, at)
            self.used(name)
            value = self.lookup(name)
        if operator:
            yield from self._choice(text, at + 1, base, operator, bool(value))
        elif value:
            inner = "".join(piece.text for piece in self.parse(value, 0))
            if inner:
                yield self._piece(inner, start, False, end)
        self.level -= 1

    def _choice(self, text: str, at: int, base: int, operator: str, holds: bool) -> Iterator[Piece]:
        """``?text``, ``:text`` or both in braces."""
        if operator == "?":
            chosen, place, at = _operand(text, at)
            if holds:
                yield from self.parse(chosen, base + place)
            if at >= len(text):
                return
            if text[at] != ":":
                raise ExpansionError(f'":" expected at "{text[at : at + 20]}"')
            at += 1
        chosen, place, at = _operand(text, at)
        if not holds:
            yield from self.parse(chosen, base + place)
        if at < len(text):
            raise ExpansionError(f'unexpected input at "{text[at : at + 20]}"')

    def _relation(self, text: str, at: int, base: int) -> tuple[str, int]:
        left, place, at = _payload(text, at)
        begin = at
        while at < len(text) and text[at] in "<>!=?+-*/~&|%":
            at += 1
        operator = text[begin:at]
        if operator not in _OPERATORS:
            raise ExpansionError(f'a comparison operator expected at "{text[begin : begin + 20]}"')
        begin = at
        while at < len(text) and text[at].isascii() and text[at].isalnum():
            at += 1
        kind = text[begin:at]
        if kind not in ("", "level"):
            raise ExpansionError(f'bad operator suffix "{kind}"')
        at = _skip(text, at)
        if text[at : at + 1] != "{":
            raise ExpansionError(f'"{{expression}}" expected at "{text[at : at + 20]}"')
        right, other, at = _payload(text, at)
        values = ["".join(p.text for p in self.parse(side, base + o)) for side, o in ((left, place), (right, other))]
        compare = _levels if kind else _plain
        return ("true" if compare(*values) in _OPERATORS[operator] else ""), at


def expand(raw: str, lookup: Lookup, used: Callable[[str], None]) -> list[Piece]:
    """Expands a raw value. ``used`` hears each parameter name. Raises ExpansionError or UnknownValueError."""
    if "$" not in raw:
        return [Piece(raw, 0, len(raw), True)] if raw else []
    return list(_Expander(lookup, used).parse(raw, 0))


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANKS:
        at += 1
    return at


def _macro(text: str, at: int) -> tuple[slice, int]:
    """The inside of the macro that starts after a dollar, and where it ends."""
    char = text[at : at + 1]
    if char in ("{", "(") and char:
        close = "}" if char == "{" else ")"
        level, end = 1, at + 1
        while level:
            if end >= len(text):
                raise ExpansionError(f'a truncated reference "{text[at - 1 : at + 20]}"')
            level += (text[end] == char) - (text[end] == close)
            end += 1
        return slice(at + 1, end - 1), end
    end = at
    while end < len(text) and ((text[end].isascii() and text[end].isalnum()) or text[end] == "_"):
        end += 1
    return slice(at, end), end


def _name(text: str, at: int) -> tuple[str, int, str]:
    """A parameter name, where it ends, and the operator that follows it."""
    begin = at
    while at < len(text) and ((text[at].isascii() and text[at].isalnum()) or text[at] == "_"):
        at += 1
    name, at = text[begin:at], _skip(text, at)
    operator = text[at : at + 1]
    if operator and operator not in "?:":
        raise ExpansionError(f'a syntax error in a parameter name at "{text[at : at + 20]}"')
    return name, at, operator


def _payload(text: str, at: int) -> tuple[str, int, int]:
    """What stands in braces at ``at``, its offset, and the offset after it and following blanks."""
    level, end = 1, at + 1
    while True:
        if end >= len(text):
            raise ExpansionError(f'unbalanced {{}} in "{text[at : at + 20]}"')
        level += (text[end] == "{") - (text[end] == "}")
        if not level:
            break
        end += 1
    return text[at + 1 : end], at + 1, _skip(text, end + 1)


def _operand(text: str, at: int) -> tuple[str, int, int]:
    """An operand of ? or :, in braces or all the rest."""
    start = _skip(text, at)
    if text[start : start + 1] == "{":
        return _payload(text, start)
    return text[at:], at, len(text)


def _plain(left: str, right: str) -> int:
    """Numbers as numbers, else as strings of bytes."""
    if left.isascii() and right.isascii() and left.isdigit() and right.isdigit():
        one, two = int(left[:40]), int(right[:40])
        return (one > two) - (one < two)
    return (left.encode() > right.encode()) - (left.encode() < right.encode())


def _levels(left: str, right: str) -> int:
    one, two = level(left), level(right)
    return (one > two) - (one < two)


def level(text: str) -> tuple[int, int, int]:
    """A compatibility level as numbers. Raises ExpansionError."""
    parts = text.split(".")
    if not 1 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise ExpansionError(f'a bad compatibility level "{text}"')
    numbers = [int(part[:9]) for part in parts] + [0, 0]
    return numbers[0], numbers[1], numbers[2]
