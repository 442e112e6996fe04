"""Runs the commands of a muttrc, after ``mutt_parse_rc_buffer`` and ``parse_set`` of mutt 2.2 and NeoMutt 20220429.

A command that is refused ends its line; what the line set before holds, and the next line is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from mailpolicy import template_lines
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.mutt import lines as kinds
from mailpolicy.readers.mutt.chars import ENVIRONMENT, UNKNOWN, Text, instead, joined
from mailpolicy.readers.mutt.lines import lines
from mailpolicy.readers.mutt.names import COMMANDS
from mailpolicy.readers.mutt.places import Places
from mailpolicy.readers.mutt.settings import Refused, assign
from mailpolicy.readers.mutt.state import Program, State, Value
from mailpolicy.readers.mutt.words import Unended, Words
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Span, Unread, Unreadable

HOOKS = ("account-hook", "folder-hook", "send-hook", "send2-hook", "reply-hook", "message-hook")
"""Hooks whose commands may change what is connected to."""
_GLOBAL = ("startup-hook", "timeout-hook", "shutdown-hook")
_LOOKS = re.compile(
    r"(?i)colou?r|theme|alias|bind|key|gpg|pgp|smime|crypt|sidebar|header|lists?\b|solarized|dracula|gruvbox|nord\b|style"
    r"|signature|macro|score|mailcap|vim|format|abook|address|notmuch|sort|hooks?\b|patterns"
)
"""Names of files that set nothing of transport: a missing one leaves the rest in no doubt."""
_SOURCED, _SHOWN, _LONGEST, _TOO_MANY, _MAILBOXES = 400, 50, 100_000, 128, 500


class Finish(Exception):
    """NeoMutt's ``finish``: the rest of the file is not read."""


class Hook(NamedTuple):
    """A command that is run when something matches."""

    kind: str
    negated: bool
    pattern: Text
    command: Text
    literal: bool = False


class Machine:
    """One program that reads its files. ``state`` is what holds at the moment."""

    def __init__(self, tree: Tree, main: str, program: Program) -> None:
        self.tree, self.program = tree, program
        self.places = Places(tree, main)
        self.state = State(program)
        self.hooks: list[Hook] = []
        self.macros: list[Text] = []
        """What keys stand for."""
        self.startup: list[Text] = []
        self.environment: dict[str, Text] = {}
        self.unread: dict[Span, Unread] = {}
        self.refused = 0
        self.understood = 0
        self.notes: list[str] = []
        self.files: list[str] = []
        self.literals: list[tuple[str, Text]] = []
        """Settings that hold passwords, and their texts, whenever they were set."""
        self.stack: list[str] = []
        self.folder: str | None = None
        self.conditions: list[Span] = []
        self.sourced = 0
        self.missing: set[str] = set()
        self.effort = 0
        """What patterns of hooks have taken, in the measure of ``patterns.effort``."""

    def read(self, source: Source) -> None:
        """Runs a file."""
        self.stack.append(source.path)
        if source.path not in self.files:
            self.files.append(source.path)
        depth, wrong = len(self.conditions), 0
        for line in lines(source):
            if line.kind == kinds.PLAIN:
                before = self.refused
                try:
                    self.line(line.text)
                except Finish:
                    break
                wrong = wrong + 1 if self.refused > before else 0
                if wrong > _TOO_MANY:
                    self.refuse(line.text.whole(), f"{self.program.name} reads no further: too many errors")
                    break
            else:
                self.template(line.kind, line.text)
        del self.conditions[depth:]
        self.stack.pop()

    def template(self, kind: str, text: Text) -> None:
        where = text.whole()
        if where is None:
            return
        if kind == template_lines.BEGIN:
            self.conditions.append(where)
        elif kind == template_lines.END:
            del self.conditions[-1:]
        elif kind == template_lines.ANYTHING:
            self.state.tainted(where, "a template")

    def line(self, text: Text) -> None:
        """Runs the commands of a line. Raises Finish."""
        words = Words(text, self.expand)
        while words.at < len(text.text) and words.peek != "#":
            if words.peek == ";":
                words.at += 1
                continue
            start = words.at
            if words.peek.isspace():
                words.skip()
                if words.peek == ";":
                    self.refuse(text.span(words.at, words.at + 1), "an empty command: the rest of the line is not read")
                if not words.more:
                    return
            try:
                self.command(words.word(), words)
            except Unended:
                self.refuse(text.span(start, len(text.text)), "a quoted command or backslash has no end")
                return
            except Refused as problem:
                self.refuse(problem.where or text.span(start, len(text.text)), str(problem))
                return

    def refuse(self, where: Span | None, why: str) -> None:
        self.refused += 1
        if where is not None and len(self.unread) < _SHOWN:
            self.unread.setdefault(where, Unread(where, why))

    def expand(self, name: Text) -> Text:
        """What ``$name`` stands for: the environment, a ``my_`` setting or a setting of the program."""
        if name.text in self.environment:
            return self.environment[name.text]
        if name.text in ("HOME", "XDG_CONFIG_HOME"):
            return instead("~" if name.text == "HOME" else "~/.config", name)
        if name.text.startswith("my_") or self.program.kind(name.text) is not None:
            found = self.state.get(name.text)
            if found is None or len(found.text) > _LONGEST:
                return instead(UNKNOWN, name)
            return found if found.runs else instead(found.text, name) if found.text else Text("")
        return instead(ENVIRONMENT, name)

    def command(self, name: Text, words: Words) -> None:
        run = _RUN.get(name.text)
        self.understood += name.text in COMMANDS[self.program.name]
        if run is not None and name.text in COMMANDS[self.program.name]:
            run(self, name, words)
        elif not name.known:
            self.state.tainted(name.whole() or words.line.span(0, 1), "a command that is not known")
            words.rest()
        elif name.text in ("alias", "my_hdr", "my-header"):
            words.rest()
        elif name.text in COMMANDS[self.program.name]:
            while words.more:
                words.word()
        elif name.text:
            raise Refused(
                f"{name.text[:40]} is no command of {self.program.name}: the rest of the line is not read", name
            )

    def set(self, name: Text, words: Words) -> None:
        assign(name.text, words, self)

    def put(self, name: str, text: Text | None, where: Span) -> None:
        """Sets a setting; ``text`` None: to its default."""
        if self.conditions:
            text = Text(UNKNOWN)
        self.state.put(name, Value(text, where))
        if text is not None and ("pass" in name or name.startswith("my_")):
            self.literals.append((name, text))

    def path(self, text: Text) -> Text:
        """A mailbox's name with its shortcut expanded: ``+`` and ``=`` the folder, ``!`` the spool file, and others."""
        named = {"!": "spoolfile", ">": "mbox", "<": "record"}.get(text.text[:1])
        if text.text[:1] in ("+", "="):
            folder = self.state.get("folder")
            if folder is None:
                return instead(UNKNOWN, text)
            slash = "" if folder.text[-1:] == "/" or (folder.text[:1], folder.text[-1:]) == ("{", "}") else "/"
            return joined((folder, instead(slash, text), text.slice(1, len(text.text))))
        if named is not None:
            found = self.state.get(named)
            return instead(UNKNOWN, text) if found is None else joined((found, text.slice(1, len(text.text))))
        return text

    def mailboxes(self, name: Text, words: Words) -> None:
        labelled = name.text in ("named-mailboxes", "virtual-mailboxes")
        found: list[Text] = []
        while words.more:
            word = words.word()
            if labelled or word.text in ("-label", "-notify-label"):
                word = words.word()
            elif word.text in ("-poll", "-nopoll", "-notify", "-nonotify", "-nolabel"):
                continue
            else:
                found.append(self.path(word))
                continue
            if labelled:
                found.append(self.path(word))
        if len(self.state.mailboxes) < _MAILBOXES:
            self.state.mailboxes += tuple(one for one in found[:_MAILBOXES] if one.text)
        else:
            self.crowded(name)

    def crowded(self, name: Text) -> None:
        note = f"{self.stack[0] if self.stack else ''}: has more {name.text} than are followed"
        if note not in self.notes:
            self.notes.append(note)

    def unmailboxes(self, name: Text, words: Words) -> None:
        while words.more:
            gone = self.path(words.word()).text
            self.state.mailboxes = tuple(m for m in self.state.mailboxes if gone != "*" and m.text != gone)

    def hook(self, name: Text, words: Words) -> None:
        negated = words.peek == "!"
        if negated:
            words.at += 1
        pattern = words.word()
        literal = pattern.text == "-noregex" and self.program.name == "neomutt"
        if literal:
            pattern = words.word()
        if not words.more:
            raise Refused(f"{name.text} has too few arguments", name)
        command = words.word(spaces=True)
        if words.peek not in ("", ";", "#"):
            raise Refused(f"{name.text} has too many arguments", name)
        if name.text == "folder-hook":
            pattern = self.path(pattern)
        if len(self.hooks) >= _MAILBOXES:
            self.crowded(name)
            return
        self.hooks.append(Hook(name.text, negated, pattern, command, literal))

    def started(self, name: Text, words: Words) -> None:
        command = words.word()
        if name.text == "startup-hook":
            self.startup.append(command)

    def unhook(self, name: Text, words: Words) -> None:
        while words.more:
            kind = words.word().text
            self.hooks = [hook for hook in self.hooks if kind not in ("*", hook.kind)]

    def macro(self, name: Text, words: Words) -> None:
        words.word()
        words.word()
        if not words.more:
            raise Refused("macro has too few arguments", name)
        self.macros.append(words.word())
        while words.more:
            words.word()

    def ifdef(self, name: Text, words: Words) -> None:
        symbol = words.word().text
        command = words.word(spaces=True)
        exists = self.program.knows(symbol) or symbol in COMMANDS[self.program.name] or symbol in self.state.values
        if exists == (name.text == "ifdef"):
            self.line(command)
        elif not exists and name.text == "ifdef" and self.program.kind(symbol) is None:
            where = command.whole()
            if where is not None:  # a feature that a build may have
                self.conditions.append(where)
                self.line(command)
                self.conditions.pop()

    def setenv(self, name: Text, words: Words) -> None:
        variable = words.word("=")
        if words.peek == "=":
            words.at += 1
        if words.more:
            self.environment[variable.text] = words.word()

    def finish(self, name: Text, words: Words) -> None:
        raise Finish

    def cd(self, name: Text, words: Words) -> None:
        found = words.word().text if words.more else ""
        self.folder = self.places.find(found, self.folder) if found else None

    def source(self, name: Text, words: Words) -> None:
        path = words.word()
        where = path.whole()
        if where is None:
            raise Refused("source has too few arguments", name)
        if words.more and self.program.name == "mutt":
            raise Refused("source has too many arguments", name)
        if path.text.endswith("|"):
            self.piped(path, where)
        elif path.known:
            beside = posix_folder(self.stack[-1]) if self.program.name == "neomutt" and self.stack else None
            found = self.places.find(path.text, self.folder or beside)
            self.include(found, path.text, where)
        else:
            self.state.doubted(where, "a file whose name is not known")

    def piped(self, path: Text, where: Span) -> None:
        """The output of a command; ``cat`` of files of the tree is what they hold."""
        command = path.text[:-1].split()
        if len(command) > 1 and command[0] == "cat" and path.known:
            found = [file for pattern in command[1:] for file in self.places.match(pattern)]
            for file in found:
                self.include(file, file, where)
            if found:
                return
        self.state.doubted(where, "the output of a command")
        self.notes.append(f"{where}: what the command prints is not known")

    def include(self, found: str | None, called: str, where: Span) -> None:
        if found is None:
            if called not in self.missing:
                self.notes.append(f"{where}: {called} is not here; what it sets is not known")
            self.missing.add(called)
            if not _LOOKS.search(called.rpartition("/")[2]):
                self.state.doubted(where, "a file that is not here")
        elif found in self.stack:
            self.refuse(where, "is a file that sources itself")
        elif self.sourced >= _SOURCED or len(self.stack) > 30:
            self.refuse(where, "is not read: too many files are sourced")
        else:
            self.sourced += 1
            self.sourcing(found, where)

    def sourcing(self, found: str, where: Span) -> None:
        start = Span(found, 1, 1, 2)
        try:
            source = self.tree.source(found)
        except Unreadable as problem:
            self.unread.setdefault(start, Unread(start, str(problem), fatal=True))
            self.files.append(found)
            self.state.doubted(where, "a file that cannot be read")
            return
        if not source.text.strip() and not _LOOKS.search(found.rpartition("/")[2]):
            self.unread.setdefault(start, Unread(start, "is empty"))
        self.read(source)

    def after(self, state: State, commands: Iterable[Text]) -> State:
        """What holds when commands are run from a state; hooks and macros that they make do not stay."""
        kept = self.state, self.hooks, self.macros, self.folder
        self.state, self.hooks, self.macros = state.copy(), list(self.hooks), list(self.macros)
        for command in commands:
            try:
                self.line(command)
            except Finish:
                break
        made = self.state
        self.state, self.hooks, self.macros, self.folder = kept
        return made


def posix_folder(path: str) -> str:
    """The folder of a file."""
    return path.rpartition("/")[0]


_RUN: dict[str, Callable[[Machine, Text, Words], None]] = {
    **dict.fromkeys(("set", "unset", "reset", "toggle"), Machine.set),
    **dict.fromkeys(("mailboxes", "named-mailboxes", "virtual-mailboxes"), Machine.mailboxes),
    **dict.fromkeys(("unmailboxes", "unvirtual-mailboxes"), Machine.unmailboxes),
    **dict.fromkeys(HOOKS, Machine.hook),
    **dict.fromkeys(_GLOBAL, Machine.started),
    **dict.fromkeys(("ifdef", "ifndef"), Machine.ifdef),
    "unhook": Machine.unhook,
    "macro": Machine.macro,
    "setenv": Machine.setenv,
    "finish": Machine.finish,
    "cd": Machine.cd,
    "source": Machine.source,
}
