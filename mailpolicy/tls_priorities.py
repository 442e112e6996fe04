"""TLS versions that a ``tls_priorities`` string allows: GnuTLS priority strings, and PROTOCOLS= of libtls."""

from __future__ import annotations

import re

_TLS = {"TLS1.0": "TLSv1.0", "TLS1.1": "TLSv1.1", "TLS1.2": "TLSv1.2", "TLS1.3": "TLSv1.3"}
_ORDER = ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_ALL = frozenset(_TLS.values())
_BASES = {
    **dict.fromkeys(("NORMAL", "PERFORMANCE", "PFS", "SECURE", "SECURE128", "SECURE192", "SECURE256", "LEGACY"), _ALL),
    "NONE": frozenset[str](),
}
_LIBTLS = re.compile(r"(?:^|\s)PROTOCOLS=(\S+)", re.IGNORECASE)
_LIBTLS_WORDS = {"tlsv1.0": "TLSv1.0", "tlsv1.1": "TLSv1.1", "tlsv1.2": "TLSv1.2", "tlsv1.3": "TLSv1.3"}


def lowest(text: str) -> tuple[bool, str | None]:
    """Whether the string is understood, and the lowest version it allows; None where the library decides."""
    libtls = _LIBTLS.search(text)
    if libtls:
        words = {_LIBTLS_WORDS.get(word) for word in libtls[1].lower().split(",")}
        return (False, None) if None in words or not words else (True, _least({word for word in words if word}))
    allowed: set[str] | None = None
    named = False
    for token in re.split(r"[:,]", text.strip()):
        word = token.strip().upper()
        if allowed is None:
            if word not in _BASES:
                return False, None
            allowed = set(_BASES[word])
        elif word[:1] in "+-!" and word[1:6] == "VERS-":
            named = True
            _apply(allowed, word[0] == "+", word[6:])
    return True, _least(allowed) if named and allowed else None


def _apply(allowed: set[str], add: bool, word: str) -> None:
    if word in ("ALL", "TLS-ALL"):
        versions = set(_ALL)
    elif word == "SSL3.0":
        versions = {"SSLv3"}
    else:
        versions = {_TLS[word]} if word in _TLS else set()
    if add:
        allowed |= versions
    else:
        allowed -= versions


def _least(versions: set[str]) -> str | None:
    return next((version for version in _ORDER if version in versions), None)
