"""mbsync: what a file means, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import format_of, mbsync
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, the

LOGIN = 'Host imap.example.test\nUser alice\nPassCmd "pass show mail"\n'
TAIL = "\nMaildirStore local\nPath ~/Mail/\n"

read = MainFile(mbsync, ".mbsyncrc").read


def account(lines: str) -> str:
    return f"IMAPAccount work\n{LOGIN}{lines}\n{TAIL}"


def only(text: str, version: str = "") -> Fact:
    return the(read(text, version), "connection")


@pytest.mark.parametrize(
    ("lines", "version", "expected"),
    [
        ("", "1.5.1", {"tls": "required", "port": 143, "port_stated": False, "verify": "ca"}),
        ("", "1.4.4", {"tls": "required", "port": 143}),
        ("", "1.1.0", {"tls": "required", "port": 143}),
        ("TLSType IMAPS", "1.5.1", {"tls": "implicit", "port": 993}),
        ("tlstype imaps", "1.5.1", {"tls": "implicit", "port": 993}),
        ("TLSType STARTTLS\nPort 993", "1.5.1", {"tls": "required", "port": 993, "port_stated": True}),
        ("TLSType None", "1.5.1", {"tls": "none", "port": 143, "verify": "none", "cleartext_credentials": True}),
        ("TLSType None\nSSLType IMAPS", "1.5.1", {"tls": "implicit"}),
        ("SSLType IMAPS\nTLSType None", "1.5.1", {"tls": "none"}),
        ("SSLType IMAPS", "1.4.4", {"tls": "implicit", "port": 993}),
        ("Port 0\nSSLType IMAPS", "1.4.4", {"port": 993}),
        ("UseIMAPS yes", "1.4.4", {"tls": "implicit", "tls_min": "TLSv1.0"}),
        ("UseIMAPS no", "1.4.4", {"tls": "required", "port": 143}),
        ("RequireSSL no", "1.4.4", {"tls": "required"}),
        ("RequireSSL no\nUseTLSv1 no", "1.4.4", {"tls": "none", "cleartext_credentials": True}),
        ("RequireSSL yes\nUseTLSv1 no\nUseTLSv1.2 yes", "1.4.4", {"tls": "required", "tls_min": "TLSv1.2"}),
        ("UseTLSv1.2 yes", "1.4.4", {"tls": "required", "tls_min": "TLSv1.0"}),
        ("RequireSSL no", "1.1.0", {"tls": "opportunistic", "cleartext_credentials": True}),
        ("RequireSSL no\nRequireCRAM yes", "1.1.0", {"tls": "opportunistic", "cleartext_credentials": False}),
        ("UseTLSv1 no", "1.1.0", {"tls": "none"}),
        ("Host imaps:imap.other.test", "1.4.4", {"tls": "implicit", "host": "imap.other.test", "port": 993}),
        ("Host imap://imap.other.test", "1.4.4", {"tls": "required", "host": "imap.other.test"}),
        ("Host imaps:imap.other.test\nSSLType None", "1.4.4", {"tls": "none", "host": "imap.other.test"}),
        ("Host imaps:imap.other.test", "1.5.1", {"tls": "required", "host": "imaps:imap.other.test"}),
        ("TLSVersions +1.0", "1.5.1", {"tls_min": "TLSv1.0"}),
        ("TLSVersions -1.2", "1.5.1", {"tls_min": "TLSv1.3"}),
        ("SSLVersions TLSv1.1 TLSv1.2", "1.5.1", {"tls_min": "TLSv1.1"}),
        ("SSLVersions SSLv3 TLSv1.2", "1.4.4", {"tls_min": "TLSv1.2"}),
        ("SSLVersions SSLv3 TLSv1", "1.3.0", {"tls_min": "SSLv3"}),
        ("", "1.5.1", {"tls_min": None}),
    ],
)
def test_tls_of_each_generation(lines: str, version: str, expected: dict[str, object]) -> None:
    fact = only(account(lines), version)
    assert {name: fact.values.get(name) for name in expected} == expected
    assert fact.values["broken"] is None


def test_before_1_0_6_no_name_was_checked() -> None:
    fact = only("IMAPAccount a\nHost h\nUser u\nUseIMAPS yes\n", "1.0.5")
    assert (fact.values["tls"], fact.values["verify"], fact.values["broken"]) == ("implicit", "ca-noname", None)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", {"mechanisms": (), "credential": "command", "authenticates": True, "mailbox": "alice@example.test"}),
        ("TLSType None\nAuthMechs LOGIN", {"mechanisms": ("LOGIN",), "cleartext_credentials": True}),
        ("TLSType None\nAuthMechs plain", {"mechanisms": ("PLAIN",), "cleartext_credentials": True}),
        ("TLSType None\nAuthMechs CRAM-MD5", {"cleartext_credentials": False}),
        ("TLSType None\nAuthMechs CRAM-MD5\nAuthMech PLAIN", {"cleartext_credentials": True}),
        ("TLSType None\nAuthMechs CRAM-MD5 *", {"mechanisms": (), "cleartext_credentials": True}),
        ("TLSType None\nRequireCRAM yes", {"mechanisms": ("CRAM-MD5",), "cleartext_credentials": False}),
        ("TLSType None\nRequireCRAM no", {"mechanisms": (), "cleartext_credentials": True}),
        ("TLSType None\nAuthMechs XOAUTH2", {"cleartext_credentials": True}),
        ("AuthMechs EXTERNAL", {"credential": "none"}),
        ("AuthMechs LOGIN", {"cleartext_credentials": False}),
        ("Host imap.gmail.com", {"provider": "oauth2"}),
        ("Host imap.gmail.com\nAuthMechs XOAUTH2", {"provider": None}),
        ("Host localhost", {"scope": "loopback"}),
        ('Host "imap.second.test" # the new one', {"host": "imap.second.test"}),
        ("Host imap\\.second.test", {"host": "imap.second.test"}),
        ("", {"expunges": False, "protocol": "imap", "role": "access", "account": "work"}),
    ],
)
def test_settings_mean_what_mbsync_makes_of_them(lines: str, expected: dict[str, object]) -> None:
    values = only(account(lines)).values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Pass hunter2", "literal"),
        ('PassCmd "echo hunter2"', "literal"),
        ('PassCmd "+pass show mail"', "command"),
        ("UseKeychain yes", "keyring"),
        ("", "prompt"),
        ("Pass REDACTED", None),
    ],
)
def test_where_the_password_is(lines: str, expected: str | None) -> None:
    fact = only(f"IMAPAccount a\nHost h\nUser u\n{lines}\n")
    assert fact.values.get("credential") == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("nc i.test 143", {"host": "i.test", "port": 143, "tls": "none", "cleartext_credentials": True}),
        ("nc -w 10 imap.other.test imap", {"host": "imap.other.test", "port": 143}),
        ("ncat --ssl imap.other.test 993", {"tls": "implicit", "verify": "none", "port": 993}),
        ("socat - TCP:imap.other.test:143,nodelay", {"host": "imap.other.test", "tls": "none"}),
        ("socat stdio openssl:imap.other.test:993", {"tls": "implicit", "verify": "ca"}),
        ("openssl s_client -quiet -connect imap.other.test:993", {"tls": "implicit", "verify": "none", "port": 993}),
        ("openssl s_client -connect i:143 -starttls imap -verify_return_error", {"verify": "ca-noname"}),
        ("ssh -q -p 22 a@s.test imapd", {"host": "s.test", "tls": None, "cleartext_credentials": False}),
        ("/usr/lib/dovecot/imap", {"scope": "loopback", "cleartext_credentials": False}),
        ("~/bin/tunnel | tee log", {"host": None, "tls": None, "verify": None, "cleartext_credentials": None}),
    ],
)  # fmt: skip
def test_where_a_tunnel_leads(command: str, expected: dict[str, object]) -> None:
    fact = only(f'IMAPAccount work\nTunnel "{command}"\nUser alice\nPassCmd x\n')
    assert {name: fact.values.get(name) for name in expected} == expected
    assert (fact.values["port_stated"], fact.values["broken"]) == (True, None)


def test_tls_inside_of_a_tunnel() -> None:
    fact = only('IMAPAccount work\nHost imap.example.test\nTunnel "nc proxy.test 1143"\nTLSType STARTTLS\nUser a\n')
    assert (fact.values["host"], fact.values["tls"], fact.values["verify"]) == ("proxy.test", "required", "ca")


def test_an_account_inside_of_a_store_has_the_name_of_the_store() -> None:
    text = f"IMAPStore work-remote\n{LOGIN}TLSType IMAPS\nPath INBOX\n"
    assert (only(text).values["account"], only(text).values["tls"]) == ("work-remote", "implicit")


def test_a_store_with_an_account_is_no_second_connection() -> None:
    facts = of_kind(read(f"IMAPAccount a\n{LOGIN}\nIMAPStore s\nAccount a\n\nIMAPStore t\nAccount a\n"), "connection")
    assert [fact.values["account"] for fact in facts] == ["a"]


REFUSALS = [
    ("TLSType SSL", "1.5.1", "TLSType does not take this"),
    ("TLSType IMAPS", "1.4.4", "TLSType came with isync 1.5.0"),
    ("UseIMAPS yes", "1.5.1", "UseIMAPS went with isync 1.5"),
    ("RequireSSL yes\nSSLType IMAPS", "1.4.4", "cannot stand beside SSLType"),
    ("Port imaps", "1.5.1", "Port does not take this"),
    ("Port 70000", "1.5.1", "Port does not take this"),
    ("SystemCertificates maybe", "1.5.1", "SystemCertificates does not take this"),
    ("Host a b", "1.5.1", "Host takes one argument"),
    ("Timeout", "1.5.1", "Timeout needs an argument"),
    ('Pass "abc', "1.5.1", "a quote is not closed"),
    ("Pass abc\\", "1.5.1", "a backslash stands at its end"),
    ("Pass abc", "1.5.1", "both Pass and PassCmd"),
    ("UserCmd x", "1.5.1", "both User and UserCmd"),
    ("RequireCRAM yes\nAuthMechs LOGIN", "1.5.1", "both RequireCRAM and AuthMechs"),
    ("IMAPStore s\nAccount work", "1.5.1", "a section ends at an empty line"),
    ("TLSVersions 1.2", "1.5.1", "TLSVersions does not take this"),
    ("Colour red", "1.5.1", "Colour is no keyword"),
    ("\nTLSType IMAPS", "1.5.1", "begins no section"),
    ("\nIMAPStore s\nAccount other", "1.5.1", "no IMAPAccount of this name"),
    ("\nIMAPStore s\nAccount work\nPort 993", "1.5.1", "both Account and settings"),
    ("\nSyncState *", "1.5.1", "is global and may not follow sections"),
    ("\nChannel c\nFar :s:\nNear :local:", "1.5.1", "there is no store of this name"),
    ("\nIMAPStore s\nAccount work\n\nChannel c\nFar :s:", "1.5.1", "the channel has no near side"),
    ("\nIMAPStore s\nAccount work\n\nChannel c\nFar s\nNear :s:", "1.5.1", "it is no :STORE:MAILBOX"),
    ("\nMaildirStore m\nSubfolders Flat", "1.5.1", "Subfolders does not take this"),
    ("# " + "x" * 1100, "1.5.1", "longer than 1022 bytes"),
]


@pytest.mark.parametrize(("lines", "version", "why"), REFUSALS)
def test_one_error_breaks_every_account(lines: str, version: str, why: str) -> None:
    inventory = read(account(lines), version)
    assert why in inventory.unread[0].why
    assert all("mbsync refuses the file" in str(fact.values["broken"]) for fact in of_kind(inventory, "connection"))


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("SystemCertificates no", "no certificate is trusted"),
        ("TLSVersions -1.2 -1.3", "no version of TLS is allowed"),
        ("DisableExtension STARTTLS", "STARTTLS is required and disabled"),
    ],
)
def test_an_account_that_cannot_be_used_says_why(lines: str, why: str) -> None:
    assert only(account(lines)).values["broken"] == why


@pytest.mark.parametrize(
    "lines",
    [
        'SystemCertificates no\nTLSType None\nTunnel "openssl s_client -quiet -connect h:993"',
        "DisableExtension STARTTLS\nTLSType IMAPS",
    ],
)
def test_what_needs_no_starttls_or_no_tls_of_mbsync_is_not_broken(lines: str) -> None:
    assert only(account(lines)).values["broken"] is None


def test_comments_end_no_section() -> None:
    assert only(f"IMAPAccount a\n# the provider\n   # more\n{LOGIN}TLSType None\n").values["tls"] == "none"


@pytest.mark.parametrize(
    ("text", "version"),
    [(account("UseIMAPS yes"), "1.4.4"), (account("Host imaps:h"), "1.4.4"), (account("TLSType None"), "1.5.1"),
     (account("SSLType None"), "1.5.1")],
)  # fmt: skip
def test_the_version_is_the_newest_that_takes_the_words(text: str, version: str) -> None:
    fact = only(text)
    assert (fact.values["version"], fact.values["broken"]) == (version, None)


@pytest.mark.parametrize(
    ("lines", "unknown"),
    [
        ("Host {{ imap_host }}", {"host"}),
        ("Host \"{{ imap_host | default('a b') }}\"", {"host"}),
        ("TLSType @TLS@", {"tls", "verify", "port"}),
        ("Port ${PORT}", {"port"}),
        ("AuthMechs __MECHS__\nTLSType None", {"mechanisms", "cleartext_credentials"}),
        ("{% if tls %}\nTLSType IMAPS\n{% endif %}", {"tls", "port"}),
        ("{{- if .tls }}\nTLSType IMAPS\n{{- end }}", {"tls", "port"}),
        ("{% include 'more' %}", {"tls", "host", "port", "mechanisms"}),
        ("TLSType m4_ifelse(OS, mac, IMAPS, STARTTLS)", {"tls", "port"}),
        ("{{ range .boxes -}}\n\n{{ end -}}\nCreate Both", set()),
    ],
)
def test_what_a_template_decides_is_unknown_and_no_error(lines: str, unknown: set[str]) -> None:
    inventory = read(account(lines))
    fact = the(inventory, "connection")
    assert not inventory.unread
    assert not unknown & set(fact.values)
    assert unknown <= set(fact.origins)
    assert fact.values["broken"] is None


def test_what_is_included_may_be_the_account_of_a_store() -> None:
    inventory = read("{% include 'accounts.inc' %}\n\nIMAPStore s\nAccount work\n\nChannel c\nFar :s:\nNear :other:\n")
    assert (inventory.facts, inventory.unread) == ((), ())


@pytest.mark.parametrize(
    ("lines", "field", "text"),
    [
        ("TLSType None", "tls", "None"),
        ("TLSType None", "cleartext_credentials", "None"),
        ('Host "imap.second.test"', "host", "imap.second.test"),
        ("Host imaps:imap.second.test", "host", "imap.second.test"),
        ("Port 143", "port", "143"),
        ("TLSType IMAPS", "port", "IMAPS"),
        ("SSLVersions TLSv1", "tls_min", "TLSv1"),
        ("UseIMAPS yes", "tls_min", "yes"),
        ("UseIMAPS yes\nUseTLSv1 on", "tls_min", "on"),
        ("RequireSSL no\nUseTLSv1 no", "tls", "no"),
        ("AuthMechs CRAM-MD5", "mechanisms", "CRAM-MD5"),
        ("", "tls", "work"),
    ],
)
def test_positions_lie_on_the_value(lines: str, field: str, text: str) -> None:
    whole = account(lines)
    assert blamed(whole, only(whole), field) == text


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("Pass hunter2", "hunter2"),
        ('Pass "my secret"', "my secret"),
        ('Pass a\\"b', 'a\\"b'),
        ('PassCmd "echo hunter2"', "hunter2"),
        ('PassCmd "+echo hunter2"', "hunter2"),
    ],
)
def test_a_password_in_the_file_is_a_secret_at_its_text(line: str, text: str) -> None:
    whole = f"IMAPAccount a\nHost h\nUser u\n{line}\n"
    assert blamed(whole, the(read(whole), "secret"), "storage") == text


@pytest.mark.parametrize(
    "line",
    ["Pass {{ password }}", 'Pass "{{ account[\'password\'] }}"', "Pass @PASSWORD@", "Pass REDACTED",
     "PassCmd \"pass show mail\""],
)  # fmt: skip
def test_placeholders_and_commands_are_no_secrets(line: str) -> None:
    inventory = read(f"IMAPAccount a\nHost h\nUser u\n{line}\n")
    assert not of_kind(inventory, "secret")
    assert not inventory.unread


@pytest.mark.parametrize(
    "path",
    [
        ".mbsyncrc", "mbsyncrc", ".config/isyncrc", "dot_mbsyncrc.tmpl", ".mbsyncrc-work.m4", "mbsyncrc.j2",
        "mbsync.conf",
        ".mbsyncrc##default", "templates/isync/gmail.conf", "isync/localstore.inc", ".config/mbsync/config",
    ],
)  # fmt: skip
def test_its_files_are_known_by_name_and_place(path: str) -> None:
    assert format_of(path) == "mbsync"


def test_a_text_of_another_kind_is_refused_as_a_whole_or_noted() -> None:
    assert [u.fatal for u in read("<html>\n<body>\n").unread] == [True]
    inventory = read({"isync/timer.conf": "[Timer]\nOnBootSec=2m\n"})
    assert (inventory.files, inventory.unread) == ((), ())
    assert "no configuration of mbsync" in inventory.notes[0]


def test_a_file_without_accounts_is_noted() -> None:
    assert read("# IMAPAccount a\n").notes == (".mbsyncrc: holds no account",)
    assert [u.why for u in read(" \n").unread] == ["is empty"]


def test_sniffing() -> None:
    assert mbsync.sniff(account(""))
    assert not mbsync.sniff("Host a\nUser b\n")


def test_many_accounts_cost_linear_time() -> None:
    text = "".join(f"IMAPAccount a{i}\nHost h{i}\n\nIMAPStore s{i}\nAccount a{i}\n\n" for i in range(5000))
    assert len(read(text).facts) == 5000
