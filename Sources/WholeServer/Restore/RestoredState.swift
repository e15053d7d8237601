import Archive
import Common
import Glibc
import Operations
import Postgres
import Server

/// The new state of a server, complete and verified, beside the old one.
struct RestoredState {
  var tables: [String: Int64] = [:]
  var files: Int64 = 0
  var isProved = false
  /// Whether it was made from a damaged backup.
  var isSalvaged = false
  /// The losses of a damaged backup.
  var losses: Summary.Fact?
  var hasExpectedRows = false
  var hasUploads = false
  /// The variables that the operator has to set in the environment of a container.
  var containerSteps: [Summary.Step] = []

  /// Builds the new state.
  ///
  /// - Throws: if anything differs from the statements of the backup; the caller deletes what was created until then.
  static func make(_ preparation: RestorePreparation, _ progress: Progress) throws -> RestoredState {
    let cancellation = progress.cancellation
    let administrator = try preparation.database.map { _ in try preparation.access.get() }
    let user = administrator.flatMap(RestorePreparation.user(of:))
    var work: ScratchFolder?
    if preparation.database != nil, let place = preparation.work { work = try ScratchFolder(in: place, for: user) }
    let unpacked = try progress.phase(RestorePhase.unpack, unit: .bytes) { meter in
      try RestoreUnpacking(preparation: preparation, work: work, user: user).run(meter, cancellation: cancellation)
    }
    var state = RestoredState()
    state.files = unpacked.files
    state.isProved = unpacked.isProved
    if let losses = unpacked.losses {
      state.isSalvaged = true
      losses.warnings.forEach(progress.warn)
      let list = preparation.lossesFile
      try losses.write(list)
      let count = losses.count(expected: preparation.head.facts?.uploadsFiles, uploads: unpacked.files)
      if count > 0 || !losses.isComplete {
        let amount = count > 0 ? Amount.of(count, "file") : "how many files is not known"
        let names = FileSystem.exists(list) ? "; names that are known: \(list)" : ""
        state.losses = Summary.Fact("Lost", "\(amount)\(names)", amounts: count > 0 ? [.files: count] : [:])
      }
    }
    state.hasExpectedRows = unpacked.tables != nil
    state.hasUploads = preparation.head.hasUploads
    if let database = preparation.database, let administrator, let dump = unpacked.dump, let work {
      try FullDisk.naming(database: database, administrator, work: work.path) {
        try state.restore(
          dump, into: database, administrator, preparation, scratch: work.path, progress)
        try state.compare(database, administrator, preparation.installation.brand, expected: unpacked.tables, progress)
      }
    }
    work = nil
    try progress.phase(RestorePhase.prepare) { _ in
      state.containerSteps = try prepare(preparation)
    }
    return state
  }

  private func restore(
    _ dump: DumpFile, into database: StagingDatabase, _ access: AdministratorAccess, _ preparation: RestorePreparation,
    scratch: String, _ progress: Progress
  ) throws {
    try progress.phase(RestorePhase.database, unit: .steps) { meter in
      try database.create(access)
      for setting in try database.copySettings(access) { progress.warn(setting) }
      let session = try access.connect(cancellation: progress.cancellation)
      let here = session.serverVersion / 10_000
      session.close()
      let contents = preparation.head.dump
      let tools = try DumpRestore.tools(for: contents, major: here, having: ["pg_restore", "psql"])
      let omissions = try DumpRestore(
        dump: dump, contents: contents, tools: tools, access: access, database: database.side, owner: database.owner,
        workers: preparation.options.workers
      ).run(scratch: scratch, meter: meter, cancellation: progress.cancellation)
      for omission in omissions { progress.note(omission) }
    }
  }

  private mutating func compare(
    _ database: StagingDatabase, _ access: AdministratorAccess, _ brand: Brand, expected: [String: Int64]?,
    _ progress: Progress
  ) throws {
    tables = try progress.phase(RestorePhase.compare, unit: .rows) { meter in
      let session = try access.connect(database: database.side, cancellation: progress.cancellation)
      defer { session.close() }
      let found = try RowCounts.read(session, schema: brand.schema) { try meter.advance(by: $1) }
      try FullDumpCheck.check(found)
      let differences = expected.map { RowCounts.differences(expected: $0, found: found) } ?? []
      guard differences.isEmpty else {
        throw PlainFailure(
          .damagedArchive, "database",
          "is not as the backup says: \(differences.prefix(5).joined(separator: "; "))",
          remedy: "use another backup; nothing of this server was touched")
      }
      return found
    }
  }

  /// Adapts the settings to this machine, and sets owners and permissions; everything is synced to disk.
  ///
  /// - Returns: what is left to be set by hand where this server is in a container.
  private static func prepare(_ preparation: RestorePreparation) throws -> [Summary.Step] {
    let installation = preparation.installation
    var steps: [Summary.Step] = []
    if let place = preparation.replaced.first(where: { $0.part == BackupLayout.settings }) {
      let head = preparation.head
      try RestoredSettings(
        installation: installation, options: preparation.options, settings: head.settingsFile ?? SettingsFile(""),
        conf: head.conf ?? ConfFile(), secrets: head.secrets ?? Secrets()
      ).apply(in: place.side)
      steps =
        try RestoredEnvironment(installation: installation).notice(settings: place.side)?
        .write(ContainerNotice.fileName(restore: preparation.id)) ?? []
      for file in preparation.replaced where file.isFile == true && file.part.hasPrefix("\(place.part)/") {
        try file.takeFile(from: place.side)
      }
    }
    let entry = getpwnam(installation.brand.systemUser)
    let fallback = entry.map { (uid: $0.pointee.pw_uid, gid: $0.pointee.pw_gid) }
    for place in preparation.replaced { try place.dress(fallback: fallback) }
    return steps
  }

  var facts: [Summary.Fact] {
    var facts: [Summary.Fact] = []
    if !tables.isEmpty {
      facts.append(
        Summary.Fact(
          "Database",
          "\(Amount.of(Int64(tables.count), "table")), \(Amount.of(tables.values.reduce(0, +), "row"))"
            + (hasExpectedRows ? ", each table as in the backup" : ""),
          amounts: [.tables: Int64(tables.count), .rows: tables.values.reduce(0, +)]))
    }
    if hasUploads { facts.append(Summary.Fact("Uploads", Amount.of(files, "file"), amounts: [.files: files])) }
    facts.append(
      Summary.Fact(
        "Digests",
        isProved
          ? "every one was compared"
          : isSalvaged ? "none could be compared" : "the backup has none; gzip's own checksum was compared"))
    return facts + [losses].compactMap(\.self)
  }
}
