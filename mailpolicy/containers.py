"""Sockets in containers: what compose publishes of them is what others reach."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from mailpolicy.lean import TYPE_CHECKING, NamedTuple
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Origin, Span

if TYPE_CHECKING:
    from mailpolicy.composed import Published

_BUNDLES = frozenset(("docker-mailserver", "mailcow", "mailu"))
"""Their readers look at the compose file themselves; their ports are those of the host."""
_HIGHEST = 8
"""Folders above a configuration in which a compose file is looked for."""


class Container(NamedTuple):
    """A service with the paths of its host that it mounts."""

    where: Span
    mounted: tuple[str, ...]
    published: dict[int, Published] | None
    """None: compose does not tell, as with ``network_mode: host``."""
    proxied: bool
    """A proxy is asked to pass on more than is published."""


def reached(tree: Tree, facts: Iterable[Fact]) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """Facts with the sockets that compose publishes, where it publishes them; and notes of those that it does not.

    Who reaches the others is unknown: containers do, and perhaps a proxy passes them on. So no rule speaks of them.
    """
    facts = tuple(facts)
    known: dict[str, tuple[Container, ...]] = {}
    by_instance: dict[str, list[Fact]] = {}
    for fact in facts:
        instance = fact.values.get("instance")
        if fact.kind == "listener" and isinstance(instance, str) and fact.values.get("software") not in _BUNDLES:
            by_instance.setdefault(instance, []).append(fact)
    changed: dict[int, Fact] = {}
    notes: list[str] = []
    for instance, listeners in by_instance.items():
        inside = [one for one in _above(tree, instance, known) if _holds(one, listeners)]
        if not inside or any(one.published is None for one in inside):
            continue
        published = {port: at for one in inside for port, at in (one.published or {}).items()}
        changed |= _reach(listeners, published, inside[0].where)
        hidden = {fact.values["port"] for fact in listeners if id(fact) in changed} - set(published)
        if hidden and not any(one.proxied for one in inside):
            shown = ", ".join(sorted(map(str, hidden)))
            why = f"of {instance}, port {shown} is not published: who reaches it is not known"
            notes.append(f"{inside[0].where}: {why}")
    return tuple(changed.get(id(fact), fact) for fact in facts), tuple(notes)


def _reach(listeners: list[Fact], published: dict[int, Published], where: Span) -> dict[int, Fact]:
    """What becomes of each listener, by its id."""
    from mailpolicy.composed import Published

    unknown = Published(None, None, None, (Origin("overrides", where, "its port is not published here"),))
    became: dict[int, Fact] = {}
    for fact in listeners:
        port = fact.values.get("port")
        if isinstance(port, int) and fact.values.get("scope") != "loopback":
            became[id(fact)] = _at(fact, published.get(port, unknown))
    return became


def _at(fact: Fact, at: Published) -> Fact:
    """A listener with the address of the host; the port stays the one that its own configuration opens."""
    if at.scope == "any":
        return fact
    values = {**fact.values, "address": at.address, "scope": at.scope}
    told = tuple(Origin("overrides", origin.where, origin.note) for origin in at.told)
    origins = {**fact.origins, "address": told, "scope": told}
    return fact._replace(values={k: v for k, v in values.items() if v is not None}, origins=origins)


def _above(tree: Tree, instance: str, known: dict[str, tuple[Container, ...]]) -> tuple[Container, ...]:
    """The containers of the nearest compose file in a folder above."""
    folder = instance
    for _ in range(_HIGHEST):
        if folder not in known:
            known[folder] = _containers(tree, folder)
        if known[folder] or folder in ("", "/"):
            return known[folder]
        folder = posixpath.dirname(folder)
    return ()


def _containers(tree: Tree, folder: str) -> tuple[Container, ...]:
    if not any(name.startswith(("compose.", "docker-compose.")) for name in tree.names(folder)):
        return ()  # as mostly, and nothing is loaded for it
    from mailpolicy.composed import is_proxied, mounted, place, ports, services

    found = services(tree, folder).values()
    return tuple(Container(place(one), mounted(one, folder), ports(one), is_proxied(one)) for one in found)


def _holds(container: Container, listeners: list[Fact]) -> bool:
    """Whether a container mounts the configuration, or the folder that it lies in."""
    files = {str(fact.values["instance"]) for fact in listeners}
    files |= {origin.where.file for fact in listeners for origin in fact.origins.get("port", ()) if origin.where}
    return any(file == path or file.startswith(f"{path}/") for file in files for path in container.mounted)
