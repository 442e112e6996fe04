"""Tables that are files: ``table lan file:/etc/mail/lan`` (parse_table_line of OpenSMTPD 7.6)."""

from __future__ import annotations

import re

from mailpolicy.readers.opensmtpd.model import Entry
from mailpolicy.text import Source
from mailpolicy.types import Span

_KEY = re.compile(r"\[[^\]\n]*\]|[^ \t:]*")


def file_table(source: Source) -> tuple[str, tuple[Entry, ...], Span | None]:
    """Kind and entries; or the place of a line that makes smtpd refuse the file.

    The first entry decides: with something behind its key (a blank or a colon ends it, so an IPv6
    address without brackets is a key and a value) the file holds pairs, else a list. ``# @list``
    before it makes a list of it in any case.
    """
    kind = ""
    entries: list[Entry] = []
    for number in range(1, len(source.starts) + 1):
        line = source.line(number)
        text = line.strip()
        start = source.starts[number - 1] + len(line) - len(line.lstrip())
        if text.startswith("#"):
            if not kind and text[1:].lstrip() == "@list":
                kind = "list"
        elif text:
            key = _KEY.match(text)
            end = key.end() if key else len(text)
            kind = kind or ("list" if end == len(text) else "hash")
            if kind == "list":
                entries.append(Entry(text.lower(), source.span(start, start + len(text))))
                continue
            value = text[end + 1 :].lstrip(" \t")
            if not value or (text[0] == "[" and end == 0):
                return "", (), source.line_span(number)
            at = start + len(text) - len(value)
            where = source.span(start, start + max(end, 1))
            entries.append(Entry(text[:end].lower(), where, value, source.span(at, at + len(value))))
    return kind or "hash", tuple(entries), None
