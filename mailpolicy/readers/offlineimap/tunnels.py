"""Where a command leads that OfflineIMAP talks through instead of a socket: nc, socat, openssl s_client, gnutls-cli."""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple

_LOCAL = frozenset({"imap", "imapd", "dovecot"})
_NC = frozenset({"nc", "ncat", "netcat", "nc.openbsd", "nc.traditional"})
_SOCAT = re.compile(
    r"(?P<kind>tcp[46]?|tcp[46]?-connect|openssl|ssl|openssl-connect):(?P<host>[^:,]+):(?P<port>\d+)(?P<options>.*)",
    re.I,
)


class Tunnel(NamedTuple):
    """The far end. What cannot be told is None."""

    host: str | None = None
    port: int | None = None
    tls: str | None = None
    verify: str | None = None


def tunnel(command: str) -> Tunnel:
    """The far end of a shell command; nothing is known of one that is not understood."""
    import shlex  # imported late: few accounts have a tunnel

    if len(command) > 10_000 or any(c in command for c in ";|&`$<>\n"):
        return Tunnel()
    try:
        words = shlex.split(command)
    except ValueError:
        return Tunnel()
    while words and (words[0] in ("exec", "env", "nice") or re.fullmatch(r"[A-Za-z_]\w*=.*", words[0])):
        words = words[1:]
    if not words:
        return Tunnel()
    name = words[0].rpartition("/")[2]
    if name in _NC:
        return _netcat(words)
    if name == "socat":
        found = next((match for match in map(_SOCAT.fullmatch, words[1:]) if match), None)
        return _socat(found) if found else Tunnel()
    if name == "openssl" and words[1:2] == ["s_client"]:
        return _s_client(words)
    if name == "gnutls-cli":
        return _gnutls(words)
    return Tunnel("localhost", None, "none", "none") if name in _LOCAL else Tunnel()


def _port(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 and 0 < int(text) < 65536 else None


def _netcat(words: list[str]) -> Tunnel:
    """nc [options] HOST PORT; ncat --ssl takes any certificate unless --ssl-verify is there."""
    if len(words) < 3 or words[-2].startswith("-") or _port(words[-1]) is None:
        return Tunnel()
    if "--ssl-verify" in words:
        return Tunnel(words[-2], _port(words[-1]), "implicit", "ca")
    tls = "implicit" if "--ssl" in words else "none"
    return Tunnel(words[-2], _port(words[-1]), tls, "none")


def _socat(found: re.Match[str]) -> Tunnel:
    """OPENSSL: checks chain and name unless verify=0 (socat(1) 1.7.3 and later)."""
    if found["kind"].lower().startswith("tcp"):
        return Tunnel(found["host"], _port(found["port"]), "none", "none")
    unchecked = re.search(r",verify=0\b", found["options"]) is not None
    return Tunnel(found["host"], _port(found["port"]), "implicit", "none" if unchecked else "ca")


def _s_client(words: list[str]) -> Tunnel:
    """s_client goes on with any certificate unless -verify_return_error is there (openssl-s_client(1))."""
    at = words.index("-connect") + 1 if "-connect" in words[:-1] else 0
    target = words[at] if at else ""
    host, _, port = target.rpartition(":")
    if not host or _port(port) is None:
        return Tunnel()
    named = "-verify_hostname" in words
    verify = ("ca" if named else "ca-noname") if "-verify_return_error" in words else "none"
    return Tunnel(host, _port(port), "required" if "-starttls" in words else "implicit", verify)


def _gnutls(words: list[str]) -> Tunnel:
    """gnutls-cli checks chain and name unless --insecure is there (gnutls-cli(1))."""
    port: int | None = 443
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if word in ("-p", "--port"):
            port = _port(after)
        elif word.startswith("--port="):
            port = _port(word[7:])
    starttls = any(word.startswith("--starttls-proto") for word in words)
    return Tunnel(words[-1], port, "required" if starttls else "implicit", "none" if "--insecure" in words else "ca")
