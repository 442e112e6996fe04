"""Facts of nginx that belong to no single socket: who may forge an address, secrets, settings of old."""

from __future__ import annotations

import re

from mailpolicy.addresses import network_scope
from mailpolicy.facts import Draft
from mailpolicy.passwords import secret
from mailpolicy.readers.nginx.directives import SSL_DEPRECATED, SSL_REMOVED
from mailpolicy.readers.nginx.mail import SOFTWARE, Context, Server
from mailpolicy.readers.nginx.parser import Node, walk
from mailpolicy.types import Fact, Origin, Span

_SECRET = re.compile(r"(?i)(?:key|secret|token|password)$|^authorization$")


def facts(
    block: tuple[Node, ...], where: Span, servers: list[Server], heard: list[Fact], context: Context
) -> list[Fact]:
    """Facts of kind server, setting and secret of one mail block."""
    found = [_server(where, servers, heard, context)] if heard else []
    for node in walk(block):
        if node.name.text == "ssl" and len(node.args) == 1 and node.block is None:
            found += _old_ssl(node, context)
        elif node.name.text == "auth_http_header" and len(node.args) == 2 and _SECRET.search(node.args[0].text):
            word, version = node.args[1], ".".join(map(str, context.version))
            fact = secret(SOFTWARE, version, context.instance, "auth_http_header", word.text, word.span)
            found += [fact] if fact is not None and word.known else []
    return found


def _begun(kind: str, where: Span, context: Context) -> Draft:
    draft = Draft(kind, where)
    draft.put("software", SOFTWARE)
    if context.version:
        draft.put("version", ".".join(map(str, context.version)), [Origin("implies", None, context.program)])
    draft.put("instance", context.instance)
    return draft


def _old_ssl(node: Node, context: Context) -> list[Fact]:
    """``ssl on``: deprecated from 1.15.0 on, unknown from 1.25.1 on; an unknown version is taken to be older."""
    if context.version and context.version < SSL_DEPRECATED:
        return []
    draft = _begun("setting", node.name.span, context)
    draft.put("name", "ssl")
    draft.put("state", "refused" if context.version >= SSL_REMOVED else "deprecated")
    on = node.args[0].text.lower() == "on"
    draft.put("instead", "listen PORT ssl" if on else "nothing: a listen without ssl is enough")
    draft.put("value", node.args[0].text, [Origin("sets", node.args[0].span)])
    return [draft.fact()]


def _server(where: Span, servers: list[Server], heard: list[Fact], context: Context) -> Fact:
    """Greetings of nginx name no version, and it takes no VRFY before a login."""
    draft = _begun("server", where, context)
    name = servers[0].scope.find("server_name")
    draft.maybe("host", name.text or None, name.origins)
    public = [f for f in heard if f.values.get("role") == "mx" and f.values.get("scope") != "loopback"]
    draft.put("public_mx", bool(public))
    draft.put("banner_version", False)
    draft.put("vrfy", False)
    clear = next((fact for fact in heard if fact.values.get("auth") == "cleartext"), None)
    if context.partial and clear is not None and clear.values.get("scope") != "loopback":
        draft.put("cleartext_auth", True, clear.origins["auth"])
    trusted: dict[str, Origin] = {}
    for server in servers:
        if any(one.proxied for one in server.listens):
            for word in server.scope.find("set_real_ip_from").words or ():
                trusted[word.text] = Origin("sets", word.span)
    draft.put("forged_client_networks", tuple(trusted), trusted.values())
    if trusted:
        draft.maybe("forged_client_scope", network_scope(trusted), trusted.values())
    return draft.fact()
