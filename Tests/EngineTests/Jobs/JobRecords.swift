import Administration
import Common
import FoundationEssentials
import Glibc
import Operations
import Testing

@testable import Engine

/// A folder that stands for a server without a database, with jobs that tests write by hand.
struct JobRecords {
  let root: String
  var server: ServerReference { ServerReference(root: root) }
  var store: JobStore { JobStore(root: root) }
  /// The root as the program prints it.
  var printedRoot: String { ShellWord.quoted(root) }

  /// - Parameter name: the end of the root's name; with a space, a printed command must quote it.
  init(name: String = "a server") throws {
    root = "/tmp/aloha-records-\(RandomText.alphanumeric(8)) \(name)"
    try FileSystem.makeFolder("\(root)/var/lib")
  }

  func remove() { try? FileSystem.removeTree(root) }

  /// Writes a job that began in the given minute of a day, and ended 95 s later; without an event, it was killed.
  func leave(_ operation: any Operation, minute: Int, _ end: ProgressEvent? = nil, title: String? = nil) throws
    -> JobFolder
  {
    func stamp(_ seconds: Int) -> String {
      Timestamp.iso(microseconds: 1_795_435_200_000_000 + Int64(minute * 60 + seconds) * 1_000_000)
    }
    let id = stamp(0).filter { $0.isNumber || $0 == "T" }.prefix(15)
    let job = JobFolder("\(root)/var/lib/aloha-wizard/jobs/\(id)-test")
    try FileSystem.makeFolder(job.path)
    var header = JobFolder.Header(operation, plan: title.map { Plan(title: $0, phases: []) })
    header.started = stamp(0)
    header.operator_ = "ann"
    try FileSystem.replace("\(job.path)/job.json", with: Array(try JSONEncoder().encode(header)))
    let begun = ProgressEvent.phaseStarted(id: "work", title: "Work", total: nil, unit: .steps)
    let lines = [(begun, 1)] + (end.map { [($0, 95)] } ?? [])
    let text = lines.map { EventLine.encode($0, at: stamp($1)) + "\n" }.joined()
    try FileSystem.replace(job.journal, with: text.utf8)
    return job
  }

  func finished(minute: Int) throws -> JobFolder {
    try leave(FlushCacheOperation(server), minute: minute, .finished(Summary(title: "The cache is empty")))
  }

  func failed(minute: Int) throws -> JobFolder {
    let failure = PlainFailure(.file, "disk", "is full")
    return try leave(FlushCacheOperation(server), minute: minute, .failed(FailureReport(failure)))
  }

  /// Runs the program, which is in `PATH`, with `jobs` and these words for the root.
  func jobs(_ words: String...) throws -> Subprocess.Result {
    let program = try Executable.path()
    let path = ["PATH": "\(FileSystem.folder(of: program)):/usr/bin:/bin"]
    return try Subprocess(program, ["jobs"] + words + ["--root", root], environment: path, directory: "/").run()
  }
}
