"""Containers of Kubernetes manifests, and other YAML with an ``env``: Helm values, files of Discourse's launcher."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from mailpolicy.envfile import Setting
from mailpolicy.lean import TYPE_CHECKING, NamedTuple
from mailpolicy.readers.environment.compose import of_node
from mailpolicy.readers.environment.places import Place, setting
from mailpolicy.strict_yaml import merged
from mailpolicy.text import Source

if TYPE_CHECKING:
    from mailpolicy.strict_yaml import Node

_DEEPEST = 40
_LAUNCHER = frozenset(("templates", "docker_args", "hooks", "params"))
"""Keys of the files of Discourse's launcher, whose ``env`` is all that its container gets."""
_ENV = re.compile(r"(?i)(?:extra|additional|common|default)?_?env(?:ironment|vars?)?(?:_?variables)?\Z")


class Maps(NamedTuple):
    """ConfigMaps and Secrets of a file by kind and name, and those that a container has taken."""

    found: Mapping[tuple[str, str], dict[str, Setting]]
    taken: set[tuple[str, str]]


def places(tops: Iterable[Node], source: Source, adds: bool) -> list[Place]:
    """The containers of all documents, then ConfigMaps that no container here takes."""
    listed = [items for top in tops for items in _objects(top)]
    maps = Maps({key: data for items in listed for key, data in _map(items, source)}, set())
    made = [
        _container(container, source, maps, adds, f"{_text(items.get('kind'))}/{_name(items)}")
        for items in listed
        if _text(items.get("kind")) not in ("ConfigMap", "Secret")
        for container in _containers(items, 0)
    ]
    return [*made, *_left(listed, maps, source)]


def _objects(top: Node) -> Iterator[Mapping[str, Node]]:
    """The objects of a document; those of a List one by one."""
    items = merged(top)
    inner = items.get("items")
    if inner is not None and inner.entries is not None and _text(items.get("kind")).endswith("List"):
        yield from (merged(entry) for entry in inner.entries)
    elif "kind" in items:
        yield items


def _map(items: Mapping[str, Node], source: Source) -> Iterator[tuple[tuple[str, str], dict[str, Setting]]]:
    kind = _text(items.get("kind"))
    if kind not in ("ConfigMap", "Secret"):
        return
    data = of_node(items.get("data"), source)
    if kind == "Secret":
        data = {name: one._replace(value=_decoded(one.value)) for name, one in data.items()}
        data |= of_node(items.get("stringData"), source)
    yield (kind, _name(items)), data


def _decoded(text: str | None) -> str | None:
    """The text of a Secret's value; None for one that is not base64 of a text."""
    import base64  # imported late: few files hold secrets

    try:
        return base64.b64decode(text or "", validate=True).decode() if text is not None else None
    except (ValueError, UnicodeDecodeError):
        return None


def _containers(items: Mapping[str, Node], depth: int) -> Iterator[Mapping[str, Node]]:
    for key, node in items.items():
        if key in ("containers", "initContainers"):
            yield from (merged(entry) for entry in node.entries or ())
        elif node.items is not None and depth < _DEEPEST:
            yield from _containers(merged(node), depth + 1)


def _container(items: Mapping[str, Node], source: Source, maps: Maps, adds: bool, name: str) -> Place:
    variables: dict[str, Setting] = {}
    complete = not adds
    whole = items.get("envFrom")
    for entry in (whole.entries or ()) if whole is not None else ():
        kinds = merged(entry)
        prefix = _text(kinds.get("prefix"))
        for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if key in kinds:
                found = _taken(maps, kind, _text(merged(kinds[key]).get("name")))
                complete = complete and found is not None
                variables |= {prefix + one: each for one, each in (found or {}).items()}
    env = items.get("env")
    variables |= of_node(env, source)
    for entry in (env.entries or ()) if env is not None else ():
        variables |= _referred(merged(entry), maps)
    start = next((items[key].where for key in ("name", "image", "env") if key in items), source.start())
    return Place(f"{name}/{_text(items.get('name'))}".strip("/"), _text(items.get("image")), start, variables, complete)


def _referred(items: Mapping[str, Node], maps: Maps) -> dict[str, Setting]:
    """A variable whose value stands in a ConfigMap or Secret of the file."""
    origin = merged(items.get("valueFrom"))
    for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if key in origin:
            named = merged(origin[key])
            found = _taken(maps, kind, _text(named.get("name")))
            one = (found or {}).get(_text(named.get("key")))
            return {_text(items.get("name")): one} if one is not None else {}
    return {}


def _taken(maps: Maps, kind: str, name: str) -> dict[str, Setting] | None:
    maps.taken.add((kind, name))
    return maps.found.get((kind, name))


def _left(listed: list[Mapping[str, Node]], maps: Maps, source: Source) -> Iterator[Place]:
    """ConfigMaps and Secrets that containers of other files take; Secrets belong to the ConfigMaps that are left."""
    left = [key for key in maps.found if key not in maps.taken]
    secrets = {name: one for key in left if key[0] == "Secret" for name, one in maps.found[key].items()}
    config = [key for key in left if key[0] == "ConfigMap"]
    for key in config or left[:1]:
        variables = {**secrets, **maps.found[key]}
        items = next(items for items in listed if (_text(items.get("kind")), _name(items)) == key)
        yield Place("/".join(key).strip("/"), "", items["kind"].where, variables, False)


def loose(top: Node, source: Source) -> list[Place]:
    """Every mapping or list of variables under a key such as ``env``, with the image that is named beside."""
    items = merged(top)
    complete = not _LAUNCHER.isdisjoint(items)
    return [place._replace(complete=complete) for place in _loose(items, source, "", 0)]


def _loose(items: Mapping[str, Node], source: Source, path: str, depth: int) -> Iterator[Place]:
    variables: dict[str, Setting] = {}
    start = None
    for key, node in items.items():
        if _ENV.match(key) and (node.items is not None or node.entries is not None):
            found = of_node(node, source)
            found |= {name: one for group in merged(node).values() for name, one in of_node(group, source).items()}
            variables |= found
            start = start or node.key or node.where
        elif node.items is not None and depth < _DEEPEST:
            yield from _loose(merged(node), source, f"{path}.{key}".strip("."), depth + 1)
    if start is not None:
        yield Place(path, _image(items.get("image"), source), start, variables, False)


def _image(node: Node | None, source: Source) -> str:
    if node is None:
        return ""
    if node.items is None:
        return setting("image", node, source).value or ""
    parts = merged(node)
    tag = _text(parts.get("tag"))
    return _text(parts.get("repository")) + (f":{tag}" if tag else "")


def _name(items: Mapping[str, Node]) -> str:
    return _text(merged(items.get("metadata")).get("name"))


def _text(node: Node | None) -> str:
    return str(node.scalar) if node is not None and node.scalar is not None else ""
