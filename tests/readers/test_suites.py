"""Cipher lists, Diffie-Hellman groups and options of TLS of every server: the value, and the text to blame."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mailpolicy import compiled, examples
from mailpolicy.examples import Example
from mailpolicy.types import Fact
from tests.readers.reading import blamed, listeners, version_of

POSTFIX = """\
compatibility_level = 3.6
smtpd_tls_chain_files = /etc/ssl/private/mail.pem
smtpd_tls_security_level = may
"""
SMTP = "smtp inet n - n - - smtpd\n"
DOVECOT = "protocols = imap\nssl_cert = </etc/ssl/a.pem\nssl_key = </etc/ssl/a.key\n"
DOVECOT24 = """\
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
protocols = imap
ssl_server_cert_file = /etc/ssl/a.pem
ssl_server_key_file = /etc/ssl/a.key
"""
NGINX = """\
events {{ }}
mail {{
  auth_http 127.0.0.1:9000;
  ssl_certificate /etc/ssl/a.pem;
  ssl_certificate_key /etc/ssl/a.key;
  {}
  server {{ listen 993 ssl; protocol imap; }}
}}
"""
HAPROXY = "global\n  {}\nlisten imaps\n  mode tcp\n  bind :993 ssl crt /etc/ssl/a.pem{}\n  server m 10.0.0.2:143\n"
STUNNEL = "{}[imaps]\naccept = 993\nconnect = 143\ncert = /etc/ssl/a.pem\n{}"
CYRUS = "configdirectory: /var/lib/cyrus\ntls_server_cert: /etc/ssl/a.pem\ntls_server_key: /etc/ssl/a.key\n"
CYRUS_CONF = 'SERVICES {\n  imaps cmd="imapd -s" listen="imaps"\n}\n'
SMTPD = 'pki m cert "/etc/ssl/a.pem"\npki m key "/etc/ssl/a.key"\n{}listen on 0.0.0.0 port 25 tls pki m{}\n'
SMTPD += 'action "out" relay\nmatch from local for any action "out"\n'
EXIM = "tls_advertise_hosts = *\ntls_certificate = /etc/ssl/a.pem\ntls_privatekey = /etc/ssl/a.key\n{}\n"
ACL = "acl_smtp_rcpt = check\nbegin acl\ncheck:\n  deny\n"


def postfix(lines: str, more: str = "") -> dict[str, str]:
    return {"main.cf": POSTFIX + lines, "master.cf": SMTP + more}


def dovecot(lines: str, top: str = DOVECOT) -> dict[str, str]:
    return {"dovecot.conf": top + lines + "\n"}


def cyrus(lines: str) -> dict[str, str]:
    return {"imapd.conf": CYRUS + lines + "\n", "cyrus.conf": CYRUS_CONF}


def exim(lines: str, path: str = "exim.conf") -> dict[str, str]:
    return {path: EXIM.format(lines) + ACL}


def listener(files: Mapping[str, str], assume: str) -> Fact:
    """The last listener, as to its port."""
    program, _, numbers = assume.partition(" ")
    version = version_of(numbers)
    found = examples.outcome(Example(files, {program: version} if version else {}, ()), compiled.load().rules)
    return listeners(found.inventory)[-1]


@pytest.mark.parametrize(
    ("files", "field", "value", "text"),
    [
        (postfix("smtpd_tls_ciphers = export\n"), "broken_ciphers", ("export", "des"), "export"),
        (postfix("smtpd_tls_ciphers = null\n"), "broken_ciphers", ("null",), "null"),
        (postfix("tls_medium_cipherlist = HIGH:!aNULL\n  RC4-SHA\n"), "broken_ciphers", ("rc4",), "RC4-SHA"),
        (postfix("tls_medium_cipherlist = EECDH\n"), "broken_ciphers", ("null",), "EECDH"),
        (postfix("tls_medium_cipherlist = HIGH\n"), "weak_ciphers", ("static-rsa",), "HIGH"),
        (postfix("own = AES128-SHA\ntls_medium_cipherlist = $own\n"), "weak_ciphers", ("static-rsa",), "$own"),
        (postfix("tls_preempt_cipherlist = yes\n"), "cipher_preference", "server", "yes"),
        (postfix("smtpd_tls_dh1024_param_file = /etc/dh.pem\n"), "dh_file", "/etc/dh.pem", "/etc/dh.pem"),
        (postfix("smtpd_tls_dh1024_param_file = auto\n"), "dh_file", None, "auto"),
        (dovecot("ssl_cipher_list = HIGH:!aNULL:RC4"), "broken_ciphers", ("rc4",), "RC4"),
        (dovecot("ssl_cipher_list = EECDH+AES"), "cbc_ciphers", True, "EECDH+AES"),
        (dovecot("ssl_prefer_server_ciphers = no"), "cipher_preference", "client", "no"),
        (dovecot("ssl_dh = </etc/dovecot/dh.pem"), "dh_file", "/etc/dovecot/dh.pem", "/etc/dovecot/dh.pem"),
        (dovecot("ssl_options = no_ticket compression"), "tls_compression", True, "compression"),
        (dovecot("ssl_cipher_list = ALL", DOVECOT24), "broken_ciphers", ("anonymous",), "ALL"),
        (dovecot("ssl_server_prefer_ciphers = server", DOVECOT24), "cipher_preference", "server", "server"),
        (dovecot("ssl_server_dh_file = /etc/dh.pem", DOVECOT24), "dh_file", "/etc/dh.pem", "/etc/dh.pem"),
        ({"nginx.conf": NGINX.format("ssl_ciphers 'HIGH:!aNULL:3DES';")}, "weak_ciphers", ("static-rsa", "3des"),
         "3DES"),
        ({"nginx.conf": NGINX.format("ssl_prefer_server_ciphers on;")}, "cipher_preference", "server", "on"),
        ({"nginx.conf": NGINX.format("ssl_dhparam /etc/dh.pem;")}, "dh_file", "/etc/dh.pem", "/etc/dh.pem"),
        (
            {"nginx.conf": NGINX.format("ssl_conf_command Options -X,UnsafeLegacyRenegotiation;")},
            "tls_renegotiation", True, "-X,UnsafeLegacyRenegotiation",
        ),
        ({"haproxy.cfg": HAPROXY.format("", " ciphers HIGH")}, "weak_ciphers", ("static-rsa",), "HIGH"),
        ({"haproxy.cfg": HAPROXY.format("ssl-default-bind-ciphers DES", "")}, "broken_ciphers", ("des",), "DES"),
        ({"haproxy.cfg": HAPROXY.format("tune.ssl.default-dh-param 1024", "")}, "dh_bits", 1024, "1024"),
        ({"haproxy.cfg": HAPROXY.format("ssl-dh-param-file /etc/dh.pem", "")}, "dh_file", "/etc/dh.pem", "/etc/dh.pem"),
        ({"haproxy.cfg": HAPROXY.format("", " allow-0rtt")}, "early_data", True, "allow-0rtt"),
        (
            {"haproxy.cfg": HAPROXY.format("", " prefer-client-ciphers")},
            "cipher_preference", "client", "prefer-client-ciphers",
        ),
        ({"stunnel.conf": STUNNEL.format("", "ciphers = ALL:!RC4\n")}, "broken_ciphers", ("anonymous",), "ALL"),
        ({"stunnel.conf": STUNNEL.format("compression = zlib\n", "")}, "tls_compression", True, "zlib"),
        (
            {"stunnel.conf": STUNNEL.format("", "options = CIPHER_SERVER_PREFERENCE\n")},
            "cipher_preference", "server", "CIPHER_SERVER_PREFERENCE",
        ),
        (cyrus("tls_ciphers: TLSv1+HIGH:!aNULL"), "cbc_ciphers", True, "TLSv1+HIGH"),
        (cyrus("tls_cipher_list: RC4"), "broken_ciphers", ("rc4",), "RC4"),
        (cyrus("tls_prefer_server_ciphers: yes"), "cipher_preference", "server", "yes"),
        (cyrus("tls_server_dhparam: /etc/dh.pem"), "dh_file", "/etc/dh.pem", "/etc/dh.pem"),
        ({"smtpd.conf": SMTPD.format('smtp ciphers "HIGH:RC4"\n', "")}, "broken_ciphers", ("rc4",), "RC4"),
        ({"smtpd.conf": SMTPD.format("", ' ciphers "HIGH"')}, "weak_ciphers", ("static-rsa",), "HIGH"),
        ({"smtpd.conf": SMTPD.format("pki m dhe legacy\n", "")}, "dh_bits", 1024, "legacy"),
        (exim("tls_require_ciphers = HIGH:DES-CBC3-SHA"), "weak_ciphers", ("static-rsa", "3des"), "DES-CBC3-SHA"),
        (exim("tls_require_ciphers = NORMAL:+RSA:-RSA:+3DES-CBC"), "weak_ciphers", ("3des",), "3DES-CBC"),
        (exim("tls_require_ciphers = NORMAL:+AES-128-CBC"), "cbc_ciphers", True, "AES-128-CBC"),
        (exim("openssl_options = +no_sslv2\ntls_dhparam = ike1"), "dh_bits", 768, "ike1"),
        (exim("openssl_options = +no_sslv2\ntls_dhparam = /etc/dh.pem"), "dh_file", "/etc/dh.pem", "/etc/dh.pem"),
        (exim("openssl_options = +no_sslv2 -no_renegotiation"), "tls_renegotiation", True, "-no_renegotiation"),
        (
            exim("openssl_options = +cipher_server_preference"),
            "cipher_preference", "server", "+cipher_server_preference",
        ),
    ],
)  # fmt: skip
def test_what_files_say(files: dict[str, str], field: str, value: object, text: str) -> None:
    fact = listener(files, "")
    assert fact.values[field] == value
    assert blamed(files, fact, field) == text


@pytest.mark.parametrize(
    ("files", "assume", "field", "value"),
    [
        (postfix("smtpd_tls_mandatory_ciphers = null\n"), "", "broken_ciphers", None),  # TLS is optional here
        (postfix("smtpd_tls_ciphers = high\n"), "", "weak_ciphers", None),
        (postfix("tls_high_cipherlist = RC4\n"), "", "broken_ciphers", None),  # the grade is medium
        (postfix("tls_low_cipherlist = RC4\nsmtpd_tls_ciphers = low\n"), "postfix 3.7", "broken_ciphers", ("rc4",)),
        (postfix("tls_low_cipherlist = RC4\nsmtpd_tls_ciphers = low\n"), "postfix 3.8", "broken_ciphers", ("des",)),
        (postfix("tls_medium_cipherlist = RC4:HIGH\nsmtpd_tls_exclude_ciphers = RC4\n"), "", "broken_ciphers", ()),
        (postfix("tls_medium_cipherlist = ADH:HIGH\nsmtpd_tls_ask_ccert = yes\n"), "", "broken_ciphers", ()),
        (postfix("tls_medium_cipherlist = {{ list }}\n"), "", "broken_ciphers", None),
        (postfix("tls_high_cipherlist = aNULL:-aNULL:HIGH:@STRENGTH\nsmtpd_tls_ciphers = high\n"), "postfix 3.7",
         "weak_ciphers", ()),
        (dovecot("ssl_cipher_list = {{ list }}"), "", "broken_ciphers", None),
        (dovecot("ssl_dh_parameters_length = 1024"), "dovecot 2.2", "dh_bits", 1024),
        (dovecot("ssl_dh_parameters_length = 1024"), "dovecot 2.3", "dh_bits", None),
        (dovecot("ssl_cipher_list = RC4\nssl_min_protocol = TLSv1.3"), "", "broken_ciphers", ()),
        (dovecot(""), "", "cipher_preference", None),
        ({"nginx.conf": NGINX.format("ssl_ciphers HIGH:!aNULL:!MD5;")}, "", "weak_ciphers", ()),
        ({"haproxy.cfg": HAPROXY.format("tune.ssl.default-dh-param 1024\n  ssl-dh-param-file /etc/dh.pem", "")}, "",
         "dh_bits", None),
        ({"stunnel.conf": STUNNEL.format("", "ciphers = HIGH:!aNULL:!SSLv2:!DH:!kDHEPSK\n")}, "", "weak_ciphers", ()),
        (exim("tls_require_ciphers = ${if eq{a}{b}{RC4}{HIGH}}"), "", "broken_ciphers", None),
        (exim("tls_require_ciphers = NORMAL\ntls_dhparam = ike2", "etc/exim4/exim4.conf"), "", "dh_bits", None),
    ],
)  # fmt: skip
def test_what_does_not_count(files: dict[str, str], assume: str, field: str, value: object) -> None:
    """None: nothing is said, or it is not known."""
    assert listener(files, assume).values.get(field) == value
