"""fetchmail: what a file means, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import fetchmail
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, the, under

READ = MainFile(fetchmail, ".fetchmailrc")
POP3 = "poll pop.example.test proto pop3 user alice pass secret "
IMAP = "poll imap.example.test proto imap user alice pass secret "
MD5 = ":".join(["A0"] * 16)
SHA256 = ":".join(["A0"] * 32)


def sessions(text: str, version: str = "6.4.37") -> list[Fact]:
    return READ.facts(text, "connection", version)


def only(text: str, version: str = "6.4.37") -> Fact:
    return READ.only(text, "connection", version)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (POP3, {"tls": "required", "verify": "ca", "port": 110, "port_stated": False, "cleartext_credentials": False}),
        (POP3 + "ssl", {"tls": "implicit", "port": 995}),
        (IMAP + "ssl", {"tls": "implicit", "port": 993, "protocol": "imap"}),
        (POP3 + "ssl no ssl", {"tls": "required", "port": 110}),
        (POP3 + "sslproto ''", {"tls": "none", "verify": "none", "cleartext_credentials": True}),
        (POP3 + "ssl sslproto ''", {"tls": "implicit", "verify": "ca"}),
        (POP3 + "no sslcertck", {"tls": "opportunistic", "verify": "none", "cleartext_credentials": True}),
        (POP3 + "no sslcertck sslproto 'auto'", {"tls": "required", "verify": "none", "cleartext_credentials": False}),
        (POP3 + "no sslcertck sslproto nonsense", {"tls": "required"}),
        (POP3 + f"no sslcertck sslfingerprint '{MD5}'", {"tls": "required", "verify": "fingerprint"}),
        (POP3 + f"sslfingerprint '{MD5}'", {"fingerprint_hash": "md5", "broken": None}),
        (POP3 + "sslproto TLS1.2+", {"tls_min": "TLSv1.2", "tls": "required"}),
        (POP3 + "sslproto tls1", {"tls_min": "TLSv1.0"}),
        ("poll h port 995 proto pop3 user a", {"tls": "required", "port": 995, "port_stated": True}),
        ("poll h service imaps proto imap user a", {"tls": "required", "port": 993}),
        ("poll h service odd-name proto imap user a", {"port": None}),
        ("poll label via pop.example.test proto pop3", {"account": "label", "host": "pop.example.test"}),
        ("poll h user a", {"protocol": "imap", "port": 143}),
        ("poll h proto apop user a", {"tls": "none", "mechanisms": ("APOP",), "cleartext_credentials": False}),
        ("poll h proto rpop user a", {"tls": "none", "cleartext_credentials": True}),
        (
            "poll h proto pop3 auth cram user a sslproto ''",
            {"mechanisms": ("CRAM-MD5",), "cleartext_credentials": False},
        ),
        (
            "poll h proto pop3 auth password user a sslproto ''",
            {"mechanisms": ("USER",), "cleartext_credentials": True},
        ),
        ("poll h proto imap auth password user a", {"mechanisms": ("LOGIN",), "cleartext_credentials": False}),
        ("poll h proto imap auth ssh sslproto ''", {"authenticates": False, "credential": "none"}),
        ("poll h proto imap auth external user a", {"credential": "none", "mechanisms": ("EXTERNAL",)}),
        ("poll h proto imap auth gssapi user a sslproto ''", {"cleartext_credentials": False, "credential": "none"}),
        (IMAP, {"credential": "literal", "mailbox": "alice@example.test", "expunges": True}),
        (IMAP + "keep", {"expunges": False}),
        (IMAP + "keep flush", {"expunges": True}),
        (POP3, {"deletes_on_server": True, "uidl": True}),
        (POP3 + "keep", {"deletes_on_server": False, "uidl": True}),
        (POP3 + "keep fetchall", {"deletes_on_server": False, "uidl": False}),
        (POP3 + "keep flush", {"deletes_on_server": True}),
        (POP3 + "keep fetchall flush", {"deletes_on_server": False}),
        (POP3 + "keep nokeep", {"deletes_on_server": True}),
        ("poll h proto pop3 user a", {"credential": "prompt", "mailbox": "a@h"}),
        ("poll h proto pop3 user a pass REDACTED", {"credential": None}),
        ("poll h proto etrn", {"protocol": "smtp", "role": "relay", "port": 25, "tls": "none", "authenticates": False}),
        ("poll h proto odmr user a pass b", {"port": 366, "cleartext_credentials": False}),
        ("poll h proto kpop user a", {"protocol": "pop3", "port": 1109, "cleartext_credentials": False}),
    ],
)
def test_options_mean_what_fetchmail_makes_of_them(text: str, expected: dict[str, object]) -> None:
    (fact,) = sessions(text + "\n")
    assert {name: fact.values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        (POP3, "6.3.26", {"tls": "opportunistic", "verify": "none", "cleartext_credentials": True}),
        (POP3 + "sslcertck", "6.3.26", {"tls": "required", "verify": "ca"}),
        (POP3 + "sslproto tls1", "6.3.26", {"tls": "required", "verify": "none"}),
        (POP3 + "sslproto ssl23", "6.3.26", {"tls": "none"}),
        (POP3 + "ssl", "6.3.26", {"tls": "implicit", "verify": "none"}),
        (IMAP + "moveto archive", "6.6.0", {"expunges": False}),
        (
            POP3 + f"sslfingerprint {{SHA256}}{SHA256.replace(':', chr(92) + 'x3a')}",
            "6.6.0",
            {"fingerprint_hash": "sha256"},
        ),
        (POP3 + "sslfingerprint '{SHA256}*'", "6.5.0", {"verify": "ca"}),
        (POP3 + "sslproto ssl3", "6.5.0", {"tls": "required", "tls_min": None}),
    ],
)
def test_versions_differ(text: str, version: str, expected: dict[str, object]) -> None:
    values = only(text + "\n", version).values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('poll h user "a b" pass "c\\"d', [("a b", '"c"d')]),
        ("poll h user keep pass ssl", [("keep", "ssl")]),
        ("poll h user 12 pass 34", [("12", "34")]),
        ("poll h user = pass x", []),
        ("poll h user 'a' pass \"x\"y", [("a", '"x"y')]),
        ("poll h user a pass 'x # y' # comment", []),
        ("poll h user a pass #c\n secret\n", [("a", "secret")]),
        ("poll h user a\\x41 pass \\141\\\\", [("aA", "\x8d\\")]),
        ('poll h user a pass "two\\\nlines"', [("a", "twolines")]),
        ("poll h user a pass 'over\nlines'\n", [("a", "over\nlines")]),
        ("poll h user a there with password b is c here;\n", [("a", "b")]),
        ("poll h user a pass b user c pass d", [("a", "b"), ("c", "d")]),
        ("poll h user a is b = c here pass d", [("a", "d")]),
        ("poll h is a there pass b", [("a", "b")]),
        ("poll h user a nossl pass b", []),
        ("poll h user a is b nosslcertck pass c", [("a", "c")]),
    ],
)
def test_words_are_those_of_the_lexer(text: str, expected: list[tuple[str, str]]) -> None:
    from mailpolicy.readers.fetchmail.grammar import parse
    from mailpolicy.text import Source

    parsed = parse(Source("f", text), (6, 4, 37))
    if not expected:
        assert parsed.refused
    else:
        found = [tuple(query.user[name][-1].text for name in ("user", "password")) for query in parsed.queries]
        assert (found, parsed.refused) == (expected, None)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (POP3 + "port 995", "port"),
        (POP3 + "uidl", "uidl"),
        (POP3 + "sslproto auto", "auto"),
        ("poll h proto pop3 keep user a", "user"),
        ("poll h proto Pop3 user a", "Pop3"),
        ("poll h service imap", "imap"),
        ("poll h port imaps", "imaps"),
        ("set daemon = 300", "300"),
        (POP3 + "nossl", "nossl"),
        (POP3 + "keep # the end", "#"),
        ("poll h proto imap user a is b there pass c is d there e", "e"),
        ("keep", "keep"),
        ("defaults keep\npoll h user a\ndefaults ssl", "defaults"),
        ("poll h user a\ndefaults ssl", "defaults"),
        ("poll h port 0 user a", "0"),
        ("poll h port 70000 user a", "70000"),
        ("poll h proto rpop port 1110 user a", "1110"),
        ("poll h proto imap auth kerberos user a", "kerberos"),
        ("poll h user a lmtp", "lmtp"),
        ("poll h user a lmtp smtphost mail", "mail"),
        ("poll h user a idle folder b c", "idle"),
        (POP3 + "forceidle", "forceidle"),
    ],
)
def test_what_fetchmail_refuses_breaks_the_whole_file(text: str, word: str) -> None:
    found = READ.read(text, "6.4.37")
    assert under(text, found.unread[0].where) == word
    assert all(fact.values["broken"] for fact in of_kind(found, "connection"))


def test_after_a_mistake_the_other_entries_are_read_nevertheless() -> None:
    found = READ.read(POP3 + "uidl keep\npoll b proto imap user c pass other\n", "6.4.37")
    assert len(found.unread) == 2
    assert [fact.values["account"] for fact in of_kind(found, "connection")] == ["pop.example.test", "b"]
    assert len(of_kind(found, "secret")) == 2


@pytest.mark.parametrize(
    ("text", "version", "why"),
    [
        ("poll h proto pop3 auth external user a", "6.4.37", "no login"),
        (POP3 + f"sslfingerprint '{SHA256}'", "6.4.37", "never equals MD5"),
        (POP3 + f"sslfingerprint '{{SHA256}}{SHA256}'", "6.4.37", "never equals MD5"),
        (POP3 + f"sslfingerprint '{MD5.replace(':', '')}'", "6.4.37", "never equals MD5"),
        ("poll h proto pop2 user a", "6.4.37", "POP2"),
        ("poll h proto etrn smtphost a keep", "6.4.37", "not supported with ETRN"),
        (POP3 + "ssl sslproto ssl3", "6.4.37", "no more"),
        (
            "poll h proto imap plugin 'openssl s_client -quiet -connect %h:%p' user a",
            "6.4.37",
            "inside of the plugin's TLS",
        ),
    ],
)
def test_sessions_that_come_to_nothing(text: str, version: str, why: str) -> None:
    assert why in str(sessions(text, version)[0].values["broken"])


def test_defaults_fill_in_what_an_entry_leaves_open() -> None:
    text = "defaults proto pop3 user a pass dflt ssl keep\npoll one\npoll two port 110 user b no ssl nokeep\n"
    one, two = sessions(text)
    assert (one.values["tls"], one.values["mailbox"], one.values["deletes_on_server"]) == ("implicit", "a@one", False)
    assert (two.values["tls"], two.values["mailbox"], two.values["deletes_on_server"]) == ("required", "b@two", True)
    assert two.values["credential"] == "literal"
    assert (blamed(text, one, "deletes_on_server"), blamed(text, two, "deletes_on_server")) == ("keep", "nokeep")


def test_ssl_is_an_option_of_one_user() -> None:
    first, second = sessions("poll h proto pop3 user a ssl user b\n")
    assert (first.values["tls"], second.values["tls"]) == ("implicit", "required")


def test_entries_that_are_skipped_open_nothing_by_themselves() -> None:
    found = READ.read("skip h proto pop3 user a pass hunter-22\n")
    assert not of_kind(found, "connection")
    assert "only when it is named" in found.notes[0]
    assert len(of_kind(found, "secret")) == 1


@pytest.mark.parametrize(
    ("plugin", "expected"),
    [
        ("openssl s_client -quiet -connect %h:%p", {"tls": "implicit", "verify": "none", "host": "h"}),
        ("openssl s_client -verify_return_error -connect %h:%p", {"verify": "ca-noname"}),
        ("openssl s_client -verify_return_error -verify_hostname %h -connect %h:%p", {"verify": "ca"}),
        ("openssl s_client -connect mail.example.test:995", {"host": "mail.example.test", "port": 995}),
        ("openssl s_client -starttls imap -connect %h:%p", {"tls": "required"}),
        ("openssl s_client -quiet -connect %h:993", {"host": "h", "port": 993}),
        ("socat - OPENSSL:%h:993,verify=0", {"host": "h", "port": 993, "verify": "none"}),
        ("socat - TCP:relay.test:%p", {"host": "relay.test", "port": 143, "tls": "none"}),
        ("nc %h 1143", {"host": "h", "port": 1143}),
        ("nc %h %p -w 9", {"host": "h", "port": 143}),
        ("nc %h %p", {"tls": "none", "cleartext_credentials": True, "scope": "private"}),
        ("socat STDIO SOCKS4A:127.0.0.1:%h:%p,socksport=9050", {"tls": "none"}),
        ("socat STDIO OPENSSL:%h:%p,verify=0", {"tls": "implicit", "verify": "none"}),
        ("ssh %h /usr/sbin/imapd", {"scope": "loopback"}),
        ("/usr/local/bin/own %h", {"tls": None, "verify": None, "cleartext_credentials": None}),
    ],
)
def test_plugins(plugin: str, expected: dict[str, object]) -> None:
    values = only(f"poll h proto imap plugin '{plugin}' user a pass b sslproto ''\n").values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("options", "version", "expected"),
    [
        ("smtphost mail.example.test", "6.4.37", {"port": 25, "tls": "none", "protocol": "smtp", "role": "relay"}),
        ("smtphost mail.example.test/2525 lmtp", "6.4.37", {"port": 2525, "protocol": "lmtp"}),
        ("smtphost mail.example.test", "6.6.0", {"tls": "opportunistic", "verify": "none"}),
        ("smtphost mail.example.test/tls", "6.6.0", {"tls": "implicit", "port": 465, "verify": "ca"}),
        ("smtphost mail.example.test/587/starttls", "6.6.0", {"tls": "required", "port": 587}),
        ("smtphost mail.example.test/notls", "6.6.0", {"tls": "none"}),
    ],
)
def test_mail_that_is_handed_on_to_another_machine(options: str, version: str, expected: dict[str, object]) -> None:
    (_, relay) = sessions(POP3 + options + "\n", version)
    assert {name: relay.values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    "options", ["smtphost localhost", "mda cat smtphost mail.example.test", "smtphost /run/lmtp", ""]
)
def test_mail_that_stays_on_the_machine(options: str) -> None:
    assert len(sessions(POP3 + options + "\n")) == 1


def test_the_password_for_the_mail_server_is_sent_in_clear() -> None:
    text = "poll h proto pop3 esmtpname a esmtppassword s3cr3t-x user b smtphost mail.example.test\n"
    found = READ.read(text, "6.4.37")
    relay = of_kind(found, "connection")[1]
    assert relay.values["cleartext_credentials"] is True
    assert under(text, next(fact for fact in of_kind(found, "secret")).origins["storage"][-1].where) == "s3cr3t-x"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "field", "word"),
    [
        (POP3 + "sslproto ''", "tls", "''"),
        (POP3 + "sslproto '' ", "cleartext_credentials", "''"),
        (POP3 + "no sslcertck", "verify", "no sslcertck"),
        (POP3 + "no sslcertck", "tls", "no sslcertck"),
        (POP3 + "ssl", "tls", "ssl"),
        (POP3 + "keep", "deletes_on_server", "keep"),
        (POP3, "credential", "secret"),
        ("poll h proto apop", "tls", "apop"),
        ("poll h proto pop3 auth password user a sslproto ''", "mechanisms", "password"),
        ("poll h service 995 proto pop3", "port", "995"),
        (f'poll h proto pop3 user a ssl sslfingerprint "{MD5}"', "verify", MD5),
        (POP3, "tls", "pop.example.test"),
    ],
)
def test_positions(text: str, field: str, word: str) -> None:
    assert blamed(text, only(text), field) == word


@pytest.mark.parametrize(
    ("text", "unknown", "known"),
    [
        (
            "poll {{ host }} proto pop3 user {{ user }} pass '{{ pw }}' ssl",
            ("host", "account", "credential"),
            {"tls": "implicit"},
        ),
        ("poll h proto {{ proto }} user a", ("protocol", "port"), {"host": "h"}),
        ("poll h proto imap user a {% if tls %}ssl{% endif %}", ("tls", "port"), {"host": "h"}),
        (
            "poll h proto imap user a {{ options }}",
            ("tls", "verify", "cleartext_credentials", "expunges"),
            {"host": "h"},
        ),
        ("poll h proto imap user a {{ options }} ssl", (), {"tls": "implicit"}),
        ("{% for a in b %}poll {{ a }} proto imap user c{% endfor %}", ("host",), {"tls": "required"}),
        ("poll ${HOST} proto imap user a sslproto @PROTO@", ("host", "tls"), {"protocol": "imap"}),
    ],
)
def test_what_a_template_fills_in_is_unknown(text: str, unknown: tuple[str, ...], known: dict[str, object]) -> None:
    found = READ.read(text + "\n", "6.4.37")
    fact = the(found, "connection")
    assert not found.unread
    assert [name for name in unknown if name in fact.values] == []
    assert all(name in fact.origins for name in unknown)
    assert {name: fact.values.get(name) for name in known} == known
    assert not of_kind(found, "secret")


def test_secrets_are_found_once_and_placeholders_are_none() -> None:
    text = "defaults pass hunter-2\npoll a user b\npoll c user d pass \"$PW\"\npoll e user f pass '<password>'\n"
    (fact,) = of_kind(READ.read(text), "secret")
    assert blamed(text, fact, "storage") == "hunter-2"


@pytest.mark.parametrize("text", ["[Unit]\nDescription=fetchmail\n", "d /run/fetchmail 0755 fetchmail - -\n"])
def test_files_of_others_under_its_name(text: str) -> None:
    other = MainFile(fetchmail, "tmpfiles.d/fetchmail.conf").read(text)
    assert (other.files, other.unread, len(other.notes)) == ((), (), 1)
    assert READ.read(text).unread[0].fatal


def test_sniff() -> None:
    assert fetchmail.sniff("# mine\npoll mail.example.test proto imap user a\n")
    assert fetchmail.sniff("set daemon 300\npoll a\n")
    assert not fetchmail.sniff("set -e\n")
    assert not fetchmail.sniff("poll the users about it\n")
    assert not fetchmail.sniff("server {\n listen 80;\n}\n")


def test_a_long_line_is_read_in_linear_time() -> None:
    for text in ('"' * 200_000, "'a\" " * 100_000, "{{" * 200_000, "poll h user a " + "is b " * 200_000):
        READ.read(text)
