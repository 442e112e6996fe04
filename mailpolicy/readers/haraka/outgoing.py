"""Where Haraka sends mail, and the passwords that its files hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.addresses import host_scope
from mailpolicy.facts import Draft
from mailpolicy.passwords import secret
from mailpolicy.readers.haraka.folder import SOFTWARE, Folder
from mailpolicy.readers.haraka.ini import Ini, Item
from mailpolicy.readers.haraka.listeners import login, networks
from mailpolicy.types import Fact, Origin, Span

_FORWARD = (("queue/smtp_forward", "smtp_forward.ini"), ("queue/smtp_proxy", "smtp_proxy.ini"))
_HOST, _PORT = "localhost", "2555"
"""What the smtp_forward.ini and smtp_proxy.ini that come with Haraka say."""
_OWN_TLS = (3, 1, 7)
"""The version from which on smtp_forward.ini and smtp_proxy.ini have a section [tls]."""


def connections(folder: Folder) -> Iterator[Fact]:
    """Sessions to the servers that plugins hand mail to, and to the MX of recipients."""
    for plugin, name in _FORWARD:
        ini = folder.inis.get(name, Ini())
        loaded = folder.plugin(plugin)
        if loaded is None and (folder.plugins is not None or ini.missing):
            continue
        for section in ("main", *(ini.sections() if name == "smtp_forward.ini" else ())):
            if section == "main" or ini.last("host", section) is not None:
                yield from _forward(folder, ini, section, loaded.where if loaded else folder.start)
    bridge = folder.inis.get("smtp_bridge.ini", Ini())
    if folder.plugin("queue/smtp_bridge", "auth/auth_bridge") and bridge.last("host") is not None:
        yield _bridge(folder, bridge)
    if folder.plugins is not None and _sends(folder):
        yield from _outbound(folder)


def _forward(folder: Folder, ini: Ini, section: str, declared: Span) -> Iterator[Fact]:
    """One target; the settings of [main] do not reach the others, but for their host in get_mx."""
    pool = ini.last("forwarding_host_pool", section)
    host, port = ini.last("host", section), ini.last("port", section)
    default = section == "main"
    if pool is not None and pool.value:
        for part in re.finditer(r"[^,\s]+", pool.value):
            name, _, number = part[0].partition(":")
            at = pool.where.column + part.start()
            where = pool.where._replace(column=at, end_column=at + len(part[0]))
            item = Item(section, "host", name, where, False)
            yield _connection(folder, ini, item, item._replace(value=number or "25"), declared)
        return
    host = host or (Item(section, "host", _HOST, declared, False) if default else None)
    port = port or (Item(section, "port", _PORT, declared, False) if default else None)
    if host is not None:
        yield _connection(folder, ini, host, port, declared)


def _connection(folder: Folder, ini: Ini, host: Item, port: Item | None, declared: Span) -> Fact:
    section = host.section
    draft = folder.draft("connection", host.where)
    stated = ini.last("host", section) is not None or ini.last("forwarding_host_pool", section) is not None
    draft.put("account", section)
    draft.put("protocol", "smtp")
    name = host.value if host.known and host.value else None
    draft.maybe("host", name, host.origins if stated else (folder.by(),))
    draft.maybe("scope", host_scope(name) if name else None, host.origins)
    number = int(port.value) if port and port.value.isdecimal() and 0 < int(port.value[:6]) < 65536 else None
    draft.maybe("port", number, port.origins if port else ())
    draft.put("port_stated", port is not None)
    draft.put("broken", None if port is not None else "host without a port: Haraka delivers nothing to it",
              host.origins)  # fmt: skip
    draft.put("backend", False)
    enable = ini.last("enable_tls", section)
    told = enable.origins if enable else (Origin("default", None, "enable_tls = false"),)
    wanted = enable.yes if enable else False
    draft.maybe("tls", None if wanted is None else "opportunistic" if wanted else "none", told)
    if wanted:
        draft.maybe("verify", *_verify(folder, ini, told))
    else:
        draft.maybe("verify", None if wanted is None else "none", told)
    user, password = ini.last("auth_user", section), ini.last("auth_pass", section)
    signs_in = user is not None and bool(user.value)
    draft.put("role", "submission" if signs_in else "relay", user.origins if user and signs_in else ())
    draft.put("authenticates", signs_in, user.origins if user else ())
    draft.put("credential", "literal" if signs_in and password and password.known else "none",
              password.origins if password else ())  # fmt: skip
    draft.maybe("cleartext_credentials", signs_in, told)
    kind = ini.last("auth_type", section)
    draft.put("mechanisms", (kind.value.upper(),) if signs_in and kind and kind.value else ())
    return draft.fact()


def _verify(folder: Folder, ini: Ini, told: tuple[Origin, ...]) -> tuple[str | None, tuple[Origin, ...]]:
    """Node.js's default, a check, up to 3.1.6; then that of ``rejectUnauthorized`` in [tls], which is none."""
    if folder.version < _OWN_TLS:
        return "ca", told
    own = ini.last("rejectUnauthorized", "tls")
    shared = folder.inis.get("tls.ini", Ini()).last("rejectUnauthorized")
    if own is not None:
        return {True: "ca", False: "none"}.get(own.yes) if own.yes is not None else None, own.origins
    return (None, shared.origins) if shared is not None and shared.yes is not False else ("none", (folder.by(),))


def _sends(folder: Folder) -> bool:
    """Whether mail leaves by Haraka's own queue: someone may relay, and no forwarder takes it first."""
    if not login(folder).mechanisms and not networks(folder):
        return False
    for plugin, name in _FORWARD:
        taken = folder.inis.get(name, Ini()).last("enable_outbound")
        if folder.plugin(plugin) and (taken.yes is not False if taken else plugin == "queue/smtp_proxy"):
            return False
    return folder.plugin("queue/smtp_bridge") is None


def _forced(folder: Folder) -> dict[str, Item]:
    return {item.value: item for item in folder.inis.get("tls.ini", Ini()).all("force_tls_hosts", "outbound")}


def _put_tls(draft: Draft, folder: Folder, forced: Item | None) -> None:
    """STARTTLS where it is offered, unless outbound.ini says no; ``force_tls_hosts`` demands it, and checks."""
    if forced is not None:
        draft.put("tls", "required", forced.origins)
        draft.put("verify", "ca", forced.origins)
        return
    enable = folder.inis.get("outbound.ini", Ini()).last("enable_tls")
    told = enable.origins if enable else (folder.by(),)
    wanted = enable.yes if enable else True
    draft.maybe("tls", None if wanted is None else "opportunistic" if wanted else "none", told)
    draft.put("verify", "none", (folder.by(),))


def _outbound(folder: Folder) -> Iterator[Fact]:
    """Mail by MX, and by the next hops of relay_dest_domains.ini."""
    enable = folder.inis.get("outbound.ini", Ini()).last("enable_tls")
    hops = [i for i in folder.inis.get("relay_dest_domains.ini", Ini()).items() if i.section == "domains" and i.known]
    found = [(re.search(r'"nexthop"\s*:\s*"([^":]+)(?::(\d{1,5}))?"', item.value), item) for item in hops]
    targets: list[tuple[str, int, Span]] = [("*", 25, enable.where if enable else folder.start)]
    for match, item in found if folder.plugin("relay") else ():
        if match is not None:
            at = item.where.column + match.start(1)
            end = item.where.column + match.end(2 if match[2] else 1)
            targets.append((match[1], int(match[2] or 25), item.where._replace(column=at, end_column=end)))
    hosts = _forced(folder)
    for host, port, where in targets:
        draft = folder.draft("connection", where)
        by = (Origin("sets", where),) if host != "*" else ()
        draft.put("account", "outbound")
        draft.put("protocol", "smtp")
        draft.put("role", "relay")
        draft.put("host", host, by)
        draft.put("scope", "any" if host == "*" else host_scope(host), by)
        draft.maybe("port", port if 0 < port < 65536 else None, by)
        _put_tls(draft, folder, hosts.get(host))
        draft.put("authenticates", False)
        draft.put("cleartext_credentials", False)
        draft.put("broken", None)
        yield draft.fact()


def _bridge(folder: Folder, ini: Ini) -> Fact:
    """smtp_bridge hands mail on with the name and password that the client gave."""
    host, port = ini.last("host"), ini.last("port")
    assert host is not None
    draft = folder.draft("connection", host.where)
    draft.put("account", "smtp_bridge")
    draft.put("protocol", "smtp")
    draft.put("role", "submission")
    draft.maybe("host", host.value if host.known and host.value else None, host.origins)
    draft.maybe("scope", host_scope(host.value) if host.known and host.value else None, host.origins)
    number = int(port.value[:6]) if port and port.value.isdecimal() else 25
    draft.maybe("port", number if number < 65536 and (port is None or port.known) else None,
                port.origins if port else (folder.by(),))  # fmt: skip
    draft.put("port_stated", port is not None)
    _put_tls(draft, folder, _forced(folder).get(host.value))
    draft.put("authenticates", True, host.origins)
    draft.put("cleartext_credentials", draft.values.get("tls") != "required", host.origins)
    draft.put("broken", None)
    return draft.fact()


def secrets(folder: Folder) -> Iterator[Fact]:
    """Passwords of users in auth_flat_file.ini, of forwarders, and of vpopmail's administrator."""
    version = ".".join(map(str, folder.version))
    for name, ini in folder.inis.items():
        for item in ini.items():
            where, text = item.where, item.value
            if name == "auth_vpopmaild.ini" and item.name == "sysadmin" and ":" in text:
                start = text.index(":") + 1
                where, text = where._replace(column=where.column + start), text[start:]
            elif not (name == "auth_flat_file.ini" and item.section == "users") and item.name != "auth_pass":
                continue
            setting = (
                f"{name}: {item.name}" if item.section in ("main", "users") else f"{name}: [{item.section}] {item.name}"
            )
            fact = secret(SOFTWARE, version, folder.path, setting, text, where)
            if fact is not None and item.known:
                yield fact
