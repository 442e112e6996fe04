"""Exim 4: a single file, Debian's split configuration, and what they include.

After the specification of 4.96 and 4.98 and what Debian's builds (GnuTLS) were seen to do.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from mailpolicy.foreign import is_foreign
from mailpolicy.readers.exim import checks, ciphers, connections, debian, listeners, secrets, server, sockets
from mailpolicy.readers.exim.expand import Failed
from mailpolicy.readers.exim.lexer import Lexer
from mailpolicy.readers.exim.listeners import Identity
from mailpolicy.readers.exim.lists import Client, Lists
from mailpolicy.readers.exim.model import Model
from mailpolicy.readers.exim.session import Site
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version

SOFTWARE = "exim"
FILES = "exim4.conf, Debian's split configuration, update-exim4.conf.conf, passwd.client"
PROVEN = "Exim 4.96 and 4.98, run with the same files"
LIMITS = "expansions that look something up beyond the files; embedded Perl"
NEWEST = (4, 98)
_MOST_SOCKETS = 100

_MAIN = re.compile(r"(?:exim4?\.conf|[^/]*exim4?\.conf)(?:\.[\w.]+)?$")
_PART = re.compile(r"(?:^|/)conf\.d/(main|acl|router|transport|retry|rewrite|auth)/[^/]+$")
_SNIFF = re.compile(
    r"^begin\s+(?:acl|routers|transports|authenticators)\s*$|^\s*acl_smtp_rcpt\s*=|^\s*(?:domainlist|hostlist)\s+\w+\s*="
    r"|^dc_eximconfig_configtype=",
    re.MULTILINE,
)


def sniff(text: str) -> bool:
    """Whether a text has sections, lists or options that only Exim has."""
    return _SNIFF.search(text) is not None


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """One group for each folder with a main file; parts that may be included come after."""
    found: dict[str, list[str]] = {}
    rest: list[str] = []
    for path in paths:
        part = _PART.search(path)
        name = posixpath.basename(path)
        if part:
            found.setdefault(_folder(path[: part.start()]), []).append(path)
        elif name in _TOGETHER or name == "exim4.conf":
            found.setdefault(_folder(posixpath.dirname(path)), []).append(path)
        else:
            rest.append(path)
    made = [tuple(sorted(group, key=_rank)) for _, group in sorted(found.items())]
    rest.sort(key=lambda path: (not re.fullmatch(r"exim4?\.conf", posixpath.basename(path)), path))
    return [*made, *((path,) for path in rest)]


_TOGETHER = (debian.ANSWERS, "exim4.conf.template", "exim4.conf.localmacros", "passwd.client")


def _folder(path: str) -> str:
    return path or "."


def _rank(path: str) -> tuple[int, int, str]:
    names = ("exim4.conf", *_TOGETHER[:2])
    name, part = posixpath.basename(path), _PART.search(path)
    order = debian.PARTS.index(part[1]) if part else len(debian.PARTS)
    return (names.index(name) if name in names else len(names), order, path)


def place_of(paths: tuple[str, ...]) -> tuple[str, str, bool]:
    """The folder of a group, the folder that it stands for, and whether the group is Debian's."""
    part = _PART.search(paths[0])
    name = posixpath.basename(paths[0])
    folder = _folder(paths[0][: part.start()] if part else posixpath.dirname(paths[0]))
    grouped = part is not None or name in _TOGETHER or name == "exim4.conf"
    return folder, "/etc/exim4" if grouped or posixpath.basename(folder) == "exim4" else "/etc/exim", grouped


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """Facts of one instance."""
    first, numbers = paths[0], version.numbers if version else NEWEST
    folder, home, grouped = place_of(paths)
    lexer = Lexer(tree, home, folder, numbers)
    try:
        tree.source(first)
        assumed = load(tree, lexer, folder, paths, grouped)
    except Unreadable as problem:
        return Inventory((), (Unread(Span(first, 1, 1, 2), str(problem), True),), paths)
    lexer.finish()
    model = Model(lexer)
    model.take()
    site = Site(model, Lists(model, tree, home, folder), tree, home, folder, _gnutls(model, home))
    return _inventory(site, paths, numbers, assumed, grouped)


def load(tree: Tree, lexer: Lexer, folder: str, paths: tuple[str, ...], grouped: bool) -> bool:
    """Reads the files that Exim would; whether the package's own main part is among them."""
    first = paths[0]
    if not grouped or posixpath.basename(first) == "exim4.conf":
        if grouped and len(paths) > 1:
            lexer.notes.append(f"{first}: Exim reads this file; {', '.join(paths[1:3])} and the like have no effect")
        lexer.file(first)
        return False
    answers = posixpath.join(folder, debian.ANSWERS) if folder != "." else debian.ANSWERS
    if tree.exists(answers):
        lexer.files.append(answers)
        given = debian.answers(tree, answers)
        split = given.text("dc_use_split_config")
        if split not in ("", "true", "false"):
            lexer.refuse(
                given.where("dc_use_split_config"), "dc_use_split_config is true or false, else nothing is made"
            )
        return debian.assemble(lexer, folder, given, split == "true")
    parts_alone = not any(posixpath.basename(path) == "exim4.conf.template" for path in paths)
    lexer.notes.append(f"{first}: {debian.ANSWERS} is not here; what Debian's setup answers is not known")
    return debian.assemble(lexer, folder, None, parts_alone)


def _gnutls(model: Model, home: str) -> bool:
    """Whether Exim is linked with GnuTLS, as Debian's is; elsewhere what the file says tells."""
    if home == "/etc/exim4":
        return True
    option = model.options.get("tls_require_ciphers")
    if "openssl_options" in model.options or option is None or not option.known:
        return False
    try:
        return ciphers.gnutls(option.value.text) is not None
    except KeyError:
        return True


def _inventory(site: Site, paths: tuple[str, ...], version: tuple[int, ...], assumed: bool, grouped: bool) -> Inventory:
    model, lexer = site.model, site.model.lexer
    files = tuple(dict.fromkeys((*lexer.files, *paths)))
    if not model.understood and not grouped and not _MAIN.search(paths[0]):
        return Inventory((), (), files, (f"{paths[0]}: holds no option of Exim; it is not judged",))
    if not model.understood:
        where = model.first or Span(paths[0], 1, 1, 2)
        if is_foreign(site.tree.source(paths[0]).text):
            return Inventory((), (), files, (f"{paths[0]}: begins like a file of another program, not of Exim",))
        why = "is not an Exim configuration: no line holds an option of Exim"
        return Inventory((), (Unread(where, why, True),), files)
    if not grouped and not _whole(site, paths[0]):
        return _fragment(site, paths[0], version, files)
    checks.finish(model)
    identity = Identity(".".join(map(str, version)), site.folder, site.tree.source(paths[0]).start(), assumed)
    given = sockets.command(site.tree, site.home, site.folder, lexer.files)
    opened = sockets.sockets(model, given)
    _tls_faults(site)
    notes = list(lexer.notes)
    found: list[Fact] = []
    if lexer.refused:
        notes.append(f"{paths[0]}: Exim does not start with this configuration; no listener is stated")
    elif opened is None:
        notes.append(f"{paths[0]}: which ports Exim opens is not known; no listener is stated")
    elif not given.daemon:
        notes.append(f"{paths[0]}: QUEUERUNNER says that no daemon listens")
    else:
        if len(opened) > _MOST_SOCKETS:
            notes.append(f"{paths[0]}: of {len(opened)} sockets only the first {_MOST_SOCKETS} are stated")
        found += listeners.facts(site, identity, opened[:_MOST_SOCKETS])
    if not lexer.refused:
        found += [*server.facts(site, identity, found), *connections.facts(site, identity)]
    found += secrets.facts(site, identity)
    files = tuple(dict.fromkeys((*lexer.files, *paths)))
    return Inventory(tuple(found), tuple(dict.fromkeys(lexer.refused)), files, tuple(dict.fromkeys(notes)))


def _whole(site: Site, path: str) -> bool:
    """Whether a file of a name that also parts have is a whole configuration."""
    name = posixpath.basename(path)
    sections = any(site.model.drivers.values()) or bool(site.model.acls)
    return re.match(r"(?:[^/]*[-_.])?exim4?\.conf", name) is not None and (sections or site.model.hidden)


def _fragment(site: Site, path: str, version: tuple[int, ...], files: tuple[str, ...]) -> Inventory:
    note = f"{path}: is a part of an Exim configuration; it is judged where a main file includes it"
    identity = Identity(".".join(map(str, version)), site.folder, site.tree.source(path).start(), False)
    return Inventory(tuple(secrets.facts(site, identity)), (), files, (note,))


def _tls_faults(site: Site) -> None:
    """Settings of TLS that keep Exim from starting."""
    from mailpolicy.readers.exim.acl import Asked

    model = site.model
    if site.home != "/etc/exim4":
        return
    option = model.options.get("openssl_options")
    if option is not None and not option.maybe:
        model.lexer.refuse(option.where, "openssl_options is set but Debian's Exim uses GnuTLS")
    option = model.options.get("tls_require_ciphers")
    if option is not None and option.known:
        asked = Asked(model, site.lists, Client("", False, False, 0))
        try:
            text = asked.expander.expand(option.value.text)
            if text and ciphers.gnutls(text) is None:
                model.lexer.refuse(
                    option.value.span() or option.where, "GnuTLS does not take these tls_require_ciphers"
                )
        except (Failed, KeyError):
            return
