"""Positions, decoding and suppression comments."""

from __future__ import annotations

import pytest

from mailpolicy.text import Source, decode, ignores
from mailpolicy.types import Span, Unreadable


@pytest.mark.parametrize(
    ("text", "start", "end", "expected"),
    [
        ("abc def\n", 4, 7, (1, 5, 8)),
        ("a\nbc\n", 2, 4, (2, 1, 3)),
        ("a\nbc\ndef\n", 2, 8, (2, 1, 3)),  # cut at the end of its first line
        ("a  \n", 0, None, (1, 1, 2)),  # without trailing blanks
        ("abc\n", 3, 3, (1, 3, 4)),  # never empty
        ("", 0, 0, (1, 1, 2)),
        ("\n\n", 1, 1, (2, 1, 2)),
        ("äöü x\n", 4, 5, (1, 5, 6)),  # characters, not bytes
        ("a\r\nb\r\n", 3, 4, (2, 1, 2)),
    ],
)
def test_span(text: str, start: int, end: int | None, expected: tuple[int, int, int]) -> None:
    span = Source("f", text).span(start, end)
    assert (span.line, span.column, span.end_column) == expected


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a = b\n", "a = b\n"),
        (b"\xef\xbb\xbfa\n", "a\n"),
        ("ä\n".encode("latin-1"), "ä\n"),
        ("ä\n".encode("utf-16"), "ä\n"),
    ],
)
def test_decode(data: bytes, text: str) -> None:
    assert decode("f", data).text == text


@pytest.mark.parametrize("data", [b"\x7fELF\0\0", b"a\0b"])
def test_binary_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable, match="binary"):
        decode("f", data)


COMMENTS = [
    ("# mailpolicy: ignore[a-b] -- because\nx = 1\n", ("a-b",), None, "because", 2, 2),
    ("; mailpolicy: ignore[a] until=2027-03-01 -- r\nx\n", ("a",), "2027-03-01", "r", 2, 2),
    ("<!-- mailpolicy: ignore[a] -- r -->\n<x>\n  <y/>\n</x>\n<z/>\n", ("a",), None, "r", 2, 4),
    ("x = 1 # mailpolicy: ignore[a, b] -- r\ny\n", ("a", "b"), None, "r", 1, 1),
    ("# mailpolicy: ignore[a] -- r\n\n# other\nx inet\n  -o y\n  -o z\nnext\n", ("a",), None, "r", 4, 6),
    ("a {\n  # mailpolicy: ignore[a] -- r\n  b {\n    c = 1\n  }\n  d = 1\n}\n", ("a",), None, "r", 3, 5),
]


@pytest.mark.parametrize(("text", "rules", "until", "reason", "first", "last"), COMMENTS)
def test_ignore_comment(
    text: str, rules: tuple[str, ...], until: str | None, reason: str, first: int, last: int
) -> None:
    (comment,) = ignores(Source("f", text))
    assert (comment.rules, comment.until, comment.reason) == (rules, until, reason)
    assert (comment.first, comment.last) == (first, last)
    assert comment.wellformed


@pytest.mark.parametrize(
    "text",
    [
        "# mailpolicy: ignore\n",
        "# mailpolicy: ignore[]\n",
        "# mailpolicy: ignore[a] because\n",
        "# mailpolicy: ignore a\n",
    ],
)
def test_malformed_ignore_comment_is_seen(text: str) -> None:
    (comment,) = ignores(Source("f", text))
    assert not comment.wellformed


def test_words_outside_a_comment_are_no_ignore_comment() -> None:
    assert ignores(Source("f", "x = mailpolicy: ignore[a] -- r\n")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [("# a\n\n  # b\nx = 1\n", (4, 1, 6)), ("  x\n", (1, 3, 4)), ("# only\n", (1, 1, 7)), ("", (1, 1, 2))],
)
def test_start(text: str, expected: tuple[int, int, int]) -> None:
    span = Source("f", text).start()
    assert (span.line, span.column, span.end_column) == expected


def test_a_position_that_is_cut_leaves_no_blanks_at_its_end() -> None:
    source = Source("main.cf", "a = b, \n  c\n")
    assert source.span(4, 11) == Span("main.cf", 1, 5, 7)
