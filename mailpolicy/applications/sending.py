"""What applications have in common that hand their mail to an SMTP server: host, port, login, and the modes of TLS."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from mailpolicy.applications import words
from mailpolicy.lean import NamedTuple
from mailpolicy.ports import port_number
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact, Origin

_TRUE = frozenset(("true", "1", "yes", "on", "t", "y"))
_FALSE = frozenset(("false", "0", "no", "off", "f", "n", ""))


class Names(NamedTuple):
    """The settings of a mailer by the application's own names; "" where it has none."""

    host: str
    port: str
    user: str
    password: str
    password_file: str = ""


class Mode(NamedTuple):
    """How a session is protected. None is unknown."""

    tls: str | None
    verify: str | None
    by: tuple[Origin, ...]
    """What made ``tls``."""
    checked_by: tuple[Origin, ...] = ()
    """What made ``verify``, where it is another setting."""


class Table(NamedTuple):
    """An application that differs from others with the same library by its names alone."""

    SOFTWARE: str
    NEWEST: tuple[int, ...]
    ENVIRONMENT: Mapping[str, str]
    FACTS: Callable[[Settings], list[Fact]]

    def facts(self, settings: Settings) -> list[Fact]:
        """Connections and secrets of the application's settings."""
        return self.FACTS(settings)


def names(prefix: str, *own: str) -> dict[str, str]:
    """The environment of an application whose variables have the names of its settings behind a prefix."""
    return {prefix + name: name for name in own}


def flag(settings: Settings, name: str, default: bool | None = False) -> bool | None:
    """A yes or no; None where it is unknown or neither."""
    text = settings.given(name)
    if name not in settings.settings:
        return default
    if text is None:
        return None
    word = text.strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def equals(settings: Settings, name: str, word: str, default: bool = False) -> bool | None:
    """Whether a setting is exactly a word, as programs ask that compare strings."""
    if name not in settings.settings:
        return default
    text = settings.given(name)
    return None if text is None else text == word


def port_of(settings: Settings, name: str, default: int | None) -> Told:
    """A port; unknown where it is none, or where neither file nor program tells."""
    text = settings.text(name) if name else ""
    if text == "":
        return maybe(default, settings.told(name))
    return maybe(port_number(text.strip()) if text else None, settings.told(name))


def sent(
    settings: Settings,
    fields: Names,
    mode: Mode,
    host: str = "",
    port: int | Told | None = 25,
    login: Told | None = None,
    mechanisms: tuple[str, ...] | None = (),
    more: Mapping[str, Told] | None = None,
    account: str = "smtp",
) -> list[Fact]:
    """The session of a mailer and the secret of its password; ``host`` and ``port`` are the program's defaults.

    No session where there is no host. ``login`` tells whether it logs in, where that is more than having a user and a
    password; ``mechanisms`` are those that are set, None where they are unknown.
    """
    kept = settings.settings.get(fields.password)
    found = secrets(settings, fields.password)
    if settings.text(fields.host, host) == "":
        return found
    at = settings.told(fields.host)
    told = {
        "account": Told(account),
        "protocol": Told("smtp"),
        "role": Told("submission"),
        "host": maybe(settings.text(fields.host, host), at),
        "port": port if isinstance(port, Told) else port_of(settings, fields.port, port),
        "port_stated": Told(bool(fields.port) and settings.text(fields.port) != "", settings.told(fields.port)),
        "tls": maybe(mode.tls, mode.by),
        "authenticates": login or logs_in(settings, fields),
    }
    if mode.tls != "none":
        told["verify"] = maybe(mode.verify, mode.checked_by or mode.by)
    if told["authenticates"].value is not False:
        told["mechanisms"] = maybe(mechanisms, told["authenticates"].by)
        told["cleartext_credentials"] = words.in_clear(told)
        told["credential"] = maybe(_kept(settings, fields), settings.told(fields.password))
    where = settings.where(fields.host if kept is None or fields.host in settings.settings else fields.password)
    return [connection(settings.begun("connection", where), {**told, **(more or {})}), *found]


def logs_in(settings: Settings, fields: Names, both: bool = True) -> Told:
    """Whether a mailer logs in: it has a user and, where ``both``, a password too."""
    user = settings.text(fields.user)
    password = settings.text(fields.password)
    if fields.password_file and settings.text(fields.password_file) != "":
        password = None
    by = settings.told(fields.user)
    if user == "" or (both and password == ""):
        return Told(False, by if user == "" else settings.told(fields.password))
    return Told(True, by) if user else unknown(by)  # an unknown password is one that is filled in elsewhere


def _kept(settings: Settings, fields: Names) -> str | None:
    if settings.text(fields.password):
        return "literal"
    if fields.password_file and settings.text(fields.password_file) != "":
        return "file"
    return "environment" if settings.text(fields.password) is None else "none"


def secrets(settings: Settings, *passwords: str) -> list[Fact]:
    """The secrets of passwords that stand in the settings."""
    return words.secrets(settings, passwords)


def address(text: str) -> tuple[str, str]:
    """Host and port of ``host:port``, ``[::1]:25``; the port is "" where there is none."""
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?", text.strip())
    return (match[1].strip("[]"), match[2] or "") if match else (text.strip(), "")
