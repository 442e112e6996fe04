"""From entry points and routers to sockets and hops."""

from __future__ import annotations

from collections.abc import Iterator

from mailpolicy.fronts import Front, Hop
from mailpolicy.ports import port_number
from mailpolicy.readers.traefik.model import Entry, Model, Router, bare, get, strings
from mailpolicy.strict_yaml import Node
from mailpolicy.types import Origin

VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_NAMES = {"VersionTLS10": 0, "VersionTLS11": 1, "VersionTLS12": 2, "VersionTLS13": 3}
_MODERN_DEFAULT = (2, 11)
"""Since this version nothing below TLS 1.2 is taken unless minVersion says so: pkg/tls, and Go 1.22."""
_ASKS = {
    "noclientcert": "none", "requestclientcert": "asked", "verifyclientcertifgiven": "asked",
    "requireanyclientcert": "required", "requireandverifyclientcert": "required",
}  # fmt: skip
_MOST = 64
"""Routers of one entry point, and services of one router, that are looked at."""


def fronts(model: Model, version: tuple[int, ...]) -> Iterator[tuple[Front, tuple[Router, ...]]]:
    """Every socket, with the routers that serve it. Entry points that no file declares have no port."""
    defaults = [entry.name.lower() for entry in model.entries if entry.default]
    everywhere = defaults or [entry.name.lower() for entry in model.entries]
    attached: dict[str, list[Router]] = {entry.name.lower(): [] for entry in model.entries}
    for router in model.routers:
        for name in {bare(name).lower() for name in router.entries} or everywhere:
            attached.setdefault(name, []).append(router)
    known = {entry.name.lower(): entry for entry in model.entries}
    for name, routers in attached.items():
        entry = known.get(name)
        if entry is None and (model.entries or not routers):
            continue  # traefik drops routers of entry points that do not exist
        yield _front(name, entry, routers, model, version), tuple(routers)


def _front(name: str, entry: Entry | None, routers: list[Router], model: Model, version: tuple[int, ...]) -> Front:
    working = [router for router in routers[:_MOST] if router.fault is None]
    kinds = {router.ends for router in working}
    ends = kinds.pop() if len(kinds) == 1 else None
    by = tuple(Origin("sets", r.tls.key or r.tls.where) for r in working if r.tls is not None)
    hops = tuple(dict.fromkeys(hop for router in working for hop in _hops(router.service, model)))
    versions, versions_by, asks = _limits([r for r in working if r.ends], model, version)
    where = entry.where if entry else (routers[0].where)
    proxied = Origin("sets", entry.proxied) if entry and entry.proxied else None
    return Front(
        entry.name if entry else name, where, entry.address if entry else None, entry.port if entry else None, ends,
        by, hops, versions, versions_by, asks, (proxied is not None, (proxied,) if proxied else ()),
    )  # fmt: skip


def _limits(
    routers: list[Router], model: Model, version: tuple[int, ...]
) -> tuple[tuple[str, ...] | None, tuple[Origin, ...], tuple[str | None, tuple[Origin, ...]]]:
    """TLS versions and whether clients are asked for a certificate; unknown where routers of a socket differ."""
    found = {_options(router, model, version) for router in routers}
    if len(found) != 1:
        return None, (), (None if found else "none", ())
    return found.pop()


def _options(
    router: Router, model: Model, version: tuple[int, ...]
) -> tuple[tuple[str, ...] | None, tuple[Origin, ...], tuple[str | None, tuple[Origin, ...]]]:
    named = get(router.tls, "options")
    name = bare(str(named.scalar)) if named is not None and named.scalar is not None else "default"
    told = (Origin("sets", named.where),) if named else ()
    options = model.options.get(name)
    lowest = 2 if version >= _MODERN_DEFAULT else None
    if options is None:
        missing = name != "default"
        default = (Origin("default", None, f"Traefik {'.'.join(map(str, version))}"),)
        return (
            None if missing or lowest is None else VERSIONS[lowest:],
            told or default,
            (None if missing else "none", told),
        )
    low, high, origins = lowest, 3, list(told)
    for key in ("maxVersion", "minVersion"):
        node = get(options, key)
        if node is None or node.scalar in (None, ""):
            continue
        bound = _NAMES.get(str(node.scalar))
        origins.append(Origin("sets", node.where))
        low, high = (bound, high) if key == "minVersion" else (low, 3 if bound is None else bound)
    asked = get(options, "clientAuth", "clientAuthType")
    state = (_ASKS.get(str(asked.scalar).lower()), (*told, Origin("sets", asked.where))) if asked else ("none", told)
    return (VERSIONS[low : high + 1] or None) if low is not None else None, tuple(origins), state


def _hops(service: str, model: Model) -> Iterator[Hop]:
    """The servers of a service, and of the services that it weighs against one another."""
    names = [bare(service)]
    for name in names:  # grows on the way
        weighted = get(model.services.get(name), "weighted", "services")
        for one in (weighted.entries if weighted else None) or ():
            inner = get(one, "name")
            if inner is not None and bare(str(inner.scalar)) not in names and len(names) < _MOST:
                names.append(bare(str(inner.scalar)))
        yield from _servers(name, model)


def _servers(name: str, model: Model) -> Iterator[Hop]:
    balancer = get(model.services.get(name), "loadBalancer")
    servers = get(balancer, "servers")
    transport = next(iter(strings(get(balancer, "serversTransport"))), "")
    for server in (servers.entries if servers else None) or ():
        hop = _hop(name, server, model.transports.get(bare(transport)), bool(transport))
        if hop is not None:
            yield hop


def _hop(service: str, server: Node, transport: Node | None, named: bool) -> Hop | None:
    address = get(server, "address")
    if address is None or not isinstance(address.scalar, str):
        return None
    host, _, port = address.scalar.rpartition(":")
    if not host or any(mark in host for mark in "{<$"):
        return None
    secure = get(server, "tls")
    if secure is None or secure.scalar is not True:
        return Hop(service, host.strip("[]"), port_number(port), address.where)
    skipped = get(transport, "tls", "insecureSkipVerify")
    loose = skipped is not None and skipped.scalar is True
    told = (Origin("sets", secure.where), *((Origin("sets", skipped.where),) if skipped and loose else ()))
    verify = "none" if loose else "ca" if transport is not None or not named else None
    return Hop(service, host.strip("[]"), port_number(port), address.where, True, verify, told)
