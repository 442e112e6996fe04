"""Networks in Dovecot's filters and lists. Imports ``ipaddress`` only when a config names a network."""

from __future__ import annotations

from functools import lru_cache

from mailpolicy.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network


@lru_cache(4096)
def parse(text: str) -> IPv4Network | IPv6Network | None:
    """A network or address as net_parse_range() reads it; None for a host name or nonsense."""
    import ipaddress

    if "/" in text and not text.rpartition("/")[2].strip().isdigit():
        return None  # a netmask, which Dovecot does not take
    try:
        return ipaddress.ip_network(text.strip().replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return None


def family(text: str) -> int | None:
    """4 or 6; None for a name."""
    network = parse(text)
    return None if network is None else network.version


@lru_cache(4096)
def public(text: str) -> bool:
    """Whether hosts of the Internet are in a network."""
    from mailpolicy.addresses import network_scope

    return network_scope([text]) in ("public", "world")


def bits(text: str) -> int:
    """Length of the prefix; a name counts as one address."""
    network = parse(text)
    return 128 if network is None else network.prefixlen


@lru_cache(65536)
def holds(network: str, inside: str) -> bool:
    """Whether a network holds the address or network ``inside``; "" is a host that nothing names."""
    outer = parse(network)
    if outer is None:
        return network == inside
    if outer.prefixlen == 0:
        return True  # Dovecot takes an empty prefix for "no such filter", whatever the address family
    if not inside:
        return False
    inner = parse(inside)
    if inner is None or inner.version != outer.version:
        return False
    return inner.subnet_of(outer)  # type: ignore[arg-type]  # the versions are equal
