import CArchive
import Glibc

/// libarchive converts names by the locale of the calling thread, and each of its conversions spoils some of them. Its
/// calls are made in locales in which names go through as they are; the rest of the program sees nothing of these.
enum NameLocale {
  // Made once, never changed, never freed.
  nonisolated(unsafe) private static let utf8: locale_t? = archive_utf8_locale()
  nonisolated(unsafe) private static let plain: locale_t? = archive_plain_locale()

  /// For writing: in a locale of ASCII, libarchive would mark the names as binary, at which GNU tar complains.
  static func forWriting<Value>(_ body: () throws -> Value) rethrows -> Value { try use(utf8, body) }

  /// For reading: in a locale of UTF-8, libarchive would compose what was decomposed, and two names could become one.
  /// It cannot convert to ASCII, says so in a warning, and gives the bytes.
  static func forReading<Value>(_ body: () throws -> Value) rethrows -> Value { try use(plain, body) }

  private static func use<Value>(_ locale: locale_t?, _ body: () throws -> Value) rethrows -> Value {
    guard let locale else { return try body() }
    let before = uselocale(locale)
    defer { uselocale(before) }
    return try body()
  }
}
