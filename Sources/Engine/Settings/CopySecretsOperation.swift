import Common
import Glibc

/// Copies the secrets that the operator chose from one server's file into another's.
///
/// The file is replaced in one step and keeps owner and mode; the old one stays beside it.
public struct CopySecretsOperation: Operation {
  public let source: Installation
  public let target: Installation
  /// By the id of the advice.
  public let decisions: [String: SecretDecision]

  public init(from source: Installation, to target: Installation, decisions: [String: SecretDecision]) {
    self.source = source
    self.target = target
    self.decisions = decisions
  }

  public var name: String { "copy-secrets" }

  private var file: String { target.root + target.brand.secretsFile }

  /// The keys to copy: on the old server, and as they are called on the new one.
  private var keys: [(source: String, target: String)] {
    let entries = SecretTable.entries(source.brand, target.brand, targetHostsOthers: false)
    return decisions.filter { $0.value == .copy }.keys.sorted().flatMap { id in
      entries.first { $0.keys.map(\.source).joined(separator: "+") == id }?.keys ?? [(id, id)]
    }
  }

  public func check() throws -> [Finding] {
    if keys.isEmpty { return [Finding(.ok, "secrets", "none is to be copied")] }
    guard access(file, W_OK) == 0 else {
      return [
        Finding(.blocker, "secrets", "\(file) cannot be written", remedy: "run it as root, or as the server's user")
      ]
    }
    return [Finding(.ok, "secrets", "\(keys.map(\.source).joined(separator: ", ")) will be copied")]
  }

  public func plan() throws -> Plan {
    Plan(
      title: "Copy \(Amount.of(Int64(keys.count), "secret")) to \(target.label)",
      phases: keys.isEmpty ? [] : [Plan.Phase("secrets", "Copy secrets")],
      leavesAlone: ["All other secrets and settings; the old file stays beside the new one"])
  }

  public func run(progress: Progress) throws -> Summary {
    let findings = try check()
    guard !findings.contains(where: { $0.severity == .blocker }) else { throw Blocked(findings) }
    var copied: [String] = []
    if !keys.isEmpty {
      try progress.phase("secrets", "Copy secrets") { _ in
        var status = stat()
        guard stat(file, &status) == 0 else { throw PlainFailure.system(file, "cannot be read", errno: errno) }
        let old = try FileSystem.read(file)
        var editor = ConfFileEditor(String(decoding: old, as: UTF8.self))
        for key in keys {
          guard let value = source.secrets[key.source] else { continue }
          editor.set("secrets", key.target, to: value.reveal())
          copied.append(key.target)
        }
        let stamp = Moment.iso(microseconds: Moment.now()).filter(\.isNumber).prefix(14)
        let mode = status.st_mode & 0o777
        try write(old, "\(file).before-\(stamp)", mode: mode, status)
        try write(Array(editor.text.utf8), file, mode: mode, status)
      }
    }
    let summary = Summary(
      title: copied.isEmpty ? "No secret was copied" : "Secrets are copied",
      facts: [Summary.Fact("Copied", copied.isEmpty ? "none" : copied.joined(separator: ", "))],
      nextSteps: copied.isEmpty ? [] : ["Restart the new server, so that it reads its secrets anew"])
    progress.finished(summary)
    return summary
  }

  private func write(_ bytes: [UInt8], _ path: String, mode: mode_t, _ status: stat) throws {
    try FileSystem.replace(path, with: bytes, mode: mode)
    if geteuid() == 0 { chown(path, status.st_uid, status.st_gid) }
  }
}
