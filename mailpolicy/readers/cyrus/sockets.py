"""Which sockets the master opens: ``listen`` and ``proto`` of its services, after ``service_create`` of master.c."""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.ports import SERVICES
from mailpolicy.readers.cyrus.cyrus_conf import Argument, Service
from mailpolicy.types import Span, Unread

_FAMILIES = {"tcp": (4, 6), "tcp4": (4,), "tcp6": (6,), "udp": (), "udp4": (), "udp6": ()}
_NO_HOST = "\0"
_ADDED = frozenset(("lmtp", "mupdate", "csync", "fud", "kpop", "nntps"))
"""Names that Debian's /etc/services lacks and that Cyrus' guide tells to add."""


class Socket(NamedTuple):
    """One TCP socket. ``address`` is "" where the files do not tell it, as for a host name."""

    service: Service
    address: str
    family: int
    port: int | None
    where: Span
    """Of the address, or of the whole ``listen``."""
    port_where: Span


class Opened(NamedTuple):
    """The sockets of all services."""

    sockets: list[Socket]
    unread: list[Unread]
    notes: list[str]
    taken: bool = False
    """Whether a port is wanted twice."""


def opened(services: list[Service]) -> Opened:
    """Sockets in the order in which the master binds them; a place that is taken stays with the first."""
    made = Opened([], [], [])
    taken: dict[tuple[int, int], dict[str, Service]] = {}
    clash = False
    for service in services:
        for socket in _sockets(service, made):
            if socket.port is None or not socket.address:
                made.sockets.append(socket)
                continue
            there = taken.setdefault((socket.family, socket.port), {})
            wild = "0.0.0.0" if socket.family == 4 else "::"
            other = there.get(socket.address) or there.get(wild)
            if other is None and socket.address == wild:
                other = next(iter(there.values()), None)
            if other is None:
                there[socket.address] = service
                made.sockets.append(socket)
            else:
                why = f"{service.name} cannot listen here: {other.name} has port {socket.port} already"
                made.unread.append(Unread(socket.where, why))
                clash = True
    return made._replace(unread=list(dict.fromkeys(made.unread)), taken=clash)


def _sockets(service: Service, made: Opened) -> list[Socket]:
    listen, proto = service.arguments["listen"], service.arguments.get("proto")
    word = proto.value if proto is not None else "tcp"
    if listen.value.startswith("/") or (not listen.known and "/" in listen.value):
        return []
    if proto is not None and word not in _FAMILIES and proto.known:
        made.unread.append(Unread(proto.where, f"there is no proto {word}: {service.name} opens no port"))
    families = _FAMILIES.get(word, ()) if proto is None or proto.known else (4, 6)
    if not families:
        return []
    split = _split(listen)
    if split is None:
        made.unread.append(Unread(listen.where, f"this is no [host:]port: {service.name} opens no port"))
        return []
    (host, host_at), (port, port_at) = split
    where = listen.part(host_at, host_at + len(host)) if host not in ("", _NO_HOST) else listen.where
    port_where = listen.part(port_at, port_at + len(port)) if port else listen.where
    number = _port(port)
    if number is None and listen.known:
        _unknown_port(service, port, port_where, made)
        return []
    if not listen.known:
        number = number if port.isdecimal() else None
    places = _addresses(host, families) if listen.known or host != _NO_HOST or number is not None else [("", 0)]
    if not places and listen.known:
        made.unread.append(Unread(where, f"{host or 'an empty host'} is no address here: {service.name} opens no port"))
    return [Socket(service, address, family, number, where, port_where) for address, family in places]


def _unknown_port(service: Service, port: str, where: Span, made: Opened) -> None:
    if port in _ADDED:
        made.notes.append(f"{where}: Debian's /etc/services has no {port}: {service.name} opens no port there")
    elif not port or port == "0":
        made.notes.append(f"{where}: without a port {service.name} gets one by chance")
    else:
        why = f"there is no service {port} in /etc/services: {service.name} opens no port"
        made.unread.append(Unread(where, why))


def _split(listen: Argument) -> tuple[tuple[str, int], tuple[str, int]] | None:
    """Host and port of ``[host:]port``, with their offsets; None when the master refuses it."""
    text = listen.value
    if text.startswith("["):
        end = text.rfind("]")
        rest = text[end + 1 :]
        if end < 0 or (rest and (rest[0] != ":" or len(rest) == 1)):
            return None
        return (text[1:end], 1), (rest[1:], end + 2)
    colon = text.rfind(":")
    if colon < 0:
        return (_NO_HOST, 0), (text, 0)
    return None if colon == len(text) - 1 else ((text[:colon], 0), (text[colon + 1 :], colon + 1))


def _port(text: str) -> int | None:
    """As getaddrinfo(3) of glibc has it: digits modulo 65536, else a name of Debian's /etc/services in its own case."""
    digits = text.lstrip(" \t\n\v\f\r")
    if re.fullmatch(r"\+?[0-9]{1,18}", digits):
        return int(digits) % 65536 or None
    return SERVICES.get(text) if text not in _ADDED else None


def _addresses(host: str, families: tuple[int, ...]) -> list[tuple[str, int]]:
    """What a host stands for, in the families that are asked for."""
    if host in (_NO_HOST, "*"):
        found = [("0.0.0.0", 4), ("::", 6)]
    elif host in ("localhost", "ip6-localhost"):
        found = [("127.0.0.1", 4), ("::1", 6)] if host == "localhost" else [("::1", 6)]
    elif not host:
        found = []
    else:
        found = _literal(host)
    return [(address, family) for address, family in found if family in families or not family]


def _literal(host: str) -> list[tuple[str, int]]:
    """An address; a host name is resolved where the master runs, so its address and family are not known here."""
    import ipaddress  # imported late: most configurations name no address

    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return [("", 0)]
    return [(str(address), address.version)]
