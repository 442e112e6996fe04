"""What PHP checks of a certificate by the ``ssl`` options of a stream context, for all programs that hand them on.

After ext/openssl/xp_ssl.c of PHP 8.2 and what PHP was seen to do: chain and name are two switches, both on
since PHP 5.6; a self-signed certificate that is allowed proves nothing but its name, and everybody can make one.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.sessions import Told, unknown
from mailpolicy.types import Origin

SWITCHES = ("verify_peer", "verify_peer_name", "allow_self_signed", "peer_fingerprint")
"""The options that decide it."""
_WORDS = {(True, True): "ca", (True, False): "ca-noname", (False, True): "name-only", (False, False): "none"}


def verified(switches: Mapping[str, Told], otherwise: tuple[Origin, ...] = ()) -> Told:
    """``verify`` of a connection, by the truth values of the ``SWITCHES`` that are set.

    ``otherwise`` are the origins where none of them is at fault.
    """
    unsure = [one for one in switches.values() if not one.known]
    if unsure:
        return unknown(tuple(origin for one in unsure for origin in one.by))
    peer = switches.get("verify_peer", Told(True))
    name = switches.get("verify_peer_name", Told(True))
    own = switches.get("allow_self_signed", Told(False))
    pinned = switches.get("peer_fingerprint", Told(False))
    chain = bool(peer.value) and not own.value
    if pinned.value and not chain:
        return Told("fingerprint", pinned.by)
    by = () if name.value else name.by
    if not chain:
        by = (*by, *(peer.by if not peer.value else own.by))
    return Told(_WORDS[chain, bool(name.value)], by or otherwise)
