"""Logical lines, expansion and parameters of Postfix: values, and the text that each position covers."""

from __future__ import annotations

import pytest

from mailpolicy.readers.postfix.expand import ExpansionError
from mailpolicy.readers.postfix.expand import level as compatibility
from mailpolicy.readers.postfix.lexer import assignment, is_template, logical_lines, tokens
from mailpolicy.readers.postfix.params import defaults_of
from mailpolicy.text import Source
from mailpolicy.types import Span
from tests.readers.postfix_instance import instance


def lines(text: str) -> list[str]:
    return [line.text for line in logical_lines(Source("main.cf", text)).lines]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\nb = 2\n", ["a = 1", "b = 2"]),
        ("a = 1\n  2\n", ["a = 1  2"]),
        ("a = 1\n# comment\n\n  2\n", ["a = 1  2"]),
        ("a = 1\n   # indented comment\nb = 2", ["a = 1", "b = 2"]),
        ("a = 1 # no comment\n", ["a = 1 # no comment"]),
        ("a = 1\r\n 2\r\n", ["a = 1\r 2\r"]),
        ("  a = 1\nb = 2\n", ["b = 2"]),
        ("", []),
        ("#\n\n", []),
    ],
)
def test_logical_lines(text: str, expected: list[str]) -> None:
    assert lines(text) == expected


def test_an_indented_line_in_a_block_of_a_template_is_a_setting() -> None:
    text = logical_lines(Source("main.cf", "{{- if .Values.x }}\n  a = 1\n   , 2\n{{ end -}}\nb = 3\n"))
    assert text.stray == ()
    first, second = text.lines
    assert (first.text, first.conditional, second.conditional) == ("a = 1   , 2", True, False)
    assert first.locate(4, 5) == Span("main.cf", 2, 7, 8)


def test_stray_line_is_kept() -> None:
    (span,) = logical_lines(Source("main.cf", "  a = 1\nb = 2\n")).stray
    assert (span.line, span.column, span.end_column) == (1, 3, 8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=b", ("a", "b")),
        ("a = b c \r", ("a", "b c")),
        ("a =", ("a", "")),
        ("a b = c", "missing '=' after attribute name"),
        ("a", "missing '=' after attribute name"),
        ("= b", "missing attribute name"),
    ],
)
def test_assignment(text: str, expected: object) -> None:
    found = assignment(text)
    assert (found if isinstance(found, str) else (found.name, found.value)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ level }}", True),
        ("<%= level %>", True),
        ("__LEVEL__", True),
        ("${{$compatibility_level} <level {1} ? {yes} : {no}}", False),
        ("$myhostname ESMTP", False),
        ("user@example.org", False),
    ],
)
def test_template(text: str, expected: bool) -> None:
    assert is_template(text) is expected


def test_tokens_keep_braces_together() -> None:
    assert [token.text for token in tokens("a, { b, c } d")] == ["a", "{ b, c }", "d"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("$one", "1"),
        ("$(one)", "1"),
        ("${one}", "1"),
        ("a${one}b$$c", "a1b$c"),
        ("$nothing", ""),
        ("${one?yes}", "yes"),
        ("${nothing?yes}", ""),
        ("${nothing:no}", "no"),
        ("${one?{yes}:{no}}", "yes"),
        ("${nothing?{yes}:{no}}", "no"),
        ("${{$one} == {1} ? {same} : {other}}", "same"),
        ("${{$one} != {1} ? {same} : {other}}", "other"),
        ("${{9} < {10} ? {number} : {text}}", "number"),
        ("${{9x} < {10} ? {number} : {text}}", "text"),
        ("${{3.10} >=level {3.9} ? {newer} : {older}}", "newer"),
        ("$two", "1 1"),
    ],
)
def test_expansion(value: str, expected: str) -> None:
    config = instance(f"one = 1\ntwo = $one $one\nvalue = {value}\n")
    assert config.view().get("value").text == expected


@pytest.mark.parametrize("value", ["$", "${one", "${one-two}", "${{a} ~ {b}}", "$value", "${{a} == {b}"])
def test_refused_expression(value: str) -> None:
    found = instance(f"value = {value}\n").view().get("value")
    assert found.text is None
    assert found.problem


@pytest.mark.parametrize("value", ["{{ x }}", "$MAIL_DOMAIN", "a <%= b %>"])
def test_unknown_value(value: str) -> None:
    found = instance(f"value = {value}\n").view().get("value")
    assert found.text is None
    assert not found.problem


def test_elements_stand_at_their_text() -> None:
    config = instance("nets = 10.0.0.0/8\nmynetworks = 127.0.0.0/8,\n  192.0.2.0/24 $nets\n")
    source = config.tree.source("etc/postfix/main.cf")
    shown = []
    for text, span in config.view().elements("mynetworks"):
        assert span is not None
        shown.append((text, source.line(span.line)[span.column - 1 : span.end_column - 1]))
    assert shown == [("127.0.0.0/8", "127.0.0.0/8"), ("192.0.2.0/24", "192.0.2.0/24"), ("10.0.0.0/8", "$nets")]


def test_last_setting_wins_and_remembers() -> None:
    found = instance("smtpd_tls_security_level = none\nsmtpd_tls_security_level = may\n").view()
    assert found.get("smtpd_tls_security_level").text == "may"
    hows = [(o.how, o.where.line if o.where else 0) for o in found.get("smtpd_tls_security_level").origins]
    assert hows == [("default", 0), ("sets", 4), ("overrides", 5)]


def test_domain_comes_from_the_host_name() -> None:
    assert instance("").view().get("mydomain").text == "example.org"


def test_host_name_in_a_circle_ends() -> None:
    assert instance("myhostname = mail.$mydomain\n").view().get("myhostname").text == "mail."


@pytest.mark.parametrize(
    ("version", "name", "expected"),
    [
        ((3, 5), "smtpd_tls_protocols", "!SSLv2, !SSLv3"),
        ((3, 7), "smtpd_tls_protocols", ">=TLSv1"),
        ((3, 7), "smtpd_forbid_bare_newline", "no"),
        ((3, 9), "smtpd_forbid_bare_newline", "normalize"),
        ((2, 11), "mynetworks_style", "subnet"),
    ],
)
def test_defaults_of_versions(version: tuple[int, ...], name: str, expected: str) -> None:
    assert defaults_of(version)[name] == expected


def test_defaults_depend_on_compatibility() -> None:
    assert instance("", base="compatibility_level = 0\n").view().get("mynetworks_style").text == "subnet"
    assert instance("", base="compatibility_level = 3.6\n").view().get("mynetworks_style").text == "host"


@pytest.mark.parametrize("text", ["", "a", "3.", "1.2.3.4"])
def test_bad_level(text: str) -> None:
    with pytest.raises(ExpansionError):
        compatibility(text)
