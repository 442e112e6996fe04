"""The server fact: stored passwords, logging of passwords, throttling, who may tell another client address."""

from __future__ import annotations

import re

from mailpolicy.addresses import network_scope
from mailpolicy.facts import Draft
from mailpolicy.readers.dovecot import access
from mailpolicy.readers.dovecot.model import ANYWHERE, Block, Entry, Model, span_of
from mailpolicy.readers.dovecot.parser import Text, is_template
from mailpolicy.types import Fact, Origin, Span

WEAK = frozenset(
    ("PLAIN", "CLEAR", "CLEARTEXT", "PLAIN-TRUNC", "PLAIN-MD5", "LDAP-MD5", "MD5", "MD5-CRYPT", "SMD5", "SHA", "SHA1",
     "CRAM-MD5", "HMAC-MD5", "DIGEST-MD5", "LANMAN", "NTLM", "RPA", "DES-CRYPT", "OTP", "SKEY")
)  # fmt: skip
"""Schemes that keep the password readable, or a fast or unsalted hash of it."""

_SCHEME = re.compile(r"(?:^|\s)scheme=(\S+)", re.IGNORECASE)


def facts(
    model: Model, instance: str, first: Span, heard: list[Fact], fragment: bool, schemes: list[Text], deaf: bool = False
) -> list[Fact]:
    """One fact with what the configuration determines; a part states only what it sets.

    ``schemes``: what the files that passdb sections name say of passwords without a prefix. ``deaf``: it has no
    protocol, so that only other servers ask it, and they say who may log in without TLS.
    """
    draft = Draft("server", first)
    draft.put("software", "dovecot")
    draft.put("version", model.dialect, [Origin("implies", None, model.program)])
    draft.put("instance", instance)
    count = len(draft.values)
    host = model.get("hostname")
    if host.value and host.known:
        draft.put("host", host.value, host.origins)
    _logged(model, draft, fragment)
    _throttle(model, draft, fragment)
    _forged(model, draft)
    _schemes(model, draft, schemes)
    allowed, setting = access.cleartext(model, ANYWHERE)
    asked = deaf or any(f.values.get("role") in ("access", "submission") for f in heard)
    if not asked and setting.entry is not None:
        draft.maybe("cleartext_auth", allowed, setting.origins)
    return [draft.fact()] if len(draft.values) > count or not fragment else []


def _logged(model: Model, draft: Draft, fragment: bool) -> None:
    debug, verbose = model.get("auth_debug_passwords"), model.get("auth_verbose_passwords")
    if fragment and debug.entry is None and verbose.entry is None:
        return
    kind = verbose.value.partition(":")[0].lower()
    if not debug.known or not verbose.known:
        draft.unknown("passwords_logged", (*debug.origins, *verbose.origins))
    elif debug.yes:
        draft.put("passwords_logged", True, debug.origins)
    else:
        draft.put("passwords_logged", kind in ("plain", "yes"), verbose.origins)


def _throttle(model: Model, draft: Draft, fragment: bool) -> None:
    delay = model.get("auth_failure_delay")
    for entry in (
        model.keyed("passdb_args") + model.keyed("passdb_default_fields") + model.keyed("passdb_override_fields")
    ):
        found = re.search(r"\bnodelay\b", entry.value)
        if found and entry.text is not None:
            where = entry.text.span(found.start(), found.end())
            draft.put("login_throttle", False, (*delay.origins, Origin("overrides", where)))
            return
    if fragment and delay.entry is None:
        return
    if not delay.known or "%" in delay.value:
        draft.unknown("login_throttle", delay.origins)
    else:
        amount = re.match(r"\d+", delay.value)
        draft.put("login_throttle", amount is None or int(amount[0][:9]) > 0, delay.origins)


def _forged(model: Model, draft: Draft) -> None:
    words: list[tuple[str, Origin]] = []
    known = True
    for name in ("haproxy_trusted_networks", "login_trusted_networks"):
        found, sure, _ = model.words(name, " ,")
        words += found
        known = known and (sure or not model.keyed(name))
    origins = [origin for _, origin in words]
    if not known:
        draft.unknown("forged_client_networks", origins)
    elif words:
        networks = tuple(dict.fromkeys(w for w, _ in words))
        draft.put("forged_client_networks", networks, origins)
        scope = network_scope(networks)
        if scope is not None:
            widest = [o for w, o in words if network_scope([w]) == scope]
            draft.put("forged_client_scope", scope, widest[:1])


def _schemes(model: Model, draft: Draft, schemes: list[Text]) -> None:
    """The scheme of passwords without a prefix; the weakest of all passdb sections."""
    found = [(scheme.text.upper(), scheme.span()) for scheme in schemes if scheme.text]
    for block in model.blocks("passdb"):
        found += _scheme(model, list(model.inside(block)), block)
    if not found:
        for entry in model.keyed("default_pass_scheme") + model.chain("passdb_default_password_scheme"):
            if entry.value and not is_template(entry.value):
                found.append((entry.value.upper(), span_of(entry)))
    if found:
        scheme, where = max(found, key=lambda pair: pair[0] in WEAK)
        draft.put("password_scheme", scheme, [Origin("sets", where)])
        draft.put("password_scheme_weak", scheme in WEAK, [Origin("sets", where)])


def _scheme(model: Model, entries: list[Entry], block: Block) -> list[tuple[str, Span]]:
    for entry in entries:
        if entry.key == "passdb_args" and entry.text is not None:
            scheme = _SCHEME.search(entry.value)
            if scheme is not None and not is_template(scheme[1]):
                return [(scheme[1].upper(), entry.text.span(scheme.start(1), scheme.end(1)))]
            password = re.search(r"(?:^|\s)password=(\S+)", entry.value)
            if password is not None and not is_template(password[1]):
                prefix = re.match(r"\{([\w.-]+)\}", password[1])
                where = entry.text.span(password.start(1), password.end(1))
                return [((prefix[1] if prefix else "PLAIN").upper(), where)]
        if entry.key == "passdb_default_password_scheme" and not is_template(entry.value):
            return [(entry.value.upper(), span_of(entry))]
    return []
