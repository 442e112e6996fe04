"""Discourse: ``DISCOURSE_SMTP_*``, after GlobalSetting.smtp_settings (app/models/global_setting.rb) and its defaults.

Also the ``env`` of containers/*.yml, which its launcher hands on as it stands.
"""

from __future__ import annotations

from mailpolicy.applications.rubymail import mechanisms, mode
from mailpolicy.applications.sending import Names, logs_in, names, sent
from mailpolicy.applications.words import equals
from mailpolicy.settings import Settings
from mailpolicy.types import Fact

SOFTWARE = "discourse"
NEWEST = (3, 5)
ENVIRONMENT = names(
    "DISCOURSE_", "SMTP_ADDRESS", "SMTP_PORT", "SMTP_USER_NAME", "SMTP_PASSWORD", "SMTP_ENABLE_START_TLS",
    "SMTP_FORCE_TLS", "SMTP_OPENSSL_VERIFY_MODE", "SMTP_AUTHENTICATION",
)  # fmt: skip
_NAMES = Names("SMTP_ADDRESS", "SMTP_PORT", "SMTP_USER_NAME", "SMTP_PASSWORD")


def facts(settings: Settings) -> list[Fact]:
    """The session to the server that SMTP_ADDRESS names; without one Discourse calls sendmail."""
    implicit = equals(settings, "SMTP_FORCE_TLS", "true")
    auto = (
        equals(settings, "SMTP_ENABLE_START_TLS", "true", True)
        if settings.text("SMTP_ENABLE_START_TLS") != ""
        else True
    )
    by = settings.told("SMTP_FORCE_TLS" if implicit is not False else "SMTP_ENABLE_START_TLS")
    made = mode(settings, "SMTP_OPENSSL_VERIFY_MODE", implicit, False, auto, by)
    login = logs_in(settings, _NAMES, both=False)
    return sent(settings, _NAMES, made, login=login, mechanisms=mechanisms(settings, "SMTP_AUTHENTICATION", "plain"))
