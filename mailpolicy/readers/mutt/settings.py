"""``set``, ``unset``, ``toggle`` and ``reset``, after ``parse_set`` of mutt 2.2, NeoMutt 20180716 and 20220429."""

from __future__ import annotations

from mailpolicy.lean import NamedTuple, Protocol
from mailpolicy.readers.mutt.chars import Text, instead, joined
from mailpolicy.readers.mutt.state import SYNONYMS, Program, State
from mailpolicy.readers.mutt.words import Words
from mailpolicy.types import Span

_PATHS = frozenset({"folder", "spoolfile", "mbox", "record", "postponed", "trash", "certificate_file"})
_BOTH = {"yes": "yes", "no": "no"}
_NEOMUTT = {
    **_BOTH,
    "y": "yes",
    "true": "yes",
    "1": "yes",
    "on": "yes",
    "n": "no",
    "false": "no",
    "0": "no",
    "off": "no",
}
_ASKED = {**_BOTH, "ask-yes": "ask-yes", "ask-no": "ask-no"}
_OPPOSITE = {"yes": "no", "no": "yes", "ask-yes": "ask-no", "ask-no": "ask-yes"}
_AUTHENTICATORS = {
    "imap_authenticators": frozenset({"oauthbearer", "xoauth2", "plain", "gssapi", "login"}),
    "pop_authenticators": frozenset({"oauthbearer", "apop", "user"}),
    "smtp_authenticators": frozenset({"oauthbearer", "xoauth2", "plain", "login"}),
}
_VALIDATED = (20201120,)
_NEW_RULES = (20190101,)
"""From here on NeoMutt has the words of ``_NEOMUTT`` and the postfix ``?``."""


class Machine(Protocol):
    """What runs the command."""

    program: Program
    state: State

    def path(self, text: Text) -> Text:
        """A mailbox's name with its shortcut expanded."""

    def put(self, name: str, text: Text | None, where: Span) -> None:
        """Sets a setting."""


class Refused(Exception):
    """A command that the program refuses; ``where`` is None for the whole command."""

    def __init__(self, why: str, at: Text) -> None:
        super().__init__(why)
        self.where: Span | None = at.whole()


class _Wish(NamedTuple):
    """What is to be done with a setting."""

    query: bool
    unset: bool
    toggle: bool
    reset: bool
    prefix: bool


def assign(command: str, words: Words, machine: Machine) -> None:
    """Runs one of the four commands. Raises Refused."""
    newer = machine.program.name == "neomutt" and machine.program.numbers >= _NEW_RULES
    while words.more:
        wish = _wish(command, words)
        name = words.word("=?+-" if newer else "=")
        if not name.known:
            machine.state.tainted(name.whole() or words.line.span(0, 1), "a setting whose name is not known")
            if words.peek == "=":
                words.at += 1
                words.word()
            continue
        if wish.prefix and command != "set" and newer:
            raise Refused(f"{command} takes no prefix", name)
        if not _one(wish, name, words, machine, newer):
            return


def _wish(command: str, words: Words) -> _Wish:
    text, at = words.line.text, words.at
    query, unset, toggle, reset = False, command == "unset", command == "toggle", command == "reset"
    before = words.at
    if text[at] in "?&":
        query, reset = text[at] == "?", reset or text[at] == "&"
        words.at += 1
    elif text.startswith("no", at):
        unset = not unset
        words.at += 2
    elif text.startswith("inv", at):
        toggle = not toggle
        words.at += 3
    return _Wish(query, unset, toggle, reset, words.at > before)


def _one(wish: _Wish, name: Text, words: Words, machine: Machine, newer: bool) -> bool:
    """Does one setting; whether the command goes on."""
    program, key = machine.program, SYNONYMS.get(name.text, name.text)
    own = name.text.startswith("my_")
    if not own and not program.knows(name.text) and not (wish.reset and name.text == "all"):
        shown = name.text[:40]
        raise Refused(
            f"{shown} is no setting of {program.name} {program.version}: the rest of the line is not read", name
        )
    where = name.whole()
    assert where is not None
    kind = "text" if own else program.kind(name.text)
    if newer and words.peek == "?":
        words.at += 1
        words.skip()
        return False
    if wish.reset:
        if words.peek == "=":
            raise Refused("reset takes no value", name)
        for one in list(machine.state.values) if name.text == "all" else [key]:
            machine.put(one, None, where)
        return True
    grows = newer and words.peek in ("+", "-") and words.peek != ""
    if grows:
        words.at += 1
    if words.peek == "=":
        if kind == "switch" and (wish.unset or wish.toggle or wish.query):
            raise Refused("a switch that is set takes no prefix", name)
        words.at += 1
        _store(key, kind, name, words.word(), machine, grows)
        return True
    return _bare(wish, key, kind, name, where, machine)


def _bare(wish: _Wish, key: str, kind: str | None, name: Text, where: Span, machine: Machine) -> bool:
    """A setting without a value: on, off, the other way round, or a question."""
    if wish.query or (kind == "text" and not wish.unset):
        return False
    if kind == "text":
        machine.put(key, Text("", name.runs[:1]), where)
        return True
    if wish.toggle:
        now = machine.state.known(key)
        machine.put(key, None if now is None else instead(_OPPOSITE.get(now, "yes"), name), where)
        return True
    machine.put(key, instead("no" if wish.unset else "yes", name), where)
    return True


def _check_authenticators(key: str, value: Text, program: Program) -> None:
    """NeoMutt refuses names that it does not know, and knows those of SASL only where it is built with Cyrus SASL."""
    if program.name != "neomutt" or program.numbers < _VALIDATED:
        return
    allowed = _AUTHENTICATORS[key]
    for name in value.text.split(":"):
        if name and name.lower() not in allowed:
            raise Refused(
                f"{name[:40]} is refused by NeoMutt with GNU SASL, which Debian has: {key} stays as it was", value
            )


def _store(key: str, kind: str | None, name: Text, value: Text, machine: Machine, grows: bool) -> None:
    where = value.whole() or name.whole()
    assert where is not None
    if kind in ("switch", "question") and value.known:
        allowed = _ASKED if kind == "question" else _NEOMUTT if machine.program.name == "neomutt" else _BOTH
        word = allowed.get(value.text.lower())
        if word is None:
            raise Refused(f"{name.text} takes {', '.join(allowed)}", value if value.text else name)
        value = instead(word, value)
    elif key in _AUTHENTICATORS and value.known:
        _check_authenticators(key, value, machine.program)
    elif key in _PATHS:
        value = machine.path(value)
    if grows:
        before = machine.state.get(key)
        value = value if before is None else joined((before, value))
    machine.put(key, value, where)
