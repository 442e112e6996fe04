"""One service's view of imapd.conf: its own prefix before the general name, older names, defaults of the version."""

from __future__ import annotations

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.cyrus.imapd_conf import Entry, Parsed
from mailpolicy.readers.cyrus.options import DEPRECATED, choice, switch
from mailpolicy.types import Origin, Version

NEWEST = (3, 10)
ALL_VERSIONS = "tls1_0 tls1_1 tls1_2 tls1_3"
_OLDER = {new: old for old, new in DEPRECATED.items() if new}


def has_allowstarttls(numbers: tuple[int, ...]) -> bool:
    """Whether a version knows allowstarttls; 3.8.6, 3.10.2 and 3.12.1 brought it. ``3.10`` means its newest release."""
    minor, patch = numbers[:2], numbers[2] if len(numbers) > 2 else 99
    return (numbers >= (3, 9) and not ((minor == (3, 10) and patch < 2) or (minor == (3, 12) and patch < 1))) or (
        minor == (3, 8) and patch >= 6
    )


class Program(NamedTuple):
    """The version whose defaults hold."""

    numbers: tuple[int, ...]

    @property
    def name(self) -> str:
        """As origins show it."""
        return f"Cyrus IMAP {self.text}"

    @property
    def text(self) -> str:
        """``3.10``."""
        return ".".join(map(str, self.numbers))

    def default(self, option: str) -> str | None:
        """The built-in value; None when there is none."""
        if option == "allowplaintext":
            return "yes" if self.numbers < (3,) else "no"
        if option == "allowstarttls":
            return "no" if has_allowstarttls(self.numbers) else "yes"
        if option == "tls_versions":
            return ALL_VERSIONS if self.numbers >= (3, 2) or self.numbers[:2] == (3, 0) else ALL_VERSIONS[:20]
        return _DEFAULTS.get(option)


_DEFAULTS = {
    "allowapop": "yes",
    "allowanonymouslogin": "no",
    "tls_required": "no",
    "sasl_minimum_layer": "0",
    "tls_client_certs": "optional",
    "serverinfo": "on",
    "failedloginpause": "3s",
    "master_bind_errors_fatal": "no",
}


def program_of(version: Version | None) -> Program:
    """The version that is assumed, else the newest that is known."""
    return Program(version.numbers if version and version.numbers else NEWEST)


class Got(NamedTuple):
    """An option as a service has it. ``value`` is None when nothing sets it and there is no default."""

    value: str | None
    known: bool
    origins: tuple[Origin, ...]
    entry: Entry | None

    @property
    def yes(self) -> bool | None:
        """What a switch is; None where that is not known."""
        return switch(self.value) if self.known and self.value is not None else None

    @property
    def word(self) -> str:
        """A word of a list of choices; nothing where it is not known."""
        return choice(self.value) if self.known and self.value is not None else ""

    @property
    def number(self) -> int | None:
        """A number as C reads it; None where that is not known."""
        if not self.known or self.value is None:
            return None
        text = self.value.lower()
        base = 16 if "0x" in text else 8 if text.lstrip("+-").startswith("0") else 10
        try:
            return int(text, base)
        except ValueError:
            return None


class View:
    """What a service reads. ``parsed`` is None when imapd.conf is not here: nothing is known then."""

    def __init__(self, parsed: Parsed | None, service: str, program: Program) -> None:
        self.parsed = parsed
        self.service = service.lower()
        self.program = program

    def get(self, option: str) -> Got:
        """An option; a service's own line holds, wherever it stands, and an older name where the new one is not set."""
        default = self.program.default(option)
        if option == "allowstarttls" and not has_allowstarttls(self.program.numbers):
            return Got("yes", True, (Origin("default", None, f"{self.program.name}: STARTTLS needs no switch"),), None)
        if self.parsed is None:
            return Got(None, False, (), None)
        origins = [Origin("default", None, self.program.name)] if default is not None else []
        chain = self._chain(option)
        if not chain and option in _OLDER:
            chain = self._chain(_OLDER[option])
        for index, entry in enumerate(chain):
            origins.append(Origin("overrides" if index else "sets", entry.where))
        if not chain:
            return Got(default, self.parsed.complete, tuple(origins), None)
        last = chain[-1]
        return Got(last.value, last.known, tuple(origins), last)

    def _chain(self, option: str) -> list[Entry]:
        assert self.parsed is not None
        found = (self.parsed.entries.get(option), self.parsed.entries.get(f"{self.service}_{option}"))
        return [entry for entry in found if entry is not None]
