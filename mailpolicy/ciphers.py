"""OpenSSL's cipher lists, as far as they decide about protocol versions (ciphers(1), OpenSSL 3.0)."""

from __future__ import annotations

_OLD = ("AES", "DES", "CAMELLIA", "RC4", "DH")
_WIDE = ("ALL", "DEFAULT", "HIGH", "MEDIUM", "LOW", "COMPLEMENTOFALL")


def security_level(ciphers: str) -> int | None:
    """The security level that a list sets, None when it sets none that is understood."""
    digit = ciphers.rpartition("@SECLEVEL=")[2][:1] if "@SECLEVEL=" in ciphers else ""
    return int(digit) if digit.isdecimal() and digit.isascii() else None


def only_new(ciphers: str) -> bool | None:
    """Whether every cipher of an OpenSSL list needs TLS 1.2 or later; None when that is not certain."""
    verdict = True
    words = ciphers.replace(",", ":").replace(";", ":").replace(" ", ":").split(":")
    if "!SHA1" in words or "!SHA" in words:
        return True  # what older versions sign with
    for word in words:
        name = word.lstrip("+").upper().partition("@")[0]
        if not name or word[0] in "!-@" or name == "TLSV1.2":
            continue
        if any(mark in name for mark in ("GCM", "CHACHA20", "CCM", "SHA256", "SHA384")):
            continue
        if not (name.endswith(("-SHA", "-MD5")) or name in _WIDE or any(mark in name for mark in _OLD)):
            return None
        verdict = False
    return verdict


def needs_tls12(ciphers: str) -> bool | None:
    """Whether a list leaves nothing to TLS 1.0 and 1.1, which need security level 0 as well; None: not certain."""
    return True if security_level(ciphers) else only_new(ciphers)
