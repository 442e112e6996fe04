"""What counts as a password."""

from __future__ import annotations

import pytest

from mailpolicy.mask import spans
from mailpolicy.passwords import is_placeholder, is_well_known, secret
from mailpolicy.types import Span


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hunter2", False), ("xy", False), ("changeme", False), ("a$b", False), ("pa<ss", False),
        ("$SMTP_PASS", True), ("${SMTP_PASS}", True), ("{{ vault_pw }}", True), ("<password>", True),
        ("__PW__", True), ("YOUR_PASSWORD", True), ("your_password", False),
        ("your-smtp-password", True), ("your_password_here", True), ("yours-Xq", False), ("your-s3cret!x-y", False),
        ("xxxx", True), ("****", True), ("REDACTED", True), ("TODO", True), ("$(pass mail)", True), ("%(pw)s", True),
        ("<%= pw %>", True),
    ],
)  # fmt: skip
def test_placeholder(text: str, expected: bool) -> None:
    assert is_placeholder(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("changeme", True), ("Change-Me!", True), ("password", True), ('"secret"', True), ("hunter2", False)],
)
def test_well_known(text: str, expected: bool) -> None:
    assert is_well_known(text) is expected


def test_a_secret_fact_says_where_to_mask() -> None:
    where = Span("f", 3, 10, 17)
    fact = secret("postfix", "3.7", "i", "password", "hunter2", where)
    assert fact is not None
    assert "hunter2" not in str(fact)
    assert spans([fact]) == {("f", 3): [where]}
    assert secret("postfix", "3.7", "i", "password", "$PW", where) is None
