"""The stunnel reader: files in, facts out. What the real program does with such files is in tests/real."""

from __future__ import annotations

import pytest

from mailpolicy.readers import stunnel
from mailpolicy.types import Inventory
from tests.readers.reading import MainFile, blamed, of_kind, under

NAME = "etc/stunnel/mail.conf"
TOP = "cert = /etc/a.pem\n"
IMAPS = "[imaps]\naccept = 993\nconnect = 143\n"
OUT = "[out]\nclient = yes\naccept = 127.0.0.1:1143\nconnect = imap.example.org:993\n"


STUNNEL = MainFile(stunnel, NAME)
read, facts, only = STUNNEL.read, STUNNEL.facts, STUNNEL.only


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("accept = 993", [("0.0.0.0", 993)]),
        ("accept = *:993", [("0.0.0.0", 993)]),
        ("accept = :::993", [("*", 993)]),
        ("accept = ::1:993", [("::1", 993)]),
        ("accept = 10.1.1.1:imaps", [("10.1.1.1", 993)]),
        ("accept = localhost:993", [("127.0.0.1", 993), ("::1", 993)]),
        ("accept = mail.example.org:993", [(None, 993)]),
        ("accept = 993\naccept = 1993", [("0.0.0.0", 993), ("0.0.0.0", 1993)]),
        ("accept = /run/imaps.sock", []),
        ("accept = {{ ip }}:993", [(None, 993)]),
        ("accept = {{ port }}", [(None, None)]),
        ("  ACCEPT=993\r", [("0.0.0.0", 993)]),
    ],
)
def test_addresses(accept: str, expected: list[tuple[str | None, int | None]]) -> None:
    found = facts(f"{TOP}[imaps]\n{accept}\nconnect = 143\n")
    assert [(f.values.get("address"), f.values.get("port")) for f in found] == expected


@pytest.mark.parametrize(
    ("options", "allowed", "text"),
    [
        ("", "1.2 1.3", "993"),
        ("sslVersionMin = TLSv1", "1.2 1.3", "TLSv1"),
        ("securityLevel = 0", "1.0 1.1 1.2 1.3", "0"),
        ("securityLevel = 0\nsslVersionMin = TLSv1.1", "1.1 1.2 1.3", "TLSv1.1"),
        ("securityLevel = 1\nsslVersionMin = TLSv1.1", "1.2 1.3", "1"),
        ("ciphers = ALL:@SECLEVEL=0", "1.0 1.1 1.2 1.3", "ALL:@SECLEVEL=0"),
        ("securityLevel = 0\nciphers = ALL:@SECLEVEL=2", "1.2 1.3", "ALL:@SECLEVEL=2"),
        ("securityLevel = 0\nciphers = ECDHE+AESGCM", "1.2 1.3", "ECDHE+AESGCM"),
        ("securityLevel = 0\noptions = NO_TLSv1\noptions = NO_TLSv1_1", "1.2 1.3", None),
        ("securityLevel = 0\noptions = NO_TLSv1\noptions = -NO_TLSv1", "1.0 1.1 1.2 1.3", None),
        ("securityLevel = 0\nsslVersion = TLSv1.1", "1.1", "TLSv1.1"),
        ("securityLevel = 0\nsslVersion = TLSv1.2\nsslVersionMin = TLSv1", "1.0 1.1 1.2", "TLSv1"),
        ("sslVersionMax = TLSv1.2", "1.2", "TLSv1.2"),
        ("options = NO_TLSv1_2", "1.3", None),
        ("sslVersionMin = {{ lowest }}", None, None),
    ],
)
def test_tls_versions(options: str, allowed: str | None, text: str | None) -> None:
    config = f"{TOP}{options}\n{IMAPS}"
    fact = only(config)
    versions = tuple(f"TLSv{v}" for v in allowed.split()) if allowed else None
    assert fact.values.get("tls_versions") == versions
    assert fact.values.get("tls_min") == (versions[0] if versions else None)
    if text is not None and text != "TLSv1":
        assert blamed(config, fact, "tls_min") == text


def test_old_versions_came_with_libraries_that_differ() -> None:
    assert "tls_min" not in only(TOP + IMAPS, version="5.56").values
    assert only(f"{TOP}sslVersionMin = TLSv1.2\n{IMAPS}", version="5.56").values["tls_min"] == "TLSv1.2"


@pytest.mark.parametrize("options", ["sslVersion = SSLv3", "sslVersionMax = TLSv1.1"])
def test_without_a_version_no_handshake_succeeds(options: str) -> None:
    assert "no TLS version is left" in str(only(f"{TOP}{IMAPS}{options}\n").values["broken"])


def test_whether_mail_passes_through_another_protocol_is_not_known() -> None:
    assert "broken" not in only(f"{TOP}{IMAPS}protocol = connect\n").values


def test_a_section_goes_before_the_global_part() -> None:
    assert only(f"{TOP}sslVersionMax = TLSv1.2\n{IMAPS}sslVersionMax = all\n").values["tls_versions"] == (
        "TLSv1.2",
        "TLSv1.3",
    )


def test_a_server() -> None:
    values = only(TOP + IMAPS).values
    assert (values["service"], values["protocol"], values["role"]) == ("imaps", "imap", "access")
    assert (values["tls"], values["auth"], values["broken"]) == ("implicit", "tls-only", None)
    assert (values["certificate"], values["scope"], values["proxied"]) == ("/etc/a.pem", "any", False)
    assert "relay" not in values


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp", "SMTP"])
def test_a_server_with_a_protocol_demands_starttls(protocol: str) -> None:
    text = f"{TOP}[x]\naccept = 2000\nconnect = 3000\nprotocol = {protocol}\n"
    fact = only(text)
    assert (fact.values["tls"], fact.values["auth"]) == ("required", "tls-only")
    assert fact.values["protocol"] == protocol.lower()
    assert blamed(text, fact, "tls") == protocol


def test_what_logins_an_mx_takes_is_not_known() -> None:
    values = only(f"{TOP}[smtp]\naccept = 25\nconnect = 2525\nprotocol = smtp\n").values
    assert values["role"] == "mx"
    assert "auth" not in values


def test_a_client_takes_clear_text_and_opens_tls() -> None:
    listener, connection = only(OUT), only(OUT, "connection")
    assert (listener.values["tls"], listener.values["auth"]) == ("none", "cleartext")
    assert listener.values["scope"] == "loopback"
    assert (connection.values["host"], connection.values["port"]) == ("imap.example.org", 993)
    assert (connection.values["tls"], connection.values["verify"]) == ("implicit", "none")
    assert connection.values["backend"] is False
    assert connection.values["cleartext_credentials"] is False


def test_client_is_inherited_and_taken_back() -> None:
    text = f"{TOP}client = yes\n[out]\naccept = 1143\nconnect = 10.0.0.1:993\n{IMAPS}client = no\n"
    assert [(f.values["port"], f.values["tls"]) for f in facts(text)] == [(1143, "none"), (993, "implicit")]


def test_a_client_with_a_protocol_demands_starttls() -> None:
    text = "[out]\nclient = yes\nprotocol = smtp\naccept = 127.0.0.1:25\nconnect = smtp.example.org:587\n"
    values = only(text, "connection").values
    assert (values["tls"], values["protocol"], values["role"]) == ("required", "smtp", "submission")


def test_implicit_tls_to_a_port_that_begins_in_clear() -> None:
    text = OUT.replace(":993", ":143")
    assert "broken" not in only(text).values
    assert blamed(text, only(text, "connection"), "tls") == "imap.example.org:143"


@pytest.mark.parametrize(
    ("options", "verify"),
    [
        ("", "none"),
        ("verify = 0", "none"),
        ("verify = 2", "ca-noname"),
        ("verify = 3", "fingerprint"),
        ("verifyChain = yes", "ca-noname"),
        ("verifyChain = yes\ncheckHost = imap.example.org", "ca"),
        ("verifyPeer = yes", "fingerprint"),
        ("verifyChain = {{ chain }}", None),
    ],
)
def test_how_the_server_is_verified(options: str, verify: str | None) -> None:
    text = f"{OUT}CAfile = /etc/ca.pem\n{options}\n"
    assert only(text, "connection").values.get("verify") == verify


def test_the_hop_of_a_server() -> None:
    values = only(f"{TOP}[imaps]\naccept = 993\nconnect = 10.0.0.5:143\n", "connection").values
    assert (values["host"], values["port"], values["tls"], values["backend"]) == ("10.0.0.5", 143, "none", True)


@pytest.mark.parametrize(
    ("options", "state", "login"),
    [
        ("", "none", False),
        ("verify = 1\nCAfile = a", "asked", None),
        ("verify = 2\nCAfile = a", "required", True),
        ("requireCert = yes", "required", True),
        ("verifyPeer = yes\nCAfile = a", "required", True),
    ],
)
def test_client_certificates(options: str, state: str, login: bool | None) -> None:
    values = only(f"{TOP}{options}\n{IMAPS}").values
    assert values["client_certificate"] == state
    assert values.get("client_certificate_login") is login


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("[a]\naccept = 4465\nconnect = 127.0.0.1:25\n", ("smtp", "submission")),
        ("[a]\naccept = 465\nconnect = 10025\n", ("smtp", "submission")),
        ("[ssmtp]\naccept = 4465\nconnect = 10025\n", ("smtp", "submission")),
        ("[a]\naccept = pop3s\nconnect = 10110\n", ("pop3", "access")),
        ("[imap-tls]\naccept = 4993\nexec = /usr/sbin/imapd\n", ("imap", "access")),
        ("[mail]\naccept = 4993\nconnect = 4143\n", (None, None)),
    ],
)
def test_protocol_and_role(section: str, expected: tuple[str | None, str | None]) -> None:
    values = only(TOP + section).values
    assert (values.get("protocol"), values.get("role")) == expected


@pytest.mark.parametrize(
    "text",
    [
        f"{TOP}[https]\naccept = 443\nconnect = 80\n",
        "[redis]\nclient = yes\naccept = 127.0.0.1:6379\nconnect = 10.0.0.1:6380\n",
        f"{TOP}[webmail]\naccept = 8443\nconnect = 8080\n",
        f"{TOP}[dropbear-ssl]\naccept = 443\nconnect = 127.0.0.1:143\n",
        "pid = /run/stunnel.pid\n",
        "[https]\naccept = 443\nnonsense = 1\n",
    ],
)
def test_without_mail_nothing_is_said(text: str) -> None:
    assert read(text) == Inventory(files=(NAME,))


@pytest.mark.parametrize(
    ("text", "blame"),
    [
        (IMAPS, "[imaps]"),
        (f"{TOP}[imaps]\naccept = 993\n", "[imaps]"),
        (f"{TOP}[imaps]\nconnect = 143\n", "[imaps]"),
        (f"{TOP}{IMAPS}exec = /bin/cat\n", "[imaps]"),
        (f"{TOP}[imaps]\naccept = 993 ; imaps\nconnect = 143\n", "993 ; imaps"),
        (f"{TOP}[imaps]\naccept 993\nconnect = 143\n", "accept 993"),
        (f"{TOP}[imaps]\naccept = [::1]:993\nconnect = 143\n", "[::1]:993"),
        (f"{TOP}sslVersionMin = TLSv1.0\n{IMAPS}", "TLSv1.0"),
        (f"{TOP}sslVersionMin = TLSv1.3\nsslVersionMax = TLSv1.2\n{IMAPS}", "TLSv1.3"),
        (f"{TOP}options = NO_TLSv1.1\n{IMAPS}", "NO_TLSv1.1"),
        (f"{TOP}options = NO_SSLV4\n{IMAPS}", "NO_SSLV4"),
        (f"{TOP}{IMAPS}redirect = 127.0.0.1:80\n", "127.0.0.1:80"),
        (f"{TOP}{IMAPS}checkHost = mail.example.org\n", "mail.example.org"),
        (f"{TOP}{IMAPS}verify = 1\n", "1"),
        (f"{TOP}{IMAPS}renegotiation = never\n", "never"),
        (f"{TOP}{IMAPS}TIMEOUTidle = 1h\n", "1h"),
        (f"{TOP}foreground = true\n{IMAPS}", "true"),
        (f"{TOP}debug = daemon.9\n{IMAPS}", "daemon.9"),
        (f"{TOP}{IMAPS}debug = daemon.info\n", "daemon.info"),
        (f"{TOP}{IMAPS}retry = maybe\n", "maybe"),
        (f"{TOP}{IMAPS}verfy = 2\n", "verfy"),
        (f"{TOP}{IMAPS}syslog = no\n", "no"),
        (f"{TOP}{IMAPS}client = true\n", "true"),
        (f"{TOP}{IMAPS}securityLevel = 6\n", "6"),
        (f"{TOP}{IMAPS}protocol = lmtp\n", "lmtp"),
        (f"{TOP}{IMAPS}protocol = nntp\n", "nntp"),
        (f"{TOP}{IMAPS}verifyChain = yes\n", "yes"),
        (f"{TOP}{IMAPS}[b]\naccept = :::993\nconnect = 144\n", ":::993"),
        (f"{TOP}{IMAPS}[b]\nsni = gone:a.example.org\nconnect = 144\n", "gone:a.example.org"),
    ],
)
def test_what_stunnel_refuses(text: str, blame: str) -> None:
    said = read(text)
    assert not said.facts
    (unread,) = said.unread
    assert unread.why.endswith("stunnel does not start") and not unread.fatal
    where = unread.where
    assert under(text, where) == blame
    assert any("no listener is stated" in note for note in said.notes)


@pytest.mark.parametrize(
    "options", ["debug = daemon.notice", "debug = 7", "retry = 5", "verify = 1\nCAfile = a\ncheckHost = b"]
)
def test_what_stunnel_takes(options: str) -> None:
    assert read(f"{TOP}{options}\n{IMAPS}").unread == ()


def test_includes_are_read_in_order_of_names() -> None:
    said = read({
        "etc/stunnel/stunnel.conf": f"{TOP}include = /etc/stunnel/conf.d\n",
        "etc/stunnel/conf.d/10-imap.conf": IMAPS,
        "etc/stunnel/conf.d/20-pop.conf": "[pop3s]\naccept = 995\nconnect = 110\n",
    })  # fmt: skip
    assert [f.values["port"] for f in said.facts if f.kind == "listener"] == [993, 995]
    assert said.files == (
        "etc/stunnel/stunnel.conf", "etc/stunnel/conf.d/10-imap.conf", "etc/stunnel/conf.d/20-pop.conf",
    )  # fmt: skip


def test_an_include_that_is_not_here_is_noted() -> None:
    said = read(f"include = /etc/stunnel/conf.d\n{IMAPS}")
    assert any("not here" in note for note in said.notes)
    assert [f.values["port"] for f in said.facts if f.kind == "listener"] == [993]


def test_a_part_by_itself_needs_no_certificate() -> None:
    said = read({"etc/stunnel/conf.d/10-imap.conf": IMAPS})
    assert not said.unread
    assert "certificate" not in of_kind(said, "listener")[0].values


def test_pre_shared_keys_stand_for_a_certificate() -> None:
    fact = only("PSKsecrets = /etc/stunnel/psk\n" + IMAPS)
    assert fact.values["tls"] == "implicit"
    assert "certificate" not in fact.values


def test_passwords_and_keys() -> None:
    text = f"{TOP}ticketKeySecret = 00112233\n{OUT}protocol = imap\nprotocolPassword = Tr0ub4dor\n"
    found = {str(f.values["setting"]): f for f in facts(text, "secret")}
    assert set(found) == {"protocolPassword", "ticketKeySecret"}
    assert blamed(text, found["protocolPassword"], "storage") == "Tr0ub4dor"
    assert "Tr0ub4dor" not in str([f.values for f in read(text).facts])


def test_templates_are_no_errors() -> None:
    said = read("{% if x %}\ncert = {{ cert }}\n{% endif %}\n[imaps]\naccept = {{ ip }}:993\nconnect = 143\n")
    assert not said.unread and said.notes
    assert of_kind(said, "listener")[0].values["tls"] == "implicit"


def test_alternatives_in_a_template_do_not_clash() -> None:
    said = read(f"{{% if a %}}\n{IMAPS}{{% else %}}\n{IMAPS}{{% endif %}}\n")
    assert not said.unread


@pytest.mark.parametrize("text", ["", "# nothing\n", "hello world\n"])
def test_a_file_that_is_none(text: str) -> None:
    (unread,) = read(text).unread
    assert unread.fatal


@pytest.mark.parametrize("text", ["d /run/stunnel4 0755 a b\n", "[Unit]\nDescription = x\n"])
def test_a_file_of_another_program(text: str) -> None:
    said = read(text)
    assert (said.facts, said.unread) == ((), ())
    assert "another program" in said.notes[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TOP + IMAPS, True),
        (OUT, True),
        ("[mysqld]\nport = 3306\nconnect = 1\n", False),
        ("accept = 993\n", False),
        ("defaults\n  mode tcp\nlisten x\n  bind :143\n", False),
    ],
)
def test_sniff(text: str, expected: bool) -> None:
    assert stunnel.sniff(text) is expected
