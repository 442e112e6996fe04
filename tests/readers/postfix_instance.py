"""A Postfix instance in memory, for tests of single parts of the reader."""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.readers.postfix.lexer import logical_lines
from mailpolicy.readers.postfix.master import Config, services, settings
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Origin, Unread

MASTER = """\
smtp      inet  n       -       n       -       -       smtpd
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
lmtp      unix  -       -       n       -       -       lmtp
error     unix  -       -       n       -       -       error
"""
BASE = """\
compatibility_level = 3.6
myhostname = mail.example.org
mydestination = $myhostname, localhost
"""


def instance(
    main: str,
    files: Mapping[str, str] | None = None,
    master: str = MASTER,
    version: tuple[int, ...] = (3, 7),
    base: str = BASE,
) -> Config:
    """The instance whose main.cf is ``base`` and ``main``; ``files`` lie beside it."""
    texts = {"etc/postfix/main.cf": base + main, "etc/postfix/master.cf": master}
    texts |= {f"etc/postfix/{name}": text for name, text in (files or {}).items()}
    tree = Memory(texts)
    unread: list[Unread] = []
    written, _ = settings(logical_lines(tree.source("etc/postfix/main.cf")), unread)
    entries, _ = services(logical_lines(tree.source("etc/postfix/master.cf")), unread)
    return Config(
        tree, "etc/postfix", written, tuple(entries), version, unread, "etc/postfix/main.cf", "etc/postfix/master.cf",
        False, {},
    )  # fmt: skip


def text_at(config: Config, origin: Origin) -> str:
    """The text that a finding would show, or the note of a default."""
    if origin.where is None:
        return origin.note
    line = config.tree.source(origin.where.file).line(origin.where.line)
    return line[origin.where.column - 1 : origin.where.end_column - 1]


def blamed(config: Config, fact: Fact, field: str) -> str:
    """The text that a finding on a field would show."""
    where = [origin for origin in fact.origins[field] if origin.where is not None]
    return text_at(config, where[-1])
