"""Proxies that pass on TCP: the facts of a mail socket and of the hops behind it.

Such a proxy knows no STARTTLS. Where it does not end TLS, what a client meets is the server's behind, and unknown.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailpolicy.addresses import host_scope, scope_of
from mailpolicy.facts import Draft, begun
from mailpolicy.lean import NamedTuple
from mailpolicy.ports import PROTOCOLS
from mailpolicy.types import Fact, Origin, Span


class Program(NamedTuple):
    """The proxy, its version and the file that sets it up."""

    software: str
    version: str
    instance: str


class Hop(NamedTuple):
    """A server behind. ``tls``: whether the proxy speaks TLS to it; None is unknown."""

    account: str
    host: str
    port: int | None
    where: Span
    tls: bool | None = False
    verify: str | None = None
    told: tuple[Origin, ...] = ()


class Front(NamedTuple):
    """A socket. ``ends``: whether TLS ends here, for all that comes; None where it may or may not."""

    service: str
    where: Span
    address: str | None
    port: int | None
    ends: bool | None
    by: tuple[Origin, ...]
    hops: tuple[Hop, ...] = ()
    versions: tuple[str, ...] | None = None
    versions_by: tuple[Origin, ...] = ()
    asks: tuple[str | None, tuple[Origin, ...]] = ("none", ())
    """Whether clients are asked for a certificate, and what says so."""
    proxied: tuple[bool | None, tuple[Origin, ...]] = (False, ())


def protocol(front: Front) -> tuple[str, tuple[Origin, ...]] | None:
    """What a socket speaks, by its own port or that of a server behind; None for no mail."""
    if front.port in PROTOCOLS:
        return PROTOCOLS[front.port], (Origin("implies", front.where, "the port"),)
    for hop in front.hops:
        if hop.port in PROTOCOLS:
            return PROTOCOLS[hop.port], (Origin("implies", hop.where, "the port of the server"),)
    return None


def facts(front: Front, program: Program) -> Iterator[Fact]:
    """The listener, and a connection for each hop where TLS ends here or the proxy speaks it itself."""
    spoken = protocol(front)
    if spoken is None:
        return
    yield _listener(front, program, spoken)
    for hop in front.hops:
        if front.ends or hop.tls:
            yield _hop(front, hop, program, spoken)


def _begun(kind: str, where: Span, program: Program) -> Draft:
    return begun(kind, where, program.software, program.version, program.instance)


def _role(front: Front, name: str) -> str:
    if name != "smtp":
        return "access"
    inner = {hop.port for hop in front.hops}
    return "mx" if front.port == 25 or (front.port not in PROTOCOLS and inner == {25}) else "submission"


def _listener(front: Front, program: Program, spoken: tuple[str, tuple[Origin, ...]]) -> Fact:
    name, told = spoken
    draft = _begun("listener", front.where, program)
    where = (Origin("sets", front.where),)
    draft.put("service", front.service)
    draft.maybe("port", front.port, where)
    draft.maybe("address", front.address, where)
    scope = scope_of(front.address) if front.address else None
    draft.maybe("scope", scope if scope != "name" else None, where)
    draft.put("protocol", name, told)
    role = _role(front, name)
    draft.put("role", role, told)
    draft.maybe("proxied", *front.proxied)
    draft.unknown("relay", (Origin("sets", front.where, "the server behind decides"),))
    if front.ends:
        draft.put("tls", "implicit", front.by)
        draft.maybe("auth", None if role == "mx" else "tls-only", front.by)
        draft.maybe("tls_versions", front.versions, front.versions_by)
        draft.maybe("tls_min", front.versions[0] if front.versions else None, front.versions_by)
        draft.maybe("client_certificate", *front.asks)
        login = {"none": False, "required": True}.get(front.asks[0] or "")
        draft.maybe("client_certificate_login", login, front.asks[1])
    elif front.ends is False and front.hops and all(hop.tls for hop in front.hops):
        clear = (Origin("implies", front.hops[0].where, "taken in clear, and passed on under TLS"),)
        draft.put("tls", "none", clear)
        draft.maybe("auth", None if role == "mx" else "cleartext", clear)
    else:
        passed = (*front.by, Origin("sets", front.where, "passed on as it comes: the server behind decides"))
        draft.unknown("tls", passed)
        draft.unknown("auth", passed)
    if front.ends is None:
        draft.unknown("broken", front.by)
    else:
        draft.put("broken", None)
    return draft.fact()


def _hop(front: Front, hop: Hop, program: Program, spoken: tuple[str, tuple[Origin, ...]]) -> Fact:
    name, told = spoken
    draft = _begun("connection", hop.where, program)
    where = (Origin("sets", hop.where),)
    draft.put("account", hop.account)
    draft.put("protocol", name, told)
    draft.put("role", {"mx": "relay"}.get(_role(front, name), _role(front, name)), told)
    draft.put("host", hop.host, where)
    draft.put("scope", host_scope(hop.host), where)
    draft.maybe("port", hop.port, where)
    draft.put("port_stated", hop.port is not None, where)
    draft.put("backend", True, where)
    draft.put("broken", None)
    if hop.tls:
        draft.put("tls", "implicit", hop.told or where)
        draft.maybe("verify", hop.verify, hop.told or where)
    elif hop.tls is False:
        draft.put("tls", "none", where)
        draft.put("verify", "none", where)
    else:
        draft.unknown("tls", hop.told or where)
    return draft.fact()
