"""Applications that send by Nodemailer (JavaScript), by lib/smtp-connection of Nodemailer 6.10 and 7.0, which was run.

``secure`` is TLS from the first byte; without it STARTTLS is used where the server offers it, unless ``requireTLS``
demands it or ``ignoreTLS`` never asks for it. Certificates are checked unless ``rejectUnauthorized`` is false.
"""

from __future__ import annotations

from mailpolicy.applications.sending import Mode, Names, Table, logs_in, names, sent
from mailpolicy.applications.words import equals, flag, port_of, secrets
from mailpolicy.settings import Settings
from mailpolicy.types import Fact, Origin


def mode(
    secure: bool | None,
    by: tuple[Origin, ...],
    ignore: bool | None = False,
    require: bool | None = False,
    verify: bool | None = True,
    checked_by: tuple[Origin, ...] = (),
) -> Mode:
    """What Nodemailer makes of its options; None is an unknown option."""
    tls: str | None = None
    if secure:
        tls = "implicit"
    elif secure is False and ignore:
        tls = "none"
    elif secure is False and require:
        tls = "required"
    elif secure is False and ignore is False and require is False:
        tls = "opportunistic"
    return Mode(tls, None if verify is None else "ca" if verify else "none", by, checked_by)


def by_port(settings: Settings, name: str, default: int | None) -> bool | None:
    """``secure`` where it is not set: on port 465."""
    port = port_of(settings, name, default)
    return port.value == 465 if port.known else None


def _ghost(settings: Settings) -> list[Fact]:
    """Ghost hands ``mail.options`` to Nodemailer; values of the environment are read as JSON where they are (nconf)."""
    transport = settings.text("transport", "Direct")
    if transport is not None and transport.lower() != "smtp":
        return secrets(settings, "pass")
    told = settings.told("secureConnection" if "secureConnection" in settings.settings else "secure")
    secure = flag(settings, "secure", None)
    if "secure" not in settings.settings:
        secure = by_port(settings, "port", 587)
    verify = flag(settings, "rejectUnauthorized", True)
    made = mode(secure, told, flag(settings, "ignoreTLS"), flag(settings, "requireTLS"), verify)
    if settings.text("service"):
        made = made._replace(tls=None)  # a service's own host and port go before
    return sent(settings, _GHOST, made, port=465 if secure else 587)


_GHOST = Names("host", "port", "user", "pass")


def _outline(settings: Settings) -> list[Fact]:
    """server/emails/mailer.tsx: secure unless false, and then certificates are not checked either."""
    secure = flag(settings, "SMTP_SECURE", True)
    ignore = flag(settings, "SMTP_DISABLE_STARTTLS")
    names_of = Names("SMTP_HOST", "SMTP_PORT", "SMTP_USERNAME", "SMTP_PASSWORD")
    made = mode(secure, settings.told("SMTP_SECURE"), ignore, verify=secure)
    return sent(settings, names_of, made, port=None, login=logs_in(settings, names_of, both=False))


def _directus(settings: Settings) -> list[Fact]:
    """api/src/mailer.ts: options from EMAIL_SMTP_*; ``secure`` unset is left to Nodemailer."""
    if settings.text("EMAIL_TRANSPORT", "sendmail") not in ("smtp", None):
        return []
    secure = flag(settings, "SECURE", None) if "SECURE" in settings.settings else by_port(settings, "PORT", 587)
    verify = flag(settings, "TLS_REJECT_UNAUTHORIZED", True)
    names_of = Names("HOST", "PORT", "USER", "PASSWORD")
    made = mode(secure, settings.told("SECURE"), flag(settings, "IGNORE_TLS"), False, verify)
    return sent(settings, names_of, made, port=465 if secure else 587)


def _n8n(settings: Settings) -> list[Fact]:
    """packages/cli/src/user-management/email/node-mailer.ts: secure by default, ignoreTLS without STARTTLS."""
    if settings.text("EMAIL_MODE", "smtp") not in ("smtp", None):
        return []
    starttls = flag(settings, "STARTTLS", True)
    names_of = Names("HOST", "PORT", "USER", "PASS")
    ignore = None if starttls is None else not starttls
    return sent(settings, names_of, mode(flag(settings, "SSL", True), settings.told("SSL"), ignore), port=465)


def _calcom(settings: Settings) -> list[Fact]:
    """packages/lib/serverConfig.ts: secure on port 465 alone; a URL in EMAIL_SERVER goes before."""
    if settings.text("EMAIL_SERVER") != "":
        return []
    made = mode(by_port(settings, "PORT", None), settings.told("PORT"))
    return sent(settings, Names("HOST", "PORT", "USER", "PASSWORD"), made, port=None)


def _kutt(settings: Settings) -> list[Fact]:
    """server/mail/mail.js and server/env.js: options as they are; a user alone makes a login."""
    names_of = Names("HOST", "PORT", "USER", "PASSWORD")
    if flag(settings, "ENABLED", settings.version.split(".")[0] in ("1", "2")) is False:  # comes with 3
        return secrets(settings, "PASSWORD")
    made = mode(flag(settings, "SECURE"), settings.told("SECURE"))
    return sent(settings, names_of, made, port=587, login=logs_in(settings, names_of, both=False))


def _peertube(settings: Settings) -> list[Fact]:
    """server/lib/emailer.ts and config/production.yaml: TLS by default on 465."""
    names_of = Names("HOSTNAME", "PORT", "USERNAME", "PASSWORD")
    made = mode(flag(settings, "TLS", True), settings.told("TLS"), flag(settings, "DISABLE_STARTTLS"))
    return sent(settings, names_of, made, port=465)


def _overleaf(settings: Settings) -> list[Fact]:
    """server-ce/config/settings.js: options as they are."""
    verify = flag(settings, "TLS_REJECT_UNAUTH", True)
    secure = flag(settings, "SECURE", None) if "SECURE" in settings.settings else by_port(settings, "PORT", 587)
    made = mode(secure, settings.told("SECURE"), flag(settings, "IGNORE_TLS"), False, verify)
    return sent(settings, Names("HOST", "PORT", "USER", "PASS"), made, port=465 if secure else 587)


def _documenso(settings: Settings) -> list[Fact]:
    """packages/email/mailer.ts: smtp-auth is its default transport."""
    if settings.text("TRANSPORT", "smtp-auth") not in ("smtp-auth", None):
        return []
    names_of = Names("HOST", "PORT", "USERNAME", "PASSWORD")
    made = mode(
        equals(settings, "SECURE", "true"), settings.told("SECURE"), equals(settings, "UNSAFE_IGNORE_TLS", "true")
    )
    return sent(settings, names_of, made, port=587, login=logs_in(settings, names_of, both=False))


_OVERLEAF = ("HOST", "PORT", "SECURE", "USER", "PASS", "TLS_REJECT_UNAUTH", "IGNORE_TLS")
APPLICATIONS = {
    "ghost": Table("ghost", (6, 0), {
        "mail__transport": "transport",
        **names("mail__options__", "host", "port", "service", "secure", "secureConnection", "ignoreTLS", "requireTLS"),
        "mail__options__auth__user": "user",
        "mail__options__auth__pass": "pass",
        "mail__options__tls__rejectUnauthorized": "rejectUnauthorized",
    }, _ghost),
    "outline": Table("outline", (1, 0), names(
        "", "SMTP_HOST", "SMTP_PORT", "SMTP_USERNAME", "SMTP_PASSWORD", "SMTP_SECURE", "SMTP_DISABLE_STARTTLS"
    ), _outline),
    "directus": Table("directus", (11, 0), {
        "EMAIL_TRANSPORT": "EMAIL_TRANSPORT",
        **names("EMAIL_SMTP_", "HOST", "PORT", "USER", "PASSWORD", "SECURE", "IGNORE_TLS", "TLS_REJECT_UNAUTHORIZED"),
    }, _directus),
    "n8n": Table("n8n", (1, 0), {
        "N8N_EMAIL_MODE": "EMAIL_MODE", **names("N8N_SMTP_", "HOST", "PORT", "USER", "PASS", "SSL", "STARTTLS"),
    }, _n8n),
    "calcom": Table("calcom", (5, 0), {
        "EMAIL_SERVER": "EMAIL_SERVER",
        **names("EMAIL_SERVER_", "HOST", "PORT", "USER", "PASSWORD"),
    }, _calcom),
    "kutt": Table("kutt", (3, 0), names("MAIL_", "ENABLED", "HOST", "PORT", "SECURE", "USER", "PASSWORD"), _kutt),
    "peertube": Table("peertube", (7, 0), names(
        "PEERTUBE_SMTP_", "HOSTNAME", "PORT", "USERNAME", "PASSWORD", "TLS", "DISABLE_STARTTLS"
    ), _peertube),
    "overleaf": Table("overleaf", (5, 0), {
        **names("SHARELATEX_EMAIL_SMTP_", *_OVERLEAF), **names("OVERLEAF_EMAIL_SMTP_", *_OVERLEAF),
    }, _overleaf),
    "documenso": Table("documenso", (1, 0), names(
        "NEXT_PRIVATE_SMTP_", "TRANSPORT", "HOST", "PORT", "USERNAME", "PASSWORD", "SECURE", "UNSAFE_IGNORE_TLS"
    ), _documenso),
}  # fmt: skip
