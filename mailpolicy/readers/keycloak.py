"""Keycloak: realms as JSON or YAML, exported or for keycloak-config-cli."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mailpolicy.applications.keycloak import NEWEST, SOFTWARE, facts
from mailpolicy.envfile import KEPT, Setting
from mailpolicy.lean import TYPE_CHECKING
from mailpolicy.settings import Settings
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unreadable, Version, unreadable

if TYPE_CHECKING:
    from mailpolicy.strict_yaml import Node
    from mailpolicy.template_yaml import Document

FILES = "realms: .json and .yaml files with keycloak or realm in their name or folder"
PROVEN = "26, read in source; Jakarta Mail 2.0, run as Keycloak opens it"
LIMITS = "the trust store of the server and its policy on host names"
_TELLING = re.compile(r"^[ \t{\[,]*\"?smtpServer\"?[ \t]*:[ \t]*(?:\{\s*[\"\w]|[ \t\r]*\n[ \t]*[\"\w])", re.MULTILINE)
_KEPT = re.compile(r"\$\{vault\.[^}]*\}|\$\(env:[^)]*\)|\$\{(?:env\.)?\w+(?::[^}]*)?\}|\$\(file:[^)]*\)")


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file is an import of its own."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether a realm has a mail server."""
    return "smtpServer" in text and _TELLING.search(text) is not None


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The session of each realm, and its password."""
    from mailpolicy import template_yaml

    path = paths[0]
    try:
        document = template_yaml.read(tree.source(path))
    except Unreadable as problem:
        where = getattr(problem, "where", None) or Span(path, 1, 1, 2)
        return unreadable(paths, str(problem), where)
    numbers = ".".join(map(str, version.numbers if version else NEWEST))
    found: list[Fact] = []
    for realm in _realms(document.top):
        found += _facts(document, realm, numbers)
    notes = () if found else (f"{path}: holds no realm with a mail server",)
    return Inventory(tuple(found), (), paths, notes)


def _realms(top: Node) -> Iterator[Node]:
    """The realm of a file, or all in a list of them, or the one in a resource for Kubernetes."""
    for node in top.entries if top.entries is not None else (top,):
        items = node.items or {}
        if "smtpServer" in items:
            yield node
        elif "realm" in (inner := (items["spec"].items or {}) if "spec" in items else {}):
            yield inner["realm"]


def _facts(document: Document, realm: Node, numbers: str) -> list[Fact]:
    items = realm.items or {}
    server = items.get("smtpServer")
    if server is None or not server.items:
        return []
    settings: dict[str, Setting] = {}
    for name, node in server.items.items():
        one = document.setting(name, node)
        text = document.source.line(one.where.line)[one.where.column - 1 : one.where.end_column - 1]
        found = _KEPT.fullmatch(text)
        if found:
            kept = "file" if text.startswith(("${vault", "$(file")) else "environment"
            settings[name + KEPT] = Setting(name + KEPT, kept, one.where)
        settings[name] = one._replace(value=None) if found or "$(" in text else one
    named = items.get("realm") or items.get("id")
    if named is not None:
        settings["realm"] = document.setting("realm", named)
    start = server.key or server.where
    return facts(Settings(SOFTWARE, numbers, document.source.path, start, settings))
