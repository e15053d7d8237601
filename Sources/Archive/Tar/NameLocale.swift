import CArchive
import Glibc

/// libarchive converts names by the locale of the calling thread, and in the "C" locale of a minimal server it would
/// spoil every name that is not ASCII. Its calls are made in a locale of UTF-8; the rest of the program sees nothing of it.
enum NameLocale {
  // Made once, never changed, never freed.
  nonisolated(unsafe) private static let utf8: locale_t? = archive_utf8_locale()

  static func use<Value>(_ body: () throws -> Value) rethrows -> Value {
    guard let utf8 else { return try body() }
    let before = uselocale(utf8)
    defer { uselocale(before) }
    return try body()
  }
}
