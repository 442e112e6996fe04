"""Courier: imapd, pop3d and esmtpd with their -ssl and -msa companions, smtpaccess, esmtproutes, authentication files.

After the start scripts and sources of 1.0.16 and 1.4.1 (courier-imap 5.0.13 and 5.2.11) as Debian 12 and 13 build
them, and what their daemons were seen to do.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from mailpolicy.foreign import is_foreign
from mailpolicy.readers.courier import access, listeners, records, routes
from mailpolicy.readers.courier.daemons import DAEMONS, SOFTWARE, Daemon, Program, View
from mailpolicy.readers.courier.shell import HOME, Environment, Value, source
from mailpolicy.tree import Tree, lost, place
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = "courier/: imapd, pop3d, esmtpd, their -ssl and -msa files, smtpaccess, esmtproutes, auth*rc"
PROVEN = "Courier 1.0 and 1.4, run with the same files; esmtproutes from their sources"
LIMITS = "networks narrower than a trusted one"

DEBIAN_12 = (1, 0)
_LOGINS = ("authmysqlrc", "authpgsqlrc", "authldaprc", "ldapaliasrc")
_KINDS = (
    "esmtpauthclient", "esmtproutes", "authdaemonrc", "courierd", "imapd-ssl", "pop3d-ssl", "esmtpd-msa", "esmtpd-ssl",
    "imapd", "pop3d", "esmtpd", *_LOGINS,
)  # fmt: skip
_NAMED = re.compile(rf"(?P<before>(?:.*[._-])?)(?P<kind>{'|'.join(_KINDS)})(?P<after>(?:\..*)?)")
_PROGRAMS = re.compile(r"(?:^|/)(?:s?bin|libexec|init\.d|lib(?:/[^/]+)*/courier[^/]*(?:/(?!etc/)[^/]+)*)/[^/]+$")
"""Where the daemons and their start scripts lie, which bear the names of the files that they read."""
_TELLING = re.compile(
    r"^(IMAPDSTART|IMAPDSSLSTART|IMAPDSTARTTLS|POP3DSTART|POP3DSSLSTART|POP3_STARTTLS|ESMTPDSTART|ESMTPDSSLSTART"
    r"|IMAP_CAPABILITY|COURIERTLS|POP3AUTH|ESMTPAUTH|authmodulelist)=",
    re.MULTILINE,
)
_DEBIAN_PID = re.compile(r"/(?:var/)?run/courier/")


def sniff(text: str) -> bool:
    """Whether a text sets two variables that are Courier's own."""
    return len({found[1] for found in _TELLING.finditer(text[:50_000])}) >= 2


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """The files of a folder with those of its smtpaccess, the names around the usual ones alike."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for path in paths:
        folder = posixpath.dirname(path)
        if posixpath.basename(folder) == "smtpaccess":
            key = (posixpath.dirname(folder), "", "")
        else:
            named = _NAMED.fullmatch(posixpath.basename(path))
            key = (folder, named["before"], named["after"]) if named else (path, "", "")
        found.setdefault(key, []).append(path)
    return [tuple(members) for members in found.values()]


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """Facts of one folder. A file that is missing leaves what it would set unknown."""
    own: dict[str, str] = {}
    notes: list[str] = []
    unread: list[Unread] = []
    for path in paths:
        why = _other(tree, path)
        if isinstance(why, Unread):
            unread.append(why)
        elif why:
            notes.append(f"{path}: {why}")
        else:
            own[_kind(path, tree)] = path
    if not own:
        return Inventory((), tuple(unread), paths, tuple(notes))
    made = _Folder(tree, own, version, paths).inventory()
    files = tuple(dict.fromkeys((*paths, *made.files)))
    return Inventory(made.facts, tuple(dict.fromkeys((*unread, *made.unread))), files, (*notes, *made.notes))


def _kind(path: str, tree: Tree) -> str:
    named = _NAMED.fullmatch(posixpath.basename(path))
    if named:
        return named["kind"]
    if posixpath.basename(posixpath.dirname(path)) == "smtpaccess":
        return "smtpaccess"
    text = tree.source(path).text
    mail = next((kind for kind, mark in (("pop3d", "POP3"), ("esmtpd", "ESMTP")) if mark in text), "imapd")
    return mail + ("-ssl" if "SSLPORT=" in text else "")


def _other(tree: Tree, path: str) -> str | Unread:
    """Why a file is not read: a program of the same name, or what cannot be read; "" for one that is."""
    try:
        text = tree.source(path).text
    except Unreadable as problem:
        if _PROGRAMS.search(path):
            return "is a program, not its settings"
        return Unread(Span(path, 1, 1, 2), str(problem), True)
    if text.startswith("#!") and not _TELLING.search(text):
        return "is a script, not settings of Courier"
    beside = re.sub(r"\.(?:dist|orig|sample|example|default)$", "", path)
    if beside != path and tree.exists(beside):
        return f"is the delivered state of {posixpath.basename(beside)}, which Courier does not load"
    return "is a file of another program" if is_foreign(text) and not _settings(text) else ""


def _settings(text: str) -> bool:
    """Whether a line assigns something, or names it as the authentication library's files do."""
    return (
        re.search(r"^[ \t]*(?:[A-Za-z_]\w*=|[A-Z0-9]+_[A-Z0-9_]+[ \t]|[^:\s]*:|[^\s,]+(?:,\d+)?[ \t])", text, re.M)
        is not None
    )


class _Folder:
    """One folder of settings."""

    def __init__(self, tree: Tree, own: dict[str, str], version: Version | None, paths: tuple[str, ...]) -> None:
        self.tree, self.own = tree, own
        first = next(iter(own.values()))
        folder = posixpath.dirname(first)
        self.folder = posixpath.dirname(folder) if posixpath.basename(folder) == "smtpaccess" else folder
        self.instance = self.folder or "."
        self.around = _NAMED.fullmatch(posixpath.basename(first))
        self.environments: dict[tuple[str, ...], Environment] = {}
        self.files: list[str] = []
        self.notes: list[str] = []
        self.unread: list[Unread] = []
        self.program = Program(version.numbers if version else DEBIAN_12, self.gnutls())

    def path(self, kind: str) -> str | None:
        """Where a file of this folder lies, None when it is not here."""
        if kind in self.own:
            return self.own[kind]
        before, after = (self.around["before"], self.around["after"]) if self.around else ("", "")
        beside = posixpath.join(self.folder, f"{before}{kind}{after}")
        return beside if self.tree.exists(beside) and not _other(self.tree, beside) else None

    def environment(self, kinds: tuple[str, ...]) -> Environment:
        """The files of some kinds, sourced in this order."""
        if kinds not in self.environments:
            paths = [self.path(kind) for kind in kinds]
            made = source(self.tree, [path for path in paths if path], None in paths)
            self.environments[kinds] = made
            self.files += made.files
            self.unread += made.unread
        return self.environments[kinds]

    def gnutls(self) -> bool | None:
        """Whether Debian's build reads these files: they lie where it looks, and its pid files where it puts them."""
        pids = [
            value.text
            for daemon in DAEMONS
            if self.path(daemon.name)
            for value in (self.environment(daemon.inner).values.get(daemon.port.replace("PORT", "PIDFILE")),)
            if value is not None and value.known
        ]
        if pids:
            return True if all(_DEBIAN_PID.match(pid) for pid in pids) else None
        return True if posixpath.basename(self.folder) == posixpath.basename(HOME) else None

    def inventory(self) -> Inventory:
        """All facts of the folder."""
        facts: list[Fact] = []
        views = [self.view(daemon) for daemon in DAEMONS if self.path(daemon.name)]
        for view in views:
            facts += self.listeners(view)
        facts += records.settings(views, self.program, self.instance)
        facts += self.logins(views)
        facts += self.sending()
        return Inventory(tuple(facts), tuple(self.unread), tuple(self.files), tuple(self.notes))

    def view(self, daemon: Daemon) -> View:
        made = View(daemon, self.environment(daemon.outer), self.environment(daemon.inner), self.program)
        return made._replace(lost=self.lost(made.get("TLS_CERTFILE").text or ""))

    def lost(self, name: str) -> bool:
        """Whether a certificate is missing from a folder of the tree that holds others."""
        path = place(name, HOME, self.folder) if name.startswith("/") else None
        return path is not None and lost(self.tree, path)

    def listeners(self, view: View) -> list[Fact]:
        """Sockets of a daemon, unless the shell gives up or the daemon is not to start."""
        path = self.path(view.daemon.name) or ""
        if view.script.refused:
            self.notes.append(f"{path}: the shell does not get through it; no listener of {view.daemon.name} is stated")
            return []
        start = view.script.values.get(view.daemon.start)
        off = start is not None and start.known and start.where.file == path and start.text.lower() != "yes"
        if off and start is not None and not self.enabled(view.daemon):
            self.notes.append(
                f"{start.where}: {view.daemon.start} keeps the init script from starting {view.daemon.name}; "
                f"systemd's {view.daemon.unit}.service would start it all the same"
            )
            return []
        port = view.script.values.get(view.daemon.port)
        declared = port.where if port is not None else self.tree.source(path).start()
        found = self.access(view) if view.daemon.protocol == "smtp" else None
        return listeners.facts(view, declared, self.instance, found)

    def enabled(self, daemon: Daemon) -> bool:
        """Whether the tree shows that systemd starts a daemon."""
        wanted = f"/etc/systemd/system/multi-user.target.wants/{daemon.unit}.service"
        path = place(wanted, HOME, self.folder)
        return path is not None and self.tree.exists(path)

    def access(self, view: View) -> access.Access | None:
        """What ACCESSFILE names, None when that is not known."""
        name = view.outer("ACCESSFILE")
        if name.text is None:
            return None
        if name.text == "":
            return access.NONE
        path = place(name.text, HOME, self.folder)
        if path is None or not self.tree.exists(path):
            return None
        found = access.read(self.tree, path)
        self.files += found.files
        self.unread += found.unread
        return found

    def logins(self, views: list[View]) -> list[Fact]:
        """Passwords of databases, and the server as a whole."""
        found = []
        for kind in _LOGINS:
            path = self.path(kind)
            if path:
                self.files.append(path)
                found.append(records.login(kind, self.tree.source(path)))
        daemon = self.environment(("authdaemonrc",)) if self.path("authdaemonrc") else None
        facts = records.secrets(found, daemon, self.program, self.instance)
        if views:
            first = self.tree.source(next(iter(self.own.values()))).start()
            facts.append(records.server(views, found, daemon, self.host(), first, self.program, self.instance))
        return facts

    def host(self) -> Value | None:
        """The first line of the file ``me``."""
        path = posixpath.join(self.folder, "me")
        try:
            text = self.tree.source(path).text if self.tree.exists(path) else ""
        except Unreadable:
            return None
        name = text.split("\n")[0].strip()
        if not re.fullmatch(r"[\w.-]+", name):
            return None
        self.files.append(path)
        where = self.tree.source(path).start()
        return Value(name, True, where, where)

    def sending(self) -> list[Fact]:
        """Routes and the passwords for them."""
        found: list[routes.Route] = []
        path, keys = self.path("esmtproutes"), self.path("esmtpauthclient")
        if path:
            self.files.append(path)
            found, unread = routes.routes(self.tree.source(path))
            self.unread += unread
        logins = routes.credentials(self.tree.source(keys)) if keys else []
        self.files += [keys] if keys else []
        courierd = self.environment(("courierd",)) if self.path("courierd") else None
        facts = routes.secrets(logins, self.program, self.instance)
        return facts + routes.facts(found, logins, courierd, self.program, self.instance)
