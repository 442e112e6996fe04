"""OfflineIMAP: what a repository's settings mean in each version, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import format_of, offlineimap
from mailpolicy.readers.offlineimap.tunnels import Tunnel, tunnel
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, some, the, under

read = MainFile(offlineimap, ".offlineimaprc").read

HEAD = (
    "[general]\naccounts = Work\n\n[Account Work]\nlocalrepository = Local\nremoterepository = Remote\n\n"
    "[Repository Local]\ntype = Maildir\n\n[Repository Remote]\n"
)
CA = "sslcacertfile = OS-DEFAULT\n"
PIN = "a1" * 20


def text_of(lines: str, kind: str = "IMAP", host: str = "remotehost = imap.example.test\n") -> str:
    return f"{HEAD}type = {kind}\n{host}remoteuser = alice\nremotepass = hunter2\n{lines}"


def only(lines: str, version: str = "", kind: str = "IMAP", host: str = "remotehost = imap.example.test\n") -> Fact:
    return the(read(text_of(lines, kind, host), version), "connection")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (CA, {"tls": "implicit", "verify": "ca", "port": 993, "port_stated": False, "cleartext_credentials": False}),
        (CA, {"account": "Work", "mailbox": "alice@example.test", "credential": "literal", "mechanisms": ()}),
        ("", {"broken": "ssl has nothing to check the certificate with: neither sslcacertfile nor cert_fingerprint"}),
        (f"cert_fingerprint = {PIN}\n", {"verify": "fingerprint", "fingerprint_hash": "sha1", "broken": None}),
        (f"{CA}cert_fingerprint = {PIN}\n", {"verify": "fingerprint"}),
        (f"cert_fingerprint = {'a1:' * 31}a1\n", {"verify": "fingerprint", "fingerprint_hash": "sha256"}),
        (
            f"cert_fingerprint = {'a1' * 16}\n",
            {"broken": "cert_fingerprint holds no fingerprint that OfflineIMAP compares"},
        ),
        (f"{CA}cert_fingerprint =\n", {"verify": "ca"}),
        ("sslcacertfile =\n", {"broken": "sslcacertfile is empty: OfflineIMAP finds no such file"}),
        ("ssl = no\n", {"tls": "opportunistic", "verify": "none", "port": 143, "cleartext_credentials": True}),
        (f"ssl = no\n{CA}cert_fingerprint = {PIN}\n", {"tls": "opportunistic", "verify": "none", "broken": None}),
        ("ssl = no\nstarttls = no\n", {"tls": "none", "cleartext_credentials": True}),
        ("ssl = OFF\nstarttls = False\n", {"tls": "none"}),
        ("ssl = nope\n", {"broken": "ssl is neither yes nor no", "tls": None}),
        ("ssl = no ; not yet\n", {"broken": "ssl is neither yes nor no"}),
        ("ssl = no\nauth_mechanisms = CRAM-MD5\n", {"tls": "opportunistic", "cleartext_credentials": False}),
        ("ssl = no\nauth_mechanisms = GSSAPI, CRAM-MD5\n", {"mechanisms": ("GSSAPI", "CRAM-MD5")}),
        ("ssl = no\nauth_mechanisms = GSSAPI\n", {"tls": "none", "cleartext_credentials": False, "credential": "none"}),
        ("auth_mechanisms = plain\n", {"mechanisms": None}),
        ("auth_mechanisms = PLAIN , LOGIN\n", {"mechanisms": None}),
        (f"{CA}remoteport = 1993\n", {"port": 1993, "port_stated": True}),
        (f"{CA}remoteport = imaps\n", {"port": None, "broken": "remoteport is no port"}),
        (f"{CA}remoteporteval = get_port()\n", {"port": None, "broken": None}),
        (f"{CA}ssl_version = tls1_2\ntls_level = tls_secure\n", {"tls_min": "TLSv1.2", "broken": None}),
        (f"{CA}ssl_version = tls1\n", {"tls_min": "TLSv1.0", "broken": None}),
        (f"{CA}tls_level = tls_secure\n", {"broken": "tls_level needs an ssl_version beside it"}),
        (f"{CA}tls_level = tls_secure\nssl_version = ssl23\n", {"broken": "ssl_version is none that tls_level allows"}),
        (f"{CA}remotehosteval = 'other.test'\n", {"host": "other.test"}),
        (f"{CA}remotehosteval = get_host()\n", {"host": None, "broken": None}),
        (f"{CA}remotehost = %(nothing)s\n", {"host": None}),
        (f"{CA}remotepasseval = get_pass('x')\n", {"credential": "command"}),
        (f"{CA}remotepasseval = os.environ['PASS']\n", {"credential": "environment"}),
        (f"{CA}remotepasseval = keyring.get_password('a', 'b')\n", {"credential": "keyring"}),
        (f"{CA}remotepasseval = 'hunter2'\n", {"credential": "literal"}),
        ("ssl = no\npreauthtunnel = ssh -q h imapd\n", {"authenticates": False, "cleartext_credentials": False}),
        ("transporttunnel = nc h.test 143\n", {"tls": "none", "host": "h.test", "port": 143}),
        ("transporttunnel = nc h.test 143\n", {"cleartext_credentials": True, "broken": None}),
        ("ssl = no\ntransporttunnel = nc h.test 143\n", {"tls": "opportunistic", "verify": "none"}),
        (
            "preauthtunnel = imapd\ntransporttunnel = nc h.test 143\n",
            {"broken": "there are two tunnels: preauthtunnel and transporttunnel"},
        ),
        (f"{CA}ssl = {{{{ ssl }}}}\n", {"tls": None, "verify": None, "broken": None}),
    ],
)
def test_settings_mean_what_offlineimap_makes_of_them(lines: str, expected: dict[str, object]) -> None:
    settings = {line.split(" = ")[0] for line in lines.splitlines()}
    text = "".join(line for line in text_of("").splitlines(True) if line.split(" = ")[0] not in settings)
    assert some(the(read(text + lines), "connection"), expected) == expected


@pytest.mark.parametrize(
    ("lines", "version", "expected"),
    [
        ("", "6.5.7", {"tls": "opportunistic", "port": 143}),
        ("", "6.6.0", {"tls": "implicit"}),
        ("ssl = yes\n", "6.5.5", {"verify": "none", "broken": None}),
        ("ssl = no\nstarttls = no\n", "6.7", {"tls": "opportunistic"}),
        ("ssl = no\nstarttls = no\n", "7.0", {"tls": "none"}),
        ("ssl = no ; not yet\n", "7.3", {"tls": "opportunistic", "broken": None}),
        (f"cert_fingerprint = {'a1' * 32}\n", "7.2", {"fingerprint_hash": None}),
        (f"cert_fingerprint = {'a1' * 32}\n", "7.2.1", {"fingerprint_hash": "sha256"}),
        (f"{CA}remotehost = second.test\n", "7.3", {"host": "second.test", "broken": None}),
        (CA, "0.0", {"version": "8.0.1"}),
    ],
)
def test_versions_differ(lines: str, version: str, expected: dict[str, object]) -> None:
    assert some(only(lines, version), expected) == expected


@pytest.mark.parametrize(
    ("lines", "host", "version", "expected"),
    [
        (CA, "", "", {"host": "imap.gmail.com", "port": 993, "tls": "implicit", "provider": "oauth2"}),
        (CA, "remotehost = h.test\n", "", {"host": "h.test", "port": 993}),
        (CA, "remotehost = h.test\n", "7.0.9", {"host": "imap.gmail.com", "port": 993}),
        ("ssl = no\n", "", "", {"port": 993, "tls": "opportunistic"}),
        ("ssl = no\n" + CA, "", "7.0.9", {"port": 993, "tls": "implicit"}),
        (CA + "preauthtunnel = imapd\n", "", "", {"authenticates": True, "host": "imap.gmail.com"}),
        (CA + "oauth2_refresh_token = abc\n", "", "", {"provider": None}),
        (CA + "auth_mechanisms = XOAUTH2\noauth2_refresh_token_eval = get()\n", "", "", {"credential": "command"}),
        (CA + "auth_mechanisms = XOAUTH2\n", "", "", {"credential": "none"}),
    ],
)
def test_gmail_has_defaults_of_its_own(lines: str, host: str, version: str, expected: dict[str, object]) -> None:
    assert some(only(lines, version, "Gmail", host), expected) == expected


def test_xoauth2_alone_without_a_token_cannot_work() -> None:
    assert str(only(f"{CA}auth_mechanisms = XOAUTH2\n").values["broken"]).startswith("XOAUTH2 has no token")


@pytest.mark.parametrize(
    ("password", "broken"),
    [
        ("50%", "remotepass: a % in it must be written as %%"),
        ("50%%", None),
        ("%(none)s", "remotepass: there is no option none to put in"),
    ],
)
def test_a_percent_sign_in_a_password(password: str, broken: str | None) -> None:
    text = text_of(CA).replace("hunter2", password)
    assert the(read(text), "connection").values["broken"] == broken


def test_interpolation_and_defaults() -> None:
    text = "[DEFAULT]\ndomain = example.test\nuse = no\n" + text_of("ssl = %(use)s\nstarttls = %(USE)s\n").replace(
        "imap.example.test", "imap.%(domain)s"
    )
    fact = the(read(text), "connection")
    assert some(fact, {"tls": 1, "host": 1}) == {"tls": "none", "host": "imap.example.test"}
    assert blamed(text, fact, "tls") == "%(USE)s"
    circle = text_of("remotehost = %(a)s\na = %(b)s\nb = %(a)s\n").replace("remotehost = imap.example.test\n", "")
    assert str(the(read(circle), "connection").values["broken"]).endswith("go round in a circle")


def test_only_listed_accounts_are_synchronised() -> None:
    text = text_of(CA) + "[Account Other]\nlocalrepository = Local\nremoterepository = Remote\n"
    found = read(text)
    assert [fact.values["account"] for fact in of_kind(found, "connection")] == ["Work"]
    assert "account Other is not in accounts" in found.notes[0]
    both = read(text.replace("accounts = Work", "accounts = Other,Work, Gone"))
    assert [fact.values["account"] for fact in of_kind(both, "connection")] == ["Other", "Work"]
    assert under(text.replace("accounts = Work", "accounts = Other,Work, Gone"), both.unread[0].where) == "Gone"
    unknown = read(text.replace("accounts = Work", "accounts = {{ accounts }}"))
    assert len(of_kind(unknown, "connection")) == 2


def test_a_local_repository_that_is_imap_opens_a_session_too() -> None:
    text = text_of(CA).replace("type = Maildir", "type = IMAP\nremotehost = localhost\nssl = no\nstarttls = no")
    facts = of_kind(read(text), "connection")
    assert [(fact.values["host"], fact.values["tls"]) for fact in facts] == [
        ("imap.example.test", "implicit"),
        ("localhost", "none"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "why", "blame"),
    [
        ("type = IMAP", "type = imap", "is no type of a remoterepository of OfflineIMAP", "imap"),
        ("type = IMAP", "type = Maildir", "is no type of a remoterepository of OfflineIMAP", "Maildir"),
        ("remoterepository = Remote", "remoterepository = Gone", "names a repository", "Gone"),
        ("remoterepository = Remote\n", "", "the account has no remoterepository", "Account Work"),
        ("accounts = Work\n", "", "[general] has no accounts: OfflineIMAP does not start", "[general]"),
        ("remoteuser = alice\n", "remoteuser\n", "is no option: NAME = VALUE", "remoteuser"),
        ("[general]", "x = y\n[general]", "stands before any section", "x = y"),
        ("remoteuser = alice", "remotepass = x", "is set twice in its section", "remotepass"),
        ("[Repository Local]", "[Account Work]", "is the name of a section that is already there", "Account Work"),
    ],
)
def test_what_offlineimap_refuses_is_not_read(old: str, new: str, why: str, blame: str) -> None:
    text = text_of(CA).replace(old, new)
    found = read(text)
    assert found.unread[0].why.startswith(why)
    assert under(text, found.unread[0].where) == blame


def test_what_python_refuses_breaks_every_account() -> None:
    text = text_of(CA + "remotehost = other.test\n")
    assert str(the(read(text), "connection").values["broken"]).startswith("Python refuses the file")
    assert the(read(text, "7.3"), "connection").values["broken"] is None


def test_values_go_on_over_lines() -> None:
    text = text_of("folderfilter = lambda f: f in [\n    'INBOX',\n    # comment\n    'ssl = no']\n" + CA)
    fact = the(read(text), "connection")
    assert some(fact, {"tls": 1, "broken": 1}) == {"tls": "implicit", "broken": None}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("tls", "yes"),
        ("verify", "OS-DEFAULT"),
        ("host", "imap.example.test"),
        ("credential", "hunter2"),
        ("mailbox", "alice"),
    ],
)
def test_positions_lie_on_the_value(field: str, expected: str) -> None:
    text = text_of(f"ssl: yes\n{CA}")
    assert blamed(text, the(read(text), "connection"), field) == expected


@pytest.mark.parametrize(
    ("lines", "secrets"),
    [
        ("", ["hunter2"]),
        ("remotepasseval = 'hunter3'\n", ["hunter2", "hunter3"]),
        ("remotepasseval = get_pass('mail')\n", ["hunter2"]),
        ("oauth2_client_secret = abcdef\n", ["hunter2", "abcdef"]),
    ],
)
def test_passwords_are_found_where_they_stand(lines: str, secrets: list[str]) -> None:
    text = text_of(lines)
    assert [blamed(text, fact, "storage") for fact in of_kind(read(text), "secret")] == secrets


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("nc -q0 h.test 143", Tunnel("h.test", 143, "none", "none")),
        ("exec ncat --ssl h.test 993", Tunnel("h.test", 993, "implicit", "none")),
        ("ncat --ssl-verify h.test 993", Tunnel("h.test", 993, "implicit", "ca")),
        ("socat - TCP:h.test:143", Tunnel("h.test", 143, "none", "none")),
        ("socat STDIO OPENSSL:h.test:993,verify=0", Tunnel("h.test", 993, "implicit", "none")),
        ("socat STDIO OPENSSL:h.test:993", Tunnel("h.test", 993, "implicit", "ca")),
        ("openssl s_client -quiet -connect h.test:993", Tunnel("h.test", 993, "implicit", "none")),
        ("openssl s_client -connect h.test:143 -starttls imap", Tunnel("h.test", 143, "required", "none")),
        ("openssl s_client -verify_return_error -connect h.test:993", Tunnel("h.test", 993, "implicit", "ca-noname")),
        ("gnutls-cli -p 993 h.test", Tunnel("h.test", 993, "implicit", "ca")),
        ("MAIL=maildir:~/M /usr/lib/dovecot/imap", Tunnel("localhost", None, "none", "none")),
        ("ssh -q h.test imapd", Tunnel()),
        ("nc h.test 143 | cat", Tunnel()),
        ("nc 'h.test 143", Tunnel()),
        ("", Tunnel()),
    ],
)
def test_where_tunnels_lead(command: str, expected: Tunnel) -> None:
    assert tunnel(command) == expected


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (".offlineimaprc", "offlineimap"),
        ("dot_offlineimaprc.tmpl", "offlineimap"),
        (".offlineimaprc.m4", "offlineimap"),
        ("offlineimaprc-work", "offlineimap"),
        (".config/offlineimap/config", "offlineimap"),
        ("offlineimap.conf", "offlineimap"),
        (".offlineimap.py", None),
        ("offlineimaprc.py", None),
        ("offlineimap.service", None),
    ],
)
def test_names(path: str, name: str | None) -> None:
    assert format_of(path) == name


@pytest.mark.parametrize("text", ["", "# nothing\n", "[general]\naccounts = Work\n"])
def test_a_file_without_accounts_is_not_read(text: str) -> None:
    assert any(unread.fatal for unread in read(text).unread)


def test_sniff() -> None:
    assert offlineimap.sniff(text_of(CA))
    assert not offlineimap.sniff("[general]\naccounts = x\n")
