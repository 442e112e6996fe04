"""DaemonPortOptions: what each asks for (setsockaddroptions of sendmail/daemon.c), and what is refused."""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.ports import port_number
from mailpolicy.readers.sendmail.model import Config, Text
from mailpolicy.types import Span, Unread

_KEYS = {"A": "address", "a": "address", "F": "family", "f": "family", "M": "modifiers", "m": "modifiers",
         "N": "name", "n": "name", "P": "port", "p": "port"}  # fmt: skip
_MOST = 64
"""MAXDAEMONS as Debian builds it; elsewhere it is 10."""

_OTHERS = "cDdIiLlqRrSsT"
_ADDRESS = re.compile(r"[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_TEMPLATE = re.compile(r"\{\{|\{%|<%|\$\{|\$[A-Z_]{3,}|__[A-Za-z_]+__|@[A-Z_]+@")


class Daemon(NamedTuple):
    """One socket. ``said``: option -> its value and where that stands."""

    name: str
    said: dict[str, tuple[str, Span | None]]
    where: Span | None
    known: bool
    """Whether no template fills in part of it."""
    dual: bool = True
    """Whether a socket of IPv6 for all addresses takes IPv4 as well."""

    def value(self, option: str) -> str:
        """An option's value; "" when it is not set."""
        return self.said.get(option, ("", None))[0]

    def span(self, option: str) -> Span | None:
        """Where an option's value stands."""
        return self.said.get(option, ("", None))[1]

    def has(self, modifier: str) -> bool:
        """Whether a letter is among the modifiers."""
        return modifier in self.value("modifiers")

    def letter(self, modifier: str) -> Span | None:
        """Where a letter of the modifiers stands."""
        span, text = self.span("modifiers"), self.value("modifiers")
        if span is None or modifier not in text:
            return None
        column = span.column + text.index(modifier)
        return span._replace(column=column, end_column=column + 1)

    @property
    def six(self) -> bool:
        """Family=inet6."""
        return self.value("family").lower() == "inet6"

    @property
    def local(self) -> bool:
        """A socket of the file system."""
        return self.value("family").lower() in ("unix", "local")

    def port(self) -> int | None:
        """The port; None when it cannot be known."""
        text = self.value("port")
        if not text:
            return 25
        digits = re.match(r"\d+", text)
        return port_number(digits[0] if digits else text)

    def address(self) -> str | None:
        """The address; None for a name, which only the resolver knows."""
        text = self.value("address")
        if text in ("", "0.0.0.0", "::"):
            return ("*" if self.dual else "::") if self.six else "0.0.0.0"
        text = re.sub(r"(?i)^ipv6:", "", text)
        if text.lower() == "localhost":
            return "::1" if self.six else "127.0.0.1"
        return text if _ADDRESS.fullmatch(text) else None


def daemons(config: Config) -> list[Daemon]:
    """All sockets, in order."""
    return [_daemon(config, number, text) for number, text in enumerate(config.daemons)]


def _daemon(config: Config, number: int, text: Text) -> Daemon:
    said: dict[str, tuple[str, Span | None]] = {}
    known = not _TEMPLATE.search(text.text)
    for part in re.finditer(r"[^,]+", text.text):
        match = re.match(r"\s*([^\s=]+)[^=]*=\s*", part[0])
        if match is None:
            continue
        value = part[0][match.end() :].rstrip()
        start = part.start() + match.end()
        span = text.span(start, start + max(len(value), 1))
        option = _KEYS.get(match[1][0])
        if option is not None:
            said[option] = (value, span)
            _refuse(config, option, value, span if known else None)
        elif match[1][0] not in _OTHERS and known:
            _broken(config, text.span(part.start() + match.start(1), part.end()), f"no option begins like {match[1]}")
    return Daemon(said.get("name", (f"Daemon{number}", None))[0], said, text.whole(), known, not config.bsd)


def _refuse(config: Config, option: str, value: str, span: Span | None) -> None:
    families = ("inet", "inet6", "unix", "local", "iso", "ns", "x.25")
    if option == "family" and value.lower() not in families and not value[:1].isdigit():
        _broken(config, span, f"no address family is called {value}")


def _broken(config: Config, span: Span | None, why: str) -> None:
    if span is not None:
        config.broken.append(Unread(span, f"sendmail does not start: {why}"))


def clashes(config: Config, heard: list[Daemon]) -> None:
    """Sockets that another one has already; with modifier O the daemon goes on without."""
    if len(heard) > _MOST:
        _broken(config, heard[_MOST].where, f"{_MOST} sockets are all that it takes")
        return
    taken: list[tuple[str, int, Daemon]] = []
    for daemon in heard:
        address, port = daemon.address(), daemon.port()
        if address is None or port is None or daemon.local or not daemon.known:
            continue
        other = next((d for place, number, d in taken if port == number and _meet(address, place)), None)
        if other is None:
            taken.append((address, port, daemon))
        elif not daemon.has("O"):
            where = daemon.span("port") or daemon.where or other.span("port") or other.where
            _broken(config, where, f"{other.name} and {daemon.name} both want port {port} of this address")


def _meet(one: str, other: str) -> bool:
    """Whether two sockets want the same address (on Linux, :: takes IPv4 too, and is * here)."""
    if one == other or "*" in (one, other):
        return True
    six = ":" in one, ":" in other
    return six[0] == six[1] and "0.0.0.0" in (one, other)
