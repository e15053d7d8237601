import Common
import Fuzzing
import Testing

@testable import Engine
@testable import Operations

@Suite("Fuzzing of journals")
struct JournalFuzzTests {
  private static let events: [ProgressEvent] = [
    .phaseStarted(id: "messages", title: "Copy the messages", total: 559, unit: .messages),
    .advanced(id: "messages", done: 100, total: 559, unit: .messages), .note("a note"), .warning("a warning"),
    .phaseEnded(id: "messages"),
    .finished(Summary(title: "Done", facts: [Summary.Fact("Rows", "7")], warnings: ["w"], nextSteps: ["n"])),
    .failed(FailureReport(PlainFailure(.database, "a table", "is gone", remedy: "none"))),
  ]
  private static let corpus =
    events.map { EventLine.encode($0, at: "2026-11-23T08:03:05.000000+00:00") }
    + [events.map { EventLine.encode($0) }.joined(separator: "\n") + "\n"]
  private static let tokens = [
    "\"event\"", "\"advanced\"", "\"done\":", "\"total\":", "\"unit\":\"bytes\"", "\n", "{}", "null", "[", "{", "\"",
    ":",
  ]

  @Test("A line of a journal is an event that is encoded unchanged, or is ignored")
  func lines() throws {
    try Fuzz("event line", corpus: Self.corpus, tokens: Self.tokens).run(2000) { input in
      guard let event = EventLine.decode(String(decoding: input, as: UTF8.self)) else { return }
      try hold(EventLine.decode(EventLine.encode(event)) == event, "another event: \(event)")
      if case .advanced(_, let done, let total, _) = event {
        try hold(done >= 0 && total ?? 0 >= 0, "less than nothing is done")
        // The percentage as it is shown: it must not overflow.
        _ = total.map { $0 > 0 ? done * 100 / $0 : 0 }
      }
    }
  }

  @Test("All readers of a journal see the same events")
  func journals() throws {
    let path = "/tmp/journal-tests-\(RandomText.alphanumeric(12))"
    try FileSystem.makeFolder(path)
    defer { try? FileSystem.removeTree(path) }
    let folder = JobFolder(path)
    try FileSystem.replace("\(path)/pid", with: Array("1".utf8))
    try Fuzz("journal", corpus: Self.corpus, tokens: Self.tokens).run(400) { input in
      try FileSystem.replace(folder.journal, with: input)
      var followed: [ProgressEvent] = []
      let follower = JobFollower(folder)
      for _ in 0..<3 { followed += follower.next() ?? [] }
      let whole = input.lastIndex(of: 10).map { Array(input[...$0]) } ?? []
      let lines = whole.split(separator: 10).compactMap { EventLine.decode(String(decoding: $0, as: UTF8.self)) }
      try hold(Array(followed.prefix(lines.count)) == lines, "followed: \(followed)")
      _ = folder.state()
      _ = folder.changedNothing
      _ = try? folder.readHeader()
    }
  }

  @Test("An oversized line of a journal is skipped")
  func longLine() throws {
    let path = "/tmp/journal-tests-\(RandomText.alphanumeric(12))"
    try FileSystem.makeFolder(path)
    defer { try? FileSystem.removeTree(path) }
    let folder = JobFolder(path)
    let line = Array(EventLine.encode(.note("after")).utf8)
    try FileSystem.replace(folder.journal, with: [UInt8](repeating: 0x61, count: 6 << 20) + [10] + line + [10])
    #expect(JobFollower(folder).next() == [.note("after")])
  }
}
