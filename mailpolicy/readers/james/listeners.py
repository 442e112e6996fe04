"""Listener facts of James: each address of each server element, as a client outside meets it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.addresses import network_scope, scope_of
from mailpolicy.facts import Draft
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.james.common import Reading, Value
from mailpolicy.types import Fact, Origin, Unread
from mailpolicy.xml_positions import Element

PORTS = {"smtp": 25, "lmtp": 24, "imap": 143, "pop3": 110, "managesieve": 4190}
LOGINS = {"imap": ("PLAIN",), "pop3": ("PLAIN",), "managesieve": ("PLAIN",), "smtp": ("PLAIN", "LOGIN"), "lmtp": ()}
_MOST = 100
_ENFORCED = (3, 10)
"""The version from which on POP3 and ManageSieve heed requireSSL and SMTP knows auth.required.

SMTP's requireSSL goes on to hide AUTH alone (SMTPServerModule.java: IGNORE_REQUIRE_SSL_CONFIGURATION)."""
_IDENTITY = {"true": True, "strict": True, "relaxed": True, "false": False, "disabled": False}
_ANNOUNCE = ("always", "never", "forunauthorizedaddresses")
_CORE = ("org.apache.james.smtpserver.CoreCmdHandlerLoader", "org.apache.james.smtpserver.NoAuthCmdHandlerLoader")
HIDDEN = "James takes AUTH PLAIN and LOGIN without TLS though it does not announce them"
_PROTOCOL = re.compile(r"(?:SSLv3|TLSv1(?:\.[0-3])?)")


class Server(NamedTuple):
    """One server element that is enabled."""

    element: Element
    protocol: str
    mode: str | None
    told: tuple[Origin, ...]


class Logins(NamedTuple):
    """What logins a socket takes. None is unknown."""

    mechanisms: tuple[str, ...] | None
    clear: bool | None
    """Whether they work without TLS."""
    origins: tuple[Origin, ...]


def facts(reading: Reading, element: Element, protocol: str) -> Iterator[Fact]:
    """A listener for each address of an element; nothing for one that is off."""
    enabled = reading.attribute(element, "enabled")
    if enabled is not None and enabled.yes is False:
        return
    mode, told, broken = _mode(reading, element)
    server = Server(element, protocol, mode, told)
    binds = _binds(reading, element, protocol)
    if len(binds) > _MOST:
        where = binds[_MOST][2].where
        reading.unread.append(Unread(where, f"is one of more than {_MOST} addresses; the rest is not read"))
    for bind in binds[:_MOST]:
        host, port, value = bind
        draft = reading.draft("listener", value.where)
        by = value.origins if value.text else (reading.by(),)
        name = reading.value(element, "jmxName")
        draft.put("service", name.text if name and name.known else f"{protocol}server")
        draft.put("protocol", protocol)
        draft.maybe("address", host, by)
        draft.maybe("scope", scope_of(host) if host else None, by)
        draft.maybe("port", port, by)
        if enabled is not None and enabled.yes is None:
            draft.unknown("broken", enabled.origins)
        else:
            draft.put("broken", broken or None, told)
        proxy = reading.value(element, "proxyRequired")
        draft.maybe("proxied", proxy.yes if proxy else False, proxy.origins if proxy else ())
        if mode not in ("none", None):
            _put_tls(draft, reading, element)
        logins = _logins(reading, server)
        _put_role(draft, reading, server, port, value)
        _put_login(draft, reading, server, logins)
        if protocol == "smtp":
            _put_relay(draft, reading, server, logins)
        yield draft.fact()


def _binds(reading: Reading, element: Element, protocol: str) -> list[tuple[str | None, int | None, Value]]:
    """Addresses and ports; the standard port of all IPv4 addresses without ``bind``."""
    bind = reading.value(element, "bind")
    if bind is None or not bind.text:
        return [("0.0.0.0", PORTS[protocol], Value("", reading.tag(element)))]
    found: list[tuple[str | None, int | None, Value]] = []
    for part in re.finditer(r"[^,\s][^,]*", bind.text):
        text = part[0].strip()
        where = bind.where._replace(column=bind.where.column + part.start())
        value = Value(text, where._replace(end_column=where.column + len(text)))
        host, colon, port = text.rpartition(":")
        if not value.known:
            found.append((None, int(port) if port.isdecimal() and len(port) < 6 else None, value))
        elif not colon or not port.isdecimal() or not 0 < int(port[:6]) < 65536 or ":" in host:
            reading.unread.append(Unread(value.where, "is no IPv4 address or name with a port; James does not start"))
        else:
            numeric = re.fullmatch(r"[0-9.]+", host) is not None
            found.append((host if numeric else "127.0.0.1" if host == "localhost" else None, int(port), value))
    return found


def _mode(reading: Reading, element: Element) -> tuple[str | None, tuple[Origin, ...], str]:
    """none, starttls or implicit; by what; and what James refuses of it."""
    tls = element.first("tls")
    socket, start = reading.attribute(tls, "socketTLS"), reading.attribute(tls, "startTLS")
    if (socket is not None and socket.yes is None) or (start is not None and start.yes is None):
        return None, tuple(origin for value in (socket, start) if value for origin in value.origins), ""
    if socket is not None and socket.yes:
        both = start is not None and start.yes
        told = start.origins if both and start else socket.origins
        return "implicit", told, "socketTLS and startTLS together: James refuses it" if both else _unkeyed(tls)
    if start is not None and start.yes:
        return "starttls", start.origins, _unkeyed(tls)
    last = start or socket
    return "none", last.origins if last else (Origin("sets", reading.tag(tls)),) if tls else (reading.by(),), ""


def _unkeyed(tls: Element | None) -> str:
    if tls is None or tls.first("keystore") or (tls.first("privateKey") and tls.first("certificates")):
        return ""
    return "TLS without a keystore, or a privateKey with certificates: James refuses it"


def _put_tls(draft: Draft, reading: Reading, element: Element) -> None:
    certificate = reading.value(element, "tls", "certificates") or reading.value(element, "tls", "keystore")
    path = certificate.text.removeprefix("file://") if certificate and certificate.known else None
    draft.maybe("certificate", path, certificate.origins if certificate else ())
    tls = element.first("tls")
    asks = tls.first("clientAuth") if tls else None
    draft.put(
        "client_certificate", "required" if asks else "none", (Origin("sets", reading.tag(asks)),) if asks else ()
    )
    draft.put("client_certificate_login", False)
    listed = tls.first("supportedProtocols") if tls else None
    values = [reading.text(item.text) for item in listed.all("protocol")] if listed else []
    if not values:
        draft.unknown("tls_versions", (Origin("default", None, "the Java runtime decides"),))
        draft.unknown("tls_min", (Origin("default", None, "the Java runtime decides"),))
        return
    names = [{"TLSv1": "TLSv1.0"}.get(value.text, value.text) for value in values if _PROTOCOL.fullmatch(value.text)]
    known = len(names) == len(values)
    lowest = min(range(len(names)), key=names.__getitem__) if names else 0
    by = values[lowest].origins
    draft.maybe("tls_versions", tuple(sorted(set(names))) if known else None, by)
    draft.maybe("tls_min", names[lowest] if known else None, by)


def _put_role(draft: Draft, reading: Reading, server: Server, port: int | None, bind: Value) -> None:
    by = bind.origins if bind.text else (reading.by(),)
    if server.protocol != "smtp":
        draft.put("role", "delivery" if server.protocol == "lmtp" else "access")
    elif port in (465, 587):
        draft.put("role", "submission", by)
    elif port is None:
        draft.unknown("role", by)
    else:
        needed = _required(reading, server.element)
        submission = needed is not None and port != 25
        draft.put("role", "submission" if submission else "mx", needed.origins if needed and submission else by)


def _required(reading: Reading, element: Element) -> Value | None:
    """``auth.required`` where it demands a login before MAIL; versions up to 3.9 do not know it."""
    found = reading.value(element, "auth", "required")
    return found if found is not None and found.yes and reading.version >= _ENFORCED else None


def _logins(reading: Reading, server: Server) -> Logins:
    if server.protocol == "lmtp":
        return Logins((), False, ())
    plain = reading.value(server.element, "auth", "plainAuthEnabled")
    token = server.element.first("auth")
    bearer = ("OAUTHBEARER", "XOAUTH2") if token and token.first("oidc") else ()
    chain = reading.attribute(server.element.first("handlerchain"), "coreHandlersPackage")
    if server.protocol == "smtp" and chain is not None and chain.text != _CORE[0]:
        return Logins(() if chain.text == _CORE[1] else None, False, chain.origins)
    if plain is not None and plain.yes is None:
        return Logins(None, None, plain.origins)
    own = LOGINS[server.protocol] if plain is None or plain.yes or server.protocol in ("pop3", "managesieve") else ()
    clear, told = _clear(reading, server, bool(own))
    return Logins((*own, *bearer), clear, told or (plain.origins if plain else ()))


def _clear(reading: Reading, server: Server, passwords: bool) -> tuple[bool | None, tuple[Origin, ...]]:
    """Whether logins work without TLS, and by what."""
    where = reading.tag(server.element)
    if server.protocol in ("managesieve", "pop3") and reading.version < _ENFORCED:
        return True, (Origin("implies", where, f"James up to 3.9 asks for no TLS before a {server.protocol} login"),)
    stated = reading.value(server.element, "auth", "requireSSL")
    if stated is None and server.protocol in ("imap", "managesieve"):
        stated = reading.value(server.element, "plainAuthDisallowed")
    if server.protocol == "smtp" and passwords:
        announce = reading.value(server.element, "auth", "announce")
        never = announce is not None and announce.text.lower() == "never"
        hides = stated if stated is not None and stated.yes else announce if never else None
        return True, (Origin("sets", hides.where, HIDDEN),) if hides else (reading.by(),)
    if stated is not None and stated.yes is None:
        return None, stated.origins
    strict = stated.yes if stated else server.protocol in ("imap", "pop3")
    return not strict, stated.origins if stated else (reading.by(),)


def _put_login(draft: Draft, reading: Reading, server: Server, logins: Logins) -> None:
    demanded = server.protocol != "smtp" or _required(reading, server.element) is not None
    draft.maybe("mechanisms", logins.mechanisms, logins.origins)
    if server.mode is None:
        draft.unknown("tls", server.told)
        draft.unknown("auth", server.told)
        return
    offers = bool(logins.mechanisms)
    if server.mode == "implicit":
        draft.put("tls", "implicit", server.told)
        draft.maybe("auth", None if logins.mechanisms is None else "tls-only" if offers else "none", logins.origins)
        return
    if server.mode == "none":
        draft.put("tls", "none", server.told)
    elif demanded and offers and logins.clear is None:
        draft.unknown("tls", logins.origins)
    else:
        strict = demanded and offers and logins.clear is False
        draft.put("tls", "required" if strict else "optional", (*server.told, *(logins.origins if demanded else ())))
    if logins.mechanisms is None or (offers and logins.clear is None):
        draft.unknown("auth", logins.origins)
    elif not offers or (server.mode == "none" and not logins.clear):
        draft.put("auth", "none", logins.origins)
    elif not logins.clear:
        draft.put("auth", "tls-only", logins.origins)
    else:
        readable = any(name in ("PLAIN", "LOGIN") for name in logins.mechanisms)
        draft.maybe("auth", "cleartext" if readable else None, logins.origins)


def _put_relay(draft: Draft, reading: Reading, server: Server, logins: Logins) -> None:
    """authorizedAddresses and whoever logs in may relay, where James's own handlers are loaded."""
    element = server.element
    listed = reading.value(element, "authorizedAddresses")
    chain = reading.attribute(element.first("handlerchain"), "coreHandlersPackage")
    networks = tuple(re.findall(r"[^,\s]+", listed.text)) if listed else ()
    networks = tuple(item if "/" in item or not re.fullmatch(r"[0-9.]+", item) else f"{item}/32" for item in networks)
    scope = network_scope(networks)
    by = listed.origins if listed else ()
    if listed is not None and listed.known:
        draft.put("trusted_networks", networks, by)
        draft.maybe("trusted_scope", scope, by)
    identity = reading.value(element, "verifyIdentity")
    strict = reading.version >= (3, 9)
    bound = _IDENTITY.get(identity.text.lower()) if identity else strict
    draft.maybe("sender_bound", bound, identity.origins if identity else (reading.by(),))
    if (chain is not None and chain.text not in _CORE) or (listed is not None and not listed.known):
        draft.unknown("relay", chain.origins if chain else by)
    elif scope == "world":
        draft.put("relay", "open", by)
    elif networks and scope != "loopback":
        draft.put("relay", "networks", by)
    elif logins.mechanisms is None:
        draft.unknown("relay", logins.origins)
    else:
        draft.put("relay", "authenticated" if logins.mechanisms else "networks" if networks else "none", by)


def mistakes(reading: Reading, element: Element) -> None:
    """Values that James stops at."""
    announce = reading.value(element, "auth", "announce")
    if announce is not None and announce.known and announce.text.lower() not in _ANNOUNCE:
        reading.unread.append(Unread(announce.where, "is none of always, never, forUnauthorizedAddresses"))
    identity = reading.value(element, "verifyIdentity")
    if identity is not None and identity.known and identity.text.lower() not in _IDENTITY:
        reading.unread.append(Unread(identity.where, "is none of strict, relaxed, disabled"))
