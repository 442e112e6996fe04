"""Files of assignments against the real bash, which is what sources mailcow.conf."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mailpolicy import envfile
from mailpolicy.text import Source

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")


@pytest.mark.parametrize(
    "text",
    [
        "A=1",
        "A=1 # old",
        "A=x#y",
        "A=#x",
        "A=",
        "A= # c",
        "export A=1",
        "  A=1",
        'A="x # y" # c',
        "A='a $B'",
        'A="a\\"b"',
        'A="two\nlines"',
        "A='two\nlines'\nB=1",
        "A=1\nA=2",
        "B=x\nA=${B}/y",
        'B=x\nA="$B-$B"',
        "B=x\nA='$B'",
        "B=127.0.0.1\nA=$B:143",
    ],
)
def test_a_value_that_is_known_is_that_of_bash(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text(text + "\n")
    done = subprocess.run(
        ["bash", "-c", '. ./a.env; printf %s "$A"'], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert envfile.parse(Source("a.env", text + "\n")).settings["A"].value == done.stdout
