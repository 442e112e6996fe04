"""Tests against real daemons, clients and tools run with ``--real`` only; in CI a skipped one is a failed one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REAL = Path(__file__).parent / "real"
NO_SKIP = bool(os.environ.get("MAILPOLICY_NO_SKIP"))
_left_out = 0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--real", action="store_true", help="also run tests/real: real daemons, clients and pre-commit")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    global _left_out
    named = any("real" in str(argument) for argument in config.args)
    if config.getoption("--real") or named:
        return
    kept = [item for item in items if REAL not in item.path.parents]
    _left_out = len(items) - len(kept)
    items[:] = kept


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]
    outcome = yield
    report = outcome.get_result()
    if NO_SKIP and report.skipped and REAL in item.path.parents:
        report.outcome = "failed"
        report.longrepr = f"skipped, which MAILPOLICY_NO_SKIP forbids: {report.longrepr}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.stats.get("skipped", []):
        if "/real/" in report.nodeid:
            terminalreporter.write_line(f"SKIPPED {report.nodeid}: {report.longrepr[-1]}", yellow=True)
    if _left_out:
        terminalreporter.write_line(
            f"NOT RUN: {_left_out} tests against real daemons and clients (pytest --real, as root, runs them)",
            yellow=True,
        )
