"""The wheel, an editable install and the pre-commit hook, each in an environment of its own. Needs a package index."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FAULTY = (
    "servers:\n  - host: a.example\n    listeners:\n      - {protocol: imap, port: 143, tls: none, auth: cleartext}\n"
)


def do(*command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, code: int = 0) -> str:
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    ran = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, cwd=cwd, env={**clean, **(env or {})}, timeout=300
    )
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran.stdout


def environment(folder: Path) -> Path:
    do(sys.executable, "-m", "venv", folder)
    return folder / "bin"


@pytest.mark.parametrize("how", ["wheel", "editable"])
def test_installed_it_finds_its_rules_and_schemas(how: str, tmp_path: Path) -> None:
    scripts = environment(tmp_path / "env")
    copy = tmp_path / "copy"
    do("git", "clone", "-q", ROOT, copy)
    do(scripts / "pip", "install", "-q", *(["-e"] if how == "editable" else []), copy)
    (tmp_path / "mailpolicy.yaml").write_text(FAULTY)
    out = do(scripts / "mailpolicy", "check", ".", cwd=tmp_path / "env" / "..", code=1)
    assert "cleartext-login-listener" in out
    assert "RFC 8314" in do(scripts / "mailpolicy", "explain", "cleartext-login-listener", cwd=tmp_path)
    if how == "wheel":
        place = do(scripts / "python", "-c", "import mailpolicy; print(mailpolicy.__file__)", cwd=tmp_path)
        files = {path.name for path in Path(place.strip()).parent.iterdir()}
        assert {"_compiled.py", "_data", "py.typed"} <= files


def repository(folder: Path, files: Mapping[str, str]) -> None:
    do("git", "init", "-q", folder)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    do("git", "add", "-A", cwd=folder)


def test_pre_commit_runs_the_hook_on_the_whole_project(tmp_path: Path) -> None:
    """Triggered by one file of a mail server, it reads the other one too."""
    repository(
        tmp_path / "project",
        {
            "etc/postfix/main.cf": "compatibility_level = 3.6\nmydestination =\nsmtpd_sasl_auth_enable = yes\n"
            "smtpd_sasl_type = dovecot\nsmtpd_sasl_path = private/auth\n",
            "etc/postfix/master.cf": "smtp inet n - y - - smtpd\n",
            "README": "nothing\n",
        },
    )
    hook = ["pre_commit", "try-repo", str(ROOT), "mailpolicy", "--files"]
    env = {"PRE_COMMIT_HOME": str(tmp_path / "cache")}
    python = [sys.executable, "-m"]
    out = do(*python, *hook, "etc/postfix/main.cf", cwd=tmp_path / "project", env=env, code=1)
    assert "cleartext-login-listener" in out
    assert "etc/postfix/main.cf:3:" in out
    out = do(*python, *hook, "README", cwd=tmp_path / "project", env=env)
    assert "(no files to check)Skipped" in out
