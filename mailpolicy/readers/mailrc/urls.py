"""URLs of s-nail, as ``mx_url_parse`` of 14.9.24 reads them."""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple

_SCHEMES = {
    "smtp": ("smtp", 25, False), "smtps": ("smtp", 465, True), "submission": ("smtp", 587, False),
    "submissions": ("smtp", 465, True), "pop3": ("pop3", 110, False), "pop3s": ("pop3", 995, True),
    "imap": ("imap", 143, False), "imaps": ("imap", 993, True),
}  # fmt: skip
_URL = re.compile(
    r"(?P<scheme>[A-Za-z0-9]+)://(?:(?P<login>[^/]*)@)?(?P<host>[^@:/]*)(?::(?P<port>[^/]*))?(?P<path>/.*)?"
)
_CODED = re.compile(r"(?:[A-Za-z0-9_.~-]|%(?:[013-9A-F][0-9A-F]|2[0-9A-CF]))*")


class Url(NamedTuple):
    """A URL and where its parts stand in the text; ``problem`` is why s-nail refuses it."""

    protocol: str
    host: str
    port: int | None
    default_port: int
    implicit: bool
    user: str | None
    password: str | None
    host_at: tuple[int, int]
    port_at: tuple[int, int] | None
    password_at: tuple[int, int] | None
    scheme_at: tuple[int, int]
    problem: str

    @property
    def server(self) -> str:
        """What names of variables end in: the port only where it is written."""
        return f"{self.host}:{self.port}" if self.port_at and self.port else self.host


def parse(text: str) -> Url | None:
    """The parts of a URL of a protocol of mail; None for any other text."""
    found = _URL.fullmatch(text)
    scheme = _SCHEMES.get(found["scheme"].lower()) if found else None
    if found is None or scheme is None:
        return None
    protocol, default, implicit = scheme
    user, password, problem = None, None, ""
    password_at: tuple[int, int] | None = None
    if found["login"] is not None:
        raw_user, colon, raw_password = found["login"].partition(":")
        bad = next((raw for raw in (raw_user, raw_password) if not _CODED.fullmatch(raw)), None)
        problem = "its user or password is not percent-encoded" if bad is not None else ""
        user = _decoded(raw_user) or None
        if colon:
            password = _decoded(raw_password)
            password_at = (found.end("login") - len(raw_password), found.end("login"))
    port: int | None = None
    if found["port"] is not None:
        digits = re.fullmatch(r"\d{1,5}", found["port"])
        port = int(found["port"]) if digits and 0 < int(found["port"]) < 65536 else None
        problem = problem or ("" if port else "its port is no number from 1 to 65535")
    if protocol != "imap" and (found["path"] or "").strip("/"):
        problem = problem or "its protocol has no paths"
    return Url(protocol, found["host"].lower(), port, default, implicit, user, password, found.span("host"),
               found.span("port") if found["port"] is not None else None, password_at, found.span("scheme"),
               problem)  # fmt: skip


def _decoded(raw: str) -> str:
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda m: chr(int(m[1], 16)), raw)
