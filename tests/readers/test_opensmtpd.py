"""OpenSMTPD: what a configuration means, and where each field's text stands. Truths were seen with 6.8 and 7.6."""

from __future__ import annotations

import pytest

from mailpolicy.readers import format_of, opensmtpd
from mailpolicy.types import Fact, Inventory
from tests.readers.reading import blamed, of_kind, read_group, the

PKI = 'pki mx.test cert "/etc/ssl/mx.pem"\npki mx.test key "/etc/ssl/mx.key"\n'
ON = "listen on 0.0.0.0"
TLS = "tls pki mx.test"
ACTIONS = 'action "in" mbox\naction "out" relay\n'
OUT = ACTIONS + 'match from local for any action "out"\n'
LOGIN = ACTIONS + 'match auth from any for any action "out"\n'


def read(text: str, version: str = "", path: str = "etc/mail/smtpd.conf", **files: str) -> Inventory:
    folder = path.rpartition("/")[0]
    beside = {f"{folder}/{name}": content for name, content in files.items()}
    return read_group(opensmtpd, {path: text, **beside}, [path], version)


def listeners(text: str, version: str = "", **files: str) -> list[Fact]:
    made = read(text, version, **files)
    assert made.unread == ()
    return of_kind(made, "listener")


def only(text: str, version: str = "", **files: str) -> Fact:
    (fact,) = listeners(text, version, **files)
    return fact


def refusal(text: str, version: str = "", **files: str) -> str:
    made = read(text, version, **files)
    assert [fact for fact in made.facts if fact.kind in ("listener", "connection")] == []
    return made.unread[0].why if made.unread else ""


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", {"port": 25, "tls": "none", "auth": "none", "role": "mx", "address": "0.0.0.0", "scope": "any"}),
        (TLS, {"port": 25, "tls": "optional", "certificate": "/etc/ssl/mx.pem", "tls_min": "TLSv1.2"}),
        ("tls-require pki mx.test", {"port": 25, "tls": "required"}),
        (f"port 587 {TLS} auth", {"port": 587, "tls": "required", "auth": "tls-only", "role": "submission"}),
        (f"port submission {TLS} auth-optional", {"port": 587, "tls": "optional", "mechanisms": ("LOGIN", "PLAIN")}),
        ("smtps pki mx.test", {"port": 465, "tls": "implicit", "role": "submission"}),
        ("port 25 smtps pki mx.test", {"port": 25, "tls": "implicit"}),
        (f"port 465 {TLS} auth", {"port": 465, "tls": "required"}),
        ("port smtps smtps pki mx.test", {"port": 465}),
        ("tls-require verify pki mx.test", {"client_certificate": "required", "tls": "required"}),
        (f'{TLS} protocols "tlsv1.3"', {"tls_versions": ("TLSv1.3",)}),
        (f'{TLS} protocols "all,!tlsv1.2"', {"tls_versions": ("TLSv1.3",)}),
        (f'{TLS} protocols "tlsv1.0:tlsv1.2"', {"tls_min": "TLSv1.2"}),
        (f'{TLS} auth senders {{ "a" = "a@b.test" }} masquerade', {"sender_bound": True}),
        (f"{TLS} auth <users>", {"sender_bound": False}),
        ("proxy-v2", {"proxied": True}),
        ("mask-src hostname mx.test no-dsn received-auth tag x", {"tls": "none", "broken": None}),
        ("port 2525", {"port": 2525}),
        ("port 2525 # tls", {"port": 2525}),
        ("\\\n  port 2525", {"port": 2525}),
        ("port 25\\\n25", {"port": 2525}),
    ],
)
def test_options(options: str, expected: dict[str, object]) -> None:
    fact = only(f'{PKI}table users {{ "a" = "$2b$10$x" }}\n{ON} {options}\n{OUT}', "7.6")
    assert {field: fact.values[field] for field in expected} == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("listen on lo0", ["127.0.0.1", "::1"]),
        ("listen on localhost inet6", ["::1"]),
        ("listen on all", ["*"]),
        ("listen on all inet4", ["0.0.0.0"]),
        ("listen on ::", ["::"]),
        ("listen on '192.0.2.1'", ["192.0.2.1"]),
        ("listen on 0.0.0.0 inet6", []),
        ("listen on egress", [None]),
        ("listen on mx.example.test", [None]),
        ("listen on socket", []),
    ],
)
def test_addresses(line: str, expected: list[str | None]) -> None:
    assert [fact.values.get("address") for fact in listeners(f"{line}\n{OUT}")] == expected


@pytest.mark.parametrize(
    ("name", "scope"),
    [("egress", "any"), ("em0", "any"), ("vio1", "any"), ("wg0", None), ("vlan20", None), ("mx.example.test", None)],
)
def test_who_reaches_an_interface(name: str, scope: str | None) -> None:
    assert [fact.values.get("scope") for fact in listeners(f"listen on {name}\n{OUT}")] == [scope]


def test_interface_groups_are_not_known_to_linux() -> None:
    assert read(f"listen on all\n{OUT}", path="etc/mail/smtpd.conf").unread == ()
    assert "no interface is called all" in read(f"listen on all\n{OUT}", path="etc/smtpd.conf").unread[0].why


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ('match from any for any action "out"', "open"),
        ('match !from local for any action "out"', "open"),
        ('match from src { 0.0.0.0/0 } for any action "out"', "open"),
        ('match from src { 0.0.0.0/1, 128.0.0.0/1 } for any action "out"', "open"),
        ('match from src "::/0" for any action "out"', "none"),
        ('match from any mail-from "@ours.test" for any action "out"', "open"),
        ('match from any for domain "*" action "out"', "open"),
        ('match from any for domain "*.com" action "out"', "open"),
        ('match from any for domain "*.ours.test" action "out"', "none"),
        ('match from any for domain regex ".*" action "out"', "open"),
        ('match from any for domain regex "^ours\\\\.test$" action "out"', "none"),
        ('match from any !for domain "ours.test" action "out"', "open"),
        ('match from any for rcpt-to "a@b.test" action "out"', "none"),
        ('match from any for local action "out"', "none"),
        ('match for any action "out"', "networks"),
        ('match from local for any action "out"', "networks"),
        ('match from src "192.0.2.0/24" for any action "out"', "networks"),
        ('match from any for any action "in"', "none"),
        ('match from any for any reject\nmatch from any for any action "out"', "none"),
        ('match for any reject\nmatch from any for any action "out"', "open"),
        ('match from any mail-from "@bad.test" for any reject\nmatch from any for any action "out"', "open"),
        ('match from any for any action "in"\nmatch from any for any action "out"', "none"),
        ('match tls from any for any action "out"', "none"),
        ('match !tls from any for any reject\nmatch from any for any action "out"', "none"),
        ('match tag other from any for any action "out"', "none"),
        ('match !tag other from any for any action "out"', "open"),
        ('match tag EXT from any for any action "out"', "open"),
        ('match from socket for any action "out"', "none"),
        ('match auth from any for any action "out"', "none"),
        ('match from src <lan> for any action "out"', "networks"),
        ('match from src <gone> for any action "out"', None),
    ],
)
def test_relaying(rules: str, expected: str | None) -> None:
    tables = "table lan file:/etc/mail/lan\ntable gone file:/etc/mail/gone\n"
    fact = only(f"{tables}{ON} tag ext\n{ACTIONS}{rules}\n", lan="192.0.2.0/24\n# more\n198.51.100.7\n")
    assert fact.values.get("relay") == expected


@pytest.mark.parametrize(
    ("auth", "rules", "expected"),
    [
        ("auth-optional", 'match from auth for any action "out"', "authenticated"),
        ("auth-optional", 'match !auth from any for any action "out"', "open"),
        ("auth-optional", 'match !auth from any for any reject\nmatch from any for any action "out"', "authenticated"),
        ("auth", 'match from any for any action "out"', "authenticated"),
        ("auth", 'match from local for any action "out"', "none"),
    ],
)
def test_relaying_with_logins(auth: str, rules: str, expected: str) -> None:
    assert only(f"{PKI}{ON} port 587 {TLS} {auth}\n{ACTIONS}{rules}\n").values["relay"] == expected


def test_networks_that_may_relay() -> None:
    text = f'{ON}\n{ACTIONS}match from src {{ "10.0.0.0/8", 192.0.2.1 }} for any action "out"\n'
    fact = only(text)
    assert fact.values["trusted_networks"] == ("10.0.0.0/8", "192.0.2.1")
    assert fact.values["trusted_scope"] == "public"
    assert blamed(text, fact, "trusted_networks") == "192.0.2.1"


def test_a_loopback_socket_is_no_open_relay() -> None:
    (fact, _) = listeners(f'listen on lo\n{ACTIONS}match from any for any action "out"\n')
    assert fact.values["relay"] == "networks"
    assert fact.values["trusted_scope"] == "loopback"


def test_who_gets_mail_in() -> None:
    assert only(f"{ON}\n{OUT}").values["closed_to_world"] is True
    assert only(f'{ON}\n{OUT}match from any for domain "a.test" action "in"\n').values["closed_to_world"] is False


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{ON} starttls\n{OUT}", "'starttls' is not expected here"),
        (f"{ON} port 587 auth\n{OUT}", "auth requires tls or smtps"),
        (f"{ON} tls\n{OUT}", "tls requires a pki"),
        (f"{PKI}{ON} pki mx.test\n{OUT}", "pki requires tls or smtps"),
        (f"{ON} {TLS}\n{PKI}{OUT}", "no pki of the name mx.test"),
        (f"{PKI}{ON} tls pki MX.test\n{OUT}", "no pki of the name MX.test"),
        (f"{PKI}{ON} {TLS} smtps\n{OUT}", "tls is set twice"),
        (f'pki mx.test cert "/a"\n{ON} {TLS}\n{OUT}', "has no key"),
        (f"pki mx.test cert /etc/ssl/a\n{ON}\n{OUT}", "a path must stand in quotes"),
        (f"{ON} port 0\n{OUT}", "invalid port: 0"),
        (f'{ON} port "587"\n{OUT}', "invalid port: 587"),
        (f"listen on $ip\n{OUT}", "macro 'ip' is not defined"),
        (f'listen on "$ip"\n{OUT}', "is no address"),
        (f"p = 587\n{ON}\n{OUT}", "not expected here"),
        (f'host = "a"\n{ON}\n{OUT}', "no statement begins with host"),
        (f"{ON}\n{ON}\n{OUT}", "another line has port 25"),
        (f"{ON}\nlisten on lo0\n{OUT}", "another line has port 25"),
        (f"{ON}\naction local mbox\n", "local is a keyword"),
        (f'{ON}\nmatch from any for any action "out"\n{ACTIONS}', "no action of the name out"),
        (f'{ON}\n{OUT}action "out" relay\n', "for the second time"),
        (f'{ON}\n{ACTIONS}match from src <lan> for any action "out"\n', "no such table: lan"),
        (f'{ON}\n{ACTIONS}match from src {{ "a" = "b" }} for any action "out"\n', "cannot be used here"),
        (f"table x file:lan\n{ON}\n{OUT}", "no absolute path"),
        (f"{ON} filter x\n{OUT}", "no filter of the name x"),
        (f"{ON}\n", "no rule stands here"),
        (f"{ON}\n{OUT}accept for any relay\n", "accept"),
        (f"{ON}\r\n{OUT}", "CR LF"),
        (f"{ON} \\\n # x\n tls\n{OUT}", "no statement begins with tls"),
        (f'include "/etc/mail/more.conf"\n{OUT}', "'bogus' is not expected here"),
        (f'table lan file:/etc/mail/bad\n{ON}\n{OUT}', "cannot be loaded"),
        (f"queue ttl 4w\n{ON}\n{OUT}", "no time"),
        (f'include "/etc/mail/smtpd.conf"\n{OUT}', "include"),
    ],
)  # fmt: skip
def test_refused(text: str, why: str) -> None:
    assert why in refusal(text, "7.6", **{"more.conf": f"{ON} bogus\n", "bad": "2001:db8::/32\n192.0.2.0/24\n"})


@pytest.mark.parametrize(
    ("text", "port"),
    [
        (f"# {ON} \\\n{ON}\n{ON} port 2525\n{OUT}", 2525),
        (f'o = "port 2525"\n{ON} $o\n{OUT}', 2525),
        (f'a = "0.0.0.0"\na = "127.0.0.1"\nlisten on $a port 26\n{OUT}', 26),
        (f'include "/etc/mail/more.conf"\n{OUT}', 2626),
        (f'ip = "0.0.0.0"\ninclude "/etc/mail/macro.conf"\n{OUT}', 2727),
    ],
)
def test_text(text: str, port: int) -> None:
    files = {"more.conf": f"{ON} port 2626", "macro.conf": "listen on $ip port 2727\n"}
    assert only(text, **files).values["port"] == port


@pytest.mark.parametrize(
    ("body", "version", "refused"),
    [
        ('table x {\n "a"\n}\n', "7.6", False),
        ('table x {\n "a"\n}\n', "6.8", True),
        ('table x { "a",\n "b" }\n', "6.8", True),
        ('table x { "a"\n "b" }\n', "6.8", False),
    ],
)
def test_lines_inside_of_braces(body: str, version: str, refused: bool) -> None:
    assert bool(refusal(f"{body}{ON} nonsense\n{OUT}", version)) is True
    assert bool(read(f"{body}{ON}\n{OUT}", version).unread) is refused


def test_openssl_3_and_6_8() -> None:
    text = f"{PKI}{ON} {TLS}\n{OUT}"
    on_linux, on_openbsd = (read(text, "6.8", path=path).facts[0] for path in ("etc/smtpd.conf", "etc/mail/smtpd.conf"))
    assert "OpenSSL 3" in str(on_linux.values["broken"])
    assert on_openbsd.values["broken"] is None
    assert on_openbsd.values["tls_min"] == "TLSv1.0"


@pytest.mark.parametrize(
    ("text", "relay", "version"),
    [
        ("accept from any for any relay", "open", "6.0"),
        ("accept for any relay", "networks", "6.0"),
        ("accept from source { 192.0.2.0/24 } for any relay", "networks", "6.0"),
        ("accept from any for domain { a.test } deliver to maildir\nreject from any for any", "none", "6.0"),
        ("accept from ! local for any relay via smtp://a.test", "open", "6.0"),
    ],
)
def test_old_grammar(text: str, relay: str, version: str) -> None:
    fact = only(f"{ON}\n{text}\n")
    assert fact.values["relay"] == relay
    assert fact.values["version"] == version


def test_a_login_counted_as_local_before_6_4() -> None:
    pki = PKI.replace("cert", "certificate")
    fact = only(f"{pki}{ON} port 587 tls-require pki mx.test auth\naccept for any relay\n")
    assert fact.values["relay"] == "authenticated"


CREDENTIALS = "me bob:Tr0ub4dor\nother x:$VAR\n"


def connection(action: str, version: str = "", **files: str) -> Fact:
    made = read(f'table secrets file:/etc/mail/secrets\naction "o" {action}\nmatch from local for any action "o"\n',
                version, **files)  # fmt: skip
    return the(made, "connection")


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("relay", {"host": "*", "tls": "opportunistic", "verify": "none", "role": "relay", "port": 25, "scope": "any"}),
        ("relay tls", {"host": "*", "tls": "required", "verify": "ca"}),
        ("relay tls no-verify", {"tls": "required", "verify": "none"}),
        ('relay host "smtp://r.test"', {"host": "r.test", "tls": "opportunistic", "mx_lookup": False}),
        ("relay host r.test", {"host": "r.test", "tls": "opportunistic", "port_stated": False}),
        ("relay host smtp+notls://10.0.0.1:26", {"tls": "none", "port": 26, "scope": "private"}),
        ("relay host smtps://r.test", {"tls": "implicit", "port": 465, "verify": "ca", "broken": None}),
        ("relay host smtp+tls://me@r.test:587 auth <secrets>",
         {"tls": "required", "authenticates": True, "credential": "file", "role": "submission", "broken": None,
          "cleartext_credentials": False, "verify": "ca", "host": "r.test"}),
        ("relay host smtp+tls://r.test auth <secrets>", {"authenticates": False, "role": "relay"}),
        ('relay host smtps://me@r.test auth { "me" = "bob:x" }', {"credential": "literal"}),
        ("relay host smtps://me@smtp.gmail.com auth <secrets>", {"provider": "oauth2"}),
        ("relay host smtp://me@r.test auth <secrets>", {"broken": "a login needs smtp+tls:// or smtps://"}),
        ("relay host smtps://no@r.test auth <secrets>", {"broken": "the table of logins has no entry no"}),
        ("relay host tls://r.test", {"broken": "tls is no scheme of a relay host"}),
        ("relay host lmtp://127.0.0.1", {"broken": "LMTP has no default port and none is set"}),
        ("relay host lmtp://127.0.0.1:24", {"protocol": "lmtp", "tls": "none", "broken": None, "scope": "loopback"}),
        ("relay host smtp+notls://r.test tls", {"broken": "tls is demanded of a host that is spoken to without"}),
        ('lmtp "/run/lmtp" rcpt-to', {"protocol": "lmtp", "scope": "loopback", "tls": "none"}),
        ("lmtp localhost:24", {"protocol": "lmtp", "port": 24, "host": "localhost"}),
    ],
)  # fmt: skip
def test_relay_hosts(action: str, expected: dict[str, object]) -> None:
    fact = connection(action, "7.6", secrets=CREDENTIALS)
    assert {field: fact.values.get(field, "unknown") for field in expected} == expected


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ('relay via "tls://r.test" verify', {"tls": "required", "verify": "ca"}),
        ('relay via "secure+auth://me@r.test:587" auth <secrets>', {"tls": "required", "authenticates": True}),
        ("relay via smtp://r.test", {"tls": "none"}),
        ("relay via r.test", {"tls": "opportunistic"}),
        ("relay tls verify", {"tls": "required", "verify": "ca", "host": "*"}),
    ],
)
def test_relay_hosts_before_6_4(action: str, expected: dict[str, object]) -> None:
    made = read(f"table secrets file:/etc/mail/secrets\naccept for any {action}\n", secrets=CREDENTIALS)
    fact = the(made, "connection")
    assert {field: fact.values[field] for field in expected} == expected


def test_actions_without_a_rule_are_noted() -> None:
    made = read(f'{ON}\n{OUT}action "x" relay host a.test\n')
    assert [fact.values["host"] for fact in made.facts if fact.kind == "connection"] == ["*"]
    assert any("no rule uses the action x" in note for note in made.notes)


def test_passwords() -> None:
    text = (
        'srs key "s3same"\nqueue encryption stdin\ntable secrets file:/etc/mail/secrets\n'
        f'{ON}\naction "o" relay host smtps://me@r.test auth <secrets>\nmatch from local for any action "o"\n'
    )
    found = of_kind(read(text, secrets=CREDENTIALS), "secret")
    assert [fact.values["setting"] for fact in found] == ["srs key", "table secrets, me"]
    where = found[1].origins["storage"][-1].where
    assert where is not None
    assert (where.file, where.line, where.column, where.end_column) == ("etc/mail/secrets", 1, 8, 17)


def test_hashes_of_logins_are_no_passwords() -> None:
    text = f'{PKI}{ON} port 587 {TLS} auth {{ "a" = "$2b$10$abcdef" }}\n{LOGIN}'
    assert of_kind(read(text), "secret") == []


@pytest.mark.parametrize(
    ("field", "text"),
    [("tls", "tls"), ("auth", "auth-optional"), ("port", "587"), ("certificate", "/etc/ssl/mx.pem"), ("relay", "any")],
)
def test_positions(field: str, text: str) -> None:
    whole = f'{PKI}{ON} port 587 {TLS} auth-optional\n{ACTIONS}match from any for any action "out"\n'
    assert blamed(whole, only(whole), field) == text


def test_a_template_is_no_error() -> None:
    pki = "pki {{ host }} cert {{ cert }} key {{ key }}\n"
    fact = only(f"{pki}{ON} port {{{{ port }}}} tls pki {{{{ host }}}}\n{OUT}")
    assert fact.values["tls"] == "optional"
    assert "port" not in fact.values
    assert "certificate" not in fact.values


def test_what_is_not_here_is_not_known() -> None:
    made = read(f'include "/etc/mail/rules.conf"\n{ON}\n{OUT}')
    fact = the(made, "listener")
    assert "relay" not in fact.values
    assert "rules.conf" not in str(made.unread)
    assert any("is not known" in note for note in made.notes)


SASL = "pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN\n"


@pytest.mark.parametrize("text", [SASL, "pwcheck_method:authdaemond\nmech_list:PLAIN LOGIN\nauthdaemond_path:/run/a\n"])
def test_the_file_of_cyrus_sasl_has_the_same_name(text: str) -> None:
    made = read(text, path="etc/postfix/sasl/smtpd.conf")
    assert (made.facts, made.unread) == ((), ())
    assert "Cyrus SASL" in made.notes[0]


def test_a_filter_of_fail2ban_bears_its_name() -> None:
    made = read("# a filter\n[INCLUDES]\nbefore = common.conf\n", path="etc/fail2ban/filter.d/opensmtpd.conf")
    assert (made.facts, made.unread) == ((), ())
    assert "another program" in made.notes[0]
    assert not opensmtpd.sniff(SASL)


def test_another_kind_of_file_is_refused_as_a_whole() -> None:
    made = read("[server]\nport = 25\n")
    assert [unread.fatal for unread in made.unread] == [True]
    assert "is not an smtpd.conf" in made.unread[0].why


def test_recognition() -> None:
    assert opensmtpd.sniff(f"{ON}\n{OUT}")
    assert opensmtpd.sniff("listen on lo0\naccept for any relay\n")
    assert not opensmtpd.sniff("listen on 80\n")
    assert format_of("etc/mail/smtpd.conf") == format_of("templates/smtpd.conf.j2") == "opensmtpd"
    assert format_of("etc/xsmtpd.conf") is None


@pytest.mark.parametrize(("key", "refused"), [("a" * 32, False), ("a" * 31, True), ("stdin", False), ("<key>", False)])
def test_the_key_of_the_queue_has_32_characters(key: str, refused: bool) -> None:
    unread = read(f'queue encryption "{key}"\n{ON}\n{OUT}').unread
    assert [u.why for u in unread] == (["smtpd refuses this: the key of the queue must have 32 characters"] * refused)


ANYBODY = ACTIONS + 'match from any for any action "out"\n'
FILTERS = [
    ('phase rcpt-to match !auth reject "550 no"', "none", True),
    ('phase connect match !src "10.0.0.0/8" disconnect "550 no"', "none", True),
    ('phase connect match src "10.0.0.0/8" disconnect "550 no"', "open", False),
    ('phase connect match !rdns disconnect "550 no"', "open", False),
    ('phase helo match helo "x.test" reject "550 no"', "open", False),
    ('phase rcpt-to match !auth report "x"', "open", False),
]


@pytest.mark.parametrize(("rule", "relay", "closed"), FILTERS)
def test_filters_that_refuse_strangers(rule: str, relay: str, closed: bool) -> None:
    for use in ("filter Guard", "filter { Guard }"):
        fact = only(f"filter Guard {rule}\n{ON} {use}\n{ANYBODY}")
        assert (fact.values["relay"], fact.values["closed_to_world"]) == (relay, closed)


def test_a_pattern_that_would_take_for_ever_is_not_tried() -> None:
    rule = ACTIONS + 'match from src regex "((2|2)(0|0)(3|3).*.*.*.*.*)+x" for any action "out"\n'
    assert "relay" not in only(f"{ON}\n{rule}").values


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("mta limit session-mail-max 4", ""),
        ("mta limit max-mail-per-session 4", "no limit of the name max-mail-per-session"),
        ("filter A phase connect match fcrdns junk\nfilter B chain { A }", ""),
        ("filter A phase connect match fcrdns junk\nfilter B chain { a }", "no filter of the name a"),
    ],
)
def test_names_of_limits_and_filters(line: str, why: str) -> None:
    made = read(f"{line}\n{ON}\n{OUT}")
    assert [unread.why for unread in made.unread] == ([f"smtpd refuses this: {why}"] if why else [])
