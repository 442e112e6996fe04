"""Facts of a haproxy configuration: its mail sockets, and the hops behind those that end TLS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailpolicy.addresses import host_scope, scope_of
from mailpolicy.facts import Draft, begun
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.haproxy import mail, suites
from mailpolicy.readers.haproxy.binds import LOCALHOST, Address, Bind, Methods, methods, versions
from mailpolicy.readers.haproxy.mail import Front
from mailpolicy.readers.haproxy.proxies import Proxy, Server
from mailpolicy.readers.haproxy.syntax import Line, Word
from mailpolicy.types import Fact, Origin

SOFTWARE = "haproxy"
_REJECTS = ("reject", "silent-drop")


class Context(NamedTuple):
    """What all facts of one run share."""

    instance: str
    version: tuple[int, ...]
    fragment: bool


class State(NamedTuple):
    """A field that all sockets of a front share. ``known`` is False for unknown."""

    value: str | bool | None
    origins: tuple[Origin, ...] = ()
    known: bool = True


def listeners(fronts: Sequence[Front], context: Context) -> Iterator[Fact]:
    """A fact for each mail socket."""
    for one in fronts:
        sockets = mail.sockets(one)
        if not sockets:
            continue
        shared = {"broken": _broken(one, context), "proxied": _expects(one.proxy)}
        limits = {id(bound): (common, ciphers) for bound, common, ciphers in one.proxy.binds}
        for address, bound in sockets:
            yield _listener(one, bound, address, limits[id(bound)], shared, context)


def _listener(
    one: Front, bound: Bind, address: Address, limits: tuple[Methods, Word | None], shared: dict[str, State],
    context: Context,
) -> Fact:  # fmt: skip
    draft = begun("listener", address.where, SOFTWARE, ".".join(map(str, context.version)), context.instance)
    draft.put("service", one.proxy.name)
    where = (Origin("sets", address.where),)
    draft.maybe("port", address.port, where)
    _put_address(draft, address)
    protocol, told = mail.protocol(one, address)
    draft.maybe("protocol", protocol, told)
    role = mail.role(protocol, one, address.port, bound.ssl is not None)
    draft.maybe("role", role, told)
    flag = bound.flag("accept-proxy") or bound.flag("accept-netscaler-cip")
    if flag is not None:
        shared = {**shared, "proxied": State(True, (Origin("sets", flag.where),))}
    for field, state in shared.items():
        if state.known:
            draft.put(field, state.value, state.origins)
        else:
            draft.unknown(field, state.origins)
    if bound.ssl is not None:
        _put_implicit(draft, bound, role, limits, context)
    elif not all(word.known for word in bound.line.words[2:]):
        draft.unknown("tls", where)
        draft.unknown("auth", where)
    else:
        _put_passed_on(draft, one, address, role)
    draft.unknown("relay", (Origin("sets", address.where, "the server behind decides"),))
    return draft.fact()


def ignored(fronts: Sequence[Front], context: Context) -> Iterator[Fact]:
    """A certificate on a mail socket that does not speak TLS."""
    for one in fronts:
        for bound in {id(bound): bound for _, bound in mail.sockets(one)}.values():
            crt = bound.flag("crt")
            if crt is not None and bound.ssl is None and all(word.known for word in bound.line.words):
                draft = begun("setting", crt.where, SOFTWARE, ".".join(map(str, context.version)), context.instance)
                draft.put("name", "crt")
                draft.put("state", "ignored", (Origin("sets", crt.where, "without ssl it has no effect"),))
                draft.put("instead", "ssl crt")
                yield draft.fact()


def _put_address(draft: Draft, address: Address) -> None:
    where = (Origin("sets", address.where),)
    if address.address == LOCALHOST:
        draft.unknown("address", where)
        draft.put("scope", "loopback", where)
    elif not address.address or scope_of(address.address) == "name":
        draft.unknown("address", where)
        draft.unknown("scope", where)
    else:
        draft.put("address", address.address, where)
        draft.put("scope", scope_of(address.address), where)


_EXPECT = ["tcp-request", "connection", "expect-proxy"]


def _expects(proxy: Proxy) -> State:
    """Whether the PROXY protocol is demanded of all clients, or of some."""
    lines = [line for line in proxy.lines if [word.text for word in line.words[:3]] == _EXPECT]
    if not lines:
        return State(False)
    return State(True, (Origin("sets", lines[0].words[2].where),), known=any(len(line.words) <= 4 for line in lines))


def _broken(one: Front, context: Context) -> State:
    """Why no mail session can work."""
    proxy = one.proxy
    if proxy.mode is not None and proxy.mode.text in ("http", "health"):
        return State(f"mode {proxy.mode.text}: no mail session passes", (Origin("sets", proxy.mode.where),))
    lines = [line for each in (proxy, *one.backends) for line in each.lines]
    rejected = _rejected(lines)
    if rejected is not None:
        return rejected
    declared = (Origin("declares", proxy.where),)
    if not one.complete or not proxy.mode_known or (context.fragment and proxy.mode is None):
        return State(None, declared, known=False)
    if not any(_passes_on(line) for line in lines):
        if not one.servers:
            return State("no server stands behind it", declared)
        if all(server.disabled for server in one.servers):
            where = one.servers[-1].address.where
            return State("every server behind it is disabled", (Origin("sets", where),))
    return State(None)


def _rejected(lines: Sequence[Line]) -> State | None:
    """What rules that reject mean for a client from anywhere; None when they only meet some."""
    chosen = False
    for line in lines:
        texts = [word.text for word in line.words]
        if texts[0] != "tcp-request" or len(texts) < 3:
            continue
        always = len(texts) == 3 and not line.conditional
        where = (Origin("sets", line.words[2].where),)
        if texts[2] == "accept":
            if always:
                return State(None, where, known=False) if chosen else None
            chosen = True
        elif texts[2] in _REJECTS:
            if always and not chosen:
                return State("every connection is rejected", where)
            if always or "unless" in texts or any(text.startswith("!") for text in texts[3:]):
                return State(None, where, known=False)  # as a rule, clients of certain networks only
    return None


def _passes_on(line: Line) -> bool:
    """Whether a line may send clients elsewhere than to a server line."""
    texts = [word.text for word in line.words]
    if texts[0] in ("dispatch", "transparent", "use-server", "filter"):
        return True
    return texts[:2] == ["option", "transparent"] or "use-service" in texts


def _put_implicit(
    draft: Draft, bound: Bind, role: str | None, common: tuple[Methods, Word | None], context: Context
) -> None:
    assert bound.ssl is not None
    by = (Origin("sets", bound.ssl.where),)
    draft.put("tls", "implicit", by)
    _put_logins(draft, role, "tls-only", by)
    ciphers = bound.option("ciphers") or common[1]
    own = methods(bound.line.words[2:], Methods())
    allowed, origins = versions(own, common[0], ciphers, context.version)
    if allowed:
        draft.put("tls_versions", allowed, origins)
        draft.put("tls_min", allowed[0], origins)
    else:
        draft.unknown("tls_versions", origins)
        draft.unknown("tls_min", origins)
    suites.put(draft, bound, ciphers, methods(bound.line.words[2:], common[0]))
    certificate = bound.option("crt") or bound.option("default-crt")
    if certificate is not None and certificate.known:
        draft.put("certificate", certificate.text, (Origin("sets", certificate.where),))
    else:
        draft.unknown("certificate", by)
    _put_asked(draft, bound.option("verify"))


def _put_asked(draft: Draft, verify: Word | None) -> None:
    """A certificate that is required lets its owner in; one that is only asked for may serve any end."""
    told = (Origin("sets", verify.where),) if verify else ()
    state = {"none": "none", "optional": "asked", "required": "required"}.get(verify.text if verify else "none")
    draft.maybe("client_certificate", state, told)
    if state in ("none", "required"):
        draft.put("client_certificate_login", state == "required", told)
    else:
        draft.unknown("client_certificate_login", told)


def _put_logins(draft: Draft, role: str | None, auth: str, origins: tuple[Origin, ...]) -> None:
    """A mailbox or submission server behind takes logins; what an MX does is not known."""
    if role in ("access", "submission"):
        draft.put("auth", auth, origins)
    elif role == "delivery":
        draft.put("auth", "none", origins)
    else:
        draft.unknown("auth", origins)


def _put_passed_on(draft: Draft, one: Front, address: Address, role: str | None) -> None:
    """Without ``ssl`` the server's own TLS shows, unless haproxy speaks TLS to it."""
    servers = one.servers
    if servers and one.complete and all(s.ssl and s.plain_known for s in servers):
        by = tuple(o for s in servers[:1] for o in s.secure_from)
        clear = (*by, Origin("implies", address.where, "haproxy takes it in clear and speaks TLS to the server"))
        draft.put("tls", "none", clear)
        _put_logins(draft, role, "cleartext", clear)
        return
    passed = (Origin("sets", address.where, "passed on as it comes: the server behind decides"),)
    draft.unknown("tls", passed)
    draft.unknown("auth", passed)
    draft.unknown("tls_versions", passed)
    draft.unknown("tls_min", passed)


def hops(fronts: Sequence[Front], context: Context) -> Iterator[Fact]:
    """A connection for each server behind sockets that all end TLS, or that haproxy speaks TLS to."""
    done: set[tuple[str, int]] = set()
    for one in fronts:
        sockets = mail.sockets(one)
        if not sockets:
            continue
        ended = all(bound.ssl is not None for _, bound in sockets)
        for server in one.servers:
            key = (server.address.where.file, server.address.where.line)
            if (ended or server.ssl) and key not in done and server.host not in (None, "/") and not server.disabled:
                done.add(key)
                yield _hop(one, server, sockets[0][0], context)


def _hop(one: Front, server: Server, address: Address, context: Context) -> Fact:
    draft = begun("connection", server.address.where, SOFTWARE, ".".join(map(str, context.version)), context.instance)
    draft.put("account", server.name)
    protocol, told = mail.protocol(one, address)
    draft.maybe("protocol", protocol, told)
    roles = {"access": "access", "submission": "submission", "mx": "relay", "delivery": "relay"}
    draft.maybe("role", roles.get(mail.role(protocol, one, address.port, True) or ""), told)
    where = (Origin("sets", server.address.where),)
    host = server.host or ""
    draft.put("host", host, where)
    draft.put("scope", host_scope(host), where)
    port = server.port if server.fixed_port else address.port
    draft.maybe("port", port, where)
    draft.put("port_stated", server.fixed_port, where)
    draft.put("backend", True, where)
    draft.put("broken", None)
    if not server.plain_known:
        draft.unknown("tls", where)
    elif server.ssl:
        draft.put("tls", "implicit", server.secure_from)
        _put_verify(draft, server)
    else:
        draft.put("tls", "none", where)
        draft.put("verify", "none", where)
    return draft.fact()


def _put_verify(draft: Draft, server: Server) -> None:
    verify = server.verify
    named = server.line.word("verifyhost") or server.line.word("sni")
    if verify is None:
        draft.unknown("verify", server.secure_from)  # ssl-server-verify and the program's default: required
    elif verify.text == "none":
        draft.put("verify", "none", (Origin("sets", verify.where),))
    elif verify.text == "required":
        draft.put("verify", "ca" if named else "ca-noname", (Origin("sets", verify.where),))
    else:
        draft.unknown("verify", (Origin("sets", verify.where),))
