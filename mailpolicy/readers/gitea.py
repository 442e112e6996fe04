"""Gitea, Forgejo and Gogs: ``app.ini``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailpolicy import go_ini
from mailpolicy.applications.gitea import NEWEST, SOFTWARE, facts
from mailpolicy.settings import Settings
from mailpolicy.tree import Tree
from mailpolicy.types import Inventory, Unreadable, Version, unreadable

FILES = "app.ini, and .ini files named after gitea, forgejo or gogs"
PROVEN = "Gitea 1.16 and 1.18 to 1.24, Gogs 0.13, read in source (with go-ini 1.67)"
LIMITS = "the environment, files that it names"
_GOGS = "0.13"
_SECTIONS = ("mailer", "email", "email.incoming")
_TELLING = re.compile(r"^[ \t]*\[(mailer|email\.incoming|email)\][ \t\r]*$", re.MULTILINE)
_KNOWN = re.compile(
    r"^[ \t]*(?:\[(?:repository|server|service|mailer|email\.incoming)\]|"
    r"(?:SMTP_ADDR|SMTP_PORT|PROTOCOL|PASSWD|HOST|USE_TLS|ENABLED|FROM|RUN_USER|INSTALL_LOCK|ROOT_URL)[ \t]*[=:])",
    re.MULTILINE,
)


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file is an installation of its own."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether there is a section on mail, and names in capitals as these programs have them."""
    return _TELLING.search(text) is not None and len(set(_KNOWN.findall(text))) > 2


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The sessions for outgoing and incoming mail, and their passwords."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable(paths, str(problem))
    ini = go_ini.parse(source)
    if not any(name in ini.headers for name in _SECTIONS):
        return Inventory(unread=ini.unread, notes=(f"{path}: has no section on mail",))
    software, numbers = SOFTWARE, ".".join(map(str, version.numbers if version else NEWEST))
    if "gogs" in f"{path}\n{source.text}".lower() and not re.search("gitea|forgejo", source.text, re.IGNORECASE):
        software, numbers = "gogs", _GOGS
    named = {
        f"{section}.{name}": one._replace(name=f"{section}.{name}")
        for section in _SECTIONS
        for name, one in ini.section(section).items()
    }
    start = next(ini.headers[name] for name in _SECTIONS if name in ini.headers)
    return Inventory(tuple(facts(Settings(software, numbers, path, start, named))), ini.unread, paths)
