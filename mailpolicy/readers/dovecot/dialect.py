"""Which of Dovecot's two grammars a configuration is written in, and the defaults of each."""

from __future__ import annotations

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.dovecot import names23, names24
from mailpolicy.readers.dovecot.parser import Statement
from mailpolicy.types import Version

NEWEST = {"2.2": (2, 2), "2.3": (2, 3), "2.4": (2, 4)}

ONLY_23 = {
    "disable_plaintext_auth": "auth_allow_cleartext",
    "ssl_cert": "ssl_server_cert_file",
    "ssl_key": "ssl_server_key_file",
    "ssl_ca": "ssl_server_ca_file",
    "ssl_alt_cert": "ssl_server_alt_cert_file",
    "ssl_alt_key": "ssl_server_alt_key_file",
    "ssl_dh": "ssl_server_dh_file",
    "ssl_key_password": "ssl_server_key_password",
    "ssl_client_cert": "ssl_client_cert_file",
    "ssl_client_key": "ssl_client_key_file",
    "ssl_verify_client_cert": "ssl_server_request_client_cert",
    "ssl_require_crl": "ssl_server_require_crl",
    "ssl_cert_username_field": "ssl_server_cert_username_field",
    "ssl_prefer_server_ciphers": "ssl_server_prefer_ciphers",
    "ssl_protocols": "ssl_min_protocol",
    "mail_location": "mail_driver, mail_path",
    "default_pass_scheme": "passdb_default_password_scheme",
    "auth_default_realm": "auth_default_domain",
    "imapc_ssl_verify": "ssl_client_require_valid_cert",
    "verbose_ssl": "log_debug",
    "mail_privileged_group": "mail_privileged_group",
    "plugin": "",
}
"""Names of 2.3 that 2.4 does not know, and what 2.4 calls them; "" when there are several."""

ONLY_24 = {
    "auth_allow_cleartext": "disable_plaintext_auth",
    "ssl_server_cert_file": "ssl_cert = <file",
    "ssl_server_key_file": "ssl_key = <file",
    "ssl_server_ca_file": "ssl_ca = <file",
    "ssl_server_dh_file": "ssl_dh = <file",
    "ssl_server_request_client_cert": "ssl_verify_client_cert",
    "dovecot_config_version": "",
    "dovecot_storage_version": "",
    "mail_driver": "mail_location",
    "mail_path": "mail_location",
    "passdb_default_password_scheme": "default_pass_scheme",
}
"""Names of 2.4 that 2.3 does not know, and what 2.3 calls them."""
ONLY_23.pop("mail_privileged_group")

_COMMON = {
    "listen": "*, ::",
    "ssl": "yes",
    "ssl_min_protocol": "TLSv1.2",
    "auth_mechanisms": "plain",
    "protocols": "",
    "auth_failure_delay": "2 secs",
    "auth_debug_passwords": "no",
    "auth_verbose_passwords": "no",
    "auth_ssl_require_client_cert": "no",
    "auth_ssl_username_from_cert": "no",
    "submission_relay_port": "25",
    "submission_relay_ssl": "no",
    "submission_relay_ssl_verify": "yes",
    "imapc_port": "143",
    "imapc_ssl": "no",
    "imapc_ssl_verify": "yes",
    "pop3c_port": "110",
    "pop3c_ssl": "no",
    "pop3c_ssl_verify": "yes",
    "ssl_client_require_valid_cert": "yes",
}
DEFAULTS: dict[str, dict[str, str]] = {
    "2.2": {
        **_COMMON,
        "disable_plaintext_auth": "yes",
        "ssl_protocols": "!SSLv3",
        "ssl_min_protocol": "",
        "ssl_verify_client_cert": "no",
    },
    "2.3": {**_COMMON, "disable_plaintext_auth": "yes", "ssl_verify_client_cert": "no"},
    "2.4": {**_COMMON, "auth_allow_cleartext": "no", "ssl_server_request_client_cert": "no"},
}
"""Defaults of the settings that facts are made of (`doveconf -d` of Debian's 2.3.19 and 2.4.1; source of 2.2.36).

``protocols`` is empty as Debian builds it; upstream's default is imap, pop3 and lmtp.
"""

_SERVICES = {
    "imap-login": ("imap", {"imap": ("143", "no"), "imaps": ("993", "yes")}),
    "pop3-login": ("pop3", {"pop3": ("110", "no"), "pop3s": ("995", "yes")}),
    "managesieve-login": ("sieve", {"sieve": ("4190", "no")}),
    "submission-login": ("submission", {"submission": ("587", "no")}),
    "lmtp": ("lmtp", {}),
}


class Service(NamedTuple):
    """A service that Dovecot has by itself: the protocol that switches it on, and its listeners (port, ssl)."""

    protocol: str
    listeners: dict[str, tuple[str, str]]


def services(dialect: str) -> dict[str, Service]:
    """The services of mail protocols with their built-in listeners."""
    found = {name: Service(protocol, dict(listeners)) for name, (protocol, listeners) in _SERVICES.items()}
    if dialect == "2.4":
        found["submission-login"].listeners["submissions"] = ("465", "yes")
    return found


def dialect_of(statements: list[Statement], version: Version | None) -> tuple[str, str]:
    """The grammar ("2.2", "2.3" or "2.4") and who says so.

    The version that someone states counts; then dovecot_config_version; then names that only one has.
    2.4 demands dovecot_config_version, so a configuration without any sign is 2.3.
    """
    if version is not None and version.numbers:
        number = ".".join(map(str, version.numbers[:2]))
        return ("2.4" if version.numbers >= (2, 4) else "2.2" if version.numbers < (2, 3) else "2.3"), (
            f"Dovecot {number}, {version.said_by}"
        )
    keys = {s.key for s in statements}
    if "dovecot_config_version" in keys:
        return "2.4", "Dovecot 2.4, by dovecot_config_version"
    new = {k for k in keys if k in ONLY_24} | {
        s.key for s in statements if s.kind == "open" and s.key in names24.FILTERS
    }
    old = {k for k in keys if k in ONLY_23 or k in names23.OBSOLETE}
    if len(new) > len(old):
        return "2.4", f"Dovecot 2.4, by {min(new)}"
    if "ssl_protocols" in old and "ssl_min_protocol" not in keys:
        return "2.3", "Dovecot 2.3, by ssl_protocols"
    return "2.3", f"Dovecot 2.3, by {min(old)}" if old else "Dovecot 2.3, which needs no dovecot_config_version"
