"""Passwords that stand in the configuration and in ``passwd.client``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.passwords import secret
from mailpolicy.readers.exim.listeners import Identity
from mailpolicy.readers.exim.marked import Marked, elements
from mailpolicy.readers.exim.session import Site
from mailpolicy.types import Fact, Span, Unreadable

_WHOLE = ("client_secret", "server_secret", "client_password", "server_password")
_COMPARED = re.compile(r"eqi?\s*\{\s*\$\{?(auth[1-3]|[1-3])\}?\s*\}\s*\{([^{}$]+)\}")
_DATABASES = ("mysql_servers", "pgsql_servers", "oracle_servers", "ibase_servers")


def facts(site: Site, identity: Identity) -> list[Fact]:
    """Each password once."""
    found: dict[Span, Fact] = {}
    for setting, text, where in (*_options(site), *_authenticators(site), *_clients(site, identity)):
        fact = secret("exim", identity.version, identity.instance, setting, text, where) if where is not None else None
        if fact is not None and where is not None:
            found[where] = fact
    return [found[where] for where in sorted(found)]


def _options(site: Site) -> Iterator[tuple[str, str, Span | None]]:
    for name in _DATABASES:
        option = site.model.options.get(name)
        if option is None:
            continue
        for element in elements(option.value):
            fields = element.text.split("/")
            if len(fields) >= 4 and "$" not in fields[-1]:
                yield name, fields[-1], element.span(len(element.text) - len(fields[-1]), len(element.text))


def _authenticators(site: Site) -> Iterator[tuple[str, str, Span | None]]:
    for driver in site.model.drivers["authenticators"].values():
        for name in _WHOLE:
            option = driver.options.get(name)
            if option is not None and "$" not in option.value.text:
                yield name, option.value.text, option.value.span()
        send = driver.options.get("client_send")
        if send is not None:
            piece = _sent(send.value)
            if piece is not None:
                yield "client_send", piece.text, piece.span()
        condition = driver.options.get("server_condition")
        if condition is not None:
            yield from _compared(condition.value, driver.text("public_name").upper())


def _compared(value: Marked, mechanism: str) -> Iterator[tuple[str, str, Span | None]]:
    """A password that a condition compares what was sent with: the last of the strings of PLAIN and LOGIN."""
    last = "3" if mechanism == "PLAIN" else "2"
    for match in _COMPARED.finditer(value.text):
        if match[1][-1] == last:
            yield "server_condition", match[2], value.span(match.start(2), match.end(2))


def _sent(value: Marked) -> Marked | None:
    """The password of ``client_send``: what stands behind the last circumflex, or the last of three strings."""
    if "$" in value.text:
        return None
    parts = elements(value)
    if not parts:
        return None
    text = parts[-1].text
    if "^" in text:
        return parts[-1].cut(text.rfind("^") + 1)
    return parts[-1] if len(parts) == 3 else None


def _clients(site: Site, identity: Identity) -> Iterator[tuple[str, str, Span | None]]:
    path = f"{site.folder}/passwd.client" if site.folder != "." else "passwd.client"
    if not site.tree.exists(path):
        return
    try:
        source = site.tree.source(path)
    except Unreadable:
        return
    site.model.lexer.files.append(path)
    for match in re.finditer(r"^(?!\s*#)[^:\n]+:[^:\n]*:([^\n]+?)[ \t\r]*$", source.text, re.MULTILINE):
        yield "passwd.client", match[1], source.span(match.start(1), match.end(1))


def is_literal(setting: str, value: Marked) -> bool:
    """Whether an option holds a password itself."""
    return _sent(value) is not None if setting == "client_send" else bool(value.text) and "$" not in value.text
