"""The patterns of files: the words that sort paths out first, and no path that takes long."""

from __future__ import annotations

import random
import re
import time
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from mailpolicy import readers

ANY = "abmz019._-"


def written(tree: Any, dice: random.Random) -> str:
    """A text that a regular expression matches, but for what it looks ahead to or back at."""
    return "".join(piece(kind, what, dice) for kind, what in tree)


def piece(kind: Any, what: Any, dice: random.Random) -> str:
    if kind is op.LITERAL:
        return chr(what)
    if kind in (op.NOT_LITERAL, op.ANY):
        return dice.choice(ANY)
    if kind is op.IN:
        return dice.choice(ANY) if what[0][0] is op.NEGATE else member(dice.choice(what), dice)
    if kind in (op.MAX_REPEAT, op.POSSESSIVE_REPEAT):
        least, most, inner = what
        return "".join(written(inner, dice) for _ in range(dice.randint(least, min(most, least + 2))))
    if kind is op.SUBPATTERN:
        return written(what[3], dice)
    if kind is op.BRANCH:
        return written(dice.choice(what[1]), dice)
    if kind is op.ASSERT:
        return written(what[1], dice)
    assert kind in (op.ASSERT_NOT, op.AT), kind
    return ""


def member(one: tuple[Any, Any], dice: random.Random) -> str:
    kind, what = one
    return chr(what if kind is op.LITERAL else dice.randint(*what))


@pytest.mark.parametrize("name", readers.PATTERNS)
def test_a_path_that_a_pattern_matches_has_one_of_the_words(name: str) -> None:
    dice, tree = random.Random(name), _parser.parse(f"(?:{readers.PATTERNS[name]}){readers.TEMPLATE}")
    paths = {written(tree, dice) for _ in range(3000)}
    matched = [path for path in paths if re.search(f"(?:^|/)(?:{readers.PATTERNS[name]}){readers.TEMPLATE}$", path)]
    assert matched
    for path in matched:
        assert name in readers._likely(path), path


@pytest.mark.parametrize("name", readers.PATTERNS)
def test_no_path_takes_long(name: str) -> None:
    words = {word.strip("/.") for word in readers.WORDS.get(name, (name,))} | {"a", "conf.d", "main", "data.toml"}
    for word in words:
        for between in ("/", ".", "-", "x"):
            path = f"{word}{between}" * (4000 // (len(word) + 1)) + "\n"
            begun = time.perf_counter()
            readers._named(name, path)
            assert time.perf_counter() - begun < 1, path[:40]


def test_words_are_told_of_formats_that_are_there_and_only_where_needed() -> None:
    assert set(readers.WORDS) <= set(readers.PATTERNS)
    assert all(word == word.lower() for words in readers.WORDS.values() for word in words)
    assert all(words != (name,) for name, words in readers.WORDS.items())


@pytest.mark.parametrize(
    "path", ["lib/pinerc.py", "tests/test_mailrc.py", "docs/msmtprc.md", "mutt/muttrc.sh", ".getmail/a.pl"]
)
def test_programs_and_texts_are_no_configuration(path: str) -> None:
    assert readers.format_of(path) is None
