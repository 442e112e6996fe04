"""The sconf format: keys with values, indented by tabs. And which keys mox knows.

After github.com/mjl-/sconf 0.0.8 and config/config.go of mox 0.0.17.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.types import Span

_FILLED = re.compile(r"\{\{|\{%|<%|\$\{|\$\(|\$[A-Z_]{3,}|__\w+?__|<[A-Za-z][\w -]*>|@[A-Z][A-Z0-9_]*@")
_DEEPEST = 50


class Entry(NamedTuple):
    """A key or list item with its value, or with what is indented below it."""

    key: str
    """Empty for a list item."""
    value: str
    where: Span
    """Of the value, or of the key where there is none."""
    named: Span
    known: bool
    children: tuple[Entry, ...] = ()

    def get(self, key: str) -> Entry | None:
        """The entry of a key."""
        return next((child for child in self.children if child.key == key), None)


class Refused(Exception):
    """What mox does not take, and where it stands."""

    def __init__(self, where: Span, why: str) -> None:
        super().__init__(why)
        self.where = where


class _Line(NamedTuple):
    depth: int
    number: int
    text: str
    start: int


def _lines(source: Source) -> Iterator[_Line]:
    at = 0
    for number, row in enumerate(source.text.split("\n"), 1):
        text = row.rstrip("\r")
        start, at = at, at + len(row) + 1
        if not text or text.strip().startswith(("#", "{%", "<%-", "{{-", "{{/*")):
            continue
        depth = len(text) - len(text.lstrip("\t"))
        yield _Line(depth, number, text[depth:], start + depth)


def parse(source: Source) -> Entry:
    """The whole of a file as one entry. Raises Refused."""
    lines = list(_lines(source))
    top = source.start()
    return Entry("", "", top, top, True, _block(source, lines, 0, 0)[0])


def _block(source: Source, lines: list[_Line], at: int, depth: int) -> tuple[tuple[Entry, ...], int]:
    """Entries of one depth; tabs beyond it belong to the key, as sconf has it."""
    found: list[Entry] = []
    seen: set[str] = set()
    if depth > _DEEPEST:
        raise Refused(source.line_span(lines[at].number), "is indented too deeply")
    while at < len(lines) and lines[at].depth >= depth:
        entry = _entry(source, lines[at], depth)
        if entry.key in seen and entry.key:
            raise Refused(entry.named, f"{entry.key[:60]} stands twice")
        seen.add(entry.key)
        at += 1
        if at < len(lines) and lines[at].depth > depth and not entry.value:
            children, at = _block(source, lines, at, depth + 1)
            entry = entry._replace(children=children)
        found.append(entry)
    return tuple(found), at


def _entry(source: Source, line: _Line, depth: int) -> Entry:
    extra = line.depth - depth
    text, begin = "\t" * extra + line.text, line.start - extra
    whole = source.line_span(line.number)
    if not text.strip():
        raise Refused(whole, "holds blanks alone")
    if text.startswith("-") and (len(text) == 1 or text[1] == " "):
        key, value, offset = "", text[2:], 2
    else:
        key, colon, rest = text.partition(":")
        if text.startswith(" "):
            raise Refused(whole, "begins with a blank; mox takes tabs alone for indentation")
        if not colon or not key:
            raise Refused(whole, "has no key and colon")
        if rest and not rest.startswith(" "):
            raise Refused(whole, "has no blank after the colon")
        value, offset = rest[1:], len(key) + 2
    named = source.span(line.start, max(line.start + 1, begin + len(key)))
    where = source.span(begin + offset, begin + offset + len(value)) if value else named
    return Entry(key, value, where, named, not _FILLED.search(value))


_SERVICE = {"Enabled": "bool!", "Port": "int"}
_HTTP = {**_SERVICE, "Path": "", "Forwarded": "bool", "NonTLS": "bool", "RateLimitDisabled": "bool"}
_AUTH = {"Username": "!", "Password": "!", "Mechanisms": "list"}
_HOST = {
    "Host": "!", "Port": "int", "STARTTLSInsecureSkipVerify": "bool", "NoSTARTTLS": "bool", "Auth": _AUTH,
}  # fmt: skip
_TLS = {
    "ACME": "", "KeyCerts": {"": {"CertFile": "!", "KeyFile": "!"}}, "MinVersion": "", "HostPrivateKeyFiles": "list",
    "ClientAuthDisabled": "bool",
}  # fmt: skip
_LISTENER = {
    "IPs": "list!", "NATIPs": "list", "IPsNATed": "bool", "Hostname": "", "TLS": _TLS, "SMTPMaxMessageSize": "int",
    "SMTP": {
        **_SERVICE, "NoSTARTTLS": "bool", "RequireSTARTTLS": "bool", "NoRequireTLS": "bool", "DNSBLs": "list",
        "FirstTimeSenderDelay": "", "TLSSessionTicketsDisabled": "bool",
    },
    "Submission": {**_SERVICE, "NoRequireSTARTTLS": "bool"},
    "Submissions": {**_SERVICE, "EnabledOnHTTPS": "bool"},
    "IMAP": {**_SERVICE, "NoRequireSTARTTLS": "bool"},
    "IMAPS": {**_SERVICE, "EnabledOnHTTPS": "bool"},
    **dict.fromkeys(
        (
            "AccountHTTP", "AccountHTTPS", "AdminHTTP", "AdminHTTPS", "WebmailHTTP", "WebmailHTTPS", "WebAPIHTTP",
            "WebAPIHTTPS", "MetricsHTTP", "PprofHTTP", "AutoconfigHTTPS", "MTASTSHTTPS", "WebserverHTTP",
            "WebserverHTTPS",
        ),
        _HTTP,
    ),
}  # fmt: skip
STATIC: dict[str, object] = {
    "DataDir": "!", "LogLevel": "!", "PackageLogLevels": "any", "User": "", "NoFixPermissions": "bool",
    "Hostname": "!", "CheckUpdates": "bool", "Pedantic": "bool", "TLS": "any", "ACME": "any", "AdminPasswordFile": "",
    "Listeners": {"*": _LISTENER}, "Postmaster": {"Account": "!", "Mailbox": "!"}, "HostTLSRPT": "any",
    "InitialMailboxes": "any", "DefaultMailboxes": "list",
    "Transports": {
        "*": {
            "Submissions": _HOST, "Submission": _HOST, "SMTP": _HOST, "Socks": "any", "Direct": "any", "Fail": "any",
        }
    },
    "NoOutgoingDMARCReports": "bool", "NoOutgoingTLSReports": "bool", "OutgoingTLSReportsForAllSuccess": "bool",
    "QuotaMessageSize": "int",
}  # fmt: skip
"""Keys with what they take: bool, int, list, any, or keys below; ! for those that must stand there.

``*`` stands for any key, an empty one for list items.
"""
_NEEDED = ("Listeners", "Postmaster")


def check(entry: Entry, keys: dict[str, object] = STATIC) -> None:
    """Raises Refused for keys that mox does not know, values of another type, and keys that are missing."""
    for child in entry.children:
        kind = keys.get(child.key, keys.get("*") if child.key else None)
        if kind is None:
            raise Refused(
                child.named, f"there is no key {child.key[:60]} here" if child.key else "no list belongs here"
            )
        if isinstance(kind, dict):
            if child.value == "nil" and "*" in keys:
                continue
            if (child.value or not child.children) and child.known:
                raise Refused(child.where, f"{child.key[:60]} takes keys on lines of their own, indented by a tab")
            check(child, kind)
        elif isinstance(kind, str):
            _scalar(child, kind)
    for key, kind in keys.items():
        must = (keys is STATIC and key in _NEEDED) or (isinstance(kind, str) and kind.endswith("!"))
        if must and entry.get(key) is None:
            raise Refused(entry.named, f"{key} is missing")


def _scalar(entry: Entry, kind: str) -> None:
    kind = kind.rstrip("!")
    if kind not in ("list", "any") and entry.children:
        raise Refused(entry.children[0].named, f"{entry.key[:60]} takes one value")
    if kind == "list":
        if entry.value or not entry.children or any(item.key for item in entry.children):
            raise Refused(entry.where, f"{entry.key[:60]} takes a list, with - before each value")
    elif kind == "bool" and entry.known and entry.value not in ("true", "false"):
        raise Refused(entry.where, f"{entry.key[:60]} takes true or false")
    elif kind == "int" and entry.known and not re.fullmatch(r"[+-]?\d{1,18}", entry.value):
        raise Refused(entry.where, f"{entry.key[:60]} takes a number")
