"""OpenSSL's cipher lists, as far as they decide about protocol versions (ciphers(1), OpenSSL 3.0)."""

from __future__ import annotations

_OLD = ("AES", "DES", "CAMELLIA", "RC4", "DH")
_WIDE = ("ALL", "DEFAULT", "HIGH", "MEDIUM", "LOW", "COMPLEMENTOFALL")


def only_new(ciphers: str) -> bool | None:
    """Whether every cipher of an OpenSSL list needs TLS 1.2 or later; None when that is not certain."""
    verdict = True
    for word in ciphers.replace(",", ":").replace(" ", ":").split(":"):
        name = word.lstrip("+").upper().partition("@")[0]
        if not name or word[0] in "!-@" or name == "TLSV1.2":
            continue
        if any(mark in name for mark in ("GCM", "CHACHA20", "CCM", "SHA256", "SHA384")):
            continue
        if not (name.endswith(("-SHA", "-MD5")) or name in _WIDE or any(mark in name for mark in _OLD)):
            return None
        verdict = False
    return verdict
