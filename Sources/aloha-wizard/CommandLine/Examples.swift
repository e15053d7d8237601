import Common

/// The examples at the end of a command's help.
enum Examples {
  /// Returns the discussion of a command: an explanation, then its examples.
  ///
  /// - Parameter examples: command lines without the program's name.
  static func after(_ explanation: String = "", _ examples: String...) -> String {
    let lines = examples.map { "\n  \(Program.name) \($0)" }.joined()
    return (explanation.isEmpty ? "" : explanation + "\n\n") + "Examples:\(lines)"
  }
}
