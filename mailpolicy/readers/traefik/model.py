"""Entry points, TCP routers, services and TLS options, from any number of Traefik's files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.ports import port_number
from mailpolicy.strict_yaml import Node
from mailpolicy.types import Span


class Entry(NamedTuple):
    """An entry point for TCP. ``address`` is None where it is not written as one."""

    name: str
    where: Span
    address: str | None
    port: int | None
    proxied: Span | None
    default: bool


class Router(NamedTuple):
    """A TCP router. ``tls`` is None where it has none."""

    name: str
    where: Span
    entries: tuple[str, ...]
    service: str
    tls: Node | None
    fault: tuple[Span, str] | None
    """Why traefik leaves it out."""

    @property
    def ends(self) -> bool:
        """Whether TLS ends at this router."""
        passed = get(self.tls, "passthrough") if self.tls else None
        return self.tls is not None and (passed is None or passed.scalar not in (True, "true"))


class Model(NamedTuple):
    """What all files say together."""

    entries: tuple[Entry, ...]
    routers: tuple[Router, ...]
    services: dict[str, Node]
    options: dict[str, Node]
    transports: dict[str, Node]
    """By name; "" is the one of all servers that name none."""


def get(node: Node | None, *path: str) -> Node | None:
    """The node at a path of keys. Traefik takes them in upper and lower case alike."""
    for key in path:
        if node is None or node.items is None:
            return None
        low = key.lower()
        node = node.items.get(key) or next((one for name, one in node.items.items() if name.lower() == low), None)
    return node


def items(node: Node | None, *path: str) -> Iterator[tuple[str, Node]]:
    """Names and nodes of a mapping at a path."""
    found = get(node, *path)
    return iter(found.items.items() if found and found.items else ())


def strings(node: Node | None) -> tuple[str, ...]:
    """The words of a list, or of one string."""
    if node is None:
        return ()
    if node.entries is not None:
        return tuple(str(one.scalar) for one in node.entries if one.scalar is not None)
    return tuple(word.strip() for word in str(node.scalar).split(",")) if node.scalar is not None else ()


def bare(name: str) -> str:
    """A name without the provider that it comes from: ``mail@file`` is mail."""
    return name.removesuffix("@file")


def build(documents: list[Node]) -> Model:
    """All of several documents; of two things of one name, the first."""
    entries: dict[str, Entry] = {}
    routers: dict[str, Router] = {}
    tables: tuple[dict[str, Node], ...] = ({}, {}, {})
    for document in documents:
        for name, node in items(document, "entryPoints"):
            entry = _entry(name, node)
            if entry is not None:
                entries.setdefault(name.lower(), entry)
        for name, node in items(document, "tcp", "routers"):
            routers.setdefault(name, _router(name, node))
        for table, path in zip(
            tables, (("tcp", "services"), ("tls", "options"), ("tcp", "serversTransports")), strict=True
        ):
            for name, node in items(document, *path):
                table.setdefault(name, node)
        general = get(document, "tcpServersTransport")
        if general is not None:
            tables[2].setdefault("", general)
    return Model(tuple(entries.values()), tuple(routers.values()), *tables)


def _entry(name: str, node: Node) -> Entry | None:
    """An entry point, unless it is one for UDP."""
    written = get(node, "address")
    if written is None or written.scalar is None:
        return None
    text, _, kind = str(written.scalar).partition("/")
    if kind.lower() == "udp":
        return None
    host, _, port = text.rpartition(":")
    proxy = get(node, "proxyProtocol")
    default = get(node, "asDefault")
    known = re.fullmatch(r"[\d.]*|\[[0-9a-fA-F:]*\]", host) is not None
    return Entry(
        name, written.where, _address(host) if known else None, port_number(port),
        proxy.key or proxy.where if proxy else None, default is not None and default.scalar is True,
    )  # fmt: skip


def _address(host: str) -> str:
    """Go listens for both families on the wildcard address of either."""
    bare_host = host.strip("[]")
    return "*" if bare_host in ("", "0.0.0.0", "::") else bare_host


def _router(name: str, node: Node) -> Router:
    rule, service, tls = get(node, "rule"), get(node, "service"), get(node, "tls")
    if tls is not None and tls.scalar in (False, "false"):
        tls = None
    text = str(rule.scalar) if rule and rule.scalar is not None else ""
    here = node.key or node.where
    fault = None
    if not text:
        fault = (here, "has no rule: traefik leaves the router out")
    elif service is None or service.scalar is None:
        fault = (here, "has no service: traefik leaves the router out")
    elif (
        tls is None and rule and re.search(r"HostSNI(?:Regexp)?\(", text) and not re.search(r"HostSNI\([`'\"]\*", text)
    ):
        fault = (rule.where, "names a host, but the router has no tls: traefik leaves it out")
    named = str(service.scalar) if service and service.scalar is not None else ""
    return Router(name, here, strings(get(node, "entryPoints")), named, tls, fault)
