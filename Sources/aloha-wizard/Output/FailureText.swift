import ArgumentParser
import Common
import Glibc
import Operations
import Synchronization
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
/// exact. After a failed write nothing more is written to standard output: a later part would hide the missing one.
enum StandardStream {
  static func output(_ text: String) { writeOutput(shown(text, isASCII: wantsASCII.output)) }
  static func error(_ text: String) { _ = write(STDERR_FILENO, shown(text, isASCII: wantsASCII.error)) }

  /// Writes bytes unchanged.
  static func raw(_ bytes: [UInt8]) {
    outputError.withLock { failed in
      if failed == nil { failed = write(STDOUT_FILENO, bytes) }
    }
  }

  /// Writes a line of JSON: for ASCII, other characters are escaped, so that the values stay the same.
  static func json(_ text: String) { writeOutput(wantsASCII.output ? escaped(text) : text) }

  /// The errno of the first failed write to standard output.
  private static let outputError = Mutex<Int32?>(nil)

  /// The failure of standard output; nil if everything was written, or if its reader has ended: the reader has what it
  /// wants.
  static var outputFailure: PlainFailure? {
    guard let code = outputError.withLock({ $0 }), code != EPIPE else { return nil }
    // No remedy: it would be to run the command again, which has done its work.
    return PlainFailure(
      .file, "standard output", "cannot be written, so the output is incomplete: \(SystemError.text(code))")
  }

  /// Opens `/dev/null` for each standard stream that is closed, so that no file of the program gets its number and then
  /// the program's output. Must be called before anything else is opened.
  ///
  /// Standard output is opened for reading: writing to it fails with EBADF, as to a closed stream.
  static func openClosed() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
      // The lowest free number is that of the closed stream.
      _ = open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY)
    }
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

  private static func writeOutput(_ text: String) {
    outputError.withLock { failed in
      if failed == nil { failed = write(STDOUT_FILENO, text) }
    }
  }

  /// Returns the errno of a failed write; nil if the whole text was written.
  private static func write(_ descriptor: Int32, _ text: String) -> Int32? { write(descriptor, Array(text.utf8)) }

  private static func write(_ descriptor: Int32, _ bytes: [UInt8]) -> Int32? {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        buffer.baseAddress.map { Glibc.write(descriptor, $0 + written, bytes.count - written) } ?? 0
      }
      guard count < 0 else {
        written += count
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        // Another program has made the terminal or the pipe non-blocking.
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&waiting, 1, -1)
      case let code: return code
      }
    }
    return nil
  }
}
