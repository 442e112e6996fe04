"""One run: paths to files, files to facts, facts to a report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from mailpolicy import compiled, joins, judge, policy, present, suppress
from mailpolicy.facts import Draft
from mailpolicy.policy import BadPolicy, Policy
from mailpolicy.readers import PATTERNS, Reader, format_of, load
from mailpolicy.text import Ignore, ignores
from mailpolicy.tree import Disk, Tree, walk
from mailpolicy.types import Fact, Finding, Inventory, Origin, Report, Rule, Span, Unread, Unreadable, Version
from mailpolicy.version import VERSION


class Options(NamedTuple):
    """What the command line or a caller asks for."""

    assume: Mapping[str, Version] = {}
    profile: str | None = None
    rules_dir: str | None = None
    today: str | None = None
    """ISO date that suppressions are held against; None: the day of the run."""


class Gathered(NamedTuple):
    """All that the files say, before it is judged."""

    inventory: Inventory
    recognised: int
    """Files that some reader took."""
    errors: tuple[tuple[str, str], ...]


def report(paths: Sequence[str], options: Options = Options()) -> tuple[Report, int]:  # noqa: B008  (immutable)
    """Checks everything below ``paths``; also tells how many files were recognised. Raises BadPolicy."""
    tree = Disk()
    site = find_policy(tree, paths)
    if options.profile:
        site = site._replace(profile=options.profile)
    known = _known_rules(site, options)
    rules = policy.apply(known, compiled.load().profiles, site)
    gathered = gather(tree, paths, site, options.assume)
    made = judged(tree, gathered.inventory, rules, known, options.today)
    return _finish(tree, paths, gathered, made, rules), gathered.recognised


def find_policy(tree: Tree, paths: Sequence[str]) -> Policy:
    """The policy of the project that the first path lies in; the default one where there is none."""
    path = policy.find(paths[0] if paths else ".")
    if path is None:
        return Policy()
    from mailpolicy.readers.declaration import mistakes
    from mailpolicy.strict_yaml import load as load_yaml

    path = os.path.relpath(path)
    try:
        node = load_yaml(tree.source(path))
    except Unreadable:
        return Policy(path)  # its reader reports it
    return Policy(path) if mistakes(node) else policy.read(path, node)


def _known_rules(site: Policy, options: Options) -> dict[str, Rule]:
    from mailpolicy import rules

    known = dict(compiled.load().rules)
    for folder in (site.rules_dir, options.rules_dir):
        if folder:
            if not os.path.isdir(folder):
                raise BadPolicy(f"no folder of rules {folder!r}")
            try:
                known |= rules.parse_all(folder)
            except rules.RuleError as problem:
                raise BadPolicy(f"{problem.where}: {problem}") from None
    if site.ports:
        known = _own_ports(known, site.ports)
    return known


def _own_ports(known: Mapping[str, Rule], path: str) -> dict[str, Rule]:
    """The rules that hold facts against ports.schema.json, with the site's schema in its place."""
    import json

    from mailpolicy.schema import unsupported

    try:
        with open(path, encoding="utf-8") as file:
            own = json.load(file)["$defs"]
        words = {word for name in ("listener", "connection") for word in unsupported(own[name])}
    except (OSError, ValueError, KeyError, TypeError):
        raise BadPolicy(f"{path}: is no schema of ports with $defs listener and connection") from None
    if words:
        raise BadPolicy(f"{path}: uses schema keywords that are not supported: {', '.join(sorted(words))}")
    return {
        name: rule._replace(require=own[rule.subject]) if name.endswith("-port-not-allowed") else rule
        for name, rule in known.items()
    }


def gather(tree: Tree, paths: Sequence[str], site: Policy, assume: Mapping[str, Version]) -> Gathered:
    """Reads every recognised file below the paths. What cannot be read is an error of the run."""
    errors: list[tuple[str, str]] = []
    by_format = _discover(tree, paths, site, errors)
    inventory = read_all(tree, by_format, lambda program, path: _version(site, assume, program, path))
    errors += [(unread.where.file, _fatal(unread)) for unread in inventory.unread if unread.fatal]
    return Gathered(inventory, sum(map(len, by_format.values())), tuple(dict.fromkeys(errors)))


def _fatal(unread: Unread) -> str:
    where = unread.where
    return f"line {where.line}, column {where.column}: {unread.why}" if where[1:] != (1, 1, 2) else unread.why


def read_all(
    tree: Tree, by_format: Mapping[str, Sequence[str]], version: Callable[[str, str], Version | None]
) -> Inventory:
    """Everything that files say, given by format; ``version(program, path)`` tells what to assume."""
    facts: list[Fact] = []
    unread: list[Unread] = []
    files: list[str] = []
    notes: list[str] = []
    for name, paths in by_format.items():
        reader = load(name)
        seen: set[str] = set()
        for group in reader.groups(paths):
            left = tuple(path for path in group if path not in seen)
            if left:
                made = _read(reader, tree, left, version(reader.SOFTWARE, left[0]))
                facts += made.facts
                unread += made.unread
                unread += _empty(tree, left, made)
                notes += made.notes
                seen.update(made.files or left)
        files += sorted(seen)
    return Inventory(tuple(facts), tuple(unread), tuple(files), tuple(dict.fromkeys(notes)))


def _empty(tree: Tree, paths: Iterable[str], made: Inventory) -> Iterable[Unread]:
    """Files with nothing in them, which is seldom meant; readers need not look for that."""
    for path in paths:
        try:
            blank = not tree.source(path).text.strip()
        except Unreadable:
            continue  # its reader has said so
        if blank and all(unread.where.file != path for unread in made.unread):
            yield Unread(Span(path, 1, 1, 2), "is empty")


def _read(reader: Reader, tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """One group; a fault of ours in a reader must not take the other groups with it, nor pass in silence."""
    try:
        return reader.read(tree, paths, version)
    except Exception as problem:
        why = f"mailpolicy failed on it ({type(problem).__name__}: {problem}): please report this"
        return Inventory(unread=(Unread(Span(paths[0], 1, 1, 2), why, True),), files=paths)


def _discover(tree: Tree, paths: Sequence[str], site: Policy, errors: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Files by format, in the order of the list of readers."""
    found: dict[str, list[str]] = {name: [] for name in PATTERNS}
    for path in dict.fromkeys(os.path.normpath(path) for path in paths):
        if os.path.isdir(path):
            for file, is_folder in walk(path, errors):
                name = format_of(file)
                if name is None or policy.excluded(site, file):
                    continue
                if is_folder:
                    errors.append((file, "is a folder, not a file"))
                else:
                    found[name].append(file)
        elif not policy.excluded(site, path):
            named = format_of(path) or _sniffed(tree, path, errors)
            if named is not None:
                found[named].append(path)
    return {name: list(dict.fromkeys(files)) for name, files in found.items() if files}


def _sniffed(tree: Tree, path: str, errors: list[tuple[str, str]]) -> str | None:
    """The format that the content of a file tells, for a file that was named on the command line."""
    try:
        text = tree.source(path).text
    except Unreadable as problem:
        errors.append((path, str(problem)))
        return None
    return next((name for name in PATTERNS if load(name).sniff(text)), None)


def _version(site: Policy, assume: Mapping[str, Version], program: str, path: str) -> Version | None:
    """``hosts:`` speaks for the folders that it names, ``--assume`` for the rest."""
    best: tuple[int, Version] | None = None
    full = os.path.abspath(path)
    for folder, name, version in site.versions:
        inside = full.startswith(folder.rstrip(os.sep) + os.sep)
        if name == program and inside and (best is None or len(folder) > best[0]):
            best = (len(folder), version)
    return best[1] if best else assume.get(program)


class Judged(NamedTuple):
    """Findings before paths are made presentable."""

    findings: list[Finding]
    facts: tuple[Fact, ...]


def judged(
    tree: Tree, inventory: Inventory, rules: Mapping[str, Rule], known: Iterable[str], today: str | None = None
) -> Judged:
    """Findings of an inventory; suppressions are applied, and judged themselves."""
    facts = (*inventory.facts, *joins.derive(inventory.facts), *(_unread(u) for u in inventory.unread))
    defaults = compiled.load().defaults
    findings = judge.findings(facts, rules.values(), defaults)
    comments = _comments(tree, inventory)
    if comments:
        day = today or _today()
        marks = suppress.facts(comments, findings, frozenset(known), day)
        findings = suppress.apply(findings, comments, day)
        findings += judge.findings(marks, rules.values(), defaults)
        findings.sort(key=lambda f: (f.where, f.rule, f.message))
    return Judged(findings, facts)


def _today() -> str:
    from datetime import date

    return date.today().isoformat()


def _unread(unread: Unread) -> Fact:
    draft = Draft("unread", unread.where)
    draft.put("why", unread.why, [Origin("sets", unread.where)])
    draft.put("fatal", unread.fatal)
    return draft.fact()


def _comments(tree: Tree, inventory: Inventory) -> list[Ignore]:
    found: list[Ignore] = []
    for path in inventory.files:
        try:
            found += ignores(tree.source(path))
        except Unreadable:
            continue  # its reader has said so
    return found


def _finish(tree: Tree, paths: Sequence[str], gathered: Gathered, made: Judged, rules: Mapping[str, Rule]) -> Report:
    base, anchor = present.bases(paths)
    findings = tuple(present.fingerprinted(made.findings, anchor))
    spans = [f.where for f in findings] + [o.where for f in findings for o in f.because if o.where]
    lines = present.lines(tree, spans, made.facts)
    inventory = gathered.inventory
    return Report(
        version=VERSION,
        findings=tuple(present.rebased(finding, base) for finding in findings),
        errors=tuple((present.shown(path, base), why) for path, why in gathered.errors),
        notes=inventory.notes,
        rules=rules,
        lines={(present.shown(file, base), line): text for (file, line), text in lines.items()},
        files=len(inventory.files),
        facts=len(inventory.facts),
        unknown=sum(field not in fact.values for fact in inventory.facts for field in fact.origins),
    )
