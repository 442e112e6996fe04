"""The sockets that the daemon opens (exim spec, chapter 13)."""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.ports import port_number
from mailpolicy.readers.exim.marked import Mark, Marked, elements, placed
from mailpolicy.readers.exim.model import Model, Option
from mailpolicy.text import Source
from mailpolicy.tree import Tree, place
from mailpolicy.types import Origin, Unreadable

_WITH_PORT = re.compile(
    r"\[([0-9a-fA-F:.]+)\](?::(\d+))?$|(\d+\.\d+\.\d+\.\d+)(?:\.(\d+))?$|([0-9a-fA-F]*:[0-9a-fA-F:]*)(?:\.(\d+))?$"
)
Origins = tuple[Origin, ...]
BUILT_IN = (Origin("default", None, "Exim"),)


class Socket(NamedTuple):
    """An address and port. ``*`` in the address: every address of both families."""

    address: str
    port: int
    implicit: bool | None
    address_from: Origins
    port_from: Origins
    implicit_from: Origins
    twice: Origins = ()
    """Where the same socket is named a second time."""


class Command(NamedTuple):
    """What ``-oX`` of the init script's options changes."""

    interfaces: Option | None
    ports: Option | None
    daemon: bool = True
    """Whether the init script starts a daemon that listens."""
    implicit: Origins = ()
    """Where ``-tls-on-connect`` makes TLS begin at once on every port."""


def command(tree: Tree, home: str, folder: str, files: list[str]) -> Command:
    """Reads ``/etc/default/exim4``, where it is."""
    path = place("/etc/default/exim4", home, folder)
    try:
        source = tree.source(path) if path is not None else None
    except Unreadable:
        source = None
    if source is None:
        return Command(None, None)
    files.append(source.path)
    runner = re.search(r"^[ \t]*QUEUERUNNER=['\"]?(\w+)", source.text, re.MULTILINE)
    made = Command(None, None, not (runner and runner[1] in ("no", "ppp", "nodaemon", "queueonly")))
    options = r"^[ \t]*(?:COMMONOPTIONS|SMTPLISTENEROPTIONS)=(['\"]?)([^'\"\n]*)\1"
    for found in re.finditer(options, source.text, re.MULTILINE):
        at_once = re.search(r"-tls-on-connect(?!\S)", found[2])
        if at_once:
            where = source.span(found.start(2) + at_once.start(), found.start(2) + at_once.end())
            made = made._replace(implicit=(Origin("sets", where),))
        value = re.search(r"-oX\s*(\S+)", found[2])
        if value:
            start = found.start(2) + value.start(1)
            items = [item.text for item in elements(placed(value[1], source.span(start, start + len(value[1]))))]
            ports = [item for item in items if "." not in item and ":" not in item]
            addresses = [item for item in items if item not in ports]
            made = made._replace(
                interfaces=_given("local_interfaces", addresses, value[1], start, source),
                ports=_given("daemon_smtp_ports", ports, value[1], start, source),
            )
    return made


def _given(name: str, items: list[str], text: str, start: int, source: Source) -> Option | None:
    """A list option made of some of the items of ``-oX``."""
    if not items:
        return None
    value, at = "<;", 0
    marks: list[Mark] = [(0, source, start)]
    for item in items:
        at = max(text.find(item, at), 0)
        marks.append((len(value) + 1, source, start + at))
        value += f" {item};"
    return Option(name, Marked(value, tuple(marks)), source.span(start, start + len(text)))


def sockets(model: Model, given: Command) -> list[Socket] | None:
    """All sockets; None where a template decides which there are. What the daemon refuses is refused."""
    ports = given.ports or _last(model, "daemon_smtp_ports", "daemon_smtp_port")
    on_connect = model.options.get("tls_on_connect_ports")
    implicit = _ports(model, on_connect)
    addresses = given.interfaces or model.options.get("local_interfaces")
    if (model.hidden and (ports is None or addresses is None)) or not all(
        o is None or o.known for o in (ports, addresses)
    ):
        return None
    numbers = _ports(model, ports)
    if numbers is None:
        return None
    if ports is None:
        numbers = [(25, BUILT_IN)]
    found: list[Socket] = []
    for address, own, origins in _addresses(model, addresses):
        for port, at in [(own, origins)] if own is not None else numbers:
            listed = next((o for p, o in implicit if p == port), None) if implicit is not None else None
            certain = None if implicit is None or (on_connect is None and model.hidden) else listed is not None
            why = listed or (on_connect.origins if on_connect is not None else BUILT_IN)
            if given.implicit:
                certain, why = True, given.implicit
            found.append(Socket(address, port, certain, origins, at, why))
        if own is None and not numbers:
            model.lexer.refuse(ports.where if ports else None, "no port is given for an interface")
    return _merged(found)


def _last(model: Model, *wanted: str) -> Option | None:
    """The one of two names for the same option that is set later."""
    return next((model.options[name] for name in reversed(model.options) if name in wanted), None)


def _ports(model: Model, option: Option | None) -> list[tuple[int, Origins]] | None:
    """The ports of a list; of numbers that are too great Exim takes the lower 16 bits, and for 0 any port."""
    if option is None:
        return []
    if not option.known:
        return None
    found = []
    for element in elements(option.value):
        text = element.text
        number = int(text) % 65536 if text.isdecimal() and text.isascii() and len(text) < 10 else port_number(text)
        if number is None:
            word = "invalid port" if text[:1].isdigit() else "unknown port"
            model.lexer.refuse(element.span() or option.where, f'{word} "{text}"')
        elif number == 0:
            return None
        else:
            found.append((number, option.at(element)))
    return found


def _addresses(model: Model, option: Option | None) -> list[tuple[str, int | None, Origins]]:
    six = model.options.get("disable_ipv6")
    without = six is not None and six.known and six.value.text == "true"
    if option is None:
        why = six.origins if without and six is not None else BUILT_IN
        return [("0.0.0.0", None, why)] if without else [("::", None, BUILT_IN), ("0.0.0.0", None, BUILT_IN)]
    found: list[tuple[str, int | None, Origins]] = []
    for element in elements(option.value):
        match = _WITH_PORT.match(element.text)
        if match is None or not _is_address(match[1] or match[3] or match[5]):
            model.lexer.refuse(element.span() or option.where, f'"{element.text}" is no IP address')
            continue
        address = match[1] or match[3] or match[5]
        port = match[2] or match[4] or match[6]
        address = "::" if re.fullmatch(r"[0:]+", address) and ":" in address else address
        if not (":" in address and without):
            found.append((address, int(port) if port else None, option.at(element)))
    return found


def _is_address(text: str) -> bool:
    import ipaddress  # imported late, as few files set interfaces

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _merged(found: list[Socket]) -> list[Socket]:
    """Each socket once; a second one on the same port of a wildcard address cannot be opened."""
    kept: dict[tuple[str, int], Socket] = {}
    for socket in found:
        key = (socket.address, socket.port)
        if key in kept:
            again = socket.port_from if socket.port_from != kept[key].port_from else socket.address_from
            kept[key] = kept[key]._replace(twice=again)
        else:
            kept[key] = socket
    for key, socket in kept.items():
        wild = kept.get(("::" if ":" in socket.address else "0.0.0.0", socket.port))
        if wild is not None and wild is not socket and not socket.twice:
            kept[key] = socket._replace(twice=socket.address_from)
            first = (wild.address, wild.port)
            kept[first] = kept[first]._replace(twice=kept[first].twice or socket.address_from)
    return list(kept.values())
