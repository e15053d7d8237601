import Common

/// Reads the messages of `COPY … TO STDOUT (FORMAT binary)` by rows, without copying values.
///
/// One reader per stream. The buffers of the fields are valid as long as the message.
public struct BinaryRowReader {
  /// The fields of the current row; nil for NULL.
  public private(set) var fields: [UnsafeRawBufferPointer?] = []
  private var sawHeader = false

  public init() {}

  /// Reads the next message of the stream. Returns false for the end mark.
  public mutating func read(_ message: UnsafeRawBufferPointer) throws -> Bool {
    var cursor = 0
    if !sawHeader {
      // Signature, flags, and an extension area with its length.
      guard message.count >= 19 else { throw Self.malformed }
      let extensionLength = Int(message.loadUnaligned(fromByteOffset: 15, as: Int32.self).bigEndian)
      guard extensionLength >= 0 else { throw Self.malformed }
      cursor = 19 + extensionLength
      sawHeader = true
      if cursor == message.count { return false }
    }
    guard message.count >= cursor + 2 else { throw Self.malformed }
    let count = Int(message.loadUnaligned(fromByteOffset: cursor, as: Int16.self).bigEndian)
    cursor += 2
    guard count >= 0 else { return false }
    fields.removeAll(keepingCapacity: true)
    for _ in 0..<count {
      guard message.count >= cursor + 4 else { throw Self.malformed }
      let length = Int(message.loadUnaligned(fromByteOffset: cursor, as: Int32.self).bigEndian)
      cursor += 4
      guard length >= 0 else {
        fields.append(nil)
        continue
      }
      guard message.count - cursor >= length else { throw Self.malformed }
      fields.append(UnsafeRawBufferPointer(rebasing: message[cursor..<cursor + length]))
      cursor += length
    }
    return true
  }

  private static let malformed = PlainFailure(
    .database, "COPY", "PostgreSQL sent a row that this program does not understand")
}

/// Decodes single values of PostgreSQL's binary format.
extension UnsafeRawBufferPointer {
  /// The value of a smallint, integer, bigint or oid, by its length.
  public var postgresInteger: Int64 {
    switch count {
    case 2: Int64(loadUnaligned(as: Int16.self).bigEndian)
    case 4: Int64(loadUnaligned(as: Int32.self).bigEndian)
    case 8: loadUnaligned(as: Int64.self).bigEndian
    default: 0
    }
  }

  public var postgresBool: Bool { count == 1 && self[0] != 0 }

  /// The value of a real or double precision, by its length; nil for others.
  public var postgresDouble: Double? {
    switch count {
    case 4: Double(Float(bitPattern: loadUnaligned(as: UInt32.self).bigEndian))
    case 8: Double(bitPattern: loadUnaligned(as: UInt64.self).bigEndian)
    default: nil
    }
  }

  /// The microseconds since 1970 (UTC) of a timestamptz; the largest or smallest number for `infinity`, `-infinity` and
  /// values out of range.
  public var postgresMicroseconds: Int64 {
    let moment = postgresInteger
    if moment == .min { return .min }
    let (sum, overflow) = moment.addingReportingOverflow(BinaryFormat.postgresEpoch)
    return overflow ? .max : sum
  }

  public var postgresText: String { String(decoding: self, as: UTF8.self) }
}
