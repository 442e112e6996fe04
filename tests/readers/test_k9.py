"""Tables of providers of K-9 Mail and FairEmail."""

from __future__ import annotations

import pytest

from mailpolicy.readers import formats_of, k9
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed

FILE = MainFile(k9, "res/xml/providers.xml")


def by_uri(incoming: str, outgoing: str = "smtp+ssl+://b.test", user: str = ' username="$email"') -> str:
    return (
        '<?xml version="1.0"?>\n<providers>\n<provider id="x" domain="x.test">\n'
        f'<incoming uri="{incoming}"{user} />\n<outgoing uri="{outgoing}" username="$email" />\n'
        "</provider>\n</providers>\n"
    )


def by_host(lines: str) -> str:
    return f'<providers>\n<provider name="x" domain="x\\\\.test">\n{lines}\n</provider>\n</providers>\n'


def facts(text: str) -> dict[object, Fact]:
    return {fact.values["protocol"]: fact for fact in FILE.facts(text, "connection")}


@pytest.mark.parametrize(
    ("uri", "protocol", "expected"),
    [
        ("imap+ssl+://a.test", "imap", {"tls": "implicit", "port": 993, "port_stated": False, "verify": "ca"}),
        ("imap+ssl://a.test", "imap", {"tls": "implicit"}),
        ("imap+tls+://a.test", "imap", {"tls": "required", "port": 143, "cleartext_credentials": False}),
        ("imap+ssl+://a.test:1993", "imap", {"port": 1993, "port_stated": True, "host": "a.test"}),
        ("imap://a.test", "imap", {"tls": "none", "cleartext_credentials": True, "verify": "none"}),
        ("imap+ssl+trustallcerts://a.test", "imap", {"tls": "implicit", "verify": "none"}),
        ("pop3+ssl+://a.test", "pop3", {"port": 995, "deletes_on_server": None}),
        ("imap+ssl+://imap.$domain", "imap", {"host": None, "port": 993}),
    ],
)
def test_the_form_of_k9(uri: str, protocol: str, expected: dict[str, object]) -> None:
    fact = facts(by_uri(uri))[protocol]
    assert {name: fact.values.get(name) for name in expected} == expected
    assert (fact.values["role"], fact.values["credential"]) == ("access", "prompt")


@pytest.mark.parametrize(
    ("uri", "tls", "port"),
    [
        ("smtp+ssl+://b.test", "implicit", 465),
        ("smtp+tls+://b.test", "required", 587),
        ("smtp+tls+://b.test:25", "required", 25),
    ],
)
def test_submission_of_k9(uri: str, tls: str, port: int) -> None:
    values = facts(by_uri("imap+ssl+://a.test", uri))["smtp"].values
    assert (values["tls"], values["port"], values["role"]) == (tls, port, "submission")


@pytest.mark.parametrize(
    ("lines", "protocol", "expected"),
    [
        (
            '<imap host="a.test" port="993" starttls="false" />',
            "imap",
            {"tls": "implicit", "verify": "ca", "port": 993},
        ),
        ('<imap host="a.test" port="993" />', "imap", {"tls": "implicit"}),
        ('<imap host="a.test" port="143" starttls="true" />', "imap", {"tls": "required", "port": 143}),
        ('<smtp host="a.test" port="587" starttls="true" />', "smtp", {"tls": "required", "role": "submission"}),
        ('<pop host="a.test" port="995" starttls="false" />', "pop3", {"tls": "implicit", "deletes_on_server": None}),
        ('<imap host="a.test" port="x" />', "imap", {"port": None}),
    ],
)
def test_the_form_of_fairemail(lines: str, protocol: str, expected: dict[str, object]) -> None:
    values = facts(by_host(lines))[protocol].values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "field", "under"),
    [
        (by_uri("imap+tls+://a.test:143"), "tls", "imap+tls"),
        (by_uri("imap+tls+://a.test:143"), "host", "a.test"),
        (by_uri("imap+tls+://a.test:143"), "port", "143"),
        (by_uri("imap://a.test"), "tls", "imap"),
        (by_host('<imap host="a.test" port="143" starttls="true" />'), "tls", "true"),
        (by_host('<imap host="a.test" port="143" starttls="true" />'), "port", "143"),
    ],
)
def test_positions_lie_on_the_value(text: str, field: str, under: str) -> None:
    assert blamed({"res/xml/providers.xml": text}, facts(text)["imap"], field) == under


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (by_uri("eas+ssl+://a.test"), 1),
        (by_uri("imap+ssl+://a.test", user=""), 1),
        ('<providers><provider id="x"><incoming uri="imap+ssl+://a" username="x"/></provider></providers>', 1),
        (by_host('<imap host="a.test" starttls="true" />'), 1),
    ],
)
def test_what_the_programs_leave_out_is_unread(text: str, count: int) -> None:
    assert len(FILE.read(text).unread) == count


def test_a_provider_that_wants_tokens_gets_them() -> None:
    fact = facts(by_uri("imap+ssl+://imap.gmail.com"))["imap"]
    assert "mechanisms" not in fact.values
    assert "provider" not in fact.values


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("res/xml/providers.xml", by_uri("imap+ssl+://a.test"), ["k9"]),
        ("res/xml/providers.xml", by_host('<imap host="a.test" port="993" />'), ["k9"]),
        ("res/xml/test_providers.xml", by_uri("imap+ssl+://a.test"), ["k9"]),
        ("app/providers.xml", "<providers><provider class='x'/></providers>", []),
    ],
)
def test_the_text_tells_the_format(path: str, text: str, expected: list[str]) -> None:
    assert formats_of(path, lambda: text) == expected


@pytest.mark.parametrize("text", ["", "<a/>", "<providers>"])
def test_another_text_is_refused(text: str) -> None:
    assert [unread.fatal for unread in FILE.read(text).unread] == [True]
