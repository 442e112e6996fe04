"""Cipher suites, Diffie-Hellman group and options of TLS (ngx_mail_ssl_module; SSL_CONF_cmd(3) of OpenSSL 3)."""

from __future__ import annotations

from mailpolicy.facts import Draft
from mailpolicy.readers.nginx.parser import Word
from mailpolicy.readers.nginx.scope import Scope
from mailpolicy.types import Origin

_BUILT_IN = "HIGH:!aNULL:!MD5"
_OPTIONS = {
    "compression": "tls_compression",
    "clientrenegotiation": "tls_renegotiation",
    "unsafelegacyrenegotiation": "tls_renegotiation",
}


def put(draft: Draft, scope: Scope) -> None:
    """What files say; nothing of what nginx does by itself."""
    listed = scope.find("ssl_ciphers")
    if listed.origins and listed.words != ():
        from mailpolicy import ciphers

        pieces = [(listed.text, listed.words[-1].span)] if listed.words else None
        ciphers.put(draft, pieces, listed.origins, _BUILT_IN)
    order = scope.find("ssl_prefer_server_ciphers")
    if order.words:
        whose = {"on": "server", "off": "client"}.get(order.text.lower())
        draft.maybe("cipher_preference", whose, order.origins)
    group = scope.find("ssl_dhparam")
    if group.words:
        draft.put("dh_file", group.text, group.origins)
    for node in scope.nodes("ssl_conf_command"):
        if len(node.args) == 2 and node.args[0].text.lower() == "options":
            _put_options(draft, node.args[1])


def _put_options(draft: Draft, value: Word) -> None:
    for word in value.text.split(","):
        field = _OPTIONS.get(word.strip().lstrip("+").lower())
        if field is not None and value.known:
            draft.put(field, True, (Origin("sets", value.span),))
