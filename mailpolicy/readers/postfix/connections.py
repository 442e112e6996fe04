"""Postfix as a client: where its smtp and lmtp services connect to, and how (postconf(5), transport(5), resolve.c)."""

from __future__ import annotations

from collections.abc import Iterator

from mailpolicy.addresses import host_scope
from mailpolicy.facts import Draft
from mailpolicy.lean import TYPE_CHECKING, NamedTuple
from mailpolicy.ports import port_number
from mailpolicy.readers.postfix.lexer import is_template
from mailpolicy.readers.postfix.policies import Destination, Login, Policy, login, policy
from mailpolicy.readers.postfix.tables import Files, open_table
from mailpolicy.types import Fact, Origin, Span

if TYPE_CHECKING:
    from mailpolicy.readers.postfix.master import Config, Service
    from mailpolicy.readers.postfix.params import View


class Route(NamedTuple):
    """A way out of Postfix."""

    transport: str
    """Name of the service of master.cf."""
    to: Destination
    account: str
    where: Span | None
    """Where it is declared; None: by the service itself."""
    origins: tuple[Origin, ...]
    backend: bool = False
    proxy: bool = False
    """smtpd itself connects (smtpd_proxy_filter): no TLS, no login."""


def facts(config: Config) -> list[Fact]:
    """One ``connection`` for each distinct service, account, host and port."""
    found: dict[tuple[object, ...], Fact] = {}
    kept: set[frozenset[tuple[str, object]]] = set()
    for route in _routes(config):
        service = None if route.proxy else _service(config, route.transport)
        if service is None and not route.proxy:
            continue
        fact = _fact(config, route, service)
        values = frozenset((name, value) for name, value in fact.values.items() if name != "account")
        same = (route.transport, route.account, fact.values.get("host"), fact.values.get("port"))
        if same in found or (route.account != "default" and values in kept):
            continue
        found[same] = fact
        kept.add(values)
    return list(found.values())


def _service(config: Config, name: str) -> Service | None:
    """The delivery agent of a transport, if it is one that opens connections."""
    for service in config.services:
        if service.name == name and service.type == "unix" and service.command in ("smtp", "lmtp"):
            return service
    return None


def destination(text: str, default: int, smarthost: bool = False, sender: str = "") -> Destination | None:
    """A next hop: ``[host]:port``, ``host:port``, ``inet:host:port``; None for a socket in the file system."""
    bare = text.removeprefix("inet:")
    if bare.startswith(("unix:", "/")) or not bare:
        return None
    bracketed = bare.startswith("[")
    if bracketed:
        host, _, port = bare[1:].partition("]")
        port = port.lstrip(":")
    else:
        host, _, port = bare.partition(":") if "{{" not in bare and "<%" not in bare else (bare, "", "")
    if host.lower().startswith("ipv6:"):
        host = host[5:]
    number = port_number(port) if port else default
    return Destination(
        text, None if is_template(host) or not host else host, number, bool(port), bracketed, smarthost, sender
    )


def _routes(config: Config) -> Iterator[Route]:
    view, files = config.view(None), Files(config.tree, config.folder)
    main = list(_main(config, view, files))
    yield from main
    yield from _by_table(view, files, "sender_dependent_relayhost_maps", main)
    yield from _by_table(view, files, "sender_dependent_default_transport_maps", main)
    yield from _by_table(view, files, "transport_maps", main)
    if view.get("relay_domains").text and view.is_set("relay_domains"):
        yield from _path(view, "relay_transport", "relay")
    used = dict.fromkeys(route.transport for route in main)
    for name in used:
        yield from _fallback(config, name)
    for setting in ("mailbox_transport", "local_transport", "virtual_transport", "fallback_transport"):
        yield from _fixed(view, setting)
    yield from _filters(config, view)


def _default_port(name: str) -> int:
    return 24 if name.startswith("lmtp") else 25


def _split(text: str) -> tuple[str, str]:
    """``transport:nexthop``."""
    name, _, hop = text.partition(":")
    return name.strip(), hop.strip()


def _main(config: Config, view: View, files: Files) -> Iterator[Route]:
    """The way of mail to the rest of the world."""
    everything = _everything(view, files)
    if everything is not None:
        yield everything
        return
    yield from _path(view, "default_transport", "default")


def _everything(view: View, files: Files) -> Route | None:
    """A ``*`` in transport_maps, which stands before relayhost."""
    default = _split(view.get("default_transport").text or "")[0]
    for text, span in view.elements("transport_maps"):
        table = open_table(text, span or view.declared, files)
        for entry in table.entries or ():
            name, hop = _split(entry.value)
            if entry.key == "*" and hop:
                to = destination(hop, _default_port(name), smarthost=True)
                origins = (*view.get("transport_maps").origins, Origin("implies", entry.where))
                return Route(name or default, to, "default", entry.where, origins) if to else None
    return None


def _path(view: View, setting: str, account: str) -> Iterator[Route]:
    """Where a transport without a table sends mail: its own next hop, the relayhost, or any MX."""
    found = view.get(setting)
    if found.text is None:
        return
    name, hop = _split(found.text)
    if hop:
        to = destination(hop, _default_port(name), smarthost=True)
        if to:
            yield Route(name, to, account, found.locate(0, len(found.raw)), found.origins)
        return
    host = view.get("relayhost")
    if host.text == "":
        to = Destination(None, "*", 25, False, False, False)
        yield Route(name, to, account, None, host.origins)
        return
    for text, span in view.elements("relayhost"):
        to_relay = destination(text, _default_port(name), smarthost=True)
        if to_relay is not None:
            yield Route(name, to_relay, account, span, (*host.origins, Origin("sets", span)))


def _by_table(view: View, files: Files, setting: str, main: list[Route]) -> Iterator[Route]:
    """Next hops that stand in a table: by sender or by recipient domain."""
    found = view.get(setting)
    default = main[0].transport if main else "smtp"
    by_sender = setting.startswith("sender_")
    for text, span in view.elements(setting):
        table = open_table(text, span or view.declared, files)
        for entry in table.entries or ():
            name, hop = (default, entry.value) if setting.endswith("relayhost_maps") else _split(entry.value)
            if not hop or hop.upper() == "DUNNO" or (entry.key == "*" and not by_sender):
                continue
            to = destination(hop, _default_port(name), True, entry.key if by_sender else "")
            if to is not None:
                origins = (*found.origins, Origin("implies", entry.where))
                yield Route(name or default, to, entry.key, entry.where, origins)


def _fallback(config: Config, name: str) -> Iterator[Route]:
    """Hosts that get what the destination does not take."""
    service = _service(config, name)
    if service is None:
        return
    view = config.view(service)
    setting = service.command + "_fallback_relay"
    for text, span in view.elements(setting):
        to = destination(text, _default_port(service.command), smarthost=True)
        if to is not None:
            yield Route(name, to, setting, span, (*view.get(setting).origins, Origin("sets", span)))


def _fixed(view: View, setting: str) -> Iterator[Route]:
    """A delivery to one host that main.cf names."""
    found = view.get(setting)
    name, hop = _split(found.text or "")
    to = destination(hop, _default_port(name)) if hop else None
    if to is not None and view.is_set(setting):
        yield Route(name, to, setting, found.locate(0, len(found.raw)), found.origins, backend=True)


def _filters(config: Config, main: View) -> Iterator[Route]:
    """Content filters, before and after the queue."""
    views = [main, *(config.view(service) for service in config.services if service.command in ("smtpd", "pickup"))]
    for view in views:
        yield from _fixed(view, "content_filter")
        found = view.get("smtpd_proxy_filter")
        to = destination(found.text, 25) if found.text and view is not main else None
        if to is not None and to.port is not None:
            if (to.host or "").isdecimal() and not to.port_stated:
                to = to._replace(host="127.0.0.1", port=port_number(to.host or ""), port_stated=True)
            where = found.locate(0, len(found.raw))
            yield Route("smtpd", to, "smtpd_proxy_filter", where, found.origins, backend=True, proxy=True)


def _fact(config: Config, route: Route, service: Service | None) -> Fact:
    view = config.view(service)
    protocol = service.command if service else "smtp"
    to = route.to
    if not to.port_stated and to.port is not None and not route.proxy:
        to = to._replace(port=24 if protocol == "lmtp" else 25)
    draft = Draft("connection", route.where or view.declared)
    draft.put("software", "postfix")
    draft.put("version", ".".join(map(str, config.version[:2])))
    draft.put("instance", config.folder or ".")
    draft.put("account", route.account)
    draft.put("protocol", protocol)
    draft.put("backend", route.backend)
    draft.maybe("host", to.host, route.origins)
    draft.maybe("port", to.port, route.origins)
    draft.put("port_stated", to.port_stated, route.origins)
    scope = None if to.host is None else "any" if to.host == "*" else host_scope(to.host)
    draft.maybe("scope", scope, route.origins)
    lookup = protocol == "smtp" and not to.bracketed and not route.proxy
    if lookup and (view.get("smtp_dns_support_level").text == "disabled" or view.flag("disable_dns_lookups")):
        lookup = False
    draft.put("mx_lookup", lookup, route.origins)
    if route.proxy:
        tls = Policy("none", "none", None, None, None, (), ())
        auth = Login(False, False, True, (), "none", None, (), ())
    else:
        files = Files(config.tree, config.folder)
        tls = policy(view, protocol + "_", to, files)
        auth = login(view, protocol + "_", to, files)
        if protocol == "smtp" and (to.text or "").startswith("inet:"):
            tls = tls._replace(broken="the smtp client takes no inet: before a destination")
    if auth.authenticates and not auth.clear and tls.tls == "opportunistic":
        tls = tls._replace(tls="required", origins=(*tls.origins, *auth.options))
    _security(draft, tls, auth, route)
    return draft.fact()


def _security(draft: Draft, tls: Policy, auth: Login, route: Route) -> None:
    draft.maybe("tls", tls.tls, tls.origins)
    draft.maybe("verify", tls.verify, tls.origins)
    if tls.tls != "none":
        draft.maybe("tls_min", tls.tls_min, tls.protocols)
    if tls.hash:
        draft.put("fingerprint_hash", tls.hash, tls.origins)
    draft.maybe("authenticates", auth.authenticates, auth.origins)
    draft.maybe("mechanisms", auth.mechanisms, auth.origins)
    draft.maybe("credential", auth.credential, auth.origins)
    draft.put("broken", auth.broken or tls.broken, auth.origins if auth.broken else tls.origins)
    chain = (*auth.options, *tls.origins)
    never = tls.tls in ("required", "implicit") or auth.broken or (tls.tls is None and tls.broken)
    if auth.authenticates is False or auth.plaintext is False or never:
        draft.put("cleartext_credentials", False, chain)
    elif auth.authenticates and auth.plaintext and tls.tls is not None:
        draft.put("cleartext_credentials", True, chain)
    else:
        draft.unknown("cleartext_credentials", chain)
    submits = route.to.smarthost or route.to.port in (465, 587)
    if submits and auth.authenticates is None and auth.broken is None:
        draft.unknown("role", (*route.origins, *auth.origins))
    else:
        draft.put("role", "submission" if auth.authenticates and submits else "relay", route.origins)
