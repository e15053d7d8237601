import Common

/// File names as archives contain them and as a disk can store them.
enum FileName {
  /// The number of bytes that file systems allow.
  private static let limit = 255
  /// The length of the suffix that the server adds to names: `.original`.
  private static let reserve = 9
  private static let longestEnding = 16

  /// Returns the last part of a path; "file" if there is none.
  static func last(of path: String) -> String {
    let name = FileSystem.name(of: path)
    return name.isEmpty || name == "." || name == ".." || name == "/" ? "file" : name
  }

  static let originalEnding = ".original"

  /// Returns the file name of a custom emoji by the path of one of its pictures: an original is named after the emoji's
  /// file.
  static func emoji(of path: String) -> String {
    let name = last(of: path)
    return name.hasSuffix(originalEnding) ? String(name.dropLast(originalEnding.count)) : name
  }

  /// Returns whether a name can be used unchanged: a single part, without control characters, and not too long.
  static func isUsable(_ name: String) -> Bool {
    last(of: name) == name && name.utf8.count <= limit - reserve && !name.utf8.contains { isControl($0) }
  }

  /// Returns a usable name: without control characters, and truncated before its extension if it is too long.
  static func stored(_ name: String) -> String {
    let plain = name.utf8.contains { isControl($0) } ? String(name.unicodeScalars.filter { !isControl($0) }) : name
    guard plain.utf8.count > limit else { return plain.isEmpty || plain == "." || plain == ".." ? "file" : plain }
    let ending = plain.lastIndex(of: ".").map { String(plain[$0...]) } ?? ""
    let kept = ending.utf8.count <= longestEnding ? ending : ""
    var start = ""
    var room = limit - kept.utf8.count
    for character in plain.unicodeScalars {
      room -= UTF8.width(character)
      if room < 0 { break }
      start.unicodeScalars.append(character)
    }
    return start + kept
  }

  private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.value < 0x20 || scalar.value == 0x7F }
}
