"""What holds in a server: its own directives, else those of the block around it, else the default."""

from __future__ import annotations

from collections.abc import Sequence

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


class Scope:
    """A server block within the block around it. ``open``: more may be set in a place that is not known."""

    def __init__(self, levels: Sequence[tuple[Node, ...]], program: str, opened: bool = False) -> None:
        self.levels = tuple(levels)
        """Directives of each block, the outermost first."""
        self.program = program
        self.open = [opened and index == 0 for index in range(len(levels))]
        for index, level in enumerate(levels):
            self.open[index] = self.open[index] or any(node.writes for node in level)

    def find(self, name: str) -> Found:
        """Words of all directives of a name in the innermost block that has one; in others they are no more valid."""
        origins: list[Origin] = []
        words: tuple[Word, ...] | None = ()
        hidden = False
        for level, opened in zip(self.levels, self.open, strict=True):
            nodes = [node for node in level if node.name.text == name and node.block is None]
            hidden = opened or (hidden and not nodes)
            if nodes:
                how = "overrides" if origins else "sets"
                words = tuple(word for node in nodes for word in node.args)
                origins += [Origin(how, word.span) for word in words]
                if any(node.maybe for node in nodes) or not all(word.known for word in words):
                    words = None
                hidden = False
            elif opened:
                words = None
        if not origins and not hidden and words is not None:
            origins = [Origin("default", None, self.program)]
        return Found(words, tuple(origins))

    def nodes(self, name: str) -> tuple[Node, ...]:
        """Directives of a name in the innermost block that has one."""
        for level in reversed(self.levels):
            found = tuple(node for node in level if node.name.text == name)
            if found:
                return found
        return ()
