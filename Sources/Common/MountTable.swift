/// The mounted file systems.
public enum MountTable {
  /// Returns the mount points, including bind mounts, which `stat` does not show.
  public static func points(_ table: String = "/proc/self/mountinfo") -> Set<String> {
    guard let bytes = try? FileSystem.read(table) else { return [] }
    return Set(
      String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line -> String? in
        let words = line.split(separator: " ")
        guard words.count > 4 else { return nil }
        return String(words[4]).replacing("\\040", with: " ").replacing("\\011", with: "\t").replacing(
          "\\134", with: "\\")
      })
  }
}
