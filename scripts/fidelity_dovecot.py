#!/usr/bin/env python3
"""Compares what the Dovecot reader reads with what doveconf says, setting by setting.

    fidelity_dovecot.py [--root FOLDER] ROOT...

Each main file below a ROOT runs through ``doveconf -n`` and ``doveconf -a`` on a copy of its folder that a mount
namespace puts in the place of /etc/dovecot. Two comparisons: every setting that ``doveconf -n`` prints against the
reader's, and the reverse; and the effective values of the settings that facts are made of against ``doveconf -a``.
``--root`` is a folder with another Debian (Dovecot 2.4 in a chroot, for instance). Needs root and unshare.

Skipped, and said: what doveconf refuses (the reader must then refuse too, or a file is missing that it does not
need), and templates. Normalised before comparing: times, sizes, and lists.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from comparing import command_line

from mailpolicy.readers import dovecot
from mailpolicy.readers.dovecot import names24
from mailpolicy.readers.dovecot.build import Builder
from mailpolicy.readers.dovecot.dialect import DEFAULTS, dialect_of
from mailpolicy.readers.dovecot.loader import Loader
from mailpolicy.readers.dovecot.model import Model
from mailpolicy.tree import Disk
from mailpolicy.types import Version

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "k": 1 << 10, "M": 1 << 20, "G": 1 << 30, "B": 1}
IGNORED = re.compile(
    r"^((?:passdb|userdb) \d+/name|managesieve_(notify|sieve)_capability|dovecot_(config|storage)_version)$"
)
PREFIXED = ("service", "inet_listener", "unix_listener", "fifo_listener", "passdb", "userdb")


def normal(value: str) -> str:
    """A value in one spelling: unquoted, lists with single blanks, times and sizes as numbers."""
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1]).strip()
    amount = re.fullmatch(r"(\d+)\s*(secs?|mins?|hours?|days?|weeks?|[smhdw]|k|M|G|B|kB|MB|GB|K|m)", value)
    if amount:
        unit = amount[2] if amount[2] in ("M", "MB") else amount[2][0].lower()
        return str(int(amount[1]) * UNITS.get({"g": "G", "b": "B"}.get(unit, unit[0]), 1))
    if value.lower() in ("yes", "y"):
        return "yes"
    if re.fullmatch(r"0+[0-7]{2,4}", value):
        return value.lstrip("0") or "0"
    return re.sub(r"[\s,]+", " ", value)


def flat(text: str) -> dict[str, str]:
    """doveconf's output as {path/setting: value}; sections without a name are numbered by kind."""
    found: dict[str, str] = {}
    path: list[str] = []
    count: dict[str, int] = {}
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line == "}":
            path.pop()
        elif line.endswith("{"):
            name = line[:-1].strip().replace('"', "")
            if " " not in name and name in ("passdb", "userdb", "namespace", "plugin", "dict"):
                key = "/".join([*path, name])
                count[key] = count.get(key, -1) + 1
                name = f"{name} {count[key] if name not in ('plugin', 'dict') else 0}"
            path.append(name)
        elif "=" in line:
            key, _, value = line.partition("=")
            name = key.strip().replace('"', "")
            inside = path[-1] if path else ""
            if (
                inside in names24.FILTERS and f"{inside}_{name}" in names24.SETTINGS
            ):  # 2.4 prints ssl_server_cert_file as ssl_server { cert_file }
                found["/".join([*path[:-1], f"{inside}_{name}"])] = normal(value)
            else:
                found["/".join([*path, name])] = normal(value)
    return found


def ours(model: Model, unexpanded: bool = False) -> dict[str, str]:
    """The reader's settings in the same form; doveconf leaves variables unexpanded."""
    found: dict[str, str] = {}
    number: dict[tuple[str, ...], dict[str, int]] = {}
    for entry in model.entries:
        parts: list[str] = []
        for block in entry.path:
            name = block.name
            if block.kind in ("plugin", "dict"):
                name = "0"
            elif model.dialect != "2.4" and (
                block.kind in ("passdb", "userdb") or (name.isdigit() and block.kind == "namespace")
            ):
                seen = number.setdefault((*parts, block.kind), {})
                name = str(seen.setdefault(name, len(seen)))
            if name.isdigit() and block.kind == "inet_listener":
                name = ""
            parts.append(f"{block.kind} {name}".strip())
        key = entry.key
        inner = entry.path[-1].kind if entry.path else ""
        if inner in PREFIXED or (model.dialect == "2.4" and inner in names24.ARRAYS):
            key = key.removeprefix(f"{inner}_")
        value = entry.text.text if unexpanded and entry.text else entry.value
        value = f"<{value}" if entry.file else value
        if entry.item:
            parts.append(entry.key)
            key = entry.item
        found["/".join([*parts, key])] = normal(value)
    for key in [k for k in found if re.search(r"/(unix|fifo)_listener [^/]*/path$", k)]:
        before, after = key.removesuffix("path"), key[: key.rindex(" ") + 1] + found.pop(key) + "/"
        found = {(after + k.removeprefix(before) if k.startswith(before) else k): v for k, v in found.items()}
    return found


def _elsewhere(model: Model, key: str) -> bool:
    """What the reader leaves out on purpose: Debian's protocols.d, and socket files of Dovecot 1.x's auth section."""
    old = any(e.path[:1] and e.path[0].name.startswith("old ") for e in model.entries)
    outside = key == "protocols" and bool(model.protocols_outside)
    return outside or (old and key.startswith("service auth/unix_listener"))


def run(root: Path | None, folder: Path, name: str, *options: str) -> tuple[int, str, str]:
    """doveconf with ``folder`` in the place of /etc/dovecot."""
    target = (root or Path("/")) / "etc/dovecot"
    inside = f"chroot {root} " if root else ""
    script = f"mount --bind '{folder}' '{target}' && exec {inside}doveconf {' '.join(options)} -c '/etc/dovecot/{name}'"
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def read(path: Path, version: Version) -> tuple[Model, list[str]]:
    """The reader's model of a main file, and what it would refuse."""
    loader = Loader(Disk(), str(path))
    statements = list(loader.statements())
    dialect, program = dialect_of(statements, version)
    builder = Builder(dialect, False)
    for statement in statements:
        builder.apply(statement)
    return builder.finish(program, loader.outside), [u.why for u in (*loader.refused, *builder.refused)]


def stand_ins(root: Path | None, folder: Path, name: str) -> list[str]:
    """Empty files for includes that are missing, until doveconf goes on; their names."""
    made: list[str] = []
    for _ in range(20):
        code, _, error = run(root, folder, name, "-n")
        lost = re.search(r"configuration file (/etc/dovecot/\S+) line (\d+): (?:No matches|Couldn't open)", error)
        if code == 0 or lost is None:
            break
        near = folder / Path(lost[1]).relative_to("/etc/dovecot")
        what = near.read_text(errors="replace").splitlines()[int(lost[2]) - 1].split(None, 1)[-1].strip()
        if "*" in what or what.startswith("/") or what in made:
            break
        (near.parent / what).parent.mkdir(parents=True, exist_ok=True)
        (near.parent / what).touch()
        made.append(what)
    return made


def compare(root: Path | None, path: Path, version: Version) -> tuple[int, list[str], str]:
    """Values compared, differences, and why it was skipped."""
    if path.suffix != ".conf":
        return 0, [], "a template"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "dovecot"
        shutil.copytree(path.parent, folder, ignore_dangling_symlinks=True)
        stand_ins(root, folder, path.name)
        code, changed, error = run(root, folder, path.name, "-n", "-P")
        model, refused = read(folder / path.name, version)
        if code != 0 or "Fatal" in error:
            why = next((ln for ln in error.splitlines() if "Fatal" in ln), error.strip())[-150:]
            return 0, [], f"doveconf refuses it ({why}); the reader {'refuses it too' if refused else 'ACCEPTS it'}"
        everything = flat(run(root, folder, path.name, "-a", "-P")[1])
    want, have, raw = flat(changed), ours(model), ours(model, True)
    bad = [f"the reader refuses it: {why}" for why in refused]
    compared = 0
    for key, value in want.items():
        if IGNORED.match(key) or _elsewhere(model, key):
            continue
        compared += 1
        if key not in have and value == "":
            continue  # doveconf prints a namespace's empty defaults too
        if key not in have:
            bad.append(f"{key}: doveconf {value!r}, the reader has none")
        elif value not in (have[key], raw.get(key)) and not value.startswith("# hidden"):
            bad.append(f"{key}: doveconf {value!r}, reader {have[key]!r}")
    for key, value in have.items():
        if key not in want and not IGNORED.match(key):
            compared += 1
            if key in everything and everything[key] != value:
                bad.append(f"{key}: doveconf {everything[key]!r}, reader {value!r}")
    for key in DEFAULTS[model.dialect]:
        if key in everything and model.get(key).known:
            compared += 1
            looked = model.get(key)
            words = " ".join(w for w, _ in model.words(key, " ,")[0])
            spellings = {normal(looked.value), words, f"<{normal(looked.value)}"}
            if everything[key] not in spellings and not (model.dialect == "2.4" and not everything[key]):
                bad.append(f"effective {key}: doveconf {everything[key]!r}, reader {looked.value!r}")
    return compared, bad, ""


def main() -> int:
    """Prints differences and numbers; 1 when there are differences."""
    arguments = command_line(__doc__, "dovecot").parse_args()
    command = ["chroot", str(arguments.root)] if arguments.root else []
    text = subprocess.run([*command, "dovecot", "--version"], capture_output=True, text=True, check=True).stdout
    version = Version(tuple(int(n) for n in text.split(" ")[0].split("-")[0].split(".")[:2]), "the program")
    total, differences, sets, skipped = 0, 0, 0, 0
    for root in arguments.roots:
        names = sorted(str(p) for p in root.rglob("*") if p.is_file() and dovecot._is_root(str(p)))
        for name in names:
            compared, bad, why = compare(arguments.root, Path(name), version)
            if why:
                skipped += 1
                print(f"skipped {name}: {why}")
                continue
            sets, total, differences = sets + 1, total + compared, differences + len(bad)
            for line in bad:
                print(f"{name}: {line}")
    print(f"{sets} configurations, {total} values compared, {differences} differences, {skipped} skipped")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
