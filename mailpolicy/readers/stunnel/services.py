"""The services of a configuration: what each section sets on top of the global options, and what stunnel refuses.

After stunnel(8) of 5.68 and 5.74 and what both were seen to do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from mailpolicy.ciphers import only_new, security_level
from mailpolicy.lean import NamedTuple
from mailpolicy.ports import port_number
from mailpolicy.readers.stunnel.syntax import (
    GLOBAL,
    NUMBERS,
    PROTOCOLS,
    SERVICE,
    TLS_OPTIONS,
    VERSIONS,
    WORDS,
    YES_NO,
    Line,
)
from mailpolicy.types import Origin, Span, Unread

LEVELS = ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_BANS = {
    "no_sslv3": "SSLv3", "no_tlsv1": "TLSv1.0", "no_tlsv1_1": "TLSv1.1", "no_tlsv1_2": "TLSv1.2",
    "no_tlsv1_3": "TLSv1.3",
}  # fmt: skip
LEVELLED = (5, 60)
"""Older versions come with libraries whose security level lets TLS 1.0 through or not, as it was built."""


KEPT = 64
"""Lines of one option in one section that are looked at."""
_VERSIONS = ("sslversion", "sslversionmin", "sslversionmax")
_DEBUG = (*"01234567", "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
_VERIFIED = ("redirect", "checkhost", "checkip", "checkemail")
"""What is about certificates that are verified."""


class Service(NamedTuple):
    """A section over the global options."""

    name: str
    where: Span
    own: Mapping[str, Sequence[Line]]
    """Lines by option, the last KEPT of each; those that set TLS versions stand together under "" as well."""
    common: Mapping[str, Sequence[Line]]

    def all(self, name: str) -> list[Line]:
        """Every line of an option, those of the global part first."""
        return [*self.common.get(name, ()), *self.own.get(name, ())]

    @property
    def known(self) -> bool:
        """Whether no template has a part in it."""
        return all(line.known for lines in self.own.values() for line in lines) and "{" not in self.common

    def last(self, name: str) -> Line | None:
        """The line of an option that wins."""
        found = self.all(name)
        return found[-1] if found else None

    def origins(self, name: str) -> tuple[Origin, ...]:
        """Who set an option, oldest first."""
        return tuple(Origin("overrides" if i else "sets", line.where) for i, line in enumerate(self.all(name)[-3:]))

    def yes(self, name: str) -> bool | None:
        """A switch that is off by default; None when a template decides."""
        line = self.last(name)
        if line is None:
            return False
        return line.value.lower() == "yes" if line.known else None


def services(found: tuple[Line, ...]) -> tuple[list[Line], list[tuple[Service, list[Line]]]]:
    """The global part, and all services in their order with their lines."""
    common: list[Line] = []
    heads: list[tuple[Line, list[Line]]] = []
    for line in found:
        if line.name == "[":
            heads.append((line, []))
        else:
            (heads[-1][1] if heads else common).append(line)
    shared = _indexed(common)
    return common, [(Service(head.value, head.where, _indexed(body), shared), body) for head, body in heads]


def _indexed(lines: list[Line]) -> Mapping[str, Sequence[Line]]:
    """Lines by option; "{" when a template fills one in."""
    found: dict[str, deque[Line]] = {}
    for line in lines:
        names = [line.name, *([""] if line.name in _VERSIONS else []), *([] if line.known else ["{"])]
        for name in names:
            found.setdefault(name, deque(maxlen=KEPT)).append(line)
    return found


def faults(common: list[Line], made: list[tuple[Service, list[Line]]], whole: bool) -> list[Unread]:
    """What stunnel refuses; one such thing and no service starts. ``whole``: nothing comes from elsewhere."""
    found: list[tuple[Span, str]] = []
    for line, inside in [*((one, False) for one in common), *((one, True) for _, body in made for one in body)]:
        why = _fault(line, inside)
        if why:
            found.append((line.named if line.name not in (*GLOBAL, *SERVICE) else line.where, why))
    if not found and whole:
        before: set[str] = set()
        for service, _ in made:
            found += _incomplete(service, before)
            before.add(service.name)
        found += _clashes([service for service, _ in made])
    return [Unread(where, f"{why}: stunnel does not start") for where, why in found]


def _fault(line: Line, inside: bool) -> str:
    """Why stunnel refuses one line, or ""."""
    if not line.known:
        return ""
    if line.fault:
        return line.fault
    name, value = line.name, line.value.lower()
    if name not in GLOBAL and name not in SERVICE:
        return f"there is no option {line.name[:40]}"
    if inside and name in GLOBAL:
        return f"{name} does not belong into a section"
    if name in WORDS and value not in WORDS[name]:
        return f"{name} takes {', '.join(WORDS[name])}"
    if name in NUMBERS and not value.removeprefix("-").isdecimal():
        return f"{name} takes a number"
    if name in ("sslversion", "sslversionmin", "sslversionmax") and value not in VERSIONS:
        return f"{line.value[:40]} is no version that stunnel knows: all, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3"
    if name == "protocol" and value not in PROTOCOLS:
        return f"there is no protocol {line.value[:40]}"
    if name == "options" and value.removeprefix("-") not in TLS_OPTIONS:
        meant = "; they are NO_TLSv1_1, NO_TLSv1_2, NO_TLSv1_3" if value.startswith("no_tls") else ""
        return f"there is no TLS option {line.value[:40]}{meant}"
    if name == "debug" and (value.rpartition(".")[2] not in _DEBUG or (inside and "." in value)):
        return "debug takes a level: 0 to 7" + ("" if inside else ", after a syslog facility and a dot or alone")
    if name == "retry" and value not in YES_NO and not value.isdecimal():
        return "retry takes yes or no, newer versions a delay too"
    if name == "accept":
        return accepted(line)[2]
    return ""


def _incomplete(service: Service, before: set[str]) -> list[tuple[Span, str]]:
    """What is missing from a service."""
    found: list[tuple[Span, str]] = []
    client = service.yes("client")
    if not service.known:
        return found
    sni, protocol = service.last("sni"), service.last("protocol")
    ends = [name for name in ("accept", "connect", "exec") if service.last(name)]
    if len(ends) + (sni is not None and not client) != 2:
        found.append((service.where, "a service needs two of accept, connect and exec"))
    if sni is not None and not client and sni.value.partition(":")[0] not in before:
        found.append((sni.where, "sni names no section above"))
    if protocol is not None and not client and not PROTOCOLS.get(protocol.value.lower(), True):
        found.append((protocol.where, f"a server does not speak {protocol.value[:40]}"))
    if not client and not any(_stands(service, name) for name in ("cert", "psksecrets")):
        found.append((service.where, "a server without cert"))
    found += _verification(service)
    low, high = bounds(service)
    if low and high and LEVELS.index(low) > LEVELS.index(high):
        line = service.last("sslversionmin") or service.last("sslversion")
        found.append((line.where if line else service.where, "the lowest TLS version is above the highest"))
    return found


def _verification(service: Service) -> list[tuple[Span, str]]:
    """What is missing where certificates are verified, and what is about them where they are not."""
    asked = service.last("verify")
    if verifies(service) or (asked is not None and asked.value == "1"):
        if any(_stands(service, name) for name in ("cafile", "capath", "caengine", "castore")):
            return []
        line = service.last("verifychain") or service.last("verifypeer") or asked
        return [(line.where if line else service.where, "certificates are to be verified without CAfile or CApath")]
    idle = next((line for name in _VERIFIED if (line := service.last(name))), None)
    return [(idle.where, f"{idle.name} needs verifyChain or verifyPeer")] if idle is not None else []


def verifies(service: Service) -> bool:
    """Whether the peer's certificate is verified."""
    verify = service.last("verify")
    levelled = verify is not None and verify.value in ("2", "3", "4")
    return bool(service.yes("verifychain") or service.yes("verifypeer") or levelled)


def _clashes(made: list[Service]) -> list[tuple[Span, str]]:
    """A service none of whose sockets can be bound beside those of earlier ones."""
    found: list[tuple[Span, str]] = []
    taken: dict[int, set[str]] = {}
    for service in made:
        lines = service.all("accept")
        wanted = [
            (_wild(host), port, line.where)
            for line in lines
            for host, port, _ in (accepted(line),)
            if line.known and host is not None and port is not None
        ]
        if wanted and len(wanted) == len(lines) and all(_held(taken.get(port), host) for host, port, _ in wanted):
            found.append((wanted[0][2], f"port {wanted[0][1]} is taken by an earlier service"))
        for host, port, _ in wanted:
            taken.setdefault(port, set()).add(host)
    return found


def _held(taken: set[str] | None, host: str) -> bool:
    return bool(taken) and (host == "0.0.0.0" or "0.0.0.0" in (taken or ()) or host in (taken or ()))


def _wild(host: str | None) -> str:
    """All wildcards are one: :: takes IPv4 as well."""
    return "0.0.0.0" if host in ("", "*", "0.0.0.0", "::") else host or ""


def _stands(service: Service, name: str) -> bool:
    line = service.last(name)
    return line is not None and line.value != ""


def bounds(service: Service) -> tuple[str | None, str | None]:
    """The lowest and highest version that is set, None for none; the last of the options that set one wins."""
    low: str | None = None
    high: str | None = None
    for line in service.all(""):
        version = VERSIONS.get(line.value.lower(), "all")
        value = None if version == "all" else version
        if line.name != "sslversionmax":
            low = value
        if line.name != "sslversionmin":
            high = value
    return low, high


def accepted(line: Line) -> tuple[str | None, int | None, str]:
    """Address and port of an accept or connect line, and why stunnel refuses it. None is unknown."""
    text = line.value
    if not line.known:
        port = text.rpartition(":")[2]
        return None, port_number(port), ""
    if text.startswith("/"):
        return "/", None, ""
    host, colon, port = text.rpartition(":")
    if colon and (not host or host.startswith("[")):
        return None, None, f"{text[:60]} has no host that stunnel takes"
    number = port_number(port)
    if number is None and port != "0" and (not port or not port.replace("-", "").replace("_", "").isalnum()):
        return None, None, f"{text[:60]} names no port"
    if number is None and port.isdecimal() and port != "0":
        return None, None, f"{port[:40]} is no port number"
    return host, number, ""


def versions(service: Service, program: tuple[int, ...]) -> tuple[tuple[str, ...] | None, tuple[Origin, ...]]:
    """TLS versions that a service speaks, None when unknown, and who says so."""
    builtin = Origin("default", None, f"stunnel {'.'.join(map(str, program))}")
    told = [line for name in _TELLING for line in service.all(name)]
    if any(not line.known for line in told):
        return None, (builtin, *(Origin("sets", line.where) for line in told))
    allowed = _configured(service)
    modern = [v for v in allowed if v in ("TLSv1.2", "TLSv1.3")]
    level, level_from = _level(service)
    limits = [o for name in ("sslversion", "sslversionmax", "sslversionmin") for o in service.origins(name)]
    banned = [o for line in service.all("options") for o in (Origin("sets", line.where),)]
    sure = level is not None and (program >= LEVELLED or service.last("securitylevel") is not None)
    if allowed != modern and not sure:
        return None, (builtin, *banned, *limits, *level_from)
    if allowed == modern:
        return tuple(allowed), (builtin, *banned, *level_from, *limits)
    if level:
        return tuple(modern), (builtin, *banned, *limits, *level_from)
    ciphers = service.last("ciphers")
    if ciphers is not None:
        new = only_new(ciphers.value)
        if new is not False:
            why = Origin("overrides", ciphers.where, "these ciphers need TLS 1.2")
            return tuple(modern) if new else None, (builtin, *banned, *limits, why)
    by = (*level_from, *limits) if bounds(service)[0] else (*limits, *level_from)
    return tuple(allowed), (builtin, *banned, *by)


_TELLING = ("sslversion", "sslversionmin", "sslversionmax", "options", "securitylevel", "ciphers")


def _configured(service: Service) -> list[str]:
    """Versions that the limits and the options leave, without regard to the library's security level."""
    low, high = bounds(service)
    banned: set[str] = set()
    for line in service.all("options"):
        value = line.value.lower()
        if value in _BANS:
            banned.add(_BANS[value])
    for line in service.all("options"):
        if line.value.startswith("-"):
            banned.discard(_BANS.get(line.value[1:].lower(), ""))
    bottom = max(1, LEVELS.index(low) if low else 1)
    top = LEVELS.index(high) if high else len(LEVELS) - 1
    return [v for i, v in enumerate(LEVELS) if bottom <= i <= top and v not in banned]


def _level(service: Service) -> tuple[int | None, tuple[Origin, ...]]:
    """OpenSSL's security level: that of the cipher list, else securityLevel, else 2."""
    ciphers, line = service.last("ciphers"), service.last("securitylevel")
    if ciphers is not None and "@SECLEVEL=" in ciphers.value:
        return security_level(ciphers.value), (Origin("sets", ciphers.where),)
    if line is None:
        return 2, (Origin("default", None, "securityLevel = 2"),)
    return int(line.value) if line.value in ("0", "1", "2", "3", "4", "5") else None, service.origins("securitylevel")
