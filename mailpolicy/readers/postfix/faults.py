"""Settings that are at fault by themselves: deprecated ones, and those that a later, weaker line undoes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mailpolicy.addresses import network_scope
from mailpolicy.facts import Draft
from mailpolicy.lean import TYPE_CHECKING
from mailpolicy.readers.postfix.policies import LEVELS, lowest_version
from mailpolicy.readers.postfix.restrictions import REQUIRED
from mailpolicy.types import Fact, Origin, Span, Unreadable

if TYPE_CHECKING:
    from mailpolicy.readers.postfix.master import Config, Service
    from mailpolicy.readers.postfix.params import View, Written

_LEVEL_OF = {
    f"{prefix}_{old}": f"{prefix}_tls_security_level"
    for prefix in ("smtpd", "smtp", "lmtp", "postscreen", "tlsproxy")
    for old in ("use_tls", "enforce_tls")
} | {f"{prefix}_tls_enforce_peername": f"{prefix}_tls_security_level" for prefix in ("smtp", "lmtp")}
"""Switches of Postfix 2.2 that count only while the level of 2.3 is empty."""
_DEPRECATED = {
    "smtp_tls_per_site": "smtp_tls_policy_maps",
    "lmtp_tls_per_site": "lmtp_tls_policy_maps",
    "smtpd_tls_cipherlist": "smtpd_tls_mandatory_ciphers",
    "smtp_tls_cipherlist": "smtp_tls_mandatory_ciphers",
    "smtpd_tls_dh1024_param_file": "leave it at its default",
    "smtpd_tls_dh512_param_file": "leave it at its default",
    "smtpd_tls_eecdh_grade": "leave it at its default",
    "disable_dns_lookups": "smtp_dns_support_level",
    "smtpd_sasl_application_name": "smtpd_sasl_path",
    "fallback_relay": "smtp_fallback_relay",
    "virtual_maps": "virtual_alias_maps",
    "authorized_verp_clients": "smtpd_authorized_verp_clients",
    "postscreen_blacklist_action": "postscreen_denylist_action",
    "postscreen_whitelist_interfaces": "postscreen_allowlist_interfaces",
    "postscreen_dnsbl_whitelist_threshold": "postscreen_dnsbl_allowlist_threshold",
    "postscreen_dnsbl_ttl": "postscreen_dnsbl_max_ttl",
}
_REPLACED_SINCE = {
    "postscreen_blacklist_action": (3, 6),
    "postscreen_whitelist_interfaces": (3, 6),
    "postscreen_dnsbl_whitelist_threshold": (3, 6),
    "postscreen_dnsbl_ttl": (3, 1),
    "smtpd_tls_dh1024_param_file": (3, 7),
    "smtpd_tls_eecdh_grade": (3, 6),
}
"""Before this version the old name is the right one."""
_GONE = {"smtpd_tls_cipherlist": (3, 9), "smtp_tls_cipherlist": (3, 9), "smtpd_sasl_application_name": (2, 3)}
"""Removed: from this version on it has no effect."""
_STRONGER_YES = frozenset(
    (
        *("smtpd_tls_auth_only", "smtpd_use_tls", "smtpd_enforce_tls", "smtp_use_tls", "smtp_enforce_tls"),
        *("disable_vrfy_command", "smtpd_forbid_unauth_pipelining", "smtpd_reject_unlisted_recipient"),
        *("smtpd_tls_received_header", "smtpd_delay_reject", "smtp_tls_enforce_peername"),
    )
)
_SCOPES = ("loopback", "private", "wide", "public", "world")
_NEWLINES = ("no", "note", "yes", "normalize", "reject")


def facts(config: Config) -> list[Fact]:
    """``setting`` facts of main.cf, then of each service."""
    found = list(_layer(config, config.main, None))
    for service in config.services:
        found += _layer(config, service.options, service)
    return found


def _layer(config: Config, layer: Mapping[str, Written], service: Service | None) -> Iterator[Fact]:
    for name, written in layer.items():
        if name in _LEVEL_OF or name in _DEPRECATED:
            yield from _deprecated(config, name, written, service)
        if written.earlier and written.known:
            before = _text_at(config, written.earlier[-1].where)
            if before is not None and weaker(name, before, written.raw):
                origins = (*written.earlier, Origin("overrides", written.where))
                yield _setting(config, name, "shadowed", "", written, origins, service)


def _setting(
    config: Config,
    name: str,
    state: str,
    instead: str,
    written: Written,
    origins: tuple[Origin, ...],
    service: Service | None,
) -> Fact:
    draft = Draft("setting", service.where if service else written.where)
    draft.put("software", "postfix")
    draft.put("version", ".".join(map(str, config.version[:2])))
    draft.put("instance", config.folder or ".")
    draft.put("name", name)
    draft.put("state", state, origins)
    draft.put("value", written.raw, origins)
    if instead:
        draft.put("instead", instead, origins)
    return draft.fact()


def _deprecated(config: Config, name: str, written: Written, service: Service | None) -> Iterator[Fact]:
    short = config.version[:2]
    if short < _REPLACED_SINCE.get(name, (0,)):
        return
    level = _LEVEL_OF.get(name)
    state = "deprecated"
    if level is not None and all(view.get(level).text for view in _readers(config, name, service)):
        state = "ignored"
    if short >= _GONE.get(name, (99,)):
        state = "ignored"
    origin = Origin("overrides" if service and name in config.main else "sets", written.where)
    instead = level or _DEPRECATED[name]
    if level is not None and state == "ignored":
        instead = f"nothing: take the line away, {level} is set"
    elif level is not None and written.raw.lower() == "yes":
        instead = f"{level} = {_same_level(name)}"
    elif level is not None:
        instead = "nothing: take the line away"
    elif name == "disable_dns_lookups":
        instead = f"{instead} = disabled" if written.raw.lower() == "yes" else "nothing: take the line away"
    elif name == "smtpd_sasl_application_name":
        instead = f"{instead} = {written.raw}"
    yield _setting(config, name, state, instead, written, (origin,), service)


def _same_level(name: str) -> str:
    return {"use_tls": "may", "enforce_tls": "encrypt"}.get(name.partition("_")[2], "verify")


def _readers(config: Config, name: str, service: Service | None) -> list[View]:
    """The views that a setting reaches: its own service, or all services of its program."""
    if service is not None:
        return [config.view(service)]
    program = name.partition("_")[0]
    views = [config.view(s) for s in config.services if s.command == program and name not in s.options]
    return views or [config.view(None)]


def _text_at(config: Config, where: Span | None) -> str | None:
    """The text that an earlier line gives, up to the end of its first line."""
    if where is None:
        return None
    try:
        return config.tree.source(where.file).line(where.line)[where.column - 1 : where.end_column - 1]
    except Unreadable:
        return None


def weaker(name: str, before: str, after: str) -> bool:
    """Whether ``after`` protects less than ``before``; False where this table does not know the setting."""
    old, new = before.strip().lower(), after.strip().lower()
    if name.endswith("_tls_security_level") and old in LEVELS and (new in LEVELS or not new):
        return LEVELS.index(new or "none") < LEVELS.index(old)
    if name in _STRONGER_YES:
        return (old, new) == ("yes", "no")
    if name.endswith(("_tls_protocols", "_tls_mandatory_protocols")):
        one, two = lowest_version(before), lowest_version(after)
        return one is not None and two is not None and two < one
    if name.endswith("_sasl_security_options"):
        return any(word in _words(old) and word not in _words(new) for word in ("noanonymous", "noplaintext"))
    if name in ("smtpd_relay_restrictions", "smtpd_recipient_restrictions"):
        return any(word in REQUIRED for word in _words(old)) and not any(word in REQUIRED for word in _words(new))
    if name == "mynetworks":
        scopes = [network_scope(_words(text)) for text in (old, new)]
        return None not in scopes and _SCOPES.index(scopes[1] or "") > _SCOPES.index(scopes[0] or "")
    if name == "smtpd_forbid_bare_newline" and old in _NEWLINES and new in _NEWLINES:
        return (old in _NEWLINES[2:]) and (new in _NEWLINES[:2])
    return False


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()
