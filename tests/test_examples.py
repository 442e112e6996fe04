"""The example estate: exactly the faults that were planted."""

from __future__ import annotations

import json

from tests.cli import ROOT, run

PLANTED = {
    ("clients/backup-server/msmtprc", "client-plaintext", "off"),
    ("clients/backup-server/msmtprc", "client-without-auth", "off"),
    ("clients/backup-server/msmtprc", "client-submission-port-25", "reports"),
    ("clients/laptop/.fetchmailrc", "pop3-deletes-shared-mailbox", "mail.example.org"),
    ("clients/monitoring/alertmanager.yml", "client-plaintext", "false"),
    ("www/shop/compose.yaml", "client-opportunistic-tls", "mail.example.org"),
    ("www/shop/compose.yaml", "client-submission-port-25", "25"),
    ("host/etc/dovecot/conf.d/90-local.conf", "cleartext-login-listener", "no"),
    ("host/etc/postfix/main.cf", "trusted-networks-too-wide", "10.0.0.0/8"),
    ("host/etc/postfix/master.cf", "submission-without-tls", "may"),
    ("host/etc/postfix/master.cf", "cleartext-login-listener", "no"),
    ("mailpolicy.yaml", "client-opportunistic-tls", "opportunistic"),
    ("mailpolicy.yaml", "pop3-deletes-shared-mailbox", "true"),
    ("www/mail/config-v1.1.xml", "client-plaintext", "plain"),
}
"""File, rule, and the text that is wrong."""


def found() -> list[tuple[str, str, str, str]]:
    findings = json.loads(run("check", "examples", "--format", "json", cwd=ROOT).stdout)["findings"]
    out = []
    for one in findings:
        line = (ROOT / one["file"]).read_text(encoding="utf-8").split("\n")[one["line"] - 1]
        text = line[one["column"] - 1 : one["end_column"] - 1]
        out.append((one["file"].removeprefix("examples/"), one["rule"], text, one["severity"]))
    return out


def test_every_planted_fault_is_found_at_its_text() -> None:
    assert PLANTED - {(file, rule, text) for file, rule, text, _ in found()} == set()


def test_there_is_no_other_error() -> None:
    errors = {(file, rule, text) for file, rule, text, severity in found() if severity == "error"}
    assert errors - PLANTED == {("host/etc/postfix/master.cf", "smtp-smuggling", "smtp")}
