import Common
import Glibc

/// The commands to try on the servers of a demo, as lines for a shell: complete, quoted where needed, never broken.
///
/// While the servers are running, ``commands`` succeed in their order, once for each start of the demo.
public struct DemoGuide: Sendable {
  private static let organization = "harbour"

  /// Commands that list, export and import an organization.
  public let commands: [String]
  /// Shows the organizations in the database of `new-server`; nil if psql is not installed.
  public let query: String?
  /// The same as ``query``, if it is also valid after the next start; otherwise nil. The socket of a demo with a long
  /// path is in another folder after each start.
  public let lastingQuery: String?
  /// Deletes the folder of the demo.
  public let removal: String

  /// - Parameters:
  ///   - folder: the absolute path of the demo's folder.
  ///   - socketFolder: the folder of the cluster's socket.
  ///   - new: the database of `new-server`, and its user.
  ///   - program: the word that starts this program, not quoted.
  ///   - psql: the word that starts psql; nil if it is not installed.
  init(
    folder: String, socketFolder: String, new: (database: String, user: String), program: String,
    psql: String? = PostgresPrograms.psql()
  ) {
    let archive = Self.unusedArchive(in: folder)
    let lines = [
      ["organization", "list", "--root", "\(folder)/old-server"],
      ["export", "-r", Self.organization, "--output", archive, "--root", "\(folder)/old-server"],
      ["import", Self.organization, archive, "--root", "\(folder)/new-server"],
    ]
    commands = lines.map { ShellWord.quoted(words: [program] + $0) }
    query = psql.map {
      ShellWord.quoted(words: [
        $0, "-h", socketFolder, "-p", "5432", "-U", new.user, "-d", new.database, "-c",
        "SELECT string_id, name FROM zerver_realm",
      ])
    }
    lastingQuery = socketFolder.hasPrefix("\(folder)/") ? query : nil
    removal = ShellWord.quoted(words: ["rm", "-r", folder])
  }

  /// Returns a path that does not exist: an export never replaces a file, and a demo keeps the archives of earlier ones.
  private static func unusedArchive(in folder: String) -> String {
    var path = "\(folder)/\(organization).tar.gz"
    var number = 1
    while FileSystem.lexists(path) {
      number += 1
      path = "\(folder)/\(organization)-\(number).tar.gz"
    }
    return path
  }
}

extension Sandbox {
  /// Returns the commands for the servers of a demo; nil if this is no demo.
  ///
  /// - Parameter program: the word that starts this program, not quoted.
  public func guide(program: String) -> DemoGuide? {
    demoServers.map { _, new in
      DemoGuide(
        folder: directory, socketFolder: cluster.socketFolder, new: (new.database, new.brand.rawValue),
        program: program)
    }
  }
}
