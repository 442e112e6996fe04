"""Who may relay through one smtpd (postconf(5), SMTPD_ACCESS_README, Postfix src/smtpd/smtpd_check.c)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from mailpolicy.addresses import LOOPBACK, contains
from mailpolicy.lean import TYPE_CHECKING, NamedTuple
from mailpolicy.readers.postfix.lexer import is_template
from mailpolicy.readers.postfix.tables import PATTERNS, Files, Table, matches, open_table
from mailpolicy.readers.postfix.verdicts import (
    PASS,
    STAGES,
    STOP,
    Lists,
    Site,
    Verdict,
    Who,
    is_restriction,
    statements,
    wide,
)
from mailpolicy.types import Origin, Span, Unreadable

if TYPE_CHECKING:
    from mailpolicy.readers.postfix.master import Config
    from mailpolicy.readers.postfix.networks import Networks
    from mailpolicy.readers.postfix.params import View
    from mailpolicy.text import Source

REQUIRED = (
    "reject_unauth_destination",
    "defer_unauth_destination",
    "reject",
    "defer",
    "defer_if_permit",
    "check_relay_domains",
)
"""smtpd does not work unless one of these can be reached (smtpd_check.c, has_required)."""
GUARDS = ("smtpd_relay_restrictions", "smtpd_recipient_restrictions")


class Relaying(NamedTuple):
    """Who may relay: open, networks, authenticated or none; None when the files do not tell."""

    relay: str | None
    origins: tuple[Origin, ...]
    """The blamed restriction stands last."""
    broken: str | None
    """Why smtpd does not work, in its own words; None when it does."""


class _Session(NamedTuple):
    """How all lists together end for a client: passes, or None when the files do not tell."""

    passes: bool | None
    origins: tuple[Origin, ...]


def relay(view: View, networks: Networks, config: Config, family: int = 0, local: bool = False) -> Relaying:
    """Who may relay through the smtpd that ``view`` belongs to.

    ``family`` (4 or 6) narrows the question to clients of one address family. ``local``: the socket
    is on loopback, so whoever connects is this host, which mynetworks as a rule covers.
    """
    broken = incomplete(view)
    if broken is not None and filled_in(view, config):
        return Relaying(None, guards(view), None)
    if broken is not None:
        return Relaying("none", guards(view), broken)
    lists = Lists(_site(view, networks, config))
    if not lists.delayed:
        caller = "network" if local and _covers_loopback(view) else "stranger"
        first = lists.list_verdict(*STAGES[0], Who(caller, family))
        if first.outcome == STOP and not first.unsure:
            origins = (*view.get(STAGES[0][0]).origins, *first.blame)
            return Relaying("none", origins, "smtpd_client_restrictions refuse the client as soon as it connects")
    for circle, kinds in (
        ("open", ("stranger",)),
        ("networks", ("network", "listed")),
        ("authenticated", _logins(view)),
    ):
        answers = [_session(lists, Who(kind, family)) for kind in kinds]
        for answer in answers:
            if answer.passes:
                return Relaying(circle, answer.origins, None)
        unknown = [answer for answer in answers if answer.passes is None]
        if unknown:
            return Relaying(None, unknown[0].origins, None)
    return Relaying("none", _session(lists, Who("stranger", family)).origins, None)


def _covers_loopback(view: View) -> bool:
    """Whether mynetworks holds this host; where it is not listed, Postfix itself puts loopback in."""
    listed = [text for text, _ in view.elements("mynetworks")] if view.is_set("mynetworks") else []
    return not listed or any(contains(text, address) for text in listed for address in ("127.0.0.1", "::1"))


def sender_bound(view: View, config: Config) -> tuple[bool | None, tuple[Origin, ...]]:
    """Whether a login is bound to its own envelope senders (postconf(5), smtpd_sender_login_maps)."""
    maps = view.get("smtpd_sender_login_maps")
    lists = Lists(Site(view, Files(config.tree, config.folder), (), False, (), ()))
    unknown = False
    for name, stage in STAGES[:5]:
        lists.seen = []
        unknown = unknown or view.get(name).text is None
        lists.list_verdict(name, stage, Who("login"))
        for word in lists.seen:
            strict = word in ("reject_sender_login_mismatch", "reject_authenticated_sender_login_mismatch")
            if strict or (word == "reject_known_sender_login_mismatch" and maps.text != ""):
                return True, view.get(name).origins
    if unknown:
        return None, view.get("smtpd_sender_restrictions").origins
    return False, view.get("smtpd_sender_restrictions").origins


def closed_to_world(view: View, networks: Networks, config: Config) -> tuple[bool | None, tuple[Origin, ...]]:
    """Whether clients outside the trusted networks get no mail in, not even for this server's own domains."""
    answer = _session(Lists(_site(view, networks, config)), Who("stranger", local=True))
    return (None if answer.passes is None else not answer.passes), answer.origins


def deaf_to_logins(view: View, networks: Networks, config: Config) -> bool:
    """Whether a login opens nothing: who is outside the trusted networks gets no mail in with one either."""
    lists = Lists(_site(view, networks, config))
    return all(_session(lists, Who("login", local=local)).passes is False for local in (False, True))


def incomplete(view: View) -> str | None:
    """smtpd's words for a configuration of restrictions that it refuses at start, or None."""
    classes = [name for name, _ in view.elements("smtpd_restriction_classes")]
    for name in classes:
        if view.get(name).text == "":
            return f"restriction class `{name}' needs a definition"
    if any(view.get(name).text is None for name in GUARDS):
        return None
    try:
        if any(_has_required(view, name, set(classes), 0) for name in reversed(GUARDS)):
            return None
    except RecursionError:
        return "restriction classes refer to one another in a circle"
    words = ", ".join(REQUIRED[:-1]) + " or " + REQUIRED[-1]
    return f"in parameter {' or '.join(GUARDS)}, specify at least one working instance of: {words}"


def filled_in(view: View, config: Config) -> bool:
    """Whether main.cf sets no guarding list, but lines that a template makes up might."""
    if any(view.is_set(name) for name in (*GUARDS, "compatibility_level")):
        return False
    try:
        text = config.tree.source(config.main_path).text
    except Unreadable:
        return True
    return re.search(r"^[ \t]*(?:\{[{%]|<%)", text, re.MULTILINE) is not None


def _has_required(view: View, name: str, classes: set[str], depth: int) -> bool:
    skip = False
    for text, _ in view.elements(name):
        if skip:
            skip = False
        elif text.lower() == "warn_if_reject":
            skip = True
        elif text.lower() == "permit":
            return False
        elif text.lower() in REQUIRED:
            return True
        elif text in classes:
            if depth > len(classes) or depth > 50:
                raise RecursionError
            if _has_required(view, text, classes, depth + 1):
                return True
    return False


def guards(view: View) -> tuple[Origin, ...]:
    """Origins of both guarding lists, the one that a file sets last."""
    chains = [view.get(name).origins for name in GUARDS]
    chains.sort(key=lambda chain: any(origin.where for origin in chain))
    return tuple(origin for chain in chains for origin in chain)


def strange(view: View) -> list[tuple[Span, str]]:
    """What smtpd does not understand in its restriction lists and mynetworks, with words for users."""
    classes = [name for name, _ in view.elements("smtpd_restriction_classes")]
    found = []
    for name, stage in (*STAGES, *((name, "") for name in classes)):
        for word, _, span in statements(view.elements(name), stage):
            known = is_restriction(word) or word in map(str.lower, classes) or is_template(word) or "$" in word
            if not known and span is not None:
                found.append((span, f'unknown restriction "{word}"; smtpd refuses mail that gets there'))
    for pattern, span in view.elements("mynetworks") if view.is_set("mynetworks") else []:
        if span is not None and bad_network(pattern):
            why = "needs brackets" if _bare_ipv6(pattern) else "has address bits behind its prefix"
            found.append((span, f'"{pattern}" {why}; smtpd refuses mail that gets there'))
    return found


def _logins(view: View) -> tuple[str, ...]:
    kinds = []
    if view.flag("smtpd_sasl_auth_enable") is not False:
        kinds.append("login")
    if any(view.flag(name) is not False for name in ("smtpd_tls_ask_ccert", "smtpd_tls_req_ccert")):
        kinds.append("certificate")
    return tuple(kinds)


def _session(lists: Lists, who: Who) -> _Session:
    """All lists in order: mail gets through when none of them refuses."""
    verdicts: list[tuple[str, Verdict]] = []
    doubt: tuple[str, Verdict] | None = None
    for name, stage in STAGES:
        found = lists.list_verdict(name, stage, who)
        if found.outcome == STOP and not found.unsure:
            return _Session(False, (*lists.view.get(name).origins, *found.blame))
        if found.outcome == STOP and doubt is None:
            doubt = (name, found)
        verdicts.append((name, found))
    if doubt is not None:
        return _Session(None, (*lists.view.get(doubt[0]).origins, *doubt[1].blame))
    if not who.local and _undeliverable(lists.view):
        return _Session(False, lists.view.get("default_transport").origins)
    return _Session(True, _blame(lists, verdicts))


def _undeliverable(view: View) -> bool:
    """Mail to other domains is refused at RCPT because its transport is error (smtpd_check.c, check_rcpt_maps)."""
    transport = view.get("default_transport").text or ""
    return transport.partition(":")[0] == "error" and view.flag("smtpd_reject_unlisted_recipient") is not False


def _blame(lists: Lists, verdicts: list[tuple[str, Verdict]]) -> tuple[Origin, ...]:
    """The chain of what let a client through: the permit of the list that was to guard relaying."""
    passed = [(name, found) for name, found in verdicts if name in GUARDS and found.outcome == PASS]
    classes = {name for name, _ in lists.view.elements("smtpd_restriction_classes")}
    passed.sort(key=lambda item: not _has_required(lists.view, item[0], classes, 0))
    if passed:
        name, found = passed[0]
        return (*lists.view.get(name).origins, *found.blame)
    if lists.site.relays_all:
        return (*lists.view.get("relay_domains").origins, *lists.site.relays_all)
    return guards(lists.view)


def _site(view: View, networks: Networks, config: Config) -> Site:
    files = Files(config.tree, config.folder)
    entries = list(_networks(networks.entries, files, 0))
    trusts = networks.unknown or any(text[0] != "!" and not bad_network(text) for text, _ in networks.entries)
    spoiled = tuple(Origin("sets", span) for pattern, span in networks.entries if bad_network(pattern))[:1]
    return Site(view, files, _world(entries), trusts, spoiled, _relays_all(view, files))


@lru_cache(maxsize=1024)
def bad_network(pattern: str) -> bool:
    """Whether Postfix refuses a pattern of mynetworks: address bits behind its prefix, IPv6 without brackets.

    The latter is the name of a table of an unknown type (cidr_match.c, match_list.c).
    """
    if _bare_ipv6(pattern):
        return True
    bare = pattern.lstrip("!").replace("[", "").replace("]", "")
    if "/" not in bare or bare in LOOPBACK or bare.startswith("/") or not bare[0].isalnum():
        return False
    import ipaddress  # imported late: costs start-up time that most configurations do not need

    try:
        return ipaddress.ip_interface(bare).ip != ipaddress.ip_interface(bare).network.network_address
    except ValueError:
        return False


def _bare_ipv6(pattern: str) -> bool:
    return re.match(r"!*(?:[0-9a-fA-F]{1,4})?:[0-9a-fA-F:.]*(?:/[0-9]+)?$", pattern) is not None


def _networks(
    entries: Iterable[tuple[str, Span | None]], files: Files, depth: int
) -> Iterator[tuple[str, Span | None]]:
    """The patterns, with those of files and tables in the tree in their places."""
    for pattern, span in entries:
        bare = pattern.lstrip("!")
        if bare.startswith("/"):
            path = files.place(bare)
            try:
                text = files.tree.source(path) if path and depth < 5 else None
            except Unreadable:
                text = None
            inner = [(word, source) for word, source in _words(text)] if text else []
            yield from _networks(inner, files, depth + 1) if not pattern.startswith("!") else ()
        elif ":" in bare and bare.partition(":")[0].isalpha():
            table = open_table(bare, span or Span("", 1, 1, 2), files)
            if table.kind == "static":
                yield "0.0.0.0/0", span
                yield "[::]/0", span
            elif table.kind == "cidr":
                yield from ((entry.key, entry.key_where) for entry in table.entries or ())
            elif table.kind in PATTERNS:
                yield from _patterns(table)
        else:
            yield pattern, span


_SAMPLES = (("0.0.0.0/0", ("198.51.100.20", "203.0.113.9", "8.8.4.4")), ("[::]/0", ("2001:db8::1", "2a00:1450::7")))


def _patterns(table: Table) -> Iterator[tuple[str, Span | None]]:
    """The whole of a family where a pattern meets every address of it."""
    for entry in table.entries or ():
        for family, addresses in _SAMPLES:
            if not entry.guards and all(matches(table.kind, entry.key, address) for address in addresses):
                yield family, entry.key_where


def _words(source: Source) -> Iterator[tuple[str, Span]]:
    """Words of a file that a list names, comments left out (match_list.c)."""
    for number in range(1, len(source.starts) + 1):
        line = source.line(number)
        if not line.lstrip().startswith("#"):
            for word in re.finditer(r"[^\s,]+", line):
                yield word[0], Span(source.path, number, word.start() + 1, word.end() + 1)


def _world(entries: list[tuple[str, Span | None]]) -> tuple[tuple[int, Origin], ...]:
    """Trusted networks that hold strangers, and those that hold what the list itself means to leave out."""
    found: list[tuple[int, Origin]] = []
    barred: set[int] = set()
    before: list[tuple[str, Span | None]] = []
    for pattern, span in entries:
        bare = pattern.lstrip("!")
        if _bare_ipv6(bare):
            continue
        family = 6 if ":" in bare else 4
        if pattern.startswith("!"):
            too_late = next((s for p, s in before if _covers(p, bare)), None)
            if too_late is not None and family not in barred:
                found.append((family, Origin("sets", too_late, f"stands before !{bare}, which has no effect")))
            if wide(bare, 0) and bare.endswith("/0"):
                barred.add(family)
        elif wide(bare, 0) and family not in barred:
            found.append((family, Origin("sets", span)))
        else:
            before.append((bare, span))
    return tuple(found)


def _covers(wider: str, narrower: str) -> bool:
    import ipaddress  # imported late: costs start-up time that most configurations do not need

    try:
        one, two = (ipaddress.ip_network(t.replace("[", "").replace("]", ""), strict=False) for t in (wider, narrower))
    except ValueError:
        return False
    if isinstance(one, ipaddress.IPv4Network) and isinstance(two, ipaddress.IPv4Network):
        return two.subnet_of(one)
    return isinstance(one, ipaddress.IPv6Network) and isinstance(two, ipaddress.IPv6Network) and two.subnet_of(one)


def _relays_all(view: View, files: Files) -> tuple[Origin, ...]:
    """What makes relay_domains match every domain; relay_recipient_maps would refuse its unknown recipients."""
    if view.get("relay_recipient_maps").text != "" and view.flag("smtpd_reject_unlisted_recipient") is not False:
        return ()
    for text, span in view.elements("relay_domains"):
        origin = Origin("sets", span)
        if ":" not in text or text.startswith(("!", "/")):
            continue
        table = open_table(text, span or Span("", 1, 1, 2), files)
        for entry in table.entries or ():
            if table.kind == "static":
                return (origin,)
            if table.kind in PATTERNS and table.find("a.example") and table.find("b.test"):
                return (origin, Origin("implies", entry.where, f"{table.kind} table"))
    return ()
