/// Numbers in bytes that nobody has checked: what lies beyond the end is nil.
struct ByteView {
  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var count: Int { bytes.count }

  func byte(_ place: Int) -> Int? {
    place >= 0 && place < bytes.count ? Int(bytes[place]) : nil
  }

  /// A number of `size` bytes, 1 to 4, the lowest first.
  func little(_ place: Int, _ size: Int) -> Int? { number(place, size) { $0 } }

  /// A number of `size` bytes, 1 to 4, the highest first.
  func big(_ place: Int, _ size: Int) -> Int? { number(place, size) { size - 1 - $0 } }

  func has(_ text: StaticString, at place: Int) -> Bool {
    guard place >= 0, place <= bytes.count - text.utf8CodeUnitCount else { return false }
    return (0..<text.utf8CodeUnitCount).allSatisfy { bytes[place + $0] == text.utf8Start[$0] }
  }

  /// A part of it; empty where there is none.
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
