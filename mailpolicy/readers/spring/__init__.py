"""Spring Boot: ``spring.mail`` in ``application.properties`` and ``application.yml``, and those of profiles."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from mailpolicy.applications.spring import NEWEST, PASSWORDS, PREFIX, SOFTWARE, configured
from mailpolicy.applications.words import secrets
from mailpolicy.envfile import Setting
from mailpolicy.readers.spring.documents import Layer, layers
from mailpolicy.settings import Settings
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version

FILES = "application*.properties, application*.yml, bootstrap*.yml"
PROVEN = "Spring Boot 2.7 to 4.1 and Angus Mail 1.0 to 2.0.5, read in source; Jakarta Mail 2.0, run"
LIMITS = "sessions from JNDI and those that Java code makes; spring.config.import; names of several profiles at once"
_TELLING = re.compile(r"^[ \t]*[\"']?spring\.mail(?:[.:\[=]|[\"']?[ \t]*$)", re.MULTILINE | re.IGNORECASE)
_SPRING = re.compile(r"^spring:[ \t\r]*(?:#.*)?$", re.MULTILINE)
_MAIL = re.compile(r"^[ \t]+[\"']?mail(?:\.[\w.-]+)?[\"']?:", re.MULTILINE)
_NAME = re.compile(r"(?P<kind>application|bootstrap)(?:[-_](?P<profile>[\w-]+))?\.(?P<form>properties|ya?ml)")


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """The files of one folder, those that others override first."""
    found: dict[str, list[str]] = {}
    for path in paths:
        found.setdefault(posixpath.dirname(path), []).append(path)
    return [tuple(sorted(files, key=_rank)) for files in found.values()]


def _rank(path: str) -> tuple[bool, bool, bool, str]:
    name = _NAME.match(posixpath.basename(path))
    if name is None:
        return True, True, True, path
    return bool(name["profile"]), name["kind"] == "application", name["form"] == "properties", path


def sniff(text: str) -> bool:
    """Whether ``spring.mail`` is set, be it in a tree."""
    return _TELLING.search(text) is not None or (_SPRING.search(text) is not None and _MAIL.search(text) is not None)


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The session of each profile that says something about mail, and of none; and the passwords."""
    held: list[Layer] = []
    unread: list[Unread] = []
    paths = _all(tree, paths)
    for path in paths:
        name = _NAME.match(posixpath.basename(path))
        try:
            held += layers(tree.source(path), (name["profile"] if name else None) or "")
        except Unreadable as problem:
            where = getattr(problem, "where", None) or Span(path, 1, 1, 2)
            unread.append(Unread(where, str(problem), True))
    numbers = ".".join(map(str, version.numbers if version else NEWEST))
    made: list[Fact] = []
    for profile, settings in _profiles(held):
        start = next(iter(settings.values())).where
        instance = start.file
        made += configured(Settings(SOFTWARE, numbers, instance, start, settings), profile or "spring.mail")
    for layer in held:
        if layer.settings:
            one = Settings(SOFTWARE, numbers, layer.path, Span(layer.path, 1, 1, 2), layer.settings)
            made += secrets(one, *PASSWORDS)
    return Inventory(tuple(made), tuple(unread), paths, () if made or unread else tuple(_notes(paths, held)))


def _all(tree: Tree, paths: tuple[str, ...]) -> tuple[str, ...]:
    """The files with those of their folder that Spring reads too, though their texts say nothing about mail."""
    folder = posixpath.dirname(paths[0])
    beside = (posixpath.join(folder, name) for name in tree.names(folder) if _NAME.fullmatch(name))
    return tuple(sorted({*paths, *beside}, key=_rank))


def _profiles(held: list[Layer]) -> Iterator[tuple[str, Mapping[str, Setting]]]:
    """The settings of each profile over those that hold without one; those that say nothing on mail are left out."""
    base = [layer for layer in held if not layer.profile]
    names = dict.fromkeys(layer.profile for layer in held)
    for name in sorted(names, key=bool):
        own = [layer for layer in held if name and layer.profile == name]
        if not any(layer.settings for layer in (own if name else base)):
            continue
        merged: dict[str, Setting] = {}
        for layer in (*base, *own):
            for key in layer.settings:
                merged.pop(f"{key}@", None)
            merged.update(layer.settings)
        yield name, merged


def _notes(paths: Sequence[str], held: list[Layer]) -> Iterator[str]:
    if any(f"{PREFIX}jndi-name" in layer.settings for layer in held):
        yield f"{paths[0]}: its session comes from JNDI, which is not followed"
    else:
        yield f"{paths[0]}: sets no host for spring.mail"
