"""mailpolicy.yaml: servers and clients declared by hand, in the words of the vocabulary."""

from __future__ import annotations

from collections.abc import Sequence

from mailpolicy.addresses import host_scope, network_scope, scope_of
from mailpolicy.facts import Draft
from mailpolicy.strict_yaml import Node, YamlError, load
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Unread, Unreadable, Value, Version, unreadable

SOFTWARE = "declaration"
FILES = "mailpolicy.yaml"
PROVEN = "schemas/declaration.schema.json"
LIMITS = ""

_ROLES = {"imap": "access", "pop3": "access", "managesieve": "access", "lmtp": "delivery"}


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each declaration stands by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """A declaration is known by its name alone."""
    return False


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """Facts of one declaration; nothing but unread where it does not keep to its schema."""
    path = paths[0]
    try:
        source = tree.source(path)
        node = load(source)
    except YamlError as problem:
        return unreadable(paths, str(problem), problem.where)
    except Unreadable as problem:
        return unreadable(paths, str(problem))
    unread = mistakes(node)
    if unread:
        return Inventory(unread=unread, files=paths)
    facts = [*_servers(source, node), *_clients(source, node)]
    return Inventory(tuple(facts), files=paths)


def mistakes(node: Node) -> tuple[Unread, ...]:
    """Where a declaration breaks its schema, in words that say which value would be right."""
    from mailpolicy import compiled
    from mailpolicy.schema import judge

    plain = {} if node.items is None and node.scalar is None else node.plain()
    if judge(compiled.load().declaration, plain, facts=False):
        return ()
    from mailpolicy.declaration_errors import explain  # jsonschema: only when there is a mistake to explain

    return explain(node, plain)


def _entries(node: Node, name: str) -> tuple[Node, ...]:
    found = (node.items or {}).get(name)
    return found.entries or () if found else ()


def _servers(source: Source, node: Node) -> list[Fact]:
    facts = []
    for server in _entries(node, "servers"):
        items = server.items or {}
        host = items["host"]
        software = str(items["software"].scalar) if "software" in items else "declared"
        draft = Draft("server", host.where)
        draft.put("software", software)
        draft.put("instance", f"{source.path}#{host.scalar}")
        draft.put("host", str(host.scalar), _sets(host))
        if "role" in items:
            draft.put("role", str(items["role"].scalar), _sets(items["role"]))
        facts.append(draft.fact())
        for listener in _entries(server, "listeners"):
            made = _listener(source, str(host.scalar), software, listener)
            facts.append(
                made._replace(values={**made.values, "host_role": str(items["role"].scalar)})
                if "role" in items
                else made
            )
    return facts


def _sets(node: Node) -> list[Origin]:
    return [Origin("sets", node.where)]


def _copy(draft: Draft, items: dict[str, Node]) -> None:
    for name, node in items.items():
        plain = node.plain()
        where = node.entries[-1].where if node.entries else node.where
        value: Value = tuple(map(str, plain)) if isinstance(plain, list) else plain  # type: ignore[assignment]
        draft.put(name, value, [Origin("sets", where)])


def _listener(source: Source, host: str, software: str, node: Node) -> Fact:
    items = node.items or {}
    draft = Draft("listener", items["port"].where)
    draft.put("software", software)
    draft.put("instance", f"{source.path}#{host}")
    draft.put("service", f"{host} {items['protocol'].scalar}")
    draft.put("address", "*")
    draft.put("broken", None)
    _copy(draft, items)
    chain = _sets(items["address"]) if "address" in items else []
    draft.put("scope", scope_of(str(draft.values["address"])), chain)
    if "role" not in items:
        draft.put("role", _role(str(items["protocol"].scalar), items["port"].scalar), _sets(items["port"]))
    if "trusted_networks" in items:
        _trusted(draft, items["trusted_networks"])
    return draft.fact()


def _trusted(draft: Draft, node: Node) -> None:
    """The widest network is the one to blame."""
    networks = node.entries or ()
    widest = network_scope(str(entry.scalar) for entry in networks)
    widths = [entry for entry in networks if network_scope([str(entry.scalar)]) == widest]
    draft.put("trusted_networks", tuple(str(entry.scalar) for entry in networks), _sets((widths or [node])[-1]))
    draft.maybe("trusted_scope", widest, _sets((widths or [node])[-1]))


def _role(protocol: str, port: object) -> str:
    return _ROLES.get(protocol) or ("mx" if port == 25 else "submission")


def _clients(source: Source, node: Node) -> list[Fact]:
    facts = []
    for client in _entries(node, "clients"):
        items = dict(client.items or {})
        name = items.pop("name")
        draft = Draft("connection", name.where)
        draft.put("software", "declared")
        draft.put("account", str(name.scalar))
        draft.put("instance", source.path)
        draft.put("broken", None)
        draft.put("port_stated", "port" in items, _sets(items["port"]) if "port" in items else ())
        _copy(draft, items)
        host = items["host"]
        draft.put("scope", host_scope(str(host.scalar)), _sets(host))
        protocol = str(items["protocol"].scalar)
        if "role" not in items:
            draft.put("role", _ROLES.get(protocol, "submission").replace("delivery", "relay"), _sets(items["protocol"]))
        _credentials(draft, items)
        facts.append(draft.fact())
    return facts


def _credentials(draft: Draft, items: dict[str, Node]) -> None:
    """A client, though no relay, logs in unless it is said not to; without TLS its password crosses in clear."""
    if "authenticates" not in items:
        draft.put("authenticates", draft.values["role"] != "relay")
    if "keeps_days" in items and "deletes_on_server" not in items:
        draft.put("deletes_on_server", True, _sets(items["keeps_days"]))
    if "tls" in items:
        clear = items["tls"].scalar in ("none", "opportunistic") and bool(draft.values["authenticates"])
        draft.put("cleartext_credentials", clear, _sets(items["tls"]))
