"""What something else fills in before a program reads a value. Imports nothing of ours.

Jinja, Go and ERB templates, autoconf's ``@NAME@``, ``__NAME__``, ``%%NAME%%``, words between angle brackets, and
variables of a shell where a whole value, a label of a host or a part of a URL is one.
"""

from __future__ import annotations

import re

_NAMES = (
    r"<[A-Za-z][\w .-]*>|(?<!\w)__\w+?__(?!\w)|@[A-Z][A-Z0-9_]*@|(?<![\w@.])@[A-Za-z]\w*@(?!\w)|%%\w+%%"
)  # fmt: skip
_TEMPLATE = r"\{\{|\{%|<%|" + _NAMES

TEMPLATE = re.compile(_TEMPLATE)
"""A trace of a template; what begins with ``$`` is none, for formats that know variables by themselves."""
PLACEHOLDER = re.compile(_TEMPLATE + r"|\$\{|\$\(|(?:^|(?<=[.:/@-]))\$[A-Za-z_]\w*(?=$|[.:/@-])|%\(\w+\)s|^%[A-Z_]+%$")
"""A trace of anything that fills in."""
PIECE = re.compile(
    r"\{\{(?:[^{}\n]|\{(?!\{)|\}(?!\}))*+\}\}|\{%(?:[^{%\n]|\{(?!%)|%(?!\}))*+%\}|<%(?:[^<%\n]|<(?!%)|%(?!>))*+%>"
    r"|\{#(?:[^{#\n]|\{(?!#)|#(?!\}))*+#\}|\$\{\w[^{}\n]*+\}|" + _NAMES
)
"""All of a piece of a value that something fills in. Linear, however many are not closed."""


def filled(text: str) -> bool:
    """Whether something else puts a part into a value."""
    return PLACEHOLDER.search(text) is not None
