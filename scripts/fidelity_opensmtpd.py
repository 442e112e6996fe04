#!/usr/bin/env python3
"""Compares which lines of smtpd.conf the OpenSMTPD reader refuses with what ``smtpd -n`` refuses.

    fidelity_opensmtpd.py [--root FOLDER] ROOT...

smtpd prints nothing of what it reads but its faults, so these are compared, line by line. Each smtpd.conf below a
ROOT is put in its place in /etc of a mount namespace. Without ``--root`` (a folder with another Debian, OpenSMTPD 7.6
for instance) the program is Debian's opensmtpd, unpacked. Needs root, unshare, overlayfs, ip and apt-get.

Put in where they are missing, as the reader does not look for them: tables and included files, certificates, network
interfaces of BSD. Skipped, and said: files of Cyrus SASL, templates, tables of programs that are not installed.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from comparing import Tally, certificate, command_line, of_format
from unpacked import Program

from mailpolicy.passwords import is_placeholder
from mailpolicy.readers import opensmtpd
from mailpolicy.readers.opensmtpd.cursor import HOMES
from mailpolicy.tree import Disk
from mailpolicy.types import Version

ROUNDS = 40
SILENT = "nothing, as of a fault right behind another"
USERS = {"opensmtpd": 6001, "opensmtpq": 6002, "_dkimsign": 6003, "_filter": 6004, "vmail": 6005, "_smtpd": 6006}
PACKAGES = ("opensmtpd", "libevent-2.1-7", "libevent-2.1-7t64", "libasr0", "libtls26", "libtls28")


def completed(program: Program, etc: Path, name: str, pair: Path) -> tuple[list[tuple[int, str]], str, list[str]]:
    """Lines that smtpd refuses, what else it says, and what had to be put in."""
    made: list[str] = []
    links: list[str] = []
    for _ in range(ROUNDS):
        setup = "".join(
            f"ip link add {n} type veth peer name peer{i}; ip addr add 10.77.{i}.1/24 dev {n}; "
            for i, n in enumerate(links)
        )
        status, text = program.run(etc, f"{setup} $PROGRAM -n -f {name}")
        table = re.search(r"^(/etc/\S+): fopen: No such file", text, re.MULTILINE)
        kind = re.search(r'table "(\S+)" may not be used', text)
        link = re.search(r"invalid virtual ip or interface: ([a-z]\w*)$", text, re.MULTILINE)
        file = re.search(r"(?:cannot open|invalid .*?|open)[: ]+(/etc/\S+?)(?::| for|$)", text, re.MULTILINE)
        if table and table[1] not in made:
            path = etc / table[1].removeprefix("/etc/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("a b:c\n")
            made.append(table[1])
        elif kind and (changed := listed(etc, name, kind[1], made)):
            made.append(changed)
        elif link and link[1] not in links:
            links.append(link[1])
        elif file and file[1] not in made:
            path = etc / file[1].removeprefix("/etc/")
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(pair / ("key.pem" if "key" in file[1] else "cert.pem"), path)
            path.chmod(0o600)
            made.append(file[1])
        else:
            faults = re.findall(rf"^{re.escape(name)}:(\d+): (?!warning)(.*)", text, re.MULTILINE)
            rest = "" if status == 0 else text.strip().split("\n")[-1]
            lines = [(int(n), why) for n, why in faults if not any(f"file {path} for" in why for path in made)]
            return lines, rest if lines or not faults else "", [*made, *links]
    return [], "it asks for ever more files", made


def listed(etc: Path, name: str, table: str, made: list[str]) -> str:
    """Makes a list of a stand-in for a table that was made of pairs; its path with a mark, or ""."""
    text = (etc / name.removeprefix("/etc/")).read_text(errors="replace")
    found = re.search(rf"^\s*table\s+\"?{re.escape(table)}\"?\s+\"?(?:file:)?\"?(/etc/[^\s\"]+)", text, re.MULTILINE)
    if found is None or found[1] not in made or f"{found[1]} (list)" in made:
        return ""
    (etc / found[1].removeprefix("/etc/")).write_text("a\n")
    return f"{found[1]} (list)"


def followed(path: str, before: int, line: int) -> bool:
    """Whether nothing stands between two lines: smtpd says nothing of a fault right behind another (yacc)."""
    texts = Path(path).read_text(errors="replace").split("\n")[before : line - 1]
    return before > 0 and all(not text.strip() or text.lstrip().startswith("#") for text in texts)


def compare(program: Program, path: str, version: Version, tally: Tally, scratch: Path) -> str:
    """Compares one file; gives what is to be said of it."""
    found = opensmtpd.read(Disk(), (path,), version)
    if any("Cyrus SASL" in note for note in found.notes):
        return "skipped: of Cyrus SASL"
    if re.search(r"\{\{|\{%|<%", Path(path).read_text(errors="replace")):
        return "skipped: a template"
    etc = scratch / "etc"
    shutil.rmtree(etc, ignore_errors=True)
    etc.mkdir()
    program.users(etc, USERS)
    home = HOMES.get(Path(path).parent.name, "/etc")
    own = etc / home.removeprefix("/etc").lstrip("/")
    if home != "/etc" or Path(path).parent.name == "etc":
        shutil.copytree(
            Path(path).parent, own, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns("passwd")
        )
    shutil.copy(path, own / "smtpd.conf")
    (own / "smtpd.conf").chmod(0o600)
    faults, rest, made = completed(program, etc, f"{home}/smtpd.conf", scratch)
    lost = re.search(r'backend "\S+" does not exist', rest)
    if lost:
        return f"skipped: {lost[0]}"
    key = re.search(r"^queue encryption (?:key )?\"?([^\s\"]+)", Path(path).read_text(errors="replace"), re.MULTILINE)
    if "crypto_setup" in rest and key and is_placeholder(key[1]):
        return "skipped: its key was taken out"
    if "or interface: all" in rest:
        return "skipped: listens on a group of interfaces that Linux does not have"
    ours = {unread.where.line: unread.why for unread in found.unread if unread.where.file == path}
    theirs = dict(reversed(faults))
    before = 0
    for line in sorted({*ours, *theirs}) if theirs else ():
        silent = line not in theirs and followed(path, before, line)
        tally.same("line", f"{path}:{line}", theirs.get(line) or (SILENT if silent else None), ours.get(line))
        before = line
    refused = rest or "; ".join(f"line {line}: {why}" for line, why in theirs.items())
    tally.same("refused" if refused else "accepted", path, refused or None, "; ".join(ours.values()) or None)
    return f"{'refused' if refused else 'accepted'}{' with ' + ', '.join(made) if made else ''}"


def main() -> int:
    """Prints differences and numbers; 1 when there are differences."""
    arguments = command_line(__doc__, "OpenSMTPD").parse_args()
    tally, skipped = Tally("smtpd", bool), 0
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        scratch.chmod(0o755)
        certificate(scratch)
        program = Program(arguments.root, scratch, "usr/sbin/smtpd", PACKAGES)
        (scratch / "etc").mkdir()
        text = program.run(scratch / "etc", "$PROGRAM -h")[1]
        number = re.search(r"OpenSMTPD (\d+)\.(\d+)", text)
        if number is None:
            print(f"no OpenSMTPD to compare with: {text[-200:]}")
            return 1
        version = Version((int(number[1]), int(number[2])), "the program")
        for path in of_format(arguments.roots, "opensmtpd"):
            said = compare(program, path, version, tally, scratch)
            skipped += said.startswith("skipped")
            print(f"{path}: {said}")
    counts = tally.counts()
    print(f"OpenSMTPD {number[1]}.{number[2]}: {skipped} skipped; compared: {counts}; {tally.differences} differences")
    return 1 if tally.differences else 0


if __name__ == "__main__":
    sys.exit(main())
