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
_WORD = re.compile(r"[+!-]?%?[A-Za-z0-9._-]+(?:\([^)]*\))?$")
_OPENSSL = {"no_sslv3": "SSLv3", "no_tlsv1": "TLSv1.0", "no_tlsv1_1": "TLSv1.1", "no_tlsv1_2": "TLSv1.2",
            "no_tlsv1_3": "TLSv1.3"}  # fmt: skip


def gnutls(text: str) -> frozenset[str] | None:
    """Versions that a priority string allows; None for text that GnuTLS 3.7 refuses. ``@NAME`` raises KeyError."""
    words = [word.strip() for word in text.strip().split(":")]
    if words[0].startswith("@"):
        raise KeyError(words[0])
    if words[0].upper() not in _KEYWORDS:
        return None
    versions = set() if words[0].upper() == "NONE" else {"TLSv1.2"} if words[0].startswith("SUITEB") else set(_NORMAL)
    for word in words[1:]:
        if not word:
            continue
        if not _WORD.match(word) or not (word[0] in "+!-%" or word.upper() in _KEYWORDS):
            return None
        name = word[1:].upper()
        if name.startswith("VERS-"):
            chosen = _versions(name[5:])
            if chosen is None:
                return None
            versions = versions | chosen if word[0] == "+" else versions - chosen
    return frozenset(versions)


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
