"""The Stalwart reader: files in, facts out, after Stalwart's sources (0.4 to 0.16)."""

from __future__ import annotations

import time
import tomllib

import pytest

from mailpolicy.readers import format_of, stalwart
from mailpolicy.readers.stalwart.expressions import evaluate
from mailpolicy.readers.stalwart.settings import parse
from mailpolicy.text import Source
from tests.readers.reading import MainFile, blamed

NAME = "etc/stalwart/config.toml"
PLAN = "stalwart/plan.ndjson"
SMTP = '[server.listener.a]\nprotocol = "smtp"\n'
IMAP = '[server.listener.a]\nprotocol = "imap"\nbind = "[::]:143"\n'


STALWART = MainFile(stalwart, NAME)
read, facts, only = STALWART.read, STALWART.facts, STALWART.only


@pytest.mark.parametrize(
    ("bind", "expected"),
    [
        ('bind = "[::]:25"', [("*", 25)]),
        ('bind = ["[::]:25"]', [("*", 25)]),
        ('bind = ["0.0.0.0:25", "[2001:db8::1]:26"]', [("0.0.0.0", 25), ("2001:db8::1", 26)]),
        ("bind = ['127.0.0.1:2525',\n  # more\n  '[::1]:2525',\n]", [("127.0.0.1", 2525), ("::1", 2525)]),
        ('bind = "%{env:IP}%:25"', [(None, 25)]),
        ('bind = "{{ ip }}:25"', [(None, 25)]),
        ("bind = {{ binds | tojson }}", [(None, None)]),
        ('bind = "mail.example.org:25"', []),
        ('bind = "[::]"', []),
        ('bind = "[::]:25"\r', [("*", 25)]),
    ],
)
def test_addresses(bind: str, expected: list[tuple[str | None, int | None]]) -> None:
    found = facts(SMTP + bind)
    assert [(f.values.get("address"), f.values.get("port")) for f in found] == expected


@pytest.mark.parametrize(
    "text",
    [
        '[server.listener."a"]\nbind = "[::]:465"\nprotocol = "smtp"\ntls.implicit = true\n',
        '[server.listener.a]\nbind = "[::]:465"\nprotocol = "smtp"\n[server.listener.a.tls]\nimplicit = true\n',
        'server.listener.a.bind = "[::]:465"\nserver.listener.a.protocol = "smtp"\n'
        "server.listener.a.tls.implicit = true\n",
        '[server]\nlistener.a = { bind = "[::]:465", protocol = "smtp", tls = { implicit = true } }\n',
        '[SERVER.Listener.a]\nbind = "[::]:465"\nprotocol = "SMTP"\ntls.implicit = true\n',
    ],
)
def test_ways_to_write_a_listener(text: str) -> None:
    values = only(text).values
    assert (values["service"], values["address"], values["port"], values["tls"]) == ("a", "*", 465, "implicit")
    assert (values["role"], values["auth"]) == ("submission", "tls-only")


TLS_PLAIN = '[{if = "local_port != 25 && is_tls", then = "[plain, login]"}, {else = false}]'


@pytest.mark.parametrize(
    ("port", "mechanisms", "tls", "auth"),
    [
        (25, None, "optional", "none"),
        (587, None, "optional", None),
        (465, None, "optional", None),
        (25, TLS_PLAIN, "optional", "none"),
        (587, TLS_PLAIN, "required", "tls-only"),
        (587, '"[plain, login]"', "optional", "cleartext"),
        (25, '"[plain]"', "optional", "cleartext"),
        (587, "false", None, "none"),
        (587, '[{if = "is_tls", then = "[plain]"}, {else = []}]', "required", "tls-only"),
        (587, '[{if = "listener == \'a\'", then = "[login]"}, {else = false}]', "optional", "cleartext"),
        (587, '[{if = "listener = \'b\'", then = "[login]"}, {else = "[oauthbearer]"}]', "optional", None),
        (587, '[{if = "remote_ip == \'10.0.0.1\'", then = "[plain]"}, {else = false}]', None, None),
        (
            587,
            '[{if = "remote_ip == \'10.0.0.1\' && is_tls", then = "[plain]"}, {else = "[login]"}]',
            "optional",
            "cleartext",
        ),
        (587, '"%{env:MECHANISMS}%"', None, None),
        (587, '[{if = "!is_tls || local_port == 587", then = "[plain]"}, {else = false}]', "optional", "cleartext"),
    ],
)
def test_smtp(port: int, mechanisms: str | None, tls: str | None, auth: str | None) -> None:
    session = f"[session.auth]\nmechanisms = {mechanisms}\n" if mechanisms else ""
    values = only(f'{SMTP}bind = "[::]:{port}"\n{session}').values
    assert (values.get("tls"), values.get("auth")) == (tls, auth)


def test_before_0_10_no_tokens_were_taken_without_tls() -> None:
    assert only(f'{SMTP}bind = "[::]:587"', version="0.8").values["tls"] == "required"


def test_a_login_in_clear_is_shown_at_the_mechanisms() -> None:
    text = f'{SMTP}bind = "[::]:587"\n[session.auth]\nmechanisms = "[plain]"\n'
    assert blamed(text, only(text), "auth") == "[plain]"


@pytest.mark.parametrize(
    ("protocol", "settings", "tls", "auth"),
    [
        ("imap", "", "optional", "cleartext"),
        ("imap", "tls.implicit = true", "implicit", "tls-only"),
        ("imap", "tls.enable = false", "none", "cleartext"),
        ("imap", "[imap.auth]\nallow-plain-text = true", "optional", "cleartext"),
        ("pop3", "", "optional", None),
        ("pop3", "[imap.auth]\nallow-plain-text = true", "optional", "cleartext"),
        ("pop3", "tls.implicit = true", "implicit", "tls-only"),
        ("managesieve", "", "required", "tls-only"),
        ("managesieve", "[imap.auth]\nallow-plain-text = true", "optional", "cleartext"),
        ("managesieve", "[imap.auth]\nallow-plain-text = {{ x }}", None, None),
        ("managesieve", "tls.enable = false", "none", "none"),
        ("lmtp", "", "optional", "none"),
        ("imap", 'tls.implicit = "%{env:X}%"', None, None),
    ],
)
def test_access(protocol: str, settings: str, tls: str | None, auth: str | None) -> None:
    values = only(f'[server.listener.a]\nprotocol = "{protocol}"\nbind = "[::]:99"\n{settings}\n').values
    assert (values.get("tls"), values.get("auth")) == (tls, auth)


def test_no_tls_is_shown_where_it_is_turned_off() -> None:
    for protocol in ("imap", "pop3", "managesieve"):
        text = f'[server.listener.a]\nprotocol = "{protocol}"\nbind = "[::]:99"\ntls.enable = false\n'
        text += "[imap.auth]\nallow-plain-text = true\n"
        assert blamed(text, only(text), "tls") == "false"


RELAY = "[session.rcpt]\nrelay = "


@pytest.mark.parametrize(
    ("settings", "relay"),
    [
        ("", "authenticated"),
        (RELAY + "true", "open"),
        (RELAY + '[{if = "!is_empty(authenticated_as)", then = true}, {else = false}]', "authenticated"),
        (RELAY + '[{if = "is_empty(authenticated_as)", then = true}, {else = false}]', "open"),
        (RELAY + "[{if = \"starts_with(remote_ip, '10.')\", then = true}, {else = false}]", None),
        (RELAY + "true\n[session.auth]\nrequire = true", "authenticated"),
        (RELAY + "false", "none"),
    ],
)
def test_relay(settings: str, relay: str | None) -> None:
    text = f'session.auth.mechanisms = "[plain]"\n{SMTP}bind = "[::]:25"\n{settings}\n'
    assert only(text).values.get("relay") == relay


def test_nobody_relays_where_no_login_is_offered() -> None:
    assert only(f'{SMTP}bind = "[::]:25"\n').values["relay"] == "none"


@pytest.mark.parametrize(
    ("settings", "versions"),
    [
        ("", ("TLSv1.2", "TLSv1.3")),
        ('tls.disable-protocols = ["TLSv1.2"]', ("TLSv1.3",)),
        ('tls.disable-protocols = "0x0304"', ("TLSv1.2",)),
        ('tls.disable-protocols = ["TLSv1.2", "TLSv1.3"]', ("TLSv1.2", "TLSv1.3")),
        ('[server.tls]\ndisable-protocols = ["TLSv1.2"]', ("TLSv1.3",)),
        ('tls.disable-protocols = "{{ x }}"', None),
    ],
)
def test_tls_versions(settings: str, versions: tuple[str, ...] | None) -> None:
    assert only(IMAP + settings).values.get("tls_versions") == versions


@pytest.mark.parametrize(
    ("settings", "version", "tls"),
    [
        ("enable = false", "0.15", "optional"),
        ("implicit = true", "0.15", "optional"),
        ("enable = true\nimplicit = false", "0.6", "optional"),
        ("enable = true", "0.6", "implicit"),
        ("enable = false", "0.6", "none"),
        ('enable = "%{env:X}%"', "0.6", None),
    ],
)
def test_server_tls_spoke_for_all_listeners_up_to_0_6(settings: str, version: str, tls: str | None) -> None:
    piece = {NAME: f'[include]\nfiles = ["/etc/l.toml"]\n[server.tls]\n{settings}\n', "etc/stalwart/l.toml": IMAP}
    assert only(piece, version=version).values.get("tls") == tls


def test_the_tls_of_a_piece_of_an_old_configuration_is_not_known() -> None:
    assert "tls" not in only({"stalwart-mail/etc/imap/listener.toml": IMAP}).values


def test_versions_were_listed_up_to_0_6() -> None:
    text = IMAP + '[server.tls]\nenable = true\nprotocols = ["TLSv1.3"]\n'
    assert only(text, version="0.6").values["tls_versions"] == ("TLSv1.3",)


@pytest.mark.parametrize(
    ("settings", "certificate"),
    [
        ("", None),
        ('[certificate.default]\ncert = "%{file:/etc/a.pem}%"', "/etc/a.pem"),
        ('[certificate.default]\ncert = "file:///etc/a.pem"', "/etc/a.pem"),
        ('[certificate.a]\ncert = "%{file:/a}%"\n[certificate.b]\ncert = "%{file:/b}%"\ndefault = true', "/b"),
        ('[certificate.a]\ncert = "%{file:/a}%"\n[certificate.b]\ncert = "%{file:/b}%"', None),
    ],
)
def test_certificates(settings: str, certificate: str | None) -> None:
    assert only(f"{IMAP}{settings}\n").values.get("certificate") == certificate


REMOTE = '[remote.a]\naddress = "a.example.org"\n'
ROUTE = '[queue.route.a]\ntype = "relay"\naddress = "b.example.org"\n'
CLEAR = "tls.implicit = false\n"
STARTTLS = '[queue.outbound.tls]\nstarttls = "optional"\n'


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        (REMOTE, "0.10", ("a.example.org", 25, "implicit", "ca")),
        (REMOTE + "port = 587\n" + CLEAR, "0.10", ("a.example.org", 587, "required", "ca")),
        (REMOTE + CLEAR + STARTTLS, "0.10", ("a.example.org", 25, "opportunistic", "ca")),
        (REMOTE + "[remote.a.tls]\nallow-invalid-certs = true", "0.10", ("a.example.org", 25, "implicit", "none")),
        (ROUTE + "port = 465", "", ("b.example.org", 465, "implicit", "ca")),
        (ROUTE + CLEAR + '[queue.tls.default]\nstarttls = "disable"', "", ("b.example.org", 25, "none", "none")),
        (ROUTE + CLEAR, "", ("b.example.org", 25, None, "ca")),
    ],
)
def test_relay_hosts(text: str, version: str, expected: tuple[object, ...]) -> None:
    values = only(text + "\n", "connection", version).values
    assert tuple(values.get(field) for field in ("host", "port", "tls", "verify")) == expected


def test_only_routes_of_type_relay_go_to_a_host() -> None:
    assert facts('[queue.route.a]\ntype = "mx"\n', "connection") == []


def test_a_password_that_starttls_does_not_guard() -> None:
    text = f'{REMOTE}{CLEAR}auth.username = "u"\nauth.secret = "hunter7"\n{STARTTLS}'
    fact = only(text, "connection", "0.10")
    assert (fact.values["credential"], fact.values["cleartext_credentials"]) == ("literal", True)
    assert blamed(text, fact, "cleartext_credentials") == "optional"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('[authentication.fallback-admin]\nsecret = "hunter7"', "hunter7"),
        ('[authentication.fallback-admin]\nsecret = "$6$abc$def"', None),
        ('[authentication.fallback-admin]\nsecret = "%{env:ADMIN_SECRET}%"', None),
        ('[store.pg]\npassword = "s3cr3t x"', "s3cr3t x"),
        ('[store.redis]\nurls = "redis://u:hunter7@10.0.0.1/1"', "hunter7"),
        ('[directory.default.bind]\nsecret = "hunter7"', "hunter7"),
        ('[directory.default.bind.auth]\nsecret = "hunter7"', "hunter7"),
        ('[directory.default.attributes]\nsecret = "userPassword"', None),
        ('[directory.m]\nprincipals = [ {name = "a", secret = "hunter7"} ]', "hunter7"),
        ('[store.pg]\npassword = "{{ vault }}"', None),
    ],
)
def test_secrets(text: str, secret: str | None) -> None:
    whole = f"{text}\n{IMAP}"
    assert [blamed(whole, fact, "storage") for fact in facts(whole, "secret")] == ([secret] if secret else [])


@pytest.mark.parametrize(
    ("settings", "vrfy"),
    [
        ("", False),
        ("[session.extensions]\nvrfy = true", True),
        ('[session.extensions]\nexpn = "true"', True),
        ('[session.extensions]\nvrfy = [{if = "!is_empty(authenticated_as)", then = true}, {else = false}]', False),
        ("[session.extensions]\nvrfy = \"remote_ip == '::1'\"", None),
    ],
)
def test_vrfy(settings: str, vrfy: bool | None) -> None:
    assert only(f"{IMAP}{settings}\n", "server").values.get("vrfy") == vrfy


@pytest.mark.parametrize("written", ['["10.0.0.0/8"]', '{"10.0.0.0/8"}', '"10.0.0.0/8"'])
def test_networks_of_proxies(written: str) -> None:
    values = only(f"{IMAP}proxy.trusted-networks = {written}\n", "server").values
    assert values.get("forged_client_networks", ("10.0.0.0/8",)) == ("10.0.0.0/8",)


def test_a_split_configuration_of_0_6() -> None:
    files = {
        "opt/stalwart-mail/etc/config.toml": "[include]\n"
        'files = [ "%{BASE_PATH}%/etc/smtp/a.toml",\n "%{BASE_PATH}%/etc/smtp/b.toml" ]\n',
        "opt/stalwart-mail/etc/smtp/a.toml": f'{SMTP}bind = "[::]:587"\n',
        "opt/stalwart-mail/etc/smtp/b.toml": "[server.tls]\nenable = true\nimplicit = false\n[session.auth]\n"
        'mechanisms = [ { if = "listener", ne = "smtp", then = ["plain", "login"]},\n'
        " { else = [] } ]\nallow-plain-text = false\n",
    }  # fmt: skip
    made = read(files)
    (fact,) = (fact for fact in made.facts if fact.kind == "listener")
    assert (fact.values["version"], fact.values["tls"], fact.values["auth"]) == ("0.6", "required", "tls-only")
    assert len(made.files) == 3
    clear = {name: text.replace("text = false", "text = true") for name, text in files.items()}
    assert only(clear).values["auth"] == "cleartext"


def test_a_file_that_is_not_there_is_told_and_leaves_things_unknown() -> None:
    made = read('[include]\nfiles = [ "%{BASE_PATH}%/etc/smtp/session.toml" ]\n' + SMTP + 'bind = "[::]:587"\n')
    assert len(made.notes) == 1
    assert "auth" not in next(fact for fact in made.facts if fact.kind == "listener").values


LISTENER = '{"@type":"create","object":"NetworkListener","value":{"x":{"name":"a","protocol":"%s","bind":%s%s}}}\n'


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (LISTENER % ("imap", '["[::]:993"]', ',"tlsImplicit":true'), ("imap", 993, "implicit", "tls-only")),
        (LISTENER % ("imap", '{"[::]:143":true}', ""), ("imap", 143, "optional", "cleartext")),
        (LISTENER % ("manageSieve", '["[::]:4190"]', ""), ("managesieve", 4190, "required", "tls-only")),
        (LISTENER % ("smtp", '["[::]:25"]', ',"useTls":false'), ("smtp", 25, "none", "none")),
        (
            LISTENER
            % ("smtp", '["[::]:587"]', "")
            + '{"@type":"update","object":"MtaStageAuth","value":{"saslMechanisms":{"match":[{"if":"is_tls",'
            '"then":"[plain]"}],"else":"false"}}}',
            ("smtp", 587, "required", "tls-only"),
        ),
        (
            LISTENER % ("smtp", '["[::]:587"]', "")
            + '{"@type":"update","object":"MtaStageAuth","value":{"saslMechanisms":{"else":"[plain]"}}}',
            ("smtp", 587, "optional", "cleartext"),
        ),
        (
            "[" + LISTENER.strip() % ("pop3", '["[::]:995"]', ',"tlsImplicit":true') + "]",
            ("pop3", 995, "implicit", "tls-only"),
        ),
    ],
)
def test_plans(plan: str, expected: tuple[object, ...]) -> None:
    fact = only({PLAN: plan})
    assert tuple(fact.values.get(field) for field in ("protocol", "port", "tls", "auth")) == expected


@pytest.mark.parametrize("operation", ["create", "upsert", "reconcile"])
def test_operations_of_plans_and_matches_by_number(operation: str) -> None:
    plan = f'{{"@type":"{operation}","object":"NetworkListener","matchOn":["name"],"value":{{"sub":'
    plan += '{"protocol":"smtp","bind":{"[::]:587":true}}}}\n{"@type":"update","object":"MtaStageAuth","value":'
    plan += '{"saslMechanisms":{"match":{"0":{"if":"is_tls","then":"[plain, login]"}},"else":"[]"}}}\n'
    values = only({PLAN: plan}).values
    assert (values["service"], values["tls"], values["auth"]) == ("sub", "required", "tls-only")


def test_an_update_by_paths() -> None:
    plan = LISTENER % ("smtp", '["[::]:587"]', "") + '{"@type":"update","object":"MtaStageAuth","value":{'
    plan += (
        '"saslMechanisms/match/0/if":"is_tls","saslMechanisms/match/0/then":"[plain]","saslMechanisms/else":"[]"}}\n'
    )
    assert only({PLAN: plan}).values["auth"] == "tls-only"


@pytest.mark.parametrize(
    ("secret", "credential"),
    [
        ('{"@type":"Value","secret":"hunter7"}', "literal"),
        ('{"@type":"File","filePath":"/run/secret"}', "file"),
        ('{"@type":"EnvironmentVariable","variableName":"X"}', "environment"),
        ('{"@type":"None"}', "none"),
    ],
)
def test_where_a_plan_keeps_the_password_of_a_relay(secret: str, credential: str) -> None:
    plan = '{"@type":"create","object":"MtaRoute","value":{"r":{"@type":"Relay","name":"out","address":"a.example.org",'
    plan += f'"authUsername":"u","authSecret":{secret}}}}}}}\n' + LISTENER % ("imap", '["[::]:993"]', "")
    values = only({PLAN: plan}, "connection").values
    assert (values["credential"], values["authenticates"]) == (credential, credential != "none")


def test_tokens_in_clear_are_told_where_the_finding_is() -> None:
    origins = only(f'{SMTP}bind = "[::]:587"\n').origins
    words = "Stalwart 0.15.5, unless its database says otherwise: without TLS it takes bearer tokens, no passwords"
    assert (origins["tls"][-1].note, origins["auth"][-1].note) == (words, words)


def test_passwords_of_accounts_in_a_plan() -> None:
    plan = '{"@type":"create","object":"Account","value":{"a":{"name":"b","credentials":{"0":{"@type":"Password",'
    plan += '"secret":"hunter7"}}}}}\n' + LISTENER % ("imap", '["[::]:993"]', "")
    fact = only({PLAN: plan}, "secret")
    assert (blamed(plan, fact, "storage"), fact.values["setting"]) == ("hunter7", "Account.b.credentials.0.secret")


def test_what_a_plan_destroys_is_not_there() -> None:
    plan = LISTENER % ("imap", '["[::]:993"]', "")
    assert facts({PLAN: plan.replace("create", "destroy")}) == []


def test_a_relay_of_a_plan() -> None:
    plan = (
        '{"@type":"create","object":"MtaRoute","value":{"r":{"@type":"Relay","name":"out","address":"smtp.example.org",'
    )
    plan += '"port":465,"authUsername":"u","authSecret":{"@type":"Value","secret":"hunter7"}}}}\n'
    values = only({PLAN: plan}, "connection").values
    assert (values["host"], values["port"], values["tls"], values["credential"]) == (
        "smtp.example.org",
        465,
        "implicit",
        "literal",
    )
    assert blamed(plan, only({PLAN: plan}, "secret"), "storage") == "hunter7"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (NAME, '[server.listener.a]\nbind = "[::]:25\n'),
        (NAME, "[server.listener.a]\nbind = [\n"),
        (NAME, '[server.listener.a]\nbind = "a" "b"\n'),
        (NAME, f"[server.listener.a]\nbind = {'[' * 500}\n"),
        (NAME, '[server.listener.a]\nprotocol = "imap"\nprotocol = "imap"\n'),
        (NAME, "[server.listener.a\nbind\n"),
        (NAME, "[server.listener.a]\nno value\n"),
        (NAME, "[server]\nmax-connections = 10_000\n[server.listener.a]\n"),
        (NAME, "[server.listener.'a']\nprotocol = \"imap\"\n"),
        (PLAN, '{"@type":"create","object":"NetworkListener","value":{'),
        (PLAN, '{"object":"NetworkListener"' + '{"a":' * 100),
        (PLAN, '{"object":"NetworkListener"}}}}'),
    ],
)
def test_what_stalwart_cannot_parse(name: str, text: str) -> None:
    (unread,) = (unread for unread in read({name: text}).unread if unread.fatal)
    assert unread.where.file == name


@pytest.mark.parametrize(
    "line", ['protocol = "ftp"\nbind = "[::]:25"', 'protocol = "imap"', 'protocol = "imap"\nbind = "x:1"']
)
def test_listeners_that_stalwart_leaves_out(line: str) -> None:
    made = read(f"[server.listener.a]\n{line}\n")
    assert [unread.fatal for unread in made.unread] == [False]
    assert all(fact.kind != "listener" for fact in made.facts)


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("etc/stalwart/config.toml", True),
        ("opt/stalwart-mail/etc/smtp/listener.toml", True),
        ("stalwart.toml.j2", True),
        ("stalwart/deploy.ndjson", True),
        ("stalwart/export.json", True),
        ("deploy/stalwart-plan.ndjson", True),
        ("config.toml", False),
        ("stalwart/package.json", False),
        ("stalwart/settings.json", False),
    ],
)
def test_names(path: str, ours: bool) -> None:
    assert (format_of(path) == "stalwart") is ours


def test_another_program_s_toml_says_nothing() -> None:
    made = read({"stalwart/Cargo.toml": '[package]\nname = "a"\n[dependencies]\nx = { version = "1" }\n'})
    assert (made.facts, made.unread) == ((), ())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("local_port != 25 && is_tls", True),
        ("local_port == 25 || !is_tls", False),
        ("(local_port = 25 || is_tls) && listener == 'a'", True),
        ("remote_ip == 'x' || is_tls", True),
        ("remote_ip == 'x' && !is_tls", False),
        ("remote_ip == 'x' && is_tls", None),
        ("is_empty(authenticated_as)", True),
        ("!is_empty(authenticated_as)", False),
        ("is_local_domain('*', rcpt_domain)", None),
        ("[plain, login]", ("plain", "login")),
        ("'text'", "text"),
        ("local_port > 500", None),
        ("", None),
        ("((((", None),
        ("(" * 5000, None),
        ("true && ) false", None),
    ],
)
def test_expressions(text: str, value: object) -> None:
    assert evaluate(text, {"local_port": 587, "is_tls": True, "listener": "a", "authenticated_as": ""}) == value


SHARED = """# what both dialects read alike
title = "a \\"quoted\\" # word"
single = 'C:\\dir'
count = 25
on = true
list = ["a", 'b', # c
  "d", ]
long = \"\"\"
two
lines\"\"\"
[a."b.c".d]
x.y = "z"
inline = { k = "v", "odd key" = 1 }
[[many]]
n = 1
[[many]]
n = 2
"""


def flat(value: object, key: str = "") -> dict[str, str]:
    """What tomllib reads, as Stalwart's flat keys."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = {f"{count:04}": item for count, item in enumerate(value)}.items()
    else:
        return {key: str(value).lower() if isinstance(value, bool) else str(value)}
    return {k: v for name, item in items for k, v in flat(item, f"{key}.{name}" if key else name).items()}


def test_the_parser_against_tomllib() -> None:
    source = Source("a.toml", SHARED)
    found, unread = parse(source)
    assert unread == ()
    reference = flat(tomllib.loads(SHARED)) | {"single": "C:dir"}  # Stalwart knows escapes in single quotes too
    assert {key: setting.value for key, setting in found.items()} == reference
    for key, setting in found.items():
        where = setting.where
        if "\n" not in setting.value and key not in ("title", "single"):
            assert source.line(where.line)[where.column - 1 : where.end_column - 1] == setting.value


def test_large_files_take_linear_time() -> None:
    begun = time.perf_counter()
    read("".join(f'[server.listener.a{n}]\nprotocol = "smtp"\nbind = "[::]:587"\n' for n in range(1000)))
    block = ", ".join(['{if = "local_port == 1", then = "[plain]"}'] * 1000)
    listeners = "".join(f'[server.listener.b{n}]\nprotocol = "smtp"\nbind = "[::]:{n}"\n' for n in range(1, 1500))
    read(f"[session.auth]\nmechanisms = [{block}, {{else = false}}]\n{listeners}")
    read(IMAP + "x = [" + "1," * 30_000)
    read(IMAP + '"' * 50_000)
    read({PLAN: LISTENER % ("imap", '["' + "[" * 50_000, "")})
    assert time.perf_counter() - begun < 20
