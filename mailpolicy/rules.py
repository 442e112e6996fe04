"""Rule files: read and checked, or taken from the compiled form that spares a run the YAML."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache

from mailpolicy import data
from mailpolicy.lean import TYPE_CHECKING
from mailpolicy.types import Grade, Number, Rule, Span, Unreadable

if TYPE_CHECKING:
    from mailpolicy.strict_yaml import Node

SEVERITIES = ("error", "warning", "note")
_NEEDED = ("id", "severity", "subject", "require", "at", "message", "fix", "rationale", "source", "good", "bad")
_KEYS = frozenset({*_NEEDED, "when", "grades", "instead_of"})


class RuleError(Unreadable):
    """A rule file that is not one. Carries the position."""

    def __init__(self, why: str, where: Span) -> None:
        super().__init__(why)
        self.where = where


def parse(path: str) -> Rule:
    """The rule in one file. Raises RuleError (a mistake in it) or Unreadable (no such file)."""
    from mailpolicy.strict_yaml import YamlError, load
    from mailpolicy.tree import Disk

    source = Disk().source(path)
    try:
        node = load(source)
    except YamlError as problem:
        raise RuleError(str(problem), problem.where) from None
    items = node.items
    if items is None:
        raise RuleError("is not a rule: a mapping was expected", node.where)
    for key in items:
        if key not in _KEYS:
            raise RuleError(f"has the unknown key {key!r}{nearest(key, _KEYS)}", items[key].key or node.where)
    for key in _NEEDED:
        if key not in items:
            raise RuleError(f"lacks the key {key!r}", node.where)
    expected = os.path.basename(path).removesuffix(".yaml")
    if items["id"].scalar != expected:
        raise RuleError(f"says id {items['id'].scalar!r}, but its file is {expected!r}", items["id"].where)
    _severity(items["severity"])
    rule = _rule(items, os.path.basename(os.path.dirname(path)))
    _check_schemas(rule, items)
    return rule


def _rule(items: Mapping[str, Node], group: str) -> Rule:
    def text(key: str) -> str:
        return str(items[key].scalar or "").strip()

    return Rule(
        id=text("id"),
        group=group,
        severity=text("severity"),
        subject=text("subject"),
        when=_schema(items.get("when")),
        require=_schema(items["require"]),
        at=_words(items["at"]),
        message=text("message"),
        fix="; ".join(f"{name}: {words}" if name != "any" else words for name, words in _fixes(items["fix"]).items()),
        rationale=text("rationale"),
        source=_words(items["source"]),
        fixes=_fixes(items["fix"]),
        grades=_grades(items.get("grades")),
        instead_of=_words(items["instead_of"]) if "instead_of" in items else (),
    )


def _words(node: Node) -> tuple[str, ...]:
    return tuple(str(entry.scalar) for entry in node.entries) if node.entries is not None else (str(node.scalar),)


def _fixes(node: Node) -> dict[str, str]:
    if node.items is None:
        return {"any": str(node.scalar or "").strip()}
    return {name: str(entry.scalar or "").strip() for name, entry in node.items.items()}


def _severity(node: Node) -> str:
    if node.scalar not in SEVERITIES:
        raise RuleError(f"knows no severity {node.scalar!r}: use error, warning or note", node.where)
    return str(node.scalar)


def _grades(node: Node | None) -> tuple[Grade, ...]:
    if node is None:
        return ()
    found = []
    for entry in node.entries or ():
        if not entry.items or set(entry.items) - {"untouched"} != {"when", "severity"}:
            raise RuleError("has a grade that is not a pair of when and severity", entry.where)
        untouched = entry.items.get("untouched")
        if untouched is not None and untouched.plain() is not True:
            raise RuleError("has a grade whose 'untouched' is not true: leave it out", untouched.where)
        found.append(Grade(_schema(entry.items["when"]), _severity(entry.items["severity"]), untouched is not None))
    return tuple(found)


def _schema(node: Node | None) -> dict[str, object]:
    if node is None:
        return {}
    try:
        plain = _resolve(node.plain())
    except KeyError as unknown:
        name = str(unknown.args[0])
        raise RuleError(f"knows no number {name!r}{nearest(name, default_numbers())}", node.where) from None
    if not isinstance(plain, dict):
        raise RuleError("has a condition that is not a schema", node.where)
    return plain


def _resolve(value: object) -> object:
    """``$ref: ports.schema.json#/$defs/x`` and ``$number: x`` replaced by what they name. Raises KeyError."""
    if isinstance(value, dict):
        if set(value) == {"$number"}:
            name = str(value["$number"])
            return Number(name, default_numbers()[name])
        if set(value) == {"$ref"}:
            return _referred(str(value["$ref"]))
        return {key: _resolve(sub) for key, sub in value.items()}
    return [_resolve(sub) for sub in value] if isinstance(value, list) else value


def _referred(ref: str) -> object:
    name, _, pointer = ref.partition("#/")
    found: object = load_schema(name)
    for step in filter(None, pointer.split("/")):
        found = found[step] if isinstance(found, dict) else {}
    return found


@lru_cache(maxsize=1)
def default_numbers() -> dict[str, int]:
    """The limits that rules may name, with the values of the default profile."""
    from mailpolicy.strict_yaml import load
    from mailpolicy.tree import Disk

    profile = load(Disk().source(os.path.join(data.RULES, "profiles", "default.yaml"))).plain()
    assert isinstance(profile, dict)
    return dict(profile["numbers"])


def load_schema(name: str) -> dict[str, object]:
    """A schema file by its name. Raises Unreadable."""
    import json

    try:
        with open(os.path.join(data.SCHEMAS, name), encoding="utf-8") as file:
            schema = json.load(file)
    except (OSError, ValueError):
        raise Unreadable(f"no schema {name!r}") from None
    assert isinstance(schema, dict)
    return schema


def _check_schemas(rule: Rule, items: Mapping[str, Node]) -> None:
    """Refuses unknown subjects, unknown fields and keywords: a misspelt one would never fire, or always match."""
    from mailpolicy.schema import unsupported

    try:
        fields = load_schema(f"{rule.subject}.schema.json")["properties"]
    except Unreadable:
        raise RuleError(f"knows no subject {rule.subject!r}", items["subject"].where) from None
    assert isinstance(fields, dict)
    schemas = {"when": rule.when, "require": rule.require}
    schemas |= {"grades": {"allOf": [grade.when for grade in rule.grades]}}
    for key, schema in schemas.items():
        where = items[key].where if key in items else items["id"].where
        for word in sorted(unsupported(schema)):
            raise RuleError(f"uses the schema keyword {word!r}, which rules do not have", where)
        for name in sorted(named_fields(schema) - set(fields)):
            raise RuleError(f"names the field {name!r}, which a {rule.subject} does not have", where)
    for name in (*rule.at, *placeholders(rule.message)):
        if name not in fields:
            raise RuleError(f"names the field {name!r}, which a {rule.subject} does not have", items["at"].where)


def named_fields(schema: object) -> set[str]:
    """Fields that a condition speaks of."""
    if isinstance(schema, list | tuple):
        return {name for sub in schema for name in named_fields(sub)}
    if not isinstance(schema, Mapping):
        return set()
    found = set(schema.get("required", ())) | set(schema.get("properties", ()))
    for key in ("allOf", "anyOf", "oneOf", "not"):
        found |= named_fields(schema.get(key, ()))
    return found


def placeholders(message: str) -> list[str]:
    """Field names in braces."""
    import re

    return re.findall(r"\{([a-z]\w*)\}", message)


def nearest(word: str, known: object) -> str:
    """``; did you mean 'x'?`` for the nearest known word, or nothing."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(known), 1)  # type: ignore[call-overload]
    return f"; did you mean {close[0]!r}?" if close else ""


def files(folder: str) -> list[str]:
    """Rule files below a folder, sorted; profiles are none."""
    found = []
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f != "profiles")
        found += [os.path.join(top, name) for name in names if name.endswith(".yaml")]
    return sorted(found)


def parse_all(folder: str) -> dict[str, Rule]:
    """All rules below a folder, by id. Raises RuleError for the first mistake, or for an id used twice."""
    found: dict[str, Rule] = {}
    for path in files(folder):
        rule = parse(path)
        if rule.id in found:
            raise RuleError(f"has the id {rule.id!r}, which another file has too", Span(path, 1, 1, 2))
        found[rule.id] = rule
    return found
