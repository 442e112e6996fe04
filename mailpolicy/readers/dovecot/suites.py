"""Cipher suites, Diffie-Hellman group and options of TLS (Dovecot 2.3.19 and 2.4.1, 2.2.36 ssl-parameters)."""

from __future__ import annotations

from mailpolicy.facts import Draft
from mailpolicy.readers.dovecot.model import Looked, Model, Place, span_of

_BUILT_IN = "ALL:!kRSA:!SRP:!kDHd:!DSS:!aNULL:!eNULL:!EXPORT:!DES:!3DES:!MD5:!PSK:!RC4:!ADH:!LOW@STRENGTH"
_OPTION_NAMES = ("ssl_cipher_list", "ssl_prefer_server_ciphers", "ssl_server_prefer_ciphers", "ssl_dh",
                 "ssl_server_dh_file", "ssl_dh_parameters_length", "ssl_options")  # fmt: skip


def put(draft: Draft, model: Model, place: Place) -> None:
    """What files say; nothing of what Dovecot does by itself."""
    if not any(model.keyed(name) for name in _OPTION_NAMES):
        return
    listed = model.get("ssl_cipher_list", place)
    if listed.entry is not None and (listed.value or not listed.known):
        from mailpolicy import ciphers

        pieces = [(listed.value, span_of(listed.entry))] if listed.known and not listed.entry.file else None
        ciphers.put(draft, pieces, listed.origins, _BUILT_IN)
    newer = model.dialect == "2.4"
    order = model.get("ssl_server_prefer_ciphers" if newer else "ssl_prefer_server_ciphers", place)
    if order.entry is not None:
        whose = order.value if newer else "server" if order.yes else "client"
        draft.maybe(
            "cipher_preference", whose if order.known and whose in ("server", "client") else None, order.origins
        )
    _put_group(draft, model.get("ssl_server_dh_file" if newer else "ssl_dh", place))
    length = model.get("ssl_dh_parameters_length", place)
    if length.entry is not None:  # only 2.2 has it
        known = length.known and length.value.isascii() and length.value.isdigit()
        draft.maybe("dh_bits", int(length.value[:6]) if known else None, length.origins)
    words, _, origins = model.words("ssl_options", " ,", place)
    on = [origin for word, origin in words if word.lower() == "compression"]
    if on:
        draft.put("tls_compression", True, (*origins, *on))


def _put_group(draft: Draft, group: Looked) -> None:
    if group.entry is None:
        return
    path = group.value if "%{" not in group.value and "BEGIN" not in group.value else ""
    draft.maybe("dh_file", path if path and group.known else None, group.origins)
