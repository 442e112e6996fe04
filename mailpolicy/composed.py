"""Services of compose files: image, environment, mounted folders, published ports."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from mailpolicy.addresses import scope_of
from mailpolicy.envfile import Setting, parse
from mailpolicy.lean import TYPE_CHECKING, NamedTuple
from mailpolicy.ports import port_number
from mailpolicy.tree import Tree
from mailpolicy.types import Origin, Span, Unreadable

if TYPE_CHECKING:
    from mailpolicy.strict_yaml import Node

FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""The first of these that is there is taken (cli/options.go of compose-go 2)."""
OVERRIDES = ("compose.override.yml", "compose.override.yaml", "docker-compose.override.yml",
             "docker-compose.override.yaml")  # fmt: skip
_PORT = re.compile(r"(?:(?P<outer>.*):)?(?P<inside>\d{1,5})(?:-(?P<last>\d{1,5}))?(?:/tcp)?")
_OUTER = re.compile(r"(?:(?P<address>.*):)?(?P<port>\d{1,5})(?:-\d{1,5})?")
_ADDRESS = re.compile(r"[\d.]+|\[[0-9a-fA-F:]+\]|[0-9a-fA-F]*:[0-9a-fA-F:]+")
_LONGEST, _VARIABLES, _PORTS = 100, 5, 200_000
"""Bounds for what nobody writes: characters of a variable, variables of one word, published ports of a service."""
_VARIABLE = re.compile(r"\$\$|\$\{(?P<braced>\w+)(?::?-(?P<default>[^${}]*))?\}|\$(?P<bare>\w+)")


class Published(NamedTuple):
    """Where the host takes connections for a socket. None is unknown."""

    address: str | None
    port: int | None
    scope: str | None
    told: tuple[Origin, ...]


Service = tuple["Node", ...]
"""A service as its compose file has it, and what an override file adds; () for none."""


def services(tree: Tree, folder: str) -> dict[str, Service]:
    """The services of the compose files of a folder, with the variables filled in that ``.env`` beside sets."""
    names = set(tree.names(folder))
    found: dict[str, Service] = {}
    for listed in (FILES, OVERRIDES):
        name = next((name for name in listed if name in names), None)
        if name is None:
            break
        from mailpolicy import strict_yaml  # imported late: few configurations lie beside a compose file

        try:
            top = strict_yaml.load(tree.source(posixpath.join(folder, name)))
        except Unreadable:
            continue
        declared = top.items.get("services") if top.items else None
        variables = _variables(tree, folder) if ".env" in names else {}
        for key, node in (declared.items if declared and declared.items else {}).items():
            found[key] = (*found.get(key, ()), _filled(node, variables))
    return found


def _variables(tree: Tree, folder: str) -> dict[str, str]:
    try:
        settings = parse(tree.source(posixpath.join(folder, ".env"))).settings
    except Unreadable:
        return {}
    values = {name: setting.value for name, setting in settings.items() if setting.value is not None}
    return {name: value for name, value in values.items() if len(value) <= _LONGEST}


def _filled(node: Node, variables: Mapping[str, str]) -> Node:
    """A node with its variables filled in; one that nothing sets stays."""

    def value(match: re.Match[str]) -> str:
        return variables.get(match["braced"] or match["bare"] or "", match["default"]) or match["default"] or match[0]

    if node.items is not None:
        return node._replace(items={key: _filled(inner, variables) for key, inner in node.items.items()})
    if node.entries is not None:
        return node._replace(entries=tuple(_filled(inner, variables) for inner in node.entries))
    return node._replace(scalar=_VARIABLE.sub(value, node.scalar, _VARIABLES)) if isinstance(node.scalar, str) else node


def compose(tree: Tree, path: str, named: str) -> Service:
    """The service of the bundle in the compose file beside a file of settings.

    ``named`` is a regular expression over its name, image and files of settings.
    """
    for key, service in services(tree, posixpath.dirname(path)).items():
        told = f"{key} {_inner(service, 'image')} {_inner(service, 'env_file')}"
        if service[0].items is not None and re.search(named, told):
            return service
    return ()


def _nodes(service: Service, key: str) -> list[Node]:
    return [found for part in service if part.items and (found := part.items.get(key))]


def _inner(service: Service, key: str) -> str:
    found = _nodes(service, key)
    return str(found[-1].plain()) if found else ""


def image(service: Service) -> tuple[int, ...]:
    """The version of a service's image, by its tag; () for none."""
    match = re.search(r":v?(\d{1,4}(?:\.\d{1,4}){0,2})$", _inner(service, "image"))
    return tuple(map(int, match[1].split("."))) if match else ()


def ports(service: Service) -> dict[int, Published] | None:
    """Container port to where compose publishes it, or None when it does not tell."""
    if not service or any(_nodes(service, key) for key in ("network_mode", "extends")):
        return None
    listed = (node for part in _nodes(service, "ports") for node in part.entries or ())
    found: dict[int, Published] = {}
    for count, (inside, published) in enumerate(one for node in listed for one in _published(node)):
        if count > _PORTS:
            return None
        found.setdefault(inside, published)
    return found


def _published(node: Node) -> Iterator[tuple[int, Published]]:
    """One entry of ``ports``: ``25``, ``25:25``, ``192.0.2.1:25-26:25-26``, or with the keys of the long form."""
    if node.items is None:
        short = _PORT.fullmatch(str(node.scalar))
        outer, inside, last = short.group("outer", "inside", "last") if short else (None, "", None)
    else:
        parts = {key: str(inner.plain()) for key, inner in node.items.items()}
        if parts.get("protocol") == "udp":
            return
        outer, inside, last = parts.get("published"), parts.get("target", ""), None
        outer = f"{parts['host_ip']}:{outer}" if "host_ip" in parts else outer
    first = port_number(inside)
    if first is None:
        return
    told = (Origin("sets", node.where),)
    host = _OUTER.fullmatch(outer) if outer is not None else None
    text = (host["address"] or "*") if host else None if outer else "*"
    address = text.strip("[]") if text and (text == "*" or _ADDRESS.fullmatch(text)) else None
    start = port_number(host["port"]) if host else None
    for step in range((port_number(last or inside) or first) - first + 1):
        port = start + step if start is not None else None
        yield first + step, Published(address, port, scope_of(address) if address else None, told)


def is_proxied(service: Service) -> bool:
    """Whether labels ask a proxy to pass on connections that are not HTTP."""
    return any(re.search(r"traefik\.tcp\.|layer4", str(node.plain())) for node in _nodes(service, "labels"))


def place(service: Service) -> Span:
    """Where a service lists its ports, or else where it begins."""
    listed = _nodes(service, "ports")
    return (listed[0].key if listed else service[0].key) or service[0].where


def mounted(service: Service, folder: str) -> tuple[str, ...]:
    """The files and folders of the host that a service mounts; volumes that docker keeps are none of them."""
    found: list[str] = []
    for listed in _nodes(service, "volumes"):
        for node in listed.entries or ():
            source = node.items.get("source") if node.items is not None else node
            text = str(source.scalar).split(":")[0] if source else ""
            if text.startswith((".", "/")):
                found.append(posixpath.normpath(posixpath.join(folder, text)))
    return tuple(found)


def environment(service: Service) -> dict[str, Setting]:
    """What a service sets in its environment, which goes before what its files of settings say."""
    pairs: list[tuple[str, object, Node]] = []
    for node in _nodes(service, "environment"):
        if node.items is not None:
            pairs += [(name, inner.scalar, inner) for name, inner in node.items.items()]
        else:
            words = [(str(inner.scalar).partition("="), inner) for inner in node.entries or ()]
            pairs += [(name, value if sign else None, inner) for (name, sign, value), inner in words]
    return {
        name: Setting(name, None if value is None or "$" in str(value) else _text(value), node.where)
        for name, value, node in pairs
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
