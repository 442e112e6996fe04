"""TLS and logins of one service, as its clients meet them.

After ``tls_enabled``, ``tls_init_serverengine``, ``cmd_login``, ``cmd_user`` and ``lmtpmode`` of Cyrus IMAP.
"""

from __future__ import annotations

from mailpolicy.ciphers import needs_tls12
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.cyrus import sasl
from mailpolicy.readers.cyrus.command import Command
from mailpolicy.readers.cyrus.settings import Got, View
from mailpolicy.types import Origin

VERSIONS = {"tls1_0": "TLSv1.0", "tls1_1": "TLSv1.1", "tls1_2": "TLSv1.2", "tls1_3": "TLSv1.3"}
_WORDS = ", ".join(VERSIONS)
_FULL = 256
"""Bits of a TLS connection, as far as Cyrus SASL cares."""

Chain = tuple[Origin, ...]


class Tls(NamedTuple):
    """``offered``: whether TLS can be had, None where that is not known; ``fault``: why each handshake fails."""

    offered: bool | None
    origins: Chain
    fault: tuple[str, Chain] | None


class Logins(NamedTuple):
    """What works in clear: ``readable`` and ``challenge`` None where that is not known; ``covered``: under TLS."""

    readable: bool | None
    challenge: bool | None
    anonymous: bool
    covered: bool | None
    mechanisms: tuple[str, ...] | None
    readable_from: Chain
    challenge_from: Chain
    mechanisms_from: Chain


class Access(NamedTuple):
    """The fields of a listener; None where they are not known."""

    tls: str | None
    auth: str | None
    mechanisms: tuple[str, ...] | None
    tls_from: Chain
    auth_from: Chain
    mechanisms_from: Chain
    broken: tuple[str, Chain] | None


def access(view: View, command: Command) -> Access:
    """How a service meets its clients."""
    if command.kerberos:
        return Access(None, None, None, (), (), (), None)
    secure = tls(view, command)
    logins_ = logins(view, command, secure.offered is not False)
    if command.preauth is not None:
        chain = (Origin("sets", command.preauth, "clients need no login, and STARTTLS is not offered"),)
        return Access("none", "none", ("EXTERNAL",), chain, chain, chain, None)
    broken = secure.fault if secure.fault else None
    state, state_from = _tls_state(command, secure, logins_)
    auth, auth_from = _auth_state(view, command, secure, logins_)
    return Access(state, auth, logins_.mechanisms, state_from, auth_from, logins_.mechanisms_from, broken)


def tls(view: View, command: Command) -> Tls:
    """Whether TLS is offered, and whether it works."""
    enabled, origins = _enabled(view)
    if command.implicit is not None:
        if enabled is False:
            why = "-s, but no certificate and private key (tls_server_cert, tls_server_key): the program ends at once"
            return Tls(True, origins, (why, (Origin("sets", command.implicit), *origins)))
        return Tls(True, origins, _fault(view) if enabled else None)
    switch = view.get("allowstarttls")
    if switch.yes is False or enabled is False:
        return Tls(False, _switched_off(view, switch) if switch.yes is False else origins, None)
    if switch.yes is None or enabled is None:
        return Tls(None, (*origins, *switch.origins), None)
    fault = _fault(view)
    announced = (f"STARTTLS is announced but fails: {fault[0]}", fault[1]) if fault else None
    return Tls(True, (*origins, *switch.origins), announced)


def _switched_off(view: View, switch: Got) -> Chain:
    if switch.entry is not None:
        return switch.origins
    return (
        Origin("default", None, f"{view.program.name}: allowstarttls is off, a switch since 3.8.6, 3.10.2, 3.12.1"),
    )


def _enabled(view: View) -> tuple[bool | None, Chain]:
    """``tls_enabled`` of imap/tls.c: both a certificate and a key are named, and neither is ``disabled``."""
    cert, key = view.get("tls_server_cert"), view.get("tls_server_key")
    for option in (cert, key):
        if option.known and (option.value is None or option.value.lower() == "disabled"):
            return False, option.origins or (Origin("default", None, f"{view.program.name}: no certificate or no key"),)
    known = cert.known and key.known
    return (True if known else None), (*key.origins, *cert.origins)


def _fault(view: View) -> tuple[str, Chain] | None:
    """Why ``tls_init_serverengine`` fails, or no client can agree on a version."""
    allowed, chain = versions(view)
    if allowed == ():
        named = any(word in (view.get("tls_versions").value or "") for word in VERSIONS)
        return ("tls_ciphers leave none of tls_versions" if named else f"tls_versions names none of {_WORDS}"), chain
    certs = view.get("tls_client_certs")
    places = (view.get("tls_client_ca_file"), view.get("tls_client_ca_dir"))
    if certs.word == "require" and all(place.known and place.value is None for place in places):
        return "tls_client_certs: require needs tls_client_ca_file", certs.origins
    return None


def versions(view: View) -> tuple[tuple[str, ...] | None, Chain]:
    """TLS versions that are allowed: those whose names stand anywhere in the value and that have ciphers left."""
    listed, ciphers = view.get("tls_versions"), view.get("tls_ciphers")
    if not listed.known or listed.value is None:
        return None, listed.origins
    named = tuple(name for word, name in VERSIONS.items() if word in listed.value)
    newer = tuple(name for name in named if name > "TLSv1.1")
    modern = needs_tls12(ciphers.value) if ciphers.known and ciphers.value else None if not ciphers.known else False
    if modern is None and named != newer:
        return None, (*listed.origins, *ciphers.origins)
    return (newer, (*listed.origins, *ciphers.origins)) if modern and named != newer else (named, listed.origins)


def logins(view: View, command: Command, covers: bool) -> Logins:
    """Logins without TLS, and with it where ``covers``."""
    protocol = command.protocol or ""
    plain, required = view.get("allowplaintext"), view.get("tls_required")
    offer = sasl.offer(view)
    names = None if offer.names is None else tuple(n for n in offer.names if protocol != "lmtp" or n != "ANONYMOUS")
    clear = None if names is None else sasl.permitted(view, names, command.strength)
    under = None if names is None else sasl.permitted(view, names, _FULL)
    command_login = protocol in ("imap", "pop3")
    readable, challenge = _in_clear(plain.yes, clear, command)
    apop = view.get("allowapop").yes if protocol == "pop3" else False
    challenge = True if challenge or apop else None if challenge is None or apop is None else False
    closed = command.implicit is not None
    if protocol != "lmtp" and not closed and required.yes is not False:
        readable, challenge, clear = (False, False, ()) if required.yes else (None, None, None)
    if closed:
        readable, challenge, clear = False, False, ()
    chain = required.origins if required.yes and not closed and protocol != "lmtp" else plain.origins
    protected = (Origin("sets", command.strength_from, "something in front is said to protect connections"),)
    by_strength = command.strength > 1 and not plain.yes and command.strength_from is not None
    mechanisms, mechanisms_from = _offered(view, command, (clear, under if covers else ()), apop, offer.origins)
    return Logins(
        readable, challenge, bool(clear and "ANONYMOUS" in clear),
        command_login or (None if under is None else bool(under)), mechanisms,
        (*chain, *(protected if by_strength else ())),
        offer.origins if clear and sasl.CHALLENGE & set(clear) else view.get("allowapop").origins, mechanisms_from,
    )  # fmt: skip


def _in_clear(plain: bool | None, clear: tuple[str, ...] | None, command: Command) -> tuple[bool | None, bool | None]:
    """Whether a readable password and a challenge work in clear, tls_required left aside."""
    by_command = command.protocol in ("imap", "pop3") and (plain or command.strength > 1)
    if clear is None:
        unknown = plain is not False or command.strength > 1 or command.protocol not in ("imap", "pop3")
        return True if by_command else None if unknown else False, None
    if plain is None and not by_command and command.protocol in ("imap", "pop3"):
        return None, bool(sasl.CHALLENGE & set(clear))
    return bool(by_command or sasl.READABLE & set(clear)), bool(sasl.CHALLENGE & set(clear))


def _offered(
    view: View, command: Command, names: tuple[tuple[str, ...] | None, tuple[str, ...] | None], apop: bool | None,
    origins: Chain,
) -> tuple[tuple[str, ...] | None, Chain]:  # fmt: skip
    """All mechanisms of both states, USER and APOP of POP3 among them."""
    clear, under = names
    if clear is None or under is None or apop is None:
        return None, origins
    found = {*clear, *under}
    if command.protocol == "pop3":
        required, plain = view.get("tls_required").yes, view.get("allowplaintext").yes
        if under or command.implicit or plain or command.strength > 1:
            found.add("USER")
        if apop and (command.implicit or not required):
            found.add("APOP")
            if not found & {"CRAM-MD5", "DIGEST-MD5", "NTLM"}:
                origins = view.get("allowapop").origins
    return tuple(sorted(found)), origins


def _tls_state(command: Command, secure: Tls, found: Logins) -> tuple[str | None, Chain]:
    if command.implicit is not None:
        return "implicit", (Origin("sets", command.implicit),)
    if secure.offered is False:
        return "none", secure.origins
    works = found.readable or found.challenge or found.anonymous
    if secure.offered is None or (not works and None in (found.readable, found.challenge)):
        return None, (*secure.origins, *found.readable_from)
    if works:
        return "optional", (*secure.origins, *(found.readable_from if found.readable else found.challenge_from))
    return "required", (*secure.origins, *found.readable_from)


def _auth_state(view: View, command: Command, secure: Tls, found: Logins) -> tuple[str | None, Chain]:
    if found.readable:
        return "cleartext", found.readable_from
    if found.readable is None:
        return None, found.readable_from
    if found.challenge:
        return "challenge", found.challenge_from
    if found.challenge is None or secure.offered is None or found.covered is None:
        return None, (*secure.origins, *found.challenge_from)
    if secure.offered and found.covered:
        return "tls-only", (Origin("sets", command.implicit),) if command.implicit else found.readable_from
    return "none", found.readable_from
