"""GitLab as Omnibus packages it: ``gitlab.rb``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailpolicy.applications.gitlab import NEWEST, ROOT, SOFTWARE, facts
from mailpolicy.ruby_settings import parse
from mailpolicy.settings import Settings
from mailpolicy.tree import Tree
from mailpolicy.types import Inventory, Unreadable, Version, unreadable

FILES = "gitlab.rb, and .rb files with gitlab in their name"
PROVEN = "19, read in source (omnibus-gitlab, mail 2.9, net-smtp 0.5); modes of checking, run with mail 2.7"
LIMITS = "conditions and expressions of Ruby, encrypted secrets, gitlab.yml"
_TELLING = re.compile(r"^[ \t#]*(?:gitlab_rails\[[\"':]|external_url[ \t(]*[\"'])", re.MULTILINE)


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file is an installation of its own."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether settings of Omnibus begin lines, be it in comments."""
    return _TELLING.search(text) is not None


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The sessions for outgoing and incoming mail, and their passwords."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable(paths, str(problem))
    assigned = parse(source, ROOT)
    numbers = ".".join(map(str, version.numbers if version else NEWEST))
    found = facts(Settings(SOFTWARE, numbers, path, source.start(), assigned.settings))
    return Inventory(tuple(found), assigned.unread, paths)
