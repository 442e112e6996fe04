"""Listener facts of Stalwart: each address of ``server.listener.<id>``, as a client outside meets it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mailpolicy.addresses import scope_of
from mailpolicy.facts import Draft
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.stalwart.expressions import Known, Result
from mailpolicy.readers.stalwart.model import Config
from mailpolicy.readers.stalwart.settings import Setting
from mailpolicy.types import Fact, Origin, Unread

PROTOCOLS = ("smtp", "lmtp", "imap", "pop3", "managesieve", "http", "https", "jmap")
_ID = re.compile(r"server\.listener\.(.+)\.protocol")
_BOUND = re.compile(r"server\.listener\.([^.]+)\.bind(?:\.0000)?")
_BIND = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|(\d+\.\d+\.\d+\.\d+)):(\d{1,5})")
_TAIL = re.compile(r":(\d{1,5})$")
_VERSIONS = {"TLSv1.2": "TLSv1.2", "0x0303": "TLSv1.2", "TLSv1.3": "TLSv1.3", "0x0304": "TLSv1.3"}
_BOTH = ("TLSv1.2", "TLSv1.3")
_MOST = 1000
_READABLE = ("PLAIN", "LOGIN")
_BEARER_SINCE, _XOAUTH2_SINCE = (0, 10), (0, 12)
CLEAR_IMAP = "AUTHENTICATE PLAIN is taken without TLS whatever allow-plain-text says; it governs LOGIN alone"
CLEAR_TOKENS = "without TLS it takes bearer tokens, no passwords"


class Socket(NamedTuple):
    """One address of a listener."""

    id: str
    protocol: str
    bind: Setting
    address: str | None
    port: int | None


def sockets(config: Config) -> tuple[list[Socket], list[Unread]]:
    """All mail sockets, and what Stalwart leaves out."""
    found: list[Socket] = []
    unread: list[Unread] = []
    for key, stated in config.settings.items():
        match = _ID.fullmatch(key)
        if match is None:
            continue
        protocol = stated.value.lower()
        if protocol not in PROTOCOLS and stated.known:
            unread.append(Unread(stated.where, "is no protocol of Stalwart; it leaves the listener out"))
        if protocol not in PROTOCOLS[:5]:
            continue
        binds = config.all(f"server.listener.{match[1]}.bind")
        if not binds and config.whole:
            unread.append(Unread(stated.where, "is the protocol of a listener without bind; Stalwart leaves it out"))
        for bind in binds:
            made = _socket(match[1], protocol, bind)
            if made is None:
                unread.append(Unread(bind.where, "is no address with a port; Stalwart does not listen on it"))
            else:
                found.append(made)
    for key, bind in config.settings.items():
        match = _BOUND.fullmatch(key)
        if match and f"server.listener.{match[1]}.protocol" not in config.settings and config.whole:
            unread.append(Unread(bind.where, "belongs to a listener without a protocol; Stalwart leaves it out"))
    if len(found) > _MOST:
        unread.append(Unread(found[_MOST].bind.where, f"is one of more than {_MOST} sockets; the rest is not read"))
    return found[:_MOST], unread


def _socket(name: str, protocol: str, bind: Setting) -> Socket | None:
    if not bind.known:
        tail = _TAIL.search(bind.value)
        return Socket(name, protocol, bind, None, int(tail[1]) if tail else None)
    match = _BIND.fullmatch(bind.value)
    if match is None or not 0 < int(match[3]) < 65536:
        return None
    address = match[1] or match[2]
    return Socket(name, protocol, bind, "*" if set(address) <= {":", "0"} and match[1] else address, int(match[3]))


def facts(config: Config, found: list[Socket]) -> Iterator[Fact]:
    """A listener for each address."""
    certificate = _certificate(config)
    for socket in found:
        draft = config.draft("listener", socket.bind.where)
        by = socket.bind.origins
        draft.put("service", socket.id)
        draft.put("protocol", socket.protocol)
        draft.maybe("address", socket.address, by)
        draft.maybe("scope", scope_of(socket.address) if socket.address else None, by)
        draft.maybe("port", socket.port, by)
        draft.put("broken", None)
        draft.put("proxied", False)
        draft.put("client_certificate", "none")
        draft.put("client_certificate_login", False)
        mode, told = _mode(config, socket.id)
        if mode != "none":
            _put_versions(draft, config, socket.id)
            draft.maybe("certificate", certificate[0], certificate[1])
        if socket.protocol == "smtp":
            _put_smtp(draft, config, socket, mode, told)
        else:
            draft.put("role", "delivery" if socket.protocol == "lmtp" else "access")
            _put_access(draft, config, socket.protocol, mode, told)
        yield draft.fact()


def _mode(config: Config, name: str) -> tuple[str | None, tuple[Origin, ...]]:
    """none, starttls or implicit, and by what. Up to 0.6 ``server.tls`` spoke for listeners that say nothing."""
    old = config.version < (0, 7)
    enable, implicit = (
        config.get(f"server.listener.{name}.tls.{word}", *([f"server.tls.{word}"] if old else []))
        for word in ("enable", "implicit")
    )
    if enable is not None and enable.yes is not True:
        return ("none" if enable.yes is False else None), enable.origins
    if enable is None and old:
        return ("none" if config.whole else None), (config.by(),)
    if implicit is None:
        return ("starttls" if not old else "implicit" if config.whole else None), (config.by(),)
    if implicit.yes is None:
        return None, implicit.origins
    return ("implicit" if implicit.yes else "starttls"), implicit.origins


def _put_versions(draft: Draft, config: Config, name: str) -> None:
    """Two versions; who turns both off gets both. Up to 0.6 the ones to be left were listed."""
    listed = config.version < (0, 7)
    word = "protocols" if listed else "disable-protocols"
    stated = config.all(f"server.listener.{name}.tls.{word}", f"server.tls.{word}")
    by = tuple(origin for item in stated for origin in item.origins) or (config.by(),)
    if any(not item.known for item in stated):
        draft.unknown("tls_versions", by)
        draft.unknown("tls_min", by)
        return
    named = {_VERSIONS.get(item.value) for item in stated}
    left = tuple(version for version in _BOTH if (version in named) is listed) or _BOTH
    draft.put("tls_versions", left, by)
    draft.put("tls_min", left[0], by)


def _certificate(config: Config) -> tuple[str | None, tuple[Origin, ...]]:
    """The certificate that is the default, or the only one. Without any Stalwart makes one that nobody signed."""
    found = {k: s for k, s in config.settings.items() if k.startswith("certificate.") and k.endswith(".cert")}
    chosen = [s for k, s in found.items() if config.settings.get(f"{k[:-5]}.default", s).value == "true"]
    picked = chosen or list(found.values())
    if len(picked) != 1:
        return None, tuple(origin for setting in picked for origin in setting.origins)
    match = re.fullmatch(r"%\{file:(?://)?([^}]+)\}%|file://(.+)", picked[0].value)
    return (match[1] or match[2] if match else None), picked[0].origins


def names(socket: Socket, tls: bool) -> dict[str, Known]:
    """What expressions know of a client that has not logged in."""
    known: dict[str, Known] = {
        "is_tls": tls,
        "listener": socket.id,
        "protocol": socket.protocol,
        "authenticated_as": "",
    }
    if socket.port is not None:
        known["local_port"] = socket.port
    return known


def _offered(config: Config, socket: Socket, tls: bool) -> Result:
    """Mechanisms, upper case, or None where they are not known."""
    bearer = ("OAUTHBEARER", "XOAUTH2")[
        : 0 if config.version < _BEARER_SINCE else 2 if config.version >= _XOAUTH2_SINCE else 1
    ]
    default: Known | None = None
    if config.version >= (0, 7):
        default = (
            () if socket.port == 25 else None if socket.port is None else ("PLAIN", "LOGIN", *bearer) if tls else bearer
        )
    found = config.decide("session.auth.mechanisms", names(socket, tls), default)
    value = found.value
    if value is False:
        value = ()
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, tuple) or None in value:
        return Result(None, found.origins)
    offered = tuple(str(name).upper() for name in value)
    plain = config.get("session.auth.allow-plain-text")
    if config.version < (0, 7) and not tls and (plain is None or plain.yes is not True):
        offered = tuple(name for name in offered if name not in _READABLE)
    return Result(offered, (*found.origins, *(plain.origins if plain and plain.yes else ())))


def _put_smtp(draft: Draft, config: Config, socket: Socket, mode: str | None, told: tuple[Origin, ...]) -> None:
    default: Known | None = None if socket.port is None else socket.port != 25
    needed = config.decide("session.auth.require", names(socket, mode == "implicit"), default)
    well_known = {25: "mx", 587: "submission", 465: "submission"}.get(socket.port or 0)
    by_login = {True: "submission", False: "mx"}.get(needed.value) if isinstance(needed.value, bool) else None
    draft.maybe("role", well_known or by_login, socket.bind.origins if well_known else needed.origins)
    secure, clear = _offered(config, socket, True), _offered(config, socket, False)
    offered = None if mode is None else (clear if mode == "none" else secure).value
    draft.maybe("mechanisms", tuple(map(str, offered)) if isinstance(offered, tuple) else None, secure.origins)
    if mode is None:
        draft.unknown("tls", told)
        draft.unknown("auth", told)
    elif mode == "implicit":
        draft.put("tls", "implicit", told)
        draft.maybe("auth", None if secure.value is None else "tls-only" if secure.value else "none", secure.origins)
    else:
        _put_clear(draft, mode, needed.value, secure, clear, told)
    _put_relay(draft, config, socket, mode == "implicit", needed, offered)
    bound = config.decide(
        "session.auth.must-match-sender", names(socket, True), True if config.version >= (0, 8) else None
    )
    draft.maybe("sender_bound", bound.value if isinstance(bound.value, bool) else None, bound.origins)


def _put_clear(
    draft: Draft, mode: str, needed: Known | None, secure: Result, clear: Result, told: tuple[Origin, ...]
) -> None:
    """A socket that begins in clear."""
    if mode == "none":
        draft.put("tls", "none", told)
    elif needed is False:
        draft.put("tls", "optional", told)
    elif clear.value:
        readable = any(name in _READABLE for name in clear.value) if isinstance(clear.value, tuple) else True
        stated = (origin for origin in told if origin.how != "default")
        draft.put("tls", "optional", (*stated, *(clear.origins if readable else _tokens(clear.origins))))
    else:
        draft.maybe("tls", "required" if needed and clear.value is not None and secure.value else None, clear.origins)
    if isinstance(clear.value, tuple) and any(name in _READABLE for name in clear.value):
        draft.put("auth", "cleartext", clear.origins)
    elif clear.value is None or secure.value is None:
        draft.unknown("auth", clear.origins)
    elif clear.value:
        draft.unknown("auth", _tokens(clear.origins))
    else:
        draft.put("auth", "tls-only" if secure.value and mode != "none" else "none", clear.origins)


def _tokens(origins: tuple[Origin, ...]) -> tuple[Origin, ...]:
    """The same, with the words for what such a setting lets through."""
    return tuple(o._replace(note=f"{o.note}: {CLEAR_TOKENS}" if o.note else CLEAR_TOKENS) for o in origins)


def _put_relay(draft: Draft, config: Config, socket: Socket, tls: bool, needed: Result, offered: Known | None) -> None:
    """Who may send to other domains: those without a login, where none is demanded, or those with one."""
    anyone, known = names(socket, tls), dict(names(socket, tls))
    known["authenticated_as"] = "user"
    free = config.decide("session.rcpt.relay", anyone, False)
    user = config.decide("session.rcpt.relay", known, True)
    if needed.value is None or free.value is None:
        draft.unknown("relay", (needed if needed.value is None else free).origins)
    elif needed.value is False and free.value:
        draft.put("relay", "open", free.origins)
    elif offered == () or user.value is False:
        draft.put("relay", "none", user.origins)
    else:
        draft.maybe("relay", None if user.value is None or offered is None else "authenticated", user.origins)


def _put_access(draft: Draft, config: Config, protocol: str, mode: str | None, told: tuple[Origin, ...]) -> None:
    """IMAP, POP3, ManageSieve and LMTP. In clear IMAP takes PLAIN, POP3 bearer tokens, ManageSieve nothing."""
    plain = config.get("imap.auth.allow-plain-text")
    allowed = plain.yes if plain else False
    by = plain.origins if plain else (config.by(),)
    bearer: Mapping[bool, tuple[str, ...]] = {True: ("OAUTHBEARER", "XOAUTH2"), False: ("OAUTHBEARER",)}
    draft.put("mechanisms", () if protocol == "lmtp" else ("PLAIN", *bearer[config.version >= _XOAUTH2_SINCE]))
    if mode is None:
        draft.unknown("tls", told)
        draft.unknown("auth", told)
    elif protocol == "lmtp":
        draft.put("tls", {"starttls": "optional"}.get(mode, mode), told)
        draft.put("auth", "none")
    elif mode == "implicit":
        draft.put("tls", "implicit", told)
        draft.put("auth", "tls-only", told)
    elif protocol == "imap" or allowed:
        note = CLEAR_IMAP if not allowed else ""
        where = plain.where if plain and allowed else draft.declared.where
        implied = Origin("implies", where, note)
        draft.put("tls", *(("none", told) if mode == "none" else ("optional", (*told, implied))))
        draft.put("auth", "cleartext", (implied,))
    elif allowed is None:
        draft.unknown("tls", by)
        draft.unknown("auth", by)
    else:
        tokens = protocol == "pop3"
        offered = "optional" if tokens else "required"
        draft.put("tls", *(("none", told) if mode == "none" else (offered, (*told, *by))))
        draft.maybe("auth", None if tokens else "none" if mode == "none" else "tls-only", _tokens(by) if tokens else by)
