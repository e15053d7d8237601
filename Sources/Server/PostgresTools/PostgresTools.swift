import Common
import Glibc

/// PostgreSQL's own programs of one major version: pg_dump, pg_restore, psql, and those of the server if it is
/// installed.
public struct PostgresTools: Sendable, Equatable {
  /// The folder of the programs.
  public let folder: String
  /// For example 15 for 15.4.
  public let major: Int
  /// For example "15.18".
  public let version: String

  package init(folder: String, major: Int, version: String) {
    self.folder = folder
    self.major = major
    self.version = version
  }

  public func path(_ program: String) -> String { "\(folder)/\(program)" }

  public func has(_ program: String) -> Bool { access(path(program), X_OK) == 0 }

  /// Whether its programs resist meta-commands in a dump's names and rows, unlike those before August 2025
  /// (CVE-2025-8714, CVE-2025-8715); only then does psql support `\restrict`.
  public var resistsHostileDumps: Bool {
    let minor = version.split(separator: ".").dropFirst().first.flatMap { Int($0) } ?? 0
    let repaired = [13: 22, 14: 19, 15: 14, 16: 10, 17: 6]
    return repaired[major].map { minor >= $0 } ?? (major >= 18)
  }

  /// Finds programs that can read and write a database of version `major`: those of exactly that version, otherwise the
  /// oldest newer ones. Older ones refuse.
  ///
  /// - Parameters:
  ///   - programs: all required programs.
  ///   - versions: the folder with one subfolder per installed version.
  /// - Throws: `.configuration` if there are none.
  public static func find(
    major: Int, having programs: [String] = ["pg_dump", "pg_restore"], versions: String = "/usr/lib/postgresql"
  ) throws -> PostgresTools {
    let suitable = installed(having: programs, versions: versions).filter { $0.major >= major }
    if let found = suitable.min(by: { $0.major < $1.major }) { return found }
    let package = programs.contains("initdb") ? "postgresql-\(major)" : "postgresql-client-\(major)"
    throw PlainFailure(
      .configuration, programs.joined(separator: ", "),
      "no version that can work with PostgreSQL \(major) is installed on this machine",
      remedy: "apt-get install \(package)")
  }

  /// Returns all installed versions, in Debian's folder of each version and in the usual folders for programs.
  public static func installed(
    having programs: [String] = ["pg_restore"], versions: String = "/usr/lib/postgresql"
  ) -> [PostgresTools] {
    let debian = ((try? FileSystem.names(in: versions)) ?? []).map { "\(versions)/\($0)/bin" }
    var found: [PostgresTools] = []
    for folder in debian + ["/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin"] {
      let isWhole = programs.allSatisfy { (program: String) in access("\(folder)/\(program)", X_OK) == 0 }
      guard isWhole, let program = programs.first, let tools = probe(folder, program),
        !found.contains(where: { $0.major == tools.major })
      else { continue }
      found.append(tools)
    }
    return found
  }

  /// Runs a program to get its version: "pg_dump (PostgreSQL) 15.18 (Debian …)".
  private static func probe(_ folder: String, _ program: String) -> PostgresTools? {
    guard let result = try? Subprocess("\(folder)/\(program)", ["--version"], directory: "/").run(), result.status == 0,
      let version = result.output.split(separator: " ").first(where: { $0.first?.isNumber == true }),
      let major = majorVersion(String(version))
    else { return nil }
    return PostgresTools(
      folder: folder, major: major, version: String(version.prefix { $0.isNumber || $0 == "." }))
  }

  /// Parses the version of a server, a program or a backup's `postgres-version`: "150004", "15", "15.4 (Debian …)",
  /// "17beta1".
  public static func majorVersion(_ text: String) -> Int? {
    guard let number = Int(text.prefix { $0.isNumber }) else { return nil }
    return number >= 10_000 ? number / 10_000 : number
  }
}
