"""Words that the formats share, and text made safe to show."""

from __future__ import annotations

import re

from mailpolicy.types import Finding, Origin, Report

SEVERITIES = ("error", "warning", "note")
"""Worst first."""

_PASSIVE = {"sets": "set", "overrides": "overridden", "implies": "implied"}
_UNSAFE = (
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e01ef]"
)
"""Control, bidirectional and invisible characters, and bytes of a path that are not UTF-8 (surrogates)."""


def escape(match: re.Match[str]) -> str:
    """One character as Python would write it: ``\\x1b``, ``\\u202e``."""
    code = ord(match[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printable(text: str) -> str:
    """Text in which no character can move the cursor, change its direction, or hide."""
    return text if text.isascii() and text.isprintable() else re.sub(_UNSAFE, escape, text)


def one_line(text: str) -> str:
    """Words of a rule or a reader on one line, safe to show."""
    return printable(" ".join(text.split()))


def count(number: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def shown(report: Report) -> list[Finding]:
    """Findings that no comment suppresses."""
    return [finding for finding in report.findings if finding.suppressed is None]


def by_severity(report: Report) -> dict[str, int]:
    """How many findings of each severity are not suppressed."""
    numbers = dict.fromkeys(SEVERITIES, 0)
    for finding in shown(report):
        numbers[finding.severity] += 1
    return numbers


def step(origin: Origin) -> str:
    """What one origin did, in words."""
    note = one_line(origin.note)
    where = printable(str(origin.where)) if origin.where else ""
    if origin.how == "default":
        said = f"default of {note}" if note else "built-in default"
        return f"{said}, at {where}" if where else said
    if origin.how == "declares":
        said = f"declared at {where}" if where else "declared"
    else:
        said = f"{where} {origin.how} it" if where else f"{_PASSIVE[origin.how]} by the program"
    return f"{said} ({note})" if note else said


def steps(finding: Finding) -> tuple[Origin, ...]:
    """The chain as far as it says more than the finding's own position does."""
    told = tuple(o for o in finding.because if not (o.how == "declares" and o.where == finding.where))
    return () if len(told) == 1 and told[0].where == finding.where and not told[0].note else told


def summary(report: Report) -> str:
    """The run in one line."""
    numbers = by_severity(report)
    total = sum(numbers.values())
    parts = [count(number, severity) for severity, number in numbers.items() if number]
    said = f"{count(total, 'finding')} ({', '.join(parts)})" if total else "no findings"
    said = f"{said} in {count(report.files, 'file')}"
    if report.errors:
        said += f"; {count(len(report.errors), 'path')} could not be read"
    if report.unknown:
        said += f"; {count(report.unknown, 'value')} unknown"
    suppressed = len(report.findings) - total
    return f"{said}; {suppressed} suppressed" if suppressed else said
