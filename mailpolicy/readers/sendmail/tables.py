"""Files that a configuration names: access, authinfo and the files of classes, as makemap and sendmail read them."""

from __future__ import annotations

import posixpath
import re

from mailpolicy.readers.sendmail.model import Config, Entry, Table, Word
from mailpolicy.text import Source
from mailpolicy.tree import place
from mailpolicy.types import Span, Unreadable

_FILE = re.compile(r"(?:^|\s)(/[^\s'`]+)")
_ENTRY = re.compile(r"(\S+)[ \t]+(\S[^\n]*)")


def placed(config: Config, name: str) -> str | None:
    """Where a file that is named lies in the tree; None when it is outside of it."""
    folder = posixpath.dirname(config.path)
    if name.startswith("/"):
        return place(name, "/etc/mail", folder or ".")
    return posixpath.normpath(posixpath.join(folder, name)) if name else None


def entries(source: Source) -> tuple[Entry, ...]:
    """The lines of a table's text (makemap(8)): ``#`` begins a comment at the start of a line."""
    found = []
    for number in range(1, len(source.starts) + 1):
        line = source.line(number)
        match = _ENTRY.match(line)
        if match is None or line.startswith("#"):
            continue
        value = match[2].rstrip()
        start = match.start(2) + 1
        found.append(
            Entry(
                match[1].lower(),
                value,
                Span(source.path, number, 1, match.end(1) + 1),
                Span(source.path, number, start, start + len(value)),
            )
        )
    return tuple(found)


def table(config: Config, name: str, default: str) -> Table | None:
    """The map of a feature or of a K line; None when there is none."""
    if name not in config.tables:
        config.tables[name] = _table(config, name, default)
    return config.tables[name]


def _table(config: Config, name: str, default: str) -> Table | None:
    feature = config.features.get(f"{name}_db" if name == "access" else name)
    spec, where = "", None
    if name in config.maps:
        spec, where = config.maps[name].text, config.maps[name].whole()
    elif feature is not None:
        where = feature.where
        spec = feature.args[0].text if feature.args else ""
    else:
        return None
    if not spec.strip():
        spec = default
    file = _FILE.search(spec)
    text = file[1].removesuffix(".db") if file else ""
    path = placed(config, text) if text else None
    if path is None or not config.tree.exists(path):
        return Table(name, where, None, text, {})
    try:
        found = entries(config.tree.source(path))
    except Unreadable:
        return Table(name, where, None, text, {})
    if path not in config.files:
        config.files.append(path)
    return Table(name, where, found, text, {entry.key: entry for entry in reversed(found)})


def class_words(config: Config, name: str) -> list[Word]:
    """The words of a class. A file of it that is not here has none: most need not be there."""
    words = list(config.classes.get(name, ()))
    for file in config.class_files.get(name, ()):
        path = placed(config, file)
        try:
            source = config.tree.source(path) if path is not None else None
        except Unreadable:
            source = None
        if source is None or path is None:
            continue
        if path not in config.files:
            config.files.append(path)
        for number in range(1, len(source.starts) + 1):
            line = source.line(number).partition("#")[0]
            words += [Word(m[0], Span(path, number, m.start() + 1, m.end() + 1)) for m in re.finditer(r"\S+", line)]
    return words
