"""Tables of providers in mail programs for Android: ``providers.xml`` of K-9 Mail and of FairEmail.

After ProvidersXmlDiscovery.kt of K-9 Mail 6.8 and EmailProvider.java, EmailService.java of FairEmail 1.22xx: both begin
TLS at once or demand STARTTLS, and check chain and name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailpolicy.facts import Draft
from mailpolicy.providers import wants_oauth2
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Span, Unread, Unreadable, Version, unreadable
from mailpolicy.xml_positions import Element, NotXml, Text, elements

SOFTWARE = "k9"
FILES = "providers.xml of K-9 Mail, FairEmail and Android's old mail program"
PROVEN = "K-9 Mail 6.8 and FairEmail 1.22: read in source"
LIMITS = "patterns of domains and OAuth settings are not judged"

_URI = re.compile(r"(?P<scheme>imap|pop3|smtp)(?P<secure>\+(?:ssl|tls))?(?P<more>\+(?:trustallcerts)?)?://(?P<rest>.*)")
_HOST = re.compile(r"(?P<host>[^:/]*)(?::(?P<port>[0-9]{1,5}))?/?")
_PORTS = {"imap": (143, 993), "pop3": (110, 995), "smtp": (587, 465)}
_MODES = {"+ssl": "implicit", "+tls": "required", None: "none"}
_FILLED = re.compile(r"\{\{|\{%|<%|\$(?:domain|\{)|@[A-Z_]+@")


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each table by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether a text is a table of mail providers in one of the two forms."""
    if "<providers" not in text[:20_000]:
        return False
    return re.search(r"<incoming\s+uri\s*=|<imap\s+host\s*=|<imap\s[^>]*\bstarttls\s*=", text) is not None


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The servers of all providers, in the order of the file."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable((path,), str(problem))
    try:
        root = elements(source.text)
    except NotXml as problem:
        return unreadable((path,), str(problem), source.span(problem.at))
    if root.name != "providers":
        return Inventory(
            unread=(Unread(Span(path, 1, 1, 2), "is no table of mail providers", fatal=True),), files=(path,)
        )
    facts: list[Fact] = []
    unread: list[Unread] = []
    for provider in root.all("provider"):
        if provider.first("incoming") is not None or provider.first("outgoing") is not None:
            _by_uri(source, provider, path, facts, unread)
        else:
            _by_host(source, provider, path, facts, unread)
    return Inventory(tuple(facts), tuple(unread), (path,))


def _name(provider: Element, protocol: str) -> str:
    found = next((provider.attributes[key] for key in ("id", "name", "label") if key in provider.attributes), None)
    return f"{found.value if found is not None else 'provider'} {protocol}"


def _tag(source: Source, element: Element) -> Span:
    return source.span(element.start + 1, element.start + 1 + len(element.name))


def _by_uri(source: Source, provider: Element, path: str, facts: list[Fact], unread: list[Unread]) -> None:
    """The form of K-9 Mail, which leaves out a provider that lacks a direction, an address or a name to log in with."""
    for name in ("incoming", "outgoing", *(f"{one}-fallback" for one in ("incoming", "outgoing"))):
        element = provider.first(name)
        if element is None:
            if not name.endswith("-fallback"):
                unread.append(Unread(_tag(source, provider), f"the provider has no {name} server and is left out"))
            continue
        uri, user = element.attributes.get("uri"), element.attributes.get("username")
        found = _URI.fullmatch(uri.value) if uri is not None else None
        if uri is None or found is None:
            where = source.span(uri.start, uri.end) if uri is not None and uri.value else _tag(source, element)
            unread.append(Unread(where, "is no address that K-9 Mail knows"))
            continue
        if user is None:
            unread.append(Unread(_tag(source, element), "has no username and is left out"))
            continue
        by = (Origin("sets", source.span(uri.start, uri.start + found.end("secure" if found["secure"] else "scheme"))),)
        told = {"tls": Told(_MODES[found["secure"]], by)}
        if found["more"] == "+trustallcerts":
            told["verify"] = Told("none", by)
        place = _HOST.fullmatch(found["rest"])
        at = uri.start + found.start("rest")
        host = Text(place["host"], at, at + len(place["host"])) if place else uri
        port = (
            Text(place["port"], at + place.start("port"), at + place.end("port")) if place and place["port"] else None
        )
        told["account"] = Told(_name(provider, found["scheme"]))
        facts.append(_fact(source, path, element, found["scheme"], told, host if place else None, port))


def _by_host(source: Source, provider: Element, path: str, facts: list[Fact], unread: list[Unread]) -> None:
    """The form of FairEmail."""
    for name, protocol in (("imap", "imap"), ("pop", "pop3"), ("smtp", "smtp")):
        element = provider.first(name)
        if element is None:
            continue
        host, port = element.attributes.get("host"), element.attributes.get("port")
        if host is None or port is None:
            unread.append(Unread(_tag(source, element), "names no host or no port"))
        switch = element.attributes.get("starttls")
        by = (Origin("sets", source.span(switch.start, switch.end)),) if switch is not None and switch.value else ()
        told = {"tls": Told("required" if switch is not None and switch.value.lower() == "true" else "implicit", by)}
        told["account"] = Told(_name(provider, protocol))
        facts.append(_fact(source, path, element, protocol, told, host, port))


def _fact(
    source: Source,
    path: str,
    element: Element,
    protocol: str,
    told: dict[str, Told],
    host: Text | None,
    port: Text | None,
) -> Fact:
    told["protocol"], told["role"] = Told(protocol), Told("submission" if protocol == "smtp" else "access")
    if host is None or not host.value or _FILLED.search(host.value):
        told["host"] = unknown((Origin("sets", source.span(host.start, host.end)),) if host is not None else ())
    else:
        told["host"] = Told(host.value.lower(), (Origin("sets", source.span(host.start, host.end)),))
    tls = told["tls"]
    told["port_stated"] = Told(port is not None)
    if port is None:
        told["port"] = Told(_PORTS[protocol][tls.value == "implicit"], tls.by)
    else:
        number = int(port.value) if port.value.isdecimal() and len(port.value) < 8 else 0
        told["port"] = maybe(
            number if 0 < number < 65536 else None, (Origin("sets", source.span(port.start, port.end)),)
        )
    if tls.value != "none" and "verify" not in told:
        told["verify"] = Told("ca", tls.by)
    told["authenticates"], told["credential"] = Told(True), Told("prompt")
    if host is not None and wants_oauth2(host.value):
        told["mechanisms"] = unknown(told["host"].by)  # both programs have OAuth clients of their own for these
    told["cleartext_credentials"] = Told(tls.value == "none", tls.by)
    if protocol == "pop3":
        told["deletes_on_server"] = Told(None)
    draft = Draft("connection", _tag(source, element))
    draft.put("software", SOFTWARE)
    draft.put("instance", path)
    return connection(draft, told)
