"""``listen``: addresses, ports and what a socket speaks.

After ``ngx_mail_core_listen``, ``ngx_stream_core_listen`` and ``ngx_parse_url``.
"""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.nginx.parser import Node, Word

MOST_PORTS = 100
"""Ports of one range that become facts of their own."""

_FLAGS = {
    "mail": re.compile(
        r"bind|ssl|proxy_protocol|multipath|(?:backlog|rcvbuf|sndbuf|so_keepalive)=.*|ipv6only=(?:on|off)"
    ),
    "stream": re.compile(
        r"bind|ssl|proxy_protocol|multipath|udp|reuseport|deferred|default_server|ipv6only=(?:on|off)"
        r"|(?:backlog|rcvbuf|sndbuf|so_keepalive|fastopen|setfib|accept_filter)=.*"
    ),
}  # fmt: skip
_NONE = range(0)
_PORTS = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")


class Listen(NamedTuple):
    """One listen directive."""

    word: Word
    addresses: tuple[str, ...]
    """``*`` for both families; empty: not known, or no TCP socket."""
    ports: range
    ssl: Word | None
    proxied: Word | None
    known: bool
    """Whether all its words are: a template could add ssl."""
    tcp: bool
    maybe: bool = False

    @property
    def some_ports(self) -> range:
        """The ports that become facts."""
        return self.ports[:MOST_PORTS]


class Refused(NamedTuple):
    """Why nginx refuses a listen directive, and the word that is at fault."""

    word: Word
    why: str


def listen(node: Node, module: str) -> Listen | Refused:
    """What a listen directive of ``mail`` or ``stream`` opens."""
    target, flags = node.args[0], node.args[1:]
    for word in flags:
        if word.known and not _FLAGS[module].fullmatch(word.text):
            return Refused(word, f'invalid parameter "{word.text[:60]}" of "listen"')
    named = {word.text: word for word in flags}
    ssl, proxied = named.get("ssl"), named.get("proxy_protocol")
    known = all(word.known for word in node.args)
    if target.text.startswith("unix:"):
        return Listen(target, (), _NONE, ssl, proxied, known, False, node.maybe)
    tcp = "udp" not in named
    if not target.known:
        ports = _range(target.text.rpartition(":")[2] if ":" in target.text else target.text)
        return Listen(target, (), ports if isinstance(ports, range) else _NONE, ssl, proxied, known, tcp, node.maybe)
    split = _split(target.text)
    if isinstance(split, str):
        return Refused(target, f'{split} in "{target.text[:60]}" of "listen"')
    host, port = split
    ports = _range(port) if port else _NONE
    if isinstance(ports, str):
        return Refused(target, f'{ports} in "{target.text[:60]}" of "listen"')
    addresses = _addresses(host, "ipv6only=off" in named)
    if addresses is None:
        return Refused(target, f'invalid IPv6 address in "{target.text[:60]}" of "listen"')
    return Listen(target, addresses, ports, ssl, proxied, known, tcp, node.maybe)


def _split(text: str) -> tuple[str, str] | str:
    """Host and port of a listen target, or what is wrong with it."""
    if "/" in text:
        return "invalid host"
    if text.startswith("["):
        host, bracket, rest = text.partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            return "invalid host"
        return ("no host" if host == "[" else (host + "]", rest[1:])) if not rest or rest[1:] else "invalid port"
    host, colon, port = text.partition(":")
    if colon:
        return ("no host" if not host else (host, port)) if port else "invalid port"
    return ("*", text) if _PORTS.fullmatch(text) else (text, "")


def _range(text: str) -> range | str:
    found = _PORTS.fullmatch(text)
    if found is None:
        return "invalid port"
    first, last = int(found[1]), int(found[2] or found[1])
    if not (0 < first < 65536 and 0 < last < 65536):
        return "invalid port"
    return range(first, last + 1) if first <= last else "invalid port range"


def _addresses(host: str, both: bool) -> tuple[str, ...] | None:
    """IP addresses; empty for a name that cannot be resolved here, None for a bad IPv6 address."""
    if host in ("*", "0.0.0.0"):
        return ("0.0.0.0",)
    if host == "localhost":
        return ("127.0.0.1", "::1")
    if host.startswith("["):
        import ipaddress  # imported late: most configurations name no IPv6 address

        try:
            address = str(ipaddress.IPv6Address(host[1:-1]))
        except ValueError:
            return None
        return ("*" if both and address == "::" else address,)
    return (host,) if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", host) else ()
