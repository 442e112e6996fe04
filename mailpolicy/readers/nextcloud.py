"""Nextcloud and ownCloud: ``config.php`` and the ``*.config.php`` beside it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from mailpolicy.applications.nextcloud import NEWEST, OWN, SOFTWARE, STREAM, facts
from mailpolicy.envfile import KEPT, Setting
from mailpolicy.lean import TYPE_CHECKING
from mailpolicy.settings import Settings
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Inventory, Span, Unread, Unreadable, Version

if TYPE_CHECKING:
    from mailpolicy.php_literals import PhpValue

FILES = "config.php, *.config.php"
PROVEN = "30, read in source; Symfony Mailer 5.4, run as Nextcloud opens it; up to 25 by documentation"
LIMITS = "the environment, calls of PHP"
_TELLING = re.compile(r"['\"](?:mail_smtp\w+|mail_domain|trusted_domains|datadirectory|overwrite\.cli\.url)['\"]")


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """The files of one folder: config.php, and those that override it in the order of their names."""
    found: dict[str, list[str]] = {}
    for path in paths:
        found.setdefault(posixpath.dirname(path), []).append(path)
    return [tuple(sorted(files, key=lambda path: (not _is_main(path), path))) for files in found.values()]


def _is_main(path: str) -> bool:
    return posixpath.basename(path).startswith("config.php")


def sniff(text: str) -> bool:
    """Whether settings of Nextcloud stand in a PHP file, be it in comments."""
    names = set(_TELLING.findall(text))
    return len(names) > 2 or ("$CONFIG" in text and bool(names))


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The session for mail and its password."""
    from mailpolicy import php_values

    settings: dict[str, Setting] = {}
    unread: list[Unread] = []
    start: Span | None = None
    shown: PhpValue | None = None
    for path in paths:
        try:
            source = tree.source(path)
        except Unreadable as problem:
            unread.append(Unread(Span(path, 1, 1, 2), str(problem), True))
            continue
        parsed = php_values.parse(source)
        unread += parsed.unread
        start = start or source.start()
        config = parsed.variables.get("CONFIG")
        shown = (config.get("version") if config else None) or shown
        for one in _settings(source, config) if config else ():
            settings[one.name] = one
    numbers = ".".join(map(str, version.numbers if version else NEWEST))
    if version is None and shown is not None and re.fullmatch(r"\d+(\.\d+){1,3}", shown.text() or ""):
        numbers = shown.text() or numbers
    found = facts(Settings(SOFTWARE, numbers, paths[0], start, settings)) if start else []
    return Inventory(tuple(found), tuple(unread), paths)


def _settings(source: Source, config: PhpValue) -> Iterator[Setting]:
    for name in OWN:
        value = config.get(name)
        if value is None:
            continue
        if value.items is None:
            text = value.text()
            yield Setting(name, text, value.where if text else value.key or value.where)
            line = source.line(value.where.line)[value.where.column - 1 : value.where.end_column - 1]
            if text is None and re.match(r"getenv\(|\$_ENV|\$_SERVER", line):
                yield Setting(name + KEPT, "environment", value.where)
        ssl = value.get("ssl") if value.items is not None else None
        for key, inner in ((ssl.items or {}) if ssl else {}).items():
            yield Setting(STREAM + key, inner.text(), inner.where)
