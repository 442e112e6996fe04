"""The module ``mail`` of Ansible (community.general), over Python's smtplib.

After plugins/modules/mail.py of community.general 8 to 13 and smtplib of Python 3: unless ``secure`` is never, TLS from
the first byte is tried first; certificates are never checked. Any failure of that first try but one of TLS itself goes
on in clear, with ``always`` too: a connection that is reset is enough. Only ``starttls`` insists.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.applications.words import credential, secrets, session
from mailpolicy.ports import port_number
from mailpolicy.sessions import Told, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact

SOFTWARE = "ansible"
NEWEST = (13,)
ENVIRONMENT: Mapping[str, str] = {}
"""Tasks are set up by their arguments."""
OWN = ("host", "port", "username", "password", "secure")
_MODES = {"never": "none", "try": "opportunistic", "always": "implicit", "starttls": "required"}
_IMPLICIT = 465
"""Where a server waits for TLS, the first try is the one that works."""


def facts(settings: Settings, account: str = "mail") -> list[Fact]:
    """The session of one task, and its password."""
    secure, port = settings.text("secure", "try"), settings.text("port", "25")
    by = settings.told("secure")
    told = {
        "host": maybe(settings.text("host", "localhost"), settings.told("host")),
        "port": maybe(port_number(port) if port else None, settings.told("port")),
        "port_stated": Told("port" in settings.settings, settings.told("port")),
        "tls": maybe(_mode(secure, port), by),
        "verify": Told("none", by),
        "authenticates": _login(settings),
        "broken": _broken(settings, secure),
    }
    if told["authenticates"].value is not False:
        told["credential"] = credential(settings, "password")
    if told["authenticates"].value is not False and secure in ("try", "always"):
        login = told["authenticates"]
        told["cleartext_credentials"] = Told(True, by) if login.known else unknown(login.by)
    found = session(settings, settings.where("host"), account, told)
    return [found, *secrets(settings, "password")]


def _mode(secure: str | None, port: str | None) -> str | None:
    if secure in ("try", "starttls") and (port is None or port_number(port) == _IMPLICIT):
        return None if port is None else "implicit"
    return _MODES.get(secure) if secure else None


def _login(settings: Settings) -> Told:
    """It logs in where both name and password are there."""
    for name in ("username", "password"):
        if settings.given(name) == "":
            return Told(False, settings.told(name))
    by = settings.told("username")
    return unknown(by) if settings.given("username") is None else Told(True, by)


def _broken(settings: Settings, secure: str | None) -> Told:
    if secure is not None and secure not in _MODES:
        return Told("secure is none of always, never, starttls and try", settings.told("secure"))
    one = [name for name in ("username", "password") if name in settings.settings]
    if len(one) == 1:
        return Told("username and password go together: the module refuses one alone", settings.told(one[0]))
    return Told(None)
