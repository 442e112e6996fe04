"""One server section of a clientConfig as a connection.

After Thunderbird's ``readFromXML`` and draft-ietf-mailmaint-autoconfig-06: clients take the first
socketType and the first authentication that they know, and leave out a section that lacks one.
"""

from __future__ import annotations

import re

from mailpolicy.addresses import host_scope
from mailpolicy.facts import Draft
from mailpolicy.lean import NamedTuple
from mailpolicy.providers import wants_oauth2
from mailpolicy.text import Source
from mailpolicy.types import Fact, Origin, Span, Unread
from mailpolicy.xml_positions import Element, Text

SOFTWARE = "autoconfig"
PROTOCOLS = {
    ("incomingServer", "imap"): ("imap", "access"),
    ("incomingServer", "pop3"): ("pop3", "access"),
    ("outgoingServer", "smtp"): ("smtp", "submission"),
    ("setupServer", "managesieve"): ("managesieve", "access"),
}
"""Element and type of the sections that name a mail socket -> protocol and role."""

_TLS = {"plain": "none", "STARTTLS": "required", "SSL": "implicit"}
RANK = {"none": 0, "required": 1, "implicit": 2}
"""How safe a section is against another one of its direction."""

_MECHANISMS: dict[str, tuple[str, ...]] = {
    "password-cleartext": ("PLAIN", "LOGIN"), "plain": ("PLAIN", "LOGIN"), "password-encrypted": ("CRAM-MD5",),
    "secure": ("CRAM-MD5",), "NTLM": ("NTLM",), "GSSAPI": ("GSSAPI",), "OAuth2": ("XOAUTH2",),
    "OAuth": ("OAUTHBEARER",), "TLS-client-cert": ("EXTERNAL",), "none": (), "client-IP-address": (),
    "smtp-after-pop": (),
}  # fmt: skip
_WITHOUT_LOGIN = frozenset({"none", "client-IP-address", "smtp-after-pop"})
_READABLE = frozenset({"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"})
_PLACEHOLDER = re.compile(
    r"\{\{|\{%|<%|<\?|\$|%[A-Z]+%?|\{[A-Za-z_.]+\}|__\w+__|@\w+@|\[\[|^[A-Z0-9]*_[A-Z0-9_]*$|<[^>]*>|^$"
)
_HOST = re.compile(r"(?:[^\s.:/@]+\.)*[^\s.:/@]+\.?|\[?[0-9A-Fa-f:.]+\]?")


class Section(NamedTuple):
    """A server section, read."""

    element: Element
    name: str
    """Such as ``imap 1``."""
    protocol: str
    role: str


class Reading:
    """Reads sections of one file and keeps what it did not understand."""

    def __init__(self, source: Source, path: str) -> None:
        self.source = source
        self.path = path
        self.unread: list[Unread] = []

    def span(self, text: Text) -> Span:
        """Where a text stands."""
        return self.source.span(text.start, text.end)

    def tag(self, element: Element) -> Span:
        """The name in an element's opening tag."""
        return self.source.span(element.start + 1, element.start + 1 + len(element.name))

    def sets(self, text: Text) -> tuple[Origin, ...]:
        """The origin of a field that a text sets."""
        return (Origin("sets", self.span(text)),)

    def refuse(self, where: Span, why: str) -> tuple[str, tuple[Origin, ...]]:
        """Keeps why clients leave a section out."""
        self.unread.append(Unread(where, why))
        return f"clients leave the section out: {why}", (Origin("sets", where),)


def tls_of(section: Section) -> tuple[str | None, Text | None, bool]:
    """The mode, the text that sets it, and whether it is known (a template is neither known nor wrong)."""
    texts = [child.text for child in section.element.all("socketType")]
    known = next((text for text in texts if text.value in _TLS), None)
    if known is not None:
        return _TLS[known.value], known, True
    template = next((text for text in texts if text.value and _PLACEHOLDER.search(text.value)), None)
    return None, template or (texts[0] if texts else None), template is not None


def connection(reading: Reading, section: Section, before: dict[str, bool]) -> list[Fact]:
    """The facts of one section; ``before`` holds what it stands before, where that is known."""
    kind = section.element.attributes["type"]
    draft = Draft("connection", reading.span(kind))
    draft.put("software", SOFTWARE)
    draft.put("instance", reading.path)
    draft.put("account", section.name)
    draft.put("protocol", section.protocol, reading.sets(kind))
    draft.put("role", section.role)
    faults = [
        fault
        for fault in (
            _host(reading, draft, section),
            _port(reading, draft, section),
            _tls(reading, draft, section),
            _login(reading, draft, section),
        )
        if fault
    ]
    if section.protocol == "pop3":
        _retention(reading, draft, section)
    _order(reading, draft, section, before)
    draft.put("broken", *(faults[0] if faults else (None, ())))
    return [draft.fact(), *_secrets(reading, section)]


Fault = tuple[str, tuple[Origin, ...]] | None


def _host(reading: Reading, draft: Draft, section: Section) -> Fault:
    element = section.element.first("hostname")
    if element is None or not element.text.value:
        draft.unknown("host")
        return reading.refuse(reading.tag(element or section.element), f"{section.name} has no hostname")
    text = element.text
    if _PLACEHOLDER.search(text.value):
        draft.unknown("host", reading.sets(text))
        draft.unknown("scope", reading.sets(text))
        return None
    if not _HOST.fullmatch(text.value):
        draft.unknown("host", reading.sets(text))
        return reading.refuse(reading.span(text), "the hostname is none")
    draft.put("host", text.value.lower(), reading.sets(text))
    draft.put("scope", host_scope(text.value), reading.sets(text))
    return None


def _port(reading: Reading, draft: Draft, section: Section) -> Fault:
    element = section.element.first("port")
    if element is None or not element.text.value:
        draft.put("port_stated", False)
        draft.unknown("port")
        return reading.refuse(reading.tag(element or section.element), f"{section.name} has no port")
    text = element.text
    draft.put("port_stated", True, reading.sets(text))
    number = int(text.value) if text.value.isascii() and text.value.isdecimal() and len(text.value) < 8 else 0
    draft.maybe("port", number if 0 < number < 65536 else None, reading.sets(text))
    if _PLACEHOLDER.search(text.value) or 0 < number < 65536:
        return None
    return reading.refuse(reading.span(text), "the port is no number from 1 to 65535")


def _tls(reading: Reading, draft: Draft, section: Section) -> Fault:
    mode, text, known = tls_of(section)
    origins = reading.sets(text) if text else ()
    draft.maybe("tls", mode, origins)
    draft.maybe("verify", None if mode is None else "none" if mode == "none" else "ca", origins)
    if known:
        return None
    if text is None or not text.value:
        return reading.refuse(reading.tag(section.element), f"{section.name} has no socketType")
    return reading.refuse(reading.span(text), "the socketType is none of plain, STARTTLS and SSL")


def _login(reading: Reading, draft: Draft, section: Section) -> Fault:
    elements = section.element.all("authentication")
    words = [e.text for e in elements if e.text.value]
    sasl = {e.text for e in elements if "system" in e.attributes and e.attributes["system"].value == "sasl"}
    known = [text for text in words if text in sasl or text.value in _MECHANISMS]
    template = next((text for text in words if _PLACEHOLDER.search(text.value)), None)
    draft.put("credential", "literal" if section.element.first("password") else "prompt")
    mode = tls_of(section)[0]
    if not known:
        origins = reading.sets(template or words[0]) if words else ()
        for field in ("authentication", "mechanisms", "authenticates"):
            draft.unknown(field, origins)
        if mode in ("required", "implicit"):
            draft.put("cleartext_credentials", False)
        else:
            draft.unknown("cleartext_credentials", origins)
        if template is not None:
            return None
        if not words:
            return reading.refuse(reading.tag(section.element), f"{section.name} has no authentication")
        return reading.refuse(reading.span(words[0]), "no authentication that clients know")
    first = known[0]
    origins = reading.sets(first)
    mechanisms = (first.value.upper(),) if first in sasl else _MECHANISMS[first.value]
    draft.put("authentication", first.value, origins)
    draft.put("mechanisms", mechanisms, origins)
    draft.put("authenticates", first.value not in _WITHOUT_LOGIN, origins)
    if first.value in _WITHOUT_LOGIN:
        draft.put("credential", "none", origins)
    _clear(reading, draft, section, [(t, (t.value.upper(),) if t in sasl else _MECHANISMS[t.value]) for t in known])
    host = section.element.first("hostname")
    if host is not None and wants_oauth2(host.text.value) and {"PLAIN", "CRAM-MD5", "NTLM"} & {*mechanisms}:
        draft.put("provider", "oauth2", (*reading.sets(host.text), *origins))
    return None


def _clear(reading: Reading, draft: Draft, section: Section, known: list[tuple[Text, tuple[str, ...]]]) -> None:
    """Whether a client that takes any of the methods listed sends something readable in clear."""
    mode, socket, _ = tls_of(section)
    readable = next((text for text, mechanisms in known if _READABLE.intersection(mechanisms)), None)
    origins = (*reading.sets(readable or known[0][0]), *(reading.sets(socket) if socket else ()))
    if mode is None and readable is not None:
        draft.unknown("cleartext_credentials", origins)
    else:
        draft.put("cleartext_credentials", mode == "none" and readable is not None, origins)


def _retention(reading: Reading, draft: Draft, section: Section) -> None:
    """What becomes of fetched mail; without a word the client decides (Thunderbird keeps it for 14 days)."""
    pop3 = section.element.first("pop3")
    leave = pop3.first("leaveMessagesOnServer") if pop3 else None
    days = pop3.first("daysToLeaveMessagesOnServer") if pop3 else None
    word = leave.text.value.lower() if leave else ""
    if leave is None:
        draft.put("deletes_on_server", None)
    elif word in ("true", "1", "false", "0"):
        draft.put("deletes_on_server", word in ("false", "0"), reading.sets(leave.text))
    else:
        draft.unknown("deletes_on_server", reading.sets(leave.text) if leave.text.value else ())
        if not _PLACEHOLDER.search(word):
            reading.refuse(reading.span(leave.text), "leaveMessagesOnServer is neither true nor false")
    if days is not None:
        value = days.text.value
        number = int(value) if value.isascii() and value.isdecimal() and len(value) < 8 else None
        draft.maybe("keeps_days", number, reading.sets(days.text) if value else ())


def _order(reading: Reading, draft: Draft, section: Section, before: dict[str, bool]) -> None:
    socket = tls_of(section)[1]
    for field, held in before.items():
        blamed = socket if field != "listed_before_imap" else section.element.attributes["type"]
        draft.put(field, held, reading.sets(blamed) if blamed else ())


def _secrets(reading: Reading, section: Section) -> list[Fact]:
    """A password that stands in the section, which Thunderbird would take over."""
    found = []
    for element in section.element.all("password"):
        if element.text.value and not _PLACEHOLDER.search(element.text.value):
            draft = Draft("secret", reading.span(element.text))
            draft.put("software", SOFTWARE)
            draft.put("instance", reading.path)
            draft.put("setting", "password")
            draft.put("storage", "literal", reading.sets(element.text))
            draft.put("default", element.text.value.lower() in ("changeme", "password", "secret"))
            found.append(draft.fact())
    return found
