"""Exim: what a configuration means, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import exim, format_of
from mailpolicy.readers.exim import ciphers
from mailpolicy.readers.exim.acl import Asked
from mailpolicy.readers.exim.lexer import Lexer
from mailpolicy.readers.exim.lists import Client, Lists
from mailpolicy.readers.exim.marked import elements, unplaced
from mailpolicy.readers.exim.model import Model
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Inventory, Value
from tests.readers.reading import blamed, listeners, of_kind, read_group, the

FOLDER = "host/etc/exim4"
MAIN = f"{FOLDER}/exim4.conf"
HEAD = """\
primary_hostname = mail.example.test
domainlist local_domains = mail.example.test : example.test
hostlist relay_from_hosts = <; 127.0.0.1 ; 10.1.0.0/16
acl_smtp_rcpt = acl_check_rcpt
"""
RCPT = """\
  accept hosts = :
  accept authenticated = *
  accept hosts = +relay_from_hosts
  require message = relay not permitted
          domains = +local_domains
  accept
"""
SAFE = "  server_advertise_condition = ${if eq{$tls_in_cipher}{}{}{*}}\n"


def login(name: str = "PLAIN", condition: str = SAFE) -> str:
    return (
        f"{name.lower().replace('-', '')}:\n  driver = plaintext\n  public_name = {name}\n  server_prompts = :\n"
        f"  server_condition = ${{lookup{{$auth2}}lsearch{{/etc/exim4/users}}{{yes}}{{no}}}}\n{condition}"
    )


def conf(main: str = "", rcpt: str = RCPT, acl: str = "", auth: str = "", head: str = HEAD, rest: str = "") -> str:
    return f"{head}{main}\nbegin acl\nacl_check_rcpt:\n{rcpt}\n{acl}\n{rest}\nbegin authenticators\n{auth}"


def read(text: str, **more: str) -> Inventory:
    files = {MAIN: text, **{f"{FOLDER}/{name}": content for name, content in more.items()}}
    return read_group(exim, files, [MAIN], "4.96")


def debian(files: dict[str, str]) -> Inventory:
    texts = {f"{FOLDER}/{name}": text for name, text in files.items()}
    (group,) = exim.groups(sorted(texts))
    return read_group(exim, texts, group, "4.96")


def test_the_router_of_an_empty_list_sends_nothing() -> None:
    router = "r{0}:\n  driver = dnslookup\n  domains = ! +local_domains{1}\n  transport = remote\n"
    rest = "begin routers\n" + router.format(1, " : +relay_to_domains") + router.format(2, "")
    rest += "begin transports\nremote:\n  driver = smtp\n"
    lists = "domainlist local_domains = @\ndomainlist relay_to_domains ="
    for domains, accounts in (("", ["r2/remote"]), (" example.net", ["r1/remote", "r2/remote"])):
        found = read(conf(lists + domains, rest=rest, head="")).facts
        assert [f.values["account"] for f in found if f.kind == "connection"] == accounts


def heard(found: Inventory) -> dict[tuple[str, int], Fact]:
    assert not found.unread, found.unread
    return {(str(f.values["address"]), int(str(f.values["port"]))): f for f in listeners(found)}


PORTS = [
    ("", {("*", 25)}),
    ("daemon_smtp_ports = smtp : submission : 465", {("*", 25), ("*", 587), ("*", 465)}),
    ("daemon_smtp_ports = <; 25 ; 587", {("*", 25), ("*", 587)}),
    ('daemon_smtp_ports = "25 : \\\n   587"', {("*", 25), ("*", 587)}),
    ("daemon_smtp_ports = 25 : \\\n# between\n  587", {("*", 25), ("*", 587)}),
    ("daemon_smtp_port = 587", {("*", 587)}),
    ("daemon_smtp_ports = 25\ndaemon_smtp_port = 587", {("*", 587)}),
    ("hide daemon_smtp_ports = 587", {("*", 587)}),
    ("tls_on_connect_ports = 465", {("*", 25)}),
    ("disable_ipv6", {("0.0.0.0", 25)}),
    ("no_disable_ipv6", {("*", 25)}),
    ("local_interfaces = 0.0.0.0.25 : 127.0.0.1.10025", {("0.0.0.0", 25), ("127.0.0.1", 10025)}),
    ("local_interfaces = <; 10.1.2.3.25 ; [::1]:2525", {("10.1.2.3", 25), ("::1", 2525)}),
    ("local_interfaces = 127.0.0.1 : ::::1\ndaemon_smtp_ports = 25:587",
     {("127.0.0.1", 25), ("127.0.0.1", 587), ("::1", 25), ("::1", 587)}),
    ("local_interfaces =", set()),
    ("P = 25\nP == 587\ndaemon_smtp_ports = P", {("*", 587)}),
    ("BB = AA : 587\nAA = 25\ndaemon_smtp_ports = BB", {("*", 25), ("*", 587)}),
    ("X = 1\n.ifdef NONE\ndaemon_smtp_ports = 587\n.elifdef X\ndaemon_smtp_ports = 2525\n.else\nfoo\n.endif",
     {("*", 2525)}),
    (".ifndef NONE\ndaemon_smtp_ports = 587\n.endif", {("*", 587)}),
    (".ifdef _HAVE_GNUTLS\ndaemon_smtp_ports = 587\n.endif\n.ifdef _HAVE_OPENSSL\ndaemon_smtp_ports = 1\n.endif",
     {("*", 587)}),
    (".include /etc/exim4/more.inc", {("*", 26)}),
    (".include_if_exists /etc/exim4/gone.inc", {("*", 25)}),
]  # fmt: skip


@pytest.mark.parametrize(("main", "expected"), PORTS)
def test_sockets(main: str, expected: set[tuple[str, int]]) -> None:
    assert set(heard(read(conf(main), **{"more.inc": "daemon_smtp_ports = 26\n"}))) == expected


REFUSED = [
    ("daemon_smtp_ports = 25\ndaemon_smtp_ports = 587", "second time"),
    ("daemon_smtp_ports = 25 # why", "invalid port"),
    ("daemon_smtp_ports = 25 587", "invalid port"),
    ("daemon_smtp_ports = wurst", "unknown port"),
    ("daemon_smtp_ports =", "no port is given"),
    ('daemon_smtp_ports = "25" x', "text after a quoted value"),
    ("local_interfaces = mail.example.test", "no IP address"),
    ("local_interfaces = 10.0.0.300", "no IP address"),
    ("frobnicate = 1", "main option frobnicate is unknown"),
    ("disable_ipv6 = maybe", "not a value"),
    ("X = 1\nX = 2", "already defined"),
    ("PORT = 1\nPORTS = 2", "PORT is defined already"),
    (".ifdef X\n", "not closed"),
    (".ifeq X 1\n.endif", "sets nothing"),
    (".include /etc/exim4/gone.inc", "included file does not exist"),
    ("openssl_options = +no_tlsv1", "GnuTLS"),
    ("tls_require_ciphers = ECDHE-RSA-AES128-GCM-SHA256:!aNULL", "GnuTLS does not take"),
    ("tls_require_ciphers = NORMAL:-WURST", "GnuTLS does not take"),
]


@pytest.mark.parametrize(("main", "why"), REFUSED)
def test_what_keeps_exim_from_starting(main: str, why: str) -> None:
    found = read(conf(main))
    assert any(why in unread.why for unread in found.unread), found.unread
    assert of_kind(found, "listener") == []


@pytest.mark.parametrize(
    ("rcpt", "acl", "auth", "why"),
    [
        (RCPT + "  deny foo = bar\n", "", "", "no condition"),
        (RCPT + "  reject hosts = *\n", "", "", "no condition"),
        (RCPT, "acl_check_rcpt:\n  accept\n", "", "two access lists"),
        (RCPT, "", login() + login().replace("plain:", "other:"), "two authenticators serve PLAIN"),
        (RCPT, "", login().replace("plaintext", "wurst"), "no driver wurst"),
        (RCPT, "begin wurst\n", "", "no section wurst"),
    ],
)
def test_sections_that_keep_exim_from_starting(rcpt: str, acl: str, auth: str, why: str) -> None:
    assert any(why in unread.why for unread in read(conf(rcpt=rcpt, acl=acl, auth=auth)).unread)


TLS: list[tuple[str, str, str, dict[str, Value]]] = [
    ("", "", "", {"tls": "optional", "tls_min": "TLSv1.0", "auth": "none", "broken": None}),
    ("tls_advertise_hosts =", "", "", {"tls": "none"}),
    ("tls_advertise_hosts = 10.0.0.0/8", "", "", {"tls": "none"}),
    ("tls_advertise_hosts = ${if eq{$received_port}{25}{*}}", "", "", {"tls": "optional"}),
    ("tls_advertise_hosts = ${lookup{x}lsearch{/y}}", "", "", {"tls": None}),
    ("tls_on_connect_ports = smtp\ntls_advertise_hosts =", "", "", {"tls": "implicit"}),
    ("tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS1.3", "", "", {"tls_min": "TLSv1.3"}),
    ("tls_require_ciphers = @SYSTEM", "", "", {"tls_min": None}),
    ("acl_smtp_mail = m", "m:\n  require encrypted = *\n  accept\n", "", {"tls": "required"}),
    ("acl_smtp_mail = m", "m:\n  deny !encrypted = *\n  accept\n", "", {"tls": "required"}),
    ("acl_smtp_mail = m", "m:\n  deny condition = ${if eq{$received_port}{587}}\n       !encrypted = *\n  accept\n", "",
     {"tls": "optional"}),
    ("acl_smtp_mail = m", "m:\n  deny condition = ${lookup{x}lsearch{/y}}\n       !encrypted = *\n  accept\n", "",
     {"tls": None}),
    ("acl_smtp_helo = deny", "", "", {"tls": "none"}),
    ("acl_smtp_connect = c", "c:\n  accept hosts = 10.0.0.0/8\n  deny\n", "",
     {"broken": "acl_smtp_connect refuses clients outside of the named networks"}),
    ("tls_certificate = /srv/a.pem\ntls_privatekey = /srv/b.pem", "", "", {"certificate": "/srv/a.pem"}),
    ("", "", login(), {"auth": "tls-only", "mechanisms": ("PLAIN",)}),
    ("", "", login(condition=""), {"auth": "cleartext", "tls": "optional"}),
    ("", "", login(condition="  server_advertise_condition = ${if def:tls_in_cipher}\n"), {"auth": "tls-only"}),
    ("", "", login(condition="  server_advertise_condition = ${if !eq{$tls_cipher}{}{true}{false}}\n"),
     {"auth": "tls-only"}),
    ("", "", login(condition="  server_advertise_condition = no\n"), {"auth": "none", "mechanisms": ()}),
    ("", "", login(condition="  server_advertise_condition = ${lookup{x}lsearch{/y}}\n"), {"auth": None}),
    ("", "", login() + login("LOGIN", ""), {"auth": "cleartext", "mechanisms": ("LOGIN", "PLAIN")}),
    ("auth_advertise_hosts =", "", login(condition=""), {"auth": "none"}),
    ("auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}", "", login(condition=""), {"auth": "tls-only"}),
    ("auth_advertise_hosts = ${if def:tls_in_cipher{*}{127.0.0.1}}", "", login(condition=""), {"auth": "tls-only"}),
    ("acl_smtp_auth = a", "a:\n  accept encrypted = *\n  deny\n", login(condition=""), {"auth": "tls-only"}),
    ("", "", "c:\n  driver = cram_md5\n  public_name = CRAM-MD5\n  server_secret = $auth1\n" + login(),
     {"auth": "challenge"}),
    ("", "", "p:\n  driver = plaintext\n  public_name = PLAIN\n  client_send = ^a^$local_part\n", {"auth": "none"}),
    ("", "", "p:\n  driver = plaintext\n  public_name = PLAIN\n  server_prompts = :\n", {"auth": "none"}),
]  # fmt: skip


@pytest.mark.parametrize(("main", "acl", "auth", "expected"), TLS)
def test_tls_and_logins(main: str, acl: str, auth: str, expected: dict[str, Value]) -> None:
    fact = the(read(conf(main, acl=acl, auth=auth)))
    assert {name: fact.values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("beside", "broken"),
    [({"other.pem": ""}, "tls_certificate /etc/exim4/gone.pem does not exist"), ({"passwd": ""}, None), ({}, None)],
)
def test_a_certificate_is_missed_where_others_lie(beside: dict[str, str], broken: str | None) -> None:
    fact = the(read(conf("tls_certificate = /etc/exim4/gone.pem\ntls_privatekey = /k"), **beside))
    assert fact.values["broken"] == broken


RELAY = [
    (RCPT, "networks"),
    ("  accept\n", "open"),
    ("  accept domains = *\n", "open"),
    ("  accept encrypted = *\n  deny\n", "open"),
    ("  accept domains = !+local_domains\n", "open"),
    ("  accept hosts = !10.0.0.0/8\n", "open"),
    ("  deny domains = !+local_domains\n       !authenticated = *\n  accept\n", "authenticated"),
    ("  accept domains = +local_domains\n  accept authenticated = *\n", "authenticated"),
    ("  accept domains = +local_domains\n", "none"),
    ("  accept hosts = +nobody\n", "none"),
    ("  accept hosts = *.example.test : *\n", "networks"),
    ("  accept hosts = /srv/relays\n", None),
    ("  accept hosts = ${lookup{x}lsearch{/y}}\n", None),
    ("  accept condition = ${lookup{x}lsearch{/y}}\n", None),
    ("  deny dnslists = zen.example\n  deny ratelimit = 9 / 1h\n  require verify = sender\n  accept\n", "open"),
    ("  accept hosts = *\n         endpass\n         authenticated = *\n", "authenticated"),
    ("  deny !acl = inner\n  accept\n", "networks"),
    ("  accept condition = ${if match_ip{$sender_host_address}{+relay_from_hosts}}\n", "networks"),
]


@pytest.mark.parametrize(("rcpt", "expected"), RELAY)
def test_relaying(rcpt: str, expected: str | None) -> None:
    inner = "inner:\n  accept hosts = +relay_from_hosts\n  accept domains = +local_domains\n"
    fact = the(read(conf(rcpt=rcpt, acl=inner, auth=login())))
    assert fact.values.get("relay") == expected


def test_no_access_list_for_recipients_refuses_all() -> None:
    fact = the(read(conf(head=HEAD.replace("acl_smtp_rcpt = acl_check_rcpt\n", ""))))
    assert fact.values["relay"] == "none"


def test_families_that_differ_are_two_listeners() -> None:
    found = heard(read(conf(head=HEAD.replace("10.1.0.0/16", "0.0.0.0/0"))))
    assert {k[0]: f.values["relay"] for k, f in found.items()} == {"0.0.0.0": "open", "::": "networks"}


def test_lists_in_files_of_the_tree() -> None:
    found = read(conf(head=HEAD.replace("10.1.0.0/16", "/etc/exim4/relays")), relays="# ours\n0.0.0.0/0\n::/0\n")
    assert the(found).values["relay"] == "open"


def test_variables_of_access_lists_last_through_the_session() -> None:
    acl = (
        "c:\n  warn condition = ${if eq{$received_port}{587}}\n       set acl_c_sub = 1\n  accept\n\n"
        "m:\n  deny condition = $acl_c_sub\n       !encrypted = *\n  accept\n"
    )
    main = "daemon_smtp_ports = 25:587\nacl_smtp_connect = c\nacl_smtp_mail = m\n"
    found = heard(read(conf(main, acl=acl)))
    assert {k[1]: f.values["tls"] for k, f in found.items()} == {25: "optional", 587: "required"}


def test_the_same_socket_twice_is_no_socket() -> None:
    assert the(read(conf("daemon_smtp_ports = 25 : 25"))).values["broken"]


@pytest.mark.parametrize(
    ("main", "auth", "field", "text"),
    [
        ("tls_advertise_hosts =\n", "", "tls", "tls_advertise_hosts"),
        ("tls_on_connect_ports = 465 : 25\n", "", "tls", "25"),
        ("CIPHERS = NORMAL\ntls_require_ciphers = CIPHERS\n", "", "tls_min", "NORMAL"),
        ("", login(condition=""), "auth", "PLAIN"),
        ("auth_advertise_hosts = *\n", login(condition=""), "auth", "*"),
        ("", "", "trusted_scope", "10.1.0.0/16"),
        ("daemon_smtp_ports = 25\n", "", "port", "25"),
    ],
)
def test_blame(main: str, auth: str, field: str, text: str) -> None:
    whole = conf(main, auth=auth)
    assert blamed(whole, the(read(whole)), field) == text


def test_blame_of_an_open_relay() -> None:
    whole = conf(rcpt="  accept hosts = 10.0.0.1\n  accept hosts = *\n")
    assert blamed(whole, the(read(whole)), "relay") == "*"


ANSWERS = "dc_eximconfig_configtype='internet'\ndc_use_split_config='true'\ndc_relay_nets='10.20.0.0/16'\n"


def test_debian_answers_alone() -> None:
    fact = the(debian({"update-exim4.conf.conf": ANSWERS}))
    assert fact.values["assumed"] is True
    assert fact.values["relay"] == "networks"
    assert fact.values["trusted_networks"] == ("10.20.0.0/16", "127.0.0.1", "::1")


@pytest.mark.parametrize(
    ("answers", "files", "expected"),
    [
        ("dc_local_interfaces='127.0.0.1 ; ::1'\n", {}, {("127.0.0.1", 25), ("::1", 25)}),
        ("", {"conf.d/main/000_local": "daemon_smtp_ports = 25 : 587\n"}, {("*", 25), ("*", 587)}),
        ("", {"conf.d/main/00.local": "daemon_smtp_ports = 587\n"}, {("*", 25)}),
        ("dc_use_split_config='false'\n", {"conf.d/main/000_local": "daemon_smtp_ports = 587\n"}, {("*", 25)}),
        ("dc_use_split_config='false'\n", {"exim4.conf.localmacros": "daemon_smtp_ports = 587\n"}, {("*", 587)}),
        ("dc_use_split_config='false'\n", {"exim4.conf.template": "daemon_smtp_ports = 26\n"}, {("*", 26)}),
        ("", {"exim4.conf": "daemon_smtp_ports = 2525\n"}, {("*", 2525)}),
    ],
)
def test_debian(answers: str, files: dict[str, str], expected: set[tuple[str, int]]) -> None:
    assert set(heard(debian({"update-exim4.conf.conf": ANSWERS + answers, **files}))) == expected


def test_debian_macros_reach_the_packaged_parts() -> None:
    files = {
        "update-exim4.conf.conf": ANSWERS + "MAIN_TLS_ENABLE='yes'\n",
        "conf.d/auth/40_local": "my" + login(condition=f".ifndef AUTH_SERVER_ALLOW_NOTLS_PASSWORDS\n{SAFE}.endif\n"),
    }
    fact = the(debian(files))
    assert fact.values["auth"] == "tls-only"
    assert fact.values["certificate"] == "/etc/exim4/exim.crt"


def test_without_debians_answers_nothing_is_guessed() -> None:
    found = debian({"conf.d/main/02_more": "tls_advertise_hosts = *\n"})
    assert of_kind(found, "listener") == []
    assert any("which ports Exim opens is not known" in note for note in found.notes)


def test_listener_options_of_the_init_script() -> None:
    tree = Memory({MAIN: conf("local_interfaces = 10.9.9.9\n"),
                   "host/etc/default/exim4": "SMTPLISTENEROPTIONS='-oX 587:127.0.0.1.26 -oP /run/x'\n"})  # fmt: skip
    found = exim.read(tree, (MAIN,), None)
    assert set(heard(found)) == {("127.0.0.1", 26)}
    tree = Memory({MAIN: conf(), "host/etc/default/exim4": "SMTPLISTENEROPTIONS='-oX 587:10025'\n"})
    assert set(heard(exim.read(tree, (MAIN,), None))) == {("*", 587), ("*", 10025)}


ROUTE = """\
begin routers
smart:
  driver = manualroute
  domains = ! +local_domains
  transport = out
  route_list = * {hosts}
begin transports
out:
  driver = smtp
{options}
"""
CLIENT = "c:\n  driver = plaintext\n  public_name = PLAIN\n  client_send = ^me^Quince-41\n"
ROUTES: list[tuple[str, str, str, dict[str, Value]]] = [
    ("smtp.example.net", "", "", {"host": "smtp.example.net", "port": 25, "port_stated": False, "tls": "opportunistic",
                                  "verify": "none", "authenticates": False, "role": "relay"}),
    ("smtp.example.net::587 byname", "  hosts_require_tls = *", "", {"port": 587, "tls": "required"}),
    ("smtp.example.net", "  port = 465\n  protocol = smtps", "", {"port": 465, "tls": "implicit"}),
    ("smtp.example.net", "  hosts_avoid_tls = *", "", {"tls": "none", "verify": "none"}),
    ("smtp.example.net", "  tls_verify_hosts = *", "", {"verify": "ca", "tls": "opportunistic"}),
    ("smtp.example.net", "  hosts_require_dane = *", "", {"verify": "dane", "tls": "required"}),
    ("smtp.example.net", "  hosts_require_auth = *", CLIENT,
     {"authenticates": True, "role": "submission", "cleartext_credentials": True, "credential": "literal",
      "mechanisms": ("PLAIN",)}),
    ("smtp.example.net", "  hosts_try_auth = smtp.example.net\n  hosts_require_tls = *", CLIENT,
     {"authenticates": True, "cleartext_credentials": False}),
    ("smtp.example.net", "  hosts_require_auth = *", CLIENT + "  client_condition = ${if !eq{$tls_out_cipher}{}}\n",
     {"authenticates": True, "cleartext_credentials": False}),
    ("$domain", "", "", {"host": None}),
]  # fmt: skip


@pytest.mark.parametrize(("hosts", "options", "auth", "expected"), ROUTES)
def test_routes(hosts: str, options: str, auth: str, expected: dict[str, Value]) -> None:
    rest = ROUTE.format(hosts=hosts, options=options)
    fact = the(read(conf(rest=rest, auth=auth)), "connection")
    assert {name: fact.values.get(name) for name in expected} == expected


def test_debians_smarthost() -> None:
    answers = ANSWERS.replace("internet", "smarthost") + "dc_smarthost='smtp.example.net::587'\n"
    found = debian({"update-exim4.conf.conf": answers, "passwd.client": "smtp.example.net:me:Quince-41\n"})
    fact = the(found, "connection")
    assert fact.values["host"] == "smtp.example.net"
    assert fact.values["port"] == 587
    assert fact.values["authenticates"] is True
    assert fact.values["credential"] == "file"
    assert the(found, "secret").values["setting"] == "passwd.client"


@pytest.mark.parametrize(
    ("main", "auth", "setting", "text"),
    [
        ("hide mysql_servers = localhost/db/me/Quince-41\n", "", "mysql_servers", "Quince-41"),
        ("", CLIENT, "client_send", "Quince-41"),
        ("", "c:\n  driver = cram_md5\n  client_secret = Quince-41\n", "client_secret", "Quince-41"),
        ("", login().replace("${lookup{$auth2}lsearch{/etc/exim4/users}{yes}{no}}",
                             "${if and{{eq{$auth2}{me}}{eq{$auth3}{Quince-41}}}}"), "server_condition", "Quince-41"),
    ],
)  # fmt: skip
def test_secrets(main: str, auth: str, setting: str, text: str) -> None:
    whole = conf(main, auth=auth)
    fact = the(read(whole), "secret")
    assert fact.values["setting"] == setting
    assert blamed(whole, fact, "storage") == text


def test_no_secret_where_a_lookup_stands() -> None:
    found = read(conf(auth="c:\n  driver = cram_md5\n  client_name = me\n  client_secret = ${readfile{/etc/x}}\n"))
    assert of_kind(found, "secret") == []


def test_server_settings() -> None:
    fact = the(
        read(conf("acl_smtp_vrfy = accept\nsmtp_banner = $smtp_active_hostname ESMTP\nno_smtp_enforce_sync\n")),
        "server",
    )
    wanted = {"host": "mail.example.test", "vrfy": True, "banner_version": False, "pipelining_protection": False}
    assert {name: fact.values[name] for name in wanted} == wanted


def test_a_missing_include_outside_makes_defaults_unknown() -> None:
    found = read(conf(".include /srv/site.conf\n"))
    assert of_kind(found, "listener") == []
    assert any("this file is not here" in note for note in found.notes)


def test_templates_are_unknown() -> None:
    found = read(conf("daemon_smtp_ports = 25\nlocal_interfaces = 0.0.0.0\ntls_advertise_hosts = {{ hosts }}\n"))
    assert the(found).values.get("tls") is None
    assert not found.unread


@pytest.mark.parametrize(
    ("text", "lowest"),
    [
        ("NORMAL", "TLSv1.0"),
        ("SECURE128:%SERVER_PRECEDENCE", "TLSv1.0"),
        ("SECURE256", "TLSv1.2"),
        ("NORMAL:-VERS-TLS-ALL:+VERS-TLS1.2", "TLSv1.2"),
        ("NORMAL:!VERS-TLS1.0", "TLSv1.1"),
        ("NORMAL:-SHA1", "TLSv1.2"),
        ("NONE:+VERS-TLS1.2:+CIPHER-ALL:+MAC-ALL:+KX-ALL", "TLSv1.2"),
    ],
)
def test_priorities(text: str, lowest: str) -> None:
    versions = ciphers.gnutls(text)
    assert versions is not None
    assert ciphers.lowest(versions) == lowest


@pytest.mark.parametrize("text", ["normal colour", "NORMAL : -VERS-TLS1.0", "NORMAL,-VERS-TLS1.0", "HIGH:!MD5", ""])
def test_priorities_that_gnutls_refuses(text: str) -> None:
    assert ciphers.gnutls(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a : b", ["a", "b"]),
        ("127.0.0.1 : ::::1", ["127.0.0.1", "::1"]),
        ("<; 127.0.0.1 ; ::1", ["127.0.0.1", "::1"]),
        ("<| a | b||c", ["a", "b|c"]),
        (":", [""]),
        ("", []),
    ],
)
def test_elements(text: str, expected: list[str]) -> None:
    assert [element.text for element in elements(unplaced(text))] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${if eq{a}{a}{yes}{no}}", "yes"),
        ("${if eq{$tls_in_cipher}{}{}{*}}", ""),
        ("${if def:tls_in_cipher}", ""),
        ("${if and{{!def:tls_in_cipher}{eq{$received_port}{25}}}{1}}", "1"),
        ("${if or{{eq{${lookup{a}lsearch{/b}}}{x}}{eqi{A}{a}}}{1}{0}}", "1"),
        ("${if >={$received_port}{25}{a}{b}}", "a"),
        ("${if match{$received_port}{\\N^25$\\N}{a}{b}}", "a"),
        ("${if match{$sender_helo_name}{^x}{a}{b}}", None),
        ("${if bool{false}{a}{b}}", "b"),
        ("${lc:ABC}$received_port", "abc25"),
        ("${if forany{a:b}{eq{$item}{b}}{a}{b}}", None),
        ("$h_subject: x", None),
        ("${if eq{a}{b}", None),
        ("\\$x\\N$y\\N", "$x$y"),
    ],
)
def test_expansion(text: str, expected: str | None) -> None:
    model = Model(Lexer(Memory({}), "/etc/exim4", FOLDER, (4, 96)))
    asked = Asked(model, Lists(model, Memory({}), "/etc/exim4", FOLDER), Client("198.51.100.20", False, False, 25))
    assert asked.expander.expand(text) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("etc/exim4/exim4.conf", "exim"),
        ("exim.conf", "exim"),
        ("roles/mail/templates/exim4.conf.j2", "exim"),
        ("etc/exim4/exim4.conf.template", "exim"),
        ("etc/exim4/update-exim4.conf.conf", "exim"),
        ("etc/exim4/conf.d/main/000_localmacros", "exim"),
        ("etc/exim4/passwd.client", "exim"),
        ("etc/dovecot/conf.d/10-auth.conf", "dovecot"),
        ("etc/exim4/README", None),
    ],
)
def test_names(path: str, expected: str | None) -> None:
    assert format_of(path) == expected


@pytest.mark.parametrize("text", ["begin routers\n", "acl_smtp_rcpt = x\n", "dc_eximconfig_configtype='local'\n"])
def test_sniff(text: str) -> None:
    assert exim.sniff(text)
    assert not exim.sniff("smtpd_banner = x\n")


def test_who_comes_by_loopback_is_no_stranger() -> None:
    found = heard(read(conf("local_interfaces = 127.0.0.1\n")))
    assert found["127.0.0.1", 25].values["relay"] == "networks"
    found = heard(read(conf("local_interfaces = 127.0.0.1\n", rcpt="  accept\n")))
    assert found["127.0.0.1", 25].values["relay"] == "open"


def test_blame_of_a_list_that_holds_the_world() -> None:
    answers = ANSWERS.replace("10.20.0.0/16", "0.0.0.0/0")
    fact = heard(debian({"update-exim4.conf.conf": answers}))["0.0.0.0", 25]
    assert blamed(answers, fact, "relay") == "0.0.0.0/0"


def test_a_missing_include_in_a_transport_hides_its_connection() -> None:
    rest = ROUTE.format(hosts="smtp.example.net", options="  .include /srv/more.conf\n")
    assert of_kind(read(conf(rest=rest)), "connection") == []


VALUES = [
    ("split_spool_directory = 1", "not a value for split_spool_directory"),
    ("split_spool_directory # why", "text behind split_spool_directory"),
    ("no_split_spool_directory = yes", "not a value"),
    ("no_smtp_banner = x", "smtp_banner is not true or false"),
    ("smtp_accept_max = 20 # why", "smtp_accept_max is a whole number"),
    ("smtp_accept_max =", "smtp_accept_max is a whole number"),
    ("check_spool_space = many", "check_spool_space is a whole number"),
    ("auto_thaw = 5", "auto_thaw is a time"),
    ("auto_thaw = 1h 30m", "auto_thaw is a time"),
    ("log_selector = +tls_cypher", "log_selector knows no tls_cypher"),
    ("log_selector = tls_cipher", "names with + or -"),
    ("smtp_accept_max = 0\nsmtp_accept_queue = 1", "smtp_accept_queue needs"),
    ("local_sender_retain", "local_sender_retain needs"),
    ("hostlist foo 10.0.0.1", "equals sign is missing"),
    ("hostlist hide foo = 10.0.0.1", "equals sign is missing"),
    ("_FOO = 1", "sets nothing"),
    ("begin acl # lists", "no section acl # lists"),
    (".include_if_exists more.inc", "takes an absolute path"),
    (".ifdef\tFOO\n.endif", "sets nothing"),
    (".ifndef FOO\r\n.endif\r", "not closed"),
    ("dmarc_tld_file = /x", "Debian's Exim does not know dmarc_tld_file"),
]


@pytest.mark.parametrize(("main", "why"), VALUES)
def test_values_and_lines_that_exim_does_not_take(main: str, why: str) -> None:
    found = read(conf(main))
    assert any(why in unread.why for unread in found.unread), found.unread


@pytest.mark.parametrize(
    "main",
    [
        "split_spool_directory = TRUE\nno_queue_only\nnot_message_logs\nqueue_only_override =",
        "smtp_accept_max = 1K\nauto_thaw = 1h30m\nqueue_only_load = 4.5\nlog_selector = +all -arguments",
        "hide hostlist foo = 10.0.0.1\nhostlist_cache bar = +foo",
        "CC = #\nCC frobnicate = 1",
        "BEGIN retry",
        "begin rewrites",
        "P = 1\nhostlist x = a : \\\nP = b",
        ".ifndef FOO\r\nsplit_spool_directory\r",
    ],
)
def test_values_and_lines_that_exim_takes(main: str) -> None:
    assert [unread for unread in read(conf(main)).unread if "not closed" not in unread.why] == []


@pytest.mark.parametrize(
    ("rcpt", "why"),
    [
        ("  deny !message = x\n", "message cannot be negated"),
        ("  deny endpass\n", "endpass cannot stand in deny"),
        ("  warn set foo = 1\n", "set takes a variable"),
        ("  warn set acl_cx = 1\n", "set takes a variable"),
        ("  deny demime = exe\n", "no condition"),
        ("  accept\n  P = 1\n  accept\n", "begins with its name"),
    ],
)
def test_lines_of_access_lists_that_exim_does_not_take(rcpt: str, why: str) -> None:
    assert any(why in unread.why for unread in read(conf(rcpt=rcpt)).unread)


def test_text_behind_the_name_of_an_access_list_is_not_looked_at() -> None:
    found = read(conf().replace("acl_check_rcpt:\n", "acl_check_rcpt: accept hosts = *\n"))
    assert the(found).values["relay"] == "networks"


def test_a_macro_between_access_lists() -> None:
    assert the(read(conf(acl="P = 1\nother:\n  accept\n"))).values["relay"] == "networks"


SMTP = "begin transports\nout:\n  driver = smtp\n"
DRIVERS = [
    ("begin transports\nout:\n  hosts_require_tls = *\n  driver = smtp\n", "driver = smtp must stand before"),
    ("begin transports\nout: # mail\n  driver = smtp\n", "text behind the name out"),
    (SMTP + "  keepalive = 1\n", "not a value for keepalive"),
    (SMTP + "  no_hosts\n", "hosts is not true or false"),
    (SMTP + "  hosts\n", "hosts has no value"),
    (SMTP + "  connect_timeout = 5\n", "connect_timeout is a time"),
    (SMTP + "  hosts = a\n  hosts = b\n", "second time"),
    (SMTP + "P = 1\n  hosts = a\n", "belongs to none of the transports"),
    ("begin routers\nr:\n  driver = accept\n", "needs a transport"),
    ("begin routers\nr:\n  driver = redirect\n  data = x\n  transport = t\n", "takes no transport"),
    ("begin routers\nr:\n  driver = redirect\n", "one of file and data"),
    ("begin routers\nr:\n  driver = manualroute\n  route_list = * a\n  route_data = b\n", "one of route_list and"),
    ("begin routers\nr:\n  driver = redirect\n  data = x\n  redirect_router = q\n", "no router q"),
    ("begin routers\nq:\n  driver = redirect\n  data = x\nr:\n  driver = redirect\n  data = x\n  pass_router = q\n",
     "q does not come after r"),
    ("begin routers\nr:\n  driver = dnslookup\n  transport = t\n  self = stop\n", "stop is no value of self"),
]  # fmt: skip


@pytest.mark.parametrize(("section", "why"), DRIVERS)
def test_drivers_that_exim_does_not_take(section: str, why: str) -> None:
    found = read(conf(rest=section))
    assert any(why in unread.why for unread in found.unread), found.unread


@pytest.mark.parametrize(
    "section",
    [
        SMTP + "  headers_add = A: b\n  headers_add = C: d\n  max_parallel = 3\n  no_keepalive\n",
        "begin transports\nout:\n  max_parallel = 3\n  driver = smtp\n",
        "begin routers\nr:\n  driver = accept\n  verify_only\n  condition = 1\n  condition = 1\n",
        "begin routers\nr:\n  driver = accept\n  transport = nowhere\n  more = ${if eq{a}{b}}\n",
        SMTP + "P = 1\nmore:\n  driver = smtp\n",
    ],
)
def test_drivers_that_exim_takes(section: str) -> None:
    assert read(conf(rest=section)).unread == ()


def test_relative_includes_are_sought_beside_the_file_that_names_them() -> None:
    more = {"sub/one.inc": ".include two.inc\n", "sub/two.inc": "daemon_smtp_ports = 587\n", "two.inc": "foo\n"}
    assert set(heard(read(conf(".include /etc/exim4/sub/one.inc"), **more))) == {("*", 587)}


def test_files_that_include_one_another_are_no_loop_where_a_condition_ends_it() -> None:
    more = {"one.inc": ".ifndef DONE\nDONE = 1\n.include /etc/exim4/one.inc\n.endif\n"}
    assert read(conf(".include /etc/exim4/one.inc"), **more).unread == ()
    assert "without end" in read(conf(".include /etc/exim4/a"), a=".include /etc/exim4/a\n").unread[0].why


def test_a_macro_of_which_a_template_decides_is_not_known() -> None:
    found = read(conf("{% if x %}\nP = 587\n{% endif %}\ndaemon_smtp_ports = P"))
    assert of_kind(found, "listener") == []


def test_debians_script_changes_signs_of_macros_that_it_does_not_let_through() -> None:
    found = debian({"update-exim4.conf.conf": ANSWERS + "MAIN_LOG_SELECTOR=+all\n"})
    assert 'not "_all"' in found.unread[0].why


def test_debians_script_makes_nothing_of_another_word_than_true_and_false() -> None:
    found = debian({"update-exim4.conf.conf": ANSWERS + "dc_use_split_config='yes'\n"})
    assert "true or false" in found.unread[0].why


def test_answers_over_several_lines() -> None:
    fact = the(debian({"update-exim4.conf.conf": ANSWERS + "dc_relay_nets='10.1.0.0/16;\n  10.2.0.0/16'\n"}))
    assert fact.values["trusted_networks"] == ("10.1.0.0/16", "10.2.0.0/16", "127.0.0.1", "::1")


MEMBERS = [
    ("/etc/exim4/nets : *", "!10.0.0.0/8 # not these\n", "203.0.113.9", True),
    ("/etc/exim4/nets : *", "!203.0.113.0/24\n", "203.0.113.9", False),
    ("/etc/exim4/nets", "10.0.0.0/8\n!203.0.113.0/24\n", "198.51.100.1", True),
    ("! /etc/exim4/nets", "203.0.113.0/24\n", "203.0.113.9", False),
    ("! /etc/exim4/nets", "203.0.113.0/24\n", "198.51.100.1", True),
    ("! /etc/exim4/nets", "!203.0.113.0/24\n", "203.0.113.9", True),
    ("${lookup{x}lsearch{/y}} : *", "", "203.0.113.9", None),
    ("net-mysql;SELECT 1 : *", "", "203.0.113.9", True),
    ("! net-mysql;SELECT 1 : *", "", "203.0.113.9", None),
    ("+ignore_unknown : ! 10.0.0.1 : +include_unknown", "", "203.0.113.9", True),
]


@pytest.mark.parametrize(("value", "nets", "address", "expected"), MEMBERS)
def test_members_of_host_lists(value: str, nets: str, address: str, expected: bool | None) -> None:
    tree = Memory({f"{FOLDER}/nets": nets})
    model = Model(Lexer(tree, "/etc/exim4", FOLDER, (4, 96)))
    lists = Lists(model, tree, "/etc/exim4", FOLDER)
    client = Client(address, False, False, 25)
    assert lists.hosts(unplaced(value), client, Asked(model, lists, client).expander) is expected


def test_lists_that_name_one_another_twice_are_gone_through_once() -> None:
    many = "".join(f"hostlist n{i} = +n{i + 1} : +n{i + 1}\n" for i in range(18)) + "hostlist n18 = 10.0.0.1\n"
    assert heard(read(conf(many, rcpt=RCPT.replace("+relay_from_hosts", "+n0"))))


@pytest.mark.parametrize(("table", "expected"), [("*: x\n", "open"), ("a.test: x\n", "networks")])
def test_a_table_with_a_default_holds_every_domain(table: str, expected: str) -> None:
    head = HEAD.replace(": example.test\n", ": lsearch*;/etc/exim4/table\n")
    assert the(read(conf(head=head), table=table)).values["relay"] == expected


def test_arguments_of_access_lists() -> None:
    rcpt = "  accept acl = ok yes\n  deny\n"
    acl = "ok:\n  accept condition = ${if and{{eq{$acl_arg1}{yes}}{eq{$acl_narg}{1}}}}\n"
    assert the(read(conf(rcpt=rcpt, acl=acl))).values["relay"] == "open"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# all\naccept \\\n  hosts = *\n", "open"),
        ("accept hosts = 10.0.0.1\n", None),
        ("accept foo = 1\n", None),
    ],
)
def test_an_access_list_in_a_file_of_its_own(text: str, expected: str | None) -> None:
    found = read(conf(head=HEAD.replace("= acl_check_rcpt", "= /etc/exim4/list")), list=text)
    assert the(found).values.get("relay") == expected


def test_a_negated_network_is_no_stranger() -> None:
    head = HEAD.replace("<; 127.0.0.1 ; 10.1.0.0/16", "! 198.51.100.0/24 : *")
    assert the(read(conf(head=head))).values["relay"] == "open"


def test_tls_on_connect_on_the_command_line() -> None:
    tree = Memory({MAIN: conf(), "host/etc/default/exim4": "SMTPLISTENEROPTIONS='-oX 465 -tls-on-connect'\n"})
    fact = the(exim.read(tree, (MAIN,), None))
    assert (fact.values["port"], fact.values["tls"]) == (465, "implicit")


def test_a_port_that_is_too_great_is_another_one() -> None:
    assert set(heard(read(conf("daemon_smtp_ports = 70000")))) == {("*", 4464)}
    assert of_kind(read(conf("daemon_smtp_ports = 0")), "listener") == []


def test_the_main_parts_of_debian_come_first() -> None:
    paths = [f"{FOLDER}/conf.d/{part}/x" for part in ("auth", "acl", "main")]
    assert exim.groups(paths) == [tuple(reversed(paths))]


@pytest.mark.parametrize(
    ("value", "logged"), [("-all", False), ("-all +tls_cipher", True), ("+all -tls_cipher", False)]
)
def test_log_selector_is_read_from_left_to_right(value: str, logged: bool) -> None:
    assert the(read(conf(f"log_selector = {value}")), "server").values["tls_logged"] is logged


def test_more_networks_than_are_tried_are_not_all_known() -> None:
    many = " ; ".join(f"10.{number}.0.0/16" for number in range(50))
    fact = the(read(conf(head=HEAD.replace("10.1.0.0/16", many))))
    assert fact.values["relay"] == "networks"
    assert "trusted_networks" not in fact.values


def test_a_transports_list_that_ends_in_a_negation_holds_all_others() -> None:
    section = (
        "begin routers\nr:\n  driver = manualroute\n  transport = out\n  route_list = * a.test\n"
        "begin transports\nout:\n  driver = smtp\n  hosts_require_tls = ! b.test\n"
    )
    assert the(read(conf(rest=section)), "connection").values["tls"] == "required"
