"""Himalaya, a mail client: ``himalaya/config.toml`` in each of its four shapes.

``imap-host`` (0.5 to 0.9), ``imap.host`` (1.0 beta), ``backend.type`` (1.0 to 1.2), ``imap.server`` (2). The shape
tells the version. After the sources of himalaya 0.5.10, 0.9, 1.0 beta, 1.2 and 2.1, of email-lib and io-imap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mailpolicy import toml_positions
from mailpolicy.facts import begun
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import echoed, echoed_secret, secret
from mailpolicy.placeholders import filled
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.strict_yaml import Node, YamlError
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Unreadable, Version, unreadable

SOFTWARE = "himalaya"
FILES = "himalaya/config.toml, .himalayarc"
PROVEN = "Himalaya 0.5 to 2.1, from their sources and samples; not run"
LIMITS = "other backends for single features; several files merged by -c"

_ROLES = {"imap": "access", "smtp": "submission"}
_PORTS = {"imap": 143, "imaps": 993, "smtps": 465}
_ENCRYPTIONS = {
    "tls": "implicit", "ssl": "implicit", True: "implicit", "start-tls": "required", "starttls": "required",
    "none": "none", False: "none",
}  # fmt: skip
_METHODS = {"xoauth2": "XOAUTH2", "oauthbearer": "OAUTHBEARER"}
_SASL = {name: name.upper() for name in ("login", "plain", "anonymous", "oauthbearer", "xoauth2", "scram-sha-256")}
_KEPT = {"raw": "literal", "cmd": "command", "command": "command", "keyring": "keyring"}
_COMMANDS = frozenset(("cmd", "command"))
_SECRET_PARENTS = ("auth", "passwd", "password", "token", "secret")


class Session(NamedTuple):
    """One protocol of an account, however it is written. A setting that is not there is None."""

    protocol: str
    version: str
    host: Node | None
    port: Node | None
    tls: Told
    verify: Told
    login: Node | None
    mechanisms: tuple[str, ...] | None
    """None: it does not log in."""
    credential: Told
    faults: tuple[tuple[str, tuple[Origin, ...]], ...] = ()
    default_port: int | None = None
    """Where the port need not be written."""


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether it names a mail server in one of Himalaya's ways."""
    return any(word in text for word in ("imap-host", "imap.host", "backend.type", "imap.server", "smtp-host"))


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The IMAP and SMTP sessions of all accounts, and the passwords of the file."""
    del version  # the shape of an account tells it
    path = paths[0]
    try:
        source = tree.source(path)
        root = toml_positions.load(source)
    except Unreadable as problem:
        return unreadable((path,), str(problem))
    except YamlError as problem:
        return unreadable((path,), str(problem), problem.where or source.start())
    accounts = _accounts(root)
    if not accounts:
        why = "holds no account" if source.text.strip() else "is empty"
        return unreadable((path,), why, source.start())
    facts: list[Fact] = []
    notes: list[str] = []
    for name, account in accounts.items():
        made = [_fact(name, account, session, path) for session in _sessions(account)]
        facts += made
        if not made:
            notes.append(f"{path}:{account.where.line}: account {name} opens no IMAP or SMTP session")
    facts += [fact for name, account in accounts.items() for fact in _secrets(account, name, path, 0)]
    return Inventory(tuple(facts), (), (path,), tuple(notes))


def _items(node: Node | None) -> Mapping[str, Node]:
    return (node.items or {}) if node is not None else {}


def _accounts(root: Node) -> dict[str, Node]:
    """Tables of accounts: in ``[accounts]``, before 1.0 beta 3 beside the global settings."""
    items = _items(root)
    inner = {name: node for name, node in _items(items.get("accounts")).items() if node.items is not None}
    outer = {
        name: node
        for name, node in items.items()
        if name != "accounts" and ({"email", "backend"} & _items(node).keys() or any(_sessions(node)))
    }
    return inner or outer


def _get(node: Node | None, *path: str) -> Node | None:
    for name in path:
        node = _items(node).get(name)
    return node


def _by(*nodes: Node | None) -> tuple[Origin, ...]:
    return tuple(Origin("sets", node.where) for node in nodes if node is not None)


def _default(version: str, name: str) -> tuple[Origin, ...]:
    return (Origin("default", None, f"Himalaya {version}, by {name}"),)


def _told(node: Node) -> Told:
    """A scalar; unknown where a template or a variable has a part in it."""
    text = str(node.scalar)
    if node.scalar is None or isinstance(node.scalar, float) or filled(text) or text.startswith("$"):
        return unknown(_by(node))
    return Told(node.scalar, _by(node))


def _sessions(account: Node) -> Iterator[Session]:
    for protocol in _ROLES:
        flat = _get(account, f"{protocol}-host")
        table = _get(account, protocol)
        backend = _get(account, "backend") if protocol == "imap" else _get(account, "message", "send", "backend")
        kind = _get(account, "backend" if protocol == "imap" else "sender")
        if flat is not None:
            if kind is None or kind.items is not None or str(kind.scalar) == protocol:
                yield _flat(account, protocol, flat)
        elif _get(table, "server") is not None and table is not None:
            yield _second(table, protocol)
        elif _get(table, "host") is not None and table is not None:
            yield _nested(table, protocol, "1.0 beta")
        elif str(getattr(_get(backend, "type"), "scalar", "")) == protocol and backend is not None:
            yield _nested(backend, protocol, "1.2")


def _switch(account: Node, name: str, default: bool) -> Told:
    node = _get(account, name)
    if node is None:
        return Told(default, _default("0.9", name))
    return Told(node.scalar, _by(node)) if isinstance(node.scalar, bool) else unknown(_by(node))


def _flat(account: Node, protocol: str, host: Node) -> Session:
    """0.5 to 0.9: ssl is on, starttls goes with it, insecure takes any certificate."""
    ssl, starttls, insecure = (
        _switch(account, f"{protocol}-{name}", default)
        for name, default in (("ssl", True), ("starttls", False), ("insecure", False))
    )
    by = (*ssl.by, *starttls.by)
    faults: tuple[tuple[str, tuple[Origin, ...]], ...] = ()
    if not (ssl.known and starttls.known):
        tls = unknown(by)
    elif not ssl.value:
        tls = Told("none", ssl.by)
        if starttls.value and protocol == "imap":
            faults = (
                (
                    f"{protocol}-starttls needs {protocol}-ssl: without it nothing is encrypted after STARTTLS",
                    starttls.by,
                ),
            )
    else:
        tls = Told("required" if starttls.value else "implicit", by)
    verify = Told("none" if insecure.value else "ca", insecure.by) if insecure.known else unknown(insecure.by)
    if tls.value == "none":
        verify = Told("none", tls.by)
    passwd, command = _get(account, f"{protocol}-passwd"), _get(account, f"{protocol}-passwd-cmd")
    auth = _get(account, f"{protocol}-auth")
    oauth2 = auth is not None and auth.scalar == "oauth2"
    method = str(getattr(_get(account, f"{protocol}-oauth2-method"), "scalar", "xoauth2")).lower()
    token = _get(account, f"{protocol}-oauth2-access-token")
    kept = _kept(token if oauth2 else passwd, "0.9", f"{protocol}-passwd")
    if command is not None and not oauth2:
        kept = Told("literal" if _echoes("cmd", command) else "command", _by(command))
    mechanisms = (_METHODS.get(method, "XOAUTH2"),) if oauth2 else ()
    return Session(
        protocol, "0.9", host, _get(account, f"{protocol}-port"), tls, verify,
        _get(account, f"{protocol}-login"), mechanisms, kept, faults,
    )  # fmt: skip


def _kept(node: Node | None, version: str, name: str) -> Told:
    """Where a secret is; the key ring is what an empty one stands for before version 2."""
    for word, kept in _KEPT.items():
        found = _get(node, word)
        if found is not None:
            return Told("literal" if _echoes(word, found) else kept, _by(found))
    if node is not None and node.scalar is not None:
        return Told("literal", _by(node))
    return Told("keyring", _default(version, name))


def _nested(table: Node, protocol: str, version: str) -> Session:
    """1.0: ``encryption`` is a word or a table with a type; TLS where it is missing."""
    encryption = _get(table, "encryption")
    word = _get(encryption, "type") if encryption is not None and encryption.items is not None else encryption
    faults: list[tuple[str, tuple[Origin, ...]]] = []
    if word is None:
        tls = Told("implicit", _default(version, "encryption"))
    else:
        value = word.scalar
        known = _ENCRYPTIONS.get(value) if isinstance(value, bool) else _ENCRYPTIONS.get(str(value))
        if known is None and _told(word).known:
            faults.append(("encryption is none of tls, start-tls, none", _by(word)))
        tls = maybe(known, _by(word))
    mechanisms: tuple[str, ...] = ()
    auth = _get(table, "auth")
    kind = _get(auth, "type") if auth is not None and auth.items is not None else auth
    oauth = _get(table, "oauth2") or (auth if kind is not None and kind.scalar == "oauth2" else None)
    if oauth is not None:
        method = str(getattr(_get(oauth, "method"), "scalar", "xoauth2")).lower()
        mechanisms = (_METHODS.get(method, "XOAUTH2"),)
        kept = _kept(_get(oauth, "access-token"), version, "access-token")
    else:
        passwd = _get(table, "passwd") or _get(table, "password") or auth
        kept = _kept(passwd if _items(passwd) else None, version, "auth")
    if kind is not None and _told(kind).known and str(kind.scalar) not in ("password", "passwd", "oauth2"):
        faults.append(("auth is neither password nor oauth2", _by(kind)))
    verify = Told("none" if tls.value == "none" else "ca", tls.by)
    return Session(
        protocol, version, _get(table, "host"), _get(table, "port"), tls, verify,
        _get(table, "login"), mechanisms, kept, tuple(faults),
    )  # fmt: skip


def _second(table: Node, protocol: str) -> Session:
    """2: the scheme of ``server`` tells; without one it is TLS, and STARTTLS is for the other alone."""
    server, starttls = _get(table, "server"), _get(table, "starttls")
    assert server is not None
    text = str(server.scalar)
    scheme, mark, rest = text.partition("://")
    scheme, rest = (scheme.lower(), rest) if mark else (f"{protocol}s", text)
    upgrade = starttls is not None and starttls.scalar is True
    faults: list[tuple[str, tuple[Origin, ...]]] = []
    if scheme not in (protocol, f"{protocol}s", "unix"):
        faults.append((f"server has no scheme that Himalaya takes for {protocol}", _by(server)))
    if upgrade and scheme == f"{protocol}s":
        faults.append(("starttls goes with " + protocol + ":// alone: TLS is already there", _by(starttls)))
    word = "implicit" if scheme == f"{protocol}s" else "required" if upgrade and scheme == protocol else "none"
    tls = Told(word, _by(server) if word == "implicit" else _by(server, starttls))
    if not _told(server).known and not mark:
        tls = unknown(_by(server))
    sasl = _get(table, "sasl")
    names = list(_items(sasl))
    if len(names) > 1 or any(name not in _SASL for name in names):
        faults.append(("sasl must hold one mechanism that Himalaya knows", _by(sasl)))
    mechanism = _SASL.get(names[0]) if len(names) == 1 else None
    inner = _get(sasl, names[0]) if names else None
    told = _get(inner, "password") or _get(inner, "passwd") or _get(inner, "token")
    host, port = _authority(server, rest, len(text) - len(rest), scheme)
    return Session(
        protocol, "2.1", host, port, tls, Told("none" if word == "none" else "ca", tls.by),
        _get(inner, "username") or _get(inner, "authcid"),
        None if mechanism is None or mechanism == "ANONYMOUS" or scheme == "unix" else (mechanism,),
        _kept(told, "2.1", "sasl"), tuple(faults), _PORTS.get(scheme),
    )  # fmt: skip


def _authority(server: Node, rest: str, at: int, scheme: str) -> tuple[Node, Node | None]:
    """Host and port of a server, with their places."""
    if scheme == "unix":
        return Node(server.where, scalar=rest), None
    authority = rest.split("/")[0]
    host, colon, port = authority.rpartition(":")
    if not colon or port.endswith("]"):
        host, colon = authority, ""
    start = server.where.column + at
    where = server.where._replace(column=start, end_column=start + max(1, len(host)))
    if not colon:
        return Node(where, scalar=host.strip("[]")), None
    first = start + len(host) + 1
    number = int(port) if port.isascii() and port.isdecimal() and len(port) < 6 else port
    at_port = server.where._replace(column=first, end_column=first + max(1, len(port)))
    return Node(where, scalar=host.strip("[]")), Node(at_port, scalar=number)


def _fact(name: str, account: Node, session: Session, path: str) -> Fact:
    draft = begun("connection", account.key or account.where, SOFTWARE, session.version, path)
    draft.put("account", name)
    host = _told(session.host) if session.host is not None else unknown()
    logs_in = session.mechanisms is not None
    port, faults = _port(session)
    faults = (*session.faults, *faults)
    if session.host is None:
        faults = (*faults, ("there is no host", _default(session.version, "host")))
    told = {
        "protocol": Told(session.protocol), "role": Told(_ROLES[session.protocol]), "host": host, "port": port,
        "port_stated": Told(session.port is not None, port.by), "tls": session.tls, "verify": session.verify,
        "authenticates": Told(logs_in, _by(session.login)), "broken": Told(*faults[0]) if faults else Told(None),
        "cleartext_credentials": session.tls._replace(value=logs_in and session.tls.value == "none"),
    }  # fmt: skip
    if session.mechanisms is not None:
        told["mechanisms"] = Told(session.mechanisms, session.credential.by)
        told["credential"] = session.credential
        if session.mechanisms == ("SCRAM-SHA-256",):
            told["cleartext_credentials"] = Told(False, session.tls.by)
    user = _told(session.login) if session.login is not None and session.protocol == "imap" else None
    return connection(draft, told, user)


def _port(session: Session) -> tuple[Told, tuple[tuple[str, tuple[Origin, ...]], ...]]:
    if session.port is None:
        by = _default(session.version, "port")
        if session.default_port is not None or session.version == "2.1":
            return maybe(session.default_port, by), ()
        return unknown(by), (("there is no port", by),)
    value = session.port.scalar
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536:
        return Told(value, _by(session.port)), ()
    if not _told(session.port).known:
        return unknown(_by(session.port)), ()
    return unknown(_by(session.port)), (("port is no port", _by(session.port)),)


def _echoes(word: str, node: Node) -> bool:
    return word in _COMMANDS and isinstance(node.scalar, str) and echoed(node.scalar) is not None


def _secrets(node: Node, setting: str, path: str, depth: int) -> Iterator[Fact]:
    """Each ``raw`` below a table of a password or token, and commands that only print one."""
    for name, inner in _items(node).items():
        if isinstance(inner.scalar, str) and _holds(name, setting):
            made = secret if name == "raw" else echoed_secret
            fact = made(SOFTWARE, "", path, f"{setting}.{name}", inner.scalar, inner.where)
            if fact is not None:
                yield fact
        elif inner.items is not None and depth < 20:
            yield from _secrets(inner, name if depth == 0 else f"{setting}.{name}", path, depth + 1)


def _holds(name: str, setting: str) -> bool:
    """Whether a setting ``name`` of a table holds a password, or the command that prints it."""
    parent = setting.rsplit(".", 1)[-1].endswith(_SECRET_PARENTS)
    return name.endswith("-passwd-cmd") or (parent and (name == "raw" or name in _COMMANDS))
