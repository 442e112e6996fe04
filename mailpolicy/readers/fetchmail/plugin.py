"""Commands that fetchmail runs instead of opening a socket: what they do with the session."""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_RELAYS = _set(
    "nc netcat ncat socat connect connect-proxy corkscrew proxychains proxychains4 torsocks torify tsocks "
    "desproxy nc.openbsd nc.traditional socksify"
)
_CONNECT = re.compile(r"-connect[ =]\s*(\S+)")
_SOCAT = re.compile(r"(?i)(?:openssl|ssl|tcp[46]?)(?:-connect)?:([^,\s]+)")


class Channel(NamedTuple):
    """What lies between fetchmail and the server. ``known`` is False for a command that is not known here."""

    tls: str = "none"
    verify: str = "none"
    target: str = ""
    """host:port as the command has it; ``%h`` and ``%p`` are fetchmail's. Empty where it cannot be told."""
    local: bool = False
    """The session ends in a program on this machine, or in ssh."""
    known: bool = True


def channel(command: str) -> Channel:
    """The channel of a plugin's command."""
    words = command.split()
    names = [word.rpartition("/")[2] for word in words]
    options = frozenset(words)
    if "s_client" in names:
        return _s_client(command, options)
    far = next((found for found in map(_SOCAT.match, words) if found), None)
    if far is not None and far[0].lower().startswith(("openssl", "ssl")):
        return Channel("implicit", "none" if re.search(r"\bverify=0", command) else "ca", _target(far[1]))
    if "gnutls-cli" in names:
        loose = options & {"--insecure", "--no-ca-verification"}
        return Channel("required" if "--starttls-proto" in command else "implicit", "none" if loose else "ca")
    if "ncat" in names and options & {"--ssl", "--ssl-verify"}:
        return Channel("implicit", "ca" if "--ssl-verify" in options else "none")
    if names and names[0] in ("ssh", "rsh", "autossh", "plink"):
        return Channel(local=True)
    if names and (names[0] in _RELAYS):
        return Channel(target=_target(far[1] if far else ":".join(words[-2:])))
    if names and re.fullmatch(r"(dovecot|imapd?|in\.imapd|uw-imapd|ipop3d|pop3d?|pop3-login|imap-login)", names[0]):
        return Channel(local=True)
    return Channel(known=False)


def _s_client(command: str, options: frozenset[str]) -> Channel:
    """``openssl s_client`` goes on whatever the certificate is, unless it is told to return errors."""
    checked = "-verify_return_error" in options
    named = bool(options & {"-verify_hostname", "-verify_ip", "-verify_email"})
    found = _CONNECT.search(command)
    return Channel(
        "required" if "-starttls" in options else "implicit",
        ("ca" if named else "ca-noname") if checked else "none",
        _target(found[1].strip("\"'")) if found else "",
    )


def _target(text: str) -> str:
    """host:port, if it is of that form."""
    return text if re.fullmatch(r"(?:%h|\[[^\]%]+\]|\w[\w.-]*):(?:%p|\w+)", text) else ""
