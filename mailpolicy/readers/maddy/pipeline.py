"""Who may relay through an endpoint: what its pipeline does with mail for domains that it does not name.

After internal/msgpipeline of Maddy 0.9.4.
"""

from __future__ import annotations

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.maddy.model import Config, sets
from mailpolicy.readers.maddy.syntax import Node, Refused
from mailpolicy.types import Origin

ROOT = ("check", "modify", "dmarc", "source", "source_in", "default_source")
HANDLING = ("deliver_to", "reroute", "reject", "destination", "destination_in", "default_destination")
_REMOTE = ("remote", "target.remote")
_QUEUE = ("queue", "target.queue")
_OTHER_SERVER = ("smtp", "target.smtp", "lmtp", "target.lmtp", "smtp_downstream", "lmtp_downstream")
_FILTERS = ("milter", "command", "rspamd")
"""Checks whose verdict another program gives."""
_DEEPEST = 50


class Verdict(NamedTuple):
    """What happens to mail for a foreign domain. None is unknown."""

    relays: bool | None
    """Whether it is passed on for a client that has not logged in."""
    told: tuple[Origin, ...] = ()
    guarded: bool | None = True
    """Whether the sender is held against the login on every way out."""
    leaves: bool | None = False
    """Whether it is passed on for a client that has logged in."""


_STAYS = Verdict(False)


def _join(found: list[Verdict]) -> Verdict:
    """The worst of several ways."""
    out = [verdict for verdict in found if verdict.leaves is not False]
    if not out:
        return _STAYS
    worst = next((v for v in out if v.relays), None) or next((v for v in out if v.relays is None), out[0])
    guarded = False if any(v.guarded is False for v in out) else None if any(v.guarded is None for v in out) else True
    leaves = True if any(v.leaves for v in out) else None
    return Verdict(worst.relays, worst.told, guarded, leaves)


def verdict(config: Config, nodes: tuple[Node, ...], depth: int = 0) -> Verdict:
    """The verdict of a pipeline. Raises Refused for one that Maddy does not take."""
    if depth > _DEEPEST:
        return Verdict(None, (), None, None)
    sources = [node for node in nodes if node.name.text in ("source", "source_in", "default_source")]
    rest = tuple(node for node in nodes if node.name.text in HANDLING)
    for node in nodes:
        if node.name.known and node.name.text not in ROOT + HANDLING:
            raise Refused(node.name.where, f"there is no directive {node.name.text[:60]} here")
    if not sources:
        if not rest and not config.partial:
            raise Refused(nodes[0].name.where if nodes else config.nodes[0].name.where, "nothing says where mail goes")
        return _checked(config, nodes, _source(config, rest, depth))
    if rest and not config.partial:
        raise Refused(rest[0].name.where, f"{rest[0].name.text} does not stand beside source rules")
    default = [node for node in sources if node.name.text == "default_source"]
    if not config.partial and (len(default) != 1 or not default[0].children):
        raise Refused((default or sources)[-1].name.where, "one default_source block is needed beside source rules")
    ways = [_checked(config, s.children or (), _source(config, s.children or (), depth)) for s in sources]
    return _checked(config, nodes, _join(ways))


def _source(config: Config, nodes: tuple[Node, ...], depth: int) -> Verdict:
    """The verdict of a source block, or of a pipeline that has none."""
    named = [node for node in nodes if node.name.text in ("destination", "destination_in")]
    default = [node for node in nodes if node.name.text == "default_destination"]
    rest = tuple(node for node in nodes if node.name.text in ("deliver_to", "reroute", "reject"))
    for node in nodes:
        if node.name.known and node.name.text not in (*HANDLING, "check", "modify"):
            raise Refused(node.name.where, f"there is no directive {node.name.text[:60]} here")
    if not named and not default:
        return _targets(config, rest, depth)
    if rest and not config.partial:
        raise Refused(rest[0].name.where, f"{rest[0].name.text} does not stand beside destination rules")
    if not config.partial and (len(default) != 1 or not default[0].children):
        raise Refused((default or named)[-1].name.where, "one default_destination block is needed")
    ways = [_checked(config, d.children or (), _targets(config, d.children or (), depth)) for d in default]
    for node in named:
        if node.name.text == "destination_in":
            way = _checked(config, node.children or (), _targets(config, node.children or (), depth))
            if way.leaves is not False:  # what a table holds is not read
                ways.append(way._replace(relays=None if way.relays is not False else False))
    return _join(ways)


def _targets(config: Config, nodes: tuple[Node, ...], depth: int) -> Verdict:
    return _join([_target(config, n, depth) for n in nodes if n.name.text in ("deliver_to", "reroute", "target")])


def _target(config: Config, node: Node, depth: int) -> Verdict:
    """Where one target passes mail to."""
    if node.name.text == "reroute":
        return verdict(config, node.children or (), depth + 1)
    if not node.args:
        raise Refused(node.name.where, f"{node.name.text} names no target")
    word, kind, block = node.first, node.first.text, node
    unknown = Verdict(None, sets(word.where), None, None)
    if kind.startswith("&"):
        found = config.resolve(word)
        if found is None:
            return unknown
        kind, block = found.name.text, found
    if not word.known:
        return unknown
    if kind in _REMOTE:
        return Verdict(True, sets(word.where), False, True)
    if kind in _OTHER_SERVER:
        return Verdict(None, (Origin("sets", word.where, "the server behind decides"),), False, None)
    if kind in _QUEUE:
        inner = block.get("target")
        made = _target(config, inner, depth + 1) if inner and depth < _DEEPEST else unknown
        return made if made.leaves is False else made._replace(told=sets(word.where))
    if kind == "msgpipeline":
        made = verdict(config, block.children or (), depth + 1)
        return made if made.leaves is False else made._replace(told=sets(word.where))
    return _STAYS


def _checked(config: Config, nodes: tuple[Node, ...], made: Verdict) -> Verdict:
    """The verdict after the checks of a block: authorize_sender lets nobody through who has not logged in."""
    if made.leaves is False:
        return made
    for node in nodes:
        if node.name.text != "check":
            continue
        listed = node.children or ()
        if node.args and node.first.text.startswith("&"):
            block = config.resolve(node.first)
            if block is None:
                return made._replace(relays=None, guarded=None)
            listed = block.children or ()
        for check in listed:
            kind = check.name.text.removeprefix("check.")
            if kind == "authorize_sender":
                made = made._replace(
                    guarded=_acts(check, "no_match_action"),
                    relays=False if _acts(check, "unauth_action") else made.relays,
                )
            elif kind in _FILTERS and made.relays:
                made = made._replace(relays=None)
    return made


def _acts(check: Node, name: str) -> bool:
    """Whether a check stops the mail: by rejecting it, or by quarantine, which target.remote refuses to pass on."""
    action = check.get(name)
    return action is None or action.first.text != "ignore"
