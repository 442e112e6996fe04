"""Alpine and Pine: ``~/.pinerc``, ``pine.conf`` and ``pine.conf.fixed``.

After pith/conf.c, pith/send.c and c-client of Alpine 2.26.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from mailpolicy.facts import begun
from mailpolicy.placeholders import filled
from mailpolicy.readers.alpine.netmbx import Spec, Switch, parse
from mailpolicy.readers.alpine.pinerc import FOLDERS, KNOWN, Piece, variables
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Span, Unread, Unreadable, Version

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

SOFTWARE = "alpine"
FILES = ".pinerc, pine.conf, pine.conf.fixed"
PROVEN = "Alpine 2.26 of Debian 12, its folders opened with the same files; its source"
LIMITS = "SMTP servers of roles; a pinerc on a server; NNTP; what a person answers when a certificate fails"
NEWEST = "2.26"

_MOST = 500
"""Servers of one file at most."""
_REMOTE = re.compile(r"\{([^{}\n]*)\}")
_MINIMA = {"ssl3": "SSLv3", "tls1": "TLSv1.0", "tls1_1": "TLSv1.1", "tls1_2": "TLSv1.2", "tls1_3": "TLSv1.3"}
_CHALLENGES = frozenset({"CRAM-MD5", "GSSAPI", "EXTERNAL", "NTLM"})


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether several variables that every pinerc has are there."""
    return len(KNOWN & set(re.findall(r"^([a-z][\w-]*)=", text, re.MULTILINE))) > 3


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The SMTP servers, and each way to a remote folder once."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return Inventory((), (Unread(Span(path, 1, 1, 2), str(problem), True),), (path,))
    found = variables(source)
    if not found and not re.search(r"^(?:" + "|".join(map(re.escape, sorted(KNOWN))) + r")[ \t]*=", source.text, re.M):
        if not source.text.strip():
            return Inventory((), (), (path,))
        why = "is no configuration of Alpine: it sets none of its variables"
        return Inventory((), (Unread(source.start(), why, True),), (path,))
    reading = _Reading(source, str(version) if version else NEWEST, found)
    named = list(islice(chain(reading.servers(), reading.folders()), _MOST + 1))
    facts = [reading.fact(*spec) for spec in named[:_MOST]]
    unread = tuple(
        Unread(
            source.span(start, start + max(len(text), 1)),
            f"is server number {_MOST + 1}: none from here on is compared",
            True,
        )
        for _, text, start, _ in named[_MOST:]
    )
    note = () if facts else (f"{path}: names no SMTP server and no remote folder",)
    return Inventory(tuple(facts), unread, (path,), note)


class _Reading:
    def __init__(self, source: Source, version: str, found: dict[str, tuple[Piece, ...]]) -> None:
        self.source, self.version, self.found = source, version, found
        self.builtin = Origin("default", None, f"Alpine {version}")

    def servers(self) -> Iterator[tuple[str, str, int, Spec]]:
        """Each SMTP server; the next is tried where one cannot be reached."""
        for piece in self.found.get("smtp-server", ()):
            yield "smtp-server", piece.text, piece.start, parse(piece.text, "smtp")

    def folders(self) -> Iterator[tuple[str, str, int, Spec]]:
        """Ways to remote folders, each once: many variables name folders of one server."""
        seen: set[object] = set()
        for name in FOLDERS:
            for piece in self.found.get(name, ()):
                for match in _REMOTE.finditer(piece.text):
                    spec = parse(match[1], "imap")
                    user = spec.switches.get("user")
                    checked = "novalidate-cert" not in spec.switches
                    key = (spec.protocol, spec.host.lower(), spec.port, spec.tls, checked, user and user.value,
                           "secure" in spec.switches, spec.problem)  # fmt: skip
                    if spec.protocol in ("imap", "pop3") and key not in seen:
                        seen.add(key)
                        moves = "#move" in piece.text[: match.start()].lower()
                        yield f"{name} #move" if moves else name, match[1], piece.start + match.start(1), spec

    def by(self, start: int, *switches: Switch | None) -> tuple[Origin, ...]:
        there = [switch for switch in switches if switch is not None]
        return tuple(Origin("sets", self.source.span(start + one.start, start + one.end)) for one in there)

    def fact(self, variable: str, text: str, start: int, spec: Spec) -> Fact:
        """The session of one specification."""
        whole = (Origin("sets", self.source.span(start, start + max(len(text), 1))),)
        mode = self.by(start, spec.implicit or spec.off or spec.starttls) or (self.builtin, *whole)
        told = {
            "account": Told(variable.removesuffix(" #move")),
            "protocol": Told(spec.protocol),
            "role": Told("submission" if spec.protocol == "smtp" else "access"),
            "host": maybe(spec.host.strip("[]").lower() or None, self.by(start, Switch("", 0, len(spec.host)))),
            "tls": Told(spec.tls, mode),
            "verify": self._verify(spec, start, mode),
            **self._port(spec, start, mode),
            **self._login(spec, start, mode),
        }
        if filled(text):
            told |= dict.fromkeys(
                ("host", "port", "tls", "verify", "authenticates", "cleartext_credentials", "mechanisms"),
                unknown(whole),
            )
        elif spec.problem:
            told["broken"] = Told(f"Alpine refuses it: {spec.problem}", self.by(start, spec.problem_at) or whole)
        least = spec.own_tls
        if least is not None:
            told["tls_min"] = Told(least[0], self.by(start, least[1]))
        elif self._least() is not None and spec.tls != "none":
            told["tls_min"] = self._least() or unknown()
        if spec.protocol == "pop3":
            told["deletes_on_server"] = Told(variable.endswith(" #move"), whole)
            told["uidl"] = Told(False, (self.builtin,))
        user = spec.switches.get("user")
        login = (
            Told(user.value, self.by(start, user)) if user and spec.protocol != "smtp" and not filled(text) else None
        )
        draft = begun("connection", self.source.span(start, start + max(len(text), 1)), SOFTWARE, self.version,
                      self.source.path)  # fmt: skip
        return connection(draft, told, login)

    def _least(self) -> Told | None:
        pieces = self.found.get("encryption-protocol-range", ())
        word = pieces[0].text.split(",")[0].strip().lower() if pieces else ""
        if word not in _MINIMA:
            return None
        where = self.source.span(pieces[0].start, pieces[0].start + len(word))
        return Told(_MINIMA[word], (Origin("sets", where),))

    def _verify(self, spec: Spec, start: int, mode: tuple[Origin, ...]) -> Told:
        if spec.tls == "none":
            return Told("none", mode)
        off = spec.switches.get("novalidate-cert")
        return Told("none", self.by(start, off)) if off else Told("ca", (self.builtin, *mode))

    def _port(self, spec: Spec, start: int, mode: tuple[Origin, ...]) -> dict[str, Told]:
        if spec.port is not None:
            by = self.by(start, spec.port_at)
            return {"port": maybe(spec.port if spec.port < 65536 else None, by), "port_stated": Told(True, by)}
        by = self.by(start, spec.switches.get("submit")) if spec.service == "submit" else ()
        return {"port": Told(spec.default_port, (self.builtin, *by, *mode)), "port_stated": Told(False, mode)}

    def _login(self, spec: Spec, start: int, mode: tuple[Origin, ...]) -> dict[str, Told]:
        """Folders always need a login; an SMTP server gets one with /user or /secure, or when it asks for it."""
        user, secure, method = (spec.switches.get(name) for name in ("user", "secure", "auth"))
        by = self.by(start, user, secure, method) or (self.builtin,)
        open_ = spec.tls in ("none", "opportunistic")
        if spec.protocol == "smtp" and user is None and secure is None:
            in_clear = unknown((*by, *mode)) if open_ else Told(False, mode)
            return {"authenticates": unknown(by), "cleartext_credentials": in_clear}
        if "anonymous" in spec.switches:
            return {"authenticates": Told(False, self.by(start, spec.switches["anonymous"]))}
        challenge = secure is not None
        if method is not None and method.value.upper() in _CHALLENGES and spec.protocol == "smtp":
            challenge = True
        return {
            "authenticates": Told(True, by),
            "mechanisms": Told((method.value.upper(),) if method else (), self.by(start, method) or by),
            "credential": Told("prompt", (self.builtin,)),
            "cleartext_credentials": Told(open_ and not challenge, (*by, *mode)),
        }
