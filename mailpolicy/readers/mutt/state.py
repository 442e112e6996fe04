"""What is set at one moment, and the defaults of each version.

Defaults after the tables of mutt 1.5.18 to 2.4 and of NeoMutt 20170912 to 20260616.
"""

from __future__ import annotations

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.mutt.chars import UNKNOWN, Text
from mailpolicy.readers.mutt.names import QUESTIONS, SWITCHES, TEXTS
from mailpolicy.types import Origin, Span, Version

NEWEST = {"mutt": (2, 4, 1), "neomutt": (20260616,)}
"""The newest versions whose source was read."""
SYNONYMS = {"spool_file": "spoolfile", "ssl_use_system_certs": "ssl_usesystemcerts"}
TRANSPORT = (
    "folder", "spoolfile", "imap_user", "imap_login", "imap_pass", "imap_authenticators", "imap_oauth_refresh_command",
    "pop_host", "pop_user", "pop_pass", "pop_delete", "pop_authenticators", "pop_oauth_refresh_command", "smtp_url",
    "smtp_user", "smtp_pass", "smtp_authenticators", "smtp_oauth_refresh_command", "ssl_starttls", "ssl_force_tls",
    "ssl_verify_host", "ssl_use_sslv3", "ssl_use_tlsv1", "ssl_use_tlsv1_1", "ssl_use_tlsv1_2", "ssl_use_tlsv1_3",
    "ssl_ciphers", "tunnel", "tunnel_is_secure", "account_command",
)  # fmt: skip
"""The settings that decide on connections."""
_SERVERS = frozenset({"folder", "spoolfile", "smtp_url", "pop_host"})
_SINCE: dict[str, dict[str, tuple[int, ...]]] = {
    "smtp_user": {"neomutt": (20200313,)},
    "account_command": {"neomutt": (20230322,)},
    "tunnel_is_secure": {"mutt": (2, 0), "neomutt": (20200626,)},
    "ssl_use_tlsv1_3": {"mutt": (1, 13), "neomutt": (20191025,)},
    "ssl_use_tlsv1_1": {"mutt": (1, 5, 22)},
    "ssl_use_tlsv1_2": {"mutt": (1, 5, 22)},
    "ssl_verify_host_override": {"mutt": (2, 1)},
}
_TEXTS = {"folder": "~/Mail", "mbox": "~/mbox", "record": "~/sent", "postponed": "~/postponed"}
_KEPT = 6
_SWITCHED_ON = frozenset({
    "ssl_use_tlsv1_2", "ssl_use_tlsv1_3", "ssl_verify_host", "ssl_verify_dates", "tunnel_is_secure", "pop_auth_try_all",
})  # fmt: skip


class Program(NamedTuple):
    """Which of the two programs reads the files, and its version."""

    name: str
    numbers: tuple[int, ...]

    @property
    def version(self) -> str:
        return ".".join(map(str, self.numbers))

    @property
    def default(self) -> Origin:
        """Where a value comes from that nothing sets."""
        return Origin("default", None, f"{self.name} {self.version}")

    def knows(self, name: str) -> bool:
        """Whether a setting exists in this program, and in this version of it where that matters here."""
        since = _SINCE.get(name, {}).get(self.name)
        return self.kind(name) is not None and (since is None or self.numbers >= since)

    def kind(self, name: str) -> str | None:
        """``switch``, ``question`` or ``text``; None for no setting."""
        if name in SWITCHES[self.name]:
            return "switch"
        if name in QUESTIONS[self.name]:
            return "question"
        return "text" if name in TEXTS[self.name] else None

    def forces_tls(self) -> bool:
        """The default of ``ssl_force_tls``: it was switched on, off and on again."""
        if self.name == "mutt":
            return self.numbers >= (2,) or (1, 13) <= self.numbers < (1, 13, 4)
        return self.numbers >= (20211022,) or (20191025,) <= self.numbers < (20200313,)

    def text(self, name: str) -> str:
        """The default of a setting as ``set`` would take it."""
        if name == "ssl_force_tls":
            return "yes" if self.forces_tls() else "no"
        if name in ("ssl_use_tlsv1", "ssl_use_tlsv1_1"):
            old = self.numbers < ((1, 12) if self.name == "mutt" else (20191025,))
            return "yes" if old else "no"
        if name == "ssl_use_sslv3":
            return "yes" if self.name == "mutt" and self.numbers < (1, 5, 24) else "no"
        if name in ("ssl_starttls", "pop_delete"):
            return "yes" if name == "ssl_starttls" else "ask-no"
        if name in _SWITCHED_ON:
            return "yes"
        return _TEXTS.get(name, "no" if self.kind(name) == "switch" else "")


def program(name: str, version: Version | None) -> Program:
    """The program of a version that is assumed, or of the newest. NeoMutt's dates may have dots or be a year alone."""
    if version is None:
        return Program(name, NEWEST[name])
    numbers = version.numbers
    if name == "neomutt" and numbers[0] < 10000:
        year, month, day = (*numbers, 12, 31)[:3] if len(numbers) < 3 else numbers[:3]
        numbers = (year * 10000 + month * 100 + day,)
    return Program(name, numbers)


class Value(NamedTuple):
    """What a command sets. ``text`` is None when it goes back to the default."""

    text: Text | None
    where: Span


class State:
    """Values by setting, oldest first; mailboxes; and what outside of the files may have set others."""

    def __init__(self, made_for: Program) -> None:
        self.program = made_for
        self.values: dict[str, tuple[Value, ...]] = {}
        self.mailboxes: tuple[Text, ...] = ()
        self.doubt: tuple[Origin, ...] = ()
        """Commands that may set anything: files that are not here, output of commands, lines of templates."""

    def copy(self) -> State:
        made = State(self.program)
        made.values, made.mailboxes, made.doubt = dict(self.values), self.mailboxes, self.doubt
        return made

    def put(self, name: str, value: Value) -> None:
        name = SYNONYMS.get(name, name)
        before = self.values.get(name, ())
        if not before or before[-1] != value:
            self.values[name] = (*before, value)[-_KEPT:]

    def doubted(self, where: Span, note: str) -> None:
        """Something that cannot be seen may set whatever nothing here sets."""
        if len(self.doubt) < _KEPT:
            self.doubt = (*self.doubt, Origin("sets", where, note))

    def tainted(self, where: Span, note: str) -> None:
        """Something that cannot be seen may set anything anew; the servers that are named stay."""
        self.doubted(where, note)
        for name in TRANSPORT:
            if name in self.values and name not in _SERVERS:
                self.put(name, Value(Text(UNKNOWN), where))

    def get(self, name: str) -> Text | None:
        """The text that holds, the default's where nothing sets it; None when it is doubtful."""
        chain = self.values.get(SYNONYMS.get(name, name))
        found = chain[-1].text if chain else None
        if found is not None:
            return found
        if not chain and self.doubt:
            return None
        return Text(self.program.text(SYNONYMS.get(name, name)))

    def known(self, name: str) -> str | None:
        """The text that holds; None when some of it is not known."""
        found = self.get(name)
        return found.text if found is not None and found.known else None

    def switch(self, name: str) -> bool | None:
        text = self.known(name)
        return None if text is None else text == "yes"

    def origins(self, *names: str) -> tuple[Origin, ...]:
        """The chains of some settings one after the other, defaults first."""
        out: list[Origin] = []
        for name in names:
            chain = self.values.get(SYNONYMS.get(name, name), ())
            out += [Origin("overrides" if i else "sets", value.where) for i, value in enumerate(chain)]
            if not chain:
                out += self.doubt or (self.program.default,)
        return tuple(sorted(dict.fromkeys(out), key=lambda origin: origin.where is not None))
