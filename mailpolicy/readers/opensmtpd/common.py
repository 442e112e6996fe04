"""Statements that the grammars before and since 6.4 have in common."""

from __future__ import annotations

import re

from mailpolicy.readers.opensmtpd.cursor import Cursor
from mailpolicy.readers.opensmtpd.model import Pki, Refused

_DOMAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\.?")
_MTA_TEXT = (
    "max-conn-per-host max-conn-per-route max-conn-per-source max-conn-per-connector max-conn-per-relay "
    "max-conn-per-domain conn-delay-host conn-delay-route conn-delay-source conn-delay-connector conn-delay-relay "
    "conn-delay-domain reconn-delay-route session-mail-max session-transaction-delay session-keepalive "
    "max-failures-per-session task-hiwat task-lowat task-release"
)
_MTA = frozenset(_MTA_TEXT.split())


def macro(cursor: Cursor) -> None:
    """``name = value``. A line that a template fills in is only noted. Raises Refused."""
    name = cursor.string()
    if not name.known and not cursor.at("="):
        cursor.config.outside.append(name.where)
        cursor.skip_line()
        return
    if not cursor.at("="):
        raise Refused(name.where, f"no statement begins with {name.text}")
    cursor.take()
    value = cursor.string()
    if re.search(r"\s", name.text[1:]):
        raise Refused(name.where, "the name of a macro cannot hold blanks")
    cursor.config.macros[name.text] = value


def delay(cursor: Cursor) -> None:
    """A time such as ``4d``. Raises Refused."""
    value = cursor.string()
    if value.known and not re.fullmatch(r"0*[1-9][0-9]{0,9}[smhd]", value.text):
        raise Refused(value.where, f"{value.text} is no time such as 4h")


def size(cursor: Cursor) -> None:
    """A size such as ``35M``. Raises Refused."""
    value = cursor.take()
    if value.kind not in ("string", "number"):
        raise Refused(value.where, "a size is expected here")
    if value.known and not re.fullmatch(r"[0-9]+(?:\.[0-9]*)?[BKMGTPEbkmgtpe]?", value.text):
        raise Refused(value.where, f"{value.text} is no size such as 35M")


def limits(cursor: Cursor, names: tuple[str, ...] | None) -> None:
    """Names and numbers; without names, those of mta limits. Raises Refused."""
    while cursor.peek().kind not in ("newline", "end"):
        if names is None and cursor.accept("inet4", "inet6"):
            continue
        name = cursor.string()
        if name.known and name.text not in (_MTA if names is None else names):
            raise Refused(name.where, f"no limit of the name {name.text}")
        cursor.number()


def pki(cursor: Cursor, known: dict[str, Pki], words: tuple[str, ...]) -> None:
    """``pki name cert file key file``, or the like for ca. Raises Refused."""
    name = cursor.string()
    if name.known and name.text != "*" and not _DOMAIN.fullmatch(name.text):
        raise Refused(name.where, f"{name.text} is no domain name")
    found = known.setdefault(name.text.lower(), Pki(name.text, name.where, {}))
    count = 0
    while cursor.peek().kind not in ("newline", "end"):
        word = cursor.want(*words)
        value = cursor.string()
        if word.text == "dhe" and value.known and value.text.lower() not in ("none", "auto", "legacy"):
            raise Refused(value.where, f"dhe is none, auto or legacy, not {value.text}")
        found.files[{"certificate": "cert"}.get(word.text, word.text)] = value
        count += 1
    if len(words) == 1 and count != 1:
        raise Refused(name.where, "ca takes one file of certificates")
