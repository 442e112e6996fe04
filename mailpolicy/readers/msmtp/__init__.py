"""msmtp, an SMTP client: ``~/.msmtprc``, ``msmtp/config``, ``/etc/msmtprc``.

After msmtp(1) of 1.8.23 and 1.8.28 and what the program was seen to do.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailpolicy import account_inventory
from mailpolicy.readers.msmtp.connections import PROGRAM, SOFTWARE
from mailpolicy.readers.msmtp.syntax import DIALECT
from mailpolicy.tree import Tree
from mailpolicy.types import Inventory, Version

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = ".msmtprc, msmtp/config, msmtprc"
PROVEN = "msmtp 1.8.23 and 1.8.28, run with the same files; up to 1.8.33 from its source"
LIMITS = "what eval prints unless it is a plain echo; key rings and .netrc"

_TELLING = frozenset({"account", "host", "tls", "tls_starttls", "auth", "passwordeval", "tls_trust_file"})


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself: accounts of the system's file are not completed by the user's."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether the first lines are all msmtp's (or a template's), with a host and two more telling commands."""
    return account_inventory.sniff(text, DIALECT, _TELLING, 3)


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The accounts of one file as connections, and its passwords."""
    return account_inventory.inventory(tree, paths[0], version, PROGRAM)
