"""Files that a configuration of curl leads to: those of ``config``, in their place, and a ``.netrc``.

After ``parseconfig`` of the tool and ``Curl_parsenetrc`` of libcurl, 7.88.1 and 8.14.1.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from itertools import pairwise

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.curl.options import Setting, parse
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Unread, Unreadable

_HOME = re.compile(r"/(?:home/[^/]+|root|Users/[^/]+)/")
NETRC = ("netrc", "netrc-optional", "netrc-file")


class Loaded(NamedTuple):
    """All settings in the order in which curl takes them, and the files that they stand in."""

    settings: tuple[Setting, ...]
    unread: tuple[Unread, ...]
    sources: dict[str, Source]


def load(tree: Tree, source: Source, version: tuple[int, ...], above: frozenset[str] = frozenset()) -> Loaded:
    """The settings of a file and of those that ``config`` names, each once: curl gives up one that names itself."""
    read = parse(source, version)
    settings: list[Setting] = []
    unread, sources = list(read.unread), {source.path: source}
    for one in read.settings:
        if one.name != "config":
            settings.append(one)
            continue
        path = found(tree, source.path, one.text)
        if path is None or path in above or path in sources:
            unread.append(Unread(one.where, "reads another file, which is not looked at"))
            continue
        try:
            inner = load(tree, tree.source(path), version, above | sources.keys())
        except Unreadable as problem:
            unread.append(Unread(one.where, str(problem)))
            continue
        settings += inner.settings
        unread += inner.unread
        sources |= inner.sources
    return Loaded(tuple(settings), tuple(unread), sources)


def found(tree: Tree, path: str, named: str | None) -> str | None:
    """Where a file lies that another one names: beside it, or below a root or home that the tree holds."""
    if not named or named == "-":
        return None
    folder = posixpath.dirname(path)
    if not named.startswith("/"):
        places = [posixpath.join(folder, named)]
    else:
        places = [posixpath.join(folder, _HOME.sub("", named, count=1).lstrip("/"))]
        while folder not in ("", "/"):
            folder = posixpath.dirname(folder)
            places += [posixpath.join(folder, named[1:])] if folder != "/" else []
    places = [posixpath.normpath(place) for place in places]
    return next((place for place in places if tree.exists(place)), None)


class Netrc(NamedTuple):
    """The logins that curl finds in a ``.netrc``. ``hosts`` is None where the file is not here to be seen."""

    hosts: frozenset[str] | None
    optional: bool
    """Nothing says that there must be a login."""

    def holds(self, host: str | None) -> bool | None:
        """Whether there is a login for a host."""
        if self.hosts is None or host is None:
            return None if self.optional else True
        return host.lower() in self.hosts or "default" in self.hosts


def netrc(tree: Tree, path: str, settings: Iterable[Setting]) -> Netrc:
    """What the ``.netrc`` beside a file holds, or the one that ``netrc-file`` names."""
    asked = [one for one in settings if one.name in NETRC]
    optional = not asked or any(one.name == "netrc-optional" and one.text != "no" for one in asked)
    file = next((one for one in reversed(asked) if one.name == "netrc-file"), None)
    beside = found(tree, path, file.text if file else ".netrc") if asked else None
    try:
        words = tree.source(beside).text.split() if beside else None
    except Unreadable:
        words = None
    if words is None:
        return Netrc(None, optional)
    hosts = {after.lower() for word, after in pairwise(words) if word == "machine"}
    return Netrc(frozenset(hosts | {"default"} & set(words)), optional)
