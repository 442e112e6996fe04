"""Facts that no single record holds: what an instance offers, who reads a mailbox."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from mailpolicy.facts import Draft
from mailpolicy.lean import TYPE_CHECKING
from mailpolicy.types import Fact, Origin, Span

if TYPE_CHECKING:
    from typing import TypeVar

    _Key = TypeVar("_Key", bound=Hashable)

_LOGIN_PORTS = {"imap": (143, 993), "pop3": (110, 995), "smtp": (587, 465)}
"""Protocol -> its port for STARTTLS and its port for implicit TLS (RFC 8314 sections 3.1 to 3.3)."""

_PROXIES = frozenset(("caddy", "haproxy", "nginx", "stunnel", "traefik"))
"""They open single ports; the servers beside them may open the others."""

_OFFERS = frozenset(("autoconfig", "autodiscover"))
"""Formats that speak to all clients of all mailboxes."""


def derive(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """All derived facts."""
    facts = tuple(facts)
    return (*_offers(facts), *_mailboxes(facts))


def position(fact: Fact, field: str) -> Span | None:
    """Where a field's value was made: its last origin that has a position."""
    for origin in reversed(fact.origins.get(field, ())):
        if origin.where is not None:
            return origin.where
    return None


def _grouped(facts: Iterable[Fact], key: Callable[[Fact], _Key | None]) -> dict[_Key, list[Fact]]:
    groups: dict[_Key, list[Fact]] = {}
    for fact in facts:
        name = key(fact)
        if name is not None:
            groups.setdefault(name, []).append(fact)
    return groups


def _offers(facts: Iterable[Fact]) -> Iterable[Fact]:
    """What each instance offers by imap, pop3 and smtp to hosts beyond its own."""

    def key(fact: Fact) -> tuple[object, ...] | None:
        values = fact.values
        reachable = fact.kind == "listener" and values.get("scope") not in (None, "loopback")
        if not reachable or values.get("protocol") not in _LOGIN_PORTS or values.get("role") == "internal":
            return None
        if values.get("proxied") or values.get("assumed") or values.get("software") in _PROXIES:
            return None
        return (values.get("instance"), values.get("software"), values["protocol"])

    for (instance, software, protocol), members in _grouped(facts, key).items():
        draft = _draft("offer", members, "port")
        members.sort(key=_is_mx)
        users = [f for f in members if f.values.get("role") != "mx" or f.values.get("auth") != "none"]
        ports = sorted({p for f in users or members if isinstance(p := f.values.get("port"), int)})
        known = all("tls" in f.values and "auth" in f.values for f in members)
        draft.put("software", str(software))
        if instance is not None:
            draft.put("instance", str(instance))
        draft.put("protocol", str(protocol))
        draft.put("ports", ", ".join(map(str, ports)), _origins(users or members, "port"))
        if known:
            implicit = any(f.values["tls"] == "implicit" for f in users)
            starttls = any(f.values["tls"] in ("optional", "required") for f in users)
            draft.put("implicit", implicit, _origins(users, "port"))
            draft.put("starttls", starttls, _origins(users, "port"))
            logins = any(f.values["auth"] != "none" for f in members)
            draft.put("logins", logins, _origins([f for f in members if f.values["auth"] != "none"], "auth"))
        submission = [f for f in members if f.values.get("role") == "submission"]
        draft.put("submission", bool(submission), _origins(members, "port"))
        draft.put("submission_587", any(f.values.get("port") == 587 for f in submission), _origins(members, "port"))
        yield draft.fact()


def _is_mx(fact: Fact) -> bool:
    return fact.values.get("role") == "mx"


def _mailboxes(facts: Iterable[Fact]) -> Iterable[Fact]:
    """Each mailbox that some client reads, with all its accesses."""

    def key(fact: Fact) -> tuple[str, str] | None:
        values = fact.values
        if fact.kind != "connection" or values.get("role") != "access":
            return None
        if values.get("software") in _OFFERS:
            return f"every mailbox of {values.get('instance')}", ""
        mailbox, host = values.get("mailbox"), values.get("host")
        if not isinstance(mailbox, str):
            return None
        from mailpolicy.mailboxes import provider  # imported late: servers have no mailboxes to read

        return mailbox, provider(str(host or ""))

    for (mailbox, _), members in _grouped(facts, key).items():
        pop3 = [f for f in members if f.values.get("protocol") == "pop3"]
        expunging = [f for f in members if f.values.get("expunges")]
        if pop3 or expunging:
            yield _mailbox(mailbox, members, pop3, expunging)


def _mailbox(mailbox: str, members: list[Fact], pop3: list[Fact], expunging: list[Fact]) -> Fact:
    draft = _draft("mailbox", pop3 or expunging, "protocol")
    chain = _origins(pop3 + [f for f in members if f not in pop3], "protocol")
    draft.put("mailbox", mailbox, chain)
    draft.put("clients", len(members), chain)
    draft.put("devices", len({_device(f) for f in members}), chain)
    draft.put("pop3", bool(pop3), chain)
    draft.put("imap", any(f.values.get("protocol") == "imap" for f in members), chain)
    draft.put("pop3_only", len(pop3) == len(members), chain)
    draft.put("offered_to_all", members[0].values.get("software") in _OFFERS, chain)
    deleting = [f for f in pop3 if f.values.get("deletes_on_server")]
    sure = bool(deleting) or all(f.values.get("deletes_on_server") is False for f in pop3)
    draft.maybe("pop3_deletes", bool(deleting) if sure else None, _origins(deleting or pop3, "deletes_on_server"))
    blamed = (deleting or expunging or members)[0].values.get("software")
    if isinstance(blamed, str):
        draft.put("software", blamed, chain)
    draft.put("imap_expunges", bool(expunging), _origins(expunging, "expunges"))
    purposes = [str(f.values["purpose"]) for f in (*pop3, *expunging) if "purpose" in f.values]
    draft.put("purpose", ", ".join(purposes), chain)
    return draft.fact()


def _device(fact: Fact) -> object:
    """Without a declared device each client counts as one."""
    return fact.values.get("device") or (fact.values.get("instance"), fact.values.get("account"))


def _draft(kind: str, members: list[Fact], field: str) -> Draft:
    place = next((p for f in members if (p := position(f, field))), None)
    return Draft(kind, place or Span("", 1, 1, 2))


def _origins(members: list[Fact], field: str) -> list[Origin]:
    """One step for each member, in order; the last one is blamed."""
    return [Origin("implies", where, _who(f)) for f in reversed(members) if (where := position(f, field))]


def _who(fact: Fact) -> str:
    values = fact.values
    return f"{values.get('protocol', '?')} port {values.get('port', '?')}"
