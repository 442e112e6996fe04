"""Grafana: ``grafana.ini``, ``conf/custom.ini``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mailpolicy import go_ini
from mailpolicy.applications.grafana import NEWEST, SOFTWARE, facts
from mailpolicy.envfile import KEPT, Setting
from mailpolicy.placeholders import TEMPLATE
from mailpolicy.settings import Settings
from mailpolicy.tree import Tree
from mailpolicy.types import Inventory, Unreadable, Version, unreadable

FILES = "grafana.ini, custom.ini and sample.ini in a folder of grafana"
PROVEN = "12, read in source (with go-ini 1.67 and mail.v2 2.3)"
LIMITS = "files that $__file{} names, the environment"
_EXPANDED = re.compile(r"\$(|__\w+)\{[^}]+\}")
_SECTION = re.compile(
    r"^\s*\[(smtp|auth\.[a-z_]+|dashboards|snapshots|dataproxy|alerting|unified_alerting)\]", re.MULTILINE
)


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file is an installation of its own."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether sections that only Grafana has begin lines."""
    return len(set(_SECTION.findall(text))) > 2


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The session of section ``[smtp]`` and its password."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable(paths, str(problem))
    ini = go_ini.parse(source)
    if not ini.headers and not any(ini.sections.values()):
        why = "holds no section and no setting" if source.text.strip() else "is empty"
        said = unreadable(paths, why)
        if TEMPLATE.search(source.text):  # what it makes is not known
            said = said._replace(unread=tuple(one._replace(fatal=False) for one in said.unread))
        return said
    numbers = ".".join(map(str, version.numbers if version else NEWEST))
    start = ini.headers.get("smtp") or source.start()
    found = facts(Settings(SOFTWARE, numbers, path, start, _filled(ini.section("smtp"))))
    return Inventory(tuple(found), ini.unread, paths)


def _filled(section: Mapping[str, Setting]) -> dict[str, Setting]:
    """Settings as Grafana has them: an empty one sets nothing, and what stands elsewhere is unknown here."""
    filled: dict[str, Setting] = {}
    for name, one in section.items():
        found = _EXPANDED.search(one.value) if one.value else None
        if found:
            kept = {"__file": "file", "__env": "environment", "": "environment"}.get(found[1])
            filled[name] = one._replace(value=None)
            if kept and found[0] == one.value:
                filled[name + KEPT] = Setting(name + KEPT, kept, one.where)
        elif one.value != "":
            filled[name] = one
    return filled
