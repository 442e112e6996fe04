"""Mail autoconfig: ``config-v1.1.xml`` as Thunderbird and others fetch it, and files of the ISP database.

After Thunderbird's ``readFromXML`` and draft-ietf-mailmaint-autoconfig-06 (clientConfig 1.1 and 1.2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mailpolicy.readers.autoconfig.sections import PROTOCOLS, RANK, SOFTWARE, Reading, Section, connection, tls_of
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Unread, Unreadable, Version, unreadable
from mailpolicy.xml_positions import Element, NotXml, elements

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = "config-v1.1.xml, autoconfig.xml, ispdb/*"
PROVEN = "Thunderbird's reader, read in its source, and draft-ietf-mailmaint-autoconfig-06"
LIMITS = "what a client does with it beyond the first server that it can use"

_DIRECTIONS = ("incomingServer", "outgoingServer", "setupServer")


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether a text holds a clientConfig element near its start, and an emailProvider in it."""
    head = text[:8000]
    return "<clientConfig" in head and "<emailProvider" in head


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The server sections of one file as connections, in the order of the file."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable((path,), str(problem))
    try:
        root = elements(source.text)
    except NotXml as problem:
        code = "<?php" in source.text or "<?=" in source.text
        words = "is a PHP program; the XML it would write cannot be read" if code else str(problem)
        return unreadable((path,), words, source.span(problem.at))
    reading = Reading(source, path)
    provider = root.first("emailProvider") if root.name == "clientConfig" else None
    if provider is None:
        wrong = "clientConfig without an emailProvider" if root.name == "clientConfig" else "no clientConfig"
        return unreadable((path,), f"is {wrong}", reading.tag(root))
    for other in root.all("emailProvider")[1:]:
        reading.unread.append(Unread(reading.tag(other), "clients read the first emailProvider only"))
    if provider.first("domain") is None:
        reading.unread.append(Unread(reading.tag(provider), "clients refuse an emailProvider without a domain"))
    servers = [child for child in (*provider.children, *root.all("setupServer")) if child.name in _DIRECTIONS]
    sections, notes = _sections(reading, servers)
    facts: list[Fact] = []
    for section, before in zip(sections, _before(sections), strict=True):
        facts.extend(connection(reading, section, before))
    return Inventory(tuple(facts), tuple(reading.unread), (path,), tuple(notes))


def _sections(reading: Reading, servers: Sequence[Element]) -> tuple[list[Section], list[str]]:
    """Sections that name a mail socket, counted by protocol; what else there is goes to the notes."""
    found: list[Section] = []
    notes: list[str] = []
    counts: dict[str, int] = {}
    for element in servers:
        kind = element.attributes.get("type")
        known = PROTOCOLS.get((element.name, kind.value)) if kind else None
        if kind is None or (known is None and kind.value.lower() in ("imap", "pop3", "smtp", "pop", "")):
            where = reading.span(kind) if kind and kind.value else reading.tag(element)
            reading.unread.append(Unread(where, f"clients leave out an {element.name} of this type"))
        elif known is None:
            notes.append(f"{reading.path}: {element.name} of type {kind.value[:40]} names no mail socket")
        else:
            counts[known[0]] = counts.get(known[0], 0) + 1
            found.append(Section(element, f"{known[0]} {counts[known[0]]}", *known))
    return found, notes


def _before(sections: Sequence[Section]) -> list[dict[str, bool]]:
    """Whether each section stands before a safer one of its direction, and a pop3 one before an imap one.

    A section behind one that is as safe as any later one is a second choice that no order improves.
    """
    safest: dict[str, int] = {}
    imap = False
    above = _safest_above(sections, lambda section: section.element.name)
    alike = _safest_above(sections, lambda section: section.protocol)
    out: list[dict[str, bool]] = []
    for section, best, same in zip(reversed(sections), reversed(above), reversed(alike), strict=True):
        mode = tls_of(section)[0]
        direction = section.element.name
        held: dict[str, bool] = {}
        if mode is not None:
            held["listed_before_safer"] = safest.get(direction, -1) > max(RANK[mode], best)
            held["listed_after_safer"] = same > RANK[mode]
            safest[direction] = max(safest.get(direction, -1), RANK[mode])
        if section.protocol == "pop3":
            held["listed_before_imap"] = imap
        imap = imap or section.protocol == "imap"
        out.append(held)
    return out[::-1]


def _safest_above(sections: Sequence[Section], kind: Callable[[Section], str]) -> list[int]:
    """For each section the rank of the safest one above it of its kind; -1 where there is none."""
    safest: dict[str, int] = {}
    out = []
    for section in sections:
        mode = tls_of(section)[0]
        out.append(safest.get(kind(section), -1))
        if mode is not None:
            safest[kind(section)] = max(out[-1], RANK[mode])
    return out
