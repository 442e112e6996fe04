"""TLS versions that a GnuTLS priority string leaves to a server (GnuTLS 3.7 and 3.8, as observed)."""

from __future__ import annotations

import re

VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
DEFAULT = "NORMAL:-CTYPE-OPENPGP"
"""What Courier takes without TLS_PRIORITY."""
_BASES = {
    **dict.fromkeys(("NORMAL", "PERFORMANCE", "PFS", "LEGACY", "SECURE", "SECURE128"), VERSIONS),
    **dict.fromkeys(("SECURE192", "SECURE256"), VERSIONS[2:]),
    "NONE": VERSIONS,
}
"""Versions that a set of ciphers can be used with."""
_NARROWS = re.compile(r"[-!](?:SHA1|CIPHER-ALL|MAC-ALL|KX-ALL|AES-\d+-CBC|(?:DHE-|ECDHE-)?RSA)$")


def allowed(text: str) -> tuple[str, ...] | None:
    """The versions, oldest first; () for a string that makes every handshake fail, None where that is not known."""
    base, *words = text.strip().upper().split(":")
    if base.startswith(("@", "SUITEB")):
        return None
    if base not in _BASES:
        return ()
    able = _BASES[base]
    chosen = set[str]() if base == "NONE" else set(able)
    for word in words:
        sign, name = word[:1], word[1:].removeprefix("VERS-")
        if sign not in ("+", "-", "!", "%") or not name:
            return ()
        if name == word[1:]:
            continue
        named = set(VERSIONS) if name in ("ALL", "TLS-ALL") else {f"TLSv{name[3:]}"} & set(VERSIONS)
        chosen = chosen | named if sign == "+" else chosen - named
    found = tuple(version for version in VERSIONS if version in chosen and version in able)
    narrowed = base == "NONE" or any(_NARROWS.match(word) for word in words)
    return None if narrowed and len(found) > 1 else found
