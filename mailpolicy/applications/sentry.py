"""Sentry: the options ``mail.…``, which Django's SMTP backend is opened with.

After src/sentry/options/defaults.py and src/sentry/utils/email/send.py of 24, django/core/mail/backends/smtp.py of
Django 2.2 and 4.2, and smtplib of Python 3.11: STARTTLS is required where it is asked for; certificates are checked
since Django 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.applications.words import credential, login, numbers, secrets, session
from mailpolicy.envfile import Setting
from mailpolicy.ports import port_number
from mailpolicy.sessions import Told, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact

SOFTWARE = "sentry"
NEWEST = (25, 0)
ENVIRONMENT: Mapping[str, str] = {
    "SENTRY_EMAIL_HOST": "mail.host", "SENTRY_EMAIL_PORT": "mail.port", "SENTRY_EMAIL_USER": "mail.username",
    "SENTRY_EMAIL_PASSWORD": "mail.password", "SENTRY_EMAIL_USE_TLS": "mail.use-tls", "SENTRY_EMAIL_USE_SSL":
    "mail.use-ssl", "SENTRY_EMAIL_BACKEND": "mail.backend",
}  # fmt: skip
"""Of the image sentry, whose sentry.conf.py takes them over."""
OWN = ("mail.host", "mail.port", "mail.username", "mail.password", "mail.use-tls", "mail.use-ssl", "mail.backend")
_DJANGO_42 = (24, 2)
_SMTP = frozenset(("smtp", "django.core.mail.backends.smtp.EmailBackend"))
_TRUE = frozenset(("1", "true", "yes", "y", "on", "t"))


def facts(settings: Settings) -> list[Fact]:
    """The session, where one of the options is set and mail goes out by SMTP, and the password."""
    found = secrets(settings, "mail.password")
    backend = settings.text("mail.backend", "smtp")
    if not any(name in settings.settings for name in OWN) or (backend is not None and backend not in _SMTP):
        return found
    port = settings.text("mail.port", "25")
    tls, ssl = _on(settings, "mail.use-tls"), _on(settings, "mail.use-ssl")
    told = {
        "host": maybe(settings.text("mail.host", "127.0.0.1"), settings.told("mail.host")),
        "port": maybe(port_number(port) if port else None, settings.told("mail.port")),
        "port_stated": Told("mail.port" in settings.settings, settings.told("mail.port")),
        "tls": _tls(settings, tls, ssl),
        "authenticates": _login(settings),
        "credential": credential(settings, "mail.password"),
        "broken": Told(
            "mail.use-tls and mail.use-ssl exclude one another" if tls and ssl else None, settings.told("mail.use-ssl")
        ),
    }
    told["verify"] = Told("ca" if numbers(settings.version) >= _DJANGO_42 else "none", told["tls"].by)
    return [session(settings, settings.where("mail.host"), "mail", told), *found]


def _on(settings: Settings, name: str) -> bool | None:
    text = settings.text(name)
    return None if text is None else text.lower() in _TRUE


def _tls(settings: Settings, tls: bool | None, ssl: bool | None) -> Told:
    if ssl:
        return Told("implicit", settings.told("mail.use-ssl"))
    if ssl is None:
        return unknown(settings.told("mail.use-ssl"))
    return maybe(None if tls is None else "required" if tls else "none", settings.told("mail.use-tls"))


def _login(settings: Settings) -> Told:
    """It logs in where both name and password are there."""
    user = login(settings, "mail.username")
    password: Setting | None = settings.settings.get("mail.password")
    if user.value and (password is None or password.value == ""):
        return Told(False, settings.told("mail.password"))
    return user
