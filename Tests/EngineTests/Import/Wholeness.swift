import Common
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Server

/// Checks that a server is unchanged, or contains one complete import.
enum Wholeness {
  private static let whole = Result {
    let server = try Servers.fresh()
    _ = try server.importing(Servers.archive()).perform(.silent)
    return try server.amounts()
  }

  /// Fails if two states differ, and reports the differences.
  static func expectSame(_ expected: [String: String], _ actual: [String: String], _ when: String) {
    for key in Set(expected.keys).union(actual.keys) where expected[key] != actual[key] {
      Issue.record("\(when): \(key) is \(actual[key] ?? "missing"), not \(expected[key] ?? "missing")")
    }
  }

  /// Fails unless the server contains exactly one complete import of the archive.
  static func expectWhole(_ server: SandboxServer, _ when: String) throws {
    try expectSame(whole.get(), server.amounts(), when)
  }

  /// Fails unless the server is unchanged or contains a complete import. Files that the next import deletes are
  /// ignored.
  ///
  /// - Returns: whether the organization exists.
  @discardableResult
  static func expectAllOrNothing(_ server: SandboxServer, before: [String: String], _ when: String) throws -> Bool {
    try server.awaitSilence()
    let hasCome = try server.value("SELECT 1 FROM zerver_realm WHERE string_id = 'harbour'") != nil
    if hasCome {
      // The mark of unfinished files may still exist.
      try StagedUploads.recover(server.installation) { _ in true }.forEach {
        Issue.record("\(when): \($0) was removed")
      }
      try WorkFolder.removeAbandoned(server.installation)
      try expectWhole(server, when)
    } else {
      try expectSame(before, server.databaseState(), when)
    }
    return hasCome
  }
}

extension SandboxServer {
  /// Waits until no other session uses the server's database: then all its transactions are decided.
  func awaitSilence() throws {
    let connection = try Connection(
      ConnectionParameters(
        host: parameters.host, port: 5432, database: "postgres", user: "postgres", sslMode: "disable"))
    defer { connection.close() }
    for _ in 0..<600 {
      let others = try connection.value("SELECT count(*) FROM pg_stat_activity WHERE datname = $1", [database])
      if others == "0" { return }
      usleep(50_000)
    }
    Issue.record("a session of the database does not end")
  }

  /// Returns files and folders of the uploads that only an unfinished import can have left.
  func leftovers() throws -> [String] {
    let known = Set(try column("SELECT id FROM zerver_realm"))
    var found = try FileSystem.names(in: uploads).filter { $0.hasPrefix(".") }
    for place in ["files", "avatars"] {
      for name in try FileSystem.names(in: "\(uploads)/\(place)") {
        let isMarked = FileSystem.exists("\(uploads)/\(place)/\(name)/.import-in-progress")
        if isMarked || !known.contains(name) { found.append("\(place)/\(name)") }
      }
    }
    return found
  }

  /// Returns ``state()`` without the files.
  func databaseState() throws -> [String: String] { try state().filter { !$0.key.hasPrefix("file ") } }

  /// Returns the number of rows and the structure of each table, and the number of files: equal for two complete
  /// imports.
  func amounts() throws -> [String: String] {
    var amounts = try state()
    let files = amounts.keys.filter { $0.hasPrefix("file ") }
    files.forEach { amounts[$0] = nil }
    for (key, value) in amounts where !key.hasPrefix("shape") {
      amounts[key] = String(value.prefix { $0 != " " })
    }
    amounts["files"] = String(files.count)
    return amounts
  }
}
