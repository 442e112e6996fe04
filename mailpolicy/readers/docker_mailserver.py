"""docker-mailserver: ``mailserver.env``, from which its scripts make the configuration of Postfix and Dovecot.

After target/postfix, target/dovecot and target/scripts of v11.3.1 to v15.1.0. The sockets are the container's: who
reaches them is known only where a compose file beside publishes them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from mailpolicy.bundles import MODES, Socket, authenticated, inventory, listener, opened, relay, secrets
from mailpolicy.composed import Published, compose, environment, image, ports
from mailpolicy.envfile import Setting
from mailpolicy.facts import Draft
from mailpolicy.ports import port_number
from mailpolicy.settings import Settings
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Span, Unread, Version

SOFTWARE = "docker-mailserver"
FILES = "mailserver.env with the compose file and config/ beside"
PROVEN = "docker-mailserver 11 to 15.1: the configurations and scripts that it ships; not run"
LIMITS = "user-patches.sh"
NEWEST = (15, 1)
_SSL_TYPES = frozenset(("letsencrypt", "custom", "manual", "self-signed", "snakeoil"))
_PASSWORDS = ("RELAY_PASSWORD", "LDAP_BIND_PW", "SASLAUTHD_LDAP_PASSWORD", "SASL_PASSWD", "SRS_SECRET")
_SERVICE = r"docker-mailserver|mailserver\.env"
"""The image or file of settings of its service."""
_TELLING = ("SSL_TYPE", "PERMIT_DOCKER", "ENABLE_POP3", "POSTMASTER_ADDRESS", "SPOOF_PROTECTION", "OVERRIDE_HOSTNAME",
            "RELAY_HOST", "DEFAULT_RELAY_HOST", "ENABLE_FAIL2BAN", "ENABLE_MANAGESIEVE")  # fmt: skip
_OVERRIDES = {"postfix": ("postfix-main.cf", "postfix-master.cf"), "dovecot": ("dovecot.cf",)}
_CONFIG = ("docker-data/dms/config", "config", "dms/config", "data/config")
_SHIPPED = ("127.0.0.0/8", "[::1]/128", "[fe80::]/64")


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file is an installation of its own."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether variables that only docker-mailserver has begin lines."""
    return sum(re.search(rf"^{name}=", text, re.MULTILINE) is not None for name in _TELLING) > 2


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """What the container opens, its relay host and the passwords."""
    begun = opened(tree, paths, SOFTWARE, _TELLING)
    if isinstance(begun, Inventory):
        return begun
    source, found = begun
    beside = compose(tree, paths[0], _SERVICE)
    numbers = image(beside) or (version.numbers if version else NEWEST)
    own = Settings(SOFTWARE, ".".join(map(str, numbers)), source.path, source.start(), found.settings)
    # without a compose file, what the file does not set may be set elsewhere
    elsewhere = {"SSL_TYPE": Setting("SSL_TYPE", None, source.start())} if not beside else {}
    bundle = own._replace(settings={**elsewhere, **found.settings, **environment(beside)})
    facts = [*_relays(bundle, numbers), *secrets(own, _PASSWORDS)]
    refused = _refused(bundle)
    if refused is not None:
        return inventory(paths, found, facts, (refused,))
    sockets = _listeners(tree, ports(beside), bundle, numbers)
    return inventory(paths, found, (*sockets, _server(bundle, numbers), *facts), ())


def _refused(bundle: Settings) -> Unread | None:
    """What the start script of the container panics at."""
    kind = bundle.text("SSL_TYPE")
    if kind and kind not in _SSL_TYPES:
        return Unread(bundle.where("SSL_TYPE"), "is no SSL_TYPE: docker-mailserver does not start")
    if kind == "manual" and bundle.text("SSL_CERT_PATH") == bundle.text("SSL_KEY_PATH") == "":
        why = "needs SSL_CERT_PATH and SSL_KEY_PATH: docker-mailserver does not start"
        return Unread(bundle.where("SSL_TYPE"), why)
    return None


def _on(bundle: Settings, name: str, default: str = "0") -> bool | None:
    """What bash makes of ``[[ $NAME -eq 1 ]]``."""
    text = bundle.text(name, default)
    return None if text is None else re.fullmatch(r"\s*0*1\s*", text) is not None


def _sockets(bundle: Settings, numbers: tuple[int, ...]) -> Iterator[tuple[Socket, str]]:
    """Every socket that is open for certain, with the setting that opens it."""
    kind = bundle.text("SSL_TYPE")
    late = {"": "none", None: None}
    early = "cleartext" if numbers < (12,) else "none"
    starttls = late.get(kind, "required")
    logins = {"": "cleartext", None: None}.get(kind, "tls-only")
    alone = _on(bundle, "SMTP_ONLY") is not False
    users = None if alone and _on(bundle, "ENABLE_SASLAUTHD") is not True else logins
    yield Socket("postfix/smtp", "smtp", "mx", 25, late.get(kind, "optional"), early), "SSL_TYPE"
    yield Socket("postfix/submission", "smtp", "submission", 587, starttls, users), "SSL_TYPE"
    yield Socket("postfix/submissions", "smtp", "submission", 465, late.get(kind, "implicit"), users), "SSL_TYPE"
    if alone:
        return
    for name, protocol, plain, secure in (("ENABLE_IMAP", "imap", 143, 993), ("ENABLE_POP3", "pop3", 110, 995)):
        if _on(bundle, name, "1" if protocol == "imap" else "0") or (protocol == "imap" and numbers < (14,)):
            yield Socket(f"dovecot/{protocol}", protocol, "access", plain, starttls, logins), name
            if kind:  # ssl = no drops the sockets for TLS
                yield Socket(f"dovecot/{protocol}s", protocol, "access", secure, "implicit", "tls-only"), name
    if _on(bundle, "ENABLE_MANAGESIEVE"):
        yield Socket("dovecot/sieve", "managesieve", "access", 4190, starttls, logins), "ENABLE_MANAGESIEVE"


def _listeners(
    tree: Tree, outside: dict[int, Published] | None, bundle: Settings, numbers: tuple[int, ...]
) -> Iterator[Fact]:
    by = bundle.told("SSL_TYPE")
    for socket, name in _sockets(bundle, numbers):
        program = socket.service.split("/")[0]
        at = (outside or {}).get(socket.port) or _inside(bundle, socket, program, name)
        draft = listener(bundle, socket, at, bundle.where(name), by)
        draft.put("proxied", False)
        manual = bundle.text("SSL_TYPE") == "manual" and bundle.text("SSL_CERT_PATH")
        draft.maybe("certificate", manual or None, bundle.told("SSL_CERT_PATH" if manual else "SSL_TYPE"))
        if program == "postfix":
            _put_relay(draft, bundle, socket)
        overridden = _overridden(tree, bundle, program)
        if overridden is not None:
            for field in draft.values.keys() & set(MODES):
                draft.unknown(field, (overridden,))
        yield draft.fact()


def _inside(bundle: Settings, socket: Socket, program: str, name: str) -> Published:
    """A socket of the container: who reaches it, no file here tells."""
    family = bundle.text(f"{program.upper()}_INET_PROTOCOLS", "all")
    address = {"all": "*", "ipv4": "0.0.0.0", "ipv6": "::"}.get(family or "")
    return Published(address, socket.port, None, bundle.told(name))


def _overridden(tree: Tree, bundle: Settings, program: str) -> Origin | None:
    """The owner's own file for a program beside, which may change everything."""
    folder = posixpath.dirname(bundle.instance)
    for place in _CONFIG:
        for name in _OVERRIDES[program]:
            path = posixpath.join(folder, place, name)
            if tree.exists(path):
                return Origin("overrides", Span(path, 1, 1, 2), "what it sets is not looked at")
    return None


def _put_relay(draft: Draft, bundle: Settings, socket: Socket) -> None:
    told = bundle.told("PERMIT_DOCKER")
    if socket.role == "submission":
        draft.put("relay", "authenticated")
        draft.maybe("sender_bound", _on(bundle, "SPOOF_PROTECTION"), bundle.told("SPOOF_PROTECTION"))
        return
    permit = bundle.text("PERMIT_DOCKER", "none")
    more = {"network": "172.16.0.0/12", "container": "<container>/32", "host": "<container>/16"}.get(permit or "")
    if permit in (None, "connected-networks"):
        draft.maybe("relay", "networks" if permit else None, told)
        draft.unknown("trusted_networks", told)
        draft.unknown("trusted_scope", told)
    elif more is None:
        draft.put("relay", "authenticated" if socket.auth != "none" else "none", told)
        draft.put("trusted_networks", (), told)
    else:
        draft.put("relay", "networks", told)
        draft.put("trusted_networks", (*_SHIPPED, more), told)
        draft.put("trusted_scope", "private" if permit == "container" else "wide", told)


def _server(bundle: Settings, numbers: tuple[int, ...]) -> Fact:
    draft = bundle.begun("server", bundle.start)
    host = bundle.text("OVERRIDE_HOSTNAME")
    draft.maybe("host", host or None, bundle.told("OVERRIDE_HOSTNAME"))
    draft.put("vrfy", False)
    draft.put("pipelining_protection", True)
    draft.maybe("smuggling_protection", True if numbers >= (13, 3) else None)
    return draft.fact()


def _relays(bundle: Settings, numbers: tuple[int, ...]) -> Iterator[Fact]:
    """DEFAULT_RELAY_HOST as it stands; RELAY_HOST in brackets, with RELAY_PORT."""
    complete = bool(bundle.text("RELAY_USER") and bundle.text("RELAY_PASSWORD"))
    default, host = bundle.text("DEFAULT_RELAY_HOST"), bundle.text("RELAY_HOST")
    if default:
        login = complete and numbers >= (14,)
        tls = "required" if login else None if numbers >= (14,) else "opportunistic"
        draft = relay(bundle, "DEFAULT_RELAY_HOST", default, tls, bundle.told("RELAY_USER"))
        if login:
            authenticated(draft, bundle, "RELAY_USER", "RELAY_PASSWORD", safe=True)
        yield draft.fact()
    if host:
        port = bundle.text("RELAY_PORT", "25")
        tls = "required" if complete or numbers < (14,) else None
        draft = relay(bundle, "RELAY_HOST", f"[{host}]", tls, bundle.told("RELAY_USER"))
        draft.maybe("port", port_number(port) if port else None, bundle.told("RELAY_PORT"))
        draft.put("port_stated", "RELAY_PORT" in bundle.settings, bundle.told("RELAY_PORT"))
        if complete and not default:
            authenticated(draft, bundle, "RELAY_USER", "RELAY_PASSWORD", safe=True)
        yield draft.fact()
