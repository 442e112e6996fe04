"""Cipher suites and Diffie-Hellman group (imapd.conf(5) of Cyrus IMAP 3.10)."""

from __future__ import annotations

from mailpolicy.facts import Draft
from mailpolicy.readers.cyrus.settings import View


def put(draft: Draft, view: View) -> None:
    """What files say; nothing of what Cyrus does by itself."""
    listed = view.get("tls_ciphers")
    if listed.entry is not None:
        from mailpolicy import ciphers

        pieces = [(listed.value, listed.entry.where)] if listed.known and listed.value is not None else None
        ciphers.put(draft, pieces, listed.origins)
    order = view.get("tls_prefer_server_ciphers")
    if order.entry is not None:
        whose = {True: "server", False: "client"}.get(order.yes) if order.yes is not None else None
        draft.maybe("cipher_preference", whose, order.origins)
    group = view.get("tls_server_dhparam")
    if group.entry is not None:
        draft.maybe("dh_file", group.value if group.known else None, group.origins)
