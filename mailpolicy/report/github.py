"""GitHub Actions annotations: workflow commands that the runner reads from the log.

Source: GitHub documentation, "Workflow commands for GitHub Actions". A step shows ten annotations of each kind, so
the worst come first.
"""

from __future__ import annotations

from mailpolicy.report.wording import SEVERITIES, one_line, printable, shown
from mailpolicy.types import Finding, Report

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(report: Report, color: bool = False) -> str:
    """Paths that could not be read, findings by severity, then notes. ``color`` has no effect; empty when clean."""
    out = [_command("error", {"file": path, "title": "not read"}, one_line(why)) for path, why in report.errors]
    findings = sorted(shown(report), key=lambda finding: SEVERITIES.index(finding.severity))
    out += map(_annotation, findings)
    out += [_command("notice", {"title": "mailpolicy"}, one_line(note)) for note in report.notes]
    return "".join(f"{line}\n" for line in out)


def _annotation(finding: Finding) -> str:
    where = finding.where
    properties = {
        "file": where.file,
        "line": str(where.line),
        "endLine": str(where.line),
        "col": str(where.column),
        "endColumn": str(where.end_column),
        "title": finding.rule,
    }
    message = one_line(finding.message)
    fix = one_line(finding.fix)
    return _command(_COMMANDS[finding.severity], properties, f"{message}\nfix: {fix}" if fix else message)


def _command(name: str, properties: dict[str, str], message: str) -> str:
    parts = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {parts}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")
