"""Fingerprints stay when lines move, and no two findings share one."""

from __future__ import annotations

import pytest

from mailpolicy import compiled, examples, present
from mailpolicy.examples import Example
from tests.test_rules import BAD, EXAMPLES

RULES = compiled.load().rules


def fingerprints(example: Example) -> list[tuple[str, str]]:
    findings = examples.outcome(example, RULES).judged.findings
    return sorted((f.rule, f.fingerprint) for f in present.fingerprinted(findings, "."))


def commented(name: str, text: str) -> str:
    """The text with a comment on top, as the format writes one; JSON has a line more."""
    first, _, rest = text.partition("\n")
    if name.endswith((".xml", ".xml.j2", ".mobileconfig")):
        return f"{first}\n<!-- a comment -->\n{rest}" if first.startswith("<?xml") else f"<!-- a comment -->\n{text}"
    if name.endswith(".php"):
        return f"{first}\n// a comment\n{rest}"
    if name.endswith((".js", ".json")):
        return f"// a comment\n{text}" if name.endswith(".js") else f"\n{text}"
    return f"# a comment\n{text}"


@pytest.mark.parametrize(("name", "number"), BAD)
def test_a_comment_on_top_moves_no_fingerprint(name: str, number: int) -> None:
    example = EXAMPLES[name][1][number]
    moved = example._replace(files={file: commented(file, text) for file, text in example.files.items()})
    assert fingerprints(moved) == fingerprints(example)


@pytest.mark.parametrize(("name", "number"), BAD)
def test_fingerprints_are_distinct(name: str, number: int) -> None:
    found = [fingerprint for _, fingerprint in fingerprints(EXAMPLES[name][1][number])]
    assert len(found) == len(set(found))
