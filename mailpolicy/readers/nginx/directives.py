"""Directives of nginx' mail modules: where they may stand, what they take, and at what nginx refuses to start.

After the command tables of src/mail in nginx 1.22 to 1.29.
"""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.nginx.parser import Node
from mailpolicy.types import Unread

SSL_REMOVED = (1, 25, 1)
SSL_DEPRECATED = (1, 15, 0)

FLAG = ("on", "off")
PROTOCOLS = ("imap", "pop3", "smtp")
VERSIONS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")


class Directive(NamedTuple):
    """``where``: m for mail, s for server. ``words``: what arguments may be; several add up where ``adds``."""

    where: str
    least: int = 1
    most: int = 1
    words: tuple[str, ...] = ()
    adds: bool = False
    shape: str = ""


def _named(names: str, directive: Directive) -> dict[str, Directive]:
    return dict.fromkeys(names.split(), directive)


MAIL: dict[str, Directive] = {
    "listen": Directive("s", 1, 99, adds=True),
    "protocol": Directive("s", words=PROTOCOLS, adds=True),
    "starttls": Directive("ms", words=("off", "on", "only")),
    "ssl_verify_client": Directive("ms", words=("off", "on", "optional", "optional_no_ca")),
    "ssl_protocols": Directive("ms", 1, 99, VERSIONS, True),
    "imap_auth": Directive("ms", 1, 99, ("plain", "login", "cram-md5", "external"), True),
    "pop3_auth": Directive("ms", 1, 99, ("plain", "apop", "cram-md5", "external"), True),
    "smtp_auth": Directive("ms", 1, 99, ("plain", "login", "cram-md5", "external", "none"), True),
    "auth_http_header": Directive("ms", 2, 2, adds=True),
    "ssl_conf_command": Directive("ms", 2, 2, adds=True),
    **_named("ssl proxy proxy_pass_error_message xclient proxy_smtp_auth", Directive("ms", words=FLAG)),
    **_named("auth_http_pass_client_cert ssl_prefer_server_ciphers ssl_session_tickets", Directive("ms", words=FLAG)),
    **_named("ssl_certificate_compression", Directive("ms", words=FLAG)),
    "proxy_protocol": Directive("ms", words=(*FLAG, "v2")),
    **_named("imap_capabilities pop3_capabilities smtp_capabilities", Directive("ms", 1, 99, adds=True)),
    **_named("ssl_certificate ssl_certificate_key ssl_session_ticket_key", Directive("ms", adds=True)),
    "set_real_ip_from": Directive("ms", adds=True),
    **_named("error_log resolver", Directive("ms", 1, 99, adds=True)),
    "ssl_session_cache": Directive("ms", 1, 2, adds=True),
    **_named("server_name auth_http ssl_password_file ssl_dhparam ssl_ecdh_curve ssl_ciphers", Directive("ms")),
    **_named("ssl_client_certificate ssl_trusted_certificate ssl_crl", Directive("ms")),
    **_named("timeout resolver_timeout smtp_greeting_delay proxy_timeout", Directive("ms", shape="time")),
    **_named("auth_http_timeout ssl_session_timeout", Directive("ms", shape="time")),
    **_named("imap_client_buffer smtp_client_buffer proxy_buffer", Directive("ms", shape="size")),
    **_named("max_errors ssl_verify_depth", Directive("ms", shape="number")),
}
"""Every directive with arguments that nginx' own mail modules have."""

SINCE: dict[str, tuple[int, ...]] = {
    "max_errors": (1, 21, 0), "proxy_smtp_auth": (1, 19, 4), "proxy_protocol": (1, 19, 8),
    "set_real_ip_from": (1, 19, 8), "ssl_conf_command": (1, 19, 4), "ssl_certificate_compression": (1, 29, 1),
}  # fmt: skip

_SHAPES = {
    "time": re.compile(r"(?:\d+(?:ms|[yMwdhms])?\s*)+"),
    "size": re.compile(r"\d+[kKmM]?"),
    "number": re.compile(r"\d+"),
}


def problem(node: Node, context: str, version: tuple[int, ...]) -> str | None:
    """Why nginx refuses a directive of the mail block; ``context`` is m or s, ``version`` empty when unknown."""
    name, known = node.name.text, MAIL.get(node.name.text)
    if name == "server":
        return _server(node, context)
    if known is None or (name == "ssl" and version >= SSL_REMOVED):
        return f'unknown directive "{name[:60]}" in mail'
    if version and SINCE.get(name, ()) > version:
        return f'unknown directive "{name}": it came with nginx {".".join(map(str, SINCE[name]))}'
    if node.block is not None:
        return f'directive "{name}" is not terminated by ";"'
    if context not in known.where:
        return f'"{name}" directive is not allowed in mail, only in server'
    if not known.least <= len(node.args) <= known.most:
        return f'invalid number of arguments in "{name}" directive'
    return _values(node, known)


def _server(node: Node, context: str) -> str | None:
    if context != "m":
        return '"server" directive is not allowed here'
    if node.block is None:
        return 'directive "server" has no opening "{"'
    return 'invalid number of arguments in "server" directive' if node.args else None


def _values(node: Node, known: Directive) -> str | None:
    name = node.name.text
    for word in node.args:
        if not word.known:
            continue
        exact = name == "protocol"
        if known.words and (word.text if exact else word.text.lower()) not in [
            w if exact else w.lower() for w in known.words
        ]:
            return f'invalid value "{word.text[:60]}" in "{name}" directive'
        if known.shape and not _SHAPES[known.shape].fullmatch(word.text):
            return f'"{name}" directive invalid value'
    return None


def faults(nodes: tuple[Node, ...], context: str, version: tuple[int, ...]) -> list[Unread]:
    """Everything in one block of mail, servers left out, at which nginx refuses to start."""
    found: list[Unread] = []
    seen: set[str] = set()
    for node in nodes:
        if node.writes:
            continue
        name, known = node.name.text, MAIL.get(node.name.text)
        why = problem(node, context, version) if node.name.known else None
        if why is None and name in seen and not node.maybe:
            why = f'"{name}" directive is duplicate'
        if why is None and known is not None and not known.adds and not node.maybe:
            seen.add(name)
        if why is not None:
            where = node.args[-1].span if node.args and "value" in why else node.name.span
            found.append(Unread(where, f"{why}: nginx does not start"))
    return found
