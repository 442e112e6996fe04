"""Facts of a stunnel configuration: its mail sockets, and the sessions that it opens."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.addresses import host_scope, scope_of
from mailpolicy.facts import Draft, begun
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import secret
from mailpolicy.ports import PROTOCOLS
from mailpolicy.readers.stunnel import suites
from mailpolicy.readers.stunnel.services import Service, accepted, versions
from mailpolicy.readers.stunnel.syntax import Line
from mailpolicy.types import Fact, Origin

SOFTWARE = "stunnel"
_NAMES = {
    "smtp": "smtp", "smtps": "smtp", "ssmtp": "smtp", "esmtp": "smtp", "submission": "smtp", "submissions": "smtp",
    "mx": "smtp", "imap": "imap", "imaps": "imap", "imap4": "imap", "pop": "pop3", "pop3": "pop3", "pop3s": "pop3",
    "spop": "pop3", "sieve": "managesieve", "managesieve": "managesieve", "mail": "", "dovecot": "", "postfix": "smtp",
}  # fmt: skip
_OTHER = frozenset({"http", "https", "web", "webmail", "www", "admin", "ldap"})
_SHELLS = frozenset({"ssh", "openssh", "sshd", "dropbear", "openvpn", "vpn"})
"""Services of these names hide behind ports of mail: 143 and 110 are open in most firewalls."""
_STARTTLS = ("imap", "pop3", "smtp")
_SECRETS = {"protocolpassword": "protocolPassword"}
_KEYS = {"ticketkeysecret": "ticketKeySecret", "ticketmacsecret": "ticketMacSecret"}


class Context(NamedTuple):
    """What all facts of one run share."""

    instance: str
    version: tuple[int, ...]


class Mail(NamedTuple):
    """What a service carries. None is unknown."""

    protocol: str | None
    role: str | None
    told: tuple[Origin, ...]


def mail(service: Service) -> Mail | None:
    """The mail that a service carries, by its protocol, ports or name; None for none."""
    stated = service.last("protocol")
    if stated is not None and stated.value.lower() in _STARTTLS:
        return _with_role(service, stated.value.lower(), (Origin("sets", stated.where),))
    words = [w for w in re.split(r"[^a-z0-9]+", service.name.lower()) if w]
    if _SHELLS.intersection(words):
        return None
    for name in ("connect", "accept"):
        for line in service.all(name):
            port = accepted(line)[1]
            if port in PROTOCOLS:
                return _with_role(service, PROTOCOLS[port], (Origin("implies", line.where, "the port"),))
    told = [_NAMES[w] for w in words if w in _NAMES]
    if not told or _OTHER.intersection(words):
        return None
    return _with_role(service, next((t for t in told if t), None), (Origin("implies", service.where, "the name"),))


def _with_role(service: Service, protocol: str | None, told: tuple[Origin, ...]) -> Mail:
    if protocol is None:
        return Mail(None, None, told)
    if protocol != "smtp":
        return Mail(protocol, "access", told)
    ports = [accepted(line)[1] for line in service.all("accept")]
    mx = 25 in ports and not service.yes("client")
    return Mail(protocol, "mx" if mx else "submission", told)


def facts(made: list[Service], context: Context) -> Iterator[Fact]:
    """All facts."""
    for service in made:
        carried = mail(service)
        if carried is None:
            continue
        for line in service.all("accept"):
            yield from _listeners(service, line, carried, context)
        for line in service.all("connect"):
            yield from _connections(service, line, carried, context)


def secrets(found: tuple[Line, ...], context: Context) -> Iterator[Fact]:
    """Passwords and keys that stand in the files."""
    for line in found:
        name = _SECRETS.get(line.name) or _KEYS.get(line.name)
        version = ".".join(map(str, context.version))
        fact = secret(SOFTWARE, version, context.instance, name, line.value, line.where) if name else None
        if fact is not None:
            yield fact


def _draft(kind: str, line: Line, context: Context) -> Draft:
    return begun(kind, line.where, SOFTWARE, ".".join(map(str, context.version)), context.instance)


def _addresses(host: str | None) -> list[str | None]:
    """Addresses of a host that accepts: :: takes IPv4 as well. None is unknown."""
    if host in ("", "*"):
        return ["0.0.0.0"]
    if host == "::":
        return ["*"]
    if host == "localhost":
        return ["127.0.0.1", "::1"]
    return [host if host is not None and scope_of(host) != "name" else None]


def _listeners(service: Service, line: Line, carried: Mail, context: Context) -> Iterator[Fact]:
    host, port, _ = accepted(line)
    if host == "/" or line.value == "0":
        return
    where = (Origin("sets", line.where),)
    for address in _addresses(host):
        draft = _draft("listener", line, context)
        draft.put("service", service.name)
        draft.maybe("port", port, where)
        draft.maybe("address", address, where)
        draft.maybe("scope", scope_of(address) if address else None, where)
        draft.maybe("protocol", carried.protocol, carried.told)
        draft.maybe("role", carried.role, carried.told)
        draft.put("proxied", False)
        draft.unknown("relay", (Origin("sets", line.where, "the server behind decides"),))
        client = service.yes("client")
        if client is None:
            for field in ("tls", "auth", "broken"):
                draft.unknown(field, service.origins("client"))
        elif client:
            _put_clear(draft, service, carried)
        else:
            _put_tls(draft, service, carried, context)
        yield draft.fact()


def _put_clear(draft: Draft, service: Service, carried: Mail) -> None:
    """A client's socket takes clear text; the server beyond sees TLS and takes passwords."""
    by = service.origins("client")
    draft.put("tls", "none", by)
    if carried.role in ("access", "submission") and service.last("protocolusername") is None:
        draft.put("auth", "cleartext", by)
    else:
        draft.unknown("auth", by)
    mismatch = [line for line in service.all("connect") if _tls(service) == "implicit" and _plain(line)]
    if mismatch:
        draft.unknown("broken", (Origin("sets", mismatch[-1].where),))
    else:
        draft.put("broken", None)


def _plain(line: Line) -> bool:
    """Whether the port is one where servers greet in clear."""
    return accepted(line)[1] in (25, 587, 143, 110, 4190)


def _tls(service: Service) -> str | None:
    """implicit, or required where ``protocol`` has a STARTTLS; None when a template or another protocol decides."""
    protocol = service.last("protocol")
    if protocol is None or protocol.value.lower() == "proxy":
        return "implicit"
    return "required" if protocol.value.lower() in _STARTTLS else None


def _put_tls(draft: Draft, service: Service, carried: Mail, context: Context) -> None:
    by = service.origins("protocol") if _tls(service) == "required" else ()
    draft.maybe("tls", _tls(service), by)
    if carried.role in ("access", "submission") and _tls(service):
        draft.put("auth", "tls-only", by)
    else:
        draft.unknown("auth", by)
    _put_versions(draft, service, context, ("tls_versions", "tls_min"))
    suites.put(draft, service)
    cert = service.last("cert")
    if cert is not None and cert.known:
        draft.put("certificate", cert.value, service.origins("cert"))
    else:
        draft.unknown("certificate", service.origins("cert") or service.origins("psksecrets"))
    state, told = _asked(service)
    draft.maybe("client_certificate", state, told)
    if state == "required":
        draft.put("client_certificate_login", True, told)
    elif state == "none":
        draft.put("client_certificate_login", False)
    else:
        draft.unknown("client_certificate_login", told)
    allowed, limited = versions(service, context.version)
    if allowed == ():
        draft.put("broken", "no TLS version is left that its OpenSSL speaks", limited)
    elif _tls(service) is None:
        draft.unknown("broken", service.origins("protocol"))
    else:
        draft.put("broken", None)


def _put_versions(draft: Draft, service: Service, context: Context, fields: tuple[str, ...]) -> None:
    allowed, origins = versions(service, context.version)
    for field in fields:
        value = allowed if field == "tls_versions" else allowed[0] if allowed else None
        draft.maybe(field, value or None, origins)


def _asked(service: Service) -> tuple[str | None, tuple[Origin, ...]]:
    """Whether clients are asked for a certificate."""
    switches = [service.yes(name) for name in ("requirecert", "verifychain", "verifypeer")]
    told = tuple(o for name in ("verify", "requirecert", "verifychain", "verifypeer") for o in service.origins(name))
    verify = service.last("verify")
    if True in switches or (verify is not None and verify.value in ("2", "3", "4")):
        return "required", told
    if None in switches or (verify is not None and not verify.known):
        return None, told
    return ("asked" if verify is not None and verify.value in ("0", "1") else "none"), told


def _connections(service: Service, line: Line, carried: Mail, context: Context) -> Iterator[Fact]:
    host, port, _ = accepted(line)
    client = service.yes("client")
    if host == "/" or client is None:
        return
    draft = _draft("connection", line, context)
    where = (Origin("sets", line.where),)
    draft.put("account", service.name)
    draft.maybe("protocol", carried.protocol, carried.told)
    draft.maybe("role", _outgoing(carried, port, client), carried.told)
    name = "127.0.0.1" if host == "" else host
    draft.maybe("host", name, where)
    draft.maybe("scope", host_scope(name) if name else None, where)
    draft.maybe("port", port, where)
    draft.put("port_stated", True, where)
    draft.put("backend", not client, where)
    draft.put("broken", None)
    if client:
        by = (*service.origins("client"), *(service.origins("protocol") if _tls(service) == "required" else ()))
        draft.maybe("tls", _tls(service), (*by, *where) if _plain(line) else by)
        _put_verify(draft, service)
        _put_versions(draft, service, context, ("tls_min",))
        draft.put("cleartext_credentials", False, by)
        _put_login(draft, service)
    else:
        draft.put("tls", "none", where)
        draft.put("verify", "none", where)
    yield draft.fact()


def _outgoing(carried: Mail, port: int | None, client: bool) -> str | None:
    if carried.role != "submission" and carried.role != "mx":
        return carried.role
    return "relay" if port == 25 or carried.role == "mx" or not client else "submission"


def _put_verify(draft: Draft, service: Service) -> None:
    """Whose certificate is taken: any, unless a level or a switch says otherwise."""
    names = ("verify", "verifychain", "verifypeer", "checkhost", "checkip", "checkemail")
    told = tuple(o for name in names[:3] for o in service.origins(name))
    lines = [line for name in names for line in service.all(name)]
    level = service.last("verify")
    if any(not line.known for line in lines):
        draft.unknown("verify", told)
    elif service.yes("verifypeer") or (level is not None and level.value in ("3", "4")):
        draft.put("verify", "fingerprint", told)
    elif service.yes("verifychain") or (level is not None and level.value == "2"):
        named = any(service.last(name) for name in names[3:])
        draft.put("verify", "ca" if named else "ca-noname", told)
    else:
        draft.put("verify", "none", told)


def _put_login(draft: Draft, service: Service) -> None:
    """stunnel itself logs in where ``protocolUsername`` and ``protocolPassword`` stand; else its client does."""
    password, user = service.last("protocolpassword"), service.last("protocolusername")
    if password is None or user is None:
        return
    draft.put("authenticates", True, service.origins("protocolusername"))
    if password.known:
        draft.put("credential", "literal", service.origins("protocolpassword"))
    method = service.last("protocolauthentication")
    words = {"plain": "PLAIN", "login": "LOGIN"}
    draft.put("mechanisms", (words.get(method.value.lower() if method else "plain", "PLAIN"),))
