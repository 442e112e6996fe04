"""Who may relay through one smtpd, as its access restrictions decide it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mailpolicy.types import Origin

if TYPE_CHECKING:
    from mailpolicy.readers.postfix.master import Config
    from mailpolicy.readers.postfix.networks import Networks
    from mailpolicy.readers.postfix.params import View


class Relaying(NamedTuple):
    """Who may relay: open, networks, authenticated or none; None when the files do not tell."""

    relay: str | None
    origins: tuple[Origin, ...]
    """The blamed restriction stands last."""
    broken: str | None
    """Why smtpd refuses every recipient, in its own words; None when it does not."""


def relay(view: View, networks: Networks, config: Config) -> Relaying:
    """Who may relay through the smtpd that ``view`` belongs to."""
    return Relaying(None, (), None)


def sender_bound(view: View, config: Config) -> tuple[bool | None, tuple[Origin, ...]]:
    """Whether a login is bound to its own envelope senders."""
    return None, ()


def closed_to_world(view: View, networks: Networks, config: Config) -> tuple[bool | None, tuple[Origin, ...]]:
    """Whether the restrictions refuse every client outside the trusted networks without a login."""
    return None, ()
