import Archive
import Common
import JSON
import Operations
import Postgres
import Server
import Synchronization

/// Writes `messages-000001.json …`: one thousand messages each, with all their user-message rows.
///
/// Several workers read one snapshot, one range of ids at a time, and add their files to the archive in order: a worker
/// that is ahead waits for its turn, so memory is bounded by the workers' buffers.
struct MessageShards: Sendable {
  static let messagesPerFile = 1000
  /// Fewer, larger queries are cheaper for PostgreSQL; four files take about 8 MB.
  private static let filesPerRange = 4

  let scope: ExportScope
  private let messages: RowEncoder
  private let userMessages: RowEncoder?

  init(model: DataModel, scope: ExportScope) throws {
    guard let table = model[TableName.message] else {
      throw PlainFailure(.configuration, "table zerver_message", "is not in this database")
    }
    self.scope = scope
    messages = RowEncoder(table, scope: scope)
    userMessages = model[TableName.userMessage].map { RowEncoder($0, scope: scope) }
  }

  static func name(_ number: Int) -> String {
    let digits = String(number)
    return "messages-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".json"
  }

  /// The number of rows written.
  struct Counts: Sendable {
    /// The rows of each file, in the order of the files.
    var files: [(messages: Int64, userMessages: Int64)] = []
    var changed: [Manifest.Changed] = []

    var messages: Int64 { files.reduce(0) { $0 + $1.messages } }
    var userMessages: Int64 { files.reduce(0) { $0 + $1.userMessages } }
  }

  private struct Queue {
    var next = 0
    /// The range whose files are added next.
    var turn = 0
    var counts = Counts()
    var failure: (any Error)?
  }

  /// - Parameter session: opens another session that sees the export's snapshot.
  func write(
    to archive: ArchiveWriter, workers: Int, meter: Meter, session: @escaping @Sendable () throws -> Connection
  ) throws -> Counts {
    let perRange = Self.messagesPerFile * Self.filesPerRange
    let ranges = (scope.messages.count + perRange - 1) / perRange
    let queue = Monitor(Queue())
    let threads = try (0..<max(1, min(workers, ranges))).map { _ in
      try WorkerThread {
        do {
          guard ranges > 0 else { return }
          let connection = try session()
          defer { connection.close() }
          let work = RangeBuffers(files: Self.filesPerRange)
          while let range = queue.now({ queue -> Int? in
            guard queue.failure == nil, queue.next < ranges else { return nil }
            queue.next += 1
            return queue.next - 1
          }) {
            let ids = scope.messages[range * perRange..<min((range + 1) * perRange, scope.messages.count)]
            try read(ids, into: work, connection)
            let isMine = queue.when({ $0.turn == range || $0.failure != nil }) { $0.failure == nil }
            guard isMine else { return }
            try add(work, firstFile: range * Self.filesPerRange + 1, to: archive)
            queue.now { queue in
              queue.turn += 1
              queue.counts.files += work.files.filter { $0.messageRows > 0 }
                .map { ($0.messageRows, $0.userMessageRows) }
            }
            try meter.advance(by: Int64(ids.count))
          }
          let changed =
            work.messageChanges.list(messages) + (userMessages.map { work.userMessageChanges.list($0) } ?? [])
          queue.now { $0.counts.changed += changed }
        } catch {
          queue.now { if $0.failure == nil { $0.failure = error } }
        }
      }
    }
    threads.forEach { $0.join() }
    return try queue.now { queue in
      if let failure = queue.failure { throw failure }
      return queue.counts
    }
  }

  private func read(_ ids: ArraySlice<Int64>, into work: RangeBuffers, _ connection: Connection) throws {
    work.reset()
    guard let first = ids.first, let last = ids.last else { return }

    // The ids were selected once; a range may contain other messages, for instance of other organizations.
    var reader = BinaryRowReader()
    var expected = ids.startIndex
    guard let idField = messages.position(of: "id") else { return }
    let range = "t.id BETWEEN \(first) AND \(last) AND t.realm_id = \(scope.organization.id)"
    try connection.copyOut(messages.copy(where: range, orderBy: "t.id")) { message in
      guard try reader.read(message), let field = reader.fields[idField] else { return }
      let id = field.postgresInteger
      while expected < ids.endIndex && ids[expected] < id { expected += 1 }
      guard expected < ids.endIndex, ids[expected] == id else { return }
      messages.encode(
        reader.fields, into: work.messageRow((expected - ids.startIndex) / Self.messagesPerFile),
        changes: work.messageChanges)
    }

    guard let userMessages, let messageField = userMessages.position(of: "message_id") else { return }
    let condition =
      "t.message_id BETWEEN \(first) AND \(last) AND t.user_profile_id = ANY(\(SQL.literal(scope.readers)))"
    reader = BinaryRowReader()
    try connection.copyOut(userMessages.copy(where: condition, orderBy: nil)) { message in
      guard try reader.read(message), let field = reader.fields[messageField],
        let position = ids.firstPosition(of: field.postgresInteger)
      else { return }
      userMessages.encode(
        reader.fields, into: work.userMessageRow((position - ids.startIndex) / Self.messagesPerFile),
        changes: work.userMessageChanges)
    }
  }

  private func add(_ work: RangeBuffers, firstFile: Int, to archive: ArchiveWriter) throws {
    for (index, file) in work.files.enumerated() where file.messages.count > 0 {
      let parts: [UnsafeRawBufferPointer] = [
        StaticText.messagesHead, file.messages.bytes, StaticText.userMessagesHead, file.userMessages.bytes,
        StaticText.tail,
      ]
      try archive.add(
        Self.name(firstFile + index), size: Int64(parts.reduce(0) { $0 + $1.count })
      ) { sink in
        for part in parts { try sink.write(part) }
      }
    }
  }

  private enum StaticText {
    static var messagesHead: UnsafeRawBufferPointer { bytes("{\"zerver_message\":[") }
    static var userMessagesHead: UnsafeRawBufferPointer { bytes("\n],\"zerver_usermessage\":[") }
    static var tail: UnsafeRawBufferPointer { bytes("\n]}\n") }

    private static func bytes(_ text: StaticString) -> UnsafeRawBufferPointer {
      UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }
  }
}

/// The buffers of a worker for one range: two per file, reused for the next range.
private final class RangeBuffers {
  struct File {
    let messages = JSONBuffer(capacity: 1 << 20)
    let userMessages = JSONBuffer(capacity: 1 << 20)
    var messageRows: Int64 = 0
    var userMessageRows: Int64 = 0
  }

  private(set) var files: [File]
  /// The changes in all ranges of the worker.
  let messageChanges = ChangedValues()
  let userMessageChanges = ChangedValues()

  init(files: Int) {
    self.files = (0..<files).map { _ in File() }
  }

  func reset() {
    for index in files.indices {
      files[index].messages.removeAll()
      files[index].userMessages.removeAll()
      files[index].messageRows = 0
      files[index].userMessageRows = 0
    }
  }

  func messageRow(_ file: Int) -> JSONBuffer {
    files[file].messageRows += 1
    return Self.row(files[file].messages)
  }

  func userMessageRow(_ file: Int) -> JSONBuffer {
    files[file].userMessageRows += 1
    return Self.row(files[file].userMessages)
  }

  private static func row(_ buffer: JSONBuffer) -> JSONBuffer {
    if buffer.count > 0 { buffer.byte(0x2C) }
    buffer.byte(0x0A)
    return buffer
  }
}

extension ArraySlice<Int64> {
  /// Returns the index of a value in this ascending slice; nil if it is missing. Binary search.
  fileprivate func firstPosition(of value: Int64) -> Int? {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low < endIndex && self[low] == value ? low : nil
  }
}
