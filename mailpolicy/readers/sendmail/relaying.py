"""Who may relay: the rulesets Rcpt_ok and Relay_ok of proto.m4, and the classes and tables they ask."""

from __future__ import annotations

import re

from mailpolicy.addresses import network_scope
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.sendmail.model import Config, Table, sets
from mailpolicy.readers.sendmail.tables import class_words, table
from mailpolicy.types import Origin, Span, Unread

_ORDER = ("loopback", "private", "wide", "public", "world")
_OCTETS = re.compile(r"\d{1,3}(?:\.\d{1,3}){0,3}")
_PREFIX = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,2})\.")
"""A network as class R takes it too: it compares word by word from the left."""
_NO_NETWORK = re.compile(r"[\d.]+(?:/\d+|\.)|[^*]*\*.*")
_MEANT = re.compile(r"(?i)[\"'\s]*RELAY\b")
_SIX = re.compile(r"(?i)ipv6:([0-9a-f:]+)")
_LOCAL = re.compile(r"(?i)localhost(?:\.localdomain)?|\[?127\.[\d.]*\]?|ipv6:(?:::|0:0:0:0:0:0:0:)1")


class Relaying(NamedTuple):
    """``open``: why strangers may relay. ``trusted``: networks and names of hosts that may, and where that stands."""

    open: tuple[Origin, ...]
    trusted: dict[str, Span | None]
    unsure: tuple[Origin, ...]
    """What may trust others, but is not here."""
    ignored: tuple[Unread, ...]
    """What is meant to trust somebody, but does not."""
    scope: str | None
    """Of the trusted networks."""
    said: tuple[Origin, ...]
    """Where they stand, the widest last."""


def access(config: Config) -> Table | None:
    """The access table."""
    return table(config, "access", "hash /etc/mail/access")


def network(word: str) -> str | None:
    """What an entry such as ``192.0.2`` stands for: a network, the name of hosts, or None for loopback."""
    if _LOCAL.fullmatch(word):
        return None
    if _OCTETS.fullmatch(word):
        parts = word.split(".")
        return ".".join(parts + ["0"] * (4 - len(parts))) + f"/{8 * len(parts)}"
    six = _SIX.fullmatch(word)
    if six is None:
        return word
    groups = six[1].split(":")
    if "::" in six[1] or len(groups) == 8:
        return f"{six[1]}/128"
    return f"{six[1].rstrip(':')}::/{16 * len([group for group in groups if group])}"


def relaying(config: Config) -> Relaying:
    """Who may relay without a login."""
    found: dict[str, Span | None] = {}
    ignored: list[Unread] = []
    for word in class_words(config, "R"):
        prefix = _PREFIX.fullmatch(word.text)
        _add(found, ignored, prefix[1] if prefix else word.text, word.where)
    unsure: tuple[Origin, ...] = ()
    rules = access(config)
    if rules is not None and rules.entries is None:
        unsure = (*sets(rules.where), Origin("implies", rules.where, f"{rules.name} is not here"))
    for entry in (rules.entries or ()) if rules else ():
        if rules is not None and rules.keyed[entry.key] is not entry:
            ignored.append(Unread(entry.where, "is there already: makemap complains, and keeps the first"))
            continue
        tag, colon, key = entry.key.partition(":")
        if _MEANT.match(entry.value) and entry.value.upper() != "RELAY":
            why = "is not RELAY, but a text: whom this names is refused with it; a comment needs a line of its own"
            ignored.append(Unread(entry.value_where, why))
        if entry.value.upper() != "RELAY" or (colon and tag not in ("connect", "ipv6")):
            continue
        _add(found, ignored, key if tag == "connect" and colon else entry.key, entry.where)
    feature = config.features.get("relay_entire_domain")
    if feature is not None:
        found["$m"] = feature.where
    if config.gap is not None:
        unsure = (*unsure, Origin("implies", config.gap, "what this includes is not here"))
    scopes = {name: network_scope([name]) for name in found}
    widest = sorted(found, key=lambda name: _ORDER.index(scopes[name] or "loopback"))
    said = tuple(origin for name in widest for origin in sets(found[name]))
    return Relaying(_open(config, rules), found, unsure, tuple(ignored), scopes[widest[-1]] if widest else None, said)


def _add(found: dict[str, Span | None], ignored: list[Unread], word: str, where: Span | None) -> None:
    if _NO_NETWORK.fullmatch(word):
        if where is not None:
            why = "is no network of Sendmail's, and trusts nobody: 192.0.2 stands for 192.0.2.0/24"
            ignored.append(Unread(where, why))
        return
    name = network(word)
    if name is not None:
        found.setdefault(name, where)


def _open(config: Config, rules: Table | None) -> tuple[Origin, ...]:
    """What lets strangers relay: promiscuous_relay, or a sender's address that anybody can write."""
    for name in ("promiscuous_relay", "relay_local_from"):
        if name in config.features:
            return sets(config.features[name].where) or config.builtin()
    feature = config.features.get("relay_mail_from")
    if feature is not None and rules is not None:
        for entry in rules.entries or ():
            named = "@" in entry.key or any(arg.text.strip() == "domain" for arg in feature.args[:1])
            if entry.key.startswith("from:") and named and entry.value.upper() == "RELAY":
                return (*sets(feature.where), Origin("sets", entry.where))
    return ()
