"""Applications that send by the Mail gem (Ruby on Rails), by its delivery method ``smtp`` of Mail 2.8 over net-smtp.

``tls`` or ``ssl`` is TLS from the first byte; ``enable_starttls`` STARTTLS or nothing; ``enable_starttls_auto``
STARTTLS where the server offers it. Certificates are checked unless ``openssl_verify_mode`` is none.
"""

from __future__ import annotations

from mailpolicy.applications.sending import Mode, Names, Table, logs_in, names, sent
from mailpolicy.applications.words import flag
from mailpolicy.settings import Settings
from mailpolicy.types import Fact, Origin

_MECHANISMS = {"plain": ("PLAIN",), "login": ("LOGIN",), "cram_md5": ("CRAM-MD5",), "xoauth2": ("XOAUTH2",)}


def mode(
    settings: Settings,
    verify: str,
    implicit: bool | None,
    always: bool | None,
    auto: bool | None,
    by: tuple[Origin, ...],
) -> Mode:
    """What the Mail gem makes of its settings; ``verify`` is the name of openssl_verify_mode, None an unknown one."""
    tls: str | None = None
    if implicit:
        tls = "implicit"
    elif implicit is False and always:
        tls = "required"
    elif implicit is False and always is False and auto is not None:
        tls = "opportunistic" if auto else "none"
    text = settings.text(verify)
    checks = {"": "ca", "none": "none", "peer": "ca", "client_once": "ca", "fail_if_no_peer_cert": "ca"}
    return Mode(tls, checks.get(text.lower().rpartition("_verify_")[2]) if text is not None else None, by,
                settings.told(verify))  # fmt: skip


def mechanisms(settings: Settings, name: str, default: str) -> tuple[str, ...] | None:
    """The login mechanism that ``authentication`` names."""
    text = settings.text(name, default)
    return _MECHANISMS.get(text.lower().replace("-", "_")) if text is not None else None


def _chatwoot(settings: Settings) -> list[Fact]:
    """config/initializers/mailer.rb: port 587 and STARTTLS where offered by default."""
    implicit = _either(flag(settings, "SMTP_SSL"), flag(settings, "SMTP_TLS"))
    by = "SMTP_ENABLE_STARTTLS_AUTO" if not implicit else "SMTP_SSL" if flag(settings, "SMTP_SSL") else "SMTP_TLS"
    auto = flag(settings, "SMTP_ENABLE_STARTTLS_AUTO", True)
    made = mode(settings, "SMTP_OPENSSL_VERIFY_MODE", implicit, False, auto, settings.told(by))
    fields = Names("SMTP_ADDRESS", "SMTP_PORT", "SMTP_USERNAME", "SMTP_PASSWORD")
    login = logs_in(settings, fields, both=False)
    return sent(
        settings, fields, made, port=587, login=login, mechanisms=mechanisms(settings, "SMTP_AUTHENTICATION", "plain")
    )


def _huginn(settings: Settings) -> list[Fact]:
    """config/initializers/action_mailer.rb: port 587 by default."""
    auto = flag(settings, "SMTP_ENABLE_STARTTLS_AUTO", None)
    implicit = flag(settings, "SMTP_SSL")
    by = settings.told("SMTP_SSL" if implicit else "SMTP_ENABLE_STARTTLS_AUTO")
    made = mode(settings, "SMTP_OPENSSL_VERIFY_MODE", implicit, False, auto, by)
    fields = Names("SMTP_SERVER", "SMTP_PORT", "SMTP_USER_NAME", "SMTP_PASSWORD")
    login = logs_in(settings, fields, both=False)
    return sent(
        settings, fields, made, port=None, login=login, mechanisms=mechanisms(settings, "SMTP_AUTHENTICATION", "plain")
    )


def _either(one: bool | None, other: bool | None) -> bool | None:
    return True if one or other else None if one is None or other is None else False


_OWN = ("SMTP_PORT", "SMTP_PASSWORD", "SMTP_AUTHENTICATION", "SMTP_ENABLE_STARTTLS_AUTO", "SMTP_OPENSSL_VERIFY_MODE",
        "SMTP_SSL")  # fmt: skip
APPLICATIONS = {
    "chatwoot": Table("chatwoot", (4, 0), names("", "SMTP_ADDRESS", "SMTP_USERNAME", "SMTP_TLS", *_OWN), _chatwoot),
    "huginn": Table("huginn", (2022,), names("", "SMTP_SERVER", "SMTP_USER_NAME", *_OWN), _huginn),
}
