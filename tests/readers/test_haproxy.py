"""The HAProxy reader: files in, facts out. What the real program does with such files is in tests/real."""

from __future__ import annotations

import pytest

from mailpolicy.readers import haproxy
from mailpolicy.types import Inventory
from tests.readers.reading import MainFile, blamed, read_group, the, under

NAME = "haproxy/haproxy.cfg"
TOP = "defaults\n  mode tcp\n"
BACK = "  server m 127.0.0.1:9143\n"


HAPROXY = MainFile(haproxy, NAME)
read, facts, only = HAPROXY.read, HAPROXY.facts, HAPROXY.only


def imap(bind: str) -> str:
    return f"{TOP}listen imap\n  bind {bind}\n{BACK}"


def imaps(options: str = "", common: str = "") -> str:
    return (f"global\n  {common}\n" if common else "") + imap(f":993 ssl crt /etc/a.pem {options}")


@pytest.mark.parametrize(
    ("bind", "expected"),
    [
        (":143", [("0.0.0.0", 143)]),
        ("*:143", [("0.0.0.0", 143)]),
        (":::143", [("*", 143)]),
        ("[::]:143 v4v6", [("*", 143)]),
        ("[::]:143 v6only", [("::", 143)]),
        ("ipv4@:143", [("0.0.0.0", 143)]),
        ("ipv6@:143", [("*", 143)]),
        ("10.1.1.1:143,[fd00::1]:1143", [("10.1.1.1", 143), ("fd00::1", 1143)]),
        (":143-145", [("0.0.0.0", 143), ("0.0.0.0", 144), ("0.0.0.0", 145)]),
        (":143,", [("0.0.0.0", 143)]),
        ("'10.1.1.1:143'", [("10.1.1.1", 143)]),
        (":143 # :993", [("0.0.0.0", 143)]),
        ("localhost:143", [(None, 143)]),
        ("mail.example.org:143", [(None, 143)]),
        ('"${ADDRESS}:143"', [(None, 143)]),
        ("{{ address }}:143", [(None, 143)]),
        ("{{ address }}:{{ port }}", [(None, None)]),
        ("/run/haproxy/imap.sock", []),
        ("unix@imap.sock", []),
    ],
)
def test_addresses(bind: str, expected: list[tuple[str | None, int | None]]) -> None:
    found = [(f.values.get("address"), f.values.get("port")) for f in facts(imap(bind))]
    assert found == expected


@pytest.mark.parametrize(
    ("options", "common", "lowest", "text"),
    [
        ("", "", "TLSv1.2", ":993"),
        ("ssl-min-ver TLSv1.0", "", "TLSv1.0", "TLSv1.0"),
        ("", "ssl-default-bind-options ssl-min-ver TLSv1.1", "TLSv1.1", "TLSv1.1"),
        ("ssl-min-ver TLSv1.3", "ssl-default-bind-options ssl-min-ver TLSv1.1", "TLSv1.3", "TLSv1.3"),
        ("force-tlsv11", "", "TLSv1.1", "force-tlsv11"),
        ("", "ssl-default-bind-options force-tlsv13", "TLSv1.3", "force-tlsv13"),
        ("no-tlsv12", "", "TLSv1.3", "no-tlsv12"),
        ("no-tlsv10 ssl-min-ver TLSv1.0", "", "TLSv1.0", "TLSv1.0"),
        ("ssl-max-ver TLSv1.1", "", "TLSv1.1", "TLSv1.1"),
        ("ssl-min-ver TLSv1.0 ciphers ECDHE+AESGCM", "", "TLSv1.2", "ECDHE+AESGCM"),
        ("ssl-min-ver TLSv1.0 ciphers HIGH:!aNULL", "", "TLSv1.0", "TLSv1.0"),
        ("ssl-min-ver TLSv1.0", "ssl-default-bind-ciphers ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2", None),
        ("ssl-min-ver TLSv1.0", "ssl-security-level 2", "TLSv1.2", None),
        ("ssl-min-ver {{ lowest }}", "", None, None),
        ("", "ssl-default-bind-options ssl-min-ver {{ lowest }}", None, None),
    ],
)
def test_tls_versions(options: str, common: str, lowest: str | None, text: str | None) -> None:
    config = imaps(options, common)
    fact = only(config)
    assert fact.values["tls"] == "implicit"
    assert fact.values.get("tls_min") == lowest
    assert "tls_min" in fact.origins
    if text is not None:
        assert blamed(config, fact, "tls_min") == text


def test_global_options_hold_for_what_follows() -> None:
    late = imaps() + "global\n  ssl-default-bind-options ssl-min-ver TLSv1.0\n"
    assert only(late).values["tls_min"] == "TLSv1.2"


def test_old_versions_took_tls_1_0_by_default() -> None:
    assert only(imaps(), version="2.0").values["tls_min"] == "TLSv1.0"


def test_tls_that_ends_here() -> None:
    text = imaps("alpn imap")
    values = only(text).values
    assert values["auth"] == "tls-only"
    assert values["certificate"] == "/etc/a.pem"
    assert values["client_certificate"] == "none"
    assert (values["service"], values["protocol"], values["role"]) == ("imap", "imap", "access")
    assert values["proxied"] is False and values["broken"] is None
    assert blamed(text, only(text), "tls") == "ssl"


def test_what_is_passed_on_is_not_known() -> None:
    fact = only(imap(":993"))
    assert not {"tls", "auth", "tls_min", "relay"} & set(fact.values)
    assert {"tls", "auth", "relay"} <= set(fact.origins)


def test_tls_to_the_server_alone_leaves_the_client_in_clear() -> None:
    text = f"{TOP}listen imap\n  bind :143\n  server m mail.example.org:993 ssl verify none\n"
    fact = only(text)
    assert (fact.values["tls"], fact.values["auth"]) == ("none", "cleartext")
    hop = only(text, "connection")
    assert (hop.values["tls"], hop.values["verify"], hop.values["backend"]) == ("implicit", "none", True)
    assert blamed(text, hop, "verify") == "none"


@pytest.mark.parametrize(
    ("server", "verify"),
    [
        ("ssl verify none", "none"),
        ("ssl verify required ca-file a.pem", "ca-noname"),
        ("ssl verify required ca-file a verifyhost mail.example.org", "ca"),
        ("ssl ca-file a", None),
    ],
)
def test_how_the_server_is_verified(server: str, verify: str | None) -> None:
    text = f"{TOP}listen imap\n  bind :143\n  server m mail.example.org:993 {server}\n"
    assert only(text, "connection").values.get("verify") == verify


def test_default_server_holds_for_servers_below() -> None:
    text = f"{TOP}listen imap\n  bind :143\n  default-server ssl verify none\n  server m 10.0.0.1:993\n"
    assert only(text).values["tls"] == "none"
    assert "tls" not in only(text.replace("10.0.0.1:993", "10.0.0.1:993 no-ssl")).values


def test_a_server_at_the_address_of_the_client_is_nowhere_in_particular() -> None:
    assert facts(imaps().replace("127.0.0.1:9143", "0.0.0.0:143"), "connection") == []


def test_the_hop_behind_tls_that_ends_here() -> None:
    text = f"{TOP}frontend imaps\n  bind :993 ssl crt a\n  default_backend b\nbackend b\n  server m 10.0.0.1:143\n"
    hop = only(text, "connection")
    assert (hop.values["host"], hop.values["port"], hop.values["tls"]) == ("10.0.0.1", 143, "none")
    assert (hop.values["protocol"], hop.values["role"], hop.values["scope"]) == ("imap", "access", "private")


@pytest.mark.parametrize(
    ("options", "state", "login"),
    [
        ("", "none", False),
        ("ca-file a verify optional", "asked", None),
        ("ca-file a verify required", "required", True),
    ],
)
def test_client_certificates(options: str, state: str, login: bool | None) -> None:
    values = only(imaps(options)).values
    assert values["client_certificate"] == state
    assert values.get("client_certificate_login") is login


@pytest.mark.parametrize(
    "line", ["  bind :25 accept-proxy", "  bind :25\n  tcp-request connection expect-proxy layer4"]
)
def test_proxy_protocol(line: str) -> None:
    assert only(f"{TOP}listen smtp\n{line}\n  server m 10.0.0.1:25\n").values["proxied"] is True


def test_proxy_protocol_from_some_clients() -> None:
    line = "  tcp-request connection expect-proxy layer4 if { src 10.0.0.0/8 }"
    assert "proxied" not in only(f"{TOP}listen smtp\n  bind :25\n{line}\n  server m 10.0.0.1:25\n").values


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (imap(":143") + "  mode http\n", "mode http"),
        (f"{TOP}frontend imap\n  bind :143\n", "no server"),
        (imap(":143").replace(":9143", ":9143 disabled"), "disabled"),
        (imap(":143") + "  tcp-request connection reject\n", "rejected"),
        (imap(":143") + "  tcp-request connection reject\n  tcp-request connection accept\n", "rejected"),
    ],
)
def test_no_session_can_work(text: str, why: str) -> None:
    assert why in str(only(text).values["broken"])


@pytest.mark.parametrize(
    "line",
    [
        "  tcp-request connection reject if !{ src 10.0.0.0/8 }",
        "  use_backend %[src] if TRUE",
        "  tcp-request connection accept if { src 10.0.0.0/8 }\n  tcp-request connection reject",
    ],
)
def test_whether_a_session_can_work_may_be_unknown(line: str) -> None:
    assert "broken" not in only(f"{imap(':143')}{line}\n").values


def test_rejecting_some_breaks_nothing() -> None:
    line = "  tcp-request connection reject if { src -f /etc/haproxy/blocked }\n"
    assert only(imap(":143") + line).values["broken"] is None
    accepted = "  tcp-request connection accept\n  tcp-request connection reject\n"
    assert only(imap(":143") + accepted).values["broken"] is None


def test_modes_come_from_the_defaults_section_that_is_named() -> None:
    text = f"defaults a\n  mode tcp\ndefaults b from a\n  mode http\nlisten imap from a\n  bind :143\n{BACK}"
    assert only(text).values["broken"] is None
    other = text.replace("imap from a", "imap")
    assert only(other).values["broken"] is not None
    assert blamed(other, only(other), "broken") == "http"


def test_the_default_mode_is_tcp() -> None:
    assert only(f"listen imap\n  bind :143\n{BACK}").values["broken"] is None


def test_default_backend_is_inherited() -> None:
    text = "defaults\n  default_backend b\nfrontend x\n  bind :2143\nbackend b\n  server m 10.0.0.1:143\n"
    assert only(text).values["protocol"] == "imap"


@pytest.mark.parametrize(
    ("section", "port", "server", "expected"),
    [
        ("x", 25, "10.0.0.1:2525", ("smtp", "mx")),
        ("x", 587, "10.0.0.1:10587", ("smtp", "submission")),
        ("x", 2025, "10.0.0.1:587", ("smtp", "submission")),
        ("ft_submission", 2025, "10.0.0.1:9999", ("smtp", "submission")),
        ("smtp-in", 2025, "10.0.0.1:25", ("smtp", "mx")),
        ("smtp-in", 2025, "10.0.0.1:9999", ("smtp", None)),
        ("x", 110, "10.0.0.1:143", ("imap", "access")),
        ("pop3", 1110, "10.0.0.1:9110", ("pop3", "access")),
        ("x", 4190, "10.0.0.1", ("managesieve", "access")),
        ("lmtp", 2424, "10.0.0.1:9999", ("lmtp", "delivery")),
        ("mail", 1143, "10.0.0.1:9999", (None, None)),
    ],
)
def test_protocol_and_role(section: str, port: int, server: str, expected: tuple[str | None, str | None]) -> None:
    values = only(f"{TOP}listen {section}\n  bind :{port}\n  server m {server}\n").values
    assert (values.get("protocol"), values.get("role")) == expected


def test_one_server_for_several_protocols_is_not_guessed() -> None:
    found = facts(f"{TOP}listen mail\n  bind :143\n  bind :110\n{BACK}")
    assert [f.values.get("protocol") for f in found] == [None, None]


def test_sockets_that_mail_is_passed_to_from_within() -> None:
    text = f"{TOP}listen imap\n  bind :143\n  server m 127.0.0.1:9143 send-proxy\n"
    inner = "listen inner\n  bind 127.0.0.1:9143 accept-proxy\n  server m 10.0.0.1:9999\n"
    assert [f.values["port"] for f in facts(text + inner)] == [143, 9143]


@pytest.mark.parametrize(
    "text",
    [
        "global\n  daemon\ndefaults\n  mode http\nfrontend web\n  bind :80\n  bind :443 ssl crt a\n"
        "  default_backend b\nbackend b\n  server w 10.0.0.1:8080\n",
        f"{TOP}listen mail_https\n  bind :443\n  server w 10.0.0.1:443\n",
        f"{TOP}listen webmail\n  bind :9443\n  server w 10.0.0.1:9443\n",
        f"{TOP}listen redis\n  bind :6379\n  server w 10.0.0.1:6379\n",
        "global\n  stats socket /run/a\nresolvers x\n  nameserver a 10.0.0.1:53\n",
        f"{TOP}frontend web\n  bind :443 ssl\n  nonsense\n",
    ],
)
def test_without_mail_nothing_is_said(text: str) -> None:
    assert read(text) == Inventory(files=(NAME,))


@pytest.mark.parametrize(
    ("text", "blame"),
    [
        (imap(":143 sssl"), "sssl"),
        (imap(":993 SSL crt a"), "SSL"),
        (imap(":993 ssl"), "ssl"),
        (imap(":imap"), ":imap"),
        (imap("10.0.0.1"), "10.0.0.1"),
        (imap(":993 ssl crt a ssl-min-ver TLSv1"), "TLSv1"),
        (imap(":143") + "  timeouts 3s\n", "timeouts"),
        (imap(":143") + "  mode smtp\n", "smtp"),
        (imap(":143") + "  default_backend gone\n", "gone"),
        (imap(":143").replace("listen imap", "listen imap :144"), ":144"),
        (imap(":143").replace("listen imap", "listen imap from gone"), "gone"),
        (imap(":143") + f"listen imap\n  bind :144\n{BACK}", "imap"),
        ("global\n  nonsense 1\n" + imap(":143"), "nonsense"),
        ("global\n  nbproc 2\n" + imap(":143"), "nbproc"),
        (imap(":993 ssl crt a verify required"), "required"),
        (imap(":143").replace(":9143", ":9143 ssl"), "ssl"),
        (imap(":143").replace(":9143", ":9143 ssl verify required"), "required"),
        (imaps(common="ssl-default-bind-options no-tlsv1"), "no-tlsv1"),
    ],
)
def test_what_haproxy_refuses(text: str, blame: str) -> None:
    said = read(text)
    assert not said.facts
    (unread,) = said.unread
    assert unread.why.endswith("haproxy does not start") and not unread.fatal
    where = unread.where
    assert under(text, where) == blame
    assert any("no listener is stated" in note for note in said.notes)


@pytest.mark.parametrize(
    "text",
    [
        imap(":143").replace(":9143", ":9143 ssl verify none"),
        imap(":143").replace(":9143", ":9143 ssl ca-file a"),
        imap(":143").replace("listen", "  default-server ca-file a\nlisten").replace(":9143", ":9143 ssl"),
        "global\n  ssl-server-verify none\n" + imap(":143").replace(":9143", ":9143 ssl"),
        imap(":993 ssl crt a verify optional ca-file b"),
    ],
)
def test_what_is_verified_has_an_authority(text: str) -> None:
    assert read(text).unread == ()


def test_an_argument_is_no_keyword() -> None:
    values = only(imap(":143 name ssl")).values
    assert "tls" not in values
    assert only(imap("[::]:143 name v6only")).values["address"] == "*"
    assert only(imap(":993 ssl crt verify")).values["client_certificate"] == "none"


def test_mail_is_told_by_a_service_name_that_haproxy_does_not_take() -> None:
    said = read(f"{TOP}listen a\n  bind :imaps\n  server b 10.0.0.1:9000\n")
    assert any("takes no service names" in unread.why for unread in said.unread)


def test_sockets_of_several_mailbox_protocols_take_logins_under_tls() -> None:
    text = f"{TOP}listen a\n  bind :993 ssl crt a\n  bind :995 ssl crt a\n  server b 10.0.0.1:9000\n"
    assert [(f.values["role"], f.values["auth"]) for f in facts(text)] == [("access", "tls-only")] * 2


@pytest.mark.parametrize("bind", [":993 crt /etc/a.pem", ":143\n  bind :993 crt /etc/a.pem"])
def test_a_certificate_without_ssl_has_no_effect(bind: str) -> None:
    text = imap(bind)
    fact = only(text, "setting")
    assert (fact.values["name"], fact.values["state"]) == ("crt", "ignored")
    assert blamed(text, fact, "state") == "crt"


def test_conditional_blocks_are_not_evaluated() -> None:
    text = f"{TOP}.if defined(X)\nlisten imap\n  bind :143\n{BACK}.endif\nlisten pop3\n  bind :110\n{BACK}"
    said = read(text)
    assert [f.values["port"] for f in said.facts] == [110]
    assert any(".if" in note for note in said.notes)


@pytest.mark.parametrize(
    "text",
    [
        "{% for p in ports %}\nlisten imap\n  bind {{ ip }}:143\n  server m {{ back }}:143\n{% endfor %}\n",
        "%{ for name, p in ports }\nlisten ${name}\n  bind *:${p}\n  server m 10.0.0.1:143\n%{ endfor }\n",
        "{% if a %}\nlisten imap\n  bind :143\n  server m {{ a }}:143\n{% else %}\n{% include 'b' %}\n{% endif %}\n",
        "{{- if .Values.x }}\nlisten imap\n  bind :143\n  server m 10.0.0.1:143\n{{- end }}\n",
    ],
)
def test_templates_are_no_errors(text: str) -> None:
    said = read(text)
    assert not said.unread
    assert [f.values.get("protocol") for f in said.facts] == ["imap"]


def test_alternatives_in_a_template_do_not_clash() -> None:
    one = f"listen imap from elsewhere\n  bind :143\n  default_backend b\n{BACK}"
    said = read(f"{{% if a %}}\n{one}{{% else %}}\n{one}{{% endif %}}\n")
    assert not said.unread


def test_a_fragment_relies_on_other_files() -> None:
    text = "frontend imaps\n  bind :993 ssl crt a\n  default_backend elsewhere\n"
    said = read({"haproxy/conf.d/imaps.cfg": text})
    (fact,) = said.facts
    assert not said.unread
    assert fact.values["tls"] == "implicit"
    assert not {"tls_min", "broken"} & set(fact.values)


def test_groups() -> None:
    paths = ["a/haproxy/haproxy.cfg", "a/haproxy/conf.d/20-b.cfg", "a/haproxy/conf.d/10-a.cfg", "b/haproxy/smtp.cfg"]
    assert haproxy.groups(paths) == [
        ("a/haproxy/haproxy.cfg", "a/haproxy/conf.d/10-a.cfg", "a/haproxy/conf.d/20-b.cfg"),
        ("b/haproxy/smtp.cfg",),
    ]


def test_a_group_is_one_configuration() -> None:
    files = {
        "haproxy/haproxy.cfg": "global\n  ssl-default-bind-options ssl-min-ver TLSv1.0\ndefaults\n  mode tcp\n",
        "haproxy/conf.d/imap.cfg": "frontend imaps\n  bind :993 ssl crt a\n  default_backend b\n",
        "haproxy/conf.d/back.cfg": "backend b\n  server m 127.0.0.1:143\n",
    }
    listener = the(read_group(haproxy, files, list(files)))
    assert (listener.values["tls_min"], listener.values["broken"]) == ("TLSv1.0", None)
    assert listener.values["instance"] == "haproxy/haproxy.cfg"


@pytest.mark.parametrize("text", ["", "\n \n", "nonsense\n", "[defaults]\nx = 1\n"])
def test_a_main_file_that_is_none(text: str) -> None:
    (unread,) = read(text).unread
    assert unread.fatal


def test_another_cfg_file_beside_it_is_left_alone() -> None:
    said = read({"haproxy/ansible.cfg": "[defaults]\nroles_path = x\n"})
    assert not said.facts and not said.unread and said.notes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (imap(":143"), True),
        ("global\n  daemon\ndefaults\n  mode http\n", True),
        ("[imaps]\naccept = 993\nconnect = 143\n", False),
        ("server {\n  listen 143;\n  protocol imap;\n}\n", False),
        ("listen = *\nprotocols = imap\n", False),
        ("listen on lo0 port 25 tls pki x\naction a relay\n", False),
    ],
)
def test_sniff(text: str, expected: bool) -> None:
    assert haproxy.sniff(text) is expected
