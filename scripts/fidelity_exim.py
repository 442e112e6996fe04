#!/usr/bin/env python3
"""Compares what the Exim reader reads with what ``exim -bP`` says, value by value.

    fidelity_exim.py [--root FOLDER] ROOT...

Each whole configuration below a ROOT runs through ``exim -bV`` and ``exim -bP`` in a mount namespace that has its
folder in the place of /etc/exim4 (or /etc/exim); Debian's parts go through update-exim4.conf first. Compared: whether
it is accepted; every line after macros, conditions and includes; the main options, and which differ from the
defaults; macros; options of routers, transports and authenticators. Without ``--root`` (a folder with another Debian,
Exim 4.98 for instance) the program is Debian's exim4-daemon-heavy, unpacked. Needs root, unshare, overlayfs, apt-get.

Given as they are missing, and said: users, and empty files for includes. Skipped, and said: parts that other files
include, templates. Normalised before comparing: blanks, times and sizes.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from comparing import Tally, command_line, of_format
from unpacked import Program

from mailpolicy.lean import NamedTuple
from mailpolicy.readers import exim
from mailpolicy.readers.exim.lexer import Lexer
from mailpolicy.readers.exim.model import UNSEEN, Model
from mailpolicy.tree import Disk
from mailpolicy.types import Version

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
SIZES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
ROUNDS = 60
"""Users and files that are put in one after the other, at most."""
MACHINE = frozenset(
    ["primary_hostname", "qualify_domain", "qualify_recipient", "exim_user", "exim_group", "exim_path", "gecos_name",
     "system_filter_group"]
)  # fmt: skip
"""Options whose value the machine gives where the file gives none, or that are printed in another form."""
USERS = {"Debian-exim": 65533}
PACKAGES = ("exim4-daemon-heavy", "exim4-config", "libmariadb3", "libspf2-2", "libgnutls-dane0", "libidn12", "libdb5.3",
            "libnsl2", "libldap-2.5-0", "libperl5.36", "libpq5")  # fmt: skip


def normal(value: str) -> str:
    """A value in one spelling: single blanks, times and sizes as numbers, none around the colons of lists."""
    value = " ".join(value.replace("\\n", " ").replace("\\t", " ").split()).replace(" }", "}")
    time = re.fullmatch(r"(?:\d+[smhdw])+", value)
    if time:
        return str(sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)([smhdw])", value)))
    size = re.fullmatch(r"(\d+)([KMG])", value)
    if size:
        return str(int(size[1]) * SIZES[size[2]])
    if re.fullmatch(r"0[0-7]+", value):
        return value.lstrip("0") or "0"
    if value.lower() in ("yes", "no"):
        return "true" if value.lower() == "yes" else "false"
    return re.sub(r"(\d)\.0+$", r"\1", re.sub(r" ?: ?", ":", value))


class Exim(Program):
    """Exim, with a folder of the configuration in its place."""

    def says(self, etc: Path, name: str, *words: str) -> list[str]:
        """Lines of ``exim -bP``."""
        return self.run(etc, f"$PROGRAM -C {name} -bP {' '.join(words)} 2>/dev/null")[1].split("\n")


class Set(NamedTuple):
    """One configuration: its files, the folder that plays /etc/exim4, and how Exim calls folder and file."""

    paths: tuple[str, ...]
    folder: str
    home: str
    grouped: bool


def sets(root: Path) -> list[Set]:
    """All configurations below a folder, as the reader finds them."""
    found = []
    for group in exim.groups(list(of_format([root], "exim"))):
        folder, home, grouped = exim.place_of(group)
        found.append(Set(group, folder, home, grouped))
    return found


def options(lines: list[str]) -> dict[str, str]:
    """``name = value``, ``name`` and ``no_name``; a value may go over several lines."""
    found: dict[str, str] = {}
    last = ""
    for line in lines:
        given = re.match(r"(\w+) ?=(?: (.*))?$", line)
        switch = re.fullmatch(r"(no_)?(\w+)", line)
        if given:
            last = given[1]
            found[last] = given[2] or ""
        elif switch:
            found[switch[2]] = "false" if switch[1] else "true"
        elif last and line:
            found[last] += "\n" + line
    return found


def drivers(lines: list[str]) -> dict[str, dict[str, str]]:
    """The output of ``-bP routers`` and the like, by driver."""
    found: dict[str, dict[str, str]] = {}
    part: list[str] = []
    name = ""
    for line in [*lines, " end:"]:
        head = re.match(r"(\S*) (?:router|transport|authenticator|end)?:$", line)
        if head or line == " end:":
            if name:
                found[name] = options(part)
            name, part = (head[1] if head else ""), []
        else:
            part.append(line)
    return found


def prepared(program: Exim, case: Set, etc: Path) -> tuple[str, str]:
    """The files in their places under ``etc``; the main file's name there, or why there is none."""
    own = etc / case.home.removeprefix("/etc/")
    above = Path(case.folder).parent
    if above.name == "etc":
        for path in above.iterdir():
            if path.is_dir() and path != Path(case.folder):
                shutil.copytree(path, etc / path.name, symlinks=True)
    if case.grouped:
        package = program.files / "etc/exim4"
        shutil.copytree(package, own, ignore=shutil.ignore_patterns("exim4.conf", "update-exim4.conf.conf"))
    shutil.copytree(case.folder, own, dirs_exist_ok=True, symlinks=True)
    for path in Path(case.folder).iterdir():  # which the reader takes for files of /etc where they are named so
        if path.is_file() and above.name != "etc" and path.name.startswith("exim"):
            shutil.copy(path, etc)
    main = f"{case.home}/{Path(case.paths[0]).name}"
    if not case.grouped or Path(case.paths[0]).name == "exim4.conf":
        return main, ""
    answers = own / "update-exim4.conf.conf"
    if not answers.exists():  # any will do: what depends on them the reader must not know
        split = "false" if (Path(case.folder) / "exim4.conf.template").exists() else "true"
        answers.write_text(f"dc_eximconfig_configtype=internet\ndc_use_split_config={split}\n")
    update = program.files / "usr/sbin/update-exim4.conf"
    command = f"{'chroot ' + str(program.root) + ' update-exim4.conf' if program.root else update}"
    made = "/etc/exim4/autogenerated"
    script = (
        f"touch {made}; {command} -o {made} >&2 && cat {program.root or ''}{made} && touch {program.root or ''}/etc/ok"
    )
    _, text = program.run(etc, script + " && echo '#made'")
    if "#made" not in text:
        return "", f"update-exim4.conf refuses it: {text.strip()[-150:]}"
    (own / "autogenerated").write_text(text.split("#made")[0])
    return made, ""


def completed(program: Exim, etc: Path, main: str) -> tuple[str, list[str]]:
    """What Exim says against a configuration with all users and includes that it asks for; and what was put in."""
    made: list[str] = []
    for number in range(ROUNDS):
        status, text = program.run(etc, f"$PROGRAM -C {main} -bV")
        lost = re.search(r"(user|group) (\S+) was not found", text)
        file = re.search(r"failed to open included configuration file (/etc/\S+)", text)
        if lost:
            with (etc / ("passwd" if lost[1] == "user" else "group")).open("a") as stream:
                stream.write(f"{lost[2]}:x:{7000 + number}:{'7000::/:/bin/false' if lost[1] == 'user' else ''}\n")
        elif file and file[1] not in made:
            path = etc / file[1].removeprefix("/etc/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            made.append(file[1])
        else:
            fault = re.search(r"(?:Exim configuration error.*?|: )\n?\s*([^\n]*)(?:\nLOG: PANIC|$)", text, re.DOTALL)
            return ("" if status == 0 else (fault[1] if fault else text)[-160:].strip() or text[-160:]), made
    return "it asks for ever more users", made


def daemon(program: Exim, etc: Path, main: str) -> str:
    """Why the daemon does not run with a configuration that -bV accepts; "" when it runs."""
    status, text = program.run(etc, f"timeout 2 $PROGRAM -C {main} -bdf")
    return "" if status == 124 else text.strip()[-160:]


def read(case: Set, version: Version) -> tuple[Model, list[str]]:
    """The reader's model, and what it would refuse."""
    tree = Disk()
    lexer = Lexer(tree, case.home, case.folder, version.numbers)
    exim.load(tree, lexer, case.folder, case.paths, case.grouped)
    lexer.finish()
    model = Model(lexer)
    model.take()
    return model, [unread.why for unread in exim.read(tree, case.paths, version).unread]


def compare(program: Exim, case: Set, version: Version, tally: Tally, scratch: Path) -> str:
    """Compares one set; gives why it was skipped or refused, or ""."""
    where = case.paths[0]
    inventory = exim.read(Disk(), case.paths, version)
    if any("is a part of an Exim" in note or "holds no option" in note for note in inventory.notes):
        return "skipped: a part that another file includes"
    model, refused = read(case, version)
    if any(not option.known for option in model.options.values()) and not case.grouped:
        hidden = "a template or macro from elsewhere"
    else:
        hidden = ""
    etc = scratch / "etc"
    shutil.rmtree(etc, ignore_errors=True)
    etc.mkdir()
    program.users(etc, USERS)
    main, why = prepared(program, case, etc)
    if why:
        return f"skipped: {why}"
    error, made = completed(program, etc, main)
    if "using GnuTLS" in error and case.home != "/etc/exim4":
        return "skipped: it is for an Exim with OpenSSL"
    if refused and not error:
        error = daemon(program, etc, main)
    if error:
        told = refused or any("does not start with it" in note for note in inventory.notes)
        tally.same("accepted", where, "no", "no" if told else "yes")
        return f"refused: exim says {error!r}, the reader {refused[:2]}"
    tally.same("accepted", where, "yes", "yes" if not refused else f"no: {refused[:3]}")
    if refused:
        return ""
    values(program, case, model, etc, main, tally, bool(made or model.hidden or hidden))
    if not case.grouped and not made and not model.hidden and not hidden:
        logical(program, where, model, etc, main, tally)
    return f"with empty {', '.join(made)}" if made else ""


def values(program: Exim, case: Set, model: Model, etc: Path, main: str, tally: Tally, partly: bool) -> None:
    """Main options, macros and drivers."""
    where = case.paths[0]
    theirs = options(program.says(etc, main))
    (etc / "nothing").write_text("")
    (etc / "nothing").chmod(0o644)
    usual = options(program.says(etc, "/etc/nothing"))
    for name, option in model.options.items():
        if option.known and name in theirs and name not in MACHINE:
            tally.same("option", f"{where} {name}", theirs[name], option.value.text)
    for name, value in theirs.items():
        aliases = {"daemon_smtp_port": "daemon_smtp_ports"}
        known = name in model.options or aliases.get(name, name) in model.options or name in MACHINE
        if not partly and not case.grouped and not known and value != usual.get(name) and name != "daemon_smtp_port":
            tally.same("option", f"{where} {name}", value, None)
    macros = dict(line.split("=", 1) for line in program.says(etc, main, "macros") if re.match(r"[A-Z]\w*=", line))
    for name, marked in model.lexer.macros.items():
        if marked.known and name not in model.lexer.unknown and not case.grouped:
            tally.same("macro", f"{where} {name}", macros.get(name), marked.text)
    for section, found in model.drivers.items():
        printed = drivers(program.says(etc, main, section))
        for driver in found.values():
            if driver.maybe or UNSEEN in driver.options:
                continue
            if driver.name not in printed:
                tally.same("driver", f"{where} {section} {driver.name}", None, driver.name)
            for name, option in driver.options.items():
                if option.known and name in printed.get(driver.name, {}):
                    if name in ("user", "group", "condition", "headers_add", "headers_remove", "set"):
                        continue  # several may be set, which -bP prints as one; users are printed as numbers
                    text = printed[driver.name][name]
                    tally.same("driver", f"{where} {section} {driver.name} {name}", text, option.value.text)
        if not partly and not case.grouped:
            for name in printed.keys() - found.keys():
                tally.same("driver", f"{where} {section} {name}", name, None)


def logical(program: Exim, where: str, model: Model, etc: Path, main: str, tally: Tally) -> None:
    """Every line of ``-bP config`` that is no macro, in order."""
    theirs = [line.strip() for line in program.says(etc, main, "config")]
    theirs = [normal(ln) for ln in theirs if ln and ln[0] != "#" and not re.match(r"[A-Z]\w*\s*=", ln)]
    ours = [normal(line.text.text) for line in model.lexer.lines if not line.macro]
    for index in range(max(len(theirs), len(ours))):
        one = theirs[index] if index < len(theirs) else None
        two = ours[index] if index < len(ours) else None
        before = tally.differences
        tally.same("line", f"{where} line {index + 1}", one, two)
        if tally.differences > before:
            break  # what follows is shifted


def main() -> int:
    """Prints differences and numbers; 1 when there are differences."""
    arguments = command_line(__doc__, "Exim").parse_args()
    tally, done, refused, skipped = Tally("exim", normal), 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        program = Exim(arguments.root, Path(folder), "usr/sbin/exim4", PACKAGES)
        (Path(folder) / "etc").mkdir()
        program.users(Path(folder) / "etc", USERS)
        text = program.run(Path(folder) / "etc", "$PROGRAM --version")[1]
        number = re.search(r"Exim version (\d+)\.(\d+)", text)
        if number is None:
            print(f"no Exim to compare with: {text[-200:]}")
            return 1
        version = Version((int(number[1]), int(number[2])), "the program")
        for root in arguments.roots:
            for place in sorted(path for path in root.iterdir() if path.is_dir()):
                for case in sets(place):
                    why = compare(program, case, version, tally, Path(folder))
                    if why:
                        print(f"{case.paths[0]}: {why}")
                    skipped += why.startswith("skipped")
                    refused += why.startswith("refused")
                    done += not why.startswith(("skipped", "refused"))
    summary = f"{done} sets accepted, {refused} refused, {skipped} skipped"
    print(f"Exim {number[1]}.{number[2]}: {summary}; compared: {tally.counts()}")
    print(f"{tally.differences} differences")
    return 1 if tally.differences else 0


if __name__ == "__main__":
    sys.exit(main())
