"""The ``server`` fact of a Postfix instance, and its settings and secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailpolicy.addresses import network_scope
from mailpolicy.facts import Draft
from mailpolicy.lean import TYPE_CHECKING
from mailpolicy.readers.postfix import faults, secrets
from mailpolicy.readers.postfix.networks import networks
from mailpolicy.readers.postfix.restrictions import GUARDS, filled_in, guards, incomplete, strange
from mailpolicy.types import Fact, Origin, Span, Unread, Unreadable

if TYPE_CHECKING:
    from mailpolicy.readers.postfix.master import Config, Service
    from mailpolicy.readers.postfix.params import View

_VERSION_IN_BANNER = re.compile(r"\$(?:mail_version\b|\{mail_version\}|\(mail_version\))")
_BARE_NEWLINE_SINCE: dict[tuple[int, ...], int] = {(3, 5): 23, (3, 6): 13, (3, 7): 9, (3, 8): 4}
"""Patch level of each release that brought smtpd_forbid_bare_newline."""
_PIPELINING_SINCE: dict[tuple[int, ...], int] = {(3, 5): 20, (3, 6): 10, (3, 7): 6, (3, 8): 1}


def facts(config: Config, listeners: list[Fact]) -> list[Fact]:
    """The ``server`` fact, settings at fault and secrets. ``listeners`` are this instance's listener facts."""
    found = [*faults.facts(config), *secrets.facts(config)]
    _report(config)
    if config.main_path in (config.master_path, None) and not config.services:
        return found
    return [_server(config, listeners), *found]


def _report(config: Config) -> None:
    """Adds what smtpd would stumble over to the unread lines, each once."""
    seen = {unread.where for unread in config.unread}
    for service in config.services:
        for where, why in strange(config.view(service)) if service.command == "smtpd" else ():
            if where not in seen:
                seen.add(where)
                config.unread.append(Unread(where, why))


class _Smtpd:
    """The smtpd services of an instance; main.cf alone where master.cf has none."""

    def __init__(self, config: Config, listeners: list[Fact]) -> None:
        self.all = [s for s in config.services if s.command == "smtpd" and s.type in ("inet", "pass")]
        roles = {
            (f.values.get("service"), f.values.get("role")) for f in listeners if f.values.get("scope") != "loopback"
        }
        self.mx = [s for s in self.all if (s.name, "mx") in roles]
        self.submission = [s for s in self.all if (s.name, "submission") in roles]
        self.public_mx = any(role == "mx" for _, role in roles)


def _server(config: Config, listeners: list[Fact]) -> Fact:
    main, smtpd = config.view(None), _Smtpd(config, listeners)
    services = smtpd.mx or smtpd.all
    draft = Draft("server", services[0].where if services else main.declared)
    draft.put("software", "postfix")
    draft.put("version", ".".join(map(str, config.version[:2])))
    draft.put("instance", config.folder or ".")
    name = main.get("myhostname")
    draft.maybe("host", name.text or None, name.origins)
    if listeners:
        draft.put("public_mx", smtpd.public_mx)
    _networks(draft, main)
    views = [config.view(s) for s in smtpd.all] or ([main] if not config.services else [])
    if not views:
        return draft.fact()
    _worst(draft, "vrfy", True, ((_vrfy(v), v.get("disable_vrfy_command").origins) for v in views))
    _worst(draft, "banner_version", True, (_banner(v) for v in views))
    mx = [config.view(s) for s in smtpd.mx] or [
        config.view(s) for s in smtpd.all if s not in smtpd.submission and not s.name.startswith("subm")
    ]
    mx = mx or views
    _worst(draft, "smuggling_protection", False, (_newlines(v) for v in mx))
    _worst(draft, "pipelining_protection", False, (_pipelining(v) for v in mx))
    _worst(draft, "rates_limited", False, (_rates(v) for v in mx))
    _worst(draft, "relay_restrictions_complete", False, ((_complete(v, config), guards(v)) for v in views))
    _worst(draft, "tls_logged", False, (_tls_logged(v) for v in _with_tls(config, smtpd, listeners) or ()))
    _worst(draft, "login_throttle", False, (_throttle(v) for v in _with_login(config, smtpd, listeners)))
    _forged(draft, views)
    if smtpd.public_mx:
        _worst(draft, "accepts_unknown_recipients", True, (_unknown_recipients(v) for v in mx))
    _worst(draft, "passwords_logged", True, (_logged(config, s) for s in smtpd.all))
    return draft.fact()


def _worst(draft: Draft, field: str, bad: bool, answers: Iterable[tuple[bool | None, tuple[Origin, ...]]]) -> None:
    """The bad answer of any service, else unknown if one is, else the good one; nothing without services."""
    best: tuple[bool | None, tuple[Origin, ...]] | None = None
    for value, origins in answers:
        if value is bad:
            draft.put(field, value, origins)
            return
        if best is None or value is None:
            best = (value, origins)
    if best is not None:
        draft.maybe(field, best[0], best[1])


def _vrfy(view: View) -> bool | None:
    off = view.flag("disable_vrfy_command")
    return None if off is None else not off


def _banner(view: View) -> tuple[bool | None, tuple[Origin, ...]]:
    found = view.get("smtpd_banner")
    named = _VERSION_IN_BANNER.search(found.raw)
    if named:
        return True, (*found.origins, Origin("sets", found.locate(named.start(), named.end())))
    if found.text is None:
        return None, found.origins
    return re.search(r"postfix[ /(-]*\d+\.\d+", found.text, re.IGNORECASE) is not None, found.origins


def _since(view: View, table: dict[tuple[int, ...], int]) -> bool:
    """Whether the version knows a setting that came in patch releases; without a patch level: the last one."""
    short = view.version[:2]
    if short not in table:
        return short > max(table)
    return len(view.version) < 3 or view.version[2] >= table[short]


def _newlines(view: View) -> tuple[bool | None, tuple[Origin, ...]]:
    found = view.get("smtpd_forbid_bare_newline")
    if not _since(view, _BARE_NEWLINE_SINCE):
        return False, (Origin("default", None, f"{view.version_note} has no smtpd_forbid_bare_newline"),)
    text = None if found.text is None else found.text.lower()
    if text in ("yes", "normalize", "reject"):
        return True, found.origins
    return (None if text is None else False), found.origins


def _pipelining(view: View) -> tuple[bool | None, tuple[Origin, ...]]:
    found = view.get("smtpd_forbid_unauth_pipelining")
    older = view.get("smtpd_data_restrictions")
    if older.text and "reject_unauth_pipelining" in older.text.lower():
        return True, older.origins
    if not _since(view, _PIPELINING_SINCE):
        return False, (Origin("default", None, f"{view.version_note} has no smtpd_forbid_unauth_pipelining"),)
    return view.flag("smtpd_forbid_unauth_pipelining"), found.origins


def _rates(view: View) -> tuple[bool | None, tuple[Origin, ...]]:
    """Limits of anvil(8) for one client; 0 is none."""
    found = [view.get(f"smtpd_client_{what}_rate_limit") for what in ("connection", "message", "auth")]
    for limit in found:
        if limit.text not in (None, "0"):
            return True, limit.origins
    return (None if any(limit.text is None for limit in found) else False), found[0].origins


def _complete(view: View, config: Config) -> bool | None:
    if any(view.get(name).text is None for name in GUARDS):
        return None
    if incomplete(view) is None:
        return True
    return None if filled_in(view, config) else False


def _with(config: Config, smtpd: _Smtpd, listeners: list[Fact], field: str) -> list[View]:
    """Views of the services that take mail from outside and have something else than ``none`` in a field."""
    names = {
        f.values.get("service")
        for f in listeners
        if f.values.get(field) not in (None, "none") and f.values.get("scope") != "loopback"
    }
    return [config.view(s) for s in smtpd.all if s.name in names]


def _with_tls(config: Config, smtpd: _Smtpd, listeners: list[Fact]) -> list[View]:
    return _with(config, smtpd, listeners, "tls")


def _with_login(config: Config, smtpd: _Smtpd, listeners: list[Fact]) -> list[View]:
    return _with(config, smtpd, listeners, "auth")


def _tls_logged(view: View) -> tuple[bool | None, tuple[Origin, ...]]:
    level, header = view.get("smtpd_tls_loglevel"), view.get("smtpd_tls_received_header")
    written = view.flag("smtpd_tls_received_header")
    if level.text == "0":
        return False, (level.origins if written else (*header.origins, *level.origins))
    if written is False:
        return False, header.origins
    return (None if level.text is None else written), (*level.origins, *header.origins)


def _throttle(view: View) -> tuple[bool | None, tuple[Origin, ...]]:
    """A Dovecot behind smtpd delays failed logins by itself; whether it does is said by its own files."""
    rate = view.get("smtpd_client_auth_rate_limit")
    if rate.text is None:
        return None, rate.origins
    if rate.text != "0":
        return True, rate.origins
    kind = view.get("smtpd_sasl_type")
    return (False if kind.text == "cyrus" else None), (*kind.origins, *rate.origins)


def _networks(draft: Draft, view: View) -> None:
    """Trusted networks of the whole instance."""
    found = networks(view)
    draft.put("networks_listed", found.listed, found.origins)
    if not found.listed:
        draft.maybe("networks_style", found.style, found.origins)
    patterns = tuple(dict.fromkeys(pattern for pattern, _ in found.entries if not pattern.startswith("!")))
    if found.unknown:
        draft.unknown("trusted_networks", found.origins)
        draft.maybe("trusted_scope", found.scope, found.origins)
        return
    origins = (*found.origins, *_widest(found.entries))
    draft.put("trusted_networks", patterns, origins)
    draft.maybe("trusted_scope", found.scope, origins)


def _widest(entries: Iterable[tuple[str, Span | None]]) -> tuple[Origin, ...]:
    """The position of the widest network."""
    order = ("loopback", "private", "wide", "public", "world")
    best, where = -1, None
    for pattern, span in entries:
        scope = network_scope([pattern]) if not pattern.startswith("!") else None
        if scope is not None and span is not None and order.index(scope) > best:
            best, where = order.index(scope), span
    return (Origin("sets", where),) if where else ()


def _forged(draft: Draft, views: list[View]) -> None:
    """Clients that may say who they are (XCLIENT)."""
    found: dict[str, Span | None] = {}
    origins: tuple[Origin, ...] = ()
    for view in views:
        setting = view.get("smtpd_authorized_xclient_hosts")
        if setting.text is None:
            draft.unknown("forged_client_networks", setting.origins)
            return
        origins = (*origins, *(o for o in setting.origins if o not in origins))
        found.update((text, span) for text, span in view.elements("smtpd_authorized_xclient_hosts") if text[0] != "!")
    chain = (*origins, *_widest(found.items()))
    draft.put("forged_client_networks", tuple(found), chain)
    if found:
        draft.maybe("forged_client_scope", network_scope(found), chain)


def _unknown_recipients(view: View) -> tuple[bool | None, tuple[Origin, ...]]:
    """Whether mail for recipients that do not exist is taken (LOCAL_RECIPIENT_README, ADDRESS_CLASS_README)."""
    checks = view.get("smtpd_recipient_restrictions").text or ""
    verified = any(word in checks for word in ("reject_unverified_recipient", "reject_unlisted_recipient"))
    unlisted = view.get("smtpd_reject_unlisted_recipient")
    if view.flag("smtpd_reject_unlisted_recipient") is False and not verified:
        return True, unlisted.origins
    local, own = view.get("local_recipient_maps"), view.get("mydestination")
    if local.text == "" and own.text and "reject_unverified_recipient" not in checks:
        return True, local.origins
    domains, known = view.get("relay_domains"), view.get("relay_recipient_maps")
    relays = domains.text not in (None, "", own.text) and view.is_set("relay_domains")
    if relays and known.text == "" and "reject_unverified_recipient" not in checks:
        return True, (*known.origins, *domains.origins)
    if None in (local.text, domains.text, known.text):
        return None, domains.origins
    return False, unlisted.origins


def _logged(config: Config, service: Service) -> tuple[bool | None, tuple[Origin, ...]]:
    """Whether the conversation, passwords in it, goes to the log (smtpd -v, debug_peer_list)."""
    view = config.view(service)
    auth = view.flag("smtpd_sasl_auth_enable")
    if auth is False:
        return False, view.get("smtpd_sasl_auth_enable").origins
    if service.verbose:
        return auth, (Origin("sets", _verbose_span(config, service)),)
    peers = view.get("debug_peer_list")
    if peers.text == "":
        return False, peers.origins
    return (None if peers.text is None else auth), peers.origins


def _verbose_span(config: Config, service: Service) -> Span:
    """The ``-v`` of a service."""
    at = service.command_where
    try:
        source = config.tree.source(at.file)
    except Unreadable:
        return at
    start = at.end_column - 1
    for number in range(at.line, min(at.line + 200, len(source.starts)) + 1):
        line = source.line(number)
        if number > at.line and line[:1] not in (" ", "\t", "#", ""):
            break
        found = re.compile(r"(?<!\S)-v+(?!\S)").search(line, start)
        start = 0
        if found and not line.lstrip().startswith("#"):
            return Span(at.file, number, found.start() + 1, found.end() + 1)
    return at
