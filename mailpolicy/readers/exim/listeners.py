"""``listener`` facts."""

from __future__ import annotations

import re

from mailpolicy.addresses import network_scope, scope_of
from mailpolicy.facts import Draft, begun
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.exim import ciphers, session, suites
from mailpolicy.readers.exim.acl import Asked
from mailpolicy.readers.exim.lists import Client
from mailpolicy.readers.exim.marked import Marked, elements
from mailpolicy.readers.exim.session import Meeting, Site
from mailpolicy.readers.exim.sockets import Origins, Socket
from mailpolicy.types import Fact, Origin, Span

_OUTSIDE = {4: ("198.51.100.20", "203.0.113.77", "93.184.99.7", "11.22.33.44"),
            6: ("2001:db8:99::20", "2a09:7:8::9", "2c0f:1:2::3")}  # fmt: skip
_NETWORK = re.compile(
    r"(?<![\w.:])(?:\d+\.\d+\.\d+\.\d+|[0-9a-fA-F]{1,4}:[0-9a-fA-F:]*|::[0-9a-fA-F:]*)(?:/\d+)?(?![\w.])"
)
_MOST = 40
"""Networks that are tried one by one."""


class Trust(NamedTuple):
    """Networks that may relay without a login."""

    networks: tuple[tuple[str, Origins], ...]
    sure: bool


class Identity(NamedTuple):
    """What all facts of one instance have in common."""

    version: str
    instance: str
    declared: Span
    assumed: bool


def facts(site: Site, identity: Identity, opened: list[Socket]) -> list[Fact]:
    """One fact for each socket; one for both families where they are alike."""
    strangers = {family: _stranger(site, family) for family in (4, 6)}
    trusts: dict[int, Trust] = {}
    met: list[tuple[Socket, Meeting]] = []
    for socket in opened:
        if socket.port not in trusts:
            trusts[socket.port] = _trust(site, socket.port)
        family = 6 if ":" in socket.address else 4
        client = (
            "::1"
            if socket.address == "::1"
            else "127.0.0.1"
            if socket.address.startswith("127.")
            else strangers[family]
        )
        own = "" if socket.address in ("::", "0.0.0.0") else socket.address
        implicit = bool(socket.implicit)
        found = session.meeting(site, Client(client, False, False, socket.port, own), implicit)
        if client not in strangers.values():  # who comes by loopback is named; open is what takes mail of anybody
            other = session.meeting(site, Client(strangers[family], False, False, socket.port, own), implicit)
            found = found._replace(relay=other.relay, relay_from=other.relay_from)
        met.append((socket, found))
    return [_fact(site, identity, s, m, trusts[s.port]) for s, m in _joined(met)]


def _joined(met: list[tuple[Socket, Meeting]]) -> list[tuple[Socket, Meeting]]:
    """``*`` for the wildcards of both families, where a client meets the same on them."""
    found: list[tuple[Socket, Meeting]] = []
    wild = {(s.address, s.port): m for s, m in met if s.address in ("::", "0.0.0.0")}
    for socket, meeting in met:
        other = wild.get(("::" if socket.address == "0.0.0.0" else "0.0.0.0", socket.port))
        if socket.address not in ("::", "0.0.0.0") or other is None or not _alike(meeting, other):
            found.append((socket, meeting))
        elif socket.address == "0.0.0.0":
            found.append((socket._replace(address="*"), meeting))
    return found


def _alike(one: Meeting, other: Meeting) -> bool:
    return (one.tls, one.auth, one.relay, one.closed, one.broken) == (
        other.tls,
        other.auth,
        other.relay,
        other.closed,
        other.broken,
    )


def _stranger(site: Site, family: int) -> str:
    """An address of the Internet that no network here names."""
    from mailpolicy.addresses import contains

    named = [text for text, _ in _networks(site) if not text.endswith(("/0", "/1", "/2", "/3"))]
    candidates = _OUTSIDE[family]
    return next((a for a in candidates if not any(contains(n, a) for n in named)), candidates[0])


def _host_elements(site: Site) -> list[tuple[Marked, Origins]]:
    """All elements of host lists, with their place."""
    values: list[tuple[Marked, Origins]] = [
        (option.value, option.origins) for (kind, _), option in site.model.lists.items() if kind == "hostlist"
    ]
    for statements in site.model.acls.values():
        for statement in statements:
            for condition in statement.conditions:
                if condition.name == "hosts" and statement.verb == "accept":
                    at = (Origin("sets", condition.where),) if condition.where else ()
                    values.append((condition.value, at))
    found = []
    for value, origins in values:
        for element in elements(value):
            span = element.span()
            found.append((element, (*origins, Origin("sets", span)) if span else origins))
    return found


def _networks(site: Site) -> list[tuple[str, Origins]]:
    """Networks that host lists and the files in them name."""
    found: dict[str, Origins] = {}
    for element, origins in _host_elements(site):
        for item in _items(site, element.text):
            text = item.lstrip("! \t").strip("[]")
            if _NETWORK.fullmatch(text):
                found.setdefault(text, origins)
            elif text == "*":
                found.setdefault("0.0.0.0/0", origins)
    return list(found.items())


def _items(site: Site, text: str) -> list[str]:
    return (site.lists.lines(text) or []) if text.startswith("/") else [text]


def _trust(site: Site, port: int) -> Trust:
    """The networks whose clients may relay through a port."""
    found, sure = [], not site.model.hidden
    named = _networks(site)
    sure = sure and len(named) <= _MOST
    for text, origins in named[:_MOST]:
        answer = session.relays_without_login(site, Client(text.split("/")[0], False, False, port))
        if answer is None:
            sure = False
        elif answer:
            found.append((text, origins))
    sure = sure and all(option.known for (kind, _), option in site.model.lists.items() if kind == "hostlist")
    sure = sure and not any(site.lists.opaque(element.text) for element, _ in _host_elements(site))
    sure = sure and not _unnamed_lists(site)
    return Trust(tuple(found), sure)


def _unnamed_lists(site: Site) -> bool:
    """Whether an access list stands in an option or in a file of its own, where its host lists are not looked for."""
    values = [
        site.model.options[name].value for name in ("acl_smtp_mail", "acl_smtp_rcpt") if name in site.model.options
    ]
    for statements in site.model.acls.values():
        values += [c.value for statement in statements for c in statement.conditions if c.name == "acl"]
    texts = (value.text.strip() for value in values)
    return any(text.startswith("/") or "hosts" in text for text in texts if text not in site.model.acls)


def _fact(site: Site, identity: Identity, socket: Socket, meeting: Meeting, trust: Trust) -> Fact:
    draft = begun("listener", identity.declared, "exim", identity.version, identity.instance)
    draft.put("service", f"port {socket.port}")
    draft.put("protocol", "smtp")
    draft.put("address", socket.address, socket.address_from)
    draft.put("scope", scope_of(socket.address), socket.address_from)
    draft.put("port", socket.port, socket.port_from)
    draft.put("assumed", identity.assumed)
    _role(draft, socket, meeting)
    _tls(site, draft, socket, meeting)
    draft.maybe("auth", meeting.auth, meeting.auth_from)
    if meeting.mechanisms is None:
        draft.unknown("mechanisms", meeting.auth_from)
    else:
        draft.put("mechanisms", meeting.mechanisms, meeting.auth_from)
    _relay(draft, meeting, trust)
    if socket.twice:
        draft.put("broken", "the same socket is listed twice: Exim cannot open it a second time", socket.twice)
    elif meeting.broken:
        draft.put("broken", meeting.broken, meeting.broken_from)
    else:
        draft.put("broken", None)
    return draft.fact()


def _role(draft: Draft, socket: Socket, meeting: Meeting) -> None:
    role: str | None = None  # of any other port nothing tells who is meant to use it
    if socket.port == 25:
        role = "mx"
    elif socket.port in (465, 587) or meeting.auth not in ("none", None):
        role = "submission"
    elif socket.port == 2525:
        role = "mx"
    draft.maybe("role", role, socket.port_from)


def _tls(site: Site, draft: Draft, socket: Socket, meeting: Meeting) -> None:
    tls = None if socket.implicit is None else meeting.tls
    draft.maybe("tls", tls, socket.implicit_from if socket.implicit or socket.implicit is None else meeting.tls_from)
    options = site.model.options
    certificate = options.get("tls_certificate")
    if certificate is None:  # Exim then makes one of its own as it starts, and handshakes work
        draft.unknown("certificate")
    else:
        known = certificate.known and "$" not in certificate.value.text
        draft.maybe("certificate", certificate.value.text if known else None, certificate.origins)
    if meeting.tls == "none":
        return
    if meeting.versions is None:
        draft.unknown("tls_min", meeting.versions_from)
        draft.unknown("tls_versions", meeting.versions_from)
    else:
        draft.maybe("tls_min", ciphers.lowest(meeting.versions), meeting.versions_from)
        draft.put("tls_versions", tuple(v for v in ciphers.VERSIONS if v in meeting.versions), meeting.versions_from)
    suites.put(draft, options, site.gnutls)
    asked = Asked(site.model, site.lists, Client("198.51.100.20", True, False, socket.port))
    for name, word in (("tls_verify_hosts", "required"), ("tls_try_verify_hosts", "asked")):
        option = options.get(name)
        among = asked.among(option, None if site.model.hidden else False)
        if among is not False:
            origins = option.origins if option is not None else ()
            draft.maybe("client_certificate", word if among else None, origins)
            return
    draft.put("client_certificate", "none")


def _relay(draft: Draft, meeting: Meeting, trust: Trust) -> None:
    networks = tuple(text for text, _ in trust.networks)
    if meeting.relay is True:
        draft.put("relay", "open", meeting.relay_from)
    elif meeting.relay is None or not (trust.sure or networks):
        draft.unknown("relay", meeting.relay_from)
    elif networks:
        draft.put("relay", "networks", trust.networks[0][1])
    elif meeting.login_relays is None:
        draft.unknown("relay", meeting.login_from)
    else:
        draft.put(
            "relay", "authenticated" if meeting.login_relays else "none", meeting.login_from or meeting.relay_from
        )
    widest = network_scope(networks)
    if not trust.sure:
        draft.unknown("trusted_networks", meeting.relay_from)
        draft.unknown("trusted_scope", meeting.relay_from)
    else:
        draft.put("trusted_networks", networks, meeting.relay_from)
        blame = next((o for text, o in trust.networks if network_scope([text]) == widest), meeting.relay_from)
        if widest is not None:
            draft.put("trusted_scope", widest, blame)
    if meeting.closed is None:
        draft.unknown("closed_to_world", meeting.closed_from)
    else:
        draft.put("closed_to_world", meeting.closed and meeting.relay is not True, meeting.closed_from)
