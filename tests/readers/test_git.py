"""Sections sendemail and imap of git's configuration."""

from __future__ import annotations

import pytest

from mailpolicy.readers import formats_of, git
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, read_group, the

FILE = MainFile(git, ".gitconfig")
SEND = "[sendemail]\n\tsmtpserver = smtp.example.test\n"
IMAP = "[imap]\n\tfolder = Drafts\n\thost = imaps://imap.example.test\n"


def only(text: str, version: str = "") -> Fact:
    return FILE.only(text, "connection", version)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", {"tls": "none", "verify": "none", "port": 25, "port_stated": False, "authenticates": False}),
        ("smtpencryption = tls", {"tls": "required", "verify": "ca", "port": 25}),
        ("smtpencryption = ssl", {"tls": "implicit", "verify": "ca", "port": 465}),
        ("smtpencryption = SSL", {"tls": "none"}),
        ("smtpencryption = starttls", {"tls": "none"}),
        ("SmtpEncryption=tls", {"tls": "required"}),
        ("smtpencryption = ssl\nsmtpserverport = 587", {"tls": "implicit", "port": 587, "port_stated": True}),
        ("smtpserverport = submission", {"port": 587}),
        ("smtpserverport =", {"port": 25, "port_stated": False}),
        ("smtpserver = Mail.TEST", {"host": "mail.test"}),
        ("smtpserver = mail.test:2525\nsmtpserverport = 587", {"host": "mail.test", "port": 2525}),
        ("smtpencryption = tls\nsmtpsslcertpath =", {"verify": "none"}),
        ("smtpencryption = tls\nsmtpsslcertpath = /etc/ssl", {"verify": "ca"}),
        ("smtpuser = a", {"authenticates": True, "cleartext_credentials": True, "credential": "prompt"}),
        ("smtpuser = a\nsmtppass = b", {"credential": "literal"}),
        ("smtpuser = a\nsmtpencryption = tls", {"cleartext_credentials": False}),
        ("smtpuser = a\nsmtpauth = none", {"authenticates": False}),
        ("smtpuser = a\nsmtpauth = CRAM-MD5", {"mechanisms": ("CRAM-MD5",), "cleartext_credentials": False}),
        ("smtpuser = a\nsmtpauth = PLAIN LOGIN", {"mechanisms": ("PLAIN", "LOGIN"), "cleartext_credentials": True}),
        ("smtpuser = a\n[credential]\nhelper = store", {"credential": "file"}),
        ("smtpuser = a\n[credential]\nhelper = libsecret", {"credential": "keyring"}),
        ("smtpuser = a\n[credential \"smtp://x\"]\nhelper = \"!pass\"", {"credential": "command"}),
        ("smtpuser = a\n[credential \"https://x\"]\nhelper = store", {"credential": "prompt"}),
        ("smtpencryption = tls\nsmtpencryption", {"tls": "none"}),
        ("smtpencryption = tls # x", {"tls": "required"}),
        ("smtpencryption = \"tls\" ; x", {"tls": "required"}),
        ("smtpencryption = t\\\nls", {"tls": "required"}),
        ("[SENDEMAIL] smtpencryption = tls", {"tls": "required"}),
    ],
)  # fmt: skip
def test_settings_mean_what_git_makes_of_them(lines: str, expected: dict[str, object]) -> None:
    values = only(f"{SEND}{lines}\n").values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", {"tls": "implicit", "verify": "ca", "port": 993, "role": "access", "cleartext_credentials": False}),
        ("host = imap.test", {"tls": "opportunistic", "port": 143, "cleartext_credentials": True, "host": "imap.test"}),
        ("host = imap://imap.test", {"tls": "opportunistic", "host": "imap.test"}),
        ("host = imap.test\nauthmethod = CRAM-MD5", {"cleartext_credentials": False, "mechanisms": ("CRAM-MD5",)}),
        ("sslverify = false", {"verify": "none"}),
        ("sslverify = 0", {"verify": "none"}),
        ("sslverify", {"verify": "ca"}),
        ("port = 1993", {"port": 1993, "port_stated": True}),
        ("pass = x", {"credential": "literal"}),
    ],
)
def test_imap_send(lines: str, expected: dict[str, object]) -> None:
    values = only(f"{IMAP}{lines}\n").values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    "lines",
    ["smtpserver = /usr/bin/msmtp", "sendmailcmd = msmtp -a x", "[imap]\nfolder = x\ntunnel = ssh x imapd\nhost = y"],
)
def test_programs_and_tunnels_are_no_sessions(lines: str) -> None:
    inventory = FILE.read(f"[sendemail]\n{lines}\n")
    assert not inventory.facts
    assert inventory.notes


def test_identities_come_before_the_section_wherever_they_stand() -> None:
    text = (
        '[sendemail "work"]\n\tsmtpencryption = tls\n\tsmtpserver = work.test\n'
        f'{SEND}\tsmtpencryption = none\n\tsmtpuser = a\n[sendemail "from"]\n\tfrom = x@y.test\n'
    )
    found = {str(fact.values["account"]): fact.values for fact in FILE.read(text).facts}
    assert {name: (v["host"], v["tls"], v["authenticates"]) for name, v in found.items()} == {
        "default": ("smtp.example.test", "none", True), "work": ("work.test", "required", True),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "accounts"),
    [
        ("identity = work", ["work", "lan"]),
        ("identity = from", ["default", "work", "lan"]),
        ("identity = nobody", ["default", "work", "lan"]),
        ("identity = {{ identity }}", ["default", "work", "lan"]),
        ("identity = program", ["work", "lan"]),
    ],
)
def test_an_identity_that_is_always_taken_leaves_no_default(lines: str, accounts: list[str]) -> None:
    text = (
        f'{SEND}\t{lines}\n[sendemail "work"]\n\tsmtpserver = work.test\n[sendemail "lan"]\n\tsmtpserverport = 26\n'
        '[sendemail "from"]\n\tfrom = x@y.test\n[sendemail "program"]\n\tsmtpserver = /usr/bin/msmtp\n'
    )
    assert [fact.values["account"] for fact in FILE.read(text).facts] == accounts


def test_identities_beyond_all_measure_are_named_and_not_compared() -> None:
    inventory = FILE.read("".join(f'[sendemail "i{n}"]\nsmtpserver = h{n}.test\n' for n in range(600)))
    assert len(inventory.facts) == 500
    assert [one.fatal for one in inventory.unread] == [True]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("smtpuser = a\nsmtpauth = plain", "upper case"),
        ("smtp_user = a", "git refuses the file"),
        ("smtpdomain = \"x", "git refuses the file"),
        ("smtpdomain = \\x", "git refuses the file"),
        ("smtpserver = ~/bin/msmtp", "neither a host nor"),
    ],
)  # fmt: skip
def test_broken(lines: str, why: str) -> None:
    assert why in str(only(f"{SEND}{lines}\n").values["broken"])


def test_versions() -> None:
    text = f"{SEND}smtpserverport = nosuch\n"
    assert only(text, "2.39").values["broken"] is None
    assert "service" in str(only(text).values["broken"])
    assert "folder" in str(only("[imap]\nhost = a.test\n", "2.39").values["broken"])
    assert only("[imap]\nhost = a.test\n", "2.51").values["broken"] is None


@pytest.mark.parametrize(
    ("lines", "field", "text"),
    [
        ("smtpencryption = \"none\"", "tls", "none"),
        ("smtpserver = a.test:25", "port", "25"),
        ("smtpserverport = 25 ; x", "port", "25"),
        ("smtpencryption = tls\nsmtpsslcertpath =", "verify", "smtpsslcertpath"),
        ("smtpuser = a\nsmtppass = hunter2", "credential", "hunter2"),
        ("smtpencryption = ssl\nsmtpencryption = none", "tls", "none"),
        ("", "host", "smtp.example.test"),
    ],
)  # fmt: skip
def test_positions_lie_on_the_value(lines: str, field: str, text: str) -> None:
    whole = f"{SEND}{lines}\n"
    assert blamed(whole, only(whole), field) == text


def test_passwords() -> None:
    text = f'{SEND}smtppass = "hun;ter2"\n{IMAP}pass = REDACTED\n'
    assert blamed(text, the(FILE.read(text), "secret"), "storage") == "hun;ter2"


def test_includes_are_read_where_they_stand() -> None:
    files = {
        "home/.gitconfig": f"{SEND}\tsmtpencryption = tls\n[include]\n\tpath = ~/.config/git/mail\n",
        "home/.config/git/mail": "[sendemail]\n\tsmtpencryption = ssl\n",
    }
    inventory = read_group(git, files, ["home/.gitconfig"])
    assert the(inventory, "connection").values["tls"] == "implicit"
    assert set(inventory.files) == set(files)


def test_an_include_under_a_condition_is_a_session_of_its_own() -> None:
    files = {
        ".gitconfig": f'{SEND}smtpencryption = tls\n[includeIf "gitdir:~/work/"]\npath = .gitconfig-work\n',
        ".gitconfig-work": "[sendemail]\nsmtpserver = work.test\n",
    }
    facts = read_group(git, files, [".gitconfig"]).facts
    assert [(fact.values["host"], fact.values["tls"]) for fact in facts] == [
        ("smtp.example.test", "required"), ("work.test", "required"),
    ]  # fmt: skip


def test_what_a_missing_include_may_set_is_unknown() -> None:
    inventory = FILE.read(f"{SEND}smtpencryption = tls\n[include]\npath = ~/.gitconfig.local\n")
    fact = the(inventory, "connection")
    assert fact.values["tls"] == "required"
    assert not {"authenticates", "verify", "port"} & set(fact.values)
    assert "is not here" in inventory.notes[0]


def test_includes_that_include_one_another_end() -> None:
    files = {".gitconfig": f"{SEND}[include]\npath = b\n", "b": "[include]\npath = .gitconfig\n"}
    assert len(read_group(git, files, [".gitconfig"]).facts) == 1


@pytest.mark.parametrize(
    ("lines", "field"),
    [("smtpencryption = {{ .enc }}", "tls"), ("smtpserver = {{ .host }}", "host"),
     ("{{ if .tls }}\nsmtpencryption = tls\n{{ end }}", "tls")],
)  # fmt: skip
def test_what_a_template_decides_is_unknown(lines: str, field: str) -> None:
    inventory = FILE.read(f"{SEND}{lines}\n")
    assert field not in the(inventory, "connection").values
    assert not inventory.unread


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (".gitconfig", SEND, ["git"]),
        ("dot_config/git/config", '[sendemail "x"]\n', ["git"]),
        (".gitconfig", "[user]\nname = x\n", []),
        ("git/config", "  [IMAP]\n", ["git"]),
        ("x/config", SEND, []),
    ],
)
def test_only_files_with_mail_in_them_are_taken(path: str, text: str, expected: list[str]) -> None:
    assert formats_of(path, lambda: text) == expected


def test_a_long_value_costs_linear_time() -> None:
    text = SEND + "smtpdomain = " + 'a" b"' * 200_000 + "\n"
    assert len(of_kind(FILE.read(text), "connection")) == 1
