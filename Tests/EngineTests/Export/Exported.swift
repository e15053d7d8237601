import Archive
import Common
import Foundation
import Postgres
import Sandbox
import Testing

@testable import Engine
@testable import Operations
@testable import Transfer

/// The archive of an organization, read into memory for tests.
struct Exported {
  typealias Row = [String: Any]

  let path: String
  let summary: Summary
  let manifest: Manifest
  private(set) var tables: [String: [Row]] = [:]
  private(set) var files: [String: [UInt8]] = [:]
  let warnings: [String]

  init(
    _ server: SandboxServer, _ subdomain: String, _ change: (inout ExportOperation.Options) -> Void = { _ in }
  ) throws {
    path = try Servers.folder() + "/\(RandomText.alphanumeric(10)).tar.gz"
    var options = ExportOperation.Options(subdomain: subdomain, output: path)
    change(&options)
    let progress = Progress { _ in }
    summary = try ExportOperation(server.reference, options).perform(progress)
    warnings = progress.warnings
    let archive = try OpenedArchive.open(path, workFolder: Servers.folder())
    defer { archive.close() }
    manifest = try #require(archive.manifest)
    for member in archive.members {
      let bytes = try archive.open(member.name).bytes()
      files[member.name] = bytes
      guard member.name.hasSuffix(".json"), !member.name.contains("/"),
        let document = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
      else { continue }
      for (table, rows) in document { if let rows = rows as? [Row] { tables[table, default: []] += rows } }
    }
  }

  func rows(_ table: String) -> [Row] { tables[table] ?? [] }

  func ids(_ table: String) -> Set<Int> { Set(rows(table).compactMap { $0["id"] as? Int }) }

  func records(_ kind: String) throws -> [Row] {
    let bytes = try #require(files["\(kind)/records.json"])
    return try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [Row])
  }

  func fact(_ name: String) -> String? { summary.facts.first { $0.name == name }?.value }

  /// - Throws: if the archive is damaged or incomplete.
  func verify() throws { _ = try VerifyOperation(VerifyOperation.Options(archive: path)).perform(.silent) }
}

extension SandboxServer {
  /// Runs SQL as the owner of all tables, with foreign keys and triggers.
  func change(_ sql: String) throws {
    let connection = try connectAsSuperuser()
    defer { connection.close() }
    try connection.execute(sql)
  }

  func ids(_ sql: String) throws -> Set<Int> { Set(try column(sql).compactMap { Int($0) }) }

  func number(_ sql: String) throws -> Int { try #require(value(sql).flatMap { Int($0) }) }

  func realm(_ subdomain: String) throws -> Int {
    try number("SELECT id FROM zerver_realm WHERE string_id = '\(subdomain)'")
  }

  /// Returns a new server with a small organization and another one, whose rows must not appear in its export.
  static func small() throws -> SandboxServer {
    let server = try Servers.fresh()
    try server.add(SampleOrganization(.bookclub, messages: 60))
    try server.add(SampleOrganization(.harbour, messages: 150))
    return server
  }
}
