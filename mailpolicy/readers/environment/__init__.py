"""Environments of applications: files of variables, compose files and manifests, and what applications make of them.

An application is told by its image or by variables that it alone documents (``mailpolicy/applications``). Where it is
not known, the mail server, its port and the login are read, and TLS is unknown.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mailpolicy import applications
from mailpolicy.envfile import KEPT, Setting, parse
from mailpolicy.placeholders import TEMPLATE
from mailpolicy.readers.environment.masks import MASK
from mailpolicy.readers.environment.places import NAME, Place
from mailpolicy.settings import Settings
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version

SOFTWARE = "environment"
FILES = ".env, *.env, compose and stack files, Kubernetes manifests, Helm values, containers/*.yml of Discourse"
PROVEN = "Nodemailer 6.8, Symfony Mailer 5.4, Mail gem 2.7 and Django 3.2 were run; applications by their source"
LIMITS = "extends of compose, files inside ConfigMaps and what Helm fills in are not followed"
_LINES = (
    r"(?m)(?:^[ \t\-\"'{\[]*+(?:export[ \t]+)?|[{,][ \t]*+)(?:name:[ \t]*)?[\"']?(?P<name>%s)[\"']?"
    r"[ \t]*(?=[=:,}\r\n]|\Z)"
)
_ABOUT = re.compile(r"(?i)smtp|mail")
_IMAGE = re.compile(r"(?m)^[ \t\-]*image:[ \t]*[\"']?(?P<image>[\w./:@${}-]+)")
_TAG = re.compile(r":v?(\d{1,4}(?:\.\d{1,4}){0,2})(?:-[\w.-]+)?$")
_CATCHER = re.compile(
    r"(?:[\w-]*[-_])?(?:mailpit|mailhog|maildev|mailcatch(?:er)?|mail-?dev|smtp4dev|greenmail|inbucket|mailslurper|fake-?smtp)"
    r"(?:[-_.][\w.-]*)?\Z"
)
_OMNIBUS = "GITLAB_OMNIBUS_CONFIG"
_NOTHING = "sets up no session to a mail server that is known to be one"
_sniffing: list[re.Pattern[str]] = []
"""Compiled when the first file is looked at."""


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file is read by itself; compose files come first, for they read files of variables."""
    return [(path,) for path in sorted(paths, key=lambda path: ("compose" not in path, not _is_yaml(path), path))]


def _is_yaml(path: str) -> bool:
    return re.search(r"\.ya?ml(\.|$)", posixpath.basename(path)) is not None


def sniff(text: str) -> bool:
    """Whether lines set variables that have to do with mail."""
    return any(_tells(name.upper()) or name == _OMNIBUS for name in _variables(text))


def _variables(text: str) -> set[str]:
    """The variables that tell an application, or have a name of mail in theirs."""
    if _ABOUT.search(text) is None:
        return set()
    from mailpolicy.applications import generic  # imported late: most files are about something else

    if not _sniffing:
        general = "|".join(("[A-Z0-9_]*(?:SMTP|MAIL|MAILER)_[A-Z_]+", generic.SERVERS))
        _sniffing.append(re.compile(_LINES % f"{applications.telling()}|{general}"))
    return {match["name"] for match in _sniffing[0].finditer(text)}


def _is_meant(text: str) -> bool:
    """Whether the variables tell an application, or a mail server with its port."""
    from mailpolicy.applications import generic

    names = _variables(text)
    if applications.known(names) or generic.found(names):
        return True
    some = any(re.fullmatch(generic.HOST, name) for name in names)
    return some and any(applications.of_image(match["image"]) for match in _IMAGE.finditer(text))


def _names_server(text: str) -> bool:
    from mailpolicy.applications import generic

    return any(re.fullmatch(generic.HOST, name) for name in _variables(text))


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The sessions and passwords of all applications that the file sets variables for."""
    try:
        source = tree.source(paths[0])
    except Unreadable as problem:
        return Inventory((), (Unread(Span(paths[0], 1, 1, 2), str(problem), True),), paths)
    files = [source.path]
    try:
        found, unread = _places(tree, source, files)
    except Unreadable as problem:
        where = getattr(problem, "where", Span(paths[0], 1, 1, 2))
        templated = re.search(r"\{\{|\{%|<%", source.text) is not None
        if not _is_meant(source.text) and (templated or not _names_server(source.text)):
            return Inventory(notes=(f"{source.path}: {_NOTHING}",))
        return Inventory((), (Unread(where, str(problem), not templated),), paths)
    facts = list(_distinct(fact for place in _once(found) for fact in _facts(tree, source, place)))
    files += sorted(_used(facts) - set(files))
    kept = tuple(fact for fact in facts if not _is_caught(fact))
    notes = [
        f"{fact.origins['host'][-1].where}: keeps mail for developers; not judged" for fact in facts if fact not in kept
    ]
    if not facts and not unread:
        notes.append(f"{source.path}: {_NOTHING}")
    return Inventory(kept, tuple(unread), tuple(files), tuple(notes))


def _distinct(facts: Iterable[Fact]) -> Iterator[Fact]:
    """Facts, each password once: a file of variables may be several services'."""
    seen: set[object] = set()
    for fact in facts:
        if fact.kind != "secret" or fact.origins["storage"] not in seen:
            seen.add(fact.origins.get("storage"))
            yield fact


def _is_caught(fact: Fact) -> bool:
    """Whether a session leads to a container that catches mail in development and passes none on."""
    host = str(fact.values.get("host", ""))
    return fact.values.get("scope") == "private" and _CATCHER.match(host) is not None


def _places(tree: Tree, source: Source, files: list[str]) -> tuple[list[Place], list[Unread]]:
    """The places of a file; ``files`` is added to. Raises Unreadable."""
    if re.search(r"\.toml(\.|$)", source.path):
        from mailpolicy.readers.environment import dokploy

        return [dokploy.place(source)], []
    if _is_yaml(source.path):
        from mailpolicy.readers.environment.masks import branches
        from mailpolicy.readers.environment.places import certain

        places, within = _of_yaml(tree, source, files), branches(source.text)
        return [certain(place, source.path, within) for place in places] if within else places, []
    found = parse(source)
    variables = {name: one for name, one in found.settings.items() if NAME.match(name)}
    about = [one for one in found.unread if re.search(r"(?i)smtp|mail", source.line(one.where.line))]
    return [Place("", "", source.start(), variables, True)], about


def _of_yaml(tree: Tree, source: Source, files: list[str]) -> list[Place]:
    from mailpolicy import strict_yaml
    from mailpolicy.readers.environment import compose, manifests
    from mailpolicy.readers.environment.masks import masked

    plain, adds = masked(source)
    tops = strict_yaml.load_all(plain, plain is not source)
    if not any(top.items for top in tops):
        raise Unreadable("holds no mapping")
    first = tops[0]
    if len(tops) == 1 and first.items and "services" in first.items and first.items["services"].items is not None:
        beside = compose.Files(tree, posixpath.dirname(source.path), {})
        declared = [compose.services(first, plain)]
        override = compose.overriding(tree, source.path)
        if override is not None:
            other = tree.source(override)
            declared.append(compose.services(strict_yaml.load(other), other))
            files.append(override)
        return [place._replace(complete=place.complete and not adds) for place in compose.places(beside, declared)]
    if any(top.items and "kind" in top.items for top in tops):
        return manifests.places(tops, plain, adds)
    return [place for top in tops for place in manifests.loose(top, plain)]


def _used(facts: list[Fact]) -> set[str]:
    """Files of variables that name a mail server here: what they set up is known, by their services even."""
    hosts = [fact.origins["host"][-1].where for fact in facts if fact.kind == "connection"]
    return {where.file for where in hosts if where is not None}


def _tells(name: str) -> bool:
    return re.search(r"SMTP|MAIL", name) is not None


def _once(found: list[Place]) -> Iterator[Place]:
    """Places without those that set the same variables by the same lines: one file may be several services'."""
    seen: set[object] = set()
    for place in found:
        key = frozenset((name, one.where) for name, one in place.variables.items() if _tells(name.upper()))
        if key not in seen:
            seen.add(key)
            yield place


def _facts(tree: Tree, source: Source, place: Place) -> Iterator[Fact]:
    from mailpolicy.applications import generic

    bare = re.sub(r"(@sha256:\w+|:[^/]*)$", "", place.image)
    names = applications.known(place.variables, place.image)
    if applications.of_image(place.image) is None:
        names = [name for name in names if applications.fits(name, place.variables)]
    if not names and bare and re.search(generic.SERVER_IMAGES, place.image):
        return
    claimed: set[str] = set()
    for name in names:
        one = applications.load(name)
        own = {own: place.variables[env] for env, own in one.ENVIRONMENT.items() if env in place.variables}
        claimed.update(one.ENVIRONMENT)
        if own:
            yield from one.facts(_settings(tree, source, place, name, one, own))
        if name == "gitlab":
            yield from _omnibus(source, place, _version(tree, source, place, name, one))
    left = {name: one for name, one in place.variables.items() if name not in claimed}
    if generic.found(left) and applications.of_image(place.image) is None:
        yield from generic.facts(Settings(SOFTWARE, "", _instance(source, place), place.start, _kept(tree, left)))


def _omnibus(source: Source, place: Place, numbers: tuple[int, ...]) -> Iterator[Fact]:
    """What the image of GitLab is set up by: a text in Ruby in one variable."""
    from mailpolicy.applications import gitlab

    held = place.variables.get(_OMNIBUS)
    if held is not None and held.where.file == source.path and _is_yaml(source.path):
        yield from gitlab.omnibus(source, held.where, ".".join(map(str, numbers)), _instance(source, place))


def _settings(
    tree: Tree, source: Source, place: Place, name: str, one: applications.Application, own: Mapping[str, Setting]
) -> Settings:
    """The settings of an application, with unknown ones for what other places may set."""
    numbers = _version(tree, source, place, name, one)
    missing = () if place.complete else set(one.ENVIRONMENT.values()) - set(own)
    elsewhere = {key: Setting(key, None, place.start) for key in missing}
    version = ".".join(map(str, numbers))
    return Settings(one.SOFTWARE, version, _instance(source, place), place.start, _kept(tree, {**elsewhere, **own}))


def _kept(tree: Tree, settings: dict[str, Setting]) -> dict[str, Setting]:
    """The settings, with where those are kept that only the environment of the process tells; no template does."""
    elsewhere = {
        name + KEPT: one._replace(value="environment")
        for name, one in settings.items()
        if one.value is None and not TEMPLATE.search(_written(tree, one.where))
    }
    return {**settings, **elsewhere}


def _written(tree: Tree, where: Span) -> str:
    return tree.source(where.file).line(where.line)[where.column - 1 : where.end_column - 1]


def _version(tree: Tree, source: Source, place: Place, name: str, one: applications.Application) -> tuple[int, ...]:
    """The version by the tag of the application's own image, by a file beside that tells it, or the newest."""
    tag = _TAG.search(place.image) if applications.of_image(place.image) == name else None
    if tag is not None:
        return tuple(map(int, tag[1].split(".")))
    beside = getattr(one, "BESIDE", None)
    if beside is not None:
        try:
            text = tree.source(posixpath.join(posixpath.dirname(source.path), beside[0])).text
        except Unreadable:
            return one.NEWEST
        found = re.search(beside[1], text)
        if found is not None:
            return (int(found[1]),)
    return one.NEWEST


def _instance(source: Source, place: Place) -> str:
    name = re.sub(f"{MASK}+", "…", place.name)
    return f"{source.path}#{name}" if name else source.path
