"""``connection`` facts: routers that hand mail to other hosts, and their smtp transports."""

from __future__ import annotations

import re

from mailpolicy.addresses import host_scope
from mailpolicy.facts import Draft, begun
from mailpolicy.lean import NamedTuple
from mailpolicy.ports import port_number
from mailpolicy.readers.exim import ciphers, secrets
from mailpolicy.readers.exim.listeners import Identity
from mailpolicy.readers.exim.marked import Marked, elements
from mailpolicy.readers.exim.model import UNSEEN, Driver, Option
from mailpolicy.readers.exim.session import Site
from mailpolicy.readers.exim.sockets import BUILT_IN, Origins
from mailpolicy.types import Fact, Origin, Unreadable

_CLIENT = ("client_send", "client_secret", "client_password", "client_username", "client_name")
_OPTIONS = frozenset(
    ["byname", "bydns", "randomize", "no_randomize", "bydns_a", "bydns_mx", "ipv4_only", "ipv4_prefer"]
)


class Target(NamedTuple):
    """Where a router sends mail. ``host`` None: unknown; ``*``: the recipient's MX."""

    host: str | None
    port: int | None
    origins: Origins


def facts(site: Site, identity: Identity) -> list[Fact]:
    """One connection for each host of each router."""
    found = []
    transports = site.model.drivers["transports"]
    for router in site.model.drivers["routers"].values():
        transport = transports.get(router.text("transport"))
        if transport is None or transport.text("driver") != "smtp" or not router.known("transport"):
            continue
        if UNSEEN in transport.options or UNSEEN in router.options:
            continue  # the include that is not here has been noted
        if _unused(site, router):
            continue
        seen: set[tuple[str | None, int | None]] = set()
        for target in _targets(router):
            if (target.host, target.port) not in seen:
                seen.add((target.host, target.port))
                found.append(_connection(site, identity, router, transport, target))
    return found


def _unused(site: Site, router: Driver) -> bool:
    """Whether a router is for the domains of an empty list alone, as Debian's for relay_to_domains often is."""
    option = router.options.get("domains")
    if option is None or not option.known:
        return False
    wanted = [element.text.strip() for element in elements(option.value)]
    named = [site.model.lists.get(("domainlist", item[1:])) for item in wanted if not item.startswith("!")]
    return bool(named) and all(
        item is not None and item.known and not item.maybe and not item.value.text.strip() for item in named
    )


def _targets(router: Driver) -> list[Target]:
    if router.text("driver") == "dnslookup":
        return [Target("*", None, router.options["driver"].origins)]
    if router.text("driver") != "manualroute":
        return []
    option = router.options.get("route_data")
    if option is not None:
        return _hosts(option, option.value)
    option = router.options.get("route_list")
    if option is None:
        return []
    found = []
    for start, end in _rules(option.value.text):
        rule = option.value.cut(start, end).strip()
        pattern = re.match(r'(?:"[^"]*"|\S+)\s+', rule.text)
        if pattern:
            found += _hosts(option, rule.cut(pattern.end()))
    return found


def _rules(text: str) -> list[tuple[int, int]]:
    """The rules of route_list, which semicolons separate outside of quotes and braces."""
    separator, at = ";", 0
    changed = re.match(r"\s*<([^\w\s])", text)
    if changed:
        separator, at = changed[1], changed.end()
    found, start, depth, quoted = [], at, 0, False
    for index in range(at, len(text)):
        char = text[index]
        if char == '"':
            quoted = not quoted
        elif char in "{}":
            depth += 1 if char == "{" else -1
        elif char == separator and depth <= 0 and not quoted:
            found.append((start, index))
            start = index + 1
    return [*found, (start, len(text))]


def _hosts(option: Option, value: Marked) -> list[Target]:
    """The hosts of a routing rule, without its options."""
    if not option.known or "$" in value.text:
        return [Target(None, None, option.at(value))]
    text = value.text
    if text.startswith('"'):
        value = value.cut(1, max(1, text.find('"', 1)))
    else:
        words = list(re.finditer(r"\S+", text))
        last = next((m.start() for m in words if m[0] in _OPTIONS), len(text))
        value = value.cut(0, last)
    found = []
    for element in elements(value):
        word = element.text.split()[0] if element.text.split() else ""
        match = re.match(r"(\[[^\]]+\]|[^:\s]+?)(?::(\d+))?(?:/MX)?$", word)
        if match and match[1] != "+":
            port = int(match[2]) if match[2] and port_number(match[2]) else None
            found.append(Target(match[1].strip("[]"), port, option.at(element)))
        elif word and word != "+":
            found.append(Target(None, None, option.at(element)))
    return found


def _connection(site: Site, identity: Identity, router: Driver, transport: Driver, target: Target) -> Fact:
    draft = begun(
        "connection", router.where or transport.where or identity.declared, "exim", identity.version, identity.instance
    )
    draft.put("account", f"{router.name}/{transport.name}")
    protocol = transport.text("protocol", "smtp")
    draft.put("protocol", "lmtp" if protocol == "lmtp" else "smtp")
    draft.maybe("host", target.host, target.origins)
    if target.host is not None:
        draft.put("scope", "any" if target.host == "*" else host_scope(target.host), target.origins)
    _port(draft, transport, target, protocol)
    tls, tls_from = _tls(site, transport, target, protocol)
    draft.maybe("tls", tls, tls_from)
    _verify(site, draft, transport, target, tls)
    logins, logins_from = _authenticates(site, transport, target)
    draft.maybe("authenticates", logins, logins_from)
    draft.maybe(
        "role", None if logins is None else "submission" if logins else "relay", (*target.origins, *logins_from)
    )
    _credentials(site, draft, tls, tls_from, logins)
    if target.host == "*":
        draft.put("mx_lookup", True, target.origins)
    if tls not in ("none", None):
        _versions(site, draft, transport)
    return draft.fact()


def _port(draft: Draft, transport: Driver, target: Target, protocol: str) -> None:
    option = transport.options.get("port")
    if target.port is not None:
        draft.put("port", target.port, target.origins)
        draft.put("port_stated", True, target.origins)
    elif option is not None:
        draft.maybe("port", port_number(option.value.text) if option.known else None, option.origins)
        draft.put("port_stated", True, option.origins)
    else:
        draft.put("port", {"smtps": 465, "lmtp": 24}.get(protocol, 25), BUILT_IN)
        draft.put("port_stated", False)


def _among(option: Option | None, host: str | None, default: bool) -> bool | None:
    """Whether a transport's host list holds the host that is connected to."""
    if option is None:
        return default
    text = option.value.text.strip()
    if not option.known or "$" in text or ";" in text.removeprefix("<;") or "+" in text or "/" in text:
        return None
    negated = False
    for element in elements(option.value):
        negated = element.text.startswith("!")
        item = element.text.lstrip("! ").lower()
        same = (
            item == "*"
            or (host or "").lower() == item
            or (item.startswith("*.") and (host or "").lower().endswith(item[1:]))
        )
        if same:
            return not negated
    return None if host is None and text else negated


def _tls(site: Site, transport: Driver, target: Target, protocol: str) -> tuple[str | None, Origins]:
    option = transport.options.get("protocol")
    if protocol == "smtps" and option is not None:
        return ("implicit" if option.known else None), option.origins
    avoid = transport.options.get("hosts_avoid_tls")
    avoided = _among(avoid, target.host, False)
    if avoided is not False and avoid is not None:
        return ("none" if avoided else None), avoid.origins
    for name in ("hosts_require_tls", "hosts_require_dane"):
        option = transport.options.get(name)
        required = _among(option, target.host, False)
        if required is not False and option is not None:
            return ("required" if required else None), option.origins
    return "opportunistic", BUILT_IN


def _verify(site: Site, draft: Draft, transport: Driver, target: Target, tls: str | None) -> None:
    if tls == "none":
        draft.put("verify", "none")
        return
    dane = transport.options.get("hosts_require_dane")
    if dane is not None and _among(dane, target.host, False) is True:
        draft.put("verify", "dane", dane.origins)
        return
    option = transport.options.get("tls_verify_hosts")
    verified = _among(option, target.host, False)
    if option is None or verified is not True:
        why = option or transport.options.get("tls_try_verify_hosts")
        draft.maybe("verify", None if verified is None else "none", why.origins if why is not None else BUILT_IN)
        return
    names = transport.options.get("tls_verify_cert_hostnames")
    named = _among(names, target.host, True)
    draft.maybe("verify", None if named is None else "ca" if named else "ca-noname", (names or option).origins)


def _client_drivers(site: Site) -> list[Driver]:
    return [d for d in site.model.drivers["authenticators"].values() if any(name in d.options for name in _CLIENT)]


def _authenticates(site: Site, transport: Driver, target: Target) -> tuple[bool | None, Origins]:
    """Whether a password is sent to the host."""
    if not _client_drivers(site):
        return (None if site.model.hidden else False), ()
    unsure: Origins | None = None
    for name in ("hosts_require_auth", "hosts_try_auth"):
        option = transport.options.get(name)
        if option is None:
            continue
        among = (
            _listed(site, target.host) if "passwd.client" in option.value.text else _among(option, target.host, False)
        )
        if among is True:
            return True, option.origins
        if among is None:
            unsure = option.origins
    return (False, ()) if unsure is None else (None, unsure)


def _listed(site: Site, host: str | None) -> bool | None:
    """Whether passwd.client has a line for a host; without the file nobody knows."""
    path = f"{site.folder}/passwd.client" if site.folder != "." else "passwd.client"
    if host is None or not site.tree.exists(path):
        return None
    try:
        text = site.tree.source(path).text
    except Unreadable:
        return None
    unsure = False
    for line in text.split("\n"):
        key = line.split(":")[0].strip().lower()
        if not key or key.startswith("#"):
            continue
        if key == host.lower() or key == "*" or (key.startswith("*") and host.lower().endswith(key[1:])):
            return True
        unsure = True  # the name that the host turns out to have may be another one
    return None if unsure else False


def _credentials(site: Site, draft: Draft, tls: str | None, tls_from: Origins, logins: bool | None) -> None:
    if logins is False:
        draft.put("cleartext_credentials", False)
        return
    drivers = _client_drivers(site)
    names = tuple(sorted({d.text("public_name", d.name).upper() for d in drivers}))
    if logins:
        draft.put("mechanisms", names)
    if tls in ("required", "implicit"):
        draft.put("cleartext_credentials", False, tls_from)
    else:
        exposed = next((d for d in drivers if d.text("driver") == "plaintext" and not _guarded(d)), None)
        at = (
            exposed.options["client_send"].origins
            if exposed is not None and "client_send" in exposed.options
            else tls_from
        )
        draft.maybe("cleartext_credentials", None if logins is None and exposed else exposed is not None, at)
    literal = any(setting.startswith("client_") for setting in _literal(site, drivers))
    if logins:
        kept = any(
            "passwd.client" in o.value.text or "lookup" in o.value.text for d in drivers for o in d.options.values()
        )
        draft.maybe("credential", "literal" if literal else "file" if kept else None)


def _literal(site: Site, drivers: list[Driver]) -> list[str]:
    return [
        name
        for driver in drivers
        for name, option in driver.options.items()
        if name in ("client_send", "client_secret", "client_password") and secrets.is_literal(name, option.value)
    ]


def _guarded(driver: Driver) -> bool:
    """Whether a login is tried under TLS only."""
    return any(
        re.search(r"tls_(?:out_)?(?:cipher|bits)", driver.text(name)) for name in ("client_send", "client_condition")
    )


def _versions(site: Site, draft: Draft, transport: Driver) -> None:
    option = transport.options.get("tls_require_ciphers")
    origins: tuple[Origin, ...] = option.origins if option is not None else BUILT_IN
    if not site.gnutls:
        general = site.model.options.get("openssl_options")
        if general is not None and not general.known:
            draft.unknown("tls_min", general.origins)
        else:
            found = ciphers.openssl(general.value.text if general is not None else "")
            draft.maybe("tls_min", ciphers.lowest(found), general.origins if general is not None else BUILT_IN)
        return
    try:
        known = option is None or (option.known and "$" not in option.value.text)
        versions = ciphers.gnutls(option.value.text if option is not None else "NORMAL") if known else None
    except KeyError:
        versions = None
    draft.maybe("tls_min", ciphers.lowest(versions) if versions is not None else None, origins)
