import Common
import Glibc
import Operations
import Postgres
import Sandbox
import Server
import Testing
import Transfer

/// One sandbox for all tests of this target: an old server with two organizations, and new servers on request.
enum Servers {
  private static let made = Result {
    let sandbox = try Sandbox.temporary(servers: ["old"])
    let old = try #require(sandbox.servers.first)
    try old.add(SampleOrganization(.bookclub, messages: 40))
    try old.add(SampleOrganization(.harbour, messages: 700))
    return sandbox
  }

  static func sandbox() throws -> Sandbox { try made.get() }

  /// The old server. Tests must not change it.
  static func old() throws -> SandboxServer { try #require(try sandbox().servers.first { $0.name == "old" }) }

  /// Returns a freshly installed server for the caller alone.
  static func fresh(in place: Sandbox? = nil) throws -> SandboxServer {
    try (place ?? sandbox()).makeServer("new" + RandomText.alphanumeric(8).lowercased())
  }

  /// An archive of the large organization, exported once.
  private static let archived = Result {
    let path = try folder() + "/harbour.tar.gz"
    let options = ExportOperation.Options(subdomain: "harbour", output: path)
    _ = try ExportOperation(ServerReference(root: old().root), options).perform(.silent)
    return path
  }

  static func archive() throws -> String { try archived.get() }

  /// Returns a new folder with this archive, unpacked and without its manifest, so that no digests are compared.
  static func unpackedArchive() throws -> String {
    let folder = try folder() + "/unpacked-" + RandomText.alphanumeric(8)
    try FileSystem.makeFolder(folder)
    try Subprocess("/usr/bin/tar", ["-xzf", try archive(), "-C", folder, "--strip-components=1"]).runChecked()
    try FileSystem.removeTree("\(folder)/manifest.json")
    return folder
  }

  /// A folder that is deleted with the sandbox.
  static func folder() throws -> String { try sandbox().directory }
}

extension SandboxServer {
  var installation: Installation { get throws { try Installation(root: root) } }

  /// - Parameter ignoringVersions: whether an archive of another or an unknown version is accepted.
  func importing(
    _ archive: String, as subdomain: String = "harbour", ignoringVersions: Bool = false
  ) throws -> ImportOperation {
    var options = ImportOperation.Options(subdomain: subdomain, archive: archive)
    options.ignoresVersions = ignoringVersions
    return ImportOperation(reference, options)
  }

  func column(_ sql: String) throws -> [String] { try connect().query(sql).compactMap { $0[0] } }

  func value(_ sql: String) throws -> String? { try connect().value(sql) }

  /// Returns what an import could change: the row count and a digest of every table, its indexes, constraints and
  /// triggers, and the names of all uploaded files. Sequences are not included.
  func state() throws -> [String: String] {
    let connection = try connect()
    var state: [String: String] = [:]
    let catalog = try Catalog.read(connection, schema: brand.schema)
    for table in catalog.tables.keys {
      state[table] = try connection.value(
        "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0))::text, '') FROM \(Identifier.quote(table)) t"
      )
    }
    for (name, found) in catalog.tables {
      state["shape of \(name)"] =
        (found.indexes.map(\.definition) + found.constraints.map { $0.name + $0.definition }
        + found.triggers.map(\.definition)).sorted().joined(separator: "\n")
    }
    for file in try files(below: uploads) { state["file \(file)"] = "there" }
    return state
  }

  private func files(below folder: String, _ prefix: String = "") throws -> [String] {
    try FileSystem.names(in: folder).flatMap { name -> [String] in
      let path = "\(folder)/\(name)"
      return FileSystem.isFolder(path) ? try files(below: path, "\(prefix)\(name)/") : ["\(prefix)\(name)"]
    }
  }
}
