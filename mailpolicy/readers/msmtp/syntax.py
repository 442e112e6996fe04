"""Lines of an msmtprc: commands, arguments, what each command accepts, and traces of templates.

After msmtp(1) and the parser of msmtp 1.8.23 to 1.8.33 (``read_conffile``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple

LINE_BYTES = 499
"""Longest line without its end that msmtp reads; it refuses the file for a longer one, comments too."""

ON_OFF = "on/off"
AUTO = "auto/on/off"
AUTO_OFF = "auto/off"
NUMBER = "number"
PORT = "port"
TEXT = "text"
NO_ARGUMENT = "nothing"
OTHER = "other"

COMMANDS: dict[str, str] = {
    **dict.fromkeys(("tls", "tls_starttls", "tls_certcheck", "remove_bcc_headers", "undisclosed_recipients"), ON_OFF),
    **dict.fromkeys(("add_missing_from_header", "add_missing_date_header", "auto_from", "keepbcc"), ON_OFF),
    **dict.fromkeys(("set_date_header", "set_msgid_header"), AUTO_OFF),
    **dict.fromkeys(("tls_nocertcheck", "tls_nostarttls", "defaults"), NO_ARGUMENT),
    **dict.fromkeys(("domain", "from", "from_full_name", "user", "password", "passwordeval", "ntlmdomain"), TEXT),
    **dict.fromkeys(("tls_key_file", "tls_cert_file", "tls_trust_file", "tls_crl_file", "tls_priorities"), TEXT),
    **dict.fromkeys(("tls_host_override", "logfile", "logfile_time_format", "aliases", "proxy_host"), TEXT),
    **dict.fromkeys(("source_ip", "socket", "maildomain", "tls_force_sslv3"), TEXT),
    **dict.fromkeys(("account", "eval", "host", "protocol", "timeout", "connect_timeout", "auth"), OTHER),
    **dict.fromkeys(("allow_from_override", "tls_fingerprint", "dsn_return", "dsn_notify", "syslog"), OTHER),
    "set_from_header": AUTO,
    "set_to_header": OTHER,
    "port": PORT,
    "proxy_port": PORT,
    "tls_min_dh_prime_bits": NUMBER,
}
"""Every command with what it takes."""

SINCE: dict[str, tuple[int, ...]] = {
    "passwordeval": (1, 4, 22), "aliases": (1, 4, 25), "proxy_host": (1, 6, 0), "proxy_port": (1, 6, 0),
    "remove_bcc_headers": (1, 6, 0), "source_ip": (1, 6, 8), "logfile_time_format": (1, 8, 0), "socket": (1, 8, 8),
    "tls_host_override": (1, 8, 8), "set_from_header": (1, 8, 8), "set_date_header": (1, 8, 8),
    "undisclosed_recipients": (1, 8, 11), "allow_from_override": (1, 8, 20), "eval": (1, 8, 21),
    "set_msgid_header": (1, 8, 21), "from_full_name": (1, 8, 24), "set_to_header": (1, 8, 29),
}  # fmt: skip
"""The version that brought a command."""

METHODS: dict[str, tuple[int, ...]] = {
    "plain": (), "cram-md5": (), "digest-md5": (), "gssapi": (), "external": (), "login": (), "ntlm": (),
    "scram-sha-1": (1, 4, 20), "oauthbearer": (1, 8, 4), "xoauth2": (1, 8, 13), "scram-sha-256": (1, 8, 15),
    "scram-sha-1-plus": (1, 8, 26), "scram-sha-256-plus": (1, 8, 26),
}  # fmt: skip
"""Login methods and the version that brought them."""

_NEEDED = frozenset({"host", "port", "timeout", "connect_timeout", "protocol", "dsn_return", "dsn_notify", "eval"})
_WORDS: dict[str, tuple[str, ...]] = {
    "protocol": ("smtp", "lmtp"),
    "allow_from_override": ("on", "off"),
    "dsn_return": ("off", "headers", "full"),
    "set_to_header": ("", "on", "off", "undisclosed_recipients"),
    "syslog": ("", "on", "off", "LOG_USER", "LOG_MAIL", *(f"LOG_LOCAL{i}" for i in range(8))),
    ON_OFF: ("", "on", "off"),
    AUTO: ("", "auto", "on", "off"),
    AUTO_OFF: ("", "auto", "off"),
}
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{2}(?:[: ][0-9A-Fa-f]{2})*")
_INTEGER = re.compile(r"[ \t]*\+?(?:0[xX][0-9A-Fa-f]+|0[0-7]*|[1-9][0-9]*)")
PLACEHOLDER = re.compile(
    r"\{\{|\{%|<%|\$\{|\$\(|\$[A-Za-z_]|<[A-Za-z][\w .-]*>|\b__\w+?__\b|@[A-Z][A-Z0-9_]*@|%\(\w+\)s|%%\w+%%"
    r"|\bREDACTED\b"
)
"""A trace of a template, or of a value that was taken out."""

FINGERPRINTS = {95: "sha256", 59: "sha1", 47: "md5"}
"""Hash by the length of the written fingerprint."""


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


def problem(line: Line, version: tuple[int, ...]) -> str | None:
    """Why msmtp of this version refuses a line, or None."""
    command, argument = line.command, line.argument
    takes = COMMANDS.get(command)
    if line.too_long:
        return f"the line is longer than {LINE_BYTES + 1} bytes"
    if command == "default":
        return "unknown command default; the command is called defaults"
    if takes is None:
        return f"unknown command {command}" if len(command) < 40 else "unknown command"
    if SINCE.get(command, ()) > version:
        return f"unknown command {command}: it came with msmtp {'.'.join(map(str, SINCE[command]))}"
    if command in _NEEDED and not argument:
        return f"command {command} needs an argument"
    if takes is NO_ARGUMENT:
        return f"command {command} does not take an argument" if argument else None
    if command == "account" or PLACEHOLDER.search(argument):
        return None
    return None if _accepted(command, takes, argument, version) else f"invalid argument for command {command}"


def _accepted(command: str, takes: str, argument: str, version: tuple[int, ...]) -> bool:
    words = _WORDS.get(command) or _WORDS.get(takes)
    if words is not None:
        return argument in words
    if command == "auth":
        return argument in ("", "on", "off") or METHODS.get(argument, (99,)) <= version
    if command == "tls_fingerprint":
        return not argument or _fingerprint(argument, version)
    if command in ("timeout", "connect_timeout"):
        return argument == "off" or number(argument) is not None
    if command == "dsn_notify":
        return argument in ("off", "never") or set(argument.split(",")) <= {"failure", "delay", "success"}
    if takes in (PORT, NUMBER):
        value = number(argument) if argument else 1
        return value is not None and (takes is NUMBER or value < 65536)
    return True


def _fingerprint(argument: str, version: tuple[int, ...]) -> bool:
    kind = FINGERPRINTS.get(len(argument))
    return kind is not None and bool(_FINGERPRINT.fullmatch(argument)) and (kind != "sha256" or version >= (1, 6, 5))
