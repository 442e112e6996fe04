"""What a session is offered: STARTTLS, logins and what is asked for (sendmail/srvrsmtp.c, tls.c of 8.17.1.9)."""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.sendmail.model import Config, Entry, Setting, sets
from mailpolicy.readers.sendmail.relaying import access
from mailpolicy.readers.sendmail.tables import placed
from mailpolicy.tree import lost
from mailpolicy.types import Origin, Span

_SCRAM = tuple(f"SCRAM-SHA-{bits}" for bits in ("1", "224", "256", "384", "512"))
READABLE = frozenset(("PLAIN", "LOGIN"))
_SURVIVES = {
    "PLAIN": "yc", "LOGIN": "yc", "CRAM-MD5": "py", "DIGEST-MD5": "pym", "NTLM": "py", "ANONYMOUS": "p", "OTP": "pyf",
    **dict.fromkeys(_SCRAM, "paym"),
}  # fmt: skip
"""Mechanisms of libsasl2-modules -> the letters of AuthOptions that leave them (Cyrus SASL 2.1.28)."""

_STRICT = "paymdfc"
_DEFAULT = ("DIGEST-MD5", "CRAM-MD5")
_WEAK = ("SCRAM-SHA-1", "CRAM-MD5", "NTLM", "DIGEST-MD5", "ANONYMOUS")
_NEEDED = ("ServerCertFile", "ServerKeyFile", "CACertFile", "CACertPath")
_MOST = 64


class Offer(NamedTuple):
    """A value, None when it is not known, and what made it."""

    value: object
    origins: tuple[Origin, ...]
    why: str = ""


class Letters(NamedTuple):
    """The letters of an option such as AuthOptions: where each stands."""

    found: dict[str, Span | None]
    known: bool


def letters(config: Config, name: str) -> Letters:
    """One letter counts of each word."""
    setting = config.setting(name)
    if setting is None:
        return Letters({}, True)
    if setting.value is None:
        return Letters({}, False)
    text = setting.value
    return Letters({m[0][0]: text.span(m.start(), m.start() + 1) for m in re.finditer(r"[^\s,]+", text.text)}, True)


def general(config: Config, tag: str) -> Entry | None:
    """The line of access that holds for all clients, such as ``TLS_Clt:``."""
    rules = access(config)
    return rules.keyed.get(f"{tag}:") if rules is not None else None


def feature(config: Config, letter: str) -> tuple[bool, Span] | None:
    """What ``Srv_Features:`` says of a letter: lower case switches on, upper case off; None when it says nothing."""
    entry = general(config, "srv_features")
    for word in re.finditer(r"\S+", entry.value) if entry else ():
        if entry is not None and word[0][0].lower() == letter:
            column = entry.value_where.column + word.start()
            return word[0][0].islower(), entry.value_where._replace(column=column, end_column=column + 1)
    return None


def tls(config: Config) -> Offer:
    """Whether TLS can be had: ``yes``, ``no`` or ``fails``; certificate, key, CA file and CA path are needed."""
    settings = {name: config.setting(name) for name in _NEEDED}
    given = [s for s in settings.values() if s is not None]
    cert = settings["ServerCertFile"]
    if any(s.value is None for s in given) or not letters(config, "TLSSrvOptions").known:
        return Offer(None, tuple(o for s in given if s.value is None for o in s.origins))
    missing = [name for name, s in settings.items() if s is None or s.value is None or not s.value.text.strip()]
    bare = letters(config, "TLSSrvOptions").found
    for name in _NEEDED[:3]:
        absent = _absent(config, settings[name])
        if absent is not None:
            return Offer("fails" if "C" in bare and name != "CACertFile" else "no", absent.origins, absent.why)
    if "C" in bare and {"ServerCertFile", "ServerKeyFile"} & set(missing):
        return Offer("fails", sets(bare["C"]))
    if cert is not None and ("C" in bare or not missing):
        return Offer("yes", cert.origins)
    origins = cert.origins if cert else config.builtin()
    return Offer("no", (*origins, *(Origin("implies", o.where, f"nothing sets {missing[0]}") for o in origins[-1:])))


def _absent(config: Config, setting: Setting | None) -> Offer | None:
    """The first file of a setting that Sendmail cannot read."""
    if setting is None or setting.value is None:
        return None
    for word in re.finditer(r"[^,\s]+", setting.value.text):
        why = _useless(config, word[0])
        if why:
            where = setting.value.span(word.start(), word.end())
            return Offer(None, (Origin("sets", where, why),) if where is not None else setting.origins, why)
    return None


def _useless(config: Config, name: str) -> str:
    """Why a file cannot be read; "" where that is not known."""
    if not name.startswith("/"):
        return f"{name} is no absolute path, and Sendmail takes no other"
    path = placed(config, name)
    return f"{name} does not exist" if path is not None and lost(config.tree, path) else ""


def certificate(config: Config) -> Offer:
    """The certificate's file: a string, "" when there is none."""
    setting = config.setting("ServerCertFile")
    if setting is None:
        return Offer("", config.builtin())
    return Offer(None if setting.value is None else setting.value.text.split(",")[0].strip(), setting.origins)


def mechanisms(config: Config) -> Offer:
    """What AuthMechanisms leaves of Debian's plugins: a tuple of names. Blanks part them; commas do not."""
    setting = config.setting("AuthMechanisms")
    if setting is None and not config.debian:
        return Offer(None, config.builtin("which plugins of the SASL library are installed decides"))
    if setting is None:
        return Offer(_DEFAULT, config.builtin("with the plugins of libsasl2-modules"))
    if setting.value is None:
        return Offer(None, setting.origins)
    words = list(re.finditer(r"\S+", setting.value.text))[:_MOST]
    spans = {m[0].upper(): setting.value.span(m.start(), m.end()) for m in words}
    names = tuple(dict.fromkeys(name for name in spans if name in _SURVIVES))
    if not names and any(name != "EXTERNAL" and "," not in name for name in spans):
        return Offer(None, setting.origins)  # GSSAPI and the like come in packages of their own
    weakest = [o for name in _WEAK if name in names for o in sets(spans[name])]
    return Offer(names, (*_whole(setting), *weakest))


def _whole(setting: Setting) -> tuple[Origin, ...]:
    return sets(setting.value.whole()) if setting.value is not None and setting.value.whole() else setting.origins


def allowed(name: str, options: dict[str, Span | None], covered: bool) -> bool:
    """Whether AuthOptions leave a mechanism; under TLS a readable password counts as hidden."""
    strict = [letter for letter in _STRICT if letter in options and not (covered and letter == "p")]
    return all(letter in _SURVIVES[name] for letter in strict)
