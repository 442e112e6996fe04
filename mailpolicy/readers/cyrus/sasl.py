"""Login mechanisms of Cyrus SASL: which ones a service offers without and with TLS.

After ``mech_permitted`` of lib/server.c in Cyrus SASL 2.1.28 and ``mysasl_secprops`` of imap/global.c.
"""

from __future__ import annotations

import re
from itertools import islice

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.cyrus.settings import View
from mailpolicy.types import Origin

READABLE = frozenset(("PLAIN", "LOGIN"))
_SCRAM = ("SCRAM-SHA-1", "SCRAM-SHA-224", "SCRAM-SHA-256", "SCRAM-SHA-384", "SCRAM-SHA-512")
PLUGINS = ("ANONYMOUS", "CRAM-MD5", "DIGEST-MD5", "LOGIN", "NTLM", "PLAIN", *_SCRAM)
"""What Debian's libsasl2-modules brings; offered where nothing limits the list."""

CHALLENGE = frozenset(("CRAM-MD5", "DIGEST-MD5", "NTLM", "APOP", *_SCRAM))
_LAYER = {"DIGEST-MD5": 128, "GSSAPI": 256, "GSS-SPNEGO": 256}
"""The strongest layer of its own that a mechanism can put on the connection, in bits; 0 for the others."""

_WEAK = ("SCRAM-SHA-1", "APOP", "CRAM-MD5", "NTLM", "DIGEST-MD5", "ANONYMOUS")
"""What findings are about, the weakest last: a chain of origins ends with it."""

_MOST = 64
"""Words of a list that are looked at; there are some twenty mechanisms."""


class Offer(NamedTuple):
    """Mechanisms that may be offered; ``names`` is None where the files do not tell."""

    names: tuple[str, ...] | None
    origins: tuple[Origin, ...]


def offer(view: View) -> Offer:
    """What sasl_mech_list leaves of the plugins; names that stand there are taken to be installed."""
    listed = view.get("sasl_mech_list")
    if not listed.known:
        return Offer(None, listed.origins)
    if listed.value is None or listed.entry is None:
        return Offer(PLUGINS, (Origin("default", None, "Cyrus SASL with the plugins of Debian's libsasl2-modules"),))
    found = islice(re.finditer(r"(?<!\S)[\w-]+(?!\S)", listed.value), _MOST)
    words = [(m[0].upper(), m.start(), m.end()) for m in found]
    names = {name: listed.entry.part(start, end) for name, start, end in words}
    weakest = [Origin("sets", names[name]) for name in _WEAK if name in names]
    return Offer(tuple(sorted(names)), (*listed.origins, *weakest))


def permitted(view: View, names: tuple[str, ...], strength: int) -> tuple[str, ...] | None:
    """Those that a connection of ``strength`` bits may use (0 in clear, ``-p`` or TLS); None where that is unknown."""
    plain, anonymous, least = (
        view.get("allowplaintext"),
        view.get("allowanonymouslogin"),
        view.get("sasl_minimum_layer"),
    )
    if least.number is None:
        return None
    covered = strength > 1 and least.number <= strength
    kept = []
    for name in names:
        if name in READABLE and not covered:
            if plain.yes is None:
                return None
            if not plain.yes:
                continue
        if (name == "ANONYMOUS" and not anonymous.yes) or name == "EXTERNAL":
            continue
        if _LAYER.get(name, 0) >= least.number - strength:
            kept.append(name)
    return tuple(kept)
