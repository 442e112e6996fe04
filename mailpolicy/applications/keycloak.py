"""Keycloak: ``smtpServer`` of a realm.

After services/.../email/DefaultEmailSenderProvider.java of 26 and Jakarta Mail (Angus) 2: starttls is tried and never
required, ssl is TLS from the first byte, and the name in the certificate is checked since 24.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.applications.words import credential, numbers, secrets, session
from mailpolicy.ports import port_number
from mailpolicy.sessions import Told, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact

SOFTWARE = "keycloak"
NEWEST = (26, 0)
ENVIRONMENT: Mapping[str, str] = {}
"""A realm is set up by its own file or by hand, by no variable."""
_NAMES_SINCE = (24,)


def facts(settings: Settings) -> list[Fact]:
    """The session of a realm, and its password. ``realm`` is the realm's name."""
    ssl, starttls, auth = (_on(settings, name) for name in ("ssl", "starttls", "auth"))
    by = settings.told("ssl" if ssl or (ssl is False and not starttls and "starttls" not in settings.settings) else
                       "starttls")  # fmt: skip
    tls = None if ssl is None or (not ssl and starttls is None) else _tls(ssl, bool(starttls))
    number = _port(settings)
    verify = "ca" if numbers(settings.version) >= _NAMES_SINCE else None
    told = {
        "host": maybe(settings.text("host", "localhost"), settings.told("host")),
        "port": number if number.value or not number.known else _usual_port(settings, ssl),
        "port_stated": Told(bool(number.value) or not number.known, settings.told("port")),
        "tls": maybe(tls, by),
        "verify": maybe(verify, by),
        "authenticates": maybe(auth, settings.told("auth")),
        "credential": credential(settings, "password"),
    }
    if settings.text("authType") == "token":
        told["mechanisms"] = Told(("XOAUTH2",), settings.told("authType"))
        told["credential"] = credential(settings, "authTokenClientSecret")
    account = settings.text("realm", "realm") or "realm"
    found = session(settings, settings.where("host"), account, told)
    return [found, *secrets(settings, "password", "authTokenClientSecret")]


def _on(settings: Settings, name: str) -> bool | None:
    """Only ``true`` is true, be it written as a word or a string."""
    text = settings.text(name)
    return None if text is None else text == "true"


def _tls(ssl: bool, starttls: bool) -> str:
    return "implicit" if ssl else "opportunistic" if starttls else "none"


def _port(settings: Settings) -> Told:
    text, by = settings.text("port"), settings.told("port")
    if text is None:
        return unknown(by)
    return Told(port_number(text) if text else None, by)


def _usual_port(settings: Settings, ssl: bool | None) -> Told:
    return maybe(None if ssl is None else 465 if ssl else 25, settings.told("port"))
