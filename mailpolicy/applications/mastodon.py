"""Mastodon: ``SMTP_*``, after config/environments/production.rb up to 4.3 and config/email.yml from 4.4 on."""

from __future__ import annotations

from mailpolicy.applications.rubymail import mechanisms, mode
from mailpolicy.applications.sending import Names, logs_in, names, sent
from mailpolicy.applications.words import equals, secrets
from mailpolicy.settings import Settings
from mailpolicy.types import Fact

SOFTWARE = "mastodon"
NEWEST = (4, 4)
ENVIRONMENT = names(
    "", "SMTP_SERVER", "SMTP_PORT", "SMTP_LOGIN", "SMTP_PASSWORD", "SMTP_AUTH_METHOD", "SMTP_OPENSSL_VERIFY_MODE",
    "SMTP_ENABLE_STARTTLS", "SMTP_ENABLE_STARTTLS_AUTO", "SMTP_TLS", "SMTP_SSL", "SMTP_DELIVERY_METHOD",
)  # fmt: skip
_BY_FILE = (4, 4)
"""From here on config/email.yml makes a truth value of SMTP_ENABLE_STARTTLS_AUTO, then compared with a word."""
_NAMES = Names("SMTP_SERVER", "SMTP_PORT", "SMTP_LOGIN", "SMTP_PASSWORD")


def facts(settings: Settings) -> list[Fact]:
    """The session to SMTP_SERVER. STARTTLS is used where it is offered unless SMTP_ENABLE_STARTTLS says more."""
    if settings.text("SMTP_DELIVERY_METHOD", "smtp") not in ("smtp", None):
        return secrets(settings, "SMTP_PASSWORD")
    implicit, by = equals(settings, "SMTP_TLS", "true"), "SMTP_TLS"
    if implicit is False and settings.text("SMTP_SSL") != "":
        implicit, by = equals(settings, "SMTP_SSL", "true"), "SMTP_SSL"
    if implicit is False:
        by = "SMTP_ENABLE_STARTTLS" if settings.text("SMTP_ENABLE_STARTTLS") != "" else "SMTP_ENABLE_STARTTLS_AUTO"
    always, auto = _starttls(settings)
    made = mode(settings, "SMTP_OPENSSL_VERIFY_MODE", implicit, always, auto, settings.told(by))
    login = logs_in(settings, _NAMES, both=False)
    used = mechanisms(settings, "SMTP_AUTH_METHOD", "plain")
    if settings.text("SMTP_AUTH_METHOD") == "none":
        used = ("PLAIN",)  # without a method net-smtp takes its own, where there is a user
    return sent(settings, _NAMES, made, login=login, mechanisms=used)


def _starttls(settings: Settings) -> tuple[bool | None, bool | None]:
    """enable_starttls and enable_starttls_auto of the Mail gem."""
    word = settings.text("SMTP_ENABLE_STARTTLS")
    if word is None:
        return None, None
    if word in ("always", "never", "auto"):
        return word == "always", word == "auto"
    off = equals(settings, "SMTP_ENABLE_STARTTLS_AUTO", "false")
    if tuple(map(int, settings.version.split(".")[:2])) >= _BY_FILE:
        off = False
    return False, None if off is None else not off
