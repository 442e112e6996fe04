"""Who may relay: the rules in their order, as the first one that matches decides (ruleset_match of ruleset.c).

The client is an adversary: what it may choose, such as HELO name, sender and the foreign domain, it
chooses so that mail is relayed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from mailpolicy import patterns
from mailpolicy.addresses import contains, network_scope
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.opensmtpd.model import Condition, Rule
from mailpolicy.types import Span

LOOPBACK = ("127.0.0.0/8", "::1")
_STRANGERS = ("203.0.113.77", "2001:db8:4d4d::77")
_FOREIGN = "stranger-domain.example"
_OPEN = re.compile(r"\*\.?[a-z0-9-]*")
"""Patterns that match domains which anybody can have: ``*``, ``*.com``."""
_WIDE = 8
"""Prefixes that are looked at when networks may make up the whole Internet together."""
MOST = 100
"""How many named networks are looked at; real configurations name a handful."""


class Who(NamedTuple):
    """A client: ``network`` is "" for a stranger, "local" for this host, else the network that it is in."""

    network: str = ""
    login: bool = False
    tag: str = ""
    family: int = 0
    """The IP version that it comes by: 4, 6, or 0 for either."""


class Verdict(NamedTuple):
    """``answer``: whether such a client may relay, None when it is not known; ``where``: what says so."""

    answer: bool | None
    where: Span | None = None
    rule: Span | None = None


def verdict(rules: Sequence[Rule], who: Who) -> Verdict:
    """Whether a client may relay to some foreign domain."""
    unsure: Span | None = None
    shadowed = False
    for rule in rules:
        held = _held(rule, who)
        if held is False:
            continue
        if "tls" in rule.conditions and held:  # never anything but a temporary failure
            return Verdict(None if unsure else False, unsure or rule.conditions["tls"].where, rule.where)
        to = _recipient(rule)
        relays = rule.action is not None and rule.action.kind == "relay"
        chosen = any(name in rule.conditions for name in ("helo", "mail-from", "rcpt-to"))
        if relays and held and to and not shadowed and unsure is None:
            return Verdict(True, _blamed(rule, who), rule.where)
        if relays and to is not False:
            unsure = unsure or _blamed(rule, who)
        elif not relays and held is None and not chosen:
            shadowed = True
        elif not relays and held and not chosen:
            break
    return Verdict(None if unsure else False, unsure)


def _held(rule: Rule, who: Who) -> bool | None:
    """Whether the conditions hold that a client cannot choose; None when that is not known."""
    answers = [
        _tag(rule.conditions.get("tag"), who),
        _from(rule.conditions.get("from"), who),
        _for(rule.conditions.get("for")),
        _auth(rule.conditions.get("auth"), who),
    ]
    return False if False in answers else None if None in answers else True


def _turned(condition: Condition, answer: bool | None) -> bool | None:
    return answer if answer is None or not condition.negated else not answer


def _tag(condition: Condition | None, who: Who) -> bool | None:
    if condition is None:
        return True
    return _turned(condition, _listed(condition, who.tag.lower()) if who.tag else False)


def _listed(condition: Condition, text: str) -> bool | None:
    """Whether a text is in a condition's table."""
    table = condition.table
    if table is None:
        return True
    if not table.known:
        return None
    if condition.regex:
        return _any_found(condition, text)
    return any(entry.key == text for entry in table.entries)


def _any_found(condition: Condition, *texts: str) -> bool | None:
    """Whether one of the regular expressions of a condition's table is in one of some texts."""
    table = condition.table
    if table is None or not table.known:
        return None
    answers = {patterns.found(entry.key, text) for entry in table.entries for text in texts}
    return True if True in answers else None if None in answers else False


def _from(condition: Condition | None, who: Who) -> bool | None:
    if condition is None:
        return who.network == "local"
    if condition.kind == "any":
        return not condition.negated
    if condition.kind == "local":
        return _turned(condition, who.network == "local")
    if condition.kind == "socket":
        return condition.negated
    if condition.kind == "rdns":
        return True if condition.table is None and not who.network else None
    return _turned(condition, _source(condition, who))


def _source(condition: Condition, who: Who) -> bool | None:
    table = condition.table
    if table is None or not table.known:
        return None
    if condition.regex:
        samples = _STRANGERS if not who.network else LOOPBACK[:1] if who.network == "local" else (who.network,)
        return _any_found(condition, *(sample.split("/")[0] for sample in samples))
    if not who.network:
        return _world([entry.key for entry in table.entries], who.family)
    if who.network == "local":
        return any(entry.key == "local" or _holds(entry.key, "127.0.0.1") for entry in table.entries)
    if any(entry.key == who.network for entry in table.entries):
        return True
    return any(_holds(entry.key, who.network) for entry in table.entries[:MOST])


def _world(networks: list[str], family: int) -> bool:
    """Whether some networks together hold every address of an IP version."""
    if not any("/" in network for network in networks):
        return False
    import ipaddress

    for version, whole in ((4, "0.0.0.0/0"), (6, "::/0")):
        parsed = []
        for network in networks if family in (0, version) else ():
            bits = network.rpartition("/")[2]
            if not bits.isdecimal() or int(bits[:4]) > _WIDE:
                continue
            try:
                one = ipaddress.ip_network(network.replace("[", "").replace("]", ""), strict=False)
            except ValueError:
                continue
            if one.version == version:
                parsed.append(one)
        if any(str(network) == whole for network in ipaddress.collapse_addresses(parsed)):  # type: ignore[type-var]
            return True
    return False


def _holds(network: str, other: str) -> bool:
    """Whether a network holds the first address of another one, and is not the smaller one."""
    address, _, bits = other.partition("/")
    own = network.partition("/")[2]
    if own and bits and own.isdecimal() and bits.isdecimal() and int(own) > int(bits):
        return False
    return contains(network, address) if own or not bits else False


def _for(condition: Condition | None) -> bool | None:
    """Whether a domain that is not ours can match."""
    if condition is None:
        return False
    if condition.kind == "any":
        return not condition.negated
    if condition.kind == "local" or condition.table is None:
        return condition.negated
    if condition.regex:
        return _turned(condition, _any_found(condition, _FOREIGN))
    return _turned(condition, any(_OPEN.fullmatch(entry.key) is not None for entry in condition.table.entries))


def _auth(condition: Condition | None, who: Who) -> bool | None:
    if condition is None:
        return True
    return _turned(condition, who.login)


def _recipient(rule: Rule) -> bool | None:
    """Whether ``rcpt-to`` lets a foreign recipient through."""
    condition = rule.conditions.get("rcpt-to")
    if condition is None or condition.negated or condition.table is None:
        return True
    if condition.regex:
        return _any_found(condition, f"somebody@{_FOREIGN}")
    return any(entry.key in ("@", "@*") for entry in condition.table.entries)


def _blamed(rule: Rule, who: Who) -> Span:
    """What in a rule lets a client in: the entry of a table, its ``from``, or the login."""
    if who.login and "auth" in rule.conditions:
        return rule.conditions["auth"].where
    source = rule.conditions.get("from")
    if source is None:
        return rule.where
    if source.table is not None and not source.negated and not source.regex:
        for entry in source.table.entries:
            if not who.network and _world([entry.key], who.family):
                return entry.where
            if entry.key == who.network:
                return entry.where
    return source.where


def guarded(guards: Sequence[Condition], who: Who) -> Span | None:
    """Where a filter refuses a client: for want of a login, or for its address; what it chooses does not count."""
    for guard in guards:
        if guard.kind == "auth" and guard.table is None and guard.negated != who.login:
            return guard.where
        if guard.kind == "src" and _turned(guard, _source(guard, who)) is True:
            return guard.where
    return None


def networks(rules: Sequence[Rule], tag: str, family: int) -> tuple[dict[str, Span], Span | None]:
    """Networks whose hosts may relay without more, and where; and the place of one that is not known."""
    named = (
        entry.key
        for rule in rules
        if (source := rule.conditions.get("from")) and source.kind == "src" and not source.regex and source.table
        for entry in source.table.entries
        if network_scope([entry.key]) is not None and family in (0, 6 if ":" in entry.key else 4)
    )
    found: dict[str, Span] = {}
    unsure: Span | None = None
    for network in ["local", *dict.fromkeys(islice(named, MOST))]:
        met = verdict(rules, Who(network, False, tag, family))
        if met.answer and met.where:
            for name in LOOPBACK if network == "local" else (network,):
                found.setdefault(name, met.where)
        elif met.answer is None:
            unsure = unsure or met.where
    return found, unsure


def closed(rules: Sequence[Rule], tag: str, family: int) -> bool | None:
    """Whether a stranger gets no mail in at all; None when that is not known."""
    unsure = False
    for rule in rules:
        who = Who("", False, tag, family)
        answers = [_tag(rule.conditions.get("tag"), who), _from(rule.conditions.get("from"), who)]
        answers.append(_auth(rule.conditions.get("auth"), who))
        if "tls" in rule.conditions or False in answers:
            continue
        if rule.action is not None and None in answers:
            unsure = True
        elif rule.action is not None:
            return False
        elif None not in answers and not set(rule.conditions) - {"from", "tag", "auth"} - {"for"}:
            everything = rule.conditions.get("for")
            if everything is not None and everything.kind == "any" and not everything.negated:
                break
    return None if unsure else True
