"""OpenSMTPD: smtpd.conf of 5.9 to 7.6, in the grammar before 6.4 (accept, reject) and the one since (match, action).

After parse.y, ruleset.c and to.c of 5.9.2, 6.0.3, 6.8.0 and 7.6.0, and what 6.8.0p2 and 7.6.0p1 of Debian do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailpolicy.facts import Draft
from mailpolicy.foreign import is_foreign
from mailpolicy.readers.opensmtpd import connections, listeners
from mailpolicy.readers.opensmtpd.loader import load
from mailpolicy.readers.opensmtpd.model import Config
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Span, Unread, Unreadable, Version

SOFTWARE = listeners.SOFTWARE
FILES = "smtpd.conf, both grammars"
PROVEN = "OpenSMTPD 6.8 and 7.6, run with the same files"
LIMITS = "tables in databases"

_SASL = re.compile(r"^[ \t]*[a-z_]+[ \t]*:(?![:/])", re.MULTILINE)
_LISTEN = re.compile(r"^[ \t]*listen[ \t]+on[ \t]+\S", re.MULTILINE)
_RULE = re.compile(
    r"^[ \t]*(?:match\b.*\b(?:action|reject)\b|(?:accept|reject)[ \t]+(?:from|for|tagged|sender)\b"
    r"|action[ \t]+\S+[ \t]+(?:relay|maildir|mbox|lmtp|mda|forward-only|expand-only)\b)",
    re.MULTILINE,
)


def sniff(text: str) -> bool:
    """Whether a text is a configuration of OpenSMTPD."""
    return _LISTEN.search(text) is not None and _RULE.search(text) is not None and not _SASL.search(text)


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself; what it includes is read with it."""
    return [(path,) for path in paths]


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """Listeners, relay hosts and passwords of one smtpd.conf."""
    path = paths[0]
    try:
        text = tree.source(path).text
        if _SASL.search(text) and not _LISTEN.search(text) and not _RULE.search(text):
            note = f"{path}: is a configuration of Cyrus SASL, not of OpenSMTPD; it is not checked"
            return Inventory((), (), (path,), (note,))
        if is_foreign(text) and not _LISTEN.search(text):
            return Inventory((), (), (path,), (f"{path}: begins like a file of another program, not of OpenSMTPD",))
        config = load(tree, path, version)
    except Unreadable as problem:
        return Inventory((), (Unread(Span(path, 1, 1, 2), str(problem), True),), (path,))
    if config.refused and not (_LISTEN.search(text) or _RULE.search(text) or config.tables or config.pkis):
        why = "is not an smtpd.conf: no line holds a statement of OpenSMTPD"
        return Inventory((), (Unread(config.refused[0].where, why, True),), (path,))
    linux = listeners.on_linux(path)
    refused = config.refused or listeners.clashes(config, linux)
    notes = [f"{where}: what stands here is not known: no file of this name is here, or a template fills it in"
             for where in dict.fromkeys(config.outside)]  # fmt: skip
    found: list[Fact] = []
    if refused:
        notes.append(f"{path}: smtpd does not start with this configuration; no listener is stated")
    else:
        found += listeners.facts(config, path, linux)
        found += connections.facts(config, path)
        found.append(_server(config, path, tree, found))
        notes += _notes(config, path)
    found += connections.secrets(config, path)
    files = tuple(dict.fromkeys([*config.files, *config.table_files]))
    return Inventory(tuple(found), tuple(dict.fromkeys(refused)), files, tuple(notes))


def _notes(config: Config, path: str) -> list[str]:
    notes = []
    if not config.listens:
        notes.append(f"{path}: no listen line stands here: smtpd takes mail of this host's own programs alone")
    used = {id(rule.action) for rule in config.rules}
    for action in config.actions.values():
        if id(action) not in used:
            notes.append(f"{action.where}: no rule uses the action {action.name}")
    files = {table.file for table in config.tables.values() if table.kind == "unknown" and table.file}
    notes += [f"{path}: {file} is not here; what this table holds is not known" for file in sorted(files)]
    return notes


def _server(config: Config, path: str, tree: Tree, heard: list[Fact]) -> Fact:
    """Settings of the whole instance. VRFY and EXPN are unknown to smtpd, and its greeting has no version."""
    draft = Draft("server", tree.source(path).line_span(1))
    builtin = (Origin("default", None, config.program),)
    draft.put("software", SOFTWARE)
    draft.put("version", config.version)
    draft.put("instance", path)
    public = any(f.values.get("role") == "mx" and f.values.get("scope") not in ("loopback", None) for f in heard)
    draft.put("public_mx", public)
    draft.put("vrfy", False, builtin)
    draft.put("banner_version", False, builtin)
    draft.put("tls_logged", True, builtin)
    return draft.fact()
