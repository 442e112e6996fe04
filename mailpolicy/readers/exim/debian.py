"""Debian's way: update-exim4.conf(8) makes the configuration from macros and parts.

What exim4-config 4.96 and 4.98 bring along is kept here as far as it decides on listeners, access and routes;
a file of the same name in the tree stands for it.
"""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.exim.lexer import Lexer, seeds
from mailpolicy.tree import Tree
from mailpolicy.types import Span, Unreadable

ANSWERS = "update-exim4.conf.conf"
PARTS = ("main", "acl", "router", "transport", "retry", "rewrite", "auth")
_SHELL = re.compile(r"^[ \t]*(?:export[ \t]+)?(\w+)=(.*)$", re.MULTILINE)
_MACRO = re.compile(r"^([A-Z][^=\n]*)=([^\n]*)", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9_-]+$")
_KINDS = ("internet", "smarthost", "satellite", "local")

_LISTS = """\
.ifndef CONFDIR
CONFDIR = /etc/exim4
.endif
UPEX4CmacrosUPEX4C = 1
domainlist local_domains = MAIN_LOCAL_DOMAINS
domainlist relay_to_domains = MAIN_RELAY_TO_DOMAINS
hostlist relay_from_hosts = MAIN_RELAY_NETS
.ifdef MAIN_LOCAL_INTERFACES
local_interfaces = MAIN_LOCAL_INTERFACES
.endif
"""
_OPTIONS = """\
.ifndef MAIN_ACL_CHECK_MAIL
MAIN_ACL_CHECK_MAIL = acl_check_mail
.endif
acl_smtp_mail = MAIN_ACL_CHECK_MAIL
.ifndef MAIN_ACL_CHECK_RCPT
MAIN_ACL_CHECK_RCPT = acl_check_rcpt
.endif
acl_smtp_rcpt = MAIN_ACL_CHECK_RCPT
.ifndef MAIN_ACL_CHECK_DATA
MAIN_ACL_CHECK_DATA = acl_check_data
.endif
acl_smtp_data = MAIN_ACL_CHECK_DATA
.ifdef MAIN_HARDCODE_PRIMARY_HOSTNAME
primary_hostname = MAIN_HARDCODE_PRIMARY_HOSTNAME
.endif
"""
_ADVERTISED_4_96 = """\
.ifdef MAIN_TLS_ENABLE
.ifndef MAIN_TLS_ADVERTISE_HOSTS
MAIN_TLS_ADVERTISE_HOSTS = *
.endif
tls_advertise_hosts = MAIN_TLS_ADVERTISE_HOSTS
.endif
"""
_ADVERTISED_4_98 = """\
.ifdef MAIN_TLS_ADVERTISE_HOSTS
tls_advertise_hosts = MAIN_TLS_ADVERTISE_HOSTS
.endif
"""
_TLS = """\
.ifdef MAIN_TLS_ENABLE
.ifdef MAIN_TLS_CERTKEY
tls_certificate = MAIN_TLS_CERTKEY
.else
.ifndef MAIN_TLS_CERTIFICATE
MAIN_TLS_CERTIFICATE = CONFDIR/exim.crt
.endif
tls_certificate = MAIN_TLS_CERTIFICATE
.ifndef MAIN_TLS_PRIVATEKEY
MAIN_TLS_PRIVATEKEY = CONFDIR/exim.key
.endif
tls_privatekey = MAIN_TLS_PRIVATEKEY
.endif
.ifdef MAIN_TLS_VERIFY_HOSTS
tls_verify_hosts = MAIN_TLS_VERIFY_HOSTS
.endif
.ifdef MAIN_TLS_TRY_VERIFY_HOSTS
tls_try_verify_hosts = MAIN_TLS_TRY_VERIFY_HOSTS
.endif
.endif
"""
_LOG = """\
.ifdef MAIN_LOG_SELECTOR
log_selector = MAIN_LOG_SELECTOR
.endif
"""
_RCPT = """\
acl_check_rcpt:
  accept
    hosts = :
  accept
    .ifndef CHECK_RCPT_POSTMASTER
    local_parts = postmaster
    .else
    local_parts = CHECK_RCPT_POSTMASTER
    .endif
    domains = +local_domains : +relay_to_domains
  accept
    hosts = +relay_from_hosts
  accept
    authenticated = *
  require
    domains = +local_domains : +relay_to_domains
  require
    verify = recipient
  .ifdef CHECK_RCPT_LOCAL_ACL_FILE
  .include CHECK_RCPT_LOCAL_ACL_FILE
  .endif
  accept
    domains = +relay_to_domains
    endpass
    verify = recipient
  accept
"""
_DATA = """\
acl_check_data:
  .ifdef CHECK_DATA_LOCAL_ACL_FILE
  .include CHECK_DATA_LOCAL_ACL_FILE
  .endif
  accept
"""
_CLIENT_LOGINS = """\
cram_md5:
  driver = cram_md5
  public_name = CRAM-MD5
  client_name = ${extract{1}{:}{${lookup{$host}nwildlsearch{CONFDIR/passwd.client}{$value}fail}}}
  client_secret = ${extract{2}{:}{${lookup{$host}nwildlsearch{CONFDIR/passwd.client}{$value}fail}}}
plain:
  driver = plaintext
  public_name = PLAIN
.ifndef AUTH_CLIENT_ALLOW_NOTLS_PASSWORDS
  client_send = <; ${if !eq{$tls_out_cipher}{}{CONFDIR/passwd.client}fail}
.else
  client_send = <; ${lookup{$host}nwildlsearch{CONFDIR/passwd.client}}
.endif
login:
  driver = plaintext
  public_name = LOGIN
.ifndef AUTH_CLIENT_ALLOW_NOTLS_PASSWORDS
  client_send = <; ${if !eq{$tls_out_cipher}{}{CONFDIR/passwd.client}fail}
.else
  client_send = <; ${lookup{$host}nwildlsearch{CONFDIR/passwd.client}}
.endif
"""
_PRIMARY = """\
.ifdef DCconfig_internet
dnslookup:
  driver = dnslookup
  domains = ! +local_domains
  transport = remote_smtp
.endif
.ifdef DCconfig_smarthost DCconfig_satellite
smarthost:
  driver = manualroute
  domains = ! +local_domains
  transport = remote_smtp_smarthost
  route_list = * DCsmarthost byname
.endif
"""
_MX = """\
remote_smtp:
  driver = smtp
.ifdef REMOTE_SMTP_HOSTS_AVOID_TLS
  hosts_avoid_tls = REMOTE_SMTP_HOSTS_AVOID_TLS
.endif
.ifdef REMOTE_SMTP_HOSTS_REQUIRE_TLS
  hosts_require_tls = REMOTE_SMTP_HOSTS_REQUIRE_TLS
.endif
"""
_SMARTHOST = """\
.ifndef REMOTE_SMTP_SMARTHOST_TLS_VERIFY_HOSTS
REMOTE_SMTP_SMARTHOST_TLS_VERIFY_HOSTS = *
.endif
remote_smtp_smarthost:
  driver = smtp
  hosts_try_auth = <; ${if exists{CONFDIR/passwd.client} \\
        {${lookup{$host}nwildlsearch{CONFDIR/passwd.client}{$host_address}}}{}}
.ifdef REMOTE_SMTP_SMARTHOST_HOSTS_AVOID_TLS
  hosts_avoid_tls = REMOTE_SMTP_SMARTHOST_HOSTS_AVOID_TLS
.endif
.ifdef REMOTE_SMTP_SMARTHOST_HOSTS_REQUIRE_TLS
  hosts_require_tls = REMOTE_SMTP_SMARTHOST_HOSTS_REQUIRE_TLS
.endif
.ifdef REMOTE_SMTP_SMARTHOST_TLS_VERIFY_CERTIFICATES
  tls_verify_certificates = REMOTE_SMTP_SMARTHOST_TLS_VERIFY_CERTIFICATES
.endif
.ifdef REMOTE_SMTP_SMARTHOST_TLS_VERIFY_HOSTS
  tls_verify_hosts = REMOTE_SMTP_SMARTHOST_TLS_VERIFY_HOSTS
.endif
.ifdef REMOTE_SMTP_SMARTHOST_PROTOCOL
  protocol = REMOTE_SMTP_SMARTHOST_PROTOCOL
.endif
"""

PACKAGED: dict[str, dict[str, str]] = {
    "main": {
        "01_exim4-config_listmacrosdefs": _LISTS,
        "02_exim4-config_options": _OPTIONS,
        "03_exim4-config_tlsoptions": _TLS,
        "90_exim4-config_log_selector": _LOG,
    },
    "acl": {
        "00_exim4-config_header": "begin acl",
        "20_exim4-config_local_deny_exceptions": "acl_local_deny_exceptions:\n  accept hosts = :",
        "30_exim4-config_check_mail": "acl_check_mail:\n  accept",
        "30_exim4-config_check_rcpt": _RCPT,
        "40_exim4-config_check_data": _DATA,
    },
    "router": {
        "00_exim4-config_header": "begin routers",
        "200_exim4-config_primary": _PRIMARY,
    },
    "transport": {
        "00_exim4-config_header": "begin transports",
        "30_exim4-config_remote_smtp": _MX,
        "30_exim4-config_remote_smtp_smarthost": _SMARTHOST,
    },
    "retry": {"00_exim4-config_header": "begin retry"},
    "rewrite": {"00_exim4-config_header": "begin rewrite"},
    "auth": {"00_exim4-config_header": "begin authenticators", "30_exim4-config_examples": _CLIENT_LOGINS},
}


class Answers(NamedTuple):
    """``update-exim4.conf.conf``: shell variables, lines that become macros, and where their values stand."""

    values: dict[str, tuple[str, Span]]
    macros: list[tuple[str, str, Span]]

    def text(self, name: str) -> str:
        """A value as update-exim4.conf(8) takes it, or nothing."""
        return _cleaned(self.values[name][0]) if name in self.values else ""

    def where(self, name: str) -> Span | None:
        """Where a value stands."""
        return self.values[name][1] if name in self.values else None


def _cleaned(text: str) -> str:
    """In lower case, with _ for signs that the script does not let through."""
    return re.sub(r"[^-0-9a-z/.!*@_~:;< \[\]]", "_", " ".join(text.lower().split()))


def answers(tree: Tree, path: str) -> Answers:
    """Reads a file of shell assignments. Raises Unreadable."""
    source = tree.source(path)
    found: dict[str, tuple[str, Span]] = {}
    for match in _SHELL.finditer(source.text):
        start, value = match.start(2), match[2].rstrip()
        quote = value[:1]
        if quote in ("'", '"'):
            start += 1
            end = source.text.find(quote, start)
            value = source.text[start : end if end >= 0 else match.end()]
        else:
            value = "" if quote.isspace() else value.split(None, 1)[0] if value else ""
        span = source.span(start, start + len(value)) if value else source.span(match.start(1), match.end(1))
        found[match[1]] = (value, span)
    made = []
    for match in _MACRO.finditer(source.text):
        if match[1] != "CFILEMODE":
            made.append((match[1].rstrip(), _cleaned(match[2]), source.span(match.start(2), match.end(2))))
    return Answers(found, made)


def macros(given: Answers) -> list[tuple[str, str, Span | None]]:
    """The macros that update-exim4.conf(8) makes of the answers."""
    kind = given.text("dc_eximconfig_configtype")
    if kind not in _KINDS:
        return []
    at = given.where
    found: list[tuple[str, str, Span | None]] = []
    interfaces = _semicolons(given.text("dc_local_interfaces"))
    if interfaces:
        found.append(("MAIN_LOCAL_INTERFACES", interfaces, at("dc_local_interfaces")))
    domains = f"@:localhost:{given.text('dc_other_hostnames')}".rstrip(";: ").replace(";", ":")
    found.append(("MAIN_LOCAL_DOMAINS", domains, at("dc_other_hostnames")))
    found.append(("MAIN_RELAY_TO_DOMAINS", _semicolons(given.text("dc_relay_domains")), at("dc_relay_domains")))
    nets = _semicolons(given.text("dc_relay_nets"))
    more = " ; 127.0.0.1 ; ::1" if nets.startswith("<;") else " : 127.0.0.1 : ::::1"
    found.append(("MAIN_RELAY_NETS", (nets + more).strip(), at("dc_relay_nets")))
    found.append(("ETC_MAILNAME", "localhost", None))
    found.append(("DCreadhost", given.text("dc_readhost"), at("dc_readhost")))
    found.append(("DCsmarthost", given.text("dc_smarthost").replace(";", ":"), at("dc_smarthost")))
    found.append(("LOCAL_DELIVERY", given.text("dc_localdelivery") or "mail_spool", at("dc_localdelivery")))
    if given.text("dc_minimaldns") == "true":
        found.append(("DC_minimaldns", "1", at("dc_minimaldns")))
    found.append(("DC_eximconfig_configtype", kind, at("dc_eximconfig_configtype")))
    found.append((f"DCconfig_{kind}", "1", at("dc_eximconfig_configtype")))
    return [*found, *given.macros]


def _semicolons(text: str) -> str:
    return f"<; {text}" if ";" in text and not text.startswith("<") else text


def assemble(lexer: Lexer, folder: str, given: Answers | None, split: bool) -> bool:
    """Reads what update-exim4.conf(8) would put together; whether the package's own main part is among it."""
    lexer.seed = seeds(macros(given)) if given is not None else None
    tree = lexer.tree
    if not split:
        local = _path(folder, "exim4.conf.localmacros")
        if tree.exists(local):
            lexer.file(local)
        template = _path(folder, "exim4.conf.template")
        if tree.exists(template):
            lexer.file(template)
            return False
    assumed = False
    for part in PARTS:
        base = _path(folder, f"conf.d/{part}")
        here = [name for name in (tree.names(base) if split else ()) if _NAME.match(name)]
        for name in sorted({*here, *PACKAGED[part]}):
            if name in here:
                instead = _path(base, f"{name}.rul")
                _try(lexer, instead if tree.exists(instead) else _path(base, name))
            else:
                assumed = assumed or name.startswith("01_")
                lexer.text(PACKAGED[part][name])
                if PACKAGED[part][name] is _TLS:
                    lexer.text(_ADVERTISED_4_96 if lexer.old else _ADVERTISED_4_98)
    return assumed


def _try(lexer: Lexer, path: str) -> None:
    try:
        lexer.file(path)
    except Unreadable as problem:
        lexer.refuse(Span(path, 1, 1, 2), str(problem))
        lexer.files.append(path)


def _path(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder not in ("", ".") else name
