"""What the modules of the James reader share: elements as values with their places."""

from __future__ import annotations

import re

from mailpolicy.facts import Draft, begun
from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.types import Origin, Span, Unread
from mailpolicy.xml_positions import Element, Text

SOFTWARE = "james"
NEWEST = (3, 9)
_TEMPLATE = re.compile(r"\$\{|\{\{|\{%|<%|__[A-Z]\w*__|%\{")
_YES = {"true": True, "yes": True, "on": True, "y": True, "t": True, "1": True,
        "false": False, "no": False, "off": False, "n": False, "f": False, "0": False}  # fmt: skip


class Value(NamedTuple):
    """The text of an element or attribute, and where it stands."""

    text: str
    where: Span

    @property
    def known(self) -> bool:
        """Whether no placeholder decides it."""
        return bool(self.text) and _TEMPLATE.search(self.text) is None

    @property
    def yes(self) -> bool | None:
        """As Commons Configuration reads a boolean; None when it is none that is known."""
        return _YES.get(self.text.lower()) if self.known else None

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Who sets it."""
        return (Origin("sets", self.where),)


class Reading:
    """One file while it is read."""

    def __init__(self, source: Source, path: str, version: tuple[int, ...]) -> None:
        self.source = source
        self.path = path
        self.version = version
        self.unread: list[Unread] = []

    def text(self, found: Text) -> Value:
        """A piece of text as a value."""
        return Value(found.value, self.source.span(found.start, found.end))

    def tag(self, element: Element) -> Span:
        """Where the tag of an element stands, with its bracket."""
        end = self.source.text.find(">", element.start)
        return self.source.span(element.start, end + 1 if end >= 0 else None)

    def value(self, element: Element, *names: str) -> Value | None:
        """The text below an element, by the names on the way to it; None when it is not there."""
        at: Element | None = element
        for name in names:
            at = at.first(name) if at else None
        return None if at is None else self.text(at.text) if at.text.value else Value("", self.tag(at))

    def attribute(self, element: Element | None, name: str) -> Value | None:
        """An attribute."""
        found = element.attributes.get(name) if element else None
        return self.text(found) if found else None

    def by(self) -> Origin:
        """The origin of a built-in default."""
        return Origin("default", None, f"Apache James {'.'.join(map(str, self.version))}")

    def draft(self, kind: str, where: Span) -> Draft:
        """A fact of this file."""
        return begun(kind, where, SOFTWARE, ".".join(map(str, self.version)), self.path.rpartition("/")[0])
