"""No secret in what reports show."""

from __future__ import annotations

import pytest

from mailpolicy.mask import mask
from mailpolicy.types import Span


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("password hunter2", "password *******"),
        ("password = hunter2", "password = *******"),
        ('password "hun ter2"', "password **********"),
        ("passwordeval pass mail", "passwordeval pass mail"),
        ("Pass abc", "Pass ***"),
        ("pass: abc", "pass: ***"),
        ("dnpass = x1y2", "dnpass = ****"),
        ("connect = host=db user=m password=abc dbname=x", "connect = host=db user=m password=*** dbname=x"),
        ("SMTP_PASSWORD=abc", "SMTP_PASSWORD=***"),
        ("url = smtp://bob:hunter2@mail.example.org", "url = smtp://bob:*******@mail.example.org"),
        ("<password>abc</password>", "<password>***</password>"),
        ("smtp_sasl_password_maps = hash:/etc/postfix/sasl", "smtp_sasl_password_maps = hash:/etc/postfix/sasl"),
        ("auth_debug_passwords = yes", "auth_debug_passwords = yes"),
        ("<authentication>password-cleartext</authentication>", "<authentication>password-cleartext</authentication>"),
        ("password {{ smtp_password }}", "password {{ smtp_password }}"),
        ("tls on", "tls on"),
    ],
)
def test_mask(line: str, expected: str) -> None:
    assert mask(line) == expected


def test_a_known_secret_is_masked_where_it_stands() -> None:
    assert mask("[mail]:587 bob:hunter2", [Span("f", 1, 16, 23)]) == "[mail]:587 bob:*******"
