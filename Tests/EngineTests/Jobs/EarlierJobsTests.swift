import Common
import Testing

@testable import Administration
@testable import Engine
@testable import Operations
@testable import Transfer
@testable import WholeServer

/// `Fixtures/Jobs` contains a `job.json` of each kind from version 0.1.0, and the journals of two of these jobs. In
/// that version operations were not types of their own.
@Suite("Job files of the earlier version")
struct EarlierJobsTests {
  private static let fixtures =
    "\(#filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined())/Fixtures/Jobs"

  private static let kinds =
    (try? FileSystem.names(in: fixtures))?.filter { $0.hasSuffix(".json") }
    .map { String($0.dropLast(".json".count)) } ?? []

  private func job(_ kind: String) throws -> JobFolder {
    let folder = "/tmp/aloha-earlier-\(RandomText.alphanumeric(8))"
    try FileSystem.makeFolder(folder)
    try FileSystem.replace("\(folder)/job.json", with: FileSystem.read("\(Self.fixtures)/\(kind).json"))
    if let journal = try? FileSystem.read("\(Self.fixtures)/\(kind).jsonl") {
      try FileSystem.replace("\(folder)/journal.jsonl", with: journal)
    }
    return JobFolder(folder)
  }

  @Test("Every kind of operation of the earlier version is still in the catalog")
  func complete() {
    #expect(Self.kinds.count == 24)
    #expect(Set(Self.kinds).isSubset(of: OperationCatalog.standard.kinds))
  }

  @Test("A job file of each kind is read as the operation of that kind, with its servers", arguments: kinds)
  func read(kind: String) throws {
    let job = try job(kind)
    defer { try? FileSystem.removeTree(job.path) }
    let header = try job.readHeader()
    #expect(type(of: header.operation).kind == kind)
    #expect(header.operator_ == "ann")
    #expect(!header.operation.servers.isEmpty)
    #expect(header.operation.servers.allSatisfy { $0.root.hasPrefix("/srv/") })
  }

  @Test("The options of earlier jobs are complete")
  func options() throws {
    func operation<Value: Operation>(_ kind: String, _: Value.Type) throws -> Value {
      let job = try job(kind)
      defer { try? FileSystem.removeTree(job.path) }
      return try #require(try job.readHeader().operation as? Value)
    }
    let export = try operation("export", ExportOperation.self)
    #expect(export.options.subdomain == "bookclub" && export.options.output == "/srv/a.tar.gz")
    let restore = try operation("restore", RestoreOperation.self)
    #expect(restore.options.source == .archive("/srv/b.tar.gz"))
    let deletion = try operation("deleteOrganization", DeleteOrganizationOperation.self)
    #expect(deletion.options.uploads == .ofOrganization && deletion.options.confirmation == "other")
    let change = try operation("changeSubdomain", ChangeSubdomainOperation.self)
    #expect(change.subdomain == "moved" && change.newSubdomain == "other" && !change.leavesRedirect)
    let copy = try operation("copySettings", CopySettingsOperation.self)
    #expect(copy.source == "/srv/old-server" && copy.choices.decisions == ["camo_key": .copy])
    #expect(copy.choices.facts.sourceHost == "old.example.com")
    let move = try operation("move", MoveOperation.self)
    #expect(move.decisions.target == "/srv/new-server" && move.decisions.copiedSecrets == ["camo_key"])
    #expect(try operation("script", ScriptOperation.self).script == .restart)
    #expect(try operation("passwordReset", PasswordResetOperation.self).audience == .everybody)
    #expect(try operation("backup", BackupOperation.self).options.output == "/srv/b.tar.gz")
    #expect(try operation("pruneBackups", PruneOperation.self).options.policy == RetentionPolicy())
  }

  @Test("An earlier journal is read to its end, with the commands of its next steps")
  func journal() throws {
    let job = try job("import")
    defer { try? FileSystem.removeTree(job.path) }
    guard case .finished(let summary) = job.state() else {
      Issue.record("\(job.state())")
      return
    }
    #expect(summary.title.contains("is imported at"))
    #expect(summary.nextSteps.count > 2)
    let line =
      #"{"event":"finished","summary":{"facts":[],"nextSteps":["Run it:","$ a b","$ c"],"title":"t","warnings":[]}}"#
    guard case .finished(let old)? = EventLine.decode(line) else {
      Issue.record("the line is not read")
      return
    }
    #expect(old.nextSteps == [Summary.Step("Run it:", commands: ["a b", "c"])])
    #expect(EventLine.decode(EventLine.encode(.finished(old))) == .finished(old))
  }

  @Test("A job of an unknown kind is listed, and distinguished from a damaged one")
  func unknown() throws {
    let job = try job("export")
    defer { try? FileSystem.removeTree(job.path) }
    let text = String(decoding: try FileSystem.read("\(job.path)/job.json"), as: UTF8.self)
    try FileSystem.replace(
      "\(job.path)/job.json", with: Array(text.replacing("\"export\"", with: "\"exportToMars\"").utf8))
    #expect(throws: PlainFailure.self) { try job.readHeader() }
    #expect(JobStatus(job, undone: [:]).obstacles[.undo] != nil)
  }
}
