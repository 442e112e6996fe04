"""Findings and facts as reports show them: paths from the project's root, fingerprints, masked lines."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from mailpolicy import policy
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Finding, Inventory, Origin, Span, Unreadable

_NAMED = 3
"""Places that a note about several of them names."""


def bases(paths: Sequence[str]) -> tuple[str | None, str]:
    """The project's root, which reports show paths from, and the folder that fingerprints count from."""
    first = os.path.abspath(paths[0] if paths else ".")
    folder = first if os.path.isdir(first) else os.path.dirname(first)
    root = _above(folder, (".git",)) or _above(folder, policy.NAMES)
    return root, root or folder


def _above(folder: str, names: Sequence[str]) -> str | None:
    """The nearest folder upwards that holds one of the names."""
    while not any(os.path.exists(os.path.join(folder, name)) for name in names):
        if os.path.dirname(folder) == folder:
            return None
        folder = os.path.dirname(folder)
    return folder


def shown(path: str, base: str | None) -> str:
    """A path from the project's root; as it was given where there is none, or outside of it."""
    if base is None or not path:
        return path
    full = os.path.abspath(path)
    inside = full == base or full.startswith(base.rstrip(os.sep) + os.sep)
    return os.path.relpath(full, base).replace(os.sep, "/") if inside else path


def _moved(span: Span, base: str | None) -> Span:
    return span._replace(file=shown(span.file, base))


def _steps(origins: Iterable[Origin], base: str | None) -> tuple[Origin, ...]:
    return tuple(o._replace(where=_moved(o.where, base)) if o.where else o for o in origins)


def rebased(finding: Finding, base: str | None) -> Finding:
    return finding._replace(where=_moved(finding.where, base), because=_steps(finding.because, base))


def presentable(inventory: Inventory, paths: Sequence[str]) -> Inventory:
    """An inventory whose paths are those that reports show."""
    base, _ = bases(paths)
    if base is None:
        return inventory
    return inventory._replace(
        facts=tuple(_presentable(fact, base) for fact in inventory.facts),
        unread=tuple(unread._replace(where=_moved(unread.where, base)) for unread in inventory.unread),
    )


def _presentable(fact: Fact, base: str) -> Fact:
    values = dict(fact.values)
    if isinstance(instance := values.get("instance"), str):
        values["instance"] = shown(instance, base)
    return fact._replace(values=values, origins={name: _steps(o, base) for name, o in fact.origins.items()})


def notes(raw: Iterable[str], base: str | None) -> tuple[str, ...]:
    """Notes with presentable paths; what is said of several places is said once."""
    groups: dict[str, list[str]] = {}
    for note in raw:
        place, _, words = note.partition(": ")
        path, *rest = place.split(":", 1)
        inner, _, last = words.partition(" ")
        words = f"{shown(inner, base)} {last}" if os.sep in inner else words
        groups.setdefault(words, []).append(":".join([shown(path, base), *rest]))
    return tuple(_note(places, words) for words, places in groups.items())


def _note(places: list[str], words: str) -> str:
    if len(places) == 1:
        return f"{places[0]}: {words}"
    more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    return f"{words}: {', '.join(places[:_NAMED])}{more}"


def _digest(text: str) -> str:
    """BLAKE2b of a text, 16 bytes. From the module behind hashlib, which itself loads all of OpenSSL."""
    try:
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def fingerprinted(findings: Iterable[Finding], anchor: str) -> Iterable[Finding]:
    """A hash of rule, path, object and value; a number more where two would be the same."""
    seen: dict[str, int] = {}
    for finding in findings:
        path = os.path.relpath(os.path.abspath(finding.where.file), anchor).replace(os.sep, "/")
        text = f"{finding.fingerprint}\x1f{path}"
        seen[text] = seen.get(text, 0) + 1
        if seen[text] > 1:
            text += f"\x1f{seen[text]}"
        yield finding._replace(fingerprint=_digest(text))


def lines(tree: Tree, spans: Iterable[Span], facts: Iterable[Fact]) -> dict[tuple[str, int], str]:
    """The text of every line that reports show, secrets masked, by file and line."""
    spans = list(spans)
    if not spans:
        return {}
    from mailpolicy import mask  # its patterns cost time that a run without findings does not pay

    secrets = mask.spans(facts)
    found = {}
    for span in spans:
        key = (span.file, span.line)
        if key not in found:
            try:
                text = tree.source(span.file).line(span.line)
            except Unreadable:
                text = ""
            found[key] = mask.mask(text, secrets.get(key, ()))
    return found
