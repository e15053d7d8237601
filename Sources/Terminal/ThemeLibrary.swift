import Common
import Glibc

/// Why a theme cannot be used. The wizard says it once and goes on with the default theme.
public struct ThemeTrouble: Sendable, Equatable {
  /// The requested name or path.
  public let name: String
  public let reason: String

  /// One sentence each for the theme with the reason, for the consequence, and for the command that tells more.
  public var text: String {
    // A name with a hyphen at the start would be read as an option.
    let words = ["theme", "check"] + (name.hasPrefix("-") ? ["--"] : []) + [name]
    return "Theme '\(SafeText.clean(name, limit: .label))' cannot be used: \(SafeText.clean(reason, limit: .line)). "
      + "The default theme is shown. Details: \(SafeText.clean(Program.command(words), limit: .path))"
  }
}

/// Finds themes: the operator's first, then the machine's, then the shipped ones.
public struct ThemeLibrary: Sendable {
  /// The searched folders; the first match applies.
  public let folders: [String]
  private let preferred: String?

  public init(environment: [String: String], executable: String?) {
    var folders: [String] = []
    if let configuration = environment["XDG_CONFIG_HOME"], configuration.hasPrefix("/") {
      folders.append(configuration + "/aloha-wizard/themes")
    } else if let home = environment["HOME"], home.hasPrefix("/") {
      folders.append(home + "/.config/aloha-wizard/themes")
    }
    folders.append("/etc/aloha-wizard/themes")
    folders += Self.shipped(beside: executable)
    self.folders = folders
    preferred = environment["ALOHA_WIZARD_THEME"].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Returns the library of this process.
  public static func current() -> ThemeLibrary {
    ThemeLibrary(environment: currentEnvironment(), executable: realPath("/proc/self/exe"))
  }

  /// Returns the requested theme; by default that of `ALOHA_WIZARD_THEME`, otherwise `default`.
  ///
  /// - Parameter wanted: a name, or the path of a file (with a slash, or ending in `.toml`).
  public func theme(_ wanted: String? = nil) throws -> Theme {
    if let wanted = wanted ?? preferred { return try find(wanted) }
    return try path(of: Self.defaultName).map(load) ?? Self.builtIn()
  }

  /// Returns the requested theme like ``theme(_:)``; if it cannot be used, the built-in one and the reason.
  ///
  /// A theme is only a look: it never stops the wizard.
  public func themeOrDefault(_ wanted: String? = nil) -> (theme: Theme, trouble: ThemeTrouble?) {
    do {
      return (try theme(wanted), nil)
    } catch {
      let name = wanted ?? preferred ?? Self.defaultName
      return (Self.builtIn(), ThemeTrouble(name: name, reason: (error as? any Failure)?.reason ?? "\(error)"))
    }
  }

  /// Returns the available themes by name, each with its file; nil for the built-in one.
  public func list() -> [(name: String, path: String?)] {
    var found: [String: String] = [:]
    for folder in folders {
      for file in (try? FileSystem.names(in: folder)) ?? [] where file.hasSuffix(".toml") {
        let name = String(file.dropLast(5))
        if found[name] == nil { found[name] = "\(folder)/\(file)" }
      }
    }
    var list: [(name: String, path: String?)] = found.map { ($0.key, $0.value) }
    if found[Self.defaultName] == nil { list.append((Self.defaultName, nil)) }
    return list.sorted { $0.name < $1.name }
  }

  /// Returns the built-in default theme, which needs no file.
  public static func builtIn() -> Theme {
    // A test reads this text. Without it, the focus must still be visible.
    (try? ThemeFile.parse(defaultThemeText, path: "(built in)"))
      ?? Theme(
        name: defaultName, summary: "",
        styles: [.focus: Theme.Style(foreground: nil, background: nil, attributes: .reverse, mono: .reverse)])
  }

  private static let defaultName = "default"
  private static let largestFile = 1 << 20

  private func find(_ wanted: String) throws -> Theme {
    if wanted.contains("/") || wanted.hasSuffix(".toml") { return try load(wanted) }
    if let path = path(of: wanted) { return try load(path) }
    if wanted == Self.defaultName { return Self.builtIn() }
    throw PlainFailure(
      .notFound, "theme \(SafeText.clean(wanted, limit: .label))", "there is none of that name",
      remedy: (NearestName.question(wanted, among: list().map(\.name)).map { "\($0) " } ?? "")
        + "there are: \(list().map(\.name).joined(separator: ", ")); or give the path of a file")
  }

  private func path(of name: String) -> String? {
    folders.lazy.map { "\($0)/\(name).toml" }.first { FileSystem.exists($0) }
  }

  private func load(_ path: String) throws -> Theme {
    let bytes = try FileSystem.readRegular(path, limit: Self.largestFile)
    return try ThemeFile.parse(String(decoding: bytes, as: UTF8.self), path: path)
  }

  /// Returns `share/aloha-wizard/themes` of the installation, or `themes` of the source tree of the build.
  private static func shipped(beside executable: String?) -> [String] {
    guard let executable else { return [] }
    var folder = parent(executable)
    var found: [String] = []
    if let prefix = folder.flatMap(parent) { found.append(prefix + "/share/aloha-wizard/themes") }
    while let candidate = folder {
      // Only beside the package: a folder of that name elsewhere can belong to anybody.
      if FileSystem.exists(candidate + "/Package.swift"), FileSystem.isFolder(candidate + "/themes") {
        found.append(candidate + "/themes")
        break
      }
      folder = parent(candidate)
    }
    return found
  }

  private static func parent(_ path: String) -> String? {
    guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return nil }
    return String(path[..<slash])
  }

  private static func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
