"""Stalwart's settings: flat keys and text, as it keeps them, each with its place."""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.toml_scan import STALWART, Wrong, scan
from mailpolicy.types import Origin, Span, Unread


class Setting(NamedTuple):
    """A value as text, and where it stands."""

    value: str
    where: Span

    @property
    def known(self) -> bool:
        """Whether neither a macro (``%{env:NAME}%``) nor a template decides it."""
        return "%{" not in self.value and re.search(r"\{\{|\{%|<%|\$\{|__[A-Z]\w*__", self.value) is None

    @property
    def yes(self) -> bool | None:
        """As a boolean; None when it is none that is known."""
        return {"true": True, "false": False}.get(self.value) if self.known else None

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Who sets it."""
        return (Origin("sets", self.where),)


def parse(source: Source) -> tuple[dict[str, Setting], tuple[Unread, ...]]:
    """All settings of a file of 0.3 to 0.15 by key; of one that Stalwart refuses those before the fault."""
    settings: dict[str, Setting] = {}
    try:
        for found in scan(source.text, STALWART):
            if found.text is None:
                continue
            key = ".".join(f"{step:04}" if isinstance(step, int) else step for step in found.path)
            if key in settings:
                raise Wrong("sets a key for a second time", found.where[0])
            settings[key] = Setting(found.text, source.span(*found.where))
    except Wrong as problem:
        why = f"{problem}; Stalwart does not start"
        return settings, (Unread(source.span(problem.at, problem.at + 1), why, True),)
    return settings, ()
