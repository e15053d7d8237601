import Common
import Server

/// Changes values of an ini file and keeps every other byte; new lines get the file's line endings.
///
/// The result is parsed by the server's rules before it is returned: the changed key has exactly the requested value,
/// and all other keys are unchanged.
package struct ConfFileEditor {
  private var file: TextLines
  private let name: String

  /// - Parameter name: the name of the file in failures.
  /// - Throws: `.configuration` if the server refuses the file.
  package init(_ text: String, name: String) throws {
    file = TextLines(text)
    self.name = name
    _ = try ConfLines(file, name: name)
  }

  package var text: String { file.text }

  /// Removes a key; its section stays.
  package mutating func drop(_ section: String, _ key: String) throws {
    try change(section, key, to: nil) { editor in
      guard let index = try editor.index(section, key) else { return }
      try editor.removeRest(of: index)
      editor.file.lines.remove(at: index)
    }
  }

  /// Sets a key; a missing section or key is added at the end.
  ///
  /// - Parameter text: the value. Its further lines are indented, so that they stay part of it.
  /// - Throws: `.configuration` if the file cannot contain the value, for example with a line that starts with `#`;
  ///   then nothing has changed.
  package mutating func set(_ section: String, _ key: String, to text: String) throws {
    let values = text.split(separator: "\n" as Unicode.Scalar)
    try change(section, key, to: text) { editor in
      if let index = try editor.index(section, key) {
        try editor.removeRest(of: index)
        let line = editor.file.lines[index].text
        editor.replace(index, with: Self.entry(Self.beginning(of: line), values, indentation: Self.indentation(line)))
      } else if let place = try editor.end(of: section) {
        let lines = Self.entry("\(place.indentation)\(key) = ", values, indentation: place.indentation)
        editor.insert(lines, at: place.index)
      } else {
        editor.insert(
          ["[\(section)]"] + Self.entry("\(key) = ", values, indentation: ""), at: editor.file.lines.count)
        editor.file.lines[editor.file.lines.count - 1].end = editor.file.end
      }
    }
  }

  /// Makes a change, and reverts it if the parsed result is wrong.
  private mutating func change(
    _ section: String, _ key: String, to value: String?, _ edit: (inout Self) throws -> Void
  ) throws {
    var edited = self
    try edit(&edited)
    let before = try ConfFile(text, name: name)
    guard let after = try? ConfFile(edited.text, name: name), after.isLike(before, but: section, key, value) else {
      throw PlainFailure(
        .configuration, name,
        "the key \(SafeText.clean(key, limit: .label)) cannot be changed: the server would not read the new value back "
          + "unchanged", remedy: "change it by hand")
    }
    self = edited
  }

  // MARK: Places

  private func index(_ section: String, _ key: String) throws -> Int? {
    let key = PythonText.lowercased(key)
    return try ConfLines(file, name: name).lines.firstIndex { line in
      guard case .entry(let found, _) = line.kind, let owner = line.section else { return false }
      return owner.utf8.elementsEqual(section.utf8) && found.utf8.elementsEqual(key.utf8)
    }
  }

  /// Returns the position after the last non-blank line of a section, with the indentation that a new key needs; nil if
  /// the section does not exist.
  ///
  /// A key with less indentation than the following line would make that line a part of its value.
  private func end(of section: String) throws -> (index: Int, indentation: String)? {
    let lines = try ConfLines(file, name: name).lines
    func isIts(_ line: ConfLines.Line) -> Bool { line.section.map { $0.utf8.elementsEqual(section.utf8) } ?? false }
    func isHead(_ line: ConfLines.Line) -> Bool {
      if case .entry = line.kind { true } else { line.kind == .section }
    }
    guard let last = lines.lastIndex(where: { isIts($0) && $0.kind != .blank }) else { return nil }
    let around = [lines[...last].lastIndex(where: isHead), lines[(last + 1)...].firstIndex(where: isHead)]
    let deepest = around.compactMap { $0 }.max { lines[$0].indentation < lines[$1].indentation }
    return (last + 1, deepest.map { Self.indentation(file.lines[$0].text) } ?? "")
  }

  // MARK: Lines

  private static func indentation(_ line: String) -> String {
    String(String.UnicodeScalarView(line.unicodeScalars.prefix { PythonText.isSpace($0) }))
  }

  /// Returns a line up to its value: the key, the separator and the spaces around it.
  private static func beginning(of line: String) -> String {
    let scalars = line.unicodeScalars
    guard let separator = scalars.firstIndex(where: ConfLines.isSeparator) else { return line }
    let behind = scalars[scalars.index(after: separator)...]
    let blanks = behind.prefix { PythonText.isSpace($0) }
    let before = String(String.UnicodeScalarView(scalars[...separator]))
    // An empty value does not show the space after the separator; the space before it does.
    if blanks.count == behind.count { return before + (scalars[..<separator].last == " " ? " " : "") }
    return before + String(String.UnicodeScalarView(blanks))
  }

  /// Returns the lines of an entry; the following ones are indented deeper, except empty lines.
  private static func entry(_ beginning: String, _ values: [String], indentation: String) -> [String] {
    [beginning + (values.first ?? "")] + values.dropFirst().map { $0.isEmpty ? "" : "\(indentation) \($0)" }
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
    // The last line of the file has no line ending yet.
    if index > 0, file.lines[index - 1].end.isEmpty {
      file.lines[index - 1].end = file.end
      new[new.count - 1].end = ""
    }
    file.lines.insert(contentsOf: new, at: index)
  }

  /// Removes the further lines of a value, and the empty lines between them. Comments between them, and empty lines
  /// after the last one, stay.
  private mutating func removeRest(of index: Int) throws {
    let lines = try ConfLines(file, name: name).lines
    func continues(_ line: Int) -> Bool {
      guard case .continuation = lines[line].kind else { return false }
      return lines[line].entry == index
    }
    guard let last = lines.indices.last(where: continues) else { return }
    for line in (index + 1...last).reversed() where lines[line].entry == index { file.lines.remove(at: line) }
  }
}

extension String {
  /// Splits the text, and keeps empty parts.
  fileprivate func split(separator: Unicode.Scalar) -> [String] {
    unicodeScalars.split(separator: separator, omittingEmptySubsequences: false).map { String($0) }
  }
}
