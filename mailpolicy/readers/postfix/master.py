"""Services of master.cf as master(8) reads them (Postfix 3.10 src/master/master_ent.c, single_server.c)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.postfix.lexer import BLANKS, Logical, Text, Token, assignment, is_template, tokens
from mailpolicy.readers.postfix.params import View, Written
from mailpolicy.tree import Tree
from mailpolicy.types import Origin, Span, Unread, Unreadable

TYPES = frozenset(("inet", "unix", "fifo", "pass", "unix-dgram"))
_WITH_VALUE = "imnorst"
_WITHOUT_VALUE = "cdDlSuvVz"
_STOCK = (("smtp", "inet", "smtpd"), ("smtp", "unix", "smtp"), ("relay", "unix", "smtp"), ("lmtp", "unix", "lmtp"))
_OVERRIDE = re.compile(r"([^\s/]+)/(inet|unix|pass|fifo|unix-dgram)/([A-Za-z0-9_]+)[ \t]*=")
_SWITCH = re.compile(r"^(?:%\{\w+\})+")
"""What some templates put in front of a line that may be left out."""


class Service(NamedTuple):
    """One entry of master.cf."""

    name: str
    type: str
    private: str
    unpriv: str
    chroot: str
    wakeup: str
    maxproc: str
    command: str
    args: tuple[str, ...]
    """All arguments, braces taken off."""
    rest: tuple[Token, ...]
    """What is left after the options: an error for most programs, the command line of pipe(8) and spawn(8)."""
    options: Mapping[str, Written]
    where: Span
    """The service name."""
    command_where: Span
    known: bool
    """False inside the if of a template."""
    verbose: bool = False
    problem: str = ""
    """Why the program dies at its command line."""
    problem_where: Span | None = None
    partial: bool = False
    """Only some of its options are known (``submission/inet/parameter=value``)."""


class Config(NamedTuple):
    """All that one instance says."""

    tree: Tree
    folder: str
    """Where the folder that plays /etc/postfix lies."""
    main: Mapping[str, Written]
    services: tuple[Service, ...]
    """Those that master(8) starts: without disabled ones, the last of each name and type."""
    version: tuple[int, ...]
    unread: list[Unread]
    main_path: str
    """main.cf, or master.cf where there is no main.cf."""
    master_path: str | None
    partial: bool
    """main.cf is not there, or only a part of it: what it does not set is unknown."""
    views: dict[tuple[str, str], View]

    def _start(self) -> Span:
        try:
            return self.tree.source(self.main_path).start()
        except Unreadable:
            return Span(self.main_path, 1, 1, 2)

    def view(self, service: Service | None = None) -> View:
        """The parameters as ``service`` sees them, or as main.cf alone gives them."""
        key = (service.name, service.type) if service else ("", "")
        if key not in self.views:
            given = {"stress": "", "config_directory": "/etc/postfix"}
            given["mail_version"] = ".".join(map(str, self.version))
            given["service_name"] = service.name if service else ""
            if service:
                given["process_name"] = service.command
            options = service.options if service else {}
            declared = service.where if service else self._start()
            partial = self.partial or (service is not None and service.partial)
            self.views[key] = View(self.main, options, self.version, declared, given, partial)
        return self.views[key]


def settings(text: Text, unread: list[Unread]) -> tuple[dict[str, Written], Span | None]:
    """Parameters of main.cf, the last of each name winning, and the first line that Postfix refuses to start with."""
    found: dict[str, Written] = {}
    fatal: Span | None = None
    for span in text.stray:
        unread.append(Unread(span, "a line that starts with a blank has nothing to continue; Postfix ignores it"))
    for line in text.lines:
        parsed = assignment(line.text)
        if isinstance(parsed, str):
            whole = line.locate(0, len(line.text.rstrip(BLANKS)))
            if is_template(line.text):
                continue
            unread.append(Unread(whole, f"{parsed}; Postfix refuses the whole file"))
            fatal = fatal or whole
            continue
        name = _SWITCH.sub("", parsed.name)
        perhaps = line.conditional or name != parsed.name
        written = _written(line, parsed.name, parsed.value, parsed.name_start, parsed.value_start)
        written = written._replace(name=name, known=not perhaps)
        before = found.get(name)
        if before is not None:
            how = "overrides" if before.earlier else "sets"
            written = written._replace(earlier=(*before.earlier, Origin(how, before.where)))
        found[name] = written
    return found, fatal


def _written(line: Logical, name: str, value: str, name_start: int, value_start: int) -> Written:
    """A setting with its positions; an empty value stands at its name."""

    def locate(start: int, end: int) -> Span:
        return line.locate(value_start + start, value_start + end)

    where = locate(0, len(value)) if value else line.locate(name_start, name_start + len(name))
    return Written(name, value, where, locate, not line.conditional)


def stock(declared: Span) -> tuple[Service, ...]:
    """The network services of the master.cf that Postfix brings along."""
    return tuple(
        Service(
            name,
            kind,
            "n" if kind == "inet" else "-",
            "-",
            "n",
            "-",
            "-",
            command,
            (),
            (),
            {},
            declared,
            declared,
            True,
        )
        for name, kind, command in _STOCK
    )


def services(text: Text, unread: list[Unread]) -> tuple[list[Service], Span | None]:
    """Entries of master.cf in order, and the first one with which master(8) refuses to start."""
    found: list[Service] = []
    fatal: Span | None = None
    for span in text.stray:
        unread.append(Unread(span, "a line that starts with a blank has nothing to continue; Postfix ignores it"))
    halt: Unread | None = None
    overrides: dict[tuple[str, str], dict[str, Written]] = {}
    for line in text.lines:
        override = _OVERRIDE.match(line.text)
        if override:
            _override(line, override, overrides)
            continue
        entry = _entry(line)
        if isinstance(entry, Service):
            found.append(entry)
        elif not is_template(line.text):
            whole = line.locate(0, len(line.text.rstrip(BLANKS)))
            unread.append(Unread(whole, f"{entry}; Postfix does not start"))
            if entry.startswith(("missing field", "bad transport")):
                fatal = fatal or whole
            else:
                halt = halt or Unread(whole, entry)
    if halt is not None:
        found = [_halted(entry, halt) for entry in found if entry.type != "inet" or entry.where.line < halt.where.line]
    return _with_overrides(found, overrides), fatal


def _halted(entry: Service, halt: Unread) -> Service:
    """A service whose socket is open while master(8) dies over and over at a later entry."""
    if entry.type != "inet":
        return entry
    return entry._replace(problem=f"master(8) stops at a later entry: {halt.why}", problem_where=halt.where)


def _override(line: Logical, match: re.Match[str], overrides: dict[tuple[str, str], dict[str, Written]]) -> None:
    """``submission/inet/parameter=value``, as postconf -P takes it."""
    value = line.text[match.end() :].strip(BLANKS)
    start = len(line.text) - len(line.text[match.end() :].lstrip(BLANKS))
    written = _written(line, match[3], value, match.start(3), start)
    overrides.setdefault((match[1], match[2]), {})[match[3]] = written


def _with_overrides(found: list[Service], overrides: dict[tuple[str, str], dict[str, Written]]) -> list[Service]:
    result = []
    for service in found:
        more = overrides.pop((service.name, service.type), None)
        result.append(service._replace(options={**service.options, **more}) if more else service)
    for (name, kind), options in overrides.items():
        where = next(iter(options.values())).where
        command = "smtpd" if kind == "inet" else name
        entry = Service(name, kind, "-", "-", "-", "-", "-", command, (), (), options, where, where, True, partial=True)
        result.append(entry)
    return result


def _entry(line: Logical) -> Service | str:
    """One entry, or why master(8) refuses it."""
    fields = tokens(line.text, " \t\r\n\v\f", braces=False)
    names = (
        "service name",
        "transport type",
        "private",
        "unprivileged",
        "chroot",
        "wakeup_time",
        "max_proc",
        "command",
    )
    if len(fields) < 8:
        return f'missing field "{names[len(fields)]}"'
    name, kind, private, unpriv, chroot, wakeup, maxproc, command = (field.text for field in fields[:8])
    fault = _entry_fault(tuple(field.text for field in fields[:8]))
    if fault:
        return fault
    args = _arguments(line, fields[7].end)
    if isinstance(args, str):
        return args
    where = line.locate(fields[0].start, fields[0].end)
    at = line.locate(fields[7].start, fields[7].end)
    parsed = _getopt(line, args)
    return Service(
        name, kind, private, unpriv, chroot, wakeup, maxproc, command, tuple(arg.text for arg in args), parsed.rest,
        parsed.options, where, at, not line.conditional, parsed.verbose, parsed.problem, parsed.where,
    )  # fmt: skip


def _entry_fault(fields: tuple[str, ...]) -> str:
    """Why master(8) refuses the eight fields of an entry; empty where it does not."""
    name, kind, private, unpriv, chroot, wakeup, maxproc, command = fields
    if any(is_template(text) for text in fields[1:]):
        return "a template"
    if kind not in TYPES:
        return f'bad transport type "{kind}"'
    for title, value in (("private", private), ("unprivileged", unpriv), ("chroot", chroot)):
        if value not in ("y", "n", "-"):
            return f'field "{title}": bad value "{value}"'
    if kind == "inet" and not re.fullmatch(r"[A-Za-z0-9._:%\[\]-]+", name):
        return f'bad hostname or network address "{name}"'
    if kind == "inet" and private != "n":
        return "inet service cannot be private"
    for title, value in (("wakeup_time", wakeup), ("max_proc", maxproc)):
        if value != "-" and not (value[0].isascii() and value[0].isdigit()):
            return f'field "{title}": bad value "{value}"'
    if command == "-":
        return 'field "command" has no default value'
    return ""


def _arguments(line: Logical, start: int) -> list[Token] | str:
    """Arguments of the command: split at blanks, braces kept together and taken off."""
    found = []
    for token in tokens(line.text, " \t\r\n\v\f", start=start):
        if not token.text.startswith("{") or token.text.startswith("{{"):
            found.append(token)
            continue
        if _closing(token.text) != len(token.text) - 1:
            fault = "missing '}'" if _closing(token.text) < 0 else "syntax error after '}'"
            return f'{fault} in "{token.text}"'
        inner = token.text[1:-1]
        begin = token.start + 1 + len(inner) - len(inner.lstrip(BLANKS))
        text = inner.strip(BLANKS)
        found.append(Token(text, begin, begin + len(text)))
    return found


def _closing(text: str) -> int:
    """Where the brace that ``text`` starts with is closed, or -1."""
    level = 0
    for at, char in enumerate(text):
        level += (char == "{") - (char == "}")
        if level == 0:
            return at
    return -1


class _Options(NamedTuple):
    options: dict[str, Written]
    rest: tuple[Token, ...]
    verbose: bool
    problem: str = ""
    where: Span | None = None


def _getopt(line: Logical, args: list[Token]) -> _Options:
    """The command line as the server skeletons take it: getopt(3), options before everything else."""
    options: dict[str, Written] = {}
    verbose, at = False, 0
    while at < len(args):
        arg = args[at]
        if not arg.text.startswith("-") or arg.text == "-":
            break
        at += 1
        if arg.text == "--":
            break
        for index in range(1, len(arg.text)):
            letter = arg.text[index]
            if letter in _WITHOUT_VALUE:
                verbose = verbose or letter == "v"
                continue
            value = Token(arg.text[index + 1 :], arg.start + index + 1, arg.end)
            if letter in _WITH_VALUE and not value.text and at < len(args):
                value = args[at]
                at += 1
            if letter not in _WITH_VALUE or not (value.text or (value is not args[at - 1] and value.start < value.end)):
                return _Options(options, (), verbose, f"invalid option: {letter}", line.locate(arg.start, arg.end))
            problem = _option(line, letter, value, options)
            if problem:
                return _Options(options, (), verbose, problem, line.locate(value.start, value.end))
            break
    return _Options(options, tuple(args[at:]), verbose)


def _option(line: Logical, letter: str, value: Token, options: dict[str, Written]) -> str:
    """Takes one option with a value; gives why the program dies of it."""
    if letter == "o":
        parsed = assignment(value.text)
        if isinstance(parsed, str):
            return "" if is_template(value.text) else f'invalid "-o {value.text}" option value: {parsed}'
        written = _written(
            line, parsed.name, parsed.value, value.start + parsed.name_start, value.start + parsed.value_start
        )
        before = options.get(parsed.name)
        if before is not None:
            written = written._replace(earlier=(*before.earlier, Origin("overrides", before.where)))
        options[parsed.name] = written
    elif letter in "im":
        name = "max_idle" if letter == "i" else "max_use"
        options[name] = _written(line, name, value.text, value.start, value.start)
    elif letter in "sr" and not re.match(r"\s*\+?0*[1-9]", value.text):
        return f"invalid socket_count: {value.text}" if letter == "s" else f"invalid retirement time: {value.text}"
    return ""
