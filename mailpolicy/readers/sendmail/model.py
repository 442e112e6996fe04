"""What a configuration of Sendmail says, before it is known what follows from it."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Origin, Span, Unread

SOFTWARE = "sendmail"
NEWEST = (8, 18)


class Run(NamedTuple):
    """A piece of text that stands somewhere in one stretch; ``source`` is None for what the macros bring along."""

    text: str
    source: Source | None
    start: int = 0


def _joined(runs: list[Run]) -> list[Run]:
    """Runs with those put together that stand one behind the other."""
    found: list[Run] = []
    pieces: list[str] = []
    end = 0
    for run in runs:
        if not run.text:
            continue
        if found and run.source is found[-1].source is not None and run.start == end:
            pieces.append(run.text)
        else:
            if found:
                found[-1] = found[-1]._replace(text="".join(pieces))
            found.append(run)
            pieces = [run.text]
        end = run.start + len(run.text)
    if found:
        found[-1] = found[-1]._replace(text="".join(pieces))
    return found


class Text:
    """Text put together of pieces, each of which knows where it stands."""

    def __init__(self, runs: list[Run]) -> None:
        self.runs = _joined(runs)
        self.text = "".join(run.text for run in self.runs)
        self._ends: list[int] = []

    def span(self, start: int, end: int) -> Span | None:
        """Where ``text[start:end]`` stands, as far as it stands in one piece; None when no file holds it."""
        number = self._run(start)
        if number >= len(self.runs) or (run := self.runs[number]).source is None:
            return None
        before = self._ends[number] - len(run.text)
        return run.source.span(run.start + start - before, run.start + min(end, self._ends[number]) - before)

    def _run(self, offset: int) -> int:
        """The number of the run that holds a character."""
        if len(self._ends) != len(self.runs):
            self._ends = list(accumulate(len(run.text) for run in self.runs))
        return bisect_right(self._ends, offset)

    def whole(self) -> Span | None:
        """Where the text begins, without blanks around it."""
        lead = len(self.text) - len(self.text.lstrip())
        return self.span(lead, max(lead + 1, len(self.text.rstrip())))

    def part(self, start: int, end: int) -> Text:
        """``text[start:end]``, which knows where it stands."""
        runs = []
        for number in range(self._run(start), len(self.runs)):
            run = self.runs[number]
            at = self._ends[number] - len(run.text)
            if at >= end:
                break
            first = max(start - at, 0)
            runs.append(Run(run.text[first : end - at], run.source, run.start + first))
        return Text(runs)


class Setting(NamedTuple):
    """An option's value, and the steps that made it."""

    value: Text | None
    """None when it cannot be known."""
    origins: tuple[Origin, ...]


class Word(NamedTuple):
    """A word of a class."""

    text: str
    where: Span | None


class Entry(NamedTuple):
    """One line of a table's text: ``key`` in lower case."""

    key: str
    value: str
    where: Span
    value_where: Span


class Table(NamedTuple):
    """A map such as access. ``entries`` is None when its text is not here."""

    name: str
    where: Span | None
    entries: tuple[Entry, ...] | None
    file: str
    keyed: dict[str, Entry]
    """The first entry of each key, which makemap keeps."""


class Feature(NamedTuple):
    """``FEATURE(name, arguments)``, or what stands in a sendmail.cf in its place."""

    where: Span | None
    args: tuple[Text, ...] = ()


class Config:
    """All that was read."""

    def __init__(self, tree: Tree, path: str, numbers: tuple[int, ...] | None) -> None:
        self.tree = tree
        self.path = path
        self.fixed = numbers is not None
        """The version is assumed, whatever the files say."""
        self.numbers = numbers or NEWEST
        self.settings: dict[str, Setting] = {}
        self.daemons: list[Text] = []
        self.classes: dict[str, list[Word]] = {}
        self.class_files: dict[str, list[str]] = {}
        self.macros: dict[str, Text] = {}
        self.features: dict[str, Feature] = {}
        self.rulesets: dict[str, Span | None] = {}
        """Ruleset of a sendmail.cf, in lower case -> where it begins first."""
        self.maps: dict[str, Text] = {}
        self.tables: dict[str, Table | None] = {}
        """Tables that were read already."""
        self.patched = False
        """The version line is of a Debian release that has CVE-2023-51765 mended in an older version."""
        self.debian = False
        """Debian's own OSTYPE: its package, with what it mends and brings along."""
        self.bsd = False
        """The system keeps IPv4 off a socket of IPv6."""
        self.submits = False
        """The mail submission program's: no daemon runs with it."""
        self.gap: Span | None = None
        """An include that is not here: it may set anything that no later line sets."""
        self.broken: list[Unread] = []
        """What keeps the daemon from starting."""
        self.unread: list[Unread] = []
        self.notes: list[str] = []
        self.files: list[str] = [path]

    @property
    def version(self) -> str:
        """As facts have it."""
        return ".".join(map(str, self.numbers))

    @property
    def program(self) -> str:
        """As notes have it."""
        return f"Sendmail {self.version}"

    def builtin(self, why: str = "") -> tuple[Origin, ...]:
        """The origin of a default."""
        return (Origin("default", None, f"{self.program}{': ' if why else ''}{why}"),)

    def setting(self, name: str) -> Setting | None:
        """An option; None when nothing sets it. One that a missing include may set has no value."""
        found = self.settings.get(name)
        if found is None and self.gap is not None:
            return Setting(None, (Origin("sets", self.gap, "what this includes is not here"),))
        return found


def sets(where: Span | None) -> tuple[Origin, ...]:
    """The origin of what stands at a place, if it stands at any."""
    return (Origin("sets", where),) if where is not None else ()
