-- What the framework knows after an installation: the newest migration of each application, the kinds of content.

INSERT INTO django_migrations (app, name, applied) VALUES
  ('contenttypes', '0002_remove_content_type_name', now()),
  ('auth', '0012_alter_user_first_name_max_length', now()),
  ('sessions', '0001_initial', now()),
  ('confirmation', '0011_alter_confirmation_expiry_date', now()),
  ('analytics', '0017_regenerate_partial_indexes', now()),
  ('otp_static', '0003_add_timestamps', now()),
  ('otp_totp', '0003_add_timestamps', now()),
  ('pgroonga', '0002_html_escape_subject', now()),
  ('phonenumber', '0001_squashed_0001_initial', now()),
  ('two_factor', '0008_delete_phonedevice', now()),
  ('default', '0004_auto_20160423_0400', now()),
  ('social_auth', '0005_auto_20160727_2333', now()),
  ('social_django', '0015_rename_extra_data_new_usersocialauth_extra_data', now()),
  ('zerver', '0519_archivetransaction_restored_timestamp', now()),
  ('zerver', '0520_attachment_zerver_attachment_realm_create_time', now()),
  ('zerver', '0521_multiuseinvite_include_realm_default_subscriptions_and_more', now()),
  ('zerver', '0522_set_include_realm_default_subscriptions_for_existing_objects', now()),
  ('zerver', '0523_alter_multiuseinvite_subscribe_to_default_streams_and_more', now());

INSERT INTO django_content_type (app_label, model)
SELECT app, model
FROM (VALUES
    (1, 'auth', 'permission group'),
    (2, 'contenttypes', 'contenttype'),
    (3, 'sessions', 'session'),
    (4, 'confirmation', 'confirmation realmcreationkey'),
    (5, 'zerver', 'userprofile client defaultstream huddle message preregistrationuser pushdevicetoken realm realmemoji
      realmfilter recipient stream subscription useractivity useractivityinterval usermessage attachment reaction
      emailchangestatus realmauditlog archivedattachment archivedmessage archivedusermessage realmdomain
      customprofilefield customprofilefieldvalue service scheduledemail multiuseinvite defaultstreamgroup usergroup
      usergroupmembership botstoragedata botconfigdata scheduledmessage submessage userstatus archivedreaction
      archivedsubmessage archivetransaction missedmessageemailaddress alertword draft muteduser realmplayground
      scheduledmessagenotificationemail realmuserdefault usertopic groupgroupmembership realmreactivationstatus
      preregistrationrealm realmauthenticationmethod userpresence onboardingstep namedusergroup'),
    (6, 'social_django', 'association code nonce usersocialauth partial'),
    (7, 'otp_static', 'staticdevice statictoken'),
    (8, 'otp_totp', 'totpdevice'),
    (9, 'phonenumber', 'phonedevice'),
    (10, 'analytics', 'installationcount realmcount streamcount usercount fillstate')
  ) AS apps (position, app, models),
  regexp_split_to_table(models, '\s+') WITH ORDINALITY AS models_of (model, place)
ORDER BY position, place;
