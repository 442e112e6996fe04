"""Files of other programs that bear the name of mail software, such as ``dovecot.conf`` of fail2ban, monit, rsyslog."""

from __future__ import annotations

import re

_LINES = 200
_BEGINS = (
    r"\[(?:Definition|INCLUDES|Init|DEFAULT|Unit|Service|Install|Socket|program:[^\]]*|Thread)\]\s*$"
    r"|check\s+(?:process|host|file|program)\b|if\s+\$|[:$&]|@(?:version:|include\b|define\b|module\b)"
    r"|(?:module|template|input|action)\(|</?[A-Za-z?!]|/"
    r"|-?(?:auth|account|password|session)\s+(?:required|requisite|sufficient|optional|include|substack|\[)"
    r"|[ugmrdDLfzZ]!?\s+[\w/.-]+(?:\s+[-\w/.:\"]+)*\s*$"
)
"""fail2ban, systemd, supervisor; monit; rsyslog; syslog-ng; XML, Apache; logrotate; PAM; sysusers.d and tmpfiles.d."""


def is_foreign(text: str) -> bool:
    """Whether a text begins like a file of one of those programs, or is a script. A template begins anyhow."""
    if text.startswith("#!"):
        return True
    lines = (line.strip() for line in text.split("\n", _LINES)[:_LINES])
    first = next((line for line in lines if line and not line.startswith(("#", ";"))), "")
    return re.match(_BEGINS, first) is not None and not first.startswith(("{{", "{%", "<%"))
