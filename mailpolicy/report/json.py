"""Findings for programs; the form is ``schemas/finding.schema.json``. All positions are 1-based, ends exclusive."""

from __future__ import annotations

import json
import re

from mailpolicy.report.wording import by_severity
from mailpolicy.types import Finding, Origin, Report

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]


def render(report: Report, color: bool = False) -> str:
    """One finding a line. ``color`` has no effect."""
    numbers = by_severity(report)
    document: dict[str, Json] = {
        "version": 1,
        "tool": {"name": "mailpolicy", "version": report.version},
        "findings": [_finding(finding, report) for finding in report.findings],
        "errors": [{"file": path, "why": why} for path, why in report.errors],
        "notes": list(report.notes),
        "summary": {
            "errors": numbers["error"],
            "warnings": numbers["warning"],
            "notes": numbers["note"],
            "suppressed": len(report.findings) - sum(numbers.values()),
            "unreadable": len(report.errors),
            "files": report.files,
            "facts": report.facts,
            "unknown": report.unknown,
        },
    }
    return dumps(document, expand=2)


def _finding(finding: Finding, report: Report) -> Json:
    where = finding.where
    rule = report.rules.get(finding.rule)
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "file": where.file,
        "line": where.line,
        "column": where.column,
        "end_line": where.line,
        "end_column": where.end_column,
        "fingerprint": finding.fingerprint,
        "fix": finding.fix,
        "suppressed": finding.suppressed,
        "origins": [origin_record(origin) for origin in finding.because],
        "sources": list(rule.source) if rule else [],
    }


def origin_record(origin: Origin) -> Json:
    """One step of a chain; a built-in default lies in no file, so its position is null."""
    file, line, column, end_column = origin.where or (None, None, None, None)
    return {
        "how": origin.how,
        "note": origin.note,
        "file": file,
        "line": line,
        "column": column,
        "end_column": end_column,
    }


def dumps(document: Json, expand: int) -> str:
    """JSON in ASCII, indented to a depth of ``expand`` containers and compact below it. Ends with a newline."""
    return f"{_layout(document, expand, 0)}\n"


def _layout(value: Json, expand: int, depth: int) -> str:
    if not value or depth == expand or not isinstance(value, dict | list):
        return _compact(value)
    inner = "\n" + " " * (depth + 1)
    if isinstance(value, list):
        items = [_layout(item, expand, depth + 1) for item in value]
        return f"[{inner}{f',{inner}'.join(items)}{inner[:-1]}]"
    pairs = [f"{_compact(key)}: {_layout(item, expand, depth + 1)}" for key, item in value.items()]
    return f"{{{inner}{f',{inner}'.join(pairs)}{inner[:-1]}}}"


def _compact(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isascii() else re.sub(r"[^\x00-\x7f]", _ascii, text)


def _ascii(match: re.Match[str]) -> str:
    """ASCII, which no terminal or locale can break; a lone surrogate, which strict parsers refuse, becomes U+FFFD."""
    code = ord(match[0])
    if code >= 0x10000:
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return "\\ufffd" if 0xD800 <= code <= 0xDFFF else f"\\u{code:04x}"
