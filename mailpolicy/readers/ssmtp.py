"""sSMTP: ``/etc/ssmtp/ssmtp.conf``, and the users' own mail hubs in ``/etc/ssmtp/revaliases``.

After ``read_config``, ``revaliases``, ``smtp_open`` and ``ssmtp`` of 2.64 with Debian's patches, and what 2.64-11 does.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from mailpolicy.facts import begun
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import secret
from mailpolicy.placeholders import filled
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.template_lines import spans, split
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Span, Unread, Unreadable, Version

SOFTWARE = "ssmtp"
FILES = "ssmtp.conf with the revaliases beside"
PROVEN = "ssmtp 2.64 of Debian 12, run with the same files; its source"
LIMITS = "TLS_CA_File, which some builds know and Debian's does not"
NEWEST = "2.64"

_TABLE = "revaliases"
_KNOWN = frozenset({
    "root", "mailhub", "hostname", "addheader", "rewritedomain", "fromlineoverride", "remoteport", "usetls",
    "usestarttls", "usetlscert", "tlscert", "authuser", "authpass", "authmethod", "useoldauth", "debug",
    "tls_ca_file", "tls_ca_dir",
})  # fmt: skip
_FIRST_WINS = frozenset({"authuser", "authpass", "authmethod"})
_DELIMITERS = re.compile(r"[= \t\n]")
_LONGEST = 2048
_SHOWN = 20
_KEPT = 20
"""Places of settings in one chain at most: the first and the last ones."""
_MOST = 500
"""Users with hubs of their own at most."""


class Setting(NamedTuple):
    """A setting as ssmtp reads it; ``value`` is None where a template fills it in."""

    value: str | None
    where: Span
    certain: bool


class Hub(NamedTuple):
    """A mail hub of a user in revaliases."""

    user: str
    host: Told
    port: Told | None
    where: Span


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each ssmtp.conf with the revaliases beside it, which is read with it; others by themselves."""
    tables = {posixpath.dirname(path): path for path in paths if _is_table(path)}
    confs = [path for path in paths if not _is_table(path)]
    found = [(path, *(tables[folder] for folder in (posixpath.dirname(path),) if folder in tables)) for path in confs]
    used = {path for group in found for path in group}
    return [*found, *((path,) for path in paths if path not in used)]


def sniff(text: str) -> bool:
    """Whether a mail hub and another of ssmtp's settings are set."""
    names = {name.lower() for name in re.findall(r"^(\w+)[ \t]*=", text, re.MULTILINE)}
    return "mailhub" in names and len(names & _KNOWN) > 1 and names <= _KNOWN


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The session to the mail hub, one more for each user with another hub, and the password."""
    conf = paths[0]
    number = str(version) if version else NEWEST
    try:
        source = tree.source(conf)
    except Unreadable as problem:
        return Inventory((), (Unread(Span(conf, 1, 1, 2), str(problem), True),), (conf,))
    if _is_table(conf):
        return Inventory((), (), (conf,), (f"{conf}: there is no ssmtp.conf beside it",))
    settings, unread, notes = _settings(source)
    if not settings and source.text.strip():
        if not any(source.text[a:b].strip() and source.text[a] != "#" for a, b in spans(source.text)):
            return Inventory((), (), (conf,), (f"{conf}: sets nothing",))
        why = "is no configuration of ssmtp: no line sets one of its settings"
        return Inventory((), (Unread(source.start(), why, True),), (conf,))
    session = _Session(source, settings, number)
    facts = [session.fact("default", session.declared(), None)] if settings else []
    files = [conf]
    for table in paths[1:] or _beside(tree, conf):
        files.append(table)
        try:
            hubs = tree.source(table)
        except Unreadable as problem:
            unread.append(Unread(Span(table, 1, 1, 2), str(problem), True))
            continue
        found_hubs = list(islice(_hubs(hubs), _MOST + 1))
        facts += [session.fact(hub.user, hub.where, hub) for hub in found_hubs[:_MOST] if session.differs(hub)]
        for hub in found_hubs[_MOST:]:
            unread.append(Unread(hub.where, f"is user number {_MOST + 1}: none from here on is compared", True))
    password = settings.get("authpass", [])
    for one in password[:1]:
        found = secret(SOFTWARE, number, conf, "AuthPass", one.value or "", one.where)
        facts += [found] if found else []
    return Inventory(tuple(facts), tuple(unread), tuple(files), tuple(notes))


def _is_table(path: str) -> bool:
    return posixpath.basename(path).startswith(_TABLE)


def _beside(tree: Tree, conf: str) -> tuple[str, ...]:
    table = posixpath.join(posixpath.dirname(conf), _TABLE)
    return (table,) if _TABLE in tree.names(posixpath.dirname(conf)) else ()


def _settings(source: Source) -> tuple[dict[str, list[Setting]], list[Unread], list[str]]:
    """All settings by name in lower case, in the order of the file, and what ssmtp passes over."""
    text, parts = source.text, split(source.text)
    made: dict[str, list[Setting]] = {}
    unread: list[Unread] = []
    odd = 0
    for line in parts.lines:
        sharp = text.find("#", line.start, line.end)
        end = sharp if sharp >= 0 else line.end
        if not text[line.start : end].strip():
            continue
        why, setting = _setting(source, line.start, end, line.ends and sharp < 0)
        if setting is not None:
            name, one = setting
            made.setdefault(name, []).append(one._replace(certain=line.certain))
        elif why:
            odd += 1
            if odd <= _SHOWN:
                unread.append(Unread(source.span(line.start, end), why))
    notes = [f"{source.path}: a template decides about some lines"] if parts.filled else []
    return made, unread, notes


def _setting(source: Source, start: int, end: int, fed: bool) -> tuple[str, tuple[str, Setting] | None]:
    """The setting of a line, or why ssmtp passes over it. ``fed``: a line feed follows, which ends the value too."""
    text = source.text
    if end - start >= _LONGEST:
        return "is longer than 2047 bytes, which ssmtp reads as several lines", None
    if text.find("=", start, end) < 0:
        return "has no =: ssmtp passes over it", None
    first = _DELIMITERS.search(text, start, end)
    if first is None:  # pragma: no cover - the = is one
        return "", None
    name = text[start : first.start()].lower()
    after = _DELIMITERS.search(text, first.end(), end)
    if after is None and not fed:
        return "nothing ends the value (a blank or the line's end): ssmtp passes over it", None
    stop = after.start() if after else end
    value = text[first.end() : stop]
    if filled(text[first.end() : end].strip()):
        where = source.span(first.end(), end)
        return "", (name, Setting(None, where, True))
    if name not in _KNOWN:
        shown = "a blank before the name" if not name else f'"{text[start : first.start()][:40]}"'
        return f"ssmtp does not know {shown}", None
    where = source.span(first.end(), stop) if value else source.span(start, end)
    return "", (name, Setting(value, where, True))


def _hubs(source: Source) -> Iterator[Hub]:
    """``user:address[:mailhub[:port]]``; the first word of each line that has a colon."""
    for start, end in spans(source.text):
        sharp = source.text.find("#", start, end)
        end = sharp if sharp >= 0 else end
        words = list(re.finditer(r"[^:]+", source.text[start:end]))[:1]
        if not words or ":" not in source.text[start:end]:
            continue
        rest = list(re.finditer(r"[^: \t\r]+", source.text[start + words[0].end() : end]))
        if len(rest) < 2:
            continue
        base = start + words[0].end()
        at = [source.span(base + word.start(), base + word.end()) for word in rest]
        host = Told(rest[1][0].lower(), (Origin("overrides", at[1]),), not filled(rest[1][0]))
        port = _port(rest[2][0], (Origin("overrides", at[2]),)) if len(rest) > 2 else None
        user = source.span(start + words[0].start(), start + words[0].end())
        yield Hub(words[0][0], host, port, user)


def _port(text: str | None, by: tuple[Origin, ...]) -> Told:
    """What atoi(3) makes of a port."""
    found = re.match(r"\s*\+?(\d{1,5})", text or "")
    number = int(found[1]) if found else 0
    return maybe(number if text is not None and 0 < number < 65536 else None, by)


class _Session:
    """What the settings come to."""

    def __init__(self, source: Source, settings: dict[str, list[Setting]], version: str) -> None:
        self.source, self.settings, self.version = source, settings, version
        self.builtin = Origin("default", None, f"ssmtp {version}")
        self.chains: dict[tuple[str, ...], tuple[Origin, ...]] = {}
        self.place, self.mode = self._place(), self._mode()

    def last(self, name: str) -> Setting | None:
        found = self.settings.get(name)
        return None if not found else found[0 if name in _FIRST_WINS else -1]

    def by(self, *names: str) -> tuple[Origin, ...]:
        """Where settings stand, in the order of the file."""
        if names not in self.chains:
            self.chains[names] = self._chain(names)
        return self.chains[names]

    def _chain(self, names: tuple[str, ...]) -> tuple[Origin, ...]:
        found = sorted({one.where for name in names for one in self.settings.get(name, ())})
        if len(names) == 1 and names[0] in _FIRST_WINS:
            found = found[:1]
        elif len(found) > _KEPT:
            found = [*found[:1], *found[1 - _KEPT :]]
        return (self.builtin, *(Origin("sets" if i == 0 else "overrides", where) for i, where in enumerate(found)))

    def unsure(self, *names: str) -> bool:
        return any(not one.certain or one.value is None for name in names for one in self.settings.get(name, ()))

    def _place(self) -> tuple[Told, Told, bool]:
        """Host and port; a port stays when a later mailhub names none."""
        host, port, stated = Told("mailhub", (self.builtin,)), Told(25, (self.builtin,)), False
        both = [(one, name) for name in ("mailhub", "remoteport") for one in self.settings.get(name, ())]
        for one, name in sorted(both, key=lambda pair: pair[0].where):
            by = (Origin("sets", one.where),)
            if one.value is None:
                host, port = (unknown(by), unknown(by)) if name == "mailhub" else (host, unknown(by))
                stated = True
            elif name == "remoteport":
                port, stated = _port(one.value, by), True
            else:
                shown, colon, number = one.value.partition(":")
                where = one.where._replace(end_column=one.where.column + len(shown)) if shown else one.where
                host = maybe(shown.lower() or None, (Origin("sets", where),))
                if colon:
                    at = one.where._replace(column=one.where.column + len(shown) + 1)
                    port, stated = _port(number, (Origin("sets", at if number else one.where),)), True
        if self.unsure("mailhub", "remoteport"):
            host, port = host._replace(known=False), port._replace(known=False)
        return host, port, stated

    def _mode(self) -> str | None:
        """UseTLS and UseSTARTTLS in the order of the file: a no to the first takes back the second."""
        if self.unsure("usetls", "usestarttls"):
            return None
        tls = starttls = False
        both = [(one, name) for name in ("usetls", "usestarttls") for one in self.settings.get(name, ())]
        for one, name in sorted(both, key=lambda pair: pair[0].where):
            yes = (one.value or "").lower() == "yes"
            if name == "usetls":
                tls, starttls = yes, starttls and yes
            else:
                tls, starttls = tls or yes, yes
        return "none" if not tls else "required" if starttls else "implicit"

    def login(self) -> dict[str, Told]:
        """Whether and how it logs in: LOGIN, or CRAM-MD5 where that is named; without AuthPass nothing follows it."""
        user, method, password = self.last("authuser"), self.last("authmethod"), self.last("authpass")
        by = self.by("authuser")
        if user is None:
            return {"authenticates": Told(False, by)}
        if not user.certain:
            return dict.fromkeys(("authenticates", "mechanisms", "credential"), unknown(by))
        told = {"authenticates": Told(True, by)}
        name = "LOGIN" if method is None else method.value
        challenge = name is not None and name.lower() == "cram-md5"
        mechanism = ("CRAM-MD5",) if challenge else ("LOGIN",)
        told["mechanisms"] = maybe(None if name is None else mechanism, self.by("authmethod"))
        kept = None if password is not None and password.value is None else "literal" if password else "none"
        told["credential"] = maybe(kept, self.by("authpass"))
        return told

    def declared(self) -> Span:
        """The mail hub; the start of the file where none is named."""
        hub = self.last("mailhub")
        return hub.where if hub is not None else self.source.start()

    def differs(self, hub: Hub) -> bool:
        host, port, _ = self.place
        return hub.host.value != host.value or (hub.port is not None and hub.port.value != port.value)

    def fact(self, account: str, where: Span, hub: Hub | None) -> Fact:
        """The fact of the mail hub, or of a user's own one."""
        host, port, stated = self.place
        told = {"account": Told(account), "protocol": Told("smtp"), "role": Told("submission")}
        if hub is not None:
            host, port, stated = hub.host, hub.port or port, stated or hub.port is not None
        told |= {"host": host, "port": port, "port_stated": Told(stated, port.by)}
        mode = self.mode
        by = self.by("usetls", "usestarttls")
        told["tls"] = maybe(mode, by)
        told["verify"] = Told("none", (*by, Origin("default", None, "ssmtp checks no certificate")))
        if mode == "none":
            told["verify"] = Told("none", by)
        login = self.login()
        told |= login
        if login["authenticates"].value is not False:
            told["cleartext_credentials"] = self._in_clear(mode, login)
        if not host.known and not self.unsure("mailhub") and hub is None:
            told["broken"] = Told("the mail hub is empty: no blank may stand around the =", host.by)
        elif str(host.value or "").startswith(("'", '"')):
            told["broken"] = Told("the mail hub's name begins with a quote, which ssmtp does not take away", host.by)
        return connection(begun("connection", where, SOFTWARE, self.version, self.source.path), told)

    def _in_clear(self, mode: str | None, login: dict[str, Told]) -> Told:
        by = (*self.by("authuser", "authpass", "authmethod"), *self.by("usetls", "usestarttls")[1:])
        challenged = login["mechanisms"].value == ("CRAM-MD5",)
        if mode in ("required", "implicit") or challenged or login["credential"].value == "none":
            return Told(False, by)
        sure = mode is not None and login["authenticates"].known and login["mechanisms"].known
        return maybe(True if sure else None, by)
