"""The reader against the real libraries by which applications send, and a scripted SMTP server.

Each program takes the variables as the application does and hands them to its library: Nodemailer as n8n, Symfony
Mailer as Laravel and Symfony, the Mail gem as Mastodon, Django by itself. Needs node-nodemailer, php-symfony-mailer,
ruby-mail, python3-django and openssl; nothing leaves the loopback interface.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from mailpolicy.applications import django
from mailpolicy.envfile import parse
from mailpolicy.readers import environment
from mailpolicy.settings import Settings
from mailpolicy.tree import Memory
from mailpolicy.types import Fact
from tests.real.scripted import Server, observed, serving

PROGRAMS = {
    "node": """
const on = (name, absent) => name in process.env ? process.env[name] === "true" : absent;
const e = process.env;
require("/usr/share/nodejs/nodemailer").createTransport({
  host: e.N8N_SMTP_HOST, port: Number(e.N8N_SMTP_PORT), secure: on("N8N_SMTP_SSL", true),
  ignoreTLS: !on("N8N_SMTP_STARTTLS", true),
  auth: e.N8N_SMTP_USER && e.N8N_SMTP_PASS ? {user: e.N8N_SMTP_USER, pass: e.N8N_SMTP_PASS} : undefined,
  connectionTimeout: 4000, greetingTimeout: 1000, socketTimeout: 3000,
}).sendMail({from: "a@example.test", to: "b@example.test", text: "hello"}).catch(() => {});
""",
    "php": """
require "/usr/share/php/Symfony/Component/Mailer/autoload.php";
use Symfony\\Component\\Mailer\\Transport\\Dsn;
use Symfony\\Component\\Mailer\\Transport\\Smtp\\EsmtpTransportFactory;
$value = function (string $name) { $text = getenv($name); return $text === false || $text === "null" ? null : $text; };
if ($value("MAILER_DSN") !== null) {
    $dsn = Dsn::fromString($value("MAILER_DSN"));
} else {
    $port = $value("MAIL_PORT");
    $scheme = $value("MAIL_SCHEME") ?: ($port == 465 ? "smtps" : "smtp");
    $dsn = new Dsn($scheme, $value("MAIL_HOST"), $value("MAIL_USERNAME"), $value("MAIL_PASSWORD"), $port);
}
$mail = (new Symfony\\Component\\Mime\\Email())->from("a@example.test")->to("b@example.test")->text("hello");
$transport = (new EsmtpTransportFactory())->create($dsn);
$transport->getStream()->setTimeout(2);
try { $transport->send($mail); } catch (\\Throwable $problem) { fwrite(STDERR, $problem->getMessage()); }
""",
    "ruby": """
require "mail"
e = ENV
always = auto = nil
case e["SMTP_ENABLE_STARTTLS"]
when "always" then always = true
when "never" then always = false
when "auto" then auto = true
else auto = e["SMTP_ENABLE_STARTTLS_AUTO"] != "false"
end
method = e["SMTP_AUTH_METHOD"] == "none" ? nil : (e["SMTP_AUTH_METHOD"] || "plain").to_sym
Mail.defaults do
  delivery_method :smtp, port: e["SMTP_PORT"], address: e["SMTP_SERVER"], user_name: e["SMTP_LOGIN"],
    password: e["SMTP_PASSWORD"], authentication: method, ca_file: e["SSL_CERT_FILE"],
    openssl_verify_mode: e["SMTP_OPENSSL_VERIFY_MODE"], enable_starttls: always, enable_starttls_auto: auto,
    tls: e["SMTP_TLS"] == "true", ssl: e["SMTP_SSL"] == "true", open_timeout: 2, read_timeout: 2
end
begin
  Mail.deliver { from "a@example.test"; to "b@example.test"; body "hello" }
rescue StandardError => problem
  warn problem.message
end
""",
    "python": """
import os, sys
from django.conf import settings
own = {name: value for name, value in os.environ.items() if name.startswith("EMAIL_")}
own = {name: value == "True" if name.startswith("EMAIL_USE") else value for name, value in own.items()}
settings.configure(**{**own, "EMAIL_PORT": int(own["EMAIL_PORT"]), "EMAIL_TIMEOUT": 2})
from django.core.mail import send_mail
try:
    send_mail("subject", "hello", "a@example.test", ["b@example.test"])
except Exception as problem:
    print(problem, file=sys.stderr)
""",
}
NEEDS = {
    "node": "/usr/share/nodejs/nodemailer",
    "php": "/usr/share/php/Symfony/Component/Mailer/autoload.php",
    "ruby": "/usr/lib/ruby/vendor_ruby/mail.rb",
    "python": "/usr/lib/python3/dist-packages/django",
}
COMMANDS = {
    "node": ["/usr/bin/node", "-e"],
    "php": ["/usr/bin/php", "-d", "openssl.cafile=CA", "-r"],
    "ruby": ["/usr/bin/ruby", "-e"],
    "python": ["/usr/bin/python3", "-c"],
}
N8N = "N8N_SMTP_HOST=localhost\nN8N_SMTP_PORT=12345\n"
N8N_LOGIN = f"{N8N}N8N_SMTP_USER=alice\nN8N_SMTP_PASS=hunter2\n"
LARAVEL = "MAIL_MAILER=smtp\nMAIL_HOST=localhost\nMAIL_PORT=12345\nMAIL_USERNAME=alice\nMAIL_PASSWORD=hunter2\n"
MASTODON = "LOCAL_DOMAIN=a.test\nSMTP_SERVER=localhost\nSMTP_PORT=12345\nSMTP_LOGIN=alice\nSMTP_PASSWORD=hunter2\n"
DJANGO = "EMAIL_HOST=localhost\nEMAIL_PORT=12345\nEMAIL_HOST_USER=alice\nEMAIL_HOST_PASSWORD=hunter2\n"
CASES = [
    ("node", N8N_LOGIN),
    ("node", f"{N8N_LOGIN}N8N_SMTP_SSL=false\n"),
    ("node", f"{N8N_LOGIN}N8N_SMTP_SSL=false\nN8N_SMTP_STARTTLS=false\n"),
    ("node", f"{N8N}N8N_SMTP_SSL=false\n"),
    ("php", LARAVEL),
    ("php", f"{LARAVEL}MAIL_SCHEME=smtps\n"),
    ("php", LARAVEL.replace("alice", "null").replace("hunter2", "null")),
    ("php", "MAILER_DSN=smtp://alice:hunter2@localhost:12345\n"),
    ("php", "MAILER_DSN=smtps://alice:hunter2@localhost:12345?verify_peer=0\n"),
    ("php", "MAILER_DSN=smtp://localhost:12345?verify_peer=false\n"),
    ("ruby", MASTODON),
    ("ruby", f"{MASTODON}SMTP_ENABLE_STARTTLS=always\n"),
    ("ruby", f"{MASTODON}SMTP_ENABLE_STARTTLS=auto\nSMTP_OPENSSL_VERIFY_MODE=none\n"),
    ("ruby", f"{MASTODON}SMTP_TLS=true\nSMTP_OPENSSL_VERIFY_MODE=peer\n"),
    ("ruby", f"{MASTODON}SMTP_AUTH_METHOD=none\n"),
    ("ruby", f"{MASTODON}SMTP_AUTH_METHOD=cram_md5\n"),
    ("python", DJANGO),
    ("python", f"{DJANGO}EMAIL_USE_TLS=True\n"),
    ("python", f"{DJANGO}EMAIL_USE_SSL=True\n"),
]


def variables(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def send(program: str, text: str, ca: Path) -> None:
    own: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "LANG": "C", "HOME": os.devnull, **variables(text)}
    trust = {"SSL_CERT_FILE": str(ca), "NODE_EXTRA_CA_CERTS": str(ca)}
    command = [word.replace("CA", str(ca)) for word in COMMANDS[program]]
    subprocess.run([*command, PROGRAMS[program]], env={**own, **trust}, capture_output=True, timeout=30, check=False)


def declared(program: str, text: str) -> Fact:
    tree = Memory({".env": text})
    facts = list(environment.read(tree, (".env",), None).facts)
    if program == "python":  # of Django itself, whose version is known here
        asked = [*COMMANDS[program], "import django; print(django.__version__)"]
        version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
        own = parse(tree.source(".env"))
        facts = django.facts(Settings("django", version, ".env", tree.source(".env").start(), own.settings))
    (fact,) = (fact for fact in facts if fact.kind == "connection")
    return fact


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environment")


@pytest.mark.parametrize(("program", "text"), CASES, ids=[f"{i}-{case[0]}" for i, case in enumerate(CASES)])
def test_the_reader_says_what_the_library_does(program: str, text: str, folder: Path) -> None:
    if not (shutil.which("openssl") and os.path.exists(NEEDS[program])):
        pytest.skip(f"{NEEDS[program]} or openssl is not installed")
    with serving(folder, "smtp") as server:
        fact = declared(program, text.replace("12345", str(server.port)))

    def run(server: Server) -> None:
        send(program, text.replace("12345", str(server.port)), server.ca)

    seen = observed(folder, "smtp", run)
    assert {field: fact.values.get(field) for field in seen} == seen
