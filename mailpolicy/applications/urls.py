"""Mail servers written as ``smtp://user:password@host:port?option=value``: the parts, and where they stand."""

from __future__ import annotations

import re

from mailpolicy.applications.nodemailer import mode
from mailpolicy.applications.sending import Mode, Table, names
from mailpolicy.envfile import Setting
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import secret
from mailpolicy.ports import port_number
from mailpolicy.sessions import Told, connection, maybe
from mailpolicy.settings import Settings
from mailpolicy.types import Fact, Origin, Span

_DSN = re.compile(
    r"(?P<scheme>[a-z]+(?:\+[a-z]+)?)://(?:(?P<user>[^:@/?]*)(?::(?P<password>[^@/?]*))?@)?"
    r"(?P<host>\[[^\]]*\]|[^:/?#@$%]*)(?::(?P<port>\d+))?/?(?:\?(?P<query>[^#]*))?(?:#.*)?\Z"
)
_ON = frozenset(("true", "1", "yes", "y", "t", "on"))
_SCHEMES: dict[str, tuple[str, int | None]] = {
    "smtp": ("none", None), "smtps": ("required", None), "smtp+tls": ("required", None), "smtp+ssl": ("implicit", None),
    "submission": ("required", 587), "submit": ("required", 587),
}  # fmt: skip
"""Schemes of Django's addresses -> TLS, and the port where there is none in the address."""


class Dsn(NamedTuple):
    """The parts of an address."""

    scheme: str
    host: str
    port: str
    user: str
    password: str
    options: dict[str, str]
    setting: Setting
    spans: dict[str, tuple[int, int]]

    def at(self, *parts: str) -> Span:
        """Where the first of these parts stands that is there; the whole address where none is."""
        where = self.setting.where
        for part in parts:
            start, end = self.spans.get(part, (-1, -1))
            if start >= 0 and start < end and where.column + end <= where.end_column:
                return where._replace(column=where.column + start, end_column=where.column + end)
        return where


def parsed(settings: Settings, name: str) -> Dsn | None:
    """The address that a setting holds; None where it is not known or none."""
    setting = settings.settings.get(name)
    match = _DSN.match(setting.value or "") if setting is not None else None
    if setting is None or match is None:
        return None
    pairs = [pair.partition("=") for pair in (match["query"] or "").split("&") if pair]
    spans = {part: match.span(part) for part in ("scheme", "host", "port", "user", "password")}
    start = match.start("query")
    for pair in (match["query"] or "").split("&"):
        option = pair.partition("=")[0]
        spans[option] = (start + len(option) + 1, start + len(pair))
        start += len(pair) + 1
    options = {option: value for option, _, value in pairs}
    parts = (match["host"].strip("[]"), match["port"] or "", match["user"] or "", match["password"] or "")
    return Dsn(match["scheme"], *parts, options, setting, spans)


def session(settings: Settings, dsn: Dsn, made: Mode, port: int | None, account: str) -> list[Fact]:
    """The session to an address and the secret of its password."""
    told = {
        "account": Told(account),
        "protocol": Told("smtp"),
        "role": Told("submission"),
        "host": maybe(dsn.host or None, sets(dsn.at("host"))),
        "port": maybe(port, sets(dsn.at("port"))),
        "port_stated": Told(bool(dsn.port), sets(dsn.at("port", "host"))),
        "tls": maybe(made.tls, made.by),
        "authenticates": Told(bool(dsn.user), sets(dsn.at("user"))),
    }
    if made.tls != "none":
        told["verify"] = maybe(made.verify, made.checked_by or made.by)
    if dsn.user:
        clear = None if made.tls is None else made.tls in ("none", "opportunistic")
        told["cleartext_credentials"] = maybe(clear, made.by)
        told["credential"] = Told("literal" if dsn.password else "none", sets(dsn.at("password", "user")))
    held = dsn.setting
    kept = secret(settings.software, settings.version, settings.instance, held.name, dsn.password, dsn.at("password"))
    return [connection(settings.begun("connection", dsn.at("host")), told), *([kept] if kept else [])]


def sets(where: Span) -> tuple[Origin, ...]:
    """The chain of a part that stands in the file."""
    return (Origin("sets", where),)


def _nodemailer(settings: Settings) -> list[Fact]:
    """lib/shared of Nodemailer: smtps is TLS from the first byte, smtp STARTTLS where it is offered."""
    dsn = next((found for name in ("EMAIL_SERVER", "MAIL_URL") if (found := parsed(settings, name))), None)
    if dsn is None or dsn.scheme not in ("smtp", "smtps"):
        return []
    secure = dsn.scheme == "smtps"
    ignore, require = (dsn.options.get(name) in _ON for name in ("ignoreTLS", "requireTLS"))
    verify = dsn.options.get("tls.rejectUnauthorized") not in ("false", "0")
    by, checked = sets(dsn.at("ignoreTLS", "scheme")), sets(dsn.at("tls.rejectUnauthorized", "scheme"))
    port = port_number(dsn.port) if dsn.port else 465 if secure else 587
    return session(settings, dsn, mode(secure, by, ignore, require, verify, checked), port, "smtp")


def _environ(settings: Settings) -> list[Fact]:
    """django-environ 0.12 and dj-email-url 1.0: smtps, smtp+tls and submission are STARTTLS or nothing, smtp+ssl is
    TLS from the first byte, and so ask the options tls and ssl; those of django-environ have Django's names.
    """
    dsn = parsed(settings, "EMAIL_URL")
    if dsn is None or dsn.scheme not in _SCHEMES:
        return []
    tls, port, by = *_SCHEMES[dsn.scheme], "scheme"
    for names_of, asked in ((("tls", "EMAIL_USE_TLS"), "required"), (("ssl", "EMAIL_USE_SSL"), "implicit")):
        given = [name for name in dsn.options if name in (*names_of, names_of[1].lower())]
        if given and dsn.options[given[0]].lower() in _ON:
            tls, by = asked, given[0]
    return session(
        settings, dsn, Mode(tls, None, sets(dsn.at(by))), port_number(dsn.port) if dsn.port else port, "smtp"
    )


APPLICATIONS = {
    "next-auth": Table("next-auth", (4, 24), names("", "EMAIL_SERVER"), _nodemailer),
    "rocketchat": Table("rocket.chat", (7, 0), names("", "MAIL_URL"), _nodemailer),
    "django_url": Table("django", (5, 2), names("", "EMAIL_URL"), _environ),
}
