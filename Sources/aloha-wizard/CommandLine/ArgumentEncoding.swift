import Common

/// The encoding of the words of a command line. Swift replaces invalid bytes of them, so that a path would lead to
/// another file.
enum ArgumentEncoding {
  /// - Throws: `.usage` for the first word of this process that is not UTF-8.
  static func check() throws {
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let word = CommandLine.unsafeArgv[index], String(validatingCString: word) == nil else { continue }
      throw PlainFailure(
        .usage, "argument \(index)", "'\(SafeText.clean(String(cString: word), limit: .path))' is not UTF-8",
        remedy: "rename the file or folder, or give the path of a link to it whose name is UTF-8")
    }
  }
}
