"""Every rule is run over its own examples."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator

from mailpolicy import compiled, data, examples, judge, rules, schema
from mailpolicy.examples import Example
from mailpolicy.strict_yaml import load
from mailpolicy.tree import Disk
from mailpolicy.types import Finding

RULES = compiled.load().rules
PATHS = {rule.id: os.path.join(data.RULES, rule.group, f"{rule.id}.yaml") for rule in RULES.values()}
EXAMPLES = {name: examples.of(path) for name, path in PATHS.items()}
GOOD = [(name, n) for name, (good, _) in EXAMPLES.items() for n in range(len(good))]
BAD = [(name, n) for name, (_, bad) in EXAMPLES.items() for n in range(len(bad))]


def found(name: str, example: Example) -> list[Finding]:
    outcome = examples.outcome(example, RULES)
    return [f for f in outcome.judged.findings if f.rule == name and f.suppressed is None]


@pytest.mark.parametrize(("name", "number"), GOOD)
def test_good_example_is_silent(name: str, number: int) -> None:
    assert [f.message for f in found(name, EXAMPLES[name][0][number])] == []


@pytest.mark.parametrize(("name", "number"), BAD)
def test_bad_example_blames_the_expected_text(name: str, number: int) -> None:
    example = EXAMPLES[name][1][number]
    blamed = {examples.blamed(example, finding) for finding in found(name, example)}
    wanted = set(resolved(example))
    assert {(file, line, text) for file, line, text in blamed} == wanted
    if example.severity:
        assert {finding.severity for finding in found(name, example)} == {example.severity}


def resolved(example: Example) -> Iterator[tuple[str, int, str]]:
    """Expected texts with their lines; a text that stands in a file more than once must come with its line."""
    assert example.expect, "a bad example says what must be blamed"
    for file, line, text in example.expect:
        lines = example.files[file].split("\n")
        holding = [n for n, content in enumerate(lines, 1) if text in content]
        if line is None:
            assert len(holding) == 1 and lines[holding[0] - 1].count(text) == 1, f"{text!r} needs its line"
            line = holding[0]
        assert line in holding, f"{text!r} is not in line {line} of {file}"
        yield file, line, text


@pytest.mark.parametrize("name", sorted(RULES))
def test_rule_has_a_good_example_that_its_condition_excludes(name: str) -> None:
    """Else a condition that is too wide goes unnoticed. Rules without a condition need any good example."""
    rule = RULES[name]
    good, bad = EXAMPLES[name]
    assert good and bad
    if not rule.when:
        return
    assert any(not applies(name, example) for example in good)


def applies(name: str, example: Example) -> bool:
    rule = RULES[name]
    outcome = examples.outcome(example, RULES)
    defaults = compiled.load().defaults
    return any(
        schema.judge(rule.when, judge.with_defaults(fact, defaults[fact.kind]).values) is True
        for fact in outcome.judged.facts
        if fact.kind == rule.subject
    )


@pytest.mark.parametrize("name", sorted(RULES))
def test_example_files_are_read_without_trouble(name: str) -> None:
    """An example that does not parse would be silent for the wrong reason; but the fault itself may be unreadable."""
    if RULES[name].subject in ("unread", "suppression"):
        return
    for example in (*EXAMPLES[name][0], *EXAMPLES[name][1]):
        outcome = examples.outcome(example, RULES)
        meant = {finding.where for finding in outcome.judged.findings if finding.rule == name}
        assert [f"{u.where} {u.why}" for u in outcome.inventory.unread if u.where not in meant] == []
        assert outcome.judged.facts


def test_rules_named_by_others_exist() -> None:
    named = {other for rule in RULES.values() for other in rule.instead_of}
    for profile in compiled.load().profiles.values():
        graded = profile.get("rules") or {}
        assert isinstance(graded, dict)
        named |= set(graded)
    assert named - set(RULES) == set()


def test_a_site_may_set_every_number_that_rules_may_name() -> None:
    declaration = rules.load_schema("declaration.schema.json")
    settable = declaration["properties"]["policy"]["properties"]["numbers"]["properties"]  # type: ignore[index]
    assert set(settable) == set(rules.default_numbers())


def test_compiled_rules_equal_the_files() -> None:
    assert rules.parse_all(data.RULES) == RULES


@pytest.mark.parametrize("name", sorted(RULES))
def test_rule_files_keep_to_the_schema_that_editors_use(name: str) -> None:
    document = load(Disk().source(PATHS[name])).plain()
    assert [
        error.message for error in Draft202012Validator(rules.load_schema("rule.schema.json")).iter_errors(document)
    ] == []


def test_the_schema_of_rules_names_every_kind_of_fact() -> None:
    schema_of_rules = rules.load_schema("rule.schema.json")
    assert set(schema_of_rules["properties"]["subject"]["enum"]) == set(compiled.KINDS)  # type: ignore[index]
