"""Variables by which applications commonly name their mail server, where the application is not known.

``SMTP_HOST`` with ``SMTP_PORT``, ``MAIL_HOST`` or ``EMAIL_HOST`` with a port and a user, with or without a prefix. What
switches for TLS mean differs between applications: it is known for port 465 alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mailpolicy.applications.sending import Mode, Names, logs_in, sent
from mailpolicy.applications.words import secrets
from mailpolicy.envfile import Setting
from mailpolicy.sessions import unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact

SOFTWARE = "environment"
NEWEST = ()
ENVIRONMENT: Mapping[str, str] = {}
_FAMILY = r"(?P<prefix>(?:[A-Z0-9]+_)*(?:SMTP|E?MAIL|MAILER)(?:_(?:SMTP|SERVER))?)_"
HOST = _FAMILY + r"(?:HOST|HOSTNAME|SERVER|SERVER_HOST|SERVER_ADDRESS|ADDR|HOST_ADDR|(?<=SMTP_)ADDRESS)"
_PORTS = ("PORT", "SERVER_PORT", "HOST_PORT")
_USERS = ("USER", "USERNAME", "USER_NAME", "LOGIN", "AUTH_USER", "AUTH_USERNAME", "HOST_USER", "SERVER_USER")
_PASSWORDS = ("PASSWORD", "PASS", "PWD", "AUTH_PASS", "AUTH_PASSWORD", "HOST_PASSWORD", "USER_PWD", "SERVER_PASSWORD")
_SWITCHES = ("SECURE", "SSL", "USE_SSL", "SSL_ENABLED", "ENCRYPTION", "SECURITY", "TLS", "USE_TLS")
_IMPLICIT = re.compile(r"(?i)(?:true|1|yes|on|ssl|tls|smtps|ssl/tls|force_tls|implicit)\Z")
_LISTENING = frozenset(("0.0.0.0", "::", "[::]", "*"))
SERVERS = (
    r"(RELAYHOST|MYNETWORKS|POSTFIX|DKIM|OPENDKIM|SMARTHOST|ALLOWED_SENDER_DOMAINS|OVERRIDE_HOSTNAME|MAILNAME"
    r"|TLS_FLAVOR|MAILCOW|SERVER_HOSTNAME|DOVECOT|PERMIT_DOCKER|SSL_TYPE|EXIM|MP|MH|MAILDEV|POSTMASTER(_ADDRESS)?)(_\w+)?"
    r"|(SMTP|IMAP|POP3?)_SOCKET(_TYPE)?"
)
"""Variables of mail servers, mail catchers, and of services that tell clients their settings: no application's own."""
SERVER_IMAGES = (
    r"postfix|mail-?server|mailu|mailcow|poste\.io|maildev|mailhog|mailpit|mailcatcher|greenmail|inbucket|exim|dovecot"
    r"|opensmtpd|smtp4dev|stalwart|maddy|mox|haraka|smtp-relay|/smtp(:|$)|namshi/smtp|autodiscover|opendkim|rspamd|sendria"
)


def found(names: Iterable[str]) -> list[Names]:
    """The mailers that variables of these names come to."""
    held = set(names)
    if any(re.fullmatch(SERVERS, name) for name in held):
        return []
    made: dict[str, Names] = {}
    for name in sorted(held):
        match = re.fullmatch(HOST, name)
        if match is None or match["prefix"] in made:
            continue
        mailer = _mailer(held, match["prefix"], name)
        enough = mailer.port and ("SMTP" in match["prefix"] or mailer.user or mailer.password)
        if enough:
            made[match["prefix"]] = mailer
    return list(made.values())


def _mailer(held: set[str], prefix: str, host: str) -> Names:
    def first(ends: Iterable[str]) -> str:
        return next((f"{prefix}_{end}" for end in ends if f"{prefix}_{end}" in held), "")

    password = first(_PASSWORDS)
    kept = next((f"{prefix}_{end}_FILE" for end in _PASSWORDS if f"{prefix}_{end}_FILE" in held), "")
    return Names(host, first(_PORTS), first(_USERS), password, kept)


def facts(settings: Settings) -> list[Fact]:
    """The sessions of all mailers; which of them are in use is what their hosts tell."""
    return [fact for mailer in found(settings.settings) for fact in _session(settings, mailer)]


def _session(settings: Settings, mailer: Names) -> list[Fact]:
    host = settings.text(mailer.host)
    prefix = mailer.port.removesuffix("_PORT").removesuffix("_SERVER").removesuffix("_HOST")
    enabled = settings.settings.get(f"{prefix}_ENABLED") or settings.settings.get(f"{prefix}_ENABLE")
    off = enabled is not None and (enabled.value or "").lower() in ("false", "0", "no", "off")
    if off or host in _LISTENING or (host is not None and ("://" in host or "@" in host)):
        return secrets(settings, mailer.password)
    by = next((f"{prefix}_{end}" for end in _SWITCHES if _is_on(settings.settings.get(f"{prefix}_{end}"))), "")
    implicit = bool(by) and settings.text(mailer.port) == "465"
    account = mailer.host.rpartition("_")[0].lower()
    mode = Mode("implicit" if implicit else None, None, settings.told(by) if by else ())
    login = logs_in(settings, mailer)
    if not login.value:
        login = unknown(login.by)  # it may log in by what has another name
    return sent(settings, mailer, mode, port=None, login=login, mechanisms=None, account=account)


def _is_on(switch: Setting | None) -> bool:
    return switch is not None and bool(switch.value) and _IMPLICIT.match(switch.value or "") is not None
