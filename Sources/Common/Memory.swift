/// The memory of the machine.
public enum Memory {
  /// The number of bytes that programs can use without swapping, by the kernel's estimate; nil if it is not available.
  public static var available: Int64? {
    guard let bytes = try? FileSystem.read("/proc/meminfo"),
      let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first(where: {
        $0.hasPrefix("MemAvailable:")
      }), let kilobytes = Int64(line.filter(\.isNumber))
    else { return nil }
    return kilobytes * 1024
  }

  /// Below this amount PostgreSQL can run out of memory during an import beside a running server.
  public static let scarce: Int64 = 600 << 20
}
