"""``bind`` lines: the sockets they open and the TLS they speak.

After section 5.1 of the configuration manual of HAProxy 2.6 and 3.0, ``str2listener`` and
``ssl_sock_initial_ctx``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mailpolicy.ciphers import only_new, security_level
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.haproxy.syntax import Line, Word
from mailpolicy.types import Origin, Span

VERSIONS = ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
ONE_ARGUMENT = frozenset(
    (
        "accept-netscaler-cip", "backlog", "expose-fd", "gid", "group", "guid-prefix", "id", "interface", "level",
        "maxconn", "mode", "mss", "name", "namespace", "nbconn", "nice", "process", "proto", "quic-cc-algo",
        "quic-socket", "severity-output", "shards", "tcp-ut", "thread", "uid", "user", "alpn", "ca-file",
        "ca-ignore-err", "ca-sign-file", "ca-sign-pass", "ca-verify-file", "ciphers", "ciphersuites",
        "client-sigalgs", "crl-file", "crt", "crt-ignore-err", "crt-list", "curves", "default-crt", "ecdhe", "npn",
        "sigalgs", "ssl-max-ver", "ssl-min-ver", "tls-ticket-keys", "verify", "ktls", "tcp-md5sig", "cc", "label",
    )
)  # fmt: skip
NO_ARGUMENT = frozenset(
    (
        "accept-proxy", "defer-accept", "quic-force-retry", "tfo", "transparent", "v4v6", "v6only", "ssl", "allow-0rtt",
        "force-sslv3", "force-tlsv10", "force-tlsv11", "force-tlsv12", "force-tlsv13", "generate-certificates",
        "no-alpn", "no-ca-names", "no-sslv3", "no-tls-tickets", "no-tlsv10", "no-tlsv11", "no-tlsv12", "no-tlsv13",
        "prefer-client-ciphers", "strict-sni", "tls-tickets", "no-strict-sni",
    )
)  # fmt: skip
"""Keywords of bind, of HAProxy 3.3 and before."""

_LOCAL = ("unix@", "abns@", "abnsz@", "fd@", "sockpair@", "ring@", "rhttp@", "rev@", "quic4@", "quic6@", "udp", "/")
_FAMILIES = {"ipv4@": 4, "ipv6@": 6, "tcp4@": 4, "tcp6@": 6, "tcp@": 0, "mptcp4@": 4, "mptcp6@": 6, "mptcp@": 0}
LOCALHOST = "localhost"
"""Resolved at start: 127.0.0.1 or ::1, as the host has it."""
MAIL_PORTS = (24, 25, 110, 143, 465, 587, 993, 995, 2525, 4190)
MOST_PORTS = 40
"""Ports of one range that are looked at, beside those of mail."""


class Address(NamedTuple):
    """One socket of a bind line. None is unknown; ``address`` is "" where a name is resolved at start."""

    address: str | None
    port: int | None
    where: Span


class Bind(NamedTuple):
    """A bind line."""

    line: Line
    addresses: tuple[Address, ...]
    fault: tuple[Span, str] | None
    keywords: Mapping[str, tuple[Word, Word | None]]
    """The last of each keyword, with its argument."""

    @property
    def ssl(self) -> Word | None:
        """The word by which TLS begins with the first byte."""
        return self.flag("ssl")

    def option(self, name: str) -> Word | None:
        """The argument of a keyword."""
        return self.keywords[name][1] if name in self.keywords else None

    def flag(self, name: str) -> Word | None:
        """The keyword itself."""
        return self.keywords[name][0] if name in self.keywords else None


def bind(line: Line) -> Bind:
    """A bind line as haproxy reads it."""
    if len(line.words) < 2:
        return Bind(line, (), (line.words[0].where, "bind without an address"), {})
    keywords, fault = _keywords(line)
    fault = fault or _argument_fault(keywords)
    made: list[Address] = []
    family6 = "v6only" if "v6only" in keywords else "both"
    for piece in _pieces(line.words[1]):
        if not piece.text:
            continue
        found = _address(piece, family6)
        if isinstance(found, str):
            fault = fault or (piece.where, found)
        else:
            made += found
    return Bind(line, tuple(made), fault, keywords)


def _keywords(line: Line) -> tuple[dict[str, tuple[Word, Word | None]], tuple[Span, str] | None]:
    """Keywords with their arguments, and the first that haproxy does not take; after a template none is at fault."""
    found: dict[str, tuple[Word, Word | None]] = {}
    words = iter(line.words[2:])
    fault: tuple[Span, str] | None = None
    sure = True
    for word in words:
        sure = sure and word.known
        argument = next(words, None) if word.text in ONE_ARGUMENT else None
        if word.text in ONE_ARGUMENT and argument is None:
            fault = fault or (word.where, f"{word.text} needs an argument")
        elif word.text in ONE_ARGUMENT or word.text in NO_ARGUMENT:
            found[word.text] = (word, argument)
        elif sure:
            fault = fault or (word.where, f"bind has no keyword {word.text[:40]}")
    return found, fault if sure else None


def _argument_fault(keywords: Mapping[str, tuple[Word, Word | None]]) -> tuple[Span, str] | None:
    for name in ("ssl-min-ver", "ssl-max-ver"):
        value = keywords[name][1] if name in keywords else None
        if value is not None and value.known and value.text not in VERSIONS:
            return value.where, f"{value.text[:40]} is no version that haproxy knows: {', '.join(VERSIONS)}"
    verify = keywords["verify"][1] if "verify" in keywords else None
    if verify is not None and verify.known and verify.text not in ("none", "optional", "required"):
        return verify.where, "verify takes none, optional or required"
    return None


def _pieces(word: Word) -> Iterator[Word]:
    """The addresses between commas."""
    if "," not in word.text:
        yield word
        return
    where = word.where
    plain = where.end_column - where.column == len(word.text)
    at = where.column
    for text in word.text.split(","):
        place = where._replace(column=at, end_column=at + max(1, len(text))) if plain else where
        at += len(text) + 1
        yield Word(text, place, word.known or not any(mark in text for mark in "${<%@"))


def _address(piece: Word, family6: str) -> list[Address] | str:
    """The sockets of one address, or why haproxy refuses it."""
    text = piece.text
    if text.startswith(_LOCAL):
        return []
    family = 0
    for prefix, number in _FAMILIES.items():
        if text.startswith(prefix):
            family, text = number, text[len(prefix) :]
    host, colon, ports = text.rpartition(":")
    if not piece.known:
        numbers = _ports(ports) if colon else None
        return [Address(None, port, piece.where) for port in ([None] if isinstance(numbers, str | None) else numbers)]
    if not colon or not ports:
        return f"{text[:60]} names no port"
    numbers = _ports(ports)
    if isinstance(numbers, str):
        return numbers
    address = _resolved(host, family, family6)
    return [Address(address, port, piece.where) for port in numbers]


def _ports(text: str) -> list[int] | str:
    low, dash, high = text.partition("-")
    if not (low.isdecimal() and low.isascii() and (not dash or (high.isdecimal() and high.isascii()))):
        return f"{text[:40]} is no port number; haproxy takes no service names"
    if len(low) > 5 or len(high) > 5:
        return f"{text[:40]} is no port number"
    first, last = int(low), int(high) if dash else int(low)
    if not 0 < first <= last < 65536:
        return f"{text[:40]} is no range of ports"
    near = range(first, min(last + 1, first + MOST_PORTS))
    return [*near, *(port for port in MAIL_PORTS if near.stop <= port <= last)]


def _resolved(host: str, family: int, family6: str) -> str:
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if family == 6 and bare in ("", "*"):
        bare = "::"
    if bare in ("", "*", "0.0.0.0"):
        return "0.0.0.0"
    if bare == "::":
        return "*" if family6 == "both" else "::"
    if bare == "localhost":
        return LOCALHOST
    digits = bare.replace(".", "")
    if ":" in bare or (digits.isdecimal() and bare.count(".") == 3):
        return bare
    return ""


class Methods(NamedTuple):
    """What limits TLS versions: no-*, force-* and ssl-min-ver, ssl-max-ver, with who set them."""

    banned: tuple[tuple[str, Span], ...] = ()
    low: tuple[str, Span] | None = None
    high: tuple[str, Span] | None = None
    known: bool = True
    level: tuple[int, Span] | None = None
    """OpenSSL's security level."""
    client_order: Span | None = None
    """prefer-client-ciphers."""
    group: Word | None = None
    """Bits of the Diffie-Hellman group."""
    group_file: Word | None = None


_SHORT = {"sslv3": "SSLv3", "tlsv10": "TLSv1.0", "tlsv11": "TLSv1.1", "tlsv12": "TLSv1.2", "tlsv13": "TLSv1.3"}


def methods(words: tuple[Word, ...], before: Methods) -> Methods:
    """The limits that some words set, on top of earlier ones."""
    banned, low, high, known = before.banned, before.low, before.high, before.known
    client_order = before.client_order
    for index, word in enumerate(words):
        kind, _, short = word.text.partition("-")
        version = _SHORT.get(short)
        if not word.known:
            known = False
        elif word.text == "prefer-client-ciphers":
            client_order = word.where
        elif kind == "no" and version:
            banned = banned if version in dict(banned) else (*banned, (version, word.where))
        elif kind == "force" and version:
            low = high = (version, word.where)
        elif word.text in ("ssl-min-ver", "ssl-max-ver") and index + 1 < len(words):
            value = words[index + 1]
            known = known and value.known
            if word.text == "ssl-min-ver":
                low = (value.text, value.where)
            else:
                high = (value.text, value.where)
    return before._replace(banned=banned, low=low, high=high, known=known, client_order=client_order)


def versions(
    own: Methods, common: Methods, ciphers: Word | None, program: tuple[int, ...]
) -> tuple[tuple[str, ...] | None, tuple[Origin, ...]]:
    """Versions that a socket speaks, None when unknown, and who says so.

    The bind line's own minimum and maximum replace the global ones; with either of them, no-* has no effect.
    """
    builtin = Origin("default", None, f"HAProxy {'.'.join(map(str, program))}")
    if not (own.known and common.known):
        return None, (builtin,)
    bottom, top = _limits(own, common, program >= (2, 2))
    banned = {} if (own.low or own.high or common.low or common.high) else dict((*common.banned, *own.banned))
    origins = [builtin, *_limited(own, common), *(Origin("sets", where) for where in banned.values())]
    allowed = [v for i, v in enumerate(VERSIONS) if max(bottom, 1) <= i <= top and v not in banned]
    modern = [v for v in allowed if VERSIONS.index(v) >= _TLS12]
    level = level_of(ciphers) or common.level
    if bottom >= _TLS12:
        return tuple(allowed), tuple(origins)
    if level is not None and level[0] > 0:
        narrow = Origin("overrides", level[1], "OpenSSL takes no older version at this security level")
        return tuple(modern), (*origins, narrow)
    if ciphers is not None:
        new = only_new(ciphers.text) if ciphers.known else None
        if new is None:
            return None, (*origins, Origin("sets", ciphers.where))
        if new:
            return tuple(modern), (*origins, Origin("overrides", ciphers.where, "these ciphers need TLS 1.2"))
    return tuple(allowed), tuple(origins)


_TLS12 = VERSIONS.index("TLSv1.2")


def _limits(own: Methods, common: Methods, modern: bool) -> tuple[int, int]:
    """Indexes of the lowest and highest version. Since 2.2 the lowest is TLS 1.2, or the highest if that is less."""
    high, low = own.high or common.high, own.low or common.low
    top = VERSIONS.index(high[0]) if high and high[0] in VERSIONS else len(VERSIONS) - 1
    default = min(_TLS12, top) if modern else 1
    return (VERSIONS.index(low[0]) if low and low[0] in VERSIONS else default), top


def _limited(own: Methods, common: Methods) -> list[Origin]:
    """Who set the limits; the lowest version last, for that is what findings are about."""
    found = [Origin("sets", pair[1]) for pair in (common.high, common.low) if pair]
    for pair, before in ((own.high, common.high), (own.low, common.low)):
        if pair:
            found.append(Origin("overrides" if before else "sets", pair[1]))
    return found


def level_of(ciphers: Word | None) -> tuple[int, Span] | None:
    """The security level that a cipher list sets."""
    level = security_level(ciphers.text) if ciphers else None
    return (level, ciphers.where) if ciphers and level is not None else None
