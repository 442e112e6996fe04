"""The explicit list of output formats. A format's module is imported only when it is asked for."""

from __future__ import annotations

from importlib import import_module

from mailpolicy.lean import Protocol, cast
from mailpolicy.types import Report


class Format(Protocol):
    """What the module of an output format provides."""

    def render(self, report: Report, color: bool = False) -> str:
        """The whole report. Ends with one newline, or is empty where the format says nothing of a clean report."""


FORMATS: dict[str, str] = {
    "text": "mailpolicy.report.text",
    "json": "mailpolicy.report.json",
    "sarif": "mailpolicy.report.sarif",
    "github": "mailpolicy.report.github",
}
"""Name in ``--format`` -> module."""


def load(name: str) -> Format:
    """The format of a name in FORMATS."""
    return cast(Format, import_module(FORMATS[name]))
