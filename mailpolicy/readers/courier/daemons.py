"""Courier's daemons: which files each sources, in which order, and how to ask what they set.

After /usr/lib/courier/{imapd,imapd-ssl,pop3d,pop3d-ssl,esmtpd,esmtpd-ssl} and the units of Debian 12 and 13.
"""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.courier.shell import Environment, Value
from mailpolicy.types import Origin

SOFTWARE = "courier"
OLDEST_HAPROXY = (1, 1)


class Daemon(NamedTuple):
    """One listening daemon."""

    name: str
    """Of its start script and of the file that makes it exist."""
    protocol: str
    role: str
    outer: tuple[str, ...]
    """Files that the start script sources for itself; the last one wins."""
    inner: tuple[str, ...]
    """Files that the daemon's environment comes from."""
    port: str
    address: str
    start: str
    """The variable that the init script looks at."""
    unit: str
    implicit: bool


_IMAP, _POP3 = ("imapd", "imapd-ssl"), ("pop3d", "pop3d-ssl")
_MSA, _SMTPS = ("esmtpd", "esmtpd-msa"), ("esmtpd", "esmtpd-ssl")
DAEMONS = (
    Daemon("imapd", "imap", "access", _IMAP[::-1], _IMAP, "PORT", "ADDRESS", "IMAPDSTART", "courier-imap", False),
    Daemon(
        "imapd-ssl", "imap", "access", _IMAP, _IMAP, "SSLPORT", "SSLADDRESS", "IMAPDSSLSTART", "courier-imap-ssl", True
    ),
    Daemon("pop3d", "pop3", "access", _POP3[::-1], _POP3, "PORT", "ADDRESS", "POP3DSTART", "courier-pop", False),
    Daemon(
        "pop3d-ssl", "pop3", "access", _POP3, _POP3, "SSLPORT", "SSLADDRESS", "POP3DSSLSTART", "courier-pop-ssl", True
    ),
    Daemon("esmtpd", "smtp", "mx", ("esmtpd",), ("esmtpd",), "PORT", "ADDRESS", "ESMTPDSTART", "courier-mta", False),
    Daemon("esmtpd-msa", "smtp", "submission", _MSA, _MSA, "PORT", "ADDRESS", "ESMTPDSTART", "courier-msa", False),
    Daemon(
        "esmtpd-ssl", "smtp", "submission", _SMTPS, _SMTPS, "SSLPORT", "SSLADDRESS", "ESMTPDSSLSTART",
        "courier-mta-ssl", True,
    ),
)  # fmt: skip


class Program(NamedTuple):
    """The version whose behaviour holds."""

    numbers: tuple[int, ...]
    gnutls: bool | None
    """Whether it is built with GnuTLS, as Debian's is; None when that is not known."""

    @property
    def text(self) -> str:
        """``1.0``."""
        return ".".join(map(str, self.numbers))

    @property
    def name(self) -> str:
        """As origins show it."""
        return f"Courier {self.text}"


class Got(NamedTuple):
    """A setting as the program finds it."""

    value: str | None
    """None when it is unset, or not known."""
    known: bool
    origins: tuple[Origin, ...]
    variable: Value | None

    @property
    def text(self) -> str | None:
        """What it holds, "" when it is unset; None when that is not known."""
        return (self.value or "") if self.known else None

    @property
    def number(self) -> int | None:
        """As atoi(3) reads it; None when that is not known."""
        if not self.known:
            return None
        found = re.match(r"\s*([+-]?[0-9]{1,9})", self.value or "")
        return int(found[1]) if found else 0

    @property
    def yes(self) -> bool | None:
        """Whether it begins with Y, as the programs test it."""
        return (self.value or "")[:1] in ("y", "Y") if self.known else None


class View(NamedTuple):
    """A daemon's two environments."""

    daemon: Daemon
    script: Environment
    """The start script's: ports, addresses, limits, whether STARTTLS is on for IMAP."""
    process: Environment
    """The daemon's."""
    program: Program
    lost: bool = False
    """Whether TLS_CERTFILE names a file that is missing from a folder of the tree that holds others."""

    def get(self, name: str) -> Got:
        """A variable of the daemon's environment."""
        return got(self.process, name, self.program)

    @property
    def certificate_lacks(self) -> str:
        """Why there is no certificate; "" where there is one, or nobody can tell."""
        named = self.get("TLS_CERTFILE")
        if named.text == "":
            return "no certificate is set"
        return f"the certificate {named.text} does not exist" if self.lost else ""

    def outer(self, name: str) -> Got:
        """A variable of the start script."""
        return got(self.script, name, self.program)


def got(env: Environment, name: str, program: Program) -> Got:
    """What a variable holds, and who says so."""
    variable = env.values.get(name)
    if variable is not None:
        return Got(variable.text if variable.known else None, variable.known, variable.origins, variable)
    default = (Origin("default", None, f"{program.name}: {name} is not set"),)
    return Got(None, env.complete, default, None)
