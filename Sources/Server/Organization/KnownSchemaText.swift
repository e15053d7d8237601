/// The exported tables of the server's versions 9 to 12 as text, read by ``KnownSchema``: a line for the table, its
/// columns, and its unique indexes in PostgreSQL's notation.
///
/// A column is `name:type`, followed by `+` if a check forbids negative numbers, `!` if NULL is forbidden, and `>table`
/// if it refers to one. If versions differ, the text describes what all of them accept; `?` is an unknown type.
enum KnownSchemaText {
  static let tables: [(name: String, columns: String, unique: [String])] = [
    (
      "analytics_realmcount",
      """
      id:int8! realm_id:int4!>zerver_realm property:varchar32! end_time:timestamptz! value:int8! subgroup:varchar16
      """,
      [
        "(realm_id, property, subgroup, end_time) WHERE (subgroup IS NOT NULL)",
        "(realm_id, property, end_time) WHERE (subgroup IS NULL)",
      ]
    ),
    (
      "analytics_streamcount",
      """
      id:int8! realm_id:int4!>zerver_realm stream_id:int8!>zerver_stream property:varchar32! end_time:timestamptz!
      value:int8! subgroup:varchar16
      """,
      [
        "(stream_id, property, end_time) WHERE (subgroup IS NULL)",
        "(stream_id, property, subgroup, end_time) WHERE (subgroup IS NOT NULL)",
      ]
    ),
    (
      "analytics_usercount",
      """
      id:int8! realm_id:int4!>zerver_realm user_id:int4!>zerver_userprofile property:varchar32! end_time:timestamptz!
      value:int8! subgroup:varchar16
      """,
      [
        "(user_id, property, subgroup, end_time) WHERE (subgroup IS NOT NULL)",
        "(user_id, property, end_time) WHERE (subgroup IS NULL)",
      ]
    ),
    (
      "zerver_alertword",
      "id:int8! word:text! realm_id:int4!>zerver_realm user_profile_id:int4!>zerver_userprofile",
      ["(user_profile_id, word)"]
    ),
    (
      "zerver_attachment",
      """
      id:int8! file_name:text! path_id:text! create_time:timestamptz! owner_id:int4!>zerver_userprofile
      is_realm_public:bool realm_id:int4!>zerver_realm size:int4! is_web_public:bool content_type:text
      """,
      ["(path_id)"]
    ),
    (
      "zerver_attachment_messages",
      "id:int8! attachment_id:int8!>zerver_attachment message_id:int4!>zerver_message",
      ["(attachment_id, message_id)"]
    ),
    (
      "zerver_attachment_scheduled_messages",
      "id:int8! attachment_id:int8!>zerver_attachment scheduledmessage_id:int8!>zerver_scheduledmessage",
      ["(attachment_id, scheduledmessage_id)"]
    ),
    (
      "zerver_botconfigdata",
      "id:int8! key:text! value:text! bot_profile_id:int4!>zerver_userprofile",
      ["(bot_profile_id, key)"]
    ),
    (
      "zerver_botstoragedata",
      "id:int8! key:text! value:text! bot_profile_id:int4!>zerver_userprofile",
      ["(bot_profile_id, key)"]
    ),
    (
      "zerver_channelfolder",
      """
      id:int8! name:varchar60! description:varchar1024! rendered_description:text! date_created:timestamptz!
      is_archived:bool! creator_id:int8>zerver_userprofile realm_id:int8!>zerver_realm order:int4!
      """,
      []
    ),
    (
      "zerver_client",
      "id:int4! name:varchar30!",
      ["(name)"]
    ),
    (
      "zerver_customprofilefield",
      """
      id:int8! name:varchar40! field_type:int2+! realm_id:int4!>zerver_realm hint:varchar80! field_data:text!
      order:int4! display_in_profile_summary:bool! required:bool! editable_by_user:bool! use_for_user_matching:?
      """,
      ["(realm_id, name)"]
    ),
    (
      "zerver_customprofilefieldvalue",
      """
      id:int8! value:text! field_id:int8!>zerver_customprofilefield user_profile_id:int4!>zerver_userprofile
      rendered_value:text
      """,
      ["(user_profile_id, field_id)"]
    ),
    (
      "zerver_defaultstream",
      "id:int8! realm_id:int4!>zerver_realm stream_id:int8!>zerver_stream",
      ["(realm_id, stream_id)"]
    ),
    (
      "zerver_externalauthid",
      """
      id:int8! date_created:timestamptz! external_auth_method_name:text! external_auth_id:text!
      realm_id:int8!>zerver_realm user_id:int8!>zerver_userprofile
      """,
      []
    ),
    (
      "zerver_groupgroupmembership",
      "id:int8! subgroup_id:int8!>zerver_namedusergroup supergroup_id:int8!>zerver_usergroup",
      ["(supergroup_id, subgroup_id)"]
    ),
    (
      "zerver_huddle",
      "id:int8! huddle_hash:varchar40! recipient_id:int4>zerver_recipient group_size:int4",
      ["(huddle_hash)"]
    ),
    (
      "zerver_message",
      """
      id:int4! subject:varchar60! content:text! rendered_content:text rendered_content_version:int4
      last_edit_time:timestamptz edit_history:text has_attachment:bool! has_image:bool! has_link:bool!
      recipient_id:int4!>zerver_recipient sender_id:int4!>zerver_userprofile sending_client_id:int4!>zerver_client
      search_tsvector:tsvector date_sent:timestamptz! search_pgroonga:text realm_id:int4!>zerver_realm type:int2+
      is_channel_message:bool
      """,
      []
    ),
    (
      "zerver_muteduser",
      """
      id:int8! date_muted:timestamptz! muted_user_id:int4!>zerver_userprofile user_profile_id:int4!>zerver_userprofile
      """,
      ["(user_profile_id, muted_user_id)"]
    ),
    (
      "zerver_namedusergroup",
      """
      usergroup_ptr_id:int8!>zerver_usergroup name:varchar100! description:text! is_system_group:bool!
      can_mention_group_id:int8!>zerver_usergroup realm_id:int4!>zerver_realm
      can_manage_group_id:int8!>zerver_usergroup deactivated:bool! creator_id:int4>zerver_userprofile
      date_created:timestamptz can_join_group_id:int8!>zerver_usergroup
      can_add_members_group_id:int8!>zerver_usergroup can_leave_group_id:int8!>zerver_usergroup
      can_remove_members_group_id:int8!>zerver_usergroup
      """,
      ["(realm_id, name)"]
    ),
    (
      "zerver_navigationview",
      "id:int8! fragment:text! is_pinned:bool! name:text user_id:int8!>zerver_userprofile",
      []
    ),
    (
      "zerver_onboardingstep",
      "id:int8! onboarding_step:varchar40! timestamp:timestamptz! user_id:int4!>zerver_userprofile",
      ["(user_id, onboarding_step)"]
    ),
    (
      "zerver_onboardingusermessage",
      "id:int8! flags:int8! message_id:int8!>zerver_message realm_id:int8!>zerver_realm",
      []
    ),
    (
      "zerver_presencesequence",
      "id:int8! last_update_id:int8+! realm_id:int4!>zerver_realm",
      ["(realm_id)"]
    ),
    (
      "zerver_reaction",
      """
      id:int8! user_profile_id:int4!>zerver_userprofile message_id:int4!>zerver_message emoji_name:text!
      emoji_code:text! reaction_type:varchar30!
      """,
      ["(user_profile_id, message_id, reaction_type, emoji_code)"]
    ),
    (
      "zerver_realm",
      """
      id:int4! name:varchar40! emails_restricted_to_domains:bool! invite_required:bool! mandatory_topics:bool!
      digest_emails_enabled:bool! name_changes_disabled:bool! date_created:timestamptz! deactivated:bool!
      new_stream_announcements_stream_id:int8>zerver_stream allow_message_editing:bool!
      message_content_edit_limit_seconds:int4+ default_language:varchar50! string_id:varchar40! org_type:int2+!
      message_retention_days:int4! waiting_period_threshold:int4+! icon_source:varchar1! icon_version:int2+!
      email_changes_disabled:bool! description:text! inline_image_preview:bool! inline_url_embed_preview:bool!
      allow_edit_history:bool! signup_announcements_stream_id:int8>zerver_stream max_invites:int4
      message_visibility_limit:int4 send_welcome_emails:bool! bot_creation_policy:int2+!
      disallow_disposable_email_addresses:bool! message_content_delete_limit_seconds:int4+ plan_type:int2+!
      first_visible_message_id:int4! logo_source:varchar1! logo_version:int2+!
      message_content_allowed_in_email_notifications:bool! night_logo_source:varchar1! night_logo_version:int2+!
      digest_weekday:int2! invite_to_stream_policy:int2+! avatar_changes_disabled:bool! video_chat_provider:int2+!
      user_group_edit_policy:int2+! private_message_policy:int2+! default_code_block_language:text!
      wildcard_mention_policy:int2+! deactivated_redirect:varchar128 invite_to_realm_policy:int2+! giphy_rating:int2+!
      move_messages_between_streams_policy:int2+! edit_topic_policy:int2+! add_custom_emoji_policy:int2+!
      demo_organization_scheduled_deletion_date:timestamptz delete_own_message_policy:int2+!
      create_private_stream_policy:int2+! create_public_stream_policy:int2+! create_web_public_stream_policy:int2+!
      enable_spectator_access:bool! want_advertise_in_communities_directory:bool! enable_read_receipts:bool!
      move_messages_within_stream_limit_seconds:int4+ move_messages_between_streams_limit_seconds:int4+
      create_multiuse_invite_group_id:int8!>zerver_usergroup jitsi_server_url:varchar200
      enable_guest_user_indicator:bool! uuid:uuid! uuid_owner_secret:text!
      can_access_all_users_group_id:int8!>zerver_usergroup push_notifications_enabled:bool!
      push_notifications_enabled_end_timestamp:timestamptz zulip_update_announcements_stream_id:int8>zerver_stream
      zulip_update_announcements_level:int4+ require_unique_names:bool! custom_upload_quota_gb:int4
      gif_rating_policy:? can_create_private_channel_group_id:int8!>zerver_usergroup
      can_create_public_channel_group_id:int8!>zerver_usergroup
      can_create_web_public_channel_group_id:int8!>zerver_usergroup
      can_delete_any_message_group_id:int8!>zerver_usergroup direct_message_initiator_group_id:int8!>zerver_usergroup
      direct_message_permission_group_id:int8!>zerver_usergroup can_delete_own_message_group_id:int8!>zerver_usergroup
      can_create_groups_id:int8!>zerver_usergroup can_manage_all_groups_id:int8!>zerver_usergroup
      can_add_custom_emoji_group_id:int8!>zerver_usergroup
      can_move_messages_between_channels_group_id:int8!>zerver_usergroup
      can_move_messages_between_topics_group_id:int8!>zerver_usergroup
      can_invite_users_group_id:int8!>zerver_usergroup moderation_request_channel_id:int8>zerver_stream
      scheduled_deletion_date:timestamptz can_add_subscribers_group_id:int8!>zerver_usergroup
      can_create_bots_group_id:int8!>zerver_usergroup can_create_write_only_bots_group_id:int8!>zerver_usergroup
      enable_guest_user_dm_warning:bool! can_summarize_topics_group_id:int8!>zerver_usergroup
      can_mention_many_users_group_id:int8!>zerver_usergroup message_edit_history_visibility_policy:int2+!
      can_manage_billing_group_id:int8!>zerver_usergroup can_resolve_topics_group_id:int8!>zerver_usergroup
      topics_policy:? can_set_topics_policy_group_id:int8>zerver_usergroup
      can_set_delete_message_policy_group_id:int8>zerver_usergroup require_e2ee_push_notifications:?
      welcome_message_custom_text:? send_channel_events_messages:? owner_full_content_access:? default_avatar_source:?
      rendered_description:? rendered_description_version:? media_preview_size:?
      workplace_users_group_id:int8>zerver_usergroup
      """,
      ["(uuid)", "(string_id)"]
    ),
    (
      "zerver_realmauditlog",
      """
      id:int8! backfilled:bool! event_time:timestamptz! acting_user_id:int4>zerver_userprofile
      modified_stream_id:int8>zerver_stream modified_user_id:int4>zerver_userprofile realm_id:int4!>zerver_realm
      event_last_message_id:int4 event_type:int2+! extra_data:jsonb! modified_user_group_id:int8>zerver_namedusergroup
      modified_channel_folder_id:int8>zerver_channelfolder scrubbed:?
      """,
      []
    ),
    (
      "zerver_realmauthenticationmethod",
      "id:int8! name:varchar80! realm_id:int4!>zerver_realm",
      ["(realm_id, name)"]
    ),
    (
      "zerver_realmdomain",
      "id:int8! domain:varchar80! realm_id:int4!>zerver_realm allow_subdomains:bool!",
      ["(realm_id, domain)"]
    ),
    (
      "zerver_realmemoji",
      """
      id:int8! name:text! realm_id:int4!>zerver_realm author_id:int4>zerver_userprofile file_name:text
      deactivated:bool! is_animated:bool!
      """,
      ["(realm_id, name) WHERE (NOT deactivated)"]
    ),
    (
      "zerver_realmexport",
      """
      id:int8! type:int2+! status:int2+! date_requested:timestamptz! date_started:timestamptz
      date_succeeded:timestamptz date_failed:timestamptz date_deleted:timestamptz export_path:text
      sha256sum_hex:varchar64 tarball_size_bytes:int8+ stats:jsonb acting_user_id:int4>zerver_userprofile
      realm_id:int4!>zerver_realm
      """,
      []
    ),
    (
      "zerver_realmfilter",
      """
      id:int8! pattern:text! realm_id:int4!>zerver_realm url_template:text! order:int4! example_input:?
      reverse_template:? alternative_url_templates:?
      """,
      ["(realm_id, pattern)"]
    ),
    (
      "zerver_realmplayground",
      "id:int8! name:text! pygments_language:varchar40! realm_id:int4!>zerver_realm url_template:text!",
      ["(realm_id, pygments_language, name)"]
    ),
    (
      "zerver_realmuserdefault",
      """
      id:int8! enter_sends:bool! left_side_userlist:bool! default_language:varchar50! web_home_view:text!
      dense_mode:bool! fluid_layout_width:bool! high_contrast_mode:bool! translate_emoticons:bool!
      twenty_four_hour_time:bool! starred_message_counts:bool! color_scheme:int2+! demote_inactive_streams:int2+!
      emojiset:varchar20! enable_stream_desktop_notifications:bool! enable_stream_email_notifications:bool!
      enable_stream_push_notifications:bool! enable_stream_audible_notifications:bool! notification_sound:varchar20!
      wildcard_mentions_notify:bool! enable_desktop_notifications:bool! pm_content_in_desktop_notifications:bool!
      enable_sounds:bool! enable_offline_email_notifications:bool! message_content_in_email_notifications:bool!
      enable_offline_push_notifications:bool! enable_online_push_notifications:bool! desktop_icon_count_display:int2+!
      enable_digest_emails:bool! enable_login_emails:bool! enable_marketing_emails:bool! presence_enabled:bool!
      realm_id:int4!>zerver_realm email_notifications_batching_period_seconds:int4!
      enable_drafts_synchronization:bool! send_private_typing_notifications:bool!
      send_stream_typing_notifications:bool! send_read_receipts:bool! web_escape_navigates_to_home_view:bool!
      display_emoji_reaction_users:bool! user_list_style:int2+! email_address_visibility:int2+!
      realm_name_in_email_notifications_policy:int2+! web_mark_read_on_scroll_policy:int2!
      enable_followed_topic_audible_notifications:bool! enable_followed_topic_desktop_notifications:bool!
      enable_followed_topic_email_notifications:bool! enable_followed_topic_push_notifications:bool!
      enable_followed_topic_wildcard_mentions_notify:bool! web_stream_unreads_count_display_policy:int2+!
      automatically_follow_topics_policy:int2+! automatically_unmute_topics_in_muted_streams_policy:int2+!
      automatically_follow_topics_where_mentioned:bool! web_font_size_px:int2+! web_line_height_percent:int2+!
      receives_typing_notifications:bool! web_animate_image_previews:text! web_channel_default_view:int2!
      web_navigate_to_sent_message:bool! allow_private_data_export:bool! web_suggest_update_timezone:bool!
      hide_ai_features:bool! resolved_topic_notice_auto_read_policy:? web_left_sidebar_unreads_count_summary:?
      web_left_sidebar_show_channel_folders:? web_inbox_show_channel_folders:?
      """,
      ["(realm_id)"]
    ),
    (
      "zerver_recipient",
      "id:int4! type_id:int4! type:int2+!",
      ["(type, type_id)"]
    ),
    (
      "zerver_savedsnippet",
      """
      id:int8! title:text! content:text! date_created:timestamptz! realm_id:int4!>zerver_realm
      user_profile_id:int4!>zerver_userprofile
      """,
      []
    ),
    (
      "zerver_scheduledmessage",
      """
      id:int8! subject:varchar60! content:text! scheduled_timestamp:timestamptz! delivered:bool!
      realm_id:int4!>zerver_realm recipient_id:int4!>zerver_recipient sender_id:int4!>zerver_userprofile
      sending_client_id:int4!>zerver_client stream_id:int8>zerver_stream delivery_type:int2+! rendered_content:text!
      has_attachment:bool! failed:bool! failure_message:text delivered_message_id:int4>zerver_message
      read_by_sender:bool! request_timestamp:? reminder_target_message_id:int8 reminder_note:text
      """,
      []
    ),
    (
      "zerver_service",
      """
      id:int8! name:varchar100! base_url:text! token:text! interface:int2+! user_profile_id:int4!>zerver_userprofile
      """,
      []
    ),
    (
      "zerver_stream",
      """
      id:int8! name:varchar60! invite_only:bool! email_token:varchar32! description:varchar1024!
      date_created:timestamptz! deactivated:bool! realm_id:int4!>zerver_realm is_in_zephyr_realm:bool!
      history_public_to_subscribers:bool! is_web_public:bool! rendered_description:text! first_message_id:int4
      message_retention_days:int4 recipient_id:int4>zerver_recipient stream_post_policy:int2+!
      can_remove_subscribers_group_id:int8!>zerver_usergroup creator_id:int4>zerver_userprofile
      is_recently_active:bool! can_administer_channel_group_id:int8!>zerver_usergroup
      can_send_message_group_id:int8!>zerver_usergroup can_add_subscribers_group_id:int8!>zerver_usergroup
      can_subscribe_group_id:int8!>zerver_usergroup subscriber_count:int4! folder_id:int8>zerver_channelfolder
      topics_policy:? can_move_messages_within_channel_group_id:int8>zerver_usergroup
      can_move_messages_out_of_channel_group_id:int8>zerver_usergroup
      can_resolve_topics_group_id:int8>zerver_usergroup can_delete_any_message_group_id:int8>zerver_usergroup
      can_delete_own_message_group_id:int8>zerver_usergroup can_create_topic_group_id:int8>zerver_usergroup
      """,
      ["(realm_id, upper((name)::text))", "(email_token)"]
    ),
    (
      "zerver_subscription",
      """
      id:int8! active:bool! color:varchar10! desktop_notifications:bool audible_notifications:bool
      recipient_id:int4!>zerver_recipient user_profile_id:int4!>zerver_userprofile pin_to_top:bool!
      push_notifications:bool email_notifications:bool is_muted:bool! wildcard_mentions_notify:bool
      is_user_active:bool!
      """,
      ["(user_profile_id, recipient_id)"]
    ),
    (
      "zerver_useractivity",
      """
      id:int8! query:varchar50! count:int4! last_visit:timestamptz! client_id:int4!>zerver_client
      user_profile_id:int4!>zerver_userprofile
      """,
      ["(user_profile_id, client_id, query)"]
    ),
    (
      "zerver_useractivityinterval",
      "id:int8! start:timestamptz! end:timestamptz! user_profile_id:int4!>zerver_userprofile",
      []
    ),
    (
      "zerver_usergroup",
      "id:int8! realm_id:int4!>zerver_realm",
      []
    ),
    (
      "zerver_usergroupmembership",
      "id:int8! user_group_id:int8!>zerver_usergroup user_profile_id:int4!>zerver_userprofile",
      ["(user_group_id, user_profile_id)"]
    ),
    (
      "zerver_usermessage",
      "flags:int8! message_id:int4!>zerver_message user_profile_id:int4!>zerver_userprofile id:int8!",
      ["(user_profile_id, message_id)"]
    ),
    (
      "zerver_userpresence",
      """
      id:int8! last_connected_time:timestamptz last_active_time:timestamptz realm_id:int4!>zerver_realm
      user_profile_id:int4!>zerver_userprofile last_update_id:int8+!
      """,
      ["(user_profile_id)"]
    ),
    (
      "zerver_userprofile",
      """
      id:int4! password:varchar128! last_login:timestamptz is_superuser:bool! email:varchar254! is_staff:bool!
      is_active:bool! is_bot:bool! date_joined:timestamptz! is_mirror_dummy:bool! full_name:varchar100!
      api_key:varchar32! enable_stream_desktop_notifications:bool! enable_stream_audible_notifications:bool!
      enable_desktop_notifications:bool! enable_sounds:bool! enable_offline_email_notifications:bool!
      enable_offline_push_notifications:bool! enable_digest_emails:bool! last_reminder:timestamptz
      rate_limits:varchar100! default_all_public_streams:bool! enter_sends:bool! twenty_four_hour_time:bool!
      avatar_source:varchar1! tutorial_status:varchar1! onboarding_steps:text! bot_owner_id:int4>zerver_userprofile
      default_events_register_stream_id:int8>zerver_stream default_sending_stream_id:int8>zerver_stream
      realm_id:int4!>zerver_realm left_side_userlist:bool! can_forge_sender:bool! bot_type:int2+
      default_language:varchar50! tos_version:varchar10 enable_online_push_notifications:bool!
      pm_content_in_desktop_notifications:bool! avatar_version:int2+! timezone:varchar40! emojiset:varchar20!
      last_active_message_id:int4 long_term_idle:bool! high_contrast_mode:bool! enable_stream_push_notifications:bool!
      enable_stream_email_notifications:bool! translate_emoticons:bool! message_content_in_email_notifications:bool!
      dense_mode:bool! delivery_email:varchar254! starred_message_counts:bool! is_billing_admin:bool!
      enable_login_emails:bool! notification_sound:varchar20! fluid_layout_width:bool! demote_inactive_streams:int2+!
      avatar_hash:varchar64 desktop_icon_count_display:int2+! role:int2+! wildcard_mentions_notify:bool!
      recipient_id:int4>zerver_recipient presence_enabled:bool! zoom_token:jsonb color_scheme:int2+!
      can_create_users:bool! web_home_view:text! enable_marketing_emails:bool!
      email_notifications_batching_period_seconds:int4! enable_drafts_synchronization:bool!
      send_private_typing_notifications:bool! send_stream_typing_notifications:bool! send_read_receipts:bool!
      web_escape_navigates_to_home_view:bool! uuid:uuid! display_emoji_reaction_users:bool! user_list_style:int2+!
      email_address_visibility:int2+! realm_name_in_email_notifications_policy:int2+!
      web_mark_read_on_scroll_policy:int2! enable_followed_topic_audible_notifications:bool!
      enable_followed_topic_desktop_notifications:bool! enable_followed_topic_email_notifications:bool!
      enable_followed_topic_push_notifications:bool! enable_followed_topic_wildcard_mentions_notify:bool!
      web_stream_unreads_count_display_policy:int2+! automatically_follow_topics_policy:int2+!
      automatically_unmute_topics_in_muted_streams_policy:int2+! automatically_follow_topics_where_mentioned:bool!
      web_font_size_px:int2+! web_line_height_percent:int2+! receives_typing_notifications:bool!
      web_animate_image_previews:text! web_channel_default_view:int2! web_navigate_to_sent_message:bool!
      allow_private_data_export:bool! web_suggest_update_timezone:bool! hide_ai_features:bool!
      resolved_topic_notice_auto_read_policy:? web_left_sidebar_unreads_count_summary:?
      web_left_sidebar_show_channel_folders:? web_inbox_show_channel_folders:? can_change_user_emails:bool!
      is_imported_stub:? third_party_api_state:? is_deleted:?
      """,
      [
        "(realm_id, upper((delivery_email)::text))",
        "(realm_id, upper((email)::text))",
        "(uuid)",
        "(api_key)",
      ]
    ),
    (
      "zerver_userstatus",
      """
      id:int8! timestamp:timestamptz! client_id:int4!>zerver_client user_profile_id:int4!>zerver_userprofile
      status_text:varchar255! emoji_code:text! emoji_name:text! reaction_type:varchar30!
      """,
      ["(user_profile_id)"]
    ),
    (
      "zerver_usertopic",
      """
      id:int8! topic_name:varchar60! recipient_id:int4!>zerver_recipient stream_id:int8!>zerver_stream
      user_profile_id:int4!>zerver_userprofile last_updated:timestamptz! visibility_policy:int2!
      """,
      ["(user_profile_id, stream_id, lower((topic_name)::text))"]
    ),
  ]
}
