"""Listener facts: each socket, as a client outside every named network meets it."""

from __future__ import annotations

from mailpolicy.addresses import network_scope, scope_of
from mailpolicy.facts import Draft
from mailpolicy.readers.dovecot import networks, suites
from mailpolicy.readers.dovecot.access import Access, Socket, access, named, offered, trusted, versions
from mailpolicy.readers.dovecot.model import Model, Place
from mailpolicy.readers.dovecot.sockets import Listener, resolved
from mailpolicy.types import Fact, Origin

_NAMES = {"sieve": "managesieve", "submission": "smtp"}
MOST = 20
"""How many named networks of one kind are looked at; real configurations name a handful."""

_WEAK = ("SCRAM-SHA-1", "APOP", "CRAM-MD5", "NTLM", "DIGEST-MD5", "ANONYMOUS")
"""Mechanisms that findings are about, the weakest last: the chain ends with it."""

_ROLES = {"imap": "access", "pop3": "access", "sieve": "access", "submission": "submission", "lmtp": "delivery"}


def facts(model: Model, opened: list[Listener], instance: str) -> list[Fact]:
    """The facts of all sockets."""
    mechanisms = _mechanisms(model)
    found = []
    for listener in opened:
        if not listener.protocol:
            found += _internal(model, listener, instance)
        else:
            found += _mail(model, listener, instance, mechanisms)
    return found


def _mechanisms(model: Model) -> tuple[tuple[str, ...], bool, tuple[Origin, ...]]:
    """auth_mechanisms. Inside of protocol sections it has no effect: one auth process serves all."""
    words, known, origins = model.words("auth_mechanisms", " ")
    weakest = [o for name in _WEAK for w, o in words if w.upper() == name]
    return tuple(sorted({w.upper() for w, _ in words})), known, (*origins, *weakest)


def _families(listener: Listener) -> list[tuple[str, int, tuple[Origin, ...]]]:
    """Addresses to state a fact for; the wildcards of both families stand together at first."""
    if not listener.addresses:
        return [("", 0, ())]
    found = resolved(listener.addresses)
    both = {"0.0.0.0", "::"} <= {address for address, _, _ in found}
    out: list[tuple[str, int, tuple[Origin, ...]]] = []
    for address, version, origin in found:
        if both and address == "::":
            continue
        out.append(("*", 0, (origin,)) if both and address == "0.0.0.0" else (address, version, (origin,)))
    return out


def _draft(model: Model, listener: Listener, instance: str, address: str, origins: tuple[Origin, ...]) -> Draft:
    draft = Draft("listener", listener.declared)
    draft.put("software", "dovecot")
    draft.put("version", model.dialect, [Origin("implies", None, model.program)])
    draft.put("instance", instance)
    draft.put("service", f"{listener.service}/{listener.name}")
    draft.maybe("port", listener.port, listener.port_from)
    draft.put("proxied", listener.haproxy, listener.haproxy_from)
    scope = scope_of(address) if address else "name"
    if scope == "name":
        draft.unknown("address", origins)
        draft.unknown("scope", origins)
    else:
        draft.put("address", address, origins)
        draft.put("scope", scope, origins)
    return draft


def _internal(model: Model, listener: Listener, instance: str) -> list[Fact]:
    found = []
    for address, _, origins in _families(listener):
        draft = _draft(model, listener, instance, address, origins)
        draft.put("role", "internal")
        if listener.ssl is None:
            draft.unknown("tls", listener.ssl_from)
        else:
            draft.put("tls", "implicit" if listener.ssl else "none", listener.ssl_from)
        draft.put("broken", None)
        found.append(draft.fact())
    return found


def _mail(
    model: Model, listener: Listener, instance: str, mechanisms: tuple[tuple[str, ...], bool, tuple[Origin, ...]]
) -> list[Fact]:
    found = []
    for address, version, origins in _families(listener):
        if address == "*":
            four, six = (
                _one(model, listener, instance, a, v, origins, mechanisms) for a, v in (("0.0.0.0", 4), ("::", 6))
            )
            if _alike(four, six):
                four = four._replace(values={**four.values, "address": "*"})
                found.append(four)
            else:
                found += [four, six]
        else:
            found.append(_one(model, listener, instance, address, version or 4, origins, mechanisms))
    return found


def _alike(one: Fact, other: Fact) -> bool:
    return {**one.values, "address": ""} == {**other.values, "address": ""}


def places(model: Model, protocol: str, address: str, version: int, listener: Listener) -> list[Place]:
    """The clients that a fact speaks for: one in no named network, and one in each public network that is named.

    Private networks and loopback do not count, for nobody outside is in them; a login in clear that a public
    network may do crosses the Internet. On loopback, the client is loopback.
    """
    base = Place(protocol, version, service=listener.service, listener=listener.name)
    if scope_of(address or "*") == "loopback":
        return [base._replace(remote=address, local=address)]
    remotes, locals_ = [""], [address] if address not in ("", "0.0.0.0", "::") else [""]
    remotes += [n for n in model.filtered("remote") if _counts(n, version) and networks.public(n)]
    if locals_ == [""]:
        locals_ += [n for n in model.filtered("local") if _counts(n, version) and network_scope([n]) != "loopback"]
    for network, _ in model.words("login_trusted_networks", " ,", base)[0]:
        if networks.family(network) == version and networks.public(network) and network not in remotes:
            remotes.append(network)
    return [base._replace(remote=r, local=where) for r in remotes[:MOST] for where in locals_[:MOST]]


def _counts(network: str, version: int) -> bool:
    """Whether a filter's network is of an IP version, and not all of it: that one matches everybody anyway.

    Of a host name Dovecot takes the first address, which is taken for an IPv4 one here.
    """
    return (networks.family(network) or 4) == version and networks.bits(network) > 0


def _one(
    model: Model, listener: Listener, instance: str, address: str, version: int, origins: tuple[Origin, ...],
    mechanisms: tuple[tuple[str, ...], bool, tuple[Origin, ...]],
) -> Fact:  # fmt: skip
    names, known, names_from = mechanisms
    socket = Socket(listener.protocol, bool(listener.ssl), listener.haproxy, scope_of(address or "*") == "loopback")
    met = [
        (access(model, socket, place, names, known), place)
        for place in places(model, listener.protocol, address, version, listener)
    ]
    worst, place = max(met, key=lambda pair: pair[0].weakness)
    weakest = min((p for a, p in met if not a.broken), key=lambda p: _lowest(model, p), default=place)
    if listener.ssl is None:
        worst = Access(None, None, "", listener.ssl_from, listener.ssl_from, ())
    draft = _draft(model, listener, instance, address, origins)
    draft.put("protocol", _NAMES.get(listener.protocol, listener.protocol), listener.protocol_from)
    draft.put("role", _ROLES[listener.protocol])
    stated = [o for o in listener.ssl_from if o.where and not listener.ssl]
    draft.maybe("tls", worst.tls, [*(worst.tls_from or listener.ssl_from), *stated])
    draft.maybe("auth", worst.auth, worst.auth_from)
    _put_mechanisms(draft, socket, names, known, names_from)
    _put_tls(model, draft, weakest, worst, names)
    _put_broken(model, draft, listener, worst, version)
    if listener.protocol == "submission":
        if worst.auth is None:
            draft.unknown("relay", worst.auth_from)
        else:
            draft.put("relay", "none" if worst.auth == "none" else "authenticated", worst.auth_from)
    if listener.protocol != "lmtp" and worst.auth in ("tls-only", "challenge", "none"):
        _put_cleartext(model, draft, listener, socket, version, address, names)
    return draft.fact()


def _put_mechanisms(
    draft: Draft, socket: Socket, names: tuple[str, ...], known: bool, origins: tuple[Origin, ...]
) -> None:
    if socket.protocol == "lmtp":
        draft.put("mechanisms", ())
    elif not known:
        draft.unknown("mechanisms", origins)
    else:
        draft.put("mechanisms", tuple(offered(socket, names)), origins)


def _lowest(model: Model, place: Place) -> int:
    """Order among clients by the lowest TLS version that they may use; unknown ones last."""
    return -len(versions(model, place)[0] or ())


def _put_tls(model: Model, draft: Draft, place: Place, worst: Access, mechanisms: tuple[str, ...]) -> None:
    if worst.tls == "none":
        return
    place = place._replace(named=("ssl_server",))
    allowed, origins, _ = versions(model, place)
    if allowed:
        draft.put("tls_versions", allowed, origins)
        draft.put("tls_min", allowed[0], origins)
    elif allowed is None:
        draft.unknown("tls_versions", origins)
        draft.unknown("tls_min", origins)
    suites.put(draft, model, place)
    words = named(model.dialect)
    cert = model.get(words["cert"], place)
    if cert.known and "%{" not in cert.value:
        draft.put("certificate", cert.value or None, cert.origins)
    else:
        draft.unknown("certificate", cert.origins)
    ask, need = model.get(words["ask"], place), model.get("auth_ssl_require_client_cert")
    if not ask.known or (ask.yes and not need.known):
        draft.unknown("client_certificate", (*ask.origins, *need.origins))
        return
    state = "none" if not ask.yes else "required" if need.yes else "asked"
    draft.put("client_certificate", state, (*ask.origins, *(need.origins if state == "required" else ())))
    user = model.get("auth_ssl_username_from_cert")
    draft.put("client_certificate_login", ask.yes and ("EXTERNAL" in mechanisms or user.yes), ask.origins)


def _put_broken(model: Model, draft: Draft, listener: Listener, worst: Access, version: int) -> None:
    why, origins = worst.broken, worst.broken_from
    if listener.haproxy and not why:
        words, known, origins = model.words("haproxy_trusted_networks", " ,")
        families = [*(networks.family(w) for w, _ in words), None]
        if known and version not in families[: families.index(None)]:  # Dovecot stops at what is no network
            why = "haproxy = yes, but haproxy_trusted_networks names no proxy of this address family"
    draft.put("broken", why or None, origins if why else ())


def _put_cleartext(
    model: Model, draft: Draft, listener: Listener, socket: Socket, version: int, address: str, names: tuple[str, ...]
) -> None:
    """Networks whose clients may log in without TLS although others may not."""
    if socket.loopback or socket.implicit:
        return
    base = Place(listener.protocol, version, service=listener.service, listener=listener.name)
    candidates = dict(model.words("login_trusted_networks", " ,", base)[0])
    for name in model.filtered("remote"):
        candidates.setdefault(name, Origin("sets", model.first(name) or listener.declared))
    found = {}
    for network, origin in list(candidates.items())[:MOST]:
        family = networks.family(network)
        if family is None or network_scope([network]) == "loopback":
            continue
        place = base._replace(remote=network, version=family)
        met = access(model, socket, place, names, True)
        if met.auth == "cleartext" and not met.broken:
            found[network] = trusted(model, place) or origin
    draft.put("cleartext_networks", tuple(found), found.values())
    if found:
        draft.maybe("cleartext_scope", network_scope(found), found.values())
