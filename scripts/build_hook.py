"""Build hook of hatchling: makes mailpolicy/_compiled.py for the wheel."""

from __future__ import annotations

import os
import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileRules(BuildHookInterface):  # type: ignore[type-arg]
    """Compiles the rule files into the package that is built."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before files are gathered."""
        sys.path.insert(0, self.root)
        try:
            from mailpolicy import compiled

            compiled.write(compiled.source(), os.path.join(self.root, "mailpolicy", "_compiled.py"))
        finally:
            sys.path.remove(self.root)
