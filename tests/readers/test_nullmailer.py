"""nullmailer's remotes: what it makes of them."""

from __future__ import annotations

import pytest

from mailpolicy.readers import nullmailer
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind

FILE = MainFile(nullmailer, "etc/nullmailer/remotes")


def only(text: str, version: str = "") -> Fact:
    return FILE.only(text, "connection", version)


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("", {"tls": "none", "port": 25, "port_stated": False, "authenticates": False, "verify": "none"}),
        (" smtp", {"port": 25, "role": "submission", "protocol": "smtp"}),
        (" smtp --port=587", {"port": 587, "port_stated": True}),
        (" smtp -p26", {"port": 26}),
        (" smtp port=587", {"port": 587}),
        (" smtp --port=587 --port=25", {"port": 25}),
        (" smtp --port=0", {"port": 25}),
        (" smtp --ssl", {"tls": "implicit", "port": 465, "verify": "ca"}),
        (" smtp --tls --starttls", {"tls": "implicit"}),
        (" smtp --starttls", {"tls": "required", "port": 25, "verify": "ca"}),
        (" smtp --starttls --insecure", {"verify": "none"}),
        (" smtp --insecure", {"tls": "none", "verify": "none"}),
        (" smtp --starttls --x509cafile=/a --insecure", {"verify": "none"}),
        (" smtp --user=a --pass=b", {"authenticates": True, "mechanisms": (), "cleartext_credentials": True}),
        (" smtp --user=a --pass=b --auth-login --ssl", {"mechanisms": ("LOGIN",), "cleartext_credentials": False}),
        (" smtp --user=a", {"authenticates": False, "credential": "none"}),
        (" smtp --host=Real.TEST", {"host": "real.test"}),
        (" smtp --host=real.test", {"host": "real.test", "account": "smtp.test"}),
        (" 'smtp' \"--port=587\"", {"port": 587}),
        (" smtp --po\\rt=587", {"port": 587}),
        (" smtp --port= --ssl", {"port": 465, "port_stated": True}),
        (" smtp --port=587 -- --starttls", {"port": 587, "tls": "none"}),
        (" smtp --user=a --pass=x\\\\ --port=587 --ssl", {"port": 465, "tls": "implicit"}),
        (' smtp --user=a --pass="x\\$" --ssl --port=587', {"port": 25, "tls": "none", "authenticates": True}),
        (' smtp --pass="x\\"y" --port=587', {"port": 587}),
    ],
)
def test_options_mean_what_nullmailer_makes_of_them(rest: str, expected: dict[str, object]) -> None:
    values = only(f"smtp.test{rest}\n").values
    assert {name: values.get(name) for name in expected} == expected
    assert values["broken"] is None


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("--port 587", "needs a value"),
        ("--starttls=yes", "takes no value"),
        ("--tlss", "there is no option"),
        ("--port=smtp", "no number"),
        ("--User=a", "there is no option"),
        ("-port=587", "the port is no number"),
        ("-starttls", "there is no option"),
        ("-p 587", "there is no option"),
        ("--port=-1", "the port is no number"),
    ],
)
def test_what_it_refuses(option: str, why: str) -> None:
    inventory = FILE.read(f"smtp.test smtp {option}\n")
    assert any(why in one.why for one in inventory.unread)
    (fact,) = of_kind(inventory, "connection")
    assert fact.values["broken"]


def test_before_2_0_options_are_words_and_no_authority_is_known() -> None:
    values = only("smtp.test smtp --port 587 --starttls\n", "1.13").values
    assert (values["port"], values["tls"], values["verify"], values["broken"]) == (587, "required", "none", None)


def test_each_line_is_a_relay_and_qmqp_is_not_compared() -> None:
    inventory = FILE.read("# x\n  a.test\nb.test smtp --ssl\n#c.test\nd.test qmqp --port=628\ne.test lmtp\n")
    assert [fact.values["account"] for fact in inventory.facts] == ["a.test", "b.test"]
    assert inventory.notes == ("etc/nullmailer/remotes:5:1: QMQP is not compared",)
    assert ["lmtp" in one.why for one in inventory.unread] == [True]


def test_no_relay_is_noted() -> None:
    assert "names no relay" in FILE.read("# none\n").notes[0]


@pytest.mark.parametrize(
    ("rest", "field", "text"),
    [
        (" smtp --port=25", "port", "25"),
        (" smtp --port='25'", "port", "25"),
        (" smtp --starttls --insecure", "verify", "--insecure"),
        ("", "host", "smtp.test"),
        (" smtp --user=a --pass='b c'", "credential", "b c"),
        (" smtp --user=a --pass=b", "cleartext_credentials", "b"),
        ("", "tls", "smtp.test"),
    ],
)
def test_positions_lie_on_the_value(rest: str, field: str, text: str) -> None:
    whole = f"smtp.test{rest}\n"
    assert blamed(whole, only(whole), field) == text


@pytest.mark.parametrize(
    ("option", "secret"),
    [
        ("--pass=hunter2", "hunter2"),
        ("--pass='hunter 2'", "hunter 2"),
        ("--pass=REDACTED", None),
        ("--pass={{p}}", None),
    ],
)
def test_passwords(option: str, secret: str | None) -> None:
    text = f"smtp.test smtp --user=a {option}\n"
    found = of_kind(FILE.read(text), "secret")
    assert [blamed(text, one, "storage") for one in found] == ([secret] if secret else [])


def test_what_a_template_fills_in_is_unknown() -> None:
    fact = only("{{relay}} smtp --port=${PORT} --user=a --pass=@PASS@\n")
    assert not {"host", "port", "credential"} & set(fact.values)


def test_sniffing() -> None:
    assert nullmailer.sniff("# x\na.test smtp --port=25\n")
    assert not nullmailer.sniff("a.test smtp\n")


def test_relays_beyond_all_measure_are_named_and_not_compared() -> None:
    inventory = FILE.read("".join(f"h{n}.test\n" for n in range(600)))
    assert len(inventory.facts) == 500
    assert [(one.fatal, one.where.line) for one in inventory.unread] == [(True, 501)]
