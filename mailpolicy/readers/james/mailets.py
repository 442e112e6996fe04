"""Where James sends mail: the RemoteDelivery mailets of mailetcontainer.xml."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.addresses import host_scope
from mailpolicy.facts import Draft
from mailpolicy.passwords import secret
from mailpolicy.readers.james.common import SOFTWARE, Reading, Value
from mailpolicy.types import Fact, Origin, Span
from mailpolicy.xml_positions import Element


def facts(reading: Reading, root: Element) -> Iterator[Fact]:
    """Connections of every RemoteDelivery, wherever in the processors it stands."""
    pending = [root]
    while pending:
        element = pending.pop()
        pending.extend(reversed(element.children))
        kind = element.attributes.get("class")
        if element.name == "mailet" and kind is not None and kind.value.rpartition(".")[2] == "RemoteDelivery":
            yield from _delivery(reading, element)


def _delivery(reading: Reading, element: Element) -> Iterator[Fact]:
    gateway = reading.value(element, "gateway")
    if gateway is None or not gateway.text:
        yield _connection(reading, element, "*", 25, reading.tag(element), False)
        return
    common = reading.value(element, "gatewayPort")
    for part in re.finditer(r"[^,\s]+", gateway.text):
        where = gateway.where._replace(column=gateway.where.column + part.start())
        where = where._replace(end_column=where.column + len(part[0]))
        host, colon, number = part[0].partition(":")
        port: int | None = 25
        if colon or common is not None:
            text = number if colon else common.text if common else ""
            port = int(text) if text.isdecimal() and 0 < int(text[:6]) < 65536 else None
        known = Value(host, where).known
        yield _connection(reading, element, host if known else None, port, where, bool(colon or common))
    password = reading.value(element, "gatewayPassword")
    if password is not None and password.known:
        fact = secret(
            SOFTWARE,
            ".".join(map(str, reading.version)),
            _folder(reading),
            "gatewayPassword",
            password.text,
            password.where,
        )
        if fact is not None:
            yield fact


def _folder(reading: Reading) -> str:
    return reading.path.rpartition("/")[0]


def _connection(
    reading: Reading, element: Element, host: str | None, port: int | None, where: Span, stated: bool
) -> Fact:
    draft = reading.draft("connection", where)
    by = (Origin("sets", where),)
    queue = reading.value(element, "outgoing")
    draft.put("account", queue.text if queue and queue.text else "outgoing")
    draft.put("protocol", "smtp")
    draft.maybe("host", host, by)
    draft.maybe("scope", "any" if host == "*" else host_scope(host) if host else None, by)
    draft.maybe("port", port, by)
    draft.put("port_stated", stated)
    draft.put("broken", None)
    mode, told = _mode(reading, element)
    draft.maybe("tls", mode, told)
    _put_verify(draft, reading, element, mode)
    user = reading.value(element, "gatewayUsername") or reading.value(element, "gatewayusername")
    password = reading.value(element, "gatewayPassword")
    signs_in = user is not None and host != "*"
    draft.put("role", "submission" if signs_in else "relay", user.origins if user and signs_in else ())
    draft.put("authenticates", signs_in, user.origins if user and signs_in else ())
    kept = "none" if password is None or not signs_in else "literal" if password.known else None
    draft.maybe("credential", kept, password.origins if password else ())
    draft.maybe("cleartext_credentials", None if mode is None else signs_in and mode in ("none", "opportunistic"), told)
    return draft.fact()


def _mode(reading: Reading, element: Element) -> tuple[str | None, tuple[Origin, ...]]:
    """sslEnable, else startTLS, which goes on in clear unless a property of JavaMail demands it."""
    ssl, start = reading.value(element, "sslEnable"), reading.value(element, "startTLS")
    enable = reading.value(element, "mail.smtp.starttls.enable") or start
    required = reading.value(element, "mail.smtp.starttls.required")
    values = [value for value in (ssl, enable, required) if value is not None]
    if any(value.yes is None for value in values):
        return None, tuple(origin for value in values for origin in value.origins)
    if ssl is not None and ssl.yes:
        return "implicit", ssl.origins
    if required is not None and required.yes:
        return "required", required.origins
    if enable is not None and enable.yes:
        return "opportunistic", enable.origins
    return "none", enable.origins if enable else ssl.origins if ssl else (reading.by(),)


def _put_verify(draft: Draft, reading: Reading, element: Element, mode: str | None) -> None:
    trust, identity = reading.value(element, "sslTrustAllCerts"), reading.value(element, "verifyServerIdentity")
    if mode == "none":
        draft.put("verify", "none")
    elif trust is not None and trust.yes is not False:
        draft.maybe("verify", "none" if trust.yes else None, trust.origins)
    elif identity is not None and identity.yes is not True:
        draft.maybe("verify", "ca-noname" if identity.yes is False else None, identity.origins)
    else:
        draft.put("verify", "ca", (reading.by(),))
