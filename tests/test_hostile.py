"""Whatever lies under a reader's file name: never a traceback, never silence, never exit 0 for what cannot be read."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailpolicy.cli import main
from mailpolicy.readers import PATTERNS

SAMPLES: dict[str, dict[str, str]] = {
    "postfix": {
        "main.cf": "compatibility_level = 3.6\nmydestination =\nsmtpd_tls_chain_files = /etc/ssl/private/a.pem\n"
        "smtpd_tls_security_level = may\nsmtpd_relay_restrictions = permit_mynetworks,\n  defer_unauth_destination\n",
        "master.cf": "smtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd\n"
        "  -o smtpd_tls_security_level=encrypt\n",
    },
    "dovecot": {
        "dovecot.conf": "protocols = imap\nssl = required\nssl_cert = </etc/ssl/private/a.crt\n"
        "ssl_key = </etc/ssl/private/a.key\n"
        "service imap-login {\n  inet_listener imap {\n    port = 0\n  }\n}\n"
    },
    "msmtp": {
        ".msmtprc": "defaults\ntls on\nauth on\naccount a\nhost smtp.example.org\nport 587\n"
        "user b\npasswordeval pass c\n"
        "account default : a\n"
    },
    "haproxy": {
        "haproxy.cfg": "global\n  ssl-default-bind-options ssl-min-ver TLSv1.1\ndefaults\n  mode tcp\n"
        "frontend imaps\n  bind :993,[::]:995 ssl crt /etc/ssl/a.pem\n  default_backend b\n"
        "backend b\n  server m 10.0.0.1:143 send-proxy\n"
    },
    "stunnel": {
        "stunnel.conf": "cert = /etc/stunnel/a.pem\noptions = NO_SSLv3\n[imaps]\naccept = 993\nconnect = 143\n"
        "[out]\nclient = yes\naccept = 127.0.0.1:25\nconnect = smtp.example.org:587\nprotocol = smtp\n"
    },
    "autoconfig": {
        "config-v1.1.xml": '<?xml version="1.0"?>\n<clientConfig version="1.1">\n <emailProvider id="example.org">\n'
        '  <incomingServer type="imap">\n   <hostname>imap.example.org</hostname>\n   <port>993</port>\n'
        "   <socketType>SSL</socketType>\n   <authentication>password-cleartext</authentication>\n"
        "  </incomingServer>\n </emailProvider>\n</clientConfig>\n"
    },
    "nginx": {
        "nginx.conf": "events {}\nmail {\n  server_name mail.example.org;\n  auth_http 127.0.0.1:9000/auth;\n"
        "  ssl_certificate /etc/ssl/mail.pem;\n  ssl_certificate_key /etc/ssl/mail.key;\n"
        "  server { listen 993 ssl; protocol imap; }\n  server { listen 587; starttls only; }\n}\n"
    },
    "opensmtpd": {
        "smtpd.conf": 'pki a cert "/etc/ssl/a.pem"\npki a key "/etc/ssl/a.key"\nlisten on 0.0.0.0\n'
        'listen on 192.0.2.1 port 587 tls-require pki a auth\naction "out" relay\nmatch auth from any for any '
        'action "out"\n'
    },
    "cyrus": {
        "cyrus.conf": 'START {\n  recover cmd="ctl_cyrusdb -r"\n}\nSERVICES {\n  imaps cmd="imapd -s" listen="imaps"\n'
        '  pop3s cmd="pop3d -s -U 30" listen="pop3s" prefork=0\n}\n',
        "imapd.conf": "configdirectory: /var/lib/cyrus\npartition-default: /var/spool/cyrus\nserverinfo: min\n"
        "tls_versions: tls1_2 tls1_3\ntls_server_cert: /etc/ssl/private/a.crt\ntls_server_key: /etc/ssl/private/a.key\n"
        "sasl_mech_list: PLAIN\nallowapop: no\n",
    },
    "exim": {
        "exim4.conf": "primary_hostname = mail.example.org\nWANT_TLS = yes\n.ifdef WANT_TLS\n"
        "tls_certificate = /etc/ssl/private/a.pem\n.endif\nhostlist relay_from_hosts = <; 127.0.0.1 ; ::1\n"
        "acl_smtp_rcpt = acl_check_rcpt\nbegin acl\nacl_check_rcpt:\n  accept hosts = +relay_from_hosts\n"
        "  require domains = example.org\n  accept\nbegin authenticators\nplain:\n  driver = plaintext\n"
        "  server_condition = ${if eq{$auth2}{a}}\n  server_advertise_condition = ${if def:tls_in_cipher}\n"
    },
    "maddy": {
        "maddy.conf": "$(host) = mx.example.org\ntls file /etc/a.crt /etc/a.key {\n  protocols tls1.2 tls1.3\n}\n"
        "hostname $(host)\n(mail) {\n  auth pam\n}\ntarget.remote out {\n}\n"
        "smtp tcp://0.0.0.0:25 {\n  destination example.org {\n    deliver_to dummy\n  }\n  default_destination {\n"
        '    reject 550 5.1.1 "no"\n  }\n}\n'
        "submission tls://0.0.0.0:465 {\n  import mail\n  deliver_to &out\n}\n"
    },
    "mox": {
        "mox.conf": "DataDir: ../data\nLogLevel: info\nHostname: mx.example.org\nListeners:\n\tpublic:\n\t\tIPs:\n"
        "\t\t\t- 192.0.2.1\n\t\tTLS:\n\t\t\tKeyCerts:\n\t\t\t\t-\n\t\t\t\t\tCertFile: a.crt\n\t\t\t\t\tKeyFile: a.key\n"
        "\t\tSMTP:\n\t\t\tEnabled: true\n\t\tSubmissions:\n\t\t\tEnabled: true\nPostmaster:\n\tAccount: a\n"
        "\tMailbox: Inbox\n"
    },
    "mailcow": {
        "mailcow.conf": "MAILCOW_HOSTNAME=mail.example.org\nDBPASS='c0w Xq'\nSMTP_PORT=25\nIMAP_PORT=127.0.0.1:143\n"
        'POP_PORT="192.0.2.1:110" # old\nexport SIEVE_PORT=4190\nIPV4_NETWORK=${NET:-172.22.1}\n'
    },
    "mailu": {
        "mailu.env": "SECRET_KEY=k3y-Xq\nTLS_FLAVOR=cert\nPOSTMASTER=admin\nPORTS=25,143,465,993,995\n"
        "RELAYNETS=10.1.1.0/24,192.168.1.0/24\nRELAYHOST=[smtp.example.org]:587\nRELAYUSER=me\nPROXY_PROTOCOL=mail\n"
    },
    "docker_mailserver": {
        "mailserver.env": "OVERRIDE_HOSTNAME=mail.example.org\nSSL_TYPE=manual\nSSL_CERT_PATH=/a.pem\n"
        "SSL_KEY_PATH=/a.key\nPERMIT_DOCKER=network\nENABLE_POP3=1\nRELAY_HOST=smtp.example.org\nRELAY_PORT=587\nRELAY_USER=me\n"
    },
    "traefik": {
        "traefik.yml": 'entryPoints:\n  imaps:\n    address: ":993"\n    proxyProtocol:\n      insecure: true\ntcp:\n'
        "  routers:\n    imaps:\n      rule: HostSNI(`*`)\n      service: imap\n      tls: {options: old}\n"
        "  services:\n    imap:\n      loadBalancer:\n        servers:\n          - address: mail:143\n"
        "tls:\n  options:\n    old: {minVersion: VersionTLS12}\n",
        "traefik.toml": '[entryPoints.smtp]\naddress = ":25" # mail\n[tcp.routers.smtp]\nrule = "HostSNI(`*`)"\n'
        'service = "a"\n[[tcp.services.a.loadBalancer.servers]]\naddress = "10.0.0.1:25"\n',
    },
    "caddy": {
        "Caddyfile": "{\n\tlayer4 {\n\t\t:993 {\n\t\t\t@a tls sni mail.example.org\n\t\t\troute @a {\n\t\t\t\ttls\n"
        '\t\t\t\tproxy mail:143\n\t\t\t}\n\t\t}\n\t}\n}\nmail.example.org {\n\trespond "OK" 200\n}\n'
    },
    "haraka": {
        "config/smtp.ini": "listen=[::0]:25,192.0.2.1:587\nsmtps_port=465\n[headers]\nadd_received=true\n",
        "config/plugins": "tls\nauth/flat_file\nrelay\nrcpt_to.in_host_list\nqueue/smtp_forward\n",
        "config/auth_flat_file.ini": "[core]\nmethods=CRAM-MD5\n",
    },
    "stalwart": {
        "stalwart.toml": '[server.listener."smtp"]\nbind = ["[::]:25"]\nprotocol = "smtp"\n'
        '[server.listener.imaptls]\nbind = "[::]:993"\nprotocol = "imap"\ntls.implicit = true\n'
        '[session.rcpt]\nrelay = [ { if = "!is_empty(authenticated_as)", then = true }, { else = false } ]\n'
        "[session.connect]\ngreeting = \"'hello'\"\n",
        "stalwart.ndjson": '{"@type":"create","object":"NetworkListener","value":{"a":{"name":"b","protocol":"imap",'
        '"bind":["[::]:993"],"tlsImplicit":true}}}\n',
    },
    "james": {
        "imapserver.xml": '<imapservers>\n <imapserver enabled="true">\n  <bind>0.0.0.0:993</bind>\n'
        '  <tls socketTLS="true" startTLS="false">\n   <keystore>file://conf/keystore</keystore>\n  </tls>\n'
        " </imapserver>\n</imapservers>\n",
        "mailetcontainer.xml": '<mailetcontainer>\n <processors>\n  <processor state="relay">\n'
        '   <mailet match="All" class="RemoteDelivery">\n    <startTLS>true</startTLS>\n   </mailet>\n'
        "  </processor>\n </processors>\n</mailetcontainer>\n",
    },
    "courier": {
        "imapd-ssl": "SSLPORT=993\nSSLADDRESS=0\nCOURIERTLS=/usr/bin/couriertls\nIMAPDSTARTTLS=YES\n"
        'TLS_PRIORITY="NORMAL:-VERS-TLS1.0"\nTLS_CERTFILE=${sysconfdir}/imapd.pem\nIMAPDSSLSTART=YES\n',
        "esmtpd-msa": "ADDRESS=0\nPORT=587,10.1.1.1.2587\nESMTPAUTH='PLAIN LOGIN'\nACCESSFILE=/etc/courier/smtpaccess\n"
        "if test -f /x; then\n  MAXDAEMONS=3\nfi\nESMTPDSTART=yes\n",
    },
    "sendmail": {
        "sendmail.mc": "divert(0)dnl\ninclude(`/usr/share/sendmail/cf/m4/cf.m4')dnl\nOSTYPE(`linux')dnl\n"
        "define(`confSERVER_CERT', `/etc/ssl/private/a.pem')dnl\nFEATURE(`access_db')dnl\n"
        "TRUST_AUTH_MECH(`PLAIN')dnl\nDAEMON_OPTIONS(`Port=587, Name=MSA, M=Ea')dnl\n"
        "ifdef(`X', `FEATURE(`promiscuous_relay')')\nMAILER(`smtp')dnl\n",
        "submit.cf": "V10/Berkeley\nDZ8.17.1\nO UseMSP=True\nD{MTAHost}[127.0.0.1]\nO DaemonPortOptions=Name=NoMTA\n"
        "SBasic_check_rcpt\nR$*\t$#error $: no\n",
    },
    "declaration": {
        "mailpolicy.yaml": "servers:\n  - host: mail.example.org\n    listeners:\n"
        "      - {protocol: imap, port: 993, tls: implicit, auth: tls-only}\n"
    },
}


PUNCTUATION = "{ } [ ] ( ) < > = : , $ ${ ${a ${{a} == $$ \" ' \\ # -o !include .. \t \r </ <a> &a; - 'a' %s"


def test_every_reader_has_a_sample() -> None:
    assert set(SAMPLES) == set(PATTERNS)


NOBODY = 65534
Make = Callable[[Path, bytes], None]
FILES = [(reader, name) for reader, files in SAMPLES.items() for name in files]
GENERIC = ("caddy", "traefik")
"""Readers of files that have the same name without any mail in them."""


def spoil(folder: Path, reader: str, name: str, make: Make) -> None:
    """The reader's sample with one file replaced."""
    for other, text in SAMPLES[reader].items():
        (folder / other).parent.mkdir(exist_ok=True)
        if other != name:
            (folder / other).write_text(text)
    make(folder / name, SAMPLES[reader][name].encode())


def checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["check", str(folder)])
    captured = capsys.readouterr()
    said = captured.out + captured.err
    assert "Traceback" not in said
    assert "mailpolicy failed" not in said
    assert said.strip(), "silence"
    return code, said


def whole(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def nothing(path: Path, data: bytes) -> None:
    path.touch()


def binary(path: Path, data: bytes) -> None:
    path.write_bytes(bytes(range(256)) * 20)


def folder(path: Path, data: bytes) -> None:
    path.mkdir()


def fifo(path: Path, data: bytes) -> None:
    os.mkfifo(path)


def link_to_itself(path: Path, data: bytes) -> None:
    path.symlink_to(path.name)


def link_to_nothing(path: Path, data: bytes) -> None:
    path.symlink_to("gone")


def one_long_line(path: Path, data: bytes) -> None:
    with open(path, "wb") as file:
        for _ in range(100):
            file.write(b"x" * 1_000_000)


def forbidden(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0)


UNREADABLE = (binary, folder, fifo, link_to_itself, link_to_nothing, one_long_line)


@pytest.mark.parametrize("how", UNREADABLE, ids=lambda how: how.__name__)
@pytest.mark.parametrize(("reader", "name"), FILES)
def test_what_cannot_be_read(
    reader: str, name: str, how: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(tmp_path, reader, name, how)
    code, said = checked(tmp_path, capsys)
    assert code == 2
    assert name in said


def test_names_by_chance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder of a site of nginx, and a dead link among fonts: no error of the run."""
    (tmp_path / "nginx/sites/a.example").mkdir(parents=True)
    (tmp_path / "fonts/conf.d").mkdir(parents=True)
    link_to_nothing(tmp_path / "fonts/conf.d/30-aliases.conf", b"")
    (tmp_path / "stunnel.conf").write_text(SAMPLES["stunnel"]["stunnel.conf"])
    code, said = checked(tmp_path, capsys)
    assert code in (0, 1)
    assert "aliases" not in said


@pytest.mark.parametrize("name", ["stunnel.conf.orig", "bak_stunnel.conf"])
def test_a_copy_beside_its_file(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "stunnel.conf").write_text(SAMPLES["stunnel"]["stunnel.conf"])
    (tmp_path / name).write_text("[broken\n")
    code, said = checked(tmp_path, capsys)
    assert code in (0, 1)
    assert f"{name}: is a copy" in said
    (tmp_path / "stunnel.conf").unlink()
    assert "is a copy" not in checked(tmp_path, capsys)[1]


@pytest.fixture
def unprivileged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Path]:
    """A folder to work in as somebody who may not read everything."""
    for reader, files in SAMPLES.items():  # loads all modules while they can be read
        (tmp_path / reader).mkdir()
        for name, text in files.items():
            (tmp_path / reader / name).parent.mkdir(exist_ok=True)
            (tmp_path / reader / name).write_text(text)
    checked(tmp_path, capsys)
    folder = Path(tempfile.mkdtemp())
    if os.geteuid() != 0:
        yield folder
    else:
        os.chown(folder, NOBODY, -1)
        os.seteuid(NOBODY)
        yield folder
        os.seteuid(0)
    shutil.rmtree(folder)


@pytest.mark.parametrize(("reader", "name"), FILES)
def test_no_permission(reader: str, name: str, unprivileged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(unprivileged, reader, name, forbidden)
    code, said = checked(unprivileged, capsys)
    assert code == 2
    assert name in said
    assert "permission denied" in said


@pytest.mark.parametrize(("reader", "name"), [file for file in FILES if file[0] not in GENERIC])
def test_empty(reader: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(tmp_path, reader, name, nothing)
    code, said = checked(tmp_path, capsys)
    assert code != 0
    assert name in said


@pytest.mark.parametrize("name", ["Caddyfile", "traefik.yml", "traefik/dynamic/http.toml"])
def test_empty_under_a_generic_name_is_nothing_of_mail(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
    code, said = checked(tmp_path, capsys)
    assert (code, name in said) == (0, False)


@pytest.mark.parametrize(("reader", "name"), FILES)
def test_not_utf8_and_crlf_are_read(reader: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are text still, and mean what they meant."""
    spoil(tmp_path, reader, name, whole)
    plain, _ = checked(tmp_path, capsys)
    if not name.endswith((".xml", ".yaml", "json")):
        (tmp_path / name).write_bytes(b"# caf\xe9\n" + SAMPLES[reader][name].encode())
        assert checked(tmp_path, capsys)[0] == plain
    (tmp_path / name).write_bytes(SAMPLES[reader][name].encode().replace(b"\n", b"\r\n"))
    assert checked(tmp_path, capsys)[0] == plain


@pytest.mark.parametrize(("reader", "name"), FILES)
def test_cut_at_every_byte(reader: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = SAMPLES[reader][name].encode()
    spoil(tmp_path, reader, name, whole)
    for end in range(0, len(data), 7):
        (tmp_path / name).write_bytes(data[:end])
        checked(tmp_path, capsys)


@pytest.mark.parametrize(("reader", "name"), FILES)
def test_noise(reader: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines of the format's own punctuation, shuffled: no reader may fall over its own syntax."""
    import random

    pick = random.Random(reader + name)
    words = [*SAMPLES[reader][name].split(), *PUNCTUATION.split(" ")]
    spoil(tmp_path, reader, name, nothing)
    for _ in range(60):
        text = "".join(pick.choice(words) + pick.choice((" ", "\n", "")) for _ in range(40))
        (tmp_path / name).write_text(text)
        checked(tmp_path, capsys)


def test_include_loop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dovecot.conf").write_text("protocols = imap\n!include other.conf\n")
    (tmp_path / "other.conf").write_text("!include dovecot.conf\n")
    code, said = checked(tmp_path, capsys)
    assert code != 0
    assert "include" in said
