"""Dovecot 2.2, 2.3 and 2.4: dovecot.conf with everything it includes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from mailpolicy.foreign import is_foreign
from mailpolicy.readers.dovecot import checks, listeners, names23, names24, outgoing, secrets, server, sockets
from mailpolicy.readers.dovecot.build import Builder
from mailpolicy.readers.dovecot.dialect import dialect_of
from mailpolicy.readers.dovecot.loader import Loader
from mailpolicy.readers.dovecot.model import Model
from mailpolicy.readers.dovecot.parser import Statement
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version

SOFTWARE = "dovecot"
FILES = "dovecot.conf and what it includes, both dialects"
PROVEN = "Dovecot 2.3 and 2.4, run with the same files"
LIMITS = "settings that a user database returns; external configuration through environment variables"

_ROOT = re.compile(r"[^/]*dovecot[^/]*\.conf(?:\.[^/]+)?$")
_ENDING = r"(?:\.(?:conf|ext|cf|j2|jinja2?|tmpl|tpl|template|erb|epp|in|dist|sample|example|orig|default|m4))*$"
_LOOKUP = re.compile(
    rf"(?:^|[-/])(?:sql|ldap|mysql|pgsql|dict|dict-sql|dict-auth|oauth2|used-quota|share-folder|last-login)[^/]*{_ENDING}"
)
_SNIFF = (
    r"^\s*(?:dovecot_config_version|disable_plaintext_auth|auth_allow_cleartext|ssl_server_cert_file|mail_location)\s*="
    r"|^\s*service\s+(?:imap|pop3|submission|managesieve)-login\s*\{|^\s*passdb\s*(?:[\w-]+\s*)?\{"
)


def sniff(text: str) -> bool:
    """Whether a text looks like a Dovecot configuration."""
    return re.search(_SNIFF, text, re.MULTILINE) is not None


def _is_root(path: str) -> bool:
    """Whether a name is that of a main file and not of a part or a lookup."""
    name = posixpath.basename(path)
    return _ROOT.match(name) is not None and not _LOOKUP.search(name) and "/conf.d/" not in f"/{path}"


def _is_foreign(tree: Tree, path: str) -> bool:
    """Whether another program's file bears the name: by how it begins, or because nothing in it is Dovecot's."""
    try:
        text = tree.source(path).text
    except Unreadable:
        return False
    lines = [line.strip() for line in text.split("\n", 200)[:200]]
    lines = [line for line in lines if line and not line.startswith(("#", ";"))]
    if not lines or lines[0].startswith(("{{", "{%", "<%")):
        return False
    if is_foreign(text) or re.match(r"\[[^\]]+\]$", lines[0]):
        return True
    named = "dovecot" in path.lower() or _main_above(tree, path) is not None
    return not named and not any(_is_known(line) for line in lines)


def _is_known(line: str) -> bool:
    """Whether a line sets something of Dovecot's or opens a section of it."""
    key, equals, _ = line.partition("=")
    if equals:
        return key.strip() in names23.ROOT or key.strip() in names24.SETTINGS
    return re.match(r"(?:service|protocol|passdb|userdb|namespace|plugin|mailbox)\b[^={]*\{|!include", line) is not None


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Every file by itself: main files first, for they include the others."""
    found: list[tuple[str, ...]] = [(p,) for p in paths if _is_root(p)]
    return found + [(p,) for p in paths if not _is_root(p)]


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """Facts of one configuration, or of one part that no main file includes."""
    path = paths[0]
    if _is_foreign(tree, path):
        words = f"{path}: begins like a file of another program, not of Dovecot"
        return Inventory((), (), (path,), (words,) if "dovecot" in path.lower() else ())
    root = _is_root(path)
    above = None if root else _main_above(tree, path)
    if above is not None and not _LOOKUP.search(posixpath.basename(path)):
        note = f"{path}: {above} does not include this file; it has no effect"
        return Inventory((), (), (path,), (note,))
    if not root and _LOOKUP.search(posixpath.basename(path)) and not _is_main_grammar(tree, path):
        return _lookup(tree, path)
    return _configuration(tree, path, version, fragment=not root)


def _is_main_grammar(tree: Tree, path: str) -> bool:
    """Whether it holds sections, as auth-sql.conf.ext does; dovecot-sql.conf.ext holds the settings of a lookup."""
    try:
        text = tree.source(path).text
    except Unreadable:
        return False
    return re.search(r"^\s*(?:passdb|userdb|service|protocol|plugin)\b[^=\n]*\{", text, re.MULTILINE) is not None


def _main_above(tree: Tree, path: str) -> str | None:
    folder = posixpath.dirname(path)
    for place in (folder, posixpath.dirname(folder)):
        candidate = posixpath.join(place, "dovecot.conf")
        if candidate != path and tree.exists(candidate):
            return candidate
    return None


def _lookup(tree: Tree, path: str) -> Inventory:
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return Inventory((), (Unread(Span(path, 1, 1, 2), str(problem), True),), (path,))
    return Inventory(tuple(secrets.lookup(source, path, "")), (), (path,))


def _configuration(tree: Tree, path: str, version: Version | None, fragment: bool) -> Inventory:
    loader = Loader(tree, path)
    found = list(loader.statements())
    if not loader.files:
        return Inventory((), tuple(loader.unread), (path,))
    dialect, program = dialect_of(found, version)
    builder = _built(dialect, found, loader, fragment)
    if version is None and builder.refused and dialect == "2.3":
        other = _built("2.4", found, loader, True)
        if len(other.refused) < len(builder.refused):
            program = "Dovecot 2.4, by the settings that stand here"
            builder = other if fragment else _built("2.4", found, loader, fragment)
    model = builder.finish(program, [] if fragment else loader.outside)
    source = tree.source(path)
    first = source.line_span(found[0].where.line) if found and found[0].where.file == path else Span(path, 1, 1, 2)
    facts, refused, notes = _judged(tree, loader, model, builder, first, path, fragment)
    unread = (*loader.unread, *refused)
    return Inventory(tuple(facts), tuple(dict.fromkeys(unread)), tuple(dict.fromkeys(loader.files)), tuple(notes))


def _built(dialect: str, found: list[Statement], loader: Loader, fragment: bool) -> Builder:
    builder = Builder(dialect, fragment)
    hidden = {id(s) for s in loader.outside}
    for statement in found:
        builder.hidden = builder.hidden or id(statement) in hidden
        builder.apply(statement)
    return builder


def _judged(
    tree: Tree, loader: Loader, model: Model, builder: Builder, first: Span, path: str, fragment: bool
) -> tuple[list[Fact], list[Unread], list[str]]:
    on = sockets.enabled(model, loader.files)
    opened = [] if fragment else sockets.listeners(model, on, first)
    refused = [*loader.refused, *builder.refused]
    notes = [f"{w}: a template fills this in; what it sets is not known" for w in builder.templates[:3]]
    if not fragment:
        refused += checks.whole(model, builder, first) + sockets.protocol_faults(model, on)
        refused += sockets.clashes(model, opened) if not refused else []
        notes += _notes(path, model, on, bool(refused), loader.packaged)
    if refused:
        opened = []
    heard = checks.with_missing_files(tree, loader, model, listeners.facts(model, opened, path))
    facts = [
        *heard,
        *(outgoing.facts(model, path, on) if not refused else []),
        *server.facts(
            model,
            path,
            first,
            heard,
            fragment,
            secrets.default_schemes(tree, loader, model),
            deaf=not fragment and on.complete and not on.names,
        ),
        *checks.settings(model, builder, path),
        *secrets.facts(tree, loader, model, path),
    ]
    return facts, refused, notes


def _notes(path: str, model: Model, on: sockets.Enabled, refused: bool, packaged: list[Statement]) -> list[str]:
    found = [
        f"{o.where}: this file is not here; what it sets is not known"
        for o in (*model.outside, *model.protocols_outside)
    ]
    found += [f"{s.where}: {s.value.text} is not here; what it says about users is not known" for s in packaged]
    if refused:
        return [*found, f"{path}: Dovecot does not start with this configuration; no listener is stated"]
    if not on.complete:
        found.append(f"{path}: protocols may be set in a file that is not here; listeners are those that are certain")
    elif not on.names:
        opens = "" if model.dialect == "2.4" else "; upstream's 2.3 would open imap and pop3"
        found.append(f"{path}: no protocols are set: Debian's Dovecot opens no port{opens}")
    return found
