"""The reader against Roundcube's own code and a scripted server: which STARTTLS it demands, what it checks and sends.

Roundcube is driven without a browser and without a database: ``rcmail::login`` and ``rcube_smtp::connect``.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mailpolicy.readers import roundcube
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Version
from tests.real.scripted import Server, observed, serving

INSTALLED = Path("/usr/share/roundcube")
pytestmark = pytest.mark.skipif(
    not (shutil.which("php") and shutil.which("openssl") and INSTALLED.is_dir()), reason="roundcube is not installed"
)

DRIVER = r"""<?php
[, $folder, $protocol] = $argv;
define('INSTALL_PATH', '/usr/share/roundcube/');
define('RCUBE_CONFIG_DIR', $folder . '/');
class rcube_user {
    public $data = null; public $ID = null; public $language = 'en_US';
    static function query($user, $host) { return null; }
    static function create($user, $host) { return null; }
    function get_prefs() { return []; }
    function get_username() { return 'alice'; }
}
require INSTALL_PATH . 'program/lib/Roundcube/bootstrap.php';
require INSTALL_PATH . 'program/include/rcmail.php';
$_SESSION = ['username' => 'alice'];
$rcmail = (new ReflectionClass('rcmail'))->newInstanceWithoutConstructor();
(new ReflectionProperty('rcube', 'instance'))->setValue(null, $rcmail);
$rcmail->config = new rcube_config();
$rcmail->plugins = new rcube_dummy_plugin_api();
$rcmail->user = new rcube_user();
if ($protocol == 'imap') {
    $rcmail->login('alice', 'hunter2', $rcmail->autoselect_host());
} else {
    $_SESSION['password'] = $rcmail->encrypt('hunter2');
    $smtp = new rcube_smtp();
    if ($smtp->connect()) {
        $smtp->send_mail('alice@example.test', 'bob@example.test', "Subject: x\r\n", "hello\r\n");
    }
}
"""
BASE = "$config['db_dsnw'] = 'sqlite:////nowhere';\n$config['des_key'] = '0123456789abcdefghijklmn';\n"
TRUST = "$config['%s_conn_options'] = ['ssl' => ['cafile' => 'CA'%s]];\n"
IMAP, SMTP = "$config['imap_host'] = '%s://localhost:PORT';\n", "$config['smtp_host'] = '%s://localhost:PORT';\n"
PLAIN_IMAP, PLAIN_SMTP = IMAP.replace("%s://", ""), SMTP.replace("%s://", "")
NO_PEER, NO_NAME, SELF = ", 'verify_peer' => false", ", 'verify_peer_name' => false", ", 'allow_self_signed' => true"
CONFIGS = {
    "imap ssl": ("imap", IMAP % "ssl", ""),
    "imap imaps": ("imap", IMAP % "imaps", ""),
    "imap tls": ("imap", IMAP % "tls", ""),
    "imap plain": ("imap", PLAIN_IMAP, ""),
    "imap plain, CRAM-MD5": ("imap", PLAIN_IMAP + "$config['imap_auth_type'] = 'CRAM-MD5';\n", ""),
    "imap ssl, no peer": ("imap", IMAP % "ssl", NO_PEER),
    "imap ssl, no name": ("imap", IMAP % "ssl", NO_NAME),
    "imap ssl, neither": ("imap", IMAP % "ssl", NO_PEER + NO_NAME),
    "imap ssl, self-signed": ("imap", IMAP % "ssl", SELF),
    "imap ssl, self-signed, no name": ("imap", IMAP % "ssl", SELF + NO_NAME),
    "smtp ssl": ("smtp", SMTP % "ssl", ""),
    "smtp tls": ("smtp", SMTP % "tls", ""),
    "smtp plain": ("smtp", PLAIN_SMTP, ""),
    "smtp plain, CRAM-MD5": ("smtp", PLAIN_SMTP + "$config['smtp_auth_type'] = 'CRAM-MD5';\n", ""),
    "smtp smtps": ("smtp", SMTP % "smtps", ""),
    "smtp plain, no login": ("smtp", PLAIN_SMTP + "$config['smtp_user'] = '';\n", ""),
    "smtp tls, no name": ("smtp", SMTP % "tls", NO_NAME),
    "smtp tls, no peer": ("smtp", SMTP % "tls", NO_PEER),
    "smtp tls, under the wrong key": ("smtp", SMTP % "tls", f"], 'tls' => ['x' => 1{NO_PEER}"),
    "smtp by the old name": ("smtp", SMTP.replace("smtp_host", "smtp_server") % "tls", ""),
}


def text_of(name: str, server: Server) -> str:
    protocol, lines, options = CONFIGS[name]
    text = f"<?php\n{BASE}{lines}{TRUST % (protocol, options)}"
    return text.replace("PORT", str(server.port)).replace("'CA'", f"'{server.ca}'")


def demands_starttls() -> bool:
    """Debian's 1.6.5 has the fix of 1.6.22 in it."""
    code = (INSTALLED / "program/lib/Roundcube/rcube_smtp.php").read_text()
    return "STARTTLS is not available" in code


def declared(text: str, protocol: str) -> Fact:
    version = Version((1, 6, 22) if demands_starttls() else (1, 6, 5), "its code")
    facts = roundcube.read(Memory({"config.inc.php": text}), ("config.inc.php",), version).facts
    (fact,) = (fact for fact in facts if fact.kind == "connection" and fact.values["protocol"] == protocol)
    return fact


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("roundcube")
    defaults = next(
        p for p in (Path("/etc/roundcube/defaults.inc.php"), INSTALLED / "config/defaults.inc.php") if p.is_file()
    )
    shutil.copy(defaults, made / "defaults.inc.php")
    (made / "drive.php").write_text(DRIVER)
    return made


@pytest.mark.parametrize("name", CONFIGS)
def test_the_reader_says_what_roundcube_does(name: str, folder: Path) -> None:
    protocol = CONFIGS[name][0]

    def run(server: Server) -> None:
        (folder / "config.inc.php").write_text(text_of(name, server))
        command = ["php", str(folder / "drive.php"), str(folder), protocol]
        subprocess.run(command, capture_output=True, timeout=30, check=False)

    with serving(folder, protocol) as server:
        fact = declared(text_of(name, server), protocol)
        port = server.port
    seen = observed(folder, protocol, run)
    assert {field: fact.values[field] for field in seen} == seen
    assert fact.values["port"] == port


def test_the_defaults_are_those_of_the_file(folder: Path) -> None:
    shipped = (folder / "defaults.inc.php").read_text()
    hosts = dict(re.findall(r"^\$config\['(imap_host|smtp_host)'\] = '([^']*)'", shipped, re.MULTILINE))
    assert hosts == {"imap_host": "localhost:143", "smtp_host": "localhost:587"}
