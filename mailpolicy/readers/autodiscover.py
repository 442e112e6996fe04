"""Outlook's Autodiscover in its plain form: ``autodiscover.xml`` as a server hands it out (POX).

After [MS-OXDSCLI] 2.2.4.1.1.2.6 and Microsoft's page on the Outlook provider's response. ``Encryption`` stands above
``SSL``, whose default is on, and so is the default of ``SPA`` (NTLM). What ``SSL`` on makes of a port that begins
in clear is told nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailpolicy.facts import Draft
from mailpolicy.lean import NamedTuple
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Span, Unread, Unreadable, Version, unreadable
from mailpolicy.xml_positions import Element, NotXml, elements

SOFTWARE = "autodiscover"
FILES = "*autodiscover*.xml: responses with settings for IMAP, POP3 and SMTP"
PROVEN = "[MS-OXDSCLI] of 2024: documentation"
LIMITS = "SSL on with port 25, 110, 143 or 587 may be either kind of TLS; redirections are not followed"

_TYPES = {"IMAP": ("imap", "access"), "POP3": ("pop3", "access"), "SMTP": ("smtp", "submission")}
_OTHERS = frozenset({"EXCH", "EXPR", "EXHTTP", "WEB", "DAV", "NNTP", "MAPIHTTP", "MOBILESYNC", "CARDDAV", "CALDAV"})
_ENCRYPTION = {"NONE": "none", "SSL": "implicit", "TLS": "required", "AUTO": "opportunistic"}
_WORDS = {
    "AuthRequired": ("on", "off"), "SPA": ("on", "off"), "SSL": ("on", "off"),
    "Encryption": ("none", "ssl", "tls", "auto"),
}  # fmt: skip
_PORTS = {"imap": (143, 993), "pop3": (110, 995), "smtp": (25, 465)}
_IN_CLEAR = frozenset({25, 110, 143, 587})
_RANK = {"none": 0, "opportunistic": 1, "required": 2, "implicit": 3}
_FILLED = re.compile(r"\{\{|\{%|<%|<\?|\$\{?\w|%[A-Z][A-Z_/]*%|\{\$?[\w.]+\}|__\w+__|@[A-Z_]+@")


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether a text is a response that holds settings."""
    return "<Autodiscover" in text[:4000] and "<Protocol" in text


class Section(NamedTuple):
    """One ``Protocol`` element."""

    element: Element
    source: Source
    kind: Element
    protocol: str
    role: str

    def span(self, element: Element) -> Span:
        """The text of an element, or the name in its tag where it is empty."""
        text = element.text
        if text.value:
            return self.source.span(text.start, text.end)
        return self.source.span(element.start + 1, element.start + 1 + len(element.name))

    def told(self, name: str, default: str) -> Told:
        """The text of a child, its default where it is missing or empty; not known in a template."""
        child = self.element.first(name)
        if child is None or not child.text.value:
            where = "" if child is None else " (empty)"
            return Told(default, (Origin("default", None, f"[MS-OXDSCLI], {name}{where}"),))
        by = (Origin("sets", self.span(child)),)
        return unknown(by) if _FILLED.search(child.text.value) else Told(child.text.value, by)

    def switch(self, name: str) -> Told:
        """Whether a child that is on by default is on; not known for any other word than on and off."""
        told = self.told(name, "on")
        return maybe({"on": True, "off": False}.get(str(told.value).lower()), told.by)


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The sections of one response as connections, in the order of the file."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable((path,), str(problem))
    try:
        root = elements(source.text)
    except NotXml as problem:
        code = "<?php" in source.text or "<?=" in source.text
        words = "is a PHP program; the XML it would write cannot be read" if code else str(problem)
        return unreadable((path,), words, source.span(problem.at))
    if root.name != "Autodiscover":
        return Inventory(notes=(f"{path}: is no response of Autodiscover",))
    accounts = [account for response in root.all("Response") for account in response.all("Account")]
    sections, unread = _sections(source, [one for account in accounts for one in account.all("Protocol")])
    made = [_connection(section, number, path) for number, section in sections]
    notes = () if made else (f"{path}: {_empty(accounts)}",)
    return Inventory(tuple(_ordered(made)), tuple(unread), (path,), notes)


def _empty(accounts: Sequence[Element]) -> str:
    """Why a response names no server."""
    for account in accounts:
        action = account.first("Action")
        if action is not None and action.text.value.lower().startswith("redirect"):
            return "sends clients elsewhere for their settings"
    return "names no server for IMAP, POP3 or SMTP"


def _sections(source: Source, protocols: Sequence[Element]) -> tuple[list[tuple[int, Section]], list[Unread]]:
    """Sections that name a mail server, counted by protocol, and those of no known type."""
    found: list[tuple[int, Section]] = []
    unread: list[Unread] = []
    counts: dict[str, int] = {}
    for element in protocols:
        kind = element.first("Type")
        attribute = element.attributes.get("Type")
        word = kind.text.value if kind is not None else attribute.value if attribute is not None else ""
        known = _TYPES.get(word.upper())
        if kind is not None and known is not None:
            counts[known[0]] = counts.get(known[0], 0) + 1
            section = Section(element, source, kind, *known)
            found.append((counts[known[0]], section))
            unread += _words(section)
        elif word.upper() not in _OTHERS:
            at = kind or element
            where = source.span(at.text.start, at.text.end) if kind is not None and word else _tag(source, at)
            unread.append(Unread(where, "is of no type that Outlook knows"))
    return found, unread


def _words(section: Section) -> list[Unread]:
    """Words that the documents do not have: what Outlook makes of them is told nowhere."""
    found = []
    for name, words in _WORDS.items():
        told = section.told(name, words[0])
        where = told.by[0].where
        if where is not None and told.known and str(told.value).lower() not in words:
            found.append(Unread(where, f"is none of {', '.join(words)}"))
    return found


def _tag(source: Source, element: Element) -> Span:
    return source.span(element.start + 1, element.start + 1 + len(element.name))


def _connection(section: Section, number: int, path: str) -> Fact:
    told = {
        "protocol": Told(section.protocol, (Origin("sets", section.span(section.kind)),)),
        "role": Told(section.role),
    }
    told["account"] = Told(f"{section.protocol} {number}")
    host = section.told("Server", "")
    told["host"] = Told(str(host.value).lower(), host.by) if host.known and host.value else unknown(host.by)
    if host.known and not host.value:
        told["broken"] = Told("the section names no server", host.by)
    told["port"], told["tls"] = _transport(section)
    told["port_stated"] = Told(section.told("Port", "").value != "")
    encrypted = _encrypted(section)
    if told["tls"].value != "none":
        told["verify"] = Told("ca", encrypted.by) if encrypted.value else unknown(encrypted.by)
    _login(told, section, encrypted)
    if section.protocol == "pop3":
        told["deletes_on_server"] = Told(None)
    draft = Draft("connection", section.span(section.kind))
    draft.put("software", SOFTWARE)
    draft.put("instance", path)
    user = section.told("LoginName", "")
    return connection(draft, told, user if section.role == "access" and user.known and user.value else None)


def _encrypted(section: Section) -> Told:
    """Whether the section asks for TLS of any kind, or goes on without: the value of what decides it."""
    own = section.told("Encryption", "")
    if not own.known:
        return unknown(own.by)
    if own.value:
        mode = _ENCRYPTION.get(str(own.value).upper())
        return maybe(None if mode is None else mode != "none", own.by)
    return section.switch("SSL")


def _transport(section: Section) -> tuple[Told, Told]:
    """Port and kind of TLS, which tell one another where one of them is missing."""
    stated = section.told("Port", "")
    text = str(stated.value or "")
    number = int(text) if text.isdecimal() and len(text) < 8 and 0 < int(text) < 65536 else None
    own = section.told("Encryption", "")
    if own.value or not own.known:
        mode = maybe(_ENCRYPTION.get(str(own.value).upper()) if own.known else None, own.by)
    else:
        mode = _by_switch(section, number, stated)
    if text or not stated.known:
        return maybe(number, stated.by), mode
    if not mode.known:
        return unknown((*stated.by, *mode.by)), mode
    plain, secure = _PORTS[section.protocol]
    return Told(secure if mode.value == "implicit" else plain, (*stated.by, *mode.by)), mode


def _by_switch(section: Section, number: int | None, stated: Told) -> Told:
    switch = section.switch("SSL")
    if not switch.known:
        return unknown(switch.by)
    if not switch.value:
        return Told("none", switch.by)
    if number in _IN_CLEAR or (number is None and stated.value != ""):
        return unknown((*switch.by, *stated.by))
    return Told("implicit", switch.by)


def _login(told: dict[str, Told], section: Section, encrypted: Told) -> None:
    """With NTLM unless SPA is off; a POP3 login before, in place of one, counts as none."""
    told["authenticates"] = section.switch("AuthRequired")
    if told["authenticates"].value is False:
        return
    secure = section.switch("SPA")
    ntlm = secure.value
    told["authentication"] = maybe(None if ntlm is None else "SPA" if ntlm else "password", secure.by)
    told["mechanisms"] = maybe(None if ntlm is None else ("NTLM",) if ntlm else ("PLAIN", "LOGIN"), secure.by)
    told["credential"] = Told("prompt")
    tls = told["tls"]
    if ntlm or (encrypted.value and tls.value != "opportunistic"):
        told["cleartext_credentials"] = Told(False, secure.by if ntlm else encrypted.by)
    elif ntlm is None or not encrypted.known:
        told["cleartext_credentials"] = unknown((*secure.by, *encrypted.by))
    else:
        told["cleartext_credentials"] = Told(True, (*secure.by, *encrypted.by))


def _ordered(facts: Sequence[Fact]) -> list[Fact]:
    """Sections stand in the order of preference: which stand before a safer one, and POP3 before IMAP."""
    safest: dict[object, int] = {}
    imap = False
    out: list[Fact] = []
    for fact in reversed(facts):
        values = dict(fact.values)
        origins = dict(fact.origins)
        rank = _RANK.get(str(values.get("tls")))
        if rank is not None:
            values["listed_before_safer"] = safest.get(values["role"], -1) > rank
            origins["listed_before_safer"] = origins["tls"]
            safest[values["role"]] = max(safest.get(values["role"], -1), rank)
        if values["protocol"] == "pop3":
            values["listed_before_imap"] = imap
            origins["listed_before_imap"] = origins["protocol"]
        imap = imap or values["protocol"] == "imap"
        out.append(fact._replace(values=values, origins=origins))
    return out[::-1]
