"""GNOME Evolution: the ``.source`` files of its accounts, one for each mailbox and one for each submission.

After e-source-camel.c, camel-network-settings.c and the imapx, pop3 and smtp providers of evolution-data-server 3.58.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

from mailpolicy.lean import NamedTuple
from mailpolicy.placeholders import filled
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Span, Unread, Unreadable, Version, unreadable

SOFTWARE = "evolution"
FILES = "evolution/sources/*.source: Mail Account and Mail Transport"
PROVEN = "evolution-data-server 3.58: read in source"
LIMITS = (
    "certificates that a user accepted (camel-cert.db) are not read; Exchange and JMAP accounts name no mail socket"
)

_NEWEST = "3.58"
_SECTION = re.compile(r"\[(?P<name>[^\]\n]*)\]\s*\Z")
_ENTRY = re.compile(r"(?P<key>[A-Za-z][\w-]*(?:\[[^\]]*\])?)\s*=\s*(?P<value>.*)\Z", re.DOTALL)
_TLS = {"none": "none", "ssl-on-alternate-port": "implicit", "starttls-on-standard-port": "required"}
_BACKENDS = {
    "imapx": ("imap", "access"),
    "imap": ("imap", "access"),
    "pop": ("pop3", "access"),
    "smtp": ("smtp", "submission"),
}
_PORTS = {"imap": (143, 993), "pop3": (110, 995), "smtp": (25, 465)}
_TOKENS = frozenset({"GOOGLE", "OAUTH2", "OUTLOOK", "YAHOO", "OFFICE365", "XOAUTH2"})
_READABLE = frozenset({"PLAIN", "LOGIN", "XOAUTH2"})
_PARENTS = 5


class Entry(NamedTuple):
    """A value of a key file; None where a template fills it in."""

    value: str | None
    where: Span

    @property
    def by(self) -> tuple[Origin, ...]:
        """Who set it."""
        return (Origin("sets", self.where),)


Sections = Mapping[str, Mapping[str, Entry]]


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each source by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether a text is the source of a mailbox or a submission."""
    return "[Data Source]" in text and re.search(r"^\[Mail (?:Account|Transport)\]", text, re.MULTILINE) is not None


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The server of one source, if it is switched on."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable((path,), str(problem))
    sections, unread = parse(source)
    name = next((name for name in ("Mail Account", "Mail Transport") if name in sections), None)
    if name is None:
        return unreadable((path,), "is no source of mail")
    if not _enabled(tree, path, sections):
        return Inventory(unread=tuple(unread), files=(path,), notes=(f"{path}: the account is switched off",))
    backend = sections[name].get("BackendName")
    kind = _BACKENDS.get(backend.value or "") if backend is not None else None
    if backend is None or kind is None:
        if backend is None or backend.value is None:
            unread.append(Unread(backend.where if backend else source.start(), "names no back end that is known"))
        return Inventory(unread=tuple(unread), files=(path,), notes=(f"{path}: names no mail socket",))
    fact = _fact(path, str(version or _NEWEST), sections, backend, kind)
    return Inventory((fact,), tuple(unread), (path,))


def parse(source: Source) -> tuple[dict[str, dict[str, Entry]], list[Unread]]:
    """Sections and their entries, the last of each (GKeyFile), and lines that are neither."""
    sections: dict[str, dict[str, Entry]] = {}
    unread: list[Unread] = []
    held: dict[str, Entry] | None = None
    for number in range(1, len(source.starts) + 1):
        line = source.line(number)
        text = line.strip()
        if not text or text[0] == "#" or text.startswith("{%"):
            continue
        head, entry = _SECTION.match(text), _ENTRY.match(text)
        if head is not None:
            held = sections.setdefault(head["name"], {})
        elif entry is not None and held is not None:
            value = entry["value"].rstrip()
            start = source.starts[number - 1] + len(line) - len(line.lstrip()) + entry.start("value")
            where = source.span(start, start + len(value)) if value else source.line_span(number)
            held[entry["key"]] = Entry(None if filled(value) else value, where)
        else:
            unread.append(Unread(source.line_span(number), "is no entry of a key file"))
    return sections, unread


def _enabled(tree: Tree, path: str, sections: Sections) -> bool:
    """Whether a source and those that it hangs on are switched on, as far as they are there."""
    for _ in range(_PARENTS):
        own = sections.get("Data Source", {})
        if _flag(own.get("Enabled"), True) is False:
            return False
        parent = own.get("Parent")
        if parent is None or not parent.value or "/" in parent.value:
            return True
        try:
            found = tree.source(posixpath.join(posixpath.dirname(path), f"{parent.value}.source"))
        except Unreadable:
            return True
        sections = parse(found)[0]
    return True


def _flag(entry: Entry | None, default: bool) -> bool | None:
    """true or false; the default for anything else, None where a template decides."""
    if entry is None:
        return default
    return (
        None if entry.value is None else {"true": True, "false": False, "1": True, "0": False}.get(entry.value, default)
    )


def _default(version: str, what: str) -> tuple[Origin, ...]:
    return (Origin("default", None, f"Evolution {version}, by {what}"),)


def _fact(path: str, version: str, sections: Sections, backend: Entry, kind: tuple[str, str]) -> Fact:
    protocol, role = kind
    login = sections.get("Authentication", {})
    title = sections.get("Data Source", {}).get("DisplayName")
    uid = re.sub(r"\.source(?:\..*)?$", "", posixpath.basename(path))
    told = {"protocol": Told(protocol, backend.by), "role": Told(role)}
    told["account"] = Told(title.value if title is not None and title.value else uid)
    host = login.get("Host")
    if host is None or host.value == "":
        told["host"], told["broken"] = unknown(), Told("the account names no host")
    else:
        told["host"] = maybe(None if host.value is None else host.value.lower(), host.by)
    told["tls"] = _mode(sections, version)
    _port(told, login.get("Port"), protocol)
    if told["tls"].value != "none":
        told["verify"] = Told("ca", told["tls"].by) if told["tls"].known else unknown(told["tls"].by)
    _authentication(told, login, protocol, version)
    if protocol == "pop3":
        _retention(told, sections.get("Pop Backend", {}), version)
    if _flag(sections.get("Imapx Backend", {}).get("UseShellCommand"), False):
        shell = sections["Imapx Backend"]["UseShellCommand"]
        told.update({name: unknown(shell.by) for name in ("host", "tls", "verify", "port", "cleartext_credentials")})
    user = login.get("User")
    settings = Settings(SOFTWARE, version, path, backend.where, {})
    name = Told(user.value, user.by) if user is not None and user.value and role == "access" else None
    return connection(settings.begun("connection", backend.where), told, name)


def _mode(sections: Sections, version: str) -> Told:
    """None without a word; a word that is none leaves what the library begins with, STARTTLS."""
    entry = sections.get("Security", {}).get("Method")
    if entry is None or entry.value == "":
        return Told("none", _default(version, "[Security] Method"))
    return maybe(None if entry.value is None else _TLS.get(entry.value, "required"), entry.by)


def _port(told: dict[str, Told], entry: Entry | None, protocol: str) -> None:
    number = int(entry.value) if entry and entry.value and entry.value.isdecimal() and len(entry.value) < 8 else 0
    told["port_stated"] = Told(entry is not None and (entry.value is None or number > 0))
    if entry is not None and (entry.value is None or number > 0):
        told["port"] = maybe(number if 0 < number < 65536 else None, entry.by)
        return
    tls = told["tls"]
    plain, secure = _PORTS[protocol]
    told["port"] = Told(secure if tls.value == "implicit" else plain, tls.by) if tls.known else unknown(tls.by)


def _authentication(told: dict[str, Told], login: Mapping[str, Entry], protocol: str, version: str) -> None:
    """``none`` is a plain password for a mailbox, and no login at all for a submission."""
    method = login.get("Method")
    by = method.by if method is not None else _default(version, "[Authentication] Method")
    word = "none" if method is None else method.value
    if word is None:
        told["authenticates"], told["mechanisms"], told["cleartext_credentials"] = unknown(by), unknown(by), unknown(by)
        return
    plain = word.lower() in ("", "none", "plain/password")
    told["authenticates"] = Told(not (plain and protocol == "smtp"), by)
    if told["authenticates"].value is False:
        return
    name = ("LOGIN" if protocol == "imap" else "PLAIN") if plain else word.upper().lstrip("+")
    name = "XOAUTH2" if name in _TOKENS else name
    told["mechanisms"] = Told((name,), by)
    tls = told["tls"]
    if name not in _READABLE or tls.value in ("required", "implicit"):
        told["cleartext_credentials"] = Told(False, by if name not in _READABLE else tls.by)
    else:
        told["cleartext_credentials"] = Told(True, tls.by) if tls.known else unknown(tls.by)
    kept = login.get("RememberPassword")
    keeps = _flag(kept, True)
    told["credential"] = maybe(
        None if keeps is None else "keyring" if keeps else "prompt",
        kept.by if kept is not None else _default(version, "[Authentication] RememberPassword"),
    )


def _retention(told: dict[str, Told], backend: Mapping[str, Entry], version: str) -> None:
    """Mail stays on a POP3 server, for a number of days if one is set."""
    told["uidl"] = Told(True)
    keep, days = backend.get("KeepOnServer"), backend.get("DeleteAfterDays")
    keeps = _flag(keep, True)
    by = keep.by if keep is not None else _default(version, "[Pop Backend] KeepOnServer")
    told["deletes_on_server"] = maybe(None if keeps is None else not keeps, by)
    if (
        keeps
        and days is not None
        and (days.value is None or (days.value.isdecimal() and 0 < int(days.value[:9]) <= 365))
    ):
        told["deletes_on_server"] = Told(True, days.by)
        told["keeps_days"] = maybe(None if days.value is None else int(days.value[:9]), days.by)
