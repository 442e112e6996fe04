"""What keeps Cyrus, or one of its services, from running, though each line is well formed."""

from __future__ import annotations

from mailpolicy.readers.cyrus.imapd_conf import Entry, Parsed
from mailpolicy.readers.cyrus.options import KNOWN, TYPED, fault
from mailpolicy.readers.cyrus.settings import View
from mailpolicy.tree import Tree, lost, place
from mailpolicy.types import Origin, Span, Unread

Broken = tuple[str, tuple[Origin, ...]]
_NO_PARTITIONS = frozenset(("timsieved",))


def whole(parsed: Parsed, path: str) -> list[Unread]:
    """Values and gaps for which the master refuses the configuration."""
    found = []
    for entry in parsed.entries.values():
        name = _meant(entry.key, "master")
        why = fault(name, entry.value) if name in KNOWN and entry.known else None
        if why is not None:
            found.append(Unread(entry.where, f"{why}: Cyrus does not start"))
    folder = parsed.entries.get("configdirectory")
    if folder is None and parsed.complete and parsed.understood:
        found.append(Unread(Span(path, 1, 1, 2), "configdirectory is not set: Cyrus does not start"))
    elif folder is not None and folder.known and (not folder.value.startswith("/") or folder.value == "/"):
        found.append(Unread(folder.where, "configdirectory must be an absolute path, not /: Cyrus does not start"))
    return found


def _meant(key: str, service: str) -> str:
    """The option that a line sets for a service."""
    bare = key.removeprefix(f"{service}_")
    return bare if bare != key and bare in KNOWN else key


def dead(view: View, program: str) -> Broken | None:
    """Why a service's program ends at once, though the master runs."""
    if view.parsed is None:
        return None
    for name in TYPED:
        entry = view.parsed.entries.get(f"{view.service}_{name}")
        why = fault(name, entry.value) if entry is not None and entry.known else None
        if why is not None and entry is not None:
            return f"{why}: {program} ends at once", _of(entry)
    return _partition(view, program)


def _partition(view: View, program: str) -> Broken | None:
    """``config_need_data``: the default partition, or else any, must have a place."""
    parsed, name = view.parsed, view.get("defaultpartition")
    if parsed is None or not parsed.complete or program in _NO_PARTITIONS or "mupdate_server" in parsed.entries:
        return None
    if name.value is None:
        return None if parsed.partitions else ("no partition-… is set", ())
    key = f"partition-{name.value.lower()}"
    if not name.known or key in parsed.entries or f"{view.service}_{key}" in parsed.entries:
        return None
    return f"{key} is not set", name.origins


def missing(view: View, tree: Tree, home: str) -> Broken | None:
    """A certificate or key that is missing from a folder of the tree that holds others: every handshake fails."""
    for option in ("tls_server_cert", "tls_server_key"):
        got = view.get(option)
        if got.entry is None or not got.known:
            continue
        for name in got.entry.value.split(","):
            path = place(name, "/etc", home) if name.startswith("/") else None
            if path is not None and lost(tree, path):
                return f"{name} does not exist", _of(got.entry)
    return None


def _of(entry: Entry) -> tuple[Origin, ...]:
    return (Origin("sets", entry.where),)
