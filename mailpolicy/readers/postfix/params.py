"""The parameters as one Postfix service sees them: defaults, main.cf, ``-o`` overrides, expansion."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.postfix import defaults
from mailpolicy.readers.postfix.expand import ExpansionError, Piece, UnknownValueError, expand, level
from mailpolicy.readers.postfix.lexer import is_template, tokens
from mailpolicy.readers.postfix.typed import EVERY, SMTPD
from mailpolicy.types import Origin, Span

NEWEST = (3, 10)
"""The version that is assumed where nobody tells one."""

LATER = {"smtp_tls_security_level": "may"}
"""Defaults of Postfix 3.11: a compatibility_level of 3.11 tells that it runs (RELEASE_NOTES-3.11, 20250623)."""

MACHINE = frozenset(("myhostname", "mydomain", "mynetworks", "process_id", "process_name"))
"""Parameters whose defaults depend on the machine."""

RAW = frozenset((
    "command_execution_directory", "default_rbl_reply", "forward_path", "luser_relay", "mailbox_command",
    "postscreen_expansion_filter", "postscreen_reject_footer", "smtpd_expansion_filter", "smtpd_reject_footer",
))  # fmt: skip
"""Parameters that their programs expand themselves, for each message (CONFIG_RAW_TABLE)."""

TRANSPORT = {
    "_delivery_slot_cost": "$default_delivery_slot_cost",
    "_delivery_slot_discount": "$default_delivery_slot_discount",
    "_delivery_slot_loan": "$default_delivery_slot_loan",
    "_destination_concurrency_failed_cohort_limit": "$default_destination_concurrency_failed_cohort_limit",
    "_destination_concurrency_limit": "$default_destination_concurrency_limit",
    "_destination_concurrency_negative_feedback": "$default_destination_concurrency_negative_feedback",
    "_destination_concurrency_positive_feedback": "$default_destination_concurrency_positive_feedback",
    "_destination_rate_delay": "$default_destination_rate_delay",
    "_destination_recipient_limit": "$default_destination_recipient_limit",
    "_extra_recipient_limit": "$default_extra_recipient_limit",
    "_initial_destination_concurrency": "$initial_destination_concurrency",
    "_minimum_delivery_slots": "$default_minimum_delivery_slots",
    "_recipient_limit": "$default_recipient_limit",
    "_recipient_refill_delay": "$default_recipient_refill_delay",
    "_recipient_refill_limit": "$default_recipient_refill_limit",
    "_transport_rate_delay": "$default_transport_rate_delay",
    "_time_limit": "$command_time_limit",
}
"""Parameters that each transport of master.cf brings along (postconf_service.c)."""


class Written(NamedTuple):
    """A parameter as a file gives it."""

    name: str
    raw: str
    where: Span
    """The value; the name where the value is empty."""
    locate: Callable[[int, int], Span]
    known: bool = True
    """False inside the if of a template."""
    earlier: tuple[Origin, ...] = ()
    """Lines of the same file that this one overrides."""


class Resolved(NamedTuple):
    """The value of a parameter."""

    text: str | None
    """Fully expanded; None where the files do not tell it."""
    origins: tuple[Origin, ...]
    raw: str
    locate: Callable[[int, int], Span]
    """Offsets in ``raw`` to a position; for a default, the declaring one."""
    problem: str = ""
    """Why Postfix cannot expand it: every program that reads it dies."""
    pieces: tuple[Piece, ...] = ()


class View:
    """The parameters as one service sees them.

    ``declared`` is where the service is declared: the position of values that nobody sets.
    """

    def __init__(
        self,
        main: Mapping[str, Written],
        overrides: Mapping[str, Written],
        version: tuple[int, ...],
        declared: Span,
        given: Mapping[str, str],
        partial: bool = False,
    ) -> None:
        self.main = main
        self.overrides = overrides
        self.version = version
        self.version_note = "Postfix " + ".".join(map(str, version[:2]))
        self.declared = declared
        self.partial = partial
        """main.cf is not all there: what nobody sets is unknown."""
        self._given = given
        self._defaults = defaults_of(version)
        self._kept: dict[str, Resolved] = {}
        self._asking = False

    def is_set(self, name: str) -> bool:
        """Whether main.cf or ``-o`` gives the parameter."""
        return name in self.overrides or name in self.main

    def default(self, name: str) -> str | None:
        """The unexpanded built-in default, or None where this version has no such parameter."""
        found = self._given.get(name)
        if found is None:
            found = LATER[name] if name in LATER and self._newer() else self._defaults.get(name)
        if found is None:
            found = next((value for end, value in TRANSPORT.items() if name.endswith(end) and name != end), None)
        return found

    def _newer(self) -> bool:
        """Whether the compatibility level is one that only a version after NEWEST knows."""
        try:
            return self.version >= NEWEST and level(self.text("compatibility_level")) >= (3, 11, 0)
        except ExpansionError:
            return False

    def get(self, name: str) -> Resolved:
        """The value: the default of the version where nothing sets it."""
        kept = self._kept.get(name)
        if kept is None:
            kept = self._kept[name] = self._resolve(name)
        return kept

    def text(self, name: str) -> str:
        """The expanded value, empty where it is not known."""
        return self.get(name).text or ""

    def flag(self, name: str) -> bool | None:
        """A yes/no parameter; None where it is neither or not known."""
        text = self.get(name).text
        return {"yes": True, "no": False}.get(text.lower()) if text is not None else None

    def elements(self, name: str) -> list[tuple[str, Span | None]]:
        """The expanded value split at commas and blanks, braces kept together, each with its position.

        An element from a ``$name`` stands at that name; one of a built-in default nowhere (None).
        A part that a template fills in is an element as it is written.
        """
        found = self.get(name)
        pieces = found.pieces
        text = "".join(piece.text for piece in pieces)
        starts: list[int] = []
        total = 0
        for piece in pieces:
            starts.append(total)
            total += len(piece.text)

        def span(start: int, end: int) -> Span | None:
            if not self.is_set(name):
                return None
            first = bisect_right(starts, start) - 1
            last = bisect_right(starts, end - 1) - 1
            one, two = pieces[first], pieces[last]
            begin = one.start + start - starts[first] if one.literal else one.start
            stop = two.start + end - starts[last] if two.literal else two.end
            return found.locate(begin, stop)

        return [(token.text, span(token.start, token.end)) for token in tokens(text)]

    def _winner(self, name: str) -> Written | None:
        return self.overrides.get(name) or self.main.get(name)

    def _lookup(self, name: str, reader: str = "") -> str | None:
        """The raw value for expansion; ``reader`` is the parameter that smtpd(8) is about to read."""
        written = self._winner(name)
        if written is not None:
            if not written.known or is_template(written.raw):
                raise UnknownValueError
            return written.raw
        if name == "mydomain":
            return self._domain()
        default = self.default(name)
        if self.partial and name not in self._given:
            raise UnknownValueError
        if default is None and (name in MACHINE or (name.isupper() and len(name) > 1)):
            raise UnknownValueError
        if reader and name not in self._given and not _visible(name, reader):
            return None
        return default

    def _domain(self) -> str:
        """$mydomain as check_mydomainname() makes it of $myhostname."""
        if not self.is_set("myhostname"):
            raise UnknownValueError
        if self._asking:
            return ""  # myhostname is being read, and mydomain does not exist yet
        self._asking = True
        found = self.get("myhostname")
        self._asking = False
        if found.text is None:
            raise UnknownValueError
        return found.text.partition(".")[2] if "." in found.text else "localdomain"

    def _resolve(self, name: str) -> Resolved:
        written = self._winner(name)
        note = Origin("default", None, self.version_note)
        used: list[str] = []
        text: str | None
        if written is None:
            raw = self.default(name) or ""
            locate: Callable[[int, int], Span] = lambda start, end: self.declared  # noqa: E731
        else:
            raw, locate = written.raw, written.locate
        text, problem, pieces = self._expanded(name, written, raw, used)
        origins = [note] if self.default(name) is not None or written is None else []
        for layer, how in ((self.main, "sets"), (self.overrides, "overrides")):
            if name in layer:
                origins += layer[name].earlier
                origins.append(
                    Origin("sets" if how == "overrides" and name not in self.main else how, layer[name].where)
                )
        if self.main.get(name) and self.main[name].earlier and written is self.main[name]:
            origins[-1] = Origin("overrides", origins[-1].where)
        via = [
            Origin("implies", w.where, f"${w.name}") for w in map(self._winner, dict.fromkeys(used)) if w is not None
        ]
        origins[-1:-1] = [origin for origin in via if origin not in origins]
        return Resolved(text, tuple(origins), raw, locate, problem, pieces)

    def _expanded(
        self, name: str, written: Written | None, raw: str, used: list[str]
    ) -> tuple[str | None, str, tuple[Piece, ...]]:
        """Expanded text, problem, pieces."""
        as_written = (Piece(raw, 0, len(raw), True),) if raw else ()
        if written is None and name in ("mydomain", "myhostname"):
            try:
                text = self._domain() if name == "mydomain" else self._given.get(name)
            except UnknownValueError:
                text = None
            return text, "", (Piece(text, 0, 0, False),) if text else ()
        if (written is None and (name in MACHINE or self.partial)) or (written is not None and not written.known):
            return None, "", as_written
        if name in RAW:
            return raw, "", as_written
        if is_template(raw):
            return None, "", as_written
        try:
            reader = name if written is not None and self._given.get("process_name") == "smtpd" else ""
            pieces = tuple(expand(raw, lambda other: self._lookup(other, reader), used.append))
        except ExpansionError as problem:
            return None, str(problem), as_written
        except UnknownValueError:
            return None, "", as_written
        return "".join(piece.text for piece in pieces), "", pieces


_ORDER = {name: index for index, name in enumerate(SMTPD)}


def _visible(name: str, reader: str) -> bool:
    """Whether smtpd(8) has given ``name`` its default by the time that it reads ``reader``."""
    if name in EVERY or reader not in _ORDER:
        return True
    return name in _ORDER and _ORDER[name] < _ORDER[reader]


_tables: dict[tuple[int, ...], Mapping[str, str]] = {}


def defaults_of(version: tuple[int, ...]) -> Mapping[str, str]:
    """Built-in defaults of a version, unexpanded. Only the table of Postfix 3.7 and 3.10 is measured."""
    short = version[:2]
    if short not in _tables:
        table = dict(defaults.BASE)
        if short > (3, 7):
            table.update(defaults.NEW)
        for since, name, before, after in defaults.CHANGES:
            if short < since:
                table[name] = before
            elif after is not None:
                table[name] = after
        _tables[short] = table
    return _tables[short]
