"""Which sessions a muttrc leads to: at the start, and after what hooks and macros change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mailpolicy import patterns
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.mutt import urls
from mailpolicy.readers.mutt.chars import Run, Text
from mailpolicy.readers.mutt.machine import Hook, Machine
from mailpolicy.readers.mutt.state import TRANSPORT, State
from mailpolicy.readers.mutt.urls import Url

_OPENED = ("spoolfile", "folder")
_WRITTEN = ("record", "postponed", "trash", "mbox")
_SITUATIONS = 200
_COMMANDS = re.compile(r"(?:<enter-command>|(?:^|(?<=[\n\r>])):)(.*?)(?:<(?:enter|return)>|[\n\r]|$)", re.IGNORECASE)
_SOURCES = re.compile(r"source\s+[\"']?([^\s\"'<|]+)")
_META = re.compile(r"[*?$^|()\[\]{}+\\]")
_MOST_EFFORT = 100_000_000


class Session(NamedTuple):
    """A server that is connected to, and what is set then."""

    name: str | None
    """The hook, macro or file that makes the account; None for what holds at the start."""
    url: Url | None
    """None when nothing of the URL is known."""
    text: Text
    """The whole URL."""
    protocol: str
    setting: str
    """The setting that names it, or ``mailboxes``."""
    state: State


class Bad(NamedTuple):
    """A URL that the program refuses."""

    text: Text
    setting: str
    why: str


def sessions(machine: Machine) -> Iterator[Session | Bad]:
    """All sessions, those of the start first; the same one may come more than once."""
    used: set[int] = set()
    start = machine.after(machine.state, machine.startup)
    yield from _situation(machine, None, start, (), used)
    for count, (name, state, entered) in enumerate(_changed(machine, start, used)):
        if count == _SITUATIONS:
            machine.notes.append(f"{machine.files[0]}: has more hooks and macros than are followed")
            return
        yield from _situation(machine, name, state, entered, used)


def _changed(machine: Machine, start: State, used: set[int]) -> Iterator[tuple[str | None, State, tuple[Text, ...]]]:
    """What macros and hooks make of the start: a name, what then holds, folders that they are for."""
    for sequence in machine.macros:
        state, name = start, None
        for found in _COMMANDS.finditer(sequence.text):
            command = sequence.slice(*found.span(1))
            sourced = _SOURCES.search(command.text)
            if sourced and machine.places.find(sourced[1], None) == machine.files[0]:
                break  # back to the start
            state = machine.after(state, (command,))
            name = sourced[1].rpartition("/")[2] if sourced else name
        if state is not start and _differ(state, start):
            yield name, state, ()
    for index, hook in enumerate(machine.hooks):
        if index in used or (hook.kind == "account-hook" and not hook.pattern.text):
            continue
        entered = tuple(_folders(hook))
        if hook.kind == "account-hook":
            if entered:
                yield _called(hook), start, entered
            continue
        every = [
            h.command for h in machine.hooks if h.kind == hook.kind == "folder-hook" and h.pattern.text in (".", ".*")
        ]
        state = machine.after(start, (*every, hook.command))
        if _differ(state, start):
            yield _called(hook), state, entered


def _called(hook: Hook) -> str:
    return hook.pattern.text.strip("^$~ ")[:60] if hook.pattern.known else hook.kind


def _differ(state: State, start: State) -> bool:
    return any(state.values.get(name) != start.values.get(name) for name in TRANSPORT) or state.doubt != start.doubt


def _folders(hook: Hook) -> Iterator[Text]:
    """The URL that a hook is for, as far as its pattern is no more than one."""
    pattern = hook.pattern
    first = 1 if pattern.text.startswith("^") else 0
    end = _META.search(pattern.text, first)
    text = pattern.slice(first, end.start() if end else len(pattern.text))
    scheme = text.text.partition("://")
    if scheme[0] in ("imap", "imaps", "pop", "pops") and "." in scheme[2] and not hook.negated:
        yield text


def _situation(
    machine: Machine, name: str | None, state: State, entered: tuple[Text, ...], used: set[int]
) -> Iterator[Session | Bad]:
    """Sessions of one state: mail that goes out, mail that is fetched, folders that are opened or written to."""
    yield from _at(machine, name, state, "smtp_url", used)
    yield from _at(machine, name, state, "pop_host", used)
    opened = [(setting, state.get(setting)) for setting in _OPENED]
    opened += [("mailboxes", text) for text in (*entered, *state.mailboxes)]
    kept = state.known("copy") != "no"
    opened += [(setting, state.get(setting)) for setting in _WRITTEN if kept or setting != "record"]
    seen: set[str] = set()
    for setting, text in opened:
        if text is None or not text.text or text.text in seen:
            continue
        seen.add(text.text)
        then = state
        url = urls.parse(text, machine.program)
        if url is not None and setting not in _WRITTEN and text not in entered:
            then = _hooked(machine, state, "folder-hook", text.text, used)
        if isinstance(url, str):
            yield Bad(text, setting, url)
        elif url is not None:
            hooked = _hooked(machine, then, "account-hook", urls.account(url), used)
            yield Session(name, url, text, url.protocol, setting, hooked)
        if then is not state and _differ(then, state):
            yield from _at(machine, name, then, "smtp_url", used)


def _at(machine: Machine, name: str | None, state: State, setting: str, used: set[int]) -> Iterator[Session | Bad]:
    """The session of a setting that is a URL of its own."""
    text = state.get(setting)
    if text is None or not text.text:
        return
    protocol = "smtp" if setting == "smtp_url" else "pop3"
    url = urls.parse(text, machine.program)
    if url is None and setting == "pop_host" and text.known:
        whole = text._replace(text="pop://" + text.text, runs=_moved(text, 6))
        url = urls.parse(whole, machine.program)
    if url is None and not text.known and not text.text.isprintable():
        yield Session(name, None, text, protocol, setting, state)
    elif url is None or isinstance(url, str) or url.protocol != protocol:
        yield Bad(text, setting, url if isinstance(url, str) else f"is no URL for {setting}")
    else:
        yield Session(
            name, url, text, protocol, setting, _hooked(machine, state, "account-hook", urls.account(url), used)
        )


def _moved(text: Text, width: int) -> tuple[Run, ...]:
    first = text.runs[:1]
    return (*first, *(run._replace(at=run.at + width) for run in text.runs))


def _hooked(machine: Machine, state: State, kind: str, subject: str, used: set[int]) -> State:
    """What holds after the hooks that match have run."""
    commands = []
    for index, hook in enumerate(machine.hooks):
        if hook.kind == kind and _matches(hook, subject, machine):
            if hook.pattern.text not in (".", ".*"):
                used.add(index)
            commands.append(hook.command)
    return machine.after(state, commands) if commands else state


def _matches(hook: Hook, subject: str, machine: Machine) -> bool:
    """Whether a hook is for a URL; a pattern that would take too long is taken for a plain text."""
    pattern = hook.pattern.text
    if not hook.pattern.known:
        return False
    machine.effort += patterns.effort(pattern, subject)
    plain = hook.literal or machine.effort > _MOST_EFFORT
    found = None if plain else patterns.found(pattern, subject, ignore_case=False)
    return (pattern in subject if found is None else found) != hook.negated


def distinct(found: Iterable[Session | Bad]) -> Iterator[Session | Bad]:
    """Refused URLs once each."""
    seen: set[tuple[str, str]] = set()
    for one in found:
        if isinstance(one, Bad):
            if (one.setting, one.text.text) in seen:
                continue
            seen.add((one.setting, one.text.text))
        yield one
