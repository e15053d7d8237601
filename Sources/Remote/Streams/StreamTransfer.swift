import Common

/// Where a stream comes from. It can be read again from every byte that was not acknowledged.
public protocol StreamSource: AnyObject {
  /// Begins, or begins again, at a byte.
  func open(at offset: Int64) throws
  /// Returns the next piece; after the end none may be asked for.
  func next() throws -> StreamPiece
  /// The receiver has these bytes for good: they will not be asked for again.
  func acknowledge(_ offset: Int64) throws
  /// The receiver has everything, and has compared it.
  func finish() throws
  /// The receiver has given up: the sender need not wait for it.
  func abandon()
  func close()
}

extension StreamSource {
  public func abandon() {}
}

/// Where a stream goes to.
public protocol StreamTarget: AnyObject {
  /// Begins, or begins again.
  ///
  /// - Returns: the number of bytes that are there already.
  func open() throws -> Int64
  func write(_ bytes: [UInt8]) throws
  /// The number of bytes that will not be lost.
  var durable: Int64 { get }
  /// Compares everything with what was sent, and completes it.
  func finish(_ end: StreamEnd) throws
  func close()
}

/// Copies a stream from one place to another, and goes on at the same byte after a lost connection.
public struct StreamTransfer {
  /// The most bytes a second; nil: no limit.
  public var limit: RateLimit?
  private let cancellation: Cancellation
  /// Called with the number of bytes that have arrived.
  private let progress: (Int64) throws -> Void
  /// Called after a lost connection; opens it again, or throws.
  private let reconnect: (SSHFailure) throws -> Void

  public init(
    limit: RateLimit? = nil, cancellation: Cancellation = Cancellation(),
    progress: @escaping (Int64) throws -> Void = { _ in }, reconnect: @escaping (SSHFailure) throws -> Void
  ) {
    self.limit = limit
    self.cancellation = cancellation
    self.progress = progress
    self.reconnect = reconnect
  }

  /// - Throws: the first failure that is not a lost connection; `.cancelled`.
  @discardableResult
  public func run(from source: any StreamSource, to target: any StreamTarget) throws -> StreamEnd {
    while true {
      do {
        defer {
          source.close()
          target.close()
        }
        do {
          return try attempt(from: source, to: target)
        } catch {
          if (error as? SSHFailure)?.isTemporary != true { source.abandon() }
          throw error
        }
      } catch let failure as SSHFailure where failure.isTemporary {
        try cancellation.check()
        try reconnect(failure)
      }
    }
  }

  /// With a limit, in pieces that take an eighth of a second each, so that no burst exceeds it.
  private func send(_ bytes: [UInt8], to target: any StreamTarget) throws {
    guard let limit else { return try target.write(bytes) }
    let size = max(1024, Int(min(limit.bytesPerSecond / 8, 1 << 20)))
    for start in stride(from: 0, to: bytes.count, by: size) {
      let piece = Array(bytes[start..<min(bytes.count, start + size)])
      try limit.wait(for: piece.count, cancellation)
      try target.write(piece)
    }
  }

  private func attempt(from source: any StreamSource, to target: any StreamTarget) throws -> StreamEnd {
    var position = try target.open()
    var acknowledged = position
    try source.open(at: position)
    while true {
      try cancellation.check()
      switch try source.next() {
      case .bytes(let bytes):
        try send(bytes, to: target)
        let (next, overflow) = position.addingReportingOverflow(Int64(bytes.count))
        guard !overflow else { throw PlainFailure(.command, "stream", "is larger than any disk") }
        position = next
        try progress(position)
        if target.durable > acknowledged {
          acknowledged = target.durable
          try source.acknowledge(acknowledged)
        }
      case .end(let end):
        try target.finish(end)
        try source.finish()
        return end
      }
    }
  }
}
