#!/usr/bin/env python3
"""Prints docs/formats.md: what each reader reads, against what it was held, what it does not work out.

python3 scripts/make_formats.py > docs/formats.md
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from mailpolicy.readers import PATTERNS, SHARED, load

_HEAD = """\
<!-- Made by scripts/make_formats.py from FILES, PROVEN and LIMITS of each module in mailpolicy/readers/. -->
# Formats

"Run" means that the program itself was run with configurations of the same kind, and that the reader says what it
was seen to do. What a reader cannot work out is unknown: no rule speaks of it, and `mailpolicy inspect` shows it
as `?`.
Files marked with * have names that other programs use, too: what is in them decides.

| format | files | held against | not worked out |
|---|---|---|---|
"""


def main() -> None:
    """Writes the page to stdout."""
    print(_HEAD, end="")
    for name in sorted(PATTERNS):
        reader = load(name)
        mark = " *" if name in SHARED else ""
        cells = (name.replace("_", "-"), reader.FILES.replace("*", r"\*") + mark, reader.PROVEN, reader.LIMITS)
        print(f"| {' | '.join(cell.replace('|', ' or ') for cell in cells)} |")


if __name__ == "__main__":
    main()
