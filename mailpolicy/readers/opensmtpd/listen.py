"""``listen on``: which options smtpd takes, and which it refuses together (create_if_listener of parse.y)."""

from __future__ import annotations

from mailpolicy.ports import port_number
from mailpolicy.readers.opensmtpd.cursor import Cursor
from mailpolicy.readers.opensmtpd.lexer import Token
from mailpolicy.readers.opensmtpd.model import Condition, Config, Listen, Refused, Table
from mailpolicy.types import Span

_FLAGS = {
    "inet4": "family", "inet6": "family", "smtps": "tls", "tls": "tls", "tls-require": "tls", "secure": "tls",
    "mask-src": "mask-src", "mask-source": "mask-src", "received-auth": "received-auth", "no-dsn": "no-dsn",
    "proxy-v2": "proxy",
}  # fmt: skip
_STRINGS = {"tag": "tag", "hostname": "hostname", "ca": "ca", "ciphers": "ciphers", "protocols": "protocols"}
_TABLES = {"hostnames": ("hash",), "senders": ("hash",)}
_ON_SOCKET = ("filter", "mask-src", "mask-source", "no-dsn", "tag")
_MOST_PKIS = 32
_LONGEST_TAG = 32


class _Options:
    """The options of one line as they come."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.config = cursor.config
        self.options: dict[str, Token] = {}
        self.said: dict[str, Span] = {}
        self.pkis: list[Token] = []
        self.tables: dict[str, Table] = {}
        self.guards: tuple[Condition, ...] = ()

    def put(self, name: str, value: Token, word: Token) -> None:
        if name in self.options:
            raise Refused(word.where, f"{name} is set twice")
        self.options[name] = value
        self.said[name] = word.where

    def one(self, word: Token) -> None:
        """The option that a word begins."""
        cursor, text = self.cursor, word.text
        if text in _FLAGS:
            self.put(_FLAGS[text], word, word)
            if text in ("smtps", "tls-require") and cursor.at("verify"):
                verify = cursor.take()
                self.put("verify", verify, verify)
        elif text == "port":
            self.put("port", _port(cursor), word)
        elif text in ("auth", "auth-optional"):
            self.put("auth", word, word)
            if cursor.peek().kind == "string" or cursor.at("<", "{"):
                self.tables["auth"] = cursor.table("list", "hash")
        elif text == "pki":
            self.pkis.append(cursor.string())
            self.said.setdefault("pki", word.where)
            if len(self.pkis) > (_MOST_PKIS if self.config.libtls else 1):
                raise Refused(word.where, "pki is set too often")
        elif text in _TABLES:
            self.tables[text] = cursor.table(*_TABLES[text])
            self.put(text, word, word)
            if text == "senders":
                cursor.accept("masquerade")
        elif text == "filter":
            self.put("filter", word, word)
            self.guards = take_filters(cursor)
        else:
            value = cursor.string()
            if text == "tag" and len(value.text) > _LONGEST_TAG:
                raise Refused(value.where, "this tag is too long")
            self.put(_STRINGS[text], value, word)


def _port(cursor: Cursor) -> Token:
    """The argument of ``port``: a number, or a service name without quotes or in them."""
    token = cursor.take()
    if token.kind not in ("number", "string") and token.text not in ("smtp", "smtps"):
        raise Refused(token.where, f"{token.text.strip() or 'the end of the line'} is no port")
    if not token.known:
        return token
    number = port_number(token.text) if token.kind == "number" or not token.text.isdecimal() else None
    if number is None and (token.kind == "number" or token.text.isdecimal() or "." in token.text):
        raise Refused(token.where, f"invalid port: {token.text}")
    return token


def take_filters(cursor: Cursor) -> tuple[Condition, ...]:
    """The argument of ``filter``, a name or names in braces; gives the conditions on which they refuse a client."""
    if cursor.at("{"):
        return filter_chain(cursor)
    name = cursor.string()
    if cursor.config.elder or not name.known:
        return ()
    if name.text not in cursor.config.filters:
        raise Refused(name.where, f"no filter of the name {name.text}")
    return cursor.config.guards.get(name.text, ())


def filter_chain(cursor: Cursor) -> tuple[Condition, ...]:
    """``{ a, b }``, names of filters that are no chains themselves; gives the conditions on which they refuse."""
    seen: set[str] = set()
    guards: list[Condition] = []
    for entry in cursor.braces("", folded=False).entries:
        name = entry.key
        if name not in cursor.config.filters and "{{" not in name:
            raise Refused(entry.where, f"no filter of the name {name}")
        if cursor.config.filters.get(name) == "chain":
            raise Refused(entry.where, f"{name} is a chain, which cannot stand in another one")
        if name in seen:
            raise Refused(entry.where, f"{name} stands twice in this chain")
        seen.add(name)
        guards += cursor.config.guards.get(name, ())
    return tuple(guards)


def options_of(config: Config) -> frozenset[str]:
    """The words that begin an option."""
    words = {*_FLAGS, *_STRINGS, *_TABLES, "port", "auth", "auth-optional", "pki", "filter"}
    if not config.libtls:
        words -= {"ciphers", "protocols"}
    return frozenset(words)


def listen(cursor: Cursor) -> None:
    """The rest of a line that begins with ``listen``. Raises Refused."""
    config = cursor.config
    cursor.want("on")
    address = cursor.take() if cursor.at("socket") else cursor.string()
    found = _Options(cursor)
    allowed = frozenset(_ON_SOCKET) if address.kind == "word" else options_of(config)
    while cursor.peek().kind not in ("newline", "end"):
        found.one(cursor.want(*allowed))
    if address.kind == "word":
        if config.socket:
            raise Refused(address.where, "listen on socket stands here for the second time")
        config.socket = True
        return
    line = Listen(address, found.options, found.said, tuple(found.pkis), found.tables, found.guards)
    _check(config, line)
    config.listens.append(line)


def _check(config: Config, line: Listen) -> None:
    """Options that do not go together. Raises Refused."""
    tls = line.options.get("tls")
    if tls is None and line.has("auth"):
        raise Refused(line.said["auth"], "auth requires tls or smtps")
    if tls is None and line.pkis:
        raise Refused(line.said["pki"], "pki requires tls or smtps")
    if tls is not None and tls.text == "secure" and line.has("port"):
        raise Refused(tls.where, "secure is STARTTLS and TLS from the first byte, which cannot share a port")
    if tls is not None and not line.pkis and config.libtls:
        raise Refused(tls.where, f"{tls.text} requires a pki")
    for pki in line.pkis:
        name = pki.text if config.libtls else pki.text.lower()
        if pki.known and name not in config.pkis and all("{{" not in known for known in config.pkis):
            raise Refused(pki.where, f"no pki of the name {pki.text} stands above")
    ca = line.options.get("ca")
    if ca is not None and ca.known and ca.text.lower() not in config.cas:
        raise Refused(ca.where, f"no ca of the name {ca.text} stands above")
    protocols = line.options.get("protocols")
    if protocols is not None and protocols.known and tls is not None and versions(protocols.text) is None:
        raise Refused(protocols.where, f"{protocols.text!r} is no list of TLS versions")


_DEFAULT = ("TLSv1.2", "TLSv1.3")
_ALL = ("TLSv1.0", "TLSv1.1", *_DEFAULT)
_NAMES = {
    "all": _ALL, "legacy": _ALL, "tlsv1": _ALL, "default": _DEFAULT, "secure": _DEFAULT,
    "tlsv1.0": _ALL[:1], "tlsv1.1": _ALL[1:2], "tlsv1.2": _ALL[2:3], "tlsv1.3": _ALL[3:],
}  # fmt: skip


def versions(text: str) -> tuple[str, ...] | None:
    """What a list of protocols means (tls_config_parse_protocols of libtls); None when it is none."""
    chosen: set[str] = set()
    for word in text.replace(":", ",").split(","):
        word = word.lstrip(" \t")
        negated, word = word.startswith("!"), word.removeprefix("!").lower()
        if word not in _NAMES:
            return None
        if negated and not chosen:
            chosen = set(_ALL)
        chosen = chosen - set(_NAMES[word]) if negated else chosen | set(_NAMES[word])
    return tuple(name for name in _ALL if name in chosen)
