"""The rule and schema files as a Python module: what a run loads instead of YAML.

``_compiled.py`` is never written by hand and never committed. A wheel carries it (the build makes
it); in a checkout it is made again whenever a rule or schema file has changed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from mailpolicy import data, rules
from mailpolicy.types import Grade, Rule, Value

KINDS = (
    "listener", "connection", "server", "setting", "secret", "unread", "suppression", "offer", "mailbox",
)  # fmt: skip
"""Every kind of fact; each has a schema."""
TARGET = os.path.join(data.PACKAGE, "_compiled.py")


class Compiled(NamedTuple):
    """Everything a run needs of rules/ and schemas/."""

    rules: dict[str, Rule]
    profiles: Mapping[str, Mapping[str, object]]
    declaration: Mapping[str, object]
    """The schema of mailpolicy.yaml."""
    defaults: Mapping[str, Mapping[str, Value]]
    """Kind -> field -> the value that holds where a reader says nothing at all of the field."""


_loaded: Compiled | None = None


def load() -> Compiled:
    """The compiled form, made anew when it is missing or older than the files it came from."""
    global _loaded  # one run asks several times
    if _loaded is None:
        _loaded = _from_module() or _fresh()
    return _loaded


def _from_module() -> Compiled | None:
    try:
        from mailpolicy import _compiled
    except ImportError:
        return None
    if not data.INSTALLED and data.stamp() != _compiled.STAMP:
        return None
    return _build(vars(_compiled))


def _build(space: Mapping[str, Any]) -> Compiled:
    made = {}
    for row in space["RULES"]:
        rule = Rule(*row)
        made[rule.id] = rule._replace(grades=tuple(Grade(*grade) for grade in rule.grades))
    return Compiled(made, space["PROFILES"], space["DECLARATION"], space["DEFAULTS"])


def _fresh() -> Compiled:
    text = source()
    space: dict[str, Any] = {}
    exec(compile(text, TARGET, "exec"), space)  # our own literals, just made
    write(text, TARGET)
    return _build(space)


def source() -> str:
    """The text of ``_compiled.py``. Raises RuleError for a mistake in a rule file."""
    stamp = data.stamp()
    rows = tuple(_plain(rule) for rule in rules.parse_all(data.RULES).values())
    profiles = {}
    folder = os.path.join(data.RULES, "profiles")
    for name in sorted(os.listdir(folder)):
        profiles[name.removesuffix(".yaml")] = _profile(os.path.join(folder, name))
    values = {
        "STAMP": stamp,
        "RULES": rows,
        "PROFILES": profiles,
        "DECLARATION": rules.load_schema("declaration.schema.json"),
        "DEFAULTS": {kind: _defaults(kind) for kind in KINDS},
    }
    head = '"""Made from rules/ and schemas/ by mailpolicy/compiled.py."""'
    return "\n\n".join([head, *(f"{name} = {value!r}" for name, value in values.items()), ""])


def _defaults(kind: str) -> dict[str, object]:
    fields = rules.load_schema(f"{kind}.schema.json")["properties"]
    assert isinstance(fields, dict)
    return {name: field["default"] for name, field in fields.items() if "default" in field}


def _plain(rule: Rule) -> tuple[object, ...]:
    return tuple(tuple(map(tuple, value)) if name == "grades" else value for name, value in rule._asdict().items())


def _profile(path: str) -> object:
    from mailpolicy.strict_yaml import load
    from mailpolicy.tree import Disk

    return load(Disk().source(path)).plain()


def write(text: str, target: str) -> None:
    """Writes the module atomically; a folder that may not be written to costs only speed."""
    part = f"{target}.{os.getpid()}"
    try:
        with open(part, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(part, target)
    except OSError:
        return
