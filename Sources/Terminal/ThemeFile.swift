import Common
import TOMLKit

/// A theme's file.
///
///     name = "default"
///     summary = "One line for a list"
///     for = "any"               # "dark" or "light" if it needs such a terminal; "any" is assumed
///     [palette]                 # names of your own for colours, if you like
///     accent = "#0087af"
///     [roles]                   # every role
///     title = { fg = "accent", bg = "default", attributes = ["bold"], mono = ["bold"] }
///
/// A colour is a name (`red`, `bright-red`), a number from 0 to 255, `#rrggbb` or `default`. What is left out is as in
/// the role `background`; `mono`, used where there is no colour, is as `attributes`.
enum ThemeFile {
  /// Parses a theme. All faults are reported in one error.
  ///
  /// - Parameter path: for the error.
  static func parse(_ text: String, path: String) throws -> Theme {
    if let fault = TOMLGuard.fault(text) { throw Unusable(path: path, faults: [fault]) }
    let file: TOMLTable
    do {
      file = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw Unusable(
        path: path, faults: ["line \(error.source.begin.line): \(SafeText.clean(error.description, limit: .line))"])
    }
    return try withExtendedLifetime(file) {
      var reader = Reader()
      let theme = reader.theme(file)
      guard reader.faults.isEmpty else { throw Unusable(path: path, faults: reader.faults) }
      return theme
    }
  }

  /// A file that is no valid theme, with all faults.
  struct Unusable: Failure {
    let path: String
    let faults: [String]

    var family: FailureFamily { .usage }
    var subject: String { "theme \(path)" }
    var reason: String { faults.joined(separator: "; ") }
    var remedy: String? { "correct it, or choose another theme; the shipped ones show how it is written" }
  }

  private struct Reader {
    var faults: [String] = []
    private var palette: [String: Color] = [:]

    mutating func theme(_ file: TOMLTable) -> Theme {
      unknown(in: file, known: ["name", "summary", "for", "palette", "roles"], place: "the file")
      let name = file["name"]?.string ?? ""
      if name.isEmpty { faults.append("it has no name") }
      let suits = suitability(file["for"])
      for key in file["palette"]?.table?.keys ?? [] {
        palette[key] = color(file["palette"]?.table?[key], place: "palette.\(key)")
      }
      var styles: [Role: Theme.Style] = [:]
      let roles = file["roles"]?.table
      for key in roles?.keys ?? [] {
        guard let role = Role(rawValue: key) else {
          faults.append("there is no role \(SafeText.clean(key, limit: .word))")
          continue
        }
        guard let table = roles?[key]?.table else {
          faults.append("\(key) is not a table")
          continue
        }
        styles[role] = style(table, role: key)
      }
      let missing = Role.allCases.filter { roles?[$0.rawValue] == nil }.map(\.rawValue)
      if !missing.isEmpty { faults.append("missing roles: \(missing.joined(separator: ", "))") }
      return Theme(name: name, summary: file["summary"]?.string ?? "", suits: suits, styles: styles)
    }

    private mutating func suitability(_ value: (any TOMLValueConvertible)?) -> Theme.Suitability {
      guard let value else { return .any }
      if let suits = value.string.flatMap(Theme.Suitability.init) { return suits }
      faults.append("for: it must be \"dark\", \"light\" or \"any\"")
      return .any
    }

    private mutating func style(_ table: TOMLTable, role: String) -> Theme.Style {
      unknown(in: table, known: ["fg", "bg", "attributes", "mono"], place: role)
      let attributes = attributes(table["attributes"], place: "\(role).attributes")
      return Theme.Style(
        foreground: table["fg"].flatMap { color($0, place: "\(role).fg") },
        background: table["bg"].flatMap { color($0, place: "\(role).bg") },
        attributes: attributes ?? [], mono: self.attributes(table["mono"], place: "\(role).mono") ?? attributes ?? [])
    }

    private mutating func color(_ value: (any TOMLValueConvertible)?, place: String) -> Color? {
      let text = value?.int.map(String.init) ?? value?.string ?? ""
      if let color = palette[text] ?? Color(text) { return color }
      faults.append("\(place): \"\(SafeText.clean(text, limit: .word))\" is no colour")
      return nil
    }

    private mutating func attributes(_ value: (any TOMLValueConvertible)?, place: String) -> Theme.Attributes? {
      guard let value else { return nil }
      guard let array = value.array else {
        faults.append("\(place) is not a list")
        return nil
      }
      var result: Theme.Attributes = []
      for item in array {
        let text = item.string ?? ""
        if let known = Theme.Attributes.names.first(where: { $0.name == text }) {
          result.insert(known.attribute)
        } else {
          faults.append("\(place): \"\(SafeText.clean(text, limit: .word))\" is no attribute")
        }
      }
      return result
    }

    private mutating func unknown(in table: TOMLTable, known: Set<String>, place: String) {
      for key in table.keys where !known.contains(key) {
        faults.append("\(place) has no key \(SafeText.clean(key, limit: .word))")
      }
    }
  }
}
