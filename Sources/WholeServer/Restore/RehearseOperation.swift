import Archive
import Common
import Glibc
import Operations
import Postgres
import Server

/// Restores a backup into a throw-away PostgreSQL and a throw-away folder, and compares everything with what the backup
/// says. The server itself is neither needed nor touched: it can run every night on the production machine.
public struct RehearseOperation: Operation, ObservedCheck {
  public struct Options: Sendable, Codable, Equatable {
    /// A backup, or the folder it was unpacked into; of parts that were put aside by hand what texts call these.
    public var archive: String
    /// Parts that were saved by hand, instead of a backup.
    public var manual: ManualBackup?
    /// The kind of server that these parts are of, where they do not say.
    public var brand: Brand?
    /// A file with age's private key, for an encrypted backup.
    public var identity: String?
    /// Where all of it is unpacked; nil: /var/tmp.
    public var workFolder: String?
    /// Sessions that restore at the same time; nil: half of the processors, so that people notice nothing.
    public var parallel: Int?

    public init(archive: String) { self.archive = archive }

    public init(manual: ManualBackup, brand: Brand?) {
      archive = RestoreSource.manual(manual).label
      self.manual = manual
      self.brand = brand
    }

    /// The newest backup in a folder; one that is partial by its name only where there is no other.
    ///
    /// - Parameters:
    ///   - root: the root of the server that makes the backups, for the remedy.
    ///   - brand: the given brand of that server.
    public init(newestIn folder: String, root: String = "/", brand: Brand? = nil) throws {
      archive = try BackupFolder.newest(folder, root: root, brand: brand).path
    }
  }

  public enum Phase: String, OperationPhase, CaseIterable {
    case check, unpack, start, database, compare, files

    public var isCheck: Bool { self == .check }

    public var title: String {
      switch self {
      case .check: "Look at the backup"
      case .unpack: "Unpack into a throw-away folder and compare every digest"
      case .start: "Start a throw-away PostgreSQL"
      case .database: "Restore the database"
      case .compare: "Compare the rows of every table with the backup"
      case .files: "Look for the file of every upload that messages name"
      }
    }

    public var weight: Double {
      switch self {
      case .start: 8
      case .database: 118
      default: 1
      }
    }
  }

  public static let kind = "rehearseRestore"
  /// The server among whose jobs it is listed; it is neither needed nor touched.
  public let server: ServerReference
  public let options: Options

  public init(_ server: ServerReference, _ options: Options) {
    self.server = server
    self.options = options
  }

  /// For a command that belongs to no server.
  public init(_ options: Options) { self.init(ServerReference(root: "/"), options) }

  // MARK: The operation as others see it

  public var servers: [ServerReference] { [server] }
  public var title: String { "Rehearse the restore of \(options.archive)" }
  public var traces: OperationTraces { OperationTraces(workFolders: [options.workFolder]) }

  public var commands: [ProgramCommand] {
    var words = ["restore", "--rehearse"] + (options.manual?.words ?? [options.archive])
    if let identity = options.identity { words += ["--identity", identity] }
    if let workFolder = options.workFolder { words += ["--work-folder", workFolder] }
    if let parallel = options.parallel { words += ["--parallel", "\(parallel)"] }
    return [ProgramCommand(words, on: server)]
  }

  public func undo(_ context: UndoContext) -> UndoRule { .impossible("a rehearsal leaves nothing behind") }

  // MARK: Check, plan, run

  private var workers: Int { max(1, min(options.parallel ?? max(1, WorkerThread.processors / 2), 32)) }

  public func plan() throws -> Plan {
    Plan(
      title: "Rehearse the restore of \(SafeText.clean(options.archive, limit: .path))",
      phases: Phase.allCases.map { Plan.Phase($0) },
      leavesAlone: ["The server: its database, its files and its services are not touched"])
  }

  public func check(_ observer: CheckObserver) throws -> [Finding] {
    try naming {
      let scratch = try ScratchFolder(in: "/tmp")
      let head = try head(in: scratch, cancellation: observer.cancellation, progress: observer.follow()).head
      return try findings(head, work: workPlace())
    }
  }

  /// Names the backup in failures about damage in it.
  private func naming<Value>(_ body: () throws -> Value) throws -> Value {
    try options.manual == nil ? ArchiveFailure.naming(options.archive, body) : body()
  }

  public func run(progress: Progress) throws -> Summary { try rehearse(progress).summary(progress) }

  /// The same as ``run(progress:)``, with a result for monitoring.
  public func rehearse(_ progress: Progress) throws -> RehearsalReport { try naming { try makeReport(progress) } }

  private func makeReport(_ progress: Progress) throws -> RehearsalReport {
    ScratchFolder.removeLeftOvers()
    let started = ContinuousClock.now
    let cancellation = progress.cancellation
    let place = workPlace()
    let work = try ScratchFolder(in: place ?? "/tmp", for: nil)
    let manual = try parts()?.assembled(root: nil, in: work.path)
    let (archive, head, manualDump) = try progress.phase(Phase.check, unit: .bytes) {
      meter -> (String, BackupHeader, DumpFile?) in
      let (archive, head, dump) = try self.head(in: work, cancellation: cancellation, progress: meter.follow())
      let findings = try self.findings(head, work: place)
      try progress.pass(findings)
      return (archive, head, dump)
    }
    let user = try ThrowawayCluster.user()
    let room = try ScratchFolder(in: place ?? "/tmp", for: user)
    let unpacked = try progress.phase(Phase.unpack, unit: .bytes) { meter in
      if let manual {
        return try bring(manual, manualDump, into: work.path, room: room.path, user: user, meter, cancellation)
      }
      return try unpack(archive, into: work.path, dump: "\(room.path)/database", user: user, meter, cancellation)
    }
    var report = RehearsalReport(
      archive: options.archive, created: unpacked.manifest?.created ?? head.facts?.created,
      bytes: manual != nil || FileSystem.isFolder(options.archive) ? nil : FileSystem.size(options.archive))
    report.hasDigests = unpacked.manifest != nil
    report.holdings = head.holdings
    report.oddities = head.oddities
    report.files = Int64(unpacked.uploads.count)
    guard let dump = unpacked.dump else {
      throw PlainFailure(
        .damagedArchive, SafeText.clean(options.archive, limit: .path), "holds no dump of a database",
        remedy: "make a new backup and rehearse that one; find out why this one is damaged")
    }
    if dump.form == .directory, let contents = head.dump {
      try DumpFiles.require(contents, in: dump.path, of: options.archive)
    }
    try FullDisk.naming(work: place ?? "/tmp") {
      try restore(dump: dump, room: room.path, user: user, head, unpacked, &report, progress)
    }
    report.seconds = Double((ContinuousClock.now - started) / .milliseconds(1)) / 1000
    withExtendedLifetime((work, room)) {}
    return report
  }

  // MARK: Parts

  /// Parts that were saved by hand, a copied volume taken apart; nil for a backup.
  private func parts() throws -> ManualBackup? {
    guard
      case .manual(let parts) = try (options.manual.map { .manual($0) } ?? RestoreSource.archive(options.archive))
        .resolved()
    else { return nil }
    return parts
  }

  /// The unpacked parts of the backup.
  private struct Unpacked {
    var manifest: Manifest?
    /// Names below the uploads folder.
    var uploads: Set<String> = []
    var dump: DumpFile?
  }

  private func head(
    in scratch: ScratchFolder, cancellation: Cancellation?, progress: ByteProgress? = nil
  ) throws -> (archive: String, head: BackupHeader, dump: DumpFile?) {
    if let manual = try parts()?.assembled(root: nil, in: scratch.path) {
      let dump = try manual.database.map { try DumpFile.recognize($0) }
      var head = try RestorePreparation.head(
        of: manual, dump: dump, scratch: scratch.path, cancellation: cancellation)
      head.brand = head.brand ?? options.brand
      if let uploads = manual.uploads {
        head.expectedBytes +=
          try FileSystem.isFolder(uploads)
          ? FolderReader(uploads, cancellation: cancellation).totalBytes : FileSystem.size(uploads) ?? 0
      }
      return (options.archive, head, dump)
    }
    let archive =
      FileSystem.isFolder(options.archive) ? BackupHeader.unpackedFolder(options.archive) : options.archive
    let head = try BackupHeader.read(
      archive, identity: options.identity, scratch: scratch.path, cancellation: cancellation, progress: progress)
    return (archive, head, nil)
  }

  private func workPlace() -> String? {
    let user = (try? ThrowawayCluster.user()) ?? nil
    return ScratchFolder.place(among: options.workFolder.map { [$0] } ?? ScratchFolder.places, for: user)
  }

  private func findings(_ head: BackupHeader, work: String?) throws -> [Finding] {
    guard let work else {
      return [WorkFolderCheck.missing(named: options.workFolder, for: (try? ThrowawayCluster.user()) ?? nil)]
    }
    var findings = head.contradictions.map {
      Finding(.blocker, "backup", $0, remedy: "make a new backup; find out why this one is damaged")
    }
    findings = findings.about(.backup)
    findings += head.oddities.map { Finding(.warning, "backup", $0) }
    if head.hasDatabase, !head.holdings.isComplete {
      findings.append(
        Finding(
          .warning, "partial backup", "\(head.holdings.label): only what is in it is rehearsed",
          remedy: "rehearse a complete one too: this one cannot restore a whole server"))
    }
    // A production machine must keep room for itself, whatever a rehearsal takes.
    let reserve: Int64 = 512 << 20
    let needed = head.expectedBytes + (head.facts?.databaseBytes ?? head.expectedBytes * 2)
    let free = FileSystem.freeBytes(work) ?? 0
    let amounts = "about \(Amount.bytes(needed)) in \(work), where \(Amount.bytes(free)) are free"
    findings.append(
      free - needed > reserve
        ? Finding(.ok, "space", "\(amounts); deleted afterwards")
        : Finding(
          .blocker, "space",
          "it takes \(amounts), and \(Amount.bytes(reserve)) have to stay free for the server that runs there",
          remedy: "free some space, or name a folder on another disk with --work-folder"))
    if head.hasDatabase {
      do {
        let tools = try tools(head)
        let of = major(head).map { "the backup is of version \($0), " } ?? ""
        let by = (head.dump?.clientVersion ?? head.plain?.clientVersion).map { "made by pg_dump \($0), " } ?? ""
        findings.append(Finding(.ok, "PostgreSQL", "\(of)\(by)rehearsed with \(tools.version)"))
      } catch let failure as any Failure {
        findings.append(Finding(.blocker, "PostgreSQL", failure.reason, remedy: failure.remedy))
      }
    } else {
      findings.append(
        Finding(
          .blocker, "database", "the backup contains none: no server can be restored from it",
          remedy: "rehearse a backup that holds one"))
    }
    return findings
  }

  private func major(_ head: BackupHeader) -> Int? {
    head.dump?.serverMajor ?? head.postgresMajor ?? head.plain?.serverVersion.flatMap(PostgresTools.majorVersion)
  }

  /// PostgreSQL of the backup's version, or the next newer one. Plain SQL may well fit an older one, as in a restore.
  private func tools(_ head: BackupHeader) throws -> PostgresTools {
    do {
      return try PostgresTools.find(major: major(head) ?? 0, having: ThrowawayCluster.programs)
    } catch  where head.plain != nil {
      return try PostgresTools.find(major: 0, having: ThrowawayCluster.programs)
    }
  }

  private func bring(
    _ manual: ManualBackup, _ dump: DumpFile?, into work: String, room: String, user: String?, _ meter: Meter,
    _ cancellation: Cancellation
  ) throws -> Unpacked {
    var result = Unpacked()
    for (source, name) in [(manual.settings, "settings"), (manual.uploads, "uploads")] {
      guard let source else { continue }
      let unpacked = try PartsUnpacker.unpack(
        source, parts: ["": "\(work)/\(name)"], skipsLinks: true, cancellation: cancellation, progress: meter.follow())
      if name == "uploads" { result.uploads = Set(unpacked.members.map(\.name)) }
    }
    result.dump = try dump?.brought(to: room, for: user, cancellation)
    if let path = result.dump?.path, path.hasPrefix(room) { try hand(over: path, to: user) }
    return result
  }

  private func hand(over path: String, to user: String?) throws {
    guard let user, let entry = getpwnam(user) else { return }
    let (owner, group) = (entry.pointee.pw_uid, entry.pointee.pw_gid)
    let names = FileSystem.isFolder(path) ? try FileSystem.names(in: path).map { "\(path)/\($0)" } : []
    for file in [path] + names { lchown(file, owner, group) }
  }

  private func unpack(
    _ archive: String, into work: String, dump: String, user: String?, _ meter: Meter, _ cancellation: Cancellation
  ) throws -> Unpacked {
    let unpacked = try PartsUnpacker.unpack(
      archive, stream: Encryption.stream(of: archive, identity: options.identity, cancellation: cancellation),
      parts: [
        BackupLayout.database: dump, BackupLayout.uploads: "\(work)/uploads", BackupLayout.settings: "\(work)/settings",
      ], expecting: .backup, skipsLinks: true, cancellation: cancellation, progress: meter.follow())
    try hand(over: dump, to: user)
    let prefix = "\(BackupLayout.uploads)/"
    let uploads = unpacked.members.lazy.map(\.name).filter { $0.hasPrefix(prefix) }.map {
      String($0.dropFirst(prefix.count))
    }
    return Unpacked(
      manifest: unpacked.manifest, uploads: Set(uploads), dump: DumpFile(path: dump, form: .directory))
  }

  private func restore(
    dump: DumpFile, room: String, user: String?, _ head: BackupHeader, _ unpacked: Unpacked,
    _ report: inout RehearsalReport, _ progress: Progress
  ) throws {
    let brand = head.brand ?? .aloha
    let owner = head.facts?.databaseUser ?? brand.databaseName
    let tools = try tools(head)
    let folder = "\(room)/cluster"
    var clusterOwner: OpenFolder.Owner?
    if let user, let entry = getpwnam(user) {
      clusterOwner = OpenFolder.Owner(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
    }
    guard try OpenFolder(room).make("cluster", owner: clusterOwner) != nil else {
      throw PlainFailure.system(folder, "cannot be made", errno: EEXIST)
    }
    let cluster = try progress.phase(Phase.start) { _ in
      try ThrowawayCluster(tools: tools, folder: folder, user: user)
    }
    defer { cluster.end() }
    let access = AdministratorAccess(parameters: cluster.parameters, isSuperuser: true)
    let began = ContinuousClock.now
    try progress.phase(Phase.database, unit: .steps) { meter in
      let session = try access.connect()
      let owners = head.dump?.owners ?? head.plain?.owners ?? []
      for role in Set(owners + [owner]).subtracting(["postgres"]).sorted() where !role.hasPrefix("pg_") {
        try session.execute("CREATE ROLE \(Identifier.quote(role))")
      }
      try session.execute(
        "CREATE DATABASE rehearsal OWNER \(Identifier.quote(owner)) TEMPLATE template0 ENCODING 'UTF8'")
      session.close()
      let omissions = try DumpRestore(
        dump: dump, contents: head.dump,
        tools: try DumpRestore.tools(for: head.dump, major: tools.major, having: ["pg_restore", "psql"]),
        access: access,
        database: "rehearsal", owner: owner, workers: workers
      ).run(scratch: room, meter: meter, cancellation: progress.cancellation)
      for omission in omissions { progress.warn(omission) }
    }
    report.databaseSeconds = Double((ContinuousClock.now - began) / .milliseconds(1)) / 1000
    let session = try access.connect(database: "rehearsal", cancellation: progress.cancellation)
    defer { session.close() }
    let expected = unpacked.manifest.map(\.tables).flatMap { $0.isEmpty ? nil : $0 }
    let found = try progress.phase(Phase.compare, unit: .rows) { meter in
      let found = try RowCounts.read(session, schema: brand.schema) { try meter.advance(by: $1) }
      try FullDumpCheck.check(found)
      return found
    }
    report.tables = Int64(found.count)
    report.rows = found.values.reduce(0, +)
    report.problems = expected.map { RowCounts.differences(expected: $0, found: found) } ?? []
    if head.hasUploads {
      let missing = try progress.phase(Phase.files) { _ -> Int64 in try self.missing(session, brand, unpacked) }
      report.missingFiles = max(missing, head.lackedUploads)
    }
  }

  private func missing(_ session: Connection, _ brand: Brand, _ unpacked: Unpacked) throws -> Int64 {
    let schema = Identifier.quote(brand.schema)
    return Int64(
      try session.query("SELECT path_id FROM \(schema).zerver_attachment").count {
        !unpacked.uploads.contains("files/\($0[0] ?? "")")
      })
  }
}
