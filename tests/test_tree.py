"""Files as readers see them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailpolicy.tree import LIMIT, Disk, Memory, match, place, walk
from mailpolicy.types import Unreadable

PLACES = [
    ("/etc/postfix/main.cf", "/etc/postfix", "backups/mx1/etc/postfix", "backups/mx1/etc/postfix/main.cf"),
    ("/etc/ssl/a.pem", "/etc/postfix", "backups/mx1/etc/postfix", "backups/mx1/etc/ssl/a.pem"),
    ("/var/lib/x", "/etc/postfix", "backups/mx1/etc/postfix", "backups/mx1/var/lib/x"),
    ("/etc/ssl/a.pem", "/etc/postfix", "conf/postfix", "conf/ssl/a.pem"),
    ("/var/lib/x", "/etc/postfix", "conf/postfix", None),
    ("/etc/postfix/x", "/etc/postfix", "roles/mail/templates", "roles/mail/templates/x"),
    ("/etc/ssl/a.pem", "/etc/postfix", "roles/mail/templates", None),
    ("/etc/postfix/../ssl/a.pem", "/etc/postfix", "x/etc/postfix", "x/etc/ssl/a.pem"),
    ("/etc/ssl/a.pem", "/etc/postfix", "/etc/postfix", "/etc/ssl/a.pem"),
]


@pytest.mark.parametrize(("absolute", "home", "actual", "expected"), PLACES)
def test_place(absolute: str, home: str, actual: str, expected: str | None) -> None:
    assert place(absolute, home, actual) == expected


FILES = {"a/10-x.conf": "", "a/20-y.conf": "", "a/z.txt": "", "a/.hidden.conf": "", "b/c/10-x.conf": ""}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a/*.conf", ("a/10-x.conf", "a/20-y.conf")),
        ("a/[0-1]*.conf", ("a/10-x.conf",)),
        ("a/[!1]*.conf", ("a/20-y.conf",)),
        ("*/*/10-?.conf", ("b/c/10-x.conf",)),
        ("a/z.txt", ("a/z.txt",)),
        ("a/none", ()),
        ("a/[", ()),
    ],
)
def test_match(pattern: str, expected: tuple[str, ...]) -> None:
    assert match(Memory(FILES), pattern) == expected


def test_disk_reads_what_memory_reads(tmp_path: Path) -> None:
    (tmp_path / "main.cf").write_text("a = b\n")
    assert Disk().source(str(tmp_path / "main.cf")).text == Memory({"x": "a = b\n"}).source("x").text


def test_what_is_no_regular_file_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    (tmp_path / "big").touch()
    os.truncate(tmp_path / "big", LIMIT + 1)
    reasons = {}
    for name in ("fifo", "loop", "folder", "big", "gone", "/dev/zero"):
        with pytest.raises(Unreadable) as problem:
            Disk().source(str(tmp_path / name))
        reasons[name] = str(problem.value)
    assert reasons == {
        "fifo": "is not a regular file",
        "loop": "cannot be read (too many levels of symbolic links)",
        "folder": "is a folder, not a file",
        "big": "is larger than 16 MiB",
        "gone": "does not exist",
        "/dev/zero": "is not a regular file",
    }


def test_walk_is_sorted_and_leaves_version_control_out(tmp_path: Path) -> None:
    for name in ("b/x", "a/y", ".git/config", ".msmtprc", "node_modules/z"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    failed: list[tuple[str, str]] = []
    found = [(os.path.relpath(path, tmp_path), is_folder) for path, is_folder in walk(str(tmp_path), failed)]
    assert found == [(".msmtprc", False), ("a", True), ("a/loop", False), ("a/y", False), ("b", True), ("b/x", False)]
    assert failed == []


def test_walk_says_which_folder_it_could_not_list(tmp_path: Path) -> None:
    failed: list[tuple[str, str]] = []
    assert list(walk(str(tmp_path / "gone"), failed)) == []
    assert failed == [(str(tmp_path / "gone"), "does not exist")]


@pytest.mark.parametrize(
    "path", ["etc/mail/access", "./etc/mail/access", "etc/./mail//access", "etc/exim/../mail/access"]
)
def test_files_in_memory_have_many_spellings(path: str) -> None:
    tree = Memory({"etc/mail/access": "x"})
    assert (tree.source(path).text, tree.exists(path)) == ("x", True)
    assert tree.names(path.rpartition("/")[0]) == ("access",)


def test_modes_mean_something_outside_of_a_checkout_only(tmp_path: Path) -> None:
    plain, checkout = tmp_path / "etc", tmp_path / "repository"
    (checkout / ".git").mkdir(parents=True)
    (checkout / "conf").mkdir()
    plain.mkdir()
    for folder in (plain, checkout / "conf"):
        (folder / "a").touch(mode=0o640)
        (folder / "a").chmod(0o640)
    assert Disk().mode(str(plain / "a")) == 0o640
    assert Disk().mode(str(plain / "gone")) is None
    assert Disk().mode(str(checkout / "conf/a")) is None
