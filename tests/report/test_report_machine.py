"""JSON, SARIF and GitHub annotations: form, and the same findings in each."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from jsonschema import Draft4Validator, Draft202012Validator, FormatChecker

from mailpolicy.report import FORMATS, load
from mailpolicy.report.sarif import artifact, semantic_version, title_of
from mailpolicy.types import Origin, Report, Span
from tests.report.samples import EMPTY, FULL, MAIN, MASTER, finding, report, rule

ROOT = Path(__file__).parents[2]
HOSTILE = "a\x1b]0;x\x07\r\n::error::b%0A,c:d\u202e\udcff"
NASTY = report(
    finding(
        Span(f"-x/{HOSTILE} [1](2).cf", 1, 1, 2),
        f"r{HOSTILE}",
        message=HOSTILE,
        fix=HOSTILE,
        because=(Origin("sets", Span(f"{HOSTILE}](9)", 3, 1, 2), HOSTILE),),
        fingerprint=HOSTILE,
        suppressed=None,
    ),
    errors=((HOSTILE, HOSTILE),),
    notes=(HOSTILE,),
)
REPORTS = {"full": FULL, "empty": EMPTY, "nasty": NASTY}


def sarif_of(given: Report) -> Any:
    return json.loads(load("sarif").render(given))["runs"][0]


@pytest.mark.parametrize("given", REPORTS.values(), ids=REPORTS)
@pytest.mark.parametrize(
    ("name", "schema", "validator"),
    [
        ("json", "schemas/finding.schema.json", Draft202012Validator),
        ("sarif", "tests/data/sarif-2.1.0.schema.json", Draft4Validator),
    ],
)
def test_form(given: Report, name: str, schema: str, validator: Any) -> None:
    checker = validator(json.loads((ROOT / schema).read_text(encoding="utf-8")), format_checker=FormatChecker())
    assert list(checker.iter_errors(json.loads(load(name).render(given)))) == []


@pytest.mark.parametrize("schema", ["finding", "inspect"])
def test_own_schemas_are_schemas(schema: str) -> None:
    Draft202012Validator.check_schema(json.loads((ROOT / f"schemas/{schema}.schema.json").read_text(encoding="utf-8")))


def test_schema_of_findings_is_closed() -> None:
    checker = Draft202012Validator(json.loads((ROOT / "schemas/finding.schema.json").read_text(encoding="utf-8")))
    document = json.loads(load("json").render(FULL))
    document["findings"][0]["more"] = 1
    document["findings"][0]["origins"][0]["more"] = 1
    assert len(list(checker.iter_errors(document))) == 2


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("given", REPORTS.values(), ids=REPORTS)
def test_ends_with_one_newline_and_repeats(name: str, given: Report) -> None:
    out = load(name).render(given)
    assert out == load(name).render(given)
    assert out == "" or (out.endswith("\n") and not out.endswith("\n\n"))
    out.encode("utf-8")


@pytest.mark.parametrize("name", ["json", "sarif"])
def test_machine_formats_are_ascii_and_ignore_colour(name: str) -> None:
    out = load(name).render(NASTY, color=True)
    assert out.isascii()
    assert out == load(name).render(NASTY)


Where = tuple[str, str, int, int]


def in_text(given: Report) -> set[Where]:
    heads = re.findall(r"^(.+):(\d+):(\d+): \w+\[(.+?)\] ", load("text").render(given), re.MULTILINE)
    return {(name, file, int(line), int(column)) for file, line, column, name in heads}


def in_json(given: Report) -> set[Where]:
    found = json.loads(load("json").render(given))["findings"]
    return {(f["rule"], f["file"], f["line"], f["column"]) for f in found if f["suppressed"] is None}


def in_sarif(given: Report) -> set[Where]:
    found = set()
    for result in sarif_of(given)["results"]:
        place = result["locations"][0]["physicalLocation"]
        region = place["region"]
        if "suppressions" not in result:
            path = unquote_to_bytes(place["artifactLocation"]["uri"]).decode()
            found.add((result["ruleId"], path, region["startLine"], region["startColumn"]))
    return found


def in_github(given: Report) -> set[Where]:
    pattern = r"^::\w+ file=(.+?),line=(\d+),endLine=\d+,col=(\d+),endColumn=\d+,title=(.+?)::"
    heads = re.findall(pattern, load("github").render(given), re.MULTILINE)
    return {(name, file.replace("%25", "%"), int(line), int(column)) for file, line, column, name in heads}


def test_all_formats_tell_the_same_findings() -> None:
    spans = [Span(f"host {n % 7}/100%/käse.cf", n + 1, n % 13 + 1, n % 13 + 4) for n in range(200)]
    given = report(*(finding(span, f"rule-{at % 5}", severity="note") for at, span in enumerate(spans)))
    expected = {(f.rule, f.where.file, f.where.line, f.where.column) for f in given.findings}
    assert in_text(given) == in_json(given) == in_sarif(given) == in_github(given) == expected


def seconds(renders: Callable[[Report], str], given: Report) -> float:
    """Processor time of one report."""
    start = time.process_time()
    renders(given)
    return time.process_time() - start


@pytest.mark.parametrize("name", FORMATS)
def test_ten_thousand_findings_take_less_than_a_second(name: str) -> None:
    because = (Origin("declares", Span(MASTER, 31, 1, 11)), Origin("sets", Span(MAIN, 12, 28, 35)))
    given = report(
        *(finding(Span(MAIN, 40, at + 1, at + 4), because=because, fix="require TLS " * 10) for at in range(10_000)),
        lines={(MAIN, 40): "mynetworks = " + "10.0.0.0/8 " * 2000, (MASTER, 31): "submission inet n - y - - smtpd"},
    )
    renders = load(name).render
    assert any(seconds(renders, given) < 1 for _ in range(3))


def test_json_of_a_finding() -> None:
    document = json.loads(load("json").render(FULL))
    assert document["findings"][0]["origins"][1] == {
        "how": "default",
        "note": "Postfix 3.7",
        "file": None,
        "line": None,
        "column": None,
        "end_column": None,
    }
    assert document["findings"][0]["sources"] == ["RFC 8314 section 3.3", "RFC 6409 section 4.3"]
    assert document["findings"][2]["suppressed"] == "agreed with [security] (ticket 12)"
    assert document["summary"] == {
        "errors": 1,
        "warnings": 1,
        "notes": 0,
        "suppressed": 1,
        "unreadable": 1,
        "files": 14,
        "facts": 40,
        "unknown": 3,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [("käse", r"k\u00e4se"), ("😀", r"\ud83d\ude00"), ("\udcff", r"\ufffd"), ("\x1b", r"\u001b")],
)
def test_json_in_ascii(text: str, expected: str) -> None:
    shown = load("json").render(report(notes=(text,)))
    assert f'"notes": [\n  "{expected}"\n ]' in shown


def test_sarif_lists_every_rule_whether_it_fired_or_not() -> None:
    assert sarif_of(EMPTY)["tool"]["driver"]["rules"] == sarif_of(FULL)["tool"]["driver"]["rules"]
    assert [each["id"] for each in sarif_of(EMPTY)["tool"]["driver"]["rules"]] == sorted(EMPTY.rules)
    assert sarif_of(EMPTY)["results"] == []


def test_sarif_rule() -> None:
    given = report(rules={"submission-without-tls": rule("submission-without-tls", "warning")})
    assert sarif_of(given)["tool"]["driver"]["rules"] == [
        {
            "id": "submission-without-tls",
            "name": "SubmissionWithoutTls",
            "shortDescription": {"text": "Submission without TLS"},
            "fullDescription": {"text": "A password crosses the network. So does the mail."},
            "help": {
                "text": "A password crosses the network. So does the mail.\n\nFix: require TLS\n\n"
                "Sources: RFC 8314 section 3.3; RFC 6409 section 4.3",
                "markdown": "# Submission without TLS\n\nA password crosses the network.\nSo does the mail.\n\n"
                "**Fix:** require TLS\n\n**Sources**\n\n- RFC 8314 section 3.3\n- RFC 6409 section 4.3",
            },
            "defaultConfiguration": {"level": "warning"},
            "properties": {
                "tags": ["security", "mail", "ports"],
                "precision": "high",
                "security-severity": "5.5",
                "problem.severity": "warning",
            },
        }
    ]


def test_sarif_descriptions_keep_to_the_limit_of_github() -> None:
    long = rule("any")._replace(rationale="word " * 1000)
    assert len(sarif_of(report(rules={"any": long}))["tool"]["driver"]["rules"][0]["fullDescription"]["text"]) == 1024


def test_sarif_result_links_to_where_the_value_comes_from() -> None:
    result = sarif_of(FULL)["results"][0]
    assert result["message"]["text"] == (
        "port 587 takes submissions with TLS optional.\n"
        "How the value came about: [declared at etc/postfix/master.cf:31:1](1); default of Postfix 3.7; "
        "[etc/postfix/main.cf:12:28 sets it](2); etc/postfix/master.cf:34:30 overrides it.\n"
        "Fix: write smtpd_tls_security_level=encrypt."
    )
    linked = {int(number) for number in re.findall(r"\]\((\d+)\)", result["message"]["text"])}
    assert linked == {related["id"] for related in result["relatedLocations"]} == {1, 2}
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "etc/postfix/master.cf", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 34, "startColumn": 30, "endLine": 34, "endColumn": 33},
    }
    assert result["partialFingerprints"]["primaryLocationLineHash"] == FULL.findings[0].fingerprint


def test_sarif_link_text_is_escaped() -> None:
    because = (Origin("sets", Span("a[1](2).cf", 1, 1, 2)),)
    result = sarif_of(report(finding(Span(MAIN, 12, 1, 2), because=because)))["results"][0]
    assert r"[a\[1\](2).cf:1:1 sets it](1)" in result["message"]["text"]


def test_sarif_suppression_keeps_its_reason() -> None:
    results = sarif_of(FULL)["results"]
    assert [result.get("suppressions") for result in results[:2]] == [None, None]
    assert results[2]["suppressions"] == [
        {"kind": "inSource", "status": "accepted", "justification": "agreed with [security] (ticket 12)"}
    ]


def test_sarif_tells_what_could_not_be_read() -> None:
    invocation = sarif_of(FULL)["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert [note["level"] for note in invocation["toolExecutionNotifications"]] == ["error", "note"]
    assert sarif_of(EMPTY)["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("etc/main.cf", {"uri": "etc/main.cf", "uriBaseId": "%SRCROOT%"}),
        ("./etc//main.cf", {"uri": "etc/main.cf", "uriBaseId": "%SRCROOT%"}),
        ("a b/käse#1?.cf", {"uri": "a%20b/k%C3%A4se%231%3F.cf", "uriBaseId": "%SRCROOT%"}),
        ("c:d/100%.cf", {"uri": "c%3Ad/100%25.cf", "uriBaseId": "%SRCROOT%"}),
        ("\udcff.cf", {"uri": "%FF.cf", "uriBaseId": "%SRCROOT%"}),
        ("/etc/a b/main.cf", {"uri": "file:///etc/a%20b/main.cf"}),
        ("C:/mail/a b.cf", {"uri": "file:///C:/mail/a%20b.cf"}),
        ("../other/main.cf", {"uri": "../other/main.cf"}),
        ("..main.cf", {"uri": "..main.cf", "uriBaseId": "%SRCROOT%"}),
    ],
)
def test_sarif_artifact(path: str, expected: dict[str, str]) -> None:
    assert artifact(path) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.1.0", "0.1.0"),
        ("0.2.0rc1", "0.2.0-rc1"),
        ("1.2.3.dev4+gabc", "1.2.3-dev4+gabc"),
        ("1.2", None),
        ("", None),
    ],
)
def test_semantic_version(version: str, expected: str | None) -> None:
    assert semantic_version(version) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("submission-without-tls", "Submission without TLS"),
        ("mx-requires-tls", "MX requires TLS"),
        ("imaps-and-pop3", "IMAPS and POP3"),
    ],
)
def test_title(name: str, expected: str) -> None:
    assert title_of(name) == expected


GITHUB = """\
::error file=etc/dovecot/dovecot.conf,title=not read::is binary, not text
::error file=etc/postfix/master.cf,line=34,endLine=34,col=30,endColumn=33,title=submission-without-tls::\
port 587 takes submissions with TLS optional%0Afix: write smtpd_tls_security_level=encrypt
::warning file=etc/postfix/main.cf,line=40,endLine=40,col=843,endColumn=852,title=trusts-the-world::\
every host may relay%0Afix: list your own networks only: mynetworks = 127.0.0.0/8 [::1]/128
::notice title=mailpolicy::an included file was not found
"""


def test_github() -> None:
    assert load("github").render(FULL) == GITHUB
    assert load("github").render(EMPTY) == ""


def test_github_shows_the_worst_first() -> None:
    order = ("note", "warning", "error", "note", "error")
    given = report(*(finding(Span(MAIN, at + 1, 1, 2), severity=each) for at, each in enumerate(order)))
    lines = re.findall(r"^::(\w+) .*?line=(\d)", load("github").render(given), re.MULTILINE)
    assert lines == [("error", "3"), ("error", "5"), ("warning", "2"), ("notice", "1"), ("notice", "4")]


def test_github_lets_no_file_smuggle_a_command() -> None:
    lines = load("github").render(NASTY).splitlines()
    assert len(lines) == 3
    assert all(re.match(r"::(error|notice) [^\x00-\x1f]*$", line) for line in lines)
    assert lines[1].split("::")[1].count(",") == 5
    assert "%250A" in lines[1]


def test_sarif_descriptors_have_all_that_github_requires() -> None:
    driver = sarif_of(FULL)["tool"]["driver"]
    required = {"id", "name", "shortDescription", "fullDescription", "help"}
    assert all(required <= each.keys() for each in driver["rules"] + driver["notifications"])
    used = {note["descriptor"]["id"] for note in sarif_of(FULL)["invocations"][0]["toolExecutionNotifications"]}
    assert used == {each["id"] for each in driver["notifications"]}
