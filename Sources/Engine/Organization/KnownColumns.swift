/// The columns of every exported table in the versions of the server that this program's map was made with: 9 to 12.
///
/// Only to tell what is new: a column that stands here needs no word, one that does not is reported.
enum KnownColumns {
  static func contains(_ column: String, of table: String) -> Bool {
    // Two columns carry the server's name.
    let known = column.hasPrefix("aloha_") ? "zulip_" + column.dropFirst(6) : column
    return byTable[table]?.contains(known) ?? false
  }

  private static let byTable: [String: Set<String>] = columns.mapValues { list in
    Set(list.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init))
  }

  private static let columns: [String: String] = [
    "analytics_realmcount": "id realm_id property end_time value subgroup",
    "analytics_streamcount": "id realm_id stream_id property end_time value subgroup",
    "analytics_usercount": "id realm_id user_id property end_time value subgroup",
    "zerver_alertword": "id word realm_id user_profile_id",
    "zerver_attachment": """
    id file_name path_id create_time owner_id is_realm_public realm_id size is_web_public content_type
    """,
    "zerver_attachment_messages": "id attachment_id message_id",
    "zerver_attachment_scheduled_messages": "id attachment_id scheduledmessage_id",
    "zerver_botconfigdata": "id key value bot_profile_id",
    "zerver_botstoragedata": "id key value bot_profile_id",
    "zerver_client": "id name",
    "zerver_channelfolder":
      "id name description rendered_description date_created is_archived creator_id realm_id order",
    "zerver_externalauthid": "id date_created external_auth_method_name external_auth_id realm_id user_id",
    "zerver_navigationview": "id fragment is_pinned name user_id",
    "zerver_onboardingusermessage": "id flags message_id realm_id",
    "zerver_presencesequence": "id last_update_id realm_id",
    "zerver_realmexport": """
    id type status date_requested date_started date_succeeded date_failed date_deleted export_path sha256sum_hex
    tarball_size_bytes stats acting_user_id realm_id
    """,
    "zerver_savedsnippet": "id title content date_created realm_id user_profile_id",
    "zerver_customprofilefield": """
    id name field_type realm_id hint field_data order display_in_profile_summary required editable_by_user
    use_for_user_matching
    """,
    "zerver_customprofilefieldvalue": "id value field_id user_profile_id rendered_value",
    "zerver_defaultstream": "id realm_id stream_id",
    "zerver_groupgroupmembership": "id subgroup_id supergroup_id",
    "zerver_huddle": "id huddle_hash recipient_id group_size",
    "zerver_message": """
    id subject content rendered_content rendered_content_version last_edit_time edit_history has_attachment
    has_image has_link recipient_id sender_id sending_client_id search_tsvector date_sent search_pgroonga realm_id
    type is_channel_message
    """,
    "zerver_muteduser": "id date_muted muted_user_id user_profile_id",
    "zerver_namedusergroup": """
    usergroup_ptr_id name description is_system_group can_mention_group_id realm_id can_manage_group_id deactivated
    creator_id date_created can_join_group_id can_add_members_group_id can_leave_group_id
    can_remove_members_group_id
    """,
    "zerver_onboardingstep": "id onboarding_step timestamp user_id",
    "zerver_reaction": "id user_profile_id message_id emoji_name emoji_code reaction_type",
    "zerver_realm": """
    id name emails_restricted_to_domains invite_required mandatory_topics digest_emails_enabled
    name_changes_disabled date_created deactivated new_stream_announcements_stream_id allow_message_editing
    message_content_edit_limit_seconds default_language string_id org_type message_retention_days
    waiting_period_threshold icon_source icon_version email_changes_disabled description inline_image_preview
    inline_url_embed_preview allow_edit_history signup_announcements_stream_id max_invites message_visibility_limit
    send_welcome_emails bot_creation_policy disallow_disposable_email_addresses message_content_delete_limit_seconds
    plan_type first_visible_message_id logo_source logo_version message_content_allowed_in_email_notifications
    night_logo_source night_logo_version digest_weekday invite_to_stream_policy avatar_changes_disabled
    video_chat_provider user_group_edit_policy private_message_policy default_code_block_language
    wildcard_mention_policy deactivated_redirect invite_to_realm_policy giphy_rating
    move_messages_between_streams_policy edit_topic_policy add_custom_emoji_policy
    demo_organization_scheduled_deletion_date delete_own_message_policy create_private_stream_policy
    create_public_stream_policy create_web_public_stream_policy enable_spectator_access
    want_advertise_in_communities_directory enable_read_receipts move_messages_within_stream_limit_seconds
    move_messages_between_streams_limit_seconds create_multiuse_invite_group_id jitsi_server_url
    enable_guest_user_indicator uuid uuid_owner_secret can_access_all_users_group_id push_notifications_enabled
    push_notifications_enabled_end_timestamp zulip_update_announcements_stream_id zulip_update_announcements_level
    require_unique_names custom_upload_quota_gb gif_rating_policy can_create_private_channel_group_id
    can_create_public_channel_group_id can_create_web_public_channel_group_id can_delete_any_message_group_id
    direct_message_initiator_group_id direct_message_permission_group_id can_delete_own_message_group_id
    can_create_groups_id can_manage_all_groups_id can_add_custom_emoji_group_id
    can_move_messages_between_channels_group_id can_move_messages_between_topics_group_id can_invite_users_group_id
    moderation_request_channel_id scheduled_deletion_date can_add_subscribers_group_id can_create_bots_group_id
    can_create_write_only_bots_group_id enable_guest_user_dm_warning can_summarize_topics_group_id
    can_mention_many_users_group_id message_edit_history_visibility_policy can_manage_billing_group_id
    can_resolve_topics_group_id topics_policy can_set_topics_policy_group_id can_set_delete_message_policy_group_id
    require_e2ee_push_notifications welcome_message_custom_text send_channel_events_messages
    owner_full_content_access default_avatar_source rendered_description rendered_description_version
    media_preview_size workplace_users_group_id
    """,
    "zerver_realmauditlog": """
    id backfilled event_time acting_user_id modified_stream_id modified_user_id realm_id event_last_message_id
    event_type extra_data modified_user_group_id modified_channel_folder_id scrubbed
    """,
    "zerver_realmauthenticationmethod": "id name realm_id",
    "zerver_realmdomain": "id domain realm_id allow_subdomains",
    "zerver_realmemoji": "id name realm_id author_id file_name deactivated is_animated",
    "zerver_realmfilter": """
    id pattern realm_id url_template order example_input reverse_template alternative_url_templates
    """,
    "zerver_realmplayground": "id name pygments_language realm_id url_template",
    "zerver_realmuserdefault": """
    id enter_sends left_side_userlist default_language web_home_view dense_mode fluid_layout_width
    high_contrast_mode translate_emoticons twenty_four_hour_time starred_message_counts color_scheme
    demote_inactive_streams emojiset enable_stream_desktop_notifications enable_stream_email_notifications
    enable_stream_push_notifications enable_stream_audible_notifications notification_sound wildcard_mentions_notify
    enable_desktop_notifications pm_content_in_desktop_notifications enable_sounds
    enable_offline_email_notifications message_content_in_email_notifications enable_offline_push_notifications
    enable_online_push_notifications desktop_icon_count_display enable_digest_emails enable_login_emails
    enable_marketing_emails presence_enabled realm_id email_notifications_batching_period_seconds
    enable_drafts_synchronization send_private_typing_notifications send_stream_typing_notifications
    send_read_receipts web_escape_navigates_to_home_view display_emoji_reaction_users user_list_style
    email_address_visibility realm_name_in_email_notifications_policy web_mark_read_on_scroll_policy
    enable_followed_topic_audible_notifications enable_followed_topic_desktop_notifications
    enable_followed_topic_email_notifications enable_followed_topic_push_notifications
    enable_followed_topic_wildcard_mentions_notify web_stream_unreads_count_display_policy
    automatically_follow_topics_policy automatically_unmute_topics_in_muted_streams_policy
    automatically_follow_topics_where_mentioned web_font_size_px web_line_height_percent
    receives_typing_notifications web_animate_image_previews web_channel_default_view web_navigate_to_sent_message
    allow_private_data_export web_suggest_update_timezone hide_ai_features resolved_topic_notice_auto_read_policy
    web_left_sidebar_unreads_count_summary web_left_sidebar_show_channel_folders web_inbox_show_channel_folders
    """,
    "zerver_recipient": "id type_id type",
    "zerver_scheduledmessage": """
    id subject content scheduled_timestamp delivered realm_id recipient_id sender_id sending_client_id stream_id
    delivery_type rendered_content has_attachment failed failure_message delivered_message_id read_by_sender
    request_timestamp reminder_target_message_id reminder_note
    """,
    "zerver_service": "id name base_url token interface user_profile_id",
    "zerver_stream": """
    id name invite_only email_token description date_created deactivated realm_id is_in_zephyr_realm
    history_public_to_subscribers is_web_public rendered_description first_message_id message_retention_days
    recipient_id stream_post_policy can_remove_subscribers_group_id creator_id is_recently_active
    can_administer_channel_group_id can_send_message_group_id can_add_subscribers_group_id can_subscribe_group_id
    subscriber_count folder_id topics_policy can_move_messages_within_channel_group_id
    can_move_messages_out_of_channel_group_id can_resolve_topics_group_id can_delete_any_message_group_id
    can_delete_own_message_group_id can_create_topic_group_id
    """,
    "zerver_subscription": """
    id active color desktop_notifications audible_notifications recipient_id user_profile_id pin_to_top
    push_notifications email_notifications is_muted wildcard_mentions_notify is_user_active
    """,
    "zerver_useractivity": "id query count last_visit client_id user_profile_id",
    "zerver_useractivityinterval": "id start end user_profile_id",
    "zerver_usergroup": "id realm_id",
    "zerver_usergroupmembership": "id user_group_id user_profile_id",
    "zerver_usermessage": "flags message_id user_profile_id id",
    "zerver_userpresence": "id last_connected_time last_active_time realm_id user_profile_id last_update_id",
    "zerver_userprofile": """
    id password last_login is_superuser email is_staff is_active is_bot date_joined is_mirror_dummy full_name
    api_key enable_stream_desktop_notifications enable_stream_audible_notifications enable_desktop_notifications
    enable_sounds enable_offline_email_notifications enable_offline_push_notifications enable_digest_emails
    last_reminder rate_limits default_all_public_streams enter_sends twenty_four_hour_time avatar_source
    tutorial_status onboarding_steps bot_owner_id default_events_register_stream_id default_sending_stream_id
    realm_id left_side_userlist can_forge_sender bot_type default_language tos_version
    enable_online_push_notifications pm_content_in_desktop_notifications avatar_version timezone emojiset
    last_active_message_id long_term_idle high_contrast_mode enable_stream_push_notifications
    enable_stream_email_notifications translate_emoticons message_content_in_email_notifications dense_mode
    delivery_email starred_message_counts is_billing_admin enable_login_emails notification_sound fluid_layout_width
    demote_inactive_streams avatar_hash desktop_icon_count_display role wildcard_mentions_notify recipient_id
    presence_enabled zoom_token color_scheme can_create_users web_home_view enable_marketing_emails
    email_notifications_batching_period_seconds enable_drafts_synchronization send_private_typing_notifications
    send_stream_typing_notifications send_read_receipts web_escape_navigates_to_home_view uuid
    display_emoji_reaction_users user_list_style email_address_visibility realm_name_in_email_notifications_policy
    web_mark_read_on_scroll_policy enable_followed_topic_audible_notifications
    enable_followed_topic_desktop_notifications enable_followed_topic_email_notifications
    enable_followed_topic_push_notifications enable_followed_topic_wildcard_mentions_notify
    web_stream_unreads_count_display_policy automatically_follow_topics_policy
    automatically_unmute_topics_in_muted_streams_policy automatically_follow_topics_where_mentioned web_font_size_px
    web_line_height_percent receives_typing_notifications web_animate_image_previews web_channel_default_view
    web_navigate_to_sent_message allow_private_data_export web_suggest_update_timezone hide_ai_features
    resolved_topic_notice_auto_read_policy web_left_sidebar_unreads_count_summary
    web_left_sidebar_show_channel_folders web_inbox_show_channel_folders can_change_user_emails is_imported_stub
    third_party_api_state is_deleted
    """,
    "zerver_userstatus": "id timestamp client_id user_profile_id status_text emoji_code emoji_name reaction_type",
    "zerver_usertopic": "id topic_name recipient_id stream_id user_profile_id last_updated visibility_policy",
  ]
}
