"""Which sockets of a proxy carry mail, and of which protocol and role."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mailpolicy.addresses import host_scope
from mailpolicy.lean import NamedTuple
from mailpolicy.ports import PROTOCOLS
from mailpolicy.readers.haproxy.binds import Address, Bind
from mailpolicy.readers.haproxy.proxies import Proxy, Server
from mailpolicy.types import Origin

PORTS = {**PROTOCOLS, 24: "lmtp"}
_NAMES = {
    "smtp": "smtp", "smtps": "smtp", "esmtp": "smtp", "submission": "smtp", "submissions": "smtp", "postfix": "smtp",
    "exim": "smtp", "mx": "smtp", "imap": "imap", "imaps": "imap", "imap4": "imap", "pop": "pop3", "pops": "pop3",
    "pop3": "pop3", "pop3s": "pop3", "lmtp": "lmtp", "sieve": "managesieve", "managesieve": "managesieve",
    "mail": "", "mailserver": "", "dovecot": "",
}  # fmt: skip
_MAILBOXES = frozenset({"imap", "pop3", "managesieve"})
_OTHER = frozenset({"http", "https", "web", "webmail", "admin", "ui", "stats", "api", "www", "autodiscover", "ldap"})
_WEB = frozenset({80, 443, 8080, 8443, 8000, 8888, 8404, 9000})


def words(name: str) -> list[str]:
    """The words of a name, in lower case: ``ft_imap-ssl`` is ft, imap, ssl."""
    return [w for w in re.split(r"[^a-z0-9]+|(?<=[a-z])(?=\d{2,})", name.lower()) if w]


def of_name(name: str) -> str | None:
    """The protocol that a name tells, "" for mail of any kind, None for no mail."""
    found = words(name)
    if _OTHER.intersection(found):
        return None
    told = [_NAMES[w] for w in found if w in _NAMES]
    return next((p for p in told if p), told[0] if told else None)


def behind(servers: Sequence[Server]) -> tuple[set[str], bool]:
    """Protocols that the servers' ports tell, and whether some server has a port of its own that tells none."""
    told = {PORTS[s.port] for s in servers if s.port in PORTS}
    return told, any(s.fixed_port and s.port not in PORTS for s in servers)


MOST = 64
"""Backends, and servers, of one front that are looked at."""


class Front(NamedTuple):
    """A proxy that opens sockets, with all that stands behind it."""

    proxy: Proxy
    backends: tuple[Proxy, ...]
    complete: bool
    """Whether every backend is there."""
    servers: tuple[Server, ...]
    ports: frozenset[str]
    """Protocols that the ports of its sockets tell."""
    chained: Mapping[int, str]
    """Ports of this haproxy to which another of its sockets passes mail, with the protocol, "" when unknown."""


def front(proxy: Proxy, proxies: Mapping[str, Proxy]) -> Front:
    """What stands behind a proxy."""
    names = tuple(dict.fromkeys(target.text for target in proxy.targets))
    backends = [proxies[name] for name in names[:MOST] if name in proxies]
    complete = all(name in proxies for name in names)
    servers = list(proxy.servers[:MOST])
    for backend in backends:
        servers += backend.servers[: max(0, MOST - len(servers))]
    ports = frozenset(PORTS[a.port] for bound, _, _ in proxy.binds for a in bound.addresses if a.port in PORTS)
    return Front(proxy, tuple(backends), complete, tuple(servers), ports, {})


def chained(fronts: Sequence[Front]) -> list[Front]:
    """Those fronts, knowing which of their ports mail is passed to from within."""
    ports: dict[int, str] = {}
    for one in fronts:
        for address, _ in sockets(one):
            for server in one.servers:
                if server.port is not None and host_scope(server.host or "") == "loopback":
                    ports.setdefault(server.port, protocol(one, address)[0] or "")
    return [one._replace(chained=ports) for one in fronts]


def sockets(one: Front) -> list[tuple[Address, Bind]]:
    """The mail sockets of a front that are there for certain."""
    return [
        (address, bound)
        for bound, _, _ in one.proxy.binds
        for address in (bound.addresses if not bound.line.conditional else ())
        if is_mail(one, address)
    ]


def is_mail(one: Front, address: Address) -> bool:
    """Whether a socket carries mail: by its port, by the port of a server behind, or by a name."""
    proxy, backends, servers, inside = one.proxy, one.backends, one.servers, one.chained
    if (address.port in PORTS and address.port != 24) or address.port in inside:
        return True
    if (proxy.mode is not None and proxy.mode.text == "http") or address.port in _WEB:
        return False
    if any(s.port in PORTS and s.port != 24 for s in servers):
        return True
    return any(of_name(name) is not None for name in (proxy.name, *(b.name for b in backends)))


def protocol(one: Front, address: Address) -> tuple[str | None, tuple[Origin, ...]]:
    """The protocol of a socket: what its servers tell, else its port, else its name. None where these disagree."""
    proxy, backends, servers, inside = one.proxy, one.backends, one.servers, one.chained
    told, mute = behind(servers)
    if len(told) == 1:
        name = next(iter(told))
        where = next(s.address.where for s in servers if s.port in PORTS)
        return name, (Origin("implies", where, "the port of the server"),)
    if mute and len(one.ports) > 1:
        return None, ()
    if address.port in PORTS:
        return PORTS[address.port], (Origin("implies", address.where, "the port"),)
    names = [n for n in map(of_name, (proxy.name, *(b.name for b in backends))) if n]
    if names:
        return names[0], (Origin("implies", proxy.where, "the name"),)
    if inside.get(address.port or 0):
        return inside[address.port or 0], (Origin("implies", address.where, "mail is passed to this port"),)
    return (next(iter(one.ports)) if len(one.ports) == 1 else None), ()


def role(spoken: str | None, one: Front, port: int | None, tls: bool) -> str | None:
    """What an SMTP socket is for, where its port, its name or its servers tell."""
    proxy, servers = one.proxy, one.servers
    if spoken is None:
        return "access" if one.ports and one.ports <= _MAILBOXES else None
    if spoken != "smtp":
        return "delivery" if spoken == "lmtp" else "access"
    if port == 25:
        return "mx"
    name = set(words(proxy.name))
    if port in (465, 587, 2525) or tls or name & {"submission", "submissions", "smtps"}:
        return "submission"
    ports = {s.port for s in servers}
    if ports and ports <= {465, 587}:
        return "submission"
    return "mx" if ports == {25} or "mx" in name else None
