"""mailrc: what s-nail and Heirloom mailx make of it."""

from __future__ import annotations

import pytest

from mailpolicy.readers import format_of, mailrc
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, read_group, the

FILE = MainFile(mailrc, ".mailrc")
NEW = "set v15-compat=yes from=a@example.test\n"
MTA = "set mta=smtp://alice:secret@h.test:587\n"


def only(text: str, version: str = "") -> Fact:
    return FILE.only(text, "connection", version)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (MTA, {"tls": "none", "verify": "none", "mechanisms": ("PLAIN",), "cleartext_credentials": True, "port": 587,
               "credential": "literal", "role": "submission"}),
        (f"{MTA}set smtp-use-starttls", {"tls": "required", "verify": "ca", "cleartext_credentials": False}),
        (f"{MTA}set smtp-use-starttls=no", {"tls": "required"}),
        (f"{MTA}set smtp-use-starttls nosmtp-use-starttls", {"tls": "none"}),
        (f"{MTA}set smtp-use-starttls\nunset smtp-use-starttls", {"tls": "none"}),
        (f"{MTA}set smtp-use-starttls-h.test:587", {"tls": "required"}),
        (f"{MTA}set smtp-use-starttls-h.test", {"tls": "none"}),
        (f"{MTA}set smtp-use-starttls-alice@h.test:587", {"tls": "required"}),
        (f"{MTA}set smtp-use-starttls-bob@h.test:587", {"tls": "none"}),
        (f"{MTA}set smtp-use-starttls tls-verify=ignore", {"verify": "none"}),
        (f"{MTA}set smtp-use-starttls ssl-verify=warn", {"verify": "none"}),
        (f"{MTA}set smtp-use-starttls tls-verify=strict ssl-verify=ignore", {"verify": "ca"}),
        (f"{MTA}set smtp-use-starttls tls-verify=no", {"verify": "ca"}),
        (f"{MTA}set smtp-use-starttls tls-fingerprint=AA tls-fingerprint-digest=SHA256",
         {"verify": "fingerprint", "fingerprint_hash": "sha256"}),
        (f"{MTA}set smtp-use-starttls tls-config-pairs='MinProtocol=TLSv1.1'", {"tls_min": "TLSv1.1"}),
        (f"{MTA}set smtp-auth=cram-md5", {"mechanisms": ("CRAM-MD5",), "cleartext_credentials": False}),
        (f"{MTA}set smtp-auth=none", {"authenticates": False, "credential": "none"}),
        ("set mta=smtps://h.test", {"tls": "implicit", "port": 465, "port_stated": False, "credential": "prompt"}),
        ("set mta=submissions://h.test", {"tls": "implicit", "port": 465}),
        ("set mta=submission://h.test", {"tls": "none", "port": 587}),
        ("set mta=SMTP://H.Test/", {"host": "h.test", "port": 25}),
        ("set mta=smtp://h.test password=x", {"credential": "literal"}),
        ("set mta=smtp://h.test netrc-lookup", {"credential": "file"}),
        ("set smtp=h.test:25", {"host": "h.test", "port": 25}),
        ("set mta=/usr/sbin/sendmail smtp=h.test", {"host": "h.test"}),
    ],
)  # fmt: skip
def test_ways_out(lines: str, expected: dict[str, object]) -> None:
    values = only(f"{NEW}{lines}\n").values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("set smtp=h.test smtp-auth-user=a smtp-auth-password=b", {"authenticates": False, "tls": "none"}),
        ("set smtp=h.test smtp-auth=login smtp-auth-user=a smtp-auth-password=b",
         {"mechanisms": ("LOGIN",), "credential": "literal", "cleartext_credentials": True}),
        ("set from='A <a@b.test>' smtp=h.test smtp-auth-a@b.test=plain", {"mechanisms": ("PLAIN",)}),
        ("set smtp=h.test smtp-use-starttls smtp-auth=plain", {"tls": "required", "cleartext_credentials": False}),
    ],
)  # fmt: skip
def test_without_v15_compat(lines: str, expected: dict[str, object]) -> None:
    values = only(f"{lines}\n").values
    assert {name: values.get(name) for name in expected} == expected


def test_heirloom_mailx_logs_in_when_a_user_is_set() -> None:
    values = only("set smtp=h.test mta=smtp://x smtp-auth-user=a smtp-auth-password=b\n", "12.5").values
    assert (values["authenticates"], values["mechanisms"], values["host"]) == (True, ("LOGIN",), "h.test")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("set inbox=imap://alice:x@h.test", {"protocol": "imap", "tls": "none", "port": 143, "mailbox": "alice@h.test",
                                             "cleartext_credentials": True, "mechanisms": ("LOGIN",)}),
        ("set folder=imaps://h.test/ user=alice", {"tls": "implicit", "port": 993, "mailbox": "alice@h.test"}),
        ("set folder=imap://alice@h.test imap-use-starttls", {"tls": "required"}),
        ("set inbox=imap://alice@h.test imap-auth=cram-md5", {"cleartext_credentials": False}),
        ("set inbox=%:pop3://alice@h.test", {"protocol": "pop3", "port": 110, "deletes_on_server": False}),
        ("set inbox=pop3s://h.test tls-verify=ignore", {"tls": "implicit", "verify": "none"}),
        ("shortcut x imaps://alice%40b.test@h.test", {"account": "shortcut x", "mailbox": "alice@b.test"}),
    ],
)  # fmt: skip
def test_mailboxes(lines: str, expected: dict[str, object]) -> None:
    values = only(f"{NEW}{lines}\n").values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (MTA, "needs v15-compat"),
        (f"{NEW}set mta=smtp://a@b.test:x@h.test", "percent-encoded"),
        (f"{NEW}set mta=smtp://a%2fb@h.test", "percent-encoded"),
        (f"{NEW}set mta=smtp://h.test:smtp", "port"),
        (f"{NEW}set mta=smtp://h.test/x", "paths"),
        (f"{NEW}{MTA}set smtp-auth=digest-md5", "no login method"),
        (f"{NEW}{MTA}set smtp-auth=oauthbearer", "without TLS"),
        ("set inbox=imap://a:b@h.test", "v15-compat"),
    ],
)
def test_broken(text: str, why: str) -> None:
    assert why in str(only(f"{text}\n").values["broken"])


@pytest.mark.parametrize("value", ["pop3://h.test", "h.test:25"])
def test_what_mail_cannot_be_sent_to_is_unread(value: str) -> None:
    inventory = FILE.read(f"set mta={value}\n")
    assert ["sends nothing" in one.why for one in inventory.unread] == [True]


@pytest.mark.parametrize(
    ("lines", "host"),
    [
        ("set mta='smtp://h.test'", "h.test"),
        ('set "mta=smtp://h.test"', "h.test"),
        ("set mta=smtp://h.test # x", "h.test"),
        ("set mta=smtp://\\\n  h.test", "h.test"),
        ("set x=h.test\nset mta=smtp://$x", "h.test"),
        ("set x=h.test\nset mta=\"smtp://${x}\"", "h.test"),
        ("set mta=smtp://a.test; set mta=smtp://h.test", "h.test"),
        ("set mta=smtp://$RELAY", None),
        ("if terminal\nset mta=smtp://h.test\nendif", None),
        ("se mta=smtp://h.test", "h.test"),
        ("wysh set mta=smtp://h.test", "h.test"),
        ("define m {\nset mta=smtp://h.test\n}\ncall m", "h.test"),
    ],
)  # fmt: skip
def test_words(lines: str, host: str | None) -> None:
    fact = only(f"{NEW}{lines}\n")
    assert fact.values.get("host") == host
    assert "host" in fact.origins


def test_raw_words_know_no_variables_and_no_comments() -> None:
    text = "set smtp=h.test smtp-auth=login smtp-auth-user=a smtp-auth-password=pa$word # x\n"
    assert blamed(text, the(FILE.read(text), "secret"), "storage") == "pa$word"


def test_accounts_change_what_holds_at_the_end_of_the_file() -> None:
    text = (
        f"{NEW}account work {{\n\tset mta=smtp://work.test\n}}\naccount same {{\n\tset from=b@c.test\n}}\n"
        "set mta=smtp://h.test smtp-use-starttls\n"
    )
    found = {str(fact.values["account"]): fact.values for fact in FILE.read(text).facts}
    assert {name: (v["host"], v["tls"]) for name, v in found.items()} == {
        "default": ("h.test", "required"), "work": ("work.test", "required"),
    }  # fmt: skip


def test_files_that_are_read() -> None:
    files = {"h/.mailrc": f"{NEW}{MTA}source ~/.more\n", "h/.more": "set smtp-use-starttls\nsource ~/.mailrc\n"}
    inventory = read_group(mailrc, files, ["h/.mailrc"])
    assert the(inventory, "connection").values["tls"] == "required"
    assert set(inventory.files) == set(files)


def test_what_a_missing_file_may_set_is_unknown() -> None:
    inventory = FILE.read(f"{NEW}{MTA}source ~/.secret\n")
    fact = the(inventory, "connection")
    assert fact.values["host"] == "h.test"
    assert not {"tls", "cleartext_credentials"} & set(fact.values)
    assert "is not here" in inventory.notes[0]


@pytest.mark.parametrize(
    ("lines", "field", "text"),
    [
        (MTA, "tls", "smtp"),
        (MTA, "port", "587"),
        (MTA, "host", "h.test"),
        (MTA, "credential", "secret"),
        (f"{MTA}set smtp-use-starttls tls-verify='ignore'", "verify", "ignore"),
        ("set mta=submission://h.test smtp-auth=plain", "cleartext_credentials", "submission"),
        ("set inbox=%:imap://h.test", "host", "h.test"),
        ("set smtp=h.test:25", "port", "25"),
    ],
)
def test_positions(lines: str, field: str, text: str) -> None:
    whole = f"{NEW}{lines}\n"
    found = [o.where for o in only(whole).origins[field] if o.where]
    assert any(whole.split("\n")[w.line - 1][w.column - 1 : w.end_column - 1] == text for w in found[-2:])


def test_secrets_are_reported_once() -> None:
    text = f"{NEW}{MTA}set password-a@h.test=hunter2 password=REDACTED\naccount x {{\nset from=b@c.test\n}}\n"
    found = of_kind(FILE.read(text), "secret")
    assert [blamed(text, one, "storage") for one in found] == ["secret", "hunter2"]
    assert [one.values["setting"] for one in found] == ["mta", "password"]


@pytest.mark.parametrize(
    ("text", "fatal"),
    [("<html>\n", [True]), ("set crt\nbogus x\n", [False]), ("alias a b@c.test\n", []), ("# x\n", []),
     ("account x {\nset a\n", [False])],
)  # fmt: skip
def test_unread(text: str, fatal: list[bool]) -> None:
    assert [one.fatal for one in FILE.read(text).unread] == fatal


@pytest.mark.parametrize(
    "path", [".mailrc", "dot_mailrc", "etc/mail.rc", ".nailrc", "etc/s-nail.rc", ".s-nail.rc", "nail.rc"]
)
def test_names(path: str) -> None:
    assert format_of(path) == "mailrc"


@pytest.mark.parametrize("path", ["thumbnail.rc", "email.rc", "gmailrc", "mail.rs"])
def test_names_of_others(path: str) -> None:
    assert format_of(path) is None


def test_macros_that_call_one_another_end() -> None:
    text = "define a {\ncall b\ncall b\n}\ndefine b {\ncall a\ncall a\n}\ncall a\nset mta=smtp://h.test\n"
    assert FILE.read(text)


def test_values_that_double_one_another_end() -> None:
    fact = only(f"{NEW}set a=xx\n{'set a=$a$a' + chr(10)}" + "set a=$a$a\n" * 100 + "set mta=smtp://$a.test\n")
    assert "host" not in fact.values


def test_more_commands_than_are_followed_are_unread() -> None:
    assert [one.fatal for one in FILE.read("set a\n" * 100_002).unread] == [True]


def test_sniffing() -> None:
    assert mailrc.sniff(f"{NEW}{MTA}")
    assert not mailrc.sniff("set x=y\n")


def test_accounts_beyond_all_measure_are_named_and_not_followed() -> None:
    inventory = FILE.read(NEW + "".join(f"account a{n} {{\nset mta=smtps://h{n}.test\n}}\n" for n in range(600)))
    assert len(inventory.facts) == 500
    assert [one.fatal for one in inventory.unread] == [True]
