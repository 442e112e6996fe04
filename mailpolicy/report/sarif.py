"""SARIF 2.1.0 for GitHub code scanning and other viewers.

Sources: OASIS SARIF 2.1.0 Plus Errata 01; GitHub documentation, "SARIF support for code scanning".
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote

from mailpolicy.report.json import Json, dumps
from mailpolicy.report.wording import one_line, step, steps
from mailpolicy.types import Finding, Report, Rule, Span

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
TEXT_LIMIT = 1024
"""Characters that GitHub takes of a description."""
RELATED_LIMIT = 100
"""Locations of a result that GitHub shows."""

_SCORES = {"error": "8.0", "warning": "5.5", "note": "2.0"}  # GitHub shows them as high, medium, low
_NOTIFICATIONS = (
    ("not-read", "A file was not read", "Nothing is known of what this file sets. Make it readable, or exclude it."),
    ("not-compared", "Something was not compared", "A part of the check was left out, and so can hold faults."),
)
_ACRONYMS = re.compile(
    r"\b(?:acl|arc|ca|caa|dane|dkim|dmarc|dns|dnssec|expn|ip|imaps?|lmtp|mta|mx|pop3|rfc|rsa|sasl|smtps?|spf|srs|srv"
    r"|ssl|sts|tcp|tlsa?|tlsrpt|url|vrfy)\b"
)


def render(report: Report, color: bool = False) -> str:
    """One run. The same for the same report, wherever it is made. ``color`` has no effect."""
    rules = sorted(report.rules)
    indexes = {name: index for index, name in enumerate(rules)}
    run: dict[str, Json] = {
        "tool": {"driver": _driver(report, rules)},
        "automationDetails": {"id": "mailpolicy/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "the root of the project that was checked"}}},
        "invocations": [_invocation(report)],
        "results": [_result(finding, indexes) for finding in report.findings],
    }
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, expand=4)


def _driver(report: Report, rules: list[str]) -> Json:
    driver: dict[str, Json] = {"name": "mailpolicy", "version": report.version}
    semantic = semantic_version(report.version)
    if semantic:
        driver["semanticVersion"] = semantic
    driver["rules"] = [_rule(report.rules[name]) for name in rules]
    driver["notifications"] = [_notification(*notice) for notice in _NOTIFICATIONS]
    return driver


def _notification(name: str, short: str, full: str) -> Json:
    """GitHub asks of these what it asks of rules."""
    return {
        "id": name,
        "name": pascal_case(name),
        "shortDescription": {"text": short},
        "fullDescription": {"text": full},
        "help": {"text": full},
    }


def pascal_case(name: str) -> str:
    """``submission-without-tls`` is ``SubmissionWithoutTls``."""
    return "".join(part.capitalize() for part in name.split("-"))


def semantic_version(version: str) -> str | None:
    """A Python version as a semantic one, or None where it is none: ``0.2.0rc1`` is ``0.2.0-rc1``."""
    found = re.fullmatch(r"(\d+\.\d+\.\d+)(?:\.?([a-z0-9.]+))?(\+[A-Za-z0-9.]+)?", version)
    if found is None:
        return None
    return f"{found[1]}{f'-{found[2]}' if found[2] else ''}{found[3] or ''}"


def _rule(rule: Rule) -> Json:
    sources = [one_line(source) for source in rule.source]
    rationale, fix = one_line(rule.rationale), one_line(rule.fix)
    plain = [rationale, f"Fix: {fix}" if fix else "", f"Sources: {'; '.join(sources)}" if sources else ""]
    title = title_of(rule.id)
    return {
        "id": rule.id,
        "name": pascal_case(rule.id),
        "shortDescription": {"text": title},
        "fullDescription": {"text": _cut(rationale or title)},
        "help": {"text": "\n\n".join(filter(None, plain)) or title, "markdown": _markdown(rule, title)},
        "defaultConfiguration": {"level": rule.severity},
        "properties": {
            "tags": ["security", "mail", *([rule.group] if rule.group not in ("", "security", "mail") else [])],
            "precision": "high",
            "security-severity": _SCORES[rule.severity],
            "problem.severity": "recommendation" if rule.severity == "note" else rule.severity,
        },
    }


def title_of(rule: str) -> str:
    """A rule's id in words: ``submission-without-tls`` is ``Submission without TLS``."""
    title = _ACRONYMS.sub(lambda match: match[0].upper(), rule.replace("-", " "))
    return title[:1].upper() + title[1:]


def _markdown(rule: Rule, title: str) -> str:
    """Text of rule files is Markdown already."""
    parts = [f"# {title}", rule.rationale.strip()]
    if rule.fix:
        parts.append(f"**Fix:** {rule.fix.strip()}")
    if rule.source:
        parts.append("**Sources**\n\n" + "\n".join(f"- {one_line(source)}" for source in rule.source))
    return "\n\n".join(filter(None, parts))


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else f"{text[: TEXT_LIMIT - 1]}…"


def _result(finding: Finding, indexes: Mapping[str, int]) -> Json:
    message, related = _message(finding)
    result: dict[str, Json] = {
        "ruleId": finding.rule,
        "level": finding.severity,
        "message": {"text": message},
        "locations": [_location(finding.where)],
        "partialFingerprints": {
            "primaryLocationLineHash": finding.fingerprint,
            "mailpolicy/v1": finding.fingerprint,
        },
    }
    if finding.rule in indexes:
        result["ruleIndex"] = indexes[finding.rule]
    if related:
        result["relatedLocations"] = related
    if finding.suppressed is not None:
        reason: Json = {"kind": "inSource", "status": "accepted", "justification": one_line(finding.suppressed)}
        result["suppressions"] = [reason]
    return result


def _message(finding: Finding) -> tuple[str, list[Json]]:
    """Message and related locations. GitHub shows only those locations that the message links to by number."""
    related: list[Json] = []
    numbers: dict[Span, int] = {}
    said = []
    for origin in steps(finding)[:RELATED_LIMIT]:
        words = step(origin)
        if origin.where is None or origin.where == finding.where:
            said.append(words)
            continue
        if origin.where not in numbers:
            numbers[origin.where] = len(numbers) + 1
            related.append({"id": numbers[origin.where], "message": {"text": words}, **_location(origin.where)})
        link_text = re.sub(r"([\\\[\]])", r"\\\1", words)
        said.append(f"[{link_text}]({numbers[origin.where]})")
    parts = [_sentence(one_line(finding.message))]
    if said:
        parts.append(_sentence(f"How the value came about: {'; '.join(said)}"))
    if finding.fix:
        parts.append(_sentence(f"Fix: {one_line(finding.fix)}"))
    return "\n".join(parts), related


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _location(where: Span) -> dict[str, Json]:
    return {
        "physicalLocation": {
            "artifactLocation": artifact(where.file),
            "region": {
                "startLine": where.line,
                "startColumn": where.column,
                "endLine": where.line,
                "endColumn": where.end_column,
            },
        }
    }


@lru_cache
def artifact(path: str) -> dict[str, Json]:
    """Where a file is: below the project's root, relative to %SRCROOT%; beside it, relative; absolute, a file URI."""
    path = posixpath.normpath(path)
    drive = re.match(r"[A-Za-z]:/", path)
    if path.startswith("/") or drive:
        rest = path.lstrip("/")
        return {"uri": f"file:///{rest[:2]}{_quote(rest[2:])}" if drive else f"file:///{_quote(rest)}"}
    if path == ".." or path.startswith("../"):
        return {"uri": _quote(path)}
    return {"uri": _quote(path), "uriBaseId": "%SRCROOT%"}


def _quote(path: str) -> str:
    """Percent-encoded bytes of a path; those that are not UTF-8 come back as they were."""
    try:
        return quote(path.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return quote(path.encode("utf-8", "replace"))


def _invocation(report: Report) -> Json:
    failed: list[Json] = [
        {
            "level": "error",
            "descriptor": {"id": "not-read", "index": 0},
            "message": {"text": one_line(f"{path}: {why}")},
            "locations": [{"physicalLocation": {"artifactLocation": artifact(path)}}],
        }
        for path, why in report.errors
    ]
    notes: list[Json] = [
        {"level": "note", "descriptor": {"id": "not-compared", "index": 1}, "message": {"text": one_line(note)}}
        for note in report.notes
    ]
    return {"executionSuccessful": not report.errors, "toolExecutionNotifications": failed + notes}
