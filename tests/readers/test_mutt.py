"""mutt and NeoMutt: what a muttrc means, and where each field's text stands."""

from __future__ import annotations

import time

import pytest

from mailpolicy.readers import format_of, mutt
from mailpolicy.readers.mutt import software
from mailpolicy.types import Fact, Inventory
from tests.readers.reading import Files, MainFile, blamed, of_kind, read, the

MUTT, NEOMUTT = MainFile(mutt, ".muttrc"), MainFile(mutt, ".config/neomutt/neomuttrc")
IMAP = "set folder=imap://imap.example.org/ spoolfile=+INBOX\n"
SMTP = "set smtp_url=smtp://alice@smtp.example.org:587\n"
POP = "set pop_host=pop://alice@pop.example.org\n"
OFF = "unset ssl_force_tls ssl_starttls\n"


def only(text: Files, version: str = "2.2") -> Fact:
    return the(MUTT.read(text, version), "connection")


def connections(inventory: Inventory) -> list[Fact]:
    return of_kind(inventory, "connection")


def said(fact: Fact, expected: dict[str, object]) -> dict[str, object]:
    return {name: fact.values.get(name, "unknown") for name in expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (IMAP, {"protocol": "imap", "role": "access", "host": "imap.example.org", "port": 143, "port_stated": False}),
        (IMAP, {"tls": "required", "verify": "ca", "cleartext_credentials": False, "tls_min": "TLSv1.2"}),
        (IMAP + "set ssl_starttls=no", {"tls": "required"}),
        (IMAP + "set ssl_force_tls=no", {"tls": "opportunistic", "cleartext_credentials": True, "verify": "ca"}),
        (IMAP + "set ssl_force_tls=no ssl_starttls=ask-yes", {"tls": "opportunistic"}),
        (IMAP + "set ssl_force_tls=no ssl_starttls=ask-no", {"tls": "none", "verify": "none"}),
        (IMAP + OFF, {"tls": "none", "verify": "none", "cleartext_credentials": True}),
        (IMAP + OFF + "reset ssl_force_tls", {"tls": "required"}),
        (IMAP + OFF + "reset ssl_starttls", {"tls": "opportunistic"}),
        (IMAP + OFF + "set &ssl_starttls", {"tls": "opportunistic"}),
        (IMAP + "toggle ssl_force_tls", {"tls": "opportunistic"}),
        (IMAP + "set invssl_force_tls nossl_starttls", {"tls": "none"}),
        (IMAP + "unset nossl_force_tls\nset ssl_starttls=no", {"tls": "required"}),
        (IMAP + "set ssl_force_tls=NO", {"tls": "opportunistic"}),
        (IMAP + "set nossl_verify_host", {"verify": "ca-noname"}),
        (IMAP + "set ssl_use_tlsv1", {"tls_min": "TLSv1.0"}),
        (IMAP + "set ssl_use_tlsv1_2=no", {"tls_min": "TLSv1.3"}),
        (IMAP + "unset ssl_use_tlsv1_2 ssl_use_tlsv1_3", {"broken": "every version of TLS is switched off"}),
        (IMAP + 'set ssl_ciphers="NORMAL:-VERS-ALL:+VERS-TLS1.0"', {"tls_min": "unknown"}),
        (
            IMAP + OFF + "set imap_authenticators=cram-md5",
            {"cleartext_credentials": False, "mechanisms": ("CRAM-MD5",)},
        ),
        (IMAP + OFF + "set imap_authenticators='gssapi:login'", {"cleartext_credentials": True}),
        (IMAP + OFF + "set imap_authenticators=xoauth2", {"cleartext_credentials": True}),
        (
            IMAP + "set imap_authenticators=xoauth2",
            {"broken": "imap_oauth_refresh_command is not set, which makes the tokens"},
        ),
        (IMAP + "set imap_pass=hunter2-x", {"credential": "literal"}),
        (IMAP + "set imap_pass=`pass show mail`", {"credential": "command"}),
        (IMAP + 'set imap_pass="`pass show mail`"', {"credential": "command"}),
        (IMAP + "set imap_pass=$MAIL_PASSWORD", {"credential": "environment"}),
        (IMAP + "set imap_pass=''", {"credential": "prompt"}),
        (IMAP + "set imap_pass={{ password }}", {"credential": "unknown"}),
        (IMAP + "set imap_authenticators=oauthbearer imap_oauth_refresh_command='x y'", {"credential": "command"}),
        (IMAP + "set imap_authenticators=gssapi", {"credential": "none"}),
        (IMAP + "set imap_user=Alice", {"mailbox": "alice@example.org"}),
        (
            IMAP + "set tunnel='ssh imap.example.org imapd'",
            {"tls": "none", "scope": "loopback", "cleartext_credentials": True},
        ),
        (IMAP + "set tunnel='nc x 143'", {"tls": "none", "scope": "public", "cleartext_credentials": True}),
        (IMAP + "set tunnel='nc x 143' tunnel_is_secure=no", {"tls": "required"}),
        ("set folder=imaps://imap.example.org spoolfile=+INBOX", {"tls": "implicit", "port": 993}),
        ("set folder=imaps://imap.example.org:7993", {"port": 7993, "port_stated": True}),
        ("set folder='{imap.example.org/ssl}'", {"tls": "implicit", "port": 993}),
        (
            "set spoolfile=IMAPS://a%40example.org@[2001:db8::1]:993/",
            {"host": "2001:db8::1", "mailbox": "a@example.org"},
        ),
        ("set spoolfile=imaps://{{ user }}@imap.example.org/", {"host": "imap.example.org", "mailbox": "unknown"}),
        ("set spoolfile=imaps://@HOST@/", {"host": "unknown", "tls": "implicit"}),
        ("mailboxes imaps://imap.example.org/INBOX", {"host": "imap.example.org"}),
        ("set record=imaps://imap.example.org/Sent", {"host": "imap.example.org"}),
        ("set postponed=imaps://a.example.org/D copy=no record=imaps://b.example.org/S", {"host": "a.example.org"}),
        ("set folder=imaps://a@imap.example.org record=imaps://a@imap.example.org:993/Sent", {"port": 993}),
        (SMTP, {"protocol": "smtp", "role": "submission", "port": 587, "tls": "required", "authenticates": True}),
        ("set smtp_url=smtp://smtp.example.org", {"port": 25, "authenticates": False, "credential": "none"}),
        ("set smtp_url=smtp://smtp.example.org smtp_pass=x" + "\n" + OFF, {"cleartext_credentials": False}),
        ("set smtp_url=smtps://a@example.org@smtp.example.org", {"port": 465, "host": "smtp.example.org"}),
        ("set smtp_url=smtps://a:b@smtp.example.org smtp_pass=`x`", {"credential": "literal"}),
        (
            "set smtp_url=$SMTP_URL",
            {"host": "unknown", "tls": "unknown", "authenticates": "unknown", "port": "unknown"},
        ),
        (POP, {"protocol": "pop3", "port": 110, "deletes_on_server": False, "uidl": False, "tls": "required"}),
        (POP + "set pop_delete", {"deletes_on_server": True}),
        (POP + "set pop_delete=ask-yes", {"deletes_on_server": True}),
        (
            "set pop_host=alice:x@pop.example.org",
            {"host": "pop.example.org", "tls": "required", "mailbox": "alice@example.org"},
        ),
        (POP + OFF + "set pop_authenticators='apop:cram-md5'", {"cleartext_credentials": False}),
        (POP + OFF + "set pop_authenticators='user'", {"cleartext_credentials": True}),
        ("set spoolfile=pops://pop.example.org/ pop_user=bob pop_delete", {"deletes_on_server": False, "uidl": True}),
    ],
)
def test_settings_mean_what_mutt_makes_of_them(text: str, expected: dict[str, object]) -> None:
    assert said(only(text), expected) == expected


@pytest.mark.parametrize(
    ("text", "tls"),
    [
        ("set ssl_starttls=no; set ssl_force_tls=no", "none"),
        ('set ssl_starttls = no\tssl_force_tls = "no"', "none"),
        ("set ssl_starttls=no # ssl_force_tls=no", "required"),
        ("# \\\nset ssl_force_tls=no\nset ssl_starttls=no", "required"),
        ("set ssl_starttls=no \\\n  ssl_force_tls=no", "none"),
        ("set ssl_starttls=no \\\r\n  ssl_force_tls=no\r\n", "none"),
        ("set ssl_starttls=no bogus ssl_force_tls=no", "required"),
        ("set ssl_force_tls=off ssl_starttls=no", "required"),
        ("set ssl_starttls=maybe ssl_force_tls=no", "required"),
        ("set folder ssl_force_tls=no\nset ssl_starttls=no", "required"),
        ("set ?folder\nset ssl_force_tls=no", "opportunistic"),
        ("set ssl_force_tls=no ; ; set ssl_starttls=no", "opportunistic"),
        ("set ssl_force_tls=no ;; set ssl_starttls=no ; # x", "none"),
        ("bogus; set ssl_force_tls=no", "required"),
        ("my_hdr X-Y: z; set ssl_force_tls=no", "required"),
        ("bind index x noop; set ssl_force_tls=no", "opportunistic"),
        ("set my_x=no\nset ssl_force_tls=$my_x ssl_starttls=${my_x}", "none"),
        ("set ssl_force_tls='$my_x'", "required"),
        ("set ssl_force_tls=`cat x`", None),
        ("set ssl_force_tls=\\no", "required"),
        ("set ssl_force_tls=n\\157", "opportunistic"),
        ('set ssl_force_tls="no', "opportunistic"),
        ("{% if x %}\nset ssl_force_tls=no\n{% endif %}", None),
        ("{% if x %}\nset ssl_force_tls=no\n{% endif %}\nset ssl_force_tls=yes", "required"),
        ("{{ include_more }}", None),
        ("ifdef bogus set ssl_force_tls=no", "required"),
    ],
)
def test_the_language(text: str, tls: str | None) -> None:
    assert only(IMAP + text).values.get("tls") == tls


@pytest.mark.parametrize(
    ("version", "tls"),
    [
        ("1.5.20", "opportunistic"),
        ("1.13.2", "required"),
        ("1.14.6", "opportunistic"),
        ("2.0", "required"),
        ("2.4.1", "required"),
    ],
)
def test_mutt_forces_tls_by_default_in_some_versions(version: str, tls: str) -> None:
    assert only(IMAP, version).values["tls"] == tls


@pytest.mark.parametrize(
    ("version", "tls"),
    [
        ("20180716", "opportunistic"), ("20191207", "required"), ("20200619", "opportunistic"),
        ("2021.10.15", "opportunistic"),
        ("20211022", "required"), ("2024", "required"),
    ],
)  # fmt: skip
def test_neomutt_forces_tls_by_default_in_some_versions(version: str, tls: str) -> None:
    fact = the(NEOMUTT.read(IMAP, version), "connection")
    assert (fact.values["tls"], fact.values["software"]) == (tls, "neomutt")


@pytest.mark.parametrize(("version", "lowest"), [("1.11", "TLSv1.0"), ("1.5.20", "SSLv3"), ("1.12", "TLSv1.2")])
def test_the_lowest_version_of_tls(version: str, lowest: str) -> None:
    assert only(IMAP, version).values["tls_min"] == lowest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("set smtp_url=smtp://smtp.example.org smtp_user=a", {"authenticates": True}),
        (SMTP + "set ssl_force_tls=off", {"tls": "opportunistic"}),
        (SMTP + "set account_command=x", {"credential": "command"}),
        (SMTP + "set ssl_use_tlsv1", {"tls_min": "TLSv1.2"}),
        (IMAP.replace("spoolfile", "spool_file"), {"host": "imap.example.org"}),
        (IMAP + "set imap_authenticators=plain imap_authenticators+=:login", {"mechanisms": ("PLAIN", "LOGIN")}),
        (IMAP + "ifdef imap_user set ssl_force_tls=no", {"tls": "opportunistic"}),
        (IMAP + "ifdef some_feature set ssl_force_tls=no", {"tls": "unknown"}),
        (IMAP + "finish\nset ssl_force_tls=no", {"tls": "required"}),
        (IMAP + "startup-hook 'set ssl_force_tls=no'", {"tls": "opportunistic"}),
        ("named-mailboxes Inbox imaps://imap.example.org/", {"host": "imap.example.org"}),
    ],
)
def test_what_neomutt_does_otherwise(text: str, expected: dict[str, object]) -> None:
    assert said(the(NEOMUTT.read(text), "connection"), expected) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("set bogus=1", "bogus is no setting of mutt 2.2"),
        ("set smtp_user=a", "smtp_user is no setting of mutt 2.2"),
        ("set folder?", "folder? is no setting of mutt"),
        ("frobnicate", "frobnicate is no command of mutt"),
        ("set ssl_force_tls=1", "ssl_force_tls takes yes, no"),
        ("set pop_delete=never", "pop_delete takes yes, no, ask-yes, ask-no"),
        ("set imap_pass=`pass", "has no end"),
        ("folder-hook .", "too few arguments"),
        ("source a b", "too many arguments"),
        ("reset folder=x", "reset takes no value"),
        ("set smtp_url=smtp.example.org:587", "smtp_url is no URL for smtp_url"),
        ("set smtp_url=imaps://a@b", "is no URL for smtp_url"),
        ("set smtp_url=smtp://a@smtp.example.org:submission", "has a port"),
        ("set spoolfile=imaps:///INBOX", "has no host"),
    ],
)
def test_what_is_refused_is_unread(text: str, why: str) -> None:
    (unread,) = MUTT.read("set imap_user=a\n" + text, "2.2").unread
    assert why in unread.why
    assert not unread.fatal


def test_a_file_of_nothing_that_mutt_knows() -> None:
    assert [unread.fatal for unread in MUTT.read("Hello, world!\n").unread] == [True]


def test_neomutt_knows_no_urls_of_pine() -> None:
    assert connections(NEOMUTT.read("set folder={imap.example.org/ssl}\n")) == []
    assert connections(NEOMUTT.read("set folder={imap.example.org/ssl}\n", "20180716"))


def test_hosts_are_in_lower_case() -> None:
    fact = only("set smtp_url=SMTPS://a@SMTP.Example.org\n")
    assert (fact.values["host"], blamed("set smtp_url=SMTPS://a@SMTP.Example.org\n", fact, "host")) == (
        "smtp.example.org", "SMTP.Example.org",
    )  # fmt: skip


def test_an_empty_file_of_aliases_is_no_fault() -> None:
    files = {".muttrc": f"source ~/.mutt/alias\n{IMAP}", ".mutt/alias": ""}
    assert MUTT.read(files).unread == ()


def test_patterns_that_would_take_for_ever_are_plain_texts() -> None:
    start = time.perf_counter()
    hooks = "".join(f"account-hook {'.*' * 12}z{n} 'set imap_user=x'\n" for n in range(20))
    MUTT.read(f"set folder=imaps://{'a' * 250}.test\n{hooks}account-hook {'.*' * 4}z 'set imap_user=x'\n")
    assert time.perf_counter() - start < 2


def test_neomutt_takes_no_at_sign_in_a_password() -> None:
    text = "set smtp_url=smtp://a:b@c@smtp.example.org\n"
    assert connections(NEOMUTT.read(text)) == []
    assert the(MUTT.read(text), "connection").values["host"] == "smtp.example.org"


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        (IMAP + "set ssl_force_tls = 'no'", "tls", "no"),
        (IMAP + "unset ssl_force_tls", "tls", "ssl_force_tls"),
        (IMAP + OFF, "tls", "ssl_starttls"),
        (IMAP + OFF, "cleartext_credentials", "ssl_starttls"),
        (IMAP, "host", "imap.example.org"),
        (IMAP, "tls", "imap"),
        ("set my_h=imap.example.org\nset folder=imaps://$my_h/\nset spoolfile=+INBOX", "host", "imap.example.org"),
        (SMTP, "port", "587"),
        (SMTP + 'set smtp_pass="hunter2-x"', "credential", "hunter2-x"),
        (IMAP + "set ssl_verify_host=no", "verify", "no"),
        (IMAP + "set ssl_use_tlsv1=yes", "tls_min", "yes"),
        (POP + "set pop_delete=yes", "deletes_on_server", "yes"),
        ("account-hook imap: 'set imap_authenticators=\"login\"'\n" + IMAP, "mechanisms", "login"),
        ('folder-hook . "set \\\n ssl_force_tls=\\"no\\""\n' + IMAP, "tls", "no"),
    ],
)
def test_positions(text: str, field: str, expected: str) -> None:
    assert blamed(text, only(text), field) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("set imap_pass=hunter2-x", ["hunter2-x"]),
        ("set my_pass=hunter2-x\nset imap_pass=$my_pass smtp_pass=$my_pass", ["hunter2-x"]),
        ("set smtp_url=smtp://a:hunter2-x@smtp.example.org", ["hunter2-x"]),
        ("account-hook imap://x 'set imap_pass=\"hunter2-x\"'\nmailboxes imap://x/", ["hunter2-x"]),
        ("set imap_pass=`pass x` smtp_pass=$PASS pop_pass={{ x }}", []),
        ("set imap_pass=@PASSWORD@", []),
        ("set imap_pass='a#b;c'", ["a#b;c"]),
    ],
)
def test_passwords(text: str, expected: list[str]) -> None:
    inventory = MUTT.read(text)
    assert [blamed(text, fact, "storage") for fact in of_kind(inventory, "secret")] == expected
    for fact in inventory.facts:
        assert "hunter2" not in str(fact.values)


def test_a_spool_file_is_expanded_when_it_is_set() -> None:
    assert connections(MUTT.read("set spoolfile=+INBOX\nset folder=/var/mail")) == []
    text = "set spoolfile=+INBOX\nset folder=imaps://imap.example.org\n"
    assert len(connections(MUTT.read(text))) == 1


HOOKS = """\
set imap_user=home ssl_force_tls=no
set folder=imaps://imap.example.org spoolfile=+INBOX
set smtp_url=smtp://home@smtp.example.org:587
mailboxes imaps://work@mail.example.net/INBOX
folder-hook mail.example.net 'set smtp_url=smtps://work@smtp.example.net ssl_force_tls=yes'
account-hook 'imaps://work@' 'set imap_authenticators=gssapi'
send-hook '~t boss' 'set smtp_url=smtp://boss@smtp.example.com:587 ssl_starttls=no'
account-hook imap://third.example.net/ 'set imap_user=third ssl_starttls=no'
macro index <f2> '<enter-command>set folder=imaps://imap.example.edu<enter><change-folder>=<enter>'
"""


def test_hooks_and_macros_lead_to_accounts_of_their_own() -> None:
    found = [
        (f.values["account"], f.values["protocol"], f.values["host"], f.values["tls"])
        for f in connections(MUTT.read(HOOKS))
    ]
    assert found == [
        ("default", "smtp", "smtp.example.org", "opportunistic"),
        ("default", "imap", "imap.example.org", "implicit"),
        ("work@example.net", "imap", "mail.example.net", "implicit"),
        ("work@smtp.example.net", "smtp", "smtp.example.net", "implicit"),
        ("home@example.edu", "imap", "imap.example.edu", "implicit"),
        ("t boss", "smtp", "smtp.example.com", "none"),
        ("imap://third.example.net/", "imap", "third.example.net", "none"),
    ]


def test_files_are_sourced_from_home_and_by_cat() -> None:
    files = {
        ".muttrc": "source ~/.mutt/a\nsource 'cat ~/.mutt/accounts/*.rc|'\n",
        ".mutt/a": "set smtp_url=smtps://a@smtp.example.org\n",
        ".mutt/accounts/b.rc": "set folder=imaps://imap.example.org\n",
        ".mutt/accounts/c.txt": "set folder=imaps://imap.example.com\n",
    }
    inventory = MUTT.read(files)
    assert [f.values["host"] for f in connections(inventory)] == ["smtp.example.org", "imap.example.org"]
    assert inventory.files == (".muttrc", ".mutt/a", ".mutt/accounts/b.rc")


@pytest.mark.parametrize(
    ("main", "line", "file"),
    [
        (".config/neomutt/neomuttrc", "source ~/.config/neomutt/accounts/a", ".config/neomutt/accounts/a"),
        (".config/neomutt/neomuttrc", "source $XDG_CONFIG_HOME/neomutt/a", ".config/neomutt/a"),
        (".config/neomutt/neomuttrc", "source accounts/a", ".config/neomutt/accounts/a"),
        ("dot_config/neomutt/neomuttrc", "source ~/.config/neomutt/a", "dot_config/neomutt/private_a.tmpl"),
        ("mail/mutt/muttrc", "source ~/.mutt/a", "mail/mutt/a"),
        (".mutt/muttrc", "source $HOME/.mutt/a", ".mutt/a"),
        ("home/u/.muttrc", "source /etc/mutt/site", "etc/mutt/site"),
        (".muttrc", "source a", "a"),
    ],
)
def test_where_sourced_files_lie(main: str, line: str, file: str) -> None:
    inventory = MUTT.read({main: line + "\n", file: "set smtp_url=smtps://a@smtp.example.org\n"})
    assert inventory.files == (main, file)


@pytest.mark.parametrize("line", ["source ~/.mutt/account", "source 'gpg -dq x|'", "source $WHERE"])
def test_what_an_absent_file_may_set_is_unknown(line: str) -> None:
    fact = only(IMAP + line)
    assert "tls" not in fact.values
    assert "credential" not in fact.values
    assert only(IMAP + "set ssl_force_tls\n" + line).values["tls"] == "required"
    assert only(IMAP + "source ~/.mutt/colors").values["tls"] == "required"


def test_files_that_source_one_another() -> None:
    inventory = MUTT.read({".muttrc": "source ~/a\n" + SMTP, "a": "source ~/.muttrc\n"})
    assert [u.why for u in inventory.unread] == ["is a file that sources itself"]
    assert len(connections(inventory)) == 1


def test_account_files_are_read_with_what_sources_them() -> None:
    files = {
        ".mutt/accounts/used": "set smtp_url=smtps://a@smtp.example.org\n",
        ".mutt/accounts/alone": "set smtp_url=smtps://a@smtp.example.net\n",
        ".mutt/muttrc": "source ~/.mutt/accounts/used\n",
    }
    order = [group[0] for group in mutt.groups(list(files))]
    assert order[0] == ".mutt/muttrc"
    alone = the(MUTT.read({".mutt/accounts/alone": files[".mutt/accounts/alone"]}), "connection")
    assert alone.values["account"] == "alone"


@pytest.mark.parametrize(
    ("path", "program"),
    [
        (".muttrc", "mutt"), (".mutt/muttrc", "mutt"), (".neomuttrc", "neomutt"),
        ("dot_config/neomutt/neomuttrc.tmpl", "neomutt"),
        (".config/neomutt/accounts/a", "neomutt"), (".mutt/accounts/10gmail.conf.in", "mutt"), ("_mutt/muttrc", "mutt"),
    ],
)  # fmt: skip
def test_names(path: str, program: str) -> None:
    assert format_of(path) == "mutt"
    assert software(path) == program


@pytest.mark.parametrize(
    "path",
    [
        "roles/mutt/tasks/main.yml",
        ".mutt/mutt_oauth2.py",
        "src/mutt/init.c",
        "mutt/README.md",
        "muttering",
        "syntax/muttrc.vim",
    ],
)
def test_names_of_other_programs(path: str) -> None:
    assert format_of(path) is None


def test_what_only_neomutt_knows_tells_the_program() -> None:
    assert only(SMTP + "set nm_default_url=x", "").values["software"] == "neomutt"
    assert only(SMTP + "set nm_default_url=x", "2.2").values["software"] == "mutt"
    assert only(SMTP, "").values["software"] == "mutt"


@pytest.mark.parametrize(
    ("text", "is_mutt"),
    [
        ("set imap_user=a\nset folder=imaps://b\n# x\n", True),
        ("account-hook . 'unset imap_user'\n", True),
        ("set -e\nexport imap_user=x\n", False),
        ("set number\nset tabstop=4\n", False),
        ("", False),
    ],
)
def test_sniff(text: str, is_mutt: bool) -> None:
    assert mutt.sniff(text) is is_mutt


def test_other_files_in_its_folder_are_left_alone() -> None:
    script = "#!/bin/sh\nset folder=imaps://imap.example.org\n"
    other = "set -e\necho x\nexport imap_user=y\n"
    files = {
        ".mutt/mailcap": "text/html; w3m %s\nimage/*; feh %s\n",
        ".mutt/empty": "",
        ".mutt/a": script,
        ".mutt/b": other,
    }
    inventory = read(mutt, files)
    assert (inventory.files, inventory.unread, inventory.facts) == ((), (), ())
    assert len([note for note in inventory.notes if "is no file of mutt's" in note]) == 3


def test_a_long_line_is_read_in_time() -> None:
    MUTT.read("set imap_pass=" + "a-" * 200_000)
    MUTT.read("set smtp_url=smtp://" + "a@:" * 200_000)
    MUTT.read("set my_a=xxxxxxxxxx\n" + "set my_a=$my_a$my_a\n" * 60)
