import Glibc

/// A growing buffer of JSON text, written value by value without going through `String`.
///
/// The caller writes commas and brackets: the buffer checks nothing, so that a table of a million rows costs no checks.
/// Reused after ``removeAll()``, it does not allocate again.
///
/// It calls no code of others while it changes itself, so that its properties need no checks for exclusive access, which
/// would be noticeable in the time of an export. Not for use by several threads at once.
public final class JSONBuffer {
  @exclusivity(unchecked) @usableFromInline
  internal var length = 0
  @exclusivity(unchecked) @usableFromInline
  internal var storage: UnsafeMutablePointer<UInt8>
  @exclusivity(unchecked) @usableFromInline
  internal var capacity: Int

  public init(capacity: Int = 1 << 16) {
    self.capacity = max(capacity, 64)
    storage = .allocate(capacity: self.capacity)
  }

  deinit { storage.deallocate() }

  /// The number of bytes written.
  public var count: Int { length }

  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: storage, count: length) }

  public func removeAll() { length = 0 }

  /// Removes everything after the first `count` bytes.
  public func truncate(to count: Int) { length = min(length, count) }

  @inlinable @inline(__always)
  public func reserve(_ extra: Int) {
    if length + extra > capacity { grow(extra) }
  }

  @inline(never) @usableFromInline
  internal func grow(_ extra: Int) {
    let larger = max(capacity * 2, length + extra)
    let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
    memcpy(moved, storage, length)
    storage.deallocate()
    storage = moved
    capacity = larger
  }

  // MARK: Raw text

  @inlinable @inline(__always)
  public func byte(_ value: UInt8) {
    reserve(1)
    storage[length] = value
    length += 1
  }

  @inlinable @inline(__always)
  public func raw(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    reserve(bytes.count)
    memcpy(storage + length, source, bytes.count)
    length += bytes.count
  }

  @inlinable
  public func raw(_ bytes: [UInt8]) { bytes.withUnsafeBytes { raw($0) } }

  @inlinable
  public func raw(_ text: StaticString) {
    raw(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  // MARK: Values

  @inlinable
  public func null() { raw("null") }

  @inlinable @inline(__always)
  public func bool(_ value: Bool) { if value { raw("true") } else { raw("false") } }

  public func integer(_ value: Int64) {
    reserve(20)
    guard value != 0 else { return byte(0x30) }
    var rest = value.magnitude
    if value < 0 { byte(0x2D) }
    var digits = 0
    var probe = rest
    while probe > 0 {
      digits += 1
      probe /= 10
    }
    var position = length + digits
    while rest > 0 {
      position -= 1
      storage[position] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
      rest /= 10
    }
    length += digits
  }

  /// Writes a time in the form of the server's exports: seconds since 1970, always with a fraction.
  public func seconds(microseconds: Int64) {
    if microseconds < 0 { byte(0x2D) }
    let magnitude = microseconds.magnitude
    integer(Int64(magnitude / 1_000_000))
    byte(0x2E)
    var fraction = magnitude % 1_000_000
    guard fraction > 0 else { return byte(0x30) }
    var divisor: UInt64 = 100_000
    while fraction > 0 {
      byte(UInt8(truncatingIfNeeded: fraction / divisor) + 0x30)
      fraction %= divisor
      divisor /= 10
    }
  }

  public func double(_ value: Double) {
    guard value.isFinite else { return null() }
    raw(Array("\(value)".utf8))
  }

  public func string(_ text: String) {
    var text = text
    text.withUTF8 { string(UnsafeRawBufferPointer($0)) }
  }

  /// Writes a string value from UTF-8, with the characters that JSON does not allow escaped.
  public func string(_ utf8: UnsafeRawBufferPointer) {
    // In the worst case, each byte becomes six.
    reserve(utf8.count + 2)
    byte(0x22)
    var clean = 0
    var index = 0
    let end = utf8.count
    while index < end {
      let value = utf8[index]
      if value >= 0x20 && value != 0x22 && value != 0x5C {
        index += 1
        continue
      }
      raw(UnsafeRawBufferPointer(rebasing: utf8[clean..<index]))
      escape(value)
      index += 1
      clean = index
    }
    if clean < end { raw(UnsafeRawBufferPointer(rebasing: utf8[clean..<end])) }
    byte(0x22)
  }

  private func escape(_ value: UInt8) {
    switch value {
    case 0x22: raw("\\\"")
    case 0x5C: raw("\\\\")
    case 0x0A: raw("\\n")
    case 0x0D: raw("\\r")
    case 0x09: raw("\\t")
    case 0x08: raw("\\b")
    case 0x0C: raw("\\f")
    default:
      raw("\\u00")
      byte(hexadecimal(value >> 4))
      byte(hexadecimal(value & 15))
    }
  }

  private func hexadecimal(_ nibble: UInt8) -> UInt8 { nibble < 10 ? nibble + 0x30 : nibble + 0x57 }
}
