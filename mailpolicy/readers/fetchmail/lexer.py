"""Words of a fetchmailrc, as the lexer of fetchmail has them (``rcfile_l.l`` of 6.3 to 6.5).

After ``user``, ``password``, ``is``, ``to`` and ``=`` the next word is a string, be it a keyword or a number; after
``auth`` the word ``password`` is a method. The longest match wins: ``ssl#x`` is one word, ``"a"b`` a word with quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple

STRING, NUMBER, AUTHTYPE, PROTO, END = "string", "number", "a login method", "a protocol", "the end of the file"
"""Kinds of tokens that are no keyword; a keyword's kind is the keyword."""

_SAME = {
    "server": "poll", "local": "localdomains", "proto": "protocol", "preauth": "auth", "preauthenticate": "auth",
    "authenticate": "auth", "username": "user", "pass": "password", "folders": "folder", "smtp": "smtphost",
    "pre": "preconnect", "post": "postconnect", "pass8": "pass8bits", "mimedec": "mimedecode", "=": "=",
}  # fmt: skip


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_KEYWORDS = _set(
    "set logfile idfile pidfile daemon syslog invisible showdots postmaster bouncemail spambounce softbounce "
    "warnings tracepolls defaults poll skip via aka localdomains protocol service port interval auth timeout "
    "envelope qvirtual principal esmtpname esmtppassword bad-header accept reject user password folder smtphost "
    "fetchdomains smtpaddress smtpname antispam mda bsmtp lmtp preconnect postconnect interface monitor plugin "
    "plugout batchlimit fetchlimit fetchsizelimit fastuidl expunge properties is here there to no keep flush "
    "limitflush fetchall rewrite forcecr stripcr pass8bits dropstatus dropdelivered mimedecode idle dns uidl ssl "
    "sslkey sslcert sslproto sslcertck sslcertfile sslcertpath sslcommonname sslfingerprint checkalias limit sdps "
    "kpop"
)
SINCE = {"idletimeout": (6, 5), "forceidle": (6, 5), "moveto": (6, 5)}
"""Keywords that came later, with the version."""
_NOISE = frozenset(("with", "and", "has", "wants", "options"))
_NEGATED = _set(
    "nobouncemail nouidl nocheckalias nodns noenvelope nokeep noflush nolimitflush nofetchall norewrite noforcecr "
    "nostripcr nopass8 nopass8bits nodropstatus nodropdelivered nomimedec nomimedecode nospambounce noidle "
    "noforceidle"
)
_METHODS = {
    "any": "any", "gssapi": "gssapi", "kerberos4": "kerberos4", "kerberos_v4": "kerberos4", "kerberos": "kerberos4",
    "kerberos5": "kerberos5", "kerberos_v5": "kerberos5", "ssh": "implicit", "external": "external", "otp": "otp",
    "opie": "otp", "cram": "cram-md5", "cram-md5": "cram-md5", "msn": "msn", "ntlm": "ntlm",
}  # fmt: skip
_PROTOCOLS = frozenset(("auto", "pop2", "pop3", "imap", "apop", "rpop", "etrn", "odmr"))
_INTO_NAME = frozenset(("user", "password", "is", "to", "="))
_WORD = re.compile(r"[^=;:, \t\r\n]+")
_NUMBER = re.compile(r"-?[0-9]+")
_ESCAPE = re.compile(r"\\(?:[xX]([0-9a-fA-F]{0,2})|(0[0-7]{0,2})|([1-9][0-9]{0,2})|(.)|$)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "b": "\b", "r": "\r", "\n": ""}


class Token(NamedTuple):
    """One word; ``left`` and ``right`` are offsets of its text, inside its quotes."""

    kind: str
    text: str
    left: int
    right: int


def _escaped(found: re.Match[str]) -> str:
    if found[1] is not None:
        return chr(int(found[1] or "0", 16))
    if found[2] is not None:
        return chr(int(found[2], 8) % 256)
    if found[3] is not None:
        return chr(int(found[3]) % 256)
    return _LETTERS.get(found[4], found[4]) if found[4] is not None else ""


def unescaped(text: str) -> str:
    """A string with its C-style escapes put in; a number without ``0`` is decimal."""
    return _ESCAPE.sub(_escaped, text) if "\\" in text else text


def tokens(text: str, version: tuple[int, ...]) -> Iterator[Token]:
    """All words of a text, without noise words, punctuation and comments; ``END`` is the last."""
    at, state = 0, ""
    last_quote = {quote: text.rfind(quote) for quote in "\"'"}
    while at < len(text):
        char = text[at]
        if char in " \t\r\n;:,":
            at += 1
        elif char == "=":
            yield Token("=", "=", at, at + 1)
            at, state = at + 1, "name"
        elif char == "\\" and text[at + 1 : at + 2] == "\n":
            at += 2
        elif char == "#" and (end := text.find("\n", at)) >= 0:
            at = end + 1
        else:
            word = _WORD.match(text, at)
            assert word is not None
            stop = word.end()
            if char in last_quote and at < last_quote[char] and (close := text.find(char, at + 1)) + 1 >= stop:
                yield Token(STRING, unescaped(text[at + 1 : close]), at + 1, close)
                at, state = close + 1, ""
                continue
            token, length = _word(text[at:stop], state, version)
            state = _next(token, state)
            if token.kind:
                yield Token(token.kind, token.text, at, at + length)
            at += length
    yield Token(END, "", len(text), len(text))


def _next(token: Token, state: str) -> str:
    if token.kind == "auth":
        return "auth"
    if token.kind in _INTO_NAME:
        return "name"
    return "" if state == "name" or token.kind == AUTHTYPE else state


def _word(word: str, state: str, version: tuple[int, ...]) -> tuple[Token, int]:
    """The token of a bare word, without its place, and how much of the word it is."""
    if state == "name":
        return Token(STRING, unescaped(word), 0, 0), len(word)
    if word in _NOISE:
        return Token("", "", 0, 0), len(word)
    if word in _NEGATED and (word != "noforceidle" or version >= SINCE["forceidle"]):
        return Token("no", "no", 0, 0), 2
    if word == "password" and state == "auth":
        return Token(AUTHTYPE, "password", 0, 0), len(word)
    method = "implicit" if word == "implicit" and version >= (6, 5) else _METHODS.get(word)
    if method is not None:
        return Token(AUTHTYPE, method, 0, 0), len(word)
    name = _SAME.get(word, word)
    later = SINCE.get(name)
    if (later is not None and version >= later) or (name in _KEYWORDS and (name != "password" or state != "auth")):
        return Token(name, word, 0, 0), len(word)
    lower = word.lower()
    if word in (lower, lower.upper()):
        if lower in _PROTOCOLS:
            return Token(PROTO, lower, 0, 0), len(word)
        if lower in ("sdps", "kpop"):
            return Token(lower, lower, 0, 0), len(word)
    if _NUMBER.fullmatch(word):
        return Token(NUMBER, word, 0, 0), len(word)
    return Token(STRING, unescaped(word), 0, 0), len(word)
