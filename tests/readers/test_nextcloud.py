"""Nextcloud: what config.php and the image's variables mean for mail, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.applications import nextcloud as application
from mailpolicy.envfile import Setting
from mailpolicy.readers import nextcloud
from mailpolicy.settings import Settings
from mailpolicy.types import Fact, Span
from tests.readers.reading import MainFile, blamed, read_group, the

STREAM = "'mail_smtpstreamoptions' => ['ssl' => "
LOGIN = "'mail_smtpauth' => true, 'mail_smtpname' => 'u', 'mail_smtppassword' => 'hunter2',"

read = MainFile(nextcloud, "config.php").read


def config(lines: str, login: str = LOGIN) -> str:
    return f"<?php\n$CONFIG = array (\n  'mail_smtphost' => 'smtp.example.org',\n  {login}\n  {lines}\n);\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", {"tls": "opportunistic", "verify": "ca", "port": 25, "port_stated": False, "cleartext_credentials": True}),
        ("'mail_smtpsecure' => 'tls', 'mail_smtpport' => '587',", {"tls": "opportunistic", "port": 587}),
        ("'mail_smtpsecure' => 'ssl', 'mail_smtpport' => 465,", {"tls": "implicit", "cleartext_credentials": False}),
        ("'mail_smtpsecure' => '', 'mail_smtpport' => 465,", {"tls": "implicit"}),
        ("'mail_smtpsecure' => 'tls', 'mail_smtpport' => 465,", {"tls": "implicit"}),
        ("'mail_smtpsecure' => getenv('X'),", {"tls": None, "verify": None}),
        ("'mail_smtpauth' => 0,", {"authenticates": False, "cleartext_credentials": False}),
        ("'mail_smtppassword' => getenv('X'),", {"credential": "environment"}),
        (
            f"{STREAM}['verify_peer' => false, 'verify_peer_name' => false]],",
            {"verify": "none"},
        ),
        (f"{STREAM}['verify_peer' => false]],", {"verify": "name-only"}),
        (f"{STREAM}['verify_peer_name' => false]],", {"verify": "ca-noname"}),
        (f"{STREAM}['allow_self_signed' => true]],", {"verify": "name-only"}),
        (f"{STREAM}['verify_peer' => getenv('X')]],", {"verify": None}),
        ("'mail_smtpstreamoptions' => array(),", {"verify": "ca"}),
    ],
)
def test_settings_mean_what_nextcloud_makes_of_them(lines: str, expected: dict[str, object]) -> None:
    values = the(read(config(lines)), "connection").values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("lines", "tls"),
    [("", "none"), ("'mail_smtpsecure' => 'tls',", "required"), ("'mail_smtpsecure' => 'ssl',", "implicit"),
     ("'mail_smtpport' => 465,", "none")],
)  # fmt: skip
def test_before_symfony_tls_is_what_is_set(lines: str, tls: str) -> None:
    assert the(read(config(lines), "25.0"), "connection").values["tls"] == tls
    shown = the(read(config(f"{lines} 'version' => '25.0.4.1',")), "connection").values
    assert (shown["tls"], shown["version"]) == (tls, "25.0.4.1")


@pytest.mark.parametrize("mode", ["sendmail", "qmail", "null"])
def test_no_session(mode: str) -> None:
    assert read(config(f"'mail_smtpmode' => '{mode}',", "")).facts == ()


def test_nothing_on_mail() -> None:
    assert read("<?php\n$CONFIG = array('trusted_domains' => array());\n").facts == ()


def test_a_file_beside_overrides() -> None:
    files = {
        "config/config.php": config(""),
        "config/smtp.config.php": "<?php\n$CONFIG = ['mail_smtpsecure' => 'ssl'];\n",
    }
    (group,) = nextcloud.groups(sorted(files, reverse=True))
    fact = the(read_group(nextcloud, files, group), "connection")
    assert fact.values["tls"] == "implicit"
    assert blamed(files, fact, "tls") == "ssl"


def test_positions() -> None:
    text = config(f"'mail_smtpsecure' => 'tls',\n  'mail_smtpport' => '587',\n  {STREAM}['verify_peer' => false]],")
    fact = the(read(text), "connection")
    assert blamed(text, fact, "host") == "smtp.example.org"
    assert blamed(text, fact, "tls") == "tls"
    assert blamed(text, fact, "port") == "587"
    assert blamed(text, fact, "verify") == "false"
    assert blamed(text, the(read(text), "secret"), "storage") == "hunter2"


ALL = {"SMTP_HOST": "smtp.example.org", "MAIL_FROM_ADDRESS": "cloud", "MAIL_DOMAIN": "example.org"}


def image(**variables: str) -> list[Fact]:
    where = Span("a.env", 1, 1, 2)
    settings = {application.ENVIRONMENT[name]: Setting(name, value, where) for name, value in variables.items()}
    return application.facts(Settings("nextcloud", "31.0", "a.env", where, settings))


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {"tls": "opportunistic", "port": 25, "authenticates": False}),
        ({"SMTP_SECURE": "ssl"}, {"tls": "implicit", "port": 465}),
        ({"SMTP_SECURE": "tls"}, {"tls": "implicit", "port": 465}),
        ({"SMTP_SECURE": "tls", "SMTP_PORT": "587"}, {"tls": "opportunistic", "port": 587}),
        ({"SMTP_NAME": "u"}, {"authenticates": False}),
        ({"SMTP_NAME": "u", "SMTP_PASSWORD": "hunter2"}, {"authenticates": True, "credential": "literal"}),
        ({"SMTP_NAME": "u", "SMTP_PASSWORD_FILE": "/run/p"}, {"authenticates": True, "credential": "file"}),
    ],
)
def test_the_image(variables: dict[str, str], expected: dict[str, object]) -> None:
    values = image(**ALL, **variables)[0].values
    assert {name: values.get(name) for name in expected} == expected


def test_the_image_wants_all_three() -> None:
    assert image(SMTP_HOST="smtp.example.org", SMTP_NAME="u") == []


def test_sniff() -> None:
    assert nextcloud.sniff(config(""))
    assert not nextcloud.sniff("<?php\n$config['smtp_host'] = 'a';\n")
