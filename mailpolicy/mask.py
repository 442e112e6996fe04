"""Lines as reports may show them: without the values of passwords, tokens and keys."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailpolicy.types import Fact, Span

_SECRET = r"""(?ix)
    (?P<name> \b[\w.-]*(?:password|passwd|passphrase|secret|token|api_?key|dnpass|bind_pw)(?!eval|cmd|command)[\w-]*
            | ^\s*pass | \bpass(?=["']?\s*[=:]) )
    (?P<sep> ["']?\s*[=:]\s* | \s+ | >\s* )
    (?P<value> "[^"\n]*" | '[^'\n]*' | [^\s,;<>"']+ )"""
_HARMLESS = (
    r"(?ix) ["
    r"'\"]? (?: [$%<{}/] | yes\b | no\b | true\b | false\b | none\b | (?:proxy:)? \w+ : / | [a-z_-]* maps? \b"
    r" | password- | eval\b | file\b | command\b | cmd\b )"
)
_DSN = r"(?i)(?P<head>[a-z][a-z0-9+.-]*://[^\s:/@]*:)(?P<value>[^\s@/]+)(?=@)"
_HINTS = ("pass", "secret", "token", "key", "bind_pw")


def spans(facts: Iterable[Fact]) -> dict[tuple[str, int], list[Span]]:
    """Where secrets stand, by file and line."""
    found: dict[tuple[str, int], list[Span]] = {}
    for fact in facts:
        if fact.kind != "secret":
            continue
        for origin in fact.origins.get("storage", ()):
            if origin.where is not None and origin.how != "declares":
                found.setdefault((origin.where.file, origin.where.line), []).append(origin.where)
    return found


def mask(line: str, secrets: Iterable[Span] = ()) -> str:
    """The line with each secret as stars of the same length, so that columns stay right."""
    for span in secrets:
        start, end = span.column - 1, span.end_column - 1
        line = line[:start] + "*" * len(line[start:end]) + line[end:]
    lower = line.lower()
    if any(hint in lower for hint in _HINTS):
        line = re.sub(_SECRET, _starred, line)
    return re.sub(_DSN, _starred_login, line) if "://" in line else line


def _starred_login(found: re.Match[str]) -> str:
    return found["head"] + "*" * len(found["value"])


def _starred(found: re.Match[str]) -> str:
    if re.match(_HARMLESS, found["value"]):
        return found[0]
    return found["name"] + found["sep"] + "*" * len(found["value"])
