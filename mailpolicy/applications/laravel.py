"""Laravel: ``MAIL_*`` as its config/mail.php takes them, over SwiftMailer up to 8 and Symfony Mailer from 9 on.

After config/mail.php and Illuminate/Mail of Laravel 5 to 13. Null, true and empty are words of its env().
"""

from __future__ import annotations

from mailpolicy.applications.sending import Mode, Names, logs_in, names, sent
from mailpolicy.applications.symfony import by_url
from mailpolicy.applications.words import port_of, secrets
from mailpolicy.sessions import Told
from mailpolicy.settings import Settings
from mailpolicy.types import Fact, Origin

SOFTWARE = "laravel"
NEWEST = (12, 0)
ENVIRONMENT = names(
    "", "MAIL_MAILER", "MAIL_DRIVER", "MAIL_CONNECTION", "MAIL_HOST", "MAIL_PORT", "MAIL_USERNAME", "MAIL_PASSWORD",
    "MAIL_ENCRYPTION", "MAIL_SCHEME", "MAIL_URL",
)  # fmt: skip
_NAMES = Names("MAIL_HOST", "MAIL_PORT", "MAIL_USERNAME", "MAIL_PASSWORD")
_SYMFONY = (9,)
BESIDE = ("composer.json", r"\"laravel/framework\"\s*:\s*\"[\^~>=v ]*(\d+)")
"""A file beside that tells the version, and where in it."""
_MEANT = ("MAIL_HOST", "MAIL_URL", "MAIL_USERNAME", "MAIL_PASSWORD")
"""Without any of these the file may be a part alone: no session is made up of defaults."""
_NULL = frozenset(("null", "(null)", "empty", "(empty)"))


def facts(settings: Settings) -> list[Fact]:
    """The session of the mailer ``smtp``; none where another one is the default."""
    settings = settings._replace(
        settings={
            name: one._replace(value="") if (one.value or "").lower() in _NULL else one
            for name, one in settings.settings.items()
        }
    )
    numbers = tuple(int(part) for part in settings.version.split(".") if part.isdigit())
    unsure = numbers == NEWEST and "MAIL_DRIVER" in settings.settings and "MAIL_MAILER" not in settings.settings
    chosen = next((n for n in ("MAIL_MAILER", "MAIL_DRIVER", "MAIL_CONNECTION") if n in settings.settings), "")
    mailer = settings.text(chosen, "smtp" if numbers < (11,) else "log") if chosen else None
    if mailer not in ("smtp", None) or (mailer is None and not settings.text("MAIL_HOST")):
        return secrets(settings, "MAIL_PASSWORD")
    if all(settings.text(name) == "" for name in _MEANT):
        return secrets(settings, "MAIL_PASSWORD")
    if settings.text("MAIL_URL") != "":
        return by_url(settings, "MAIL_URL", "smtp")
    made = _symfony(settings, numbers) if numbers >= _SYMFONY else _swift(settings)
    login = logs_in(settings, _NAMES, both=False)
    more: dict[str, Told] = {}
    if unsure:
        made, more = _either(made, _swift(settings), login)
        settings = settings._replace(version="")
    host = "127.0.0.1" if numbers >= (11,) else "smtp.mailgun.org"
    port = port_of(settings, "MAIL_PORT", None) if unsure else _port(settings, numbers)
    return sent(settings, _NAMES, made, host, port, login=login, more=more)


def _either(one: Mode, other: Mode, login: Told) -> tuple[Mode, dict[str, Told]]:
    """What holds of both: MAIL_DRIVER went with 6, but applications keep it."""
    if one.tls == other.tls:
        return one, {}
    open_both = login.value and {one.tls, other.tls} <= {"none", "opportunistic"}
    return Mode(None, one.verify, other.by), {"cleartext_credentials": Told(True, other.by)} if open_both else {}


def _port(settings: Settings, numbers: tuple[int, ...]) -> Told:
    return port_of(settings, "MAIL_PORT", 2525 if numbers >= (11,) else 587)


def _swift(settings: Settings) -> Mode:
    """SwiftMailer: tls is STARTTLS or nothing, ssl TLS from the first byte, anything else clear text."""
    word = settings.given("MAIL_ENCRYPTION", "tls")
    tls = None if word is None else {"tls": "required", "ssl": "implicit"}.get(word.lower(), "none")
    return Mode(tls, "ca", settings.told("MAIL_ENCRYPTION"))


def _symfony(settings: Settings, numbers: tuple[int, ...]) -> Mode:
    """Symfony Mailer: TLS from the first byte by scheme smtps or on port 465, else STARTTLS where it is offered."""
    name = "MAIL_SCHEME" if "MAIL_SCHEME" in settings.settings else "MAIL_ENCRYPTION"
    scheme = settings.text("MAIL_SCHEME")
    by: tuple[Origin, ...] = settings.told(name)
    if scheme is None:
        return Mode(None, "ca", by)
    if scheme == "smtps":
        return Mode("implicit", "ca", by)
    port = _port(settings, numbers)
    if not port.known:
        return Mode(None, "ca", port.by)
    return Mode("implicit" if port.value == 465 else "opportunistic", "ca", port.by if port.value == 465 else by)
