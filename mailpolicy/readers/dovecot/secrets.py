"""Secret facts: passwords that stand in the configuration and in the lookups that it names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.passwords import secret
from mailpolicy.readers.dovecot.loader import Loader
from mailpolicy.readers.dovecot.model import Entry, Model
from mailpolicy.readers.dovecot.parser import Statement, Text, is_template, statements
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Unreadable

_SECRET = re.compile(r"(?:password|passwd|secret|api_key|hash_nonce|dnpass)$")
_NOT = re.compile(
    r"x{3,}|\*{3,}|\.{3,}|redacted|<.*>|\[.*\]|%.*|\$.*|your[-_ ]?\w*|.*placeholder.*|.*_here|ph_\w+|no|yes|\{.*\}x*",
    re.IGNORECASE,
)
_INSIDE = re.compile(r"(?:^|\s)(?:password|passwd|pass)=(\S+)", re.IGNORECASE)
_ARGUMENTS = frozenset(
    ("passdb_args", "connect", "passdb_override_fields", "passdb_default_fields", "uri", "pgsql_parameters")
)
_TWO_PART = re.compile(r"\{(?:PLAIN|CLEAR|CLEARTEXT)\}([^:\s]+)", re.IGNORECASE)


def facts(tree: Tree, loader: Loader, model: Model, instance: str) -> list[Fact]:
    """Secrets of the main grammar and of lookups and password files in the tree that it names."""
    found: list[Fact] = []
    for entry in model.entries:
        if entry.text is not None and entry.known and not entry.file:
            found += _entry(entry, instance)
    for path in _named(tree, loader, model):
        try:
            source = tree.source(path)
        except Unreadable:
            continue
        if path not in loader.files:
            loader.files.append(path)
            found += lookup(source, instance, model.dialect)
    return found


def _entry(entry: Entry, instance: str) -> Iterator[Fact]:
    assert entry.text is not None
    if _SECRET.search(entry.key) and entry.item == "":
        yield from _secret(entry.key, entry.text, 0, len(entry.text.text), instance)
    elif entry.key in _ARGUMENTS or (entry.item == "password"):
        for found in _INSIDE.finditer(entry.text.text):
            yield from _secret(entry.key, entry.text, found.start(1), found.end(1), instance)


def _secret(name: str, text: Text, start: int, end: int, instance: str) -> Iterator[Fact]:
    value = text.text[start:end]
    bare = re.sub(r"^\{[\w.-]+\}", "", value)
    hashed = bare != value and not re.match(r"\{(?:PLAIN|CLEAR|CLEARTEXT)\}", value, re.IGNORECASE)
    if hashed or is_template(value) or _NOT.fullmatch(bare):
        return
    where = text.span(start + len(value) - len(bare), end)
    fact = secret("dovecot", "", instance or where.file, name, bare, where)
    if fact is not None:
        yield fact


def _named(tree: Tree, loader: Loader, model: Model) -> list[str]:
    """Files of the tree that a passdb or userdb reads as settings; a script in Lua is none of them."""
    found: list[str] = []
    for entry in model.entries:
        if entry.key in ("passdb_args", "userdb_args", "passwd_file_path", "dict_item", "ldap_uris") or (
            entry.path[:1] and (entry.path[0].kind == "dict")
        ):
            named = (there for there in _files(tree, loader, entry) if not there.endswith(".lua"))
            found += (there for there in named if there not in found)
    return found


def _files(tree: Tree, loader: Loader, entry: Entry) -> Iterator[str]:
    """Files of the tree that a value names."""
    for word in entry.value.split():
        path = word.rpartition("=")[2].rpartition(":")[2]
        if path.startswith("/") and "%" not in path:
            there = loader.where(path, entry.where.file)
            if there is not None and tree.exists(there):
                yield there


def default_schemes(tree: Tree, loader: Loader, model: Model) -> list[Text]:
    """``default_pass_scheme`` of the files that passdb sections of 2.3 name (dovecot-sql.conf.ext and its like)."""
    found: list[Text] = []
    for entry in model.keyed("passdb_args"):
        for path in dict.fromkeys(_files(tree, loader, entry)):
            try:
                source = tree.source(path)
            except Unreadable:
                continue
            lines = (s for s in statements(source) if s.kind == "set" and s.key == "default_pass_scheme")
            found += [s.value for s in lines if not is_template(s.value.text)][-1:]
    return found


def lookup(source: Source, instance: str, dialect: str) -> list[Fact]:
    """Secrets of dovecot-sql.conf.ext, dovecot-ldap.conf.ext and of a password file."""
    found: list[Fact] = []
    for statement in statements(source):
        if statement.kind != "set":
            found += _users(statement, instance)
            continue
        text = statement.value
        if _SECRET.search(statement.key):
            found += _secret(statement.key, text, 0, len(text.text), instance)
        elif statement.key in _ARGUMENTS:
            for inside in _INSIDE.finditer(text.text):
                found += _secret(statement.key, text, inside.start(1), inside.end(1), instance)
    return found


def _users(statement: Statement, instance: str) -> Iterator[Fact]:
    """A line ``user:{PLAIN}secret:...`` of a password file."""
    if statement.kind == "error" and ":" in statement.value.text:
        for found in _TWO_PART.finditer(statement.value.text):
            yield from _secret("passwd-file", statement.value, found.start(1), found.end(1), instance)
