import Common

extension Field {
  /// Returns why an answer is invalid, with the possible ones; nil if it is valid or partly valid.
  func objection(to answer: Answer) -> String? {
    guard !accepts(answer) else { return nil }
    switch (kind, answer) {
    case (.choice(let options), .text(let id)):
      if let reason = notOffered[id] { return "\(Self.quoted(id)) is not possible: \(reason)" }
      return Self.objection(to: [id], among: options)
    case (.choice(let options), _): return "must be one of: \(Self.names(options))"
    case (.multipleChoice(let options), .list(let ids)): return Self.objection(to: ids, among: options)
    case (.multipleChoice(let options), _): return "must be a list of: \(Self.names(options))"
    case (.table(_, let rows), let answer):
      let options = rows.map { Option($0.id, $0.label, disabled: $0.disabled) }
      if case .text(let id) = answer { return Self.objection(to: [id], among: options) }
      return "must be one of: \(Self.names(options))"
    case (.yesNo(let yes, let no), .flag(let flag)): return (flag ? yes : no).disabled
    case (.yesNo, _): return "must be true or false"
    case (.decisions(let items, let among), .map(let map)): return Self.objection(to: map, items, among)
    case (.decisions(let items, let among), _):
      return "must be a table with \(Self.alternatives(among)) for each of: "
        + items.map(\.id).joined(separator: ", ")
    case (.text, _), (.path, _): return "must be a text in quotes"
    case (.secret, _), (.confirmation, _): return "it cannot be given in a file"
    }
  }

  private static func objection(to ids: [String], among options: [Option]) -> String {
    for id in ids {
      guard let option = options.first(where: { $0.id == id }) else {
        return "there is no \(quoted(id)); possible: \(names(options))"
      }
      if let reason = option.disabled { return "\(quoted(id)) is not possible: \(reason)" }
    }
    return "possible: \(names(options))"
  }

  private static func objection(to map: [String: String], _ items: [Item], _ among: [Decision]) -> String? {
    var parts: [String] = []
    let known = Dictionary(items.map { ($0.id, $0) }) { first, _ in first }
    for id in map.keys.sorted() where known[id] == nil {
      parts.append("there is nothing to decide about \(quoted(id)) here")
    }
    for (id, decision) in map.sorted(by: { $0.key < $1.key }) {
      guard let possible = known[id]?.possible(among), !possible.contains(where: { $0.id == decision }) else {
        continue
      }
      parts.append("\(id): \(quoted(decision)) is no decision; \(alternatives(possible))")
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  /// Returns the items of a table of decisions without a decision.
  func undecided(by answer: Answer) -> [String] {
    guard case .decisions(let items, _) = kind, case .map(let map) = answer else { return [] }
    return items.map(\.id).filter { map[$0] == nil }
  }

  private static func names(_ options: [Option]) -> String {
    options.filter { $0.disabled == nil }.map { quoted($0.id) }.joined(separator: ", ")
  }

  private static func alternatives(_ among: [Decision]) -> String {
    among.map { quoted($0.id) }.joined(separator: " or ")
  }

  private static func quoted(_ text: String) -> String { "\"\(SafeText.clean(text, limit: .word))\"" }
}
