"""swaks, a client for tests of SMTP: ``~/.swaksrc`` and files that ``--config`` names.

After ``load_args``, ``process_args`` and ``sendmail`` of swaks 20201014.0 and 20240103.0, and what the first was seen
to do. The lines become one list of arguments for Getopt::Long: an empty line is the argument ``--``, which ends it, and
a blank before an option makes it none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mailpolicy.facts import begun
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import is_placeholder, secret
from mailpolicy.placeholders import filled
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Span, Unread, Unreadable, Version, unreadable

SOFTWARE = "swaks"
FILES = "`.swaksrc`, `*.swaksrc`, `*.swaks`"
PROVEN = "20201014: run and read in source; 20240103: read in source"
LIMITS = "What the command line and `SWAKS_OPT_` variables add, `--pipe`, and what `~/.netrc` holds."
NEWEST = (20240103, 0)
_NO_ARGUMENT = (
    "4 6 dump-as-body-shows-password,dabsp suppress-data,n auth-plaintext,apt support tls tls-optional,tlso "
    "tls-optional-strict,tlsos tls-on-connect,tlsc tls-verify tls-verify-ca tls-verify-host no-strip-from,nsf "
    "no-hints,nth no-send-hints,nsh no-receive-hints,nrh no-info-hints,nih hide-receive,hr hide-send,hs "
    "protect-prompt,pp hide-informational,hi hide-all,ha version help no-data-fixup,ndf show-raw-text,raw "
    "dump-mail pipeline prdr force-getpwuid xclient-delim xclient-optional xclient-optional-strict "
    "xclient-before-starttls xclient-no-verify"
)
_NEEDED = (
    "protocol quit-after,quit,q drop-after,drop,da drop-after-send,das auth-map,am auth-extra,ae tls-cert "
    "tls-chain tls-key tls-protocol,tlsp tls-cipher tls-sni tls-verify-target tls-ca-path output,output-file "
    "output-file-stdout output-file-stderr"
)
_OPTIONAL = (
    "config from,f to,t cc bcc helo,ehlo,lhlo,h server,s copy-routing port,p data,d dump-as-body,dab timeout "
    "auth,a auth-user,au auth-password,ap auth-hide-password,ahp auth-optional,ao auth-optional-strict,aos "
    "local-interface,li local-port,lport,lp tls-get-peer-cert tls-get-peer-chain silent,S show-time-lapse,stl "
    "pipe socket body attach-name attach-type attach attach-body add-header,ah header dump xclient xclient-name "
    "xclient-addr xclient-port xclient-proto xclient-destaddr xclient-destport xclient-helo xclient-login "
    "xclient-reverse-name proxy proxy-version proxy-family proxy-command proxy-protocol proxy-source "
    "proxy-source-port proxy-dest proxy-dest-port"
)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_LATER = _set("cc bcc tls-chain tls-get-peer-chain tls-verify-ca tls-verify-host tls-verify-target")
_PROTOCOLS = {
    "smtp": ("smtp", "", False), "ssmtp": ("esmtp", "", True), "ssmtpa": ("esmtp", "a", True),
    "smtps": ("smtp", "", True), "esmtp": ("esmtp", "", False), "esmtpa": ("esmtp", "a", False),
    "esmtps": ("esmtp", "s", False), "esmtpsa": ("esmtp", "sa", False), "lmtp": ("lmtp", "", False),
    "lmtpa": ("lmtp", "a", False), "lmtps": ("lmtp", "s", False), "lmtpsa": ("lmtp", "sa", False),
}  # fmt: skip
"""What ``--protocol`` asks for: the protocol, login and STARTTLS, TLS from the first byte."""
_IN_CLEAR = frozenset(("PLAIN", "LOGIN"))
_SERVICES = {"smtp": 25, "submission": 587, "submissions": 465, "smtps": 465, "ssmtp": 465, "lmtp": 24, "mail": 25}
_FLOORS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3")
_AUTH = ("auth", "auth-optional-strict", "auth-optional", "auth-user", "auth-password")
_HEADER = re.compile(r"-?-h(?:eader)?-[^:]+:?")


class Option(NamedTuple):
    """An option that holds. ``text`` is None where a template decides; empty without an argument."""

    text: str | None
    where: Span


class Word(NamedTuple):
    """One element of the list of arguments."""

    text: str
    where: Span


Options = dict[str, Option]


def _table(version: tuple[int, ...]) -> dict[str, tuple[str, str]]:
    """Every name of an option -> its first name and what it takes: nothing, ``=`` or ``:`` (an optional argument)."""
    table: dict[str, tuple[str, str]] = {}
    for takes, listed in (("", _NO_ARGUMENT), ("=", _NEEDED), (":", _OPTIONAL)):
        for names in listed.split():
            first, *others = names.split(",")
            if first not in _LATER or version >= NEWEST:
                table |= dict.fromkeys((first, *others), (first, takes))
                table |= {f"no-{name}": (f"no {first}", "") for name in (first, *others)}
    return table


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself: swaks reads one."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether every line is an option of swaks, with a server or recipient and two more."""
    options, refused = _parsed(Source("", text[:20_000]), NEWEST)
    return refused is None and len(options) >= 3 and bool({"server", "to"} & set(options))


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The session of one file, if it names a server or a recipient, and its password."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable((path,), str(problem))
    if not source.text.strip():
        return unreadable((path,), "is empty")
    numbers = version.numbers if version else NEWEST
    options, refused = _parsed(source, numbers)
    if not options and refused is not None:
        return unreadable((path,), "holds no option of swaks", refused.where)
    unread = (refused,) if refused else ()
    session = Session(options, numbers, source.start(), path, refused)
    facts = [fact for fact in (session.fact(), session.secret()) if fact is not None]
    notes = () if session.routed else (f"{path}: names no server: the command line does",)
    return Inventory(tuple(facts), unread, (path,), notes)


def _words(source: Source) -> list[Word]:
    """The arguments that the lines come to; only ``#`` in the first column begins a comment."""
    words: list[Word] = []
    at = 0
    for line in source.text.removesuffix("\n").split("\n"):
        row, start = line.removesuffix("\r"), at
        at += len(line) + 1
        if row.startswith("#"):
            continue
        dashes = "" if row.startswith("-") else "--"
        option, blank, argument = _halves(row)
        end = start + len(option)
        where = source.span(start, max(end, start + 1))
        name, equals, value = option.partition("=")
        if equals and name.strip("-"):
            words.append(Word(dashes + name, where))
            words.append(Word(value, source.span(end - len(value), end)))
        else:
            words.append(Word(dashes + option, where))
        if blank:
            left = end + len(blank)
            words.append(Word(argument, source.span(left, left + len(argument)) if argument else where))
    return words


def _halves(row: str) -> tuple[str, str, str]:
    found = re.search(r"\s", row)
    return (row, "", "") if found is None else (row[: found.start()], found[0], row[found.end() :])


def _parsed(source: Source, version: tuple[int, ...]) -> tuple[Options, Unread | None]:
    """The options that hold, and the first thing for which swaks ends before it connects."""
    table, words = _table(version), _words(source)
    options: Options = {}
    refused: Unread | None = None
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        why, name, takes = _option(word.text, table)
        argument = None
        if not why and takes and at < len(words) and (takes == "=" or not words[at].text.startswith("-")):
            argument = words[at]
            at += 1
        elif not why and takes == "=":
            why = "the option needs an argument"
        if word.text == "--" and at == len(words):
            break
        if why:
            refused = refused or Unread(word.where, f"swaks refuses the file: {why}")
        elif name.startswith("no "):
            options.pop(name[3:], None)
        else:
            text = argument.text if argument else ""
            options.pop(name, None)
            options[name] = Option(None if filled(text) else text, argument.where if argument else word.where)
    return options, refused


def _option(text: str, table: Mapping[str, tuple[str, str]]) -> tuple[str, str, str]:
    """Why an argument is no option, or else its first name and what it takes. Names may be cut where that is clear."""
    if not text.startswith("-") or text == "-":
        return "this belongs to no option", "", ""
    if text == "--":
        return "an empty line, or a blank before an option, ends the options", "", ""
    if _HEADER.fullmatch(text):
        return "", "header", ":"
    name = text[2:] if text.startswith("--") else text[1:]
    if name == "g":
        return "", "data", ""
    if name in table:
        return ("", *table[name])
    meant = {full for word, full in table.items() if word.startswith(name)}
    if len(meant) == 1:
        return ("", *meant.pop())
    return "this option is " + ("ambiguous" if meant else "unknown"), "", ""


class Session:
    """The session that the options of a file open."""

    def __init__(
        self, options: Options, version: tuple[int, ...], start: Span, path: str, refused: Unread | None
    ) -> None:
        self.options, self.version, self.start, self.path, self.refused = options, version, start, path, refused
        said = self.text("protocol", "esmtp")
        self.asked = _PROTOCOLS.get((said or "esmtp").lower())

    @property
    def routed(self) -> bool:
        """Whether the file says where to connect to."""
        return any(name in self.options for name in ("server", "socket", "pipe", "to", "copy-routing"))

    def text(self, name: str, default: str = "") -> str | None:
        option = self.options.get(name)
        return default if option is None else option.text

    def by(self, *names: str) -> tuple[Origin, ...]:
        """Who set some options; the default where none is set."""
        found = tuple(Origin("sets", self.options[name].where) for name in names if name in self.options)
        return found or (Origin("default", None, f"{SOFTWARE} {'.'.join(map(str, self.version))}"),)

    @property
    def tls(self) -> str:
        if "tls-on-connect" in self.options:
            return "implicit"
        if "tls-optional" in self.options or "tls-optional-strict" in self.options:
            return "opportunistic"
        if "tls" in self.options:
            return "required"
        _, asks, first = self.asked or ("esmtp", "", False)
        return "implicit" if first else "required" if "s" in asks else "none"

    def fact(self) -> Fact | None:
        """The connection; None where the file does not say where to."""
        if not self.routed or "pipe" in self.options:
            return None
        modes = ("tls", "tls-optional", "tls-optional-strict", "tls-on-connect", "protocol")
        told = {"tls": Told(self.tls, self.by(*modes)), **self.place(), **self.login()}
        told["verify"] = self.verify()
        floor = self.floor()
        if floor and self.tls != "none":
            told["tls_min"] = Told(floor, self.by("tls-protocol"))
        told["broken"] = self.broken()
        where = next((self.options[name].where for name in ("server", "socket") if name in self.options), self.start)
        return connection(begun("connection", where, SOFTWARE, ".".join(map(str, self.version)), self.path), told)

    def place(self) -> dict[str, Told]:
        lmtp = self.asked is not None and self.asked[0] == "lmtp"
        told = {"account": Told("default"), "protocol": Told("lmtp" if lmtp else "smtp", self.by("protocol"))}
        if "socket" in self.options:
            told["host"], told["role"] = maybe(self.text("socket") or None, self.by("socket")), Told("submission")
            return told
        host, port = _server(self.text("server") or "")
        stated = self.by("server") if port else self.by("port")
        port = port or self.text("port") or ""
        if self.text("server") is None or self.text("port") is None:
            told["port"] = unknown(stated)
        elif port:
            number = int(port) if port.isdigit() and len(port) < 6 and 0 < int(port) < 65536 else _SERVICES.get(port)
            told["port"] = maybe(number, stated)
        else:
            default = 24 if lmtp else 465 if self.tls == "implicit" else 25
            told["port"] = Told(default, self.by("tls-on-connect", "protocol"))
        told["port_stated"] = Told(bool(port) or "port" in self.options, stated)
        told["role"] = Told("relay" if lmtp else "submission", self.by("protocol"))
        if "server" in self.options:
            told["host"] = maybe(host or None, self.by("server"))
        else:
            route = "copy-routing" if "copy-routing" in self.options else "to"
            domain = (self.text(route) or "").split(",")[0].rpartition("@")[2].strip("<> ")
            told["host"], told["mx_lookup"] = maybe(domain or None, self.by(route)), Told(True, self.by(route))
            told["role"] = Told("relay", self.by(route))
        return told

    def login(self) -> dict[str, Told]:
        given = [name for name in _AUTH if name in self.options]
        asked = self.asked is not None and "a" in self.asked[1]
        by = self.by(*(given or ["protocol"]))
        if not given and not asked:
            return {"authenticates": Told(False, self.by("auth"))}
        named = next((name for name in _AUTH[:3] if self.text(name) != ""), None)
        listed = self.text(named) if named else ""
        if listed is None:
            mechanisms: tuple[str, ...] | None = None
        else:
            mechanisms = tuple(
                word.strip().upper() for word in listed.split(",") if word.strip().upper() not in ("", "ANY")
            )
        told = {
            "authenticates": Told(True, by),
            "mechanisms": maybe(mechanisms, self.by(*([named] if named else given))),
        }
        told["credential"] = self.credential()
        readable = mechanisms is not None and (not mechanisms or not _IN_CLEAR.isdisjoint(self.aliased(mechanisms)))
        if self.tls in ("implicit", "required") or (mechanisms is not None and not readable):
            told["cleartext_credentials"] = Told(False, self.by("tls", "tls-on-connect", "protocol", *_AUTH[:1]))
        else:
            told["cleartext_credentials"] = maybe(True if readable else None, told["mechanisms"].by)
        return told

    def aliased(self, mechanisms: Sequence[str]) -> set[str]:
        """Mechanisms under the names of those that ``--auth-map`` makes them."""
        pairs = [pair.upper().partition("=") for pair in re.split(r"\s*,\s*", self.text("auth-map") or "")]
        names = {alias: base for alias, _, base in pairs}
        return {names.get(mechanism, mechanism) for mechanism in mechanisms}

    def credential(self) -> Told:
        password = self.text("auth-password")
        if password is None or (password and is_placeholder(password)):
            return unknown(self.by("auth-password"))
        return Told("literal" if password else "prompt", self.by("auth-password"))

    def verify(self) -> Told:
        """``--tls-verify`` checked the chain alone until 20201014; later the name too."""
        if self.tls == "none":
            return Told("none", self.by("tls"))
        chain = "tls-verify" in self.options or "tls-verify-ca" in self.options
        name = "tls-verify-host" in self.options or ("tls-verify" in self.options and self.version >= NEWEST)
        how = ("ca" if name else "ca-noname") if chain else "name-only" if name else "none"
        return Told(how, self.by("tls-verify", "tls-verify-ca", "tls-verify-host"))

    def floor(self) -> str | None:
        """The lowest protocol version that ``--tls-protocol`` leaves."""
        listed = [word.strip() for word in (self.text("tls-protocol") or "").split(",") if word.strip()]
        refused = {word[3:].lower() for word in listed if word.lower().startswith("no_")}
        wanted = {word.lower() for word in listed if not word.lower().startswith("no_")}
        left = [name for name in _FLOORS if (name.lower() in wanted if wanted else name.lower() not in refused)]
        if not listed or not left:
            return None
        return {"TLSv1": "TLSv1.0"}.get(left[0], left[0].replace("_", "."))

    def broken(self) -> Told:
        if self.refused:
            return Told(self.refused.why, (Origin("sets", self.refused.where),))
        if self.asked is None:
            return Told("swaks knows no such protocol", self.by("protocol"))
        if sum(name in self.options for name in ("server", "socket", "pipe")) > 1:
            return Told("swaks takes one of server, socket and pipe", self.by("server", "socket", "pipe"))
        if self.asked[0] == "smtp" and self.tls in ("required",):
            return Told("protocol SMTP has no EHLO, and so no STARTTLS", self.by("protocol", "tls"))
        optional = "tls-optional" in self.options or "tls-optional-strict" in self.options
        if self.tls == "implicit" and "tls" in self.options and not optional:
            return Told("tls asks for STARTTLS inside of TLS", self.by("tls-on-connect", "tls"))
        return Told(None)

    def secret(self) -> Fact | None:
        """The password that stands in the file; ``<>`` is an empty one."""
        option = self.options.get("auth-password")
        if option is None or option.text in (None, "<>"):
            return None
        version = ".".join(map(str, self.version))
        return secret(SOFTWARE, version, self.path, "auth-password", option.text or "", option.where)


def _server(text: str) -> tuple[str, str]:
    """Host and port of ``--server``; a port there wins over ``--port``."""
    for pattern in (r"\[([^\]]+)\]:(.*)", r"([^:]+):([^:]+)", r"\[?([^/\]]*)\]?/(\w+)"):
        found = re.fullmatch(pattern, text)
        if found is not None:
            return found[1], found[2]
    return (text[1:-1], "") if re.fullmatch(r"\[[^\]]+\]", text) else (text, "")
