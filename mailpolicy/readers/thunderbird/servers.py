"""What Thunderbird does with a server of its preferences.

Numbers after nsMsgSocketType and nsMsgAuthMethod (MailNewsTypes2.idl). socketType 1 (TLS if available) is gone from
the window since 3.0, but profiles hold it still, and none of the versions insists on TLS for all protocols.
"""

from __future__ import annotations

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.thunderbird.prefs import Pref, Prefs
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact, Origin, Span

SOFTWARE = "thunderbird"
_TLS = {0: "none", 1: "opportunistic", 2: "required", 3: "implicit"}
_MECHANISMS: dict[int, tuple[str, ...]] = {
    2: ("LOGIN",), 3: ("PLAIN", "LOGIN"), 4: ("CRAM-MD5",), 5: ("GSSAPI",), 6: ("NTLM",), 7: ("EXTERNAL",),
    8: ("CRAM-MD5", "GSSAPI", "NTLM"), 9: (), 10: ("XOAUTH2",),
}  # fmt: skip
_READABLE = frozenset({2, 3, 9, 10})
_NONE = 1
_PORTS = {"imap": (143, 993), "pop3": (110, 995), "smtp": (587, 465)}
"""Port without and with TLS from the first byte. Before 78, smtp without TLS is 25 (nsISmtpUrl.idl)."""
_LOGINS = {"imap": "imap", "pop3": "mailbox", "smtp": "smtp"}
_MINIMUM = {0: "SSLv3", 1: "TLSv1.0", 2: "TLSv1.1", 3: "TLSv1.2", 4: "TLSv1.3"}


class Profile(NamedTuple):
    """The preferences of one profile and what is kept beside them."""

    prefs: Prefs
    version: str
    folder: str
    logins: str
    """The text of logins.json."""

    def default(self, what: str) -> tuple[Origin, ...]:
        """The origin of a value that no file sets."""
        return (Origin("default", None, f"Thunderbird {self.version}, by {what}"),)


def incoming(profile: Profile, key: str, declared: Span) -> Fact | None:
    """The mailbox of a server, or None for one that is no imap or pop3: news, feeds, local folders, Exchange."""
    prefs, branch = profile.prefs, f"mail.server.{key}"
    kind = prefs.text(f"{branch}.type")
    protocol = str(kind.value) if kind is not None and kind.known else ""
    if protocol not in ("imap", "pop3"):
        return None
    told = {"protocol": Told(protocol, kind.by if kind else ()), "role": Told("access"), "account": Told(key)}
    _host(told, prefs.text(f"{branch}.realhostname", f"{branch}.hostname"))
    told["tls"] = _incoming_tls(profile, branch)
    _port(told, profile, prefs.number(f"{branch}.port", "mail.server.default.port"), protocol)
    _login(told, profile, protocol, _incoming_method(profile, branch))
    if protocol == "pop3":
        _retention(told, profile, branch)
    user = prefs.text(f"{branch}.realuserName", f"{branch}.userName")
    login = Told(user.value, user.by) if user is not None and user.known else None
    return _fact(profile, declared, told, login)


def outgoing(profile: Profile, key: str, declared: Span) -> Fact | None:
    """The submission of an SMTP server."""
    prefs, branch = profile.prefs, f"mail.smtpserver.{key}"
    told = {"protocol": Told("smtp"), "role": Told("submission"), "account": Told(key)}
    _host(told, prefs.text(f"{branch}.hostname"))
    pref = prefs.number(f"{branch}.try_ssl", "mail.smtpserver.default.try_ssl")
    told["tls"] = _mode(pref) if pref is not None else Told("none", profile.default("mail.smtpserver.default.try_ssl"))
    _port(told, profile, prefs.number(f"{branch}.port"), "smtp")
    _login(told, profile, "smtp", _outgoing_method(profile, branch))
    return _fact(profile, declared, told, None)


def _fact(profile: Profile, declared: Span, told: dict[str, Told], user: Told | None) -> Fact:
    if told["tls"].value != "none":
        told["verify"] = Told("ca", told["tls"].by) if told["tls"].known else unknown(told["tls"].by)
        told["tls_min"] = _minimum(profile)
    settings = Settings(SOFTWARE, profile.version, profile.folder, declared, {})
    return connection(settings.begun("connection", declared), told, user)


def _host(told: dict[str, Told], pref: Pref | None) -> None:
    if pref is None:
        told["host"] = unknown()
        told["broken"] = Told("the server has no host name")
    else:
        told["host"] = Told(str(pref.value).strip().lower(), pref.by) if pref.known else unknown(pref.by)


def _mode(pref: Pref) -> Told:
    return Told(_TLS.get(int(pref.value or 0), "none"), pref.by) if pref.known else unknown(pref.by)


def _incoming_tls(profile: Profile, branch: str) -> Told:
    """socketType, or the older isSecure; the default of all servers only then."""
    prefs = profile.prefs
    own = prefs.number(f"{branch}.socketType")
    if own is not None:
        return _mode(own)
    secure = prefs.flag(f"{branch}.isSecure")
    if secure is not None and (not secure.known or secure.value):
        return Told("implicit", secure.by) if secure.known else unknown(secure.by)
    default = prefs.number("mail.server.default.socketType")
    return _mode(default) if default is not None else Told("none", profile.default("mail.server.default.socketType"))


def _port(told: dict[str, Told], profile: Profile, pref: Pref | None, protocol: str) -> None:
    stated = pref is not None and (not pref.known or (isinstance(pref.value, int) and pref.value > 0))
    told["port_stated"] = Told(stated)
    if stated and pref is not None:
        number = pref.value if pref.known and isinstance(pref.value, int) and pref.value < 65536 else None
        told["port"] = maybe(number, pref.by)
        if pref.known and number is None:
            told["broken"] = Told("the port is beyond 65535", pref.by)
        return
    tls = told["tls"]
    plain, secure = _PORTS[protocol]
    if protocol == "smtp" and _major(profile.version) < 91:
        plain = 25
    told["port"] = Told(secure if tls.value == "implicit" else plain, tls.by) if tls.known else unknown(tls.by)


def _major(version: str) -> int:
    first = version.split(".", 1)[0]
    return int(first) if first.isdecimal() else 999


def _incoming_method(profile: Profile, branch: str) -> tuple[int | None, tuple[Origin, ...]]:
    """authMethod, or what the program makes of the settings before it (migrateMailnews)."""
    prefs = profile.prefs
    own = prefs.number(f"{branch}.authMethod")
    if own is not None:
        return _value(own), own.by
    secure, sasl = prefs.flag(f"{branch}.useSecAuth"), prefs.flag(f"{branch}.auth_login")
    if sasl is not None and sasl.known and not sasl.value:
        return 2, sasl.by
    if secure is not None:
        return (8 if secure.value else 3) if secure.known else None, secure.by
    return _default_method(profile, "mail.server.default.authMethod")


def _outgoing_method(profile: Profile, branch: str) -> tuple[int | None, tuple[Origin, ...]]:
    prefs = profile.prefs
    own = prefs.number(f"{branch}.authMethod")
    if own is not None:
        return _value(own), own.by
    old, secure = prefs.number(f"{branch}.auth_method"), prefs.flag(f"{branch}.useSecAuth")
    if old is not None and old.known and old.value == 0:
        return _NONE, old.by
    if secure is not None:
        return (8 if secure.value else 3) if secure.known else None, secure.by
    return _default_method(profile, "mail.smtpserver.default.authMethod")


def _default_method(profile: Profile, name: str) -> tuple[int | None, tuple[Origin, ...]]:
    default = profile.prefs.number(name)
    return (_value(default), default.by) if default is not None else (3, profile.default(name))


def _value(pref: Pref) -> int | None:
    return pref.value if pref.known and isinstance(pref.value, int) else None


def _login(
    told: dict[str, Told], profile: Profile, protocol: str, method: tuple[int | None, tuple[Origin, ...]]
) -> None:
    number, by = method
    told["authenticates"] = maybe(None if number is None else number != _NONE, by)
    if number == _NONE:
        return
    known = number is not None and number in _MECHANISMS
    told["mechanisms"] = Told(_MECHANISMS[number], by) if known and number is not None else unknown(by)
    tls = told["tls"]
    if tls.value in ("required", "implicit") or (known and number not in _READABLE):
        told["cleartext_credentials"] = Told(False, tls.by if tls.value in ("required", "implicit") else by)
    elif tls.known and known:
        told["cleartext_credentials"] = Told(True, (*by, *tls.by))
    else:
        told["cleartext_credentials"] = unknown((*by, *tls.by))
    host = told["host"].value
    kept = host is not None and f'"{_LOGINS[protocol]}://{host}' in profile.logins.lower()
    told["credential"] = Told("none" if number == 7 else "keyring" if kept else "prompt", by)


def _retention(told: dict[str, Told], profile: Profile, branch: str) -> None:
    """What becomes of mail on a POP3 server: it is removed unless it is left there."""
    prefs = profile.prefs
    told["uidl"] = Told(True)
    leave = prefs.flag(f"{branch}.leave_on_server", "mail.server.default.leave_on_server")
    if leave is None:
        told["deletes_on_server"] = Told(True, profile.default("mail.server.default.leave_on_server"))
        return
    told["deletes_on_server"] = Told(not leave.value, leave.by) if leave.known else unknown(leave.by)
    aged = prefs.flag(f"{branch}.delete_by_age_from_server", "mail.server.default.delete_by_age_from_server")
    if leave.value is True and aged is not None and aged.value is True:
        told["deletes_on_server"] = Told(True, aged.by)
        days = prefs.number(f"{branch}.num_days_to_leave_on_server", "mail.server.default.num_days_to_leave_on_server")
        told["keeps_days"] = (
            Told(7, (*aged.by, *profile.default("mail.server.default.num_days_to_leave_on_server")))
            if days is None
            else maybe(days.value if days.known and isinstance(days.value, int) and days.value >= 0 else None, days.by)
        )


def _minimum(profile: Profile) -> Told:
    """The lowest version of TLS: 1.2 since 78, 1.0 before; one switch brings the old ones back."""
    old = profile.prefs.flag("security.tls.version.enable-deprecated")
    if old is not None and old.value is True:
        return Told("TLSv1.0", old.by)
    pref = profile.prefs.number("security.tls.version.min")
    if pref is None:
        word = "TLSv1.2" if _major(profile.version) >= 78 else "TLSv1.0"
        return Told(word, profile.default("security.tls.version.min"))
    return maybe(_MINIMUM.get(pref.value) if pref.known and isinstance(pref.value, int) else None, pref.by)
