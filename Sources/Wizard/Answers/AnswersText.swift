import Common

/// Writes answers files: one with the given answers, and the template with all possible ones. Both are generated from
/// the flow.
enum AnswersText {
  /// Returns the answers as a file for an unattended run. Secrets and confirmations are never included.
  static func file(_ flow: Flow, _ answers: Answers) -> String {
    var writer = Writer(flow)
    writer.comment("Answers for: \(Program.name) --answers FILE")
    writer.comment(flow.title + ".")
    writer.flow()
    for known in flow.writtenFields where known.step.isVisible(answers) && known.field.isVisible(answers) {
      writer.begin(known, note: note(known, answers))
      guard known.field.canBeWritten else { continue }
      // A field that was never asked is omitted, and is asked when the file is used.
      // The file can be used in another folder.
      if let answer = answers.path(known.key).map({ .text($0) }) ?? answers[known.key] {
        writer.write(answer, for: known)
      }
    }
    return writer.text
  }

  /// Returns every possible key with its purpose and its values, without decisions.
  static func template(_ flow: Flow) -> String {
    var writer = Writer(flow)
    writer.comment("Answers for: \(Program.name) --answers FILE")
    writer.comment("\(flow.title). Remove the # before the lines that you answer. Missing answers are asked")
    writer.comment("for on a terminal, and are an error without one.")
    writer.flow()
    for known in flow.writtenFields {
      writer.begin(known, note: known.field.title)
      writer.explain(known.field)
      guard known.field.canBeWritten else { continue }
      writer.example(known)
    }
    return writer.text
  }

  private static func note(_ known: Flow.KnownField, _ answers: Answers) -> String {
    let label = answers.label(known.key)
    guard known.field.canBeWritten, !label.isEmpty, !known.field.isPath, answers.text(known.key) != label else {
      return known.field.name
    }
    return "\(known.field.name): \(label)"
  }

  private struct Writer {
    private(set) var text = ""
    private let id: String
    private var table = ""

    init(_ flow: Flow) { id = flow.id }

    mutating func comment(_ words: String) { text += "# \(SafeText.clean(words, limit: .path))\n" }

    mutating func flow() { text += "\nflow = \(TOMLText.quoted(id))\n" }

    /// Starts the table of a field, with a comment.
    mutating func begin(_ known: Flow.KnownField, note: String) {
      var wanted = TOMLText.key(known.step.id)
      if case .decisions = known.field.kind { wanted += ".\(TOMLText.key(known.field.id))" }
      if wanted != table {
        text += "\n[\(wanted)]\n"
        table = wanted
      }
      comment(note)
      switch known.field.kind {
      case .secret: comment("\(known.field.id) is a secret: it has to be typed, and is never read from a file.")
      case .confirmation: comment("Confirmed on the command line: --confirm-delete NAME")
      default: break
      }
    }

    mutating func write(_ answer: Answer, for known: Flow.KnownField) {
      let key = TOMLText.key(known.field.id)
      switch answer {
      case .text(let value): text += "\(key) = \(TOMLText.quoted(value))\n"
      case .flag(let value): text += "\(key) = \(value)\n"
      case .list(let values): text += "\(key) = [\(values.map(TOMLText.quoted).joined(separator: ", "))]\n"
      case .map(let map):
        for (item, value) in map.sorted(by: { $0.key < $1.key }) {
          text += "\(TOMLText.key(item)) = \(TOMLText.quoted(value))\n"
        }
      }
    }

    mutating func explain(_ field: Field) {
      switch field.kind {
      case .choice(let options), .multipleChoice(let options):
        for option in options { explain(option, as: TOMLText.quoted(option.id)) }
      case .yesNo(let yes, let no):
        explain(yes, as: "true")
        explain(no, as: "false")
      case .table: comment("  one of those that are there; an unknown one is answered with the list of them")
      case .decisions(_, let among):
        comment("  one line for each, with \(among.map { TOMLText.quoted($0.id) }.joined(separator: " or "))")
      case .text(let placeholder): if !placeholder.isEmpty { comment("  \"\" is \(placeholder)") }
      case .path: comment("  a path; without / or ~ it begins in the folder where the program is started")
      case .secret, .confirmation: break
      }
    }

    private mutating func explain(_ option: Field.Option, as value: String) {
      comment("  \(value): \(option.title)\(option.detail.map { ". \($0)" } ?? "")")
    }

    mutating func example(_ known: Flow.KnownField) {
      let key = TOMLText.key(known.field.id)
      switch known.field.kind {
      case .decisions(_, let among): text += "#NAME = \(TOMLText.quoted(among.first?.id ?? ""))\n"
      default:
        var answers = Answers()
        answers[known.key] = known.field.preset(answers)
        switch answers[known.key] {
        case .flag(let flag)?: text += "#\(key) = \(flag)\n"
        case .list(let ids)?: text += "#\(key) = [\(ids.map(TOMLText.quoted).joined(separator: ", "))]\n"
        case .text(let value)?: text += "#\(key) = \(TOMLText.quoted(value))\n"
        default: text += "#\(key) = \"\"\n"
        }
      }
    }
  }
}

extension Flow {
  /// The fields in order of the flow, with the tables of a step last, as TOML requires.
  fileprivate var writtenFields: [KnownField] {
    steps.flatMap { step in
      let fields = knownFields.filter { $0.step.id == step.id }
      return fields.filter { !$0.isTable } + fields.filter(\.isTable)
    }
  }
}

extension Flow.KnownField {
  fileprivate var isTable: Bool {
    if case .decisions = field.kind { true } else { false }
  }
}

/// Formats text for TOML.
enum TOMLText {
  /// Returns a key, in quotes if required.
  static func key(_ name: String) -> String {
    let isBare = name.utf8.allSatisfy { byte in
      (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
        || byte == 0x2D || byte == 0x5F
    }
    return isBare && !name.isEmpty ? name : quoted(name)
  }

  static func quoted(_ text: String) -> String {
    QuotedText.doubleQuoted(text) { scalar in
      guard scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) else { return nil }
      return QuotedText.escape(scalar, mark: "u", digits: 4)
    }
  }
}
