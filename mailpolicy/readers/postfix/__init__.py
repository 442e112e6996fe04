"""Reads Postfix's main.cf and master.cf as one instance (Postfix 3.0 to 3.10)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from mailpolicy.readers.postfix import connections, listeners, server
from mailpolicy.readers.postfix.lexer import is_template, logical_lines, writes_settings
from mailpolicy.readers.postfix.master import Config, Service, services, settings, stock
from mailpolicy.readers.postfix.params import NEWEST, Written
from mailpolicy.tree import Tree
from mailpolicy.types import Inventory, Span, Unread, Unreadable, Version

SOFTWARE = "postfix"
FILES = "main.cf, master.cf, the tables they name"
PROVEN = "Postfix 3.7 and 3.10, run with the same files; defaults of 3.4 to 3.11 from their own dumps"
LIMITS = "maps in databases and by network; milters; mail that transport_maps sends elsewhere, beyond their own entries"

_NAME = re.compile(r"(?P<before>(?:.*[^A-Za-z0-9])?)(?P<which>main|master)\.cf(?P<after>(?:\.[A-Za-z0-9]+)*)$")
_ENDINGS = (
    "",
    ".j2",
    ".jinja2",
    ".jinja",
    ".erb",
    ".epp",
    ".tmpl",
    ".tpl",
    ".template",
    ".in",
    ".dist",
    ".sample",
    ".example",
)
_SNIFF = (
    r"^(?:smtpd?_[a-z_]+|my(?:hostname|networks|destination|origin)|inet_interfaces|relayhost|queue_directory)[ \t]*="
    r"|^(?:smtp|submission|smtps|submissions|pickup|cleanup|qmgr)[ \t]+(?:inet|unix|fifo|pass)[ \t]+[yn-][ \t]"
)


def sniff(text: str) -> bool:
    """Whether a text looks like main.cf or master.cf."""
    return re.search(_SNIFF, text, re.MULTILINE) is not None


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """main.cf and master.cf of one folder whose names differ in nothing else."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for path in paths:
        folder, name = posixpath.split(path)
        match = _NAME.match(name)
        if match:
            found.setdefault((folder, match["before"], match["after"]), []).append(path)
        elif not re.search(r"[A-Za-z0-9](?:main|master)\.cf", name):
            found.setdefault((folder, name, ""), []).append(path)
    return [tuple(sorted(group)) for group in found.values()]


def _pair(tree: Tree, paths: tuple[str, ...]) -> tuple[str | None, str | None]:
    """The main.cf and the master.cf of a group; the one that is not given is looked for beside the other."""
    main = master = None
    for path in paths:
        match = _NAME.match(posixpath.basename(path))
        which = match["which"] if match else _kind(tree, path)
        if which == "main":
            main = main or path
        else:
            master = master or path
    if main is None and master is not None:
        main = _beside(tree, master, "main")
    elif master is None and main is not None:
        master = _beside(tree, main, "master")
    return main, master


def _kind(tree: Tree, path: str) -> str:
    """main or master, by content."""
    try:
        text = tree.source(path).text
    except Unreadable:
        return "main"
    return "master" if re.search(r"^\S+[ \t]+(?:inet|unix|fifo|pass)[ \t]+[yn-][ \t]", text, re.MULTILINE) else "main"


def _beside(tree: Tree, path: str, which: str) -> str | None:
    """The other file of a pair, with the same affixes or with none."""
    folder, name = posixpath.split(path)
    match = _NAME.match(name)
    if not match:
        return None
    first = f"{match['before']}{which}.cf{match['after']}"
    names = [first, *(f"{match['before']}{which}.cf{ending}" for ending in _ENDINGS)]
    for candidate in names:
        beside = posixpath.join(folder, candidate)
        if tree.exists(beside):
            return beside
    return None


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """Facts of one instance: its sockets, its outgoing connections and what holds for the whole server."""
    main_path, master_path = _pair(tree, paths)
    unread: list[Unread] = []
    files: list[str] = []
    notes: list[str] = []
    fragment = any(posixpath.basename(path).startswith("postfix-") for path in paths)
    main, main_fatal = _main(tree, main_path, unread, files)
    entries, master_fatal = _master(tree, master_path, main_path, unread, files, notes, fragment)
    if not files:
        return Inventory((), tuple(unread), paths, ())
    first = main_path or master_path or paths[0]
    config = Config(
        tree, posixpath.dirname(first), main, (), version.numbers if version else NEWEST, unread, first, master_path,
        main_path is None or main_path not in files or fragment or writes_settings(tree.source(main_path)), {},
    )  # fmt: skip
    config = config._replace(services=listeners.started(config, entries))
    dead = bool(main_fatal or master_fatal) and not _templated(tree, files)
    fault = listeners.start_fault(config)
    if fault is not None and not dead:
        at = next((origin.where for origin in reversed(fault[1]) if origin.where), Span(first, 1, 1, 2))
        unread.append(Unread(at, f"{fault[0]}; Postfix does not start"))
        dead = True
    if dead:
        notes.append(f"{first}: Postfix does not start with these files; no listener is stated")
    heard = [] if dead else listeners.facts(config)
    facts = [*heard, *connections.facts(config), *server.facts(config, heard)]
    return Inventory(tuple(facts), tuple(unread), tuple(files), tuple(notes))


def _templated(tree: Tree, files: list[str]) -> bool:
    return any(is_template(tree.source(path).text) for path in files)


def _main(
    tree: Tree, path: str | None, unread: list[Unread], files: list[str]
) -> tuple[dict[str, Written], Span | None]:
    if path is None:
        return {}, None
    try:
        text = logical_lines(tree.source(path))
    except Unreadable as problem:
        unread.append(Unread(Span(path, 1, 1, 2), str(problem), True))
        return {}, None
    files.append(path)
    return settings(text, unread)


def _master(
    tree: Tree,
    path: str | None,
    main: str | None,
    unread: list[Unread],
    files: list[str],
    notes: list[str],
    fragment: bool,
) -> tuple[list[Service], Span | None]:
    if path is not None:
        try:
            text = logical_lines(tree.source(path))
        except Unreadable as problem:
            unread.append(Unread(Span(path, 1, 1, 2), str(problem), True))
            return [], None
        files.append(path)
        return services(text, unread)
    if main is None or main not in files or fragment:
        return [], None
    notes.append(f"{main}: no master.cf beside it; the one that Postfix brings along is assumed")
    return list(stock(tree.source(main).start())), None
