"""nginx: what mail and stream blocks mean, where each field's text stands, and what nginx refuses."""

from __future__ import annotations

import pytest

from mailpolicy.readers import format_of, nginx
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Inventory, Value
from tests.readers.reading import blamed, listeners, of_kind, read_group, the

MAIN = "load_module m.so;\nevents {}\n"
CERTIFICATE = "ssl_certificate /etc/ssl/a.pem; ssl_certificate_key /etc/ssl/a.key;"


def read(text: str, version: str = "1.26") -> Inventory:
    return read_group(nginx, {"nginx/nginx.conf": text}, ["nginx/nginx.conf"], version)


def mail(body: str, version: str = "1.26") -> Inventory:
    return read(f"{MAIN}mail {{\nauth_http 127.0.0.1:9000/;\n{CERTIFICATE}\n{body}\n}}\n", version)


def only(body: str, version: str = "1.26") -> Fact:
    return the(mail(body, version))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("server { listen 143; }", {"protocol": "imap", "tls": "none", "auth": "cleartext", "address": "0.0.0.0"}),
        ("server { listen 143; starttls on; }", {"tls": "optional", "auth": "cleartext"}),
        ("server { listen 143; starttls only; }", {"tls": "required", "auth": "tls-only", "role": "access"}),
        ("server { listen 143; starttls ONLY; }", {"tls": "required"}),
        ("starttls only; server { listen 143; }", {"tls": "required"}),
        ("starttls only; server { listen 143; starttls off; }", {"tls": "none", "auth": "cleartext"}),
        ("server { listen 993 ssl; }", {"tls": "implicit", "auth": "tls-only", "port": 993}),
        ("server { listen 993 ssl; starttls on; }", {"tls": "implicit"}),
        ("server { 'listen' \"143\"; \"starttls\" 'only'; } # starttls off;", {"tls": "required"}),
        ("server {# comment\n listen 143; }", {"tls": "none"}),
        ("server { listen 25; protocol imap; }", {"protocol": "imap", "port": 25}),
        ("server { protocol pop3; listen 143; }", {"protocol": "pop3", "port": 143}),
        ("server { listen 2525; protocol smtp; }", {"protocol": "smtp", "role": "submission"}),
        ("server { listen 25; }", {"role": "submission", "relay": "authenticated"}),
        ("smtp_auth none; server { listen 25; }", {"role": "mx", "mechanisms": (), "auth": "cleartext"}),
        ("smtp_auth none login; starttls only; server { listen 25; }", {"tls": "optional", "auth": "tls-only"}),
        ("smtp_auth none plain; server { listen 587; }", {"role": "submission", "mechanisms": ("PLAIN",)}),
        ("imap_auth cram-md5; server { listen 143; }", {"auth": "cleartext", "mechanisms": ("CRAM-MD5",)}),
        ("imap_auth plain; imap_auth login; server { listen 143; }", {"mechanisms": ("LOGIN", "PLAIN")}),
        ("server { listen 110; }", {"mechanisms": ("LOGIN", "PLAIN", "USER")}),
        ("pop3_auth apop; server { listen 110; }", {"mechanisms": ("APOP", "USER")}),
        ("server { listen 143 proxy_protocol; }", {"proxied": True}),
        ("proxy_protocol on; server { listen 143; }", {"proxied": False}),
        ("server { listen [::]:143; }", {"address": "::", "scope": "any"}),
        ("server { listen [::]:143 ipv6only=off; }", {"address": "*"}),
        ("server { listen 127.0.0.1:143; }", {"address": "127.0.0.1", "scope": "loopback"}),
        ("server { listen 10.0.0.1:143 bind backlog=9; }", {"scope": "private"}),
        ("server { listen unix:/run/a; listen 143; }", {"port": 143}),
        ("imap_capabilities IMAP4 STARTTLS; server { listen 993 ssl; }", {"broken": None}),
    ],
)  # fmt: skip
def test_a_server(body: str, expected: dict[str, Value]) -> None:
    values = only(body).values
    assert {field: values.get(field) for field in expected} == expected


@pytest.mark.parametrize(
    ("body", "addresses"),
    [
        ("server { listen 143; listen [::]:143; }", [("0.0.0.0", 143), ("::", 143)]),
        ("server { listen localhost:143; }", [("127.0.0.1", 143), ("::1", 143)]),
        ("server { listen 10143-10145; protocol imap; }", [("0.0.0.0", port) for port in (10143, 10144, 10145)]),
        ("server { listen mail.example.org:143; }", [(None, 143)]),
        ("server { listen 143; } server { listen 127.0.0.1:143; }", [("0.0.0.0", 143), ("127.0.0.1", 143)]),
    ],
)
def test_addresses(body: str, addresses: list[tuple[str | None, int]]) -> None:
    assert [(f.values.get("address"), f.values["port"]) for f in listeners(mail(body))] == addresses


@pytest.mark.parametrize(
    ("body", "version", "versions"),
    [
        ("", "1.22", ("TLSv1.0", "TLSv1.1", "TLSv1.2")),
        ("", "1.26", ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")),
        ("", "1.28", ("TLSv1.2", "TLSv1.3")),
        ("", "", None),
        ("ssl_protocols TLSv1.2 TLSv1.3;", "", ("TLSv1.2", "TLSv1.3")),
        ("ssl_protocols TLSv1.2; ssl_protocols tlsv1.1;", "1.22", ("TLSv1.1", "TLSv1.2")),
        ("ssl_protocols SSLv3 TLSv1;", "1.22", ("TLSv1.0",)),
        ("ssl_protocols TLSv1 TLSv1.2;", "1.22", ("TLSv1.0", "TLSv1.2")),
        ("ssl_ciphers EECDH+AESGCM:EDH+AESGCM;", "1.22", ("TLSv1.2",)),
        ("ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-CHACHA20-POLY1305;", "1.22", ("TLSv1.2",)),
        ("ssl_ciphers HIGH:!aNULL:!MD5;", "1.22", ("TLSv1.0", "TLSv1.1", "TLSv1.2")),
        ("ssl_ciphers HIGH:!aNULL:!SHA1;", "1.22", ("TLSv1.2",)),
        ("ssl_ciphers PROFILE=SYSTEM;", "1.22", None),
        ("ssl_ciphers DEFAULT@SECLEVEL=1;", "1.26", ("TLSv1.2", "TLSv1.3")),
        ("ssl_ciphers DEFAULT@SECLEVEL=0;", "1.22", ("TLSv1.0", "TLSv1.1", "TLSv1.2")),
        ("ssl_conf_command MinProtocol TLSv1.2;", "1.22", ("TLSv1.2",)),
        ("ssl_conf_command Protocol -ALL,TLSv1.2;", "1.26", ("TLSv1.2",)),
        ("ssl_conf_command CipherString DEFAULT@SECLEVEL=2;", "1.22", ("TLSv1.2",)),
    ],
)
def test_tls_versions(body: str, version: str, versions: tuple[str, ...] | None) -> None:
    values = only(f"{body} server {{ listen 993 ssl; }}", version).values
    assert values.get("tls_versions") == versions
    assert values.get("tls_min") == (versions[0] if versions else None)


@pytest.mark.parametrize(
    ("body", "field", "text"),
    [
        ("server { listen 143; }", "tls", "143"),
        ("starttls on; server { listen 143; }", "auth", "on"),
        ("starttls only; server { listen 143; starttls off; }", "tls", "off"),
        ("server { listen 993 ssl; ssl_protocols TLSv1.3 TLSv1 TLSv1.2; }", "tls_min", "TLSv1"),
        ("imap_auth plain cram-md5 login; server { listen 143; }", "mechanisms", "cram-md5"),
        ("imap_capabilities IMAP4 'STARTTLS'; server { listen 143; }", "broken", "STARTTLS"),
        ("server { listen 143; protocol pop3; }", "protocol", "pop3"),
        ("server { listen 25; smtp_auth plain none; }", "relay", "none"),
        ("server { listen [::]:143; }", "address", "[::]:143"),
    ],
)
def test_positions(body: str, field: str, text: str) -> None:
    inventory = mail(body)
    source = f"{MAIN}mail {{\nauth_http 127.0.0.1:9000/;\n{CERTIFICATE}\n{body}\n}}\n"
    assert blamed(source, listeners(inventory)[0], field) == text


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("pop3_capabilities TOP STLS; server { listen 110; }", "STLS"),
        ("smtp_capabilities STARTTLS; server { listen 587; }", "STARTTLS"),
        ("imap_capabilities IMAP4 starttls; server { listen 143; }", "STARTTLS"),
    ],
)
def test_starttls_that_is_only_announced(body: str, word: str) -> None:
    assert word in str(only(body).values["broken"])


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("server { listen 10143; }", "unknown mail protocol"),
        ("server { listen unix:/run/a; }", "unknown mail protocol"),
        ("server { protocol imap; }", 'no "listen"'),
        ("server { listen 143; starttls on; starttls off; }", "duplicate"),
        ("server { listen 143; starttls yes; }", "invalid value"),
        ("server { listen 143; protocol IMAP; }", "invalid value"),
        ("server { listen 143; protocol xmpp; }", "invalid value"),
        ("ssl_protocols TLSv1.4; server { listen 143; }", "invalid value"),
        ("protocol imap; server { listen 143; }", "not allowed"),
        ("server_name a b; server { listen 143; }", "number of arguments"),
        ("foo bar; server { listen 143; }", "unknown directive"),
        ("server { listen 143; } server { listen *:143; }", "twice"),
        ("server { listen 143; listen [::]:143 ipv6only=off; }", "twice"),
        ("server { listen 143 default_server; }", "invalid parameter"),
        ("server { listen *:imap; }", "invalid port"),
        ("server { listen 0; }", "invalid port"),
        ("server { listen 200-100; }", "invalid port range"),
        ("server { listen [::x]:143; }", "invalid IPv6 address"),
        ("server { listen 143; starttls on }", "semicolon"),
        ("server { listen 143; ", "end of file"),
        ("timeout soon; server { listen 143; }", "invalid value"),
        ("ssl_verify_client on; server { listen 993 ssl; }", "ssl_client_certificate"),
        ("ssl_certificate /etc/ssl/b.pem; server { listen 993 ssl; }", "ssl_certificate_key"),
        ("include gone.conf; server { listen 143; }", "does not exist"),
        ("server { listen 143; } } mail {", "duplicate"),
        ("server { listen 143; auth_http https://a/; }", "https"),
    ],
)
def test_what_nginx_refuses_opens_no_socket(body: str, why: str) -> None:
    inventory = mail(body)
    assert listeners(inventory) == []
    assert any(why in unread.why and unread.why.endswith("nginx does not start") for unread in inventory.unread)


def test_a_certificate_is_needed_where_tls_is_on() -> None:
    for body, opened in (("listen 143;", 1), ("listen 143; starttls on;", 0), ("listen 993 ssl;", 0)):
        inventory = read(f"{MAIN}mail {{ auth_http 127.0.0.1/; server {{ {body} }} }}")
        assert len(listeners(inventory)) == opened
        assert any("ssl_certificate" in unread.why for unread in inventory.unread) == (not opened)


def test_auth_http_is_needed() -> None:
    inventory = read(f"{MAIN}mail {{ server {{ listen 143; }} }}")
    assert ["auth_http" in unread.why for unread in inventory.unread] == [True]


def test_a_missing_certificate_beside_others() -> None:
    body = "mail { auth_http a/; ssl_certificate ssl/b.pem; ssl_certificate_key k; server { listen 993 ssl; } }"
    assert len(listeners(read(MAIN + body))) == 1
    files = {"nginx/nginx.conf": MAIN + body, "nginx/ssl/a.pem": ""}
    inventory = nginx.read(Memory(files), ("nginx/nginx.conf",), None)
    assert [unread.why for unread in inventory.unread] == ["ssl/b.pem does not exist: nginx does not start"]


@pytest.mark.parametrize(
    ("version", "state", "opened"),
    [("1.14", None, 1), ("1.22", "deprecated", 1), ("1.26", "refused", 0), ("", "deprecated", 1)],
)
def test_ssl_on(version: str, state: str | None, opened: int) -> None:
    inventory = mail("ssl on; server { listen 993; }", version)
    assert [f.values["tls"] for f in listeners(inventory)] == ["implicit"] * opened
    assert [f.values["state"] for f in inventory.facts if f.kind == "setting"] == ([state] if state else [])


def test_ssl_on_beside_starttls() -> None:
    assert listeners(mail("server { listen 143; ssl on; starttls on; }", "1.22")) == []
    assert only("ssl on; server { listen 143; starttls on; }", "1.22").values["tls"] == "implicit"


def test_includes() -> None:
    files = {
        "etc/nginx/nginx.conf": f"{MAIN}include mail.conf;\nhttp {{ include gone.conf; }}\n",
        "etc/nginx/mail.conf": f"mail {{ auth_http a/; {CERTIFICATE} include /etc/nginx/mail.d/*.conf; }}",
        "etc/nginx/mail.d/a.conf": "server { listen 143; include tls.conf; }",
        "etc/nginx/mail.d/b.conf": "server { listen 110; }",
        "etc/nginx/mail.d/c.off": "server { listen 25; }",
        "etc/nginx/tls.conf": "starttls only;",
    }
    inventory = nginx.read(Memory(files), ("etc/nginx/nginx.conf",), None)
    assert [(f.values["port"], f.values["tls"]) for f in listeners(inventory)] == [(143, "required"), (110, "none")]
    assert set(inventory.files) == set(files) - {"etc/nginx/mail.d/c.off"}
    assert inventory.unread == ()


def test_an_include_outside_of_the_tree_may_set_anything_that_is_not_set_here() -> None:
    fact = only("include /srv/mail/*.conf; server { listen 143; } ")
    assert "tls" not in fact.values
    assert only("include /srv/mail/*.conf; server { listen 143; starttls only; }").values["tls"] == "required"


def test_loops_of_includes_end() -> None:
    inventory = read(MAIN + "include *.conf;\nmail { include nginx.conf; }")
    assert all("includes itself" in unread.why for unread in inventory.unread)


HTTP = {
    "plain": "events {}\nhttp { server { listen 25; location / { proxy_pass http://a:143; } } }\n",
    "lua": 'http { server { content_by_lua_block { local a = "}" x({1}) } } }',
    "stream of the web": "events {}\nstream { server { listen 443; proxy_pass $name; } server { listen 53 udp; } }",
    "site": "server { listen 80; root /srv; }",
    "upstream": "upstream a { server 10.0.0.1:25; }",
    "broken": "http { server { listen 80 } }",
    "mime types": "types { text/html html; }",
}


@pytest.mark.parametrize("text", HTTP.values(), ids=HTTP)
@pytest.mark.parametrize("name", ["nginx/nginx.conf", "nginx/conf.d/a.conf"])
def test_http_is_passed_over_without_a_word(name: str, text: str) -> None:
    assert nginx.read(Memory({name: text}), (name,), None) == Inventory(files=(name,))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("listen 993 ssl; proxy_pass a:143;", {"protocol": "imap", "tls": "implicit", "auth": "tls-only"}),
        ("listen 143; proxy_pass a:143;", {"protocol": "imap", "tls": None, "auth": None, "broken": None}),
        ("listen 465 ssl proxy_protocol; proxy_pass a:25;", {"role": "submission", "proxied": True, "relay": None}),
        ("listen 25; proxy_pass a:25; proxy_protocol on;", {"role": "mx", "proxied": False, "tls": None}),
        ("listen 10993 ssl; proxy_pass a:993; proxy_ssl on;", {"protocol": "imap", "port": 10993}),
        ("listen 10143; proxy_pass pool;", {"protocol": "imap", "port": 10143}),
        ("listen 143; proxy_pass a:993; proxy_ssl on;", {"tls": "none", "auth": "cleartext", "broken": None}),
        ("listen 25; proxy_pass a:25; proxy_ssl on;", {"tls": "none", "auth": None}),
        ("listen 993 ssl; proxy_pass a:143; deny all;", {"broken": "every connection is denied"}),
        ("listen 993 ssl; proxy_pass a:143; deny 10.0.0.0/8;", {"tls": "implicit", "broken": None}),
        ("listen 993 ssl; proxy_pass spare;", {"broken": "every server behind it is down"}),
    ],
)
def test_stream(body: str, expected: dict[str, Value]) -> None:
    text = f"{MAIN}stream {{ {CERTIFICATE} upstream pool {{ server 10.0.0.1:143; }}"
    text += f"upstream spare {{ server 10.0.0.1:143 weight=2 down; }} server {{ {body} }} }}"
    (fact,) = listeners(read(text))
    assert {field: fact.values.get(field) for field in expected} == expected


def test_access_for_some_networks_alone_is_not_judged() -> None:
    inner = "listen 993 ssl; allow 10.0.0.0/8; deny all; proxy_pass a:143;"
    (fact,) = listeners(read(f"{MAIN}stream {{ {CERTIFICATE} server {{ {inner} }} }}"))
    assert "broken" not in fact.values
    own = f"{MAIN}stream {{ {CERTIFICATE} deny all; server {{ {inner.replace('deny all', 'deny 10.1.0.0/16')} }} }}"
    assert listeners(read(own))[0].values["broken"] is None


def test_the_hop_behind_the_end_of_tls() -> None:
    text = f"{MAIN}stream {{ {CERTIFICATE} server {{ listen 993 ssl; proxy_pass mail.example.org:143; }} }}"
    hop = the(read(text), "connection")
    assert (hop.values["tls"], hop.values["host"], hop.values["port"]) == ("none", "mail.example.org", 143)
    for other in (text.replace("993 ssl", "143"), text.replace("server { listen", "proxy_ssl on; server { listen")):
        assert of_kind(read(other), "connection") == []


@pytest.mark.parametrize(
    "body",
    ["stream { server { listen 993 ssl; proxy_pass a:143; } }",
     "stream { server { listen 143; } server { listen 110; proxy_pass a:110; } }",
     "stream { server { listen 143; proxy_pass nosuch; } }",
     "stream { server { listen 143; proxy_pass a:143; starttls on; } }",
     "stream { server { listen 143; proxy_pass a:143; proxy_pass b:143; } }",
     "mail { auth_http a/; server { listen 143; } } stream { server { listen 143; proxy_pass a:143; } }"],
)  # fmt: skip
def test_what_stream_refuses(body: str) -> None:
    inventory = read(MAIN + body)
    assert listeners(inventory) == []
    assert inventory.unread


def test_templates() -> None:
    text = (
        f"{MAIN}mail {{ auth_http {{{{ auth }}}}; {CERTIFICATE}\n{{% if strict %}}\nstarttls only;\n{{% endif %}}\n"
        "server { listen 143; }\nserver { listen {{ port }}; protocol imap; starttls ${MODE}; }\n"
        "server { listen 995{% if x %} ssl{% endif %}; }\nserver { listen 465 ssl; }\n}\n"
    )
    inventory = read(text)
    assert [(f.values.get("port"), f.values.get("tls")) for f in listeners(inventory)] == [
        (143, None), (None, None), (None, None), (465, "implicit"),
    ]  # fmt: skip
    assert inventory.unread == ()


def test_a_part_of_a_mail_block() -> None:
    text = "auth_http a/;\nserver { listen 143; starttls on; }\nserver { listen 110; }\n"
    inventory = nginx.read(Memory({"nginx/mail.conf": text}), ("nginx/mail.conf",), None)
    assert [(f.values["port"], f.values.get("tls")) for f in listeners(inventory)] == [(143, "optional"), (110, None)]
    servers = nginx.read(Memory({"nginx/a.conf": text[14:]}), ("nginx/a.conf",), None)
    assert [f.values["cleartext_auth"] for f in servers.facts if f.kind == "server"] == [True]


def test_a_part_that_nothing_includes() -> None:
    files = {"nginx/nginx.conf": "events {}", "nginx/mail.conf": "server { listen 143; auth_http a/; }"}
    inventory = nginx.read(Memory(files), ("nginx/mail.conf",), None)
    assert inventory.facts == ()
    assert "has no effect" in inventory.notes[0]


def test_a_part_that_may_be_included_from_a_path_that_is_not_here() -> None:
    part = "server { listen 993 ssl; auth_http a/; }"
    files = {"nginx/nginx.conf": "events {}\nmail { include /srv/mail.d/*.conf; }", "nginx/mail.conf": part}
    assert len(listeners(nginx.read(Memory(files), ("nginx/mail.conf",), None))) == 1
    files = {"nginx.conf": "events {}", "nginx-mail.conf": f"events {{}} mail {{ {CERTIFICATE} {part} }}"}
    assert len(listeners(nginx.read(Memory(files), ("nginx-mail.conf",), None))) == 1


def test_secrets_and_networks_that_may_forge_addresses() -> None:
    inventory = mail(
        "auth_http_header X-Auth-Key hunter22; auth_http_header X-Port 143; set_real_ip_from 0.0.0.0/0;"
        "server { listen 143 proxy_protocol; }"
    )
    secret = the(inventory, "secret")
    assert "hunter22" not in str(secret.values)
    server = the(inventory, "server")
    assert server.values["forged_client_networks"] == ("0.0.0.0/0",)
    assert mail("server { listen 143; }").facts[1].values["forged_client_networks"] == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [("supervisor/conf.d/nginx.conf", "command=nginx;\n"), ("nginx.conf", "[program:nginx]\ncommand=nginx\n"),
     ("tmpfiles.d/nginx.conf", "d /run/nginx 0755 root root\n"),
     ("nginx/sites-common/README.md", "This folder holds what\nseveral sites share.\n"),
     ("nginx/nginx-modsecurity.conf", "# rules\nSecRuleEngine On\nSecRequestBodyAccess Off\n")],
)  # fmt: skip
def test_files_of_other_programs(name: str, text: str) -> None:
    inventory = nginx.read(Memory({name: text}), (name,), None)
    assert (inventory.facts, inventory.unread) == ((), ())
    assert "no nginx configuration" in inventory.notes[0]


def test_what_is_no_configuration_at_all() -> None:
    inventory = nginx.read(Memory({"nginx.conf": "hello world\n"}), ("nginx.conf",), None)
    assert [unread.why for unread in inventory.unread] == ["is no nginx configuration"]


def test_names_and_sniffing() -> None:
    for path in ("etc/nginx/nginx.conf", "nginx/mail.d/imap", "a/nginx.conf.j2", "nginx/conf.d/10-mail.conf"):
        assert format_of(path) == "nginx", path
    for path in ("dovecot/nginx.conf", "dovecot/conf.d/10-mail.conf", "nginx/README", "nginx/html/index.html"):
        assert format_of(path) != "nginx", path
    assert nginx.sniff("# x\nmail {\n server { listen 143; }\n}\n")
    assert nginx.sniff("auth_http 127.0.0.1:9000/auth;\n")
    assert not nginx.sniff("[mail]\nmail {\n")
    assert not nginx.sniff("protocol imap {\n}\nmail_location = x\n")
