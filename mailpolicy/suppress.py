"""Suppression comments held against findings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from mailpolicy.facts import Draft
from mailpolicy.text import Ignore
from mailpolicy.types import Fact, Finding, Origin


def apply(findings: Iterable[Finding], comments: Sequence[Ignore], today: str) -> list[Finding]:
    """The findings, those that a valid comment covers with its reason. ``today`` is an ISO date."""
    valid: dict[str, list[Ignore]] = {}
    for comment in comments:
        if _valid(comment, today):
            valid.setdefault(comment.where.file, []).append(comment)
    return [_suppressed(finding, valid.get(finding.where.file, ())) for finding in findings]


def _suppressed(finding: Finding, comments: Iterable[Ignore]) -> Finding:
    for comment in comments:
        if covers(comment, finding):
            return finding._replace(suppressed=comment.reason)
    return finding


def covers(comment: Ignore, finding: Finding) -> bool:
    """Whether a comment speaks of this finding."""
    line = finding.where.line
    return (
        comment.where.file == finding.where.file
        and comment.first <= line <= comment.last
        and finding.rule in comment.rules
    )


def _is_date(text: str) -> bool:
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _valid(comment: Ignore, today: str) -> bool:
    return comment.wellformed and bool(comment.reason) and (comment.until is None or today <= comment.until)


def facts(comments: Iterable[Ignore], findings: Sequence[Finding], rules: Collection[str], today: str) -> list[Fact]:
    """One fact for each comment: what became of it. ``rules`` are all known rule ids."""
    return [_fact(comment, findings, rules, today) for comment in comments]


def _fact(comment: Ignore, findings: Sequence[Finding], rules: Collection[str], today: str) -> Fact:
    draft = Draft("suppression", comment.where)
    state = _state(comment, findings, rules, today)
    draft.put("state", state, [Origin("sets", comment.where)])
    draft.put("rules", ", ".join(comment.rules))
    draft.put("until", comment.until or "")
    draft.put("reason", comment.reason)
    return draft.fact()


def _state(comment: Ignore, findings: Sequence[Finding], rules: Collection[str], today: str) -> str:
    """An unparseable day counts as malformed, never as without end."""
    if not comment.wellformed or not comment.reason or (comment.until is not None and not _is_date(comment.until)):
        return "malformed"
    if any(rule not in rules for rule in comment.rules):
        return "unknown-rule"
    if comment.until is not None and comment.until < today:
        return "expired"
    hit = {finding.rule for finding in findings if covers(comment, finding)}
    return "used" if hit >= set(comment.rules) else "unused"
