"""How the house is built: floors, lists that name everything, generated files that are fresh."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mailpolicy import compiled, options, readers, report, rules

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mailpolicy"

FLOORS = {
    "types": 0, "addresses": 0, "ports": 0, "data": 0, "version": 0, "schema": 0,
    "text": 1, "layers": 1, "facts": 1, "mask": 1,
    "tree": 2, "strict_yaml": 2, "joins": 2, "suppress": 2,
    "rules": 3, "judge": 3,
    "compiled": 4, "policy": 4, "present": 5, "declaration_errors": 5,
    "readers.*": 6, "readers": 7, "report.*": 7, "report": 8,
    "run": 8, "examples": 9, "explain": 5, "init": 0, "options": 4, "output": 9, "cli": 10, "__main__": 11,
    "__init__": 11,
}  # fmt: skip
"""Module -> floor. A module imports only lower ones; parts of one reader or of the reports may import one another."""


def modules() -> list[tuple[str, Path]]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        if name != "_compiled":
            found.append((name.removesuffix(".__init__"), path))
    return found


def floor(name: str) -> int:
    if name in FLOORS:
        return FLOORS[name]
    return FLOORS[name.split(".")[0] + ".*"]


def imported(path: Path) -> set[str]:
    """Modules of ours that a file imports, wherever in it; ``from mailpolicy import x`` counts as x."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "mailpolicy":
            base = node.module.split(".")[1:]
            for alias in node.names:
                longer = ".".join([*base, alias.name])
                is_module = any(name == longer for name, _ in modules())
                found.add(longer if is_module else ".".join(base))
        elif isinstance(node, ast.Import):
            found |= {a.name.partition(".")[2] for a in node.names if a.name.startswith("mailpolicy.")}
    return found - {"", "_compiled"}


@pytest.mark.parametrize(("name", "path"), modules())
def test_a_module_imports_only_lower_floors(name: str, path: Path) -> None:
    family = ".".join(name.split(".")[:2]) if name.startswith("readers.") else name.split(".")[0]
    for other in imported(path):
        same_reader = other == family or other.startswith(family + ".")
        if same_reader and ("." in name or family != name):
            continue
        assert floor(other) < floor(name), f"{name} imports {other}"


def test_no_import_cycles() -> None:
    edges = {name: imported(path) - {name} for name, path in modules()}

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"cycle: {' -> '.join((*path, name))}"
        if name not in done:
            for other in edges.get(name, ()):
                visit(other, (*path, name))
            done.add(name)

    done: set[str] = set()
    for name in edges:
        visit(name, ())


@pytest.mark.parametrize(("name", "path"), modules())
def test_files_and_functions_stay_small(name: str, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if text.startswith(('"""Made by ', "# Made by", '"""Made from')):
        return  # generated tables
    assert text.count("\n") <= (400 if name.startswith("readers.") else 260)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 40, f"{name}.{node.name}"


def test_every_reader_is_listed_and_keeps_to_the_protocol() -> None:
    there = {p.stem for p in (PACKAGE / "readers").iterdir() if p.name not in ("__init__.py", "__pycache__")}
    assert there == set(readers.PATTERNS)
    for name in readers.PATTERNS:
        reader = readers.load(name)
        assert isinstance(reader.SOFTWARE, str)
        assert callable(reader.read) and callable(reader.groups) and callable(reader.sniff)


def test_every_format_is_offered() -> None:
    assert set(options.FORMATS) == set(report.FORMATS)


def test_pre_commit_hooks_are_fresh() -> None:
    made = subprocess.run([sys.executable, ROOT / "scripts/make_hooks.py"], capture_output=True, text=True, check=True)
    assert (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8") == made.stdout


def test_the_readme_names_every_command_and_the_number_of_rules() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{len(compiled.load().rules)} rules" in text
    for command in ("check", "inspect", "rules", "explain", "init"):
        assert f"mailpolicy {command}" in text


def test_rule_files_are_all_in_a_group_folder() -> None:
    from mailpolicy import data

    for path in rules.files(data.RULES):
        assert re.fullmatch(r"[a-z]+/[a-z0-9-]+\.yaml", os.path.relpath(path, data.RULES)), path


HEAVY = {"yaml", "jsonschema", "dns", "dataclasses", "json", "xml", "pyexpat", "cryptography", "difflib", "inspect"}


@pytest.mark.parametrize(
    "files",
    [
        {"main.cf": "compatibility_level = 3.6\ninet_interfaces = loopback-only\n", "master.cf": "smtp inet n - y - - smtpd\n"},
        {".msmtprc": "account default\nhost mail.example.org\nport 465\ntls on\ntls_starttls off\nauth on\nuser a\npasswordeval pass x\n"},
    ],
    ids=["postfix", "msmtp"],
)  # fmt: skip
def test_a_clean_check_imports_nothing_heavy(files: dict[str, str], tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    code = (
        "import sys; from mailpolicy.cli import main; main(sys.argv[1:]);"
        "print(' '.join(sorted(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, "check", "-q", "--fail-on", "never", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {name.split(".")[0] for name in ran.stderr.split()}
    assert loaded & HEAVY == set()
