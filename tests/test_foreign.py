"""Files about mail software that are not its own."""

from __future__ import annotations

import pytest

from mailpolicy.foreign import is_foreign


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# filter\n[INCLUDES]\nbefore = common.conf\n", True),
        ("[Definition]\nfailregex = ^x\n", True),
        ("[program:dovecot]\ncommand=/usr/sbin/dovecot -F\n", True),
        ("[Unit]\nDescription=x\n", True),
        ("check process dovecot with pidfile /run/dovecot/master.pid\n", True),
        ("if $programname == 'dovecot' then /var/log/dovecot.log\n", True),
        (':programname, isequal, "dovecot" /var/log/dovecot.log\n', True),
        ('@version: 4.5\n@include "scl.conf"\noptions {\n', True),
        ("/var/log/dovecot.log {\n  rotate 4\n}\n", True),
        ("auth    required    pam_unix.so\n", True),
        ("auth_mechanisms = plain\n", False),
        ("#!/bin/sh\nset -e\n", True),
        ("<?xml version='1.0'?>\n", True),
        ('g stunnel4 -\nu stunnel4 - "stunnel" /var/run/stunnel4\n', True),
        ("protocols = imap\n", False),
        ("[pop3s]\naccept = 995\n", False),
        ("service imap-login {\n", False),
        ("!include conf.d/*.conf\n", False),
        ("{% if x %}\nprotocols = imap\n", False),
        ("<% if x %>\n", False),
        ("primary_hostname = mail.example.org\n", False),
        ("", False),
    ],
)
def test_is_foreign(text: str, expected: bool) -> None:
    assert is_foreign(text) is expected
