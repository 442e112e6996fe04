"""What a rule is about, for people."""

from __future__ import annotations

from mailpolicy.types import Grade, Rule


def explain(rule: Rule) -> str:
    """A page on one rule: what, why, how to mend it, where it is written, and examples."""
    parts = [f"{rule.id} ({rule.severity}; about a {rule.subject}; group {rule.group})", "", rule.rationale, ""]
    if rule.grades:
        parts += ["Severity by circumstance:"]
        parts += [f"  {grade.severity} when {_circumstance(grade)}" for grade in rule.grades] + [""]
    parts += ["How to mend it:"]
    parts += [f"  {name}: {words}" if name != "any" else f"  {words}" for name, words in rule.fixes.items()]
    parts += ["", "Sources:"] + [f"  {source}" for source in rule.source]
    for title, key in (("Good", "good"), ("Bad", "bad")):
        parts += _example(title, rule, key)
    parts += ["", f"To accept one finding, write above it: mailpolicy: ignore[{rule.id}] until=YYYY-MM-DD -- reason"]
    return "\n".join(parts)


def _circumstance(grade: Grade) -> str:
    return " and ".join(filter(None, [_words(grade.when), "no file sets it" if grade.untouched else ""]))


def _words(schema: object) -> str:
    """A condition as short text."""
    if not isinstance(schema, dict):
        return str(schema)
    parts = []
    for name, test in (schema.get("properties") or {}).items():
        parts.append(f"{name} is {_test(test)}")
    for word, joiner in (("anyOf", " or "), ("allOf", " and ")):
        if word in schema:
            parts.append("(" + joiner.join(_words(sub) for sub in schema[word]) + ")")
    if "not" in schema:
        parts.append(f"not ({_words(schema['not'])})")
    return " and ".join(parts)


def _test(test: object) -> str:
    if not isinstance(test, dict):
        return str(test)
    if "const" in test:
        return {True: "yes", False: "no", None: "none"}.get(test["const"], str(test["const"]))
    if "enum" in test:
        return " or ".join(map(str, test["enum"]))
    if "not" in test:
        return f"not {_test(test['not'])}"
    return ", ".join(f"{word} {_test(value)}" for word, value in test.items())


def _example(title: str, rule: Rule, key: str) -> list[str]:
    """An example from the rule's own file: one in a native format where there is one."""
    import os

    from mailpolicy import data
    from mailpolicy.strict_yaml import load
    from mailpolicy.tree import Disk

    node = load(Disk().source(os.path.join(data.RULES, rule.group, f"{rule.id}.yaml")))
    entries = [entry.items or {} for entry in (node.items or {})[key].entries or ()]
    native = [entry for entry in entries if set(entry["files"].items or {}) != {"mailpolicy.yaml"}]
    chosen = (native or entries)[0]
    out: list[str] = []
    for name, text in (chosen["files"].items or {}).items():
        out += ["", f"{title} ({name}):"] + [f"    {line}" for line in str(text.scalar).rstrip().split("\n")]
    if "expect" in chosen:
        out += ["", "The wrong text:"] + [f"    {entry.scalar}" for entry in chosen["expect"].entries or ()]
    return out
