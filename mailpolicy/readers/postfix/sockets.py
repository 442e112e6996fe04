"""Where master(8) listens: inet_interfaces, inet_protocols, addresses in service names (own_inet_addr.c)."""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.ports import port_number
from mailpolicy.readers.postfix.checks import Broken
from mailpolicy.readers.postfix.lexer import is_template
from mailpolicy.readers.postfix.master import Config, Service
from mailpolicy.readers.postfix.params import View
from mailpolicy.readers.postfix.services import port_of
from mailpolicy.types import Origin

_LOOPBACK = {"localhost": ("127.0.0.1", "::1"), "ip6-localhost": ("::1",), "localhost.localdomain": ("127.0.0.1",)}


class Place(NamedTuple):
    """An address with its origins; None where the files do not tell it."""

    address: str | None
    origins: tuple[Origin, ...]


class Named(NamedTuple):
    """A service name of type inet, split as host_port() does."""

    host: str
    port: int | None


def split(name: str) -> Named:
    """``port``, ``host:port`` or ``[v6]:port``; the port None where it is not known."""
    match = re.fullmatch(r"\[([^\]]*)\]:(.*)", name) or re.fullmatch(r"(.*):([^:]*)", name)
    host, port = (match[1], match[2]) if match else ("", name)
    return Named("" if host == "" else host, _port(port))


def _port(name: str) -> int | None:
    """A port number, or that of a service name; names are exact."""
    if name.isdecimal():
        return port_number(name)
    return port_of(name) or (port_number(name) if name == name.lower() else None)


def families(view: View) -> tuple[str, ...] | None:
    """Address families that inet_protocols turns on; None where the files do not tell."""
    text = view.get("inet_protocols").text
    if text is None:
        return None
    words = [word.lower() for word in re.split(r"[, \t\r\n]+", text) if word]
    if "all" in words:
        return ("ipv4", "ipv6")
    return tuple(word for word in ("ipv4", "ipv6") if word in words)


def start_fault(view: View) -> Broken | None:
    """Why no program starts because of inet_protocols or inet_interfaces."""
    protocols, interfaces = view.get("inet_protocols"), view.get("inet_interfaces")
    for word in re.split(r"[, \t\r\n]+", protocols.text or ""):
        if word and word not in ("all", "ipv4", "ipv6"):
            return f'inet_protocols: unknown protocol "{word}"', protocols.origins
    words = [word for word in re.split(r"[, \t\r\n]+", interfaces.text or "") if word]
    bad = [word for word in words if not re.fullmatch(r"[\[\]A-Za-z0-9.:_%-]+", word)]
    bad += [word for word in words if word.lower() in ("all", "loopback-only") and word != word.lower()]
    if len(words) > 1:
        bad += [word for word in words if word in ("all", "loopback-only")]
    if bad and not is_template(interfaces.raw):
        return f'inet_interfaces: host not found: "{bad[0]}"', interfaces.origins
    if interfaces.text == "" and protocols.text != "":
        return "inet_interfaces is empty: no service of type inet can listen", interfaces.origins
    return None


def places(config: Config, service: Service) -> list[Place]:
    """The addresses on which a service listens."""
    view = config.view()
    named = split(service.name)
    allowed = families(view)
    declared = (Origin("sets", service.where),)
    protocols = view.get("inet_protocols").origins
    if named.host:
        return _addresses(named.host, allowed, declared, protocols)
    interfaces = view.get("inet_interfaces")
    if interfaces.text is None or allowed is None:
        return [Place(None, interfaces.origins if interfaces.text is None else protocols)]
    if interfaces.text.lower() == "all":
        chain = (*interfaces.origins, *(protocols if view.is_set("inet_protocols") else ()))
        return [Place("*" if len(allowed) == 2 else "0.0.0.0" if "ipv4" in allowed else "::", chain)] if allowed else []
    if interfaces.text == "loopback-only":
        return _addresses("localhost", allowed, interfaces.origins, ())
    found: list[Place] = []
    for text, span in view.elements("inet_interfaces"):
        here = (*interfaces.origins, Origin("sets", span)) if span else interfaces.origins
        for place in _addresses(text, allowed, here, protocols):
            if place.address is None or all(place.address != other.address for other in found):
                found.append(place)
    return found


def _addresses(
    host: str, allowed: tuple[str, ...] | None, origins: tuple[Origin, ...], more: tuple[Origin, ...]
) -> list[Place]:
    """An address, or those of a name that every host knows; unknown for other names."""
    text = host.strip("[]")
    if text.lower() in _LOOPBACK:
        names = _LOOPBACK[text.lower()]
    elif re.fullmatch(r"[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%\w+)?", text):
        names = (text,)
    else:
        return [Place(None, origins)]
    kept = [name for name in names if allowed is None or ("ipv6" if ":" in name else "ipv4") in allowed]
    return [Place(name, origins) for name in kept]


def key_of(service: Service) -> tuple[str, str]:
    """Entries with the same key are one service to master(8): the later one wins."""
    if service.type != "inet":
        return service.name, service.type
    named = split(service.name)
    return (f"[{named.host}]:{named.port}" if named.port else service.name), service.type


def disabled(config: Config, service: Service) -> bool | None:
    """Whether master_service_disable names a service; None where the files do not tell."""
    view = config.view()
    if view.get("master_service_disable").text is None:
        return None
    full = f"{service.name}/{service.type}".lower()
    for text, _ in view.elements("master_service_disable"):
        bare = text.lstrip("!")
        pattern = re.sub(r"\.([a-z-]+)$", r"/\1", bare.lower()) if "/" not in bare else bare.lower()
        if pattern == (full if "/" in pattern else service.type):
            return (len(text) - len(bare)) % 2 == 0
    return False
