import Common
import Foundation
import Glibc
import Server
import Testing

/// Data of real servers and results of the official tools, in a folder `shared/reference` next to the project. Tests
/// that need it are disabled if the folder does not exist.
enum Reference {
  static let folder = folder(named: "reference")
  /// The reference data of a newer server.
  static let newer = folder(named: "reference-11")

  private static func folder(named name: String) -> String? {
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let folder = package.deletingLastPathComponent().appendingPathComponent("shared/\(name)").path
    return FileSystem.isFolder(folder) ? folder : nil
  }

  static var isHere: Bool { folder != nil }

  /// The three servers, created by the reference's own script in a private cluster that ends with the process.
  final class Servers {
    let directory: String
    let folder: String

    /// - Parameter reference: the folder of the reference data.
    init(_ reference: String? = Reference.folder) throws {
      folder = try #require(reference)
      directory = "/tmp/aloha-reference-\(RandomText.alphanumeric(8))"
      try FileSystem.makeFolder(directory, mode: 0o755)
      try Subprocess("/bin/bash", ["\(folder)/load", directory]).runChecked()
    }

    deinit {
      _ = try? Subprocess("/bin/bash", ["\(folder)/load", directory, "stop"]).run()
      try? FileSystem.removeTree(directory)
    }

    func installation(_ name: String) throws -> Installation { try Installation(root: "\(directory)/\(name)") }

    /// Restores the original state of the three servers.
    func reset() throws { try Subprocess("/bin/bash", ["\(folder)/load", directory]).runChecked() }

    /// Restores a dump of the reference into another database of the cluster, `zulip_NAME`.
    func restore(_ dump: String, as name: String) throws {
      let script = """
        set -e
        bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
        "$bin/psql" -qX -h "$1/socket" -U postgres -d postgres -c "create database zulip_$3 owner zulip template template0 \
          encoding utf8 lc_collate 'C.UTF-8' lc_ctype 'C.UTF-8'"
        "$bin/pg_restore" -h "$1/socket" -U postgres --no-owner --role=zulip -d "zulip_$3" "$2"
        """
      try Subprocess("/bin/bash", ["-c", script, "restore", directory, "\(folder)/\(dump)", name]).runChecked()
    }

    func conninfo(_ name: String) -> String { "host=\(directory)/socket user=zulip dbname=zulip_\(name)" }

    /// Returns the output of a comparison; empty if there is no difference.
    func differences(_ script: String, _ expected: String, _ actual: String) throws -> String {
      let python = try #require(Subprocess.find("python3") ?? pyenvPython(), "the comparison needs python3")
      let result = try Subprocess(python, ["\(folder)/\(script)", expected, actual]).run()
      return result.status == 0 ? "" : String(result.output.prefix(6000))
    }

    /// Returns all differences between two archives, one in each line, except the expected ones.
    func differences(_ expected: String, _ actual: String, except isExpected: (String) -> Bool) throws -> [String] {
      let python = try #require(Subprocess.find("python3") ?? pyenvPython(), "the comparison needs python3")
      // The script itself prints only the first differences.
      let all = """
        import sys
        text = open(sys.argv[1]).read().replace("shown = 60", "shown = 10 ** 9")
        sys.argv = sys.argv[1:]
        exec(text)
        """
      let result = try Subprocess(python, ["-c", all, "\(folder)/compare-archives", expected, actual]).run()
      let lines = result.output.split(separator: "\n").map(String.init)
      try #require(lines.last?.contains("differences over") == true, "\(result.output.suffix(2000))")
      return lines.dropLast().filter { !isExpected($0) }
    }

    private func pyenvPython() -> String? {
      (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/python3" }
        .first { access($0, X_OK) == 0 }
    }
  }
}
