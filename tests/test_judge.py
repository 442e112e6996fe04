"""Words of rules filled in."""

from __future__ import annotations

import pytest

from mailpolicy.judge import fill
from mailpolicy.types import Value


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("port {port} ({protocol})", "port 25 (smtp)"),
        ("{tls}", "?"),
        ("{mechanisms}", "LOGIN, PLAIN"),
        ("{certificate}", "none"),
        ("{vrfy}", "yes"),
        ("${if eq{$received_port}{25}{}{*}}", "${if eq{$received_port}{25}{}{*}}"),
    ],
)
def test_fill(words: str, expected: str) -> None:
    values: dict[str, Value] = {
        "port": 25,
        "protocol": "smtp",
        "mechanisms": ("LOGIN", "PLAIN"),
        "certificate": None,
        "vrfy": True,
    }
    assert fill(words, values) == expected
