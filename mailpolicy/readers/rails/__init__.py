"""Ruby on Rails: the settings of Action Mailer in its Ruby files, and ``configuration.yml`` of Redmine."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from mailpolicy.applications.rails import NEWEST, SOFTWARE, facts, gems
from mailpolicy.readers.rails.statements import Sender, senders
from mailpolicy.settings import Settings
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version, unreadable

FILES = "config/environments/*.rb, config/initializers/*.rb, config/application.rb; configuration.yml of Redmine"
PROVEN = "mail 2.7, 2.8 and 2.9 with net-smtp 0.3 and 0.5, run; versions come from Gemfile.lock"
LIMITS = "each file is taken by itself: what another one overrides is not looked up; expressions of Ruby"
_RUBY = re.compile(
    r"^[^#\n]{0,200}?\b(?:action_mailer|ActionMailer::Base)\.(?:smtp_settings|delivery_method)\b", re.MULTILINE
)
_YAML = re.compile(r"^[ \t]+:?email_delivery:[ \t\r]*$", re.MULTILINE)
_LOCKED = re.compile(r"^    (?P<gem>rails|mail|net-smtp) \((?P<version>\d+(?:\.\d+)*)", re.MULTILINE)


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file is taken by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether settings of Action Mailer for sending are there, which no comment makes."""
    return ("delivery" in text or "smtp_settings" in text) and bool(_RUBY.search(text) or _YAML.search(text))


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The sessions and passwords of a file."""
    path = paths[0]
    try:
        source = tree.source(path)
        found = list(_senders(source))
    except Unreadable as problem:
        where = getattr(problem, "where", None) or Span(path, 1, 1, 2)
        return unreadable(paths, str(problem), where)
    locked = _locked(tree, path)
    numbers = version.numbers if version else locked.get("rails", NEWEST)
    made: list[Fact] = []
    unread: list[Unread] = []
    for number, one in enumerate(found, 1):
        unread += [Unread(one.where, one.fault)] if one.fault else []
        settings = Settings(SOFTWARE, ".".join(map(str, numbers)), path, one.where, one.settings)
        account = one.name or ("smtp" if number == 1 else f"smtp-{number}")
        every = facts(settings, gems(numbers, locked), account)
        made += every if one.sends else [fact for fact in every if fact.kind == "secret"]
    notes = () if made or unread else (f"{path}: hands mail to no SMTP server",)
    return Inventory(tuple(made), tuple(unread), paths, notes)


def _senders(source: Source) -> Iterator[Sender]:
    if not re.search(r"\.ya?ml(\.|$)", source.path):
        yield from senders(source)
        return
    from mailpolicy.readers.rails import redmine

    yield from redmine.senders(source)


def _locked(tree: Tree, path: str) -> Mapping[str, tuple[int, ...]]:
    """The versions of gems that the application's Gemfile.lock tells."""
    folder, name = posixpath.split(path)
    while folder and name != "config":
        folder, name = posixpath.split(folder)
    if name != "config" or "Gemfile.lock" not in tree.names(folder):
        return {}
    try:
        text = tree.source(posixpath.join(folder, "Gemfile.lock")).text
    except Unreadable:
        return {}
    return {one["gem"]: tuple(map(int, one["version"].split("."))) for one in _LOCKED.finditer(text)}
