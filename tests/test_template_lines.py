"""Template languages in files of lines, and placeholders in values."""

from __future__ import annotations

import time

import pytest

from mailpolicy.placeholders import PIECE, TEMPLATE, filled
from mailpolicy.readers import dma
from mailpolicy.template_lines import ANYTHING, BEGIN, END, NOTHING, Conditions, kind, owned, split
from mailpolicy.tree import Memory


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{% if tls %}", BEGIN),
        ("{{- range .Accounts }}", BEGIN),
        ("<% @accounts.each do |a| -%>", BEGIN),
        ("{% endif %}", END),
        ("{{- end }}", END),
        ("<% end %>", END),
        ("{# a note #}", NOTHING),
        ("{%- set x = 1 %}", NOTHING),
        ("{{/* a note */}}", NOTHING),
        ("define(`HOST', `mail.example.org')dnl", NOTHING),
        ("{% if a %}tls on{% endif %}", ANYTHING),
        ("{% include 'more' %}", ANYTHING),
        ("{{ extra }}", ANYTHING),
        ("{{ extra", ANYTHING),
        ("<%= extra %>", ANYTHING),
        ("include(`more')", ANYTHING),
        ("@EXTRA@", ANYTHING),
        ("${EXTRA}", ANYTHING),
        ("host {{ host }}", None),
        ("# if you use Gmail:", None),
        ("definitely on", None),
    ],
)
def test_what_a_line_of_a_template_does(line: str, expected: str | None) -> None:
    assert kind(line) == owned(line) == expected


@pytest.mark.parametrize("line", ["{{ name }} = value", "${HOST}:465", "<%= host %> smtp", "@HOST@ smtp --port=465"])
def test_a_template_that_fills_in_a_part_owns_no_line(line: str) -> None:
    assert owned(line) is None


def test_lines_within_conditions_are_not_certain() -> None:
    text = "a\n{% if x %}\n  b\n  {% for y in z %}\nc\n{% endfor %}\n{% endif %}\nd\n{{ more }}\ne"
    found = split(text)
    assert [(text[line.start : line.end], line.certain, line.ends) for line in found.lines] == [
        ("a", True, True),
        ("  b", False, True),
        ("c", False, True),
        ("d", True, True),
        ("e", True, False),
    ]
    assert found.filled and found.written is not None and text[slice(*found.written)] == "{{ more }}"
    assert split("a\nb\n") == split("a\nb\n")._replace(written=None, filled=False)


def test_conditions_that_end_more_than_begin() -> None:
    conditions = Conditions()
    for line in ("{% endif %}", "{% if a %}", "x"):
        conditions.takes(line, 0, len(line))
    assert conditions.depth == 1 and conditions.seen


def test_a_comment_is_no_condition() -> None:
    """A comment that begins with "if" and ends in a colon once made all that follows it uncertain."""
    text = "# if you use a smart host:\nSMARTHOST mail.example.org\nSECURETRANSFER\n"
    (fact,) = dma.read(Memory({"dma.conf": text}), ("dma.conf",), None).facts
    assert fact.values["host"] == "mail.example.org"


@pytest.mark.parametrize(
    "text",
    [
        "{{ host }}",
        "smtp.{{ domain }}",
        "{% if a %}x{% endif %}",
        "<%= @host %>",
        "<your host>",
        "smtp.@DOMAIN@",
        "@domain@",
        "__HOST__",
        "%%HOST%%",
        "${HOST}",
        "$(cat host)",
        "$HOST",
        "mail.$DOMAIN",
        "smtps://$USER@$HOST:465",
        "%(host)s",
        "%HOST%",
    ],
)
def test_a_value_that_is_filled_in(text: str) -> None:
    assert filled(text)


@pytest.mark.parametrize(
    "text",
    [
        "mail.example.org",
        "a@corp@mail.example.org",
        "pa$word",
        "5$",
        "a__b__c",
        "50%",
        "<a@example.org>",
        "100%%",
        "{x}",
    ],
)
def test_a_value_that_only_looks_like_it(text: str) -> None:
    assert not filled(text)


def test_variables_are_no_template() -> None:
    assert all(not TEMPLATE.search(text) for text in ("${HOST}", "$HOST", "%(host)s"))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a{{ b }}c{{d}}", ["{{ b }}", "{{d}}"]),
        ("{{ {'a': 1}['a'] }}x", ["{{ {'a': 1}['a'] }}"]),
        ("{{ a {{ b }}", ["{{ b }}"]),
        ("<% a < b %>${c:-d}@E@", ["<% a < b %>", "${c:-d}", "@E@"]),
        ("{{ a\n}}", []),
    ],
)
def test_pieces(text: str, pieces: list[str]) -> None:
    assert [found[0] for found in PIECE.finditer(text)] == pieces


@pytest.mark.parametrize(
    "part", ["{{", "{%", "<%", "{#", "${a", "<a", "__a", "@A", "%%a", "$(", "$a.", "{", "@a", "{{ a"]
)
def test_linear_however_much_is_not_closed(part: str) -> None:
    text = part * 200_000
    begun = time.perf_counter()
    filled(text)
    PIECE.sub("", text)
    split(text)
    assert time.perf_counter() - begun < 3
