"""Roundcube: native text and what it comes to."""

from __future__ import annotations

import pytest

from mailpolicy.readers import format_of, formats_of, roundcube
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, read_group

FILE = MainFile(roundcube, "config.inc.php")
NONE = {"tls": "none", "cleartext_credentials": True}


def facts(lines: str, version: str = "", protocol: str = "") -> list[Fact]:
    found = of_kind(FILE.read(f"<?php\n{lines}\n", version), "connection")
    return [fact for fact in found if not protocol or fact.values["protocol"] == protocol]


def one(lines: str, protocol: str, version: str = "") -> Fact:
    (fact,) = facts(lines, version, protocol)
    return fact


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("'ssl://a.example.org'", {"tls": "implicit", "port": 993, "port_stated": False, "verify": "ca"}),
        ("'ssl://a.example.org:1993'", {"tls": "implicit", "port": 1993, "port_stated": True}),
        ("'imaps://a.example.org'", {"tls": "implicit", "port": 993}),
        ("'tls://a.example.org'", {"tls": "required", "port": 143, "cleartext_credentials": False}),
        ("'a.example.org'", {"tls": "none", "port": 143, "cleartext_credentials": True}),
        ("'a.example.org:993'", {"tls": "none", "port": 993}),
        ("'localhost:143'", {"host": "localhost", "scope": "loopback", "tls": "none"}),
        ("'SSL://A.example.org'", {"tls": "implicit", "host": "a.example.org"}),
        ("'ssl://[2001:db8::1]:993'", {"host": "2001:db8::1", "port": 993}),
        ("'ssl://a.example.org:993/'", {"host": "a.example.org", "port": 993}),
        ("['a.example.org' => 'Mail']", {"host": "a.example.org", "tls": "none"}),
        ("['ssl://a.example.org']", {"host": "a.example.org", "tls": "implicit"}),
        ("null", {"host": "localhost", "port": 143}),
    ],
)
def test_imap_host(value: str, expected: dict[str, object]) -> None:
    fact = one(f"$config['imap_host'] = {value};", "imap")
    assert {name: fact.values.get(name) for name in expected} == expected
    assert (fact.values["role"], fact.values["credential"], fact.values["broken"]) == ("access", "prompt", None)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("$config['smtp_host'] = 'ssl://a.test';", {"tls": "implicit", "port": 465, "authenticates": True}),
        ("$config['smtp_host'] = 'tls://a.test';", {"tls": "required", "port": 587}),
        ("$config['smtp_host'] = 'a.test';", {"tls": "none", "port": 587, "cleartext_credentials": True}),
        ("$config['smtp_host'] = 'smtps://a.test';", {"tls": "none", "port": 465}),
        ("$config['smtp_host'] = '';", {"host": "localhost", "port": 587}),
        ("$config['smtp_host'] = 'a.test'; $config['smtp_user'] = '';", {"authenticates": False, "credential": "none"}),
        ("$config['smtp_pass'] = '%p';", {"authenticates": True, "credential": "prompt", "host": "localhost"}),
        ("$config['smtp_user'] = 'a'; $config['smtp_pass'] = 'hunter2';", {"credential": "literal"}),
        ("$config['smtp_auth_type'] = 'CRAM-MD5';", {"mechanisms": ("CRAM-MD5",), "cleartext_credentials": False}),
        ("$config['smtp_auth_type'] = 'plain';", {"mechanisms": ("PLAIN",), "cleartext_credentials": True}),
        ("$config['smtp_host'] = ['imap.test' => 'ssl://b.test'];", {"host": "b.test", "tls": "implicit"}),
    ],
)
def test_smtp_host(lines: str, expected: dict[str, object]) -> None:
    fact = one(f"$config['imap_host'] = 'x';\n{lines}", "smtp")
    assert {name: fact.values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("lines", "version", "expected"),
    [
        ("$config['default_host'] = 'ssl://a.test';", "", {"version": "1.5", "port": 993, "tls": "implicit"}),
        ("$config['default_host'] = 'tls://a.test';", "", {"tls": "opportunistic", "cleartext_credentials": True}),
        ("$config['default_host'] = 'a.test'; $config['default_port'] = 993;", "", {"port": 993, "tls": "none"}),
        ("$config['default_host'] = 'ssl://a.test'; $config['default_port'] = 143;", "", {"port": 993}),
        ("$config['default_host'] = 'ssl://a.test'; $config['default_port'] = 1993;", "", {"port": 1993}),
        ("$config['default_host'] = 'tls://a.test'; $config['default_port'] = 1143;", "1.6.5", {"port": 143}),
        ("$config['default_host'] = 'ssl://a.test';", "1.6.5", {"tls": "implicit", "host": "a.test"}),
        ("$config['default_host'] = 'ssl://a.test'; $config['imap_host'] = 'b.test';", "1.6.5", {"host": "b.test"}),
        ("$config['imap_host'] = 'tls://a.test';", "1.6.5", {"tls": "opportunistic"}),
        ("$config['imap_host'] = 'tls://a.test';", "1.6.22", {"tls": "required"}),
        ("$config['imap_host'] = 'tls://a.test';", "1.7.3", {"tls": "opportunistic"}),
        ("$config['imap_host'] = 'tls://a.test';", "1.7.7", {"tls": "required"}),
        ("$config['imap_host'] = 'tls://a.test';", "1.6", {"tls": "required"}),
        ("$rcmail_config['default_host'] = 'ssl://a.test:993';", "", {"version": "0.9", "tls": "implicit"}),
    ],
)
def test_imap_of_versions(lines: str, version: str, expected: dict[str, object]) -> None:
    fact = one(lines, "imap", version)
    assert {name: fact.values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("lines", "version", "expected"),
    [
        ("$config['smtp_server'] = 'tls://a.test';", "", {"tls": "opportunistic", "port": 587, "authenticates": True}),
        ("$config['smtp_server'] = 'tls://a.test';", "1.3", {"tls": "none", "port": 25, "authenticates": False}),
        ("$config['smtp_server'] = 'ssl://a.test'; $config['smtp_port'] = 465;", "", {"tls": "implicit", "port": 465}),
        ("$config['smtp_server'] = 'ssl://a.test'; $config['smtp_port'] = 465;", "1.6.5", {"port": 465}),
        ("$config['smtp_server'] = 'a.test'; $config['smtp_port'] = 25;", "1.6.5", {"port": 587}),
        ("$config['smtp_server'] = 'tls://a.test:2525'; $config['smtp_port'] = 25;", "1.5", {"port": 2525}),
        ("$config['smtp_server'] = '';", "1.4", {"host": "localhost"}),
    ],
)
def test_smtp_of_versions(lines: str, version: str, expected: dict[str, object]) -> None:
    fact = one(f"$config['db_dsnw'] = '';\n{lines}", "smtp", version)
    assert {name: fact.values.get(name) for name in expected} == expected


def test_up_to_1_2_php_itself_sends_where_no_server_is_set() -> None:
    assert not facts("$config['default_host'] = 'a';", "1.2", "smtp")
    assert not facts("$config['default_host'] = 'a'; $config['smtp_server'] = '';", "1.2", "smtp")


@pytest.mark.parametrize(
    ("options", "verify"),
    [
        ("null", "ca"),
        ("[]", "ca"),
        ("['ssl' => ['cafile' => '/ca.pem']]", "ca"),
        ("['ssl' => ['verify_peer' => false]]", "name-only"),
        ("['ssl' => ['verify_peer_name' => false]]", "ca-noname"),
        ("['ssl' => ['verify_peer' => false, 'verify_peer_name' => false]]", "none"),
        ("['ssl' => ['allow_self_signed' => true]]", "name-only"),
        ("['ssl' => ['verify_peer' => 0, 'verify_peer_name' => '']]", "none"),
        ("['tls' => ['verify_peer' => false]]", "ca"),
        ("['a.test' => ['ssl' => ['verify_peer' => false, 'verify_peer_name' => false]]]", "none"),
        ("['b.test' => ['ssl' => ['verify_peer' => false, 'verify_peer_name' => false]]]", "ca"),
        ("['ssl' => ['verify_peer' => false, 'peer_fingerprint' => 'ab']]", "fingerprint"),
        ("['ssl' => ['verify_peer' => getenv('V')]]", None),
        ("f()", None),
    ],
)
def test_what_php_checks_of_a_certificate(options: str, verify: str | None) -> None:
    lines = f"$config['imap_host'] = 'ssl://a.test'; $config['imap_conn_options'] = {options};"
    assert one(lines, "imap").values.get("verify") == verify


@pytest.mark.parametrize(
    ("lines", "version", "expected"),
    [
        ("$config['managesieve_host'] = 'tls://a.test';", "", {"tls": "required", "port": 4190}),
        ("$config['managesieve_host'] = 'tls://a.test';", "1.6.5", {"tls": "opportunistic"}),
        ("$config['managesieve_host'] = 'a.test:2000';", "", {"tls": "none", "port": 2000, "port_stated": True}),
        ("$config['managesieve_host'] = 'a'; $config['managesieve_usetls'] = true;", "1.5", {"tls": "opportunistic"}),
        ("$config['managesieve_host'] = 'a'; $config['managesieve_usetls'] = true;", "1.6.5", {"tls": "none"}),
        ("$config['managesieve_host'] = 'a'; $config['managesieve_port'] = 2000;", "1.5", {"port": 2000}),
    ],
)
def test_managesieve(lines: str, version: str, expected: dict[str, object]) -> None:
    (fact,) = facts(lines, version)
    assert {name: fact.values.get(name) for name in expected} == expected
    assert fact.values["protocol"] == "managesieve"


@pytest.mark.parametrize(
    ("lines", "known", "unknown"),
    [
        ("$config['imap_host'] = 'ssl://%n:993';", {"tls": "implicit", "port": 993}, {"host"}),
        ("$config['imap_host'] = 'tls://imap.{{ d }}:1143/';", {"tls": "required", "port": 1143}, {"host"}),
        ("$config['imap_host'] = '{{ imap }}';", {}, {"host", "tls", "port"}),
        ("$config['imap_host'] = getenv('IMAP');", {}, {"host", "tls", "port"}),
        ("$config['imap_host'] = 'ssl://' . getenv('IMAP');", {}, {"host", "tls", "port"}),
        ("$config['imap_host'] = '';", {}, {"host", "tls", "port"}),
        ("include 'local.php'; $config['smtp_host'] = 'x';", {}, {"host", "tls", "port"}),
        ("if (f()) { $config['imap_host'] = 'ssl://a'; }", {}, {"host", "tls", "port"}),
    ],
)
def test_what_is_not_known(lines: str, known: dict[str, object], unknown: set[str]) -> None:
    fact = one(lines, "imap")
    assert {name: fact.values.get(name) for name in known} == known
    assert not unknown & set(fact.values)
    assert unknown <= set(fact.origins)


def test_debians_database_include_decides_nothing_of_mail() -> None:
    fact = one('include_once("/etc/roundcube/debian-db-roundcube.php"); $config["smtp_host"] = "x";', "imap")
    assert fact.values["host"] == "localhost"


def test_defaults_beside_the_file_are_overridden() -> None:
    files = {
        "etc/config.inc.php": "<?php\n$config['imap_host'] = 'ssl://a.test';\n",
        "etc/defaults.inc.php": "<?php\n$config['imap_host'] = 'localhost:143';\n$config['smtp_host'] = 'b.test:25';\n",
    }
    (group,) = roundcube.groups(list(files))
    inventory = read_group(roundcube, files, group)
    imap, smtp = of_kind(inventory, "connection")
    assert (imap.values["host"], smtp.values["host"], smtp.values["port"]) == ("a.test", "b.test", 25)
    assert [origin.how for origin in imap.origins["host"]] == ["declares", "sets", "overrides"]
    assert inventory.files == group


@pytest.mark.parametrize(
    ("lines", "field", "text"),
    [
        ("$config['imap_host'] = 'tls://a.test:143';", "tls", "tls"),
        ("$config['imap_host'] = 'tls://a.test:143';", "host", "a.test"),
        ("$config['imap_host'] = 'tls://a.test:143';", "port", "143"),
        ("$config['imap_host'] = 'a.test';", "tls", "a.test"),
        ("$config['imap_host'] = ['a.test' => 'x'];", "tls", "a.test"),
        ("$config['imap_host'] = 'ssl://a'; $config['imap_conn_options']['ssl']['verify_peer'] = 0;", "verify", "0"),
    ],
)
def test_positions_lie_on_the_value(lines: str, field: str, text: str) -> None:
    whole = f"<?php\n{lines}\n"
    assert blamed(whole, one(lines, "imap"), field) == text


def test_secrets() -> None:
    whole = (
        "<?php\n$config['imap_host'] = 'x';\n$config['smtp_pass'] = 'hunter2';\n$config['des_key'] = 'abcdefghijkl';\n"
        "$config['db_dsnw'] = 'mysql://rc:s3cret@localhost/rc';\n"
    )
    found = of_kind(FILE.read(whole), "secret")
    assert [blamed(whole, fact, "storage") for fact in found] == ["hunter2", "abcdefghijkl", "s3cret"]


@pytest.mark.parametrize(
    "line",
    [
        "$config['smtp_pass'] = '%p';",
        "$config['smtp_pass'] = '{{ pw }}';",
        "$config['db_dsnw'] = 'sqlite:////x';",
        "$config['des_key'] = getenv('K');",
    ],
)
def test_what_is_no_secret(line: str) -> None:
    assert not of_kind(FILE.read(f"<?php $config['imap_host'] = 'x';\n{line}"), "secret")


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("etc/roundcube/config.inc.php", "<?php $config['smtp_host'] = '';", False),
        ("etc/roundcube/config.inc.php", "<?php\n$config['smtp_host'] = '';", True),
        ("roundcube/config.inc.php.j2", "<?php\n$config['smtp_host'] = '';", True),
        ("etc/roundcube/main.inc.php", "<?php\n$rcmail_config['default_host'] = '';", True),
        ("phpmyadmin/config.inc.php", "<?php\n$cfg['Servers'][$i]['host'] = 'x';", False),
        ("phpmyadmin/config.inc.php", "<?php\n$config['host'] = 'x';", False),
    ],
)
def test_the_text_tells_the_format(path: str, text: str, expected: bool) -> None:
    assert format_of(path) is None
    assert (formats_of(path, lambda: text) == ["roundcube"]) is expected


@pytest.mark.parametrize("text", ["", "<html>", "<?php echo 1;"])
def test_another_text_is_refused(text: str) -> None:
    assert [unread.fatal for unread in FILE.read(text).unread] == [True]


@pytest.mark.parametrize(("value", "tls"), [("'PH_IMAP'", None), ("'tls://PH_IMAP:143'", "required")])
def test_placeholders_of_installers_are_no_hosts(value: str, tls: str | None) -> None:
    fact = one(f"$config['imap_host'] = {value};", "imap")
    assert "host" not in fact.values
    assert fact.values.get("tls") == tls
