"""Patterns of strangers: what they say, and that none takes long."""

from __future__ import annotations

import time

import pytest

from mailpolicy.patterns import found


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("^host", True), ("EXAMPLE", True), ("^example$", False), (r"\.(?:com|net|example)$", True), ("(", None)],
)
def test_what_a_pattern_says(pattern: str, expected: bool | None) -> None:
    assert found(pattern, "host.stranger-domain.example") is expected


@pytest.mark.parametrize("pattern", ["(a+)+$", ".*" * 50 + "x", "(a|a)" * 31 + "x", "a?" * 40 + "a" * 40, "a" * 300])
def test_a_pattern_that_could_take_for_ever_is_not_tried(pattern: str) -> None:
    start = time.perf_counter()
    assert found(pattern, "a" * 40) is None
    assert time.perf_counter() - start < 0.1


def test_a_long_text_allows_of_fewer_repetitions() -> None:
    assert found(".*.*.*.*x", "a" * 40) is False
    assert found(".*.*.*.*x", "a" * 250) is None
    assert found(".*x", "a" * 250) is False


def test_case_counts_where_it_is_asked_for() -> None:
    assert found("^HOST", "host.example") is True
    assert found("^HOST", "host.example", ignore_case=False) is False
