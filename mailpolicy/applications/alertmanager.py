"""Prometheus Alertmanager: one entry of ``email_configs``, what it does not set taken from ``global``.

After notify/email/email.go and config/config.go of 0.16, 0.25, 0.30 and 0.34, and what 0.25 was seen to do. The
names are those of ``email_configs``; ``insecure_skip_verify`` and ``min_version`` are of ``tls_config``, ``receiver``
is the receiver's name.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.applications.words import Address, address, credential, login, numbers, secrets, session
from mailpolicy.sessions import Told, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact

SOFTWARE = "alertmanager"
NEWEST = (0, 34)
ENVIRONMENT: Mapping[str, str] = {}
"""It reads no setting from the environment."""
FORCED_SINCE = (0, 31)
"""From here on force_implicit_tls; before it, require_tls asks for STARTTLS on port 465 too, inside TLS."""
PASSWORDS = ("auth_password", "auth_secret")
_TRUE = frozenset(("true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON"))
_FALSE = frozenset(("false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF"))
_VERSIONS = {"TLS10": "TLSv1.0", "TLS11": "TLSv1.1", "TLS12": "TLSv1.2", "TLS13": "TLSv1.3"}


def boolean(text: str | None, default: bool) -> bool | None:
    """A boolean of YAML 1.1, which go-yaml 2 reads where one is wanted; None where it is unknown."""
    if text is None:
        return None
    return True if text in _TRUE else False if text in _FALSE else default


def facts(settings: Settings) -> list[Fact]:
    """The session of one entry, and its passwords."""
    return [connection(settings), *secrets(settings, *PASSWORDS)]


def connection(settings: Settings) -> Fact:
    """The session of one entry of ``email_configs``."""
    at = address(settings, "smarthost")
    implicit = _implicit(settings, at)
    tls = _tls(settings, implicit)
    skip = boolean(settings.text("insecure_skip_verify"), default=False)
    password = _kept(settings)
    version = settings.text("min_version")
    told = {
        "host": at.host,
        "port": at.port,
        "port_stated": at.stated,
        "tls": tls,
        "verify": maybe(None if skip is None else "none" if skip else "ca", settings.told("insecure_skip_verify")),
        "authenticates": login(settings, "auth_username"),
        "credential": password,
        "broken": _broken(settings, at, implicit),
        **_challenge(settings),
    }
    if version in _VERSIONS:
        told["tls_min"] = Told(_VERSIONS[str(version)], settings.told("min_version"))
    return session(settings, settings.where("receiver"), settings.text("receiver", "email") or "email", told)


def _implicit(settings: Settings, at: Address) -> Told:
    """Whether TLS comes from the first byte."""
    forced = settings.settings.get("force_implicit_tls")
    if forced is not None and numbers(settings.version) >= FORCED_SINCE:
        return maybe(boolean(forced.value, default=False), settings.told("force_implicit_tls"))
    return Told(at.port.value == 465, at.port.by) if at.port.known or at.fault else unknown(at.port.by)


def _tls(settings: Settings, implicit: Told) -> Told:
    if implicit.value:
        return Told("implicit", implicit.by)
    required, by = boolean(settings.text("require_tls"), default=True), settings.told("require_tls")
    if not implicit.known or required is None:
        return unknown((*implicit.by, *by))
    return Told("required" if required else "none", by)


def _broken(settings: Settings, at: Address, implicit: Told) -> Told:
    required = boolean(settings.text("require_tls"), default=True)
    if implicit.value and required and numbers(settings.version) < FORCED_SINCE:
        why = "require_tls asks for STARTTLS inside of the TLS of port 465, which no server offers there"
        return Told(why, settings.told("require_tls"))
    return Told(at.fault, at.port.by)


def _kept(settings: Settings) -> Told:
    password = credential(settings, "auth_password", "auth_password_file")
    return password if password.value != "none" else credential(settings, "auth_secret", "auth_secret_file")


def _challenge(settings: Settings) -> dict[str, Told]:
    """CRAM-MD5 alone takes auth_secret, the others auth_password."""
    names = ("auth_secret", "auth_secret_file"), ("auth_password", "auth_password_file")
    secret, password = ([name for name in pair if settings.text(name) != ""] for pair in names)
    return {"mechanisms": Told(("CRAM-MD5",), settings.told(secret[0]))} if secret and not password else {}
