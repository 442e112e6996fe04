"""Names that sendmail.mc may use: options, features, mailers (cf/README and cf/m4 of 8.17.1.9 and 8.18.1)."""

from __future__ import annotations

OPTIONS = {
    "confAUTH_MECHANISMS": "AuthMechanisms", "confAUTH_OPTIONS": "AuthOptions", "confSERVER_CERT": "ServerCertFile",
    "confSERVER_KEY": "ServerKeyFile", "confCACERT": "CACertFile", "confCACERT_PATH": "CACertPath",
    "confTLS_SRV_OPTIONS": "TLSSrvOptions", "confCIPHER_LIST": "CipherList", "confDH_PARAMETERS": "DHParameters",
    "confSERVER_SSL_OPTIONS": "ServerSSLOptions", "confCLIENT_SSL_OPTIONS": "ClientSSLOptions",
    "confPRIVACY_FLAGS": "PrivacyOptions", "confSMTP_LOGIN_MSG": "SmtpGreetingMessage",
    "confDEF_AUTH_INFO": "DefaultAuthInfo", "confFALLBACK_MX": "FallbackMXhost",
    "confFALLBACK_SMARTHOST": "FallbackSmartHost",
}  # fmt: skip
"""Macro -> the option that proto.m4 makes of it, of those that facts come from."""

DEFAULTS = {
    "confPRIVACY_FLAGS": "authwarnings", "confSMTP_LOGIN_MSG": "$j Sendmail $v/$Z; $b",
    "MAIL_SETTINGS_DIR": "/etc/mail/", "confCR_FILE": "-o /etc/mail/relay-domains", "DATABASE_MAP_TYPE": "hash",
    "confLOG_LEVEL": "9",
    "confDELIVERY_MODE": "background", "ALIAS_FILE": "/etc/mail/aliases", "confMAILER_NAME": "MAILER-DAEMON",
}  # fmt: skip
"""What cfhead.m4 defines before a sendmail.mc is read."""

DEBIAN = {
    "sm_version": "8.17.1.9", "sm_version_math": "528641", "sm_enable_tls": "yes", "sm_enable_auth": "yes",
    "sm_auth_lib": "2", "sm_enable_ipv6": "yes", "sm_enable_milter": "yes", "sm_ffr": "",
}  # fmt: skip
"""What autoconf.m4 of Debian's sendmail-cf defines, as far as Debian's own files ask for it."""

OSTYPE_DEBIAN = {
    "confSMTP_LOGIN_MSG": "$j Sendmail $v/$Z; $b; (No UCE/UBE) $?{client_addr}logging access from: "
    "${client_name}(${client_resolve})-$_$.",
}

DOMAINS = {
    "debian-mta": {"confPRIVACY_FLAGS": "restrictqrun,restrictexpand"},
    "debian-msp": {},
    "generic": {},
}
"""Domain files that the packages bring along, and what of theirs matters here."""

_FEATURES = (
    "accept_unqualified_senders accept_unresolvable_domains access_db allmasquerade always_add_domain authinfo badmx "
    "bcc bestmx_is_local bitdomain blacklist_recipients block_bad_helo blocklist_recipients check_cert_altnames "
    "check_other compat_check conncontrol delay_checks dnsbl domainmap domaintable drac enhdnsbl fips3 "
    "generics_entire_domain genericstable greet_pause ldap_routing limited_masquerade local_lmtp local_no_masquerade "
    "local_procmail lookupdotdomain loose_relay_check mailertable masquerade_entire_domain masquerade_envelope msp "
    "mtamark no_default_msa nocanonify nopercenthack notsticky nouucp nullclient prefixmod "
    "preserve_local_plus_detail preserve_luser_host promiscuous_relay queuegroup ratecontrol rbl redirect "
    "relay_based_on_MX relay_entire_domain relay_hosts_only relay_local_from relay_mail_from require_rdns rhsbl "
    "smrsh stickyhost sts tls_failures tls_session_features use_client_ptr use_ct_file use_cw_file uucpdomain "
    "virtuser_entire_domain virtusertable vnet mtasts"
)
FEATURES = frozenset(_FEATURES.split())

CLASSES = {
    "TRUST_AUTH_MECH": "TrustAuthMech", "RELAY_DOMAIN": "R", "LOCAL_DOMAIN": "w", "EXPOSED_USER": "E",
    "LOCAL_USER": "L", "MASQUERADE_DOMAIN": "M", "MASQUERADE_EXCEPTION": "N", "CANONIFY_DOMAIN": "Canonify",
    "GENERICS_DOMAIN": "G", "LDAPROUTE_DOMAIN": "LDAPRoute", "LDAPROUTE_EQUIVALENT": "LDAPRouteEquiv",
    "VIRTUSER_DOMAIN": "VirtHost",
}  # fmt: skip
"""Macro -> the class that its words go to; with _FILE behind it, the words of a file."""

SECTIONS = {
    "LOCAL_CONFIG": 6, "MAILER_DEFINITIONS": 7, "LOCAL_RULESETS": 9, "LOCAL_RULE_0": 3, "LOCAL_RULE_1": 9,
    "LOCAL_RULE_2": 9, "LOCAL_RULE_3": 2, "LOCAL_NET_CONFIG": 1, "LOCAL_UUCP": 4, "LOCAL_DNSBL": 8,
    "LOCAL_SRV_FEATURES": 9, "LOCAL_CLT_FEATURES": 9, "LOCAL_TRY_TLS": 9, "LOCAL_TLS_RCPT": 9,
    "LOCAL_TLS_CLIENT": 9, "LOCAL_TLS_SERVER": 9,
}  # fmt: skip
"""Macro -> the diversion that what follows goes to."""

SILENT = frozenset(
    (
        "MAILER", "MAIL_FILTER", "INPUT_MAIL_FILTER", "QUEUE_GROUP", "MODIFY_MAILER_FLAGS", "MASQUERADE_AS",
        "SITECONFIG", "SITE", "UUCPSMTP", "HACK",
    )
)  # fmt: skip
"""Macros that say nothing that facts come from."""
