import Common
import Foundation
import Glibc
import Postgres
import Sandbox
import Synchronization
import Testing

@Suite("Export while people write")
struct ConsistencyTests {
  /// Writes, edits, deletes and uploads continuously. Each transaction increments one number in three tables that are
  /// in three files of an archive: a consistent snapshot has the same number in all of them.
  private final class Writer: Sendable {
    private let stopped = Atomic(false)
    private let rounds = Atomic(0)
    private let failure = Mutex<(any Error)?>(nil)
    private let thread = Mutex<WorkerThread?>(nil)

    init(_ server: SandboxServer, realm: Int, marked message: Int, attachment: Int) throws {
      let made = try WorkerThread { [self] in
        do {
          let connection = try server.connect()
          while !stopped.load(ordering: .acquiring) {
            let round = rounds.load(ordering: .relaxed) + 1
            try Self.write(round, server, realm, message, attachment, connection)
            rounds.store(round, ordering: .releasing)
          }
        } catch { failure.withLock { $0 = error } }
      }
      thread.withLock { $0 = made }
    }

    var count: Int { rounds.load(ordering: .acquiring) }

    func stop() throws {
      stopped.store(true, ordering: .releasing)
      thread.withLock { $0.take() }?.join()
      if let failure = failure.withLock({ $0 }) { throw failure }
    }

    private static func write(
      _ round: Int, _ server: SandboxServer, _ realm: Int, _ message: Int, _ attachment: Int, _ connection: Connection
    ) throws {
      let path = "\(realm)/live/\(round)/note.txt"
      try FileSystem.makeFolder("\(server.uploads)/files/\(realm)/live/\(round)", mode: 0o755)
      try FileSystem.replace("\(server.uploads)/files/\(path)", with: "round \(round)".utf8, mode: 0o644)
      try connection.transaction {
        try connection.execute(
          """
          UPDATE zerver_realm SET description = 'round \(round)' WHERE id = \(realm);
          UPDATE zerver_message SET content = 'round \(round)' WHERE id = \(message);
          UPDATE zerver_attachment SET file_name = 'round \(round)' WHERE id = \(attachment);
          WITH model AS (SELECT * FROM zerver_message WHERE id = \(message)),
          sent AS (INSERT INTO zerver_message (subject, content, has_attachment, has_image, has_link, recipient_id,
              sender_id, sending_client_id, date_sent, realm_id)
            SELECT subject, 'live \(round)', true, false, false, recipient_id, sender_id, sending_client_id, now(),
              realm_id FROM model RETURNING id, sender_id),
          received AS (INSERT INTO zerver_usermessage (message_id, user_profile_id, flags)
            SELECT sent.id, u.id, 1 FROM sent, zerver_userprofile u WHERE u.realm_id = \(realm) AND u.is_active),
          liked AS (INSERT INTO zerver_reaction (message_id, user_profile_id, emoji_name, emoji_code, reaction_type)
            SELECT id, sender_id, 'tada', '1f389', 'unicode_emoji' FROM sent),
          uploaded AS (INSERT INTO zerver_attachment (file_name, path_id, create_time, owner_id, realm_id, size)
            SELECT 'note.txt', '\(path)', now(), sender_id, \(realm), 9 FROM sent RETURNING id)
          INSERT INTO zerver_attachment_messages (attachment_id, message_id) SELECT uploaded.id, sent.id
            FROM uploaded, sent
          """)
        guard round > 40 else { return }
        // Deletes old messages with their rows, and their files a little later.
        try connection.execute(
          """
          CREATE TEMP TABLE gone ON COMMIT DROP AS SELECT id FROM zerver_message
            WHERE realm_id = \(realm) AND content = 'live \(round - 40)';
          DELETE FROM zerver_attachment_messages WHERE message_id IN (SELECT id FROM gone);
          DELETE FROM zerver_attachment WHERE path_id = '\(realm)/live/\(round - 40)/note.txt';
          DELETE FROM zerver_reaction WHERE message_id IN (SELECT id FROM gone);
          DELETE FROM zerver_usermessage WHERE message_id IN (SELECT id FROM gone);
          DELETE FROM zerver_message WHERE id IN (SELECT id FROM gone)
          """)
      }
    }
  }

  @Test("The archive is the database at one instant, and closed under references", .timeLimit(.minutes(5)))
  func oneInstant() throws {
    let server = try SandboxServer.small()
    let realm = try server.realm("harbour")
    let message = try server.number(
      """
      SELECT min(m.id) FROM zerver_message m JOIN zerver_recipient r ON r.id = m.recipient_id AND r.type = 2
      JOIN zerver_userprofile u ON u.id = m.sender_id AND u.realm_id = m.realm_id WHERE m.realm_id = \(realm)
      """)
    let attachment = try server.number(
      """
      SELECT min(attachment_id) FROM zerver_attachment_messages m JOIN zerver_attachment a ON a.id = m.attachment_id
      WHERE a.realm_id = \(realm)
      """)
    let writer = try Writer(server, realm: realm, marked: message, attachment: attachment)
    var seen: Set<String> = []
    do {
      defer { try? writer.stop() }
      for _ in 0..<4 {
        // New rows must have been written since the last export.
        let before = writer.count
        for _ in 0..<1000 where writer.count < before + 5 { usleep(10_000) }
        let exported = try Exported(server, "harbour") { $0.parallel = 2 }
        let marks = [
          exported.rows("zerver_realm").first?["description"] as? String,
          exported.rows("zerver_message").first { $0["id"] as? Int == message }?["content"] as? String,
          exported.rows("zerver_attachment").first { $0["id"] as? Int == attachment }?["file_name"] as? String,
        ].compactMap { $0 }
        #expect(marks.count == 3 && Set(marks).count == 1, "\(marks)")
        let round = try #require(marks.first?.split(separator: " ").last.flatMap { Int($0) })
        let live = exported.rows("zerver_message").compactMap { $0["content"] as? String }.filter {
          $0.hasPrefix("live ")
        }
        #expect(Set(live) == Set((max(1, round - 39)...round).map { "live \($0)" }) && live.count == Set(live).count)
        try exported.verify()
        seen.formUnion(marks)
      }
    }
    try writer.stop()
    #expect(seen.count > 1)
  }
}
