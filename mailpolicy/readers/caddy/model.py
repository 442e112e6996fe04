"""Servers of Caddy's layer 4, as a Caddyfile or JSON declares them.

After docs/ and the modules l4proxy, l4tls and l4proxyprotocol of caddy-l4 0.1.2 (July 2026).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mailpolicy.fronts import Hop
from mailpolicy.lean import NamedTuple
from mailpolicy.ports import port_number
from mailpolicy.readers.caddy.syntax import Directive, Refused
from mailpolicy.strict_yaml import Node
from mailpolicy.types import Origin, Span

_DEEPEST = 20
_MOST = 64
"""Ways through one server that are looked at."""
_TERMINAL = ("close", "echo", "socks5")
"""Handlers that end a connection without a server behind."""
_SECURE = ("tls", "tls_client_auth", "tls_curves", "tls_except_ports", "tls_insecure_skip_verify", "tls_renegotiation",
           "tls_server_name", "tls_timeout", "tls_trust_pool")  # fmt: skip


class Text(NamedTuple):
    """A word and where it stands."""

    text: str
    where: Span


class Policy(NamedTuple):
    """What the connection policies of a ``tls`` handler set. None is not set."""

    lowest: Text | None = None
    highest: Text | None = None
    asks: Text | None = None
    """The mode of client authentication; empty for the default with a trust pool."""


class Path(NamedTuple):
    """One way through the routes to a server behind. ``tls`` is where TLS ends on it."""

    tls: Span | None
    policy: Policy
    proxied: Span | None
    hops: tuple[Hop, ...]


class Server(NamedTuple):
    """A server: what it listens on, and the ways through it."""

    name: str
    listens: tuple[Text, ...]
    paths: tuple[Path, ...]


class Handler(NamedTuple):
    """A handler of a route, with what its kind has of the rest."""

    kind: str
    where: Span
    policy: Policy = Policy()
    hops: tuple[Hop, ...] = ()
    routes: tuple[Route, ...] = ()


class Route(NamedTuple):
    """Handlers, and whether a matcher decides that they are used."""

    matched: bool
    handlers: tuple[Handler, ...]


_START = Path(None, Policy(), None, ())


def _through(routes: tuple[Route, ...], before: tuple[Path, ...]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Ways that end at a proxy, and those that are passed on.

    A route that does not end a connection hands it to the next one, with what it has done to it (layer4/routes.go).
    """
    ended: list[Path] = []
    for route in routes:
        found, passed = _handled(route.handlers, before)
        ended += found
        before = tuple(dict.fromkeys((*before, *passed) if route.matched else passed))[:_MOST]
    return tuple(dict.fromkeys(ended))[:_MOST], before


def _handled(handlers: tuple[Handler, ...], ways: tuple[Path, ...]) -> tuple[list[Path], tuple[Path, ...]]:
    ended: list[Path] = []
    for handler in handlers:
        if handler.kind == "tls":
            ways = tuple(way._replace(tls=handler.where, policy=handler.policy) for way in ways)
        elif handler.kind == "proxy_protocol":
            ways = tuple(way._replace(proxied=handler.where) for way in ways)
        elif handler.kind == "subroute":
            found, ways = _through(handler.routes, ways)
            ended += found
        elif handler.kind == "proxy":
            return [*ended, *(way._replace(hops=handler.hops) for way in ways)], ()
        elif handler.kind in _TERMINAL:
            return ended, ()
    return ended, ways


def from_caddyfile(directives: Sequence[Directive]) -> Iterator[Server]:
    """Servers of the global option ``layer4``. Raises Refused."""
    sites = [one for one in directives if not re.fullmatch(r"\(.+\)|import", one.name)]
    for number, one in enumerate(sites):
        if not one.words and number and one.all("layer4"):
            raise Refused(one.all("layer4")[0].where, "stands in a block of global options that is not the first block")
    for layer in sites[0].all("layer4") if sites and not sites[0].words else ():
        for number, server in enumerate(layer.block or ()):
            if server.block is not None and server.words:
                listens = tuple(Text(word.text, word.where) for word in server.words if word.known)
                yield Server(f"layer4/srv{number}", listens, _through(_routes(server.block, 0), (_START,))[0])


def _routes(block: tuple[Directive, ...], depth: int) -> tuple[Route, ...]:
    found = [one for one in block if one.name == "route" and one.block is not None]
    return tuple(
        Route(len(one.words) > 1, tuple(_handler(h, depth) for h in one.block or () if h.words)) for one in found
    )


def _handler(handler: Directive, depth: int) -> Handler:
    kind = handler.name
    return Handler(
        kind,
        handler.where,
        _policy(handler) if kind == "tls" else Policy(),
        tuple(_upstreams(handler)) if kind == "proxy" else (),
        _routes(handler.block or (), depth + 1) if kind == "subroute" and depth < _DEEPEST else (),
    )


def _policy(handler: Directive) -> Policy:
    made = Policy()
    for policy in handler.all("connection_policy"):
        for one in policy.all("protocols"):
            bounds = [Text(word.text, word.where) for word in one.words[1:3] if word.known]
            made = made._replace(lowest=bounds[0] if bounds else None, highest=bounds[1] if len(bounds) > 1 else None)
        for auth in policy.all("client_auth"):
            mode = next((one for one in auth.all("mode") if len(one.words) > 1), None)
            asked = Text(mode.words[1].text, mode.words[1].where) if mode else Text("", auth.where)
            made = made._replace(asks=asked)
    return made


def _upstreams(handler: Directive) -> Iterator[Hop]:
    for word in handler.words[1:]:
        yield from hop(Text(word.text, word.where), None, None)
    for upstream in handler.all("upstream"):
        secure = next((one.where for one in upstream.block or () if one.name in _SECURE), None)
        loose = next(iter(upstream.all("tls_insecure_skip_verify")), None)
        dialled = [*upstream.words[1:], *(word for one in upstream.all("dial") for word in one.words[1:])]
        for word in dialled:
            yield from hop(Text(word.text, word.where), secure, loose.where if loose else None)


def hop(address: Text, secure: Span | None, loose: Span | None) -> Iterator[Hop]:
    """The server that an address such as ``tcp/mail:143`` names, if it names one."""
    text = re.sub(r"^(?:tcp[46]?)/", "", address.text)
    host, _, port = text.rpartition(":")
    if not host or "{" in text or "/" in text:
        return
    told = tuple(Origin("sets", where) for where in (secure, loose) if where)
    verify = "none" if loose else "ca" if secure else None
    yield Hop("proxy", host.strip("[]"), port_number(port), address.where, secure is not None, verify, told)


def from_json(top: Node) -> Iterator[Server]:
    """Servers of ``apps.layer4``."""
    servers = _at(top, "apps", "layer4", "servers")
    for name, server in (servers.items if servers and servers.items else {}).items():
        listens = tuple(Text(str(one.scalar), one.where) for one in _entries(server, "listen"))
        yield Server(f"layer4/{name}", listens, _through(_json_routes(server, 0), (_START,))[0])


def _at(node: Node | None, *path: str) -> Node | None:
    for key in path:
        node = node.items.get(key) if node is not None and node.items is not None else None
    return node


def _entries(node: Node, key: str) -> tuple[Node, ...]:
    found = _at(node, key)
    return found.entries or () if found else ()


def _json_routes(holder: Node, depth: int) -> tuple[Route, ...]:
    return tuple(
        Route(bool(_entries(route, "match")), tuple(_json_handler(one, depth) for one in _entries(route, "handle")))
        for route in _entries(holder, "routes")
    )


def _json_handler(handler: Node, depth: int) -> Handler:
    named = _at(handler, "handler")
    kind = str(named.scalar) if named else ""
    return Handler(
        kind,
        named.where if named else handler.where,
        _json_policy(handler) if kind == "tls" else Policy(),
        tuple(_json_upstreams(handler)) if kind == "proxy" else (),
        _json_routes(handler, depth + 1) if kind == "subroute" and depth < _DEEPEST else (),
    )


def _json_policy(handler: Node) -> Policy:
    made = Policy()
    for policy in _entries(handler, "connection_policies"):
        lowest, highest = _at(policy, "protocol_min"), _at(policy, "protocol_max")
        auth, mode = _at(policy, "client_authentication"), _at(policy, "client_authentication", "mode")
        made = Policy(
            Text(str(lowest.scalar), lowest.where) if lowest else made.lowest,
            Text(str(highest.scalar), highest.where) if highest else made.highest,
            Text(str(mode.scalar), mode.where) if mode else Text("", auth.key or auth.where) if auth else made.asks,
        )
    return made


def _json_upstreams(handler: Node) -> Iterator[Hop]:
    for upstream in _entries(handler, "upstreams"):
        tls = _at(upstream, "tls")
        skipped = _at(upstream, "tls", "insecure_skip_verify")
        loose = skipped.where if skipped and skipped.scalar is True else None
        for address in _entries(upstream, "dial"):
            secure = (tls.key or tls.where) if tls is not None and tls.items is not None else None
            yield from hop(Text(str(address.scalar), address.where), secure, loose)
