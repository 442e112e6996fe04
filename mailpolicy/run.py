"""One run: what is asked, what is found, and the report of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from mailpolicy import compiled, joins, judge, policy, present, suppress
from mailpolicy.facts import Draft
from mailpolicy.gather import Gathered, gather
from mailpolicy.lean import NamedTuple
from mailpolicy.policy import BadPolicy, Policy
from mailpolicy.text import Ignore, ignores
from mailpolicy.tree import Disk, Tree
from mailpolicy.types import Fact, Finding, Inventory, Origin, Report, Rule, Unread, Unreadable, Version
from mailpolicy.version import VERSION


class Options(NamedTuple):
    """What the command line or a caller asks for."""

    assume: Mapping[str, Version] = {}
    profile: str | None = None
    rules_dir: str | None = None
    today: str | None = None
    """ISO date that suppressions and certificates are held against; None: the day of the run."""
    skip_expiry: bool = False
    """Certificates are not held against the day."""


def report(paths: Sequence[str], options: Options = Options()) -> tuple[Report, int]:  # noqa: B008  (immutable)
    """Checks everything below ``paths``; also tells how many files were recognised. Raises BadPolicy."""
    tree = Disk()
    site = find_policy(tree, paths)
    if options.profile:
        site = site._replace(profile=options.profile)
    profiles = compiled.load().profiles
    known = policy.numbered(_known_rules(site, options), profiles, site)
    rules = policy.apply(known, profiles, site)
    gathered = gather(tree, paths, site, options.assume)
    inventory, derived = derive(tree, gathered.inventory, None if options.skip_expiry else options.today or this_day())
    gathered = gathered._replace(inventory=inventory)
    made = judged(tree, inventory, derived, rules, known, options.today)
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


class Judged(NamedTuple):
    """Findings before paths are made presentable."""

    findings: list[Finding]
    facts: tuple[Fact, ...]


def derive(tree: Tree, inventory: Inventory, day: str | None) -> tuple[Inventory, tuple[Fact, ...]]:
    """An inventory with what the certificates and groups that it names say, and what its facts say together.

    ``day``: what the end of a certificate is held against; None: nothing.
    """
    facts = inventory.facts
    shown: tuple[Fact, ...] = ()
    if any(fact.values.get("certificate") or fact.values.get("dh_file") for fact in facts):
        from mailpolicy import certificates

        facts = certificates.with_groups(facts, tree)
        shown, unread = certificates.derive(facts, tree, day)
        inventory = inventory._replace(facts=facts, unread=inventory.unread + unread)
    if any(fact.kind == "secret" for fact in facts):
        from mailpolicy import secret_files

        shown += secret_files.derive(facts, tree)
    return inventory, (*joins.derive(facts), *shown)


def judged(
    tree: Tree,
    inventory: Inventory,
    derived: tuple[Fact, ...],
    rules: Mapping[str, Rule],
    known: Mapping[str, Rule],
    today: str | None = None,
) -> Judged:
    """Findings of an inventory and what was derived from it; suppressions are applied, and judged themselves."""
    facts = (*inventory.facts, *derived, *(_unread(u) for u in inventory.unread))
    defaults = compiled.load().defaults
    findings = judge.findings(facts, rules, known, defaults)
    comments = _comments(tree, inventory)
    if comments:
        day = today or this_day()
        marks = suppress.facts(comments, findings, frozenset(known), day)
        findings = suppress.apply(findings, comments, day)
        findings += judge.findings(marks, rules, known, defaults)
        findings.sort(key=lambda f: (f.where, f.rule, f.message))
    return Judged(findings, facts)


def this_day() -> str:
    """The day of the run, as an ISO date."""
    from time import strftime

    return strftime("%Y-%m-%d")


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
        notes=present.notes(inventory.notes, base),
        rules=rules,
        lines={(present.shown(file, base), line): text for (file, line), text in lines.items()},
        files=len(inventory.files),
        facts=len(inventory.facts),
        unknown=sum(field not in fact.values for fact in inventory.facts for field in fact.origins),
    )
