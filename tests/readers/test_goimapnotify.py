"""goimapnotify: what a file of each generation means, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import format_of, goimapnotify
from mailpolicy.types import Fact, Inventory
from tests.readers.reading import MainFile, blamed, of_kind, the

NAME = "goimapnotify.yaml"
read = MainFile(goimapnotify, NAME).read


def yaml(*lines: str) -> str:
    rest = "".join(f"    {line}\n" for line in lines)
    return f"configurations:\n  - host: imap.example.test\n    port: 993\n    username: alice\n{rest}    boxes: []\n"


def json(*pairs: str) -> str:
    rest = "".join(f" {pair},\n" for pair in pairs)
    return f'{{\n "host": "imap.example.test",\n "port": 993,\n{rest} "username": "alice", "boxes": ["INBOX"]\n}}\n'


def old(text: str, version: str = "") -> Inventory:
    return read({"imapnotify/work.conf": text}, version)


def only(text: str, version: str = "") -> Fact:
    return the(read(text, version), "connection")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), {"tls": "none", "verify": "none", "cleartext_credentials": True, "port": 993, "account": "alice"}),
        (("tls: true",), {"tls": "implicit", "verify": "none", "cleartext_credentials": False}),
        (("tls: true", "tlsOptions: {rejectUnauthorized: true}"), {"tls": "implicit", "verify": "ca"}),
        (("TLS: true", "tlsoptions: {RejectUnauthorized: true}"), {"tls": "implicit", "verify": "ca"}),
        (("tls: true", "tlsOptions: {starttls: true, rejectUnauthorized: true}"), {"tls": "required", "verify": "ca"}),
        (("tls: false", "tlsOptions: {starttls: true}"), {"tls": "none"}),
        (("tls: 'true'",), {"tls": "implicit"}),
        (("tls: 1",), {"tls": "implicit"}),
        (("tls: true", "tlsOptions: {reject_unauthorized: true}"), {"verify": "none"}),
        (("xoAuth2: true",), {"mechanisms": ("OAUTHBEARER", "XOAUTH2"), "cleartext_credentials": True}),
        ((), {"mechanisms": ("LOGIN",), "credential": "none", "mailbox": "alice@example.test", "expunges": False}),
        (("passwordCMD: pass show mail",), {"credential": "command"}),
        (("passwordCMD: echo hunter2",), {"credential": "literal"}),
        (("password: hunter2", "passwordCMD: pass show mail"), {"credential": "command"}),
        (("password: hunter2",), {"credential": "literal"}),
        (("alias: work",), {"account": "work"}),
        (("hostCMD: cat ~/.host",), {"host": None}),
        (("usernameCMD: cat ~/.user",), {"account": None, "mailbox": None}),
    ],
)
def test_settings_of_the_newest_generation(lines: tuple[str, ...], expected: dict[str, object]) -> None:
    fact = only(yaml(*lines))
    assert {name: fact.values.get(name) for name in expected} == expected
    assert (fact.values["broken"], fact.values["version"]) == (None, "2.5.3")


@pytest.mark.parametrize(
    ("pairs", "version", "expected"),
    [
        (('"tls": true', '"tlsOptions": {"rejectUnauthorized": true}'), "", {"tls": "implicit", "verify": "none"}),
        (('"tls": true', '"tlsOption": {"reject_unauthorized": true}'), "", {"tls": "implicit", "verify": "ca"}),
        (('"tls": true', '"tlsOption": {"starttls": true}'), "2.3.15", {"tls": "required"}),
        (('"tls": true', '"tlsOption": {"starttls": true}'), "2.3.7", {"tls": "implicit"}),
        (('"tls": true',), "1.1.0", {"tls": "implicit"}),
        (
            ('"tls": false', '"tlsOption": {"reject_unauthorized": true}'),
            "1.1.0",
            {"tls": "opportunistic", "verify": "ca"},
        ),
        (('"tls": false',), "1.1.0", {"tls": "opportunistic", "cleartext_credentials": True}),
        (('"tls": false',), "", {"tls": "none", "version": "2.3.15"}),
    ],
)
def test_settings_of_older_generations(pairs: tuple[str, ...], version: str, expected: dict[str, object]) -> None:
    fact = the(old(json(*pairs), version), "connection")
    assert {name: fact.values.get(name) for name in expected} == expected
    assert fact.values["broken"] is None


def test_what_an_old_version_does_not_read_is_blamed_where_it_stands() -> None:
    text = json('"tls": true', '"tlsOptions": {"rejectUnauthorized": true}')
    fact = the(old(text), "connection")
    assert blamed({"imapnotify/work.conf": text}, fact, "verify") == "true"
    assert fact.origins["verify"][-1].note == "it reads tlsOption.reject_unauthorized, not this"


def test_accounts_in_a_list_and_under_configurations() -> None:
    text = '[{"host": "a.test", "port": 993, "boxes": []}, {"host": "b.test", "port": 143, "boxes": []}]'
    assert [fact.values["host"] for fact in old(text).facts] == ["a.test", "b.test"]
    text = "configurations:\n- {host: a.test, port: 993}\n- {hostCMD: x, port: 143}\n"
    assert [fact.values.get("host") for fact in read(text).facts] == ["a.test", None]


@pytest.mark.parametrize(
    ("files", "version", "why"),
    [
        ({"imapnotify/a.conf": json()}, "2.5.3", "reads no file whose name ends in .conf"),
        ({"goimapnotify.json": f"[{json()}]"}, "2.5.3", "reads no list of accounts"),
        ({NAME: yaml()}, "2.3.15", "reads nothing but JSON"),
        ({NAME: yaml().replace("imap.example.test", "''")}, "2.5.3", "first account has no host"),
        ({NAME: yaml("tls: yes")}, "", "tls is neither true nor false"),
        ({NAME: yaml().replace("    port: 993\n", "")}, "", "no port is set"),
        ({NAME: yaml().replace("993", "imaps")}, "", "port is no port"),
        ({"imapnotify/a.conf": json().replace("993", '"993"')}, "", "port is no port"),
        ({"imapnotify/a.conf": json('"tls": "true"')}, "", "tls is neither true nor false"),
    ],
)
def test_what_goimapnotify_refuses_is_broken(files: dict[str, str], version: str, why: str) -> None:
    assert why in str(the(read(files, version), "connection").values["broken"])


@pytest.mark.parametrize(
    ("lines", "unknown"),
    [
        (("tls: '{{ tls }}'",), {"tls", "verify", "cleartext_credentials"}),
        (("tls: {{ .tls }}",), {"tls"}),
        (("alias: ${ALIAS}",), {"account"}),
        (("{{ if .work }}", "password: {{ .password }}", "{{ end }}"), {"credential"}),
    ],
)
def test_what_a_template_decides_is_unknown(lines: tuple[str, ...], unknown: set[str]) -> None:
    inventory = read({"goimapnotify.yaml.tmpl": yaml(*lines)})
    (fact,) = inventory.facts
    assert not inventory.unread
    assert not unknown & set(fact.values)
    assert unknown <= set(fact.origins)


@pytest.mark.parametrize(
    ("lines", "field", "text"),
    [
        (("tls: false",), "tls", "false"),
        (("tls: true", "tlsOptions: {rejectUnauthorized: false}"), "verify", "false"),
        (("tls: true", "tlsOptions: {starttls: true}"), "tls", "true"),
        ((), "host", "imap.example.test"),
        ((), "port", "993"),
        ((), "tls", "host"),
    ],
)
def test_positions_lie_on_the_value(lines: tuple[str, ...], field: str, text: str) -> None:
    whole = yaml(*lines)
    assert blamed(whole, only(whole), field) == text


def test_a_password_in_the_file_is_a_secret_at_its_text() -> None:
    text = yaml('password: "hunter2"')
    assert blamed(text, the(read(text), "secret"), "storage") == "hunter2"
    text = yaml("passwordCMD: echo -n hunter2")
    assert blamed(text, the(read(text), "secret"), "storage") == "hunter2"
    assert not of_kind(read(yaml("password: REDACTED")), "secret")
    assert not of_kind(read(yaml("password: ''")), "secret")


@pytest.mark.parametrize(
    "path",
    ["goimapnotify.yaml", "goimapnotify/work.conf", "imapnotify/a.json", "goimapnotify/b.yaml.tmpl"],
)
def test_its_files_are_known_by_name_and_place(path: str) -> None:
    assert format_of(path) == "goimapnotify"


def test_files_of_other_programs_in_its_folder_are_noted() -> None:
    inventory = read({"goimapnotify/compose.yaml": "services:\n  goimapnotify:\n    image: x\n"})
    assert (inventory.files, inventory.facts, inventory.unread) == ((), (), ())
    assert "no configuration of goimapnotify" in inventory.notes[0]


@pytest.mark.parametrize("text", ["", "{\n", "a: [\n"])
def test_what_cannot_be_read_is_fatal(text: str) -> None:
    assert [u.fatal for u in read(text).unread] == [True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [(yaml(), True), (json('"onNewMail": "x"'), True), ("host: a\nport: 25\n", False), ("", False)],
)
def test_sniffing(text: str, expected: bool) -> None:
    assert goimapnotify.sniff(text) is expected
