"""Where mail is sent: esmtproutes with esmtpauthclient and the variables of courierd (courier(8), smtproutes.C)."""

from __future__ import annotations

import re

from mailpolicy.addresses import host_scope
from mailpolicy.facts import Draft
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import secret
from mailpolicy.ports import port_number
from mailpolicy.readers.courier.daemons import SOFTWARE, Program, got
from mailpolicy.readers.courier.shell import Environment
from mailpolicy.text import Source
from mailpolicy.types import Fact, Origin, Span, Unread

_ADDRESS = re.compile(r"\[?[0-9a-fA-F:.]+\]?")
_OPTIONS = frozenset(("SECURITY=STARTTLS", "SECURITY=REQUIRED", "SECURITY=SMTPS", "IPV4ONLY", "IPV6ONLY"))
_FILLED = ("{{", "{%", "<%", "${", "__", "@@")


class Route(NamedTuple):
    """One line of esmtproutes."""

    domain: str
    target: str
    where: Span
    options: frozenset[str]
    options_where: Span | None


class Credential(NamedTuple):
    """One line of esmtpauthclient: the route that it is for, and where its password stands."""

    target: str
    password: str
    where: Span
    password_where: Span


def routes(source: Source) -> tuple[list[Route], list[Unread]]:
    """The lines of esmtproutes, in their order."""
    found, unread, at = [], [], 0
    for line in source.text.split("\n"):
        begin, at = at, at + len(line) + 1
        text = line.split("#")[0].strip()
        if not text or any(mark in text for mark in _FILLED):
            continue
        head, colon, tail = line.split("#")[0].partition(":")
        if not colon:
            unread.append(Unread(source.span(begin), "has no colon: is no route"))
            continue
        first = begin + len(head) + 1
        named, slash, listed = tail.rpartition("/") if "/" in tail else (tail, "", "")
        target, options = named.strip(), frozenset(re.split(r"[, \t\r]+", listed.upper()))
        left = first + len(named) - len(named.lstrip())
        where = source.span(left, left + len(target)) if target else source.span(begin)
        start = first + len(named)
        placed = source.span(start, start + 1 + len(listed.rstrip())) if slash else None
        strange = sorted(options - _OPTIONS - {""})
        if strange and placed:
            unread.append(Unread(placed, f"Courier knows no {strange[0][:40]} here and passes over it"))
        found.append(Route(head.strip().lower(), target, where, options, placed))
    return found, unread


def credentials(source: Source) -> list[Credential]:
    """The lines of esmtpauthclient."""
    found, at = [], 0
    for line in source.text.split("\n"):
        words = list(re.finditer(r"\S+", line))
        if len(words) >= 3 and not line.startswith("#"):
            key, _, word = words[:3]
            spans = [source.span(at + w.start(), at + w.end()) for w in (key, word)]
            found.append(Credential(key[0].lower(), word[0], *spans))
        at += len(line) + 1
    return found


def secrets(found: list[Credential], program: Program, instance: str) -> list[Fact]:
    """The passwords of esmtpauthclient."""
    made = [secret(SOFTWARE, program.text, instance, one.target, one.password, one.password_where) for one in found]
    return [fact for fact in made if fact is not None]


def facts(
    found: list[Route], logins: list[Credential], courierd: Environment | None, program: Program, instance: str
) -> list[Fact]:
    """A connection for each route, and one to whatever MX there is when no route takes all domains."""
    made = [_one(route, logins, courierd, program, instance) for route in found if route.target]
    if courierd is not None and not any(not route.domain for route in found):
        tls = courierd.values.get("ESMTP_USE_STARTTLS")
        if tls is not None:
            anywhere = Route("", "*", tls.where, frozenset(), None)
            made.append(_one(anywhere, [], courierd, program, instance))
    return made


def _one(route: Route, logins: list[Credential], courierd: Environment | None, program: Program, instance: str) -> Fact:
    draft = Draft("connection", route.where)
    draft.put("software", SOFTWARE)
    draft.put("version", program.text, [Origin("implies", None, program.name)])
    draft.put("instance", instance)
    draft.put("account", route.domain or "*")
    draft.put("protocol", "smtp")
    draft.put("role", "relay")
    host, comma, name = route.target.partition(",")
    host = host.strip()
    port = port_number(name.strip()) if comma else 25
    draft.put("host", host.strip("[]") if host != "*" else host)
    draft.maybe("port", port)
    draft.put("port_stated", bool(comma))
    draft.put("scope", "any" if host == "*" else host_scope(host))
    draft.put("mx_lookup", host != "*" and not _ADDRESS.fullmatch(host))
    draft.put("backend", False)
    tls, said, broken = _tls(route, courierd, program)
    draft.maybe("tls", tls, said)
    draft.put("broken", broken, said if broken else ())
    if tls != "none":
        _put_verify(draft, route, courierd, program)
    key = next((one for one in logins if one.target == route.target.lower()), None)
    draft.put("authenticates", key is not None, [Origin("implies", key.where)] if key else [])
    draft.put("credential", "literal" if key else "none", [Origin("implies", key.where)] if key else [])
    if tls is not None:
        draft.put("cleartext_credentials", key is not None and tls in ("none", "opportunistic"), said)
    return draft.fact()


def _tls(
    route: Route, courierd: Environment | None, program: Program
) -> tuple[str | None, tuple[Origin, ...], str | None]:
    """TLS, who says so, and why nothing can be sent. Without ESMTP_USE_STARTTLS there is no STARTTLS at all."""
    placed = (Origin("sets", route.options_where),) if route.options_where else ()
    if "SECURITY=SMTPS" in route.options:
        return "implicit", placed, None
    asked = "SECURITY=REQUIRED" in route.options or "SECURITY=STARTTLS" in route.options
    if courierd is None:
        return ("required", placed, None) if asked else (None, (), None)
    use, tool = got(courierd, "ESMTP_USE_STARTTLS", program), got(courierd, "COURIERTLS", program)
    said = (*placed, *use.origins)
    if use.number is None or tool.text is None:
        return ("required" if asked else None), said, None
    if use.number and tool.text:
        return ("required", placed, None) if asked else ("opportunistic", said, None)
    off = said if not use.number else (*placed, *tool.origins)
    return ("required", off, "TLS is demanded here, but courierd never uses STARTTLS") if asked else ("none", off, None)


def _put_verify(draft: Draft, route: Route, courierd: Environment | None, program: Program) -> None:
    """ESMTP_TLS_VERIFY_DOMAIN and SECURITY=STARTTLS check the name; else TLS_VERIFYPEER decides about the chain."""
    if "SECURITY=STARTTLS" in route.options and route.options_where:
        draft.put("verify", "ca", [Origin("sets", route.options_where)])
        return
    if courierd is None:
        draft.unknown("verify")
        return
    named, peer = got(courierd, "ESMTP_TLS_VERIFY_DOMAIN", program), got(courierd, "TLS_VERIFYPEER", program)
    if named.number:
        draft.put("verify", "ca", named.origins)
    elif named.number is None or peer.text is None:
        draft.unknown("verify", (*named.origins, *peer.origins))
    else:
        loose = peer.text[:1].lower() == "n"
        draft.put("verify", "none" if loose else "ca-noname", (*peer.origins, *named.origins))
