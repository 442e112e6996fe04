"""Files that hold passwords and that others on the machine may read."""

from __future__ import annotations

from collections.abc import Iterable

from mailpolicy.facts import Draft
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Origin, Span


def derive(facts: Iterable[Fact], tree: Tree) -> tuple[Fact, ...]:
    """A ``file`` fact for each file with a password in it whose mode is known, shown at its first password."""
    first: dict[str, Span] = {}
    for fact in facts:
        if fact.kind == "secret":
            where = [origin.where for origin in fact.origins["storage"] if origin.where][-1]
            first[where.file] = min(first.get(where.file, where), where)
    return tuple(_file(where, mode) for path, where in first.items() if (mode := tree.mode(path)) is not None)


def _file(where: Span, mode: int) -> Fact:
    draft = Draft("file", where)
    at = (Origin("implies", where, f"the file's mode {mode:04o}"),)
    draft.put("file", where.file)
    draft.put("mode", f"{mode:04o}", at)
    draft.put("others_read", bool(mode & 0o044), at)
    return draft.fact()
