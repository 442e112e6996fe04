"""Connection facts: servers to which Maddy passes mail on. And the passwords that stand in its configuration.

After internal/target and internal/smtpconn of Maddy 0.5 to 0.9.4.
"""

from __future__ import annotations

import re

from mailpolicy.addresses import host_scope
from mailpolicy.facts import Draft, begun
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import secret
from mailpolicy.providers import wants_oauth2
from mailpolicy.readers.maddy.listeners import Address, parse
from mailpolicy.readers.maddy.model import SOFTWARE, Config, Flag, flag, sets
from mailpolicy.readers.maddy.syntax import Node, Refused, Word
from mailpolicy.readers.maddy.tls import limits
from mailpolicy.types import Fact, Origin

_REMOTE = ("remote", "target.remote")
_SERVERS = {
    "smtp": "smtp", "target.smtp": "smtp", "smtp_downstream": "smtp",
    "lmtp": "lmtp", "target.lmtp": "lmtp", "lmtp_downstream": "lmtp",
}  # fmt: skip
_MANDATORY = (0, 8, 1)
"""Since when STARTTLS is either demanded or not used."""
_GO_1_18 = (0, 7)
"""The first version that is built with a Go whose clients speak TLS 1.2 at least."""
_CLIENT = ("root_ca", "cert", "key", "protocols", "ciphers", "curves")
_SECRETS = frozenset(
    {"secret_key", "api_token", "api_key", "api_secret", "secret_access_key", "access_token", "auth_token", "password"}
)
_PASSWORD = re.compile(r"(?i)\bpassword=(?:'([^']*)'|([^\s'\"&]+))|://[^:/@\s]{1,64}:([^@/\s]+)@")


class Target(NamedTuple):
    """One target of mail: its kind, the words that follow it, and its block."""

    kind: str
    word: Word
    words: tuple[Word, ...]
    node: Node
    name: str


def _targets(nodes: list[Node]) -> list[Target]:
    """Targets among what is in use, by blocks of their own and inline, in the order of the file."""
    found: list[Target] = []
    for top in nodes:
        if top.name.text in _REMOTE or (top.name.text in _SERVERS and top.name.text != "smtp" and "." in top.name.text):
            found.append(Target(top.name.text, top.first, (), top, top.first.text))
        waiting = list(top.children or ())
        while waiting:
            node = waiting.pop()
            waiting += node.children or ()
            kind = node.first.text
            if node.name.text in ("deliver_to", "target") and node.args and (kind in _REMOTE or kind in _SERVERS):
                found.append(Target(kind, node.first, node.args[1:], node, ""))
    return sorted(found, key=lambda target: target.word.where)


def facts(config: Config, nodes: list[Node]) -> list[Fact]:
    """The connections, and the settings of them that have no effect. Raises Refused."""
    found: list[Fact] = []
    for target in _targets(nodes):
        if target.kind in _REMOTE:
            found.append(_remote(config, target))
            continue
        listed = target.node.get("targets")
        words = (*(listed.args if listed else ()), *target.words)
        if not words and not config.partial:
            raise Refused(target.word.where, f"{target.kind} names no server")
        found += [_server(config, target, word) for word in words]
        found += _settings(config, target)
    return found


def _draft(config: Config, target: Target, where: Word) -> Draft:
    draft = begun("connection", where.where, SOFTWARE, config.release, config.path)
    if target.name:
        draft.put("account", target.name)
    return draft


def _remote(config: Config, target: Target) -> Fact:
    """Delivery to the MX of the recipient: STARTTLS where it is offered, unless local_policy wants more."""
    draft = _draft(config, target, target.word)
    draft.put("protocol", "smtp")
    draft.put("role", "relay")
    draft.put("host", "*")
    draft.put("port", 25)
    draft.put("scope", "any")
    draft.put("mx_lookup", True)
    draft.put("authenticates", False)
    draft.put("cleartext_credentials", False)
    draft.put("credential", "none")
    policies = _policies(config, target.node)
    local = next((node for node in policies if node.name.text.endswith("local_policy")), None)
    dane = next((node for node in policies if node.name.text.endswith("dane")), None)
    level = "none"
    told: tuple[Origin, ...] = (config.builtin(),)
    if local is not None:
        said = local.get("min_tls_level")
        level = said.first.text if said else "encrypted"
        told = (config.builtin(), *sets(said.first.where if said else local.name.where))
        if level not in ("none", "encrypted", "authenticated") and (said is None or said.first.known):
            raise Refused(told[-1].where or target.word.where, "min_tls_level takes none, encrypted or authenticated")
    known = {"none": "opportunistic", "encrypted": "required", "authenticated": "required"}
    draft.maybe("tls", known.get(level), told)
    checks = "ca" if level == "authenticated" else "dane" if dane else "none"
    draft.put("verify", checks, sets(dane.name.where) if dane and checks == "dane" else told)
    _put_versions(draft, config, target.node)
    draft.put("broken", None)
    return draft.fact()


def _policies(config: Config, node: Node) -> tuple[Node, ...]:
    """What ``mx_auth`` lists, in place or in a block of its own."""
    listed = node.get("mx_auth")
    if listed is not None and listed.args and listed.first.text.startswith("&"):
        listed = config.resolve(listed.first)
    return (listed.children or ()) if listed is not None else ()


def _put_versions(draft: Draft, config: Config, node: Node) -> None:
    block = node.get("tls_client") or config.top("tls_client")
    low: str | None = "TLSv1.2" if config.version >= _GO_1_18 else None
    told: tuple[Origin, ...] = (config.builtin(),)
    for child in block.children or () if block is not None else ():
        if child.name.known and child.name.text not in _CLIENT:
            raise Refused(child.name.where, f"tls_client has no directive {child.name.text[:60]}")
    if block is not None:
        lowest, _, said = limits(block, low or "", low or "")
        low, told = lowest or None, (*told, *said)
    draft.maybe("tls_min", low, told)


def _server(config: Config, target: Target, word: Word) -> Fact:
    """One server of target.smtp or target.lmtp."""
    draft = _draft(config, target, word)
    here, told = parse(word), sets(word.where)
    protocol = _SERVERS[target.kind]
    draft.put("protocol", protocol)
    draft.put("backend", protocol == "lmtp")
    if here.scheme == "unix":
        draft.put("host", word.text.partition("//")[2])
        draft.put("scope", "loopback", told)
    else:
        draft.maybe("host", here.address or None, told)
        draft.maybe("scope", host_scope(here.address) if here.address else None, told)
        draft.maybe("port", here.port, told)
    starttls = _starttls(config, target, protocol)
    tls, by = _tls(config, here, target, starttls)
    draft.maybe("tls", tls, (*told, *by))
    draft.put("verify", "none" if tls == "none" else "ca", (config.builtin(),))
    if tls != "none":
        _put_versions(draft, config, target.node)
    _put_login(draft, config, target, here, tls, (*told, *by))
    broken = None
    if here.scheme == "tls" and starttls.value and _demands(config):
        broken = "Maddy asks for STARTTLS within tls:// as well, which no server offers: starttls no is needed"
    draft.put("broken", broken, (*told, *starttls.told) if broken else ())
    return draft.fact()


def _demands(config: Config) -> bool:
    """Whether STARTTLS is demanded once it is used; a version told as 0.8 is its last release."""
    return config.version >= _MANDATORY[: len(config.version)]


def _starttls(config: Config, target: Target, protocol: str) -> Flag:
    """Whether STARTTLS is used. ``attempt_starttls`` wins where both stand."""
    elder = flag(target.node, "attempt_starttls", protocol == "smtp", config.builtin())
    if not _demands(config) or target.node.get("attempt_starttls") is not None:
        return elder
    return flag(target.node, "starttls", protocol == "smtp", config.builtin())


def _tls(config: Config, here: Address, target: Target, starttls: Flag) -> tuple[str | None, tuple[Origin, ...]]:
    if here.scheme == "tls":
        return "implicit", ()
    if here.scheme == "unix" or starttls.value is False:
        return "none", starttls.told
    if starttls.value is None or here.scheme is None:
        return None, starttls.told
    if _demands(config):
        return "required", starttls.told
    demanded = flag(target.node, "require_tls", False, config.builtin())
    tls = None if demanded.value is None else "required" if demanded.value else "opportunistic"
    return tls, (*starttls.told, *demanded.told)


def _put_login(
    draft: Draft, config: Config, target: Target, here: Address, tls: str | None, told: tuple[Origin, ...]
) -> None:
    """The login by ``auth``; it is sent whether or not the session is encrypted."""
    node = target.node.get("auth")
    kind = node.first.text if node else "off"
    by = sets(node.first.where) if node else (config.builtin(),)
    if node is not None and not node.first.known:
        for field in ("authenticates", "cleartext_credentials", "credential", "role"):
            draft.unknown(field, by)
        return
    if kind not in ("off", "forward", "plain", "login", "external"):
        raise Refused(by[0].where or target.word.where, f"there is no way to log in called {kind[:40]}")
    if node is not None and kind in ("plain", "login") and len(node.args) != 3:
        raise Refused(node.first.where, f"auth {kind} takes a name and a password")
    login = kind in ("plain", "login", "forward")
    draft.put("authenticates", login, by)
    draft.put("role", "submission" if login and _SERVERS[target.kind] == "smtp" else "relay", by)
    clear = {"none": True, "opportunistic": True}.get(tls or "", None if tls is None else False)
    draft.maybe("cleartext_credentials", clear if login else False, (*by, *told))
    draft.put("mechanisms", {"off": (), "forward": ("PLAIN",)}.get(kind, (kind.upper(),)), by)
    if login and here.address and wants_oauth2(here.address):
        draft.put("provider", "oauth2", sets(node.first.where if node else None))
    if not login:
        draft.put("credential", "none", by)
    elif node is not None and kind != "forward":
        kept = "environment" if "{env:" in node.args[2].text else "literal" if node.args[2].known else None
        draft.maybe("credential", kept, sets(node.args[2].where))


def _settings(config: Config, target: Target) -> list[Fact]:
    """Directives that later versions do not heed, or know by another name."""
    if not _demands(config):
        return []
    found: list[Fact] = []
    for name, state, instead in (
        ("require_tls", "ignored", "starttls yes"),
        ("attempt_starttls", "deprecated", "starttls"),
    ):
        node = target.node.get(name)
        if node is not None:
            draft = begun("setting", node.name.where, SOFTWARE, config.release, config.path)
            draft.put("name", name)
            draft.put("state", state, sets(node.name.where))
            draft.put("instead", instead)
            draft.put("value", " ".join(word.text for word in node.args))
            found.append(draft.fact())
    return found


def secrets(nodes: tuple[Node, ...], path: str, release: str) -> list[Fact]:
    """Passwords of targets, directories, data bases and DNS providers."""
    found: list[Fact | None] = []
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        waiting += node.children or ()
        name, last = node.name.text, node.args[-1] if node.args else node.name
        if not last.known:
            continue
        if name in ("auth", "bind") and len(node.args) == 3 and node.first.text in ("plain", "login"):
            found.append(secret(SOFTWARE, release, path, f"{name} {node.first.text}", last.text, last.where))
        elif name in _SECRETS and len(node.args) == 1:
            found.append(secret(SOFTWARE, release, path, name, last.text, last.where))
        elif name == "dsn":
            found += [_within(word, path, release) for word in node.args]
    return sorted((fact for fact in found if fact), key=lambda fact: str(fact.origins["storage"]))


def _within(word: Word, path: str, release: str) -> Fact | None:
    """The password inside a data source name."""
    match = _PASSWORD.search(word.text)
    if match is None or not word.known or match.lastindex is None:
        return None
    where = word.where
    if where.end_column - where.column == len(word.text):  # no quotes and macros within
        start = where.column + match.start(match.lastindex)
        where = where._replace(column=start, end_column=start + len(match[match.lastindex]))
    return secret(SOFTWARE, release, path, "dsn", match[match.lastindex], where)
