"""A scan of TOML that finds where everything stands, and of the dialect of it that Stalwart spoke up to 0.15.

In the dialect all values are text, names of tables are lowered outside quotes, a table in braces may be a set and may
span lines, and a string in three quotes knows no escapes (crates/utils/src/config/parser.rs of Stalwart 0.3 to 0.15).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mailpolicy.lean import NamedTuple

Path = tuple[str | int, ...]


class Found(NamedTuple):
    """A value, list or table, by offsets."""

    path: Path
    key: tuple[int, int]
    where: tuple[int, int]
    text: str | None = None
    """The value, where the dialect has one."""


class Wrong(Exception):
    """What the grammar does not allow. Carries the offset."""

    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.at = at


class Grammar(NamedTuple):
    """The tokens of TOML or of the dialect. The group ``name`` is what a heading or key says."""

    heading: re.Pattern[str]
    key: re.Pattern[str]
    strings: Mapping[str, re.Pattern[str]]
    """By their opening quotes."""
    bare: re.Pattern[str]
    deepest: int
    """Most levels of values, and most parts of a key."""
    is_stalwart: bool


_PART = r"(?:[A-Za-z0-9_-]+|\"(?:[^\"\\\n]|\\.)*+\"|'[^'\n]*')"
_KEY = rf"(?P<name>{_PART}(?:[ \t]*\.[ \t]*{_PART})*+)[ \t]*"
_LOOSE = r"[^\"=,}\n]|\"(?:[^\"\\\n]|\\.)*+\""
_PARTS = re.compile(_PART)
TOML = Grammar(
    re.compile(rf"\[(\[)?[ \t]*{_KEY}\](?(1)\])"),
    re.compile(_KEY),
    {
        '"""': re.compile(r'"""(?:\r?\n)?((?:[^"\\]++|\\.|"(?!"")|"(?="""))*+)"""', re.DOTALL),
        "'''": re.compile(r"'''(?:\r?\n)?((?:[^']++|'(?!'')|'(?='''))*+)'''"),
        '"': re.compile(r'"((?:[^"\\\n]++|\\.)*+)"'),
        "'": re.compile(r"'([^'\n]*+)'"),
    },
    re.compile(r"\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]*|[^\s,\[\]{}#=\"']+"),
    50,
    False,
)
STALWART = Grammar(
    re.compile(r"\[(\[)?(?P<name>(?:[\w. \t-]|\"(?:[^\"\\\n]|\\.)*+\")++)\][ \t]*(?(1)\])[^\n]*"),
    re.compile(rf"(?P<name>(?:{_LOOSE})*+)"),
    {
        '"""': re.compile(r'"""\n?(.*?)"""', re.DOTALL),
        "'''": re.compile(r"'''\n?(.*?)'''", re.DOTALL),
        '"': re.compile(r'"((?:\{\{[^\n{]*?\}\}|[^"\\{]++|\{|\\++[^\\])*+)"'),
        "'": re.compile(r"'((?:\{\{[^\n{]*?\}\}|[^'\\{]++|\{|\\++[^\\])*+)'"),
    },
    re.compile(r"(?:[^\W_]|[.+-])+"),
    10,
    True,
)

_BLANK = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_SPACE = re.compile(r"[ \t\r]*+")
_LINE = re.compile(r"[^\n]*+")
_FILLED = r"\{\{[^\n{]*?\}\}|\{%[^\n%]*?%\}|<%[^\n%]*?%>|\$\{[^}\n$]*\}"
_TEMPLATE = re.compile(rf"(?:{_FILLED}|__[A-Z])(?:{_FILLED}|[^\s,\]}}#{{<])*+")
"""What a template will replace by a value."""
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*+)"|[^"]+')
_ESCAPE = re.compile(r"\\(\\*)([^\\])")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


class _Scan:
    """A place in a text that moves on."""

    def __init__(self, text: str, grammar: Grammar) -> None:
        self.text = text
        self.grammar = grammar
        self.at = 0
        self.counts: dict[Path, int] = {}
        """The number of the newest table of each list of tables."""

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def skip(self, pattern: re.Pattern[str] = _BLANK) -> None:
        self.take(pattern, "")

    def take(self, pattern: re.Pattern[str], why: str) -> re.Match[str]:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise Wrong(why, self.at)
        self.at = match.end()
        return match

    def statements(self) -> Iterator[Found]:
        table: Path = ()
        self.skip()
        while self.at < len(self.text):
            if self.grammar.is_stalwart and _TEMPLATE.match(self.text, self.at):
                self.skip(_LINE)
            elif self.peek() == "[":
                why = '; it may be quoted by " alone' if self.grammar.is_stalwart else ""
                heading = self.take(self.grammar.heading, f"is no heading of a table{why}")
                steps = self.steps(heading, True)
                paths = self.tables([name for name, _ in steps], heading[1] is not None)
                table = paths[-1]
                yield from _implied(paths, heading.start("name"), steps)
            else:
                yield from self.pair(table, 0)
            self.skip(_SPACE)
            if self.peek() not in ("", "\n", "#"):
                raise Wrong("stands behind a value", self.at)
            self.skip()

    def steps(self, match: re.Match[str], heading: bool) -> list[tuple[str, int]]:
        """The parts of a key, and where each ends. In the dialect it is one."""
        start, end = match.span("name")
        if self.grammar.is_stalwart:
            return [(_joined(match["name"], heading), start + len(match["name"].rstrip()))]
        found = [(_plain(part[0]), part.end()) for part in _PARTS.finditer(self.text, start, end)]
        if len(found) > self.grammar.deepest:
            raise Wrong("is nested too deeply", start)
        return found

    def tables(self, names: list[str], listed: bool) -> list[Path]:
        """The path of each part of a heading. The dialect forgets a list of tables once another one begins."""
        paths: list[Path] = []
        path: Path = ()
        for name in names:
            path = (*path, name)
            if listed and len(paths) == len(names) - 1:
                count = self.counts.get(path, -1) + 1
                if self.grammar.is_stalwart:
                    self.counts.clear()
                self.counts[path] = count
            if path in self.counts and (listed or not self.grammar.is_stalwart):
                path = (*path, self.counts[path])
            paths.append(path)
        return paths

    def pair(self, table: Path, depth: int) -> Iterator[Found]:
        """A key and its value; in a set of the dialect a name alone."""
        match = self.take(self.grammar.key, "is no key")
        start = match.start("name")
        steps = self.steps(match, False)
        key = (start, steps[-1][1])
        paths = [(*table, *(name for name, _ in steps[: count + 1])) for count in range(len(steps))]
        if self.peek() == "=" and (steps[0][0] or not self.grammar.is_stalwart):
            self.at += 1
            self.skip(_BLANK if depth else _SPACE)
            yield from _implied(paths[:-1], start, steps)
            yield from self.value(paths[-1], key, depth)
        elif self.grammar.is_stalwart and depth and steps[0][0]:
            yield Found(paths[-1], key, key, "")
        else:
            raise Wrong("is no key with a value", start)

    def value(self, path: Path, key: tuple[int, int], depth: int) -> Iterator[Found]:
        start, opener, text = self.at, self.peek(), None
        if depth >= self.grammar.deepest:
            raise Wrong("is nested too deeply", start)
        if self.grammar.is_stalwart and _TEMPLATE.match(self.text, start):
            text = self.take(_TEMPLATE, "")[0]
        elif opener == "[":
            yield from self.elements(path, key, depth)
        elif opener == "{":
            yield from self.members(path, depth)
        elif opener and opener in "\"'":
            yield self.string(path, key)
            return
        else:
            text = self.take(self.grammar.bare, "is no value")[0]
        yield Found(path, key, (start, self.at), text if self.grammar.is_stalwart else None)

    def string(self, path: Path, key: tuple[int, int]) -> Found:
        three = self.text[self.at : self.at + 3]
        quote = three if three in self.grammar.strings else three[:1]
        match = self.take(self.grammar.strings[quote], "is a string without an end")
        text = match[1] if len(quote) == 3 else _ESCAPE.sub(_unescaped, match[1])
        return Found(path, key, match.span(1) if match[1] else match.span(), text if self.grammar.is_stalwart else None)

    def elements(self, path: Path, key: tuple[int, int], depth: int) -> Iterator[Found]:
        self.at += 1
        self.skip()
        count = 0
        while self.peek() != "]":
            yield from self.value((*path, count), key, depth + 1)
            count += 1
            self.skip()
            if self.peek() == ",":
                self.at += 1
                self.skip()
            elif self.peek() != "]":
                raise Wrong("is neither a comma nor the closing ]", self.at)
        self.at += 1

    def members(self, path: Path, depth: int) -> Iterator[Found]:
        self.at += 1
        self.skip()
        more = self.grammar.is_stalwart or self.peek() != "}"
        while more:
            yield from self.pair(path, depth + 1)
            self.skip()
            if more := self.peek() == ",":
                self.at += 1
                self.skip()
        if self.peek() != "}":
            raise Wrong("is neither a comma nor the closing }", self.at)
        self.at += 1


def _implied(paths: list[Path], start: int, steps: list[tuple[str, int]]) -> Iterator[Found]:
    """The tables that a name is the way to: each stands where the name is up to it."""
    for path, (_, end) in zip(paths, steps, strict=False):
        yield Found(path, (start, end), (start, end))


def _plain(part: str) -> str:
    """A part of a key of TOML without quotes."""
    if part[0] == '"' and "\\" in part:
        import tomllib

        return str(tomllib.loads(f"key = {part}")["key"])
    return part[1:-1] if part[0] in "\"'" else part


def _joined(text: str, lower: bool) -> str:
    """A key of the dialect: without quotes, and without blanks outside them."""
    pieces = ((piece[1], "".join(piece[0].split())) for piece in _QUOTED.finditer(text))
    return "".join(quoted if quoted is not None else bare.lower() if lower else bare for quoted, bare in pieces)


def _unescaped(match: re.Match[str]) -> str:
    return match[1] + _ESCAPED.get(match[2], match[2])


def scan(text: str, grammar: Grammar) -> Iterator[Found]:
    """All that a text declares, in order; tables that a name implies, too. Raises Wrong at what is not of the grammar.

    It tells neither double keys nor, of TOML, values that are none: those are for the reader of the whole.
    """
    return _Scan(text, grammar).statements()
