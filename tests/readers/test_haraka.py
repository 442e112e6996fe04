"""The Haraka reader: files in, facts out. EHLO, MAIL and TLS were seen with Haraka 3.1.6 and 3.3.4 on Node.js 20."""

from __future__ import annotations

import time

import pytest

from mailpolicy.readers import format_of, haraka
from mailpolicy.types import Fact, Inventory
from tests.readers.reading import last, of_kind, read_group, the, under

PLAIN = "tls\nauth/flat_file\nrcpt_to.in_host_list\nqueue/smtp_forward\n"
METHODS = "[core]\nmethods=PLAIN,LOGIN\n"


def read(version: str = "", folder: str = "etc/haraka/config", **files: str) -> Inventory:
    """Underscores in the names of files stand for dots before ini."""
    names = {f"{folder}/{name.replace('__ini', '.ini')}": text for name, text in files.items()}
    paths = [name for name in names if format_of(name) == "haraka"]
    return read_group(haraka, names, paths or [f"{folder}/smtp.ini"], version)


def facts(kind: str = "listener", version: str = "", **files: str) -> list[Fact]:
    return of_kind(read(version, **files), kind)


def only(kind: str = "listener", version: str = "", **files: str) -> Fact:
    return the(read(version, **files), kind)


def blamed(fact: Fact, field: str, **files: str) -> str:
    """The text under the last position of a field."""
    where = last(fact, field)
    return under(files[where.file.rpartition("/")[2].replace(".ini", "__ini")], where)


@pytest.mark.parametrize(
    ("smtp", "expected"),
    [
        ("", [("*", 25, "mx")]),
        (";listen=[::0]:2525", [("*", 25, "mx")]),
        ("listen=[::0]:25", [("*", 25, "mx")]),
        ("listen=0.0.0.0:587", [("0.0.0.0", 587, "submission")]),
        (
            "listen=[::]:25, 192.0.2.1:465 ,192.0.2.1",
            [("*", 25, "mx"), ("192.0.2.1", 465, "submission"), ("192.0.2.1", 25, "mx")],
        ),
        ("[main]\nlisten = localhost:2525", [("127.0.0.1", 2525, "mx")]),
        ("port=587", [("*", 587, "submission")]),
        ("port=587\nlisten_host=127.0.0.1", [("127.0.0.1", 587, "submission")]),
        ("listen=mail.example.org:25", [(None, 25, "mx")]),
        ("listen=${IP}:25", [(None, 25, "mx")]),
        ("listen=127.0.0.1:25,/run/smtp.sock", [("127.0.0.1", 25, "mx")]),
        ("listen=[::0]:2465\nsmtps_port=2465", [("*", 2465, "submission")]),
        ("listen=[::0]:\\\n587", [("*", 587, "submission")]),
        ("listen=[::0]:25\r", [("*", 25, "mx")]),
        ("listen=[::0]:99999,[::0]:25", [("*", 25, "mx")]),
        ("[other]\nlisten=[::0]:99", [("*", 25, "mx")]),
    ],
)
def test_addresses(smtp: str, expected: list[tuple[str | None, int, str]]) -> None:
    found = facts(smtp__ini=smtp, plugins=PLAIN)
    assert [(f.values.get("address"), f.values["port"], f.values["role"]) for f in found] == expected


@pytest.mark.parametrize(
    ("listen", "plugins", "flat", "tls", "auth"),
    [
        ("[::0]:25", "tls\n", "", "optional", "none"),
        ("[::0]:25", "relay\n", "", "none", "none"),
        ("[::0]:25", PLAIN, METHODS, "optional", "tls-only"),
        ("[::0]:587", PLAIN, METHODS, "required", "tls-only"),
        ("[::0]:465", PLAIN, METHODS, "implicit", "tls-only"),
        ("[::0]:587", "auth/flat_file\n", METHODS, "none", "none"),
        ("127.0.0.1:587", PLAIN, METHODS, "optional", "cleartext"),
        ("127.0.0.1:587", PLAIN, "", "optional", "challenge"),
        ("127.0.0.1:587", "tls\nauth/auth_proxy\n", "", "required", "tls-only"),
        ("127.0.0.1:465", PLAIN, METHODS, "implicit", "tls-only"),
        ("[::0]:587", "tls\nauth/auth_bridge\n", "", "required", "tls-only"),
        ("[::0]:587", "tls\nmy_logins\n", "", None, None),
        ("[::0]:25", "tls\nmy_logins\n", "", "optional", None),
        ("[::0]:25", "tls\nrcpt_to.mine\ndata.mine\n", "", "optional", "none"),
        ("[::0]:587", "tls\n", "", "optional", "none"),
        ("[::0]:587", PLAIN, "[core]\nmethods={{ m }}\n", None, None),
    ],
)
def test_tls_and_logins(listen: str, plugins: str, flat: str, tls: str | None, auth: str | None) -> None:
    fact = only(smtp__ini=f"listen={listen}", plugins=plugins, auth_flat_file__ini=flat)
    assert (fact.values.get("tls"), fact.values.get("auth")) == (tls, auth)


def test_without_a_list_of_plugins_nothing_is_known_of_them() -> None:
    values = only(smtp__ini="listen=[::0]:587,").values
    assert not {"tls", "auth", "relay"} & values.keys()


PROXY = "tls\nauth/flat_file\nauth/auth_proxy\n"


@pytest.mark.parametrize(
    ("plugins", "methods", "expected", "clear"),
    [
        (PLAIN, "PLAIN,LOGIN", ("PLAIN", "LOGIN"), True),
        (PLAIN, "plain", (), False),
        (PLAIN, "CRAM-MD5, PLAIN", ("CRAM-MD5",), False),
        (PROXY, "PLAIN", ("PLAIN", "LOGIN"), True),
        (PROXY, "CRAM-MD5", ("PLAIN", "LOGIN"), False),
        ("tls\nauth/auth_proxy\nauth/flat_file\n", "CRAM-MD5", ("CRAM-MD5",), False),
    ],
)
def test_methods_count_as_written_and_the_last_plugin_under_tls(
    plugins: str, methods: str, expected: tuple[str, ...], clear: bool
) -> None:
    values = only(plugins=plugins, auth_flat_file__ini=f"[core]\nmethods={methods}\n").values
    assert (values["mechanisms"], "cleartext_networks" in values) == (expected, clear)


def test_a_comment_behind_a_plugin_stops_haraka() -> None:
    (unread,) = read(smtp__ini="", plugins="tls # first\nqueue/discard\n").unread
    assert (unread.where.column, unread.where.end_column, unread.fatal) == (1, 12, False)


def test_flat_file_takes_passwords_in_clear_from_private_addresses() -> None:
    values = only(plugins=PLAIN, auth_flat_file__ini=METHODS).values
    assert values["cleartext_scope"] == "wide"
    assert values["mechanisms"] == ("PLAIN", "LOGIN")
    assert "cleartext_networks" not in only(plugins=PLAIN).values, "CRAM-MD5 alone is no password in clear"


def test_ports_without_starttls() -> None:
    files = {"smtp__ini": "listen=[::0]:25,[::0]:2525", "plugins": "tls\n", "tls__ini": "no_starttls_ports[]=2525\n"}
    one, other = facts(**files)
    assert (one.values["tls"], other.values["tls"]) == ("optional", "none")
    assert blamed(other, "tls", **files) == "2525"


@pytest.mark.parametrize(
    ("tls", "version", "lowest"),
    [
        ("", "", "TLSv1.2"),
        ("minVersion=TLSv1.3", "", "TLSv1.3"),
        ("minVersion=TLSv1", "3.1", "TLSv1.2"),
        ("minVersion=TLSv1", "2.8.28", None),
        ("minVersion=TLSv1\nciphers=ALL:@SECLEVEL=0", "", "TLSv1.0"),
        ("minVersion={{ v }}", "", None),
        ("secureProtocol=TLSv1_method", "", None),
    ],
)
def test_tls_versions(tls: str, version: str, lowest: str | None) -> None:
    assert only(version=version, plugins=PLAIN, tls__ini=tls).values.get("tls_min") == lowest


@pytest.mark.parametrize(
    ("tls", "asked"),
    [
        ("", "asked"),
        ("requestCert=false", "none"),
        ("rejectUnauthorized=true", "required"),
        ("requireAuthorized[]=25", "required"),
        ("requireAuthorized[]=587", "asked"),
        ("rejectUnauthorized=false", "asked"),
        ("requestCert={{ x }}", None),
    ],
)
def test_client_certificates(tls: str, asked: str | None) -> None:
    assert only(plugins=PLAIN, tls__ini=tls).values.get("client_certificate") == asked


@pytest.mark.parametrize(
    ("port", "asked"), [(465, ["required", "required"]), (25, ["required", "asked"]), (587, ["asked", "asked"])]
)
def test_a_certificate_that_smtps_demands_is_demanded_everywhere(port: int, asked: list[str]) -> None:
    found = facts(smtp__ini="listen=[::0]:25,[::0]:465", plugins=PLAIN, tls__ini=f"requireAuthorized[]={port}\n")
    assert [fact.values["client_certificate"] for fact in found] == asked


def test_ciphers_and_group() -> None:
    files = {"plugins": PLAIN, "tls__ini": "ciphers=HIGH:RC4\ndhparam=dh.pem\n"}
    fact = only(**files)
    assert (fact.values["broken_ciphers"], fact.values["dh_file"]) == (("rc4",), "dh.pem")
    assert blamed(fact, "broken_ciphers", **files) == "RC4"


@pytest.mark.parametrize(
    ("plugins", "files", "relay"),
    [
        ("tls\n", {}, "none"),
        (PLAIN, {}, "authenticated"),
        ("relay\n", {}, "none"),
        ("relay\n", {"relay_acl_allow": "127.0.0.1/32\n10.0.0.0/24 # office\n"}, "networks"),
        ("relay\n", {"relay_acl_allow": "0.0.0.0/0\n"}, "open"),
        ("relay\n", {"relay_acl_allow": "10.0.0.0/24\n", "relay__ini": "[relay]\nacl=false\n"}, "none"),
        ("tls\n", {"relay_acl_allow": "10.0.0.0/24\n"}, "none"),
        ("relay\n", {"relay__ini": "[relay]\nall=true\n"}, "open"),
        ("relay\n", {"relay__ini": "all=true\n"}, "none"),
        ("relay\n", {"relay__ini": "[relay]\nall={{ a }}\n"}, None),
        ("relay_all\n", {}, "open"),
        ("relay\n", {"smtp__ini": "listen=[::0]:587", "relay__ini": "[relay]\nall=true\n"}, "none"),
        ("relay\nrcpt_to.mine\n", {}, None),
        ("relay\nqueue/mine\n", {}, "none"),
    ],
)
def test_relay(plugins: str, files: dict[str, str], relay: str | None) -> None:
    assert only(plugins=plugins, **files).values.get("relay") == relay


def test_an_open_relay_is_shown_at_the_setting() -> None:
    files = {"plugins": "relay\n", "relay__ini": "[relay]\nall = true\n"}
    assert blamed(only(**files), "relay", **files) == "true"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("host=mx.example.org\nport=25\n", ("mx.example.org", 25, "none", "none", False)),
        ("host=mx.example.org\nport=25\nenable_tls=true\n", ("mx.example.org", 25, "opportunistic", "ca", False)),
        ("host=a.example.org\nport=587\nenable_tls=1\nauth_type=plain\nauth_user=u\nauth_pass=p7\n",
         ("a.example.org", 587, "opportunistic", "ca", True)),
        ("", ("localhost", 2555, "none", "none", False)),
        ("forwarding_host_pool=192.0.2.9:26\n", ("192.0.2.9", 26, "none", "none", False)),
        ("host={{ h }}\nport=25\n", (None, 25, "none", "none", False)),
    ],
)  # fmt: skip
def test_smtp_forward(text: str, expected: tuple[object, ...]) -> None:
    values = only("connection", plugins="queue/smtp_forward\n", smtp_forward__ini=text).values
    fields = ("host", "port", "tls", "verify", "cleartext_credentials")
    assert tuple(values.get(field) for field in fields) == expected


@pytest.mark.parametrize(
    ("version", "forward", "tls", "verify"),
    [
        ("3.1.6", "", "", "ca"),
        ("3.3.4", "", "", "none"),
        ("3.3.4", "[tls]\nrejectUnauthorized=true\n", "", "ca"),
        ("3.3.4", "[tls]\nrejectUnauthorized=false\n", "rejectUnauthorized=true\n", "none"),
        ("3.3.4", "", "rejectUnauthorized=true\n", None),
    ],
)
def test_what_a_forwarder_checks(version: str, forward: str, tls: str, verify: str | None) -> None:
    text = f"host=a.example.org\nport=25\nenable_tls=true\n{forward}"
    fact = only("connection", version, plugins="queue/smtp_forward\n", smtp_forward__ini=text, tls__ini=tls)
    assert fact.values.get("verify") == verify


def test_a_domain_with_a_route_of_its_own() -> None:
    text = (
        "host=a.example.org\nport=25\n[example.com]\nhost=b.example.com\nport=26\nenable_tls=yes\n[example.net]\nx=1\n"
    )
    found = facts("connection", plugins="queue/smtp_forward\n", smtp_forward__ini=text)
    assert [(f.values["account"], f.values["tls"]) for f in found] == [
        ("main", "none"),
        ("example.com", "opportunistic"),
    ]


def test_a_plugin_that_is_not_loaded_connects_to_nothing() -> None:
    assert facts("connection", plugins="tls\n", smtp_forward__ini="host=a.example.org\nport=25\n") == []


def test_mail_of_logged_in_users_leaves_by_mx() -> None:
    (fact,) = facts("connection", plugins="tls\nauth/auth_proxy\n", outbound__ini="enable_tls=false\n")
    assert (fact.values["host"], fact.values["tls"]) == ("*", "none")


def test_smtp_bridge_hands_on_the_client_s_password() -> None:
    files = {
        "plugins": "auth/auth_bridge\nqueue/smtp_bridge\n",
        "smtp_bridge__ini": "host=smtp.example.org\nport=587\n",
    }
    (fact,) = facts("connection", **files)
    assert (fact.values["tls"], fact.values["cleartext_credentials"]) == ("opportunistic", True)
    files["tls__ini"] = "[outbound]\nforce_tls_hosts[]=smtp.example.org\n"
    (fact,) = facts("connection", **files)
    assert (fact.values["tls"], fact.values["verify"], fact.values["cleartext_credentials"]) == (
        "required",
        "ca",
        False,
    )


@pytest.mark.parametrize(
    ("name", "text", "secret"),
    [
        ("auth_flat_file__ini", "[users]\na@example.org = s7cret=x\n", "s7cret=x"),
        ("smtp_forward__ini", "auth_pass=hunter7\n", "hunter7"),
        ("smtp_proxy__ini", "auth_pass=hunter7\n", "hunter7"),
        ("auth_vpopmaild__ini", "sysadmin=postmaster@example.com:sekret\n", "sekret"),
        ("auth_flat_file__ini", "[users]\n;matt=test\n", None),
        ("smtp_forward__ini", "auth_pass={{ vault }}\n", None),
        ("smtp_forward__ini", "auth_pass=\n", None),
    ],
)
def test_secrets(name: str, text: str, secret: str | None) -> None:
    found = facts("secret", plugins=PLAIN, **{name: text})
    assert [blamed(fact, "storage", **{name: text}) for fact in found] == ([secret] if secret else [])


@pytest.mark.parametrize(
    ("version", "files", "told"),
    [
        ("", {}, True),
        ("", {"connection__ini": "[headers]\nshow_version=false\n"}, False),
        ("", {"connection__ini": "[message]\ngreeting[]=hello\n"}, False),
        ("3.0.5", {"smtp__ini": "[headers]\nshow_version=false\n"}, False),
        ("3.1", {"smtp__ini": "[headers]\nshow_version=false\n"}, True),
        ("", {"smtpgreeting": "hello\n"}, False),
        ("2.8.28", {}, None),
    ],
)
def test_greeting(version: str, files: dict[str, str], told: bool | None) -> None:
    assert only("server", version, plugins=PLAIN, **files).values.get("banner_version") == told


CONNECTION = "[haproxy]\nhosts[] =\n[max]\nbytes=1\n[message]\n[uuid]\n"


@pytest.mark.parametrize(
    ("connection", "version", "lacks"),
    [
        (CONNECTION, "", None),
        (CONNECTION.replace("hosts[] =\n", ""), "3.1.6", "hosts[] in [haproxy]"),
        (CONNECTION.replace("hosts[] =\n", ""), "3.3.4", None),
        (CONNECTION.replace("[message]\n", ""), "", "[message]"),
        ("listen=[::0]:25\n", "3.0.5", None),
    ],
)
def test_3_1_stops_without_a_whole_connection_ini(connection: str, version: str, lacks: str | None) -> None:
    broken = only(version=version, plugins=PLAIN, connection__ini=connection).values["broken"]
    assert broken == (f"connection.ini lacks {lacks}: Haraka stops" if lacks else None)


def test_a_folder_without_connection_ini_is_of_an_older_version() -> None:
    assert only(plugins=PLAIN, smtp__ini="").values["version"] == "3.0.5"
    assert only(plugins=PLAIN, connection__ini=CONNECTION).values["version"] == "3.3.4"


def test_what_connection_ini_took_over_is_ignored_in_smtp_ini() -> None:
    fact = only("setting", "3.1", plugins=PLAIN, smtp__ini="[headers]\nshow_version=false\n")
    assert (fact.values["name"], fact.values["state"]) == ("show_version", "ignored")
    assert only("setting", plugins=PLAIN, connection__ini="listen=[::0]:587\n").values["name"] == "listen"


def test_hosts_that_may_say_who_the_client_is() -> None:
    values = only("server", plugins=PLAIN, connection__ini="[haproxy]\nhosts[]=192.0.2.0/24\n").values
    assert (values["forged_client_networks"], values["forged_client_scope"]) == (("192.0.2.0/24",), "public")


@pytest.mark.parametrize(
    ("smtp", "fatal"),
    [("listen=25", True), ("listen=no_such:25", False), ("a line of words", False), ("listen=\n", None)],
)
def test_what_haraka_does_not_take(smtp: str, fatal: bool | None) -> None:
    assert [u.fatal for u in read(smtp__ini=smtp, plugins=PLAIN).unread] == ([] if fatal is None else [fatal])


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("config/smtp.ini", True),
        ("etc/haraka/config/auth_flat_file.ini", True),
        ("haraka/smtp.ini.j2", True),
        ("config/plugins", False),
        ("config/other.ini", False),
        ("smtp.ini", False),
    ],
)
def test_names(path: str, ours: bool) -> None:
    assert (format_of(path) == "haraka") is ours


def test_another_program_s_folder_says_nothing() -> None:
    made = read(folder="app/config", smtp__ini="host=a\nport=25\nthis is prose\n", tls__ini="cert=a\n")
    assert (made.facts, made.unread) == ((), ())


def test_a_large_file_takes_linear_time() -> None:
    begun = time.perf_counter()
    ports = "".join(f"no_starttls_ports[]={n}\n" for n in range(2_000))
    read(smtp__ini="listen=" + ",".join(f"[::0]:{n}" for n in range(1, 2_000)), plugins="tls\n", tls__ini=ports)
    read(smtp__ini="listen=" + "[::0]:25," * 5_000, plugins="x\\\n" * 5_000, tls__ini="a\\\n" * 20_000)
    assert time.perf_counter() - begun < 20
