"""The Courier reader: files in, facts out. What the real daemons do with such files is in tests/real."""

from __future__ import annotations

import pytest

from mailpolicy.readers import courier, format_of
from mailpolicy.readers.courier.access import network
from mailpolicy.readers.courier.priority import allowed
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Inventory
from tests.readers.reading import last, of_kind, read_group, the, under

E = "etc/courier/"
LIMITS = "MAXDAEMONS=40\nMAXPERIP=4\n"
TLS = "COURIERTLS=/usr/bin/couriertls\nTLS_CERTFILE=/etc/courier/a.pem\nTLS_VERIFYPEER=NONE\n"
IMAPD = f"{LIMITS}ADDRESS=0\nPORT=143\nPIDFILE=/run/courier/imapd.pid\nMAILDIRPATH=Maildir\n"
IMAPD_SSL = f"SSLPORT=993\nSSLADDRESS=0\nSSLPIDFILE=/run/courier/imapd-ssl.pid\n{TLS}IMAPDSTARTTLS=YES\n"
POP3D_SSL = IMAPD_SSL.replace("993", "995").replace("imapd", "pop3d").replace("IMAPDSTARTTLS", "POP3_STARTTLS")
POP3D = IMAPD.replace("143", "110").replace("imapd", "pop3d")
ESMTPD = f"{LIMITS}MAXPERC=5\nPORT=smtp\nPIDFILE=/run/courier/esmtpd.pid\n{TLS}ACCESSFILE=${{sysconfdir}}/smtpaccess\n"
MSA = "ADDRESS=0\nPORT=587\n"
SMTPS = f"SSLADDRESS=0\nSSLPORT=465\n{TLS}"
LOCAL = "127.0.0.1\tallow,RELAYCLIENT\n"
COURIERD = "ESMTP_USE_STARTTLS=1\nCOURIERTLS=/usr/bin/couriertls\nTLS_VERIFYPEER=NONE\n"


def read(files: dict[str, str], version: str = "") -> Inventory:
    tree = {E + name: text for name, text in files.items()}
    (group,) = courier.groups([path for path in tree if format_of(path) == "courier"])
    return read_group(courier, tree, group, version)


def imap(imapd: str = "", ssl: str = "") -> dict[str, str]:
    return {"imapd": IMAPD + imapd, "imapd-ssl": IMAPD_SSL + ssl}


def pop3(pop3d: str = "", ssl: str = "") -> dict[str, str]:
    return {"pop3d": POP3D + pop3d, "pop3d-ssl": POP3D_SSL + ssl}


def smtp(esmtpd: str = "", access: str = LOCAL, **others: str) -> dict[str, str]:
    files = {"esmtpd": ESMTPD + esmtpd, "smtpaccess/default": access}
    return {**files, **{name.replace("_", "-"): text for name, text in others.items()}}


def listeners(files: dict[str, str], version: str = "") -> dict[object, Fact]:
    return {fact.values.get("port"): fact for fact in of_kind(read(files, version), "listener")}


def only(files: dict[str, str], kind: str) -> Fact:
    return the(read(files), kind)


def blamed(files: dict[str, str], fact: Fact, field: str) -> str:
    """File and text under the last position of a field."""
    where = last(fact, field)
    name = where.file.removeprefix(E)
    return f"{name}: {under(files[name], where)}"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("PORT=1143", [("*", 1143)]),
        ("PORT='imap2'", [("*", 143)]),
        ("PORT=143 # a comment", [("*", 143)]),
        ("PORT=143;ADDRESS=127.0.0.1", [("127.0.0.1", 143)]),
        ("ADDRESS=::1", [("::1", 143)]),
        ('PORT="143,10.1.1.1.1143,0.2143"', [("*", 143), ("10.1.1.1", 1143), ("*", 2143)]),
        ("ADDRESS=10.2.2.2\nPORT=143,10.1.1.1.1143", [("10.2.2.2", 143), ("10.1.1.1", 1143)]),
        ("A=1\nPORT=${A}1\\\n43", [("*", 1143)]),
        ('A="1"\nexport PORT="$A"\'143\'', [("*", 1143)]),
        ("PORT=${NOWHERE}", [("*", None)]),
        ("PORT=`cat /port`", [("*", None)]),
        ("PORT={{ port }}", [("*", None)]),
        ("PORT=<port>", [("*", None)]),
        ("if test -f /x; then\nPORT=1143\nfi", [("*", None)]),
        ("{% if x %}\nPORT=1143\n{% endif %}", [("*", None)]),
        ("PORT=1143\r", [("*", 1143)]),
        ("ADDRESS={{ address }}", [(None, 143)]),
    ],
)
def test_addresses_and_ports(lines: str, expected: list[tuple[str | None, int | None]]) -> None:
    found = [fact for fact in read(imap(lines + "\n")).facts if fact.values.get("service") == "imapd"]
    assert [(fact.values.get("address"), fact.values.get("port")) for fact in found] == expected


@pytest.mark.parametrize(
    ("files", "port", "tls", "auth", "at"),
    [
        (imap(), 143, "optional", "cleartext", ""),
        (imap(ssl="IMAP_TLS_REQUIRED=0\n"), 143, "optional", "cleartext", "imapd-ssl: 0"),
        (imap(ssl="IMAP_TLS_REQUIRED=1\n"), 143, "required", "tls-only", "imapd-ssl: 1"),
        (imap(ssl="IMAP_TLS_REQUIRED=yes\n"), 143, "optional", "cleartext", "imapd-ssl: yes"),
        (imap("IMAP_TLS_REQUIRED=1\n", "IMAP_TLS_REQUIRED=0\n"), 143, "optional", "cleartext", "imapd-ssl: 0"),
        (imap(ssl="IMAPDSTARTTLS=no\nIMAP_TLS_REQUIRED=1\n"), 143, "none", "cleartext", "imapd-ssl: no"),
        (imap("IMAPDSTARTTLS=NO\n"), 143, "none", "cleartext", "imapd: NO"),
        (imap(ssl="COURIERTLS=\n"), 143, "none", "cleartext", "imapd-ssl: COURIERTLS"),
        (imap(), 993, "implicit", "tls-only", ""),
        (imap(ssl="IMAPDSTARTTLS={{ x }}\n"), 143, None, None, None),
        ({"imapd": IMAPD}, 143, None, None, None),
        (pop3(), 110, "optional", "cleartext", ""),
        (pop3(ssl="POP3_TLS_REQUIRED=1\n"), 110, "required", "tls-only", "pop3d-ssl: 1"),
        (pop3("POP3_STARTTLS=NO\n"), 110, "optional", "cleartext", ""),
        (pop3(ssl="POP3_STARTTLS=1\n"), 110, "none", "cleartext", "pop3d-ssl: 1"),
        (pop3(ssl="POP3_TLS_REQUIRED=1\nPOP3_STARTTLS=NO\n"), 110, "none", "none", "pop3d-ssl: 1"),
        (pop3(), 995, "implicit", "tls-only", ""),
        (smtp(), 25, "optional", "none", ""),
        (smtp("ESMTPAUTH=\"PLAIN LOGIN\"\n"), 25, "optional", "cleartext", "esmtpd: PLAIN LOGIN"),
        (smtp("ESMTPAUTH=CRAM-MD5\n"), 25, "optional", "cleartext", "esmtpd: CRAM-MD5"),
        (smtp("ESMTPAUTH_TLS=PLAIN\n"), 25, "optional", "tls-only", "esmtpd: PLAIN"),
        (smtp("ESMTPAUTH_TLS=PLAIN\nTLS_CERTFILE=\n"), 25, "none", "none", "esmtpd: TLS_CERTFILE"),
        (smtp("ESMTPAUTH=PLAIN\nESMTP_TLS_REQUIRED=1\n"), 25, "required", "tls-only", "esmtpd: PLAIN"),
        (smtp("ESMTPAUTH=PLAIN\n", esmtpd_msa=MSA), 587, "optional", "cleartext", "esmtpd: PLAIN"),
        (smtp("ESMTPAUTH=PLAIN\n", esmtpd_msa=f"{MSA}ESMTPAUTH=\n"), 587, "optional", "none", "esmtpd-msa: ESMTPAUTH"),
        (smtp("ESMTPAUTH=PLAIN\n", esmtpd_ssl=SMTPS), 465, "implicit", "tls-only", "esmtpd: PLAIN"),
    ],
)  # fmt: skip
def test_tls_and_logins(files: dict[str, str], port: int, tls: str | None, auth: str | None, at: str | None) -> None:
    fact = listeners(files)[port]
    assert (fact.values.get("tls"), fact.values.get("auth")) == (tls, auth)
    if at:
        assert blamed(files, fact, "auth") == at


@pytest.mark.parametrize(
    ("files", "port", "why"),
    [
        (imap("MAXDAEMONS=0\n"), 143, "MAXDAEMONS"),
        (imap("MAXPERIP=\n"), 143, "MAXPERIP"),
        (imap("ADDRESS=\n"), 143, "ADDRESS"),
        (imap("ADDRESS=localhost\n"), 143, "ADDRESS"),
        (imap("PORT=\n"), None, "PORT is not set"),
        (imap("MAILDIRPATH=\n"), 143, "MAILDIRPATH"),
        (imap(ssl="COURIERTLS=\n"), 993, "COURIERTLS"),
        (imap(ssl="TLS_CERTFILE=\n"), 993, "no certificate"),
        (imap(ssl="TLS_CERTFILE=\n"), 143, "STARTTLS is announced but fails: no certificate"),
        ({**imap(), "b.pem": ""}, 993, "the certificate /etc/courier/a.pem does not exist"),
        ({**imap(), "b.pem": ""}, 143, "STARTTLS is announced but fails: the certificate /etc/courier/a.pem"),
        ({**imap(), "a.pem": ""}, 993, None),
        ({**smtp(esmtpd_ssl=SMTPS), "b.pem": ""}, 465, "the certificate /etc/courier/a.pem does not exist"),
        ({**smtp("ESMTP_TLS_REQUIRED=1\n"), "b.pem": ""}, 25, "TLS is required"),
        (imap(ssl="TLS_PRIORITY=NOSUCH\n"), 143, "STARTTLS is announced but fails: GnuTLS"),
        (pop3(ssl="POP3_TLS_REQUIRED=1\nPOP3_STARTTLS=NO\n"), 110, "TLS is required"),
        (smtp("ESMTP_TLS_REQUIRED=1\nTLS_CERTFILE=\n"), 25, "TLS is required"),
        (smtp("MAXPERC=0\n"), 25, "MAXPERC"),
        (smtp("AUTH_REQUIRED=1\n"), 25, "AUTH_REQUIRED"),
        (smtp("AUTH_REQUIRED=1\n", "10.1\tallow,RELAYCLIENT,AUTH_REQUIRED=0\n"), 25, None),
        (imap('TCPDOPTS="-haproxy=0/0"\n'), 143, "-haproxy"),
        (smtp("ADDRESS=\n"), 25, None),
        (imap(), 143, None),
    ],
)
def test_what_cannot_run_is_broken(files: dict[str, str], port: int | None, why: str | None) -> None:
    broken = listeners(files)[port].values["broken"]
    assert (broken is None) == (why is None)
    assert (why or "") in str(broken)


def test_esmtpd_offers_no_starttls_without_its_certificate() -> None:
    files = {**smtp(), "b.pem": ""}
    fact = listeners(files)[25]
    assert (fact.values["tls"], blamed(files, fact, "tls")) == ("none", "esmtpd: /etc/courier/a.pem")


@pytest.mark.parametrize(
    ("line", "expected"),
    [("TLS_DHPARAMS=/etc/courier/dh.pem\n", "/etc/courier/dh.pem"), ("TLS_DHPARAMS=\n", None)],
)
def test_the_group_of_a_file(line: str, expected: str | None) -> None:
    assert listeners(imap(ssl=line))[993].values["dh_file"] == expected


def test_without_a_setting_nothing_is_said_of_groups() -> None:
    assert "dh_file" not in listeners(imap())[993].origins


def test_a_missing_companion_breaks_nothing() -> None:
    fact = listeners({"pop3d-ssl": POP3D_SSL})[995]
    assert (fact.values["broken"], fact.values["tls"], fact.values["auth"]) == (None, "implicit", "tls-only")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NORMAL:-CTYPE-OPENPGP", "TLSv1.0 TLSv1.1 TLSv1.2 TLSv1.3"),
        ("NORMAL:-VERS-TLS1.0:-VERS-TLS1.1", "TLSv1.2 TLSv1.3"),
        ("NORMAL:!VERS-TLS1.0", "TLSv1.1 TLSv1.2 TLSv1.3"),
        ("SECURE:-VERS-ALL:+VERS-TLS1.3", "TLSv1.3"),
        ("NORMAL:-VERS-TLS-ALL:+VERS-TLS1.2", "TLSv1.2"),
        ("SECURE128:+VERS-TLS1.0", "TLSv1.0 TLSv1.1 TLSv1.2 TLSv1.3"),
        ("SECURE192", "TLSv1.2 TLSv1.3"),
        ("SECURE256:-VERS-TLS1.3", "TLSv1.2"),
        ("PERFORMANCE:%LATEST_RECORD_VERSION:-VERS-TLS1.0:-VERS-TLS1.1", "TLSv1.2 TLSv1.3"),
        ("NONE:+VERS-TLS1.2:+AES-128-GCM:+AEAD:+ECDHE-RSA:+SIGN-ALL:+GROUP-ALL", "TLSv1.2"),
        ("NORMAL:-VERS-ALL", ""),
        ("SYSTEM", ""),
        ("NORMAL -VERS-TLS1.0", ""),
        ("@SYSTEM", None),
        ("NORMAL:-SHA1", None),
    ],
)
def test_priority_strings(text: str, expected: str | None) -> None:
    found = allowed(text)
    assert (None if found is None else " ".join(found)) == expected


def test_openssl_goes_by_another_variable() -> None:
    elsewhere = imap("PIDFILE=/var/spool/imapd.pid\n", "TLS_PRIORITY=NORMAL\n")
    assert "tls_min" not in listeners(elsewhere)[143].values


def test_what_gnutls_ignores_is_a_finding_and_the_delivered_file_is_not() -> None:
    files = imap(ssl='TLS_PROTOCOL="TLSv1.2++"\nTLS_STARTTLS_PROTOCOL="$TLS_PROTOCOL"\n')
    fact = only(files, "setting")
    assert (fact.values["name"], fact.values["state"]) == ("TLS_PROTOCOL", "ignored")
    assert blamed(files, fact, "state") == "imapd-ssl: TLSv1.2++"


def test_a_later_file_takes_a_demand_back() -> None:
    files = imap("IMAP_TLS_REQUIRED=1\n", "IMAP_TLS_REQUIRED=0\n")
    fact = only(files, "setting")
    assert (fact.values["state"], blamed(files, fact, "state")) == ("shadowed", "imapd-ssl: 0")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (imap('IMAP_CAPABILITY="IMAP4rev1 AUTH=CRAM-MD5"\nIMAP_CAPABILITY_TLS="$IMAP_CAPABILITY AUTH=plain"\n'),
         ("CRAM-MD5", "PLAIN")),
        (imap('IMAP_CAPABILITY="IMAP4rev1 AUTH=LOGIN"\n'), ("LOGIN",)),
        (imap(), ()),
    ],
)  # fmt: skip
def test_mechanisms(files: dict[str, str], expected: tuple[str, ...]) -> None:
    assert listeners(files)[143].values["mechanisms"] == expected


@pytest.mark.parametrize(
    ("peer", "state", "login"),
    [("NONE", "none", False), ("PEER", "asked", True), ("", "asked", True), ("require", "required", True)],
)
def test_client_certificates(peer: str, state: str, login: bool) -> None:
    fact = listeners(imap(ssl=f"TLS_VERIFYPEER={peer}\nTLS_EXTERNAL=email\n"))[993]
    assert (fact.values["client_certificate"], fact.values["client_certificate_login"]) == (state, login)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("10", ("10.0.0.0/8",)),
        ("192.168", ("192.168.0.0/16",)),
        ("127.0.0.1", ("127.0.0.1/32",)),
        ("10.1.0.0/29", ("10.1.0.0/29",)),
        ("10.1.0.0-10.1.1.255", ("10.1.0.0/23",)),
        (":0000:0000:0000:0000:0000:0000:0000:0001", ("::1/128",)),
        (":2001:0db8", ("2001:db8::/32",)),
        ("198.51.100.", ()),
        ("mail.example.org", ()),
        ("10.0.0.0/x", ()),
        ("::1-10.0.0.1", ()),
    ],
)
def test_keys_of_smtpaccess(key: str, expected: tuple[str, ...]) -> None:
    assert network(key) == expected


@pytest.mark.parametrize(
    ("files", "port", "relay", "at"),
    [
        (smtp(), 25, "networks", "smtpaccess/default: 127.0.0.1"),
        (smtp(access="10.1\tallow , RELAYCLIENT\n"), 25, "networks", "smtpaccess/default: 10.1"),
        (smtp(access='10.1\tallow,NAME="a,b",RELAYCLIENT=""\n'), 25, "networks", "smtpaccess/default: 10.1"),
        (smtp(access='10.1\tallow,"RELAYCLIENT",BLOCK\n'), 25, "networks", "smtpaccess/default: 10.1"),
        (smtp(access='10.1\tallow,BLOCK="550 a,b",RELAYCLIENT=""\n'), 25, "none", None),
        (smtp(access='10.1\tallow,"BLOCK=550 a,b",RELAYCLIENT\n'), 25, "none", None),
        (smtp(access="10.1 allow,RELAYCLIENT\n"), 25, "none", None),
        (smtp(access="10.1\tallow\n10.2\tdeny\n# x\n"), 25, "none", None),
        (smtp(access="*\tallow,RELAYCLIENT\n"), 25, "open", "smtpaccess/default: *"),
        (smtp(access="0.0.0.0/0   allow,RELAYCLIENT\n"), 25, "open", "smtpaccess/default: 0.0.0.0/0"),
        (smtp("RELAYCLIENT=\n"), 25, "open", "esmtpd: RELAYCLIENT"),
        (smtp("ACCESSFILE=\nESMTPAUTH_TLS=PLAIN\n"), 25, "authenticated", "esmtpd: PLAIN"),
        (smtp("ESMTPAUTH_TLS=PLAIN\n", esmtpd_msa=f"{MSA}AUTH_REQUIRED=1\n"), 587, "authenticated", "esmtpd-msa: 1"),
        (smtp(access="10.1\tallow,RELAYCLIENT\n10.1\tallow\n"), 25, None, None),
        (smtp("ACCESSFILE=/srv/access\n"), 25, None, None),
        (smtp("RELAYCLIENT=\nAUTH_REQUIRED=1\n"), 25, "none", None),
        (smtp("AUTH_REQUIRED=1\n", "10.1\tallow,RELAYCLIENT,AUTH_REQUIRED=0\n"), 25, "networks",
         "smtpaccess/default: 10.1"),
        (smtp(access="{{ network }}\tallow,RELAYCLIENT\n"), 25, None, None),
    ],
)  # fmt: skip
def test_relaying(files: dict[str, str], port: int, relay: str | None, at: str | None) -> None:
    fact = listeners(files)[port]
    assert fact.values.get("relay") == relay
    if at:
        assert blamed(files, fact, "relay") == at


def test_backups_of_smtpaccess_do_not_count() -> None:
    fact = listeners({**smtp(), "smtpaccess/old~": "*\tallow,RELAYCLIENT\n"})[25]
    assert fact.values["trusted_networks"] == ("127.0.0.1/32",)


def test_the_widest_network_is_blamed() -> None:
    files = smtp(access=LOCAL + "10\tallow,RELAYCLIENT\n")
    fact = listeners(files)[25]
    assert (fact.values["trusted_scope"], blamed(files, fact, "trusted_scope")) == ("wide", "smtpaccess/default: 10")


@pytest.mark.parametrize(("start", "there"), [("NO", False), ("yes", True), ("", True)])
def test_a_daemon_that_is_not_to_start_has_no_listener(start: str, there: bool) -> None:
    files = smtp(esmtpd_msa=MSA + (f"ESMTPDSTART={start}\n" if start else ""))
    assert (587 in listeners(files)) == there
    assert any("systemd" in note for note in read(files).notes) != there


def test_systemd_starts_it_all_the_same() -> None:
    tree = {E + name: text for name, text in smtp(esmtpd_msa=MSA + "ESMTPDSTART=NO\n").items()}
    tree["etc/systemd/system/multi-user.target.wants/courier-msa.service"] = ""
    found = courier.read(Memory(tree), (E + "esmtpd", E + "esmtpd-msa"), None)
    assert 587 in [fact.values.get("port") for fact in found.facts]


@pytest.mark.parametrize(
    ("line", "at", "why"),
    [
        ("PORT = 993", "PORT", "no blank"),
        ("IMAP_CAPABILITY=IMAP4rev1 IDLE", "IMAP_CAPABILITY=IMAP4rev1 IDLE", "needs quotes"),
        ("IMAP_CAPABILITY='IMAP4rev1", "'", "not closed"),
        ("frobnicate", "frobnicate", "as a command"),
        ("umask 022; export X; ulimit -n 9", "", ""),
    ],
)
def test_lines_that_set_nothing(line: str, at: str, why: str) -> None:
    unread = read(imap(line + "\n")).unread
    assert len(unread) == (1 if why else 0)
    for one in unread:
        assert why in one.why
        assert line[one.where.column - 1 : one.where.end_column - 1] == at


def test_a_file_that_the_shell_does_not_get_through_has_no_listener() -> None:
    assert listeners(imap('A="\n')) == {}


def test_a_value_that_doubles_itself_is_given_up() -> None:
    assert len(listeners(imap("A=xx\n" + "A=$A$A\n" * 60))) == 2


def test_included_files_are_read() -> None:
    files = {**imap(". /etc/courier/more\n"), "more": "PORT=1143\n"}
    assert 1143 in listeners(files)


def test_an_include_that_is_not_here_leaves_the_rest_unknown() -> None:
    fact = listeners(imap(ssl=". /srv/more\n"))[143]
    assert (fact.values.get("tls"), fact.values.get("certificate")) == (None, "/etc/courier/a.pem")


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (":relay.example.net,587 /SECURITY=REQUIRED", ("*", "relay.example.net", 587, "required")),
        (": relay.example.net", ("*", "relay.example.net", 25, "opportunistic")),
        ("a.example: relay.example.net,465 /SECURITY=SMTPS", ("a.example", "relay.example.net", 465, "implicit")),
        (":[10.1.1.1]", ("*", "10.1.1.1", 25, "opportunistic")),
    ],
)
def test_routes(route: str, expected: tuple[str, str, int, str]) -> None:
    found = [f for f in read({"esmtproutes": route + "\n", "courierd": COURIERD}).facts if f.kind == "connection"]
    values = found[0].values
    assert tuple(values[field] for field in ("account", "host", "port", "tls")) == expected
    assert values["broken"] is None


@pytest.mark.parametrize(
    ("courierd", "options", "field", "expected", "at"),
    [
        ("ESMTP_USE_STARTTLS=0\n", "", "tls", "none", "courierd: 0"),
        ("COURIERTLS=\n", "", "tls", "none", "courierd: COURIERTLS"),
        ("", " /SECURITY=REQUIRED", "tls", "required", "esmtproutes: /SECURITY=REQUIRED"),
        ("", "", "verify", "none", None),
        ("ESMTP_TLS_VERIFY_DOMAIN=1\n", "", "verify", "ca", "courierd: 1"),
        ("TLS_VERIFYPEER=PEER\n", "", "verify", "ca-noname", "courierd: PEER"),
        ("", " /SECURITY=STARTTLS", "verify", "ca", "esmtproutes: /SECURITY=STARTTLS"),
    ],
)
def test_tls_of_routes(courierd: str, options: str, field: str, expected: str, at: str | None) -> None:
    files = {"esmtproutes": f":relay.example.net{options}\n", "courierd": COURIERD + courierd}
    fact = only(files, "connection")
    assert fact.values[field] == expected
    if at:
        assert blamed(files, fact, field) == at


def test_tls_that_is_demanded_and_never_used() -> None:
    files = {"esmtproutes": ":r.example.net /SECURITY=REQUIRED\n", "courierd": "ESMTP_USE_STARTTLS=0\nCOURIERTLS=/x\n"}
    assert "never uses STARTTLS" in str(only(files, "connection").values["broken"])


def test_the_password_of_a_route_belongs_to_host_and_port() -> None:
    files = {
        "esmtproutes": ":r.example.net,587\n",
        "courierd": COURIERD,
        "esmtpauthclient": "r.example.net x Quince-40\nR.example.net,587 user Quince-41\n",
    }
    fact = only(files, "connection")
    assert (fact.values["authenticates"], fact.values["cleartext_credentials"]) == (True, True)
    secrets = [fact for fact in read(files).facts if fact.kind == "secret"]
    assert [blamed(files, one, "storage") for one in secrets] == [
        "esmtpauthclient: Quince-40",
        "esmtpauthclient: Quince-41",
    ]


def test_without_a_route_mail_goes_to_any_mx() -> None:
    fact = only({"courierd": COURIERD}, "connection")
    assert (fact.values["host"], fact.values["scope"], fact.values["tls"]) == ("*", "any", "opportunistic")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"authmysqlrc": "MYSQL_PASSWORD\t\tQuince-41  \n"}, ["authmysqlrc: Quince-41"]),
        ({"authldaprc": "LDAP_BINDPW\ttoto\n"}, []),
        ({"authldaprc": "LDAP_BINDPW\ttoto\n", "authdaemonrc": 'authmodulelist="authldap"\n'}, ["authldaprc: toto"]),
        ({"authpgsqlrc": "PGSQL_PASSWORD\t{{ secret }}\n#PGSQL_PASSWORD x\n"}, []),
    ],
)
def test_passwords_of_databases(files: dict[str, str], expected: list[str]) -> None:
    found = [fact for fact in read(files).facts if fact.kind == "secret"]
    assert [blamed(files, fact, "storage") for fact in found] == expected


def test_the_server() -> None:
    files = {**smtp("BOFHNOVRFY=1\nBOFHNOEXPN=0\n"), "me": "mail.example.org\n", "authdaemonrc": "DEBUG_LOGIN=2\n"}
    fact = only(files, "server")
    assert (fact.values["host"], fact.values["vrfy"], fact.values["passwords_logged"]) == (
        "mail.example.org",
        True,
        True,
    )
    assert blamed(files, fact, "vrfy") == "esmtpd: 0"


def test_passwords_kept_in_clear() -> None:
    files = {**imap(), "authmysqlrc": "MYSQL_CLEAR_PWFIELD\tclear\n"}
    fact = only(files, "server")
    assert fact.values["password_scheme_weak"] is True
    assert blamed(files, fact, "password_scheme") == "authmysqlrc: clear"


def test_the_proxy_protocol_came_later() -> None:
    fact = listeners(imap('TCPDOPTS="-nodnslookup -haproxy=10.1.1.1"\n'), "1.4")[143]
    assert (fact.values["proxied"], fact.values["broken"]) == (True, None)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("etc/courier/imapd", "courier"),
        ("roles/mail/files/courier-imap/etc/pop3d", "courier"),
        ("templates/imapd-ssl.j2", "courier"),
        ("etc/courier/smtpaccess/default", "courier"),
        ("etc/imapd.conf", "cyrus"),
        ("usr/sbin/imapd", None),
        ("etc/default/esmtpd", None),
        ("etc/courier/imapd.cnf", None),
        ("etc/courier/imapd.pem", None),
        ("etc/courier/smtpaccess.dat", None),
        ("etc/pam.d/imap", None),
    ],
)
def test_names(path: str, expected: str | None) -> None:
    assert format_of(path) == expected


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("usr/lib/courier/imapd", "#!/bin/sh\n. /etc/courier/imapd\n"),
        ("etc/init.d/courier-imapd-ssl", "#!/bin/sh\nexec x\n"),
    ],
)
def test_programs_of_the_same_name_are_left_alone(path: str, text: str) -> None:
    found = courier.read(Memory({path: text}), (path,), None)
    assert (found.facts, found.unread, len(found.notes)) == ((), (), 1)


def test_the_delivered_state_beside_a_file_is_not_loaded() -> None:
    tree = Memory({E + "imapd-ssl": IMAPD_SSL, E + "imapd-ssl.dist": IMAPD_SSL})
    found = [courier.read(tree, group, None) for group in courier.groups([E + "imapd-ssl", E + "imapd-ssl.dist"])]
    assert [len([f for f in one.facts if f.kind == "listener"]) for one in found] == [1, 0]
