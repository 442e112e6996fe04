"""nginx as a proxy for mail: ``mail`` and ``stream`` blocks of nginx.conf with everything it includes.

What it serves by http is none of our business, and passed over without a word.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from mailpolicy.readers.nginx import extras, mail, stream
from mailpolicy.readers.nginx.loader import Loader, start_of
from mailpolicy.readers.nginx.mail import SOFTWARE, Context, Server
from mailpolicy.readers.nginx.parser import Node, Word, is_template, walk
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version, unreadable

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = "nginx.conf and what it includes: mail and stream blocks"
PROVEN = "nginx 1.22 and 1.26, run with the same files"
LIMITS = "if, Lua and variables in upstream names"

_MAIN = re.compile(r"[^/]*nginx[^/]*\.conf(?:\.[^/]+)?$")
_TELLING = frozenset(
    ("auth_http", "auth_http_header", "imap_auth", "imap_capabilities", "imap_client_buffer", "pop3_auth", "starttls",
     "pop3_capabilities", "smtp_auth", "smtp_capabilities", "smtp_client_buffer", "xclient", "proxy_pass_error_message")
)  # fmt: skip
_SNIFF = re.compile(
    r"^\s*(?:mail|stream)\s*\{|^\s*(?:auth_http|starttls|(?:imap|pop3|smtp)_(?:auth|capabilities))\s+[^;={}\n]+;",
    re.MULTILINE,
)
_OTHER_PROGRAM = re.compile(r"\s*(?:[#;][^\n]*\n\s*)*\[[^\]\n]+\]\s*(?:$|\n)")
_INCLUDE = re.compile(r"\binclude[ \t]+([^;\n]+);")
_OTHER_PLACE = re.compile(
    r"(?:^|/)(?:(?:tmpfiles|logrotate|filter|jail|action|rsyslog)\.d|supervisord?(?:/conf\.d)?|monit(?:/conf\.d)?)/[^/]+$"
)


def sniff(text: str) -> bool:
    """Whether a text looks like nginx' mail proxy; one for http alone is nothing that anybody would name."""
    return _SNIFF.search(text) is not None and not _OTHER_PROGRAM.match(text)


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Every file by itself: main files first, for they include the others."""
    main = [path for path in paths if _is_main(path)]
    return [(path,) for path in (*main, *(path for path in paths if path not in set(main)))]


def _is_main(path: str) -> bool:
    return posixpath.basename(path).startswith("nginx.conf")


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """Facts of one configuration, or of a part that no main file includes."""
    path = paths[0]
    try:
        text = tree.source(path).text
    except Unreadable as problem:
        return unreadable((path,), str(problem), start_of(path))
    if _OTHER_PLACE.search(path) or _OTHER_PROGRAM.match(text):
        return Inventory(files=(path,), notes=(f"{path}: is no nginx configuration; it is passed over",))
    numbers = version.numbers if version else ()
    context = Context(path, numbers, f"nginx {version}" if version else "nginx")
    loader = Loader(tree, path, _home(tree, path))
    nodes = loader.load().nodes
    if not nodes and text.strip() and loader.refused:
        if not _is_main(path) and not _SNIFF.search(text):
            return Inventory(files=(path,), notes=(f"{path}: is no nginx configuration; it is passed over",))
        return Inventory(unread=(Unread(start_of(path), "is no nginx configuration"),), files=(path,))
    return _configuration(tree, loader, nodes, context)


def _home(tree: Tree, path: str) -> str:
    """The folder that plays /etc/nginx: the nearest one upwards that holds nginx.conf or is called nginx."""
    own = folder = posixpath.dirname(path)
    if _is_main(path):
        return own
    while folder not in ("", "/", "."):
        if posixpath.basename(folder) == "nginx" or tree.exists(posixpath.join(folder, "nginx.conf")):
            return folder
        folder = posixpath.dirname(folder)
    return own


def _above(tree: Tree, loader: Loader, nodes: tuple[Node, ...]) -> str | None:
    """The main file of the folder that a part lies in, when it surely includes no file of that name."""
    main = posixpath.join(loader.folder, "nginx.conf")
    if main == loader.root or not tree.exists(main) or any(node.name.text == "events" for node in nodes):
        return None
    from fnmatch import fnmatchcase

    try:
        included = _INCLUDE.findall(tree.source(main).text)
    except Unreadable:
        return None
    own = posixpath.basename(loader.root)
    unsure = any(is_template(name) or fnmatchcase(own, posixpath.basename(name.strip("\"'"))) for name in included)
    return None if unsure else main


def _configuration(tree: Tree, loader: Loader, nodes: tuple[Node, ...], context: Context) -> Inventory:
    path = loader.root
    blocks = [node for node in nodes if node.name.text == "mail" and node.block is not None]
    streams = [node for node in nodes if node.name.text == "stream" and node.block is not None]
    fragment = not blocks and not streams and not _is_main(path)
    if fragment:
        kind = _kind(nodes, path)
        named = Word(kind, 0, 1, tree.source(path))
        blocks = [Node(named, (), nodes)] if kind == "mail" else []
        streams = [Node(named, (), nodes)] if kind == "stream" else []
        partial = {node.name.text for node in nodes} <= {"server", "upstream"}
        context = context._replace(fragment=True, partial=partial)
    facts, refused = _judged(loader, blocks, streams, context)
    if not facts and not blocks:
        return Inventory(files=tuple(loader.files))  # http alone
    main = _above(tree, loader, nodes)
    if main is not None:
        note = f"{path}: {main} does not include this file; it has no effect"
        return Inventory(files=tuple(loader.files), notes=(note,))
    refused = [*loader.refused, *refused, *_whole(nodes, blocks, path)]
    stopped = _stops(refused) or any(f.values.get("state") == "refused" for f in facts)
    facts = [fact for fact in facts if not stopped or fact.kind in ("setting", "secret")]
    notes = _notes(loader, blocks, context, bool(stopped))
    unread = tuple(dict.fromkeys((*loader.unread, *refused)))
    return Inventory(tuple(facts), unread, tuple(dict.fromkeys(loader.files)), notes)


def _stops(refused: Sequence[Unread]) -> bool:
    return any(unread.why.endswith("nginx does not start") for unread in refused)


def _kind(nodes: tuple[Node, ...], path: str) -> str:
    """Of which block a file holds a part: mail, stream, or another that is none of our business."""
    names = {node.name.text for node in nodes}
    servers = [node.block for node in nodes if node.name.text == "server" and node.block]
    inner = {node.name.text for block in servers for node in block}
    if names & {"http", "events"} or "location" in inner or inner & {"root", "return"}:
        return ""
    if (names | inner) & _TELLING or "protocol" in inner:
        return "mail"
    return "stream" if "proxy_pass" in inner else ""


def _judged(
    loader: Loader, blocks: list[Node], streams: list[Node], context: Context
) -> tuple[list[Fact], list[Unread]]:
    facts: list[Fact] = []
    refused: list[Unread] = []
    every: list[Server] = []
    for node in blocks:
        servers, wrong = mail.servers(node.block or (), context)
        refused += _without_old_ssl(wrong)
        heard = [] if _stops(wrong) else [fact for server in servers for fact in mail.facts(server, context)]
        facts += [*heard, *extras.facts(node.block or (), node.name.span, servers, heard, context)]
        refused += [unread for server in servers for unread in _missing(loader, server)]
        every += servers
    for node in streams:
        proxies, wrong = stream.proxies(node.block or (), context)
        refused += wrong
        facts += [fact for proxy in proxies for fact in stream.facts(proxy, context)]
        refused += _taken(every, proxies)
    return facts, refused


def _missing(loader: Loader, server: Server) -> list[Unread]:
    """Certificates that are missing from a folder of the tree that holds others."""
    if all(mail.mode(server, one)[0] in ("none", None) for one in server.listens):
        return []
    found = []
    for word in server.scope.find("ssl_certificate").words or ():
        path = loader.where(word.text) if ":" not in word.text else None
        if path is None or loader.tree.exists(path) or not word.known:
            continue
        if any(name.endswith((".pem", ".crt", ".cer")) for name in loader.tree.names(posixpath.dirname(path))):
            found.append(Unread(word.span, f"{word.text} does not exist: nginx does not start"))
    return found


def _without_old_ssl(wrong: list[Unread]) -> list[Unread]:
    """``ssl on`` where it is unknown is a fact of its own."""
    return [unread for unread in wrong if not unread.why.startswith('unknown directive "ssl"')]


def _taken(servers: list[Server], proxies: list[stream.Proxy]) -> list[Unread]:
    """Sockets that mail and stream both want: the second one cannot be bound."""
    opened = {
        (a, port) for server in servers for one in server.listens for a in one.addresses for port in one.some_ports
    }
    return [
        Unread(one.word.span, f"{address} port {port} is taken by mail: nginx does not start")
        for proxy in proxies
        for one in proxy.listens
        for address in one.addresses
        for port in one.some_ports
        if (address, port) in opened
    ]


def _whole(nodes: tuple[Node, ...], blocks: list[Node], path: str) -> list[Unread]:
    """What a main file needs, and may hold only once."""
    found = [
        Unread(node.name.span, '"mail" directive is duplicate: nginx does not start')
        for node in blocks[1:]
        if not node.maybe
    ]
    names = {node.name.text for node in nodes}
    if _is_main(path) and "events" not in names and not any(node.writes for node in nodes):
        found.append(Unread(Span(path, 1, 1, 2), 'no "events" block in this configuration: nginx does not start'))
    return found


def _notes(loader: Loader, blocks: list[Node], context: Context, stopped: bool) -> tuple[str, ...]:
    notes = [f"{word.span}: this file is not here; what it sets is not known" for word in loader.outside]
    writes = [
        node for block in blocks for node in walk(block.block or ()) if node.writes and is_template(node.name.text)
    ]
    notes += [f"{node.name.span}: a template fills this in; what it sets is not known" for node in writes[:3]]
    if blocks and _is_main(loader.root) and not loader.modules and not stopped:
        why = "no include and no load_module: Debian's nginx does not know mail then; nginx.org's does, and is assumed"
        notes.append(f"{blocks[0].name.span}: {why}")
    if stopped:
        notes.append(f"{context.instance}: nginx does not start with this configuration; no listener is stated")
    return tuple(dict.fromkeys(notes))
