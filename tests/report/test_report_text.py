"""The text format, as a reader of a terminal sees it."""

from __future__ import annotations

import re

import pytest

from mailpolicy.report import text
from mailpolicy.report.excerpt import window
from mailpolicy.types import Origin, Report, Span
from tests.report.samples import EMPTY, FULL, LINES, MAIN, MASTER, finding, report

FULL_TEXT = """\
etc/postfix/master.cf:34:30: error[submission-without-tls] port 587 takes submissions with TLS optional
   34 |     -o smtpd_tls_security_level=may
      |                                 ^^^
      = declared at etc/postfix/master.cf:31:1: submission inet n - y - - smtpd
      = default of Postfix 3.7
      = etc/postfix/main.cf:12:28 sets it: smtpd_tls_security_level = encrypt
      = etc/postfix/master.cf:34:30 overrides it
      = fix: write smtpd_tls_security_level=encrypt

etc/postfix/main.cf:40:843: warning[trusts-the-world] every host may relay
   40 | ….55.0.0/16, 10.56.0.0/16, 10.57.0.0/16, 10.58.0.0/16, 10.59.0.0/16 0.0.0.0/0 172.16.0.0/12
      |                                                                     ^^^^^^^^^
      = declared at etc/postfix/main.cf:1:1
      = etc/postfix/main.cf:40:843 sets it
      = fix: list your own networks only:
               mynetworks = 127.0.0.0/8 [::1]/128
"""


def test_full_report() -> None:
    assert text.render(FULL) == FULL_TEXT


def test_colour_changes_no_word() -> None:
    coloured = text.render(FULL, color=True) + text.summary(FULL, color=True) + text.asides(FULL, color=True)
    plain = text.render(FULL) + text.summary(FULL) + text.asides(FULL)
    assert "\x1b[1;31m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            FULL,
            "2 findings (1 error, 1 warning) in 14 files; 1 path could not be read; 3 values unknown; 1 suppressed\n",
        ),
        (EMPTY, "no findings in 14 files\n"),
        (report(finding(Span(MAIN, 12, 1, 2), severity="note"), files=1), "1 finding (1 note) in 1 file\n"),
    ],
)
def test_summary(given: Report, expected: str) -> None:
    assert text.summary(given) == expected


def test_asides() -> None:
    assert text.asides(FULL) == (
        "etc/dovecot/dovecot.conf: cannot be judged: is binary, not text\nnote: an included file was not found\n"
    )


def test_clean_report_says_nothing_on_stdout() -> None:
    assert text.render(EMPTY) == ""


def test_findings_alike_in_all_but_rule_share_an_excerpt() -> None:
    where = Span(MAIN, 12, 28, 35)
    shown = text.render(report(finding(where), finding(where, "any", message="another thing")))
    assert shown.splitlines() == [
        "etc/postfix/main.cf:12:28: error[submission-without-tls] port 587 takes submissions with TLS optional",
        "etc/postfix/main.cf:12:28: error[any] another thing",
        "   12 | smtpd_tls_security_level = encrypt",
        "      |                            ^^^^^^^",
    ]


@pytest.mark.parametrize(
    ("because", "expected"),
    [
        ((Origin("sets", Span(MAIN, 12, 28, 35)),), []),
        (
            (Origin("declares", Span(MAIN, 12, 28, 35)), Origin("default", None, "Postfix 3.7")),
            ["default of Postfix 3.7"],
        ),
        (
            (Origin("declares", Span(MASTER, 31, 1, 11), "port 587"), Origin("sets", Span(MAIN, 12, 28, 35), "$level")),
            [
                "declared at etc/postfix/master.cf:31:1 (port 587): submission inet n - y - - smtpd",
                "etc/postfix/main.cf:12:28 sets it ($level)",
            ],
        ),
        ((Origin("implies", None, "no certificate"),), ["implied by the program (no certificate)"]),
    ],
)
def test_chain(because: tuple[Origin, ...], expected: list[str]) -> None:
    shown = text.render(report(finding(Span(MAIN, 12, 28, 35), because=because)))
    assert [line.removeprefix("      = ") for line in shown.splitlines()[3:]] == expected


def test_long_chain_is_cut_in_the_middle() -> None:
    because = tuple(Origin("declares", Span(f"client{number}", 1, 1, 2)) for number in range(30))
    shown = text.render(report(finding(Span(MAIN, 12, 28, 35), because=because))).splitlines()[3:]
    assert len(shown) == 9
    assert shown[4] == "      = … 22 steps more"
    assert shown[-1].endswith("declared at client29:1:1")


def test_long_fix_is_wrapped() -> None:
    fix = "write " + "word " * 40
    lines = text.render(report(finding(Span(MAIN, 12, 28, 35), fix=fix))).splitlines()
    assert len(lines) > 4
    assert max(map(len, lines)) <= 103


@pytest.mark.parametrize("where", [Span(MAIN, 99, 1, 2), Span("missing", 1, 1, 2)])
def test_line_that_is_not_there_has_no_excerpt(where: Span) -> None:
    assert len(text.render(report(finding(where))).splitlines()) == 1


HOSTILE = "ok\x1b[31m\r\u202ered\u2066\x9b\udcff\u200b"


def test_hostile_characters_never_reach_the_terminal() -> None:
    where = Span(f"a{HOSTILE}.cf", 1, 4, 9)
    given = report(
        finding(where, f"x{HOSTILE}", message=HOSTILE, fix=HOSTILE, because=(Origin("sets", None, HOSTILE),)),
        errors=((HOSTILE, HOSTILE),),
        notes=(HOSTILE,),
        lines={(where.file, 1): HOSTILE},
    )
    shown = text.render(given) + text.asides(given)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    assert "ok\\x1b[31m" in shown
    assert "\\u202e" in shown


@pytest.mark.parametrize(
    ("line", "column", "end", "expected"),
    [
        ("ssl = yes", 7, 10, ("ssl = yes", 6, 3)),
        ("\tssl = yes", 8, 11, ("    ssl = yes", 10, 3)),
        ("ab\tc", 4, 5, ("ab  c", 4, 1)),
        ("名 = 値", 5, 6, ("名 = 値", 5, 2)),
        ("e\u0301 = x", 6, 7, ("e\u0301 = x", 4, 1)),
        ("a\x1bb", 3, 4, ("a\\x1bb", 5, 1)),
        ("short", 9, 12, ("short", 5, 1)),
        ("", 1, 2, ("", 0, 1)),
        ("x" * 50 + "BAD" + "x" * 50, 51, 54, ("…" + "x" * 8 + "BAD" + "x" * 7 + "…", 9, 3)),
        ("BAD" + "x" * 50, 1, 4, ("BAD" + "x" * 15 + "…", 0, 3)),
        ("x" * 50 + "BAD", 51, 54, ("…" + "x" * 15 + "BAD", 16, 3)),
        ("y" * 90, 11, 80, ("…" + "y" * 18 + "…", 1, 18)),
    ],
)
def test_window(line: str, column: int, end: int, expected: tuple[str, int, int]) -> None:
    assert window(line, column, end, 20) == expected


def test_window_of_a_huge_line_is_quick_and_narrow() -> None:
    shown, before, marked = window("\t" + "値," * 500_000, 300_000, 300_001, 92)
    assert len(shown) <= 92
    assert before + marked <= 92


def test_secret_masked_in_lines_is_not_undone() -> None:
    given = report(finding(Span(MAIN, 2, 12, 18)), lines={**LINES, (MAIN, 2): "password = ******"})
    assert "password = ******\n      |            ^^^^^^" in text.render(given)
