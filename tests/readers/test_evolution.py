"""Evolution: sources and what Camel does with them."""

from __future__ import annotations

import pytest

from mailpolicy.readers import evolution, formats_of
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, read_group

FILE = MainFile(evolution, "sources/a.source")


def written(section: str = "Mail Account", backend: str = "imapx", **more: str) -> str:
    """A source; ``Security_Method="none"`` is Method in [Security]."""
    sections: dict[str, list[str]] = {"Data Source": ["DisplayName=Example"], section: [f"BackendName={backend}"]}
    sections["Authentication"] = [] if "Authentication_Host" in more else ["Host=mail.example.org"]
    for name, value in more.items():
        head, key = name.split("_")
        titles = {"Pop": "Pop Backend", "Data": "Data Source", "Imapx": "Imapx Backend"}
        sections.setdefault(titles.get(head, head), []).append(f"{key}={value}")
    return "\n".join(f"[{head}]\n" + "\n".join(lines) + "\n" for head, lines in sections.items())


def only(text: str) -> Fact:
    return FILE.only(text, "connection")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {},
            {"tls": "none", "port": 143, "port_stated": False, "cleartext_credentials": True, "mechanisms": ("LOGIN",)},
        ),
        ({"Security_Method": "none"}, {"tls": "none"}),
        ({"Security_Method": "ssl-on-alternate-port"}, {"tls": "implicit", "port": 993, "verify": "ca"}),
        (
            {"Security_Method": "starttls-on-standard-port"},
            {"tls": "required", "port": 143, "cleartext_credentials": False},
        ),
        ({"Security_Method": "tls"}, {"tls": "required"}),
        ({"Authentication_Port": "1993"}, {"port": 1993, "port_stated": True}),
        ({"Authentication_Port": "0"}, {"port": 143, "port_stated": False}),
        ({"Authentication_Method": "PLAIN"}, {"mechanisms": ("PLAIN",), "cleartext_credentials": True}),
        ({"Authentication_Method": "plain/password"}, {"mechanisms": ("LOGIN",)}),
        ({"Authentication_Method": "CRAM-MD5"}, {"mechanisms": ("CRAM-MD5",), "cleartext_credentials": False}),
        ({"Authentication_Method": "Google"}, {"mechanisms": ("XOAUTH2",), "cleartext_credentials": True}),
        ({}, {"credential": "keyring", "authenticates": True, "account": "Example"}),
        ({"Authentication_RememberPassword": "false"}, {"credential": "prompt"}),
        ({"Authentication_User": "alice@example.org"}, {"mailbox": "alice@example.org"}),
    ],
)
def test_a_mailbox(more: dict[str, str], expected: dict[str, object]) -> None:
    fact = only(written(**more))
    assert {name: fact.values.get(name) for name in expected} == expected
    assert (fact.values["protocol"], fact.values["role"], fact.values["broken"]) == ("imap", "access", None)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {"tls": "none", "port": 25, "authenticates": False, "role": "submission"}),
        ({"Authentication_Method": "PLAIN"}, {"authenticates": True, "cleartext_credentials": True}),
        ({"Security_Method": "ssl-on-alternate-port"}, {"port": 465, "tls": "implicit"}),
        ({"Security_Method": "starttls-on-standard-port"}, {"port": 25, "tls": "required"}),
    ],
)
def test_a_submission(more: dict[str, str], expected: dict[str, object]) -> None:
    fact = only(written("Mail Transport", "smtp", **more))
    assert {name: fact.values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {"deletes_on_server": False, "uidl": True, "keeps_days": None, "port": 110, "mechanisms": ("PLAIN",)}),
        ({"Pop_KeepOnServer": "false"}, {"deletes_on_server": True}),
        ({"Pop_KeepOnServer": "true", "Pop_DeleteAfterDays": "14"}, {"keeps_days": 14, "deletes_on_server": True}),
        ({"Pop_DeleteAfterDays": "0"}, {"keeps_days": None}),
        ({"Pop_KeepOnServer": "false", "Pop_DeleteAfterDays": "14"}, {"keeps_days": None}),
        ({"Pop_DeleteExpunged": "true"}, {"deletes_on_server": False}),
        ({"Authentication_Method": "+APOP"}, {"mechanisms": ("APOP",), "cleartext_credentials": False}),
        ({"Security_Method": "ssl-on-alternate-port"}, {"port": 995}),
    ],
)
def test_pop3(more: dict[str, str], expected: dict[str, object]) -> None:
    fact = only(written("Mail Account", "pop", **more))
    assert {name: fact.values.get(name) for name in expected} == expected


@pytest.mark.parametrize("backend", ["ews", "maildir", "sendmail", "none"])
def test_other_back_ends_name_no_socket(backend: str) -> None:
    inventory = FILE.read(written(backend=backend))
    assert (inventory.facts, inventory.unread) == ((), ())
    assert "no mail socket" in inventory.notes[0]


def test_an_account_that_is_switched_off_opens_nothing() -> None:
    assert not FILE.read(written(Data_Enabled="false")).facts
    files = {"s/a.source": written(Data_Parent="p"), "s/p.source": "[Data Source]\nEnabled=false\n"}
    assert not read_group(evolution, files, ["s/a.source"]).facts
    files["s/p.source"] = "[Data Source]\nEnabled=true\nParent=a\n"
    assert read_group(evolution, files, ["s/a.source"]).facts


def test_a_shell_command_in_place_of_a_connection_is_not_known() -> None:
    fact = only(written(Imapx_UseShellCommand="true"))
    assert not {"host", "tls", "port"} & set(fact.values)


@pytest.mark.parametrize(
    ("more", "unknown"),
    [
        ({"Authentication_Host": "{{ host }}"}, {"host"}),
        ({"Authentication_Port": "${PORT}"}, {"port"}),
        ({"Security_Method": "{{ m }}"}, {"tls", "verify", "port", "cleartext_credentials"}),
        ({"Authentication_Method": "@METHOD@"}, {"mechanisms", "authenticates"}),
    ],
)
def test_what_a_template_decides_is_unknown(more: dict[str, str], unknown: set[str]) -> None:
    fact = only(written(**more))
    assert not unknown & set(fact.values)
    assert unknown <= set(fact.origins)


@pytest.mark.parametrize(
    ("more", "field", "text"),
    [
        ({"Security_Method": "none"}, "tls", "none"),
        ({"Authentication_Port": "143"}, "port", "143"),
        ({}, "host", "mail.example.org"),
        ({}, "tls", "imapx"),
        ({"Pop_KeepOnServer": "false"}, "deletes_on_server", "false"),
    ],
)
def test_positions_lie_on_the_value(more: dict[str, str], field: str, text: str) -> None:
    whole = written(backend="pop" if field == "deletes_on_server" else "imapx", **more)
    assert blamed({"sources/a.source": whole}, only(whole), field) == text


def test_a_source_without_host_is_broken() -> None:
    assert only(written(Authentication_Host="")).values["broken"]


def test_lines_that_are_no_entries_are_unread() -> None:
    assert [unread.where.line for unread in FILE.read("what\n" + written()).unread] == [1]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("evolution/sources/a.source", written(), ["evolution"]),
        ("dot_config/evolution/sources/b.source.tmpl", written("Mail Transport", "smtp"), ["evolution"]),
        ("evolution/sources/c.source", "[Data Source]\n[Calendar]\n", []),
        ("x.source", "deb http://x\n", []),
    ],
)
def test_the_text_tells_the_format(path: str, text: str, expected: list[str]) -> None:
    assert formats_of(path, lambda: text) == expected


@pytest.mark.parametrize("text", ["", "[Data Source]\n", "x"])
def test_another_text_is_refused(text: str) -> None:
    assert any(unread.fatal for unread in FILE.read(text).unread)
