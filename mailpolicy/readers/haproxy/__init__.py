"""HAProxy: haproxy.cfg and the files of conf.d, for the mail that passes through it.

After the configuration manual of HAProxy 2.6 and 3.0 and what both were seen to do. haproxy knows no
STARTTLS: a socket either ends TLS (``ssl``) or passes on what the server behind it does.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from mailpolicy.readers.haproxy import mail
from mailpolicy.readers.haproxy.binds import Bind, Methods, methods, versions
from mailpolicy.readers.haproxy.facts import SOFTWARE, Context, hops, ignored, listeners
from mailpolicy.readers.haproxy.mail import Front
from mailpolicy.readers.haproxy.proxies import KEYWORDS_SINCE, Model, build
from mailpolicy.readers.haproxy.syntax import Line, Section, lines, sections
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Inventory, Span, Unread, Unreadable, Version

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = "haproxy.cfg: what listens on mail ports"
PROVEN = "HAProxy 2.6 and 3.0, run with the same files"
LIMITS = ".if blocks; port ranges that hold other ports, too"

NEWEST = (3, 0)
_PARTS = ("conf.d", "haproxy.d", "conf-enabled", "cfg.d")
_MAIN = re.compile(r"^[^/]*ha-?proxy[^/]*\.(?:cfg|conf)", re.IGNORECASE)
_WHOLE = re.compile(r"^haproxy\.(?:cfg|conf)")
_SNIFF = re.compile(r"^(?:frontend|listen|backend|defaults|global)\b[^\n{;=]*$", re.MULTILINE)
_TELLING = re.compile(r"^\s+(?:bind\s+\S*:\d|server\s+\S+\s+\S+|mode\s+(?:tcp|http)\b)", re.MULTILINE)


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """A main file with the conf.d beside it, as ``-f haproxy.cfg -f conf.d`` loads them; any other by itself."""
    parts: dict[str, list[str]] = {}
    beside: dict[str, list[str]] = {}
    for path in sorted(paths):
        folder = posixpath.dirname(path)
        if posixpath.basename(folder) in _PARTS:
            parts.setdefault(folder, []).append(path)
        elif _MAIN.match(posixpath.basename(path)):
            beside.setdefault(folder, []).append(path)
    found: list[tuple[str, ...]] = []
    for folder, mains in beside.items():
        near = [posixpath.join(folder, name) for name in _PARTS] if len(mains) == 1 else []
        more = [path for name in near for path in parts.pop(name, ())]
        found += [(mains[0], *more), *((path,) for path in mains[1:])]
    found += [tuple(files) for files in parts.values()]
    taken = {p for group in found for p in group}
    return found + [(p,) for p in paths if p not in taken]


def sniff(text: str) -> bool:
    """Whether sections of haproxy begin lines, and bind, server or mode lines stand below them."""
    head = text[:100_000]
    return _SNIFF.search(head) is not None and _TELLING.search(head) is not None


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The mail sockets of one configuration. None of it carries mail: nothing is said."""
    found: list[Section] = []
    unread: list[Unread] = []
    notes: list[str] = []
    templated = False
    for path in paths:
        try:
            source = tree.source(path)
        except Unreadable as problem:
            unread.append(Unread(Span(path, 1, 1, 2), str(problem), True))
            continue
        templated = templated or any(mark in source.text for mark in ("{%", "{{", "<%", "%{"))
        more, faults, said = _file(source)
        found += more
        unread += faults
        notes += said
    if not found:
        return Inventory((), tuple(unread), paths, tuple(notes))
    return _judged(paths, found, unread, notes, version, templated)


def _file(source: Source) -> tuple[list[Section], list[Unread], list[str]]:
    """Sections of one file, or why it has none."""
    if not source.text.strip():
        return [], [Unread(Span(source.path, 1, 1, 2), "is empty", True)], []
    every = list(lines(source))
    loose, found = sections(every)
    if not found:
        if not every:
            return [], [], [f"{source.path}: holds no section"]
        if not _MAIN.match(posixpath.basename(source.path)):
            return [], [], [f"{source.path}: is no haproxy configuration: it has no section"]
        return [], [Unread(every[0].words[0].where, "is no haproxy configuration: it has no section", True)], []
    faults = [
        Unread(line.words[0].where, "stands before any section: haproxy does not start")
        for line in loose
        if line.words[0].known
    ][:1]
    return found, faults, []


def _judged(
    paths: tuple[str, ...], found: list[Section], unread: list[Unread], notes: list[str], version: Version | None,
    templated: bool,
) -> Inventory:  # fmt: skip
    numbers = version.numbers if version else NEWEST
    kinds = {section.kind for section in found}
    whole = _WHOLE.match(posixpath.basename(paths[0])) is not None
    fragment = not kinds & {"global", "defaults"} and not whole
    model = build(found, fragment, templated, numbers)
    backends = {p.name: p for p in model.proxies if p.kind != "frontend" and not p.disabled}
    context = Context(paths[0], numbers, fragment)
    opening = [p for p in model.proxies if p.kind != "backend" and not p.disabled and not p.conditional]
    fronts = mail.chained([mail.front(proxy, backends) for proxy in opening])
    carrying = [one for one in fronts if _carries(one)]
    if not carrying and not any(_named(section) for section in found):
        return Inventory((), tuple(u for u in unread if u.fatal), paths, tuple(notes))
    refused = [*unread, *model.refused, *_bind_faults(model, numbers)]
    notes = [*notes, *_notes(paths, found, fronts)]
    if any("does not start" in one.why for one in refused):
        note = f"{paths[0]}: haproxy does not start with this configuration; no listener is stated"
        return Inventory((), tuple(refused), paths, (*notes, note))
    facts = (*listeners(carrying, context), *hops(carrying, context), *ignored(carrying, context))
    return Inventory(facts, tuple(refused), paths, tuple(notes))


def _carries(one: Front) -> bool:
    return any(mail.is_mail(one, address) for bound, _, _ in one.proxy.binds for address in bound.addresses)


def _named(section: Section) -> bool:
    """Whether a section that was not understood is of mail by its name, or by that of a port."""
    if section.kind not in ("frontend", "listen"):
        return False
    ports = [line.words[1].text.rpartition(":")[2] for line in section.all("bind") if len(line.words) > 1]
    return any(mail.of_name(name) for name in (section.name, *ports))


def _bind_faults(model: Model, version: tuple[int, ...]) -> list[Unread]:
    found = []
    for proxy in model.proxies:
        for bound, common, _ in proxy.binds:
            fault = (bound.fault if version >= KEYWORDS_SINCE else None) or _tls_fault(bound, common, version)
            if fault is not None and not bound.line.conditional:
                found.append(Unread(fault[0], f"{fault[1]}: haproxy does not start"))
    return found


def _tls_fault(bound: Bind, common: Methods, version: tuple[int, ...]) -> tuple[Span, str] | None:
    """TLS without a certificate, an authority for those of clients, or a version."""
    if bound.ssl is None or not all(word.known for word in bound.line.words):
        return None
    if not any(bound.flag(name) for name in ("crt", "crt-list", "default-crt", "generate-certificates")):
        return bound.ssl.where, "ssl without crt"
    verify = bound.option("verify")
    if verify is not None and verify.text != "none" and not (bound.flag("ca-file") or bound.flag("ca-verify-file")):
        return verify.where, "certificates of clients are to be verified without ca-file"
    allowed, origins = versions(methods(bound.line.words[2:], Methods()), common, None, version)
    if allowed == ():
        where = [origin.where for origin in origins if origin.where]
        return (where[-1] if where else bound.ssl.where), "no TLS version is left"
    return None


def _notes(paths: tuple[str, ...], found: list[Section], fronts: list[Front]) -> list[str]:
    said = []
    conditional = next((s for s in found if s.head.conditional), None) or next(
        (line for s in found for line in s.lines if line.conditional), None
    )
    if conditional is not None:
        line: Line = conditional.head if isinstance(conditional, Section) else conditional
        said.append(f"{line.words[0].where}: what stands in .if is not evaluated; its sockets are not stated")
    filled = next((w for s in found for line in (s.head, *s.lines) for w in line.words if not w.known), None)
    if filled is not None and "{" in filled.text:
        said.append(f"{filled.where}: a template or the environment fills this in; what it sets is not known")
    return said
