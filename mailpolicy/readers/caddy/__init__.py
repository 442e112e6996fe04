"""Caddy with its layer 4 app: Caddyfiles and JSON, for the mail that passes through it.

After caddy-l4 0.1.2, its documentation and that of Caddy 2.10. A route ends TLS (``tls``) or passes on what comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mailpolicy.fronts import Front, Program, facts, protocol
from mailpolicy.ports import PROTOCOLS, port_number
from mailpolicy.readers.caddy import syntax
from mailpolicy.readers.caddy.model import Path, Server, Text, from_caddyfile, from_json
from mailpolicy.strict_yaml import YamlError
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Inventory, Origin, Span, Unread, Unreadable, Version

SOFTWARE = "caddy"
FILES = "Caddyfile, caddy.json: layer4"
PROVEN = "caddy-l4 0.1.2: documentation and examples; not run"
LIMITS = "matchers beyond addresses and TLS"
NEWEST = (2, 10)
_VERSIONS = ("TLSv1.2", "TLSv1.3")
_NAMES = {"tls1.2": 0, "tls1.3": 1}
_MAIL = re.compile(r":(?:25|465|587|143|993|110|995|4190)\b")
_ADDRESS = re.compile(
    r"(?:(?P<network>tcp[46]?|udp[46]?)/)?(?P<host>\[[^\]]*\]|[^:/]*):(?P<first>[a-z0-9]+)(?:-(?P<last>\d{1,5}))?"
)
_ASKS = {"request": "asked", "verify_if_given": "asked", "require": "required", "require_and_verify": "required"}


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether the global option or app ``layer4`` is there, with routes or handlers."""
    head = text[:100_000]
    option = re.search(r"^[ \t]*layer4[ \t]*\{", head, re.MULTILINE) and re.search(
        r"^[ \t]*route\b", head, re.MULTILINE
    )
    return bool(option) or ('"layer4"' in head and '"handler"' in head)


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The mail sockets of layer 4. Without any, nothing is said."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return Inventory((), (Unread(Span(path, 1, 1, 2), str(problem), True),), paths)
    if "layer4" not in source.text or not _MAIL.search(source.text):
        return Inventory()
    try:
        servers = list(_servers(source))
    except (syntax.Refused, YamlError) as problem:
        return Inventory((), (Unread(problem.where, f"{problem}: caddy does not start", True),), paths)
    numbers = version.numbers if version else NEWEST
    program = Program(SOFTWARE, ".".join(map(str, numbers)), path)
    made = [
        fact for server in servers for front in _fronts(server) if protocol(front) for fact in facts(front, program)
    ]
    return Inventory(tuple(made), (), paths)


def _servers(source: Source) -> Iterator[Server]:
    """Raises Refused and YamlError."""
    if not re.match(r"\s*\{\s*\"", source.text):
        return from_caddyfile(syntax.parse(source))
    from mailpolicy import strict_yaml  # JSON is YAML, but for tabs

    return from_json(strict_yaml.load(Source(source.path, source.text.replace("\t", " "))))


def _fronts(server: Server) -> Iterator[Front]:
    kinds = {path.tls is not None for path in server.paths}
    ends = kinds.pop() if len(kinds) == 1 else None
    by = tuple(Origin("sets", path.tls) for path in server.paths if path.tls)
    hops = tuple(dict.fromkeys(hop for path in server.paths for hop in path.hops))
    versions, versions_by = _versions(server.paths)
    proxied = next((path.proxied for path in server.paths if path.proxied), None)
    told = (Origin("sets", proxied),) if proxied else ()
    for text in server.listens:
        for address, port in _sockets(text.text):
            yield Front(
                server.name, text.where, address, port, ends, by, hops, versions, versions_by, _asks(server.paths),
                (proxied is not None, told),
            )  # fmt: skip


def _sockets(text: str) -> Iterator[tuple[str | None, int | None]]:
    """Address and port of each TCP socket that a network address of Caddy names; of a range, those of mail."""
    match = _ADDRESS.fullmatch(text)
    if match is None or (match["network"] or "").startswith("udp"):
        return
    host = match["host"].strip("[]")
    # Go listens for both families on the wildcard address of either, unless the network names one
    wild = {"tcp4": "0.0.0.0", "tcp6": "::"}.get(match["network"] or "", "*")
    address = wild if host in ("", "0.0.0.0", "::") else host if re.fullmatch(r"[\d.]+|[0-9a-fA-F:]+", host) else None
    first = port_number(match["first"])
    if match["last"] is None:
        yield address, first
    elif first is not None:
        yield from ((address, port) for port in PROTOCOLS if first <= port <= int(match["last"]))


def _versions(paths: tuple[Path, ...]) -> tuple[tuple[str, ...] | None, tuple[Origin, ...]]:
    """What the policies allow; unknown where the ways through a server differ."""
    bounds = {(path.policy.lowest, path.policy.highest) for path in paths if path.tls}
    if len(bounds) != 1:
        return None, ()
    lowest, highest = bounds.pop()
    told = tuple(Origin("sets", text.where) for text in (highest, lowest) if text)
    low, high = _bound(lowest, 0), _bound(highest, 1)
    if low is None or high is None:
        return None, told
    return _VERSIONS[low : high + 1] or None, told or (Origin("default", None, "Caddy 2: TLS 1.2 and 1.3"),)


def _bound(text: Text | None, default: int) -> int | None:
    return default if text is None else _NAMES.get(text.text)


def _asks(paths: tuple[Path, ...]) -> tuple[str | None, tuple[Origin, ...]]:
    found = {path.policy.asks for path in paths if path.tls}
    if found <= {None}:
        return "none", ()
    if len(found) > 1:
        return None, ()
    asked = next(iter(found))
    assert asked is not None
    return _ASKS.get(asked.text or "require_and_verify"), (Origin("sets", asked.where),)
