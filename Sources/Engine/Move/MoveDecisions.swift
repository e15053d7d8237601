import Common

/// Everything that is decided before an organization moves, as one value: what a job's process is given.
public struct MoveDecisions: Sendable, Codable, Equatable {
  public var source: String
  /// nil: the archive is made, and imported by hand on another machine.
  public var target: String?
  public var organization: String
  public var archive: String
  /// On the new server.
  public var subdomain: String
  /// The subdomain is one that servers keep for themselves, and is taken all the same.
  public var allowsReserved: Bool
  public var deactivates: Bool
  public var wasDeactivated: Bool
  public var secrets: [String: SecretDecision]
  /// Stops the new server for the time of the import, for a machine with little memory.
  public var stopsTarget: Bool

  public init(
    source: String, target: String?, organization: String, archive: String, subdomain: String,
    allowsReserved: Bool = false, deactivates: Bool = false, wasDeactivated: Bool = false,
    secrets: [String: SecretDecision] = [:], stopsTarget: Bool = false
  ) {
    self.stopsTarget = stopsTarget
    self.source = source
    self.target = target
    self.organization = organization
    self.archive = archive
    self.subdomain = subdomain
    self.allowsReserved = allowsReserved
    self.deactivates = deactivates
    self.wasDeactivated = wasDeactivated
    self.secrets = secrets
  }

  public static func isReserved(_ subdomain: String) -> Bool {
    Brand.allCases.contains { ImportOperation.isReserved(subdomain, brand: $0) }
  }

  public var copiedSecrets: [String] { secrets.filter { $0.value == .copy }.keys.sorted() }

  /// The same as a script would do it.
  public func commands(brand: Brand?) -> [String] {
    var lines = [
      line(["export"] + server(source, brand) + ["-r", organization, "--output", archive])
        + (deactivates ? " --deactivate" : "")
    ]
    guard let target else { return lines + importCommands(brand: brand) }
    lines.append(line(["import"] + server(target, brand) + imported + (stopsTarget ? ["--stop-server"] : [])))
    if !copiedSecrets.isEmpty {
      lines.append(
        line(
          ["settings", "copy"] + server(target, brand) + [
            "--from", source, "--migration", "import", "--without-advice",
          ]
            + copiedSecrets.flatMap { ["--set", "\($0)=copy"] }))
    }
    if wasDeactivated {
      lines.append(line(["organization", "reactivate"] + server(target, brand) + ["-r", subdomain]))
    }
    return lines
  }

  /// To be typed on the other machine.
  public func importCommands(brand: Brand?) -> [String] {
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
