"""The reader against the Mail gem, handed the settings that a Rails file has, and a scripted SMTP server.

Needs Debian's ruby-mail (2.7 in bookworm, 2.8 in trixie) and openssl; nothing leaves the loopback interface.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mailpolicy.readers import rails
from mailpolicy.tree import Memory
from tests.real.scripted import Server, observed, sessions

pytestmark = pytest.mark.skipif(
    not (shutil.which("ruby") and Path("/usr/lib/ruby/vendor_ruby/mail.rb").exists() and shutil.which("openssl")),
    reason="ruby, ruby-mail or openssl is not installed",
)
NAME = "app/config/initializers/smtp.rb"
PROGRAM = """\
require "mail"
module ActionMailer
  class Base
    class << self
      attr_accessor :smtp_settings, :delivery_method
    end
  end
end
load ARGV[0]
message = Mail.new { from "a@example.test"; to "b@example.test"; subject "test"; body "hello" }
message.delivery_method(:smtp, ActionMailer::Base.smtp_settings)
message.deliver!
"""
VERSIONS = 'require "mail"; require "net/smtp"; puts Mail::VERSION.version, Net::SMTP::VERSION'
LOGIN = 'user_name: "alice", password: "hunter2"'
CONFIGS = {
    "no login": "",
    "defaults": LOGIN,
    "plain": f"{LOGIN}, authentication: :plain, enable_starttls_auto: true",
    "not automatically": f"{LOGIN}, enable_starttls_auto: false",
    "never": f"{LOGIN}, enable_starttls: false",
    "always": f"{LOGIN}, enable_starttls: true",
    "tls": f"{LOGIN}, tls: true",
    "ssl, not STARTTLS": f"{LOGIN}, ssl: true, enable_starttls_auto: false",
    "no ssl, yet STARTTLS": f"{LOGIN}, ssl: false, enable_starttls: true",
    "mode none": f'{LOGIN}, tls: true, openssl_verify_mode: "none"',
    "constant": f"{LOGIN}, tls: true, openssl_verify_mode: OpenSSL::SSL::VERIFY_NONE",
    "client_once": f'{LOGIN}, enable_starttls: true, openssl_verify_mode: "client_once"',
    "challenge": f"{LOGIN}, authentication: :cram_md5",
}
BROKEN = {
    "symbol": f"{LOGIN}, tls: true, openssl_verify_mode: :none",
    "no such login": f"{LOGIN}, authentication: :none",
    "no password": 'user_name: "alice"',
}


@pytest.fixture(scope="module")
def locked() -> str:
    found = subprocess.run(["ruby", "-e", VERSIONS], capture_output=True, text=True, check=True).stdout.split()
    return f"GEM\n  specs:\n    mail ({found[0]})\n    net-smtp ({found[1]})\n"


def said(text: str, locked: str) -> dict[str, object]:
    found = rails.read(Memory({NAME: text, "app/Gemfile.lock": locked}), (NAME,), None)
    (fact,) = [fact for fact in found.facts if fact.kind == "connection"]
    return dict(fact.values)


def settings(words: str) -> str:
    return f'ActionMailer::Base.smtp_settings = {{ address: "localhost", port: PORT, {words} }}\n'


def send(folder: Path, server: Server, text: str) -> None:
    (folder / "smtp.rb").write_text(text.replace("PORT", str(server.port)))
    (folder / "send.rb").write_text(PROGRAM)
    environment = {"PATH": os.environ["PATH"], "SSL_CERT_FILE": str(server.ca)}
    command = ["ruby", "send.rb", "./smtp.rb"]
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=20, check=False)


@pytest.mark.parametrize("name", CONFIGS)
def test_what_it_does_is_what_the_reader_says(name: str, tmp_path: Path, locked: str) -> None:
    text = settings(CONFIGS[name])
    scenarios = ("honest", "stripped", "other", "selfsigned", "wrongname")
    seen = observed(tmp_path, "smtp", lambda server: send(tmp_path, server, text), scenarios)
    values = said(text, locked)
    assert {field: values[field] for field in seen} == seen
    assert values["broken"] is None


@pytest.mark.parametrize("name", BROKEN)
def test_what_it_refuses_is_broken(name: str, tmp_path: Path, locked: str) -> None:
    text = settings(BROKEN[name])
    assert said(text, locked)["broken"]
    found = sessions(tmp_path, "smtp", "honest", lambda server: send(tmp_path, server, text))
    assert not any(session.went_on for session in found)
