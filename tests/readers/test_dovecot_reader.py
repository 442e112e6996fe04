"""The Dovecot reader: files in, facts out. What the real daemon does with such files is in tests/real."""

from __future__ import annotations

import pytest

from mailpolicy.readers import dovecot
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Inventory
from tests.readers.reading import blamed, of_kind, read_group, under

MAIN = "etc/dovecot/dovecot.conf"
CERT = "ssl_cert = </etc/ssl/mail.pem\nssl_key = </etc/ssl/mail.key\n"
V24 = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"
CERT24 = "ssl_server_cert_file = /etc/ssl/mail.pem\nssl_server_key_file = /etc/ssl/mail.key\n"
IMAP = "protocols = imap\n" + CERT
IMAP24 = V24 + "protocols = imap\n" + CERT24


def read(files: str | dict[str, str], path: str = MAIN, version: str = "") -> Inventory:
    return read_group(dovecot, {MAIN: files} if isinstance(files, str) else files, [path], version)


def facts(files: str | dict[str, str], kind: str = "listener", path: str = MAIN, version: str = "") -> list[Fact]:
    return of_kind(read(files, path, version), kind)


def listener(files: str | dict[str, str], port: int, address: str = "*", version: str = "") -> Fact:
    found = facts(files, version=version)
    return next(f for f in found if f.values.get("port") == port and f.values.get("address") == address)


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        (IMAP, [143, 993]),
        ("protocols = imap pop3 lmtp sieve submission\n" + CERT, [110, 143, 587, 993, 995, 4190]),
        (V24 + "protocols = submission\n" + CERT24, [465, 587]),
        (V24 + "protocols = imap pop3\nprotocols {\n  pop3 = no\n}\n" + CERT24, [143, 993]),
        (IMAP + "service imap-login {\n  inet_listener imap {\n    port = 0\n  }\n}\n", [993]),
        (IMAP24 + "service/imap-login/inet_listener/imap/port = 0\n", [993]),
        (IMAP + "ssl = no\n", [143]),
        (CERT, []),
        ("protocols = none\n" + CERT, []),
        ("protocols = imap # pop3\n" + CERT, [143, 993]),
        ("protocols = imap \\\n  pop3\n" + CERT, [110, 143, 993, 995]),
        ("protocols = imap\nprotocols = $protocols pop3\n" + CERT, [110, 143, 993, 995]),
        ("protocols = imaps\n" + CERT, [993]),
        (IMAP + "service pop3-login {\n  inet_listener pop3 {\n    port = 110\n  }\n}\n", [143, 993]),
        (
            IMAP + "protocol imap {\n  service imap-login {\n    inet_listener imap {\n      port = 0\n    }\n  }\n}\n",
            [143, 993],
        ),
    ],
)
def test_ports(text: str, ports: list[int]) -> None:
    assert sorted({f.values["port"] for f in facts(text)}) == ports  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("text", "tls", "auth"),
    [
        (IMAP, "required", "tls-only"),
        (IMAP + "disable_plaintext_auth = no\n", "optional", "cleartext"),
        (IMAP + "disable_plaintext_auth = no\nssl = required\n", "required", "tls-only"),
        (IMAP + "ssl = no\n", "none", "none"),
        (IMAP + "ssl = no\ndisable_plaintext_auth = no\n", "none", "cleartext"),
        (IMAP + "auth_mechanisms = plain cram-md5\n", "optional", "challenge"),
        (IMAP + "auth_mechanisms = plain cram-md5\nssl = required\n", "required", "tls-only"),
        (IMAP + "protocol imap {\n  auth_mechanisms = plain cram-md5\n}\n", "required", "tls-only"),
        (IMAP + "protocol imap {\n  disable_plaintext_auth = no\n}\n", "optional", "cleartext"),
        (IMAP + "protocol !imap {\n  disable_plaintext_auth = no\n}\n", "required", "tls-only"),
        (
            IMAP + "protocol imap {\n  disable_plaintext_auth = no\n}\ndisable_plaintext_auth = yes\n",
            "optional",
            "cleartext",
        ),
        (IMAP + "login_trusted_networks = 10.0.0.0/8\n", "required", "tls-only"),
        (IMAP + "disable_plaintext_auth = no\nauth_ssl_require_client_cert = yes\n", "required", "tls-only"),
        (IMAP + "ssl = no\ndisable_plaintext_auth = no\nauth_ssl_require_client_cert = yes\n", "none", "none"),
        (IMAP24 + "auth_allow_cleartext = yes\n", "optional", "cleartext"),
        (IMAP24 + "auth_mechanisms {\n  cram-md5 = yes\n}\n", "optional", "challenge"),
        (IMAP24 + "group @base strict {\n  ssl = required\n}\n@base = strict\n", "required", "tls-only"),
        (IMAP24 + "service imap-login {\n  ssl = no\n}\n", "none", "none"),
    ],
)
def test_logins_on_143(text: str, tls: str, auth: str) -> None:
    values = listener(text, 143).values
    assert (values["tls"], values["auth"]) == (tls, auth)


@pytest.mark.parametrize(
    "setting",
    [
        "login_trusted_networks = 192.0.2.0/24\n",
        "remote 192.0.2.0/24 {\n  disable_plaintext_auth = no\n}\n",
        "local 192.0.2.7 {\n  disable_plaintext_auth = no\n}\n",
    ],
)
def test_a_public_network_that_may_log_in_in_clear_is_stated_for_its_family(setting: str) -> None:
    assert listener(IMAP + setting, 143, "0.0.0.0").values["auth"] == "cleartext"
    assert listener(IMAP + setting, 143, "::").values["auth"] == "tls-only"


def test_private_networks_that_may_log_in_in_clear_are_listed() -> None:
    values = listener(IMAP + "login_trusted_networks = 10.0.0.0/8\n", 143).values
    assert values["cleartext_networks"] == ("10.0.0.0/8",)
    assert values["cleartext_scope"] == "wide"


def test_ssl_required_of_24_takes_trusted_networks_back() -> None:
    text = IMAP24 + "ssl = required\nlogin_trusted_networks = 10.0.0.0/8\n"
    assert listener(text, 143).values["cleartext_networks"] == ()


def test_loopback_is_always_let_in() -> None:
    text = IMAP + "ssl = required\nlisten = 127.0.0.1\n"
    assert listener(text, 143, "127.0.0.1").values["auth"] == "cleartext"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("protocols = imap\n", "no certificate is set"),
        ("protocols = imap\nssl_cert = /etc/a.pem\nssl_key = </etc/a.key\n", "lacks the '<'"),
        ("protocols = imap\nssl_cert = </etc/a.pem\n", "no key is set"),
        (IMAP + "ssl_min_protocol = TLSv9\n", "no version that Dovecot knows"),
        (IMAP24 + "ssl = %{env:MAIL_SSL}\n", "takes no variable"),
        (IMAP + "login_trusted_networks = 10.0.0.0/8 mail.example.net\n", "mail.example.net is no network"),
        (IMAP + "login_trusted_networks = 10.0.0.0/255.0.0.0\n", "is no network"),
        (IMAP + "login_trusted_networks = 10.0.0.0/99\n", "is no network"),
        (IMAP + "auth_mechanisms = plain, login\n", "no authentication mechanism plain,"),
        (IMAP + "auth_mechanisms = plain scram\n", "no authentication mechanism scram"),
        (IMAP24 + "auth_mechanisms = plain otp\n", "no authentication mechanism otp"),
        (IMAP + "auth_mechanisms =\n", "auth_mechanisms is empty"),
        (IMAP24 + "auth_allow_cleartext = yes\nprotocol imap {\n  ssl = required\n}\n", "contradicts"),
    ],
)
def test_broken(text: str, why: str) -> None:
    assert why in str(listener(text, 993).values["broken"])


def test_a_variable_alone_takes_the_content_of_the_file_that_it_names() -> None:
    text = "protocols = imap\nssl_cert = </etc/ssl/both.pem\nssl_key = $ssl_cert\n"
    assert listener(text, 993).values["broken"] is None


def test_a_template_includes_the_part_of_its_own_ending_alone() -> None:
    files = {
        f"{MAIN}.orig": IMAP + "!include conf.d/*.conf\n",
        "etc/dovecot/conf.d/10-ssl.conf": "ssl = required\n",
        "etc/dovecot/conf.d/10-ssl.conf.orig": "ssl = yes\n",
    }
    found = read(files, f"{MAIN}.orig")
    assert [f.values["state"] for f in found.facts if f.kind == "setting"] == []
    assert "etc/dovecot/conf.d/10-ssl.conf" not in found.files


@pytest.mark.parametrize("begins", ["<?php if (TLS): ?>", "<?php foreach ($x as $y): ?>", "{% if tls %}"])
def test_what_a_template_may_leave_out_is_not_known(begins: str) -> None:
    ends = "{% endif %}" if begins.startswith("{") else "<?php endif ?>"
    text = IMAP + f"{begins}\nssl = no\nauth_verbose_passwords = yes\n{ends}\ndisable_plaintext_auth = yes\n"
    server = facts(text, "server")[0]
    assert "ssl" not in str(read(text).unread)
    assert "passwords_logged" not in server.values
    assert listener(text, 143).values.get("tls") != "none"


@pytest.mark.parametrize(
    ("text", "version", "wrong"),
    [
        (IMAP + "ssl_colour = blue\n", "", "ssl_colour"),
        (IMAP + "auth_allow_cleartext = yes\n", "2.3", "auth_allow_cleartext"),
        (IMAP24 + "disable_plaintext_auth = no\n", "", "disable_plaintext_auth"),
        (IMAP, "2.4", "protocols"),
        (IMAP + "disable_plaintext_auth = false\n", "", "false"),
        (IMAP + "ssl = maybe\n", "", "maybe"),
        (IMAP + "protocol imap { ssl = no }\n", "", "protocol imap { ssl = no }"),
        (IMAP + "service imap-login {\n", "", "service"),
        (IMAP + "}\n", "", "}"),
        ("protocols = imap, pop3\n" + CERT, "", "imap,"),
        (IMAP24 + "auth_allow_cleartext = yes\nssl = required\n", "", "yes"),
        (IMAP + "!include more.conf\n", "", "more.conf"),
        (IMAP + f"!include {MAIN.rpartition('/')[2]}\n", "", "dovecot.conf"),
        (IMAP + "service imap-login {\n  inet_listener imap {\n    port = 993\n  }\n}\n", "", "993"),
        (IMAP24 + "service imap-login {\n  inet_listener imap {\n    address = ::1\n  }\n}\n", "", "address"),
        (IMAP24 + "passdb {\n  driver = pam\n}\n", "", "passdb"),
        (IMAP + "passdb {\n  args = x\n}\n", "", "passdb"),
        (IMAP + "remote 10.0.0.0/8 {\n  auth_mechanisms = plain\n}\n", "", "auth_mechanisms"),
        (IMAP24 + "@ssl = modern\n", "", "@ssl"),
        (IMAP24 + "group @ssl weak {\n}\n@ssl = modern\n", "", "@ssl"),
        (IMAP24 + "dovecot_config_version = 2.4.1\n", "", "2.4.1"),
        (IMAP24 + "listen = %{env:ADDRESS|default('::')}\n", "", "%{env:ADDRESS|default('::')}"),
    ],
)
def test_what_dovecot_refuses_is_unread_at_the_wrong_text_and_nothing_listens(
    text: str, version: str, wrong: str
) -> None:
    inventory = read(text, version=version)
    assert wrong in [under(text, unread.where) for unread in inventory.unread]
    assert not of_kind(inventory, "listener")


@pytest.mark.parametrize(
    ("text", "field", "wrong"),
    [
        (IMAP + "disable_plaintext_auth = no   # old phones\n", "auth", "no"),
        (IMAP + "ssl_min_protocol = TLSv1\n", "tls_min", "TLSv1"),
        ("protocols = pop3   imap\n" + CERT, "protocol", "imap"),
        (IMAP + "auth_mechanisms = plain cram-md5\n", "auth", "cram-md5"),
        (IMAP + "service imap-login {\n  inet_listener imap {\n    port = 143\n  }\n}\n", "port", "143"),
        (IMAP + 'ssl = "no"\n', "tls", "no"),
    ],
)
def test_positions(text: str, field: str, wrong: str) -> None:
    assert blamed(text, listener(text, 143), field) == wrong


@pytest.mark.parametrize(
    ("setting", "lowest"),
    [("ssl_min_protocol = ANY", "TLSv1.0"), ("ssl_min_protocol = TLSv1.3", "TLSv1.3"),
     ("ssl_protocols = !SSLv3", "TLSv1.0"), ("ssl_protocols = !SSLv2 !SSLv3", "TLSv1.2")],
)  # fmt: skip
def test_lowest_version(setting: str, lowest: str) -> None:
    assert listener(IMAP + setting + "\n", 993).values["tls_min"] == lowest


def test_latest_of_24_sets_no_lowest_version() -> None:
    assert listener(IMAP24 + "ssl_min_protocol = LATEST\n", 993).values["tls_min"] == "TLSv1.0"
    assert listener(IMAP + "ssl_min_protocol = LATEST\n", 993).values["tls_min"] == "TLSv1.3"


@pytest.mark.parametrize("kind", ["local", "remote"])
def test_the_lowest_version_is_that_of_the_weakest_client(kind: str) -> None:
    text = IMAP + f"{kind} 192.0.2.0/24 {{\n  ssl_min_protocol = TLSv1\n}}\n"
    fact = listener(text, 993, "0.0.0.0")
    assert fact.values["tls_min"] == "TLSv1.0"
    assert blamed(text, fact, "tls_min") == "TLSv1"
    assert listener(text, 993, "::").values["tls_min"] == "TLSv1.2"


def test_a_network_without_tls_is_weaker_than_others_that_may_log_in_in_clear() -> None:
    text = IMAP + "disable_plaintext_auth = no\nremote 192.0.2.0/24 {\n  ssl = no\n}\n"
    assert listener(text, 143, "0.0.0.0").values["tls"] == "none"


def test_a_host_name_of_a_local_section_is_an_address_of_this_server() -> None:
    text = IMAP + "local mail.example.net {\n  disable_plaintext_auth = no\n}\n"
    assert listener(text, 143, "0.0.0.0").values["auth"] == "cleartext"


def test_after_what_is_no_network_24_trusts_none() -> None:
    text = IMAP24 + "login_trusted_networks = mail.example.net 192.0.2.0/24\n"
    values = listener(text, 143).values
    assert (values["auth"], values["broken"]) == ("tls-only", None)


def test_a_proxy_by_name_is_trusted_by_none() -> None:
    section = "service imap-login {\n  inet_listener proxied {\n    port = 10143\n    haproxy = yes\n  }\n}\n"
    assert listener(IMAP + "haproxy_trusted_networks = proxy.example.net\n" + section, 10143).values["broken"]
    assert not listener(IMAP + "haproxy_trusted_networks = 192.0.2.1 ::1\n" + section, 10143).values["broken"]


def test_apop_alone_lets_nobody_into_imap_and_pop3_announces_user_all_the_same() -> None:
    text = "protocols = imap pop3\nauth_mechanisms = apop\n" + CERT
    assert listener(text, 993).values["auth"] == "none"
    assert listener(text, 995).values["mechanisms"] == ("APOP", "USER")
    assert listener(text + "disable_plaintext_auth = no\n", 110).values["auth"] == "cleartext"


def test_only_a_fault_of_tls_is_told_of_starttls() -> None:
    assert str(listener("protocols = imap\n", 143).values["broken"]).startswith("STARTTLS is announced but fails: no")
    assert str(listener(IMAP + "auth_mechanisms = x\n", 143).values["broken"]).startswith("there is no")


@pytest.mark.parametrize("mechanisms", ["PLAIN Login", "{{ mechanisms }}", "plain external scram-sha-256"])
def test_mechanisms_that_work_or_are_unknown_break_nothing(mechanisms: str) -> None:
    assert listener(IMAP + f"auth_mechanisms = {mechanisms}\n", 993).values["broken"] is None


def test_a_list_of_24_may_have_commas() -> None:
    assert listener(IMAP24 + "auth_mechanisms = plain, login\n", 993).values["broken"] is None


def test_groups_that_are_there_are_used() -> None:
    text = IMAP24 + "@mailbox_defaults = english\ngroup @ssl weak {\n  ssl = yes\n}\n@ssl = weak\n"
    assert not read(text).unread


def test_a_port_by_variable_is_unknown() -> None:
    section = "service imap-login {\n  inet_listener imap {\n    port = %{env:PORT|default('143')}\n  }\n}\n"
    found = facts(IMAP24 + section)
    assert sorted(str(f.values.get("port")) for f in found) == ["993", "None"]


def test_includes_are_read_in_order_and_where_they_stand() -> None:
    files = {
        MAIN: "protocols = imap\ndisable_plaintext_auth = yes\n!include conf.d/*.conf\n!include_try gone.conf\n" + CERT,
        "etc/dovecot/conf.d/10-a.conf": "disable_plaintext_auth = no\n",
        "etc/dovecot/conf.d/20-b.conf": "ssl = required\n",
        "etc/dovecot/conf.d/30-c.conf.off": "ssl = no\n",
    }
    inventory = read(files)
    assert inventory.files == (MAIN, "etc/dovecot/conf.d/10-a.conf", "etc/dovecot/conf.d/20-b.conf")
    assert listener(files, 143).values["tls"] == "required"


def test_a_file_outside_of_the_tree_leaves_unknown_what_it_may_set() -> None:
    values = listener("!include_try /opt/mail/site.conf\n" + IMAP, 143).values
    assert "tls" not in values
    assert values["port"] == 143


def test_templates_are_unknown_and_no_error() -> None:
    inventory = read(IMAP + "ssl = {{ mail_ssl }}\n{% if old %}\ndisable_plaintext_auth = no\n{% endif %}\n")
    assert not inventory.unread
    assert all("auth" not in f.values for f in inventory.facts if f.values.get("port") == 143)


def test_debian_packages_show_in_conf_d() -> None:
    files = {
        MAIN: "!include_try /usr/share/dovecot/protocols.d/*.protocol\n!include conf.d/*.conf\n" + CERT,
        "etc/dovecot/conf.d/20-imap.conf": "protocol imap {\n}\n",
    }
    assert sorted({f.values["port"] for f in facts(files)}) == [143, 993]  # type: ignore[type-var]


def test_a_part_beside_a_main_file_that_does_not_include_it_has_no_effect() -> None:
    files = {MAIN: IMAP, "etc/dovecot/conf.d/10-auth.conf": "disable_plaintext_auth = no\n"}
    inventory = read(files, "etc/dovecot/conf.d/10-auth.conf")
    assert not inventory.facts
    assert "has no effect" in inventory.notes[0]


def test_a_part_alone_states_what_it_determines() -> None:
    path = "roles/mail/conf.d/10-auth.conf"
    (fact,) = facts({path: "disable_plaintext_auth = no\n"}, "server", path)
    assert fact.values["cleartext_auth"] is True
    assert "login_throttle" not in fact.values


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("auth_debug_passwords = yes\n", "passwords_logged", True),
        ("auth_verbose_passwords = sha1\n", "passwords_logged", False),
        ("auth_failure_delay = 0\n", "login_throttle", False),
        ("", "login_throttle", True),
        ("passdb {\n  driver = passwd-file\n  args = scheme=PLAIN /etc/users\n}\n", "password_scheme_weak", True),
        ("haproxy_trusted_networks = 0.0.0.0/0\n", "forged_client_scope", "world"),
    ],
)
def test_server(text: str, field: str, value: object) -> None:
    (fact,) = facts(IMAP + text, "server")
    assert fact.values[field] == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("doveadm_password = hunter22\n", [("doveadm_password", False)]),
        ("doveadm_password = changeme\n", [("doveadm_password", True)]),
        ("doveadm_password = <secret\n", []),
        ("doveadm_password = {{ password }}\n", []),
        ("passdb {\n  driver = static\n  args = password=abc123 nopassword=n\n}\n", [("passdb_args", False)]),
    ],
)
def test_secrets(text: str, expected: list[tuple[str, bool]]) -> None:
    assert [(f.values["setting"], f.values["default"]) for f in facts(IMAP + text, "secret")] == expected


def test_the_lookup_that_a_passdb_names_is_searched_for_secrets() -> None:
    lookup = "driver = mysql\nconnect = host=db user=mail password=Kiwi-77 dbname=mail\n"
    files = {
        MAIN: IMAP + "passdb {\n  driver = sql\n  args = /etc/dovecot/dovecot-sql.conf.ext\n}\n",
        "etc/dovecot/dovecot-sql.conf.ext": lookup,
    }
    (fact,) = facts(files, "secret")
    assert blamed(lookup, fact, "storage") == "Kiwi-77"
    assert "Kiwi-77" not in str(fact)


def test_a_script_in_lua_is_no_lookup() -> None:
    files = {
        MAIN: IMAP + "passdb {\n  driver = lua\n  args = file=/etc/dovecot/verify.lua blocking=yes\n}\n",
        "etc/dovecot/verify.lua": "local req = {\n  password = given,\n}\n",
    }
    assert facts(files, "secret") == []


@pytest.mark.parametrize(
    ("text", "name", "state", "instead"),
    [
        (IMAP + "protocol sieve {\n  sieve = /x\n}\n", "sieve", "deprecated", "plugin { sieve = /x }"),
        (IMAP + "ssl_protocols = !SSLv3\n", "ssl_protocols", "deprecated", "ssl_min_protocol = TLSv1"),
        (IMAP + "ssl_protocols = !SSLv2\n", "ssl_protocols", "ignored", "ssl_min_protocol"),
        (IMAP24 + "disable_plaintext_auth = no\n", "disable_plaintext_auth", "refused", "auth_allow_cleartext"),
        (IMAP + "ssl = required\nssl = yes\n", "ssl", "shadowed", None),
    ],
)
def test_settings_at_fault(text: str, name: str, state: str, instead: str | None) -> None:
    (fact,) = facts(text, "setting")
    assert (fact.values["name"], fact.values["state"], fact.values.get("instead")) == (name, state, instead)


@pytest.mark.parametrize(
    ("ssl", "tls", "verify", "clear"),
    [("no", "none", "none", True), ("starttls", "required", "ca", False), ("smtps", "implicit", "ca", False)],
)
def test_submission_relay(ssl: str, tls: str, verify: str, clear: bool) -> None:
    text = f"protocols = submission\nsubmission_relay_host = out.example.com\nsubmission_relay_ssl = {ssl}\n"
    (fact,) = facts(text + "submission_relay_user = u\nsubmission_relay_password = Fig-8\n" + CERT, "connection")
    values = fact.values
    assert (values["tls"], values["verify"], values["cleartext_credentials"]) == (tls, verify, clear)
    assert (values["port"], values["port_stated"], values["credential"]) == (25, False, "literal")


def test_internal_sockets() -> None:
    text = IMAP + "service auth {\n  inet_listener {\n    port = 12345\n    address = 10.1.1.1\n  }\n}\n"
    values = listener(text, 12345, "10.1.1.1").values
    assert (values["role"], values["scope"], values["tls"]) == ("internal", "private", "none")


def test_groups_put_main_files_first() -> None:
    paths = ["a/conf.d/10-ssl.conf", "a/dovecot-sql.conf.ext", "a/dovecot.conf"]
    assert dovecot.groups(paths)[0] == ("a/dovecot.conf",)
    assert len(dovecot.groups(paths)) == 3


@pytest.mark.parametrize("text", ["", "{", '"', "\\", "}\n}\n", "a = $a\n" * 500, "!include *\n", "x {\n" * 5000])
def test_nonsense_raises_nothing(text: str) -> None:
    assert isinstance(read(text), Inventory)


def test_a_list_of_24_that_is_only_added_to_keeps_what_a_missing_file_may_have_put_there() -> None:
    files = {
        MAIN: V24 + "!include_try /usr/share/dovecot/protocols.d/*.protocol\n!include conf.d/*.conf\n" + CERT24,
        "etc/dovecot/conf.d/20-imap.conf": "protocol imap {\n}\n",
        "etc/dovecot/conf.d/20-managesieve.conf": "protocols {\n  sieve = yes\n}\n",
    }
    assert sorted({f.values["port"] for f in facts(files)}) == [143, 993, 4190]  # type: ignore[type-var]


@pytest.mark.parametrize(
    "text",
    [
        "[Definition]\nfailregex = ^x\n",
        "# supervisor\n[program:dovecot]\ncommand=/usr/sbin/dovecot -F\n",
        "check process dovecot with pidfile /run/dovecot/master.pid\n",
        "if $programname == 'dovecot' then /var/log/dovecot.log\n",
        ':programname, isequal, "dovecot" /var/log/dovecot.log\n',
        "/var/log/dovecot.log {\n  rotate 4\n}\n",
    ],
)
def test_files_of_other_programs_about_dovecot_are_left_alone(text: str) -> None:
    inventory = dovecot.read(Memory({"filter.d/dovecot.conf": text}), ("filter.d/dovecot.conf",), None)
    assert (inventory.facts, inventory.unread) == ((), ())
    assert "another program" in inventory.notes[0]


def test_numbered_parts_of_other_programs_are_left_alone() -> None:
    files = {
        "etc/nginx/conf.d/10-site.conf": "server {\n  listen 80;\n}\n",
        "etc/fonts/conf.d/10-hinting.conf": "<?xml version='1.0'?>\n<fontconfig/>\n",
    }
    for path in files:
        inventory = dovecot.read(Memory(files), (path,), None)
        assert (inventory.facts, inventory.unread) == ((), ())
    part = {"roles/mail/files/conf.d/10-auth.conf": "disable_plaintext_auth = no\n"}
    assert dovecot.read(Memory(part), tuple(part), None).facts
