"""What the commands of a mailrc leave set: by itself, and in each account."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.mailrc.words import Line, Word, lines, split
from mailpolicy.template_lines import split as template
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Span, Unread, Unreadable

_NAMES = """\
Copy Decrypt File Folder Followup Forward Lfollowup Lreply Mail More Move Mv New Page Pipe Print Reply Resend
Respond Save Seen Show Top Type Unread Z account addrcodec alias alternates answered bind cache call call_if cd
certsave charsetalias chdir collapse colour commandalias connect copy csop cwd decrypt define delete digmsg
discard disconnect dotmove dp draft dt echo echoerr echoerrn echon edit elif else endif environ errors eval exit
file filetype flag folder folders followup followupall followupsender forward from fwddiscard fwdignore
fwdretain ghost group headerpick headers help history hold if ignore imap imapcodec list localopts mail mailcap
mbox mimetype mimeview mlist mlsubscribe more move mtaaliases mv netrc new newmail next noop page pipe preserve
print quit read readall readctl readsh remove rename reply replyall replysender resend respond respondall
respondsender retain return save savediscard saveignore saveretain search seen set shcodec shell shift shortcut
show size sleep sort source source_if spamclear spamforget spamham spamrate spamset spamspam thread tls top
touch type unaccount unalias unalternates unanswered unbind uncharsetalias uncollapse uncolour uncommandalias
undefine undelete undraft unfiletype unflag unfwdignore unfwdretain unghost ungroup unheaderpick unignore
unmimetype unmlist unmlsubscribe unread unretain unsaveignore unsaveretain unset unshortcut unsort unthread
urlcodec varshow verify version vexpr visual vpospar write xcall xit z wysh local global ignerr vput pcall u our
scope color uncolor defines undef ssl spam folder_hook classify junk good defs"""
COMMANDS = frozenset(_NAMES.split())
"""Commands of s-nail 14.9, of its modifiers, and of Heirloom mailx 12.5."""
_SHORT = {"se": "set", "uns": "unset", "ac": "account", "acc": "account", "so": "source", "def": "define",
          "shor": "shortcut", "i": "if", "en": "endif", "end": "endif", "el": "else"}  # fmt: skip
_BEFORE = frozenset({"wysh", "local", "global", "ignerr", "our", "pcall", "scope"})
_DEPTH = 20
_MOST = 100_000
"""Commands that one file may come to by calls of macros."""
_LONGEST = 4096
"""Characters of a value that others are made of; those that double one another come to any number."""
_SHOWN = 20
_KEPT = 20
"""Commands on one variable that are kept in mind; the last decides."""


class Variable(NamedTuple):
    """A variable as one command left it. ``value`` is None where something else decides it."""

    value: str | None
    where: Span
    """The value without quotes; the name where it is empty."""
    certain: bool
    """No condition decides whether the command is reached."""
    present: bool
    """Set; false after an unset."""
    raw: str = ""
    """The value as it stands in the file."""


Variables = dict[str, tuple[Variable, ...]]
"""Name -> what commands did to it, oldest first."""


class Body(NamedTuple):
    """The commands of a macro or account, in the file that they stand in."""

    source: Source
    lines: tuple[Line, ...]
    where: Span
    """The name."""


class State(NamedTuple):
    """What is set, and where a URL is given a short name."""

    variables: Variables
    shortcuts: dict[str, Variable]

    def copy(self) -> State:
        return State(dict(self.variables), dict(self.shortcuts))

    def put(self, name: str, variable: Variable) -> None:
        """Adds what a command did to a variable."""
        self.variables[name] = (*self.variables.get(name, ()), variable)[-_KEPT:]


class Program:
    """Runs a file's commands."""

    def __init__(self, tree: Tree, path: str) -> None:
        self.tree, self.path = tree, path
        self.state = State({}, {})
        self.macros: dict[str, Body] = {}
        self.accounts: dict[str, Body] = {}
        self.active: tuple[str, Span] | None = None
        self.files: list[str] = []
        self.unread: list[Unread] = []
        self.notes: list[str] = []
        self.missing: Span | None = None
        self.known = self.odd = self.spent = 0

    def run(self) -> None:
        """The whole of the file. Raises Unreadable for the file itself."""
        self._file(self.path, self.state, 0)

    def account(self, name: str) -> State:
        """What is set when an account is chosen after the whole file was read."""
        state = self.state.copy()
        body = self.accounts[name]
        self._commands(body.source, body.lines, state, 1)
        return state

    def _file(self, path: str, state: State, depth: int) -> None:
        source = self.tree.source(path)
        self.files.append(path)
        parts = template(source.text)
        own = {line.start: line.certain for line in parts.lines}
        found = [line for line in lines(source.text) if not parts.filled or self._ours(source, line, own)]
        if parts.filled:
            self.notes.append(f"{path}: a template decides about some lines")
        self._commands(source, tuple(found), state, depth, own if parts.filled else None)

    def _ours(self, source: Source, line: Line, own: dict[int, bool]) -> bool:
        return source.text.rfind("\n", 0, line.start) + 1 in own

    def _commands(
        self, source: Source, found: tuple[Line, ...], state: State, depth: int, own: dict[int, bool] | None = None
    ) -> None:
        sure: list[bool] = []
        at = 0
        while at < len(found):
            line = found[at]
            at += 1
            self.spent += 1
            if self.spent > _MOST:
                if self.spent == _MOST + 1:
                    where = source.span(line.start, line.end)
                    self.unread.append(Unread(where, "comes to more commands than are followed", True))
                return
            name = _SHORT.get(line.command, line.command)
            if name in ("define", "account") and self._opens(source, line):
                at = self._body(source, found, at, name, line)
                continue
            certain = all(sure) and (own is None or own.get(source.text.rfind("\n", 0, line.start) + 1, True))
            if name == "if":
                sure.append(False)
            elif name == "endif":
                del sure[-1:]
            elif name not in ("elif", "else"):
                self._command(source, line, name, state, depth, certain)

    def _opens(self, source: Source, line: Line) -> bool:
        return source.text[line.rest : line.end].rstrip().endswith("{")

    def _body(self, source: Source, found: tuple[Line, ...], at: int, kind: str, line: Line) -> int:
        """Keeps a block, up to the line that begins with a closing brace; where what follows begins."""
        words = split(source.text, line.rest, line.end, True, lambda name: None)[0]
        stop = next((i for i in range(at, len(found)) if found[i].command == "}"), len(found))
        where = source.span(words[0].start, words[0].end) if words else source.span(line.start, line.end)
        self.known += 1
        if stop == len(found):
            self.unread.append(Unread(where, "its block is not closed: s-nail does not define it"))
            return stop
        body = Body(source, found[at:stop], where)
        if len(words) == 2 and words[0].text:
            (self.accounts if kind == "account" else self.macros)[words[0].text] = body
        return stop + 1

    def _command(self, source: Source, line: Line, name: str, state: State, depth: int, certain: bool) -> None:
        start, end = line.rest, line.end
        shell = False
        while name in _BEFORE:
            shell |= name == "wysh"
            found = re.compile(r"[ \t]*\\?([A-Za-z_]+)").match(source.text, start, end)
            if found is None:
                return
            name, start = _SHORT.get(found[1], found[1]), found.end()
        if not _known(name):
            self._unknown(source, line, name)
            return
        self.known += 1
        if name in ("set", "unset", "varset"):
            v15 = state.variables.get("v15-compat")
            shell |= name == "unset" or bool(v15 and v15[-1].present and v15[-1].value)
            words, after = split(source.text, start, end, shell, lambda name: _value(state, name))
            for word in words:
                (_unset if name == "unset" else _set)(source, word, state, certain)
            if after is not None:
                self._follow(source, after, end, state, depth, certain)
            return
        words, after = split(source.text, start, end, True, lambda name: _value(state, name))
        self._other(source, name, words, state, depth, certain)
        if after is not None:
            self._follow(source, after, end, state, depth, certain)

    def _follow(self, source: Source, at: int, end: int, state: State, depth: int, certain: bool) -> None:
        """The command behind a semicolon."""
        found = re.compile(r"[ \t]*\\?([A-Za-z_]+)").match(source.text, at, end)
        if found is not None and depth < _DEPTH and found[1] not in ("if", "define", "account"):
            line = Line(found[1], found.start(1), found.end(), end)
            self._command(source, line, _SHORT.get(found[1], found[1]), state, depth + 1, certain)

    def _other(self, source: Source, name: str, words: list[Word], state: State, depth: int, certain: bool) -> None:
        first = words[0].text if words else None
        if name in ("call", "call_if", "xcall"):
            body = self.macros.get(first or "")
            if body is not None and depth < _DEPTH and certain:
                self._commands(body.source, body.lines, state, depth + 1)
            elif body is not None and depth < _DEPTH:
                self._unsure(body, state)
        elif name == "account" and words:
            body = self.accounts.get(first or "")
            if body is not None and depth < _DEPTH:
                self.active = (first or "", source.span(words[0].start, words[0].end))
                self._commands(body.source, body.lines, state, depth + 1)
        elif name in ("source", "source_if") and words:
            self._source(source, words[0], state, depth)
        elif name == "shortcut" and len(words) > 1:
            for key, url in zip(words[::2], words[1::2], strict=False):
                if key.text and url.text:
                    state.shortcuts[key.text] = Variable(
                        url.text, source.span(url.start, url.end), certain, True, url.raw
                    )
        elif name in ("file", "folder", "File", "Folder") and words and "://" in words[0].raw:
            where = source.span(words[0].start, words[0].end)
            state.shortcuts[f"{name} {first}"] = Variable(first, where, certain, True, words[0].raw)

    def _unsure(self, body: Body, state: State) -> None:
        """A macro that is called under a condition: what it sets is not known."""
        other = state.copy()
        self._commands(body.source, body.lines, other, _DEPTH)
        for name, all_ in other.variables.items():
            if all_ is not state.variables.get(name):
                state.put(name, all_[-1]._replace(certain=False))

    def _source(self, source: Source, word: Word, state: State, depth: int) -> None:
        where = source.span(word.start, word.end)
        found = next((path for path in _places(source.path, word.text or "") if self.tree.exists(path)), None)
        if found is None:
            self.missing = where
            self.notes.append(f"{where}: what this reads is not here")
        elif found not in self.files and depth < _DEPTH:
            try:
                self._file(found, state, depth + 1)
            except Unreadable as problem:
                self.unread.append(Unread(where, f"{found} {problem}", True))

    def _unknown(self, source: Source, line: Line, name: str) -> None:
        self.odd += 1
        if self.odd <= _SHOWN and name.isidentifier():
            self.unread.append(Unread(source.span(line.start, line.end), f"s-nail has no command {name[:40]}"))
        elif self.odd <= _SHOWN and name not in "}!|=?:~&-+":
            self.unread.append(Unread(source.span(line.start, line.end), "is no command of s-nail"))


def _known(name: str) -> bool:
    """Whether a name, or what it is short for, is a command."""
    return name in COMMANDS or (name.isidentifier() and any(full.startswith(name) for full in COMMANDS))


def _value(state: State, name: str) -> str | None:
    """The value of a variable; None for one of the environment."""
    found = state.variables.get(name)
    value = found[-1].value if found and found[-1].present and found[-1].certain else None
    return value if value is None or len(value) <= _LONGEST else None


def _set(source: Source, word: Word, state: State, certain: bool) -> None:
    name, equals, raw = word.raw.partition("=")
    name = name.lstrip("\"'").rstrip("\"'") if not equals else name.lstrip("\"'")
    present = not (name.startswith("no") and len(name) > 2)
    if not present:
        name = name[2:]
    if not re.fullmatch(r"[A-Za-z_][^\s$]*", name):
        return
    value = None if word.text is None else word.text.partition("=")[2]
    start, end = word.start + len(word.raw) - len(raw), word.end
    if raw[:1] in ("'", '"'):
        start += 1
    if end > start and source.text[end - 1] in "'\"":
        end -= 1
    where = source.span(start, end) if equals and end > start else source.span(word.start, word.end)
    state.put(name, Variable(value if present else "", where, certain, present, raw.strip("'\"")))


def _unset(source: Source, word: Word, state: State, certain: bool) -> None:
    if word.text:
        state.put(word.text, Variable("", source.span(word.start, word.end), certain, False))


def _places(path: str, name: str) -> Iterator[str]:
    """Where a file that is named in another one may lie: in the home that the other lies in, or beside it."""
    folder = posixpath.dirname(path)
    base = posixpath.basename(path)
    if not name or "$" in name:
        return
    if name.startswith("~/"):
        home = folder if base.startswith((".", "dot_")) else posixpath.dirname(folder)
        yield posixpath.normpath(posixpath.join(home, name[2:]))
        yield posixpath.normpath(posixpath.join(home, re.sub(r"(^|/)\.", r"\1dot_", name[2:])))
    elif not name.startswith("/"):
        yield posixpath.normpath(posixpath.join(folder, name))
