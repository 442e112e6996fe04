"""The service of a mail server bundle in the compose file beside its settings: image, environment, published ports."""

from __future__ import annotations

import posixpath
import re

from mailpolicy.addresses import scope_of
from mailpolicy.envfile import Setting
from mailpolicy.lean import TYPE_CHECKING, NamedTuple
from mailpolicy.ports import port_number
from mailpolicy.tree import Tree
from mailpolicy.types import Origin, Unreadable

if TYPE_CHECKING:
    from mailpolicy.strict_yaml import Node

COMPOSE = ("docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml")
_SHORT = re.compile(r"(?:(?P<address>[\d.]+|\[[0-9a-fA-F:]+\]):)?(?P<host>\d{1,5}):(?P<inside>\d{1,5})(?:/tcp)?")


class Published(NamedTuple):
    """Where the host takes connections for a socket. None is unknown."""

    address: str | None
    port: int | None
    scope: str | None
    told: tuple[Origin, ...]


def compose(tree: Tree, path: str, named: str) -> Node | None:
    """The service of the bundle in the compose file beside a file of settings.

    ``named`` is a regular expression over its name, image and files of settings.
    """
    from mailpolicy import strict_yaml

    for name in COMPOSE:
        try:
            top = strict_yaml.load(tree.source(posixpath.join(posixpath.dirname(path), name)))
        except Unreadable:
            continue
        services = top.items.get("services") if top.items else None
        for key, service in (services.items if services and services.items else {}).items():
            told = f"{key} {_inner(service, 'image')} {_inner(service, 'env_file')}"
            if service.items is not None and re.search(named, told):
                return service
    return None


def _inner(service: Node, key: str) -> str:
    found = service.items.get(key) if service.items else None
    return str(found.plain()) if found else ""


def image(service: Node | None) -> tuple[int, ...]:
    """The version of a service's image, by its tag or the default of a variable in it; () for none."""
    match = (
        re.search(r":(?:\$\{\w+:-)?v?(\d{1,4}(?:\.\d{1,4}){0,2})\}?$", _inner(service, "image")) if service else None
    )
    return tuple(map(int, match[1].split("."))) if match else ()


def ports(service: Node | None) -> dict[int, Published] | None:
    """Container port to where compose publishes it, or None when it does not tell."""
    if service is None or service.items is None or not {"network_mode", "extends"}.isdisjoint(service.items):
        return None
    listed = service.items.get("ports")
    found: dict[int, Published] = {}
    for node in (listed.entries if listed else None) or ():
        parts = {key: _inner(node, key) for key in ("host_ip", "published", "target")}
        short = _SHORT.fullmatch(str(node.scalar)) if node.items is None else None
        if short is not None:
            parts = {"host_ip": short["address"] or "", "published": short["host"], "target": short["inside"]}
        inside = port_number(parts["target"])
        if inside is not None:
            address = parts["host_ip"].strip("[]") or "*"
            told = (Origin("sets", node.where),)
            found.setdefault(inside, Published(address, port_number(parts["published"]), scope_of(address), told))
    return found


def environment(service: Node | None) -> dict[str, Setting]:
    """What a service sets in its environment, which goes before what its files of settings say."""
    found = service.items.get("environment") if service and service.items else None
    if found is None:
        return {}
    if found.items is not None:
        pairs = [(name, node.scalar, node) for name, node in found.items.items()]
    else:
        words = [(str(node.scalar).partition("="), node) for node in found.entries or ()]
        pairs = [(name, value if sign else None, node) for (name, sign, value), node in words]
    return {
        name: Setting(name, None if value is None or "$" in str(value) else _text(value), node.where)
        for name, value, node in pairs
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
