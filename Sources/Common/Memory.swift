/// What the machine has to spare.
public enum Memory {
  /// Bytes that programs could take without others being pushed out, as the kernel estimates it; nil where it does not
  /// say.
  public static var available: Int64? {
    guard let bytes = try? FileSystem.read("/proc/meminfo"),
      let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first(where: {
        $0.hasPrefix("MemAvailable:")
      }), let kilobytes = Int64(line.filter(\.isNumber))
    else { return nil }
    return kilobytes * 1024
  }

  /// Below this PostgreSQL may run short while an organization is imported beside a running server.
  public static let scarce: Int64 = 600 << 20
}
