"""TLS versions of GnuTLS priority strings and of ``openssl_options``."""

from __future__ import annotations

import re

VERSIONS = ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_NORMAL = frozenset(VERSIONS[1:])
_KEYWORDS = frozenset(
    [
        "NORMAL",
        "PERFORMANCE",
        "PFS",
        "SECURE128",
        "SECURE192",
        "SECURE256",
        "SUITEB128",
        "SUITEB192",
        "LEGACY",
        "NONE",
        "SYSTEM",
    ]
)
_OLD_MAC = frozenset(["NORMAL", "PERFORMANCE", "PFS", "SECURE128", "LEGACY"])
"""Keywords that allow SHA1 as a MAC, without which TLS 1.0 and 1.1 have no cipher suite."""
_FAMILY = re.compile(
    r"(?:VERS|COMP|SIGN|GROUP|CURVE|CTYPE|AES|CAMELLIA|CHACHA20|ARCFOUR|3DES|RC2|DES|GOST|DHE|ECDHE|RSA|PSK|SRP|ANON|VKO"
    r"|SHA\d+|MD5|UMAC|AEAD|MAC|KX|CIPHER|NULL|SALSA20|ESTREAM|DH)(?:-[A-Z0-9.*-]+)?$"
)
_OPENSSL = {"no_sslv3": "SSLv3", "no_tlsv1": "TLSv1.0", "no_tlsv1_1": "TLSv1.1", "no_tlsv1_2": "TLSv1.2",
            "no_tlsv1_3": "TLSv1.3"}  # fmt: skip


def gnutls(text: str) -> frozenset[str] | None:
    """Versions that a priority string allows; None for text that GnuTLS 3.7 refuses.

    Raises KeyError for ``@NAME`` and ``SYSTEM``, which the host's own configuration defines.
    """
    words = text.strip().split(":")
    keyword = words[0].upper()
    if keyword.startswith("@") or keyword == "SYSTEM":
        raise KeyError(words[0])
    if keyword not in _KEYWORDS:
        return None
    versions = set() if keyword == "NONE" else {"TLSv1.2"} if keyword.startswith("SUITEB") else set(_NORMAL)
    old = keyword in _OLD_MAC
    for word in filter(None, words[1:]):
        name = word[1:].upper()
        if word[0] == "%" or word.upper() in _KEYWORDS:
            continue
        if word[0] not in "+!-" or not _FAMILY.match(name):
            return None
        if name.startswith("VERS-"):
            chosen = _versions(name[5:])
            if chosen is None:
                return None
            versions = versions | chosen if word[0] == "+" else versions - chosen
        elif name in ("SHA1", "MAC-ALL"):
            old = word[0] == "+"
    return frozenset(versions if old else versions - {"SSLv3", "TLSv1.0", "TLSv1.1"})


def _versions(name: str) -> frozenset[str] | None:
    if name in ("ALL", "TLS-ALL"):
        return _NORMAL
    if name in ("DTLS-ALL", "DTLS1.0", "DTLS1.2", "DTLS0.9"):
        return frozenset()
    found = {"SSL3.0": "SSLv3", "TLS1.0": "TLSv1.0", "TLS1.1": "TLSv1.1", "TLS1.2": "TLSv1.2", "TLS1.3": "TLSv1.3"}
    return frozenset((found[name],)) if name in found else None


def openssl(text: str) -> frozenset[str]:
    """Versions that ``openssl_options`` leaves, over Exim's own ``+no_sslv2 +no_sslv3``."""
    versions = set(VERSIONS[1:])
    for sign, name in re.findall(r"([+-])\s*(\w+)", text):
        version = _OPENSSL.get(name.lower())
        if version and sign == "+":
            versions.discard(version)
        elif version:
            versions.add(version)
    return frozenset(versions)


def lowest(versions: frozenset[str]) -> str | None:
    """The oldest of some versions."""
    return next((version for version in VERSIONS if version in versions), None)
