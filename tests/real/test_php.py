"""PHP itself against what is worked out of PHP configurations."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests.test_php_values import PROGRAMS, config

pytestmark = pytest.mark.skipif(not shutil.which("php"), reason="no php")


@pytest.mark.parametrize("text", [text for text, _ in PROGRAMS])
def test_php_has_the_same_values(text: str) -> None:
    program = "<?php\nregister_shutdown_function(function () { global $config; echo json_encode($config); });\n"
    ran = subprocess.run(["php"], input=program + text, capture_output=True, text=True, timeout=30, check=True)
    held = json.loads(ran.stdout[ran.stdout.index("{") :] if "{" in ran.stdout else ran.stdout)
    assert _keyed(held) == config("<?php\n" + text)


def _keyed(value: object) -> object:
    """JSON with lists as objects: to PHP both are arrays."""
    if isinstance(value, list):
        return {str(at): _keyed(item) for at, item in enumerate(value)}
    return {key: _keyed(item) for key, item in value.items()} if isinstance(value, dict) else value
