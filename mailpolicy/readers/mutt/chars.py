"""Texts that know where each of their characters stands, through quotes, continued lines and expansions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.types import Span

UNKNOWN, ENVIRONMENT, COMMAND = "\ufdd0", "\ufdd1", "\ufdd2"
"""Stand in a text for what a template, an environment variable or a command puts there; no file holds them."""
_NOT_KNOWN = frozenset((UNKNOWN, ENVIRONMENT, COMMAND))


class Run(NamedTuple):
    """Characters that stand one after the other in a file: from ``at`` in the text, from ``offset`` in the source."""

    at: int
    source: Source
    offset: int


class Text(NamedTuple):
    """A text and where it comes from."""

    text: str
    runs: tuple[Run, ...] = ()

    @property
    def known(self) -> bool:
        """Whether every character is known."""
        return _NOT_KNOWN.isdisjoint(self.text)

    def slice(self, start: int, end: int) -> Text:
        """The characters from ``start`` to ``end``."""
        if start >= end:
            return Text("", self.runs[:1])
        if len(self.runs) == 1:
            (run,) = self.runs
            return Text(self.text[start:end], (Run(0, run.source, run.offset + start - run.at),))
        first, last = self._run(start), self._run(end - 1)
        runs = tuple(
            run._replace(at=max(0, run.at - start), offset=run.offset + max(0, start - run.at))
            for run in self.runs[first : last + 1]
        )
        return Text(self.text[start:end], runs)

    def span(self, start: int, end: int) -> Span:
        """Where the characters stand, cut where they leave their line or what is written in one piece."""
        first = self._run(start)
        run = self.runs[first]
        stop = self.runs[first + 1].at if first + 1 < len(self.runs) else len(self.text)
        begin = run.offset + start - run.at
        last = self.runs[self._run(max(start, end - 1))]
        if last is not run and last.source is run.source and last.offset > begin:
            finish = last.offset + max(start, end - 1) - last.at + 1
            if run.source.text.find("\n", begin, finish) < 0:
                return run.source.span(begin, finish)
        return run.source.span(begin, begin + max(1, min(end, stop) - start))

    def whole(self) -> Span | None:
        """Where all of it stands; None for nothing."""
        return self.span(0, len(self.text)) if self.text and self.runs else None

    def _run(self, index: int) -> int:
        if len(self.runs) < 2:
            return 0
        return max(0, bisect_right(self.runs, index, key=lambda run: run.at) - 1)


def joined(parts: Iterable[Text]) -> Text:
    """Texts one after the other."""
    texts: list[str] = []
    runs: list[Run] = []
    length = 0
    for part in parts:
        if not part.text:
            continue
        for run in part.runs:
            at, last = run.at + length, runs[-1] if runs else None
            if last is None or run.source is not last.source or run.offset - last.offset != at - last.at:
                runs.append(run._replace(at=at))
        texts.append(part.text)
        length += len(part.text)
    return Text("".join(texts), tuple(runs))


def written(source: Source, start: int, end: int) -> Text:
    """A piece of a file as it stands there."""
    return Text(source.text[start:end], (Run(0, source, start),))


def instead(text: str, where: Text) -> Text:
    """Characters that stand for what is written at ``where``."""
    return Text(text, where.runs[:1])
