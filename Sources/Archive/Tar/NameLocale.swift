import CArchive
import Glibc

/// libarchive converts names by the locale of the calling thread, and each conversion damages some names. Its calls use
/// locales that keep names unchanged; the rest of the program is not affected.
enum NameLocale {
  // Created once, never changed or released.
  nonisolated(unsafe) private static let utf8: locale_t? = archive_utf8_locale()
  nonisolated(unsafe) private static let plain: locale_t? = archive_plain_locale()

  /// For writing: with an ASCII locale, libarchive would mark the names as binary, which GNU tar reports.
  static func forWriting<Value>(_ body: () throws -> Value) rethrows -> Value { try use(utf8, body) }

  /// For reading: with a UTF-8 locale, libarchive would normalize names, so that two names could become equal. It
  /// cannot convert to ASCII, warns, and returns the bytes.
  static func forReading<Value>(_ body: () throws -> Value) rethrows -> Value { try use(plain, body) }

  private static func use<Value>(_ locale: locale_t?, _ body: () throws -> Value) rethrows -> Value {
    guard let locale else { return try body() }
    let before = uselocale(locale)
    defer { uselocale(before) }
    return try body()
  }
}
