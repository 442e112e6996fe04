"""What becomes of suppression comments."""

from __future__ import annotations

import pytest

from mailpolicy import suppress
from mailpolicy.text import Source, ignores
from mailpolicy.types import Finding, Span

TODAY = "2026-11-24"
FINDING = Finding("a-rule", "error", "m", Span("f", 2, 1, 2), (), "", "")


@pytest.mark.parametrize(
    ("comment", "suppressed", "state"),
    [
        ("ignore[a-rule] -- why", "why", "used"),
        ("ignore[a-rule] until=2026-11-24 -- why", "why", "used"),
        ("ignore[a-rule] until=2026-11-23 -- why", None, "expired"),
        ("ignore[a-rule] until=soon -- why", "why", "malformed"),
        ("ignore[a-rule]", None, "malformed"),
        ("ignore[a-rule] -- ", None, "malformed"),
        ("ignore[b-rule] -- why", None, "unused"),
        ("ignore[a-rule, b-rule] -- why", "why", "unused"),
        ("ignore[c-rule] -- why", None, "unknown-rule"),
        ("ignore[] -- why", None, "malformed"),
    ],
)
def test_state(comment: str, suppressed: str | None, state: str) -> None:
    comments = ignores(Source("f", f"# mailpolicy: {comment}\nx = 1\n"))
    (finding,) = suppress.apply([FINDING], comments, TODAY)
    (fact,) = suppress.facts(comments, [FINDING], {"a-rule", "b-rule"}, TODAY)
    assert (finding.suppressed, fact.values["state"]) == (suppressed, state)
