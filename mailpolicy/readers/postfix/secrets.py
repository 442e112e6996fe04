"""Passwords that lie in the tree: password tables and the files that say how to query a database."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.lean import TYPE_CHECKING
from mailpolicy.passwords import secret
from mailpolicy.readers.postfix.lexer import assignment, logical_lines
from mailpolicy.readers.postfix.tables import Files, open_table
from mailpolicy.types import Fact, Span, Unreadable

if TYPE_CHECKING:
    from mailpolicy.readers.postfix.master import Config
    from mailpolicy.readers.postfix.params import View
    from mailpolicy.text import Source

_QUERY = r"\b(?:mysql|pgsql|ldap|mongodb):(/[^\s,}]+)"
_NAMES = frozenset(("password", "bind_pw"))


def facts(config: Config) -> list[Fact]:
    """One ``secret`` for each password, in the order in which it is found."""
    found: dict[Span, Fact] = {}
    for setting, text, where in (*_tables(config), *_queries(config), *_legacy(config)):
        if where not in found:
            version = ".".join(map(str, config.version[:2]))
            fact = secret("postfix", version, config.folder or ".", setting, text, where)
            if fact is not None:
                found[where] = fact
    return list(found.values())


def _views(config: Config) -> list[View]:
    return [config.view(None), *(config.view(service) for service in config.services)]


def _tables(config: Config) -> Iterator[tuple[str, str, Span]]:
    """Passwords of the client's password tables, ``key user:password``."""
    files = Files(config.tree, config.folder)
    done = set()
    sources: dict[str, Source] = {}
    for view in _views(config):
        for setting in ("smtp_sasl_password_maps", "lmtp_sasl_password_maps"):
            kind = view.get("default_database_type").text or "hash"
            delimiter = (view.get(setting.replace("maps", "result_delimiter")).text or ":")[:1]
            for name, span in view.elements(setting):
                if span is None or (name, span) in done:
                    continue
                done.add((name, span))
                table = open_table(name, span, files, kind)
                for entry in table.entries or ():
                    _, found, password = entry.value.partition(delimiter)
                    if entry.where.file not in sources:
                        sources[entry.where.file] = config.tree.source(entry.where.file)
                    where = _within(sources, entry.where, password) if found and password else None
                    if where is not None:
                        yield setting, password, where


def _within(sources: dict[str, Source], where: Span, text: str) -> Span | None:
    """The position of ``text`` in what ``where`` covers: the last one, as the user name stands before it."""
    line = sources[where.file].line(where.line)
    at = line.rfind(text, where.column - 1, max(where.end_column - 1, where.column))
    return where._replace(column=at + 1, end_column=at + 1 + len(text)) if at >= 0 else None


def _queries(config: Config) -> Iterator[tuple[str, str, Span]]:
    """Passwords in the files of mysql:, pgsql: and ldap: tables (mysql_table(5), ldap_table(5))."""
    files = Files(config.tree, config.folder)
    named: dict[str, None] = {}
    for view in _views(config):
        for layer in (view.main, view.overrides):
            for name in layer:
                text = view.get(name).text
                named.update(dict.fromkeys(re.findall(_QUERY, layer[name].raw if text is None else text)))
    for path in named:
        place = files.place(path)
        if place is not None:
            yield from _query(config, place)


def _query(config: Config, path: str) -> Iterator[tuple[str, str, Span]]:
    try:
        text = logical_lines(config.tree.source(path))
    except Unreadable:
        return
    for line in text.lines:
        parsed = assignment(line.text)
        if not isinstance(parsed, str) and parsed.name in _NAMES and parsed.value:
            start = parsed.value_start
            yield parsed.name, parsed.value, line.locate(start, start + len(parsed.value))


def _legacy(config: Config) -> Iterator[tuple[str, str, Span]]:
    """Queries that main.cf itself describes: ``NAME_password``, ``NAME_bind_pw``."""
    for name, written in config.main.items():
        if name.endswith(("_password", "_bind_pw")) and written.raw and written.known:
            yield name, written.raw, written.locate(0, len(written.raw))
