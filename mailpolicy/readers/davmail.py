"""DavMail, a gateway from POP3, IMAP and SMTP to Exchange: ``davmail.properties``, ``~/.davmail.properties``.

After Settings.java, AbstractServer.java and the servers of 6.x; properties as java.util.Properties loads them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailpolicy.addresses import scope_of
from mailpolicy.facts import begun
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import secret
from mailpolicy.placeholders import filled
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Span, Unread, Unreadable, Version

SOFTWARE = "davmail"
FILES = "davmail.properties, .davmail.properties"
PROVEN = "DavMail 6.0 to 6.6: its source; not run"
LIMITS = "its way to Exchange, which is HTTPS and no mail protocol; whether the keystore can be opened"
NEWEST = "6.6"

_SERVERS = {
    "smtp": ("smtp", "submission", ("LOGIN", "PLAIN")),
    "pop": ("pop3", "access", ("PLAIN",)),
    "imap": ("imap", "access", ("LOGIN",)),
}
_PASSWORDS = ("davmail.ssl.keystorePass", "davmail.ssl.keyPass", "davmail.ssl.clientKeystorePass",
              "davmail.ssl.truststorePass", "davmail.proxyPassword")  # fmt: skip
_TOKEN = re.compile(r"davmail\.oauth\..*[rR]efreshToken")
_ENCRYPTED = "{AES}"
_PROPERTY = re.compile(
    r"^[ \t\f]*+(?P<name>(?:\\.|[^\s=:\\#!])(?:\\(?:.|\n)|[^\s=:\\])*+)"
    r"[ \t\f]*+(?:[=:][ \t\f]*+)?(?P<value>(?:\\(?:.|\n)|[^\\\n])*+)",
    re.MULTILINE,
)
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


class Property(NamedTuple):
    """A property; ``value`` is None where a template fills it in."""

    value: str | None
    where: Span


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file is an instance."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether a port of DavMail is set."""
    return re.search(r"^[ \t]*davmail\.(?:smtp|imap|pop|caldav|ldap)Port[ \t]*[=:]", text, re.MULTILINE) is not None


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """What it listens on, and the passwords in its settings."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return Inventory((), (Unread(Span(path, 1, 1, 2), str(problem), True),), (path,))
    found = _properties(source)
    if not any(name.startswith("davmail.") for name in found):
        if not source.text.strip():
            return Inventory((), (), (path,))
        why = "is no configuration of DavMail: it sets none of its properties"
        return Inventory((), (Unread(source.start(), why, True),), (path,))
    number = str(version) if version else NEWEST
    facts: list[Fact] = []
    unread: list[Unread] = []
    for name in _SERVERS:
        port = found.get(f"davmail.{name}Port")
        if port is None or port.value == "":
            continue
        if port.value is not None and not re.fullmatch(r"[+-]?\d{1,9}", port.value):
            unread.append(Unread(port.where, f"is no number: DavMail opens no socket for {name}"))
        elif port.value is None or int(port.value):
            facts.append(_listener(source, found, name, port, number))
    if not facts and not unread:
        return Inventory(_secrets(found, path, number), (), (path,), (f"{path}: opens no socket for mail",))
    return Inventory((*facts, *_secrets(found, path, number)), tuple(unread), (path,))


def _listener(source: Source, found: dict[str, Property], name: str, port: Property, version: str) -> Fact:
    protocol, role, mechanisms = _SERVERS[name]
    draft = begun("listener", port.where, SOFTWARE, version, source.path)
    stands = (Origin("sets", port.where),)
    draft.put("service", name)
    draft.put("protocol", protocol)
    draft.put("role", role)
    number = int(port.value) if port.value else 0
    draft.maybe("port", number if 0 < number < 65536 else None, stands)
    told = _told(found, "davmail.bindAddress")
    bound = _text(found, "davmail.bindAddress")
    draft.maybe("address", "*" if bound == "" else bound, told)
    remote = _yes(found, "davmail.allowRemote")
    scope = "loopback" if remote is False else None if bound is None or remote is None else scope_of(bound)
    draft.maybe("scope", scope, (*told, *_told(found, "davmail.allowRemote")))
    keystore, plain = _text(found, "davmail.ssl.keystoreFile"), _yes(found, f"davmail.ssl.nosecure{name}")
    by = (*_told(found, "davmail.ssl.keystoreFile"), *_told(found, f"davmail.ssl.nosecure{name}", quiet=True))
    tls = "none" if keystore == "" or plain else None if keystore is None or plain is None else "implicit"
    draft.maybe("tls", tls, by)
    draft.maybe("auth", None if tls is None else "cleartext" if tls == "none" else "tls-only", by)
    draft.put("mechanisms", mechanisms)
    if tls == "implicit":
        draft.put("certificate", keystore, by)
        asked = _yes(found, "davmail.ssl.needClientAuth")
        words = None if asked is None else "required" if asked else "none"
        draft.maybe("client_certificate", words, _told(found, "davmail.ssl.needClientAuth"))
    elif tls == "none":
        draft.put("certificate", None, by)
    if role == "submission":
        draft.put("relay", "authenticated")
    draft.put("broken", None)
    return draft.fact()


def _secrets(found: dict[str, Property], path: str, version: str) -> tuple[Fact, ...]:
    """Passwords, and tokens that it could not encrypt with the user's own password."""
    names = [*_PASSWORDS, *(name for name in found if _TOKEN.fullmatch(name))]
    held = [(name, found[name]) for name in names if name in found]
    plain = [(name, one) for name, one in held if one.value and not one.value.startswith(_ENCRYPTED)]
    made = [secret(SOFTWARE, version, path, name, one.value or "", one.where) for name, one in plain]
    return tuple(fact for fact in made if fact is not None)


def _text(found: dict[str, Property], name: str) -> str | None:
    return found[name].value if name in found else ""


def _yes(found: dict[str, Property], name: str) -> bool | None:
    """What Boolean.parseBoolean makes of it: only true is true, and not with a blank behind it."""
    value = _text(found, name)
    return None if value is None else value.lower() == "true"


def _told(found: dict[str, Property], name: str, quiet: bool = False) -> tuple[Origin, ...]:
    """Where a property stands, or that it is not set; ``quiet``: nothing where it only says the default."""
    if name in found and not (quiet and found[name].value != "true"):
        return (Origin("sets", found[name].where),)
    return () if quiet else (Origin("default", None, f"DavMail, by {name}"),)


def _properties(source: Source) -> dict[str, Property]:
    """The last of each property. Trailing blanks belong to a value; a backslash goes on over the line's end."""
    found: dict[str, Property] = {}
    text = source.text.replace("\r\n", " \n") if "\r\n" in source.text else source.text
    crlf = text is not source.text
    for match in _PROPERTY.finditer(text):
        raw = match["value"][:-1] if crlf and match["value"].endswith(" ") else match["value"]
        where = source.span(match.start("value"), match.start("value") + len(raw)) if raw.strip() else None
        value = None if filled(raw) else _plain(raw)
        found[_plain(match["name"])] = Property(value, where or source.span(*match.span("name")))
    return found


def _plain(raw: str) -> str:
    """A key or value without its escapes."""
    if "\\" not in raw:
        return raw
    raw = re.sub(r"\\\n[ \t\f]*", "", raw)
    return re.sub(
        r"\\(?:u([0-9A-Fa-f]{4})|(.))", lambda m: chr(int(m[1], 16)) if m[1] else _ESCAPES.get(m[2], m[2]), raw
    )
