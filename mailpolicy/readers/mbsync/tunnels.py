"""Where a ``Tunnel`` leads: mbsync runs a shell command and speaks IMAP with it."""

from __future__ import annotations

import posixpath
import re
from itertools import pairwise

from mailpolicy.lean import NamedTuple

_SHELL = re.compile(r"[|;&<>`$(){}]")
_NETCAT = frozenset({"nc", "ncat", "netcat", "nc.openbsd", "nc.traditional", "telnet"})
_WITH_VALUE = {"nc": "wisxXOPp", "ssh": "BbcDEeFIiJLlmOopQRSWw"}
_TLS_FLAGS = ("--ssl", "--ssl-verify")
_PORTS = {"imap": 143, "imap2": 143, "imaps": 993}


class Tunnel(NamedTuple):
    """What a command connects to. None stands for what it does not tell."""

    host: str | None
    port: int | None
    tls: str | None
    """none, implicit, required; ``ssh``: it is encrypted without TLS; ``local``: nothing leaves the machine."""
    verify: str = "none"


UNKNOWN = Tunnel(None, None, None)


def tunnel(command: str) -> Tunnel:
    """The end of a tunnel as its command tells it; a command that is not known may do anything."""
    if _SHELL.search(command):
        return UNKNOWN
    words = [word.strip("'\"") for word in command.split()]
    if words[:1] == ["exec"]:
        words = words[1:]
    program = posixpath.basename(words[0]) if words else ""
    if program in _NETCAT:
        return _netcat(words[1:])
    if program == "openssl" and words[1:2] == ["s_client"]:
        return _openssl(words[2:])
    if program == "socat":
        return _socat(words[1:])
    if program == "ssh":
        host = next(iter(_plain(words[1:], _WITH_VALUE["ssh"])), None)
        return Tunnel(host.rpartition("@")[2] if host else None, None, "ssh")
    if program in ("imap", "imapd", "dovecot", "imap-login") or program.endswith("imapd"):
        return Tunnel(words[0], None, "local")
    return UNKNOWN


def _plain(words: list[str], with_value: str) -> list[str]:
    """Words that are neither options nor their values."""
    found, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-") and len(word) > 1:
            skip = len(word) == 2 and word[1] in with_value
        else:
            found.append(word)
    return found


def _port(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,5}", text) else _PORTS.get(text)


def _netcat(words: list[str]) -> Tunnel:
    tls = next((word for word in words if word in _TLS_FLAGS), None)
    plain = _plain(words, _WITH_VALUE["nc"])
    if len(plain) != 2:
        return UNKNOWN
    verify = "ca" if "--ssl-verify" in words else "none"
    return Tunnel(plain[0], _port(plain[1]), "implicit" if tls else "none", verify)


def _openssl(words: list[str]) -> Tunnel:
    """``openssl s_client`` goes on whatever it finds in the certificate, unless -verify_return_error is there."""
    values = dict(pairwise(words))
    host, _, port = values.get("-connect", "").rpartition(":")
    host = host or values.get("-host", "")
    if not host:
        return UNKNOWN
    verify = "none"
    if "-verify_return_error" in words:
        verify = "ca" if "-verify_hostname" in words else "ca-noname"
    return Tunnel(
        host, _port(port or values.get("-port", "")), "required" if "-starttls" in words else "implicit", verify
    )


def _socat(words: list[str]) -> Tunnel:
    other = [word for word in words if word not in ("-", "STDIO", "stdio") and not word.startswith("-")]
    found = (
        re.fullmatch(r"(?P<kind>\w[\w-]*):(?P<host>[^:,]+):(?P<port>[^,]+)(?P<options>,.*)?", other[0])
        if len(other) == 1
        else None
    )
    if found is None:
        return UNKNOWN
    kind, options = found["kind"].upper(), found["options"] or ""
    if kind in ("TCP", "TCP4", "TCP6", "TCP-CONNECT"):
        return Tunnel(found["host"], _port(found["port"]), "none")
    if kind in ("OPENSSL", "SSL", "OPENSSL-CONNECT"):
        return Tunnel(found["host"], _port(found["port"]), "implicit", "none" if "verify=0" in options else "ca")
    return UNKNOWN
