"""Traefik: ``traefik.yml`` or ``.toml`` and the files of its file provider, for the mail that passes through it.

After pkg/config, pkg/server/router/tcp and pkg/tls of Traefik 2.11 and 3.7, and its documentation. A TCP router ends
TLS, passes it through, or passes on clear text; labels of containers are not read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from mailpolicy.fronts import Program, facts, protocol
from mailpolicy.strict_yaml import Node, YamlError
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version

SOFTWARE = "traefik"
FILES = "traefik.yml, traefik.toml, the files of its file provider: TCP routers"
PROVEN = "Traefik 2.11 and 3.7: documentation and source; not run"
LIMITS = "labels of containers"
NEWEST = (3, 7)
_RELEVANT = re.compile(r"entrypoints|hostsni|loadbalancer", re.IGNORECASE)
_MAIL = re.compile(r":(25|465|587|143|993|110|995|4190|smtps?|submissions?|imaps?|pop3s?)\b")
_FOREIGN = re.compile(r"^(?:apiVersion:|services:|- (?:name|hosts):)|^[ \t]+labels:", re.MULTILINE)
_TEMPLATE = re.compile(r"\{\{|\{%")


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """All files of one Traefik: those below one folder of its name, or else in one folder."""
    found: dict[str, list[str]] = {}
    for path in paths:
        found.setdefault(_home(path), []).append(path)
    return [tuple(sorted(files, key=_is_dynamic)) for files in found.values()]


def _is_dynamic(path: str) -> bool:
    return not posixpath.basename(path).startswith("traefik")


def _home(path: str) -> str:
    parts = posixpath.dirname(path).split("/")
    named = next((index for index, part in enumerate(parts) if "traefik" in part), len(parts) - 1)
    return "/".join(parts[: named + 1])


def sniff(text: str) -> bool:
    """Whether entry points with addresses, or TCP routers by HostSNI, are declared."""
    head = text[:100_000]
    if _FOREIGN.search(head):
        return False
    entries = re.search(r"^\[?entryPoints\b", head, re.MULTILINE | re.IGNORECASE)
    return bool(entries and "address" in head) or ("HostSNI(" in head and "routers" in head)


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The mail sockets of one Traefik. None of it carries mail: nothing is said."""
    from mailpolicy.readers.traefik.model import build
    from mailpolicy.readers.traefik.sockets import fronts

    documents: list[Node] = []
    files: list[str] = []
    unread: list[Unread] = []
    notes: list[str] = []
    for path in paths:
        try:
            source = tree.source(path)
            if _RELEVANT.search(source.text):
                files.append(path)
                documents.append(_document(source))
        except YamlError as problem:
            if not _MAIL.search(source.text) or _FOREIGN.search(source.text):
                continue
            if _TEMPLATE.search(source.text):
                notes.append(f"{problem.where}: a template that is not read")
            else:
                unread.append(Unread(problem.where, str(problem), True))
        except Unreadable as problem:
            unread.append(Unread(Span(path, 1, 1, 2), str(problem), True))
    numbers = version.numbers if version else NEWEST
    program = Program(SOFTWARE, ".".join(map(str, numbers)), paths[0])
    made: list[Fact] = []
    for front, routers in fronts(build(documents), numbers):
        if protocol(front) is None:
            continue
        made += facts(front, program)
        unread += [Unread(*router.fault) for router in routers if router.fault]
    return Inventory(tuple(made), tuple(dict.fromkeys(unread)), tuple(files), tuple(notes))


def _document(source: Source) -> Node:
    """A file as nodes. Raises YamlError."""
    if re.search(r"\.toml(?:\.\w+)?$", source.path):
        from mailpolicy import toml_positions

        return toml_positions.load(source)
    from mailpolicy import strict_yaml

    return strict_yaml.load(source)
