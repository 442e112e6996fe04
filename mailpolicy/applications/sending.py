"""Applications that differ by the names of their settings and by how they choose TLS: host, port, login, password."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mailpolicy.applications.words import credential, port_of, secrets, session
from mailpolicy.lean import NamedTuple
from mailpolicy.sessions import Told, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact, Origin


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
    logged = login or logs_in(settings, fields)
    told = {
        "host": maybe(settings.text(fields.host, host), at),
        "port": port if isinstance(port, Told) else port_of(settings, fields.port, port),
        "port_stated": Told(bool(fields.port) and settings.text(fields.port) != "", settings.told(fields.port)),
        "tls": maybe(mode.tls, mode.by),
        "verify": maybe(mode.verify, mode.checked_by or mode.by),
        "authenticates": logged,
    }
    if logged.value is not False:
        told["mechanisms"] = maybe(mechanisms, logged.by)
        told["credential"] = credential(settings, fields.password, fields.password_file)
    where = settings.where(fields.host if kept is None or fields.host in settings.settings else fields.password)
    return [session(settings, where, account, {**told, **(more or {})}), *found]


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
