"""Cipher lists that decide about protocol versions."""

from __future__ import annotations

import pytest

from mailpolicy.ciphers import needs_tls12, only_new, security_level


@pytest.mark.parametrize(
    ("ciphers", "expected"),
    [
        ("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305", True),
        ("ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA", False),
        ("HIGH:!aNULL", False),
        ("ECDHE-RSA-AES128-GCM-SHA256:!MD5:@SECLEVEL=2", True),
        ("PROFILE=SYSTEM", None),
        ("", True),
        ("HIGH:!aNULL:!SHA1", True),
        ("PROFILE=SYSTEM:!SHA", True),
    ],
)
def test_only_new(ciphers: str, expected: bool | None) -> None:
    assert only_new(ciphers) is expected


@pytest.mark.parametrize(
    ("ciphers", "level", "needs"),
    [
        ("DEFAULT", None, False),
        ("DEFAULT@SECLEVEL=0", 0, False),
        ("DEFAULT:@SECLEVEL=1", 1, True),
        ("AES128-GCM-SHA256:@SECLEVEL=0", 0, True),
        ("DEFAULT@SECLEVEL=", None, False),
        ("PROFILE=SYSTEM", None, None),
    ],
)
def test_security_levels(ciphers: str, level: int | None, needs: bool | None) -> None:
    assert security_level(ciphers) == level
    assert needs_tls12(ciphers) is needs
