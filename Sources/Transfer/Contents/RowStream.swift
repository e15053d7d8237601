import Common
import Glibc
import JSON

/// Splits a JSON document of an export into its rows while it is read: `{"table": [row, row, …], "flag": value, …}`, or
/// a plain list of rows.
///
/// Keeps one row at a time in memory, whatever the size of the document.
final class RowStream {
  /// The limit for one row; rows of a real export are far smaller.
  private static let longestRow = RowReader.longestRow

  private enum State {
    /// Before the first bracket.
    case start
    /// In the object, before a key or the end.
    case key
    /// After a key: before the colon, before the value.
    case colon, value
    /// In a list of rows, before a row or the end; `afterComma` forbids the end.
    case row(afterComma: Bool)
    /// After a row, after a value.
    case afterRow, afterValue
    case end
  }

  private let name: String
  /// Whether the document has to be a plain list; otherwise it has to be an object of tables.
  private let expectsList: Bool
  /// Called with each row, which it has to read to its end: no other code checks it. `table` is empty in a plain list.
  private let row: (_ table: String, UnsafeRawBufferPointer) throws -> Void
  /// Called at the beginning of each table, so that empty tables are reported too, with the offset of its opening
  /// bracket in the document.
  private let begins: (_ table: String, _ position: Int64) throws -> Void
  /// Called with each value of the document that is not a list.
  private let value: (_ key: String, UnsafeRawBufferPointer) throws -> Void

  private var state = State.start
  private var table = ""
  /// The keys of the document: duplicates are refused.
  private var keys = RowKeys()
  /// The number of bytes before the current piece.
  private var offset: Int64 = 0
  /// The part of an incomplete row or value that was read.
  private let held = JSONBuffer(capacity: 1 << 14)
  private var depth = 0
  private var isInString = false
  private var isEscaped = false
  private var isHolding = false
  private var keyFollowsComma = false

  init(
    _ name: String, isList expectsList: Bool = false, begins: @escaping (String, Int64) throws -> Void,
    row: @escaping (String, UnsafeRawBufferPointer) throws -> Void,
    value: @escaping (String, UnsafeRawBufferPointer) throws -> Void = { _, _ in }
  ) {
    self.name = name
    self.expectsList = expectsList
    self.begins = begins
    self.row = row
    self.value = value
    keys.beginRow()
  }

  func take(_ bytes: UnsafeRawBufferPointer) throws {
    guard let base = bytes.assumingMemoryBound(to: UInt8.self).baseAddress else { return }
    var index = 0
    while index < bytes.count {
      if isHolding {
        index = try hold(base, from: index, to: bytes.count)
      } else {
        let byte = base[index]
        if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
          index += 1
        } else {
          index = try step(byte, at: index)
        }
      }
    }
    offset += Int64(bytes.count)
  }

  func end() throws {
    guard case .end = state, !isHolding else { throw fault("it ends too early", 0) }
  }

  /// Processes a structural byte; returns the index of the next one.
  private func step(_ byte: UInt8, at index: Int) throws -> Int {
    switch (state, byte) {
    case (.start, 0x7B) where !expectsList: state = .key
    case (.start, 0x5B) where expectsList:
      state = .row(afterComma: false)
      try begins("", offset + Int64(index))
    case (.key, 0x22):
      beginHolding()
      return index
    case (.key, 0x7D) where !keyFollowsComma: state = .end
    case (.colon, 0x3A): state = .value
    case (.value, 0x5B):
      state = .row(afterComma: false)
      try begins(table, offset + Int64(index))
    case (.value, _):
      beginHolding()
      return index
    case (.row(afterComma: false), 0x5D): endList()
    case (.row, 0x7B):
      beginHolding()
      return index
    case (.afterRow, 0x2C): state = .row(afterComma: true)
    case (.afterRow, 0x5D): endList()
    case (.afterValue, 0x2C):
      state = .key
      keyFollowsComma = true
    case (.afterValue, 0x7D): state = .end
    default: throw fault("a byte is not expected here", index)
    }
    return index + 1
  }

  private func endList() { state = expectsList ? .end : .afterValue }

  private func beginHolding() {
    held.removeAll()
    depth = 0
    isInString = false
    isEscaped = false
    isHolding = true
  }

  /// Buffers bytes until the current value is complete; returns the index of the next byte.
  private func hold(_ base: UnsafePointer<UInt8>, from start: Int, to count: Int) throws -> Int {
    var index = start
    var isComplete = false
    scan: while index < count {
      if isInString {
        if isEscaped {
          isEscaped = false
          index += 1
          continue
        }
        while index < count, base[index] != 0x22, base[index] != 0x5C { index += 1 }
        guard index < count else { break }
        isEscaped = base[index] == 0x5C
        isInString = isEscaped
        index += 1
        if !isInString && depth == 0 {
          isComplete = true
          break
        }
        continue
      }
      switch base[index] {
      case 0x22: isInString = true
      case 0x7B, 0x5B: depth += 1
      case 0x7D, 0x5D:
        // The closing bracket after a plain value does not belong to it.
        if depth == 0 {
          isComplete = true
          break scan
        }
        depth -= 1
        if depth == 0 {
          index += 1
          isComplete = true
          break scan
        }
      case 0x2C where depth == 0:
        isComplete = true
        break scan
      default: break
      }
      index += 1
    }
    let piece = UnsafeRawBufferPointer(start: base + start, count: index - start)
    guard piece.count <= Self.longestRow - held.count else {
      throw fault("a row is larger than the \(Self.longestRow >> 20) MiB that any can have", index)
    }
    if isComplete && held.count == 0 {
      try complete(piece, index)
    } else {
      held.raw(piece)
      if isComplete { try complete(held.bytes, index) }
    }
    return index
  }

  private func complete(_ bytes: UnsafeRawBufferPointer, _ index: Int) throws {
    isHolding = false
    switch state {
    case .key:
      try check(bytes, index)
      var scanner = JSONScanner(bytes, name: name)
      var name: [UInt8] = []
      try scanner.value().decode(into: &name)
      let index = try name.withUnsafeBytes { try keys.index(of: $0, scanner) }
      table = keys.names[index]
      keyFollowsComma = false
      state = .colon
    case .row:
      state = .afterRow
      do { try row(table, bytes) } catch {
        // This check reports the position within the document.
        try check(bytes, index)
        throw error
      }
    default:
      try check(bytes, index)
      state = .afterValue
      try value(table, bytes)
    }
  }

  private func check(_ bytes: UnsafeRawBufferPointer, _ index: Int) throws {
    if let place = StrictJSON.firstFault(bytes) { throw fault("it is no JSON", index - bytes.count + place) }
  }

  private func fault(_ what: String, _ index: Int) -> PlainFailure {
    PlainFailure(
      .damagedArchive, SafeText.clean(name, limit: .line), "\(what), at byte \(offset + Int64(index))",
      remedy: "copy the archive again from where it was made, or make a new one")
  }
}
