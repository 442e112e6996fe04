"""Stalwart: ``config.toml`` with what it includes, and plans of ``stalwart-cli apply``.

After the sources of Stalwart 0.4 to 0.16 and its UPGRADING notes; not run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailpolicy.readers.stalwart.listeners import facts, sockets
from mailpolicy.readers.stalwart.model import SOFTWARE, load
from mailpolicy.readers.stalwart.outgoing import connections, secrets, server
from mailpolicy.tree import Tree
from mailpolicy.types import Inventory, Version

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = "stalwart/**/*.toml up to 0.15, plans of stalwart-cli apply from 0.16 on"
PROVEN = "Stalwart 0.4 to 0.16: sources; not run"
LIMITS = "bearer tokens in clear; expressions beyond literals; what the web interface keeps in the database"

_OURS = re.compile(
    r"(?:server\.listener|session|queue|remote|imap|storage|store|directory|certificate|include\.files)\."
)
_PLAN = re.compile(r'"object"\s*:\s*"(?:NetworkListener|Mta[A-Z]\w+|Imap|Domain|Account|SystemSettings)"')
_LISTENS = re.compile(r"^\s*(?:\[\s*server\.listener\.|server\.listener\.)", re.MULTILINE)


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself, those named config first, as they include the others."""
    return [(path,) for path in sorted(paths, key=lambda p: ("config" not in p.rpartition("/")[2], paths.index(p)))]


def sniff(text: str) -> bool:
    """Whether a text declares a listener as Stalwart's files or plans do."""
    head = text[:50_000]
    return _LISTENS.search(head) is not None or (_PLAN.search(head) is not None and "NetworkListener" in head)


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The facts of one server. A file of another kind says nothing."""
    path = paths[0]
    config = load(tree, path, version)
    if config.unread and config.unread[0].where[1:] == (1, 1, 2) and not config.settings:
        return Inventory((), config.unread, config.files)
    if not any(map(_OURS.match, config.settings)) and not sniff(tree.source(path).text):
        return Inventory((), (), config.files)
    found, unread = sockets(config)
    made = [*facts(config, found), *connections(config), *secrets(config)]
    if found:
        made.append(server(config))
    return Inventory(tuple(made), (*config.unread, *unread), config.files, config.notes)
