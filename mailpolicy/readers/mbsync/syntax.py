"""Lines of an mbsyncrc: a keyword and its arguments, and which keywords there are in which section and version.

After ``get_arg``, ``getcline`` and the parsers of sections in config.c, drv_imap.c, drv_maildir.c and driver.c of isync
1.4.4 and 1.5.1, and the NEWS of older ones. Keywords know no case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mailpolicy import template_lines
from mailpolicy.lean import NamedTuple
from mailpolicy.placeholders import PLACEHOLDER
from mailpolicy.text import Source
from mailpolicy.types import Span

LINE_BYTES = 1022
"""Longest line, with its end, that mbsync takes as one; what is beyond becomes a line of its own."""

ACCOUNT, STORE, MAILDIR, CHANNEL, GROUP = "imapaccount", "imapstore", "maildirstore", "channel", "group"
SECTIONS = frozenset({ACCOUNT, STORE, MAILDIR, CHANNEL, GROUP})

TEXT, BOOL, INTEGER, SIZE, WORDS, LIST = "text", "bool", "integer", "size", "words", "list"
"""What a keyword takes: one argument of some kind, some words of a list, or any number of arguments."""

OLDEST_TLS = (1, 2, 0)
"""SSLType and AuthMechs came; before, RequireSSL and UseIMAPS told all."""
RENAMED = (1, 5, 0)
"""TLSType and TLSVersions came, and the old words went."""

_SYNC_OPERATIONS = ("new", "renew", "delete", "flags", "upgrade", "old", "gone", "full")
_SYNC = frozenset({
    "push", "pull", "all", "full", "none", "noop", "new", "renew", "delete", "flags", "upgrade", "old", "gone",
    *(f"{direction}{operation}" for direction in ("pull", "push") for operation in _SYNC_OPERATIONS),
})  # fmt: skip
_SIDES = frozenset({"both", "far", "master", "near", "slave", "none"})
_VERSIONS = frozenset({"sslv2", "sslv3", "tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3"})
_TLS_VERSIONS = frozenset(f"{sign}1.{minor}" for sign in "+-" for minor in range(4))
CHOICES: Mapping[str, frozenset[str]] = {
    "sync": _SYNC,
    **dict.fromkeys(("create", "remove", "expunge", "expungesolo"), _SIDES),
    "expireside": frozenset({"far", "near"}),
    "subfolders": frozenset({"verbatim", "maildir++", "legacy"}),
    **dict.fromkeys(("ssltype", "tlstype"), frozenset({"none", "starttls", "imaps"})),
    **dict.fromkeys(("sslversion", "sslversions"), _VERSIONS),
    "tlsversions": _TLS_VERSIONS,
}
"""Words that a keyword takes, in lower case."""
MANY = frozenset({
    "sync", "create", "remove", "expunge", "expungesolo", "sslversion", "sslversions", "tlsversions",
})  # fmt: skip
"""Keywords of words that take more than one of them."""

_OPERATIONS = {
    **dict.fromkeys(("sync", "create", "remove", "expunge", "expungesolo", "expireside"), WORDS),
    "syncstate": TEXT,
    "copyarrivaldate": BOOL,
    "maxmessages": INTEGER,
    "expireunread": BOOL,
}
_GENERIC = {
    "trash": TEXT, "trashremotenew": BOOL, "trashnewonly": BOOL, "maxsize": SIZE, "mapinbox": TEXT, "flatten": TEXT,
}  # fmt: skip
_IMAP = {
    **dict.fromkeys(("host", "user", "usercmd", "pass", "passcmd", "tunnel", "certificatefile"), TEXT),
    **dict.fromkeys(("clientcertificate", "clientkey", "cipherstring"), TEXT),
    **dict.fromkeys(("ssltype", "tlstype", "sslversion", "sslversions", "tlsversions"), WORDS),
    **dict.fromkeys(("usekeychain", "systemcertificates", "requiressl", "useimaps", "requirecram"), BOOL),
    **dict.fromkeys(("usesslv2", "usesslv3", "usetlsv1", "usetlsv1.1", "usetlsv1.2", "usetlsv1.3"), BOOL),
    **dict.fromkeys(("port", "timeout", "pipelinedepth"), INTEGER),
    **dict.fromkeys(("disableextension", "disableextensions", "authmech", "authmechs"), LIST),
}
_STORE = {"account": TEXT, "usenamespace": BOOL, "subscribedonly": BOOL, "path": TEXT, "pathdelimiter": TEXT}
KEYWORDS: Mapping[str, Mapping[str, str]] = {
    "": {**_OPERATIONS, "fsync": BOOL, "fielddelimiter": TEXT, "bufferlimit": SIZE},
    ACCOUNT: _IMAP,
    STORE: {**_IMAP, **_STORE, **_GENERIC},
    MAILDIR: {
        "inbox": TEXT, "path": TEXT, "altmap": BOOL, "infodelimiter": TEXT, "subfolders": WORDS, **_GENERIC,
    },
    CHANNEL: {
        **_OPERATIONS, "maxsize": SIZE, "pattern": LIST, "patterns": LIST,
        "far": TEXT, "near": TEXT, "master": TEXT, "slave": TEXT,
    },
    GROUP: {"channel": LIST, "channels": LIST},
}  # fmt: skip
"""Keywords of each section, "" for what stands before all sections."""
LEGACY = frozenset({
    "requiressl", "useimaps", "usesslv2", "usesslv3", "usetlsv1", "usetlsv1.1", "usetlsv1.2", "usetlsv1.3",
})  # fmt: skip
"""The words of isync before 1.2, which 1.5 knows no more."""
SINCE: Mapping[str, tuple[int, ...]] = {
    "passcmd": (1, 1, 0), "copyarrivaldate": (1, 1, 0), "expireunread": (1, 1, 0), "pipelinedepth": (1, 1, 0),
    **dict.fromkeys(("ssltype", "sslversion", "sslversions", "systemcertificates", "authmech"), OLDEST_TLS),
    **dict.fromkeys(("authmechs", "fielddelimiter", "infodelimiter", "bufferlimit", "remove"), OLDEST_TLS),
    **dict.fromkeys(("timeout", "clientcertificate", "clientkey", "disableextension", "subfolders"), (1, 3, 0)),
    "disableextensions": (1, 3, 0),
    **dict.fromkeys(("usercmd", "usekeychain", "cipherstring", "subscribedonly", "far", "near"), (1, 4, 0)),
    "usetlsv1.3": (1, 4, 0),
    **dict.fromkeys(("tlstype", "tlsversions", "expireside", "expungesolo"), RENAMED),
}  # fmt: skip
"""The version that brought a keyword."""
BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("yes", "true", "on", "1"), True),
    **dict.fromkeys(("no", "false", "off", "0"), False),
}
_SIZES = re.compile(r"\s*\+?[0-9]+[kKmM]?[bB]?")
INTEGERS = re.compile(r"\s*[-+]?[0-9]+")
_BLANK = " \t\r\f\v"
_FIRST = re.compile(r"[A-Za-z0-9.]+")
_PLAIN = re.compile(r"[^\s\"\\]+(?=\s|$)", re.ASCII)
_ALL = SECTIONS.union(*KEYWORDS.values())
_TAGS = ("{{", "{%", "<%", "m4_")


class Argument(NamedTuple):
    """One word. ``text`` is None where a template fills it in."""

    text: str | None
    where: Span
    """The word without the quotes around it."""


class Line(NamedTuple):
    """One line with a keyword, which is in lower case."""

    keyword: str
    shown: str
    arguments: tuple[Argument, ...]
    where: Span
    """The keyword."""
    fault: str = ""
    """What is wrong with its quotes, or its length."""
    template: str | None = None
    """What it does when it belongs to a template (``template_lines.kind``)."""
    ends: bool = False
    """An empty line, which ends a section."""


def lines(source: Source) -> Iterator[Line]:
    """All lines but comments."""
    at = 0
    for row in source.text.split("\n"):
        yield from _line(source, row, at)
        at += len(row) + 1


def _line(source: Source, row: str, at: int) -> Iterator[Line]:
    body = row.lstrip(_BLANK)
    start = at + len(row) - len(body)
    if len(row) > LINE_BYTES // 4 and len(row.encode()) > LINE_BYTES:
        where = source.span(start, start + min(len(body), 40))
        yield Line(
            "", "", (), where, f"the line is longer than {LINE_BYTES} bytes: the rest of it is read as another line"
        )
        return
    if not body:
        yield Line("", "", (), source.span(at, at), ends=True)
        return
    if body[0] == "#":
        return
    first = _FIRST.match(body)
    known = first is not None and first[0].lower() in _ALL
    kind = None if known else template_lines.kind(body.rstrip())
    if kind is not None:
        yield Line("", "", (), source.span(start, start + len(body.rstrip())), template=kind)
        return
    words, fault = _words(source, body, start)
    shown = words[0].text or ""
    yield Line(shown.lower(), shown, tuple(words[1:]), words[0].where, fault)


def _words(source: Source, body: str, start: int) -> tuple[list[Argument], str]:
    """The words of a line, and what is wrong with it. A tag of a template makes one word of all that follows."""
    found: list[Argument] = []
    at, size = 0, len(body)
    while True:
        while at < size and body[at] in _BLANK:
            at += 1
        if at == size or body[at] == "#":
            return found, ""
        tag = min((p for p in (body.find(tag, at) for tag in _TAGS) if p >= 0), default=-1) if found else -1
        if tag >= 0 and not any(c in _BLANK for c in body[at:tag]):
            return [*found, Argument(None, _filled(source, body, at, start))], ""
        end, text, fault = _word(body, at)
        left, right = (at + 1, end - 1) if body[at] == '"' and end - at > 2 and body[end - 1] == '"' else (at, end)
        clear = text if PLACEHOLDER.fullmatch(text) is None else None
        found.append(Argument(clear if found else text, source.span(start + left, start + max(right, left + 1))))
        if fault:
            return found, fault
        at = end


def _filled(source: Source, body: str, at: int, start: int) -> Span:
    right = len(body.rstrip(_BLANK))
    if body[at] == '"' and body[right - 1] == '"' and right - at > 2:
        at, right = at + 1, right - 1
    return source.span(start + at, start + right)


def _word(body: str, at: int) -> tuple[int, str, str]:
    """Where the word at ``at`` ends, the word without quotes and backslashes, and what is wrong with them."""
    plain = _PLAIN.match(body, at)
    if plain is not None:
        return plain.end(), plain[0], ""
    out: list[str] = []
    quoted = escaped = False
    while at < len(body):
        char = body[at]
        if escaped and ord(char) >= 32:
            escaped = False
            out.append(char)
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif not quoted and char in _BLANK:
            break
        else:
            out.append(char)
        at += 1
    fault = "a quote is not closed" if quoted else "a backslash stands at its end" if escaped else ""
    return at, "".join(out), fault


def problem(line: Line, section: str, version: tuple[int, ...]) -> tuple[str, Span] | None:
    """Why mbsync of a version refuses a line in a section, and where; None when it takes it."""
    if line.fault:
        return line.fault, line.where
    takes = KEYWORDS[section].get(line.keyword)
    if takes is None or SINCE.get(line.keyword, ()) > version or (line.keyword in LEGACY and version >= RENAMED):
        return _unknown(line, section, takes is not None), line.where
    if not line.arguments:
        return f"{line.shown} needs an argument", line.where
    many = takes is LIST or line.keyword in MANY
    if len(line.arguments) > 1 and not many:
        return f"{line.shown} takes one argument", line.arguments[1].where
    wrong = next(
        (word for word in line.arguments if word.text is not None and not _takes(line, takes, word.text)), None
    )
    return None if wrong is None else (f"{line.shown} does not take this", wrong.where)


def _unknown(line: Line, section: str, other_version: bool) -> str:
    shown = line.shown if len(line.shown) < 40 else "this keyword"
    if other_version:
        since = SINCE.get(line.keyword)
        return f"{shown} came with isync {'.'.join(map(str, since))}" if since else f"{shown} went with isync 1.5"
    if not section:
        return f"{shown} begins no section and is no global keyword"
    return f"{shown} is no keyword of a section {section}; a section ends at an empty line"


def _takes(line: Line, takes: str, text: str) -> bool:
    if PLACEHOLDER.search(text) and takes is not TEXT:
        return True
    if takes is WORDS:
        return text.lower() in CHOICES[line.keyword]
    if line.keyword == "port":
        return INTEGERS.fullmatch(text) is not None and 0 <= int(text) <= 0xFFFF
    if takes is INTEGER:
        return INTEGERS.fullmatch(text) is not None
    if takes is SIZE:
        return _SIZES.fullmatch(text) is not None
    return takes is not BOOL or text.lower() in BOOLEANS
