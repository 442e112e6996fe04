"""Cyrus: what cyrus.conf and imapd.conf mean together, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import cyrus
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Inventory
from tests.readers.reading import blamed, listeners, read_group, the

BASE = "configdirectory: /var/lib/cyrus\npartition-default: /var/spool/cyrus\n"
CERT = "tls_server_cert: /etc/ssl/a.crt\ntls_server_key: /etc/ssl/a.key\n"
PLAIN = "sasl_mech_list: PLAIN LOGIN\n"
IMAP, IMAPS = 'imap cmd="imapd" listen="imap"', 'imaps cmd="imapd -s" listen="imaps"'
POP3, SIEVE = 'pop3 cmd="pop3d" listen="pop3"', 'sieve cmd="timsieved" listen="sieve"'


def services(*lines: str) -> str:
    return "SERVICES {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def read(master: str, options: str, version: str = "3.6", **others: str) -> Inventory:
    files = {"etc/cyrus.conf": master, "etc/imapd.conf": options}
    files = {name: text for name, text in files.items() if text}
    more = {name.replace("__", "/"): text for name, text in others.items()}
    return read_group(cyrus, {**files, **more}, list(files), version)


def only(service: str, options: str, version: str = "3.6") -> Fact:
    return the(read(services(service), BASE + options, version))


@pytest.mark.parametrize(
    ("service", "options", "expected"),
    [
        (IMAP, PLAIN, ("none", "none")),
        (IMAP, PLAIN + "allowplaintext: yes\n", ("none", "cleartext")),
        (IMAP, PLAIN + CERT, ("required", "tls-only")),
        (IMAP, PLAIN + CERT + "allowplaintext: 1\n", ("optional", "cleartext")),
        (IMAP, PLAIN + CERT + "allowplaintext: tomorrow\n", ("optional", "cleartext")),
        (IMAP, PLAIN + CERT + "allowplaintext: yes\ntls_required: on\n", ("required", "tls-only")),
        (IMAP, PLAIN + "tls_server_cert: /etc/ssl/a.pem\n", ("none", "none")),
        (IMAP, PLAIN + CERT.replace("a.key", "x").replace("/etc/ssl/x", "disabled"), ("none", "none")),
        (IMAP, PLAIN + "tls_cert_file: /a.crt\ntls_key_file: /a.key\n", ("required", "tls-only")),
        (IMAP, CERT, ("optional", "challenge")),
        (IMAP, CERT + "sasl_mech_list: PLAIN CRAM-MD5\n", ("optional", "challenge")),
        (IMAP, CERT + "sasl_mech_list: plain, cram-md5\n", ("optional", "challenge")),
        (IMAP, CERT + "sasl_mech_list: CRAM-MD5\nsasl_minimum_layer: 128\n", ("required", "tls-only")),
        (IMAP, CERT + PLAIN + "sasl_minimum_layer: 128\nallowplaintext: yes\n", ("optional", "cleartext")),
        (SIEVE, CERT + PLAIN + "sasl_minimum_layer: 128\nallowplaintext: yes\n", ("required", "tls-only")),
        (SIEVE, CERT + PLAIN + "allowplaintext: yes\n", ("optional", "cleartext")),
        (POP3, PLAIN + CERT, ("optional", "challenge")),
        (POP3, PLAIN + CERT + "allowapop: no\n", ("required", "tls-only")),
        (POP3, PLAIN + "tls_required: yes\n", ("none", "none")),
        (IMAPS, PLAIN + CERT + "allowplaintext: yes\n", ("implicit", "tls-only")),
        ('imap cmd="imapd -p 2" listen="imap"', PLAIN, ("none", "cleartext")),
        ('imap cmd="imapd -p 1" listen="imap"', PLAIN, ("none", "none")),
        ('imap cmd="/usr/sbin/cyrus imapd" listen="imap"', PLAIN + CERT, ("required", "tls-only")),
        ('lmtp cmd="lmtpd" listen="2003"', PLAIN + CERT, ("required", "tls-only")),
        ('lmtp cmd="lmtpd" listen="2003"', PLAIN + CERT + "allowplaintext: yes\n", ("optional", "cleartext")),
        ('lmtp cmd="lmtpd -a" listen="2003"', PLAIN + CERT, ("none", "none")),
        (IMAP, CERT + PLAIN + "imap_allowplaintext: yes\nallowplaintext: no\n", ("optional", "cleartext")),
        (IMAP, CERT + PLAIN + "imaps_allowplaintext: yes\n", ("required", "tls-only")),
        (IMAP, CERT + PLAIN + "AllowPlainText:\\\n yes # not a comment\n", ("optional", "cleartext")),
    ],
)
def test_tls_and_logins(service: str, options: str, expected: tuple[str, str]) -> None:
    values = only(service, options).values
    assert (values["tls"], values["auth"], values["broken"]) == (*expected, None)


@pytest.mark.parametrize(
    ("version", "options", "tls"),
    [
        ("3.6", "", "required"),
        ("3.10", "", "none"),
        ("3.10", "allowstarttls: yes\n", "required"),
        ("3.10.1", "", "required"),
        ("3.8.5", "", "required"),
        ("3.8.6", "", "none"),
        ("3.12.0", "", "required"),
        ("", "", "none"),
        ("2.5", "", "optional"),
    ],
)
def test_versions_differ_in_starttls_and_plaintext(version: str, options: str, tls: str) -> None:
    assert only(IMAP, PLAIN + CERT + options, version).values["tls"] == tls


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ('listen="imap"', [("*", 143)]),
        ("listen=143", [("*", 143)]),
        ('listen="0143"', [("*", 143)]),
        ('listen="imap" proto="tcp4"', [("0.0.0.0", 143)]),
        ('listen="imap" proto=tcp6', [("::", 143)]),
        ('listen="imap" proto="udp"', []),
        ('listen="127.0.0.1:imap"', [("127.0.0.1", 143)]),
        ('listen="[::1]:1143"', [("::1", 1143)]),
        ('listen="::1:1143"', [("::1", 1143)]),
        ('listen="localhost:143"', [("127.0.0.1", 143), ("::1", 143)]),
        ('listen="*:143"', [("*", 143)]),
        ('listen="[::]:143"', [("::", 143)]),
        ('listen="127.0.0.1:143" proto="tcp6"', []),
        ('listen=":143"', []),
        ('listen="IMAP"', []),
        ('listen="imapz"', []),
        ('listen="lmtp"', []),
        ('listen="/run/cyrus/imap"', []),
        ('listen="imap" listen="1143"', [("*", 143)]),
    ],
)
def test_listen(listen: str, expected: list[tuple[str, int]]) -> None:
    inventory = read(services(f'imap cmd="imapd" {listen}'), BASE)
    assert [(fact.values["address"], fact.values["port"]) for fact in listeners(inventory)] == expected
    assert expected or inventory.unread or inventory.notes or "udp" in listen or "/" in listen


def test_a_host_name_is_an_unknown_address() -> None:
    fact = only('imap cmd="imapd" listen="mail.example.test:143"', PLAIN)
    assert "address" not in fact.values
    assert fact.values["port"] == 143


def test_a_port_that_is_taken_stays_with_the_first() -> None:
    inventory = read(services(IMAP, 'x cmd="imapd -s" listen="143"'), BASE + CERT)
    assert [fact.values["service"] for fact in listeners(inventory)] == ["imap"]
    assert [unread.why for unread in inventory.unread] == ["x cannot listen here: imap has port 143 already"]
    again = read(services('a cmd="imapd" listen="127.0.0.1:143"', 'x cmd="imapd -s" listen="143"'), BASE + CERT)
    assert [fact.values["address"] for fact in listeners(again)] == ["127.0.0.1", "::"]
    strict = read(services(IMAP, 'x cmd="imapd" listen="143"'), BASE + "master_bind_errors_fatal: yes\n")
    assert listeners(strict) == []


@pytest.mark.parametrize(
    ("service", "options", "why"),
    [
        (IMAPS, "", "no certificate and private key"),
        ('imap cmd="imapd -U30" listen="imap"', "", "separated by blanks"),
        ('imap cmd="imapd" listen="imap" maxchild=0', "", "maxchild=0"),
        ('pop3 cmd="pop3d -x" listen="pop3"', "", "no option -x"),
        (IMAP, "imap_allowapop: Yes\n", "allowapop is a switch"),
        (IMAP, "defaultpartition: other\n", "partition-other is not set"),
        (IMAP, CERT + "tls_versions: TLSv1.2\n", "tls_versions names none"),
        (IMAP, CERT + "tls_client_certs: require\n", "needs tls_client_ca_file"),
        (IMAPS, CERT + "tls_versions: tls1_0\ntls_ciphers: ECDHE+AESGCM\n", "tls_ciphers leave none"),
    ],
)
def test_broken_services(service: str, options: str, why: str) -> None:
    broken = only(service, options).values["broken"]
    assert isinstance(broken, str)
    assert why in broken


@pytest.mark.parametrize(
    ("master", "options", "why"),
    [
        (services("imap-tls cmd=imapd listen=imap"), BASE, "the character - in a name"),
        (services('imap cmd = "imapd" listen="imap"'), BASE, "a stray  "),
        (services('imap cmd="imapd listen=imap'), BASE, 'without its second "'),
        (services(IMAP, 'imap cmd="imapd" listen="1143"'), BASE, "two services imap"),
        (services('imap cmd="imapd"'), BASE, "imap has no listen"),
        (services('imap listen="imap"'), BASE, "imap has no cmd"),
        (services('imap cmd="imapsd" listen="imap"'), BASE, "no program imapsd"),
        (services(IMAP) + "EVENTS {\n a period=3\n}\n", BASE, "a has no cmd"),
        (services(IMAP), BASE + "allowapop: no\nallowapop: no\n", "allowapop is set twice"),
        (services(IMAP), BASE + "imap_allowapop: no\nIMAP_allowapop: no\n", "imap_allowapop is set twice"),
        (services(IMAP), BASE + "allowapop: Yes\n", "allowapop is a switch"),
        (services(IMAP), BASE + "tls_client_certs: must\n", "tls_client_certs is one of"),
        (services(IMAP), BASE + "sasl_minimum_layer: high\n", "wants a number"),
        (services(IMAP), BASE + "timeout: soon\n", "wants a time"),
        (services(IMAP), BASE + "admins:\n", "admins has no value"),
        (services(IMAP), BASE + "admins cyrus\n", "of the form option: value"),
        (services(IMAP), BASE + "@includes: /etc/x\n", "no directive @includes"),
        (services(IMAP), BASE + "@include: /etc/gone.conf\n", "does not exist"),
        (services(IMAP), BASE + "@include: /etc/imapd.conf\n", "is read twice"),
        (services(IMAP), "partition-default: /a\n", "configdirectory is not set"),
    ],
)
def test_what_keeps_the_master_from_starting(master: str, options: str, why: str) -> None:
    inventory = read(master, options)
    assert listeners(inventory) == []
    assert any(why in unread.why and "Cyrus does not start" in unread.why for unread in inventory.unread)


@pytest.mark.parametrize(
    ("master", "count"),
    [
        (f"services {{\n {IMAP} # x\n}}\n", 1),
        (f"SERVICES\n{{\n {IMAP}\n}}\n", 0),
        (f"SERVICES {{ {IMAP} }}\n", 0),
        (f"SERVICES {{\n {IMAP}\n}}\nSERVICES {{\n {IMAPS}\n}}\n", 1),
        (f"OTHER {{\n a-b\n}}\nSERVICES {{\n {IMAP}\n}}\n", 1),
        (f"SERVICES {{\n # {IMAPS}\n {IMAP}\n", 1),
        (f"SERVICES {{\r\n {IMAP}\r\n}}\r\n", 1),
    ],
)
def test_sections(master: str, count: int) -> None:
    assert len(listeners(read(master, BASE))) == count


def test_includes_and_another_configuration() -> None:
    inventory = read(services(IMAP), BASE + "@include: /etc/more.conf\n")
    assert any("does not exist" in unread.why for unread in inventory.unread)
    tree = Memory(
        {
            "etc/cyrus.conf": services('imap cmd="imapd -C /etc/other.conf" listen="imap"', POP3),
            "etc/imapd.conf": BASE + PLAIN + "@include: /etc/more.conf\n",
            "etc/more.conf": "allowapop: no\n",
            "etc/other.conf": BASE + PLAIN + "allowplaintext: yes\n",
        }
    )
    made = cyrus.read(tree, ("etc/cyrus.conf", "etc/imapd.conf"), None)
    assert [fact.values["auth"] for fact in listeners(made)] == ["cleartext", "none"]
    assert set(made.files) == set(tree.files)


def test_an_include_outside_of_the_tree_leaves_the_rest_unknown() -> None:
    (fact,) = listeners(read(services(IMAP), BASE + "@include: /srv/cyrus/secret.conf\nallowplaintext: yes\n"))
    assert fact.values["port"] == 143
    assert "auth" not in fact.values
    assert "tls" not in fact.values


def test_templates() -> None:
    options = BASE + PLAIN + "{% if tls %}\n" + CERT + "{% endif %}\nallowplaintext: {{ plain }}\n"
    (fact,) = listeners(read(services(IMAP), options))
    assert "tls" not in fact.values
    assert "auth" not in fact.values
    (fact,) = listeners(read(services('imap cmd="imapd" listen="{{ address }}:143"'), BASE + PLAIN))
    assert fact.values["port"] == 143
    assert "address" not in fact.values


def test_either_file_alone() -> None:
    (fact,) = listeners(read(services(IMAPS), ""))
    assert (fact.values["tls"], fact.values["port"]) == ("implicit", 993)
    assert "tls_min" not in fact.values
    server = the(read("", BASE + "allowplaintext: yes\n"), "server")
    assert server.values["cleartext_auth"] is True


@pytest.mark.parametrize(
    ("setting", "versions"),
    [
        ("", ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")),
        ("tls_versions: tls1_2 tls1_3\n", ("TLSv1.2", "TLSv1.3")),
        ("tls_versions: tls1_3,tls1_0\n", ("TLSv1.0", "TLSv1.3")),
        ("imaps_tls_versions: tls1_3\n", ("TLSv1.3",)),
        ("tls_ciphers: ECDHE+AESGCM\n", ("TLSv1.2", "TLSv1.3")),
        ("tls_cipher_list: DEFAULT@SECLEVEL=2\n", ("TLSv1.2", "TLSv1.3")),
        ("tls_ciphers: DEFAULT@SECLEVEL=0\ntls_versions: tls1_1\n", ("TLSv1.1",)),
    ],
)
def test_tls_versions(setting: str, versions: tuple[str, ...]) -> None:
    values = only(IMAPS, CERT + setting).values
    assert values["tls_versions"] == versions
    assert values["tls_min"] == versions[0]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", ("none", False)),
        ("tls_client_ca_file: /etc/ssl/ca.pem\n", ("asked", True)),
        ("tls_client_ca_file: /etc/ssl/ca.pem\n" + PLAIN, ("asked", False)),
        ("tls_client_ca_file: /etc/ssl/ca.pem\ntls_client_certs: off\n", ("none", False)),
        ("tls_client_ca_dir: /etc/ssl\ntls_client_certs: require\n", ("none", False)),
        ("tls_ca_file: /ca.pem\ntls_client_certs: require\nsasl_mech_list: EXTERNAL\n", ("required", True)),
    ],
)
def test_client_certificates(options: str, expected: tuple[str, bool]) -> None:
    values = only(IMAPS, CERT + options).values
    assert (values["client_certificate"], values["client_certificate_login"]) == expected


@pytest.mark.parametrize(
    ("service", "options", "field", "text"),
    [
        (IMAP, CERT + PLAIN + "allowplaintext: yes\n", "auth", "yes"),
        (IMAP, CERT + PLAIN + "imap_allowplaintext: on\nallowplaintext: no\n", "auth", "on"),
        (IMAP, CERT + "sasl_mech_list: PLAIN DIGEST-MD5 LOGIN\n", "mechanisms", "DIGEST-MD5"),
        (IMAP, CERT + PLAIN + "tls_versions: tls1_0 tls1_2\n", "tls_min", "tls1_0 tls1_2"),
        (IMAPS, CERT, "tls", "-s"),
        (IMAPS, CERT, "port", "imaps"),
        (IMAPS, CERT, "certificate", "/etc/ssl/a.crt"),
        ('imaps cmd="imapd -U 30" listen="10.0.0.1:imaps"', CERT, "tls", "imapd -U 30"),
        ('imaps cmd="imapd -U 30" listen="10.0.0.1:imaps"', CERT, "address", "10.0.0.1"),
        (IMAP, "tls_server_cert: disabled\n", "tls", "disabled"),
        (POP3, CERT + PLAIN, "auth", "pop3"),
        ('x cmd="imapd -p 256" listen="143"', CERT + PLAIN, "auth", "256"),
        ('lmtp cmd="lmtpd -a" listen="24"', "", "auth", "-a"),
        (IMAP, CERT + "tls_versions: none\n", "broken", "none"),
    ],
)
def test_positions(service: str, options: str, field: str, text: str) -> None:
    files = {"etc/cyrus.conf": services(service), "etc/imapd.conf": BASE + options}
    assert blamed(files, only(service, options), field) == text


def test_settings_secrets_and_the_server() -> None:
    options = BASE + "tls_cert_file: /a\nallow_plaintext: no\nnewsspool: /x\nmx2_sync_host: b\n"
    options += "sasl_sql_passwd: hunter2\nldap_password: {{ x }}\n"
    options += "servername: mx.example.test\nserverinfo: off\nfailedloginpause: 0\nimap_sasl_mech_list: PLAIN\n"
    inventory = read(services(IMAP), options)
    facts = inventory.facts
    assert any("no newsspool; not judged" in note for note in inventory.notes)
    named = {(f.kind, f.values.get("name") or f.values.get("setting")): f for f in facts}
    assert named["setting", "tls_cert_file"].values["instead"] == "tls_server_cert"
    assert named["setting", "allow_plaintext"].values["instead"] == "allowplaintext"
    assert [kind for kind, _ in named].count("setting") == 2
    assert named["secret", "sasl_sql_passwd"].values["storage"] == "literal"
    assert [kind for kind, _ in named].count("secret") == 1
    assert "hunter2" not in repr(facts)
    server = named["server", None].values
    assert (server["host"], server["banner_version"], server["login_throttle"]) == ("mx.example.test", False, False)


def test_names_that_count_for_nothing_are_noted() -> None:
    options = BASE + "lmtp_admins: x\nimap_admins: y\ncyr_expire_archive_enabled: yes\nmaster_ready_file: /r\n"
    noted = " ".join(read(services(IMAP), options, "3.6").notes)
    assert "has no lmtp_admins, master_ready_file; not judged" in noted
    assert "lmtp_admins;" in " ".join(read(services(IMAP), options, "3.10").notes)
    assert "lmtp_admins" not in " ".join(read("", options).notes)


def test_an_older_name_is_no_fault_where_the_newer_is_not_known() -> None:
    found = [f.values.get("instead") for f in read(services(IMAP), BASE + "quotawarn: 90\n", "3.6").facts]
    assert not any(found)
    gone = read(services(IMAP), BASE + "flushseenstate: 1\n", "3.6").facts
    assert "nothing: take the line out" in [f.values.get("instead") for f in gone]
    newer = read(services(IMAP), BASE + "quotawarn: 90\n", "3.10").facts
    assert "quotawarnpercent" in [f.values.get("instead") for f in newer]


def test_a_missing_certificate_beside_others() -> None:
    others = {"etc__ssl__b.crt": "x"}
    (fact,) = listeners(read(services(IMAPS), BASE + CERT, **others))
    assert fact.values["broken"] == "/etc/ssl/a.crt does not exist"
    (fact,) = listeners(read(services(IMAP), BASE + CERT, "3.10", **others))
    assert fact.values["broken"] is None


def test_groups_and_foreign_files() -> None:
    paths = ["a/imapd.conf", "a/cyrus.conf", "b/cyrus.conf.j2", "b/imapd.conf", "c/imapd.conf", "mx-cyrus.conf"]
    assert sorted(cyrus.groups(paths)) == [
        ("a/cyrus.conf", "a/imapd.conf"),
        ("b/cyrus.conf.j2", "b/imapd.conf"),
        ("c/imapd.conf",),
        ("mx-cyrus.conf",),
    ]
    foreign = cyrus.read(Memory({"rsyslog.d/cyrus.conf": "mail.* /var/log/x\n"}), ("rsyslog.d/cyrus.conf",), None)
    assert (foreign.facts, foreign.unread, len(foreign.notes)) == ((), (), 1)
    strange = cyrus.read(Memory({"imapd.conf": "set x 1\nport 143\n"}), ("imapd.conf",), None)
    assert [unread.fatal for unread in strange.unread] == [True]


def test_sniff() -> None:
    assert cyrus.sniff(services(IMAP))
    assert cyrus.sniff(BASE + PLAIN)
    assert not cyrus.sniff("pwcheck_method: saslauthd\nmech_list: PLAIN\n")
    assert not cyrus.sniff("services:\n  imap:\n    image: dovecot\n")
