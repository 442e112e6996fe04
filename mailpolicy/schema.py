"""JSON Schema, the part that rules and declarations use, judged with unknowns.

``jsonschema`` is the judge of what the keywords mean; a test holds this module against it over all
rules and facts. It exists because importing jsonschema costs several times a whole run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

Schema = Mapping[str, object] | bool

ANNOTATIONS = frozenset({"$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples"})


def judge(schema: Schema, value: object, *, facts: bool = True, root: Schema | None = None) -> bool | None:
    """Whether ``value`` satisfies ``schema``: True, False, or None when that hangs on an unknown field.

    With ``facts`` a field that ``value`` lacks is unknown; without, it is absent, as in JSON Schema.
    Raises ValueError for a keyword that is not supported.
    """
    if isinstance(schema, bool):
        return schema
    judgement = _Judge(facts, schema if root is None else root)
    return judgement.all(schema, value)


def unsupported(schema: object) -> set[str]:
    """Keywords in a schema, at any depth, that ``judge`` does not know."""
    if not isinstance(schema, Mapping):
        return set()
    found = set()
    for keyword, value in schema.items():
        if keyword in ("properties", "$defs"):
            found |= {word for sub in value.values() for word in unsupported(sub)}
        elif keyword in ("allOf", "anyOf", "oneOf"):
            found |= {word for sub in value for word in unsupported(sub)}
        elif keyword in ("not", "items", "contains", "additionalProperties"):
            found |= unsupported(value)
        elif keyword not in _KEYWORDS and keyword not in ANNOTATIONS:
            found.add(str(keyword))
    return found


def _and(results: Iterable[bool | None]) -> bool | None:
    unknown = False
    for result in results:
        if result is False:
            return False
        unknown = unknown or result is None
    return None if unknown else True


def _or(results: Iterable[bool | None]) -> bool | None:
    unknown = False
    for result in results:
        if result:
            return True
        unknown = unknown or result is None
    return None if unknown else False


def _not(result: bool | None) -> bool | None:
    return None if result is None else not result


def _same(one: object, other: object) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other


_TYPES: dict[str, Callable[[object], bool]] = {
    "object": lambda v: isinstance(v, Mapping),
    "array": lambda v: isinstance(v, list | tuple),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "integer": lambda v: _is_number(v) and float(v).is_integer(),  # type: ignore[arg-type]
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
}


def _is_number(value: object) -> bool:
    return _TYPES["number"](value)


class _Judge:
    def __init__(self, facts: bool, root: Schema) -> None:
        self.facts = facts
        self.root = root

    def all(self, schema: object, value: object, nested: bool = False) -> bool | None:
        if isinstance(schema, bool):
            return schema
        assert isinstance(schema, Mapping)
        return _and(self._keyword(schema, word, value, nested) for word in schema if word not in ANNOTATIONS)

    def _keyword(self, schema: Mapping[str, object], word: str, value: object, nested: bool) -> bool | None:
        test = _KEYWORDS.get(word)
        if test is None:
            raise ValueError(f"the schema keyword {word!r} is not supported")
        return test(self, schema, value, nested)

    def unknown(self, nested: bool) -> bool:
        """Absent fields are unknown in a fact itself; below it there are only lists."""
        return self.facts and not nested

    def ref(self, pointer: str) -> object:
        found: object = self.root
        for step in pointer.removeprefix("#/").split("/"):
            assert isinstance(found, Mapping)
            found = found[step]
        return found


def _properties(judge: _Judge, schema: Mapping[str, object], value: object, nested: bool) -> bool | None:
    if not isinstance(value, Mapping):
        return True
    named = schema["properties"]
    assert isinstance(named, Mapping)

    def results() -> Iterable[bool | None]:
        for name, sub in named.items():
            if name in value:
                yield judge.all(sub, value[name], True)
            elif judge.unknown(nested):
                yield True if sub is True else None

    return _and(results())


def _required(judge: _Judge, schema: Mapping[str, object], value: object, nested: bool) -> bool | None:
    if not isinstance(value, Mapping):
        return True
    names = schema["required"]
    assert isinstance(names, list | tuple)
    return _and((True if name in value else None if judge.unknown(nested) else False) for name in names)


def _additional(judge: _Judge, schema: Mapping[str, object], value: object, nested: bool) -> bool | None:
    if not isinstance(value, Mapping):
        return True
    named = schema.get("properties", {})
    assert isinstance(named, Mapping)
    return _and(judge.all(schema["additionalProperties"], value[k], True) for k in value if k not in named)


def _several(judge: _Judge, schema: Mapping[str, object], word: str, value: object, nested: bool) -> list[bool | None]:
    subs = schema[word]
    assert isinstance(subs, list | tuple)
    return [judge.all(sub, value, nested) for sub in subs]


def _one_of(results: list[bool | None]) -> bool | None:
    sure, unknown = results.count(True), results.count(None)
    if sure > 1:
        return False
    return None if unknown else sure == 1


def _listed(values: object, value: object) -> bool:
    assert isinstance(values, list | tuple)
    return any(_same(value, one) for one in values)


def _number(value: object, compare: Callable[[float], bool]) -> bool:
    return not _is_number(value) or compare(value)  # type: ignore[arg-type]


def _length(value: object, kind: type | tuple[type, ...], compare: Callable[[int], bool]) -> bool:
    return not isinstance(value, kind) or compare(len(value))  # type: ignore[arg-type]


def _type(schema: Mapping[str, object], value: object) -> bool:
    names = schema["type"]
    return any(_TYPES[str(n)](value) for n in (names if isinstance(names, list | tuple) else [names]))


def _items(judge: _Judge, schema: Mapping[str, object], word: str, value: object) -> list[bool | None] | None:
    return [judge.all(schema[word], one, True) for one in value] if isinstance(value, list | tuple) else None


_Keyword = Callable[[_Judge, Mapping[str, object], object, bool], bool | None]
_LIST = (list, tuple)
_KEYWORDS: dict[str, _Keyword] = {
    "properties": _properties,
    "required": _required,
    "additionalProperties": _additional,
    "allOf": lambda j, s, v, n: _and(_several(j, s, "allOf", v, n)),
    "anyOf": lambda j, s, v, n: _or(_several(j, s, "anyOf", v, n)),
    "oneOf": lambda j, s, v, n: _one_of(_several(j, s, "oneOf", v, n)),
    "not": lambda j, s, v, n: _not(j.all(s["not"], v, n)),
    "$ref": lambda j, s, v, n: j.all(j.ref(str(s["$ref"])), v, n),
    "const": lambda j, s, v, n: _same(v, s["const"]),
    "enum": lambda j, s, v, n: _listed(s["enum"], v),
    "type": lambda j, s, v, n: _type(s, v),
    "minimum": lambda j, s, v, n: _number(v, lambda x: x >= s["minimum"]),  # type: ignore[operator]
    "maximum": lambda j, s, v, n: _number(v, lambda x: x <= s["maximum"]),  # type: ignore[operator]
    "pattern": lambda j, s, v, n: not isinstance(v, str) or re.search(str(s["pattern"]), v) is not None,
    "minLength": lambda j, s, v, n: _length(v, str, lambda x: x >= s["minLength"]),  # type: ignore[operator]
    "minItems": lambda j, s, v, n: _length(v, _LIST, lambda x: x >= s["minItems"]),  # type: ignore[operator]
    "maxItems": lambda j, s, v, n: _length(v, _LIST, lambda x: x <= s["maxItems"]),  # type: ignore[operator]
    "contains": lambda j, s, v, n: True if (r := _items(j, s, "contains", v)) is None else _or(r),
    "items": lambda j, s, v, n: True if (r := _items(j, s, "items", v)) is None else _and(r),
}
