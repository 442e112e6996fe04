"""One mailbox has one name, whichever host and protocol its clients use."""

from __future__ import annotations

import pytest

from mailpolicy.mailboxes import mailbox


@pytest.mark.parametrize(
    ("user", "host", "expected"),
    [
        ("Alice@Example.org", "imap.provider.net", "alice@example.org"),
        ("alice", "imap.example.org", "alice@example.org"),
        ("alice", "pop.example.org.", "alice@example.org"),
        ("alice", "pop3s.example.org", "alice@example.org"),
        ("alice", "mail.example.org", "alice@example.org"),
        ("alice", "mail.org", "alice@mail.org"),
        ("alice", "imap", "alice@imap"),
        ("alice", "192.0.2.1", "alice@192.0.2.1"),
        ("alice", "mailing.example.org", "alice@mailing.example.org"),
    ],
)
def test_mailbox(user: str, host: str, expected: str) -> None:
    assert mailbox(user, host) == expected
