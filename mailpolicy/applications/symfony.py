"""Symfony: the address of a mail server in ``MAILER_DSN`` (Symfony Mailer) or ``MAILER_URL`` (SwiftMailer's bundle).

After symfony/mailer 5.4, which was run, and 7.0: smtps or port 465 is TLS from the first byte, else STARTTLS is used
where it is offered; auto_tls=false never asks for it (7.1), require_tls=true demands it (7.3).
"""

from __future__ import annotations

from mailpolicy.applications.sending import Mode, names
from mailpolicy.applications.urls import Dsn, parsed, session, sets
from mailpolicy.ports import port_number
from mailpolicy.settings import Settings
from mailpolicy.types import Fact, Origin

SOFTWARE = "symfony"
NEWEST = (7, 3)
ENVIRONMENT = names("", "MAILER_DSN", "MAILER_URL")
_OFF = frozenset(("0", "false", "off", "no"))
_LOCAL = "localhost"


def facts(settings: Settings) -> list[Fact]:
    """The session that an address names; none for null://, sendmail:// and the interfaces of providers."""
    return [fact for name in ("MAILER_DSN", "MAILER_URL") for fact in by_url(settings, name, "mailer")]


def by_url(settings: Settings, name: str, account: str) -> list[Fact]:
    """The session and the secret of an address; none for one that is not known: it may name anything."""
    dsn = parsed(settings, name)
    if dsn is None or dsn.scheme not in ("smtp", "smtps"):
        return []
    if name == "MAILER_URL":
        dsn = dsn._replace(
            user=dsn.options.get("username", dsn.user), password=dsn.options.get("password", dsn.password)
        )
        dsn.spans.update({part: dsn.spans[own] for own, part in (("username", "user"),) if own in dsn.spans})
    checked = dsn.options.get("verify_peer", "1").lower() not in _OFF
    verify = "fingerprint" if "peer_fingerprint" in dsn.options else "ca" if checked else "none"
    tls, by, port = _swift(dsn) if name == "MAILER_URL" else _mailer(dsn)
    return session(settings, dsn, Mode(tls, verify, by, sets(dsn.at("verify_peer", "scheme"))), port, account)


def _mailer(dsn: Dsn) -> tuple[str | None, tuple[Origin, ...], int | None]:
    """TLS and port by EsmtpTransport and its factory."""
    port = port_number(dsn.port) if dsn.port else None
    secure = dsn.scheme == "smtps"
    starttls = dsn.options.get("auto_tls", "1").lower() not in _OFF
    if port is None:  # 465 by itself, but for localhost
        secure = secure or (dsn.host != _LOCAL and starttls)
        port = 465 if secure else 25
    if secure or (port == 465 and starttls):
        return "implicit", sets(dsn.at("scheme")), port
    if dsn.options.get("require_tls", "0").lower() not in (*_OFF, ""):
        return "required", sets(dsn.at("require_tls")), port
    return ("opportunistic", sets(dsn.at("scheme")), port) if starttls else ("none", sets(dsn.at("auto_tls")), port)


def _swift(dsn: Dsn) -> tuple[str | None, tuple[Origin, ...], int | None]:
    """TLS and port by the bundle of SwiftMailer: encryption=tls is STARTTLS or nothing, without it there is none."""
    word = dsn.options.get("encryption", "")
    tls = {"tls": "required", "ssl": "implicit"}.get(word, "none")
    port = port_number(dsn.port) if dsn.port else 465 if word == "ssl" else 25
    return tls, sets(dsn.at("encryption", "scheme")), port
