import CSystem

extension UnsafeRawBufferPointer {
  /// Where `needle` stands next, from `start` on; nil where it does not. As fast as memory can be read.
  public func position(of needle: StaticString, from start: Int = 0) -> Int? {
    guard start < count, let base = baseAddress,
      let found = csystem_find(
        base + start, UInt(count - start), needle.utf8Start, UInt(needle.utf8CodeUnitCount))
    else { return nil }
    return base.distance(to: found)
  }
}
