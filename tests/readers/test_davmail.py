"""davmail.properties: the sockets that DavMail opens."""

from __future__ import annotations

import pytest

from mailpolicy.readers import davmail, format_of
from tests.readers.reading import MainFile, blamed, listeners, of_kind, the

FILE = MainFile(davmail, "davmail.properties")
IMAP = "davmail.imapPort=1143\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", {"protocol": "imap", "role": "access", "port": 1143, "address": "*", "scope": "loopback", "tls": "none",
              "auth": "cleartext", "certificate": None}),
        ("davmail.allowRemote=true\n", {"scope": "any"}),
        ("davmail.allowRemote=yes\n", {"scope": "loopback"}),
        ("davmail.allowRemote=true \n", {"scope": "loopback"}),
        ("davmail.allowRemote=true\ndavmail.bindAddress=192.168.1.2\n", {"scope": "private", "address": "192.168.1.2"}),
        ("davmail.ssl.keystoreFile=/etc/davmail.p12\n", {"tls": "implicit", "auth": "tls-only",
                                                         "certificate": "/etc/davmail.p12"}),
        ("davmail.ssl.keystoreFile=/a\ndavmail.ssl.nosecureimap=true\n", {"tls": "none", "auth": "cleartext"}),
        ("davmail.ssl.keystoreFile=/a\ndavmail.ssl.nosecuresmtp=true\n", {"tls": "implicit"}),
        ("davmail.ssl.keystoreFile=C\\:\\\\a\n", {"certificate": "C:\\a"}),
        ("davmail.ssl.keystoreFile : \\\n  /a\n", {"certificate": "/a"}),
        ("davmail.imapPort=2143\n", {"port": 2143}),
        ("davmail.ssl.keystoreFile=/a\ndavmail.ssl.needClientAuth=true\n", {"client_certificate": "required"}),
    ],
)  # fmt: skip
def test_properties_mean_what_davmail_makes_of_them(lines: str, expected: dict[str, object]) -> None:
    values = the(FILE.read(IMAP + lines)).values
    assert {name: values.get(name) for name in expected} == expected


def test_only_ports_that_are_set_are_opened() -> None:
    text = "davmail.smtpPort=1025\ndavmail.popPort=\ndavmail.imapPort=0\ndavmail.caldavPort=1080\n"
    (fact,) = listeners(FILE.read(text))
    assert (fact.values["service"], fact.values["role"], fact.values["relay"]) == (
        "smtp",
        "submission",
        "authenticated",
    )


def test_a_port_with_a_blank_behind_it_is_no_number() -> None:
    inventory = FILE.read("davmail.imapPort=1143 \ndavmail.popPort=1110\n")
    assert ["no number" in one.why for one in inventory.unread] == [True]
    assert [fact.values["service"] for fact in listeners(inventory)] == ["pop"]


def test_positions() -> None:
    text = f"{IMAP}davmail.allowRemote=true\n"
    fact = the(FILE.read(text))
    assert (blamed(text, fact, "port"), blamed(text, fact, "scope")) == ("1143", "true")


def test_secrets_but_not_what_is_encrypted() -> None:
    text = (
        f"{IMAP}davmail.ssl.keystorePass=hunter2\ndavmail.ssl.keyPass=\n"
        "davmail.oauth.a@example.test.refreshToken={AES}abc\ndavmail.oauth.b@example.test.refreshToken=tok-en\n"
    )
    found = of_kind(FILE.read(text), "secret")
    assert [blamed(text, one, "storage") for one in found] == ["hunter2", "tok-en"]


def test_what_a_template_fills_in_is_unknown() -> None:
    fact = the(FILE.read("davmail.imapPort={{ port }}\ndavmail.ssl.keystoreFile=${KEYSTORE}\n"))
    assert not {"port", "tls", "auth"} & set(fact.values)


@pytest.mark.parametrize(("text", "fatal"), [("<html>\n", [True]), ("\n", []), ("davmail.mode=EWS\n", [])])
def test_files_without_ports(text: str, fatal: list[bool]) -> None:
    assert [one.fatal for one in FILE.read(text).unread] == fatal


def test_sniffing() -> None:
    assert davmail.sniff(f"a=b\n{IMAP}")
    assert not davmail.sniff("davmail.mode=EWS\n")


@pytest.mark.parametrize(
    "path", ["davmail.properties", ".davmail.properties", "davmail-o365.properties", "my.davmail.properties"]
)
def test_names(path: str) -> None:
    assert format_of(path) == "davmail"


def test_its_translations_are_no_settings() -> None:
    assert format_of("src/java/davmailmessages_fr.properties") is None
