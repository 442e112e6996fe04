"""A session as fetchmail of one version completes it: what ``defaults`` and the program add (``optmerge``)."""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.fetchmail.grammar import ANYTHING, SERVER, Query, Value
from mailpolicy.sessions import Told, unknown
from mailpolicy.types import Origin

SOFTWARE = "fetchmail"
_KEPT = 6
_SERVICES = {
    "imap": 143, "imap2": 143, "imap4": 143, "imaps": 993, "pop3": 110, "pop-3": 110, "pop3s": 995, "kpop": 1109,
    "smtp": 25, "mail": 25, "smtps": 465, "ssmtp": 465, "submissions": 465, "submission": 587, "odmr": 366,
}  # fmt: skip


class View(NamedTuple):
    """A query with the ``defaults`` entry that stands before it."""

    query: Query
    defaults: Query | None
    version: tuple[int, ...]

    def chain(self, name: str) -> tuple[Value, ...]:
        """What an option was last set to, oldest first: the defaults, then the entry's own."""
        found: tuple[Value, ...] = ()
        for query in (self.defaults, self.query):
            if query is not None:
                found += tuple((query.user.get(name) or query.server.get(name) or ())[-_KEPT:])
        return found

    def filled(self, name: str) -> tuple[Value, ...]:
        """Where a template may set an option: those of users stand after those of the server."""
        found: list[Value] = []
        for query in (self.defaults, self.query):
            if query is not None:
                found += query.server.get(ANYTHING, ())
                found += () if name in SERVER else query.user.get(ANYTHING, ())
        return tuple(found)

    def members(self, name: str) -> tuple[Value, ...]:
        """The list that an option holds: the entry's own replaces the default's."""
        own = self.query.user.get(name) or self.query.server.get(name)
        if own is None and self.defaults is not None:
            own = self.defaults.user.get(name) or self.defaults.server.get(name)
        return tuple(own or ())

    def text(self, name: str, default: str | None = "") -> str | None:
        """The value that holds, the default when nothing sets it, None when a template decides."""
        chain = self.chain(name)
        if chain:
            return chain[-1].text
        return None if self.filled(name) else default

    def given(self, name: str) -> bool:
        """Whether something sets an option, or may."""
        return bool(self.chain(name) or self.filled(name))

    def switch(self, name: str, default: bool = False) -> bool | None:
        """An option that is on or off."""
        text = self.text(name, "yes" if default else "no")
        return None if text is None else text == "yes"

    def builtin(self, note: str = "") -> Origin:
        """The program's own default."""
        return Origin("default", None, f"{SOFTWARE} {'.'.join(map(str, self.version))}{note}")

    def told(self, *names: str) -> tuple[Origin, ...]:
        """Who set some options; one that nothing sets brings the program's default."""
        out: list[Origin] = []
        for name in names:
            chain = self.chain(name) or self.filled(name)
            out += [Origin("overrides" if i else "sets", value.where) for i, value in enumerate(chain)]
            if not chain:
                out.append(self.builtin())
        return tuple(sorted(dict.fromkeys(out), key=lambda origin: origin.where is not None))

    @property
    def method(self) -> str | None:
        """The login method; ``any`` when fetchmail takes the first that works, beginning with challenges."""
        protocol = self.text("protocol", "auto")
        if protocol in ("apop", "rpop"):
            return protocol
        if protocol == "kpop":
            return "kerberos5"
        return self.text("auth", "any")

    @property
    def tls(self) -> str | None:
        """The session's mode (``maybe_starttls``, ``must_starttls``)."""
        ssl = self.switch("ssl")
        protocol = self.text("protocol", "auto")
        if ssl is None or protocol is None:
            return None
        if ssl:
            return "implicit"
        if protocol in ("apop", "rpop", "etrn", "odmr"):
            return "none"
        told, stated = self.text("sslproto", "auto"), bool(self.chain("sslproto"))
        if told is None:
            return None
        if told == "" or (stated and self.version < (6, 4) and told.lower() != "tls1"):
            return "none"
        checked = self.switch("sslcertck", self.version >= (6, 4))
        if stated or checked or self.given("sslfingerprint"):
            return "required"
        return None if checked is None else "opportunistic"

    @property
    def pin(self) -> tuple[str, str] | None:
        """Hash and digits of the certificate that is pinned; None when none is. 6.5 takes ``{SHA256}``, and ``{}*``."""
        text = self.text("sslfingerprint", None)
        if text is None:
            return None
        found = re.fullmatch(r"\{([^}]*)\}(.*)", text, re.DOTALL) if self.version >= (6, 5) else None
        if found is None:
            return "md5", text
        return None if found[2] == "*" else (found[1].lower().replace("-", ""), found[2])

    def port(self) -> Told:
        """Where the service is; fetchmail looks up names that this table does not have."""
        text = self.text("port", "")
        if text is None:
            return unknown(self.told("port"))
        if text:
            number = port_number(text)
            return Told(number, self.told("port")) if number else unknown(self.told("port"))
        protocol, ssl = self.text("protocol", "auto"), self.switch("ssl")
        if protocol == "kpop":
            return Told(1109, self.told("protocol"))
        if protocol is None or ssl is None:
            return unknown(self.told("protocol", "ssl"))
        pairs = {"etrn": (25, 465), "odmr": (366, None), "imap": (143, 993), "auto": (143, 993)}
        number = pairs.get(protocol, (110, 995))[ssl]
        why = tuple(origin._replace(how="implies") for origin in self.told("protocol", "ssl") if origin.where)
        return Told(number, (self.builtin(), *why)) if number else unknown(self.told("protocol", "ssl"))


def port_number(text: str) -> int | None:
    """The port that a service names; None for one that is not known here, or no port."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return int(text) if len(text) < 9 and 0 < int(text) < 65536 else None
    return _SERVICES.get(text.lower())


def no_port(text: str) -> bool:
    """Whether a text can be no port, neither by number nor by name."""
    return bool(re.fullmatch(r"\s*-?[0-9]+\s*", text)) and port_number(text) is None
