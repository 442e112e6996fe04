"""The Maddy reader: files in, facts out. The expectations follow the sources of Maddy 0.5.0 to 0.9.4."""

from __future__ import annotations

import time

import pytest

from mailpolicy.readers import format_of, maddy
from mailpolicy.readers.maddy.syntax import Node, load
from mailpolicy.tree import Memory
from tests.readers.reading import MainFile, blamed, under

NAME = "etc/maddy/maddy.conf"
TLS = "tls file /etc/a.crt /etc/a.key\n"
TOP = "hostname mx.example.org\n"
LOCAL = "deliver_to dummy"
OUT = "target.remote out { }\n"
SMTP = "smtp tcp://0.0.0.0:25 {\n  deliver_to dummy\n}\n"


MADDY = MainFile(maddy, NAME)
read, facts, only = MADDY.read, MADDY.facts, MADDY.only


def refusal(text: str, version: str = "") -> tuple[str, str]:
    """The text that Maddy refuses, and why."""
    made = read(text, version)
    assert not [fact for fact in made.facts if fact.kind in ("listener", "connection", "server")]
    assert any("does not start" in note for note in made.notes)
    (unread,) = made.unread
    return under(text, unread.where), unread.why


def tree(nodes: tuple[Node, ...]) -> list[object]:
    return [
        [n.name.text, *(a.text for a in n.args), *([] if n.children is None else [tree(n.children)])] for n in nodes
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a b "c d" e', [["a", "b", "c d", "e"]]),
        ('a "x\\"y" ""', [["a", 'x"y', ""]]),
        ('a "two\nlines"\nb', [["a", "two\nlines"], ["b"]]),
        ("a b # c\nd", [["a", "b"], ["d"]]),
        ("a b#c d", [["a", "b", "d"]]),  # a comment that begins within a word ends at the next blank
        ("a b \\\n  c", [["a", "b", "c"]]),
        ("a { b }", [["a", [["b"]]]]),
        ("a {\n}\nb", [["a", []], ["b"]]),
        ("$(x) = 1\na $(x) p$(x)q", [["a", "1", "p1q"]]),
        ("$(x) = 1 2\na $(x)", [["a", "1", "2"]]),
        ("a $(x) b$(x)\n$(x) = 1", [["a", "b"]]),  # a macro is nothing before it is declared
        ("(s) {\n  b c\n}\na {\n  import s\n}", [["a", [["b", "c"]]]]),
        ("a {\n  import s\n}\n(s) {\n  b\n}", [["a", [["b"]]]]),  # a snippet may be declared later
    ],
)
def test_grammar(text: str, expected: list[object]) -> None:
    assert tree(load(Memory({NAME: text}), NAME).nodes) == expected


@pytest.mark.parametrize(
    ("text", "blame"),
    [
        ("a {\n  b\n", "b"),
        ("a\n}\n", "}"),
        ("a { b } c\n", "c"),
        ("{ a }\n", "{"),
        ("9a b\n", "9a"),
        ("$(x) 1\n", "$(x)"),
        ("a {\n  $(x) = 1\n}\n", "$(x)"),
        ("$(x) = 1 2\na b$(x)\n", "b$(x)"),
        ("(s) {\n  import s\n}\nimport s\n", "import"),
    ],
)
def test_broken_grammar(text: str, blame: str) -> None:
    whole = f"{TLS}{TOP}{SMTP}{text}"
    assert refusal(whole)[0] == blame


def test_an_imported_file_keeps_its_macros_for_itself() -> None:
    files = {
        NAME: f"$(host) = mx.example.org\nimport tls.d/mail\n{TOP}{SMTP}",
        "etc/maddy/tls.d/mail.conf": "tls file /etc/$(host)a.crt /etc/a.key\n",
    }
    assert only(files).values["certificate"] == "/etc/a.crt"
    assert read(files).files == tuple(files)


def test_an_import_that_is_not_here_leaves_unknown_what_it_may_set() -> None:
    made = read(f"import /srv/elsewhere\n{SMTP}")
    (fact,) = (fact for fact in made.facts if fact.kind == "listener")
    assert "tls" not in fact.values
    assert "relay" not in fact.values
    assert (fact.values["port"], fact.values["role"]) == (25, "mx")
    assert "is not known" in made.notes[0]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("tcp://0.0.0.0:25", ("*", 25)),  # Go opens a socket of both families
        ("tcp://:25", ("*", 25)),
        ("tcp://[::]:25", ("*", 25)),
        ("tcp:192.0.2.1:25", ("192.0.2.1", 25)),
        ("tls://[2001:db8::1]:465", ("2001:db8::1", 465)),
        ("tcp://localhost:2525", ("127.0.0.1", 2525)),
        ("tcp://mail.example.org:25", (None, 25)),
        ("tcp://{env:IP}:25", (None, 25)),
        ("tcp://10.0.0.1:{env:PORT}", (None, None)),
    ],
)
def test_addresses(address: str, expected: tuple[str | None, int | None]) -> None:
    fact = only(f"{TLS}{TOP}smtp {address} {{\n  deliver_to dummy\n}}\n")
    assert (fact.values.get("address"), fact.values.get("port")) == expected


def test_a_unix_socket_is_no_listener() -> None:
    assert [f.values["port"] for f in facts(f"{TOP}{TLS}lmtp unix://a.sock tcp://[::1]:24 {{\n {LOCAL}\n}}\n")] == [24]


IMAP = "imap tcp://0.0.0.0:143 {\n  auth pam\n  storage dummy\n%s}\n"
SUBMISSION = "submission tcp://0.0.0.0:587 {\n  auth pam\n  deliver_to dummy\n%s}\n"


@pytest.mark.parametrize(
    ("text", "tls", "auth", "blame"),
    [
        (TLS + IMAP % "", "required", "tls-only", "pam"),
        (TLS + IMAP % "  insecure_auth yes\n", "optional", "cleartext", "yes"),
        (TLS + IMAP % "  insecure_auth\n", "optional", "cleartext", "insecure_auth"),
        ("tls off\n" + IMAP % "", "none", "cleartext", "off"),  # TLS off turns insecure_auth on
        (TLS + IMAP % "  tls off\n", "none", "cleartext", "off"),
        ("tls off\n" + IMAP % "  tls file /a /b\n", "required", "tls-only", "pam"),
        ("tls off\n" + IMAP % "  insecure_auth no\n", "none", "cleartext", "off"),
        (TLS + IMAP.replace("tcp", "tls") % "  insecure_auth yes\n", "implicit", "tls-only", "tls://0.0.0.0:143"),
        (TLS + SUBMISSION % "", "required", "tls-only", "pam"),
        (TLS + SUBMISSION % "  insecure_auth true\n", "optional", "cleartext", "true"),
        (TLS + SUBMISSION % "  insecure_auth {env:X}\n", None, None, "{env:X}"),
        (TLS + SMTP, "optional", "none", "tcp://0.0.0.0:25"),
        ("tls off\n" + SMTP, "none", "none", "tcp://0.0.0.0:25"),
        (SMTP.replace("smtp", "lmtp"), "none", "none", "tcp://0.0.0.0:25"),  # lmtp alone may do without tls
        (TLS + SMTP.replace("smtp", "lmtp"), "optional", "none", "tcp://0.0.0.0:25"),
    ],
)
def test_tls_and_logins(text: str, tls: str | None, auth: str | None, blame: str) -> None:
    fact = only(TOP + text)
    assert (fact.values.get("tls"), fact.values.get("auth")) == (tls, auth)
    assert blamed(TOP + text, fact, "auth") == blame


@pytest.mark.parametrize(
    ("block", "version", "expected", "blame"),
    [
        ("", "0.5", "1.0 1.1 1.2 1.3", ""),
        ("", "0.9", "1.0 1.1 1.2 1.3", ""),
        ("protocols tls1.2 tls1.3", "", "1.2 1.3", "tls1.2"),
        ("protocols tls1.2", "", "1.2", "tls1.2"),  # one version is the lowest and the highest
        ("protocols tls1.1 tls1.2", "", "1.1 1.2", "tls1.1"),
        ('protocols "" tls1.3', "0.9", "1.2 1.3", ""),
        ('protocols "" tls1.3', "0.7", "1.0 1.1 1.2 1.3", ""),
        ("ciphers ECDHE-RSA-WITH-AES128-GCM-SHA256", "", "1.2 1.3", "ECDHE-RSA-WITH-AES128-GCM-SHA256"),
        ("ciphers ECDHE-RSA-WITH-AES128-CBC-SHA", "", "1.0 1.1 1.2 1.3", ""),
        ("protocols {env:TLS}", "", "", "{env:TLS}"),
    ],
)
def test_tls_versions(block: str, version: str, expected: str, blame: str) -> None:
    text = f"{TOP}tls file /etc/a.crt /etc/a.key {{\n{block}\n}}\n{SMTP}"
    fact = only(text, version=version)
    versions = tuple(f"TLSv{v}" for v in expected.split())
    assert fact.values.get("tls_versions", ()) == versions
    assert fact.values.get("tls_min") == (versions[0] if versions else None)
    if blame:
        assert blamed(text, fact, "tls_min") == blame


@pytest.mark.parametrize(
    ("tls", "expected"),
    [
        ("tls file /etc/a.crt /etc/a.key", "/etc/a.crt"),
        ("tls {\n loader file /etc/a.crt /etc/a.key\n}", "/etc/a.crt"),
        ("tls {\n loader file {\n  certs /etc/b.crt\n  keys /etc/b.key\n }\n}", "/etc/b.crt"),
        ("tls &named\ntls.loader.file named {\n certs /etc/c.crt\n keys /etc/c.key\n}", "/etc/c.crt"),
        ("tls self_signed", "unknown"),
        ("tls {\n loader acme {\n  agreed\n }\n}", "unknown"),
        ("tls {\n protocols tls1.2 tls1.3\n}", None),
    ],
)
def test_certificates(tls: str, expected: str | None) -> None:
    assert only(f"{TOP}{tls}\n{SMTP}").values.get("certificate", "unknown") == expected


def test_tls_without_a_loader_fails_every_handshake() -> None:
    text = f"{TOP}tls {{\n  protocols tls1.2 tls1.3\n}}\n{SMTP}"
    fact = only(text)
    assert "no certificate" in str(fact.values["broken"])
    assert blamed(text, fact, "broken") == "tls"


def test_versions_that_cross_leave_none() -> None:
    text = f"{TOP}tls file /etc/a.crt /etc/a.key {{\n  protocols tls1.3 tls1.2\n}}\n{SMTP}"
    assert "no TLS version" in str(only(text).values["broken"])


@pytest.mark.parametrize(
    ("version", "directive", "expected"),
    [
        ("0.7", "", ("LOGIN", "PLAIN")),
        ("0.8", "", ("PLAIN",)),
        ("0.9", "sasl_login yes", ("LOGIN", "PLAIN")),
    ],
)
def test_mechanisms(version: str, directive: str, expected: tuple[str, ...]) -> None:
    assert only(TOP + TLS + SUBMISSION % f"{directive}\n", version=version).values["mechanisms"] == expected


def test_imap_without_auth_serves_nobody() -> None:
    fact = only(f"{TLS}imap tls://0.0.0.0:993 {{\n  storage dummy\n}}\n")
    assert fact.values["auth"] == "none"
    assert "nobody can log in" in str(fact.values["broken"])


QUEUE = "target.queue queue {\n target &out\n}\n"
ROUTING = (
    "msgpipeline routing {\n destination example.org {\n  deliver_to dummy\n }\n default_destination {\n  %s\n }\n}\n"
)


def smtp(body: str) -> str:
    return f"smtp tcp://0.0.0.0:25 {{\n{body}\n}}\n"


@pytest.mark.parametrize(
    ("blocks", "body", "expected"),
    [
        (OUT, "deliver_to &out", "open"),
        ("", "deliver_to remote", "open"),
        (OUT + QUEUE, "default_destination {\n deliver_to &queue\n}", "open"),
        (OUT, "destination example.org {\n deliver_to &out\n}\ndefault_destination {\n reject\n}", "none"),
        (OUT + ROUTING % "deliver_to &out", "deliver_to &routing", "open"),
        (ROUTING % "reject", "deliver_to &routing", "none"),
        (
            OUT + ROUTING % "deliver_to &out",
            "destination example.org {\n deliver_to &routing\n}\ndefault_destination {\n reject\n}",
            "none",
        ),
        (OUT, "source example.org {\n deliver_to &out\n}\ndefault_source {\n reject\n}", "open"),  # senders are forged
        ("", "reroute {\n deliver_to remote\n}", "open"),
        (OUT, "check {\n authorize_sender\n}\ndeliver_to &out", "none"),
        (OUT, "check {\n authorize_sender {\n  unauth_action ignore\n }\n}\ndeliver_to &out", "open"),
        (OUT, "check {\n milter tcp://127.0.0.1:1\n}\ndeliver_to &out", None),
        (OUT, "check {\n dkim\n spf\n}\ndeliver_to &out", "open"),
        ("", "deliver_to smtp tcp://10.0.0.2:25", None),  # the server behind decides
        (OUT, "destination_in file /a {\n deliver_to &out\n}\ndefault_destination {\n reject\n}", None),
        ("", "deliver_to dummy", "none"),
    ],
)
def test_who_may_relay(blocks: str, body: str, expected: str | None) -> None:
    assert only(TOP + TLS + blocks + smtp(body)).values.get("relay") == expected


def test_an_open_relay_is_shown_where_mail_of_strangers_leaves() -> None:
    text = TOP + TLS + OUT + QUEUE + smtp("default_destination {\n  deliver_to &queue\n}")
    assert blamed(text, only(text), "relay") == "&queue"


@pytest.mark.parametrize(
    ("body", "relay", "bound"),
    [
        ("deliver_to &out", "authenticated", False),
        ("check {\n authorize_sender\n}\ndeliver_to &out", "authenticated", True),
        ("check {\n authorize_sender {\n  no_match_action ignore\n }\n}\ndeliver_to &out", "authenticated", False),
        (
            "source example.org {\n check {\n  authorize_sender\n }\n deliver_to &out\n}\ndefault_source {\n reject\n}",
            "authenticated",
            True,
        ),
    ],
)
def test_submission(body: str, relay: str, bound: bool) -> None:
    fact = only(f"{TOP}{TLS}{OUT}submission tls://0.0.0.0:465 {{\n auth pam\n{body}\n}}\n")
    assert (fact.values["relay"], fact.values["sender_bound"], fact.values["role"]) == (relay, bound, "submission")


@pytest.mark.parametrize(
    ("text", "blame", "why"),
    [
        (TOP + SMTP, "smtp", "tls"),
        (TLS + SMTP, "smtp", "hostname"),
        (TOP + "tls off\n" + SMTP.replace("tcp:", "tls:"), "tls://0.0.0.0:25", "tls is off"),
        (TOP + TLS + SMTP.replace("0.0.0.0:25", "0.0.0.0"), "tcp://0.0.0.0", "address"),
        (TOP + TLS + SMTP.replace("0.0.0.0", "*"), "tcp://*:25", "0.0.0.0"),
        (TOP + TLS + SMTP.replace(":25", ":smtp"), "tcp://0.0.0.0:smtp", "address"),
        (TOP + TLS + SMTP + "auth pam\n", "auth", "no module"),  # auth is not inherited
        (TOP + TLS + SMTP.replace("dummy", "&gone"), "&gone", "no block"),
        (TOP + TLS + SMTP + OUT, "out", "nothing uses"),
        (TOP + TLS + SMTP + "dummy a {}\ndummy a {}\n", "a", "another block"),
        (TOP + TLS + SUBMISSION.replace("  auth pam\n", "") % "", "submission", "auth"),
        (TOP + TLS + SUBMISSION % "  insecure_auth maybe\n", "maybe", "yes or no"),
        (TOP + TLS + SUBMISSION % "  debug\n  debug\n", "debug", "twice"),
        (TOP + TLS + smtp("relay_to x"), "relay_to", "no directive"),
        (TOP + TLS + smtp("destination a.example {\n deliver_to dummy\n}"), "destination", "default_destination"),
        (TOP + TLS + smtp("source a.example {\n deliver_to dummy\n}\ndeliver_to dummy"), "deliver_to", "beside"),
        (TOP + "tls file /a\n" + SMTP, "/a", "pairs"),
        (TOP + "tls file a.crt a.key\n" + SMTP, "a.crt", "absolute"),
        (TOP + "tls file /a /b {\n protocols tlsv1.2\n}\n" + SMTP, "tlsv1.2", "no version"),
        (TOP + TLS + "imap tcp://0.0.0.0:143 {\n auth pam\n}\n", "imap", "storage"),
    ],
)
def test_refused(text: str, blame: str, why: str) -> None:
    found, words = refusal(text)
    assert found == blame
    assert why in words


def remote(block: str) -> str:
    return f"{TOP}{TLS}target.remote out {{\n{block}\n}}\n{smtp('deliver_to &out')}"


@pytest.mark.parametrize(
    ("block", "tls", "verify"),
    [
        ("", "opportunistic", "none"),
        ("mx_auth {\n dane\n}", "opportunistic", "dane"),
        ("mx_auth {\n local_policy\n}", "required", "none"),
        ("mx_auth {\n local_policy {\n  min_tls_level none\n }\n}", "opportunistic", "none"),
        ("mx_auth {\n dane\n local_policy {\n  min_tls_level encrypted\n }\n}", "required", "dane"),
        ("mx_auth {\n local_policy {\n  min_tls_level authenticated\n }\n}", "required", "ca"),
    ],
)
def test_remote(block: str, tls: str, verify: str) -> None:
    values = only(remote(block), "connection").values
    assert (values["host"], values["port"], values["tls"], values["verify"]) == ("*", 25, tls, verify)


def test_a_level_is_blamed_where_it_stands() -> None:
    text = remote("mx_auth {\n local_policy {\n  min_tls_level encrypted\n }\n}")
    assert blamed(text, only(text, "connection"), "tls") == "encrypted"


def smarthost(target: str, block: str = "") -> str:
    return f"{TOP}{TLS}{smtp(f'deliver_to {target} {{{chr(10)}{block}{chr(10)}}}')}"


@pytest.mark.parametrize(
    ("target", "block", "version", "tls"),
    [
        ("smtp tcp://mail.example.org:587", "", "0.9", "required"),
        ("smtp tcp://mail.example.org:587", "", "0.8.1", "required"),
        ("smtp tcp://mail.example.org:587", "", "0.8.0", "opportunistic"),
        ("smtp tcp://mail.example.org:587", "require_tls yes", "0.7", "required"),
        ("smtp tcp://mail.example.org:587", "attempt_starttls no", "0.7", "none"),
        ("smtp tcp://mail.example.org:587", "attempt_starttls no", "0.9", "none"),
        ("smtp tcp://mail.example.org:587", "starttls no", "0.9", "none"),
        ("lmtp tcp://10.0.0.2:24", "", "0.9", "none"),
        ("lmtp tcp://10.0.0.2:24", "starttls yes", "0.9", "required"),
        ("smtp tls://mail.example.org:465", "starttls no", "0.9", "implicit"),
    ],
)
def test_servers_behind(target: str, block: str, version: str, tls: str) -> None:
    fact = only(smarthost(target, block), "connection", version)
    assert fact.values["tls"] == tls
    assert fact.values["verify"] == ("none" if tls == "none" else "ca")
    assert fact.values["broken"] is None


def test_implicit_tls_needs_starttls_no_since_0_8_1() -> None:
    text = smarthost("smtp tls://mail.example.org:465")
    fact = only(text, "connection")
    assert "starttls no" in str(fact.values["broken"])
    assert blamed(text, fact, "broken") == "tls://mail.example.org:465"
    assert only(text, "connection", "0.8.0").values["broken"] is None


@pytest.mark.parametrize(
    ("auth", "version", "authenticates", "clear", "role", "credential"),
    [
        ("", "0.9", False, False, "relay", "none"),
        ("auth off", "0.9", False, False, "relay", "none"),
        ("auth plain joe geheim-1", "0.9", True, False, "submission", "literal"),
        ("auth plain joe geheim-1", "0.7", True, True, "submission", "literal"),
        ("auth plain joe {env:PASS}", "0.9", True, False, "submission", "environment"),
        ("auth plain joe geheim-1\nstarttls no", "0.9", True, True, "submission", "literal"),
        ("auth external", "0.9", False, False, "relay", "none"),
        ("auth forward", "0.9", True, False, "submission", None),
    ],
)
def test_logins_behind(
    auth: str, version: str, authenticates: bool, clear: bool, role: str, credential: str | None
) -> None:
    values = only(smarthost("smtp tcp://mail.example.org:587", auth), "connection", version).values
    assert (values["authenticates"], values["cleartext_credentials"], values["role"]) == (authenticates, clear, role)
    assert values.get("credential") == credential


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("auth plain joe geheim-1", ["geheim-1"]),
        ('auth plain joe "geheim 1"', ["geheim 1"]),
        ("auth plain joe {env:PASS}", []),
        ("auth off", []),
    ],
)
def test_secrets_of_targets(line: str, expected: list[str]) -> None:
    text = smarthost("smtp tcp://mail.example.org:587", line)
    assert [blamed(text, fact, "storage") for fact in facts(text, "secret")] == expected


def test_secrets_elsewhere_stand_even_where_maddy_does_not_start() -> None:
    text = (
        'auth.ldap a {\n bind plain "cn=a" geheim-1\n}\nstorage.imapsql b {\n'
        ' dsn "host=db password=geheim-2 user=m"\n}\nstorage.blob.s3 c {\n secret_key geheim-3\n}\n'
    )
    assert [blamed(text, fact, "storage") for fact in facts(text, "secret")] == ["geheim-1", "geheim-2", "geheim-3"]


def test_directives_without_effect() -> None:
    text = smarthost("smtp tcp://mail.example.org:587", "require_tls yes\nattempt_starttls yes")
    found = [(fact.values["name"], fact.values["state"]) for fact in facts(text, "setting")]
    assert found == [("require_tls", "ignored"), ("attempt_starttls", "deprecated")]
    assert facts(text, "setting", "0.7") == []


def test_io_debug_logs_passwords() -> None:
    text = TOP + TLS + SUBMISSION % "  io_debug yes\n"
    fact = only(text, "server")
    assert (fact.values["passwords_logged"], fact.values["host"]) == (True, "mx.example.org")
    assert blamed(text, fact, "passwords_logged") == "yes"


@pytest.mark.parametrize(("version", "safe"), [("0.6", False), ("0.7.0", False), ("0.7.1", True), ("", True)])
def test_bare_newlines_end_messages_before_0_7_1(version: str, safe: bool) -> None:
    assert only(TOP + TLS + SMTP, "server", version).values["smuggling_protection"] is safe


def test_a_socket_for_logins_of_other_servers_is_internal() -> None:
    text = f"{TOP}{TLS}{SMTP}dovecot_sasld tcp://0.0.0.0:12345 unix://a.sock {{\n auth pam\n}}\n"
    assert [f.values["role"] for f in facts(text)] == ["mx", "internal"]


def test_of_madmail_only_what_maddy_has_too_is_read() -> None:
    more = "chatmail tls://0.0.0.0:443 {\n auth_db local\n}\ndummy local {}\n"
    made = read(TOP + TLS + smtp("size_by_magic\ndeliver_to dummy") + more)
    (fact,) = (fact for fact in made.facts if fact.kind == "listener")
    assert (fact.values["port"], fact.values["relay"]) == (25, "none")
    assert any("Madmail" in note for note in made.notes)
    assert not made.unread


def test_a_part_without_endpoints_is_no_fault() -> None:
    made = read("tls file /etc/a.crt /etc/a.key {\n  protocols tls1.2 tls1.3\n}\n")
    assert not made.facts
    assert not made.unread
    assert "no endpoint" in made.notes[0]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("etc/maddy/maddy.conf", "maddy"),
        ("dist/maddy.example.conf", "maddy"),
        ("roles/mail/templates/maddy.conf.j2", "maddy"),
        ("etc/fail2ban/filter.d/maddy-auth.conf", None),
        ("etc/nginx/sites-enabled/maddy.conf", "nginx"),
    ],
)
def test_names(path: str, expected: str | None) -> None:
    assert format_of(path) == expected


def test_a_file_of_fail2ban_is_left_alone() -> None:
    made = read("[Definition]\nfailregex = x\n")
    assert not made.facts
    assert not made.unread


def test_templates_leave_unknown_what_they_fill_in() -> None:
    values = only(f"hostname {{{{ host }}}}\n{TLS}smtp tcp://{{{{ ip }}}}:25 {{\n  deliver_to dummy\n}}\n").values
    assert ("address" in values, values["port"], values["tls"]) == (False, 25, "optional")


@pytest.mark.parametrize(
    "piece",
    [
        "a { ",
        '"',
        "{{ ",
        "(s) {\n import s\n}\n",
        "$(x) = $(x) 1\n",
        "$(x) = $(x)$(x)a\n",
        "a }\n",
        "\\\n",
        "#",
        "{env:",
        "auth a",
    ],
)
def test_time_is_linear(piece: str) -> None:
    began = time.perf_counter()
    read(f"{TOP}{TLS}{SMTP}" + piece * (400_000 // len(piece)))
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize("text", ["auth " + "a" * 400_000, "table.a " + "a" * 400_000])
def test_a_long_line_of_a_file_that_is_none_takes_linear_time(text: str) -> None:
    began = time.perf_counter()
    read(text)
    assert time.perf_counter() - began < 10


def test_an_import_that_cannot_be_read_is_blamed_where_it_stands() -> None:
    made = maddy.read(Memory({NAME: f"{TOP}{TLS}{SMTP}import more\n", "etc/maddy/more/a": ""}), (NAME,), None)
    assert "does not exist" in made.unread[0].why
    assert (made.unread[0].where.file, made.unread[0].where.line) == (NAME, 6)


def test_files_that_import_one_another_come_to_an_end() -> None:
    files = {NAME: f"{TOP}{TLS}{SMTP}import b\n", "etc/maddy/b.conf": "import c\nimport c\n"}
    files["etc/maddy/c.conf"] = "import b\nimport b\n"
    assert "end" in read(files).unread[0].why


def test_imports_that_double_come_to_an_end() -> None:
    names = [f"(s{n}) {{\n import s{n + 1}\n import s{n + 1}\n}}\n" for n in range(60)]
    assert "end" in refusal(f"{TOP}{TLS}{SMTP}(s60) {{\n a\n}}\n{''.join(names)}import s0\n")[1]
