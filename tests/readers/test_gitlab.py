"""GitLab: what gitlab.rb and the variables of images mean for mail, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.applications import gitlab as application
from mailpolicy.applications import sameersbn_gitlab
from mailpolicy.envfile import Setting
from mailpolicy.readers import gitlab
from mailpolicy.settings import Settings
from mailpolicy.text import Source
from mailpolicy.types import Fact, Span
from tests.readers.reading import MainFile, blamed, the

BASE = "gitlab_rails['smtp_enable'] = true\ngitlab_rails['smtp_address'] = \"smtp.example.org\"\n"
USER = f"{BASE}gitlab_rails['smtp_user_name'] = 'git'\n"

read = MainFile(gitlab, "gitlab.rb").read


def rails(**settings: str) -> str:
    return "".join(f"gitlab_rails['{name}'] = {value}\n" for name, value in settings.items())


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"tls": "opportunistic", "verify": "ca", "port": 25, "port_stated": False, "cleartext_credentials": True}),
        ({"smtp_enable_starttls_auto": "true", "smtp_port": "587"}, {"tls": "opportunistic", "port": 587}),
        ({"smtp_enable_starttls_auto": "false"}, {"tls": "none", "verify": "none", "cleartext_credentials": True}),
        ({"smtp_tls": "true"}, {"tls": "implicit", "port": 25, "broken": None, "cleartext_credentials": False}),
        ({"smtp_ssl": "true", "smtp_port": '"465"'}, {"tls": "implicit", "port": 465}),
        ({"smtp_tls": "nil"}, {"tls": "opportunistic"}),
        ({"smtp_tls": "'false'"}, {"tls": "opportunistic"}),
        ({"smtp_openssl_verify_mode": "'none'"}, {"verify": "none"}),
        ({"smtp_openssl_verify_mode": "'peer'"}, {"verify": "ca"}),
        ({"smtp_openssl_verify_mode": "'client_once'"}, {"verify": "ca"}),
        ({"smtp_authentication": '"login"'}, {"mechanisms": ("LOGIN",)}),
        ({"smtp_authentication": ":cram_md5"}, {"mechanisms": ("CRAM-MD5",), "cleartext_credentials": False}),
        ({"smtp_authentication": "false"}, {"mechanisms": (), "authenticates": True}),
        ({"smtp_password": '"hunter2"'}, {"credential": "literal"}),
        ({"smtp_password": "ENV['SMTP_PASSWORD']"}, {"credential": "environment"}),
        ({"smtp_password": 'ENV.fetch("SMTP_PASSWORD", nil)'}, {"credential": "environment"}),
        ({"smtp_password": "File.read('/run/secrets/smtp').strip"}, {"credential": "file"}),
        ({"smtp_password": "'a' + x"}, {"credential": None}),
        ({"smtp_address": '"smtp.#{domain}"'}, {"host": None}),
        ({"smtp_port": "465 if ENV['TLS']"}, {"port": None}),
        ({"smtp_tls": "ENV['TLS'] == 'yes'"}, {"tls": None, "verify": None}),
    ],
)
def test_settings_mean_what_gitlab_makes_of_them(settings: dict[str, str], expected: dict[str, object]) -> None:
    values = the(read(USER + rails(**settings)), "connection").values
    assert {name: values.get(name) for name in expected} == expected


def test_tls_and_starttls_exclude_one_another() -> None:
    text = USER + rails(smtp_tls="true", smtp_enable_starttls_auto="true")
    fact = the(read(text), "connection")
    assert fact.values["broken"] and blamed(text, fact, "broken") == "true"
    assert the(read(text, "15.0"), "connection").values["broken"] is None


def test_what_old_versions_check_is_unknown() -> None:
    assert "verify" not in the(read(USER, "15.0"), "connection").values


@pytest.mark.parametrize("text", ["", "# gitlab_rails['smtp_enable'] = true\n", "gitlab_rails['smtp_enable'] = false\n",
                                  "=begin\ngitlab_rails['smtp_enable'] = true\n=end\n",
                                  "x = <<-EOS\ngitlab_rails['smtp_enable'] = true\nEOS\n"])  # fmt: skip
def test_no_mail(text: str) -> None:
    assert read(f"external_url 'https://a.example'\n{text}").facts == ()


@pytest.mark.parametrize(
    ("around", "tls"),
    [
        ("if x\nLINE\nend\n", None),
        ("unless ENV['X']\n  y = 1 if z\nLINE\nend\n", None),
        ("[1].each do |x|\nLINE\nend\n", None),
        ("if x\n  y = 1\nend\nLINE\n", "implicit"),
        ("y = 1 unless x\nLINE\n", "implicit"),
        ("LINE\ngitlab_rails['smtp_tls'] = false\n", "opportunistic"),
        ("gitlab_rails['smtp_tls'] ||= true\n", None),
        ('nginx["smtp_tls"] = true\n', "opportunistic"),
        ("LINE # gitlab_rails['smtp_tls'] = false\n", "implicit"),
        ("x 'gitlab_rails[\"smtp_tls\"] = false'; LINE\n", "implicit"),
    ],
)
def test_what_stands_in_a_branch_is_unknown(around: str, tls: str | None) -> None:
    text = USER + around.replace("LINE", "gitlab_rails['smtp_tls'] = true")
    assert the(read(text), "connection").values.get("tls") == tls


@pytest.mark.parametrize("section", ["incoming_email", "service_desk_email"])
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"port": "993", "ssl": "true"}, {"tls": "implicit", "verify": "ca", "port": 993, "expunges": False}),
        ({"start_tls": "true"}, {"tls": "required", "verify": "ca", "port": 143, "cleartext_credentials": False}),
        ({}, {"tls": "none", "cleartext_credentials": True, "port_stated": False}),
        ({"expunge_deleted": "true", "ssl": "true"}, {"expunges": True}),
        ({"ssl": "x"}, {"tls": None}),
    ],
)
def test_incoming_mail(section: str, settings: dict[str, str], expected: dict[str, object]) -> None:
    given = {"enabled": "true", "host": "'imap.example.org'", "email": "'Git@example.org'", **settings}
    fact = the(read(rails(**{f"{section}_{name}": value for name, value in given.items()})), "connection")
    assert {name: fact.values.get(name) for name in expected} == expected
    assert (fact.values["account"], fact.values["mailbox"]) == (section, "git@example.org")


def test_no_imap_by_graph() -> None:
    text = rails(incoming_email_enabled="true", incoming_email_inbox_method="'microsoft_graph'")
    assert read(text).facts == ()


def test_positions() -> None:
    text = USER + rails(smtp_port="25", smtp_password='"hunter2"', smtp_openssl_verify_mode="'none'")
    fact = the(read(text), "connection")
    assert blamed(text, fact, "port") == "25"
    assert blamed(text, fact, "verify") == "none"
    assert blamed(text, fact, "host") == "smtp.example.org"
    assert blamed(text, the(read(text), "secret"), "storage") == "hunter2"


def test_a_text_that_is_not_closed() -> None:
    (unread,) = read(f"{BASE}x = <<-EOS\nabc\n").unread
    assert unread.where.line == 3


COMPOSE = """\
services:
  gitlab:
    environment:
      GITLAB_OMNIBUS_CONFIG: |
        external_url 'https://git.example.org'
        gitlab_rails['smtp_enable'] = true
        gitlab_rails['smtp_address'] = "smtp.example.org"
        gitlab_rails['smtp_password'] = "hunter2"
        gitlab_rails['smtp_user_name'] = "$SMTP_USER"
      OTHER: "gitlab_rails['smtp_tls'] = true"
"""


def test_a_text_in_a_compose_file() -> None:
    found = application.omnibus(
        Source("compose.yaml", COMPOSE), Span("compose.yaml", 4, 30, 31), "19.0", "compose.yaml"
    )
    connection, secret = found
    assert connection.values["tls"] == "opportunistic"
    assert "authenticates" not in connection.values
    files = {"compose.yaml": COMPOSE}
    assert blamed(files, connection, "host") == "smtp.example.org"
    assert blamed(files, secret, "storage") == "hunter2"


def image(**variables: str) -> list[Fact]:
    where = Span("a.env", 1, 1, 2)
    names = {sameersbn_gitlab.ENVIRONMENT[name]: value for name, value in variables.items()}
    settings = {name: Setting(name, value, where) for name, value in names.items()}
    return sameersbn_gitlab.facts(Settings("gitlab", "18.0", "a.env", where, settings))


def test_the_image_of_sameersbn_has_its_own_defaults() -> None:
    (fact,) = image(SMTP_USER="git")
    told = {"host": "smtp.gmail.com", "port": 587, "tls": "opportunistic", "verify": "none", "mechanisms": ("LOGIN",)}
    assert {name: fact.values.get(name) for name in told} == told
    assert image(SMTP_HOST="a.example") == []
    assert image(SMTP_USER="git", SMTP_ENABLED="false") == []


def test_the_image_of_sameersbn_reads_mail() -> None:
    (fact,) = image(IMAP_USER="git@example.org", IMAP_PASS="")
    told = {"host": "imap.gmail.com", "port": 993, "tls": "implicit", "protocol": "imap"}
    assert {name: fact.values.get(name) for name in told} == told


def test_sniff() -> None:
    assert gitlab.sniff("# gitlab_rails['smtp_enable'] = true\n")
    assert not gitlab.sniff("Rails.application.config.gitlab = true\n")


def test_branches_of_a_template() -> None:
    text = f"{BASE}{{% if ssl %}}\n{rails(smtp_tls='true')}{{% elif port %}}\n{rails(smtp_port='465')}{{% endif %}}\n"
    values = the(read(text), "connection").values
    assert values["host"] == "smtp.example.org"
    assert not {"tls", "port"} & set(values)
