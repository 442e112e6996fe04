"""What Haraka's plugins mean for logins and relaying, after their sources (Haraka 2.8.28 to 3.3.4)."""

from __future__ import annotations

import re

TLS_LOGINS = {
    "auth/auth_proxy": ("PLAIN", "LOGIN"),
    "auth/auth_bridge": ("PLAIN", "LOGIN"),
    "auth/auth_vpopmaild": ("PLAIN", "LOGIN"),
    "auth/auth_ldap": ("PLAIN", "LOGIN"),
    "auth-ldap": ("PLAIN", "LOGIN"),
}
"""Plugins that offer logins under TLS only, and their mechanisms. vpopmaild adds CRAM-MD5 with a sysadmin."""
FLAT_FILE = "auth/flat_file"
"""The plugin that offers logins under TLS, and without TLS to private addresses."""
RELAY = frozenset({"relay", "relay_acl", "relay_all", "relay_force_routing"})
_HARMLESS = frozenset({
    "access", "aliases", "asn", "attachment", "auth/auth_base", "avg", "backscatterer", "block_me", "bounce",
    "clamd", "connect.asn", "connect.fcrdns", "connect.geoip", "connect.p0f", "data.headers", "data.signatures",
    "data.uribl", "dcc", "delay_deny", "dkim", "dkim_sign", "dkim_verify", "dns-list", "dnsbl", "dnswl",
    "early_talker", "elasticsearch", "esets", "fcrdns", "geoip", "graph", "greylist", "headers", "helo.checks",
    "known-senders", "karma", "limit", "log.elasticsearch", "log.syslog", "mail_from.is_resolvable",
    "max_unrecognized_commands", "messagesniffer", "mongodb", "p0f", "prevent_credential_leaks", "process_title",
    "profile", "qmail-deliverable", "queue/deliver", "queue/discard", "queue/lmtp", "queue/qmail-queue",
    "queue/quarantine", "queue/smtp_bridge", "queue/smtp_forward", "queue/smtp_proxy", "queue/rabbitmq",
    "queue/rabbitmq_amqplib", "queue/kafka", "rcpt_to.host_list_base", "rcpt_to.in_host_list", "rcpt_to.max_count",
    "rcpt_to.qmail_deliverable", "rcpt_to.routes", "rcpt-postgresql", "recipient-routes",
    "record_envelope_addresses", "redis", "reseed_rng", "rspamd", "spamassassin", "spf", "srs", "status", "syslog",
    "tarpit", "test_queue", "tls", "toobusy", "uribl", "watch", "xclient",
})  # fmt: skip
_HOOKS = re.compile(r"(?:queue|data|data_post|rcpt_to|rcpt|mail_from|mail|helo|ehlo|connect|log|dkim|arc|deny)[./_-]")
"""By Haraka's custom the name of a plugin begins with the hook that it is for."""
_RECIPIENTS = re.compile(r"(?:rcpt|mail|connect|helo|ehlo|relay)")


def _known(name: str) -> bool:
    return name in _HARMLESS or name in RELAY or name in TLS_LOGINS or name == FLAT_FILE


def may_log_in(name: str) -> bool:
    """Whether a plugin that is none of Haraka's may offer logins."""
    return not _known(name) and _HOOKS.match(name) is None


def may_relay(name: str) -> bool:
    """Whether a plugin that is none of Haraka's may let clients relay."""
    return not _known(name) and (_HOOKS.match(name) is None or _RECIPIENTS.match(name) is not None)
