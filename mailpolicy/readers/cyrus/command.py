"""The command of a service: its program and the options that change what a client meets.

After ``main`` of master/service.c, which takes its own options first, and ``service_init`` of the programs.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.cyrus.cyrus_conf import Argument
from mailpolicy.types import Span

PROTOCOLS = {
    "imapd": "imap", "proxyd": "imap", "pop3d": "pop3", "pop3proxyd": "pop3", "lmtpd": "lmtp", "lmtpproxyd": "lmtp",
    "timsieved": "managesieve",
}  # fmt: skip
"""Programs that speak a mail protocol with clients."""

_OWN = {"imap": "Np:sq", "pop3": "skp:", "lmtp": "a"}
_STRICT = frozenset(("pop3", "lmtp"))
"""Those that end at an option that they do not know."""


class Command(NamedTuple):
    """What a service runs."""

    program: str
    protocol: str | None
    where: Span
    """The whole of it."""
    implicit: Span | None = None
    """``-s``: TLS from the first byte."""
    strength: int = 0
    """``-p``: bits of protection that something in front of the service is said to give."""
    strength_from: Span | None = None
    preauth: Span | None = None
    """``-a`` of lmtpd: clients need no login."""
    kerberos: bool = False
    """``-k`` of pop3d: KPOP."""
    config: tuple[str, Span] | None = None
    """``-C``: another imapd.conf."""
    fault: tuple[str, Span] | None = None
    """Why the program ends at once."""


_Word = tuple[str, Span]


def command(argument: Argument) -> Command | None:
    """The command of an entry; None when a template decides the program."""
    words = [(m[0], argument.part(m.start(), m.end())) for m in re.finditer(r"\S+", argument.value)]
    if words and posixpath.basename(words[0][0]) == "cyrus" and len(words) > 1:
        words = words[1:]
    if not words or not argument.known:
        return None
    program = posixpath.basename(words[0][0])
    made = Command(program, PROTOCOLS.get(program), argument.where)
    if made.protocol is None:
        return made
    own: list[_Word] = []
    for kind, word, value in _service_options(words[1:]):
        if kind == "joined":
            why = f"{word[0]}: options and their values must be separated by blanks, else {program} ends at once"
            return made._replace(fault=(why, word[1]))
        if kind == "config" and value is not None:
            made = made._replace(config=value)
        elif kind == "own":
            own += [word] if value is None else [word, value]
    return _own_options(made, own)


def _service_options(words: list[_Word]) -> Iterator[tuple[str, _Word, _Word | None]]:
    """The options that every service has, and those that are left to the program, with their values."""
    at = 0
    while at < len(words):
        word, following = words[at], words[at + 1] if at + 1 < len(words) else None
        at += 1
        name = word[0]
        if not name.startswith("-") or name == "-":
            yield "own", word, None
        elif len(name) > 2:
            yield "joined", word, None
        elif name in ("-C", "-U", "-T"):
            at += 1
            yield "config" if name == "-C" else "other", word, following
        elif name in ("-D", "-X"):
            yield "other", word, None
        elif following is not None and not following[0].startswith("-"):
            at += 1
            yield "own", word, following
        else:
            yield "own", word, None


def _own_options(made: Command, words: list[_Word]) -> Command:
    protocol = made.protocol or ""
    taken = _OWN.get(protocol)
    at = 0
    while taken is not None and at < len(words):
        (name, where), at = words[at], at + 1
        if not name.startswith("-") or len(name) != 2:
            continue
        letter = name[1]
        value = words[at] if f"{letter}:" in taken and at < len(words) else None
        if (letter not in taken or (f"{letter}:" in taken and value is None)) and protocol in _STRICT:
            return made._replace(fault=(f"{made.program} has no option {name} and ends at once", where))
        if value is not None:
            at += 1
            made = made._replace(strength=_number(value[0]), strength_from=value[1])
        elif letter == "s" and letter in taken:
            made = made._replace(implicit=where)
        elif letter == "a" and letter in taken:
            made = made._replace(preauth=where)
        elif letter == "k" and letter in taken:
            made = made._replace(kerberos=True)
    return made


def _number(text: str) -> int:
    """As atoi(3) has it."""
    found = re.match(r"[+-]?[0-9]{1,9}", text)
    return int(found[0]) if found else 0
