"""URLs of mailboxes and servers, after ``url_parse_ciss`` of mutt and ``url_parse`` of NeoMutt.

Everything before the last ``@`` is the user, so that an address needs no ``%40``; its first colon begins a password.
"""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.mutt.chars import UNKNOWN, Text
from mailpolicy.readers.mutt.state import Program

PORTS = {"imap": 143, "imaps": 993, "pop": 110, "pops": 995, "smtp": 25, "smtps": 465}
_SCHEME = re.compile(r"(imaps?|pops?|smtps?):", re.IGNORECASE)
_PINE = re.compile(r"\{(?:([^@}]*)@)?([^:/}]+)(?::([0-9]+))?(/ssl)?\}")
_PLAIN = r"\w\]\[.~%!$&'()*+,;=\ufdd0-\ufdd2-"
_STRICT = re.compile(
    rf"//(?:[{_PLAIN}@]*(?::[{_PLAIN}]*)?@)?(?:[{_PLAIN}]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?"
    rf"(?:/[{_PLAIN}:@/ ]*)?(?:\?[^#]*)?"
)
_LONGEST = 4096
_STRICT_SINCE = (20191025,)
"""NeoMutt from here on takes well-formed URLs alone, and Pine's ``{host}`` for a folder of this machine."""
_HEX = re.compile(r"%([0-9A-Fa-f]{2})")


class Url(NamedTuple):
    """The parts of a URL; the host is without brackets."""

    scheme: Text
    user: Text | None
    password: Text | None
    host: Text
    port: Text | None

    @property
    def protocol(self) -> str:
        return {"imap": "imap", "pop": "pop3", "smtp": "smtp"}[self.kind.rstrip("s")]

    @property
    def kind(self) -> str:
        """The scheme in lower case."""
        return self.scheme.text.lower()

    @property
    def implicit(self) -> bool:
        """TLS from the first byte."""
        return self.kind.endswith("s")


def parse(text: Text, program: Program) -> Url | str | None:
    """A URL of a mailbox or server; a sentence on what is wrong with one; None for anything else."""
    strict = program.name == "neomutt" and program.numbers >= _STRICT_SINCE
    if text.text.startswith("{"):
        return None if strict else _pine(text)
    found = _SCHEME.match(text.text)
    if found is None:
        return None
    scheme, start = text.slice(0, found.end(1)), found.end()
    rest = text.text[start:]
    if len(rest) > _LONGEST:
        return "is too long for a URL"
    if not rest.startswith("//") or (strict and _STRICT.fullmatch(rest) is None):
        return f"is no URL that {program.name} understands"
    end = text.text.find("/", start + 2)
    end = len(text.text) if end < 0 else end
    sign = text.text.rfind("@", start + 2, end)
    user = password = None
    begin = start + 2
    if sign >= 0:
        colon = text.text.find(":", begin, sign)
        user = text.slice(begin, sign if colon < 0 else colon)
        password = text.slice(colon + 1, sign) if colon >= 0 else None
        begin = sign + 1
    shut = text.text.find("]", begin, end) if text.text.startswith("[", begin) else -1
    colon = text.text.find(":", shut if shut >= 0 else begin, end)
    port = text.slice(colon + 1, end) if 0 <= colon < end - 1 else None
    host = text.slice(begin + 1, shut) if shut >= 0 else text.slice(begin, colon if colon >= 0 else end)
    if port is not None and port.known and not (port.text.isdigit() and int(port.text[:9]) <= 65535):
        return f"has a port that {program.name} does not understand"
    if not host.text:
        return f"is no URL that {program.name} understands: it has no host"
    return Url(scheme, user, password, host, port if port is None or port.text.strip("0") else None)


def _pine(text: Text) -> Url | None:
    found = _PINE.match(text.text)
    if found is None:
        return None
    part = [text.slice(*found.span(n)) if found[n] is not None else None for n in (1, 2, 3)]
    assert part[1] is not None
    return Url(Text("imaps" if found[4] else "imap", text.runs[:1]), part[0], None, part[1], part[2])


def decoded(text: str) -> str:
    """A user's name without ``%`` escapes."""
    return _HEX.sub(lambda found: chr(int(found[1], 16)), text)


def account(url: Url) -> str:
    """What account hooks are held against."""
    user = f"{url.user.text}@" if url.user is not None else ""
    port = f":{url.port.text}" if url.port is not None else ""
    return f"{url.kind}://{user}{url.host.text}{port}/".replace(UNKNOWN, "?")
