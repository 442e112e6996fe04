"""What smtpd's restriction lists say to one kind of client (access(5), Postfix src/smtpd/smtpd_check.c).

The client is an adversary: what it may choose, such as HELO name and sender, it chooses so that mail
gets through; what it cannot choose, such as its address, is whatever the kind says.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from mailpolicy.addresses import LOOPBACK
from mailpolicy.lean import TYPE_CHECKING, NamedTuple
from mailpolicy.readers.postfix.lexer import is_template
from mailpolicy.readers.postfix.tables import (
    INDEXED,
    KNOWN,
    PATTERNS,
    Entry,
    Files,
    Table,
    open_table,
    pattern_matches,
    split_braced,
)
from mailpolicy.types import Origin, Span

if TYPE_CHECKING:
    from mailpolicy.readers.postfix.params import View

PASS, STOP, ON = "pass", "stop", "on"
STAGES = (
    ("smtpd_client_restrictions", "client"),
    ("smtpd_helo_restrictions", "helo"),
    ("smtpd_sender_restrictions", "sender"),
    ("smtpd_relay_restrictions", "recipient"),
    ("smtpd_recipient_restrictions", "recipient"),
    ("smtpd_data_restrictions", ""),
    ("smtpd_end_of_data_restrictions", ""),
)
"""Restriction lists in the order of a session, and what a table without a check_*_access before it is asked for."""

_TAKES_WORD = frozenset(
    {"reject_rbl_client", "reject_rbl", "permit_dnswl_client", "permit_rhswl_client", "sleep"}
    | {f"reject_rhsbl_{what}" for what in ("client", "reverse_client", "helo", "sender", "recipient")}
)
_NO_OK = frozenset(
    {"check_reverse_client_hostname_access"}
    | {
        f"check_{what}_{kind}_access"
        for what in ("client", "reverse_client_hostname", "helo", "sender", "recipient")
        for kind in ("ns", "mx", "a")
    }
)
"""Tables that may refuse only: an OK from them is a server error."""
_HARMLESS = frozenset(
    (
        "reject_unauth_pipelining",
        "defer_if_reject",
        "reject_unknown_client_hostname",
        "reject_unknown_client",
        "reject_unknown_reverse_client_hostname",
        "reject_maps_rbl",
        "reject_invalid_helo_hostname",
        "reject_invalid_hostname",
        "reject_unknown_helo_hostname",
        "reject_unknown_hostname",
        "reject_non_fqdn_helo_hostname",
        "reject_non_fqdn_hostname",
        "reject_unknown_address",
        "reject_unknown_sender_domain",
        "reject_unverified_sender",
        "reject_non_fqdn_sender",
        "reject_unlisted_sender",
        "reject_authenticated_sender_login_mismatch",
        "reject_known_sender_login_mismatch",
        "reject_unauthenticated_sender_login_mismatch",
        "reject_sender_login_mismatch",
        "permit_mx_backup",
        "reject_unknown_recipient_domain",
        "reject_non_fqdn_recipient",
        "check_recipient_maps",
        "reject_unlisted_recipient",
        "reject_multi_recipient_bounce",
        "reject_unverified_recipient",
    )
)
"""Restrictions that an adversary can always satisfy, and that permit nothing."""

_STRANGER_KEYS = ("unknown", "z.example", "198.51.100.20")
_ADDRESS_KEYS = ("a@b.example", "x.y@z.test")
_DEPTH = 20


class Who(NamedTuple):
    """A kind of client."""

    kind: str
    """stranger, network (in mynetworks), listed (in some client table), login or certificate."""
    family: int = 0
    """4 or 6: the address family of a stranger; 0: either."""
    local: bool = False
    """Its mail is for a destination of this server."""


class Verdict(NamedTuple):
    """How a list ends for a client."""

    outcome: str
    blame: tuple[Origin, ...] = ()
    unsure: bool = False
    """Something that the files do not tell might have permitted before the end."""


class Site(NamedTuple):
    """What the restrictions ask about the server."""

    view: View
    files: Files
    world: tuple[tuple[int, Origin], ...]
    """Trusted networks that let in strangers: the family, and where that stands."""
    trusts: bool
    """Some network is trusted."""
    spoiled: tuple[Origin, ...]
    """A trusted network that Postfix cannot read: whoever is compared with it is refused."""
    relays_all: tuple[Origin, ...]
    """What makes every destination one of this server's own, or nothing."""


class Lists:
    """Evaluates the restriction lists of one smtpd."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.view = site.view
        self.delayed = site.view.flag("smtpd_delay_reject") is not False
        self.classes = {name for name, _ in site.view.elements("smtpd_restriction_classes")}
        self.seen: list[str] = []
        """Restrictions that were reached, lower case; those after warn_if_reject are left out."""

    def list_verdict(self, name: str, stage: str, who: Who) -> Verdict:
        """How the list that is the value of parameter ``name`` ends."""
        items = self.view.elements(name)
        if self.view.get(name).text is not None:
            return self._run(items, stage, who, 0)
        found = self._run(items, stage, who, 0)
        sure = any(is_template(text) for text, _ in items) and found.outcome == STOP and not found.unsure
        return found if sure else Verdict(STOP, (), unsure=True)

    def _run(self, items: list[tuple[str, Span | None]], stage: str, who: Who, depth: int) -> Verdict:
        unsure, warn = False, False
        for word, argument, span in statements(items, stage):
            if word == "warn_if_reject":
                warn = True
                continue
            if not warn:
                self.seen.append(word)
            found = self._element(word, argument, stage, who, depth, self._origin(span))
            if found.outcome == PASS or (found.outcome == STOP and not warn):
                return found._replace(unsure=found.outcome == STOP and (unsure or found.unsure))
            unsure, warn = unsure or found.unsure, False
        return Verdict(ON, (), unsure)

    def _origin(self, span: Span | None) -> Origin:
        return Origin("sets", span) if span else Origin("default", None, self.view.version_note)

    def _element(
        self, word: str, argument: tuple[str, Span | None] | None, stage: str, who: Who, depth: int, origin: Origin
    ) -> Verdict:
        if is_template(word):
            return Verdict(ON, (), unsure=True)
        if word in ("reject", "defer", "defer_if_permit"):
            return Verdict(STOP, (origin,))
        if word == "permit":
            return Verdict(PASS, (origin,))
        if word in _HARMLESS or (word.startswith("reject_r") and word in _TAKES_WORD) or word == "sleep":
            return Verdict(ON)
        if word.startswith("permit_") or word in ("reject_unauth_destination", "defer_unauth_destination"):
            return self._permission(word, who, origin, stage)
        if word.startswith("check_") and word.endswith(("_access", "_service")):
            return self._check(word, argument, stage, who, depth, origin)
        if word == "reject_plaintext_session":
            return Verdict(STOP, (origin,)) if self._no_tls() else Verdict(ON)
        name = next((c for c in self.classes if c.lower() == word), None)
        if name is not None and depth < _DEPTH:
            inner = self._run(self.view.elements(name), stage, who, depth + 1)
            return inner._replace(blame=(origin, *inner.blame))
        return Verdict(STOP, (origin,))  # unknown restrictions and check_relay_domains: nobody gets through

    def _no_tls(self) -> bool:
        level = self.view.get("smtpd_tls_security_level").text
        old = [self.view.flag(name) for name in ("smtpd_use_tls", "smtpd_enforce_tls", "smtpd_tls_wrappermode")]
        return level is not None and level.lower() in ("", "none") and old == [False, False, False]

    def _permission(self, word: str, who: Who, origin: Origin, stage: str) -> Verdict:
        early = not self.delayed and stage in ("client", "helo")
        if word in ("reject_unauth_destination", "defer_unauth_destination"):
            refused = not early and not who.local and not self.site.relays_all
            return Verdict(STOP, (origin,)) if refused else Verdict(ON, ())
        if word == "permit_auth_destination":
            every = self.site.relays_all
            return Verdict(PASS, (origin, *every)) if (every or who.local) and not early else Verdict(ON)
        if word == "permit_mynetworks":
            world = tuple(o for family, o in self.site.world if not who.family or family == who.family)
            if who.kind == "network" and self.site.trusts:
                return Verdict(PASS, (origin,))
            if not world and self.site.spoiled:
                return Verdict(STOP, (origin, *self.site.spoiled))
            return Verdict(PASS, (origin, *world[:1])) if world else Verdict(ON)
        if word == "permit_sasl_authenticated":
            return Verdict(PASS, (origin,)) if who.kind == "login" and not early else Verdict(ON)
        if word == "permit_tls_all_clientcerts":
            return Verdict(PASS, (origin,)) if who.kind == "certificate" else Verdict(ON)
        if word == "permit_tls_clientcerts":
            listed = self.view.get("relay_clientcerts").text != ""
            return Verdict(PASS, (origin,)) if who.kind == "certificate" and listed else Verdict(ON)
        if word in ("permit_inet_interfaces", "permit_dnswl_client", "permit_rhswl_client"):
            return Verdict(PASS, (origin,)) if who.kind == "listed" else Verdict(ON)
        if word == "permit_naked_ip_address" and self.view.version < (3, 9):
            return Verdict(PASS, (origin,))  # HELO 192.0.2.1 is all that it asks for
        return Verdict(STOP, (origin,))

    def _check(
        self, word: str, argument: tuple[str, Span | None] | None, stage: str, who: Who, depth: int, origin: Origin
    ) -> Verdict:
        if argument is None or ":" not in argument[0]:
            return Verdict(STOP, (origin,))
        if word == "check_policy_service":
            return Verdict(ON, (), unsure=True)
        asked = word.removeprefix("check_").removesuffix("_access")
        if (not self.delayed and asked in _unheard(stage)) or asked == "etrn":
            return Verdict(ON)
        if (asked == "sasl" and who.kind != "login") or (asked == "ccert" and who.kind != "certificate"):
            return Verdict(ON)
        name, span = argument
        if name.startswith("{"):
            name = (split_braced(name.strip()[1:-1]) or [""])[0]
        table = open_table(name, span or Span("", 1, 1, 2), self.site.files)
        if table.kind not in KNOWN:
            return Verdict(STOP, (origin,))
        if table.entries is None:
            return Verdict(ON, (), unsure=_may_permit(asked, word, who))
        return self._lookup(word, asked, table, stage, who, depth, origin)

    def _lookup(self, word: str, asked: str, table: Table, stage: str, who: Who, depth: int, origin: Origin) -> Verdict:
        for entry in table.entries or ():
            parts = [_reach(asked, table.kind, key, who) for key in (*entry.guards, entry.key)]
            if not all(parts):
                continue
            reach = "everyone" if set(parts) == {"everyone"} else "chosen"
            found = self._result(entry, stage, who, depth)
            blame = (origin, Origin("implies", entry.where, f"{table.kind} table"), *found.blame)
            if found.outcome == PASS and word in _NO_OK:
                found = Verdict(STOP)
            whole = table.kind != "cidr" or all(key.endswith("/0") for key in (*entry.guards, entry.key))
            if found.outcome == PASS or (reach == "everyone" and whole):
                return Verdict(found.outcome, blame, found.unsure)
        return Verdict(ON)

    def _result(self, entry: Entry, stage: str, who: Who, depth: int) -> Verdict:
        """What the right-hand side of an access(5) table means."""
        value = entry.value.strip()
        action, _, text = value.partition(" ")
        action = action.lower()
        if action in ("ok", "relay") or value.isdecimal():
            return Verdict(PASS)
        if action in ("reject", "defer", "defer_if_permit", "hangup", "discard"):
            return Verdict(STOP)
        if action in _GOES_ON or not value:
            return Verdict(ON)
        if len(action) == 3 and action.isdecimal() and action[0] in "45" and text:
            return Verdict(STOP)
        if ":" in value or depth >= _DEPTH:
            return Verdict(STOP)
        items: list[tuple[str, Span | None]] = [(word, entry.where) for word in split_braced(value)]
        return self._run(items, stage, who, depth + 1)


def statements(
    items: list[tuple[str, Span | None]], stage: str
) -> Iterator[tuple[str, tuple[str, Span | None] | None, Span | None]]:
    """Restrictions of a list with their arguments; a bare table is a check of what the list is about."""
    at = 0
    while at < len(items):
        text, span = items[at]
        word = text.lower()
        argument = items[at + 1] if at + 1 < len(items) else None
        at += 1
        if ":" in text and not word.startswith("check_"):
            word, argument = (f"check_{stage}_access" if stage else "reject"), (text, span)
        elif word in _TAKES_WORD or (word.startswith("check_") and word.endswith(("_access", "_service"))):
            at += 1
        yield word, argument, span


def is_restriction(word: str) -> bool:
    """Whether smtpd knows a restriction of this name, classes aside."""
    return word in _HARMLESS | _NO_OK | _TAKES_WORD | _OTHERS


_OTHERS = frozenset(
    (
        *("permit", "reject", "defer", "defer_if_permit", "warn_if_reject", "reject_plaintext_session"),
        *("permit_mynetworks", "permit_sasl_authenticated", "permit_tls_clientcerts", "permit_tls_all_clientcerts"),
        *("permit_auth_destination", "reject_unauth_destination", "defer_unauth_destination"),
        *("permit_inet_interfaces", "permit_naked_ip_address", "check_relay_domains", "check_policy_service"),
        *("check_client_access", "check_helo_access", "check_sender_access", "check_recipient_access"),
        *("check_etrn_access", "check_ccert_access", "check_sasl_access"),
    )
)
_GOES_ON = frozenset({"dunno", "info", "warn", "filter", "hold", "redirect", "bcc", "defer_if_reject", "prepend"})


def _unheard(stage: str) -> tuple[str, ...]:
    """What a client has not said yet when a list that is not delayed is asked."""
    return {"client": ("helo", "sender", "recipient"), "helo": ("sender", "recipient"), "sender": ("recipient",)}.get(
        stage, ()
    )


def _may_permit(asked: str, word: str, who: Who) -> bool:
    """Whether a table that cannot be read could let this client through to everywhere.

    A recipient table says OK to destinations that it names, a client table to clients that it
    names: neither is open to strangers.
    """
    if word in _NO_OK or asked == "recipient":
        return False
    return asked != "client" or who.kind == "listed"


def _reach(asked: str, kind: str, key: str, who: Who) -> str:
    """Whether an entry is met by "everyone", "chosen" by this client at will, or by nobody ("")."""
    if kind == "static":
        return "everyone"
    if kind == "cidr":
        if asked != "client":
            return ""
        if wide(key, who.family):
            return "everyone"
        return "chosen" if who.kind == "listed" and not key.startswith("!") else ""
    if kind in PATTERNS:
        keys = _STRANGER_KEYS if "client" in asked or asked == "helo" else _ADDRESS_KEYS
        if all(pattern_matches(key, sample) for sample in keys):
            return "everyone"
        if asked == "client" and pattern_matches(key, "unknown"):
            return "chosen"
    elif asked == "client" and kind in INDEXED | {"inline"} and key.lower() == "unknown":
        return "chosen"
    if asked in ("sender", "helo", "sasl", "ccert") or (asked == "client" and who.kind == "listed"):
        return "chosen"
    return ""


@lru_cache(maxsize=1 << 14)
def wide(key: str, family: int) -> bool:
    """Whether a network holds strangers: a whole family of addresses, or public down to a /8."""
    _, slash, bits = key.rpartition("/")
    if not slash or key in LOOPBACK or (bits.isdigit() and int(bits[:4]) > 8):
        return False
    import ipaddress  # imported late: costs start-up time that most configurations do not need

    try:
        network = ipaddress.ip_network(key.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False
    if family and network.version != family:
        return False
    return network.prefixlen <= 8 and str(network) not in ("10.0.0.0/8", "127.0.0.0/8", "fc00::/7", "fd00::/8")
