/// The server's data model as one table: each table of the server is listed once.
///
/// To add a table, add a line: an exported one in the order in which rows may be written on import (after the tables
/// whose rows need to be known first; foreign keys are checked at the end, so their order does not matter), or one that
/// is not exported, with its reason. A table that is not listed is placed by its foreign keys, see ``DataModel``.
public enum TableMap {
  public static let all: [TableRule] = exported + staying

  private static let secret = "a secret: it never leaves the server"

  private static let exported: [TableRule] = [
    .exported("zerver_client", rows: .everything),

    .exported(
      "zerver_realm", rows: .organization,
      [
        ColumnRule("string_id", imported: .subdomain),
        ColumnRule("push_notifications_enabled", imported: .off),
        ColumnRule("push_notifications_enabled_end_timestamp", exported: .null("the push service granted it here")),
        ColumnRule("scheduled_deletion_date", exported: .null("this server deletes it, no other one")),
        ColumnRule(
          "demo_organization_scheduled_deletion_date", exported: .null("this server deletes it, no other one")),
        ColumnRule("max_invites", key: "_max_invites"),
        ColumnRule("uuid", imported: .generatedIfMissing(.uuid)),
        ColumnRule("uuid_owner_secret", imported: .generatedIfMissing(.organizationOwnerSecret)),
        ColumnRule("description", imported: .text(.markdown)),
        ColumnRule("welcome_message_custom_text", imported: .text(.markdown)),
      ]),
    .exported("zerver_presencesequence", rows: .organizationColumn("realm_id")),
    .exported("zerver_usergroup", rows: .organizationColumn("realm_id")),
    .exported(
      "zerver_namedusergroup", rows: .organizationColumn("realm_id"),
      [
        ColumnRule("realm_id", key: "realm_for_sharding"),
        ColumnRule("id", exported: .copy(of: "usergroup_ptr_id"), imported: .ignored),
        ColumnRule("description", imported: .text(.markdown)),
      ]),
    .exported(
      "zerver_channelfolder", rows: .organizationColumn("realm_id"),
      [
        ColumnRule("description", imported: .text(.markdown)),
        ColumnRule("rendered_description", imported: .text(.html)),
      ]),
    .exported(
      "zerver_stream", rows: .organizationColumn("realm_id"),
      [
        ColumnRule("email_token", exported: .never(secret), imported: .generated(.emailToken)),
        ColumnRule("description", imported: .text(.markdown)),
        ColumnRule("rendered_description", imported: .renderedDescription),
        ColumnRule("first_message_id", imported: .computedLater),
      ]),
    .exported(
      "zerver_userprofile", rows: .users,
      [
        ColumnRule("password", exported: .never(secret), imported: .generated(.unusablePassword)),
        ColumnRule("api_key", exported: .never(secret), imported: .generated(.apiKey)),
        ColumnRule("uuid", exported: .never("it names the user on the push service"), imported: .generated(.uuid)),
        ColumnRule("zoom_token", exported: .null(secret)),
        // Its replacement in later versions.
        ColumnRule("third_party_api_state", exported: .emptyObject(secret)),
        ColumnRule("groups", exported: .emptyList, imported: .ignored),
        ColumnRule("user_permissions", exported: .emptyList, imported: .ignored),
        ColumnRule("last_active_message_id", imported: .reference("zerver_message")),
        ColumnRule("tos_version", imported: .generated(.termsNotSeen)),
      ]),

    .exported("zerver_defaultstream", rows: .organizationColumn("realm_id")),
    .exported("zerver_realmauthenticationmethod", rows: .organizationColumn("realm_id")),
    .exported(
      "zerver_realmemoji", rows: .organizationColumn("realm_id"),
      [ColumnRule("author_id", imported: .userOrFirstOwner)]),
    .exported("zerver_realmdomain", rows: .organizationColumn("realm_id")),
    .exported("zerver_realmfilter", rows: .organizationColumn("realm_id")),
    .exported("zerver_realmplayground", rows: .organizationColumn("realm_id")),
    .exported(
      "zerver_realmexport", rows: .organizationColumn("realm_id"),
      notImported: "it lists exports that the old server made, and the server counts them against its weekly limit"),

    .exported("zerver_recipient", rows: .recipients, [ColumnRule("type_id", imported: .recipientTarget)]),
    .exported(
      "zerver_subscription", rows: .subscriptions, [ColumnRule("is_user_active", imported: .userIsActive)]),
    .exported("zerver_realmauditlog", rows: .auditLog),
    .exported(
      "zerver_huddle", rows: .groupMessages,
      [
        ColumnRule("huddle_hash", imported: .groupMessageHash), ColumnRule("group_size", imported: .groupMessageSize),
      ]),

    .exported("zerver_alertword", rows: .userColumn("user_profile_id")),
    .exported("zerver_onboardingstep", rows: .userColumn("user_id")),
    .exported(
      "zerver_savedsnippet", rows: .userColumn("user_profile_id"),
      [ColumnRule("content", imported: .text(.markdown))]),
    .exported(
      "zerver_navigationview", rows: .userColumn("user_id"), [ColumnRule("fragment", imported: .text(.fragment))]),
    .exported("zerver_externalauthid", rows: .userColumn("user_id")),
    .exported("zerver_usertopic", rows: .userColumn("user_profile_id")),
    .exported("zerver_muteduser", rows: .userColumn("user_profile_id")),
    .exported(
      "zerver_service", rows: .userColumn("user_profile_id"), [ColumnRule("token", imported: .generated(.token))]),
    .exported("zerver_usergroupmembership", rows: .parentColumn("user_group_id", table: "zerver_usergroup")),
    .exported("zerver_groupgroupmembership", rows: .parentColumn("supergroup_id", table: "zerver_usergroup")),
    .exported("zerver_botstoragedata", rows: .userColumn("bot_profile_id")),
    .exported("zerver_botconfigdata", rows: .userColumn("bot_profile_id")),
    .exported("zerver_realmuserdefault", rows: .organizationColumn("realm_id")),
    .exported("zerver_userpresence", rows: .profileColumn("user_profile_id")),
    .exported("zerver_useractivity", rows: .userColumn("user_profile_id")),
    .exported("zerver_useractivityinterval", rows: .userColumn("user_profile_id")),
    .exported("zerver_customprofilefield", rows: .organizationColumn("realm_id")),
    .exported(
      "zerver_customprofilefieldvalue", rows: .profileColumn("user_profile_id"),
      [ColumnRule("value", imported: .profileValue), ColumnRule("rendered_value", imported: .text(.html))]),

    .exported(
      "zerver_message", in: .messages, rows: .messages,
      [
        ColumnRule("content", imported: .text(.markdown)),
        ColumnRule("rendered_content", imported: .text(.html)),
        ColumnRule("edit_history", imported: .text(.editHistory)),
        // The server's own indexer fills it, from the queue that the import writes.
        ColumnRule("search_tsvector", imported: .ignored),
        ColumnRule("search_pgroonga", exported: .never("an index of this server only"), imported: .ignored),
      ]),
    .exported(
      "zerver_usermessage", in: .messages, rows: .userMessages,
      [ColumnRule("flags", key: "flags_mask"), ColumnRule("id", imported: .ignored)]),

    .exported(
      "zerver_onboardingusermessage", rows: .parentColumn("message_id", table: "zerver_message"),
      [ColumnRule("flags", key: "flags_mask")]),

    .exported(
      "zerver_scheduledmessage", rows: .scheduledMessages,
      [
        ColumnRule("reminder_target_message_id", imported: .reference("zerver_message")),
        ColumnRule("content", imported: .text(.markdown)),
        ColumnRule("rendered_content", imported: .text(.html)),
        ColumnRule("reminder_note", imported: .text(.markdown)),
      ]),
    .exported("zerver_reaction", rows: .reactions, [ColumnRule("emoji_code", imported: .emojiCode)]),
    .exported(
      "zerver_userstatus", rows: .userColumn("user_profile_id"),
      [
        ColumnRule("emoji_code", imported: .emojiCode), ColumnRule("emoji_name", imported: .emojiPart),
        ColumnRule("reaction_type", imported: .emojiPart),
        ColumnRule("status_text", imported: .text(.markdown)),
      ]),

    .exported(
      "zerver_attachment", in: .attachments, rows: .attachments,
      [
        ColumnRule("path_id", imported: .uploadPath),
        ColumnRule(
          "messages", exported: .identifiers(joining: "zerver_attachment_messages", column: "message_id"),
          imported: .ignored),
        ColumnRule(
          "scheduled_messages",
          exported: .identifiers(joining: "zerver_attachment_scheduled_messages", column: "scheduledmessage_id"),
          imported: .ignored),
      ]),
    .carried("zerver_attachment_messages", by: "zerver_attachment"),
    .carried("zerver_attachment_scheduled_messages", by: "zerver_attachment"),

    .exported("analytics_realmcount", in: .analytics, rows: .organizationColumn("realm_id")),
    .exported("analytics_usercount", in: .analytics, rows: .organizationColumn("realm_id")),
    .exported("analytics_streamcount", in: .analytics, rows: .organizationColumn("realm_id")),
  ]

  private static let staying: [TableRule] =
    TableRule.staysBehind(
      [
        "zerver_emailchangestatus", "zerver_multiuseinvite", "zerver_multiuseinvite_streams",
        "zerver_multiuseinvite_groups", "zerver_preregistrationrealm", "zerver_preregistrationuser",
        "zerver_preregistrationuser_streams", "zerver_preregistrationuser_groups", "zerver_realmcreationstatus",
        "zerver_realmreactivationstatus", "confirmation_confirmation", "confirmation_realmcreationkey",
      ], "invitations and confirmations hold links to the old server")
    + TableRule.staysBehind(
      ["zerver_missedmessageemailaddress"], "addresses for replies by mail name the old server and expire in days")
    + TableRule.staysBehind(
      ["zerver_channelemailaddress"], "addresses of channels name the old server, and hold secrets")
    + TableRule.staysBehind(
      ["zerver_imageattachment"], "the importing server creates its own previews")
    + TableRule.staysBehind(
      ["zerver_scheduledmessagenotificationemail", "zerver_scheduledemail", "zerver_scheduledemail_users"],
      "mail that this server is about to send")
    + TableRule.staysBehind(
      ["zerver_pushdevicetoken", "zerver_pushdevice", "zerver_device"],
      "phones register again when users sign in")
    + TableRule.staysBehind(
      [
        "two_factor_phonedevice", "otp_static_staticdevice", "otp_static_statictoken", "otp_totp_totpdevice",
        "social_auth_association", "social_auth_code", "social_auth_nonce", "social_auth_partial",
        "social_auth_usersocialauth", "django_session",
      ], "authentication is configured separately on each server")
    + TableRule.staysBehind(
      [
        "zerver_archivedmessage", "zerver_archivedusermessage", "zerver_archivedattachment",
        "zerver_archivedattachment_messages", "zerver_archivedreaction", "zerver_archivedsubmessage",
        "zerver_archivetransaction",
      ], "deleted messages, kept for a while against accidents only")
    + TableRule.staysBehind(["analytics_installationcount", "analytics_fillstate"], "counts of the whole server")
    + TableRule.staysBehind(
      ["zerver_defaultstreamgroup", "zerver_defaultstreamgroup_streams"], "a feature that was never finished")
    + TableRule.staysBehind(
      ["zerver_submessage"], "the state of polls and task lists; the official format has no place for it")
    + TableRule.staysBehind(["zerver_draft"], "drafts are short-lived")
    + TableRule.staysBehind(["fts_update_log"], "a queue of the server's own indexer")
    + TableRule.staysBehind(
      [
        "auth_group", "auth_group_permissions", "auth_permission", "django_content_type", "django_migrations",
        "zerver_userprofile_groups", "zerver_userprofile_user_permissions", "third_party_api_results",
      ], "it belongs to the server's software, not to an organization")
    + TableRule.staysBehind(
      [
        "corporate_customer", "corporate_customerplan", "corporate_customerplanoffer", "corporate_event",
        "corporate_invoice", "corporate_licenseledger", "corporate_paymentintent", "corporate_session",
        "corporate_zulipsponsorshiprequest", "zilencer_preregistrationremoterealmbillinguser",
        "zilencer_preregistrationremoteserverbillinguser", "zilencer_remoteinstallationcount",
        "zilencer_remotepushdevicetoken", "zilencer_remoterealm", "zilencer_remoterealmauditlog",
        "zilencer_remoterealmbillinguser", "zilencer_remoterealmcount", "zilencer_remoteserverbillinguser",
        "zilencer_remotezulipserver", "zilencer_remotezulipserverauditlog",
      ], "billing and the push service, which only the cloud runs")
}
