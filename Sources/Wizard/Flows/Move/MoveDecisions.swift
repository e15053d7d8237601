import Common
import Engine

/// What the answers of the flow come to.
struct MoveDecisions: Sendable, Equatable {
  /// Where each answer is.
  enum Key {
    static let source = "source.root"
    static let organization = "organization.which"
    static let place = "target.place"
    static let target = "target.root"
    static let archive = "target.archive"
    static let subdomain = "address.subdomain"
    static let reserved = "address.reserved"
    static let deactivate = "deactivate.old"
    static let secrets = "secrets.each"
  }

  enum Place: String, Sendable {
    /// Another server on this machine.
    case here
    /// Another machine, which this one cannot reach into.
    case elsewhere
  }

  var source: String
  /// nil: the archive is made, and imported by hand on another machine.
  var target: String?
  var organization: String
  var archive: String
  /// On the new server.
  var subdomain: String
  /// The subdomain is one that servers keep for themselves, and is taken all the same.
  var allowsReserved: Bool
  var deactivates: Bool
  var wasDeactivated: Bool
  var secrets: [String: SecretDecision]

  init(_ answers: Answers) {
    source = answers.text(Key.source) ?? "/"
    let place = answers.text(Key.place).flatMap { Place(rawValue: $0) } ?? .here
    target = place == .here ? answers.text(Key.target) : nil
    organization = answers.text(Key.organization) ?? ""
    archive = answers.text(Key.archive) ?? ""
    subdomain = answers.text(Key.subdomain) ?? ""
    allowsReserved = Self.isReserved(subdomain) && answers.flag(Key.reserved) ?? false
    wasDeactivated = answers.detail(Key.organization, "state") == "deactivated"
    deactivates = !wasDeactivated && answers.flag(Key.deactivate) ?? false
    secrets = place == .here ? answers.map(Key.secrets).compactMapValues { SecretDecision(rawValue: $0) } : [:]
  }

  static func isReserved(_ subdomain: String) -> Bool {
    Brand.allCases.contains { ImportOperation.isReserved(subdomain, brand: $0) }
  }

  var copiedSecrets: [String] { secrets.filter { $0.value == .copy }.keys.sorted() }

  /// The same as a script would do it.
  func commands(brand: Brand?) -> [String] {
    var lines = [
      line(["export"] + server(source, brand) + ["-r", organization, "--output", archive])
        + (deactivates ? " --deactivate" : "")
    ]
    guard let target else { return lines + importCommands(brand: brand) }
    lines.append(line(["import"] + server(target, brand) + imported))
    if !copiedSecrets.isEmpty {
      lines.append("# then copy \(copiedSecrets.joined(separator: ", ")) from one secrets file to the other")
    }
    if wasDeactivated {
      lines.append(line(["organization", "reactivate"] + server(target, brand) + ["-r", subdomain]))
    }
    return lines
  }

  /// To be typed on the other machine.
  func importCommands(brand: Brand?) -> [String] {
    let reactivate =
      wasDeactivated ? [line(["organization", "reactivate"] + server("/", brand) + ["-r", subdomain])] : []
    return [line(["import"] + server("/", brand) + imported)] + reactivate
  }

  private var imported: [String] { [subdomain, archive] + (allowsReserved ? ["--allow-reserved-subdomain"] : []) }

  private func server(_ root: String, _ brand: Brand?) -> [String] {
    (root == "/" ? [] : ["--root", root]) + (brand.map { ["--brand", $0.rawValue] } ?? [])
  }

  private func line(_ words: [String]) -> String {
    ([Program.name] + words).map(ShellWord.quoted).joined(separator: " ")
  }
}

/// Words as a shell reads them back.
enum ShellWord {
  static func quoted(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { byte in
      (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
        || "-_./:=@+,".utf8.contains(byte)
    }
    if plain, !word.isEmpty { return word }
    return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
