/// Reads numbers from untrusted bytes. Reads beyond the end return nil.
struct ByteView {
  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var count: Int { bytes.count }

  func byte(_ place: Int) -> Int? {
    place >= 0 && place < bytes.count ? Int(bytes[place]) : nil
  }

  /// Returns a little-endian number of `size` bytes, 1 to 4.
  func little(_ place: Int, _ size: Int) -> Int? { number(place, size) { $0 } }

  /// Returns a big-endian number of `size` bytes, 1 to 4.
  func big(_ place: Int, _ size: Int) -> Int? { number(place, size) { size - 1 - $0 } }

  func has(_ text: StaticString, at place: Int) -> Bool {
    guard place >= 0, place <= bytes.count - text.utf8CodeUnitCount else { return false }
    return (0..<text.utf8CodeUnitCount).allSatisfy { bytes[place + $0] == text.utf8Start[$0] }
  }

  /// Returns a part of the bytes, truncated at the end; empty if `start` is out of range.
  func part(from start: Int, count: Int? = nil) -> ByteView {
    let end = count.map { min(bytes.count, start + max(0, $0)) } ?? bytes.count
    guard start >= 0, start <= end else { return ByteView(UnsafeRawBufferPointer(start: nil, count: 0)) }
    return ByteView(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
  }

  private func number(_ place: Int, _ size: Int, shift: (Int) -> Int) -> Int? {
    guard place >= 0, place <= bytes.count - size else { return nil }
    return (0..<size).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * shift($1)) }
  }
}
