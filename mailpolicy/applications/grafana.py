"""Grafana: section ``[smtp]``.

After pkg/setting/setting_smtp.go and pkg/services/notifications/smtp.go of Grafana 12 and gopkg.in/mail.v2 2.3: TLS
from the first byte on port 465 alone, STARTTLS as startTLS_policy says, and LOGIN in clear where PLAIN is not offered.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.applications.words import Address, address, credential, login, secrets, session
from mailpolicy.go_ini import boolean
from mailpolicy.sessions import Told, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact

SOFTWARE = "grafana"
NEWEST = (12, 0)
ENVIRONMENT: Mapping[str, str] = {
    "GF_SMTP_ENABLED": "enabled", "GF_SMTP_HOST": "host", "GF_SMTP_USER": "user", "GF_SMTP_PASSWORD": "password",
    "GF_SMTP_PASSWORD__FILE": "password__FILE", "GF_SMTP_SKIP_VERIFY": "skip_verify",
    "GF_SMTP_STARTTLS_POLICY": "startTLS_policy",
}  # fmt: skip
_POLICIES = {"NoStartTLS": "none", "MandatoryStartTLS": "required"}


def facts(settings: Settings) -> list[Fact]:
    """The session with the mail server, where mail is enabled, and the password."""
    found = secrets(settings, "password")
    if boolean(settings.text("enabled")) is False:
        return found
    at = address(settings, "host", "localhost:25")
    told = {
        "host": at.host,
        "port": at.port,
        "port_stated": at.stated,
        "tls": _tls(settings, at),
        "verify": _verify(settings),
        "authenticates": login(settings, "user"),
        "credential": credential(settings, "password", "password__FILE"),
        "broken": Told(at.fault, settings.told("host")),
    }
    return [session(settings, settings.where("host"), "smtp", told), *found]


def _tls(settings: Settings, at: Address) -> Told:
    policy, by = settings.text("startTLS_policy"), settings.told("startTLS_policy")
    if at.port.value == 465:
        return Told("implicit", at.port.by)
    if policy is None or not (at.port.known or at.fault):
        return unknown((*at.port.by, *by))
    return Told(_POLICIES.get(policy, "opportunistic"), (*at.port.by, *by))


def _verify(settings: Settings) -> Told:
    skip = boolean(settings.text("skip_verify"))
    return maybe(None if skip is None else "none" if skip else "ca", settings.told("skip_verify"))
