"""Django: the settings ``EMAIL_*`` of its settings modules."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailpolicy.applications.django import ENVIRONMENT, NEWEST, SOFTWARE, configured
from mailpolicy.passwords import secret
from mailpolicy.readers.django.module import load
from mailpolicy.settings import Settings
from mailpolicy.tree import Tree
from mailpolicy.types import Inventory, Unreadable, Version, unreadable

FILES = "settings*.py, *_settings.py, files in settings/"
PROVEN = "3.2, run; 4.2 and 5.2, read in source"
LIMITS = "branches and expressions of Python, settings made by classes, other backends than Django's for SMTP"
_TELLING = re.compile(
    r"^[ \t]*EMAIL_(?:BACKEND|HOST|PORT|HOST_USER|HOST_PASSWORD|USE_TLS|USE_SSL)[ \t]*(?::[^=\n]{1,40})?=(?!=)",
    re.MULTILINE,
)
_DJANGO = re.compile(
    r"\bdjango\b|^[ \t]*(?:INSTALLED_APPS|DATABASES|SECRET_KEY|DEBUG|ALLOWED_HOSTS|ROOT_URLCONF"
    r"|DEFAULT_FROM_EMAIL|SERVER_EMAIL|EMAIL_(?:BACKEND|HOST_USER|HOST_PASSWORD|USE_TLS|USE_SSL))[ \t]*\+?="
    r"|^from [\w.]+ import \*",
    re.MULTILINE,
)


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file is a settings module of its own; what it imports is read with it."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether lines set Django's settings for mail, which no comment does."""
    return "EMAIL_" in text and _TELLING.search(text) is not None and _DJANGO.search(text) is not None


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The session of a settings module, and the passwords in it."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable(paths, str(problem))
    module = load(tree, source)
    numbers = ".".join(map(str, version.numbers if version else NEWEST))
    own = {name: one for name, one in module.settings.items() if name.partition("@")[0] in ENVIRONMENT}
    start = next((one.where for one in own.values() if one.where.file == path), source.start())
    found = configured(Settings(SOFTWARE, numbers, path, start, own), module.opened) if own else []
    found += [
        fact
        for one in module.passwords
        if (fact := secret(SOFTWARE, numbers, path, one.name, one.value or "", one.where)) is not None
    ]
    notes = () if found or module.unread else (f"{path}: sends no mail by SMTP",)
    return Inventory(tuple(found), module.unread, paths, notes)
