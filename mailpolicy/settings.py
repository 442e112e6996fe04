"""What is set for one program in one place: a file of settings, the environment of a container, a section."""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.envfile import Setting
from mailpolicy.facts import Draft, begun
from mailpolicy.lean import NamedTuple
from mailpolicy.types import Origin, Span


class Settings(NamedTuple):
    """The settings of a program by name; the version is the one whose meanings hold."""

    software: str
    version: str
    instance: str
    start: Span
    """Where a finding on what nothing sets is shown."""
    settings: Mapping[str, Setting]

    def text(self, name: str, default: str = "") -> str | None:
        """The value of a setting, the default where it is missing or empty, None where it is unknown."""
        found = self.settings.get(name)
        return default if found is None else found.value or (None if found.value is None else default)

    def given(self, name: str, default: str = "") -> str | None:
        """The value of a setting, even an empty one, the default where it is missing, None where it is unknown."""
        found = self.settings.get(name)
        return default if found is None else found.value

    def told(self, name: str) -> tuple[Origin, ...]:
        """Where a setting stands, or whose default it is."""
        found = self.settings.get(name)
        if found is None:
            return (Origin("default", None, f"{self.software} {self.version}".rstrip() + f", by {name}"),)
        return (Origin("sets", found.where),)

    def where(self, name: str) -> Span:
        """Where a setting stands, or else all of them begin."""
        found = self.settings.get(name)
        return found.where if found else self.start

    def begun(self, kind: str, where: Span) -> Draft:
        """A fact with the fields that all have."""
        return begun(kind, where, self.software, self.version, self.instance)
