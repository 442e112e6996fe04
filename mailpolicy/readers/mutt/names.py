"""Names of settings and commands, out of the tables of mutt 1.5.18 to 2.4 and NeoMutt 20170912 to 2026."""

from __future__ import annotations

_SWITCHES = (
    "allow_8bit allow_ansi arrow_cursor ascii_chars askbcc askcc attach_split auto_subscribe auto_tag autocrypt "
    "autocrypt_reply autoedit beep beep_new bounce_delivered braille_friendly browser_abbreviate_mailboxes "
    "change_folder_next check_mbox_size check_new collapse_unread compose_confirm_detach_first confirmappend "
    "confirmcreate copy_decode_weed count_alternatives crypt_autoencrypt crypt_autopgp crypt_autosign "
    "crypt_autosmime crypt_confirmhook crypt_opportunistic_encrypt crypt_opportunistic_encrypt_strong_keys "
    "crypt_protected_headers_read crypt_protected_headers_save crypt_protected_headers_write crypt_replyencrypt "
    "crypt_replysign crypt_replysignencrypted crypt_timestamp crypt_use_gpgme crypt_use_pka cursor_overlay "
    "delete_untag digest_collapse duplicate_threads edit_hdrs edit_headers encode_from envelope_from fast_reply "
    "fcc_before_send fcc_clear flag_safe followup_to force_name forw_decode forw_quote forward_decode "
    "forward_quote hdrs header header_cache_compress header_color_partial help hidden_host hide_limited "
    "hide_missing hide_thread_subject hide_top_limited hide_top_missing history_remove_dups honor_disposition "
    "idn_decode idn_encode ignore_linear_white_space ignore_list_reply_to imap_check_subscribed imap_condstore "
    "imap_deflate imap_idle imap_list_subscribed imap_passive imap_peek imap_qresync imap_servernoise "
    "implicit_autoview include_encrypted include_onlyfirst keep_flagged local_date_header mail_check_recent "
    "mail_check_stats mailcap_sanitize maildir_check_cur maildir_header_cache_verify maildir_trash mark_old "
    "markers menu_move_off menu_scroll message_cache_clean meta_key metoo mh_purge mime_forward_decode "
    "mime_type_query_first narrow_tree pager_stop pgp_auto_decode pgp_auto_traditional pgp_autoencrypt "
    "pgp_autoinline pgp_autosign pgp_check_exit pgp_check_gpg_decrypt_status_fd pgp_create_traditional "
    "pgp_ignore_subkeys pgp_long_ids pgp_replyencrypt pgp_replyinline pgp_replysign pgp_replysignencrypted "
    "pgp_retainable_sigs pgp_self_encrypt pgp_show_unusable pgp_strict_enc pgp_use_gpg_agent pipe_decode "
    "pipe_decode_weed pipe_split pop_auth_try_all pop_last postpone_encrypt print_decode print_decode_weed "
    "print_split prompt_after read_only reflow_space_quotes reflow_text reply_self resolve resume_draft_files "
    "resume_edited_draft_files reverse_alias reverse_name reverse_realname rfc2047_parameters save_address "
    "save_empty save_name score sidebar_folder_indent sidebar_new_mail_only sidebar_next_new_wrap "
    "sidebar_short_path sidebar_visible sig_dashes sig_on_top size_show_bytes size_show_fractions size_show_mb "
    "size_units_on_left smart_wrap smime_ask_cert_label smime_decrypt_use_default_key smime_is_default "
    "smime_self_encrypt sort_re ssl_force_tls ssl_use_sslv2 ssl_use_sslv3 ssl_use_tlsv1 ssl_use_tlsv1_1 "
    "ssl_use_tlsv1_2 ssl_use_tlsv1_3 ssl_usesystemcerts ssl_verify_dates ssl_verify_host "
    "ssl_verify_partial_chains status_on_top strict_threads suspend text_flowed thorough_search thread_received "
    "tilde ts_enabled tunnel_is_secure uncollapse_jump uncollapse_new use_8bitmime use_domain use_envelope_from "
    "use_from use_ipv6 user_agent wait_key weed wrap_search write_bcc xterm_set_titles"
)
_MUTT_SWITCHES = (
    "background_confirm_quit background_edit browser_sticky_cursor muttlisp_inline_eval "
    "sidebar_relative_shortpath_indent sidebar_use_mailbox_shortcuts use_idn"
)
_NEOMUTT_SWITCHES = (
    "abort_backspace ask_bcc ask_cc ask_follow_up ask_followup_to ask_x_comment_to attach_save_without_prompting "
    "auto_edit browser_sort_dirs_first collapse_all collapse_flagged color_directcolor "
    "compose_preview_above_attachments compose_show_preview compose_show_user_headers confirm_append "
    "confirm_create confirm_empty_to crypt_auto_encrypt crypt_auto_pgp crypt_auto_sign crypt_auto_smime "
    "crypt_confirm_hook crypt_encryption_info crypt_protected_headers_weed crypt_reply_encrypt crypt_reply_sign "
    "crypt_reply_sign_encrypted devel_security forw_decrypt forward_decrypt forward_references imap_rfc5161 "
    "imap_send_id imap_server_noise implicit_auto_view include_only_first keywords_legacy keywords_standard "
    "me_too mime_subject nm_query_window_enable nm_record nntp_listgroup nntp_load_description pgp_auto_inline "
    "pgp_reply_inline reply_with_xorig reverse_real_name save_unsubscribed show_new_news show_only_unread "
    "sidebar_non_empty_mailbox_only sidebar_on_right ssl_use_system_certs use_8bit_mime virtual_spool_file "
    "virtual_spoolfile x_comment_to"
)
_QUESTIONS = (
    "abort_noattach abort_nosubject abort_unmodified bounce copy crypt_verify_sig delete fcc_attach "
    "forward_attachments forward_edit honor_followup_to include mime_forward mime_forward_rest mime_fwd move "
    "pgp_mime_auto pgp_verify_sig pop_delete pop_reconnect postpone print quit recall reply_to ssl_starttls"
)
_MUTT_QUESTIONS = "attach_save_charset_convert forw_decrypt forward_decrypt send_multipart_alternative"
_NEOMUTT_QUESTIONS = "catchup_newsgroup followup_to_poster pgp_encrypt_self post_moderated smime_encrypt_self"
_TEXTS = (
    "abort_noattach_regexp alias_file alias_format assumed_charset attach_charset attach_format attach_save_dir "
    "attach_sep attribution attribution_locale autocrypt_acct_format autocrypt_dir certificate_file charset "
    "compose_format config_charset connect_timeout content_type crypt_protected_headers_subject date_format "
    "default_hook display_filter dsn_notify dsn_return editor entropy_file envelope_from_address escape folder "
    "folder_format forw_format forward_attribution_intro forward_attribution_trailer forward_format from "
    "gecos_mask hdr_format header_cache header_cache_pagesize history history_file hostname imap_authenticators "
    "imap_delim_chars imap_fetch_chunk_size imap_headers imap_keepalive imap_login imap_oauth_refresh_command "
    "imap_pass imap_pipeline_depth imap_poll_timeout imap_user indent_str indent_string index_format ispell "
    "mail_check mail_check_stats_interval mailcap_path mark_macro_prefix mask mbox mbox_type menu_context "
    "message_cachedir message_format message_id_format mh_seq_flagged mh_seq_replied mh_seq_unseen "
    "mime_type_query_command mix_entry_format mixmaster msg_format net_inc new_mail_command pager pager_context "
    "pager_format pager_index_lines pager_skip_quoted_context pattern_format pgp_clearsign_command "
    "pgp_decode_command pgp_decrypt_command pgp_decryption_okay pgp_default_key pgp_encrypt_only_command "
    "pgp_encrypt_sign_command pgp_entry_format pgp_export_command pgp_getkeys_command pgp_good_sign "
    "pgp_import_command pgp_list_pubring_command pgp_list_secring_command pgp_self_encrypt_as pgp_sign_as "
    "pgp_sign_command pgp_sort_keys pgp_timeout pgp_verify_command pgp_verify_key_command pipe_sep "
    "pop_authenticators pop_checkinterval pop_host pop_oauth_refresh_command pop_pass pop_user post_indent_str "
    "post_indent_string postpone_encrypt_as postponed preconnect print_cmd print_command query_command "
    "query_format quote_regexp read_inc realname record reflow_wrap reply_regexp save_history "
    "score_threshold_delete score_threshold_flag score_threshold_read search_context send_charset sendmail "
    "sendmail_wait shell sidebar_delim_chars sidebar_divider_char sidebar_format sidebar_indent_string "
    "sidebar_sort_method sidebar_width signature simple_search sleep_time smileys smime_ca_location "
    "smime_certificates smime_decrypt_command smime_default_key smime_encrypt_command smime_encrypt_with "
    "smime_get_cert_command smime_get_cert_email_command smime_get_signer_cert_command smime_import_cert_command "
    "smime_keys smime_pk7out_command smime_pkcs7_default_smime_type smime_self_encrypt_as smime_sign_as "
    "smime_sign_command smime_sign_digest_alg smime_timeout smime_verify_command smime_verify_opaque_command "
    "smtp_authenticators smtp_oauth_refresh_command smtp_pass smtp_url sort sort_alias sort_aux sort_browser "
    "spam_separator spoolfile ssl_ca_certificates_file ssl_ciphers ssl_client_cert ssl_min_dh_prime_bits "
    "status_chars status_format time_inc timeout tmpdir tmpdraftdir to_chars trash ts_icon_format "
    "ts_status_format tunnel visual wrap wrap_headers wrapmargin write_inc xterm_icon xterm_title"
)
_MUTT_TEXTS = (
    "background_format dotlock_program error_history fcc_delimiter imap_reconnect_sleep imap_reconnect_tries "
    "locale send_multipart_alternative_filter smime_sign_opaque_command socket_receive_timeout "
    "socket_send_timeout sort_browser_mailboxes sort_thread_groups ssl_verify_host_override"
)
_NEOMUTT_TEXTS = (
    "abort_key abort_noattach_regex account_command alias_sort arrow_string attach_keyword attribution_intro "
    "attribution_trailer browser_limit browser_sort compose_preview_min_rows crypt_chars debug_file debug_level "
    "empty_subject external_search_command flag_chars from_chars greeting group_index_format header_cache_backend "
    "header_cache_compress_level header_cache_compress_method hidden_tags history_format imap_keep_alive inews "
    "inews_command key_timeout_idle key_timeout_partial macro_repeat_max mailbox_folder_format "
    "maildir_field_delimiter message_cache_dir news_cache_dir news_server newsgroups_charset newsrc "
    "nm_config_file nm_config_profile nm_db_limit nm_default_uri nm_default_url nm_exclude_tags nm_flagged_tag "
    "nm_hidden_tags nm_open_timeout nm_query_type nm_query_window_current_position nm_query_window_current_search "
    "nm_query_window_duration nm_query_window_or_terms nm_query_window_timebase nm_record_tags nm_replied_tag "
    "nm_unread_tag nntp_authenticators nntp_context nntp_pass nntp_poll nntp_user pager_read_delay "
    "pgp_clear_sign_command pgp_get_keys_command pgp_key_sort pop_check_interval preferred_languages quote_regex "
    "real_name reply_regex show_multipart_alternative sidebar_component_depth sidebar_sort skip_quoted_offset "
    "smtp_user socket_timeout spelling_command spool_file tmp_dir tmp_draft_dir toggle_quoted_show_levels "
    "use_threads vfolder_format xlabel_delimiter"
)
_COMMANDS = (
    "account-hook alias alternates alternative_order append-hook attachments auto_view bind cd charset-hook "
    "close-hook color crypt-hook echo exec fcc-hook fcc-save-hook folder-hook group hdr_order iconv-hook ignore "
    "index-format-hook lists macro mailboxes mailto_allow mbox-hook message-hook mime_lookup mono my_hdr nospam "
    "open-hook pgp-hook push reply-hook reset save-hook score send-hook send2-hook set setenv sidebar_whitelist "
    "source spam subjectrx subscribe toggle unalias unalternates unalternative_order unattachments unauto_view "
    "uncolor ungroup unhdr_order unhook unignore unlists unmailboxes unmailto_allow unmime_lookup unmono unmy_hdr "
    "unscore unset unsetenv unsidebar_whitelist unsubjectrx unsubscribe"
)
_MUTT_COMMANDS = "run"
_NEOMUTT_COMMANDS = (
    "alternative-order auto-view finish header-order hooks ifdef ifndef lua lua-source mailto-allow mime-lookup "
    "my-header named-mailboxes shutdown-hook sidebar-pin sidebar-unpin sidebar_pin sidebar_unpin startup-hook "
    "subject-regex subscribe-to tag-formats tag-transforms timeout-hook unalternative-order unauto-view unbind "
    "unheader-order unmacro unmailto-allow unmime-lookup unmy-header unsubject-regex unsubscribe-from "
    "unvirtual-mailboxes version virtual-mailboxes"
)


def _split(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in text.split())


SWITCHES = {"mutt": _split(_SWITCHES, _MUTT_SWITCHES), "neomutt": _split(_SWITCHES, _NEOMUTT_SWITCHES)}
"""Settings that are yes or no, by program."""
QUESTIONS = {"mutt": _split(_QUESTIONS, _MUTT_QUESTIONS), "neomutt": _split(_QUESTIONS, _NEOMUTT_QUESTIONS)}
"""Settings that may also be ask-yes or ask-no."""
TEXTS = {"mutt": _split(_TEXTS, _MUTT_TEXTS), "neomutt": _split(_TEXTS, _NEOMUTT_TEXTS)}
"""Settings of any other type."""
COMMANDS = {"mutt": _split(_COMMANDS, _MUTT_COMMANDS), "neomutt": _split(_COMMANDS, _NEOMUTT_COMMANDS)}
"""Commands, by program."""
NEOMUTT_ONLY = (SWITCHES["neomutt"] | QUESTIONS["neomutt"] | TEXTS["neomutt"] | COMMANDS["neomutt"]) - (
    SWITCHES["mutt"] | QUESTIONS["mutt"] | TEXTS["mutt"] | COMMANDS["mutt"]
)
"""Names that no mutt knows: who writes them runs NeoMutt."""
