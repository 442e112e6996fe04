"""Listener facts: each socket that couriertcpd opens for a daemon."""

from __future__ import annotations

import re

from mailpolicy.addresses import network_scope, scope_of
from mailpolicy.facts import Draft
from mailpolicy.lean import NamedTuple
from mailpolicy.ports import port_number
from mailpolicy.readers.courier import priority
from mailpolicy.readers.courier.access import EVERYBODY, Access, Network
from mailpolicy.readers.courier.daemons import OLDEST_HAPROXY, SOFTWARE, Got, View
from mailpolicy.types import Fact, Origin, Span

Said = tuple[Origin, ...]
Broken = tuple[str, Said]
_ADDRESS = re.compile(r"[0-9.]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*")
_MOST = 100
"""How many sockets of one daemon are looked at."""
_SUBMISSION = (465, 587)
_STARTTLS = {"imap": "IMAPDSTARTTLS", "pop3": "POP3_STARTTLS"}
_REQUIRED = {"imap": "IMAP_TLS_REQUIRED", "pop3": "POP3_TLS_REQUIRED", "smtp": "ESMTP_TLS_REQUIRED"}
_MECHANISMS = {"pop3": ("POP3AUTH_TLS", "POP3AUTH"), "smtp": ("ESMTPAUTH_TLS", "ESMTPAUTH")}
_CAPABILITY = ("IMAP_CAPABILITY_TLS", "IMAP_CAPABILITY")


class Socket(NamedTuple):
    """One address and port; None for what is not known."""

    address: str | None
    port: int | None
    where: Said
    address_where: Said


class Meeting(NamedTuple):
    """What a client without TLS meets; None for what is not known."""

    tls: str | None
    tls_from: Said
    auth: str | None
    auth_from: Said
    broken: Broken | None = None


def facts(view: View, declared: Span, instance: str, access: Access | None) -> list[Fact]:
    """All sockets of one daemon."""
    dead = _dead(view)
    met = _meeting(view)
    found = []
    for socket in sockets(view):
        draft = Draft("listener", declared)
        draft.put("software", SOFTWARE)
        draft.put("version", view.program.text, [Origin("implies", None, view.program.name)])
        draft.put("instance", instance)
        draft.put("service", view.daemon.name)
        draft.put("protocol", view.daemon.protocol)
        handed_in = view.daemon.role == "mx" and socket.port in _SUBMISSION
        draft.put("role", "submission" if handed_in else view.daemon.role, socket.where)
        draft.maybe("port", socket.port, socket.where)
        draft.maybe("address", socket.address, socket.address_where)
        draft.maybe("scope", scope_of(socket.address) if socket.address else None, socket.address_where)
        draft.maybe("tls", met.tls, met.tls_from)
        draft.maybe("auth", met.auth, met.auth_from)
        _put_mechanisms(draft, view, met)
        if met.tls != "none":
            _put_tls(draft, view)
        if view.daemon.protocol == "smtp":
            _put_relay(draft, view, met, access)
        _put_proxied(draft, view)
        broken = dead or met.broken or _locked(view, met, access) or _no_version(view, met)
        draft.put("broken", broken[0] if broken else None, broken[1] if broken else ())
        found.append(draft.fact())
    return found


def sockets(view: View) -> list[Socket]:
    """What ``PORT`` and ``ADDRESS`` open: ports or address.port, by commas; 0 is every address of both families."""
    ports, address = view.outer(view.daemon.port), view.outer(view.daemon.address)
    if ports.text is None:
        return [Socket(_address(address), None, ports.origins, address.origins)]
    found = []
    for part in ports.text.split(",", _MOST)[:_MOST] if ports.text else [""]:
        host, dot, name = part.strip().rpartition(".")
        number = port_number(name) or _leading(name)
        own = dot and host != "0"
        placed = ports.origins if own else address.origins
        found.append(Socket(host if own else _address(address), number, _part(ports, part.strip()), placed))
    return found


def _leading(text: str) -> int | None:
    """atoi(3) of what is no service's name."""
    found = re.match(r"[0-9]{1,5}", text)
    return int(found[0]) if found and 0 < int(found[0]) < 65536 else None


def _address(address: Got) -> str | None:
    if address.text is None:
        return None
    return "*" if address.text in ("0", "", "::") else address.text if _ADDRESS.fullmatch(address.text) else None


def _part(ports: Got, part: str) -> Said:
    """The element of the list that is meant, if it stands on the line as it is."""
    value = ports.variable
    if value is None or not part or part == ports.value:
        return ports.origins
    before = f",{ports.value},".find(f",{part},")
    where = value.where
    if before < 0 or where.end_column - where.column != len(ports.value or ""):
        return ports.origins
    return (Origin("sets", where._replace(column=where.column + before, end_column=where.column + before + len(part))),)


def _dead(view: View) -> Broken | None:
    """Why the start script fails, or the daemon ends at once."""
    daemon = view.daemon
    ends, mail = daemon.name.startswith("esmtpd"), daemon.protocol != "smtp"
    for name in ("MAXDAEMONS", "MAXPERIP", *(("MAXPERC",) if ends else ())):
        limit = view.outer(name)
        if limit.number is not None and limit.number <= 0:
            return f"{name} is not a number above 0: couriertcpd does not start", limit.origins
    if view.outer(daemon.port).text == "":
        return f"{daemon.port} is not set", view.outer(daemon.port).origins
    address = view.outer(daemon.address)
    needless = address.text == "" and ends and not daemon.implicit
    if address.text not in (None, "0") and not needless and not _ADDRESS.fullmatch(address.text or ""):
        return f"{daemon.address} is no IP address: couriertcpd does not start", address.origins
    needed = [*(("MAILDIRPATH",) if mail else ()), *(("COURIERTLS",) if daemon.implicit else ())]
    needed += [daemon.port.replace("PORT", "PIDFILE")] if mail else []
    for name in needed:
        if view.outer(name).text == "":
            return f"{name} is not set: {daemon.name} cannot run", view.outer(name).origins
    return _proxy_unknown(view)


def _proxy_unknown(view: View) -> Broken | None:
    options = view.outer("TCPDOPTS")
    if "-haproxy" in (options.text or "") and view.program.numbers < OLDEST_HAPROXY:
        return f"couriertcpd of {view.program.name} does not know -haproxy", options.origins
    return None


def _put_proxied(draft: Draft, view: View) -> None:
    options = view.outer("TCPDOPTS")
    if options.text is None:
        draft.unknown("proxied", options.origins)
    elif "-haproxy" in options.text:
        draft.put("proxied", True, options.origins)


def _meeting(view: View) -> Meeting:
    certificate = view.get("TLS_CERTFILE")
    lacks = view.certificate_lacks
    if view.daemon.implicit:
        broken = (f"{lacks}: every handshake fails", certificate.origins) if lacks else None
        auth, said = _logins(view, "implicit")
        return Meeting("implicit", (), auth, said, broken)
    offered, offered_from = _offered(view)
    required = view.get(_REQUIRED[view.daemon.protocol])
    must = None if required.number is None else required.number != 0
    if offered is False:
        return _without(view, must, offered_from, required.origins)
    tls = "required" if must and offered else "optional" if offered and must is False else None
    said = (*offered_from, *required.origins)
    auth, auth_from = _logins(view, tls)
    broken = (f"STARTTLS is announced but fails: {lacks}", certificate.origins) if offered and lacks else None
    return Meeting(tls, said, auth, auth_from, broken)


def _without(view: View, must: bool | None, offered_from: Said, required_from: Said) -> Meeting:
    """No STARTTLS. IMAP then takes logins whatever IMAP_TLS_REQUIRED says; the others take nothing."""
    auth, auth_from = _logins(view, "none")
    if view.daemon.protocol == "imap" or must is False:
        return Meeting("none", offered_from, auth, (*auth_from, *offered_from))
    if must is None:
        return Meeting("none", offered_from, None, required_from)
    why = "TLS is required, but STARTTLS is not offered: nobody can log in or send"
    return Meeting("none", offered_from, "none", required_from, (why, (*offered_from, *required_from)))


def _locked(view: View, met: Meeting, access: Access | None) -> Broken | None:
    must = view.get("AUTH_REQUIRED")
    if view.daemon.protocol != "smtp" or not must.number or met.auth != "none":
        return None
    if access is None or not access.known or any(network.waived for network in access.networks):
        return None
    return "AUTH_REQUIRED lets nobody in who has not logged in, but no login is offered", must.origins


def _no_version(view: View, met: Meeting) -> Broken | None:
    versions, said = _versions(view)
    if versions != () or met.tls in ("none", None):
        return None
    fails = "every handshake fails" if met.tls == "implicit" else "STARTTLS is announced but fails"
    return f"{fails}: GnuTLS takes no version from this TLS_PRIORITY", said


def _offered(view: View) -> tuple[bool | None, Said]:
    """Whether STARTTLS is offered. imapd takes IMAPDSTARTTLS from its start script, where imapd wins over imapd-ssl."""
    protocol = view.daemon.protocol
    tool = view.get("COURIERTLS")
    has_tool = None if tool.text is None else tool.text != ""
    if protocol == "smtp":
        certificate = view.get("TLS_CERTFILE")
        answers = [(has_tool, tool), (None if certificate.text is None else not view.certificate_lacks, certificate)]
    else:
        switch = (view.outer if protocol == "imap" else view.get)(_STARTTLS[protocol])
        answers = [(has_tool, tool), (switch.yes, switch)]
    for answer, said in answers:
        if answer is False:
            return False, said.origins
    everyone = tuple(origin for _, said in answers for origin in said.origins)
    return (True if all(answer for answer, _ in answers) else None), everyone


def _logins(view: View, tls: str | None) -> tuple[str | None, Said]:
    """How one may log in. Any mechanism is taken as soon as one is set, whichever that is."""
    if view.daemon.protocol != "smtp":
        if tls == "none":
            return "cleartext", ()
        required = view.get(_REQUIRED[view.daemon.protocol])
        if tls is None:
            return None, required.origins
        return ("cleartext", required.origins) if tls == "optional" else ("tls-only", required.origins)
    clear, under = view.get("ESMTPAUTH"), view.get("ESMTPAUTH_TLS")
    if clear.text:
        return ("tls-only" if tls in ("required", "implicit") else "cleartext" if tls else None), clear.origins
    if clear.text is None or under.text is None:
        return None, (*clear.origins, *under.origins)
    if not under.text or tls == "none":
        return "none", (*under.origins, *clear.origins)
    return ("tls-only" if tls else None), under.origins


def _put_mechanisms(draft: Draft, view: View, met: Meeting) -> None:
    """What is announced, under TLS or not. Under TLS the second list counts when the first is empty."""
    names = _MECHANISMS.get(view.daemon.protocol, _CAPABILITY)
    under, clear = view.get(names[0]), view.get(names[1])
    if under.text is None or clear.text is None:
        draft.unknown("mechanisms", (*clear.origins, *under.origins))
        return
    shown = [] if met.tls == "implicit" and under.text else [clear]
    shown += [under] if met.tls != "none" and under.text else []
    words = [word for got in shown for word in (got.value or "").upper().split()]
    if view.daemon.protocol == "imap":
        words = [word[5:] for word in words if word.startswith("AUTH=")]
    draft.put("mechanisms", tuple(dict.fromkeys(words)), [origin for got in shown for origin in got.origins])


def _put_tls(draft: Draft, view: View) -> None:
    certificate = view.get("TLS_CERTFILE")
    if certificate.known:
        draft.put("certificate", certificate.value or None, certificate.origins)
    else:
        draft.unknown("certificate", certificate.origins)
    group = view.get("TLS_DHPARAMS")
    if group.variable is not None and group.known:
        draft.put("dh_file", group.value or None, group.origins)
    versions, said = _versions(view)
    draft.maybe("tls_versions", versions or None, said)
    draft.maybe("tls_min", versions[0] if versions else None, said)
    asks, login = view.get("TLS_VERIFYPEER"), view.get("TLS_EXTERNAL")
    if not asks.known:
        draft.unknown("client_certificate", asks.origins)
        return
    state = {"n": "none", "r": "required"}.get((asks.value or "P")[:1].lower(), "asked")
    draft.put("client_certificate", state, asks.origins)
    if login.known:
        draft.put("client_certificate_login", state != "none" and bool(login.value), login.origins)


def _versions(view: View) -> tuple[tuple[str, ...] | None, Said]:
    """GnuTLS goes by TLS_PRIORITY alone, OpenSSL by TLS_PROTOCOL: unknown unless the library is known to be GnuTLS."""
    wanted, protocol = view.get("TLS_PRIORITY"), view.get("TLS_PROTOCOL")
    if view.program.gnutls is None or not wanted.known:
        return None, (*wanted.origins, *protocol.origins)
    found = priority.allowed(wanted.value or priority.DEFAULT)
    if wanted.value:
        return found, wanted.origins
    return found, (Origin("default", None, f"{view.program.name} with GnuTLS: TLS_PRIORITY={priority.DEFAULT}"),)


def _put_relay(draft: Draft, view: View, met: Meeting, access: Access | None) -> None:
    """RELAYCLIENT, whether from the environment or from smtpaccess, then logins. AUTH_REQUIRED goes before all."""
    client, must = view.get("RELAYCLIENT"), view.get("AUTH_REQUIRED")
    answer = None if met.auth is None else "authenticated" if met.auth != "none" else "none"
    if must.number is None or (client.variable is None and (access is None or not access.known)):
        draft.unknown("relay", [*must.origins, *(Origin("implies", where) for where in _spots(access))])
        return
    networks = [n for n in (access.networks if access else ()) if n.waived or not must.number]
    names = tuple(network.text for network in networks)
    said = [Origin("sets", network.where) for network in networks]
    draft.put("trusted_networks", names, said or must.origins)
    draft.maybe("trusted_scope", network_scope(names), _widest(networks))
    everybody = next((Origin("sets", n.where) for n in networks if n.text in EVERYBODY), None)
    if client.variable is not None and not must.number:
        draft.put("relay", "open", client.origins)
    elif everybody:
        draft.put("relay", "open", [everybody])
    elif names:
        draft.put("relay", "networks", said[:1])
    else:
        draft.maybe("relay", answer, [*met.auth_from, *(must.origins if must.number else ())])
    if must.number and everybody is None:
        draft.put("closed_to_world", True, must.origins)
    elif access is not None and access.nobody is not None:
        draft.put("closed_to_world", True, [Origin("sets", access.nobody)])


def _spots(access: Access | None) -> list[Span]:
    return [unread.where for unread in access.unread] if access else []


def _widest(networks: list[Network]) -> list[Origin]:
    """The network that makes the scope."""
    scope = network_scope(network.text for network in networks)
    return [Origin("sets", n.where) for n in networks if network_scope([n.text]) == scope][:1]
