import Operations

/// The default values of new organizations and new users.
enum RealmDefaults {
  /// The preferences of a user, as columns of `zerver_realmuserdefault` and `zerver_userprofile`.
  static func preferences(_ brand: Brand) -> Fields {
    [
      "automatically_follow_topics_policy": 3, "automatically_follow_topics_where_mentioned": true,
      "automatically_unmute_topics_in_muted_streams_policy": 2, "color_scheme": 1, "default_language": "en",
      "demote_inactive_streams": 1, "dense_mode": true, "desktop_icon_count_display": 1,
      "display_emoji_reaction_users": true, "email_address_visibility": 1,
      "email_notifications_batching_period_seconds": 120, "emojiset": "google", "enable_desktop_notifications": true,
      "enable_digest_emails": true, "enable_drafts_synchronization": true,
      "enable_followed_topic_audible_notifications": true, "enable_followed_topic_desktop_notifications": true,
      "enable_followed_topic_email_notifications": true, "enable_followed_topic_push_notifications": true,
      "enable_followed_topic_wildcard_mentions_notify": true, "enable_login_emails": true,
      "enable_marketing_emails": true, "enable_offline_email_notifications": true,
      "enable_offline_push_notifications": true, "enable_online_push_notifications": true, "enable_sounds": true,
      "enable_stream_audible_notifications": false, "enable_stream_desktop_notifications": false,
      "enable_stream_email_notifications": false, "enable_stream_push_notifications": false, "enter_sends": false,
      "fluid_layout_width": false, "high_contrast_mode": false, "left_side_userlist": false,
      "message_content_in_email_notifications": true, "notification_sound": Cell(brand.rawValue),
      "pm_content_in_desktop_notifications": true, "presence_enabled": true,
      "realm_name_in_email_notifications_policy": 1, "receives_typing_notifications": true,
      "send_private_typing_notifications": true, "send_read_receipts": true,
      "send_stream_typing_notifications": true, "starred_message_counts": true, "translate_emoticons": false,
      "twenty_four_hour_time": false, "user_list_style": 2, "web_escape_navigates_to_home_view": true,
      "web_font_size_px": 14, "web_home_view": "inbox", "web_line_height_percent": 122,
      "web_mark_read_on_scroll_policy": 1, "web_stream_unreads_count_display_policy": 2,
      "wildcard_mentions_notify": true,
    ]
  }

  /// The values of a row of `zerver_userprofile`, without its id, names, keys and times.
  static func user(_ brand: Brand) -> Fields {
    preferences(brand).merging([
      "avatar_hash": nil, "avatar_source": "G", "avatar_version": 1, "bot_owner_id": nil, "bot_type": nil,
      "can_create_users": false, "can_forge_sender": false, "default_all_public_streams": false,
      "default_events_register_stream_id": nil, "default_sending_stream_id": nil, "is_active": true,
      "is_billing_admin": false, "is_bot": false, "is_mirror_dummy": false, "is_staff": false, "is_superuser": false,
      "last_active_message_id": nil, "last_reminder": nil, "long_term_idle": false, "onboarding_steps": "[]",
      "rate_limits": "", "role": 400, "timezone": "", "tos_version": nil, "tutorial_status": "F", "zoom_token": nil,
    ]) { _, new in new }
  }

  /// The values of a row of `zerver_realm`, without its id, names, keys, groups and times.
  static func realm(_ brand: Brand) -> Fields {
    [
      "add_custom_emoji_policy": 1, "allow_edit_history": true, "allow_message_editing": true,
      "avatar_changes_disabled": false, "bot_creation_policy": 1, "create_private_stream_policy": 1,
      "create_public_stream_policy": 1, "create_web_public_stream_policy": 7, "custom_upload_quota_gb": nil,
      "deactivated": false, "deactivated_redirect": nil, "default_code_block_language": "", "default_language": "en",
      "delete_own_message_policy": 5, "demo_organization_scheduled_deletion_date": nil, "description": "",
      "digest_emails_enabled": false, "digest_weekday": 1, "disallow_disposable_email_addresses": true,
      "edit_topic_policy": 5, "email_changes_disabled": false, "emails_restricted_to_domains": false,
      "enable_guest_user_indicator": true, "enable_read_receipts": false, "enable_spectator_access": false,
      "first_visible_message_id": 0, "giphy_rating": 2, "icon_source": "G", "icon_version": 1,
      "inline_image_preview": true, "inline_url_embed_preview": false, "invite_required": true,
      "invite_to_realm_policy": 1, "invite_to_stream_policy": 1, "jitsi_server_url": nil, "logo_source": "D",
      "logo_version": 1, "mandatory_topics": false, "max_invites": nil,
      "message_content_allowed_in_email_notifications": true, "message_content_delete_limit_seconds": 600,
      "message_content_edit_limit_seconds": 600, "message_retention_days": -1, "message_visibility_limit": nil,
      "move_messages_between_streams_limit_seconds": 604_800, "move_messages_between_streams_policy": 1,
      "move_messages_within_stream_limit_seconds": 604_800, "name_changes_disabled": false,
      "new_stream_announcements_stream_id": nil, "night_logo_source": "D", "night_logo_version": 1, "org_type": 0,
      "plan_type": 1, "private_message_policy": 1, "push_notifications_enabled": false,
      "push_notifications_enabled_end_timestamp": nil, "require_unique_names": false, "send_welcome_emails": true,
      "signup_announcements_stream_id": nil, "user_group_edit_policy": 1, "video_chat_provider": 1,
      "waiting_period_threshold": 0, "want_advertise_in_communities_directory": false, "wildcard_mention_policy": 5,
      "\(brand.rawValue)_update_announcements_level": nil, "\(brand.rawValue)_update_announcements_stream_id": nil,
    ]
  }
}
