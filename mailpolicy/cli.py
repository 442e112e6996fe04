"""The command line. Exit codes: 0 clean, 1 findings, 2 wrong use or unreadable input, 3 nothing recognised."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from mailpolicy.types import Version


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the program and returns its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    gc.set_threshold(50_000)  # records make no cycles; looking for some at every 700th is a twentieth of a small run
    if arguments in (["--version"], ["-V"]):  # answered before anything is imported for it
        from mailpolicy.version import VERSION

        print(f"mailpolicy {VERSION}")
        return 0
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader of our output is gone; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130


def _run(arguments: list[str]) -> int:
    from mailpolicy import options

    wanted = options.parse(arguments)
    return COMMANDS[wanted.command](wanted)


def _say(text: str) -> None:
    """A line for people, on stderr."""
    print(f"mailpolicy: {text}", file=sys.stderr)


def _check(wanted: Namespace) -> int:
    from mailpolicy import output, run
    from mailpolicy.policy import BadPolicy

    try:
        options = run.Options(_assumed(wanted), wanted.profile, wanted.rules_dir, wanted.today, wanted.skip_expiry)
        report, recognised = run.report(wanted.paths, options)
        output.emit(report, wanted)
    except BadPolicy as problem:
        _say(str(problem))
        return 2
    except OSError as problem:
        if isinstance(problem, BrokenPipeError):
            raise
        _say(f"{problem.filename or 'output'}: {problem.strerror}")
        return 2
    if report.errors:
        return 2
    if not recognised:
        _say("no mail configuration was recognised")
        return 0 if wanted.allow_empty else 3
    return output.verdict(report, wanted.fail_on, wanted.strict)


def _assumed(wanted: Namespace) -> dict[str, Version]:
    from mailpolicy.policy import numbers
    from mailpolicy.types import Version

    return {name: Version(numbers(text), "--assume") for name, text in wanted.assume.items()}


def _inspect(wanted: Namespace) -> int:
    from mailpolicy import gather, output, present, run
    from mailpolicy.report import facts
    from mailpolicy.tree import Disk

    tree = Disk()
    site = run.find_policy(tree, wanted.paths)
    gathered = gather.gather(tree, wanted.paths, site, _assumed(wanted))
    inventory, derived = run.derive(tree, gathered.inventory, run.this_day())
    inventory = inventory._replace(facts=inventory.facts + derived)
    inventory = present.presentable(inventory, wanted.paths)
    render = facts.as_json if wanted.format == "json" else facts.table
    output.write(render(inventory.facts, inventory.unread), wanted.output)
    for path, why in gathered.errors:
        _say(f"{path}: {why}")
    if gathered.errors:
        return 2
    if not gathered.recognised:
        _say("no mail configuration was recognised")
        return 0 if wanted.allow_empty else 3
    return 0


def _rules(wanted: Namespace) -> int:
    from mailpolicy import compiled

    rules = compiled.load().rules.values()
    width = max(len(rule.id) for rule in rules)
    for rule in sorted(rules, key=lambda rule: (rule.group, rule.id)):
        print(f"{rule.group:10} {rule.id:{width}}  {rule.severity:8} {rule.subject}")
    return 0


def _explain(wanted: Namespace) -> int:
    from mailpolicy import compiled, explain
    from mailpolicy.rules import nearest

    rules = compiled.load().rules
    if wanted.rule not in rules:
        _say(f"there is no rule {wanted.rule!r}{nearest(wanted.rule, rules)}")
        return 2
    print(explain.explain(rules[wanted.rule]))
    return 0


def _init(wanted: Namespace) -> int:
    from mailpolicy import init

    try:
        print(init.create(wanted.directory))
    except OSError as problem:
        _say(f"{problem.filename}: {problem.strerror}")
        return 2
    return 0


COMMANDS = {"check": _check, "inspect": _inspect, "rules": _rules, "explain": _explain, "init": _init}
