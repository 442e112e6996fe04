"""Lines of a configuration file of curl, as ``parseconfig`` and ``getparameter`` of 7.88.1 and 8.14.1 have them.

Older versions pass over a line that they do not understand, take any case and names cut short, and
lines that begin with ``/`` or ``*`` for comments; newer ones take exact names and read no further than the
first mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.placeholders import filled
from mailpolicy.text import Source
from mailpolicy.types import Span, Unread

STRICT = (8, 10)
"""From here on names are exact. Between 7.88.1 and 8.14.1 the change is not known more closely."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_FLAGS = _set(
    "alpn append basic buffer ca-native cert-status clobber compressed compressed-ssh create-dirs crlf digest "
    "disable disable-eprt disable-epsv disallow-username-in-url doh-cert-status doh-insecure eprt epsv fail "
    "fail-early fail-with-body false-start form-escape ftp-create-dirs ftp-pasv ftp-pret ftp-skip-pasv-ip ftp-ssl "
    "ftp-ssl-ccc ftp-ssl-control ftp-ssl-reqd get globoff haproxy-protocol head http0.9 ignore-content-length "
    "include insecure junk-session-cookies keepalive list-only location location-trusted mail-rcpt-allowfails "
    "manual metalink mptcp negotiate netrc netrc-optional npn ntlm ntlm-wb parallel parallel-immediate path-as-is "
    "post301 post302 post303 progress-bar progress-meter proxy-anyauth proxy-basic proxy-ca-native proxy-digest "
    "proxy-http2 proxy-insecure proxy-negotiate proxy-ntlm proxy-ssl-allow-beast proxy-ssl-auto-client-cert "
    "proxytunnel raw remote-header-name remote-name remote-name-all remote-time remove-on-error retry-all-errors "
    "retry-connrefused sasl-ir sessionid show-error show-headers silent skip-existing socks5-basic socks5-gssapi "
    "socks5-gssapi-nec ssl ssl-allow-beast ssl-auto-client-cert ssl-no-revoke ssl-reqd ssl-revoke-best-effort "
    "styled-output suppress-connect-headers tcp-fastopen tcp-nodelay test-duphandle test-event tftp-no-options "
    "tls-earlydata tr-encoding trace-ids trace-time use-ascii verbose version wdebug xattr"
)
_BARE = _set(
    "anyauth dump-ca-embed http1.0 http1.1 http2 http2-prior-knowledge http3 http3-only ipv4 ipv6 next "
    "proxy-tlsv1 sslv2 sslv3 tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3"
)
_TEXTS = _set(
    "abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout "
    "connect-to continue-at cookie cookie-jar create-file-mode crlfile curves data data-ascii data-binary "
    "data-raw data-urlencode delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url dump-header "
    "ech egd-file engine etag-compare etag-save expect100-timeout form form-string ftp-account "
    "ftp-alternative-to-user ftp-method ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms haproxy-clientip "
    "header help hostpubmd5 hostpubsha256 hsts interface ip-tos ipfs-gateway json keepalive-cnt keepalive-time "
    "key key-type krb krb4 libcurl limit-rate local-port login-options mail-auth mail-from mail-rcpt max-filesize "
    "max-redirs max-time netrc-file noproxy oauth2-bearer output output-dir parallel-max pass pinnedpubkey "
    "preproxy proto proto-default proto-redir proxy proxy-cacert proxy-capath proxy-cert proxy-cert-type "
    "proxy-ciphers proxy-crlfile proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey "
    "proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword proxy-tlsuser proxy-user proxy1.0 "
    "pubkey quote random-file range rate referer request request-target resolve retry retry-delay retry-max-time "
    "sasl-authzid service-name sigalgs socks4 socks4a socks5 socks5-gssapi-service socks5-hostname speed-limit "
    "speed-time ssl-sessions stderr telnet-option tftp-blksize time-cond tls-max tls13-ciphers tlsauthtype "
    "tlspassword tlsuser trace trace-ascii trace-config unix-socket upload-file upload-flags url url-query user "
    "user-agent variable vlan-priority write-out"
)
_LETTERS = {
    "a": "append", "N": "buffer", "E": "cert", "K": "config", "C": "continue-at", "b": "cookie", "c": "cookie-jar",
    "d": "data", "q": "disable", "D": "dump-header", "f": "fail", "F": "form", "P": "ftp-port", "G": "get",
    "g": "globoff", "I": "head", "H": "header", "h": "help", "0": "http1.0", "k": "insecure", "4": "ipv4",
    "6": "ipv6", "j": "junk-session-cookies", "l": "list-only", "L": "location", "M": "manual", "m": "max-time",
    "n": "netrc", ":": "next", "o": "output", "Z": "parallel", "#": "progress-bar", "x": "proxy", "U": "proxy-user",
    "p": "proxytunnel", "Q": "quote", "r": "range", "e": "referer", "J": "remote-header-name", "O": "remote-name",
    "R": "remote-time", "X": "request", "S": "show-error", "i": "show-headers", "s": "silent", "Y": "speed-limit",
    "y": "speed-time", "2": "sslv2", "3": "sslv3", "t": "telnet-option", "z": "time-cond", "1": "tlsv1",
    "T": "upload-file", "B": "use-ascii", "u": "user", "A": "user-agent", "v": "verbose", "V": "version",
    "w": "write-out",
}  # fmt: skip
_NAMES = sorted(_FLAGS | _BARE | _TEXTS)
_SAME = {"ftp-ssl": "ssl", "ftp-ssl-reqd": "ssl-reqd", "tlsv1.0": "tlsv1"}
_LINE = re.compile(r"[ \t\r\f\v]*(?P<option>-[^ \t\r\f\v]*|[^ \t\r\f\v=:]*)")
_ESCAPED = re.compile(r"\\(.)")
_CONTROL = {"t": "\t", "n": "\n", "r": "\r", "v": "\v"}


class Setting(NamedTuple):
    """One option. ``text`` is None where a template or variable decides; flags are ``yes`` and ``no``."""

    name: str
    text: str | None
    where: Span
    """The argument inside of its quotes, or the option."""
    left: int
    """Offset of the argument in the file's text."""


class Read(NamedTuple):
    """What a file says: settings in order, and what curl does not understand. ``stops`` ends its reading."""

    settings: tuple[Setting, ...]
    unread: tuple[Unread, ...]


def parse(source: Source, version: tuple[int, ...]) -> Read:
    """All options of a file, as curl of this version takes them."""
    settings: list[Setting] = []
    unread: list[Unread] = []
    at = 0
    for row in source.text.split("\n"):
        start, at = at, at + len(row) + 1
        body = row.lstrip(" \t\r\f\v")
        if not body or body[0] == "#" or (version < STRICT and body[0] in "/*"):
            continue
        found, why = _line(source, row, start, version)
        settings += found
        if why:
            where = source.span(start + len(row) - len(body), start + len(row.rstrip()))
            strict = version >= STRICT
            unread.append(Unread(where, why + (": curl reads no further than this line" if strict else "")))
            if strict:
                break
    return Read(tuple(settings), tuple(unread))


def _line(source: Source, row: str, start: int, version: tuple[int, ...]) -> tuple[list[Setting], str]:
    """The options of a line, and what is wrong with it; a flag holds although it has an argument."""
    head = _LINE.match(row)
    assert head is not None
    option = head["option"]
    blank = re.compile(r"[ \t\r\f\v]*" if option.startswith("-") else r"[ \t\r\f\v=:]*").match(row, head.end())
    assert blank is not None
    argument, left, right = _argument(row, blank.end())
    where = source.span(start + head.start("option"), start + head.end("option"))
    span = source.span(start + left, start + right) if right > left else where
    settings: list[Setting] = []
    used, why = False, ""
    for name, value, inline in _named(option, version):
        if not value:
            return settings, name
        if value == "text":
            text = inline or argument
            used = used or not inline
            if text is None:
                return settings, f"{name} needs an argument"
            place = head.end("option") - len(inline) if inline else left
            unsure = option.startswith(("expand-", "--expand-")) or filled(text)
            span = source.span(start + place, start + head.end("option")) if inline else span
            settings.append(Setting(_SAME.get(name, name), None if unsure else text, span, start + place))
        else:
            settings.append(Setting(_SAME.get(name, name), value, where, start + head.start("option")))
    if argument and not used:
        why = "the option takes no argument, and holds in spite of this one"
    return settings, why


def _argument(row: str, at: int) -> tuple[str | None, int, int]:
    """The argument of a line with its place: in double quotes with escapes, or up to a blank."""
    if row[at : at + 1] != '"':
        found = re.compile(r"[^ \t\r\f\v]*").match(row, at)
        assert found is not None
        return found[0] or None, at, found.end()
    end = at + 1
    while end < len(row) and row[end] != '"':
        end += 2 if row[end] == "\\" else 1
    end = min(end, len(row))
    text = row[at + 1 : end]
    return _ESCAPED.sub(lambda found: _CONTROL.get(found[1], found[1]), text), at + 1, end


def _named(option: str, version: tuple[int, ...]) -> Iterator[tuple[str, str, str]]:
    """Name, value and argument of the options in a word; ``text`` stands for one that takes an argument.

    An empty value says that curl refuses the word, for the reason in place of the name.
    """
    if option.startswith("-") and not option.startswith("--"):
        for index, letter in enumerate(option[1:], 2):
            name = _LETTERS.get(letter, "")
            if name in _TEXTS:
                yield name, "text", option[index:]
                return
            yield (name, "yes", "") if name else ("unknown option", "", "")
        return
    word = option.removeprefix("--")
    if version >= (8, 3):
        word = word.removeprefix("expand-")
    wanted = not word.startswith("no-")
    word = word.removeprefix("no-")
    known = _known(word, version)
    if known is None:
        yield "unknown option", "", ""
    elif known in _TEXTS:
        yield (known, "text", "") if wanted else (f"no-{known} is none: {known} is no switch", "", "")
    elif known in _BARE and not wanted:
        yield f"no-{known} is none: {known} is no switch", "", ""
    else:
        yield known, "yes" if wanted else "no", ""


def _known(word: str, version: tuple[int, ...]) -> str | None:
    """The name of an option; older versions take it in any case, and cut short where that is clear."""
    if version >= STRICT:
        return word if word in _FLAGS or word in _BARE or word in _TEXTS else None
    word = word.lower()
    if word in _FLAGS or word in _BARE or word in _TEXTS:
        return word
    hits = [name for name in _NAMES if name.startswith(word)] if word else []
    return hits[0] if len(hits) == 1 else None
