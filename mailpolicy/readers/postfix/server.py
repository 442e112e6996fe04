"""Facts of a whole Postfix instance: ``server``, ``setting`` and ``secret``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailpolicy.readers.postfix.master import Config
    from mailpolicy.types import Fact


def facts(config: Config, listeners: list[Fact]) -> list[Fact]:
    """The ``server`` fact, settings at fault and secrets in the tree. ``listeners`` are this instance's listener facts."""
    return []
