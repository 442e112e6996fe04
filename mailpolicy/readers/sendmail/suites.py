"""Cipher suites and Diffie-Hellman group (sendmail/tls.c and doc/op/op.me of 8.17.1.9)."""

from __future__ import annotations

import re

from mailpolicy.facts import Draft
from mailpolicy.readers.sendmail.model import Config

_BITS = {"5": 512, "1": 1024, "2": 2048, "i": 2048, "I": 2048}
"""First character of DHParameters -> size of the group."""


def put(draft: Draft, config: Config) -> None:
    """What files say; nothing of what Sendmail does by itself."""
    listed = config.setting("CipherList")
    if listed is not None:
        from mailpolicy import ciphers

        pieces = [(listed.value.text.strip(), listed.value.whole())] if listed.value is not None else None
        ciphers.put(draft, pieces, listed.origins)
    _put_group(draft, config)
    options = config.setting("ServerSSLOptions")
    words = re.finditer(
        r"([+-]?)SSL_OP_CIPHER_SERVER_PREFERENCE\b", options.value.text if options and options.value else ""
    )
    for word in words:
        draft.put("cipher_preference", "client" if word[1] == "-" else "server", options.origins if options else ())


def _put_group(draft: Draft, config: Config) -> None:
    group = config.setting("DHParameters")
    if group is None:
        return
    text = group.value.text.strip() if group.value is not None else None
    if text is None:
        draft.unknown("dh_file", group.origins)
    elif text.startswith("/"):
        draft.put("dh_file", text, group.origins)
    elif text[:1] in ("n", "N"):
        draft.put("dhe", False, group.origins)
    elif text[:1] in _BITS:
        draft.put("dh_bits", _BITS[text[0]], group.origins)
