"""The name of a mailbox, the same for every client that reads it."""

from __future__ import annotations

import re

_ROLE = r"(?:imaps?4?|pops?3?|pop3s|e?mail\d*|mx\d*|in|incoming|ssl0?)\.(?=[^.]+\.)"
"""First labels of hosts that tell the service and not the provider: one provider has imap. and pop."""
_SAME = {"googlemail.com": "gmail.com"}


def mailbox(user: str, host: str) -> str:
    """The mailbox that ``user`` reads at ``host``, as user@domain: the user itself where it is an address."""
    user = user.lower()
    return user if "@" in user else f"{user}@{provider(host)}"


def provider(host: str) -> str:
    """What the hosts of one provider have in common: two providers may both know a user by the same address."""
    name = re.sub(rf"\A{_ROLE}", "", host.lower().rstrip("."))
    return _SAME.get(name, name)
