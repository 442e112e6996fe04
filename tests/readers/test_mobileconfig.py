"""Apple's configuration profiles: XML, binary, signed, and templates."""

from __future__ import annotations

import plistlib
from pathlib import Path

import pytest

from mailpolicy.cli import main
from mailpolicy.readers import format_of, mobileconfig
from mailpolicy.tree import Disk
from mailpolicy.types import Fact, Inventory
from tests.readers.reading import MainFile, blamed, of_kind

FILE = MainFile(mobileconfig, "mail.mobileconfig")
Values = dict[str, object]
ACCOUNT: Values = {
    "PayloadType": "com.apple.mail.managed",
    "EmailAccountDescription": "Example",
    "EmailAccountType": "EmailTypeIMAP",
    "IncomingMailServerAuthentication": "EmailAuthPassword",
    "IncomingMailServerHostName": "imap.example.org",
    "OutgoingMailServerAuthentication": "EmailAuthPassword",
    "OutgoingMailServerHostName": "smtp.example.org",
}


def profile(**values: object) -> Values:
    account = {name: value for name, value in {**ACCOUNT, **values}.items() if value is not None}
    return {"PayloadContent": [account], "PayloadType": "Configuration", "PayloadVersion": 1}


def xml(**values: object) -> str:
    return plistlib.dumps(profile(**values)).decode()


def both(text: str) -> dict[object, Fact]:
    return {fact.values["role"]: fact for fact in FILE.facts(text, "connection")}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, {"tls": "none", "port": 143, "port_stated": False, "cleartext_credentials": True, "protocol": "imap"}),
        ({"IncomingMailServerUseSSL": False}, {"tls": "none", "port": 143}),
        ({"IncomingMailServerUseSSL": True}, {"tls": "implicit", "port": 993, "verify": "ca"}),
        ({"IncomingMailServerUseSSL": True, "IncomingMailServerPortNumber": 143}, {"tls": "required", "port": 143}),
        ({"IncomingMailServerUseSSL": True, "IncomingMailServerPortNumber": 1993}, {"tls": None, "verify": "ca"}),
        ({"IncomingMailServerUseSSL": False, "IncomingMailServerPortNumber": 993}, {"tls": "none", "port": 993}),
        ({"IncomingMailServerPortNumber": 993.0}, {"port": 993}),
        ({"IncomingMailServerPortNumber": 0}, {"port": None}),
        ({"EmailAccountType": "EmailTypePOP"}, {"protocol": "pop3", "port": 110, "deletes_on_server": None}),
        ({"EmailAccountType": "EmailTypePOP", "IncomingMailServerUseSSL": True}, {"port": 995, "tls": "implicit"}),
        ({"IncomingMailServerAuthentication": "EmailAuthCRAMMD5"}, {"mechanisms": ("CRAM-MD5",)}),
        ({"IncomingMailServerAuthentication": "EmailAuthCRAMMD5"}, {"cleartext_credentials": False}),
        ({"IncomingMailServerAuthentication": "EmailAuthHTTPMD5"}, {"mechanisms": ("DIGEST-MD5",)}),
        ({"IncomingMailServerAuthentication": "EmailAuthNTLM"}, {"mechanisms": ("NTLM",)}),
        ({"IncomingMailServerAuthentication": "EmailAuthNone"}, {"authenticates": False, "credential": "none"}),
        ({"IncomingPassword": "hunter2"}, {"credential": "literal"}),
        ({}, {"credential": "prompt", "mechanisms": ("PLAIN", "LOGIN")}),
        ({"IncomingMailServerUsername": "alice@example.org"}, {"mailbox": "alice@example.org"}),
    ],
)  # fmt: skip
def test_incoming(values: Values, expected: Values) -> None:
    found = both(xml(**values))["access"].values
    assert {name: found.get(name) for name in expected} == expected
    assert found["broken"] is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, {"port": 25, "port_stated": False, "tls": "none", "protocol": "smtp"}),
        ({"OutgoingMailServerUseSSL": True}, {"port": 25, "tls": "required"}),
        ({"OutgoingMailServerUseSSL": True, "OutgoingMailServerPortNumber": 465}, {"port": 465, "tls": "implicit"}),
        ({"OutgoingMailServerUseSSL": True, "OutgoingMailServerPortNumber": 587}, {"tls": "required"}),
        ({"IncomingPassword": "x1", "OutgoingPasswordSameAsIncomingPassword": True}, {"credential": "literal"}),
        ({"IncomingPassword": "x1"}, {"credential": "prompt"}),
        ({"OutgoingPassword": "x1"}, {"credential": "literal"}),
    ],
)
def test_outgoing(values: Values, expected: Values) -> None:
    found = both(xml(**values))["submission"].values
    assert {name: found.get(name) for name in expected} == expected


def test_an_account_of_no_type_is_broken_and_unread() -> None:
    inventory = FILE.read(xml(EmailAccountType="EmailTypeExchange"))
    assert len(inventory.unread) == 1
    assert inventory.facts[0].values["broken"]


@pytest.mark.parametrize(
    ("role", "field", "values", "text"),
    [
        ("access", "tls", {"IncomingMailServerUseSSL": False}, "false"),
        ("access", "host", {}, "imap.example.org"),
        ("access", "port", {"IncomingMailServerPortNumber": 143}, "143"),
        ("access", "tls", {}, "com.apple.mail.managed"),
        ("submission", "mechanisms", {"OutgoingMailServerAuthentication": "EmailAuthNTLM"}, "EmailAuthNTLM"),
    ],
)
def test_positions_lie_on_the_value(role: str, field: str, values: Values, text: str) -> None:
    whole = xml(**values)
    assert blamed(whole, both(whole)[role], field) == text


def test_passwords_are_secrets() -> None:
    whole = xml(IncomingPassword="hunter2", OutgoingPassword="s3cret")
    assert [blamed(whole, fact, "storage") for fact in FILE.facts(whole, "secret")] == ["hunter2", "s3cret"]
    assert not FILE.facts(xml(IncomingPassword="{{ pw }}"), "secret")


@pytest.mark.parametrize(
    ("old", "new", "unknown"),
    [
        ("imap.example.org", "imap.{{ d }}", {"host"}),
        ("imap.example.org", "PRIMARY_HOSTNAME", {"host"}),
        ("imap.example.org", "<?= $host ?>", {"host"}),
        ("<true/>", "<{{imapssl}}/>", {"tls", "verify", "cleartext_credentials"}),
        ("<true/>", "<{% if a %}true{% else %}false{% endif %}/>", {"tls"}),
        ("993", "{{ port }}", {"port"}),
        ("EmailTypeIMAP", "{% if imap %}EmailTypeIMAP{% endif %}", {"protocol"}),
    ],
)
def test_what_a_template_decides_is_unknown(old: str, new: str, unknown: set[str]) -> None:
    text = xml(IncomingMailServerUseSSL=True, IncomingMailServerPortNumber=993).replace(old, new, 1)
    inventory = FILE.read(text)
    fact = inventory.facts[0]
    assert not inventory.unread
    assert not unknown & set(fact.values)
    assert unknown <= set(fact.origins)


def of(path: Path) -> Inventory:
    return mobileconfig.read(Disk(), (str(path),), None)


def der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body).to_bytes(4, "big")
    return bytes([tag, 0x84]) + size + body


def signed(content: bytes, pieces: bool = False) -> bytes:
    """A CMS SignedData around some content, without any signature."""
    oid = bytes.fromhex("06092a864886f70d010702")
    data = bytes.fromhex("06092a864886f70d010701")
    half = len(content) // 2
    octets = der(0x24, der(4, content[:half]), der(4, content[half:])) if pieces else der(4, content)
    inner = der(0x30, bytes.fromhex("020101"), der(0x31), der(0x30, data, der(0xA0, octets)), der(0x31))
    return der(0x30, oid, der(0xA0, inner))


def indefinite(content: bytes) -> bytes:
    """The same with lengths that only their ends tell, as Apple's tools write it."""
    end = b"\0\0"
    octets = b"\x24\x80" + der(4, content[:50]) + der(4, content[50:]) + end
    data = b"\x30\x80" + bytes.fromhex("06092a864886f70d010701") + b"\xa0\x80" + octets + end + end
    inner = b"\x30\x80" + bytes.fromhex("020101") + der(0x31) + data + der(0x31) + end
    return b"\x30\x80" + bytes.fromhex("06092a864886f70d010702") + b"\xa0\x80" + inner + end + end


BINARY = plistlib.dumps(profile(IncomingPassword="hunter2"), fmt=plistlib.FMT_BINARY)
FORMS = {
    "binary": BINARY,
    "signed": signed(xml(IncomingPassword="hunter2").encode()),
    "signed in pieces": signed(xml(IncomingPassword="hunter2").encode(), pieces=True),
    "signed, indefinite": indefinite(xml(IncomingPassword="hunter2").encode()),
    "signed binary": signed(BINARY),
    "signed, with a line end behind it": signed(xml(IncomingPassword="hunter2").encode()) + b"\r\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_what_is_no_text_is_read_all_the_same(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mail.mobileconfig"
    path.write_bytes(FORMS[form])
    inventory = of(path)
    assert not inventory.unread
    assert [fact.values.get("host") for fact in of_kind(inventory, "connection")] == [
        "imap.example.org",
        "smtp.example.org",
    ]
    assert all(
        o.where is None or o.where[1:] == (1, 1, 2) for f in inventory.facts for c in f.origins.values() for o in c
    )
    assert main(["check", str(path)]) == 1
    said = capsys.readouterr().out
    assert "password-in-file" in said and "hunter2" not in said


@pytest.mark.parametrize("form", FORMS)
def test_cut_short_it_is_refused_without_a_traceback(form: str, tmp_path: Path) -> None:
    path = tmp_path / "mail.mobileconfig"
    for end in range(0, len(FORMS[form]) - 40, 37):
        path.write_bytes(FORMS[form][:end])
        assert [unread.fatal for unread in of(path).unread] == [True]


def test_a_profile_without_mail_is_noted_and_not_ours() -> None:
    inventory = FILE.read(xml(PayloadType="com.apple.wifi.managed"))
    assert (inventory.facts, inventory.files) == ((), ())
    assert "holds no mail account" in inventory.notes[0]


def test_an_encrypted_payload_is_unread() -> None:
    text = plistlib.dumps({"EncryptedPayloadContent": b"x", "PayloadType": "Configuration"}).decode()
    assert ["encrypted" in unread.why for unread in FILE.read(text).unread] == [True]


@pytest.mark.parametrize("text", ["", "<html></html>", "<plist>", "{}", "<plist></plist>"])
def test_another_text_is_refused(text: str) -> None:
    assert [unread.fatal for unread in FILE.read(text).unread] == [True]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.mobileconfig", "mobileconfig"),
        ("views/mobileconfig.xml", "mobileconfig"),
        ("x/ios-profile.xml.j2", "mobileconfig"),
        ("mobileconfig.py", None),
    ],
)
def test_names(path: str, expected: str | None) -> None:
    assert format_of(path) == expected
