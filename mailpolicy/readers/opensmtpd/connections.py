"""Connection facts: where the actions that rules use pass mail on to; and the passwords that stand in the files."""

from __future__ import annotations

import re

from mailpolicy.addresses import host_scope
from mailpolicy.facts import Draft, begun
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import secret
from mailpolicy.providers import wants_oauth2
from mailpolicy.readers.opensmtpd.listeners import SOFTWARE
from mailpolicy.readers.opensmtpd.model import Action, Config, Table
from mailpolicy.types import Fact, Origin, Span


class Route(NamedTuple):
    """A relay host as smtpd takes it apart (text_to_relayhost of to.c)."""

    protocol: str
    tls: str
    label: str
    host: str
    port: int | None
    stated: bool
    broken: str = ""


_MODERN = {
    "smtp": ("opportunistic", 25), "smtp+tls": ("required", 25), "smtp+notls": ("none", 25), "lmtp": ("none", None),
    "smtps": ("implicit", 465),
}  # fmt: skip
_ELDER = {
    "smtp": ("none", 25), "lmtp": ("none", None), "smtp+tls": ("opportunistic", 25), "smtps": ("implicit", 465),
    "tls": ("required", 25), "secure": ("required", None), "backup": ("opportunistic", 25),
    "tls+backup": ("required", 25),
}  # fmt: skip
_REST = re.compile(r"(\[[^\]]*\]|[\w.-]*)(?::([0-9]+))?", re.ASCII)


def route(text: str, elder: bool) -> Route:
    """A relay host's parts."""
    scheme, colon, rest = text.partition("://")
    schemes = _ELDER if elder else _MODERN
    scheme = scheme.lower() if colon else "smtp+tls" if elder else "smtp"
    login = elder and scheme.endswith("+auth")
    known = schemes.get(scheme.removesuffix("+auth") if elder else scheme)
    if known is None:
        return Route("smtp", "none", "", "", None, False, f"{scheme} is no scheme of a relay host")
    label, at, place = (rest if colon else text).rpartition("@")
    found = _REST.match(place)
    host, port = (found[1], found[2]) if found else ("", None)
    tls, usual = known
    spoken = "lmtp" if scheme == "lmtp" else "smtp"
    number = int(port) if port else usual
    made = Route(spoken, tls, label if at else "", host.strip("[]"), number, port is not None)
    if not host:
        return made._replace(broken="the relay host has no name")
    if port and not 0 < int(port) < 65536:
        return made._replace(port=None, broken=f"{port} is no port")
    if made.protocol == "lmtp" and not port:
        return made._replace(broken="LMTP has no default port and none is set")
    if elder:
        return made if login else made._replace(label="")
    if made.label and tls not in ("required", "implicit"):
        return made._replace(broken="a login needs smtp+tls:// or smtps://")
    return made


def facts(config: Config, path: str) -> list[Fact]:
    """The connections of every action that a rule uses, in the order of the files."""
    used = {id(rule.action): rule.action for rule in config.rules if rule.action is not None}
    found: list[Fact] = []
    for action in sorted(used.values(), key=lambda action: action.where):
        if action.kind == "relay":
            found += _relays(config, action, path)
        elif action.kind == "lmtp":
            found.append(_lmtp(config, action, path))
    return found


def _draft(config: Config, action: Action, path: str) -> Draft:
    draft = begun("connection", action.where, SOFTWARE, config.version, path)
    if action.name:
        draft.put("account", action.name)
    return draft


def _lmtp(config: Config, action: Action, path: str) -> Fact:
    """Delivery by LMTP: a socket of this host, or host:port; never TLS."""
    (to,) = action.options["to"]
    draft = _draft(config, action, path)
    said = (Origin("sets", to.where),)
    draft.put("protocol", "lmtp")
    draft.put("role", "relay")
    draft.put("tls", "none", (Origin("default", None, config.program),))
    draft.put("authenticates", False)
    draft.put("cleartext_credentials", False)
    draft.put("backend", True)
    host, _, port = to.text.rpartition(":")
    if to.text.startswith("/") or not to.known:
        draft.maybe("host", to.text if to.known else None, said)
        draft.maybe("scope", "loopback" if to.known else None, said)
        return draft.fact()
    draft.put("host", host or port, said)
    draft.put("scope", host_scope(host or port), said)
    draft.maybe("port", int(port) if host and port.isdecimal() and 0 < int(port) < 65536 else None, said)
    draft.put("port_stated", bool(host), said)
    return draft.fact()


def _relays(config: Config, action: Action, path: str) -> list[Fact]:
    """The hosts of a relay action; without one: every MX."""
    via = action.options.get("via")
    table = action.tables.get("host")
    if via is not None:
        return [_relay(config, action, path, via[1].text if via[1].known else None, via[1].where)]
    if table is None:
        return [_relay(config, action, path, "", None)]
    if not table.known:
        return [_relay(config, action, path, None, table.where)]
    found = []
    for entry in table.entries:
        text, where = (entry.key, entry.where) if entry.value is None else (entry.value, entry.value_where)
        found.append(_relay(config, action, path, text, where))
    return found


def _relay(config: Config, action: Action, path: str, text: str | None, where: Span | None) -> Fact:
    """One host; text "" for every MX, None when it is not known."""
    draft = _draft(config, action, path)
    said = (Origin("sets", where),) if where else (Origin("default", None, config.program),)
    if text is None:
        draft.put("protocol", "smtp")
        for field in ("host", "port", "scope", "tls", "verify", "role", "authenticates"):
            draft.unknown(field, said)
        return draft.fact()
    to = route(text, config.elder) if text else Route("smtp", "opportunistic", "", "*", 25, False)
    draft.put("protocol", to.protocol, said)
    draft.maybe("host", to.host or None, said)
    draft.maybe("scope", "any" if to.host == "*" else host_scope(to.host) if to.host else None, said)
    draft.maybe("port", to.port, said)
    draft.put("port_stated", to.stated, said)
    draft.put("mx_lookup", to.host == "*", said)
    broken = _put_tls(draft, config, action, to, said)
    broken = broken or _put_login(draft, config, action, to, said)
    draft.put("broken", broken or None, said if broken else ())
    return draft.fact()


def _put_tls(draft: Draft, config: Config, action: Action, to: Route, said: tuple[Origin, ...]) -> str:
    """TLS and what it checks; returns why no session works."""
    words = action.options.get("tls", ())
    demanded = tuple(Origin("sets", word.where) for word in words)
    tls, broken = to.tls, to.broken
    if words and tls == "opportunistic":
        tls = "required"
    elif words and tls == "none" and not broken:
        broken = "tls is demanded of a host that is spoken to without"
    draft.put("tls", tls, (*said, *demanded))
    builtin = Origin("default", None, config.program)
    if config.elder:
        checked = action.options.get("verify") or words[1:]
        chain = tuple(Origin("sets", word.where) for word in checked)
        checks = bool(checked) and tls in ("required", "implicit")
    else:
        chain = tuple(Origin("sets", word.where) for word in words[1:])
        checks = tls in ("required", "implicit") and len(words) < 2
    draft.put("verify", "ca" if checks else "none", (builtin, *said, *chain))
    if config.libtls and tls in ("required", "implicit") and not {"protocols", "ciphers"} & set(action.options):
        draft.put("tls_min", "TLSv1.2", (builtin,))
    return broken


def _put_login(draft: Draft, config: Config, action: Action, to: Route, said: tuple[Origin, ...]) -> str:
    """The login of a host that is named with a label; returns why no session works."""
    table = action.tables.get("auth")
    where = (Origin("sets", table.where),) if table else ()
    login = bool(to.label) and table is not None
    draft.put("authenticates", login, (*said, *where))
    draft.put("cleartext_credentials", False, said)
    draft.put("role", "submission" if login else "relay", (*said, *where))
    if not login or table is None:
        draft.put("credential", "none", said)
        return "the host is named with a login, but auth names no table for it" if to.label and not config.elder else ""
    draft.put("mechanisms", ())
    if wants_oauth2(to.host):
        draft.put("provider", "oauth2", said)
    literal = table.file is None and table.kind in ("hash", "list")
    kept = "literal" if literal else "file" if table.file else None
    draft.maybe("credential", kept, where)
    if table.known and all(entry.key != to.label.lower() for entry in table.entries):
        return f"the table of logins has no entry {to.label}"
    return ""


def secrets(config: Config, path: str) -> list[Fact]:
    """Keys of queue and SRS, and the passwords of tables that relays log in with."""
    found = [
        secret(SOFTWARE, config.version, path, setting, token.text, token.where)
        for setting, token in config.keys
        if token.known and token.text.lower() not in ("stdin", "-")
    ]
    tables: dict[Span, Table] = {}
    for action in [*config.actions.values(), *(rule.action for rule in config.rules if rule.action)]:
        table = action.tables.get("auth")
        if action.kind == "relay" and table is not None and table.kind == "hash":
            tables.update({entry.where: table for entry in table.entries})
    for table in {id(table): table for table in tables.values()}.values():
        for entry in table.entries:
            if entry.value is None or entry.value_where is None:
                continue
            user, colon, password = entry.value.partition(":")
            start = entry.value_where.column + (len(user) + 1 if colon else 0)
            where = entry.value_where._replace(column=start)
            text = password if colon else user
            if where.end_column - where.column == len(text) > 0:
                name = f"table {table.name}, {entry.key}" if table.name else f"auth, {entry.key}"
                found.append(secret(SOFTWARE, config.version, path, name, text, where))
    return list({fact.origins["storage"]: fact for fact in found if fact is not None}.values())
