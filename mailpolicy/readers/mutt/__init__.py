"""mutt and NeoMutt, mail clients: ``~/.muttrc``, ``~/.config/neomutt/neomuttrc`` and the files of accounts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailpolicy.mailboxes import mailbox
from mailpolicy.readers.mutt import lines as kinds
from mailpolicy.readers.mutt.accounts import Bad, Session, distinct, sessions
from mailpolicy.readers.mutt.connections import View, fact, literal, secrets, user
from mailpolicy.readers.mutt.lines import lines
from mailpolicy.readers.mutt.machine import Machine
from mailpolicy.readers.mutt.names import COMMANDS, NEOMUTT_ONLY
from mailpolicy.readers.mutt.places import plain
from mailpolicy.readers.mutt.state import program
from mailpolicy.readers.mutt.urls import PORTS
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version, unreadable

SOFTWARE = "mutt"
FILES = "`.muttrc`, `neomuttrc`, files in `mutt/`, `.mutt/` and `neomutt/`, and what they source; NeoMutt by its names"
PROVEN = (
    "mutt 2.2.12 and NeoMutt 20220429 run; defaults and commands of mutt 1.5.18 to 2.4 and of NeoMutt 20170912 to "
    "20260616 read in source"
)
LIMITS = "Output of commands, and files that are not in the tree, leave unknown what they may set."

_MAIN = re.compile(r"(?i)[._]?(neo)?muttrc")
_ANY_COMMAND = COMMANDS["mutt"] | COMMANDS["neomutt"]
_SNIFFED = 200
_TELLING = re.compile(
    r"\b(?:imap_(?:user|pass)|smtp_(?:url|pass)|pop_host|spool_?file)\b|\bfolder\s*=|^(?:folder|account)-hook ", re.M
)
_NEOMUTT_LINE = re.compile(r"^[ \t]*(?:(?:set|unset)[ \t]+(?:no|inv)?(\w+)|([a-z][a-z_-]+))", re.M)


def software(path: str) -> str:
    """The program that reads a file, as its name and place tell."""
    return "neomutt" if "neomutt" in path.rpartition("/")[2] or "neomutt" in _folders(path) else "mutt"


def _folders(path: str) -> list[str]:
    return [plain(part).lstrip("._") for part in path.split("/")[-6:-1]]


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself, main files first: a file that another one sources is read with that one."""
    return [(path,) for path in sorted(paths, key=_rank)]


def _rank(path: str) -> tuple[int, int, str]:
    name = plain(path.rpartition("/")[2])
    order = 0 if _MAIN.fullmatch(name) else 1 if "muttrc" in name else 2
    return order, path.count("/"), path


def sniff(text: str) -> bool:
    """Whether most lines begin with commands of mutt, and one is of mailboxes or servers."""
    seen = known = 0
    for line in lines(Source("", text[:40_000])):
        head = line.text.text.lstrip()
        if line.kind != kinds.PLAIN or head.startswith("#"):
            continue
        seen += 1
        known += head.split()[0] in _ANY_COMMAND
        if seen == _SNIFFED:
            break
    return seen > 0 and known >= 0.8 * seen and _TELLING.search(text[:40_000]) is not None


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The servers that the files lead to as connections, and the passwords in them."""
    path = paths[0]
    main = "muttrc" in plain(path.rpartition("/")[2])
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable((path,), str(problem))
    if not source.text.strip():
        empty = (Unread(Span(path, 1, 1, 2), "is empty", fatal=True),) if main else ()
        return Inventory(unread=empty, files=(path,) if main else ())
    machine = Machine(tree, path, program(_program(path, source, version), version))
    machine.read(source)
    if not main and _is_foreign(source, machine):
        return Inventory(notes=(f"{path}: is no file of mutt's; not read",))
    if not machine.understood and machine.refused:
        why = "is no muttrc: no line holds a command of mutt"
        return unreadable((path,), why, next(iter(machine.unread)))
    facts, bad = _facts(machine, path, source)
    notes = machine.notes if facts else [*machine.notes, f"{path}: leads to no server by itself"] if main else []
    return Inventory(tuple(facts), (*machine.unread.values(), *bad), tuple(machine.files), tuple(dict.fromkeys(notes)))


def _is_foreign(source: Source, machine: Machine) -> bool:
    """Whether a file that only lies in mutt's folder is a script, or something else that has a word of mutt's."""
    if source.text.startswith("#!"):
        return True
    return machine.refused > machine.understood or (machine.refused > 0 and not sniff(source.text))


def _program(path: str, source: Source, version: Version | None) -> str:
    """NeoMutt by name and place, or, where no version is assumed, by what only NeoMutt knows."""
    named = software(path)
    if named == "neomutt" or version is not None:
        return named
    words = _NEOMUTT_LINE.finditer(source.text)
    return "neomutt" if any((found[1] or found[2]) in NEOMUTT_ONLY for found in words) else named


def _facts(machine: Machine, path: str, source: Source) -> tuple[list[Fact], list[Unread]]:
    facts: dict[tuple[object, ...], Fact] = {}
    hidden: dict[Span, Fact] = {}
    bad: list[Unread] = []
    taken: set[tuple[str, str]] = set()
    for one in distinct(sessions(machine)):
        if isinstance(one, Bad):
            bad.append(Unread(one.text.whole() or source.start(), f"{one.setting} {one.why}"))
            continue
        name = _account(one, path, taken)
        made = fact(one, path, name, source.start())
        key = (_identity(one), *(made.values.get(field) for field in ("tls", "verify", "cleartext_credentials")))
        if key not in facts:
            facts[key] = made
            taken.add((one.protocol, name))
        for found in secrets(one, path):
            hidden.setdefault(found.origins["storage"][-1].where or source.start(), found)
    for setting, text in machine.literals:
        shown = literal(machine.state, setting, text, path) if _holds_password(setting) else None
        if shown is not None:
            hidden.setdefault(shown.origins["storage"][-1].where or source.start(), shown)
    return [*facts.values(), *(hidden[where] for where in sorted(hidden))], bad


def _holds_password(setting: str) -> bool:
    if setting.startswith("my_"):
        return re.search(r"pass|pw\b|pwd|secret|token", setting, re.IGNORECASE) is not None
    return setting in ("imap_pass", "pop_pass", "smtp_pass", "nntp_pass")


def _identity(one: Session) -> tuple[object, ...]:
    """Two sessions of one identity are one account."""
    url = one.url
    if url is None:
        return one.protocol, one.text.text, None, None
    told = user(View(one)) if one.protocol != "smtp" or url.user is not None else None
    return (
        one.protocol,
        url.host.text.lower(),
        url.port.text if url.port else str(PORTS[url.kind]),
        told.value if told else None,
    )


def _account(one: Session, path: str, taken: set[tuple[str, str]]) -> str:
    """The hook's or macro's name, the file's for an account file, or ``default``; the mailbox where that is taken."""
    plain_name = plain(path.rpartition("/")[2])
    name = one.name or ("default" if "muttrc" in plain_name else plain_name)
    if (one.protocol, name) not in taken or one.url is None or not one.url.host.known:
        return name
    told = user(View(one))
    return mailbox(str(told.value), one.url.host.text) if told else one.url.host.text
