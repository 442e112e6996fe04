"""Listener facts: each address that smtpd opens, as a client outside every named network meets it."""

from __future__ import annotations

import re

from mailpolicy.addresses import network_scope, scope_of
from mailpolicy.facts import Draft, begun
from mailpolicy.ports import port_number
from mailpolicy.readers.opensmtpd import relaying
from mailpolicy.readers.opensmtpd.listen import versions
from mailpolicy.readers.opensmtpd.model import Config, Listen
from mailpolicy.types import Fact, Origin, Span, Unread

SOFTWARE = "opensmtpd"
LOOPBACKS = ("lo", "lo0", "localhost")
_GROUPS = ("all", "egress", "lo0")
_CARD = re.compile(
    r"(?!lo|wg|tun|tap|gif|gre|ppp|br|vether|veb|vport|docker|veth|virbr|carp|vlan)[a-z]{2,8}[0-9][a-z0-9]*"
)
"""Names of network cards, such as em0, eth0 and enp3s0; none that is made by software."""
_TLS1_IS_TLS12, _NO_TLS1 = (7, 4), (7, 6)
_WILD = ("*", "0.0.0.0", "::")
_NAME = re.compile(r"[A-Za-z0-9._:%-]+")
_OPENSSL = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_LIBTLS = ("TLSv1.2", "TLSv1.3")
OPENSSL3 = (
    "STARTTLS is announced but fails: OpenSMTPD before 7.0 does not work with OpenSSL 3 (Debian 12, Ubuntu 22.04)"
)


def on_linux(path: str) -> bool:
    """Whether the file lies where packages of Linux look for it; OpenBSD and FreeBSD have it in ``mail/``."""
    return re.search(r"(?:^|/)etc/(?:(?:open)?smtpd/)?smtpd\.conf$", path) is not None


def addresses(line: Listen, linux: bool) -> list[str]:
    """The addresses that a line opens; "" for one that no file tells."""
    name = line.address.text
    family = line.options["family"].text if line.has("family") else ""
    if not line.address.known:
        return [""]
    if name in LOOPBACKS:
        both = [("inet4", "127.0.0.1"), ("inet6", "::1")]
        return [address for kind, address in both if family in ("", kind)]
    if name == "all" and not linux:
        return [{"inet4": "0.0.0.0", "inet6": "::"}.get(family, "*")]
    numeric = "inet6" if _is_address(name) and ":" in name else "inet4" if _is_address(name) else ""
    if numeric:
        return [name] if family in ("", numeric) else []
    return [""]


def _is_address(text: str) -> bool:
    if not re.fullmatch(r"[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", text):
        return False
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def port(line: Listen) -> int | None:
    """The port; None when a template or another machine's list of services tells it."""
    token = line.options.get("port")
    if token is None:
        return 465 if mode(line) == "smtps" else 25
    return port_number(token.text) if token.known else None


def mode(line: Listen) -> str:
    """tls, tls-require, smtps, secure or ""."""
    return line.options["tls"].text if line.has("tls") else ""


def clashes(config: Config, linux: bool) -> list[Unread]:
    """Lines that ask for a socket that another line has, and names that no system of this kind knows."""
    found: list[Unread] = []
    taken: dict[tuple[int, int], list[str]] = {}
    for line in config.listens:
        if line.address.known and not _NAME.fullmatch(line.address.text):
            why = f"smtpd refuses this: {line.address.text} is no address and no name"
            found.append(Unread(line.address.where, why))
            continue
        if linux and line.address.text in _GROUPS:
            why = f"smtpd refuses this: no interface is called {line.address.text} on Linux"
            found.append(Unread(line.address.where, why))
            continue
        number = port(line)
        for address in addresses(line, linux):
            name = address or line.address.text
            for family in _families(address) or _wanted(line):
                others = taken.setdefault((family, number or 0), [])
                wide = name in _WILD or any(other in _WILD for other in others)
                if number and others and (wide or name in others):
                    why = f"smtpd ends here: another line has port {number} of this address already"
                    found.append(Unread(line.address.where, why))
                others.append(name)
    return list(dict.fromkeys(found))


def _wanted(line: Listen) -> tuple[int, ...]:
    """The IP versions that a name is asked for; an interface that has IPv6 has IPv4 as well."""
    said = line.options.get("family")
    return () if not line.address.known else (6,) if said and said.text == "inet6" else (4,)


def _families(address: str) -> tuple[int, ...]:
    if not address:
        return ()
    return (4, 6) if address == "*" else (6,) if ":" in address else (4,)


def facts(config: Config, path: str, linux: bool) -> list[Fact]:
    """The facts of all lines."""
    return [
        _one(config, line, part, address, path, linux)
        for line in config.listens
        for part in (("smtps", "tls") if mode(line) == "secure" else (mode(line),))
        for address in addresses(line, linux)
    ]


def _set(span: Span | None) -> tuple[Origin, ...]:
    return (Origin("sets", span),) if span else ()


def _default(config: Config, why: str = "") -> Origin:
    return Origin("default", None, f"{config.program}{': ' if why else ''}{why}")


def _scope(line: Listen, address: str) -> str | None:
    """Who can reach it. All addresses of a network card, whichever they are, are any; a tunnel may lead anywhere."""
    if address:
        return scope_of(address)
    name = line.address.text
    return "any" if line.address.known and (name == "egress" or _CARD.fullmatch(name)) else None


def _one(config: Config, line: Listen, part: str, address: str, path: str, linux: bool) -> Fact:
    draft = begun("listener", line.address.where, SOFTWARE, config.version, path)
    number = 465 if part == "smtps" and mode(line) == "secure" else port(line)
    draft.put("service", f"{line.address.text}:{number or line.options['port'].text}")
    draft.put("protocol", "smtp")
    where = _set(line.address.where)
    draft.maybe("address", address or None, where)
    draft.maybe("scope", _scope(line, address), where)
    said = line.options.get("port")
    draft.maybe("port", number, _set(said.where) if said else (_default(config), *_set(line.said.get("tls"))))
    loopback = bool(address) and scope_of(address) == "loopback"
    required = line.has("auth") and line.options["auth"].text == "auth"
    _put_role(draft, number, loopback, required, line)
    _put_tls(draft, config, line, part, required)
    _put_logins(draft, config, line)
    _put_relay(draft, config, line, address, required)
    draft.put("proxied", line.has("proxy"), _set(line.said.get("proxy")))
    why, origins = _broken(config, line, part, linux, draft.values.get("tls_versions"))
    draft.maybe("broken", why, origins)
    if why == "":
        draft.put("broken", None)
    return draft.fact()


def _put_role(draft: Draft, number: int | None, loopback: bool, required: bool, line: Listen) -> None:
    origins = _set(line.said.get("auth")) if required else _set(line.said.get("port"))
    role: str | None = "internal" if loopback else "submission" if line.has("auth") else None
    if required or number in (465, 587):
        role = "submission"
    elif number == 25:
        role = "mx"
    draft.maybe("role", role, origins)


def _put_tls(draft: Draft, config: Config, line: Listen, part: str, required: bool) -> None:
    said = _set(line.said.get("tls"))
    tls = {"": "none", "smtps": "implicit", "tls-require": "required"}.get(part, "optional")
    if tls == "optional" and required:  # nobody gets to MAIL without a login, nor to a login without TLS
        draft.put("tls", "required", (*said, *_set(line.said["auth"])))
    else:
        draft.put("tls", tls, said or (_default(config),))
    if tls == "none":
        return
    _put_versions(draft, config, line)
    _put_ciphers(draft, config, line)
    pki = next((config.pkis[p.text.lower()] for p in line.pkis if p.text.lower() in config.pkis), None)
    if pki is not None and "cert" in pki.files:
        token = pki.files["cert"]
        draft.maybe("certificate", token.text if token.known else None, (*_set(line.pkis[0].where), *_set(token.where)))
    else:
        draft.unknown("certificate", said)
    group = pki.files.get("dhe") if pki is not None else None
    if group is not None and group.text == "legacy":
        draft.put("dh_bits", 1024, (*_set(line.pkis[0].where), *_set(group.where)))
    asked = "required" if line.has("verify") else "none" if config.libtls else "asked"
    draft.put("client_certificate", asked, _set(line.said.get("verify")) or (_default(config),))
    draft.put("client_certificate_login", False)


def _put_versions(draft: Draft, config: Config, line: Listen) -> None:
    """TLS 1.0 and 1.1 can be named since 7.0, but are not spoken any more by the libtls of late versions."""
    if not config.libtls:
        draft.put("tls_versions", _OPENSSL, (_default(config),))
        draft.put("tls_min", _OPENSSL[0], (_default(config),))
        return
    token = line.options.get("protocols")
    chosen = versions(token.text) if token and token.known else None if token else _LIBTLS
    origins = _set(token.where) if token else (_default(config),)
    if chosen and _TLS1_IS_TLS12 <= config.numbers < _NO_TLS1:
        chosen = tuple(name for name in _LIBTLS if name in chosen or (name == "TLSv1.2" and chosen[0] < name))
    elif chosen and config.numbers >= _NO_TLS1:
        chosen = tuple(name for name in chosen if name in _LIBTLS)
    elif chosen and not set(chosen) <= set(_LIBTLS):
        chosen = None  # whether the ciphers suit them depends on the TLS library
    draft.maybe("tls_versions", chosen, origins)
    draft.maybe("tls_min", chosen[0] if chosen else None, origins)


def _put_ciphers(draft: Draft, config: Config, line: Listen) -> None:
    token = line.options.get("ciphers") or config.macros.get(" ciphers")
    if token is None:
        return
    from mailpolicy import ciphers

    ciphers.put(draft, [(token.text, token.where)] if token.known else None, _set(token.where))


def _put_logins(draft: Draft, config: Config, line: Listen) -> None:
    """Logins are taken under TLS alone, whatever is written (ADVERTISE_AUTH of smtp_session.c)."""
    said = _set(line.said.get("auth"))
    if not said:
        draft.put("auth", "none", (_default(config),))
        draft.put("mechanisms", ())
        return
    draft.put("auth", "tls-only", said)
    draft.put("mechanisms", ("LOGIN", "PLAIN"), (*said, _default(config)))
    draft.put("sender_bound", line.has("senders"), (*said, *_set(line.said.get("senders"))))


def _put_relay(draft: Draft, config: Config, line: Listen, address: str, required: bool) -> None:
    loopback = bool(address) and scope_of(address) == "loopback"
    families = _families(address)
    family = families[0] if len(families) == 1 else 0
    tag = line.options["tag"].text if line.has("tag") else ""
    if config.outside or (line.has("tag") and not line.options["tag"].known):
        for field in ("relay", "trusted_networks", "trusted_scope", "closed_to_world"):
            draft.unknown(field)
        return
    unknown = relaying.Who("", False, tag, family)
    guard = relaying.guarded(line.guards, unknown)
    stranger = relaying.Verdict(False, guard) if guard else relaying.verdict(config.rules, unknown)
    logged_in = relaying.Who("local" if config.elder else "", True, tag, family)  # before 6.4 a login counted as local
    login = relaying.verdict(config.rules, logged_in) if line.has("auth") else relaying.Verdict(False)
    trusted, unsure = ({}, None) if required else relaying.networks(config.rules, tag, family)
    trusted = {n: span for n, span in trusted.items() if not relaying.guarded(line.guards, unknown._replace(network=n))}
    said = _set(line.said.get("auth"))
    if required:
        answer = None if login.answer is None else "authenticated" if login.answer else "none"
        draft.maybe("relay", answer, (*said, *_set(login.rule)))
    elif stranger.answer and not loopback:
        draft.put("relay", "open", (*_set(stranger.rule), *_set(stranger.where)))
    elif stranger.answer is None and not loopback:
        draft.unknown("relay", _set(stranger.where))
    elif trusted:
        draft.put("relay", "networks", [Origin("sets", span) for span in trusted.values()])
    elif unsure or login.answer is None:
        draft.unknown("relay", _set(unsure or login.where))
    else:
        draft.put("relay", "authenticated" if login.answer else "none", _set(login.where) or (_default(config),))
    _put_networks(draft, trusted, unsure)
    shut = False if required else guard is not None or relaying.closed(config.rules, tag, family)
    draft.maybe("closed_to_world", False if loopback else shut)


def _put_networks(draft: Draft, trusted: dict[str, Span], unsure: Span | None) -> None:
    order = ("loopback", "private", "wide", "public", "world")
    widest = sorted(trusted, key=lambda network: order.index(network_scope([network]) or "loopback"))
    origins = [Origin("sets", trusted[network]) for network in widest]
    if unsure:
        draft.unknown("trusted_networks", (*origins, *_set(unsure)))
        return
    draft.put("trusted_networks", tuple(trusted), origins)
    if trusted:
        draft.maybe("trusted_scope", network_scope(trusted), origins)


def _broken(
    config: Config, line: Listen, part: str, linux: bool, spoken: object
) -> tuple[str | None, tuple[Origin, ...]]:
    """Why no session can work; "" when none is known, None when that cannot be told."""
    if part and config.libtls and spoken == ():
        return "no TLS version that is named is still spoken", _set(line.options["protocols"].where)
    if not part or config.libtls:
        return "", ()
    said = _set(line.said.get("tls"))
    if linux and config.numbers >= (6, 7):
        return OPENSSL3 if part != "smtps" else OPENSSL3.replace("STARTTLS is announced but", "TLS"), said
    if line.pkis or "*" in config.pkis:
        return "", ()
    if config.pkis:
        return None, said  # one of them may have the name of this host
    return "no certificate: no pki is named on this line, and none is declared", said
