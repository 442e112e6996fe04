"""Listener facts: each socket of the endpoints, as a client outside every named network meets it.

After internal/endpoint of Maddy 0.5 to 0.9.4.
"""

from __future__ import annotations

import re

from mailpolicy.addresses import scope_of
from mailpolicy.facts import Draft, begun
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.maddy.model import SOFTWARE, Config, Flag, flag, sets
from mailpolicy.readers.maddy.pipeline import HANDLING, ROOT, Verdict, verdict
from mailpolicy.readers.maddy.syntax import Node, Refused, Word
from mailpolicy.readers.maddy.tls import Tls, tls
from mailpolicy.types import Fact, Origin

MAIL = ("smtp", "submission", "lmtp", "imap")
_URL = re.compile(r"(?i)(tcp|tls):(?://)?(\[[^\]]*\]|[^:/\[\]]*):(\d*)(?:/.*)?")
_SMTP = frozenset(
    {
        "auth", "sasl_login", "hostname", "auth_map_normalize", "auth_map", "write_timeout", "read_timeout",
        "shutdown_timeout", "max_message_size", "max_header_size", "max_recipients", "max_received", "buffer", "tls",
        "proxy_protocol", "insecure_auth", "smtp_max_line_length", "io_debug", "debug", "defer_sender_reject",
        "max_logged_rcpt_errors", "limits", "auth_perdomain", "auth_domains",
    }
)  # fmt: skip
_IMAP = frozenset(
    {
        "auth", "sasl_login", "storage", "tls", "proxy_protocol", "insecure_auth", "io_debug", "io_errors", "debug",
        "storage_map_normalize", "storage_map", "auth_map_normalize", "auth_map", "storage_perdomain", "auth_perdomain",
        "auth_domains",
    }
)  # fmt: skip
_SASL_LOGIN = (0, 8)
"""Since when LOGIN is offered on demand only."""


class Address(NamedTuple):
    """Where an endpoint listens. None is unknown; a unix socket has the scheme ``unix``."""

    scheme: str | None
    address: str | None
    port: int | None


def parse(word: Word) -> Address:
    """An address of an endpoint or of a server to pass mail to. Raises Refused."""
    text = word.text
    if text.lower().startswith("unix:"):
        return Address("unix", None, None)
    found = _URL.fullmatch(text)
    if not word.known:
        scheme = text.partition(":")[0].lower()
        port = re.search(r":(\d{1,5})$", text)
        return Address(scheme if scheme in ("tcp", "tls") else None, None, int(port[1]) if port else None)
    if found is None or not found[3]:
        raise Refused(word.where, f"{text[:60]} is no address; it takes tcp://ADDRESS:PORT, tls:// or unix://")
    port_number = int(found[3][:6])
    if not 0 < port_number < 65536:
        raise Refused(word.where, f"{found[3][:20]} is no port number")
    return Address(found[1].lower(), found[2].strip("[]"), port_number)


class Endpoint(NamedTuple):
    """One endpoint with what its sockets share."""

    node: Node
    tls: Tls
    insecure: Flag
    mechanisms: tuple[str, ...] | None
    login: tuple[Origin, ...]
    relay: Verdict

    @property
    def kind(self) -> str:
        """smtp, submission, lmtp or imap."""
        return self.node.name.text


def facts(config: Config) -> list[Fact]:
    """The facts of all sockets. Raises Refused for what keeps Maddy from starting."""
    found: list[Fact] = []
    for node in config.nodes:
        if node.name.text == "dovecot_sasld":
            found += [_internal(config, node, word) for word in node.args if parse(word).scheme != "unix"]
        elif node.name.text in MAIL:
            made = _endpoint(config, node)
            if not node.args:
                raise Refused(node.name.where, f"{node.name.text} names no address to listen on")
            found += [_one(config, made, word) for word in node.args if parse(word).scheme != "unix"]
    return found


def _endpoint(config: Config, node: Node) -> Endpoint:
    _check(config, node)
    insecure = flag(node, "insecure_auth", False, config.builtin())
    flag(node, "io_debug", False, config.builtin())
    providers = node.all("auth")
    login = sets(providers[0].first.where) if providers else (config.builtin(),)
    mechanisms: tuple[str, ...] | None = ("PLAIN",) if providers else ()
    wanted = flag(node, "sasl_login", config.version < _SASL_LOGIN, config.builtin())
    if providers and wanted.value is not False:
        mechanisms = ("LOGIN", "PLAIN") if wanted.value else None
    if node.name.text == "submission" and not providers and not config.partial:
        raise Refused(node.name.where, "submission needs an auth directive")
    known = ROOT + HANDLING
    rest = tuple(c for c in node.children or () if c.name.text in known or not (config.fork or c.name.text in _SMTP))
    relay = Verdict(False) if node.name.text == "imap" else verdict(config, rest)
    return Endpoint(node, tls(config, node), insecure, mechanisms, login, relay)


def _check(config: Config, node: Node) -> None:
    """Directives that stand twice, are not known, or are missing."""
    kind, seen = node.name.text, set()
    for child in node.children or ():
        name = child.name.text
        if kind == "imap" and child.name.known and name not in _IMAP and not config.fork:
            raise Refused(child.name.where, f"imap has no directive {name[:60]}")
        if name in seen and name != "auth" and name not in ROOT + HANDLING:
            raise Refused(child.name.where, f"{name[:60]} stands twice")
        seen.add(name)
    if config.partial:
        return
    if kind == "imap" and "storage" not in seen:
        raise Refused(node.name.where, "imap needs a storage directive")
    if kind != "imap" and "hostname" not in seen and config.top("hostname") is None:
        raise Refused(node.name.where, f"{kind} has no hostname directive, and there is no global one")


def _draft(config: Config, node: Node, word: Word) -> Draft:
    draft = begun("listener", word.where, SOFTWARE, config.release, config.path)
    draft.put("service", f"{node.name.text} {word.text}")
    here, told = parse(word), sets(word.where)
    address = here.address
    if address == "*":
        raise Refused(word.where, "* is no address; 0.0.0.0 stands for all of both families")
    if address in ("", "0.0.0.0", "::"):  # Go opens one socket of both families for either
        address = "*"
    elif address == "localhost":
        address = "127.0.0.1"
    elif address and scope_of(address) == "name":
        address = None
    draft.maybe("address", address, told)
    draft.maybe("scope", scope_of(address) if address else None, told)
    draft.maybe("port", here.port, told)
    return draft


def _internal(config: Config, node: Node, word: Word) -> Fact:
    """A socket on which other servers ask whether a login is right."""
    draft = _draft(config, node, word)
    draft.put("role", "internal", sets(node.name.where))
    draft.put("tls", "none", (config.builtin(),))
    return draft.fact()


def _one(config: Config, endpoint: Endpoint, word: Word) -> Fact:
    draft = _draft(config, endpoint.node, word)
    here = parse(word)
    draft.put("protocol", {"submission": "smtp"}.get(endpoint.kind, endpoint.kind), sets(endpoint.node.name.where))
    draft.maybe("role", _role(draft, endpoint), sets(endpoint.node.name.where))
    if here.scheme == "tls" and endpoint.tls.on is False:
        raise Refused(word.where, "tls:// needs TLS, but tls is off")
    _put_tls(draft, endpoint, word)
    _put_login(draft, endpoint, word)
    _put_relay(draft, config, endpoint)
    proxy = endpoint.node.get("proxy_protocol")
    draft.put("proxied", proxy is not None, sets(proxy.name.where if proxy else None))
    if endpoint.tls.on is None:
        draft.unknown("broken", endpoint.tls.told)
    elif endpoint.kind == "imap" and not endpoint.mechanisms:
        draft.put("broken", "nobody can log in: imap has no auth directive", sets(endpoint.node.name.where))
    elif endpoint.tls.broken:
        draft.put("broken", endpoint.tls.broken, endpoint.tls.broken_told)
    else:
        draft.put("broken", None)
    return draft.fact()


def _role(draft: Draft, endpoint: Endpoint) -> str | None:
    fixed = {"submission": "submission", "lmtp": "delivery", "imap": "access"}.get(endpoint.kind)
    port = draft.values.get("port")
    if fixed or port == 25:
        return fixed or "mx"
    if port in (465, 587) or (endpoint.mechanisms != () and port is not None):
        return "submission"
    return "internal" if draft.values.get("scope") == "loopback" else None


def _put_tls(draft: Draft, endpoint: Endpoint, word: Word) -> None:
    scheme, made = parse(word).scheme, endpoint.tls
    if scheme == "tls":
        draft.put("tls", "implicit", sets(word.where))
    elif scheme is None or made.on is None:
        draft.unknown("tls", made.told if scheme else sets(word.where))
    elif not made.on:
        draft.put("tls", "none", made.told)
        return
    elif endpoint.kind in ("imap", "submission"):  # without a login, nothing of use is to be had
        free = endpoint.insecure.value
        draft.maybe("tls", None if free is None else "optional" if free else "required", endpoint.insecure.told)
    else:
        draft.put("tls", "optional", made.told)
    draft.maybe("tls_versions", made.versions or None, made.versions_told)
    draft.maybe("tls_min", made.versions[0] if made.versions else None, made.versions_told)
    if made.broken.startswith("TLS has no certificate"):
        draft.put("certificate", None, made.certificate_told)
    else:
        draft.maybe("certificate", made.certificate, made.certificate_told)
    draft.put("client_certificate", "none")


def _put_login(draft: Draft, endpoint: Endpoint, word: Word) -> None:
    """PLAIN and LOGIN alone; without TLS where ``insecure_auth`` says so, and always where TLS is off."""
    made = endpoint.tls
    draft.maybe("mechanisms", endpoint.mechanisms, endpoint.login)
    if endpoint.mechanisms == ():
        draft.put("auth", "none", endpoint.login)
    elif parse(word).scheme == "tls":
        draft.put("auth", "tls-only", sets(word.where))
    elif made.on is False:
        draft.put("auth", "cleartext", (*endpoint.login, *made.told))
    elif endpoint.insecure.value:
        draft.put("auth", "cleartext", (*endpoint.login, *endpoint.insecure.told))
    elif made.on is None or endpoint.insecure.value is None:
        draft.unknown("auth", (*endpoint.login, *made.told, *endpoint.insecure.told))
    else:
        draft.put("auth", "tls-only", (*endpoint.login, *endpoint.insecure.told))


def _put_relay(draft: Draft, config: Config, endpoint: Endpoint) -> None:
    way = endpoint.relay
    if endpoint.kind == "imap":
        return
    told = way.told or (config.builtin(),)
    login = endpoint.mechanisms != ()
    if config.partial:
        draft.unknown("relay", told)
        draft.unknown("sender_bound", told)
        return
    if endpoint.kind != "submission" and way.relays is not False:
        draft.maybe("relay", "open" if way.relays else None, told)
    elif not login or way.leaves is False:
        draft.put("relay", "none", told)
    else:
        draft.maybe("relay", "authenticated" if way.leaves else None, told)
    if login and way.leaves is not False:
        draft.maybe("sender_bound", way.guarded, told)
