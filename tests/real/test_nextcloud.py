"""The reader against Symfony Mailer, opened as Nextcloud opens it, and a scripted SMTP server.

Needs php, Debian's php-symfony-mailer and openssl; nothing leaves the loopback interface.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mailpolicy.readers import nextcloud
from mailpolicy.tree import Memory
from tests.real.scripted import Server, observed

MAILER = Path("/usr/share/php/Symfony/Component/Mailer/autoload.php")
pytestmark = pytest.mark.skipif(
    not (shutil.which("php") and shutil.which("openssl") and MAILER.exists()),
    reason="php, php-symfony-mailer or openssl is not installed",
)

PROGRAM = """\
<?php
require '/usr/share/php/Symfony/Component/Mailer/autoload.php';
require 'config.php';
$get = fn ($name, $default) => $CONFIG[$name] ?? $default;
$implicit = $get('mail_smtpsecure', null) === 'ssl' ? true : null;
$port = (int) $get('mail_smtpport', 25);
$transport = new Symfony\\Component\\Mailer\\Transport\\Smtp\\EsmtpTransport(
    $get('mail_smtphost', '127.0.0.1'), $port, $implicit);
if ($get('mail_smtpauth', false)) {
    $transport->setUsername($get('mail_smtpname', ''));
    $transport->setPassword($get('mail_smtppassword', ''));
}
$stream = $transport->getStream();
$stream->setTimeout(5);
$stream->setStreamOptions(array_merge_recursive(
    $stream->getStreamOptions(), ['ssl' => ['cafile' => 'CAFILE']], $get('mail_smtpstreamoptions', [])));
$message = (new Symfony\\Component\\Mime\\Email())
    ->from('a@example.test')->to('b@example.test')->subject('test')->text('hello');
(new Symfony\\Component\\Mailer\\Mailer($transport))->send($message);
"""
LOGIN = "'mail_smtpauth' => true, 'mail_smtpname' => 'alice', 'mail_smtppassword' => 'hunter2',"
CONFIGS = {
    "nothing but a host": "",
    "login": LOGIN,
    "tls": f"{LOGIN} 'mail_smtpsecure' => 'tls',",
    "ssl": f"{LOGIN} 'mail_smtpsecure' => 'ssl',",
    "no check": f"{LOGIN} 'mail_smtpsecure' => 'ssl', "
    "'mail_smtpstreamoptions' => ['ssl' => ['verify_peer' => false, 'verify_peer_name' => false]],",
    "no check of the chain": f"{LOGIN} 'mail_smtpsecure' => 'ssl', "
    "'mail_smtpstreamoptions' => ['ssl' => ['verify_peer' => false]],",
    "no check of the name": f"{LOGIN} 'mail_smtpsecure' => 'ssl', "
    "'mail_smtpstreamoptions' => ['ssl' => ['verify_peer_name' => false]],",
    "certificates of their own": f"{LOGIN} 'mail_smtpsecure' => 'ssl', "
    "'mail_smtpstreamoptions' => ['ssl' => ['allow_self_signed' => true]],",
}


@pytest.mark.parametrize("name", CONFIGS)
def test_what_it_does_is_what_the_reader_says(name: str, tmp_path: Path) -> None:
    text = f"<?php\n$CONFIG = array('mail_smtphost' => 'localhost', 'mail_smtpport' => 'PORT', {CONFIGS[name]});\n"

    def run(server: Server) -> None:
        (tmp_path / "config.php").write_text(text.replace("PORT", str(server.port)))
        (tmp_path / "send.php").write_text(PROGRAM.replace("CAFILE", str(server.ca)))
        subprocess.run(["php", "send.php"], cwd=tmp_path, capture_output=True, timeout=20, check=False)

    found = nextcloud.read(Memory({"config.php": text.replace("PORT", "2525")}), ("config.php",), None)
    (fact,) = [fact for fact in found.facts if fact.kind == "connection"]
    scenarios = ("honest", "stripped", "other", "selfsigned", "wrongname")
    seen = observed(tmp_path, "smtp", run, scenarios)
    assert {field: fact.values[field] for field in seen} == seen
