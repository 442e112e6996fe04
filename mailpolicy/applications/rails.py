"""Ruby on Rails: ``smtp_settings`` of Action Mailer, which the Mail gem takes and net-smtp carries out.

After lib/mail/network/delivery_methods/smtp.rb of mail 2.7.1, 2.8.1 and 2.9.1 and lib/net/smtp.rb of net-smtp 0.1 to
0.5. Here ``nil`` stands for itself, a symbol has its colon, and a flag that is a string its quotes.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.applications.words import credential, secrets, session
from mailpolicy.lean import NamedTuple
from mailpolicy.ports import port_number
from mailpolicy.sessions import Told, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact

SOFTWARE = "rails"
NEWEST = (8, 1)
ENVIRONMENT: Mapping[str, str] = {}
"""Applications read variables of their own choice."""
PASSWORDS = ("password",)
FLAGS = ("tls", "ssl", "enable_starttls", "enable_starttls_auto")
_MAIL_28 = (7, 1)
"""Rails from which on Action Mailer asks for mail 2.8."""
_TYPES = {"plain": "PLAIN", "login": "LOGIN", "cram_md5": "CRAM-MD5", "xoauth2": "XOAUTH2"}
_CHECKED = frozenset(("peer", "client_once", "fail_if_no_peer_cert", "1", "2", "4"))
_NIL = ("nil", "false")


class Gems(NamedTuple):
    """The versions of what sends the mail. None: not known."""

    mail: tuple[int, ...]
    smtp: tuple[int, ...] | None


def gems(rails: tuple[int, ...], locked: Mapping[str, tuple[int, ...]]) -> Gems:
    """Those in Gemfile.lock, or else the newest that the version of Rails takes."""
    mail = locked.get("mail") or ((2, 9) if rails >= _MAIL_28 else (2, 7))
    return Gems(mail, locked.get("net-smtp") or ((0, 5) if mail >= (2, 8) else None))


def facts(settings: Settings, used: Gems | None = None, account: str = "smtp") -> list[Fact]:
    """The session of one set of settings, and its password."""
    used = used or Gems((2, 9), (0, 5))
    kept = {name: one for name, one in settings.settings.items() if name != "password" or one.value not in _NIL}
    own = settings._replace(settings=kept)
    port = settings.text("port", "25")
    told = {
        "host": maybe(_host(settings), settings.told("address")),
        "port": maybe(port_number(port) if port and port != "nil" else 25 if port else None, settings.told("port")),
        "port_stated": Told(settings.given("port", "nil") != "nil", settings.told("port")),
        "tls": _tls(settings, used.mail, used),
        "authenticates": _login(settings, used),
        "broken": _broken(settings, used),
    }
    told["verify"] = _verify(settings, used)
    if told["authenticates"].value is not False:
        told["mechanisms"] = _mechanisms(settings)
        told["credential"] = credential(own, "password")
    if told["authenticates"].value and not told["tls"].known and _at_most_offered(settings):
        told["cleartext_credentials"] = Told(True, told["tls"].by)  # in clear or where it is offered: both can be read
    return [session(settings, settings.where("address"), account, told), *secrets(own, *PASSWORDS)]


def _login(settings: Settings, used: Gems) -> Told:
    """It logs in where there is a user name, be it empty; without one, a password or a way to log in is refused."""
    user, by = settings.given("user_name", "nil"), settings.told("user_name")
    if user is not None:
        return Told(user not in _NIL, by)
    asked = ["password", "authentication"] if used.smtp is not None and used.smtp >= (0, 5) else ["password"]
    sure = any((settings.given(name, "nil") or "nil") not in _NIL for name in asked)
    return Told(True, by) if sure else unknown(by)


def _host(settings: Settings) -> str | None:
    text = settings.text("address", "localhost")
    return "localhost" if text == "nil" else text


def is_on(settings: Settings, name: str, default: bool = False) -> bool | None:
    """What Ruby takes for true: all but ``nil`` and ``false``. None where it is unknown."""
    if name not in settings.settings:
        return default
    text = settings.given(name)
    return None if text is None else text not in _NIL


def _implicit(settings: Settings) -> tuple[bool | None, str]:
    """Whether TLS comes first, and the setting that says so."""
    for name in ("tls", "ssl"):
        if is_on(settings, name) is not False:
            return is_on(settings, name), name
    return False, next((name for name in ("tls", "ssl") if name in settings.settings), "tls")


def _tls(settings: Settings, mail: tuple[int, ...], used: Gems) -> Told:
    first, by = _implicit(settings)
    if first is not False:
        return maybe("implicit" if first else None, settings.told(by))
    if mail[:2] == (2, 8) and settings.given("ssl", "nil") == "false":
        return Told("opportunistic", settings.told("ssl"))  # the rest is not looked at: net-smtp does as it likes
    always, auto = "enable_starttls", "enable_starttls_auto"
    asked = is_on(settings, always)
    if asked is None:
        return unknown(settings.told(always))
    if asked:
        kind = "opportunistic" if settings.given(always) == ":auto" and mail >= (2, 9) else "required"
        return Told(kind, settings.told(always))
    if mail >= (2, 8) and settings.given(always, "nil") == "false" and (mail < (2, 9) or not _given(settings, auto)):
        return Told("none", settings.told(always))
    offered = is_on(settings, auto, True)
    if offered is None:
        return unknown(settings.told(auto))
    if offered or (settings.given(auto) == "nil" and mail >= (2, 8)):
        return Told("opportunistic", settings.told(auto))
    if mail >= (2, 8):
        return Told("none", settings.told(auto))
    if used.smtp is None:
        return unknown(settings.told(auto))
    return Told("opportunistic" if used.smtp >= (0, 2) else "none", settings.told(auto))


def _given(settings: Settings, name: str) -> bool:
    return settings.given(name, "nil") != "nil"


def _at_most_offered(settings: Settings) -> bool:
    return _implicit(settings)[0] is False and is_on(settings, "enable_starttls") is False


def _verify(settings: Settings, used: Gems) -> Told:
    name = "openssl_verify_mode"
    text = settings.given(name, "nil")
    if text in (*_NIL, ""):
        return maybe("ca" if used.smtp is not None and used.smtp >= (0, 2) else None, settings.told(name))
    if text is None:
        return unknown(settings.told(name))
    mode = text.lower().lstrip(":")
    return maybe("none" if mode in ("none", "0") else "ca" if mode in _CHECKED else None, settings.told(name))


def _mechanisms(settings: Settings) -> Told:
    by = settings.told("authentication")
    text = settings.given("authentication", "nil")
    if text is None:
        return unknown(by)
    kind = _TYPES.get(_type(text))
    return maybe((kind,) if kind else None, by)


def _type(text: str) -> str:
    return "plain" if text in _NIL else text.lstrip(":").lower().replace("-", "_")


def _broken(settings: Settings, used: Gems) -> Told:
    """What the gems refuse."""
    told = _refused(settings, used)
    if told is not None:
        return Told(told[1], settings.told(told[0]))
    doubtful = next((name for name in FLAGS if settings.given(name, "nil") is None), None)
    return unknown(settings.told(doubtful)) if doubtful and used.mail >= (2, 8) else Told(None)


def _refused(settings: Settings, used: Gems) -> tuple[str, str] | None:
    """The setting that is to blame, and why."""
    for name in ("enable_starttls", "enable_starttls_auto"):
        if _implicit(settings)[0] and is_on(settings, name) and used.mail >= (2, 9):
            return name, f"{name} with tls or ssl: mail 2.9 refuses both together"
    for name in FLAGS:
        quoted = (settings.given(name, "nil") or "").startswith("'")
        if quoted and used.mail[:2] == (2, 8):
            return name, f"{name} is a string: mail 2.8 takes only true and false"
    mode = settings.given("openssl_verify_mode", "nil") or "nil"
    if mode.startswith(":") and _tls(settings, used.mail, used).value != "none":
        return "openssl_verify_mode", "openssl_verify_mode is a symbol: OpenSSL takes a number or the name as a string"
    user, password = settings.given("user_name", "nil"), settings.given("password", "nil")
    kind = settings.given("authentication", "nil")
    if user is None or password is None or kind is None or used.smtp is None:
        return None
    asks = kind not in _NIL and used.smtp >= (0, 5)
    if user in _NIL:
        named = "authentication" if asks else "password"
        return (named, f"{named} without user_name: net-smtp refuses it") if asks or password not in _NIL else None
    if _type(kind) not in _TYPES:
        return "authentication", "authentication names no way to log in that net-smtp knows"
    return ("user_name", "user_name without password: net-smtp refuses it") if password in _NIL else None
