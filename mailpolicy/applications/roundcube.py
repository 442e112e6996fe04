"""Roundcube in its image: ``ROUNDCUBEMAIL_…``, of which the start script makes config.docker.inc.php.

After templates/docker-entrypoint.sh of roundcube/roundcubemail-docker: since 1.6 host and port are joined into one
address, so that a port of the host's own makes no address. Files in /var/roundcube/config may say more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.applications.words import numbers, part, secrets, session
from mailpolicy.ports import port_number
from mailpolicy.sessions import Told, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact, Origin

SOFTWARE = "roundcube"
NEWEST = (1, 7)
ENVIRONMENT: Mapping[str, str] = {
    f"ROUNDCUBEMAIL_{name.upper()}": name
    for name in ("default_host", "default_port", "smtp_server", "smtp_port", "des_key")
}
IMPLICIT = {"imap": frozenset(("ssl", "imaps")), "smtp": frozenset(("ssl",))}
"""Protocol -> schemes of an address that begin TLS at once. Others but tls are no TLS at all."""
_JOINED = (1, 6)
_DEMANDS: dict[tuple[int, ...], tuple[int, ...]] = {(1, 6): (1, 6, 22), (1, 7): (1, 7, 7)}
"""The first release of a series whose tls:// demands STARTTLS."""
_ADDRESS = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?P<host>\[[^\]]*\]|[^/:]*)(?::(?P<port>[0-9]{1,5}))?/?"
)
_FILLED = re.compile(r"%[ntdhzs]|[{}<>$@]")


def starttls(version: tuple[int, ...]) -> str:
    """What tls:// is; a series without a release is taken for the newest one of it."""
    first = _DEMANDS.get(version[:2])
    demands = version >= (1, 6) and (len(version) < 3 or first is None or version >= first)
    return "required" if demands else "opportunistic"


def facts(settings: Settings) -> list[Fact]:
    """The mailbox and the submission whose hosts are set, and the key that encrypts the passwords of users."""
    pairs = (("imap", "default_host", "default_port", 143), ("smtp", "smtp_server", "smtp_port", 587))
    found = [_session(settings, *pair) for pair in pairs if settings.text(pair[1]) != ""]
    return [*found, *secrets(settings, "des_key")]


def _session(settings: Settings, protocol: str, name: str, port: str, default: int) -> Fact:
    by, text = settings.told(name), settings.text(name) or ""
    address = _ADDRESS.fullmatch(text)
    scheme = address["scheme"] or "" if address is not None else None
    told = {
        "protocol": Told(protocol),
        "role": Told("access" if protocol == "imap" else "submission"),
        "host": _piece(settings, name, address, "host"),
        "tls": unknown(by) if scheme is None or not text else Told(_mode(settings, protocol, scheme), by),
        "authenticates": Told(True),
        "credential": Told("prompt"),
    }
    told["tls"] = told["tls"]._replace(by=_piece(settings, name, address, "scheme").by)
    told["verify"] = Told("ca", told["tls"].by)
    told |= _port(settings, told["tls"], address, (name, port, default))
    return session(settings, settings.where(name), protocol, told)


def _mode(settings: Settings, protocol: str, scheme: str) -> str:
    if scheme == "tls":
        return starttls(numbers(settings.version))
    return "implicit" if scheme in IMPLICIT[protocol] else "none"


def _piece(settings: Settings, name: str, address: re.Match[str] | None, group: str) -> Told:
    """A piece of an address with its place; not known in a template."""
    by = settings.told(name)
    if address is None or not address["host"]:
        return unknown(by)
    if address[group] is None:
        return Told("", by)
    at: tuple[Origin, ...] = (Origin("sets", part(settings.where(name), *address.span(group))),)
    value = address[group].strip("[]").lower()
    return unknown(at) if _FILLED.search(value) else Told(value, at)


def _port(settings: Settings, tls: Told, address: re.Match[str] | None, names: tuple[str, str, int]) -> dict[str, Told]:
    """The port, and why none can be reached; up to 1.5 one in the host goes before, and 143 is none for TLS."""
    name, port, default = names
    own = address["port"] if address is not None else None
    joined = numbers(settings.version) >= _JOINED
    if own is not None and not joined:
        at = _piece(settings, name, address, "port").by
        return {"port": maybe(port_number(own), at), "port_stated": Told(True, at)}
    text, by = settings.text(port, str(default)), settings.told(port)
    told = {"port": maybe(port_number(text) if text else None, by), "port_stated": Told(port in settings.settings, by)}
    if not joined and tls.value == "implicit" and default == 143 and told["port"].value == 143:
        told["port"] = Told(993, tls.by)
    if own is not None:
        told["broken"] = Told(
            f"the image puts :{text or 'PORT'} behind the address, which has a port already",
            _piece(settings, name, address, "port").by,
        )
    return told
