"""Thunderbird: preferences and what the program does with them."""

from __future__ import annotations

import pytest

from mailpolicy.readers import formats_of, thunderbird
from mailpolicy.types import Fact, Inventory
from tests.readers.reading import blamed, of_kind, read_group

ACCOUNT = {
    "mail.accountmanager.accounts": "account1",
    "mail.account.account1.server": "server1",
    "mail.account.account1.identities": "id1",
    "mail.identity.id1.smtpServer": "smtp1",
    "mail.smtpservers": "smtp1",
    "mail.server.server1.type": "imap",
    "mail.server.server1.hostname": "imap.example.org",
    "mail.server.server1.userName": "alice",
    "mail.smtpserver.smtp1.hostname": "smtp.example.org",
}
Value = str | int | bool


def written(prefs: dict[str, Value | None], call: str = "user_pref") -> str:
    def one(value: Value) -> str:
        return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int) else f'"{value}"'

    return "".join(f'{call}("{name}", {one(value)});\n' for name, value in prefs.items() if value is not None)


def inventory(text: str, version: str = "", name: str = "prefs.js") -> Inventory:
    return read_group(thunderbird, {name: text}, [name], version)


def facts(prefs: dict[str, Value | None], version: str = "") -> dict[object, Fact]:
    made = inventory(written({**ACCOUNT, **prefs}), version)
    return {fact.values["protocol"]: fact for fact in of_kind(made, "connection")}


def server(**prefs: Value) -> dict[str, Value | None]:
    return {f"mail.server.server1.{name}": value for name, value in prefs.items()}


def smtp(**prefs: Value) -> dict[str, Value | None]:
    return {f"mail.smtpserver.smtp1.{name}": value for name, value in prefs.items()}


@pytest.mark.parametrize(
    ("prefs", "expected"),
    [
        ({}, {"tls": "none", "port": 143, "port_stated": False, "cleartext_credentials": True, "role": "access"}),
        (server(socketType=3), {"tls": "implicit", "port": 993, "verify": "ca", "tls_min": "TLSv1.2"}),
        (server(socketType=2), {"tls": "required", "port": 143, "cleartext_credentials": False}),
        (server(socketType=1), {"tls": "opportunistic", "cleartext_credentials": True}),
        (server(socketType=0, isSecure=True), {"tls": "none"}),
        (server(isSecure=True), {"tls": "implicit", "port": 993}),
        (server(isSecure=False), {"tls": "none"}),
        (server(socketType="3"), {"tls": "none"}),
        ({"mail.server.default.socketType": 3}, {"tls": "implicit"}),
        (server(port=1993), {"port": 1993, "port_stated": True}),
        (server(port=-1, socketType=3), {"port": 993, "port_stated": False}),
        (server(port="1993"), {"port": 143}),
        ({}, {"mechanisms": ("PLAIN", "LOGIN"), "authenticates": True, "credential": "prompt"}),
        (server(authMethod=4), {"mechanisms": ("CRAM-MD5",), "cleartext_credentials": False}),
        (server(authMethod=10), {"mechanisms": ("XOAUTH2",), "cleartext_credentials": True}),
        (server(authMethod=8), {"cleartext_credentials": False}),
        (server(authMethod=9), {"mechanisms": (), "cleartext_credentials": True}),
        (server(authMethod=7), {"mechanisms": ("EXTERNAL",), "credential": "none"}),
        (server(authMethod=1), {"authenticates": False, "cleartext_credentials": False}),
        (server(useSecAuth=True), {"mechanisms": ("CRAM-MD5", "GSSAPI", "NTLM")}),
        (server(auth_login=False), {"mechanisms": ("LOGIN",)}),
        (server(authMethod=3, useSecAuth=True), {"mechanisms": ("PLAIN", "LOGIN")}),
        (server(realhostname="new.example.org"), {"host": "new.example.org"}),
        (server(userName="alice@example.org"), {"mailbox": "alice@example.org"}),
        ({"security.tls.version.min": 1, **server(socketType=3)}, {"tls_min": "TLSv1.0"}),
        ({"security.tls.version.enable-deprecated": True, **server(socketType=3)}, {"tls_min": "TLSv1.0"}),
    ],
)
def test_a_mailbox(prefs: dict[str, Value | None], expected: dict[str, object]) -> None:
    values = facts(prefs)["imap"].values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("prefs", "expected"),
    [
        ({}, {"tls": "none", "port": 587, "authenticates": True, "role": "submission"}),
        (smtp(try_ssl=3), {"tls": "implicit", "port": 465}),
        (smtp(try_ssl=2, port=25), {"tls": "required", "port": 25}),
        (smtp(try_ssl=1), {"tls": "opportunistic"}),
        (smtp(socketType=3), {"tls": "none"}),
        (smtp(authMethod=1), {"authenticates": False}),
        (smtp(auth_method=0), {"authenticates": False}),
        (smtp(authMethod=10), {"mechanisms": ("XOAUTH2",)}),
    ],
)
def test_a_submission(prefs: dict[str, Value | None], expected: dict[str, object]) -> None:
    values = facts(prefs)["smtp"].values
    assert {name: values.get(name) for name in expected} == expected


def test_before_91_submission_without_tls_goes_to_port_25() -> None:
    assert facts({}, "78.0")["smtp"].values["port"] == 25


@pytest.mark.parametrize(
    ("prefs", "expected"),
    [
        ({}, {"deletes_on_server": True, "uidl": True, "port": 110}),
        (server(leave_on_server=True), {"deletes_on_server": False, "keeps_days": None}),
        (server(leave_on_server=True, num_days_to_leave_on_server=14), {"keeps_days": None}),
        (server(leave_on_server=True, delete_by_age_from_server=True), {"keeps_days": 7, "deletes_on_server": True}),
        (
            server(leave_on_server=True, delete_by_age_from_server=True, num_days_to_leave_on_server=30),
            {"keeps_days": 30},
        ),
        (
            server(leave_on_server=False, delete_by_age_from_server=True),
            {"deletes_on_server": True, "keeps_days": None},
        ),
        (server(leave_on_server=True, delete_mail_left_on_server=True), {"deletes_on_server": False}),
        (server(socketType=3), {"port": 995}),
    ],
)
def test_pop3(prefs: dict[str, Value | None], expected: dict[str, object]) -> None:
    values = facts({**prefs, "mail.server.server1.type": "pop3"})["pop3"].values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize("kind", ["none", "nntp", "rss", "im", "exchange", "ews"])
def test_other_accounts_are_no_mailboxes(kind: str) -> None:
    assert set(facts({"mail.server.server1.type": kind})) == {"smtp"}


def test_servers_that_no_account_refers_to_are_left_over() -> None:
    other = {"mail.server.server9.type": "imap", "mail.server.server9.hostname": "old.example.org",
             "mail.smtpserver.smtp9.hostname": "old.example.org"}  # fmt: skip
    assert {fact.values["host"] for fact in facts(dict(other)).values()} == {"imap.example.org", "smtp.example.org"}


@pytest.mark.parametrize(
    ("prefs", "host"),
    [
        ({"mail.identity.id1.smtpServer": None, "mail.smtp.defaultserver": "smtp1"}, "smtp.example.org"),
        ({"mail.identity.id1.smtpServer": None}, "smtp.example.org"),
        ({"mail.identity.id1.smtpServer": ""}, "smtp.example.org"),
    ],
)
def test_an_identity_without_server_takes_the_default(prefs: dict[str, Value | None], host: str) -> None:
    assert facts(prefs)["smtp"].values["host"] == host


def test_without_a_list_of_accounts_all_servers_count() -> None:
    text = written(
        {name: value for name, value in ACCOUNT.items() if name.startswith(("mail.server", "mail.smtpserver."))}
    )
    assert len(of_kind(inventory(text), "connection")) == 2


def test_user_js_holds_over_prefs_js() -> None:
    files = {
        "p/prefs.js": written({**ACCOUNT, **server(socketType=3)}),
        "p/user.js": written(server(socketType=0)),
        "q/prefs.js": written(dict(ACCOUNT)),
    }
    groups = thunderbird.groups(["p/user.js", "p/prefs.js", "q/prefs.js"])
    assert groups == [("p/prefs.js", "p/user.js"), ("q/prefs.js",)]
    made = read_group(thunderbird, files, groups[0])
    (fact,) = [fact for fact in made.facts if fact.values["protocol"] == "imap"]
    assert fact.values["tls"] == "none"
    assert [origin.how for origin in fact.origins["tls"]] == ["declares", "sets", "overrides"]
    assert blamed(files, fact, "tls") == "0"


def test_the_later_of_two_lines_holds() -> None:
    text = written(dict(ACCOUNT)) + written(server(socketType=3)) + written(server(socketType=2))
    (fact,) = [fact for fact in inventory(text).facts if fact.values["protocol"] == "imap"]
    assert fact.values["tls"] == "required"


@pytest.mark.parametrize("call", ["pref", "lockPref", "defaultPref", "sticky_pref"])
def test_autoconfig_files(call: str) -> None:
    text = "// first line\n" + written({**ACCOUNT, **server(socketType=3)}, call)
    found = {fact.values["protocol"]: fact for fact in inventory(text, name="etc/mozilla.cfg").facts}
    assert found["imap"].values["tls"] == "implicit"


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ('user_pref("mail.server.server1.hostname", "{{ host }}");', {"host"}),
        ('user_pref("mail.server.server1.socketType", {{ type }});', {"tls", "verify"}),
        ('{% if tls %}\nuser_pref("mail.server.server1.socketType", 3);\n{% endif %}', {"tls"}),
        ('user_pref("mail.server.server1.port", __PORT__);', {"port"}),
    ],
)
def test_what_a_template_decides_is_unknown(line: str, unknown: set[str]) -> None:
    made = inventory(written(dict(ACCOUNT)) + line + "\n")
    (fact,) = [fact for fact in made.facts if fact.values["protocol"] == "imap"]
    assert not unknown & set(fact.values)
    assert unknown <= set(fact.origins)


def test_code_of_an_autoconfig_file_is_unknown() -> None:
    text = written(dict(ACCOUNT), "pref") + 'if (x) {\n  lockPref("mail.server.server1.socketType", 3);\n}\n'
    text += 'lockPref("mail.server.server1.hostname", getenv("HOST"));\n'
    (fact,) = [f for f in inventory(text, name="mozilla.cfg").facts if f.values["protocol"] == "imap"]
    assert not {"tls", "host"} & set(fact.values)


@pytest.mark.parametrize(
    ("prefs", "field", "text"),
    [
        (server(socketType=0), "tls", "0"),
        (server(port=143), "port", "143"),
        ({}, "host", "imap.example.org"),
        (server(leave_on_server=False, type="pop3"), "deletes_on_server", "false"),
        ({}, "tls", "mail.server.server1.hostname"),
    ],
)
def test_positions_lie_on_the_value(prefs: dict[str, Value | None], field: str, text: str) -> None:
    whole = written({**ACCOUNT, **prefs})
    (fact,) = [fact for fact in inventory(whole).facts if fact.values["role"] == "access"]
    assert blamed({"prefs.js": whole}, fact, field) == text


def test_passwords_of_the_program_are_in_its_key_ring() -> None:
    files = {"prefs.js": written(dict(ACCOUNT)), "logins.json": '{"logins":[{"hostname":"imap://imap.example.org"}]}'}
    found = {f.values["protocol"]: f.values["credential"] for f in read_group(thunderbird, files, ["prefs.js"]).facts}
    assert found == {"imap": "keyring", "smtp": "prompt"}


def test_a_password_in_a_preference_is_a_secret() -> None:
    made = inventory(written({**ACCOUNT, "mail.smtpserver.smtp1.password": "hunter2"}))
    assert [fact.kind for fact in made.facts] == ["connection", "connection", "secret"]


def test_lines_that_are_no_preferences_are_unread() -> None:
    made = inventory(written(dict(ACCOUNT)) + 'what is this;\nuser_pref("a", 1);\nuser_pref("b" 2);\n')
    assert [unread.where.line for unread in made.unread] == [10, 12]
    assert not inventory("# comment\n// comment\n/* user_pref(1) */\n" + written(dict(ACCOUNT))).unread


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("x/prefs.js", 'user_pref("mail.server.server1.type", "imap");', ["thunderbird"]),
        ("user.js", "user_pref('mailnews.x', 1);", ["thunderbird"]),
        ("user.js", 'user_pref("browser.startup.page", 0);', []),
        ("prefs.js", "module.exports = {mail: 1};", []),
        ("etc/thunderbird/mozilla.cfg", '//\nlockPref("mail.server.server1.type", "imap");', ["thunderbird"]),
    ],
)
def test_the_text_tells_the_format(path: str, text: str, expected: list[str]) -> None:
    assert formats_of(path, lambda: text) == expected


def test_a_profile_without_accounts_is_noted() -> None:
    made = inventory('user_pref("mail.biff.play_sound", false);\n')
    assert (made.facts, made.notes) == ((), ("prefs.js: holds no account",))
    assert [unread.fatal for unread in inventory("x").unread] == [True]
