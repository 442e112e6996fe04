"""Apache James: smtpserver.xml, imapserver.xml and their like, and mailetcontainer.xml.

After the sources and documentation of James 3.8.2, 3.9.0 and the branch after it; not run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailpolicy.passwords import secret
from mailpolicy.readers.james import listeners, mailets
from mailpolicy.readers.james.common import NEWEST, SOFTWARE, Reading
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Unread, Unreadable, Version, unreadable
from mailpolicy.xml_positions import Element, NotXml, elements

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = "smtpserver.xml, imapserver.xml, pop3server.xml, managesieveserver.xml, lmtpserver.xml, mailetcontainer.xml"
PROVEN = "Apache James 3.8.2 and 3.9.0: sources and documentation; not run"
LIMITS = "mailets of one's own"


_BROUGHT_ALONG = "james72laBalle"
"""The password of the sample configurations' key store."""


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself: each names its own servers."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether a text holds the root element of one of James's files near its start."""
    head = text[:20_000]
    return any(f"<{name}server" in head and "<bind>" in head for name in listeners.PORTS) or (
        "<mailetcontainer" in head and "<processor" in head
    )


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The facts of one file."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable((path,), str(problem))
    try:
        root = elements(source.text)
    except NotXml as problem:
        return unreadable((path,), str(problem), source.span(problem.at))
    servers = _servers(root)
    reading = Reading(source, path, version.numbers if version else _shown(servers))
    if root.name in ("mailetcontainer", "spoolmanager"):
        made = tuple(mailets.facts(reading, root))
        return Inventory(made, tuple(reading.unread), (path,))
    if not servers and root.name.removesuffix("s").removesuffix("server") not in listeners.PORTS:
        reading.unread.append(Unread(reading.tag(root), "is no root element of Apache James", True))
    facts: list[Fact] = []
    for element, protocol in servers:
        made = tuple(listeners.facts(reading, element, protocol))
        if made and protocol == "smtp":
            listeners.mistakes(reading, element)
        facts += (*made, *_secrets(reading, element))
    if any(fact.kind == "listener" and fact.values["protocol"] == "smtp" for fact in facts):
        facts.append(_server(reading, root, servers))
    return Inventory(tuple(facts), tuple(reading.unread), (path,))


def _servers(root: Element) -> list[tuple[Element, str]]:
    """The server elements: those in the root, or the root itself in files of old."""
    names = {f"{protocol}server": protocol for protocol in listeners.PORTS}
    if root.name in names:
        return [(root, names[root.name])]
    return [(child, names[child.name]) for child in root.children if child.name in names]


def _shown(servers: list[tuple[Element, str]]) -> tuple[int, ...]:
    """The version that a file is for: ``auth.required`` came after 3.9."""
    auths = [auth for element, _ in servers if (auth := element.first("auth"))]
    return (3, 10) if any(auth.first("required") for auth in auths) else NEWEST


def _secrets(reading: Reading, element: Element) -> Iterator[Fact]:
    """Passwords of key stores."""
    for names in (("tls", "secret"), ("tls", "clientAuth", "truststoreSecret")):
        value = reading.value(element, *names)
        if value is not None and value.known:
            version = ".".join(map(str, reading.version))
            name = ".".join(names)
            folder = reading.path.rpartition("/")[0]
            fact = secret(SOFTWARE, version, folder, name, value.text, value.where)
            if fact is not None:
                known = value.text == _BROUGHT_ALONG or fact.values["default"]
                yield fact._replace(values={**fact.values, "default": known})


def _server(reading: Reading, root: Element, servers: list[tuple[Element, str]]) -> Fact:
    draft = reading.draft("server", reading.tag(servers[0][0] if servers else root))
    name = next((v for e, _ in servers if (v := reading.value(e, "helloName"))), None)
    draft.maybe("host", name.text if name and name.known else None, name.origins if name else ())
    draft.put("vrfy", False, (reading.by(),))
    draft.put("banner_version", False, (reading.by(),))
    return draft.fact()
