"""ssmtp.conf and revaliases: what ssmtp makes of them."""

from __future__ import annotations

import pytest

from mailpolicy.readers import ssmtp
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, read_group, the, under

FILE = MainFile(ssmtp, "etc/ssmtp/ssmtp.conf")
HUB = "mailhub=smtp.example.test:587\n"
LOGIN = "AuthUser=alice\nAuthPass=hunter2\n"


def only(text: str) -> Fact:
    return FILE.only(text, "connection")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", {"tls": "none", "verify": "none", "authenticates": False, "credential": "none", "role": "submission"}),
        ("UseTLS=YES\n", {"tls": "implicit", "verify": "none", "port": 587}),
        ("usetls=yes\n", {"tls": "implicit"}),
        ("UseTLS=on\n", {"tls": "none"}),
        ("UseSTARTTLS=YES\n", {"tls": "required", "verify": "none"}),
        ("UseSTARTTLS=YES\nUseTLS=no\n", {"tls": "none"}),
        ("UseTLS=no\nUseSTARTTLS=YES\n", {"tls": "required"}),
        ("UseSTARTTLS=no\nUseTLS=yes\n", {"tls": "implicit"}),
        ("UseTLS =YES\n", {"tls": "none"}),
        ("UseTLS=YES\r\n", {"tls": "none"}),
        ("UseTLS=YES", {"tls": "none"}),
        ("UseTLS=YES#\n", {"tls": "none"}),
        ("UseTLS=YES #\n", {"tls": "implicit"}),
        (LOGIN, {"authenticates": True, "mechanisms": ("LOGIN",), "cleartext_credentials": True}),
        (LOGIN, {"credential": "literal"}),
        (f"{LOGIN}UseSTARTTLS=YES\n", {"cleartext_credentials": False}),
        (f"AuthMethod=cram-md5\n{LOGIN}", {"mechanisms": ("CRAM-MD5",), "cleartext_credentials": False}),
        (f"AuthMethod=PLAIN\n{LOGIN}", {"mechanisms": ("LOGIN",), "cleartext_credentials": True}),
        ("AuthUser=alice\n", {"authenticates": True, "credential": "none", "cleartext_credentials": False}),
        ("mailhub=Other.TEST\n", {"host": "other.test"}),
        ("mailhub=other.test\n", {"host": "other.test", "port": 587}),
        ("RemotePort=465\n", {"port": 465, "port_stated": True}),
        ("mailhub=smtp.gmail.com:587\nAuthUser=a\n", {"provider": "oauth2"}),
    ],
)  # fmt: skip
def test_settings_mean_what_ssmtp_makes_of_them(lines: str, expected: dict[str, object]) -> None:
    values = only(HUB + lines).values
    assert {name: values.get(name) for name in expected} == expected


def test_without_a_hub_it_takes_the_host_mailhub_on_port_25() -> None:
    fact = only("root=postmaster\n")
    assert (fact.values["host"], fact.values["port"], fact.values["port_stated"]) == ("mailhub", 25, False)


def test_quotes_are_part_of_a_name() -> None:
    assert "quote" in str(only('mailhub="smtp.example.test:587"\n').values["broken"])


def test_the_hub_declares_the_session() -> None:
    text = f"root=postmaster\n{HUB}"
    declared = only(text).origins["tls"][0].where
    assert declared is not None
    assert under(text, declared) == "smtp.example.test:587"


def test_users_beyond_all_measure_are_named_and_not_compared() -> None:
    table = "".join(f"u{n}:a@b.test:h{n}.test\n" for n in range(600))
    inventory = FILE.read({"etc/ssmtp/ssmtp.conf": HUB, "etc/ssmtp/revaliases": table})
    assert len(inventory.facts) == 501
    assert [one.fatal for one in inventory.unread] == [True]


def test_an_empty_hub_is_broken() -> None:
    assert "no blank" in str(only("mailhub = smtp.example.test\n").values["broken"])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("UseTLS YES", "has no ="),
        (" UseTLS=YES", "a blank before the name"),
        ("UseSSL=YES", "does not know"),
        ("UseTLS=YES#x", "nothing ends the value"),
        ("Root=" + "x" * 3000, "longer than"),
    ],
)
def test_what_ssmtp_passes_over_is_unread(line: str, why: str) -> None:
    (unread,) = FILE.read(f"{HUB}{line}\n").unread
    assert why in unread.why
    assert not unread.fatal


@pytest.mark.parametrize(
    ("lines", "field", "text"),
    [
        ("", "port", "587"),
        ("", "host", "smtp.example.test"),
        ("UseTLS=no\n", "tls", "no"),
        ("UseTLS = YES\n", "tls", "UseTLS = YES"),
        (LOGIN, "credential", "hunter2"),
        (f"{LOGIN}UseTLS=no\n", "cleartext_credentials", "no"),
        (f"{LOGIN}AuthMethod=LOGIN\n", "mechanisms", "LOGIN"),
        ("mailhub=a.test\n", "host", "a.test"),
    ],
)
def test_positions_lie_on_the_value(lines: str, field: str, text: str) -> None:
    whole = HUB + lines
    assert under(whole, [o.where for o in only(whole).origins[field] if o.where][-1]) == text


@pytest.mark.parametrize(
    ("line", "secret"),
    [("AuthPass=hunter2", "hunter2"), ("AuthPass=hun=ter2", "hun"), ("AuthPass=REDACTED", None),
     ("AuthPass={{ password }}", None), ("AuthPass=$PASSWORD", None)],
)  # fmt: skip
def test_passwords(line: str, secret: str | None) -> None:
    text = f"{HUB}{line}\n"
    found = of_kind(FILE.read(text), "secret")
    assert [blamed(text, one, "storage") for one in found] == ([secret] if secret else [])


@pytest.mark.parametrize(
    ("lines", "field"),
    [("mailhub={{ hub }}\n", "host"), ("UseTLS=__TLS__\n", "tls"), ("RemotePort=${PORT}\n", "port"),
     ("{% if tls %}\nUseTLS=YES\n{% endif %}\n", "tls"), ("AuthMethod=@METHOD@\nAuthUser=a\n", "mechanisms")],
)  # fmt: skip
def test_what_a_template_decides_is_unknown(lines: str, field: str) -> None:
    inventory = FILE.read(HUB + lines)
    fact = the(inventory, "connection")
    assert field not in fact.values
    assert field in fact.origins
    assert not inventory.unread


def test_users_with_another_hub_have_sessions_of_their_own() -> None:
    files = {
        "etc/ssmtp/ssmtp.conf": f"{HUB}UseSTARTTLS=YES\n",
        "etc/ssmtp/revaliases": "# x\nroot:r@example.test:relay.test:25\nbob:b@example.test\n"
        "eve:e@example.test:smtp.example.test\nbad line\nann:a@example.test:other.test\n",
    }
    (group,) = ssmtp.groups(list(files))
    found = {str(f.values["account"]): f for f in of_kind(read_group(ssmtp, files, group), "connection")}
    assert {name: (f.values["host"], f.values["port"]) for name, f in found.items()} == {
        "default": ("smtp.example.test", 587), "root": ("relay.test", 25), "ann": ("other.test", 587),
    }  # fmt: skip
    assert blamed(files, found["root"], "port") == "25"
    assert found["root"].values["tls"] == "required"


def test_revaliases_alone_says_so() -> None:
    inventory = read_group(ssmtp, {"revaliases": "root:a@b.test:c.test\n"}, ["revaliases"])
    assert (inventory.facts, len(inventory.notes)) == ((), 1)


def test_another_kind_of_file_is_refused() -> None:
    assert [one.fatal for one in FILE.read("<html>\n").unread] == [True]


@pytest.mark.parametrize(
    ("text", "expected"), [(f"{HUB}UseTLS=YES\n", True), ("mailhub=x\n", False), ("a=b\nmailhub=x\nroot=y\n", False)]
)
def test_sniffing(text: str, expected: bool) -> None:
    assert ssmtp.sniff(text) is expected
