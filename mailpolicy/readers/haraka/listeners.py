"""Listener facts of Haraka: each address of smtp.ini's ``listen``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mailpolicy.addresses import network_scope, scope_of
from mailpolicy.facts import Draft
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.haraka.folder import Folder
from mailpolicy.readers.haraka.ini import Ini, Item, Word
from mailpolicy.readers.haraka.plugins import FLAT_FILE, TLS_LOGINS
from mailpolicy.types import Fact, Origin, Span, Unread

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
_ENDPOINT = re.compile(
    r"(\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::(\d+))?"
)
_VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_READABLE = ("PLAIN", "LOGIN")
LOGIN_PORTS = (465, 587)
"""connection.js takes MAIL on these from clients alone that logged in or may relay."""


Trusted = tuple[list[Word], str | None, tuple[Origin, ...]]


class Socket(NamedTuple):
    """An address to listen on. None is unknown."""

    host: str | None
    port: int | None
    where: Span | None


class Tls(NamedTuple):
    """tls.ini, and the ports that its lists name."""

    ini: Ini
    clear: Mapping[str, Item]
    """Ports without STARTTLS."""
    strict: Mapping[str, Item]
    """Ports that demand a certificate of the client."""
    strict_everywhere: Item | None
    """``smtps_port`` among them: its server changes the options that STARTTLS takes on the other ports."""


class Login(NamedTuple):
    """What logins are offered under TLS; None: unknown, empty: none."""

    mechanisms: tuple[str, ...] | None
    clear: tuple[str, ...]
    """What is offered without TLS, to private addresses alone."""
    origins: tuple[Origin, ...]


def sockets(folder: Folder) -> tuple[list[Socket], list[Unread]]:
    """All addresses; without ``listen`` port 25 of all."""
    smtp = folder.inis.get("smtp.ini", Ini())
    listen, port = smtp.last("listen"), smtp.last("port")
    found: list[Socket] = []
    unread: list[Unread] = []
    if port is not None and port.value:
        host = smtp.last("listen_host")
        text = f"{host.value if host and host.value else '[::0]'}:{port.value}"
        found += _socket(text, port.where, unread)
    if listen is not None and listen.value.isdecimal():
        unread.append(Unread(listen.where, "Haraka stops at a listen that is a number alone; write [::0]:PORT", True))
    elif listen is not None:
        column = listen.where.column
        for part in re.finditer(r"[^,]+", listen.value):
            text = part[0].strip()
            at = column + part.start() + len(part[0]) - len(part[0].lstrip())
            if text:
                found += _socket(text, listen.where._replace(column=at, end_column=at + len(text)), unread)
    if not found and not unread:
        found.append(Socket("*", 25, None))
    return found, unread


def _socket(text: str, where: Span, unread: list[Unread]) -> list[Socket]:
    if re.search(r"\{\{|<%|\$\{|\$\(|__[A-Z]\w*__", text):
        tail = re.search(r":(\d+)$", text)
        return [Socket(None, int(tail[1]) if tail else None, where)]
    if text.startswith("/"):
        return []
    match = _ENDPOINT.fullmatch(text)
    port = int(match[2] or 25) if match else 0
    if text.isdecimal() and len(text) < 6:
        return [Socket("*", int(text), where)]
    if match is None or not 0 < port < 65536:
        unread.append(Unread(where, "is no address that Haraka can listen on; it goes on without"))
        return []
    return [Socket(_host(match[1]), port, where)]


def _host(text: str) -> str | None:
    host = text.strip("[]").lower()
    if set(host) <= {":", "0"} and ":" in host:
        return "*"
    if host == "localhost":
        return "127.0.0.1"
    return host if re.fullmatch(r"[0-9.]+|[0-9a-f:]*:[0-9a-f:]*", host) else None


def login(folder: Folder) -> Login:
    """The plugins that offer logins: under TLS the last one counts, without TLS flat_file."""
    if folder.plugins is None:
        return Login(None, (), ())
    strange = folder.strange[0]
    if strange is not None:
        return Login(None, (), (Origin("implies", strange.where, "a plugin that is not known"),))
    found = [word for word in folder.plugins if word.text in TLS_LOGINS or word.text == FLAT_FILE]
    if not found:
        return Login((), (), (Origin("implies", folder.start, "no plugin for logins"),))
    flat = folder.plugin(FLAT_FILE)
    clear = _flat_file(folder, flat) if flat else Login((), (), ())
    last = found[-1]
    if last.text == FLAT_FILE:
        return clear
    extra = _vpopmail(folder) if last.text == "auth/auth_vpopmaild" else ()
    by = Origin("implies", last.where, last.text)
    return Login((*TLS_LOGINS[last.text], *extra), clear.clear, (*clear.origins, by))


def _flat_file(folder: Folder, plugin: Word) -> Login:
    """Its methods; names in lower case are announced but match none."""
    by = Origin("implies", plugin.where, plugin.text)
    methods = folder.inis.get("auth_flat_file.ini", Ini()).last("methods", "core")
    if methods is None:
        return Login(("CRAM-MD5",), ("CRAM-MD5",), (by, folder.by()))
    if not methods.known:
        return Login(None, (), (by, *methods.origins))
    names = tuple(dict.fromkeys(name for name in methods.value.split(",") if name in ("PLAIN", "LOGIN", "CRAM-MD5")))
    return Login(names, names, (by, *methods.origins))


def _vpopmail(folder: Folder) -> tuple[str, ...]:
    sysadmin = folder.inis.get("auth_vpopmaild.ini", Ini()).last("sysadmin")
    return ("CRAM-MD5",) if sysadmin is not None and sysadmin.value else ()


def facts(folder: Folder, found: list[Socket]) -> Iterator[Fact]:
    """A listener for each address."""
    offered, trusted = login(folder), _trusted(folder)
    smtps = folder.inis.get("smtp.ini", Ini()).last("smtps_port")
    implicit = 465 if smtps is None else int(smtps.value) if smtps.value.isdecimal() and len(smtps.value) < 6 else None
    tls = _tls(folder, implicit if any(socket.port == implicit for socket in found) else None)
    for socket in found:
        declared = socket.where or folder.start
        draft = folder.draft("listener", declared)
        by = (Origin("sets", declared),) if socket.where else (folder.by(),)
        draft.put("service", "smtp")
        draft.put("protocol", "smtp")
        draft.maybe("address", socket.host, by)
        draft.maybe("scope", scope_of(socket.host) if socket.host else None, by)
        draft.maybe("port", socket.port, by)
        known = socket.port is not None and implicit is not None
        submission = socket.port in LOGIN_PORTS or socket.port == implicit
        draft.maybe("role", ("submission" if submission else "mx") if known else None, by)
        draft.put("broken", *folder.stopped())
        draft.put("proxied", False)
        mode = ("implicit" if socket.port == implicit else "starttls") if known else None
        _put_tls(draft, folder, socket, mode, offered, tls)
        _put_login(draft, folder, offered, mode)
        _put_relay(draft, folder, offered, socket.port, trusted)
        yield draft.fact()


def _tls(folder: Folder, implicit: int | None) -> Tls:
    ini = folder.inis.get("tls.ini", Ini())
    clear = {item.value: item for item in ini.all("no_starttls_ports") if item.is_list}
    strict = {item.value: item for item in ini.all("requireAuthorized")}
    return Tls(ini, clear, strict, strict.get(str(implicit)))


def _put_tls(draft: Draft, folder: Folder, socket: Socket, mode: str | None, offered: Login, tls: Tls) -> None:
    """TLS from the first byte on ``smtps_port``; else STARTTLS where the plugin ``tls`` is loaded."""
    smtps = folder.inis.get("smtp.ini", Ini()).last("smtps_port")
    if mode == "implicit":
        draft.put("tls", "implicit", smtps.origins if smtps else (folder.by(),))
    elif mode is None or folder.plugins is None:
        draft.unknown("tls", smtps.origins if smtps and mode is None else ())
    else:
        _put_starttls(draft, folder, socket, offered, tls.clear.get(str(socket.port)))
    if draft.values.get("tls") == "none":
        return
    _put_files(draft, folder, tls.ini)
    _put_versions(draft, folder, tls.ini)
    _put_client_certificate(draft, folder, tls.ini, tls.strict.get(str(socket.port), tls.strict_everywhere))


def _put_files(draft: Draft, folder: Folder, settings: Ini) -> None:
    """Certificate and group, and what the cipher list lets in: nothing of what Node.js does by itself."""
    cert, group, listed = settings.last("cert"), settings.last("dhparam"), settings.last("ciphers")
    if cert is None:
        draft.put("certificate", "tls_cert.pem", (folder.by(),))
    else:
        draft.maybe("certificate", cert.value if cert.known and cert.value else None, cert.origins)
    if group is not None:
        draft.maybe("dh_file", group.value if group.known and group.value else None, group.origins)
    if listed is not None and listed.value:
        from mailpolicy import ciphers

        ciphers.put(draft, [(listed.value, listed.where)] if listed.known else None, listed.origins)


def _put_starttls(draft: Draft, folder: Folder, socket: Socket, offered: Login, without: Item | None) -> None:
    plugin = folder.plugin("tls")
    if plugin is None or without is not None:
        draft.put("tls", "none", without.origins if without else (Origin("implies", folder.start, "no plugin tls"),))
        return
    by = Origin("implies", plugin.where, "the plugin tls")
    outside = draft.values.get("scope") != "loopback" or not offered.clear
    if socket.port not in LOGIN_PORTS:
        draft.put("tls", "optional", (by,))
    elif offered.mechanisms is None:
        draft.unknown("tls", offered.origins)
    elif offered.mechanisms and outside:
        draft.put("tls", "required", (by, *offered.origins))
    else:
        draft.put("tls", "optional", (by,))


def _put_versions(draft: Draft, folder: Folder, settings: Ini) -> None:
    """``minVersion``; Node.js from 18 on has OpenSSL 3, which speaks nothing below TLSv1.2 at its default level."""
    stated, ciphers = settings.last("minVersion"), settings.last("ciphers")
    by = stated.origins if stated else (folder.by(),)
    lowest = {"TLSv1": "TLSv1.0"}.get(stated.value, stated.value) if stated else "TLSv1.2"
    weak = ciphers is not None and ("@SECLEVEL=0" in ciphers.value or not ciphers.known)
    if lowest not in _VERSIONS or settings.last("secureProtocol") is not None:
        for field in ("tls_min", "tls_versions"):
            draft.unknown(field, by)
        return
    if lowest in _VERSIONS[:2] and not weak:
        if folder.version < (3, 1):
            for field in ("tls_min", "tls_versions"):
                draft.unknown(field, by)
            return
        by = (*by, Origin("implies", None, "OpenSSL 3 refuses older versions at its default security level"))
        lowest = "TLSv1.2"
    draft.put("tls_min", lowest, by)
    draft.put("tls_versions", _VERSIONS[_VERSIONS.index(lowest) :], by)


def _put_client_certificate(draft: Draft, folder: Folder, settings: Ini, here: Item | None) -> None:
    asked, strict = settings.last("requestCert"), settings.last("rejectUnauthorized")
    told: Item | None = here or (strict if strict is not None and strict.yes is not False else asked)
    origins = told.origins if told else (folder.by(),)
    draft.put("client_certificate_login", False)
    if told is not None and told is not here and told.yes is None:
        draft.unknown("client_certificate", origins)
    elif asked is not None and asked.yes is False:
        draft.put("client_certificate", "none", asked.origins)
    else:
        required = told is not None and (told is here or told is strict)
        draft.put("client_certificate", "required" if required else "asked", origins)


def _put_login(draft: Draft, folder: Folder, offered: Login, mode: str | None) -> None:
    if offered.mechanisms is None or mode is None or (mode == "starttls" and folder.plugins is None):
        draft.unknown("auth", offered.origins)
        draft.unknown("mechanisms", offered.origins)
        return
    loopback = draft.values.get("scope") == "loopback"
    clear = offered.clear if mode != "implicit" else ()
    mechanisms = clear if draft.values.get("tls") == "none" else offered.mechanisms
    readable = any(name in _READABLE for name in clear)
    if clear and loopback:
        draft.put("auth", "cleartext" if readable else "challenge", offered.origins)
    else:
        draft.put("auth", "tls-only" if mechanisms and draft.values.get("tls") != "none" else "none", offered.origins)
    draft.put("mechanisms", mechanisms, offered.origins)
    if readable and not loopback:
        draft.put("cleartext_networks", PRIVATE, offered.origins)
        draft.put("cleartext_scope", "wide", offered.origins)
    _put_sender(draft, folder, offered)


def _put_sender(draft: Draft, folder: Folder, offered: Login) -> None:
    """``constrain_sender`` holds the domain of the sender against that of the login, of flat_file since 3.0.3."""
    if not offered.mechanisms or folder.strange[1] is not None:
        return
    files = (("auth_flat_file.ini", "core"), ("auth_vpopmaild.ini", "main"))
    at = files[0] if folder.plugin(FLAT_FILE) else files[1] if folder.plugin("auth/auth_vpopmaild") else None
    stated = folder.inis.get(at[0], Ini()).last("constrain_sender", at[1]) if at else None
    if at is None or (stated is not None and stated.yes is False):
        draft.put("sender_bound", False, stated.origins if stated else offered.origins)
    else:
        draft.unknown("sender_bound", stated.origins if stated else ())


def networks(folder: Folder) -> list[Word]:
    """Networks of relay_acl_allow that count: where the plugin is loaded and does not turn them off."""
    if folder.plugin("relay", "relay_acl") is None:
        return []
    acl = folder.inis.get("relay.ini", Ini()).last("acl", "relay")
    if folder.plugin("relay") and acl is not None and not acl.yes:
        return []
    return [w._replace(text=w.text.split("#")[0].strip()) for w in folder.lists.get("relay_acl_allow", ())]


def _trusted(folder: Folder) -> Trusted:
    """The networks that may relay, the widest scope of them, and where those of that scope stand."""
    listed = networks(folder)
    scope = network_scope(word.text for word in listed)
    by = tuple(Origin("sets", word.where) for word in listed if network_scope((word.text,)) == scope)
    return listed, scope, by


def _put_relay(draft: Draft, folder: Folder, offered: Login, port: int | None, trusted: Trusted) -> None:
    """Who may relay: the listed networks, whoever logs in, or all by the setting ``all``."""
    strange = folder.strange[1]
    if folder.plugins is None or strange is not None:
        draft.unknown("relay", (Origin("implies", strange.where, "a plugin that is not known"),) if strange else ())
        return
    everyone = folder.inis.get("relay.ini", Ini()).last("all", "relay") if folder.plugin("relay") else None
    elder = folder.plugin("relay_all")
    listed, scope, by = trusted
    if listed:
        draft.put("trusted_networks", tuple(word.text for word in listed), by)
        draft.maybe("trusted_scope", scope, by)
    if port not in LOGIN_PORTS and (elder is not None or (everyone is not None and everyone.yes)):
        draft.put("relay", "open", everyone.origins if everyone else (Origin("sets", elder.where),) if elder else ())
    elif scope == "world":
        draft.put("relay", "open", by)
    elif everyone is not None and everyone.yes is None:
        draft.unknown("relay", everyone.origins)
    elif listed:
        draft.put("relay", "networks", by)
    elif offered.mechanisms is None:
        draft.unknown("relay", offered.origins)
    else:
        draft.put("relay", "authenticated" if offered.mechanisms else "none", offered.origins)
