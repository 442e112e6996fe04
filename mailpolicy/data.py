"""Where rules/ and schemas/ lie: beside the package in a checkout, inside it when installed."""

from __future__ import annotations

import os

PACKAGE = os.path.dirname(os.path.abspath(__file__))
INSTALLED = os.path.isdir(os.path.join(PACKAGE, "_data"))
_HOME = os.path.join(PACKAGE, "_data") if INSTALLED else os.path.dirname(PACKAGE)
RULES = os.path.join(_HOME, "rules")
SCHEMAS = os.path.join(_HOME, "schemas")


def stamp() -> tuple[tuple[str, int, int], ...]:
    """Name, size in bytes and time of change in nanoseconds of every rule and schema file, sorted."""
    found = []
    for top in (RULES, SCHEMAS):
        folders = [top]
        while folders:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir():
                        folders.append(entry.path)
                    elif entry.name.endswith((".yaml", ".json")):
                        status = entry.stat()
                        found.append((entry.path[len(_HOME) + 1 :], status.st_size, status.st_mtime_ns))
    return tuple(sorted(found))
