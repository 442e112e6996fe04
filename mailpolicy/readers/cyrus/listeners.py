"""Listener facts: each TCP socket of a program that speaks a mail protocol."""

from __future__ import annotations

from collections.abc import Callable

from mailpolicy.addresses import scope_of
from mailpolicy.facts import Draft
from mailpolicy.readers.cyrus import suites
from mailpolicy.readers.cyrus.access import Access, access, versions
from mailpolicy.readers.cyrus.command import Command, command
from mailpolicy.readers.cyrus.cyrus_conf import Service
from mailpolicy.readers.cyrus.sasl import offer
from mailpolicy.readers.cyrus.settings import Got, Program, View
from mailpolicy.readers.cyrus.sockets import Socket
from mailpolicy.types import Fact, Origin

Broken = tuple[str, tuple[Origin, ...]]
Made = tuple[View, Broken | None, Broken | None]
"""A service's view of imapd.conf, why it dies of what stands there, and the certificate file that is missing."""

_IMPLICIT_PORTS = (993, 995)


def facts(
    sockets: list[Socket], program: Program, instance: str, made: Callable[[Service, Command], Made]
) -> tuple[list[Fact], list[str]]:
    """Facts of all sockets, and notes on those whose program is not known."""
    found: list[Fact] = []
    notes: list[str] = []
    for socket in _merged(sockets):
        service = socket.service
        ran = command(service.arguments["cmd"])
        if ran is None:
            notes.append(f"{service.arguments['cmd'].where}: what {service.name} runs is not known")
        elif ran.protocol is not None:
            found.append(_one(socket, ran, made(service, ran), (program, instance)))
    return found, list(dict.fromkeys(notes))


def _merged(sockets: list[Socket]) -> list[Socket]:
    """Both wildcards of a service are one socket for all addresses."""
    wild = {(s.service.name, s.port, s.address) for s in sockets if s.address in ("0.0.0.0", "::")}
    found = []
    for socket in sockets:
        name, port = socket.service.name, socket.port
        both = {(name, port, "0.0.0.0"), (name, port, "::")} <= wild
        if both and socket.address == "::":
            continue
        found.append(socket._replace(address="*") if both and socket.address == "0.0.0.0" else socket)
    return found


def _one(socket: Socket, ran: Command, made: Made, of: tuple[Program, str]) -> Fact:
    view, dead, missing = made
    draft = Draft("listener", socket.service.where)
    draft.put("software", "cyrus")
    draft.put("version", of[0].text, [Origin("implies", None, of[0].name)])
    draft.put("instance", of[1])
    draft.put("service", socket.service.name)
    draft.put("protocol", ran.protocol, [Origin("sets", ran.where)])
    draft.put("role", "delivery" if ran.protocol == "lmtp" else "access")
    draft.maybe("port", socket.port, [Origin("sets", socket.port_where)])
    placed = [Origin("sets", socket.where)]
    draft.maybe("address", socket.address or None, placed)
    draft.maybe("scope", scope_of(socket.address) if socket.address else None, placed)
    met = access(view, ran)
    instead = [Origin("sets", ran.where)] if socket.port in _IMPLICIT_PORTS and ran.implicit is None else []
    draft.maybe("tls", met.tls, [*met.tls_from, *instead])
    draft.maybe("auth", met.auth, met.auth_from)
    draft.maybe("mechanisms", met.mechanisms, met.mechanisms_from)
    if met.tls != "none":
        _put_tls(draft, view, met)
    if missing is not None and met.tls != "implicit":
        missing = (f"STARTTLS is announced but fails: {missing[0]}", missing[1])
    _put_broken(draft, socket.service, ran, dead or met.broken or (missing if met.tls not in ("none", None) else None))
    return draft.fact()


def _put_tls(draft: Draft, view: View, met: Access) -> None:
    allowed, chain = versions(view)
    draft.maybe("tls_versions", allowed or None, chain)
    draft.maybe("tls_min", allowed[0] if allowed else None, chain)
    suites.put(draft, view)
    cert = view.get("tls_server_cert")
    if cert.known:
        name = (cert.value or "disabled").partition(",")[0]
        draft.put("certificate", None if name.lower() == "disabled" else name, cert.origins)
    else:
        draft.unknown("certificate", cert.origins)
    asks, ca = view.get("tls_client_certs"), view.get("tls_client_ca_file")
    if not asks.known or not ca.known:
        draft.unknown("client_certificate", (*asks.origins, *ca.origins))
        return
    state = _asked(asks, ca)
    draft.put("client_certificate", state, (*asks.origins, *(ca.origins if state == "asked" else ())))
    listed = view.get("sasl_mech_list")
    if listed.known:
        login = state != "none" and (listed.value is None or "EXTERNAL" in (offer(view).names or ()))
        draft.put("client_certificate_login", login, listed.origins)


def _asked(asks: Got, ca: Got) -> str:
    """Without a tls_client_ca_file nobody is asked, whatever tls_client_certs says."""
    if asks.word == "off" or ca.value is None:
        return "none"
    return "required" if asks.word == "require" else "asked"


def _put_broken(draft: Draft, service: Service, ran: Command, broken: Broken | None) -> None:
    most = service.arguments.get("maxchild")
    if ran.fault is not None:
        broken = (ran.fault[0], (Origin("sets", ran.fault[1]),))
    elif most is not None and most.known and _none(most.value):
        broken = (f"maxchild={most.value}: no process may serve it", (Origin("sets", most.where),))
    draft.put("broken", broken[0] if broken else None, broken[1] if broken else ())


def _none(text: str) -> bool:
    """Whether atoi(3) reads 0."""
    digits = text.strip().lstrip("+-")
    return not digits[:1].isdigit() or not digits.lstrip("0")[:1].isdigit()
