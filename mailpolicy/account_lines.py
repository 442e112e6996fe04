"""Lines of the account files of msmtp and mpop: commands, arguments, and what each command accepts.

After ``read_conffile``, ``get_cmd`` and ``get_non_neg_int`` in conf.c of msmtp 1.8.23 to 1.8.33 and of mpop 1.4.18 to
1.4.23, which come from one hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from mailpolicy import template_lines
from mailpolicy.lean import NamedTuple
from mailpolicy.placeholders import PLACEHOLDER

LINE_BYTES = 499
"""Longest line without its end that they read; they refuse the file for a longer one, comments too."""

ON_OFF = "on/off"
AUTO = "auto/on/off"
AUTO_OFF = "auto/off"
NUMBER = "number"
PORT = "port"
TEXT = "text"
NO_ARGUMENT = "nothing"
OTHER = "other"

FINGERPRINTS = {95: "sha256", 59: "sha1", 47: "md5"}
"""Hash by the length of the written fingerprint."""

_WORDS: dict[str, tuple[str, ...]] = {
    ON_OFF: ("", "on", "off"),
    AUTO: ("", "auto", "on", "off"),
    AUTO_OFF: ("", "auto", "off"),
}
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{2}(?:[: ][0-9A-Fa-f]{2})*")
_INTEGER = re.compile(r"[ \t]*\+?(?:0[xX][0-9A-Fa-f]+|0[0-7]*|[1-9][0-9]*)")
_ECHO = re.compile(r"""["']?\s*(?:echo|printf)\s+(?:-n\s+)?["']?(?P<command>[a-z_]+)(?P<rest>[^\n]*)""")
_SHELL = frozenset("'\"`$|&;<>()*?[]~#\\")


class Dialect(NamedTuple):
    """What one of the programs makes of the lines."""

    software: str
    newest: tuple[int, ...]
    """The newest version whose parser was read."""
    commands: Mapping[str, str]
    """Every command with what it takes."""
    since: Mapping[str, tuple[int, ...]]
    """The version that brought a command."""
    methods: Mapping[str, tuple[int, ...]]
    """Login methods and the version that brought them."""
    method_words: tuple[str, ...]
    """What ``auth`` takes beside the methods."""
    needed: frozenset[str]
    """Commands that need an argument."""
    words: Mapping[str, tuple[str, ...]]
    """Arguments of commands that take certain words."""
    accepts: Callable[[str, str, tuple[int, ...]], bool | None]
    """Whether a command of its own accepts an argument in a version; None for commands that all have."""
    tainted: tuple[str, ...]
    """Commands that decide something of the connection."""
    implicit: bool
    """Commands before any ``account`` make an account "default"."""


class Line(NamedTuple):
    """One command with its argument and where both lie (offsets into the text)."""

    command: str
    argument: str
    start: int
    """Of the command."""
    left: int
    """Of the argument, inside its quotes; the command's own when there is no argument."""
    right: int
    too_long: bool = False


def lines(text: str) -> Iterator[Line]:
    """All commands of a text. Comments and empty lines are left out, unless they are too long for msmtp."""
    at = 0
    for row in text.split("\n"):
        found = _split(row.removesuffix("\r"), at)
        if len(row) > LINE_BYTES // 4 and len(row.encode()) > LINE_BYTES:
            yield (found or Line("", "", at, at, at + len(row)))._replace(too_long=True)
        elif found is not None:
            yield found
        at += len(row) + 1


def _split(row: str, at: int) -> Line | None:
    body = row.lstrip(" \t")
    if not body or body[0] == "#":
        return None
    start = len(row) - len(body)
    size = next((i for i, c in enumerate(body) if c in " \t"), len(body))
    left = start + size
    left += len(row[left:]) - len(row[left:].lstrip(" \t"))
    right = len(row.rstrip(" \t"))
    if left >= right:
        return Line(body[:size], "", at + start, at + start, at + start + size)
    if right - left >= 2 and row[left] == '"' and row[right - 1] == '"':
        left, right = left + 1, right - 1
    return Line(body[:size], row[left:right], at + start, at + left, at + right)


def number(text: str) -> int | None:
    """A positive number as strtol(3) with base 0 reads it: decimal, 0x hexadecimal, 0 octal."""
    if not _INTEGER.fullmatch(text):
        return None
    digits = text.strip().lstrip("+").lower()
    value = int(digits, 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10)
    return value if 0 < value < 2**31 else None


def kind(line: Line, dialect: Dialect) -> str | None:
    """What a line does when it belongs to a template; None when it is a command."""
    return None if line.command in dialect.commands else template_lines.kind(whole(line))


def whole(line: Line) -> str:
    """Command and argument."""
    return f"{line.command} {line.argument}" if line.argument else line.command


def evaluated(line: Line, dialect: Dialect) -> tuple[str | None, str | None]:
    """The command and argument that an ``eval`` line stands for, as far as a plain ``echo`` tells them."""
    found = _ECHO.match(line.argument)
    if found is None or found["command"] not in dialect.commands:
        return None, None
    rest = found["rest"]
    if not line.argument.lstrip().startswith("echo ") or _SHELL.intersection(line.argument):
        return found["command"], None
    return found["command"], rest.strip()


def problem(line: Line, dialect: Dialect, version: tuple[int, ...]) -> str | None:
    """Why the program of this version refuses a line, or None."""
    command, argument = line.command, line.argument
    takes = dialect.commands.get(command)
    if line.too_long:
        return f"the line is longer than {LINE_BYTES + 1} bytes"
    if command == "default":
        return "unknown command default; the command is called defaults"
    if takes is None:
        return f"unknown command {command}" if len(command) < 40 else "unknown command"
    if dialect.since.get(command, ()) > version:
        since = ".".join(map(str, dialect.since[command]))
        return f"unknown command {command}: it came with {dialect.software} {since}"
    if command in dialect.needed and not argument:
        return f"command {command} needs an argument"
    if takes is NO_ARGUMENT:
        return f"command {command} does not take an argument" if argument else None
    if command == "account" or PLACEHOLDER.search(argument):
        return None
    return None if _accepted(line, takes, dialect, version) else f"invalid argument for command {command}"


def _accepted(line: Line, takes: str, dialect: Dialect, version: tuple[int, ...]) -> bool:
    command, argument = line.command, line.argument
    words = dialect.words.get(command) or _WORDS.get(takes)
    if words is not None:
        return argument in words
    special = dialect.accepts(command, argument, version)
    if special is not None:
        return special
    if command == "auth":
        return argument in dialect.method_words or dialect.methods.get(argument, (99,)) <= version
    if command == "tls_fingerprint":
        return not argument or bool(len(argument) in FINGERPRINTS and _FINGERPRINT.fullmatch(argument))
    if command in ("timeout", "connect_timeout"):
        return argument == "off" or number(argument) is not None
    if takes in (PORT, NUMBER):
        value = number(argument) if argument else 1
        return value is not None and (takes is NUMBER or value < 65536)
    return True
