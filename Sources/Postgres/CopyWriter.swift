import Common
import Glibc

/// Builds the stream of `COPY … FROM STDIN` in a buffer of 256 KiB, which is sent when it is full.
///
/// Supports two formats, which must not be mixed in one stream. Text: ``row(_:)``. Binary: ``header()``, then for each
/// row ``beginRow(columns:)`` and one call for each column, then ``trailer()``.
public final class CopyWriter {
  private static let capacity = 1 << 18
  private let send: (UnsafeRawBufferPointer) throws -> Void
  private let buffer: UnsafeMutableRawBufferPointer
  private var used = 0

  init(_ send: @escaping (UnsafeRawBufferPointer) throws -> Void) {
    self.send = send
    buffer = .allocate(byteCount: Self.capacity, alignment: 16)
  }

  deinit { buffer.deallocate() }

  /// Appends bytes to the stream without conversion.
  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    if bytes.count > Self.capacity - used {
      try flush()
      if bytes.count > Self.capacity { return try send(bytes) }
    }
    guard let source = bytes.baseAddress, let target = buffer.baseAddress else { return }
    memcpy(target + used, source, bytes.count)
    used += bytes.count
  }

  func flush() throws {
    guard used > 0 else { return }
    let count = used
    used = 0
    try send(UnsafeRawBufferPointer(rebasing: buffer[0..<count]))
  }

  // MARK: Text

  /// Appends a row in text format; nil is NULL. Escapes backslashes, tabs, line feeds and carriage returns.
  public func row(_ values: [String?]) throws {
    var line: [UInt8] = []
    for (index, value) in values.enumerated() {
      if index > 0 { line.append(9) }
      guard let value else {
        line.append(contentsOf: [92, 78])
        continue
      }
      for byte in value.utf8 {
        switch byte {
        case 92: line.append(contentsOf: [92, 92])
        case 9: line.append(contentsOf: [92, 116])
        case 10: line.append(contentsOf: [92, 110])
        case 13: line.append(contentsOf: [92, 114])
        default: line.append(byte)
        }
      }
    }
    line.append(10)
    try line.withUnsafeBytes { try write($0) }
  }

  // MARK: Binary

  /// Begins a stream in binary format.
  public func header() throws {
    let bytes: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)
    try bytes.withUnsafeBytes { try write($0) }
  }

  /// Ends a stream in binary format.
  public func trailer() throws { try integer(Int16(-1)) }

  public func beginRow(columns: Int) throws { try integer(Int16(columns)) }

  public func null() throws { try integer(Int32(-1)) }

  public func smallint(_ value: Int16) throws {
    try integer(Int32(2))
    try integer(value)
  }

  public func int(_ value: Int32) throws {
    try integer(Int32(4))
    try integer(value)
  }

  public func bigint(_ value: Int64) throws {
    try integer(Int32(8))
    try integer(value)
  }

  public func bool(_ value: Bool) throws {
    try integer(Int32(1))
    try integer(Int8(value ? 1 : 0))
  }

  public func double(_ value: Double) throws { try bigint(Int64(bitPattern: value.bitPattern)) }

  /// Appends a value whose binary format is its bytes: text, varchar, json, bytea.
  ///
  /// - Throws: `.database` if the value has 1 GiB or more, PostgreSQL's limit for a field.
  public func bytes(_ value: UnsafeRawBufferPointer) throws {
    try integer(Self.length(value.count))
    try write(value)
  }

  public func text(_ value: String) throws {
    var value = value
    try value.withUTF8 { try bytes(UnsafeRawBufferPointer($0)) }
  }

  /// Appends a jsonb value: a version byte, then the JSON text.
  public func jsonb(_ value: UnsafeRawBufferPointer) throws {
    try integer(Self.length(value.count) + 1)
    try integer(Int8(1))
    try write(value)
  }

  private static func length(_ count: Int) throws -> Int32 {
    guard count < 1 << 30 else {
      throw PlainFailure(.database, "COPY", "a value of \(count) bytes is longer than PostgreSQL holds")
    }
    return Int32(count)
  }

  /// Appends a timestamptz.
  ///
  /// - Parameter microseconds: microseconds since 1970-01-01 00:00 UTC.
  ///
  /// - Throws: `.database` if the value is out of PostgreSQL's range.
  public func timestamp(microseconds: Int64) throws {
    let (moment, overflow) = microseconds.subtractingReportingOverflow(BinaryFormat.postgresEpoch)
    guard !overflow else {
      throw PlainFailure(.database, "COPY", "a moment is out of PostgreSQL's range")
    }
    try bigint(moment)
  }

  /// Appends a number in big-endian byte order, as PostgreSQL's protocol requires.
  public func integer(_ value: some FixedWidthInteger) throws {
    try withUnsafeBytes(of: value.bigEndian) { try write($0) }
  }
}

/// Constants of the binary format.
public enum BinaryFormat {
  /// Microseconds from 1970-01-01 to PostgreSQL's epoch, 2000-01-01.
  public static let postgresEpoch: Int64 = 946_684_800_000_000
}
