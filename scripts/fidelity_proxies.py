#!/usr/bin/env python3
"""Compares what the readers of nginx, HAProxy, stunnel and Cyrus IMAP say with what the programs themselves do.

    fidelity_proxies.py [--root FOLDER] [--only PROGRAM] ROOT...

Each configuration below a ROOT is copied into an overlay of this machine (or of ``--root``, a folder with another
Debian), in mount, network and process namespaces of its own, and goes through ``nginx -t`` and ``-T``,
``haproxy -c``, the start of stunnel, or ``cyr_info``. Compared: whether the program takes it and whether the reader
does; which files nginx reads; every option of imapd.conf that ``cyr_info conf`` and ``conf-lint`` show and, service
by service, the options that facts are made of; the sockets that the started program opens. What is missing beside
the configuration (certificates, users, folders, host names) is made up, so that the program goes on. Needs root,
unshare, ip and openssl; Cyrus' imapd and pop3d are downloaded where they are not installed.

Skipped, and said: templates, files of other programs, and what is missing for a program to be asked.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from comparing import certificate, of_format
from unpacked import download

from mailpolicy.readers import load
from mailpolicy.readers.cyrus import command, cyrus_conf, imapd_conf, options, server, settings
from mailpolicy.readers.nginx.loader import Loader
from mailpolicy.tree import Disk
from mailpolicy.types import Inventory, Version

MARK = "FIDELITY_INSIDE"
HOMES = {"nginx": "/etc/nginx", "haproxy": "/etc/haproxy", "stunnel": "/etc/stunnel", "cyrus": "/etc"}
PACKAGES = {"nginx": "nginx", "haproxy": "haproxy", "stunnel": "stunnel4", "cyrus": "cyrus-common"}
MAIL_PORTS = frozenset((24, 25, 110, 143, 465, 587, 993, 995, 2525, 4190))
SHIPPED = frozenset(("mime.types", "fastcgi_params", "fastcgi.conf", "proxy_params", "scgi_params", "uwsgi_params"))
"""Files of nginx' package that a configuration for http includes."""
JAILS = ("var/lib/stunnel4", "var/run/stunnel")
"""Where stunnel's own example has its root."""
MODULES = "load_module modules/ngx_mail_module.so; load_module modules/ngx_stream_module.so;"
STILL_RUNNING = 124
"""What timeout(1) returns."""
LOST_FILES = re.compile(
    r"(?:cannot load certificate(?: key)?|SSL_CTX_load_verify_locations|open\(\)|BIO_new_file|fopen)"
    r"[ (]*\\?\"(?P<a>/[^\"\\]+)\\?\"|unable to (?:stat|open|load)[^']* '(?P<b>/[^']+)'"
    r"|(?:calling fopen\(|[Cc]annot open (?:log file: )?|from file: )(?P<c>[^,) \n]+)"
)
LOST_USER = re.compile(r"""(?:getpw|getgr)nam\("([^"]+)"\) failed|cannot find (?:user|group) id for '([^']+)'""")
LOST_HOST = re.compile(
    r"""host not found in (?:upstream|resolver) "([^":/]+)|not resolve address '([^':]+)|Error resolving "([^"[]+)"""
)


def run(root: Path, *words: str) -> tuple[int, str]:
    """A command in the overlay, with all that it says."""
    done = subprocess.run(["chroot", str(root), *words], capture_output=True, text=True, errors="replace", timeout=60)
    return done.returncode, done.stdout + done.stderr


@contextmanager
def overlay(lower: str, pem: bytes) -> Iterator[Path]:
    """A writable copy of a root, dropped at the end."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        subprocess.run(["mount", "-t", "tmpfs", "none", name], check=True)
        root = scratch / "root"
        for part in ("upper", "work", "root"):
            (scratch / part).mkdir()
        layers = f"lowerdir={lower},upperdir={scratch}/upper,workdir={scratch}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, str(root)], check=True)
        for shared in ("proc", "dev"):
            subprocess.run(["mount", "--rbind", f"/{shared}", str(root / shared)], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "none", str(root / "run")], check=True)
        (root / "made-up.pem").write_bytes(pem)
        (root / "etc/resolv.conf").unlink(missing_ok=True)  # names are looked up here alone, and at once
        (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost ip6-localhost\n")
        try:
            yield root
        finally:
            stop()
            subprocess.run(["umount", "-l", "-R", str(root)], check=True)
            subprocess.run(["umount", "-l", name], check=True)


def stop() -> None:
    """Ends everything else in this process namespace."""
    for name in os.listdir("/proc"):
        if name.isdecimal() and int(name) not in (1, os.getpid()):
            try:
                os.kill(int(name), signal.SIGKILL)
            except ProcessLookupError:
                continue
    for _ in range(40):
        if not listening():
            break
        time.sleep(0.025)


def listening() -> set[tuple[str, int]]:
    """Address and port of every socket that listens."""
    found = set()
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path("/proc/net", name).read_text().splitlines()[1:]:
            words = line.split()
            address, _, number = words[1].partition(":")
            if words[3] == "0A":
                raw = b"".join(bytes.fromhex(address[i : i + 8])[::-1] for i in range(0, len(address), 8))
                found.add((socket.inet_ntop(family, raw), int(number, 16)))
    return found


def mend(root: Path, said: str, inside: str) -> bool:
    """Makes up one thing that a program misses; False when nothing that may be made up is missing."""
    for found in LOST_FILES.finditer(said):
        name = found["a"] or found["b"] or found["c"]
        included = re.match(r"[^\n]*failed \(2[^\n]* in /", said[found.end() :]) and "certificate" not in found[0]
        own = included and name.startswith(inside + "/") and os.path.basename(name) not in SHIPPED
        for path in (root / name.lstrip("/"), *(root / jail / name.lstrip("/") for jail in JAILS if "log" in name)):
            if not own and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"" if included or "log" in name else (root / "made-up.pem").read_bytes())
                return True
    for found in LOST_USER.finditer(said):
        user = found[1] or found[2]
        return run(root, "useradd", "-r", "-U", user)[0] == 0
    for found in LOST_HOST.finditer(said):
        line = f"\n127.0.0.1 {found[1] or found[2] or found[3]}\n"
        hosts = root / "etc/hosts"
        if line not in hosts.read_text():
            hosts.write_text(hosts.read_text() + line)
            return True
    return False


def sockets() -> set[tuple[str, int]]:
    """What listens; both wildcards where one socket takes both families."""
    found = listening()
    for port in [port for address, port in found if address == "::"]:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                found.add(("0.0.0.0", port))
    return found


def stated(said: Inventory) -> tuple[set[tuple[str, int]], set[int]]:
    """Sockets of the reader's facts, and ports of those whose address it does not know."""
    found, loose = set(), set()
    for values in (fact.values for fact in said.facts if fact.kind == "listener"):
        port, address = values.get("port"), values.get("address")
        if isinstance(port, int):
            for one in ("0.0.0.0", "::") if address == "*" else (address,):
                found.add((str(one), port)) if address else loose.add(port)
    return found, loose


def opened(root: Path, said: Inventory, *start: str) -> tuple[int, list[str]]:
    """Sockets compared, and differences, of a program that is started and ended."""
    claimed, loose = stated(said)
    true: set[tuple[str, int]] = set()
    with subprocess.Popen(["chroot", str(root), *start], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        for _ in range(120):  # stunnel asks for a name that it cannot get three times, a second apart
            time.sleep(0.05)
            true = sockets()
            if true and claimed <= true:
                break
        stop()
    ours = {pair for pair in true if pair[1] in MAIL_PORTS or pair in claimed}
    wild = {p for a, p in true if a in ("0.0.0.0", "::")}  # nginx opens only these and tells addresses apart itself
    bad = [
        f"{a} port {p}: stated, not open" for a, p in sorted(claimed - true) if p not in wild or a in ("0.0.0.0", "::")
    ]
    bad += [f"{a} port {p}: open, not stated" for a, p in sorted(ours - claimed) if p not in loose]
    return len(claimed | ours), bad


def refusal(said: Inventory) -> str:
    """At what the reader says that the program stops, or ""."""
    whys = [one.why for one in said.unread if one.fatal or "does not start" in one.why]
    return whys[0] if whys else ""


class Result:
    """Of one configuration."""

    def __init__(self, why: str = "") -> None:
        self.compared = 0
        self.bad: list[str] = []
        self.why = why
        """Why it was skipped."""
        self.refused = ""
        self.files: tuple[str, ...] = ()
        """What the reader has read for it."""


def judge(accepted: bool, error: str, said: Inventory, result: Result) -> bool:
    """Whether both take it, after saying where they differ."""
    result.compared += 1
    ours = refusal(said)
    if not accepted:
        result.refused = error
    if accepted and ours:
        result.bad.append(f"accepted, but the reader says: {ours}")
    if not accepted and 'of the "listen" directive' in error and "host not found" in error:
        result.why = "a placeholder instead of an address"
    elif not accepted and not ours:
        result.bad.append(f"refused ({error}), but the reader accepts it")
    return accepted and not ours


def ask(root: Path, inside: str, *words: str) -> tuple[bool, str]:
    """Whether a program's check is content once all that may be made up is there, and its complaint."""
    code, said = run(root, *words)
    for _ in range(60):
        if code == 0 or not mend(root, said, inside):
            break
        code, said = run(root, *words)
    lines = [line for line in said.splitlines() if re.search(r"emerg|ALERT|\[!\]", line)]
    lines = [line for line in lines if "error queue" not in line and "trusted certificates" not in line]
    return code in (0, STILL_RUNNING), (lines or said.strip().splitlines() or [""])[0][-200:]


def nginx(root: Path, paths: tuple[str, ...], said: Inventory) -> Result:
    """``nginx -t``, the files of ``-T``, and the sockets."""
    result, path = Result(), Path(paths[0])
    loader = Loader(Disk(), str(path), str(path.parent))
    names = {node.name.text for node in loader.load().nodes}
    main = "/etc/nginx/" + path.name
    kind = next((str(f.values["service"]).partition("/")[0] for f in said.facts if f.kind == "listener"), "")
    if not names & {"mail", "stream"} and kind and "events" not in names:
        (root / "etc/nginx/whole.conf").write_text(f"events {{ }}\n{kind} {{ include {main}; }}\n")
        main = "/etc/nginx/whole.conf"
    elif "events" not in names and path.name != "nginx.conf":
        return Result("a part of something else")
    text = "".join(Path(name).read_text(errors="replace") for name in loader.files)
    more = () if "ngx_mail_module" in text or "ngx_stream_module" in text else ("-g", MODULES)
    accepted, error = ask(root, "/etc/nginx", "nginx", "-t", "-c", main, *more)
    if judge(accepted, error, said, result):
        dump = run(root, "nginx", "-T", "-c", main, *more)[1]
        read = set(re.findall(r"^# configuration file (/etc/nginx/\S+):$", dump, re.MULTILINE))
        for name in said.files:
            result.compared += 1
            if "/etc/nginx/" + os.path.relpath(name, path.parent) not in read:
                result.bad.append(f"{name}: nginx does not read it")
        count, bad = opened(root, said, "nginx", "-c", main, *more)
        result.compared, result.bad = result.compared + count, result.bad + bad
    return result


def haproxy(root: Path, paths: tuple[str, ...], said: Inventory) -> Result:
    """``haproxy -c`` and the sockets."""
    result, folder = Result(), os.path.dirname(paths[0])
    files = [word for name in paths for word in ("-f", "/etc/haproxy/" + os.path.relpath(name, folder))]
    if judge(*ask(root, "/etc/haproxy", "haproxy", "-c", *files), said, result):
        count, bad = opened(root, said, "haproxy", "-D", *files)
        result.compared, result.bad = result.compared + count, result.bad + bad
    return result


def stunnel(root: Path, paths: tuple[str, ...], said: Inventory) -> Result:
    """Whether it starts, and the sockets."""
    result, main = Result(), "/etc/stunnel/" + os.path.basename(paths[0])
    accepted, error = ask(root, "/etc/stunnel", "timeout", "10", "stunnel4", main)
    stop()
    if judge(accepted, error, said, result):
        count, bad = opened(root, said, "stunnel4", main)
        result.compared, result.bad = result.compared + count, result.bad + bad
    stop()
    return result


FACTS = (
    "allowanonymouslogin", "allowapop", "allowplaintext", "allowstarttls", "defaultpartition", "failedloginpause",
    "master_bind_errors_fatal", "sasl_minimum_layer", "serverinfo", "tls_client_ca_file", "tls_client_certs",
    "tls_required", "tls_server_cert", "tls_server_key", "tls_versions",
)  # fmt: skip
"""Options that facts of Cyrus are made of."""


def normal(name: str, value: str) -> str:
    """A value of imapd.conf as cyr_info shows it."""
    if name in options.SWITCHES:
        return {True: "yes", False: "no", None: value}[options.switch(value)]
    if name in options.CHOICES:
        return options.choice(value)
    return str(int(value, 0)) if name in options.INTEGERS and value.isdecimal() and value[0] != "0" else value


def info(root: Path, *words: str) -> tuple[int, dict[str, str], str]:
    """cyr_info's lines as a mapping."""
    code, said = run(root, "/usr/lib/cyrus/bin/cyr_info", "-C", "/etc/imapd.conf", *words)
    pairs = (line.partition(":") for line in said.splitlines())
    return code, {key.strip().lower(): value.strip() for key, _, value in pairs}, said


def values(root: Path, parsed: imapd_conf.Parsed, version: Version, services: list[str], result: Result) -> None:
    """Every option that is set, and those of facts as each service has them."""
    changed, everything = info(root, "conf")[1], info(root, "conf-all")[1]
    older = {new: old for old, new in options.DEPRECATED.items() if new}
    ours = {key: entry.value for key, entry in parsed.entries.items()}
    ours |= {new: ours[old] for new, old in older.items() if old in ours and new not in ours}
    for key in sorted({*changed, *(key for key in ours if key in everything)}):
        result.compared += 1
        true, read = everything.get(key, changed.get(key, "")), ours.get(key)
        if read is None or normal(key, read) != normal(key, true):
            result.bad.append(f"{key}: cyr_info {true!r}, reader {read!r}")
    program, known = settings.program_of(version), info(root, "conf-default")[1]
    for service in services:
        true_values = info(root, "-n", service, "conf-all")[1]
        view = settings.View(parsed, service, program)
        for key in FACTS:
            if key in known:
                result.compared += 1
                got = view.get(key).value or ""
                if normal(key, got) != normal(key, true_values[key]):
                    result.bad.append(f"{service}: {key}: cyr_info {true_values[key]!r}, reader {got!r}")


def cyrus(root: Path, paths: tuple[str, ...], said: Inventory) -> Result:
    """``cyr_info conf``, ``conf-all`` and ``conf-lint``, and the sockets of the master."""
    result, version = Result(), installed(root, "cyrus")
    masters = [p for p in paths if "cyrus" in os.path.basename(p)]
    main = next((p for p in paths if p not in masters), None)
    parsed = imapd_conf.parse(Disk(), main) if main else None
    master = cyrus_conf.parse(Disk().source(masters[0])) if masters else None
    if masters:
        shutil.copy(masters[0], root / "etc/cyrus.conf")
    if parsed is not None:
        shutil.copy(str(main), root / "etc/imapd.conf")
        code, _, error = info(root, "conf")
        if not judge(code == 0, error.strip()[-200:], said, result):
            return result
        ran = [s for s in master.entries if s.section == "SERVICES"] if master else []
        mail = [s.name for s in ran if (made := command.command(s.arguments["cmd"])) and made.protocol]
        values(root, parsed, version, mail, result)
        program = settings.program_of(version)
        names = frozenset(s.name.lower() for s in master.entries) if master else None
        lint = set(info(root, *(("-M", "/etc/cyrus.conf") if masters else ()), "conf-lint")[1])
        found = {
            *server.unknown(parsed, program, names),
            *(str(f.values["name"]) for f in said.facts if f.kind == "setting"),
        }
        result.compared += len(lint | found)
        result.bad += [f"{key}: cyr_info knows no such option" for key in sorted(lint - found)]
        result.bad += [f"{key}: cyr_info knows it" for key in sorted(found - lint)]
    if parsed is not None and master is not None:
        furnish(root, parsed, master)
        count, bad = opened(root, said, "cyrmaster", "-p", "/run/p")
        result.compared, result.bad = result.compared + count, result.bad + bad
    return result


def furnish(root: Path, parsed: imapd_conf.Parsed, master: cyrus_conf.Parsed) -> None:
    """Folders that imapd.conf names, with what lies in them, and programs of packages that are not here."""
    folders = {"/run/cyrus/proc", "/run/cyrus/lock", "/run/cyrus/socket", "/run/cyrus/db"}
    for key, entry in parsed.entries.items():
        if entry.value.startswith("/") and ("partition-" in key or key in ("configdirectory", "sievedir")):
            folders.add(entry.value)
        elif entry.value.startswith("/"):
            folders.add(os.path.dirname(entry.value))
        if key == "configdirectory":
            folders |= {f"{entry.value}/{name}" for name in ("db", "socket", "proc", "log", "lock", "ptclient", "msg")}
    for folder in sorted(folders):
        Path(f"{root}{folder}").mkdir(parents=True, exist_ok=True)
    run(root, "chown", "-R", "cyrus", *folders)
    for service in master.entries:
        program = service.arguments["cmd"].value.split()[0]
        path = Path(f"{root}{program}") if program.startswith("/") else root / "usr/lib/cyrus/bin" / program
        if not path.exists() and program in cyrus_conf.PROGRAMS | {str(path)[len(str(root)) :]}:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to("/bin/true")


def installed(root: Path, software: str) -> Version:
    """The version of a program in a root."""
    said = run(root, "dpkg-query", "-W", "-f", "${Version}", PACKAGES[software])[1]
    return Version(tuple(map(int, re.findall(r"\d+", said.partition(":")[2] or said)[:3])), "the program")


def cyrus_programs(lower: Path, scratch: Path) -> str:
    """A folder with imapd and pop3d, whose packages cannot be installed beside Dovecot's; "" where they are there."""
    names = [f"cyrus-{name}" for name in ("imapd", "pop3d") if not (lower / "usr/lib/cyrus/bin" / name).exists()]
    if not names:
        return ""
    download(names, scratch, scratch / "more")
    if len(list(scratch.glob("*.deb"))) < len(names):
        sys.exit(f"cannot be had: {', '.join(names)}")
    return str(scratch / "more")


def compare(lower: str, pem: bytes, software: str, paths: tuple[str, ...]) -> Result:
    """One configuration."""
    if any(Path(path).suffix not in (".conf", ".cfg") for path in paths):
        return Result("a template")
    with overlay(lower, pem) as root:
        home = root / HOMES[software][1:]
        if software == "cyrus" and os.environ[MARK]:
            shutil.copytree(Path(os.environ[MARK], "usr"), root / "usr", symlinks=True, dirs_exist_ok=True)
        elif software != "cyrus":
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(Path(paths[0]).parent, home, symlinks=True, dirs_exist_ok=True)
        said = load(software).read(Disk(), paths, installed(root, software))
        strange = next(
            (note for note in said.notes if re.search("template|another program|is no |in .if is not", note)), None
        )
        if strange is not None:
            return Result(strange.partition(": ")[2])
        if not said.facts and not refusal(said) and software != "cyrus":
            return Result("no mail passes through it")
        asked = {"nginx": nginx, "haproxy": haproxy, "stunnel": stunnel, "cyrus": cyrus}
        result = asked[software](root, paths, said)
        result.files = said.files
        return result


def main() -> int:
    """Prints differences and numbers; 1 when there are differences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("/"), help="a Debian root with other programs")
    parser.add_argument("--only", choices=HOMES, help="one program")
    parser.add_argument("roots", nargs="+", type=Path)
    arguments = parser.parse_args()
    if MARK not in os.environ:
        spaces = ["--mount", "--net", "--pid", "--fork", "--mount-proc", "--propagation", "private"]
        with tempfile.TemporaryDirectory() as scratch:
            more = cyrus_programs(arguments.root, Path(scratch))
            inside = {**os.environ, MARK: more}
            return subprocess.run(["unshare", *spaces, sys.executable, *sys.argv], env=inside, check=False).returncode
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for family in ("ipv4", "ipv6"):
        Path(f"/proc/sys/net/{family}/ip_nonlocal_bind").write_text("1")
    with tempfile.TemporaryDirectory() as name:
        certificate(Path(name))
        pem = Path(name, "cert.pem").read_bytes() + Path(name, "key.pem").read_bytes()
    bad = 0
    for software in [arguments.only] if arguments.only else HOMES:
        groups = load(software).groups(list(of_format(arguments.roots, software)))
        results: dict[tuple[str, ...], Result] = {}
        seen: set[str] = set()
        for paths in groups:
            if not seen.issuperset(paths):
                results[paths] = compare(str(arguments.root), pem, software, paths)
                seen.update(results[paths].files)
        bad += report(software, results)
    return 1 if bad else 0


def report(software: str, results: dict[tuple[str, ...], Result]) -> int:
    """Prints what was found of one program; the number of differences."""
    for paths, result in results.items():
        for line in result.bad:
            print(f"{paths[0]}: {line}")
        if result.why:
            print(f"{paths[0]}: skipped: {result.why}")
        elif result.refused and not result.bad:
            print(f"{paths[0]}: both refuse it: {result.refused}")
    made = [result for result in results.values() if not result.why]
    bad = sum(len(result.bad) for result in made)
    print(
        f"{software}: {len(made)} configurations, {sum(r.compared for r in made)} values compared, {bad} differences, "
        f"{sum(bool(r.refused) for r in made)} refused, {len(results) - len(made)} skipped"
    )
    return bad


if __name__ == "__main__":
    sys.exit(main())
