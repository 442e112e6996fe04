"""Mail providers whose hosts refuse plain account passwords."""

from __future__ import annotations

_OAUTH2 = frozenset({
    "imap.gmail.com", "imap.googlemail.com", "pop.gmail.com", "pop.googlemail.com", "smtp.gmail.com",
    "smtp.googlemail.com", "outlook.office365.com", "smtp.office365.com", "imap-mail.outlook.com",
    "pop-mail.outlook.com", "smtp-mail.outlook.com", "smtp.outlook.com", "imap.mail.me.com", "smtp.mail.me.com",
})  # fmt: skip


def wants_oauth2(host: str) -> bool:
    """Whether a host takes OAuth 2 or application passwords only."""
    return host.lower().rstrip(".") in _OAUTH2
