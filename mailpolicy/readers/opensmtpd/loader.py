"""From files to a Config: which grammar, includes, and what smtpd refuses."""

from __future__ import annotations

import re

from mailpolicy.passwords import is_placeholder
from mailpolicy.readers.opensmtpd import elder, modern
from mailpolicy.readers.opensmtpd.cursor import DOS, Cursor
from mailpolicy.readers.opensmtpd.model import Config, Refused
from mailpolicy.tree import Tree
from mailpolicy.types import Span, Unread, Unreadable, Version

NEWEST = (7, 6)
LAST_ELDER = (6, 0)
CHANGED = (6, 4)
_KEY_SIZE = 32
_ELDER = re.compile(r"^\s*(?:accept|reject)\b", re.MULTILINE)
_MODERN = re.compile(r"^\s*(?:match|action)\b", re.MULTILINE)


def load(tree: Tree, path: str, version: Version | None) -> Config:
    """Everything that a file and its includes say. Raises Unreadable for the file itself."""
    text = tree.source(path).text
    if version is not None:
        numbers = version.numbers
    else:
        numbers = LAST_ELDER if _ELDER.search(text) and not _MODERN.search(text) else NEWEST
    config = Config(numbers, numbers < CHANGED)
    words = elder.WORDS if config.elder else modern.words(numbers)
    cursor = Cursor(tree, path, config, words)
    statement = elder.statement if config.elder else modern.statement
    while cursor.peek().kind != "end":
        if cursor.newlines():
            continue
        try:
            if cursor.accept("include"):
                _include(cursor)
                continue
            statement(cursor)
            if cursor.peek().kind not in ("newline", "end"):
                raise cursor.unexpected()
        except Refused as fault:
            if DOS in str(fault) and any(DOS in before.why for before in config.refused):
                cursor.skip_line()  # said once
                continue
            config.refused.append(Unread(fault.where, f"smtpd refuses this: {fault}"))
            cursor.skip_line()
    first = tree.source(path)
    where = first.line_span(1) if text.strip() else Span(path, 1, 1, 2)
    config.refused += _incomplete(config)
    if not config.rules and not config.outside and not config.refused:
        config.refused.append(Unread(where, "smtpd refuses this: no rule stands here, so that there is nothing to do"))
    return config


def _incomplete(config: Config) -> list[Unread]:
    """What smtpd looks at in the end: keys (crypto_setup), certificates without one (load_pki_tree)."""
    found = []
    for setting, key in config.keys:
        asked = key.text.lower() in ("stdin", "-") or is_placeholder(key.text) or not key.known
        if setting.startswith("queue") and not asked and len(key.text.encode()) != _KEY_SIZE:
            found.append(
                Unread(key.where, f"smtpd refuses this: the key of the queue must have {_KEY_SIZE} characters")
            )
    for pki in [] if config.outside else config.pkis.values():
        for word, what in (("cert", "certificate"), ("key", "key")):
            if word not in pki.files:
                found.append(Unread(pki.where, f"smtpd refuses this: pki {pki.name} has no {what}"))
    return found


def _include(cursor: Cursor) -> None:
    name = cursor.string()
    if cursor.peek().kind not in ("newline", "end"):
        raise cursor.unexpected()
    path = cursor.placed(name.text) if name.known else None
    if path is None or not cursor.tree.exists(path):
        cursor.config.outside.append(name.where)
        return
    if path in [open_path for open_path, _, _ in cursor.stack] or len(cursor.config.files) > 200:
        raise Refused(name.where, "this include leads back to a file that includes it")
    try:
        cursor.push(path)
    except Unreadable as problem:
        raise Refused(name.where, f"{name.text} {problem}") from None
    cursor.ahead = None
