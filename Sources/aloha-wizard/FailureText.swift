import ArgumentParser
import Common
import Glibc

/// How a failure ends a command: the thing, the reason, the remedy, on standard error.
enum FailureText {
  static func write(_ failure: any Failure) {
    var text = "\(SafeText.clean(failure.subject)): \(SafeText.clean(failure.reason))\n"
    if let remedy = failure.remedy { text += "  What to do: \(SafeText.clean(remedy))\n" }
    StandardStream.error(text)
  }
}

/// Text to the standard streams, without their shared state.
enum StandardStream {
  static func output(_ text: String) { write(1, text) }
  static func error(_ text: String) { write(2, text) }

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
