"""curl, where it speaks SMTP, IMAP and POP3: ``.curlrc`` and files of ``--config`` that name such a URL.

After the tool and libcurl of 7.88.1 and 8.14.1, and what 7.88.1 was seen to do. A file without a URL of mail is none of
this format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from mailpolicy.facts import begun
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import is_placeholder, secret
from mailpolicy.readers.curl.files import NETRC, Netrc, load, netrc
from mailpolicy.readers.curl.options import STRICT, Setting, parse
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Unreadable, Version, unreadable

SOFTWARE = "curl"
FILES = "`.curlrc` and other configuration files of curl that name a URL of mail"
PROVEN = "7.88.1: run and read in source; 8.14.1: read in source"
LIMITS = "What the command line adds, and a `.netrc` or file of `config` that does not lie beside the file."
NEWEST = (8, 14, 1)
_PORTS = {"smtp": (25, 465), "imap": (143, 993), "pop3": (110, 995)}
_URL = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?:(?P<login>[^@/?#]*)@)?"
    r"(?P<host>\[[^\]]*\]|[^:/?#@\[\]]*)(?::(?P<port>[0-9]*))?(?=[/?#]|$)"
)
_SCHEME = re.compile(r"(smtp|imap|pop3)(s?)", re.IGNORECASE)
_GUESSED = re.compile(r"(smtp|imap|pop3)\.", re.IGNORECASE)
_MAIL = re.compile(r"(?i)\b(?:smtp|imap|pop3)(?:s?://|\.)|\bproto-default\b")
_CONNECT_TO = re.compile(r"(\[[^\]]*\]|[^:]*):([0-9]*):(\[[^\]]*\]|[^:]*):([0-9]*)")
_IN_CLEAR = frozenset(("PLAIN", "LOGIN", "+LOGIN", "XOAUTH2", "OAUTHBEARER", "*"))


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_MECHANISMS = _set(
    "LOGIN PLAIN CRAM-MD5 DIGEST-MD5 GSSAPI EXTERNAL NTLM XOAUTH2 OAUTHBEARER SCRAM-SHA-1 SCRAM-SHA-256 *"
)
_FLOORS = {"tlsv1": "TLSv1.0", "tlsv1.1": "TLSv1.1", "tlsv1.2": "TLSv1.2", "tlsv1.3": "TLSv1.3"}
_KEPT, _MOST = 6, 100
"""Settings of one name that a chain of origins shows, and those of ``connect-to`` that are looked at."""
_SOCKETS = ("unix-socket", "abstract-unix-socket")
_ROUTES = ("resolve", *_SOCKETS)
_BY_FLAG = {
    "basic": ("PLAIN", "LOGIN"), "digest": ("DIGEST-MD5",), "ntlm": ("NTLM",), "negotiate": ("GSSAPI",),
    "oauth2-bearer": ("OAUTHBEARER", "XOAUTH2"),
}  # fmt: skip
"""Methods of HTTP and what they allow of SASL (``Curl_sasl_init``)."""
_SECRETS = ("user", "oauth2-bearer", "url")


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether a text is a configuration of curl with a URL of mail: most of its lines are options."""
    if not _MAIL.search(text):
        return False
    read = parse(Source("", text[:200_000]), (7, 88, 1))
    default = next((one.text or "" for one in reversed(read.settings) if one.name == "proto-default"), "")
    mail = any(_target(one, default) for one in read.settings if one.name == "url")
    return mail and len(read.unread) * 2 < len(read.settings)


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The sessions of one file as connections, and its passwords."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable((path,), str(problem))
    numbers = version.numbers if version else NEWEST
    found = load(tree, source, numbers)
    facts: list[Fact] = []
    for operation in _operations(found.settings):
        default, logins = operation.last("proto-default"), netrc(tree, path, operation.settings)
        for one in operation.named.get("url", ()):
            target = _target(one, (default.text or "") if default else "")
            if target is not None:
                facts.append(_fact(operation, target, numbers, path, logins))
    if not facts and not found.unread:
        return Inventory(notes=(f"{path}: names no URL of mail",))
    facts += [fact for one in found.settings for fact in _secrets(one, found.sources[one.where.file], numbers, path)]
    return Inventory(tuple(facts), found.unread, tuple(found.sources))


class Target(NamedTuple):
    """Where a URL leads to; ``host`` is None where a template decides."""

    protocol: str
    first: bool
    """TLS from the first byte."""
    host: str | None
    port: int | None
    login: str
    """User, options and password, as the URL has them."""
    item: bool
    """A path follows: the message of POP3."""
    setting: Setting


class Operation:
    """What holds for the URLs between one ``next`` and another."""

    def __init__(self, settings: Sequence[Setting]) -> None:
        self.settings = tuple(settings)
        self.named: dict[str, list[Setting]] = {}
        self.places = {id(one): at for at, one in enumerate(self.settings)}
        for one in self.settings:
            self.named.setdefault(one.name, []).append(one)
        self.allowed = self._allowed()

    def chain(self, *names: str) -> list[Setting]:
        """The settings of some names, oldest first; of each the last few."""
        found = [one for name in names for one in self.named.get(name, ())[-_KEPT:]]
        return sorted(found, key=lambda one: self.places[id(one)])

    def last(self, *names: str) -> Setting | None:
        """The last setting of one of some names."""
        return next(reversed(self.chain(*names)), None)

    def on(self, name: str) -> bool:
        """Whether a switch is on."""
        one = self.last(name)
        return one is not None and one.text != "no"

    def by(self, *names: str) -> tuple[Origin, ...]:
        """Who set some options; the program's default where none is set."""
        origins = tuple(Origin("overrides" if i else "sets", one.where) for i, one in enumerate(self.chain(*names)))
        return origins or (Origin("default", None, SOFTWARE),)

    def _allowed(self) -> tuple[str, ...]:
        """The mechanisms that switches of HTTP leave; () for all, which ``basic`` alone does not change."""
        flags: dict[str, bool] = {}
        for one in self.settings:
            if one.name == "anyauth":
                flags = dict.fromkeys(_BY_FLAG, True)
            elif one.name in _BY_FLAG:
                flags[one.name] = one.text != "no"
        on = [name for name, is_on in flags.items() if is_on]
        return () if on in ([], ["basic"]) else tuple(word for name in on for word in _BY_FLAG[name])


def _operations(settings: Sequence[Setting]) -> Iterator[Operation]:
    held: list[Setting] = []
    for one in settings:
        if one.name == "next" and any(setting.name == "url" for setting in held):
            yield Operation(held)
            held = []
        elif one.name != "next":
            held.append(one)
    yield Operation(held)


def _target(setting: Setting, default: str) -> Target | None:
    """The target of a URL of mail. Without a scheme curl takes the default, or guesses by the host's first label."""
    if setting.text is None:
        return None
    found = _URL.match(setting.text)
    if found is None:
        return None
    guessed = _GUESSED.match(found["host"])
    scheme = _SCHEME.fullmatch(found["scheme"] or default or (guessed[1] if guessed else ""))
    if scheme is None:
        return None
    protocol = scheme[1].lower()
    first = bool(scheme[2])
    host = found["host"].strip("[]")
    known = host and "{" not in host
    port = int(found["port"]) if found["port"] and len(found["port"]) < 6 else None
    if port is not None and not 0 < port < 65536:
        port = None
    item = bool(setting.text[found.end() :].strip("/"))
    return Target(protocol, first, host if known else None, port, found["login"] or "", item, setting)


def _fact(operation: Operation, target: Target, version: tuple[int, ...], path: str, logins: Netrc) -> Fact:
    by = (Origin("sets", target.setting.where),)
    smtp = target.protocol == "smtp"
    told = {
        "account": Told("default"),
        "protocol": Told(target.protocol, by),
        "role": Told("submission" if smtp else "access", by),
        "host": maybe(target.host, by),
        "port": Told(target.port or _PORTS[target.protocol][target.first], by),
        "port_stated": Told(target.port is not None, by),
    }
    told |= _route(operation, target)
    told |= _security(operation, target, by)
    told |= _login(operation, target, by, logins.holds(target.host))
    told["broken"] = _broken(told, target, version)
    if told["broken"].value and told["authenticates"].value:
        told["cleartext_credentials"] = Told(False, told["broken"].by)
    told |= _removes(operation, target, version)
    user = _user(operation, target)
    draft = begun("connection", target.setting.where, SOFTWARE, ".".join(map(str, version)), path)
    return connection(draft, told, user if not smtp else None)


def _route(operation: Operation, target: Target) -> dict[str, Told]:
    """Where curl connects to instead of what the URL says: by ``connect-to`` the first that fits."""
    if operation.last(*_ROUTES) is not None:
        names = ("host", "scope") if operation.last(*_SOCKETS) is None else ("host", "port", "scope")
        return {name: unknown(operation.by(*_ROUTES)) for name in names}
    port = target.port or _PORTS[target.protocol][target.first]
    for one in operation.named.get("connect-to", ())[:_MOST]:
        by = (Origin("sets", one.where),)
        found = _CONNECT_TO.fullmatch(one.text or "")
        if found is None or target.host is None:
            return {name: unknown(by) for name in ("host", "port", "scope")}
        if found[1].strip("[]").lower() in ("", target.host.lower()) and found[2] in ("", str(port)):
            told = {"host": Told(found[3].strip("[]"), by)} if found[3] else {}
            return told | ({"port": maybe(int(found[4][:6]) or None, by)} if found[4] else {})
    return {}


def _removes(operation: Operation, target: Target, version: tuple[int, ...]) -> dict[str, Told]:
    """What happens to mail on the server. Before 8.10 curl waits in vain for the text that DELE has not."""
    request = operation.last("request")
    words = ((request.text or "") if request else "").upper().split()
    if target.protocol == "pop3":
        ends = operation.on("head") or version >= STRICT or (operation.on("list-only") and target.item)
        deletes = "DELE" in words and ends and (target.item or len(words) > 1)
        return {"deletes_on_server": Told(deletes, operation.by("request", "head", "list-only"))}
    return {"expunges": Told("EXPUNGE" in words, operation.by("request"))} if target.protocol == "imap" else {}


def _broken(told: dict[str, Told], target: Target, version: tuple[int, ...]) -> Told:
    """A login method that curl does not know ends the session before the login."""
    mechanisms = told.get("mechanisms", Told(()))
    own = {"pop3": "+APOP", "imap": "+LOGIN" if version >= STRICT else ""}.get(target.protocol, "")
    for word in mechanisms.value if isinstance(mechanisms.value, tuple) else ():
        if word not in _MECHANISMS and word != own:
            return Told(f"curl knows no AUTH={word} here", mechanisms.by)
    return Told(None)


def _security(operation: Operation, target: Target, by: tuple[Origin, ...]) -> dict[str, Told]:
    """``ssl`` goes on in clear without STARTTLS; ``ftp-ssl-control`` is for mail what ``ssl-reqd`` is."""
    if target.first:
        told = {"tls": Told("implicit", by)}
    elif operation.on("ssl-reqd"):
        told = {"tls": Told("required", operation.by("ssl-reqd"))}
    elif operation.on("ssl"):
        told = {"tls": Told("opportunistic", operation.by("ssl"))}
    elif operation.on("ftp-ssl-control"):
        told = {"tls": Told("required", operation.by("ftp-ssl-control"))}
    else:
        return {"tls": Told("none", (*by, *(origin for origin in operation.by("ssl", "ssl-reqd") if origin.where)))}
    if operation.last("pinnedpubkey") is not None:
        told["verify"] = Told("fingerprint", operation.by("pinnedpubkey"))
    else:
        told["verify"] = Told("none" if operation.on("insecure") else "ca", operation.by("insecure"))
    floor = operation.last(*_FLOORS)
    if floor is not None:
        told["tls_min"] = Told(_FLOORS[floor.name], operation.by(*_FLOORS))
    return told


def _parts(login: str) -> tuple[str, str, str]:
    """User, options and password of a URL."""
    name, _, password = login.partition(":")
    user, _, options = name.partition(";")
    return unquote(user), options, unquote(password)


def _user(operation: Operation, target: Target) -> Told | None:
    """The login name."""
    option = operation.last("user")
    if option is not None:
        return Told(option.text.partition(":")[0], operation.by("user")) if option.text else None
    user = _parts(target.login)[0]
    return Told(user, (Origin("sets", target.setting.where),)) if user else None


class Methods(NamedTuple):
    """The login methods that are wanted; none for any. ``words`` is None where a template decides."""

    words: tuple[str, ...] | None
    by: tuple[Origin, ...]
    external: bool
    """EXTERNAL alone, which needs no user."""


def _methods(operation: Operation, in_url: str, by: tuple[Origin, ...]) -> Methods:
    """Login options of the URL, or else of ``login-options``, beside what switches of HTTP allow."""
    given = operation.last("login-options")
    options = in_url or ((given.text or "") if given else "")
    words = tuple(part[5:].upper() for part in options.split(";") if part.upper().startswith("AUTH="))
    where = by if in_url else operation.by("login-options")
    if operation.allowed and "*" not in words:
        by_switch = operation.by(*_BY_FLAG, "anyauth")
        return Methods((*operation.allowed, *words), (*by_switch, *where) if words else by_switch, external=False)
    unsure = not in_url and given is not None and given.text is None
    return Methods(None if unsure else words, where, words == ("EXTERNAL",))


def _login(operation: Operation, target: Target, by: tuple[Origin, ...], listed: bool | None) -> dict[str, Told]:
    option, bearer = operation.last("user"), operation.last("oauth2-bearer")
    netrc = operation.on("netrc") or operation.on("netrc-optional") or operation.last("netrc-file") is not None
    user, in_url, _ = _parts(target.login)
    methods = _methods(operation, in_url, by)
    nobody = option is None and not user and not methods.external
    if nobody and (not netrc or listed is False):
        return {"authenticates": Told(False, operation.by("user"))}
    who = operation.by("user") if option is not None else by if user else operation.by(*NETRC)
    told = {"authenticates": unknown(who) if nobody and listed is None else Told(True, who)}
    words = methods.words
    told["mechanisms"] = maybe(None if words is None else tuple(w for w in words if w != "*"), methods.by)
    told["credential"] = Told("none", methods.by) if methods.external else _credential(operation, target, bearer, netrc)
    readable = not words or not _IN_CLEAR.isdisjoint(words)
    tls = _security(operation, target, by)["tls"]
    if tls.value in ("implicit", "required") or not readable:
        told["cleartext_credentials"] = Told(False, tls.by if readable else methods.by)
    else:
        sure = words is not None and told["authenticates"].known
        told["cleartext_credentials"] = Told(True, (*who, *tls.by)) if sure else unknown(methods.by)
    return told


def _credential(operation: Operation, target: Target, bearer: Setting | None, netrc: bool) -> Told:
    option = operation.last("user")
    if bearer is not None:
        return maybe(
            "literal" if bearer.text and not is_placeholder(bearer.text) else None, operation.by("oauth2-bearer")
        )
    if option is not None and option.text is None:
        return unknown(operation.by("user"))
    password = option.text.partition(":")[2] if option is not None and option.text else _parts(target.login)[2]
    by = operation.by("user") if option is not None else (Origin("sets", target.setting.where),)
    if password:
        return maybe(None if is_placeholder(password) else "literal", by)
    if netrc:
        return Told("file", operation.by(*NETRC))
    return Told("prompt", by)


def _secrets(one: Setting, source: Source, version: tuple[int, ...], path: str) -> Iterator[Fact]:
    """The password of ``user``, of a URL of mail, and a token."""
    if one.name not in _SECRETS or one.text is None:
        return
    at, text = one.left, one.text
    if one.name == "url":
        found = _URL.match(text) if _target(one, "") else None
        login = found["login"] if found else None
        if not login or ":" not in login:
            return
        at += text.index(login) + login.index(":") + 1
        text = login.partition(":")[2]
    elif one.name == "user":
        name, colon, password = text.partition(":")
        if not colon:
            return
        at, text = at + len(name) + 1, password
    end = min(at + len(text), one.left + one.where.end_column - one.where.column)
    fact = secret(SOFTWARE, ".".join(map(str, version)), path, one.name, text, source.span(at, max(end, at + 1)))
    if fact is not None:
        yield fact
