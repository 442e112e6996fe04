"""Applications with a mailer of their own or by a library that few of these share; each function names its source."""

from __future__ import annotations

from mailpolicy.applications.sending import Mode, Names, Table, logs_in, names, sent
from mailpolicy.applications.words import flag, secrets
from mailpolicy.sessions import Told, unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact

_PLAIN_NEEDS_TLS = "logs in by net/smtp of Go, which refuses to without TLS"


def _javamail(settings: Settings) -> list[Fact]:
    """JavaMail: ssl.enable is TLS from the first byte, starttls.required STARTTLS or nothing, starttls.enable STARTTLS
    where it is offered. Whether names are checked depends on its version.
    """
    implicit, required = flag(settings, "ssl.enable"), flag(settings, "starttls.required")
    offered = flag(settings, "starttls.enable")
    by = "ssl.enable" if implicit or implicit is None else "starttls.required" if required else "starttls.enable"
    tls: str | None = None
    if implicit:
        tls = "implicit"
    elif implicit is False and required:
        tls = "required"
    elif implicit is False and required is False and offered is not None:
        tls = "opportunistic" if offered else "none"
    fields = Names("host", "port", "user", "password")
    asked = flag(settings, "auth")
    login = Told(False, settings.told("auth")) if asked is False else logs_in(settings, fields)
    login = unknown(settings.told("auth")) if asked is None else login
    return sent(settings, fields, Mode(tls, None, settings.told(by)), port=None, login=login)


def _fider(settings: Settings) -> list[Fact]:
    """app/services/email/smtp/smtp.go: STARTTLS where it is offered. PLAIN is refused without, LOGIN is its own."""
    starttls = flag(settings, "ENABLE_STARTTLS", True)
    tls = None if starttls is None else "opportunistic" if starttls else "none"
    fields = Names("HOST", "PORT", "USERNAME", "PASSWORD")
    by = settings.told("ENABLE_STARTTLS")
    login = logs_in(settings, fields)
    more = {"cleartext_credentials": unknown(by)} if login.value is not False else {}
    return sent(settings, fields, Mode(tls, "ca", by), port=None, login=login, more=more)


def _mattermost(settings: Settings) -> list[Fact]:
    """server/platform/shared/mail/mail.go: whether STARTTLS came about is not looked at, but the login asks for TLS."""
    word = settings.text("ConnectionSecurity")
    by = settings.told("ConnectionSecurity")
    tls = None if word is None else {"TLS": "implicit", "STARTTLS": "opportunistic"}.get(word, "none")
    verify = flag(settings, "SkipServerCertificateVerification")
    mode = Mode(tls, None if verify is None else "none" if verify else "ca", by)
    enabled = flag(settings, "EnableSMTPAuth")
    login = Told(enabled, settings.told("EnableSMTPAuth"), enabled is not None)
    more = {"cleartext_credentials": Told(False, by)}
    if enabled and tls == "none":
        more["broken"] = Told(_PLAIN_NEEDS_TLS, by)
    fields = Names("SMTPServer", "SMTPPort", "SMTPUsername", "SMTPPassword")
    return sent(settings, fields, mode, port=10025, login=login, more=more)


def _appwrite(settings: Settings) -> list[Fact]:
    """app/init.php: PHPMailer without SMTPAutoTLS; tls is STARTTLS or nothing, ssl TLS from the first byte."""
    word = settings.text("SECURE")
    tls = None if word is None else {"tls": "required", "ssl": "implicit"}.get(word.lower(), "none")
    fields = Names("HOST", "PORT", "USERNAME", "PASSWORD")
    return sent(settings, fields, Mode(tls, "ca", settings.told("SECURE")), port=25)


def _mealie(settings: Settings) -> list[Fact]:
    """mealie/services/email/email_senders.py: smtplib of Python without a context, which checks no certificate."""
    word = settings.text("SMTP_AUTH_STRATEGY", "TLS")
    tls = None if word is None else {"TLS": "required", "SSL": "implicit"}.get(word.upper(), "none")
    fields = Names("SMTP_HOST", "SMTP_PORT", "SMTP_USER", "SMTP_PASSWORD")
    return sent(settings, fields, Mode(tls, "none", settings.told("SMTP_AUTH_STRATEGY")), port=587)


def _msmtpd(settings: Settings) -> list[Fact]:
    """crazymax/msmtpd: an msmtprc of the variables, in which STARTTLS is required where TLS is on."""
    on, starttls = flag(settings, "SMTP_TLS"), flag(settings, "SMTP_STARTTLS", True)
    tls: str | None = None
    if on is False:
        tls = "none"
    elif on and starttls is not None:
        tls = "required" if starttls else "implicit"
    checked = flag(settings, "SMTP_TLS_CHECKCERT", True)
    by = settings.told("SMTP_STARTTLS" if on and starttls is False else "SMTP_TLS")
    made = Mode(tls, None if checked is None else "ca" if checked else "none", by, settings.told("SMTP_TLS_CHECKCERT"))
    word = (settings.text("SMTP_AUTH", "off") or "").lower()
    login = Told(word != "off", settings.told("SMTP_AUTH"), settings.text("SMTP_AUTH", "off") is not None)
    mechanisms = () if word in ("on", "off", "") else (word.upper(),)
    fields = Names("SMTP_HOST", "SMTP_PORT", "SMTP_USER", "SMTP_PASSWORD", "SMTP_PASSWORD_FILE")
    more: dict[str, Told] = {}
    if (
        login.value and not mechanisms and tls == "none"
    ):  # msmtp chooses a method that keeps the password secret, or fails
        more["cleartext_credentials"] = Told(False, by)
    port = 465 if tls == "implicit" else 25 if tls else None
    return sent(settings, fields, made, port=port, login=login, mechanisms=mechanisms, more=more)


def _mailman(settings: Settings) -> list[Fact]:
    """maxking/mailman-core (SMTP_SECURE_MODE, mailman/mta/connection.py) and mailman-web (SMTP_USE_TLS, by Django)."""
    fields = Names("SMTP_HOST", "SMTP_PORT", "SMTP_HOST_USER", "SMTP_HOST_PASSWORD")
    word = settings.text("SMTP_SECURE_MODE")
    starttls, implicit = flag(settings, "SMTP_USE_TLS"), flag(settings, "SMTP_USE_SSL")
    by, tls = "SMTP_SECURE_MODE", None
    if word != "":
        tls = {"smtp": "none", "smtps": "implicit", "starttls": "required"}.get(word or "")
    elif starttls is not None and implicit is not None:
        by = "SMTP_USE_SSL" if implicit else "SMTP_USE_TLS"
        tls = "implicit" if implicit else "required" if starttls else "none"
    return sent(settings, fields, Mode(tls, None, settings.told(by)), port=25)


def _plausible(settings: Settings) -> list[Fact]:
    """config/runtime.exs: gen_smtp with TLS where it is offered (up to 2.1); later adapters have other names."""
    if not (settings.text("MAILER_ADAPTER") or "SMTPAdapter").endswith("SMTPAdapter"):
        return secrets(settings, "SMTP_USER_PWD")
    implicit = flag(settings, "SMTP_HOST_SSL_ENABLED")
    tls = None if implicit is None else "implicit" if implicit else "opportunistic"
    fields = Names("SMTP_HOST_ADDR", "SMTP_HOST_PORT", "SMTP_USER_NAME", "SMTP_USER_PWD")
    return sent(settings, fields, Mode(tls, None, settings.told("SMTP_HOST_SSL_ENABLED")), port=25)


_JAVAMAIL = {
    "HOST": "host", "PORT": "port", "USERNAME": "user", "PASSWORD": "password", "AUTH": "auth",
    "SSL_ENABLED": "ssl.enable", "STARTTLS_ENABLED": "starttls.enable", "STARTTLS_REQUIRED": "starttls.required",
}  # fmt: skip
APPLICATIONS = {
    "lowcoder": Table("lowcoder", (2,), {"LOWCODER_ADMIN_SMTP_" + n: own for n, own in _JAVAMAIL.items()}, _javamail),
    "tolgee": Table("tolgee", (3,), {
        "TOLGEE_SMTP_TLS_ENABLED" if n == "STARTTLS_ENABLED" else "TOLGEE_SMTP_TLS_REQUIRED" if n == "STARTTLS_REQUIRED"
        else "TOLGEE_SMTP_" + n: own for n, own in _JAVAMAIL.items()
    }, _javamail),
    "fider": Table("fider", (0, 22), names(
        "EMAIL_SMTP_", "HOST", "PORT", "USERNAME", "PASSWORD", "ENABLE_STARTTLS"
    ), _fider),
    "mattermost": Table("mattermost", (10, 0), {
        "MM_EMAILSETTINGS_" + name.upper(): name for name in (
            "SMTPServer", "SMTPPort", "SMTPUsername", "SMTPPassword", "ConnectionSecurity", "EnableSMTPAuth",
            "SkipServerCertificateVerification",
        )
    }, _mattermost),
    "appwrite": Table("appwrite", (1, 6), names(
        "_APP_SMTP_", "HOST", "PORT", "SECURE", "USERNAME", "PASSWORD"
    ), _appwrite),
    "mealie": Table("mealie", (2, 0), names(
        "", "SMTP_HOST", "SMTP_PORT", "SMTP_USER", "SMTP_PASSWORD", "SMTP_AUTH_STRATEGY"
    ), _mealie),
    "msmtpd": Table("msmtpd", (1, 8), names(
        "", "SMTP_HOST", "SMTP_PORT", "SMTP_USER", "SMTP_PASSWORD", "SMTP_PASSWORD_FILE", "SMTP_TLS", "SMTP_STARTTLS",
        "SMTP_TLS_CHECKCERT", "SMTP_AUTH",
    ), _msmtpd),
    "mailman": Table("mailman", (3, 3), names(
        "", "SMTP_HOST", "SMTP_PORT", "SMTP_HOST_USER", "SMTP_HOST_PASSWORD", "SMTP_SECURE_MODE", "SMTP_USE_TLS",
        "SMTP_USE_SSL",
    ), _mailman),
    "plausible": Table("plausible", (2, 1), names(
        "", "MAILER_ADAPTER", "SMTP_HOST_ADDR", "SMTP_HOST_PORT", "SMTP_USER_NAME", "SMTP_USER_PWD",
        "SMTP_HOST_SSL_ENABLED",
    ), _plausible),
}  # fmt: skip
