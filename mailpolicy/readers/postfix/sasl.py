"""Logins of one smtpd (Postfix 3.10 src/smtpd/smtpd_sasl_glue.c, src/xsasl/)."""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.postfix.params import View
from mailpolicy.tree import Tree, place
from mailpolicy.types import Origin, Unreadable

READABLE = frozenset(("PLAIN", "LOGIN"))
_CHALLENGE = ("CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256")
_SCRAM = ("SCRAM-SHA-1", "SCRAM-SHA-224", "SCRAM-SHA-256", "SCRAM-SHA-384", "SCRAM-SHA-512")
_CYRUS = ("CRAM-MD5", "DIGEST-MD5", "LOGIN", "NTLM", "PLAIN", *_SCRAM)
"""What Debian's Cyrus SASL offers where no smtpd.conf says otherwise."""


class Logins(NamedTuple):
    """Mechanisms in clear and under TLS; None where the files do not tell. ``broken`` when a session dies of it."""

    auth: str | None
    origins: tuple[Origin, ...]
    mechanisms: tuple[str, ...] | None
    mechanism_origins: tuple[Origin, ...]
    broken: tuple[str, tuple[Origin, ...]] | None = None


class Offer(NamedTuple):
    """Mechanisms that a back end surely has, and those it may have besides."""

    sure: tuple[str, ...]
    possible: tuple[str, ...]


def discarded(view: View) -> frozenset[str] | None:
    """EHLO keywords that are neither announced nor obeyed; None where the files do not tell."""
    found = view.get(discarding(view))
    if found.text is None:
        return None
    words = found.text.removeprefix("static:")
    return frozenset(word.lower() for word in re.split(r"[, \t\r\n{}]+", words) if word)


def discarding(view: View) -> str:
    """The parameter that names the EHLO keywords: a static table is for every client; others hold single clients."""
    maps = view.text("smtpd_discard_ehlo_keyword_address_maps")
    return "smtpd_discard_ehlo_keyword_address_maps" if maps.startswith("static:") else "smtpd_discard_ehlo_keywords"


def logins(view: View, tls: str | None, tree: Tree, folder: str) -> Logins:
    """What logins a socket takes whose TLS is ``tls``."""
    enabled = view.get("smtpd_sasl_auth_enable")
    if view.flag("smtpd_sasl_auth_enable") is False:
        return Logins("none", enabled.origins, (), enabled.origins)
    silent = discarded(view)
    if enabled.text is None or silent is None:
        blamed = enabled if enabled.text is None else view.get(discarding(view))
        return Logins(None, blamed.origins, None, blamed.origins)
    if "auth" in silent:
        origins = view.get(discarding(view)).origins
        return Logins("none", origins, (), origins)
    kind = view.get("smtpd_sasl_type")
    if kind.text is not None and kind.text not in ("cyrus", "dovecot"):
        return Logins("none", kind.origins, (), kind.origins, (f'unsupported SASL server "{kind.text}"', kind.origins))
    return _by_state(view, tls, back_end(view, tree, folder))


def _by_state(view: View, tls: str | None, offer: Offer | None) -> Logins:
    """Joins what is offered in clear and under TLS."""
    only = view.get("smtpd_tls_auth_only")
    enabled = view.get("smtpd_sasl_auth_enable").origins
    clear = _filtered(view, offer, "smtpd_sasl_security_options")
    covered = _filtered(view, offer, "smtpd_sasl_tls_security_options")
    clear_origins = view.get("smtpd_sasl_security_options").origins
    if tls in ("required", "implicit") or (tls == "optional" and view.flag("smtpd_tls_auth_only")):
        chain = (*only.origins, *enabled) if tls == "optional" else enabled
        broken = _none_left(view, covered, "smtpd_sasl_tls_security_options")
        return Logins("tls-only", chain, covered.sure if covered and covered.sure else None, enabled, broken)
    if tls == "none" and view.flag("smtpd_tls_auth_only"):
        return Logins("none", only.origins, (), only.origins)
    if tls is None or only.text is None:
        return Logins(None, (*enabled, *only.origins), None, enabled)
    if clear is None:
        return Logins(None, clear_origins, None, clear_origins)
    broken = _none_left(view, clear, "smtpd_sasl_security_options")
    both = None
    if clear.sure and (tls == "none" or (covered and covered.sure)):
        both = tuple(sorted({*clear.sure, *(covered.sure if covered and tls == "optional" else ())}))
    if READABLE & set(clear.sure):
        return Logins(
            "cleartext",
            (*only.origins[:1], *enabled) if not view.is_set("smtpd_tls_auth_only") else (*enabled, *only.origins),
            both,
            enabled,
        )
    return Logins("challenge", (*enabled, *clear_origins), both, enabled, broken)


def _none_left(view: View, offer: Offer | None, options: str) -> tuple[str, tuple[Origin, ...]] | None:
    if offer is None or offer.sure or offer.possible:
        return None
    for name in (options, "smtpd_sasl_mechanism_filter"):
        if view.is_set(name):
            return f"no SASL mechanism is left: {name} = {view.text(name)}", view.get(name).origins
    return "no SASL mechanism is left", view.get("smtpd_sasl_security_options").origins


def back_end(view: View, tree: Tree, folder: str) -> Offer | None:
    """What the back end offers. Dovecot: at least PLAIN, usually LOGIN; its own settings decide about others."""
    kind = view.text("smtpd_sasl_type")
    if kind == "dovecot":
        return Offer(("LOGIN", "PLAIN"), _CHALLENGE)
    if kind != "cyrus":
        return None
    name = view.text("smtpd_sasl_path") or "smtpd"
    for path in (f"/etc/postfix/sasl/{name}.conf", f"/etc/sasl2/{name}.conf", f"/usr/lib/sasl2/{name}.conf"):
        where = place(path, "/etc/postfix", folder)
        if where is None or not tree.exists(where):
            continue
        try:
            text = tree.source(where).text
        except Unreadable:
            return None
        listed = re.findall(r"^mech_list[ \t]*:[ \t]*([^\n]*)", text, re.MULTILINE)
        if listed:
            return Offer(tuple(sorted(listed[-1].upper().split())), ())
    return Offer(_CYRUS, ())


def _filtered(view: View, offer: Offer | None, options: str) -> Offer | None:
    """What security options and the mechanism filter leave."""
    words, sieve = view.get(options), view.get("smtpd_sasl_mechanism_filter")
    if (
        offer is None
        or words.text is None
        or (sieve.text is None and view.default("smtpd_sasl_mechanism_filter") is not None)
    ):
        return None
    asked = {word.lower() for word in re.split(r"[, \t\r\n]+", words.text) if word}
    cyrus = view.text("smtpd_sasl_type") == "cyrus"
    patterns = [text for text, _ in view.elements("smtpd_sasl_mechanism_filter")]
    groups = []
    for group in offer:
        kept = (name for name in group if _secure(name, asked, cyrus))
        groups.append(tuple(name for name in kept if view.version < (3, 6) or _listed(name, patterns)))
    return Offer(groups[0], groups[1])


def _secure(name: str, asked: set[str], cyrus: bool) -> bool:
    """Whether a mechanism has the properties that are asked for."""
    plain = name in READABLE
    scram, digest = name.startswith("SCRAM-"), name == "DIGEST-MD5"
    if plain and ("noplaintext" in asked or (cyrus and asked & {"noactive", "nodictionary"})):
        return False
    if "noanonymous" in asked and name == "ANONYMOUS":
        return False
    if asked & {"nodictionary"} and (name in ("CRAM-MD5", "DIGEST-MD5", "NTLM") or (cyrus and scram)):
        return False
    if "noactive" in asked and name in ("CRAM-MD5", "DIGEST-MD5", "NTLM"):
        return False
    if "mutual_auth" in asked and not (scram or digest):
        return False
    return "forward_secrecy" not in asked


def _listed(name: str, patterns: list[str]) -> bool:
    """The first pattern of smtpd_sasl_mechanism_filter that matches decides."""
    for pattern in patterns:
        bare = pattern.lstrip("!")
        if bare.startswith("static:") or bare.lower() == name.lower():
            return (len(pattern) - len(bare)) % 2 == 0
    return False
