"""Compares the Postfix reader with ``postconf`` on every configuration below some folders.

Usage: fidelity_postfix.py ROOT...   Needs postconf in the PATH. Exit 1 when anything differs.

For each folder with a main.cf that postconf accepts: explicit settings (-n), effective ones (-x),
services (-M) and overrides (-P). Parameters that depend on the machine are compared only where the
configuration sets them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from comparing import Tally

from mailpolicy.readers.postfix import lexer, master
from mailpolicy.readers.postfix.params import MACHINE, View, Written
from mailpolicy.tree import Disk
from mailpolicy.types import Span, Unread

RUNTIME = {"config_directory", "mail_version", "mail_release_date", "process_name", "service_name", *MACHINE}


def postconf(folder: str, *arguments: str) -> tuple[int, str, str]:
    """Exit status, output and errors of postconf on a folder."""
    done = subprocess.run(
        ["postconf", "-c", folder, *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def table(text: str) -> dict[str, str]:
    """``name = value`` lines."""
    found = {}
    for line in text.split("\n"):
        name, equals, value = line.partition(" =")
        if equals:
            found[name] = value.strip(lexer.BLANKS)
    return found


def normal(text: str) -> str:
    """Blanks as postconf prints them."""
    return " ".join(text.split())


def folders(roots: list[str]) -> Iterator[str]:
    """Folders that hold a main.cf."""
    for root in roots:
        for folder, _, files in sorted(os.walk(root)):
            if "main.cf" in files:
                yield folder


def version() -> tuple[int, ...]:
    """Of the installed Postfix."""
    done = subprocess.run(["postconf", "-dh", "mail_version"], capture_output=True, text=True, check=True)
    return tuple(int(part) for part in done.stdout.strip().split("-")[0].split("."))


def depends(view: View, name: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a value refers to a parameter that only the machine or the installation knows."""
    import re

    raw = view.get(name).raw
    for other in re.findall(r"\$[{(]?([A-Za-z0-9_]+)", raw):
        if (other in RUNTIME and not view.is_set(other)) or (other not in seen and depends(view, other, seen | {name})):
            return True
    return False


def compare(folder: str, tally: Tally, numbers: tuple[int, ...]) -> str | None:
    """Compares one folder; gives why it was skipped, or None."""
    with tempfile.TemporaryDirectory() as copy:
        os.chmod(copy, 0o755)
        for name in ("main.cf", "master.cf"):
            path = os.path.join(folder, name)
            target = os.path.join(copy, name)
            if os.path.exists(path):
                shutil.copyfile(path, target)
            else:
                open(target, "w").close()
            os.chmod(target, 0o644)
        for arguments in (("-n",), ("-x",), ("-M",), ("-P",)):
            status, _, errors = postconf(copy, *arguments)
            if status:
                return errors.strip().replace(copy, folder).split("\n")[-1]
        tree = Disk()
        unread: list[Unread] = []
        main, _ = master.settings(lexer.logical_lines(tree.source(f"{copy}/main.cf")), unread)
        services, _ = master.services(lexer.logical_lines(tree.source(f"{copy}/master.cf")), unread)
        given = {"config_directory": copy, "stress": ""}
        view = View(main, {}, numbers, Span("main.cf", 1, 1, 2), given)
        explicit(folder, copy, main, tally)
        effective(folder, copy, view, tally)
        entries(folder, copy, services, tally)
    return None


def explicit(folder: str, copy: str, main: dict[str, Written], tally: Tally) -> None:
    """postconf -n: what main.cf sets, of the parameters that postconf knows."""
    for name, value in table(postconf(copy, "-n")[1]).items():
        if name == "config_directory" and name not in main:
            continue
        tally.same("-n", f"{folder} {name}", value, main[name].raw if name in main else None)


def effective(folder: str, copy: str, view: View, tally: Tally) -> None:
    """postconf -x: every parameter, expanded."""
    for name, value in table(postconf(copy, "-x")[1]).items():
        if (name in RUNTIME and not view.is_set(name)) or depends(view, name):
            continue
        found = view.get(name)
        if found.text is None and not found.problem:
            continue
        tally.same("-x", f"{folder} {name}", value, None if found.problem else found.text)


def entries(folder: str, copy: str, services: list[master.Service], tally: Tally) -> None:
    """postconf -M and -P: services in order and their overrides."""
    theirs = [normal(line) for line in postconf(copy, "-Mf")[1].replace("\n    ", " ").split("\n") if line.strip()]
    ours = [normal(" ".join(shown(service))) for service in services]
    for index in range(max(len(theirs), len(ours))):
        one = theirs[index] if index < len(theirs) else None
        two = ours[index] if index < len(ours) else None
        if two is not None and lexer.is_template(two):
            continue
        tally.same("-M", f"{folder} entry {index + 1}", one and unbraced(one), two and unbraced(two))
    overrides = {f"{s.name}/{s.type}/{o.name}": o.raw for s in services for o in s.options.values()}
    for name, value in table(postconf(copy, "-P")[1]).items():
        tally.same("-P", f"{folder} {name}", value, overrides.get(name))


def shown(service: master.Service) -> tuple[str, ...]:
    """The fields of an entry."""
    fields = (service.name, service.type, service.private, service.unpriv, service.chroot, service.wakeup)
    return (*fields, service.maxproc, service.command, *service.args)


def unbraced(text: str) -> str:
    """An entry without the braces and blanks that postconf adds or normalises."""
    return "".join(text.replace("{", "").replace("}", "").split())


def main(roots: list[str]) -> int:
    """Runs the comparison."""
    tally, skipped, done = Tally("postconf", normal), 0, 0
    numbers = version()
    for folder in folders(roots):
        why = compare(folder, tally, numbers)
        if why is None:
            done += 1
        else:
            skipped += 1
            print(f"skipped {folder}: {why}")
    print(f"{done} configurations compared, {skipped} refused by postconf; values compared: {tally.counts()}")
    print(f"{tally.differences} differences")
    return 1 if tally.differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
