"""Passwords that stand in a configuration: what is one, and the fact of it."""

from __future__ import annotations

import re

from mailpolicy.facts import Draft
from mailpolicy.types import Fact, Origin, Span

_PLACEHOLDER = (
    r"\$\{?[A-Za-z_][\w.]*\}?|\$\(.*|<[^<>]*>|__\w+__|@\w+@|[xX*.]+|%\(\w+\)s|%%?\w+%%?|%[A-Za-z]"
    r"|YOUR[-_][A-Z_-]+|(?i:your(?:[-_ ][a-z0-9]+){2,8})"
    r"|(?i:redacted|removed|hidden|unused|todo|fixme|tbd)|.*(?:\{\{|\{%|<%|\$\{|\$\().*"
)
_WELL_KNOWN = (
    r"(?i)(?:change[-_]?me|password|passwd|passw0rd|pass|secret|supersecret|letmein|test|admin|root|mail|mailserver|postfix"
    r"|dovecot|mysql|12345+6*|(?:my|your|mail|mysql)[-_]?password)!?"
)
_ECHOED = re.compile(r"""(?:echo|printf)\s+(?:-n\s+)?(['"]?)(?P<secret>[^\s'"$`|;&\\<>()%]+)\1\s*""")


def echoed(command: str) -> re.Match[str] | None:
    """The group ``secret`` of a shell command that only echoes it: the password stands in the file all the same."""
    return _ECHOED.fullmatch(command)


def is_placeholder(text: str) -> bool:
    """Whether a text only stands where a password will be filled in, or was taken out."""
    return re.fullmatch(_PLACEHOLDER, text) is not None


def is_well_known(text: str) -> bool:
    """Whether a password is one that everybody tries first."""
    return re.fullmatch(_WELL_KNOWN, text.strip("\"'")) is not None


def secret(software: str, version: str, instance: str, setting: str, text: str, where: Span) -> Fact | None:
    """The ``secret`` fact of a password at ``where``; None for a placeholder or nothing."""
    if not text or is_placeholder(text):
        return None
    draft = Draft("secret", where)
    draft.put("software", software)
    if version:
        draft.put("version", version)
    draft.put("instance", instance)
    draft.put("setting", setting)
    draft.put("storage", "literal", (Origin("sets", where),))
    draft.put("default", is_well_known(text), (Origin("sets", where),))
    return draft.fact()


def echoed_secret(software: str, version: str, instance: str, setting: str, command: str, where: Span) -> Fact | None:
    """The ``secret`` fact of a password that a command at ``where`` only echoes; None for any other command."""
    found = echoed(command)
    if found is None:
        return None
    begin, end = (where.column + at for at in found.span("secret"))
    narrow = where._replace(column=begin, end_column=end) if end <= where.end_column else where
    return secret(software, version, instance, setting, found["secret"], narrow)
