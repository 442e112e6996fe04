"""Rails: what the settings of Action Mailer mean by version, which hash holds, and where each field's text stands."""

from __future__ import annotations

import time

import pytest

from mailpolicy.readers import rails
from tests.readers.reading import MainFile, blamed, of_kind, read_group, the

NAME = "app/config/environments/production.rb"
BASE = 'address: "smtp.example.org", user_name: "u", password: "hunter2"'

read = MainFile(rails, NAME).read


def settings(words: str = "", base: str = BASE) -> str:
    return f"config.action_mailer.smtp_settings = {{\n  {base},\n  {words}\n}}\n"


def locked(text: str, mail: str, smtp: str = "0.5.1") -> dict[str, object]:
    files = {NAME: text, "app/Gemfile.lock": f"GEM\n  specs:\n    mail ({mail})\n    net-smtp ({smtp})\n"}
    return dict(the(read_group(rails, files, [NAME]), "connection").values)


NONE = {"tls": "none", "verify": "none", "cleartext_credentials": True}
OFFERED = {"tls": "opportunistic", "verify": "ca", "cleartext_credentials": True}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", {**OFFERED, "port": 25, "port_stated": False, "mechanisms": ("PLAIN",), "credential": "literal"}),
        ("port: 587, enable_starttls: true", {"tls": "required", "port": 587, "cleartext_credentials": False}),
        ("port: '587'", {"port": 587, "port_stated": True}),
        ("enable_starttls: :auto", OFFERED),
        ("enable_starttls: :always", {"tls": "required"}),
        ("enable_starttls: false", NONE),
        ("enable_starttls: false, enable_starttls_auto: true", OFFERED),
        ("enable_starttls_auto: false", NONE),
        ("enable_starttls_auto: nil", OFFERED),
        (":enable_starttls_auto => false", NONE),
        ("'enable_starttls_auto' => false, # not now", NONE),
        ("tls: true", {"tls": "implicit", "cleartext_credentials": False, "broken": None}),
        ("ssl: true, enable_starttls_auto: false", {"tls": "implicit", "broken": None}),
        ("tls: false, enable_starttls: true", {"tls": "required"}),
        ("tls: ENV['X']", {"tls": None, "verify": None, "broken": None}),
        ("enable_starttls: ENV['X'] == '1'", {"tls": None}),
        ("enable_starttls_auto: ENV.fetch('X', 'true')", {"tls": None, "cleartext_credentials": True}),
        ("openssl_verify_mode: 'none'", {"verify": "none"}),
        ("openssl_verify_mode: OpenSSL::SSL::VERIFY_NONE", {"verify": "none"}),
        ("openssl_verify_mode: OpenSSL::SSL::VERIFY_PEER", {"verify": "ca"}),
        ("openssl_verify_mode: 0", {"verify": "none"}),
        ("openssl_verify_mode: 'client_once'", {"verify": "ca"}),
        ("openssl_verify_mode: ENV['X']", {"verify": None}),
        ("authentication: :login", {"mechanisms": ("LOGIN",)}),
        ("authentication: 'cram_md5'", {"mechanisms": ("CRAM-MD5",), "cleartext_credentials": False}),
        ("authentication: nil", {"mechanisms": ("PLAIN",)}),
        ("authentication: ENV['X']", {"mechanisms": None, "cleartext_credentials": None}),
        ("password: ENV['X']", {"credential": "environment", "authenticates": True}),
        ("password: Rails.application.credentials.smtp[:password]", {"credential": "file"}),
        ('password: "#{secret}"', {"credential": None}),
        ("user_name: ENV['X'], authentication: :plain", {"authenticates": True, "cleartext_credentials": True}),
        ("user_name: ENV['X'], password: ENV['Y']", {"authenticates": None, "cleartext_credentials": None}),
        ("user_name: nil, password: nil", {"authenticates": False, "credential": "none"}),
        ("address: ENV['X']", {"host": None}),
        ("address: nil", {"host": "localhost"}),
        ("**defaults", {"host": None, "tls": None}),
        ("domain: ['a', { b: 1 }, 'c}'], enable_starttls: true", {"tls": "required"}),
    ],
)
def test_settings_mean_what_the_mail_gem_makes_of_them(words: str, expected: dict[str, object]) -> None:
    values = the(read(settings(words)), "connection").values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("words", "mail", "smtp", "expected"),
    [
        ("tls: true, enable_starttls_auto: true", "2.8.1", "0.5.1", {"tls": "implicit", "broken": None}),
        ("ssl: false, enable_starttls: true", "2.8.1", "0.5.1", OFFERED),
        ("ssl: false, enable_starttls: true", "2.9.0", "0.5.1", {"tls": "required"}),
        ("ssl: false, enable_starttls: true", "2.7.1", "0.3.1", {"tls": "required"}),
        ("enable_starttls: false", "2.7.1", "0.3.1", OFFERED),
        ("enable_starttls_auto: false", "2.7.1", "0.3.1", OFFERED),
        ("enable_starttls_auto: false", "2.7.1", "0.1.0", {"tls": "none"}),
        ("enable_starttls: false, enable_starttls_auto: true", "2.8.1", "0.5.1", NONE),
        ("", "2.7.1", "0.1.0", {"tls": "opportunistic", "verify": None}),
    ],
)
def test_versions_of_the_gems(words: str, mail: str, smtp: str, expected: dict[str, object]) -> None:
    values = locked(settings(words), mail, smtp)
    assert {name: values.get(name) for name in expected} == expected


def test_old_rails_without_a_lock_leaves_open_what_ruby_decides() -> None:
    values = the(read(settings("enable_starttls_auto: false"), "6.1"), "connection").values
    assert (values.get("tls"), values["cleartext_credentials"], values["version"]) == (None, True, "6.1")


@pytest.mark.parametrize(
    ("words", "mail", "blame"),
    [
        ("tls: true, enable_starttls_auto: true", "2.9.0", "true"),
        ("enable_starttls: 'true'", "2.8.1", "true"),
        ("tls: true, openssl_verify_mode: :none", "2.8.1", ":none"),
        ("authentication: :none", "2.8.1", ":none"),
        ("password: nil", "2.8.1", "u"),
        ("user_name: nil, authentication: :plain", "2.8.1", ":plain"),
    ],
)
def test_what_the_gems_refuse(words: str, mail: str, blame: str) -> None:
    text = settings(words)
    files = {NAME: text, "app/Gemfile.lock": f"GEM\n  specs:\n    mail ({mail})\n"}
    fact = the(read_group(rails, files, [NAME]), "connection")
    assert fact.values["broken"]
    assert blamed(files, fact, "broken") == blame


METHOD = "config.action_mailer.delivery_method = "


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        (f"{METHOD}:sendmail\n{settings()}", []),
        (f"{settings()}{METHOD}:test\n", []),
        (f"{METHOD}:letter_opener\n", []),
        (f"{METHOD}:smtp\n{settings()}", ["smtp.example.org"]),
        (f"{METHOD}ENV['X'].to_sym\n{settings()}", ["smtp.example.org"]),
        (f"if x\n  {METHOD}:test\nelse\n  {METHOD}:smtp\n  {settings()}end\n", ["smtp.example.org"]),
        (f"if x\n  {METHOD}:smtp\n  {settings()}else\n  {METHOD}:test\nend\n", ["smtp.example.org"]),
        (f"{settings()}{METHOD}:test if Rails.env.test?\n", ["smtp.example.org"]),
        (f"config.action_mailer.perform_deliveries = false\n{settings()}", []),
        (f"{settings()}{settings(base='address: `a`')}", [None]),
        (f"{settings()}if x\n{settings(base='address: :b')}end\n", ["smtp.example.org", "b"]),
        (f"unless x\n{settings(base='address: :b')}end\n{settings()}", ["smtp.example.org"]),
        (f"Rails.application.configure do\n{settings()}end\n", ["smtp.example.org"]),
        ("ActionMailer::Base.smtp_settings = load_it\n", [None]),
        ("ActionMailer::Base.smtp_settings[:address] = 'c'\n", ["c"]),
        (f"{settings()}ActionMailer::Base.smtp_settings[:address] = 'c'\n", ["c"]),
        (f"{settings()}ActionMailer::Base.smtp_settings.merge!(address: 'c')\n", ["c"]),
        (f"# {METHOD}:smtp\n=begin\n{settings()}=end\n", []),
        (f"x = <<~TEXT\n{settings()}TEXT\n", []),
    ],
)
def test_which_settings_hold(text: str, hosts: list[str | None]) -> None:
    assert [fact.values.get("host") for fact in of_kind(read(text), "connection")] == hosts


def test_a_hash_that_is_not_used_holds_a_secret_all_the_same() -> None:
    assert [fact.kind for fact in read(f"{METHOD}:test\n{settings()}").facts] == ["secret"]


def test_positions() -> None:
    text = settings("port: 25, enable_starttls_auto: false, openssl_verify_mode: 'none'")
    fact = the(read(text), "connection")
    assert blamed(text, fact, "tls") == "false"
    assert blamed(text, fact, "port") == "25"
    assert blamed(text, fact, "host") == "smtp.example.org"
    assert blamed(text, the(read(text), "secret"), "storage") == "hunter2"


REDMINE = """\
default:
  email_delivery:
    delivery_method: :smtp
    smtp_settings:
      address: smtp.example.org
      port: 25
      user_name: u
      password: 'hunter2'
      enable_starttls_auto: {auto}
production:
  email_delivery:
    delivery_method: {method}
    smtp_settings:
      ssl: true
      address:
"""


def test_redmine() -> None:
    text = REDMINE.format(auto="false", method=":smtp")
    first, second = of_kind(read({"config/configuration.yml": text}), "connection")
    assert (first.values["account"], first.values["tls"], first.values["credential"]) == ("default", "none", "literal")
    assert (second.values["account"], second.values["tls"], second.values["host"]) == (
        "production",
        "implicit",
        "localhost",
    )
    assert blamed({"config/configuration.yml": text}, first, "tls") == "false"
    other = REDMINE.format(auto="{{ x }}", method=":sendmail")
    assert the(read({"config/configuration.yml": other}), "connection").values.get("tls") is None


def test_many_blocks_on_one_line_take_no_more_than_their_share_of_time() -> None:
    start = time.process_time()
    assert read(settings() + "do " * 600_000).facts
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        (settings(), True),
        (f"  {METHOD}:test\n", True),
        (REDMINE, True),
        ("# config.action_mailer.smtp_settings = {}\n", False),
        ("config.action_mailer.default_url_options = { host: 'a' }\n", False),
        ("Rails.application.configure do\nend\n", False),
        ("default:\n  smtp_settings: x\n", False),
    ],
)
def test_sniff(text: str, ours: bool) -> None:
    assert rails.sniff(text) is ours
