#!/usr/bin/env python3
"""Prints .pre-commit-hooks.yaml: one hook, triggered by the files that readers own.

python3 scripts/make_hooks.py > .pre-commit-hooks.yaml
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from mailpolicy.readers import PATTERNS, TEMPLATE

_TEXT = """\
# Made by scripts/make_hooks.py from the file patterns in mailpolicy/readers/__init__.py.
- id: mailpolicy
  name: mailpolicy
  description: checks mail server and client configuration against mail policy
  entry: mailpolicy check --allow-empty
  # no commit fails because a certificate grows old
  args: [--skip-expiry]
  language: python
  # Mail software reads several files as one, so the whole project is checked, in one process; the
  # pattern only says when. With file names, pre-commit would shuffle and split them.
  pass_filenames: false
  files: (^|/)({patterns}){template}$
"""


def main() -> None:
    """Writes the hook file to stdout."""
    patterns = "|".join(re.sub(r"\((?!\?)", "(?:", regex) for regex in PATTERNS.values())  # nobody reads the groups
    print(_TEXT.format(patterns=patterns, template=TEMPLATE), end="")


if __name__ == "__main__":
    main()
