"""Facts of a haproxy configuration: its mail sockets, and the hops behind those that end TLS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailpolicy.addresses import host_scope, scope_of
from mailpolicy.facts import Draft
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.haproxy import mail
from mailpolicy.readers.haproxy.binds import LOCALHOST, Address, Bind, Methods, methods, versions
from mailpolicy.readers.haproxy.mail import Front
from mailpolicy.readers.haproxy.proxies import Proxy, Server
from mailpolicy.readers.haproxy.syntax import Word
from mailpolicy.types import Fact, Origin

SOFTWARE = "haproxy"
_REJECTS = ("reject", "silent-drop")


class Context(NamedTuple):
    """What all facts of one run share."""

    instance: str
    version: tuple[int, ...]
    fragment: bool


def listeners(fronts: Sequence[Front], context: Context) -> Iterator[Fact]:
    """A fact for each mail socket."""
    for one in fronts:
        for bound, common, ciphers in one.proxy.binds:
            for address in bound.addresses if not bound.line.conditional else ():
                if mail.is_mail(one, address):
                    yield _listener(one, bound, address, (common, ciphers), context)


def _listener(one: Front, bound: Bind, address: Address, common: tuple[Methods, Word | None], context: Context) -> Fact:
    draft = Draft("listener", address.where)
    draft.put("software", SOFTWARE)
    draft.put("version", ".".join(map(str, context.version)))
    draft.put("instance", context.instance)
    draft.put("service", one.proxy.name)
    where = (Origin("sets", address.where),)
    draft.maybe("port", address.port, where)
    _put_address(draft, address)
    protocol, told = mail.protocol(one, address)
    draft.maybe("protocol", protocol, told)
    role = mail.role(protocol, one, address.port, bound.ssl is not None)
    draft.maybe("role", role, told)
    _put_proxied(draft, one.proxy, bound)
    _put_broken(draft, one, context)
    if bound.ssl is not None:
        _put_implicit(draft, bound, role, common, context)
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
        for _, bound in mail.sockets(one)[:1]:
            crt = bound.flag("crt")
            if crt is not None and bound.ssl is None and all(word.known for word in bound.line.words):
                draft = Draft("setting", crt.where)
                draft.put("software", SOFTWARE)
                draft.put("version", ".".join(map(str, context.version)))
                draft.put("instance", context.instance)
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


def _put_proxied(draft: Draft, proxy: Proxy, bound: Bind) -> None:
    flag = bound.flag("accept-proxy") or bound.flag("accept-netscaler-cip")
    expects = [line for line in proxy.lines if [w.text for w in line.words[:3]] == _EXPECT]
    if flag is not None:
        draft.put("proxied", True, (Origin("sets", flag.where),))
    elif any(len(line.words) <= 4 for line in expects):
        draft.put("proxied", True, (Origin("sets", expects[0].words[2].where),))
    elif expects:
        draft.unknown("proxied", (Origin("sets", expects[0].words[2].where),))
    else:
        draft.put("proxied", False)


_EXPECT = ["tcp-request", "connection", "expect-proxy"]


def _put_broken(draft: Draft, one: Front, context: Context) -> None:
    proxy = one.proxy
    if proxy.mode is not None and proxy.mode.text in ("http", "health"):
        draft.put("broken", f"mode {proxy.mode.text}: no mail session passes", (Origin("sets", proxy.mode.where),))
        return
    for line in (*proxy.lines, *(ln for b in one.backends for ln in b.lines)):
        texts = [word.text for word in line.words]
        if texts[0] == "tcp-request" and any(word in _REJECTS for word in texts[2:3]):
            where = (Origin("sets", line.words[2].where),)
            if len(texts) == 3 and not line.conditional:
                draft.put("broken", "every connection is rejected", where)
                return
            if "unless" in texts or any(text.startswith("!") for text in texts[3:]):
                draft.unknown("broken", where)  # a client of certain networks only, as a rule
                return
    unsure = not proxy.mode_known or not one.complete or (context.fragment and proxy.mode is None)
    sends = any(
        line.words[0].text in ("dispatch", "transparent", "use-server", "no", "filter")
        or (line.words[0].text == "option" and len(line.words) > 1 and line.words[1].text == "transparent")
        or any(word.text == "use-service" for word in line.words)
        for p in (proxy, *one.backends)
        for line in p.lines
    )
    if not sends and one.complete and proxy.mode_known and not one.servers:
        draft.put("broken", "no server stands behind it", (Origin("declares", proxy.where),))
    elif one.servers and one.complete and not sends and all(s.disabled for s in one.servers):
        draft.put("broken", "every server behind it is disabled", (Origin("sets", one.servers[-1].address.where),))
    elif unsure:
        draft.unknown("broken", (Origin("declares", proxy.where),))
    else:
        draft.put("broken", None)


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
    draft = Draft("connection", server.address.where)
    draft.put("software", SOFTWARE)
    draft.put("version", ".".join(map(str, context.version)))
    draft.put("instance", context.instance)
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
