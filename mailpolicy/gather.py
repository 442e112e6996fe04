"""Paths to files, files to facts."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from mailpolicy import containers, policy
from mailpolicy.lean import NamedTuple
from mailpolicy.policy import Policy
from mailpolicy.readers import PATTERNS, SHARED, Reader, format_of, formats_of, load
from mailpolicy.tree import Tree, walk
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version

_COPY = re.compile(r"^(?:bak|backup|old|orig)[._-]|[._-]?[0-9]{6,8}(?:[._-]?[0-9]{2,6})*$|\.orig$")
"""What is put before or behind a file's name to keep an older state of it."""


class Gathered(NamedTuple):
    """All that the files say, before it is judged."""

    inventory: Inventory
    recognised: int
    """Files that some reader took."""
    errors: tuple[tuple[str, str], ...]


def gather(tree: Tree, paths: Sequence[str], site: Policy, assume: Mapping[str, Version]) -> Gathered:
    """Reads every recognised file below the paths. What cannot be read is an error of the run."""
    errors: list[tuple[str, str]] = []
    notes: list[str] = []
    by_format = _discover(tree, paths, site, errors, notes)
    inventory = read_all(tree, by_format, lambda program, path: _version(site, assume, program, path))
    facts = with_hosts(inventory.facts, site)
    inventory = inventory._replace(facts=facts, notes=tuple(dict.fromkeys((*notes, *inventory.notes))))
    errors += [(unread.where.file, _fatal(unread)) for unread in inventory.unread if unread.fatal]
    return Gathered(inventory, sum(map(len, by_format.values())), tuple(dict.fromkeys(errors)))


def with_hosts(facts: tuple[Fact, ...], site: Policy) -> tuple[Fact, ...]:
    """Listeners and connections with the declared name and role of the host that they are on."""
    return tuple(_with_host(fact, site) for fact in facts) if site.hosts else facts


def _with_host(fact: Fact, site: Policy) -> Fact:
    instance = fact.values.get("instance")
    if fact.kind not in ("listener", "connection") or not isinstance(instance, str):
        return fact
    around = [host for host in site.hosts if policy.inside(os.path.join(instance, "x"), host[0])]
    if not around:
        return fact
    _, name, role = max(around, key=lambda host: len(host[0]))
    return fact._replace(values={**fact.values, "host_name": name, "host_role": role})


def _fatal(unread: Unread) -> str:
    where = unread.where
    return f"line {where.line}, column {where.column}: {unread.why}" if where[1:] != (1, 1, 2) else unread.why


def read_all(
    tree: Tree, by_format: Mapping[str, Sequence[str]], version: Callable[[str, str], Version | None]
) -> Inventory:
    """Everything that files say, given by format; ``version(program, path)`` tells what to assume."""
    facts: list[Fact] = []
    unread: list[Unread] = []
    files: list[str] = []
    notes: list[str] = []
    for name, paths in by_format.items():
        reader = load(name)
        seen: set[str] = set()
        for group in reader.groups(paths):
            left = tuple(path for path in group if path not in seen)
            if left:
                made = _read(reader, tree, left, version(_program(reader, left[0]), left[0]))
                facts += made.facts
                unread += made.unread
                unread += _empty(tree, set(left).intersection(made.files), made)
                notes += made.notes
                seen.update(made.files or left)
        files += sorted(seen)
    reached, unpublished = containers.reached(tree, facts)
    return Inventory(reached, tuple(unread), tuple(files), tuple(dict.fromkeys((*notes, *unpublished))))


def _program(reader: Reader, path: str) -> str:
    """The name of the program in ``--assume``; a reader of several programs tells it by the file (``software``)."""
    told = getattr(reader, "software", None)
    return reader.SOFTWARE if told is None else str(told(path))


def _empty(tree: Tree, paths: Iterable[str], made: Inventory) -> Iterable[Unread]:
    """Files that a reader takes for its own and that hold nothing, which is seldom meant."""
    for path in sorted(paths):
        try:
            blank = not tree.source(path).text.strip()
        except Unreadable:
            continue  # its reader has said so
        if blank and all(unread.where.file != path for unread in made.unread):
            yield Unread(Span(path, 1, 1, 2), "is empty")


def _read(reader: Reader, tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """One group; a fault of ours in a reader must not take the other groups with it, nor pass in silence."""
    try:
        return reader.read(tree, paths, version)
    except Exception as problem:
        why = f"mailpolicy failed on it ({type(problem).__name__}: {problem}): please report this"
        return Inventory(unread=(Unread(Span(paths[0], 1, 1, 2), why, True),), files=paths)


def _discover(
    tree: Tree, paths: Sequence[str], site: Policy, errors: list[tuple[str, str]], notes: list[str]
) -> dict[str, list[str]]:
    """Files by format, in the order of the list of readers."""
    found: dict[str, list[str]] = {name: [] for name in PATTERNS}
    for path in dict.fromkeys(os.path.normpath(path) for path in paths):
        if os.path.isdir(path):
            for file, is_folder in walk(path, errors):
                names = [] if policy.excluded(site, file) else _formats(tree, file, is_folder, notes)
                kept = _kept_beside(file) if names else None
                if kept is not None:
                    notes.append(f"{file}: is a copy that was kept beside {kept}; not read")
                elif is_folder and names:
                    errors.append((file, "is an empty folder, not a file"))
                else:
                    for name in names:
                        found[name].append(file)
        elif not policy.excluded(site, path):
            names = _formats(tree, path, False, []) or _sniffed(tree, path, errors)
            for name in names:
                found[name].append(path)
            if not names and all(path != failed for failed, _ in errors):
                notes.append(f"{path}: is no configuration that mailpolicy reads by itself; not read")
    return {name: list(dict.fromkeys(files)) for name, files in found.items() if files}


def _formats(tree: Tree, path: str, is_folder: bool, notes: list[str]) -> list[str]:
    """The formats of a file or folder; a file that may or may not be of one and cannot be read is noted.

    Folders that hold something may have the name of a configuration (``mailrc/.mailrc``); an empty one is what
    docker makes of a file that is not there.
    """
    if is_folder:
        named = None if tree.names(path) else format_of(path)
        return [] if named is None or _by_chance(path, True, named) else [named]
    try:
        names = formats_of(path, lambda: tree.source(path).text)
    except Unreadable as problem:
        notes.append(f"{path}: {problem}; whether it holds mail settings is not known")
        return []
    return [] if names and names[0] not in SHARED and _by_chance(path, False, names[0]) else names


def _kept_beside(path: str) -> str | None:
    """The file that an older copy was made of, as ``main.cf`` of ``main.cf.orig`` or ``main.cf_20260101``, if here."""
    folder, name = os.path.split(path)
    plain = _COPY.sub("", name)
    beside = os.path.join(folder, plain)
    return beside if plain != name and os.path.isfile(beside) else None


def _by_chance(path: str, is_folder: bool, name: str) -> bool:
    """Whether a folder, or a link that leads to no file, bears a name that does not tell the program by itself.

    Such are the folders below nginx/sites and the links below fonts/conf.d.
    """
    if format_of(os.path.basename(path)) is not None:
        return False
    return is_folder or (name not in path and not os.path.isfile(path))


def _sniffed(tree: Tree, path: str, errors: list[tuple[str, str]]) -> list[str]:
    """The format that the content of a file tells, for a file that was named on the command line."""
    try:
        text = tree.source(path).text
    except Unreadable as problem:
        errors.append((path, str(problem)))
        return []
    return [name for name in PATTERNS if load(name).sniff(text)][:1]


def _version(site: Policy, assume: Mapping[str, Version], program: str, path: str) -> Version | None:
    """``hosts:`` speaks for the folders that it names, ``--assume`` for the rest."""
    best: tuple[int, Version] | None = None
    for folder, name, version in site.versions:
        if name == program and policy.inside(path, folder) and (best is None or len(folder) > best[0]):
            best = (len(folder), version)
    return best[1] if best else assume.get(program)
