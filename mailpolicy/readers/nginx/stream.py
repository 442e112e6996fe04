"""``stream { server { } }`` in front of mail ports: sockets whose protocol is that of a back end.

After the modules below src/stream of nginx 1.22 to 1.29. Where TLS does not end here, what a client meets is
the back end's, and unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.addresses import host_scope
from mailpolicy.facts import Draft
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.nginx import tls
from mailpolicy.readers.nginx.listening import Listen, Refused, listen
from mailpolicy.readers.nginx.mail import SOFTWARE, Context, begun
from mailpolicy.readers.nginx.parser import Node, Word
from mailpolicy.readers.nginx.scope import Level, Scope
from mailpolicy.types import Fact, Origin, Unread

PROTOCOLS = {
    25: "smtp", 465: "smtp", 587: "smtp", 143: "imap", 993: "imap", 110: "pop3", 995: "pop3", 4190: "managesieve",
}  # fmt: skip
_MAIL = frozenset(
    ("starttls", "protocol", "auth_http", "imap_auth", "pop3_auth", "smtp_auth", "imap_capabilities", "xclient",
     "pop3_capabilities", "smtp_capabilities")
)  # fmt: skip
"""Directives that stand in mail blocks only."""
_HANDLERS = frozenset(("proxy_pass", "return", "pass", "js_access", "content_by_lua_block", "content_by_lua_file"))


class Backend(NamedTuple):
    """A host that a proxy passes on to."""

    host: str
    port: int
    word: Word
    down: bool


class Proxy(NamedTuple):
    """A server whose port, or whose back end's, is one of mail."""

    scope: Scope
    listens: tuple[Listen, ...]
    behind: tuple[Backend, ...]


def proxies(block: tuple[Node, ...], context: Context) -> tuple[list[Proxy], list[Unread]]:
    """Servers of a stream block that pass on mail ports, and what keeps nginx from starting."""
    found: list[Proxy] = []
    unread: list[Unread] = []
    around = Level(block)
    upstreams = {node.args[0].text: node for node in around.named.get("upstream", ()) if node.args}
    for node in around.named.get("server", ()):
        if node.block is None:
            continue
        scope = Scope((around, Level(node.block)), context.program, context.fragment)
        listens: list[Listen] = []
        for one in node.block:
            got = listen(one, "stream") if one.name.text == "listen" and one.args else None
            if isinstance(got, Refused):
                unread.append(Unread(got.word.span, f"{got.why}: nginx does not start"))
            elif got is not None and got.tcp:
                listens.append(got)
        ssl = next((one.ssl for one in listens if one.ssl), None)
        if ssl is not None:
            unread += tls.refused(scope, "listen ... ssl", ssl)
        names = {one.name.text for one in node.block}
        if not names & _HANDLERS and not scope.open[-1] and listens:
            unread.append(Unread(node.name.span, "no handler (proxy_pass) for this server: nginx does not start"))
        unread += _refused(node.block)
        target = _target(node.block)
        if target is not None and target.known and _without_port(target.text, upstreams):
            why = f"{target.text[:60]} is no upstream and names no port: nginx does not start"
            unread += [] if scope.open[0] else [Unread(target.span, why)]
        if names & {"proxy_pass", "pass"}:
            found.append(Proxy(scope, tuple(listens), _behind(node.block, upstreams)))
    return [proxy for proxy in found if any(_protocol(proxy, one) for one in proxy.listens)], unread


def _refused(server: tuple[Node, ...]) -> list[Unread]:
    """Directives of mail alone, and two targets."""
    found = [
        Unread(one.name.span, f'"{one.name.text}" directive is not allowed in stream: nginx does not start')
        for one in server
        if one.name.text in _MAIL
    ]
    targets = [one for one in server if one.name.text == "proxy_pass" and not one.maybe]
    return found + [
        Unread(one.name.span, '"proxy_pass" directive is duplicate: nginx does not start') for one in targets[1:]
    ]


def _target(server: tuple[Node, ...]) -> Word | None:
    """What a server passes connections on to."""
    return next((node.args[0] for node in server if node.name.text in ("proxy_pass", "pass") and node.args), None)


def _without_port(target: str, upstreams: Mapping[str, Node]) -> bool:
    """Whether nginx looks for a port in vain."""
    if target in upstreams or target.startswith("unix:") or "$" in target:
        return False
    return re.search(r":[0-9]+$", target) is None


def _behind(server: tuple[Node, ...], upstreams: Mapping[str, Node]) -> tuple[Backend, ...]:
    """Back ends that are written with their ports: the one that proxy_pass names, or the members of an upstream."""
    target = _target(server)
    if target is None:
        return ()
    group = upstreams.get(target.text)
    inner = group.block or () if group is not None else ()
    members = [one.args for one in inner if one.args and one.name.text == "server"]
    found = []
    for word, *more in members or [(target,)]:
        host, colon, port = word.text.rpartition(":")
        if colon and host and word.known and port.isdecimal() and port.isascii() and 0 < int(port[:6]) < 65536:
            found.append(Backend(host, int(port), word, any(one.text == "down" for one in more)))
    return tuple(found)


def _protocol(proxy: Proxy, one: Listen) -> tuple[str, tuple[Origin, ...]] | None:
    """What a socket speaks, by its port or else the back end's."""
    named = next((protocol for port, protocol in PROTOCOLS.items() if port in one.ports), None)
    if named is not None:
        return named, ()
    if proxy.behind and proxy.behind[0].port in PROTOCOLS:
        return PROTOCOLS[proxy.behind[0].port], (Origin("implies", proxy.behind[0].word.span),)
    return None


def facts(proxy: Proxy, context: Context) -> list[Fact]:
    """Each socket of a proxy that is one of mail, and hops in clear behind one at which TLS ends."""
    found = []
    for one in proxy.listens:
        protocol = _protocol(proxy, one)
        if protocol is None:
            continue
        for port in one.some_ports:
            if len(one.ports) == 1 or port in PROTOCOLS:
                spoken = (PROTOCOLS[port], ()) if port in PROTOCOLS else protocol
                found += [_fact(proxy, one, address, port, spoken, context) for address in one.addresses or ("",)]
        onward = proxy.scope.find("proxy_ssl")
        if one.ssl is not None and onward.words is not None and onward.text.lower() != "on":
            hops = [_hop(backend, protocol[0], onward.origins, context) for backend in proxy.behind]
            found += [hop for hop in hops if hop not in found]
    return found


def _hop(backend: Backend, protocol: str, origins: tuple[Origin, ...], context: Context) -> Fact:
    """What crosses the network behind the proxy: nginx passes bytes on, and never asks for STARTTLS."""
    draft = Draft("connection", backend.word.span)
    for field, value in (("software", SOFTWARE), ("instance", context.instance), ("protocol", protocol)):
        draft.put(field, value)
    draft.put("role", "relay" if backend.port == 25 else "submission" if protocol == "smtp" else "access")
    draft.put("host", backend.host.strip("[]"))
    draft.put("port", backend.port)
    draft.put("scope", host_scope(backend.host))
    draft.put("tls", "none", [origin for origin in origins if origin.where])
    draft.put("verify", "none")
    draft.put("authenticates", backend.port != 25)
    draft.put("cleartext_credentials", backend.port != 25)
    draft.put("backend", True)
    draft.put("broken", None)
    return draft.fact()


def _closed(proxy: Proxy) -> tuple[str, tuple[Origin, ...]] | None:
    """Why nobody is passed on, or ""; None where only clients of certain networks are, or that is not known."""
    rules = proxy.scope.nodes("allow", "deny")
    shut = next(
        (rule for rule in rules if (rule.name.text, [word.text for word in rule.args]) == ("deny", ["all"])), None
    )
    if shut is not None:
        some = any(rule.name.text == "allow" for rule in rules)
        return None if some or shut.maybe else ("every connection is denied", (Origin("sets", shut.args[0].span),))
    if proxy.behind and all(one.down for one in proxy.behind):
        return "every server behind it is down", (Origin("sets", proxy.behind[-1].word.span),)
    return "", ()


def _fact(
    proxy: Proxy, one: Listen, address: str, port: int, spoken: tuple[str, tuple[Origin, ...]], context: Context
) -> Fact:
    protocol, origins = spoken
    draft = begun(context, one, f"stream/{protocol}", address, port)
    draft.put("protocol", protocol, origins)
    inner = proxy.behind[0].port if proxy.behind and port not in PROTOCOLS else port
    role = "access" if protocol != "smtp" else "mx" if inner == 25 else "submission"
    draft.put("role", role, origins)
    onward = proxy.scope.find("proxy_ssl")
    closed = _closed(proxy)
    if one.ssl is None and one.known and onward.words and onward.text.lower() == "on":
        clear = (
            *onward.origins,
            Origin("implies", one.word.span, "nginx takes it in clear and speaks TLS to the server"),
        )
        draft.put("tls", "none", clear)
        draft.maybe("auth", "cleartext" if role != "mx" else None, clear)
        draft.unknown("mechanisms")
    elif one.ssl is None:
        for field in ("tls", "auth", "mechanisms"):
            draft.unknown(field)
    else:
        here = [Origin("sets", one.ssl.span)]
        draft.put("tls", "implicit", here)
        draft.maybe("auth", "tls-only" if role != "mx" else None, here)
        draft.unknown("mechanisms")
        tls.put(draft, proxy.scope, context.version)
    if closed is None or (closed[0] == "" and one.ssl is None):
        draft.unknown("broken")
    else:
        draft.put("broken", closed[0] or None, closed[1])
    if protocol == "smtp":
        draft.unknown("relay")
    return draft.fact()
