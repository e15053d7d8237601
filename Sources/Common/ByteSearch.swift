import CSystem

extension UnsafeRawBufferPointer {
  /// Returns the position of the next occurrence of `needle` from `start` on; nil without one. Runs at memory speed.
  public func position(of needle: StaticString, from start: Int = 0) -> Int? {
    guard start < count, let base = baseAddress,
      let found = csystem_find(
        base + start, UInt(count - start), needle.utf8Start, UInt(needle.utf8CodeUnitCount))
    else { return nil }
    return base.distance(to: found)
  }
}
