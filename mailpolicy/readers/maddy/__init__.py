"""Maddy: maddy.conf of 0.5 to 0.9, and of Madmail as far as it is the same.

After the sources of 0.5.0 to 0.9.4, whose own parser was seen to find the same blocks. The server was not run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailpolicy.facts import begun
from mailpolicy.foreign import is_foreign
from mailpolicy.readers.maddy import connections, listeners
from mailpolicy.readers.maddy.model import NEWEST, SOFTWARE, Config, flag, is_fork, model, reachable, sets
from mailpolicy.readers.maddy.syntax import Loaded, Node, Refused, load
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = "maddy.conf and what it imports; of Madmail what it shares"
PROVEN = "Maddy 0.5 to 0.9.4: documentation and source; not run"
LIMITS = "modules beyond the ones it ships"

_NO_BARE_NEWLINE = (0, 7, 1)
"""Built with go-smtp 0.20.2; elder ones end a message at a dot between bare newlines."""
_ENDPOINT = re.compile(r"^(?:smtp|submission|lmtp|imap)[ \t]+(?:tcp|tls|unix)://", re.MULTILINE)
_BLOCK = re.compile(
    r"^(?:auth|storage|target|table|msgpipeline|tls|check)(?:\.[a-z_.]+)?[ \t]+\w[^\n{]*\{", re.MULTILINE
)


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself; what it imports is read with it."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether endpoints of Maddy stand at the start of lines."""
    return _ENDPOINT.search(text) is not None


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """Listeners, servers that mail is passed to, and passwords of one maddy.conf."""
    path = paths[0]
    try:
        text = tree.source(path).text
        loaded = load(tree, path)
    except Unreadable as problem:
        return Inventory((), (Unread(Span(path, 1, 1, 2), str(problem), True),), (path,))
    if not (_ENDPOINT.search(text) or _BLOCK.search(text) or any(_is_ours(node) for node in loaded.nodes)):
        if is_foreign(text):
            note = f"{path}: begins like a file of another program, not of Maddy"
            return Inventory((), (), loaded.files, (note,))
        why = "is no maddy.conf: no line holds an endpoint or a block of Maddy"
        return Inventory((), (Unread(tree.source(path).start(), why, True),), loaded.files)
    numbers = version.numbers if version else NEWEST
    notes = [f"{where}: what stands here is not known: no such file is here, or a template fills it in"
             for where in loaded.outside]  # fmt: skip
    found = connections.secrets(loaded.nodes, path, ".".join(map(str, numbers)))
    if loaded.unread:
        return Inventory(tuple(found), loaded.unread, loaded.files, (*notes, _stopped(path)))
    try:
        made = _facts(tree, model(loaded, path, numbers))
    except Refused as problem:
        unread = (Unread(problem.where, f"Maddy refuses this: {problem}"),)
        return Inventory(tuple(found), unread, loaded.files, (*notes, _stopped(path)))
    return Inventory((*made, *found), (), loaded.files, (*notes, *_notes(loaded, path)))


def _stopped(path: str) -> str:
    return f"{path}: Maddy does not start with this configuration; no listener is stated"


def _is_ours(node: Node) -> bool:
    name = node.name.text
    return name in listeners.MAIL or name.startswith(("auth.", "storage.", "target.", "table."))


def _notes(loaded: Loaded, path: str) -> list[str]:
    notes = []
    if is_fork(loaded.nodes):
        notes.append(f"{path}: has endpoints of Madmail, a fork of Maddy; only what both have is read")
    if not any(node.name.text in listeners.MAIL for node in loaded.nodes):
        notes.append(f"{path}: has no endpoint of mail; what other files do with it is not known")
    return notes


def _facts(tree: Tree, config: Config) -> tuple[Fact, ...]:
    if not any(node.name.text in listeners.MAIL for node in config.nodes):
        return ()
    used = reachable(config)
    heard = listeners.facts(config)
    return (*heard, *connections.facts(config, used), _server(tree, config, heard))


def _server(tree: Tree, config: Config, heard: list[Fact]) -> Fact:
    """Settings of the whole instance. VRFY tells nothing, and the greeting has no version (go-smtp 0.15 to 0.21)."""
    draft = begun("server", tree.source(config.path).start(), SOFTWARE, config.release, config.path)
    builtin = (config.builtin(),)
    host = config.top("hostname")
    if host is not None and host.args and host.first.known:
        draft.put("host", host.first.text, sets(host.first.where))
    public = any(f.values.get("role") == "mx" and f.values.get("scope") not in ("loopback", None) for f in heard)
    draft.put("public_mx", public)
    draft.put("vrfy", False, builtin)
    draft.put("banner_version", False, builtin)
    draft.put("smuggling_protection", config.version >= _NO_BARE_NEWLINE[: len(config.version)], builtin)
    draft.put("tls_logged", True, builtin)
    logged = [flag(node, "io_debug", False, builtin[0]) for node in config.nodes if node.name.text in listeners.MAIL]
    worst = next((f for f in logged if f.value), None) or next((f for f in logged if f.value is None), logged[0])
    draft.maybe("passwords_logged", worst.value, worst.told)
    return draft.fact()
