import ArgumentParser
import Common
import Glibc
import Operations
import Terminal

/// Prints a failure on standard error: subject, reason, remedy.
enum FailureText {
  static func write(_ failure: any Failure) {
    StandardStream.error(PlainReport().text(.of(FailureReport(failure))))
  }
}

/// Writes text to the standard streams, without their buffers.
///
/// A terminal without UTF-8 gets only ASCII. Files and pipes get every character, because names and paths must stay
/// exact.
enum StandardStream {
  static func output(_ text: String) { write(1, shown(text, isASCII: wantsASCII.output)) }
  static func error(_ text: String) { write(2, shown(text, isASCII: wantsASCII.error)) }

  /// Writes a line of JSON: for ASCII, other characters are escaped, so that the values stay the same.
  static func json(_ text: String) {
    write(1, wantsASCII.output ? escaped(text) : text)
  }

  /// Whether output and error must be ASCII. Determined once at the start, because a full screen redirects standard
  /// error.
  static let wantsASCII: (output: Bool, error: Bool) = {
    let showsUnicode = Capabilities.current().showsUnicode
    return (!showsUnicode && isatty(1) == 1, !showsUnicode && isatty(2) == 1)
  }()

  private static func shown(_ text: String, isASCII: Bool) -> String { isASCII ? Glyphs.asciiLines(text) : text }

  private static func escaped(_ text: String) -> String {
    guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
    return text.utf16.reduce(into: "") { result, unit in
      if unit < 0x80, let scalar = Unicode.Scalar(unit) {
        result.unicodeScalars.append(scalar)
      } else {
        let digits = String(unit, radix: 16)
        result += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
      }
    }
  }

  private static func write(_ descriptor: Int32, _ text: String) {
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        buffer.baseAddress.map { Glibc.write(descriptor, $0 + written, bytes.count - written) } ?? 0
      }
      if count < 0 && errno == EINTR { continue }
      // The reader of the pipe has ended.
      if count <= 0 { return }
      written += count
    }
  }
}
