import Postgres

/// Adds the rows of the statistics page for the last sixty days, counted from the messages: `analytics_usercount`,
/// `analytics_streamcount` and `analytics_realmcount`.
struct Statistics {
  let connection: Connection
  let realm: Int
  let until: SampleTime

  func count() throws {
    let perMessage = """
      WITH sent AS (
        SELECT m.sender_id, m.sending_client_id, u.is_bot, m.date_sent, s.id AS stream_id,
          CASE WHEN r.type = 1 THEN 'private_message' WHEN r.type = 3 THEN 'huddle_message'
            WHEN s.invite_only THEN 'private_stream' ELSE 'public_stream' END AS kind
        FROM zerver_message m JOIN zerver_userprofile u ON u.id = m.sender_id
          JOIN zerver_recipient r ON r.id = m.recipient_id
          LEFT JOIN zerver_stream s ON r.type = 2 AND s.id = r.type_id
        WHERE m.realm_id = \(realm) AND u.realm_id = \(realm)
          AND m.date_sent >= '\((until.startOfDay - 60 * SampleTime.day).text)'
      )

      """
    let day = "date_trunc('day', date_sent) + interval '1 day'"
    let hour = "date_trunc('hour', date_sent) + interval '1 hour'"
    try connection.execute(
      perMessage + """
        INSERT INTO analytics_usercount (property, end_time, value, realm_id, user_id, subgroup)
        SELECT 'messages_sent:is_bot:hour', \(hour), count(*), \(realm), sender_id, is_bot::text
          FROM sent GROUP BY 2, 5, 6
        UNION ALL SELECT 'messages_sent:message_type:day', \(day), count(*), \(realm), sender_id, kind
          FROM sent GROUP BY 2, 5, 6
        UNION ALL SELECT 'messages_sent:client:day', \(day), count(*), \(realm), sender_id, sending_client_id::text
          FROM sent GROUP BY 2, 5, 6
        """)
    try connection.execute(
      perMessage + """
        INSERT INTO analytics_streamcount (property, end_time, value, realm_id, stream_id, subgroup)
        SELECT 'messages_in_stream:is_bot:day', \(day), count(*), \(realm), stream_id, is_bot::text
          FROM sent WHERE stream_id IS NOT NULL GROUP BY 2, 5, 6
        """)
    try connection.execute(
      """
      INSERT INTO analytics_realmcount (property, end_time, value, realm_id, subgroup)
      SELECT property, end_time, sum(value), realm_id, subgroup
        FROM analytics_usercount WHERE realm_id = \(realm) GROUP BY 1, 2, 4, 5
      UNION ALL
      SELECT '1day_actives::day', date_trunc('day', end_time - interval '1 second') + interval '1 day',
          count(DISTINCT user_id), realm_id, NULL
        FROM analytics_usercount WHERE realm_id = \(realm) AND property = 'messages_sent:is_bot:hour' GROUP BY 2, 4
      """)
  }
}
