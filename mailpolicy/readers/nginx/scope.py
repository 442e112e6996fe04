"""What holds in a server: its own directives, else those of the block around it, else the default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.nginx.parser import Node, Word
from mailpolicy.types import Origin


class Found(NamedTuple):
    """The words of a setting. ``words`` is None when they are not known, empty when it is not set."""

    words: tuple[Word, ...] | None
    origins: tuple[Origin, ...]

    @property
    def text(self) -> str:
        """The last word; the empty string when there is none."""
        return self.words[-1].text if self.words else ""


class Level:
    """The directives of one block, by name."""

    def __init__(self, block: tuple[Node, ...]) -> None:
        named: dict[str, list[Node]] = {}
        for node in block:
            if not node.writes:
                named.setdefault(node.name.text, []).append(node)
        self.named: Mapping[str, Sequence[Node]] = named
        self.writes = any(node.writes for node in block)
        """Whether a template or a file that is not here may set more."""


class Scope:
    """A server block within the block around it. ``opened``: more may be set there, in a place that is not known."""

    def __init__(self, levels: Sequence[Level], program: str, opened: bool = False) -> None:
        self.levels = tuple(levels)
        """The outermost first."""
        self.program = program
        self.open = tuple(level.writes or (opened and index == 0) for index, level in enumerate(levels))

    def find(self, name: str) -> Found:
        """Words of all directives of a name in the innermost block that has one; others have no effect then."""
        origins: list[Origin] = []
        words: tuple[Word, ...] | None = ()
        for level, opened in zip(self.levels, self.open, strict=True):
            nodes = [node for node in level.named.get(name, ()) if node.block is None]
            if nodes:
                how = "overrides" if origins else "sets"
                words = tuple(word for node in nodes for word in node.args)
                origins += [Origin(how, word.span) for word in words]
                if any(node.maybe for node in nodes) or not all(word.known for word in words):
                    words = None
            elif opened:
                words = None
        if not origins and words is not None:
            origins = [Origin("default", None, self.program)]
        return Found(words, tuple(origins))

    def nodes(self, *names: str) -> Sequence[Node]:
        """Directives of some names in the innermost block that has one, name by name."""
        for level in reversed(self.levels):
            found = [node for name in names for node in level.named.get(name, ())]
            if found:
                return found
        return ()
