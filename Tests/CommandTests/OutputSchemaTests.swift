import Common
import Foundation
import Glibc
import Postgres
import Sandbox
import Testing

@Suite("The JSON of the commands", .serialized)
struct OutputSchemaTests {
  private let schema: JSONSchema

  init() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/aloha-wizard/Commands.docc/Resources/output.schema.json")
    schema = try JSONSchema(String(decoding: try Data(contentsOf: file), as: UTF8.self))
  }

  /// The events that end a run.
  private let ends: Set<String> = [
    "finished", "failed", "rehearsed", "listed", "archive", "checked", "started", "stopping",
  ]

  /// Runs a command with `--json`, and requires that each line is valid, and that the last one is an end.
  @discardableResult
  private func run(
    _ words: [String], exit: Int32, in folder: String = "/", _ location: SourceLocation = #_sourceLocation
  ) throws -> [JSONValue] {
    let outcome = try TestProgram.run(words + ["--json"], in: folder)
    #expect(outcome.status == exit, "\(words): \(outcome.error)", sourceLocation: location)
    let lines = try outcome.lines.map { try JSONValue($0) }
    for (line, value) in zip(outcome.lines, lines) {
      #expect(try schema.faults(value) == [], "\(line)", sourceLocation: location)
    }
    let event = lines.last?["event"]?.text
    #expect(event.map(ends.contains) == true, "\(words): \(outcome.output)", sourceLocation: location)
    if event == "failed" {
      #expect(lines.last?["failure"]?["exitCode"] == .integer(Int64(exit)), sourceLocation: location)
    } else if let code = lines.last?["exitCode"] {
      #expect(code == .integer(Int64(exit)), sourceLocation: location)
    }
    return lines
  }

  @Test("The schema uses only keywords that this test checks")
  func keywords() throws {
    try schema.checkKeywords()
    #expect(throws: JSONSchema.Unsupported.self) { try JSONSchema(#"{"maxLength": 3}"#).checkKeywords() }
    #expect(throws: JSONSchema.Unsupported.self) { try JSONSchema(##"{"$ref": "#/$defs/x"}"##).checkKeywords() }
  }

  @Test("A wrong line does not match the schema")
  func wrong() throws {
    let good = #"{"event":"advanced","version":1,"id":"messages","done":100,"total":559,"unit":"messages"}"#
    #expect(try schema.faults(JSONValue(good)) == [])
    let wrong = [
      good.replacingOccurrences(of: #""version":1,"#, with: ""), good.replacingOccurrences(of: "100", with: #""100""#),
      good.replacingOccurrences(of: "100", with: "-1"), good.replacingOccurrences(of: "100", with: "1.5"),
      good.replacingOccurrences(of: "advanced", with: "progress"),
      good.replacingOccurrences(of: #""unit":"messages""#, with: #""unit":"MB""#),
      good.replacingOccurrences(of: "total", with: "sum"), good.replacingOccurrences(of: #":1,"#, with: ":2,"),
      #"{"event":"failed","version":1,"failure":{"subject":"a","reason":"b","exitCode":"64"}}"#,
      #"{"event":"failed","version":1,"failure":{"subject":"a","reason":"b","exitCode":7}}"#,
      #"{"event":"listed","version":1,"count":"2"}"#, #"{"version":1}"#, "[]", "null",
    ]
    for line in wrong { #expect(try schema.faults(JSONValue(line)) != [], "\(line)") }
  }

  @Test("Exports, imports, deletions and their dry runs match the schema, with amounts as numbers")
  func operations() throws {
    let (old, server) = (try Servers.old(), try Servers.fresh())
    let archive = try Servers.archive()
    let root = ["--root", server.root]
    let rehearsed = try run(["export", "-r", "harbour", "--dry-run", "--root", old.root], exit: 0)
    #expect(rehearsed.last?["event"]?.text == "rehearsed")
    let plan = try run(["import", "harbour", archive, "--dry-run"] + root, exit: 0)
    #expect(plan.last?["exitCode"] == .integer(0))
    let made = try run(["import", "harbour", archive] + root, exit: 0)
    guard case .array(let facts)? = made.last?["summary"]?["facts"] else {
      Issue.record("no facts")
      return
    }
    let messages = facts.first { $0["id"]?.text == "messages" }
    #expect(messages?["amounts"]?["messages"] == .integer(60))
    let deletion = try run(["organization", "delete", "-r", "harbour", "--dry-run", "--with-uploads"] + root, exit: 0)
    #expect(deletion.last?["plan"]?["destroyedRows"]?["zerver_message"] == .integer(60))
    try run(["organization", "deactivate", "-r", "harbour"] + root, exit: 0)
    try run(["organization", "reactivate", "-r", "harbour"] + root, exit: 0)
    try run(["organization", "delete", "-r", "harbour", "--confirm-delete", "harbour", "--yes"] + root, exit: 0)
    try run(["jobs", "undo", "x"] + root, exit: 32)
  }

  @Test("Lists end with their number of lines")
  func lists() throws {
    let old = try Servers.old().root
    _ = try Servers.archive()
    let organizations = try run(["organization", "list", "--root", old], exit: 0)
    #expect(organizations.last?["count"] == .integer(Int64(organizations.count - 1)))
    #expect(organizations.first { $0["subdomain"]?.text == "harbour" }?["messages"] == .integer(60))
    let jobs = try run(["jobs", "list", "--root", old], exit: 0)
    // The newest is the last in time; other tests are refused on this server meanwhile.
    let finished = try #require(jobs.first { $0["state"]?.text == "finished" }?["id"]?.text)
    #expect(try run(["jobs", "list", "--root", Servers.new().root], exit: 0).map { $0["event"]?.text } == ["listed"])
    try run(["settings", "compare", "--from", old, "--root", Servers.new().root], exit: 0)
    try run(["theme", "list"], exit: 0)
    let checked = try run(["theme", "check"], exit: 0)
    #expect(checked.count > 3 && checked.dropLast().allSatisfy { $0["isGood"] == .bool(true) })
    try withFolder { folder in
      try FileSystem.replace("\(folder)/mine.toml", with: "name = \"mine\"\n".utf8)
      let problems = try run(["theme", "check", "mine.toml"], exit: 30, in: folder)
      #expect(problems.count == 2 && problems.first?["isGood"] == .bool(false))
      try run(["jobs", "list", "--root", folder], exit: 0)
    }
    try run(["restore", "--status", "--root", old], exit: 0)
    try run(["backup", "schedule", "/var/backups", "--root", old], exit: 0)
    try run(["jobs", "attach", finished, "--root", old], exit: 0)
  }

  @Test("Reading an archive matches the schema, also if it cannot be used")
  func archives() throws {
    let archive = try Servers.archive()
    #expect(try run(["inspect", archive, "--all"], exit: 0).last?["tables"]?["zerver_message"] != nil)
    try run(["verify", archive], exit: 0)
    try withFolder { folder in
      try FileSystem.replace("\(folder)/noise.tar.gz", with: [UInt8](repeating: 7, count: 4096))
      try Subprocess("/usr/bin/tar", ["-czf", "\(folder)/other.tar.gz", "-C", "/", "etc/hostname"]).runChecked()
      var bytes = try FileSystem.read(archive)
      bytes.removeLast(bytes.count / 2)
      try FileSystem.replace("\(folder)/half.tar.gz", with: bytes)
      let other = try run(["inspect", "other.tar.gz"], exit: 22, in: folder)
      #expect(other.last?["event"]?.text == "archive")
      try run(["inspect", "half.tar.gz"], exit: 21, in: folder)
      try run(["inspect", "missing.tar.gz"], exit: 20, in: folder)
      #expect([20, 21, 22].contains(try TestProgram.run(["inspect", "noise.tar.gz"], in: folder).status))
      #expect([20, 21, 22].contains(try TestProgram.run(["inspect", "/etc"], in: folder).status))
    }
  }

  @Test("Usage errors, refusals and broken servers end with an event too")
  func failures() throws {
    let new = try Servers.new().root
    try run(["exprot"], exit: 64)
    try run(["jobs", "lst"], exit: 64)
    for group in ["server", "organization", "jobs", "settings", "theme", "cache"] { try run([group], exit: 64) }
    try run(["jobs", "list", "--limit", "-3", "--root", new], exit: 64)
    try run(["jobs", "list", "--limit", "0", "--root", new], exit: 64)
    try run(["demo"], exit: 64)
    try run(["export"], exit: 64)
    try run(["export", "-r", "x", "--level", "12"], exit: 64)
    try run(["export", "-r", "x", "--levle", "2"], exit: 64)
    try run(["restore", "/tmp/x.tar.gz", "--nagios"], exit: 64)
    try run(
      ["organization", "delete", "-r", "alohainternal", "--confirm-delete", "alohainternal", "--root", new], exit: 30)
    try run(["organization", "list", "--root", "/nonexistent"], exit: 10)
    try run(["jobs", "list", "--root", "/etc/hostname"], exit: 10)
    try run(["jobs", "attach", "nonesuch", "--root", new], exit: 32)
    try run(["theme", "show", "nonesuch"], exit: 64)
    let leading = try TestProgram.run(["--json", "exprot"])
    #expect(try schema.faults(JSONValue(leading.output)) == [] && leading.status == 64)
  }

  @Test("A command that is interrupted ends with an event", .timeLimit(.minutes(2)))
  func interrupted() throws {
    let server = try Servers.fresh()
    let connection = try server.connect()
    try connection.execute("BEGIN")
    try connection.execute("LOCK TABLE zerver_realm")
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
    let words = ["organization", "list", "--json", "--root", server.root]
    let pid = try Subprocess(TestProgram.path, words, directory: "/").start(output: ends[1])
    close(ends[1])
    // The command waits for the table until it is interrupted.
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'zerver_realm'::regclass"
    while try connection.value(waiting) == "0" { usleep(20_000) }
    kill(pid, SIGINT)
    let output = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true).readDataToEndOfFile()
    #expect(Subprocess.wait(pid) == 130)
    let line = try #require(String(decoding: output, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("{") })
    let event = try JSONValue(String(line))
    #expect(try schema.faults(event) == [])
    #expect(event["failure"]?["exitCode"] == .integer(130))
  }
}
