"""mailcow: dockerized: ``mailcow.conf``, which says where compose publishes the ports of Postfix and Dovecot.

What the sockets do is in the files that mailcow ships, ``data/conf/postfix`` and ``data/conf/dovecot`` of releases
2022-01 to 2026-07a, in which the modes are the same. Where these files lie beside, their own readers judge them, and
here the modes are unknown; so is what the owner's ``extra.cf`` and ``extra.conf`` may change.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from mailpolicy.addresses import network_scope, scope_of
from mailpolicy.bundles import MODES, Socket, inventory, listener, opened, secrets
from mailpolicy.composed import Published
from mailpolicy.facts import Draft
from mailpolicy.ports import port_number
from mailpolicy.settings import Settings
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Span, Unread, Unreadable, Version

SOFTWARE = "mailcow"
FILES = "mailcow.conf with the compose file and data/conf beside"
PROVEN = "mailcow 2022-01 to 2026-07a: the configurations and scripts that it ships; not run"
LIMITS = "what is set in its web interface"
NEWEST = (2026, 7)
_STRICT_MX = (2024, 11)
"""Since this release smtpd_tls_protocols of port 25 is >=TLSv1.2; before it was left to OpenSSL."""
SOCKETS = {
    "SMTP_PORT": Socket("postfix/smtp", "smtp", "mx", 25, "optional", "none"),
    "SMTPS_PORT": Socket("postfix/smtps", "smtp", "submission", 465, "implicit", "tls-only"),
    "SUBMISSION_PORT": Socket("postfix/submission", "smtp", "submission", 587, "required", "tls-only"),
    "IMAP_PORT": Socket("dovecot/imap", "imap", "access", 143, "required", "tls-only"),
    "IMAPS_PORT": Socket("dovecot/imaps", "imap", "access", 993, "implicit", "tls-only"),
    "POP_PORT": Socket("dovecot/pop3", "pop3", "access", 110, "required", "tls-only"),
    "POPS_PORT": Socket("dovecot/pop3s", "pop3", "access", 995, "implicit", "tls-only"),
    "SIEVE_PORT": Socket("dovecot/sieve", "managesieve", "access", 4190, "required", "tls-only"),
    "DOVEADM_PORT": Socket("dovecot/doveadm", None, "internal", 12345, "none", None),
}
"""The variable that publishes a socket, and the socket: docker-compose.yml and the files of data/conf."""
_DEFAULTS = {"DOVEADM_PORT": "127.0.0.1:19991"}
_PASSWORDS = ("DBPASS", "DBROOT", "REDISPASS", "API_KEY", "API_KEY_READ_ONLY", "DOVECOT_MASTER_PASS")
_WEAK = frozenset(("PLAIN", "MD5", "MD5-CRYPT", "SHA", "SHA1", "SMD5", "DES-CRYPT", "CRYPT"))
_CHANGES = (
    (r"smtpd_(use_tls|enforce_tls|tls_security_level)", ("tls",), ("postfix/smtp",)),
    (r"\w*smtpd_tls_(mandatory_)?protocols", ("tls_versions", "tls_min"), ()),
    (r"smtpd_tls_\w*(cert|key|chain)_?files?", ("certificate",), ()),
    (r"smtpd_tls_(ask|req)_?ccert", ("client_certificate",), ()),
    (r"mynetworks\w*|smtpd_(relay|recipient)_restrictions", ("relay", "trusted_networks", "trusted_scope"), ()),
    (r"smtpd_sender_(restrictions|login_maps)", ("sender_bound",), ()),
    (r"smtpd_(sasl|tls_auth_only|client_restrictions)\w*", ("auth", "mechanisms", "sender_bound"), ()),
)
"""Settings of extra.cf, the fields that they may change, and of which sockets; () for all of Postfix."""
_DOVECOT = re.compile(
    r"^[ \t]*(?:ssl|disable_plaintext_auth|auth_|protocol|!include"
    r"|(?:service|inet_listener|remote|local|listen|passdb)\b)",
    re.MULTILINE,
)


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file is an installation of its own."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether the variables of mailcow stand at the beginning of lines."""
    return all(re.search(rf"^{name}=", text, re.MULTILINE) for name in ("MAILCOW_HOSTNAME", "SUBMISSION_PORT"))


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The published sockets and the passwords of one installation."""
    begun = opened(tree, paths, SOFTWARE, ("MAILCOW_HOSTNAME", *SOCKETS))
    if isinstance(begun, Inventory):
        return begun
    source, found = begun
    numbers = version.numbers if version else NEWEST
    bundle = Settings(
        SOFTWARE, "-".join(f"{number:02}" for number in numbers), source.path, source.start(), found.settings
    )
    facts: list[Fact] = []
    refused: list[Unread] = []
    changed = _changes(tree, posixpath.dirname(paths[0]))
    for name, socket in SOCKETS.items():
        if socket.port == 25 and numbers < _STRICT_MX:
            socket = socket._replace(versions=None)
        at = _published(bundle, name, socket.port)
        if isinstance(at, Unread):
            refused.append(at)
        else:
            facts.append(_listener(bundle, name, socket, at, changed))
    return inventory(paths, found, (*facts, _server(bundle), *secrets(bundle, _PASSWORDS)), refused)


def _published(bundle: Settings, name: str, port: int) -> Published | Unread:
    """Where compose publishes a socket: ``25``, ``192.0.2.1:25`` or ``[2001:db8::1]:25``."""
    told = bundle.told(name)
    text = bundle.text(name, _DEFAULTS.get(name, str(port)))
    if text is None:
        return Published(None, None, None, told)
    match = re.fullmatch(r"(?:(?P<address>[\d.]+|\[[0-9a-fA-F:]+\]):)?(?P<port>\d{1,5})", text.strip())
    number = port_number(match["port"]) if match else None
    if match is None or number is None:
        return Unread(bundle.where(name), "is neither a port nor an address with a port: docker compose refuses it")
    address = (match["address"] or "*").strip("[]")
    return Published(address, number, scope_of(address), told)


def _listener(
    bundle: Settings, name: str, socket: Socket, at: Published, changed: dict[str, dict[str, Origin]]
) -> Fact:
    shipped = (Origin("default", None, f"mailcow {bundle.version}, by data/conf/{socket.service.split('/')[0]}"),)
    draft = listener(bundle, socket, at, bundle.where(name), shipped)
    draft.put("proxied", False)
    if socket.role != "internal":
        draft.put("certificate", "/etc/ssl/mail/cert.pem", shipped)
    if socket.protocol == "smtp":
        _put_relay(draft, bundle, socket, shipped)
    for field, origin in changed.get(socket.service, {}).items():
        if field in draft.values:
            draft.unknown(field, (origin,))
    return draft.fact()


def _put_relay(draft: Draft, bundle: Settings, socket: Socket, shipped: tuple[Origin, ...]) -> None:
    """mynetworks_style = subnet: the networks of the containers; on the submission ports for the parts of mailcow."""
    draft.put("relay", "networks", shipped)
    draft.put("sender_bound", socket.role == "submission", shipped)
    if socket.role == "submission":
        return
    four, six = bundle.text("IPV4_NETWORK", "172.22.1"), bundle.text("IPV6_NETWORK", "fd4d:6169:6c63:6f77::/64")
    if four is None or six is None:
        draft.unknown("trusted_networks", bundle.told("IPV4_NETWORK" if four is None else "IPV6_NETWORK"))
        return
    networks = ("127.0.0.0/8", f"{four}.0/24", "::1/128", six)
    draft.put("trusted_networks", networks, (*shipped, *bundle.told("IPV6_NETWORK"), *bundle.told("IPV4_NETWORK")))
    draft.maybe("trusted_scope", network_scope(networks), (*shipped, *bundle.told("IPV4_NETWORK")))


def _server(bundle: Settings) -> Fact:
    draft = bundle.begun("server", bundle.where("MAILCOW_HOSTNAME"))
    draft.maybe("host", bundle.text("MAILCOW_HOSTNAME") or None, bundle.told("MAILCOW_HOSTNAME"))
    scheme = bundle.text("MAILCOW_PASS_SCHEME", "BLF-CRYPT")
    told = bundle.told("MAILCOW_PASS_SCHEME")
    draft.maybe("password_scheme", scheme.upper() if scheme else None, told)
    draft.maybe("password_scheme_weak", scheme.upper() in _WEAK if scheme else None, told)
    draft.put("vrfy", False)
    draft.put("login_throttle", True)
    return draft.fact()


def _changes(tree: Tree, folder: str) -> dict[str, dict[str, Origin]]:
    """Service to the fields that other files beside may change, with where."""
    changed: dict[str, dict[str, Origin]] = {}
    for program, main, extra in (("postfix", "main.cf", "extra.cf"), ("dovecot", "dovecot.conf", "extra.conf")):
        mine = [socket.service for socket in SOCKETS.values() if socket.service.startswith(program)]
        home = posixpath.join(folder, "data", "conf", program)
        path = posixpath.join(home, main)
        if tree.exists(path):
            origin = Origin("overrides", Span(path, 1, 1, 2), "the files themselves are given")
            changed |= {service: dict.fromkeys(MODES, origin) for service in mine}
            continue
        for field, services, origin in _extra(tree, posixpath.join(home, extra), program):
            for service in services or mine:
                changed.setdefault(service, {})[field] = origin
    return changed


def _extra(tree: Tree, path: str, program: str) -> list[tuple[str, tuple[str, ...], Origin]]:
    """Fields that the owner's own settings may change, of which sockets; none where there are no such settings."""
    if not tree.exists(path):
        return []
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return [(field, (), Origin("overrides", Span(path, 1, 1, 2), str(problem))) for field in MODES]
    if program == "dovecot":
        match = _DOVECOT.search(source.text)
        if match is None:
            return []
        origin = Origin("overrides", source.span(match.start()), "what it sets is not looked at")
        return [(field, (), origin) for field in MODES]
    found: list[tuple[str, tuple[str, ...], Origin]] = []
    for match in re.finditer(r"^(\w+)[ \t]*=", source.text, re.MULTILINE):
        for pattern, fields, services in _CHANGES:
            if re.fullmatch(pattern, match[1]):
                origin = Origin("overrides", source.span(match.start()), "what it sets is not looked at")
                found += [(field, services, origin) for field in fields]
    return found
