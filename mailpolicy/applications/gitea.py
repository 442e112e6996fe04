"""Gitea, Forgejo and Gogs: sections ``[mailer]`` and ``[email.incoming]``.

After modules/setting/mailer.go, services/mailer and services/mailer/incoming of Gitea 1.16, 1.18 to 1.24 and of its
main branch, from which Forgejo differs in none of this, and internal/email of Gogs 0.13.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.applications.words import address, credential, login, numbers, secrets, session
from mailpolicy.go_ini import boolean
from mailpolicy.ports import port_number
from mailpolicy.sessions import Told, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact, Origin

SOFTWARE = "gitea"
NEWEST = (1, 24)
_PROTOCOL_SINCE = (1, 18)
"""From here on PROTOCOL, SMTP_ADDR and SMTP_PORT; before it HOST and IS_TLS_ENABLED."""
_MAILER = (
    "ENABLED", "HOST", "PROTOCOL", "SMTP_ADDR", "SMTP_PORT", "IS_TLS_ENABLED", "SKIP_VERIFY", "FORCE_TRUST_SERVER_CERT",
    "USER", "PASSWD", "PASSWD__FILE", "MAILER_TYPE",
)  # fmt: skip
_INCOMING = (
    "ENABLED", "HOST", "PORT", "USE_TLS", "SKIP_TLS_VERIFY", "USERNAME", "PASSWORD", "PASSWORD__FILE",
    "DELETE_HANDLED_MESSAGE",
)  # fmt: skip
_SECTIONS = {"mailer": ("mailer", _MAILER), "email.incoming": ("email_0X2E_incoming", _INCOMING)}
ENVIRONMENT: Mapping[str, str] = {
    f"{program}__{written}__{name}": f"{section}.{name}"
    for program in ("GITEA", "FORGEJO")
    for section, (encoded, names) in _SECTIONS.items()
    for written in (encoded, encoded.upper())
    for name in names
}
"""Section and name of a setting, joined by two underscores (contrib/environment-to-ini)."""
_TLS = {"smtp": "none", "smtps": "implicit", "smtp+starttls": "opportunistic", "smtp+unix": "none"}
_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_KINDS = {port: kind for kind, port in _PORTS.items()}


def facts(settings: Settings) -> list[Fact]:
    """The sessions for outgoing and incoming mail, where they are enabled, and their passwords."""
    names = ("mailer.PASSWD", "email.PASSWORD", "email.PASSWD", "email.incoming.PASSWORD")
    return [*_outgoing(settings), *_incoming(settings), *secrets(settings, *names)]


def _outgoing(settings: Settings) -> list[Fact]:
    section = "email" if settings.software == "gogs" and "email.ENABLED" in settings.settings else "mailer"
    if boolean(settings.text(f"{section}.ENABLED")) is False:
        return []
    elder = settings.software == "gogs" or numbers(settings.version) < _PROTOCOL_SINCE
    told = _elder(settings, section) if elder else _newer(settings)
    if not told:
        return []
    password = "email.PASSWORD" if section == "email" else "mailer.PASSWD"
    told |= {
        "authenticates": login(settings, f"{section}.USER"),
        "credential": credential(settings, password, f"{password}__FILE"),
    }
    first = next((one for one in told["host"].by if one.where), None)
    where = first.where if first and first.where else settings.where(f"{section}.ENABLED")
    return [session(settings, where, section, told)]


def _elder(settings: Settings, section: str) -> dict[str, Told]:
    """STARTTLS wherever it is offered; TLS from the first byte where the port ends in 465."""
    if settings.text("mailer.MAILER_TYPE", "smtp") in ("sendmail", "dummy"):
        return {}
    at = address(settings, f"{section}.HOST")
    always = boolean(settings.text(f"{section}.IS_TLS_ENABLED"))
    by = settings.told(f"{section}.IS_TLS_ENABLED")
    if always:
        tls = Told("implicit", by)
    elif not at.port.known or always is None:
        tls = unknown((*at.port.by, *by))
    else:
        tls = Told("implicit" if str(at.port.value).endswith("465") else "opportunistic", at.port.by)
    return {
        "host": at.host, "port": at.port, "port_stated": at.stated, "tls": tls,
        "verify": _verify(settings, f"{section}.SKIP_VERIFY"), "broken": Told(at.fault, at.port.by),
    }  # fmt: skip


def _newer(settings: Settings) -> dict[str, Told]:
    """PROTOCOL says all; where it is missing it is guessed of the port."""
    kind = _kind(settings)
    if kind.value in ("sendmail", "dummy"):
        return {}
    told = _address(settings, str(kind.value or ""))
    if kind.known and not kind.value:
        kind = _guessed(told)
        if not told["port"].value and told["port"].known:
            told["port"] = Told(_PORTS.get(str(kind.value), 465), kind.by)
    tls = _TLS.get(str(kind.value))
    verify = "mailer.FORCE_TRUST_SERVER_CERT"
    verify = verify if verify in settings.settings else "mailer.SKIP_VERIFY"
    if kind.value == "smtp+unix":
        del told["port"], told["port_stated"]
    return {**told, "tls": maybe(tls, kind.by), "verify": _verify(settings, verify)}


def _kind(settings: Settings) -> Told:
    """PROTOCOL, as the elder settings and a slip of old fill it in; empty where none of them tells."""
    text, by = settings.text("mailer.PROTOCOL"), settings.told("mailer.PROTOCOL")
    if text is None:
        return unknown(by)
    if "mailer.PROTOCOL" in settings.settings:
        text = "smtp+starttls" if text == "smtp+startls" else text
        return Told(text if text in (*_TLS, "sendmail", "dummy") else "", by)
    if settings.text("mailer.MAILER_TYPE") == "sendmail":
        return Told("sendmail", settings.told("mailer.MAILER_TYPE"))
    if "mailer.IS_TLS_ENABLED" in settings.settings:
        always, by = boolean(settings.text("mailer.IS_TLS_ENABLED")), settings.told("mailer.IS_TLS_ENABLED")
        return unknown(by) if always is None else Told("smtps" if always else "smtp+starttls", by)
    return Told("", by)


def _address(settings: Settings, kind: str) -> dict[str, Told]:
    """Host and port; the port is None where nothing tells it yet."""
    if "mailer.HOST" in settings.settings and "mailer.SMTP_ADDR" not in settings.settings:
        at = address(settings, "mailer.HOST")
        host, port, stated, missing = at.host, Told(None, at.port.by) if at.fault else at.port, at.stated, None
    else:
        text, by = settings.text("mailer.SMTP_ADDR"), settings.told("mailer.SMTP_ADDR")
        host, port, stated = Told(text, by, bool(text)), Told(None), Told(False)
        missing = "no SMTP_ADDR" if text == "" else None
    if not port.value and port.known and settings.settings.get("mailer.SMTP_PORT"):
        number, by = settings.text("mailer.SMTP_PORT"), settings.told("mailer.SMTP_PORT")
        port = unknown(by) if number is None else Told(port_number(number), by)
        stated = Told(bool(port.value) or number is None, by)
    if not port.value and port.known:
        port = Told(_PORTS.get(kind), (*port.by, Origin("default", None, "the usual port of PROTOCOL")))
    return {"host": host, "port": port, "port_stated": stated, "broken": Told(missing, host.by)}


def _guessed(told: Mapping[str, Told]) -> Told:
    if any(mark in str(told["host"].value or "") for mark in "/\\"):
        return Told("smtp+unix", told["host"].by)
    port = told["port"]
    if not port.known:
        return unknown(port.by)
    value = port.value if isinstance(port.value, int) else 0
    return Told(_KINDS.get(value, "smtps"), port.by)


def _verify(settings: Settings, name: str) -> Told:
    skip = boolean(settings.text(name))
    return maybe(None if skip is None else "none" if skip else "ca", settings.told(name))


def _incoming(settings: Settings) -> list[Fact]:
    """TLS from the first byte or none; STARTTLS it has not."""
    name = "email.incoming."
    enabled = boolean(settings.text(f"{name}ENABLED"))
    if enabled is False:
        return []
    tls = boolean(settings.text(f"{name}USE_TLS"))
    port, number = settings.text(f"{name}PORT"), None
    number = port_number(port) if port else None
    removes = boolean(settings.text(f"{name}DELETE_HANDLED_MESSAGE"), default=True)
    removes = True if settings.text(f"{name}DELETE_HANDLED_MESSAGE") == "" else removes
    host, by = settings.text(f"{name}HOST"), settings.told(f"{name}HOST")
    told = {
        "protocol": Told("imap"),
        "role": Told("access"),
        "host": Told(host, by, bool(host)),
        "port": maybe(number, settings.told(f"{name}PORT")),
        "port_stated": Told(bool(port) or port is None, settings.told(f"{name}PORT")),
        "tls": maybe(None if tls is None else "implicit" if tls else "none", settings.told(f"{name}USE_TLS")),
        "verify": _verify(settings, f"{name}SKIP_TLS_VERIFY"),
        "authenticates": Told(True, settings.told(f"{name}USERNAME")),
        "credential": credential(settings, f"{name}PASSWORD", f"{name}PASSWORD__FILE"),
        "expunges": maybe(removes, settings.told(f"{name}DELETE_HANDLED_MESSAGE")),
        "broken": Told("no HOST" if host == "" else "no PORT" if port == "" else None, by),
    }
    user = Told(settings.text(f"{name}USERNAME"), settings.told(f"{name}USERNAME"))
    return [session(settings, settings.where(f"{name}HOST"), "email.incoming", told, user)]
