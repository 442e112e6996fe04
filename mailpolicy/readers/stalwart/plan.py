"""Plans of ``stalwart-cli apply`` (Stalwart 0.16 and later): JSON objects, read as the settings that they replace."""

from __future__ import annotations

import re

from mailpolicy.lean import TYPE_CHECKING
from mailpolicy.readers.stalwart.settings import Setting
from mailpolicy.text import Source
from mailpolicy.types import Unread

if TYPE_CHECKING:
    Node = Setting | dict[str, "Node"]

_TOKEN = re.compile(r"[\s,:]*(?:\"((?:[^\"\\]|\\.)*)\"|([{}\[\]])|([-+\w.]+))", re.DOTALL)
_DEEPEST = 30
_LISTENER = {"protocol": "protocol", "useTls": "tls.enable", "tlsImplicit": "tls.implicit"}
_RELAY = {
    "address": "address", "port": "port", "protocol": "protocol", "implicitTls": "tls.implicit",
    "allowInvalidCerts": "tls.allow-invalid-certs", "authUsername": "auth.username",
}  # fmt: skip
_STRATEGY = {"startTls": "starttls", "allowInvalidCerts": "allow-invalid-certs"}
_EXPRESSIONS = {
    ("MtaStageAuth", "saslMechanisms"): "session.auth.mechanisms",
    ("MtaStageAuth", "require"): "session.auth.require",
    ("MtaStageAuth", "mustMatchSender"): "session.auth.must-match-sender",
    ("MtaStageRcpt", "allowRelaying"): "session.rcpt.relay",
    ("MtaExtensions", "vrfy"): "session.extensions.vrfy",
    ("MtaExtensions", "expn"): "session.extensions.expn",
}


class _Wrong(Exception):
    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.at = at


class _Reading:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.at = 0

    def token(self) -> tuple[int, Setting]:
        """The next string (1), bracket (2) or word (3); commas and colons are not looked at."""
        match = _TOKEN.match(self.source.text, self.at)
        if match is None:
            raise _Wrong("is no JSON" if self.source.text[self.at :].strip() else "ends within a value", self.at)
        self.at = match.end()
        kind = match.lastindex or 0
        text = match[kind]
        if kind == 1 and "\\" in text:
            import json

            try:
                text = str(json.loads(f'"{text}"', strict=False))
            except ValueError:
                raise _Wrong("holds an escape that JSON does not know", match.start(1)) from None
        return kind, Setting(text, self.source.span(match.start(kind), match.end(kind)))

    def node(self, depth: int = 0) -> Node:
        start = self.at
        if depth > _DEEPEST:
            raise _Wrong("is nested more deeply than any plan", start)
        kind, token = self.token()
        if kind != 2:
            return token
        if token.value not in "{[":
            raise _Wrong(f"is a {token.value} that closes nothing", start)
        found: dict[str, Node] = {}
        closer = "}" if token.value == "{" else "]"
        while True:
            before = self.at
            kind, token = self.token()
            if kind == 2 and token.value == closer:
                return found
            if closer == "}":
                if kind != 1:
                    raise _Wrong("is no name of a member", before)
                found[token.value] = self.node(depth + 1)
            else:
                self.at = before
                found[f"{len(found):04}"] = self.node(depth + 1)


def parse(source: Source) -> tuple[dict[str, Setting], tuple[Unread, ...]]:
    """The settings that a plan makes, by the keys of the older files."""
    reading = _Reading(source)
    settings: dict[str, Setting] = {}
    end = len(source.text.rstrip(" \t\r\n,"))
    try:
        while reading.at < end:
            node = reading.node()
            for operation in [node] if "object" in node or "@type" in node else _children(node):
                _apply(settings, operation)
    except _Wrong as problem:
        return settings, (Unread(source.span(min(problem.at, max(0, end - 1))), str(problem), True),)
    return settings, ()


def _children(node: Node) -> list[Node]:
    return list(node.values()) if isinstance(node, dict) else []


def _apply(settings: dict[str, Setting], operation: Node) -> None:
    """create, upsert and reconcile hold objects by an id of their own; update is for the one object of a kind."""
    kind = _text(operation, "object")
    value = operation.get("value") if isinstance(operation, dict) else None
    if not kind or not isinstance(value, dict) or _text(operation, "@type") == "destroy":
        return
    single = _text(operation, "@type") == "update"
    for name, made in {"": _unfolded(value)}.items() if single else value.items():
        if isinstance(made, dict):
            _object(settings, kind, _text(made, "name") or name, made)


def _unfolded(value: dict[str, Node]) -> dict[str, Node]:
    """An update by paths, such as ``saslMechanisms/match/0/if``, as the objects that they lead through."""
    made: dict[str, Node] = {}
    for path, node in value.items():
        *way, last = path.split("/")[:_DEEPEST]
        at = made
        for step in way:
            inner = at.setdefault(step, {})
            at = inner if isinstance(inner, dict) else {}
        at[last] = node
    return made


def _text(node: Node | None, name: str) -> str:
    found = node.get(name) if isinstance(node, dict) else None
    return found.value if isinstance(found, Setting) else ""


def _object(settings: dict[str, Setting], kind: str, name: str, made: dict[str, Node]) -> None:
    if kind == "NetworkListener" and name:
        _named(settings, f"server.listener.{name}", _LISTENER, made)
        _many(settings, f"server.listener.{name}.bind", made.get("bind"))
        _many(settings, f"server.listener.{name}.tls.disable-protocols", made.get("tlsDisableProtocols"))
        _many(settings, f"server.listener.{name}.proxy.trusted-networks", made.get("overrideProxyTrustedNetworks"))
    elif kind == "MtaRoute" and name and _text(made, "@type") == "Relay":
        prefix = f"queue.route.{name}"
        _named(settings, prefix, _RELAY, made)
        _named(settings, prefix, {"@type": "type"}, made)
        secret = _kept(made.get("authSecret"))
        if secret is not None:
            settings[f"{prefix}.auth.secret"] = secret
    elif kind == "MtaTlsStrategy" and name:
        _named(settings, f"queue.tls.{name}", _STRATEGY, made)
    elif kind == "Imap":
        _named(settings, "imap.auth", {"allowPlainTextAuth": "allow-plain-text"}, made)
    if kind != "MtaRoute":
        _secrets(settings, f"{kind}.{name}" if name else kind, made)
    for (of, member), key in _EXPRESSIONS.items():
        if of == kind and member in made:
            _expression(settings, key, made[member])


def _kept(node: Node | None) -> Setting | None:
    """A secret, or the macro of the older files for one that a file or the environment holds."""
    if not isinstance(node, dict):
        return node
    for member, macro in (("secret", "{}"), ("filePath", "%{{file:{}}}%"), ("variableName", "%{{env:{}}}%")):
        found = node.get(member)
        if isinstance(found, Setting):
            return found._replace(value=macro.format(found.value))
    return None


def _secrets(settings: dict[str, Setting], prefix: str, node: dict[str, Node]) -> None:
    """Whatever is called a secret, wherever in an object: passwords of accounts, directories and stores."""
    for name, inner in node.items():
        if isinstance(inner, dict):
            _secrets(settings, f"{prefix}.{name}", inner)
        elif name == "secret":
            settings[f"{prefix}.secret"] = inner


def _named(settings: dict[str, Setting], prefix: str, names: dict[str, str], made: dict[str, Node]) -> None:
    for member, key in names.items():
        found = made.get(member)
        if isinstance(found, Setting) and found.value != "null":
            settings[f"{prefix}.{key}"] = found


def _many(settings: dict[str, Setting], key: str, node: Node | None) -> None:
    """A set: a list, or an object whose members are true."""
    for count, (name, found) in enumerate(node.items() if isinstance(node, dict) else ()):
        if isinstance(found, Setting):
            settings[f"{key}.{count:04}"] = found if name.isdecimal() else found._replace(value=name)


def _expression(settings: dict[str, Setting], key: str, node: Node) -> None:
    if isinstance(node, Setting):
        settings[key] = node
        return
    matches = _children(node.get("match", {}))
    for count, match in enumerate(matches):
        for word in ("if", "then"):
            found = match.get(word) if isinstance(match, dict) else None
            if isinstance(found, Setting):
                settings[f"{key}.{count:04}.{word}"] = found
    otherwise = node.get("else")
    if isinstance(otherwise, Setting):
        settings[f"{key}.{len(matches):04}.else" if matches else key] = otherwise
