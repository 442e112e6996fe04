"""Preferences of Mozilla's programs: ``user_pref("name", value);`` and the calls of AutoConfig files.

After modules/libpref/parser of Firefox 115 and extensions/pref/autoconfig: ``user.js`` is read after
``prefs.js``, the later of two lines of one name holds, and what is no preference is passed over with a warning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.lean import NamedTuple
from mailpolicy.placeholders import filled
from mailpolicy.text import Source
from mailpolicy.types import Origin, Span, Unread

_SHOWN = 30
_KEPT = 6
_STRING = r"\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'"
_PIECE = re.compile(
    rf"""
      (?P<comment>//[^\n]* | \#[^\n]* | /\*(?:[^*]|\*(?!/))*+(?:\*/)?)
    | (?P<call>\b(?:user_pref|sticky_pref|pref|lockPref|defaultPref|clearPref|unlockPref))\s*\(\s*(?P<name>{_STRING})\s*
        (?:,\s*(?P<value>{_STRING}|true\b|false\b|[+-]?[0-9]+\b)\s*(?:,\s*\w+\s*)*\)|(?P<other>[,)]))
    | (?P<template>\{{\{{[^{{}}\n]*\}}\}}|\{{%(?:(?!%\}})[^\n]){{0,500}}+(?:%\}})?)
    | (?P<string>\"(?:[^\"\\\n]|\\.)*+(?:\"|(?=\n)|\Z)|'(?:[^'\\\n]|\\.)*+(?:'|(?=\n)|\Z))
    | (?P<open>\{{) | (?P<close>\}})
    | (?P<blank>[\s;]+) | (?P<rest>[^\s;"'/\#{{}}]+ | .)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|.)", re.DOTALL)


class Pref(NamedTuple):
    """A preference. Not ``known``: a template, a condition or code decides it."""

    value: str | int | bool | None
    where: Span
    """The value, without its quotes."""
    name_at: Span
    known: bool = True
    before: tuple[Span, ...] = ()

    @property
    def by(self) -> tuple[Origin, ...]:
        """Who set it, oldest first."""
        spans = (*self.before, self.where)
        return tuple(Origin("overrides" if at else "sets", span) for at, span in enumerate(spans))


class Prefs(NamedTuple):
    """All preferences of some files by name, the later ones over the earlier ones."""

    held: Mapping[str, Pref]
    unread: tuple[Unread, ...]

    def get(self, *names: str) -> Pref | None:
        """The first of some names that is set, if it is."""
        return next((self.held[name] for name in names if name in self.held), None)

    def number(self, *names: str) -> Pref | None:
        """The first that is set to a number; one of another type counts as not set."""
        return self._typed(int, names)

    def flag(self, *names: str) -> Pref | None:
        """The first that is set to true or false."""
        return self._typed(bool, names)

    def text(self, *names: str) -> Pref | None:
        """The first that is set to a text that is not empty."""
        found = self._typed(str, names)
        return None if found is not None and found.known and not found.value else found

    def _typed(self, kind: type, names: tuple[str, ...]) -> Pref | None:
        for name in names:
            found = self.held.get(name)
            if found is not None and (not found.known or type(found.value) is kind):
                return found
        return None


def parse(sources: list[Source]) -> Prefs:
    """The preferences of files in the order in which the program reads them."""
    held: dict[str, Pref] = {}
    unread: list[Unread] = []
    for source in sources:
        problems = _parse(source, held)
        unread += problems[:_SHOWN]
        if len(problems) > _SHOWN:
            unread.append(Unread(problems[0].where, f"{len(problems) - _SHOWN} more lines that are no preferences"))
    return Prefs(held, tuple(unread))


def _parse(source: Source, held: dict[str, Pref]) -> list[Unread]:
    program = source.path.endswith(".cfg")
    depth = 0
    problems: list[Unread] = []
    last = -1
    for found in _PIECE.finditer(source.text):
        kind = found.lastgroup
        if found["call"] is not None:
            _put(source, found, held, depth > 0)
        elif kind == "template":
            word = re.match(r"\{%[-+]?\s*(if|for|endif|endfor)\b", found[0])
            depth += 0 if word is None else (-1 if word[1].startswith("end") else 1)
        elif kind in ("open", "close"):
            depth = max(0, depth + (1 if kind == "open" else -1))
        elif kind in ("rest", "string") and not program:
            where = source.span(found.start(), found.end())
            if where.line != last and found[0] not in ");":
                problems.append(Unread(source.line_span(where.line), "is no preference"))
            last = where.line
    return problems


def _put(source: Source, found: re.Match[str], held: dict[str, Pref], doubt: bool) -> None:
    name = found["name"][1:-1]
    name_at = source.span(found.start("name") + 1, found.end("name") - 1)
    value: str | int | bool | None = None
    known = not doubt
    where = name_at
    if found["call"] in ("clearPref", "unlockPref"):
        return
    if found["value"] is None:
        known = False
    else:
        raw = found["value"]
        where = source.span(*found.span("value"))
        if raw[0] in "\"'":
            value = _ESCAPE.sub(_unescaped, raw[1:-1]) if "\\" in raw else raw[1:-1]
            where = source.span(found.start("value") + 1, found.end("value") - 1) if len(raw) > 2 else where
            known = known and not filled(raw[1:-1])
        else:
            value = raw == "true" if raw in ("true", "false") else _int(raw)
    old = held.get(name)
    if old is not None and found["call"] == "defaultPref":
        return
    held[name] = Pref(value, where, name_at, known, (*old.before, old.where)[-_KEPT:] if old is not None else ())


def _int(raw: str) -> int:
    """A number of 32 bits; a longer one is none that the program takes."""
    return int(raw) if len(raw) < 12 else -1


def _unescaped(found: re.Match[str]) -> str:
    text = found[1]
    if text[0] in "xu" and len(text) > 1:
        return chr(int(text[1:], 16))
    return {"n": "\n", "r": "\r", "t": "\t"}.get(text, text)
