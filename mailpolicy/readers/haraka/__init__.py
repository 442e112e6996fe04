"""Haraka: a folder ``config`` with smtp.ini, plugins and the files beside them.

After the sources of Haraka 2.8.28 to 3.3.4 with haraka-plugin-relay, and what 3.1.6 and 3.3.4 on Node.js 20 do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailpolicy.readers.haraka.folder import SOFTWARE, Folder, load
from mailpolicy.readers.haraka.listeners import facts, sockets
from mailpolicy.readers.haraka.outgoing import connections, secrets
from mailpolicy.readers.haraka.server import server, settings
from mailpolicy.tree import Tree
from mailpolicy.types import Inventory, Version

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = "config/*.ini, config/plugins and the lists beside them"
PROVEN = "Haraka 3.1.6 and 3.3.4, run with the same files; older ones from their sources"
LIMITS = "plug-ins of one's own"

_SMTP = re.compile(r"^\s*(?:listen\s*=\s*\S*:\d+|smtps_port\s*=|inactivity_timeout\s*=|nodes\s*=)", re.MULTILINE)
_KNOWN = re.compile(r"(?:tls|relay|rcpt_to\.\S+|mail_from\.\S+|queue/\S+|auth/\S+|queue\.\S+)")


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """The files of one folder together."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(path.rpartition("/")[0], []).append(path)
    return [tuple(group) for group in folders.values()]


def sniff(text: str) -> bool:
    """Never by content alone: each file says too little."""
    return False


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The facts of one folder. A folder that is not Haraka's says nothing."""
    folder = load(tree, paths, version)
    fatal = tuple(unread for unread in folder.unread if unread.fatal)
    if not _is_ours(tree, folder):
        return Inventory((), fatal if "haraka" in folder.path.lower() else (), folder.files)
    found, unread = sockets(folder) if _listens(folder) else ([], [])
    made = [*facts(folder, found), *connections(folder), *secrets(folder), *settings(folder)]
    if found:
        made.append(server(folder))
    return Inventory(tuple(made), (*folder.unread, *unread), folder.files)


def _listens(folder: Folder) -> bool:
    """Whether the folder says where: by smtp.ini, or by a list of plugins without one."""
    return "smtp.ini" in folder.inis or folder.plugins is not None


def _is_ours(tree: Tree, folder: Folder) -> bool:
    """Haraka by the folder's name, by plugins with its names, or by settings that smtp.ini alone has."""
    if "haraka" in folder.path.lower() or any(_KNOWN.fullmatch(word.text) for word in folder.plugins or ()):
        return True
    smtp = folder.inis.get("smtp.ini")
    path = next((file for file in folder.files if "smtp.ini" in file.rpartition("/")[2][:8]), None)
    return smtp is not None and path is not None and _SMTP.search(tree.source(path).text) is not None
