"""URLs as Go's net/url parses them, with the place of each part.

After url.go of Go 1.19 to 1.24.
"""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.placeholders import PIECE

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)")
_USERINFO = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*")
_HOST = re.compile(r"(?:[A-Za-z0-9_.~!$&'()*+,;=:\[\]<>\"-]|[^\x00-\x7f]|%(?=[89A-Fa-f]))*")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SECRET = re.compile(r"(?<![^?&])client_secret=([^&]*)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PORT = re.compile(r"(?::[0-9]*)?")


class Part(NamedTuple):
    """A piece of a URL. ``text`` is decoded, and None where a template fills it in."""

    text: str | None
    start: int
    end: int


class Url(NamedTuple):
    """What aerc looks at. A part that is not there is None."""

    scheme: Part
    user: Part | None
    password: Part | None
    host: Part
    port: Part | None
    """Without its colon; empty where nothing follows the colon."""
    secrets: tuple[Part, ...]
    """Each ``client_secret`` of the query."""
    authority: bool
    """It has ``//``."""
    wrong: str | None
    """Why Go refuses it."""


def parse(text: str) -> Url:
    """The parts of a URL. What a template fills in counts as letters."""
    holes = [found.span() for found in PIECE.finditer(text)]
    plain = PIECE.sub(lambda found: "x" * len(found[0]), text)
    return _Parser(plain, holes).run()


class _Parser:
    def __init__(self, text: str, holes: list[tuple[int, int]]) -> None:
        self.text, self.holes = text, holes
        self.wrong: str | None = None

    def refuse(self, why: str) -> None:
        self.wrong = self.wrong or why

    def part(self, start: int, end: int, raw: bool = True) -> Part:
        if any(left < end and start < right for left, right in self.holes):
            return Part(None, start, end)
        text = self.text[start:end]
        return Part(text if raw else self.decoded(text), start, end)

    def decoded(self, text: str) -> str:
        if "%" not in text:
            return text
        if _BAD_ESCAPE.search(text):
            self.refuse("a % in it is not followed by two hexadecimal digits")
            return text
        return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), text.encode()).decode("utf-8", "replace")

    def run(self) -> Url:
        text = self.text
        if _CONTROL.search(text):
            self.refuse("it holds a control character")
        end = text.find("#") if "#" in text else len(text)
        found = _SCHEME.match(text)
        at = found.end() + 1 if found else 0
        scheme = self.part(0, found.end() if found else 0)
        scheme = scheme._replace(text=scheme.text.lower() if scheme.text is not None else None)
        if text.startswith(":"):
            self.refuse("it has no scheme before the colon")
        mark = text.find("?", at, end)
        stop = end if mark < 0 else mark
        secrets = self.secrets(mark + 1, end) if mark >= 0 else ()
        authority = text.startswith("//", at) and (found is not None or not text.startswith("///", at))
        if not authority:
            if found is None and ":" in text[:stop].split("/")[0]:
                self.refuse("a colon stands in its first part")
            nothing = Part("", at, at)
            return Url(scheme, None, None, nothing, None, secrets, False, self.wrong)
        slash = text.find("/", at + 2, stop)
        return self.authority(scheme, at + 2, slash if slash >= 0 else stop, secrets)

    def authority(self, scheme: Part, start: int, end: int, secrets: tuple[Part, ...]) -> Url:
        at = self.text.rfind("@", start, end)
        user = password = None
        if at >= 0:
            if not _USERINFO.fullmatch(self.text, start, at):
                self.refuse("its user or password holds a character that must be written as %XX")
            colon = self.text.find(":", start, at)
            user = self.part(start, at if colon < 0 else colon, raw=False)
            password = self.part(colon + 1, at, raw=False) if colon >= 0 else None
            start = at + 1
        host, port = self.host(start, end)
        return Url(scheme, user, password, host, port, secrets, True, self.wrong)

    def host(self, start: int, end: int) -> tuple[Part, Part | None]:
        text = self.text
        if text.startswith("[", start) and start < end:
            colon = text.rfind("]", start, end) + 1
            if not colon:
                self.refuse("a ] is missing in its host")
                colon = end
        else:
            colon = text.rfind(":", start, end)
            colon = end if colon < 0 else colon
        port = self.part(colon + 1, end) if colon < end else None
        if port is not None and port.text is not None and not _PORT.fullmatch(text, colon, end):
            self.refuse("what follows the host is no port")
        if not _HOST.fullmatch(text, start, colon):
            self.refuse("its host holds a character that no host may have")
        host = self.part(start, colon, raw=False)
        if host.text is not None and host.text.startswith("[") and host.text.endswith("]"):
            host = Part(host.text[1:-1], start + 1, colon - 1)
        return host, port

    def secrets(self, start: int, end: int) -> tuple[Part, ...]:
        return tuple(self.part(*found.span(1)) for found in _SECRET.finditer(self.text, start, end))
