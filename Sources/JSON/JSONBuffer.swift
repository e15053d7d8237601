import Glibc

/// A growing buffer of JSON text, written value by value without going through `String`.
///
/// The caller writes commas and brackets: the buffer checks nothing, so that a table of a million rows costs no checks.
/// Reused after ``removeAll()``, it does not allocate again.
public final class JSONBuffer {
  public private(set) var count = 0
  private var storage: UnsafeMutablePointer<UInt8>
  private var capacity: Int

  public init(capacity: Int = 1 << 16) {
    self.capacity = max(capacity, 64)
    storage = .allocate(capacity: self.capacity)
  }

  deinit { storage.deallocate() }

  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: storage, count: count) }

  public func removeAll() { count = 0 }

  /// Removes everything written after `count` was `length`.
  public func truncate(to length: Int) { count = min(count, length) }

  @inline(__always)
  public func reserve(_ extra: Int) {
    if count + extra > capacity { grow(extra) }
  }

  @inline(never)
  private func grow(_ extra: Int) {
    let larger = max(capacity * 2, count + extra)
    let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
    memcpy(moved, storage, count)
    storage.deallocate()
    storage = moved
    capacity = larger
  }

  // MARK: Raw text

  @inline(__always)
  public func byte(_ value: UInt8) {
    reserve(1)
    storage[count] = value
    count += 1
  }

  @inline(__always)
  public func raw(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    reserve(bytes.count)
    memcpy(storage + count, source, bytes.count)
    count += bytes.count
  }

  public func raw(_ bytes: [UInt8]) { bytes.withUnsafeBytes { raw($0) } }

  public func raw(_ text: StaticString) {
    raw(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  // MARK: Values

  public func null() { raw("null") }

  @inline(__always)
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
    var position = count + digits
    while rest > 0 {
      position -= 1
      storage[position] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
      rest /= 10
    }
    count += digits
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
