"""The proxies of a configuration: what each inherits, which sockets it opens, which servers it passes to.

After sections 4 and 5 of the configuration manual of HAProxy 2.6 and 3.0.
"""

from __future__ import annotations

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.haproxy.binds import VERSIONS, Bind, Methods, bind, methods
from mailpolicy.readers.haproxy.syntax import Line, Section, Word
from mailpolicy.types import Origin, Span, Unread

KEYWORDS = frozenset(
    (
        "acl", "backlog", "balance", "bind", "bind-process", "capture", "clitcpka-cnt", "clitcpka-idle",
        "clitcpka-intvl", "compression", "cookie", "declare", "default-server", "default_backend", "description",
        "disabled", "dispatch", "dynamic-cookie-key", "email-alert", "enabled", "error-log-format", "errorfile",
        "errorfiles", "errorloc", "errorloc302", "errorloc303", "external-check", "filter", "force-persist",
        "force-be-switch", "fullconn", "guid", "hash-balance-factor", "hash-preserve-affinity", "hash-type",
        "http-after-response", "http-check", "http-error", "http-request", "http-response", "http-reuse",
        "http-send-name-header", "id", "ignore-persist", "load-server-state-from-file", "log", "log-format",
        "log-format-sd", "log-steps", "log-tag", "max-keep-alive-queue", "max-session-srv-conns", "maxconn", "mode",
        "monitor", "monitor-net", "monitor-uri", "no", "option", "persist", "quic-initial", "rate-limit", "redirect",
        "retries", "retry-on", "server", "server-state-file-name", "server-template", "source", "srvtcpka-cnt",
        "srvtcpka-idle", "srvtcpka-intvl", "ssl-f-use", "stats", "stick", "stick-table", "tcp-check", "tcp-request",
        "tcp-response", "timeout", "transparent", "unique-id-format", "unique-id-header", "use-fcgi-app",
        "use-server", "use_backend", "usesrc", "default",
    )
)  # fmt: skip
"""First words of lines in proxies, of HAProxy 3.3 and before."""

_GLOBAL = frozenset(
    (
        "anonkey", "busy-polling", "ca-base", "chroot", "close-spread-time", "cluster-secret", "cpu-map", "cpu-policy",
        "cpu-set", "crt-base", "daemon", "default-path", "description", "dns-accept-family", "external-check",
        "fd-hard-limit", "force-cfg-parser-pause", "gid", "grace", "group", "hard-stop-after", "insecure-fork-wanted",
        "insecure-setuid-wanted", "issuers-chain-path", "key-base", "limited-quic", "localpeer", "master-worker",
        "mworker-max-reloads", "nbproc", "nbthread", "no", "node", "noepoll", "noevports", "nogetaddrinfo",
        "nokqueue", "nopoll", "noreuseport", "nosplice", "numa-cpu-mapping", "pidfile", "pp2-never-send-local",
        "prealloc-fd", "presetenv", "program", "quick-exit", "quiet", "resetenv", "set-dumpable", "set-var",
        "set-var-fmt", "setcap", "setenv", "shm-stats-file", "shm-stats-file-max-objects", "spread-checks", "stats",
        "stats-file", "strict-limits", "trace", "uid", "ulimit-n", "unix-bind", "unsetenv", "user",
        "warn-blocked-traffic-after", "zero-warning", "jobs", "debug", "default", "warn-blocked",
    )
)  # fmt: skip
_GLOBAL_PREFIXES = (
    "51degrees-", "deviceatlas-", "expose-", "h1-", "h2-", "harden.", "http", "log", "lua-", "max", "no-",
    "ocsp-update.", "profiling.", "server-state-", "ssl-", "thread-", "tune.", "wurfl-", "quic", "acme",
    "stress-", "ot-",
)  # fmt: skip
"""Keywords of global and how families of them begin, of HAProxy 3.3 and before."""

_OPTIONS = frozenset(
    (
        "no-sslv3", "no-tlsv10", "no-tlsv11", "no-tlsv12", "no-tlsv13", "no-tls-tickets", "tls-tickets", "force-sslv3",
        "force-tlsv10", "force-tlsv11", "force-tlsv12", "force-tlsv13", "prefer-client-ciphers", "ssl-min-ver",
        "ssl-max-ver", "strict-sni", "no-strict-sni", "ktls", "no-alpn",
    )
)  # fmt: skip
_MODES = ("tcp", "http", "health", "log", "spop", "haterm")
KEYWORDS_SINCE = (2, 4)
"""Older versions know keywords that are gone since; what they refuse is not said."""
_WITHOUT_NBPROC = (2, 5)
_PROXIES = ("frontend", "listen", "backend")


class Server(NamedTuple):
    """A server line with the default-server lines that hold for it."""

    name: str
    address: Word
    host: str | None
    port: int | None
    """None when it is not written, or not known."""
    fixed_port: bool
    line: Line
    ssl: Word | None
    plain_known: bool
    disabled: bool
    verify: Word | None
    ca: Word | None
    secure_from: tuple[Origin, ...]


class Proxy(NamedTuple):
    """A frontend, listen or backend section with what it inherits."""

    kind: str
    name: str
    where: Span
    mode: Word | None
    mode_known: bool
    disabled: bool
    binds: tuple[tuple[Bind, Methods, Word | None], ...]
    """Each with the global TLS limits and ciphers that held when it was read."""
    servers: tuple[Server, ...]
    targets: tuple[Word, ...]
    """Backends that it names."""
    lines: tuple[Line, ...]
    conditional: bool


class Model(NamedTuple):
    """A whole configuration."""

    proxies: tuple[Proxy, ...]
    refused: tuple[Unread, ...]


class _Options(NamedTuple):
    """Options of a server, from default-server lines on."""

    ssl: Word | None = None
    disabled: bool = False
    verify: Word | None = None
    ca: Word | None = None
    known: bool = True


class _Told(NamedTuple):
    """What a section says that proxies inherit."""

    mode: Word | None
    backend: Word | None
    disabled: bool | None
    options: _Options


_NOTHING = _Told(None, None, None, _Options())


class _Builder:
    def __init__(self) -> None:
        self.common = Methods()
        self.ciphers: Word | None = None
        self.defaults: dict[str, _Told] = {}
        self.current = _NOTHING
        self.refused: list[Unread] = []
        self.checks = self.alone = self.verifies = True
        self.nbproc: Span | None = None

    def refuse(self, where: Span, why: str) -> None:
        if self.checks:
            self.refused.append(Unread(where, f"{why}: haproxy does not start"))

    def take_global(self, section: Section) -> None:
        for line in section.lines:
            word = line.words[0].text
            if (
                not (word in _GLOBAL or word.startswith(_GLOBAL_PREFIXES))
                and line.words[0].known
                and not line.conditional
            ):
                self.refuse(line.words[0].where, f"global has no keyword {word[:40]}")
            if word == "ssl-default-bind-options":
                self.options(line)
                common = methods(line.words[1:], self.common)
                self.common = common if not line.conditional else common._replace(known=False)
            elif word == "ssl-server-verify":
                self.verifies = False
            elif word == "nbproc" and not line.conditional:
                self.nbproc = line.words[0].where
            elif word == "ssl-default-bind-ciphers" and len(line.words) > 1:
                self.ciphers = line.words[1]
            elif word == "tune.ssl.default-dh-param" and len(line.words) > 1:
                self.common = self.common._replace(group=line.words[1])
            elif word == "ssl-dh-param-file" and len(line.words) > 1:
                self.common = self.common._replace(group_file=line.words[1])
            elif word == "ssl-security-level" and len(line.words) > 1 and line.words[1].text in tuple("012345"):
                self.common = self.common._replace(level=(int(line.words[1].text), line.words[1].where))

    def options(self, line: Line) -> None:
        skip = False
        for word in line.words[1:]:
            if not word.known:
                return
            if not skip and word.text not in _OPTIONS and not line.conditional:
                self.refuse(word.where, f"ssl-default-bind-options has no {word.text[:40]}")
            if skip and word.text not in VERSIONS:
                self.refuse(word.where, f"{word.text[:40]} is no version that haproxy knows: {', '.join(VERSIONS)}")
            skip = not skip and word.text in ("ssl-min-ver", "ssl-max-ver")

    def take_defaults(self, section: Section) -> None:
        self.current = _told(section, self.inherited(section))
        if section.name and section.name != "from":
            self.defaults[section.name] = self.current

    def inherited(self, section: Section) -> _Told:
        """What the defaults section of a section says: the one that it names, else the last one above."""
        parent = section.head.after("from")
        if parent is None:
            return self.current if section.kind != "defaults" else _NOTHING
        if parent.text not in self.defaults and parent.known and self.alone:
            self.refuse(parent.where, f"there is no defaults section {parent.text[:60]}")
        return self.defaults.get(parent.text, _NOTHING)

    def proxy(self, section: Section) -> Proxy:
        before = self.inherited(section)
        self.check(section)
        told = _told(section, before)
        binds = [(bind(line), self.common, self.ciphers) for line in section.all("bind")]
        targets = [line.words[1] for line in section.all("use_backend") if len(line.words) > 1]
        if told.backend is not None and section.kind != "backend":
            targets.append(told.backend)
        return Proxy(
            section.kind, section.name, section.where, told.mode, told.mode is None or told.mode.known,
            bool(told.disabled), tuple(binds), _servers(section, before.options), tuple(targets), section.lines,
            section.head.conditional,
        )  # fmt: skip

    def check(self, section: Section) -> None:
        """What haproxy refuses in a proxy."""
        head = section.head.words
        if len(head) < 2:
            self.refuse(head[0].where, f"{section.kind} without a name")
        elif head[1].known and any(c in " /()[]{},;" for c in head[1].text):
            self.refuse(head[1].where, f"a character of {head[1].text[:60]} is not permitted in a name")
        elif len(head) > 2 and head[2].text != "from" and head[2].known and section.kind != "backend":
            self.refuse(head[2].where, f"a {section.kind} line takes no address; bind does")
        for line in section.lines:
            word = line.words[0]
            if line.unclosed:
                self.refuse(line.unclosed, "a quote is not closed")
            elif (
                word.text == "mode" and len(line.words) > 1 and line.words[1].known and line.words[1].text not in _MODES
            ):
                self.refuse(line.words[1].where, f"there is no mode {line.words[1].text[:40]}")
            elif word.text == "server" and len(line.words) < 3:
                self.refuse(word.where, "a server needs a name and an address")
            elif word.text not in KEYWORDS and word.known and not line.conditional:
                self.refuse(word.where, f"{section.kind} has no keyword {word.text[:40]}")


def _over(options: _Options, words: tuple[Word, ...]) -> _Options:
    """Options with those of a further line on top."""
    ssl, disabled, verify, ca, known = options
    for index, word in enumerate(words):
        known = known and word.known
        if word.text in ("ssl", "no-ssl"):
            ssl = word if word.text == "ssl" else None
        elif word.text in ("disabled", "enabled"):
            disabled = word.text == "disabled"
        elif word.text == "verify" and index + 1 < len(words):
            verify = words[index + 1]
        elif word.text == "ca-file" and index + 1 < len(words):
            ca = words[index + 1]
    return _Options(ssl, disabled, verify, ca, known)


def _told(section: Section, before: _Told) -> _Told:
    """What a section says on top of its defaults."""
    mode, backend, disabled, options = before
    for line in section.lines:
        keyword = line.words[0].text
        if keyword == "mode" and len(line.words) > 1:
            mode = line.words[1]
        elif keyword == "default_backend" and len(line.words) > 1:
            backend = line.words[1]
        elif keyword in ("disabled", "enabled"):
            disabled = keyword == "disabled"
        elif keyword == "default-server" and section.kind == "defaults":
            options = _over(options, line.words[1:])
    return _Told(mode, backend, disabled, options)


def _servers(section: Section, options: _Options) -> tuple[Server, ...]:
    found: list[Server] = []
    for line in section.lines:
        keyword = line.words[0].text
        if keyword == "default-server":
            options = _over(options, line.words[1:])
        elif keyword in ("server", "server-template") and len(line.words) > 2:
            found.append(_server(line, options))
    return tuple(found)


def _server(line: Line, common: _Options) -> Server:
    at = 3 if line.words[0].text == "server-template" and len(line.words) > 3 else 2
    address = line.words[at]
    ssl, disabled, verify, ca, known = _over(common, line.words[at + 1 :])
    host, port, fixed = _target(address)
    chain = (Origin("sets", (ssl or address).where),)
    return Server(line.words[1].text, address, host, port, fixed, line, ssl, known, disabled, verify, ca, chain)


def _target(address: Word) -> tuple[str | None, int | None, bool]:
    """Host and port of a server, and whether it has a port of its own."""
    text = address.text
    if text.startswith(("/", "unix@", "abns@", "fd@", "sockpair@", "abnsz@")):
        return "/", None, True
    for prefix in ("ipv4@", "ipv6@", "tcp4@", "tcp6@", "tcp@"):
        text = text.removeprefix(prefix)
    host, colon, port = text.rpartition(":")
    if text.count(":") > 1 and not text.startswith("[") and not (port.isdecimal() and host.count(":") > 1):
        host, colon, port = text, "", ""
    elif not colon:
        host, port = text, ""
    number = int(port) if port.isdecimal() and port.isascii() and len(port) < 6 else None
    if number is not None and not 0 < number < 65536:
        number = None
    fixed = bool(port) and not port.startswith(("+", "-"))
    known = address.known or (host and not any(mark in host for mark in "${<%@"))
    host = host.strip("[]")
    asked_for = host in ("", "*", "0.0.0.0", "::")  # the address that the client connected to
    return host if known and not asked_for else None, number, fixed


def build(found: list[Section], fragment: bool, templated: bool, version: tuple[int, ...]) -> Model:
    """All proxies.

    ``fragment``: other files may hold the global, defaults and backend sections. ``templated``: sections may
    be alternatives, or come from elsewhere.
    """
    builder = _Builder()
    builder.checks = version >= KEYWORDS_SINCE
    builder.alone = not (fragment or templated)
    if fragment:
        builder.common = Methods(known=False)
    made: list[Proxy] = []
    for section in found:
        if section.kind == "global":
            builder.take_global(section)
        elif section.kind == "defaults":
            builder.take_defaults(section)
        elif section.kind in _PROXIES:
            made.append(builder.proxy(section))
    if builder.nbproc is not None and version >= _WITHOUT_NBPROC:
        builder.refuse(builder.nbproc, "nbproc is gone since HAProxy 2.5")
    if not templated:
        _names(builder, made)
    if not fragment and not templated:
        _targets(builder, made)
        _authorities(builder, made)
    return Model(tuple(made), tuple(builder.refused))


def _names(builder: _Builder, made: list[Proxy]) -> None:
    """Two proxies of one name are refused when both take connections, or both have servers."""
    seen: dict[tuple[str, str], Proxy] = {}
    for proxy in made:
        for side in {"frontend": ("f",), "backend": ("b",), "listen": ("f", "b")}[proxy.kind]:
            if (side, proxy.name) in seen and proxy.name and not proxy.conditional:
                builder.refuse(proxy.where, f"there are two proxies {proxy.name[:60]}")
                break
            seen[side, proxy.name] = proxy


def _authorities(builder: _Builder, made: list[Proxy]) -> None:
    """A server's certificate is verified unless the opposite is said, and nothing is without an authority."""
    for server in (server for proxy in made if not proxy.disabled for server in proxy.servers):
        if server.ssl is None or server.ca is not None or not server.plain_known or server.line.conditional:
            continue
        if server.verify.text == "required" if server.verify else builder.verifies:
            builder.refuse(
                (server.verify or server.ssl).where, "the server's certificate is to be verified without ca-file"
            )


def _targets(builder: _Builder, made: list[Proxy]) -> None:
    names = {proxy.name for proxy in made if proxy.kind != "frontend"}
    for proxy in made:
        for target in proxy.targets:
            dynamic = not target.known or "%" in target.text
            if target.text not in names and not dynamic and not proxy.disabled:
                builder.refuse(target.where, f"there is no backend {target.text[:60]}")
