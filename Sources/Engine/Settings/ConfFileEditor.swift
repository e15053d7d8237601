/// Changes single values of an ini file and leaves every other byte as it is.
struct ConfFileEditor {
  private(set) var lines: [Substring]

  init(_ text: String) {
    lines = text.split(separator: "\n", omittingEmptySubsequences: false)
  }

  var text: String { lines.joined(separator: "\n") }

  /// Takes a key out; its section stays.
  mutating func drop(_ section: String, _ key: String) {
    var current = ""
    for (index, line) in lines.enumerated() {
      let trimmed = line.trimmed
      if trimmed.first == "[", trimmed.last == "]" { current = String(trimmed.dropFirst().dropLast()) }
      guard current == section, trimmed.first != "#", trimmed.first != ";", line.first != " ", line.first != "\t",
        let separator = trimmed.firstIndex(where: { $0 == "=" || $0 == ":" }),
        trimmed[..<separator].trimmed.lowercased() == key.lowercased()
      else { continue }
      removeContinuation(after: index)
      lines.remove(at: index)
      return
    }
  }

  /// Lines that begin with white space go on with the value before them.
  private mutating func removeContinuation(after index: Int) {
    while index + 1 < lines.count, let first = lines[index + 1].first, first == " " || first == "\t",
      !lines[index + 1].trimmed.isEmpty
    {
      lines.remove(at: index + 1)
    }
  }

  /// Sets a key; where the section or the key is not there, it is added at the section's end.
  mutating func set(_ section: String, _ key: String, to text: String) {
    let value = text.replacing("\n", with: "\n ")
    var current = ""
    var end: Int?
    for (index, line) in lines.enumerated() {
      let trimmed = line.trimmed
      if trimmed.first == "[", trimmed.last == "]" {
        current = String(trimmed.dropFirst().dropLast())
        if current == section { end = index + 1 }
        continue
      }
      guard current == section, !trimmed.isEmpty else { continue }
      end = index + 1
      guard trimmed.first != "#", trimmed.first != ";", line.first != " ", line.first != "\t",
        let separator = trimmed.firstIndex(where: { $0 == "=" || $0 == ":" }),
        trimmed[..<separator].trimmed.lowercased() == key.lowercased()
      else { continue }
      removeContinuation(after: index)
      lines[index] = Substring("\(trimmed[..<separator].trimmed) = \(value)")
      return
    }
    if let end {
      lines.insert(Substring("\(key) = \(value)"), at: end)
    } else {
      if lines.last?.isEmpty == true { lines.removeLast() }
      lines += [Substring("[\(section)]"), Substring("\(key) = \(value)"), ""]
    }
  }
}
