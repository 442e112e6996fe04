"""pinerc: what Alpine and its c-client make of host specifications."""

from __future__ import annotations

import pytest

from mailpolicy.readers import alpine, format_of
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, the

FILE = MainFile(alpine, ".pinerc")


def smtp(spec: str) -> Fact:
    return FILE.only(f"smtp-server={spec}\n", "connection")


def inbox(spec: str) -> Fact:
    return FILE.only(f"inbox-path={{{spec}}}INBOX\n", "connection")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("h.test", {"tls": "opportunistic", "verify": "ca", "port": 25, "port_stated": False, "role": "submission"}),
        ("h.test:587", {"port": 587, "port_stated": True, "tls": "opportunistic"}),
        ("h.test/submit", {"port": 587, "port_stated": False, "protocol": "smtp"}),
        ("h.test/ssl", {"tls": "implicit", "port": 465}),
        ("h.test/ssl/submit", {"tls": "implicit", "port": 465}),
        ("h.test:587/ssl", {"tls": "implicit", "port": 587}),
        ("h.test/tls", {"tls": "required", "port": 25}),
        ("h.test/starttls", {"tls": "required"}),
        ("h.test/notls", {"tls": "none", "verify": "none"}),
        ("h.test/NoTLS", {"tls": "none"}),
        ("h.test/tls1_2", {"tls": "implicit", "tls_min": "TLSv1.2"}),
        ("h.test/tls/novalidate-cert", {"verify": "none"}),
        ("h.test/user=a", {"authenticates": True, "cleartext_credentials": True, "credential": "prompt"}),
        ("h.test/user=a/tls", {"cleartext_credentials": False}),
        ("h.test/user=a/secure", {"cleartext_credentials": False, "tls": "opportunistic"}),
        ("h.test/user=a/auth=cram-md5", {"mechanisms": ("CRAM-MD5",), "cleartext_credentials": False}),
        ("h.test/user=\"a b\"/ssl", {"tls": "implicit"}),
        ("[127.0.0.1]:25", {"host": "127.0.0.1", "scope": "loopback"}),
    ],
)  # fmt: skip
def test_smtp_servers(spec: str, expected: dict[str, object]) -> None:
    values = smtp(spec).values
    assert {name: values.get(name) for name in expected} == expected
    assert values["broken"] is None


def test_without_a_user_the_server_decides_about_a_login() -> None:
    assert not {"authenticates", "cleartext_credentials"} & set(smtp("h.test").values)
    assert smtp("h.test/tls").values["cleartext_credentials"] is False


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("h.test", {"protocol": "imap", "role": "access", "tls": "opportunistic", "port": 143, "authenticates": True,
                    "cleartext_credentials": True}),
        ("h.test/imap/ssl", {"tls": "implicit", "port": 993, "cleartext_credentials": False}),
        ("h.test/imap4rev1/tls", {"tls": "required", "protocol": "imap"}),
        ("h.test/tryssl", {"tls": "opportunistic", "port": 143}),
        ("h.test/norsh/notls", {"tls": "none"}),
        ("h.test/pop3", {"protocol": "pop3", "port": 110, "deletes_on_server": False, "tls": "opportunistic"}),
        ("h.test/service=pop3/ssl", {"protocol": "pop3", "port": 995}),
        ("h.test/user=alice", {"mailbox": "alice@h.test"}),
        ("h.test/user=alice@example.test/ssl", {"mailbox": "alice@example.test"}),
        ("h.test/anonymous", {"authenticates": False}),
        ("h.test/auth=cram-md5", {"cleartext_credentials": True}),
        ("h.test/secure", {"cleartext_credentials": False}),
    ],
)  # fmt: skip
def test_folders(spec: str, expected: dict[str, object]) -> None:
    values = inbox(spec).values
    assert {name: values.get(name) for name in expected} == expected
    assert values["broken"] is None


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("h.test/ssl/tls", "contradicts /ssl"),
        ("h.test/tls/ssl", "contradicts /tls"),
        ("h.test/notls/tls", "contradicts /notls"),
        ("h.test/tls1_2/tls1_3", "contradicts"),
        ("h.test/ssll", "no switch /ssll"),
        ("h.test:0", "its port"),
        ("h.test:1:2", "its port"),
        ("h.test/imap/pop3", "two services"),
        ("h.test/pop3/norsh", "IMAP alone"),
        ("h.test/pass=x", "is not known"),
        ("/ssl", "names no host"),
    ],
)
def test_specifications_that_c_client_refuses(spec: str, why: str) -> None:
    assert why in str(inbox(spec).values["broken"])


def test_lists_go_on_over_lines_and_quotes_hold_commas() -> None:
    text = 'smtp-server=a.test,\n\tb.test/user="x,y",\n "c.test"\nuser-domain=z\n inbox-path={d.test}\n'
    assert [fact.values["host"] for fact in FILE.read(text).facts] == ["a.test", "b.test", "c.test"]


def test_a_way_to_a_server_is_reported_once() -> None:
    text = "inbox-path={h.test/ssl/user=a}INBOX\nfolder-collections=x {h.test/user=a/ssl}[], y {h.test/user=b/ssl}[]\n"
    assert [fact.values["mailbox"] for fact in FILE.read(text).facts] == ["a@h.test", "b@h.test"]


def test_the_last_of_two_holds_and_news_is_left_out() -> None:
    text = "inbox-path={a.test}INBOX\ninbox-path = {b.test}INBOX\nincoming-folders=n {c.test/nntp}x\n"
    assert [fact.values["host"] for fact in FILE.read(text).facts] == ["b.test"]


def test_a_mail_drop_that_is_moved_is_deleted() -> None:
    fact = FILE.only("incoming-folders=x #move {h.test/pop3}INBOX mail\n", "connection")
    assert fact.values["deletes_on_server"] is True


def test_the_least_version_of_tls() -> None:
    text = "encryption-protocol-range=tls1_1,no_max\nsmtp-server=h.test/tls\n"
    fact = FILE.only(text, "connection")
    assert fact.values["tls_min"] == "TLSv1.1"
    assert blamed(text, fact, "tls_min") == "tls1_1"


@pytest.mark.parametrize(
    ("text", "field", "under"),
    [
        ("smtp-server=h.test:25/notls\n", "tls", "notls"),
        ("smtp-server=h.test:25/notls\n", "port", "25"),
        ("smtp-server=h.test:25/notls\n", "host", "h.test"),
        ("smtp-server=h.test\n", "tls", "h.test"),
        ("inbox-path={h.test/novalidate-cert}INBOX\n", "verify", "novalidate-cert"),
        ('inbox-path={h.test/user="a"/notls}INBOX\n', "cleartext_credentials", "notls"),
        ("inbox-path={h.test/ssl/tls}INBOX\n", "broken", "tls"),
    ],
)
def test_positions(text: str, field: str, under: str) -> None:
    assert blamed(text, the(FILE.read(text), "connection"), field) == under


def test_what_a_template_fills_in_is_unknown() -> None:
    fact = smtp("{{ host }}:587/tls")
    assert not {"host", "tls", "port"} & set(fact.values)


@pytest.mark.parametrize(
    ("text", "fatal", "notes"),
    [("<html>\n", [True], 0), ("personal-name=x\n", [], 1), ('smtp-server=""\n', [], 1), ("inbox-path=inbox\n", [], 1)],
)
def test_files_without_a_server(text: str, fatal: list[bool], notes: int) -> None:
    inventory = FILE.read(text)
    assert [one.fatal for one in inventory.unread] == fatal
    assert len(inventory.notes) == notes
    assert not of_kind(inventory, "connection")


@pytest.mark.parametrize("path", [".pinerc", "dot_pinerc", "etc/pine.conf", "etc/pine.conf.fixed", "alpine.conf"])
def test_names(path: str) -> None:
    assert format_of(path) == "alpine"


def test_sniffing() -> None:
    assert alpine.sniff("personal-name=\nuser-domain=\nsmtp-server=\ninbox-path=\n")
    assert not alpine.sniff("personal-name=\nx=y\n")


def test_servers_beyond_all_measure_are_named_and_not_compared() -> None:
    inventory = FILE.read("smtp-server=" + ",".join(f"h{n}.test" for n in range(600)) + "\n")
    assert len(inventory.facts) == 500
    assert [one.fatal for one in inventory.unread] == [True]
