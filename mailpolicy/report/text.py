"""Findings for people: position, message, the line with the wrong text marked, how the value came about, the fix."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from mailpolicy.report import excerpt, wording
from mailpolicy.report.wording import one_line, printable
from mailpolicy.types import Finding, Origin, Report, Span

WIDTH = 100
"""Columns that excerpts and fixes keep within."""

NOTES = 12
"""Notes that are shown before the rest is only counted."""

STEPS = 8
"""Longest chain that is shown whole."""

_GUTTER = 5
_LEAST = 16  # columns below which an excerpt says nothing
_COMMENTS = ("#", "<?", "<!")  # a file's first line, where what is set by no line is declared
_CODES = {"error": "1;31", "warning": "1;33", "note": "1;36", "path": "1", "dim": "2", "fix": "1;32"}


def render(report: Report, color: bool = False) -> str:
    """Findings that are not suppressed, a blank line between them; empty when there are none."""
    alike = groupby(wording.shown(report), key=lambda finding: (finding.where, finding.because, finding.fix))
    return "\n".join(_block(list(findings), report, color) for _, findings in alike)


def summary(report: Report, color: bool = False) -> str:
    """The run in one line, for stderr."""
    numbers = wording.by_severity(report)
    worst = next((severity for severity, number in numbers.items() if number), "fix")
    return f"{_paint(wording.summary(report), 'error' if report.errors else worst, color)}\n"


def asides(report: Report, color: bool = False) -> str:
    """What could not be read and what was not compared, a line each, for stderr."""
    lines = [
        f"{_paint(printable(path), 'path', color)}: {_paint('cannot be judged', 'error', color)}: {one_line(why)}"
        for path, why in report.errors
    ]
    lines += [f"{_paint('note', 'note', color)}: {one_line(note)}" for note in report.notes[:NOTES]]
    if len(report.notes) > NOTES:
        lines.append(f"{_paint('note', 'note', color)}: {len(report.notes) - NOTES} more notes: --format json has all")
    return "".join(f"{line}\n" for line in lines)


def _block(findings: list[Finding], report: Report, color: bool) -> str:
    """Findings that differ in nothing but rule and message share one excerpt."""
    first = findings[0]
    lines = [_headline(finding, color) for finding in findings]
    lines += _excerpt(first, report, color)
    lines += [_aside(text, color) for text in _chain(first, report)]
    lines += _fix(first.fix, color)
    return "".join(f"{line}\n" for line in lines)


def _headline(finding: Finding, color: bool) -> str:
    where = _paint(printable(str(finding.where)), "path", color)
    label = _paint(f"{finding.severity}[{printable(finding.rule)}]", finding.severity, color)
    return f"{where}: {label} {one_line(finding.message)}"


def _excerpt(finding: Finding, report: Report, color: bool) -> list[str]:
    where = finding.where
    line = report.lines.get((where.file, where.line))
    if line is None or not line.strip():
        return []
    text, before, marked = excerpt.window(line, where.column, where.end_column, WIDTH - _GUTTER - 3)
    number = _paint(f"{where.line:>{_GUTTER}} |", "dim", color)
    bar = _paint(f"{'':>{_GUTTER}} |", "dim", color)
    return [f"{number} {text}", f"{bar} {' ' * before}{_paint('^' * marked, finding.severity, color)}"]


def _chain(finding: Finding, report: Report) -> Iterable[str]:
    """One line a step, oldest first."""
    steps = wording.steps(finding)
    for index, origin in enumerate(steps):
        if len(steps) <= STEPS or index < STEPS // 2 or index >= len(steps) - STEPS // 2:
            yield _step(origin, finding.where, report)
        elif index == STEPS // 2:
            yield f"… {wording.count(len(steps) - STEPS, 'step')} more"


def _step(origin: Origin, blamed: Span, report: Report) -> str:
    said = wording.step(origin)
    where = origin.where
    if where is None or (where.file, where.line) == (blamed.file, blamed.line):
        return said
    line = report.lines.get((where.file, where.line), "")
    room = WIDTH - _GUTTER - 5 - len(said)
    if room < _LEAST or line.lstrip().startswith(_COMMENTS):
        return said
    start, length = where.column, where.end_column - where.column
    if len(line) <= 4 * WIDTH:
        start, line = len(" ".join(line[:start].split())), " ".join(line.split())
    text = excerpt.window(line, start, start + length, room)[0].strip()
    return f"{said}: {text}" if text else said


def _fix(fix: str, color: bool) -> list[str]:
    lines = [wrapped for line in fix.splitlines() if line.strip() for wrapped in _wrap(printable(line.rstrip()))]
    if not lines:
        return []
    label = _paint("fix:", "fix", color)
    return [_aside(f"{label} {lines[0].lstrip()}", color), *(f"{'':>{_GUTTER}}        {line}" for line in lines[1:])]


def _wrap(line: str) -> list[str]:
    """A line broken at blanks. One that begins with a blank is configuration to copy, and stays whole."""
    if line[:1].isspace() or len(line) <= WIDTH - _GUTTER - 8:
        return [line]
    lines, at = [""], 0
    for word in line.split():
        if lines[at] and len(lines[at]) + 1 + len(word) > WIDTH - _GUTTER - 8:
            lines.append("")
            at += 1
        lines[at] += f" {word}" if lines[at] else word
    return lines


def _aside(text: str, color: bool) -> str:
    return f"{'':>{_GUTTER}} {_paint('=', 'dim', color)} {text}"


def _paint(text: str, style: str, color: bool) -> str:
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if color else text
