import Common
import TOMLKit
import Terminal

/// A file with the answers to a flow: what `--answers` reads.
///
///     flow = "move"
///     [source]                    # a step
///     root = "/"                  # its field: a text, true or false, a list of texts,
///     [secrets.each]              # or a table with one decision for each thing
///     camo_key = "copy"
///
/// ``AnswersText`` writes it, with a word about every key.
struct AnswersFile: Sendable, Equatable {
  /// The id of its flow; nil if it does not state one.
  var flow: String?
  /// The answers by `step.field`.
  var values: [String: Answer] = [:]

  private static let largest = 1 << 20

  static func read(_ path: String) throws -> AnswersFile {
    guard let text = String(validating: try FileSystem.read(path, limit: largest), as: UTF8.self) else {
      throw AnswersFault.error(path, ["it is not UTF-8"])
    }
    return try parse(text, path: path)
  }

  /// Parses a file. All faults are reported in one error.
  ///
  /// - Parameter path: for the error.
  static func parse(_ text: String, path: String) throws -> AnswersFile {
    if let fault = TOMLGuard.fault(text) { throw AnswersFault.error(path, [fault]) }
    let table: TOMLTable
    do {
      table = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      let reason = "line \(error.source.begin.line): \(SafeText.clean(error.description, limit: .line))"
      throw AnswersFault.error(path, [reason])
    }
    return try withExtendedLifetime(table) {
      var reader = Reader()
      let file = reader.file(table)
      guard reader.faults.isEmpty else { throw AnswersFault.error(path, reader.faults) }
      return file
    }
  }

  /// Returns the faults for a flow that do not depend on servers: unknown keys, secrets.
  func faults(for flow: Flow) -> [String] {
    var faults: [String] = []
    if let name = self.flow, name != flow.id {
      faults.append("flow: it is for \"\(SafeText.clean(name, limit: .short))\", and this is \"\(flow.id)\"")
    }
    let known = Dictionary(flow.knownFields.map { ($0.key, $0.field) }) { first, _ in first }
    for key in values.keys.sorted() {
      let name = SafeText.clean(key, limit: .label)
      guard let field = known[key] else {
        let like = NearestName.question(key, among: known.keys.sorted()).map { "; \($0)" } ?? ""
        faults.append("\(name): there is no such key\(like)")
        continue
      }
      switch field.kind {
      case .secret: faults.append("\(name): a secret is never read from a file; it has to be typed")
      case .confirmation: faults.append("\(name): no file can confirm this; --confirm-delete NAME does")
      default: break
      }
    }
    return faults
  }

  private struct Reader {
    var faults: [String] = []

    mutating func file(_ table: TOMLTable) -> AnswersFile {
      var file = AnswersFile()
      for key in table.keys {
        if let step = table[key]?.table {
          for field in step.keys {
            let answer = answer(step[field], "\(key).\(field)")
            // An empty table contains no decision.
            if answer != .map([:]) { file.values["\(key).\(field)"] = answer }
          }
        } else if key == "flow", let name = table[key]?.string {
          file.flow = name
        } else {
          fault(key, key == "flow" ? "it is a text" : "there is no such key")
        }
      }
      return file
    }

    private mutating func answer(_ value: (any TOMLValueConvertible)?, _ key: String) -> Answer? {
      if let flag = value?.bool { return .flag(flag) }
      if let text = value?.string { return .text(text) }
      if let array = value?.array {
        let texts = array.compactMap { $0.string }
        if texts.count == array.count { return .list(texts) }
        return fault(key, "must be a list of texts")
      }
      if let table = value?.table {
        var map: [String: String] = [:]
        for item in table.keys {
          guard let text = table[item]?.string else { return fault("\(key).\(item)", "must be a text") }
          map[item] = text
        }
        return .map(map)
      }
      return fault(key, "must be a text in quotes, true or false, a list or a table")
    }

    @discardableResult
    private mutating func fault(_ key: String, _ reason: String) -> Answer? {
      faults.append("\(SafeText.clean(key, limit: .label)): \(reason)")
      return nil
    }
  }
}

/// Faults of answers, as one error.
enum AnswersFault {
  static func error(_ path: String, _ faults: [String]) -> PlainFailure {
    PlainFailure(
      .usage, "answers in \(SafeText.clean(path, limit: .line))", faults.joined(separator: "; "),
      remedy: "correct it; all possible keys are listed by: \(Program.name) wizard GOAL --answers-template")
  }

  /// - Parameter missing: the keys with their purpose.
  static func missing(_ path: String, _ missing: [String]) -> PlainFailure {
    PlainFailure(
      .usage, "answers in \(SafeText.clean(path, limit: .line))",
      "these answers are missing, and questions cannot be asked here: \(missing.joined(separator: "; "))",
      remedy: "add them, or run it on a terminal; all possible keys are listed by: \(Program.name) wizard GOAL "
        + "--answers-template")
  }
}
