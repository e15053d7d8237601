/// Changes single values of an ini file and leaves every other byte as it is; new lines end as the file's own do.
struct ConfFileEditor {
  private var file: TextLines

  init(_ text: String) { file = TextLines(text) }

  var text: String { file.text }

  /// Takes a key out; its section stays.
  mutating func drop(_ section: String, _ key: String) {
    guard let index = index(section, key) else { return }
    removeContinuation(after: index)
    file.lines.remove(at: index)
  }

  /// Sets a key; where the section or the key is not there, it is added at the section's end.
  ///
  /// - Parameter text: the value. Its further lines are indented, so that they stay part of it.
  mutating func set(_ section: String, _ key: String, to text: String) {
    let values = TextLines(text).lines.map(\.text)
    if let index = index(section, key) {
      removeContinuation(after: index)
      let beginning = Self.beginning(of: file.lines[index].text)
      replace(index, with: entry(beginning, values))
      return
    }
    let lines = entry("\(key) = ", values)
    if let end = end(of: section) {
      insert(lines, at: end)
    } else {
      insert(["[\(section)]"] + lines, at: file.lines.count)
      file.lines[file.lines.count - 1].end = file.end
    }
  }

  // MARK: Places

  private func index(_ section: String, _ key: String) -> Int? {
    ConfLine.all(file).firstIndex { line in
      guard line.section == section, case .entry(let found, _) = line.kind else { return false }
      return found == key.lowercased()
    }
  }

  /// Behind the last line of a section that says something; nil where there is no such section.
  private func end(of section: String) -> Int? {
    let lines = ConfLine.all(file)
    guard lines.contains(where: { $0.kind == .section && $0.section == section }) else { return nil }
    return lines.lastIndex { $0.section == section && $0.kind != .blank }.map { $0 + 1 }
  }

  // MARK: Lines

  /// A line up to its value: the key, the separator and the blanks around it, as somebody has written them.
  private static func beginning(of line: String) -> String {
    guard let separator = line.firstIndex(where: ConfLine.isSeparator) else { return line }
    let behind = line[line.index(after: separator)...]
    let blanks = behind.prefix { $0 == " " || $0 == "\t" }
    let before = String(line[...separator])
    // An empty value says nothing about the blank behind the separator; the one before it does.
    if blanks.count == behind.count { return before + (line[..<separator].last == " " ? " " : "") }
    return before + blanks
  }

  private func entry(_ beginning: String, _ values: [String]) -> [String] {
    [beginning + (values.first ?? "")] + values.dropFirst().map { " \($0)" }
  }

  private mutating func replace(_ index: Int, with texts: [String]) {
    let end = file.lines[index].end
    file.lines[index].text = texts[0]
    guard texts.count > 1 else { return }
    file.lines[index].end = file.end
    file.lines.insert(
      contentsOf: texts.dropFirst().map { TextLines.Line(text: $0, end: file.end) }, at: index + 1)
    file.lines[index + texts.count - 1].end = end
  }

  private mutating func insert(_ texts: [String], at index: Int) {
    var new = texts.map { TextLines.Line(text: $0, end: file.end) }
    // A file that does not end its last line goes on like that.
    if index > 0, file.lines[index - 1].end.isEmpty {
      file.lines[index - 1].end = file.end
      new[new.count - 1].end = ""
    }
    file.lines.insert(contentsOf: new, at: index)
  }

  /// Comments between the lines of a value stay.
  private mutating func removeContinuation(after index: Int) {
    let kinds = ConfLine.all(file).map(\.kind)
    var last = index
    var doomed: [Int] = []
    while last + 1 < kinds.count {
      last += 1
      if case .continuation = kinds[last] {
        doomed.append(last)
      } else if kinds[last] != .comment {
        break
      }
    }
    for line in doomed.reversed() { file.lines.remove(at: line) }
  }
}
