"""Lines and words of a mailrc: backslashes that join lines, and the two ways in which s-nail quotes.

After go.c, ``getrawlist`` of cmd.c and ``n_shexp_parse_token`` of shexp.c of s-nail 14.9.24.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.placeholders import filled

_JOIN = r"(?P<join>\\\n[ \t]*)"
_SHELL = re.compile(
    _JOIN
    + r"|(?P<blank>[ \t\r]+)|(?P<single>'[^']*'?)|(?P<dollar>\$'(?:\\.|[^'\\])*'?)|(?P<double>\"(?:\\.|[^\"\\])*\"?)"
    r"|(?P<escape>\\.?)|(?P<variable>\$\{[^}\n]*\}|\$[A-Za-z_][\w-]*|\$[0-9*@#?!^])|(?P<end>;)|(?P<plain>[^\s'\"\\$;]+|\$)",
    re.DOTALL,
)
_RAW = re.compile(
    _JOIN + r"|(?P<blank>[ \t\r]+)|(?P<single>'(?:\\'|[^'])*'?)|(?P<double>\"(?:\\\"|[^\"])*\"?)|(?P<escape>\\.?)"
    r"|(?P<plain>[^\s'\"\\]+)",
    re.DOTALL,
)
_VARIABLE = re.compile(r"\$\{([^}\n]*)\}|\$([A-Za-z_][\w-]*)|\$([0-9*@#?!^])")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "e": "\x1b", "0": ""}


class Word(NamedTuple):
    """A word between two offsets of the file. ``text`` is None where something else fills it in."""

    text: str | None
    raw: str
    start: int
    end: int


class Line(NamedTuple):
    """A command and what follows it, up to ``end``; joined lines are one."""

    command: str
    start: int
    rest: int
    """Offset behind the command."""
    end: int


def lines(text: str) -> Iterator[Line]:
    """All commands; a line whose first character is # is a comment."""
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        while end < len(text) and _joined(text, at, end):
            after = text.find("\n", end + 1)
            end = len(text) if after < 0 else after
        start = at
        while start < end and text[start] in " \t\r":
            start += 1
        if start < end and text[start] != "#":
            found = re.compile(r"\\?([A-Za-z_]+|[^\sA-Za-z_])").match(text, start, end)
            name = found[1] if found else text[start]
            yield Line(name, start, found.end() if found else start + 1, end)
        at = end + 1


def _joined(text: str, at: int, end: int) -> bool:
    """Whether a backslash that none escapes stands before a line's end."""
    stop = end
    while stop > at and text[stop - 1] == "\\":
        stop -= 1
    return (end - stop) % 2 == 1


def split(
    text: str, start: int, end: int, shell: bool, value: Callable[[str], str | None]
) -> tuple[list[Word], int | None]:
    """Words, and where another command follows behind a semicolon. ``value`` is that of a variable."""
    found: list[Word] = []
    made: list[str | None] = []
    begun, at = -1, start
    pattern = _SHELL if shell else _RAW
    after: int | None = None
    while at < end and (piece := pattern.match(text, at, end)):
        kind, raw = piece.lastgroup or "plain", piece[0]
        if shell and begun < 0 and raw.startswith("#"):
            at = end
            break
        if kind in ("blank", "end"):
            if begun >= 0:
                found.append(_word(text, made, begun, at))
                made, begun = [], -1
            if kind == "end":
                after = piece.end()
                break
        elif kind != "join":
            begun = at if begun < 0 else begun
            made.append(_piece(kind, raw, shell, value))
        at = piece.end()
    if begun >= 0:
        found.append(_word(text, made, begun, at))
    return found, after


def _word(text: str, made: list[str | None], start: int, end: int) -> Word:
    raw = text[start:end]
    known = [piece for piece in made if piece is not None]
    whole = "".join(known)
    return Word(None if len(known) < len(made) or filled(whole) else whole, raw, start, end)


def _piece(kind: str, raw: str, shell: bool, value: Callable[[str], str | None]) -> str | None:
    if kind == "plain":
        return raw
    if kind == "escape":
        return raw[1:] or raw
    if kind == "variable":
        return _expanded(raw, value)
    quote = raw[0] if kind != "dollar" else "'"
    inner = raw[2 if kind == "dollar" else 1 :]
    inner = inner[:-1] if inner.endswith(quote) else inner
    inner = inner.replace("\\\n", "")
    if not shell:
        return inner.replace("\\" + quote, quote)
    if kind == "single":
        return inner
    if kind == "dollar":
        return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), inner, flags=re.DOTALL)
    out: list[str] = []
    for part in re.findall(r"\\.|\$\{[^}\n]*\}|\$[A-Za-z_][\w-]*|\$[0-9*@#?!^]|[^\\$]+|.", inner, re.DOTALL):
        if part[0] == "$" and len(part) > 1:
            got = _expanded(part, value)
            if got is None:
                return None
            out.append(got)
        else:
            out.append(part[1:] if len(part) == 2 and part[0] == "\\" and part[1] in '"$`\\' else part)
    return "".join(out)


def _expanded(raw: str, value: Callable[[str], str | None]) -> str | None:
    found = _VARIABLE.match(raw)
    return value(found[1] or found[2] or found[3]) if found else None
