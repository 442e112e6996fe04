"""Ansible: tasks that send mail by the module ``mail``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from mailpolicy.applications.ansible import NEWEST, OWN, SOFTWARE, facts
from mailpolicy.envfile import KEPT, Setting
from mailpolicy.lean import TYPE_CHECKING, NamedTuple
from mailpolicy.settings import Settings
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unreadable, Version, unreadable

if TYPE_CHECKING:
    from mailpolicy.strict_yaml import Node
    from mailpolicy.template_yaml import Document

FILES = "tasks, handlers and playbooks: .yml files in folders of these names, of roles or with ansible in their name"
PROVEN = "community.general 13, run with Python 3.11; 8 to 13, read in source"
LIMITS = "variables, defaults of roles, module_defaults of other files, the callback plugin mail"
_NAMES = "(?:community\\.general\\.(?:notification\\.)?|ansible\\.(?:builtin|legacy)\\.)?mail"
_TASK = re.compile(
    rf"^[ \t]+(?:-[ \t]+)?{_NAMES}:(?:[ \t]+\S|[ \t\r]*$)"
    rf"|^(?:-[ \t]+){_NAMES}:|^[ \t-]+(?:local_)?action:[ \t]+{_NAMES}[ \t]|^[ \t]+module:[ \t]+{_NAMES}[ \t\r]*$",
    re.MULTILINE,
)
_SUBJECT = re.compile(r"\b(?:subject|msg)[ \t]*[:=]")
_LIST = re.compile(r"^[ \t]*-[ \t]+[\w.\"']+[ \t]*:", re.MULTILINE)
_MODULE = re.compile(rf"{_NAMES}\Z")
_PAIR = re.compile(r"(?<!\S)(?P<name>\w+)=(?:\"(?P<a>[^\"\n]*)\"|'(?P<b>[^'\n]*)'|(?P<c>\S*))")
_LISTS = ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always")
_ACTIONS = ("action", "local_action")


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file is taken by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether an entry of a list is a task that sends mail."""
    if "mail" not in text or _TASK.search(text) is None:
        return False
    return _SUBJECT.search(text) is not None and _LIST.search(text) is not None


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The session and the password of each task that sends mail."""
    from mailpolicy import template_yaml

    path = paths[0]
    try:
        documents = template_yaml.read_all(tree.source(path))
    except Unreadable as problem:
        where = getattr(problem, "where", None) or Span(path, 1, 1, 2)
        return unreadable(paths, str(problem), where)
    numbers = ".".join(map(str, version.numbers if version else NEWEST))
    made: list[Fact] = []
    tasks = (task for document in documents for task in _tasks(document, document.top, {}))
    for number, task in enumerate(tasks, 1):
        settings = Settings(SOFTWARE, numbers, path, task.where, task.settings)
        made += facts(settings, task.name or f"mail {number}")
    if made:
        return Inventory(tuple(made), (), paths)
    return Inventory((), (), (), (f"{path}: has no task that sends mail",))


class _Task(NamedTuple):
    name: str
    where: Span
    settings: Mapping[str, Setting]


def _tasks(document: Document, node: Node, above: Mapping[str, Setting]) -> Iterator[_Task]:
    """The tasks in a list of plays, blocks and tasks; ``above`` are defaults for the module."""
    for entry in node.entries or ():
        items = entry.items or {}
        own = items.get("module_defaults")
        defaults = dict(above)
        for module, arguments in (own.items or {}).items() if own is not None else ():
            if _MODULE.match(module):
                defaults.update(_arguments(document, arguments))
        inner = [items[name] for name in _LISTS if name in items and items[name].entries is not None]
        for one in inner:
            yield from _tasks(document, one, defaults)
        if not inner:
            yield from _mailing(document, items, defaults)


def _mailing(document: Document, items: Mapping[str, Node], defaults: Mapping[str, Setting]) -> Iterator[_Task]:
    """The task itself, where it sends mail."""
    named = items.get("name")
    name = str(named.scalar) if named is not None and named.scalar is not None else ""
    name = "" if "\ue000" in name or "{{" in name else name
    for key, node in items.items():
        if not _MODULE.match(key) and not (key in _ACTIONS and _calls(node)):
            continue
        given = {**_arguments(document, node), **_arguments(document, items.get("args"))}
        if "subject" in given or "." in key:
            yield _Task(name, node.key or node.where, {**defaults, **given})


def _calls(node: Node) -> bool:
    """Whether an action is the module's."""
    module = (node.items or {}).get("module")
    word = str(module.scalar) if module is not None else str(node.scalar or "").split(" ", 1)[0]
    return _MODULE.match(word) is not None


def _arguments(document: Document, node: Node | None) -> dict[str, Setting]:
    """The arguments of a module that matter, and ``subject`` where it has one."""
    if node is None or node.entries is not None:
        return {}
    if node.items is None:
        return _pairs(document, node)
    found: dict[str, Setting] = {}
    for name, inner in node.items.items():
        if name in ("subject", "msg"):
            found["subject"] = Setting("subject", "", inner.where)
        elif name in OWN:
            one = document.setting(name, inner)
            sealed = name == "password" and str(inner.scalar or "").lstrip().startswith("$ANSIBLE_VAULT")
            if sealed:
                found[name + KEPT] = Setting(name + KEPT, "file", one.where)
            found[name] = one._replace(value=None) if sealed else one
    return found


def _pairs(document: Document, node: Node) -> dict[str, Setting]:
    """Arguments as ``name=value`` in one string."""
    line = document.source.line(node.where.line)
    begin = document.source.starts[node.where.line - 1]
    text = str(node.scalar or "")
    at = line.find(text) if "\n" not in text and "\ue000" not in text else -1
    found: dict[str, Setting] = {}
    for match in _PAIR.finditer(text):
        name = "subject" if match["name"] == "msg" else match["name"]
        group = next(one for one in "abc" if match[one] is not None)
        value, where = match[group], node.where
        if at >= 0 and value:
            where = document.source.span(begin + at + match.start(group), begin + at + match.end(group))
        if name == "subject" or name in OWN:
            found[name] = Setting(name, None if re.search(r"\ue000|\{\{|\$\{", value) else value, where)
    return found
