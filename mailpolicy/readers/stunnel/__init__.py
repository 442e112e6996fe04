"""stunnel: a file of /etc/stunnel with what it includes, for the mail that passes through it.

After stunnel(8) of 5.68 and 5.74 and what both were seen to do.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from mailpolicy.foreign import is_foreign
from mailpolicy.readers.stunnel.facts import SOFTWARE, Context, facts, mail, secrets
from mailpolicy.readers.stunnel.services import faults, services
from mailpolicy.readers.stunnel.syntax import GLOBAL, SERVICE, Line, load
from mailpolicy.tree import Tree
from mailpolicy.types import Inventory, Span, Unread, Unreadable, Version

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = "stunnel.conf"
PROVEN = "stunnel 5.68 and 5.74, run with the same files"
LIMITS = "engines and PKCS #11"

NEWEST = (5, 74)
_SECTION = re.compile(r"^[ \t]*\[[^\]\n]+\]", re.MULTILINE)
_OPTION = re.compile(r"^[ \t]*(accept|connect|cert|client|sslVersion(?:Min|Max)?|verifyChain)[ \t]*=", re.MULTILINE)


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself, as Debian starts one stunnel for each; those that may include others come first."""
    return [(path,) for path in sorted(paths, key=lambda p: (p.count("/"), paths.index(p)))]


def sniff(text: str) -> bool:
    """Whether sections in brackets hold accept and connect, or a certificate."""
    head = text[:50_000]
    named = {found[1] for found in _OPTION.finditer(head)}
    return bool(_SECTION.search(head)) and "accept" in named and len(named) > 1


def _is_foreign(tree: Tree, path: str) -> bool:
    try:
        return is_foreign(tree.source(path).text)
    except Unreadable:
        return False


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The mail services of one configuration. When it has none, nothing is said."""
    path = paths[0]
    loaded = load(tree, path)
    if not loaded.lines:
        unread = loaded.unread or (Unread(Span(path, 1, 1, 2), "holds no option", True),)
        return Inventory((), unread, loaded.files, loaded.notes)
    if not any(line.name in SERVICE or line.name in GLOBAL for line in loaded.lines):
        if _is_foreign(tree, path):
            return Inventory((), (), loaded.files, (f"{path}: begins like a file of another program, not of stunnel",))
        why = "is no stunnel configuration: no line holds an option of stunnel"
        return Inventory((), (Unread(loaded.lines[0].where, why, True),), loaded.files)
    common, made = services(loaded.lines)
    context = Context(path, version.numbers if version else NEWEST)
    hidden = tuple(secrets(loaded.lines, context))
    offered = [service for service, _ in made]
    if not any(mail(service) for service in offered):
        return Inventory(hidden, tuple(u for u in loaded.unread if u.fatal), loaded.files)
    notes = [*loaded.notes, *_notes(loaded.lines)]
    part = "conf.d" in posixpath.dirname(path) and not any(line.name in GLOBAL for line in loaded.lines)
    refused = faults(common, made, not (part or loaded.templated or loaded.notes))
    unread = (*loaded.unread, *refused)
    if refused:
        notes.append(f"{path}: stunnel does not start with this configuration; no listener is stated")
        return Inventory(hidden, unread, loaded.files, tuple(notes))
    return Inventory((*facts(offered, context), *hidden), unread, loaded.files, tuple(notes))


def _notes(found: tuple[Line, ...]) -> list[str]:
    filled = next((line for line in found if not line.known), None)
    if filled is None:
        return []
    return [f"{filled.where}: a template fills this in; what it sets is not known"]
