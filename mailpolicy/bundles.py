"""Sockets, relay hosts and passwords of mail server bundles, each set up by one file of settings."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailpolicy.addresses import host_scope
from mailpolicy.composed import Published
from mailpolicy.envfile import EnvFile, parse
from mailpolicy.facts import Draft
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import secret
from mailpolicy.settings import Settings
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Span, Unread, Unreadable

MODERN = ("TLSv1.2", "TLSv1.3")
MODES = ("tls", "auth", "mechanisms", "tls_versions", "tls_min", "certificate", "relay", "trusted_networks",
         "trusted_scope", "sender_bound", "client_certificate")  # fmt: skip
"""Fields of a socket that the owner's own files for Postfix and Dovecot may change."""


class Socket(NamedTuple):
    """A socket of a bundle, as its own configuration makes it. None is unknown."""

    service: str
    protocol: str | None
    role: str
    port: int
    tls: str | None
    auth: str | None
    mechanisms: tuple[str, ...] | None = ("LOGIN", "PLAIN")
    versions: tuple[str, ...] | None = MODERN


def opened(
    tree: Tree, paths: tuple[str, ...], program: str, telling: Iterable[str]
) -> tuple[Source, EnvFile] | Inventory:
    """The file of settings, or what is to be said when it is none: nothing but a note where another program's
    file has the name. ``telling`` are variables of which the program's own files set one.
    """
    try:
        source = tree.source(paths[0])
    except Unreadable as problem:
        return Inventory((), (Unread(Span(paths[0], 1, 1, 2), str(problem), True),), paths)
    found = parse(source)
    if not any(name in found.settings for name in telling):
        return Inventory((), (), paths, (f"{paths[0]}: sets no variable of {program}",))
    return source, found


def inventory(paths: tuple[str, ...], found: EnvFile, facts: Iterable[Fact], refused: Iterable[Unread]) -> Inventory:
    """All that a file of settings says."""
    said = f"{found.filled}: a template or the environment fills this in; what it sets is not known"
    return Inventory(tuple(facts), (*found.unread, *refused), paths, (said,) if found.filled else ())


def listener(bundle: Settings, socket: Socket, at: Published, where: Span, by: tuple[Origin, ...]) -> Draft:
    """The fact of a socket, to be completed; ``by`` tells what made its mode."""
    draft = bundle.begun("listener", where)
    draft.put("service", socket.service)
    if socket.protocol is not None:
        draft.put("protocol", socket.protocol)
    draft.put("role", socket.role, at.told)
    draft.maybe("port", at.port, at.told)
    draft.maybe("address", at.address, at.told)
    draft.maybe("scope", at.scope, at.told)
    draft.maybe("tls", socket.tls, by)
    draft.maybe("auth", socket.auth, by)
    draft.maybe("mechanisms", socket.mechanisms if socket.auth != "none" else (), by)
    if socket.tls != "none":
        draft.maybe("tls_versions", socket.versions, by)
        draft.maybe("tls_min", socket.versions[0] if socket.versions else None, by)
        draft.put("client_certificate", "none")
    draft.put("broken", None)
    return draft


def secrets(bundle: Settings, names: Iterable[str]) -> list[Fact]:
    """Facts of the passwords that stand in the file."""
    found = []
    for name in names:
        setting = bundle.settings.get(name)
        if setting is not None and setting.value:
            made = secret(bundle.software, bundle.version, bundle.instance, name, setting.value, setting.where)
            found += [made] if made else []
    return found


def relay(bundle: Settings, name: str, text: str, tls: str | None, by: tuple[Origin, ...]) -> Draft:
    """The session to a relay host that is written as Postfix takes it: ``host``, ``[host]``, with or without port."""
    where = bundle.where(name)
    draft = bundle.begun("connection", where)
    told = (Origin("sets", where),)
    match = re.fullmatch(r"(?P<host>\[[^\]]+\]|[^\[\]:]+)(?::(?P<port>\d{1,5}))?", text.strip())
    host = match["host"].strip("[]") if match else None
    port = int(match["port"]) if match and match["port"] else 25
    draft.put("account", name)
    draft.put("protocol", "smtp")
    draft.put("role", "relay")
    draft.put("backend", False)
    draft.maybe("host", host, told)
    draft.maybe("scope", host_scope(host) if host else None, told)
    draft.maybe("port", port if match and 0 < port < 65536 else None, told)
    draft.put("port_stated", bool(match and match["port"]), told)
    draft.put("mx_lookup", bool(host) and not text.strip().startswith("["), told)
    draft.maybe("tls", tls, by)
    if tls in ("none", "opportunistic", "required"):
        draft.put("verify", "none", by)
    draft.put("broken", None)
    return draft


def authenticated(draft: Draft, bundle: Settings, user: str, password: str, safe: bool) -> None:
    """The fields of a login by password; ``safe``: the password never leaves without TLS."""
    held = bundle.settings.get(password)
    login = bool(bundle.text(user, ""))
    draft.put("authenticates", login, bundle.told(user))
    if login:
        draft.put("cleartext_credentials", not safe, bundle.told(user))
        draft.put("credential", "literal" if held and held.value else "environment", bundle.told(password))
