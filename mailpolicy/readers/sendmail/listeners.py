"""Listener facts: each socket of the daemon, as a client outside every named network meets it."""

from __future__ import annotations

import re

from mailpolicy.addresses import scope_of
from mailpolicy.ciphers import only_new
from mailpolicy.facts import Draft, begun
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.sendmail import session, suites
from mailpolicy.readers.sendmail.model import SOFTWARE, Config, sets
from mailpolicy.readers.sendmail.relaying import Relaying, relaying
from mailpolicy.readers.sendmail.sockets import Daemon
from mailpolicy.types import Fact, Origin, Span, Value

_VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_OFF = {"SSL_OP_NO_TLSV1": 0, "SSL_OP_NO_TLSV1_1": 1, "SSL_OP_NO_TLSV1_2": 2, "SSL_OP_NO_TLSV1_3": 3}
_DEMAND = re.compile(r"(?i)(?:PERM\+|TEMP\+)?(VERIFY|ENCR)\b")


class Logins(NamedTuple):
    """Mechanisms in clear and under TLS; None when they are not known."""

    clear: tuple[str, ...] | None
    covered: tuple[str, ...] | None
    origins: tuple[Origin, ...]
    options: tuple[Origin, ...]


def facts(config: Config, heard: list[Daemon], start: Span) -> list[Fact]:
    """The facts of all sockets; those in the file system have none."""
    who = relaying(config)
    return [_one(config, daemon, who, start) for daemon in heard if not daemon.local]


def _one(config: Config, daemon: Daemon, who: Relaying, start: Span) -> Fact:
    draft = begun("listener", daemon.where or start, SOFTWARE, config.version, config.path)
    draft.put("service", daemon.name)
    draft.put("protocol", "smtp")
    address, port = daemon.address() if daemon.known else None, daemon.port() if daemon.known else None
    at = sets(daemon.span("address") or daemon.span("family")) or config.builtin()
    draft.maybe("address", address, at)
    draft.maybe("scope", scope_of(address) if address else None, at)
    draft.maybe("port", port, sets(daemon.span("port")) or config.builtin())
    loopback = bool(address) and scope_of(address or "") == "loopback"
    needs = _needs_login(config, daemon)
    _put_role(draft, port, loopback, needs, daemon)
    tls = _put_tls(draft, config, daemon, needs)
    logins = _put_logins(draft, config, daemon, tls)
    _put_relay(draft, config, who, logins, needs, loopback)
    _put_broken(draft, config, daemon, tls, needs)
    draft.put("closed_to_world", False)
    return draft.fact()


def _needs_login(config: Config, daemon: Daemon) -> tuple[Origin, ...]:
    """What asks every sender for a login."""
    general = session.feature(config, "l")
    if general is not None:
        return sets(general[1]) if general[0] else ()
    return sets(daemon.letter("a") or daemon.where) if daemon.has("a") else ()


def _put_role(draft: Draft, port: int | None, loopback: bool, needs: tuple[Origin, ...], daemon: Daemon) -> None:
    role: str | None = "internal" if loopback else None
    if needs or port in (465, 587):
        role = "submission"
    elif port == 25:
        role = "mx"
    draft.maybe("role", role, needs or sets(daemon.span("port")))


def _put_tls(draft: Draft, config: Config, daemon: Daemon, needs: tuple[Origin, ...]) -> Value:
    """TLS of a socket; returns what is known of it, with None for unknown."""
    found = session.tls(config)
    switch = session.feature(config, "s")
    off = switch is not None and not switch[0] if switch else daemon.has("S")
    value: str | None = None
    origins = found.origins
    demand = session.general(config, "tls_clt")
    if daemon.has("s"):
        value, origins = "implicit", sets(daemon.letter("s"))
    elif off:
        value, origins = "none", sets(switch[1] if switch else daemon.letter("S"))
    elif found.value in ("yes", "fails"):
        value = "optional"
        if demand is not None and _DEMAND.match(demand.value):
            value, origins = "required", (*origins, Origin("sets", demand.value_where))
        elif needs and _logins(config, daemon).clear == () and _logins(config, daemon).covered:
            value, origins = "required", (*origins, *needs, *_logins(config, daemon).options)
    elif found.value == "no":
        value = "none"
    draft.maybe("tls", value, origins)
    if value is not None and value != "none":
        _put_versions(draft, config)
        suites.put(draft, config)
        file = session.certificate(config)
        if file.value is None:
            draft.unknown("certificate", file.origins)
        else:
            draft.put("certificate", str(file.value) or None, (*file.origins, *found.origins))
        _put_asked(draft, config)
    return value


def _put_asked(draft: Draft, config: Config) -> None:
    """Clients are asked for a certificate unless TLSSrvOptions say V."""
    options, switch = session.letters(config, "TLSSrvOptions"), session.feature(config, "v")
    asks = switch[0] if switch else "V" not in options.found
    said = sets(switch[1] if switch else options.found.get("V")) or config.builtin()
    demand = session.general(config, "tls_clt")
    found = _DEMAND.match(demand.value) if demand is not None and asks else None
    if demand is not None and found is not None and found[1].upper() == "VERIFY":
        draft.put("client_certificate", "required", (Origin("sets", demand.value_where),))
        draft.unknown("client_certificate_login", (Origin("sets", demand.value_where),))
        return
    draft.maybe("client_certificate", ("asked" if asks else "none") if options.known or switch else None, said)
    words = {word.text.upper(): word.where for word in config.classes.get("TrustAuthMech", ())}
    listed = config.setting("AuthMechanisms")
    offered = listed is None or (listed.value is not None and "EXTERNAL" in listed.value.text.upper().split())
    draft.put("client_certificate_login", asks and offered and "EXTERNAL" in words, sets(words.get("EXTERNAL")))


def _put_versions(draft: Draft, config: Config) -> None:
    """What ServerSSLOptions leave; SSLv2 and SSLv3 are not built in any more."""
    setting, ciphers = config.setting("ServerSSLOptions"), config.setting("CipherList")
    origins = config.builtin()
    left = set(range(4))
    if setting is not None:
        if setting.value is None:
            draft.unknown("tls_versions", setting.origins)
            draft.unknown("tls_min", setting.origins)
            return
        origins = sets(setting.value.whole()) or setting.origins
        for word in re.finditer(r"([+-]?)(\w+)", setting.value.text):
            number = _OFF.get(word[2].upper())
            if number is not None:
                (left.add if word[1] == "-" else left.discard)(number)
    if ciphers is not None and ciphers.value is not None and only_new(ciphers.value.text):
        origins = (*origins, *ciphers.origins)
        left -= {0, 1}
    versions = tuple(name for number, name in enumerate(_VERSIONS) if number in left)
    draft.put("tls_versions", versions, origins)
    draft.maybe("tls_min", versions[0] if versions else None, origins)


def _logins(config: Config, daemon: Daemon) -> Logins:
    """The mechanisms of a socket, in clear and under TLS."""
    switch = session.feature(config, "a")
    if (switch is not None and not switch[0]) or (switch is None and daemon.has("A")):
        return Logins((), (), sets(switch[1] if switch else daemon.letter("A")), ())
    found, options = session.mechanisms(config), session.letters(config, "AuthOptions")
    if not isinstance(found.value, tuple) or not options.known:
        return Logins(None, None, found.origins, ())
    strict = dict(options.found)
    secure = session.feature(config, "c")
    if secure is not None:
        strict.pop("p", None)
        if secure[0]:
            strict["p"] = secure[1]
    clear, covered = (
        tuple(name for name in found.value if session.allowed(name, strict, under)) for under in (False, True)
    )
    return Logins(clear, covered, found.origins, sets(strict.get("p")))


def _put_logins(draft: Draft, config: Config, daemon: Daemon, tls: Value) -> bool | None:
    """Logins; returns whether one is offered, None when that is not known."""
    logins = _logins(config, daemon)
    if logins.clear is None or logins.covered is None or (tls is None and logins.covered != logins.clear):
        draft.unknown("auth", logins.origins)
        draft.unknown("mechanisms", logins.origins)
        return None
    covered = () if tls == "none" else logins.covered
    clear = () if tls == "implicit" else logins.clear
    if session.READABLE & set(clear):
        auth = "cleartext"
    elif clear:
        auth = "challenge"
    else:
        auth = "tls-only" if covered else "none"
    draft.put("auth", auth, (*logins.origins, *logins.options))
    draft.put("mechanisms", tuple(sorted({*clear, *covered})), logins.origins)
    return bool(clear or covered)


def _put_relay(
    draft: Draft, config: Config, who: Relaying, login: bool | None, needs: tuple[Origin, ...], loopback: bool
) -> None:
    trusted, said = ({}, ()) if needs else (who.trusted, who.said)
    trust = {word.text.upper(): word.where for word in config.classes.get("TrustAuthMech", ())}
    offered = draft.values.get("mechanisms")
    counted = [name for name in trust if isinstance(offered, tuple) and name in offered]
    if who.open and not loopback:
        draft.put("relay", "open", who.open) if not needs else draft.maybe("relay", "authenticated", who.open)
    elif trusted:
        draft.put("relay", "networks", said)
    elif (who.unsure and not needs) or (login is None and (trust or needs)):
        draft.unknown("relay", who.unsure)
    elif counted:
        draft.put("relay", "authenticated", sets(trust[counted[-1]]) or config.builtin())
    else:
        draft.put("relay", "none", config.builtin())
    if who.unsure and not needs:
        draft.unknown("trusted_networks", (*said, *who.unsure))
        return
    draft.put("trusted_networks", tuple(trusted), said)
    if trusted and who.scope:
        draft.put("trusted_scope", who.scope, said)


def _put_broken(draft: Draft, config: Config, daemon: Daemon, tls: Value, needs: tuple[Origin, ...]) -> None:
    found = session.tls(config)
    if tls == "implicit" and found.value in ("no", "fails"):
        needs_all = "TLS from the first byte needs a certificate, its key, confCACERT and confCACERT_PATH"
        origins = (
            (*sets(daemon.letter("s")), *found.origins) if found.why else (*found.origins, *sets(daemon.letter("s")))
        )
        draft.put("broken", f"{found.why or needs_all}: the session ends", origins)
    elif tls not in (None, "none") and found.value == "fails":
        why = f" ({found.why})" if found.why else ""
        draft.put("broken", f"STARTTLS is announced without a certificate: every handshake fails{why}", found.origins)
    elif needs and draft.values.get("auth") == "none":
        draft.put("broken", "every sender must log in, but no login is offered", needs)
    else:
        draft.put("broken", None)
