import Archive
import Common
import Glibc
import Postgres

/// Restores a backup into a throw-away PostgreSQL and a throw-away folder, and compares everything with what the backup
/// says. The server itself is neither needed nor touched: it can run every night on the production machine.
public struct RehearseOperation: Operation {
  public struct Options: Sendable, Codable, Equatable {
    /// A backup, or the folder it was unpacked into.
    public var archive: String
    /// A file with age's private key, for an encrypted backup.
    public var identity: String?
    /// Where all of it is unpacked; nil: /var/tmp.
    public var workFolder: String?
    /// Sessions that restore at the same time; nil: half of the processors, so that people notice nothing.
    public var parallel: Int?

    public init(archive: String) { self.archive = archive }

    /// The newest backup in a folder.
    public init(newestIn folder: String) throws {
      guard let newest = try BackupFolder.list(folder).max(by: { ($0.moment, $0.path) < ($1.moment, $1.path) }) else {
        throw PlainFailure(
          .notFound, folder, "holds no backup", remedy: "make one: aloha-wizard backup --folder \(folder)")
      }
      archive = newest.path
    }
  }

  public let options: Options

  public init(_ options: Options) { self.options = options }

  public var name: String { "restore-rehearse" }

  private var workers: Int { max(1, min(options.parallel ?? max(1, WorkerThread.processors / 2), 32)) }

  public func plan() throws -> Plan {
    Plan(
      title: "Rehearse the restore of \(SafeText.clean(options.archive, limit: 300))",
      phases: [
        Plan.Phase("check", "Look at the backup"),
        Plan.Phase("unpack", "Unpack into a throw-away folder and compare every digest"),
        Plan.Phase("start", "Start a throw-away PostgreSQL"), Plan.Phase("database", "Restore the database"),
        Plan.Phase("compare", "Compare the rows of every table with the backup"),
        Plan.Phase("files", "Look for the file of every upload that messages name"),
      ], leavesAlone: ["The server: its database, its files and its services are not touched"])
  }

  public func check() throws -> [Finding] {
    let scratch = try ScratchFolder(in: "/tmp")
    if let identity = try identity() {
      return try findings(
        try BackupHead.read(
          encrypted: options.archive, identity: identity, scratch: scratch.path, cancellation: nil), work: workPlace())
    }
    return try findings(try head(in: scratch, cancellation: nil).head, work: workPlace())
  }

  public func run(progress: Progress) throws -> Summary { try rehearse(progress).summary(progress) }

  /// The same as ``run(progress:)``, with a result for monitoring.
  public func rehearse(_ progress: Progress) throws -> RehearsalReport {
    ScratchFolder.removeLeftOvers()
    let started = ContinuousClock.now
    let cancellation = progress.cancellation
    let place = workPlace()
    let work = try ScratchFolder(in: place ?? "/tmp", for: nil)
    let (archive, head) = try progress.phase("check", "Look at the backup") { _ -> (String, BackupHead) in
      let (archive, head) = try self.head(in: work, cancellation: cancellation)
      let findings = try self.findings(head, work: place)
      for finding in findings where finding.severity == .warning {
        progress.warn("\(finding.subject): \(finding.reason)")
      }
      guard !findings.contains(where: { $0.severity == .blocker }) else { throw Blocked(findings) }
      return (archive, head)
    }
    let user = try ThrowawayCluster.user()
    let room = try ScratchFolder(in: place ?? "/tmp", for: user)
    let unpacked = try progress.phase(
      "unpack", "Unpack into a throw-away folder and compare every digest", unit: .bytes
    ) { meter in
      try unpack(archive, into: work.path, dump: "\(room.path)/database", user: user, meter, cancellation)
    }
    var report = RehearsalReport(
      archive: options.archive, created: unpacked.manifest?.created ?? head.facts?.created,
      bytes: FileSystem.isFolder(options.archive) ? nil : FileSystem.size(options.archive))
    report.hasDigests = unpacked.manifest != nil
    report.files = Int64(unpacked.members.count { $0.name.hasPrefix("\(BackupLayout.uploads)/") })
    if head.hasDatabase {
      try restore(
        dump: DumpFile(path: "\(room.path)/database", form: .directory), room: room.path, user: user, head, unpacked,
        &report, progress)
    }
    report.seconds = Double((ContinuousClock.now - started) / .milliseconds(1)) / 1000
    withExtendedLifetime((work, room)) {}
    return report
  }

  // MARK: Parts

  private func head(
    in scratch: ScratchFolder, cancellation: Cancellation?
  ) throws -> (archive: String, head: BackupHead) {
    var archive = options.archive
    if FileSystem.isFolder(archive) {
      archive = BackupHead.unpackedFolder(archive)
    } else if let identity = try identity() {
      let plain = "\(scratch.path)/backup.tar.gz"
      try Encryption.decrypt(archive, identity: identity, output: plain, cancellation: cancellation)
      archive = plain
    }
    return (archive, try BackupHead.read(archive, scratch: scratch.path, cancellation: cancellation))
  }

  /// The private key for an encrypted backup; nil where it is not encrypted.
  private func identity() throws -> String? {
    try RestorePreparation.identity(for: options.archive, options.identity)
  }

  private func workPlace() -> String? {
    let user = (try? ThrowawayCluster.user()) ?? nil
    return ScratchFolder.place(among: options.workFolder.map { [$0] } ?? ScratchFolder.places, for: user)
  }

  private func findings(_ head: BackupHead, work: String?) throws -> [Finding] {
    guard let work else {
      return [
        Finding(
          .blocker, "work folder", "no folder was found that PostgreSQL's user can enter",
          remedy: "name one with --work-folder: every folder on the way must be open to that user (chmod o+x)")
      ]
    }
    var findings: [Finding] = []
    // A production machine must keep room for itself, whatever a rehearsal takes.
    let reserve: Int64 = 512 << 20
    let needed = head.expectedBytes + (head.facts?.databaseBytes ?? head.expectedBytes * 2) + reserve
    let free = FileSystem.freeBytes(work) ?? 0
    findings.append(
      free > needed
        ? Finding(
          .ok, "space", "about \(Amount.bytes(needed - reserve)) of \(Amount.bytes(free)) in \(work), gone afterwards")
        : Finding(
          .blocker, "space", "about \(Amount.bytes(needed)) are needed in \(work), \(Amount.bytes(free)) are free",
          remedy: "name a folder on another disk with --work-folder"))
    if head.hasDatabase {
      let major = head.dump?.serverMajor ?? head.postgresMajor ?? 0
      do {
        let tools = try PostgresTools.find(major: major, having: ThrowawayCluster.programs)
        findings.append(
          Finding(.ok, "PostgreSQL", "the backup is of version \(major), rehearsed with \(tools.version)"))
      } catch let failure as any Failure {
        findings.append(Finding(.blocker, "PostgreSQL", failure.reason, remedy: failure.remedy))
      }
    } else {
      findings.append(Finding(.warning, "database", "the backup holds none: only its files are rehearsed"))
    }
    return findings
  }

  private func unpack(
    _ archive: String, into work: String, dump: String, user: String?, _ meter: Meter, _ cancellation: Cancellation
  ) throws -> PartsUnpacker.Result {
    var seen: Int64 = 0
    let unpacked = try PartsUnpacker.unpack(
      archive,
      parts: [
        BackupLayout.database: dump, BackupLayout.uploads: "\(work)/uploads", BackupLayout.settings: "\(work)/settings",
      ], expecting: .backup, skipsLinks: true, cancellation: cancellation
    ) { done, total in
      meter.setTotal(total)
      try meter.advance(by: max(0, done - seen))
      seen = max(seen, done)
    }
    if let user, let entry = getpwnam(user) {
      for path in [dump] + (try FileSystem.names(in: dump)).map({ "\(dump)/\($0)" }) {
        lchown(path, entry.pointee.pw_uid, entry.pointee.pw_gid)
      }
    }
    return unpacked
  }

  private func restore(
    dump: DumpFile, room: String, user: String?, _ head: BackupHead, _ unpacked: PartsUnpacker.Result,
    _ report: inout RehearsalReport, _ progress: Progress
  ) throws {
    let brand = head.brand ?? .aloha
    let owner = head.facts?.databaseUser ?? brand.databaseName
    let tools = try PostgresTools.find(
      major: head.dump?.serverMajor ?? head.postgresMajor ?? 0, having: ThrowawayCluster.programs)
    let folder = "\(room)/cluster"
    guard mkdir(folder, 0o700) == 0 else { throw PlainFailure.system(folder, "cannot be made", errno: errno) }
    if let user, let entry = getpwnam(user) { chown(folder, entry.pointee.pw_uid, entry.pointee.pw_gid) }
    let cluster = try progress.phase("start", "Start a throw-away PostgreSQL") { _ in
      try ThrowawayCluster(tools: tools, folder: folder, user: user)
    }
    defer { cluster.end() }
    let access = AdministratorAccess(parameters: cluster.parameters, isSuperuser: true)
    let began = ContinuousClock.now
    try progress.phase("database", "Restore the database", unit: .steps) { meter in
      let session = try access.connect()
      for role in Set((head.dump?.owners ?? []) + [owner]).subtracting(["postgres"]).sorted() {
        try session.execute("CREATE ROLE \(Identifier.quote(role))")
      }
      try session.execute(
        "CREATE DATABASE rehearsal OWNER \(Identifier.quote(owner)) TEMPLATE template0 ENCODING 'UTF8'")
      session.close()
      try DumpRestore(
        dump: dump, contents: head.dump, tools: tools, access: access, database: "rehearsal", owner: owner,
        workers: workers
      ).run(scratch: room, meter: meter, cancellation: progress.cancellation)
    }
    report.databaseSeconds = Double((ContinuousClock.now - began) / .milliseconds(1)) / 1000
    let session = try access.connect(database: "rehearsal", cancellation: progress.cancellation)
    defer { session.close() }
    let expected = unpacked.manifest.map(\.tables).flatMap { $0.isEmpty ? nil : $0 }
    let found = try progress.phase("compare", "Compare the rows of every table with the backup", unit: .rows) { meter in
      let found = try RowCounts.read(session, schema: brand.schema) { try meter.advance(by: $1) }
      try WholeServer.check(found)
      return found
    }
    report.tables = Int64(found.count)
    report.rows = found.values.reduce(0, +)
    report.problems = expected.map { RowCounts.differences(expected: $0, found: found) } ?? []
    if head.hasUploads {
      report.missingFiles = try progress.phase("files", "Look for the file of every upload that messages name") { _ in
        try missing(session, brand, unpacked)
      }
    }
  }

  private func missing(_ session: Connection, _ brand: Brand, _ unpacked: PartsUnpacker.Result) throws -> Int64 {
    let prefix = "\(BackupLayout.uploads)/files/"
    var files: Set<String> = []
    for member in unpacked.members where member.name.hasPrefix(prefix) {
      files.insert(String(member.name.dropFirst(prefix.count)))
    }
    let schema = Identifier.quote(brand.schema)
    return Int64(
      try session.query("SELECT path_id FROM \(schema).zerver_attachment").count { !files.contains($0[0] ?? "") })
  }
}
