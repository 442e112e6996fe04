"""Addresses, networks and host names: who can reach them. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable

LOOPBACK = frozenset(("127.0.0.0/8", "127.0.0.1", "127.0.0.1/32", "::1", "::1/128", "::ffff:127.0.0.0/104"))
"""What mynetworks holds as a rule, known without importing ipaddress."""
_WIDTH = ("loopback", "private", "wide", "public", "world")


def scope_of(address: str) -> str:
    """Scope of a listening address: loopback, private, any (every address of the host) or public."""
    text = address.strip("[]")
    if text in ("*", "0.0.0.0", "::", ""):
        return "any"
    return _host_kind(text)


def host_scope(host: str) -> str:
    """Scope of a host that a client connects to: loopback, private or public.

    Whoever connects to 0.0.0.0 or :: reaches itself (ip(7)). A name without a dot is private: it is
    a container, a service or a name of the local network.
    """
    text = host.strip("[]").lower().rstrip(".")
    if text in ("localhost", "localhost.localdomain", "ip6-localhost", "0.0.0.0", "::"):
        return "loopback"
    if text.endswith(".localhost") or text.startswith("/"):
        return "loopback"
    kind = _host_kind(text)
    if kind != "name":
        return kind
    local = "." not in text or text.endswith((".local", ".lan", ".internal", ".home.arpa", ".svc", ".localdomain"))
    return "private" if local else "public"


def without_password(host: str) -> str:
    """A host without the password that an address which was put in its place has before the ``@``."""
    login, at, rest = host.rpartition("@")
    start = login.find("://") + 3 if "://" in login else 0
    colon = login.find(":", start)
    return f"{login[:colon]}:***{at}{rest}" if colon >= 0 else host


def _host_kind(text: str) -> str:
    """loopback, private or public of an IP address; ``name`` for anything else."""
    if text.startswith("127.") or text == "::1":
        return "loopback"
    if not text or not (text[0].isdigit() or ":" in text):
        return "name"
    import ipaddress  # imported late: costs start-up time that a config with wildcards alone does not need

    try:
        address = ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return "name"
    if address.is_loopback:
        return "loopback"
    return "private" if _is_private(address) else "public"


def _is_private(address: object) -> bool:
    import ipaddress

    assert isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address)
    return address.is_link_local or any(
        address.version == network.version and address in network
        for network in map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
    )


def network_scope(networks: Iterable[str]) -> str | None:
    """The widest of some networks: loopback, private (at most /24 or /56), wide (private beyond that), public, world.

    An entry that is no network (a table, a name) is left out; None when nothing is left.
    """
    widest = -1
    for network in networks:
        scope = _one_network(network)
        if scope is not None:
            widest = max(widest, _WIDTH.index(scope))
    return _WIDTH[widest] if widest >= 0 else None


def _one_network(text: str) -> str | None:
    text = text.strip().lstrip("[").replace("]", "")
    if text in LOOPBACK:
        return "loopback"
    import ipaddress

    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            network = ipaddress.ip_network((mapped, network.prefixlen - 96))
    if network.is_loopback:
        return "loopback"
    if network.prefixlen == 0:
        return "world"
    if _is_private(network.network_address):
        narrow = 24 if network.version == 4 else 56
        return "private" if network.prefixlen >= narrow else "wide"
    return "public"


def contains(network: str, address: str) -> bool:
    """Whether a network holds an address; False when either is not one."""
    import ipaddress

    try:
        return ipaddress.ip_address(address.strip("[]")) in ipaddress.ip_network(
            network.replace("[", "").replace("]", ""), strict=False
        )
    except ValueError:
        return False
