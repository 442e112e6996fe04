"""Settings that override one another and remember who set what."""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.lean import NamedTuple
from mailpolicy.types import Origin, Span


class Setting(NamedTuple):
    """A value as some place gives it."""

    value: str
    where: Span | None
    note: str = ""


class Layers:
    """Layers of settings; a later one wins. Immutable: ``over`` gives a new stack."""

    def __init__(self, *layers: Mapping[str, Setting]) -> None:
        self._layers = layers

    def over(self, layer: Mapping[str, Setting]) -> Layers:
        """This stack with ``layer`` on top."""
        return Layers(*self._layers, layer)

    def get(self, name: str) -> Setting | None:
        """The setting that wins, or None when no layer has it."""
        for layer in reversed(self._layers):
            if name in layer:
                return layer[name]
        return None

    def origins(self, name: str) -> tuple[Origin, ...]:
        """Who set ``name``, oldest first: a default, then what sets it, then what overrides that."""
        chain: list[Origin] = []
        for layer in self._layers:
            setting = layer.get(name)
            if setting is None:
                continue
            chain.append(Origin(_how(setting, chain), setting.where, setting.note))
        return tuple(chain)


def _how(setting: Setting, before: list[Origin]) -> str:
    if setting.where is None:
        return "default"
    return "overrides" if any(origin.where for origin in before) else "sets"
