"""Host specifications of c-client: ``{host:port/switch/name=value}`` of a folder, or what alone names an SMTP server.

After ``mail_valid_net_parse_work``, ``net_open``, ``imap_open``, ``pop3_open`` and ``smtp_open_full`` of Alpine 2.26.
"""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple

_SERVICES = {"imap": "imap", "imap2": "imap", "imap2bis": "imap", "imap4": "imap", "imap4rev1": "imap",
             "pop3": "pop3", "pop": "pop3", "smtp": "smtp", "submit": "submit", "nntp": "nntp"}  # fmt: skip
_PORTS = {"imap": (143, 993), "pop3": (110, 995), "smtp": (25, 465), "submit": (587, 465), "nntp": (119, 563)}
_OWN_TLS = {"tls1": "TLSv1.0", "tls1_1": "TLSv1.1", "tls1_2": "TLSv1.2", "tls1_3": "TLSv1.3"}
_SILENT = frozenset({"debug", "readonly", "norsh", "loser", "tryssl", "validate-cert", "anonymous"})
_ARGUMENTS = frozenset({"service", "user", "authuser", "auth"})
_PART = re.compile(r":(?P<port>\d+)|/(?P<name>[^/:=]*)(?:=(?:\"(?P<quoted>(?:\\.|[^\"\\])*)\"|(?P<value>[^/:]*)))?")


class Switch(NamedTuple):
    """A switch and where it stands in the specification."""

    value: str
    start: int
    end: int


class Spec(NamedTuple):
    """A specification; ``problem`` is why c-client refuses it, with the switch that it stumbles over."""

    host: str
    port: int | None
    port_at: Switch | None
    switches: dict[str, Switch]
    service: str
    problem: str
    problem_at: Switch

    @property
    def protocol(self) -> str:
        return "smtp" if self.service == "submit" else self.service

    @property
    def implicit(self) -> Switch | None:
        """The switch that begins with TLS."""
        return next((self.switches[name] for name in ("ssl", *_OWN_TLS) if name in self.switches), None)

    @property
    def tls(self) -> str:
        """STARTTLS is used where it is offered, unless a switch says otherwise."""
        if self.implicit:
            return "implicit"
        if self.off:
            return "none"
        return "required" if self.starttls else "opportunistic"

    @property
    def starttls(self) -> Switch | None:
        return next((self.switches[name] for name in ("tls", "starttls", "tls-sslv23") if name in self.switches), None)

    @property
    def off(self) -> Switch | None:
        return self.switches.get("notls") or self.switches.get("nostarttls")

    @property
    def own_tls(self) -> tuple[str, Switch] | None:
        """The one version of TLS that a switch demands."""
        found = next((name for name in _OWN_TLS if name in self.switches), None)
        return (_OWN_TLS[found], self.switches[found]) if found else None

    @property
    def default_port(self) -> int:
        return _PORTS[self.service][1 if self.implicit else 0]


def parse(text: str, service: str) -> Spec:
    """Reads what stands between the braces."""
    found = re.match(r"\[[^\]]*\]|[^/:]*", text)
    host = found[0] if found else ""
    at, switches = len(host), dict[str, Switch]()
    port: int | None = None
    port_at: Switch | None = None
    named, problem, problem_at = "", "" if host else "it names no host", Switch(text, 0, len(text))
    while at < len(text):
        part = _PART.match(text, at)
        if part is None or (part.end() < len(text) and text[part.end()] not in "/:"):
            problem, problem_at = problem or "it is not understood from here on", Switch("", at, len(text))
            break
        here = Switch(part["port"] or part["name"], part.start() + 1, part.end())
        at = part.end()
        if part["port"] is not None:
            again = port is not None or not 0 < int(part["port"][:7]) < 65536
            problem, problem_at = (problem or "its port cannot be", here) if again else (problem, problem_at)
            port, port_at = int(part["port"][:7]), here
            continue
        name = part["name"].lower()
        held = part["quoted"] if part["quoted"] is not None else part["value"]
        if held is not None:
            held = re.sub(r"\\(.)", r"\1", held) if part["quoted"] is not None else held
            here = Switch(held, part.end() - len(held) - (part["quoted"] is not None), part.end())
        why = _conflict(name, held, switches, named)
        if why and not problem:
            problem, problem_at = why, here
        if held is None and name in _SERVICES:
            named = named or _SERVICES[name]
        elif name == "service" and held is not None:
            named = named or _SERVICES.get(held.lower(), held.lower())
        switches.setdefault(name, here)
    named = named or service
    if named not in _PORTS:
        problem, named = problem or f"there is no service {named[:20]}", service
    if "norsh" in switches and named != "imap" and not problem:
        problem, problem_at = "/norsh is for IMAP alone", switches["norsh"]
    return Spec(host, port, port_at, switches, named, problem, problem_at)


def _conflict(name: str, held: str | None, before: dict[str, Switch], service: str) -> str:
    """Why a switch cannot stand here; c-client refuses a /tls that follows /notls or /ssl, and the reverse."""
    plain = {"notls", "nostarttls", "ssl", *_OWN_TLS} & before.keys()
    later = {"tls", "starttls", "tls-sslv23"} & before.keys()
    if held is not None:
        return "" if name in _ARGUMENTS and name not in before else f"/{name[:20]}= is not known, or stands twice"
    if name in ("tls", "starttls", "tls-sslv23"):
        return f"/{name} contradicts /{min(plain)}" if plain else ""
    if name in ("notls", "nostarttls", "ssl"):
        return f"/{name} contradicts /{min(later)}" if later else ""
    if name in _OWN_TLS:
        other = (_OWN_TLS.keys() & before.keys()) - {name}
        return f"/{name} contradicts /{min(other)}" if other else ""
    if name in ("secure", "novalidate-cert", *_SILENT):
        return ""
    if name in _SERVICES:
        return "it names two services" if service else ""
    return f"there is no switch /{name[:20]}"
