"""Services of compose and stack files with all that sets variables for them: ``environment``, ``env_file``, ``.env``.

After compose-go 2: what ``environment`` sets goes before files, a later file before an earlier one, variables come from
``.env`` beside. Merge keys are followed; ``extends`` is not.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from mailpolicy.composed import FILES, OVERRIDES
from mailpolicy.envfile import Setting, parse
from mailpolicy.lean import TYPE_CHECKING, NamedTuple
from mailpolicy.readers.environment.places import NAME, Place, filled, setting
from mailpolicy.strict_yaml import merged
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Span, Unreadable

if TYPE_CHECKING:
    from mailpolicy.strict_yaml import Node


class Service(NamedTuple):
    """A service in one file."""

    items: Mapping[str, Node]
    source: Source
    where: Span


class Files(NamedTuple):
    """Files beside a compose file, parsed when they are first asked for."""

    tree: Tree
    folder: str
    read: dict[str, dict[str, Setting] | None]

    def variables(self, name: str) -> dict[str, Setting] | None:
        """The settings of a file; None where it is not in the tree."""
        path = posixpath.normpath(posixpath.join(self.folder, name))
        if path not in self.read:
            try:
                self.read[path] = dict(parse(self.tree.source(path)).settings)
            except Unreadable:
                self.read[path] = None
        return self.read[path]


def overriding(tree: Tree, path: str) -> str | None:
    """The file beside that compose merges into this one."""
    folder, name = posixpath.split(path)
    names = tree.names(folder) if name in FILES else ()
    first = next((one for one in FILES if one in names), None)
    found = next((one for one in OVERRIDES if one in names), None)
    return posixpath.join(folder, found) if found and first == name else None


def services(top: Node, source: Source) -> dict[str, Service]:
    """The services of a file."""
    return {
        key: Service(merged(node), source, node.key or node.where)
        for key, node in merged(top.items.get("services") if top.items else None).items()
        if node.items is not None
    }


def places(files: Files, declared: list[dict[str, Service]]) -> list[Place]:
    """The places of all services; later files add to earlier ones."""
    beside = files.variables(".env") or {}
    names = dict.fromkeys(key for one in declared for key in one)
    return [_place(files, key, [one[key] for one in declared if key in one], beside) for key in names]


def _place(files: Files, name: str, parts: list[Service], beside: Mapping[str, Setting]) -> Place:
    variables: dict[str, Setting] = {}
    complete = True
    image = ""
    for part in parts:
        complete = complete and "extends" not in part.items
        for listed in _listed(part.items.get("env_file"), beside, part.source):
            found = files.variables(listed) if listed else None
            complete = complete and found is not None
            variables |= found or {}
    for part in parts:
        own = of_node(part.items.get("environment"), part.source)
        variables |= {key: filled(one, beside) for key, one in own.items()}
        if "image" in part.items:
            image = filled(setting("image", part.items["image"], part.source), beside).value or image
    return Place(name, image, parts[0].where, variables, complete)


def _listed(node: Node | None, beside: Mapping[str, Setting], source: Source) -> list[str | None]:
    """The files of variables; None for one whose name is not known."""
    found: list[str | None] = []
    for entry in (node.entries or (node,)) if node is not None else ():
        inner = merged(entry).get("path") if entry.items is not None else entry
        if inner is not None and inner.scalar is not None:
            found.append(filled(setting("path", inner, source), beside).value)
    return found


def of_node(node: Node | None, source: Source) -> dict[str, Setting]:
    """Variables of a mapping, or of a list of ``NAME=value`` or of name and value."""
    found: dict[str, Setting] = {}
    for name, inner in merged(node).items():
        if NAME.match(name) and inner.items is None and inner.entries is None:
            found[name] = setting(name, inner, source)
    for entry in (node.entries or ()) if node is not None else ():
        if entry.items is not None:
            found |= _named(merged(entry), source)
            continue
        name, sign, value = str(entry.scalar).partition("=")
        if NAME.match(name.strip()):
            text = value if sign else None
            found[name.strip()] = (
                setting(name.strip(), entry, source, len(name) + 1, text) if sign else Setting(name, None, entry.where)
            )
    return found


def _named(items: Mapping[str, Node], source: Source) -> dict[str, Setting]:
    """One variable as Kubernetes writes it; what ``valueFrom`` names is unknown."""
    name = items.get("name")
    if name is None or not isinstance(name.scalar, str) or not NAME.match(name.scalar):
        return {}
    value = items.get("value")
    if value is None and "valueFrom" not in items:
        return {name.scalar: Setting(name.scalar, "", name.where)}
    return {name.scalar: setting(name.scalar, value, source) if value else Setting(name.scalar, None, name.where)}
