"""Where reports go, and what exit code they mean."""

from __future__ import annotations

import os
import sys
from argparse import Namespace

from mailpolicy.report import load
from mailpolicy.types import Report

_RANK = {"note": 0, "warning": 1, "error": 2, "never": 3}


def emit(report: Report, wanted: Namespace) -> None:
    """Every output that was asked for; errors, notes and the summary on stderr. Raises OSError."""
    for name, target in wanted.outputs:
        color = target is None and _color(wanted.color, sys.stdout)
        text = load(name).render(report, color)
        write(text, [target] if target else None)
    if not wanted.quiet:
        from mailpolicy.report.text import asides, summary

        sys.stdout.flush()
        color = _color(wanted.color, sys.stderr)
        print(asides(report, color) + summary(report, color), end="", file=sys.stderr)


def write(text: str, target: list[str] | None) -> None:
    """To a file, whole or not at all, or to stdout."""
    if not target:
        sys.stdout.write(text)
        return
    path = target[-1]
    if os.path.dirname(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    part = f"{path}.{os.getpid()}.part"
    try:
        with open(part, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        os.replace(part, path)
    except OSError:
        if os.path.exists(part):
            os.unlink(part)
        raise


def _color(choice: str, stream: object) -> bool:
    """``--color``, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal. An empty variable does not count."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return bool(getattr(stream, "isatty", lambda: False)()) and os.environ.get("TERM") != "dumb"


def verdict(report: Report, fail_on: str, strict: bool) -> int:
    """1 for findings at or above ``fail_on`` that nothing suppresses, or unknowns under ``--strict``; else 0."""
    if strict and report.unknown:
        return 1
    least = _RANK[fail_on]
    return int(any(_RANK[f.severity] >= least for f in report.findings if f.suppressed is None))
