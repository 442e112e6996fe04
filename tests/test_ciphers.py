"""Cipher lists that decide about protocol versions."""

from __future__ import annotations

import pytest

from mailpolicy.ciphers import only_new


@pytest.mark.parametrize(
    ("ciphers", "expected"),
    [
        ("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305", True),
        ("ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA", False),
        ("HIGH:!aNULL", False),
        ("ECDHE-RSA-AES128-GCM-SHA256:!MD5:@SECLEVEL=2", True),
        ("PROFILE=SYSTEM", None),
        ("", True),
    ],
)
def test_only_new(ciphers: str, expected: bool | None) -> None:
    assert only_new(ciphers) is expected
