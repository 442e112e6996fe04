"""dma.conf and auth.conf: what dma makes of them."""

from __future__ import annotations

import pytest

from mailpolicy.readers import dma
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, read_group, the

FILE = MainFile(dma, "etc/dma/dma.conf")
HOST = "SMARTHOST smtp.example.test\n"
AUTH = "AUTHPATH /etc/dma/auth.conf\n"
LOGINS = "# x\nbob|other.test:secret2\nalice|smtp.example.test:hunter2\n"


def only(text: str, logins: str | None = None, version: str = "") -> Fact:
    files = {"etc/dma/dma.conf": text}
    if logins is not None:
        files["etc/dma/auth.conf"] = logins
    return FILE.only(files, "connection", version)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", {"tls": "none", "port": 25, "port_stated": False, "role": "submission", "cleartext_credentials": False}),
        ("INSECURE\n", {"tls": "none", "cleartext_credentials": True}),
        ("STARTTLS\n", {"tls": "none"}),
        ("STARTTLS\nOPPORTUNISTIC_TLS\n", {"tls": "none"}),
        ("SECURETRANSFER\n", {"tls": "implicit", "verify": "none", "port": 25}),
        ("SECURETRANSFER\nOPPORTUNISTIC_TLS\n", {"tls": "implicit"}),
        ("SECURETRANSFER\nSTARTTLS\n", {"tls": "required", "cleartext_credentials": False}),
        ("SECURETRANSFER\nSTARTTLS\nINSECURE\n", {"tls": "required", "cleartext_credentials": False}),
        ("SECURETRANSFER\nSTARTTLS\nOPPORTUNISTIC_TLS\n", {"tls": "opportunistic", "cleartext_credentials": True}),
        ("SECURETRANSFER # yes\n", {"tls": "implicit", "broken": None}),
        ("SECURETRANSFER \n", {"tls": "implicit", "broken": None}),
        ("SECURETRANSFER\nVERIFYCERT\n", {"verify": "ca"}),
        (f"SECURETRANSFER\nVERIFYCERT\nFINGERPRINT {'0a' * 32}\n",
         {"verify": "fingerprint", "fingerprint_hash": "sha256"}),
        ("VERIFYCERT\n", {"verify": "none", "tls": "none"}),
        ("PORT 587\n", {"port": 587, "port_stated": True}),
        ("PORT  465\n", {"port": 465}),
        ("SMARTHOST other.test\n", {"host": "other.test", "authenticates": True}),
    ],
)  # fmt: skip
def test_settings_mean_what_dma_makes_of_them(lines: str, expected: dict[str, object]) -> None:
    values = only(HOST + AUTH + lines, LOGINS).values
    assert {name: values.get(name) for name in expected} == expected


def test_a_login_is_that_of_the_smart_host() -> None:
    assert only(HOST + AUTH, LOGINS).values["authenticates"] is True
    assert only("SMARTHOST third.test\n" + AUTH, LOGINS).values["authenticates"] is False
    assert only(HOST, LOGINS).values["authenticates"] is False
    assert "authenticates" not in only(HOST + AUTH).values


def test_without_a_smart_host_mail_goes_to_every_mx() -> None:
    values = only("MAILNAME client.test\n").values
    expected = {"host": "*", "port": 25, "role": "relay", "mx_lookup": True, "scope": "any", "authenticates": False}
    assert {name: values[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("SECURETRANSFER yes", "takes no value"),
        ("SECURETRANSFER  # two", "takes no value"),
        ("SMARTHOST", "has no value"),
        ("TLS", "does not know TLS"),
        ("securetransfer", "does not know"),
        ("FINGERPRINT aa:bb", "SHA-256"),
        (" STARTTLS", "passes over it"),
    ],
)
def test_what_dma_does_not_take(line: str, why: str) -> None:
    inventory = FILE.read(f"{HOST}{line}\n")
    (unread,) = inventory.unread
    assert why in unread.why
    broken = the(inventory, "connection").values["broken"]
    assert (broken is None) is ("passes over" in why)


def test_versions_know_more_words() -> None:
    assert only(f"{HOST}VERIFYCERT\n", version="0.13").values["broken"]
    assert only(f"{HOST}VERIFYCERT\n", version="0.14").values["broken"] is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{HOST}PORT submission\n", "no number"),
        (f"{HOST}STARTTLS\r\n", "CR LF"),
        ("NULLCLIENT\n", "needs a SMARTHOST"),
        ("SMARTHOST a.test \n", "blank"),
    ],
)
def test_broken(text: str, why: str) -> None:
    assert why in str(only(text).values["broken"])


@pytest.mark.parametrize(
    ("lines", "field", "text"),
    [
        ("PORT 25\n", "port", "25"),
        ("SECURETRANSFER\nSTARTTLS\nOPPORTUNISTIC_TLS\n", "tls", "OPPORTUNISTIC_TLS"),
        ("INSECURE\n", "cleartext_credentials", "INSECURE"),
        ("", "host", "smtp.example.test"),
    ],
)
def test_positions_lie_on_the_value(lines: str, field: str, text: str) -> None:
    whole = {"etc/dma/dma.conf": HOST + AUTH + lines, "etc/dma/auth.conf": LOGINS}
    assert blamed(whole, FILE.only(whole, "connection"), field) == text


def test_passwords_are_secrets() -> None:
    files = {"etc/dma/dma.conf": HOST + AUTH, "etc/dma/auth.conf": LOGINS}
    found = of_kind(FILE.read(files), "secret")
    assert [blamed(files, one, "storage") for one in found] == ["secret2", "hunter2"]
    alone = read_group(dma, {"dma/auth.conf": "bad\nalice|h:x{{ y }}\n"}, ["dma/auth.conf"])
    assert (alone.facts, len(alone.unread)) == ((), 1)


@pytest.mark.parametrize(
    ("lines", "field"), [("SMARTHOST {{ h }}\n", "host"), ("{% if t %}\nSECURETRANSFER\n{% endif %}\n", "tls")]
)
def test_what_a_template_decides_is_unknown(lines: str, field: str) -> None:
    inventory = FILE.read(HOST + lines)
    assert field not in the(inventory, "connection").values
    assert not inventory.unread


def test_another_kind_of_file_is_refused() -> None:
    assert [one.fatal for one in FILE.read("<html>\n").unread] == [True]


def test_sniffing() -> None:
    assert dma.sniff("# x\nSMARTHOST a\nMAILNAME b\n")
    assert not dma.sniff("SMARTHOST a\nother b\nMAILNAME c\n")
