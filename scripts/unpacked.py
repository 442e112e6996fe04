"""Programs of Debian that are not installed, run with files of one's own in /etc: for the fidelity scripts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path


def download(packages: Iterable[str], archives: Path, target: Path) -> None:
    """Unpacks packages; those that are not there, which are of another Debian, are left out. Needs apt-get."""
    for name in packages:
        subprocess.run(["apt-get", "-q", "download", name], cwd=archives, capture_output=True, check=False)
    for archive in sorted(archives.glob("*.deb")):
        subprocess.run(["dpkg", "-x", archive, target], check=True)


class Program:
    """A program of another Debian root, or unpacked from packages (which needs apt-get and their archive).

    It runs in mount and network namespaces of its own, as root, with an overlay over /etc.
    """

    def __init__(self, root: Path | None, scratch: Path, path: str, packages: Iterable[str]) -> None:
        self.root, self.scratch = root, scratch
        self.called, self.environment = f"chroot {root} /{path}", dict(os.environ)
        self.files = root or scratch / "root"
        """Where the packages' own files lie."""
        if root is None:
            download(packages, scratch, self.files)
            self.called = str(self.files / path)
            folders = [*self.files.glob("usr/lib/*-linux-*"), self.files / "usr/lib"]
            self.environment["LD_LIBRARY_PATH"] = ":".join(map(str, folders))

    def run(self, etc: Path, command: str) -> tuple[int, str]:
        """Status and output of a shell command that sees the files of ``etc`` in /etc; ``$PROGRAM`` is the program."""
        inside, layer = self.root or "", f"{self.scratch}/layer"
        options = f"lowerdir={inside}/etc,upperdir={layer}/up,workdir={layer}/work"
        script = (
            f"mkdir -p {layer} && mount -t tmpfs tmpfs {layer} && mkdir {layer}/up {layer}/work && "
            f"cp -r {etc}/. {layer}/up/ && chmod -R go-w {layer}/up && chown -R 0:0 {layer}/up && "
            f"mount -t overlay overlay -o {options} {inside}/etc && "
            f"mount -t tmpfs tmpfs {inside}/var/log && mkdir -m 777 {inside}/var/log/exim4 && "
            f"ip link set lo up; PROGRAM='{self.called}'; {command}"
        )
        done = subprocess.run(
            ["unshare", "-m", "-n", "sh", "-c", script], capture_output=True, timeout=120, env=self.environment
        )
        return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")

    def users(self, etc: Path, names: Mapping[str, int]) -> None:
        """Puts users, and groups of the same names, beside those that are there."""
        for kind, rest in (("passwd", ":{number}::/var/empty:/bin/false"), ("group", ":")):
            text = Path(f"{self.root or ''}/etc/{kind}").read_text()
            for name, number in names.items():
                if f"\n{name}:" not in text:
                    text += f"{name}:x:{number}{rest.format(number=number)}\n"
            (etc / kind).write_text(text)
