"""Files of assignments, as docker compose and bash read them."""

from __future__ import annotations

import pytest

from mailpolicy import envfile, readers
from mailpolicy.envfile import EnvFile
from mailpolicy.text import Source
from mailpolicy.tree import Memory


def parse(text: str) -> EnvFile:
    return envfile.parse(Source("a.env", text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=1", "1"),
        ("A=1 # old", "1"),
        ("A=x#y", "x#y"),
        ("A=#x", "#x"),
        ("A= # c", ""),
        ("A=", ""),
        ("export A=1", "1"),
        ('A="x # y" # c', "x # y"),
        ("A='a $B'", "a $B"),
        ('A="a\\"b"', 'a"b'),
        ('A="two\nlines"', "two\nlines"),
        ("A=1\r", "1"),
        ("A=1\nA=2", "2"),
        ("B=x\nA=${B}/y", "x/y"),
        ("B=x\nA='$B'", "$B"),
        ("A=$B", None),
        ("A=${B:-x}", None),
        ("A=$(date)", None),
        ("A=`date`", None),
        ("B=x\nA=$B`date`", None),
        ("B=x\nA=$B${C:-y}", None),
        ("B=x\nA=$B$C", None),
        ("A={{ secret }}", None),
        ("A=<password>", None),
        ("A=__PASSWORD__", None),
        ("A=pa$$", "pa$$"),
        ("{% if x %}\nA=1\n{% endif %}", None),
    ],
)
def test_values(text: str, value: str | None) -> None:
    assert parse(text).settings["A"].value == value


@pytest.mark.parametrize(
    ("text", "shown"),
    [("A=x y # c", "x y"), ("A='x y'", "x y"), ("A=", "A"), ('  A = "z"', "z")],
)
def test_positions_are_those_of_the_value(text: str, shown: str) -> None:
    where = parse(text).settings["A"].where
    assert text[where.column - 1 : where.end_column - 1] == shown


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("A B", "is no assignment (NAME=value)"),
        ("- a", "is no assignment (NAME=value)"),
        ('A="x', "a quote is not closed"),
    ],
)
def test_what_is_not_understood(text: str, why: str) -> None:
    assert [unread.why for unread in parse(text).unread] == [why]


def test_a_name_alone_is_handed_on_from_the_environment() -> None:
    assert parse("A\nB=1\n") == EnvFile({"B": parse("A\nB=1\n").settings["B"]}, (), None)


def test_many_quotes_are_read_in_linear_time() -> None:
    assert parse('A="' + '\\"' * 100_000).unread


def test_variables_that_double_come_to_an_end() -> None:
    settings = parse("A=xx\n" + "A=$A$A\n" * 60 + "B=$A\nC=1\n").settings
    assert (settings["B"].value, settings["C"].value) == (None, "1")


@pytest.mark.parametrize(
    ("reader", "path"),
    [
        ("mailcow", "etc/apache2/sites-enabled/mailcow.conf"),
        ("mailu", "srv/mailu/.env"),
        ("docker_mailserver", "app/mailserver.env"),
    ],
)
@pytest.mark.parametrize("text", ["<VirtualHost *:443>\n  ServerName a\n</VirtualHost>\n", "DB_HOST=db\n", "a: b\n"])
def test_a_file_of_that_name_of_another_program_is_no_fault(reader: str, path: str, text: str) -> None:
    assert readers.format_of(path) == reader
    inventory = readers.load(reader).read(Memory({path: text}), (path,), None)
    assert (inventory.facts, inventory.unread, len(inventory.notes)) == ((), (), 1)
