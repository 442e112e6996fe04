"""Service names to ports: a table of our own, so that results do not depend on the machine's /etc/services."""

from __future__ import annotations

SERVICES = {
    "smtp": 25, "mail": 25, "urd": 465, "smtps": 465, "ssmtp": 465, "submissions": 465,
    "submission": 587, "pop3": 110, "pop-3": 110, "pop3s": 995, "imap": 143, "imap2": 143,
    "imaps": 993, "lmtp": 24, "sieve": 4190, "qmqp": 628, "nntp": 119, "http": 80, "https": 443,
    "ldap": 389, "ldaps": 636,
}  # fmt: skip
"""IANA names and the aliases of Debian's netbase 6.4; lmtp by habit (RFC 2033 names no port)."""
PROTOCOLS = {
    25: "smtp", 465: "smtp", 587: "smtp", 2525: "smtp", 143: "imap", 993: "imap", 110: "pop3", 995: "pop3",
    4190: "managesieve",
}  # fmt: skip
"""What a proxy passes on, by the port; 2525 by habit."""


def port_number(name: str) -> int | None:
    """The port that a number or service name means, or None."""
    if name.isdecimal() and name.isascii():
        number = int(name)
        return number if 0 < number < 65536 else None
    return SERVICES.get(name.lower())
