"""Options of imapd.conf(5), Cyrus IMAP 3.6.1 and 3.10.2 together (lib/imapoptions), by what values they take."""

from __future__ import annotations

import re


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


SWITCHES = words(
    """
    acl_admin_implies_write allowallsubscribe allowanonymouslogin allowapop allowdeleted allownewnews allowplaintext
    allowsetacl allowstarttls allowusermoves altnamespace annotation_allow_undefined
    annotation_callout_disable_append annotation_enable_legacy_commands anyoneuseracl anysievefolder archive_enabled
    archive_keepflagged auditlog autocreate_post autocreate_sieve_script_compile
    autocreate_subscribe_sharedfolders_all autoexpunge autosubscribe_all_sharedfolders backup_keep_previous
    caldav_accept_invalid_rrules caldav_allowattach caldav_allowcalendaradmin caldav_create_attach
    caldav_create_default caldav_create_sched carddav_allowaddmember carddav_allowaddressbookadmin
    carddav_repair_vcard chatty client_bind conversations conversations_keep_existing createonpost crossdomains
    crossdomains_onlyother debug debug_log_sync_partition_choice delete_unsubscribe disable_shared_namespace
    disable_user_namespace disconnect_on_vanished_mailbox duplicatesuppression fastmailsharing flushseenstate
    foolstupidclients fulldirhash generate_compiled_sieve_script hashimapspool httpallowcompress httpallowtrace
    httpcontentmd5 httpprettytelemetry ignorereference imapidresponse imapmagicplus improved_mboxlist_sort iolog
    ischedule_dkim_required jmap_nonstandard_extensions jmap_set_has_attachment jmap_vacation
    jmapsubmission_deleteonsend ldap_referrals ldap_restart ldap_sasl ldap_start_tls ldap_tls_check_peer
    ldap_verify_peer literalminus lmtp_downcase_rcpt lmtp_fuzzy_mailbox_match lmtp_over_quota_perm_failure
    lmtp_preparse lmtp_strict_quota lmtp_strict_rfc2821 loginuseacl logtimestamps mailbox_legacy_dirs
    master_bind_errors_fatal munge8bit object_storage_enabled openio_autocreate popsubfolders popuseacl
    popuseimapflags prometheus_enabled proxy_compress proxyd_allow_status_referral proxyd_disable_mailbox_referrals
    ptskrb5_convert524 ptskrb5_strip_default_realm quota_use_conversations readonly reject8bit reverseacls
    reverseuniqueids rfc2046_strict rfc2047_utf8 rfc3028_strict search_fuzzy_always search_index_headers
    search_index_language search_index_parts search_query_language search_skipdiacrit search_skiphtml
    sieve_allowreferrals sieve_sasl_send_unsolicited_capability sieve_use_lmtp_reject sieve_utf8fileinto
    sieveusehomedir singleinstancestore skiplist_always_checkpoint skiplist_unsafe soft_noauth specialusealways
    sql_usessl srs_alwaysrewrite statuscache sync_log sync_log_chain sync_try_imap tcp_keepalive telemetry_bysessionid
    tls_prefer_server_ciphers tls_required unix_group_enable unixhierarchysep username_tolower xbackup_enabled
    """
)
"""Only the first letters count: 1, y, t, on; 0, n, f, of."""

INTEGERS = words(
    """
    autocreate_quota_messages autocreatequotamsg backup_compact_work_threshold boundary_limit caringo_port
    conversations_max_guidexists conversations_max_guidinfolder conversations_max_guidrecords
    conversations_max_thread jmap_max_calendareventnotifs jmap_max_calls_in_request jmap_max_catenate_items
    jmap_max_concurrent_requests jmap_max_concurrent_upload jmap_max_objects_in_get jmap_max_objects_in_set
    ldap_size_limit ldap_version mailbox_default_options mailbox_maxmessages_addressbook
    mailbox_maxmessages_calendar mailbox_maxmessages_email maxheaderlines maxlogins_per_host maxlogins_per_user
    mupdate_connections_max mupdate_port mupdate_retry_delay mupdate_workers_max mupdate_workers_maxspare
    mupdate_workers_minspare mupdate_workers_start partition_select_soft_usage_limit partition_select_usage_reinit
    poppollpadding quotawarn quotawarnmsg quotawarnpercent rss_maxitems rss_maxsynopsis sasl_maximum_layer
    sasl_minimum_layer search_batchsize search_normalisation_max search_queryscan search_snippet_length
    serverlist_select_soft_usage_limit serverlist_select_usage_reinit sieve_maxscripts srs_hashlength sync_batchsize
    tcp_keepalive_cnt
    """
)
"""As strtol(3) reads them, with base 0."""

DURATIONS = words(
    """
    aps_expiry archive_after archive_days backup_retention backup_retention_days caldav_historical_age
    calendar_minimum_alarm_interval client_timeout conversations_expire_after conversations_expire_days
    dav_lock_timeout failedloginpause http_jwt_max_age httpkeepalive httptimeout imapidlepoll imapidletimeout
    jmap_max_delayed_send jmap_pushpoll jmap_querycache_max_age ldap_time_limit ldap_timeout lmtptxn_timeout
    nntptimeout openio_proxy_timeout openio_rawx_timeout plaintextloginpause popexpiretime popminpoll poptimeout
    prometheus_update_freq ptscache_timeout rss_maxage search_attachment_extractor_idle_timeout
    search_attachment_extractor_request_timeout sieve_duplicate_max_expiration sieve_vacation_max_response
    sieve_vacation_min_response sync_reconnect_maxwait sync_repeat_interval sync_timeout tcp_keepalive_idle
    tcp_keepalive_intvl timeout tls_session_timeout websocket_timeout
    """
)
"""Numbers with the units d, h, m, s."""

OTHERS = words(
    """
    addressbookprefix admins afspts_localrealms afspts_mycell altprefix annotation_callout annotation_db
    annotation_db_path annotation_definitions aps_topic aps_topic_caldav aps_topic_carddav archive_maxsize auth_mech
    autocreate_inbox_folders autocreate_quota autocreate_sieve_compiled_script autocreate_sieve_folders
    autocreate_sieve_script autocreate_sieve_script_compiled autocreate_subscribe_folders
    autocreate_subscribe_sharedfolders autocreate_users autocreateinboxfolders autocreatequota autosievefolders
    autosubscribeinboxfolders autosubscribesharedfolders backup_compact_maxsize backup_compact_minsize backup_db
    backup_db_path backup_staging_path caldav_maxdatetime caldav_mindatetime caldav_realm calendar_component_set
    calendar_default_displayname calendar_user_address_set calendarprefix carddav_realm caringo_hostname
    client_bind_name commandmintimer configdirectory conversations_counted_flags conversations_db cyrus_group
    cyrus_user dav_realm davdriveprefix davnotificationsprefix debug_command debug_writefail_guid defaultacl
    defaultdomain defaultpartition defaultsearchtier defaultserver deletedprefix deleteright duplicate_db
    duplicate_db_path event_content_size event_exclude_flags event_exclude_specialuse event_extra_params
    event_groups event_notifier force_sasl_client_mech http_h2_altsvc http_jwt_key_dir httpallowcors httpallowedurls
    httpdocroot httplogheaders httpmodules httppts_uri icalendar_max_size idlesocket imipnotifier
    implicit_owner_rights ischedule_dkim_domain ischedule_dkim_key_file ischedule_dkim_selector
    jmap_emailsearch_db_path jmap_imagesize_annot jmap_inlinedcids_annot jmap_mail_max_size_attachments_per_email
    jmap_max_size_blob_set jmap_max_size_request jmap_max_size_upload jmap_preview_annot jmap_preview_length
    jmapnotificationfolder jmappushsubscriptionfolder jmapsubmissionfolder jmapuploadfolder ldap_authz ldap_base
    ldap_bind_dn ldap_ca_dir ldap_ca_file ldap_ciphers ldap_client_cert ldap_client_key ldap_deref
    ldap_domain_base_dn ldap_domain_filter ldap_domain_name_attribute ldap_domain_result_attribute ldap_domain_scope
    ldap_filter ldap_group_base ldap_group_filter ldap_group_scope ldap_id ldap_mech ldap_member_attribute
    ldap_member_base ldap_member_filter ldap_member_method ldap_member_scope ldap_password ldap_realm
    ldap_sasl_authc ldap_sasl_authz ldap_sasl_mech ldap_sasl_password ldap_sasl_realm ldap_scope ldap_servers
    ldap_tls_cacert_dir ldap_tls_cacert_file ldap_tls_cert ldap_tls_ciphers ldap_tls_key ldap_uri
    ldap_user_attribute lmtp_catchall_mailbox lmtp_exclude_specialuse lmtpsocket lock_debugtime loginrealms
    mailbox_initial_flags mailnotifier master_pid_file master_ready_file maxargssize maxliteral maxmessagesize
    maxquoted maxword mboxkey_db mboxlist_db mboxlist_db_path mboxname_lockpath metapartition_files mupdate_authname
    mupdate_password mupdate_realm mupdate_server mupdate_username netscapeurl newsaddheaders newsgroups newsmaster
    newspeer newspostuser newsprefix newsrc_db_path notesmailbox notify_external notifysocket
    object_storage_dummy_spool openio_account openio_namespace openio_verbosity partition_select_exclude
    partition_select_mode plaintextloginalert postmaster postspec postuser proc_path prometheus_need_auth
    prometheus_stats_dir proxy_authname proxy_password proxy_realm proxyservers ptloader_sock pts_module ptscache_db
    ptscache_db_path quota_db quota_db_path quotawarnkb quotawarnsize restore_authname restore_password
    restore_realm rss_feedlist_template rss_feeds rss_realm search_attachment_extractor_url
    search_index_skip_domains search_index_skip_users search_indexed_db search_maxsize search_maxtime
    search_stopword_path seenstate_db sendmail sendmail_auth_id serverlist serverlist_select_mode servername
    sharedprefix sieve_extensions sieve_folder sieve_maxscriptsize sievedir sievenotifier smtp_auth_authname
    smtp_auth_password smtp_auth_realm smtp_backend smtp_host sortcache_db specialuse_extra specialuse_nochildren
    specialuse_protect sql_database sql_engine sql_hostnames sql_passwd sql_user srs_domain srs_secrets
    srs_separator srvtab statuscache_db statuscache_db_path submitservers subscription_db suppress_capabilities
    sync_authname sync_cache_db sync_cache_db_path sync_host sync_log_channels sync_log_unsuppressable_channels
    sync_password sync_port sync_realm sync_rightnow_channel sync_shutdown_file syslog_facility syslog_prefix
    temp_path tls_ca_file tls_ca_path tls_cert_file tls_cipher_list tls_ciphers tls_client_ca_dir tls_client_ca_file
    tls_client_cert tls_client_key tls_crl_file tls_eccurve tls_key_file tls_server_ca_dir tls_server_ca_file
    tls_server_cert tls_server_dhparam tls_server_key tls_sessions_db tls_sessions_db_path tls_versions tlscache_db
    tlscache_db_path umask userdeny_db userdeny_db_path userprefix vcard_max_size virusscan_notification_subject
    virusscan_notification_template webdav_attachments_baseurl webdav_attachments_max_binary_attach_size zoneinfo_db
    zoneinfo_db_path zoneinfo_dir
    """
)
"""Strings, sizes and lists of words."""

CHOICES = {
    "caldav_allowscheduling": ("off", "on", "apple"),
    "delete_mode": ("immediate", "delayed"),
    "event_content_inclusion_mode": ("standard", "message", "header", "body", "headerbody"),
    "expunge_mode": ("immediate", "semidelayed", "delayed"),
    "mupdate_config": ("standard", "unified", "replicated"),
    "qosmarking": (
        "cs0",
        "cs1",
        "cs2",
        "cs3",
        "cs4",
        "cs5",
        "cs6",
        "cs7",
        "af11",
        "af12",
        "af13",
        "af21",
        "af22",
        "af23",
        "af31",
        "af32",
        "af33",
        "af41",
        "af42",
        "af43",
        "ef",
    ),
    "search_engine": ("none", "squat", "xapian"),
    "search_whitespace": ("skip", "merge", "keep"),
    "serverinfo": ("off", "min", "on"),
    "tls_client_certs": ("off", "optional", "require"),
    "uidl_format": ("uidonly", "cyrus", "dovecot", "courier"),
    "virtdomains": ("off", "userid", "on"),
}
"""One word of these; yes, true, t and 1 stand for on, their opposites for off."""

DEPRECATED = {
    "archive_days": "archive_after",
    "autocreate_sieve_compiled_script": "autocreate_sieve_script_compiled",
    "autocreateinboxfolders": "autocreate_inbox_folders",
    "autocreatequota": "autocreate_quota",
    "autocreatequotamsg": "autocreate_quota_messages",
    "autosievefolders": "autocreate_sieve_folders",
    "autosubscribe_all_sharedfolders": "autocreate_subscribe_sharedfolders_all",
    "autosubscribeinboxfolders": "autocreate_subscribe_folders",
    "autosubscribesharedfolders": "autocreate_subscribe_sharedfolders",
    "backup_retention_days": "backup_retention",
    "carddav_repair_vcard": "",
    "conversations_expire_days": "conversations_expire_after",
    "createonpost": "autocreate_post",
    "flushseenstate": "",
    "generate_compiled_sieve_script": "autocreate_sieve_script_compile",
    "jmap_emailsearch_db_path": "",
    "ldap_sasl_authc": "ldap_id",
    "ldap_sasl_authz": "ldap_authz",
    "ldap_sasl_mech": "ldap_mech",
    "ldap_sasl_password": "ldap_password",
    "ldap_sasl_realm": "ldap_realm",
    "ldap_servers": "ldap_uri",
    "ldap_tls_cacert_dir": "ldap_ca_dir",
    "ldap_tls_cacert_file": "ldap_ca_file",
    "ldap_tls_cert": "ldap_client_cert",
    "ldap_tls_check_peer": "ldap_verify_peer",
    "ldap_tls_ciphers": "ldap_ciphers",
    "ldap_tls_key": "ldap_client_key",
    "quotawarn": "quotawarnpercent",
    "quotawarnkb": "quotawarnsize",
    "reverseuniqueids": "",
    "search_index_parts": "",
    "search_query_language": "",
    "tls_ca_file": "tls_client_ca_file",
    "tls_ca_path": "tls_client_ca_dir",
    "tls_cert_file": "tls_server_cert",
    "tls_cipher_list": "tls_ciphers",
    "tls_key_file": "tls_server_key",
    "tlscache_db": "tls_sessions_db",
    "tlscache_db_path": "tls_sessions_db_path",
}
"""Older names and what stands for them now; nothing where the option has no effect any more."""

TYPED = SWITCHES | INTEGERS | DURATIONS | frozenset(CHOICES)
"""Options whose values the program checks."""

KNOWN = TYPED | OTHERS


NEWER = words(
    """
    allowstarttls aps_expiry calendar_minimum_alarm_interval debug_log_sync_partition_choice httppts_uri
    jmap_max_calendareventnotifs jmapnotificationfolder master_pid_file master_ready_file quotawarnpercent
    quotawarnsize search_attachment_extractor_idle_timeout search_attachment_extractor_request_timeout
    webdav_attachments_baseurl webdav_attachments_max_binary_attach_size
    """
)
"""Options that 3.6.1 does not know."""


def switch(value: str) -> bool | None:
    """What ``config_parse_switch`` makes of a value; None: the program refuses it."""
    if value.startswith(("0", "n", "of", "f")):
        return False
    if value.startswith(("1", "y", "on", "t")):
        return True
    return None


def choice(value: str) -> str:
    """A word of CHOICES as the program takes it."""
    return {"1": "on", "yes": "on", "t": "on", "true": "on", "0": "off", "no": "off", "f": "off", "false": "off"}.get(
        value, value
    )


def fault(name: str, value: str) -> str | None:
    """Why the program refuses a value of an option that it knows; None when it takes it."""
    if name in SWITCHES and switch(value) is None:
        return f"{name} is a switch, yes or no in lower case"
    if name in INTEGERS and not _is_integer(value):
        return f"{name} wants a number"
    if name in DURATIONS and not re.fullmatch(r"-?(?:[0-9]+[dhms])*[0-9]*", value, re.IGNORECASE):
        return f"{name} wants a time such as 1h30m"
    if name in CHOICES and choice(value) not in CHOICES[name]:
        return f"{name} is one of {', '.join(CHOICES[name])}"
    return None


def _is_integer(value: str) -> bool:
    digits = value.lstrip("+-")
    if digits.lower().startswith("0x"):
        return all(c in "0123456789abcdefABCDEF" for c in digits[2:])
    return digits.isascii() and digits.isdecimal()
