import Foundation
import Terminal
import Testing

/// Compares screens with reviewed ones. `REWRITE_GOLDENS=1` writes them again; review them then.
enum Golden {
  static func expect(_ frame: Frame, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let cursor = frame.cursor.map { "\($0.point.column),\($0.point.row)\($0.visible ? " visible" : "")" } ?? "none"
    let text = "\(frame.text)\n=== roles\n\(frame.roleMap)\n=== cursor \(cursor)\n"
    let file = folder.appendingPathComponent("\(name).txt")
    if ProcessInfo.processInfo.environment["REWRITE_GOLDENS"] == "1" {
      try text.write(to: file, atomically: true, encoding: .utf8)
      return
    }
    let expected = try? String(contentsOf: file, encoding: .utf8)
    guard text != expected else { return }
    Issue.record(
      "the screen \(name) has changed:\n\(text)\nit was:\n\(expected ?? "never looked at")",
      sourceLocation: sourceLocation)
  }

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Goldens")
}
