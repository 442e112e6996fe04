"""Mailu: ``mailu.env``, from which the front makes the configuration of its nginx and, since 2024.06, its Dovecot.

After core/nginx, core/postfix, core/base/libs/socrate and core/admin of Mailu 1.9.50, 2.0.43 and 2024.06.57.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mailpolicy.addresses import network_scope
from mailpolicy.bundles import MODERN, Socket, authenticated, inventory, listener, opened, relay, secrets
from mailpolicy.composed import Published, compose, environment, image, ports
from mailpolicy.envfile import EnvFile
from mailpolicy.facts import Draft
from mailpolicy.settings import Settings
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Unread, Value, Version

SOFTWARE = "mailu"
FILES = "mailu.env with the compose file beside"
PROVEN = "Mailu 1.9 to 2024.06: the configurations and scripts that it ships; not run"
LIMITS = "what is set in its web interface"
NEWEST = (2024, 6)
_FLAVORS = frozenset(("cert", "letsencrypt", "mail", "mail-letsencrypt", "notls"))
_PASSWORDS = ("SECRET_KEY", "INITIAL_ADMIN_PW", "RELAYPASSWORD", "API_TOKEN", "DB_PW", "ROUNDCUBE_DB_PW",
              "RECAPTCHA_PRIVATE_KEY")  # fmt: skip
_ALL_PORTS = "25,80,443,465,993,995,4190"
_PROTOCOLS = {
    25: "smtp", 465: "smtp", 587: "smtp", 143: "imap", 993: "imap", 110: "pop3", 995: "pop3", 4190: "managesieve",
}  # fmt: skip
_IMPLICIT = (465, 993, 995)
_FRONT = r"^front |mailu\S*nginx"
"""The name or image of its service."""
_TLS = {"": "none", "none": "none", "opportunistic": "opportunistic", "may": "opportunistic", "dane": "opportunistic",
        "encrypt": "required", "dane-only": "required", "verify": "required", "secure": "required",
        "fingerprint": "required"}  # fmt: skip

_TELLING = ("TLS_FLAVOR", "HOSTNAMES", "POSTMASTER", "RELAYNETS", "AUTH_RATELIMIT_IP", "AUTH_RATELIMIT_USER")
_EVERY_MX: tuple[tuple[str, Value], ...] = (
    ("account", "default"), ("protocol", "smtp"), ("role", "relay"), ("host", "*"), ("port", 25),
    ("port_stated", False), ("scope", "any"), ("mx_lookup", True), ("backend", False), ("broken", None),
)  # fmt: skip


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file is an installation of its own."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether the variables of Mailu stand at the beginning of lines."""
    return all(re.search(rf"^{name}=", text, re.MULTILINE) for name in ("TLS_FLAVOR", "POSTMASTER"))


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """What the front opens, the way out and the passwords."""
    begun = opened(tree, paths, "Mailu", _TELLING)
    if isinstance(begun, Inventory):
        return begun
    source, found = begun
    beside = compose(tree, paths[0], _FRONT)
    numbers = image(beside) or _stated(found) or (version.numbers if version else NEWEST)
    own = Settings(SOFTWARE, _text(numbers), source.path, source.start(), found.settings)
    bundle = own._replace(settings={**found.settings, **environment(beside)})
    facts = [_server(bundle), _outgoing(bundle), *secrets(own, _PASSWORDS)]
    flavor = bundle.given("TLS_FLAVOR") or None
    if flavor is None or flavor in _FLAVORS:
        return inventory(paths, found, (*_listeners(ports(beside), bundle, flavor, numbers), *facts), ())
    why = f"is not one of {', '.join(sorted(_FLAVORS))}: the front does not start"
    return inventory(paths, found, facts, (Unread(bundle.where("TLS_FLAVOR"), why),))


def _stated(found: EnvFile) -> tuple[int, ...]:
    """The version that the files of Mailu 1.9 and before name in VERSION; () for none."""
    setting = found.settings.get("VERSION")
    match = re.fullmatch(r"(\d{1,4})\.(\d{1,3})(?:\.\d+)?", setting.value or "") if setting else None
    return (int(match[1]), int(match[2])) if match else ()


def _text(numbers: tuple[int, ...]) -> str:
    return ".".join(f"{n:02}" if numbers[0] > 2000 and i else str(n) for i, n in enumerate(numbers))


def _true(text: str | None) -> bool | None:
    """What a switch means to Mailu: false and no switch it off."""
    return None if text is None else text.lower() not in ("false", "no")


def _open_ports(bundle: Settings, flavor: str | None, numbers: tuple[int, ...]) -> list[int]:
    """The mail ports that the front opens for certain."""
    if numbers < (2024,):
        return [port for port in (25, 143, 110, 587, *_IMPLICIT) if flavor != "notls" or port not in _IMPLICIT]
    listed, over_tls = bundle.given("PORTS", _ALL_PORTS), bundle.given("TLS", _ALL_PORTS)
    if listed is None or over_tls is None:
        return []
    asked = set(listed.split(","))
    found = [25, *(port for port in (143, 110, 587, 4190) if str(port) in asked)]
    if flavor != "notls":
        secure = set(over_tls.split(","))
        found += [port for port in _IMPLICIT if str(port) in secure and (port != 995 or "995" in asked)]
    return found


def _listeners(
    outside: dict[int, Published] | None, bundle: Settings, flavor: str | None, numbers: tuple[int, ...]
) -> Iterator[Fact]:
    everywhere = outside is None
    for port in _open_ports(bundle, flavor, numbers):
        told = _stands(bundle, port, numbers)
        inside = Published("*" if everywhere else None, port, "any" if everywhere else None, told)
        at = (outside or {}).get(port, inside)
        yield _listener(bundle, _socket(port, flavor, numbers), at, port, numbers)


def _stands(bundle: Settings, port: int, numbers: tuple[int, ...]) -> tuple[Origin, ...]:
    """Where a port stands in PORTS, else whose default it is."""
    setting = bundle.settings.get("PORTS") if numbers >= (2024,) else None
    match = re.search(rf"(?<!\d){port}(?!\d)", setting.value) if setting and setting.value else None
    if setting is None or match is None:
        return (Origin("default", None, f"Mailu {bundle.version}, by PORTS"),)
    column = setting.where.column + match.start()
    return (Origin("sets", setting.where._replace(column=column, end_column=column + len(str(port)))),)


def _socket(port: int, flavor: str | None, numbers: tuple[int, ...]) -> Socket:
    protocol = _PROTOCOLS[port]
    role = "mx" if port == 25 else "submission" if protocol == "smtp" else "access"
    tls: str | None = "implicit" if port in _IMPLICIT else "optional" if port == 25 else "required"
    auth: str | None = "none" if port == 25 else "tls-only"
    if flavor == "notls":
        tls, auth = "none", "none" if port == 25 else "cleartext"
    elif flavor is None:
        tls, auth = (tls, auth) if tls == "implicit" else (None, auth if port == 25 else None)
    both = numbers >= (2024,) or protocol == "smtp"
    mechanisms = ("LOGIN", "PLAIN") if both else ("PLAIN",)
    versions = MODERN if numbers >= (1, 8) else None  # ssl_protocols TLSv1.1 TLSv1.2, less what OpenSSL leaves of it
    return Socket(f"front/{port}", protocol, role, port, tls, auth, mechanisms, versions)


def _listener(bundle: Settings, socket: Socket, at: Published, port: int, numbers: tuple[int, ...]) -> Fact:
    by = bundle.told("TLS_FLAVOR")
    where = at.told[-1].where or bundle.where("TLS_FLAVOR")
    draft = listener(bundle, socket, at, where, by)
    certificate = {"cert": "/certs/", "mail": "/certs/"}.get(bundle.given("TLS_FLAVOR") or "")
    name = bundle.given("TLS_CERT_FILENAME", "cert.pem")
    draft.maybe("certificate", certificate + name if certificate and name else None, by)
    proxied = _proxied(bundle, port, numbers)
    draft.maybe("proxied", proxied, bundle.told("PROXY_PROTOCOL"))
    if socket.role == "mx":
        _put_mx(draft, bundle, socket, numbers)
    elif socket.role == "submission":
        draft.put("relay", "authenticated")
        draft.put("sender_bound", True)
    return draft.fact()


def _proxied(bundle: Settings, port: int, numbers: tuple[int, ...]) -> bool | None:
    stated = bundle.given("PROXY_PROTOCOL")
    if stated is None or numbers < (2,):
        return None if stated is None else False
    if numbers < (2024,):
        return stated in ("all", "mail")
    return not {str(port), "mail", "all", "all-but-http"}.isdisjoint(stated.split(","))


def _put_mx(draft: Draft, bundle: Settings, socket: Socket, numbers: tuple[int, ...]) -> None:
    """INBOUND_TLS_ENFORCE, TLS_PERMISSIVE and who may relay on port 25."""
    enforced = _true(bundle.text("INBOUND_TLS_ENFORCE", "false"))
    if socket.tls == "optional" and enforced is not False:
        draft.maybe("tls", "required" if enforced else None, bundle.told("INBOUND_TLS_ENFORCE"))
    permissive = True if numbers < (2,) else _true(bundle.given("TLS_PERMISSIVE", "true"))
    if socket.tls != "none":
        told = bundle.told("TLS_PERMISSIVE")
        # TLS 1.0 is offered then; whether OpenSSL of the image still has it at its level of security is not known
        draft.maybe("tls_versions", None if permissive is not False else MODERN, told)
        draft.maybe("tls_min", None if permissive is not False else MODERN[0], told)
    _put_networks(draft, bundle)


def _put_networks(draft: Draft, bundle: Settings) -> None:
    """mynetworks: loopback, the network of the containers, RELAYNETS. The widest is the one to blame."""
    told: list[tuple[int, Origin]] = []
    networks = ["127.0.0.1/32"]
    for name in ("SUBNET", "SUBNET6", "RELAYNETS"):
        text, setting = bundle.given(name), bundle.settings.get(name)
        if text is None:
            for field in ("relay", "trusted_networks", "trusted_scope"):
                draft.unknown(field, bundle.told(name))
            return
        for match in re.finditer(r"[^,\s]+", text):
            networks.append(match[0])
            if setting is not None:
                column = setting.where.column + match.start()
                where = setting.where._replace(column=column, end_column=column + len(match[0]))
                told.append((_width(match[0]), Origin("sets", where)))
    origins = [origin for _, origin in sorted(told, key=lambda pair: pair[0])]
    draft.put("relay", "open" if any(map(_is_open, networks)) else "networks", origins)
    draft.put("trusted_networks", tuple(networks), origins)
    draft.maybe("trusted_scope", network_scope(networks), origins)


def _width(network: str) -> int:
    """How wide a network is: scopes in their order, so that the widest can be named."""
    return ("loopback", "private", "wide", "public", "world").index(network_scope([network]) or "loopback")


def _is_open(network: str) -> bool:
    """Whether strangers live in a network: everybody, or a public range down to /8."""
    scope = network_scope([network])
    return scope == "world" or (scope == "public" and re.search(r"/[0-8]$", network) is not None)


def _server(bundle: Settings) -> Fact:
    draft = bundle.begun("server", bundle.where("HOSTNAMES"))
    hosts = bundle.given("HOSTNAMES")
    draft.maybe("host", hosts.split(",")[0] or None if hosts else None, bundle.told("HOSTNAMES"))
    exempt = bundle.given("AUTH_RATELIMIT_EXEMPTION")
    everybody = exempt is not None and network_scope(re.split(r"[,\s]+", exempt)) == "world"
    draft.maybe(
        "login_throttle", not everybody if exempt is not None else None, bundle.told("AUTH_RATELIMIT_EXEMPTION")
    )
    return draft.fact()


def _outgoing(bundle: Settings) -> Fact:
    """The way out of Postfix: RELAYHOST, or every MX."""
    host = bundle.given("RELAYHOST")
    level = bundle.given("OUTBOUND_TLS_LEVEL", "dane")
    tls, by = _TLS.get(level) if level is not None else None, bundle.told("OUTBOUND_TLS_LEVEL")
    if host == "":
        draft = bundle.begun("connection", bundle.where("OUTBOUND_TLS_LEVEL"))
        for field, value in _EVERY_MX:
            draft.put(field, value)
        draft.maybe("tls", tls, by)
        return draft.fact()
    draft = relay(bundle, "RELAYHOST", host or "", tls, by)
    if level in ("secure", "verify"):
        draft.put("verify", "ca", by)
    elif level not in ("encrypt", "may", "none", ""):
        draft.unknown("verify", by)
    authenticated(draft, bundle, "RELAYUSER", "RELAYPASSWORD", safe=True)  # smtp_sasl_security_options: noplaintext
    return draft.fact()
