import ArgumentParser
import Common
import Engine
import Glibc
import Terminal

/// How a failure ends a command: the thing, the reason, the remedy, on standard error.
enum FailureText {
  static func write(_ failure: any Failure) {
    StandardStream.error(PlainReport().text(.of(FailureReport(failure))))
  }
}

/// Text to the standard streams, without their shared state.
///
/// A terminal whose locale is not a UTF-8 one gets ASCII only. Files and pipes get every character as it is: names and
/// paths in them must stay exact.
enum StandardStream {
  static func output(_ text: String) { write(1, shown(text, isASCII: wantsASCII.output)) }
  static func error(_ text: String) { write(2, shown(text, isASCII: wantsASCII.error)) }

  /// Lines of JSON: where ASCII is required, other characters are escaped, so that the values stay the same.
  static func json(_ text: String) {
    write(1, wantsASCII.output ? escaped(text) : text)
  }

  /// Decided once, when the program starts: a full screen redirects standard error.
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
      // Nobody reads any more; there is nothing to say it to.
      if count <= 0 { return }
      written += count
    }
  }
}
