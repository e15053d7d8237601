-- What is said once for all tables: circular references, deferral, the indexes that Django makes by itself, search.

ALTER TABLE zerver_realm
  ADD FOREIGN KEY (new_stream_announcements_stream_id) REFERENCES zerver_stream,
  ADD FOREIGN KEY (signup_announcements_stream_id) REFERENCES zerver_stream,
  ADD FOREIGN KEY (@brand@_update_announcements_stream_id) REFERENCES zerver_stream,
  ADD FOREIGN KEY (create_multiuse_invite_group_id) REFERENCES zerver_usergroup,
  ADD FOREIGN KEY (can_access_all_users_group_id) REFERENCES zerver_usergroup;

ALTER TABLE zerver_userprofile
  ADD FOREIGN KEY (default_events_register_stream_id) REFERENCES zerver_stream,
  ADD FOREIGN KEY (default_sending_stream_id) REFERENCES zerver_stream;

-- Every foreign key is checked at the end of the transaction, and has an index of its own.
DO $$
DECLARE
  key record;
BEGIN
  FOR key IN
    SELECT c.conrelid::regclass AS relation, c.conname AS name, a.attname AS part,
      EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indnatts = 1 AND i.indkey[0] = a.attnum) AS indexed
    FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace
    ORDER BY c.oid
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER CONSTRAINT %I DEFERRABLE INITIALLY DEFERRED', key.relation, key.name);
    IF NOT key.indexed THEN
      EXECUTE format('CREATE INDEX ON %s (%I)', key.relation, key.part);
    END IF;
  END LOOP;
END $$;

-- An indexed text has a second index, for LIKE.
DO $$
DECLARE
  single record;
BEGIN
  FOR single IN
    SELECT i.indrelid::regclass AS relation, a.attname AS part, format_type(a.atttypid, NULL) AS kind
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE c.relnamespace = current_schema()::regnamespace AND i.indnatts = 1 AND i.indpred IS NULL
      AND a.atttypid IN ('varchar'::regtype, 'text'::regtype)
      AND (i.indrelid, a.attname) <> ('zerver_attachment'::regclass, 'file_name')
  LOOP
    EXECUTE format('CREATE INDEX ON %s (%I %s_pattern_ops)', single.relation, single.part,
      CASE single.kind WHEN 'text' THEN 'text' ELSE 'varchar' END);
  END LOOP;
END $$;

-- Search. A server's own dictionary is Hunspell's; PostgreSQL's English one is on every machine.
CREATE TEXT SEARCH CONFIGURATION english_us_search (COPY = pg_catalog.english);

CREATE FUNCTION escape_html(text) RETURNS text IMMUTABLE LANGUAGE sql AS $$
  SELECT replace(replace(replace(replace(replace($1, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'),
    '''', '&#39;')
$$;

CREATE FUNCTION append_to_fts_update_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO fts_update_log (message_id) VALUES (NEW.id);
  RETURN NEW;
END $$;

CREATE FUNCTION do_notify_fts_update_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NOTIFY fts_update_log;
  RETURN NEW;
END $$;

CREATE TRIGGER zerver_message_update_search_tsvector_async
  BEFORE INSERT OR UPDATE OF subject, rendered_content ON zerver_message
  FOR EACH ROW EXECUTE FUNCTION append_to_fts_update_log();
CREATE TRIGGER fts_update_log_notify AFTER INSERT ON fts_update_log
  FOR EACH STATEMENT EXECUTE FUNCTION do_notify_fts_update_log();
