"""The sockets that master(8) opens, and what answers on them."""

from __future__ import annotations

from mailpolicy.addresses import scope_of
from mailpolicy.facts import Draft
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.postfix import checks, restrictions, sasl, sockets, suites, tls
from mailpolicy.readers.postfix.checks import Broken
from mailpolicy.readers.postfix.lexer import is_template
from mailpolicy.readers.postfix.master import Config, Service
from mailpolicy.readers.postfix.networks import Networks, networks
from mailpolicy.readers.postfix.params import View
from mailpolicy.types import Fact, Origin, Unread

_SUBMISSION = (465, 587, 2525)
_LISTS = ("client", "helo", "sender", "relay", "recipient", "data", "end_of_data")


def started(config: Config, entries: list[Service]) -> tuple[Service, ...]:
    """The entries that master(8) starts: not the disabled ones, and the last of each name and type."""
    last: dict[tuple[str, str], Service] = {}
    nowhere = next((e for e in entries if _nowhere(config, e) and not sockets.disabled(config, e)), None)
    if nowhere is not None:
        why = f'master(8) stops at service "{nowhere.name}": {_nowhere(config, nowhere)}'
        config.unread.append(Unread(nowhere.where, f'{_nowhere(config, nowhere)} "{nowhere.name}"; Postfix stops here'))
        entries = [e._replace(problem=why, problem_where=nowhere.where) if e.type == "inet" else e for e in entries]
        late = entries[next(i for i, e in enumerate(entries) if e.where == nowhere.where) :]
        entries = [e for e in entries if e.type != "inet" or e not in late]
    for entry in entries:
        if not sockets.disabled(config, entry):
            last.pop(sockets.key_of(entry), None)
            last[sockets.key_of(entry)] = entry
    return tuple(last.values())


def _nowhere(config: Config, entry: Service) -> str:
    """Why master(8) finds no address or port for a service; empty where it does."""
    if entry.type != "inet" or not entry.known or is_template(entry.name):
        return ""
    host, port = sockets.split(entry.name)
    if port is None:
        return "unknown service name"
    allowed = sockets.families(config.view())
    family = "ipv6" if ":" in host else "ipv4" if host.replace(".", "").isdigit() else ""
    return "inet_protocols rule out the address of" if family and allowed is not None and family not in allowed else ""


def start_fault(config: Config) -> Broken | None:
    """Why Postfix does not start at all."""
    view = config.view()
    return checks.start_fault(view) or sockets.start_fault(view)


def facts(config: Config) -> list[Fact]:
    """One ``listener`` for each address and port; two where IPv4 and IPv6 differ."""
    found: list[Fact] = []
    for service in config.services:
        if service.type != "inet" or is_template(service.name):
            continue
        handler = _handler(config, service)
        for place in sockets.places(config, service):
            found += _listeners(config, service, handler, place)
    return _beside_open(found)


def _beside_open(facts: list[Fact]) -> list[Fact]:
    """Sockets on port 25 that are closed to the world say so where another one, not on loopback, is open to it."""
    heard = [f for f in facts if f.values.get("role") == "mx" and f.values.get("scope") != "loopback"]
    if all(f.values.get("closed_to_world") is True for f in heard):
        return facts
    return [
        f._replace(values={**f.values, "open_beside": True}) if f.values.get("closed_to_world") is True else f
        for f in facts
    ]


def _handler(config: Config, service: Service) -> Service | None:
    """The smtpd that talks on a socket: the service itself, or the one that postscreen hands sessions to."""
    if service.command == "smtpd":
        return service
    if service.command != "postscreen":
        return None
    name = config.view(service).text("smtpd_service_name") or "smtpd"
    return next((s for s in config.services if s.name == name and s.type in ("pass", "unix")), None)


def _listeners(config: Config, service: Service, handler: Service | None, place: sockets.Place) -> list[Fact]:
    if handler is None or place.address != "*":
        family = 0 if place.address is None or place.address == "*" else 6 if ":" in place.address else 4
        return [_listener(config, service, handler, place, family)]
    view = config.view(handler)
    trusted = networks(view)
    four, six = (restrictions.relay(view, trusted, config, family) for family in (4, 6))
    if (four.relay, four.broken) == (six.relay, six.broken):
        return [_listener(config, service, handler, place, 0, four)]
    halves = ((sockets.Place("0.0.0.0", place.origins), 4), (sockets.Place("::", place.origins), 6))
    return [
        _listener(config, service, handler, half, family, found)
        for (half, family), found in zip(halves, (four, six), strict=True)
    ]


def _listener(
    config: Config, service: Service, handler: Service | None, place: sockets.Place, family: int,
    relaying: restrictions.Relaying | None = None,
) -> Fact:  # fmt: skip
    """``relaying``: what is known already of who may relay there."""
    draft = Draft("listener", service.where)
    port = sockets.split(service.name).port
    draft.put("software", "postfix")
    draft.put("version", ".".join(map(str, config.version)))
    draft.put("instance", config.folder or ".")
    draft.put("service", service.name)
    draft.maybe("port", port, [Origin("sets", service.where)])
    draft.put("assumed", config.master_path is None)
    draft.maybe("address", place.address, place.origins)
    draft.maybe("scope", scope_of(place.address) if place.address else None, place.origins)
    if not service.known:
        return draft.fact()
    if handler is None:
        _silent(draft, service)
        return draft.fact()
    draft.put("protocol", "smtp")
    view = config.view(handler)
    session = Session(config, service, handler, view, networks(view))
    level = _put_tls(draft, session)
    logins = _put_logins(draft, session, level)
    _put_role(draft, session, port, logins.auth)
    relaying = _put_relay(draft, session, family, relaying)
    fault = _fault(session, level, logins, relaying)
    if fault is None:
        draft.put("broken", None)
    else:
        draft.put("broken", fault[0], fault[1])
    return draft.fact()


class Session(NamedTuple):
    """What the fields of one listener are worked out from."""

    config: Config
    service: Service
    handler: Service
    view: View
    trusted: Networks


def _silent(draft: Draft, service: Service) -> None:
    """A socket on which no mail session is held."""
    at = (Origin("sets", service.command_where),)
    draft.put("role", "internal", at)
    if service.command == "postscreen":
        draft.put("broken", "postscreen has no smtpd service of type pass to hand sessions to", at)
    else:
        draft.put("broken", f"{service.command} holds no mail session on a socket of type inet", at)


def _put_role(draft: Draft, session: Session, port: int | None, auth: str | None) -> None:
    service, config = session.service, session.config
    at = (Origin("sets", service.where),)
    if port in (25, None):
        role = "mx" if port == 25 else None
    elif port in (465, 587):
        role = "submission"
    elif auth not in ("none", None):
        role = "internal" if restrictions.deaf_to_logins(session.view, session.trusted, config) else "submission"
    elif port in (26, 2525) or service.command == "postscreen":
        role = "mx"
    else:
        role = "internal" if auth == "none" or config.view(service).flag("smtpd_sasl_auth_enable") is False else None
    draft.maybe("role", role, at)


def _put_tls(draft: Draft, session: Session) -> tls.Level:
    view, config = session.view, session.config
    level = tls.level(view)
    silent = sasl.discarded(view)
    if level.tls in ("optional", "required") and silent is not None and "starttls" in silent:
        origins = view.get(sasl.discarding(view)).origins
        level = tls.Level("none", origins, None)
    elif level.tls == "optional" and view.flag("smtpd_delay_reject") is False:
        at = _refuses_plaintext(view, "smtpd_sender_restrictions")
        if at:
            level = tls.Level("required", (*level.origins, *at), None)
    draft.maybe("tls", level.tls, level.origins)
    versions = tls.protocols(view, level.tls)
    if level.tls == "none":
        draft.put("tls_versions", (), level.origins)
    elif level.tls is not None and versions.versions is not None:
        draft.put("tls_versions", versions.versions, versions.origins)
        if versions.versions:
            draft.put("tls_min", versions.versions[0], versions.origins)
    else:
        draft.unknown("tls_versions", versions.origins)
        draft.unknown("tls_min", versions.origins)
    certificate = tls.certificate(view, config.tree, config.folder)
    if certificate.known:
        draft.put("certificate", certificate.path, certificate.origins)
    else:
        draft.unknown("certificate", certificate.origins)
    _put_client_certificate(draft, view, level.tls)
    if level.tls not in (None, "none"):
        suites.put(draft, view, level.tls)
    return level


def _refuses_plaintext(view: View, name: str) -> tuple[Origin, ...]:
    """Where reject_plaintext_session stands before anything that could permit; empty where it does not."""
    for text, span in view.elements(name):
        if text.startswith(("permit", "check_")):
            break
        if text == "reject_plaintext_session":
            return (*view.get(name).origins, *((Origin("sets", span),) if span else ()))
    return ()


def _put_client_certificate(draft: Draft, view: View, level: str | None) -> None:
    asked, required = view.get("smtpd_tls_ask_ccert"), view.get("smtpd_tls_req_ccert")
    ask, require = view.flag("smtpd_tls_ask_ccert"), view.flag("smtpd_tls_req_ccert")
    if level == "none":
        draft.put("client_certificate", "none", asked.origins)
    elif require and level in ("required", "implicit"):
        draft.put("client_certificate", "required", required.origins)
    elif ask:
        draft.put("client_certificate", "asked", asked.origins)
    elif ask is None or require is None or level is None:
        draft.unknown("client_certificate", asked.origins)
    else:
        draft.put("client_certificate", "none", asked.origins)
    unsure: tuple[Origin, ...] | None = None
    for stage in _LISTS:
        name = f"smtpd_{stage}_restrictions"
        if view.get(name).text is None:
            unsure = view.get(name).origins
        for text, span in view.elements(name):
            if text in ("permit_tls_clientcerts", "permit_tls_all_clientcerts"):
                at = (Origin("sets", span),) if span else ()
                draft.put("client_certificate_login", True, (*view.get(name).origins, *at))
                return
    if unsure is None:
        draft.put("client_certificate_login", False, view.get("smtpd_relay_restrictions").origins)
    else:
        draft.unknown("client_certificate_login", unsure)


def _put_logins(draft: Draft, session: Session, level: tls.Level) -> sasl.Logins:
    found = sasl.logins(session.view, level.tls, session.config.tree, session.config.folder)
    if level.tls == "none" and tls.level(session.view).tls == "required":  # TLS is demanded, STARTTLS refused
        found = sasl.Logins("none", level.origins, (), level.origins)
    draft.maybe("auth", found.auth, found.origins)
    draft.maybe("mechanisms", found.mechanisms, found.mechanism_origins)
    proxy = session.config.view(session.service).get(_proxy(session.service))
    if proxy.text is None:
        draft.unknown("proxied", proxy.origins)
    else:
        draft.put("proxied", proxy.text != "", proxy.origins)
    return found


def _proxy(service: Service) -> str:
    return "postscreen_upstream_proxy_protocol" if service.command == "postscreen" else "smtpd_upstream_proxy_protocol"


def _put_relay(
    draft: Draft, session: Session, family: int, known: restrictions.Relaying | None
) -> restrictions.Relaying:
    view, trusted, config = session.view, session.trusted, session.config
    local = draft.values.get("scope") == "loopback"
    found = known or restrictions.relay(view, trusted, config, family, local)
    draft.maybe("relay", found.relay, found.origins)
    bound, origins = restrictions.sender_bound(view, config)
    draft.maybe("sender_bound", bound, origins)
    closed, origins = restrictions.closed_to_world(view, trusted, config)
    draft.maybe("closed_to_world", closed, origins)
    if trusted.listed and not trusted.unknown:
        draft.put("trusted_networks", tuple(text for text, _ in trusted.entries), trusted.origins)
    else:
        draft.unknown("trusted_networks", trusted.origins)
    draft.maybe("trusted_scope", trusted.scope, trusted.blame)
    return found


def _fault(session: Session, level: tls.Level, logins: sasl.Logins, relaying: restrictions.Relaying) -> Broken | None:
    """Why no session can work, the first reason that smtpd itself would meet."""
    view, config = session.view, session.config
    for service in (session.service, session.handler):
        if service.problem:
            return service.problem, (Origin("sets", service.problem_where or service.where),)
        if service.rest and not any(is_template(token.text) for token in service.rest):
            return f"unexpected command-line argument: {service.rest[0].text}", (Origin("sets", service.command_where),)
    if session.service.command == "postscreen":
        fault = checks.postscreen_fault(config.view(session.service)) or _postscreen_level(config.view(session.service))
        if fault is not None:
            return fault
    fault = checks.smtpd_fault(view)
    if fault is not None:
        return fault
    if level.problem:
        return level.problem, level.origins
    if level.tls != "implicit" and view.flag("smtpd_delay_reject") is False:
        for name in ("smtpd_client_restrictions", "smtpd_helo_restrictions"):
            at = _refuses_plaintext(view, name)
            if at:
                return f"{name} refuse a session without TLS before STARTTLS can be given", at
    proxy = config.view(session.service).get(_proxy(session.service))
    if proxy.text not in (None, "", "haproxy"):
        return f'unknown proxy protocol "{proxy.text}"', proxy.origins
    return (
        _tls_fault(session, level)
        or logins.broken
        or ((relaying.broken, relaying.origins) if relaying.broken else None)
    )


def _postscreen_level(view: View) -> Broken | None:
    found = view.get("postscreen_tls_security_level")
    words = ("", "none", "may", "encrypt", "verify", "secure", "fingerprint")
    if found.text is not None and found.text.lower() not in words:
        return f'invalid TLS level "{found.text}"', found.origins
    return None


def _tls_fault(session: Session, level: tls.Level) -> Broken | None:
    """Why STARTTLS, or the handshake of a wrapped port, fails."""
    if level.tls in ("none", None):
        return None
    view, config = session.view, session.config
    versions = tls.protocols(view, level.tls)
    if versions.problem:
        return versions.problem, versions.origins
    certificate = tls.certificate(view, config.tree, config.folder)
    if certificate.problem:
        return certificate.problem, certificate.origins
    return tls.setup_problem(view, config.tree, config.folder, level.tls)
