"""One configuration folder of Haraka: its files, and what version they are for."""

from __future__ import annotations

from collections.abc import Callable

from mailpolicy.facts import Draft, begun
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.haraka.ini import Ini, Word, is_template, parse, words
from mailpolicy.readers.haraka.plugins import may_log_in, may_relay
from mailpolicy.tree import Tree
from mailpolicy.types import Origin, Span, Unread, Unreadable, Version

SOFTWARE = "haraka"
NEWEST = (3, 3, 4)
OLDER = (3, 0, 5)
CONNECTION_INI = (3, 1)
"""The version that moved smtpgreeting and parts of smtp.ini to connection.ini."""
NEEDS_HOSTS = (3, 1, 6)
"""The last version seen to stop without hosts[] in [haproxy]; 3.3.4 goes on."""
INI_FILES = (
    "smtp.ini", "connection.ini", "tls.ini", "relay.ini", "relay_dest_domains.ini", "outbound.ini",
    "smtp_forward.ini", "smtp_proxy.ini", "smtp_bridge.ini", "auth_flat_file.ini", "auth_vpopmaild.ini",
)  # fmt: skip
_LISTS = ("plugins", "relay_acl_allow", "me", "smtpgreeting", "xclient.hosts", "haproxy_hosts")


class Folder(NamedTuple):
    """What the files of one folder say. ``plugins`` is None when there is no list of them."""

    path: str
    version: tuple[int, ...]
    inis: dict[str, Ini]
    lists: dict[str, list[Word]]
    loaded: dict[str, Word]
    """The lines that load plugins, by name."""
    start: Span
    files: tuple[str, ...]
    unread: tuple[Unread, ...]
    strange: tuple[Word | None, Word | None]
    """The first plugin that is not known and may offer logins, and the first that may let clients relay."""

    @property
    def plugins(self) -> list[Word] | None:
        """The plugins that are loaded, in order."""
        return self.lists.get("plugins")

    def plugin(self, *names: str) -> Word | None:
        """The first line that loads one of some plugins."""
        return next((self.loaded[name] for name in names if name in self.loaded), None)

    def by(self) -> Origin:
        """The origin of a built-in default."""
        return Origin("default", None, f"Haraka {'.'.join(map(str, self.version))}")

    def stopped(self) -> tuple[str | None, tuple[Origin, ...]]:
        """Why no session works: 3.1 stops, at start or at the first client, at what connection.ini lacks."""
        ini = self.inis.get("connection.ini")
        if self.version < CONNECTION_INI or ini is None:
            return None, ()
        lacks = [f"[{name}]" for name in ("max", "message", "uuid") if name not in ini.headings]
        if self.version <= NEEDS_HOSTS and ini.last("hosts", "haproxy") is None:
            lacks.append("hosts[] in [haproxy]")
        why = f"connection.ini lacks {', '.join(lacks)}: Haraka stops" if lacks else None
        return why, (Origin("implies", self.start, "connection.ini"),)

    def draft(self, kind: str, where: Span) -> Draft:
        """A fact of this folder."""
        return begun(kind, where, SOFTWARE, ".".join(map(str, self.version)), self.path)


def load(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Folder:
    """Every file of the folder that the paths lie in."""
    folder = paths[0].rpartition("/")[0]
    prefix = f"{folder}/" if folder else ""
    given = {_plain(path): path for path in paths}
    inis: dict[str, Ini] = {}
    lists: dict[str, list[Word]] = {}
    files: list[str] = []
    unread: list[Unread] = []
    start = Span(paths[0], 1, 1, 2)
    for name in (*INI_FILES, *_LISTS):
        path = given.get(name, prefix + name)
        if path not in paths and not tree.exists(path):
            continue
        try:
            source = tree.source(path)
        except Unreadable as problem:
            unread.append(Unread(Span(path, 1, 1, 2), str(problem), True))
            files.append(path)
            continue
        if not files or (name == "plugins" and "smtp.ini" not in inis):
            start = source.start()
        files.append(path)
        if name in _LISTS and not words(source):
            unread.append(Unread(Span(path, 1, 1, 2), "is empty; Haraka takes the list that it brings along"))
        elif name in _LISTS:
            lists[name] = words(source)
            if name == "plugins":
                unread += _unloadable(lists[name])
        else:
            inis[name] = parse(source)
            unread += inis[name].unread
    numbers = version.numbers if version else _shown(inis, lists)
    plugins = lists.get("plugins", [])
    loaded = {word.text: word for word in reversed(plugins)}
    strange = _first(plugins, may_log_in), _first(plugins, may_relay)
    return Folder(folder, numbers, inis, lists, loaded, start, tuple(files), tuple(unread), strange)


def _unloadable(plugins: list[Word]) -> list[Unread]:
    """Lines that are no name: a comment has a line of its own."""
    return [
        Unread(word.where, "is no plugin's name; Haraka does not start")
        for word in plugins
        if len(word.text.split()) > 1 and not is_template(word.text)
    ]


def _first(plugins: list[Word], may: Callable[[str], bool]) -> Word | None:
    return next((word for word in plugins if may(word.text)), None)


def _plain(path: str) -> str:
    """The name of a file less the ending of a template."""
    name = path.rpartition("/")[2]
    return next((known for known in INI_FILES if name.startswith(known)), name)


def _shown(inis: dict[str, Ini], lists: dict[str, list[Word]]) -> tuple[int, ...]:
    """The version that the files are for: 3.1 does not start without connection.ini, older ones do not know it."""
    return NEWEST if "connection.ini" in inis or not ("smtp.ini" in inis or "plugins" in lists) else OLDER
