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
        ("AuthPass = abc", "AuthPass = ***"),
        ("export SMTP_PASS=abc", "export SMTP_PASS=***"),
        ("'dbpassword' => 'abc',", "'dbpassword' => *****,"),
        ("gitlab_rails['smtp_password'] = \"abc\"", "gitlab_rails['smtp_password'] = *****"),
        ("'password' => env('MAIL_PASSWORD', 'abc')", "'password' => env('MAIL_PASSWORD', *****)"),
        ('user_pref("mail.server.server1.password", "abc");', 'user_pref("mail.server.server1.password", *****);'),
        ("SMTP_PASSWORD=${SMTP_PASSWORD:-abc}", "SMTP_PASSWORD=*********************"),
        ("SMTP_PASSWORD=${SMTP_PASSWORD}", "SMTP_PASSWORD=${SMTP_PASSWORD}"),
        ("SMTP_PASSWORD_FILE=/run/secrets/mail", "SMTP_PASSWORD_FILE=/run/secrets/mail"),
        ("password: '/abc'", "password: ******"),
        ("PassCmd 'echo abc'", "PassCmd 'echo ***'"),
        ("PassCmd +secret-tool lookup host a", "PassCmd +secret-tool lookup host a"),
        ("-u alice:abc", "-u alice:***"),
        ('user = "alice"', 'user = "alice"'),
        ("    user: 1000:1000", "    user: 1000:1000"),
        ("https://a:b@c@mail.example.org/x", "https://a:***@mail.example.org/x"),
        ("imap://mail.example.org:993/a from b@example.org", "imap://mail.example.org:993/a from b@example.org"),
        ("smtp://a:b@h,smtp://c:d@i", "smtp://a:*@h,smtp://c:*@i"),
        ("relayhost = [mail.example.org]:587", "relayhost = [mail.example.org]:587"),
        ("MAIL_HOST=alice:abc@mail.example.org", "MAIL_HOST=alice:***@mail.example.org"),
        ("driver = passwd-file", "driver = passwd-file"),
        ("passdb {", "passdb {"),
        ("bypass=yes", "bypass=yes"),
    ],
)
def test_mask(line: str, expected: str) -> None:
    assert mask(line) == expected


def test_a_password_that_goes_on_where_its_fact_ends() -> None:
    assert mask("args = password='ab cd'", [Span("f", 1, 17, 20)]) == "args = password=*******"


def test_a_known_secret_is_masked_where_it_stands() -> None:
    assert mask("[mail]:587 bob:hunter2", [Span("f", 1, 16, 23)]) == "[mail]:587 bob:*******"
