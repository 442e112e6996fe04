"""Values of PHP: what they are, how PHP makes text and truth of them, and literals."""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.php_scan import Token
from mailpolicy.placeholders import TEMPLATE
from mailpolicy.text import Source
from mailpolicy.types import Origin, Span

_LONG = 100_000
_TEMPLATE = re.compile(TEMPLATE.pattern + r"|\$\{\w+\}")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "$": "$", '"': '"', "e": "\x1b", "v": "\v", "f": "\f"}


class PhpValue(NamedTuple):
    """A value and where it stands. Not ``known``: only a run of PHP, or who fills a template in, would tell it.

    The ``value`` of a text with a template's placeholder is the text as it stands.
    """

    value: str | int | float | bool | None
    where: Span
    """The text inside the quotes, or the expression."""
    known: bool = True
    items: dict[str, PhpValue] | None = None
    """What an array holds, by key; numbers as keys are written in decimal."""
    before: tuple[Span, ...] = ()
    """Where earlier assignments that this one overrides stand, oldest first."""
    key: Span | None = None
    """The key or variable that it is assigned to."""

    def origins(self) -> tuple[Origin, ...]:
        """Who set it."""
        spans = (*self.before, self.where)
        return tuple(Origin("overrides" if at else "sets", span) for at, span in enumerate(spans))

    def get(self, key: str) -> PhpValue | None:
        """An item of an array; None where there is none, an unknown one where that is not known."""
        found = self.items.get(key) if self.items is not None else None
        return found or (None if self.known else PhpValue(None, self.where, False))

    def text(self) -> str | None:
        """The value as PHP makes text of it; None where it is not known or an array."""
        if not self.known or self.items is not None:
            return None
        if isinstance(self.value, bool) or self.value is None:
            return "1" if self.value else ""
        return str(self.value)

    def truth(self) -> bool | None:
        """The value as PHP makes a truth value of it; None where it is not known."""
        if not self.known:
            return None
        return bool(self.items) if self.items is not None else self.value not in (None, False, 0, "", "0")


def joined(first: PhpValue, second: PhpValue, where: Span | None = None) -> PhpValue:
    """Two texts as one; at the place of the first that is not blank."""
    left, right = first.text(), second.text()
    if left is None or right is None or len(left) + len(right) > _LONG:
        return PhpValue(None, where or second.where, False)
    return PhpValue(left + right, where or second.where)


def number(text: str) -> int | float:
    text = text.replace("_", "").lower()
    try:
        if text[:2] in ("0x", "0b", "0o"):
            return int(text, 0)
        if len(text) > 1 and text[0] == "0" and text.isdecimal():
            return int(text, 8)
        return int(text) if text.isdecimal() and len(text) < 19 else float(text)
    except ValueError:
        return 0


def literal(source: Source, token: Token) -> PhpValue:
    """A number or a quoted text; what stands for something else in a text makes it not known."""
    if token.kind == "number":
        return PhpValue(number(token.text), source.span(token.start, token.end))
    if token.kind in ("heredoc", "nowdoc"):
        plain = token.kind == "nowdoc" or not re.search(r"[$\\]", token.text)
        known = plain and not _TEMPLATE.search(token.text)
        return PhpValue(token.text if known else None, source.span(token.start, token.end), known)
    if token.kind not in ("single", "double"):
        return PhpValue(None, source.span(token.start, token.end), False)
    raw = token.text[1:-1]
    where = source.span(token.start + 1, token.end - 1) if raw else source.span(token.start, token.end)
    if _TEMPLATE.search(raw):
        return PhpValue(raw, where, False)
    if token.kind == "single":
        return PhpValue(re.sub(r"\\([\\'])", r"\1", raw) if "\\" in raw else raw, where)
    if re.search(r"(?<!\\)(?:\\\\)*(?:\$[A-Za-z_{]|\{\$)", raw):
        return PhpValue(None, where, False)
    return PhpValue(_unescaped(raw) if "\\" in raw else raw, where)


def _unescaped(raw: str) -> str:
    def one(found: re.Match[str]) -> str:
        text = found[1]
        if text[0] == "x" and len(text) > 1:
            return chr(int(text[1:], 16))
        if text[0] == "u" and len(text) > 1:
            return chr(min(int(text[2:-1], 16), 0x10FFFF))
        return chr(int(text, 8) & 0xFF) if text[0] in "01234567" else _ESCAPES.get(text, "\\" + text)

    return re.sub(r"\\(x[0-9A-Fa-f]{1,2}|u\{[0-9A-Fa-f]{1,6}\}|[0-7]{1,3}|.)", one, raw, flags=re.DOTALL)
