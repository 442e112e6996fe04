"""The image sameersbn/gitlab: variables that its start script makes the settings of GitLab of.

After assets/runtime/env-defaults and functions of sameersbn/docker-gitlab 18.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.applications import gitlab
from mailpolicy.envfile import Setting
from mailpolicy.settings import Settings
from mailpolicy.types import Fact

SOFTWARE = "gitlab"
NEWEST = (18, 0)
ENVIRONMENT: Mapping[str, str] = {
    "SMTP_ENABLED": "smtp_enable", "SMTP_HOST": "smtp_address", "SMTP_PORT": "smtp_port", "SMTP_USER": "smtp_user_name",
    "SMTP_PASS": "smtp_password", "SMTP_AUTHENTICATION": "smtp_authentication", "SMTP_STARTTLS":
    "smtp_enable_starttls_auto", "SMTP_TLS": "smtp_tls", "SMTP_OPENSSL_VERIFY_MODE": "smtp_openssl_verify_mode",
    "IMAP_ENABLED": "incoming_email_enabled", "IMAP_HOST": "incoming_email_host", "IMAP_PORT": "incoming_email_port",
    "IMAP_USER": "incoming_email_email", "IMAP_PASS": "incoming_email_password", "IMAP_SSL": "incoming_email_ssl",
    "IMAP_STARTTLS": "incoming_email_start_tls",
}  # fmt: skip
_DEFAULTS = {
    "smtp_address": "smtp.gmail.com", "smtp_port": "587", "smtp_enable_starttls_auto": "true", "smtp_tls": "false",
    "smtp_openssl_verify_mode": "none", "incoming_email_host": "imap.gmail.com", "incoming_email_port": "993",
    "incoming_email_ssl": "true", "incoming_email_start_tls": "false",
}  # fmt: skip
_USERS = {"smtp_enable": "smtp_user_name", "incoming_email_enabled": "incoming_email_email"}


def facts(settings: Settings) -> list[Fact]:
    """As of GitLab, with the defaults of the image: a user's name turns mail on, and certificates are not checked."""
    found = {name: one for name, one in settings.settings.items() if one.value != ""}
    for name, value in _DEFAULTS.items():
        found.setdefault(name, Setting(name, value, settings.start))
    for name, user in _USERS.items():
        if name not in found and user in found:
            found[name] = Setting(name, "true", found[user].where)
        elif name in found and found[name].value not in (None, "true"):
            found[name] = found[name]._replace(value="false")
    if "smtp_user_name" in found:
        found.setdefault("smtp_authentication", Setting("smtp_authentication", "login", found["smtp_user_name"].where))
    return gitlab.facts(settings._replace(settings=found))
