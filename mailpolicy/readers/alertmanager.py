"""Prometheus Alertmanager: ``alertmanager.yml``, and its text or tree in values and manifests for Kubernetes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from mailpolicy.applications.alertmanager import FORCED_SINCE, NEWEST, PASSWORDS, SOFTWARE, connection
from mailpolicy.applications.words import secrets
from mailpolicy.envfile import Setting
from mailpolicy.lean import TYPE_CHECKING
from mailpolicy.settings import Settings
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version

if TYPE_CHECKING:
    from mailpolicy.strict_yaml import Node
    from mailpolicy.template_yaml import Document

FILES = "alertmanager.yml and files of YAML that have alertmanager in their name or folder"
PROVEN = "0.25, run; 0.16, 0.30 and 0.34, read in source"
LIMITS = "AlertmanagerConfig resources of the Prometheus operator, Secrets in base64"
_TOP = frozenset(("global", "route", "inhibit_rules", "receivers", "templates", "mute_time_intervals", "time_intervals",
                  "tracing", "event_recorder"))  # fmt: skip
_OWN = frozenset(("smarthost", "auth_username", "auth_password", "auth_password_file", "auth_secret",
                  "auth_secret_file", "require_tls", "force_implicit_tls"))  # fmt: skip
_BOOLEANS = ("require_tls", "force_implicit_tls")
_ENTRY = _OWN | {"to", "from", "hello", "auth_identity", "headers", "html", "text", "tls_config", "threading",
                 "send_resolved"}  # fmt: skip
_GLOBAL = frozenset(f"smtp_{name}" for name in (*_OWN, "from", "hello", "auth_identity", "tls_config"))
_TOLD = re.compile(r"^[ \t]*(route|receivers):[ \t\r]*$", re.MULTILINE)
_EMBEDDED = re.compile(
    r"^([ \t]*)(?:[\w.-]*alertmanager[\w.-]*\.ya?ml|config\.ya?ml):[ \t]*[|>][-+0-9]*[ \t\r]*$", re.M
)
_VERSION_OF_SHARED_TLS = (0, 28)


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file is an installation of its own."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether both a route and receivers are declared, be it not in the schema of a resource."""
    return "kind: CustomResourceDefinition" not in text and {found[1] for found in _TOLD.finditer(text)} == {
        "route",
        "receivers",
    }


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The sessions of all entries of ``email_configs``, those that are the same once, and the passwords."""
    path = paths[0]
    numbers = version.numbers if version else NEWEST
    try:
        source = tree.source(path)
        documents = list(_documents(source))
    except Unreadable as problem:
        from mailpolicy.template_yaml import is_template

        where = getattr(problem, "where", None) or Span(path, 1, 1, 2)
        fatal = where == (path, 1, 1, 2) or not is_template(source.text)
        return Inventory(unread=(Unread(where, str(problem), fatal),), files=paths)
    found: list[Fact] = []
    unread: list[Unread] = []
    for document, top in documents:
        reading = _Reading(document, top, numbers)
        found += reading.facts()
        unread += reading.unread
    notes = () if documents else (f"{path}: holds no configuration of Alertmanager that could be read",)
    return Inventory(tuple(found), tuple(unread), paths, notes)


def _documents(source: Source) -> Iterator[tuple[Document, Node]]:
    """Every configuration in a file: its top, a mapping in it, a text in it. Raises YamlError."""
    from mailpolicy import template_yaml

    texts = list(_blocks(source.text))
    for text in texts:
        document = template_yaml.read(Source(source.path, text))
        yield from ((document, node) for node in _configurations(document.top, 0))
    if texts and not re.match(r"(route|receivers):", source.text) and re.search(r"^(kind|---)\b", source.text, re.M):
        return  # a manifest, of several documents perhaps
    document = template_yaml.read(source)
    yield from ((document, node) for node in _configurations(document.top, 0))


def _blocks(text: str) -> Iterator[str]:
    """Configurations that are text within YAML, each with the lines before it blank so that positions stay."""
    for found in _EMBEDDED.finditer(text):
        indent, start = len(found[1]), found.end() + 1
        end = start
        while end < len(text):
            stop = text.find("\n", end)
            line = text[end : stop if stop >= 0 else len(text)]
            if line.strip() and len(line) - len(line.lstrip()) <= indent:
                break
            end = stop + 1 if stop >= 0 else len(text)
        if sniff(text[start:end]):
            yield "\n" * text.count("\n", 0, start) + text[start:end]


def _configurations(node: Node, depth: int) -> Iterator[Node]:
    if node.items is None or depth > 8:
        return
    kind = node.items.get("kind")
    if kind is not None and kind.scalar == "AlertmanagerConfig":
        return  # the operator's own resource, with names of its own
    receivers = node.items.get("receivers")
    if "route" in node.items and receivers is not None and receivers.entries is not None:
        yield node
        return
    for inner in node.items.values():
        yield from _configurations(inner, depth + 1)


class _Reading:
    """One configuration."""

    def __init__(self, document: Document, top: Node, numbers: tuple[int, ...]) -> None:
        self.document, self.top, self.numbers = document, top, numbers
        self.unread: list[Unread] = []
        self.shared = self.common()

    def common(self) -> dict[str, Setting]:
        """What ``global`` sets for all, by the names of ``email_configs``."""
        items = (self.top.items or {}).get("global")
        settings = (items.items or {}) if items else {}
        self.check(self.top.items or {}, _TOP, "the configuration")
        self.check({name: node for name, node in settings.items() if name.startswith("smtp_")}, _GLOBAL, "global")
        named = {name.removeprefix("smtp_"): node for name, node in settings.items() if name.startswith("smtp_")}
        if self.numbers < _VERSION_OF_SHARED_TLS:
            named.pop("tls_config", None)
        found = self.settings(named)
        for name in PASSWORDS:
            if all(one in found and found[one].value != "" for one in (name, f"{name}_file")):
                self.refuse(named[name], f"smtp_{name} and smtp_{name}_file exclude one another")
        return found

    def refuse(self, node: Node, why: str) -> None:
        self.unread.append(Unread(node.key or node.where, f"{why}: Alertmanager does not start"))

    def settings(self, items: Mapping[str, Node]) -> dict[str, Setting]:
        found = {name: self.document.setting(name, node) for name, node in items.items() if name in _OWN}
        tls = items.get("tls_config")
        for name, node in ((tls.items or {}) if tls else {}).items():
            if name in ("insecure_skip_verify", "min_version"):
                found[name] = self.document.setting(name, node)
        for name in _BOOLEANS:
            if name in items and found[name].value and self.document.quoted(items[name]):
                self.refuse(items[name]._replace(key=None), f"{name} wants true or false without quotes")
        return found

    def check(self, items: Mapping[str, Node], known: frozenset[str], place: str) -> None:
        for name, node in items.items():
            if name not in known and "\ue000" not in name:
                self.refuse(node, f"{name} is no setting of {place}")

    def entries(self) -> Iterator[tuple[Setting, Node]]:
        """Each entry of ``email_configs`` with the name of its receiver."""
        receivers = (self.top.items or {})["receivers"]
        for receiver in receivers.entries or ():
            named = (receiver.items or {}).get("name", receiver)
            listed = (receiver.items or {}).get("email_configs")
            for entry in (listed.entries or ()) if listed else ():
                if entry.items is not None:
                    yield self.document.setting("receiver", named), entry

    def facts(self) -> list[Fact]:
        """Each session once, and each password."""
        found: dict[object, Fact] = {}
        passwords: dict[object, Fact] = {}
        for receiver, entry in self.entries():
            items = entry.items or {}
            self.check(items, _ENTRY, "email_configs")
            if "to" not in items and not self.document.templated:
                self.refuse(entry, "has no address in to")
            settings = self.merged(items, receiver)
            if settings.text("smarthost") == "":
                why = "has no smarthost, nor has global smtp_smarthost: Alertmanager does not start"
                self.unread.append(Unread(receiver.where, why))
                continue
            fact = connection(settings)
            same = {k: v for k, v in fact.values.items() if k != "account"}, settings.text("auth_username")
            found.setdefault(repr(same), fact)
            for one in secrets(settings, *PASSWORDS):
                passwords.setdefault(one.origins["storage"], one)
        self.unread = list(dict.fromkeys(self.unread))
        return [*found.values(), *passwords.values()]

    def merged(self, items: Mapping[str, Node], receiver: Setting) -> Settings:
        """An entry with what ``global`` adds: a password or tls_config of its own leaves those of ``global`` out."""
        own = self.settings(items)
        shared = {name: one for name, one in self.shared.items() if self.numbers >= FORCED_SINCE or "force" not in name}
        for name in ("auth_password", "auth_secret"):
            if any(own[key].value != "" for key in (name, f"{name}_file") if key in own):
                shared.pop(name, None)
                shared.pop(f"{name}_file", None)
        if "tls_config" in items:
            shared.pop("insecure_skip_verify", None)
            shared.pop("min_version", None)
        kept = {name: one for name, one in own.items() if one.value != "" or name not in shared}
        settings = {**shared, **kept, "receiver": receiver}
        number = ".".join(map(str, self.numbers))
        return Settings(SOFTWARE, number, self.document.source.path, receiver.where, settings)
