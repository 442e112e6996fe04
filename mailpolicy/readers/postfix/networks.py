"""Trusted networks: mynetworks and mynetworks_style (Postfix 3.10 src/global/mynetworks.c)."""

from __future__ import annotations

from mailpolicy.addresses import network_scope
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.postfix.params import View
from mailpolicy.types import Origin, Span


class Networks(NamedTuple):
    """What mynetworks means for one service."""

    listed: bool
    """Whether mynetworks is set."""
    entries: tuple[tuple[str, Span | None], ...]
    """Patterns in order; ``!`` in front excludes. Where mynetworks is not set: what its style surely holds."""
    unknown: bool
    """Whether there may be more: a table, a template, the networks of an interface."""
    scope: str | None
    """The widest, in the words of ``trusted_scope``; None where it is not known."""
    style: str | None
    """host, subnet or class where mynetworks is not set; None where it is or where the style is not known."""
    origins: tuple[Origin, ...]
    blame: tuple[Origin, ...] = ()
    """The chain that ends at the widest network."""


def networks(view: View) -> Networks:
    """The trusted networks that ``view`` gives."""
    found = view.get("mynetworks")
    if not view.is_set("mynetworks"):
        style = view.get("mynetworks_style")
        own = (("127.0.0.0/8", None), ("[::1]/128", None))
        word = None if style.text is None or view.partial else style.text.lower()
        return Networks(False, own, word != "host", None, word, style.origins, style.origins)
    entries = tuple(view.elements("mynetworks"))
    texts = [text for text, _ in entries if not text.startswith("!")]
    readable = all(_pattern(text.lstrip("!")) for text, _ in entries)
    scope = network_scope(texts) if found.text is not None and readable else None
    return Networks(
        True, entries, found.text is None, scope, None, found.origins, _widest(found.origins, entries, scope)
    )


def _pattern(text: str) -> bool:
    """An address or network, not a table, file or name."""
    return not text.startswith("/") and not any(char.isalpha() and char.lower() not in "abcdef" for char in text)


def _widest(
    origins: tuple[Origin, ...], entries: tuple[tuple[str, Span | None], ...], scope: str | None
) -> tuple[Origin, ...]:
    """The chain to the widest network: of those in the widest scope one that is no single host, if there is one."""
    plain = [(text, span) for text, span in entries if span is not None and not text.startswith("!")]
    widest = [(text, span) for text, span in plain if scope is not None and network_scope([text]) == scope]
    nets = [entry for entry in widest if _is_network(entry[0])]
    if not nets and scope == "public":  # single hosts: a wide private network is the wider trust
        nets = [(text, span) for text, span in plain if network_scope([text]) == "wide"]
    return next(((*origins, Origin("sets", span)) for _, span in nets or widest), origins)


def _is_network(text: str) -> bool:
    """Whether it stands for more than one address."""
    bits = text.rpartition("/")[2] if "/" in text else ""
    return bits.isdigit() and int(bits) < (128 if ":" in text else 32)
