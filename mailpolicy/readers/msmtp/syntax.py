"""What msmtp makes of the lines of its files.

After msmtp(1) and the parser of msmtp 1.8.23 to 1.8.33 (``read_conffile``).
"""

from __future__ import annotations

from mailpolicy.account_lines import (
    AUTO,
    AUTO_OFF,
    FINGERPRINTS,
    NO_ARGUMENT,
    NUMBER,
    ON_OFF,
    OTHER,
    PORT,
    TEXT,
    Dialect,
)  # fmt: skip

COMMANDS: dict[str, str] = {
    **dict.fromkeys(("tls", "tls_starttls", "tls_certcheck", "remove_bcc_headers", "undisclosed_recipients"), ON_OFF),
    **dict.fromkeys(("add_missing_from_header", "add_missing_date_header", "auto_from", "keepbcc"), ON_OFF),
    **dict.fromkeys(("set_date_header", "set_msgid_header"), AUTO_OFF),
    **dict.fromkeys(("tls_nocertcheck", "tls_nostarttls", "defaults"), NO_ARGUMENT),
    **dict.fromkeys(("domain", "from", "from_full_name", "user", "password", "passwordeval", "ntlmdomain"), TEXT),
    **dict.fromkeys(("tls_key_file", "tls_cert_file", "tls_trust_file", "tls_crl_file", "tls_priorities"), TEXT),
    **dict.fromkeys(("tls_host_override", "logfile", "logfile_time_format", "aliases", "proxy_host"), TEXT),
    **dict.fromkeys(("source_ip", "socket", "maildomain", "tls_force_sslv3"), TEXT),
    **dict.fromkeys(("account", "eval", "host", "protocol", "timeout", "connect_timeout", "auth"), OTHER),
    **dict.fromkeys(("allow_from_override", "tls_fingerprint", "dsn_return", "dsn_notify", "syslog"), OTHER),
    "set_from_header": AUTO,
    "set_to_header": OTHER,
    "port": PORT,
    "proxy_port": PORT,
    "tls_min_dh_prime_bits": NUMBER,
}

SINCE: dict[str, tuple[int, ...]] = {
    "passwordeval": (1, 4, 22), "aliases": (1, 4, 25), "proxy_host": (1, 6, 0), "proxy_port": (1, 6, 0),
    "remove_bcc_headers": (1, 6, 0), "source_ip": (1, 6, 8), "logfile_time_format": (1, 8, 0), "socket": (1, 8, 8),
    "tls_host_override": (1, 8, 8), "set_from_header": (1, 8, 8), "set_date_header": (1, 8, 8),
    "undisclosed_recipients": (1, 8, 11), "allow_from_override": (1, 8, 20), "eval": (1, 8, 21),
    "set_msgid_header": (1, 8, 21), "from_full_name": (1, 8, 24), "set_to_header": (1, 8, 29),
}  # fmt: skip
"""The version that brought a command."""

METHODS: dict[str, tuple[int, ...]] = {
    "plain": (), "cram-md5": (), "digest-md5": (), "gssapi": (), "external": (), "login": (), "ntlm": (),
    "scram-sha-1": (1, 4, 20), "oauthbearer": (1, 8, 4), "xoauth2": (1, 8, 13), "scram-sha-256": (1, 8, 15),
    "scram-sha-1-plus": (1, 8, 26), "scram-sha-256-plus": (1, 8, 26),
}  # fmt: skip
"""Login methods and the version that brought them."""


_NEEDED = frozenset({"host", "port", "timeout", "connect_timeout", "protocol", "dsn_return", "dsn_notify", "eval"})
_WORDS: dict[str, tuple[str, ...]] = {
    "protocol": ("smtp", "lmtp"),
    "allow_from_override": ("on", "off"),
    "dsn_return": ("off", "headers", "full"),
    "set_to_header": ("", "on", "off", "undisclosed_recipients"),
    "syslog": ("", "on", "off", "LOG_USER", "LOG_MAIL", *(f"LOG_LOCAL{i}" for i in range(8))),
}
_TAINTED = (
    "host", "port", "protocol", "tls", "tls_starttls", "tls_certcheck", "tls_fingerprint", "tls_trust_file", "socket",
    "tls_priorities", "tls_host_override", "tls_key_file", "tls_cert_file", "tls_crl_file",
    "auth", "user", "password", "passwordeval",
)  # fmt: skip


def _accepts(command: str, argument: str, version: tuple[int, ...]) -> bool | None:
    if command == "dsn_notify":
        return argument in ("off", "never") or set(argument.split(",")) <= {"failure", "delay", "success"}
    if command == "tls_fingerprint" and FINGERPRINTS.get(len(argument)) == "sha256" and version < (1, 6, 5):
        return False
    return None


DIALECT = Dialect(
    software="msmtp",
    newest=(1, 8, 33),
    commands=COMMANDS,
    since=SINCE,
    methods=METHODS,
    method_words=("", "on", "off"),
    needed=_NEEDED,
    words=_WORDS,
    accepts=_accepts,
    tainted=_TAINTED,
    implicit=True,
)
