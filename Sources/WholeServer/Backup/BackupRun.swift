import Archive
import Common
import Glibc
import Operations
import Postgres
import Server

/// A backup bound to the installation that it reads; see ``BackupOperation``.
struct BackupRun {
  typealias Phase = BackupOperation.Phase
  typealias Options = BackupOperation.Options

  let installation: Installation
  let options: Options
  /// Where the archive will be.
  let output: String
  /// The future content of the backup.
  let holdings: BackupHoldings

  init(_ installation: Installation, _ options: Options) {
    self.installation = installation
    self.options = options
    let holdings = Self.holdings(installation, options)
    let name =
      BackupLayout.fileName(installation.brand, isPartial: !holdings.isComplete)
      + (options.recipient == nil ? "" : ".age")
    let folder = options.folder ?? Container.find(installation)?.backupFolder ?? "/tmp"
    // A job's process works in another folder, and age too.
    output = FileSystem.absolute(options.output ?? "\(folder)/\(name)")
    self.holdings = holdings
  }

  private var brand: Brand { installation.brand }
  private var workers: Int { max(1, min(options.parallel ?? min(WorkerThread.processors, 4), 32)) }
  private var takesUploads: Bool { holdings.has(.uploads) }

  private static func holdings(_ installation: Installation, _ options: Options) -> BackupHoldings {
    var parts: Set<BackupHoldings.Part> = [.settings]
    if !options.skipsDatabase { parts.insert(.database) }
    let isInS3 = installation.storesUploadsInS3
    if !options.skipsUploads, !isInS3, FileSystem.isFolder(installation.uploadsFolder) { parts.insert(.uploads) }
    return BackupHoldings(parts, keepsUploadsElsewhere: isInS3)
  }

  // MARK: Before

  func check() throws -> [Finding] {
    let connection = try options.skipsDatabase ? nil : installation.connect()
    defer { connection?.close() }
    let tree = try takesUploads ? FileTree(installation.uploadsFolder) : nil
    return try checks().findings(connection, try size(connection, tree), work: workPlace())
  }

  func plan() throws -> Plan {
    let phases = Phase.allCases.filter { phase in
      switch phase {
      case .dump, .count, .database: !options.skipsDatabase
      case .uploads: takesUploads
      case .encrypt: options.recipient != nil
      case .settings, .verify: true
      }
    }
    return Plan(
      title: "Back up \(installation.label) into \(output)", phases: phases.map { Plan.Phase($0) },
      leavesAlone: ["Everything: a backup only reads, and people can keep working"])
  }

  // MARK: The story

  func run(_ progress: Progress) throws -> Summary {
    ScratchFolder.removeLeftOvers()
    let session = try options.skipsDatabase ? nil : installation.connect(cancellation: progress.cancellation)
    defer { session?.close() }
    let moment = Timestamp.now()
    let snapshot = try session?.exportSnapshot()
    let tree = try takesUploads ? FileTree(installation.uploadsFolder, cancellation: progress.cancellation) : nil
    let size = try size(session, tree)
    let work = workPlace()
    try progress.pass(try checks().findings(session, size, work: work))

    var tables: [String: Int64] = [:]
    var dump: Dump?
    if let session, let snapshot, let work {
      dump = try progress.phase(Phase.dump, total: size.rows, unit: .bytes) { meter in
        try Dump(installation, session, snapshot, workers: workers, level: options.level, in: work, meter: meter)
      }
      tables = try progress.phase(Phase.count, unit: .rows) { meter in
        try RowCounts.read(session, schema: brand.schema) { try meter.advance(by: $1) }
      }
    }

    let encrypted = options.recipient != nil
    let plain = try encrypted ? ScratchFolder(in: FileSystem.folder(of: output)) : nil
    let archive = try ArchiveWriter(
      path: plain.map { "\($0.path)/backup.tar.gz" } ?? output, rootFolder: BackupLayout.rootFolder(brand),
      level: options.level)
    defer { archive.abandon() }
    let content = BackupContent(installation: installation, archive: archive, progress: progress)
    let source = try content.addFacts(session, size: size, tree: tree, moment: moment, holdings: holdings)
    try progress.phase(Phase.settings) { _ in try content.addSettings() }
    if let dump {
      try progress.phase(Phase.database, total: dump.bytes, unit: .bytes) { meter in
        try content.addDump(dump.folder, meter: meter)
      }
    }
    dump = nil
    if let tree {
      try progress.phase(Phase.uploads, total: tree.bytes, unit: .bytes) { meter in
        try content.addUploads(tree, attachments: content.attachments(session), meter: meter)
      }
    }
    try session?.execute("COMMIT")

    let manifest = Manifest(
      program: Program.nameAndVersion, kind: .backup, source: source, tables: tables,
      options: [
        "database": options.skipsDatabase ? "left out" : "whole", "uploads": tree == nil ? "left out" : "whole",
        "completeness": holdings.label,
      ],
      skipped: content.skipped, migrations: session == nil ? nil : MigrationStatus.fileName)
    let finished = try progress.phase(Phase.verify, unit: .bytes) { meter in
      try archive.finish(manifest: manifest, cancellation: progress.cancellation, progress: meter.follow())
    }
    var bytes = finished.size
    if let recipient = options.recipient {
      bytes = try progress.phase(Phase.encrypt) { _ in
        try Encryption.encrypt(finished.path, to: recipient, output: output, cancellation: progress.cancellation)
        return try BackupChecksum.write(for: output, holdings)
      }
    }
    withExtendedLifetime(plain) {}
    // It has been read back: retention need not read it again.
    if BackupFolder.isBackup(FileSystem.name(of: output)) {
      var ledger = BackupLedger(FileSystem.folder(of: output))
      ledger.note(.sound(holdings), of: output)
      ledger.save()
    }
    return summarize(tables: tables, content, bytes: bytes)
  }

  // MARK: Parts

  private func checks() -> BackupChecks {
    BackupChecks(installation: installation, options: options, output: output, workers: workers)
  }

  private func size(_ connection: Connection?, _ tree: FileTree?) throws -> BackupSize {
    var size = BackupSize()
    if let connection {
      size.database = try connection.value("SELECT pg_database_size(current_database())").flatMap { Int64($0) } ?? 0
      size.rows = try Dump.sizes(connection).values.reduce(0, +)
    }
    size.uploadsFiles = Int64(tree?.files.count ?? 0)
    size.uploads = tree?.bytes ?? 0
    return size
  }

  /// Where pg_dump can write.
  private func workPlace() -> String? {
    let places = options.workFolder.map { [$0] } ?? [FileSystem.folder(of: output)] + ScratchFolder.places
    return ScratchFolder.place(among: places, for: BackupChecks.user(installation))
  }

  /// How its owner gets to know that it is whole elsewhere, and that it can be restored.
  private var copying: [Summary.Step] {
    guard options.recipient != nil else {
      return [
        // Not an action: verifying the file here proves nothing about the copy.
        Summary.Step(
          "Copy it to another machine at another location, and verify it there: "
            + ArchiveWords.command(["verify", output]))
      ]
        + (holdings.has(.database)
          ? [
            Summary.Step("Rehearse its restore: \(ArchiveWords.rehearse(output, nil))").with(.rehearse(backup: output))
          ] : [])
    }
    return [
      Summary.Step(
        "Copy it and the .sha256 beside it to another machine at another location, and verify it there, without the "
          + "private key: \(ArchiveWords.command(["verify", output]))"),
      "Rehearse its restore on a machine that may have the private key: \(ArchiveWords.rehearse(output, "KEYFILE"))",
    ]
  }

  private func summarize(
    tables: [String: Int64], _ content: BackupContent, bytes: Int64
  ) -> Summary {
    var facts = [
      Summary.Fact("Archive", output), Summary.Fact("Size", bytes: bytes),
      Summary.Fact("Completeness", holdings.label),
    ]
    if !options.skipsDatabase {
      let rows = tables.values.reduce(0, +)
      facts.append(
        Summary.Fact(
          "Database", "\(Amount.of(Int64(tables.count), "table")), \(Amount.of(rows, "row"))",
          amounts: [.tables: Int64(tables.count), .rows: rows]))
    }
    facts.append(
      Summary.Fact(
        "Uploads", takesUploads ? Amount.of(content.uploadedFiles, "file") : "not in it",
        amounts: takesUploads ? [.files: content.uploadedFiles] : [:]))
    facts.append(Summary.Fact("Skipped files", count: Int64(content.skipped.count), .files))
    facts.append(Summary.Fact("Verified", "every byte was read back and compared with its checksum"))
    return Summary(
      title: holdings.isComplete
        ? "\(installation.label) is backed up"
        : "\(installation.label) is backed up without \(BackupHoldings.list(holdings.missing))", facts: facts,
      nextSteps: copying + NotInBackup.list(installation).compactMap(\.step).map { Summary.Step($0) })
  }
}
