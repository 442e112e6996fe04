"""goimapnotify, which waits for new mail by IMAP IDLE: ``goimapnotify.yaml``, ``imapnotify/*.conf``.

After client.go, config.go and main.go of 1.1, 2.3.7, 2.3.15, 2.3.16, 2.4 and 2.5.3. Three generations: JSON by
encoding/json, whose keys for TLS are ``tlsOption.reject_unauthorized`` though the README of those versions names
``tlsOptions.rejectUnauthorized``, which they do not read; then viper from 2.3.16 on, with the names of the README.
What is not set is off: TLS, and the check of the certificate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from mailpolicy.facts import begun
from mailpolicy.lean import TYPE_CHECKING
from mailpolicy.passwords import echoed, echoed_secret, is_placeholder, secret
from mailpolicy.placeholders import PLACEHOLDER
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Span, Unread, Unreadable, Version, unreadable

if TYPE_CHECKING:
    from mailpolicy.strict_yaml import Node

SOFTWARE = "goimapnotify"
FILES = "goimapnotify*.yaml, files in goimapnotify/ and imapnotify/ (.conf, .json, .yaml, .toml)"
PROVEN = "goimapnotify 1.1, 2.3.7, 2.3.15, 2.3.16, 2.4 and 2.5.3, from their sources"
LIMITS = "what hostCMD and usernameCMD print; version 1.0"

_NEWEST = (2, 5, 3)
_LAST_JSON = (2, 3, 15)
"""The last version of encoding/json, which reads a file of any name."""
_STARTTLS = (2, 3, 10)
_GO_IMAP = (2, 0, 0)
"""emersion/go-imap came; before, STARTTLS was tried and the session went on without it."""
_TAG = re.compile(r"\{\{[^\n{}]*\}\}|\{%[^\n%]*%\}|<%[^\n%]*%>")
_CONTROL = re.compile(r"(?m)^[ \t]*(?:\{\{-?\s*(?:if|else|end|range|with|/\*)|\{%|<%[^=])[^\n]*$")
_TRUE, _FALSE = (
    frozenset({"1", "t", "T", "TRUE", "true", "True"}),
    frozenset({"0", "f", "F", "FALSE", "false", "False", ""}),
)
_TELLING = frozenset({"boxes", "onnewmail", "tlsoptions", "tlsoption", "passwordcmd", "xoauth2", "onnewmailpost"})


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether it names a host and what to do on new mail."""
    words = set(re.findall(r"^[ \t\[{-]*\"?(\w+)\"?\s*[:=]", text[:50_000].lower(), re.MULTILINE))
    return bool(words & {"host", "hostcmd"}) and bool(words & _TELLING) and bool(words & {"onnewmail", "boxes"})


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The accounts of one file as connections, and its passwords."""
    from mailpolicy import strict_yaml, toml_positions  # imported late: it needs a YAML reader

    path = paths[0]
    try:
        source = tree.source(path)
        if not source.text.strip():
            return unreadable((path,), "is empty")
        load = toml_positions.load if ".toml" in path else strict_yaml.load
        top = load(_plain(source))
    except Unreadable as problem:
        where = problem.where if isinstance(problem, strict_yaml.YamlError) else Span(path, 1, 1, 2)
        return unreadable((path,), str(problem), where)
    accounts = list(_accounts(top))
    if not accounts:
        return Inventory(notes=(f"{path}: is no configuration of goimapnotify: it names no host to wait at",))
    numbers = version.numbers if version else _shown(path, top)
    refused = _refused(path, top, accounts[0], numbers)
    facts = [fact for node in accounts for fact in _Account(node, path, numbers, source).facts(refused)]
    unread = (Unread(refused.by[-1].where or accounts[0].where, str(refused.value)),) if refused.value else ()
    return Inventory(tuple(facts), unread, (path,))


def _plain(source: Source) -> Source:
    """The text with what templates put in as a word of the same length, and their other lines empty."""
    text = source.text.replace("\t", " ")
    text = _CONTROL.sub(lambda found: " " * len(found[0]), text)
    text = _TAG.sub(lambda found: "__" + "X" * (len(found[0]) - 4) + "__", text)
    return Source(source.path, text)


def _accounts(top: Node) -> Iterator[Node]:
    """The mappings that are accounts, in each of the forms that there were."""
    listed = top.entries
    if top.items is not None:
        found = _lower(top).get("configurations")
        if found is None:
            keys = _lower(top).keys()
            if keys & {"host", "hostcmd"} and keys & _TELLING:
                yield top
            return
        listed = found.entries
    for node in listed or ():
        if node.items is not None and _lower(node).keys() & {"host", "hostcmd"}:
            yield node


def _lower(node: Node) -> Mapping[str, Node]:
    """Keys know no case, for encoding/json as for viper."""
    return {key.lower(): value for key, value in (node.items or {}).items()}


def _shown(path: str, top: Node) -> tuple[int, ...]:
    """The newest version that reads a file of this name and form: viper takes no list, and no file called .conf."""
    return _LAST_JSON if top.entries is not None or re.search(r"\.conf(?:\.\w+)?$", path) else _NEWEST


def _refused(path: str, top: Node, first: Node, version: tuple[int, ...]) -> Told:
    by = (Origin("declares", first.where),)
    if version > _LAST_JSON:
        if re.search(r"\.conf(?:\.\w+)?$", path):
            return Told("goimapnotify reads no file whose name ends in .conf since 2.3.16", by)
        if top.entries is not None:
            return Told("goimapnotify reads no list of accounts since 2.3.16: they belong under configurations", by)
        host, command = _lower(first).get("host"), _lower(first).get("hostcmd")
        if not any(node is not None and node.scalar for node in (host, command)):
            return Told("goimapnotify refuses the file: its first account has no host", by)
        return Told(None)
    if re.search(r"\.ya?ml|\.toml", path) or _lower(top).get("configurations") is not None:
        return Told("goimapnotify reads nothing but JSON, with accounts in a list, before 2.3.16", by)
    return Told(None)


class _Account:
    """One account, as a version takes it."""

    def __init__(self, node: Node, path: str, version: tuple[int, ...], source: Source) -> None:
        self.node, self.path, self.source = node, path, source
        self.numbers = version
        self.version = ".".join(map(str, version))
        self.items = _lower(node)
        options = self.items.get("tlsoption" if version <= _LAST_JSON else "tlsoptions")
        self.options = _lower(options) if options is not None else {}
        self.unused = self.items.get("tlsoptions") if version <= _LAST_JSON else None
        self.default = Origin("default", None, f"goimapnotify {self.version}")
        self.faults: list[Told] = []

    def told(self, items: Mapping[str, Node], name: str) -> Told | None:
        """What a key is set to; None where it is not set."""
        node = items.get(name)
        if node is None:
            return None
        by = (Origin("sets", node.where if node.scalar not in (None, "") else node.key or node.where),)
        if node.items is not None or node.entries is not None:
            self.faults.append(Told(f"goimapnotify refuses the file: {name} is no plain value", by))
            return unknown(by)
        if isinstance(node.scalar, str) and PLACEHOLDER.search(node.scalar):
            return unknown(by)
        return Told(str(node.scalar) if isinstance(node.scalar, float) else node.scalar, by)

    def text(self, name: str) -> Told:
        """A text; empty where it is not set."""
        told = self.told(self.items, name)
        if told is None:
            return Told("", (self.default,))
        return Told("" if told.value is None else str(told.value), told.by, told.known)

    def switch(self, items: Mapping[str, Node], name: str) -> Told:
        """Something that is on or off; off where it is not set. viper takes words and numbers for it too."""
        told = self.told(items, name)
        if told is None or not told.known or told.value is None:
            return Told(False, (self.default,)) if told is None or told.known else told
        if isinstance(told.value, bool):
            return told
        word = str(told.value)
        if self.numbers > _LAST_JSON and (isinstance(told.value, int) or word in _TRUE | _FALSE):
            return Told(word not in _FALSE, told.by)
        self.faults.append(Told(f"goimapnotify refuses the file: {name} is neither true nor false", told.by))
        return unknown(told.by)

    def facts(self, refused: Told) -> Iterator[Fact]:
        name = self.items.get("host") or self.items.get("hostcmd") or self.node
        draft = begun("connection", name.key or name.where, SOFTWARE, self.version, self.path)
        tls = self.tls()
        command, user = self.text("usernamecmd"), self.text("username")
        alias = self.text("alias")
        told = {
            "account": alias
            if alias.value or not alias.known
            else maybe(None if command.value else user.value or None),
            "protocol": Told("imap"),
            "role": Told("access"),
            "host": self.host(),
            "port": self.port(),
            "port_stated": Told(True),
            "tls": tls,
            "verify": self.verify(tls),
            "authenticates": Told(True),
            "expunges": Told(False),
            **self.login(tls),
        }
        faults = [refused, *self.faults]
        told["broken"] = next((fault for fault in faults if fault.value), Told(None))
        yield connection(draft, told, user if user.known and user.value and not command.value else None)
        for key, made in (("password", secret), ("passwordcmd", echoed_secret)):
            node = self.items.get(key)
            if node is not None and isinstance(node.scalar, str):
                kept = made(SOFTWARE, self.version, self.path, key, node.scalar, self.source.unquoted(node.where))
                if kept is not None:
                    yield kept

    def host(self) -> Told:
        command = self.text("hostcmd")
        return unknown(command.by) if command.value or not command.known else self.text("host")

    def port(self) -> Told:
        told = self.told(self.items, "port")
        if told is None or not told.known:
            if told is None:
                self.faults.append(Told("no port is set: there is no default", (self.default,)))
            return told or unknown((self.default,))
        number = int(str(told.value)) if re.fullmatch(r"[0-9]{1,5}", str(told.value)) else 0
        if not 0 < number < 65536 or (isinstance(told.value, str) and self.numbers <= _LAST_JSON):
            self.faults.append(Told("port is no port", told.by))
            return unknown(told.by)
        return Told(number, told.by)

    def tls(self) -> Told:
        on = self.switch(self.items, "tls")
        if not on.known:
            return on
        if self.numbers < _GO_IMAP:
            return Told("implicit" if on.value else "opportunistic", on.by)
        if not on.value or self.numbers < _STARTTLS:
            return Told("implicit" if on.value else "none", on.by)
        starttls = self.switch(self.options, "starttls")
        by = (*on.by, *(starttls.by if starttls.by != (self.default,) else ()))
        return Told("required" if starttls.value else "implicit", by, starttls.known)

    def verify(self, tls: Told) -> Told:
        if not tls.known or tls.value == "none":
            return Told("none", tls.by) if tls.known else unknown(tls.by)
        name = "reject_unauthorized" if self.numbers <= _LAST_JSON else "rejectunauthorized"
        check = self.switch(self.options, name)
        by = check.by
        if check.by == (self.default,):
            unread = _lower(self.unused).get("rejectunauthorized") if self.unused is not None else None
            note = "it reads tlsOption.reject_unauthorized, not this"
            by = (self.default, *((Origin("sets", unread.where, note),) if unread is not None else tls.by))
        return Told("ca" if check.value else "none", by, check.known)

    def login(self, tls: Told) -> dict[str, Told]:
        token = self.switch(self.items, "xoauth2")
        clear = None if not tls.known else tls.value in ("none", "opportunistic")
        names = ("OAUTHBEARER", "XOAUTH2") if token.value else ("LOGIN",)
        return {
            "mechanisms": Told(names, token.by, token.known),
            "cleartext_credentials": maybe(clear, (*tls.by, *token.by)),
            "credential": self.credential(),
        }

    def credential(self) -> Told:
        command, password = self.text("passwordcmd"), self.text("password")
        if command.value or not command.known:
            kept = "literal" if echoed(str(command.value)) else "command"
            return Told(kept, command.by) if command.known else unknown(command.by)
        if not password.known or is_placeholder(str(password.value)):
            return unknown(password.by)
        return Told("literal" if password.value else "none", password.by)
