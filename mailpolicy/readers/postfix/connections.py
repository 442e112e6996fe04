"""Postfix as a client: where its smtp and lmtp services connect to, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailpolicy.readers.postfix.master import Config
    from mailpolicy.types import Fact


def facts(config: Config) -> list[Fact]:
    """One ``connection`` for each distinct service, host and port."""
    return []
