"""jsonschema is the judge of what schemas mean; mailpolicy.schema is held against it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from typing import cast

import pytest
from jsonschema import Draft202012Validator

from mailpolicy import compiled, data, examples, judge, schema
from mailpolicy.rules import load_schema, named_fields
from mailpolicy.types import Rule
from tests.test_rules import EXAMPLES

RULES = compiled.load().rules
DEFAULTS = compiled.load().defaults


def plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: plain(sub) for key, sub in value.items()}
    return [plain(sub) for sub in value] if isinstance(value, list | tuple) else value


def conditions(rule: Rule) -> list[dict[str, object]]:
    found = [rule.when, rule.require, *(grade.when for grade in rule.grades)]
    return [dict(one) for one in found]


def example_facts(kind: str) -> list[dict[str, object]]:
    found = []
    for good, bad in EXAMPLES.values():
        for example in (*good, *bad):
            facts = examples.outcome(example, RULES).judged.facts
            found += [judge.with_defaults(f, DEFAULTS[kind]).values for f in facts if f.kind == kind]
    return [dict(values) for values in found]


SAMPLES: dict[str, list[object]] = {
    "boolean": [True, False],
    "null": [None],
    "integer": [1, 24, 25, 110, 143, 465, 587, 993, 2000, 2525],
    "string": ["", "a", "25", "plain"],
    "array": [[], ["PLAIN"], ["CRAM-MD5", "ANONYMOUS"], ["10.0.0.0/8"], ["TLSv1.2"], ["TLSv1.3"]],
}


def samples(field: Mapping[str, object]) -> list[object]:
    """A few values that a field may have."""
    if "enum" in field:
        return list(cast(list[object], field["enum"]))
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    values: list[object] = []
    for kind in kinds:
        values += SAMPLES[str(kind)]
    return values


def random_facts(kind: str, number: int) -> Iterator[dict[str, object]]:
    fields = load_schema(f"{kind}.schema.json")["properties"]
    assert isinstance(fields, dict)
    pick = random.Random(kind)
    for _ in range(number):
        yield {name: pick.choice(samples(field)) for name, field in fields.items()}


@pytest.mark.parametrize("kind", compiled.KINDS)
def test_known_facts_are_judged_as_jsonschema_does(kind: str) -> None:
    facts = [*example_facts(kind), *random_facts(kind, 150)]
    for rule in (rule for rule in RULES.values() if rule.subject == kind):
        for condition in conditions(rule):
            validator = Draft202012Validator(condition)
            for fact in facts:
                if named_fields(condition) <= set(fact):
                    assert schema.judge(condition, fact) is validator.is_valid(plain(fact)), (rule.id, fact)


@pytest.mark.parametrize("kind", compiled.KINDS)
def test_an_answer_on_unknowns_holds_whatever_they_turn_out_to_be(kind: str) -> None:
    fields = load_schema(f"{kind}.schema.json")["properties"]
    assert isinstance(fields, dict)
    pick = random.Random(kind)
    for rule in (rule for rule in RULES.values() if rule.subject == kind):
        for condition in conditions(rule):
            named = sorted(named_fields(condition))
            validator = Draft202012Validator(condition)
            for fact in random_facts(kind, 20):
                hidden = [name for name in named if pick.random() < 0.4]
                answer = schema.judge(condition, {k: v for k, v in fact.items() if k not in hidden})
                if answer is None:
                    continue
                choices = itertools.product(*(samples(fields[name]) for name in hidden))
                for values in itertools.islice(choices, 60):
                    completed = {**fact, **dict(zip(hidden, values, strict=True))}
                    assert validator.is_valid(plain(completed)) is answer, (rule.id, completed)


@pytest.mark.parametrize("kind", compiled.KINDS)
def test_facts_of_examples_keep_to_their_closed_schema(kind: str) -> None:
    validator = Draft202012Validator(load_schema(f"{kind}.schema.json"))
    for fact in example_facts(kind):
        assert [error.message for error in validator.iter_errors(plain(fact))] == []


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"policy": {"profile": "strict", "rules": {"open-relay": "off"}}},
        {"policy": {"rules": {"open-relay": "maybe"}}},
        {"polcy": {}},
        {"servers": [{"host": "a", "listeners": [{"protocol": "imap", "port": 993, "tls": "implicit"}]}]},
        {"servers": [{"host": "a", "listeners": [{"protocol": "imap", "port": 0, "tls": "implicit"}]}]},
        {"servers": [{"host": "a", "listeners": [{"protocol": "imap", "port": True, "tls": "implicit"}]}]},
        {"servers": [{"listeners": []}]},
        {"servers": {}},
        {"clients": [{"name": "a", "protocol": "smtp", "host": "b", "tls": "required", "device": "c"}]},
        {"clients": [{"name": "", "protocol": "smtp", "host": "b"}]},
        {"clients": [{"name": "a", "protocol": "smtp", "host": "b", "colour": "red"}]},
        {"hosts": {"a": {"directories": ["etc"], "software": {"postfix": "3.7"}}}},
        {"hosts": {"a": {"software": {"postfix": 3.7}}}},
        [],
        None,
        "policy",
    ],
)
def test_declarations_are_judged_as_jsonschema_does(document: object) -> None:
    declaration = compiled.load().declaration
    expected = Draft202012Validator(dict(declaration)).is_valid(document)
    assert schema.judge(declaration, document, facts=False) is expected


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ({"properties": {"a": {"const": 1}}}, {"a": True}),
        ({"properties": {"a": {"const": 1}}}, {"a": 1.0}),
        ({"properties": {"a": {"enum": [False]}}}, {"a": 0}),
        ({"properties": {"a": {"const": ["x"]}}}, {"a": ["x"]}),
        ({"properties": {"a": {"type": "integer"}}}, {"a": 2.0}),
        ({"properties": {"a": {"type": ["string", "null"]}}}, {"a": None}),
        ({"properties": {"a": {"pattern": "^b"}}}, {"a": "abc"}),
        ({"properties": {"a": {"minimum": 3}}}, {"a": "x"}),
        ({"properties": {"a": {"contains": {"const": "x"}}}}, {"a": []}),
        ({"properties": {"a": {"contains": {"const": "x"}}}}, {"a": "x"}),
        ({"properties": {"a": {"items": {"const": "x"}}}}, {"a": ["x", "y"]}),
        ({"properties": {"a": {"minItems": 1, "maxItems": 1}}}, {"a": ["x"]}),
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": 1, "b": 1}),
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": 1}),
        ({"not": {"required": ["a"]}}, {"b": 1}),
        ({"properties": {"a": False}}, {"a": 1}),
        ({"additionalProperties": {"const": 1}, "properties": {"a": True}}, {"a": 2, "b": 1}),
        ({"properties": {"a": {"properties": {"b": {"const": 1}}}}}, {"a": {"c": 1}}),
        ({"$defs": {"x": {"const": 1}}, "properties": {"a": {"$ref": "#/$defs/x"}}}, {"a": 2}),
    ],
)
def test_keywords_mean_what_jsonschema_says(condition: dict[str, object], value: object) -> None:
    assert schema.judge(condition, value, facts=False) is Draft202012Validator(condition).is_valid(value)


@pytest.mark.parametrize(
    ("condition", "fact", "answer"),
    [
        ({"properties": {"tls": {"const": "none"}}}, {}, None),
        ({"properties": {"tls": {"not": {"const": "none"}}}}, {}, None),
        ({"not": {"properties": {"tls": {"const": "none"}}}}, {}, None),
        ({"required": ["tls"]}, {}, None),
        (
            {"anyOf": [{"properties": {"tls": {"const": "none"}}}, {"properties": {"port": {"const": 25}}}]},
            {"port": 25},
            True,
        ),
        ({"properties": {"tls": {"const": "none"}, "port": {"const": 25}}}, {"port": 24}, False),
        ({"properties": {"tls": True}}, {}, True),
    ],
)
def test_unknown_is_a_third_answer(condition: dict[str, object], fact: dict[str, object], answer: bool | None) -> None:
    assert schema.judge(condition, fact) is answer


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"propertes": {}}, {"propertes"}),
        ({"allOf": [{"not": {"dependentRequired": {}}}]}, {"dependentRequired"}),
        ({"properties": {"a": {"format": "email"}}}, {"format"}),
        ({"properties": {"format": {"const": 1}}}, set()),
    ],
)
def test_unsupported_keywords_are_named(condition: dict[str, object], words: set[str]) -> None:
    assert schema.unsupported(condition) == words


def test_every_schema_file_is_a_schema() -> None:
    import os

    for name in os.listdir(data.SCHEMAS):
        Draft202012Validator.check_schema(load_schema(name))
