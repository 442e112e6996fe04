"""Building facts field by field, each with the chain of positions that made it."""

from __future__ import annotations

from collections.abc import Iterable

from mailpolicy.types import Fact, Origin, Span, Value


class Draft:
    """A fact in the making.

    Every chain begins with where the thing is declared, so that each field has a position even when
    its value is a built-in default.
    """

    def __init__(self, kind: str, declared: Span, note: str = "") -> None:
        self.kind = kind
        self.declared = Origin("declares", declared, note)
        self.values: dict[str, Value] = {}
        self._origins: dict[str, tuple[Origin, ...]] = {}

    def put(self, field: str, value: Value, origins: Iterable[Origin] = ()) -> None:
        """A known value; None is the value null."""
        self.values[field] = value
        self._chain(field, origins)

    def unknown(self, field: str, origins: Iterable[Origin] = ()) -> None:
        """A field that exists but cannot be worked out from the files given."""
        self.values.pop(field, None)
        self._chain(field, origins)

    def maybe(self, field: str, value: Value, origins: Iterable[Origin] = ()) -> None:
        """A value, or unknown when it is None: for fields that have no null."""
        if value is None:
            self.unknown(field, origins)
        else:
            self.put(field, value, origins)

    def _chain(self, field: str, origins: Iterable[Origin]) -> None:
        self._origins[field] = tuple(dict.fromkeys((self.declared, *origins)))

    def fact(self) -> Fact:
        """The finished fact."""
        return Fact(self.kind, self.values, self._origins)


def begun(kind: str, declared: Span, software: str, version: str, instance: str) -> Draft:
    """A draft with what every fact of a program has."""
    draft = Draft(kind, declared)
    draft.put("software", software)
    draft.put("version", version)
    draft.put("instance", instance)
    return draft
