"""The command line: exit codes, streams, formats, paths."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import mailpolicy
from mailpolicy import compiled, options
from mailpolicy.rules import load_schema
from mailpolicy.types import Unreadable
from tests.cli import ROOT, run

FAULTY = """\
servers:
  - host: mail.example.org
    listeners:
      - {protocol: imap, port: 143, tls: optional, auth: cleartext}
      - {protocol: imap, port: 993, tls: implicit, auth: tls-only}
"""
CLEAN = """\
servers:
  - host: mail.example.org
    listeners:
      - {protocol: imap, port: 993, tls: implicit, auth: tls-only}
"""
NOTED = """\
servers:
  - host: mail.example.org
    listeners:
      - {protocol: imap, port: 143, tls: required, auth: tls-only}
      - {protocol: imap, port: 993, tls: implicit, auth: tls-only}
"""


def declare(folder: Path, text: str) -> Path:
    (folder / "mailpolicy.yaml").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("text", "arguments", "code"),
    [
        (CLEAN, [], 0),
        (FAULTY, [], 1),
        (FAULTY, ["--fail-on", "never"], 0),
        (NOTED, [], 0),
        (NOTED, ["--fail-on", "note"], 1),
        (NOTED, ["--profile", "strict"], 1),
        ("servrs: []\n", [], 2),
        ("a: [\n", [], 2),
        (CLEAN, ["--profile", "strickt"], 2),
        (CLEAN, ["--fail-on", "fatal"], 2),
        (CLEAN, ["--no-such-option"], 2),
        (CLEAN, ["--today", "soon"], 2),
        (CLEAN, ["--assume", "postfix"], 2),
        (CLEAN, ["--rules", "no-such-folder"], 2),
        ("policy: {rules: {cleartext-login-listener: 'off'}}\n" + FAULTY, [], 0),
        ("policy: {rules: {cleartext-login-listener: note}}\n" + FAULTY, [], 0),
        ("policy: {rules: {cleartext-login-lisener: note}}\n" + FAULTY, [], 2),
    ],
)
def test_exit_code(text: str, arguments: list[str], code: int, tmp_path: Path) -> None:
    ran = run("check", declare(tmp_path, text), *arguments)
    assert ran.returncode == code, ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(("arguments", "code"), [([], 3), (["--allow-empty"], 0)])
def test_nothing_recognised(arguments: list[str], code: int, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello\n")
    ran = run("check", tmp_path, *arguments)
    assert ran.returncode == code
    assert "no mail configuration was recognised" in ran.stderr
    assert ran.stdout == ""


def test_a_named_file_that_no_reader_takes_is_named_beside_others(tmp_path: Path) -> None:
    (tmp_path / "virtual").write_text("info@example.org user\n")
    ran = run("check", declare(tmp_path, CLEAN), tmp_path / "virtual")
    assert ran.returncode == 0
    assert "virtual: is no configuration that mailpolicy reads by itself; not read" in ran.stderr


def test_a_file_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    ran = run("check", tmp_path / "main.cf")
    assert ran.returncode == 2
    assert "does not exist" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["chekc"], "did you mean 'check'?"),
        (["check", "--fromat", "json"], "did you mean '--format'?"),
        (["check", "--format", "jsn"], "did you mean 'json'?"),
        (["explain", "open-realy"], "did you mean 'open-relay'?"),
    ],
)
def test_wrong_words_get_the_nearest_right_one(arguments: list[str], hint: str) -> None:
    ran = run(*arguments)
    assert ran.returncode == 2
    assert hint in ran.stderr


def test_mistakes_in_a_declaration_have_line_and_say_what_is_right(tmp_path: Path) -> None:
    text = "servers:\n  - host: a\n    listeners:\n      - {protocol: imap, port: 993, tls: implcit}\n"
    ran = run("check", declare(tmp_path, text))
    assert ran.returncode == 2
    assert "line 4" in ran.stderr
    assert "'implcit' is not allowed; did you mean 'implicit'?" in ran.stderr
    assert "mailpolicy.yaml:4:42: " in ran.stdout


def test_findings_on_stdout_and_the_rest_on_stderr(tmp_path: Path) -> None:
    ran = run("check", declare(tmp_path, FAULTY))
    assert "cleartext-login-listener" in ran.stdout
    assert "finding" not in ran.stdout
    assert "1 error" in ran.stderr
    assert run("check", "-q", tmp_path).stderr == ""


def test_every_format_tells_the_same_findings(tmp_path: Path) -> None:
    declare(tmp_path, FAULTY)
    found = {name: run("check", tmp_path, "--format", name).stdout for name in options.FORMATS}
    spoken = json.loads(found["json"])["findings"]
    assert spoken
    results = json.loads(found["sarif"])["runs"][0]["results"]
    assert [one["rule"] for one in spoken] == [one["ruleId"] for one in results]
    for one in spoken:
        place = f"{one['file']}:{one['line']}:{one['column']}"
        assert place in found["text"]
        assert f"file={one['file']},line={one['line']}" in found["github"]


def test_several_outputs_in_one_run(tmp_path: Path) -> None:
    declare(tmp_path, FAULTY)
    target = tmp_path / "out" / "report.sarif"
    ran = run("check", tmp_path, "--format", "sarif", "--output", target, "--format", "json")
    assert json.loads(target.read_text())["version"] == "2.1.0"
    assert json.loads(ran.stdout)["version"] == 1
    assert [path.name for path in target.parent.iterdir()] == ["report.sarif"]


@pytest.mark.parametrize(("command", "name"), [("check", "finding"), ("inspect", "inspect")])
def test_json_keeps_to_its_schema(command: str, name: str, tmp_path: Path) -> None:
    declare(tmp_path, FAULTY)
    document = json.loads(run(command, tmp_path, "--format", "json").stdout)
    validator = Draft202012Validator(load_schema(f"{name}.schema.json"))
    assert [error.message for error in validator.iter_errors(document)] == []


def test_two_runs_and_another_working_directory_give_the_same_bytes(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    declare(project, FAULTY)
    for name in options.FORMATS:
        here = run("check", ".", "--format", name, cwd=project).stdout
        assert here == run("check", ".", "--format", name, cwd=project).stdout
        assert here == run("check", "project", "--format", name, cwd=tmp_path).stdout
        assert here == run("check", project, "--format", name).stdout


def test_a_comment_on_top_moves_no_fingerprint(tmp_path: Path) -> None:
    def fingerprints() -> list[str]:
        found = json.loads(run("check", tmp_path, "--format", "json").stdout)["findings"]
        return [one["fingerprint"] for one in found]

    declare(tmp_path, FAULTY)
    before = fingerprints()
    declare(tmp_path, "# a comment\n\n" + FAULTY)
    assert before == fingerprints()
    assert before


def test_suppression_needs_a_reason_and_ends(tmp_path: Path) -> None:
    def check(comment: str, *arguments: str) -> tuple[int, str]:
        text = FAULTY.replace(
            "      - {protocol: imap, port: 143", f"      # {comment}\n      - {{protocol: imap, port: 143"
        )
        ran = run("check", declare(tmp_path, text), *arguments)
        return ran.returncode, ran.stdout

    rule = "mailpolicy: ignore[cleartext-login-listener]"
    assert check(f"{rule} until=2027-03-01 -- the copier goes in spring", "--today", "2027-03-01") == (0, "")
    code, out = check(f"{rule} until=2027-03-01 -- the copier goes in spring", "--today", "2027-03-02")
    assert code == 1 and "suppression-expired" in out and "cleartext-login-listener" in out
    code, out = check(rule)
    assert code == 1 and "suppression-malformed" in out
    code, out = check("mailpolicy: ignore[open-relay] -- no")
    assert code == 1 and "suppression-unused" in out


def test_own_rules_replace_and_add(tmp_path: Path) -> None:
    text = (ROOT / "rules/ports/cleartext-login-listener.yaml").read_text()
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "cleartext-login-listener.yaml").write_text(
        text.replace("severity: error", "severity: note", 1)
    )
    declare(tmp_path, FAULTY)
    ran = run("check", tmp_path, "--rules", tmp_path / "own")
    assert "note[cleartext-login-listener]" in ran.stdout
    (tmp_path / "own" / "cleartext-login-listener.yaml").write_text(text.replace("auth: {not", "aut: {not", 1))
    ran = run("check", tmp_path, "--rules", tmp_path / "own")
    assert ran.returncode == 2
    assert "names the field 'aut'" in ran.stderr


LIMIT = """\
id: low-port
severity: warning
subject: listener
require: {properties: {port: {minimum: {$number: dh_bits}}}}
at: port
message: "port {port} is low"
fix: none
rationale: an example
source: [none]
good: []
bad: []
"""


@pytest.mark.parametrize(
    ("rule", "policy", "code", "words"),
    [
        (LIMIT, "", 1, "port 993 is low"),
        (LIMIT, "policy: {numbers: {dh_bits: 993}}\n", 0, "no findings"),
        (LIMIT, "policy: {numbers: {dh_bit: 993}}\n", 2, "did you mean 'dh_bits'"),
        (LIMIT.replace("dh_bits", "dh_bit"), "", 2, "knows no number 'dh_bit'; did you mean 'dh_bits'"),
    ],
)
def test_limits_are_the_sites_to_move(rule: str, policy: str, code: int, words: str, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "low-port.yaml").write_text(rule)
    declare(tmp_path, policy + CLEAN)
    ran = run("check", tmp_path, "--rules", tmp_path / "own")
    assert (ran.returncode, words in ran.stdout + ran.stderr) == (code, True), ran.stdout + ran.stderr


def test_own_schema_of_ports(tmp_path: Path) -> None:
    schema = json.loads((ROOT / "schemas/ports.schema.json").read_text())
    schema["$defs"]["listener"] = {"properties": {"port": {"enum": [465]}}}
    (tmp_path / "ports.json").write_text(json.dumps(schema))
    declare(tmp_path, "policy: {ports: ports.json}\n" + CLEAN)
    ran = run("check", tmp_path)
    assert ran.returncode == 1
    assert "listener-port-not-allowed" in ran.stdout


def test_color_and_no_color(tmp_path: Path) -> None:
    declare(tmp_path, FAULTY)
    assert "\x1b[" not in run("check", tmp_path).stdout
    assert "\x1b[" in run("check", tmp_path, "--color", "always").stdout
    assert "\x1b[" in run("check", tmp_path, env={"NO_COLOR": "", "FORCE_COLOR": "1"}).stdout
    assert "\x1b[" not in run("check", tmp_path, env={"NO_COLOR": "1", "FORCE_COLOR": "1"}).stdout


def test_a_closed_pipe_gives_no_traceback(tmp_path: Path) -> None:
    listeners = "".join(
        f"      - {{protocol: imap, port: {port}, tls: optional, auth: cleartext}}\n" for port in range(2000, 3500)
    )
    declare(tmp_path, f"servers:\n  - host: a.example\n    listeners:\n{listeners}")
    command = f"{sys.executable} -m mailpolicy check {tmp_path} | head -1"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env)
    assert "Traceback" not in ran.stderr and "BrokenPipe" not in ran.stderr


def test_an_interrupt_gives_no_traceback() -> None:
    code = """
import os, signal, sys
from mailpolicy import cli
cli._run = lambda arguments: os.kill(os.getpid(), signal.SIGINT)
sys.exit(cli.main(["check"]))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (ran.returncode, ran.stderr) == (130, "")


def test_version_help_rules_and_explain() -> None:
    assert run("--version").stdout == "mailpolicy 0.1.0\n"
    assert "exit codes" in run("--help").stdout
    listed = run("rules").stdout
    for name in compiled.load().rules:
        assert name in listed
    page = run("explain", "cleartext-login-listener").stdout
    assert "RFC 8314" in page and "Good" in page and "Bad" in page


def test_explain_has_a_page_for_every_rule() -> None:
    from mailpolicy.explain import explain

    for rule in compiled.load().rules.values():
        page = explain(rule)
        assert rule.rationale in page
        assert "Bad (" in page


def test_init_writes_a_valid_declaration_and_never_overwrites(tmp_path: Path) -> None:
    assert run("init", tmp_path).returncode == 0
    assert run("check", tmp_path).returncode == 0
    ran = run("init", tmp_path)
    assert ran.returncode == 2
    assert "exists" in ran.stderr


def test_python_interface(tmp_path: Path) -> None:
    declare(tmp_path, FAULTY)
    (finding,) = mailpolicy.check([tmp_path])
    assert (finding.rule, finding.where.line) == ("cleartext-login-listener", 4)
    with pytest.raises(Unreadable):
        mailpolicy.check([tmp_path / "gone" / "main.cf"])
