"""A linter for mail infrastructure: what the software would really do, held against mail policy."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike

    from mailpolicy.types import Finding

__all__ = ["check"]


def check(
    paths: Iterable[str | PathLike[str]],
    *,
    assume: Mapping[str, str] | None = None,
    profile: str | None = None,
    rules_dir: str | None = None,
) -> tuple[Finding, ...]:
    """Findings in files and folders that no comment suppresses, sorted by position.

    ``assume`` maps programs to versions, as in ``{"postfix": "3.7"}``. Raises
    ``mailpolicy.policy.BadPolicy`` for a policy that cannot be followed and
    ``mailpolicy.types.Unreadable`` when a file cannot be read.
    """
    from os import fspath

    from mailpolicy import run
    from mailpolicy.policy import numbers
    from mailpolicy.types import Unreadable, Version

    versions = {name: Version(numbers(text), "assume") for name, text in (assume or {}).items()}
    made, _ = run.report([fspath(path) for path in paths], run.Options(versions, profile, rules_dir))
    if made.errors:
        path, why = made.errors[0]
        raise Unreadable(f"{path}: {why}")
    return tuple(finding for finding in made.findings if finding.suppressed is None)
