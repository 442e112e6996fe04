"""Lines, comments, continuation, macros, conditions and includes (exim spec, chapter 6)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.exim import names
from mailpolicy.readers.exim.marked import Marked, join, lines, placed, unplaced
from mailpolicy.tree import Tree, place
from mailpolicy.types import Span, Unread, Unreadable

_DEFINITION = re.compile(r"\s*([A-Z][A-Za-z0-9_]*)\s*(==?)\s*")
_DIRECTIVE = re.compile(r"\s*\.(?:(ifdef|ifndef|elifdef|elifndef|else|endif)(?: +|$)|(include(?:_if_exists)?)\s+)")
"""Behind the word of a condition stands a blank or nothing: with a tab or CR it is none."""
_BUILTIN = re.compile(r"_(?:OPT|HAVE|DRIVER|LOG|ACL_COND|ACL_MOD|EXP_COND|EXP_ITEM|EXP_OP|EXP_VAR|DKIM)_[A-Z0-9_]+")
_TEMPLATE = re.compile(
    r"\{\{-?\s*[A-Za-z_.][\w.]*(?:\[[^\]{}]*\])?\s*(?:\|[^{}]*)?-?\}\}|<%|\$\{[A-Z_][A-Z0-9_]*\}|%%\w+%%|@@\w+@@|\{%"
)
_BLOCK = re.compile(r"\s*(?:\{%-?|<%-?|\{\{-?)\s*(if|for|unless|range|with|elif|elsif|else|endif|endfor|end)\b")
_CAPITAL = re.compile(r"[A-Z]")
LONGEST = 65536
"""Longest logical line that is followed, in characters."""
_MOST_MACROS = 500
_DEEPEST = 50
_MOST_INCLUDES = 100
"""How often one file is included."""
FILLED_IN = frozenset(
    [
        "MAIN_LOCAL_INTERFACES",
        "DC_minimaldns",
        "MAIN_HARDCODE_PRIMARY_HOSTNAME",
        "HIDE_MAILNAME",
        "MAIN_LOCAL_DOMAINS",
        "MAIN_RELAY_TO_DOMAINS",
        "ETC_MAILNAME",
        "LOCAL_DELIVERY",
        "MAIN_RELAY_NETS",
        "DCreadhost",
        "DCsmarthost",
        "DC_eximconfig_configtype",
        "DCconfig_internet",
        "DCconfig_smarthost",
        "DCconfig_satellite",
        "DCconfig_local",
    ]
)
"""Macros that Debian's update-exim4.conf(8) puts in."""


class Line(NamedTuple):
    """A logical line: macros replaced, continuation joined. ``maybe``: a template decides whether it is there."""

    text: Marked
    maybe: bool
    macro: bool = False
    """Whether it defines a macro, which also ends an access list or driver."""


class Condition(NamedTuple):
    """One level of ``.ifdef``: whether its lines are read (None: unknown) and whether one branch was."""

    state: bool | None
    taken: bool | None


class Lexer:
    """Turns files into logical lines."""

    def __init__(self, tree: Tree, home: str, folder: str, version: tuple[int, ...]) -> None:
        self.tree, self.home, self.folder = tree, home, folder
        self.old = version < (4, 97)
        self.macros: dict[str, Marked] = {}
        self.unknown: set[str] = set()
        self.lines: list[Line] = []
        self.files: list[str] = []
        self.refused: list[Unread] = []
        self.notes: list[str] = []
        self.hidden = False
        """Something that is not here may set anything."""
        self._stack: list[Condition] = []
        self._parts: list[Marked] = []
        self._stopped = False
        self._beside = home
        """The folder, as Exim calls it, that relative names of includes are taken from."""
        self._included: dict[str, int] = {}
        self.seed: list[tuple[str, Marked]] | None = None
        """Macros that stand where Debian's template asks for them; None: nobody knows them."""

    def refuse(self, where: Span | None, why: str, maybe: bool = False) -> None:
        """Notes what keeps Exim from starting."""
        if maybe:
            return
        if where is None:  # in text of the package, which some file here has made wrong
            where = Span(self.files[0] if self.files else self.folder, 1, 1, 2)
        self.refused.append(Unread(where, f"{why}: Exim does not start"))

    def file(self, path: str) -> None:
        """Reads one file of the configuration."""
        source = self.tree.source(path)
        self.files.append(path)
        self.feed(lines(source))

    def text(self, text: str) -> None:
        """Reads text that the package brings along."""
        self.feed(unplaced(line) for line in text.split("\n"))

    def finish(self) -> None:
        """The end of everything."""
        self._complete()
        if self._stack and self.lines:
            self.refuse(self.lines[-1].text.span(), "a condition is not closed with .endif", self.maybe)

    @property
    def maybe(self) -> bool:
        """Whether a template decides on the lines that come now."""
        return any(c.state is None for c in self._stack)

    @property
    def _skipping(self) -> bool:
        return any(c.state is False for c in self._stack)

    def feed(self, physical: Iterable[Marked], depth: int = 0) -> None:
        """Reads physical lines."""
        for raw in physical:
            if self._stopped:
                return
            block = _BLOCK.match(raw.text)
            if block:
                self._template(block[1])
                continue
            line, used = self._expanded(raw)
            directive = _DIRECTIVE.match(line.text)
            if line.text.lstrip().startswith("#"):  # or a macro that stands for a comment
                continue
            if directive:
                word = directive[1] or directive[2]
                self._directive(word, line.cut(directive.end()).strip(), used, line, depth)
            elif not self._skipping:
                self._append(line)

    def _append(self, line: Marked) -> None:
        line = line.strip()
        if not self._parts and not line.text:
            return
        if line.text.endswith("\\"):
            self._parts.append(line.cut(0, len(line.text) - 1))
            return
        self._parts.append(line)
        self._complete()

    def _complete(self) -> None:
        parts, self._parts = self._parts, []
        if not parts:
            return
        text = parts[0] if len(parts) == 1 else join(parts)
        if _TEMPLATE.search(text.text):
            text = text._replace(known=False)
        if len(text.text) > LONGEST:
            self.notes.append(f"{text.span(0, 1)}: a line of more than {LONGEST} characters is not followed")
            text = text.cut(0, LONGEST)._replace(known=False)
        found = _DEFINITION.match(text.text)
        if found:
            self._define(found[1], found[2] == "==", text, found.end())
        else:
            self.lines.append(Line(text, self.maybe))

    def _define(self, name: str, again: bool, text: Marked, at: int) -> None:
        value = text.cut(at).strip()
        where = text.span(0, len(name))
        self.lines.append(Line(text, self.maybe, True))
        if name == "UPEX4CmacrosUPEX4C":
            self._seeded()
        if self.maybe:
            self.unknown.add(name)
        elif again:
            if name not in self.macros and name not in self.unknown:
                self.refuse(where, f"the macro {name} is redefined before it is defined")
        elif name in self.macros:
            self.refuse(where, f"the macro {name} is already defined (use ==)")
        elif name not in self.unknown:
            shorter = next((m for m in self.macros if m in name), None)
            if shorter:
                self.refuse(where, f"the macro {name} cannot be defined, for {shorter} is defined already")
        self.macros[name] = value
        if len(self.macros) > _MOST_MACROS and not self._stopped:
            self._stopped = True
            self._outside(where, f"more than {_MOST_MACROS} macros are not followed")

    def _seeded(self) -> None:
        if self.seed is None:
            self.unknown |= FILLED_IN
            return
        for name, value in self.seed:
            if name not in self.macros:
                self.macros[name] = value

    def _expanded(self, line: Marked) -> tuple[Marked, bool | None]:
        """The line with macros replaced, and whether there was any."""
        found = None if self._parts else _DEFINITION.match(line.text)
        head = line.cut(0, found.end()) if found else None
        rest = line.cut(found.end()) if found else line
        used: bool | None = False
        if not _CAPITAL.search(rest.text):
            return line, used
        for name, value in self.macros.items():
            if name in rest.text:
                if len(rest.text) + rest.text.count(name) * len(value.text) > LONGEST:
                    rest = rest._replace(known=False)
                    break
                rest = rest.replace(name, value)
                if name in self.unknown:
                    rest = rest._replace(known=False)
                used = True if name not in self.unknown else used or None
        if any(name in rest.text for name in self.unknown):
            rest, used = rest._replace(known=False), used or None
        if "_" in rest.text:
            for name in _BUILTIN.findall(rest.text):
                if self._builtin(name):
                    rest = rest.replace(name, unplaced("y"))
                    used = True
        return (join([head, rest]) if head else rest), used

    def _builtin(self, name: str) -> bool:
        if name.startswith("_OPT_MAIN_"):
            option = name[10:].lower()
            return option in names.MAIN or (option in names.MAIN_NEW and not self.old)
        if name.startswith("_OPT_"):
            return any(
                name.lower() == f"_opt_{kind if not driver else kind[:-1]}_{driver}{'_' if driver else ''}{option}"
                for kind, drivers in names.DRIVERS.items()
                for driver, options in drivers.items()
                for option in options
            )
        if name.startswith("_ACL_"):
            return name[10:].lower() in names.CONDITIONS or name[9:].lower() in names.MODIFIERS
        return name in names.BUILTIN or name.startswith("_EXP_")

    def _directive(self, word: str, rest: Marked, used: bool | None, line: Marked, depth: int) -> None:
        if word in ("ifdef", "ifndef"):
            if self.hidden and used is False and not rest.text.startswith("_"):
                used = None  # a file that is not here may define it
            state = used if word == "ifdef" else None if used is None else not used
            self._stack.append(Condition(state, state))
        elif word.startswith("include"):
            if not self._skipping:
                self._include(rest, word == "include", depth)
        elif not self._stack:
            self.refuse(line.strip().span(), f".{word} without .ifdef")
        elif word == "endif":
            self._stack.pop()
        else:
            level = self._stack[-1]
            state = True if word == "else" else used if word == "elifdef" else None if used is None else not used
            if level.taken is True:
                state = False
            elif level.taken is None and state is not False:
                state = None
            taken = True if True in (level.taken, state) else None if None in (level.taken, state) else False
            self._stack[-1] = Condition(state, taken)

    def _template(self, word: str) -> None:
        """A line of a template that switches lines on and off."""
        if word in ("if", "for", "unless", "range", "with"):
            self._stack.append(Condition(None, None))
        elif word.startswith("end") and self._stack and self._stack[-1].taken is None:
            self._stack.pop()

    def _include(self, rest: Marked, must: bool, depth: int) -> None:
        name = rest.text
        if len(name) > 1 and name[0] == name[-1] == '"':
            name = name[1:-1]
        where = rest.span()
        if not rest.known or _TEMPLATE.search(name):
            self._outside(where, "a template names this file")
            return
        if not name.startswith("/"):
            if not must:
                self.refuse(where, f".include_if_exists takes an absolute path, not {name}", self.maybe)
                return
            name = posixpath.join(self._beside, name)
        path = place(name, self.home, self.folder)
        if depth >= _DEEPEST:
            self.refuse(where, "files include one another without end", self.maybe)
            return
        beside = posixpath.join(self.folder, posixpath.basename(name))
        if (path is None or not self.tree.exists(path)) and self.tree.exists(beside):
            path = beside
        try:
            if path is None:
                raise Unreadable("does not exist")
            source = self.tree.source(path)
        except Unreadable as problem:
            self._gone(where, must, path, name, str(problem))
            return
        self._included[path] = self._included.get(path, 0) + 1
        if self._included[path] > _MOST_INCLUDES:
            self._outside(where, f"this file is included more than {_MOST_INCLUDES} times")
            return
        self.files.append(path)
        before, self._beside = self._beside, posixpath.dirname(name)
        self.feed(lines(source), depth + 1)
        self._beside = before

    def _gone(self, where: Span | None, must: bool, path: str | None, name: str, why: str) -> None:
        inside = path is not None and self.tree.exists(posixpath.dirname(path) or ".")
        if must and inside and name.startswith(self.home + "/") and self.home == "/etc/exim4":
            self.refuse(where, f"the included file {why}", self.maybe)
        elif must or not inside:
            self._outside(where, "this file is not here")

    def _outside(self, where: Span | None, why: str) -> None:
        self.hidden = True
        self.notes.append(f"{where}: {why}; what is set there is not known")
        self._complete()
        self.lines.append(Line(Marked("", (), False), True))


def seeds(pairs: Iterable[tuple[str, str, Span | None]]) -> list[tuple[str, Marked]]:
    """Macros with the place that their value was made from."""
    return [(name, placed(value, where) if where else unplaced(value)) for name, value, where in pairs]
