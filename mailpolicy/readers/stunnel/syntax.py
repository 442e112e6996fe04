"""Lines of a stunnel configuration: options with their values, sections, includes.

After stunnel(8) of 5.68 and 5.74 and ``options.c``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source
from mailpolicy.tree import Tree, place
from mailpolicy.types import Span, Unread, Unreadable

HOME = "/etc/stunnel"
GLOBAL = frozenset(
    (
        "chroot", "compression", "egd", "engine", "enginectrl", "enginedefault", "fips", "foreground", "iconactive",
        "iconerror", "iconidle", "log", "output", "pid", "provider", "providerparameter", "rndbytes", "rndfile",
        "rndoverwrite", "setenv", "syslog", "taskbar",
    )
)  # fmt: skip
"""Options that only stand before the first section, in lower case."""

SERVICE = frozenset(
    (
        "accept", "caengine", "capath", "cafile", "castore", "cert", "checkemail", "checkhost", "checkip", "ciphers",
        "ciphersuites", "client", "config", "connect", "crlpath", "crlfile", "curve", "curves", "debug", "delay",
        "engineid", "enginenum", "exec", "execargs", "failover", "ident", "include", "key", "libwrap", "local",
        "logid", "ocsp", "ocspaia", "ocspflag", "ocspnonce", "ocsprequire", "options", "protocol",
        "protocolauthentication", "protocoldomain", "protocolheader", "protocolhost", "protocolpassword",
        "protocolusername", "pskidentity", "psksecrets", "pty", "redirect", "renegotiation", "requirecert", "reset",
        "retry", "securitylevel", "service", "session", "sessioncachesize", "sessioncachetimeout", "sessionresume",
        "sessiond", "setgid", "setuid", "sni", "socket", "sslversion", "sslversionmax", "sslversionmin", "stack",
        "ticketkeysecret", "ticketmacsecret", "timeoutbusy", "timeoutclose", "timeoutconnect", "timeoutidle",
        "timeoutocsp", "transparent", "verify", "verifychain", "verifypeer",
    )
)  # fmt: skip

YES_NO = ("yes", "no")
WORDS = {
    **dict.fromkeys(("client", "requirecert", "verifychain", "verifypeer", "delay", "libwrap", "reset"), YES_NO),
    **dict.fromkeys(("renegotiation", "sessionresume", "ocspaia", "ocspnonce", "ocsprequire", "pty"), YES_NO),
    **dict.fromkeys(("fips", "syslog", "rndoverwrite"), YES_NO),
    "failover": ("rr", "prio"), "foreground": ("yes", "quiet", "no"), "log": ("append", "overwrite"),
    "securitylevel": tuple("012345"), "verify": tuple("01234"),
}  # fmt: skip
"""What options of few values take, in lower case."""

NUMBERS = frozenset(
    (
        "sessioncachesize", "sessioncachetimeout", "timeoutbusy", "timeoutclose", "timeoutconnect", "timeoutidle",
        "timeoutocsp", "rndbytes",
    )
)  # fmt: skip
VERSIONS = {
    "all": "all", "sslv3": "SSLv3", "tlsv1": "TLSv1.0", "tlsv1.1": "TLSv1.1", "tlsv1.2": "TLSv1.2",
    "tlsv1.3": "TLSv1.3",
}  # fmt: skip
TLS_OPTIONS = frozenset(
    (
        "all", "allow_client_renegotiation", "allow_no_dhe_kex", "allow_unsafe_legacy_renegotiation",
        "cipher_server_preference", "cisco_anyconnect", "cleanse_plaintext", "cookie_exchange",
        "cryptopro_tlsext_bug", "disable_tlsext_ca_names", "dont_insert_empty_fragments", "enable_ktls",
        "enable_middlebox_compat", "ephemeral_rsa", "ignore_unexpected_eof", "legacy_server_connect",
        "microsoft_big_sslv3_buffer", "microsoft_sess_id_bug", "msie_sslv2_rsa_padding", "netscape_ca_dn_bug",
        "netscape_challenge_bug", "netscape_demo_cipher_change_bug", "netscape_reuse_cipher_change_bug",
        "no_anti_replay", "no_compression", "no_dtls_mask", "no_dtlsv1", "no_dtlsv1_2", "no_encrypt_then_mac",
        "no_extended_master_secret", "no_query_mtu", "no_renegotiation", "no_session_resumption_on_renegotiation",
        "no_ssl_mask", "no_sslv2", "no_sslv3", "no_ticket", "no_tlsv1", "no_tlsv1_1", "no_tlsv1_2", "no_tlsv1_3",
        "pkcs1_check_1", "pkcs1_check_2", "prioritize_chacha", "safari_ecdhe_ecdsa_bug", "single_dh_use",
        "single_ecdh_use", "ssleay_080_client_dh_bug", "sslref2_reuse_cert_type_bug", "tlsext_padding",
        "tls_block_padding_bug", "tls_d5_bug", "tls_rollback_bug",
    )
)  # fmt: skip
"""Values of ``options`` in lower case, as ``stunnel -options`` lists them (5.68 and 5.74)."""

PROTOCOLS = {
    "cifs": True, "connect": True, "imap": True, "ldap": False, "nntp": False, "pgsql": True, "pop3": True,
    "proxy": True, "smtp": True, "socks": True, "capwin": True, "capwinctrl": True,
}  # fmt: skip
"""Protocols that ``protocol`` takes, and whether a server may."""

_FILLED = re.compile(r"\{\{|\{%|<%|\$\{|\$\(|\$[A-Za-z_]|<[A-Za-z][\w .-]*>|__\w+?__|@[A-Z][A-Z0-9_]*@|%\(\w+\)s")
_CONTROL = ("{%", "{#", "<%", "%{", "{{-")


class Line(NamedTuple):
    """One option, or a section's head with an empty ``value``."""

    name: str
    """In lower case; "[" for a section."""
    value: str
    where: Span
    """Of the value, or of the name when there is none."""
    named: Span
    known: bool = True
    fault: str = ""


def lines(source: Source) -> Iterator[Line]:
    """Options and sections; comments and empty lines are left out."""
    at = 0
    for row in source.text.split("\n"):
        line = _split(source, row, at)
        at += len(row) + 1
        if line is not None:
            yield line


def _split(source: Source, row: str, at: int) -> Line | None:
    text = row.strip(" \t\r")
    if not text or text[0] in "#;" or text.startswith(_CONTROL):
        return None
    start = at + len(row) - len(row.lstrip(" \t\r"))
    whole = source.span(start, start + len(text))
    if text[0] == "[":
        name = text[1:-1].strip() if text.endswith("]") else ""
        fault = "" if text.endswith("]") else "a section's name has no closing bracket"
        return Line("[", name, whole, whole, not _FILLED.search(name), fault)
    name, equals, value = text.partition("=")
    name = name.rstrip()
    left = start + len(text) - len(value.lstrip()) if value.strip() else start
    named = source.span(start, start + max(1, len(name)))
    where = source.span(left, start + len(text)) if value.strip() else named
    fault = "" if equals else "no = stands here"
    return Line(name.lower(), value.strip(), where, named, not _FILLED.search(text), fault)


class Loaded(NamedTuple):
    """All lines of a configuration in the order in which stunnel reads them."""

    lines: tuple[Line, ...]
    files: tuple[str, ...]
    unread: tuple[Unread, ...]
    notes: tuple[str, ...]
    templated: bool
    """Lines may be alternatives, or come from elsewhere."""


class _Loader:
    def __init__(self, tree: Tree, main: str) -> None:
        self.tree, self.folder = tree, posixpath.dirname(main)
        self.files: list[str] = []
        self.unread: list[Unread] = []
        self.notes: list[str] = []
        self.templated = False

    def file(self, path: str) -> Iterator[Line]:
        if path in self.files:
            return
        self.files.append(path)
        try:
            source = self.tree.source(path)
        except Unreadable as problem:
            self.unread.append(Unread(Span(path, 1, 1, 2), str(problem), True))
            return
        self.templated = self.templated or any(mark in source.text for mark in ("{%", "{{", "<%", "%{"))
        for line in lines(source):
            if line.name == "include" and not line.fault:
                yield from self.included(line)
            else:
                yield line

    def included(self, line: Line) -> Iterator[Line]:
        folder = place(line.value, HOME, self.folder) if line.known and line.value.startswith("/") else None
        names = self.tree.names(folder) if folder is not None else ()
        if folder is None or not self.tree.exists(folder):
            self.notes.append(f"{line.where}: this folder is not here; what it sets is not known")
            return
        for name in names:
            path = posixpath.join(folder, name)
            if not name.startswith(".") and not self.tree.names(path):
                yield from self.file(path)


def load(tree: Tree, main: str) -> Loaded:
    """A main file with the files of the folders that it includes."""
    loader = _Loader(tree, main)
    found = tuple(loader.file(main))
    return Loaded(found, tuple(loader.files), tuple(loader.unread), tuple(loader.notes), loader.templated)
