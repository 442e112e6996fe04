"""Cipher suites, Diffie-Hellman group and early data of a bind line (configuration manual of HAProxy 2.6 and 3.0)."""

from __future__ import annotations

from mailpolicy.facts import Draft
from mailpolicy.readers.haproxy.binds import Bind, Methods
from mailpolicy.readers.haproxy.syntax import Word
from mailpolicy.types import Origin


def put(draft: Draft, bound: Bind, listed: Word | None, limits: Methods) -> None:
    """What files say; nothing of what haproxy does by itself."""
    if listed is not None:
        from mailpolicy import ciphers

        pieces = [(listed.text, listed.where)] if listed.known else None
        ciphers.put(draft, pieces, (Origin("sets", listed.where),))
    if limits.client_order is not None:
        draft.put("cipher_preference", "client", (Origin("sets", limits.client_order),))
    early = bound.flag("allow-0rtt")
    if early is not None:
        draft.put("early_data", True, (Origin("sets", early.where),))
    file, bits = limits.group_file, limits.group
    if file is not None:
        draft.maybe("dh_file", file.text if file.known else None, (Origin("sets", file.where),))
    elif bits is not None:
        number = int(bits.text[:6]) if bits.known and bits.text.isascii() and bits.text.isdigit() else None
        draft.maybe("dh_bits", number, (Origin("sets", bits.where),))
