"""m4 as far as sendmail.mc needs it: each character keeps the place where it stands (GNU m4 1.4.19).

Text is read as m4 reads it: names of macros are expanded anywhere outside of quotes, in what follows ``#``
too once Sendmail's own cf.m4 has said ``changecom()``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.sendmail.model import Run, Text
from mailpolicy.types import Span

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOO_FAR = "the macros that are called here lead too far to be followed"
_DEEPEST, _CALLS, _LONGEST = 60, 20_000, 1_000_000


class Stopped(Exception):
    """m4 or this program ends here."""

    def __init__(self, why: str, where: Span | None) -> None:
        super().__init__(why)
        self.where = where


class Macro(NamedTuple):
    """A macro's text, and where it was given that."""

    body: Text
    where: Span | None


class Call(NamedTuple):
    """A macro that is called: its name, where it stands, and its arguments."""

    name: str
    where: Span | None
    args: list[Text]

    def arg(self, number: int) -> Text:
        """An argument, counted from 1; empty when there is none."""
        return self.args[number - 1] if number <= len(self.args) else EMPTY


EMPTY = Text([])
Builtin = Callable[["Machine", Call], Text | None]


class Frame:
    """Input that is being read."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.at = 0


class Machine:
    """One run of m4. ``builtins`` are called with the machine and the call; the others are texts."""

    def __init__(self, builtins: dict[str, tuple[Builtin, bool]]) -> None:
        self.builtins = builtins
        """Name -> what it does, and whether it counts without parentheses too."""
        self.macros: dict[str, list[Macro]] = {}
        self.hidden: set[str] = set()
        """Builtins that were undefined or defined anew."""
        self.input: list[Frame] = []
        self.output: dict[int, list[Run]] = {}
        self.diversion = 0
        self.quote("`", "'")
        self.comments = True
        self.called = 0
        self.made = 0
        """Characters that macros have become."""
        self.depth = 0

    def quote(self, left: str, right: str) -> None:
        """Sets the quotes; without a left one there are none."""
        self.quotes = (left, right or "'")
        self.marks = re.compile("|".join(map(re.escape, self.quotes)))
        self.plain = re.compile(f"[^A-Za-z_#(),{re.escape(left[:1])}]+")

    def define(self, name: str, body: Text, where: Span | None = None) -> None:
        """Gives a macro its text."""
        if name in self.builtins:
            self.hidden.add(name)
        self.macros.setdefault(name, [])[-1:] = [Macro(body, where)]

    def value(self, name: str) -> Macro | None:
        """A macro that has a text; None when it has none."""
        found = self.macros.get(name)
        return found[-1] if found else None

    def run(self) -> None:
        """Reads the input to its end. Raises Stopped."""
        while self.step(self.emit):
            pass

    def expand(self, text: Text) -> Text:
        """What becomes of a text when it is read again."""
        before, self.input = self.input, []
        found: list[Run] = []
        try:
            self.push(text)
            while self.step(found.append):
                pass
        except Stopped:
            return text
        finally:
            self.input = before
        return Text(found)

    def push(self, text: Text) -> None:
        """Puts a text in front of what is still to be read."""
        self.input.extend(Frame(run) for run in reversed(text.runs))

    def emit(self, run: Run) -> None:
        """Output, to the current diversion."""
        if self.diversion >= 0:
            self.output.setdefault(self.diversion, []).append(run)

    def top(self) -> Frame | None:
        """The input that is read next; None at the end."""
        while self.input and self.input[-1].at >= len(self.input[-1].run.text):
            self.input.pop()
        return self.input[-1] if self.input else None

    def peek(self) -> str:
        """The next character; "" at the end."""
        frame = self.top()
        return frame.run.text[frame.at] if frame else ""

    def take(self, frame: Frame, length: int) -> Run:
        """The next characters of a frame."""
        start = frame.at
        frame.at += length
        return Run(frame.run.text[start : frame.at], frame.run.source, frame.run.start + start)

    def here(self) -> Span | None:
        """Where the next character stands."""
        frame = self.top()
        if frame is None or frame.run.source is None:
            return None
        return frame.run.source.span(frame.run.start + frame.at, frame.run.start + frame.at + 1)

    def step(self, put: Callable[[Run], None]) -> bool:
        """Reads one token and puts out what is no macro; False at the end of the input. Raises Stopped."""
        frame = self.top()
        if frame is None:
            return False
        text, at = frame.run.text, frame.at
        name = _NAME.match(text, at)
        if name:
            run = self.take(frame, len(name[0]))
            if not self.called_for(name[0]):
                put(run)
                return True
            self.call(name[0], run)
        elif self.quotes[0] and text.startswith(self.quotes[0], at):
            for run in self.quoted():
                put(run)
        elif self.comments and text[at] == "#":
            end = text.find("\n", at)
            put(self.take(frame, (len(text) if end < 0 else end) - at))
        else:
            other = self.plain.match(text, at)
            put(self.take(frame, len(other[0]) if other else 1))
        return True

    def called_for(self, name: str) -> bool:
        """Whether a name stands for a macro here."""
        if self.macros.get(name):
            return True
        if name not in self.builtins or name in self.hidden:
            return False
        return self.builtins[name][1] or self.peek() == "("

    def quoted(self) -> list[Run]:
        """What stands between quotes, which may stand within each other. Raises Stopped at the end of the input."""
        where = self.here()
        right = self.quotes[1]
        found: list[Run] = []
        depth = 0
        while (frame := self.top()) is not None:
            mark = self.marks.search(frame.run.text, frame.at)
            end = mark.start() if mark else len(frame.run.text)
            if end > frame.at:
                found.append(self.take(frame, end - frame.at))
            if mark is None:
                continue
            run = self.take(frame, len(mark[0]))
            if mark[0] == right and depth == 1:
                return found
            if depth:
                found.append(run)
            depth += -1 if mark[0] == right and depth else 1
        raise Stopped("this quote is not closed: m4 ends here", where)

    def call(self, name: str, run: Run) -> None:
        """Reads the arguments of a macro and puts what it stands for in front of the input. Raises Stopped."""
        self.called += 1
        where = run.source.span(run.start, run.start + len(name)) if run.source else None
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Stopped(_TOO_FAR, where)
        args = self.arguments(where) if self.peek() == "(" else []
        self.depth -= 1
        if self.called > _CALLS or self.made > _LONGEST:
            raise Stopped(_TOO_FAR, where)
        call = Call(name, where, args)
        macro = self.value(name)
        made = substitute(macro.body, call) if macro else self.builtins[name][0](self, call)
        if made is not None:
            self.made += len(made.text)
            self.push(made)

    def arguments(self, where: Span | None) -> list[Text]:
        """The arguments in parentheses, each expanded. Raises Stopped at the end of the input."""
        frame = self.top()
        assert frame is not None
        self.take(frame, 1)
        args: list[Text] = []
        found: list[Run] = []
        depth, fresh = 0, True
        while (mark := self.peek()) != "":
            frame = self.top()
            assert frame is not None
            if fresh and mark.isspace():
                self.take(frame, 1)
                continue
            fresh = False
            depth += {"(": 1, ")": -1}.get(mark, 0)
            if depth < 0 or (mark == "," and depth == 0):
                self.take(frame, 1)
                args.append(Text(found))
                found, fresh = [], True
                if depth < 0:
                    return args
            else:
                self.step(found.append)
        raise Stopped("this parenthesis is not closed: m4 ends here", where)


def substitute(body: Text, call: Call) -> Text:
    """A macro's text with its arguments put in."""
    if "$" not in body.text:
        return body
    found: list[Run] = []
    at = 0
    for mark in re.finditer(r"\$([0-9]|[#*@])", body.text):
        found += body.part(at, mark.start()).runs
        at = mark.end()
        if mark[1].isdigit():
            found += [Run(call.name, None)] if mark[1] == "0" else call.arg(int(mark[1])).runs
        elif mark[1] == "#":
            found.append(Run(str(len(call.args)), None))
        else:
            found += joined(call.args, mark[1] == "@")
    return Text(found + body.part(at, len(body.text)).runs)


def joined(args: list[Text], quoted: bool) -> list[Run]:
    """Arguments with commas between them."""
    found: list[Run] = []
    for number, arg in enumerate(args):
        found += [Run(",", None)] if number else []
        found += [Run("`", None), *arg.runs, Run("'", None)] if quoted else arg.runs
    return found


def plain(text: str) -> Text:
    """A text that no file holds."""
    return Text([Run(text, None)])
