"""Cipher suites and options of TLS of a service (stunnel(8) 5.74)."""

from __future__ import annotations

from mailpolicy.facts import Draft
from mailpolicy.readers.stunnel.services import Service
from mailpolicy.types import Origin

_BUILT_IN = "HIGH:!aNULL:!SSLv2:!DH:!kDHEPSK"
_OPTIONS: dict[str, tuple[str, str | bool]] = {
    "cipher_server_preference": ("cipher_preference", "server"),
    "-cipher_server_preference": ("cipher_preference", "client"),
    "allow_unsafe_legacy_renegotiation": ("tls_renegotiation", True),
    "allow_client_renegotiation": ("tls_renegotiation", True),
}


def put(draft: Draft, service: Service) -> None:
    """What files say; nothing of what stunnel does by itself."""
    listed = service.last("ciphers")
    if listed is not None:
        from mailpolicy import ciphers

        pieces = [(listed.value, listed.where)] if listed.known else None
        ciphers.put(draft, pieces, service.origins("ciphers"), _BUILT_IN)
    for line in service.all("options"):
        field, value = _OPTIONS.get(line.value.lower(), ("", ""))
        if field and line.known:
            draft.put(field, value, (Origin("sets", line.where),))
    packed = service.last("compression")
    if packed is not None and packed.value.lower() in ("deflate", "zlib"):
        draft.put("tls_compression", True, service.origins("compression"))
