"""Courier's settings are shell scripts of assignments: what a shell makes of them, as far as that can be told.

After the start scripts of Courier 1.0 and 1.4, which source them, and POSIX.1-2017, "Shell Command Language".
"""

from __future__ import annotations

import posixpath
import re

from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import is_placeholder
from mailpolicy.text import Source
from mailpolicy.tree import Tree, place
from mailpolicy.types import Origin, Span, Unread, Unreadable

HOME = "/etc/courier"
_OPENS = frozenset(("if", "for", "while", "until", "case", "{"))
_CLOSES = frozenset(("fi", "done", "esac", "}"))
_RESERVED = _OPENS | _CLOSES | {"then", "else", "elif", "do", "!"}
_MOST = 50
"""Files that are followed; real configurations hold a handful."""
_MOST_EXPANDED = 100_000
_DECLARES = frozenset(("export", "readonly", "local", "declare", "typeset"))
_HARMLESS = frozenset(
    (":", "true", "umask", "ulimit", "set", "echo", "test", "[", "[[", "return", "exit", "exec", "cd")
)
_SCRIPTS = {
    "prefix": "/usr", "exec_prefix": "/usr", "sysconfdir": HOME, "sbindir": "/usr/sbin", "bindir": "/usr/bin",
    "libexecdir": "/usr/lib/courier",
}  # fmt: skip
"""What the start scripts set before they source a file."""

_TEMPLATE = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)=[^\n]*(?:\{\{|\{%|<%|=[\"']?<[A-Za-z])[^\n]*")
_CONTROL = re.compile(r"[ \t]*(?:\{\{|\{%|\{#|<%)[^\n]*")
_BEGINS = re.compile(r"[ \t]*(?:\{%|<%)[-+]?\s*(?:if|for|unless|case)\b|.*\bdo\s*(?:\|[^|]*\|)?\s*[-]?%>")
_ENDS = re.compile(r"[ \t]*(?:\{%|<%)[-+]?\s*end")
_NAME = re.compile(r"[A-Za-z_]\w*=")
_PLAIN = re.compile(r"[^\\'\"$`\s;&|<>()]+")
_QUOTED = re.compile(r"[^\\\"$`]+")
_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-=])([\w./:+-]*))?\})")
_COMMAND = re.compile(r"\$\([^()\n]{0,500}\)|\$\{[^}\n]{0,500}\}|`[^`]{0,500}`|\$.?")


class Value(NamedTuple):
    """What a variable holds."""

    text: str
    known: bool
    where: Span
    """Of the value within its quotes, or of the name when it is empty."""
    named: Span
    before: tuple[Origin, ...] = ()
    replaced: str = ""
    """What it held before, if that is known."""

    @property
    def origins(self) -> tuple[Origin, ...]:
        """What it replaces, then itself."""
        return (*self.before, Origin("overrides" if self.before else "sets", self.where))


class Word(NamedTuple):
    """One word of a command, quotes taken off."""

    text: str
    known: bool
    start: int
    end: int
    name: str
    """What it assigns to, if it is an assignment."""
    first: int
    """Offset of the value, or of the word, within quotes that span it whole."""
    last: int


class Environment:
    """Variables after some files were sourced, one after the other."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self.files: list[str] = []
        self.complete = True
        """Whether all that may set a variable was read."""
        self.refused = False
        """Whether the shell gives up."""
        self.unread: list[Unread] = []


def source(tree: Tree, paths: list[str], absent: bool) -> Environment:
    """Sources files in their order; ``absent``: some that belong to them are not here."""
    env = Environment()
    env.complete = not absent
    for path in paths:
        _Script(tree, path, env).run()
    return env


class _Script:
    def __init__(self, tree: Tree, path: str, env: Environment) -> None:
        self.tree, self.env = tree, env
        self.folder = posixpath.dirname(path)
        self.depth = 0
        """How many conditions hold what is read."""
        self.expanded = 0
        """Characters that variables stood for: a value that doubles itself line by line would fill any memory."""
        env.files.append(path)
        try:
            self.source = tree.source(path)
        except Unreadable as problem:
            env.unread.append(Unread(Span(path, 1, 1, 2), str(problem), True))
            env.complete = False
            self.source = Source(path, "")
        self.text = self.source.text

    def run(self) -> None:
        at = 0
        while at < len(self.text) and not self.env.refused:
            at = self.statement(at)

    def statement(self, at: int) -> int:
        """Reads one command from ``at`` on; the offset behind it."""
        fresh = at == 0 or self.text[at - 1] == "\n"
        filled = _TEMPLATE.match(self.text, at) if fresh else None
        if filled:
            where = self.source.span(filled.start(1), filled.end())
            self.env.values[filled[1]] = Value("", False, where, where)
            return filled.end() + 1
        control = _CONTROL.match(self.text, at) if fresh else None
        if control:
            self.depth += 1 if _BEGINS.match(control[0]) else -1 if _ENDS.match(control[0]) and self.depth else 0
            return control.end() + 1
        words: list[Word] = []
        while at < len(self.text):
            mark = self.text[at]
            if mark in " \t\r":
                at += 1
            elif mark == "\\" and self.text.startswith(("\\\n", "\\\r\n"), at):
                at = self.text.index("\n", at) + 1
            elif mark == "#":
                end = self.text.find("\n", at)
                at = len(self.text) if end < 0 else end
            elif mark in "\n;&|()<>":
                at += 1
                break
            else:
                word, at = self.word(at)
                if word is None:
                    return at
                words.append(word)
        self.command(words)
        return at

    def word(self, at: int) -> tuple[Word | None, int]:
        """One word from ``at`` on, None when a quotation is not closed."""
        start, known = at, True
        out: list[str] = []
        name = _NAME.match(self.text, at)
        if name:
            at = name.end()
        first = at
        while at < len(self.text) and self.text[at] not in " \t\n\r;&|()<>":
            begun = at
            mark = self.text[at]
            if mark in "'\"":
                closed = self.quoted(at, out) if mark == '"' else self.single(at, out)
                if closed is None:
                    return None, len(self.text)
                at, sure = closed
            elif mark == "\\":
                out.append("" if self.text[at + 1 : at + 2] == "\n" else self.text[at + 1 : at + 2])
                at, sure = at + 2, True
            else:
                at, sure = self.piece(_PLAIN, at, out)
            known, at = known and sure, max(at, begun + 1)
        text = "".join(out)
        whole = self.text[first:at]
        inner = len(whole) > 2 and whole[0] in "'\"" and whole.count(whole[0]) == 2 and whole[-1] == whole[0]
        bounds = (first + 1, at - 1) if inner else (first, at)
        return Word(text, known and not is_placeholder(text), start, at, name[0][:-1] if name else "", *bounds), at

    def single(self, at: int, out: list[str]) -> tuple[int, bool] | None:
        end = self.text.find("'", at + 1)
        if end < 0:
            self.give_up(at)
            return None
        out.append(self.text[at + 1 : end])
        return end + 1, True

    def quoted(self, at: int, out: list[str]) -> tuple[int, bool] | None:
        """A text in double quotes."""
        opened, known = at, True
        at += 1
        while at < len(self.text) and self.text[at] != '"':
            if self.text[at] == "\\":
                follows = self.text[at + 1 : at + 2]
                out.append("" if follows == "\n" else follows if follows in '$`"\\' else "\\" + follows)
                at += 2
            else:
                at, sure = self.piece(_QUOTED, at, out)
                known = known and sure
        if at < len(self.text):
            return at + 1, known
        self.give_up(opened)
        return None

    def give_up(self, at: int) -> None:
        why = "this quotation mark is not closed: the shell gives up, and Courier does not start"
        self.env.unread.append(Unread(self.source.span(at, at + 1), why))
        self.env.refused = True

    def piece(self, plain: re.Pattern[str], at: int, out: list[str]) -> tuple[int, bool]:
        """Plain text or an expansion: the offset behind it and whether its text is known."""
        found = plain.match(self.text, at)
        if found:
            out.append(found[0])
            return found.end(), True
        found = _VARIABLE.match(self.text, at)
        if found is None:
            found = _COMMAND.match(self.text, at)
            return (found.end() if found else at + 1), False
        held = self.env.values.get(found[1] or found[2])
        default = _SCRIPTS.get(found[1] or found[2]) if held is None else None
        if held is None and default is None:
            default = found[4]
        if held is not None and not held.text and held.known and (found[3] or "").startswith(":"):
            held, default = None, found[4]
        text = held.text if held is not None else default or ""
        self.expanded += len(text)
        if self.expanded > _MOST_EXPANDED:
            return found.end(), False
        out.append(text)
        return found.end(), held.known if held is not None else default is not None

    def command(self, words: list[Word]) -> None:
        """Runs one command."""
        begin = 0
        while begin < len(words) and words[begin].text in _RESERVED:
            key = words[begin].text
            self.depth = max(0, self.depth + (key in _OPENS) - (key in _CLOSES))
            begin = len(words) if key in ("for", "case") else begin + 1
        words = words[begin:]
        if words and words[0].text in _DECLARES:
            for word in words[1:]:
                self.assign(word)
            return
        at = next((i for i, word in enumerate(words) if not word.name), len(words))
        if at == len(words):
            for word in words:
                self.assign(word)
        elif words[at].text in (".", "source") and at + 1 < len(words):
            self.include(words[at + 1])
        elif words[at].text == "unset":
            for word in words[at + 1 :]:
                self.env.values.pop(word.text, None)
        elif self.depth == 0 and words[at].text not in _HARMLESS:
            self.strange(words[:at], words[at], words[at + 1 :])

    def strange(self, before: list[Word], word: Word, after: list[Word]) -> None:
        """A program that the shell would run."""
        shown = word.text.split("\n")[0][:40]
        if before:
            why = f"the shell runs {shown} as a command, and does not set {before[-1].name}: its value needs quotes"
        elif after and self.text.startswith("=", after[0].start):
            why = f"the shell runs {shown} as a command: no blank may stand before ="
        else:
            why = f"is no setting: the shell runs {shown} as a command"
        start = before[-1].start if before else word.start
        self.env.unread.append(Unread(self.source.span(start, word.end), why))

    def assign(self, word: Word) -> None:
        if not word.name:
            return
        old = self.env.values.get(word.name)
        named = self.source.span(word.start, word.start + len(word.name))
        where = self.source.span(word.first, word.last) if word.last > word.first and word.text else named
        before = (Origin("sets", old.where),) if old is not None else ()
        replaced = old.text if old is not None and old.known else ""
        self.env.values[word.name] = Value(word.text, word.known and self.depth == 0, where, named, before, replaced)

    def include(self, word: Word) -> None:
        path = place(word.text, HOME, self.folder) if word.known and word.text.startswith("/") else None
        if word.text == "/etc/environment":
            return  # Debian's courierd has it: the language and the like
        if path is None or not self.tree.exists(path) or len(self.env.files) > _MOST:
            self.env.complete = False
        elif path not in self.env.files:
            inner = _Script(self.tree, path, self.env)
            inner.depth = self.depth
            inner.run()
