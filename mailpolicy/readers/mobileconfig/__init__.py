"""Apple's configuration profiles (``.mobileconfig``): mail accounts of iPhones and Macs.

After com.apple.mail.managed of Apple's device management schema (2025). "Use SSL" begins TLS at once on the ports
made for it, and asks for STARTTLS on 25, 110, 143 and 587; which of the two it is elsewhere, no document says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailpolicy.facts import Draft
from mailpolicy.passwords import secret
from mailpolicy.readers.mobileconfig.plist import Item, load
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Span, Unread, Unreadable, Version, unreadable

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

SOFTWARE = "mobileconfig"
FILES = "*.mobileconfig: XML, binary and signed ones; templates of them in XML"
PROVEN = "Apple's device management schema of 2025: documentation"
LIMITS = "encrypted payloads are not read; signatures are not checked; values in binary and signed files have no line"

_MAIL = "com.apple.mail.managed"
_ENCRYPTED = "EncryptedPayloadContent"
_PROTOCOLS = {"EmailTypeIMAP": "imap", "EmailTypePOP": "pop3"}
_PORTS = {"imap": (143, 993), "pop3": (110, 995)}
_IMPLICIT, _STANDARD = frozenset({465, 993, 995}), frozenset({25, 110, 143, 587})
_MECHANISMS = {
    "EmailAuthPassword": ("PLAIN", "LOGIN"),
    "EmailAuthCRAMMD5": ("CRAM-MD5",),
    "EmailAuthNTLM": ("NTLM",),
    "EmailAuthHTTPMD5": ("DIGEST-MD5",),
}
_NO_LOGIN = "EmailAuthNone"


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each profile by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether a text is a property list that holds a mail account."""
    return "<plist" in text[:2000] and f"<string>{_MAIL}</string>" in text


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The two servers of each mail account, and passwords that stand in it."""
    path = paths[0]
    try:
        top = load(tree, path)
    except Unreadable as problem:
        where = getattr(problem, "where", Span(path, 1, 1, 2))
        return unreadable((path,), str(problem), where)
    facts: list[Fact] = []
    unread: list[Unread] = []
    payloads = 0
    for payload in _dicts(top):
        items = payload.items or {}
        if _ENCRYPTED in items:
            unread.append(Unread(items[_ENCRYPTED].key or payload.where, "the payload is encrypted"))
        kind = items.get("PayloadType")
        if kind is not None and kind.scalar == _MAIL:
            payloads += 1
            facts += _account(Account(items, kind, payloads, path), unread)
    if not payloads and not unread:
        return Inventory(notes=(f"{path}: holds no mail account",))
    return Inventory(tuple(facts), tuple(unread), (path,))


def _dicts(item: Item) -> Iterator[Item]:
    """All dictionaries, from the outermost in."""
    if item.items is not None:
        yield item
    for one in (*(item.items or {}).values(), *(item.entries or ())):
        yield from _dicts(one)


class Account:
    """One payload."""

    def __init__(self, items: dict[str, Item], kind: Item, number: int, path: str) -> None:
        self.items = items
        self.kind = kind
        self.path = path
        name = items.get("EmailAccountDescription") or items.get("EmailAddress")
        self.name = str(name.scalar) if name is not None and name.scalar else f"account {number}"

    def told(self, key: str, default: str | int | bool | None = None) -> Told:
        """A value of the payload."""
        found = self.items.get(key)
        if found is None:
            return Told(default, (Origin("default", None, f"{_MAIL}, {key}"),))
        if found.scalar is None:
            return unknown((Origin("sets", found.where),))
        value = found.scalar
        return Told(int(value) if isinstance(value, float) else value, (Origin("sets", found.where),))


def _account(account: Account, unread: list[Unread]) -> list[Fact]:
    kind = account.told("EmailAccountType")
    protocol = maybe(_PROTOCOLS.get(str(kind.value)), kind.by) if kind.known else unknown(kind.by)
    facts = []
    for direction, own, role in (("Incoming", protocol, "access"), ("Outgoing", Told("smtp"), "submission")):
        told = {"protocol": own, "role": Told(role), "account": Told(f"{account.name} {direction.lower()}")}
        _server(told, account, direction)
        if direction == "Incoming" and kind.known and own.value is None:
            told["broken"] = Told("the type of the account is neither EmailTypeIMAP nor EmailTypePOP", kind.by)
            unread.append(Unread(account.kind.where, "the mail account is of no type that a device knows"))
        if own.value == "pop3":
            told["deletes_on_server"] = Told(None)
        user = account.told("IncomingMailServerUsername") if direction == "Incoming" else Told(None)
        draft = Draft("connection", account.kind.where)
        draft.put("software", SOFTWARE)
        draft.put("instance", account.path)
        facts.append(connection(draft, told, user if user.known and user.value else None))
        password = account.items.get(f"{direction}Password")
        if password is not None and isinstance(password.scalar, str):
            made = secret(SOFTWARE, "", account.path, f"{direction}Password", password.scalar, password.where)
            facts += [made] if made is not None else []
    return facts


def _server(told: dict[str, Told], account: Account, direction: str) -> None:
    """Host, port, TLS and login of one direction."""
    host = account.told(f"{direction}MailServerHostName")
    told["host"] = Told(str(host.value).strip().lower(), host.by) if host.known and host.value else unknown(host.by)
    if host.known and not host.value:
        told["broken"] = Told("the account has no host name", host.by)
    secure = account.told(f"{direction}MailServerUseSSL", False)
    told["port"], told["port_stated"] = _port(account, direction, told["protocol"], secure)
    told["tls"] = _mode(secure, told["port"])
    if told["tls"].value != "none":
        told["verify"] = Told("ca", secure.by) if secure.known else unknown(secure.by)
    _login(told, account, direction, secure)


def _port(account: Account, direction: str, protocol: Told, secure: Told) -> tuple[Told, Told]:
    key = f"{direction}MailServerPortNumber"
    told = account.told(key)
    if key in account.items:
        text = str(told.value)
        number = int(text) if told.known and text.isdecimal() and len(text) < 8 else 0
        return maybe(number if 0 < number < 65536 else None, told.by), Told(True)
    if direction == "Outgoing":
        order = (Origin("default", None, f"{_MAIL}: ports 25, 587 and 465, in that order"),)
        return Told(25, order), Told(False)
    if not secure.known or protocol.value not in _PORTS:
        return unknown((*told.by, *secure.by)), Told(False)
    return Told(_PORTS[str(protocol.value)][bool(secure.value)], (*told.by, *secure.by)), Told(False)


def _mode(secure: Told, port: Told) -> Told:
    if not secure.known:
        return unknown(secure.by)
    if not secure.value:
        return Told("none", secure.by)
    if port.known and port.value in _IMPLICIT:
        return Told("implicit", secure.by)
    return Told("required", secure.by) if port.known and port.value in _STANDARD else unknown((*secure.by, *port.by))


def _login(told: dict[str, Told], account: Account, direction: str, secure: Told) -> None:
    method = account.told(f"{direction}MailServerAuthentication", "EmailAuthPassword")
    told["authentication"] = method
    if method.known and method.value == _NO_LOGIN:
        told["authenticates"] = Told(False, method.by)
        return
    mechanisms = _MECHANISMS.get(str(method.value)) if method.known else None
    told["authenticates"] = maybe(True if mechanisms else None, method.by)
    told["mechanisms"] = maybe(mechanisms, method.by)
    kept_secret = mechanisms is not None and "PLAIN" not in mechanisms
    if kept_secret or (secure.known and secure.value):
        told["cleartext_credentials"] = Told(False, method.by if kept_secret else secure.by)
    elif mechanisms is not None and secure.known:
        told["cleartext_credentials"] = Told(True, secure.by)
    else:
        told["cleartext_credentials"] = unknown((*method.by, *secure.by))
    told["credential"] = _credential(account, direction)


def _credential(account: Account, direction: str) -> Told:
    own = account.told(f"{direction}Password")
    if direction == "Outgoing" and own.known and not own.value:
        same = account.told("OutgoingPasswordSameAsIncomingPassword", False)
        own = account.told("IncomingPassword") if same.known and same.value else own
    if not own.known:
        return Told("literal", own.by)
    return Told("literal" if own.value else "prompt", own.by)
