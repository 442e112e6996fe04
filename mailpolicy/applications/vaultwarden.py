"""Vaultwarden: ``SMTP_*``, after src/config.rs and src/mail.rs of 1.35 and the lettre library that it uses."""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.applications.sending import Mode, Names, names, sent
from mailpolicy.applications.words import flag, secrets
from mailpolicy.envfile import Setting
from mailpolicy.sessions import Told
from mailpolicy.settings import Settings
from mailpolicy.types import Fact

SOFTWARE = "vaultwarden"
NEWEST = (1, 35)
ENVIRONMENT = names(
    "", "SMTP_HOST", "SMTP_PORT", "SMTP_USERNAME", "SMTP_PASSWORD", "SMTP_SECURITY", "SMTP_SSL", "SMTP_EXPLICIT_TLS",
    "SMTP_ACCEPT_INVALID_CERTS", "SMTP_ACCEPT_INVALID_HOSTNAMES", "SMTP_AUTH_MECHANISM", "USE_SENDMAIL",
    "SMTP_PASSWORD_FILE", "_ENABLE_SMTP",
)  # fmt: skip
_NAMES = Names("SMTP_HOST", "SMTP_PORT", "SMTP_USERNAME", "SMTP_PASSWORD", "SMTP_PASSWORD_FILE")
_MODES = {"starttls": ("required", 587), "force_tls": ("implicit", 465), "off": ("none", 25)}


def fits(variables: Mapping[str, Setting]) -> bool:
    """Whether variables with these names are Vaultwarden's by their values: others have a SMTP_SECURITY too."""
    word = variables.get("SMTP_SECURITY")
    return word is None or word.value in (None, "", *_MODES)


def facts(settings: Settings) -> list[Fact]:
    """The session to SMTP_HOST: STARTTLS that is required, unless SMTP_SECURITY or its elder settings say other."""
    if flag(settings, "USE_SENDMAIL") or flag(settings, "_ENABLE_SMTP", True) is False:
        return secrets(settings, "SMTP_PASSWORD")
    word, by = _security(settings)
    tls, port = _MODES.get(word or "", (None, None))
    broken: dict[str, Told] = {}
    if word is not None and tls is None:
        broken["broken"] = Told(
            "SMTP_SECURITY is none of starttls, force_tls, off: Vaultwarden does not start", settings.told(by)
        )
    verify, checked = _verify(settings)
    made = Mode(tls, verify, settings.told(by), settings.told(checked))
    return sent(settings, _NAMES, made, port=port, mechanisms=_mechanisms(settings, tls), more=broken)


def _security(settings: Settings) -> tuple[str | None, str]:
    """The word of SMTP_SECURITY, or what the elder settings come to, and the setting that makes it."""
    word = settings.text("SMTP_SECURITY")
    if word != "":
        return word, "SMTP_SECURITY"
    explicit = flag(settings, "SMTP_EXPLICIT_TLS", None)
    ssl = flag(settings, "SMTP_SSL", None)
    if explicit:
        return "force_tls", "SMTP_EXPLICIT_TLS"
    if ssl is False:
        return "off", "SMTP_SSL"
    return "starttls", "SMTP_SSL" if ssl else "SMTP_SECURITY"


def _verify(settings: Settings) -> tuple[str | None, str]:
    """How certificates are checked: accepting invalid ones leaves no check at all, accepting names none of those."""
    certificates = flag(settings, "SMTP_ACCEPT_INVALID_CERTS")
    hosts = flag(settings, "SMTP_ACCEPT_INVALID_HOSTNAMES")
    if certificates is None or hosts is None:
        return None, "SMTP_ACCEPT_INVALID_CERTS"
    if certificates:
        return "none", "SMTP_ACCEPT_INVALID_CERTS"
    return ("ca-noname", "SMTP_ACCEPT_INVALID_HOSTNAMES") if hosts else ("ca", "SMTP_ACCEPT_INVALID_CERTS")


def _mechanisms(settings: Settings, tls: str | None) -> tuple[str, ...] | None:
    """The mechanisms that are chosen among; without any that it knows, those of the library."""
    text = settings.text("SMTP_AUTH_MECHANISM")
    if text is None:
        return None
    words = [word.strip(" \"'").upper() for word in text.split(",")]
    return tuple(word for word in words if word in ("PLAIN", "LOGIN", "XOAUTH2"))
