"""Lines as reports may show them: without the values of passwords, tokens and keys."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailpolicy.types import Fact, Span

_HARMLESS = "eval|cmd|command|file|path|maps?|query|scheme|format|tool|store|prompt|verifiers?|policy|rounds|env|attr"
_VALUE = (
    r"""(?P<value> \$\{[^}\s]*\} | "(?:[^"\\\n]|\\.)*"? | '(?:[^'\\\n]|\\.)*'? | `[^`'\n]*['`]? | [^\s,;<>"'`)\]}]+ )"""
)
_NAMED = rf"""(?ix)
    (?: (?<!auth[ ]) (?:password|passwd|passphrase|secret|token|api_?key|dnpass|bind_?pw)
        (?! [\w-]{{0,20}}? (?:{_HARMLESS}) ) [\w-]{{0,40}}
        (?: ["'`\])]{{0,3}} \s* (?: => | := | [=:] ) \s* | \s+ | ["'`] \s* , \s* (?=["'`]) | > \s* | </key>\s*<string> )
      | ^ \s* pass \s+ | (?<![a-z]) pass \s+ (?=["'])
      | (?: pass | pwd | (?<![a-z]) pw ) ["'`\])]{{0,3}} \s* (?: => | := | [=:] ) \s*
      | (?<![\w/.-]) (?:/\S{{0,40}}/)? (?:echo|printf) ["']? ,? \s+ (?:-n\s+)?
      | ["'`] [PI] : (?=[^"'`\n]+["'`])
    ) {_VALUE}"""
_LOGIN = r"""(?ix) ^ \s* (?: -{0,2} (?:proxy-|socks5-)? user \b | -[uU] ) \s* [=:]? \s* ["']?
    (?!\d+:\d) [^\s:"'/]+ : (?P<value> [^\s"'] [^"'\n]* )"""
"""curl's name and password."""
_HOST = r"""(?ix) (?:host\w{0,20}|server|url|uri|dsn|address|addr|relay) ["'`\])]{0,3} \s* (?: => | [=:] ) \s* ["'`]?
    [^\s:/"'@]+ : (?!//) (?P<value> [^\s"'<>]+ ) (?=@)"""
"""A login before the host, without a scheme."""
_DSN = (
    r"""(?i)[a-z][a-z0-9+.-]{0,20}://[^\s:/"'<>]*:(?P<value>(?!\d{1,5}(?:[/?#"',;\s]|$))(?:(?!://)[^\s"'<>])+)(?=@)"""
)
_PLAIN = (
    r"""(?ix) ["'`]? (?: \$\{ [\w.]+ (?::?\?[^}]*)? \} | \$ [\w.]+ | \$\( .* | % [a-z] | %\{? \w+ %? \}?"""
    r" | @\w+@ | __\w+__ | <[^<>]*> | \{\{ .* | \{% .* | <% .* | \*+ | yes | no | true | false | none | null"
    r" | required | optional"
    r" | (?: eval | file | cmd | command | show | is | from | for )"
    r" | [\w.]*env[\w.]*[(\[].*"
    r" | (?:proxy:)? (?: hash|lmdb|btree|cdb|texthash|regexp|pcre|ldap|mysql|pgsql|sqlite|file ) : /? .* )"
    r"""["'`]? \Z"""
)
"""Values that stand for something else, and words that are none."""
_HINTS = ("pass", "secret", "token", "key", "pw", "echo", "printf", '"p:', '"i:')


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
    lower = line.lower()
    if any(hint in lower for hint in _HINTS):
        line = re.sub(_NAMED, _starred, line)
    if "user" in lower or "-u" in lower:
        line = re.sub(_LOGIN, _starred, line)
    if "@" in line:
        line = re.sub(_HOST, _starred, line)
        line = re.sub(_DSN, _starred, line)
    for span in secrets:
        start, end = span.column - 1, span.end_column - 1
        line = line[:start] + "*" * len(line[start:end]) + line[end:]
    return line


def _starred(found: re.Match[str]) -> str:
    if re.match(_PLAIN, found["value"]):
        return found[0]
    start = found.start("value") - found.start()
    return found[0][:start] + "*" * len(found["value"])
