"""getmail: what an rc file means, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import format_of, getmail
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, the

read = MainFile(getmail, ".getmail/getmailrc").read
PIN = ":".join(["0A"] * 32)


def rc(kind: str = "SimplePOP3SSLRetriever", retriever: str = "", options: str = "") -> str:
    return (
        f"[retriever]\ntype = {kind}\nserver = mail.example.test\nusername = alice\n{retriever}\n"
        f"[destination]\ntype = Maildir\npath = ~/Maildir/\n[options]\n{options}\n"
    )


def only(text: str, version: str = "") -> Fact:
    return the(read(text, version), "connection")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("SimplePOP3Retriever", {"protocol": "pop3", "port": 110, "tls": "none", "verify": "none", "uidl": False}),
        ("SimplePOP3SSLRetriever", {"protocol": "pop3", "port": 995, "tls": "implicit", "verify": "none"}),
        ("BrokenUIDLPOP3Retriever", {"port": 110, "uidl": False}),
        ("BrokenUIDLPOP3SSLRetriever", {"port": 995, "uidl": False, "tls": "implicit"}),
        ("MultidropPOP3Retriever", {"port": 110, "tls": "none"}),
        ("MultidropPOP3SSLRetriever", {"port": 995, "tls": "implicit"}),
        ("MultidropSDPSRetriever", {"protocol": "pop3", "port": 110, "tls": "none"}),
        ("SimpleIMAPRetriever", {"protocol": "imap", "port": 143, "tls": "none", "cleartext_credentials": True}),
        ("SimpleIMAPSSLRetriever", {"protocol": "imap", "port": 993, "tls": "implicit", "mechanisms": ("LOGIN",)}),
        ("MultidropIMAPRetriever", {"protocol": "imap", "port": 143}),
        ("MultidropIMAPSSLRetriever", {"protocol": "imap", "port": 993, "cleartext_credentials": False}),
    ],
)
def test_the_class_of_a_retriever_says_protocol_and_tls(kind: str, expected: dict[str, object]) -> None:
    fact = only(rc(kind))
    assert {name: fact.values.get(name) for name in expected} == expected
    assert (fact.values["port_stated"], fact.values["broken"], fact.values["account"]) == (False, None, "getmailrc")
    assert fact.values["mailbox"] == "alice@example.test"


@pytest.mark.parametrize(
    ("kind", "lines", "expected"),
    [
        ("SimplePOP3SSLRetriever", "port = 110", {"port": 110, "port_stated": True, "tls": "implicit"}),
        ("SimplePOP3SSLRetriever", "ca_certs = /etc/ca.pem", {"verify": "ca"}),
        ("SimplePOP3SSLRetriever", f'ssl_fingerprints = ("{PIN}",)', {"verify": "fingerprint"}),
        ("SimplePOP3SSLRetriever", f"ca_certs: a\nssl_fingerprints: ('{PIN}',)", {"fingerprint_hash": "sha256"}),
        ("SimplePOP3SSLRetriever", "ssl_fingerprints = ()", {"verify": "none"}),
        ("SimplePOP3SSLRetriever", "ssl_cert_hostname = x", {"verify": "none"}),
        ("SimplePOP3SSLRetriever", "ssl_version = TLSv1_2", {"tls_min": "TLSv1.2", "verify": "none"}),
        ("SimplePOP3SSLRetriever", "ssl_version = sslv23", {"tls_min": None}),
        ("SimplePOP3Retriever", "", {"mechanisms": ("USER",), "cleartext_credentials": True, "credential": "prompt"}),
        ("SimplePOP3Retriever", "use_apop = true", {"mechanisms": ("APOP",), "cleartext_credentials": False}),
        ("SimplePOP3Retriever", "use_apop = no", {"cleartext_credentials": True}),
        ("SimpleIMAPRetriever", "use_cram_md5 = 1", {"mechanisms": ("CRAM-MD5",), "cleartext_credentials": False}),
        ("SimpleIMAPRetriever", "use_kerberos = yes", {"mechanisms": ("GSSAPI",), "credential": "none"}),
        ("SimpleIMAPRetriever", "use_xoauth2 = True", {"mechanisms": ("XOAUTH2",), "cleartext_credentials": True}),
        ("SimpleIMAPRetriever", "password = hunter2", {"credential": "literal"}),
        ("SimpleIMAPRetriever", 'password_command = ("pass", "x")', {"credential": "command"}),
        ("SimpleIMAPRetriever", 'password = a\npassword_command = ("x",)', {"credential": "literal"}),
        ("SimpleIMAPRetriever", 'use_xoauth2 = on\npassword = a\npassword_command = ("x",)', {"credential": "command"}),
    ],
)
def test_parameters_mean_what_getmail_makes_of_them(kind: str, lines: str, expected: dict[str, object]) -> None:
    values = only(rc(kind, lines)).values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", {"deletes_on_server": False, "uidl": False}),
        ("read_all = false", {"uidl": True}),
        ("delete = true", {"deletes_on_server": True}),
        ("delete = 1\ndelete_after = 7", {"deletes_on_server": True, "keeps_days": None}),
        ("delete_after = 7", {"deletes_on_server": True, "keeps_days": 7}),
        ("delete_bigger_than = 100000", {"deletes_on_server": True, "keeps_days": None}),
        ("delete_bigger_than = 0", {"deletes_on_server": False}),
        ("delete_bigger_than = @SIZE@\ndelete_after = 7", {"deletes_on_server": True, "keeps_days": 7}),
        ("delete_bigger_than = @SIZE@", {"deletes_on_server": None}),
        ("delete_after = 0", {"deletes_on_server": False, "keeps_days": None}),
        ("use_netrc = true", {"credential": "file", "mailbox": None}),
        ("[DEFAULT]\ndelete = yes", {"deletes_on_server": True}),
    ],
)
def test_options_mean_what_getmail_makes_of_them(options: str, expected: dict[str, object]) -> None:
    fact = only(rc(options=options))
    assert {name: fact.values.get(name) for name in expected} == expected
    assert fact.values["broken"] is None


def test_an_imap_retriever_that_deletes_expunges() -> None:
    assert only(rc("SimpleIMAPSSLRetriever", options="delete = on")).values["expunges"] is True
    fact = only(rc("SimpleIMAPSSLRetriever"))
    assert fact.values["expunges"] is False
    assert "deletes_on_server" not in fact.values


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (rc("SimplePOP3TLSRetriever"), "no retriever of this type"),
        (rc("simplepop3retriever"), "no retriever of this type"),
        (rc(retriever="port = pop3s"), "port must be a number"),
        (rc(retriever="use_apop = perhaps"), "use_apop must be true or false"),
        (rc(options="delete = 2"), "delete must be true or false"),
        (rc(options="delete_after = a week"), "delete_after must be a number"),
        (rc(retriever=f'ssl_fingerprints = ("{PIN}")'), "ssl_fingerprints must be a tuple"),
        (rc(retriever='ssl_fingerprints = ("aa:bb",)'), "SHA-256"),
        (rc(retriever="ssl_version = tls1.2"), "ssl_version is unknown"),
        (rc(retriever="ca_certs ="), "ca_certs is no file"),
        (rc(retriever="certfile = a.pem"), "certfile and keyfile"),
        (rc(retriever="password_command = pass show mail"), "password_command must be a tuple"),
        (rc(retriever="server = other.example.test"), "is set twice"),
        (rc(retriever="use_ssl"), "is no option"),
        ("[retriever]\ntype = SimplePOP3Retriever\nserver = h\nusername = u\n", "no section destination"),
        ("[retriever]\ntype = SimplePOP3Retriever\nusername = u\n[destination]\n", "server is missing"),
        ("[retriever]\nserver = h\nusername = u\n[destination]\n", "has no type"),
    ],
)
def test_what_getmail_refuses_is_broken(text: str, why: str) -> None:
    assert why in str(only(text).values["broken"])


def test_python_reads_no_further_than_a_section_that_is_there_twice() -> None:
    whys = [u.why for u in read(rc() + rc()).unread]
    assert whys == ["getmail refuses the file: the line is the name of a section that is already there"]


def test_a_parameter_that_the_class_does_not_have_is_ignored_and_said() -> None:
    text = rc("SimplePOP3Retriever", "ca_certs = /etc/ca.pem")
    inventory = read(text)
    assert [u.why for u in inventory.unread] == ["getmail ignores it: SimplePOP3Retriever has no such parameter"]
    assert the(inventory, "connection").values["broken"] is None


def test_tokens_for_pop3_came_with_6_19_4() -> None:
    text = rc(retriever="use_xoauth2 = true")
    assert only(text, "6.18.11").values["mechanisms"] == ("USER",)
    assert only(text, "6.19.4").values["mechanisms"] == ("XOAUTH2",)


def test_getmail_5_reads_as_python_2_does() -> None:
    text = rc(retriever="port = 9995 ; not the usual one")
    assert only(text, "5.14").values["port"] == 9995
    assert "port must be a number" in str(only(text).values["broken"])


@pytest.mark.parametrize(
    ("lines", "unknown"),
    [
        ("port = {{ port }}", {"port"}),
        ("ca_certs = @CA_CERTS@", set()),
        ("ssl_fingerprints = {{ pins }}", {"verify"}),
        ("use_apop = ${APOP}", {"mechanisms"}),
        ("password = {{ password }}", {"credential"}),
        ("{% if pinned %}\nca_certs = /etc/ca.pem\n{% endif %}", set()),
    ],
)
def test_what_a_template_decides_is_unknown(lines: str, unknown: set[str]) -> None:
    inventory = read(rc(retriever=lines))
    fact = the(inventory, "connection")
    assert not inventory.unread
    assert not unknown & set(fact.values)
    assert unknown <= set(fact.origins)
    assert fact.values["broken"] is None


def test_a_type_that_a_template_fills_in_leaves_the_rest_unknown() -> None:
    fact = only(rc("{{ retriever }}"))
    assert {"tls", "protocol", "port", "verify"}.isdisjoint(fact.values)
    assert (fact.values["host"], fact.values["broken"]) == ("mail.example.test", None)


@pytest.mark.parametrize(
    ("text", "field", "blame"),
    [
        (rc("SimplePOP3Retriever"), "tls", "SimplePOP3Retriever"),
        (rc("SimplePOP3Retriever"), "cleartext_credentials", "SimplePOP3Retriever"),
        (rc("SimplePOP3SSLRetriever"), "verify", "SimplePOP3SSLRetriever"),
        (rc(retriever="port = 110"), "port", "110"),
        (rc(options="delete = yes"), "deletes_on_server", "yes"),
        (rc(options="delete_after = 3"), "keeps_days", "3"),
        (rc(retriever="password = hunter2"), "credential", "hunter2"),
        (rc(), "deletes_on_server", "retriever"),
    ],
)
def test_positions_lie_on_the_value(text: str, field: str, blame: str) -> None:
    assert blamed(text, only(text), field) == blame


def test_a_password_in_the_file_is_a_secret_at_its_text() -> None:
    text = rc(retriever="password = hun;ter#2")
    assert blamed(text, the(read(text), "secret"), "storage") == "hun;ter#2"
    assert not of_kind(read(rc(retriever="password = REDACTED")), "secret")
    assert not of_kind(read(rc(retriever="password =")), "secret")


@pytest.mark.parametrize(
    "path",
    [
        ".getmail/getmailrc", "getmailrc-work", "home/.getmail/alice@example.org", "x/.config/getmail/work.rc",
        "dot_getmail/getmailrc.tmpl", "getmailrc-examples",
    ],
)  # fmt: skip
def test_its_files_are_known_by_name_and_place(path: str) -> None:
    assert format_of(path) == "getmail"


@pytest.mark.parametrize("path", [".getmail/oldmail-pop.example.org-995-alice", ".getmail/getmail.log", "getmail/x.py"])
def test_other_files_are_not(path: str) -> None:
    assert format_of(path) is None


def test_a_neighbour_that_is_no_rc_file_is_noted() -> None:
    files = {".getmail/log": "2026-01-01 getmail started\n"}
    inventory = read(files)
    assert (inventory.files, inventory.unread) == ((), ())
    assert "no configuration of getmail" in inventory.notes[0]


@pytest.mark.parametrize("text", ["", "server = pop.example.org\n", "[options]\ndelete = true\n"])
def test_an_rc_file_without_a_retriever_is_fatal(text: str) -> None:
    assert [u.fatal for u in read(text).unread] == [True]


def test_sniffing() -> None:
    assert getmail.sniff(rc())
    assert not getmail.sniff("[retriever]\nkind = dog\n")
