import CPostgres
import Common
import Glibc
import Synchronization

/// A session with PostgreSQL. Must be used by one thread at a time; other threads may only cancel it, with
/// ``canceller``.
///
/// Every call blocks until PostgreSQL has answered. Every 200 ms it checks ``cancellation``: after a request to stop,
/// the running statement is cancelled on the server, and the call throws ``Cancelled``.
public final class Connection {
  public let parameters: ConnectionParameters
  /// Stops running statements on request; nil: they cannot be stopped.
  public var cancellation: Cancellation?
  private var raw: OpaquePointer?

  /// Connects.
  ///
  /// - Throws: ``DatabaseFailure`` of the family `.connection`.
  public init(_ parameters: ConnectionParameters, cancellation: Cancellation? = nil) throws {
    self.parameters = parameters
    self.cancellation = cancellation
    raw = try SystemUser.lend(parameters.systemUser, host: parameters.host) { Self.connect(parameters) }
    guard let raw, PQstatus(raw) == CONNECTION_OK else {
      let message = self.raw.map { String(cString: PQerrorMessage($0)) } ?? "out of memory"
      if let raw = self.raw { PQfinish(raw) }
      self.raw = nil
      throw DatabaseFailure(subject: parameters.label, message: message, sqlState: nil, family: .connection)
    }
    // Discards notices: libpq would print them to the terminal, in the middle of the wizard's screen.
    PQsetNoticeProcessor(raw, { _, _ in }, nil)
  }

  deinit { close() }

  public func close() {
    if let raw { PQfinish(raw) }
    raw = nil
  }

  /// The version of PostgreSQL as a number: 150004 is 15.4; 0 after ``close()``.
  public var serverVersion: Int { raw.map { Int(PQserverVersion($0)) } ?? 0 }

  /// The process id of the server process of this session; 0 after ``close()``.
  public var backendProcess: Int { raw.map { Int(PQbackendPID($0)) } ?? 0 }

  // MARK: Statements

  /// Runs one or several statements and discards their results.
  ///
  /// - Throws: ``DatabaseFailure``, ``Cancelled``.
  public func execute(_ sql: String) throws {
    let connection = try live()
    guard PQsendQuery(connection, sql) == 1 else { throw broken() }
    try finishStatement { _ in }
  }

  /// Runs one statement with parameters `$1 …` in text format, and returns all rows. For small results.
  public func query(_ sql: String, _ parameters: [String?] = []) throws -> [Row] {
    try send(sql, parameters)
    var rows: [Row] = []
    try finishStatement { rows = Row.all(of: $0) }
    return rows
  }

  /// Runs one statement with parameters in text format. Returns the number of inserted, updated or deleted rows.
  @discardableResult
  public func change(_ sql: String, _ parameters: [String?] = []) throws -> Int {
    try send(sql, parameters)
    var count = 0
    while let result = try nextResult() {
      defer { PQclear(result) }
      try check(result)
      count = Int(String(cString: PQcmdTuples(result))) ?? 0
    }
    return count
  }

  /// Returns the first column of the first row; nil if it is NULL or there is no row.
  public func value(_ sql: String, _ parameters: [String?] = []) throws -> String? {
    try query(sql, parameters).first?[0]
  }

  /// Runs `body` in a transaction, which is rolled back if `body` throws.
  ///
  /// - Parameter mode: transaction modes for `BEGIN`, for example "READ ONLY".
  public func transaction<Value>(_ mode: String = "", _ body: () throws -> Value) throws -> Value {
    try execute("BEGIN \(mode)")
    do {
      let value = try body()
      try execute("COMMIT")
      return value
    } catch {
      // The rollback must run although the session is cancelled. The first error is reported, not one of the rollback.
      let wish = cancellation
      cancellation = nil
      try? execute("ROLLBACK")
      cancellation = wish
      throw error
    }
  }

  /// Runs `body` so that its failure does not end the transaction around it. Without a transaction it just runs.
  public func savepoint<Value>(_ body: () throws -> Value) throws -> Value {
    guard PQtransactionStatus(try live()) == PQTRANS_INTRANS else { return try body() }
    try execute("SAVEPOINT before_body")
    do {
      let value = try body()
      try execute("RELEASE SAVEPOINT before_body")
      return value
    } catch {
      let wish = cancellation
      cancellation = nil
      try? execute("ROLLBACK TO SAVEPOINT before_body; RELEASE SAVEPOINT before_body")
      cancellation = wish
      throw error
    }
  }

  // MARK: COPY

  /// Runs `COPY … TO STDOUT` and passes each message of the stream to `body`. A message contains one row. In the binary
  /// format, the first one also contains the header, and the end mark is a message of its own.
  ///
  /// The bytes belong to libpq and are valid during the call only. If `body` throws, the statement is cancelled.
  public func copyOut(_ sql: String, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let connection = try live()
    guard PQsendQuery(connection, sql) == 1 else { throw broken() }
    try expect(PGRES_COPY_OUT)
    do {
      var sinceLook = 0
      while true {
        var buffer: UnsafeMutablePointer<CChar>?
        let length = PQgetCopyData(connection, &buffer, 1)
        if length > 0, let buffer {
          defer { PQfreemem(buffer) }
          try body(UnsafeRawBufferPointer(start: buffer, count: Int(length)))
          sinceLook += 1
          if sinceLook & 1023 == 0 { try cancellation?.check() }
        } else if length == 0 {
          try awaitInput()
        } else if length == -1 {
          break
        } else {
          throw broken()
        }
      }
    } catch {
      abandonStatement()
      throw error
    }
    try finishStatement { _ in }
  }

  /// Runs `COPY … FROM STDIN` with the output of `body`. Returns the number of copied rows. If `body` throws, no row is
  /// copied.
  @discardableResult
  public func copyIn(_ sql: String, _ body: (CopyWriter) throws -> Void) throws -> Int {
    let connection = try live()
    guard PQsendQuery(connection, sql) == 1 else { throw broken() }
    try expect(PGRES_COPY_IN)
    let writer = CopyWriter { [self] bytes in try put(bytes) }
    do {
      try body(writer)
      try writer.flush()
    } catch {
      PQputCopyEnd(connection, "the program stopped")
      // If PostgreSQL ended the COPY, its error is more precise than the failed write.
      var failure: (any Error)?
      while let result = try? nextResult() {
        defer { PQclear(result) }
        do { try check(result) } catch let refused as DatabaseFailure where refused.sqlState != "57014" {
          failure = refused
        } catch {}
      }
      throw failure ?? error
    }
    guard PQputCopyEnd(connection, nil) == 1 else { throw broken() }
    var count = 0
    try finishStatement { count = Int(String(cString: PQcmdTuples($0))) ?? 0 }
    return count
  }

  private func send(_ sql: String, _ parameters: [String?]) throws {
    let connection = try live()
    let values = parameters.map { $0.map { strdup($0) } ?? nil }
    defer { values.forEach { free($0) } }
    let sent = values.map { UnsafePointer($0) }.withUnsafeBufferPointer {
      PQsendQueryParams(connection, sql, Int32($0.count), nil, $0.baseAddress, nil, nil, 0)
    }
    guard sent == 1 else { throw broken() }
  }

  private func put(_ bytes: UnsafeRawBufferPointer) throws {
    let connection = try live()
    // The length of PQputCopyData is an Int32.
    for start in stride(from: 0, to: bytes.count, by: 1 << 30) {
      try cancellation?.check()
      let part = UnsafeRawBufferPointer(rebasing: bytes[start..<min(bytes.count, start + (1 << 30))])
      guard PQputCopyData(connection, part.assumingMemoryBound(to: CChar.self).baseAddress, Int32(part.count)) == 1
      else { throw broken() }
    }
  }

  // MARK: Cancellation

  /// A handle for other threads to cancel the running statement; nil if the connection is closed.
  public var canceller: Canceller? { raw.flatMap { PQgetCancel($0) }.map(Canceller.init) }

  /// Cancels the running statement and discards its results, so that the session can be used again.
  private func abandonStatement() {
    _ = canceller?.cancel()
    guard let raw else { return }
    var buffer: UnsafeMutablePointer<CChar>?
    while PQgetCopyData(raw, &buffer, 0) > 0 {
      if let buffer { PQfreemem(buffer) }
    }
    while let result = PQgetResult(raw) { PQclear(result) }
  }

  // MARK: libpq

  private static func connect(_ parameters: ConnectionParameters) -> OpaquePointer? {
    let pairs = parameters.keywords
    let keys = pairs.map { strdup($0.0) } + [nil]
    let values = pairs.map { strdup($0.1) } + [nil]
    defer { (keys + values).forEach { free($0) } }
    return PQconnectdbParams(keys.map { UnsafePointer($0) }, values.map { UnsafePointer($0) }, 0)
  }

  private func live() throws -> OpaquePointer {
    guard let raw else {
      throw DatabaseFailure(
        subject: parameters.label, message: "the connection is closed", sqlState: nil, family: .connection)
    }
    return raw
  }

  /// Reads all results of the running statement, also after an error: only then does the session accept another
  /// statement.
  ///
  /// - Throws: the first error.
  private func finishStatement(_ body: (OpaquePointer) -> Void) throws {
    var failure: (any Error)?
    while let result = try nextResult() {
      defer { PQclear(result) }
      guard failure == nil else { continue }
      do {
        try check(result)
        body(result)
      } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Returns the next result of the running statement; nil if there are no more. Waits, and cancels on request.
  private func nextResult() throws -> OpaquePointer? {
    let connection = try live()
    while PQisBusy(connection) == 1 { try awaitInput() }
    return PQgetResult(connection)
  }

  private func awaitInput() throws {
    let connection = try live()
    var cancelled = false
    while true {
      if !cancelled, let cancellation, cancellation.isCancelled {
        cancelled = true
        _ = canceller?.cancel()
      }
      // The server may wait for unsent data before it answers.
      let unsent = PQflush(connection)
      var waiting = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
      if unsent == 1 { waiting.events |= Int16(POLLOUT) }
      let ready = poll(&waiting, 1, 200)
      if ready == 0 || (ready < 0 && errno == EINTR) { continue }
      guard PQconsumeInput(connection) == 1 else { throw broken() }
      return
    }
  }

  private func expect(_ wanted: ExecStatusType) throws {
    guard let result = try nextResult() else { throw broken() }
    defer { PQclear(result) }
    guard PQresultStatus(result) == wanted else {
      let failure: any Error
      do {
        try check(result)
        failure = broken()
      } catch let refused { failure = refused }
      while let rest = PQgetResult(try live()) { PQclear(rest) }
      throw failure
    }
  }

  private func check(_ result: OpaquePointer) throws {
    switch PQresultStatus(result) {
    case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_NONFATAL_ERROR:
      func field(_ code: Character) -> String? {
        code.asciiValue.flatMap { PQresultErrorField(result, Int32($0)) }.map { String(cString: $0) }
      }
      let failure = DatabaseFailure(
        subject: field("t").map { "table \(SafeText.clean($0))" } ?? parameters.label,
        message: field("M") ?? String(cString: PQresultErrorMessage(result)), sqlState: field("C"), table: field("t"),
        constraint: field("n"), detail: field("D"))
      if failure.sqlState == "57014", cancellation?.isCancelled == true { throw Cancelled() }
      throw failure
    default: break
    }
  }

  /// Returns the error of a lost connection.
  private func broken() -> DatabaseFailure {
    // An error that PostgreSQL sent before it closed the connection is more precise than the broken connection.
    if let raw, let result = PQgetResult(raw) {
      defer { PQclear(result) }
      do { try check(result) } catch let failure as DatabaseFailure { return failure } catch {}
    }
    let message = raw.map { String(cString: PQerrorMessage($0)) } ?? "the connection is closed"
    return DatabaseFailure(subject: parameters.label, message: message, sqlState: nil, family: .connection)
  }
}

/// Cancels the running statement of a session, from any thread. The statement fails with SQLSTATE 57014.
public final class Canceller: @unchecked Sendable {
  // libpq allows PQcancel in any thread; the pointer is only read.
  private let raw: OpaquePointer

  init(_ raw: OpaquePointer) { self.raw = raw }

  deinit { PQfreeCancel(raw) }

  /// Requests the cancellation. Returns whether the request was sent.
  @discardableResult
  public func cancel() -> Bool {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { PQcancel(raw, $0.baseAddress, 256) == 1 }
  }
}
