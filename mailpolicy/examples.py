"""The examples of rule files: small folders in native formats, run as a user's files are."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy import gather, policy, run
from mailpolicy.lean import NamedTuple
from mailpolicy.readers import PATTERNS, formats_of
from mailpolicy.strict_yaml import Node, load
from mailpolicy.text import Source
from mailpolicy.tree import Disk, Memory
from mailpolicy.types import Finding, Inventory, Rule, Version

_EXPECT = re.compile(r"(?P<file>[^:]+?)(?::(?P<line>\d+))?: (?P<text>.+)\Z", re.DOTALL)


class Example(NamedTuple):
    """One good or bad example. ``expect`` are the texts that must be blamed: (file, line or None, text).

    ``severity``: what all findings of a bad example must have; empty where the rule has no grades to tell apart.
    """

    files: Mapping[str, str]
    assume: Mapping[str, Version]
    expect: tuple[tuple[str, int | None, str], ...]
    severity: str = ""
    modes: Mapping[str, int] = {}


class Outcome(NamedTuple):
    """What an example gives."""

    inventory: Inventory
    judged: run.Judged


def of(path: str) -> tuple[list[Example], list[Example]]:
    """Good and bad examples of a rule file."""
    items = load(Disk().source(path)).items or {}
    good, bad = ([_example(entry) for entry in items[key].entries or ()] for key in ("good", "bad"))
    return good, bad


def _example(node: Node) -> Example:
    items = node.items or {}
    files = {name: str(entry.scalar) for name, entry in (items["files"].items or {}).items()}
    assume = items["assume"].items or {} if "assume" in items else {}
    versions = {name: Version(policy.numbers(str(entry.scalar)), "the example") for name, entry in assume.items()}
    expect = tuple(_expected(e) for e in items["expect"].entries or ()) if "expect" in items else ()
    severity = str(items["severity"].scalar) if "severity" in items else ""
    modes = items["modes"].items or {} if "modes" in items else {}
    octal = {name: int(str(entry.scalar), 8) for name, entry in modes.items()}
    return Example(files, versions, expect, severity, octal)


def _expected(node: Node) -> tuple[str, int | None, str]:
    found = _EXPECT.match(str(node.scalar))
    if found is None:
        raise ValueError(f"{node.where}: expect wants 'file: text' or 'file:line: text'")
    return found["file"], int(found["line"]) if found["line"] else None, found["text"]


def outcome(example: Example, rules: Mapping[str, Rule], today: str = "2026-11-01") -> Outcome:
    """Reads and judges an example."""
    tree = Memory(example.files, example.modes)
    by_format: dict[str, list[str]] = {name: [] for name in PATTERNS}
    for path in tree.walk():
        for name in formats_of(path, lambda path=path: tree.source(path).text):  # type: ignore[misc]
            by_format[name].append(path)
    by_format = {name: paths for name, paths in by_format.items() if paths}
    inventory = gather.read_all(tree, by_format, lambda program, path: example.assume.get(program))
    if tree.exists("mailpolicy.yaml"):
        site = policy.read("mailpolicy.yaml", load(tree.source("mailpolicy.yaml")))
        inventory = inventory._replace(facts=gather.with_hosts(inventory.facts, site))
    inventory, derived = run.derive(tree, inventory, today)
    return Outcome(inventory, run.judged(tree, inventory, derived, rules, rules, today))


def blamed(example: Example, finding: Finding) -> tuple[str, int, str]:
    """File, line and the text under a finding."""
    where = finding.where
    text = Source(where.file, example.files[where.file]).line(where.line)
    return where.file, where.line, text[where.column - 1 : where.end_column - 1]
