"""curl's configuration files: which speak of mail, what they mean, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import curl, formats_of
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, last, of_kind, under

READ = MainFile(curl, ".curlrc")
SMTP = "url = smtp://smtp.example.test:587\nuser = alice:secret\n"
POP3 = "url = pop3://pop.example.test/1\nuser = alice:secret\n"
IMAP = "url = imap://imap.example.test/INBOX\nuser = alice:secret\n"


def sessions(text: str, version: str = "7.88.1") -> list[Fact]:
    return READ.facts(text, "connection", version)


def only(text: str, version: str = "7.88.1") -> Fact:
    return READ.only(text, "connection", version)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SMTP, {"tls": "none", "verify": "none", "port": 587, "role": "submission", "cleartext_credentials": True}),
        (SMTP + "ssl", {"tls": "opportunistic", "verify": "ca", "cleartext_credentials": True}),
        (SMTP + "ftp-ssl", {"tls": "opportunistic"}),
        (SMTP + "ssl-reqd", {"tls": "required", "cleartext_credentials": False}),
        (SMTP + "ssl-reqd\nssl", {"tls": "required"}),
        (SMTP + "ssl-reqd\nno-ssl-reqd", {"tls": "none"}),
        (SMTP + "ftp-ssl-control", {"tls": "required"}),
        (SMTP + "ssl = false", {"tls": "opportunistic"}),
        (SMTP + "--ssl-reqd", {"tls": "required"}),
        (SMTP + "SSL-REQD", {"tls": "required"}),
        (SMTP + "ssl-req", {"tls": "required"}),
        (SMTP + "ssl\ninsecure", {"verify": "none"}),
        (SMTP + "ssl\n-k", {"verify": "none"}),
        (SMTP + "ssl\n-sk", {"verify": "none"}),
        (SMTP + "ssl\ninsecure\nno-insecure", {"verify": "ca"}),
        (SMTP + "ssl-reqd\npinnedpubkey = sha256//x\ninsecure", {"verify": "fingerprint"}),
        (SMTP + "ssl\ntlsv1.2", {"tls_min": "TLSv1.2"}),
        (SMTP + "ssl\ntlsv1", {"tls_min": "TLSv1.0"}),
        ("url = smtps://h", {"tls": "implicit", "port": 465, "port_stated": False, "authenticates": False}),
        ("url = SMTPS://h", {"tls": "implicit"}),
        ("url = imaps://h", {"port": 993, "protocol": "imap", "role": "access"}),
        ("url = pop3s://h", {"port": 995, "protocol": "pop3", "deletes_on_server": False}),
        ("url = imap.example.test", {"protocol": "imap", "port": 143}),
        ("url = mail.example.test:143\nproto-default = imap", {"protocol": "imap"}),
        ("url = imap://[::1]:1143/", {"host": "::1", "port": 1143, "scope": "loopback"}),
        ("url = smtp://h\nlogin-options = AUTH=EXTERNAL", {"authenticates": True, "credential": "none"}),
        (IMAP + "login-options = AUTH=CRAM-MD5", {"mechanisms": ("CRAM-MD5",), "cleartext_credentials": False}),
        (IMAP + "login-options = AUTH=*", {"mechanisms": (), "cleartext_credentials": True}),
        (IMAP + "login-options = AUTH=NTLM;AUTH=PLAIN", {"cleartext_credentials": True}),
        (POP3 + "login-options = AUTH=+APOP", {"cleartext_credentials": False, "broken": None}),
        (IMAP, {"credential": "literal", "mailbox": "alice@example.test", "expunges": False}),
        ("url = imap://h\nuser = alice", {"credential": "prompt"}),
        ("url = imap://bob:pw@h/", {"credential": "literal", "mailbox": "bob@h", "authenticates": True}),
        ("url = imap://bob;AUTH=CRAM-MD5:pw@h/", {"mechanisms": ("CRAM-MD5",)}),
        (
            "url = imap://h\nuser = alice\noauth2-bearer = t0ken",
            {"credential": "literal", "cleartext_credentials": True},
        ),
        (POP3 + "request = DELE", {"deletes_on_server": False}),
        (POP3 + "request = DELE\nhead", {"deletes_on_server": True}),
        (IMAP + "request = EXPUNGE", {"expunges": True}),
        ('url "smtp://h"\nuser: "a\\"b:c"', {"authenticates": True}),
        ("-u alice:pw-1\nurl=smtp://h", {"credential": "literal"}),
        ("-ualice:pw-1\nurl=smtp://h", {"credential": "literal"}),
    ],
)
def test_options_mean_what_curl_makes_of_them(text: str, expected: dict[str, object]) -> None:
    values = only(text + "\n").values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "version", "tls", "unread"),
    [
        (SMTP + "nonsense\nssl-reqd", "7.88.1", "required", 1),
        (SMTP + "nonsense\nssl-reqd", "8.14.1", "none", 1),
        (SMTP + "ssl-req", "8.14.1", "none", 1),
        (SMTP + "/ssl-reqd", "7.88.1", "none", 0),
        (SMTP + "/ssl-reqd", "8.14.1", "none", 1),
        (SMTP + "ssl = true\nssl-reqd", "7.88.1", "required", 1),
        (SMTP + "ssl = true\nssl-reqd", "8.14.1", "opportunistic", 1),
        (SMTP + "no-user", "7.88.1", "none", 1),
        (SMTP + "no-tlsv1.2", "7.88.1", "none", 1),
        (SMTP + "mail-from", "7.88.1", "none", 1),
        (SMTP + "# ssl\n\n \t", "7.88.1", "none", 0),
    ],
)
def test_lines_that_curl_does_not_take(text: str, version: str, tls: str, unread: int) -> None:
    found = READ.read(text + "\n", version)
    (fact,) = of_kind(found, "connection")
    assert (fact.values["tls"], len(found.unread)) == (tls, unread)


def test_next_begins_anew_and_urls_of_one_operation_share_it() -> None:
    text = f"{SMTP}ssl-reqd\nnext\nurl = imap://a\nurl = pop3://b\ninsecure\nurl = https://c\n"
    assert [(f.values["host"], f.values["tls"], f.values["authenticates"]) for f in sessions(text)] == [
        ("smtp.example.test", "required", True),
        ("a", "none", False),
        ("b", "none", False),
    ]


def test_a_method_that_curl_does_not_know_ends_the_session() -> None:
    old, new = (only(IMAP + "login-options = AUTH=+LOGIN\n", version) for version in ("7.88.1", "8.14.1"))
    assert (old.values["cleartext_credentials"], new.values["cleartext_credentials"]) == (False, True)
    assert old.values["broken"] and not new.values["broken"]


@pytest.mark.parametrize(
    ("text", "field", "word"),
    [
        (SMTP, "tls", "smtp://smtp.example.test:587"),
        (SMTP + "ssl", "tls", "ssl"),
        (SMTP + "  --insecure\nssl", "verify", "--insecure"),
        (SMTP, "credential", "alice:secret"),
        ('url = "imap://h"\nuser = a\nlogin-options = "AUTH=PLAIN"', "mechanisms", "AUTH=PLAIN"),
    ],
)
def test_positions(text: str, field: str, word: str) -> None:
    assert blamed(text, only(text), field) == word


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SMTP, ["secret"]),
        ('user = "alice:hunter-2"\nurl = "imap://bob:hunter-3@h/INBOX"\n', ["hunter-2", "hunter-3"]),
        ("url = imap://h\noauth2-bearer = t0ken-x\n", ["t0ken-x"]),
        ("url = imap://h\n-ualice:pw-1\n", ["pw-1"]),
        ("url = imap://h\nuser = alice:${PASSWORD}\n", []),
        ("url = imap://h\nuser = alice\n", []),
    ],
)
def test_secrets(text: str, words: list[str]) -> None:
    found = of_kind(READ.read(text), "secret")
    assert [blamed(text, fact, "storage") for fact in found] == words


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("url = smtp://{{ host }}:587\nuser = a:b\n", ()),
        ("url = imap://h\nuser = {{ user }}:{{ pw }}\n", ("credential",)),
        ("url = imap://h\nuser = a:b\nlogin-options = $AUTH\n", ("mechanisms", "cleartext_credentials")),
        ('url = imap://h\nconnect-to = "::{{ i }}:1"\n', ("host", "port", "scope")),
        ("url = imap://h\nresolve = h:143:192.0.2.1\n", ("host", "scope")),
        ("url = imap://h\nunix-socket = /run/imap\n", ("host", "port", "scope")),
        ("url = imap://{a,b}.test\n", ("host",)),
    ],
)
def test_what_is_filled_in_is_unknown(text: str, unknown: tuple[str, ...]) -> None:
    for fact in sessions(text):
        assert [name for name in unknown if name in fact.values] == []


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        (SMTP, True),
        ("silent\nurl = imap.example.test\n", True),
        ("proto-default = imaps\nurl = mail.example.test/INBOX\n", True),
        ("proto-default = https\nurl = www.example.test\n", False),
        ("# smtp://example.test\nsilent\nurl = https://example.test\n", False),
        ("user-agent = Mozilla\nproxy = http://smtp.example.test\n", False),
        ("Send mail with url = smtp://example.test and so on\nor do not.\nreally\n", False),
        ("", False),
    ],
)
def test_only_a_file_that_names_a_url_of_mail_is_ours(text: str, ours: bool) -> None:
    assert formats_of("home/.curlrc", lambda: text) == (["curl"] if ours else [])


def test_a_file_without_mail_is_passed_over() -> None:
    found = READ.read("silent\nurl = https://example.test\n")
    assert (found.facts, found.unread, found.files, len(found.notes)) == ((), (), (), 1)


def test_a_file_that_is_not_here_is_named() -> None:
    text = SMTP + "config = other\n"
    (unread,) = READ.read(text).unread
    assert under(text, unread.where) == "other"


@pytest.mark.parametrize("named", ["more", "/home/alice/more", "/home/alice/sub/../more"])
def test_a_file_that_config_names_stands_in_its_place(named: str) -> None:
    files = {"r/home/alice/.curlrc": f"config = {named}\n{SMTP}", "r/home/alice/more": "ssl-reqd\nuser = a:hunter-9\n"}
    (fact,) = READ.facts(files, "connection")
    assert (fact.values["tls"], last(fact, "tls").file) == ("required", "r/home/alice/more")
    assert [last(one, "storage").file for one in READ.facts(files, "secret")] == [
        "r/home/alice/more",
        "r/home/alice/.curlrc",
    ]


def test_a_file_that_names_itself_ends() -> None:
    assert len(READ.read("config = .curlrc\n" + SMTP).unread) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('connect-to = "::relay.test:2525"', ("relay.test", 2525)),
        ("connect-to = smtp.example.test:587:relay.test:", ("relay.test", 587)),
        ("connect-to = other:587:no:1\n--connect-to :587::26\n--connect-to ::late:1", ("smtp.example.test", 26)),
        ("--connect-to :465:no:1", ("smtp.example.test", 587)),
    ],
)
def test_connect_to_leads_elsewhere(text: str, expected: tuple[str, int]) -> None:
    fact = only(SMTP + text)
    assert (fact.values["host"], fact.values["port"]) == expected


@pytest.mark.parametrize(
    ("text", "mechanisms", "clear"),
    [
        ("digest", ("DIGEST-MD5",), False),
        ("ntlm\ndigest\nno-digest", ("NTLM",), False),
        ("basic", (), True),
        ("oauth2-bearer = t0ken", ("OAUTHBEARER", "XOAUTH2"), True),
        ("digest\nlogin-options = AUTH=LOGIN", ("DIGEST-MD5", "LOGIN"), True),
        ("digest\nlogin-options = AUTH=*", (), True),
        ("anyauth", ("PLAIN", "LOGIN", "DIGEST-MD5", "NTLM", "GSSAPI", "OAUTHBEARER", "XOAUTH2"), True),
    ],
)
def test_switches_of_http_choose_login_methods(text: str, mechanisms: tuple[str, ...], clear: bool) -> None:
    fact = only(SMTP + text)
    assert (fact.values["mechanisms"], fact.values["cleartext_credentials"]) == (mechanisms, clear)


@pytest.mark.parametrize(
    ("text", "version", "deletes"),
    [
        ("url = pop3s://h/1\n-X DELE\n", "7.88.1", False),
        ("url = pop3s://h/1\n-X DELE\nlist-only\n", "7.88.1", True),
        ("url = pop3s://h/\n-X DELE\nlist-only\n", "7.88.1", False),
        ('url = pop3s://h\nrequest = "DELE 1"\nhead\n', "7.88.1", True),
        ("url = pop3s://h\n-X DELE\nhead\n", "7.88.1", False),
        ('url = pop3s://h\nrequest = "DELE 1"\n', "8.14.1", True),
    ],
)
def test_dele_counts_where_the_session_ends_well(text: str, version: str, deletes: bool) -> None:
    assert only(text + "user = a:b\n", version).values["deletes_on_server"] is deletes


def test_netrc_that_is_not_optional_has_the_login() -> None:
    text = "url = imap://imap.example.test\nnetrc\n"
    assert only(text).values["cleartext_credentials"] is True
    files = {
        "home/.curlrc": "url = imap://h\nnetrc-file = /home/me/n\n",
        "home/n": "machine other login a password b\n",
    }
    (fact,) = READ.facts(files, "connection")
    assert fact.values["authenticates"] is False


@pytest.mark.parametrize(
    ("netrc", "expected"),
    [
        ("machine imap.example.test login alice password x\n", {"authenticates": True, "credential": "file"}),
        ("default login alice password x\n", {"authenticates": True, "cleartext_credentials": True}),
        ("machine other login alice password x\n", {"authenticates": False, "cleartext_credentials": False}),
        (None, {"authenticates": None, "cleartext_credentials": None, "credential": "file"}),
    ],
)
def test_the_netrc_beside_the_file_tells_whether_there_is_a_login(
    netrc: str | None, expected: dict[str, object]
) -> None:
    files = {"home/.curlrc": "url = imap://imap.example.test\nnetrc-optional\n"}
    if netrc is not None:
        files["home/.netrc"] = netrc
    (fact,) = READ.facts(files, "connection")
    assert {name: fact.values.get(name) for name in expected} == expected
