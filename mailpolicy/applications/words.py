"""What all applications share: switches, ports, ``host:port``, credentials, a session that hands mail in."""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.envfile import KEPT
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import is_placeholder, secret
from mailpolicy.ports import port_number
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact, Origin, Span

_TRUE = frozenset(("true", "1", "yes", "on", "t", "y"))
_FALSE = frozenset(("false", "0", "no", "off", "f", "n", ""))
_READABLE = frozenset(("PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"))
"""Mechanisms by which a password or token itself crosses the wire."""


class Address(NamedTuple):
    """A host and port in one setting, as Go takes them apart (``net.SplitHostPort``)."""

    host: Told
    port: Told
    stated: Told
    fault: str | None = None
    """Why it is none."""


def part(where: Span, start: int, end: int) -> Span:
    """A piece of a position, which holds the text itself; all of it where it is shorter."""
    begin, stop = where.column + start, where.column + end
    return where._replace(column=begin, end_column=stop) if begin < stop <= where.end_column else where


def address(settings: Settings, name: str, default: str = "") -> Address:
    """The host and port in a setting."""
    by = settings.told(name)
    text = settings.text(name, default)
    if text is None:
        return Address(unknown(by), unknown(by), Told(True, by))
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or (":" in host and not bracketed) or (text.endswith("]") and text.startswith("[")):
        return Address(Told(text, by), unknown(by), Told(False, by), f"{name} needs host:port")
    start = len(text) - len(port)
    number = port_number(port)
    if name in settings.settings:
        where = settings.where(name)
        at_host: tuple[Origin, ...] = (Origin("sets", part(where, 0, len(host))),)
        at_port: tuple[Origin, ...] = (Origin("sets", part(where, start, len(text))),)
    else:
        at_host = at_port = by
    fault = None if number else f"{name} has no port that could be used"
    bare = host.strip("[]") or "localhost"
    return Address(Told(bare, at_host), maybe(number, at_port), Told(name in settings.settings, at_port), fault)


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


def credential(settings: Settings, name: str, file: str = "") -> Told:
    """Where the password of setting ``name`` is kept; ``file`` is the setting that names a file instead."""
    found, other = settings.settings.get(name), settings.settings.get(file)
    if other is not None and (other.value or (other.value is None and (found is None or found.value == ""))):
        return Told("file", settings.told(file))
    kept = settings.settings.get(name + KEPT)
    by = settings.told(name)
    if kept is not None:
        return Told(kept.value, by)
    if found is None or found.value == "":
        return Told("none", by)
    return unknown(by) if found.value is None or is_placeholder(found.value) else Told("literal", by)


def login(settings: Settings, name: str) -> Told:
    """Whether it logs in: it does where a setting, the user's name, is not empty."""
    found = settings.settings.get(name)
    return unknown(settings.told(name)) if found and found.value is None else Told(
        bool(found and found.value), settings.told(name)
    )  # fmt: skip


def session(settings: Settings, where: Span, account: str, told: Mapping[str, Told], user: Told | None = None) -> Fact:
    """The connection of an account. What goes out in clear follows from ``tls`` and ``mechanisms``."""
    base = {"account": Told(account), "protocol": Told("smtp"), "role": Told("submission")}
    fields = {**base, **told}
    tls = fields["tls"]
    if tls.value == "none" or not tls.known:
        fields["verify"] = maybe(tls.value, tls.by)
    if "cleartext_credentials" not in fields and fields["authenticates"].value is not False:
        fields["cleartext_credentials"] = in_clear(fields)
    return connection(settings.begun("connection", where), fields, user)


def in_clear(told: Mapping[str, Told]) -> Told:
    """Whether a password can be read on the way: without TLS, or where TLS can be talked out of it."""
    tls, mechanisms = told["tls"], told.get("mechanisms", Told(()))
    listed = mechanisms.value if isinstance(mechanisms.value, tuple) else ()
    if tls.value in ("required", "implicit"):
        return Told(False, tls.by)
    if listed and _READABLE.isdisjoint(map(str, listed)):
        return Told(False, mechanisms.by)
    if told["authenticates"].known is False:
        return unknown(told["authenticates"].by)
    return Told(True, tls.by) if tls.known and mechanisms.known else unknown(tls.by)


def secrets(settings: Settings, *names: str) -> list[Fact]:
    """The passwords that stand in the settings of these names."""
    found = [settings.settings[name] for name in names if name in settings.settings]
    made = (
        secret(settings.software, settings.version, settings.instance, one.name, one.value, one.where)
        for one in found
        if one.value
    )
    return [fact for fact in made if fact is not None]


def numbers(version: str) -> tuple[int, ...]:
    """A version as numbers, to compare."""
    return tuple(int(piece) for piece in version.split(".") if piece.isdecimal())
