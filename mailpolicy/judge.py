"""Facts held against rules: findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from mailpolicy import schema
from mailpolicy.joins import position
from mailpolicy.types import Fact, Finding, Rule, Span, Value

IDENTITY: dict[str, tuple[str, ...]] = {
    "listener": ("software", "service", "protocol", "address", "port"),
    "connection": ("software", "account", "protocol", "host", "port"),
    "server": ("software", "host"),
    "setting": ("software", "name"),
    "secret": ("software", "setting"),
    "unread": ("why",),
    "suppression": ("rules", "state"),
    "offer": ("software", "protocol"),
    "mailbox": ("mailbox",),
    "certificate": ("software", "file"),
    "file": (),
}
"""The fields that say which object a fact is about; what fingerprints are made of."""

_ORDER = ("error", "warning", "note")
_SAMPLES = (".sample", ".dist", ".example", ".orig", ".default")


class Candidate:
    """A rule that a fact breaks, before it is known what is reported of it."""

    __slots__ = ("at", "fact", "rule", "severity", "where")

    def __init__(self, rule: Rule, fact: Fact, at: str, where: Span, severity: str) -> None:
        self.rule, self.fact, self.at, self.where, self.severity = rule, fact, at, where, severity


Defaults = Mapping[str, Mapping[str, Value]]


def findings(
    facts: Iterable[Fact], rules: Mapping[str, Rule], known: Mapping[str, Rule], defaults: Defaults
) -> list[Finding]:
    """Findings of ``rules`` over all facts, sorted by position; fingerprints still lack the path.

    ``known`` are all rules: one that is off still silences those that it speaks instead of, else
    turning a rule off would bring up its neighbour.
    """
    by_kind: dict[str, list[Fact]] = {}
    for fact in facts:
        fact = with_defaults(fact, defaults.get(fact.kind, {}))
        by_kind.setdefault(fact.kind, []).append(fact)
    found = [
        candidate
        for rule in {**known, **rules}.values()
        for fact in by_kind.get(rule.subject, ())
        if (candidate := _broken(rule, fact)) is not None
    ]
    return _distinct(map(_finding, _once(c for c in _specific(found) if c.rule.id in rules)))


def with_defaults(fact: Fact, defaults: Mapping[str, Value]) -> Fact:
    """The fact with what holds where its reader says nothing at all; what the reader calls unknown stays so."""
    silent = {name: value for name, value in defaults.items() if name not in fact.origins}
    return fact._replace(values={**silent, **fact.values}) if silent else fact


def _broken(rule: Rule, fact: Fact) -> Candidate | None:
    """The rule speaks about the fact, all it asks is known, and the answer is no.

    ``require`` goes first: it is the shorter one, and most facts keep it.
    """
    if schema.judge(rule.require, fact.values) is not False or schema.judge(rule.when, fact.values) is not True:
        return None
    at, where = blame(rule, fact)
    return None if where is None else Candidate(rule, fact, at, where, severity(rule, fact, at, where.file))


def blame(rule: Rule, fact: Fact) -> tuple[str, Span | None]:
    """The field to blame and its position: the first of ``at`` that a file sets, else the first."""
    for field in rule.at:
        if _set(fact, field):
            return field, position(fact, field)
    return rule.at[0], position(fact, rule.at[0])


def _set(fact: Fact, field: str) -> bool:
    """Whether a file sets the field, besides the place where the thing is declared."""
    return sum(origin.where is not None for origin in fact.origins.get(field, ())) > 1


def severity(rule: Rule, fact: Fact, at: str, path: str) -> str:
    """The grade that the circumstances give; a sample file is never an error."""
    for grade in rule.grades:
        if grade.untouched and _set(fact, at):
            continue
        if schema.judge(grade.when, fact.values) is True:
            found = grade.severity
            break
    else:
        found = rule.severity
    return "warning" if found == "error" and path.endswith(_SAMPLES) else found


def _specific(found: Sequence[Candidate]) -> list[Candidate]:
    """One fault, one finding: a rule that speaks instead of another silences it on the same thing."""
    silenced: set[tuple[str, object]] = set()
    for candidate in found:
        for other in candidate.rule.instead_of:
            silenced.add((other, id(candidate.fact)))
            silenced.add((other, candidate.where))
    return [c for c in found if not {(c.rule.id, id(c.fact)), (c.rule.id, c.where)} & silenced]


def _once(found: Iterable[Candidate]) -> list[Candidate]:
    """What is mended by the same words at the same place of the same thing is one fault: the worst is said."""
    left = list(found)
    first: dict[tuple[int, Span, str], Candidate] = {}
    for candidate in sorted(left, key=lambda c: _ORDER.index(c.severity)):
        first.setdefault((id(candidate.fact), candidate.where, _fix(candidate)), candidate)
    return [c for c in left if not _fix(c) or first[id(c.fact), c.where, _fix(c)] is c]


def _finding(candidate: Candidate) -> Finding:
    rule, fact = candidate.rule, candidate.fact
    return Finding(
        rule=rule.id,
        severity=candidate.severity,
        message=fill(rule.message, fact.values),
        where=candidate.where,
        because=fact.origins.get(candidate.at, ()),
        fix=_fix(candidate),
        fingerprint="\x1f".join([rule.id, *_identity(fact), candidate.at, _word(fact.values.get(candidate.at))]),
    )


def _fix(candidate: Candidate) -> str:
    values, fixes = candidate.fact.values, candidate.rule.fixes
    return fill(fixes.get(str(values.get("software", ""))) or fixes.get("any", ""), values)


def _identity(fact: Fact) -> list[str]:
    return [_word(fact.values.get(name)) for name in IDENTITY[fact.kind]]


def fill(message: str, values: Mapping[str, Value]) -> str:
    """``{field}`` replaced by its value; an unknown one is ``?``."""
    return re.sub(r"\{([a-z]\w*)\}", lambda found: _word(values.get(found[1], "?")), message)


def _word(value: object) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    if value is None:
        return "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _distinct(findings: Iterable[Finding]) -> list[Finding]:
    """Sorted by position; what several sockets share is said once, as severely as for the worst of them."""
    worst = sorted(findings, key=lambda f: _ORDER.index(f.severity))
    found = {(f.rule, f.where, f.message): f for f in reversed(worst)}
    return sorted(found.values(), key=lambda f: (f.where, f.rule, f.message))
