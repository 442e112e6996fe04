"""Cipher suites, Diffie-Hellman group and options of TLS (Exim 4.98: spec.txt, std-crypto.c; GnuTLS 3.7 priorities)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.facts import Draft
from mailpolicy.readers.exim.model import Option
from mailpolicy.types import Origin

_BITS = {"ike1": 768, "ike2": 1024, "ike5": 1536, "ike22": 1024}
"""Named groups of less than 2048 bits."""
_OPTIONS: dict[str, tuple[str, str | bool]] = {
    "+cipher_server_preference": ("cipher_preference", "server"),
    "-cipher_server_preference": ("cipher_preference", "client"),
    "-no_compression": ("tls_compression", True),
    "-no_renegotiation": ("tls_renegotiation", True),
    "+allow_unsafe_legacy_renegotiation": ("tls_renegotiation", True),
}
_BROKEN = {"ANON-DH": "anonymous", "ANON-ECDH": "anonymous", "NULL": "null", "ARCFOUR-128": "rc4", "ARCFOUR-40": "rc4",
           "DES-CBC": "des", "RC2-40": "export"}  # fmt: skip
_WEAK = {"RSA": "static-rsa", "3DES-CBC": "3des"}


def put(draft: Draft, options: Mapping[str, Option], gnutls: bool) -> None:
    """What files say; nothing of what Exim does by itself."""
    listed = options.get("tls_require_ciphers")
    if listed is not None and listed.value.text.strip():
        _put_ciphers(draft, listed, gnutls)
    if gnutls:
        return  # GnuTLS since 3.6 chooses the group by itself
    group = options.get("tls_dhparam")
    if group is not None and group.known and group.value.text in _BITS:
        draft.put("dh_bits", _BITS[group.value.text], group.origins)
    elif group is not None and group.value.text.startswith("/"):
        draft.maybe("dh_file", group.value.text if group.known and "$" not in group.value.text else None, group.origins)
    told = options.get("openssl_options")
    for match in re.finditer(r"([+-])\s*(\w+)", told.value.text) if told is not None and told.known else ():
        field, value = _OPTIONS.get(match[1] + match[2].lower(), ("", ""))
        if field and told is not None:
            draft.put(field, value, told.at(told.value.cut(match.start(), match.end())))


def _put_ciphers(draft: Draft, listed: Option, gnutls: bool) -> None:
    from mailpolicy import ciphers

    text = listed.value.text
    if not listed.known or "$" in text:
        ciphers.put(draft, None, listed.origins)
    elif not gnutls:
        ciphers.put(draft, [(text, listed.value.span())], listed.origins)
    else:
        _put_priorities(draft, listed)


def _put_priorities(draft: Draft, listed: Option) -> None:
    """What a GnuTLS priority string adds by name: keywords such as NORMAL are the library's own choice."""
    added: dict[str, tuple[Origin, ...]] = {}
    for match in re.finditer(r"([+!-])([A-Za-z0-9.-]+)", listed.value.text):
        name = match[2].upper()
        if match[1] == "+":
            added[name] = listed.at(listed.value.cut(match.start(2), match.end()))
        else:
            added.pop(name, None)
    for field, names in (("broken_ciphers", _BROKEN), ("weak_ciphers", _WEAK)):
        found = {names[name]: origins for name, origins in added.items() if name in names}
        draft.put(field, tuple(found), [o for origins in (listed.origins, *found.values()) for o in origins])
    cbc = [origins for name, origins in added.items() if name.endswith("-CBC") and name not in (*_BROKEN, *_WEAK)]
    draft.put("cbc_ciphers", bool(cbc), cbc[0] if cbc else listed.origins)
