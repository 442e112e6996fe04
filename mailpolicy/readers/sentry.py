"""Sentry, self-hosted: ``config.yml`` and ``sentry.conf.py`` beside it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

from mailpolicy.applications.sentry import NEWEST, OWN, SOFTWARE, facts
from mailpolicy.envfile import KEPT, Setting
from mailpolicy.settings import Settings
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Inventory, Span, Unread, Unreadable, Version

FILES = "config.yml and sentry.conf.py"
PROVEN = "24, read in source; Django 3.2, run as Sentry opens it; Django 4.2, read in source"
LIMITS = "expressions and conditions of Python, options kept in the database"
_YAML = re.compile(
    r"^#?[ \t]*[\"']?(?:mail\.(?:host|port|backend|use-tls|use-ssl|username|from)|system\.secret-key)[\"']?:",
    re.MULTILINE,
)
_PYTHON = re.compile(r"^from sentry\.conf\.server import|^SENTRY_OPTIONS\b", re.MULTILINE)
_OPTION = re.compile(
    r"^(?P<indent>[ \t]*)(?:SENTRY_OPTIONS\[[\"'](?P<option>mail\.[a-z-]+)[\"']\]|(?P<old>EMAIL_[A-Z_]+))"
    r"[ \t]*=[ \t]*(?!=)(?P<value>[^\n]*)",
    re.MULTILINE,
)
_OLD = {"EMAIL_HOST": "mail.host", "EMAIL_PORT": "mail.port", "EMAIL_HOST_USER": "mail.username", "EMAIL_USE_SSL":
        "mail.use-ssl", "EMAIL_HOST_PASSWORD": "mail.password", "EMAIL_USE_TLS": "mail.use-tls",
        "EMAIL_BACKEND": "mail.backend"}  # fmt: skip
_LITERAL = re.compile(r"[ru]?(?:'(?P<one>[^'\\\n]*)'|\"(?P<two>[^\"\\\n]*)\")|(?P<bare>True|False|None|\d+)")
_REST = re.compile(r"[ \t\r]*(?:#.*)?$")


_BOTH = ("sentry.conf.py", "config.yml")


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """The files of one folder, ``sentry.conf.py`` first, and apart from them those with ``example`` in their name."""
    found: dict[tuple[str, bool], list[str]] = {}
    for path in paths:
        folder, name = posixpath.split(path)
        found.setdefault((folder, "example" in name), []).append(path)
    return [tuple(sorted(files, key=lambda path: not path.endswith(".py"))) for files in found.values()]


def sniff(text: str) -> bool:
    """Whether options of Sentry begin lines, or Python takes over its defaults."""
    return len(set(_YAML.findall(text))) > 1 or _PYTHON.search(text) is not None


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The session for mail and its password: what ``config.yml`` sets goes before ``sentry.conf.py``."""
    settings: dict[str, Setting] = {}
    unread: list[Unread] = []
    start: Span | None = None
    paths = _all(tree, paths)
    for path in paths:
        try:
            source = tree.source(path)
            found = _python(source) if re.search(r"\.py(\.|$)", path) else _yaml(source)
            start = start or source.start()
            for name in found:
                settings.pop(name + KEPT, None)
            settings.update(found)
        except Unreadable as problem:
            unread.append(Unread(getattr(problem, "where", None) or Span(path, 1, 1, 2), str(problem), True))
    numbers = ".".join(map(str, version.numbers if version else NEWEST))
    made = facts(Settings(SOFTWARE, numbers, paths[0], start, settings)) if start else []
    return Inventory(tuple(made), tuple(unread), paths)


def _all(tree: Tree, paths: tuple[str, ...]) -> tuple[str, ...]:
    """The files with those of their folder that Sentry reads too, though their names or texts did not tell."""
    folder = posixpath.dirname(paths[0])
    beside = [posixpath.join(folder, name) for name in _BOTH if name in tree.names(folder)]
    if not any(path in beside for path in paths):
        return paths
    return tuple(dict.fromkeys((*beside, *paths)))


def _yaml(source: Source) -> Mapping[str, Setting]:
    """The options of ``config.yml``. Raises YamlError."""
    from mailpolicy import template_yaml

    document = template_yaml.read(source)
    items = document.top.items or {}
    return {name: document.setting(name, node) for name, node in items.items() if name in OWN}


def _python(source: Source) -> Mapping[str, Setting]:
    """The options that ``sentry.conf.py`` assigns; one in an indented block holds perhaps."""
    found: dict[str, Setting] = {}
    for match in _OPTION.finditer(source.text):
        name = match["option"] or _OLD.get(match["old"], "")
        if name not in OWN:
            continue
        text, at = match["value"], match.start("value")
        where = source.span(at, at + len(text.rstrip())) if text.strip() else source.span(match.start(), match.end())
        literal = _LITERAL.match(text)
        found.pop(name + KEPT, None)
        if literal is None or not _REST.match(text, literal.end()):
            found[name] = Setting(name, None, where)
            if re.match(r"os\.(environ|getenv)|env\(", text):
                found[name + KEPT] = Setting(name + KEPT, "environment", where)
            continue
        group = literal.lastgroup or "bare"
        value = "" if literal[group] == "None" else literal[group]
        start, end = literal.span(group)
        where = source.span(at + start, at + end) if end > start else where
        found[name] = Setting(name, None if match["indent"] else value, where)
    return found
