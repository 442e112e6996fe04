"""The nouns: immutable records that every module speaks in. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.lean import NamedTuple

Value = str | int | bool | None | tuple[str, ...] | tuple[int, ...]
"""A field's value. ``None`` is JSON null ("there is none"); an unknown field is absent instead."""


class Span(NamedTuple):
    """A piece of one line: 1-based line and columns, counted in characters; the end is exclusive."""

    file: str
    line: int
    column: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Origin(NamedTuple):
    """One step in how a field got its value.

    ``how``: declares, default, sets, overrides or implies. ``where`` is None for a built-in
    default. ``note`` says more, such as ``Postfix 3.7``.
    """

    how: str
    where: Span | None = None
    note: str = ""


class Fact(NamedTuple):
    """One flat record, closed by ``schemas/<kind>.schema.json``.

    A field that could not be worked out is absent from ``values`` and present in ``origins``.
    Origins are oldest first; the last one made the value.
    """

    kind: str
    values: Mapping[str, Value]
    origins: Mapping[str, tuple[Origin, ...]]


class Unread(NamedTuple):
    """Something that a reader did not understand. ``fatal`` when the whole file could not be read."""

    where: Span
    why: str
    fatal: bool = False


class Inventory(NamedTuple):
    """What one group of files says. ``files`` are all files that were read for it, includes too.

    A file under a name that programs share, with nothing of this one in it, is not among them.
    """

    facts: tuple[Fact, ...] = ()
    unread: tuple[Unread, ...] = ()
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What was not compared or assumed: ``path: words`` or ``path:line:column: words``."""


def unreadable(paths: tuple[str, ...], why: str, where: Span | None = None) -> Inventory:
    """What a reader says of files of which it can read nothing: an error of the run, shown at the first one's start."""
    return Inventory(unread=(Unread(where or Span(paths[0], 1, 1, 2), why, True),), files=paths)


class Version(NamedTuple):
    """The version of a program that a reader should assume, and who says so."""

    numbers: tuple[int, ...]
    said_by: str

    def __str__(self) -> str:
        return ".".join(map(str, self.numbers))


class Finding(NamedTuple):
    """A fact that breaks a rule, at the text that is wrong."""

    rule: str
    severity: str
    message: str
    where: Span
    because: tuple[Origin, ...]
    fix: str
    fingerprint: str
    suppressed: str | None = None
    """The reason that the file gives for ignoring this finding, or None."""


class Unreadable(Exception):
    """A file that cannot be read; ``str()`` says why in words for users."""


class Number(int):
    """A limit in a rule that profiles and sites may move: ``{$number: name}`` in the rule file."""

    name: str

    def __new__(cls, name: str, value: int) -> Number:
        """A limit by its name, with the value that holds."""
        made = super().__new__(cls, value)
        made.name = name
        return made

    def __repr__(self) -> str:
        return f"Number({self.name!r}, {int(self)})"

    def __str__(self) -> str:
        return str(int(self))


class Grade(NamedTuple):
    """A severity that holds where ``when`` does, instead of the rule's own."""

    when: Mapping[str, object]
    severity: str
    untouched: bool = False
    """Only where no file sets the blamed field: the program's own default."""


class Rule(NamedTuple):
    """One rule file. ``when`` and ``require`` are JSON Schemas over the fields of a fact of kind ``subject``."""

    id: str
    group: str
    severity: str
    subject: str
    when: Mapping[str, object]
    require: Mapping[str, object]
    at: tuple[str, ...]
    """Fields to blame: the first one whose value some file sets, else the first."""
    message: str
    fix: str
    """How to mend it, for every software in one text."""
    rationale: str
    source: tuple[str, ...]
    fixes: Mapping[str, str] = {}
    """How to mend it by software; ``any`` where the software makes no difference."""
    grades: tuple[Grade, ...] = ()
    instead_of: tuple[str, ...] = ()
    """Rules that stay silent where this one speaks about the same thing."""


class Report(NamedTuple):
    """All that an output format needs; nothing in it is secret."""

    version: str
    """Of mailpolicy."""
    findings: tuple[Finding, ...]
    """Sorted by file and line; suppressed ones are among them."""
    errors: tuple[tuple[str, str], ...]
    """Paths that could not be read, and why."""
    notes: tuple[str, ...]
    """What was not compared or not loaded."""
    rules: Mapping[str, Rule]
    """Every rule that was checked, by id."""
    lines: Mapping[tuple[str, int], str]
    """Text of each line that a finding or its origins point to, secrets masked, keyed by file and line number."""
    files: int
    """Files read."""
    facts: int
    """Facts judged."""
    unknown: int
    """Fields that could not be worked out."""
