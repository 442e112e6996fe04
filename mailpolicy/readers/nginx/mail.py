"""``mail { server { } }``: what each server is, at what nginx refuses to start, and its sockets as facts.

After the modules below src/mail of nginx 1.22 to 1.29 and what they were seen to do.
"""

from __future__ import annotations

from mailpolicy.addresses import scope_of
from mailpolicy.facts import Draft
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.nginx import directives, tls
from mailpolicy.readers.nginx.listening import MOST_PORTS, Listen, Refused, listen
from mailpolicy.readers.nginx.parser import Node, Word
from mailpolicy.readers.nginx.scope import Found, Level, Scope
from mailpolicy.types import Fact, Origin, Unread

SOFTWARE = "nginx"
_BY_PORT = {143: "imap", 993: "imap", 110: "pop3", 995: "pop3", 25: "smtp", 465: "smtp", 587: "smtp"}
_DEFAULT_AUTH = {"imap": ("PLAIN",), "pop3": ("PLAIN", "LOGIN"), "smtp": ("LOGIN", "PLAIN")}
_WEAK = ("apop", "cram-md5")
_STARTTLS = {"imap": "STARTTLS", "pop3": "STLS", "smtp": "STARTTLS"}


class Context(NamedTuple):
    """What all facts of one configuration share. ``version`` is empty when it is not known."""

    instance: str
    version: tuple[int, ...]
    program: str
    fragment: bool = False
    """Only a part of a block: what is not set here may be set elsewhere."""
    partial: bool = False
    """And other servers may stand elsewhere: what this one offers is not all that is offered."""


class Server(NamedTuple):
    """One server block. ``protocol`` is None when it is not known."""

    node: Node
    scope: Scope
    listens: tuple[Listen, ...]
    protocol: str | None
    protocol_from: tuple[Origin, ...]


def servers(block: tuple[Node, ...], context: Context) -> tuple[list[Server], list[Unread]]:
    """The servers of a mail block, and everything at which nginx refuses to start."""
    found: list[Server] = []
    unread = directives.faults(block, "m", context.version)
    around = Level(block)
    for node in block:
        if node.name.text == "server" and node.block is not None:
            scope = Scope((around, Level(node.block)), context.program, context.fragment)
            unread += directives.faults(node.block, "s", context.version)
            server, wrong = _server(node, node.block, scope)
            unread += wrong
            if server is not None:
                unread += _refused(server, context.version)
                found.append(server)
    return found, unread + _duplicates(found)


def _server(node: Node, block: tuple[Node, ...], scope: Scope) -> tuple[Server | None, list[Unread]]:
    listens: list[Listen] = []
    protocol: str | None = ""
    origins: tuple[Origin, ...] = ()
    for one in block:
        if one.name.text == "protocol" and one.args:
            word = one.args[-1]
            protocol = word.text if word.known and not one.maybe else None
            origins = (Origin("sets", word.span),)
        elif one.name.text == "listen" and one.args:
            got = listen(one, "mail")
            if isinstance(got, Refused):
                return None, [Unread(got.word.span, f"{got.why}: nginx does not start")]
            listens.append(got)
            if protocol == "" and got.ports and got.ports[0] in _BY_PORT:
                protocol = _BY_PORT[got.ports[0]]
                origins = (Origin("implies", got.word.span, f"port {got.ports[0]}"),)
    if not protocol and (scope.open[-1] or any(not one.ports and not one.word.known for one in listens)):
        protocol = None
    return Server(node, scope, tuple(listens), protocol, origins), []


def _refused(server: Server, version: tuple[int, ...]) -> list[Unread]:
    where, scope = server.node.name, server.scope
    stop = "nginx does not start"
    if not server.listens and not scope.open[-1]:
        return [Unread(where.span, f'no "listen" is defined for this server: {stop}')]
    found: list[Unread] = []
    if server.protocol == "":
        place = server.listens[0].word if server.listens else where
        found.append(Unread(place.span, f"unknown mail protocol: this port has no usual one, and none is set: {stop}"))
    service = scope.find("auth_http")
    if service.words == ():
        found.append(Unread(where.span, f'no "auth_http" is defined for this server: {stop}'))
    elif service.words and service.text.lower().startswith("https:"):
        found.append(Unread(service.words[-1].span, f"auth_http takes no https: {stop}"))
    found += _refused_tls(server, version)
    found += [Unread(one.word.span, f"only the first {MOST_PORTS} ports of this range are looked at")
              for one in server.listens if len(one.ports) > MOST_PORTS]  # fmt: skip
    found += [Unread(one.word.span, "listen names no port: nginx takes a random one") for one in server.listens
              if one.tcp and one.word.known and not one.ports]  # fmt: skip
    return found


def _refused_tls(server: Server, version: tuple[int, ...]) -> list[Unread]:
    scope = server.scope
    found: list[Unread] = []
    old_ssl, starttls = scope.find("ssl"), scope.find("starttls")
    old = version < directives.SSL_REMOVED and bool(old_ssl.words)
    for level in scope.levels if old else ():
        both = [level.named[name][-1].args for name in ("ssl", "starttls") if name in level.named]
        if len(both) == 2 and all(len(args) == 1 and args[0].text.lower() in ("on", "only") for args in both):
            found.append(Unread(both[0][0].span, '"ssl on" conflicts with "starttls": nginx does not start'))
    ssl = next((one.ssl for one in server.listens if one.ssl), None)
    if ssl is not None:
        found += tls.refused(scope, "listen ... ssl", ssl)
    elif old and old_ssl.words and old_ssl.text.lower() == "on":
        found += tls.refused(scope, "ssl", old_ssl.words[-1])
    elif starttls.words and starttls.text.lower() in ("on", "only"):
        found += tls.refused(scope, "starttls", starttls.words[-1])
    return found


def _duplicates(found: list[Server]) -> list[Unread]:
    """Sockets that are named twice, and IPv4 sockets beside one for both families."""
    seen: set[tuple[str, int]] = set()
    unread = []
    for server in found:
        for one in server.listens:
            for address in one.addresses:
                for port in one.some_ports:
                    clash = ("*", port) in seen if address == "0.0.0.0" else ("0.0.0.0", port) in seen
                    twins = (address, port) in seen or (clash and address in ("*", "0.0.0.0"))
                    if twins and not one.maybe:
                        why = f"{address} port {port} is listened on twice: nginx does not start"
                        unread.append(Unread(one.word.span, why))
                    seen.add((address, port))
    return unread


def facts(server: Server, context: Context) -> list[Fact]:
    """Each socket of a server."""
    found = []
    for one in server.listens:
        if not one.tcp:
            continue
        for port in one.some_ports if one.ports else (None,) if not one.word.known else ():
            for address in one.addresses or ("",):
                found.append(_fact(server, one, address, port, context))
    return found


def begun(context: Context, one: Listen, service: str, address: str, port: int | None) -> Draft:
    """The fields that any socket has."""
    draft = Draft("listener", one.word.span)
    draft.put("software", SOFTWARE)
    if context.version:
        draft.put("version", ".".join(map(str, context.version)), [Origin("implies", None, context.program)])
    draft.put("instance", context.instance)
    draft.put("service", service)
    draft.maybe("port", port)
    draft.maybe("address", address or None)
    scope = scope_of(address) if address else None
    draft.maybe("scope", None if context.partial and scope != "loopback" else scope)
    if one.known:
        draft.put("proxied", one.proxied is not None, [Origin("sets", one.proxied.span)] if one.proxied else ())
    else:
        draft.unknown("proxied")
    return draft


def mode(server: Server, one: Listen) -> tuple[str | None, tuple[Origin, ...]]:
    """``tls`` of a socket, None when it is not known."""
    if one.ssl is not None:
        return "implicit", (Origin("sets", one.ssl.span),)
    old, starttls = server.scope.find("ssl"), server.scope.find("starttls")
    if old.words and old.text.lower() == "on":
        return "implicit", old.origins
    if not one.known or starttls.words is None:
        return None, starttls.origins
    return {"on": "optional", "only": "required"}.get(starttls.text.lower(), "none"), starttls.origins


def _fact(server: Server, one: Listen, address: str, port: int | None, context: Context) -> Fact:
    protocol, scope = server.protocol, server.scope
    draft = begun(context, one, f"mail/{protocol}" if protocol else "mail", address, port)
    draft.maybe("protocol", protocol, server.protocol_from)
    spoken, mode_from = mode(server, one)
    auth = None if spoken is None else "tls-only" if spoken in ("required", "implicit") else "cleartext"
    draft.maybe("auth", auth, mode_from)
    methods = scope.find(f"{protocol}_auth") if protocol else Found(None, ())
    strangers = _strangers(methods)
    if spoken == "required" and protocol in ("smtp", None):  # starttls only is for logins: MAIL goes without
        spoken = None if methods.words is None else "optional" if strangers else spoken
        mode_from = (*mode_from, Origin("implies", strangers.span)) if strangers else mode_from
    draft.maybe("tls", spoken, mode_from)
    _put_methods(draft, protocol, methods, port)
    if spoken != "none":
        tls.put(draft, scope, context.version)
        external = next((word for word in methods.words or () if word.text.lower() == "external"), None)
        if draft.values.get("client_certificate") in ("asked", "required"):
            # without EXTERNAL the service behind auth_http still learns of the certificate, and may ask for one
            here = [Origin("sets", external.span)] if external else ()
            draft.maybe("client_certificate_login", True if external else None, here)
    _put_broken(draft, server, spoken, context)
    return draft.fact()


def _strangers(methods: Found) -> Word | None:
    """The word by which mail is taken without a login."""
    return next((word for word in methods.words or () if word.text.lower() == "none"), None)


def _put_methods(draft: Draft, protocol: str | None, methods: Found, port: int | None) -> None:
    """Mechanisms that are announced, and what SMTP asks of those who send."""
    if protocol is None:
        draft.unknown("role")
        draft.unknown("mechanisms")
        return
    words = methods.words
    weakest = [Origin("sets", word.span) for name in _WEAK for word in words or () if word.text.lower() == name]
    if words is None:
        draft.unknown("mechanisms", methods.origins)
    else:
        names = {word.text.upper() for word in words} - {"NONE"} if words else set(_DEFAULT_AUTH[protocol])
        if protocol == "pop3":
            names |= {"USER"} | ({"LOGIN"} if "PLAIN" in names else set())
        others = [origin for origin in methods.origins if origin.where not in {weak.where for weak in weakest}]
        draft.put("mechanisms", tuple(sorted(names)), (*others, *weakest))
    if protocol != "smtp":
        draft.put("role", "access")
        return
    strangers = _strangers(methods)
    if words is None:
        draft.maybe("role", "submission" if port not in (25, None) else None, methods.origins)
        draft.unknown("relay", methods.origins)
    elif strangers is None:
        draft.put("role", "submission", methods.origins)
        draft.put("relay", "authenticated", methods.origins)
    else:  # the service behind auth_http says for whom mail is taken
        draft.put("role", "mx" if port == 25 else "submission", [Origin("sets", strangers.span)])
        draft.unknown("relay", [Origin("sets", strangers.span)])


def _put_broken(draft: Draft, server: Server, spoken: str | None, context: Context) -> None:
    """STARTTLS that is announced by hand but not there, or TLS without any version."""
    if spoken is None or server.protocol is None:
        draft.unknown("broken")
        return
    word = _STARTTLS[server.protocol]
    announced = server.scope.find(f"{server.protocol}_capabilities").words or ()
    lie = next((w for w in announced if spoken == "none" and w.text.upper().split()[:1] == [word]), None)
    if lie is not None:
        why = f"{word} is announced by {server.protocol}_capabilities, but starttls is off"
        draft.put("broken", why, [Origin("sets", lie.span)])
    elif spoken != "none" and tls.allowed(server.scope, context.version).versions == ():
        origins = tls.allowed(server.scope, context.version).origins
        draft.put("broken", "no TLS version that a current OpenSSL speaks is allowed", origins)
    else:
        draft.put("broken", None)
