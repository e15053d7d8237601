import Archive
import Common
import Operations
import Postgres
import Server

/// Checks an import before it begins.
package struct ImportChecks {
  let installation: Installation
  let options: ImportOperation.Options
  let connection: Connection
  let model: DataModel
  /// The server was already asked to create its system bots; a bot that is still missing stays missing.
  var hasTriedBots = false

  package init(
    installation: Installation, options: ImportOperation.Options, connection: Connection, model: DataModel,
    hasTriedBots: Bool = false
  ) {
    self.installation = installation
    self.options = options
    self.connection = connection
    self.model = model
    self.hasTriedBots = hasTriedBots
  }

  /// - Parameter migrations: the archive's `migration_status.json`, if it has one.
  func findings(kind: ArchiveKind, manifest: Manifest?, memberBytes: Int64, migrations: [UInt8]?) throws -> [Finding] {
    try [archive(kind, manifest).about(.archive)]
      + serverFindings(
        memberBytes: memberBytes, migrations: migrations, sourceVersion: manifest?.source.serverVersion)
  }

  /// Returns the findings that concern the server alone.
  package func serverFindings(memberBytes: Int64, migrations: [UInt8]?, sourceVersion: String?) throws -> [Finding] {
    [
      try subdomain().about(.subdomain), try systemBots(), try uploads(), space(memberBytes),
      try version(sourceVersion, migrations),
      try standby(),
    ]
  }

  private func archive(_ kind: ArchiveKind, _ manifest: Manifest?) -> Finding {
    guard kind.isExport else {
      return Finding(.blocker, "archive", "this is \(kind.description)", remedy: "give an export of an organization")
    }
    guard let manifest else {
      return Finding(
        .ok, "archive", "\(kind.description); it has no digests, so damage shows only where it breaks the format")
    }
    let skipped = manifest.skipped.isEmpty ? "" : "; \(manifest.skipped.count) files were skipped when it was made"
    return Finding(
      manifest.skipped.isEmpty ? .ok : .warning, "archive", "\(kind.description), \(manifest.created)\(skipped)")
  }

  private func subdomain() throws -> Finding {
    let name = options.subdomain
    let shown = name.isEmpty ? "the root domain" : "'\(SafeText.clean(name, limit: .word))'"
    guard SubdomainRules.isWellFormed(name, lengths: 0...40) else {
      return Finding(
        .blocker, "subdomain", "\(shown) cannot be one: small letters a–z, digits and dashes inside, at most 40",
        remedy: "choose another subdomain")
    }
    if let held = try SubdomainRules.holder(name, installation, connection) { return held }
    if SubdomainRules.isReserved(name, brand: installation.brand), !options.allowsReservedSubdomain {
      return Finding(
        .blocker, "subdomain", "\(shown) is reserved",
        remedy: "choose another one, or allow it with --allow-reserved-subdomain")
    }
    return Finding(.ok, "subdomain", "\(shown) is free")
  }

  private func systemBots() throws -> Finding {
    let bots = SystemBots(installation: installation, connection: connection)
    let missing = try bots.missing()
    if missing.isEmpty { return Finding(.ok, "system bots", "all exist") }
    let reason =
      "this server has never been used: its organization '\(installation.brand.internalSubdomain)' lacks "
      + missing.joined(separator: ", ")
    if bots.canBeMade, !hasTriedBots {
      return Finding(
        .warning, "system bots", reason,
        remedy: "none is required: the import first runs the server's manage.py, which creates them"
      )
    }
    return Finding(.blocker, "system bots", reason, remedy: "run on this server: \(bots.command)")
  }

  private func uploads() throws -> Finding {
    try UploadsPresence.look(installation, connection).finding(
      installation, "they are copied to \(installation.uploadsFolder)", otherwise: UploadsPresence.giveUp(installation))
      ?? Finding(
        .blocker, "uploads", "this server keeps its files in S3, which this version cannot import into",
        remedy: "use the server's own import command for now")
  }

  /// Rows with their indexes take about twice the size of their JSON; the archive is unpacked during the import.
  private func space(_ memberBytes: Int64) -> Finding {
    guard let free = FileSystem.freeBytes(installation.uploadsFolder) else {
      return Finding(.ok, "space", "could not be checked")
    }
    let needed = memberBytes * 2 + (64 << 20)
    guard free > needed else {
      return Finding(
        .blocker, "space",
        "about \(Amount.bytes(needed)) are needed on the disk of the uploads, \(Amount.bytes(free)) are free",
        remedy: "free some space")
    }
    return Finding(.ok, "space", "about \(Amount.bytes(needed)) needed, \(Amount.bytes(free)) free")
  }

  private func version(_ sourceVersion: String?, _ migrations: [UInt8]?) throws -> Finding {
    let here = try ServerVersion.read(installation, connection)
    if let migrations, MigrationStatus.namesServer(MigrationStatus.decode(migrations)) {
      return otherVersion(here, sourceVersion, migrations)
        ?? Finding(.ok, "version", "the same migrations on both sides", id: .version)
    }
    let missing = "the archive does not say which migrations its server had; this one is \(here.label)"
    // An unknown version cannot be distinguished from a version that writes no such file.
    guard here.name != nil else {
      return Finding(
        .warning, "version", missing, remedy: "make sure that both servers have the same version", id: .version)
    }
    return Finding(
      options.ignoresVersions ? .warning : .blocker, "version", missing,
      remedy: "make the archive again with the server's present version; \(Self.override)", id: .version)
  }

  private static let override =
    "if you know that both servers have the same version, repeat with --ignore-versions"

  /// Returns how the version of this server differs from that of the archive; nil if it does not, or if the archive does
  /// not say.
  ///
  /// - Parameters:
  ///   - sourceVersion: what the archive's manifest says; for the message only.
  ///   - migrations: the archive's `migration_status.json`; nil if it has none.
  package func otherVersion(_ sourceVersion: String?, _ migrations: [UInt8]?) throws -> Finding? {
    guard let migrations else { return nil }
    return otherVersion(try ServerVersion.read(installation, connection), sourceVersion, migrations)
  }

  private func otherVersion(_ here: ServerVersion, _ sourceVersion: String?, _ migrations: [UInt8]) -> Finding? {
    let severity: Finding.Severity = options.ignoresVersions ? .warning : .blocker
    if let other = MigrationStatus.version(migrations), let own = here.name,
      let theirs = MigrationStatus.major(other), let ours = MigrationStatus.major(own), theirs != ours
    {
      return Finding(
        severity, "version",
        "the archive comes from version \(SafeText.clean(other, limit: .word)); this server has \(here.label)",
        remedy: "bring both servers to the same version first; \(Self.override)", id: .version)
    }
    let difference = MigrationStatus.difference(
      archive: MigrationStatus.decode(migrations), server: here.migrations)
    guard !difference.isEmpty else { return nil }
    return Finding(
      severity, "version",
      "the archive comes from another version of the server (\(sourceVersion ?? "unknown"); "
        + "here: \(here.label)): " + difference.joined(separator: "; "),
      remedy:
        "bring this server to the archive's version first; for an export from the cloud that is the branch main: "
        + "upgrade-\(installation.brand.rawValue)-from-git main", id: .version)
  }

  private func standby() throws -> Finding {
    try connection.value("SELECT pg_is_in_recovery()") == "t"
      ? Finding(
        .blocker, "database", "is a read-only standby", remedy: "run the import on the primary server")
      : Finding(.ok, "database", "can be written")
  }
}
