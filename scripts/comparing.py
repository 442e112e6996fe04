"""What the fidelity scripts share: their command line, the walk over the folders, the counts, and certificates."""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from mailpolicy.readers import format_of
from mailpolicy.tree import walk


def command_line(description: str | None, program: str) -> argparse.ArgumentParser:
    """``[--root FOLDER] ROOT...``"""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, help=f"a Debian root with another {program}")
    parser.add_argument("roots", nargs="+", type=Path)
    return parser


def of_format(roots: Iterable[Path], name: str) -> Iterator[str]:
    """Files below the roots that are of a format."""
    for root in roots:
        for path, is_folder in walk(str(root), []):
            if not is_folder and format_of(path) == name:
                yield path


class Tally:
    """Numbers compared, and differences between a program and the reader."""

    def __init__(self, program: str, normal: Callable[[str], object]) -> None:
        self.program, self.normal = program, normal
        self.compared: dict[str, int] = {}
        self.differences = 0

    def same(self, kind: str, where: str, theirs: str | None, ours: str | None) -> None:
        """Counts one comparison, of what both make of a value, and prints a difference."""
        self.compared[kind] = self.compared.get(kind, 0) + 1
        if (theirs if theirs is None else self.normal(theirs)) != (ours if ours is None else self.normal(ours)):
            self.differences += 1
            print(f"{where}: {kind}: {self.program} {theirs!r}, reader {ours!r}")

    def counts(self) -> str:
        """How many were compared, by kind."""
        return ", ".join(f"{kind} {number}" for kind, number in sorted(self.compared.items()))


def certificate(folder: Path) -> None:
    """``cert.pem``, which is its own issuer, and ``key.pem``."""
    subject = ["-subj", "/CN=mail.example.test", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"]
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3", *subject]
    subprocess.run(request, check=True, capture_output=True)
