import Common
import Glibc

/// The location of PostgreSQL's own programs on this machine.
struct PostgresPrograms: Sendable {
  let initialize: String
  let control: String

  /// Returns the programs of the newest version in Debian's folders, otherwise of the first folder of the search path
  /// that contains them.
  ///
  /// - Parameter versions: the folder with one folder for each version.
  /// - Throws: `.configuration` if they are not installed.
  static func find(versions: String = "/usr/lib/postgresql", path: [String] = searchPath()) throws -> PostgresPrograms {
    let installed = (try? FileSystem.names(in: versions)) ?? []
    let newestFirst = installed.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }
    let folders = newestFirst.map { "\(versions)/\($0)/bin" } + path
    for folder in folders {
      let programs = PostgresPrograms(initialize: "\(folder)/initdb", control: "\(folder)/pg_ctl")
      let needed = [programs.initialize, programs.control, "\(folder)/postgres"]
      if needed.allSatisfy({ (program: String) in access(program, X_OK) == 0 }) { return programs }
    }
    throw PlainFailure(
      .configuration, "PostgreSQL", "its server programs (initdb, pg_ctl) are not on this machine",
      remedy: "apt-get install postgresql")
  }

  /// Returns the word that starts psql in a shell: its name if it is in the search path, otherwise its path in Debian's
  /// folder of the newest version; nil if it is not installed.
  static func psql(versions: String = "/usr/lib/postgresql", path: [String] = searchPath()) -> String? {
    if path.contains(where: { access("\($0)/psql", X_OK) == 0 }) { return "psql" }
    let installed = (try? FileSystem.names(in: versions)) ?? []
    return installed.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "\(versions)/\($0)/bin/psql" }
      .first { access($0, X_OK) == 0 }
  }

  private static func searchPath() -> [String] {
    guard let path = getenv("PATH") else { return [] }
    return String(cString: path).split(separator: ":").map(String.init)
  }
}
