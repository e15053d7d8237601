import Common
import Foundation
import Glibc
import Server
import Testing

/// Real servers' data and the official tools' results, where this machine has them: a folder `shared/reference` beside
/// the project. A clone without it has nothing to be held against here; its own fixtures are tested elsewhere.
enum Reference {
  static let folder = folder(named: "reference")
  /// The same from a newer server.
  static let newer = folder(named: "reference-11")

  private static func folder(named name: String) -> String? {
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let folder = package.deletingLastPathComponent().appendingPathComponent("shared/\(name)").path
    return FileSystem.isFolder(folder) ? folder : nil
  }

  static var isHere: Bool { folder != nil }

  /// The three servers, laid out by the reference's own script in a private cluster that ends with the process.
  final class Servers {
    let directory: String
    let folder: String

    /// - Parameter reference: which data.
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

    /// All three as they were.
    func reset() throws { try Subprocess("/bin/bash", ["\(folder)/load", directory]).runChecked() }

    /// Restores a dump of the reference into one more database of the cluster, `zulip_NAME`.
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

    /// What a comparison says; empty where it finds no difference.
    func differences(_ script: String, _ expected: String, _ actual: String) throws -> String {
      let python = try #require(Subprocess.find("python3") ?? pyenvPython(), "the comparison needs python3")
      let result = try Subprocess(python, ["\(folder)/\(script)", expected, actual]).run()
      return result.status == 0 ? "" : String(result.output.prefix(6000))
    }

    /// All differences between two archives, one a line, without those that are expected.
    func differences(_ expected: String, _ actual: String, except isExpected: (String) -> Bool) throws -> [String] {
      let python = try #require(Subprocess.find("python3") ?? pyenvPython(), "the comparison needs python3")
      // The script itself shows the first differences only.
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
