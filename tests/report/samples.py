"""Reports that the tests of the formats share."""

from __future__ import annotations

from typing import Any

from mailpolicy.types import Finding, Origin, Report, Rule, Span

MAIN, MASTER = "etc/postfix/main.cf", "etc/postfix/master.cf"
LINES = {
    (MASTER, 31): "submission inet n       -       y       -       -       smtpd",
    (MASTER, 34): "\t-o smtpd_tls_security_level=may",
    (MAIN, 1): "# See /usr/share/postfix/main.cf.dist",
    (MAIN, 12): "smtpd_tls_security_level = encrypt",
    (MAIN, 40): f"mynetworks = {', '.join(f'10.{net}.0.0/16' for net in range(60))} 0.0.0.0/0 172.16.0.0/12",
}
OVERRIDDEN = (
    Origin("declares", Span(MASTER, 31, 1, 11)),
    Origin("default", None, "Postfix 3.7"),
    Origin("sets", Span(MAIN, 12, 28, 35)),
    Origin("overrides", Span(MASTER, 34, 30, 33)),
)


def rule(name: str, severity: str = "error") -> Rule:
    """A rule with words for every part that formats show."""
    return Rule(
        id=name,
        group="ports",
        severity=severity,
        subject="listener",
        when={},
        require={},
        at=("tls",),
        message="port {port} takes submissions with TLS {tls}",
        fix="require TLS",
        rationale="A password crosses the network.\nSo does the mail.\n",
        source=("RFC 8314 section 3.3", "RFC 6409 section 4.3"),
    )


def finding(where: Span, name: str = "submission-without-tls", **other: Any) -> Finding:
    """A finding at a place; other fields as given."""
    base = Finding(name, "error", "port 587 takes submissions with TLS optional", where, (), "", f"{name}:{where}")
    return base._replace(**other)


def report(*findings: Finding, **other: Any) -> Report:
    """A report of these findings."""
    rules = {name: rule(name) for name in ("submission-without-tls", "trusts-the-world", "any")}
    base = Report("0.2.0rc1", findings, (), (), rules, LINES, 14, 40, 0)
    return base._replace(**other)


AT_40 = Span(MAIN, 40, LINES[MAIN, 40].index("0.0.0.0/0 ") + 1, LINES[MAIN, 40].index("0.0.0.0/0 ") + 10)
FULL = report(
    finding(Span(MASTER, 34, 30, 33), because=OVERRIDDEN, fix="write smtpd_tls_security_level=encrypt"),
    finding(
        AT_40,
        "trusts-the-world",
        severity="warning",
        message="every host may relay",
        because=(Origin("declares", Span(MAIN, 1, 1, 2)), Origin("sets", AT_40)),
        fix="list your own networks only:\n  mynetworks = 127.0.0.0/8 [::1]/128",
    ),
    finding(Span(MAIN, 12, 28, 35), "any", severity="note", suppressed="agreed with [security] (ticket 12)"),
    errors=(("etc/dovecot/dovecot.conf", "is binary, not text"),),
    notes=("an included file was not found",),
    unknown=3,
)
EMPTY = report()
