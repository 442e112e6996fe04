"""Whatever lies under a reader's file name: never a traceback, never silence, never exit 0 for what cannot be read."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailpolicy.cli import main
from mailpolicy.readers import PATTERNS, SHARED

SAMPLES: dict[str, dict[str, str]] = {
    folder.name: {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}
    for folder in sorted((Path(__file__).parent / "samples").iterdir())
}
"""A small configuration of each format: tests/samples/<format>/, files as that program has them."""
NO_COMMENTS = (".xml", ".ndjson", ".yaml", ".yml", ".json", ".js", ".mobileconfig", ".php", ".source", ".html")
"""Ends of names of files in which a line that begins with # is none, or not everywhere."""

PUNCTUATION = "{ } [ ] ( ) < > = : , $ ${ ${a ${{a} == $$ \" ' \\ # -o !include .. \t \r </ <a> &a; - 'a' %s"


def test_every_reader_has_a_sample() -> None:
    assert set(SAMPLES) == set(PATTERNS)


NOBODY = 65534
Make = Callable[[Path, bytes], None]
FILES = [(reader, name) for reader, files in SAMPLES.items() for name in files]
GENERIC = ("caddy", "traefik", *SHARED)
"""Readers of files that have the same name without any mail in them."""


def spoil(folder: Path, reader: str, name: str, make: Make) -> None:
    """The reader's sample with one file replaced."""
    for other, text in SAMPLES[reader].items():
        (folder / other).parent.mkdir(parents=True, exist_ok=True)
        if other != name:
            (folder / other).write_text(text)
    make(folder / name, SAMPLES[reader][name].encode())


def checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["check", str(folder)])
    captured = capsys.readouterr()
    said = captured.out + captured.err
    assert "Traceback" not in said
    assert "mailpolicy failed" not in said
    assert said.strip(), "silence"
    return code, said


def whole(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def nothing(path: Path, data: bytes) -> None:
    path.touch()


def binary(path: Path, data: bytes) -> None:
    path.write_bytes(bytes(range(256)) * 20)


def folder(path: Path, data: bytes) -> None:
    path.mkdir()


def fifo(path: Path, data: bytes) -> None:
    os.mkfifo(path)


def link_to_itself(path: Path, data: bytes) -> None:
    path.symlink_to(path.name)


def link_to_nothing(path: Path, data: bytes) -> None:
    path.symlink_to("gone")


def one_long_line(path: Path, data: bytes) -> None:
    with open(path, "wb") as file:
        for _ in range(100):
            file.write(b"x" * 1_000_000)


def forbidden(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0)


UNREADABLE = (binary, folder, fifo, link_to_itself, link_to_nothing, one_long_line)


@pytest.mark.parametrize("how", UNREADABLE, ids=lambda how: how.__name__)
@pytest.mark.parametrize(("reader", "name"), FILES)
def test_what_cannot_be_read(
    reader: str, name: str, how: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(tmp_path, reader, name, how)
    code, said = checked(tmp_path, capsys)
    if reader in SHARED:  # a name that tells nothing, with nothing in it that does
        assert code in (2, 3)
    else:
        assert code == 2
        assert name in said


def test_names_by_chance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder of a site of nginx, and a dead link among fonts: no error of the run."""
    (tmp_path / "nginx/sites/a.example").mkdir(parents=True)
    (tmp_path / "fonts/conf.d").mkdir(parents=True)
    link_to_nothing(tmp_path / "fonts/conf.d/30-aliases.conf", b"")
    (tmp_path / "stunnel.conf").write_text(SAMPLES["stunnel"]["stunnel.conf"])
    code, said = checked(tmp_path, capsys)
    assert code in (0, 1)
    assert "aliases" not in said


def test_a_folder_around_a_file_of_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "msmtprc").mkdir()
    (tmp_path / "msmtprc/.msmtprc").write_text(SAMPLES["msmtp"][".msmtprc"])
    code, said = checked(tmp_path, capsys)
    assert code in (0, 1)
    assert "cannot be judged" not in said


@pytest.mark.parametrize("name", ["stunnel.conf.orig", "bak_stunnel.conf", "bak_stunnel.conf.orig"])
def test_a_copy_beside_its_file(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "stunnel.conf").write_text(SAMPLES["stunnel"]["stunnel.conf"])
    (tmp_path / name).write_text("[broken\n")
    code, said = checked(tmp_path, capsys)
    assert code in (0, 1)
    assert f"{name}: is a copy" in said
    (tmp_path / "stunnel.conf").unlink()
    assert "is a copy" not in checked(tmp_path, capsys)[1]


@pytest.fixture
def unprivileged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Path]:
    """A folder to work in as somebody who may not read everything."""
    for reader, files in SAMPLES.items():  # loads all modules while they can be read
        (tmp_path / reader).mkdir()
        for name, text in files.items():
            (tmp_path / reader / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / reader / name).write_text(text)
    checked(tmp_path, capsys)
    folder = Path(tempfile.mkdtemp())
    if os.geteuid() != 0:
        yield folder
    else:
        os.chown(folder, NOBODY, -1)
        os.seteuid(NOBODY)
        yield folder
        os.seteuid(0)
    shutil.rmtree(folder)


@pytest.mark.parametrize(("reader", "name"), FILES)
def test_no_permission(reader: str, name: str, unprivileged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(unprivileged, reader, name, forbidden)
    code, said = checked(unprivileged, capsys)
    assert code == (3 if reader in SHARED and len(SAMPLES[reader]) == 1 else 2)
    assert name in said
    assert "permission denied" in said


@pytest.mark.parametrize(("reader", "name"), [file for file in FILES if file[0] not in GENERIC])
def test_empty(reader: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(tmp_path, reader, name, nothing)
    code, said = checked(tmp_path, capsys)
    assert code != 0
    assert name in said


@pytest.mark.parametrize("name", ["Caddyfile", "traefik.yml", "traefik/dynamic/http.toml"])
def test_empty_under_a_generic_name_is_nothing_of_mail(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
    code, said = checked(tmp_path, capsys)
    assert (code, name in said) == (0, False)


@pytest.mark.parametrize(("reader", "name"), FILES)
def test_not_utf8_and_crlf_are_read(reader: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are text still, and mean what they meant."""
    spoil(tmp_path, reader, name, whole)
    plain, _ = checked(tmp_path, capsys)
    if not name.endswith(NO_COMMENTS):
        (tmp_path / name).write_bytes(b"# caf\xe9\n" + SAMPLES[reader][name].encode())
        assert checked(tmp_path, capsys)[0] == plain
    (tmp_path / name).write_bytes(SAMPLES[reader][name].encode().replace(b"\n", b"\r\n"))
    assert checked(tmp_path, capsys)[0] == plain


@pytest.mark.parametrize(("reader", "name"), FILES)
def test_cut_at_every_byte(reader: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = SAMPLES[reader][name].encode()
    spoil(tmp_path, reader, name, whole)
    for end in range(0, len(data), 7):
        (tmp_path / name).write_bytes(data[:end])
        checked(tmp_path, capsys)


@pytest.mark.parametrize(("reader", "name"), FILES)
def test_noise(reader: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines of the format's own punctuation, shuffled: no reader may fall over its own syntax."""
    import random

    pick = random.Random(reader + name)
    words = [*SAMPLES[reader][name].split(), *PUNCTUATION.split(" ")]
    spoil(tmp_path, reader, name, nothing)
    for _ in range(60):
        text = "".join(pick.choice(words) + pick.choice((" ", "\n", "")) for _ in range(40))
        (tmp_path / name).write_text(text)
        checked(tmp_path, capsys)


def test_include_loop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dovecot.conf").write_text("protocols = imap\n!include other.conf\n")
    (tmp_path / "other.conf").write_text("!include dovecot.conf\n")
    code, said = checked(tmp_path, capsys)
    assert code != 0
    assert "include" in said
