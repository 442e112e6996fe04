"""Facts of a mox.conf: sockets of its listeners, smarthosts of its transports, passwords.

After smtpserver, imapserver, queue and mox- of mox 0.0.17; 0.0.15 was run.
"""

from __future__ import annotations

import posixpath
import re

from mailpolicy.addresses import host_scope, scope_of
from mailpolicy.facts import Draft, begun
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import secret
from mailpolicy.providers import wants_oauth2
from mailpolicy.readers.mox.sconf import Entry, Refused
from mailpolicy.types import Fact, Origin

SOFTWARE = "mox"
LEVELS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_SERVICES = {
    "SMTP": ("smtp", "mx", 25), "Submission": ("smtp", "submission", 587), "Submissions": ("smtp", "submission", 465),
    "IMAP": ("imap", "access", 143), "IMAPS": ("imap", "access", 993),
}  # fmt: skip
_CHALLENGE = ("CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS")
_CLIENT_LOGIN = (0, 0, 14)
"""Since when a client certificate is enough to log in."""
_NO_BARE_NEWLINE = (0, 0, 9)
_HOST = re.compile(r"[\w.-]+")
_TRANSPORTS = {"Submissions": 465, "Submission": 587, "SMTP": 25}


class Context(NamedTuple):
    """What all facts of one run share."""

    path: str
    version: tuple[int, ...]

    @property
    def release(self) -> str:
        """The version as text."""
        return ".".join(map(str, self.version))

    @property
    def builtin(self) -> Origin:
        """The origin of a default."""
        return Origin("default", None, f"mox {self.release}")

    def draft(self, kind: str, entry: Entry) -> Draft:
        """A fact that an entry declares."""
        return begun(kind, entry.where, SOFTWARE, self.release, self.path)


class Flag(NamedTuple):
    """A yes or no, and who says so. None is unknown."""

    value: bool | None
    told: tuple[Origin, ...]


def sets(entry: Entry | None) -> tuple[Origin, ...]:
    """The origin of what a file sets."""
    return (Origin("sets", entry.where),) if entry else ()


def _flag(block: Entry, key: str, context: Context) -> Flag:
    entry = block.get(key)
    if entry is None:
        return Flag(False, (context.builtin,))
    return Flag(entry.value == "true" if entry.known else None, sets(entry))


def listeners(top: Entry, context: Context) -> list[Fact]:
    """The sockets of all listeners. Raises Refused for what keeps mox from starting."""
    found: list[Fact] = []
    everything, host = top.get("Listeners"), top.get("Hostname")
    if host is not None and host.known and not _HOST.fullmatch(host.value):
        raise Refused(host.where, f"{host.value[:60]} is no host name")
    for listener in everything.children if everything else ():
        _check(listener, top)
        for name in _SERVICES:
            service = listener.get(name)
            if service is None or _flag(service, "Enabled", context).value is False:
                continue
            ips = listener.get("IPs")
            for ip in ips.children if ips else ():
                found.append(_one(listener, service, ip, context))
    return found


def _check(listener: Entry, top: Entry) -> None:
    """What mox refuses of a listener."""
    tls = listener.get("TLS")
    if tls is None:
        for name, unless in (
            ("IMAPS", ""),
            ("SMTP", "NoSTARTTLS"),
            ("Submissions", ""),
            ("Submission", "NoRequireSTARTTLS"),
        ):
            service = listener.get(name)
            if service is None or (enabled := service.get("Enabled")) is None or enabled.value != "true":
                continue
            excuse = service.get(unless)
            if excuse is None or excuse.value == "false":
                raise Refused(enabled.where, f"{name} needs TLS, and the listener has none")
        return
    acme, certs, low = tls.get("ACME"), tls.get("KeyCerts"), tls.get("MinVersion")
    acme = acme if acme is not None and acme.value else None
    if (acme is None) == (certs is None or not certs.children):
        raise Refused(tls.named, "TLS takes one of ACME and KeyCerts")
    providers = top.get("ACME")
    if acme is not None and acme.known and (providers is None or providers.get(acme.value) is None):
        raise Refused(acme.where, f"ACME has no provider {acme.value[:60]}")
    if low is not None and low.known and low.value not in ("", *LEVELS):
        raise Refused(low.where, f"{low.value[:40]} is no version; they are TLSv1.0 to TLSv1.3")


def _one(listener: Entry, service: Entry, ip: Entry, context: Context) -> Fact:
    protocol, role, number = _SERVICES[service.key]
    draft = context.draft("listener", service)
    draft.put("service", f"{listener.key} {service.key}")
    draft.put("protocol", protocol)
    draft.put("role", role)
    known = ip.known and _is_address(ip.value)
    if ip.known and not known:
        raise Refused(ip.where, f"{ip.value[:60]} is no IP address")
    draft.maybe("address", ip.value if known else None, sets(ip))  # 0.0.0.0 is IPv4 alone, :: IPv6 alone
    draft.maybe("scope", scope_of(ip.value) if known else None, sets(ip))
    port = service.get("Port")
    if port is None or port.value == "0":
        draft.put("port", number, (context.builtin,))
    else:
        if port.known and not 0 < int(port.value) < 65536:
            raise Refused(port.where, f"{port.value} is no port number")
        draft.maybe("port", int(port.value) if port.known else None, sets(port))
    _put_tls(draft, listener, service, context)
    _put_login(draft, listener, service, context)
    draft.put("proxied", False)
    enabled = service.get("Enabled")
    if enabled is not None and not enabled.known:
        draft.unknown("broken", sets(enabled))
    else:
        draft.put("broken", None)
    return draft.fact()


def _is_address(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _put_tls(draft: Draft, listener: Entry, service: Entry, context: Context) -> None:
    tls, name = listener.get("TLS"), service.key
    if tls is None:
        said = service.get("NoSTARTTLS") or service.get("NoRequireSTARTTLS")
        draft.put("tls", "none", sets(said) or (Origin("declares", listener.named, "no TLS here"),))
        return
    told = (Origin("sets", tls.named),)
    if name in ("Submissions", "IMAPS"):
        draft.put("tls", "implicit", (context.builtin,))
    elif name == "IMAP":  # logins by CRAM-MD5 and SCRAM are taken without STARTTLS as well
        draft.put("tls", "optional", told)
    else:
        must = _flag(service, "RequireSTARTTLS" if name == "SMTP" else "NoRequireSTARTTLS", context)
        required = must.value if name == "SMTP" or must.value is None else not must.value
        draft.maybe("tls", None if required is None else "required" if required else "optional", (*told, *must.told))
    _put_versions(draft, tls, context)
    certs = tls.get("KeyCerts")
    first = certs.children[0].get("CertFile") if certs and certs.children else None
    if first is not None and first.known:
        folder = posixpath.dirname(context.path)
        draft.put("certificate", posixpath.normpath(posixpath.join(folder, first.value)), sets(first))
    else:
        draft.unknown("certificate", sets(first or tls.get("ACME")))
    if name == "SMTP" or context.version < _CLIENT_LOGIN:
        draft.put("client_certificate", "none", (context.builtin,))
        return
    off = _flag(tls, "ClientAuthDisabled", context)
    draft.maybe("client_certificate", None if off.value is None else "none" if off.value else "asked", off.told)
    draft.maybe("client_certificate_login", None if off.value is None else not off.value, off.told)


def _put_versions(draft: Draft, tls: Entry, context: Context) -> None:
    entry = tls.get("MinVersion")
    told = (context.builtin, *sets(entry))
    low = (entry.value or "TLSv1.2" if entry.known else None) if entry else "TLSv1.2"
    draft.maybe("tls_min", low, told)
    draft.maybe("tls_versions", LEVELS[LEVELS.index(low) :] if low else None, told)


def _put_login(draft: Draft, listener: Entry, service: Entry, context: Context) -> None:
    """Logins and relaying: mail for foreign domains is taken of users alone, and only from their own addresses."""
    name, builtin = service.key, (context.builtin,)
    if name == "SMTP":
        draft.put("auth", "none", builtin)
        draft.put("mechanisms", ())
        draft.put("relay", "none", builtin)
        return
    mechanisms = ("PLAIN",) if name.startswith("IMAP") else ("LOGIN", "PLAIN")
    external = ("EXTERNAL",) if draft.values.get("client_certificate_login") else ()
    draft.put("mechanisms", tuple(sorted((*_CHALLENGE, *mechanisms, *external))), builtin)
    free = _flag(service, "NoRequireSTARTTLS", context)
    if name in ("Submissions", "IMAPS"):
        draft.put("auth", "tls-only", builtin)
    elif free.value is None:
        draft.unknown("auth", free.told)
    elif free.value:
        draft.put("auth", "cleartext", free.told)
    else:
        draft.put("auth", "challenge" if name == "IMAP" else "tls-only", free.told)
    if name.startswith("Submission"):
        draft.put("relay", "authenticated", builtin)
        draft.put("sender_bound", True, builtin)


def connections(top: Entry, context: Context) -> list[Fact]:
    """The smarthosts of all transports. Raises Refused."""
    found: list[Fact] = []
    transports = top.get("Transports")
    for transport in transports.children if transports else ():
        if len(transport.children) > 1:
            raise Refused(transport.children[1].named, "a transport has one way of delivery alone")
        for way in transport.children:
            if way.key in _TRANSPORTS:
                found.append(_connection(transport, way, context))
    return found


def _connection(transport: Entry, way: Entry, context: Context) -> Fact:
    host, port, auth = way.get("Host"), way.get("Port"), way.get("Auth")
    if host is not None and host.known and not _HOST.fullmatch(host.value):
        raise Refused(host.where, f"{host.value[:60]} is no host name")
    draft = context.draft("connection", host or way)
    draft.put("account", transport.key)
    draft.put("protocol", "smtp")
    draft.put("role", "relay" if way.key == "SMTP" and auth is None else "submission", (Origin("sets", way.named),))
    known = host.value if host and host.known else None
    draft.maybe("host", known, sets(host))
    draft.maybe("scope", host_scope(known) if known else None, sets(host))
    stated = port is not None and port.value != "0"
    number = int(port.value) if port and stated and port.known else None if stated else _TRANSPORTS[way.key]
    draft.maybe("port", number, sets(port) if stated else (context.builtin,))
    draft.put("port_stated", stated)
    clear, loose = _flag(way, "NoSTARTTLS", context), _flag(way, "STARTTLSInsecureSkipVerify", context)
    tls, told = _mode(way, clear, loose)
    draft.maybe("tls", tls, told)
    if loose.value is None:
        draft.unknown("verify", loose.told)
    else:
        draft.put("verify", "none" if loose.value or tls == "none" else "ca", loose.told)
    if tls != "none":
        draft.put("tls_min", "TLSv1.2", (context.builtin,))
    _put_credentials(draft, auth, tls, told, context)
    if known and auth is not None and wants_oauth2(known):
        draft.put("provider", "oauth2", sets(host))
    draft.put("broken", None)
    return draft.fact()


def _mode(way: Entry, clear: Flag, loose: Flag) -> tuple[str | None, tuple[Origin, ...]]:
    """STARTTLS is demanded; an unchecked certificate wins over NoSTARTTLS."""
    if way.key == "Submissions":
        for flag, name in ((clear, "NoSTARTTLS"), (loose, "STARTTLSInsecureSkipVerify")):
            if flag.value and flag.told[0].where:
                raise Refused(flag.told[0].where, f"{name} does not go with Submissions, which has TLS from the start")
        return "implicit", (Origin("sets", way.named),)
    if loose.value:
        return "required", loose.told
    if clear.value is None:
        return None, clear.told
    return "none" if clear.value else "required", clear.told


def _put_credentials(
    draft: Draft, auth: Entry | None, tls: str | None, told: tuple[Origin, ...], context: Context
) -> None:
    """PLAIN is used where it is listed alone; else the password itself is never sent."""
    draft.put("authenticates", auth is not None, sets(auth))
    password = auth.get("Password") if auth else None
    if auth is None or password is None:
        draft.put("cleartext_credentials", False, told)
        draft.put("credential", "none")
        return
    listed = auth.get("Mechanisms")
    items = listed.children if listed else ()
    mechanisms = tuple(item.value for item in items)
    for item in items:
        if item.known and item.value not in (*_CHALLENGE, "PLAIN"):
            raise Refused(item.where, f"there is no way to log in called {item.value[:40]}")
    draft.put("mechanisms", mechanisms, sets(listed))
    sent = "PLAIN" in mechanisms and tls == "none"
    draft.maybe("cleartext_credentials", None if tls is None else sent, told)
    draft.maybe("credential", "literal" if password.known else None, sets(password))


def secrets(top: Entry, context: Context) -> list[Fact]:
    """Passwords of transports, and what web hooks log in with."""
    found: list[Fact | None] = []
    waiting = list(top.children)
    while waiting:
        entry = waiting.pop()
        waiting += entry.children
        if entry.key == "Auth" and (password := entry.get("Password")) is not None:
            found.append(secret(SOFTWARE, context.release, context.path, "Password", password.value, password.where))
        elif entry.key in ("OutgoingWebhook", "IncomingWebhook") and (header := entry.get("Authorization")) is not None:
            found.append(secret(SOFTWARE, context.release, context.path, "Authorization", header.value, header.where))
    return sorted((fact for fact in found if fact), key=lambda fact: fact.origins["storage"][-1].where or top.where)


def settings(top: Entry, context: Context) -> list[Fact]:
    """NoSTARTTLS of a listener that has TLS: mox offers STARTTLS all the same (seen with 0.0.15, read in 0.0.17)."""
    found: list[Fact] = []
    everything = top.get("Listeners")
    for listener in everything.children if everything else ():
        smtp = listener.get("SMTP")
        entry = smtp.get("NoSTARTTLS") if smtp else None
        if entry is not None and entry.value == "true" and listener.get("TLS") is not None:
            draft = context.draft("setting", entry)
            draft.put("name", "NoSTARTTLS")
            draft.put("state", "ignored", sets(entry))
            draft.put("instead", "a listener without TLS where STARTTLS must not be offered; with TLS it always is")
            draft.put("value", entry.value)
            found.append(draft.fact())
    return found


def server(top: Entry, context: Context, heard: list[Fact]) -> Fact:
    """Settings of the whole instance, as 0.0.15 was seen to behave."""
    draft = context.draft("server", top)
    builtin = (context.builtin,)
    host = top.get("Hostname")
    if host is not None and host.known:
        draft.put("host", host.value, sets(host))
    public = any(f.values["role"] == "mx" and f.values.get("scope") not in ("loopback", None) for f in heard)
    draft.put("public_mx", public)
    draft.put("vrfy", False, builtin)
    draft.put("banner_version", False, builtin)
    draft.maybe("smuggling_protection", context.version >= _NO_BARE_NEWLINE or None, builtin)
    draft.put("tls_logged", True, builtin)
    draft.put("login_throttle", True, builtin)
    level = top.get("LogLevel")
    logged = level.value in ("traceauth", "tracedata") if level and level.known else None
    draft.maybe("passwords_logged", logged, sets(level))
    return draft.fact()
